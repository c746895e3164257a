/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Nordic's bootloaders as subjects of an exploration. One run is all from power-on to the application, or to
 * an updater that waits, with the resets on the way; the action is a host's whole update: the way into the
 * updater, the transfer, the resets between the parts of a package. */
#ifndef RIG_EXPLORE_NORDIC_H
#define RIG_EXPLORE_NORDIC_H

#include "explore/subject.h"
#include "protocol/nordic/dfu.h"
#include "sim/firmware/nordic/legacy/bootloader.h"
#include "sim/firmware/nordic/secure/secure.h"

G_BEGIN_DECLS

#define RIG_EXPLORE_MAX_PARTS 2u
struct rig_explore_part {
    enum rig_dfu_firmware firmware;
    const guint8 *init_packet; /* borrowed, as the bytes are */
    gsize n_init_packet;
    const guint8 *bytes;
    gsize n_bytes;
    gsize softdevice_bytes; /* of a SoftDevice with bootloader: where the bootloader's begin */
};
struct rig_explore_package {
    struct rig_explore_part parts[RIG_EXPLORE_MAX_PARTS]; /* of the distribution package, in their order */
    guint n_parts;
    bool bonded; /* the application hands its bond to the bootloader */
};

/* The secure bootloader on a flash of its own with the same contents as `flash`; where its application's data
 * pages are blank, they get bytes by which their loss is seen. The configuration is copied; its key must
 * outlive the subject. package NULL: a view, on a flash that somebody else runs on, to be looked at
 * (explore/flash_map.h), not to be run. NULL: no memory. */
struct rig_subject *rig_subject_secure(const struct sim_secure_config *config, const struct sim_flash *flash,
                                       const struct rig_explore_package *update);

/* The legacy bootloader likewise. Where it reserves no data pages, the two before it stand for those in which
 * an application keeps its bonds all the same. */
struct rig_subject *rig_subject_legacy(const struct sim_legacy_config *config, const struct sim_flash *flash,
                                       const struct rig_explore_package *package);
/* Of one of Nordic's: its package brings only what the board had at first, and nothing tells whether it was
 * installed. */
bool rig_subject_changes_nothing(const struct rig_subject *subject);

/* --- nordic.c, for the two of them --- */

struct rig_nordic_subject {
    struct rig_subject subject; /* first */
    struct rig_explore_package update;
    guint32 page_bytes;
    guint32 data_at;   /* the application's data pages, up to the bootloader */
    bool data_is_open; /* nothing forbids an update to write there */
    bool is_view;      /* the flash is somebody else's */
    guint32 bootloader_at, bootloader_bytes;
    GBytes *old_softdevice; /* what stood there at first: everything before bank 0 */
    GBytes *old_bootloader;
    GBytes *data;
};
/* From page_bytes on to bootloader_bytes they are given. false: no memory; nothing has to be cleared. */
bool rig_nordic_subject_init(struct rig_nordic_subject *nordic, const struct sim_flash *flash, guint32 bank_0,
                             const struct rig_explore_package *update);
void rig_nordic_subject_clear(struct rig_nordic_subject *nordic);
void rig_nordic_subject_add_area(struct rig_nordic_subject *nordic, const char *name, guint32 from,
                                 guint32 to, bool open);
/* SoftDevice, application data, bootloader, MBR: open as far as the update brings them. */
void rig_nordic_subject_add_system_areas(struct rig_nordic_subject *nordic, guint32 bank_0);
bool rig_nordic_subject_data_lost(const struct rig_nordic_subject *nordic);
/* Which application runs on which SoftDevice and bootloader; in the updater, which of them are installed. */
void rig_nordic_subject_look(const struct rig_nordic_subject *nordic, const struct rig_explore_image *images,
                             const struct rig_end_report *report, struct rig_seen *seen);
void rig_nordic_subject_identify(const struct rig_nordic_subject *nordic, GChecksum *sum);

G_END_DECLS

#endif
