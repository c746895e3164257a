/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a board on a bench says: console lines, from a serial port or through its debug probe (RTT), and
 * whether everything that belongs to the board is still there. */
#include "drivers/wired/wired.h"

#include "base/error.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define REST_MS 5
#define FIRST_LINES_US 100000
#define MAX_CONSOLE_LOG_BYTES (1 << 20)

guint64 rig_wired_at_us(const struct rig_wired *board, gint64 monotonic_us)
{
    return monotonic_us > board->origin_us
               ? (guint64)(monotonic_us - board->origin_us) * rig_wired_speed(board)
               : 0;
}

guint rig_wired_speed(const struct rig_wired *board)
{
    return board->config.simulator ? board->config.simulator->speed : 1;
}

/* A file, so that it is evidence of the end too. */
static void log_line(const struct rig_wired *board, guint64 at_us, const char *line)
{
    FILE *file = fopen(board->console_log, "ae");

    if (file && ftell(file) < MAX_CONSOLE_LOG_BYTES)
        fprintf(file, "%10.3f ms  %s\n", (double)at_us / 1000.0, line);
    if (file)
        fclose(file);
}

static void take_line(struct rig_wired *board, const char *line, gint64 monotonic_us)
{
    guint64 at_us = rig_wired_at_us(board, monotonic_us);
    const char *boot_line = rig_target_boot_line(board->config.target);

    log_line(board, at_us, line);
    if (boot_line && strstr(line, boot_line)) {
        rig_openocd_probe_saw_boot(&board->probe);
        if (board->board.link)
            rig_link_board_gone(board->board.link, "disconnected: the board started anew");
    }
    if (board->board.listener.console)
        board->board.listener.console(board->board.listener.user, at_us, line);
}

bool rig_wired_take_lines(struct rig_wired *board, bool all)
{
    bool any = false;
    gint64 at_us;
    char *line;

    while (board->console && (all || !any) && (line = rig_console_take(board->console, &at_us))) {
        take_line(board, line, at_us);
        g_free(line);
        any = true;
    }
    return any;
}

bool rig_wired_is_whole(struct rig_wired *board, GError **error)
{
    bool whole = board->attached;

    if (!whole)
        g_set_error(error, RIG_ERROR, RIG_ERROR_DEVICE, "board '%s' is not prepared yet",
                    board->config.entry->name);
    for (guint i = 0; whole && i < board->programs->len; i++)
        whole = rig_program_is_alive(board->programs->pdata[i], error);
    whole = whole && rig_console_is_there(board->console, error);
    if (!whole && board->attached) {
        board->lost = true;
        g_prefix_error(error, "board '%s': ", board->config.entry->name);
    }
    return whole;
}

/* --- RTT: a channel whose connection comes anew with each openocd and goes on over power cuts --- */

struct rtt_channel {
    struct rig_byte_channel channel;
    GMutex lock;
    int fresh; /* a connection that nobody reads yet; -1: none */
    int fd;    /* the one that the console's thread reads; -1: none */
};

static struct rtt_channel *rtt_of(struct rig_byte_channel *channel)
{
    return (struct rtt_channel *)channel;
}

/* In the main thread. */
static void on_connection(void *user, int fd)
{
    struct rtt_channel *channel = user;

    g_mutex_lock(&channel->lock);
    if (channel->fresh >= 0)
        close(channel->fresh);
    channel->fresh = fd;
    g_mutex_unlock(&channel->lock);
}

static void drop(struct rtt_channel *channel)
{
    if (channel->fd >= 0)
        close(channel->fd);
    channel->fd = -1;
}

static void take_fresh(struct rtt_channel *channel)
{
    g_mutex_lock(&channel->lock);
    if (channel->fresh >= 0) {
        drop(channel);
        channel->fd = channel->fresh;
        channel->fresh = -1;
    }
    g_mutex_unlock(&channel->lock);
}

/* A connection that ended is no loss: openocd was started anew, or is about to be. */
static bool rtt_read(struct rig_byte_channel *base, guint8 *bytes, gsize n_max, guint timeout_ms,
                     gsize *n_read, GError **error)
{
    struct rtt_channel *channel = rtt_of(base);
    struct pollfd polled;
    gssize n;

    (void)error;
    *n_read = 0;
    take_fresh(channel);
    polled = (struct pollfd){.fd = channel->fd, .events = POLLIN};
    if (poll(&polled, 1, channel->fd < 0 ? MIN((int)timeout_ms, REST_MS) : (int)timeout_ms) <= 0)
        return true;
    n = recv(channel->fd, bytes, n_max, MSG_DONTWAIT);
    if (n > 0)
        *n_read = (gsize)n;
    else if (n == 0 || (errno != EAGAIN && errno != EINTR))
        drop(channel);
    return true;
}

/* The way to the board is not used: who wants SMP over RTT finds nobody there. */
static bool rtt_write(struct rig_byte_channel *channel, const void *bytes, gsize n_bytes, bool *taken,
                      GError **error)
{
    (void)channel;
    (void)bytes;
    (void)n_bytes;
    (void)error;
    *taken = false;
    return true;
}

static void rtt_free(struct rig_byte_channel *base)
{
    struct rtt_channel *channel = rtt_of(base);

    drop(channel);
    if (channel->fresh >= 0)
        close(channel->fresh);
    g_mutex_clear(&channel->lock);
    g_free(channel);
}

static const struct rig_byte_channel_ops ops = {.read = rtt_read, .write = rtt_write, .free = rtt_free};

void rig_wired_open_rtt(struct rig_wired *board, const struct rig_rtt_spec *rtt)
{
    const struct rig_rtt_config config = {
        .address = rtt->address, .n_bytes = rtt->n_bytes, .channel = rtt->channel};
    struct rtt_channel *channel = g_new0(struct rtt_channel, 1);

    *channel = (struct rtt_channel){.channel = {&ops}, .fresh = -1, .fd = -1};
    g_mutex_init(&channel->lock);
    board->rtt = rig_rtt_new(&board->probe, &config);
    rig_rtt_on_connect(board->rtt, on_connection, channel);
    board->console = rig_console_open_on(&channel->channel);
}

bool rig_wired_attend(struct rig_wired *board, GError **error)
{
    return !board->rtt || rig_rtt_attend(board->rtt, error);
}

void rig_wired_catch_up(struct rig_wired *board)
{
    bool was_forwarded = !board->rtt || rig_rtt_is_forwarded(board->rtt);
    gint64 until_us = g_get_monotonic_time() + FIRST_LINES_US;

    (void)!rig_wired_attend(board, NULL);
    /* What lies in the board's memory since its start belongs before this look. */
    while (!was_forwarded && rig_rtt_is_forwarded(board->rtt) && g_get_monotonic_time() < until_us &&
           !rig_wired_take_lines(board, true))
        rig_board_idle(&board->board, REST_MS);
    (void)rig_wired_take_lines(board, true);
}
