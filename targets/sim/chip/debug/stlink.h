/* SPDX-License-Identifier: GPL-3.0-or-later */
/* An ST-LINK/V2 behind the TCP protocol of stlink-server, as openocd's `st-link backend tcp` speaks it. Bytes
 * in, bytes out: no socket here. GLib-free. Facts: [SRC openocd src/jtag/drivers/stlink_usb.c at 0.12.0],
 * [CAP openocd 0.12.0]. */
#ifndef SIM_DEBUG_STLINK_H
#define SIM_DEBUG_STLINK_H

#include "sim/chip/debug/debug.h"

#define SIM_STLINK_MAX_PAYLOAD 8192u
#define SIM_STLINK_MAX_REQUEST (32u + SIM_STLINK_MAX_PAYLOAD)
#define SIM_STLINK_MAX_REPLY (4u + SIM_STLINK_MAX_PAYLOAD)
#define SIM_STLINK_SERIAL "SIM000000000000000000001" /* 24 characters, as real ones */

/* One client's session. Zero it, then set debug. */
struct sim_stlink {
    struct sim_debug *debug; /* borrowed */
    bool entered;            /* debug mode */
    uint8_t last_status;     /* of the last memory access */
    uint32_t fault_address;
};

enum sim_stlink_result {
    SIM_STLINK_INCOMPLETE, /* nothing was done: come back with more bytes */
    SIM_STLINK_ANSWERED,   /* *n_used bytes were one request; send *n_reply bytes (may be none) */
    SIM_STLINK_BROKEN,     /* no such protocol: hang up */
};
/* One request from the start of bytes. A request is at most SIM_STLINK_MAX_REQUEST long; more than that never
 * is INCOMPLETE. */
enum sim_stlink_result sim_stlink_take(struct sim_stlink *link, const uint8_t *bytes, size_t n_bytes,
                                       size_t *n_used, uint8_t reply[SIM_STLINK_MAX_REPLY], size_t *n_reply);

#endif
