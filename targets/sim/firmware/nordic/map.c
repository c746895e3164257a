/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where things lie on a simulated nRF5 board: what follows from the SoftDevice in its flash. */
#include "sim/firmware/nordic/map.h"

#include "base/bytes.h"

bool sim_nordic_softdevice(const struct sim_flash *flash, uint32_t at, struct rig_softdevice *softdevice)
{
    uint8_t info[RIG_SOFTDEVICE_INFO_BYTES];
    if (at > UINT32_MAX - RIG_SOFTDEVICE_INFO_AT ||
        sim_flash_peek(flash, SIM_FLASH_INTERNAL, at + RIG_SOFTDEVICE_INFO_AT, info, sizeof info) != SIM_OK)
        return false;
    return rig_softdevice_decode(info, softdevice);
}

uint32_t sim_nordic_bank_0(const struct sim_nordic_map *map, const struct sim_flash *flash)
{
    struct rig_softdevice softdevice;
    if (!sim_nordic_softdevice(flash, RIG_SOFTDEVICE_AT, &softdevice))
        return RIG_SOFTDEVICE_AT;
    return rig_round_up(softdevice.flash_bytes, map->page_bytes);
}
