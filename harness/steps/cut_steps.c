/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Verb: cut-power: one power cut, aimed at a flash operation, an instant or a console line. */
#include "steps/cut.h"

#include "base/error.h"

#include <string.h>

#define LATE_US (2u * 1000 * 1000) /* what a supply may take after the instant */

const char *const rig_cut_form_choices[] = {
    [RIG_CUT_BEFORE] = "before", [RIG_CUT_HALF] = "half", [RIG_CUT_AFTER] = "after", NULL};

/* The operation is known when power was lost inside or right after it; before it, flash never hears of it. */
static char *cut_text(const struct rig_cut_record *record, const struct rig_cut_plan *plan)
{
    if (plan->aim == RIG_CUT_AT_OPERATION && !record->at_operation)
        return g_strdup_printf("before operation %" G_GUINT64_FORMAT, plan->operation);
    if (!record->at_operation)
        return record->aimed_us
                   ? g_strdup_printf("aimed at %.3f ms, measured at %.3f ms",
                                     (double)record->aimed_us / 1000.0, (double)record->at_us / 1000.0)
                   : g_strdup_printf("at %.3f ms", (double)record->at_us / 1000.0);
    return g_strdup_printf("%s operation %" G_GUINT64_FORMAT " (%s of %u bytes at %s 0x%x)",
                           record->torn ? "inside" : "after", record->operation,
                           record->erase ? "erase" : "write", record->n_bytes, record->device,
                           record->offset);
}

void rig_run_cut_event(struct rig_run *run, const struct rig_cut_record *record, const char *text)
{
    struct rig_event *event = rig_event_new(RIG_EVENT_POWER);

    rig_event_text(event, RIG_KEY_WHAT, "cut");
    rig_event_text(event, RIG_KEY_TEXT, text);
    rig_event_text(event, RIG_KEY_PROOF, record->proof);
    if (record->aimed_us)
        rig_event_count(event, RIG_KEY_AIMED_US, (gint64)record->aimed_us);
    rig_event_count(event, RIG_KEY_MEASURED_US, (gint64)record->at_us);
    rig_run_emit(run, event);
}

static bool is_dead(void *user)
{
    struct rig_power *power = user;
    bool on = true;

    return power->ops->is_on(power, &on, NULL) && !on;
}

/* The board may be at rest long before the instant that was aimed at. */
static void await_instant(struct rig_run *run, guint64 until_us)
{
    GError *error = NULL;
    bool dead;

    if (!rig_board_wait_for(run->board, until_us, is_dead, run->board->power, &dead, &error))
        rig_run_error(run, error);
}

bool rig_play_with_cut(struct rig_run *run, const GPtrArray *steps, const char *prefix,
                       const struct rig_cut_plan *plan, guint64 until_us, struct rig_cut_record *record)
{
    struct rig_power *power = run->board->power;
    guint64 armed_us = rig_run_now_us(run);
    GError *error = NULL;
    bool settled;

    if (!power->ops->arm_cut(power, plan, &error)) {
        rig_run_unable(run, error);
        return false;
    }
    rig_run_steps(run, steps, prefix);
    if (plan->aim != RIG_CUT_AT_OPERATION && !rig_run_troubled(run))
        await_instant(run, MIN(until_us, (plan->aim == RIG_CUT_AFTER_TIME ? armed_us : rig_run_now_us(run)) +
                                             plan->delay_us + LATE_US));
    settled = (rig_run_troubled(run) && !run->trouble.interrupted && is_dead(power)) ||
              (!rig_run_troubled(run) && rig_run_settle(run, until_us, is_dead, power));
    if (!power->ops->disarm_cut(power, record, &error)) {
        rig_run_error(run, error);
        return false;
    }
    if (record->fell && rig_run_troubled(run) && !run->trouble.interrupted) {
        rig_run_note(run, "the block ended there: %s", run->trouble.message);
        rig_trouble_clear(&run->trouble); /* steps cannot go on without power: that is what was asked for */
    }
    rig_update_restart(run->update);
    return settled && !rig_run_troubled(run);
}

struct cut_arguments {
    const guint32 *operation;
    enum rig_cut_form form;
    const guint64 *after_us;
    const char *line;
    const guint32 *memory;
    guint64 plus_us;
    const char *before;
    bool power_on;
};
static const struct rig_field cut_fields[] = {
    RIG_FIELD("operation", COUNT, struct cut_arguments, operation,
              .about = "Flash operation (write or erase), counted from 0 within `do`."),
    RIG_FIELD("form", CHOICE, struct cut_arguments, form, .choices = rig_cut_form_choices,
              .default_text = "before",
              .about = "Before the operation, half-way through it, or right after it."),
    RIG_FIELD("after", DURATION, struct cut_arguments, after_us, .about = "Instant, from the begin of `do`."),
    RIG_FIELD("line", LINE, struct cut_arguments, line, .min = 1, .max = RIG_CUT_LINE_BYTES,
              .about = "A piece of a console line."),
    RIG_FIELD("memory", COUNT, struct cut_arguments, memory, .max = 0xfffffffc,
              .about = "Address of a word that the probe polls: when it changes. For boards on a bench."),
    RIG_FIELD("plus", DURATION, struct cut_arguments, plus_us, .default_text = "0",
              .about = "With `line` and `memory`: so much later."),
    RIG_FIELD("before", LINE, struct cut_arguments, before, .min = 1, .max = RIG_CUT_LINE_BYTES,
              .about =
                  "A piece of a console line that must come later than the cut: on a board that is so fast "
                  "that it came sooner, the case is skipped."),
    RIG_FIELD("power-on", FLAG, struct cut_arguments, power_on, .default_text = "true",
              .about = "Switch the board on again at the end."),
};
static const char *const aims[] = {"operation", "after", "line", "memory", NULL};
static const struct rig_rule cut_rules[] = {
    {.field = "form", .kind = RIG_RULE_NEEDS, .other = "operation"},
    {.field = "plus", .kind = RIG_RULE_NOT_BESIDE, .other = "operation"},
    {.field = "plus", .kind = RIG_RULE_NOT_BESIDE, .other = "after"},
    {0},
};
static const struct rig_shape cut_shape = {RIG_SHAPE("cut-power", cut_fields, struct cut_arguments),
                                           .exactly_one = aims, .rules = cut_rules};

static struct rig_cut_plan read_plan(const struct cut_arguments *arguments)
{
    return (struct rig_cut_plan){
        .aim = arguments->operation  ? RIG_CUT_AT_OPERATION
               : arguments->after_us ? RIG_CUT_AFTER_TIME
               : arguments->memory   ? RIG_CUT_AT_MEMORY
                                     : RIG_CUT_AT_CONSOLE,
        .address = arguments->memory ? *arguments->memory : 0,
        .operation = arguments->operation ? *arguments->operation : 0,
        .form = arguments->form,
        .delay_us = arguments->after_us ? *arguments->after_us : arguments->plus_us,
        .line = arguments->line,
    };
}

/* Whether the board had said the line before power went. */
static bool comes_too_late(const struct rig_run *run, const char *before)
{
    for (guint i = 0; before && i < run->console->len; i++)
        if (strstr(g_ptr_array_index(run->console, i), before))
            return true;
    return false;
}

static bool aims_at_the_model(const struct rig_board *board, const struct rig_cut_plan *plan)
{
    return plan->aim == RIG_CUT_AT_CONSOLE && board->foreign_bootloader && board->subject &&
           board->subject->model_prints(plan->line);
}

static void run_cut_power(struct rig_run *run, const struct rig_step *step)
{
    g_autofree char *prefix = g_strdup_printf("%s.do", run->step_id->str);
    struct rig_cut_record record = {0};
    g_autofree char *where = NULL;
    const struct cut_arguments *arguments = RIG_ARGUMENTS(step, struct cut_arguments);
    struct rig_cut_plan plan = read_plan(arguments);
    GError *error = NULL;

    /* What was said before the block is not about this cut; a reset in the block begins anew, too. */
    if (arguments->before)
        g_ptr_array_set_size(run->console, 0);
    if (!rig_play_with_cut(run, step->block, prefix, &plan, rig_run_deadline_us(run, step), &record))
        return;
    if (!record.fell && aims_at_the_model(run->board, &plan)) {
        rig_run_unable(run, g_error_new(RIG_ERROR, RIG_ERROR_UNSUPPORTED,
                                        "bootloader '%s' does not print '%s', at which power was to be cut",
                                        run->board->foreign_bootloader, plan.line));
        return;
    }
    if (!record.fell || !*record.proof) {
        rig_run_error_text(
            run, record.fell
                     ? "the power cut fell, but nothing proves that the board was dead"
                     : "the power cut never fell: the board did not come to the place that was aimed at");
        return;
    }
    if (comes_too_late(run, arguments->before)) {
        rig_run_unable(run, g_error_new(RIG_ERROR, RIG_ERROR_UNSUPPORTED,
                                        "this board is too fast for the cut: it had said '%s' before it",
                                        arguments->before));
        return;
    }
    where = cut_text(&record, &plan);
    g_autofree char *text = g_strdup_printf("power cut %s", where);
    rig_run_cut_event(run, &record, text);
    if (!arguments->power_on)
        return;
    rig_run_mark_boots(run);
    rig_run_power_event(run, "on", "power on", NULL);
    if (!run->board->power->ops->set(run->board->power, true, &error))
        rig_run_error(run, error);
}

static const char *const needs_power[] = {"power", NULL};
const struct rig_verb rig_verb_cut_power = {
    .name = "cut-power",
    .family = "power",
    .about = "Plays the block with a power cut armed, then switches the board on again. What the block could "
             "not do without power is no failure; "
             "a cut that never fell, or whose effect nothing proves, is a rig error.",
    .shape = &cut_shape,
    .block = "do",
    .within_us = 120u * 1000 * 1000,
    .needs = needs_power,
    .example = "- cut-power: {operation: 17, form: half}\n  do: [{reset: }]",
    .run = run_cut_power,
};
