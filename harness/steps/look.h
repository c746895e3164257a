/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A board of which nothing but its update server is in reach: what its SMP server tells takes the place of a
 * probe, and what it does on request that of a reset pin and of a set-up. A client of its own asks: the
 * faults of a scenario do not strike it, and it leaves no trace in the counts of the client that the scenario
 * has. */
#ifndef RIG_STEPS_LOOK_H
#define RIG_STEPS_LOOK_H

#include "protocol/smp/smp.h"
#include "steps/stage.h"

G_BEGIN_DECLS

/* For `lacks` of verbs that can do with a look: NULL: the board has a probe, or an SMP server that tells;
 * else "probe". */
const char *rig_look_lacks(const char *const *capabilities);
/* Whether looks go by the server: there is no probe, and the server speaks SMP. */
bool rig_look_by_server(const struct rig_board *board);

/* The list of images. Connects where there is no connection, and ends it again. false: nobody answered until
 * then, or trouble. */
bool rig_look_list(struct rig_run *run, guint64 until_us, struct rig_smp_response *list);
/* The entry of a slot, counted as a layout does (2 and 3 are those of image 1); NULL: there is none. */
const struct rig_smp_image_entry *rig_look_entry(const struct rig_smp_response *list, guint slot);
/* The same as a probe's view: RUNNING with the active image of image 0, or BOOTING while nobody answers. How
 * often the bootloader ran is not seen. Asks again until `fits` or the time is over; returns the former. */
typedef bool (*rig_look_fits)(void *user, const struct rig_board_view *view);
bool rig_look_until(struct rig_run *run, guint64 until_us, rig_look_fits fits, void *user,
                    struct rig_board_view *view);

/* A reset was asked for and promised: waits until the server answers again, and ends the connection. false:
 * trouble. */
bool rig_look_await_return(struct rig_run *run, guint64 until_us);
/* Asks for a reset, forced, and waits so. */
bool rig_look_reset(struct rig_run *run, guint64 until_us);

/* Brings the board by updates to where `board:` wants it: `running` confirmed in slot 0, `waiting` in slot 1
 * unmarked (NULL: nothing there). false: trouble; RIG_ERROR_UNSUPPORTED where the board does not come to run
 * what it was given. */
bool rig_look_set_up(struct rig_run *run, const struct rig_built_image *running,
                     const struct rig_built_image *waiting, guint64 until_us);

G_END_DECLS

#endif
