/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The firmware of an nRF5 board with Nordic's legacy bootloader: the bootloader (legacy/) behind the radio,
 * and an application that jumps into it when it is told to. The internal flash is device 0. GLib-free. Facts:
 * [SRC nRF5 SDK 11 components/libraries/bootloader_dfu: dfu_transport_ble.c, dfu_app_handler.c;
 * components/ble/ble_services/ble_dfu]. */
#ifndef SIM_FIRMWARE_NORDIC_NORDIC_LEGACY_H
#define SIM_FIRMWARE_NORDIC_NORDIC_LEGACY_H

#include "sim/board.h"
#include "sim/firmware/application/personality.h"
#include "sim/firmware/nordic/legacy/bootloader.h"

/* Seeded defects of the application's side. */
enum sim_legacy_app_defect {
    SIM_LEGACY_JUMP_STAYS = 1 << 0,        /* start is written, and the application goes on */
    SIM_LEGACY_JUMP_WITHOUT_BOND = 1 << 1, /* nothing is handed over, though it should be */
    SIM_LEGACY_JUMP_NOT_TOLD = 1 << 2,     /* no Service Changed is pending for the bonded centrals */
};
#define SIM_LEGACY_N_APP_DEFECTS 3u
const char *sim_legacy_app_defect_name(unsigned bit); /* "jump-stays", ...; NULL beyond the last */

struct sim_legacy_app_config {
    bool buttonless;         /* it has the DFU service, version 0x0001 */
    bool hands_over;         /* the bond goes to the bootloader through RAM that a reset leaves */
    uint32_t boot_us;        /* from the bootloader's handing over to advertising; 0 = 100000 */
    bool no_service_changed; /* neither it nor the bootloader has the characteristic (SDK 7) */
    uint32_t defects;        /* enum sim_legacy_app_defect */
};

/* Where the bootloader advertises when it was handed nothing. */
enum sim_legacy_place {
    SIM_LEGACY_AT_NEXT_ADDRESS, /* SDK 8 on */
    SIM_LEGACY_AT_SAME_ADDRESS, /* SDK 6, 7: bonded centrals take it for the application */
};

/* The firmware_config of a board whose firmware is sim_nordic_legacy. The account of a boot (struct
 * sim_start) is a struct sim_legacy_start. Bonds are the application's, which keeps them below the
 * bootloader (application.h): an update takes them where no pages are reserved. */
struct sim_nordic_legacy_config {
    struct sim_legacy_config boot;
    struct sim_legacy_app_config app;
    enum sim_legacy_place place;
    uint8_t
        slave_latency; /* of the bootloader: so many connection events it may leave out before it speaks */
    char updater_name[SIM_BLE_NAME_BYTES]; /* by which the bootloader advertises; "" = "DfuTarg" */
};
extern const struct sim_firmware sim_nordic_legacy;

/* All of these but teach(): for a board with this firmware only. */
const struct sim_nordic_legacy_config *sim_nordic_legacy_config_of(const struct sim_board *board);
/* How the application of an image behaves, by the SHA-256 of its bytes, whatever they say; again: the last
 * word counts. Holds until the board is freed. false: no memory, or the board has another firmware. */
bool sim_nordic_legacy_teach(struct sim_board *board, const uint8_t hash[RIG_IMAGE_HASH_BYTES],
                             const struct sim_app_personality *personality);
/* Holds the button that leads into the bootloader at the next reset, or lets go of it. */
void sim_nordic_legacy_hold_button(struct sim_board *board, bool held);

#endif
