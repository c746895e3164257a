/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Frames of four bytes in, power on and off. */
#include "drivers/sim/host_relay.h"

#include <string.h>
#include <unistd.h>

#define START 0xa0
#define ASK_STATES 0xff

static void answer(const struct rig_host_relay *relay)
{
    const char *text = relay->on ? "CH1: ON \r\n" : "CH1: OFF\r\n";

    if (write(relay->pty.master, text, strlen(text)) < 0)
        return; /* nobody reads: a relay does not wait */
}

static void carry_out(struct rig_host_relay *relay, struct rig_sim_host *host)
{
    const guint8 *frame = relay->frame;

    if (frame[1] != 1 || frame[2] > 1 || frame[3] != (guint8)(START + frame[1] + frame[2]))
        return;
    if (relay->on == (frame[2] == 1))
        return; /* the coil does not move */
    relay->on = frame[2];
    rig_sim_host_power(host, relay->on);
}

static void take_byte(struct rig_host_relay *relay, struct rig_sim_host *host, guint8 byte)
{
    if (relay->n_bytes == 0 && byte == ASK_STATES) {
        answer(relay);
        return;
    }
    if (relay->n_bytes == 0 && byte != START)
        return;
    relay->frame[relay->n_bytes++] = byte;
    if (relay->n_bytes < sizeof relay->frame)
        return;
    relay->n_bytes = 0;
    carry_out(relay, host);
}

void rig_host_relay_serve(struct rig_host_relay *relay, struct rig_sim_host *host)
{
    guint8 bytes[64];
    gssize n;

    while ((n = read(relay->pty.master, bytes, sizeof bytes)) > 0)
        for (gssize i = 0; i < n; i++)
            take_byte(relay, host, bytes[i]);
}
