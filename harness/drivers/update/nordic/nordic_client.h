/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the clients of Nordic's DFU protocols share: requests and packets over the link with faults applied,
 * where the board is (its application, its bootloader), the way from one into the other, failures told by
 * their cause. The transfers are in secure.c and legacy.c. */
#ifndef RIG_DRIVERS_UPDATE_NORDIC_NORDIC_CLIENT_H
#define RIG_DRIVERS_UPDATE_NORDIC_NORDIC_CLIENT_H

#include "drivers/update/update.h"
#include "protocol/nordic/message.h"

G_BEGIN_DECLS

extern const struct rig_update_protocol rig_update_nordic_secure;
extern const struct rig_update_protocol rig_update_nordic_legacy;

enum rig_nordic_at {
    RIG_NORDIC_AT_NOWHERE, /* not connected, or nothing of DFU is there */
    RIG_NORDIC_AT_APPLICATION,
    RIG_NORDIC_AT_BOOTLOADER,
};

/* How an application is asked for its bootloader. */
struct rig_nordic_door {
    const struct rig_characteristic *characteristic;
    enum rig_dfu_dialect dialect;
    enum rig_subscription subscription;
    struct rig_dfu_request request; /* "enter bootloader" */
    bool bonded;                    /* it wants the link encrypted, and hands the bond over */
};

/* One of the two protocols. */
struct rig_nordic_kind {
    enum rig_dfu_dialect dialect; /* of the bootloader */
    const struct rig_characteristic *control, *packet;
    const struct rig_nordic_door *doors; /* in the order in which they are looked for */
    guint n_doors;
    /* The control point is subscribed to: whose is it? *door: of the application, one of `doors`. NULL: the
     * bootloader's. */
    bool (*look_around)(struct rig_update *update, const struct rig_nordic_door **door, GError **error);
    guint8 ping; /* an op that changes nothing in the bootloader */
};

struct rig_nordic_client {
    struct rig_update update;
    const struct rig_nordic_kind *kind;
    enum rig_nordic_at at;
    const struct rig_nordic_door *door; /* of the application that we are connected to; else NULL */
    bool entering;                      /* what is connected to now is to be the bootloader */
    guint16 version;                    /* legacy: what its characteristic says; 0: it has none */
    /* Of the transfer or entry that runs. */
    guint64 until_us;
    guint n_tries; /* of a request that is not answered */
    /* Faults. */
    guint n_messages;
    bool muted;
    GArray *unanswered; /* struct rig_request_tag: what was sent since the last answer; the next one is to
                           all of it */
    GPtrArray *held;    /* packets that leave late */
    GQueue *arrived;    /* GBytes *: answers that come twice */
    char stray[160];    /* what came instead of an answer since the last request; "" = nothing did */
};

/* The client; NULL: the board speaks another protocol. */
struct rig_nordic_client *rig_nordic_client_of(struct rig_update *update);

/* Bytes as they are, and what comes back first. */
struct rig_nordic_raw {
    GBytes *bytes;
    bool packet;    /* to the packet characteristic; else to the control point of whoever is there */
    guint n_copies; /* back to back */
    guint64 until_us;
    /* What came of it. */
    GBytes *answer; /* owned by the caller; NULL: see outcome */
    enum rig_dfu_dialect dialect;
    enum rig_link_outcome outcome; /* of the writes, or of the waiting */
};
bool rig_nordic_send_raw(struct rig_nordic_client *client, struct rig_nordic_raw *raw,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* A result as one number: an extended error is 0x0b00 and its code. */
guint32 rig_nordic_code(enum rig_dfu_dialect dialect, const struct rig_dfu_response *response);

/* --- for the protocols --- */

struct rig_update *rig_nordic_make(const struct rig_nordic_kind *kind);
void rig_nordic_free(struct rig_update *update);
bool rig_nordic_subscribe(struct rig_update *update, bool on, enum rig_link_outcome *outcome, GError **error);
bool rig_nordic_greet(struct rig_update *update, guint64 until_us, struct rig_update_result *result,
                      GError **error);
bool rig_nordic_enter(struct rig_update *update, const struct rig_update_entry *entry,
                      struct rig_update_result *result, GError **error);
bool rig_nordic_ping(struct rig_update *update, struct rig_update_result *result, GError **error);
void rig_nordic_restart(struct rig_update *update);
void rig_nordic_faults_ended(struct rig_update *update);
GBytes *rig_nordic_save(const struct rig_update *update);
void rig_nordic_restore(struct rig_update *update, GBytes *saved);
void rig_nordic_describe(const struct rig_update_message *message, char *text, gsize room);
/* `look` of a protocol, by its kind. */
bool rig_nordic_look(const struct rig_nordic_kind *kind, const struct rig_update_packet *begin,
                     struct rig_update_head *head);

/* --- messages. Each leaves *result->kind DONE when all is well; false + error: the rig failed. --- */

/* Answers are waited for so long, before the scale of timeouts. */
#define RIG_NORDIC_ANSWER_US (20u * 1000u * 1000u) /* as nrfutil does */
#define RIG_NORDIC_ERASE_US (120u * 1000u * 1000u) /* legacy: before the answer to start */
#define RIG_NORDIC_HANG_UP_US (10u * 1000u * 1000u)
#define RIG_NORDIC_CHANGED_US (2u * 1000u * 1000u) /* until a board has told that its table changed */
#define RIG_NORDIC_RECEIPT_US (5u * 1000u * 1000u)

/* One request and its answer, to the bootloader or (by door) to the application; said again when it is not
 * answered, n_tries times in all (never to a legacy bootloader). REFUSED: code and text are set. */
bool rig_nordic_ask(struct rig_nordic_client *client, const struct rig_dfu_request *request,
                    guint64 allowed_us, struct rig_dfu_response *response, struct rig_update_result *result,
                    GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* A request that nobody answers, or whose answer is not due yet. */
bool rig_nordic_say(struct rig_nordic_client *client, const struct rig_dfu_request *request,
                    struct rig_update_result *result, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* An answer to `op`, or to `or_op`, that comes by itself. */
bool rig_nordic_await(struct rig_nordic_client *client, guint8 op, guint8 or_op, guint64 allowed_us,
                      struct rig_dfu_response *response, struct rig_update_result *result,
                      GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* One packet on the packet characteristic. tag: NULL = no piece of the image. */
bool rig_nordic_packet(struct rig_nordic_client *client, const struct rig_request_tag *tag,
                       const guint8 *bytes, gsize n_bytes, struct rig_update_result *result,
                       GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Bytes of one packet: ATT_MTU less its header, a multiple of 4; 20 at least. */
gsize rig_nordic_packet_room(const struct rig_nordic_client *client);
/* Until the board hangs up. NO_ANSWER: it does not; doing: "validated the image". */
bool rig_nordic_await_hang_up(struct rig_nordic_client *client, const char *doing,
                              struct rig_update_result *result, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The link ended before the board acknowledged a request after which it hangs up by itself: what came of it
 * is seen by what runs now. DONE: not the bootloader; LINK: that still does, or nothing is found. A link that
 * this host ended stays LINK. */
bool rig_nordic_look_after(struct rig_nordic_client *client, guint64 until_us,
                           struct rig_update_result *result, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Lets time pass; TIMEOUT: and the link stands. What comes meanwhile is not heard. */
bool rig_nordic_pause(struct rig_nordic_client *client, guint64 until_us, enum rig_link_outcome *outcome,
                      GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Connects to what advertises there, and subscribes; not later than until_us of the client. */
bool rig_nordic_connect(struct rig_nordic_client *client, const struct rig_link_connect *how,
                        struct rig_update_result *result, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The same where the bootloader is to be expected: when it is not seen, this host may still go by the table
 * of the application, and looks again a moment later. DONE also when it is not there. */
bool rig_nordic_connect_to_bootloader(struct rig_nordic_client *client, const struct rig_link_connect *how,
                                      struct rig_update_result *result,
                                      GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Into the bootloader, as a transfer does it where the board is in its application. */
bool rig_nordic_be_in_bootloader(struct rig_nordic_client *client, const struct rig_update_transfer *transfer,
                                 struct rig_update_result *result, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* --- what both transfers keep count of --- */

struct rig_nordic_transfer {
    struct rig_nordic_client *client;
    const struct rig_update_transfer *transfer;
    struct rig_update_report *report;
    struct rig_update_result *result;
    guint part;       /* that is sent now */
    guint64 base;     /* bytes of the parts before it */
    GHashTable *seen; /* offset of a chunk -> its number + 1 */
    bool begun;       /* the board told on this connection where it goes on */
    bool all_sent;    /* the last byte left on this connection: the board may have taken the image */
    guint64 safe; /* what may outlast the connection, if the board keeps anything: objects that it executed */
    guint64 kept; /* that much of the connection before; 0: it may begin anew */
};
/* Sends all parts, over as many connections as that takes. send_part: one part over the connection that
 * stands, with the board in its bootloader, up to the board's hanging up. */
bool rig_nordic_transfer_parts(struct rig_nordic_transfer *it,
                               bool (*send_part)(struct rig_nordic_transfer *it, GError **error),
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Where the board goes on, of this part. */
void rig_nordic_took_up(struct rig_nordic_transfer *it, guint64 offset);
/* What the board has of this part. */
void rig_nordic_acknowledge(struct rig_nordic_transfer *it, guint64 offset);
/* The chunk of n_bytes at an offset of this part as a packet of the image. */
bool rig_nordic_send_chunk(struct rig_nordic_transfer *it, const guint8 *bytes, guint64 offset, gsize n_bytes,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The transfer is to leave off at this offset of the part. */
bool rig_nordic_must_stop(const struct rig_nordic_transfer *it, guint64 offset);
static inline bool rig_nordic_goes_on(const struct rig_nordic_transfer *it)
{
    return it->result->kind == RIG_UPDATE_DONE;
}

/* --- causes.c --- */

/* "create data object: insufficient resources (0x04)": text and code of a response that is no success, with
 * what causes it and what helps, where that is known. */
void rig_nordic_set_refused(struct rig_nordic_client *client, const struct rig_dfu_response *response,
                            const struct rig_dfu_request *request, struct rig_update_result *result);
/* A link operation that did not come off while `doing` this, with its cause. */
void rig_nordic_set_link_result(struct rig_nordic_client *client, enum rig_link_outcome outcome,
                                const char *doing, struct rig_update_result *result);
/* What a link outcome means for boards of these protocols; "" = nothing to add. */
void rig_nordic_explain(const struct rig_update *update, enum rig_link_outcome outcome, char *text,
                        gsize room);

G_END_DECLS

#endif
