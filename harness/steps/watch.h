/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The flash of a simulated board, watched while steps play on it, as a path: one cut of a sweep is told
 * and drawn like the path of an exploration. */
#ifndef RIG_STEPS_WATCH_H
#define RIG_STEPS_WATCH_H

#include "steps/stage.h"

G_BEGIN_DECLS

struct rig_watch;

/* From the flash as it is. NULL: this board cannot be watched, or none of the case's images is on it: then
 * there is nothing to tell, and the functions below do nothing. */
struct rig_watch *rig_watch_new(struct rig_run *run);
void rig_watch_free(struct rig_watch *watch);

/* A run of the bootloader is over. */
void rig_watch_boot(struct rig_watch *watch, const char *outcome, const char *swap, bool resumed,
                    const char *text);
/* Power was lost; the next operation belongs to another power cycle. where: "before operation 17 (...)". */
void rig_watch_cut(struct rig_watch *watch, const char *where);
/* Ends the path: as an event of the journal, owned by the caller; NULL when something else than flash
 * operations has changed the flash. cuts: the cut; name, about, text: what it broke. */
struct rig_event *rig_watch_event(struct rig_watch *watch, const char *cuts, const char *name,
                                  const char *about, const char *text) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS

#endif
