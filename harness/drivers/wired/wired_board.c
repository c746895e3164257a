/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The board role of a board on a bench: its clock, its waiting, its beginning and its end. */
#include "drivers/wired/wired.h"

#include "base/error.h"
#include "drivers/links/links.h"
#include "drivers/sim/sim_driver.h"
#include "drivers/update/update.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <signal.h>

#define TICK_MS 5

/* make_payload of a board with firmware. */
static GBytes *wired_make_payload(const struct rig_board *board, const struct rig_payload_plan *plan,
                                  gsize n_bytes, GError **error)
{
    const struct rig_wired *wired = (const struct rig_wired *)board;

    return rig_firmware_payload(wired->firmware, wired->config.target, plan, n_bytes, error);
}

static struct rig_wired *self(struct rig_board *board)
{
    return (struct rig_wired *)board;
}

static guint64 board_now_us(struct rig_board *base)
{
    return rig_wired_at_us(self(base), g_get_monotonic_time());
}

static bool is_interrupted(const struct rig_board *board, GError **error)
{
    if (!board->interrupted || !*board->interrupted)
        return false;
    g_set_error_literal(error, RIG_ERROR, RIG_ERROR_INTERRUPTED, "interrupted");
    return true;
}

static void idle(struct rig_wired *board, guint64 until_us)
{
    guint64 now_us = board_now_us(&board->board);
    guint64 left_us = until_us > now_us ? until_us - now_us : 0;
    guint64 left_ms = left_us ? left_us / rig_wired_speed(board) / 1000 + 1 : 0;
    bool polls = board->power.armed && board->power.aim == RIG_CUT_AT_MEMORY && !board->power.triggered;

    rig_board_idle(&board->board, polls ? 0 : (guint)MIN(left_ms, TICK_MS));
}

static bool board_wait(struct rig_board *base, guint64 until_us, bool *happened, GError **error)
{
    struct rig_wired *board = self(base);
    bool any;

    *happened = false;
    if (is_interrupted(base, error) || !rig_wired_is_whole(board, error) ||
        !rig_openocd_probe_end_peek(&board->probe, error) || !rig_wired_attend(board, error))
        return false;
    rig_wired_power_poll(&board->power);
    if (board->config.simulator)
        board->config.simulator->ops->take_events(board);
    any = rig_wired_take_lines(board, false);
    if (!any) {
        idle(board, until_us);
        any = rig_wired_take_lines(board, false);
    }
    rig_wired_power_notice(&board->power);
    *happened = any || board_now_us(base) < until_us;
    return true;
}

static void close_link(struct rig_wired *board)
{
    if (board->board.link)
        rig_link_close(board->board.link);
}

static bool board_adopt(struct rig_board *base, const struct rig_board_setup *setup, GError **error)
{
    return rig_wired_accepts(self(base)->config.target, setup->options, error);
}

static bool board_describe(const struct rig_board *base, const struct rig_record *options,
                           struct rig_layout *layout, GError **error)
{
    const struct rig_wired *board = (const struct rig_wired *)base;

    return rig_wired_accepts(board->config.target, options, error) &&
           rig_sim_describe_target(board->config.target, options, layout, error);
}

static bool board_prepare(struct rig_board *base, const struct rig_board_setup *setup, GError **error)
{
    struct rig_wired *board = self(base);

    if (!base->options->adopt(base, setup, error))
        return false;
    /* A simulated board is a new one each time. */
    if (board->config.simulator)
        rig_wired_detach(board);
    if (board->config.simulator && !board->config.simulator->ops->plan(board, setup, error))
        return false;
    if (!rig_wired_attach(board, error))
        return false;
    g_unlink(board->console_log); /* of the case before */
    close_link(board);
    return rig_wired_set_up(board, setup, error);
}

static bool hold_button(struct rig_board *base, bool held, GError **error)
{
    struct rig_wired *board = self(base);

    if (!rig_wired_attach(board, error))
        return false;
    return board->config.simulator ? board->config.simulator->ops->hold_button(board, held, error)
                                   : board->button->ops->set(board->button, held, error);
}

static bool board_make_safe(struct rig_board *base, GError **error)
{
    struct rig_wired *board = self(base);
    struct rig_power *power = &board->power.power;
    struct rig_cut_record record;
    bool safe = true;

    if (!board->attached)
        return true;
    (void)!power->ops->disarm_cut(power, &record, NULL);
    close_link(board);
    if (board->button)
        safe = board->button->ops->set(board->button, false, error);
    if (board->power.channel) {
        GError **told = safe ? error : NULL;

        (void)!rig_openocd_probe_end_peek(&board->probe, NULL);
        rig_openocd_probe_power(&board->probe, false);
        safe = board->power.channel->ops->set(board->power.channel, false, told) && safe;
        board->power.on = false;
        board->lost = board->lost || !safe;
    }
    (void)rig_wired_take_lines(board, true);
    if (!safe)
        g_prefix_error(error, "board '%s': ", board->config.entry->name);
    if (board->config.simulator)
        board->config.simulator->ops->forget(board->config.simulator);
    if (board->lost || board->config.simulator)
        rig_wired_detach(board);
    return safe;
}

static void board_logs(struct rig_board *base, void (*each)(void *user, const char *name, const char *path),
                       void *user)
{
    struct rig_wired *board = self(base);

    each(user, "console.log", board->console_log);
    each(user, "openocd.log", board->openocd_log);
    if (board->config.simulator) {
        g_autofree char *log = g_build_filename(board->folder, "program-0.log", NULL);

        each(user, "sim.log", log);
    }
}

static void free_simulator(const struct rig_wired_config *config)
{
    if (config->simulator)
        config->simulator->ops->free(config->simulator);
}

static void board_free(struct rig_board *base)
{
    struct rig_wired *board = self(base);

    (void)!board_make_safe(base, NULL);
    rig_wired_detach(board);
    rig_openocd_probe_close(&board->probe);
    rig_link_free(base->link);
    rig_wired_power_clear(&board->power);
    rig_firmware_free(board->firmware);
    rig_key_free(board->key);
    rig_encrypt_key_free(board->encryption_key);
    if (base->events)
        g_main_context_unref(base->events);
    free_simulator(&board->config);
    rig_folder_free(board->temporary);
    g_free(board->console_log);
    g_free(board->capabilities);
    g_free(board->openocd_log);
    g_free(board);
}

static const struct rig_board_ops ops = {
    .now_us = board_now_us,
    .wait = board_wait,
    .prepare = board_prepare,
    .make_safe = board_make_safe,
    .free = board_free,
};
static const struct rig_board_options board_options = {.adopt = board_adopt, .describe = board_describe};
static const struct rig_board_application firmware_application = {.make_payload = wired_make_payload};
/* For a simulated board that is reached as hardware is. */
static const struct rig_board_application simulated_application = {.make_payload = rig_sim_make_payload};
static const struct rig_board_logs logs = {.each = board_logs};

static bool is_simulated(const struct rig_wired_config *config)
{
    return config->simulator || config->target->spec->firmware_word;
}

static bool read_layout(struct rig_wired *board, GError **error)
{
    const struct rig_target *target = board->config.target;
    struct rig_layout *layout = &board->board.layout;

    if (!rig_sim_describe_target(target, NULL, layout, error))
        return false;
    if (layout->n_devices == 1)
        return true;
    g_set_error(error, RIG_ERROR, RIG_ERROR_UNSUPPORTED,
                "target '%s': openocd cannot program external flash, so its slots must be in internal flash",
                target->name);
    return false;
}

/* The kind of link that the entry names; NULL: none. */
static const char *link_kind(const struct rig_bench_board *entry)
{
    const struct rig_link_spec *link = entry->spec->link;

    if (link)
        return link->udp ? "udp" : "serial";
    return entry->spec->ble ? "bluez" : NULL;
}

static void add_capabilities(GPtrArray *capabilities, const char *const *names)
{
    for (; *names; names++)
        g_ptr_array_add(capabilities, (gpointer)*names);
}

static bool make_link(struct rig_wired *board, GPtrArray *capabilities, GError **error)
{
    const char *name = link_kind(board->config.entry);
    const struct rig_link_kind *kind = name ? rig_link_kind_find(name, error) : NULL;
    const struct rig_update_protocol *protocol =
        rig_update_protocol_find(board->config.target->spec->protocol, error);

    if ((name && !kind) || !protocol)
        return false;
    board->place.kind = name;
    board->place.max_mtu = board->board.layout.mtu;
    /* Settings pages are looked at without any link. */
    if (kind || board->board.layout.family != RIG_BOOTLOADER_MCUBOOT)
        add_capabilities(capabilities, protocol->capabilities);
    if (!kind)
        return true;
    /* A wire carries SMP's one characteristic. */
    if (protocol->characteristics[0] && protocol->characteristics[1] && !g_str_equal(kind->name, "bluez"))
        return true;
    board->board.link = kind->make(&board->place, &board->board);
    g_ptr_array_add(capabilities, (gpointer) "update");
    add_capabilities(capabilities, kind->capabilities);
    if (board->config.simulator && g_str_equal(kind->name, "bluez"))
        g_ptr_array_add(capabilities, (gpointer) "packet-faults");
    return true;
}

static void add_power_capabilities(const struct rig_bench_board *entry, GPtrArray *capabilities)
{
    if (!entry->spec || !entry->spec->power)
        return;
    g_ptr_array_add(capabilities, (gpointer) "power");
    g_ptr_array_add(capabilities, (gpointer) "power-cut-after-time");
    g_ptr_array_add(capabilities, (gpointer) "power-cut-at-console");
    g_ptr_array_add(capabilities, (gpointer) "power-cut-at-memory");
}

static void add_button(struct rig_wired *board, GPtrArray *capabilities)
{
    const struct rig_simulator *simulator = board->config.simulator;
    bool there = simulator ? simulator->has_button : board->config.entry->button_driver != NULL;

    if (!there)
        return;
    g_ptr_array_add(capabilities, (gpointer) "button");
    board->board.hold_button = hold_button;
}

static bool read_key(struct rig_wired *board, GError **error)
{
    if (!rig_target_read_key(board->config.target, board->board.layout.signing, &board->key, error) ||
        !rig_target_read_encryption_key(board->config.target, &board->encryption_key, error))
        return false;
    board->board.key = board->key;
    board->board.encryption_key = board->encryption_key;
    return true;
}

static bool needs(const struct rig_wired *board, bool has_it, const char *field, const char *what,
                  GError **error)
{
    if (has_it)
        return true;
    g_set_error(error, RIG_ERROR, RIG_ERROR_USAGE,
                "board '%s' of bench '%s' has no '%s:', and a run cannot do without: %s",
                board->config.entry->name, board->config.bench->source->path, field, what);
    return false;
}

static bool load_parts(struct rig_wired *board, GError **error)
{
    const struct rig_board_setup nothing = {.confirmed = true};
    const struct rig_target *target = board->config.target;
    GError *cause = NULL;

    board->temporary = rig_folder_new(error);
    board->folder = board->temporary ? rig_folder_path(board->temporary) : NULL;
    if (!board->folder ||
        (board->config.simulator && !board->config.simulator->ops->plan(board, &nothing, error)))
        return false;
    if (!needs(board, board->config.entry->spec->probe, "probe", "it programs the images and looks at flash",
               error) ||
        !needs(board, board->config.entry->spec->console, "console", "it counts the bootloader's runs",
               error))
        return false;
    if (!read_layout(board, error) || !read_key(board, error))
        return false;
    board->firmware = rig_firmware_load(target, &cause);
    if (cause) {
        g_propagate_error(error, cause);
        return false;
    }
    board->console_log = g_build_filename(board->folder, "console.log", NULL);
    board->openocd_log = g_build_filename(board->folder, "openocd.log", NULL);
    rig_board_demand(&board->board, &board->board.layout, NULL);
    board->board.blind_to_hangs = !is_simulated(&board->config);
    board->board.silent_boots = rig_target_boot_line(board->config.target) == NULL;
    board->board.header_bytes = board->firmware ? rig_firmware_header_bytes(board->firmware) : 0;
    return true;
}

struct rig_board *rig_wired_board_new(const struct rig_wired_config *config, GError **error)
{
    static const char *const of_bench[] = {"probe", "reset", "debug", "restore", "console", NULL};
    static const char *const of_simulator[] = {"simulated",
                                               "probe",
                                               "reset",
                                               "debug",
                                               "console",
                                               "power",
                                               "power-cut-at-operation",
                                               "power-cut-at-console",
                                               "power-cut-after-time",
                                               "flash-watch",
                                               "board-options",
                                               NULL};
    struct rig_wired *board;
    GPtrArray *capabilities;

    if (!rig_board_can_have_events(error)) {
        free_simulator(config);
        return NULL;
    }
    board = g_new0(struct rig_wired, 1);
    capabilities = g_ptr_array_new();
    signal(SIGPIPE, SIG_IGN);
    board->config = *config;
    board->origin_us = g_get_monotonic_time();
    board->board.events = g_main_context_new();
    board->board.ops = &ops;
    board->board.options = &board_options;
    board->board.application = is_simulated(config) ? &simulated_application : &firmware_application;
    board->board.snapshots = &rig_wired_snapshots;
    board->board.logs = &logs;
    board->board.power = &board->power.power;
    board->board.probe = &board->probe.probe;
    rig_wired_power_init(&board->power, board);
    add_capabilities(capabilities, config->simulator ? of_simulator : of_bench);
    if (load_parts(board, error) && make_link(board, capabilities, error)) {
        add_power_capabilities(board->config.entry, capabilities);
        add_button(board, capabilities);
        g_ptr_array_add(capabilities, NULL);
        board->capabilities = (const char **)g_ptr_array_free(capabilities, FALSE);
        board->board.capabilities = board->capabilities;
        rig_wired_detach(board);
        return &board->board;
    }
    g_ptr_array_free(capabilities, TRUE);
    board_free(&board->board);
    return NULL;
}
