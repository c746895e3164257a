/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The search behind an exploration: shared by explore.c and state.c only. */
#ifndef RIG_EXPLORE_SEARCH_H
#define RIG_EXPLORE_SEARCH_H

#include "explore/explore.h"
#include "explore/trace.h"

G_BEGIN_DECLS

/* Records many runs at once: in this process, or in forked workers that have a copy of everything, the
 * bootloader included. The results are the same whatever their number. A subject that may corrupt its process
 * is only ever run in workers, and what becomes of them is a finding. */
struct rig_worker_pool;

/* Records the tasks. false: it was stopped, or the rig has trouble; what was not recorded has `end`
 * RIG_TRACE_NONE in `traces` then. */
bool rig_worker_pool_run(struct rig_worker_pool *pool, const struct rig_task *tasks, guint n_tasks,
                         struct rig_trace *traces);

struct rig_worker_pool_figures {
    char *trouble; /* of the rig; NULL: none */
    gsize n_bytes; /* the most that workers had beside this process */
    guint n_forks; /* workers that were started */
    guint n_lost;  /* that ended before their time although none of their runs does so alone */
};
/* Until now. Borrowed from the pool. */
const struct rig_worker_pool_figures *rig_worker_pool_figures(const struct rig_worker_pool *pool);

#define NO_NODE G_MAXUINT32

struct node {
    guint32 content;
    guint32 parent;
    guint32 operation;
    guint8 form; /* enum rig_cycle_form of the way here */
    guint8 history;
    guint16 n_cuts;
    guint32 broken; /* once it was looked at: invariants (bits) that it or a node on the way to it breaks */
};

/* Where a violation begins: no node on the way here breaks that invariant. */
struct root {
    guint32 node;
    guint8 invariant;
    guint8 form; /* enum rig_cycle_form of the power-on that shows it */
};

struct search {
    const struct rig_explore_plan *plan;
    struct rig_exploration *result;
    struct rig_contents *contents;
    struct rig_recorder *recorder;
    struct rig_worker_pool *pool;
    GArray *boots;         /* struct rig_trace per content; end = RIG_TRACE_NONE until recorded */
    GHashTable *actions;   /* content * RIG_N_ACTIONS + action + 1 -> index + 1 into action_traces */
    GArray *action_traces; /* struct rig_trace; end as in boots */
    GArray *seen;          /* guint64[2] per content: histories */
    GArray *walked;        /* guint64[2] per chunk of a sequence: histories */
    GArray *nodes;         /* struct node */
    GArray *roots;         /* struct root, in the order of their numbers of cuts */
    GArray *levels[2];     /* guint32: nodes with the present number of cuts, and with one more */
    GArray *tasks;         /* struct rig_task: what has to be recorded next */
    GArray *recorded;      /* struct rig_trace of these */
    guint n_expanded;      /* nodes of the present level */
    bool reads_dead;       /* a run has RIG_TRACE_READS_DEAD */
    gint64 started_us;
    guint32 n_begun_with; /* contents that were known from an earlier run */
    char *fingerprint;    /* when a state is read or kept */
};

/* The entries for a content; made when they are not there, and then not recorded. Valid until the next call.
 */
static inline struct rig_trace *search_boot(struct search *search, guint32 content)
{
    while (search->boots->len <= content) {
        struct rig_trace unknown = {.end = RIG_TRACE_NONE};

        g_array_append_val(search->boots, unknown);
    }
    return &g_array_index(search->boots, struct rig_trace, content);
}
struct rig_trace *search_action(struct search *search, guint32 content, enum rig_action action);

/* Notes that a node was seen. false: it was seen before. */
static inline bool search_note_seen(struct search *search, guint32 content, guint8 history)
{
    guint64 *seen;

    if (search->seen->len <= content)
        g_array_set_size(search->seen, MAX(content + 1, search->seen->len * 2));
    seen = &((guint64 *)(void *)search->seen->data)[2 * (gsize)content + history / 64];
    if (*seen & (guint64)1 << history % 64)
        return false;
    *seen |= (guint64)1 << history % 64;
    return true;
}

/* What a boot, or one of the next that may follow it, comes to; an unknown one when that is not recorded
 * yet. *last: the content that it was booted from. */
const struct rig_trace *search_next_end(struct search *search, guint32 content, guint32 *last);

/* A file of a state begins with this and the version, four bytes little-endian. */
#define SEARCH_STATE_MAGIC "rigxplor"
#define SEARCH_STATE_VERSION 4u

/* state.c: everything that is needed to go on later, in a file that is bound to what was explored (its
 * fingerprint). load() wants a search that has not begun. The file may be anybody's. */
bool search_save(const struct search *search, const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool search_load(struct search *search, const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The same from memory: NULL, or why not (static storage). */
const char *search_load_bytes(struct search *search, const guint8 *bytes, gsize n_bytes);

/* A search that has not begun; result is the caller's. */
void search_init(struct search *search, const struct rig_explore_plan *plan);
void search_clear(struct search *search);

G_END_DECLS

#endif
