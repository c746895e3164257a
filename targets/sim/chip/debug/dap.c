/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Debug port and AHB access port [SPEC ADIv5.2], what power does to them, and the memory map behind. */
#include "sim/chip/debug/internal.h"

#include "base/bytes.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* Of the peripheral POWER [SPEC nRF52840 PS 5.3.7]. */
#define RESETREAS 0x400u
#define GPREGRET 0x51cu /* GPREGRET2 follows */
#define DP_STKERRCLR (1u << 2)
#define CTRL_CDBGPWRUPREQ (1u << 28)
#define CTRL_CSYSPWRUPREQ (1u << 30)
#define CTRL_WRITABLE 0x50000f00u
#define AP_IDR 0x24770011u /* AHB-AP of a Cortex-M4 */
#define CTRL_AP 1u
#define CTRL_AP_IDR 0x02880000u /* Nordic's, revision 0 */
#define AP_BASE 0xe00ff003u
#define CSW_DEVICE_ENABLE (1u << 6)
#define CSW_WRITABLE 0x7f00003fu
#define TAR_WRAP 0x1000u /* increments stay within 4 KiB */

/* --- the memory map: flash, UICR and their controller (NVMC), FICR, RAM, the private peripheral bus --- */

#define CONFIG_WEN 1u
#define CONFIG_EEN 2u
#define CHUNK_BYTES 256u

static uint32_t debug_flash_bytes(const struct sim_debug *debug)
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

/* As the CTRL-AP does it: flash and UICR, whatever CONFIG says. */
static void debug_nvmc_erase_all(struct sim_debug *debug)
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
        *value = offset == RESETREAS      ? debug->resetreas
                 : offset == GPREGRET     ? sim_board_retained(debug->board, 0)
                 : offset == GPREGRET + 4 ? sim_board_retained(debug->board, 1)
                                          : 0;
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
        if (offset == RESETREAS)
            debug->resetreas &= ~value;
        else if (offset == GPREGRET || offset == GPREGRET + 4)
            sim_board_retain(debug->board, (offset - GPREGRET) / 4, (uint8_t)value);
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

/* One access within one region; n_bytes a multiple of width. */
static bool debug_bus_read(struct sim_debug *debug, uint32_t address, uint8_t *into, size_t n_bytes)
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

static bool debug_bus_write(struct sim_debug *debug, uint32_t address, const uint8_t *bytes, size_t n_bytes)
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

/* --- the debug port and its access ports --- */

struct sim_debug *sim_debug_new(struct sim_board *board)
{
    struct sim_debug *debug = calloc(1, sizeof *debug);

    if (!debug)
        return NULL;
    debug->board = board;
    debug->part = 0x52840;
    memset(debug->uicr, 0xff, sizeof debug->uicr);
    if (debug_flash_bytes(debug) % DEBUG_PAGE_BYTES) {
        free(debug);
        return NULL;
    }
    sim_debug_notice(debug);
    return debug;
}

void sim_debug_set_part(struct sim_debug *debug, uint32_t part)
{
    debug->part = part;
}

void sim_debug_set_lock(struct sim_debug *debug, enum sim_debug_lock lock)
{
    debug->lock = lock;
    debug->closed = lock != SIM_DEBUG_LOCK_NONE;
}

void sim_debug_free(struct sim_debug *debug)
{
    free(debug);
}

struct sim_debug *sim_debug_save(const struct sim_debug *debug)
{
    struct sim_debug *copy = calloc(1, sizeof *copy);

    if (copy)
        sim_debug_restore(copy, debug);
    return copy;
}

void sim_debug_restore(struct sim_debug *debug, const struct sim_debug *saved)
{
    if (debug->n_ram_used > saved->n_ram_used)
        memset(debug->ram + saved->n_ram_used, 0, debug->n_ram_used - saved->n_ram_used);
    memcpy(debug, saved, offsetof(struct sim_debug, ram) + saved->n_ram_used);
}

void sim_debug_pin_reset(struct sim_debug *debug, bool low)
{
    sim_debug_notice(debug);
    if (low && !debug->held && debug->powered) {
        debug->closed = debug->lock != SIM_DEBUG_LOCK_NONE;
        debug_core_reset(debug, RESETREAS_PIN);
    }
    debug->held = low;
}

static bool dead(struct sim_debug *debug)
{
    sim_debug_notice(debug);
    return !debug->powered;
}

enum sim_debug_answer sim_debug_read_dp(struct sim_debug *debug, unsigned address, uint32_t *value)
{
    *value = 0;
    if (dead(debug))
        return SIM_DEBUG_DEAD;
    switch (address & 0xc) {
    case 0x0:
        *value = SIM_DEBUG_DPIDR;
        break;
    case 0x4:
        /* The power domains are up as soon as they are asked for: each acknowledge is the bit above its
         * request. */
        *value = debug->ctrl_stat | (debug->ctrl_stat & (CTRL_CDBGPWRUPREQ | CTRL_CSYSPWRUPREQ)) << 1;
        break;
    case 0xc:
        *value = debug->rdbuff;
        break;
    default:
        break;
    }
    return SIM_DEBUG_OK;
}

enum sim_debug_answer sim_debug_write_dp(struct sim_debug *debug, unsigned address, uint32_t value)
{
    if (dead(debug))
        return SIM_DEBUG_DEAD;
    switch (address & 0xc) {
    case 0x0: /* ABORT */
        if (value & DP_STKERRCLR)
            debug->ctrl_stat &= ~DP_STICKYERR;
        break;
    case 0x4: /* STICKYERR is read only on SWD */
        debug->ctrl_stat = (value & CTRL_WRITABLE) | (debug->ctrl_stat & DP_STICKYERR);
        break;
    case 0x8:
        debug->select = value;
        break;
    default:
        break;
    }
    return SIM_DEBUG_OK;
}

static unsigned width_of(uint32_t csw)
{
    return (csw & 7) == 0 ? 1 : (csw & 7) == 1 ? 2 : 4;
}

/* A packed access moves as many narrow units as a word has. */
static unsigned units_of(uint32_t csw)
{
    return (csw >> 4 & 3) == 2 ? 4 / width_of(csw) : 1;
}

static void advance(struct sim_debug *debug)
{
    uint32_t step = (debug->csw >> 4 & 3) ? width_of(debug->csw) * units_of(debug->csw) : 0;

    debug->tar = (debug->tar & ~(TAR_WRAP - 1)) | ((debug->tar + step) & (TAR_WRAP - 1));
}

static enum sim_debug_answer fault(struct sim_debug *debug)
{
    debug->ctrl_stat |= DP_STICKYERR;
    return SIM_DEBUG_FAULT;
}

/* Narrow data sits in the byte lanes of its address. */
static enum sim_debug_answer data_read(struct sim_debug *debug, uint32_t address, unsigned width,
                                       unsigned n_units, uint32_t *value)
{
    uint8_t lanes[4] = {0};

    address &= ~(width - 1);
    for (unsigned i = 0; i < n_units; i++, address += width)
        if (!debug_bus_read(debug, address, lanes + (address & 3), width))
            return fault(debug);
    *value = rig_get_le32(lanes);
    return SIM_DEBUG_OK;
}

static enum sim_debug_answer data_write(struct sim_debug *debug, uint32_t address, unsigned width,
                                        unsigned n_units, uint32_t value)
{
    uint8_t lanes[4];

    rig_put_le32(lanes, value);
    address &= ~(width - 1);
    for (unsigned i = 0; i < n_units; i++, address += width)
        if (!debug_bus_write(debug, address, lanes + (address & 3), width))
            return fault(debug);
    return SIM_DEBUG_OK;
}

static uint32_t read_ctrl_ap(const struct sim_debug *debug, unsigned address)
{
    switch (address & 0xfc) {
    case 0x0c: /* APPROTECTSTATUS: 0 = enabled */
        return !debug->closed;
    case 0xfc:
        return CTRL_AP_IDR;
    default: /* ERASEALLSTATUS among them: an erase takes no time here */
        return 0;
    }
}

static void write_ctrl_ap(struct sim_debug *debug, unsigned address, uint32_t value)
{
    if ((address & 0xfc) == 0x00 && value == 1)
        debug_core_reset(debug, RESETREAS_SREQ);
    if ((address & 0xfc) != 0x04 || value != 1)
        return;
    debug_nvmc_erase_all(debug);
    debug->closed = false;
}

enum sim_debug_answer sim_debug_read_ap(struct sim_debug *debug, unsigned ap, unsigned address,
                                        uint32_t *value)
{
    enum sim_debug_answer answer = SIM_DEBUG_OK;

    *value = 0;
    if (dead(debug))
        return SIM_DEBUG_DEAD;
    if (ap == CTRL_AP)
        debug->rdbuff = *value = read_ctrl_ap(debug, address);
    /* An access port that is not there, or is closed, reads as zero: its IDR says so. */
    if (ap != 0 || debug->closed)
        return SIM_DEBUG_OK;
    switch (address & 0xfc) {
    case 0x00:
        *value = debug->csw | CSW_DEVICE_ENABLE;
        break;
    case 0x04:
        *value = debug->tar;
        break;
    case 0x0c:
        answer = data_read(debug, debug->tar, width_of(debug->csw), units_of(debug->csw), value);
        if (answer == SIM_DEBUG_OK)
            advance(debug);
        break;
    case 0x10:
    case 0x14:
    case 0x18:
    case 0x1c:
        answer = data_read(debug, (debug->tar & ~0xfu) + (address & 0xc), 4, 1, value);
        break;
    case 0xf8:
        *value = AP_BASE;
        break;
    case 0xfc:
        *value = AP_IDR;
        break;
    default:
        break;
    }
    debug->rdbuff = *value;
    return answer;
}

enum sim_debug_answer sim_debug_write_ap(struct sim_debug *debug, unsigned ap, unsigned address,
                                         uint32_t value)
{
    enum sim_debug_answer answer = SIM_DEBUG_OK;

    if (dead(debug))
        return SIM_DEBUG_DEAD;
    if (ap == CTRL_AP)
        write_ctrl_ap(debug, address, value);
    if (ap != 0 || debug->closed)
        return SIM_DEBUG_OK;
    switch (address & 0xfc) {
    case 0x00:
        debug->csw = value & CSW_WRITABLE;
        break;
    case 0x04:
        debug->tar = value;
        break;
    case 0x0c:
        answer = data_write(debug, debug->tar, width_of(debug->csw), units_of(debug->csw), value);
        if (answer == SIM_DEBUG_OK)
            advance(debug);
        break;
    case 0x10:
    case 0x14:
    case 0x18:
    case 0x1c:
        answer = data_write(debug, (debug->tar & ~0xfu) + (address & 0xc), 4, 1, value);
        break;
    default:
        break;
    }
    return answer;
}

static size_t chunk_of(uint32_t address, size_t n_left)
{
    size_t n_page = DEBUG_PAGE_BYTES - address % DEBUG_PAGE_BYTES;

    return n_left < n_page ? n_left : n_page;
}

enum sim_debug_answer sim_debug_read(struct sim_debug *debug, uint32_t address, unsigned width, uint8_t *into,
                                     size_t n_bytes, uint32_t *stopped_at)
{
    *stopped_at = address;
    if (dead(debug))
        return SIM_DEBUG_DEAD;
    if (debug->closed || address % width || n_bytes % width || n_bytes > UINT32_MAX - address)
        return fault(debug);
    for (size_t done = 0, n; done < n_bytes; done += n) {
        n = chunk_of(address + (uint32_t)done, n_bytes - done);
        *stopped_at = address + (uint32_t)done;
        if (!debug_bus_read(debug, *stopped_at, into + done, n))
            return fault(debug);
    }
    return SIM_DEBUG_OK;
}

enum sim_debug_answer sim_debug_write(struct sim_debug *debug, uint32_t address, unsigned width,
                                      const uint8_t *bytes, size_t n_bytes, uint32_t *stopped_at)
{
    *stopped_at = address;
    if (dead(debug))
        return SIM_DEBUG_DEAD;
    if (debug->closed || address % width || n_bytes % width || n_bytes > UINT32_MAX - address)
        return fault(debug);
    for (size_t done = 0, n; done < n_bytes; done += n) {
        n = chunk_of(address + (uint32_t)done, n_bytes - done);
        *stopped_at = address + (uint32_t)done;
        if (!debug_bus_write(debug, *stopped_at, bytes + done, n))
            return fault(debug);
    }
    return SIM_DEBUG_OK;
}
