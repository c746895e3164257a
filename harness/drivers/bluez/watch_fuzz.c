/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Fuzz target: packets of the monitor channel, one after the other, each with its length ahead. */
#include "drivers/bluez/watch.h"

int LLVMFuzzerTestOneInput(const guint8 *bytes, gsize n_bytes);
int LLVMFuzzerTestOneInput(const guint8 *bytes, gsize n_bytes)
{
    static const guint8 address[6] = {0xc0, 0xff, 0xee, 0x52, 0x84, 0x00};
    struct rig_bluez_sight sight;
    char text[64];
    gsize at = 0;

    rig_bluez_sight_init(&sight, 0, address);
    while (at < n_bytes) {
        gsize n = MIN((gsize)bytes[at], n_bytes - at - 1);
        g_autofree guint8 *packet = g_memdup2(bytes + at + 1, n);

        rig_bluez_sight_take(&sight, packet, n);
        at += 1 + n;
    }
    (void)rig_bluez_sight_verdict(&sight, text, sizeof text);
    return 0;
}
