/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A board that is the wall's clock and a loop of events, and nothing else: what a link or the bus to
 * bluetoothd hangs on where no board of a bench is run, and what other boards may begin with. */
#ifndef RIG_DRIVERS_BOARD_CLOCK_BOARD_H
#define RIG_DRIVERS_BOARD_CLOCK_BOARD_H

#include "drivers/board/board.h"

G_BEGIN_DECLS

/* No drivers, no capabilities; the clock starts at 0. `interrupted` may be set. Free with board->ops->free.
 */
struct rig_board *rig_clock_board_new(void);

/* --- for boards that begin with one --- */

struct rig_clock_board {
    struct rig_board board;
    gint64 origin_us;
};
/* Events and clock; the rest of the board is for its owner to fill in. */
void rig_clock_board_init(struct rig_clock_board *clock);
void rig_clock_board_clear(struct rig_clock_board *clock);
/* rig_board_ops. */
guint64 rig_clock_now_us(struct rig_board *board);
bool rig_clock_wait(struct rig_board *board, guint64 until_us, bool *happened, GError **error);

G_END_DECLS

#endif
