/* SPDX-License-Identifier: GPL-3.0-or-later */
/* SMP messages over a link: cut into writes, joined from notifications, with the armed faults applied and
 * every message on record. */
#ifndef RIG_DRIVERS_UPDATE_SMP_TRANSPORT_H
#define RIG_DRIVERS_UPDATE_SMP_TRANSPORT_H

#include "drivers/board/board.h"
#include "drivers/link/faults.h"

G_BEGIN_DECLS

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

struct rig_smp_transport {
    struct rig_board *board;   /* borrowed */
    struct rig_faults *faults; /* borrowed; NULL = none */
    rig_smp_trace trace;
    void *user;
    GByteArray *incoming;        /* notifications not yet joined to a message */
    GPtrArray *held;             /* delayed and reordered messages */
    GPtrArray *arrived;          /* duplicated responses waiting to be read: GBytes */
    GHashTable *tags;            /* sequence -> tag of the request, for faults of responses */
    guint n_messages;            /* requests since the faults were armed */
    bool muted;                  /* stop-notifications struck */
    struct rig_packet_gate gate; /* set from outside */
    guint n_restarts;            /* connections, and attempts at one */
};
void rig_smp_transport_init(struct rig_smp_transport *transport, struct rig_board *board,
                            struct rig_faults *faults, rig_smp_trace trace, void *user);
void rig_smp_transport_clear(struct rig_smp_transport *transport);
/* A new connection: nothing of the old one is joined with it; what was held is gone. */
void rig_smp_transport_restart(struct rig_smp_transport *transport);
/* The rest of an answer did not come: what did is not joined with what comes next. */
void rig_smp_transport_give_up(struct rig_smp_transport *transport);
/* The faults in scope ended: notifications are heard again, requests are counted from 0. */
void rig_smp_transport_faults_ended(struct rig_smp_transport *transport);

/* Sends one message in as many writes as the ATT_MTU asks for. tag may be NULL. */
bool rig_smp_send(struct rig_smp_transport *transport, const guint8 *bytes, gsize n_bytes,
                  const struct rig_request_tag *tag, enum rig_link_outcome *outcome,
                  GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* One write as it is: no cutting, no faults. */
bool rig_smp_send_packet(struct rig_smp_transport *transport, const guint8 *bytes, gsize n_bytes,
                         enum rig_link_outcome *outcome, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The next whole message; owned by the caller when *outcome is OK. */
bool rig_smp_receive(struct rig_smp_transport *transport, guint64 until_us, GBytes **message,
                     enum rig_link_outcome *outcome, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS

#endif
