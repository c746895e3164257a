/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Pieces of the model that its own files share; nobody else includes this. */
#ifndef RIG_REPORT_MODEL_PARTS_H
#define RIG_REPORT_MODEL_PARTS_H

#include "report/model.h"

struct rig_case_result *rig_case_result_new(guint index);
struct rig_attempt *rig_attempt_new(guint number);
struct rig_step_result *rig_step_result_new(void);
/* At most RIG_RESULTS_MAX_NOTES problems are kept. file may be NULL. */
/* An attempt that ended: what no report needs of it goes, and past the bounds of the run all that is only
 * told. */
void rig_results_settle_attempt(struct rig_results *results, struct rig_attempt *attempt);
void rig_results_add_problem(struct rig_results *results, const char *file, const char *text);
/* One of the few that are found at the end: kept whatever the bound is. */
void rig_results_conclude_problem(struct rig_results *results, const char *file, const char *text);
/* Verdict and flakiness of a case from its attempts. */
void rig_case_result_judge(struct rig_case_result *result);

#endif
