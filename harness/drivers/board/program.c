/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Images and a trial's trailer into flash. */
#include "drivers/board/program.h"

#include "base/error.h"

bool rig_board_program_image(struct rig_probe *probe, const struct rig_board_image *image, bool trial,
                             GError **error)
{
    struct rig_slot slot;
    guint32 at;

    if (image->slot >= probe->ops->n_slots(probe) || !probe->ops->slot(probe, image->slot, &slot)) {
        g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "this board has no slot %u", image->slot);
        return false;
    }
    /* After an upgrade the old image lies at the start of the secondary slot, in swap-offset too. */
    at = trial ? 0 : slot.image_offset;
    if (image->n_bytes > slot.n_bytes - at) {
        g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT,
                    "an image of %" G_GSIZE_FORMAT " bytes does not fit %s (%u bytes)", image->n_bytes,
                    slot.name, slot.n_bytes - at);
        return false;
    }
    return probe->ops->program(probe, slot.device, slot.device_offset + at, image->bytes, image->n_bytes,
                               error);
}

/* The trailer that a finished test upgrade leaves: on trial until image_ok is written. */
static bool program_trial(struct rig_probe *probe, GError **error)
{
    struct rig_trailer_layout layout;
    struct rig_slot slot;
    guint8 magic[RIG_TRAILER_MAGIC_BYTES];
    guint8 set = 1;

    if (!probe->ops->slot(probe, 0, &slot) || !rig_trailer_layout(&slot.geometry, &layout)) {
        g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "slot 0 has no room for a trailer");
        return false;
    }
    rig_trailer_magic(slot.geometry.max_align, magic);
    return probe->ops->program(probe, slot.device, slot.device_offset + layout.magic, magic, sizeof magic,
                               error) &&
           probe->ops->program(probe, slot.device, slot.device_offset + layout.copy_done, &set, 1, error);
}

bool rig_board_program(struct rig_probe *probe, const struct rig_board_setup *setup, GError **error)
{
    for (gsize i = 0; i < setup->n_images; i++)
        if (!rig_board_program_image(probe, &setup->images[i], !setup->confirmed, error))
            return false;
    return setup->confirmed || program_trial(probe, error);
}
