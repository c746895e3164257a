/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Verbs that only Nordic's DFU has: enter-bootloader, dfu-request. */
#include "steps/verbs.h"

#include "base/error.h"
#include "drivers/update/nordic/nordic_client.h"

#include <string.h>

static const char *const needs_dfu[] = {"update", "dfu", NULL};
static const char *const needs_buttonless[] = {"update", "dfu", "buttonless", NULL};

/* --- enter-bootloader --- */

/* In the order of enum rig_link_where, from AT_ADDRESS on. */
static const char *const places[] = {"address", "next-address", "either-address", "name", NULL};
static const char *const at_name[] = {"name", NULL};
static const char *const enter_outcomes[] = {
    "ok", "refused", "silence", "link-lost", "malformed-answer", "no-progress", "any", NULL};

struct enter_arguments {
    const char *name;
    const char *at;
    const bool *pair;
    struct rig_expected_answer expected;
};
static const struct rig_field enter_fields[] = {
    RIG_FIELD("name", TEXT, struct enter_arguments, name, .max = 20,
              .about =
                  "The name that the bootloader shall advertise: told to the application first; only open "
                  "buttonless services take one."),
    RIG_FIELD("at", CHOICE, struct enter_arguments, at, .choices = places,
              .about =
                  "Where the bootloader has to be found, and nowhere else. Without it: under `name`, else "
                  "at the same address where the bond is handed over, else at address + 1 (least "
                  "significant byte, without carry); a legacy bootloader at either."),
    RIG_FIELD("pair", FLAG, struct enter_arguments, pair,
              .about = "Encrypt when connecting to the bootloader; without it as for `connect`."),
    RIG_FIELD("expect", CHOICE, struct enter_arguments, expected.outcomes, .list = true,
              .choices = enter_outcomes, .default_text = "ok",
              .about =
                  "What must come of it; several = any of them. `refused`: the application answers with an "
                  "error; `no-progress`: the board comes back as its application; `link-lost`: also when the "
                  "bootloader is not found, or ends the connection."),
    RIG_FIELD_EXPECT_RC(struct enter_arguments, expected),
};
static const struct rig_rule enter_rules[] = {
    {.field = "at", .values = at_name, .kind = RIG_RULE_NEEDS, .other = "name"}, RIG_RULE_EXPECT_RC, {0}};
static const struct rig_shape enter_shape = {
    RIG_SHAPE("enter-bootloader", enter_fields, struct enter_arguments), .rules = enter_rules};

static enum rig_link_where where_of(const char *word)
{
    guint i = 0;

    while (!g_str_equal(places[i], word))
        i++;
    return (enum rig_link_where)(RIG_LINK_AT_ADDRESS + i);
}

/* The client; NULL: the board speaks another protocol, which ends the case as skipped. */
static struct rig_nordic_client *client_of(struct rig_run *run)
{
    struct rig_nordic_client *client = rig_nordic_client_of(run->update);

    if (!client)
        rig_run_unable(run,
                       g_error_new(RIG_ERROR, RIG_ERROR_UNSUPPORTED, "the board speaks %s, not Nordic's DFU",
                                   run->update->protocol->name));
    return client;
}

static void run_enter(struct rig_run *run, const struct rig_step *step)
{
    const struct enter_arguments *arguments = RIG_ARGUMENTS(step, struct enter_arguments);
    enum rig_link_where where = arguments->at ? where_of(arguments->at) : RIG_LINK_AS_CONFIGURED;
    const struct rig_update_entry entry = {
        .name = arguments->name,
        .where = arguments->at ? &where : NULL,
        .pair = arguments->pair ? *arguments->pair : run->board->demands.encryption,
        .until_us = rig_run_deadline_us(run, step),
    };
    struct rig_nordic_client *client = client_of(run);
    struct rig_update_result result;
    GError *error = NULL;

    if (!client)
        return;
    if (client->at == RIG_NORDIC_AT_BOOTLOADER) {
        rig_run_error_text(run, "the board is in its bootloader already: there is nothing to enter from");
        return;
    }
    rig_run_mark_boots(run);
    if (!run->update->protocol->enter(run->update, &entry, &result, &error))
        rig_run_unable(run, error);
    else
        rig_judge_answer(run, &arguments->expected, "entering the bootloader", &result);
}

const struct rig_verb rig_verb_enter_bootloader = {
    .name = "enter-bootloader",
    .family = "nordic",
    .about = "Asks the application over its buttonless service for the bootloader, and connects to that. An "
             "`upload` does it by itself.",
    .shape = &enter_shape,
    .within_us = 60u * 1000 * 1000,
    .needs = needs_buttonless,
    .example = "enter-bootloader: {name: Dfu01}",
    .run = run_enter,
};

/* --- dfu-request --- */

static const char *const ways[] = {"control-point", "packet", NULL};
static const char *const request_outcomes[] = {
    "reply",     "error",         "silence",  "link-lost",         "malformed-answer",
    "att-error", "not-encrypted", "not-sent", "no-characteristic", "any",
    NULL};

struct request_arguments {
    GBytes *bytes;
    const char *to;
    guint32 copies;
    struct rig_expected_answer expected;
    const struct rig_value *answer;
};
static const struct rig_field request_fields[] = {
    RIG_FIELD("bytes", HEX, struct request_arguments, bytes, .required = true, .min = 1,
              .about = "What goes out, exactly so."),
    RIG_FIELD(
        "to", CHOICE, struct request_arguments, to, .choices = ways, .default_text = "control-point",
        .about = "`control-point`: of the bootloader, or the application's buttonless characteristic, with a "
                 "response of ATT; `packet`: the bootloader's packet characteristic, without one."),
    RIG_FIELD("copies", COUNT, struct request_arguments, copies, .default_text = "1", .min = 1, .max = 1000,
              .about = "Sent so often, back to back, before listening."),
    RIG_FIELD("expect", CHOICE, struct request_arguments, expected.outcomes, .list = true,
              .choices = request_outcomes, .default_text = "reply",
              .about =
                  "What comes back first. `reply`: a success; `error`: another result; `silence`: nothing "
                  "within the deadline; `link-lost`: the board hangs up; `att-error`: the write itself is "
                  "refused; `malformed-answer`: what is no response of this protocol."),
    RIG_FIELD("rc", COUNT, struct request_arguments, expected.code, .default_text = "0",
              .about =
                  "With `error`: the result that must be answered, of an extended error 0x0b00 and its code; "
                  "with `att-error`: the error of ATT; 0 = any."),
    RIG_FIELD("answer", HEX, struct request_arguments, answer, .min = 1,
              .about = "The answer's bytes, all of them."),
};
static const char *const with_code[] = {"error", "att-error", "any", NULL};
static const char *const with_answer[] = {"reply", "error", "malformed-answer", "any", NULL};
static const struct rig_rule request_rules[] = {
    {.field = "rc", .kind = RIG_RULE_NEEDS, .other = "expect", .others = with_code},
    {.field = "rc",
     .values = rig_no_rc,
     .kind = RIG_RULE_NOT_BESIDE,
     .other = "expect",
     .others = with_code,
     .why = "no error has the code 0"},
    {.field = "answer", .kind = RIG_RULE_NEEDS, .other = "expect", .others = with_answer},
    {0},
};
static const struct rig_shape request_shape = {
    RIG_SHAPE("dfu-request", request_fields, struct request_arguments), .shorthand = "bytes",
    .rules = request_rules};

/* What came of it: a word of `expect`, its code, and a line for people. */
struct seen {
    const char *kind;
    guint32 code;
    char text[256];
};

static struct seen seen_link(struct rig_run *run, enum rig_link_outcome outcome)
{
    struct seen seen = {.kind = rig_link_outcome_name(outcome)};
    struct rig_link_state state;

    run->board->link->ops->state(run->board->link, &state);
    if (outcome == RIG_LINK_TIMEOUT)
        seen.kind = "silence";
    else if (outcome == RIG_LINK_TOO_LONG)
        seen.kind = "not-sent";
    else if (outcome == RIG_LINK_NOT_CONNECTED)
        seen.kind = "link-lost";
    if (outcome == RIG_LINK_ATT_ERROR)
        seen.code = state.att_error;
    if (outcome == RIG_LINK_ATT_ERROR)
        g_snprintf(seen.text, sizeof seen.text, "ATT error 0x%02x", state.att_error);
    else
        g_strlcpy(seen.text, outcome == RIG_LINK_TIMEOUT ? "nothing came" : state.text, sizeof seen.text);
    return seen;
}

static struct seen seen_answer(const struct rig_nordic_raw *raw)
{
    struct seen seen = {.kind = "malformed-answer"};
    struct rig_dfu_response response;
    gsize n_bytes;
    const guint8 *bytes = g_bytes_get_data(raw->answer, &n_bytes);

    if (rig_dfu_decode(raw->dialect, bytes, n_bytes, &response) == RIG_DFU_DECODED) {
        seen.kind = response.success ? "reply" : "error";
        seen.code = rig_nordic_code(raw->dialect, &response);
    }
    rig_dfu_describe(raw->dialect, false, bytes, n_bytes, seen.text, sizeof seen.text);
    return seen;
}

static void expect_answer(struct rig_run *run, const struct request_arguments *arguments,
                          const struct rig_nordic_raw *raw)
{
    GBytes *wanted = arguments->answer ? arguments->answer->bytes : NULL;
    g_autoptr(GString) came = g_string_new(NULL);
    gsize n_bytes = 0;
    const guint8 *bytes = raw->answer ? g_bytes_get_data(raw->answer, &n_bytes) : NULL;

    if (!wanted)
        return;
    for (gsize i = 0; i < n_bytes; i++)
        g_string_append_printf(came, "%02x", bytes[i]);
    rig_run_expect(run, raw->answer && g_bytes_equal(raw->answer, wanted), "answer's bytes",
                   arguments->answer->node ? arguments->answer->node->text : "as given",
                   n_bytes ? came->str : "none");
}

static void judge(struct rig_run *run, const struct request_arguments *arguments,
                  const struct rig_nordic_raw *raw)
{
    const struct rig_expected_answer *wanted = &arguments->expected;
    struct seen seen = raw->answer ? seen_answer(raw) : seen_link(run, raw->outcome);
    g_autofree char *choices = rig_words_text(wanted->outcomes);
    g_autofree char *expected =
        wanted->code ? g_strdup_printf("%s 0x%02x", choices, wanted->code) : g_strdup(choices);
    g_autofree char *seen_text = g_strdup_printf("%s (%s)", seen.kind, seen.text);
    bool ok = rig_words_have(wanted->outcomes, "any") || rig_words_have(wanted->outcomes, seen.kind);

    if (ok && wanted->code && (g_str_equal(seen.kind, "error") || g_str_equal(seen.kind, "att-error")))
        ok = seen.code == wanted->code;
    if (!raw->answer && raw->outcome != RIG_LINK_TIMEOUT) {
        run->last_link = raw->outcome;
        if (rig_blame_host(run, "request"))
            return;
    }
    if (rig_run_expect(run, ok, "request", expected, seen_text))
        expect_answer(run, arguments, raw);
}

static void run_request(struct rig_run *run, const struct rig_step *step)
{
    const struct request_arguments *arguments = RIG_ARGUMENTS(step, struct request_arguments);
    struct rig_nordic_client *client = client_of(run);
    struct rig_nordic_raw raw = {.bytes = arguments->bytes,
                                 .packet = g_str_equal(arguments->to, "packet"),
                                 .n_copies = arguments->copies,
                                 .until_us = rig_run_deadline_us(run, step)};
    GError *error = NULL;

    if (!client)
        return;
    if (!rig_nordic_send_raw(client, &raw, &error))
        rig_run_error(run, error);
    else
        judge(run, arguments, &raw);
    g_clear_pointer(&raw.answer, g_bytes_unref);
}

const struct rig_verb rig_verb_dfu_request = {
    .name = "dfu-request",
    .family = "nordic",
    .about =
        "Sends bytes as they are to the control point or the packet characteristic, and judges what comes "
        "back first.",
    .shape = &request_shape,
    .within_us = 5u * 1000 * 1000,
    .needs = needs_dfu,
    .example = "dfu-request: {bytes: 06 01, answer: 60 06 01 00020000 00000000 00000000}",
    .run = run_request,
};
