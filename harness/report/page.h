/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Results as a machine-readable summary and as one self-contained HTML page. */
#ifndef RIG_REPORT_PAGE_H
#define RIG_REPORT_PAGE_H

#include <stdio.h>

#include "report/model.h"

G_BEGIN_DECLS

#define RIG_HTML_MAX_PICTURES 40 /* of a page: a hundred would make it too heavy to open */

/* Both documents end in a newline and hang on nothing but the results. Each is a rig_file_writer whose user
 * is a const struct rig_results *; they do not fail. The summary: reports/summary.schema.json. */
bool rig_summary_write(FILE *out, const void *results, GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool rig_html_write(FILE *out, const void *results, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The same as text. Owned by the caller. */
char *rig_summary_json(const struct rig_results *results, gsize *n_bytes) G_GNUC_WARN_UNUSED_RESULT;
char *rig_html_page(const struct rig_results *results, gsize *n_bytes) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS

#endif
