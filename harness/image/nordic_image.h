/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What stands in the simulated flash for programs of an nRF5 board that are not run (SoftDevice, bootloader,
 * an application's body) is filler with a seal, by which the simulated chip knows whether all of a program is
 * there. A SoftDevice's info struct is softdevice.h's. GLib-free. */
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

/* Before the seal: the version of an application whose bootloader records none, as a * 10^6 + b * 10^3 + c,
 * least significant byte first; what is larger than any is none. */
#define RIG_NORDIC_VERSION_AT 0x1cu
#define RIG_NORDIC_MAX_VERSION 255999999u

/* Over the n_bytes of an image, which must be final. Shorter ones than RIG_NORDIC_SEALED_MIN_BYTES stay
 * unsealed. */
void rig_nordic_seal(uint8_t *bytes, size_t n_bytes);

enum rig_nordic_seal {
    RIG_NORDIC_UNSEALED, /* no mark: somebody else's image, or nothing; nothing can be said of it */
    RIG_NORDIC_INTACT,
    RIG_NORDIC_DAMAGED, /* its bytes are not those that were sealed, or it reaches beyond room_bytes */
};
/* What the seal says of the image's length. false: there is no seal. */
bool rig_nordic_sealed_length(const struct rig_image_source *source, uint32_t *n_bytes);
/* source: from the image's start; room_bytes: what may belong to it. *n_bytes (NULL: not wanted) is its
 * length when it is intact. */
enum rig_nordic_seal rig_nordic_read_seal(const struct rig_image_source *source, uint32_t room_bytes,
                                          uint32_t *n_bytes);

/* A sealed image that stands for a bootloader; version makes one unlike another. */
void rig_nordic_make_bootloader(uint32_t version, uint64_t seed, uint8_t *bytes, size_t n_bytes);

#endif
