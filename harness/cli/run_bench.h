/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which board of a bench a run plays on. */
#ifndef RIG_CLI_RUN_BENCH_H
#define RIG_CLI_RUN_BENCH_H

#include "bench/bench.h"
#include "bench/lock.h"
#include "cli/run_options.h"

struct rig_run_bench {
    struct rig_bench *bench;             /* NULL: the run plays on a target alone */
    const struct rig_bench_board *board; /* of bench */
    struct rig_lock *lock;               /* NULL on a dry run */
};

/* The board that the options name, or with a tag the first one that is free, locked for this process. Waits
 * for it as long as the options allow, and tells on stderr for whom. RIG_ERROR_DEVICE names who has it. */
bool rig_run_bench_open(struct rig_run_bench *chosen, const struct rig_run_options *options,
                        const volatile int *interrupted, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void rig_run_bench_clear(struct rig_run_bench *chosen);
typedef struct rig_run_bench rig_run_bench;
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(rig_run_bench, rig_run_bench_clear)

#endif
