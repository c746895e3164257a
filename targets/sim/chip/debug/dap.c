/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Debug port and AHB access port [SPEC ADIv5.2], and what power does to them. */
#include "sim/chip/debug/internal.h"

#include "base/bytes.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

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
