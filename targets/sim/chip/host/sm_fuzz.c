/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Hostile pairing PDUs. The first byte chooses what the board can, the rest is a script (fuzz_air.h). */
#include "sim/chip/host/fuzz_air.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
    uint8_t kind = n_bytes > 0 ? bytes[0] : 0;
    bool authenticated = kind & 0x80;
    struct sim_stack_config config = {0};
    struct sim_ble_pairing pairing = {.io = (enum sim_ble_io)(kind % 5),
                                      .kind = (enum sim_ble_pairing_kind)(kind / 5 % 3),
                                      .refuses_just_works = authenticated,
                                      .user = kind & 0x40 ? SIM_BLE_USER_AGREES : SIM_BLE_USER_NOBODY};
    struct fuzz_air *air =
        fuzz_air_new(&config, authenticated ? SIM_BLE_AUTHENTICATED : SIM_BLE_ENCRYPTED, &pairing);

    fuzz_air_connect(air);
    if (n_bytes > 1)
        fuzz_air_script(air, 6, bytes + 1, n_bytes - 1);
    fuzz_air_must_work(air);
    fuzz_air_free(air);
    return 0;
}
