/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The one packet of gdb's remote protocol that is needed here. */
#include "drivers/qemu/gdb_write.h"

#include "base/error.h"
#include "transport/stream.h"

#include <string.h>

#define PIECE_BYTES 1024u /* twice that in digits: QEMU takes packets of 4096 characters */
#define ANSWER_MS 5000u

static char *packet_of(guint32 address, const guint8 *bytes, gsize n_bytes)
{
    GString *packet = g_string_sized_new(2 * n_bytes + 40);
    guint8 sum = 0;

    g_string_printf(packet, "$M%x,%" G_GSIZE_MODIFIER "x:", address, n_bytes);
    for (gsize i = 0; i < n_bytes; i++)
        g_string_append_printf(packet, "%02x", bytes[i]);
    for (gsize i = 1; i < packet->len; i++)
        sum = (guint8)(sum + (guint8)packet->str[i]);
    g_string_append_printf(packet, "#%02x", sum);
    return g_string_free(packet, FALSE);
}

/* Checksums are not looked at: a unix socket does not spoil bytes. What comes beside answers to writes (the
 * stop that a connection causes) is passed over. */
static bool read_answer(struct rig_stream *stream, guint32 address, GError **error)
{
    for (;;) {
        g_autoptr(GByteArray) frame = NULL;
        enum rig_stream_outcome outcome = rig_stream_read_frame(stream, '#', ANSWER_MS, &frame);
        const char *dollar = outcome == RIG_STREAM_FRAME ? strrchr((const char *)frame->data, '$') : NULL;

        if (outcome == RIG_STREAM_FRAME && !dollar)
            continue;
        if (outcome == RIG_STREAM_FRAME && g_str_equal(dollar, "$OK"))
            return true;
        if (outcome == RIG_STREAM_FRAME && dollar[1] != 'E')
            continue;
        g_set_error(error, RIG_ERROR, RIG_ERROR_DEVICE, "QEMU: cannot write memory at 0x%08x: %s", address,
                    outcome == RIG_STREAM_FRAME ? "the machine has none there"
                                                : rig_stream_outcome_text(outcome));
        return false;
    }
}

bool rig_gdb_write(const char *socket, guint32 address, const guint8 *bytes, gsize n_bytes, GError **error)
{
    g_autoptr(rig_stream) stream = rig_stream_connect_unix(socket, error);

    if (!stream)
        return false;
    for (gsize at = 0; at < n_bytes; at += PIECE_BYTES) {
        g_autofree char *packet =
            packet_of(address + (guint32)at, bytes + at, MIN(PIECE_BYTES, n_bytes - at));

        if (!rig_stream_write(stream, packet, strlen(packet), ANSWER_MS, error) ||
            !read_answer(stream, address + (guint32)at, error))
            return false;
    }
    return true;
}
