/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where banks begin, what fits into them, what is dropped to make room. */
#include "sim/firmware/nordic/secure/loader.h"

#include "base/bytes.h"
#include "image/nordic_image.h"

bool secure_softdevice(const struct secure *secure, uint32_t at, struct rig_softdevice *softdevice)
{
    return sim_nordic_softdevice(secure->flash, at, softdevice);
}

uint32_t secure_bank_0(const struct secure *secure)
{
    return sim_nordic_bank_0(&secure->config->map, secure->flash);
}

uint32_t secure_bank_1(const struct secure *secure)
{
    /* Behind what is recorded, be it valid or not. */
    return rig_round_up(secure_bank_0(secure) + secure->settings->banks[0].image_bytes,
                        secure->config->map.page_bytes);
}

struct region {
    const struct sim_flash *flash;
    uint32_t at;
};

static bool read_region(const void *user, uint32_t offset, void *into, size_t n_bytes)
{
    const struct region *region = user;
    return sim_flash_peek(region->flash, SIM_FLASH_INTERNAL, region->at + offset, into, n_bytes) == SIM_OK;
}

bool secure_softdevice_is_damaged(struct secure *secure)
{
    struct rig_softdevice softdevice;
    if (!secure_softdevice(secure, RIG_SOFTDEVICE_AT, &softdevice) ||
        softdevice.flash_bytes <= RIG_SOFTDEVICE_AT ||
        softdevice.flash_bytes > secure->config->map.bootloader_at)
        return true;
    struct region region = {secure->flash, RIG_SOFTDEVICE_AT};
    uint32_t room = softdevice.flash_bytes - RIG_SOFTDEVICE_AT;
    struct rig_image_source source = {.read = read_region, .user = &region, .n_bytes = room};
    switch (rig_nordic_read_seal(&source, room, NULL)) {
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

void secure_invalidate(struct rig_nordic_settings *settings, unsigned bank)
{
    settings->banks[bank] = (struct rig_nordic_bank){0};
    settings->write_offset = 0;
}

bool secure_prepare_cache(const struct secure *secure, uint32_t n_bytes, bool single_bank,
                          bool keep_application)
{
    const struct sim_nordic_map *map = &secure->config->map;
    uint32_t end = map->bootloader_at - map->app_data_bytes;
    bool keep = keep_application && secure->settings->banks[0].code == RIG_NORDIC_BANK_APPLICATION;
    bool too_small = n_bytes > end - secure_bank_1(secure);
    if (keep || !(too_small || single_bank))
        return !too_small;
    if (n_bytes > end - secure_bank_0(secure))
        return false;
    secure_invalidate(secure->settings, 0);
    return true;
}
