/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Swap using scratch: regions as large as scratch change places through it, the highest first. */
#include "sim/firmware/mcuboot/boot/loader.h"

/* One region that changes places. */
struct region {
    uint32_t offset;
    uint32_t n_bytes;  /* whole sectors */
    uint32_t n_copied; /* less where the trailer begins inside it */
};

/* End of the last sector that a swap covers: a boundary of both slots. */
static uint32_t end_of_swap(struct boot *boot, uint32_t swap_size)
{
    const struct sim_area *areas[2] = {boot_area(boot, BOOT_PRIMARY), boot_area(boot, BOOT_SECONDARY)};
    uint32_t at[2] = {0, 0};
    do {
        for (int i = 0; i < 2; i++) {
            uint32_t start, n_bytes;
            if (at[i] >= swap_size && at[i] >= at[1 - i]) {
                continue;
            }
            if (!area_sector(boot->flash, areas[i], at[i], &start, &n_bytes)) {
                boot_assert_failed(boot, "swap size 0x%x runs off the sector table", (unsigned)swap_size);
                return 0;
            }
            at[i] += n_bytes;
        }
    } while (at[0] < swap_size || at[0] != at[1]);
    return at[0];
}

/* Start of the region that ends at end: as many sectors of primary as scratch can hold. */
static uint32_t region_start(struct boot *boot, uint32_t end)
{
    uint32_t start = end;
    uint32_t sector_start, sector_bytes;
    while (start > 0 &&
           area_sector(boot->flash, boot_area(boot, BOOT_PRIMARY), start - 1, &sector_start, &sector_bytes) &&
           end - sector_start <= boot->config->scratch.n_bytes) {
        start = sector_start;
    }
    return start;
}

uint32_t swap_scratch_n_steps(struct boot *boot, uint32_t swap_size)
{
    uint32_t n_steps = 0;
    for (uint32_t end = end_of_swap(boot, swap_size); end > 0 && !boot->stopped;) {
        uint32_t start = region_start(boot, end);
        if (start == end) {
            boot_assert_failed(boot, "a sector does not fit into scratch");
            return 0;
        }
        end = start;
        n_steps++;
    }
    return n_steps;
}

static void shorten_copy(struct boot *boot, struct region *region)
{
    const struct sim_area *primary = boot_area(boot, BOOT_PRIMARY);
    uint32_t trailer_sector, end;
    uint32_t n_trailer = trailer_bytes(boot);
    struct rig_trailer_layout scratch;
    region->n_copied = region->n_bytes;
    slots_first_trailer_sector(boot, primary, n_trailer, &trailer_sector, &end);
    if (region->offset + region->n_bytes <= trailer_sector ||
        !trailer_layout(boot, &boot->config->scratch, &scratch)) {
        return;
    }
    if (region->offset > primary->n_bytes - n_trailer) {
        boot_assert_failed(boot, "the image reaches into the trailer");
        return;
    }
    region->n_copied = primary->n_bytes - region->offset - n_trailer;
    if (region->n_copied > scratch.status) {
        region->n_copied = scratch.status;
    }
}

static void erase_scratch(struct boot *boot)
{
    area_erase(boot, &boot->config->scratch, 0, boot->config->scratch.n_bytes);
}

static void bring_trailer_to_primary(struct boot *boot)
{
    const struct sim_area *primary = boot_area(boot, BOOT_PRIMARY);
    trailer_erase(boot, primary);
    trailer_start_swap(boot, primary);
    erase_scratch(boot);
}

/* A trailer in scratch first, wanted or not: the swap type must lie somewhere while primary's trailer is
 * erased. */
static void start_trailers(struct boot *boot)
{
    trailer_start_swap(boot, &boot->config->scratch);
    if (!boot->progress.use_scratch) {
        bring_trailer_to_primary(boot);
    }
}

/* A cut left the swap's trailer in scratch and maybe nowhere else: upstream erases scratch and begins anew,
 * so that a second cut leaves no trailer at all. */
static bool trailer_is_in_scratch(struct boot *boot)
{
    return boot->config->swap_fixes && boot->progress.step == 0 && !boot->progress.use_scratch &&
           boot->progress.source == SOURCE_SCRATCH;
}

static void secondary_to_scratch(struct boot *boot, const struct region *region)
{
    if (trailer_is_in_scratch(boot)) {
        bring_trailer_to_primary(boot);
    } else {
        erase_scratch(boot);
        if (boot->progress.step == 0) {
            start_trailers(boot);
        }
    }
    area_copy(boot, boot_area(boot, BOOT_SECONDARY), region->offset, &boot->config->scratch, 0,
              region->n_copied);
    trailer_write_record(boot);
    boot->progress.state = 1;
}

/* The part of a region below the sectors of the trailer, which have been erased already. */
static uint32_t below_trailer(struct boot *boot, const struct sim_area *area, const struct region *region)
{
    uint32_t start, end;
    slots_first_trailer_sector(boot, area, trailer_bytes(boot), &start, &end);
    if (start < region->offset) {
        boot_assert_failed(boot, "the trailer begins below the region that is swapped");
        return 0;
    }
    return start - region->offset;
}

static void primary_to_secondary(struct boot *boot, const struct region *region)
{
    const struct sim_area *secondary = boot_area(boot, BOOT_SECONDARY);
    uint32_t n_erased = region->n_bytes;
    if (boot->progress.step == 0) {
        trailer_erase(boot, secondary);
        n_erased = boot->progress.use_scratch ? below_trailer(boot, secondary, region) : n_erased;
    }
    area_erase(boot, secondary, region->offset, n_erased);
    area_copy(boot, boot_area(boot, BOOT_PRIMARY), region->offset, secondary, region->offset,
              region->n_copied);
    trailer_write_record(boot);
    boot->progress.state = 2;
}

/* The trailer that was kept in scratch so far becomes primary's, magic last. */
static void bring_trailer_home(struct boot *boot, const struct region *region)
{
    const struct sim_area *primary = boot_area(boot, BOOT_PRIMARY);
    const struct sim_area *scratch = &boot->config->scratch;
    struct rig_trailer_layout layout;
    struct rig_trailer trailer;
    if (!trailer_layout(boot, scratch, &layout)) {
        return;
    }
    area_copy(boot, scratch, layout.status, primary, region->offset + region->n_copied,
              2 * record_bytes(boot));
    if (!trailer_read(boot, scratch, &trailer)) {
        return;
    }
    if (trailer.image_ok == RIG_FLAG_SET) {
        trailer_write_image_ok(boot, primary);
    }
    if (trailer.swap_type != RIG_SWAP_TYPE_NONE) {
        trailer_write_swap_info(boot, primary, trailer.swap_type, boot->current);
    }
    trailer_write_swap_size(boot, primary, boot->progress.swap_size);
    trailer_write_magic(boot, primary);
}

static void scratch_to_primary(struct boot *boot, const struct region *region)
{
    const struct sim_area *primary = boot_area(boot, BOOT_PRIMARY);
    bool through_scratch = boot->progress.use_scratch;
    uint32_t n_erased = region->n_bytes;
    if (through_scratch) {
        trailer_erase(boot, primary);
        n_erased = below_trailer(boot, primary, region);
    }
    area_erase(boot, primary, region->offset, n_erased);
    area_copy(boot, &boot->config->scratch, 0, primary, region->offset, region->n_copied);
    if (through_scratch) {
        bring_trailer_home(boot, region);
    }
    boot->progress.use_scratch = false;
    trailer_write_record(boot);
    boot->progress.step++;
    boot->progress.state = 0;
    if (through_scratch) {
        /* Backwards: the stale trailer must go before the data that it vouches for. */
        area_erase_backwards(boot, &boot->config->scratch, 0, boot->config->scratch.n_bytes);
    }
}

static void swap_region(struct boot *boot, struct region *region)
{
    shorten_copy(boot, region);
    boot->progress.use_scratch = boot->progress.step == 0 && region->n_copied != region->n_bytes;
    if (boot->progress.state == 0) {
        secondary_to_scratch(boot, region);
    }
    if (boot->progress.state == 1) {
        primary_to_secondary(boot, region);
    }
    if (boot->progress.state == 2) {
        scratch_to_primary(boot, region);
    }
}

void swap_scratch_run(struct boot *boot)
{
    boot_say(boot, 'I', "Starting swap using scratch algorithm.");
    uint32_t n_steps = swap_scratch_n_steps(boot, boot->progress.swap_size);
    uint32_t end = boot->stopped ? 0 : end_of_swap(boot, boot->progress.swap_size);
    for (uint32_t step = 0; step < n_steps && !boot->stopped; step++) {
        struct region region = {.offset = region_start(boot, end)};
        region.n_bytes = end - region.offset;
        if (step >= boot->progress.step) {
            swap_region(boot, &region);
        }
        end = region.offset;
    }
}
