/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Files that a run keeps beside its reports, a folder for each attempt, named after the place of the case in
 * the run and after the case: DIRECTORY/evidence/003-small-as-test/slot1.bin, for the second attempt
 * DIRECTORY/evidence/003-small-as-test-attempt-2/... . */
#ifndef RIG_REPORT_EVIDENCE_H
#define RIG_REPORT_EVIDENCE_H

#include <glib.h>
#include <stdbool.h>

G_BEGIN_DECLS

#define RIG_EVIDENCE_FOLDER "evidence"
#define RIG_EVIDENCE_PICTURES "explore-" /* of all cases, beside those folders: explore-*.svg */
#define RIG_EVIDENCE_MAX_FILES 200

struct rig_evidence;

struct rig_evidence *rig_evidence_new(const char *directory);
void rig_evidence_free(struct rig_evidence *evidence);
typedef struct rig_evidence rig_evidence;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(rig_evidence, rig_evidence_free)

/* Whatever is kept from now on belongs to this attempt (from 0) of this case. Characters of the name that no
 * file name should have become '-'; of a long one the begin is taken. */
void rig_evidence_begin(struct rig_evidence *evidence, guint case_index, const char *case_name,
                        guint attempt);
/* The path for a new file; the folder is made with the first. name: one that is taken gets a number, and
 * characters that no file name should have become '-'. Owned by the caller. RIG_ERROR_IO: the folder cannot
 * be made, or there are RIG_EVIDENCE_MAX_FILES already. */
char *rig_evidence_file(struct rig_evidence *evidence, const char *name,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Paths of this attempt; NULL-terminated, borrowed until the next call here. */
const char *const *rig_evidence_files(struct rig_evidence *evidence);

/* Where the reports are; borrowed. */
const char *rig_evidence_directory(const struct rig_evidence *evidence);

/* Removes what an earlier run kept below directory; files that no run puts there stay. */
void rig_evidence_clear(const char *directory);

G_END_DECLS

#endif
