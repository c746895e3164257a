/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A small language for the tests: every type, shorthands, blocks, nested steps, needs. */
#ifndef RIG_SCENARIO_SMALL_LANGUAGE_H
#define RIG_SCENARIO_SMALL_LANGUAGE_H

#include "scenario/scenario.h"

extern const struct rig_language small_language;
/* The shape of the verb `types`: one field of each type. */
extern const struct rig_shape small_types_shape;

/* What tests ask of a record by name. */
bool small_flag(const struct rig_record *record, const char *name);
guint64 small_count(const struct rig_record *record, const char *name);
const char *small_text(const struct rig_record *record, const char *name);

#endif
