/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One run per board: kernel locks that die with the process, on everything that only one may use at a time.
 */
#ifndef RIG_BENCH_LOCK_H
#define RIG_BENCH_LOCK_H

#include "bench/bench.h"

G_BEGIN_DECLS

/* $BOOTRIG_LOCK_DIR, else `bootrig` below RIG_LOCK_ROOT, which the first user makes for all (mode 1777), else
 * below $XDG_RUNTIME_DIR, else a folder of this user in the folder for temporary files. Made when missing.
 * *is_private (may be NULL): it is one of the last two, and keeps nobody out but this user's own runs.
 * RIG_ERROR_IO. The caller owns the path. */
#define RIG_LOCK_ROOT "/run/lock"
char *rig_lock_directory(bool *is_private, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The same with another folder in the place of RIG_LOCK_ROOT. */
char *rig_lock_directory_below(const char *root, bool *is_private, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Told once when somebody else holds it: "pid 812 since 2026-11-21 10:02:11 UTC: bootrig run". */
typedef void (*rig_lock_waiting)(void *user, const char *resource, const char *holder);

/* All resources of a board, or none. wait_us 0: does not wait. RIG_ERROR_DEVICE names resource and holder.
 * `who`: what this process does. */
struct rig_lock;
struct rig_lock *rig_lock_board(const char *directory, const struct rig_bench_board *board, const char *who,
                                guint64 wait_us, rig_lock_waiting waiting, void *user,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* One more resource, known only now; nothing to do when this lock has it already. Waits as said by
 * rig_lock_wait(); without that it does not wait. */
bool rig_lock_add(struct rig_lock *lock, const char *resource, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* until_us: of the monotonic clock; interrupted (may be NULL): not 0 ends the waiting; outlives the lock. */
void rig_lock_wait(struct rig_lock *lock, gint64 until_us, const volatile int *interrupted);
void rig_lock_free(struct rig_lock *lock);
typedef struct rig_lock rig_lock;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(rig_lock, rig_lock_free)

G_END_DECLS

#endif
