/* SPDX-License-Identifier: GPL-3.0-or-later */
/* MCUboot as the subject of an exploration: the built-in model, or a foreign bootloader, with the application
 * that uploads to the secondary slots and marks in the trailers. */
#ifndef RIG_EXPLORE_MCUBOOT_H
#define RIG_EXPLORE_MCUBOOT_H

#include "explore/subject.h"
#include "sim/firmware/mcuboot/boot/boot.h"

G_BEGIN_DECLS

/* The built-in model on a flash of its own with the same contents as `flash`. The configuration is copied;
 * its keys must outlive the subject, its memo is replaced by one of its own. NULL: no memory. */
struct rig_subject *rig_subject_model(const struct sim_boot_config *config, const struct sim_flash *flash);
/* The model on a flash that somebody else runs on: to be looked at (explore/flash_map.h), not to be run. */
struct rig_subject *rig_subject_view(const struct sim_boot_config *config, const struct sim_flash *flash);
/* The model with hw_rollback keeps its counters on a flash device of their own, beyond those of the board, so
 * that they are part of the contents; this is what they are at the begin. Nothing without hw_rollback. */
void rig_subject_set_counter(struct rig_subject *subject, guint image, guint32 counter);
/* A foreign bootloader on the board of that configuration. Slots and scratch are the board's, and its
 * application marks and confirms in MCUboot's trailers; an unconfirmed update is expected to be taken back
 * unless the board's mode is overwrite. The guest is borrowed. */
struct sim_guest;
struct rig_subject *rig_subject_guest(const struct sim_boot_config *config, const struct sim_flash *flash,
                                      struct sim_guest *guest);

G_END_DECLS

#endif
