/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The image slots as the server sees them: what they hold, what may be done to them, erasing. */
#include "sim/firmware/mcuboot/app/app.h"

#include <string.h>

static uint32_t first_sector_bytes(const struct sim_server *server, const struct sim_area *area)
{
    uint32_t start, n_bytes;

    if (!sim_flash_sector_at(server->flash, area->device, area->offset, &start, &n_bytes) ||
        n_bytes > area->n_bytes)
        return 0;
    return n_bytes;
}

static struct sim_area without_first_sector(const struct sim_server *server, struct sim_area area)
{
    uint32_t n_bytes = first_sector_bytes(server, &area);

    area.offset += n_bytes;
    area.n_bytes -= n_bytes;
    return area;
}

struct sim_area sim_slots_upload_area(const struct sim_server *server, unsigned image)
{
    struct sim_area area = server->boot->secondary[image];

    return server->boot->mode == RIG_SWAP_OFFSET ? without_first_sector(server, area) : area;
}

/* Swap-offset leaves the old image in the first sector of the secondary during the trial; every other time
 * images start in the second. */
static struct sim_area listed_area(const struct sim_server *server, unsigned image, unsigned slot,
                                   enum rig_swap_type type)
{
    if (slot == 0)
        return server->boot->primary[image];
    return type == RIG_SWAP_TYPE_REVERT ? server->boot->secondary[image]
                                        : sim_slots_upload_area(server, image);
}

static bool read_slot(const struct sim_server *server, const struct sim_area *area, struct sim_slot *slot)
{
    struct sim_area_reader reader = {.flash = server->flash, .area = *area, .powered_only = true};
    struct rig_image_source source = sim_area_source(&reader);
    struct rig_image_layout layout;

    if (rig_image_read_layout(&source, area->n_bytes, &layout) != RIG_IMAGE_OK ||
        rig_image_stored_hash(&source, &layout, slot->hash) != RIG_IMAGE_OK)
        return false;
    slot->version = layout.header.version;
    slot->bootable = !(layout.header.flags & RIG_IMAGE_FLAG_NON_BOOTABLE);
    return true;
}

static void set_flags(struct sim_slot *slot, enum rig_swap_type type)
{
    bool trial = type == RIG_SWAP_TYPE_REVERT;

    slot->active = slot->slot == 0;
    slot->confirmed = slot->slot == 0 ? !trial : trial;
    slot->permanent = slot->slot == 1 && type == RIG_SWAP_TYPE_PERM;
    slot->pending = slot->permanent || (slot->slot == 1 && type == RIG_SWAP_TYPE_TEST);
}

size_t sim_slots_list(const struct sim_server *server, struct sim_slot slots[2 * SIM_BOOT_MAX_IMAGES])
{
    size_t n_slots = 0;

    for (unsigned image = 0; image < server->boot->n_images; image++) {
        enum rig_swap_type type = sim_boot_swap_type(server->boot, server->flash, image);

        for (unsigned slot = 0; slot < 2; slot++) {
            struct sim_area area = listed_area(server, image, slot, type);
            struct sim_slot *entry = &slots[n_slots];

            memset(entry, 0, sizeof *entry);
            entry->image = image;
            entry->slot = slot;
            if (area.n_bytes == 0 || !read_slot(server, &area, entry))
                continue;
            set_flags(entry, type);
            n_slots++;
        }
    }
    return n_slots;
}

enum sim_status sim_slots_erase(const struct sim_server *server, unsigned image)
{
    const struct sim_area *area = &server->boot->secondary[image];

    return sim_flash_erase(server->flash, area->device, area->offset, area->n_bytes);
}

uint32_t sim_slots_trailer_offset(const struct sim_server *server, unsigned image)
{
    const struct sim_area *area = &server->boot->secondary[image];
    struct rig_trailer_geometry geometry;
    struct rig_trailer_layout layout;
    uint32_t start, n_bytes;

    sim_boot_geometry(server->boot, server->flash, area, &geometry);
    if (!rig_trailer_layout(&geometry, &layout) ||
        !sim_flash_sector_at(server->flash, area->device, area->offset + layout.status, &start, &n_bytes) ||
        start < area->offset)
        return 0;
    return start - area->offset;
}

enum sim_status sim_slots_erase_trailer(const struct sim_server *server, unsigned image)
{
    const struct sim_area *area = &server->boot->secondary[image];
    uint32_t trailer = sim_slots_trailer_offset(server, image);
    uint32_t below = sim_slots_upload_area(server, image).offset - area->offset;
    enum sim_status status = SIM_OK;

    if (below > 0)
        status = sim_flash_erase(server->flash, area->device, area->offset, below);
    if (status == SIM_OK)
        status =
            sim_flash_erase(server->flash, area->device, area->offset + trailer, area->n_bytes - trailer);
    return status;
}

unsigned sim_slots_refusal(const struct sim_server *server, unsigned image, bool erase)
{
    enum rig_swap_type type = sim_boot_swap_type(server->boot, server->flash, image);
    uint32_t defects = server->config->defects;
    bool pending = type == RIG_SWAP_TYPE_TEST || type == RIG_SWAP_TYPE_PERM;

    if (type == RIG_SWAP_TYPE_REVERT && !(!erase && (defects & SIM_APP_DEFECT_UPLOAD_IN_TRIAL)))
        return RIG_SMP_IMAGE_RC_NO_FREE_SLOT;
    if (pending && !server->config->erase_pending_allowed &&
        !(erase && (defects & SIM_APP_DEFECT_ERASES_PENDING)))
        return RIG_SMP_IMAGE_RC_NO_FREE_SLOT;
    return 0;
}
