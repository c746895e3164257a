/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Hostile bytes on the debug port: any sequence of requests leaves a board that steps and a port that
 * answers. */
#include "sim/chip/debug/fixture.h"
#include "sim/chip/debug/stlink.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
    struct debugged *debugged = debugged_new();
    struct sim_stlink link = {.debug = debugged->debug};
    uint8_t reply[SIM_STLINK_MAX_REPLY];
    size_t n_used, n_reply;
    enum sim_stlink_result result = SIM_STLINK_ANSWERED;

    while (n_bytes > 0 && result == SIM_STLINK_ANSWERED) {
        result = sim_stlink_take(&link, bytes, n_bytes, &n_used, reply, &n_reply);
        if (n_used > n_bytes || n_reply > sizeof reply || (result == SIM_STLINK_ANSWERED && n_used == 0))
            abort();
        bytes += n_used;
        n_bytes -= n_used;
        debugged_run(debugged, 1000);
    }
    result = sim_stlink_take(&link, (const uint8_t *)"\1", 1, &n_used, reply, &n_reply);
    if (result != SIM_STLINK_ANSWERED || n_reply != 4)
        abort();
    debugged_free(debugged);
    return 0;
}
