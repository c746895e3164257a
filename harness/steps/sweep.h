/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What all sweeps share: a round for each place, the same board before each of them, one verdict for the
 * whole. A verb adds what strikes at a place, and how the place is called. */
#ifndef RIG_STEPS_SWEEP_H
#define RIG_STEPS_SWEEP_H

#include "steps/verbs.h"

G_BEGIN_DECLS

#define RIG_SWEEP_MAX_FAILED 10 /* a broken board fails everywhere: enough is enough */

enum rig_restore_kind {
    RIG_RESTORE_SNAPSHOT, /* by a snapshot of the board; with "restore" only the flash goes back */
    /* All of it goes back: by a snapshot where the board can, else what the case did up to the sweep is done
     * anew: its setup, and the steps before the sweep. Then the sweep has to be a step of the case itself,
     * not of a block. */
    RIG_RESTORE_ALL,
};

/* Where the sweep began. */
struct rig_restore_point;

/* Rounds so far. */
struct rig_sweep {
    struct rig_run *run;
    const struct rig_step *step;
    struct rig_restore_point *begin;
    guint n_played;
    guint n_failed;
    struct rig_trouble first; /* of the first round that failed */
};
/* false: trouble. */
bool rig_sweep_begin(struct rig_sweep *sweep, struct rig_run *run, const struct rig_step *step,
                     enum rig_restore_kind kind);
void rig_sweep_end(struct rig_sweep *sweep);
/* Brings the board back to where the sweep began. false: trouble, which for a setup that is done anew is that
 * of its step. */
bool rig_sweep_go_back(struct rig_sweep *sweep);
/* How long a round may wait for its place, from now on; on the board's clock. */
guint64 rig_sweep_until_us(const struct rig_sweep *sweep);
/* "steps.3.then": prefix of the steps of a field. Owned by the caller. */
char *rig_sweep_prefix(const struct rig_sweep *sweep, const char *field);
/* A round is over: a failure is put aside, so that the next one can be played. *first: it is the first one.
 * false: the sweep must end (rig error, interrupt, skip, too many failures). */
bool rig_sweep_take(struct rig_sweep *sweep, bool *first);
/* Whether a replay asks for a place of this kind; else trouble is set. example: such a place, for people. */
bool rig_sweep_may_replay(struct rig_run *run, enum rig_cut_place_kind kind, const char *example);
/* After the first failing round was played again, on record: the failure of the sweep. place: "after a power
 * cut before operation 17"; rounds: "cuts". A failure that does not come again is an error where rounds are
 * exact; elsewhere it stands as it was. */
void rig_sweep_blame(struct rig_sweep *sweep, const char *place, const char *rounds);

G_END_DECLS

#endif
