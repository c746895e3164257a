/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A part of a package: the init packet that fits a firmware. */
#include "package/package.h"

#include <string.h>

#include "base/bytes.h"
#include "base/error.h"

void rig_package_part_clear(struct rig_package_part *part)
{
    g_clear_pointer(&part->init_packet, g_bytes_unref);
    g_clear_pointer(&part->bytes, g_bytes_unref);
}

void rig_package_clear(struct rig_package *package)
{
    for (guint i = 0; i < package->n_parts; i++)
        rig_package_part_clear(&package->parts[i]);
    package->n_parts = 0;
}

bool rig_package_version_number(const struct rig_image_version *version, guint32 *number)
{
    guint64 value = version->major * G_GUINT64_CONSTANT(1000000) + version->minor * 1000u + version->revision;

    *number = (guint32)value;
    return version->revision <= 999 && value <= G_MAXUINT32;
}

static bool refuse(GError **error, const char *why)
{
    g_set_error_literal(error, RIG_ERROR, RIG_ERROR_INPUT, why);
    return false;
}

/* ---- secure ---- */

/* CRC and hash a bootloader works out itself: they have no bytes here. */
static bool add_validation(struct rig_init_packet *packet, guint32 type, const guint8 *bytes, gsize n_bytes,
                           const struct rig_key *key)
{
    struct rig_init_boot *boot = &packet->boot_validations[packet->n_boot_validations++];

    boot->type = type;
    if (type != RIG_INIT_BOOT_ECDSA)
        return true;
    boot->n_bytes = RIG_INIT_SIGNATURE_BYTES;
    return key && rig_init_sign(key, bytes, n_bytes, boot->bytes);
}

static bool add_validations(struct rig_init_packet *packet, const struct rig_package_recipe *recipe)
{
    gsize n_bytes;
    const guint8 *bytes = g_bytes_get_data(recipe->bytes, &n_bytes);

    if (recipe->firmware == RIG_DFU_BOOTLOADER)
        return add_validation(packet, RIG_INIT_BOOT_CRC, bytes, n_bytes, recipe->key);
    if (recipe->firmware == RIG_DFU_SOFTDEVICE_BOOTLOADER)
        return add_validation(packet, recipe->validation, bytes, recipe->sd_bytes, recipe->key) &&
               add_validation(packet, RIG_INIT_BOOT_CRC, bytes, n_bytes, recipe->key);
    return add_validation(packet, recipe->validation, bytes, n_bytes, recipe->key);
}

static void set_sizes(struct rig_init_packet *packet, const struct rig_package_recipe *recipe)
{
    guint32 n_bytes = (guint32)g_bytes_get_size(recipe->bytes);

    packet->has_sd_size = packet->has_bl_size = packet->has_app_size = true;
    switch (recipe->firmware) {
    case RIG_DFU_APPLICATION:
        packet->app_size = n_bytes;
        break;
    case RIG_DFU_SOFTDEVICE:
        packet->sd_size = n_bytes;
        break;
    case RIG_DFU_BOOTLOADER:
        packet->bl_size = n_bytes;
        break;
    case RIG_DFU_SOFTDEVICE_BOOTLOADER:
        packet->sd_size = recipe->sd_bytes;
        packet->bl_size = n_bytes - recipe->sd_bytes;
        break;
    }
}

static bool fill_secure(const struct rig_package_recipe *recipe, struct rig_init_packet *packet)
{
    gsize n_bytes;
    const guint8 *bytes = g_bytes_get_data(recipe->bytes, &n_bytes);

    *packet = (struct rig_init_packet){
        .has_op_code = true,
        .op_code = RIG_INIT_OP_INIT,
        .has_fw_version = recipe->fw_version != NULL,
        .fw_version = recipe->fw_version ? *recipe->fw_version : 0,
        .has_hw_version = true,
        .hw_version = recipe->hw_version,
        .n_sd_req = recipe->n_sd_req,
        .has_type = true,
        .type = recipe->firmware,
        .has_hash = true,
        .hash_type = RIG_INIT_HASH_SHA256,
        .n_hash_bytes = RIG_IMAGE_HASH_BYTES,
        .has_is_debug = true,
        .is_debug = recipe->debug,
    };
    if (recipe->n_sd_req)
        memcpy(packet->sd_req, recipe->sd_req, recipe->n_sd_req * sizeof *recipe->sd_req);
    set_sizes(packet, recipe);
    return rig_init_hash_of(bytes, n_bytes, packet->hash) && add_validations(packet, recipe);
}

static GBytes *make_secure(const struct rig_package_recipe *recipe, GError **error)
{
    struct rig_init_packet packet;
    guint8 bytes[RIG_INIT_PACKET_MAX_BYTES];
    gsize n_bytes;
    enum rig_init_status status;

    if (recipe->validation == RIG_INIT_BOOT_ECDSA && !recipe->key) {
        refuse(error, "a boot validation by signature needs a key");
        return NULL;
    }
    status = fill_secure(recipe, &packet) ? rig_init_packet_encode(&packet, recipe->key, bytes, &n_bytes)
                                          : RIG_INIT_KEY;
    if (status) {
        g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "the init packet cannot be made: %s",
                    rig_init_status_text(status));
        return NULL;
    }
    return g_bytes_new(bytes, n_bytes);
}

/* ---- legacy ---- */

static bool sha256(const guint8 *bytes, gsize n_bytes, guint8 hash[RIG_IMAGE_HASH_BYTES])
{
    g_autoptr(GChecksum) digest = g_checksum_new(G_CHECKSUM_SHA256);
    gsize n_hash = RIG_IMAGE_HASH_BYTES;

    g_checksum_update(digest, bytes, (gssize)n_bytes);
    g_checksum_get_digest(digest, hash, &n_hash);
    return n_hash == RIG_IMAGE_HASH_BYTES;
}

/* Of a legacy packet everything before its signature is signed, and all numbers are the most significant byte
 * first. */
static enum rig_init_status add_signature(struct rig_legacy_init *init, const struct rig_key *key)
{
    guint8 packet[RIG_LEGACY_INIT_MAX_BYTES], little[RIG_INIT_SIGNATURE_BYTES];
    const gsize half = RIG_INIT_SIGNATURE_BYTES / 2;
    gsize n_bytes;
    enum rig_init_status status = rig_legacy_init_encode(init, packet, &n_bytes);

    if (status)
        return status;
    if (!key || !rig_init_sign(key, packet, n_bytes, little))
        return RIG_INIT_KEY;
    for (gsize i = 0; i < RIG_INIT_SIGNATURE_BYTES; i++)
        init->extended[init->n_extended_bytes + i] = little[(i < half ? half - 1 : 3 * half - 1) - i];
    init->n_extended_bytes += RIG_INIT_SIGNATURE_BYTES;
    return RIG_INIT_OK;
}

static enum rig_init_status fill_extended(const struct rig_package_recipe *recipe,
                                          struct rig_legacy_init *init)
{
    gsize n_bytes;
    const guint8 *bytes = g_bytes_get_data(recipe->bytes, &n_bytes);
    guint16 crc = rig_legacy_crc16(0xffff, bytes, n_bytes);

    switch (recipe->version) {
    case RIG_PACKAGE_LEGACY_06:
        rig_put_le32(init->extended, 0);
        rig_put_le16(init->extended + 4, crc);
        init->n_extended_bytes = 6;
        return RIG_INIT_OK;
    case RIG_PACKAGE_LEGACY_07:
    case RIG_PACKAGE_LEGACY_08:
        rig_put_le32(init->extended, recipe->version == RIG_PACKAGE_LEGACY_08 ? 2 : 1);
        rig_put_le32(init->extended + 4, (guint32)n_bytes);
        init->n_extended_bytes = 8 + RIG_IMAGE_HASH_BYTES;
        if (!sha256(bytes, n_bytes, init->extended + 8))
            return RIG_INIT_KEY;
        return recipe->version == RIG_PACKAGE_LEGACY_08 ? add_signature(init, recipe->key) : RIG_INIT_OK;
    case RIG_PACKAGE_SECURE:
    case RIG_PACKAGE_LEGACY_05:
        break;
    }
    rig_put_le16(init->extended, crc);
    init->n_extended_bytes = 2;
    return RIG_INIT_OK;
}

static GBytes *make_legacy(const struct rig_package_recipe *recipe, GError **error)
{
    struct rig_legacy_init init = {
        .device_type = recipe->device_type,
        .device_revision = recipe->device_revision,
        .application_version = recipe->fw_version ? *recipe->fw_version : RIG_LEGACY_ANY_VERSION,
        .n_sd_req = recipe->n_sd_req,
    };
    guint8 bytes[RIG_LEGACY_INIT_MAX_BYTES];
    gsize n_bytes;
    enum rig_init_status status;

    for (gsize i = 0; i < recipe->n_sd_req; i++) {
        if (recipe->sd_req[i] > G_MAXUINT16) {
            refuse(error, "a legacy init packet names SoftDevices by 16 bits");
            return NULL;
        }
        init.sd_req[i] = (guint16)recipe->sd_req[i];
    }
    status = fill_extended(recipe, &init);
    if (!status)
        status = rig_legacy_init_encode(&init, bytes, &n_bytes);
    if (status) {
        g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "the init packet cannot be made: %s",
                    rig_init_status_text(status));
        return NULL;
    }
    return g_bytes_new(bytes, n_bytes);
}

bool rig_package_make_part(const struct rig_package_recipe *recipe, struct rig_package_part *part,
                           GError **error)
{
    gsize n_bytes = g_bytes_get_size(recipe->bytes);
    bool both = recipe->firmware == RIG_DFU_SOFTDEVICE_BOOTLOADER;

    *part = (struct rig_package_part){.firmware = recipe->firmware};
    if (n_bytes == 0 || n_bytes > RIG_PACKAGE_MAX_FIRMWARE_BYTES)
        return refuse(error, "a firmware has between 1 byte and 16 MiB");
    if (recipe->n_sd_req > RIG_INIT_MAX_SD_REQ)
        return refuse(error, "an init packet has room for 16 SoftDevice ids");
    if (both && (recipe->sd_bytes == 0 || recipe->sd_bytes >= n_bytes))
        return refuse(error, "a SoftDevice with bootloader has bytes of both");
    part->init_packet =
        recipe->version == RIG_PACKAGE_SECURE ? make_secure(recipe, error) : make_legacy(recipe, error);
    if (!part->init_packet)
        return false;
    part->bytes = g_bytes_ref(recipe->bytes);
    if (both) {
        part->sd_bytes = recipe->sd_bytes;
        part->bl_bytes = (guint32)n_bytes - recipe->sd_bytes;
    }
    return true;
}
