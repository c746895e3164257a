/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Filler programs of an nRF5 board, and the seals on them. */
#include "image/nordic_image.h"

#include "base/bytes.h"
#include "image/nordic_settings.h"

#include <string.h>

static const uint8_t mark[8] = {'r', 'i', 'g', '-', 's', 'e', 'a', 'l'};
enum seal_offset { SEAL_LENGTH = 8, SEAL_CRC = 12 };

void rig_nordic_seal(uint8_t *bytes, size_t n_bytes)
{
    uint32_t crc = 0;

    if (n_bytes < RIG_NORDIC_SEALED_MIN_BYTES)
        return;
    crc = rig_nordic_crc32(crc, bytes, RIG_NORDIC_SEAL_AT);
    crc = rig_nordic_crc32(crc, bytes + RIG_NORDIC_SEALED_MIN_BYTES, n_bytes - RIG_NORDIC_SEALED_MIN_BYTES);
    memcpy(bytes + RIG_NORDIC_SEAL_AT, mark, sizeof mark);
    rig_put_le32(bytes + RIG_NORDIC_SEAL_AT + SEAL_LENGTH, (uint32_t)n_bytes);
    rig_put_le32(bytes + RIG_NORDIC_SEAL_AT + SEAL_CRC, crc);
}

static bool crc_of_range(const struct rig_image_source *source, uint32_t from, uint32_t to, uint32_t *crc)
{
    uint8_t piece[1024];

    while (from < to) {
        uint32_t n = to - from < sizeof piece ? to - from : (uint32_t)sizeof piece;

        if (!source->read(source->user, from, piece, n))
            return false;
        *crc = rig_nordic_crc32(*crc, piece, n);
        from += n;
    }
    return true;
}

static bool read_mark(const struct rig_image_source *source, uint8_t seal[RIG_NORDIC_SEAL_BYTES])
{
    return source->n_bytes >= RIG_NORDIC_SEALED_MIN_BYTES &&
           source->read(source->user, RIG_NORDIC_SEAL_AT, seal, RIG_NORDIC_SEAL_BYTES) &&
           memcmp(seal, mark, sizeof mark) == 0;
}

bool rig_nordic_sealed_length(const struct rig_image_source *source, uint32_t *n_bytes)
{
    uint8_t seal[RIG_NORDIC_SEAL_BYTES];

    if (!read_mark(source, seal))
        return false;
    *n_bytes = rig_get_le32(seal + SEAL_LENGTH);
    return true;
}

enum rig_nordic_seal rig_nordic_read_seal(const struct rig_image_source *source, uint32_t room_bytes,
                                          uint32_t *n_bytes)
{
    uint8_t seal[RIG_NORDIC_SEAL_BYTES];
    uint32_t length, crc = 0;

    if (!read_mark(source, seal))
        return RIG_NORDIC_UNSEALED;
    length = rig_get_le32(seal + SEAL_LENGTH);
    if (length < RIG_NORDIC_SEALED_MIN_BYTES || length > room_bytes || length > source->n_bytes ||
        !crc_of_range(source, 0, RIG_NORDIC_SEAL_AT, &crc) ||
        !crc_of_range(source, RIG_NORDIC_SEALED_MIN_BYTES, length, &crc) ||
        crc != rig_get_le32(seal + SEAL_CRC))
        return RIG_NORDIC_DAMAGED;
    if (n_bytes)
        *n_bytes = length;
    return RIG_NORDIC_INTACT;
}

/* [SRC Steele, Lea, Flood: SplitMix64] */
static void fill(uint64_t seed, uint8_t *bytes, size_t n_bytes)
{
    for (size_t i = 0; i < n_bytes; i += 8) {
        uint64_t value = seed += 0x9e3779b97f4a7c15u;

        value = (value ^ value >> 30) * 0xbf58476d1ce4e5b9u;
        value = (value ^ value >> 27) * 0x94d049bb133111ebu;
        value ^= value >> 31;
        for (size_t byte = i; byte < i + 8 && byte < n_bytes; byte++, value >>= 8)
            bytes[byte] = (uint8_t)value;
    }
}

void rig_nordic_make_bootloader(uint32_t version, uint64_t seed, uint8_t *bytes, size_t n_bytes)
{
    fill(seed ^ (uint64_t)version << 32, bytes, n_bytes);
    rig_nordic_seal(bytes, n_bytes);
}
