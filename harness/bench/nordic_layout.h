/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The Nordic half of layout.c: where MBR, SoftDevice, banks, bootloader and settings lie. For layout.c only.
 */
#ifndef RIG_BENCH_NORDIC_LAYOUT_H
#define RIG_BENCH_NORDIC_LAYOUT_H

#include "bench/layout.h"

G_BEGIN_DECLS

/* Family and map of a target, before its options; no `nordic:` in it: MCUboot. Flash devices are read
 * already. */
void rig_nordic_layout_read(const struct rig_target_spec *target, struct rig_layout *layout);
void rig_nordic_layout_apply(struct rig_layout *layout, const struct rig_options_spec *options);
/* Tells areas that lie beyond the flash, in each other or not on pages. */
void rig_nordic_layout_check(const struct rig_target_spec *target, const struct rig_layout *layout,
                             struct rig_diagnostics *diagnostics);

G_END_DECLS

#endif
