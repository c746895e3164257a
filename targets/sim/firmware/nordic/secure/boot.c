/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One run of the bootloader from reset: MBR, settings, activation of a received update, then updater or
 * application. An activation copies application and SoftDevice with progress in the settings, the bootloader
 * by the MBR; everything is blocking, and every error is forgotten, as in the SDK. [SRC
 * bootloader/nrf_bootloader_fw_activation.c] */
#include "sim/firmware/nordic/secure/loader.h"

#include "base/bytes.h"

#include <string.h>

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

static bool secure_activate(struct secure *secure, struct sim_secure_start *start, bool *reset)
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

#define GPREGRET_KIND 0xf8u /* which of its bits say what the register is about */
#define GPREGRET_START 0x01u

static bool bootloader_is_damaged(const struct secure *secure)
{
    const struct sim_nordic_map *map = &secure->config->map;
    return sim_nordic_seal_at(secure->flash, map->bootloader_at, map->bootloader_bytes,
                              secure->config->seals) == RIG_NORDIC_DAMAGED;
}

/* Only a CRC is ever left out. */
static bool crc_is_checked(const struct sim_secure_config *config, struct sim_nordic_retained *retained)
{
    if (config->always_checks_crc)
        return true;
    if (retained->from_system_off) {
        retained->from_system_off = false;
        return false;
    }
    if ((retained->gpregret2 & (GPREGRET_KIND | GPREGRET_START)) != SIM_NORDIC_GPREGRET2_SKIP_CRC)
        return true;
    retained->gpregret2 &= (uint8_t)~SIM_NORDIC_GPREGRET2_SKIP_CRC;
    return false;
}

static bool validates(struct secure *secure, enum rig_nordic_part part, uint32_t at, uint32_t n_bytes,
                      bool checks_crc)
{
    const struct rig_nordic_validation *validation = &secure->settings->validations[part];
    if (!checks_crc && validation->type == RIG_NORDIC_VALIDATE_CRC)
        return true;
    return secure_boot_validates(secure, validation, at, n_bytes);
}

/* What is wrong with the application; NULL: nothing. */
static const char *application_fault(struct secure *secure, bool checks_crc)
{
    const struct rig_nordic_settings *settings = secure->settings;
    const struct rig_nordic_bank *bank = &settings->banks[0];
    struct rig_softdevice softdevice;
    if (bank->code != RIG_NORDIC_BANK_APPLICATION)
        return "bank 0 holds none that the settings call valid";
    if (secure->config->sdk < SIM_SECURE_SDK_15) {
        /* Before boot validation: the CRC of the bank, where it is known. */
        bool is_good = bank->image_crc == 0 ||
                       secure_crc(secure, secure_bank_0(secure), bank->image_bytes) == bank->image_crc;
        return is_good ? NULL : "the application's CRC is wrong";
    }
    if (secure->config->checks_app_signature &&
        settings->validations[RIG_NORDIC_APPLICATION].type != RIG_NORDIC_VALIDATE_ECDSA)
        return "its boot validation is no signature";
    if (secure_softdevice(secure, RIG_SOFTDEVICE_AT, &softdevice) &&
        !validates(secure, RIG_NORDIC_SOFTDEVICE, RIG_SOFTDEVICE_AT, settings->sd_size, checks_crc))
        return "the SoftDevice does not validate";
    if (!validates(secure, RIG_NORDIC_APPLICATION, secure_bank_0(secure), bank->image_bytes, checks_crc))
        return "the application does not validate";
    return NULL;
}

static enum sim_secure_entry why_updater(struct secure *secure, struct sim_nordic_retained *retained,
                                         struct sim_secure_start *start)
{
    const struct sim_secure_config *config = secure->config;
    start->why = application_fault(secure, crc_is_checked(config, retained));
    if (start->why != NULL)
        return SIM_SECURE_NO_APPLICATION;
    if (config->enters_by_button && retained->button)
        return SIM_SECURE_BY_BUTTON;
    if (config->enters_by_pin_reset && retained->by_pin)
        return SIM_SECURE_BY_PIN_RESET;
    /* Any bit of the value that means it. */
    if (config->enters_by_gpregret && (retained->gpregret & SIM_NORDIC_GPREGRET_DFU) != 0)
        return SIM_SECURE_BY_GPREGRET;
    if (config->enters_by_settings && secure->settings->enter_buttonless == 1)
        return SIM_SECURE_BY_SETTINGS;
    return SIM_SECURE_NOT_ENTERED;
}

static void clear_entry_flags(struct secure *secure, struct sim_nordic_retained *retained)
{
    const struct sim_secure_config *config = secure->config;
    if (config->enters_by_pin_reset)
        retained->by_pin = false;
    /* The whole value, where any bit was enough to enter. */
    if (config->enters_by_gpregret &&
        (retained->gpregret & (GPREGRET_KIND | GPREGRET_START)) == SIM_NORDIC_GPREGRET_DFU)
        retained->gpregret &= (uint8_t)~SIM_NORDIC_GPREGRET_DFU;
    if (config->enters_by_settings && secure->settings->enter_buttonless == 1) {
        secure->settings->enter_buttonless = 0;
        secure_save(secure);
    }
}

static void enter_updater(struct secure *secure, struct sim_nordic_retained *retained, uint64_t now_us,
                          struct sim_secure_state *state, struct sim_secure_start *start)
{
    clear_entry_flags(secure, retained);
    if (secure_stopped(secure))
        return;
    memset(state, 0, sizeof *state);
    state->settings = *secure->settings;
    secure->settings = &state->settings;
    state->inactive_at_us =
        start->timeout_ms == 0 || secure_has_defect(secure->config, SIM_SECURE_STUCK_IN_UPDATER)
            ? SIM_SECURE_NEVER
            : now_us + (uint64_t)start->timeout_ms * 1000;
    if (secure_enter(secure, state))
        start->outcome = SIM_SECURE_UPDATER;
}

static bool is_softdevice(uint32_t code)
{
    return code == RIG_NORDIC_BANK_SOFTDEVICE || code == RIG_NORDIC_BANK_SOFTDEVICE_BOOTLOADER;
}

/* Forgets peer data and name, as before the application starts. */
static void secure_clear_extras(struct secure *secure)
{
    static const uint8_t erased[4] = {0xff, 0xff, 0xff, 0xff};
    const struct rig_nordic_settings *settings = secure->settings;
    bool are_erased = memcmp(settings->peer_data, erased, sizeof erased) == 0 &&
                      memcmp(settings->name, erased, sizeof erased) == 0;
    if (are_erased || secure->config->sdk == SIM_SECURE_SDK_12 ||
        secure_has_defect(secure->config, SIM_SECURE_KEEPS_PEER_DATA))
        return;
    uint8_t bytes[RIG_NORDIC_SETTINGS_BYTES];
    secure_encode(secure->config, settings, bytes);
    secure_erase(secure, secure->config->map.settings_at, 1);
    secure_write(secure, secure->config->map.settings_at, bytes,
                 secure->config->sdk >= SIM_SECURE_SDK_15 ? RIG_NORDIC_PEER_DATA_AT
                                                          : RIG_NORDIC_PEER_DATA_1_AT);
}

static void start_application(struct secure *secure, struct sim_secure_start *start)
{
    secure_clear_extras(secure);
    secure_back_up(secure);
    start->outcome = SIM_SECURE_APPLICATION;
}

/* Without a backup, and without a reset after an activation. */
static void run_older(struct secure *secure, struct sim_nordic_retained *retained, uint64_t now_us,
                      struct sim_secure_state *state, struct sim_secure_start *start)
{
    bool reset = false;
    if (secure->settings_are_new)
        secure_save(secure);
    bool done = secure_older_activate(secure, start, &reset);
    if (secure_stopped(secure))
        return;
    start->outcome = SIM_SECURE_RESET;
    start->timeout_ms = secure->config->inactivity_ms;
    if (reset)
        return;
    start->entry = why_updater(secure, retained, start);
    if (start->entry == SIM_SECURE_NOT_ENTERED && is_softdevice(start->activated))
        start->entry = SIM_SECURE_AFTER_ACTIVATION;
    if (!done) {
        start->entry = SIM_SECURE_NO_APPLICATION;
        start->why = "the update could not be copied";
    }
    if (secure_stopped(secure))
        return;
    if (start->entry != SIM_SECURE_NOT_ENTERED)
        enter_updater(secure, retained, now_us, state, start);
    else
        start_application(secure, start);
}

static void run(struct secure *secure, struct sim_nordic_retained *retained, uint64_t now_us,
                struct sim_secure_state *state, struct sim_secure_start *start)
{
    bool reset = false;
    secure_run_mbr(secure);
    if (secure_stopped(secure))
        return;
    if (bootloader_is_damaged(secure)) {
        start->outcome = SIM_SECURE_DEAD;
        start->why = "the bootloader is damaged";
        return;
    }
    secure_load(secure);
    if (secure_is_older(secure->config)) {
        run_older(secure, retained, now_us, state, start);
        return;
    }
    secure_save_and_back_up(secure);
    bool activated = secure_activate(secure, start, &reset);
    if (secure_stopped(secure))
        return;
    start->outcome = SIM_SECURE_RESET;
    start->timeout_ms = secure->config->inactivity_ms;
    if (activated) {
        if (reset || !is_softdevice(start->activated) ||
            secure->settings->banks[0].code != RIG_NORDIC_BANK_APPLICATION) {
            if (!reset)
                secure_back_up(secure);
            return;
        }
        start->entry = SIM_SECURE_AFTER_ACTIVATION;
        start->timeout_ms = secure->config->continuation_ms;
    } else {
        start->entry = why_updater(secure, retained, start);
    }
    if (secure_stopped(secure))
        return;
    if (start->entry != SIM_SECURE_NOT_ENTERED)
        enter_updater(secure, retained, now_us, state, start);
    else
        start_application(secure, start);
}

/* Bytes of the SoftDevice that is in place are not what they should be. */
static bool secure_softdevice_is_damaged(struct secure *secure)
{
    struct rig_softdevice softdevice;
    if (!secure_softdevice(secure, RIG_SOFTDEVICE_AT, &softdevice) ||
        softdevice.flash_bytes <= RIG_SOFTDEVICE_AT ||
        softdevice.flash_bytes > secure->config->map.bootloader_at)
        return true;
    switch (sim_nordic_seal_at(secure->flash, RIG_SOFTDEVICE_AT, softdevice.flash_bytes - RIG_SOFTDEVICE_AT,
                               secure->config->seals)) {
    case RIG_NORDIC_INTACT:
        return false;
    case RIG_NORDIC_DAMAGED:
        return true;
    case RIG_NORDIC_UNSEALED:
        break;
    }
    /* Somebody's real one: what the settings know of it. */
    return secure->config->sdk >= SIM_SECURE_SDK_15 &&
           !secure_boot_validates(secure, &secure->settings->validations[RIG_NORDIC_SOFTDEVICE],
                                  RIG_SOFTDEVICE_AT, secure->settings->sd_size);
}

void sim_secure_boot(const struct sim_secure_config *config, struct sim_flash *flash,
                     struct sim_nordic_retained *retained, uint64_t now_us, struct sim_secure_state *state,
                     struct sim_secure_start *start)
{
    struct rig_nordic_settings settings = {0};
    struct secure secure = {.config = config, .flash = flash, .settings = &settings};
    memset(start, 0, sizeof *start);
    uint64_t busy_us = sim_flash_busy_us(flash);
    run(&secure, retained, now_us, state, start);
    start->softdevice_damaged = !secure_stopped(&secure) && secure_softdevice_is_damaged(&secure);
    if (secure.lost) {
        start->outcome = SIM_SECURE_POWER_LOST;
    } else if (secure.fault != NULL) {
        start->outcome = SIM_SECURE_FAULT;
        start->why = secure.fault;
    }
    start->application_at = sim_nordic_bank_0(&config->map, flash);
    if (start->outcome == SIM_SECURE_UPDATER && state->inactive_at_us != SIM_SECURE_NEVER)
        state->inactive_at_us += sim_flash_busy_us(flash) - busy_us;
}
