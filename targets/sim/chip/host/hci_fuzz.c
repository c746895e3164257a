/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Hostile bytes from the controller: packets, events, L2CAP frames in pieces. The first byte: is there a
 * link? */
#include "sim/chip/host/fuzz_air.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
    struct sim_stack_config config = {.virtual_controller = n_bytes > 0 && bytes[0] & 2};
    struct fuzz_air *air = fuzz_air_new(&config, SIM_BLE_OPEN, &(struct sim_ble_pairing){0});

    if (n_bytes > 0 && bytes[0] & 1)
        fuzz_air_connect(air);
    for (size_t at = 1; at < n_bytes; at += 61) {
        sim_stack_receive(air->stack, air->now_us, bytes + at, n_bytes - at < 61 ? n_bytes - at : 61);
        fuzz_air_run(air, 1000);
    }
    fuzz_air_must_work(air);
    fuzz_air_free(air);
    return 0;
}
