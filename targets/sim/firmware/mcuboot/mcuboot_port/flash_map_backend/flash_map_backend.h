/* SPDX-License-Identifier: Apache-2.0 */
/* What MCUboot asks of a flash map; port.c has it out of the bench's areas. Errors are negative, as Zephyr's
 * are.
 */
#ifndef FLASH_MAP_BACKEND_H
#define FLASH_MAP_BACKEND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct flash_area {
    uint8_t fa_id;
    uint8_t fa_device_id;
    uint16_t pad16;
    uint32_t fa_off; /* on the device */
    uint32_t fa_size;
};

struct flash_sector {
    uint32_t fs_off; /* in the area */
    uint32_t fs_size;
};

static inline uint32_t flash_area_get_off(const struct flash_area *area)
{
    return area->fa_off;
}
static inline uint32_t flash_area_get_size(const struct flash_area *area)
{
    return area->fa_size;
}
static inline uint8_t flash_area_get_id(const struct flash_area *area)
{
    return area->fa_id;
}
static inline uint8_t flash_area_get_device_id(const struct flash_area *area)
{
    return area->fa_device_id;
}
static inline uint32_t flash_sector_get_off(const struct flash_sector *sector)
{
    return sector->fs_off;
}
static inline uint32_t flash_sector_get_size(const struct flash_sector *sector)
{
    return sector->fs_size;
}

/* -ENOENT: there is no such area. */
int flash_area_open(uint8_t id, const struct flash_area **area);
void flash_area_close(const struct flash_area *area);
/* -EINVAL: not within the area; nothing was done. */
int flash_area_read(const struct flash_area *area, uint32_t offset, void *into, uint32_t n_bytes);
int flash_area_write(const struct flash_area *area, uint32_t offset, const void *bytes, uint32_t n_bytes);
int flash_area_erase(const struct flash_area *area, uint32_t offset, uint32_t n_bytes);
uint32_t flash_area_align(const struct flash_area *area);
uint8_t flash_area_erased_val(const struct flash_area *area);
/* Asked in builds for both kinds of device (MCUBOOT_SUPPORT_DEV_WITH_ERASE and ..._WITHOUT_ERASE). */
bool flash_area_erase_required(const struct flash_area *area);
/* *n: room in, sectors out. -ENOMEM: there are more. */
int flash_area_get_sectors(int id, uint32_t *n, struct flash_sector *sectors);
/* -ERANGE: beyond the area. */
int flash_area_get_sector(const struct flash_area *area, uint32_t offset, struct flash_sector *sector);
/* -EINVAL: there is no such slot. */
int flash_area_id_from_multi_image_slot(int image, int slot);
int flash_area_id_from_image_slot(int slot);
/* -1: the area is no slot of this image. */
int flash_area_id_to_multi_image_slot(int image, int id);
int flash_device_base(uint8_t device, uintptr_t *base);

#endif
