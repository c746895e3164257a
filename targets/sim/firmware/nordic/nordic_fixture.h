/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the tests of nRF5 boards share: an nRF52832 with S132 7.2.0, an application in bank 0, its settings.
 */
#ifndef SIM_FIRMWARE_NORDIC_NORDIC_FIXTURE_H
#define SIM_FIRMWARE_NORDIC_NORDIC_FIXTURE_H

#include "sim/firmware/nordic/nordic_secure.h"

#define NORDIC_APPLICATION_AT 0x26000u
#define NORDIC_APPLICATION_BYTES 0x5100u

struct nordic_set_up {
    struct sim_nordic_secure_config secure; /* as nordic_usual() gives it */
    struct sim_ble_config ble;
    bool blank; /* nothing in the flash at all */
    struct sim_app_personality personality;
};
/* Example bootloader, buttonless service without bonds, 15 ms. */
struct nordic_set_up nordic_usual(void);
/* Powered off. */
struct sim_board *nordic_board(const struct nordic_set_up *set_up);
/* Into bank 0, with settings and their backup; version is the firmware's number. */
void nordic_program(struct sim_board *board, const struct sim_app_personality *personality, uint32_t version);
void nordic_run(struct sim_board *board, uint64_t for_us);
/* On, and until it advertises. */
void nordic_start(struct sim_board *board);

#endif
