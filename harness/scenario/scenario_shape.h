/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The keys of a scenario file as a shape. Internal to the area. */
#ifndef RIG_SCENARIO_SCENARIO_SHAPE_H
#define RIG_SCENARIO_SCENARIO_SHAPE_H

#include "scenario/schema.h"

/* Sections with a grammar of their own (images, vars, matrix, cases, setup, steps, cleanup) are
 * RIG_TYPE_CASES: raw nodes. */
struct rig_scenario_head {
    const struct rig_value *name;
    const char *about;
    const char *const *tags;
    const struct rig_value *needs;
    const char *protocol;
    const char *target;
    guint32 retries;
};
extern const struct rig_shape rig_scenario_shape;

#endif
