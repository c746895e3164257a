/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What carries a console's bytes: serial ports and sockets. */
#include "drivers/console/console.h"

#include "base/error.h"
#include "transport/serial.h"
#include "transport/stream.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>

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

struct rig_byte_channel *rig_byte_channel_open(const struct rig_console_place *place, GError **error)
{
    if (!place->tty && !place->host) {
        g_set_error_literal(error, RIG_ERROR, RIG_ERROR_USAGE,
                            "console: neither a serial port nor a host is named");
        return NULL;
    }
    return place->tty && !is_socket(place->tty) ? serial_open(place, error) : socket_open(place, error);
}
