/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The out-of-process board: its processes, its clock, its console. */
#include "drivers/simprocess/process_board.h"

#include "base/error.h"
#include "drivers/board/program.h"
#include "drivers/links/links.h"
#include "drivers/sim/sim_driver.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>

#define SPEED                                                                                                \
    5 /* over a wire the board's own times shrink, what openocd costs does not; Bluetooth has its own pace   \
       */
#define TICK_MS 5
#define FIRST_LINES_MS 100u
#define BOOT_LINE "*** Booting MCUboot"

static struct rig_process_board *self(struct rig_board *board)
{
    return (struct rig_process_board *)board;
}

char *rig_process_field(const char *answer, const char *name)
{
    g_auto(GStrv) words = g_strsplit(answer, " ", -1);
    gsize n_name = strlen(name);

    for (char **word = words; *word; word++)
        if (g_str_has_prefix(*word, name) && (*word)[n_name] == '=')
            return g_strdup(*word + n_name + 1);
    return NULL;
}

static guint64 board_now_us(struct rig_board *base)
{
    return (guint64)(g_get_monotonic_time() - self(base)->origin_us) * self(base)->speed;
}

static void tell_line(struct rig_process_board *board, const char *line)
{
    if (board->board.listener.console)
        board->board.listener.console(board->board.listener.user, board_now_us(&board->board), line);
}

static void board_heard(struct rig_board *base, const char *line)
{
    if (!strstr(line, BOOT_LINE))
        return;
    rig_openocd_probe_saw_boot(&self(base)->probe);
    rig_link_board_gone(base->link, "disconnected: the board started anew");
}

/* What comes through the pipe counts the boots, also of a board whose console is another one: the simulator's
 * own account loses nothing. */
static void take_line(struct rig_process_board *board, const char *line)
{
    if (rig_process_took_strike(board, line))
        return;
    if (board->rtt)
        board_heard(&board->board, line);
    else
        rig_board_console_line(&board->board, line);
}

static void drop_rtt_wake(struct rig_process_board *board)
{
    if (board->rtt_wake)
        g_source_destroy(board->rtt_wake);
    g_clear_pointer(&board->rtt_wake, g_source_unref);
    board->rtt_fd = -1;
}

/* What RTT brought, if that is the console. */
static bool take_rtt_lines(struct rig_process_board *board, guint timeout_ms)
{
    bool any = false;
    char *line;

    while (board->rtt && (line = rig_rtt_line(board->rtt, any ? 0 : timeout_ms))) {
        tell_line(board, line);
        g_free(line);
        any = true;
    }
    return any;
}

static bool attend_rtt(struct rig_process_board *board, GError **error)
{
    if (!board->rtt)
        return true;
    if (!rig_rtt_attend(board->rtt, error))
        return false;
    if (rig_rtt_fd(board->rtt) == board->rtt_fd)
        return true;
    drop_rtt_wake(board);
    board->rtt_fd = rig_rtt_fd(board->rtt);
    if (board->rtt_fd >= 0)
        board->rtt_wake = rig_board_wake_on(&board->board, board->rtt_fd);
    return true;
}

static gboolean on_console(gint fd, GIOCondition condition, gpointer user)
{
    (void)fd, (void)condition;
    ((struct rig_process_board *)user)->console_stirs = true;
    return G_SOURCE_CONTINUE;
}

/* NULL: no whole line now. */
static char *next_line(struct rig_process_board *board, bool *gone)
{
    char *line = NULL;

    if (board->console_stirs && !(line = rig_sim_process_console(board->sim, 0, gone)))
        board->console_stirs = *gone;
    return line;
}

/* What the board said before it lost its power belongs before the loss. */
void rig_process_board_take_lines(struct rig_process_board *board)
{
    char *line;
    bool gone = false;

    rig_board_catch_up(&board->board);
    while ((line = rig_sim_process_console(board->sim, 0, &gone))) {
        take_line(board, line);
        g_free(line);
    }
}

bool rig_process_board_has_power(struct rig_process_board *board)
{
    g_autofree char *answer = NULL;
    g_autofree char *power = NULL;

    if (!board->sim || !rig_sim_process_command(board->sim, "status", &answer, NULL))
        return false;
    power = rig_process_field(answer, "power");
    if (g_strcmp0(power, "on") == 0)
        return true;
    rig_process_board_take_lines(board);
    take_rtt_lines(board, 0);
    if (board->probe.powered)
        rig_openocd_probe_power(&board->probe, false);
    rig_link_board_gone(board->board.link, "disconnected: the board lost its power");
    return false;
}

static void probe_catches_up(void *user)
{
    struct rig_process_board *board = user;
    bool was_forwarded = !board->rtt || rig_rtt_is_forwarded(board->rtt);

    if (!board->sim)
        return;
    rig_process_board_take_lines(board);
    /* What lies in RAM since the start is told with the first look. */
    if (attend_rtt(board, NULL) && board->rtt)
        take_rtt_lines(board, !was_forwarded && rig_rtt_is_forwarded(board->rtt) ? FIRST_LINES_MS : 0);
}

static bool probe_asks_for_power(void *user)
{
    return rig_process_board_has_power(user);
}

static bool probe_switches_power(void *user, bool on, GError **error)
{
    struct rig_process_board *board = user;

    return rig_sim_process_command(board->sim, on ? "power on" : "power off", NULL, error);
}

/* Sleeps until the console or the link has something, for a tick at most. */
static void doze(struct rig_process_board *board, guint64 until_us)
{
    guint64 now_us = board_now_us(&board->board);
    guint64 left_ms = until_us > now_us ? (until_us - now_us) / board->speed / 1000 + 1 : 0;

    rig_board_doze(&board->board, (guint)MIN(left_ms, TICK_MS));
}

static bool board_wait(struct rig_board *base, guint64 until_us, bool *happened, GError **error)
{
    struct rig_process_board *board = self(base);
    g_autofree char *line = NULL;
    bool gone = false;

    *happened = false;
    if (base->interrupted && *base->interrupted) {
        g_set_error_literal(error, RIG_ERROR, RIG_ERROR_INTERRUPTED, "interrupted");
        return false;
    }
    if (!board->sim) {
        g_set_error_literal(error, RIG_ERROR, RIG_ERROR_DEVICE, "the board is not prepared yet");
        return false;
    }
    if (!rig_openocd_probe_end_peek(&board->probe, error) || !attend_rtt(board, error))
        return false;
    line = next_line(board, &gone);
    if (!line && !gone) {
        doze(board, until_us);
        line = next_line(board, &gone);
    }
    if (gone) {
        g_autofree char *how = rig_process_describe(board->sim->process);

        g_set_error(error, RIG_ERROR, RIG_ERROR_DEVICE, "the simulated board's process %s", how);
        return false;
    }
    if (line)
        take_line(board, line);
    if (board->power.armed)
        rig_process_board_has_power(board);
    *happened = take_rtt_lines(board, 0) || line || board_now_us(base) < until_us;
    return true;
}

static void stop(struct rig_process_board *board)
{
    drop_rtt_wake(board);
    g_clear_pointer(&board->rtt, rig_rtt_free);
    rig_openocd_probe_close(&board->probe);
    rig_link_close(board->board.link);
    if (board->console_wake)
        g_source_destroy(board->console_wake);
    g_clear_pointer(&board->console_wake, g_source_unref);
    g_clear_pointer(&board->sim, rig_sim_process_free);
    g_clear_pointer(&board->backend, g_free);
    g_clear_error(&board->board.broken);
}

static bool fill_layout(struct rig_process_board *board, GError **error)
{
    if (board->board.layout.n_devices == 1)
        return true;
    g_set_error_literal(
        error, RIG_ERROR, RIG_ERROR_UNSUPPORTED,
        "openocd cannot program external flash: an out-of-process board has the internal device only");
    return false;
}

bool rig_process_board_has_radio(const struct rig_process_board *board)
{
    return g_str_equal(board->place.kind, "bluez");
}

static void add(GPtrArray *options, const char *name, const char *value)
{
    g_ptr_array_add(options, g_strdup(name));
    if (value)
        g_ptr_array_add(options, g_strdup(value));
}

/* Over the air the probe is only looked through; the images are in the flash from the start, which spares the
 * time that openocd takes for programming. A closed debug port programs nothing, and an empty chip has no
 * firmware that would open it. */
static bool comes_programmed(const struct rig_process_board *board)
{
    return rig_process_board_has_radio(board) ||
           !g_str_equal(rig_record_text(board->target->record, "approtect"), "off");
}

static bool add_images(struct rig_process_board *board, const struct rig_board_setup *setup,
                       GPtrArray *options, GError **error)
{
    if (setup->n_images == 0 || !comes_programmed(board)) {
        add(options, "--empty", NULL);
        return true;
    }
    for (gsize i = 0; i < setup->n_images; i++) {
        const struct rig_board_image *image = &setup->images[i];
        g_autofree char *name = g_strdup_printf("slot%u.bin", image->slot);
        g_autofree char *path = g_build_filename(board->folder, name, NULL);
        g_autofree char *value = g_strdup_printf("%u=%s", image->slot, path);

        if (!g_file_set_contents(path, (const char *)image->bytes, (gssize)image->n_bytes, error))
            return false;
        add(options, "--slot", value);
    }
    if (!setup->confirmed)
        add(options, "--on-trial", NULL);
    return true;
}

static void add_radio(const struct rig_process_board *board, const struct rig_record *options,
                      GPtrArray *arguments)
{
    const char *table = options ? rig_record_text(options, "gatt-table") : NULL;

    add(arguments, "--hci", board->hci);
    if (table && !g_str_equal(table, "fixed"))
        add(arguments, "--table-moves", NULL);
    if (g_strcmp0(table, "moves-silently") == 0)
        add(arguments, "--no-service-changed", NULL);
}

static GPtrArray *sim_options(struct rig_process_board *board, const struct rig_board_setup *setup,
                              const char *options_path, GError **error)
{
    g_autoptr(GPtrArray) options = g_ptr_array_new_with_free_func(g_free);
    g_autofree char *speed = g_strdup_printf("%u", board->speed);
    g_autofree char *seed = g_strdup_printf("%" G_GUINT64_FORMAT, setup->seed);

    add(options, "--target", board->target->source->path);
    add(options, "--options", options_path);
    add(options, "--off", NULL);
    add(options, "--speed", speed);
    add(options, "--seed", seed);
    if (!add_images(board, setup, options, error))
        return NULL;
    for (guint i = 0; i < board->defects->len; i++)
        add(options, "--defect", g_ptr_array_index(board->defects, i));
    if (rig_process_board_has_radio(board))
        add_radio(board, setup->options, options);
    if (g_str_equal(board->place.kind, "serial"))
        add(options, "--console", "pty");
    g_ptr_array_add(options, NULL);
    return g_steal_pointer(&options);
}

static bool start_sim(struct rig_process_board *board, const struct rig_board_setup *setup, GError **error)
{
    g_autofree char *path = g_build_filename(board->folder, "options.yaml", NULL);
    g_autofree char *text = rig_process_options_text(setup->options);
    g_autoptr(GPtrArray) options = NULL;

    if (!g_file_set_contents(path, text, -1, error) || !(options = sim_options(board, setup, path, error)))
        return false;
    board->sim =
        rig_sim_process_start(board->program, (const char *const *)options->pdata, board->folder, error);
    if (!board->sim)
        return false;
    board->console_wake =
        rig_board_wake_on(&board->board, rig_stream_fd(rig_process_stream(board->sim->process)));
    g_source_set_callback(board->console_wake, G_SOURCE_FUNC(on_console), board, NULL);
    g_source_set_priority(board->console_wake,
                          G_PRIORITY_HIGH); /* as packets, which must not keep it waiting */
    board->console_stirs = true;
    for (guint i = 0; i < board->taught->len; i++)
        if (!rig_sim_process_command(board->sim, g_ptr_array_index(board->taught, i), NULL, error))
            return false;
    board->place.port = board->sim->smp_port;
    board->place.tty = board->sim->pty;
    board->place.max_mtu = board->board.layout.mtu;
    board->place.or_next_address = board->board.layout.may_move_address;
    return rig_link_open(board->board.link, error);
}

/* 64 KiB from the start of RAM: the simulated board's control block is there. */
static const struct rig_rtt_config rtt_config = {.address = 0x20000000, .n_bytes = 0x10000};

static bool open_probe(struct rig_process_board *board, GError **error)
{
    struct rig_openocd_config config = {.arguments = board->openocd_arguments,
                                        .log_path = board->openocd_log,
                                        .expect_chip = rig_record_text(board->target->record, "chip")};

    board->backend = g_strdup_printf("st-link backend tcp %u", board->sim->debug_port);
    board->openocd_arguments[3] = board->backend;
    if (!rig_openocd_probe_open(&board->probe, &config, &board->board.layout, board->folder, error))
        return false;
    board->n_operations = 0;
    board->probe.still_is_hung = board->probe.boots_are_told = true;
    board->probe.supply = (struct rig_openocd_supply){.catch_up = probe_catches_up,
                                                      .has_power = probe_asks_for_power,
                                                      .set = probe_switches_power,
                                                      .user = board};
    if (g_str_equal(rig_record_text(board->target->record, "console"), "rtt"))
        board->rtt = rig_rtt_new(&board->probe, &rtt_config);
    return true;
}

/* The flash is erased, so the board that gets power for the probe's sake has nothing to run. */
static bool program_images(struct rig_process_board *board, const struct rig_board_setup *setup,
                           GError **error)
{
    struct rig_power *power = &board->power.power;

    if (!power->ops->set(power, true, error) ||
        !board->probe.probe.ops->reset_halt(&board->probe.probe, error) ||
        !rig_board_program(&board->probe.probe, setup, error) || !power->ops->set(power, false, error))
        return false;
    return true;
}

static void drain_console(struct rig_process_board *board)
{
    const struct rig_board_listener listener = board->board.listener;

    board->board.listener = (struct rig_board_listener){0};
    rig_process_board_take_lines(board);
    board->board.listener = listener;
}

static void drain_rtt(struct rig_process_board *board)
{
    char *line;

    while (board->rtt && (line = rig_rtt_line(board->rtt, 0)))
        g_free(line);
}

/* The board is a new one: what this host remembers of one with the same address is of no use. */
static bool forget_board(struct rig_link *link, GError **error)
{
    static const struct rig_link_answers nothing_said = {0};

    return (!link->ops->answer || link->ops->answer(link, &nothing_said, error)) &&
           link->ops->forget_bond(link, error);
}

static bool board_prepare(struct rig_board *base, const struct rig_board_setup *setup, GError **error)
{
    struct rig_process_board *board = self(base);
    struct rig_board_setup bare = {.confirmed = true, .options = setup->options, .seed = setup->seed};

    stop(board);
    g_unlink(board->openocd_log); /* of the case before */
    if (!board->model->ops->prepare(board->model, &bare, error))
        return false;
    base->layout = board->model->layout;
    base->demands = board->model->demands;
    if (!start_sim(board, setup, error) || !forget_board(base->link, error) || !open_probe(board, error) ||
        (!comes_programmed(board) && !program_images(board, setup, error)))
        return false;
    drain_console(board);
    drain_rtt(board);
    rig_openocd_probe_forget_boots(&board->probe);
    board->origin_us = g_get_monotonic_time();
    return true;
}

static bool bond_command(struct rig_process_board *board, const char *line, GError **error)
{
    return !rig_process_board_has_radio(board) || !board->sim ||
           rig_sim_process_command(board->sim, line, NULL, error);
}

static bool board_forget_bonds(struct rig_board *base, GError **error)
{
    return bond_command(self(base), "bond forget", error);
}

static bool board_replace_bonds(struct rig_board *base, GError **error)
{
    return bond_command(self(base), "bond damage", error);
}

/* A board that is not asked for a passkey is shown it in vain. */
static void board_host_shows(struct rig_board *base, guint32 passkey)
{
    g_autofree char *line = g_strdup_printf("link host-shows %06u", passkey);

    (void)!bond_command(self(base), line, NULL);
}

static bool board_teach(struct rig_board *base, const guint8 hash[RIG_IMAGE_HASH_BYTES],
                        const struct rig_payload_plan *plan, GError **error)
{
    struct rig_process_board *board = self(base);
    GString *line = g_string_new("behave ");

    for (gsize i = 0; i < RIG_IMAGE_HASH_BYTES; i++)
        g_string_append_printf(line, "%02x", hash[i]);
    g_string_append_printf(line, " %s %u %u", plan->behaviour, plan->self_test_us, plan->watchdog_us);
    g_ptr_array_add(board->taught, g_string_free(line, FALSE));
    return !board->sim ||
           rig_sim_process_command(board->sim, g_ptr_array_index(board->taught, board->taught->len - 1), NULL,
                                   error);
}

static bool board_make_safe(struct rig_board *base, GError **error)
{
    (void)error;
    stop(self(base));
    g_ptr_array_set_size(self(base)->taught, 0);
    return true;
}

static void board_free(struct rig_board *base)
{
    struct rig_process_board *board = self(base);

    stop(board);
    board->model->ops->free(board->model);
    rig_link_free(board->board.link);
    g_main_context_unref(board->board.events);
    rig_folder_free(board->temporary);
    g_free(board->openocd_log);
    g_free(board->openocd_config);
    g_ptr_array_unref(board->defects);
    g_ptr_array_unref(board->taught);
    g_ptr_array_unref(board->capabilities);
    g_free(board);
}

static void board_logs(struct rig_board *base, void (*each)(void *user, const char *name, const char *path),
                       void *user)
{
    struct rig_process_board *board = self(base);
    g_autofree char *sim_log = g_build_filename(board->folder, "sim.log", NULL);

    each(user, "openocd.log", board->openocd_log);
    each(user, "sim.log", sim_log);
}

static bool board_describe(const struct rig_board *base, const struct rig_record *options,
                           struct rig_layout *layout, GError **error)
{
    const struct rig_process_board *board = (const struct rig_process_board *)base;

    return board->model->options->describe(board->model, options, layout, error);
}

static const struct rig_board_ops ops = {
    .now_us = board_now_us,
    .wait = board_wait,
    .prepare = board_prepare,
    .make_safe = board_make_safe,
    .free = board_free,
};
static const struct rig_board_options board_options = {.describe = board_describe};
static const struct rig_board_application application = {.make_payload = rig_sim_make_payload,
                                                         .teach = board_teach};
static const struct rig_board_bonds bonds = {
    .forget = board_forget_bonds, .replace = board_replace_bonds, .host_shows = board_host_shows};
static const struct rig_board_packet_faults packet_faults = {.arm = rig_process_arm_packet_fault,
                                                             .end = rig_process_end_packet_faults};
static const struct rig_board_logs logs = {.each = board_logs};

static void add_capabilities(struct rig_process_board *board, const char *const *capabilities)
{
    if (board->capabilities->len)
        g_ptr_array_set_size(board->capabilities, (gint)board->capabilities->len - 1);
    for (; *capabilities; capabilities++)
        g_ptr_array_add(board->capabilities, (gpointer)*capabilities);
    g_ptr_array_add(board->capabilities, NULL);
    board->board.capabilities = (const char *const *)board->capabilities->pdata;
}

struct rig_board *rig_process_board_new(const struct rig_target *target, const char *program,
                                        const char *target_directory, GError **error)
{
    static const char *const capabilities[] = {"simulated",
                                               "update",
                                               "smp",
                                               "power",
                                               "reset",
                                               "probe",
                                               "debug",
                                               "console",
                                               "flash-watch",
                                               "board-options",
                                               "power-cut-at-operation",
                                               "power-cut-at-console",
                                               "power-cut-after-time",
                                               NULL};
    struct rig_board *model = rig_board_can_have_events(error) ? rig_sim_board_new(target, error) : NULL;
    struct rig_folder *temporary = model ? rig_folder_new(error) : NULL;
    struct rig_openocd_config nothing = {0};
    const struct rig_link_kind *kind = rig_link_kind_find("udp", NULL);
    struct rig_process_board *board;

    if (!temporary) {
        if (model)
            model->ops->free(model);
        return NULL;
    }
    signal(SIGPIPE, SIG_IGN);
    board = g_new0(struct rig_process_board, 1);
    board->model = model;
    board->target = target;
    board->program = program;
    board->temporary = temporary;
    board->folder = rig_folder_path(temporary);
    board->openocd_log = g_build_filename(board->folder, "openocd.log", NULL);
    board->openocd_config = g_build_filename(target_directory, "sim-openocd.cfg", NULL);
    board->openocd_arguments[0] = "-f";
    board->openocd_arguments[1] = board->openocd_config;
    board->rtt_fd = -1;
    board->openocd_arguments[2] = "-c";
    board->defects = g_ptr_array_new_with_free_func(g_free);
    board->taught = g_ptr_array_new_with_free_func(g_free);
    board->origin_us = g_get_monotonic_time();
    board->board.events = g_main_context_new();
    board->place = (struct rig_link_place){.kind = "udp", .host = "127.0.0.1"};
    rig_process_power_init(&board->power, board);
    board->board.ops = &ops;
    board->board.options = &board_options;
    board->board.application = &application;
    board->board.bonds = &bonds;
    board->board.flash_watch = &rig_process_flash_watch;
    board->board.logs = &logs;
    board->board.heard = board_heard;
    board->board.link = kind->make(&board->place, &board->board);
    board->board.power = &board->power.power;
    board->board.probe = &board->probe.probe;
    board->capabilities = g_ptr_array_new();
    board->hci = RIG_PROCESS_HCI;
    board->speed = SPEED;
    add_capabilities(board, capabilities);
    board->board.layout = model->layout;
    board->board.demands = model->demands;
    /* Steps ask for the layout before anything is prepared. */
    if (fill_layout(board, error) &&
        rig_openocd_probe_open(&board->probe, &nothing, &board->board.layout, board->folder, error))
        return &board->board;
    board_free(&board->board);
    return NULL;
}

bool rig_process_board_add_defect(struct rig_board *base, const char *defect, GError **error)
{
    struct rig_process_board *board = self(base);

    if (!rig_sim_board_add_defect(board->model, defect, error))
        return false;
    g_ptr_array_add(board->defects, g_strdup(defect));
    return true;
}

bool rig_process_board_use_link(struct rig_board *base, const char *name, GError **error)
{
    static const char *const radio_capabilities[] = {"packet-faults", NULL};
    struct rig_process_board *board = self(base);
    const struct rig_link_kind *kind = rig_link_kind_find(name, error);

    if (!kind)
        return false;
    rig_link_free(base->link);
    board->place.kind = kind->name;
    base->link = kind->make(&board->place, base);
    add_capabilities(board, kind->capabilities);
    if (rig_process_board_has_radio(board)) {
        add_capabilities(board, radio_capabilities);
        base->packet_faults = &packet_faults;
        board->place.address = rig_record_text(board->target->record, "address");
        board->speed = 1;
    }
    return true;
}

void rig_process_board_use_radio(struct rig_board *base, const char *hci, const char *adapter)
{
    struct rig_process_board *board = self(base);

    if (hci)
        board->hci = hci;
    board->place.adapter = adapter;
}

bool rig_process_board_command(struct rig_board *base, const char *line, char **answer, GError **error)
{
    return rig_sim_process_command(self(base)->sim, line, answer, error);
}
