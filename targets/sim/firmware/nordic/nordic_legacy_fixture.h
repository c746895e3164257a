/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the tests of boards with the legacy bootloader share: an nRF51 with S130, an application in bank 0,
 * its settings. */
#ifndef SIM_FIRMWARE_NORDIC_NORDIC_LEGACY_FIXTURE_H
#define SIM_FIRMWARE_NORDIC_NORDIC_LEGACY_FIXTURE_H

#include "sim/firmware/nordic/nordic_legacy.h"

#define LEGACY_APPLICATION_AT 0x1b000u
#define LEGACY_APPLICATION_BYTES 0x2100u

struct legacy_set_up {
    struct sim_nordic_legacy_config legacy; /* as legacy_usual() gives it */
    struct sim_ble_config ble;
    bool blank; /* no application, no settings */
};
/* SDK 11, dual bank, an application that hands its bond over; 15 ms. */
struct legacy_set_up legacy_usual(void);
/* Powered off. */
struct sim_board *legacy_board(const struct legacy_set_up *set_up);

#endif
