/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A board that is a machine in QEMU, running a user's own firmware: targets of kind `qemu`. Console and SMP
 * share one serial port; power is the process; the probe is QEMU's monitor. What survives a power cut is
 * exactly the content of the target's flash devices, as it was when execution stopped; RAM and the rest of
 * the machine do not. A reset (the probe's or the firmware's own) keeps RAM too. Files under `load:` are
 * written anew at every reset. */
#ifndef RIG_DRIVERS_QEMU_QEMU_BOARD_H
#define RIG_DRIVERS_QEMU_QEMU_BOARD_H

#include "bench/target.h"
#include "drivers/board/board.h"

G_BEGIN_DECLS

/* A board of kind `qemu`; target must outlive it. QEMU starts with the first power on. Free with
 * board->ops->free. */
struct rig_board *rig_qemu_board_new(const struct rig_target *target,
                                     GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS

#endif
