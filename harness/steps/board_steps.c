/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Verbs: board, program, wait, note. */
#include "steps/verbs.h"

#include "base/error.h"
#include "bench/option_fields.h"
#include "steps/fit.h"

#include <string.h>

static const char *const no_image[] = {"none", NULL};
static const char *const slot_fields[] = {"slot0", "slot1", "slot2", "slot3"};

static const struct rig_field own_fields[] = {
    {.name = "slot0", .type = RIG_TYPE_IMAGE, .about = "Image in the primary slot."},
    {.name = "slot1", .type = RIG_TYPE_IMAGE, .about = "Image in the secondary slot."},
    {.name = "slot2",
     .type = RIG_TYPE_IMAGE,
     .choices = no_image,
     .about = "Primary slot of the second image; without it a healthy image of the board's own, with `none` "
              "nothing."},
    {.name = "slot3", .type = RIG_TYPE_IMAGE, .about = "Secondary slot of the second image."},
    {.name = "confirmed",
     .type = RIG_TYPE_FLAG,
     .default_text = "true",
     .about = "false: slot 0 is on trial, as after a test upgrade; the next boot reverts to slot 1."},
    {.name = "power",
     .type = RIG_TYPE_FLAG,
     .default_text = "true",
     .about = "false: leave the board switched off."},
    RIG_BOARD_OPTION_FIELDS};
static const struct rig_rule board_rules[] = {
    {.field = "confirmed", .kind = RIG_RULE_NEEDS, .other = "slot0"},
    {.field = "slot1", .kind = RIG_RULE_NEEDS, .other = "slot0"},
    RIG_BOARD_OPTION_RULES{0},
};
static const struct rig_shape board_shape = {
    .name = "board", .fields = own_fields, .n_fields = G_N_ELEMENTS(own_fields), .rules = board_rules};

struct slot_images {
    struct rig_board_image images[4];
    gsize n_images;
};

static bool collect_images(struct rig_run *run, const struct rig_step *step, struct slot_images *collected)
{
    for (guint slot = 0; slot < G_N_ELEMENTS(slot_fields); slot++) {
        const struct rig_value *value = rig_record_get(step->arguments, slot_fields[slot]);
        const char *name = value && !value->keyword ? value->text : NULL;
        const struct rig_built_image *image = name ? rig_run_image(run, name) : NULL;
        struct rig_board_image *into = &collected->images[collected->n_images];

        if (!name)
            continue;
        if (!image)
            return false;
        into->slot = slot;
        into->bytes = g_bytes_get_data(image->file, &into->n_bytes);
        collected->n_images++;
    }
    return true;
}

static bool is_up(void *user)
{
    struct rig_probe *probe = user;
    struct rig_board_view view;

    return probe->ops->view(probe, &view, NULL) && view.state != RIG_STATE_BOOTING &&
           view.state != RIG_STATE_OFF;
}

static bool adopt(struct rig_run *run, const struct rig_board_setup *setup)
{
    struct rig_board *board = run->board;
    GError *error = NULL;

    if (board->options && board->options->adopt ? board->options->adopt(board, setup, &error)
                                                : board->ops->prepare(board, setup, &error))
        return true;
    rig_run_unable(run, error);
    return false;
}

static void run_board(struct rig_run *run, const struct rig_step *step)
{
    struct slot_images collected = {.n_images = 0};
    struct rig_board_setup setup = {
        .companions = rig_record_get(step->arguments, "slot0") && !rig_record_get(step->arguments, "slot2"),
        .confirmed = rig_record_flag(step->arguments, "confirmed"),
        .options = step->arguments,
        .seed = run->seed,
    };
    GError *error = NULL;
    bool up = false;

    /* Options first: they say how images are signed by default, and the case before may have had others. */
    if (!adopt(run, &setup) || !collect_images(run, step, &collected))
        return;
    setup.images = collected.images;
    setup.n_images = collected.n_images;
    if (!run->board->ops->prepare(run->board, &setup, &error)) {
        rig_run_unable(run, error);
        return;
    }
    rig_update_restart(run->update);
    rig_run_mark_boots(run);
    if (!rig_record_flag(step->arguments, "power"))
        return;
    rig_run_power_event(run, "on", "power on", NULL);
    if (!run->board->power->ops->set(run->board->power, true, &error) ||
        !rig_board_wait_for(run->board, rig_run_deadline_us(run, step), is_up, run->board->probe, &up,
                            &error))
        rig_run_error(run, error);
}

/* An option of this step that the board's other options leave without effect. Owned by the caller. */
static char *idle_option(const struct rig_step *step, const struct rig_fit *fit)
{
    static const struct rig_rule rules[] = {RIG_BOARD_OPTION_RULES{0}};

    for (const struct rig_rule *rule = rules; rule->field; rule++) {
        const struct rig_value *other = rig_fit_option(fit, rule->other);
        const char *is = !other ? NULL : other->keyword ? other->keyword : other->text;

        if (rig_record_get(step->arguments, rule->field) && is &&
            g_strv_contains((const gchar *const *)rule->others, is))
            return g_strdup_printf("the option '%s' has no effect on a board with '%s: %s'", rule->field,
                                   rule->other, is);
    }
    return NULL;
}

/* From here on the board is what this step makes of it. */
static char *board_unfit(const struct rig_step *step, struct rig_fit *fit)
{
    GError *error = NULL;
    char *reason = NULL;

    fit->options = step->arguments;
    if (!fit->board->options->describe(fit->board, step->arguments, &fit->layout, &error)) {
        reason = g_strdup(error->message);
        g_error_free(error);
    }
    if (!reason)
        reason = idle_option(step, fit);
    for (guint i = 0; !reason && i < G_N_ELEMENTS(slot_fields); i++) {
        const struct rig_value *image = rig_record_get(step->arguments, slot_fields[i]);

        if (image && !image->keyword)
            reason = rig_fit_no_space(fit, image->text, i, 0);
        if (image && !image->keyword && !reason)
            reason = rig_fit_unchecked(fit, image->text);
    }
    return reason;
}

const struct rig_verb rig_verb_board = {
    .name = "board",
    .family = "board",
    .about = "The condition that the board starts from: images in its slots, options, no bonds. Switches it "
             "on and waits until it is up.",
    .shape = &board_shape,
    .within_us = 30u * 1000 * 1000,
    .unfit = board_unfit,
    .example = "board: {slot0: good, confirmed: true}",
    .run = run_board,
};

static const char *const program_marks[] = {"unmarked", "test", "permanent", NULL};
static const struct rig_field program_fields[] = {
    {.name = "slot", .type = RIG_TYPE_COUNT, .required = true, .max = 3, .about = "Slot to program."},
    {.name = "image", .type = RIG_TYPE_IMAGE, .required = true, .about = "What to program."},
    {.name = "at",
     .type = RIG_TYPE_SIZE,
     .about = "Where in the slot; without it where an update has to lie."},
    {.name = "as",
     .type = RIG_TYPE_CHOICE,
     .choices = program_marks,
     .default_text = "unmarked",
     .about = "Also write the trailer by which the bootloader takes it for a pending update: it decides "
              "alone then, no server before it."},
};
static const struct rig_shape program_shape = {
    .name = "program", .fields = program_fields, .n_fields = G_N_ELEMENTS(program_fields)};

struct program_place {
    struct rig_slot slot;
    guint32 at;
};

static bool program_at(struct rig_run *run, const struct program_place *place, guint32 at,
                       const guint8 *bytes, gsize n_bytes)
{
    struct rig_probe *probe = run->board->probe;
    GError *error = NULL;

    if (probe->ops->program(probe, place->slot.device, place->slot.device_offset + at, bytes, n_bytes,
                            &error))
        return true;
    rig_run_error(run, error);
    return false;
}

/* As boot_set_pending() leaves a trailer: image_ok when permanent, swap_info, magic. */
static bool program_mark(struct rig_run *run, const struct program_place *place, const char *as)
{
    bool permanent = g_str_equal(as, "permanent");
    guint8 magic[RIG_TRAILER_MAGIC_BYTES];
    guint8 swap_info = permanent ? RIG_SWAP_TYPE_PERM : RIG_SWAP_TYPE_TEST;
    guint8 set = 1;
    struct rig_trailer_layout layout;

    if (g_str_equal(as, "unmarked"))
        return true;
    if (!rig_trailer_layout(&place->slot.geometry, &layout)) {
        rig_run_error_text(run, "%s has no room for a trailer", place->slot.name);
        return false;
    }
    rig_trailer_magic(place->slot.geometry.max_align, magic);
    return (!permanent || program_at(run, place, layout.image_ok, &set, 1)) &&
           program_at(run, place, layout.swap_info, &swap_info, 1) &&
           program_at(run, place, layout.magic, magic, sizeof magic);
}

static bool find_place(struct rig_run *run, const struct rig_step *step, const struct rig_built_image *image,
                       struct program_place *place)
{
    struct rig_probe *probe = run->board->probe;
    guint index = rig_record_u32(step->arguments, "slot");
    const struct rig_value *at = rig_record_get(step->arguments, "at");
    gsize n_bytes = g_bytes_get_size(image->file);
    guint64 offset;

    if (index >= probe->layout->n_slots || !rig_layout_slot(probe->layout, index, &place->slot)) {
        rig_run_error_text(run, "this board has no slot %u", index);
        return false;
    }
    offset = at ? at->count : place->slot.image_offset;
    if (offset > place->slot.n_bytes || n_bytes > place->slot.n_bytes - offset) {
        rig_run_error_text(run, "image '%s' (%" G_GSIZE_FORMAT " bytes) does not fit slot %u of this board",
                           image->name, n_bytes, index);
        return false;
    }
    place->at = (guint32)offset;
    return true;
}

static void run_program(struct rig_run *run, const struct rig_step *step)
{
    const struct rig_built_image *image = rig_run_image(run, rig_record_text(step->arguments, "image"));
    struct program_place place;
    g_autofree guint8 *erased = NULL;

    if (!image || !find_place(run, step, image, &place))
        return;
    erased = g_malloc(place.slot.n_bytes);
    memset(erased, place.slot.geometry.erased, place.slot.n_bytes);
    if (program_at(run, &place, 0, erased, place.slot.n_bytes) &&
        program_at(run, &place, place.at, g_bytes_get_data(image->file, NULL), g_bytes_get_size(image->file)))
        program_mark(run, &place, rig_record_text(step->arguments, "as"));
}

static char *program_unfit(const struct rig_step *step, struct rig_fit *fit)
{
    guint slot = rig_record_u32(step->arguments, "slot");
    const struct rig_value *at = rig_record_get(step->arguments, "at");
    const char *image = rig_record_text(step->arguments, "image");
    struct rig_slot place = {0};
    char *reason;

    (void)!rig_layout_slot(&fit->layout, slot, &place);
    reason = rig_fit_no_space(fit, image, slot, at ? at->count : place.image_offset);

    return reason ? reason : rig_fit_unchecked(fit, image);
}

static const char *const needs_probe[] = {"probe", NULL};
const struct rig_verb rig_verb_program = {
    .name = "program",
    .family = "board",
    .about = "Erases a slot, its trailer included, and writes an image into it through the debug probe.",
    .shape = &program_shape,
    .within_us = 60u * 1000 * 1000,
    .at_once = true,
    .needs = needs_probe,
    .unfit = program_unfit,
    .example = "program: {slot: 1, image: new, as: test}",
    .run = run_program,
};

static const struct rig_field wait_fields[] = {
    {.name = "for", .type = RIG_TYPE_DURATION, .required = true, .about = "How long, on the board's clock."},
};
static const struct rig_shape wait_shape = {
    .name = "wait", .fields = wait_fields, .n_fields = 1, .shorthand = "for"};

static bool never(void *user)
{
    (void)user;
    return false;
}

static void run_wait(struct rig_run *run, const struct rig_step *step)
{
    GError *error = NULL;
    bool satisfied;

    if (!rig_board_wait_for(run->board, rig_run_now_us(run) + rig_record_count(step->arguments, "for"), never,
                            NULL, &satisfied, &error))
        rig_run_error(run, error);
}

const struct rig_verb rig_verb_wait = {
    .name = "wait",
    .looks_at_nothing = true,
    .family = "board",
    .about = "Lets time pass on the board's clock. To wait for something, expect it instead.",
    .shape = &wait_shape,
    .within_us = 3600u * G_GUINT64_CONSTANT(1000000),
    .at_once = true,
    .example = "wait: 3s",
    .run = run_wait,
};

static const struct rig_field note_fields[] = {
    {.name = "text", .type = RIG_TYPE_TEXT, .required = true, .about = "What to write."},
};
static const struct rig_shape note_shape = {
    .name = "note", .fields = note_fields, .n_fields = 1, .shorthand = "text"};

static void run_note(struct rig_run *run, const struct rig_step *step)
{
    rig_run_note(run, "%s", rig_record_text(step->arguments, "text"));
}

const struct rig_verb rig_verb_note = {
    .name = "note",
    .looks_at_nothing = true,
    .family = "board",
    .about = "Writes a line into the record of the run.",
    .shape = &note_shape,
    .within_us = 1000000,
    .at_once = true,
    .example = "note: the second update begins here",
    .run = run_note,
};
