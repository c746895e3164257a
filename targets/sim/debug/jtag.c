/* SPDX-License-Identifier: GPL-3.0-or-later */
/* TAP controller and JTAG-DP. */
#include "sim/debug/jtag.h"

#include "sim/debug/internal.h"

#define IR_ABORT 0x8u
#define IR_DPACC 0xau
#define IR_APACC 0xbu
#define IR_IDCODE 0xeu
#define IR_CAPTURE 0x1u
#define ACC_BITS 35u
#define ACK_OK_OR_FAULT 2u
#define DAP_ABORT (1u << 0)

/* Where TMS 0 and 1 lead to. */
static const uint8_t next_state[SIM_N_TAP_STATES][2] = {
    [SIM_TAP_RESET] = {SIM_TAP_IDLE, SIM_TAP_RESET},
    [SIM_TAP_IDLE] = {SIM_TAP_IDLE, SIM_TAP_SELECT_DR},
    [SIM_TAP_SELECT_DR] = {SIM_TAP_CAPTURE_DR, SIM_TAP_SELECT_IR},
    [SIM_TAP_CAPTURE_DR] = {SIM_TAP_SHIFT_DR, SIM_TAP_EXIT1_DR},
    [SIM_TAP_SHIFT_DR] = {SIM_TAP_SHIFT_DR, SIM_TAP_EXIT1_DR},
    [SIM_TAP_EXIT1_DR] = {SIM_TAP_PAUSE_DR, SIM_TAP_UPDATE_DR},
    [SIM_TAP_PAUSE_DR] = {SIM_TAP_PAUSE_DR, SIM_TAP_EXIT2_DR},
    [SIM_TAP_EXIT2_DR] = {SIM_TAP_SHIFT_DR, SIM_TAP_UPDATE_DR},
    [SIM_TAP_UPDATE_DR] = {SIM_TAP_IDLE, SIM_TAP_SELECT_DR},
    [SIM_TAP_SELECT_IR] = {SIM_TAP_CAPTURE_IR, SIM_TAP_RESET},
    [SIM_TAP_CAPTURE_IR] = {SIM_TAP_SHIFT_IR, SIM_TAP_EXIT1_IR},
    [SIM_TAP_SHIFT_IR] = {SIM_TAP_SHIFT_IR, SIM_TAP_EXIT1_IR},
    [SIM_TAP_EXIT1_IR] = {SIM_TAP_PAUSE_IR, SIM_TAP_UPDATE_IR},
    [SIM_TAP_PAUSE_IR] = {SIM_TAP_PAUSE_IR, SIM_TAP_EXIT2_IR},
    [SIM_TAP_EXIT2_IR] = {SIM_TAP_SHIFT_IR, SIM_TAP_UPDATE_IR},
    [SIM_TAP_UPDATE_IR] = {SIM_TAP_IDLE, SIM_TAP_SELECT_DR},
};

void sim_jtag_reset_tap(struct sim_jtag *jtag)
{
    jtag->state = SIM_TAP_RESET;
    jtag->ir = IR_IDCODE;
    jtag->shift = 0;
    jtag->n_shift = 1;
}

static bool is_dead(const struct sim_jtag *jtag)
{
    return sim_debug_vtref_mv(jtag->debug) == 0;
}

/* What no instruction asks for is BYPASS: one bit, 0. */
static void capture_dr(struct sim_jtag *jtag)
{
    switch (jtag->ir) {
    case IR_IDCODE:
        jtag->shift = SIM_DEBUG_JTAG_IDCODE;
        jtag->n_shift = 32;
        break;
    case IR_DPACC:
    case IR_APACC:
        jtag->shift = (uint64_t)jtag->result << 3 | ACK_OK_OR_FAULT;
        jtag->n_shift = ACC_BITS;
        break;
    case IR_ABORT:
        jtag->shift = 0;
        jtag->n_shift = ACC_BITS;
        break;
    default:
        jtag->shift = 0;
        jtag->n_shift = 1;
        break;
    }
}

/* An answer that is not OK leaves its mark in CTRL/STAT, where the debugger looks for it. */
static void access_dp(struct sim_jtag *jtag, unsigned address, uint32_t value, bool read)
{
    if (read && address != 0)
        (void)sim_debug_read_dp(jtag->debug, address, &jtag->result);
    else if (read)
        jtag->result = 0; /* the JTAG-DP has no register there */
    else if (address != 0)
        (void)sim_debug_write_dp(jtag->debug, address, value);
}

static void access_ap(struct sim_jtag *jtag, unsigned address, uint32_t value, bool read)
{
    uint32_t select = jtag->debug->select;
    unsigned full = (select & 0xf0) | address;

    if (jtag->debug->ctrl_stat & DP_STICKYERR)
        return; /* nothing goes through until it is cleared */
    if (read)
        (void)sim_debug_read_ap(jtag->debug, select >> 24, full, &jtag->result);
    else
        (void)sim_debug_write_ap(jtag->debug, select >> 24, full, value);
}

static void update_dr(struct sim_jtag *jtag)
{
    uint32_t value = (uint32_t)(jtag->shift >> 3);
    unsigned address = (unsigned)(jtag->shift >> 1 & 3) << 2;
    bool read = jtag->shift & 1;

    switch (jtag->ir) {
    case IR_DPACC:
        access_dp(jtag, address, value, read);
        break;
    case IR_APACC:
        access_ap(jtag, address, value, read);
        break;
    case IR_ABORT: /* no transaction ever hangs here, so there is nothing to abort but a sticky error */
        if (value & DAP_ABORT)
            (void)sim_debug_write_dp(jtag->debug, 0, 1u << 2);
        break;
    default:
        break;
    }
}

static void shift(struct sim_jtag *jtag, bool tdi)
{
    jtag->shift = jtag->shift >> 1 | (uint64_t)tdi << (jtag->n_shift - 1);
}

/* On a rise of TCK the state that is left acts, and TMS tells the next one. */
static void clock(struct sim_jtag *jtag, bool tms, bool tdi)
{
    if (jtag->state == SIM_TAP_SHIFT_DR || jtag->state == SIM_TAP_SHIFT_IR)
        shift(jtag, tdi);
    jtag->state = (enum sim_tap_state)next_state[jtag->state][tms];
    if (jtag->state == SIM_TAP_RESET) {
        sim_jtag_reset_tap(jtag);
    } else if (jtag->state == SIM_TAP_CAPTURE_DR) {
        capture_dr(jtag);
    } else if (jtag->state == SIM_TAP_CAPTURE_IR) {
        jtag->shift = IR_CAPTURE;
        jtag->n_shift = SIM_JTAG_IR_BITS;
    } else if (jtag->state == SIM_TAP_UPDATE_IR) {
        jtag->ir = jtag->shift & ((1u << SIM_JTAG_IR_BITS) - 1);
    } else if (jtag->state == SIM_TAP_UPDATE_DR) {
        update_dr(jtag);
    }
}

void sim_jtag_pins(struct sim_jtag *jtag, bool tck, bool tms, bool tdi)
{
    bool rises = tck && !jtag->tck;

    jtag->tck = tck;
    if (jtag->n_shift == 0 || is_dead(jtag))
        sim_jtag_reset_tap(jtag);
    if (rises && !is_dead(jtag))
        clock(jtag, tms, tdi);
}

bool sim_jtag_tdo(const struct sim_jtag *jtag)
{
    return is_dead(jtag) || jtag->shift & 1;
}

enum sim_bitbang_result sim_bitbang_take(struct sim_jtag *jtag, const uint8_t *bytes, size_t n_bytes,
                                         uint8_t *reply, size_t *n_reply)
{
    *n_reply = 0;
    for (size_t i = 0; i < n_bytes; i++) {
        uint8_t c = bytes[i];

        if (c >= '0' && c <= '7') {
            sim_jtag_pins(jtag, c & 4, c & 2, c & 1);
        } else if (c == 'R') {
            reply[(*n_reply)++] = sim_jtag_tdo(jtag) ? '1' : '0';
        } else if (c >= 'r' && c <= 'u') { /* bit 1: TRST, bit 0: SRST; both low when set */
            if ((c - 'r') & 2)
                sim_jtag_reset_tap(jtag);
            sim_debug_pin_reset(jtag->debug, (c - 'r') & 1);
        } else if (c == 'Q') {
            return SIM_BITBANG_QUIT;
        } else if (c != 'B' && c != 'b') { /* a lamp */
            return SIM_BITBANG_BROKEN;
        }
    }
    return SIM_BITBANG_SERVED;
}
