/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A small language for the tests: every type, shorthands, blocks, nested steps, needs. */
#ifndef RIG_SCENARIO_SMALL_LANGUAGE_H
#define RIG_SCENARIO_SMALL_LANGUAGE_H

#include "scenario/scenario.h"

extern const struct rig_language small_language;
/* The shape of the verb `types`: one field of each type. */
extern const struct rig_shape small_types_shape;

#endif
