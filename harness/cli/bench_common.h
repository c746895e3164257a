/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the commands that touch a bench share: its file, its locks. */
#ifndef RIG_CLI_BENCH_COMMON_H
#define RIG_CLI_BENCH_COMMON_H

#include <signal.h>

#include "bench/bench.h"
#include "bench/lock.h"
#include "cli/cli.h"

/* --bench, else $BOOTRIG_BENCH, else bench.yaml here. */
struct rig_bench *rig_cli_bench(const char *named, GError **error);
/* Locks the board for this process; says on stderr whom it waits for. */
struct rig_lock *rig_cli_lock(const struct rig_bench_board *board, const char *who, guint wait_s,
                              GError **error);

/* While a board is without power on the way to having it again, a signal must wait: else it would stay dark.
 * SIGINT, SIGTERM and SIGHUP are held back until release(), which lets one that came meanwhile take its
 * course. */
void rig_cli_hold_signals(sigset_t *before);
void rig_cli_release_signals(const sigset_t *before);
/* With signals held: whether one of them has come. */
bool rig_cli_signal_is_held(void);
/* With signals held: so long, or until one of them comes, which stays pending. */
void rig_cli_wait_held_ms(guint ms);

#endif
