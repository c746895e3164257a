/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Images and a trial's trailer into flash. */
#include "drivers/board/program.h"

#include "base/error.h"
#include "drivers/board/program_nordic.h"

#include <string.h>

/* Where in the slot an image goes. */
static bool place_image(struct rig_probe *probe, const struct rig_board_image *image, bool trial,
                        struct rig_slot *slot, guint32 *at, GError **error)
{
    if (image->slot >= probe->layout->n_slots || !rig_layout_slot(probe->layout, image->slot, slot)) {
        g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "this board has no slot %u", image->slot);
        return false;
    }
    /* After an upgrade the old image lies at the start of the secondary slot, in swap-offset too. */
    *at = trial ? 0 : slot->image_offset;
    if (image->n_bytes <= slot->n_bytes - *at)
        return true;
    g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT,
                "an image of %" G_GSIZE_FORMAT " bytes does not fit %s (%u bytes)", image->n_bytes,
                slot->name, slot->n_bytes - *at);
    return false;
}

/* Where an image starts only with a trailer, a set-up's comes as `imgtool --pad --confirm` makes it. */
static bool wants_leave(const struct rig_layout *layout, const struct rig_board_setup *setup, guint slot)
{
    bool on_trial = slot == 0 && !setup->confirmed;

    return !on_trial && rig_swap_mode_starts_by_trailer(layout->mode);
}

static bool trailer_of(const struct rig_slot *slot, struct rig_trailer_layout *layout,
                       guint8 magic[RIG_TRAILER_MAGIC_BYTES], GError **error)
{
    if (!rig_trailer_layout(&slot->geometry, layout)) {
        g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "%s has no room for a trailer", slot->name);
        return false;
    }
    rig_trailer_magic(slot->geometry.max_align, magic);
    return true;
}

static bool program_leave(struct rig_probe *probe, const struct rig_board_image *image, GError **error)
{
    struct rig_trailer_layout layout;
    struct rig_slot slot;
    guint8 magic[RIG_TRAILER_MAGIC_BYTES];
    guint8 set = 1;

    if (!rig_layout_slot(probe->layout, image->slot, &slot) || !trailer_of(&slot, &layout, magic, error))
        return false;
    /* A padded file brings its own. */
    if (image->n_bytes > layout.image_ok)
        return true;
    return probe->ops->program(probe, slot.device, slot.device_offset + layout.magic, magic, sizeof magic,
                               error) &&
           probe->ops->program(probe, slot.device, slot.device_offset + layout.image_ok, &set, 1, error);
}

bool rig_board_program_image(struct rig_probe *probe, const struct rig_board_image *image, bool trial,
                             GError **error)
{
    struct rig_slot slot;
    guint32 at;

    if (!place_image(probe, image, trial, &slot, &at, error))
        return false;
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

    if (!rig_layout_slot(probe->layout, 0, &slot) || !trailer_of(&slot, &layout, magic, error))
        return false;
    return probe->ops->program(probe, slot.device, slot.device_offset + layout.magic, magic, sizeof magic,
                               error) &&
           probe->ops->program(probe, slot.device, slot.device_offset + layout.copy_done, &set, 1, error);
}

bool rig_board_program(struct rig_probe *probe, const struct rig_board_setup *setup, GError **error)
{
    if (probe->layout->family != RIG_BOOTLOADER_MCUBOOT)
        return rig_board_program_nordic(probe, setup, error);
    for (gsize i = 0; i < setup->n_images; i++)
        if (!rig_board_program_image(probe, &setup->images[i], !setup->confirmed, error) ||
            (wants_leave(probe->layout, setup, setup->images[i].slot) &&
             !program_leave(probe, &setup->images[i], error)))
            return false;
    return setup->confirmed || program_trial(probe, error);
}

static bool mark_trial(const struct rig_slot *slot, guint8 *content, GError **error)
{
    struct rig_trailer_layout layout;
    guint8 magic[RIG_TRAILER_MAGIC_BYTES];

    if (!trailer_of(slot, &layout, magic, error))
        return false;
    memcpy(content + layout.magic, magic, sizeof magic);
    content[layout.copy_done] = 1;
    return true;
}

static bool mark_leave(const struct rig_slot *slot, const struct rig_board_image *image, guint8 *content,
                       GError **error)
{
    struct rig_trailer_layout layout;
    guint8 magic[RIG_TRAILER_MAGIC_BYTES];

    if (!trailer_of(slot, &layout, magic, error))
        return false;
    if (image->n_bytes > layout.image_ok)
        return true;
    memcpy(content + layout.magic, magic, sizeof magic);
    content[layout.image_ok] = 1;
    return true;
}

static bool program_slot(struct rig_probe *probe, const struct rig_board_setup *setup, guint index,
                         GError **error)
{
    g_autofree guint8 *content = NULL;
    struct rig_slot slot, same;
    guint32 at;

    if (!rig_layout_slot(probe->layout, index, &slot))
        return true;
    content = g_malloc(slot.n_bytes);
    memset(content, slot.geometry.erased, slot.n_bytes);
    for (gsize i = 0; i < setup->n_images; i++) {
        if (setup->images[i].slot != index)
            continue;
        if (!place_image(probe, &setup->images[i], !setup->confirmed, &same, &at, error))
            return false;
        memcpy(content + at, setup->images[i].bytes, setup->images[i].n_bytes);
        if (wants_leave(probe->layout, setup, index) && !mark_leave(&slot, &setup->images[i], content, error))
            return false;
    }
    if (index == 0 && !setup->confirmed && !mark_trial(&slot, content, error))
        return false;
    return probe->ops->program(probe, slot.device, slot.device_offset, content, slot.n_bytes, error);
}

bool rig_board_program_slots(struct rig_probe *probe, const struct rig_board_setup *setup, GError **error)
{
    struct rig_slot slot;
    guint32 at;

    /* Settings say which bytes of a bank count; what lies behind them is left to the bootloader. */
    if (probe->layout->family != RIG_BOOTLOADER_MCUBOOT)
        return rig_board_program_nordic(probe, setup, error);
    for (gsize i = 0; i < setup->n_images; i++)
        if (!place_image(probe, &setup->images[i], !setup->confirmed, &slot, &at, error))
            return false;
    for (guint i = 0; i <= probe->layout->n_slots; i++)
        if (!program_slot(probe, setup, i, error))
            return false;
    return true;
}
