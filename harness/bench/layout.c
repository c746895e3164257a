/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The layout of a target: its slots and its scratch area lie on its flash, and none in another. */
#include "bench/layout.h"

#include "bench/nordic_layout.h"

#include <string.h>

#define MAX_DEVICE_BYTES (1u << 30)

/* Of the lists of a target: NULL-terminated, or NULL after an error. */
static guint length_of(gconstpointer list)
{
    guint n = 0;

    while (list && ((const gpointer *)list)[n])
        n++;
    return n;
}

static guint64 bytes_of(const struct rig_sector_run *run)
{
    return (guint64)run->sector_bytes * run->n_sectors;
}

static void read_device(const struct rig_flash_spec *spec, struct rig_flash_device *device)
{
    guint64 n_bytes = 0;

    *device = (struct rig_flash_device){
        .name = spec->device,
        .write_bytes = spec->write_bytes,
        .erased = spec->erased,
        .rewrite_refused = g_str_equal(spec->rewrite, "refused"),
        .write_us = spec->write_us,
        .erase_us = spec->erase_us,
        .n_runs = MIN(length_of(spec->sectors), RIG_LAYOUT_MAX_RUNS),
    };
    for (guint i = 0; i < device->n_runs; i++) {
        device->runs[i] = (struct rig_sector_run){.sector_bytes = spec->sectors[i]->n_bytes,
                                                  .n_sectors = spec->sectors[i]->n};
        n_bytes += bytes_of(&device->runs[i]);
    }
    device->n_bytes = (guint32)MIN(n_bytes, G_MAXUINT32);
}

static void read_area(const struct rig_layout *layout, const struct rig_area_spec *spec, const char *name,
                      struct rig_slot *slot)
{
    *slot = (struct rig_slot){
        .name = name,
        .device = spec->device,
        .device_offset = spec->offset,
        .n_bytes = spec->n_bytes,
    };
    while (slot->device_index < layout->n_devices &&
           !g_str_equal(layout->devices[slot->device_index].name, slot->device))
        slot->device_index++;
}

void rig_layout_read(const struct rig_target_spec *target, struct rig_layout *layout)
{
    static const char *const names[RIG_LAYOUT_MAX_SLOTS] = {"slot 0", "slot 1", "slot 2", "slot 3"};

    *layout = (struct rig_layout){.n_devices = MIN(length_of(target->flash), RIG_LAYOUT_MAX_DEVICES),
                                  .n_slots = MIN(length_of(target->slots), RIG_LAYOUT_MAX_SLOTS),
                                  .max_align = 8,
                                  .max_sectors = 128,
                                  .mtu = RIG_LAYOUT_MAX_MTU};
    for (guint i = 0; i < layout->n_devices; i++) {
        read_device(target->flash[i], &layout->devices[i]);
        layout->max_align = MAX(layout->max_align, layout->devices[i].write_bytes);
    }
    for (guint i = 0; i < layout->n_slots; i++)
        read_area(layout, target->slots[i], names[i], &layout->slots[i]);
    if (target->scratch)
        read_area(layout, target->scratch, "scratch", &layout->scratch);
    memcpy(layout->address, target->address->address, sizeof layout->address);
    rig_nordic_layout_read(target, layout);
    if (target->options)
        rig_layout_apply(layout, target->options);
    else
        rig_layout_settle(layout);
}

static void apply_count(const guint32 *option, guint32 *count)
{
    if (option)
        *count = *option;
}

void rig_layout_apply(struct rig_layout *layout, const struct rig_options_spec *options)
{
    if (options->swap)
        rig_swap_mode_from_name(options->swap, &layout->mode);
    if (options->sign)
        layout->signing_needed = rig_key_kind_from_name(options->sign, &layout->signing);
    if (options->update_needs)
        layout->encryption_needed = !g_str_equal(options->update_needs, "nothing");
    if (options->updater)
        layout->may_move_address = g_str_equal(options->updater, "next-address");
    if (options->mtu)
        layout->mtu = *options->mtu;
    if (layout->family != RIG_BOOTLOADER_MCUBOOT)
        rig_nordic_layout_apply(layout, options);
    apply_count(options->max_align, &layout->max_align);
    apply_count(options->max_sectors, &layout->max_sectors);
    apply_count(options->security_counter, &layout->security_counter);
    layout->has_security_counter = layout->has_security_counter || options->security_counter;
    rig_layout_settle(layout);
}

/* The size of the sector that holds an offset; 0: beyond the end. */
static guint32 sector_at(const struct rig_flash_device *device, guint32 offset)
{
    for (guint i = 0; i < device->n_runs; i++) {
        guint64 n_bytes = bytes_of(&device->runs[i]);

        if (offset < n_bytes)
            return device->runs[i].sector_bytes;
        offset -= (guint32)n_bytes;
    }
    return 0;
}

static void settle_sectors(struct rig_slot *slot, const struct rig_flash_device *device)
{
    guint64 end = (guint64)slot->device_offset + slot->n_bytes;
    guint64 run_begin = 0, run_end;

    slot->sector_bytes = sector_at(device, slot->device_offset);
    slot->mixed_sectors = false;
    slot->erase_us = 0;
    for (guint i = 0; i < device->n_runs; i++, run_begin = run_end) {
        guint64 from = MAX(run_begin, slot->device_offset);
        guint64 until = MIN(run_begin + bytes_of(&device->runs[i]), end);

        run_end = run_begin + bytes_of(&device->runs[i]);
        if (from >= until)
            continue;
        slot->erase_us += (until - from) / device->runs[i].sector_bytes * device->erase_us;
        slot->mixed_sectors = slot->mixed_sectors || device->runs[i].sector_bytes != slot->sector_bytes;
    }
}

static void settle_area(const struct rig_layout *layout, struct rig_slot *slot, guint32 max_sectors)
{
    const struct rig_flash_device *device = &layout->devices[slot->device_index];

    if (slot->n_bytes == 0 || slot->device_index >= layout->n_devices)
        return;
    settle_sectors(slot, device);
    slot->geometry = (struct rig_trailer_geometry){
        .mode = layout->mode,
        .slot_bytes = slot->n_bytes,
        .write_bytes = device->write_bytes,
        .max_align = layout->max_align,
        .max_sectors = max_sectors,
        .erased = device->erased,
    };
}

void rig_layout_settle(struct rig_layout *layout)
{
    if (layout->family != RIG_BOOTLOADER_MCUBOOT) {
        rig_layout_move_bank_1(layout, 0);
        return;
    }
    for (guint i = 0; i < layout->n_slots; i++) {
        settle_area(layout, &layout->slots[i], layout->max_sectors);
        layout->slots[i].image_offset =
            layout->mode == RIG_SWAP_OFFSET && i % 2 ? layout->slots[i].sector_bytes : 0;
    }
    /* Its trailer keeps the status of one swap step only. */
    settle_area(layout, &layout->scratch, 1);
}

bool rig_layout_slot(const struct rig_layout *layout, guint index, struct rig_slot *slot)
{
    const struct rig_slot *found = index < layout->n_slots    ? &layout->slots[index]
                                   : index == layout->n_slots ? &layout->scratch
                                                              : NULL;

    if (!found || found->n_bytes == 0)
        return false;
    *slot = *found;
    return true;
}

const struct rig_flash_device *rig_layout_device(const struct rig_layout *layout, const char *name)
{
    for (guint i = 0; i < layout->n_devices; i++)
        if (g_str_equal(layout->devices[i].name, name))
            return &layout->devices[i];
    return NULL;
}

/* --- what no board can have --- */

struct check {
    const struct rig_target_spec *target;
    struct rig_diagnostics *diagnostics;
    const struct rig_record *options; /* NULL: none */
    struct rig_layout layout;
    guint n_areas; /* slots in their order, then the scratch area */
};

static const struct rig_slot *area_at(const struct check *check, guint i)
{
    return i < check->layout.n_slots ? &check->layout.slots[i] : &check->layout.scratch;
}

static const char *name_of(const struct check *check, guint i)
{
    return i < check->layout.n_slots ? check->layout.slots[i].name : "the scratch area";
}

static void complain(const struct check *check, const struct rig_node *node, char *message /* taken */)
{
    rig_diagnostics_add(check->diagnostics, node->source, node->start, 1, NULL, "%s", message);
    g_free(message);
}

static void complain_of_area(const struct check *check, guint i, char *message /* taken */)
{
    complain(check, i < check->layout.n_slots ? check->target->slots[i]->node : check->target->scratch->node,
             message);
}

static void check_numbers(const struct check *check)
{
    const struct rig_flash_spec *const *flash = check->target->flash;
    guint n_slots = length_of(check->target->slots);

    if (check->layout.family == RIG_BOOTLOADER_MCUBOOT && n_slots != 2 && n_slots != RIG_LAYOUT_MAX_SLOTS)
        complain(check, rig_node_get(check->target->node, "slots"), g_strdup("a board has 2 or 4 slots"));
    for (guint i = 0; i < length_of(flash); i++) {
        const struct rig_flash_spec *entry = flash[i];

        if (length_of(entry->sectors) > RIG_LAYOUT_MAX_RUNS)
            complain(check, entry->node,
                     g_strdup_printf("a device has at most %d runs of sectors", RIG_LAYOUT_MAX_RUNS));
        if (i < check->layout.n_devices && check->layout.devices[i].n_bytes > MAX_DEVICE_BYTES)
            complain(check, entry->node, g_strdup("a device has at most 1 GiB"));
        for (guint k = 0; k < i; k++)
            if (g_str_equal(entry->device, flash[k]->device))
                complain(check, entry->node, g_strdup_printf("there are two devices '%s'", entry->device));
    }
}

/* The end of a device is the start of a sector that would follow. */
static bool is_boundary(const struct rig_flash_device *device, guint32 offset)
{
    guint64 at = 0;

    for (guint i = 0; i < device->n_runs; i++) {
        guint64 end = at + bytes_of(&device->runs[i]);

        if (offset < end)
            return (offset - at) % device->runs[i].sector_bytes == 0;
        at = end;
    }
    return offset == at;
}

static void check_place(const struct check *check, guint i)
{
    const struct rig_slot *area = area_at(check, i);
    const struct rig_flash_device *device = rig_layout_device(&check->layout, area->device);
    guint64 end = (guint64)area->device_offset + area->n_bytes;

    if (!device)
        complain_of_area(check, i,
                         g_strdup_printf("%s is on the device '%s', and 'flash' has none", name_of(check, i),
                                         area->device));
    else if (end > device->n_bytes)
        complain_of_area(check, i,
                         g_strdup_printf("%s ends at 0x%" G_GINT64_MODIFIER "x, and its device at 0x%x",
                                         name_of(check, i), end, device->n_bytes));
    else if (!is_boundary(device, area->device_offset) || !is_boundary(device, (guint32)end))
        complain_of_area(check, i, g_strdup_printf("%s is not made of whole sectors", name_of(check, i)));
}

static bool overlap(const struct rig_slot *a, const struct rig_slot *b)
{
    return g_str_equal(a->device, b->device) && a->device_offset < (guint64)b->device_offset + b->n_bytes &&
           b->device_offset < (guint64)a->device_offset + a->n_bytes;
}

static void check_overlap(const struct check *check, guint i)
{
    for (guint k = 0; k < i; k++)
        if (overlap(area_at(check, i), area_at(check, k)))
            complain_of_area(
                check, i,
                g_strdup_printf("%s lies in part where %s does", name_of(check, i), name_of(check, k)));
}

static void check_options(const struct check *check)
{
    const struct rig_node *node = rig_node_get(check->target->node, "options");
    g_autoptr(GError) error = NULL;

    if (check->options && !rig_layout_takes(&check->layout, check->options, &error))
        complain(check, node, g_strdup(error->message));
}

void rig_layout_check(const struct rig_record *record, struct rig_diagnostics *diagnostics)
{
    const struct rig_target_spec *target = RIG_STRUCT(record, struct rig_target_spec);
    const struct rig_value *options = rig_record_get(record, "options");
    struct check check = {
        .target = target, .options = options ? options->record : NULL, .diagnostics = diagnostics};

    rig_layout_read(target, &check.layout);
    check.n_areas = check.layout.n_slots + (target->scratch ? 1 : 0);
    check_numbers(&check);
    check_options(&check);
    if (target->nordic) {
        rig_nordic_layout_check(target, &check.layout, diagnostics);
        return;
    }
    for (guint i = 0; i < check.n_areas; i++) {
        check_place(&check, i);
        check_overlap(&check, i);
    }
}
