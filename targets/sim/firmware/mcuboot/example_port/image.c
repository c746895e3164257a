/* SPDX-License-Identifier: Apache-2.0 */
/* Is there a whole image? MCUboot's format: header of 32 bytes, payload, protected TLVs, TLVs; the hash
 * covers all but the last. */
#include "ledger.h"

#include <string.h>

#define IMAGE_MAGIC 0x96f3b83du
#define TLV_MAGIC 0x6907u
#define TLV_SHA256 0x10u
#define TLV_INFO_BYTES 4u

static uint32_t u16_of(const uint8_t *bytes)
{
    return bytes[0] | (uint32_t)bytes[1] << 8;
}

static uint32_t u32_of(const uint8_t *bytes)
{
    return u16_of(bytes) | u16_of(bytes + 2) << 16;
}

/* Header, payload and protected TLVs; 0: no header that could be. */
static uint32_t hashed_bytes(enum ledger_area slot, uint32_t most)
{
    uint8_t header[32];

    port_read(slot, 0, header, sizeof header);
    if (u32_of(header) != IMAGE_MAGIC || u16_of(header + 8) < sizeof header || u32_of(header + 12) > most)
        return 0;
    return u16_of(header + 8) + u32_of(header + 12) + u16_of(header + 10);
}

static bool has_hash(enum ledger_area slot, uint32_t at, uint32_t end, const uint8_t digest[32])
{
    uint8_t entry[4], stored[32];

    while (at + sizeof entry <= end) {
        port_read(slot, at, entry, sizeof entry);
        at += (uint32_t)sizeof entry;
        if (u16_of(entry) == TLV_SHA256 && u16_of(entry + 2) == sizeof stored && at + sizeof stored <= end) {
            port_read(slot, at, stored, sizeof stored);
            return memcmp(stored, digest, sizeof stored) == 0;
        }
        at += u16_of(entry + 2);
    }
    return false;
}

uint32_t image_check(enum ledger_area slot, uint32_t most)
{
    uint32_t hashed = hashed_bytes(slot, most);
    uint8_t tlv_header[TLV_INFO_BYTES], digest[32];

    if (hashed == 0 || hashed + sizeof tlv_header > most)
        return 0;
    port_read(slot, hashed, tlv_header, sizeof tlv_header);
    uint32_t end = hashed + u16_of(tlv_header + 2);
    if (u16_of(tlv_header) != TLV_MAGIC || end > most)
        return 0;
    port_sha256(slot, 0, hashed, digest);
    return has_hash(slot, hashed + TLV_INFO_BYTES, end, digest) ? end : 0;
}
