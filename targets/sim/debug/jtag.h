/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The debug port as pins: a JTAG TAP with ARM's JTAG-DP behind it, and the characters by which openocd's
 * remote_bitbang moves those pins. An nRF52 has SWD only: this is a model of the port that other parts of its
 * kind have, for the sake of openocd's JTAG path. Bytes in, bytes out: no socket here. GLib-free. Facts:
 * [SPEC IEEE 1149.1 TAP controller, ADIv5.2 chapter B3 JTAG-DP], [SRC openocd
 * src/jtag/drivers/remote_bitbang.c at 0.12.0] */
#ifndef SIM_DEBUG_JTAG_H
#define SIM_DEBUG_JTAG_H

#include "sim/debug/debug.h"

#define SIM_JTAG_IR_BITS 4u

enum sim_tap_state {
    SIM_TAP_RESET,
    SIM_TAP_IDLE,
    SIM_TAP_SELECT_DR,
    SIM_TAP_CAPTURE_DR,
    SIM_TAP_SHIFT_DR,
    SIM_TAP_EXIT1_DR,
    SIM_TAP_PAUSE_DR,
    SIM_TAP_EXIT2_DR,
    SIM_TAP_UPDATE_DR,
    SIM_TAP_SELECT_IR,
    SIM_TAP_CAPTURE_IR,
    SIM_TAP_SHIFT_IR,
    SIM_TAP_EXIT1_IR,
    SIM_TAP_PAUSE_IR,
    SIM_TAP_EXIT2_IR,
    SIM_TAP_UPDATE_IR,
    SIM_N_TAP_STATES
};

/* One adapter's pins. Zero it, then set debug. */
struct sim_jtag {
    struct sim_debug *debug; /* borrowed */
    enum sim_tap_state state;
    bool tck;
    uint8_t ir;       /* instruction in force */
    uint64_t shift;   /* of the register between TDI and TDO, least significant bit next */
    unsigned n_shift; /* its length */
    uint32_t result;  /* of the read before, as the next scan captures it */
};

/* A level on the pins; what counts is the rise of TCK. */
void sim_jtag_pins(struct sim_jtag *jtag, bool tck, bool tms, bool tdi);
/* The level of TDO; high on a board without power, where nobody drives it. */
bool sim_jtag_tdo(const struct sim_jtag *jtag);
void sim_jtag_reset_tap(struct sim_jtag *jtag);

enum sim_bitbang_result {
    SIM_BITBANG_SERVED,
    SIM_BITBANG_QUIT,   /* the adapter says goodbye */
    SIM_BITBANG_BROKEN, /* a character that the protocol does not have: hang up */
};
/* Characters of remote_bitbang; *n_reply of reply (room for n_bytes) are to be sent, also with QUIT and
 * BROKEN. */
enum sim_bitbang_result sim_bitbang_take(struct sim_jtag *jtag, const uint8_t *bytes, size_t n_bytes,
                                         uint8_t *reply, size_t *n_reply);

#endif
