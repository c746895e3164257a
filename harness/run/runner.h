/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Runs chosen cases one after the other on their boards and writes the journal. Verdicts come from the events
 * alone. */
#ifndef RIG_RUN_RUNNER_H
#define RIG_RUN_RUNNER_H

#include "report/journal.h"
#include "run/boards.h"
#include "run/selection.h"
#include "steps/stage.h"

G_BEGIN_DECLS

/* An image that a replay must find again: name and the first hex digits of the file's SHA-256. */
struct rig_image_claim {
    char *name;
    char *sha_prefix;
};

struct rig_run_plan {
    const struct rig_selection *selection;
    struct rig_boards *boards;
    struct rig_journal *journal;
    struct rig_evidence *evidence;
    guint64 seed;       /* of the run; the seed of a case follows from it and the case's name */
    bool has_case_seed; /* a replay: the same seed for every case */
    guint64 case_seed;
    double timeout_scale;
    guint n_repeats; /* at least 1 */
    guint n_retries; /* on top of what a scenario asks for */
    bool fail_fast;
    bool has_only_cut;
    struct rig_cut_place only_cut;
    const char *only_path;   /* of an exploration; NULL = explore */
    guint n_workers;         /* of an exploration; 0 = one for each core */
    const char *resume;      /* explorations go on from what this folder or file kept; NULL = anew */
    const GPtrArray *claims; /* struct rig_image_claim *; NULL = none */
    const char *const *argv; /* for the record */
    const char
        *replay_options; /* options that a replay of any case must repeat, ready for a shell; "" = none */
    volatile int *interrupted;
};

/* Plays everything; journal events from `run-start` to `run-end`. Errors are in the journal too. */
void rig_run_all(const struct rig_run_plan *plan);

/* The journal of a run that cannot begin: `run-start` without cases, `run-error`, `run-end`. Of the plan only
 * journal, argv and `interrupted` count. target: as asked for; NULL = none. */
void rig_run_refuse(const struct rig_run_plan *plan, const char *target, const char *why);

G_END_DECLS

#endif
