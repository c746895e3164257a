/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Link role: SMP over UDP, one packet per datagram. There is no connection on the wire; "connected" means
 * that the board answered, and that it was not seen to start anew since. */
#include "drivers/simprocess/process_board.h"

#include "base/error.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define MAX_DATAGRAM_BYTES 4096u
#define ASK_AGAIN_US 500000u /* board time */

static struct rig_process_link *self(struct rig_link *link)
{
    return (struct rig_process_link *)link;
}

static void tell(struct rig_process_link *link)
{
    struct rig_board *board = &link->owner->board;

    if (board->listener.link)
        board->listener.link(board->listener.user, board->ops->now_us(board), link->text);
}

void rig_process_link_close(struct rig_process_link *link)
{
    if (link->socket >= 0)
        close(link->socket);
    link->socket = -1;
    link->up = false;
}

bool rig_process_link_open(struct rig_process_link *link, struct rig_process_board *owner, GError **error)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(owner->sim->smp_port), .sin_addr = {htonl(INADDR_LOOPBACK)}};

    rig_process_link_close(link);
    link->socket = socket(AF_INET, SOCK_DGRAM, 0);
    if (link->socket >= 0 && fcntl(link->socket, F_SETFD, FD_CLOEXEC) == 0 &&
        g_unix_set_fd_nonblocking(link->socket, TRUE, NULL) &&
        connect(link->socket, (struct sockaddr *)&address, sizeof address) == 0)
        return true;
    g_set_error(error, RIG_ERROR, RIG_ERROR_IO, "cannot open a UDP socket: %s", g_strerror(errno));
    return false;
}

void rig_process_link_drop(struct rig_process_link *link, const char *why)
{
    if (!link->up)
        return;
    link->up = false;
    g_strlcpy(link->text, why, sizeof link->text);
    tell(link);
}

static GBytes *take_packet(struct rig_process_link *link)
{
    guint8 bytes[MAX_DATAGRAM_BYTES];
    gssize n = link->socket >= 0 ? recv(link->socket, bytes, sizeof bytes, 0) : -1;

    return n > 0 ? g_bytes_new(bytes, (gsize)n) : NULL;
}

/* true: sent. A board that is not there refuses datagrams now and then; that is no fault of the rig. */
static bool send_packet(struct rig_process_link *link, const void *bytes, gsize n_bytes)
{
    return link->socket >= 0 && send(link->socket, bytes, n_bytes, 0) == (gssize)n_bytes;
}

/* An SMP echo, header version 1 [SPEC Zephyr SMP protocol, OS group]: whoever answers it is there. */
static void ask(struct rig_process_link *link)
{
    static const guint8 echo[] = {0x0a, 0, 0, 6, 0, 0, 0xff, 0, 0xa1, 0x61, 0x64, 0x62, 0x68, 0x69};

    send_packet(link, echo, sizeof echo);
}

struct asking {
    struct rig_process_link *link;
    guint64 next_us;
    bool answered;
};

static bool answered(void *user)
{
    struct asking *asking = user;
    struct rig_board *board = &asking->link->owner->board;
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
    struct rig_process_link *link = self(base);
    struct asking asking = {.link = link};
    bool there = false;

    if (how->pair)
        return refuse_security(error);
    *outcome = RIG_LINK_OK;
    if (link->up)
        return true;
    answered(&asking); /* what is left from before is no answer */
    asking.answered = false;
    if (!rig_board_wait_for(&link->owner->board, how->until_us, answered, &asking, &there, error))
        return false;
    *outcome = there ? RIG_LINK_OK : RIG_LINK_NOT_FOUND;
    link->up = there;
    link->mtu = rig_process_board_mtu(link->owner);
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
    rig_process_link_drop(self(base), "disconnected by the host");
    return true;
}

static bool link_write(struct rig_link *base, const guint8 *bytes, gsize n_bytes,
                       enum rig_link_outcome *outcome, GError **error)
{
    struct rig_process_link *link = self(base);

    (void)error;
    *outcome = !link->up ? RIG_LINK_NOT_CONNECTED : n_bytes + 3 > link->mtu ? RIG_LINK_TOO_LONG : RIG_LINK_OK;
    if (*outcome == RIG_LINK_OK && !send_packet(link, bytes, n_bytes))
        *outcome = RIG_LINK_LOST;
    return true;
}

struct receiving {
    struct rig_process_link *link;
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

    if (!rig_board_wait_for(&receiving.link->owner->board, until_us, received_or_lost, &receiving, &satisfied,
                            error))
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
    struct rig_process_link *link = self(base);

    *state = (struct rig_link_state){.connected = link->up, .subscribed = link->up};
    if (link->up)
        state->mtu = link->mtu;
    g_strlcpy(state->text, link->text, sizeof state->text);
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
};

void rig_process_link_init(struct rig_process_link *link, struct rig_process_board *owner)
{
    *link = (struct rig_process_link){.link = {.ops = &ops}, .owner = owner, .socket = -1};
}
