/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What must hold wherever power was cut: each invariant with its name, what it says, and its judgement of one
 * run. */
#ifndef RIG_EXPLORE_INVARIANT_H
#define RIG_EXPLORE_INVARIANT_H

#include "explore/history.h"

G_BEGIN_DECLS

enum rig_invariant {
    RIG_INVARIANT_BOOTS,
    RIG_INVARIANT_NO_CRASH,
    RIG_INVARIANT_VERIFIED_ONLY,
    RIG_INVARIANT_ALLOWED_IMAGE,
    RIG_INVARIANT_UPDATE_HAPPENS,
    RIG_INVARIANT_REVERT_NOT_LOST,
    RIG_INVARIANT_STAYS_INSTALLED,
    RIG_INVARIANT_CONFIRMED_BY_APPLICATION,
    RIG_INVARIANT_BACKUP_INTACT,
    RIG_INVARIANT_STAYS_IN_ITS_AREAS,
    RIG_INVARIANT_WRITES_ERASED_ONLY,
    RIG_INVARIANT_WEAR,
    RIG_INVARIANT_SETTINGS_VALID,
    RIG_INVARIANT_DATA_KEPT,
    RIG_INVARIANT_UPDATABLE,
    RIG_INVARIANT_SUCCESS_COMMITTED,
    RIG_INVARIANT_APPLICATION_KEPT,
};
#define RIG_N_INVARIANTS 17
/* Those of a bootloader that application and trailers drive (MCUboot), and of one with an updater that a host
 * drives: an invariant that is not among a subject's is not asked for by "all". */
#define RIG_INVARIANTS_OF_MCUBOOT ((1u << RIG_INVARIANT_SETTINGS_VALID) - 1)
#define RIG_INVARIANTS_OF_UPDATERS                                                                           \
    (RIG_ALL_INVARIANTS & ~(1u << RIG_INVARIANT_REVERT_NOT_LOST | 1u << RIG_INVARIANT_BACKUP_INTACT |        \
                            1u << RIG_INVARIANT_CONFIRMED_BY_APPLICATION))
#define RIG_ALL_INVARIANTS ((1u << RIG_N_INVARIANTS) - 1)
/* "all", then their names; NULL-terminated, as choices of a field. */
extern const char *const rig_invariant_choices[RIG_N_INVARIANTS + 2];
#define rig_invariant_names (&rig_invariant_choices[1])
const char *rig_invariant_name(enum rig_invariant invariant);  /* "boots", "revert-not-lost" */
const char *rig_invariant_about(enum rig_invariant invariant); /* one sentence */
bool rig_invariant_from_name(const char *name, enum rig_invariant *invariant);
/* Whether this subject can be judged by it at all; *why says why not (static). */
bool rig_invariant_applies(enum rig_invariant invariant, const struct rig_subject *subject,
                           const struct rig_life *life, const char **why);

/* One run of the bootloader, or of an action, from a node. */
struct rig_judged {
    const struct rig_life *life;
    const struct rig_subject *subject;
    const struct rig_explore_image *images;
    struct rig_history history; /* before the run */
    const struct rig_trace *trace;
    bool is_action;
    bool comes_up; /* it, or one of the next boots that are allowed, runs an image or waits in the updater */
    guint32 max_erases; /* of one sector in one run; 0 = no bound */
};
/* The invariants that do not hold, as bits. */
guint32 rig_judge(const struct rig_judged *judged);
/* What was expected of it, in words. Owned by the caller. */
char *rig_invariant_complaint(enum rig_invariant invariant, const struct rig_judged *judged,
                              const char *said);

G_END_DECLS

#endif
