/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Hostile characters on the JTAG pins: whatever was clocked, the TAP comes back to its IDCODE, and the board
 * steps. */
#include "sim/debug/fixture.h"
#include "sim/debug/jtag.h"

#include <stdlib.h>
#include <string.h>

#define MAX_BYTES 65536u
#define PIECE_BYTES 512u

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes);

static void read_idcode(struct sim_jtag *jtag)
{
    uint32_t idcode = 0;

    for (unsigned i = 0; i < 5; i++) {
        sim_jtag_pins(jtag, false, true, false);
        sim_jtag_pins(jtag, true, true, false);
    }
    for (const char *tms = "0100"; *tms; tms++) {
        sim_jtag_pins(jtag, false, *tms == '1', false);
        sim_jtag_pins(jtag, true, *tms == '1', false);
    }
    for (unsigned i = 0; i < 32; i++) {
        idcode |= (uint32_t)sim_jtag_tdo(jtag) << i;
        sim_jtag_pins(jtag, false, false, false);
        sim_jtag_pins(jtag, true, false, false);
    }
    if (idcode != SIM_DEBUG_JTAG_IDCODE)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
    struct debugged *debugged = debugged_new();
    struct sim_jtag jtag = {.debug = debugged->debug};
    uint8_t reply[PIECE_BYTES];
    enum sim_bitbang_result result = SIM_BITBANG_SERVED;

    if (n_bytes > MAX_BYTES)
        n_bytes = MAX_BYTES;
    while (n_bytes > 0 && result == SIM_BITBANG_SERVED) {
        size_t n = n_bytes < PIECE_BYTES ? n_bytes : PIECE_BYTES, n_reply;

        result = sim_bitbang_take(&jtag, bytes, n, reply, &n_reply);
        if (n_reply > n)
            abort();
        bytes += n;
        n_bytes -= n;
        debugged_run(debugged, 1000);
    }
    read_idcode(&jtag);
    debugged_free(debugged);
    return 0;
}
