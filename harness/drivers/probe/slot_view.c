/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Image header, hash and trailer of a slot through the probe role. */
#include "drivers/probe/slot_view.h"

#include "drivers/probe/nordic_view.h"

#include <string.h>

struct slot_reader {
    struct rig_probe *probe;
    struct rig_slot slot;
    GError **why; /* of the first read that failed */
};

static bool read_slot(const void *user, uint32_t offset, void *into, size_t n_bytes)
{
    const struct slot_reader *reader = user;

    return reader->probe->ops->read(reader->probe, reader->slot.device, reader->slot.device_offset + offset,
                                    into, n_bytes, *reader->why ? NULL : reader->why);
}

static void look(struct rig_probe *probe, guint slot, struct rig_board_view *view, GError **why)
{
    struct slot_reader reader = {.probe = probe, .why = why};
    struct rig_image_source source = {.read = read_slot, .user = &reader};
    struct rig_image_layout layout;
    struct rig_trailer trailer;

    if (!rig_layout_slot(probe->layout, slot, &reader.slot))
        return;
    source.n_bytes = reader.slot.n_bytes;
    if (rig_image_read_layout(&source, reader.slot.n_bytes, &layout) != RIG_IMAGE_OK)
        return;
    view->has_image = true;
    view->version = layout.header.version;
    /* An image may carry a SHA-384 or SHA-512 instead: the SHA-256 names it all the same. */
    if (rig_image_stored_hash(&source, &layout, view->hash) != RIG_IMAGE_OK &&
        rig_image_compute_hash(&source, &layout, view->hash) != RIG_IMAGE_OK)
        memset(view->hash, 0, sizeof view->hash);
    view->confirmed = rig_trailer_decode(&reader.slot.geometry, &source, &trailer) &&
                      (trailer.magic != RIG_MAGIC_GOOD || trailer.image_ok == RIG_FLAG_SET);
}

/* What cannot be read is not erased. */
bool rig_probe_look_at_image(struct rig_probe *probe, guint slot, struct rig_board_view *view, GError **error)
{
    GError *why = NULL;

    if (probe->layout->family != RIG_BOOTLOADER_MCUBOOT)
        return rig_nordic_look_at_image(probe, view, error);
    look(probe, slot, view, &why);
    if (!why)
        return true;
    g_propagate_prefixed_error(error, why, "slot %u cannot be read: ", slot);
    return false;
}

static bool read_anyway(const void *user, uint32_t offset, void *into, size_t n_bytes)
{
    const struct slot_reader *reader = user;

    return reader->probe->ops->read(reader->probe, reader->slot.device, reader->slot.device_offset + offset,
                                    into, n_bytes, NULL);
}

static bool decode(struct rig_probe *probe, guint index, struct rig_trailer *trailer)
{
    struct slot_reader reader = {.probe = probe};
    struct rig_image_source source = {.read = read_anyway, .user = &reader};

    if (!rig_layout_slot(probe->layout, index, &reader.slot))
        return false;
    source.n_bytes = reader.slot.n_bytes;
    return rig_trailer_decode(&reader.slot.geometry, &source, trailer);
}

bool rig_probe_has_pending_swap(struct rig_probe *probe)
{
    for (guint i = 0; i + 1 < probe->layout->n_slots; i += 2) {
        struct rig_trailer primary, secondary;
        struct rig_slot slot;

        if (!rig_layout_slot(probe->layout, i, &slot) || !decode(probe, i, &primary) ||
            !decode(probe, i + 1, &secondary) || primary.copy_done == RIG_FLAG_BAD ||
            (primary.n_status_used && primary.copy_done != RIG_FLAG_SET) ||
            rig_trailer_decide(slot.geometry.mode, &primary, &secondary) != RIG_SWAP_TYPE_NONE)
            return true;
    }
    return false;
}
