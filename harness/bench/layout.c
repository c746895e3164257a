/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The layout of a target: its slots and its scratch area lie on its flash, and none in another. */
#include "bench/layout.h"

#include <string.h>

static guint length_of(const struct rig_value *list)
{
    return list ? list->items->len : 0;
}

static const struct rig_record *item_of(const struct rig_value *list, guint i)
{
    return ((const struct rig_value *)g_ptr_array_index(list->items, i))->record;
}

struct layout {
    const struct rig_record *target;
    struct rig_diagnostics *diagnostics;
    GPtrArray *areas; /* const struct rig_record *: the slots in their order, then the scratch area */
};

static char *name_of(const struct layout *layout, guint i)
{
    return i + 1 == layout->areas->len && rig_record_get(layout->target, "scratch")
               ? g_strdup("the scratch area")
               : g_strdup_printf("slot %u", i);
}

static void complain(const struct layout *layout, const struct rig_record *record, char *message)
{
    rig_diagnostics_add(layout->diagnostics, record->node->source, record->node->start, 1, NULL, "%s",
                        message);
    g_free(message);
}

static const char *device_of(const struct rig_record *record)
{
    return rig_record_get(record, "device")->keyword;
}

/* 0: the target has no such device. */
static guint64 device_bytes(const struct layout *layout, const char *device)
{
    const struct rig_value *flash = rig_record_get(layout->target, "flash");
    guint64 n_bytes = 0;

    for (guint i = 0; i < length_of(flash); i++) {
        const struct rig_record *entry = item_of(flash, i);
        const struct rig_value *sectors = rig_record_get(entry, "sectors");

        for (guint k = 0; g_str_equal(device_of(entry), device) && k < length_of(sectors); k++) {
            const struct rig_record *run = item_of(sectors, k);

            n_bytes += rig_record_count(run, "size") * rig_record_count(run, "count");
        }
    }
    return n_bytes;
}

static void check_devices(const struct layout *layout)
{
    const struct rig_value *flash = rig_record_get(layout->target, "flash");

    for (guint i = 0; i < length_of(flash); i++)
        for (guint k = 0; k < i; k++) {
            const struct rig_record *entry = item_of(flash, i);

            if (g_str_equal(device_of(entry), device_of(item_of(flash, k))))
                complain(layout, entry, g_strdup_printf("there are two devices '%s'", device_of(entry)));
        }
}

static void check_place(const struct layout *layout, guint i)
{
    const struct rig_record *area = layout->areas->pdata[i];
    guint64 end = rig_record_count(area, "offset") + rig_record_count(area, "size");
    guint64 n_bytes = device_bytes(layout, device_of(area));
    g_autofree char *name = name_of(layout, i);

    if (n_bytes == 0)
        complain(layout, area,
                 g_strdup_printf("%s is on the device '%s', and 'flash' has none", name, device_of(area)));
    else if (end > n_bytes)
        complain(layout, area,
                 g_strdup_printf("%s ends at 0x%" G_GINT64_MODIFIER
                                 "x, and its device at 0x%" G_GINT64_MODIFIER "x",
                                 name, end, n_bytes));
}

static bool overlap(const struct rig_record *a, const struct rig_record *b)
{
    guint64 a_begin = rig_record_count(a, "offset");
    guint64 b_begin = rig_record_count(b, "offset");

    return g_str_equal(device_of(a), device_of(b)) && a_begin < b_begin + rig_record_count(b, "size") &&
           b_begin < a_begin + rig_record_count(a, "size");
}

static void check_overlap(const struct layout *layout, guint i)
{
    for (guint k = 0; k < i; k++) {
        g_autofree char *name = name_of(layout, i);
        g_autofree char *other = name_of(layout, k);

        if (overlap(layout->areas->pdata[i], layout->areas->pdata[k]))
            complain(layout, layout->areas->pdata[i],
                     g_strdup_printf("%s lies in part where %s does", name, other));
    }
}

void rig_layout_check(const struct rig_record *target, struct rig_diagnostics *diagnostics)
{
    const struct rig_value *slots = rig_record_get(target, "slots");
    const struct rig_value *scratch = rig_record_get(target, "scratch");
    g_autoptr(GPtrArray) areas = g_ptr_array_new();
    const struct layout layout = {target, diagnostics, areas};

    for (guint i = 0; i < length_of(slots); i++)
        g_ptr_array_add(areas, (gpointer)item_of(slots, i));
    if (scratch)
        g_ptr_array_add(areas, scratch->record);
    check_devices(&layout);
    for (guint i = 0; i < areas->len; i++) {
        check_place(&layout, i);
        check_overlap(&layout, i);
    }
}
