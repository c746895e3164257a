/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The keys of a scenario file: one table for the loader, the JSON Schema and the reference. */
#include "scenario/scenario_shape.h"

/* Sections with a grammar of their own: raw nodes. */
#define CASES(key, ...)                                                                                      \
    {                                                                                                        \
        .name = key, .type = RIG_TYPE_CASES, __VA_ARGS__                                                     \
    }
static const char *const protocols[] = {"smp", "nordic-secure", "nordic-legacy", NULL};
static const struct rig_field scenario_fields[] = {
    RIG_FIELD("scenario", NAME, struct rig_scenario_head, name, .required = true,
              .about = "The scenario's name, in kebab-case; unique among what is run together."),
    RIG_FIELD("about", TEXT, struct rig_scenario_head, about, .about = "What must hold, in a sentence."),
    RIG_FIELD("tags", NAME, struct rig_scenario_head, tags, .list = true, .about = "Words to select by."),
    RIG_FIELD(
        "needs", NAME, struct rig_scenario_head, needs, .list = true,
        .about =
            "Capabilities of the target without which the scenario is skipped, beside those that its steps "
            "imply."),
    RIG_FIELD("protocol", CHOICE, struct rig_scenario_head, protocol, .choices = protocols,
              .about =
                  "The update protocol that it is written for: it runs on every board that speaks it, and "
                  "without --target on the simulated one that is shipped."),
    RIG_FIELD("target", TEXT, struct rig_scenario_head, target,
              .about = "The target that it is written for; without it, whatever is given."),
    RIG_FIELD("retries", COUNT, struct rig_scenario_head, retries, .default_text = "0", .max = 10,
              .about = "Attempts after a failed first one; a pass by retry is reported as flaky."),
    CASES("images", .about = "name: {version: ..., ...}, or name: version. The images that steps speak of."),
    CASES("vars", .about = "name: value. Constants."),
    CASES("matrix", .about = "name: [value, ...]. One case for every combination of values."),
    CASES("cases", .about = "- {variable: value, name: ...}. One case for each row, times the matrix."),
    CASES("setup", .about = "Steps that bring the board to its starting condition."),
    CASES("steps", .required = true, .about = "Steps that the verdict is about."),
    CASES("cleanup", .about = "Steps that always run, whatever went before."),
};
const struct rig_shape rig_scenario_shape = {
    RIG_SHAPE("scenario file", scenario_fields, struct rig_scenario_head)};
