/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The one command that plays a case exactly again. */
#ifndef RIG_RUN_REPLAY_LINE_H
#define RIG_RUN_REPLAY_LINE_H

#include "run/runner.h"

G_BEGIN_DECLS

/* "bootrig replay FILE --case NAME --target T --case-seed S --image new=ab12... --cut 17:half": file, target,
 * parameters, seed, images by hash, cut point. Quoted for a shell. Owned by the caller. */
char *rig_replay_line(const struct rig_run_plan *plan, struct rig_run *run, const char *target,
                      guint64 case_seed);

/* How a board is reached and what it is: every member may be NULL; borrowed. */
struct rig_replay_reach {
    const char *link, *hci, *adapter, *bench, *board, *bootloader;
    char **defects;
    double timeout_scale; /* 1: not told */
};
/* " --link L --hci H ...": the options that make it so again, quoted for a shell. Owned by the caller. */
char *rig_replay_reach_text(const struct rig_replay_reach *reach);

/* Parses what rig_cut_place_text() writes. */
bool rig_cut_place_parse(const char *text, struct rig_cut_place *place,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS

#endif
