/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Flash by NVMC: one blocking operation after the other; the settings pages in it. */
#include "sim/firmware/nordic/secure/loader.h"

#include "base/bytes.h"

#include <string.h>

#define SETTINGS_12_BYTES 0x15cu /* SDK 12 and 13: nothing behind the init packet */

static void note(struct secure *secure, enum sim_status status)
{
    if (status == SIM_POWER_LOST)
        secure->lost = true;
    else if (status != SIM_OK && secure->fault == NULL)
        secure->fault = "access beyond the flash";
}

bool secure_read(struct secure *secure, uint32_t at, void *into, size_t n_bytes)
{
    if (secure_stopped(secure))
        return false;
    if (n_bytes > 0)
        note(secure, sim_flash_read(secure->flash, SIM_FLASH_INTERNAL, at, into, n_bytes));
    return !secure_stopped(secure);
}

void secure_erase(struct secure *secure, uint32_t at, uint32_t n_pages)
{
    uint32_t page_bytes = secure->config->map.page_bytes;
    for (uint32_t i = 0; i < n_pages && !secure_stopped(secure); i++)
        note(secure, sim_flash_erase(secure->flash, SIM_FLASH_INTERNAL, at + i * page_bytes, page_bytes));
}

void secure_write(struct secure *secure, uint32_t at, const uint8_t *bytes, uint32_t n_bytes)
{
    uint32_t page_bytes = secure->config->map.page_bytes;
    n_bytes = rig_round_up(n_bytes, 4);
    while (n_bytes > 0 && !secure_stopped(secure)) {
        uint32_t n_now = page_bytes - at % page_bytes;
        n_now = n_now < n_bytes ? n_now : n_bytes;
        note(secure, sim_flash_write(secure->flash, SIM_FLASH_INTERNAL, at, bytes, n_now));
        at += n_now;
        bytes += n_now;
        n_bytes -= n_now;
    }
}

uint32_t secure_settings_bytes(const struct sim_secure_config *config)
{
    switch (config->sdk) {
    case SIM_SECURE_SDK_12:
        return SETTINGS_12_BYTES;
    case SIM_SECURE_SDK_14:
        return RIG_NORDIC_SETTINGS_1_BYTES;
    case SIM_SECURE_SDK_15:
        break;
    }
    return RIG_NORDIC_SETTINGS_BYTES;
}

void secure_encode(const struct sim_secure_config *config, const struct rig_nordic_settings *settings,
                   uint8_t into[RIG_NORDIC_SETTINGS_BYTES])
{
    if (config->sdk >= SIM_SECURE_SDK_15)
        rig_nordic_settings_encode(settings, into);
    else
        rig_nordic_settings_encode_1(settings, into);
}

void secure_load(struct secure *secure)
{
    const struct sim_secure_config *config = secure->config;
    struct rig_nordic_settings *settings = secure->settings;
    uint8_t main_page[RIG_NORDIC_SETTINGS_BYTES];
    uint8_t backup[RIG_NORDIC_SETTINGS_BYTES];
    if (!secure_read(secure, config->map.settings_at, main_page, sizeof main_page) ||
        (secure_has_backup(config) &&
         !secure_read(secure, config->map.parameter_page_at, backup, sizeof backup)))
        return;
    if (config->sdk < SIM_SECURE_SDK_15) {
        enum rig_nordic_page page = rig_nordic_page_check(main_page);
        if (page == RIG_NORDIC_PAGE_VALID || page == RIG_NORDIC_PAGE_BAD_VALIDATION) {
            rig_nordic_settings_decode_1(main_page, settings);
        } else {
            *settings = (struct rig_nordic_settings){.version = 1};
            secure->settings_are_new = true;
        }
        return;
    }
    rig_nordic_settings_choose(main_page, secure_has_backup(config) ? backup : NULL, settings);
    if (settings->version == 1)
        rig_nordic_settings_convert(settings);
}

bool secure_page_equals(struct secure *secure, uint32_t at, const uint8_t *bytes)
{
    uint8_t there[RIG_NORDIC_SETTINGS_BYTES];
    uint32_t n_bytes = secure_settings_bytes(secure->config);
    return secure_read(secure, at, there, n_bytes) && memcmp(there, bytes, n_bytes) == 0;
}

static void write_page(struct secure *secure, uint32_t at, const uint8_t *bytes)
{
    /* Older SDKs write whether they have to or not. */
    if (!secure_is_older(secure->config) && secure_page_equals(secure, at, bytes))
        return;
    secure_erase(secure, at, 1);
    secure_write(secure, at, bytes, secure_settings_bytes(secure->config));
}

void secure_save(struct secure *secure)
{
    uint8_t bytes[RIG_NORDIC_SETTINGS_BYTES];
    rig_nordic_settings_seal(secure->settings);
    secure_encode(secure->config, secure->settings, bytes);
    write_page(secure, secure->config->map.settings_at, bytes);
}

void secure_save_and_back_up(struct secure *secure)
{
    secure_save(secure);
    if (!secure_backs_up(secure->config))
        return;
    uint8_t bytes[RIG_NORDIC_SETTINGS_BYTES];
    secure_encode(secure->config, secure->settings, bytes);
    write_page(secure, secure->config->map.parameter_page_at, bytes);
}

void secure_back_up(struct secure *secure)
{
    uint8_t bytes[RIG_NORDIC_SETTINGS_BYTES];
    if (!secure_backs_up(secure->config) ||
        !secure_read(secure, secure->config->map.settings_at, bytes, sizeof bytes))
        return;
    write_page(secure, secure->config->map.parameter_page_at, bytes);
}
