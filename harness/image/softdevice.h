/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The info structure by which a Nordic SoftDevice tells what it is, and filler that carries one: bytes of no
 * meaning for simulated boards and packages to try with. GLib-free, no I/O. Facts: [SRC nRF5 SDK 17.0.2
 * components/softdevice/s132/headers/nrf_sdm.h]. */
#ifndef RIG_IMAGE_SOFTDEVICE_H
#define RIG_IMAGE_SOFTDEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RIG_SOFTDEVICE_AT 0x1000u      /* in flash: behind the MBR */
#define RIG_SOFTDEVICE_INFO_AT 0x2000u /* from its own start */
#define RIG_SOFTDEVICE_INFO_BYTES 0x18u
#define RIG_SOFTDEVICE_MAGIC 0x51b1e5dbu

struct rig_softdevice {
    uint32_t flash_bytes; /* the info's size field: counts from address 0, MBR included */
    uint16_t firmware_id; /* what sd_req of init packets lists: 0x0101 is S132 7.2.0 */
    uint32_t id;          /* 132, 140, ... */
    uint32_t version;     /* major * 1000000 + minor * 1000 + fix */
};

/* false: no magic number there. A structure that says to be too short for them has id and version 0. [SRC
 * nRF5 SDK 17.0.2 components/libraries/bootloader/nrf_bootloader_info.h] */
bool rig_softdevice_decode(const uint8_t info[RIG_SOFTDEVICE_INFO_BYTES], struct rig_softdevice *softdevice);
void rig_softdevice_encode(const struct rig_softdevice *softdevice, uint8_t info[RIG_SOFTDEVICE_INFO_BYTES]);

/* Filler of n_bytes that depend on the id alone, with the info structure in its place and a
 * seal (nordic_image.h) on it. false: too short for
 * it, or more than flash_bytes says. */
bool rig_softdevice_fill(const struct rig_softdevice *softdevice, uint8_t *bytes, size_t n_bytes);

/* A published SoftDevice: figures alone. */
struct rig_known_softdevice {
    const char *name; /* "s132-7.2.0" */
    struct rig_softdevice figures;
    uint32_t file_bytes;
};
/* "none", then the names of all, then NULL. */
extern const char *const rig_softdevice_choices[];
/* NULL: not known. */
const struct rig_known_softdevice *rig_softdevice_by_name(const char *name);
const struct rig_known_softdevice *rig_softdevice_by_firmware_id(uint16_t firmware_id);

#endif
