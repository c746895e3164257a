/* SPDX-License-Identifier: GPL-3.0-or-later */
/* SMP client: every request awaits its answer; the upload goes on from the server's `off`, windowed, and
 * resumes by sha. Practice of timeouts and windows: [SRC Android-nRF-Connect-Device-Manager
 * mcumgr-core/.../transfer]. */
#ifndef RIG_DRIVERS_UPDATE_SMP_CLIENT_H
#define RIG_DRIVERS_UPDATE_SMP_CLIENT_H

#include "drivers/update/smp_transport.h"
#include "protocol/smp/smp.h"

G_BEGIN_DECLS

enum rig_smp_result_kind {
    RIG_SMP_DONE,
    RIG_SMP_REFUSED,     /* the board answered with an error */
    RIG_SMP_NO_ANSWER,   /* silence until the deadline */
    RIG_SMP_LINK,        /* the link ended or was not there: see link */
    RIG_SMP_NONSENSE,    /* what came breaks the protocol: the text says what of it */
    RIG_SMP_NO_PROGRESS, /* upload: answers came, but the offset does not move */
    RIG_SMP_STOPPED,     /* upload: stopped at the byte asked for */
};
/* "ok", "refused", "silence", "link-lost", "malformed-answer", "no-progress", "stopped" */
const char *rig_smp_result_name(enum rig_smp_result_kind kind);

struct rig_smp_result {
    enum rig_smp_result_kind kind;
    enum rig_link_outcome link;
    struct rig_smp_error error;
    char text[200]; /* for people */
};

/* What became of a link operation as a result: TIMEOUT is silence (and how much of an answer came), the rest
 * tells how the link ended. */
struct rig_smp_client;
void rig_smp_set_link_result(struct rig_smp_client *client, enum rig_link_outcome outcome,
                             struct rig_smp_result *result);

struct rig_smp_client {
    struct rig_smp_transport transport;
    guint8 version; /* header version of requests: 1 */
    guint8 sequence;
    guint32 buf_size; /* learned from the parameters command; 0 = not asked */
    guint32 buf_count;
    guint64 answer_us;      /* time allowed for an answer; default 2.5 s */
    guint64 slow_answer_us; /* for what erases flash; default 40 s */
};
void rig_smp_client_init(struct rig_smp_client *client, struct rig_board *board, struct rig_faults *faults,
                         rig_smp_trace trace, void *user);
void rig_smp_client_clear(struct rig_smp_client *client);

struct rig_smp_request_id rig_smp_next_id(struct rig_smp_client *client);

/* Judges an answer against its request, see protocol/smp/contract.h: DONE is left as it is, REFUSED when it
 * is an error, NONSENSE with what it breaks. */
void rig_smp_judge(GBytes *request, GBytes *answer, struct rig_smp_response *response,
                   struct rig_smp_result *result);

/* Sends one encoded request and waits for the answer with its sequence number, no longer than until_us.
 * response may be NULL. */
bool rig_smp_exchange(struct rig_smp_client *client, const guint8 *request, gsize n_bytes, guint64 until_us,
                      struct rig_smp_response *response, struct rig_smp_result *result,
                      GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Learns buf_size and buf_count; a board without the command is no failure. */
bool rig_smp_learn_parameters(struct rig_smp_client *client, guint64 until_us, struct rig_smp_result *result,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;

struct rig_smp_upload {
    const guint8 *bytes;
    gsize n_bytes;
    const guint8 *sha; /* 32 bytes: SHA-256 of the file */
    unsigned image;
    gsize chunk_bytes;       /* data bytes of a chunk; 0 = as many as fit */
    gsize first_chunk_bytes; /* of the chunk at offset 0; 0 = chunk_bytes */
    guint window; /* requests in flight; 0 = 1; never more than buf_count - 1, and 1 where the server did not
                     tell it */
    bool upgrade;
    bool resume;          /* reconnect and go on when the link is lost */
    bool pair;            /* when reconnecting */
    guint64 stop_at_byte; /* leave off when the server's offset reached it; 0 = never */
    guint max_failures;   /* silences for one chunk before giving up; 0 = 5 */
    guint64 until_us;
};
struct rig_smp_upload_report {
    guint64 offset; /* the server's at the end */
    guint64 begin;  /* first byte that was asked for after the (last) connect: > 0 when the server resumed */
    guint n_chunks; /* distinct ones */
    guint n_resent;
    guint n_mismatches; /* answers with another offset than expected */
    guint n_reconnects;
    /* The first time that, on a new connection, the board went on before what it had acknowledged on the one
     * before; both 0: never. A board that may have had all bytes by then may begin anew: that is none. */
    guint64 acknowledged, went_on_at;
    bool has_match, match;
};
bool rig_smp_upload(struct rig_smp_client *client, const struct rig_smp_upload *upload,
                    struct rig_smp_upload_report *report, struct rig_smp_result *result,
                    GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS

#endif
