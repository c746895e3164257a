/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Explorations in the HTML page; for html.c only. */
#ifndef RIG_REPORT_HTML_EXPLORE_H
#define RIG_REPORT_HTML_EXPLORE_H

#include "report/model.h"

G_BEGIN_DECLS

#define RIG_HTML_MAX_PICTURES 40 /* of a page: a hundred would make it too heavy to open */

/* Results, invariants, and each path with its picture and in words. n_pictures: on the page so far. */
void rig_html_explorations(GString *out, const struct rig_case_result *result,
                           const struct rig_attempt *attempt, guint *n_pictures);
/* What the explorations of an attempt came to, for the row of its case. */
void rig_html_exploration_lines(GString *out, const struct rig_attempt *attempt);

G_END_DECLS

#endif
