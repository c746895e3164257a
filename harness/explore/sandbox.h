/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One boot in a process of its own: the flash operations come back and are done here; what becomes of that
 * process is part of the report. */
#ifndef RIG_EXPLORE_SANDBOX_H
#define RIG_EXPLORE_SANDBOX_H

#include "explore/subject.h"

#include <sys/types.h>

G_BEGIN_DECLS

/* subject->ops->boot for subjects that may corrupt their process. An armed cut falls on the flash here. */
void rig_sandbox_boot(struct rig_subject *subject, struct rig_end_report *report);

/* For every process that is forked to run a subject: the worker's first steps, how it ends when it was
 * corrupted, and what is said about an end that it did not choose. parent: getpid() before the fork. */
void rig_sandbox_enter(bool silent, pid_t parent);
#define RIG_SANDBOX_DONE 0
#define RIG_SANDBOX_FULL 101
#define RIG_SANDBOX_CORRUPTED 102
/* Kills and waits. */
void rig_sandbox_kill(pid_t worker, int *status);
/* true: it has ended; it is waited for. */
bool rig_sandbox_ended(pid_t worker, int *status);

G_END_DECLS

#endif
