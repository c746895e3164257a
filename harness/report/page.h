/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Results as a machine-readable summary and as one self-contained HTML page. */
#ifndef RIG_REPORT_PAGE_H
#define RIG_REPORT_PAGE_H

#include "report/model.h"

G_BEGIN_DECLS

/* Both documents are owned by the caller, end in a newline and hang on nothing but the results. */
char *rig_summary_json(const struct rig_results *results,
                       gsize *n_bytes) G_GNUC_WARN_UNUSED_RESULT; /* reports/summary.schema.json */
char *rig_html_page(const struct rig_results *results, gsize *n_bytes) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS

#endif
