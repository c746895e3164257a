/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Hostile ATT PDUs. The first byte chooses the board, the rest is a script (fuzz_air.h). */
#include "sim/chip/host/fuzz_air.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
    uint8_t kind = n_bytes > 0 ? bytes[0] : 0;
    struct sim_stack_config config = {.no_service_changed = kind & 1, .table_moves = kind & 2};
    enum sim_ble_security security = !(kind & 8) ? SIM_BLE_OPEN
                                     : kind & 4  ? SIM_BLE_AUTHENTICATED
                                                 : SIM_BLE_ENCRYPTED;
    struct fuzz_air *air =
        fuzz_air_new(&config, security, &(struct sim_ble_pairing){.refuses_just_works = kind & 4});

    air->softdevice = kind & 0x10;
    if (kind & 0x20) /* an updater with a bond that it was handed */
        sim_ble_start(&air->ble,
                      &(struct sim_ble_advertiser){.without_bonds = true,
                                                   .has_handed_bond = true,
                                                   .handed = {.used = true, .wants_changes = true}});
    fuzz_air_connect(air);
    if (n_bytes > 1)
        fuzz_air_script(air, 4, bytes + 1, n_bytes - 1);
    fuzz_air_must_work(air);
    fuzz_air_free(air);
    return 0;
}
