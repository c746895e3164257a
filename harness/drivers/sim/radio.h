/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The simulated board's radio: the host stack of targets/sim/chip/ble/host between the board and an HCI
 * controller, which is a unix stream socket that speaks H4 (btvirt's server sockets) or a Bluetooth adapter
 * taken over whole (HCI user channel). Non-blocking, single-threaded. */
#ifndef RIG_DRIVERS_SIM_RADIO_H
#define RIG_DRIVERS_SIM_RADIO_H

#include <glib.h>

#include "sim/chip/host/host.h"
#include "sim/board.h"

G_BEGIN_DECLS

struct rig_sim_radio;

/* where: "hciN", "unix:PATH" or PATH. The board is borrowed. From here on the in-process central must keep
 * away from it. RIG_ERROR_IO: no such socket or adapter, or one in use; the message has the remedy. tell gets
 * a line for whatever happens on the link; may be NULL. */
struct rig_sim_radio *rig_sim_radio_new(struct sim_board *board, const char *where,
                                        const struct sim_stack_config *config,
                                        GError **error) G_GNUC_WARN_UNUSED_RESULT;
void rig_sim_radio_free(struct rig_sim_radio *radio);
typedef struct rig_sim_radio rig_sim_radio;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(rig_sim_radio, rig_sim_radio_free)

typedef void (*rig_sim_radio_line)(void *user, const char *line);
void rig_sim_radio_on_line(struct rig_sim_radio *radio, rig_sim_radio_line line, void *user);

/* To be polled for reading; -1: the controller is gone (tick() looks for it again, once a second). */
int rig_sim_radio_fd(const struct rig_sim_radio *radio);
/* Takes what the controller has sent. */
void rig_sim_radio_serve(struct rig_sim_radio *radio);
/* Follows the board; after each step of it. */
void rig_sim_radio_tick(struct rig_sim_radio *radio);

/* Commands of sim/chip/host/host.h. NULL: none of them. Owned by the caller. */
char *rig_sim_radio_command(struct rig_sim_radio *radio, const char *line) G_GNUC_WARN_UNUSED_RESULT;
/* Words for a status line, with a blank in front. Owned by the caller. */
char *rig_sim_radio_status(const struct rig_sim_radio *radio) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS

#endif
