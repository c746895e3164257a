/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Access to flash areas: bounds, sectors, copies in chunks; after a power cut nothing is touched any more. */
#include "sim/firmware/mcuboot/boot/loader.h"

#include "base/bytes.h"

#include <string.h>

#define COPY_CHUNK_BYTES 1024u

static bool within(const struct sim_area *area, uint32_t offset, size_t n_bytes)
{
    return offset <= area->n_bytes && n_bytes <= area->n_bytes - offset;
}

bool area_read(struct boot *boot, const struct sim_area *area, uint32_t offset, void *into, size_t n_bytes)
{
    memset(into, area_erased(boot->flash, area), n_bytes);
    if (boot->stopped || !within(area, offset, n_bytes)) {
        return false;
    }
    boot_flash_status(boot, sim_flash_read(boot->flash, area->device, area->offset + offset, into, n_bytes));
    return !boot->stopped;
}

void area_write(struct boot *boot, const struct sim_area *area, uint32_t offset, const void *bytes,
                size_t n_bytes)
{
    if (boot->stopped) {
        return;
    }
    if (!within(area, offset, n_bytes)) {
        boot_flash_status(boot, SIM_OUT_OF_RANGE);
        return;
    }
    boot_flash_status(boot,
                      sim_flash_write(boot->flash, area->device, area->offset + offset, bytes, n_bytes));
}

static void erase_sector_at(struct boot *boot, const struct sim_area *area, uint32_t start, uint32_t n_bytes)
{
    boot_flash_status(boot, sim_flash_erase(boot->flash, area->device, area->offset + start, n_bytes));
}

void area_erase(struct boot *boot, const struct sim_area *area, uint32_t offset, uint32_t n_bytes)
{
    if (!boot->stopped && !within(area, offset, n_bytes)) {
        boot_flash_status(boot, SIM_OUT_OF_RANGE);
    }
    uint32_t end = offset + n_bytes;
    while (!boot->stopped && offset < end) {
        uint32_t start, sector_bytes;
        if (!area_sector(boot->flash, area, offset, &start, &sector_bytes)) {
            boot_flash_status(boot, SIM_OUT_OF_RANGE);
            return;
        }
        erase_sector_at(boot, area, start, sector_bytes);
        offset = start + sector_bytes;
    }
}

void area_erase_backwards(struct boot *boot, const struct sim_area *area, uint32_t offset, uint32_t n_bytes)
{
    if (!boot->stopped && !within(area, offset, n_bytes)) {
        boot_flash_status(boot, SIM_OUT_OF_RANGE);
    }
    uint32_t end = offset + n_bytes;
    while (!boot->stopped && end > offset) {
        uint32_t start, sector_bytes;
        if (!area_sector(boot->flash, area, end - 1, &start, &sector_bytes)) {
            boot_flash_status(boot, SIM_OUT_OF_RANGE);
            return;
        }
        erase_sector_at(boot, area, start, sector_bytes);
        end = start;
    }
}

void area_copy(struct boot *boot, const struct sim_area *from, uint32_t from_offset,
               const struct sim_area *to, uint32_t to_offset, uint32_t n_bytes)
{
    uint8_t chunk[COPY_CHUNK_BYTES];
    for (uint32_t done = 0; done < n_bytes && !boot->stopped;) {
        uint32_t n_now = n_bytes - done < sizeof chunk ? n_bytes - done : (uint32_t)sizeof chunk;
        if (!area_read(boot, from, from_offset + done, chunk, n_now)) {
            boot_flash_status(boot, SIM_OUT_OF_RANGE);
            return;
        }
        area_write(boot, to, to_offset + done, chunk, n_now);
        done += n_now;
    }
}

uint32_t area_write_bytes(const struct sim_flash *flash, const struct sim_area *area)
{
    const struct sim_flash_device_config *device = sim_flash_device(flash, area->device);
    return device != NULL ? device->write_bytes : 1;
}

uint8_t area_erased(const struct sim_flash *flash, const struct sim_area *area)
{
    const struct sim_flash_device_config *device = sim_flash_device(flash, area->device);
    return device != NULL ? device->erased : 0xff;
}

bool area_sector(const struct sim_flash *flash, const struct sim_area *area, uint32_t offset, uint32_t *start,
                 uint32_t *n_bytes)
{
    if (offset >= area->n_bytes ||
        !sim_flash_sector_at(flash, area->device, area->offset + offset, start, n_bytes) ||
        *start < area->offset) {
        return false;
    }
    *start -= area->offset;
    return true;
}

uint32_t area_n_sectors(const struct sim_flash *flash, const struct sim_area *area)
{
    uint32_t n_sectors = 0;
    uint32_t start = 0;
    uint32_t n_bytes = 0;
    for (uint32_t offset = 0; area_sector(flash, area, offset, &start, &n_bytes); offset = start + n_bytes) {
        n_sectors++;
    }
    return n_sectors;
}

uint32_t area_first_sector_bytes(const struct sim_flash *flash, const struct sim_area *area)
{
    uint32_t start;
    uint32_t n_bytes;
    return area_sector(flash, area, 0, &start, &n_bytes) ? n_bytes : 0;
}

struct sim_area area_from(const struct sim_area *area, uint32_t offset)
{
    uint32_t skipped = offset < area->n_bytes ? offset : area->n_bytes;
    return (struct sim_area){area->device, area->offset + skipped, area->n_bytes - skipped};
}

static bool read_area(const void *user, uint32_t offset, void *into, size_t n_bytes)
{
    const struct sim_area_reader *reader = user;
    const struct sim_area *area = &reader->area;
    if (!within(area, offset, n_bytes)) {
        return false;
    }
    if (reader->powered_only) {
        return sim_flash_read(reader->flash, area->device, area->offset + offset, into, n_bytes) == SIM_OK;
    }
    return sim_flash_peek(reader->flash, area->device, area->offset + offset, into, n_bytes) == SIM_OK;
}

struct rig_image_source sim_area_source(const struct sim_area_reader *storage)
{
    return (struct rig_image_source){.read = read_area, .user = storage, .n_bytes = storage->area.n_bytes};
}
