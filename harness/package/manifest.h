/* SPDX-License-Identifier: GPL-3.0-or-later */
/* manifest.json of a distribution package. Internal to the area. */
#ifndef RIG_PACKAGE_MANIFEST_H
#define RIG_PACKAGE_MANIFEST_H

#include "package/package.h"

#define RIG_MANIFEST_NAME "manifest.json"
#define RIG_MANIFEST_MAX_BYTES 65536u

struct rig_manifest_entry {
    enum rig_dfu_firmware firmware;
    char *bin_file;
    char *dat_file;
    guint32 sd_bytes; /* of a SoftDevice with bootloader; 0: not said */
    guint32 bl_bytes;
};
/* In the order in which the updates follow each other. */
struct rig_manifest {
    bool has_version; /* else it follows from the init packets */
    bool legacy;
    enum rig_package_version version;
    struct rig_manifest_entry entries[RIG_PACKAGE_MAX_PARTS];
    guint n_entries;
};
void rig_manifest_clear(struct rig_manifest *manifest);

/* Of a text of at most RIG_MANIFEST_MAX_BYTES. On failure there is nothing to clear. */
bool rig_manifest_read(const char *text, gsize n_bytes, struct rig_manifest *manifest, GError **error);

/* Whether a name of a member could lead out of the folder that somebody unpacks it to. */
bool rig_manifest_leads_out(const char *name);

#endif
