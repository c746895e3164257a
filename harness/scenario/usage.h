/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Every '$' of a file against the variables that it has. Internal to the area. */
#ifndef RIG_SCENARIO_USAGE_H
#define RIG_SCENARIO_USAGE_H

#include "scenario/expand.h"

/* Adds errors for unknown variables, lone dollars, variables that hold themselves, and variables of matrix
 * and cases that nothing uses. */
void rig_usage_check(struct rig_expansion *expansion, const struct rig_node *root);

#endif
