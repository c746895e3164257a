/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Verbs: expect-slot, watch-flash, expect-flash: what lies in flash, and what was written since. */
#include "steps/verbs.h"

#include "steps/fit.h"

#include <string.h>

static const char *const needs_probe[] = {"probe", NULL};
static const char *const needs_watch[] = {"probe", "flash-watch", NULL};
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
              .about = "Byte for byte this image is there; or `erased`: nothing but erased bytes."),
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

/* wanted NULL: nothing but erased bytes. */
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
        same = first_difference(bytes, NULL, slot->geometry.erased, n_bytes);
    } else {
        image = rig_run_image(run, wanted);
        if (!image)
            return;
        expected = g_bytes_get_data(image->file, &n_bytes);
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

static void run_expect_slot(struct rig_run *run, const struct rig_step *step)
{
    const struct slot_arguments *wanted = RIG_ARGUMENTS(step, struct slot_arguments);
    char status[RIG_TRAILER_STATUS_TEXT_BYTES];
    struct seen_slot seen;
    const struct rig_trailer *trailer = &seen.trailer;
    const char *name;

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

static char *fit_no_scratch(const struct rig_fit *fit)
{
    return g_strdup_printf("target '%s' has no scratch area", fit->target->name);
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
    return fit->layout.scratch.n_bytes ? NULL : fit_no_scratch(fit);
}

const struct rig_verb rig_verb_expect_slot = {
    .name = "expect-slot",
    .family = "expect",
    .about = "Reads a slot through the probe: its content byte for byte, its trailer decoded, and what the "
             "trailers ask for.",
    .shape = &slot_shape,
    .within_us = 30u * 1000 * 1000,
    .at_once = true,
    .needs = needs_probe,
    .unfit = slot_unfit,
    .example = "expect-slot: {slot: 1, image: old, magic: unset}",
    .run = run_expect_slot,
};

struct watch_arguments {
    const char *name;
};
static const struct rig_field watch_fields[] = {
    RIG_FIELD("name", NAME, struct watch_arguments, name, .required = true, .makes = "flash watch",
              .about = "Name of the watch."),
};
static const struct rig_shape watch_shape = {RIG_SHAPE("watch-flash", watch_fields, struct watch_arguments),
                                             .shorthand = "name"};

static void run_watch_flash(struct rig_run *run, const struct rig_step *step)
{
    guint64 n_operations = run->board->flash_watch->n_operations(run->board);

    g_hash_table_replace(run->flash_watches, g_strdup(RIG_ARGUMENTS(step, struct watch_arguments)->name),
                         g_memdup2(&n_operations, sizeof n_operations));
}

const struct rig_verb rig_verb_watch_flash = {
    .name = "watch-flash",
    .former = "mark-flash",
    .looks_at_nothing = true,
    .family = "expect",
    .about = "Watches flash from here on, for `expect-flash: {since: ...}`.",
    .shape = &watch_shape,
    .within_us = 1000000,
    .at_once = true,
    .needs = needs_watch,
    .example = "watch-flash: before-swap",
    .run = run_watch_flash,
};

static const char *const range_devices[] = {"internal", "external", NULL};
struct range {
    const guint32 *slot;
    const char *device;
    guint32 from;
    guint32 n_bytes;
};
static const struct rig_field range_fields[] = {
    RIG_FIELD("slot", COUNT, struct range, slot, .max = 3, .about = "Slot that `from` counts in."),
    RIG_FIELD("device", CHOICE, struct range, device, .choices = range_devices,
              .about = "Flash device that `from` counts in."),
    RIG_FIELD("from", SIZE, struct range, from, .default_text = "0", .about = "First byte."),
    RIG_FIELD("size", SIZE, struct range, n_bytes, .required = true, .min = 1, .about = "Length."),
};
static const char *const range_bases[] = {"slot", "device", NULL};
static const struct rig_shape range_shape = {RIG_SHAPE("range", range_fields, struct range),
                                             .exactly_one = range_bases};

/* The last ones: of boards with Nordic's bootloader, whose slots are its banks. */
static const char *const regions[] = {"slot0",      "slot1",    "slot2",  "slot3",      "scratch",
                                      "internal",   "external", "mbr",    "softdevice", "app-data",
                                      "bootloader", "settings", "backup", NULL};
struct flash_arguments {
    const char *since;
    const struct rig_value *written; /* a list of regions, or struct range */
    const struct rig_value *untouched;
    const struct rig_value *only;
    const guint32 *at_most;
};
static const struct rig_field flash_fields[] = {
    RIG_FIELD("since", NAME, struct flash_arguments, since, .required = true, .takes = "flash watch",
              .about = "Name of a `watch-flash` before it."),
    RIG_FIELD("written", RECORD, struct flash_arguments, written, .shape = &range_shape, .list = true,
              .choices = regions, .about = "Each of these was written or erased since."),
    RIG_FIELD("untouched", RECORD, struct flash_arguments, untouched, .shape = &range_shape, .list = true,
              .choices = regions,
              .about =
                  "None of these was. Nordic: slot0 is the application that the board was set up with, slot1 "
                  "what follows it."),
    RIG_FIELD("only", RECORD, struct flash_arguments, only, .shape = &range_shape, .list = true,
              .choices = regions, .about = "Nothing outside these was."),
    RIG_FIELD("at-most", COUNT, struct flash_arguments, at_most,
              .about = "No more flash operations than this."),
};
static const char *const flash_checks[] = {"written", "untouched", "only", "at-most", NULL};
static const struct rig_shape flash_shape = {RIG_SHAPE("expect-flash", flash_fields, struct flash_arguments),
                                             .at_least_one = flash_checks};

/* A region of the board's flash. */
struct extent {
    const char *device;
    guint64 start;
    guint64 end;
};

/* Nothing that is known of a board lies on a device that it lacks. */
static bool find_device(struct rig_run *run, const char *device, struct extent *extent)
{
    struct rig_probe *probe = run->board->probe;

    *extent = (struct extent){device, 0, G_MAXUINT64};
    for (guint i = 0; i <= probe->layout->n_slots; i++) {
        struct rig_slot slot;

        if (rig_layout_slot(probe->layout, i, &slot) && g_str_equal(slot.device, device))
            return true;
    }
    rig_run_error_text(run, "this board has no slot on %s flash", device);
    return false;
}

static bool find_extent(struct rig_run *run, const char *region, struct extent *extent)
{
    struct rig_probe *probe = run->board->probe;
    struct rig_slot slot;
    guint32 begin, n_bytes;
    guint index;

    if (g_str_equal(region, "internal") || g_str_equal(region, "external"))
        return find_device(run, region, extent);
    if (rig_layout_region(probe->layout, region, &begin, &n_bytes)) {
        *extent = (struct extent){probe->layout->devices[0].name, begin, (guint64)begin + n_bytes};
        return true;
    }
    index = g_str_has_prefix(region, "slot") ? (guint)(region[4] - '0') : probe->layout->n_slots;
    if ((index >= probe->layout->n_slots && !g_str_equal(region, "scratch")) ||
        !rig_layout_slot(probe->layout, index, &slot)) {
        rig_run_error_text(run, "this board has no %s", region);
        return false;
    }
    *extent = (struct extent){slot.device, slot.device_offset, (guint64)slot.device_offset + slot.n_bytes};
    /* Bank 0 ends where bank 1 began when the board was set up. */
    if (probe->layout->family == RIG_BOOTLOADER_NORDIC_SECURE && index == 0 &&
        probe->layout->slots[1].device_offset > slot.device_offset)
        extent->end = probe->layout->slots[1].device_offset;
    return true;
}

struct watch {
    struct extent extents[16];
    guint n_extents;
    bool want_outside; /* look for an operation outside all extents */
    guint n_operations;
    guint n_found;
    struct rig_flash_write first;
};

static bool touches(const struct extent *extent, const struct rig_flash_write *write)
{
    return g_str_equal(extent->device, write->device) && write->offset < extent->end &&
           (guint64)write->offset + write->n_bytes > extent->start;
}

static void look(void *user, const struct rig_flash_write *write)
{
    struct watch *watch = user;
    bool inside = false;

    watch->n_operations++;
    for (guint i = 0; i < watch->n_extents; i++)
        inside = inside || touches(&watch->extents[i], write);
    if (inside == watch->want_outside)
        return;
    if (watch->n_found++ == 0)
        watch->first = *write;
}

static char *range_base(const struct range *range)
{
    return range->slot ? g_strdup_printf("slot%u", *range->slot) : g_strdup(range->device);
}

static bool find_range(struct rig_run *run, const struct range *range, struct extent *extent)
{
    g_autofree char *name = range_base(range);
    guint64 end;

    if (!find_extent(run, name, extent))
        return false;
    /* The name of a device lives in the schema, not in the copy above. */
    if (!range->slot)
        extent->device = range->device;
    end = extent->end;
    extent->start += range->from;
    extent->end = extent->start + range->n_bytes;
    if (extent->end <= end)
        return true;
    rig_run_error_text(run, "the range of %u bytes from 0x%x on goes beyond the end of %s", range->n_bytes,
                       range->from, name);
    return false;
}

static bool find_place(struct rig_run *run, const struct rig_value *place, struct extent *extent)
{
    return place->keyword ? find_extent(run, place->keyword, extent)
                          : find_range(run, RIG_STRUCT(place->record, struct range), extent);
}

static char *place_name(const struct rig_value *place)
{
    const struct range *range = RIG_STRUCT(place->record, struct range);
    g_autofree char *base = NULL;

    if (place->keyword)
        return g_strdup(place->keyword);
    base = range_base(range);
    return g_strdup_printf("%s 0x%x, %u bytes", base, range->from, range->n_bytes);
}

static void watch_regions(struct rig_run *run, guint64 since, const struct rig_value *list, guint from,
                          guint n, struct watch *watch)
{
    if (n > G_N_ELEMENTS(watch->extents)) {
        rig_run_error_text(run, "'expect-flash' takes up to %u places at once",
                           (guint)G_N_ELEMENTS(watch->extents));
        return;
    }
    for (guint i = from; i < from + n; i++)
        if (!find_place(run, rig_list_item(list, i), &watch->extents[watch->n_extents++]))
            return;
    run->board->flash_watch->operations(run->board, since, look, watch);
}

static char *found_text(const struct watch *watch)
{
    if (watch->n_found == 0)
        return g_strdup("no operation");
    return g_strdup_printf("%u operation(s), the first: %s of %u bytes at %s 0x%x", watch->n_found,
                           watch->first.erase ? "erase" : "write", watch->first.n_bytes, watch->first.device,
                           watch->first.offset);
}

static void expect_each_region(struct rig_run *run, guint64 since, const struct rig_value *list, bool touched)
{
    for (guint i = 0; i < rig_list_length(list); i++) {
        g_autofree char *place = place_name(rig_list_item(list, i));
        g_autofree char *what = g_strdup_printf("writes to %s", place);
        g_autofree char *seen = NULL;
        struct watch watch = {0};

        watch_regions(run, since, list, i, 1, &watch);
        seen = found_text(&watch);
        rig_run_expect(run, (watch.n_found > 0) == touched, what, touched ? "at least one" : "none", seen);
    }
}

static void run_expect_flash(struct rig_run *run, const struct rig_step *step)
{
    const struct flash_arguments *wanted = RIG_ARGUMENTS(step, struct flash_arguments);
    const guint64 *since = g_hash_table_lookup(run->flash_watches, wanted->since);
    struct watch watch = {.want_outside = true};
    g_autofree char *seen = NULL;

    if (!since) {
        rig_run_error_text(run, "no 'watch-flash: %s' came before", wanted->since);
        return;
    }
    expect_each_region(run, *since, wanted->written, true);
    expect_each_region(run, *since, wanted->untouched, false);
    watch_regions(run, *since, wanted->only, 0, rig_list_length(wanted->only), &watch);
    seen = found_text(&watch);
    if (wanted->only)
        rig_run_expect(run, watch.n_found == 0, "writes elsewhere", "none", seen);
    if (wanted->at_most) {
        g_autofree char *bound = g_strdup_printf("at most %u", *wanted->at_most);
        g_autofree char *count = g_strdup_printf("%u", watch.n_operations);

        rig_run_expect(run, watch.n_operations <= *wanted->at_most, "flash operations", bound, count);
    }
}

static char *place_unfit(const struct rig_fit *fit, const struct rig_value *place)
{
    const struct range *range = RIG_STRUCT(place->record, struct range);

    guint32 begin, n_bytes;

    if (!place->keyword)
        return range->slot ? rig_fit_no_slot(fit, *range->slot) : NULL;
    if (g_str_has_prefix(place->keyword, "slot"))
        return rig_fit_no_slot(fit, (guint64)(place->keyword[4] - '0'));
    if (g_str_equal(place->keyword, "scratch"))
        return fit->layout.scratch.n_bytes ? NULL : fit_no_scratch(fit);
    if (g_str_equal(place->keyword, "internal") || g_str_equal(place->keyword, "external") ||
        rig_layout_region(&fit->layout, place->keyword, &begin, &n_bytes))
        return NULL;
    return g_strdup_printf("target '%s' has no region '%s'", fit->target->name, place->keyword);
}

static char *flash_unfit(const struct rig_step *step, struct rig_fit *fit)
{
    const struct flash_arguments *wanted = RIG_ARGUMENTS(step, struct flash_arguments);
    const struct rig_value *const lists[] = {wanted->written, wanted->untouched, wanted->only};
    char *reason = NULL;

    for (guint i = 0; i < G_N_ELEMENTS(lists); i++)
        for (guint n = 0; n < rig_list_length(lists[i]) && !reason; n++)
            reason = place_unfit(fit, rig_list_item(lists[i], n));
    return reason;
}

const struct rig_verb rig_verb_expect_flash = {
    .name = "expect-flash",
    .family = "expect",
    .about = "Which parts of which flash device were written or left alone since `watch-flash`.",
    .shape = &flash_shape,
    .within_us = 1000000,
    .at_once = true,
    .needs = needs_watch,
    .unfit = flash_unfit,
    .example = "expect-flash: {since: before-upload, written: [slot1], untouched: [slot0]}",
    .run = run_expect_flash,
};
