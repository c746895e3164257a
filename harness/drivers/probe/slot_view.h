/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What lies in slots, as any probe can read it. */
#ifndef RIG_DRIVERS_PROBE_SLOT_VIEW_H
#define RIG_DRIVERS_PROBE_SLOT_VIEW_H

#include "drivers/probe/probe.h"

G_BEGIN_DECLS

/* Fills has_image, version, hash and confirmed. An unreadable or empty slot has no image. slot: which runs;
 * Nordic's bootloaders have the one. */
bool rig_probe_look_at_image(struct rig_probe *probe, guint slot, struct rig_board_view *view,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Whether the next run of MCUboot would change the flash: an upgrade waits, a trial would end, a swap was
 * broken off, or a trailer cannot be read. */
bool rig_probe_has_pending_swap(struct rig_probe *probe);

G_END_DECLS

#endif
