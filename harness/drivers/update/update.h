/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Role: the update protocol that host and board speak over the board's link. Steps, sweeps and faults know
 * this header only; verbs that are one protocol's own get its client from it (smp/smp_client.h:
 * rig_smp_client_of()). A protocol is a folder here and a line in the table of update.c. */
#ifndef RIG_DRIVERS_UPDATE_UPDATE_H
#define RIG_DRIVERS_UPDATE_UPDATE_H

#include "drivers/board/board.h"
#include "drivers/update/faults.h"
#include "protocol/nordic/dfu.h"

G_BEGIN_DECLS

struct rig_update; /* the client's side, for one attempt of one case */

enum rig_update_result_kind {
    RIG_UPDATE_DONE,
    RIG_UPDATE_REFUSED,     /* the board answered with an error */
    RIG_UPDATE_NO_ANSWER,   /* silence until the deadline */
    RIG_UPDATE_LINK,        /* the link ended or was not there: see link */
    RIG_UPDATE_MALFORMED,   /* what came breaks the protocol: the text says what of it */
    RIG_UPDATE_NO_PROGRESS, /* transfer: answers came, but the offset does not move */
    RIG_UPDATE_STOPPED,     /* transfer: stopped at the byte asked for */
};
/* "ok", "refused", "silence", "link-lost", "malformed-answer", "no-progress", "stopped" */
const char *rig_update_result_name(enum rig_update_result_kind kind);

struct rig_update_result {
    enum rig_update_result_kind kind;
    enum rig_link_outcome link; /* LINK */
    guint32 code;               /* REFUSED: the protocol's own error code */
    char text[480];             /* for people */
};

/* --- messages and packets, as others look at them --- */

/* A message (or bytes sent as they are) that went out or came in. */
struct rig_update_message {
    bool sent;
    const guint8 *bytes;
    gsize n_bytes;
    const char *fault;   /* what was done to it; NULL: nothing */
    const void *decoded; /* the protocol's own, where it has decoded it already; else NULL */
};
typedef void (*rig_update_trace)(void *user, const struct rig_update_message *message);

/* One packet of a characteristic. */
struct rig_update_packet {
    bool sent;
    const struct rig_characteristic *characteristic;
    const guint8 *bytes;
    gsize n_bytes;
};

/* What the beginning of a message shows of it. */
struct rig_update_head {
    bool chunk;    /* a request that carries a piece of the image */
    bool silent;   /* a request to which no answer is due */
    guint32 key;   /* an answer has the key of its request */
    gsize n_bytes; /* of the whole message: its packets follow each other until then */
    char text[64]; /* of a request that is no chunk: "write image state" */
};

/* Stands between protocol and link. false: the host ends the connection there and then. NULL functions: there
 * is no gate. */
struct rig_update_gate {
    /* Each packet before it has an effect: a write before it leaves, a notification after it came. The packet
     * in whose place the connection ends is lost. */
    bool (*passes)(void *user, const struct rig_update_packet *packet);
    /* The protocol has nothing more to send and is about to wait for a notification. */
    bool (*may_wait)(void *user);
    void *user;
};

/* --- what is asked of a protocol --- */

/* A distribution package holds one, or two that follow each other over two connections: SoftDevice with
 * bootloader, then the application. References are owned by whoever holds the part. */
struct rig_update_part {
    enum rig_dfu_firmware firmware;
    GBytes *init_packet;
    GBytes *bytes;
    guint32 n_bootloader_bytes; /* SoftDevice with bootloader: of `bytes`, at their end */
};
#define RIG_UPDATE_MAX_PARTS 2u

/* Everything is borrowed for the call. What a protocol does not have it leaves alone: rig_update_takes()
 * tells beforehand. */
struct rig_update_transfer {
    const guint8 *bytes; /* the file as it is; with parts: not looked at */
    gsize n_bytes;       /* of all parts, init packets not counted */
    const struct rig_update_part *parts;
    guint n_parts;           /* 0: the image is one file */
    const guint8 *sha;       /* 32 bytes: SHA-256 of the file; NULL: not told to the board */
    guint image;             /* number of the image, of boards with several */
    gsize chunk_bytes;       /* of the image in one chunk; 0 = as many as fit */
    gsize first_chunk_bytes; /* of the chunk at offset 0; 0 = chunk_bytes */
    guint window;            /* requests in flight, as far as the board can take them; 0 = 1 */
    const guint16 *prn;      /* packets between two receipts that the board sends, 0 = none; NULL = as the
                                protocol has it */
    gsize object_bytes;      /* of the image in one object; 0 = as many as the board takes */
    bool upgrade;            /* the board shall refuse a version that is not higher */
    bool resume;             /* connect again and go on when the link is lost */
    bool pair;               /* when connecting again */
    guint64 stop_at_byte;    /* leave off when the board has this much; 0 = never */
    guint max_failures;      /* silences for one request, or attempts at one object, before giving
 up; 0 = 5 */
    guint64 until_us;
};
struct rig_update_report {
    guint64 offset; /* what the board has at the end */
    guint64 begin;  /* first byte that was asked for after the (last) connect: > 0 when the board resumed */
    guint n_chunks; /* distinct ones */
    guint n_resent;
    guint n_mismatches; /* answers with another offset than expected */
    guint n_reconnects;
    /* The first time that, on a new connection, the board went on before what it had acknowledged on the one
     * before; both 0: never. A board that may have had all bytes by then may begin anew: that is none. */
    guint64 acknowledged, went_on_at;
};

/* How the board comes from its application into its bootloader, and where that is found. */
struct rig_update_entry {
    const char *name; /* that the bootloader shall advertise: told to the application first; NULL: none */
    const enum rig_link_where *where; /* NULL: where the protocol says */
    bool pair;                        /* when connecting to the bootloader */
    guint64 until_us;
};

struct rig_update_activation {
    const guint8 *hash; /* of the image, as the board names it; NULL: the one that runs */
    gsize n_hash;
    bool permanent; /* for good; else once, on trial */
    guint64 until_us;
};

/* Blocking, until their deadline on the board's clock at the latest. false + error: the rig failed; else
 * *result, whose text is never empty. What a protocol does not have is NULL. */
struct rig_update_protocol {
    const char *name;                /* as a target says it: "smp" */
    const char *const *capabilities; /* what scenarios may need of it; NULL-terminated */
    /* Fields of struct rig_update_transfer by the names that `upload` gives them, beside those that every
     * protocol takes; NULL-terminated: "window", "prn", "object", ... */
    const char *const *options;
    /* The option of a target without which a board forgets what it has of a transfer when the link is lost;
     * "": all forget it; NULL: none does. */
    const char *keeps_progress_by;
    /* All that it may use, of the board's application and of its bootloader; NULL-terminated. */
    const struct rig_characteristic *const *characteristics;

    struct rig_update *(*make)(void); /* its first member is the base, which rig_update_new() fills */
    void (*free)(struct rig_update *update);
    /* Begins (or ends) what it hears answers by, on the connection that stands. */
    bool (*subscribe)(struct rig_update *update, bool on, enum rig_link_outcome *outcome, GError **error);
    /* On a new connection: asks what a client has to know of the board. Changes nothing there. NULL: nothing.
     */
    bool (*greet)(struct rig_update *update, guint64 until_us, struct rig_update_result *result,
                  GError **error);
    /* Has the application start the bootloader, which is what takes updates, and connects to that. One that
     * is there already is ready: DONE. NULL: the application takes updates itself. */
    bool (*enter)(struct rig_update *update, const struct rig_update_entry *entry,
                  struct rig_update_result *result, GError **error);
    /* Enters by itself where the board has to be in its bootloader and is not. */
    bool (*transfer)(struct rig_update *update, const struct rig_update_transfer *transfer,
                     struct rig_update_report *report, struct rig_update_result *result, GError **error);
    /* Has the board boot an image that it was sent, or keep the one that runs. NULL: the transfer does it. */
    bool (*activate)(struct rig_update *update, const struct rig_update_activation *activation,
                     struct rig_update_result *result, GError **error);
    /* Whether the board answers: one request in one packet that changes nothing there. */
    bool (*ping)(struct rig_update *update, struct rig_update_result *result, GError **error);

    /* A new connection, or none any more: nothing of the old one is joined with it. */
    void (*restart)(struct rig_update *update);
    /* The faults in scope ended: what they suppressed is heard again, requests are counted from 0. */
    void (*faults_ended)(struct rig_update *update);
    /* What the client knows of the board, for a board that goes back to a snapshot. Owned by the caller. */
    GBytes *(*save)(const struct rig_update *update);
    void (*restore)(struct rig_update *update, GBytes *saved);

    /* The beginning of a message, of its first packets as far as they are known. false: it cannot be told
     * (yet); head->text then says so. */
    bool (*look)(const struct rig_update_packet *begin, struct rig_update_head *head);
    /* What an outcome of the link means to this protocol: cause and remedy; "" = nothing to add. NULL: never.
     */
    void (*explain)(const struct rig_update *update, enum rig_link_outcome outcome, char *text, gsize room);
    /* One line for people. */
    void (*describe)(const struct rig_update_message *message, char *text, gsize room);
};

/* NULL-terminated. */
extern const struct rig_update_protocol *const rig_update_protocols[];
/* RIG_ERROR_USAGE names the protocols that there are. */
const struct rig_update_protocol *rig_update_protocol_find(const char *name,
                                                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The one that the board speaks. */
const struct rig_update_protocol *rig_update_protocol_of(const struct rig_board *board);

struct rig_update_setting {
    struct rig_board *board;   /* borrowed; its protocol is made */
    struct rig_faults *faults; /* borrowed; NULL: none */
    rig_update_trace trace;    /* NULL: nobody listens */
    void *user;
    double timeout_scale; /* of the times that a protocol waits by itself; 0: 1 */
};

/* The base of every protocol. */
struct rig_update {
    const struct rig_update_protocol *protocol;
    struct rig_update_setting setting;
    struct rig_update_gate gate; /* set from outside */
    guint n_restarts;            /* connections, and attempts at one */
    GQueue others;   /* struct rig_link_packet *: from characteristics that the protocol does not use */
    bool ended_here; /* this host ended the connection, in the place of a packet */
    /* Requests, or packets of either side, were corrupted on purpose on this connection: answers that belong
     * to nothing are no surprise then. Set from outside for packets. */
    bool corrupted;
};

struct rig_update *rig_update_new(const struct rig_update_setting *setting);
void rig_update_free(struct rig_update *update); /* NULL is fine */

void rig_update_restart(struct rig_update *update);

/* Restarts, connects and, unless it is told otherwise, subscribes; the first outcome that is not OK counts.
 */
bool rig_update_connect(struct rig_update *update, const struct rig_link_connect *how,
                        enum rig_link_outcome *outcome, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* --- for protocols --- */

guint64 rig_update_now_us(const struct rig_update *update);
/* One packet through the gate: LOST when the host ended the connection in its place. */
bool rig_update_write(struct rig_update *update, const struct rig_characteristic *characteristic,
                      enum rig_write_kind kind, const guint8 *bytes, gsize n_bytes,
                      enum rig_link_outcome *outcome, GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool rig_update_receive(struct rig_update *update, guint64 until_us, struct rig_link_packet *packet,
                        enum rig_link_outcome *outcome, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The same from one characteristic that a step named, which may be none of the protocol's. What such
 * characteristics say while the protocol waits is kept, in its order, until the next connection; what the
 * protocol's say while this waits is lost. */
bool rig_update_receive_other(struct rig_update *update, const struct rig_characteristic *from,
                              guint64 until_us, struct rig_link_packet *packet,
                              enum rig_link_outcome *outcome, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void rig_update_tell(const struct rig_update *update, const struct rig_update_message *message);
/* A link operation that did not come off, as a result: TIMEOUT is silence. */
void rig_update_set_link_result(struct rig_update *update, enum rig_link_outcome outcome,
                                struct rig_update_result *result);

G_END_DECLS

#endif
