/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One uncut run from a flash content - of the bootloader, or of one action of the application - and every
 * content it passed through. */
#ifndef RIG_EXPLORE_TRACE_H
#define RIG_EXPLORE_TRACE_H

#include "explore/content.h"
#include "explore/sequence.h"
#include "explore/subject.h"

G_BEGIN_DECLS

enum rig_trace_flag {
    RIG_TRACE_CONFIRMED = 1 << 0,   /* what runs is marked as confirmed */
    RIG_TRACE_COPY_KEPT = 1 << 1,   /* the old image stands whole where a revert would take it from */
    RIG_TRACE_OUTSIDE = 1 << 2,     /* an operation outside of the areas */
    RIG_TRACE_OVERWRITES = 1 << 3,  /* a write to bytes that were not erased */
    RIG_TRACE_REFUSED = 1 << 4,     /* an action that did not succeed */
    RIG_TRACE_NO_SETTINGS = 1 << 5, /* of the content that it began with: see struct rig_inspection */
    RIG_TRACE_DATA_LOST = 1 << 6,
    RIG_TRACE_READS_DEAD = 1 << 7, /* it reads what subject->ops->dead() called dead: the rig's trouble */
};

struct rig_trace {
    guint32 first; /* where the contents that it passed are listed among the recorder's sequences */
    guint32 n_operations;
    guint32 final;       /* content at the end */
    guint32 most_erases; /* of one sector */
    guint8 end;          /* enum rig_end, or RIG_TRACE_NONE: it is not recorded yet */
    guint8 image;        /* RUNS: which image; RIG_IMAGE_MIXED; RIG_IMAGE_UNKNOWN: none of the known ones */
    guint8 flags;
    guint32 text; /* index + 1 into the recorder's texts, 0 = none */
    guint32
        promised; /* an action: operations before the host was told that all is well; RIG_NEVER_PROMISED */
};
#define RIG_NEVER_PROMISED G_MAXUINT32

#define RIG_TRACE_NONE 0xff

/* What is run from a content. */
struct rig_task {
    guint32 content;
    gint action; /* enum rig_action, or RIG_TASK_BOOT */
};
#define RIG_TASK_BOOT (-1)

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
    guint32 promised;
    guint32 most_erases;
    guint8 flags;
};

struct rig_recorder;
/* torn_write, torn_erase: whether the contents of half-done operations are wanted. Everything is borrowed. */
struct rig_recorder *rig_recorder_new(struct rig_contents *contents, struct rig_subject *subject,
                                      const struct rig_explore_image *images, bool torn_write,
                                      bool torn_erase);
void rig_recorder_free(struct rig_recorder *recorder);

/* This is a process that may be corrupted: the subject is run right here. */
void rig_recorder_set_worker(struct rig_recorder *recorder);
/* Executes a run. */
void rig_trace_record(struct rig_recorder *recorder, const struct rig_task *task, struct rig_trace *trace);
/* The same without executing it, when it reads nothing but what known runs read.
 * false: it has to be executed. */
bool rig_record_known(struct rig_recorder *recorder, const struct rig_task *task, struct rig_trace *trace);
/* Every run is executed from now on; for tests. */
void rig_recorder_forget_known_runs(struct rig_recorder *recorder);

/* What was seen of the run that was executed last, for learning it elsewhere. NULL: nothing that can be
 * learned. Valid until the next recording. */
const GArray *rig_recorder_accesses(const struct rig_recorder *recorder, struct rig_known_end *end);
void rig_recorder_learn(struct rig_recorder *recorder, const struct rig_task *task, const GArray *accesses,
                        const struct rig_known_end *end);
/* A trace that was recorded elsewhere: `trace` has everything but `first` and `text`, `chunks` are those of
 * its n_operations contents, put into the recorder's sequences, `text` may be empty. */
void rig_recorder_adopt(struct rig_recorder *recorder, struct rig_trace *trace, const guint32 *chunks,
                        const char *text);
/* The content that stands for this one: what is dead in it is erased. */
guint32 rig_recorder_settled(struct rig_recorder *recorder, guint32 content);
struct rig_sequences *rig_recorder_sequences(const struct rig_recorder *recorder);
bool rig_recorder_wants_torn(const struct rig_recorder *recorder);

/* The content after each operation of a trace, and the one of its first half (RIG_CONTENT_NONE: not wanted),
 * chunk by chunk (explore/sequence.h). Valid until the next recording. */
struct rig_chunk rig_recorder_chunk(const struct rig_recorder *recorder, const struct rig_trace *trace,
                                    guint32 k);
const char *rig_recorder_text(const struct rig_recorder *recorder, const struct rig_trace *trace);
/* Of all traces. */
struct rig_recorder_counts {
    guint32 n_chunks;
    guint64 n_operations;
    guint64 n_torn;
};
struct rig_recorder_counts rig_recorder_counts(const struct rig_recorder *recorder);
gsize rig_recorder_bytes(const struct rig_recorder *recorder);

G_END_DECLS

#endif
