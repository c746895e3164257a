/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The application of a simulated nRF5 board, whichever of Nordic's bootloaders started it: what runs from
 * bank 0, its start, and the bond that it hands to a bootloader. GLib-free. */
#ifndef SIM_FIRMWARE_NORDIC_APPLICATION_H
#define SIM_FIRMWARE_NORDIC_APPLICATION_H

#include "image/nordic_settings.h"
#include "sim/firmware/application/personality.h"

/* What stands in bank 0. */
struct sim_nordic_running {
    bool has_image;
    bool intact; /* its seal is not broken; one without a seal counts as intact */
    struct sim_app_personality personality;
    struct rig_image_version version;
    uint8_t hash[RIG_IMAGE_HASH_BYTES]; /* SHA-256 of its bytes */
};
/* Where it is, as the bootloader's settings say. */
struct sim_nordic_bank_0 {
    bool valid; /* the settings say that there is an application */
    uint32_t at;
    uint32_t n_bytes;
    uint32_t firmware_version; /* major * 10^6 + minor * 10^3 + revision */
};

/* Hashes of images by what the flash says of their bytes: they cost more than all else. Changes no result.
 * Zeroed at first. */
#define SIM_NORDIC_HASHES 16u
struct sim_nordic_hashes {
    struct sim_nordic_hash {
        uint64_t key[2];
        uint32_t n_bytes; /* 0: unused */
        bool intact;
        uint8_t hash[RIG_IMAGE_HASH_BYTES];
    } entries[SIM_NORDIC_HASHES];
    unsigned next;
};
/* As a probe sees it, without power too. An application whose first word is erased is none. */
void sim_nordic_look(const struct sim_nordic_bank_0 *bank, const struct sim_flash *flash,
                     struct sim_nordic_hashes *memo, struct sim_nordic_running *running);
void sim_nordic_fill_view(const struct sim_nordic_running *running, struct sim_image_view *view);

/* The application starts: tells its version, advertises, sets the timer of its self-test. false: it crashed,
 * for what is there is no application that runs. */
bool sim_nordic_start(struct sim_chip *chip, const struct sim_nordic_running *running,
                      unsigned self_test_timer);

/* --- bonds --- */

/* The application keeps its bonds in the last three pages below the bootloader. What erases or overwrites the
 * first of them takes the bonds: an update does where no pages are reserved for application data. Only a mark
 * stands there; the bonds themselves are the radio's. */
#define SIM_NORDIC_BOND_PAGES 3u
/* At the application's start: bonds that are not in the flash any more, or never were, are gone. */
void sim_nordic_load_bonds(struct sim_chip *chip, uint32_t bootloader_at, uint32_t page_bytes);
/* Some time after a pairing. An application that reaches into these pages, as far as the bootloader's record
 * of it says, has no place for bonds: nothing is stored then. */
void sim_nordic_store_bonds(struct sim_chip *chip, const struct sim_nordic_bank_0 *application,
                            uint32_t bootloader_at, uint32_t page_bytes);

/* The bond with the connected central, as both kinds of hand-over carry it. false: there is none. */
bool sim_nordic_take_peer(const struct sim_chip *chip, struct rig_nordic_peer *peer);
/* How a bootloader that was handed this bond advertises: at its own address, for that peer. */
void sim_nordic_advertiser_for(const struct rig_nordic_peer *peer, struct sim_ble_advertiser *advertiser);

#endif
