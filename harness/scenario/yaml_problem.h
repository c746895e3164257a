/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What libyaml says about a text that it cannot read, in words for people. Internal to the area. */
#ifndef RIG_SCENARIO_YAML_PROBLEM_H
#define RIG_SCENARIO_YAML_PROBLEM_H

#include <yaml.h>

#include "scenario/diagnostic.h"

/* Adds one diagnostic for the error that the parser has stopped with. */
void rig_yaml_problem_add(const yaml_parser_t *parser, const struct rig_source *source,
                          struct rig_diagnostics *diagnostics);

#endif
