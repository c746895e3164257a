/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Verbs: connect, disconnect, pair, answer-pairing, forget-bond, notifications. */
#include "steps/verbs.h"

#include "base/error.h"
#include "steps/fit.h"

static const char *const outcome_choices[] = {"ok",
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
                                              "any",
                                              NULL};
static const char *const needs_ble[] = {"ble", NULL};
static const char *const needs_update[] = {"update", NULL};
static const char *const needs_bonding[] = {"ble", "bonding", NULL};

#define FIELD_EXPECT_LINK(owner)                                                                             \
    RIG_FIELD("expect", CHOICE, owner, outcomes, .list = true, .choices = outcome_choices,                   \
              .default_text = "ok", .about = "What must come of it; several = any of them.")

static void judge_link(struct rig_run *run, const char *const *wanted, const char *what,
                       enum rig_link_outcome outcome)
{
    const char *name = rig_link_outcome_name(outcome);
    g_autofree char *expected = rig_words_text(wanted);
    g_autofree char *seen = NULL;
    struct rig_link_state state;
    char cause[400] = "";

    run->board->link->ops->state(run->board->link, &state);
    if (outcome != RIG_LINK_OK && run->update->protocol->explain)
        run->update->protocol->explain(run->update, outcome, cause, sizeof cause);
    seen = outcome == RIG_LINK_OK
               ? g_strdup("ok")
               : g_strdup_printf("%s (%s%s%s)", name, state.text, cause[0] ? ": " : "", cause);
    run->last_link = outcome;
    if (outcome != RIG_LINK_OK && rig_blame_host(run, what))
        return;
    rig_run_expect(run, rig_words_have(wanted, "any") || rig_words_have(wanted, name), what, expected, seen);
}

/* In the order of struct rig_link_connect.ignores_changes. */
static const char *const which_hosts[] = {"first", "second", NULL};
static const char *const changes[] = {"honoured", "ignored", NULL};
struct connect_arguments {
    const bool *pair;
    const guint16 *mtu;
    bool update_service;
    const char *service_changed;
    const char *host;
    const char *const *outcomes;
};
static const struct rig_field connect_fields[] = {
    RIG_FIELD("pair", FLAG, struct connect_arguments, pair,
              .about =
                  "Want an encrypted link: by the stored key, or by pairing where there is none. Without "
                  "it: where the target of its own accord serves updates over encrypted links only "
                  "(`update-needs`)."),
    RIG_FIELD("mtu", COUNT, struct connect_arguments, mtu, .min = 23, .max = 517,
              .about = "ATT_MTU to ask for; without it the most the host can."),
    RIG_FIELD("update-service", FLAG, struct connect_arguments, update_service, .default_text = "true",
              .about =
                  "Subscribe to the update service, which must be there. false: the connection alone, for "
                  "`att-write` and the like; `connect` again on it subscribes."),
    RIG_FIELD("service-changed", CHOICE, struct connect_arguments, service_changed, .choices = changes,
              .default_text = "honoured",
              .about =
                  "`ignored`: the host does not look again when the board tells that its services changed, "
                  "and, bonded, keeps what it found on an earlier connection; needs `raw-gatt`."),
    RIG_FIELD(
        "host", CHOICE, struct connect_arguments, host, .choices = which_hosts, .default_text = "first",
        .about = "Who connects: a second host has an address and keys of its own, and is left out as long as "
                 "the other one is connected; needs `second-host`."),
    FIELD_EXPECT_LINK(struct connect_arguments),
};
static const struct rig_shape connect_shape = {
    RIG_SHAPE("connect", connect_fields, struct connect_arguments)};

static void run_connect(struct rig_run *run, const struct rig_step *step)
{
    const struct connect_arguments *arguments = RIG_ARGUMENTS(step, struct connect_arguments);
    struct rig_link_connect how = {
        .mtu = arguments->mtu ? *arguments->mtu : 0,
        .pair = arguments->pair ? *arguments->pair : run->board->demands.encryption,
        .host = g_str_equal(arguments->host, "second") ? RIG_LINK_SECOND_HOST : RIG_LINK_FIRST_HOST,
        .connection_only = !arguments->update_service,
        .ignores_changes = g_str_equal(arguments->service_changed, "ignored"),
        .until_us = rig_run_deadline_us(run, step),
    };
    struct rig_update_result result;
    enum rig_link_outcome outcome;
    GError *error = NULL;

    if (!rig_update_connect(run->update, &how, &outcome, &error)) {
        rig_run_error(run, error);
        return;
    }
    judge_link(run, arguments->outcomes, "connection", outcome);
    if (outcome != RIG_LINK_OK || !arguments->update_service || !run->update->protocol->greet)
        return;
    if (!run->update->protocol->greet(run->update, how.until_us, &result, &error))
        rig_run_error(run, error);
    else if (result.kind != RIG_UPDATE_DONE)
        rig_run_expect(run, false, "asking the board what a client has to know", "ok", result.text);
}

/* Who pairs and expects a bond does so with a board that bonds. */
static char *no_bonds(const char *const *outcomes, const struct rig_fit *fit)
{
    if (!rig_words_have(outcomes, "ok") || rig_fit_flag(fit, "bonding") || rig_fit_is_chosen(fit, "bonding"))
        return NULL;
    return g_strdup_printf("target '%s' does not bond ('bonding: false')", fit->target->name);
}

/* Two sides of which neither can show or take anything can only pair by Just Works. */
static char *no_pairing(const char *const *outcomes, const struct rig_fit *fit)
{
    const struct rig_value *just_works = rig_fit_option(fit, "just-works");
    char *reason = no_bonds(outcomes, fit);

    if (reason || !rig_words_have(outcomes, "ok") || fit->answers_pairing || !just_works ||
        just_works->flag || rig_fit_is_chosen(fit, "just-works"))
        return reason;
    return g_strdup_printf(
        "target '%s' does not pair by Just Works ('just-works: false'), and nobody answers "
        "on this side ('answer-pairing')",
        fit->target->name);
}

static char *connect_unfit(const struct rig_step *step, struct rig_fit *fit)
{
    const struct connect_arguments *arguments = RIG_ARGUMENTS(step, struct connect_arguments);
    guint64 mtu = rig_fit_count(fit, "mtu", 517);
    const char *demand = rig_fit_choice(fit, "update-needs", "nothing");
    bool chosen = rig_fit_is_chosen(fit, "update-needs");

    fit->mtu = !rig_board_can(fit->board, "ble") ? 0 : arguments->mtu ? MIN(mtu, *arguments->mtu) : mtu;
    if (!rig_fit_minds(fit, "maintenance") &&
        !g_str_equal(rig_fit_choice(fit, "maintenance", "none"), "none"))
        return g_strdup_printf(
            "target '%s' takes updates in its maintenance mode alone ('maintenance'), and the case "
            "does not enter it",
            fit->target->name);
    if (!chosen && g_str_equal(demand, "authentication") && !fit->answers_pairing)
        return g_strdup_printf("target '%s' wants an authenticated link ('update-needs'), and nobody answers "
                               "on this side ('answer-pairing')",
                               fit->target->name);
    if (arguments->pair ? *arguments->pair : !chosen && !g_str_equal(demand, "nothing"))
        return no_pairing(arguments->outcomes, fit);
    return NULL;
}

static const char *connect_lacks(const struct rig_step *step, const char *const *capabilities)
{
    const struct connect_arguments *arguments = RIG_ARGUMENTS(step, struct connect_arguments);

    if (g_str_equal(arguments->host, "second") && !rig_words_have(capabilities, "second-host"))
        return "second-host";
    return g_str_equal(arguments->service_changed, "ignored") && !rig_words_have(capabilities, "raw-gatt")
               ? "raw-gatt"
               : NULL;
}

const struct rig_verb rig_verb_connect = {
    .name = "connect",
    .family = "link",
    .about =
        "Connects to the board, subscribes to its update service and makes ready for an update; with SMP: "
        "asks for the parameters. A host that holds a bond encrypts.",
    .shape = &connect_shape,
    .within_us = 20u * 1000 * 1000,
    .needs = needs_update,
    .lacks = connect_lacks,
    .unfit = connect_unfit,
    .example = "connect: {pair: true, mtu: 247}",
    .run = run_connect,
};

static const struct rig_shape no_arguments = {.name = "none", .n_fields = 0};

static void run_disconnect(struct rig_run *run, const struct rig_step *step)
{
    GError *error = NULL;

    (void)step;
    if (!run->board->link->ops->disconnect(run->board->link, &error))
        rig_run_error(run, error);
}

const struct rig_verb rig_verb_disconnect = {
    .name = "disconnect",
    .family = "link",
    .about = "The host ends the connection.",
    .shape = &no_arguments,
    .within_us = 10u * 1000 * 1000,
    .at_once = true,
    .needs = needs_update,
    .example = "disconnect:",
    .run = run_disconnect,
};

struct pair_arguments {
    const char *const *outcomes;
};
static const struct rig_field pair_fields[] = {FIELD_EXPECT_LINK(struct pair_arguments)};
static const struct rig_shape pair_shape = {RIG_SHAPE("pair", pair_fields, struct pair_arguments),
                                            .shorthand = "expect"};

static void run_pair(struct rig_run *run, const struct rig_step *step)
{
    enum rig_link_outcome outcome;
    GError *error = NULL;

    if (!run->board->link->ops->pair(run->board->link, rig_run_deadline_us(run, step), &outcome, &error))
        rig_run_error(run, error);
    else
        judge_link(run, RIG_ARGUMENTS(step, struct pair_arguments)->outcomes, "pairing", outcome);
}

static char *pair_unfit(const struct rig_step *step, struct rig_fit *fit)
{
    return no_pairing(RIG_ARGUMENTS(step, struct pair_arguments)->outcomes, fit);
}

const struct rig_verb rig_verb_pair = {
    .name = "pair",
    .family = "link",
    .about = "Pairs anew on the open connection, whatever bond there was.",
    .shape = &pair_shape,
    .within_us = 30u * 1000 * 1000,
    .needs = needs_bonding,
    .unfit = pair_unfit,
    .example = "pair: {expect: pairing-refused}",
    .run = run_pair,
};

/* In the order of enum rig_link_io. */
static const char *const ios[] = {"none", "display", "keyboard", "yes-no", "keyboard-display", NULL};
struct answer_arguments {
    enum rig_link_io io;
    const guint32 *passkey;
    bool refuse;
};
static const struct rig_field answer_fields[] = {
    RIG_FIELD(
        "io", CHOICE, struct answer_arguments, io, .choices = ios, .default_text = "none",
        .about = "What the host has: nothing (Just Works), a display, a keyboard, a display with yes and no, "
                 "keyboard and display."),
    RIG_FIELD("passkey", COUNT, struct answer_arguments, passkey, .max = 999999,
              .about = "The digits that are typed in; with yes-no the number that must be shown."),
    RIG_FIELD("refuse", FLAG, struct answer_arguments, refuse, .default_text = "false",
              .about = "Say no to whatever is asked."),
};
static const char *const ios_with_digits[] = {"keyboard", "yes-no", "keyboard-display", NULL};
static const struct rig_rule pairing_rules[] = {
    {.field = "passkey", .kind = RIG_RULE_NEEDS, .other = "io", .others = ios_with_digits},
    {0},
};
static const struct rig_shape answer_shape = {
    RIG_SHAPE("answer-pairing", answer_fields, struct answer_arguments), .rules = pairing_rules};

static void run_answer_pairing(struct rig_run *run, const struct rig_step *step)
{
    const struct answer_arguments *arguments = RIG_ARGUMENTS(step, struct answer_arguments);
    const struct rig_link_answers answers = {
        .io = arguments->io,
        .has_passkey = arguments->passkey != NULL,
        .passkey = arguments->passkey ? *arguments->passkey : 0,
        .refuse = arguments->refuse,
    };
    GError *error = NULL;

    if (!run->board->link->ops->answer)
        rig_run_error_text(run, "this link asks nothing when it pairs: nobody can answer");
    else if (!run->board->link->ops->answer(run->board->link, &answers, &error))
        rig_run_error(run, error);
}

static char *answer_pairing_unfit(const struct rig_step *step, struct rig_fit *fit)
{
    (void)step;
    fit->answers_pairing = true;
    return NULL;
}

const struct rig_verb rig_verb_answer_pairing = {
    .name = "answer-pairing",
    .family = "link",
    .about = "What the host has to pair with, and how its user answers, from now on. Without it the host has "
             "nothing and says yes.",
    .shape = &answer_shape,
    .within_us = 10u * 1000 * 1000,
    .at_once = true,
    .needs = needs_bonding,
    .unfit = answer_pairing_unfit,
    .example = "answer-pairing: {io: keyboard, passkey: 123456}",
    .run = run_answer_pairing,
};

static const char *const sides[] = {"host", "board", "both", NULL};
static const char *const losses[] = {"erased", "replaced", NULL};
struct forget_arguments {
    const char *side;
    const char *how;
};
static const struct rig_field forget_fields[] = {
    RIG_FIELD("on", CHOICE, struct forget_arguments, side, .choices = sides, .required = true,
              .about = "Whose half of the bond is lost."),
    RIG_FIELD("how", CHOICE, struct forget_arguments, how, .choices = losses, .default_text = "erased",
              .about =
                  "'replaced': another key takes the place of the board's, so that both sides have keys that "
                  "differ; on the board only."),
};
static const char *const replaced[] = {"replaced", NULL};
static const char *const board_only[] = {"board", NULL};
static const struct rig_rule forget_rules[] = {
    {.field = "how", .values = replaced, .kind = RIG_RULE_NEEDS, .other = "on", .others = board_only},
    {0},
};
static const struct rig_shape forget_shape = {
    RIG_SHAPE("forget-bond", forget_fields, struct forget_arguments), .shorthand = "on",
    .rules = forget_rules};

static bool replace_on_board(struct rig_run *run, const char *side, GError **error)
{
    const char *why = !g_str_equal(side, "board") ? "the host's key cannot be replaced: use 'on: board'"
                      : !run->board->bonds        ? "the keys of this board cannot be replaced"
                                                  : NULL;

    if (!why)
        return run->board->bonds->replace(run->board, error);
    g_set_error_literal(error, RIG_ERROR, RIG_ERROR_UNSUPPORTED, why);
    return false;
}

static bool forget_on_board(struct rig_run *run, GError **error)
{
    if (run->board->bonds)
        return run->board->bonds->forget(run->board, error);
    g_set_error_literal(error, RIG_ERROR, RIG_ERROR_UNSUPPORTED,
                        "the board's half of a bond cannot be taken from this board");
    return false;
}

static void run_forget_bond(struct rig_run *run, const struct rig_step *step)
{
    const char *side = RIG_ARGUMENTS(step, struct forget_arguments)->side;
    const char *how = RIG_ARGUMENTS(step, struct forget_arguments)->how;
    GError *error = NULL;
    bool ok = true;

    if (g_str_equal(how, "replaced"))
        ok = replace_on_board(run, side, &error);
    else if (!g_str_equal(side, "board"))
        ok = run->board->link->ops->forget_bond(run->board->link, &error);
    if (ok && !g_str_equal(side, "host") && g_str_equal(how, "erased"))
        ok = forget_on_board(run, &error);
    if (!ok)
        rig_run_error(run, error);
}

const struct rig_verb rig_verb_forget_bond = {
    .name = "forget-bond",
    .family = "link",
    .about = "One side (or both) loses its keys, as a reinstalled phone or an erased settings area does.",
    .shape = &forget_shape,
    .within_us = 10u * 1000 * 1000,
    .at_once = true,
    .needs = needs_bonding,
    .example = "forget-bond: {on: host}",
    .run = run_forget_bond,
};

struct notification_arguments {
    bool on;
    const char *const *outcomes;
};
static const struct rig_field notification_fields[] = {
    RIG_FIELD("on", FLAG, struct notification_arguments, on, .required = true,
              .about = "Whether the host is subscribed."),
    FIELD_EXPECT_LINK(struct notification_arguments),
};
static const struct rig_shape notification_shape = {
    RIG_SHAPE("notifications", notification_fields, struct notification_arguments), .shorthand = "on"};

static void run_notifications(struct rig_run *run, const struct rig_step *step)
{
    const struct notification_arguments *arguments = RIG_ARGUMENTS(step, struct notification_arguments);
    enum rig_link_outcome outcome;
    GError *error = NULL;

    if (!run->update->protocol->subscribe(run->update, arguments->on, &outcome, &error))
        rig_run_error(run, error);
    else
        judge_link(run, arguments->outcomes, "subscription", outcome);
}

const struct rig_verb rig_verb_notifications = {
    .name = "notifications",
    .family = "link",
    .about = "Subscribes to the update characteristic or ends the subscription.",
    .shape = &notification_shape,
    .within_us = 10u * 1000 * 1000,
    .at_once = true,
    .needs = needs_ble,
    .example = "notifications: {on: false}",
    .run = run_notifications,
};
