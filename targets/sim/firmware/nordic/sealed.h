/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whether all of a program is there, by the seal on it (image/nordic_image.h). A chip runs what it finds; the
 * simulated one runs no code, so it looks whether a copy was cut before it says that a SoftDevice, a
 * bootloader or an application runs. GLib-free. */
#ifndef SIM_FIRMWARE_NORDIC_SEALED_H
#define SIM_FIRMWARE_NORDIC_SEALED_H

#include "image/nordic_image.h"
#include "sim/chip/flash/flash.h"

/* What was found before, by the contents of the flash; zeroed at first. It changes nothing but speed. */
#define SIM_NORDIC_SEAL_MEMO_ENTRIES 64u
struct sim_nordic_seal_memo {
    struct {
        uint64_t key[2];
        uint32_t at, n_bytes;
        bool intact;
    } entries[SIM_NORDIC_SEAL_MEMO_ENTRIES];
    unsigned next;
};

/* Of the program at `at` in the internal flash, of which room_bytes may be its own. memo: NULL: none. */
enum rig_nordic_seal sim_nordic_seal_at(const struct sim_flash *flash, uint32_t at, uint32_t room_bytes,
                                        struct sim_nordic_seal_memo *memo);

/* The length that the seal there tells, if it is no more than room_bytes. false: there is no such seal. */
bool sim_nordic_sealed_bytes(const struct sim_flash *flash, uint32_t at, uint32_t room_bytes,
                             uint32_t *n_bytes);

#endif
