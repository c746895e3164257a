/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A flash with SoftDevice, bootloader and application, and an update into it, for the tests. */
#ifndef SIM_NORDIC_LEGACY_FIXTURE_H
#define SIM_NORDIC_LEGACY_FIXTURE_H

#include "sim/firmware/nordic/legacy/bootloader.h"

struct legacy_board {
    struct sim_legacy_config config;
    struct sim_flash *flash;
    struct sim_legacy state;
    struct sim_legacy_retained retained;
    struct sim_legacy_start start;
    uint64_t now_us;
    uint64_t n_flash_operations; /* of the call that was drained last */
};

/* softdevice_end: where it says that it ends; an application of 20000 bytes that the settings call valid.
 * page_bytes 1024: an nRF51 of 256 KiB, else an nRF52832. */
void legacy_board_make(struct legacy_board *board, uint32_t page_bytes, uint32_t softdevice_end);
void legacy_board_free(struct legacy_board *board);

void legacy_board_boot(struct legacy_board *board);
/* Booted into its updater, a central is there. */
void legacy_board_wait(struct legacy_board *board);
/* Sealed filler; free() it. */
uint8_t *legacy_image(uint32_t seed, uint32_t n_bytes);
uint8_t *legacy_softdevice(uint32_t flash_bytes, uint16_t firmware_id, uint32_t n_bytes);

/* Writes, and what is answered by then, the flash being ready: "10 01 01, 11 c8 00 00 00", "" for nothing. */
const char *legacy_control(struct legacy_board *board, const char *hex, char text[200]);
const char *legacy_packet(struct legacy_board *board, const void *bytes, size_t n_bytes, char text[200]);

struct legacy_sizes {
    uint8_t mode;
    uint32_t softdevice, bootloader, application;
};
/* A whole transfer up to a validation that is asserted to be good. */
void legacy_transfer(struct legacy_board *board, const struct legacy_sizes *sizes, const uint8_t *image);
/* ... and its activation, until the board resets, or the power goes. false: it went. */
bool legacy_activate(struct legacy_board *board);

/* Whole: intact under its seal. */
bool legacy_is_whole(const struct legacy_board *board, uint32_t at, uint32_t n_bytes);

/* The length of the program there; 0: it is not whole. */
uint32_t legacy_whole_bytes(const struct legacy_board *board, uint32_t at);

#endif
