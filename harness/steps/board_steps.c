/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Verbs: board, program, wait, note. */
#include "steps/verbs.h"

#include "base/error.h"
#include "bench/option_fields.h"
#include "image/init_packet.h"
#include "steps/fit.h"
#include "steps/look.h"

#include <string.h>

static const char *const no_image[] = {"none", NULL};
#define MAX_SLOTS 4u
#define SET_UP_US (300u * G_GUINT64_CONSTANT(1000000))

struct board_arguments {
    struct rig_options_spec options;
    const char *slots[MAX_SLOTS]; /* names of images */
    const char *no_slot2;         /* "none" */
    bool confirmed;
    bool power;
};
G_STATIC_ASSERT(offsetof(struct board_arguments, options) == 0); /* .begins_with */
static const struct rig_field own_fields[] = {
    RIG_FIELD("slot0", IMAGE, struct board_arguments, slots[0], .about = "Image in the primary slot."),
    RIG_FIELD("slot1", IMAGE, struct board_arguments, slots[1], .about = "Image in the secondary slot."),
    RIG_FIELD(
        "slot2", IMAGE, struct board_arguments, slots[2], RIG_WORD(struct board_arguments, no_slot2),
        .choices = no_image,
        .about =
            "Primary slot of the second image; without it a healthy image of the board's own, with `none` "
            "nothing."),
    RIG_FIELD("slot3", IMAGE, struct board_arguments, slots[3],
              .about = "Secondary slot of the second image."),
    RIG_FIELD("confirmed", FLAG, struct board_arguments, confirmed, .default_text = "true",
              .about =
                  "false: slot 0 is on trial, as after a test upgrade; the next boot reverts to slot 1."),
    RIG_FIELD("power", FLAG, struct board_arguments, power, .default_text = "true",
              .about = "false: leave the board switched off."),
    RIG_BOARD_OPTION_FIELDS,
};
static const struct rig_rule board_rules[] = {
    {.field = "confirmed", .kind = RIG_RULE_NEEDS, .other = "slot0"},
    {.field = "slot1", .kind = RIG_RULE_NEEDS, .other = "slot0"},
    RIG_BOARD_OPTION_RULES{0},
};
static const struct rig_shape board_shape = {RIG_SHAPE("board", own_fields, struct board_arguments),
                                             .begins_with = "struct rig_options_spec", .rules = board_rules};

struct slot_images {
    struct rig_board_image images[MAX_SLOTS];
    gsize n_images;
};

static bool take_part(struct rig_run *run, const struct rig_built_image *built, struct rig_board_image *image)
{
    const struct rig_update_part *part = &built->parts[built->n_parts - 1];
    struct rig_init_packet packet;
    gsize n_init;
    const guint8 *init = g_bytes_get_data(part->init_packet, &n_init);

    if (part->firmware != RIG_DFU_APPLICATION) {
        rig_run_error_text(run, "image '%s' is a %s: a board is set up with an application", built->name,
                           rig_dfu_firmware_name(part->firmware));
        return false;
    }
    image->bytes = g_bytes_get_data(part->bytes, &image->n_bytes);
    if (run->board->layout.family == RIG_BOOTLOADER_NORDIC_SECURE &&
        rig_init_packet_decode(init, n_init, &packet) == RIG_INIT_OK && packet.has_fw_version)
        image->fw_version = packet.fw_version;
    return true;
}

static bool collect_images(struct rig_run *run, const char *const slots[MAX_SLOTS],
                           struct slot_images *collected)
{
    for (guint slot = 0; slot < MAX_SLOTS; slot++) {
        const char *name = slots[slot];
        const struct rig_built_image *image = name ? rig_run_image(run, name) : NULL;
        struct rig_board_image *into = &collected->images[collected->n_images];

        if (!name)
            continue;
        if (!image)
            return false;
        into->slot = slot;
        if (image->n_parts && !take_part(run, image, into))
            return false;
        if (!image->n_parts)
            into->bytes = g_bytes_get_data(slot % 2 ? image->file : image->clear, &into->n_bytes);
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

/* Where the board cannot be given its images by a probe. */
static void set_up_by_updates(struct rig_run *run, const struct rig_step *step)
{
    const struct board_arguments *arguments = RIG_ARGUMENTS(step, struct board_arguments);
    const struct rig_built_image *running = rig_run_image(run, arguments->slots[0]);
    const struct rig_built_image *waiting =
        running && arguments->slots[1] ? rig_run_image(run, arguments->slots[1]) : NULL;

    if (rig_run_troubled(run))
        return;
    rig_run_note(run, "set up by updates: the board has nothing but its update server");
    rig_look_set_up(run, running, waiting, rig_run_now_us(run) + SET_UP_US);
    rig_run_mark_boots(run);
}

static void run_board(struct rig_run *run, const struct rig_step *step)
{
    const struct board_arguments *arguments = RIG_ARGUMENTS(step, struct board_arguments);
    struct slot_images collected = {.n_images = 0};
    struct rig_board_setup setup = {
        .companions = !arguments->slots[2] && !arguments->no_slot2,
        .confirmed = arguments->confirmed,
        .options = step->arguments,
        .seed = run->seed,
    };
    GError *error = NULL;
    bool up = false;

    /* Options first: they say how images are signed by default, and the case before may have had others. */
    if (!adopt(run, &setup) || !collect_images(run, arguments->slots, &collected))
        return;
    if (rig_look_by_server(run->board)) {
        set_up_by_updates(run, step);
        return;
    }
    setup.images = collected.images;
    setup.n_images = collected.n_images;
    if (!run->board->ops->prepare(run->board, &setup, &error)) {
        rig_run_unable(run, error);
        return;
    }
    rig_update_restart(run->update);
    rig_run_mark_boots(run);
    if (!arguments->power)
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

        if (rule->kind == RIG_RULE_NOT_BESIDE && rig_record_get(step->arguments, rule->field) && is &&
            g_strv_contains((const gchar *const *)rule->others, is))
            return g_strdup_printf("the option '%s' has no effect on a board with '%s: %s'", rule->field,
                                   rule->other, is);
    }
    return NULL;
}

static bool enters_recovery(const struct rig_fit *fit, const char *by)
{
    const struct rig_value *ways = rig_fit_option(fit, "serial-recovery");

    for (guint i = 0; ways && i < ways->items->len; i++)
        if (!by || g_str_equal(((const struct rig_value *)g_ptr_array_index(ways->items, i))->keyword, by))
            return true;
    return false;
}

/* Options that serial recovery has, or takes, without effect here. */
static char *idle_beside_recovery(const struct rig_step *step, const struct rig_fit *fit)
{
    const struct rig_value *updater = rig_record_get(step->arguments, "updater");
    const struct rig_value *held = rig_record_get(step->arguments, "button-held");

    if (fit->layout.family != RIG_BOOTLOADER_MCUBOOT)
        return NULL;
    if (!enters_recovery(fit, NULL) && (rig_record_get(step->arguments, "recovery-commands") ||
                                        rig_record_get(step->arguments, "recovery-buffer")))
        return g_strdup_printf("target '%s' has no serial recovery ('serial-recovery')", fit->target->name);
    if (held && held->flag && !enters_recovery(fit, "button"))
        return g_strdup_printf("no button leads into serial recovery on target '%s' ('serial-recovery')",
                               fit->target->name);
    if (updater && !g_str_equal(updater->keyword, "none") && enters_recovery(fit, "boot-mode"))
        return g_strdup_printf("a reset with boot mode bootloader leads into serial recovery on target '%s', "
                               "before any 'updater'",
                               fit->target->name);
    return NULL;
}

/* What a set-up with MCUboot can have and one with Nordic's bootloaders cannot. */
static char *trial_unfit(const struct board_arguments *arguments, const struct rig_fit *fit)
{
    const char *bootloader = rig_bootloader_family_name(fit->layout.family);

    if (fit->layout.family == RIG_BOOTLOADER_MCUBOOT)
        return NULL;
    if (!arguments->confirmed)
        return g_strdup_printf("%s knows no image on trial ('confirmed: false')", bootloader);
    return arguments->slots[1]
               ? g_strdup_printf(
                     "with %s bank 1 (slot1) holds what an update brought there, and no set-up does",
                     bootloader)
               : NULL;
}

/* What updates cannot bring about. */
static char *updates_unfit(const struct board_arguments *arguments, const struct rig_fit *fit)
{
    const struct rig_image_spec *spec = arguments->slots[0] ? rig_fit_image(fit, arguments->slots[0]) : NULL;
    const char *what = !spec                   ? "nothing in slot 0"
                       : !arguments->confirmed ? "an image on trial"
                       : !arguments->power     ? "no power"
                       : arguments->no_slot2 || arguments->slots[2] || arguments->slots[3] ? "a second image"
                       : spec->damages && spec->damages[0] ? "a damaged image in slot 0"
                                                           : NULL;

    return what && rig_look_by_server(fit->board)
               ? g_strdup_printf(
                     "of target '%s' only the update server is in reach, and no update sets it up with %s",
                     fit->target->name, what)
               : NULL;
}

/* What lies in slot 1, than what does in slot 0. */
static bool is_older(const struct board_arguments *arguments, const struct rig_fit *fit)
{
    const struct rig_image_spec *first = arguments->slots[0] ? rig_fit_image(fit, arguments->slots[0]) : NULL;
    const struct rig_image_spec *second = rig_fit_image(fit, arguments->slots[1]);

    return first && second && !first->file && !second->file &&
           rig_image_version_compare(&second->version, &first->version, false) < 0;
}

/* What a build of the target makes of a set-up that the case chose nothing about. */
static char *build_unfit(const struct board_arguments *arguments, const struct rig_fit *fit)
{
    const struct rig_value *logical = rig_fit_option(fit, "logical-sector");

    if (arguments->slots[1] && !is_older(arguments, fit) && !rig_fit_minds(fit, "swap") &&
        fit->layout.family == RIG_BOOTLOADER_MCUBOOT && !rig_swap_mode_moves_images(fit->layout.mode))
        return g_strdup_printf("target '%s' runs the image of slot 1 when it is the newer one ('swap: %s')",
                               fit->target->name, rig_swap_mode_name(fit->layout.mode));
    if (logical && logical->count && !rig_fit_minds(fit, "logical-sector") &&
        fit->layout.mode == RIG_SWAP_OFFSET)
        return g_strdup_printf(
            "the bootloader of target '%s' counts in logical sectors of %" G_GUINT64_FORMAT
            " bytes, and with 'swap: offset' it looks for an image elsewhere than its server "
            "puts it",
            fit->target->name, logical->count);
    return NULL;
}

/* From here on the board is what this step makes of it. */
static char *board_unfit(const struct rig_step *step, struct rig_fit *fit)
{
    const struct board_arguments *arguments = RIG_ARGUMENTS(step, struct board_arguments);
    GError *error = NULL;
    char *reason = NULL;

    fit->options = step->arguments;
    fit->uploaded = NULL;
    fit->update_runs = false;
    fit->in_recovery =
        enters_recovery(fit, NULL) && (!arguments->slots[0] || rig_fit_flag(fit, "button-held"));
    if (!fit->board->options->describe(fit->board, step->arguments, &fit->layout, &error)) {
        reason = g_strdup(error->message);
        g_error_free(error);
    }
    if (!reason)
        reason = idle_option(step, fit);
    if (!reason)
        reason = idle_beside_recovery(step, fit);
    if (!reason)
        reason = trial_unfit(arguments, fit);
    if (!reason)
        reason = updates_unfit(arguments, fit);
    if (!reason)
        reason = build_unfit(arguments, fit);
    for (guint i = 0; !reason && i < MAX_SLOTS; i++) {
        if (arguments->slots[i])
            reason = rig_fit_no_space(fit, arguments->slots[i], i, 0);
        if (arguments->slots[i] && !reason)
            reason = rig_fit_unchecked(fit, arguments->slots[i]);
        /* An update has to be able to move it out of the way. */
        if (arguments->slots[i] && !reason && i % 2 == 0)
            reason = rig_fit_no_room(fit, arguments->slots[i], i);
    }
    return reason;
}

const struct rig_verb rig_verb_board = {
    .name = "board",
    .family = "board",
    .about =
        "The condition that the board starts from: images in its slots, options, no bonds. Switches it "
        "on and waits until it is up. A board of which only the SMP server is in reach is brought there by "
        "updates.",
    .shape = &board_shape,
    .within_us = 30u * 1000 * 1000,
    .unfit = board_unfit,
    .example = "board: {slot0: good, confirmed: true}",
    .run = run_board,
};

static const char *const program_marks[] = {"unmarked", "test", "permanent", NULL};
struct program_arguments {
    guint32 slot;
    const char *image;
    const guint32 *at;
    const char *mark;
};
static const struct rig_field program_fields[] = {
    RIG_FIELD("slot", COUNT, struct program_arguments, slot, .required = true, .max = 3,
              .about = "Slot to program."),
    RIG_FIELD("image", IMAGE, struct program_arguments, image, .required = true, .about = "What to program."),
    RIG_FIELD("at", SIZE, struct program_arguments, at,
              .about = "Where in the slot; without it where an update has to lie."),
    RIG_FIELD(
        "as", CHOICE, struct program_arguments, mark, .choices = program_marks, .default_text = "unmarked",
        .about = "Also write the trailer by which the bootloader takes it for a pending update: it decides "
                 "alone then, no server before it."),
};
static const struct rig_shape program_shape = {
    RIG_SHAPE("program", program_fields, struct program_arguments)};

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

/* As boot_set_next() leaves a trailer: image_ok when permanent, swap_info, magic; where a slot is chosen,
 * copy_done when permanent and no swap_info. */
static bool program_mark(struct rig_run *run, const struct program_place *place, const char *as)
{
    bool permanent = g_str_equal(as, "permanent");
    bool chosen = rig_swap_mode_chooses_slot(place->slot.geometry.mode);
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
           (!permanent || !chosen || program_at(run, place, layout.copy_done, &set, 1)) &&
           (chosen || program_at(run, place, layout.swap_info, &swap_info, 1)) &&
           program_at(run, place, layout.magic, magic, sizeof magic);
}

static bool find_place(struct rig_run *run, const struct program_arguments *arguments,
                       const struct rig_built_image *image, struct program_place *place)
{
    struct rig_slot_reader reader;
    struct rig_image_source source;
    guint index = arguments->slot;
    gsize n_bytes = g_bytes_get_size(image->file);
    guint32 offset;

    if (index >= run->board->layout.n_slots || !rig_slot_open(run, index, &reader, &source)) {
        rig_run_error_text(run, "this board has no slot %u", index);
        return false;
    }
    place->slot = reader.slot;
    offset = arguments->at ? *arguments->at : place->slot.image_offset;
    if (offset > place->slot.n_bytes || n_bytes > place->slot.n_bytes - offset) {
        rig_run_error_text(run, "image '%s' (%" G_GSIZE_FORMAT " bytes) does not fit slot %u of this board",
                           image->name, n_bytes, index);
        return false;
    }
    place->at = offset;
    return true;
}

static void run_program(struct rig_run *run, const struct rig_step *step)
{
    const struct program_arguments *arguments = RIG_ARGUMENTS(step, struct program_arguments);
    const struct rig_built_image *image = rig_run_image(run, arguments->image);
    struct program_place place;
    g_autofree guint8 *erased = NULL;
    GBytes *content;

    if (!image || !find_place(run, arguments, image, &place))
        return;
    content = arguments->slot % 2 ? image->file : image->clear;
    erased = g_malloc(place.slot.n_bytes);
    memset(erased, place.slot.geometry.erased, place.slot.n_bytes);
    if (program_at(run, &place, 0, erased, place.slot.n_bytes) &&
        program_at(run, &place, place.at, g_bytes_get_data(content, NULL), g_bytes_get_size(content)))
        program_mark(run, &place, arguments->mark);
}

static char *program_unfit(const struct rig_step *step, struct rig_fit *fit)
{
    const struct program_arguments *arguments = RIG_ARGUMENTS(step, struct program_arguments);
    struct rig_slot place = {0};
    char *reason;

    if (!g_str_equal(arguments->mark, "unmarked") && fit->layout.family != RIG_BOOTLOADER_MCUBOOT)
        return g_strdup_printf("'as: %s' writes a trailer, and %s knows none", arguments->mark,
                               rig_bootloader_family_name(fit->layout.family));
    (void)!rig_layout_slot(&fit->layout, arguments->slot, &place);
    reason = rig_fit_no_space(fit, arguments->image, arguments->slot,
                              arguments->at ? *arguments->at : place.image_offset);

    return reason ? reason : rig_fit_unchecked(fit, arguments->image);
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

struct wait_arguments {
    guint64 duration_us;
};
static const struct rig_field wait_fields[] = {
    RIG_FIELD("for", DURATION, struct wait_arguments, duration_us, .required = true,
              .about = "How long, on the board's clock."),
};
static const struct rig_shape wait_shape = {RIG_SHAPE("wait", wait_fields, struct wait_arguments),
                                            .shorthand = "for"};

static bool never(void *user)
{
    (void)user;
    return false;
}

static void run_wait(struct rig_run *run, const struct rig_step *step)
{
    GError *error = NULL;
    bool satisfied;

    if (!rig_board_wait_for(run->board,
                            rig_run_now_us(run) + RIG_ARGUMENTS(step, struct wait_arguments)->duration_us,
                            never, NULL, &satisfied, &error))
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

struct note_arguments {
    const char *text;
};
static const struct rig_field note_fields[] = {
    RIG_FIELD("text", TEXT, struct note_arguments, text, .required = true, .about = "What to write."),
};
static const struct rig_shape note_shape = {RIG_SHAPE("note", note_fields, struct note_arguments),
                                            .shorthand = "text"};

static void run_note(struct rig_run *run, const struct rig_step *step)
{
    rig_run_note(run, "%s", RIG_ARGUMENTS(step, struct note_arguments)->text);
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
