/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A made-up relay in the supply of a simulated board: an LCUS board of one channel behind a pseudo-terminal,
 * so that a bench can be tried with its real driver and without hardware. Frames: drivers/power/lcus.h.
 */
#ifndef RIG_DRIVERS_SIM_HOST_RELAY_H
#define RIG_DRIVERS_SIM_HOST_RELAY_H

#include "drivers/sim/host.h"
#include "drivers/sim/pty.h"

G_BEGIN_DECLS

struct rig_host_relay {
    struct rig_pty pty;
    bool on; /* the coil: what the board makes of it is another thing */
    guint8 frame[4];
    gsize n_bytes;
};

/* Reads what came and switches the board's supply; answers FF with the state. */
void rig_host_relay_serve(struct rig_host_relay *relay, struct rig_sim_host *host);

G_END_DECLS

#endif
