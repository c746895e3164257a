/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From an image plan to the parts of a distribution package. */
#include "steps/package_image.h"

#include "base/error.h"
#include "image/hex.h"
#include "image/nordic_image.h"
#include "image/softdevice.h"
#include "package/package.h"

#include <string.h>

#define BOOTLOADER_BYTES (22u * 1024)
#define MBR_BYTES RIG_SOFTDEVICE_AT

static bool is_legacy(const struct rig_board *board)
{
    return board->layout.family == RIG_BOOTLOADER_NORDIC_LEGACY;
}

const char *rig_package_image_foreign(const struct rig_image_spec *spec, const struct rig_board *board)
{
    bool mcuboot = board->layout.family == RIG_BOOTLOADER_MCUBOOT, legacy = is_legacy(board);
    bool secure = !mcuboot && !legacy;
    const struct {
        const char *name;
        bool written, has_meaning;
    } fields[] = {
        {"security-counter", spec->security_counter != NULL, mcuboot},
        {"depends-on", spec->dependencies != NULL, mcuboot},
        {"image", spec->index != 0, mcuboot},
        {"pad", spec->pad, mcuboot},
        {"confirmed", spec->confirmed, mcuboot},
        {"key-in-image", spec->key_in_image != NULL, mcuboot},
        {"custom-tlvs", spec->custom_tlvs != NULL, mcuboot},
        {"header-size", spec->header_bytes != NULL, mcuboot},
        {"type", spec->type != NULL, !mcuboot},
        {"fw-version", spec->fw_version != NULL, !mcuboot},
        {"hardware-version", spec->hardware_version != NULL, secure},
        {"sd-req", spec->sd_req != NULL, !mcuboot},
        {"debug", spec->debug != NULL, secure},
        {"boot-validation", spec->boot_validation != NULL, secure},
        {"package", spec->package != NULL, legacy},
        {"device-type", spec->device_type != NULL, legacy},
        {"device-revision", spec->device_revision != NULL, legacy},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(fields); i++)
        if (fields[i].written && !fields[i].has_meaning)
            return fields[i].name;
    return NULL;
}

static bool is_all(const struct rig_image_spec *spec)
{
    return spec->type && g_str_equal(spec->type, "all");
}

static enum rig_dfu_firmware first_firmware(const struct rig_image_spec *spec)
{
    if (is_all(spec))
        return RIG_DFU_SOFTDEVICE_BOOTLOADER;
    for (guint i = RIG_DFU_APPLICATION; spec->type && i <= RIG_DFU_SOFTDEVICE_BOOTLOADER; i++)
        if (g_str_equal(spec->type, rig_dfu_firmware_name((enum rig_dfu_firmware)i)))
            return (enum rig_dfu_firmware)i;
    return RIG_DFU_APPLICATION;
}

/* ---- firmware ---- */

#define FLASH_END 0x10000000u /* registers lie from here on */

/* The application's own bytes: of Intel HEX what stands in the flash behind the MBR. */
static GBytes *take_application(const struct rig_package_order *order, GError **error)
{
    struct rig_hex_fault fault = {0};
    struct rig_hex hex;
    gsize n_bytes;
    const guint8 *bytes = g_bytes_get_data(order->payload, &n_bytes);
    GBytes *application;

    if (!order->spec->file || !rig_hex_looks_like(bytes, n_bytes))
        return g_bytes_ref(order->payload);
    if (!rig_hex_read_within(bytes, n_bytes, MBR_BYTES, FLASH_END, RIG_PACKAGE_MAX_FIRMWARE_BYTES, 0xff, &hex,
                             &fault)) {
        g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "image '%s': '%s', line %zu: %s", order->name,
                    order->spec->file, fault.line, fault.why);
        return NULL;
    }
    application = g_bytes_new(hex.contents.bytes, hex.contents.n_bytes);
    rig_bytes_clear(&hex.contents);
    /* One that takes the SoftDevice's place begins where that does. */
    if (hex.base_address == order->board->layout.nordic.bank_0 || hex.base_address == MBR_BYTES)
        return application;
    g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT,
                "image '%s': '%s' is a program for address 0x%x, and the board's applications begin at 0x%x",
                order->name, order->spec->file, hex.base_address, order->board->layout.nordic.bank_0);
    g_bytes_unref(application);
    return NULL;
}

/* The SoftDevice of the plan, else the one that the board has. */
static bool pick_softdevice(const struct rig_package_order *order, struct rig_softdevice *softdevice,
                            guint32 *n_bytes, GError **error)
{
    const struct rig_nordic_layout *nordic = &order->board->layout.nordic;
    const struct rig_known_softdevice *known = order->spec->softdevice
                                                   ? rig_softdevice_by_name(order->spec->softdevice)
                                                   : rig_softdevice_by_firmware_id(nordic->softdevice_id);

    if (known) {
        *softdevice = known->figures;
        *n_bytes = known->file_bytes;
    } else if (!order->spec->softdevice && nordic->softdevice_bytes > MBR_BYTES) {
        *softdevice = (struct rig_softdevice){.flash_bytes = nordic->softdevice_bytes,
                                              .firmware_id = nordic->softdevice_id,
                                              .version = nordic->softdevice_version};
        *n_bytes = nordic->softdevice_bytes - MBR_BYTES;
    } else {
        g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT,
                    "image '%s': the board has no SoftDevice: say which with 'softdevice: NAME'",
                    order->name);
        return false;
    }
    if (order->spec->softdevice_bytes)
        *n_bytes = *order->spec->softdevice_bytes;
    return true;
}

static bool append_softdevice(const struct rig_package_order *order, GByteArray *into, GError **error)
{
    struct rig_softdevice softdevice;
    guint32 n_bytes;
    guint begin = into->len;

    if (!pick_softdevice(order, &softdevice, &n_bytes, error))
        return false;
    g_byte_array_set_size(into, begin + n_bytes);
    if (!rig_softdevice_fill(&softdevice, into->data + begin, n_bytes)) {
        g_set_error(
            error, RIG_ERROR, RIG_ERROR_INPUT,
            "image '%s': a SoftDevice that says it takes 0x%x bytes of flash has a file of more than 8 "
            "KiB and at most 0x%x bytes",
            order->name, softdevice.flash_bytes, softdevice.flash_bytes - MBR_BYTES);
        return false;
    }
    return true;
}

static void append_bootloader(const struct rig_package_order *order, guint32 fw_version, GByteArray *into)
{
    guint32 most = order->board->layout.nordic.bootloader_bytes;
    guint32 usual = most > 0 && most < BOOTLOADER_BYTES ? most : BOOTLOADER_BYTES;
    guint32 n_bytes = order->spec->bootloader_bytes ? *order->spec->bootloader_bytes : usual;
    guint begin = into->len;

    g_byte_array_set_size(into, begin + n_bytes);
    rig_nordic_make_bootloader(fw_version, order->seed, into->data + begin, n_bytes);
}

static GBytes *make_firmware(const struct rig_package_order *order, enum rig_dfu_firmware firmware,
                             guint32 fw_version, guint32 *sd_bytes, GError **error)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();

    *sd_bytes = 0;
    if (firmware == RIG_DFU_APPLICATION)
        return take_application(order, error);
    if ((firmware & RIG_DFU_SOFTDEVICE) && !append_softdevice(order, bytes, error))
        return NULL;
    *sd_bytes = bytes->len;
    if (firmware & RIG_DFU_BOOTLOADER)
        append_bootloader(order, fw_version, bytes);
    return g_byte_array_free_to_bytes(g_steal_pointer(&bytes));
}

/* ---- the init packet ---- */

static guint32 validation_of(const struct rig_image_spec *spec)
{
    static const char *const names[] = {[RIG_INIT_BOOT_NONE] = "none",
                                        [RIG_INIT_BOOT_CRC] = "crc",
                                        [RIG_INIT_BOOT_SHA256] = "sha256",
                                        [RIG_INIT_BOOT_ECDSA] = "ecdsa"};

    for (guint i = 0; spec->boot_validation && i < G_N_ELEMENTS(names); i++)
        if (g_str_equal(spec->boot_validation, names[i]))
            return i;
    return RIG_INIT_BOOT_CRC;
}

static enum rig_package_version version_of(const struct rig_package_order *order)
{
    static const char *const names[] = {"0.5", "0.6", "0.7", "0.8"};

    if (!is_legacy(order->board))
        return RIG_PACKAGE_SECURE;
    for (guint i = 0; order->spec->package && i < G_N_ELEMENTS(names); i++)
        if (g_str_equal(order->spec->package, names[i]))
            return (enum rig_package_version)(RIG_PACKAGE_LEGACY_05 + i);
    return RIG_PACKAGE_LEGACY_05;
}

/* Ids of SoftDevices that the part accepts. An application that comes behind a new SoftDevice needs that one.
 */
static gsize fill_sd_req(const struct rig_package_order *order, enum rig_dfu_firmware firmware,
                         guint32 sd_req[RIG_INIT_MAX_SD_REQ])
{
    const struct rig_nordic_layout *nordic = &order->board->layout.nordic;
    const struct rig_numbers *written = order->spec->sd_req;
    struct rig_softdevice softdevice;
    guint32 n_bytes;

    if (written) {
        for (gsize i = 0; i < written->n && i < RIG_INIT_MAX_SD_REQ; i++)
            sd_req[i] = (guint32)written->items[i];
        return written->n;
    }
    sd_req[0] = nordic->softdevice_bytes ? nordic->softdevice_id : RIG_INIT_SD_NONE;
    if (firmware == RIG_DFU_APPLICATION && is_all(order->spec) &&
        pick_softdevice(order, &softdevice, &n_bytes, NULL))
        sd_req[0] = softdevice.firmware_id;
    return 1;
}

/* Of a legacy bootloader; others do not look at it. */
static guint16 device_type_of(const struct rig_board *board)
{
    return is_legacy(board) ? (guint16)board->layout.nordic.hardware_version : RIG_LEGACY_ANY_DEVICE;
}

/* What stands behind the SoftDevice. */
static guint32 bootloader_bytes_of(enum rig_dfu_firmware firmware, GBytes *bytes, guint32 sd_bytes)
{
    gsize n_bytes = firmware == RIG_DFU_SOFTDEVICE_BOOTLOADER ? g_bytes_get_size(bytes) : 0;

    return sd_bytes < n_bytes ? (guint32)(n_bytes - sd_bytes) : 0;
}

static bool make_part(const struct rig_package_order *order, enum rig_dfu_firmware firmware,
                      guint32 fw_version, struct rig_update_part *into, GError **error)
{
    const struct rig_image_spec *spec = order->spec;
    guint32 sd_req[RIG_INIT_MAX_SD_REQ], sd_bytes;
    guint32 any = G_MAXUINT32;
    g_autoptr(GBytes) bytes = make_firmware(order, firmware, fw_version, &sd_bytes, error);
    struct rig_package_recipe recipe = {
        .version = version_of(order),
        .firmware = firmware,
        .bytes = bytes,
        .sd_bytes = sd_bytes,
        .fw_version = firmware == RIG_DFU_SOFTDEVICE && !spec->fw_version ? &any : &fw_version,
        .hw_version =
            spec->hardware_version ? *spec->hardware_version : order->board->layout.nordic.hardware_version,
        .sd_req = sd_req,
        .n_sd_req = fill_sd_req(order, firmware, sd_req),
        .debug = spec->debug && *spec->debug,
        .validation = validation_of(spec),
        .key = order->key,
        .device_type = spec->device_type ? *spec->device_type : device_type_of(order->board),
        .device_revision = spec->device_revision ? *spec->device_revision : RIG_LEGACY_ANY_DEVICE,
    };
    struct rig_package_part part;

    if (!bytes)
        return false;
    if (!rig_package_make_part(&recipe, &part, error)) {
        g_prefix_error(error, "image '%s': ", order->name);
        return false;
    }
    *into = (struct rig_update_part){
        .firmware = part.firmware,
        .init_packet = part.init_packet,
        .bytes = part.bytes,
        .n_bootloader_bytes = bootloader_bytes_of(firmware, part.bytes, sd_bytes),
    };
    return true;
}

/* ---- the whole ---- */

static bool number_of(const struct rig_package_order *order, guint32 *fw_version, GError **error)
{
    if (order->spec->fw_version) {
        *fw_version = *order->spec->fw_version;
        return true;
    }
    if (rig_package_version_number(&order->spec->version, fw_version))
        return true;
    g_set_error(
        error, RIG_ERROR, RIG_ERROR_INPUT,
        "image '%s': the last part of its version is above 999, which has no number of Nordic's form: "
        "say 'fw-version: N'",
        order->name);
    return false;
}

static bool make_parts(const struct rig_package_order *order, struct rig_built_image *built, GError **error)
{
    guint32 fw_version;

    if (!number_of(order, &fw_version, error) ||
        !make_part(order, first_firmware(order->spec), fw_version, &built->parts[0], error))
        return false;
    built->n_parts = 1;
    if (!is_all(order->spec))
        return true;
    if (!make_part(order, RIG_DFU_APPLICATION, fw_version, &built->parts[1], error))
        return false;
    built->n_parts = 2;
    return true;
}

/* The file is a package: it is taken as it is. */
static bool take_package(const struct rig_package_order *order, struct rig_built_image *built,
                         enum rig_package_version *version, GError **error)
{
    bool legacy = is_legacy(order->board);
    g_auto(rig_package) package = {0};

    if (!rig_package_read(order->payload, &package, error)) {
        g_prefix_error(error, "image '%s': '%s' is no package: ", order->name, order->spec->file);
        return false;
    }
    if ((package.version != RIG_PACKAGE_SECURE) != legacy) {
        g_set_error(error, RIG_ERROR, RIG_ERROR_UNSUPPORTED,
                    "image '%s': '%s' is a package for a %s bootloader, and the board has %s", order->name,
                    order->spec->file, legacy ? "secure" : "legacy",
                    rig_bootloader_family_name(order->board->layout.family));
        return false;
    }
    for (guint i = 0; i < package.n_parts; i++)
        built->parts[i] = (struct rig_update_part){
            .firmware = package.parts[i].firmware,
            .init_packet = g_bytes_ref(package.parts[i].init_packet),
            .bytes = g_bytes_ref(package.parts[i].bytes),
            .n_bootloader_bytes = bootloader_bytes_of(package.parts[i].firmware, package.parts[i].bytes,
                                                      package.parts[i].sd_bytes),
        };
    built->n_parts = package.n_parts;
    *version = package.version;
    return true;
}

static bool is_package(const struct rig_package_order *order)
{
    gsize n_bytes = 0;
    const guint8 *bytes = order->spec->file ? g_bytes_get_data(order->payload, &n_bytes) : NULL;

    return n_bytes > 4 && memcmp(bytes, "PK", 2) == 0;
}

/* The number in the init packet of the last part. */
static guint32 stated_version(const struct rig_package_order *order, const struct rig_update_part *part)
{
    gsize n_bytes;
    const guint8 *bytes = g_bytes_get_data(part->init_packet, &n_bytes);
    struct rig_legacy_init legacy;
    struct rig_init_packet packet;

    if (is_legacy(order->board))
        return rig_legacy_init_decode(bytes, n_bytes, &legacy) ? 0 : legacy.application_version;
    return rig_init_packet_decode(bytes, n_bytes, &packet) ? 0 : packet.fw_version;
}

static void digest(GBytes *bytes, guint8 into[RIG_IMAGE_HASH_BYTES])
{
    g_autoptr(GChecksum) checksum = g_checksum_new(G_CHECKSUM_SHA256);
    gsize n_bytes, n_digest = RIG_IMAGE_HASH_BYTES;
    const guint8 *data = g_bytes_get_data(bytes, &n_bytes);

    g_checksum_update(checksum, data, (gssize)n_bytes);
    g_checksum_get_digest(checksum, into, &n_digest);
}

static void identify(const struct rig_package_order *order, struct rig_built_image *built)
{
    const struct rig_update_part *last = &built->parts[built->n_parts - 1];
    char text[RIG_IMAGE_VERSION_TEXT_BYTES];
    g_autoptr(GByteArray) all = g_byte_array_new();
    g_autoptr(GBytes) everything = NULL;

    built->file = g_bytes_ref(last->bytes);
    digest(built->file, built->hash);
    built->has_hash = true;
    built->n_smp_hash = sizeof built->hash;
    memcpy(built->smp_hash, built->hash, sizeof built->hash);
    for (guint i = 0; i < built->n_parts; i++) {
        GBytes *const pieces[] = {built->parts[i].init_packet, built->parts[i].bytes};

        for (gsize k = 0; k < G_N_ELEMENTS(pieces); k++)
            g_byte_array_append(all, g_bytes_get_data(pieces[k], NULL), (guint)g_bytes_get_size(pieces[k]));
    }
    everything = g_byte_array_free_to_bytes(g_steal_pointer(&all));
    digest(everything, built->sha);
    if (is_package(order)) {
        built->version_text = g_strdup_printf("%u", stated_version(order, last));
    } else {
        built->version = order->spec->version;
        rig_image_version_format(&built->version, text);
        built->version_text = g_strdup(text);
    }
}

/* Of a combined package the first part. */
static bool damage_part(const struct rig_package_order *order, enum rig_package_version version,
                        struct rig_update_part *into, GError **error)
{
    struct rig_package_part part = {
        .firmware = into->firmware, .init_packet = into->init_packet, .bytes = into->bytes};
    bool done = true;

    for (guint i = 0; done && order->spec->damages && order->spec->damages[i]; i++)
        done = rig_package_damage(&part, version, order->spec->damages[i]->kind, order->spec->damages[i]->at,
                                  order->key, error);
    into->init_packet = part.init_packet;
    into->bytes = part.bytes;
    if (!done)
        g_prefix_error(error, "image '%s': ", order->name);
    return done;
}

bool rig_package_image_build(const struct rig_package_order *order, struct rig_built_image *built,
                             GError **error)
{
    enum rig_package_version version = version_of(order);

    if (order->key && rig_key_kind(order->key) != RIG_KEY_ECDSA_P256) {
        g_set_error(error, RIG_ERROR, RIG_ERROR_UNSUPPORTED,
                    "image '%s': Nordic's packages are signed by ecdsa-p256 or not at all", order->name);
        return false;
    }
    if ((order->key != NULL) != (version == RIG_PACKAGE_LEGACY_08) && version != RIG_PACKAGE_SECURE &&
        !order->spec->file) {
        g_set_error(error, RIG_ERROR, RIG_ERROR_UNSUPPORTED,
                    "image '%s': of legacy packages those of version 0.8 are signed, and no others",
                    order->name);
        return false;
    }
    if (order->spec->sd_req && order->spec->sd_req->n > RIG_INIT_MAX_SD_REQ) {
        g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT,
                    "image '%s': an init packet has room for 16 SoftDevice ids", order->name);
        return false;
    }
    if (!(is_package(order) ? take_package(order, built, &version, error) : make_parts(order, built, error)))
        return false;
    if (!damage_part(order, version, &built->parts[0], error))
        return false;
    identify(order, built);
    return true;
}
