/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Overwrite only: secondary is copied over primary; nothing is kept, nothing can be reverted. */
#include "sim/firmware/mcuboot/boot/loader.h"

/* Erases the sectors of the image; the number of bytes to copy, which bootutil rounds up past a whole write
 * unit as well. */
static uint32_t erase_for_image(struct boot *boot, uint32_t n_image)
{
    const struct sim_area *primary = boot_area(boot, BOOT_PRIMARY);
    uint32_t unit = record_bytes(boot);
    uint32_t start, sector_bytes;
    uint32_t offset = 0;
    while (area_sector(boot->flash, primary, offset, &start, &sector_bytes) && !boot->stopped) {
        area_erase(boot, primary, offset, sector_bytes);
        if (offset + sector_bytes >= n_image) {
            return n_image + unit - n_image % unit;
        }
        offset += sector_bytes;
    }
    return offset;
}

static uint32_t prepare_primary(struct boot *boot)
{
    const struct sim_area *primary = boot_area(boot, BOOT_PRIMARY);
    uint32_t n_image, trailer_sector, end;
    boot_say(boot, 'I', "Erasing the primary slot");
    if (!boot->config->overwrite_fast) {
        area_erase(boot, primary, 0, primary->n_bytes);
        return primary->n_bytes;
    }
    if (!image_size(boot, BOOT_SECONDARY, &n_image)) {
        boot_assert_failed(boot, "the size of the secondary image cannot be read");
        return 0;
    }
    uint32_t n_bytes = erase_for_image(boot, n_image);
    slots_first_trailer_sector(boot, primary, trailer_bytes(boot), &trailer_sector, &end);
    area_erase(boot, primary, trailer_sector, primary->n_bytes - trailer_sector);
    return n_bytes;
}

static void retire_secondary(struct boot *boot)
{
    const struct sim_area *secondary = boot_area(boot, BOOT_SECONDARY);
    uint32_t start, sector_bytes;
    area_erase(boot, secondary, 0, area_first_sector_bytes(boot->flash, secondary));
    if (!boot->stopped &&
        area_sector(boot->flash, secondary, secondary->n_bytes - 1, &start, &sector_bytes)) {
        area_erase(boot, secondary, start, sector_bytes);
    }
}

void overwrite_run(struct boot *boot)
{
    const struct sim_area *primary = boot_area(boot, BOOT_PRIMARY);
    boot_say(boot, 'I', "Image %u upgrade secondary slot -> primary slot", boot->current);
    uint32_t n_bytes = prepare_primary(boot);
    boot_say(boot, 'I', "Image %u copying the secondary slot to the primary slot: 0x%x bytes", boot->current,
             (unsigned)n_bytes);
    area_copy(boot, boot_area(boot, BOOT_SECONDARY), 0, primary, 0, n_bytes);
    if (boot->config->overwrite_fast) {
        trailer_write_magic(boot, primary);
    }
    if (!boot->stopped && boot->config->hw_rollback && !counter_update(boot)) {
        boot_assert_failed(boot, "security counter update failed");
    }
    retire_secondary(boot);
}
