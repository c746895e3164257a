/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where banks begin, what fits into them, what is dropped to make room. */
#include "sim/firmware/nordic/secure/loader.h"

#include "base/bytes.h"

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
