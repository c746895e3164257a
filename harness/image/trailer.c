/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The MCUboot slot trailer: field offsets, decoding, the swap decision table, status records in words. */
#include "image/trailer.h"

#include "base/bytes.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define MAX_SECTORS_LIMIT 65536u
#define SWAP_INFO_TYPE(byte) ((byte)&0x0fu)
#define SWAP_INFO_IMAGE(byte) ((byte) >> 4)

static const char *const mode_names[] = {
    [RIG_SWAP_MOVE] = "move",
    [RIG_SWAP_SCRATCH] = "scratch",
    [RIG_SWAP_OFFSET] = "offset",
    [RIG_SWAP_OVERWRITE] = "overwrite",
    [RIG_SWAP_DIRECT_XIP] = "direct-xip",
    [RIG_SWAP_DIRECT_XIP_REVERT] = "direct-xip-revert",
    [RIG_SWAP_RAM_LOAD] = "ram-load",
    [RIG_SWAP_RAM_LOAD_REVERT] = "ram-load-revert",
    [RIG_SWAP_SINGLE] = "single",
};
#define N_MODES (sizeof mode_names / sizeof mode_names[0])

const char *rig_swap_mode_name(enum rig_swap_mode mode)
{
    return (size_t)mode < N_MODES ? mode_names[mode] : "unknown";
}

bool rig_swap_mode_from_name(const char *name, enum rig_swap_mode *mode)
{
    for (size_t i = 0; i < N_MODES; i++) {
        if (strcmp(name, mode_names[i]) == 0) {
            *mode = (enum rig_swap_mode)i;
            return true;
        }
    }
    return false;
}

const char *rig_swap_type_name(enum rig_swap_type type)
{
    switch (type) {
    case RIG_SWAP_TYPE_NONE:
        return "none";
    case RIG_SWAP_TYPE_TEST:
        return "test";
    case RIG_SWAP_TYPE_PERM:
        return "permanent";
    case RIG_SWAP_TYPE_REVERT:
        return "revert";
    case RIG_SWAP_TYPE_FAIL:
        return "fail";
    case RIG_SWAP_TYPE_PANIC:
        return "panic";
    }
    return "unknown";
}

const char *rig_trailer_magic_name(enum rig_trailer_magic magic)
{
    switch (magic) {
    case RIG_MAGIC_UNSET:
        return "unset";
    case RIG_MAGIC_GOOD:
        return "good";
    case RIG_MAGIC_BAD:
        return "bad";
    }
    return "unknown";
}

const char *rig_trailer_flag_name(enum rig_trailer_flag flag)
{
    switch (flag) {
    case RIG_FLAG_UNSET:
        return "unset";
    case RIG_FLAG_SET:
        return "set";
    case RIG_FLAG_BAD:
        return "bad";
    }
    return "unknown";
}

static bool is_power_of_two(uint32_t value)
{
    return value != 0 && (value & (value - 1)) == 0;
}

#define MAX_KEY_BYTES 1024u /* a whole TLV of a wrapped key, with MCUBOOT_SWAP_SAVE_ENCTLV */

static bool geometry_is_sound(const struct rig_trailer_geometry *geometry)
{
    return (size_t)geometry->mode < N_MODES && is_power_of_two(geometry->write_bytes) &&
           is_power_of_two(geometry->max_align) && geometry->max_align >= 8 && geometry->max_align <= 32 &&
           geometry->write_bytes <= geometry->max_align && geometry->max_sectors > 0 &&
           geometry->max_sectors <= MAX_SECTORS_LIMIT && geometry->key_bytes <= MAX_KEY_BYTES &&
           geometry->slot_bytes % geometry->write_bytes == 0;
}

static uint32_t trailer_bytes(const struct rig_trailer_geometry *geometry, uint32_t states)
{
    uint32_t n_fields = geometry->mode == RIG_SWAP_OFFSET ? 5 : 4;
    uint32_t magic_bytes = rig_round_up(RIG_TRAILER_MAGIC_BYTES, geometry->max_align);
    return geometry->max_sectors * states * geometry->write_bytes + n_fields * geometry->max_align +
           magic_bytes + 2 * rig_round_up(geometry->key_bytes, geometry->max_align);
}

bool rig_trailer_layout(const struct rig_trailer_geometry *geometry, struct rig_trailer_layout *layout)
{
    memset(layout, 0, sizeof *layout);
    if (!geometry_is_sound(geometry)) {
        return false;
    }
    uint32_t align = geometry->max_align;
    layout->states = geometry->mode == RIG_SWAP_OFFSET ? 2 : 3;
    if (geometry->mode == RIG_SWAP_SINGLE) {
        layout->states = 0;
    }
    layout->n_bytes = trailer_bytes(geometry, layout->states);
    if (layout->n_bytes > geometry->slot_bytes) {
        return false;
    }
    layout->magic = geometry->slot_bytes - RIG_TRAILER_MAGIC_BYTES;
    layout->image_ok = rig_round_down(layout->magic - align, align);
    layout->copy_done = layout->image_ok - align;
    layout->swap_info = layout->copy_done - align;
    uint32_t last = layout->swap_info;
    if (geometry->mode == RIG_SWAP_OFFSET) {
        last -= align;
        layout->tlv_sizes = last;
    }
    layout->swap_size = last - align;
    if (geometry->key_bytes > 0) {
        layout->keys = layout->swap_size - 2 * rig_round_up(geometry->key_bytes, align);
    }
    layout->status = geometry->slot_bytes - layout->n_bytes;
    return true;
}

void rig_trailer_magic(uint32_t max_align, uint8_t magic[RIG_TRAILER_MAGIC_BYTES])
{
    static const uint8_t of_align_8[RIG_TRAILER_MAGIC_BYTES] = {
        0x77, 0xc2, 0x95, 0xf3, 0x60, 0xd2, 0xef, 0x7f, 0x35, 0x52, 0x50, 0x0f, 0x2c, 0xb6, 0x79, 0x80};
    static const uint8_t of_other[RIG_TRAILER_MAGIC_BYTES - 2] = {0x2d, 0xe1, 0x5d, 0x29, 0x41, 0x0b, 0x8d,
                                                                  0x77, 0x67, 0x9c, 0x11, 0x0f, 0x1f, 0x8a};
    if (max_align == 8) {
        memcpy(magic, of_align_8, sizeof of_align_8);
        return;
    }
    rig_put_le16(magic, (uint16_t)max_align);
    memcpy(magic + 2, of_other, sizeof of_other);
}

static bool all_erased(const uint8_t *bytes, size_t n_bytes, uint8_t erased)
{
    for (size_t i = 0; i < n_bytes; i++) {
        if (bytes[i] != erased) {
            return false;
        }
    }
    return true;
}

static bool decode_magic(const struct rig_trailer_geometry *geometry, const struct rig_image_source *slot,
                         uint32_t at, enum rig_trailer_magic *magic)
{
    uint8_t seen[RIG_TRAILER_MAGIC_BYTES];
    uint8_t good[RIG_TRAILER_MAGIC_BYTES];
    if (!slot->read(slot->user, at, seen, sizeof seen)) {
        return false;
    }
    rig_trailer_magic(geometry->max_align, good);
    if (all_erased(seen, sizeof seen, geometry->erased)) {
        *magic = RIG_MAGIC_UNSET;
    } else {
        *magic = memcmp(seen, good, sizeof good) == 0 ? RIG_MAGIC_GOOD : RIG_MAGIC_BAD;
    }
    return true;
}

static bool decode_flag(uint8_t erased, const struct rig_image_source *slot, uint32_t at,
                        enum rig_trailer_flag *flag)
{
    uint8_t seen;
    if (!slot->read(slot->user, at, &seen, 1)) {
        return false;
    }
    if (seen == erased) {
        *flag = RIG_FLAG_UNSET;
    } else {
        *flag = seen == 1 ? RIG_FLAG_SET : RIG_FLAG_BAD;
    }
    return true;
}

static bool decode_swap_info(uint8_t erased, const struct rig_image_source *slot, uint32_t at,
                             struct rig_trailer *trailer)
{
    uint8_t seen;
    if (!slot->read(slot->user, at, &seen, 1)) {
        return false;
    }
    trailer->swap_info_erased = seen == erased;
    trailer->swap_type = RIG_SWAP_TYPE_NONE;
    unsigned type = SWAP_INFO_TYPE(seen);
    if (!trailer->swap_info_erased && type >= RIG_SWAP_TYPE_NONE && type <= RIG_SWAP_TYPE_REVERT) {
        trailer->swap_type = (enum rig_swap_type)type;
    }
    /* Type 0 is nowhere written; bootutil keeps the image number with it and drops it only above the known
     * types. */
    if (!trailer->swap_info_erased && type <= RIG_SWAP_TYPE_REVERT) {
        trailer->image = (uint8_t)SWAP_INFO_IMAGE(seen);
    }
    return true;
}

static bool decode_swap_size(uint8_t erased, const struct rig_image_source *slot, uint32_t at,
                             struct rig_trailer *trailer)
{
    uint8_t seen[4];
    if (!slot->read(slot->user, at, seen, sizeof seen)) {
        return false;
    }
    trailer->swap_size_erased = all_erased(seen, sizeof seen, erased);
    trailer->swap_size = rig_get_le32(seen);
    return true;
}

static void count_record(struct rig_trailer *trailer, uint32_t position)
{
    if (trailer->n_status_used > 0 && trailer->last_status + 1 != position) {
        trailer->status_has_gap = true;
    }
    trailer->n_status_used++;
    trailer->last_status = position;
}

/* A record counts as used by its first byte alone, as in swap_read_status_bytes(). */
static bool decode_status(const struct rig_trailer_geometry *geometry, const struct rig_image_source *slot,
                          const struct rig_trailer_layout *layout, struct rig_trailer *trailer)
{
    uint8_t chunk[1024];
    uint32_t n_bytes = geometry->max_sectors * layout->states * geometry->write_bytes;
    for (uint32_t done = 0; done < n_bytes;) {
        uint32_t n_now = n_bytes - done < sizeof chunk ? n_bytes - done : (uint32_t)sizeof chunk;
        if (!slot->read(slot->user, layout->status + done, chunk, n_now)) {
            return false;
        }
        for (uint32_t at = 0; at < n_now; at += geometry->write_bytes) {
            if (chunk[at] != geometry->erased) {
                count_record(trailer, (done + at) / geometry->write_bytes + 1);
            }
        }
        done += n_now;
    }
    return true;
}

bool rig_trailer_decode_state(const struct rig_trailer_geometry *geometry, const struct rig_image_source *slot,
                              struct rig_trailer *trailer)
{
    struct rig_trailer_layout layout;
    memset(trailer, 0, sizeof *trailer);
    trailer->swap_type = RIG_SWAP_TYPE_NONE;
    if (!rig_trailer_layout(geometry, &layout) || slot->n_bytes < geometry->slot_bytes) {
        return false;
    }
    return decode_magic(geometry, slot, layout.magic, &trailer->magic) &&
           decode_flag(geometry->erased, slot, layout.image_ok, &trailer->image_ok) &&
           decode_flag(geometry->erased, slot, layout.copy_done, &trailer->copy_done) &&
           decode_swap_info(geometry->erased, slot, layout.swap_info, trailer);
}

bool rig_trailer_decode(const struct rig_trailer_geometry *geometry, const struct rig_image_source *slot,
                        struct rig_trailer *trailer)
{
    struct rig_trailer_layout layout;
    return rig_trailer_decode_state(geometry, slot, trailer) && rig_trailer_layout(geometry, &layout) &&
           decode_swap_size(geometry->erased, slot, layout.swap_size, trailer) &&
           decode_status(geometry, slot, &layout, trailer);
}

static void move_text(const struct rig_trailer_geometry *geometry, uint32_t last, char *text)
{
    uint32_t n_moves = geometry->max_sectors;
    if (last < n_moves) {
        snprintf(text, RIG_TRAILER_STATUS_TEXT_BYTES, "moved %" PRIu32 " of ? sectors", last);
    } else {
        snprintf(text, RIG_TRAILER_STATUS_TEXT_BYTES, "swapping sector %" PRIu32 ", state %" PRIu32,
                 (last - n_moves) / 2, (last - n_moves) % 2 + 1);
    }
}

void rig_trailer_status_text(const struct rig_trailer_geometry *geometry, const struct rig_trailer *trailer,
                             char text[RIG_TRAILER_STATUS_TEXT_BYTES])
{
    uint32_t last = trailer->last_status;
    if (trailer->n_status_used == 0) {
        snprintf(text, RIG_TRAILER_STATUS_TEXT_BYTES, "nothing started");
        return;
    }
    switch (geometry->mode) {
    case RIG_SWAP_MOVE:
        move_text(geometry, last, text);
        return;
    case RIG_SWAP_OFFSET:
        snprintf(text, RIG_TRAILER_STATUS_TEXT_BYTES, "swapping step %" PRIu32 ", state %" PRIu32, last / 2,
                 last % 2 + 1);
        return;
    case RIG_SWAP_SCRATCH:
        snprintf(text, RIG_TRAILER_STATUS_TEXT_BYTES, "swapping step %" PRIu32 ", state %" PRIu32 "%s",
                 last / 3, last % 3 + 1, trailer->status_has_gap ? " (records with a gap)" : "");
        return;
    case RIG_SWAP_OVERWRITE:
    case RIG_SWAP_DIRECT_XIP:
    case RIG_SWAP_DIRECT_XIP_REVERT:
    case RIG_SWAP_RAM_LOAD:
    case RIG_SWAP_RAM_LOAD_REVERT:
    case RIG_SWAP_SINGLE:
        break;
    }
    snprintf(text, RIG_TRAILER_STATUS_TEXT_BYTES, "%" PRIu32 " stray records", trailer->n_status_used);
}

enum rig_swap_type rig_trailer_decide(enum rig_swap_mode mode, const struct rig_trailer *primary,
                                      const struct rig_trailer *secondary)
{
    if (!rig_swap_mode_moves_images(mode)) {
        return RIG_SWAP_TYPE_NONE;
    }
    if (secondary->magic == RIG_MAGIC_GOOD) {
        if (mode == RIG_SWAP_OFFSET && secondary->image_ok == RIG_FLAG_UNSET &&
            secondary->copy_done == RIG_FLAG_SET) {
            return RIG_SWAP_TYPE_REVERT;
        }
        if (secondary->image_ok == RIG_FLAG_UNSET) {
            return RIG_SWAP_TYPE_TEST;
        }
        if (secondary->image_ok == RIG_FLAG_SET) {
            return RIG_SWAP_TYPE_PERM;
        }
    }
    if (primary->magic == RIG_MAGIC_GOOD && primary->image_ok == RIG_FLAG_UNSET &&
        primary->copy_done == RIG_FLAG_SET) {
        return RIG_SWAP_TYPE_REVERT;
    }
    return RIG_SWAP_TYPE_NONE;
}
