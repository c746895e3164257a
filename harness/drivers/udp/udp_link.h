/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Link role: SMP over UDP, one packet per datagram. There is no connection on the wire; "connected" means
 * that the board answered, and that it was not seen to start anew since. It knows no pairing and no bonds. */
#ifndef RIG_DRIVERS_UDP_UDP_LINK_H
#define RIG_DRIVERS_UDP_UDP_LINK_H

#include "drivers/board/board.h"

G_BEGIN_DECLS

/* place: host, port; borrowed, read at each connect. board: has `events`; outlives the link. */
struct rig_link *rig_udp_link_new(const struct rig_link_place *place, struct rig_board *board);

G_END_DECLS

#endif
