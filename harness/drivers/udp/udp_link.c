/* SPDX-License-Identifier: GPL-3.0-or-later */
/* SMP over UDP: see udp_link.h. */
#include "drivers/udp/udp_link.h"

#include "base/error.h"

#include <errno.h>
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#define MAX_DATAGRAM_BYTES 4096u
#define MAX_PACKET_BYTES 1024u /* what an Ethernet frame carries, and most servers buffer */
#define ASK_AGAIN_US 500000u   /* board time */

struct rig_udp_link {
    struct rig_link link;
    const struct rig_link_place *place;
    struct rig_board *board;
    int socket;    /* -1: none */
    GSource *wake; /* NULL: none */
    bool up;
    guint16 mtu;
    char text[96];
};

static struct rig_udp_link *self(struct rig_link *link)
{
    return (struct rig_udp_link *)link;
}

static void tell(struct rig_udp_link *link)
{
    struct rig_board *board = link->board;

    if (board->listener.link)
        board->listener.link(board->listener.user, board->ops->now_us(board), link->text);
}

static void link_close(struct rig_link *base)
{
    struct rig_udp_link *link = self(base);

    if (link->wake)
        g_source_destroy(link->wake);
    g_clear_pointer(&link->wake, g_source_unref);
    if (link->socket >= 0)
        close(link->socket);
    link->socket = -1;
    link->up = false;
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

static bool open_link(struct rig_udp_link *link, GError **error)
{
    const struct addrinfo wanted = {.ai_socktype = SOCK_DGRAM, .ai_flags = AI_NUMERICSERV | AI_ADDRCONFIG};
    g_autofree char *port = g_strdup_printf("%u", link->place->port);
    struct addrinfo *found = NULL;
    int status;

    if (link->socket >= 0)
        return true;
    status = getaddrinfo(link->place->host, port, &wanted, &found);
    if (status != 0) {
        g_set_error(error, RIG_ERROR, RIG_ERROR_IO, "cannot find host '%s' for SMP over UDP: %s",
                    link->place->host, gai_strerror(status));
        return false;
    }
    for (const struct addrinfo *address = found; address && link->socket < 0; address = address->ai_next)
        link->socket = open_socket(address);
    freeaddrinfo(found);
    if (link->socket < 0) {
        g_set_error(error, RIG_ERROR, RIG_ERROR_IO, "cannot open a UDP socket to %s port %s: %s",
                    link->place->host, port, g_strerror(errno));
        return false;
    }
    link->wake = rig_board_wake_on(link->board, link->socket);
    return true;
}

static void link_board_gone(struct rig_link *base, const char *why)
{
    struct rig_udp_link *link = self(base);

    if (!link->up)
        return;
    link->up = false;
    g_strlcpy(link->text, why, sizeof link->text);
    tell(link);
}

static GBytes *take_packet(struct rig_udp_link *link)
{
    guint8 bytes[MAX_DATAGRAM_BYTES];
    gssize n = link->socket >= 0 ? recv(link->socket, bytes, sizeof bytes, 0) : -1;

    return n > 0 ? g_bytes_new(bytes, (gsize)n) : NULL;
}

/* true: sent. A board that is not there refuses datagrams now and then; that is no fault of the rig. */
static bool send_packet(struct rig_udp_link *link, const void *bytes, gsize n_bytes)
{
    return link->socket >= 0 && send(link->socket, bytes, n_bytes, 0) == (gssize)n_bytes;
}

/* An SMP echo, header version 1 [SPEC Zephyr SMP protocol, OS group]: whoever answers it is there. */
static void ask(struct rig_udp_link *link)
{
    static const guint8 echo[] = {0x0a, 0, 0, 6, 0, 0, 0xff, 0, 0xa1, 0x61, 0x64, 0x62, 0x68, 0x69};

    send_packet(link, echo, sizeof echo);
}

struct asking {
    struct rig_udp_link *link;
    guint64 next_us;
    bool answered;
};

static bool answered(void *user)
{
    struct asking *asking = user;
    struct rig_board *board = asking->link->board;
    GBytes *packet;

    while ((packet = take_packet(asking->link))) {
        asking->answered = true;
        g_bytes_unref(packet);
    }
    if (!asking->answered && board->ops->now_us(board) >= asking->next_us) {
        asking->next_us = board->ops->now_us(board) + ASK_AGAIN_US;
        ask(asking->link);
    }
    return asking->answered;
}

static bool refuse_security(GError **error)
{
    g_set_error_literal(error, RIG_ERROR, RIG_ERROR_UNSUPPORTED,
                        "SMP over UDP knows no pairing and no bonds");
    return false;
}

static bool link_connect(struct rig_link *base, const struct rig_link_connect *how,
                         enum rig_link_outcome *outcome, GError **error)
{
    struct rig_udp_link *link = self(base);
    struct asking asking = {.link = link};
    bool there = false;

    if (how->pair)
        return refuse_security(error);
    *outcome = RIG_LINK_OK;
    if (link->up)
        return true;
    if (!open_link(link, error))
        return false;
    answered(&asking); /* what is left from before is no answer */
    asking.answered = false;
    if (!rig_board_wait_for(link->board, how->until_us, answered, &asking, &there, error))
        return false;
    *outcome = there ? RIG_LINK_OK : RIG_LINK_NOT_FOUND;
    link->up = there;
    link->mtu = link->place->max_mtu ? link->place->max_mtu : MAX_PACKET_BYTES + 3;
    if (how->mtu && how->mtu < link->mtu)
        link->mtu = how->mtu;
    g_strlcpy(link->text, there ? "connected over UDP" : "no answer over UDP", sizeof link->text);
    tell(link);
    return true;
}

static bool link_pair(struct rig_link *base, guint64 until_us, enum rig_link_outcome *outcome, GError **error)
{
    (void)base;
    (void)until_us;
    *outcome = RIG_LINK_NO_SERVICE;
    return refuse_security(error);
}

static bool link_subscribe(struct rig_link *base, bool on, enum rig_link_outcome *outcome, GError **error)
{
    (void)on;
    (void)error;
    *outcome = self(base)->up ? RIG_LINK_OK : RIG_LINK_NOT_CONNECTED;
    return true;
}

static bool link_disconnect(struct rig_link *base, GError **error)
{
    (void)error;
    link_board_gone(base, "disconnected by the host");
    return true;
}

static bool link_write(struct rig_link *base, const guint8 *bytes, gsize n_bytes,
                       enum rig_link_outcome *outcome, GError **error)
{
    struct rig_udp_link *link = self(base);

    (void)error;
    *outcome = !link->up ? RIG_LINK_NOT_CONNECTED : n_bytes + 3 > link->mtu ? RIG_LINK_TOO_LONG : RIG_LINK_OK;
    if (*outcome == RIG_LINK_OK && !send_packet(link, bytes, n_bytes))
        *outcome = RIG_LINK_LOST;
    return true;
}

struct receiving {
    struct rig_udp_link *link;
    GBytes *packet;
};

static bool received_or_lost(void *user)
{
    struct receiving *receiving = user;

    receiving->packet = take_packet(receiving->link);
    return receiving->packet || !receiving->link->up;
}

static bool link_receive(struct rig_link *base, guint64 until_us, GBytes **packet,
                         enum rig_link_outcome *outcome, GError **error)
{
    struct receiving receiving = {.link = self(base)};
    bool satisfied = false;

    if (!rig_board_wait_for(receiving.link->board, until_us, received_or_lost, &receiving, &satisfied, error))
        return false;
    *packet = receiving.packet;
    *outcome = receiving.packet ? RIG_LINK_OK : satisfied ? RIG_LINK_LOST : RIG_LINK_TIMEOUT;
    return true;
}

static bool link_forget_bond(struct rig_link *base, GError **error)
{
    (void)base;
    (void)error;
    return true;
}

static void link_state(struct rig_link *base, struct rig_link_state *state)
{
    struct rig_udp_link *link = self(base);

    *state = (struct rig_link_state){.connected = link->up, .subscribed = link->up};
    if (link->up)
        state->mtu = link->mtu;
    g_strlcpy(state->text, link->text, sizeof state->text);
}

static void link_free(struct rig_link *base)
{
    link_close(base);
    g_free(base);
}

static const struct rig_link_ops ops = {
    .name = "udp",
    .connect = link_connect,
    .pair = link_pair,
    .subscribe = link_subscribe,
    .disconnect = link_disconnect,
    .write = link_write,
    .receive = link_receive,
    .forget_bond = link_forget_bond,
    .state = link_state,
    .board_gone = link_board_gone,
    .close = link_close,
    .free = link_free,
};

struct rig_link *rig_udp_link_new(const struct rig_link_place *place, struct rig_board *board)
{
    struct rig_udp_link *link = g_new0(struct rig_udp_link, 1);

    *link = (struct rig_udp_link){.link = {.ops = &ops}, .place = place, .board = board, .socket = -1};
    return &link->link;
}
