/* SPDX-License-Identifier: Apache-2.0 */
/* The port of MCUboot to the bench: its flash map, log and assertions over bootloader_abi.h, and where a boot
 * starts and ends. Copy it, and change what your product does otherwise. */
#include "bootloader_abi.h"

#include <bootutil/bootutil.h>
#include <bootutil/image.h>
#include <flash_map_backend/flash_map_backend.h>
#include <mcuboot_config/mcuboot_assert.h>
#include <mcuboot_config/mcuboot_config.h>
#include <mcuboot_config/mcuboot_logging.h>
#include <sysflash/sysflash.h>

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define MAX_AREAS (2 * MCUBOOT_IMAGE_NUMBER + 1)

static const struct bootloader_host *host;
static struct flash_area areas[MAX_AREAS];
static unsigned n_areas;

#ifdef PORT_RAM_LOAD_H
unsigned char port_ram[IMAGE_EXECUTABLE_RAM_SIZE];
#endif
#if defined(MCUBOOT_DATA_SHARING) || defined(MCUBOOT_MEASURED_BOOT)
unsigned char port_shared[MCUBOOT_SHARED_DATA_SIZE];
#endif

const struct bootloader_host *port_host(void)
{
    return host;
}

void port_log(char level, const char *format, ...)
{
    char line[256];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    host->log(host->user, level, line);
}

void port_assert_failed(const char *file, int line, const char *text)
{
    host->assert_failed(host->user, file, line, text);
    __builtin_trap(); /* it does not return */
}

/* --- the flash map --- */

static int id_of(const struct bootloader_area *area)
{
    switch (area->role) {
    case BOOTLOADER_ROLE_PRIMARY:
        return FLASH_AREA_IMAGE_PRIMARY((int)area->image);
    case BOOTLOADER_ROLE_SECONDARY:
        return FLASH_AREA_IMAGE_PRIMARY((int)area->image) + 1;
    case BOOTLOADER_ROLE_SCRATCH:
        return FLASH_AREA_IMAGE_SCRATCH;
    default:
        return -1;
    }
}

static void find_areas(void)
{
    for (uint32_t i = 0; i < host->n_areas && n_areas < MAX_AREAS; i++) {
        const struct bootloader_area *area = &host->areas[i];

        if (id_of(area) < 0)
            continue;
        areas[n_areas++] = (struct flash_area){.fa_id = (uint8_t)id_of(area),
                                               .fa_device_id = (uint8_t)area->device,
                                               .fa_off = area->offset,
                                               .fa_size = area->size_bytes};
    }
}

int flash_area_open(uint8_t id, const struct flash_area **area)
{
    for (unsigned i = 0; i < n_areas; i++)
        if (areas[i].fa_id == id)
            return *area = &areas[i], 0;
    return -ENOENT;
}

void flash_area_close(const struct flash_area *area)
{
    (void)area;
}

static bool is_inside(const struct flash_area *area, uint32_t offset, uint32_t n_bytes)
{
    return offset <= area->fa_size && n_bytes <= area->fa_size - offset;
}

int flash_area_read(const struct flash_area *area, uint32_t offset, void *into, uint32_t n_bytes)
{
    if (!is_inside(area, offset, n_bytes))
        return -EINVAL;
    return host->read(host->user, area->fa_device_id, area->fa_off + offset, into, n_bytes);
}

int flash_area_write(const struct flash_area *area, uint32_t offset, const void *bytes, uint32_t n_bytes)
{
    if (!is_inside(area, offset, n_bytes))
        return -EINVAL;
    return host->write(host->user, area->fa_device_id, area->fa_off + offset, bytes, n_bytes);
}

int flash_area_erase(const struct flash_area *area, uint32_t offset, uint32_t n_bytes)
{
    if (!is_inside(area, offset, n_bytes))
        return -EINVAL;
    return host->erase(host->user, area->fa_device_id, area->fa_off + offset, n_bytes);
}

uint32_t flash_area_align(const struct flash_area *area)
{
    return host->devices[area->fa_device_id].write_bytes;
}

uint8_t flash_area_erased_val(const struct flash_area *area)
{
    return (uint8_t)host->devices[area->fa_device_id].erased_value;
}

bool flash_area_erase_required(const struct flash_area *area)
{
    (void)area;
    return true;
}

static int sector_at(const struct flash_area *area, uint32_t offset, struct flash_sector *sector)
{
    if (host->sector(host->user, area->fa_device_id, area->fa_off + offset, &sector->fs_off,
                     &sector->fs_size) != BOOTLOADER_OK)
        return -EIO;
    sector->fs_off -= area->fa_off;
    return 0;
}

int flash_area_get_sector(const struct flash_area *area, uint32_t offset, struct flash_sector *sector)
{
    if (offset >= area->fa_size)
        return -ERANGE;
#if defined(MCUBOOT_LOGICAL_SECTOR_SIZE) && !defined(MCUBOOT_VERIFY_LOGICAL_SECTORS)
    *sector =
        (struct flash_sector){offset & ~(MCUBOOT_LOGICAL_SECTOR_SIZE - 1u), MCUBOOT_LOGICAL_SECTOR_SIZE};
    return 0;
#else
    return sector_at(area, offset, sector);
#endif
}

int flash_area_get_sectors(int id, uint32_t *n, struct flash_sector *sectors)
{
    const struct flash_area *area;
    uint32_t room = *n;

    if (flash_area_open((uint8_t)id, &area) != 0)
        return -EINVAL;
    *n = 0;
    for (uint32_t at = 0; at < area->fa_size; at += sectors[(*n)++].fs_size) {
        if (*n == room)
            return -ENOMEM;
        if (sector_at(area, at, &sectors[*n]) != 0)
            return -EIO;
    }
    return 0;
}

int flash_area_id_from_multi_image_slot(int image, int slot)
{
    if (slot == 0)
        return FLASH_AREA_IMAGE_PRIMARY(image);
    return slot == 1 ? FLASH_AREA_IMAGE_SECONDARY(image) : -EINVAL;
}

int flash_area_id_from_image_slot(int slot)
{
    return flash_area_id_from_multi_image_slot(0, slot);
}

int flash_area_id_to_multi_image_slot(int image, int id)
{
    if (id == FLASH_AREA_IMAGE_PRIMARY(image))
        return 0;
    return id == FLASH_AREA_IMAGE_SECONDARY(image) ? 1 : -1;
}

int flash_device_base(uint8_t device, uintptr_t *base)
{
    (void)device;
    *base = 0;
    return 0;
}

/* --- one boot --- */

static void boot(const struct bootloader_host *the_host, struct bootloader_decision *decision)
{
    struct boot_rsp answer = {0};
    FIH_DECLARE(result, FIH_FAILURE);

    host = the_host;
    find_areas();
    FIH_CALL(boot_go, result, &answer);
    if (FIH_NOT_EQ(result, FIH_SUCCESS)) {
        strcpy(decision->text, "boot_go() found no image to run");
        return;
    }
    decision->verdict = BOOTLOADER_RUN;
    decision->device = answer.br_flash_dev_id;
    decision->offset = answer.br_image_off;
}

#ifdef MCUBOOT_SWAP_USING_MOVE
#define PORT_SWAP BOOTLOADER_SWAP_MOVE
#elif defined(MCUBOOT_SWAP_USING_OFFSET)
#define PORT_SWAP BOOTLOADER_SWAP_OFFSET
#elif defined(MCUBOOT_OVERWRITE_ONLY)
#define PORT_SWAP BOOTLOADER_SWAP_OVERWRITE
#elif defined(MCUBOOT_DIRECT_XIP_REVERT)
#define PORT_SWAP BOOTLOADER_SWAP_DIRECT_XIP_REVERT
#elif defined(MCUBOOT_DIRECT_XIP)
#define PORT_SWAP BOOTLOADER_SWAP_DIRECT_XIP
#elif defined(MCUBOOT_RAM_LOAD_REVERT)
#define PORT_SWAP BOOTLOADER_SWAP_RAM_LOAD_REVERT
#elif defined(MCUBOOT_SINGLE_APPLICATION_SLOT) || defined(MCUBOOT_SINGLE_APPLICATION_SLOT_RAM_LOAD)
#define PORT_SWAP BOOTLOADER_SWAP_SINGLE
#elif defined(MCUBOOT_RAM_LOAD)
#define PORT_SWAP BOOTLOADER_SWAP_RAM_LOAD
#else
#define PORT_SWAP BOOTLOADER_SWAP_SCRATCH
#endif

#ifdef MCUBOOT_SIGN_EC256
#define PORT_SIGNATURES BOOTLOADER_SIGNATURE_ECDSA_P256
#elif defined(MCUBOOT_SIGN_ED25519)
#define PORT_SIGNATURES BOOTLOADER_SIGNATURE_ED25519
#elif defined(MCUBOOT_SIGN_RSA)
#define PORT_SIGNATURES                                                                                      \
    (MCUBOOT_SIGN_RSA_LEN == 3072 ? BOOTLOADER_SIGNATURE_RSA3072 : BOOTLOADER_SIGNATURE_RSA2048)
#else
#define PORT_SIGNATURES BOOTLOADER_SIGNATURE_NONE
#endif

#ifndef MCUBOOT_DOWNGRADE_PREVENTION
#define PORT_DOWNGRADE BOOTLOADER_DOWNGRADE_ALLOWED
#elif MCUBOOT_DOWNGRADE_PREVENTION_SECURITY_COUNTER
#define PORT_DOWNGRADE BOOTLOADER_DOWNGRADE_BY_COUNTER
#else
#define PORT_DOWNGRADE BOOTLOADER_DOWNGRADE_BY_VERSION
#endif

static const struct bootloader_build build = {
    .n_bytes = sizeof build,
    .swap = PORT_SWAP,
    .signatures = PORT_SIGNATURES,
    .max_align = BOOT_MAX_ALIGN,
    .max_sectors = MCUBOOT_MAX_IMG_SECTORS,
    .n_images = MCUBOOT_IMAGE_NUMBER,
    .downgrade = PORT_DOWNGRADE,
#ifdef MCUBOOT_HW_ROLLBACK_PROT
    .security_counter = BOOTLOADER_YES,
#else
    .security_counter = BOOTLOADER_NO,
#endif
#ifdef MCUBOOT_VALIDATE_PRIMARY_SLOT
    .validate_primary = BOOTLOADER_YES,
#else
    .validate_primary = BOOTLOADER_NO,
#endif
#ifdef MCUBOOT_OVERWRITE_ONLY_FAST
    .overwrite_fast = BOOTLOADER_YES,
#else
    .overwrite_fast = BOOTLOADER_NO,
#endif
#ifdef MCUBOOT_ENC_IMAGES
    .encryption = BOOTLOADER_YES,
#else
    .encryption = BOOTLOADER_NO,
#endif
};

BOOTLOADER_GUEST("MCUboot", boot, &build);
