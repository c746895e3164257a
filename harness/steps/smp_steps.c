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

struct echo_arguments {
    const char *text;
    struct rig_expected_answer expected;
};
static const struct rig_field echo_fields[] = {
    RIG_FIELD("text", TEXT, struct echo_arguments, text, .default_text = "bootrig",
              .about = "What to send; the same must come back."),
    RIG_FIELD_EXPECT_ANSWER(struct echo_arguments, expected),
    RIG_FIELD_EXPECT_RC(struct echo_arguments, expected),
};
static const struct rig_rule answer_rules[] = {RIG_RULE_EXPECT_RC, {0}};
static const struct rig_shape echo_shape = {RIG_SHAPE("smp-echo", echo_fields, struct echo_arguments),
                                            .shorthand = "text", .rules = answer_rules};

static void run_echo(struct rig_run *run, const struct rig_step *step)
{
    const struct echo_arguments *arguments = RIG_ARGUMENTS(step, struct echo_arguments);
    struct rig_smp_client *client = client_of(run);
    struct rig_update_result result;
    guint8 request[512];
    gsize n_bytes;

    if (!client)
        return;
    n_bytes = rig_smp_encode_echo(rig_smp_next_id(client), arguments->text, request, sizeof request);
    if (ask(run, step, request, n_bytes, NULL, &result))
        rig_judge_answer(run, &arguments->expected, "echo", &result);
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

struct parameter_arguments {
    const guint32 *buffer_bytes;
    const guint32 *n_buffers;
    struct rig_expected_answer expected;
};
static const struct rig_field parameter_fields[] = {
    RIG_FIELD("buffer-size", SIZE, struct parameter_arguments, buffer_bytes,
              .about = "buf_size that must be answered."),
    RIG_FIELD("buffers", COUNT, struct parameter_arguments, n_buffers,
              .about = "buf_count that must be answered."),
    RIG_FIELD_EXPECT_ANSWER(struct parameter_arguments, expected),
    RIG_FIELD_EXPECT_RC(struct parameter_arguments, expected),
};
static const struct rig_rule parameter_rules[] = {
    RIG_RULE_NEEDS_OK("buffer-size"), RIG_RULE_NEEDS_OK("buffers"), RIG_RULE_EXPECT_RC, {0}};
static const struct rig_shape parameter_shape = {
    RIG_SHAPE("smp-parameters", parameter_fields, struct parameter_arguments), .rules = parameter_rules};

static void expect_number(struct rig_run *run, const char *field, const guint32 *wanted, guint32 seen)
{
    g_autofree char *expected = wanted ? g_strdup_printf("%u", *wanted) : NULL;
    g_autofree char *seen_text = g_strdup_printf("%u", seen);

    if (wanted)
        rig_run_expect(run, *wanted == seen, field, expected, seen_text);
}

static void run_parameters(struct rig_run *run, const struct rig_step *step)
{
    const struct parameter_arguments *arguments = RIG_ARGUMENTS(step, struct parameter_arguments);
    struct rig_smp_client *client = client_of(run);
    struct rig_update_result result;
    GError *error = NULL;

    if (!client)
        return;
    if (!rig_smp_learn_parameters(client, rig_run_deadline_us(run, step), &result, &error)) {
        rig_run_error(run, error);
        return;
    }
    rig_judge_answer(run, &arguments->expected, "parameters", &result);
    expect_number(run, "buffer-size", arguments->buffer_bytes, client->buf_size);
    expect_number(run, "buffers", arguments->n_buffers, client->buf_count);
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
struct reset_arguments {
    const char *boot_mode;
    bool force;
    bool wait;
    struct rig_expected_answer expected;
};
static const struct rig_field reset_fields[] = {
    RIG_FIELD("boot-mode", CHOICE, struct reset_arguments, boot_mode, .choices = boot_modes,
              .default_text = "normal",
              .about =
                  "What is to run afterwards: 'bootloader' asks for what the board is updated by when its "
                  "application does not run (boot_mode 1)."),
    RIG_FIELD("force", FLAG, struct reset_arguments, force, .default_text = "false",
              .about = "Overrule an application that is busy."),
    RIG_FIELD("wait", FLAG, struct reset_arguments, wait, .default_text = "true",
              .about = "Wait until the bootloader ran."),
    RIG_FIELD_EXPECT_ANSWER(struct reset_arguments, expected),
    RIG_FIELD_EXPECT_RC(struct reset_arguments, expected),
};
static const struct rig_rule reset_rules[] = {RIG_RULE_NEEDS_OK("wait"), RIG_RULE_EXPECT_RC, {0}};
static const struct rig_shape reset_shape = {RIG_SHAPE("smp-reset", reset_fields, struct reset_arguments),
                                             .rules = reset_rules};

static void run_smp_reset(struct rig_run *run, const struct rig_step *step)
{
    const struct reset_arguments *arguments = RIG_ARGUMENTS(step, struct reset_arguments);
    struct rig_smp_client *client = client_of(run);
    struct rig_update_result result;
    guint8 request[64];
    gsize n_bytes;

    if (!client)
        return;
    n_bytes = rig_smp_encode_reset(rig_smp_next_id(client), arguments->force,
                                   g_str_equal(arguments->boot_mode, "bootloader"), request, sizeof request);
    rig_run_mark_boots(run);
    if (!ask(run, step, request, n_bytes, NULL, &result))
        return;
    rig_judge_answer(run, &arguments->expected, "reset", &result);
    if (result.kind == RIG_UPDATE_DONE && arguments->wait)
        rig_await_boot(run, rig_run_deadline_us(run, step));
}

static char *smp_reset_unfit(const struct rig_step *step, struct rig_fit *fit)
{
    const struct reset_arguments *arguments = RIG_ARGUMENTS(step, struct reset_arguments);

    fit->in_recovery |=
        g_str_equal(arguments->boot_mode, "bootloader") && rig_fit_option(fit, "serial-recovery");
    if (!rig_words_have(arguments->expected.outcomes, "ok") || arguments->force ||
        rig_fit_is_chosen(fit, "refuses-reset") || !rig_fit_flag(fit, "refuses-reset"))
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

struct bounds {
    const guint64 *count, *at_most, *at_least;
};
static const struct rig_field answers_fields[] = {
    RIG_FIELD("count", COUNT, struct bounds, count, .about = "Exactly so many."),
    RIG_FIELD("at-most", COUNT, struct bounds, at_most, .about = "No more than so many."),
    RIG_FIELD("at-least", COUNT, struct bounds, at_least, .min = 1, .about = "No fewer."),
};
static const char *const answers_bounds[] = {"count", "at-most", "at-least", NULL};
static const struct rig_rule answers_rules[] = {
    {.field = "at-most", .kind = RIG_RULE_NOT_BESIDE, .other = "count"},
    {.field = "at-least", .kind = RIG_RULE_NOT_BESIDE, .other = "count"},
    {.field = "at-least", .kind = RIG_RULE_AT_MOST, .other = "at-most"},
    {0},
};
static const struct rig_shape answers_shape = {RIG_SHAPE("answers", answers_fields, struct bounds),
                                               .shorthand = "count", .at_least_one = answers_bounds,
                                               .rules = answers_rules};

struct raw_arguments {
    GBytes *bytes;
    bool in_one_write;
    struct rig_expected_answer expected;
    guint32 copies;
    const struct bounds *answers;
    const struct rig_value *answer;
};
static const struct rig_field raw_fields[] = {
    RIG_FIELD("bytes", HEX, struct raw_arguments, bytes, .required = true, .min = 1,
              .about = "What goes out, header included, exactly so."),
    RIG_FIELD("in-one-write", FLAG, struct raw_arguments, in_one_write, .default_text = "false",
              .about = "Hand it to the link as one packet, whatever the ATT_MTU."),
    RIG_FIELD("expect", CHOICE, struct raw_arguments, expected.outcomes, .list = true, .choices = raw_choices,
              .default_text = "reply",
              .about =
                  "`reply`: an answer without error that keeps the protocol; `error`: one with an error; "
                  "`malformed-answer`: one that breaks the protocol; `silence`: nothing within the "
                  "deadline; `not-sent`: the link does not take a packet of this length."),
    RIG_FIELD("rc", COUNT, struct raw_arguments, expected.code, .default_text = "0",
              .about = "With `error`: the code that must be answered; 0 = any."),
    RIG_FIELD("copies", COUNT, struct raw_arguments, copies, .default_text = "1", .min = 1, .max = 64,
              .about = "Sent so often, back to back, before listening."),
    RIG_STRUCT_FIELD(
        "answers", RECORD, struct raw_arguments, answers, struct bounds, &answers_shape,
        .about =
            "How many messages come back before the deadline; `expect` and `answer` speak of the first."),
    RIG_FIELD("answer", HEX, struct raw_arguments, answer, .min = 1,
              .about = "The answer's bytes from its beginning, as many as are given."),
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
static const struct rig_shape raw_shape = {RIG_SHAPE("smp-raw", raw_fields, struct raw_arguments),
                                           .shorthand = "bytes", .rules = raw_rules};

static bool send_raw(struct rig_smp_client *client, const struct raw_arguments *arguments,
                     enum rig_link_outcome *outcome, GError **error)
{
    gsize n_bytes;
    const guint8 *bytes = g_bytes_get_data(arguments->bytes, &n_bytes);
    bool ok = true;

    *outcome = RIG_LINK_OK;
    rig_smp_begin_raw(client, arguments->bytes);
    for (guint32 i = arguments->copies; ok && i > 0 && *outcome == RIG_LINK_OK; i--)
        ok = arguments->in_one_write ? rig_smp_send_packet(client, bytes, n_bytes, outcome, error)
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

static void judge_raw(struct rig_run *run, const struct raw_arguments *arguments,
                      struct rig_smp_client *client, const struct raw_answer *raw)
{
    const struct rig_expected_answer *wanted = &arguments->expected;
    GBytes *message = raw->answer.message;
    GBytes *answer = arguments->answer ? arguments->answer->bytes : NULL;
    g_autofree char *choices = rig_words_text(wanted->outcomes);
    g_autofree char *expected = wanted->code && rig_words_have(wanted->outcomes, "error")
                                    ? g_strdup_printf("%s %u", choices, wanted->code)
                                    : g_strdup(choices);
    g_autofree char *seen = NULL;
    char text[256];
    const char *kind = classify(client, raw, text, sizeof text);
    bool ok = rig_words_have(wanted->outcomes, "any") || rig_words_have(wanted->outcomes, kind);

    if (ok && wanted->code && g_str_equal(kind, "error"))
        ok = raw->answer.decoded.response.error.rc == wanted->code;
    seen = g_strdup_printf("%s (%s)", kind, text);
    if (!rig_run_expect(run, ok, "raw request", expected, seen) || !answer)
        return;
    ok = message && g_bytes_get_size(message) >= g_bytes_get_size(answer) &&
         memcmp(g_bytes_get_data(message, NULL), g_bytes_get_data(answer, NULL), g_bytes_get_size(answer)) ==
             0;
    rig_run_expect(run, ok, "answer's bytes",
                   arguments->answer->node ? arguments->answer->node->text : "as given", text);
}

static bool within_bounds(const struct bounds *bounds, guint64 n)
{
    return (!bounds->count || n == *bounds->count) && (!bounds->at_most || n <= *bounds->at_most) &&
           (!bounds->at_least || n >= *bounds->at_least);
}

static char *bounds_text(const struct bounds *bounds)
{
    const struct {
        const char *name;
        const guint64 *number;
    } all[] = {{"count", bounds->count}, {"at-most", bounds->at_most}, {"at-least", bounds->at_least}};
    GString *text = g_string_new(NULL);

    for (gsize i = 0; i < G_N_ELEMENTS(all); i++)
        if (all[i].number)
            g_string_append_printf(text, "%s%s %" G_GUINT64_FORMAT, text->len ? ", " : "", all[i].name,
                                   *all[i].number);
    return g_string_free(text, FALSE);
}

/* One more answer, which has to keep the protocol as the first one. false: trouble. */
static bool take_another(struct rig_run *run, const char *const *outcomes, struct rig_smp_client *client,
                         guint64 until_us, enum rig_link_outcome *outcome)
{
    struct raw_answer raw = {0};
    GError *error = NULL;
    char text[256];
    bool ok = true;

    if (!rig_smp_receive(client, until_us, &raw.answer, &raw.outcome, &error)) {
        rig_run_error(run, error);
        return false;
    }
    *outcome = raw.outcome;
    if (raw.answer.message && !rig_words_have(outcomes, "any") &&
        !rig_words_have(outcomes, "malformed-answer") &&
        g_str_equal(classify(client, &raw, text, sizeof text), "malformed-answer"))
        ok = rig_run_expect(run, false, "another answer", "one that keeps the protocol", text);
    rig_smp_answer_clear(&raw.answer);
    return ok;
}

/* The first message is in already (or did not come). */
static void expect_answers(struct rig_run *run, const struct raw_arguments *arguments,
                           struct rig_smp_client *client, guint64 n_answers, guint64 until_us)
{
    enum rig_link_outcome outcome = n_answers ? RIG_LINK_OK : RIG_LINK_TIMEOUT;
    g_autofree char *expected = NULL;
    g_autofree char *seen = NULL;

    if (!arguments->answers || rig_run_troubled(run))
        return;
    while (outcome == RIG_LINK_OK) {
        if (!take_another(run, arguments->expected.outcomes, client, until_us, &outcome))
            return;
        n_answers += outcome == RIG_LINK_OK;
    }
    expected = bounds_text(arguments->answers);
    seen = g_strdup_printf("%" G_GUINT64_FORMAT, n_answers);
    rig_run_expect(run, within_bounds(arguments->answers, n_answers), "answers", expected, seen);
}

static void run_raw(struct rig_run *run, const struct rig_step *step)
{
    const struct raw_arguments *arguments = RIG_ARGUMENTS(step, struct raw_arguments);
    guint64 until_us = rig_run_deadline_us(run, step);
    struct rig_smp_client *client = client_of(run);
    struct raw_answer raw = {0};
    GError *error = NULL;

    if (!client)
        return;
    if (!send_raw(client, arguments, &raw.outcome, &error) ||
        (raw.outcome == RIG_LINK_OK &&
         !rig_smp_receive(client, until_us, &raw.answer, &raw.outcome, &error))) {
        rig_run_error(run, error);
        return;
    }
    judge_raw(run, arguments, client, &raw);
    expect_answers(run, arguments, client, raw.answer.message != NULL, until_us);
    rig_smp_give_up(client);
    rig_smp_answer_clear(&raw.answer);
}

/* A server that does not join packets takes a message in one, and only where one carries it. */
static char *no_packet(const struct raw_arguments *arguments, const struct rig_fit *fit, gsize n_bytes)
{
    if (!fit->mtu || n_bytes <= fit->mtu - 3 || rig_fit_is_chosen(fit, "mtu") ||
        rig_words_have(arguments->expected.outcomes, "not-sent") ||
        (!arguments->in_one_write && rig_fit_flag(fit, "reassembly")))
        return NULL;
    return g_strdup_printf("a request of %" G_GSIZE_FORMAT
                           " bytes does not fit a packet of target '%s' (ATT_MTU %" G_GUINT64_FORMAT ")",
                           n_bytes, fit->target->name, fit->mtu);
}

/* Bits 3 and 4 of the first byte are the version; 0 is the original one. [SPEC SMP header] */
static char *raw_unfit(const struct rig_step *step, struct rig_fit *fit)
{
    const struct raw_arguments *arguments = RIG_ARGUMENTS(step, struct raw_arguments);
    gsize n_bytes;
    const guint8 *bytes = g_bytes_get_data(arguments->bytes, &n_bytes);
    char *reason = no_packet(arguments, fit, n_bytes);

    if (reason || n_bytes == 0 || (bytes[0] & 0x18) != 0 || rig_fit_flag(fit, "original-protocol") ||
        rig_fit_is_chosen(fit, "original-protocol") || rig_words_have(arguments->expected.outcomes, "any"))
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

struct erase_arguments {
    const guint8 *slot;
    struct rig_expected_answer expected;
};
static const struct rig_field erase_fields[] = {
    RIG_FIELD("slot", COUNT, struct erase_arguments, slot, .max = 255,
              .about = "Slot to erase; without it the server's default, slot 1."),
    RIG_FIELD_EXPECT_ANSWER(struct erase_arguments, expected),
    RIG_FIELD_EXPECT_RC(struct erase_arguments, expected),
};
static const struct rig_shape erase_shape = {RIG_SHAPE("erase", erase_fields, struct erase_arguments),
                                             .shorthand = "slot", .rules = answer_rules};

static void run_erase(struct rig_run *run, const struct rig_step *step)
{
    const struct erase_arguments *arguments = RIG_ARGUMENTS(step, struct erase_arguments);
    struct rig_smp_client *client = client_of(run);
    struct rig_update_result result;
    guint8 request[64];
    gsize n_bytes;

    if (!client)
        return;
    n_bytes = rig_smp_encode_erase(rig_smp_next_id(client), arguments->slot ? *arguments->slot : -1, request,
                                   sizeof request);
    if (ask(run, step, request, n_bytes, NULL, &result))
        rig_judge_answer(run, &arguments->expected, "erase", &result);
}

static char *erase_unfit(const struct rig_step *step, struct rig_fit *fit)
{
    const struct erase_arguments *arguments = RIG_ARGUMENTS(step, struct erase_arguments);

    return rig_fit_no_image_request(fit, false, arguments->expected.code == RIG_SMP_RC_NOT_SUPPORTED);
}

const struct rig_verb rig_verb_erase = {
    .name = "erase",
    .family = "update",
    .about = "Asks the board to erase a slot.",
    .shape = &erase_shape,
    .within_us = 60u * 1000 * 1000,
    .needs = needs_smp,
    .unfit = erase_unfit,
    .example = "erase: {slot: 1, expect: refused}",
    .run = run_erase,
};

struct entry {
    guint32 slot;
    guint32 number;
    bool absent;
    const char *image;
    const bool *bootable, *pending, *confirmed, *active, *permanent;
};
static const struct rig_field entry_fields[] = {
    RIG_FIELD("slot", COUNT, struct entry, slot, .required = true, .max = 15, .about = "Slot of the entry."),
    RIG_FIELD("number", COUNT, struct entry, number, .default_text = "0", .max = 15,
              .about = "Image number of a board with several."),
    RIG_FIELD("absent", FLAG, struct entry, absent, .default_text = "false",
              .about = "There must be no such entry."),
    RIG_FIELD("image", IMAGE, struct entry, image, .about = "Whose hash and version it must have."),
    RIG_FIELD("bootable", FLAG, struct entry, bootable, .about = "Flag `bootable`."),
    RIG_FIELD("pending", FLAG, struct entry, pending, .about = "Flag `pending`."),
    RIG_FIELD("confirmed", FLAG, struct entry, confirmed, .about = "Flag `confirmed`."),
    RIG_FIELD("active", FLAG, struct entry, active, .about = "Flag `active`."),
    RIG_FIELD("permanent", FLAG, struct entry, permanent, .about = "Flag `permanent`."),
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
static const struct rig_shape entry_shape = {RIG_SHAPE("entry", entry_fields, struct entry),
                                             .rules = entry_rules};

struct images_arguments {
    const struct entry *const *entries; /* NULL: none */
    struct rig_expected_answer expected;
};
static const struct rig_field images_fields[] = {
    RIG_STRUCT_FIELD("entries", RECORD, struct images_arguments, entries, struct entry, &entry_shape,
                     .list = true, .about = "Entries that must be (or be absent)."),
    RIG_FIELD_EXPECT_ANSWER(struct images_arguments, expected),
    RIG_FIELD_EXPECT_RC(struct images_arguments, expected),
};
static const struct rig_rule images_rules[] = {RIG_RULE_NEEDS_OK("entries"), RIG_RULE_EXPECT_RC, {0}};
static const struct rig_shape images_shape = {
    RIG_SHAPE("expect-images", images_fields, struct images_arguments), .shorthand = "entries",
    .rules = images_rules};

static const struct rig_smp_image_entry *find_entry(const struct rig_smp_response *response, guint32 number,
                                                    guint32 slot)
{
    for (gsize i = 0; i < response->n_images; i++)
        if (response->images[i].image == number && response->images[i].slot == slot)
            return &response->images[i];
    return NULL;
}

static void expect_entry_flag(struct rig_run *run, guint32 slot, const char *name, const bool *wanted,
                              bool seen)
{
    g_autofree char *what = g_strdup_printf("slot %u %s", slot, name);

    if (wanted)
        rig_run_expect(run, *wanted == seen, what, *wanted ? "true" : "false", seen ? "true" : "false");
}

/* As servers write it: without the build number where that is 0. */
static bool tells_version(const char *text, const struct rig_image_version *version)
{
    g_autofree char *brief = g_strdup_printf("%u.%u.%u", version->major, version->minor, version->revision);
    g_autofree char *full = g_strdup_printf("%s.%u", brief, version->build);

    return g_str_equal(text, full) || (version->build == 0 && g_str_equal(text, brief));
}

static void expect_entry_image(struct rig_run *run, const char *name, const struct rig_smp_image_entry *entry)
{
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

static void expect_entry(struct rig_run *run, const struct entry *wanted,
                         const struct rig_smp_response *response)
{
    const struct rig_smp_image_entry *entry = find_entry(response, wanted->number, wanted->slot);
    g_autofree char *what = g_strdup_printf("entry of slot %u", wanted->slot);

    if (!rig_run_expect(run, wanted->absent == (entry == NULL), what, wanted->absent ? "none" : "one",
                        entry ? "one" : "none") ||
        !entry)
        return;
    expect_entry_image(run, wanted->image, entry);
    expect_entry_flag(run, wanted->slot, "bootable", wanted->bootable, entry->bootable);
    expect_entry_flag(run, wanted->slot, "pending", wanted->pending, entry->pending);
    expect_entry_flag(run, wanted->slot, "confirmed", wanted->confirmed, entry->confirmed);
    expect_entry_flag(run, wanted->slot, "active", wanted->active, entry->active);
    expect_entry_flag(run, wanted->slot, "permanent", wanted->permanent, entry->permanent);
}

static void run_expect_images(struct rig_run *run, const struct rig_step *step)
{
    const struct images_arguments *arguments = RIG_ARGUMENTS(step, struct images_arguments);
    struct rig_smp_client *client = client_of(run);
    struct rig_smp_response response = {0};
    struct rig_update_result result;
    guint8 request[64];
    gsize n_bytes;

    if (!client)
        return;
    n_bytes = rig_smp_encode_image_list(rig_smp_next_id(client), request, sizeof request);
    if (!ask(run, step, request, n_bytes, &response, &result))
        return;
    rig_judge_answer(run, &arguments->expected, "image list", &result);
    for (const struct entry *const *entry = arguments->entries;
         result.kind == RIG_UPDATE_DONE && entry && *entry; entry++)
        expect_entry(run, *entry, &response);
}

static char *lists_images(const struct rig_step *step, struct rig_fit *fit)
{
    const struct images_arguments *arguments = RIG_ARGUMENTS(step, struct images_arguments);
    char *reason = rig_fit_no_image_request(fit, false, arguments->expected.code == RIG_SMP_RC_NOT_SUPPORTED);

    return reason ? reason : rig_fit_no_list(fit);
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
