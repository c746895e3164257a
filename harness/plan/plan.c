/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Capabilities and targets of a case against those of a board. */
#include "plan/plan.h"

char *rig_plan_skip_reason(const struct rig_case *the_case, const struct rig_board *board,
                           const char *target_name)
{
    const struct rig_scenario *scenario = the_case->scenario;

    if (scenario->target && !g_str_equal(scenario->target, target_name))
        return g_strdup_printf("written for target '%s'; run it with --target %s", scenario->target,
                               scenario->target);
    for (guint i = 0; scenario->needs[i]; i++)
        if (!rig_board_can(board, scenario->needs[i]))
            return g_strdup_printf("target '%s' lacks '%s'", target_name, scenario->needs[i]);
    return NULL;
}
