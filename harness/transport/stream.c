/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Frames out of bytes, with deadlines. */
#include "transport/stream.h"

#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <glib-unix.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define READ_BYTES 65536u

struct rig_stream {
    char *name;
    int in_fd;
    int out_fd;
    GByteArray *incoming;
    gsize n_searched; /* bytes of incoming without a frame end */
};

struct rig_stream *rig_stream_new(const char *name, int in_fd, int out_fd)
{
    struct rig_stream *stream = g_new0(struct rig_stream, 1);

    stream->name = g_strdup(name);
    stream->in_fd = in_fd;
    stream->out_fd = out_fd;
    stream->incoming = g_byte_array_new();
    g_unix_set_fd_nonblocking(in_fd, TRUE, NULL);
    g_unix_set_fd_nonblocking(out_fd, TRUE, NULL);
    return stream;
}

void rig_stream_free(struct rig_stream *stream)
{
    if (!stream)
        return;
    if (stream->out_fd != stream->in_fd)
        close(stream->out_fd);
    close(stream->in_fd);
    g_byte_array_unref(stream->incoming);
    g_free(stream->name);
    g_free(stream);
}

int rig_stream_fd(const struct rig_stream *stream)
{
    return stream->in_fd;
}

struct rig_stream *rig_stream_connect_tcp(const char *host, guint16 port, guint timeout_ms, GError **error)
{
    g_autoptr(GSocketClient) client = g_socket_client_new();
    g_autoptr(GSocketConnection) connection = NULL;
    g_autofree char *name = g_strdup_printf("%s:%u", host, port);
    g_autoptr(GError) cause = NULL;
    int fd;

    g_socket_client_set_enable_proxy(client, FALSE);
    g_socket_client_set_timeout(client, (timeout_ms + 999) / 1000);
    connection = g_socket_client_connect_to_host(client, host, port, NULL, &cause);
    if (!connection) {
        g_set_error(error, RIG_ERROR, RIG_ERROR_IO, "cannot connect to %s: %s", name, cause->message);
        return NULL;
    }
    fd = fcntl(g_socket_get_fd(g_socket_connection_get_socket(connection)), F_DUPFD_CLOEXEC, 3);
    if (fd < 0) {
        g_set_error(error, RIG_ERROR, RIG_ERROR_IO, "cannot connect to %s: %s", name, g_strerror(errno));
        return NULL;
    }
    /* Closing GIO's own descriptor of the socket leaves ours; no shutdown is sent. */
    return rig_stream_new(name, fd, fd);
}

struct rig_stream *rig_stream_connect_unix(const char *path, GError **error)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = -1;

    if (strlen(path) < sizeof address.sun_path) {
        memcpy(address.sun_path, path, strlen(path));
        fd = socket(AF_UNIX, SOCK_STREAM, 0);
    } else {
        errno = ENAMETOOLONG;
    }
    if (fd >= 0 && fcntl(fd, F_SETFD, FD_CLOEXEC) == 0 &&
        connect(fd, (struct sockaddr *)&address, sizeof address) == 0)
        return rig_stream_new(path, fd, fd);
    g_set_error(error, RIG_ERROR, RIG_ERROR_IO, "cannot connect to '%s': %s", path, g_strerror(errno));
    if (fd >= 0)
        close(fd);
    return NULL;
}

static int remaining_ms(gint64 deadline_us)
{
    gint64 left_us = deadline_us - g_get_monotonic_time();

    return left_us <= 0 ? 0 : (int)MIN((left_us + 999) / 1000, G_MAXINT);
}

/* false: the deadline came first. */
static bool wait_for(int fd, short events, gint64 deadline_us)
{
    struct pollfd polled = {.fd = fd, .events = events};
    int n;

    do
        n = poll(&polled, 1, remaining_ms(deadline_us));
    while (n < 0 && errno == EINTR);
    return n != 0;
}

/* A peer that hung up must not end the process by SIGPIPE; pipes know no MSG_NOSIGNAL, so the caller's
 * process ignores the signal. */
bool rig_stream_write(struct rig_stream *stream, const void *bytes, gsize n_bytes, guint timeout_ms,
                      GError **error)
{
    gint64 deadline_us = g_get_monotonic_time() + (gint64)timeout_ms * 1000;
    const guint8 *at = bytes;

    while (n_bytes > 0) {
        gssize n = write(stream->out_fd, at, n_bytes);

        if (n > 0) {
            at += n;
            n_bytes -= (gsize)n;
        } else if (n < 0 && errno != EAGAIN && errno != EINTR) {
            g_set_error(error, RIG_ERROR, RIG_ERROR_IO, "cannot write to %s: %s", stream->name,
                        g_strerror(errno));
            return false;
        } else if (!wait_for(stream->out_fd, POLLOUT, deadline_us)) {
            g_set_error(error, RIG_ERROR, RIG_ERROR_IO, "cannot write to %s: it took nothing for %u ms",
                        stream->name, timeout_ms);
            return false;
        }
    }
    return true;
}

static GByteArray *take_frame(struct rig_stream *stream, char end)
{
    GByteArray *incoming = stream->incoming;
    const guint8 *found = stream->n_searched < incoming->len ? memchr(incoming->data + stream->n_searched,
                                                                      end, incoming->len - stream->n_searched)
                                                             : NULL;
    GByteArray *frame;
    guint n_frame;

    if (!found) {
        stream->n_searched = incoming->len;
        return NULL;
    }
    n_frame = (guint)(found - incoming->data);
    frame = g_byte_array_sized_new(n_frame + 1);
    g_byte_array_append(frame, incoming->data, n_frame);
    g_byte_array_append(frame, (const guint8 *)"", 1);
    g_byte_array_set_size(frame, n_frame);
    g_byte_array_remove_range(incoming, 0, n_frame + 1);
    stream->n_searched = 0;
    return frame;
}

/* false: the peer hung up. */
static bool take_bytes(struct rig_stream *stream)
{
    guint n_before = stream->incoming->len;
    gssize n;

    g_byte_array_set_size(stream->incoming, n_before + READ_BYTES);
    n = read(stream->in_fd, stream->incoming->data + n_before, READ_BYTES);
    g_byte_array_set_size(stream->incoming, n_before + (n > 0 ? (guint)n : 0));
    return n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR));
}

static void forget(struct rig_stream *stream)
{
    g_byte_array_set_size(stream->incoming, 0);
    stream->n_searched = 0;
}

enum rig_stream_outcome rig_stream_read_frame(struct rig_stream *stream, char end, guint timeout_ms,
                                              GByteArray **frame)
{
    gint64 deadline_us = g_get_monotonic_time() + (gint64)timeout_ms * 1000;

    while (!(*frame = take_frame(stream, end))) {
        if (stream->incoming->len > RIG_STREAM_MAX_FRAME_BYTES) {
            forget(stream);
            return RIG_STREAM_TOO_LONG;
        }
        if (!wait_for(stream->in_fd, POLLIN, deadline_us))
            return RIG_STREAM_TIMEOUT;
        if (!take_bytes(stream)) {
            forget(stream);
            return RIG_STREAM_CLOSED;
        }
    }
    return RIG_STREAM_FRAME;
}

const char *rig_stream_outcome_text(enum rig_stream_outcome outcome)
{
    static const char *const texts[] = {"answered", "no answer in time", "it hung up",
                                        "the answer is too long"};

    return (guint)outcome < G_N_ELEMENTS(texts) ? texts[outcome] : "unknown";
}
