/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is known of runs that were executed: a program that reads what it read before does what it did before.
 * The reads and flash operations of each run are kept in a tree that branches where a read gave something
 * else; a run whose every read is found in it need not be executed. */
#ifndef RIG_EXPLORE_KNOWN_RUNS_H
#define RIG_EXPLORE_KNOWN_RUNS_H

#include "explore/content.h"
#include "explore/subject.h"

G_BEGIN_DECLS

enum rig_access_kind { RIG_ACCESS_READ, RIG_ACCESS_WRITE, RIG_ACCESS_ERASE, RIG_ACCESS_END };

struct rig_access {
    guint8 kind;
    guint8 device;
    guint32 offset;
    guint32 n_bytes;
    guint32 content; /* READ: one that holds what was read; WRITE, ERASE: the one afterwards */
};

/* How a run ended, as far as it follows from what it read. */
struct rig_known_end {
    struct rig_end_report report;
    guint32 most_erases;
    guint8 flags;
};

/* Different programs have different roots: the bootloader, each action. */
#define RIG_N_PROGRAMS (1 + RIG_N_ACTIONS)

struct rig_known_runs;
struct rig_known_runs *rig_known_runs_new(const struct rig_contents *contents); /* borrowed */
void rig_known_runs_free(struct rig_known_runs *runs);
gsize rig_known_runs_bytes(const struct rig_known_runs *runs);

/* Keeps a run. One that contradicts what is known - the same reads, other operations - is not kept. */
void rig_known_runs_learn(struct rig_known_runs *runs, guint root, const struct rig_access *events,
                          guint n_events, const struct rig_known_end *end);

/* Goes along with a run from `content`. apply() is given each operation that the run does and returns the
 * content afterwards, RIG_CONTENT_NONE when the flash would refuse it. NULL: at some point nothing is known;
 * what was applied until then is what the run does, too. Valid until something is learned. */
const struct rig_known_end *
rig_known_runs_follow(struct rig_known_runs *runs, guint root, guint32 content,
                      guint32 (*apply)(void *user, const struct sim_flash_operation *operation), void *user);

G_END_DECLS

#endif
