/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Before a case runs: can this board do what the case asks for? Pure decisions; no device is touched. */
#ifndef RIG_PLAN_PLAN_H
#define RIG_PLAN_PLAN_H

#include "bench/target.h"
#include "drivers/board/board.h"
#include "scenario/scenario.h"

G_BEGIN_DECLS

/* NULL: the case can run. Else the reason to skip it, for people: what the case needs (capabilities), or what
 * one of its steps implies about the board's layout and options, and what the target is instead. `check`,
 * `list`, `run --dry-run` and the run itself say the same. Owned by the caller. */
char *rig_plan_skip_reason(const struct rig_case *the_case, const struct rig_board *board,
                           const struct rig_target *target);

G_END_DECLS

#endif
