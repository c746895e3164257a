/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Putting the flash of a real board back as it was: its slots and scratch area, through the probe. */
#include "drivers/assembled/assembled.h"

#include "base/error.h"

#define UP_US (30u * 1000 * 1000) /* from reset to an application that runs */

struct rig_snapshot {
    guint n_areas;
    GBytes *areas[RIG_LAYOUT_MAX_SLOTS + 1]; /* NULL: there is no such area */
    bool pending;                             /* the next run of the bootloader would change it */
};

struct slot_reader {
    struct rig_probe *probe;
    struct rig_slot slot;
};

static bool read_slot(const void *user, uint32_t offset, void *into, size_t n_bytes)
{
    const struct slot_reader *reader = user;

    return reader->probe->ops->read(reader->probe, reader->slot.device, reader->slot.device_offset + offset,
                                    into, n_bytes, NULL);
}

static bool decode(struct rig_probe *probe, guint index, struct rig_trailer *trailer)
{
    struct slot_reader reader = {.probe = probe};
    struct rig_image_source source = {.read = read_slot, .user = &reader};

    if (!rig_layout_slot(probe->layout, index, &reader.slot))
        return false;
    source.n_bytes = reader.slot.n_bytes;
    return rig_trailer_decode(&reader.slot.geometry, &source, trailer);
}

/* An upgrade that waits, a trial that would end, a swap that was broken off. */
static bool is_pending(struct rig_probe *probe)
{
    for (guint i = 0; i + 1 < probe->layout->n_slots; i += 2) {
        struct rig_trailer primary, secondary;
        struct rig_slot slot;

        if (!rig_layout_slot(probe->layout, i, &slot) || !decode(probe, i, &primary) ||
            !decode(probe, i + 1, &secondary) || primary.copy_done == RIG_FLAG_BAD ||
            (primary.n_status_used && primary.copy_done != RIG_FLAG_SET) ||
            rig_trailer_decide(slot.geometry.mode, &primary, &secondary) != RIG_SWAP_TYPE_NONE)
            return true;
    }
    return false;
}

static void forget_snapshot(struct rig_snapshot *snapshot)
{
    for (guint i = 0; snapshot && i < snapshot->n_areas; i++)
        g_clear_pointer(&snapshot->areas[i], g_bytes_unref);
    g_free(snapshot);
}

static struct rig_snapshot *keep_board(struct rig_board *base, GError **error)
{
    struct rig_probe *probe = base->probe;
    struct rig_snapshot *snapshot = g_new0(struct rig_snapshot, 1);

    snapshot->n_areas = probe->layout->n_slots + 1;
    for (guint i = 0; i < snapshot->n_areas; i++) {
        struct rig_slot slot;
        guint8 *bytes;

        if (!rig_layout_slot(probe->layout, i, &slot))
            continue;
        bytes = g_malloc(slot.n_bytes);
        snapshot->areas[i] = g_bytes_new_take(bytes, slot.n_bytes);
        if (probe->ops->read(probe, slot.device, slot.device_offset, bytes, slot.n_bytes, error))
            continue;
        forget_snapshot(snapshot);
        return NULL;
    }
    snapshot->pending = is_pending(probe);
    return snapshot;
}

static bool program_areas(struct rig_probe *probe, const struct rig_snapshot *snapshot, GError **error)
{
    for (guint i = 0; i < snapshot->n_areas; i++) {
        struct rig_slot slot;
        gsize n_bytes = 0;
        const guint8 *bytes = snapshot->areas[i] ? g_bytes_get_data(snapshot->areas[i], &n_bytes) : NULL;

        if (bytes && (!rig_layout_slot(probe->layout, i, &slot) ||
                      !probe->ops->program(probe, slot.device, slot.device_offset, bytes, n_bytes, error)))
            return false;
    }
    return true;
}

static bool is_up(void *user)
{
    struct rig_probe *probe = user;
    struct rig_board_view view;

    return probe->ops->view(probe, &view, NULL) && view.state == RIG_STATE_RUNNING;
}

static bool run_again(struct rig_assembled *board, GError **error)
{
    struct rig_probe *probe = &board->probe.probe;
    bool up = false;

    if (!probe->ops->reset(probe, error) ||
        !rig_board_wait_for(&board->board, board->board.ops->now_us(&board->board) + UP_US, is_up, probe, &up,
                            error))
        return false;
    if (!up)
        g_set_error(error, RIG_ERROR, RIG_ERROR_DEVICE,
                    "board '%s': its application does not run any more after its flash was put back",
                    board->config.entry->name);
    return up;
}

static bool rewind_board(struct rig_board *base, const struct rig_snapshot *snapshot, GError **error)
{
    struct rig_assembled *board = (struct rig_assembled *)base;

    if (!rig_openocd_probe_end_peek(&board->probe, error) ||
        (!board->power.on && !base->power->ops->set(base->power, true, error)))
        return false;
    if (base->link)
        rig_link_board_gone(base->link, "disconnected: the board is put back");
    return rig_assembled_catch(board, error) && program_areas(base->probe, snapshot, error) &&
           (snapshot->pending || run_again(board, error));
}

const struct rig_board_snapshots rig_assembled_snapshots = {
    .keep = keep_board, .rewind = rewind_board, .forget = forget_snapshot};
