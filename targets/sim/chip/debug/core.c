/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The core as its debug registers show it: halt, resume, reset, register transfer, breakpoint units that
 * store and never fire. */
#include "sim/chip/debug/internal.h"

#include <string.h>

#define CSW_DEFAULT 0x23000042u
#define DHCSR_KEY 0xa05fu
#define C_DEBUGEN (1u << 0)
#define C_HALT (1u << 1)
#define C_STEP (1u << 2)
#define C_BITS 0x2fu
#define S_REGRDY (1u << 16)
#define S_HALT (1u << 17)
#define S_RETIRE (1u << 24)
#define S_RESET_ST (1u << 25)
#define VC_CORERESET (1u << 0)
#define DFSR_HALTED (1u << 0)
#define DFSR_VCATCH (1u << 3)
#define AIRCR_KEY 0x05fau
#define AIRCR_KEY_READ 0xfa05u
#define AIRCR_SYSRESETREQ (1u << 2)
#define DCRSR_WRITE (1u << 16)
#define REGISTER_PC 15u
#define REGISTER_XPSR 16u
#define THUMB (1u << 24)
#define FP_CTRL_FIXED 0x260u /* six code, two literal comparators */
#define DWT_CTRL_FIXED 0x40000000u

static const struct {
    uint32_t address;
    uint32_t value;
} constants[] = {
    {0xe000e004, 1},          /* ICTR: 64 interrupt lines */
    {0xe000ed00, 0x410fc241}, /* CPUID: Cortex-M4 r0p1 */
    {0xe000ef40, 0x10110021}, /* MVFR0 */
    {0xe000ef44, 0x11000011}, /* MVFR1 */
    {0xe00ff000, 0xfff0f003}, /* ROM table: SCS, DWT, FPB, ITM */
    {0xe00ff004, 0xfff02003}, {0xe00ff008, 0xfff03003}, {0xe00ff00c, 0xfff01003},
    {0xe00fffcc, 1},    /* system memory is on this bus */
    {0xe00fffd0, 0x02}, /* peripheral identity: part 008, designer Nordic */
    {0xe00fffe0, 0x08},       {0xe00fffe4, 0x40},       {0xe00fffe8, 0x0c},
    {0xe00ffff0, 0x0d},       {0xe00ffff4, 0x10},       {0xe00ffff8, 0x05},
    {0xe00ffffc, 0xb1},
};

void debug_core_power_on(struct debug_core *core)
{
    memset(core, 0, sizeof *core);
    core->fp_ctrl = FP_CTRL_FIXED;
    core->reset_seen = true;
}

static uint32_t slot0_offset(const struct sim_debug *debug)
{
    return sim_board_code(debug->board).application_at;
}

uint32_t sim_debug_pc(struct sim_debug *debug)
{
    bool stuck = sim_board_view(debug->board).state == SIM_BOARD_HUNG;
    uint32_t base = debug->core.in_application ? slot0_offset(debug) + 0x200
                                               : sim_board_code(debug->board).bootloader_at + 0x100;

    return base + (stuck ? 0x80 : 2 * (debug->n_samples++ % 32));
}

static void enter_halt(struct sim_debug *debug, uint32_t why)
{
    struct debug_core *core = &debug->core;

    core->halted = true;
    core->dfsr |= why;
    core->registers[REGISTER_PC] = sim_debug_pc(debug) & ~1u;
    core->registers[REGISTER_XPSR] |= THUMB;
}

void debug_core_reset(struct sim_debug *debug, uint32_t reason)
{
    struct debug_core *core = &debug->core;
    bool caught = (core->dhcsr & C_DEBUGEN) && (core->demcr & VC_CORERESET);

    debug->resetreas |= reason;
    debug->nvmc.config = 0;
    core->reset_seen = true;
    core->halted = core->in_application = false;
    core->dhcsr &= C_DEBUGEN;
    core->vtor = core->cpacr = 0;
    memset(core->registers, 0, sizeof core->registers);
    sim_board_reset(debug->board);
    if (caught)
        enter_halt(debug, DFSR_VCATCH);
}

void sim_debug_saw_boot(struct sim_debug *debug, bool application)
{
    debug->core.reset_seen = true;
    debug->core.in_application = application;
    if (debug->core.in_application && debug->lock == SIM_DEBUG_LOCK_FIRMWARE_OPENS)
        debug->closed = false;
}

bool sim_debug_halted(const struct sim_debug *debug)
{
    return debug->core.halted;
}

bool sim_debug_stopped(const struct sim_debug *debug)
{
    return debug->core.halted || debug->held;
}

static uint32_t read_dhcsr(struct sim_debug *debug)
{
    struct debug_core *core = &debug->core;
    uint32_t value = core->dhcsr | S_REGRDY;

    if (core->halted)
        value |= S_HALT;
    else if (!debug->held)
        value |= S_RETIRE;
    if (core->reset_seen || debug->held)
        value |= S_RESET_ST;
    core->reset_seen = false;
    return value;
}

static void write_dhcsr(struct sim_debug *debug, uint32_t value)
{
    struct debug_core *core = &debug->core;

    if (value >> 16 != DHCSR_KEY)
        return;
    core->dhcsr = value & C_BITS;
    if (!(core->dhcsr & C_DEBUGEN)) {
        core->halted = false;
        core->dhcsr = 0;
    } else if (core->dhcsr & C_HALT) {
        if (!core->halted)
            enter_halt(debug, DFSR_HALTED);
    } else if (core->dhcsr & C_STEP && core->halted) {
        /* One instruction of a core that is not emulated: the program counter moves, the core is halted
         * again. */
        core->registers[REGISTER_PC] += 2;
        core->dfsr |= DFSR_HALTED;
    } else {
        core->halted = false;
    }
}

static void transfer_register(struct sim_debug *debug, uint32_t dcrsr)
{
    uint32_t *place = &debug->core.registers[dcrsr & (DEBUG_N_CORE_REGISTERS - 1)];

    if (!debug->core.halted)
        return;
    if (dcrsr & DCRSR_WRITE)
        *place = debug->core.dcrdr;
    else
        debug->core.dcrdr = *place;
}

static uint32_t *stored_word(struct debug_core *core, uint32_t address)
{
    if (address >= 0xe0002008 && address < 0xe0002008 + 4 * DEBUG_N_BREAKPOINTS)
        return &core->fp_comp[(address - 0xe0002008) / 4];
    if (address >= 0xe0001020 && address < 0xe0001020 + 16 * DEBUG_N_WATCHPOINTS)
        return &core->dwt[(address - 0xe0001020) / 4];
    switch (address) {
    case 0xe000ed08:
        return &core->vtor;
    case 0xe000ed88:
        return &core->cpacr;
    case 0xe000edf8:
        return &core->dcrdr;
    case 0xe000edfc:
        return &core->demcr;
    default:
        return NULL;
    }
}

bool debug_core_read(struct sim_debug *debug, uint32_t address, uint32_t *value)
{
    const uint32_t *word = stored_word(&debug->core, address);

    *value = word ? *word : 0;
    for (size_t i = 0; i < sizeof constants / sizeof *constants; i++)
        if (constants[i].address == address)
            *value = constants[i].value;
    switch (address) {
    case 0xe000edf0:
        *value = read_dhcsr(debug);
        break;
    case 0xe000ed0c:
        *value = AIRCR_KEY_READ << 16;
        break;
    case 0xe000ed30:
        *value = debug->core.dfsr;
        break;
    case 0xe0002000:
        *value = debug->core.fp_ctrl;
        break;
    case 0xe0001000:
        *value = DWT_CTRL_FIXED;
        break;
    case 0xe000101c:
        *value = sim_debug_stopped(debug) ? 0xffffffffu : sim_debug_pc(debug);
        break;
    default:
        break;
    }
    return true;
}

bool debug_core_write(struct sim_debug *debug, uint32_t address, uint32_t value)
{
    uint32_t *word = stored_word(&debug->core, address);

    if (word)
        *word = value;
    switch (address) {
    case 0xe000edf0:
        write_dhcsr(debug, value);
        break;
    case 0xe000edf4:
        transfer_register(debug, value);
        break;
    case 0xe000ed0c:
        if (value >> 16 == AIRCR_KEY && value & AIRCR_SYSRESETREQ)
            debug_core_reset(debug, RESETREAS_SREQ);
        break;
    case 0xe000ed30:
        debug->core.dfsr &= ~value;
        break;
    case 0xe0002000:
        if (value & 2)
            debug->core.fp_ctrl = FP_CTRL_FIXED | (value & 1);
        break;
    default:
        break;
    }
    return true;
}

void sim_debug_halt(struct sim_debug *debug)
{
    sim_debug_notice(debug);
    if (debug->powered)
        write_dhcsr(debug, DHCSR_KEY << 16 | C_DEBUGEN | C_HALT);
}

void sim_debug_resume(struct sim_debug *debug)
{
    sim_debug_notice(debug);
    if (debug->powered)
        write_dhcsr(debug, DHCSR_KEY << 16 | C_DEBUGEN);
}

void sim_debug_reset(struct sim_debug *debug, bool halt)
{
    uint32_t demcr = debug->core.demcr;

    sim_debug_notice(debug);
    if (!debug->powered)
        return;
    debug->core.dhcsr |= C_DEBUGEN;
    debug->core.demcr = halt ? demcr | VC_CORERESET : demcr & ~VC_CORERESET;
    debug_core_reset(debug, RESETREAS_PIN);
    debug->core.demcr = demcr;
}

/* --- power --- */

static void wake(struct sim_debug *debug)
{
    debug_core_power_on(&debug->core);
    debug->nvmc.config = 0;
    debug->resetreas = 0;
    debug->ctrl_stat = debug->select = debug->rdbuff = debug->tar = 0;
    debug->csw = CSW_DEFAULT;
    debug->closed = debug->lock != SIM_DEBUG_LOCK_NONE;
    memset(debug->ram, 0, debug->n_ram_used);
    debug->n_ram_used = 0;
}

static bool has_power(const struct sim_debug *debug)
{
    return debug->lingers || sim_board_powered(debug->board);
}

void sim_debug_linger(struct sim_debug *debug, bool on)
{
    debug->lingers = on && debug->powered;
}

void sim_debug_notice(struct sim_debug *debug)
{
    bool powered = has_power(debug);

    if (powered != debug->powered)
        wake(debug);
    debug->powered = powered;
}

uint32_t sim_debug_vtref_mv(const struct sim_debug *debug)
{
    return has_power(debug) ? 3000 : 0;
}
