/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The simulated board as a rig_board: time, preparation, snapshots, listeners; its supply and its probe. */
#include "drivers/sim/firmware.h"

#include "base/bytes.h"
#include "base/error.h"
#include "drivers/sim/sim_driver.h"
#include "image/nordic_image.h"

#include <string.h>

G_STATIC_ASSERT(RIG_PACKET_MAX_FAULTS == SIM_PDU_MAX_FAULTS);

static enum sim_pdu_fault_kind kind_of(enum rig_packet_fault_kind kind)
{
    static const enum sim_pdu_fault_kind kinds[RIG_PACKET_N_KINDS] = {
        [RIG_PACKET_DROP] = SIM_PDU_DROP,
        [RIG_PACKET_DUPLICATE] = SIM_PDU_DUPLICATE,
        [RIG_PACKET_DELAY] = SIM_PDU_DELAY,
        [RIG_PACKET_REORDER] = SIM_PDU_REORDER,
        [RIG_PACKET_CORRUPT] = SIM_PDU_CORRUPT,
        [RIG_PACKET_TRUNCATE] = SIM_PDU_TRUNCATE,
        [RIG_PACKET_DISCONNECT] = SIM_PDU_DISCONNECT,
        [RIG_PACKET_LOST] = SIM_PDU_LOST,
    };

    return kinds[kind];
}

static bool sim_arm_packet_fault(struct rig_board *board, const struct rig_packet_fault *fault,
                                 GError **error)
{
    struct sim_pdu_fault armed = {
        .direction = fault->direction == RIG_PACKET_WRITES ? SIM_PDU_WRITES : SIM_PDU_NOTIFICATIONS,
        .first = fault->first,
        .n_times = fault->n_times ? fault->n_times : G_MAXUINT32,
    };
    struct rig_sim *sim = (struct rig_sim *)board;
    const char *why;

    if (!rig_packet_fault_is_valid(fault, &why)) {
        g_set_error_literal(error, RIG_ERROR, RIG_ERROR_INPUT, why);
        return false;
    }
    if (sim_board_pdu_faults(sim->sim)->n == 0)
        memset(sim->n_struck, 0, sizeof sim->n_struck);
    armed.kind = kind_of(fault->kind);
    armed.has_value = rig_packet_fault_value(fault, &armed.value);
    if (sim_board_arm_pdu_fault(sim->sim, &armed))
        return true;
    g_set_error(error, RIG_ERROR, RIG_ERROR_DEVICE, "there are %u faults of packets already",
                RIG_PACKET_MAX_FAULTS);
    return false;
}

static bool sim_end_packet_faults(struct rig_board *board, struct rig_packet_report *report, GError **error)
{
    struct rig_sim *sim = (struct rig_sim *)board;
    const struct sim_pdu_faults *faults = sim_board_pdu_faults(sim->sim);

    (void)error;
    if (report) {
        *report = (struct rig_packet_report){.n_faults = faults->n,
                                             .n_writes = faults->n_passed[SIM_PDU_WRITES],
                                             .n_notifications = faults->n_passed[SIM_PDU_NOTIFICATIONS]};
        memcpy(report->n_struck, sim->n_struck, sizeof report->n_struck);
    }
    sim_board_end_pdu_faults(sim->sim);
    return true;
}

static void sim_packet_struck(void *user, uint64_t at_us, const struct sim_pdu_strike *strike)
{
    struct rig_sim *sim = user;
    const struct rig_board_listener *listener = &sim->board.listener;
    char text[SIM_PDU_STRIKE_TEXT_BYTES];

    sim->n_struck[strike->fault]++;
    sim_pdu_strike_text(strike, text, sizeof text);
    if (listener->packet_fault)
        listener->packet_fault(listener->user, at_us + sim->stood_us, text);
}

struct rig_snapshot {
    struct sim_snapshot *sim;
    struct sim_debug *debug;
    guint64 stood_us;
    struct rig_sim_link link;
    struct rig_wire wire; /* as the host saw it */
    guint n_operations;
};

static struct rig_sim *self(struct rig_board *board)
{
    return (struct rig_sim *)board;
}

static void on_console(void *user, uint64_t at_us, const char *line)
{
    struct rig_sim *sim = user;
    const struct rig_board_listener *listener = &sim->board.listener;

    if (sim->debug)
        sim_debug_console(sim->debug, line);
    if (listener->console)
        listener->console(listener->user, at_us + sim->stood_us, line);
}

static void on_boot(void *user, uint64_t at_us, const struct sim_start *start, uint64_t n_operations)
{
    struct rig_sim *sim = user;
    struct rig_board_listener *listener = &sim->board.listener;
    g_autoptr(GString) text = g_string_new(NULL);
    struct rig_sim_account account = {.outcome = start->application ? "runs" : "no-image",
                                      .swap = rig_swap_type_name(RIG_SWAP_TYPE_NONE),
                                      .text = text};

    if (sim->debug)
        sim_debug_saw_boot(sim->debug, start->application);
    rig_link_board_gone(sim->board.link, "disconnected: the board started anew");
    if (!listener->boot)
        return;
    if (sim->firmware->account)
        sim->firmware->account(sim, start, &account);
    listener->boot(listener->user, at_us + sim->stood_us, account.outcome, account.swap, account.resumed,
                   n_operations, text->str);
}

static void on_operation(void *user, const struct sim_flash_operation *operation)
{
    struct rig_sim *sim = user;
    struct rig_flash_write write = {
        .device = sim->config.devices[operation->device].name,
        .offset = operation->offset,
        .n_bytes = operation->n_bytes,
        .erase = operation->kind == SIM_FLASH_ERASE,
    };

    g_array_append_val(sim->operations, write);
    if (sim->watcher)
        sim->watcher(sim->watcher_user, operation, sim_board_view(sim->sim).state == SIM_BOARD_BOOTING);
}

void rig_sim_watch(struct rig_board *board,
                   void (*watcher)(void *user, const struct sim_flash_operation *operation, bool booting),
                   void *user)
{
    self(board)->watcher = watcher;
    self(board)->watcher_user = user;
}

static guint64 sim_now_us(struct rig_board *board)
{
    return rig_sim_now_us(self(board));
}

/* A halted core does nothing, and its own clock does not run either. */
static void stand_still(struct rig_sim *sim, guint64 until_us)
{
    if (until_us > rig_sim_now_us(sim))
        sim->stood_us = until_us - sim_board_now_us(sim->sim);
}

static void notice_link(struct rig_sim *sim)
{
    rig_sim_link_notice(&sim->link);
    if (!sim_board_powered(sim->sim))
        rig_link_board_gone(sim->board.link, "disconnected: the board has no power");
}

static bool sim_wait(struct rig_board *board, guint64 until_us, bool *happened, GError **error)
{
    struct rig_sim *sim = self(board);

    if (board->interrupted && *board->interrupted) {
        g_set_error_literal(error, RIG_ERROR, RIG_ERROR_INTERRUPTED, "interrupted");
        return false;
    }
    *happened = false;
    if (sim->debug && sim_debug_stopped(sim->debug))
        stand_still(sim, until_us);
    else
        *happened = sim_board_step(sim->sim, until_us > sim->stood_us ? until_us - sim->stood_us : 0);
    if (sim->debug)
        sim_debug_notice(sim->debug);
    notice_link(sim);
    return true;
}

static void tell_sim(struct rig_sim *sim, const struct rig_sim_taught *taught)
{
    if (sim->firmware->teach && !sim->firmware->teach(sim->sim, taught->hash, &taught->personality))
        g_error("no memory");
}

/* A new board knows nobody. */
static void begin_link(struct rig_sim *sim)
{
    bool serial = g_str_equal(sim->target->spec->link, "serial");

    rig_sim_link_init(&sim->link, sim);
    sim->board.link = &sim->link.link;
    if (!serial && !g_str_equal(sim->target->spec->link, "udp"))
        return;
    rig_sim_wire_begin(&sim->wire, sim, serial ? SIM_WIRE_SERIAL : SIM_WIRE_DATAGRAM);
    sim->board.link = &sim->wire.wire.link;
}

/* On failure the board that is there stays. */
static bool make_board(struct rig_sim *sim, guint64 seed, GError **error)
{
    const char *why = NULL;
    struct sim_board *made;

    sim->config.seed = seed;
    sim->config.firmware = sim->firmware->firmware;
    sim->config.firmware_config = sim->firmware->config ? sim->firmware->config(sim) : NULL;
    made = sim_board_new(&sim->config, &why);
    if (!made) {
        g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "target '%s' cannot be simulated: %s",
                    sim->target->name, why);
        return false;
    }
    g_clear_pointer(&sim->debug, sim_debug_free);
    sim_board_free(sim->sim);
    sim->sim = made;
    sim->stood_us = 0;
    g_array_set_size(sim->operations, 0);
    sim->debug = sim_debug_new(sim->sim);
    sim_board_on_console(sim->sim, on_console, sim);
    sim_board_on_boot(sim->sim, on_boot, sim);
    sim_board_on_flash(sim->sim, on_operation, sim);
    sim_board_on_pdu_fault(sim->sim, sim_packet_struck, sim);
    for (guint i = 0; i < sim->taught->len; i++)
        tell_sim(sim, &g_array_index(sim->taught, struct rig_sim_taught, i));
    if (sim->firmware->made)
        sim->firmware->made(sim);
    begin_link(sim);
    return true;
}

/* What cannot be made as the options want goes on as the board of the target alone: cleanup and later cases
 * need one. */
static bool remake(struct rig_sim *sim, const struct rig_record *options, guint64 seed, GError **error)
{
    bool made = rig_sim_configure(sim, options, error) && make_board(sim, seed, error);

    if (!made && options)
        (void)!(rig_sim_configure(sim, NULL, NULL) && make_board(sim, 0, NULL));
    return made;
}

static bool sim_prepare(struct rig_board *board, const struct rig_board_setup *setup, GError **error)
{
    struct rig_sim *sim = self(board);

    if (!remake(sim, setup->options, setup->seed, error))
        return false;
    if (sim->firmware->program)
        return sim->firmware->program(sim, setup, error);
    if (setup->n_images == 0 && setup->confirmed)
        return true;
    g_set_error(error, RIG_ERROR, RIG_ERROR_UNSUPPORTED, "the firmware of target '%s' (%s) takes no images",
                sim->target->name, sim->firmware->firmware->name);
    return false;
}

static bool sim_forget_bonds(struct rig_board *board, GError **error)
{
    (void)error;
    sim_board_ble_forget_bonds(self(board)->sim);
    return true;
}

static bool sim_replace_bonds(struct rig_board *board, GError **error)
{
    (void)error;
    sim_board_ble_replace_bonds(self(board)->sim);
    return true;
}

struct sim_app_personality rig_sim_personality(const struct rig_payload_plan *plan)
{
    struct sim_app_personality personality = {.self_test_us = plan->self_test_us,
                                              .watchdog_us = plan->watchdog_us};

    sim_app_behaviour_from_name(plan->behaviour, &personality.behaviour);
    return personality;
}

bool rig_sim_teach(struct rig_board *board, const guint8 hash[RIG_IMAGE_HASH_BYTES],
                   const struct rig_payload_plan *plan, GError **error)
{
    struct rig_sim *sim = self(board);
    struct rig_sim_taught taught = {.personality = rig_sim_personality(plan)};

    (void)error;
    memcpy(taught.hash, hash, sizeof taught.hash);
    g_array_append_val(sim->taught, taught);
    tell_sim(sim, &taught);
    return true;
}

GBytes *rig_sim_make_payload(const struct rig_board *board, const struct rig_payload_plan *plan,
                             gsize n_bytes, GError **error)
{
    struct sim_app_personality personality = rig_sim_personality(plan);
    guint8 *payload = g_malloc0(n_bytes);

    (void)error;
    sim_app_make_payload(&personality, plan->seed, payload, n_bytes);
    if (board->layout.family == RIG_BOOTLOADER_NORDIC_LEGACY && n_bytes >= SIM_APP_PERSONALITY_BYTES)
        rig_put_le32(payload + RIG_NORDIC_VERSION_AT, plan->fw_version);
    if (board->layout.family != RIG_BOOTLOADER_MCUBOOT)
        rig_nordic_seal(payload, n_bytes);
    return g_bytes_new_take(payload, n_bytes);
}

static struct rig_snapshot *sim_keep(struct rig_board *board, GError **error)
{
    struct rig_sim *sim = self(board);
    struct rig_snapshot *snapshot = g_new0(struct rig_snapshot, 1);

    (void)error;
    snapshot->sim = sim_board_save(sim->sim);
    snapshot->debug = sim->debug ? sim_debug_save(sim->debug) : NULL;
    snapshot->stood_us = sim->stood_us;
    snapshot->link = sim->link;
    snapshot->wire = sim->wire.wire;
    snapshot->n_operations = sim->operations->len;
    return snapshot;
}

static bool sim_rewind(struct rig_board *board, const struct rig_snapshot *snapshot, GError **error)
{
    struct rig_sim *sim = self(board);

    sim_board_restore(sim->sim, snapshot->sim);
    if (snapshot->debug)
        sim_debug_restore(sim->debug, snapshot->debug);
    sim->stood_us = snapshot->stood_us;
    sim->link = snapshot->link;
    if (sim->board.link == &sim->wire.wire.link)
        rig_link_close(sim->board.link); /* what is on its way is from another time */
    sim->wire.wire = snapshot->wire;
    g_array_set_size(sim->operations, snapshot->n_operations);
    (void)error;
    return true;
}

static void sim_forget_snapshot(struct rig_snapshot *snapshot)
{
    if (!snapshot)
        return;
    sim_snapshot_free(snapshot->sim);
    sim_debug_free(snapshot->debug);
    g_free(snapshot);
}

/* Safe is also: nothing is left for the next case, neither flash nor options nor time, so that its company
 * does not show. */
static bool sim_make_safe(struct rig_board *board, GError **error)
{
    struct rig_sim *sim = self(board);

    sim_board_disarm_cut(sim->sim);
    sim_board_ble_disconnect(sim->sim);
    sim_board_power(sim->sim, false);
    notice_link(sim);
    g_array_set_size(sim->taught, 0);
    return remake(sim, NULL, 0, error);
}

static void sim_free(struct rig_board *board)
{
    struct rig_sim *sim = self(board);

    sim_debug_free(sim->debug);
    sim_board_free(sim->sim);
    sim_guest_free(sim->guest);
    rig_key_free(sim->own_key);
    rig_key_free(sim->test_key);
    rig_encrypt_key_free(sim->encryption_key);
    g_free(sim->unplayable);
    g_array_unref(sim->operations);
    g_array_unref(sim->taught);
    g_free(sim);
}

static guint64 sim_n_operations(struct rig_board *board)
{
    return self(board)->operations->len;
}

static void sim_operations(struct rig_board *board, guint64 since,
                           void (*each)(void *user, const struct rig_flash_write *write), void *user)
{
    const GArray *operations = self(board)->operations;

    for (guint64 i = since; i < operations->len; i++)
        each(user, &g_array_index(operations, struct rig_flash_write, i));
}

/* --- power: the simulated supply, and cuts --- */

static struct rig_sim *fed_by(struct rig_power *power)
{
    return ((struct rig_sim_power *)power)->sim;
}

static bool sim_power_set(struct rig_power *power, bool on, GError **error)
{
    struct rig_sim *sim = fed_by(power);

    (void)error;
    sim_board_power(sim->sim, on);
    if (sim->debug)
        sim_debug_notice(sim->debug);
    notice_link(sim);
    return true;
}

static bool sim_power_is_on(struct rig_power *power, bool *on, GError **error)
{
    (void)error;
    *on = sim_board_powered(fed_by(power)->sim);
    return true;
}

static bool sim_power_arm_cut(struct rig_power *power, const struct rig_cut_plan *plan, GError **error)
{
    static const enum sim_cut_kind kinds[] = {SIM_CUT_AT_OPERATION, SIM_CUT_AFTER_TIME, SIM_CUT_AT_CONSOLE,
                                              SIM_CUT_AFTER_TIME};
    static const enum sim_cut_form forms[] = {SIM_CUT_BEFORE, SIM_CUT_HALF, SIM_CUT_AFTER};
    struct sim_cut cut = {
        .kind = kinds[plan->aim],
        .form = forms[plan->form],
        .operation = plan->operation,
        .delay_us = plan->delay_us,
    };

    if (plan->aim == RIG_CUT_AT_MEMORY) {
        g_set_error_literal(error, RIG_ERROR, RIG_ERROR_UNSUPPORTED,
                            "the built-in simulated board has no memory that could be polled");
        return false;
    }
    if (plan->line && g_strlcpy(cut.pattern, plan->line, sizeof cut.pattern) >= sizeof cut.pattern) {
        g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "the piece of a console line is longer than %zu bytes",
                    sizeof cut.pattern - 1);
        return false;
    }
    sim_board_arm_cut(fed_by(power)->sim, &cut);
    return true;
}

G_STATIC_ASSERT(sizeof((struct sim_cut *)NULL)->pattern > RIG_CUT_LINE_BYTES);

static bool sim_power_disarm_cut(struct rig_power *power, struct rig_cut_record *record, GError **error)
{
    struct rig_sim *sim = fed_by(power);
    struct sim_cut_report report = sim_board_cut_report(sim->sim);

    (void)error;
    *record = (struct rig_cut_record){
        .fell = report.fell,
        .at_us = report.at_us + sim->stood_us,
        .at_operation = report.at_operation,
        .operation = report.operation,
        .erase = report.operation_kind == SIM_FLASH_ERASE,
        .offset = report.offset,
        .n_bytes = report.n_bytes,
        .torn = report.torn,
    };
    if (report.device < sim->config.n_devices)
        g_strlcpy(record->device, sim->config.devices[report.device].name, sizeof record->device);
    if (report.fell && !sim_board_powered(sim->sim))
        g_strlcpy(record->proof, "simulator: the flash has no power", sizeof record->proof);
    sim_board_disarm_cut(sim->sim);
    return true;
}

static const struct rig_power_ops power_ops = {
    .name = "simulated",
    .set = sim_power_set,
    .is_on = sim_power_is_on,
    .arm_cut = sim_power_arm_cut,
    .disarm_cut = sim_power_disarm_cut,
};

static void init_power(struct rig_sim_power *power, struct rig_sim *sim)
{
    *power = (struct rig_sim_power){.power = {.ops = &power_ops}, .sim = sim};
}

/* --- what a debug probe would find --- */

static struct rig_sim *probed(struct rig_probe *probe)
{
    return ((struct rig_sim_probe *)probe)->sim;
}

static bool need_power(const struct rig_sim *sim, const char *what, GError **error)
{
    if (sim_board_powered(sim->sim))
        return true;
    g_set_error(error, RIG_ERROR, RIG_ERROR_DEVICE,
                "cannot %s a board without power: put 'power-on:' before it", what);
    return false;
}

static bool need_debug(const struct rig_sim *sim, const char *what, GError **error)
{
    if (sim->debug)
        return need_power(sim, what, error);
    g_set_error(error, RIG_ERROR, RIG_ERROR_UNSUPPORTED,
                "target '%s' has no debug port: its internal flash is not made of whole 4 KiB pages",
                sim->target->name);
    return false;
}

static bool sim_probe_reset(struct rig_probe *probe, GError **error)
{
    struct rig_sim *sim = probed(probe);

    if (!need_power(sim, "reset", error))
        return false;
    if (sim->debug)
        sim_debug_reset(sim->debug, false);
    else
        sim_board_reset(sim->sim);
    return true;
}

static bool sim_probe_reset_halt(struct rig_probe *probe, GError **error)
{
    struct rig_sim *sim = probed(probe);

    if (!need_debug(sim, "reset", error))
        return false;
    sim_debug_reset(sim->debug, true);
    return true;
}

static bool sim_probe_halt(struct rig_probe *probe, GError **error)
{
    struct rig_sim *sim = probed(probe);

    if (!need_debug(sim, "halt", error))
        return false;
    sim_debug_halt(sim->debug);
    return true;
}

static bool sim_probe_resume(struct rig_probe *probe, GError **error)
{
    struct rig_sim *sim = probed(probe);

    if (!need_debug(sim, "resume", error))
        return false;
    sim_debug_resume(sim->debug);
    return true;
}

static bool sim_probe_read_memory(struct rig_probe *probe, guint32 address, guint8 *into, gsize n_bytes,
                                  GError **error)
{
    struct rig_sim *sim = probed(probe);
    guint32 stopped_at = address;

    if (!need_debug(sim, "read memory of", error))
        return false;
    if (sim_debug_read(sim->debug, address, 1, into, n_bytes, &stopped_at) == SIM_DEBUG_OK)
        return true;
    g_set_error(error, RIG_ERROR, RIG_ERROR_DEVICE, "cannot read memory at 0x%x: nothing is there",
                stopped_at);
    return false;
}

static bool sim_probe_write_word(struct rig_probe *probe, guint32 address, guint32 word, GError **error)
{
    const guint8 bytes[4] = {(guint8)word, (guint8)(word >> 8), (guint8)(word >> 16), (guint8)(word >> 24)};
    struct rig_sim *sim = probed(probe);
    guint32 stopped_at = address;

    if (!need_debug(sim, "write memory of", error))
        return false;
    if (sim_debug_write(sim->debug, address, 4, bytes, sizeof bytes, &stopped_at) == SIM_DEBUG_OK)
        return true;
    g_set_error(error, RIG_ERROR, RIG_ERROR_DEVICE, "cannot write memory at 0x%x: nothing is there",
                stopped_at);
    return false;
}

static bool sim_probe_view(struct rig_probe *probe, struct rig_board_view *view, GError **error)
{
    static const enum rig_run_state states[] = {
        [SIM_BOARD_OFF] = RIG_STATE_OFF,           [SIM_BOARD_BOOTING] = RIG_STATE_BOOTING,
        [SIM_BOARD_RUNNING] = RIG_STATE_RUNNING,   [SIM_BOARD_HUNG] = RIG_STATE_HUNG,
        [SIM_BOARD_NO_IMAGE] = RIG_STATE_NO_IMAGE, [SIM_BOARD_UPDATER] = RIG_STATE_UPDATER,
    };
    struct sim_board_view seen = sim_board_view(probed(probe)->sim);

    (void)error;
    *view = (struct rig_board_view){
        .state = states[seen.state],
        .n_boots = seen.n_boots,
        .n_resets = seen.n_resets,
        .has_image = seen.image.has_image,
        .version = seen.image.version,
        .confirmed = seen.image.confirmed,
    };
    memcpy(view->hash, seen.image.hash, sizeof view->hash);
    if (view->state != RIG_STATE_OFF && probed(probe)->debug && sim_debug_stopped(probed(probe)->debug))
        view->state = RIG_STATE_HALTED;
    return true;
}

static bool device_index(const struct rig_sim *sim, const char *device, guint *index, GError **error)
{
    for (*index = 0; *index < sim->config.n_devices; ++*index)
        if (g_str_equal(sim->config.devices[*index].name, device))
            return true;
    g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "this board has no flash device '%s'", device);
    return false;
}

static bool check(enum sim_status status, const char *what, const char *device, guint32 offset,
                  GError **error)
{
    if (status == SIM_OK)
        return true;
    g_set_error(error, RIG_ERROR, RIG_ERROR_DEVICE, "cannot %s %s flash at 0x%x: %s", what, device, offset,
                sim_status_text(status));
    return false;
}

static bool sim_probe_read(struct rig_probe *probe, const char *device, guint32 offset, guint8 *into,
                           gsize n_bytes, GError **error)
{
    struct rig_sim *sim = probed(probe);
    guint index;

    return device_index(sim, device, &index, error) &&
           check(sim_flash_peek(sim_board_flash(sim->sim), index, offset, into, n_bytes), "read", device,
                 offset, error);
}

static bool sim_probe_program(struct rig_probe *probe, const char *device, guint32 offset,
                              const guint8 *bytes, gsize n_bytes, GError **error)
{
    struct rig_sim *sim = probed(probe);
    guint index;

    return device_index(sim, device, &index, error) &&
           check(sim_flash_poke(sim_board_flash(sim->sim), index, offset, bytes, n_bytes), "program", device,
                 offset, error);
}

static const struct rig_probe_ops probe_ops = {
    .name = "simulated",
    .reset = sim_probe_reset,
    .view = sim_probe_view,
    .read = sim_probe_read,
    .program = sim_probe_program,
    .halt = sim_probe_halt,
    .resume = sim_probe_resume,
    .reset_halt = sim_probe_reset_halt,
    .read_memory = sim_probe_read_memory,
    .write_word = sim_probe_write_word,
};

static void init_probe(struct rig_sim_probe *probe, struct rig_sim *sim)
{
    *probe = (struct rig_sim_probe){.probe = {.ops = &probe_ops, .layout = &sim->board.layout}, .sim = sim};
}

/* --- the board --- */

static const struct rig_board_ops ops = {
    .now_us = sim_now_us,
    .wait = sim_wait,
    .prepare = sim_prepare,
    .make_safe = sim_make_safe,
    .free = sim_free,
};
static const struct rig_board_options board_options = {.describe = rig_sim_describe};
static const struct rig_board_bonds bonds = {.forget = sim_forget_bonds, .replace = sim_replace_bonds};
static const struct rig_board_packet_faults packet_faults = {.arm = sim_arm_packet_fault,
                                                             .end = sim_end_packet_faults};
static const struct rig_board_snapshots snapshots = {
    .keep = sim_keep, .rewind = sim_rewind, .forget = sim_forget_snapshot};
static const struct rig_board_flash_watch flash_watch = {.n_operations = sim_n_operations,
                                                         .operations = sim_operations};
bool rig_sim_board_use_bootloader(struct rig_board *board, const char *path, GError **error)
{
    struct rig_sim *sim = self(board);
    struct sim_guest *guest, *before;

    if (!sim->firmware->open_guest) {
        g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT,
                    "target '%s' runs '%s', not MCUboot: bootloader '%s' cannot take its place",
                    sim->target->name, sim->firmware->firmware->name, path);
        return false;
    }
    guest = sim->firmware->open_guest(sim, path, error);
    if (!guest)
        return false;
    before = sim->guest;
    sim->guest = guest;
    if (remake(sim, NULL, 0, error)) {
        sim_guest_free(before);
        return true;
    }
    sim->guest = before;
    sim_guest_free(guest);
    return false;
}

static bool use_targets_bootloader(struct rig_sim *sim, GError **error)
{
    const struct rig_bootloader_spec *bootloader = sim->target->spec->bootloader;
    g_autofree char *folder = g_path_get_dirname(sim->target->source->path);
    g_autofree char *path = NULL;
    const char *file;

    if (!bootloader)
        return true;
    file = bootloader->file;
    path = g_path_is_absolute(file) ? g_strdup(file) : g_build_filename(folder, file, NULL);
    return rig_sim_board_use_bootloader(&sim->board, path, error);
}

static bool hold_button(struct rig_board *board, bool held, GError **error)
{
    (void)error;
    sim_board_hold_button(((struct rig_sim *)board)->sim, held);
    return true;
}

/* The last ones only where the board is made so. */
static void list_capabilities(struct rig_sim *sim)
{
    static const char *const always[] = {
        "simulated",
        "power",
        "reset",
        "probe",
        "console",
        "board-options",
        "power-cut-at-operation",
        "power-cut-at-console",
        "power-cut-after-time",
        "rewind",
        "flash-watch",
    };
    static const char *const radio[] = {"ble",      "bonding",     "raw-security", "chosen-mtu",
                                        "raw-gatt", "second-host", "packet-faults"};
    guint n = G_N_ELEMENTS(always);

    memcpy(sim->capabilities, always, sizeof always);
    if (sim->board.link == &sim->link.link) {
        memcpy(sim->capabilities + n, radio, sizeof radio);
        n += G_N_ELEMENTS(radio);
    }
    for (const char *const *own = sim->firmware->capabilities; own && *own; own++) {
        g_assert(n + 5 < RIG_SIM_MAX_CAPABILITIES);
        sim->capabilities[n++] = *own;
    }
    if (sim->firmware->firmware->button)
        sim->capabilities[n++] = "button";
    if (sim->debug)
        sim->capabilities[n++] = "debug";
    if (sim->board.layout.n_slots > 2) {
        sim->capabilities[n++] = "two-images";
        sim->capabilities[n++] = "external-flash";
    }
    sim->board.capabilities = sim->capabilities;
}

struct rig_board *rig_sim_board_new(const struct rig_target *target, GError **error)
{
    struct rig_sim *sim = g_new0(struct rig_sim, 1);

    sim->target = target;
    sim->operations = g_array_new(FALSE, FALSE, sizeof(struct rig_flash_write));
    sim->taught = g_array_new(FALSE, FALSE, sizeof(struct rig_sim_taught));
    init_power(&sim->power, sim);
    init_probe(&sim->probe, sim);
    sim->board = (struct rig_board){.ops = &ops,
                                    .power = &sim->power.power,
                                    .probe = &sim->probe.probe,
                                    .options = &board_options,
                                    .bonds = &bonds,
                                    .packet_faults = &packet_faults,
                                    .snapshots = &snapshots,
                                    .flash_watch = &flash_watch,
                                    .hold_button = hold_button};
    sim->firmware = rig_sim_firmware_of(target, error);
    if (!sim->firmware || !rig_sim_configure(sim, NULL, error) || !make_board(sim, 0, error) ||
        !use_targets_bootloader(sim, error)) {
        sim_free(&sim->board);
        return NULL;
    }
    sim->board.application = sim->firmware->application;
    sim->board.subject = sim->firmware->subject;
    list_capabilities(sim);
    return &sim->board;
}
