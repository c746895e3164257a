/* SPDX-License-Identifier: GPL-3.0-or-later */
/* SMP over a console: see serial_link.h. */
#include "drivers/serial/serial_link.h"

#include "base/error.h"
#include "drivers/console/console.h"
#include "drivers/link/wire.h"
#include "protocol/smp/console_frame.h"
#include "protocol/smp/smp.h"

#include <glib-unix.h>
#include <string.h>

struct rig_serial_link {
    struct rig_wire wire;
    struct rig_console *console; /* NULL: closed */
    bool borrowed;
    GSource *source;
    GQueue waiting;     /* GBytes: messages that nobody has asked for yet */
    GBytes *last_sent;  /* NULL: nothing yet */
    GByteArray *pieces; /* of a message that is not whole yet */
};

static struct rig_serial_link *self(struct rig_wire *wire)
{
    return (struct rig_serial_link *)wire;
}

static void serial_close(struct rig_wire *wire)
{
    struct rig_serial_link *link = self(wire);

    if (link->source)
        g_source_destroy(link->source);
    g_clear_pointer(&link->source, g_source_unref);
    if (!link->borrowed)
        rig_console_free(link->console);
    link->console = NULL;
    g_queue_clear_full(&link->waiting, (GDestroyNotify)g_bytes_unref);
}

/* A shell that echoes what it reads sends our own frames back. */
static bool is_echo(struct rig_serial_link *link, GBytes *message)
{
    if (!link->last_sent || !g_bytes_equal(message, link->last_sent))
        return false;
    g_clear_pointer(&link->last_sent, g_bytes_unref);
    return true;
}

/* Taken at once: what waits in the console keeps the board from sleeping. */
static void take_messages(struct rig_serial_link *link)
{
    GBytes *message;

    while (link->console && (message = rig_console_take_message(link->console))) {
        if (!is_echo(link, message) && g_queue_get_length(&link->waiting) < RIG_CONSOLE_MAX_MESSAGES)
            g_queue_push_tail(&link->waiting, message);
        else
            g_bytes_unref(message);
    }
}

/* For consoles: the board hears the line, then its listener. */
static void board_console_line(struct rig_board *board, const char *line)
{
    if (board->heard)
        board->heard(board, line);
    if (board->listener.console)
        board->listener.console(board->listener.user, board->ops->now_us(board), line);
}

static void tell_lines(struct rig_serial_link *link)
{
    gint64 at_us;
    char *line;

    while (link->console && (line = rig_console_take(link->console, &at_us))) {
        board_console_line(link->wire.board, line);
        g_free(line);
    }
}

/* For sources of `events`: the wire, the port or the bus is gone. Takes the error; the first one counts. */
static void board_break(struct rig_board *board, GError *error)
{
    if (board->broken)
        g_error_free(error);
    else
        board->broken = error;
}

/* Whoever hears a line may close the link. */
static gboolean on_readable(gint fd, GIOCondition condition, gpointer user)
{
    struct rig_serial_link *link = user;
    GError *error = NULL;

    (void)fd;
    (void)condition;
    take_messages(link);
    if (!link->borrowed)
        tell_lines(link);
    if (!link->console || link->borrowed || rig_console_is_there(link->console, &error))
        return G_SOURCE_CONTINUE;
    serial_close(&link->wire);
    if (!link->wire.place->begin) {
        board_break(link->wire.board, error);
        return G_SOURCE_REMOVE;
    }
    g_error_free(error);
    rig_link_board_gone(&link->wire.link, "disconnected: the serial port is gone");
    return G_SOURCE_REMOVE;
}

static bool serial_open(struct rig_wire *wire, GError **error)
{
    struct rig_serial_link *link = self(wire);
    const struct rig_link_place *place = wire->place;
    const struct rig_console_place at = {
        .tty = place->tty, .baud = place->baud, .host = place->host, .port = place->port, .raw = place->raw};

    /* A console that went with the board's power is no fault: nobody answers. */
    if (link->console || (!place->console && !place->tty && !place->host))
        return true;
    link->borrowed = place->console != NULL;
    link->console = link->borrowed ? place->console : rig_console_open_at(&at, error);
    if (!link->console && place->begin) { /* it went, and may come back */
        g_clear_error(error);
        return true;
    }
    if (!link->console)
        return false;
    link->source = g_unix_fd_source_new(rig_console_fd(link->console), G_IO_IN);
    g_source_set_callback(link->source, G_SOURCE_FUNC(on_readable), link, NULL);
    g_source_attach(link->source, wire->board->events);
    return true;
}

static bool rest(struct rig_serial_link *link, GError **error)
{
    struct rig_board *board = link->wire.board;
    guint64 until_us = board->ops->now_us(board) + link->wire.place->pace_us;
    bool goes_on = true;

    while (goes_on)
        if (!board->ops->wait(board, until_us, &goes_on, error))
            return false;
    return true;
}

/* Frame by frame, where the board wants a rest between them. */
static bool write_frames(struct rig_serial_link *link, const guint8 *frames, gsize n_bytes, bool *taken,
                         GError **error)
{
    const guint8 *end = frames + n_bytes;

    *taken = true;
    while (frames < end && *taken && link->console) {
        const guint8 *newline =
            link->wire.place->pace_us ? memchr(frames, '\n', (gsize)(end - frames)) : NULL;
        const guint8 *next = newline ? newline + 1 : end;

        if (!rig_console_write(link->console, frames, (gsize)(next - frames), taken, error) ||
            (next < end && !rest(link, error)))
            return false;
        frames = next;
    }
    *taken = *taken && frames == end;
    return true;
}

static bool send_message(struct rig_serial_link *link, const guint8 *bytes, gsize n_bytes,
                         enum rig_link_outcome *outcome, GError **error)
{
    gsize room = rig_smp_frame_room(n_bytes);
    g_autofree guint8 *frames = g_malloc(room);
    bool raw = link->wire.place->raw;
    gsize n_frames = raw ? n_bytes : rig_smp_frame_encode(bytes, n_bytes, frames, room);
    bool taken = false;

    *outcome = !link->console ? RIG_LINK_NOT_CONNECTED : n_frames ? RIG_LINK_OK : RIG_LINK_TOO_LONG;
    if (*outcome != RIG_LINK_OK)
        return true;
    g_clear_pointer(&link->last_sent, g_bytes_unref);
    link->last_sent = g_bytes_new(bytes, n_bytes);
    if (raw ? !rig_console_write(link->console, bytes, n_bytes, &taken, error)
            : !write_frames(link, frames, n_frames, &taken, error))
        return false;
    if (!taken)
        *outcome = RIG_LINK_TIMEOUT;
    return true;
}

/* After a full packet the message may go on in the next one, and its header says whether it does. */
static bool goes_on(const struct rig_serial_link *link, gsize n_packet)
{
    struct rig_smp_header header;

    if (n_packet + 3 != link->wire.mtu || link->pieces->len < RIG_SMP_HEADER_BYTES ||
        link->pieces->len > RIG_SMP_MAX_MESSAGE_BYTES)
        return false;
    rig_smp_header_decode(link->pieces->data, &header);
    return link->pieces->len < RIG_SMP_HEADER_BYTES + (gsize)header.length;
}

static bool serial_send(struct rig_wire *wire, const guint8 *bytes, gsize n_bytes,
                        enum rig_link_outcome *outcome, GError **error)
{
    struct rig_serial_link *link = self(wire);
    bool ok;

    *outcome = RIG_LINK_OK;
    if (!serial_open(wire, error))
        return false;
    if (!wire->up) /* a connection begins: nothing of the old one is joined with it */
        g_byte_array_set_size(link->pieces, 0);
    g_byte_array_append(link->pieces, bytes, (guint)n_bytes);
    if (wire->up && goes_on(link, n_bytes))
        return true;
    ok = send_message(link, link->pieces->data, link->pieces->len, outcome, error);
    g_byte_array_set_size(link->pieces, 0);
    return ok;
}

static bool serial_take(struct rig_wire *wire, GBytes **packet, GError **error)
{
    struct rig_serial_link *link = self(wire);

    take_messages(link);
    *packet = g_queue_pop_head(&link->waiting);
    return *packet || !link->console || rig_console_is_there(link->console, error);
}

static void serial_free(struct rig_wire *wire)
{
    g_clear_pointer(&self(wire)->last_sent, g_bytes_unref);
    g_byte_array_unref(self(wire)->pieces);
}

static const struct rig_wire_ops ops = {
    .called = "the serial console",
    .max_packet_bytes = RIG_SMP_MAX_MESSAGE_BYTES,
    .framing_bytes = RIG_SMP_FRAME_OVERHEAD_BYTES,
    .open = serial_open,
    .close = serial_close,
    .send = serial_send,
    .take = serial_take,
    .free = serial_free,
};

struct rig_link *rig_serial_link_new(const struct rig_link_place *place, struct rig_board *board)
{
    struct rig_serial_link *link = g_new0(struct rig_serial_link, 1);

    rig_wire_init(&link->wire, &ops, place, board);
    g_queue_init(&link->waiting);
    link->pieces = g_byte_array_new();
    return &link->wire.link;
}
