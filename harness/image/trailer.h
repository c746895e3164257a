/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The MCUboot slot trailer: where each field lies, and what bytes mean. GLib-free, shared by the simulated
 * bootloader, the flash expectations of scenarios and reports, so that a trailer read over a probe is decoded
 * by the same code. Facts: [SRC mcu-tools/mcuboot boot/bootutil/src/bootutil_misc.h, bootutil_area.c,
 * bootutil_public.c]. */
#ifndef RIG_IMAGE_TRAILER_H
#define RIG_IMAGE_TRAILER_H

#include "image/mcuboot.h"

enum rig_swap_mode {
    RIG_SWAP_MOVE,
    RIG_SWAP_SCRATCH,
    RIG_SWAP_OFFSET,
    RIG_SWAP_OVERWRITE,
    /* The modes below move nothing between slots. */
    RIG_SWAP_DIRECT_XIP,        /* MCUBOOT_DIRECT_XIP: the newest image runs where it is */
    RIG_SWAP_DIRECT_XIP_REVERT, /* ..., and MCUBOOT_DIRECT_XIP_REVERT: once, until it is confirmed */
    RIG_SWAP_RAM_LOAD,          /* MCUBOOT_RAM_LOAD: the newest image is copied to RAM and runs there */
    RIG_SWAP_RAM_LOAD_REVERT,   /* ..., and MCUBOOT_RAM_LOAD_REVERT */
    RIG_SWAP_SINGLE,            /* MCUBOOT_SINGLE_APPLICATION_SLOT: there is slot 0 only */
};
/* "move", "scratch", "offset", "overwrite", "direct-xip", "direct-xip-revert", "ram-load", "ram-load-revert",
 * "single" */
const char *rig_swap_mode_name(enum rig_swap_mode mode);
bool rig_swap_mode_from_name(const char *name, enum rig_swap_mode *mode);
/* Whether the bootloader brings images from slot 1 to slot 0. */
static inline bool rig_swap_mode_moves_images(enum rig_swap_mode mode)
{
    return mode <= RIG_SWAP_OVERWRITE;
}
/* Whether it chooses one of two equal slots, by version. */
static inline bool rig_swap_mode_chooses_slot(enum rig_swap_mode mode)
{
    return mode >= RIG_SWAP_DIRECT_XIP && mode <= RIG_SWAP_RAM_LOAD_REVERT;
}
static inline bool rig_swap_mode_loads_ram(enum rig_swap_mode mode)
{
    return mode == RIG_SWAP_RAM_LOAD || mode == RIG_SWAP_RAM_LOAD_REVERT;
}
/* Whether an image of one of two equal slots starts by its trailer only, and once until it is confirmed. */
static inline bool rig_swap_mode_starts_by_trailer(enum rig_swap_mode mode)
{
    return mode == RIG_SWAP_DIRECT_XIP_REVERT || mode == RIG_SWAP_RAM_LOAD_REVERT;
}
/* Whether an image that is never confirmed gives way to the one before it. */
static inline bool rig_swap_mode_reverts(enum rig_swap_mode mode)
{
    return mode <= RIG_SWAP_OFFSET || rig_swap_mode_starts_by_trailer(mode);
}

enum rig_swap_type { /* codes as in flash and in bootutil_public.h */
                     RIG_SWAP_TYPE_NONE = 1,
                     RIG_SWAP_TYPE_TEST = 2,
                     RIG_SWAP_TYPE_PERM = 3,
                     RIG_SWAP_TYPE_REVERT = 4,
                     RIG_SWAP_TYPE_FAIL = 5,
                     RIG_SWAP_TYPE_PANIC = 0xff,
};
const char *
rig_swap_type_name(enum rig_swap_type type); /* "none", "test", "permanent", "revert", "fail", "panic" */

enum rig_trailer_magic { RIG_MAGIC_UNSET, RIG_MAGIC_GOOD, RIG_MAGIC_BAD };
enum rig_trailer_flag { RIG_FLAG_UNSET, RIG_FLAG_SET, RIG_FLAG_BAD };
const char *rig_trailer_magic_name(enum rig_trailer_magic magic); /* "unset", "good", "bad" */
const char *rig_trailer_flag_name(enum rig_trailer_flag flag);    /* "unset", "set", "bad" */

struct rig_trailer_geometry {
    enum rig_swap_mode mode;
    uint32_t slot_bytes;  /* the area whose end the trailer ends at */
    uint32_t write_bytes; /* WA: write alignment of the flash */
    uint32_t max_align;   /* MA: BOOT_MAX_ALIGN, 8..32 */
    uint32_t max_sectors; /* N: BOOT_MAX_IMG_SECTORS; 1 for the scratch area's own trailer */
    uint32_t key_bytes;   /* of each of the two image keys, before rounding up; 0: built without encryption */
    uint8_t erased;       /* 0xff or 0x00 */
};

/* Offsets from the start of the slot. */
struct rig_trailer_layout {
    uint32_t magic; /* of the 16 magic bytes */
    uint32_t image_ok;
    uint32_t copy_done;
    uint32_t swap_info;
    uint32_t tlv_sizes; /* swap-offset only, else 0 */
    uint32_t swap_size;
    uint32_t keys;    /* the lower of the two image keys; 0: there are none */
    uint32_t status;  /* first swap status record; also the trailer's start */
    uint32_t n_bytes; /* of the whole trailer */
    uint32_t states;  /* records per sector: 3, or 2 for offset */
};
/* false when the geometry cannot hold a trailer. */
bool rig_trailer_layout(const struct rig_trailer_geometry *geometry, struct rig_trailer_layout *layout);

#define RIG_TRAILER_MAGIC_BYTES 16
void rig_trailer_magic(uint32_t max_align, uint8_t magic[RIG_TRAILER_MAGIC_BYTES]);

struct rig_trailer {
    enum rig_trailer_magic magic;
    enum rig_trailer_flag image_ok;
    enum rig_trailer_flag copy_done;
    enum rig_swap_type swap_type; /* from swap_info */
    uint8_t image;                /* image number, high nibble of swap_info */
    bool swap_info_erased;
    bool swap_size_erased;
    uint32_t swap_size;
    uint32_t n_status_used; /* records that are not erased */
    uint32_t last_status;   /* 1-based position of the last used record, 0 = none */
    bool status_has_gap;    /* erased records between used ones */
};
/* source: the slot; false when it cannot be read. */
bool rig_trailer_decode(const struct rig_trailer_geometry *geometry, const struct rig_image_source *slot,
                        struct rig_trailer *trailer);

/* Magic, flags and swap_info alone, of which nothing else is read: bootutil's boot_read_swap_state(). */
bool rig_trailer_decode_state(const struct rig_trailer_geometry *geometry, const struct rig_image_source *slot,
                              struct rig_trailer *trailer);

/* The status records in words: "moved 3 of ? sectors", "swapping sector 2, state 1", "nothing started".
 * Bounded, NUL-terminated. */
#define RIG_TRAILER_STATUS_TEXT_BYTES 96
void rig_trailer_status_text(const struct rig_trailer_geometry *geometry, const struct rig_trailer *trailer,
                             char text[RIG_TRAILER_STATUS_TEXT_BYTES]);

/* Decision table 3.1 of the reference sheet: what the bootloader would do at the next boot, no swap being in
 * progress. */
enum rig_swap_type rig_trailer_decide(enum rig_swap_mode mode, const struct rig_trailer *primary,
                                      const struct rig_trailer *secondary);

#endif
