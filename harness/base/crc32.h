/* SPDX-License-Identifier: GPL-3.0-or-later */
/* CRC-32 as of zlib and IEEE 802.3 (polynomial 0x04c11db7, reflected): over what a Nordic bootloader has
 * received, and in its settings page. GLib-free, header only. */
#ifndef RIG_BASE_CRC32_H
#define RIG_BASE_CRC32_H

#include <stddef.h>
#include <stdint.h>

/* Goes on from the CRC of what is before these bytes; 0: nothing is. "123456789" gives 0xcbf43926. */
static inline uint32_t rig_crc32(uint32_t crc, const void *bytes, size_t n_bytes)
{
    static const uint32_t table[16] = {
        0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c,
        0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c, 0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
    };
    const uint8_t *at = (const uint8_t *)bytes;

    crc = ~crc;
    for (size_t i = 0; i < n_bytes; i++) {
        crc ^= at[i];
        crc = crc >> 4 ^ table[crc & 15];
        crc = crc >> 4 ^ table[crc & 15];
    }
    return ~crc;
}

#endif
