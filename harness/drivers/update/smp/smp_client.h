/* SPDX-License-Identifier: GPL-3.0-or-later */
/* SMP as an update protocol: every request awaits its answer; messages are cut into writes and joined from
 * notifications, with the armed faults applied and each on record; the upload goes on from the server's
 * `off`, windowed, and resumes by sha. Practice of timeouts and windows: [SRC
 * Android-nRF-Connect-Device-Manager mcumgr-core/.../transfer]. */
#ifndef RIG_DRIVERS_UPDATE_SMP_SMP_CLIENT_H
#define RIG_DRIVERS_UPDATE_SMP_SMP_CLIENT_H

#include "drivers/update/update.h"
#include "protocol/smp/contract.h"
#include "protocol/smp/corrupt.h"

G_BEGIN_DECLS

extern const struct rig_update_protocol rig_update_smp;
/* Requests leave by write commands, answers come by notifications. */
extern const struct rig_characteristic rig_smp_characteristic;

/* What is known of the sequence number of a request. */
enum rig_smp_asked {
    RIG_SMP_NEVER_ASKED,
    RIG_SMP_WAITING,
    RIG_SMP_ANSWERED,
    RIG_SMP_GIVEN_UP, /* nobody waits any more: what comes now is late */
};

struct rig_smp_client {
    struct rig_update update;
    guint8 version; /* header version of requests: 1 */
    guint8 sequence;
    guint32 buf_size; /* learned from the parameters command; 0 = not asked */
    guint32 buf_count;
    bool by_request; /* the board cannot be written without a response */

    GByteArray *incoming; /* notifications not yet joined to a message */
    bool incoming_whole;  /* they are one */
    GPtrArray *held;      /* delayed and reordered messages */
    GPtrArray *arrived;   /* duplicated responses waiting to be read: GBytes */
    GHashTable *tags;     /* sequence -> tag of the request, for faults of responses */
    guint n_messages;     /* requests since the faults were armed */
    bool muted;           /* stop-notifications struck */
    GBytes *asked[256];   /* by sequence: the request as it left; NULL: none did */
    enum rig_smp_asked state[256];
    GBytes *raw, *raw_before; /* bytes of rig_smp_begin_raw() that wait, and those before; NULL: none */
    GBytes *previous;         /* the message that came last */
    char unasked[160];        /* what came since the last request and belongs to none; "" = nothing */
};
/* Without its base, which rig_update_new() fills. */
struct rig_smp_client *rig_smp_client_new(void);
/* NULL: the board speaks another protocol. */
struct rig_smp_client *rig_smp_client_of(struct rig_update *update);

struct rig_smp_request_id rig_smp_next_id(struct rig_smp_client *client);
/* Time allowed for an answer; slow: of what erases flash. */
guint64 rig_smp_answer_us(const struct rig_smp_client *client, bool slow);

/* Sends one encoded request and waits for the answer with its sequence number, no longer than until_us.
 * response may be NULL; it is left alone when no answer came. */
bool rig_smp_exchange(struct rig_smp_client *client, const guint8 *request, gsize n_bytes, guint64 until_us,
                      struct rig_smp_response *response, struct rig_update_result *result,
                      GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Learns buf_size and buf_count; a board without the command is no failure. */
bool rig_smp_learn_parameters(struct rig_smp_client *client, guint64 until_us,
                              struct rig_update_result *result, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* --- messages --- */

/* A message that answers a request, decoded and judged against it. */
struct rig_smp_answer {
    GBytes *message, *request; /* the request as it left; owned; NULL: none came */
    struct rig_smp_decoded decoded;
    bool keeps;                  /* the protocol (protocol/smp/contract.h) */
    char why[RIG_SMP_WHY_BYTES]; /* what it breaks, if it does not */
};
void rig_smp_answer_clear(struct rig_smp_answer *answer);
/* DONE is left as it is, REFUSED when it is an error, MALFORMED with what it breaks. */
void rig_smp_set_result(const struct rig_smp_answer *answer, struct rig_update_result *result);
/* What became of a link operation: TIMEOUT is silence (or how much of an answer came), the rest tells how the
 * link ended. */
void rig_smp_set_link_result(struct rig_smp_client *client, enum rig_link_outcome outcome,
                             struct rig_update_result *result);

/* Sends one message in as many writes as the ATT_MTU asks for. tag may be NULL. */
bool rig_smp_send(struct rig_smp_client *client, const guint8 *bytes, gsize n_bytes,
                  const struct rig_request_tag *tag, enum rig_link_outcome *outcome,
                  GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* One write as it is: no cutting, no faults. */
bool rig_smp_send_packet(struct rig_smp_client *client, const guint8 *bytes, gsize n_bytes,
                         enum rig_link_outcome *outcome, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Bytes that are sent as they are: from now on messages are taken that answer a header anywhere in them. Ends
 * with the next request that is sent with a tag, or by rig_smp_exchange(). NULL ends it now. */
void rig_smp_begin_raw(struct rig_smp_client *client, GBytes *bytes);
/* The next whole message that answers what waits, when *outcome is OK. What answers a request that nobody
 * waits for (late, doubled) or none at all is passed over, and on record by the trace; `unasked` remembers
 * the latter. A message that answers a waiting request but for its sequence number is taken for its answer.
 */
bool rig_smp_receive(struct rig_smp_client *client, guint64 until_us, struct rig_smp_answer *answer,
                     enum rig_link_outcome *outcome, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Nobody waits for answers any more. The rest of one that did not come: what did is not joined with what
 * comes next. */
void rig_smp_give_up(struct rig_smp_client *client);
/* Nobody waits for the answer to this request any more. */
void rig_smp_forget(struct rig_smp_client *client, guint8 sequence);
/* What came instead of an answer, for people: "only the first 10 of 18 bytes of an answer came"; text stays
 * as it is when nothing did. false: nothing, or nothing that the board could be blamed for. */
bool rig_smp_is_broken(const struct rig_smp_client *client, char *text, gsize room);

G_END_DECLS

#endif
