/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From an entry of the bench file to open devices, and back. */
#include "drivers/wired/wired.h"

#include "base/error.h"
#include "drivers/links/links.h"

#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>

static void add_fixed_words(struct rig_wired *board)
{
    const struct {
        const char *name;
        char *text;
    } words[] = {
        {"bootrig", g_strdup(board->config.program)},
        {"targets", g_canonicalize_filename(board->config.targets, NULL)},
        {"bench", rig_bench_path(board->config.bench, ".")},
        {"folder", g_strdup(board->folder)},
    };

    board->words = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    for (gsize i = 0; i < G_N_ELEMENTS(words); i++)
        g_hash_table_replace(board->words, g_strdup(words[i].name), words[i].text);
}

static bool start_programs(struct rig_wired *board, GError **error)
{
    const struct rig_start_spec *const *programs = board->config.entry->spec->start;

    board->programs = g_ptr_array_new_with_free_func((GDestroyNotify)rig_program_free);
    for (guint i = 0; programs && programs[i]; i++) {
        g_autoptr(rig_bench_entry) start = rig_bench_bind_start(board->config.entry, i, board->words, error);
        g_autofree char *log = g_strdup_printf("%s/program-%u.log", board->folder, i);
        struct rig_program *program =
            start ? rig_program_start(board->config.bench, RIG_STRUCT(start->record, struct rig_start_spec),
                                      board->words, log, error)
                  : NULL;

        if (!program)
            return false;
        g_ptr_array_add(board->programs, program);
    }
    return true;
}

/* Identity and USB port of one relay board are two names of one thing: only the open device tells. */
static bool lock_channel(struct rig_wired *board, const struct rig_power *channel, GError **error)
{
    g_autofree char *resource = g_strdup_printf("supply %s", rig_channel_resource(channel));

    return !board->config.lock || rig_lock_add(board->config.lock, resource, error);
}

static bool open_power(struct rig_wired *board, GError **error)
{
    if (board->config.simulator)
        return board->config.simulator->ops->connect(board, error);
    if (!board->entry->power_driver)
        return true;
    board->power.channel =
        rig_power_open(&board->host, board->entry->power_driver, board->entry->power, error);
    return board->power.channel && lock_channel(board, board->power.channel, error);
}

static bool open_button(struct rig_wired *board, GError **error)
{
    if (board->config.simulator || !board->entry->button_driver)
        return true;
    board->button = rig_power_open(&board->host, board->entry->button_driver, board->entry->button, error);
    return board->button && lock_channel(board, board->button, error);
}

static bool open_console(struct rig_wired *board, GError **error)
{
    const struct rig_console_spec *console = board->entry->spec->console;
    const struct rig_console_place place = {.tty = console->tty, .baud = console->baud};

    if (console->rtt)
        rig_wired_open_rtt(board, console->rtt);
    else
        board->console = rig_console_open_at(&place, error);
    if (!board->console)
        return false;
    board->console_wake = rig_board_wake_on(&board->board, rig_console_fd(board->console));
    return true;
}

static void add_argument(struct rig_wired *board, const char *option, char *value /* taken */)
{
    g_ptr_array_add(board->openocd_arguments, g_strdup(option));
    g_ptr_array_add(board->openocd_arguments, value);
}

/* A file beside the bench file, or one that openocd finds in its own folders. */
static char *config_file(struct rig_wired *board, const char *name)
{
    g_autofree char *beside = rig_bench_path(board->config.bench, name);

    return g_file_test(beside, G_FILE_TEST_IS_REGULAR) ? g_steal_pointer(&beside) : g_strdup(name);
}

static void add_config(struct rig_wired *board, const struct rig_probe_spec *probe)
{
    for (guint i = 0; probe->config && probe->config[i]; i++)
        add_argument(board, "-f", config_file(board, probe->config[i]));
    if (probe->serial)
        add_argument(board, "-c", g_strdup_printf("adapter serial %s", probe->serial));
    for (guint i = 0; probe->commands && probe->commands[i]; i++)
        add_argument(board, "-c", g_strdup(probe->commands[i]));
    g_ptr_array_add(board->openocd_arguments, NULL);
}

static bool open_probe(struct rig_wired *board, GError **error)
{
    const struct rig_probe_spec *probe = board->entry->spec->probe;
    const char *server = probe->server;

    board->openocd_arguments = g_ptr_array_new_with_free_func(g_free);
    add_config(board, probe);
    board->openocd = (struct rig_openocd_config){
        .arguments = (const char *const *)board->openocd_arguments->pdata,
        .log_path = board->openocd_log,
        .expect_chip = board->config.target->spec->chip,
    };
    if (server &&
        !rig_link_split_address(server, "'server'", &board->openocd_host, &board->openocd.port, error))
        return false;
    board->openocd.host = board->openocd_host;
    rig_openocd_probe_close(&board->probe);
    g_unlink(board->openocd_log); /* of the one before */
    if (!rig_openocd_probe_open(&board->probe, &board->openocd, &board->board.layout, board->folder, error))
        return false;
    board->probe.boots_are_told = rig_target_boot_line(board->config.target) != NULL;
    board->probe.boots_are_silent = !board->probe.boots_are_told;
    board->probe.still_is_hung = !board->board.blind_to_hangs;
    return true;
}

static const char *console_tty(const struct rig_wired *board)
{
    return board->entry->spec->console->tty;
}

void rig_wired_fill_ble(struct rig_link_place *place, const struct rig_ble_spec *ble)
{
    place->adapter = ble->adapter;
    place->address = ble->address;
    place->name = ble->name;
    place->or_next_address = ble->or_next_address;
    place->refresh = ble->refresh;
}

static bool fill_place(struct rig_wired *board, GError **error)
{
    const struct rig_link_spec *link = board->entry->spec->link;
    const struct rig_ble_spec *ble = board->entry->spec->ble;

    if (link && link->udp)
        return rig_link_split_address(link->udp->address, "'udp'", &board->place_host, &board->place.port,
                                      error) &&
               (board->place.host = board->place_host, true);
    if (link) {
        board->place.tty = link->serial->tty;
        board->place.baud = link->serial->baud;
        /* One port can have one reader only: SMP among the lines of the console goes through it. */
        if (console_tty(board) && g_strcmp0(board->place.tty, console_tty(board)) == 0)
            board->place.console = board->console;
    } else if (ble) {
        rig_wired_fill_ble(&board->place, ble);
    }
    if (board->config.simulator)
        board->config.simulator->ops->fill_place(board->config.simulator, &board->board.layout,
                                                 &board->place);
    return true;
}

bool rig_wired_attach(struct rig_wired *board, GError **error)
{
    if (board->attached && !board->lost)
        return true;
    rig_wired_detach(board);
    add_fixed_words(board);
    if (board->config.simulator)
        board->config.simulator->ops->add_words(board->config.simulator, board->words);
    rig_power_host_init(&board->host);
    if (start_programs(board, error) &&
        (board->entry = rig_bench_bind(board->config.entry, board->words, error)) &&
        open_power(board, error) && open_button(board, error) && open_probe(board, error) &&
        open_console(board, error) && fill_place(board, error)) {
        board->attached = true;
        rig_wired_tell_probe(board);
        return true;
    }
    g_prefix_error(error, "board '%s': ", board->config.entry->name);
    rig_wired_detach(board);
    return false;
}

static void close_console(struct rig_wired *board)
{
    if (board->console_wake)
        g_source_destroy(board->console_wake);
    g_clear_pointer(&board->console_wake, g_source_unref);
    /* The thread of the console reads what the probe hands over. */
    g_clear_pointer(&board->rtt, rig_rtt_free);
    g_clear_pointer(&board->console, rig_console_free);
}

void rig_wired_detach(struct rig_wired *board)
{
    const struct rig_openocd_config nothing = {0};
    const char *kind = board->place.kind;
    guint16 max_mtu = board->place.max_mtu;

    if (board->board.link)
        rig_link_close(board->board.link);
    close_console(board);
    rig_openocd_probe_close(&board->probe);
    /* Steps ask the probe for the layout whatever is attached. */
    if (board->folder)
        (void)!rig_openocd_probe_open(&board->probe, &nothing, &board->board.layout, board->folder, NULL);
    g_clear_pointer(&board->openocd_arguments, g_ptr_array_unref);
    g_clear_pointer(&board->openocd_host, g_free);
    if (board->config.simulator)
        board->config.simulator->ops->disconnect(board);
    rig_power_free(g_steal_pointer(&board->power.channel));
    rig_power_free(g_steal_pointer(&board->button));
    rig_power_host_clear(&board->host);
    board->place = (struct rig_link_place){.kind = kind, .max_mtu = max_mtu};
    g_clear_pointer(&board->place_host, g_free);
    g_clear_pointer(&board->entry, rig_bench_entry_free);
    g_clear_pointer(&board->programs, g_ptr_array_unref);
    g_clear_pointer(&board->words, g_hash_table_unref);
    board->attached = board->lost = board->power.on = board->power.armed = false;
}
