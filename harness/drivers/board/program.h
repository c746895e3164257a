/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Putting the images of a set-up into the flash of a board through its probe. */
#ifndef RIG_DRIVERS_BOARD_PROGRAM_H
#define RIG_DRIVERS_BOARD_PROGRAM_H

#include "drivers/board/board.h"

G_BEGIN_DECLS

/* One image into its slot; on trial, a secondary slot holds the image of before, which lies at its start in
 * swap-offset too. */
bool rig_board_program_image(struct rig_probe *probe, const struct rig_board_image *image, bool trial,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The images, and the trailer of a trial run when the set-up is not confirmed. The slots must be erased
 * before. */
bool rig_board_program(struct rig_probe *probe, const struct rig_board_setup *setup,
                       GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The same, but each slot as a whole and the scratch area too: what the set-up does not name becomes erased.
 * For boards whose flash holds whatever was there before. */
bool rig_board_program_slots(struct rig_probe *probe, const struct rig_board_setup *setup,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS

#endif
