/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Playing steps with one power cut armed: shared by the single cut and the sweep. */
#ifndef RIG_STEPS_CUT_H
#define RIG_STEPS_CUT_H

#include "steps/verbs.h"

G_BEGIN_DECLS

extern const char *const rig_cut_form_choices[]; /* in the order of enum rig_cut_form */

/* Arms the cut, plays the steps, lets the board go on until the cut fell or nothing more happens, disarms.
 * What the steps could not do because power was lost is no trouble. On return the board has no power if the
 * cut fell. false: trouble of another kind. */
bool rig_play_with_cut(struct rig_run *run, const GPtrArray *steps, const char *prefix,
                       const struct rig_cut_plan *plan, guint64 until_us, struct rig_cut_record *record);

/* A cut on record: when it was aimed at, when it was measured, who proves it. */
void rig_run_cut_event(struct rig_run *run, const struct rig_cut_record *record, const char *text);

G_END_DECLS

#endif
