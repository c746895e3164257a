/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Verb: expect-slot: what lies in a slot, and what its trailer says. */
#include "steps/verbs.h"

#include "steps/fit.h"
#include "steps/look.h"

#include <string.h>

static const char *const image_words[] = {"erased", NULL};
static const char *const magic_words[] = {"unset", "good", "bad", NULL};
static const char *const flag_words[] = {"unset", "set", "bad", NULL};
static const char *const type_words[] = {"none", "test", "permanent", "revert", NULL};
static const char *const size_words[] = {"unset", NULL};

struct slot_arguments {
    guint32 slot;
    const char *image;
    const char *erased; /* the word, instead of an image */
    const char *const *swap_types;
    const char *magic;
    const char *copy_done;
    const char *image_ok;
    const char *swap_info;
    const guint32 *swap_size;
    const char *swap_size_word;
    const char *status;
};
static const struct rig_field slot_fields[] = {
    RIG_FIELD("slot", COUNT, struct slot_arguments, slot, .required = true, .max = 4,
              .about = "Slot to look at; one past the last is the scratch area."),
    RIG_FIELD("image", IMAGE, struct slot_arguments, image, RIG_WORD(struct slot_arguments, erased),
              .choices = image_words,
              .about = "Byte for byte this image is there; or `erased`: nothing but erased bytes (of header "
                       "and trailer, where the target says `minimal-scramble`)."),
    RIG_FIELD(
        "swap-type", CHOICE, struct slot_arguments, swap_types, .list = true, .choices = type_words,
        .about =
            "What the bootloader would do at the next boot by the trailers of this image's two slots, no "
            "swap being under way."),
    RIG_FIELD("magic", CHOICE, struct slot_arguments, magic, .choices = magic_words,
              .about = "Trailer: magic."),
    RIG_FIELD("copy-done", CHOICE, struct slot_arguments, copy_done, .choices = flag_words,
              .about = "Trailer: copy_done."),
    RIG_FIELD("image-ok", CHOICE, struct slot_arguments, image_ok, .choices = flag_words,
              .about = "Trailer: image_ok."),
    RIG_FIELD("swap-info", CHOICE, struct slot_arguments, swap_info, .choices = type_words,
              .about = "Trailer: swap type as stored in swap_info."),
    RIG_FIELD("swap-size", SIZE, struct slot_arguments, swap_size,
              RIG_WORD(struct slot_arguments, swap_size_word), .choices = size_words,
              .about = "Trailer: swap_size, or `unset`."),
    RIG_FIELD("status", TEXT, struct slot_arguments, status, .min = 1,
              .about = "A piece of the swap status in words."),
};
static const char *const slot_checks[] = {"image",     "swap-type", "magic",  "copy-done", "image-ok",
                                          "swap-info", "swap-size", "status", NULL};
static const struct rig_shape slot_shape = {RIG_SHAPE("expect-slot", slot_fields, struct slot_arguments),
                                            .at_least_one = slot_checks};

/* One opened slot and its trailer. */
struct seen_slot {
    guint index;
    struct rig_slot_reader reader;
    struct rig_image_source source;
    struct rig_trailer trailer;
};

/* The step's error after a read of the slot that failed, with the probe's own words; what: "its trailer". */
static void slot_tell_unread(struct rig_run *run, const struct rig_slot_reader *reader, const char *what)
{
    g_autoptr(GError) why = NULL;
    guint8 byte;

    (void)!reader->probe->ops->read(reader->probe, reader->slot.device,
                                    reader->slot.device_offset + reader->slot.n_bytes - 1, &byte, 1, &why);
    rig_run_error_text(run, "%s: %s cannot be read%s%s", reader->slot.name, what, why ? ": " : "",
                       why ? why->message : "");
}

static bool open_slot(struct rig_run *run, guint index, struct seen_slot *seen)
{
    if (!rig_slot_open(run, index, &seen->reader, &seen->source)) {
        rig_run_error_text(run, "this board has no slot %u", index);
        return false;
    }
    seen->index = index;
    seen->trailer = (struct rig_trailer){0};
    if (run->board->layout.family != RIG_BOOTLOADER_MCUBOOT)
        return true; /* banks have none */
    if (!rig_trailer_decode(&seen->reader.slot.geometry, &seen->source, &seen->trailer)) {
        slot_tell_unread(run, &seen->reader, "its trailer");
        return false;
    }
    return true;
}

static void expect_word(struct rig_run *run, const char *slot, const char *field, const char *expected,
                        const char *seen)
{
    g_autofree char *what = g_strdup_printf("%s %s", slot, field);

    if (expected)
        rig_run_expect(run, g_str_equal(expected, seen), what, expected, seen);
}

/* First byte from `from` on that differs; n_bytes when none does. expected NULL: the erased value. */
static gsize first_difference(const guint8 *seen, const guint8 *expected, guint8 erased, gsize n_bytes)
{
    for (gsize i = 0; i < n_bytes; i++)
        if (seen[i] != (expected ? expected[i] : erased))
            return i;
    return n_bytes;
}

/* In swap-offset an image lies one sector in before the upgrade and at the start after it. */
static gsize best_match(const guint8 *slot, gsize n_slot, guint32 image_offset, const guint8 *bytes,
                        gsize n_bytes)
{
    gsize at_start = n_bytes <= n_slot ? first_difference(slot, bytes, 0, n_bytes) : 0;
    gsize at_offset = image_offset && n_bytes <= n_slot - image_offset
                          ? first_difference(slot + image_offset, bytes, 0, n_bytes)
                          : 0;

    return MAX(at_start, at_offset);
}

/* How much of what the bootloader erases is erased; n_bytes of the slot when all of it is. A minimal scramble
 * leaves what lies between header and trailer. */
static gsize erased_up_to(const struct rig_run *run, const struct rig_slot *slot, const guint8 *bytes)
{
    guint8 erased = slot->geometry.erased;
    gsize header = slot->image_offset, magic = slot->n_bytes - RIG_TRAILER_MAGIC_BYTES;
    gsize same;

    if (!run->board->layout.minimal_scramble)
        return first_difference(bytes, NULL, erased, slot->n_bytes);
    same = first_difference(bytes + header, NULL, erased, RIG_IMAGE_HEADER_BYTES);
    if (same < RIG_IMAGE_HEADER_BYTES)
        return header + same;
    return magic + first_difference(bytes + magic, NULL, erased, RIG_TRAILER_MAGIC_BYTES);
}

/* wanted NULL: erased. */
static void expect_content(struct rig_run *run, const char *wanted, const struct seen_slot *seen)
{
    const struct rig_slot *slot = &seen->reader.slot;
    g_autofree guint8 *bytes = NULL;
    g_autofree char *text = NULL;
    const struct rig_built_image *image;
    const guint8 *expected = NULL;
    gsize n_bytes = slot->n_bytes;
    gsize same;

    bytes = g_malloc(slot->n_bytes);
    if (!seen->source.read(seen->source.user, 0, bytes, slot->n_bytes)) {
        slot_tell_unread(run, &seen->reader, "its content");
        return;
    }
    if (!wanted) {
        same = erased_up_to(run, slot, bytes);
    } else {
        image = rig_run_image(run, wanted);
        if (!image)
            return;
        expected = g_bytes_get_data(seen->index % 2 ? image->file : image->clear, &n_bytes);
        same = best_match(bytes, slot->n_bytes, slot->image_offset, expected, n_bytes);
    }
    text = same == n_bytes ? g_strdup("the same bytes")
                           : g_strdup_printf("another byte at 0x%" G_GSIZE_MODIFIER "x", same);
    g_autofree char *what = g_strdup_printf("content of %s", slot->name);
    rig_run_expect(run, same == n_bytes, what, wanted ? wanted : "erased", text);
}

static void expect_swap_type(struct rig_run *run, const char *const *wanted, guint index)
{
    g_autofree char *expected = rig_words_text(wanted);
    struct seen_slot primary, secondary;
    const char *seen;

    if (!open_slot(run, index & ~1u, &primary) || !open_slot(run, index | 1u, &secondary))
        return;
    seen = rig_swap_type_name(
        rig_trailer_decide(primary.reader.slot.geometry.mode, &primary.trailer, &secondary.trailer));
    rig_run_expect(run, rig_words_have(wanted, seen), "swap type of the next boot", expected, seen);
}

/* wanted NULL: it is not set. */
static void expect_swap_size(struct rig_run *run, const guint32 *wanted, const struct seen_slot *seen)
{
    g_autofree char *expected = wanted ? g_strdup_printf("%u", *wanted) : g_strdup("unset");
    g_autofree char *text =
        seen->trailer.swap_size_erased ? g_strdup("unset") : g_strdup_printf("%u", seen->trailer.swap_size);
    rig_run_expect(run, g_str_equal(expected, text), "swap_size", expected, text);
}

/* What the trailers ask for, by the flags that follow from them. */
static const char *listed_swap_type(const struct rig_smp_response *list, guint index)
{
    const struct rig_smp_image_entry *primary = rig_look_entry(list, index & ~1u);
    const struct rig_smp_image_entry *secondary = rig_look_entry(list, index | 1u);

    if (secondary && secondary->pending)
        return secondary->permanent ? "permanent" : "test";
    return primary && !primary->confirmed ? "revert" : "none";
}

static void expect_listed_image(struct rig_run *run, const struct slot_arguments *wanted,
                                const struct rig_smp_image_entry *entry)
{
    const struct rig_built_image *image = wanted->image ? rig_run_image(run, wanted->image) : NULL;
    bool moved = run->board->layout.mode == RIG_SWAP_OFFSET && wanted->slot % 2 == 1;
    g_autofree char *what = g_strdup_printf("image in slot %u by the server's list", wanted->slot);
    g_autofree char *seen = entry ? g_strdup_printf("version %s", entry->version) : g_strdup("none");

    if (rig_run_troubled(run))
        return;
    if (wanted->erased)
        rig_run_expect(run, entry == NULL, what, "none", seen);
    else if (image->n_smp_hash == 0)
        rig_run_note(run, "not judged: image '%s' has no hash that the server could name it by",
                     wanted->image);
    /* What swap-offset leaves behind does not begin where the server looks. */
    else if (!entry && moved)
        rig_run_note(run, "not judged: %s: with swap-offset it may lie where the server does not look", what);
    else
        rig_run_expect(run,
                       entry && entry->hash_bytes == image->n_smp_hash &&
                           memcmp(entry->hash, image->smp_hash, image->n_smp_hash) == 0,
                       what, wanted->image, seen);
}

/* The server names what is in a slot by the hash that is stored there: it is not read byte by byte. */
static void expect_listed(struct rig_run *run, const struct rig_step *step)
{
    const struct slot_arguments *wanted = RIG_ARGUMENTS(step, struct slot_arguments);
    struct rig_smp_response list;
    const char *seen;

    if (!rig_look_list(run, rig_run_deadline_us(run, step), &list)) {
        if (!rig_run_troubled(run))
            rig_run_fail(run, "the server's list of images", "no answer",
                         "the server does not tell its images");
        return;
    }
    if (wanted->image || wanted->erased)
        expect_listed_image(run, wanted, rig_look_entry(&list, wanted->slot));
    if (!wanted->swap_types || rig_run_troubled(run))
        return;
    seen = listed_swap_type(&list, wanted->slot);
    g_autofree char *expected = rig_words_text(wanted->swap_types);
    rig_run_expect(run, rig_words_have(wanted->swap_types, seen), "swap type of the next boot", expected,
                   seen);
}

static void run_expect_slot(struct rig_run *run, const struct rig_step *step)
{
    const struct slot_arguments *wanted = RIG_ARGUMENTS(step, struct slot_arguments);
    char status[RIG_TRAILER_STATUS_TEXT_BYTES];
    struct seen_slot seen;
    const struct rig_trailer *trailer = &seen.trailer;
    const char *name;

    if (rig_look_by_server(run->board)) {
        expect_listed(run, step);
        return;
    }
    if (!open_slot(run, wanted->slot, &seen))
        return;
    name = seen.reader.slot.name;
    if (wanted->image || wanted->erased)
        expect_content(run, wanted->image, &seen);
    if (wanted->swap_types)
        expect_swap_type(run, wanted->swap_types, wanted->slot);
    expect_word(run, name, "magic", wanted->magic, rig_trailer_magic_name(trailer->magic));
    expect_word(run, name, "copy-done", wanted->copy_done, rig_trailer_flag_name(trailer->copy_done));
    expect_word(run, name, "image-ok", wanted->image_ok, rig_trailer_flag_name(trailer->image_ok));
    expect_word(run, name, "swap-info", wanted->swap_info, rig_swap_type_name(trailer->swap_type));
    if (wanted->swap_size || wanted->swap_size_word)
        expect_swap_size(run, wanted->swap_size, &seen);
    if (!wanted->status)
        return;
    rig_trailer_status_text(&seen.reader.slot.geometry, trailer, status);
    rig_run_expect(run, strstr(status, wanted->status) != NULL, "swap status", wanted->status, status);
}

static char *slot_unfit(const struct rig_step *step, struct rig_fit *fit)
{
    const struct slot_arguments *wanted = RIG_ARGUMENTS(step, struct slot_arguments);
    const char *of_trailer = wanted->swap_types ? "swap-type"
                             : wanted->magic    ? "magic"
                             : wanted->image_ok ? "image-ok"
                                                : NULL;
    const char *of_progress = wanted->copy_done                             ? "copy-done"
                              : wanted->swap_info                           ? "swap-info"
                              : wanted->swap_size || wanted->swap_size_word ? "swap-size"
                              : wanted->status                              ? "status"
                                                                            : NULL;

    of_trailer = of_trailer ? of_trailer : of_progress;
    if (of_trailer && fit->layout.family != RIG_BOOTLOADER_MCUBOOT)
        return g_strdup_printf(
            "'%s': the banks of %s have no trailers; its settings page says what they hold "
            "('expect-settings')",
            of_trailer, rig_bootloader_family_name(fit->layout.family));
    if (fit->board->own_trailers && of_progress)
        return g_strdup_printf(
            "bootloader '%s' keeps its progress elsewhere than MCUboot does: '%s' says nothing of it",
            fit->board->foreign_bootloader, of_progress);
    if (wanted->slot != fit->layout.n_slots)
        return rig_fit_no_slot(fit, wanted->slot);
    return rig_fit_no_scratch(fit);
}

static const char *slot_lacks(const struct rig_step *step, const char *const *capabilities)
{
    const struct slot_arguments *wanted = RIG_ARGUMENTS(step, struct slot_arguments);
    bool of_trailer = wanted->magic || wanted->copy_done || wanted->image_ok || wanted->swap_info ||
                      wanted->swap_size || wanted->swap_size_word || wanted->status;

    return of_trailer && !g_strv_contains(capabilities, "probe") ? "probe" : rig_look_lacks(capabilities);
}

const struct rig_verb rig_verb_expect_slot = {
    .name = "expect-slot",
    .family = "expect",
    .about = "Reads a slot through the probe: its content byte for byte, its trailer decoded, and what the "
             "trailers ask for. A board without a probe is asked over SMP: `image` is then compared by its "
             "hash, `swap-type` by the flags, and the fields of the trailer need a probe.",
    .shape = &slot_shape,
    .within_us = 30u * 1000 * 1000,
    .at_once = true,
    .lacks = slot_lacks,
    .unfit = slot_unfit,
    .example = "expect-slot: {slot: 1, image: old, magic: unset}",
    .run = run_expect_slot,
};
