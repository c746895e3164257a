/* SPDX-License-Identifier: GPL-3.0-or-later */
/* MCUboot's trailers in words. */
#include "explore/mcuboot.h"

#include "base/bytes.h"

#include <string.h>

#define MAX_FIELD_VALUE_BYTES 32u

guint32 rig_trailer_record_start(rig_trailer_read read, struct rig_subject *subject,
                                 const struct sim_area *area)
{
    struct rig_trailer_geometry geometry;
    struct rig_trailer_layout layout;
    struct rig_trailer trailer;

    if (!read(subject, area, &geometry, &trailer) || !rig_trailer_layout(&geometry, &layout))
        return area->n_bytes;
    return layout.status;
}

/* NULL: nothing. */
static const char *status_in_short(const struct rig_trailer_geometry *geometry,
                                   const struct rig_trailer *trailer, struct rig_path *path)
{
    guint32 last = trailer->last_status;
    guint32 n_moves = geometry->mode == RIG_SWAP_MOVE ? geometry->max_sectors : 0;
    guint32 n_states = geometry->mode == RIG_SWAP_SCRATCH ? 3 : 2;

    if (trailer->n_status_used == 0)
        return NULL;
    if (last < n_moves)
        return rig_path_keepf(path, "moved %u", last);
    return rig_path_keepf(path, "%u.%u", (last - n_moves) / n_states, (last - n_moves) % n_states + 1);
}

bool rig_trailer_record_read(rig_trailer_read read, struct rig_subject *subject, const struct sim_area *area,
                             struct rig_path *path, struct rig_path_trailer *record)
{
    struct rig_trailer_geometry geometry;
    struct rig_trailer trailer;
    char status[RIG_TRAILER_STATUS_TEXT_BYTES];

    if (!read(subject, area, &geometry, &trailer))
        return false;
    rig_trailer_status_text(&geometry, &trailer, status);
    *record =
        (struct rig_path_trailer){.magic = rig_path_keep(path, rig_trailer_magic_name(trailer.magic)),
                                  .image_ok = rig_path_keep(path, rig_trailer_flag_name(trailer.image_ok)),
                                  .copy_done = rig_path_keep(path, rig_trailer_flag_name(trailer.copy_done)),
                                  .type = rig_path_keep(path, rig_swap_type_name(trailer.swap_type)),
                                  .size = trailer.swap_size_erased ? 0 : trailer.swap_size,
                                  .status = rig_path_keep(path, status),
                                  .progress = status_in_short(&geometry, &trailer, path)};
    return true;
}

static void flag_text(struct rig_subject_field *field, const struct sim_flash_operation *operation)
{
    if (operation->bytes[0] == 1)
        g_snprintf(field->text, sizeof field->text, "%s = set", field->name);
    else
        g_snprintf(field->text, sizeof field->text, "%s = 0x%02x", field->name, operation->bytes[0]);
}

static void status_record(struct rig_subject_field *field, const struct rig_trailer_geometry *geometry,
                          const struct rig_trailer_layout *layout, guint32 at)
{
    guint32 record = (at - layout->status) / geometry->write_bytes;
    guint32 n_moves = geometry->mode == RIG_SWAP_MOVE ? geometry->max_sectors : 0;
    guint32 n_states = geometry->mode == RIG_SWAP_MOVE ? 2 : layout->states;

    field->name = "status";
    if (record < n_moves)
        g_snprintf(field->text, sizeof field->text, "swap status: sector %u of the move is done", record);
    else
        g_snprintf(field->text, sizeof field->text, "swap status: step %u, state %u is done",
                   (record - n_moves) / n_states, (record - n_moves) % n_states + 1);
}

static void value_field(struct rig_subject_field *field, const char *name,
                        const struct sim_flash_operation *operation)
{
    field->name = name;
    if (operation->n_bytes >= 4)
        g_snprintf(field->text, sizeof field->text, "%s = %u", name, rig_get_le32(operation->bytes));
}

static void magic_field(struct rig_subject_field *field, const struct rig_trailer_geometry *geometry,
                        const struct sim_flash_operation *operation)
{
    guint8 magic[RIG_TRAILER_MAGIC_BYTES];
    bool good = false;

    rig_trailer_magic(geometry->max_align, magic);
    if (operation->n_bytes >= sizeof magic)
        good = memcmp(operation->bytes + operation->n_bytes - sizeof magic, magic, sizeof magic) == 0;
    field->name = "magic";
    g_snprintf(field->text, sizeof field->text, "magic = %s", good ? "good" : "other bytes");
}

/* at: from the begin of the area. */
static void find_field(struct rig_subject_field *field, const struct rig_trailer_geometry *geometry,
                       const struct rig_trailer_layout *layout, guint32 at,
                       const struct sim_flash_operation *operation)
{
    guint32 type = operation->n_bytes ? operation->bytes[0] & 15u : 0;

    if (at >= layout->image_ok + geometry->max_align) {
        magic_field(field, geometry, operation);
    } else if (at == layout->image_ok || at == layout->copy_done) {
        field->name = at == layout->image_ok ? "image_ok" : "copy_done";
        flag_text(field, operation);
    } else if (at == layout->swap_info) {
        field->name = "type";
        g_snprintf(field->text, sizeof field->text, "swap type = %s",
                   rig_swap_type_name((enum rig_swap_type)type));
    } else if (at == layout->swap_size) {
        value_field(field, "size", operation);
    } else if (layout->tlv_sizes && at == layout->tlv_sizes) {
        value_field(field, "sizes", operation);
    } else if (layout->keys && at >= layout->keys && at < layout->swap_size) {
        field->name = "key";
    } else if (at >= layout->status && at < layout->swap_size &&
               operation->n_bytes == geometry->write_bytes) {
        status_record(field, geometry, layout, at);
    }
}

/* The short names of fields stand in pictures; these are the words of the reference. NULL: the same. */
static const char *word_of(const char *name)
{
    static const char *const words[][2] = {
        {"type", "swap-type"}, {"size", "swap-size"}, {"sizes", "tlv-sizes"}};

    for (guint i = 0; i < G_N_ELEMENTS(words); i++)
        if (name && g_str_equal(words[i][0], name))
            return words[i][1];
    return NULL;
}

void rig_trailer_record_field(rig_trailer_read read, struct rig_subject *subject, const struct sim_area *area,
                              const struct sim_flash_operation *operation, struct rig_subject_field *field)
{
    struct rig_trailer_geometry geometry;
    struct rig_trailer_layout layout;
    struct rig_trailer trailer;

    if (operation->n_bytes > MAX_FIELD_VALUE_BYTES || !read(subject, area, &geometry, &trailer) ||
        !rig_trailer_layout(&geometry, &layout))
        return;
    find_field(field, &geometry, &layout, operation->offset - area->offset, operation);
    field->word = word_of(field->name);
}
