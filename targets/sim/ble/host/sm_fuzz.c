/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Hostile pairing PDUs. The first byte chooses what the board can, the rest is a script (fuzz_air.h). */
#include "sim/ble/host/fuzz_air.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
    uint8_t kind = n_bytes > 0 ? bytes[0] : 0;
    struct sim_stack_config config = {.io = (enum sim_stack_io)(kind % 5),
                                      .pairing = (enum sim_stack_pairing)(kind / 5 % 3),
                                      .authenticated = kind & 0x80};
    struct fuzz_air *air = fuzz_air_new(&config, SIM_BLE_ENCRYPTED);

    fuzz_air_connect(air);
    if (n_bytes > 1)
        fuzz_air_script(air, 6, bytes + 1, n_bytes - 1);
    fuzz_air_must_work(air);
    fuzz_air_free(air);
    return 0;
}
