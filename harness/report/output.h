/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where reports go: claiming a folder for one run, and putting a finished file in its place in one go. */
#ifndef RIG_REPORT_OUTPUT_H
#define RIG_REPORT_OUTPUT_H

#include "base/file.h"

G_BEGIN_DECLS

/* File names inside a claimed folder. */
#define RIG_OUTPUT_JOURNAL "journal.jsonl"
#define RIG_OUTPUT_JUNIT "junit.xml"
#define RIG_OUTPUT_HTML "report.html"
#define RIG_OUTPUT_JSON "summary.json"

struct rig_output {
    char *directory; /* "reports/out" */
    int lock_fd;     /* private; the kernel lets go of the lock when the process ends, however it ends */
};

/* Makes the folder when it is missing and locks it for the life of this run. Then the report files,
 * unfinished ones, and the evidence of an earlier run are removed, so that a run that dies early cannot leave
 * an old green report behind; other files stay. An error, and nothing is touched: another run has the folder.
 * Also: it cannot be made or written. */
struct rig_output *rig_output_claim(const char *directory, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void rig_output_release(struct rig_output *output); /* frees it, too; NULL is fine */
typedef struct rig_output rig_output;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(rig_output, rig_output_release)

/* Path of a file in the claimed folder. Owned by the caller. */
char *rig_output_file(const struct rig_output *output, const char *name);

/* Both paths lead to one file, or would once it is there. */
bool rig_output_is_same(const char *path, const char *other);

/* Removes a report of an earlier run that lies outside of the folder. What is no regular file stays. */
bool rig_output_remove_old(const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* rig_file_write(), where "-" is standard output. */
bool rig_output_write(const char *path, rig_file_writer writer, const void *user,
                      GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* What a writer writes, as text. Owned by the caller; NULL with its error. */
char *rig_output_text(rig_file_writer writer, const void *user, gsize *n_bytes,
                      GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS

#endif
