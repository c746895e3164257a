/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A clock, a link, what the target says, and the command that runs the server where the target names one. */
#include "drivers/running/running_board.h"

#include "base/error.h"
#include "drivers/board/clock_board.h"
#include "drivers/links/links.h"
#include "drivers/sim/sim_driver.h"
#include "drivers/update/update.h"
#include "drivers/wired/wired.h"
#include "transport/process.h"

#include <glib-unix.h>
#include <string.h>

#define STOP_MS 1000
#define END_TRIES 100u
#define END_AGAIN_US 2000u

struct running {
    struct rig_clock_board clock; /* first */
    const struct rig_target *target;
    struct rig_link_place place;
    char *host;
    char *tty;
    /* Of a server that is started; the process lives from the first connection of a case to its end. */
    struct rig_process *process; /* NULL: not now */
    GSource *output;
    GRegex *port_line; /* NULL: the place is known */
    char *port;        /* as the line told it; NULL: not yet */
    struct rig_firmware *firmware;
    struct rig_key *key;
    struct rig_encrypt_key *encryption_key;
    GPtrArray *capabilities; /* const char * */
};

static struct running *self(const struct rig_board *board)
{
    return (struct running *)board;
}

static bool running_adopt(struct rig_board *board, const struct rig_board_setup *setup, GError **error)
{
    return rig_wired_accepts(self(board)->target, setup->options, error);
}

static bool running_describe(const struct rig_board *board, const struct rig_record *options,
                             struct rig_layout *layout, GError **error)
{
    const struct rig_target *target = self(board)->target;

    return rig_wired_accepts(target, options, error) &&
           rig_sim_describe_target(target, options, layout, error);
}

static bool running_prepare(struct rig_board *board, const struct rig_board_setup *setup, GError **error)
{
    (void)setup;
    g_set_error(error, RIG_ERROR, RIG_ERROR_UNSUPPORTED,
                "target '%s' runs already: 'board:' cannot give it images", self(board)->target->name);
    return false;
}

static GBytes *running_payload(const struct rig_board *board, const struct rig_payload_plan *plan,
                               gsize n_bytes, GError **error)
{
    return rig_firmware_payload(self(board)->firmware, self(board)->target, plan, n_bytes, error);
}

/* --- the command --- */

/* What `reach` says with the port in its place; owned by the caller. */
static char *with_port(const struct running *running, const char *text)
{
    g_auto(GStrv) pieces = g_strsplit(text, "{port}", -1);

    return g_strjoinv(running->port ? running->port : "", pieces);
}

static bool fill_in(struct running *running, GError **error)
{
    const struct rig_reach_spec *reach = running->target->spec->reach;
    const char *address = reach->udp ? reach->udp : reach->tcp;
    g_autofree char *text = address ? with_port(running, address) : NULL;

    g_clear_pointer(&running->host, g_free);
    g_clear_pointer(&running->tty, g_free);
    if (text && !rig_link_split_address(text, reach->udp ? "'udp'" : "'tcp'", &running->host,
                                        &running->place.port, error))
        return false;
    running->tty = reach->serial ? with_port(running, reach->serial) : NULL;
    running->place.host = running->host;
    running->place.tty = running->tty;
    return true;
}

/* The first group, or all that matched where the expression has none. */
static void take_port(struct running *running, const char *line)
{
    struct rig_board *board = &running->clock.board;
    g_autoptr(GMatchInfo) match = NULL;
    bool again = running->port != NULL;

    if (!running->port_line || !g_regex_match(running->port_line, line, 0, &match))
        return;
    g_free(running->port);
    running->port = g_match_info_fetch(match, g_regex_get_capture_count(running->port_line) > 0 ? 1 : 0);
    if (!again)
        return;
    rig_link_board_gone(board->link, "disconnected: the server started anew");
    rig_link_close(board->link);
    (void)!fill_in(running, board->broken ? NULL : &board->broken);
}

static void take_line(struct running *running, const char *line)
{
    struct rig_board *board = &running->clock.board;
    const char *boot_line = rig_target_boot_line(running->target);

    take_port(running, line);
    if (boot_line && strstr(line, boot_line))
        rig_link_board_gone(board->link, "disconnected: the board started anew");
    if (board->listener.console)
        board->listener.console(board->listener.user, board->ops->now_us(board), line);
}

static void stop(struct running *running)
{
    if (running->output)
        g_source_destroy(running->output);
    g_clear_pointer(&running->output, g_source_unref);
    if (running->process)
        rig_process_stop(running->process, STOP_MS);
    g_clear_pointer(&running->process, rig_process_free);
    g_clear_pointer(&running->port, g_free);
}

static gboolean on_output(gint fd, GIOCondition condition, gpointer user)
{
    struct running *running = user;
    struct rig_board *board = &running->clock.board;
    enum rig_stream_outcome outcome = RIG_STREAM_FRAME;
    g_autofree char *how = NULL;

    (void)fd, (void)condition;
    while (running->process && outcome == RIG_STREAM_FRAME) {
        g_autoptr(GByteArray) frame = NULL;

        outcome = rig_stream_read_frame(rig_process_stream(running->process), '\n', 0, &frame);
        if (frame)
            take_line(running, g_strchomp((char *)frame->data));
    }
    if (!running->process || outcome == RIG_STREAM_TIMEOUT)
        return G_SOURCE_CONTINUE;
    /* Its output ends a moment before it does. */
    for (guint i = 0; i < END_TRIES && rig_process_is_alive(running->process); i++)
        g_usleep(END_AGAIN_US);
    how = rig_process_describe(running->process);
    rig_link_board_gone(board->link, "disconnected: the server's command ended");
    if (!board->broken)
        g_set_error(&board->broken, RIG_ERROR, RIG_ERROR_DEVICE, "target '%s': the command of 'start:' %s",
                    running->target->name, how);
    return G_SOURCE_REMOVE;
}

static bool has_port(void *user)
{
    const struct running *running = user;

    return running->port || !running->port_line;
}

static bool start(struct running *running, GError **error)
{
    const struct rig_started_spec *spec = running->target->spec->start;
    g_autofree char *folder = g_path_get_dirname(running->target->source->path);
    g_autofree char *script = g_strdup_printf("cd -- \"$0\" || exit\n{ %s\n} 2>&1", spec->command);
    const char *const argv[] = {"/bin/sh", "-c", script, folder, NULL};

    running->process = rig_process_start(argv, NULL, error);
    if (!running->process)
        return false;
    running->output =
        g_unix_fd_source_new(rig_stream_fd(rig_process_stream(running->process)), G_IO_IN | G_IO_HUP);
    g_source_set_callback(running->output, G_SOURCE_FUNC(on_output), running, NULL);
    g_source_attach(running->output, running->clock.board.events);
    return true;
}

/* Before each connection. */
static bool begin(void *user, GError **error)
{
    struct running *running = user;
    struct rig_board *board = &running->clock.board;
    guint64 until_us = board->ops->now_us(board) + running->target->spec->start->within_us;
    bool told = false;

    if ((!running->process && !start(running, error)) ||
        !rig_board_wait_for(board, until_us, has_port, running, &told, error))
        return false;
    if (told)
        return fill_in(running, error);
    g_set_error(error, RIG_ERROR, RIG_ERROR_DEVICE,
                "target '%s': the command of 'start:' printed no line that 'port-line' (%s) fits",
                running->target->name, running->target->spec->start->port_line);
    return false;
}

static bool running_make_safe(struct rig_board *board, GError **error)
{
    (void)error;
    rig_link_close(board->link);
    stop(self(board));
    return true;
}

static void running_free(struct rig_board *board)
{
    struct running *running = self(board);

    rig_link_free(board->link);
    stop(running);
    g_clear_pointer(&running->port_line, g_regex_unref);
    rig_firmware_free(running->firmware);
    rig_key_free(running->key);
    rig_encrypt_key_free(running->encryption_key);
    g_ptr_array_unref(running->capabilities);
    g_free(running->host);
    g_free(running->tty);
    rig_clock_board_clear(&running->clock);
    g_free(running);
}

static const struct rig_board_ops ops = {.now_us = rig_clock_now_us,
                                         .wait = rig_clock_wait,
                                         .prepare = running_prepare,
                                         .make_safe = running_make_safe,
                                         .free = running_free};
static const struct rig_board_options board_options = {.adopt = running_adopt, .describe = running_describe};
static const struct rig_board_application application = {.make_payload = running_payload};
static const struct rig_board_application simulated_application = {.make_payload = rig_sim_make_payload};

/* Whether the port comes from where it is looked for. */
static bool prepare_start(struct running *running, GError **error)
{
    const struct rig_started_spec *spec = running->target->spec->start;
    const struct rig_reach_spec *reach = running->target->spec->reach;
    const char *text = reach->udp ? reach->udp : reach->tcp ? reach->tcp : reach->serial;

    if (!text || (strstr(text, "{port}") != NULL) != (spec->port_line != NULL)) {
        g_set_error(
            error, RIG_ERROR, RIG_ERROR_INPUT,
            "target '%s': 'port-line' of 'start:' goes with {port} in 'udp', 'tcp' or 'serial' of 'reach:'",
            running->target->name);
        return false;
    }
    running->place.begin = begin;
    running->place.user = running;
    if (spec->port_line)
        running->port_line = g_regex_new(spec->port_line, G_REGEX_RAW, 0, error);
    if (!spec->port_line || running->port_line)
        return true;
    g_prefix_error(error, "target '%s': 'port-line': ", running->target->name);
    return false;
}

static bool fill_place(struct running *running, GError **error)
{
    const struct rig_reach_spec *reach = running->target->spec->reach;

    if (!reach) {
        g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT,
                    "target '%s' is of kind 'running' and has no 'reach:' that says where",
                    running->target->name);
        return false;
    }
    if (!reach->ble && running->clock.board.layout.family != RIG_BOOTLOADER_MCUBOOT) {
        g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT,
                    "target '%s': Nordic's DFU goes over Bluetooth: 'reach: {ble: NAME}'",
                    running->target->name);
        return false;
    }
    running->place = (struct rig_link_place){.kind = reach->udp                    ? "udp"
                                                     : reach->serial || reach->tcp ? "serial"
                                                                                   : "bluez",
                                             .baud = reach->baud,
                                             .raw = reach->raw,
                                             .pace_us = reach->pace_us,
                                             .adapter = reach->adapter,
                                             .name = reach->ble,
                                             .max_mtu = running->clock.board.layout.mtu};
    return running->target->spec->start ? prepare_start(running, error) : fill_in(running, error);
}

static bool read_files(struct running *running, GError **error)
{
    struct rig_board *board = &running->clock.board;
    GError *cause = NULL;

    running->firmware = rig_firmware_load(running->target, &cause);
    if (cause) {
        g_propagate_error(error, cause);
        return false;
    }
    board->header_bytes = running->firmware ? rig_firmware_header_bytes(running->firmware) : 0;
    rig_board_demand(board, &board->layout, NULL);
    if (!rig_target_read_key(running->target, board->layout.signing, &running->key, error) ||
        !rig_target_read_encryption_key(running->target, &running->encryption_key, error))
        return false;
    board->key = running->key;
    board->encryption_key = running->encryption_key;
    return true;
}

static bool make_link(struct running *running, GError **error)
{
    const struct rig_link_kind *kind = rig_link_kind_find(running->place.kind, NULL);
    const struct rig_update_protocol *protocol =
        rig_update_protocol_find(running->target->spec->protocol, error);
    struct rig_board *board = &running->clock.board;

    if (!protocol)
        return false;
    board->link = kind->make(&running->place, board);
    g_ptr_array_add(running->capabilities, (gpointer) "update");
    for (const char *const *capability = protocol->capabilities; *capability; capability++)
        g_ptr_array_add(running->capabilities, (gpointer)*capability);
    for (const char *const *capability = kind->capabilities; *capability && !running->place.raw; capability++)
        g_ptr_array_add(running->capabilities, (gpointer)*capability);
    if (running->target->spec->start)
        g_ptr_array_add(running->capabilities, (gpointer) "console");
    g_ptr_array_add(running->capabilities, NULL);
    board->capabilities = (const char *const *)running->capabilities->pdata;
    return true;
}

struct rig_board *rig_running_board_new(const struct rig_target *target, GError **error)
{
    struct running *running;
    struct rig_board *board;

    if (!rig_board_can_have_events(error))
        return NULL;
    running = g_new0(struct running, 1);
    board = &running->clock.board;
    rig_clock_board_init(&running->clock);
    board->ops = &ops;
    board->options = &board_options;
    board->application = target->spec->firmware_word ? &simulated_application : &application;
    running->target = target;
    running->capabilities = g_ptr_array_new();
    if (rig_sim_describe_target(target, NULL, &board->layout, error) && fill_place(running, error) &&
        read_files(running, error) && make_link(running, error))
        return board;
    running_free(board);
    return NULL;
}
