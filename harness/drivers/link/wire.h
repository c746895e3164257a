/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What links over a wire share (UDP, serial): there is no connection on the wire, no pairing and no bonds;
 * "connected" means that the board answered an SMP echo, and was not seen to start anew since. They carry one
 * characteristic, SMP's, by write commands and notifications. */
#ifndef RIG_DRIVERS_LINK_WIRE_H
#define RIG_DRIVERS_LINK_WIRE_H

#include "drivers/board/board.h"

G_BEGIN_DECLS

struct rig_wire;

struct rig_wire_ops {
    const char *called; /* to people: "UDP" */
    gsize max_packet_bytes;
    guint8 framing_bytes; /* see struct rig_link_state */
    bool datagrams;       /* see struct rig_link */
    /* Opens what place names; open already: nothing. */
    bool (*open)(struct rig_wire *wire, GError **error);
    void (*close)(struct rig_wire *wire);
    /* One packet. *outcome: OK; LOST or TIMEOUT when the other end did not take it. false: the wire is gone.
     */
    bool (*send)(struct rig_wire *wire, const guint8 *bytes, gsize n_bytes, enum rig_link_outcome *outcome,
                 GError **error);
    /* The next packet that is there, *packet NULL: none. false: the wire is gone. */
    bool (*take)(struct rig_wire *wire, GBytes **packet, GError **error);
    void (*free)(struct rig_wire *wire); /* after close; NULL: nothing to free but the link itself */
};

/* First member of every link over a wire. */
struct rig_wire {
    struct rig_link link;
    const struct rig_wire_ops *ops;
    const struct rig_link_place *place; /* borrowed */
    struct rig_board *board;            /* borrowed */
    bool up;
    const struct rig_characteristic *subscribed; /* NULL: what comes is passed over */
    guint16 mtu;
    guint n_owed; /* answers to echoes of connect() that may still come; nobody else is to see them */
    char text[96];
};
/* Options of the radio alone say nothing of a board that is reached over a wire: RIG_ERROR_UNSUPPORTED names
 * one. options: NULL: none. */
bool rig_wire_takes(const struct rig_record *options, const char *target,
                    GError **error) G_GNUC_WARN_UNUSED_RESULT;

void rig_wire_init(struct rig_wire *wire, const struct rig_wire_ops *ops, const struct rig_link_place *place,
                   struct rig_board *board);

G_END_DECLS

#endif
