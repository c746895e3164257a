/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A board that is the wall's clock and a loop of events, and nothing else: what a link or the bus to
 * bluetoothd hangs on where no board of a bench is run. */
#ifndef RIG_DRIVERS_BOARD_CLOCK_BOARD_H
#define RIG_DRIVERS_BOARD_CLOCK_BOARD_H

#include "drivers/board/board.h"

G_BEGIN_DECLS

/* No drivers, no capabilities; the clock starts at 0. `interrupted` may be set. Free with board->ops->free.
 */
struct rig_board *rig_clock_board_new(void);

G_END_DECLS

#endif
