/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Verbs: expect-boot, expect-board, expect-resets, expect-console, expect-link: what the board does and how
 * the host sees it. */
#include "steps/verbs.h"

#include "base/error.h"
#include "steps/fit.h"
#include "steps/look.h"

#include <string.h>

static const char *const needs_probe[] = {"probe", NULL};
static const char *const needs_console[] = {"console", NULL};

struct boot_arguments {
    const char *const *images;
    const bool *confirmed;
    const guint32 *boots;
};
static const struct rig_field boot_fields[] = {
    RIG_FIELD("image", IMAGE, struct boot_arguments, images, .list = true, .required = true,
              .about = "The image that must run; several = any of them."),
    RIG_FIELD("confirmed", FLAG, struct boot_arguments, confirmed, .about = "Whether it must be confirmed."),
    RIG_FIELD("boots", COUNT, struct boot_arguments, boots, .min = 1,
              .about = "It may take so many bootloader runs since the last reset or power-on, no more."),
};
static const struct rig_shape boot_shape = {RIG_SHAPE("expect-boot", boot_fields, struct boot_arguments),
                                            .shorthand = "image"};

struct boot_expectation {
    struct rig_run *run;
    const struct boot_arguments *wanted;
    struct rig_board_view view;
};

/* The server names an image by its hash as it is stored, of which the view has the first bytes. */
static bool is_seen(const struct rig_run *run, const struct rig_built_image *image,
                    const struct rig_board_view *view)
{
    if (rig_look_by_server(run->board))
        return image->n_smp_hash >= sizeof view->hash &&
               memcmp(image->smp_hash, view->hash, sizeof view->hash) == 0;
    return image->has_hash && memcmp(image->hash, view->hash, RIG_IMAGE_HASH_BYTES) == 0;
}

static bool fits_view(void *user, const struct rig_board_view *view)
{
    const struct boot_expectation *expected = user;
    const struct boot_arguments *wanted = expected->wanted;
    struct rig_run *run = expected->run;

    if (view->state != RIG_STATE_RUNNING || !view->has_image)
        return false;
    if (wanted->confirmed && *wanted->confirmed != view->confirmed)
        return false;
    for (const char *const *name = wanted->images; *name; name++) {
        const struct rig_built_image *image = rig_run_image(run, *name);

        if (!image || is_seen(run, image, view))
            return true; /* an image that cannot be built is trouble already: no need to wait */
    }
    return false;
}

static bool runs_as_expected(void *user)
{
    struct boot_expectation *expected = user;
    struct rig_probe *probe = expected->run->board->probe;

    return probe->ops->view(probe, &expected->view, NULL) && fits_view(expected, &expected->view);
}

/* Until it does, or the deadline is over. false: trouble. */
static bool await_expected(struct boot_expectation *expected, guint64 until_us, bool *ok)
{
    struct rig_run *run = expected->run;
    GError *error = NULL;

    if (rig_look_by_server(run->board)) {
        *ok = rig_look_until(run, until_us, fits_view, expected, &expected->view);
        return !rig_run_troubled(run);
    }
    if (rig_board_wait_for(run->board, until_us, runs_as_expected, expected, ok, &error))
        return true;
    rig_run_error(run, error);
    return false;
}

static void expect_few_boots(struct rig_run *run, guint most, guint seen)
{
    g_autofree char *expected = g_strdup_printf("at most %u", most);
    g_autofree char *seen_text = g_strdup_printf("%u", seen);

    rig_run_expect(run, seen <= most, "bootloader runs", expected, seen_text);
}

/* What the update server does not tell. */
static void judge_boots(struct rig_run *run, guint most, const struct rig_board_view *view)
{
    if (rig_look_by_server(run->board))
        rig_run_note(run, "not judged: at most %u bootloader runs: the board has no probe that counts them",
                     most);
    else
        expect_few_boots(run, most, view->n_boots - run->boots_before);
}

/* The board did not boot in the time that it was given, and had not stopped either. */
static char *describe_busy(struct rig_run *run, const struct rig_step *step)
{
    const char *line =
        run->console->len ? g_ptr_array_index(run->console, run->console->len - 1) : "nothing yet";

    if (rig_look_by_server(run->board))
        return g_strdup("the update server does not answer");
    return g_strdup_printf("still booting: the deadline of %" G_GUINT64_FORMAT
                           " ms ended while the board was busy; its console said last: %s",
                           step->within_us / 1000, line);
}

static void run_expect_boot(struct rig_run *run, const struct rig_step *step)
{
    const struct boot_arguments *wanted = RIG_ARGUMENTS(step, struct boot_arguments);
    struct boot_expectation expectation = {.run = run, .wanted = wanted};
    g_autofree char *names = rig_words_text(wanted->images);
    g_autofree char *expected =
        wanted->confirmed ? g_strdup_printf("%s, %s", names, *wanted->confirmed ? "confirmed" : "unconfirmed")
                          : g_strdup(names);
    g_autofree char *seen = NULL;
    bool ok = false;

    if (!await_expected(&expectation, rig_run_deadline_us(run, step), &ok) || rig_run_troubled(run) ||
        (!ok && !rig_run_can_look(run)))
        return;
    seen = expectation.view.state == RIG_STATE_BOOTING ? describe_busy(run, step)
                                                       : rig_run_describe_board(run, &expectation.view);
    if (rig_run_expect(run, ok, "running image", expected, seen) && wanted->boots)
        judge_boots(run, *wanted->boots, &expectation.view);
}

static char *silent_unfit(const struct rig_fit *fit)
{
    return fit->board->silent_boots
               ? g_strdup_printf(
                     "the bootloader of target '%s' prints nothing ('boot-line: none'): how often it "
                     "ran is not seen",
                     fit->target->name)
               : NULL;
}

static char *expect_boot_unfit(const struct rig_step *step, struct rig_fit *fit)
{
    const struct boot_arguments *wanted = RIG_ARGUMENTS(step, struct boot_arguments);
    bool overwrites = fit->layout.mode == RIG_SWAP_OVERWRITE && !rig_fit_is_chosen(fit, "swap");

    fit->update_runs = fit->uploaded && rig_words_have(wanted->images, fit->uploaded);
    if (wanted->boots && fit->board->silent_boots)
        return silent_unfit(fit);
    if (wanted->confirmed && fit->layout.family != RIG_BOOTLOADER_MCUBOOT)
        return g_strdup_printf("%s knows no image on trial: 'confirmed' says nothing of its images",
                               rig_bootloader_family_name(fit->layout.family));
    if (overwrites && wanted->confirmed && !*wanted->confirmed)
        return g_strdup_printf("target '%s' overwrites: there is no trial, and nothing is unconfirmed",
                               fit->target->name);
    if (overwrites && wanted->confirmed && rig_fit_flag(fit, "overwrite-fast"))
        return g_strdup_printf(
            "target '%s' leaves the trailer of slot 0 as it was ('overwrite-fast'): it does "
            "not say what is confirmed",
            fit->target->name);
    return wanted->images[0] && !wanted->images[1] ? rig_fit_no_room(fit, wanted->images[0], 0) : NULL;
}

static const char *boot_lacks(const struct rig_step *step, const char *const *capabilities)
{
    (void)step;
    return rig_look_lacks(capabilities);
}

const struct rig_verb rig_verb_expect_boot = {
    .name = "expect-boot",
    .family = "expect",
    .about =
        "The board comes up and runs this image (or one of these) before the deadline. A board without a "
        "probe is asked over SMP, which tells the running image by its hash, and no `boots`.",
    .shape = &boot_shape,
    .within_us = 20u * 1000 * 1000,
    .lacks = boot_lacks,
    .unfit = expect_boot_unfit,
    .example = "expect-boot: {image: [old, new], boots: 4}",
    .run = run_expect_boot,
};

static const char *const states[] = {"running", "hung", "no-image", "updater", "off", "halted", NULL};
struct board_arguments {
    const char *const *states;
};
static const struct rig_field board_fields[] = {
    RIG_FIELD("state", CHOICE, struct board_arguments, states, .list = true, .choices = states,
              .required = true, .about = "What the board must come to."),
};
static const struct rig_shape board_shape = {RIG_SHAPE("expect-board", board_fields, struct board_arguments),
                                             .shorthand = "state"};

static const char *state_keyword(enum rig_run_state state)
{
    static const char *const words[] = {"off", "booting", "running", "hung", "no-image", "halted", "updater"};

    return words[state];
}

struct board_expectation {
    struct rig_probe *probe;
    const char *const *states;
    struct rig_board_view view;
};

static bool is_in_state(void *user)
{
    struct board_expectation *expected = user;

    return expected->probe->ops->view(expected->probe, &expected->view, NULL) &&
           rig_words_have(expected->states, state_keyword(expected->view.state));
}

static void run_expect_board(struct rig_run *run, const struct rig_step *step)
{
    const char *const *wanted = RIG_ARGUMENTS(step, struct board_arguments)->states;
    struct board_expectation expectation = {.probe = run->board->probe, .states = wanted};
    g_autofree char *expected = rig_words_text(wanted);
    GError *error = NULL;
    bool ok = false;

    if (run->board->blind_to_hangs && rig_words_have(wanted, "hung") && !rig_words_have(wanted, "running")) {
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

/* A bootloader that finds nothing to boot may have something else to do. */
static char *board_unfit(const struct rig_step *step, struct rig_fit *fit)
{
    const char *const *wanted = RIG_ARGUMENTS(step, struct board_arguments)->states;
    const struct rig_value *ways = rig_fit_option(fit, "serial-recovery");

    if (!rig_words_have(wanted, "no-image") || rig_words_have(wanted, "updater"))
        return NULL;
    for (guint i = 0; ways && i < ways->items->len; i++)
        if (g_str_equal(((const struct rig_value *)g_ptr_array_index(ways->items, i))->keyword, "no-image"))
            return g_strdup_printf("without an image target '%s' is in serial recovery", fit->target->name);
    return NULL;
}

const struct rig_verb rig_verb_expect_board = {
    .name = "expect-board",
    .family = "expect",
    .about = "The board comes to this state before the deadline: `running`, `hung`, `no-image` (the "
             "bootloader found nothing to boot), `updater` (the bootloader waits for an update), `off`, "
             "`halted` (stopped by the debug probe).",
    .shape = &board_shape,
    .within_us = 20u * 1000 * 1000,
    .needs = needs_probe,
    .unfit = board_unfit,
    .example = "expect-board: no-image",
    .run = run_expect_board,
};

struct reset_arguments {
    const guint32 *count;
    const guint32 *at_most;
    const guint32 *at_least;
};
static const struct rig_field reset_fields[] = {
    RIG_FIELD("count", COUNT, struct reset_arguments, count, .about = "Exactly so many."),
    RIG_FIELD("at-most", COUNT, struct reset_arguments, at_most, .about = "No more than so many."),
    RIG_FIELD("at-least", COUNT, struct reset_arguments, at_least, .min = 1, .about = "No fewer."),
};
static const char *const reset_checks[] = {"count", "at-most", "at-least", NULL};
static const struct rig_rule reset_rules[] = {
    {.field = "at-most", .kind = RIG_RULE_NOT_BESIDE, .other = "count"},
    {.field = "at-least", .kind = RIG_RULE_NOT_BESIDE, .other = "count"},
    {.field = "at-least", .kind = RIG_RULE_AT_MOST, .other = "at-most"},
    {0},
};
static const struct rig_shape reset_shape = {RIG_SHAPE("expect-resets", reset_fields, struct reset_arguments),
                                             .shorthand = "count", .at_least_one = reset_checks,
                                             .rules = reset_rules};

static void expect_bound(struct rig_run *run, bool ok, const char *relation, guint bound, guint seen)
{
    g_autofree char *expected = g_strdup_printf("%s %u", relation, bound);
    g_autofree char *seen_text = g_strdup_printf("%u", seen);

    rig_run_expect(run, ok, "bootloader runs", expected, seen_text);
}

static void run_expect_resets(struct rig_run *run, const struct rig_step *step)
{
    const struct reset_arguments *wanted = RIG_ARGUMENTS(step, struct reset_arguments);
    struct rig_board_view view = {0};
    GError *error = NULL;
    guint seen;

    if (!run->board->probe->ops->view(run->board->probe, &view, &error)) {
        rig_run_error(run, error);
        return;
    }
    seen = view.n_boots - run->boots_before;
    if (wanted->count)
        expect_bound(run, seen == *wanted->count, "exactly", *wanted->count, seen);
    if (wanted->at_most)
        expect_bound(run, seen <= *wanted->at_most, "at-most", *wanted->at_most, seen);
    if (wanted->at_least)
        expect_bound(run, seen >= *wanted->at_least, "at-least", *wanted->at_least, seen);
}

static char *expect_resets_unfit(const struct rig_step *step, struct rig_fit *fit)
{
    (void)step;
    return silent_unfit(fit);
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
    .unfit = expect_resets_unfit,
    .run = run_expect_resets,
};

struct console_arguments {
    const char *line;
    bool absent;
};
static const struct rig_field console_fields[] = {
    RIG_FIELD("line", LINE, struct console_arguments, line, .required = true, .min = 1,
              .about = "A piece of a line since the last reset or power step."),
    RIG_FIELD("absent", FLAG, struct console_arguments, absent, .default_text = "false",
              .about = "It must not come before the deadline."),
};
static const struct rig_shape console_shape = {
    RIG_SHAPE("expect-console", console_fields, struct console_arguments), .shorthand = "line"};

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

/* An expectation that nobody can judge on this board: on record as such, neither kept nor broken. */
static void run_not_judged(struct rig_run *run, const char *what, const char *why)
{
    rig_run_note(run, "not judged on bootloader '%s': %s: %s", run->board->foreign_bootloader, what, why);
}

static void run_expect_console(struct rig_run *run, const struct rig_step *step)
{
    const struct console_arguments *wanted = RIG_ARGUMENTS(step, struct console_arguments);
    struct console_expectation expectation = {.run = run, .piece = wanted->line};
    bool absent = wanted->absent;
    g_autofree char *expected =
        g_strdup_printf("%s'%s'", absent ? "no line with " : "a line with ", expectation.piece);
    GError *error = NULL;
    bool seen = false;

    if (!rig_board_wait_for(run->board, rig_run_deadline_us(run, step), line_seen, &expectation, &seen,
                            &error))
        rig_run_error(run, error);
    else if (!seen && says_otherwise(run->board, expectation.piece))
        run_not_judged(run, expected, "the text is that of the built-in bootloader model");
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
struct link_arguments {
    const bool *connected;
    const bool *encrypted;
    const bool *bonded;
    const guint32 *mtu;
    const char *const *outcomes;
};
static const struct rig_field link_fields[] = {
    RIG_FIELD("connected", FLAG, struct link_arguments, connected, .about = "Whether there is a connection."),
    RIG_FIELD("encrypted", FLAG, struct link_arguments, encrypted, .about = "Whether it is encrypted."),
    RIG_FIELD("bonded", FLAG, struct link_arguments, bonded,
              .about = "Whether the host holds a key for the board."),
    RIG_FIELD("mtu", COUNT, struct link_arguments, mtu, .about = "ATT_MTU in force."),
    RIG_FIELD("error", CHOICE, struct link_arguments, outcomes, .list = true, .choices = outcomes,
              .about = "How the last link operation ended."),
};
static const char *const link_checks[] = {"connected", "encrypted", "bonded", "mtu", "error", NULL};
static const struct rig_shape link_shape = {RIG_SHAPE("expect-link", link_fields, struct link_arguments),
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

static void expect_flag(struct rig_run *run, const char *what, const bool *wanted, bool seen)
{
    if (wanted)
        rig_run_expect(run, *wanted == seen, what, *wanted ? "true" : "false", seen ? "true" : "false");
}

static void run_expect_link(struct rig_run *run, const struct rig_step *step)
{
    const struct link_arguments *wanted = RIG_ARGUMENTS(step, struct link_arguments);
    struct link_expectation expectation = {.link = run->board->link,
                                           .connected = wanted->connected && *wanted->connected};
    struct rig_link_state state;
    GError *error = NULL;
    bool ok;

    /* The end of a connection takes its supervision timeout to be noticed. */
    if (wanted->connected && !rig_board_wait_for(run->board, rig_run_deadline_us(run, step), connection_is,
                                                 &expectation, &ok, &error)) {
        rig_run_error(run, error);
        return;
    }
    run->board->link->ops->state(run->board->link, &state);
    expect_flag(run, "connected", wanted->connected, state.connected);
    expect_flag(run, "encrypted", wanted->encrypted, state.encrypted);
    expect_flag(run, "bonded", wanted->bonded, state.bonded);
    if (wanted->mtu) {
        g_autofree char *expected = g_strdup_printf("%u", *wanted->mtu);
        g_autofree char *seen = g_strdup_printf("%u", state.mtu);

        rig_run_expect(run, *wanted->mtu == state.mtu, "ATT_MTU", expected, seen);
    }
    if (wanted->outcomes) {
        g_autofree char *expected = rig_words_text(wanted->outcomes);

        rig_run_expect(run, rig_words_have(wanted->outcomes, rig_link_outcome_name(run->last_link)),
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
