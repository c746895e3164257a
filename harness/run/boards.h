/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The boards of a run: one per target, made when first asked for. */
#ifndef RIG_RUN_BOARDS_H
#define RIG_RUN_BOARDS_H

#include "bench/bench.h"
#include "bench/lock.h"
#include "bench/target.h"
#include "drivers/board/board.h"
#include "scenario/scenario.h"

G_BEGIN_DECLS

struct rig_boards;

/* target: what --target said; NULL = the default target, and a scenario that names another one gets its own.
 * defects: NULL-terminated, seeded into every simulated board; may be NULL. */
struct rig_boards *rig_boards_new(const char *target, const char *target_directory,
                                  const char *const *defects, volatile int *interrupted);
void rig_boards_free(struct rig_boards *boards);
typedef struct rig_boards rig_boards;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(rig_boards, rig_boards_free)

/* Every simulated board boots through this shared object (see bootloader_abi.h). NULL: as the targets say. */
void rig_boards_use_bootloader(struct rig_boards *boards, const char *path);

/* Every simulated board runs as a process of its own and is reached over this link (drivers/links/links.h);
 * hci and adapter as for rig_process_board_use_radio(). Texts are copied; NULL: as the targets say. */
void rig_boards_use_link(struct rig_boards *boards, const char *link, const char *hci, const char *adapter);
/* Every scenario runs on this board of a bench, whose target --target or the bench file says. All is borrowed
 * and must outlive the boards. */
void rig_boards_use_bench(struct rig_boards *boards, const struct rig_bench *bench,
                          const struct rig_bench_board *entry, struct rig_lock *lock);

/* The target that a scenario is played on where the command line names none: its own, or the shipped one of
 * its protocol. Static, or the scenario's. */
const char *rig_boards_wanted(const struct rig_scenario *scenario);

/* The board for a scenario that asks for `wanted` (NULL = none in particular). Borrowed; *target borrowed
 * too. */
struct rig_board *rig_boards_get(struct rig_boards *boards, const char *wanted,
                                 const struct rig_target **target, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Why the run would skip this case on its board, in the run's own words; NULL without an error: it would run.
 * Touches no device. An error: its board cannot be made. Owned by the caller. */
char *rig_boards_skip_reason(struct rig_boards *boards, const struct rig_case *the_case,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS

#endif
