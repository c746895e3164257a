/* SPDX-License-Identifier: GPL-3.0-or-later */
/* RTT lines from openocd's own server. */
#include "drivers/probe/openocd_rtt.h"

#include "base/error.h"
#include "transport/stream.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define DEFAULT_POLL_MS 10u
#define SEARCH_INTERVAL_US (20 * 1000)
#define CONNECT_MS 2000u
#define PORT_TRIES 5

struct rig_rtt {
    struct rig_openocd_probe *probe;
    struct rig_rtt_config config;
    struct rig_stream *stream; /* of the server in openocd; NULL: none */
    guint16 port;
    guint session; /* of openocd, in which that server lives */
    bool was_set_up;
    void (*connected)(void *user, int fd); /* NULL: the lines are taken here */
    void *user;
    gint64 searched_us;
};

struct rig_rtt *rig_rtt_new(struct rig_openocd_probe *probe, const struct rig_rtt_config *config)
{
    struct rig_rtt *rtt = g_new0(struct rig_rtt, 1);

    rtt->probe = probe;
    rtt->config = *config;
    if (rtt->config.poll_ms == 0)
        rtt->config.poll_ms = DEFAULT_POLL_MS;
    return rtt;
}

/* A server that others use goes on without us: it keeps nothing of ours. Our own ends anyway. */
void rig_rtt_free(struct rig_rtt *rtt)
{
    if (!rtt)
        return;
    if (rtt->stream && rtt->probe->config.port && rig_openocd_session(rtt->probe->openocd) == rtt->session &&
        rig_openocd_is_started(rtt->probe->openocd))
        (void)!rig_openocd_command(rtt->probe->openocd, RIG_OPENOCD_COMMAND_MS, NULL, NULL,
                                   "catch {rtt stop}; rtt server stop %u", rtt->port);
    g_clear_pointer(&rtt->stream, rig_stream_free);
    g_free(rtt);
}

/* openocd tells the port of an ephemeral one in its log only, which is not ours when the server is not. */
static guint16 free_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t length = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    bool ok = fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof address) == 0 &&
              getsockname(fd, (struct sockaddr *)&address, &length) == 0;

    if (fd >= 0)
        close(fd);
    return ok ? ntohs(address.sin_port) : 0;
}

/* The stream is kept beside it, as a sign that there is a connection. */
static bool hand_over(struct rig_rtt *rtt, GError **error)
{
    int fd = fcntl(rig_stream_fd(rtt->stream), F_DUPFD_CLOEXEC, 3);

    if (fd >= 0)
        return rtt->connected(rtt->user, fd), true;
    g_set_error(error, RIG_ERROR, RIG_ERROR_IO, "RTT console: %s", g_strerror(errno));
    g_clear_pointer(&rtt->stream, rig_stream_free);
    return false;
}

static bool open_server(struct rig_rtt *rtt, GError **error)
{
    struct rig_openocd *openocd = rtt->probe->openocd;
    const char *host = rtt->probe->config.port ? rtt->probe->config.host : NULL;
    bool opened = false;

    g_clear_pointer(&rtt->stream, rig_stream_free);
    rtt->session = rig_openocd_session(openocd);
    rtt->was_set_up = false;
    for (guint i = 0; i < PORT_TRIES && !opened; i++) {
        g_clear_error(error);
        rtt->port = free_port();
        opened = rig_openocd_command(openocd, RIG_OPENOCD_COMMAND_MS, NULL, error, "rtt server start %u %u",
                                     rtt->port, rtt->config.channel);
    }
    if (!opened)
        return false;
    rtt->stream = rig_stream_connect_tcp(host ? host : "127.0.0.1", rtt->port, CONNECT_MS, error);
    if (!rtt->stream) {
        g_prefix_error(error, "RTT console: ");
        return false;
    }
    return !rtt->connected || hand_over(rtt, error);
}

void rig_rtt_on_connect(struct rig_rtt *rtt, void (*connected)(void *user, int fd), void *user)
{
    rtt->connected = connected;
    rtt->user = user;
}

/* After an error openocd still takes itself for started, and a block that was found once is not looked for
 * again: so it is stopped and set up each time. Only `rtt channels` tells that there is no block. */
static bool start_forwarding(struct rig_rtt *rtt)
{
    const char *stop = rtt->was_set_up ? "catch {rtt stop}; " : "";

    rtt->was_set_up = true;
    return rig_openocd_command(rtt->probe->openocd, RIG_OPENOCD_COMMAND_MS, NULL, NULL,
                               "%srtt setup 0x%x %u {SEGGER RTT}; rtt start; rtt channels; "
                               "rtt polling_interval %u",
                               stop, rtt->config.address, rtt->config.n_bytes, rtt->config.poll_ms);
}

bool rig_rtt_is_forwarded(const struct rig_rtt *rtt)
{
    return rtt->stream && rtt->probe->forwards_rtt &&
           rtt->session == rig_openocd_session(rtt->probe->openocd);
}

bool rig_rtt_attend(struct rig_rtt *rtt, GError **error)
{
    gint64 now_us = g_get_monotonic_time();

    if (!rtt->probe->powered || rig_rtt_is_forwarded(rtt) || now_us < rtt->searched_us + SEARCH_INTERVAL_US)
        return true;
    rtt->searched_us = now_us;
    if (!rig_openocd_need_target(rtt->probe, "read the RTT console of", error) ||
        ((!rtt->stream || rtt->session != rig_openocd_session(rtt->probe->openocd)) &&
         !open_server(rtt, error)))
        return false;
    rtt->probe->forwards_rtt = start_forwarding(rtt);
    return true;
}

int rig_rtt_fd(const struct rig_rtt *rtt)
{
    return rtt->stream ? rig_stream_fd(rtt->stream) : -1;
}

char *rig_rtt_line(struct rig_rtt *rtt, guint timeout_ms)
{
    g_autoptr(GByteArray) frame = NULL;
    enum rig_stream_outcome outcome;

    if (!rtt->stream || rtt->connected)
        return NULL;
    outcome = rig_stream_read_frame(rtt->stream, '\n', timeout_ms, &frame);
    if (outcome == RIG_STREAM_CLOSED)
        g_clear_pointer(&rtt->stream, rig_stream_free);
    if (outcome != RIG_STREAM_FRAME)
        return NULL;
    for (guint i = 0; i < frame->len; i++)
        if (frame->data[i] == '\0')
            frame->data[i] = '?';
    if (frame->len && frame->data[frame->len - 1] == '\r')
        g_byte_array_set_size(frame, frame->len - 1);
    return g_strndup((const char *)frame->data, frame->len);
}
