/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Records a path (path/path.h) while it is played: operations become steps, sectors and trailers are looked
 * at behind each, and what repeats is folded. */
#ifndef RIG_EXPLORE_PATH_RECORDER_H
#define RIG_EXPLORE_PATH_RECORDER_H

#include "explore/flash_map.h"

G_BEGIN_DECLS

#define RIG_RECORDED_MAX_OPERATIONS 20000u /* in full, of a path; more are counted */
#define RIG_RECORDED_MAX_STEPS 48u         /* of a power cycle; more are left out in its middle */

struct rig_path_recorder;

/* From the content that the map's flash holds. The map is borrowed. */
struct rig_path_recorder *rig_path_recorder_new(const struct rig_flash_map *map);
void rig_path_recorder_free(struct rig_path_recorder *recorder);

/* What is recorded; whoever plays the path fills in how a power cycle ended and what the path breaks. */
struct rig_path *rig_path_recorder_path(const struct rig_path_recorder *recorder);
struct rig_path *rig_path_recorder_take(struct rig_path_recorder *recorder); /* frees the recorder */

/* One power cycle after the other; of more than RIG_PATH_MAX_CYCLES the first are left out. The cycle is
 * valid until the next begin. */
struct rig_path_cycle *rig_path_recorder_begin(struct rig_path_recorder *recorder, gint64 number);
/* An operation, after it happened on the map's flash. */
void rig_path_recorder_note(struct rig_path_recorder *recorder, const struct sim_flash_operation *operation,
                            bool by_application);
void rig_path_recorder_end(struct rig_path_recorder *recorder);

/* What a sector held after the last operation. */
struct rig_path_cell rig_path_recorder_cell(const struct rig_path_recorder *recorder, guint area,
                                            guint sector);
/* false: something else than the recorded operations has changed the flash. */
bool rig_path_recorder_agrees(const struct rig_path_recorder *recorder);

G_END_DECLS

#endif
