/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Fuzz target: packets of the monitor channel, one after the other, each with its length ahead. */
#include "drivers/bluez/monitor.h"

int LLVMFuzzerTestOneInput(const guint8 *bytes, gsize n_bytes);
int LLVMFuzzerTestOneInput(const guint8 *bytes, gsize n_bytes)
{
    static const guint8 address[6] = {0xc0, 0xff, 0xee, 0x52, 0x84, 0x00};
    struct rig_bluez_events events;
    char text[64];
    gsize at = 0;

    rig_bluez_events_init(&events, 0, address);
    while (at < n_bytes) {
        gsize n = MIN((gsize)bytes[at], n_bytes - at - 1);
        g_autofree guint8 *packet = g_memdup2(bytes + at + 1, n);

        rig_bluez_events_take(&events, packet, n);
        at += 1 + n;
    }
    (void)rig_bluez_events_reason(&events, text, sizeof text);
    return 0;
}
