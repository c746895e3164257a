/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The keys of a scenario file: one table for the loader, the JSON Schema and the reference. */
#include "scenario/scenario_shape.h"

static const struct rig_field scenario_fields[] = {
    {.name = "scenario",
     .type = RIG_TYPE_NAME,
     .required = true,
     .about = "The scenario's name, in kebab-case; unique among what is run together."},
    {.name = "about", .type = RIG_TYPE_TEXT, .about = "What must hold, in a sentence."},
    {.name = "tags", .type = RIG_TYPE_NAME, .list = true, .about = "Words to select by."},
    {.name = "needs",
     .type = RIG_TYPE_NAME,
     .list = true,
     .about = "Capabilities of the target without which the scenario is skipped, beside those that its steps "
              "imply."},
    {.name = "target",
     .type = RIG_TYPE_TEXT,
     .about = "The target that it is written for; without it, whatever is given."},
    {.name = "retries",
     .type = RIG_TYPE_COUNT,
     .default_text = "0",
     .max = 10,
     .about = "Attempts after a failed first one; a pass by retry is reported as flaky."},
    {.name = "images",
     .type = RIG_TYPE_CASES,
     .about = "name: {version: ..., ...}, or name: version. The images that steps speak of."},
    {.name = "vars", .type = RIG_TYPE_CASES, .about = "name: value. Constants."},
    {.name = "matrix",
     .type = RIG_TYPE_CASES,
     .about = "name: [value, ...]. One case for every combination of values."},
    {.name = "cases",
     .type = RIG_TYPE_CASES,
     .about = "- {variable: value, name: ...}. One case for each row, times the matrix."},
    {.name = "setup",
     .type = RIG_TYPE_CASES,
     .about = "Steps that bring the board to its starting condition."},
    {.name = "steps", .type = RIG_TYPE_CASES, .required = true, .about = "Steps that the verdict is about."},
    {.name = "cleanup", .type = RIG_TYPE_CASES, .about = "Steps that always run, whatever went before."},
};
const struct rig_shape rig_scenario_shape = {
    .name = "scenario file", .fields = scenario_fields, .n_fields = G_N_ELEMENTS(scenario_fields)};
