/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The memory map: flash, UICR and their controller (NVMC), FICR, RAM, the private peripheral bus. */
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

static bool debug_nvmc_program(struct sim_debug *debug, uint32_t offset, const uint8_t *bytes, size_t n_bytes)
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

static bool debug_nvmc_program_uicr(struct sim_debug *debug, uint32_t offset, const uint8_t *bytes,
                                    size_t n_bytes)
{
    for (size_t i = 0; i < n_bytes && debug->nvmc.config == CONFIG_WEN; i++)
        debug->uicr[offset + i] &= bytes[i];
    return true;
}

static bool debug_nvmc_read(struct sim_debug *debug, uint32_t offset, uint32_t *value)
{
    *value = 0;
    if (offset == 0x400 || offset == 0x408)
        *value = 1;
    else if (offset == 0x504)
        *value = debug->nvmc.config;
    return true;
}

static bool debug_nvmc_write(struct sim_debug *debug, uint32_t offset, uint32_t value)
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

#define XIP_START 0x12000000u /* the second flash device, readable only */

enum place {
    PLACE_FLASH,
    PLACE_XIP,
    PLACE_FICR,
    PLACE_UICR,
    PLACE_RAM,
    PLACE_PERIPHERALS,
    PLACE_NVMC,
    PLACE_CORE,
    N_PLACES
};

struct span {
    uint32_t start;
    uint32_t n_bytes;
};

static struct span span_of(const struct sim_debug *debug, enum place place)
{
    const struct sim_flash *flash = sim_board_flash(debug->board);

    switch (place) {
    case PLACE_FLASH:
        return (struct span){0, debug_flash_bytes(debug)};
    case PLACE_XIP:
        return (struct span){XIP_START,
                             sim_flash_n_devices(flash) > 1 ? sim_flash_bytes(flash, SIM_FLASH_EXTERNAL) : 0};
    case PLACE_FICR:
        return (struct span){0x10000000, DEBUG_PAGE_BYTES};
    case PLACE_UICR:
        return (struct span){0x10001000, DEBUG_PAGE_BYTES};
    case PLACE_RAM:
        return (struct span){DEBUG_RAM_AT, DEBUG_RAM_BYTES};
    case PLACE_PERIPHERALS:
        return (struct span){0x40000000, 0x1e000};
    case PLACE_NVMC:
        return (struct span){0x4001e000, DEBUG_PAGE_BYTES};
    case PLACE_CORE:
        return (struct span){0xe0000000, 0x100000};
    case N_PLACES:
        break;
    }
    return (struct span){0, 0};
}

static enum place find(const struct sim_debug *debug, uint32_t address, size_t n_bytes, uint32_t *offset)
{
    for (unsigned place = 0; place < N_PLACES; place++) {
        struct span span = span_of(debug, (enum place)place);

        *offset = address - span.start;
        if (address >= span.start && *offset < span.n_bytes && n_bytes <= span.n_bytes - *offset)
            return (enum place)place;
    }
    return N_PLACES;
}

static uint32_t ficr_word(const struct sim_debug *debug, uint32_t offset)
{
    switch (offset) {
    case 0x10:
        return DEBUG_PAGE_BYTES;
    case 0x14:
        return debug_flash_bytes(debug) / DEBUG_PAGE_BYTES;
    case 0x5c:
        return 0xffff0150;
    case 0x60:
        return 0x51735173; /* DEVICEID */
    case 0x64:
        return (uint32_t)sim_board_config(debug->board)->seed ^ 0x0b007213;
    case 0x100:
        return debug->part;
    case 0x104:
        return 0x41414430; /* "AAD0" */
    case 0x108:
        return 0x2004; /* QIAA */
    case 0x10c:
        return DEBUG_RAM_BYTES / 1024;
    case 0x110:
        return debug_flash_bytes(debug) / 1024;
    default:
        return 0xffffffff;
    }
}

static bool read_word(struct sim_debug *debug, enum place place, uint32_t address, uint32_t offset,
                      uint32_t *value)
{
    switch (place) {
    case PLACE_FICR:
        *value = ficr_word(debug, offset);
        return true;
    case PLACE_PERIPHERALS:
        *value = offset == 0x400 ? debug->resetreas : 0;
        return true;
    case PLACE_NVMC:
        return debug_nvmc_read(debug, offset, value);
    case PLACE_CORE:
        return debug_core_read(debug, address, value);
    case PLACE_FLASH:
    case PLACE_XIP:
    case PLACE_UICR:
    case PLACE_RAM:
    case N_PLACES:
        break;
    }
    return false;
}

static bool write_word(struct sim_debug *debug, enum place place, uint32_t address, uint32_t offset,
                       uint32_t value)
{
    switch (place) {
    case PLACE_PERIPHERALS:
        if (offset == 0x400)
            debug->resetreas &= ~value;
        return true;
    case PLACE_NVMC:
        return debug_nvmc_write(debug, offset, value);
    case PLACE_CORE:
        return debug_core_write(debug, address, value);
    case PLACE_FICR:
    case PLACE_FLASH:
    case PLACE_XIP:
    case PLACE_UICR:
    case PLACE_RAM:
    case N_PLACES:
        break;
    }
    return false;
}

/* Narrow reads of registers get their lanes of the word. */
static bool read_registers(struct sim_debug *debug, enum place place, uint32_t address, uint32_t offset,
                           uint8_t *into, size_t n_bytes)
{
    uint32_t word = 0;
    uint8_t bytes[4];

    for (size_t done = 0; done < n_bytes;) {
        uint32_t lane = (offset + (uint32_t)done) % 4;
        size_t n = n_bytes - done < 4 - lane ? n_bytes - done : 4 - lane;

        if (!read_word(debug, place, (address + (uint32_t)done) & ~3u, (offset + (uint32_t)done) & ~3u,
                       &word))
            return false;
        rig_put_le32(bytes, word);
        memcpy(into + done, bytes + lane, n);
        done += n;
    }
    return true;
}

bool debug_bus_read(struct sim_debug *debug, uint32_t address, uint8_t *into, size_t n_bytes)
{
    const struct sim_flash *flash = sim_board_flash(debug->board);
    uint32_t offset;
    enum place place = find(debug, address, n_bytes, &offset);

    switch (place) {
    case PLACE_FLASH:
        return sim_flash_peek(flash, SIM_FLASH_INTERNAL, offset, into, n_bytes) == SIM_OK;
    case PLACE_XIP:
        return sim_flash_peek(flash, SIM_FLASH_EXTERNAL, offset, into, n_bytes) == SIM_OK;
    case PLACE_UICR:
        memcpy(into, debug->uicr + offset, n_bytes);
        return true;
    case PLACE_RAM:
        memcpy(into, debug->ram + offset, n_bytes);
        return true;
    case PLACE_FICR:
    case PLACE_PERIPHERALS:
    case PLACE_NVMC:
    case PLACE_CORE:
        return read_registers(debug, place, address, offset, into, n_bytes);
    case N_PLACES:
        break;
    }
    return false;
}

static bool write_registers(struct sim_debug *debug, enum place place, uint32_t address, uint32_t offset,
                            const uint8_t *bytes, size_t n_bytes)
{
    if (offset % 4 || n_bytes % 4)
        return false;
    for (size_t done = 0; done < n_bytes; done += 4)
        if (!write_word(debug, place, address + (uint32_t)done, offset + (uint32_t)done,
                        rig_get_le32(bytes + done)))
            return false;
    return true;
}

bool debug_bus_write(struct sim_debug *debug, uint32_t address, const uint8_t *bytes, size_t n_bytes)
{
    uint32_t offset;
    enum place place = find(debug, address, n_bytes, &offset);

    switch (place) {
    case PLACE_FLASH: /* the part wants whole words here */
        return offset % 4 == 0 && n_bytes % 4 == 0 && debug_nvmc_program(debug, offset, bytes, n_bytes);
    case PLACE_UICR:
        return offset % 4 == 0 && n_bytes % 4 == 0 && debug_nvmc_program_uicr(debug, offset, bytes, n_bytes);
    case PLACE_RAM:
        memcpy(debug->ram + offset, bytes, n_bytes);
        debug_ram_touched(debug, offset + (uint32_t)n_bytes);
        return true;
    case PLACE_PERIPHERALS:
    case PLACE_NVMC:
    case PLACE_CORE:
        return write_registers(debug, place, address, offset, bytes, n_bytes);
    case PLACE_XIP:
    case PLACE_FICR:
    case N_PLACES:
        break;
    }
    return false;
}
