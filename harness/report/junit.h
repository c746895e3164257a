/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Results as JUnit XML, by the profile in reports/README.md. */
#ifndef RIG_REPORT_JUNIT_H
#define RIG_REPORT_JUNIT_H

#include <stdio.h>

#include "report/model.h"

G_BEGIN_DECLS

#define RIG_JUNIT_MAX_CASE_BYTES (64u * 1024u) /* of a failure's body, and of a case's system-out, each */

struct rig_junit_options {
    bool strict; /* only what the schema of the xunit plugin allows (reports/junit-strict.xsd) */
    const char *const
        *attachments;     /* files named at every case that did not pass; NULL-terminated; NULL = none */
    const char *pictures; /* folder of the pictures of paths; NULL = none were written */
};

/* What rig_junit_write() takes. */
struct rig_junit_report {
    const struct rig_results *results;
    struct rig_junit_options options;
};

/* A rig_file_writer whose user is a struct rig_junit_report *. An error only when libxml2 runs out of
 * memory. */
bool rig_junit_write(FILE *out, const void *report, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The whole document. Owned by the caller. */
char *rig_junit_text(const struct rig_results *results, const struct rig_junit_options *options,
                     gsize *n_bytes, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS

#endif
