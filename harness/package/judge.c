/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A person's question about a package: is it whole, and will a bootloader take it? */
#include "package/package.h"

#include "base/bytes.h"
#include "image/softdevice.h"

#include <string.h>

#define WORD_BYTES 4u
#define PAGE_BYTES 4096u

struct court {
    const struct rig_package_part *part;
    const struct rig_key *const *keys;
    gsize n_keys;
    const guint8 *init, *bytes;
    gsize n_init, n_bytes;
    GPtrArray *problems, *remarks;
};

G_GNUC_PRINTF(3, 4) static void say(struct court *court, GPtrArray *into, const char *format, ...)
{
    g_autofree char *text = NULL;
    va_list arguments;

    va_start(arguments, format);
    text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_ptr_array_add(into, g_strdup_printf("%s: %s", rig_dfu_firmware_name(court->part->firmware), text));
}

static void blame(struct court *court, bool wrong, const char *phrase)
{
    if (wrong)
        say(court, court->problems, "%s", phrase);
}

/* ---- secure ---- */

static guint32 stated_size(const struct rig_init_packet *packet)
{
    switch (packet->type) {
    case RIG_DFU_SOFTDEVICE:
        return packet->sd_size;
    case RIG_DFU_BOOTLOADER:
        return packet->bl_size;
    case RIG_DFU_SOFTDEVICE_BOOTLOADER:
        return packet->sd_size + packet->bl_size;
    default:
        return packet->app_size;
    }
}

static void judge_form(struct court *court, const struct rig_init_packet *packet)
{
    bool versioned = court->part->firmware != RIG_DFU_SOFTDEVICE;

    if (court->n_init > RIG_DFU_MAX_COMMAND_OBJECT_BYTES)
        say(court, court->problems, "the init packet has %zu bytes, and a bootloader takes %u", court->n_init,
            RIG_DFU_MAX_COMMAND_OBJECT_BYTES);
    blame(court, packet->has_op_code && packet->op_code != RIG_INIT_OP_INIT,
          "the init packet is no init command");
    blame(court, !packet->has_type, "the init packet does not say what the firmware is");
    if (packet->has_type && packet->type != (guint32)court->part->firmware)
        say(court, court->problems, "the init packet says firmware of type %u, the manifest %u", packet->type,
            (guint)court->part->firmware);
    blame(court, !packet->has_hw_version, "the init packet has no hardware version");
    blame(court, versioned && !packet->has_fw_version, "the init packet has no firmware version");
}

static void judge_size(struct court *court, const struct rig_init_packet *packet)
{
    const struct rig_package_part *part = court->part;
    bool both = part->firmware == RIG_DFU_SOFTDEVICE_BOOTLOADER;

    if (stated_size(packet) != court->n_bytes)
        say(court, court->problems, "the init packet says %u bytes, and the firmware has %zu",
            stated_size(packet), court->n_bytes);
    if (both && part->sd_bytes && (part->sd_bytes != packet->sd_size || part->bl_bytes != packet->bl_size))
        say(court, court->problems,
            "the manifest says %u and %u bytes of SoftDevice and bootloader, the init "
            "packet %u and %u",
            part->sd_bytes, part->bl_bytes, packet->sd_size, packet->bl_size);
}

static void judge_hash(struct court *court, const struct rig_init_packet *packet)
{
    guint8 hash[RIG_IMAGE_HASH_BYTES];

    if (!packet->has_hash || packet->hash_type != RIG_INIT_HASH_SHA256) {
        blame(court, true, "the init packet has no SHA-256 of the firmware");
        return;
    }
    blame(court,
          packet->n_hash_bytes != sizeof hash || !rig_init_hash_of(court->bytes, court->n_bytes, hash) ||
              memcmp(packet->hash, hash, sizeof hash) != 0,
          "the hash in the init packet is not that of the firmware");
}

static const struct rig_key *signer(struct court *court, const struct rig_init_packet *packet)
{
    for (gsize i = 0; i < court->n_keys; i++)
        if (rig_init_packet_verify(packet, court->init, court->keys[i]))
            return court->keys[i];
    return NULL;
}

static void judge_signature(struct court *court, const struct rig_init_packet *packet)
{
    if (packet->is_signed) {
        blame(court, packet->signature_type != RIG_INIT_ECDSA_P256_SHA256,
              "the signature is of another kind than ECDSA P-256");
        blame(court, packet->n_signature_bytes != RIG_INIT_SIGNATURE_BYTES, "the signature has not 64 bytes");
        if (court->n_keys == 0)
            say(court, court->remarks, "no signature was checked (no --key)");
        else
            blame(court, !signer(court, packet), "it is signed by none of the keys");
        return;
    }
    blame(court, court->n_keys > 0, "it is not signed");
    if (court->n_keys == 0)
        say(court, court->remarks, "it is not signed");
}

static bool signed_by_any(struct court *court, const struct rig_init_boot *boot, gsize n_bytes)
{
    for (gsize i = 0; i < court->n_keys; i++)
        if (rig_init_signature_matches(court->keys[i], court->bytes, n_bytes, boot->bytes))
            return true;
    return court->n_keys == 0;
}

/* A bootloader looks at the first one: of a SoftDevice with bootloader it holds it against the SoftDevice,
 * and then against the bootloader, too. Only a signature has bytes that it takes from the packet. */
static void judge_boot_validation(struct court *court, const struct rig_init_packet *packet)
{
    const struct rig_init_boot *boot = packet->boot_validations;
    bool both = court->part->firmware == RIG_DFU_SOFTDEVICE_BOOTLOADER;

    if (packet->n_boot_validations == 0)
        return;
    if (boot->type > RIG_INIT_BOOT_ECDSA)
        say(court, court->problems, "boot validation of type %u, which no bootloader knows", boot->type);
    if (boot->type != RIG_INIT_BOOT_ECDSA)
        return;
    blame(court,
          boot->n_bytes != RIG_INIT_SIGNATURE_BYTES ||
              !signed_by_any(court, boot, both ? MIN(packet->sd_size, court->n_bytes) : court->n_bytes),
          "the boot validation in the init packet is not a signature of the firmware");
    if (both)
        say(court, court->remarks,
            "the bootloader of SDK 17 holds the SoftDevice's boot validation by signature against the "
            "bootloader, "
            "too, and refuses it: result 05");
}

static void remark_on_softdevices(struct court *court, const struct rig_init_packet *packet)
{
    bool any = false;

    for (gsize i = 0; i < packet->n_sd_req; i++)
        any |= packet->sd_req[i] == RIG_INIT_SD_ANY;
    if (any)
        say(court, court->remarks,
            "sd-req names 0xfffe (any), which secure bootloaders take for no SoftDevice that they have: "
            "result "
            "0b 07");
    if (packet->n_sd_req == 0)
        say(court, court->remarks, "sd-req is empty: a board with a SoftDevice refuses it, result 0b 07");
    if (packet->n_sd_req > 1 && packet->sd_req[0] == RIG_INIT_SD_NONE)
        say(court, court->remarks, "sd-req begins with 0 and goes on: refused, result 0b 07");
    if (packet->has_is_debug && packet->is_debug)
        say(court, court->remarks, "is_debug is set: a debug build of the bootloader checks no versions");
}

static void judge_secure(struct court *court)
{
    struct rig_init_packet packet;
    enum rig_init_status status = rig_init_packet_decode(court->init, court->n_init, &packet);

    if (status) {
        say(court, court->problems, "the init packet does not decode: %s", rig_init_status_text(status));
        return;
    }
    judge_form(court, &packet);
    judge_size(court, &packet);
    judge_hash(court, &packet);
    judge_signature(court, &packet);
    judge_boot_validation(court, &packet);
    remark_on_softdevices(court, &packet);
}

/* ---- legacy ---- */

static void judge_long_form(struct court *court, const struct rig_legacy_init *init)
{
    g_autoptr(GChecksum) digest = g_checksum_new(G_CHECKSUM_SHA256);
    guint8 hash[RIG_IMAGE_HASH_BYTES];
    gsize n_hash = sizeof hash;

    if (init->n_extended_bytes < 8 + sizeof hash) {
        blame(court, true, "the init packet ends before its hash");
        return;
    }
    g_checksum_update(digest, court->bytes, (gssize)court->n_bytes);
    g_checksum_get_digest(digest, hash, &n_hash);
    if (rig_get_le32(init->extended + 4) != court->n_bytes)
        say(court, court->problems, "the init packet says %u bytes, and the firmware has %zu",
            rig_get_le32(init->extended + 4), court->n_bytes);
    blame(court, memcmp(init->extended + 8, hash, sizeof hash) != 0,
          "the hash in the init packet is not that of the firmware");
}

static bool legacy_signature_matches(struct court *court, const guint8 *signature, gsize n_signed)
{
    const gsize half = RIG_INIT_SIGNATURE_BYTES / 2;
    guint8 little[RIG_INIT_SIGNATURE_BYTES];

    for (gsize i = 0; i < RIG_INIT_SIGNATURE_BYTES; i++)
        little[i] = signature[(i < half ? half - 1 : 3 * half - 1) - i];
    for (gsize i = 0; i < court->n_keys; i++)
        if (rig_init_signature_matches(court->keys[i], court->init, n_signed, little))
            return true;
    return false;
}

static void judge_legacy_signature(struct court *court, const struct rig_legacy_init *init, bool wanted)
{
    gsize n_hashed = 8 + RIG_IMAGE_HASH_BYTES;
    bool has = wanted && init->n_extended_bytes == n_hashed + RIG_INIT_SIGNATURE_BYTES;

    blame(court, wanted && !has, "the init packet has no signature");
    if (court->n_keys == 0)
        say(court, court->remarks, has ? "no signature was checked (no --key)" : "it is not signed");
    else if (!has)
        blame(court, !wanted, "it is not signed");
    else
        blame(court,
              !legacy_signature_matches(court, init->extended + n_hashed,
                                        court->n_init - RIG_INIT_SIGNATURE_BYTES),
              "it is signed by none of the keys");
}

static void judge_legacy(struct court *court, enum rig_package_version version)
{
    struct rig_legacy_init init;
    enum rig_init_status status = rig_legacy_init_decode(court->init, court->n_init, &init);
    gsize crc_at = version == RIG_PACKAGE_LEGACY_06 ? 4 : 0;

    if (status) {
        say(court, court->problems, "the init packet does not decode: %s", rig_init_status_text(status));
        return;
    }
    if (version >= RIG_PACKAGE_LEGACY_07)
        judge_long_form(court, &init);
    else if (init.n_extended_bytes < crc_at + 2)
        blame(court, true, "the init packet has no CRC-16");
    else
        blame(court,
              rig_get_le16(init.extended + crc_at) != rig_legacy_crc16(0xffff, court->bytes, court->n_bytes),
              "the CRC-16 in the init packet is not that of the firmware");
    judge_legacy_signature(court, &init, version == RIG_PACKAGE_LEGACY_08);
    if (court->part->firmware == RIG_DFU_SOFTDEVICE_BOOTLOADER &&
        (guint64)court->part->sd_bytes + court->part->bl_bytes != court->n_bytes)
        say(court, court->problems,
            "the manifest says %u and %u bytes of SoftDevice and bootloader, and the firmware has %zu",
            court->part->sd_bytes, court->part->bl_bytes, court->n_bytes);
}

/* ---- both ---- */

/* As a secure bootloader looks at it; a legacy one believes it. */
static void judge_softdevice(struct court *court, gsize n_bytes, GPtrArray *into)
{
    struct rig_softdevice softdevice;

    if (n_bytes < RIG_SOFTDEVICE_INFO_AT + RIG_SOFTDEVICE_INFO_BYTES || n_bytes > court->n_bytes ||
        !rig_softdevice_decode(court->bytes + RIG_SOFTDEVICE_INFO_AT, &softdevice))
        say(court, into, "no SoftDevice's info structure stands at 0x%x of the firmware",
            RIG_SOFTDEVICE_INFO_AT);
    else if (softdevice.flash_bytes <
             (n_bytes + RIG_SOFTDEVICE_AT + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES)
        say(court, into, "the SoftDevice says that it takes 0x%x bytes of flash, and it has 0x%zx",
            softdevice.flash_bytes, n_bytes + RIG_SOFTDEVICE_AT);
}

static void judge_firmware(struct court *court, bool legacy)
{
    const struct rig_package_part *part = court->part;
    gsize n_softdevice =
        part->firmware == RIG_DFU_SOFTDEVICE_BOOTLOADER && part->sd_bytes ? part->sd_bytes : court->n_bytes;

    blame(court, court->n_bytes == 0, "the firmware is empty");
    if (court->n_bytes % WORD_BYTES)
        say(court, court->problems,
            "the firmware has %zu bytes, which is no multiple of 4: a bootloader loses the last ones, or "
            "refuses it",
            court->n_bytes);
    if (part->firmware & RIG_DFU_SOFTDEVICE)
        judge_softdevice(court, n_softdevice, legacy ? court->remarks : court->problems);
}

bool rig_package_judge(const struct rig_package *package, const struct rig_key *const *keys, gsize n_keys,
                       GPtrArray *problems, GPtrArray *remarks)
{
    guint before = problems->len;

    for (guint i = 0; i < package->n_parts; i++) {
        struct court court = {.part = &package->parts[i],
                              .keys = keys,
                              .n_keys = n_keys,
                              .problems = problems,
                              .remarks = remarks};

        court.init = g_bytes_get_data(court.part->init_packet, &court.n_init);
        court.bytes = g_bytes_get_data(court.part->bytes, &court.n_bytes);
        judge_firmware(&court, package->version != RIG_PACKAGE_SECURE);
        if (package->version == RIG_PACKAGE_SECURE)
            judge_secure(&court);
        else
            judge_legacy(&court, package->version);
    }
    return problems->len == before;
}
