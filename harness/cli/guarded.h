/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Runs that play foreign code in this process: whatever that code does to the process, the run has a verdict.
 */
#ifndef RIG_CLI_GUARDED_H
#define RIG_CLI_GUARDED_H

#include <glib.h>

G_BEGIN_DECLS

/* Plays in a child process, a group of its own, and waits for its end. SIGINT, SIGTERM and SIGHUP that
 * come to this process are passed on. Returns twice, as fork() does, so that the child too ends as any run
 * does: in the child what play returned; in this process the child's exit code. *died (owned by the caller)
 * is NULL, or here how the child ended before play did: "with exit code 0", "by signal 9". Then the return
 * value says nothing. Where no process can be made it plays here. No thread may run yet; stdio is flushed
 * before. */
int rig_play_guarded(int (*play)(void *user), void *user, char **died);

G_END_DECLS

#endif
