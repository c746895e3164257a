/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Playing steps in which the connection ends at one packet: one round of `each-link-loss`. */
#ifndef RIG_STEPS_LOSS_H
#define RIG_STEPS_LOSS_H

#include "steps/verbs.h"

G_BEGIN_DECLS

struct rig_loss_plan {
    struct rig_packet_place place;
    guint n_before; /* packets that the host saw before it in the round without loss */
    enum rig_loss_by by;
};

/* Plays the steps without a loss; their packets go into traffic. false: trouble, or more packets than are
 * kept, which is one. */
bool rig_play_counted(struct rig_run *run, const GPtrArray *steps, const char *prefix,
                      struct rig_traffic *traffic);

/* Plays the steps with the loss. What they could not do over a connection that is gone is no trouble, as long
 * as nobody tried to connect again: the block ends there. A loss that did not fall is trouble (a rig error).
 * On return the host knows that the connection is gone, or the steps have made another one. false: trouble.
 */
bool rig_play_with_loss(struct rig_run *run, const GPtrArray *steps, const char *prefix,
                        const struct rig_loss_plan *plan, guint64 until_us);

G_END_DECLS

#endif
