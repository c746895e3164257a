/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Link role: SMP in frames over the board's console. The lines of text between them are the board's console:
 * no other console may be opened on the same port. "Connected" as with every link over a wire (link/wire.h).
 *
 * There is no ATT_MTU on a wire; where a scenario asks for one, messages are cut by it, and joined again
 * before they are framed. The client keeps to the board's buf_size less the 4 bytes of length and CRC, or to 380
 * bytes where the board does not tell it.
 */
#ifndef RIG_DRIVERS_SERIAL_SERIAL_LINK_H
#define RIG_DRIVERS_SERIAL_SERIAL_LINK_H

#include "drivers/board/board.h"

G_BEGIN_DECLS

/* place: console; or tty and baud; or host and port; borrowed, read at each opening; none of
 * them: nobody answers until there is one. board: has
 * `events`; outlives the link. Unless the console is the board's own, lines go to rig_board_console_line()
 * from rig_link_open() or the first connect on, while the board waits; and when it goes, the board is broken
 * (rig_board_break). */
struct rig_link *rig_serial_link_new(const struct rig_link_place *place, struct rig_board *board);

G_END_DECLS

#endif
