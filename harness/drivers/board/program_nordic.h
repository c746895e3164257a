/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A set-up of a board with one of Nordic's bootloaders, through its probe: application in bank 0, settings
 * page and its backup; and what the bootloader itself stands on, for boards that are simulated. */
#ifndef RIG_DRIVERS_BOARD_PROGRAM_NORDIC_H
#define RIG_DRIVERS_BOARD_PROGRAM_NORDIC_H

#include "drivers/board/board.h"

G_BEGIN_DECLS

/* Application into bank 0 and settings that call it valid, as a programmer does it with the settings that
 * nrfutil generates: boot validation by CRC (secure), no CRC (legacy). Without an image: settings pages
 * erased, the bootloader waits for an update. RIG_ERROR_UNSUPPORTED: an image on trial, or one for bank 1. */
bool rig_board_program_nordic(struct rig_probe *probe, const struct rig_board_setup *setup,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Into erased flash: the MBR's words, the SoftDevice of the layout, a bootloader. All are filler with the
 * figures that a bootloader looks at. */
bool rig_board_program_nordic_base(struct rig_probe *probe, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS

#endif
