/* SPDX-License-Identifier: GPL-3.0-or-later */
/* AF_BLUETOOTH sockets, without libbluetooth: two structures are all that is needed of it. */
#define _GNU_SOURCE /* SO_TIMESTAMP, pipe2 */
#include "capture/monitor.h"

#include "base/bytes.h"
#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <unistd.h>

#define BLUETOOTH_HCI 1 /* BTPROTO_HCI */
#define CHANNEL_MONITOR 2
#define ALL_ADAPTERS 0xffff
#define HEADER_BYTES 6u
#define BUFFER_BYTES (4 << 20)
#define MEMINFO_DROPS 8 /* SK_MEMINFO_DROPS, the last of 9 */

struct hci_address {
    unsigned short family;
    unsigned short device;
    unsigned short channel;
};

static int refuse(const char *why, GError **error)
{
    g_set_error(error, RIG_ERROR, RIG_ERROR_UNSUPPORTED, "no Bluetooth capture: %s", why);
    return -1;
}

int rig_monitor_open(GError **error)
{
    struct hci_address address = {AF_BLUETOOTH, ALL_ADAPTERS, CHANNEL_MONITOR};
    int fd = socket(AF_BLUETOOTH, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, BLUETOOTH_HCI), cause;

    if (fd < 0 && (errno == EPERM || errno == EACCES))
        return refuse("not permitted; run as root, or give the program CAP_NET_RAW", error);
    if (fd < 0)
        return refuse("this kernel has no Bluetooth (modprobe bluetooth)", error);
    if (bind(fd, (const struct sockaddr *)&address, sizeof address) == 0)
        return fd;
    cause = errno;
    close(fd);
    if (cause == EPERM || cause == EACCES)
        return refuse("not permitted; run as root, or give the program CAP_NET_RAW", error);
    return refuse(g_strerror(cause), error);
}

bool rig_monitor_prepare(int socket, int pipe_ends[2], GError **error)
{
    int on = 1, n_bytes = BUFFER_BYTES;

    if (pipe2(pipe_ends, O_CLOEXEC | O_NONBLOCK) != 0 || fcntl(socket, F_SETFL, O_NONBLOCK) != 0) {
        g_set_error(error, RIG_ERROR, RIG_ERROR_IO, "no Bluetooth capture: %s", g_strerror(errno));
        return false;
    }
    setsockopt(socket, SOL_SOCKET, SO_TIMESTAMP, &on, sizeof on);
    /* The first is for those who may; the second goes as far as the system's limit. */
    if (setsockopt(socket, SOL_SOCKET, SO_RCVBUFFORCE, &n_bytes, sizeof n_bytes) != 0)
        setsockopt(socket, SOL_SOCKET, SO_RCVBUF, &n_bytes, sizeof n_bytes);
    return true;
}

static gint64 time_of(struct msghdr *message)
{
    struct timeval time;

    for (struct cmsghdr *each = CMSG_FIRSTHDR(message); each; each = CMSG_NXTHDR(message, each)) {
        if (each->cmsg_level != SOL_SOCKET || each->cmsg_type != SCM_TIMESTAMP)
            continue;
        memcpy(&time, CMSG_DATA(each), sizeof time);
        return (gint64)time.tv_sec * 1000000 + time.tv_usec;
    }
    return g_get_real_time();
}

bool rig_monitor_receive(int socket, struct rig_monitor_packet *packet)
{
    guint8 header[HEADER_BYTES];
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(struct timeval))];
    } control;

    for (;;) {
        struct iovec parts[2] = {{header, sizeof header}, {packet->bytes, sizeof packet->bytes}};
        struct msghdr message = {
            .msg_iov = parts, .msg_iovlen = 2, .msg_control = &control, .msg_controllen = sizeof control};
        ssize_t n_read = recvmsg(socket, &message, MSG_DONTWAIT);

        if (n_read < 0 && errno == EINTR)
            continue;
        if (n_read <= 0)
            return false;
        if ((gsize)n_read < HEADER_BYTES)
            continue;
        packet->opcode = rig_get_le16(header);
        packet->index = rig_get_le16(header + 2);
        packet->n_bytes = MIN((gsize)n_read - HEADER_BYTES, rig_get_le16(header + 4));
        packet->unix_us = time_of(&message);
        return true;
    }
}

guint32 rig_monitor_drops(int socket)
{
    guint32 memory[MEMINFO_DROPS + 1] = {0};
    socklen_t n_bytes = sizeof memory;

    if (getsockopt(socket, SOL_SOCKET, SO_MEMINFO, memory, &n_bytes) != 0 || n_bytes < sizeof memory)
        return 0;
    return memory[MEMINFO_DROPS];
}
