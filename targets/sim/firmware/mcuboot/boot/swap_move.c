/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Swap using move: primary moves up by one sector, then the sectors change places one by one. */
#include "sim/firmware/mcuboot/boot/loader.h"

/* A revert has its status in primary, which is about to be erased: a permanent upgrade written into secondary
 * stands in for it, so that a cut in between leaves something to go on from. */
static void disguise_revert(struct boot *boot)
{
    const struct sim_area *secondary = boot_area(boot, BOOT_SECONDARY);
    struct rig_trailer trailer;
    bool starting = boot->progress.phase == PHASE_MOVE && boot->progress.step == 0;
    if (boot->progress.swap_type != RIG_SWAP_TYPE_REVERT || !starting ||
        !trailer_read(boot, secondary, &trailer) || !boot_must_announce(boot, trailer.magic)) {
        return;
    }
    trailer_erase(boot, secondary);
    trailer_write_image_ok(boot, secondary);
    trailer_write_swap_size(boot, secondary, boot->progress.swap_size);
    trailer_write_magic(boot, secondary);
}

static void start_trailers(struct boot *boot)
{
    const struct sim_area *primary = boot_area(boot, BOOT_PRIMARY);
    if (boot->progress.source != SOURCE_PRIMARY) {
        trailer_erase(boot, primary);
        trailer_start_swap(boot, primary);
    }
    trailer_erase(boot, boot_area(boot, BOOT_SECONDARY));
}

static void move_up(struct boot *boot, uint32_t sector, uint32_t sector_bytes)
{
    const struct sim_area *primary = boot_area(boot, BOOT_PRIMARY);
    if (boot->progress.step == 0) {
        start_trailers(boot);
    }
    area_erase(boot, primary, (sector + 1) * sector_bytes, sector_bytes);
    area_copy(boot, primary, sector * sector_bytes, primary, (sector + 1) * sector_bytes, sector_bytes);
    trailer_write_record(boot);
    boot->progress.step++;
}

static void swap_sector(struct boot *boot, uint32_t sector, uint32_t sector_bytes)
{
    const struct sim_area *primary = boot_area(boot, BOOT_PRIMARY);
    const struct sim_area *secondary = boot_area(boot, BOOT_SECONDARY);
    uint32_t at = sector * sector_bytes;
    if (boot->progress.state == 0) {
        area_erase(boot, primary, at, sector_bytes);
        area_copy(boot, secondary, at, primary, at, sector_bytes);
        trailer_write_record(boot);
        boot->progress.state = 1;
    }
    area_erase(boot, secondary, at, sector_bytes);
    area_copy(boot, primary, at + sector_bytes, secondary, at, sector_bytes);
    trailer_write_record(boot);
    boot->progress.step++;
    boot->progress.state = 0;
}

void swap_move_run(struct boot *boot)
{
    struct boot_progress *progress = &boot->progress;
    uint32_t sector_bytes = area_first_sector_bytes(boot->flash, boot_area(boot, BOOT_PRIMARY));
    uint32_t n_sectors = slots_n_swapped(boot, progress->swap_size);
    boot_say(boot, 'I', "Starting swap using move algorithm.");
    if (boot->stopped || (progress_is_reset(boot) && !slots_have_room(boot, n_sectors + 1))) {
        return;
    }
    disguise_revert(boot);
    if (progress->phase == PHASE_MOVE) {
        for (uint32_t left = n_sectors; left > 0 && !boot->stopped; left--) {
            /* The difference wraps when there are more records than sectors, and all is moved again:
             * bootutil's too. */
            if (left <= n_sectors - progress->step) {
                move_up(boot, left - 1, sector_bytes);
            }
        }
        progress->phase = PHASE_SWAP;
        progress->step = 0;
        progress->state = 0;
    }
    while (progress->step < n_sectors && !boot->stopped) {
        swap_sector(boot, progress->step, sector_bytes);
    }
}
