/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A board that runs already, somewhere: nothing of it is in reach but its update server. Targets of kind
 * `running`. Without probe, supply and console: cases that need them are skipped. */
#ifndef RIG_DRIVERS_RUNNING_RUNNING_BOARD_H
#define RIG_DRIVERS_RUNNING_RUNNING_BOARD_H

#include "bench/target.h"
#include "drivers/board/board.h"

G_BEGIN_DECLS

/* target must outlive it. RIG_ERROR_INPUT: it has no `reach:`, or one that is not understood. Free with
 * board->ops->free. */
struct rig_board *rig_running_board_new(const struct rig_target *target,
                                        GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS

#endif
