/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Verbs that only SMP has: smp-echo, smp-parameters, smp-reset, smp-raw. */
#include "steps/verbs.h"

#include "steps/fit.h"

#include <string.h>

static const char *const needs_smp[] = {"smp", NULL};

static const struct rig_field echo_fields[] = {
    {.name = "text",
     .type = RIG_TYPE_TEXT,
     .default_text = "bootrig",
     .about = "What to send; the same must come back."},
    RIG_FIELD_EXPECT_ANSWER,
    RIG_FIELD_EXPECT_RC,
};
static const struct rig_rule echo_rules[] = {RIG_RULE_EXPECT_RC, {0}};
static const struct rig_shape echo_shape = {.name = "smp-echo",
                                            .fields = echo_fields,
                                            .n_fields = G_N_ELEMENTS(echo_fields),
                                            .shorthand = "text",
                                            .rules = echo_rules};

static void run_echo(struct rig_run *run, const struct rig_step *step)
{
    const char *text = rig_record_text(step->arguments, "text");
    struct rig_smp_result result;
    guint8 request[512];
    gsize n_bytes = rig_smp_encode_echo(rig_smp_next_id(&run->client), text, request, sizeof request);

    if (rig_ask(run, step, request, n_bytes, NULL, &result))
        rig_judge_answer(run, step, "echo", &result);
}

const struct rig_verb rig_verb_smp_echo = {
    .name = "smp-echo",
    .family = "smp",
    .about = "Sends a text that must come back: is the server alive?",
    .shape = &echo_shape,
    .within_us = 5u * 1000 * 1000,
    .needs = needs_smp,
    .example = "smp-echo: hello",
    .run = run_echo,
};

static const struct rig_field parameter_fields[] = {
    {.name = "buffer-size", .type = RIG_TYPE_SIZE, .about = "buf_size that must be answered."},
    {.name = "buffers", .type = RIG_TYPE_COUNT, .about = "buf_count that must be answered."},
    RIG_FIELD_EXPECT_ANSWER,
    RIG_FIELD_EXPECT_RC,
};
static const struct rig_rule parameter_rules[] = {
    RIG_RULE_NEEDS_OK("buffer-size"), RIG_RULE_NEEDS_OK("buffers"), RIG_RULE_EXPECT_RC, {0}};
static const struct rig_shape parameter_shape = {.name = "smp-parameters",
                                                 .fields = parameter_fields,
                                                 .n_fields = G_N_ELEMENTS(parameter_fields),
                                                 .rules = parameter_rules};

static void expect_number(struct rig_run *run, const struct rig_step *step, const char *field, guint64 seen)
{
    const struct rig_value *wanted = rig_record_get(step->arguments, field);
    g_autofree char *expected = wanted ? g_strdup_printf("%" G_GUINT64_FORMAT, wanted->count) : NULL;
    g_autofree char *seen_text = g_strdup_printf("%" G_GUINT64_FORMAT, seen);

    if (wanted)
        rig_run_expect(run, wanted->count == seen, field, expected, seen_text);
}

static void run_parameters(struct rig_run *run, const struct rig_step *step)
{
    struct rig_smp_result result;
    GError *error = NULL;

    if (!rig_smp_learn_parameters(&run->client, rig_run_deadline_us(run, step), &result, &error)) {
        rig_run_error(run, error);
        return;
    }
    rig_judge_answer(run, step, "parameters", &result);
    expect_number(run, step, "buffer-size", run->client.buf_size);
    expect_number(run, step, "buffers", run->client.buf_count);
}

const struct rig_verb rig_verb_smp_parameters = {
    .name = "smp-parameters",
    .family = "smp",
    .about = "Asks for buf_size and buf_count of the server.",
    .shape = &parameter_shape,
    .within_us = 5u * 1000 * 1000,
    .needs = needs_smp,
    .example = "smp-parameters: {buffers: 4}",
    .run = run_parameters,
};

static const char *const boot_modes[] = {"normal", "bootloader", NULL};
static const struct rig_field reset_fields[] = {
    {.name = "boot-mode",
     .type = RIG_TYPE_CHOICE,
     .choices = boot_modes,
     .default_text = "normal",
     .about = "What is to run afterwards: 'bootloader' asks for what the board is updated by when its "
              "application does not run (boot_mode 1)."},
    {.name = "force",
     .type = RIG_TYPE_FLAG,
     .default_text = "false",
     .about = "Overrule an application that is busy."},
    {.name = "wait",
     .type = RIG_TYPE_FLAG,
     .default_text = "true",
     .about = "Wait until the bootloader ran."},
    RIG_FIELD_EXPECT_ANSWER,
    RIG_FIELD_EXPECT_RC,
};
static const struct rig_rule reset_rules[] = {RIG_RULE_NEEDS_OK("wait"), RIG_RULE_EXPECT_RC, {0}};
static const struct rig_shape reset_shape = {.name = "smp-reset",
                                             .fields = reset_fields,
                                             .n_fields = G_N_ELEMENTS(reset_fields),
                                             .rules = reset_rules};

static void run_smp_reset(struct rig_run *run, const struct rig_step *step)
{
    const char *mode = rig_record_text(step->arguments, "boot-mode");
    struct rig_smp_result result;
    guint8 request[64];
    gsize n_bytes =
        rig_smp_encode_reset(rig_smp_next_id(&run->client), rig_record_flag(step->arguments, "force"),
                             g_str_equal(mode, "bootloader"), request, sizeof request);

    rig_run_mark_boots(run);
    if (!rig_ask(run, step, request, n_bytes, NULL, &result))
        return;
    rig_judge_answer(run, step, "reset", &result);
    if (result.kind == RIG_SMP_DONE && rig_record_flag(step->arguments, "wait"))
        rig_await_boot(run, rig_run_deadline_us(run, step));
}

static char *smp_reset_unfit(const struct rig_step *step, struct rig_fit *fit)
{
    bool must_work = rig_list_has(rig_record_get(step->arguments, "expect"), "ok");

    if (!must_work || rig_record_flag(step->arguments, "force") || rig_fit_is_chosen(fit, "refuses-reset") ||
        !rig_fit_flag(fit, "refuses-reset"))
        return NULL;
    return g_strdup_printf("the application of target '%s' refuses a reset without 'force: true' "
                           "('refuses-reset')",
                           fit->target->name);
}

const struct rig_verb rig_verb_smp_reset = {
    .name = "smp-reset",
    .family = "smp",
    .about = "Asks the board over the air to reset itself, and waits until its bootloader ran.",
    .shape = &reset_shape,
    .within_us = 60u * 1000 * 1000,
    .needs = needs_smp,
    .unfit = smp_reset_unfit,
    .example = "smp-reset:",
    .run = run_smp_reset,
};

static const char *const raw_choices[] = {
    "reply", "error", "silence", "link-lost", "not-sent", "malformed-answer", "any", NULL};

static const struct rig_field answers_fields[] = {
    {.name = "count", .type = RIG_TYPE_COUNT, .about = "Exactly so many."},
    {.name = "at-most", .type = RIG_TYPE_COUNT, .about = "No more than so many."},
    {.name = "at-least", .type = RIG_TYPE_COUNT, .min = 1, .about = "No fewer."},
};
static const char *const answers_bounds[] = {"count", "at-most", "at-least", NULL};
static const struct rig_rule answers_rules[] = {
    {.field = "at-most", .kind = RIG_RULE_NOT_BESIDE, .other = "count"},
    {.field = "at-least", .kind = RIG_RULE_NOT_BESIDE, .other = "count"},
    {.field = "at-least", .kind = RIG_RULE_AT_MOST, .other = "at-most"},
    {0},
};
static const struct rig_shape answers_shape = {.name = "answers",
                                               .fields = answers_fields,
                                               .n_fields = G_N_ELEMENTS(answers_fields),
                                               .shorthand = "count",
                                               .at_least_one = answers_bounds,
                                               .rules = answers_rules};

static const struct rig_field raw_fields[] = {
    {.name = "bytes",
     .type = RIG_TYPE_HEX,
     .required = true,
     .min = 1,
     .about = "What goes out, header included, exactly so."},
    {.name = "in-one-write",
     .type = RIG_TYPE_FLAG,
     .default_text = "false",
     .about = "Hand it to the link as one packet, whatever the ATT_MTU."},
    {.name = "expect",
     .type = RIG_TYPE_CHOICE,
     .list = true,
     .choices = raw_choices,
     .default_text = "reply",
     .about = "`reply`: an answer without error that keeps the protocol; `error`: one with an error; "
              "`malformed-answer`: one that breaks the protocol; `silence`: nothing within the deadline; "
              "`not-sent`: the link does not take a packet of this length."},
    {.name = "rc",
     .type = RIG_TYPE_COUNT,
     .default_text = "0",
     .about = "With `error`: the code that must be answered; 0 = any."},
    {.name = "copies",
     .type = RIG_TYPE_COUNT,
     .default_text = "1",
     .min = 1,
     .max = 64,
     .about = "Sent so often, back to back, before listening."},
    {.name = "answers",
     .type = RIG_TYPE_RECORD,
     .shape = &answers_shape,
     .about = "How many messages come back before the deadline; `expect` and `answer` speak of the first."},
    {.name = "answer",
     .type = RIG_TYPE_HEX,
     .min = 1,
     .about = "The answer's bytes from its beginning, as many as are given."},
};
static const char *const raw_errors[] = {"error", "any", NULL};
static const char *const raw_answers[] = {"reply", "error", "any", NULL};
static const struct rig_rule raw_rules[] = {
    {.field = "rc", .kind = RIG_RULE_NEEDS, .other = "expect", .others = raw_errors},
    {.field = "rc",
     .values = rig_no_rc,
     .kind = RIG_RULE_NOT_BESIDE,
     .other = "expect",
     .others = raw_errors,
     .why = "no error has the code 0"},
    {.field = "answer", .kind = RIG_RULE_NEEDS, .other = "expect", .others = raw_answers},
    {0},
};
static const struct rig_shape raw_shape = {.name = "smp-raw",
                                           .fields = raw_fields,
                                           .n_fields = G_N_ELEMENTS(raw_fields),
                                           .shorthand = "bytes",
                                           .rules = raw_rules};

static bool send_raw(struct rig_run *run, const struct rig_step *step, enum rig_link_outcome *outcome,
                     GError **error)
{
    gsize n_bytes;
    const guint8 *bytes = g_bytes_get_data(rig_record_get(step->arguments, "bytes")->bytes, &n_bytes);
    bool in_one_write = rig_record_flag(step->arguments, "in-one-write");
    bool ok = true;

    *outcome = RIG_LINK_OK;
    rig_smp_begin_raw(&run->client.transport, rig_record_get(step->arguments, "bytes")->bytes);
    for (guint64 i = rig_record_count(step->arguments, "copies"); ok && i > 0 && *outcome == RIG_LINK_OK; i--)
        ok = in_one_write ? rig_smp_send_packet(&run->client.transport, bytes, n_bytes, outcome, error)
                          : rig_smp_send(&run->client.transport, bytes, n_bytes, NULL, outcome, error);
    return ok;
}

/* What came of raw bytes: the answer and the request in them that it answers, or how there was none. */
struct raw_answer {
    GBytes *message, *request; /* NULL: none */
    enum rig_link_outcome outcome;
};

static void raw_answer_clear(struct raw_answer *raw)
{
    g_clear_pointer(&raw->message, g_bytes_unref);
    g_clear_pointer(&raw->request, g_bytes_unref);
}

/* What it amounts to: "reply", "error", "malformed-answer", with its description. */
static const char *classify(struct rig_run *run, const struct raw_answer *raw, guint32 *rc, char *text,
                            gsize room)
{
    struct rig_smp_response response;
    struct rig_smp_result result = {.kind = RIG_SMP_DONE};
    gsize n_bytes;
    const guint8 *bytes;

    g_strlcpy(text, rig_link_outcome_name(raw->outcome), room);
    if (raw->outcome == RIG_LINK_TIMEOUT)
        return rig_smp_transport_is_broken(&run->client.transport, text, room) ? "malformed-answer"
                                                                               : "silence";
    if (raw->outcome == RIG_LINK_TOO_LONG)
        return "not-sent";
    if (raw->outcome != RIG_LINK_OK)
        return "link-lost";
    bytes = g_bytes_get_data(raw->message, &n_bytes);
    rig_smp_describe(bytes, n_bytes, text, room);
    if (g_bytes_get_size(raw->request) < RIG_SMP_HEADER_BYTES) {
        g_strlcpy(text, "an answer to less than an SMP header", room);
        return "malformed-answer";
    }
    rig_smp_judge(raw->request, raw->message, &response, &result);
    if (result.kind == RIG_SMP_NONSENSE)
        g_strlcpy(text, result.text, room);
    *rc = response.error.rc;
    return result.kind == RIG_SMP_DONE      ? "reply"
           : result.kind == RIG_SMP_REFUSED ? "error"
                                            : "malformed-answer";
}

static void judge_raw(struct rig_run *run, const struct rig_step *step, const struct raw_answer *raw)
{
    GBytes *message = raw->message;
    const struct rig_value *expect = rig_record_get(step->arguments, "expect");
    guint64 wanted_rc = rig_record_count(step->arguments, "rc");
    const struct rig_value *answer = rig_record_get(step->arguments, "answer");
    g_autofree char *choices = rig_list_text(expect);
    g_autofree char *expected = wanted_rc && rig_list_has(expect, "error")
                                    ? g_strdup_printf("%s %" G_GUINT64_FORMAT, choices, wanted_rc)
                                    : g_strdup(choices);
    g_autofree char *seen = NULL;
    char text[256];
    guint32 rc = 0;
    const char *kind = classify(run, raw, &rc, text, sizeof text);
    bool ok = rig_list_has(expect, "any") || rig_list_has(expect, kind);

    if (ok && wanted_rc && g_str_equal(kind, "error"))
        ok = rc == wanted_rc;
    seen = g_strdup_printf("%s (%s)", kind, text);
    if (!rig_run_expect(run, ok, "raw request", expected, seen) || !answer)
        return;
    ok = message && g_bytes_get_size(message) >= g_bytes_get_size(answer->bytes) &&
         memcmp(g_bytes_get_data(message, NULL), g_bytes_get_data(answer->bytes, NULL),
                g_bytes_get_size(answer->bytes)) == 0;
    rig_run_expect(run, ok, "answer's bytes", answer->node ? answer->node->text : "as given", text);
}

static bool within_bounds(const struct rig_record *bounds, guint64 n)
{
    const struct rig_value *count = rig_record_get(bounds, "count");
    const struct rig_value *at_most = rig_record_get(bounds, "at-most");
    const struct rig_value *at_least = rig_record_get(bounds, "at-least");

    return (!count || n == count->count) && (!at_most || n <= at_most->count) &&
           (!at_least || n >= at_least->count);
}

static char *bounds_text(const struct rig_record *bounds)
{
    GString *text = g_string_new(NULL);

    for (gsize i = 0; i < bounds->shape->n_fields; i++)
        if (bounds->values[i])
            g_string_append_printf(text, "%s%s %" G_GUINT64_FORMAT, text->len ? ", " : "",
                                   bounds->shape->fields[i].name, bounds->values[i]->count);
    return g_string_free(text, FALSE);
}

/* One more answer, which has to keep the protocol as the first one. false: trouble. */
static bool take_another(struct rig_run *run, const struct rig_step *step, guint64 until_us,
                         enum rig_link_outcome *outcome)
{
    const struct rig_value *expect = rig_record_get(step->arguments, "expect");
    struct raw_answer raw = {0};
    GError *error = NULL;
    char text[256];
    guint32 rc;
    bool ok = true;

    if (!rig_smp_receive(&run->client.transport, until_us, &raw.message, &raw.request, &raw.outcome,
                         &error)) {
        rig_run_error(run, error);
        return false;
    }
    *outcome = raw.outcome;
    if (raw.message && !rig_list_has(expect, "any") && !rig_list_has(expect, "malformed-answer") &&
        g_str_equal(classify(run, &raw, &rc, text, sizeof text), "malformed-answer"))
        ok = rig_run_expect(run, false, "another answer", "one that keeps the protocol", text);
    raw_answer_clear(&raw);
    return ok;
}

/* The first message is in already (or did not come). */
static void expect_answers(struct rig_run *run, const struct rig_step *step, guint64 n_answers,
                           guint64 until_us)
{
    const struct rig_value *answers = rig_record_get(step->arguments, "answers");
    enum rig_link_outcome outcome = n_answers ? RIG_LINK_OK : RIG_LINK_TIMEOUT;
    g_autofree char *expected = NULL;
    g_autofree char *seen = NULL;

    if (!answers || rig_run_troubled(run))
        return;
    while (outcome == RIG_LINK_OK) {
        if (!take_another(run, step, until_us, &outcome))
            return;
        n_answers += outcome == RIG_LINK_OK;
    }
    expected = bounds_text(answers->record);
    seen = g_strdup_printf("%" G_GUINT64_FORMAT, n_answers);
    rig_run_expect(run, within_bounds(answers->record, n_answers), "answers", expected, seen);
}

static void run_raw(struct rig_run *run, const struct rig_step *step)
{
    guint64 until_us = rig_run_deadline_us(run, step);
    struct raw_answer raw = {0};
    GError *error = NULL;

    if (!send_raw(run, step, &raw.outcome, &error) ||
        (raw.outcome == RIG_LINK_OK && !rig_smp_receive(&run->client.transport, until_us, &raw.message,
                                                        &raw.request, &raw.outcome, &error))) {
        rig_run_error(run, error);
        return;
    }
    judge_raw(run, step, &raw);
    expect_answers(run, step, raw.message != NULL, until_us);
    rig_smp_transport_give_up(&run->client.transport);
    raw_answer_clear(&raw);
}

/* A server that does not join packets takes a message in one, and only where one carries it. */
static char *no_packet(const struct rig_step *step, const struct rig_fit *fit, gsize n_bytes)
{
    bool one_write = rig_record_flag(step->arguments, "in-one-write");
    const struct rig_value *expect = rig_record_get(step->arguments, "expect");

    if (!fit->mtu || n_bytes <= fit->mtu - 3 || rig_fit_is_chosen(fit, "mtu") ||
        rig_list_has(expect, "not-sent") || (!one_write && rig_fit_flag(fit, "reassembly")))
        return NULL;
    return g_strdup_printf("a request of %" G_GSIZE_FORMAT
                           " bytes does not fit a packet of target '%s' (ATT_MTU %" G_GUINT64_FORMAT ")",
                           n_bytes, fit->target->name, fit->mtu);
}

/* Bits 3 and 4 of the first byte are the version; 0 is the original one. [SPEC SMP header] */
static char *raw_unfit(const struct rig_step *step, struct rig_fit *fit)
{
    const struct rig_value *expect = rig_record_get(step->arguments, "expect");
    gsize n_bytes;
    const guint8 *bytes = g_bytes_get_data(rig_record_get(step->arguments, "bytes")->bytes, &n_bytes);
    char *reason = no_packet(step, fit, n_bytes);

    if (reason || n_bytes == 0 || (bytes[0] & 0x18) != 0 || rig_fit_flag(fit, "original-protocol") ||
        rig_fit_is_chosen(fit, "original-protocol") || rig_list_has(expect, "any"))
        return reason;
    return g_strdup_printf("a request has a header of version 0, and target '%s' does not serve it "
                           "('original-protocol: false')",
                           fit->target->name);
}

const struct rig_verb rig_verb_smp_raw = {
    .name = "smp-raw",
    .family = "smp",
    .about = "Sends bytes as they are, well formed or not, and looks at what comes back.",
    .shape = &raw_shape,
    .within_us = 3u * 1000 * 1000,
    .needs = needs_smp,
    .unfit = raw_unfit,
    .example = "smp-raw: {bytes: \"0a00 0009 0000 4200 a161646568656c6c6f\", expect: reply}",
    .run = run_raw,
};
