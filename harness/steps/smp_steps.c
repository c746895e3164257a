/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Verbs that only SMP has: smp-echo, smp-parameters, smp-reset, smp-raw, erase, expect-images. */
#include "steps/verbs.h"

#include "base/error.h"
#include "drivers/update/smp/smp_client.h"
#include "steps/fit.h"

#include <string.h>

static const char *const needs_smp[] = {"smp", NULL};

/* The client; NULL: the board speaks another protocol, which ends the case as skipped. */
static struct rig_smp_client *client_of(struct rig_run *run)
{
    struct rig_smp_client *client = rig_smp_client_of(run->update);

    if (!client)
        rig_run_unable(run, g_error_new(RIG_ERROR, RIG_ERROR_UNSUPPORTED, "the board speaks %s, not SMP",
                                        run->update->protocol->name));
    return client;
}

/* Sends an encoded request, waits within the step's deadline. false: trouble. */
static bool ask(struct rig_run *run, const struct rig_step *step, const guint8 *request, gsize n_bytes,
                struct rig_smp_response *response, struct rig_update_result *result)
{
    guint64 until_us = rig_run_deadline_us(run, step);
    GError *error = NULL;

    if (n_bytes == 0) {
        rig_run_error_text(run, "the request does not fit an SMP message of %u bytes",
                           RIG_SMP_MAX_MESSAGE_BYTES);
        return false;
    }
    if (!rig_smp_exchange(rig_smp_client_of(run->update), request, n_bytes, until_us, response, result,
                          &error)) {
        rig_run_error(run, error);
        return false;
    }
    return true;
}

static const struct rig_field echo_fields[] = {
    {.name = "text",
     .type = RIG_TYPE_TEXT,
     .default_text = "bootrig",
     .about = "What to send; the same must come back."},
    RIG_FIELD_EXPECT_ANSWER,
    RIG_FIELD_EXPECT_RC,
};
static const struct rig_rule answer_rules[] = {RIG_RULE_EXPECT_RC, {0}};
static const struct rig_shape echo_shape = {.name = "smp-echo",
                                            .fields = echo_fields,
                                            .n_fields = G_N_ELEMENTS(echo_fields),
                                            .shorthand = "text",
                                            .rules = answer_rules};

static void run_echo(struct rig_run *run, const struct rig_step *step)
{
    const char *text = rig_record_text(step->arguments, "text");
    struct rig_smp_client *client = client_of(run);
    struct rig_update_result result;
    guint8 request[512];
    gsize n_bytes;

    if (!client)
        return;
    n_bytes = rig_smp_encode_echo(rig_smp_next_id(client), text, request, sizeof request);
    if (ask(run, step, request, n_bytes, NULL, &result))
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
    struct rig_smp_client *client = client_of(run);
    struct rig_update_result result;
    GError *error = NULL;

    if (!client)
        return;
    if (!rig_smp_learn_parameters(client, rig_run_deadline_us(run, step), &result, &error)) {
        rig_run_error(run, error);
        return;
    }
    rig_judge_answer(run, step, "parameters", &result);
    expect_number(run, step, "buffer-size", client->buf_size);
    expect_number(run, step, "buffers", client->buf_count);
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
    struct rig_smp_client *client = client_of(run);
    struct rig_update_result result;
    guint8 request[64];
    gsize n_bytes;

    if (!client)
        return;
    n_bytes = rig_smp_encode_reset(rig_smp_next_id(client), rig_record_flag(step->arguments, "force"),
                                   g_str_equal(mode, "bootloader"), request, sizeof request);
    rig_run_mark_boots(run);
    if (!ask(run, step, request, n_bytes, NULL, &result))
        return;
    rig_judge_answer(run, step, "reset", &result);
    if (result.kind == RIG_UPDATE_DONE && rig_record_flag(step->arguments, "wait"))
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

static bool send_raw(struct rig_smp_client *client, const struct rig_step *step,
                     enum rig_link_outcome *outcome, GError **error)
{
    gsize n_bytes;
    const guint8 *bytes = g_bytes_get_data(rig_record_get(step->arguments, "bytes")->bytes, &n_bytes);
    bool in_one_write = rig_record_flag(step->arguments, "in-one-write");
    bool ok = true;

    *outcome = RIG_LINK_OK;
    rig_smp_begin_raw(client, rig_record_get(step->arguments, "bytes")->bytes);
    for (guint64 i = rig_record_count(step->arguments, "copies"); ok && i > 0 && *outcome == RIG_LINK_OK; i--)
        ok = in_one_write ? rig_smp_send_packet(client, bytes, n_bytes, outcome, error)
                          : rig_smp_send(client, bytes, n_bytes, NULL, outcome, error);
    return ok;
}

/* What came of raw bytes: an answer, or how there was none. */
struct raw_answer {
    struct rig_smp_answer answer;
    enum rig_link_outcome outcome;
};

/* What it amounts to: "reply", "error", "malformed-answer", with its description. */
static const char *classify(struct rig_smp_client *client, const struct raw_answer *raw, char *text,
                            gsize room)
{
    const struct rig_smp_answer *answer = &raw->answer;
    gsize n_bytes;
    const guint8 *bytes;

    g_strlcpy(text, rig_link_outcome_name(raw->outcome), room);
    if (raw->outcome == RIG_LINK_TIMEOUT)
        return rig_smp_is_broken(client, text, room) ? "malformed-answer" : "silence";
    if (raw->outcome == RIG_LINK_TOO_LONG)
        return "not-sent";
    if (raw->outcome != RIG_LINK_OK)
        return "link-lost";
    if (!answer->keeps) {
        g_strlcpy(text, answer->why, room);
        return "malformed-answer";
    }
    bytes = g_bytes_get_data(answer->message, &n_bytes);
    rig_smp_describe(bytes, n_bytes, &answer->decoded, text, room);
    return answer->decoded.response.error.failed ? "error" : "reply";
}

static void judge_raw(struct rig_run *run, const struct rig_step *step, struct rig_smp_client *client,
                      const struct raw_answer *raw)
{
    GBytes *message = raw->answer.message;
    const struct rig_value *expect = rig_record_get(step->arguments, "expect");
    guint64 wanted_rc = rig_record_count(step->arguments, "rc");
    const struct rig_value *answer = rig_record_get(step->arguments, "answer");
    g_autofree char *choices = rig_list_text(expect);
    g_autofree char *expected = wanted_rc && rig_list_has(expect, "error")
                                    ? g_strdup_printf("%s %" G_GUINT64_FORMAT, choices, wanted_rc)
                                    : g_strdup(choices);
    g_autofree char *seen = NULL;
    char text[256];
    const char *kind = classify(client, raw, text, sizeof text);
    bool ok = rig_list_has(expect, "any") || rig_list_has(expect, kind);

    if (ok && wanted_rc && g_str_equal(kind, "error"))
        ok = raw->answer.decoded.response.error.rc == wanted_rc;
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
static bool take_another(struct rig_run *run, const struct rig_step *step, struct rig_smp_client *client,
                         guint64 until_us, enum rig_link_outcome *outcome)
{
    const struct rig_value *expect = rig_record_get(step->arguments, "expect");
    struct raw_answer raw = {0};
    GError *error = NULL;
    char text[256];
    bool ok = true;

    if (!rig_smp_receive(client, until_us, &raw.answer, &raw.outcome, &error)) {
        rig_run_error(run, error);
        return false;
    }
    *outcome = raw.outcome;
    if (raw.answer.message && !rig_list_has(expect, "any") && !rig_list_has(expect, "malformed-answer") &&
        g_str_equal(classify(client, &raw, text, sizeof text), "malformed-answer"))
        ok = rig_run_expect(run, false, "another answer", "one that keeps the protocol", text);
    rig_smp_answer_clear(&raw.answer);
    return ok;
}

/* The first message is in already (or did not come). */
static void expect_answers(struct rig_run *run, const struct rig_step *step, struct rig_smp_client *client,
                           guint64 n_answers, guint64 until_us)
{
    const struct rig_value *answers = rig_record_get(step->arguments, "answers");
    enum rig_link_outcome outcome = n_answers ? RIG_LINK_OK : RIG_LINK_TIMEOUT;
    g_autofree char *expected = NULL;
    g_autofree char *seen = NULL;

    if (!answers || rig_run_troubled(run))
        return;
    while (outcome == RIG_LINK_OK) {
        if (!take_another(run, step, client, until_us, &outcome))
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
    struct rig_smp_client *client = client_of(run);
    struct raw_answer raw = {0};
    GError *error = NULL;

    if (!client)
        return;
    if (!send_raw(client, step, &raw.outcome, &error) ||
        (raw.outcome == RIG_LINK_OK &&
         !rig_smp_receive(client, until_us, &raw.answer, &raw.outcome, &error))) {
        rig_run_error(run, error);
        return;
    }
    judge_raw(run, step, client, &raw);
    expect_answers(run, step, client, raw.answer.message != NULL, until_us);
    rig_smp_give_up(client);
    rig_smp_answer_clear(&raw.answer);
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

static const struct rig_field erase_fields[] = {
    {.name = "slot",
     .type = RIG_TYPE_COUNT,
     .max = 255,
     .about = "Slot to erase; without it the server's default, slot 1."},
    RIG_FIELD_EXPECT_ANSWER,
    RIG_FIELD_EXPECT_RC,
};
static const struct rig_shape erase_shape = {.name = "erase",
                                             .fields = erase_fields,
                                             .n_fields = G_N_ELEMENTS(erase_fields),
                                             .shorthand = "slot",
                                             .rules = answer_rules};

static void run_erase(struct rig_run *run, const struct rig_step *step)
{
    const struct rig_value *slot = rig_record_get(step->arguments, "slot");
    struct rig_smp_client *client = client_of(run);
    struct rig_update_result result;
    guint8 request[64];
    gsize n_bytes;

    if (!client)
        return;
    n_bytes = rig_smp_encode_erase(rig_smp_next_id(client), slot ? rig_value_u8(slot) : -1, request,
                                   sizeof request);
    if (ask(run, step, request, n_bytes, NULL, &result))
        rig_judge_answer(run, step, "erase", &result);
}

const struct rig_verb rig_verb_erase = {
    .name = "erase",
    .family = "update",
    .about = "Asks the board to erase a slot.",
    .shape = &erase_shape,
    .within_us = 60u * 1000 * 1000,
    .needs = needs_smp,
    .example = "erase: {slot: 1, expect: refused}",
    .run = run_erase,
};

static const struct rig_field entry_fields[] = {
    {.name = "slot", .type = RIG_TYPE_COUNT, .required = true, .max = 15, .about = "Slot of the entry."},
    {.name = "number",
     .type = RIG_TYPE_COUNT,
     .default_text = "0",
     .max = 15,
     .about = "Image number of a board with several."},
    {.name = "absent",
     .type = RIG_TYPE_FLAG,
     .default_text = "false",
     .about = "There must be no such entry."},
    {.name = "image", .type = RIG_TYPE_IMAGE, .about = "Whose hash and version it must have."},
    {.name = "bootable", .type = RIG_TYPE_FLAG, .about = "Flag `bootable`."},
    {.name = "pending", .type = RIG_TYPE_FLAG, .about = "Flag `pending`."},
    {.name = "confirmed", .type = RIG_TYPE_FLAG, .about = "Flag `confirmed`."},
    {.name = "active", .type = RIG_TYPE_FLAG, .about = "Flag `active`."},
    {.name = "permanent", .type = RIG_TYPE_FLAG, .about = "Flag `permanent`."},
};
static const char *const is_true[] = {"true", NULL};
#define RULE_NOT_ABSENT(field_name)                                                                          \
    {                                                                                                        \
        .field = field_name, .kind = RIG_RULE_NOT_BESIDE, .other = "absent", .others = is_true               \
    }
static const struct rig_rule entry_rules[] = {
    RULE_NOT_ABSENT("image"),
    RULE_NOT_ABSENT("bootable"),
    RULE_NOT_ABSENT("pending"),
    RULE_NOT_ABSENT("confirmed"),
    RULE_NOT_ABSENT("active"),
    RULE_NOT_ABSENT("permanent"),
    {0},
};
static const struct rig_shape entry_shape = {
    .name = "entry", .fields = entry_fields, .n_fields = G_N_ELEMENTS(entry_fields), .rules = entry_rules};

static const struct rig_field images_fields[] = {
    {.name = "entries",
     .type = RIG_TYPE_RECORD,
     .shape = &entry_shape,
     .list = true,
     .about = "Entries that must be (or be absent)."},
    RIG_FIELD_EXPECT_ANSWER,
    RIG_FIELD_EXPECT_RC,
};
static const struct rig_rule images_rules[] = {RIG_RULE_NEEDS_OK("entries"), RIG_RULE_EXPECT_RC, {0}};
static const struct rig_shape images_shape = {.name = "expect-images",
                                              .fields = images_fields,
                                              .n_fields = G_N_ELEMENTS(images_fields),
                                              .shorthand = "entries",
                                              .rules = images_rules};

static const struct rig_smp_image_entry *find_entry(const struct rig_smp_response *response, guint64 number,
                                                    guint64 slot)
{
    for (gsize i = 0; i < response->n_images; i++)
        if (response->images[i].image == number && response->images[i].slot == slot)
            return &response->images[i];
    return NULL;
}

static void expect_entry_flag(struct rig_run *run, const struct rig_record *record, const char *name,
                              bool seen)
{
    const struct rig_value *wanted = rig_record_get(record, name);
    g_autofree char *what =
        g_strdup_printf("slot %" G_GUINT64_FORMAT " %s", rig_record_count(record, "slot"), name);

    if (wanted)
        rig_run_expect(run, wanted->flag == seen, what, wanted->flag ? "true" : "false",
                       seen ? "true" : "false");
}

/* As servers write it: without the build number where that is 0. */
static bool tells_version(const char *text, const struct rig_image_version *version)
{
    g_autofree char *brief = g_strdup_printf("%u.%u.%u", version->major, version->minor, version->revision);
    g_autofree char *full = g_strdup_printf("%s.%u", brief, version->build);

    return g_str_equal(text, full) || (version->build == 0 && g_str_equal(text, brief));
}

static void expect_entry_image(struct rig_run *run, const struct rig_record *record,
                               const struct rig_smp_image_entry *entry)
{
    const char *name = rig_record_text(record, "image");
    const struct rig_built_image *image = name ? rig_run_image(run, name) : NULL;
    g_autofree char *what = g_strdup_printf("image in slot %u", entry->slot);
    g_autofree char *expected = NULL;
    g_autofree char *seen = NULL;
    bool same_hash, same_version;

    if (!image)
        return;
    same_hash = entry->hash_bytes == image->n_smp_hash &&
                memcmp(entry->hash, image->smp_hash, image->n_smp_hash) == 0;
    same_version = tells_version(entry->version, &image->version);
    seen = same_hash && same_version ? g_strdup(name)
                                     : g_strdup_printf("version %s with %s", entry->version,
                                                       same_hash ? "its hash" : "another hash");
    expected = g_strdup_printf("%s %s", name, image->version_text);
    rig_run_expect(run, same_hash && same_version, what, same_version ? name : expected, seen);
}

static void expect_entry(struct rig_run *run, const struct rig_record *record,
                         const struct rig_smp_response *response)
{
    guint64 slot = rig_record_count(record, "slot");
    const struct rig_smp_image_entry *entry = find_entry(response, rig_record_count(record, "number"), slot);
    bool absent = rig_record_flag(record, "absent");
    g_autofree char *what = g_strdup_printf("entry of slot %" G_GUINT64_FORMAT, slot);

    if (!rig_run_expect(run, absent == (entry == NULL), what, absent ? "none" : "one",
                        entry ? "one" : "none") ||
        !entry)
        return;
    expect_entry_image(run, record, entry);
    expect_entry_flag(run, record, "bootable", entry->bootable);
    expect_entry_flag(run, record, "pending", entry->pending);
    expect_entry_flag(run, record, "confirmed", entry->confirmed);
    expect_entry_flag(run, record, "active", entry->active);
    expect_entry_flag(run, record, "permanent", entry->permanent);
}

static void run_expect_images(struct rig_run *run, const struct rig_step *step)
{
    const struct rig_value *entries = rig_record_get(step->arguments, "entries");
    struct rig_smp_response response = {0};
    struct rig_smp_client *client = client_of(run);
    struct rig_update_result result;
    guint8 request[64];
    gsize n_bytes;

    if (!client)
        return;
    n_bytes = rig_smp_encode_image_list(rig_smp_next_id(client), request, sizeof request);
    if (!ask(run, step, request, n_bytes, &response, &result))
        return;
    rig_judge_answer(run, step, "image list", &result);
    for (guint i = 0; result.kind == RIG_UPDATE_DONE && i < rig_list_length(entries); i++)
        expect_entry(run, rig_list_item(entries, i)->record, &response);
}

static char *lists_images(const struct rig_step *step, struct rig_fit *fit)
{
    (void)step;
    return rig_fit_no_list(fit);
}

const struct rig_verb rig_verb_expect_images = {
    .name = "expect-images",
    .family = "expect",
    .about = "Asks the SMP server for its image list and compares the entries named.",
    .shape = &images_shape,
    .within_us = 5u * 1000 * 1000,
    .needs = needs_smp,
    .unfit = lists_images,
    .example = "expect-images: [{slot: 0, image: new, active: true}, {slot: 1, absent: true}]",
    .run = run_expect_images,
};
