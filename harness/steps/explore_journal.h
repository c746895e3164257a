/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Explorations as events of the journal: what is judged, what came of it, and the paths that break something.
 * Keys: reports/journal.md. For explore_steps.c only. */
#ifndef RIG_STEPS_EXPLORE_JOURNAL_H
#define RIG_STEPS_EXPLORE_JOURNAL_H

#include "steps/explore_verdict.h"
#include "steps/stage.h"

G_BEGIN_DECLS

/* Before anything is explored: a run that is killed must not look as if nothing had been asked. why_not: per
 * invariant, NULL when it is judged or was not asked for. */
void rig_explore_emit_start(struct rig_run *run, const struct rig_explore_plan *plan,
                            const char *const why_not[RIG_N_INVARIANTS]);
/* seen NULL: one path was played, nothing was explored. */
void rig_explore_emit_end(struct rig_run *run, const struct rig_exploration *seen,
                          const struct rig_invariant_verdict *verdicts, guint n_verdicts);

G_END_DECLS

#endif
