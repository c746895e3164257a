/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Verbs: upload, mark, confirm: the update itself, by whatever protocol the board speaks. */
#include "steps/verbs.h"

#include "base/error.h"
#include "protocol/smp/smp.h"
#include "steps/fit.h"

static const char *const needs_update[] = {"update", NULL};
static const char *const retries[] = {"none", "resume", NULL};
static const char *const resume_words[] = {"acknowledged", NULL};
static const char *const resume_only[] = {"resume", NULL};
static const char *const stopped_words[] = {"stopped", NULL};
static const char *const stopped_or_any[] = {"stopped", "any", NULL};
static const char *const mark_kinds[] = {"test", "permanent", NULL};

static const char *const upload_outcomes[] = {
    "ok", "refused", "silence", "link-lost", "malformed-answer", "no-progress", "stopped", "any", NULL};

struct upload_arguments {
    const char *image;
    const guint32 *number;
    const guint64 *chunk_bytes;
    const guint64 *first_chunk_bytes;
    guint32 window;
    const guint16 *prn;
    const guint64 *object_bytes;
    enum { RETRY_NONE, RETRY_RESUME } retry;
    const bool *pair;
    const guint64 *resumes_at;
    const char *acknowledged; /* the word, instead of a place */
    guint64 until;
    bool upgrade;
    guint32 failures;
    struct rig_expected_answer expected;
};
static const struct rig_field upload_fields[] = {
    RIG_FIELD("image", IMAGE, struct upload_arguments, image, .required = true, .about = "What to upload."),
    RIG_FIELD("number", COUNT, struct upload_arguments, number, .max = 15,
              .about = "Image number of a board with several; without it the image's own."),
    RIG_FIELD("chunk", SIZE, struct upload_arguments, chunk_bytes, .min = 1, .max = 4096,
              .about = "Data bytes of one chunk; without it as many as fit."),
    RIG_FIELD("first-chunk", SIZE, struct upload_arguments, first_chunk_bytes, .min = 1, .max = 4096,
              .about = "Data bytes of the first chunk, where it is to differ from the others."),
    RIG_FIELD(
        "window", COUNT, struct upload_arguments, window, .default_text = "1", .min = 1, .max = 16,
        .about = "Requests in flight; at most the board's buffers less one, and 1 if it does not tell them."),
    RIG_FIELD("prn", COUNT, struct upload_arguments, prn, .max = 65535,
              .about =
                  "Nordic DFU: packets after which the board reports what it has; 0 = it does not. Without "
                  "it 0 with secure bootloaders, 10 with legacy ones."),
    RIG_FIELD("object", SIZE, struct upload_arguments, object_bytes, .min = 1, .max = 1048576,
              .about = "Secure Nordic DFU: bytes of the image in one object; without it as many as the board "
                       "takes."),
    RIG_FIELD("retry", CHOICE, struct upload_arguments, retry, .choices = retries, .default_text = "none",
              .about = "`resume`: when the link is lost, connect again and go on where the board says."),
    RIG_FIELD("pair", FLAG, struct upload_arguments, pair,
              .about = "Encrypt when connecting again; without it as for `connect`."),
    RIG_FIELD(
        "resumes-at", SIZE, struct upload_arguments, resumes_at,
        RIG_WORD(struct upload_arguments, acknowledged), .choices = resume_words, .default_text = "0",
        .about =
            "The board must still have this much of an earlier connection: the upload goes on there or "
            "later. `acknowledged`: what the board had acknowledged before a link was lost, with `retry: "
            "resume` in "
            "this upload, else in the one before it, which was broken off; one that may have had the last "
            "chunk by then may begin anew. 0 = wherever."),
    RIG_FIELD("until", SIZE, struct upload_arguments, until, .default_text = "0",
              .about =
                  "Leave off when the board has this much; the outcome is then `stopped`. 0 = at the end."),
    RIG_FIELD("upgrade", FLAG, struct upload_arguments, upgrade, .default_text = "false",
              .about = "Ask the server to refuse a version that is not higher."),
    RIG_FIELD("failures", COUNT, struct upload_arguments, failures, .default_text = "5", .min = 1, .max = 100,
              .about = "Silences in a row, or attempts at one object, before giving up."),
    RIG_FIELD("expect", CHOICE, struct upload_arguments, expected.outcomes, .list = true,
              .choices = upload_outcomes, .default_text = "ok",
              .about =
                  "What must come of it; several = any of them. `any` accepts everything but a broken rig."),
    RIG_FIELD_EXPECT_RC(struct upload_arguments, expected),
};
static const struct rig_rule upload_rules[] = {
    {.field = "pair", .kind = RIG_RULE_NEEDS, .other = "retry", .others = resume_only},
    {.field = "until", .kind = RIG_RULE_NEEDS, .other = "expect", .others = stopped_or_any},
    {.field = "expect", .values = stopped_words, .kind = RIG_RULE_NEEDS, .other = "until"},
    RIG_RULE_EXPECT_RC,
    {0},
};
static const struct rig_shape upload_shape = {RIG_SHAPE("upload", upload_fields, struct upload_arguments),
                                              .shorthand = "image", .rules = upload_rules};
static const struct rig_rule answer_rules[] = {RIG_RULE_EXPECT_RC, {0}};

/* What this upload may count on of `resumes-at: acknowledged`: within it, or of the one that was broken off
 * before it. false: nothing, which is trouble. */
static bool find_acknowledged(struct rig_run *run, const struct upload_arguments *arguments,
                              const struct rig_update_report *report, guint64 *least, guint64 *begin)
{
    if (arguments->retry == RETRY_RESUME) {
        *least = report->acknowledged;
        *begin = report->acknowledged ? report->went_on_at : report->begin;
        return true;
    }
    if (g_strcmp0(run->broken_off.image, arguments->image) != 0) {
        rig_run_error_text(run,
                           "no upload of '%s' was broken off before this one: nothing was acknowledged, and "
                           "'resumes-at' checks nothing; write 'retry: resume', or let one break off",
                           arguments->image);
        return false;
    }
    *least = run->broken_off.at;
    *begin = report->begin;
    return true;
}

static void expect_resumed(struct rig_run *run, const struct upload_arguments *arguments,
                           const struct rig_update_report *report)
{
    guint64 least = arguments->resumes_at ? *arguments->resumes_at : 0;
    guint64 begin = report->begin;
    g_autofree char *expected = NULL;
    g_autofree char *seen = NULL;

    if ((!arguments->acknowledged && !least) || rig_run_troubled(run) ||
        (arguments->acknowledged && !find_acknowledged(run, arguments, report, &least, &begin)))
        return;
    expected = g_strdup_printf("byte %" G_GUINT64_FORMAT " or later", least);
    seen = g_strdup_printf("byte %" G_GUINT64_FORMAT, begin);
    rig_run_expect(run, begin >= least, "upload goes on at", expected, seen);
}

/* What a later upload of the image may count on. */
static void remember_broken_off(struct rig_run *run, const struct upload_arguments *arguments, gsize n_bytes,
                                const struct rig_update_report *report,
                                const struct rig_update_result *result)
{
    bool broken_off = result->kind != RIG_UPDATE_DONE && report->offset > 0 && report->offset < n_bytes;

    run->broken_off.image = broken_off ? arguments->image : NULL;
    run->broken_off.at = report->offset;
}

/* A place that the image does not have is the scenario's mistake, and no board could keep what it asks for.
 */
static bool has_place(struct rig_run *run, const char *field, guint64 at, gsize n_bytes)
{
    if (at >= n_bytes)
        rig_run_error_text(run, "'%s' is at byte %" G_GUINT64_FORMAT ", and the image has %" G_GSIZE_FORMAT,
                           field, at, n_bytes);
    return at < n_bytes;
}

static struct rig_update_transfer transfer_of(struct rig_run *run, const struct rig_step *step,
                                              const struct rig_built_image *image)
{
    const struct upload_arguments *arguments = RIG_ARGUMENTS(step, struct upload_arguments);
    struct rig_update_transfer transfer = {
        .sha = image->sha,
        .image = arguments->number ? *arguments->number : image->index,
        .chunk_bytes = arguments->chunk_bytes ? *arguments->chunk_bytes : 0,
        .first_chunk_bytes = arguments->first_chunk_bytes ? *arguments->first_chunk_bytes : 0,
        .window = arguments->window,
        .prn = arguments->prn,
        .object_bytes = arguments->object_bytes ? *arguments->object_bytes : 0,
        .parts = image->n_parts ? image->parts : NULL,
        .n_parts = image->n_parts,
        .resume = arguments->retry == RETRY_RESUME,
        .pair = arguments->pair ? *arguments->pair : run->board->demands.encryption,
        .stop_at_byte = arguments->until,
        .upgrade = arguments->upgrade,
        .max_failures = arguments->failures,
        .until_us = rig_run_deadline_us(run, step),
    };

    if (!transfer.n_parts)
        transfer.bytes = g_bytes_get_data(image->file, &transfer.n_bytes);
    for (guint i = 0; i < transfer.n_parts; i++)
        transfer.n_bytes += g_bytes_get_size(transfer.parts[i].bytes);
    return transfer;
}

/* Whether it has this option of a transfer. */
static bool update_takes(const struct rig_update_protocol *protocol, const char *option)
{
    return g_strv_contains(protocol->options, option);
}

/* The first option of this upload that the protocol has not; NULL: it has all. */
static const char *foreign_option(const struct upload_arguments *arguments,
                                  const struct rig_update_protocol *protocol)
{
    const struct {
        const char *name;
        bool chosen;
    } options[] = {
        {"number", arguments->number != NULL},
        {"chunk", arguments->chunk_bytes != NULL},
        {"first-chunk", arguments->first_chunk_bytes != NULL},
        {"window", arguments->window > 1},
        {"prn", arguments->prn != NULL},
        {"object", arguments->object_bytes != NULL},
        {"upgrade", arguments->upgrade},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(options); i++)
        if (options[i].chosen && !update_takes(protocol, options[i].name))
            return options[i].name;
    return NULL;
}

static void run_upload(struct rig_run *run, const struct rig_step *step)
{
    const struct upload_arguments *arguments = RIG_ARGUMENTS(step, struct upload_arguments);
    const struct rig_built_image *image = rig_run_image(run, arguments->image);
    struct rig_update_transfer transfer;
    struct rig_update_report report;
    struct rig_update_result result;
    GError *error = NULL;

    if (!image)
        return;
    transfer = transfer_of(run, step, image);
    if (!has_place(run, "until", arguments->until, transfer.n_bytes) ||
        (arguments->resumes_at && !has_place(run, "resumes-at", *arguments->resumes_at, transfer.n_bytes)))
        return;
    if (!run->update->protocol->transfer(run->update, &transfer, &report, &result, &error)) {
        rig_run_error(run, error);
        return;
    }
    rig_run_note(run,
                 "upload of %s: %s at byte %" G_GUINT64_FORMAT " of %" G_GSIZE_FORMAT
                 ", %u chunks, %u sent again, %u offset mismatches, %u reconnects",
                 image->name, rig_update_result_name(result.kind), report.offset, transfer.n_bytes,
                 report.n_chunks, report.n_resent, report.n_mismatches, report.n_reconnects);
    rig_judge_answer(run, &arguments->expected, "upload", &result);
    expect_resumed(run, arguments, &report);
    remember_broken_off(run, arguments, transfer.n_bytes, &report, &result);
}

/* With less than this a chunk takes more than one packet. */
#define SMALL_MTU 100u
#define CHUNK_ROOM 64u /* header and map around the bytes of a chunk */

/* A host that is not told otherwise sends packets as large as ATT_MTU allows, and whole messages in each. */
static char *no_packets(const struct upload_arguments *arguments, const struct rig_fit *fit)
{
    bool told = rig_fit_flag(fit, "parameters");
    bool joins = told && rig_fit_flag(fit, "reassembly");
    bool small = fit->mtu && fit->mtu < SMALL_MTU;
    guint64 buffer = rig_fit_count(fit, "buffer-size", 384);
    guint64 message = (arguments->chunk_bytes ? *arguments->chunk_bytes : buffer) + CHUNK_ROOM;

    if (rig_words_have(arguments->expected.outcomes, "no-progress"))
        return NULL;
    if (small && !joins && message > fit->mtu)
        return g_strdup_printf(
            "at ATT_MTU %" G_GUINT64_FORMAT " a chunk takes several packets, and target '%s' "
            "does not join them, or does not tell that it does ('reassembly', 'parameters')",
            fit->mtu, fit->target->name);
    if (message <= buffer || fit->mtu <= buffer + 3 || told)
        return NULL;
    return g_strdup_printf("target '%s' agrees to packets (ATT_MTU %" G_GUINT64_FORMAT
                           ") that are larger than its buffer (%" G_GUINT64_FORMAT
                           " bytes), and does not tell its buffer's size ('parameters: false')",
                           fit->target->name, fit->mtu, buffer);
}

/* A case that is itself about small packets and old servers says all of it. */
static bool says_all(const struct rig_fit *fit)
{
    return rig_fit_is_chosen(fit, "mtu") &&
           (rig_fit_is_chosen(fit, "reassembly") || rig_fit_is_chosen(fit, "parameters"));
}

/* Nordic: an update may go to bank 0, and must where there is no other; so it is with a single slot. */
static guint slot_of(const struct rig_fit *fit, guint number)
{
    bool two = fit->layout.family == RIG_BOOTLOADER_MCUBOOT && fit->layout.mode != RIG_SWAP_SINGLE;

    return two ? 2 * number + 1 : 0;
}

/* What is to outlast a lost link needs a board that keeps it. */
static char *forgets(const struct upload_arguments *arguments, const struct rig_fit *fit)
{
    const char *option = rig_update_protocol_of(fit->board)->keeps_progress_by;
    bool kept = arguments->acknowledged || (arguments->resumes_at && *arguments->resumes_at > 0);

    if (!option || arguments->retry != RETRY_RESUME || !kept || (*option && rig_fit_flag(fit, option)))
        return NULL;
    return g_strdup_printf(
        "the bootloader of target '%s' forgets what it has of an update when the link is lost%s%s%s",
        fit->target->name, *option ? " ('" : "", option, *option ? ": false')" : "");
}

static char *upload_unfit(const struct rig_step *step, struct rig_fit *fit)
{
    const struct upload_arguments *arguments = RIG_ARGUMENTS(step, struct upload_arguments);
    const struct rig_update_protocol *protocol = rig_update_protocol_of(fit->board);
    const char *foreign = foreign_option(arguments, protocol);
    const char *image = arguments->image;
    const struct rig_image_spec *spec = rig_fit_image(fit, image);
    guint index = spec ? spec->index : 0;
    guint slot = slot_of(fit, arguments->number ? *arguments->number : index);
    bool must_work = rig_words_have(arguments->expected.outcomes, "ok");
    char *reason = rig_fit_no_image_request(fit, false, arguments->expected.code == RIG_SMP_RC_NOT_SUPPORTED);

    if (must_work)
        fit->uploaded = image;
    if (!reason && must_work)
        reason = rig_fit_no_space(fit, image, slot, 0);

    if (!reason && fit->layout.mode == RIG_SWAP_SINGLE && !rig_fit_minds(fit, "swap"))
        reason = g_strdup_printf("target '%s' has one slot ('swap: single'): its application takes no upload",
                                 fit->target->name);
    if (!reason && foreign)
        reason = g_strdup_printf("uploads over %s have no '%s'", protocol->name, foreign);
    if (!reason)
        reason = forgets(arguments, fit);
    if (!reason && update_takes(protocol, "chunk") && !says_all(fit))
        reason = no_packets(arguments, fit);
    return reason ? reason : rig_fit_unchecked(fit, image);
}

const struct rig_verb rig_verb_upload = {
    .name = "upload",
    .family = "update",
    .about =
        "Sends an image to the free slot, going on from the offset that the board answers. With Nordic DFU: "
        "brings the board into its bootloader first, where it is not there yet; the board activates what it "
        "got, and resets by itself: `connect` again.",
    .shape = &upload_shape,
    .within_us = 600u * G_GUINT64_CONSTANT(1000000),
    .needs = needs_update,
    .unfit = upload_unfit,
    .example = "upload: {image: new, window: 3, retry: resume}",
    .run = run_upload,
};

/* Hash by which the board knows the image: of the file as built, whatever is in it. */
static void activate(struct rig_run *run, const struct rig_step *step, const char *image_name, bool confirm,
                     const struct rig_expected_answer *expected)
{
    const struct rig_built_image *image = image_name ? rig_run_image(run, image_name) : NULL;
    struct rig_update_activation activation = {.permanent = confirm};
    struct rig_update_result result;
    GError *error = NULL;

    if (image_name && !image)
        return;
    if (image && !image->has_hash) {
        rig_run_error_text(run, "image '%s' has no hash that a request could name", image_name);
        return;
    }
    activation.hash = image ? image->smp_hash : NULL;
    activation.n_hash = image ? image->n_smp_hash : 0;
    activation.until_us = rig_run_deadline_us(run, step);
    if (!run->update->protocol->activate) {
        rig_run_unable(run, g_error_new(RIG_ERROR, RIG_ERROR_UNSUPPORTED,
                                        "images are activated by their transfer over %s: there is no '%s'",
                                        run->update->protocol->name, step->verb->name));
        return;
    }
    if (!run->update->protocol->activate(run->update, &activation, &result, &error))
        rig_run_error(run, error);
    else
        rig_judge_answer(run, expected, step->verb->name, &result);
}

struct mark_arguments {
    const char *image;
    const char *as;
    struct rig_expected_answer expected;
};
static const struct rig_field mark_fields[] = {
    RIG_FIELD("image", IMAGE, struct mark_arguments, image, .required = true, .about = "Image to boot next."),
    RIG_FIELD("as", CHOICE, struct mark_arguments, as, .choices = mark_kinds, .default_text = "test",
              .about = "Once on trial, or for good."),
    RIG_FIELD_EXPECT_ANSWER(struct mark_arguments, expected),
    RIG_FIELD_EXPECT_RC(struct mark_arguments, expected),
};
static const struct rig_shape mark_shape = {RIG_SHAPE("mark", mark_fields, struct mark_arguments),
                                            .shorthand = "image", .rules = answer_rules};

static void run_mark(struct rig_run *run, const struct rig_step *step)
{
    const struct mark_arguments *arguments = RIG_ARGUMENTS(step, struct mark_arguments);

    activate(run, step, arguments->image, g_str_equal(arguments->as, "permanent"), &arguments->expected);
}

static bool is_not_supported(const struct rig_expected_answer *expected)
{
    return expected->code == RIG_SMP_RC_NOT_SUPPORTED;
}

static char *lists_images(const struct rig_expected_answer *expected, const struct rig_fit *fit)
{
    char *reason = rig_fit_no_image_request(fit, true, is_not_supported(expected));

    if (reason)
        return reason;
    return rig_words_have(expected->outcomes, "ok") ? rig_fit_no_list(fit) : NULL;
}

/* A bootloader that runs the newest image knows no marks and no confirmation. */
static char *no_marks(const struct rig_fit *fit)
{
    bool newest = fit->layout.mode == RIG_SWAP_DIRECT_XIP || fit->layout.mode == RIG_SWAP_RAM_LOAD;

    if (!newest || rig_fit_minds(fit, "swap") || fit->layout.family != RIG_BOOTLOADER_MCUBOOT)
        return NULL;
    return g_strdup_printf(
        "target '%s' runs the newest of its images ('swap: %s'): none is marked or confirmed",
        fit->target->name, rig_swap_mode_name(fit->layout.mode));
}

static char *mark_unfit(const struct rig_step *step, struct rig_fit *fit)
{
    char *reason = no_marks(fit);

    return reason ? reason : lists_images(&RIG_ARGUMENTS(step, struct mark_arguments)->expected, fit);
}

const struct rig_verb rig_verb_mark = {
    .name = "mark",
    .family = "update",
    .about = "Asks the board to boot an uploaded image at the next reset.",
    .shape = &mark_shape,
    .within_us = 10u * 1000 * 1000,
    .needs = needs_update,
    .unfit = mark_unfit,
    .example = "mark: {image: new, as: test}",
    .run = run_mark,
};

struct confirm_arguments {
    const char *image; /* NULL: the running one */
    struct rig_expected_answer expected;
};
static const struct rig_field confirm_fields[] = {
    RIG_FIELD("image", IMAGE, struct confirm_arguments, image,
              .about = "Image to confirm; without it the running one."),
    RIG_FIELD_EXPECT_ANSWER(struct confirm_arguments, expected),
    RIG_FIELD_EXPECT_RC(struct confirm_arguments, expected),
};
static const struct rig_shape confirm_shape = {RIG_SHAPE("confirm", confirm_fields, struct confirm_arguments),
                                               .shorthand = "image", .rules = answer_rules};

static void run_confirm(struct rig_run *run, const struct rig_step *step)
{
    const struct confirm_arguments *arguments = RIG_ARGUMENTS(step, struct confirm_arguments);

    activate(run, step, arguments->image, true, &arguments->expected);
}

static char *confirm_unfit(const struct rig_step *step, struct rig_fit *fit)
{
    char *reason = no_marks(fit);

    return reason ? reason : lists_images(&RIG_ARGUMENTS(step, struct confirm_arguments)->expected, fit);
}

const struct rig_verb rig_verb_confirm = {
    .name = "confirm",
    .family = "update",
    .about = "Confirms the running image, so that it stays.",
    .shape = &confirm_shape,
    .within_us = 10u * 1000 * 1000,
    .needs = needs_update,
    .unfit = confirm_unfit,
    .example = "confirm:",
    .run = run_confirm,
};
