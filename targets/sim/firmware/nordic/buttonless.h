/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The buttonless service of an application whose bootloader is Nordic's secure one: three kinds, their
 * requests and results. It decides; what the flash and the radio have to do is done by who serves it.
 * GLib-free. Facts: [SRC nRF5 SDK 12.1 components/ble/ble_services/ble_dfu/ble_dfu.c; SDK 17
 * ble_dfu_bonded.c, ble_dfu_unbonded.c, ble_dfu.c]. */
#ifndef SIM_FIRMWARE_NORDIC_BUTTONLESS_H
#define SIM_FIRMWARE_NORDIC_BUTTONLESS_H

#include "image/nordic_settings.h"
#include "sim/firmware/firmware.h"

enum sim_buttonless_kind {
    SIM_BUTTONLESS_NONE,
    SIM_BUTTONLESS_WITHOUT_BONDS, /* 8EC90003 */
    SIM_BUTTONLESS_WITH_BONDS,    /* 8EC90004 */
    SIM_BUTTONLESS_EXPERIMENTAL,  /* 8E400001, SDK 12: enters by the settings page */
};
/* "none", "without-bonds", "with-bonds", "experimental" */
const char *sim_buttonless_kind_name(enum sim_buttonless_kind kind);

/* Seeded defects of the application's side. */
enum sim_buttonless_defect {
    SIM_BUTTONLESS_STAYS = 1 << 0,           /* answers success, and the application goes on */
    SIM_BUTTONLESS_SILENT = 1 << 1,          /* resets into the bootloader without an answer */
    SIM_BUTTONLESS_IGNORES = 1 << 2,         /* neither answers nor resets */
    SIM_BUTTONLESS_CHANGE_NOT_TOLD = 1 << 3, /* no Service Changed is pending for the bonded centrals */
    SIM_BUTTONLESS_WRONG_PEER = 1 << 4,      /* hands over another key than the bond's */
};
#define SIM_BUTTONLESS_N_DEFECTS 5
const char *sim_buttonless_defect_name(unsigned bit); /* "buttonless-stays", ...; NULL beyond the last */

/* RAM of the application: gone with a reset. */
struct sim_buttonless {
    uint8_t job;          /* of buttonless.c: the flash is at work for it */
    bool waits_for_reset; /* the next confirmation leads into the bootloader */
    uint8_t n_name;
    uint8_t name[RIG_NORDIC_MAX_NAME_BYTES];
    struct rig_nordic_peer peer;
};

/* What has to happen now. */
enum sim_buttonless_wish {
    SIM_BUTTONLESS_NOTHING,
    SIM_BUTTONLESS_HAND_OVER_PEER,    /* state->peer to the settings page; then sim_buttonless_flash_done() */
    SIM_BUTTONLESS_HAND_OVER_NAME,    /* state->name, likewise */
    SIM_BUTTONLESS_MARK_SETTINGS,     /* enter_buttonless in the settings page, likewise */
    SIM_BUTTONLESS_ENTER,             /* GPREGRET is set, the link dropped, the chip reset */
    SIM_BUTTONLESS_ENTER_BY_SETTINGS, /* likewise without GPREGRET */
};

/* The one service with its characteristic, number 0; none for SIM_BUTTONLESS_NONE. demand: what the radio's
 * settings demand; the kind with bonds demands encryption at least, unless open_anyway (a seeded defect). */
void sim_buttonless_services(enum sim_buttonless_kind kind, enum sim_ble_security demand, bool open_anyway,
                             struct sim_gatt_services *services);
/* A write to it. Answers over the radio; the wishes for the flash are done when the flash gets to it, not
 * before the write is answered. false and *error: the ATT error. */
bool sim_buttonless_write(struct sim_buttonless *state, enum sim_buttonless_kind kind, uint32_t defects,
                          struct sim_chip *chip, const uint8_t *bytes, size_t n_bytes,
                          enum sim_buttonless_wish *wish, uint8_t *error);
/* The flash did it, or did not. */
enum sim_buttonless_wish sim_buttonless_flash_done(struct sim_buttonless *state, uint32_t defects,
                                                   struct sim_chip *chip, bool success);

#endif
