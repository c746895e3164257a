/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Swap using offset: the update lies one sector further up in secondary, so that each sector has a free place
 * to go to. */
#include "sim/firmware/mcuboot/boot/loader.h"

#include "base/bytes.h"

/* Upstream looks at the step alone: a revert that was cut within its first step is announced anew, although
 * primary is half written. */
static bool has_begun(const struct boot *boot)
{
    return boot->progress.step != 0 || (boot->config->swap_fixes && boot->progress.state != 0);
}

/* Secondary gets a whole trailer with copy_done, which row 0 of the decision table reads as "revert". */
static void announce_revert(struct boot *boot)
{
    const struct sim_area *secondary = boot_area(boot, BOOT_SECONDARY);
    struct rig_trailer trailer;
    if (boot->progress.swap_type != RIG_SWAP_TYPE_REVERT || has_begun(boot) ||
        !trailer_read(boot, secondary, &trailer) || !boot_must_announce(boot, trailer.magic)) {
        return;
    }
    trailer_erase(boot, secondary);
    trailer_write_copy_done(boot, secondary);
    trailer_start_swap(boot, secondary);
}

static void start_trailers(struct boot *boot)
{
    const struct sim_area *primary = boot_area(boot, BOOT_PRIMARY);
    if (has_begun(boot)) {
        return;
    }
    if (boot->progress.source != SOURCE_PRIMARY) {
        trailer_erase(boot, primary);
        trailer_start_swap(boot, primary);
    }
    trailer_erase(boot, boot_area(boot, BOOT_SECONDARY));
}

/* What one step copies where. */
struct step {
    uint32_t sector;   /* of primary */
    uint32_t park;     /* sector of secondary that primary's sector goes to */
    uint32_t fetch;    /* sector of secondary that comes to primary */
    bool skip_primary; /* the image in primary does not reach this far */
    bool skip_secondary;
};

static void swap_sector(struct boot *boot, const struct step *step, uint32_t sector_bytes)
{
    const struct sim_area *primary = boot_area(boot, BOOT_PRIMARY);
    const struct sim_area *secondary = boot_area(boot, BOOT_SECONDARY);
    uint32_t at = step->sector * sector_bytes;
    if (boot->progress.state == 0) {
        if (!step->skip_primary) {
            area_erase(boot, secondary, step->park * sector_bytes, sector_bytes);
            area_copy(boot, primary, at, secondary, step->park * sector_bytes, sector_bytes);
        }
        trailer_write_record(boot);
        boot->progress.state = 1;
    }
    if (!step->skip_secondary) {
        area_erase(boot, primary, at, sector_bytes);
        area_copy(boot, secondary, step->fetch * sector_bytes, primary, at, sector_bytes);
    }
    trailer_write_record(boot);
    boot->progress.step++;
    boot->progress.state = 0;
}

/* Sums wrap as they do in bootutil's 32-bit arithmetic: a header may be anything here. */
static uint32_t n_used_sectors(const struct rig_image_header *header, uint32_t tlv_bytes,
                               uint32_t sector_bytes)
{
    uint32_t n_bytes =
        (uint32_t)header->header_bytes + tlv_bytes + header->protected_tlv_bytes + header->payload_bytes;
    return (n_bytes + sector_bytes - 1) / sector_bytes;
}

static bool read_used(struct boot *boot, uint32_t sector_bytes, uint32_t n_used[2])
{
    const struct sim_area *primary = boot_area(boot, BOOT_PRIMARY);
    struct rig_trailer_layout layout;
    uint8_t sizes[4];
    /* From flash, not from the headers: during a swap the TLV areas cannot be found any more. */
    if (!trailer_layout(boot, primary, &layout) ||
        !area_read(boot, primary, layout.tlv_sizes, sizes, sizeof sizes)) {
        return false;
    }
    const struct rig_image_header *headers = boot_image(boot)->header;
    n_used[BOOT_PRIMARY] = n_used_sectors(&headers[BOOT_PRIMARY], rig_get_le16(sizes), sector_bytes);
    n_used[BOOT_SECONDARY] = n_used_sectors(&headers[BOOT_SECONDARY], rig_get_le16(sizes + 2), sector_bytes);
    return true;
}

static struct step plan_step(uint32_t sector, bool reverts, const uint32_t n_used[2])
{
    return (struct step){.sector = sector,
                         .park = reverts ? sector + 1 : sector,
                         .fetch = reverts ? sector : sector + 1,
                         .skip_primary = sector > n_used[BOOT_PRIMARY],
                         .skip_secondary = sector > n_used[BOOT_SECONDARY]};
}

void swap_offset_run(struct boot *boot)
{
    struct boot_progress *progress = &boot->progress;
    uint32_t sector_bytes = area_first_sector_bytes(boot->flash, boot_area(boot, BOOT_PRIMARY));
    uint32_t n_sectors = slots_n_swapped(boot, progress->swap_size);
    uint32_t n_used[2];
    boot_say(boot, 'I', "Starting swap using offset algorithm.");
    if (boot->stopped || (progress_is_reset(boot) && !slots_have_room(boot, n_sectors))) {
        return;
    }
    announce_revert(boot);
    start_trailers(boot);
    if (!read_used(boot, sector_bytes, n_used)) {
        return;
    }
    bool reverts =
        progress->swap_type == RIG_SWAP_TYPE_REVERT || decide_swap_type(boot, false) == RIG_SWAP_TYPE_REVERT;
    while (progress->step < n_sectors && !boot->stopped) {
        uint32_t sector = reverts ? n_sectors - 1 - progress->step : progress->step;
        struct step step = plan_step(sector, reverts, n_used);
        swap_sector(boot, &step, sector_bytes);
    }
    if (reverts) {
        area_erase(boot, boot_area(boot, BOOT_SECONDARY), 0, sector_bytes);
        trailer_erase(boot, boot_area(boot, BOOT_SECONDARY));
    }
}
