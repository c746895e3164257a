/* SPDX-License-Identifier: GPL-3.0-or-later */
/* SDK 12 to 15.0: the bank that an update goes to stands in bank_layout and bank_current, an activation works
 * on that bank, and what was written is compared. No backup, no boot validation. Of SDK 12 and 13 the two
 * mistakes of its copy. Not modelled: the chunk buffers through which SDK 12 writes what it receives. [SRC
 * nRF5 SDK 12.3, 14.2 components/libraries/bootloader/dfu/nrf_dfu_utils.c, SDK 12.3
 * examples/dfu/bootloader_secure/dfu_req_handling.c] */
#include "sim/firmware/nordic/secure/loader.h"

#include "base/bytes.h"
#include "protocol/nordic/dfu.h"

#include <string.h>

#define SINGLE_LAYOUT 1u
#define COPIES_TOO_MUCH 4u /* SDK 12: bytes where words were meant */
#define SOFTDEVICE_STEPS 4u

static struct rig_nordic_bank *current_bank(struct rig_nordic_settings *settings)
{
    return &settings->banks[settings->bank_layout != SINGLE_LAYOUT && settings->bank_current != 0 ? 1 : 0];
}

bool secure_older_find_room(struct secure *secure, uint32_t n_bytes, uint32_t *at)
{
    const struct sim_nordic_map *map = &secure->config->map;
    struct rig_nordic_settings *settings = secure->settings;
    uint32_t bank_0 = secure_bank_0(secure);
    uint32_t room = map->bootloader_at - map->app_data_bytes - bank_0;
    uint32_t old_bytes = rig_round_up(settings->banks[0].image_bytes, map->page_bytes);
    bool has_old = settings->banks[0].code == RIG_NORDIC_BANK_APPLICATION;
    bool fits_beside = has_old && n_bytes <= room - old_bytes;
    if (n_bytes > room || (has_old && !fits_beside && secure->config->banks == SIM_SECURE_DUAL_DEMANDED))
        return false;
    settings->bank_layout = has_old && !fits_beside ? SINGLE_LAYOUT : 0;
    settings->bank_current = fits_beside ? 1 : 0;
    *at = fits_beside ? bank_0 + old_bytes : bank_0;
    /* The size is kept for an updater that starts anew in the middle. */
    settings->banks[fits_beside ? 1 : 0] = (struct rig_nordic_bank){.image_bytes = n_bytes};
    return true;
}

static uint32_t code_of(uint32_t type)
{
    static const uint32_t codes[] = {
        [RIG_DFU_APPLICATION] = RIG_NORDIC_BANK_APPLICATION,
        [RIG_DFU_SOFTDEVICE] = RIG_NORDIC_BANK_SOFTDEVICE,
        [RIG_DFU_BOOTLOADER] = RIG_NORDIC_BANK_BOOTLOADER,
        [RIG_DFU_SOFTDEVICE_BOOTLOADER] = RIG_NORDIC_BANK_SOFTDEVICE_BOOTLOADER,
    };
    return type < sizeof codes / sizeof codes[0] ? codes[type] : RIG_NORDIC_BANK_INVALID;
}

static void take_image(struct secure *secure, const struct rig_init_packet *init, uint32_t n_bytes)
{
    struct rig_nordic_settings *settings = secure->settings;
    bool counts = !(secure->config->debug && init->has_is_debug && init->is_debug);
    *current_bank(settings) = (struct rig_nordic_bank){n_bytes, settings->image_crc, code_of(init->type)};
    if (init->type == RIG_DFU_SOFTDEVICE || init->type == RIG_DFU_SOFTDEVICE_BOOTLOADER)
        settings->sd_size = init->sd_size;
    if (counts && init->type == RIG_DFU_APPLICATION)
        settings->app_version = init->fw_version;
    else if (counts && init->type != RIG_DFU_SOFTDEVICE)
        settings->bootloader_version = init->fw_version;
}

void secure_older_finish(struct secure *secure, const struct rig_init_packet *init, uint32_t n_bytes,
                         bool is_good)
{
    if (is_good)
        take_image(secure, init, n_bytes);
    else
        *current_bank(secure->settings) = (struct rig_nordic_bank){0};
    rig_nordic_settings_reset_progress(secure->settings);
}

/* --- activation --- */

static void forget_bank(struct secure *secure, struct rig_nordic_bank *bank)
{
    struct rig_nordic_settings *settings = secure->settings;
    *bank = (struct rig_nordic_bank){0};
    settings->write_offset = 0;
    settings->sd_size = 0;
    settings->bank_layout = 0;
    settings->bank_current = 0;
    secure_save(secure);
}

/* A copy that was complete when it was cut goes round once more, without bytes: it erases the page that its
 * target's end is in. fstorage of SDK 14 refuses that. */
static bool erase_target(struct secure *secure, uint32_t to)
{
    uint32_t start = rig_round_down(to, secure->config->map.page_bytes);
    if (start != to && secure->config->sdk != SIM_SECURE_SDK_12)
        return false;
    secure_erase(secure, start, 1);
    return true;
}

static bool copy_application(struct secure *secure, uint32_t to, uint32_t from, uint32_t n_bytes)
{
    bool is_12 = secure->config->sdk == SIM_SECURE_SDK_12;
    uint32_t page_bytes = secure->config->map.page_bytes;
    do {
        uint32_t n_now = n_bytes < page_bytes ? n_bytes : page_bytes;
        if (!erase_target(secure, to))
            return false;
        secure_copy(secure, to, from, is_12 ? COPIES_TOO_MUCH * n_now : n_now);
        if (!secure_ranges_are_equal(secure, to, from, n_now))
            return false;
        if (is_12)
            secure_erase(secure, rig_round_down(from, page_bytes), 1);
        to += n_now;
        from += n_now;
        n_bytes -= n_now;
        secure->settings->write_offset += n_now;
        secure_save(secure);
    } while (n_bytes > 0 && !secure_stopped(secure));
    return true;
}

static bool activate_application(struct secure *secure, uint32_t from)
{
    struct rig_nordic_settings *settings = secure->settings;
    uint32_t bank_0 = secure_bank_0(secure);
    uint32_t n_bytes = settings->banks[1].image_bytes;
    uint32_t done = settings->write_offset;
    /* SDK 12 goes on in the target, but reads from the start of the source again, which it has erased. */
    uint32_t source = secure->config->sdk == SIM_SECURE_SDK_12 ? from : from + done;
    if (!copy_application(secure, bank_0 + done, source, n_bytes - done))
        return false;
    uint32_t crc = secure_crc(secure, bank_0, n_bytes);
    if (!secure_stopped(secure) && crc == settings->banks[1].image_crc)
        settings->banks[0] = (struct rig_nordic_bank){n_bytes, crc, RIG_NORDIC_BANK_APPLICATION};
    forget_bank(secure, &settings->banks[1]);
    return true;
}

static bool copy_softdevice(struct secure *secure, uint32_t from)
{
    struct rig_nordic_settings *settings = secure->settings;
    uint32_t page_bytes = secure->config->map.page_bytes;
    uint32_t done = settings->write_offset;
    uint32_t left = rig_round_up(settings->sd_size - done, page_bytes);
    uint32_t step = rig_round_up(left / SOFTDEVICE_STEPS, page_bytes);
    uint32_t to = RIG_SOFTDEVICE_AT + done;
    from += done;
    if (done == settings->sd_size)
        return true;
    while (left > 0 && !secure_stopped(secure)) {
        if (step > left && secure->config->sdk != SIM_SECURE_SDK_12)
            step = left;
        secure_erase(secure, to, step / page_bytes);
        secure_copy(secure, to, from, step);
        if (!secure_ranges_are_equal(secure, to, from, step))
            return false;
        to += step;
        from += step;
        left = step > left ? 0 : left - step;
        settings->write_offset = settings->sd_size - left;
        secure_save(secure);
    }
    return true;
}

static bool activate_bootloader(struct secure *secure, uint32_t from, bool *reset)
{
    struct rig_nordic_settings *settings = secure->settings;
    struct rig_nordic_bank *bank = current_bank(settings);
    uint32_t n_bytes = bank->image_bytes - settings->sd_size;
    from += settings->sd_size;
    if (secure_ranges_are_equal(secure, secure->config->map.bootloader_at, from, n_bytes)) {
        forget_bank(secure, bank);
        return true;
    }
    if (!secure_stopped(secure)) {
        secure_ask_mbr(secure, from, n_bytes);
        *reset = true;
    }
    return true;
}

bool secure_older_activate(struct secure *secure, struct sim_secure_start *start, bool *reset)
{
    struct rig_nordic_settings *settings = secure->settings;
    struct rig_nordic_bank *bank = current_bank(settings);
    uint32_t from = secure_bank_0(secure);
    uint32_t kind = bank->code;
    bool done = true;
    if (bank == &settings->banks[1])
        from += rig_round_up(settings->banks[0].image_bytes, secure->config->map.page_bytes);
    else if (kind == RIG_NORDIC_BANK_APPLICATION)
        return true; /* it is where it belongs */
    switch (kind) {
    case RIG_NORDIC_BANK_APPLICATION:
        done = activate_application(secure, from);
        break;
    case RIG_NORDIC_BANK_SOFTDEVICE:
        done = copy_softdevice(secure, from);
        if (done && !secure_stopped(secure))
            forget_bank(secure, bank);
        break;
    case RIG_NORDIC_BANK_BOOTLOADER:
        done = activate_bootloader(secure, from, reset);
        break;
    case RIG_NORDIC_BANK_SOFTDEVICE_BOOTLOADER:
        done = copy_softdevice(secure, from) && activate_bootloader(secure, from, reset);
        break;
    default:
        return true;
    }
    start->activated = kind;
    start->activation_failed = !done;
    return done;
}
