/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a run of the model says and stops at, and its access to areas of the flash. */
#include "sim/firmware/mcuboot/boot/loader.h"

#include "base/bytes.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void boot_say(struct boot *boot, char level, const char *format, ...)
{
    char line[160];
    if (boot->log == NULL || boot->stopped) {
        return;
    }
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    boot->log(boot->user, level, line);
    if (!sim_flash_powered(boot->flash)) {
        boot_flash_status(boot, SIM_POWER_LOST);
    }
}

void boot_assert_failed(struct boot *boot, const char *format, ...)
{
    if (boot->stopped) {
        return;
    }
    char reason[sizeof boot->result->assertion];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(reason, sizeof reason, format, arguments);
    va_end(arguments);
    boot_say(boot, 'E', "sim: ASSERTION FAIL: %s", reason);
    if (boot->stopped) {
        return;
    }
    snprintf(boot->result->assertion, sizeof boot->result->assertion, "%s", reason);
    boot->result->outcome = SIM_BOOT_ASSERT;
    boot->stopped = true;
}

void boot_flash_status(struct boot *boot, enum sim_status status)
{
    if (status == SIM_OK || boot->stopped) {
        return;
    }
    boot->stopped = true;
    boot->flash_status = status;
    if (boot->result == NULL) {
        return;
    }
    if (status == SIM_POWER_LOST) {
        boot->result->outcome = SIM_BOOT_POWER_LOST;
        return;
    }
    boot->result->outcome = SIM_BOOT_FLASH_FAULT;
    snprintf(boot->result->assertion, sizeof boot->result->assertion, "flash: %s", sim_status_text(status));
}

void boot_chainload(struct boot *boot, enum boot_slot slot)
{
    const struct rig_image_header *header = &boot->images[0].header[slot];
    bool direct_xip =
        rig_swap_mode_chooses_slot(boot->config->mode) && !rig_swap_mode_loads_ram(boot->config->mode);
    boot->current = 0;
    uint32_t at =
        rig_swap_mode_loads_ram(boot->config->mode) ? header->load_address : boot_area(boot, slot)->offset;
    if (!boot->config->stays) {
        boot_say(boot, 'I', "Bootloader chainload address offset: 0x%x", (unsigned)at);
        boot_say(boot, 'I', "Image version: v%u.%u.%u", header->version.major, header->version.minor,
                 header->version.revision);
        if (direct_xip) {
            boot_say(boot, 'I', "Jumping to the image slot");
        } else {
            boot_say(boot, 'I', "Jumping to the first image slot");
        }
    }
    if (!boot->stopped) {
        boot->result->outcome = SIM_BOOT_RUNS;
    }
}

#define SHORTEST_PIECE 4u /* less says nothing */

bool sim_boot_prints(const char *piece)
{
    static const char *const stems[] = {
        "Bad image magic",
        "Booting MCUboot",
        "Boot source: ",
        "Bootloader chainload address offset",
        "boot_read_enc_key: No key, read all 0xFF",
        "Cannot upgrade: ",
        "boot_verify_logical_sectors: ",
        "Cleared image",
        "due to stuck revert",
        "Dependencies are not met",
        "Detected inconsistent status",
        "Failed reading image headers",
        "Failed reading sectors",
        "erased due to downgrade prevention",
        "Image has no security counter",
        "Image in the primary slot is not valid!",
        "Image in the secondary slot is not valid!",
        "Swap type: ",
        "Image security counter value",
        "lower than monotonic value",
        "Insufficient version in secondary slot",
        "Enter the serial recovery mode",
        "Failed to set copy_done flag",
        "has been built for offset",
        "image not found",
        "Image not bootable",
        "Image size bigger than designated area",
        "Jumping to the first image slot",
        "Jumping to the image slot",
        "No slot to load for image",
        "RAM loading to",
        "RAM load address",
        "slot: version=",
        "loaded from the ",
        "Not enough free space to run swap upgrade",
        "Secondary header magic detected in first sector, wrong upload address?",
        "Starting swap using",
        "Unable to find bootable image",
        "ASSERTION FAIL",
    };
    if (strlen(piece) < SHORTEST_PIECE) {
        return false;
    }
    for (size_t i = 0; i < sizeof stems / sizeof *stems; i++) {
        if (strstr(stems[i], piece) != NULL || strstr(piece, stems[i]) != NULL) {
            return true;
        }
    }
    return false;
}

const struct sim_area *boot_area(const struct boot *boot, enum boot_slot slot)
{
    return slot == BOOT_PRIMARY ? &boot->config->primary[boot->current]
                                : &boot->config->secondary[boot->current];
}

const char *sim_boot_defect_name(unsigned bit)
{
    static const char *const names[SIM_BOOT_N_DEFECTS] = {
        "accepts-unsigned", "accepts-any-key", "skips-hash",           "never-reverts",
        "forgets-progress", "no-copy-done",    "ignores-downgrade",    "ignores-dependency",
        "confirms-itself",  "keeps-rejected",  "erases-primary-first", "accepts-oversized",
        "leaves-plain",     "forgets-keys"};
    return bit < SIM_BOOT_N_DEFECTS ? names[bit] : NULL;
}

#define MAX_WRITE_BYTES 32u

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

/* As the part has them. */
static bool area_page(const struct boot *boot, const struct sim_area *area, uint32_t offset, uint32_t *start,
                      uint32_t *n_bytes)
{
    if (offset >= area->n_bytes ||
        !sim_flash_sector_at(boot->flash, area->device, area->offset + offset, start, n_bytes) ||
        *start < area->offset) {
        return false;
    }
    *start -= area->offset;
    return true;
}

static bool needs_erase(const struct boot *boot, const struct sim_area *area)
{
    const struct sim_flash_device_config *device = sim_flash_device(boot->flash, area->device);
    return device == NULL || !device->no_erase;
}

/* What one call erases: with logical sectors that are not verified, the port knows no others. */
static bool erase_unit(struct boot *boot, const struct sim_area *area, uint32_t offset, uint32_t *start,
                       uint32_t *n_bytes)
{
    bool known = !boot->stopped &&
                 (boot->config->verify_logical_sectors ? area_page(boot, area, offset, start, n_bytes)
                                                       : area_sector(boot, area, offset, start, n_bytes));
    if (!known) {
        boot_flash_status(boot, SIM_OUT_OF_RANGE);
    }
    return known;
}

static void erase_sector_at(struct boot *boot, const struct sim_area *area, uint32_t start, uint32_t n_bytes)
{
    boot_flash_status(boot, sim_flash_erase(boot->flash, area->device, area->offset + start, n_bytes));
}

static void check_range(struct boot *boot, const struct sim_area *area, uint32_t offset, uint32_t n_bytes)
{
    if (!within(area, offset, n_bytes)) {
        boot_flash_status(boot, SIM_OUT_OF_RANGE);
    }
}

static void erase_forwards(struct boot *boot, const struct sim_area *area, uint32_t offset, uint32_t end)
{
    uint32_t start, n_bytes;
    while (offset < end && erase_unit(boot, area, offset, &start, &n_bytes)) {
        erase_sector_at(boot, area, start, n_bytes);
        offset = start + n_bytes;
    }
}

static void erase_backwards(struct boot *boot, const struct sim_area *area, uint32_t offset, uint32_t end)
{
    uint32_t start, n_bytes;
    while (end > offset && erase_unit(boot, area, end - 1, &start, &n_bytes)) {
        erase_sector_at(boot, area, start, n_bytes);
        end = start;
    }
}

void area_erase(struct boot *boot, const struct sim_area *area, uint32_t offset, uint32_t n_bytes)
{
    check_range(boot, area, offset, n_bytes);
    if (needs_erase(boot, area)) {
        erase_forwards(boot, area, offset, offset + n_bytes);
    }
}

static void write_erased(struct boot *boot, const struct sim_area *area, uint32_t offset)
{
    const struct sim_flash_device_config *device = sim_flash_device(boot->flash, area->device);
    uint8_t bytes[MAX_WRITE_BYTES];
    memset(bytes, device->erased, sizeof bytes);
    area_write(boot, area, offset, bytes, device->write_bytes);
}

void area_scramble(struct boot *boot, const struct sim_area *area, uint32_t offset, uint32_t n_bytes)
{
    if (needs_erase(boot, area)) {
        area_erase(boot, area, offset, n_bytes);
        return;
    }
    check_range(boot, area, offset, n_bytes);
    uint32_t unit = sim_flash_device(boot->flash, area->device)->write_bytes;
    uint32_t end = (offset + n_bytes) / unit * unit;
    for (; offset < end && !boot->stopped; offset += unit) {
        write_erased(boot, area, offset);
    }
}

/* bootutil stops at the lowest unit without writing it, which is the first status record of a trailer. */
void area_scramble_backwards(struct boot *boot, const struct sim_area *area, uint32_t offset,
                             uint32_t n_bytes)
{
    check_range(boot, area, offset, n_bytes);
    if (n_bytes == 0) {
        return;
    }
    if (needs_erase(boot, area)) {
        erase_backwards(boot, area, offset, offset + n_bytes);
        return;
    }
    uint32_t unit = sim_flash_device(boot->flash, area->device)->write_bytes;
    uint32_t lowest = rig_round_down(offset, unit);
    for (uint32_t end = offset + n_bytes; end > lowest + unit && !boot->stopped; end -= unit) {
        write_erased(boot, area, end - unit);
    }
    if (boot->config->swap_fixes) {
        write_erased(boot, area, lowest);
    }
}

uint8_t area_erased(const struct sim_flash *flash, const struct sim_area *area)
{
    const struct sim_flash_device_config *device = sim_flash_device(flash, area->device);
    return device != NULL ? device->erased : 0xff;
}

bool area_sector(const struct boot *boot, const struct sim_area *area, uint32_t offset, uint32_t *start,
                 uint32_t *n_bytes)
{
    uint32_t logical = boot->config->logical_sector;
    if (logical == 0) {
        return area_page(boot, area, offset, start, n_bytes);
    }
    *start = offset - offset % logical;
    *n_bytes = logical;
    return *start < area->n_bytes && logical <= area->n_bytes - *start;
}

uint32_t area_first_sector_bytes(const struct boot *boot, const struct sim_area *area)
{
    uint32_t start;
    uint32_t n_bytes;
    return area_sector(boot, area, 0, &start, &n_bytes) ? n_bytes : 0;
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
    enum sim_status status =
        reader->powered_only
            ? sim_flash_read(reader->flash, area->device, area->offset + offset, into, n_bytes)
            : sim_flash_peek(reader->flash, area->device, area->offset + offset, into, n_bytes);
    if (status != SIM_OK && reader->failure != NULL) {
        *reader->failure = status;
    }
    return status == SIM_OK;
}

struct rig_image_source sim_area_source(const struct sim_area_reader *storage)
{
    return (struct rig_image_source){.read = read_area, .user = storage, .n_bytes = storage->area.n_bytes};
}

static struct sim_area image_area(const struct boot *boot, enum boot_slot slot)
{
    bool shifted = boot->config->mode == RIG_SWAP_OFFSET && slot == BOOT_SECONDARY;
    return area_from(boot_area(boot, slot), shifted ? boot->images[boot->current].secondary_offset : 0);
}

struct sim_area_reader slot_reader(const struct boot *boot, enum boot_slot slot)
{
    return (struct sim_area_reader){
        .flash = boot->flash, .area = image_area(boot, slot), .powered_only = true};
}
