/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Flash layouts that others wrote, as target files: Zephyr's devicetree (zephyr.dts of a build, or a source)
 * and the partition tables of Nordic's partition manager (partitions.yml, pm_static.yml). */
#ifndef RIG_LAYOUTS_FOREIGN_H
#define RIG_LAYOUTS_FOREIGN_H

#include "scenario/diagnostic.h"

G_BEGIN_DECLS

/* The text of a target file with the slots of such a file; no swap mode is chosen in it. Owned by the caller.
 * NULL without an error: it is a target file itself.
 * RIG_ERROR_INPUT: what is missing, or cannot be. Of a devicetree: slot0_partition to slot3_partition and
 * scratch_partition, or partitions whose `label` is image-0 ... image-scratch; sector and write sizes of the
 * flash that they are in [SRC zephyr dts/bindings/flash_controller, dts/bindings/mtd]. RRAM and MRAM of
 * Nordic need no erase; STM32 with words of 8 bytes or more has error correction. Of a partition table:
 * mcuboot_primary, mcuboot_secondary, mcuboot_scratch, and those of image 1 with _1 [SRC nrfconnect/sdk-nrf
 * doc partition manager]. It names no sectors: 4 KiB and words of 4 bytes, as nRF52 and nRF53. */
char *rig_layout_read_foreign(const struct rig_source *source, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The same of Intel HEX files, in ascending order of their addresses: bootloader and signed application, or
 * both merged into one. The application has to be padded or confirmed (imgtool --pad, --confirm): its trailer
 * ends its slot. Slot 1 is where a second image stands, or as large right behind slot 0. Sectors are taken as
 * 4 KiB. */
char *rig_layout_read_binaries(const char *const *paths, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS

#endif
