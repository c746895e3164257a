/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The zip file around a distribution package, by libarchive, in memory. */
#include "package/manifest.h"

#include "base/bytes.h"
#include "base/error.h"

#include <archive.h>
#include <archive_entry.h>
#include <string.h>

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
    g_autofree char *name = rig_manifest_member_name(firmware, extension);
    gsize n_bytes;
    const void *data = g_bytes_get_data(bytes, &n_bytes);

    return write_member(zip, name, data, n_bytes);
}

static bool write_all(struct archive *zip, const struct rig_package *package)
{
    g_autofree char *manifest = rig_manifest_write(package);

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
