/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any bytes as what the peer of a stream sends (RTT lines, answers of openocd, QEMU, a simulated board), in
 * two pieces: every frame comes whole and in order, whatever the cut. */
#include "transport/stream.h"

#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define MOST_BYTES 4096u /* fit a socket's buffer: nobody reads meanwhile */

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes);

static gsize expect_frames(struct rig_stream *stream, const uint8_t *bytes, gsize at, gsize n_there)
{
    GByteArray *frame = NULL;

    while (rig_stream_read_frame(stream, '\n', 0, &frame) == RIG_STREAM_FRAME) {
        const uint8_t *end = memchr(bytes + at, '\n', n_there - at);

        g_assert(end && frame->len == (gsize)(end - bytes) - at && frame->data[frame->len] == '\0');
        g_assert(frame->len == 0 || memcmp(frame->data, bytes + at, frame->len) == 0);
        at += frame->len + 1;
        g_byte_array_unref(frame);
    }
    g_assert(at == n_there || !memchr(bytes + at, '\n', n_there - at));
    return at;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
    gsize n_sent = MIN(n_bytes, MOST_BYTES), n_first = n_bytes ? bytes[0] * n_sent / 256 : 0, at;
    struct rig_stream *stream;
    int fds[2];

    g_assert(socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == 0);
    stream = rig_stream_new("fuzz", fds[0], fds[0]);
    g_assert(write(fds[1], bytes, n_first) == (gssize)n_first);
    at = expect_frames(stream, bytes, 0, n_first);
    g_assert(write(fds[1], bytes + n_first, n_sent - n_first) == (gssize)(n_sent - n_first));
    expect_frames(stream, bytes, at, n_sent);
    close(fds[1]);
    rig_stream_free(stream);
    return 0;
}
