/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The built-in model as a foreign bootloader, for the tests: its flash is the host's. MODEL_SWAP: its mode.
 */
#include "sim/firmware/mcuboot/boot/boot.h"
#include "sim/firmware/mcuboot/bootloader_abi.h"

#include "image/key.h"

#include <string.h>

struct sim_flash {
    const struct bootloader_host *host;
    struct sim_flash_device_config devices[SIM_FLASH_MAX_DEVICES];
};
static struct sim_flash flash;

static enum sim_status status_of(int32_t answer)
{
    return answer == BOOTLOADER_OK ? SIM_OK : SIM_POWER_LOST;
}

enum sim_status sim_flash_read(const struct sim_flash *from, unsigned device, uint32_t offset, void *into,
                               size_t n_bytes)
{
    return status_of(from->host->read(from->host->user, device, offset, into, (uint32_t)n_bytes));
}

enum sim_status sim_flash_peek(const struct sim_flash *from, unsigned device, uint32_t offset, void *into,
                               size_t n_bytes)
{
    return sim_flash_read(from, device, offset, into, n_bytes);
}

enum sim_status sim_flash_write(struct sim_flash *to, unsigned device, uint32_t offset, const void *bytes,
                                size_t n_bytes)
{
    return status_of(to->host->write(to->host->user, device, offset, bytes, (uint32_t)n_bytes));
}

enum sim_status sim_flash_erase(struct sim_flash *to, unsigned device, uint32_t offset, size_t n_bytes)
{
    return status_of(to->host->erase(to->host->user, device, offset, (uint32_t)n_bytes));
}

bool sim_flash_sector_at(const struct sim_flash *of, unsigned device, uint32_t offset, uint32_t *start,
                         uint32_t *n_bytes)
{
    return of->host->sector(of->host->user, device, offset, start, n_bytes) == BOOTLOADER_OK;
}

const struct sim_flash_device_config *sim_flash_device(const struct sim_flash *of, unsigned device)
{
    return &of->devices[device];
}

bool sim_flash_powered(const struct sim_flash *of)
{
    (void)of;
    return true; /* a host function does not return when power is lost */
}

bool sim_flash_range_hash(const struct sim_flash *of, unsigned device, uint32_t offset, size_t n_bytes,
                          uint64_t hash[2])
{
    (void)of, (void)device, (void)offset, (void)n_bytes, (void)hash;
    return false;
}

const char *sim_status_text(enum sim_status status)
{
    return status == SIM_OK ? "ok" : "refused";
}

static void fill_areas(struct sim_boot_config *config)
{
    for (uint32_t i = 0; i < flash.host->n_areas; i++) {
        const struct bootloader_area *area = &flash.host->areas[i];
        struct sim_area place = {.device = area->device, .offset = area->offset, .n_bytes = area->size_bytes};

        if (area->role == BOOTLOADER_ROLE_PRIMARY && area->image == 0)
            config->primary[0] = place;
        if (area->role == BOOTLOADER_ROLE_SECONDARY && area->image == 0)
            config->secondary[0] = place;
        if (area->role == BOOTLOADER_ROLE_SCRATCH)
            config->scratch = place;
    }
}

static void say(void *user, char level, const char *line)
{
    const struct bootloader_host *host = user;

    host->log(host->user, level, line);
}

static void boot(const struct bootloader_host *host, struct bootloader_decision *decision)
{
    struct sim_boot_config config = {.mode = MODEL_SWAP,
                                     .n_images = 1,
                                     .max_align = 8,
                                     .max_sectors = 128,
                                     .validate_primary = true,
                                     .need_signature = true,
                                     .n_keys = 1};
    struct rig_key *key = rig_key_test(RIG_KEY_ECDSA_P256, 0, NULL);
    const struct rig_key *const keys[] = {key};
    struct sim_boot_result result;

    flash.host = host;
    for (uint32_t i = 0; i < host->n_devices && i < SIM_FLASH_MAX_DEVICES; i++) {
        flash.devices[i].write_bytes = host->devices[i].write_bytes;
        flash.devices[i].erased = (uint8_t)host->devices[i].erased_value;
    }
    config.keys = keys;
    fill_areas(&config);
    sim_boot_run(&config, &flash, NULL, say, (void *)(uintptr_t)host, &result);
    rig_key_free(key);
    if (result.outcome == SIM_BOOT_ASSERT)
        host->assert_failed(host->user, NULL, 0, result.assertion);
    if (result.outcome != SIM_BOOT_RUNS)
        return;
    decision->verdict = BOOTLOADER_RUN;
    decision->device = config.primary[0].device;
    decision->offset = config.primary[0].offset;
}

static const struct bootloader_build build = {
    .n_bytes = sizeof build,
    .swap = MODEL_SAYS,
    .signatures = BOOTLOADER_SIGNATURE_ECDSA_P256,
    .max_align = 8,
    .max_sectors = 128,
    .n_images = 1,
    .downgrade = BOOTLOADER_DOWNGRADE_ALLOWED,
    .security_counter = BOOTLOADER_NO,
    .validate_primary = BOOTLOADER_YES,
    .overwrite_fast = BOOTLOADER_NO,
    .encryption = BOOTLOADER_NO,
};

BOOTLOADER_GUEST("the model", boot, &build);
