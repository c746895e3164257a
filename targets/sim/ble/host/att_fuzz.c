/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Hostile ATT PDUs. The first byte chooses the board, the rest is a script (fuzz_air.h). */
#include "sim/ble/host/fuzz_air.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
    uint8_t kind = n_bytes > 0 ? bytes[0] : 0;
    struct sim_stack_config config = {.io = SIM_STACK_NO_IO,
                                      .no_service_changed = kind & 1,
                                      .table_moves = kind & 2,
                                      .authenticated = kind & 4};
    struct fuzz_air *air = fuzz_air_new(&config, kind & 8 ? SIM_BLE_ENCRYPTED : SIM_BLE_OPEN);

    fuzz_air_connect(air);
    if (n_bytes > 1)
        fuzz_air_script(air, 4, bytes + 1, n_bytes - 1);
    fuzz_air_must_work(air);
    fuzz_air_free(air);
    return 0;
}
