/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Slots as the server sees them: which one runs, where updates go, what the next boot does with them. [SRC
 * zephyr subsys/mgmt/mcumgr/grp/img_mgmt/src/img_mgmt_state.c, zephyr_img_mgmt.c] */
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

/* img_mgmt_active_slot(): the server knows of slot 1 on boards with one image only. */
unsigned sim_active_slot(const struct sim_server *server)
{
    return server->boot->n_images > 1 ? 0 : server->slot;
}

/* Where updates go: the slot that does not run. */
const struct sim_area *sim_other_area(const struct sim_server *server, unsigned image)
{
    return sim_active_slot(server) == 0 ? &server->boot->secondary[image] : &server->boot->primary[image];
}

/* In swap-offset without its first sector. */
struct sim_area sim_upload_area(const struct sim_server *server, unsigned image)
{
    struct sim_area area = *sim_other_area(server, image);

    return server->boot->mode == RIG_SWAP_OFFSET ? without_first_sector(server, area) : area;
}

/* Swap-offset leaves the old image in the first sector of the secondary during the trial; every other time
 * images start in the second. */
static struct sim_area listed_area(const struct sim_server *server, unsigned image, unsigned slot,
                                   enum sim_next_boot next)
{
    if (slot == 0)
        return server->boot->primary[image];
    if (server->boot->mode != RIG_SWAP_OFFSET || next == SIM_NEXT_REVERTS)
        return server->boot->secondary[image];
    return without_first_sector(server, server->boot->secondary[image]);
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

static bool read_version(const struct sim_server *server, const struct sim_area *area,
                         struct rig_image_version *version)
{
    struct sim_slot slot;
    bool read = read_slot(server, area, &slot);

    *version = slot.version;
    return read;
}

static bool other_is_newer(const struct sim_server *server, unsigned image)
{
    struct rig_image_version own, other;
    const struct sim_area *active =
        sim_active_slot(server) == 0 ? &server->boot->primary[image] : &server->boot->secondary[image];

    return read_version(server, active, &own) &&
           read_version(server, sim_other_area(server, image), &other) &&
           rig_image_version_compare(&own, &other, false) < 0;
}

/* What a slot's trailer lets direct-XIP with revert do with it. */
enum leave { LEAVE_NONE, LEAVE_ONCE, LEAVE_SPENT, LEAVE_ALWAYS };

static enum leave leave_of(const struct sim_server *server, const struct sim_area *area)
{
    struct sim_area_reader reader = {.flash = server->flash, .area = *area, .powered_only = true};
    struct rig_image_source source = sim_area_source(&reader);
    struct rig_trailer_geometry geometry;
    struct rig_trailer trailer;

    sim_boot_geometry(server->boot, server->flash, area, &geometry);
    if (!rig_trailer_decode(&geometry, &source, &trailer) || trailer.magic != RIG_MAGIC_GOOD)
        return LEAVE_NONE;
    if (trailer.image_ok == RIG_FLAG_SET)
        return LEAVE_ALWAYS;
    return trailer.copy_done == RIG_FLAG_SET ? LEAVE_SPENT : LEAVE_ONCE;
}

/* img_mgmt_get_next_boot_slot() of builds for direct-XIP with revert. */
static enum sim_next_boot next_boot_by_leave(const struct sim_server *server, unsigned image)
{
    const struct sim_area *other = sim_other_area(server, image);
    const struct sim_area *active =
        sim_active_slot(server) == 0 ? &server->boot->primary[image] : &server->boot->secondary[image];
    struct rig_image_version version;
    enum leave own = leave_of(server, active), others = leave_of(server, other);

    if (!read_version(server, active, &version) || !read_version(server, other, &version))
        return SIM_NEXT_SAME;
    if (own == LEAVE_SPENT)
        return SIM_NEXT_REVERTS;
    if (others == LEAVE_NONE)
        return own == LEAVE_ONCE ? SIM_NEXT_SAME_ON_TEST : SIM_NEXT_SAME;
    if (!other_is_newer(server, image) || others == LEAVE_SPENT)
        return SIM_NEXT_SAME;
    return others == LEAVE_ALWAYS ? SIM_NEXT_OTHER : SIM_NEXT_TESTS;
}

/* The trailers by the table of the swap modes, which RAM load's server goes by as well. */
static enum sim_next_boot next_boot_by_trailers(const struct sim_server *server, unsigned image)
{
    struct sim_boot_config boot = *server->boot;

    if (boot.mode == RIG_SWAP_RAM_LOAD)
        boot.mode = RIG_SWAP_OVERWRITE;
    switch (sim_boot_swap_type(&boot, server->flash, image)) {
    case RIG_SWAP_TYPE_TEST:
        return SIM_NEXT_TESTS;
    case RIG_SWAP_TYPE_PERM:
        return SIM_NEXT_OTHER;
    case RIG_SWAP_TYPE_REVERT:
        return SIM_NEXT_REVERTS;
    case RIG_SWAP_TYPE_NONE:
    case RIG_SWAP_TYPE_FAIL:
    case RIG_SWAP_TYPE_PANIC:
        break;
    }
    return SIM_NEXT_SAME;
}

/* Whether slots start as direct-XIP with revert has it. That builds for RAM load with revert serve so is
 * taken from their bootloader, which is the same. */
bool sim_starts_by_leave(const struct sim_server *server)
{
    return server->boot->mode == RIG_SWAP_DIRECT_XIP_REVERT || server->boot->mode == RIG_SWAP_RAM_LOAD_REVERT;
}

enum sim_next_boot sim_next_boot(const struct sim_server *server, unsigned image)
{
    if (server->boot->mode == RIG_SWAP_DIRECT_XIP)
        return other_is_newer(server, image) ? SIM_NEXT_OTHER : SIM_NEXT_SAME;
    return sim_starts_by_leave(server) ? next_boot_by_leave(server, image)
                                       : next_boot_by_trailers(server, image);
}

static void set_flags(struct sim_slot *slot, bool active, enum sim_next_boot next)
{
    bool trial = next == SIM_NEXT_REVERTS;

    slot->active = active;
    slot->confirmed = active ? !trial : trial;
    slot->permanent = !active && next == SIM_NEXT_OTHER;
    slot->pending = slot->permanent || (!active && next == SIM_NEXT_TESTS);
}

/* In the order that the state command lists them. Returns how many. */
size_t sim_list_slots(const struct sim_server *server, struct sim_slot slots[2 * SIM_BOOT_MAX_IMAGES])
{
    size_t n_slots = 0;

    for (unsigned image = 0; image < server->boot->n_images; image++) {
        enum sim_next_boot next = sim_next_boot(server, image);

        for (unsigned slot = 0; slot < 2; slot++) {
            struct sim_area area = listed_area(server, image, slot, next);
            struct sim_slot *entry = &slots[n_slots];

            memset(entry, 0, sizeof *entry);
            entry->image = image;
            entry->slot = slot;
            if (area.n_bytes == 0 || !read_slot(server, &area, entry))
                continue;
            set_flags(entry, slot == sim_active_slot(server), next);
            n_slots++;
        }
    }
    return n_slots;
}
