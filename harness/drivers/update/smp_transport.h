/* SPDX-License-Identifier: GPL-3.0-or-later */
/* SMP messages over a link: cut into writes, joined from notifications, with the armed faults applied and
 * every message on record. */
#ifndef RIG_DRIVERS_UPDATE_SMP_TRANSPORT_H
#define RIG_DRIVERS_UPDATE_SMP_TRANSPORT_H

#include "drivers/board/board.h"
#include "drivers/link/faults.h"

G_BEGIN_DECLS

/* Requests leave by write commands, answers come by notifications. */
extern const struct rig_characteristic rig_smp_characteristic;

/* Each message (or raw packet) that went out or came in. fault: what was done to it, or NULL. */
typedef void (*rig_smp_trace)(void *user, bool sent, const guint8 *bytes, gsize n_bytes, const char *fault);

/* Stands between client and link. false: the host ends the connection there and then. NULL functions: there
 * is no gate. */
struct rig_packet_gate {
    /* Each packet before it has an effect: a write before it leaves, a notification after it came and before
     * it is joined to a message. The packet in whose place the connection ends is lost. */
    bool (*passes)(void *user, bool sent, const guint8 *bytes, gsize n_bytes);
    /* The client has nothing more to send and is about to wait for a notification. */
    bool (*may_wait)(void *user);
    void *user;
};

/* What is known of the sequence number of a request. */
enum rig_smp_asked {
    RIG_SMP_NEVER_ASKED,
    RIG_SMP_WAITING,
    RIG_SMP_ANSWERED,
    RIG_SMP_GIVEN_UP, /* nobody waits any more: what comes now is late */
};

struct rig_smp_transport {
    struct rig_board *board;   /* borrowed */
    struct rig_faults *faults; /* borrowed; NULL = none */
    rig_smp_trace trace;
    void *user;
    GByteArray *incoming;        /* notifications not yet joined to a message */
    bool incoming_whole;         /* they are one */
    GPtrArray *held;             /* delayed and reordered messages */
    GPtrArray *arrived;          /* duplicated responses waiting to be read: GBytes */
    GHashTable *tags;            /* sequence -> tag of the request, for faults of responses */
    guint n_messages;            /* requests since the faults were armed */
    bool muted;                  /* stop-notifications struck */
    struct rig_packet_gate gate; /* set from outside */
    guint n_restarts;            /* connections, and attempts at one */
    GBytes *asked[256];          /* by sequence: the request as it left; NULL: none did */
    enum rig_smp_asked state[256];
    GBytes *raw, *raw_before; /* bytes of rig_smp_begin_raw() that wait, and those before; NULL: none */
    GBytes *previous;         /* the message that came last */
    /* Requests, or packets of either side, were spoilt on purpose on this connection: answers that belong to
     * nothing are no surprise then. Set from outside for packets. */
    bool spoilt;
    char unasked[160]; /* what came since the last request and belongs to none; "" = nothing */
};
void rig_smp_transport_init(struct rig_smp_transport *transport, struct rig_board *board,
                            struct rig_faults *faults, rig_smp_trace trace, void *user);
void rig_smp_transport_clear(struct rig_smp_transport *transport);
/* A new connection: nothing of the old one is joined with it; what was held is gone. */
void rig_smp_transport_restart(struct rig_smp_transport *transport);
/* Nobody waits for answers any more. The rest of one that did not come: what did is not joined with what
 * comes next. */
void rig_smp_transport_give_up(struct rig_smp_transport *transport);
/* Nobody waits for the answer to this request any more. */
void rig_smp_transport_forget(struct rig_smp_transport *transport, guint8 sequence);
/* What came instead of an answer, for people: "only the first 10 of 18 bytes of an answer came"; text stays
 * as it is when nothing did. false: nothing, or nothing that the board could be blamed for. */
bool rig_smp_transport_is_broken(const struct rig_smp_transport *transport, char *text, gsize room);
/* The faults in scope ended: notifications are heard again, requests are counted from 0. */
void rig_smp_transport_faults_ended(struct rig_smp_transport *transport);

/* Sends one message in as many writes as the ATT_MTU asks for. tag may be NULL. */
bool rig_smp_send(struct rig_smp_transport *transport, const guint8 *bytes, gsize n_bytes,
                  const struct rig_request_tag *tag, enum rig_link_outcome *outcome,
                  GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* One write as it is: no cutting, no faults. */
bool rig_smp_send_packet(struct rig_smp_transport *transport, const guint8 *bytes, gsize n_bytes,
                         enum rig_link_outcome *outcome, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Bytes that are sent as they are: from now on messages are taken that answer a header anywhere in them. Ends
 * with the next request that is sent with a tag, or by rig_smp_exchange(). NULL ends it now. */
void rig_smp_begin_raw(struct rig_smp_transport *transport, GBytes *bytes);
/* The next whole message that answers what waits, and the request that it answers as that left, both owned by
 * the caller when *outcome is OK; rig_smp_answer_keeps() judges it. What answers a request that nobody waits
 * for (late, doubled) or none at all is passed over, and on record by the trace; `unasked` remembers the
 * latter. A message that answers a waiting request but for its sequence number is taken for its answer. */
bool rig_smp_receive(struct rig_smp_transport *transport, guint64 until_us, GBytes **message,
                     GBytes **request, enum rig_link_outcome *outcome,
                     GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS

#endif
