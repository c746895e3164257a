/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One scalar's raw text as a typed value. Internal to the area. */
#ifndef RIG_SCENARIO_SCALAR_H
#define RIG_SCENARIO_SCALAR_H

#include "scenario/schema.h"

/* What is wrong with a text: the words after the field's name ("wants a duration with a unit") and a remedy.
 * Both owned; hint may be NULL. */
struct rig_scalar_problem {
    char *message;
    char *hint;
    bool is_sentence; /* message speaks for itself: no name goes before it */
};
void rig_scalar_problem_clear(struct rig_scalar_problem *problem);

/* Fills value by field->type and checks field->min and field->max. Types with parts (records, steps) and
 * RIG_TYPE_IMAGE's list of names are not its work. text must outlive the value. false: problem is filled. */
bool rig_scalar_read(const struct rig_field *field, const char *text, struct rig_value *value,
                     struct rig_scalar_problem *problem);

/* "a duration such as 40ms": what a type wants, for messages and the reference. Static storage. */
const char *rig_type_wants(enum rig_type type);
/* "duration": the type's name in the reference. Static storage. */
const char *rig_type_name(enum rig_type type);
/* A number of a field as a person would write it: 1500000 us -> "1500ms". The caller owns it. */
char *rig_scalar_format(enum rig_type type, guint64 number);

#endif
