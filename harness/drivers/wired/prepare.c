/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Bringing the flash of a board on a bench into the condition that a scenario starts from, and back to what
 * it was, through its probe. */
#include "drivers/wired/wired.h"

#include "base/error.h"
#include "drivers/probe/nordic_view.h"
#include "drivers/board/program.h"
#include "drivers/probe/slot_view.h"
#include "drivers/probe/nordic_view.h"

#include <string.h>

#define ATTACH_TRIES 5
#define ATTACH_AGAIN_US 200000
#define UP_US (30u * 1000 * 1000) /* from reset to an application that runs */

static char *value_text(const struct rig_value *value)
{
    if (value->keyword || value->text)
        return g_strdup(value->keyword ? value->keyword : value->text);
    if (value->type == RIG_TYPE_FLAG)
        return g_strdup(value->flag ? "true" : "false");
    return g_strdup_printf("%" G_GUINT64_FORMAT, value->count);
}

static bool is_same(const struct rig_value *wanted, const struct rig_value *has)
{
    g_autofree char *left = NULL;
    g_autofree char *right = NULL;

    if (wanted->is_list || !has)
        return wanted->is_list && wanted->items->len == 0;
    left = value_text(wanted);
    right = value_text(has);
    return g_str_equal(left, right);
}

/* The step's record has more fields than the options; only those are compared. */
static const struct rig_value *option_of(const struct rig_record *record, const char *name)
{
    for (gsize i = 0; i < record->shape->n_fields; i++)
        if (g_str_equal(record->shape->fields[i].name, name))
            return record->values[i];
    return NULL;
}

/* Whether its updates come by writes of ATT, as far as the target says it. */
static bool goes_by_writes(const struct rig_target *target)
{
    const struct rig_reach_spec *reach = target->spec->reach;

    return reach ? reach->ble != NULL : !g_str_equal(target->spec->kind, "qemu");
}

bool rig_wired_accepts(const struct rig_target *target, const struct rig_record *options, GError **error)
{
    const struct rig_value *own = rig_record_get(target->record, "options");

    for (gsize i = 0; options && i < rig_board_options_shape.n_fields; i++) {
        const char *name = rig_board_options_shape.fields[i].name;
        const struct rig_value *wanted = option_of(options, name);
        const struct rig_value *has = own ? rig_record_get(own->record, name) : NULL;
        g_autofree char *text = NULL;
        g_autofree char *own_text = NULL;

        if (!wanted || is_same(wanted, has))
            continue;
        /* Where a message comes as one, nothing is joined. */
        if (!has && g_str_equal(name, "reassembly") && !wanted->flag && !goes_by_writes(target))
            continue;
        text = wanted->is_list ? g_strdup("...") : value_text(wanted);
        own_text = has ? value_text(has) : NULL;
        g_set_error(error, RIG_ERROR, RIG_ERROR_UNSUPPORTED,
                    "the scenario wants '%s: %s'; target '%s' %s%s%s, and a real board cannot be told", name,
                    text, target->name, has ? "has '" : "does not say what it has", has ? own_text : "",
                    has ? "'" : "");
        return false;
    }
    return true;
}

/* A board takes its time from power to a debug port that answers. */
static bool halt_at_start(struct rig_wired *board, GError **error)
{
    g_autoptr(GError) cause = NULL;

    for (guint i = 0; i < ATTACH_TRIES; i++) {
        g_clear_error(&cause);
        if (board->probe.probe.ops->reset_halt(&board->probe.probe, &cause))
            return true;
        if (board->board.interrupted && *board->board.interrupted)
            break;
        g_usleep(ATTACH_AGAIN_US);
    }
    g_propagate_prefixed_error(error, g_steal_pointer(&cause), "board '%s': ", board->config.entry->name);
    return false;
}

/* The board is a new one: what this host remembers of one with the same address is of no use. */
static bool forget_board(struct rig_link *link, GError **error)
{
    static const struct rig_link_answers nothing_said = {0};

    return (!link->ops->answer || link->ops->answer(link, &nothing_said, error)) &&
           link->ops->forget_bond(link, error);
}

static bool program(struct rig_wired *board, const struct rig_board_setup *setup, GError **error)
{
    struct rig_power *power = &board->power.power;
    struct rig_probe *probe = &board->probe.probe;

    /* The flash of a simulated board is new. */
    return power->ops->set(power, true, error) && halt_at_start(board, error) &&
           (board->config.simulator ? rig_board_program(probe, setup, error)
                                    : rig_board_program_slots(probe, setup, error)) &&
           power->ops->set(power, false, error);
}

static void openocd_probe_forget_boots(struct rig_openocd_probe *probe)
{
    probe->n_boots = probe->n_resets = 0;
}

bool rig_wired_set_up(struct rig_wired *board, const struct rig_board_setup *setup, GError **error)
{
    struct rig_simulator *simulator = board->config.simulator;
    gint64 at_us;
    char *line;

    if (simulator && board->board.link && !forget_board(board->board.link, error))
        return false;
    if (!(simulator && simulator->comes_programmed) && !program(board, setup, error))
        return false;
    if (board->board.layout.family != RIG_BOOTLOADER_MCUBOOT)
        rig_layout_move_bank_1(&board->board.layout, setup->n_images ? (guint32)setup->images[0].n_bytes : 0);
    while ((line = rig_console_take(board->console, &at_us)))
        g_free(line);
    openocd_probe_forget_boots(&board->probe);
    board->origin_us = g_get_monotonic_time();
    return true;
}

/* --- snapshots: slots and scratch area; of Nordic's boards bank 0 with all that an update may use, and
 * settings
 * --- */

struct area {
    const char *device;
    guint32 begin, n_bytes;
    GBytes *bytes;
};
struct rig_snapshot {
    guint n_areas;
    struct area areas[RIG_LAYOUT_MAX_SLOTS + 1];
    bool pending; /* the next run of the bootloader would change it */
};

static void forget_snapshot(struct rig_snapshot *snapshot)
{
    for (guint i = 0; snapshot && i < snapshot->n_areas; i++)
        g_clear_pointer(&snapshot->areas[i].bytes, g_bytes_unref);
    g_free(snapshot);
}

static void list_areas(const struct rig_layout *layout, struct rig_snapshot *snapshot)
{
    static const char *const pages[] = {"settings", "backup"};
    bool nordic = layout->family != RIG_BOOTLOADER_MCUBOOT;
    struct rig_slot slot;

    for (guint i = 0; i <= (nordic ? 0 : layout->n_slots); i++)
        if (rig_layout_slot(layout, i, &slot))
            snapshot->areas[snapshot->n_areas++] =
                (struct area){.device = slot.device, .begin = slot.device_offset, .n_bytes = slot.n_bytes};
    /* Bank 1 of a legacy bootloader does not lie in bank 0. */
    if (layout->family == RIG_BOOTLOADER_NORDIC_LEGACY && rig_layout_slot(layout, 1, &slot))
        snapshot->areas[snapshot->n_areas++] =
            (struct area){.device = slot.device, .begin = slot.device_offset, .n_bytes = slot.n_bytes};
    for (guint i = 0; nordic && i < G_N_ELEMENTS(pages); i++) {
        struct area *area = &snapshot->areas[snapshot->n_areas];

        area->device = layout->devices[0].name;
        if (rig_layout_region(layout, pages[i], &area->begin, &area->n_bytes))
            snapshot->n_areas++;
    }
}

static struct rig_snapshot *keep_board(struct rig_board *base, GError **error)
{
    struct rig_probe *probe = base->probe;
    struct rig_snapshot *snapshot = g_new0(struct rig_snapshot, 1);

    list_areas(probe->layout, snapshot);
    for (guint i = 0; i < snapshot->n_areas; i++) {
        struct area *area = &snapshot->areas[i];
        guint8 *bytes = g_malloc(area->n_bytes);

        area->bytes = g_bytes_new_take(bytes, area->n_bytes);
        if (probe->ops->read(probe, area->device, area->begin, bytes, area->n_bytes, error))
            continue;
        forget_snapshot(snapshot);
        return NULL;
    }
    snapshot->pending =
        probe->layout->family == RIG_BOOTLOADER_MCUBOOT ? rig_probe_has_pending_swap(probe) : rig_nordic_activates(probe);
    return snapshot;
}

static bool program_areas(struct rig_probe *probe, const struct rig_snapshot *snapshot, GError **error)
{
    for (guint i = 0; i < snapshot->n_areas; i++) {
        const struct area *area = &snapshot->areas[i];
        gsize n_bytes;
        const guint8 *bytes = g_bytes_get_data(area->bytes, &n_bytes);

        if (!probe->ops->program(probe, area->device, area->begin, bytes, n_bytes, error))
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

static bool run_again(struct rig_wired *board, GError **error)
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
    struct rig_wired *board = (struct rig_wired *)base;

    if (!rig_openocd_probe_end_peek(&board->probe, error) ||
        (!board->power.on && !base->power->ops->set(base->power, true, error)))
        return false;
    if (base->link)
        rig_link_board_gone(base->link, "disconnected: the board is put back");
    return halt_at_start(board, error) && program_areas(base->probe, snapshot, error) &&
           (snapshot->pending || run_again(board, error));
}

const struct rig_board_snapshots rig_wired_snapshots = {
    .keep = keep_board, .rewind = rewind_board, .forget = forget_snapshot};
