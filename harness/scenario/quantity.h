/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Numbers and quantities with units out of raw text. Internal to the area; scalar.h is the way in. */
#ifndef RIG_SCENARIO_QUANTITY_H
#define RIG_SCENARIO_QUANTITY_H

#include "scenario/scalar.h"

/* Each fills its member of value, checks field->min and max, and on false fills problem. */
bool rig_quantity_read_count(const struct rig_field *field, const char *text, struct rig_value *value,
                             struct rig_scalar_problem *problem);
bool rig_quantity_read_integer(const struct rig_field *field, const char *text, struct rig_value *value,
                               struct rig_scalar_problem *problem);
bool rig_quantity_read_duration(const struct rig_field *field, const char *text, struct rig_value *value,
                                struct rig_scalar_problem *problem);
bool rig_quantity_read_span(const struct rig_field *field, const char *text, struct rig_value *value,
                            struct rig_scalar_problem *problem);
bool rig_quantity_read_size(const struct rig_field *field, const char *text, struct rig_value *value,
                            struct rig_scalar_problem *problem);
bool rig_quantity_read_probability(const struct rig_field *field, const char *text, struct rig_value *value,
                                   struct rig_scalar_problem *problem);

#endif
