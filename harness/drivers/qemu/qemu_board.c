/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A machine in QEMU as a board: what lies in its flash at first, and the board itself. */
#include "drivers/qemu/qemu_board.h"

#include "base/error.h"
#include "drivers/probe/slot_view.h"
#include "drivers/qemu/state.h"
#include "drivers/wired/wired.h"
#include "drivers/board/program.h"
#include "drivers/sim/sim_driver.h"
#include "image/hex.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>

#define TICK_MS 5
#define DYING_US 500000

/* Of a HEX file under `load:`: what it puts into one flash device. */
struct part {
    guint device;
    guint32 offset;
    struct rig_bytes bytes;
};

static struct rig_qemu_board *self(struct rig_board *board)
{
    return (struct rig_qemu_board *)board;
}

/* --- the board --- */

static bool is_interrupted(const struct rig_board *board, GError **error)
{
    if (!board->interrupted || !*board->interrupted)
        return false;
    g_set_error_literal(error, RIG_ERROR, RIG_ERROR_INTERRUPTED, "interrupted");
    return true;
}

/* A program that dies closes its sockets before it can be waited for, and its own end says more than theirs.
 */
static bool is_console_there(struct rig_qemu_board *board, GError **error)
{
    g_autoptr(GError) gone = NULL;
    gint64 until_us = g_get_monotonic_time() + DYING_US;

    if (!board->console || rig_console_is_there(board->console, &gone))
        return true;
    while (g_get_monotonic_time() < until_us) {
        if (!rig_qemu_machine_is_alive(board->machine, error))
            return false;
        g_usleep(TICK_MS * 1000);
    }
    g_propagate_error(error, g_steal_pointer(&gone));
    return false;
}

static bool is_whole(struct rig_qemu_board *board, GError **error)
{
    bool whole = rig_qemu_machine_is_alive(board->machine, error) && is_console_there(board, error);

    if (!whole)
        g_prefix_error(error, "target '%s': ", board->target->name);
    return whole;
}

static guint idle_ms(struct rig_qemu_board *board, guint64 until_us)
{
    gint64 now_us = g_get_monotonic_time();
    gint64 until = board->origin_us + (gint64)MIN(until_us, G_MAXINT64 / 2);

    until = MIN(until, rig_qemu_cut_due_us(board));
    return until <= now_us ? 0 : (guint)MIN((until - now_us) / 1000 + 1, TICK_MS);
}

static bool board_wait(struct rig_board *base, guint64 until_us, bool *happened, GError **error)
{
    struct rig_qemu_board *board = self(base);
    bool any;

    *happened = false;
    rig_qemu_notice_cut(board);
    if (is_interrupted(base, error) || !is_whole(board, error))
        return false;
    any = rig_qemu_take_lines(board, false);
    if (!any) {
        rig_board_idle(base, idle_ms(board, until_us));
        any = rig_qemu_take_lines(board, false);
    }
    rig_qemu_notice_cut(board);
    *happened = any || rig_qemu_board_now_us(base) < until_us;
    return true;
}

static bool board_adopt(struct rig_board *base, const struct rig_board_setup *setup, GError **error)
{
    return rig_wired_accepts(self(base)->target, setup->options, error);
}

static bool board_describe(const struct rig_board *base, const struct rig_record *options,
                           struct rig_layout *layout, GError **error)
{
    const struct rig_qemu_board *board = (const struct rig_qemu_board *)base;

    return rig_wired_accepts(board->target, options, error) &&
           rig_sim_describe_target(board->target, options, layout, error);
}

static bool is_in_a_slot(const struct rig_layout *layout, guint device, guint32 offset)
{
    for (guint i = 0; i < layout->n_slots; i++) {
        const struct rig_slot *slot = &layout->slots[i];

        if (slot->device_index == device && offset - slot->device_offset < slot->n_bytes)
            return true;
    }
    return false;
}

/* Over erased flash. What a file leaves out is not its own: bytes that are as erased ones are not written. */
static bool program_parts(struct rig_qemu_board *board, bool with_slots, GError **error)
{
    const struct rig_layout *layout = &board->board.layout;

    for (guint i = 0; i < board->parts->len; i++) {
        const struct part *part = g_ptr_array_index(board->parts, i);

        for (gsize at = 0; at < part->bytes.n_bytes; at++) {
            guint32 offset = part->offset + (guint32)at;

            if (part->bytes.bytes[at] == layout->devices[part->device].erased ||
                (!with_slots && is_in_a_slot(layout, part->device, offset)))
                continue;
            if (!rig_qemu_machine_write(board->machine, part->device, offset, &part->bytes.bytes[at], 1,
                                        error))
                return false;
        }
    }
    return true;
}

static bool board_prepare(struct rig_board *base, const struct rig_board_setup *setup, GError **error)
{
    struct rig_qemu_board *board = self(base);
    gint64 at_us;

    /* A machine that had died is no hindrance to a new beginning. */
    (void)!rig_qemu_machine_is_alive(board->machine, NULL);
    g_clear_error(&base->broken);
    if (!board_adopt(base, setup, error) || !rig_qemu_switch_off(board, &at_us, error))
        return false;
    rig_qemu_machine_erase(board->machine);
    if (!program_parts(board, false, error))
        return false;
    board->n_boots = board->n_resets = 0;
    board->origin_us = g_get_monotonic_time();
    return rig_board_program(base->probe, setup, error);
}

/* --- snapshots: all of the flash; RAM and what the machine was doing do not come back --- */

#define UP_US 20000000

struct rig_snapshot {
    GBytes *contents[RIG_QEMU_MAX_DEVICES];
    guint n_devices;
    bool pending; /* the next run of the bootloader would change it */
};

static void board_forget(struct rig_snapshot *snapshot)
{
    for (guint i = 0; snapshot && i < snapshot->n_devices; i++)
        g_bytes_unref(snapshot->contents[i]);
    g_free(snapshot);
}

static struct rig_snapshot *board_keep(struct rig_board *base, GError **error)
{
    struct rig_qemu_board *board = self(base);
    struct rig_snapshot *snapshot = g_new0(struct rig_snapshot, 1);

    for (guint i = 0; i < MIN(base->layout.n_devices, RIG_QEMU_MAX_DEVICES); i++) {
        gsize n_bytes = base->layout.devices[i].n_bytes;
        guint8 *bytes = g_malloc(n_bytes);

        snapshot->contents[snapshot->n_devices++] = g_bytes_new_take(bytes, n_bytes);
        if (rig_qemu_machine_read(board->machine, i, 0, bytes, n_bytes, error))
            continue;
        board_forget(snapshot);
        return NULL;
    }
    snapshot->pending = rig_probe_has_pending_swap(base->probe);
    return snapshot;
}

static bool runs(void *user)
{
    struct rig_probe *probe = user;
    struct rig_board_view view;

    return probe->ops->view(probe, &view, NULL) && view.state == RIG_STATE_RUNNING;
}

static bool wait_until_up(struct rig_board *base, GError **error)
{
    bool up = false;

    if (!rig_board_wait_for(base, rig_qemu_board_now_us(base) + UP_US, runs, base->probe, &up, error))
        return false;
    if (!up)
        g_set_error_literal(
            error, RIG_ERROR, RIG_ERROR_DEVICE,
            "the application of the machine in QEMU does not run any more after its flash was "
            "put back");
    return up;
}

static bool board_rewind(struct rig_board *base, const struct rig_snapshot *snapshot, GError **error)
{
    struct rig_qemu_board *board = self(base);
    gint64 at_us;

    if (!rig_qemu_switch_off(board, &at_us, error))
        return false;
    for (guint i = 0; i < snapshot->n_devices; i++) {
        gsize n_bytes;
        const guint8 *bytes = g_bytes_get_data(snapshot->contents[i], &n_bytes);

        if (!rig_qemu_machine_write(board->machine, i, 0, bytes, n_bytes, error))
            return false;
    }
    return rig_qemu_switch_on(board, !snapshot->pending, error) &&
           (snapshot->pending || wait_until_up(base, error));
}

static const struct rig_board_snapshots snapshots = {
    .keep = board_keep, .rewind = board_rewind, .forget = board_forget};

static GBytes *board_make_payload(const struct rig_board *base, const struct rig_payload_plan *plan,
                                  gsize n_bytes, GError **error)
{
    const struct rig_qemu_board *board = (const struct rig_qemu_board *)base;

    return rig_firmware_payload(board->firmware, board->target, plan, n_bytes, error);
}

static void board_logs(struct rig_board *base, void (*each)(void *user, const char *name, const char *path),
                       void *user)
{
    each(user, "qemu.log", rig_qemu_machine_paths(self(base)->machine).log);
}

static bool board_make_safe(struct rig_board *base, GError **error)
{
    struct rig_qemu_board *board = self(base);
    struct rig_cut_record record;
    gint64 at_us;

    (void)!base->power->ops->disarm_cut(base->power, &record, NULL);
    if (!rig_qemu_machine_is_alive(board->machine, NULL)) {
        rig_qemu_close_console(board); /* it has no power: that is safe */
        return true;
    }
    return rig_qemu_switch_off(board, &at_us, error);
}

static void board_free(struct rig_board *base)
{
    struct rig_qemu_board *board = self(base);

    rig_qemu_clear_power(board);
    rig_qemu_close_console(board);
    rig_qemu_machine_free(board->machine);
    rig_link_free(base->link);
    rig_firmware_free(board->firmware);
    rig_key_free(board->key);
    rig_encrypt_key_free(board->encryption_key);
    g_main_context_unref(base->events);
    g_clear_error(&base->broken);
    g_ptr_array_unref(board->texts);
    g_ptr_array_unref(board->parts);
    rig_folder_free(board->temporary);
    g_free(board);
}

static const struct rig_board_ops ops = {
    .now_us = rig_qemu_board_now_us,
    .wait = board_wait,
    .prepare = board_prepare,
    .make_safe = board_make_safe,
    .free = board_free,
};
static const struct rig_board_options board_options = {.adopt = board_adopt, .describe = board_describe};
static const struct rig_board_application application = {.make_payload = board_make_payload};
static const struct rig_board_logs logs = {.each = board_logs};

/* Relative to the folder of the target file; owned by the board. */
static const char *keep_path(struct rig_qemu_board *board, const char *path)
{
    g_autofree char *folder = g_path_get_dirname(board->target->source->path);
    char *full = g_path_is_absolute(path) ? g_strdup(path) : g_build_filename(folder, path, NULL);

    g_ptr_array_add(board->texts, full);
    return full;
}

static void part_free(gpointer data)
{
    struct part *part = data;

    rig_bytes_clear(&part->bytes);
    g_free(part);
}

/* What of a HEX file lies in this device; *any: something does. */
static bool take_part_of(struct rig_qemu_board *board, const char *path, const char *text, gsize n_text,
                         guint device, bool *any, GError **error)
{
    const struct rig_qemu_spec *qemu = board->target->spec->qemu;
    guint32 address = device == 0 ? qemu->address : qemu->external_address;
    guint32 n_bytes = board->board.layout.devices[device].n_bytes;
    struct rig_hex hex = {0};
    struct rig_hex_fault fault = {0};
    struct part *part;

    if (!rig_hex_read_within(text, n_text, address, (guint64)address + n_bytes, n_bytes,
                             board->board.layout.devices[device].erased, &hex, &fault)) {
        if (fault.line == 0)
            return true; /* nothing of it lies here */
        g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT,
                    "target '%s': 'load': %s, line %" G_GSIZE_FORMAT ": %s", board->target->name, path,
                    fault.line, fault.why);
        return false;
    }
    *any = true;
    part = g_new0(struct part, 1);
    *part = (struct part){.device = device, .offset = hex.base_address - address, .bytes = hex.contents};
    g_ptr_array_add(board->parts, part);
    return true;
}

/* A HEX file is programmed once, as with a debugger. *taken: QEMU need not load it, at every reset. */
static bool take_hex(struct rig_qemu_board *board, const char *path, bool *taken, GError **error)
{
    g_autofree char *text = NULL;
    gsize n_text;
    guint n_devices = MIN(board->board.layout.n_devices, RIG_QEMU_MAX_DEVICES);

    *taken = false;
    if (!g_file_get_contents(path, &text, &n_text, error))
        return false;
    if (!rig_hex_looks_like(text, n_text))
        return true;
    for (guint device = 0; device < n_devices; device++)
        if (!take_part_of(board, path, text, n_text, device, taken, error))
            return false;
    return true;
}

static bool fill_config(struct rig_qemu_board *board, const struct rig_qemu_spec *qemu, GError **error)
{
    static const char *const none[] = {NULL};

    board->config = (struct rig_qemu_config){.program = qemu->program,
                                             .machine = qemu->machine,
                                             .cpu = qemu->cpu,
                                             .serial = qemu->serial,
                                             .wire = qemu->smp_serial ? *qemu->smp_serial : qemu->serial,
                                             .folder = board->folder,
                                             .arguments = qemu->arguments ? qemu->arguments : none};
    for (guint i = 0, n = 0; qemu->load && qemu->load[i]; i++) {
        const char *path = keep_path(board, qemu->load[i]);
        bool taken;

        if (i < RIG_QEMU_MAX_FILES && g_file_test(path, G_FILE_TEST_IS_REGULAR)) {
            if (!take_hex(board, path, &taken, error))
                return false;
            if (!taken)
                board->config.files[n++] = path;
            continue;
        }
        g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "target '%s': 'load': %s%s", board->target->name,
                    i < RIG_QEMU_MAX_FILES ? "there is no file (copy the target file beside yours) "
                                           : "more than 8 files, such as ",
                    path);
        return false;
    }
    return true;
}

static void add_devices(struct rig_qemu_board *board, const struct rig_qemu_spec *qemu)
{
    const guint32 addresses[RIG_QEMU_MAX_DEVICES] = {qemu->address, qemu->external_address};
    const struct rig_layout *layout = &board->board.layout;

    for (guint i = 0; i < MIN(layout->n_devices, RIG_QEMU_MAX_DEVICES); i++)
        rig_qemu_machine_add(board->machine, addresses[i], layout->devices[i].n_bytes,
                             layout->devices[i].erased);
}

static bool read_firmware(struct rig_qemu_board *board, GError **error)
{
    GError *cause = NULL;

    board->firmware = rig_firmware_load(board->target, &cause);
    if (cause) {
        g_propagate_error(error, cause);
        return false;
    }
    board->board.header_bytes = board->firmware ? rig_firmware_header_bytes(board->firmware) : 0;
    rig_board_demand(&board->board, &board->board.layout, NULL);
    if (!rig_target_read_key(board->target, board->board.layout.signing, &board->key, error) ||
        !rig_target_read_encryption_key(board->target, &board->encryption_key, error))
        return false;
    board->board.key = board->key;
    board->board.encryption_key = board->encryption_key;
    return true;
}

static struct rig_qemu_board *bare_board(const struct rig_target *target)
{
    static const char *const capabilities[] = {"update",
                                               "smp",
                                               "power",
                                               "reset",
                                               "probe",
                                               "debug",
                                               "restore",
                                               "console",
                                               "power-cut-at-console",
                                               "power-cut-after-time",
                                               NULL};
    struct rig_qemu_board *board = g_new0(struct rig_qemu_board, 1);

    board->target = target;
    board->texts = g_ptr_array_new_with_free_func(g_free);
    board->parts = g_ptr_array_new_with_free_func(part_free);
    board->origin_us = g_get_monotonic_time();
    board->board = (struct rig_board){.ops = &ops,
                                      .options = &board_options,
                                      .application = &application,
                                      .logs = &logs,
                                      .snapshots = &snapshots,
                                      .events = g_main_context_new(),
                                      .power = &board->power.power,
                                      .probe = &board->probe.probe,
                                      .capabilities = capabilities};
    rig_qemu_init_power(board);
    rig_qemu_init_probe(board);
    board->place = (struct rig_link_place){.kind = "serial"};
    board->board.link = rig_link_kind_find("serial", NULL)->make(&board->place, &board->board);
    return board;
}

struct rig_board *rig_qemu_board_new(const struct rig_target *target, GError **error)
{
    const struct rig_qemu_spec *qemu = target->spec->qemu;
    struct rig_qemu_board *board;

    if (!qemu) {
        g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT,
                    "target '%s' is of kind 'qemu' and has no 'qemu:' that says which machine", target->name);
        return NULL;
    }
    if (!rig_target_boot_line(target)) {
        g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT,
                    "target '%s': 'boot-line: none' is for boards with a probe; a machine's boots are heard",
                    target->name);
        return NULL;
    }
    if (!rig_board_can_have_events(error))
        return NULL;
    signal(SIGPIPE, SIG_IGN);
    board = bare_board(target);
    board->temporary = rig_folder_new(error);
    board->folder = board->temporary ? rig_folder_path(board->temporary) : NULL;
    if (board->folder && rig_sim_describe_target(target, NULL, &board->board.layout, error) &&
        fill_config(board, qemu, error) && read_firmware(board, error)) {
        board->machine = rig_qemu_machine_new(&board->config);
        add_devices(board, qemu);
        if (program_parts(board, true, error))
            return &board->board;
    }
    board_free(&board->board);
    return NULL;
}
