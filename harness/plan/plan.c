/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Capabilities, options and layout: those of a case against those of a board. */
#include "plan/plan.h"

#include "steps/fit.h"

static const char *steps_lack(const GPtrArray *steps, const char *const *capabilities);

/* Steps may hold steps: in their block, and in arguments. */
static const char *step_lacks(const struct rig_step *step, const char *const *capabilities)
{
    const struct rig_verb *verb = step->verb;
    const char *lack = verb->lacks ? verb->lacks(step, capabilities) : NULL;

    for (const char *const *need = verb->needs; !lack && need && *need; need++)
        if (!g_strv_contains((const gchar *const *)capabilities, *need))
            lack = *need;
    if (!lack && !(verb->leaves_out && verb->leaves_out(step, capabilities)))
        lack = steps_lack(step->block, capabilities);
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

static char *steps_unfit(const GPtrArray *steps, struct rig_fit *fit);

static char *step_unfit(const struct rig_step *step, struct rig_fit *fit)
{
    char *reason = step->verb->unfit ? step->verb->unfit(step, fit) : NULL;

    if (!reason && !(step->verb->leaves_out && step->verb->leaves_out(step, fit->board->capabilities)))
        reason = steps_unfit(step->block, fit);
    for (gsize i = 0; !reason && step->arguments && i < step->arguments->shape->n_fields; i++)
        if (step->arguments->values[i])
            reason = steps_unfit(step->arguments->values[i]->steps, fit);
    return reason;
}

static char *steps_unfit(const GPtrArray *steps, struct rig_fit *fit)
{
    char *reason = NULL;

    for (guint i = 0; steps && !reason && i < steps->len; i++)
        reason = step_unfit(steps->pdata[i], fit);
    return reason;
}

static char *options_unfit(const struct rig_case *the_case, const struct rig_board *board,
                           const struct rig_target *target)
{
    const GPtrArray *const phases[] = {the_case->setup, the_case->steps, the_case->cleanup};
    struct rig_fit fit = {.the_case = the_case, .board = board, .target = target};
    char *reason = NULL;
    GError *error = NULL;

    if (!board->options)
        return NULL;
    /* Layout and bootloader of the target do not go together: no case fits. */
    if (!board->options->describe(board, NULL, &fit.layout, &error)) {
        reason = g_strdup(error->message);
        g_error_free(error);
        return reason;
    }
    for (guint i = 0; i < G_N_ELEMENTS(phases) && !reason; i++)
        reason = steps_unfit(phases[i], &fit);
    return reason;
}

char *rig_plan_skip_reason(const struct rig_case *the_case, const struct rig_board *board,
                           const struct rig_target *target)
{
    const struct rig_scenario *scenario = the_case->scenario;
    const GPtrArray *const phases[] = {the_case->setup, the_case->steps, the_case->cleanup};
    const char *lack = NULL;

    if (board->unplayable)
        return g_strdup(board->unplayable);
    if (scenario->target && !g_str_equal(scenario->target, target->name))
        return g_strdup_printf("written for target '%s'; run it with --target %s", scenario->target,
                               scenario->target);
    if (scenario->protocol && !g_str_equal(scenario->protocol, target->spec->protocol))
        return g_strdup_printf("written for the update protocol '%s', and target '%s' speaks '%s'",
                               scenario->protocol, target->name, target->spec->protocol);
    for (guint i = 0; scenario->written_needs[i]; i++)
        if (!rig_board_can(board, scenario->written_needs[i]))
            return g_strdup_printf("target '%s' lacks '%s'", target->name, scenario->written_needs[i]);
    for (guint i = 0; i < G_N_ELEMENTS(phases) && !lack; i++)
        lack = steps_lack(phases[i], board->capabilities);
    return lack ? g_strdup_printf("target '%s' lacks '%s'", target->name, lack)
                : options_unfit(the_case, board, target);
}
