/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Encrypted images where they were decrypted. */
#include "explore/running.h"

#include "image/judge.h"

#include <string.h>

#define MAX_HASH_BYTES 64u

struct place {
    const struct sim_flash *flash;
    guint device;
    guint32 offset;
};

static bool read_place(const void *user, uint32_t offset, void *into, size_t n_bytes)
{
    const struct place *place = user;

    return sim_flash_peek(place->flash, place->device, place->offset + offset, into, n_bytes) == SIM_OK;
}

static bool same(const struct place *place, const guint8 *bytes, guint32 from, guint32 to)
{
    g_autofree guint8 *found = g_malloc(to > from ? to - from : 1);

    return to <= from ||
           (read_place(place, from, found, to - from) && memcmp(found, bytes + from, to - from) == 0);
}

/* Of the first hash in the file. */
static bool hash_matches(const struct rig_image_source *file, const struct rig_image_layout *layout,
                         const struct rig_image_source *found)
{
    struct rig_image_tlv_cursor cursor = {0};
    struct rig_image_tlv_entry entry;
    guint8 stored[MAX_HASH_BYTES], computed[MAX_HASH_BYTES];

    while (rig_image_next_tlv(file, layout, &cursor, &entry) == RIG_IMAGE_OK) {
        if (!rig_image_hash_name(entry.type) || entry.n_bytes > sizeof stored)
            continue;
        return file->read(file->user, entry.offset, stored, entry.n_bytes) &&
               rig_image_compute_hash_of(entry.type, found, layout, computed) == entry.n_bytes &&
               memcmp(stored, computed, entry.n_bytes) == 0;
    }
    return false;
}

bool rig_holds_decrypted(const struct sim_flash *flash, guint device, guint32 offset, const guint8 *bytes,
                         gsize n_bytes)
{
    struct rig_memory_image memory = {bytes, n_bytes};
    struct rig_image_source file = rig_image_source_from_memory(&memory);
    struct place place = {flash, device, offset};
    struct rig_image_source found = {.read = read_place, .user = &place, .n_bytes = (guint32)n_bytes};
    struct rig_image_layout layout;
    guint32 payload_end;

    if (rig_image_read_layout(&file, G_MAXUINT32, &layout) != RIG_IMAGE_OK)
        return false;
    payload_end = layout.header.header_bytes + layout.header.payload_bytes;
    return same(&place, bytes, 0, layout.header.header_bytes) &&
           same(&place, bytes, payload_end, layout.end) && hash_matches(&file, &layout, &found);
}
