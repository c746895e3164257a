/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Capabilities and targets of a case against those of a board. */
#include "plan/plan.h"

static const char *steps_lack(const GPtrArray *steps, const char *const *capabilities);

/* Steps may hold steps: in their block, and in arguments. */
static const char *step_lacks(const struct rig_step *step, const char *const *capabilities)
{
    const char *lack = step->verb->lacks ? step->verb->lacks(step, capabilities) : NULL;

    lack = lack ? lack : steps_lack(step->block, capabilities);
    for (gsize i = 0; !lack && step->arguments && i < step->arguments->shape->n_fields; i++)
        if (step->arguments->values[i])
            lack = steps_lack(step->arguments->values[i]->steps, capabilities);
    return lack;
}

static const char *steps_lack(const GPtrArray *steps, const char *const *capabilities)
{
    const char *lack = NULL;

    for (guint i = 0; steps && !lack && i < steps->len; i++)
        lack = step_lacks(steps->pdata[i], capabilities);
    return lack;
}

char *rig_plan_skip_reason(const struct rig_case *the_case, const struct rig_board *board,
                           const char *target_name)
{
    const struct rig_scenario *scenario = the_case->scenario;
    const GPtrArray *const phases[] = {the_case->setup, the_case->steps, the_case->cleanup};
    const char *lack = NULL;

    if (scenario->target && !g_str_equal(scenario->target, target_name))
        return g_strdup_printf("written for target '%s'; run it with --target %s", scenario->target,
                               scenario->target);
    for (guint i = 0; scenario->needs[i]; i++)
        if (!rig_board_can(board, scenario->needs[i]))
            return g_strdup_printf("target '%s' lacks '%s'", target_name, scenario->needs[i]);
    for (guint i = 0; i < G_N_ELEMENTS(phases) && !lack; i++)
        lack = steps_lack(phases[i], board->capabilities);
    return lack ? g_strdup_printf("target '%s' lacks '%s'", target_name, lack) : NULL;
}
