/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whether the sectors of the slots fit each other, and how much of them a swap takes. Section 6 of the sheet.
 */
#include "sim/firmware/mcuboot/boot/loader.h"

#include "base/bytes.h"

#include <stdio.h>
#include <string.h>

static uint32_t area_n_sectors(const struct boot *boot, const struct sim_area *area)
{
    uint32_t n_sectors = 0;
    uint32_t start = 0;
    uint32_t n_bytes = 0;
    for (uint32_t offset = 0; area_sector(boot, area, offset, &start, &n_bytes); offset = start + n_bytes) {
        n_sectors++;
    }
    return n_sectors;
}

/* Logical sectors are in no table. */
static bool fits_the_table(struct boot *boot, const struct sim_area *area)
{
    return boot->config->logical_sector != 0 || area_n_sectors(boot, area) <= boot->config->max_sectors;
}

/* What boot_verify_logical_sectors() looks at. */
static bool matches_pages(struct boot *boot, const struct sim_area *area)
{
    const struct sim_flash_device_config *device = sim_flash_device(boot->flash, area->device);
    uint32_t logical = boot->config->logical_sector;
    bool matches = true;
    if (device->no_erase) {
        return logical % device->write_bytes == 0 && area->offset % device->write_bytes == 0;
    }
    for (uint32_t at = 0; at < area->n_bytes; at += logical) {
        uint32_t start, n_bytes;
        if (!sim_flash_sector_at(boot->flash, area->device, area->offset + at, &start, &n_bytes)) {
            return false;
        }
        if (start != area->offset + at) {
            boot_say(boot, 'E', "boot_verify_logical_sectors: misaligned offset (0x%x)",
                     (unsigned)(start - area->offset));
            matches = false;
        }
    }
    return matches;
}

static bool logical_sectors_are_sound(struct boot *boot, const struct sim_area *area)
{
    if (boot->config->logical_sector == 0 || area->n_bytes == 0) {
        return true;
    }
    if (area->n_bytes % boot->config->logical_sector != 0) {
        boot_assert_failed(boot, "area_size %% MCUBOOT_LOGICAL_SECTOR_SIZE == 0");
        return false;
    }
    return !boot->config->verify_logical_sectors || matches_pages(boot, area);
}

/* BOOT_EFLASH and BOOT_EFLASH_SEC: only the first keeps the headers from being read. */
bool slots_read_sectors(struct boot *boot)
{
    bool primary = fits_the_table(boot, boot_area(boot, BOOT_PRIMARY));
    bool secondary = fits_the_table(boot, boot_area(boot, BOOT_SECONDARY));
    bool with_scratch = boot->config->mode == RIG_SWAP_SCRATCH;
    bool scratch = !with_scratch || fits_the_table(boot, &boot->config->scratch);
    bool sound = logical_sectors_are_sound(boot, boot_area(boot, BOOT_PRIMARY));
    sound = logical_sectors_are_sound(boot, boot_area(boot, BOOT_SECONDARY)) && sound;
    sound = (!with_scratch || logical_sectors_are_sound(boot, &boot->config->scratch)) && sound;
    boot_image(boot)->secondary_unread = primary && !secondary;
    if (primary && secondary && scratch && sound) {
        return true;
    }
    boot_say(boot, 'W', "Failed reading sectors; BOOT_MAX_IMG_SECTORS=%u - too small?",
             (unsigned)boot->config->max_sectors);
    return boot_image(boot)->secondary_unread && sound;
}

static bool same_sectors(struct boot *boot, uint32_t n_sectors)
{
    uint32_t at[2] = {0, 0};
    for (uint32_t i = 0; i < n_sectors; i++) {
        uint32_t start, n_primary, n_secondary;
        if (!area_sector(boot, boot_area(boot, BOOT_PRIMARY), at[0], &start, &n_primary) ||
            !area_sector(boot, boot_area(boot, BOOT_SECONDARY), at[1], &start, &n_secondary) ||
            n_primary != n_secondary) {
            boot_say(boot, 'W', "Cannot upgrade: not same sector layout");
            return false;
        }
        at[0] += n_primary;
        at[1] += n_secondary;
    }
    return true;
}

/* A table that is too small has shown before, but for logical sectors, which need none. */
static bool sectors_are_allowed(struct boot *boot, uint32_t n_sectors)
{
    if (n_sectors <= boot->config->max_sectors || boot->config->logical_sector == 0) {
        return true;
    }
    boot_say(boot, 'W', "Cannot upgrade: more sectors than allowed");
    return false;
}

/* Move wants the spare sector in primary, offset in secondary; equal slots are accepted by both. */
static bool uniform_slots_compatible(struct boot *boot)
{
    bool spare_in_primary = boot->config->mode == RIG_SWAP_MOVE;
    uint32_t n_primary = area_n_sectors(boot, boot_area(boot, BOOT_PRIMARY));
    uint32_t n_secondary =
        boot_image(boot)->secondary_unread ? 0 : area_n_sectors(boot, boot_area(boot, BOOT_SECONDARY));
    uint32_t n_larger = spare_in_primary ? n_primary : n_secondary;
    uint32_t n_smaller = spare_in_primary ? n_secondary : n_primary;
    if (n_larger != n_smaller && n_larger != n_smaller + 1) {
        boot_say(boot, 'W', "Cannot upgrade: not a compatible amount of sectors");
        return false;
    }
    if (!sectors_are_allowed(boot, n_primary)) {
        return false;
    }
    return n_secondary > 0 && same_sectors(boot, spare_in_primary ? n_secondary : n_secondary - 1);
}

/* Sectors of both slots laid side by side: who takes the next one until they meet at a common boundary. */
struct tiling {
    uint32_t at[2];   /* consumed of each slot */
    uint32_t run[2];  /* since the last common boundary */
    uint32_t n_bytes; /* up to it */
    int smaller;      /* the slot that had several sectors in this run; -1 = none yet */
};

static bool take_sector(struct boot *boot, struct tiling *tiling, enum boot_slot slot)
{
    uint32_t start, n_bytes;
    if (!area_sector(boot, boot_area(boot, slot), tiling->at[slot], &start, &n_bytes)) {
        return false;
    }
    tiling->at[slot] += n_bytes;
    tiling->run[slot] += n_bytes;
    return true;
}

static bool has_sector(struct boot *boot, const struct tiling *tiling, enum boot_slot slot)
{
    return tiling->at[slot] < boot_area(boot, slot)->n_bytes;
}

/* false: one slot has come to its end. *fits: their sizes are multiples of each other. */
static bool take_next(struct boot *boot, struct tiling *tiling, bool *fits)
{
    if (tiling->run[0] == tiling->run[1]) {
        return has_sector(boot, tiling, BOOT_PRIMARY) && has_sector(boot, tiling, BOOT_SECONDARY) &&
               take_sector(boot, tiling, BOOT_PRIMARY) && take_sector(boot, tiling, BOOT_SECONDARY);
    }
    int behind = tiling->run[0] < tiling->run[1] ? 0 : 1;
    if (tiling->smaller == 1 - behind) {
        boot_say(boot, 'W', "Cannot upgrade: slots have non-compatible sectors");
        *fits = false;
        return false;
    }
    tiling->smaller = behind;
    return take_sector(boot, tiling, (enum boot_slot)behind);
}

static bool close_run(struct boot *boot, struct tiling *tiling)
{
    if (boot->config->mode == RIG_SWAP_OVERWRITE || tiling->run[0] != tiling->run[1]) {
        return true;
    }
    if (tiling->run[0] > boot->config->scratch.n_bytes) {
        boot_say(boot, 'W', "Cannot upgrade: not all sectors fit inside scratch");
        return false;
    }
    tiling->n_bytes += tiling->run[0];
    tiling->run[0] = tiling->run[1] = 0;
    tiling->smaller = -1;
    return true;
}

/* As far as both slots go. false: the sectors do not fit each other, or scratch. */
static bool tile(struct boot *boot, struct tiling *tiling)
{
    bool fits = true;
    *tiling = (struct tiling){.smaller = -1};
    while (fits && take_next(boot, tiling, &fits)) {
        fits = close_run(boot, tiling);
    }
    boot_image(boot)->tiled_bytes = fits ? tiling->n_bytes : 0;
    return fits;
}

static bool tiled_slots_compatible(struct boot *boot)
{
    struct tiling tiling;
    if (!sectors_are_allowed(boot, area_n_sectors(boot, boot_area(boot, BOOT_PRIMARY))) ||
        !sectors_are_allowed(boot, area_n_sectors(boot, boot_area(boot, BOOT_SECONDARY))) ||
        !tile(boot, &tiling)) {
        return false;
    }
    if (!has_sector(boot, &tiling, BOOT_PRIMARY) && !has_sector(boot, &tiling, BOOT_SECONDARY) &&
        tiling.at[0] == tiling.at[1] && !boot_image(boot)->secondary_unread) {
        return true;
    }
    boot_say(boot, 'W', "Cannot upgrade: slots are not compatible");
    return false;
}

bool slots_are_compatible(struct boot *boot)
{
    if (boot->config->mode == RIG_SWAP_MOVE || boot->config->mode == RIG_SWAP_OFFSET) {
        return uniform_slots_compatible(boot);
    }
    return tiled_slots_compatible(boot);
}

void slots_first_trailer_sector(struct boot *boot, const struct sim_area *area, uint32_t trailer,
                                uint32_t *start, uint32_t *end)
{
    uint32_t sector_bytes = 0;
    *start = 0;
    *end = area->n_bytes;
    if (trailer <= area->n_bytes && area_sector(boot, area, area->n_bytes - trailer, start, &sector_bytes)) {
        *end = *start + sector_bytes;
    }
}

static uint32_t less(uint32_t whole, uint32_t part)
{
    return whole > part ? whole - part : 0;
}

static uint32_t max_with_spare_sector(struct boot *boot)
{
    uint32_t sector_bytes = area_first_sector_bytes(boot, boot_area(boot, BOOT_PRIMARY));
    if (sector_bytes == 0) {
        return 0;
    }
    uint32_t n_trailer = rig_round_up(trailer_bytes(boot), sector_bytes);
    uint32_t primary = area_n_sectors(boot, boot_area(boot, BOOT_PRIMARY)) * sector_bytes;
    uint32_t secondary = area_n_sectors(boot, boot_area(boot, BOOT_SECONDARY)) * sector_bytes;
    bool spare_in_primary = boot->config->mode == RIG_SWAP_MOVE;
    primary = less(primary, n_trailer + (spare_in_primary ? sector_bytes : 0));
    /* Upstream's number for the other slot is then below zero, which is more than any. */
    if (boot_image(boot)->secondary_unread) {
        return primary;
    }
    secondary = less(secondary, n_trailer + (spare_in_primary ? 0 : sector_bytes));
    return primary < secondary ? primary : secondary;
}

/* The step that swaps the sector with the trailer's start keeps a small trailer in scratch: that has to fit
 * beside the data. */
static uint32_t max_with_scratch(struct boot *boot)
{
    struct tiling tiling;
    if (boot_image(boot)->secondary_unread) {
        boot_assert_failed(boot, "the sectors of the secondary slot were not read");
    }
    /* Nothing is small enough then, the image that runs neither. */
    if (boot->stopped || (boot_image(boot)->tiled_bytes == 0 && !tile(boot, &tiling))) {
        return 0;
    }
    uint32_t n_trailer = trailer_bytes(boot);
    uint32_t start, end_primary, end_secondary;
    slots_first_trailer_sector(boot, boot_area(boot, BOOT_PRIMARY), n_trailer, &start, &end_primary);
    slots_first_trailer_sector(boot, boot_area(boot, BOOT_SECONDARY), n_trailer, &start, &end_secondary);
    uint32_t trailer_at = less(boot_image(boot)->tiled_bytes, n_trailer);
    uint32_t in_first = less(end_primary > end_secondary ? end_primary : end_secondary, trailer_at);
    return less(trailer_at, less(scratch_trailer_bytes(boot), in_first));
}

uint32_t slots_max_image_bytes(struct boot *boot, const struct sim_area *area)
{
    struct rig_trailer_layout layout;
    switch (boot->config->mode) {
    case RIG_SWAP_MOVE:
    case RIG_SWAP_OFFSET:
        return max_with_spare_sector(boot);
    case RIG_SWAP_SCRATCH:
        return max_with_scratch(boot);
    case RIG_SWAP_OVERWRITE:
    case RIG_SWAP_DIRECT_XIP:
    case RIG_SWAP_DIRECT_XIP_REVERT:
    case RIG_SWAP_RAM_LOAD:
    case RIG_SWAP_RAM_LOAD_REVERT:
        break;
    case RIG_SWAP_SINGLE:
        return trailer_layout(boot, area, &layout) ? layout.status : 0;
    }
    return trailer_layout(boot, area, &layout) ? layout.swap_info : 0;
}

uint32_t sim_boot_max_image_bytes(const struct sim_boot_config *config, const struct sim_flash *flash,
                                  unsigned image)
{
    if (image >= config->n_images || image >= SIM_BOOT_MAX_IMAGES) {
        return 0;
    }
    /* Only the geometry is looked at: the flash is not written through this copy. */
    struct boot boot = {.config = config, .flash = (struct sim_flash *)flash, .current = image};
    uint32_t primary = slots_max_image_bytes(&boot, &config->primary[image]);
    if (config->mode == RIG_SWAP_SINGLE) {
        return primary;
    }
    uint32_t secondary = slots_max_image_bytes(&boot, &config->secondary[image]);
    return primary < secondary ? primary : secondary;
}

struct fault_text {
    char *text;
    size_t n_text;
};

/* The first line is the cause. */
static void keep_fault(void *user, char level, const char *line)
{
    struct fault_text *fault = user;
    (void)level;
    if (fault->text[0] == '\0') {
        snprintf(fault->text, fault->n_text, "%s", line);
    }
}

bool sim_boot_layout_fault(const struct sim_boot_config *config, const struct sim_flash *flash, char *text,
                           size_t n_text)
{
    struct sim_boot_config any_number = *config;
    struct fault_text fault = {text, n_text};
    text[0] = '\0';
    if (!rig_swap_mode_moves_images(config->mode)) {
        return false;
    }
    any_number.max_sectors = UINT32_MAX;
    for (unsigned image = 0; image < config->n_images && image < SIM_BOOT_MAX_IMAGES; image++) {
        /* Only the geometry is looked at: the flash is not written through this copy. */
        struct boot boot = {.config = &any_number,
                            .flash = (struct sim_flash *)flash,
                            .log = keep_fault,
                            .user = &fault,
                            .stopped = false,
                            .current = image};
        if (!slots_are_compatible(&boot)) {
            return true;
        }
    }
    return false;
}
