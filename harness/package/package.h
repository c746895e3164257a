/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Distribution packages of Nordic's DFU: firmware with its init packets, secure (nRF5 SDK 12 to 17) and
 * legacy (SDK 7 to 11, package versions 0.5 to 0.8). Made, judged and damaged here, with no file. As zip
 * files: package/zip.h. Facts: [SRC pc-nrfutil nordicsemi/dfu: package.py, manifest.py, init_packet_pb.py;
 * 0.5.x: init_packet.py]. */
#ifndef RIG_PACKAGE_PACKAGE_H
#define RIG_PACKAGE_PACKAGE_H

#include <glib.h>

#include "image/build.h"
#include "image/init_packet.h"
#include "protocol/nordic/dfu.h"

G_BEGIN_DECLS

#define RIG_PACKAGE_MAX_PARTS 2u
/* Of one firmware: more than the flash of any chip that has such a bootloader. */
#define RIG_PACKAGE_MAX_FIRMWARE_BYTES (16u << 20)

/* What one update carries; a package with two is two updates over two connections, in this order. */
struct rig_package_part {
    enum rig_dfu_firmware firmware;
    GBytes *init_packet;
    GBytes *bytes;    /* the firmware; of a SoftDevice with bootloader: one behind the other */
    guint32 sd_bytes; /* of a SoftDevice with bootloader, as its package says beside the init packet */
    guint32 bl_bytes;
};
void rig_package_part_clear(struct rig_package_part *part);

/* What the extended part of a legacy init packet holds. */
enum rig_package_version {
    RIG_PACKAGE_SECURE,
    RIG_PACKAGE_LEGACY_05, /* CRC-16 */
    RIG_PACKAGE_LEGACY_06, /* id 0, CRC-16 */
    RIG_PACKAGE_LEGACY_07, /* id 1, length and SHA-256 */
    RIG_PACKAGE_LEGACY_08, /* id 2, length, SHA-256 and signature */
};

struct rig_package {
    enum rig_package_version version;
    struct rig_package_part parts[RIG_PACKAGE_MAX_PARTS];
    guint n_parts;
};
void rig_package_clear(struct rig_package *package);
typedef struct rig_package rig_package;
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(rig_package, rig_package_clear)

/* What a part is made from; everything is borrowed for the call. */
struct rig_package_recipe {
    enum rig_package_version version;
    enum rig_dfu_firmware firmware;
    GBytes *bytes;
    guint32 sd_bytes;          /* of a SoftDevice with bootloader: how much of bytes is the SoftDevice */
    const guint32 *fw_version; /* NULL: the packet has none (a SoftDevice may do without) */
    guint32 hw_version;
    const guint32 *sd_req;
    gsize n_sd_req;
    bool debug;
    guint32 validation;        /* enum rig_init_boot_validation; of a bootloader always a CRC */
    const struct rig_key *key; /* NULL: unsigned */
    /* Legacy. */
    guint16 device_type;
    guint16 device_revision;
};
/* RIG_ERROR_INPUT: it cannot be made so; the text says why. */
bool rig_package_make_part(const struct rig_package_recipe *recipe, struct rig_package_part *part,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The largest number that a.b.c can stand for is 4294.967.295. false: it is beyond that, or b or c are above
 * 999. */
bool rig_package_version_number(const struct rig_image_version *version, guint32 *number);

/* Whatever order its members have, and whatever else it holds. Nothing of it is unpacked to a file. The
 * firmware is not looked at: rig_package_judge() does. RIG_ERROR_INPUT: it is no such package, or one that no
 * honest tool makes: names that lead out of it, two manifests, a member twice, sizes that are not those of
 * the bytes, more than RIG_PACKAGE_MAX_FIRMWARE_BYTES; the text says what. On success clear with
 * rig_package_clear(). */
bool rig_package_read(GBytes *zip, struct rig_package *package, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* As nrfutil names members and writes the manifest. The same package gives the same bytes. */
GBytes *rig_package_write(const struct rig_package *package, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* A way to damage a part, so that a refusal can be told apart by its reason. What the signature covers is
 * signed again, but for the kinds that say otherwise. */
struct rig_package_damage {
    const char *name;    /* "wrong-hash" */
    const char *meaning; /* a phrase */
    const char *at;      /* what the number is, with its default; NULL: it takes none */
};
const struct rig_package_damage *rig_package_damages(gsize *n);

/* at: NULL for the default. key: the packet is signed again with it, where it was signed; may be NULL for
 * kinds that sign nothing. On success the part holds the damaged bytes. RIG_ERROR_UNSUPPORTED: there is no
 * such damage of packages of this version; RIG_ERROR_INPUT: this part has nothing that could be damaged so,
 * or the key is missing. */
bool rig_package_damage(struct rig_package_part *part, enum rig_package_version version, const char *kind,
                        const guint32 *at, const struct rig_key *key,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* What is wrong with a package (char *, one phrase each, with the part that it is about) and what a person
 * should know that is not wrong by itself. As a bootloader looks at it, as far as that does not depend on the
 * board: form and sizes of the init packet, hash or CRC over the firmware, boot validations. With keys each
 * packet must be signed by one of them; without, no signature is looked at, and a remark says so. true:
 * nothing is wrong. */
bool rig_package_judge(const struct rig_package *package, const struct rig_key *const *keys, gsize n_keys,
                       GPtrArray *problems, GPtrArray *remarks);

G_END_DECLS

#endif
