/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One path of power cuts once more, with real cuts, judged at its end and on record. */
#ifndef RIG_EXPLORE_REPLAY_H
#define RIG_EXPLORE_REPLAY_H

#include "explore/explore.h"
#include "path/path.h"

G_BEGIN_DECLS

struct rig_replay {
    bool fits; /* false: the path asks for a cut at an operation that is never reached */
    struct rig_path
        *path;      /* as far as it was played; its origin and what it breaks are the caller's to fill */
    guint32 broken; /* invariants (bits, of the plan's) that are broken at the last power-on */
    char *complaints[RIG_N_INVARIANTS]; /* of it; NULL: it holds, or is not judged */
};

/* From the first content: cycles are struct rig_power_cycle. The subject's flash is left as the path leaves
 * it. */
void rig_replay_play(struct rig_replay *replay, const struct rig_explore_plan *plan, const GArray *cycles);
void rig_replay_clear(struct rig_replay *replay);
typedef struct rig_replay rig_replay;
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(rig_replay, rig_replay_clear)

G_END_DECLS

#endif
