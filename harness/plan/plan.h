/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Before a case runs: can this board do what the case asks for? Pure decisions; no device is touched. */
#ifndef RIG_PLAN_PLAN_H
#define RIG_PLAN_PLAN_H

#include "drivers/board/board.h"
#include "scenario/scenario.h"

G_BEGIN_DECLS

/* NULL: the case can run. Else the reason to skip it, for people: "the board 'x' has no bonding". Owned by
 * the caller. */
char *rig_plan_skip_reason(const struct rig_case *the_case, const struct rig_board *board,
                           const char *target_name);

G_END_DECLS

#endif
