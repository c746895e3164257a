/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Verb: button. */
#include "steps/verbs.h"

static const char *const needs_button[] = {"button", NULL};
static const char *const states[] = {"pressed", "held", "released", NULL};
static const char *const pressed[] = {"pressed", NULL};
struct button_arguments {
    const char *is;
    guint64 for_us;
};
static const struct rig_field button_fields[] = {
    RIG_FIELD("is", CHOICE, struct button_arguments, is, .choices = states, .required = true,
              .about =
                  "`pressed`: held down and released again; `held`: down from now on, over resets and losses "
                  "of power too, until it is `released`."),
    RIG_FIELD("for", DURATION, struct button_arguments, for_us, .default_text = "200ms", .min = 1000,
              .max = 60000000, .about = "With `pressed`: how long."),
};
static const struct rig_rule button_rules[] = {
    {.field = "for", .kind = RIG_RULE_NEEDS, .other = "is", .others = pressed}, {0}};
static const struct rig_shape button_shape = {RIG_SHAPE("button", button_fields, struct button_arguments),
                                              .shorthand = "is", .rules = button_rules};

static bool never(void *user)
{
    (void)user;
    return false;
}

static bool hold(struct rig_run *run, bool held)
{
    GError *error = NULL;

    if (!run->board->hold_button(run->board, held, &error)) {
        rig_run_error(run, error);
        return false;
    }
    rig_run_note(run, "the button is %s", held ? "held" : "released");
    return true;
}

static void run_button(struct rig_run *run, const struct rig_step *step)
{
    const struct button_arguments *arguments = RIG_ARGUMENTS(step, struct button_arguments);
    bool released = g_str_equal(arguments->is, "released"), ignored;
    GError *error = NULL;

    if (!hold(run, !released) || !g_str_equal(arguments->is, "pressed"))
        return;
    if (!rig_board_wait_for(run->board, rig_run_now_us(run) + arguments->for_us, never, NULL, &ignored,
                            &error))
        rig_run_error(run, error);
    hold(run, false);
}

const struct rig_verb rig_verb_button = {
    .name = "button",
    .family = "board",
    .about = "Presses the board's button, as the bench's `button:` reaches it (a relay across it, a GPIO).",
    .shape = &button_shape,
    .within_us = 10u * 1000 * 1000,
    .at_once = true,
    .needs = needs_button,
    .example = "button: {is: pressed, for: 2s}",
    .run = run_button,
};
