/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reading a console, lines and messages, beside everything else. */
#include "drivers/console/console.h"

#include "protocol/smp/console_frame.h"
#include "protocol/smp/smp.h"
#include "base/error.h"
#include "transport/serial.h"
#include "transport/stream.h"

#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>

#define LOOK_AGAIN_MS 50 /* for the end of the thread only: bytes wake it at once */

/* --- what carries the bytes: serial ports and sockets --- */

#define DEFAULT_BAUD 115200u
#define CONNECT_MS 2000u
#define WRITE_MS 500u

struct serial_channel {
    struct rig_byte_channel channel;
    struct rig_serial *serial;
};

static struct rig_serial *serial_of(struct rig_byte_channel *channel)
{
    return ((struct serial_channel *)channel)->serial;
}

static bool serial_read(struct rig_byte_channel *channel, guint8 *bytes, gsize n_max, guint timeout_ms,
                        gsize *n_read, GError **error)
{
    return rig_serial_read(serial_of(channel), bytes, n_max, timeout_ms, n_read, error);
}

static bool serial_write(struct rig_byte_channel *channel, const void *bytes, gsize n_bytes, bool *taken,
                         GError **error)
{
    g_autoptr(GError) cause = NULL;

    *taken = rig_serial_write(serial_of(channel), bytes, n_bytes, WRITE_MS, &cause);
    if (*taken || !rig_serial_is_gone(serial_of(channel)))
        return true;
    g_propagate_error(error, g_steal_pointer(&cause));
    return false;
}

static void serial_free(struct rig_byte_channel *channel)
{
    rig_serial_free(serial_of(channel));
    g_free(channel);
}

static const struct rig_byte_channel_ops serial_ops = {
    .read = serial_read, .write = serial_write, .free = serial_free};

static struct rig_byte_channel *serial_open(const struct rig_console_place *place, GError **error)
{
    struct rig_serial *serial = rig_serial_open(place->tty, place->baud ? place->baud : DEFAULT_BAUD, error);
    struct serial_channel *channel;

    if (!serial)
        return NULL;
    channel = g_new0(struct serial_channel, 1);
    *channel = (struct serial_channel){.channel = {&serial_ops}, .serial = serial};
    return &channel->channel;
}

struct socket_channel {
    struct rig_byte_channel channel;
    struct rig_stream *stream;
    char *name;
};

static struct socket_channel *socket_of(struct rig_byte_channel *channel)
{
    return (struct socket_channel *)channel;
}

static int socket_fd(struct rig_byte_channel *channel)
{
    return rig_stream_fd(socket_of(channel)->stream);
}

static bool hung_up(struct rig_byte_channel *channel, int code, GError **error)
{
    g_set_error(error, RIG_ERROR, RIG_ERROR_DEVICE, "console at %s: the other end hung up%s%s",
                socket_of(channel)->name, code ? ": " : "", code ? g_strerror(code) : "");
    return false;
}

static bool socket_read(struct rig_byte_channel *channel, guint8 *bytes, gsize n_max, guint timeout_ms,
                        gsize *n_read, GError **error)
{
    struct pollfd polled = {.fd = socket_fd(channel), .events = POLLIN};
    gssize n;

    *n_read = 0;
    if (poll(&polled, 1, (int)timeout_ms) == 0)
        return true;
    n = recv(polled.fd, bytes, n_max, MSG_DONTWAIT);
    *n_read = (gsize)MAX(n, 0);
    if (n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR)))
        return true;
    return hung_up(channel, n < 0 ? errno : 0, error);
}

static bool writable(int fd, gint64 until_us)
{
    struct pollfd polled = {.fd = fd, .events = POLLOUT};
    gint64 left_us = until_us - g_get_monotonic_time();

    return left_us > 0 && (poll(&polled, 1, (int)(left_us / 1000) + 1) > 0 || errno == EINTR);
}

static bool socket_write(struct rig_byte_channel *channel, const void *bytes, gsize n_bytes, bool *taken,
                         GError **error)
{
    gint64 until_us = g_get_monotonic_time() + (gint64)WRITE_MS * 1000;
    const guint8 *at = bytes;

    *taken = false;
    while (n_bytes > 0) {
        gssize n = send(socket_fd(channel), at, n_bytes, MSG_DONTWAIT | MSG_NOSIGNAL);

        if (n < 0 && errno != EAGAIN && errno != EINTR)
            return hung_up(channel, errno, error);
        if (n <= 0 && !writable(socket_fd(channel), until_us))
            return true;
        at += MAX(n, 0);
        n_bytes -= (gsize)MAX(n, 0);
    }
    *taken = true;
    return true;
}

static void socket_free(struct rig_byte_channel *channel)
{
    rig_stream_free(socket_of(channel)->stream);
    g_free(socket_of(channel)->name);
    g_free(channel);
}

static const struct rig_byte_channel_ops socket_ops = {
    .read = socket_read, .write = socket_write, .free = socket_free};

static struct rig_byte_channel *socket_open(const struct rig_console_place *place, GError **error)
{
    struct rig_stream *stream = place->tty
                                    ? rig_stream_connect_unix(place->tty, error)
                                    : rig_stream_connect_tcp(place->host, place->port, CONNECT_MS, error);
    struct socket_channel *channel;

    if (!stream) {
        g_prefix_error(error, "console: ");
        return NULL;
    }
    channel = g_new0(struct socket_channel, 1);
    *channel = (struct socket_channel){.channel = {&socket_ops}, .stream = stream};
    channel->name =
        place->tty ? g_strdup(place->tty) : g_strdup_printf("%s port %u", place->host, place->port);
    return &channel->channel;
}

static bool is_socket(const char *path)
{
    struct stat status;

    return stat(path, &status) == 0 && S_ISSOCK(status.st_mode);
}

static struct rig_byte_channel *open_channel(const struct rig_console_place *place, GError **error)
{
    if (!place->tty && !place->host) {
        g_set_error_literal(error, RIG_ERROR, RIG_ERROR_USAGE,
                            "console: neither a serial port nor a host is named");
        return NULL;
    }
    return place->tty && !is_socket(place->tty) ? serial_open(place, error) : socket_open(place, error);
}

/* --- the console --- */

struct line {
    gint64 at_us;
    char *text;
};

struct rig_console {
    struct rig_byte_channel *channel;
    GThread *reader;
    int wake;
    GMutex lock;
    GMutex watching; /* held while `seen` runs, so that forgetting waits for it; taken before `lock` */
    bool stop;
    GError *lost;
    GQueue lines;    /* struct line * */
    GQueue messages; /* GBytes * */
    GByteArray *raw; /* a message that is not whole yet; NULL: messages come in frames */
    struct rig_smp_console parts;
    gint64 last_us;
    char *piece; /* NULL: nothing is watched */
    rig_console_seen seen;
    void *user;
};

static void line_free(gpointer item)
{
    struct line *line = item;

    g_free(line->text);
    g_free(line);
}

static void wake_up(struct rig_console *console)
{
    const guint64 one = 1;

    if (write(console->wake, &one, sizeof one) < 0)
        return; /* it is awake already */
}

static char *line_text(const struct rig_smp_console *parts)
{
    GString *text = g_string_sized_new(parts->n_line + 1);

    for (gsize i = 0; i < parts->n_line; i++) {
        if (parts->line[i])
            g_string_append_c(text, (char)parts->line[i]);
        else
            g_string_append(text, "\\x00");
    }
    if (parts->line_cut)
        g_string_append(text, " [line cut here]");
    return g_string_free(text, FALSE);
}

static void keep_line(struct rig_console *console, gint64 at_us)
{
    struct line *line;

    if (console->parts.n_line == 0 || g_queue_get_length(&console->lines) >= RIG_CONSOLE_MAX_LINES)
        return;
    line = g_new(struct line, 1);
    *line = (struct line){.at_us = at_us, .text = line_text(&console->parts)};
    g_queue_push_tail(&console->lines, line);
}

static void keep_message(struct rig_console *console)
{
    gsize n_bytes;
    const guint8 *bytes = rig_smp_console_message(&console->parts, &n_bytes);

    if (g_queue_get_length(&console->messages) < RIG_CONSOLE_MAX_MESSAGES)
        g_queue_push_tail(&console->messages, g_bytes_new(bytes, n_bytes));
}

static bool holds_piece(const struct rig_console *console)
{
    const guint8 *at = console->parts.line, *end = at + console->parts.n_line;
    gsize n_piece = console->piece ? strlen(console->piece) : 0;

    if (!console->piece || console->parts.told)
        return false;
    for (; n_piece <= (gsize)(end - at); at++)
        if (memcmp(at, console->piece, n_piece) == 0)
            return true;
    return false;
}

/* Messages by the lengths of their headers; what has a length that no server has is no message. */
static void add_raw(struct rig_console *console, const guint8 *bytes, gsize n_bytes)
{
    GByteArray *raw = console->raw;
    struct rig_smp_header header;

    g_byte_array_append(raw, bytes, (guint)n_bytes);
    while (raw->len >= RIG_SMP_HEADER_BYTES) {
        gsize n_message;

        rig_smp_header_decode(raw->data, &header);
        n_message = RIG_SMP_HEADER_BYTES + (gsize)header.length;
        if (n_message > RIG_SMP_MAX_MESSAGE_BYTES) {
            console->parts.n_bad++;
            g_byte_array_set_size(raw, 0);
        }
        if (raw->len < n_message)
            return;
        if (g_queue_get_length(&console->messages) < RIG_CONSOLE_MAX_MESSAGES)
            g_queue_push_tail(&console->messages, g_bytes_new(raw->data, n_message));
        g_byte_array_remove_range(raw, 0, (guint)n_message);
    }
}

/* Returns whether the watched piece came. */
static bool add_bytes(struct rig_console *console, const guint8 *bytes, gsize n_bytes, gint64 at_us)
{
    bool seen = false;

    if (console->raw) {
        add_raw(console, bytes, n_bytes);
        return false;
    }
    while (n_bytes > 0) {
        gsize n_taken;
        enum rig_smp_console_event event = rig_smp_console_take(&console->parts, bytes, n_bytes, &n_taken);

        if (event == RIG_SMP_CONSOLE_LINE) {
            console->parts.told = false; /* it is looked at as the line that it was */
            seen = seen || holds_piece(console);
            console->parts.told = true;
            keep_line(console, at_us);
        } else if (event == RIG_SMP_CONSOLE_MESSAGE) {
            keep_message(console);
        }
        bytes += n_taken;
        n_bytes -= n_taken;
    }
    return seen || holds_piece(console);
}

static void take_bytes(struct rig_console *console, const guint8 *bytes, gsize n_bytes)
{
    gint64 now_us = g_get_monotonic_time();
    bool seen;

    g_mutex_lock(&console->watching);
    g_mutex_lock(&console->lock);
    console->last_us = now_us;
    seen = add_bytes(console, bytes, n_bytes, now_us);
    if (seen)
        g_clear_pointer(&console->piece, g_free);
    g_mutex_unlock(&console->lock);
    if (seen)
        console->seen(console->user, now_us);
    g_mutex_unlock(&console->watching);
    wake_up(console);
}

static bool is_stopped(struct rig_console *console)
{
    bool stop;

    g_mutex_lock(&console->lock);
    stop = console->stop;
    g_mutex_unlock(&console->lock);
    return stop;
}

/* The line that was being sent when the console went is told as far as it came. */
static void lose(struct rig_console *console, GError *error)
{
    g_mutex_lock(&console->lock);
    if (!console->parts.told)
        keep_line(console, g_get_monotonic_time());
    console->lost = error;
    g_mutex_unlock(&console->lock);
    wake_up(console);
}

static gpointer read_all(gpointer user)
{
    struct rig_console *console = user;
    GError *error = NULL;
    guint8 bytes[4096];
    gsize n_bytes = 0;

    while (!is_stopped(console) && console->channel->ops->read(console->channel, bytes, sizeof bytes,
                                                               LOOK_AGAIN_MS, &n_bytes, &error))
        if (n_bytes)
            take_bytes(console, bytes, n_bytes);
    if (error)
        lose(console, error);
    return NULL;
}

static struct rig_console *console_new(struct rig_byte_channel *channel, bool raw)
{
    struct rig_console *console = g_new0(struct rig_console, 1);

    console->channel = channel;
    console->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    g_assert(console->wake >= 0);
    g_mutex_init(&console->lock);
    g_mutex_init(&console->watching);
    g_queue_init(&console->lines);
    g_queue_init(&console->messages);
    rig_smp_console_init(&console->parts);
    if (raw)
        console->raw = g_byte_array_new();
    console->reader = g_thread_new("console", read_all, console);
    return console;
}

struct rig_console *rig_console_open_on(struct rig_byte_channel *channel)
{
    return console_new(channel, false);
}

struct rig_console *rig_console_open_at(const struct rig_console_place *place, GError **error)
{
    struct rig_byte_channel *channel = open_channel(place, error);

    return channel ? console_new(channel, place->raw) : NULL;
}

void rig_console_free(struct rig_console *console)
{
    if (!console)
        return;
    g_mutex_lock(&console->lock);
    console->stop = true;
    g_mutex_unlock(&console->lock);
    g_thread_join(console->reader);
    console->channel->ops->free(console->channel);
    g_queue_clear_full(&console->lines, line_free);
    g_queue_clear_full(&console->messages, (GDestroyNotify)g_bytes_unref);
    g_clear_error(&console->lost);
    g_clear_pointer(&console->raw, g_byte_array_unref);
    g_free(console->piece);
    g_mutex_clear(&console->lock);
    g_mutex_clear(&console->watching);
    close(console->wake);
    g_free(console);
}

/* With the lock held. */
static void rest(struct rig_console *console)
{
    guint64 count;

    if (g_queue_is_empty(&console->lines) && g_queue_is_empty(&console->messages) && !console->lost &&
        read(console->wake, &count, sizeof count) < 0)
        return; /* nothing had woken anybody */
}

char *rig_console_take(struct rig_console *console, gint64 *at_us)
{
    struct line *line;
    char *text = NULL;

    g_mutex_lock(&console->lock);
    line = g_queue_pop_head(&console->lines);
    rest(console);
    g_mutex_unlock(&console->lock);
    if (!line)
        return NULL;
    *at_us = line->at_us;
    text = g_steal_pointer(&line->text);
    line_free(line);
    return text;
}

GBytes *rig_console_take_message(struct rig_console *console)
{
    GBytes *message;

    g_mutex_lock(&console->lock);
    message = g_queue_pop_head(&console->messages);
    rest(console);
    g_mutex_unlock(&console->lock);
    return message;
}

int rig_console_fd(const struct rig_console *console)
{
    return console->wake;
}

bool rig_console_is_there(struct rig_console *console, GError **error)
{
    bool there;

    g_mutex_lock(&console->lock);
    there = !console->lost;
    if (!there && error)
        *error = g_error_copy(console->lost);
    g_mutex_unlock(&console->lock);
    return there;
}

gint64 rig_console_last_us(struct rig_console *console)
{
    gint64 last_us;

    g_mutex_lock(&console->lock);
    last_us = console->last_us;
    g_mutex_unlock(&console->lock);
    return last_us;
}

guint rig_console_n_damaged(struct rig_console *console)
{
    guint n_bad;

    g_mutex_lock(&console->lock);
    n_bad = console->parts.n_bad;
    g_mutex_unlock(&console->lock);
    return n_bad;
}

bool rig_console_write(struct rig_console *console, const void *bytes, gsize n_bytes, bool *taken,
                       GError **error)
{
    *taken = false;
    return rig_console_is_there(console, error) &&
           console->channel->ops->write(console->channel, bytes, n_bytes, taken, error);
}

void rig_console_watch(struct rig_console *console, const char *piece, rig_console_seen seen, void *user)
{
    g_mutex_lock(&console->watching);
    g_mutex_lock(&console->lock);
    g_free(console->piece);
    console->piece = g_strdup(piece);
    console->seen = seen;
    console->user = user;
    g_mutex_unlock(&console->lock);
    g_mutex_unlock(&console->watching);
}

void rig_console_forget(struct rig_console *console)
{
    g_mutex_lock(&console->watching);
    g_mutex_lock(&console->lock);
    g_clear_pointer(&console->piece, g_free);
    g_mutex_unlock(&console->lock);
    g_mutex_unlock(&console->watching);
}
