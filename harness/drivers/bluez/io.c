/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Packet sockets and the queue behind them: see io.h. */
#define _GNU_SOURCE /* recvmmsg */
#include "drivers/bluez/io.h"

#include <errno.h>
#include <glib-unix.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#define MAX_AT_ONCE 8
#define MAX_PACKET_BYTES 1024 /* an attribute value has 512 at most */

void rig_bluez_io_init(struct rig_bluez_io *io, GMainContext *events)
{
    *io = (struct rig_bluez_io){.events = events, .read_fd = -1, .write_fd = -1};
    g_queue_init(&io->queue);
}

void rig_bluez_io_push(struct rig_bluez_io *io, GBytes *packet)
{
    if (g_queue_get_length(&io->queue) < RIG_BLUEZ_MAX_QUEUE) {
        g_queue_push_tail(&io->queue, packet);
        return;
    }
    io->n_dropped++;
    g_bytes_unref(packet);
}

/* An empty packet and the end of the socket both read as 0 bytes. */
static bool is_hung(int fd)
{
    struct pollfd look = {.fd = fd, .events = POLLIN};

    return poll(&look, 1, 0) < 0 || (look.revents & (POLLHUP | POLLERR | POLLNVAL));
}

/* false: nothing more is there now. */
static bool read_some(struct rig_bluez_io *io)
{
    guint8 bytes[MAX_AT_ONCE][MAX_PACKET_BYTES];
    struct iovec rooms[MAX_AT_ONCE];
    struct mmsghdr messages[MAX_AT_ONCE];
    int n;

    for (guint i = 0; i < MAX_AT_ONCE; i++) {
        rooms[i] = (struct iovec){.iov_base = bytes[i], .iov_len = sizeof bytes[i]};
        messages[i] = (struct mmsghdr){.msg_hdr = {.msg_iov = &rooms[i], .msg_iovlen = 1}};
    }
    n = recvmmsg(io->read_fd, messages, MAX_AT_ONCE, MSG_DONTWAIT, NULL);
    if (n < 0) {
        io->hung = errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR;
        return errno == EINTR;
    }
    for (int i = 0; i < n && !io->hung; i++) {
        if (messages[i].msg_len > 0)
            rig_bluez_io_push(io, g_bytes_new(bytes[i], messages[i].msg_len));
        else
            io->hung = is_hung(io->read_fd);
    }
    return n == MAX_AT_ONCE && !io->hung;
}

void rig_bluez_io_drain(struct rig_bluez_io *io)
{
    if (io->read_fd < 0 || io->hung)
        return;
    while (read_some(io))
        continue;
}

static gboolean on_readable(gint fd, GIOCondition condition, gpointer user)
{
    struct rig_bluez_io *io = user;

    (void)fd, (void)condition;
    rig_bluez_io_drain(io);
    return io->hung ? G_SOURCE_REMOVE : G_SOURCE_CONTINUE;
}

void rig_bluez_io_read_from(struct rig_bluez_io *io, int fd)
{
    rig_bluez_io_close_reader(io);
    io->hung = false;
    io->read_fd = fd;
    io->reader = g_unix_fd_source_new(fd, G_IO_IN | G_IO_HUP | G_IO_ERR);
    g_source_set_callback(io->reader, G_SOURCE_FUNC(on_readable), io, NULL);
    g_source_set_priority(io->reader, G_PRIORITY_HIGH);
    g_source_attach(io->reader, io->events);
}

void rig_bluez_io_write_to(struct rig_bluez_io *io, int fd)
{
    rig_bluez_io_close_writer(io);
    io->write_fd = fd;
}

GBytes *rig_bluez_io_pop(struct rig_bluez_io *io)
{
    return g_queue_pop_head(&io->queue);
}

enum rig_bluez_sent rig_bluez_io_send(struct rig_bluez_io *io, const guint8 *bytes, gsize n_bytes)
{
    gssize n;

    if (io->write_fd < 0)
        return RIG_BLUEZ_GONE;
    do {
        n = send(io->write_fd, bytes, n_bytes, MSG_DONTWAIT | MSG_NOSIGNAL);
    } while (n < 0 && errno == EINTR);
    if (n >= 0)
        return RIG_BLUEZ_SENT;
    return errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS ? RIG_BLUEZ_FULL : RIG_BLUEZ_GONE;
}

void rig_bluez_io_close_reader(struct rig_bluez_io *io)
{
    if (io->reader)
        g_source_destroy(io->reader);
    g_clear_pointer(&io->reader, g_source_unref);
    if (io->read_fd >= 0) {
        rig_bluez_io_drain(io);
        close(io->read_fd);
    }
    io->read_fd = -1;
}

void rig_bluez_io_close_writer(struct rig_bluez_io *io)
{
    if (io->write_fd >= 0)
        close(io->write_fd);
    io->write_fd = -1;
}

void rig_bluez_io_clear(struct rig_bluez_io *io)
{
    rig_bluez_io_close_reader(io);
    rig_bluez_io_close_writer(io);
    g_queue_clear_full(&io->queue, (GDestroyNotify)g_bytes_unref);
}
