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

/* --- for the files of this driver; simulator: of the board --- */

void rig_simulator_free(struct rig_simulator *simulator); /* NULL is none */
/* What images of this case were taught. */
void rig_simulator_forget(struct rig_simulator *simulator);
/* Describes the process that the set-up takes: bench and entry of the board. Before it is attached. */
bool rig_simulator_plan(struct rig_wired *board, const struct rig_board_setup *setup,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Its images are in the flash from the start; else the probe puts them there. */
bool rig_simulator_comes_programmed(const struct rig_simulator *simulator);
void rig_simulator_add_words(const struct rig_simulator *simulator, GHashTable *words);
/* The control connection, once the process runs; and the supply that it is. */
bool rig_simulator_connect(struct rig_wired *board, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void rig_simulator_disconnect(struct rig_wired *board);
/* What no bench says: how the board can be found under its options. */
void rig_simulator_fill_place(const struct rig_simulator *simulator, const struct rig_layout *layout,
                              struct rig_link_place *place);
/* Options of a set-up into layout and demands. */
bool rig_simulator_adopt(struct rig_board *board, const struct rig_board_setup *setup,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Strikes of faults, to the listener. */
void rig_simulator_take_events(struct rig_wired *board);
/* Board seconds per second. */
guint rig_simulator_speed(const struct rig_simulator *simulator);

G_END_DECLS

#endif
