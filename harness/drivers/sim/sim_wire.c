/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Link role: the simulated board's serial port or its UDP server, reached in process. */
#include "drivers/sim/sim_driver.h"

#include "protocol/smp/console_frame.h"

#define MAX_WAITING 64u

static struct rig_sim_wire *self(struct rig_wire *wire)
{
    return (struct rig_sim_wire *)wire;
}

static bool sim_wire_open(struct rig_wire *wire, GError **error)
{
    (void)wire, (void)error;
    return true;
}

static void sim_wire_close(struct rig_wire *wire)
{
    g_queue_clear_full(&self(wire)->waiting, (GDestroyNotify)g_bytes_unref);
}

static bool sim_wire_send(struct rig_wire *wire, const guint8 *bytes, gsize n_bytes,
                          enum rig_link_outcome *outcome, GError **error)
{
    const struct rig_sim_wire *link = self(wire);

    (void)error;
    *outcome = RIG_LINK_OK;
    sim_board_send(link->sim->sim, link->carries, bytes, n_bytes);
    return true;
}

static bool sim_wire_take(struct rig_wire *wire, GBytes **packet, GError **error)
{
    (void)error;
    *packet = g_queue_pop_head(&self(wire)->waiting);
    return true;
}

static void on_message(void *user, uint64_t at_us, enum sim_wire wire, const uint8_t *bytes, size_t n_bytes)
{
    struct rig_sim_wire *link = user;

    (void)at_us;
    if (wire == link->carries && g_queue_get_length(&link->waiting) < MAX_WAITING)
        g_queue_push_tail(&link->waiting, g_bytes_new(bytes, n_bytes));
}

/* A message is framed, or is a datagram, whole: nothing between here and the board cuts it. */
static const struct rig_wire_ops wire_ops[] = {
    [SIM_WIRE_SERIAL] = {.called = "the serial port",
                         .max_packet_bytes = RIG_SMP_MAX_MESSAGE_BYTES,
                         .framing_bytes = RIG_SMP_FRAME_OVERHEAD_BYTES,
                         .open = sim_wire_open,
                         .close = sim_wire_close,
                         .send = sim_wire_send,
                         .take = sim_wire_take},
    [SIM_WIRE_DATAGRAM] = {.called = "UDP",
                           .max_packet_bytes = 1024,
                           .datagrams = true,
                           .open = sim_wire_open,
                           .close = sim_wire_close,
                           .send = sim_wire_send,
                           .take = sim_wire_take},
};

void rig_sim_wire_begin(struct rig_sim_wire *link, struct rig_sim *sim, enum sim_wire carries)
{
    static const struct rig_link_place place = {0};

    g_queue_clear_full(&link->waiting, (GDestroyNotify)g_bytes_unref);
    rig_wire_init(&link->wire, &wire_ops[carries], &place, &sim->board);
    link->sim = sim;
    link->carries = carries;
    sim_board_on_message(sim->sim, on_message, link);
}
