/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Known runs: a program that reads what it read before does what it did before. The reads and flash
 * operations of each run are kept in a tree that branches where a read gave something else; a run whose every
 * read is found in it need not be executed. For trace.c. */
#ifndef RIG_EXPLORE_KNOWN_RUNS_H
#define RIG_EXPLORE_KNOWN_RUNS_H

#include "explore/trace.h"

G_BEGIN_DECLS

struct rig_known_runs;
/* contents: borrowed. */
struct rig_known_runs *rig_known_runs_new(const struct rig_contents *contents);
void rig_known_runs_free(struct rig_known_runs *runs);
gsize rig_known_runs_bytes(const struct rig_known_runs *runs);

/* Keeps a run of one of the programs: 0 the bootloader, above it each action. One that contradicts what is
 * known - the same reads, other operations - is not kept. */
void rig_known_runs_learn(struct rig_known_runs *runs, guint root, const struct rig_access *accesses,
                          guint n_accesses, const struct rig_known_end *end);
/* Goes along with a run from `content`. apply() is given each operation that the run does and returns the
 * content afterwards, RIG_CONTENT_NONE when the flash would refuse it. NULL: at some point nothing is known;
 * what was applied until then is what the run does, too. Valid until something is learned. */
const struct rig_known_end *
rig_known_runs_follow(struct rig_known_runs *runs, guint root, guint32 content,
                      guint32 (*apply)(void *user, const struct sim_flash_operation *operation), void *user);

G_END_DECLS

#endif
