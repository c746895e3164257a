/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Layout of an image and the walk over its TLV areas, by the rules of bootutil's tlv.c. */
#include <string.h>

#include "base/bytes.h"
#include "image/internal.h"

struct area {
    uint16_t magic;
    uint16_t n_bytes; /* with these four bytes */
};

static enum rig_image_status read_area(const struct rig_image_source *source, uint32_t offset,
                                       uint32_t max_bytes, struct area *area)
{
    uint8_t bytes[RIG_IMAGE_TLV_HEADER_BYTES];

    if (max_bytes < sizeof bytes || offset > max_bytes - sizeof bytes)
        return RIG_IMAGE_TOO_LARGE;
    if (!rig_image_read(source, offset, bytes, sizeof bytes))
        return RIG_IMAGE_READ_FAILED;
    area->magic = rig_get_le16(bytes);
    area->n_bytes = rig_get_le16(bytes + 2);
    return area->n_bytes < sizeof bytes ? RIG_IMAGE_BAD_TLV : RIG_IMAGE_OK;
}

/* Upstream decides by the first info magic which area comes first, and holds the header's protected size
 * against it. */
static enum rig_image_status read_areas(const struct rig_image_source *source, uint32_t max_bytes,
                                        const struct rig_image_layout *layout, struct area *unprotected)
{
    uint32_t first = layout->header.header_bytes + layout->header.payload_bytes;
    enum rig_image_status status = read_area(source, first, max_bytes, unprotected);

    if (status)
        return status;
    if (unprotected->magic == RIG_IMAGE_TLV_PROTECTED_INFO_MAGIC) {
        if (unprotected->n_bytes != layout->header.protected_tlv_bytes)
            return RIG_IMAGE_BAD_TLV;
        status = read_area(source, layout->tlv_offset, max_bytes, unprotected);
    } else if (layout->header.protected_tlv_bytes != 0) {
        return RIG_IMAGE_BAD_TLV;
    }
    if (status == RIG_IMAGE_OK && unprotected->magic != RIG_IMAGE_TLV_INFO_MAGIC)
        return RIG_IMAGE_BAD_TLV;
    return status;
}

enum rig_image_status rig_image_read_layout(const struct rig_image_source *source, uint32_t max_bytes,
                                            struct rig_image_layout *layout)
{
    struct area unprotected;
    enum rig_image_status status;

    memset(layout, 0, sizeof *layout);
    status = rig_image_read_header(source, &layout->header);
    if (status)
        return status;
    layout->hashed_bytes =
        layout->header.header_bytes + layout->header.payload_bytes + layout->header.protected_tlv_bytes;
    layout->tlv_offset = layout->hashed_bytes;
    status = read_areas(source, max_bytes, layout, &unprotected);
    if (status)
        return status;
    if (unprotected.n_bytes > source->n_bytes - layout->tlv_offset)
        return RIG_IMAGE_BAD_TLV;
    layout->end = layout->tlv_offset + unprotected.n_bytes;
    return layout->end > max_bytes ? RIG_IMAGE_TOO_LARGE : RIG_IMAGE_OK;
}

static uint32_t first_entry(const struct rig_image_layout *layout)
{
    return layout->tlv_offset - layout->header.protected_tlv_bytes + RIG_IMAGE_TLV_HEADER_BYTES;
}

enum rig_image_status rig_image_next_tlv(const struct rig_image_source *source,
                                         const struct rig_image_layout *layout,
                                         struct rig_image_tlv_cursor *cursor,
                                         struct rig_image_tlv_entry *entry)
{
    uint8_t bytes[RIG_IMAGE_TLV_HEADER_BYTES];
    uint32_t at = cursor->next ? cursor->next : first_entry(layout);
    uint32_t area_end;

    if (at == layout->tlv_offset)
        at += RIG_IMAGE_TLV_HEADER_BYTES;
    cursor->next = at;
    if (at >= layout->end)
        return RIG_IMAGE_NO_IMAGE;
    entry->protected_area = at < layout->tlv_offset;
    area_end = entry->protected_area ? layout->tlv_offset : layout->end;
    if (area_end - at < sizeof bytes)
        return RIG_IMAGE_BAD_TLV;
    if (!rig_image_read(source, at, bytes, sizeof bytes))
        return RIG_IMAGE_READ_FAILED;
    entry->type = rig_get_le16(bytes);
    entry->n_bytes = rig_get_le16(bytes + 2);
    entry->offset = at + RIG_IMAGE_TLV_HEADER_BYTES;
    if (entry->n_bytes > area_end - entry->offset)
        return RIG_IMAGE_BAD_TLV;
    cursor->next = entry->offset + entry->n_bytes;
    return RIG_IMAGE_OK;
}

bool rig_image_find_tlv(const struct rig_image_source *source, const struct rig_image_layout *layout,
                        uint16_t type, uint16_t n_bytes, struct rig_image_tlv_entry *entry)
{
    struct rig_image_tlv_cursor cursor = {0};

    while (rig_image_next_tlv(source, layout, &cursor, entry) == RIG_IMAGE_OK) {
        if (entry->type == type && (n_bytes == 0 || entry->n_bytes == n_bytes))
            return true;
    }
    return false;
}

enum rig_image_status rig_image_stored_hash(const struct rig_image_source *source,
                                            const struct rig_image_layout *layout,
                                            uint8_t hash[RIG_IMAGE_HASH_BYTES])
{
    struct rig_image_tlv_entry entry;

    if (!rig_image_find_tlv(source, layout, RIG_IMAGE_TLV_SHA256, RIG_IMAGE_HASH_BYTES, &entry))
        return RIG_IMAGE_NO_HASH;
    return rig_image_read(source, entry.offset, hash, RIG_IMAGE_HASH_BYTES) ? RIG_IMAGE_OK
                                                                            : RIG_IMAGE_READ_FAILED;
}

bool rig_image_security_counter(const struct rig_image_source *source, const struct rig_image_layout *layout,
                                uint32_t *counter)
{
    struct rig_image_tlv_entry entry;
    uint8_t bytes[4];

    if (!rig_image_find_tlv(source, layout, RIG_IMAGE_TLV_SEC_CNT, sizeof bytes, &entry) ||
        !entry.protected_area)
        return false;
    if (!rig_image_read(source, entry.offset, bytes, sizeof bytes))
        return false;
    *counter = rig_get_le32(bytes);
    return true;
}

size_t rig_image_dependencies(const struct rig_image_source *source, const struct rig_image_layout *layout,
                              struct rig_image_dependency *into, size_t max)
{
    struct rig_image_tlv_cursor cursor = {0};
    struct rig_image_tlv_entry entry;
    size_t n = 0;

    while (rig_image_next_tlv(source, layout, &cursor, &entry) == RIG_IMAGE_OK && entry.protected_area) {
        uint8_t bytes[RIG_IMAGE_DEPENDENCY_BYTES];

        if (entry.type != RIG_IMAGE_TLV_DEPENDENCY || entry.n_bytes != sizeof bytes)
            continue;
        if (!rig_image_read(source, entry.offset, bytes, sizeof bytes))
            break;
        if (n < max) {
            into[n].image = bytes[0];
            rig_image_version_decode(bytes + 4, &into[n].minimum);
        }
        n++;
    }
    return n;
}
