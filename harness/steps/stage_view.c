/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What steps look at: images by name and hash, what runs on the board, trailers in words. */
#include "steps/stage.h"

#include <string.h>

const struct rig_built_image *rig_run_image(struct rig_run *run, const char *name)
{
    GError *error = NULL;
    const struct rig_built_image *image =
        rig_image_store_get(run->images, run->the_case, name, run->board, &error);

    if (!image)
        rig_run_unable(run, error);
    return image;
}

const char *rig_run_image_by_hash(struct rig_run *run, const guint8 hash[RIG_IMAGE_HASH_BYTES])
{
    for (guint i = 0; i < run->the_case->images->len; i++) {
        const struct rig_image_plan *plan = g_ptr_array_index(run->the_case->images, i);
        const struct rig_built_image *image =
            rig_image_store_get(run->images, run->the_case, plan->name, run->board, NULL);

        if (image && image->has_hash && memcmp(image->hash, hash, RIG_IMAGE_HASH_BYTES) == 0)
            return plan->name;
    }
    return NULL;
}

char *rig_run_describe_board(struct rig_run *run, const struct rig_board_view *view)
{
    const char *name = view->has_image ? rig_run_image_by_hash(run, view->hash) : NULL;
    char version[RIG_IMAGE_VERSION_TEXT_BYTES];

    if (view->state == RIG_STATE_HUNG && run->boot_stop)
        return g_strdup_printf("the bootloader stopped: %s", run->boot_stop);
    if (view->state != RIG_STATE_RUNNING || !view->has_image)
        return g_strdup(rig_run_state_name(view->state));
    rig_image_version_format(&view->version, version);
    return g_strdup_printf("%s %s (%s)", name ? name : "an image that is not of this scenario,", version,
                           view->confirmed ? "confirmed" : "unconfirmed");
}

bool rig_run_can_look(struct rig_run *run)
{
    struct rig_probe *probe = run->board->probe;
    struct rig_board_view view;
    GError *error = NULL;

    if (!probe || probe->ops->view(probe, &view, &error))
        return true;
    rig_run_error(run, error);
    return false;
}

void rig_run_mark_boots(struct rig_run *run)
{
    struct rig_probe *probe = run->board->probe;
    struct rig_board_view view;
    bool seen = probe && probe->ops->view(probe, &view, NULL);

    /* A look at the board brings in lines that it said before. */
    g_ptr_array_set_size(run->console, 0);
    if (!seen)
        return;
    run->boots_before = view.n_boots;
    run->resets_before = view.n_resets;
}

static bool read_slot(const void *user, uint32_t offset, void *into, size_t n_bytes)
{
    const struct rig_slot_reader *reader = user;

    if (offset > reader->slot.n_bytes || n_bytes > reader->slot.n_bytes - offset)
        return false;
    return reader->probe->ops->read(reader->probe, reader->slot.device, reader->slot.device_offset + offset,
                                    into, n_bytes, NULL);
}

bool rig_slot_open(struct rig_run *run, guint index, struct rig_slot_reader *storage,
                   struct rig_image_source *source)
{
    storage->probe = run->board->probe;
    if (!storage->probe || !rig_layout_slot(storage->probe->layout, index, &storage->slot))
        return false;
    *source = (struct rig_image_source){.read = read_slot, .user = storage, .n_bytes = storage->slot.n_bytes};
    return true;
}

void rig_slot_tell_unread(struct rig_run *run, const struct rig_slot_reader *reader, const char *what)
{
    g_autoptr(GError) why = NULL;
    guint8 byte;

    (void)!reader->probe->ops->read(reader->probe, reader->slot.device,
                                    reader->slot.device_offset + reader->slot.n_bytes - 1, &byte, 1, &why);
    rig_run_error_text(run, "%s: %s cannot be read%s%s", reader->slot.name, what, why ? ": " : "",
                       why ? why->message : "");
}

static char *trailer_text(struct rig_run *run, guint index)
{
    struct rig_slot_reader reader;
    struct rig_image_source source;
    struct rig_trailer trailer;
    char status[RIG_TRAILER_STATUS_TEXT_BYTES];
    char size[16];

    if (!rig_slot_open(run, index, &reader, &source))
        return NULL;
    if (!rig_trailer_decode(&reader.slot.geometry, &source, &trailer))
        return g_strdup_printf("%s: not read", reader.slot.name);
    rig_trailer_status_text(&reader.slot.geometry, &trailer, status);
    g_snprintf(size, sizeof size, "%u", trailer.swap_size);
    return g_strdup_printf("%s: magic %s, swap type %s, copy_done %s, image_ok %s, swap size %s, %s",
                           reader.slot.name, rig_trailer_magic_name(trailer.magic),
                           rig_swap_type_name(trailer.swap_type), rig_trailer_flag_name(trailer.copy_done),
                           rig_trailer_flag_name(trailer.image_ok), trailer.swap_size_erased ? "unset" : size,
                           status);
}

char **rig_run_trailers(struct rig_run *run)
{
    struct rig_probe *probe = run->board->probe;
    GPtrArray *texts;

    if (run->path_trailers)
        return g_strdupv(run->path_trailers);
    texts = g_ptr_array_new();
    for (guint i = 0; probe && i < probe->layout->n_slots; i++) {
        char *text = trailer_text(run, i);

        if (text)
            g_ptr_array_add(texts, text);
    }
    g_ptr_array_add(texts, NULL);
    return (char **)g_ptr_array_free(texts, FALSE);
}
