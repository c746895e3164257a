/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What an exploration says of each invariant, compared with the findings that the scenario expects. */
#ifndef RIG_STEPS_EXPLORE_VERDICT_H
#define RIG_STEPS_EXPLORE_VERDICT_H

#include "explore/explore.h"
#include "report/model.h"
#include "scenario/schema.h"

G_BEGIN_DECLS

/* One entry of `finds`: a finding that is expected, of an invariant that is judged. */
struct rig_expected_finding {
    enum rig_invariant invariant;
    guint n_cuts;
    const char *cause; /* borrowed from the record */
    guint heals_after;
};
/* The same as it is written, with all its causes. */
struct rig_known_finding {
    enum rig_invariant invariant;
    guint32 n_cuts;
    const char *const *causes;
    guint32 heals_after;
};
extern const struct rig_shape rig_finding_shape;
/* GArray of struct rig_expected_finding, owned by the caller. `known` is NULL-terminated, or NULL: none is
 * expected. Those of invariants that are not in `judged` (bits) are left out. */
GArray *rig_expected_findings(const struct rig_known_finding *const *known, guint32 judged);

/* How many of them were not found. */
guint rig_expected_missing(const struct rig_exploration *seen, const GArray *expected);

/* One invariant as it came out. */
struct rig_invariant_verdict {
    enum rig_invariant invariant;
    enum rig_verdict verdict;        /* ERROR, SKIP: not explored to the end */
    bool expected;                   /* findings of it are */
    char *text;                      /* "holds"; why it is not proved; the complaint */
    const struct rig_finding *shown; /* what a FAIL is about, borrowed; NULL: an expected one is missing, or
                                      * nothing was explored */
};
void rig_invariant_verdict_clear(struct rig_invariant_verdict *verdict);
/* A finding that is not expected, or needs fewer or more cuts than expected, is a FAIL; so is an expected one
 * that is missing when everything was visited. may_stay_open: what holds as far as it was explored is a SKIP,
 * else an ERROR. */
void rig_judge_invariant(const struct rig_exploration *seen, enum rig_invariant invariant,
                         const GArray *expected, bool may_stay_open, struct rig_invariant_verdict *verdict);

G_END_DECLS

#endif
