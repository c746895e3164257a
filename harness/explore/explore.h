/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Exploration of every sequence of power cuts: flash contents at power-on are visited breadth-first, each
 * once, until no new one appears. One uncut boot per content is recorded; each content that it passes through
 * is where a cut may have left the board. */
#ifndef RIG_EXPLORE_EXPLORE_H
#define RIG_EXPLORE_EXPLORE_H

#include "explore/invariant.h"
#include "path/cuts.h"

G_BEGIN_DECLS

struct rig_explore_plan {
    struct rig_subject *subject; /* borrowed; its flash holds the content at the first power-on */
    struct rig_explore_image images[RIG_N_EXPLORE_IMAGES];
    struct rig_life life;
    guint n_done; /* actions of the life that were done before, without a cut: the first content has them */
    bool torn_write;      /* cuts half-way through a write */
    bool torn_erase;      /* and through an erase */
    guint32 invariants;   /* bits of enum rig_invariant */
    guint max_boots;      /* power-ons until an image must run; at least 1: each one */
    guint32 max_erases;   /* of one sector in one boot; 0 = no bound */
    guint32 max_contents; /* budgets; 0 = none. New ones, of this run */
    gint64 max_us;
    gsize max_bytes;        /* of memory */
    guint n_workers;        /* processes at work at a time; 0 = one for each core. The result is the same */
    const char *keep_in;    /* file for the state of an exploration that does not close; NULL: none */
    const char *go_on_from; /* such a file, of the same plan and board but for the budgets; NULL: anew */
    bool eager;             /* for tests: workers are started even where that does not pay, */
    bool execute_all;       /* and every run is executed, whatever is known (explore/trace.h) */
    volatile int *interrupted; /* may be NULL */
};

/* One way of breaking an invariant. What follows from a broken state is not counted anew. */
struct rig_finding {
    enum rig_invariant invariant;
    guint n_cuts;      /* the fewest that lead to it */
    char *cause;       /* what the last of them fell on: "revert before write of primary magic", "no cut" */
    guint heals_after; /* BOOTS: so many further power-ons bring the board up; 0: none does */
    guint64 n_nodes;   /* nodes where it begins */
    char *path;        /* a shortest one */
    char *complaint;
};

struct rig_exploration {
    bool closed;
    const char *why_open; /* when not closed; static */
    char *trouble;        /* of the rig, which ended it; NULL: none */
    guint32 n_contents;   /* distinct flash contents at power-on */
    guint64 n_nodes;      /* contents times what the world knows */
    guint64 n_edges;      /* places of a power cut: (content, operation, form) */
    guint64 n_torn_edges; /* of them inside an operation */
    guint64 n_boots;      /* bootloader runs that were executed */
    guint longest;        /* the most cuts that are needed to reach any node */
    gint64 elapsed_us;    /* of all runs that it took */
    bool is_kept;         /* keep_in was written */
    gsize n_bytes;        /* memory, workers included */
    guint n_forks;        /* workers that were started */
    guint n_lost;         /* that ended before their time, although each of their boots alone does no harm */
    GPtrArray *findings;  /* struct rig_finding *: by invariant, then by the number of cuts */
};

/* What decides the result: bootloader, board, first content, images, life, forms, invariants - not the
 * budgets and the workers - as SHA-256 in hexadecimal digits. Owned by the caller. */
char *rig_explore_fingerprint(const struct rig_explore_plan *plan);

/* Never NULL. The subject's flash holds its first content again afterwards. */
struct rig_exploration *rig_explore(const struct rig_explore_plan *plan);
void rig_exploration_free(struct rig_exploration *exploration);
typedef struct rig_exploration rig_exploration;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(rig_exploration, rig_exploration_free)

G_END_DECLS

#endif
