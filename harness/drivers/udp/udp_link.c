/* SPDX-License-Identifier: GPL-3.0-or-later */
/* SMP over UDP: see udp_link.h. */
#include "drivers/udp/udp_link.h"

#include "base/error.h"
#include "drivers/link/wire.h"

#include <errno.h>
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#define MAX_DATAGRAM_BYTES 65536u /* all that there can be: nothing is cut off unseen */
#define MAX_PACKET_BYTES 1024u    /* what an Ethernet frame carries, and most servers buffer */

struct rig_udp_link {
    struct rig_wire wire;
    int socket;    /* -1: none */
    GSource *wake; /* NULL: none */
};

static struct rig_udp_link *self(struct rig_wire *wire)
{
    return (struct rig_udp_link *)wire;
}

static void udp_close(struct rig_wire *wire)
{
    struct rig_udp_link *link = self(wire);

    if (link->wake)
        g_source_destroy(link->wake);
    g_clear_pointer(&link->wake, g_source_unref);
    if (link->socket >= 0)
        close(link->socket);
    link->socket = -1;
}

static int open_socket(const struct addrinfo *address)
{
    int fd = socket(address->ai_family, address->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd >= 0 && connect(fd, address->ai_addr, address->ai_addrlen) == 0)
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

static bool udp_open(struct rig_wire *wire, GError **error)
{
    struct rig_udp_link *link = self(wire);
    const struct addrinfo wanted = {.ai_socktype = SOCK_DGRAM, .ai_flags = AI_NUMERICSERV | AI_ADDRCONFIG};
    g_autofree char *port = g_strdup_printf("%u", wire->place->port);
    struct addrinfo *found = NULL;
    int status;

    if (link->socket >= 0)
        return true;
    status = getaddrinfo(wire->place->host, port, &wanted, &found);
    if (status != 0) {
        g_set_error(error, RIG_ERROR, RIG_ERROR_IO, "cannot find host '%s' for SMP over UDP: %s",
                    wire->place->host, gai_strerror(status));
        return false;
    }
    for (const struct addrinfo *address = found; address && link->socket < 0; address = address->ai_next)
        link->socket = open_socket(address);
    freeaddrinfo(found);
    if (link->socket < 0) {
        g_set_error(error, RIG_ERROR, RIG_ERROR_IO, "cannot open a UDP socket to %s port %s: %s",
                    wire->place->host, port, g_strerror(errno));
        return false;
    }
    link->wake = rig_board_wake_on(wire->board, link->socket);
    return true;
}

static bool udp_take(struct rig_wire *wire, GBytes **packet, GError **error)
{
    struct rig_udp_link *link = self(wire);
    guint8 bytes[MAX_DATAGRAM_BYTES];
    gssize n = link->socket >= 0 ? recv(link->socket, bytes, sizeof bytes, 0) : -1;

    (void)error;
    *packet = n >= 0 ? g_bytes_new(bytes, (gsize)n) : NULL;
    return true;
}

/* A board that is not there refuses datagrams now and then. */
static bool udp_send(struct rig_wire *wire, const guint8 *bytes, gsize n_bytes,
                     enum rig_link_outcome *outcome, GError **error)
{
    struct rig_udp_link *link = self(wire);
    bool sent = link->socket >= 0 && send(link->socket, bytes, n_bytes, 0) == (gssize)n_bytes;

    (void)error;
    *outcome = sent ? RIG_LINK_OK : RIG_LINK_LOST;
    return true;
}

static const struct rig_wire_ops ops = {
    .called = "UDP",
    .max_packet_bytes = MAX_PACKET_BYTES,
    .datagrams = true,
    .open = udp_open,
    .close = udp_close,
    .send = udp_send,
    .take = udp_take,
};

struct rig_link *rig_udp_link_new(const struct rig_link_place *place, struct rig_board *board)
{
    struct rig_udp_link *link = g_new0(struct rig_udp_link, 1);

    rig_wire_init(&link->wire, &ops, place, board);
    link->socket = -1;
    return &link->wire.link;
}
