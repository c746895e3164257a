/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the commands that touch a bench share: its file, its locks. */
#ifndef RIG_CLI_BENCH_COMMON_H
#define RIG_CLI_BENCH_COMMON_H

#include "bench/bench.h"
#include "bench/lock.h"
#include "cli/cli.h"
#include "cli/signals.h"

/* --bench, else $BOOTRIG_BENCH, else bench.yaml here. */
struct rig_bench *rig_cli_bench(const char *named, GError **error);
/* Locks the board for this process; says on stderr whom it waits for. */
struct rig_lock *rig_cli_lock(const struct rig_bench_board *board, const char *who, guint wait_s,
                              GError **error);

#endif
