/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The simulated board in a process of its own (`bootrig sim`), reached as hardware is: a board of a bench
 * that is made for it, with the control connection for what no bench has: options, faults of packets, cuts at
 * flash operations, bonds, how applications behave, the record of flash operations. It cannot be rewound. */
#ifndef RIG_DRIVERS_WIRED_SIMULATED_H
#define RIG_DRIVERS_WIRED_SIMULATED_H

#include "drivers/wired/wired.h"

G_BEGIN_DECLS

/* All is borrowed and must outlive the board. */
struct rig_process_config {
    const struct rig_target *target; /* of kind `simulated` or `simulated-process` */
    const char *program;             /* this bootrig */
    const char *targets;             /* folder of the shipped targets, for openocd's configuration */
    const char *link;                /* "udp" (NULL too), "serial": over its console, "bluez" */
    const char *hci;     /* bluez: the board's controller (`bootrig sim --hci`); NULL: btvirt's socket */
    const char *adapter; /* bluez: the host's; NULL: the first */
    const char *const *defects; /* NULL-terminated; may be NULL */
};
/* A new process with each preparation. RIG_ERROR_USAGE: no such link or defect.
 * Free with board->ops->free. */
struct rig_board *rig_process_board_new(const struct rig_process_config *config,
                                        GError **error) G_GNUC_WARN_UNUSED_RESULT;
#define RIG_PROCESS_HCI "/tmp/bt-server-le" /* [SRC bluez emulator/server.c] */

G_END_DECLS

#endif
