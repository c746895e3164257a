/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Link role: a board over Bluetooth LE, through bluetoothd and D-Bus. The update characteristic is that of
 * SMP [SPEC Zephyr SMP transport, Bluetooth]. Pairing happens only where a step asks for it. */
#ifndef RIG_DRIVERS_BLUEZ_BLUEZ_LINK_H
#define RIG_DRIVERS_BLUEZ_BLUEZ_LINK_H

#include "drivers/board/board.h"

G_BEGIN_DECLS

/* place: adapter, address, name, or_next_address, refresh, max_mtu; borrowed, read at each connect. board:
 * has `events` and a clock as fast as the wall's; outlives the link. */
struct rig_link *rig_bluez_link_new(const struct rig_link_place *place, struct rig_board *board);

G_END_DECLS

#endif
