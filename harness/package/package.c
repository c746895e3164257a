/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A distribution package: a zip file, by libarchive, in memory, with manifest.json, which says which member
 * is which firmware. */
#include "base/bytes.h"
#include "base/error.h"
#include "package/manifest.h"

#include <archive.h>
#include <archive_entry.h>
#include <json-glib/json-glib.h>
#include <string.h>

#define MAX_NAME_BYTES 255u
#define MAX_DEPTH 16u

/* In the order in which the updates follow each other. */
static const struct {
    const char *key;
    enum rig_dfu_firmware firmware;
    const char *file;
} kinds[] = {
    {"softdevice_bootloader", RIG_DFU_SOFTDEVICE_BOOTLOADER, "sd_bl"},
    {"softdevice", RIG_DFU_SOFTDEVICE, "softdevice"},
    {"bootloader", RIG_DFU_BOOTLOADER, "bootloader"},
    {"application", RIG_DFU_APPLICATION, "application"},
};

static const struct {
    const char *text;
    enum rig_package_version version;
} versions[] = {
    {"0.5", RIG_PACKAGE_LEGACY_05},
    {"0.6", RIG_PACKAGE_LEGACY_06},
    {"0.7", RIG_PACKAGE_LEGACY_07},
    {"0.8", RIG_PACKAGE_LEGACY_08},
};

void rig_manifest_clear(struct rig_manifest *manifest)
{
    for (guint i = 0; i < manifest->n_entries; i++) {
        g_free(manifest->entries[i].bin_file);
        g_free(manifest->entries[i].dat_file);
    }
    *manifest = (struct rig_manifest){0};
}

G_GNUC_PRINTF(2, 3) static bool refuse_manifest(GError **error, const char *format, ...)
{
    g_autofree char *text = NULL;
    va_list arguments;

    va_start(arguments, format);
    text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "%s: %s", RIG_MANIFEST_NAME, text);
    return false;
}

bool rig_manifest_leads_out(const char *name)
{
    g_auto(GStrv) parts = g_strsplit(name, "/", -1);

    for (guint i = 0; parts[i]; i++)
        if (g_str_equal(parts[i], ".."))
            return true;
    return name[0] == '/' || strchr(name, '\\') || (g_ascii_isalpha(name[0]) && name[1] == ':');
}

/* The parser recurses: one level for each bracket. */
static bool is_deep(const char *text, gsize n_bytes)
{
    guint depth = 0;

    for (gsize i = 0; i < n_bytes; i++) {
        if (text[i] == '[' || text[i] == '{')
            depth++;
        else if ((text[i] == ']' || text[i] == '}') && depth > 0)
            depth--;
        if (depth > MAX_DEPTH)
            return true;
    }
    return false;
}

static JsonObject *object_in(JsonObject *object, const char *key)
{
    JsonNode *node = object ? json_object_get_member(object, key) : NULL;

    return node && JSON_NODE_HOLDS_OBJECT(node) ? json_node_get_object(node) : NULL;
}

static const char *text_in(JsonObject *object, const char *key)
{
    JsonNode *node = json_object_get_member(object, key);

    return node && JSON_NODE_HOLDS_VALUE(node) && json_node_get_value_type(node) == G_TYPE_STRING
               ? json_node_get_string(node)
               : NULL;
}

/* 0: there is none, or none of 32 bits. */
static guint32 number_in(JsonObject *object, const char *key)
{
    JsonNode *node = object ? json_object_get_member(object, key) : NULL;
    gint64 value = node && JSON_NODE_HOLDS_VALUE(node) && json_node_get_value_type(node) == G_TYPE_INT64
                       ? json_node_get_int(node)
                       : 0;

    return value > 0 && value <= G_MAXUINT32 ? (guint32)value : 0;
}

static bool read_version(JsonObject *object, struct rig_manifest *manifest, GError **error)
{
    JsonNode *node = json_object_get_member(object, "dfu_version");
    char text[G_ASCII_DTOSTR_BUF_SIZE] = "";

    if (!node)
        return true;
    if (JSON_NODE_HOLDS_VALUE(node) && json_node_get_value_type(node) == G_TYPE_STRING)
        g_strlcpy(text, json_node_get_string(node), sizeof text);
    else if (JSON_NODE_HOLDS_VALUE(node))
        g_ascii_formatd(text, sizeof text, "%.4g", json_node_get_double(node));
    for (gsize i = 0; i < G_N_ELEMENTS(versions); i++) {
        if (g_str_equal(text, versions[i].text)) {
            manifest->version = versions[i].version;
            manifest->has_version = manifest->legacy = true;
        }
    }
    return manifest->has_version ||
           refuse_manifest(error,
                           "'dfu_version' is none of 0.5, 0.6, 0.7, 0.8, which are the ones that are known");
}

static bool check_name(const char *name, const char *key, const char *what, GError **error)
{
    if (!name || !name[0] || strlen(name) > MAX_NAME_BYTES)
        return refuse_manifest(error, "'%s' has no '%s', or one that is no name of a file", key, what);
    if (rig_manifest_leads_out(name))
        return refuse_manifest(error, "'%s' of '%s' leads out of the package", what, key);
    return true;
}

static bool read_entry(JsonObject *object, gsize kind, struct rig_manifest *manifest, GError **error)
{
    const char *bin = text_in(object, "bin_file"), *dat = text_in(object, "dat_file");
    JsonObject *sizes = object_in(object, "info_read_only_metadata");
    struct rig_manifest_entry *entry;

    if (!check_name(bin, kinds[kind].key, "bin_file", error) ||
        !check_name(dat, kinds[kind].key, "dat_file", error))
        return false;
    if (g_str_equal(bin, dat))
        return refuse_manifest(error, "'bin_file' and 'dat_file' of '%s' are one file", kinds[kind].key);
    if (manifest->n_entries == RIG_PACKAGE_MAX_PARTS)
        return refuse_manifest(error, "it names more than two images: a SoftDevice and a bootloader come as "
                                      "'softdevice_bootloader'");
    entry = &manifest->entries[manifest->n_entries++];
    entry->firmware = kinds[kind].firmware;
    entry->bin_file = g_strdup(bin);
    entry->dat_file = g_strdup(dat);
    if (!sizes || !json_object_has_member(sizes, "sd_size"))
        sizes = object; /* of a legacy package */
    entry->sd_bytes = number_in(sizes, "sd_size");
    entry->bl_bytes = number_in(sizes, "bl_size");
    manifest->legacy |= json_object_has_member(object, "init_packet_data");
    return true;
}

static bool read_manifest(JsonObject *object, struct rig_manifest *manifest, GError **error)
{
    if (!read_version(object, manifest, error))
        return false;
    for (gsize kind = 0; kind < G_N_ELEMENTS(kinds); kind++) {
        JsonObject *entry = object_in(object, kinds[kind].key);

        if (entry && !read_entry(entry, kind, manifest, error))
            return false;
    }
    return manifest->n_entries ||
           refuse_manifest(error, "it names no application, softdevice, bootloader or softdevice_bootloader");
}

bool rig_manifest_read(const char *text, gsize n_bytes, struct rig_manifest *manifest, GError **error)
{
    g_autoptr(JsonParser) parser = json_parser_new();
    JsonNode *root = NULL;
    JsonObject *object = NULL;

    *manifest = (struct rig_manifest){0};
    if (n_bytes <= RIG_MANIFEST_MAX_BYTES && g_utf8_validate_len(text, n_bytes, NULL) &&
        !is_deep(text, n_bytes) && json_parser_load_from_data(parser, text, (gssize)n_bytes, NULL))
        root = json_parser_get_root(parser);
    if (root && JSON_NODE_HOLDS_OBJECT(root))
        object = object_in(json_node_get_object(root), "manifest");
    if (!object)
        return refuse_manifest(error, "it is no JSON object with 'manifest' in it");
    if (read_manifest(object, manifest, error))
        return true;
    rig_manifest_clear(manifest);
    return false;
}

/* ---- writing ---- */

/* Of a member that rig_package_write() writes; extension: "bin", "dat". Owned by the caller. */
static char *manifest_member_name(enum rig_dfu_firmware firmware, const char *extension)
{
    const char *file = kinds[0].file;

    for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++)
        if (kinds[i].firmware == firmware)
            file = kinds[i].file;
    return g_strdup_printf("%s.%s", file, extension);
}

static void add_number(JsonBuilder *builder, const char *key, gint64 value)
{
    json_builder_set_member_name(builder, key);
    json_builder_add_int_value(builder, value);
}

static void add_text(JsonBuilder *builder, const char *key, const char *text)
{
    json_builder_set_member_name(builder, key);
    json_builder_add_string_value(builder, text);
}

static void add_hex(JsonBuilder *builder, const char *key, const guint8 *bytes, gsize n_bytes)
{
    g_autoptr(GString) text = g_string_new(NULL);

    for (gsize i = 0; i < n_bytes; i++)
        g_string_append_printf(text, "%02x", bytes[i]);
    add_text(builder, key, text->str);
}

static void add_extended(JsonBuilder *builder, const struct rig_legacy_init *init)
{
    const guint8 *at = init->extended;

    if (init->n_extended_bytes == 2) {
        add_number(builder, "firmware_crc16", rig_get_le16(at));
        return;
    }
    if (init->n_extended_bytes < 6)
        return;
    add_number(builder, "ext_packet_id", rig_get_le32(at));
    if (init->n_extended_bytes == 6) {
        add_number(builder, "firmware_crc16", rig_get_le16(at + 4));
    } else if (init->n_extended_bytes >= 40) {
        add_number(builder, "firmware_length", rig_get_le32(at + 4));
        add_hex(builder, "firmware_hash", at + 8, RIG_IMAGE_HASH_BYTES);
        if (init->n_extended_bytes >= 104)
            add_hex(builder, "init_packet_ecds", at + 40, RIG_INIT_SIGNATURE_BYTES);
    }
}

static void add_init_data(JsonBuilder *builder, const struct rig_package_part *part)
{
    struct rig_legacy_init init;
    gsize n_bytes;
    const guint8 *bytes = g_bytes_get_data(part->init_packet, &n_bytes);

    if (rig_legacy_init_decode(bytes, n_bytes, &init) != RIG_INIT_OK)
        return;
    json_builder_set_member_name(builder, "init_packet_data");
    json_builder_begin_object(builder);
    add_number(builder, "application_version", init.application_version);
    add_number(builder, "device_revision", init.device_revision);
    add_number(builder, "device_type", init.device_type);
    add_extended(builder, &init);
    json_builder_set_member_name(builder, "softdevice_req");
    json_builder_begin_array(builder);
    for (gsize i = 0; i < init.n_sd_req; i++)
        json_builder_add_int_value(builder, init.sd_req[i]);
    json_builder_end_array(builder);
    json_builder_end_object(builder);
}

static void add_sizes(JsonBuilder *builder, const struct rig_package_part *part)
{
    add_number(builder, "bl_size", part->bl_bytes);
    add_number(builder, "sd_size", part->sd_bytes);
}

static void add_part(JsonBuilder *builder, const struct rig_package_part *part, bool legacy)
{
    g_autofree char *bin = manifest_member_name(part->firmware, "bin");
    g_autofree char *dat = manifest_member_name(part->firmware, "dat");
    bool both = part->firmware == RIG_DFU_SOFTDEVICE_BOOTLOADER;

    for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++)
        if (kinds[i].firmware == part->firmware)
            json_builder_set_member_name(builder, kinds[i].key);
    json_builder_begin_object(builder);
    add_text(builder, "bin_file", bin);
    add_text(builder, "dat_file", dat);
    if (legacy) {
        add_init_data(builder, part);
        if (both)
            add_sizes(builder, part);
    } else if (both) {
        json_builder_set_member_name(builder, "info_read_only_metadata");
        json_builder_begin_object(builder);
        add_sizes(builder, part);
        json_builder_end_object(builder);
    }
    json_builder_end_object(builder);
}

/* "application.bin" and the like are in it. */
static char *manifest_write(const struct rig_package *package)
{
    g_autoptr(JsonBuilder) builder = json_builder_new();
    g_autoptr(JsonGenerator) generator = json_generator_new();
    g_autoptr(JsonNode) root = NULL;
    bool legacy = package->version != RIG_PACKAGE_SECURE;

    json_builder_begin_object(builder);
    json_builder_set_member_name(builder, "manifest");
    json_builder_begin_object(builder);
    for (guint i = 0; i < package->n_parts; i++)
        add_part(builder, &package->parts[i], legacy);
    if (legacy) {
        json_builder_set_member_name(builder, "dfu_version");
        json_builder_add_double_value(builder,
                                      (5 + (int)package->version - (int)RIG_PACKAGE_LEGACY_05) / 10.0);
    }
    json_builder_end_object(builder);
    json_builder_end_object(builder);
    root = json_builder_get_root(builder);
    json_generator_set_root(generator, root);
    json_generator_set_pretty(generator, TRUE);
    json_generator_set_indent(generator, 4);
    return json_generator_to_data(generator, NULL);
}

#define MAX_MEMBERS 1024u
#define MAX_INIT_PACKET_BYTES 65536u
#define PIECE_BYTES 16384u

typedef struct archive rig_zip_reader;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(rig_zip_reader, archive_read_free)

G_GNUC_PRINTF(2, 3) static bool refuse(GError **error, const char *format, ...)
{
    g_autofree char *text = NULL;
    va_list arguments;

    va_start(arguments, format);
    text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_set_error_literal(error, RIG_ERROR, RIG_ERROR_INPUT, text);
    return false;
}

static const char *why(struct archive *zip)
{
    const char *text = archive_error_string(zip);

    return text ? text : "it cannot be read";
}

/* A member that somebody asks for. */
struct wanted {
    const char *name;
    gsize max_bytes;
    GBytes *bytes; /* NULL: not found yet */
};

static bool read_member(struct archive *zip, struct archive_entry *entry, struct wanted *wanted,
                        GError **error)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    guint8 piece[PIECE_BYTES];
    la_ssize_t n_bytes;

    if (wanted->bytes)
        return refuse(error, "'%s' is in it twice", wanted->name);
    if (archive_entry_filetype(entry) != AE_IFREG)
        return refuse(error, "'%s' is no plain file", wanted->name);
    while ((n_bytes = archive_read_data(zip, piece, sizeof piece)) > 0) {
        if (bytes->len + (gsize)n_bytes > wanted->max_bytes)
            return refuse(error, "'%s' has more than %" G_GSIZE_FORMAT " bytes", wanted->name,
                          wanted->max_bytes);
        g_byte_array_append(bytes, piece, (guint)n_bytes);
    }
    if (n_bytes < 0)
        return refuse(error, "'%s' is damaged: %s", wanted->name, why(zip));
    if (archive_entry_size_is_set(entry) && archive_entry_size(entry) != (la_int64_t)bytes->len)
        return refuse(error, "'%s' has another size than the zip file says", wanted->name);
    wanted->bytes = g_byte_array_free_to_bytes(g_steal_pointer(&bytes));
    return true;
}

static struct wanted *find(struct wanted *wanted, gsize n_wanted, const char *name)
{
    for (gsize i = 0; i < n_wanted; i++)
        if (g_str_equal(wanted[i].name, name))
            return &wanted[i];
    return NULL;
}

static bool take_members(struct archive *zip, struct wanted *wanted, gsize n_wanted, GError **error)
{
    struct archive_entry *entry;
    int status;

    for (guint n = 0; (status = archive_read_next_header(zip, &entry)) != ARCHIVE_EOF; n++) {
        const char *name = archive_entry_pathname(entry);
        struct wanted *one;

        if (status != ARCHIVE_OK && status != ARCHIVE_WARN)
            return refuse(error, "it is no zip file, or a damaged one: %s", why(zip));
        if (n == MAX_MEMBERS)
            return refuse(error, "it has more than %u members", MAX_MEMBERS);
        if (!name)
            continue; /* not in this locale: none of ours */
        if (rig_manifest_leads_out(name))
            return refuse(error, "a member's name leads out of the package: '%.100s'", name);
        one = find(wanted, n_wanted, name);
        if (one && status == ARCHIVE_WARN)
            return refuse(error, "'%s' is damaged: %s", name, why(zip));
        if (one && !read_member(zip, entry, one, error))
            return false;
    }
    return true;
}

/* Each of them once. On failure there is nothing to free. */
static bool read_members(GBytes *file, struct wanted *wanted, gsize n_wanted, GError **error)
{
    g_autoptr(rig_zip_reader) zip = archive_read_new();
    gsize n_bytes;
    const void *bytes = g_bytes_get_data(file, &n_bytes);
    bool good = false;

    if (!zip || archive_read_support_format_zip_seekable(zip) != ARCHIVE_OK)
        refuse(error, "libarchive reads no zip files");
    else if (n_bytes == 0 || archive_read_open_memory(zip, bytes, n_bytes) != ARCHIVE_OK)
        refuse(error, "it is no zip file");
    else
        good = take_members(zip, wanted, n_wanted, error);
    for (gsize i = 0; good && i < n_wanted; i++)
        if (!wanted[i].bytes)
            good = refuse(error, "it has no '%s'", wanted[i].name);
    for (gsize i = 0; !good && i < n_wanted; i++)
        g_clear_pointer(&wanted[i].bytes, g_bytes_unref);
    return good;
}

/* What the end of a legacy init packet says of its package's version. */
static enum rig_package_version version_of(GBytes *init_packet)
{
    struct rig_legacy_init init;
    gsize n_bytes;
    const guint8 *bytes = g_bytes_get_data(init_packet, &n_bytes);

    if (rig_legacy_init_decode(bytes, n_bytes, &init) != RIG_INIT_OK || init.n_extended_bytes < 6)
        return RIG_PACKAGE_LEGACY_05;
    switch (rig_get_le32(init.extended)) {
    case 0:
        return RIG_PACKAGE_LEGACY_06;
    case 1:
        return RIG_PACKAGE_LEGACY_07;
    case 2:
        return RIG_PACKAGE_LEGACY_08;
    default:
        return RIG_PACKAGE_LEGACY_05;
    }
}

static bool read_parts(GBytes *zip, const struct rig_manifest *manifest, struct rig_package *package,
                       GError **error)
{
    struct wanted wanted[2 * RIG_PACKAGE_MAX_PARTS];
    gsize n = 0;

    for (guint i = 0; i < manifest->n_entries; i++) {
        wanted[n++] = (struct wanted){manifest->entries[i].dat_file, MAX_INIT_PACKET_BYTES, NULL};
        wanted[n++] = (struct wanted){manifest->entries[i].bin_file, RIG_PACKAGE_MAX_FIRMWARE_BYTES, NULL};
    }
    for (gsize i = 0; i < n; i++)
        for (gsize k = 0; k < i; k++)
            if (g_str_equal(wanted[i].name, wanted[k].name))
                return refuse(error, "%s: '%s' is named for two things", RIG_MANIFEST_NAME, wanted[i].name);
    if (!read_members(zip, wanted, n, error))
        return false;
    for (guint i = 0; i < manifest->n_entries; i++)
        package->parts[i] = (struct rig_package_part){
            .firmware = manifest->entries[i].firmware,
            .init_packet = wanted[2 * i].bytes,
            .bytes = wanted[2 * i + 1].bytes,
            .sd_bytes = manifest->entries[i].sd_bytes,
            .bl_bytes = manifest->entries[i].bl_bytes,
        };
    package->n_parts = manifest->n_entries;
    if (manifest->legacy)
        package->version =
            manifest->has_version ? manifest->version : version_of(package->parts[0].init_packet);
    return true;
}

bool rig_package_read(GBytes *zip, struct rig_package *package, GError **error)
{
    struct wanted wanted = {RIG_MANIFEST_NAME, RIG_MANIFEST_MAX_BYTES, NULL};
    struct rig_manifest manifest;
    gsize n_bytes;
    const char *text;
    bool good;

    *package = (struct rig_package){.version = RIG_PACKAGE_SECURE};
    if (!read_members(zip, &wanted, 1, error))
        return false;
    text = g_bytes_get_data(wanted.bytes, &n_bytes);
    good = rig_manifest_read(text ? text : "", n_bytes, &manifest, error);
    g_bytes_unref(wanted.bytes);
    if (!good)
        return false;
    good = read_parts(zip, &manifest, package, error);
    rig_manifest_clear(&manifest);
    return good;
}

/* ---- writing ---- */

static la_ssize_t append(struct archive *zip, void *user, const void *bytes, size_t n_bytes)
{
    (void)zip;
    g_byte_array_append(user, bytes, (guint)n_bytes);
    return (la_ssize_t)n_bytes;
}

static bool write_member(struct archive *zip, const char *name, const void *bytes, gsize n_bytes)
{
    struct archive_entry *entry = archive_entry_new();
    bool good = entry != NULL;

    if (good) {
        archive_entry_set_pathname(entry, name);
        archive_entry_set_filetype(entry, AE_IFREG);
        archive_entry_set_perm(entry, 0644);
        archive_entry_set_size(entry, (la_int64_t)n_bytes);
        good = archive_write_header(zip, entry) == ARCHIVE_OK &&
               archive_write_data(zip, bytes, n_bytes) == (la_ssize_t)n_bytes &&
               archive_write_finish_entry(zip) == ARCHIVE_OK;
    }
    archive_entry_free(entry);
    return good;
}

static bool write_bytes(struct archive *zip, enum rig_dfu_firmware firmware, const char *extension,
                        GBytes *bytes)
{
    g_autofree char *name = manifest_member_name(firmware, extension);
    gsize n_bytes;
    const void *data = g_bytes_get_data(bytes, &n_bytes);

    return write_member(zip, name, data, n_bytes);
}

static bool write_all(struct archive *zip, const struct rig_package *package)
{
    g_autofree char *manifest = manifest_write(package);

    for (guint i = 0; i < package->n_parts; i++)
        if (!write_bytes(zip, package->parts[i].firmware, "bin", package->parts[i].bytes) ||
            !write_bytes(zip, package->parts[i].firmware, "dat", package->parts[i].init_packet))
            return false;
    return write_member(zip, RIG_MANIFEST_NAME, manifest, strlen(manifest));
}

GBytes *rig_package_write(const struct rig_package *package, GError **error)
{
    struct archive *zip = archive_write_new();
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    bool good = zip && archive_write_set_format_zip(zip) == ARCHIVE_OK &&
                archive_write_set_bytes_in_last_block(zip, 1) == ARCHIVE_OK &&
                archive_write_open(zip, bytes, NULL, append, NULL) == ARCHIVE_OK && write_all(zip, package) &&
                archive_write_close(zip) == ARCHIVE_OK;

    if (!good)
        g_set_error(error, RIG_ERROR, RIG_ERROR_IO, "the zip file cannot be made: %s",
                    zip ? why(zip) : "no memory");
    archive_write_free(zip);
    return good ? g_byte_array_free_to_bytes(g_steal_pointer(&bytes)) : NULL;
}
