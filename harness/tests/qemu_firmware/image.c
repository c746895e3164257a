/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Image headers, hashes in TLVs, and the trailer of slot 1. */
#include "firmware.h"

#define IMAGE_MAGIC 0x96f3b83du
#define TLV_INFO 0x6907u
#define TLV_PROTECTED_INFO 0x6908u
#define TLV_SHA256 0x10u
#define MAGIC_AT (SLOT1 + SLOT_BYTES - 16)
#define IMAGE_OK_AT (MAGIC_AT - 8)
#define SWAP_INFO_AT (MAGIC_AT - 24)

static const uint8_t trailer_magic[16] = {0x77, 0xc2, 0x95, 0xf3, 0x60, 0xd2, 0xef, 0x7f,
                                          0x35, 0x52, 0x50, 0x0f, 0x2c, 0xb6, 0x79, 0x80};

static uint32_t read16(uint32_t address)
{
    const uint8_t *at = (const uint8_t *)address;

    return at[0] | (uint32_t)at[1] << 8;
}

static uint32_t read32(uint32_t address)
{
    return read16(address) | read16(address + 2) << 16;
}

static const uint8_t *find_hash(uint32_t at, uint32_t end)
{
    if (at + 4 <= end && read16(at) == TLV_PROTECTED_INFO)
        at += read16(at + 2);
    if (at + 4 > end || read16(at) != TLV_INFO || read16(at + 2) > end - at)
        return NULL;
    end = at + read16(at + 2);
    for (at += 4; at + 4 <= end; at += 4 + read16(at + 2))
        if (read16(at) == TLV_SHA256 && read16(at + 2) == 32 && at + 36 <= end)
            return (const uint8_t *)(at + 4);
    return NULL;
}

bool image_read(uint32_t slot, struct image *image)
{
    const uint32_t room = SLOT_BYTES - TRAILER_BYTES;

    image->header_bytes = (uint16_t)read16(slot + 8);
    image->body_bytes = read32(slot + 12);
    if (read32(slot) != IMAGE_MAGIC || image->header_bytes < 32 || image->body_bytes == 0 ||
        image->body_bytes > room - image->header_bytes)
        return false;
    memcpy(image->version, (const void *)(slot + 20), sizeof image->version);
    image->hash = find_hash(slot + image->header_bytes + image->body_bytes, slot + room);
    return true;
}

unsigned image_pending(void)
{
    if (memcmp((const void *)MAGIC_AT, trailer_magic, sizeof trailer_magic) != 0)
        return 0;
    return *(const uint8_t *)IMAGE_OK_AT == 1 ? 3 : 2;
}

void image_mark(bool permanent)
{
    uint8_t info = permanent ? 3 : 2, ok = 1;

    flash_write(SWAP_INFO_AT, &info, 1);
    if (permanent)
        flash_write(IMAGE_OK_AT, &ok, 1);
    flash_write(MAGIC_AT, trailer_magic, sizeof trailer_magic);
}

void image_print_version(const struct image *image)
{
    put_number(image->version[0]);
    put_text(".");
    put_number(image->version[1]);
    put_text(".");
    put_number(image->version[2] | (uint32_t)image->version[3] << 8);
}
