/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A path as the journal's event "path", and back. Keys: reports/journal.md. */
#ifndef RIG_PATH_PATH_EVENT_H
#define RIG_PATH_PATH_EVENT_H

#include "path/path.h"
#include "report/event.h"

G_BEGIN_DECLS

/* in_full: with every operation. NULL: nothing happened on it. Owned by the caller. */
struct rig_event *rig_path_to_event(const struct rig_path *path, bool in_full) G_GNUC_WARN_UNUSED_RESULT;

/* The journal may come from anywhere: every number is bounded, areas and sectors that are named are there.
 * NULL: no path that could be told. Owned by the caller. */
struct rig_path *rig_path_from_event(const struct rig_event *event) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS

#endif
