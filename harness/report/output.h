/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where reports go: claiming a folder for one run, and putting a finished file in its place in one go. */
#ifndef RIG_REPORT_OUTPUT_H
#define RIG_REPORT_OUTPUT_H

#include <glib.h>
#include <stdbool.h>

G_BEGIN_DECLS

#define RIG_OUTPUT_MAX_RUNS 100

/* File names inside a claimed folder. */
#define RIG_OUTPUT_JOURNAL "journal.jsonl"
#define RIG_OUTPUT_JUNIT "junit.xml"
#define RIG_OUTPUT_HTML "report.html"
#define RIG_OUTPUT_JSON "summary.json"

struct rig_output {
    char *directory; /* "reports/out", or "reports/out/run-2" when another run holds the first */
    int lock_fd;     /* private; the kernel lets go of the lock when the process ends, however it ends */
};

/* Makes the folder when it is missing and locks it for the life of this run. While another run holds it, the
 * first free one of its subfolders run-2, run-3, ... is taken instead: both runs go on, nothing mixes, a
 * collector with ** finds both. The four report files and the evidence of an earlier run are removed from the
 * folder that was claimed, so that a run that dies early cannot leave an old green report behind; other files
 * stay. An error: the folder cannot be made or written, or all RIG_OUTPUT_MAX_RUNS are taken. */
struct rig_output *rig_output_claim(const char *directory, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void rig_output_release(struct rig_output *output); /* frees it, too; NULL is fine */
typedef struct rig_output rig_output;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(rig_output, rig_output_release)

/* Path of a file in the claimed folder. Owned by the caller. */
char *rig_output_file(const struct rig_output *output, const char *name);

/* Makes a folder, its parents too, when it is missing. */
bool rig_output_make_folder(const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Writes a whole file: to a name beside it, then renamed, so that nobody sees half of it. "-" is standard
 * output; what is there and is no regular file (a pipe, /dev/null) is written directly, not replaced. */
bool rig_output_publish(const char *path, const char *text, gsize n_bytes,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS

#endif
