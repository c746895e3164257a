/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Verbs: expect-slot, mark-flash, expect-flash: what lies in flash, and what was written since. */
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

static const struct rig_field slot_fields[] = {
    {.name = "slot",
     .type = RIG_TYPE_COUNT,
     .required = true,
     .max = 4,
     .about = "Slot to look at; one past the last is the scratch area."},
    {.name = "image",
     .type = RIG_TYPE_IMAGE,
     .choices = image_words,
     .about = "Byte for byte this image is there; or `erased`: nothing but erased bytes."},
    {.name = "swap-type",
     .type = RIG_TYPE_CHOICE,
     .list = true,
     .choices = type_words,
     .about = "What the bootloader would do at the next boot by the trailers of this image's two slots, no "
              "swap being under way."},
    {.name = "magic", .type = RIG_TYPE_CHOICE, .choices = magic_words, .about = "Trailer: magic."},
    {.name = "copy-done", .type = RIG_TYPE_CHOICE, .choices = flag_words, .about = "Trailer: copy_done."},
    {.name = "image-ok", .type = RIG_TYPE_CHOICE, .choices = flag_words, .about = "Trailer: image_ok."},
    {.name = "swap-info",
     .type = RIG_TYPE_CHOICE,
     .choices = type_words,
     .about = "Trailer: swap type as stored in swap_info."},
    {.name = "swap-size",
     .type = RIG_TYPE_SIZE,
     .choices = size_words,
     .about = "Trailer: swap_size, or `unset`."},
    {.name = "status", .type = RIG_TYPE_TEXT, .min = 1, .about = "A piece of the swap status in words."},
};
static const char *const slot_checks[] = {"image",     "swap-type", "magic",  "copy-done", "image-ok",
                                          "swap-info", "swap-size", "status", NULL};
static const struct rig_shape slot_shape = {.name = "expect-slot",
                                            .fields = slot_fields,
                                            .n_fields = G_N_ELEMENTS(slot_fields),
                                            .at_least_one = slot_checks};

/* One opened slot and its trailer. */
struct seen_slot {
    struct rig_slot_reader reader;
    struct rig_image_source source;
    struct rig_trailer trailer;
};

static bool open_slot(struct rig_run *run, guint index, struct seen_slot *seen)
{
    if (!rig_slot_open(run, index, &seen->reader, &seen->source)) {
        rig_run_error_text(run, "this board has no slot %u", index);
        return false;
    }
    if (!rig_trailer_decode(&seen->reader.slot.geometry, &seen->source, &seen->trailer)) {
        rig_slot_tell_unread(run, &seen->reader, "its trailer");
        return false;
    }
    return true;
}

static void expect_word(struct rig_run *run, const struct rig_step *step, const char *slot, const char *field,
                        const char *seen)
{
    const char *expected = rig_record_text(step->arguments, field);
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

static void expect_content(struct rig_run *run, const struct rig_step *step, const struct seen_slot *seen)
{
    const struct rig_value *wanted = rig_record_get(step->arguments, "image");
    const struct rig_slot *slot = &seen->reader.slot;
    g_autofree guint8 *bytes = NULL;
    g_autofree char *text = NULL;
    const struct rig_built_image *image;
    const guint8 *expected = NULL;
    gsize n_bytes = slot->n_bytes;
    gsize same;

    if (!wanted)
        return;
    bytes = g_malloc(slot->n_bytes);
    if (!seen->source.read(seen->source.user, 0, bytes, slot->n_bytes)) {
        rig_slot_tell_unread(run, &seen->reader, "its content");
        return;
    }
    if (wanted->keyword) {
        same = first_difference(bytes, NULL, slot->geometry.erased, n_bytes);
    } else {
        image = rig_run_image(run, wanted->text);
        if (!image)
            return;
        expected = g_bytes_get_data(image->file, &n_bytes);
        same = best_match(bytes, slot->n_bytes, slot->image_offset, expected, n_bytes);
    }
    text = same == n_bytes ? g_strdup("the same bytes")
                           : g_strdup_printf("another byte at 0x%" G_GSIZE_MODIFIER "x", same);
    g_autofree char *what = g_strdup_printf("content of %s", slot->name);
    rig_run_expect(run, same == n_bytes, what, wanted->keyword ? wanted->keyword : wanted->text, text);
}

static void expect_swap_type(struct rig_run *run, const struct rig_step *step, guint index)
{
    const struct rig_value *wanted = rig_record_get(step->arguments, "swap-type");
    g_autofree char *expected = rig_list_text(wanted);
    struct seen_slot primary, secondary;
    const char *seen;

    if (!wanted || !open_slot(run, index & ~1u, &primary) || !open_slot(run, index | 1u, &secondary))
        return;
    seen = rig_swap_type_name(
        rig_trailer_decide(primary.reader.slot.geometry.mode, &primary.trailer, &secondary.trailer));
    rig_run_expect(run, rig_list_has(wanted, seen), "swap type of the next boot", expected, seen);
}

static void expect_swap_size(struct rig_run *run, const struct rig_step *step, const struct seen_slot *seen)
{
    const struct rig_value *wanted = rig_record_get(step->arguments, "swap-size");
    g_autofree char *expected = NULL;
    g_autofree char *text = NULL;

    if (!wanted)
        return;
    expected =
        wanted->keyword ? g_strdup(wanted->keyword) : g_strdup_printf("%" G_GUINT64_FORMAT, wanted->count);
    text =
        seen->trailer.swap_size_erased ? g_strdup("unset") : g_strdup_printf("%u", seen->trailer.swap_size);
    rig_run_expect(run, g_str_equal(expected, text), "swap_size", expected, text);
}

static void run_expect_slot(struct rig_run *run, const struct rig_step *step)
{
    guint index = rig_record_u32(step->arguments, "slot");
    const char *status = rig_record_text(step->arguments, "status");
    char status_text[RIG_TRAILER_STATUS_TEXT_BYTES];
    struct seen_slot seen;

    if (!open_slot(run, index, &seen))
        return;
    expect_content(run, step, &seen);
    expect_swap_type(run, step, index);
    expect_word(run, step, seen.reader.slot.name, "magic", rig_trailer_magic_name(seen.trailer.magic));
    expect_word(run, step, seen.reader.slot.name, "copy-done", rig_trailer_flag_name(seen.trailer.copy_done));
    expect_word(run, step, seen.reader.slot.name, "image-ok", rig_trailer_flag_name(seen.trailer.image_ok));
    expect_word(run, step, seen.reader.slot.name, "swap-info", rig_swap_type_name(seen.trailer.swap_type));
    expect_swap_size(run, step, &seen);
    rig_trailer_status_text(&seen.reader.slot.geometry, &seen.trailer, status_text);
    if (status)
        rig_run_expect(run, strstr(status_text, status) != NULL, "swap status", status, status_text);
}

static char *slot_unfit(const struct rig_step *step, struct rig_fit *fit)
{
    static const char *const of_progress[] = {"copy-done", "swap-info", "swap-size", "status"};
    guint64 slot = rig_record_count(step->arguments, "slot");

    for (guint i = 0; fit->board->own_trailers && i < G_N_ELEMENTS(of_progress); i++)
        if (rig_record_get(step->arguments, of_progress[i]))
            return g_strdup_printf(
                "bootloader '%s' keeps its progress elsewhere than MCUboot does: '%s' says nothing of it",
                fit->board->foreign_bootloader, of_progress[i]);
    if (slot != fit->traits.n_slots)
        return rig_fit_no_slot(fit, slot);
    return fit->traits.scratch_bytes ? NULL : rig_fit_no_scratch(fit);
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

static const struct rig_field mark_fields[] = {
    {.name = "name", .type = RIG_TYPE_NAME, .required = true, .makes = "mark", .about = "Name of the mark."},
};
static const struct rig_shape mark_shape = {
    .name = "mark-flash", .fields = mark_fields, .n_fields = 1, .shorthand = "name"};

static void run_mark_flash(struct rig_run *run, const struct rig_step *step)
{
    guint64 n_operations = run->board->flash_watch->n_operations(run->board);

    g_hash_table_replace(run->marks, g_strdup(rig_record_text(step->arguments, "name")),
                         g_memdup2(&n_operations, sizeof n_operations));
}

const struct rig_verb rig_verb_mark_flash = {
    .name = "mark-flash",
    .looks_at_nothing = true,
    .family = "expect",
    .about = "Remembers this instant for `expect-flash: {since: ...}`.",
    .shape = &mark_shape,
    .within_us = 1000000,
    .at_once = true,
    .needs = needs_watch,
    .example = "mark-flash: before-swap",
    .run = run_mark_flash,
};

static const char *const range_devices[] = {"internal", "external", NULL};
static const struct rig_field range_fields[] = {
    {.name = "slot", .type = RIG_TYPE_COUNT, .max = 3, .about = "Slot that `from` counts in."},
    {.name = "device",
     .type = RIG_TYPE_CHOICE,
     .choices = range_devices,
     .about = "Flash device that `from` counts in."},
    {.name = "from", .type = RIG_TYPE_SIZE, .default_text = "0", .about = "First byte."},
    {.name = "size", .type = RIG_TYPE_SIZE, .required = true, .min = 1, .about = "Length."},
};
static const char *const range_bases[] = {"slot", "device", NULL};
static const struct rig_shape range_shape = {.name = "range",
                                             .fields = range_fields,
                                             .n_fields = G_N_ELEMENTS(range_fields),
                                             .exactly_one = range_bases};

static const char *const regions[] = {"slot0",   "slot1",    "slot2",    "slot3",
                                      "scratch", "internal", "external", NULL};
static const struct rig_field flash_fields[] = {
    {.name = "since", .type = RIG_TYPE_NAME, .required = true, .takes = "mark", .about = "Name of a mark."},
    {.name = "written",
     .type = RIG_TYPE_RECORD,
     .shape = &range_shape,
     .list = true,
     .choices = regions,
     .about = "Each of these was written or erased since."},
    {.name = "untouched",
     .type = RIG_TYPE_RECORD,
     .shape = &range_shape,
     .list = true,
     .choices = regions,
     .about = "None of these was."},
    {.name = "only",
     .type = RIG_TYPE_RECORD,
     .shape = &range_shape,
     .list = true,
     .choices = regions,
     .about = "Nothing outside these was."},
    {.name = "at-most", .type = RIG_TYPE_COUNT, .about = "No more flash operations than this."},
};
static const char *const flash_checks[] = {"written", "untouched", "only", "at-most", NULL};
static const struct rig_shape flash_shape = {.name = "expect-flash",
                                             .fields = flash_fields,
                                             .n_fields = G_N_ELEMENTS(flash_fields),
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
    for (guint i = 0; i <= probe->ops->n_slots(probe); i++) {
        struct rig_slot slot;

        if (probe->ops->slot(probe, i, &slot) && g_str_equal(slot.device, device))
            return true;
    }
    rig_run_error_text(run, "this board has no slot on %s flash", device);
    return false;
}

static bool find_extent(struct rig_run *run, const char *region, struct extent *extent)
{
    struct rig_probe *probe = run->board->probe;
    struct rig_slot slot;
    guint index;

    if (g_str_equal(region, "internal") || g_str_equal(region, "external"))
        return find_device(run, region, extent);
    index = g_str_equal(region, "scratch") ? probe->ops->n_slots(probe) : (guint)(region[4] - '0');
    if ((index >= probe->ops->n_slots(probe) && !g_str_equal(region, "scratch")) ||
        !probe->ops->slot(probe, index, &slot)) {
        rig_run_error_text(run, "this board has no %s", region);
        return false;
    }
    *extent = (struct extent){slot.device, slot.device_offset, (guint64)slot.device_offset + slot.n_bytes};
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

static bool find_range(struct rig_run *run, const struct rig_record *range, struct extent *extent)
{
    const struct rig_value *slot = rig_record_get(range, "slot");
    g_autofree char *name = slot ? g_strdup_printf("slot%" G_GUINT64_FORMAT, slot->count)
                                 : g_strdup(rig_record_text(range, "device"));

    guint64 end;

    if (!find_extent(run, name, extent))
        return false;
    /* The name of a device lives in the schema, not in the copy above. */
    if (!slot)
        extent->device = rig_record_text(range, "device");
    end = extent->end;
    extent->start += rig_record_count(range, "from");
    extent->end = extent->start + rig_record_count(range, "size");
    if (extent->end <= end)
        return true;
    rig_run_error_text(run,
                       "the range of %" G_GUINT64_FORMAT " bytes from 0x%" G_GINT64_MODIFIER
                       "x on goes beyond the end of %s",
                       rig_record_count(range, "size"), rig_record_count(range, "from"), name);
    return false;
}

static bool find_place(struct rig_run *run, const struct rig_value *place, struct extent *extent)
{
    return place->keyword ? find_extent(run, place->keyword, extent) : find_range(run, place->record, extent);
}

static char *place_name(const struct rig_value *place)
{
    const struct rig_value *slot = place->keyword ? NULL : rig_record_get(place->record, "slot");
    g_autofree char *base = NULL;

    if (place->keyword)
        return g_strdup(place->keyword);
    base = slot ? g_strdup_printf("slot%" G_GUINT64_FORMAT, slot->count)
                : g_strdup(rig_record_text(place->record, "device"));
    return g_strdup_printf("%s 0x%" G_GINT64_MODIFIER "x, %" G_GUINT64_FORMAT " bytes", base,
                           rig_record_count(place->record, "from"), rig_record_count(place->record, "size"));
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

static void expect_each_region(struct rig_run *run, const struct rig_step *step, guint64 since,
                               const char *field, bool touched)
{
    const struct rig_value *list = rig_record_get(step->arguments, field);

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
    const char *name = rig_record_text(step->arguments, "since");
    const guint64 *since = g_hash_table_lookup(run->marks, name);
    const struct rig_value *only = rig_record_get(step->arguments, "only");
    const struct rig_value *at_most = rig_record_get(step->arguments, "at-most");
    struct watch watch = {.want_outside = true};
    g_autofree char *seen = NULL;

    if (!since) {
        rig_run_error_text(run, "no 'mark-flash: %s' came before", name);
        return;
    }
    expect_each_region(run, step, *since, "written", true);
    expect_each_region(run, step, *since, "untouched", false);
    watch_regions(run, *since, only, 0, rig_list_length(only), &watch);
    seen = found_text(&watch);
    if (only)
        rig_run_expect(run, watch.n_found == 0, "writes elsewhere", "none", seen);
    if (at_most) {
        g_autofree char *bound = g_strdup_printf("at most %" G_GUINT64_FORMAT, at_most->count);
        g_autofree char *count = g_strdup_printf("%u", watch.n_operations);

        rig_run_expect(run, watch.n_operations <= at_most->count, "flash operations", bound, count);
    }
}

static char *place_unfit(const struct rig_fit *fit, const struct rig_value *place)
{
    const struct rig_value *slot = place->keyword ? NULL : rig_record_get(place->record, "slot");

    if (slot)
        return rig_fit_no_slot(fit, slot->count);
    if (!place->keyword)
        return NULL;
    if (g_str_has_prefix(place->keyword, "slot"))
        return rig_fit_no_slot(fit, (guint64)(place->keyword[4] - '0'));
    if (g_str_equal(place->keyword, "scratch") && fit->traits.scratch_bytes == 0)
        return rig_fit_no_scratch(fit);
    return NULL;
}

static char *flash_unfit(const struct rig_step *step, struct rig_fit *fit)
{
    static const char *const lists[] = {"written", "untouched", "only"};
    char *reason = NULL;

    for (guint i = 0; i < G_N_ELEMENTS(lists); i++) {
        const struct rig_value *list = rig_record_get(step->arguments, lists[i]);

        for (guint n = 0; n < rig_list_length(list) && !reason; n++)
            reason = place_unfit(fit, rig_list_item(list, n));
    }
    return reason;
}

const struct rig_verb rig_verb_expect_flash = {
    .name = "expect-flash",
    .family = "expect",
    .about = "Which parts of which flash device were written or left alone since a mark.",
    .shape = &flash_shape,
    .within_us = 1000000,
    .at_once = true,
    .needs = needs_watch,
    .unfit = flash_unfit,
    .example = "expect-flash: {since: before-upload, written: [slot1], untouched: [slot0]}",
    .run = run_expect_flash,
};
