/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the verb `explore` explores: the board's bootloader as a subject, the images of the scenario for it,
 * and what cannot be said about them. A file for each kind of bootloader. */
#ifndef RIG_STEPS_EXPLORE_SUBJECT_H
#define RIG_STEPS_EXPLORE_SUBJECT_H

#include "explore/explore.h"
#include "steps/stage.h"

G_BEGIN_DECLS

/* The images' names in the scenario, by what they are; NULL: not given. */
enum rig_explore_name {
    RIG_EXPLORE_OLD,
    RIG_EXPLORE_NEW,
    RIG_EXPLORE_SECOND_OLD,
    RIG_EXPLORE_SECOND_NEW,
};
#define RIG_N_EXPLORE_NAMES 4

struct rig_explored {
    struct rig_explore_plan *plan; /* borrowed; it gets subject and images */
    struct rig_subject *subject;
    char
        *never_runs; /* why the new image is not expected to run, although that breaks nothing; NULL: it is */
    char *not_judged;  /* why nobody here can say whether the images are verified; NULL: it is known */
    bool on_model;     /* MCUboot: not a foreign bootloader */
    guint32 key_bytes; /* MCUboot: of an image key in the trailers: an image is encrypted */
};
void rig_explored_clear(struct rig_explored *explored);
typedef struct rig_explored rig_explored;
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(rig_explored, rig_explored_clear)

/* false: the run has its trouble. */
bool rig_explored_mcuboot(struct rig_run *run, const char *const names[RIG_N_EXPLORE_NAMES],
                          struct rig_explored *explored);
bool rig_explored_nordic(struct rig_run *run, const char *const names[RIG_N_EXPLORE_NAMES],
                         struct rig_explored *explored);

G_END_DECLS

#endif
