/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Verbs: power-on, power-off, power-cycle, reset. */
#include "steps/look.h"
#include "steps/verbs.h"

static const struct rig_shape no_arguments = {.name = "none", .n_fields = 0};
static const char *const needs_power[] = {"power", NULL};

static bool switch_power(struct rig_run *run, bool on)
{
    struct rig_power *power = run->board->power;
    GError *error = NULL;
    bool is_on = !on;

    if (!power->ops->set(power, on, &error) || !power->ops->is_on(power, &is_on, &error)) {
        rig_run_error(run, error);
        return false;
    }
    if (is_on != on) {
        rig_run_error_text(run, "the %s power driver was told '%s', but the board is %s", power->ops->name,
                           on ? "on" : "off", is_on ? "still powered" : "still without power");
        return false;
    }
    rig_run_power_event(run, on ? "on" : "off", on ? "power on" : "power off", power->ops->name);
    return true;
}

/* A board that was on already does not start again; its probe must see it alive all the same. */
static void expect_alive(struct rig_run *run)
{
    struct rig_probe *probe = run->board->probe;
    struct rig_board_view view = {.state = RIG_STATE_OFF};
    GError *error = NULL;

    if (probe && !probe->ops->view(probe, &view, &error))
        rig_run_error(run, error);
    else if (probe && view.state == RIG_STATE_OFF)
        rig_run_error_text(run, "the board is said to be on already, and its probe finds it without power");
    else
        rig_run_note(run, "the board was on already");
}

static void run_power_on(struct rig_run *run, const struct rig_step *step)
{
    struct rig_power *power = run->board->power;
    GError *error = NULL;
    bool was_on = false;

    if (!power->ops->is_on(power, &was_on, &error)) {
        rig_run_error(run, error);
        return;
    }
    rig_run_mark_boots(run);
    if (!switch_power(run, true))
        return;
    if (was_on)
        expect_alive(run);
    else
        rig_await_boot(run, rig_run_deadline_us(run, step));
}

static void run_power_off(struct rig_run *run, const struct rig_step *step)
{
    (void)step;
    switch_power(run, false);
}

static void run_power_cycle(struct rig_run *run, const struct rig_step *step)
{
    if (switch_power(run, false))
        run_power_on(run, step);
}

struct reset_arguments {
    bool halt;
};
static const struct rig_field reset_fields[] = {
    RIG_FIELD("halt", FLAG, struct reset_arguments, halt, .default_text = "false",
              .about =
                  "Stop before the first instruction; `resume` then starts the bootloader. For boards with "
                  "a debug probe that reaches the core."),
};
static const struct rig_shape reset_shape = {RIG_SHAPE("reset", reset_fields, struct reset_arguments)};

static void run_reset(struct rig_run *run, const struct rig_step *step)
{
    struct rig_probe *probe = run->board->probe;
    bool halt = RIG_ARGUMENTS(step, struct reset_arguments)->halt;
    GError *error = NULL;

    if (!halt && rig_look_by_server(run->board)) {
        rig_run_mark_boots(run);
        rig_run_power_event(run, "reset", "reset on request: the board has no reset pin in reach", NULL);
        rig_look_reset(run, rig_run_deadline_us(run, step));
        return;
    }
    if (halt && !probe->ops->reset_halt) {
        rig_run_error_text(run, "the %s probe cannot stop the core: write `needs: [debug]` into the scenario",
                           probe->ops->name);
        return;
    }
    rig_run_mark_boots(run);
    rig_run_power_event(run, "reset",
                        halt ? "reset through the debug probe, halted" : "reset by the reset pin", NULL);
    if (!(halt ? probe->ops->reset_halt : probe->ops->reset)(probe, &error))
        rig_run_error(run, error);
    else if (!halt)
        rig_await_boot(run, rig_run_deadline_us(run, step));
}

/* A board without a reset pin in reach may be asked. */
static const char *reset_lacks(const struct rig_step *step, const char *const *capabilities)
{
    bool halt = RIG_ARGUMENTS(step, struct reset_arguments)->halt;
    bool asked = !halt && !g_strv_contains(capabilities, "probe") && g_strv_contains(capabilities, "smp");

    return asked || g_strv_contains(capabilities, "reset") ? NULL : "reset";
}

const struct rig_verb rig_verb_power_on = {
    .name = "power-on",
    .family = "power",
    .about = "Switches the board on and waits until its bootloader ran; a board that is on already stays as "
             "it is.",
    .shape = &no_arguments,
    .within_us = 30u * 1000 * 1000,
    .needs = needs_power,
    .example = "power-on:",
    .run = run_power_on,
};
const struct rig_verb rig_verb_power_off = {
    .name = "power-off",
    .family = "power",
    .about = "Switches the board off.",
    .shape = &no_arguments,
    .within_us = 10u * 1000 * 1000,
    .at_once = true,
    .needs = needs_power,
    .example = "power-off:",
    .run = run_power_off,
};
const struct rig_verb rig_verb_power_cycle = {
    .name = "power-cycle",
    .family = "power",
    .about = "Switches the board off and on again, and waits until its bootloader ran.",
    .shape = &no_arguments,
    .within_us = 30u * 1000 * 1000,
    .needs = needs_power,
    .example = "power-cycle:",
    .run = run_power_cycle,
};
const struct rig_verb rig_verb_reset = {
    .name = "reset",
    .family = "power",
    .about =
        "Resets the board by its reset pin and waits until its bootloader ran. A reset asked for over "
        "the air is `smp-reset`; a board of which only the SMP server is in reach is reset so here, too.",
    .shape = &reset_shape,
    .within_us = 30u * 1000 * 1000,
    .lacks = reset_lacks,
    .example = "reset:",
    .run = run_reset,
};
