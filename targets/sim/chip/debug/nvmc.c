/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Flash controller of the nRF52840 as a debugger drives it [DS nRF52840 PS 1.7, NVMC]: a write ANDs, and only
 * with CONFIG = Wen. */
#include "sim/chip/debug/internal.h"

#include "base/bytes.h"

#include <string.h>

#define CONFIG_WEN 1u
#define CONFIG_EEN 2u
#define CHUNK_BYTES 256u

uint32_t debug_flash_bytes(const struct sim_debug *debug)
{
    return sim_flash_bytes(sim_board_flash(debug->board), SIM_FLASH_INTERNAL);
}

static bool erase(struct sim_debug *debug, uint32_t offset, uint32_t n_bytes)
{
    struct sim_flash *flash = sim_board_flash(debug->board);
    uint8_t erased[CHUNK_BYTES];

    memset(erased, sim_flash_device(flash, SIM_FLASH_INTERNAL)->erased, sizeof erased);
    for (uint32_t done = 0; done < n_bytes; done += CHUNK_BYTES)
        if (sim_flash_poke(flash, SIM_FLASH_INTERNAL, offset + done, erased, CHUNK_BYTES) != SIM_OK)
            return false;
    return true;
}

bool debug_nvmc_program(struct sim_debug *debug, uint32_t offset, const uint8_t *bytes, size_t n_bytes)
{
    struct sim_flash *flash = sim_board_flash(debug->board);
    uint8_t chunk[CHUNK_BYTES];

    /* Without Wen the part ignores the write and the bus says nothing. */
    if (debug->nvmc.config != CONFIG_WEN)
        return true;
    for (size_t done = 0; done < n_bytes; done += CHUNK_BYTES) {
        size_t n = n_bytes - done < CHUNK_BYTES ? n_bytes - done : CHUNK_BYTES;

        if (sim_flash_peek(flash, SIM_FLASH_INTERNAL, offset + (uint32_t)done, chunk, n) != SIM_OK)
            return false;
        for (size_t i = 0; i < n; i++)
            chunk[i] &= bytes[done + i];
        if (sim_flash_poke(flash, SIM_FLASH_INTERNAL, offset + (uint32_t)done, chunk, n) != SIM_OK)
            return false;
    }
    return true;
}

bool debug_nvmc_program_uicr(struct sim_debug *debug, uint32_t offset, const uint8_t *bytes, size_t n_bytes)
{
    for (size_t i = 0; i < n_bytes && debug->nvmc.config == CONFIG_WEN; i++)
        debug->uicr[offset + i] &= bytes[i];
    return true;
}

bool debug_nvmc_read(struct sim_debug *debug, uint32_t offset, uint32_t *value)
{
    *value = 0;
    if (offset == 0x400 || offset == 0x408)
        *value = 1;
    else if (offset == 0x504)
        *value = debug->nvmc.config;
    return true;
}

bool debug_nvmc_write(struct sim_debug *debug, uint32_t offset, uint32_t value)
{
    bool may_erase = debug->nvmc.config == CONFIG_EEN;

    switch (offset) {
    case 0x504:
        debug->nvmc.config = value & 3;
        return true;
    case 0x508:
        if (!may_erase || value >= debug_flash_bytes(debug))
            return true;
        return erase(debug, rig_round_down(value, DEBUG_PAGE_BYTES), DEBUG_PAGE_BYTES);
    case 0x50c:
        if (!may_erase || value != 1)
            return true;
        memset(debug->uicr, 0xff, sizeof debug->uicr);
        return erase(debug, 0, debug_flash_bytes(debug));
    case 0x514:
        if (may_erase && value == 1)
            memset(debug->uicr, 0xff, sizeof debug->uicr);
        return true;
    default:
        return true;
    }
}

void debug_nvmc_erase_all(struct sim_debug *debug)
{
    uint32_t config = debug->nvmc.config;

    debug->nvmc.config = CONFIG_EEN;
    (void)debug_nvmc_write(debug, 0x50c, 1);
    debug->nvmc.config = config;
}
