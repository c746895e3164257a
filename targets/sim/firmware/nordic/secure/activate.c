/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Makes a received update active: copies of application and SoftDevice with progress in the settings, the
 * bootloader by the MBR. Everything is blocking; every error is forgotten, as in the SDK. */
#include "sim/firmware/nordic/secure/loader.h"

#include "base/bytes.h"

#define PAGES_PER_STEP 8u /* NRF_BL_FW_COPY_PROGRESS_STORE_STEP */
#define OLD_SOFTDEVICE_SHIFT                                                                                 \
    0x4000u /* of the SDK's workaround for updates from SDK 12 to 14.1 on nRF52832                           \
             */

/* --- copies --- */

static void save_progress(struct secure *secure)
{
    if (!secure_has_defect(secure->config, SIM_SECURE_FORGETS_COPY))
        secure_save_and_back_up(secure);
}

/* to is below from. */
static void copy_image(struct secure *secure, uint32_t to, uint32_t from, uint32_t n_bytes)
{
    uint32_t page_bytes = secure->config->map.page_bytes;
    uint32_t step = (from - to) / page_bytes;
    step = step < PAGES_PER_STEP ? step : PAGES_PER_STEP;
    if (from == to || n_bytes == 0)
        return;
    if (step == 0) {
        secure->fault = "a copy within a page comes to no end";
        return;
    }
    while (n_bytes > 0 && !secure_stopped(secure)) {
        uint32_t n_pages = secure_pages_of(secure, n_bytes);
        uint32_t n_now = n_pages <= step ? n_bytes : step * page_bytes;
        secure_erase(secure, to, n_pages <= step ? n_pages : step);
        secure_copy(secure, to, from, n_now);
        to += n_now;
        from += n_now;
        n_bytes -= n_now;
        secure->settings->write_offset += n_now;
        save_progress(secure);
    }
}

static bool activate_application(struct secure *secure)
{
    struct rig_nordic_settings *settings = secure->settings;
    uint32_t n_bytes = settings->banks[1].image_bytes;
    uint32_t bank_0 = secure_bank_0(secure);
    uint32_t to = bank_0 + settings->write_offset;
    uint32_t from = settings->image_crc + settings->write_offset; /* update_start_address */
    bool is_trusting = secure_has_defect(secure->config, SIM_SECURE_MARKS_VALID_FIRST);
    uint32_t left = n_bytes - settings->write_offset;
    if (is_trusting) {
        settings->banks[0] =
            (struct rig_nordic_bank){n_bytes, settings->banks[1].image_crc, RIG_NORDIC_BANK_APPLICATION};
        settings->validations[RIG_NORDIC_APPLICATION].type = RIG_NORDIC_VALIDATE_NOTHING;
    }
    copy_image(secure, to, from, left);
    uint32_t crc = secure_crc(secure, bank_0, n_bytes);
    if (!secure_stopped(secure) && crc == settings->banks[1].image_crc)
        settings->banks[0] = (struct rig_nordic_bank){n_bytes, crc, RIG_NORDIC_BANK_APPLICATION};
    return true;
}

static bool activate_softdevice(struct secure *secure)
{
    struct rig_nordic_settings *settings = secure->settings;
    uint32_t start = settings->image_crc; /* update_start_address */
    struct rig_softdevice fresh;
    /* At the start of the source, however much of it is copied: it may be overwritten by then. */
    if (!secure_softdevice(secure, start, &fresh))
        return false;
    if (settings->write_offset == settings->sd_size)
        return true;
    copy_image(secure, RIG_SOFTDEVICE_AT + settings->write_offset, start + settings->write_offset,
               rig_round_up(settings->sd_size - settings->write_offset, secure->config->map.page_bytes));
    secure_save_and_back_up(secure);
    return true;
}

static bool activate_bootloader(struct secure *secure, bool *reset)
{
    const struct sim_nordic_map *map = &secure->config->map;
    struct rig_nordic_settings *settings = secure->settings;
    uint32_t n_bytes = settings->banks[1].image_bytes;
    uint32_t from = settings->image_crc; /* update_start_address */
    bool with_softdevice = settings->banks[1].code == RIG_NORDIC_BANK_SOFTDEVICE_BOOTLOADER;
    if (with_softdevice) {
        from += settings->sd_size;
        n_bytes -= settings->sd_size;
    } else if (from == 0) {
        from = secure_bank_1(secure);
    }
    bool is_nrf52832 = map->flash_bytes == 0x80000;
    if (with_softdevice && is_nrf52832 &&
        secure_ranges_are_equal(secure, map->bootloader_at, from - OLD_SOFTDEVICE_SHIFT, n_bytes))
        return true;
    if (secure_ranges_are_equal(secure, map->bootloader_at, from, n_bytes))
        return true;
    *reset = true;
    secure_ask_mbr(secure, from, n_bytes);
    return true;
}

static bool activate_kind(struct secure *secure, uint32_t kind, bool *reset)
{
    switch (kind) {
    case RIG_NORDIC_BANK_APPLICATION:
        return activate_application(secure);
    case RIG_NORDIC_BANK_SOFTDEVICE:
        return activate_softdevice(secure);
    case RIG_NORDIC_BANK_BOOTLOADER:
        return activate_bootloader(secure, reset);
    default:
        return activate_softdevice(secure) && activate_bootloader(secure, reset);
    }
}

static bool is_activated(uint32_t code)
{
    return code == RIG_NORDIC_BANK_APPLICATION || code == RIG_NORDIC_BANK_SOFTDEVICE ||
           code == RIG_NORDIC_BANK_BOOTLOADER || code == RIG_NORDIC_BANK_SOFTDEVICE_BOOTLOADER;
}

bool secure_activate(struct secure *secure, struct sim_secure_start *start, bool *reset)
{
    const struct sim_nordic_map *map = &secure->config->map;
    uint32_t kind = secure->settings->banks[1].code;
    *reset = false;
    if (!is_activated(kind))
        return false;
    start->activated = kind;
    if (secure_has_defect(secure->config, SIM_SECURE_ERASES_APP_DATA))
        secure_erase(secure, map->bootloader_at - map->app_data_bytes, map->app_data_bytes / map->page_bytes);
    start->activation_failed = !activate_kind(secure, kind, reset);
    if (*reset || secure_stopped(secure))
        return true;
    secure_invalidate(secure->settings, 1);
    secure_save_and_back_up(secure);
    return true;
}
