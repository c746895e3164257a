/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Verbs: expect-boot, expect-board, expect-resets, expect-console, expect-link: what the board does and how
 * the host sees it. */
#include "steps/verbs.h"

#include "base/error.h"
#include "steps/fit.h"

#include <string.h>

static const char *const needs_probe[] = {"probe", NULL};
static const char *const needs_console[] = {"console", NULL};

static const struct rig_field boot_fields[] = {
    {.name = "image",
     .type = RIG_TYPE_IMAGE,
     .list = true,
     .required = true,
     .about = "The image that must run; several = any of them."},
    {.name = "confirmed", .type = RIG_TYPE_FLAG, .about = "Whether it must be confirmed."},
    {.name = "boots",
     .type = RIG_TYPE_COUNT,
     .min = 1,
     .about = "It may take so many bootloader runs since the last reset or power-on, no more."},
};
static const struct rig_shape boot_shape = {.name = "expect-boot",
                                            .fields = boot_fields,
                                            .n_fields = G_N_ELEMENTS(boot_fields),
                                            .shorthand = "image"};

struct boot_expectation {
    struct rig_run *run;
    const struct rig_value *images;
    const struct rig_value *confirmed;
    struct rig_board_view view;
};

static bool runs_as_expected(void *user)
{
    struct boot_expectation *expected = user;
    struct rig_run *run = expected->run;
    struct rig_board_view *view = &expected->view;

    if (!run->board->probe->ops->view(run->board->probe, view, NULL) || view->state != RIG_STATE_RUNNING ||
        !view->has_image)
        return false;
    if (expected->confirmed && expected->confirmed->flag != view->confirmed)
        return false;
    for (guint i = 0; i < rig_list_length(expected->images); i++) {
        const struct rig_built_image *image = rig_run_image(run, rig_list_item(expected->images, i)->text);

        if (!image || (image->has_hash && memcmp(image->hash, view->hash, RIG_IMAGE_HASH_BYTES) == 0))
            return true; /* an image that cannot be built is trouble already: no need to wait */
    }
    return false;
}

static void expect_few_boots(struct rig_run *run, const struct rig_step *step,
                             const struct rig_board_view *view)
{
    const struct rig_value *boots = rig_record_get(step->arguments, "boots");
    g_autofree char *expected = boots ? g_strdup_printf("at most %" G_GUINT64_FORMAT, boots->count) : NULL;
    g_autofree char *seen = g_strdup_printf("%u", view->n_boots - run->boots_before);

    if (boots)
        rig_run_expect(run, view->n_boots - run->boots_before <= boots->count, "bootloader runs", expected,
                       seen);
}

/* The board did not boot in the time that it was given, and had not stopped either. */
static char *describe_busy(struct rig_run *run, const struct rig_step *step)
{
    const char *line =
        run->console->len ? g_ptr_array_index(run->console, run->console->len - 1) : "nothing yet";

    return g_strdup_printf("still booting: the deadline of %" G_GUINT64_FORMAT
                           " ms ended while the board was busy; its console said last: %s",
                           step->within_us / 1000, line);
}

static void run_expect_boot(struct rig_run *run, const struct rig_step *step)
{
    struct boot_expectation expectation = {
        .run = run,
        .images = rig_record_get(step->arguments, "image"),
        .confirmed = rig_record_get(step->arguments, "confirmed"),
    };
    GError *error = NULL;
    g_autofree char *names = rig_list_text(expectation.images);
    g_autofree char *expected =
        expectation.confirmed
            ? g_strdup_printf("%s, %s", names, expectation.confirmed->flag ? "confirmed" : "unconfirmed")
            : g_strdup(names);
    g_autofree char *seen = NULL;
    bool ok = false;

    if (!rig_board_wait_for(run->board, rig_run_deadline_us(run, step), runs_as_expected, &expectation, &ok,
                            &error)) {
        rig_run_error(run, error);
        return;
    }
    if (rig_run_troubled(run) || (!ok && !rig_run_can_look(run)))
        return;
    seen = expectation.view.state == RIG_STATE_BOOTING ? describe_busy(run, step)
                                                       : rig_run_describe_board(run, &expectation.view);
    if (rig_run_expect(run, ok, "running image", expected, seen))
        expect_few_boots(run, step, &expectation.view);
}

static char *expect_boot_unfit(const struct rig_step *step, struct rig_fit *fit)
{
    const struct rig_value *images = rig_record_get(step->arguments, "image");
    const struct rig_value *confirmed = rig_record_get(step->arguments, "confirmed");
    bool overwrites = fit->traits.mode == RIG_SWAP_OVERWRITE && !rig_fit_is_chosen(fit, "swap");

    if (overwrites && confirmed && !confirmed->flag)
        return g_strdup_printf("target '%s' overwrites: there is no trial, and nothing is unconfirmed",
                               fit->target->name);
    if (overwrites && confirmed && rig_fit_flag(fit, "overwrite-fast"))
        return g_strdup_printf(
            "target '%s' leaves the trailer of slot 0 as it was ('overwrite-fast'): it does "
            "not say what is confirmed",
            fit->target->name);
    return rig_list_length(images) == 1 ? rig_fit_no_room(fit, rig_list_item(images, 0)->text, 0) : NULL;
}

const struct rig_verb rig_verb_expect_boot = {
    .name = "expect-boot",
    .family = "expect",
    .about = "The board comes up and runs this image (or one of these) before the deadline.",
    .shape = &boot_shape,
    .within_us = 20u * 1000 * 1000,
    .needs = needs_probe,
    .unfit = expect_boot_unfit,
    .example = "expect-boot: {image: [old, new], boots: 4}",
    .run = run_expect_boot,
};

static const char *const states[] = {"running", "hung", "no-image", "off", "halted", NULL};
static const struct rig_field board_fields[] = {
    {.name = "state",
     .type = RIG_TYPE_CHOICE,
     .list = true,
     .choices = states,
     .required = true,
     .about = "What the board must come to."},
};
static const struct rig_shape board_shape = {
    .name = "expect-board", .fields = board_fields, .n_fields = 1, .shorthand = "state"};

static const char *state_keyword(enum rig_run_state state)
{
    static const char *const words[] = {"off", "booting", "running", "hung", "no-image", "halted"};

    return words[state];
}

static bool is_in_state(void *user)
{
    struct boot_expectation *expected = user;
    struct rig_probe *probe = expected->run->board->probe;

    return probe->ops->view(probe, &expected->view, NULL) &&
           rig_list_has(expected->images, state_keyword(expected->view.state));
}

static void run_expect_board(struct rig_run *run, const struct rig_step *step)
{
    struct boot_expectation expectation = {.run = run, .images = rig_record_get(step->arguments, "state")};
    g_autofree char *expected = rig_list_text(expectation.images);
    GError *error = NULL;
    bool ok = false;

    if (run->board->blind_to_hangs && rig_list_has(expectation.images, "hung") &&
        !rig_list_has(expectation.images, "running")) {
        rig_run_unable(run,
                       g_error_new_literal(RIG_ERROR, RIG_ERROR_UNSUPPORTED,
                                           "the probe of a real board cannot tell a core that hangs from one "
                                           "that sleeps"));
        return;
    }
    if (!rig_board_wait_for(run->board, rig_run_deadline_us(run, step), is_in_state, &expectation, &ok,
                            &error))
        rig_run_error(run, error);
    else if (ok || rig_run_can_look(run))
        rig_run_expect(run, ok, "state of the board", expected, state_keyword(expectation.view.state));
}

const struct rig_verb rig_verb_expect_board = {
    .name = "expect-board",
    .family = "expect",
    .about = "The board comes to this state before the deadline: `running`, `hung`, `no-image` (the "
             "bootloader found nothing to boot), `off`, `halted` (stopped by the debug probe).",
    .shape = &board_shape,
    .within_us = 20u * 1000 * 1000,
    .needs = needs_probe,
    .example = "expect-board: no-image",
    .run = run_expect_board,
};

static const struct rig_field reset_fields[] = {
    {.name = "count", .type = RIG_TYPE_COUNT, .about = "Exactly so many."},
    {.name = "at-most", .type = RIG_TYPE_COUNT, .about = "No more than so many."},
    {.name = "at-least", .type = RIG_TYPE_COUNT, .min = 1, .about = "No fewer."},
};
static const char *const reset_checks[] = {"count", "at-most", "at-least", NULL};
static const struct rig_rule reset_rules[] = {
    {.field = "at-most", .kind = RIG_RULE_NOT_BESIDE, .other = "count"},
    {.field = "at-least", .kind = RIG_RULE_NOT_BESIDE, .other = "count"},
    {.field = "at-least", .kind = RIG_RULE_AT_MOST, .other = "at-most"},
    {0},
};
static const struct rig_shape reset_shape = {.name = "expect-resets",
                                             .fields = reset_fields,
                                             .n_fields = G_N_ELEMENTS(reset_fields),
                                             .shorthand = "count",
                                             .at_least_one = reset_checks,
                                             .rules = reset_rules};

static void expect_bound(struct rig_run *run, const struct rig_step *step, const char *field, guint seen)
{
    const struct rig_value *bound = rig_record_get(step->arguments, field);
    g_autofree char *expected =
        bound ? g_strdup_printf("%s %" G_GUINT64_FORMAT, g_str_equal(field, "count") ? "exactly" : field,
                                bound->count)
              : NULL;
    g_autofree char *seen_text = g_strdup_printf("%u", seen);
    bool ok;

    if (!bound)
        return;
    ok = g_str_equal(field, "count")     ? seen == bound->count
         : g_str_equal(field, "at-most") ? seen <= bound->count
                                         : seen >= bound->count;
    rig_run_expect(run, ok, "bootloader runs", expected, seen_text);
}

static void run_expect_resets(struct rig_run *run, const struct rig_step *step)
{
    struct rig_board_view view = {0};
    GError *error = NULL;

    if (!run->board->probe->ops->view(run->board->probe, &view, &error)) {
        rig_run_error(run, error);
        return;
    }
    expect_bound(run, step, "count", view.n_boots - run->boots_before);
    expect_bound(run, step, "at-most", view.n_boots - run->boots_before);
    expect_bound(run, step, "at-least", view.n_boots - run->boots_before);
}

const struct rig_verb rig_verb_expect_resets = {
    .name = "expect-resets",
    .family = "expect",
    .about =
        "How often the bootloader ran since the last reset or power step, the run that it caused included.",
    .shape = &reset_shape,
    .within_us = 1000000,
    .at_once = true,
    .needs = needs_probe,
    .example = "expect-resets: {at-most: 2}",
    .run = run_expect_resets,
};

static const struct rig_field console_fields[] = {
    {.name = "line",
     .type = RIG_TYPE_LINE,
     .required = true,
     .min = 1,
     .about = "A piece of a line since the last reset or power step."},
    {.name = "absent",
     .type = RIG_TYPE_FLAG,
     .default_text = "false",
     .about = "It must not come before the deadline."},
};
static const struct rig_shape console_shape = {.name = "expect-console",
                                               .fields = console_fields,
                                               .n_fields = G_N_ELEMENTS(console_fields),
                                               .shorthand = "line"};

struct console_expectation {
    struct rig_run *run;
    const char *piece;
};

static bool line_seen(void *user)
{
    const struct console_expectation *expected = user;

    for (guint i = 0; i < expected->run->console->len; i++)
        if (strstr(g_ptr_array_index(expected->run->console, i), expected->piece))
            return true;
    return false;
}

/* A line that came is judged, whoever said it. */
static bool says_otherwise(const struct rig_board *board, const char *piece)
{
    return board->foreign_bootloader && board->subject && board->subject->model_prints(piece);
}

static void run_expect_console(struct rig_run *run, const struct rig_step *step)
{
    struct console_expectation expectation = {.run = run, .piece = rig_record_text(step->arguments, "line")};
    bool absent = rig_record_flag(step->arguments, "absent");
    g_autofree char *expected =
        g_strdup_printf("%s'%s'", absent ? "no line with " : "a line with ", expectation.piece);
    GError *error = NULL;
    bool seen = false;

    if (!rig_board_wait_for(run->board, rig_run_deadline_us(run, step), line_seen, &expectation, &seen,
                            &error))
        rig_run_error(run, error);
    else if (!seen && says_otherwise(run->board, expectation.piece))
        rig_run_not_judged(run, expected, "the text is that of the built-in bootloader model");
    else
        rig_run_expect(run, seen != absent, "console", expected, seen ? "such a line" : "no such line");
}

const struct rig_verb rig_verb_expect_console = {
    .name = "expect-console",
    .family = "expect",
    .about = "A console line with this text comes (or came since the last reset or power step).",
    .shape = &console_shape,
    .within_us = 10u * 1000 * 1000,
    .needs = needs_console,
    .example = "expect-console: \"Swap type: test\"",
    .run = run_expect_console,
};

static const char *const outcomes[] = {"ok",
                                       "timeout",
                                       "not-found",
                                       "link-lost",
                                       "not-connected",
                                       "key-missing",
                                       "key-different",
                                       "pairing-refused",
                                       "not-encrypted",
                                       "no-service",
                                       "no-characteristic",
                                       "no-property",
                                       "att-error",
                                       NULL};
static const struct rig_field link_fields[] = {
    {.name = "connected", .type = RIG_TYPE_FLAG, .about = "Whether there is a connection."},
    {.name = "encrypted", .type = RIG_TYPE_FLAG, .about = "Whether it is encrypted."},
    {.name = "bonded", .type = RIG_TYPE_FLAG, .about = "Whether the host holds a key for the board."},
    {.name = "mtu", .type = RIG_TYPE_COUNT, .about = "ATT_MTU in force."},
    {.name = "error",
     .type = RIG_TYPE_CHOICE,
     .list = true,
     .choices = outcomes,
     .about = "How the last link operation ended."},
};
static const char *const link_checks[] = {"connected", "encrypted", "bonded", "mtu", "error", NULL};
static const struct rig_shape link_shape = {.name = "expect-link",
                                            .fields = link_fields,
                                            .n_fields = G_N_ELEMENTS(link_fields),
                                            .at_least_one = link_checks};

struct link_expectation {
    struct rig_link *link;
    bool connected;
};

static bool connection_is(void *user)
{
    struct link_expectation *expected = user;
    struct rig_link_state state;

    expected->link->ops->state(expected->link, &state);
    return state.connected == expected->connected;
}

static void expect_flag(struct rig_run *run, const struct rig_step *step, const char *field, bool seen)
{
    const struct rig_value *wanted = rig_record_get(step->arguments, field);

    if (wanted)
        rig_run_expect(run, wanted->flag == seen, field, wanted->flag ? "true" : "false",
                       seen ? "true" : "false");
}

static void run_expect_link(struct rig_run *run, const struct rig_step *step)
{
    const struct rig_value *connected = rig_record_get(step->arguments, "connected");
    const struct rig_value *mtu = rig_record_get(step->arguments, "mtu");
    const struct rig_value *outcome = rig_record_get(step->arguments, "error");
    struct link_expectation expectation = {.link = run->board->link,
                                           .connected = connected && connected->flag};
    struct rig_link_state state;
    GError *error = NULL;
    bool ok;

    /* The end of a connection takes its supervision timeout to be noticed. */
    if (connected && !rig_board_wait_for(run->board, rig_run_deadline_us(run, step), connection_is,
                                         &expectation, &ok, &error)) {
        rig_run_error(run, error);
        return;
    }
    run->board->link->ops->state(run->board->link, &state);
    expect_flag(run, step, "connected", state.connected);
    expect_flag(run, step, "encrypted", state.encrypted);
    expect_flag(run, step, "bonded", state.bonded);
    if (mtu) {
        g_autofree char *expected = g_strdup_printf("%" G_GUINT64_FORMAT, mtu->count);
        g_autofree char *seen = g_strdup_printf("%u", state.mtu);

        rig_run_expect(run, mtu->count == state.mtu, "ATT_MTU", expected, seen);
    }
    if (outcome) {
        g_autofree char *expected = rig_list_text(outcome);

        rig_run_expect(run, rig_list_has(outcome, rig_link_outcome_name(run->last_link)),
                       "last link operation", expected, rig_link_outcome_name(run->last_link));
    }
}

static const char *const needs_ble[] = {"ble", NULL};
const struct rig_verb rig_verb_expect_link = {
    .name = "expect-link",
    .family = "expect",
    .about =
        "The host's view of the link: connected, encrypted, bonded, ATT_MTU, how the last operation ended.",
    .shape = &link_shape,
    .within_us = 10u * 1000 * 1000,
    .needs = needs_ble,
    .example = "expect-link: {connected: true, encrypted: true, bonded: true}",
    .run = run_expect_link,
};
