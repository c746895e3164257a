/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Records many runs at once: in this process, or in forked workers that have a copy of everything, the
 * bootloader included. The results are the same whatever their number. A subject that may spoil its process
 * is only ever run in workers, and what becomes of them is a finding. */
#ifndef RIG_EXPLORE_WORKER_POOL_H
#define RIG_EXPLORE_WORKER_POOL_H

#include "explore/trace.h"

G_BEGIN_DECLS

struct rig_worker_pool;

/* Everything is borrowed. n_workers: processes that work at the same time, this one included; 0 = as many as
 * there are cores. stop(): true = give up; it is asked often. */
struct rig_worker_pool *rig_worker_pool_new(struct rig_contents *contents, struct rig_recorder *recorder,
                                            struct rig_subject *subject, guint n_workers,
                                            bool (*stop)(void *user), void *user);
void rig_worker_pool_free(struct rig_worker_pool *pool);

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
/* Workers are started whether it pays or not. */
void rig_worker_pool_set_eager(struct rig_worker_pool *pool);

G_END_DECLS

#endif
