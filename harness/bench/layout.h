/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The layout of a target. */
#ifndef RIG_BENCH_LAYOUT_H
#define RIG_BENCH_LAYOUT_H

#include "scenario/schema.h"

G_BEGIN_DECLS

/* Tells each slot or scratch area of a target that was read without error which is not on its flash device,
 * or shares bytes with another one, and each flash device that stands twice. */
void rig_layout_check(const struct rig_record *target, struct rig_diagnostics *diagnostics);

G_END_DECLS

#endif
