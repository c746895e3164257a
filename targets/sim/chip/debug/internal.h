/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Insides of the debug port, for the files of this folder only. */
#ifndef SIM_DEBUG_INTERNAL_H
#define SIM_DEBUG_INTERNAL_H

#include "sim/chip/debug/debug.h"

#define DEBUG_PAGE_BYTES 4096u
#define DEBUG_RAM_AT 0x20000000u
#define DEBUG_RAM_BYTES (256u * 1024)
#define DEBUG_N_CORE_REGISTERS 128u
#define DEBUG_N_BREAKPOINTS 8u
#define DEBUG_N_WATCHPOINTS 4u

struct debug_core {
    bool halted;
    bool reset_seen; /* S_RESET_ST */
    bool in_application;
    uint32_t dhcsr; /* C_ bits */
    uint32_t demcr;
    uint32_t dcrdr;
    uint32_t dfsr;
    uint32_t vtor;
    uint32_t cpacr;
    uint32_t fp_ctrl;
    uint32_t fp_comp[DEBUG_N_BREAKPOINTS];
    uint32_t dwt[3 * DEBUG_N_WATCHPOINTS + DEBUG_N_WATCHPOINTS];
    uint32_t registers[DEBUG_N_CORE_REGISTERS];
};

struct debug_nvmc {
    uint32_t config;
};

struct sim_debug {
    struct sim_board *board;
    bool powered;  /* as last noticed */
    bool lingers;  /* powered, though the board is not any more */
    bool held;     /* nRESET is low */
    uint32_t part; /* FICR INFO.PART */
    enum sim_debug_lock lock;
    bool closed; /* AP 0 */
    uint32_t resetreas;
    uint32_t n_samples; /* of the program counter */
    uint32_t ctrl_stat;
    uint32_t select;
    uint32_t rdbuff;
    uint32_t csw;
    uint32_t tar;
    struct debug_core core;
    struct debug_nvmc nvmc;
    uint8_t uicr[DEBUG_PAGE_BYTES];
    uint32_t n_ram_used; /* beyond it RAM is zero: what a power loss has to clear, and a copy to take along */
    uint8_t ram[DEBUG_RAM_BYTES];
};

#define DP_STICKYERR (1u << 5)
#define RESETREAS_PIN (1u << 0)
#define RESETREAS_SREQ (1u << 2)

/* core.c: the private peripheral bus; whole words. false: nothing is there. */
bool debug_core_read(struct sim_debug *debug, uint32_t address, uint32_t *value);
bool debug_core_write(struct sim_debug *debug, uint32_t address, uint32_t value);
void debug_core_power_on(struct debug_core *core);
/* A system reset, requested by the debugger or the pin. */
void debug_core_reset(struct sim_debug *debug, uint32_t reason);

/* RAM was written up to this offset. */
static inline void debug_ram_touched(struct sim_debug *debug, uint32_t end)
{
    if (end > debug->n_ram_used)
        debug->n_ram_used = end;
}

#endif
