/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The firmware of an nRF5 board with Nordic's secure bootloader: the bootloader (secure/) behind the radio,
 * and an application with a buttonless service. The internal flash is device 0. GLib-free. */
#ifndef SIM_FIRMWARE_NORDIC_NORDIC_SECURE_H
#define SIM_FIRMWARE_NORDIC_NORDIC_SECURE_H

#include "sim/board.h"
#include "sim/firmware/application/personality.h"
#include "sim/firmware/nordic/buttonless.h"
#include "sim/firmware/nordic/secure/secure.h"

struct sim_nordic_app_config {
    enum sim_buttonless_kind buttonless;
    uint32_t boot_us;        /* from the bootloader's handing over to advertising; 0 = 100000 */
    bool no_service_changed; /* the application has no such characteristic */
    uint32_t defects;        /* enum sim_buttonless_defect */
};

/* The firmware_config of a board whose firmware is sim_nordic_secure. The account of a boot (struct
 * sim_start) is a struct sim_secure_start. */
struct sim_nordic_secure_config {
    struct sim_secure_config boot; /* the key must outlive the board */
    struct sim_nordic_app_config app;
    bool updater_no_service_changed;       /* nor has the bootloader, which has it where bonds are required */
    char updater_name[SIM_BLE_NAME_BYTES]; /* by which the bootloader advertises; "" = "DfuTarg" */
};
extern const struct sim_firmware sim_nordic_secure;

/* All of these but teach(): for a board with this firmware only. */
const struct sim_nordic_secure_config *sim_nordic_secure_config_of(const struct sim_board *board);
/* How the application of an image behaves, by the SHA-256 of its bytes, whatever they say; again: the last
 * word counts. Holds until the board is freed. false: no memory, or the board has another firmware. */
bool sim_nordic_secure_teach(struct sim_board *board, const uint8_t hash[RIG_IMAGE_HASH_BYTES],
                             const struct sim_app_personality *personality);
/* Holds the button that leads into the bootloader at the next reset, or lets go of it. */
void sim_nordic_secure_hold_button(struct sim_board *board, bool held);
/* The registers that a reset keeps, as a debugger finds them; written by it, too. */
struct sim_nordic_retained sim_nordic_secure_retained(const struct sim_board *board);
void sim_nordic_secure_set_gpregret(struct sim_board *board, uint8_t gpregret, uint8_t gpregret2);

#endif
