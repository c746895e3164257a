/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Verbs: watch-flash, expect-flash: what was written to flash since a moment. */
#include "steps/verbs.h"

#include "base/error.h"
#include "steps/fit.h"
#include "steps/look.h"

#include <string.h>

struct watch_arguments {
    const char *name;
};
static const struct rig_field watch_fields[] = {
    RIG_FIELD("name", NAME, struct watch_arguments, name, .required = true, .makes = "flash watch",
              .about = "Name of the watch."),
};
static const struct rig_shape watch_shape = {RIG_SHAPE("watch-flash", watch_fields, struct watch_arguments),
                                             .shorthand = "name"};

/* What is known of the flash at one moment: of a board that counts its operations how many there were, else
 * the bytes of an area. */
#define LIST_US (5u * 1000 * 1000)
struct kept {
    const char *device; /* NULL: of a board that counts */
    guint64 n_operations;
    guint32 begin, n_bytes;
    guint8 *bytes; /* NULL: of a slot, by the server's list: */
    guint slot;
    bool listed;
    struct rig_smp_image_entry entry;
};

static void kept_free(void *item)
{
    struct kept *kept = item;

    g_free(kept->bytes);
    g_free(kept);
}

/* false: trouble. */
static bool keep_area(struct rig_run *run, const char *device, guint32 begin, guint32 n_bytes, GPtrArray *all)
{
    struct rig_probe *probe = run->board->probe;
    struct kept *kept = g_new0(struct kept, 1);
    GError *error = NULL;

    *kept = (struct kept){
        .device = device, .begin = begin, .n_bytes = n_bytes, .bytes = g_malloc(MAX(n_bytes, 1))};
    g_ptr_array_add(all, kept);
    if (probe->ops->read(probe, device, begin, kept->bytes, n_bytes, &error))
        return true;
    rig_run_unable(run, error);
    return false;
}

/* What lies elsewhere belongs to nobody's update, and the application may write there as it likes. */
static bool keep_areas(struct rig_run *run, GPtrArray *all)
{
    static const char *const regions_of_nordic[] = {"mbr",        "softdevice", "app-data",
                                                    "bootloader", "settings",   "backup"};
    const struct rig_layout *layout = run->board->probe->layout;
    bool secure = layout->family == RIG_BOOTLOADER_NORDIC_SECURE;
    struct rig_slot slot;
    guint32 begin, n_bytes;

    /* Bank 1 of a secure bootloader lies inside of what slot 0 has. */
    for (guint i = 0; i <= (secure ? 0 : layout->n_slots); i++)
        if (rig_layout_slot(layout, i, &slot) && slot.n_bytes &&
            !keep_area(run, slot.device, slot.device_offset, slot.n_bytes, all))
            return false;
    for (guint i = 0; i < G_N_ELEMENTS(regions_of_nordic); i++)
        if (rig_layout_region(layout, regions_of_nordic[i], &begin, &n_bytes) &&
            !keep_area(run, layout->devices[0].name, begin, n_bytes, all))
            return false;
    return true;
}

static const struct rig_layout *layout_of(const struct rig_run *run)
{
    return run->board->probe ? run->board->probe->layout : &run->board->layout;
}

/* What the server's list tells of each slot. false: trouble. */
static bool list_slots(struct rig_run *run, GPtrArray *all)
{
    struct rig_smp_response list;
    struct rig_slot slot;

    if (!rig_look_list(run, rig_run_now_us(run) + LIST_US, &list)) {
        if (!rig_run_troubled(run))
            rig_run_error_text(run, "the server does not tell its images: no answer");
        return false;
    }
    for (guint i = 0; i < run->board->layout.n_slots; i++) {
        const struct rig_smp_image_entry *entry = rig_look_entry(&list, i);
        struct kept *kept;

        if (!rig_layout_slot(&run->board->layout, i, &slot))
            continue;
        kept = g_new0(struct kept, 1);
        g_ptr_array_add(all, kept);
        *kept = (struct kept){.device = slot.device,
                              .begin = slot.device_offset,
                              .n_bytes = slot.n_bytes,
                              .slot = i,
                              .listed = entry != NULL};
        if (entry)
            kept->entry = *entry;
    }
    return true;
}

/* Flags of which the trailer of just this slot is the reason: what is pending stands in slot 1, what is
 * confirmed in slot 0. */
static bool is_listed_as_before(const struct kept *kept, const struct rig_smp_image_entry *now)
{
    const struct rig_smp_image_entry *before = &kept->entry;

    if (!kept->listed || !now)
        return !kept->listed && !now;
    return before->hash_bytes == now->hash_bytes && memcmp(before->hash, now->hash, now->hash_bytes) == 0 &&
           g_str_equal(before->version, now->version) &&
           (kept->slot % 2 == 0 ? before->confirmed == now->confirmed
                                : before->pending == now->pending && before->permanent == now->permanent);
}

static void run_watch_flash(struct rig_run *run, const struct rig_step *step)
{
    const struct rig_board_flash_watch *counter = run->board->flash_watch;
    g_autoptr(GPtrArray) all = g_ptr_array_new_with_free_func(kept_free);
    struct kept *count;

    if (counter) {
        count = g_new0(struct kept, 1);
        count->n_operations = counter->n_operations(run->board);
        g_ptr_array_add(all, count);
    } else if (rig_look_by_server(run->board) ? !list_slots(run, all) : !keep_areas(run, all)) {
        return;
    }
    g_hash_table_replace(run->flash_watches, g_strdup(RIG_ARGUMENTS(step, struct watch_arguments)->name),
                         g_steal_pointer(&all));
}

static const char *watch_lacks(const struct rig_step *step, const char *const *capabilities)
{
    (void)step;
    return rig_look_lacks(capabilities);
}

const struct rig_verb rig_verb_watch_flash = {
    .name = "watch-flash",
    .former = "mark-flash",
    .looks_at_nothing = true,
    .family = "expect",
    .about =
        "Watches flash from here on, for `expect-flash: {since: ...}`. Where the board does not tell its "
        "flash operations (`flash-watch`), the slots and the scratch area are read through the probe, "
        "to be compared; where there is no probe, the server's list of images is kept.",
    .shape = &watch_shape,
    .within_us = 1000000,
    .at_once = true,
    .lacks = watch_lacks,
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
    const struct rig_layout *layout = layout_of(run);

    *extent = (struct extent){device, 0, G_MAXUINT64};
    for (guint i = 0; i <= layout->n_slots; i++) {
        struct rig_slot slot;

        if (rig_layout_slot(layout, i, &slot) && g_str_equal(slot.device, device))
            return true;
    }
    rig_run_error_text(run, "this board has no slot on %s flash", device);
    return false;
}

static bool find_extent(struct rig_run *run, const char *region, struct extent *extent)
{
    const struct rig_layout *layout = layout_of(run);
    struct rig_slot slot;
    guint32 begin, n_bytes;
    guint index;

    if (g_str_equal(region, "internal") || g_str_equal(region, "external"))
        return find_device(run, region, extent);
    if (rig_layout_region(layout, region, &begin, &n_bytes)) {
        *extent = (struct extent){layout->devices[0].name, begin, (guint64)begin + n_bytes};
        return true;
    }
    index = g_str_has_prefix(region, "slot") ? (guint)(region[4] - '0') : layout->n_slots;
    if ((index >= layout->n_slots && !g_str_equal(region, "scratch")) ||
        !rig_layout_slot(layout, index, &slot)) {
        rig_run_error_text(run, "this board has no %s", region);
        return false;
    }
    *extent = (struct extent){slot.device, slot.device_offset, (guint64)slot.device_offset + slot.n_bytes};
    /* Bank 0 ends where bank 1 began when the board was set up. */
    if (layout->family == RIG_BOOTLOADER_NORDIC_SECURE && index == 0 &&
        layout->slots[1].device_offset > slot.device_offset)
        extent->end = layout->slots[1].device_offset;
    return true;
}

/* The flash operations since, or the bytes that differ. */
struct changes {
    bool compared; /* the latter */
    bool by_list;  /* whole slots, of which the server's list says something else */
    const GPtrArray *kept;
    GArray *writes; /* struct rig_flash_write; compared: runs of bytes that differ */
};

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

static void note_write(void *user, const struct rig_flash_write *write)
{
    g_array_append_vals(user, write, 1);
}

static void note_differences(const struct kept *kept, const guint8 *now, GArray *writes)
{
    struct rig_flash_write run = {.device = kept->device};

    for (guint32 i = 0; i < kept->n_bytes; i++) {
        if (kept->bytes[i] == now[i])
            continue;
        if (run.n_bytes && run.offset + run.n_bytes == kept->begin + i) {
            run.n_bytes++;
            continue;
        }
        if (run.n_bytes)
            note_write(writes, &run);
        run.offset = kept->begin + i;
        run.n_bytes = 1;
    }
    if (run.n_bytes)
        note_write(writes, &run);
}

static bool find_listed_changes(struct rig_run *run, const GPtrArray *all, struct changes *changes)
{
    struct rig_smp_response list;

    changes->compared = changes->by_list = true;
    if (!rig_look_list(run, rig_run_now_us(run) + LIST_US, &list)) {
        if (!rig_run_troubled(run))
            rig_run_fail(run, "the server's list of images", "no answer",
                         "the server does not tell its images");
        return false;
    }
    for (guint i = 0; i < all->len; i++) {
        const struct kept *kept = g_ptr_array_index(all, i);
        const struct rig_flash_write write = {
            .device = kept->device, .offset = kept->begin, .n_bytes = kept->n_bytes};

        if (kept->device && !is_listed_as_before(kept, rig_look_entry(&list, kept->slot)))
            note_write(changes->writes, &write);
    }
    return true;
}

/* false: trouble. */
static bool find_changes(struct rig_run *run, const GPtrArray *all, struct changes *changes)
{
    struct rig_probe *probe = run->board->probe;
    GError *error = NULL;

    if (rig_look_by_server(run->board))
        return find_listed_changes(run, all, changes);

    for (guint i = 0; i < all->len; i++) {
        const struct kept *kept = g_ptr_array_index(all, i);
        g_autofree guint8 *now = NULL;

        changes->compared = kept->device != NULL;
        if (!kept->device) {
            run->board->flash_watch->operations(run->board, kept->n_operations, note_write, changes->writes);
            continue;
        }
        now = g_malloc(MAX(kept->n_bytes, 1));
        if (!probe->ops->read(probe, kept->device, kept->begin, now, kept->n_bytes, &error)) {
            rig_run_error(run, error);
            return false;
        }
        note_differences(kept, now, changes->writes);
    }
    return true;
}

/* Whether some of it was kept to be compared; a board that counts its operations counts them all. */
static bool is_known(const struct changes *changes, const struct extent *extent)
{
    for (guint i = 0; i < changes->kept->len; i++) {
        const struct kept *kept = g_ptr_array_index(changes->kept, i);

        if (!kept->device || (g_str_equal(kept->device, extent->device) && kept->begin < extent->end &&
                              (guint64)kept->begin + kept->n_bytes > extent->start))
            return true;
    }
    return false;
}

/* Operations count as they are, differences byte by byte: a run of them may begin in a place and end behind
 * it. */
static void look_at_all(const struct changes *changes, struct watch *watch)
{
    for (guint i = 0; i < changes->writes->len; i++) {
        struct rig_flash_write write = g_array_index(changes->writes, struct rig_flash_write, i);
        bool bytes = changes->compared && !changes->by_list;
        guint32 n_bytes = bytes ? write.n_bytes : 1;

        write.n_bytes = bytes ? 1 : write.n_bytes;
        for (guint32 n = 0; n < n_bytes; n++, write.offset++)
            look(watch, &write);
    }
}

/* false: trouble. */
static bool watch_regions(struct rig_run *run, const struct changes *changes, const struct rig_value *list,
                          guint from, guint n, struct watch *watch)
{
    if (n > G_N_ELEMENTS(watch->extents)) {
        rig_run_error_text(run, "'expect-flash' takes up to %u places at once",
                           (guint)G_N_ELEMENTS(watch->extents));
        return false;
    }
    for (guint i = from; i < from + n; i++) {
        struct extent *extent = &watch->extents[watch->n_extents++];

        if (!find_place(run, rig_list_item(list, i), extent))
            return false;
        if (!watch->want_outside && !is_known(changes, extent)) {
            rig_run_unable(
                run, g_error_new(RIG_ERROR, RIG_ERROR_UNSUPPORTED,
                                 "this board does not tell its flash operations, and %s 0x%" G_GINT64_MODIFIER
                                 "x lies outside of what is compared instead",
                                 extent->device, extent->start));
            return false;
        }
    }
    look_at_all(changes, watch);
    return true;
}

static char *found_text(const struct changes *changes, const struct watch *watch)
{
    if (watch->n_found == 0)
        return g_strdup(changes->by_list    ? "the same in the server's list"
                        : changes->compared ? "the same bytes"
                                            : "no operation");
    if (changes->by_list)
        return g_strdup_printf("another entry in the server's list, of the slot at %s 0x%x",
                               watch->first.device, watch->first.offset);
    if (changes->compared)
        return g_strdup_printf("%u byte(s) that differ, the first at %s 0x%x", watch->n_found,
                               watch->first.device, watch->first.offset);
    return g_strdup_printf("%u operation(s), the first: %s of %u bytes at %s 0x%x", watch->n_found,
                           watch->first.erase ? "erase" : "write", watch->first.n_bytes, watch->first.device,
                           watch->first.offset);
}

static void expect_each_region(struct rig_run *run, const struct changes *changes,
                               const struct rig_value *list, bool touched)
{
    for (guint i = 0; i < rig_list_length(list); i++) {
        g_autofree char *place = place_name(rig_list_item(list, i));
        g_autofree char *what = g_strdup_printf("writes to %s", place);
        g_autofree char *seen = NULL;
        struct watch watch = {0};

        if (!watch_regions(run, changes, list, i, 1, &watch))
            return;
        seen = found_text(changes, &watch);
        /* The same bytes may have been written again. */
        if (changes->compared && touched && watch.n_found == 0)
            rig_run_note(
                run,
                "not judged: %s: what is seen of it is what it was, and this board does not tell its "
                "flash operations",
                what);
        else
            rig_run_expect(run, (watch.n_found > 0) == touched, what, touched ? "at least one" : "none",
                           seen);
    }
}

static void run_expect_flash(struct rig_run *run, const struct rig_step *step)
{
    const struct flash_arguments *wanted = RIG_ARGUMENTS(step, struct flash_arguments);
    const GPtrArray *kept = g_hash_table_lookup(run->flash_watches, wanted->since);
    g_autoptr(GArray) writes = g_array_new(FALSE, FALSE, sizeof(struct rig_flash_write));
    struct changes changes = {.kept = kept, .writes = writes};
    struct watch watch = {.want_outside = true};
    g_autofree char *seen = NULL;

    if (!kept) {
        rig_run_error_text(run, "no 'watch-flash: %s' came before", wanted->since);
        return;
    }
    if (!find_changes(run, kept, &changes))
        return;
    expect_each_region(run, &changes, wanted->written, true);
    expect_each_region(run, &changes, wanted->untouched, false);
    if (!watch_regions(run, &changes, wanted->only, 0, rig_list_length(wanted->only), &watch))
        return;
    seen = found_text(&changes, &watch);
    if (wanted->only)
        rig_run_expect(run, watch.n_found == 0, "writes elsewhere", "none", seen);
    if (wanted->at_most) {
        g_autofree char *bound = g_strdup_printf("at most %u", *wanted->at_most);
        g_autofree char *count = g_strdup_printf("%u", watch.n_operations);

        rig_run_expect(run, watch.n_operations <= *wanted->at_most,
                       changes.by_list    ? "slots that are listed otherwise"
                       : changes.compared ? "bytes that differ"
                                          : "flash operations",
                       bound, count);
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
        return rig_fit_no_scratch(fit);
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

/* A list of images tells whole slots, and nothing of the scratch area. */
static bool beyond_lists(const struct rig_value *list)
{
    for (guint i = 0; i < rig_list_length(list); i++) {
        const struct rig_value *place = rig_list_item(list, i);

        if (!place->keyword || g_str_equal(place->keyword, "scratch"))
            return true;
    }
    return false;
}

/* Bytes that differ do not tell how many operations they took. */
static const char *flash_lacks(const struct rig_step *step, const char *const *capabilities)
{
    const struct flash_arguments *wanted = RIG_ARGUMENTS(step, struct flash_arguments);
    bool probe = g_strv_contains(capabilities, "probe");

    if (wanted->at_most && *wanted->at_most && !g_strv_contains(capabilities, "flash-watch"))
        return "flash-watch";
    if (!probe &&
        (beyond_lists(wanted->written) || beyond_lists(wanted->untouched) || beyond_lists(wanted->only)))
        return "probe";
    return rig_look_lacks(capabilities);
}

const struct rig_verb rig_verb_expect_flash = {
    .name = "expect-flash",
    .family = "expect",
    .about =
        "Which parts of which flash device were written or left alone since `watch-flash`. Where the board "
        "does not tell its flash operations, by the bytes that differ: what was written as it was before "
        "is then not seen, and a number other than 0 in `at-most` needs `flash-watch`. Without a probe whole "
        "slots are compared by the server's list of images: hash, version, and what is pending or confirmed.",
    .shape = &flash_shape,
    .within_us = 1000000,
    .at_once = true,
    .lacks = flash_lacks,
    .unfit = flash_unfit,
    .example = "expect-flash: {since: before-upload, written: [slot1], untouched: [slot0]}",
    .run = run_expect_flash,
};
