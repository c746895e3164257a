/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What stands in the simulated flash for programs of an nRF5 board that are not run: a SoftDevice, a
 * bootloader, an application's body. Filler bytes; a SoftDevice with the info struct that bootloaders read; a
 * seal by which the simulated chip knows whether all of a program is there. No byte is Nordic's. GLib-free.
 * [SRC nRF5 SDK components/softdevice/s132/headers/nrf_sdm.h: info struct] */
#ifndef RIG_IMAGE_NORDIC_IMAGE_H
#define RIG_IMAGE_NORDIC_IMAGE_H

#include "image/mcuboot.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A seal stands at this offset of an image: a mark, the image's length, a CRC-32 over all but the seal. */
#define RIG_NORDIC_SEAL_AT 0x20u
#define RIG_NORDIC_SEAL_BYTES 16u
#define RIG_NORDIC_SEALED_MIN_BYTES (RIG_NORDIC_SEAL_AT + RIG_NORDIC_SEAL_BYTES)

/* Over the n_bytes of an image, which must be final. Shorter ones than RIG_NORDIC_SEALED_MIN_BYTES stay
 * unsealed. */
void rig_nordic_seal(uint8_t *bytes, size_t n_bytes);

enum rig_nordic_seal {
    RIG_NORDIC_UNSEALED, /* no mark: somebody else's image, or nothing; nothing can be said of it */
    RIG_NORDIC_INTACT,
    RIG_NORDIC_DAMAGED, /* its bytes are not those that were sealed, or it reaches beyond room_bytes */
};
/* source: from the image's start; room_bytes: what may belong to it. *n_bytes (NULL: not wanted) is its
 * length when it is intact. */
enum rig_nordic_seal rig_nordic_read_seal(const struct rig_image_source *source, uint32_t room_bytes,
                                          uint32_t *n_bytes);

/* --- SoftDevice --- */

/* Of the info struct, from the start of the SoftDevice's file, which lies at 0x1000 in flash. */
#define RIG_SOFTDEVICE_BASE 0x1000u
#define RIG_SOFTDEVICE_INFO_AT 0x2000u
#define RIG_SOFTDEVICE_MAGIC 0x51b1e5dbu
/* The shortest that holds its info struct. */
#define RIG_SOFTDEVICE_MIN_BYTES (RIG_SOFTDEVICE_INFO_AT + 0x18u)

struct rig_softdevice {
    uint32_t size;    /* as its info struct tells: from address 0, so the end of the region that it takes */
    uint16_t id;      /* firmware id: what sd_req of init packets names */
    uint32_t version; /* major * 10^6 + minor * 10^3 + fix; of SoftDevices for nRF51 0: they do not tell it */
};
/* A sealed image of n_bytes (RIG_SOFTDEVICE_MIN_BYTES at least). The same arguments give the same bytes. */
void rig_softdevice_make(const struct rig_softdevice *softdevice, uint64_t seed, uint8_t *bytes,
                         size_t n_bytes);
/* source: from the start of the SoftDevice's file or of its place in flash. false: no magic there. */
bool rig_softdevice_read(const struct rig_image_source *source, struct rig_softdevice *softdevice);

/* A sealed image that stands for a bootloader; version makes one unlike another. */
void rig_nordic_make_bootloader(uint32_t version, uint64_t seed, uint8_t *bytes, size_t n_bytes);

#endif
