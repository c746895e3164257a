/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reading and replacing files, loading keys, parsing numbers for the image commands. */
#define _XOPEN_SOURCE 700 /* realpath */
#include "cli/image_files.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "image/hex.h"

int rig_cli_image_complain(const GError *error)
{
    g_printerr("bootrig image: %s\n", error->message);
    return RIG_IMAGE_EXIT_BAD;
}

gboolean rig_cli_image_parse(char ***argv, const char *arguments, const char *summary,
                             const char *description, const GOptionEntry *entries, GError **error)
{
    g_autoptr(GOptionContext) options = g_option_context_new(arguments);
    g_autoptr(GError) problem = NULL;

    /* GLib takes the name in the usage line from the process otherwise. */
    g_set_prgname((*argv)[0]);
    g_option_context_set_summary(options, summary);
    g_option_context_set_description(options, description);
    g_option_context_add_main_entries(options, entries, NULL);
    if (g_option_context_parse_strv(options, argv, &problem))
        return TRUE;
    g_set_error(error, RIG_ERROR, RIG_ERROR_USAGE, "%s (see %s --help)", problem->message, g_get_prgname());
    return FALSE;
}

/* HEX needs about 2.8 characters for a byte. */
#define TEXT_MAX_BYTES (3u * RIG_IMAGE_FILE_MAX_BYTES)
#define FIRST_READ_BYTES 65536u

static bool refuse_os(GError **error, const char *doing, const char *path)
{
    int saved = errno;

    g_set_error(error, RIG_ERROR, RIG_ERROR_IO, "cannot %s %s: %s", doing, path, g_strerror(saved));
    return false;
}

/* Grows as it reads, because the size of a pipe or of a file in /proc is not known beforehand. */
static bool read_stream(int fd, const char *path, size_t n_expected, GByteArray *into, GError **error)
{
    g_byte_array_set_size(into, (guint)(n_expected + 1));
    for (guint used = 0;;) {
        ssize_t n;

        if (used == into->len)
            g_byte_array_set_size(into, into->len + MAX(into->len / 2, FIRST_READ_BYTES));
        n = read(fd, into->data + used, into->len - used);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return refuse_os(error, "read", path);
        if (n == 0) {
            g_byte_array_set_size(into, used);
            return true;
        }
        used += (guint)n;
        if (used > TEXT_MAX_BYTES) {
            g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "%s is larger than %u MiB, which no image is",
                        path, TEXT_MAX_BYTES >> 20);
            return false;
        }
    }
}

static GByteArray *read_whole(const char *path, GError **error)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat status;
    bool done = false;

    if (fd < 0 || fstat(fd, &status) != 0)
        refuse_os(error, "open", path);
    else if (S_ISDIR(status.st_mode))
        g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "%s is a folder, not a file", path);
    else
        done = read_stream(fd, path, CLAMP(status.st_size, 0, (off_t)TEXT_MAX_BYTES), bytes, error);
    if (fd >= 0)
        close(fd);
    return done ? g_steal_pointer(&bytes) : NULL;
}

/* What of the address space belongs to a file's program. */
struct window {
    uint32_t from;
    uint64_t to;
};
static const struct window everything = {0, (uint64_t)UINT32_MAX + 1};
static const struct window nrf5_flash = {0x1000, 0x10000000};

static bool take_hex(const char *path, const GByteArray *text, uint8_t erased, const struct window *window,
                     struct rig_image_file *file, GError **error)
{
    struct rig_hex_fault fault = {0};
    struct rig_hex hex;

    if (!rig_hex_read_within(text->data, text->len, window->from, window->to, RIG_IMAGE_FILE_MAX_BYTES,
                             erased, &hex, &fault)) {
        if (fault.line)
            g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "%s:%zu: %s", path, fault.line, fault.why);
        else
            g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "%s: %s", path, fault.why);
        return false;
    }
    *file = (struct rig_image_file){hex.contents, true, hex.base_address};
    return true;
}

static bool read_within(const char *path, uint8_t erased, const struct window *window,
                        struct rig_image_file *file, GError **error)
{
    g_autoptr(GByteArray) bytes = read_whole(path, error);

    *file = (struct rig_image_file){0};
    if (!bytes)
        return false;
    if (rig_hex_looks_like(bytes->data, bytes->len))
        return take_hex(path, bytes, erased, window, file, error);
    if (bytes->len > RIG_IMAGE_FILE_MAX_BYTES) {
        g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "%s is larger than %u MiB, which no image is", path,
                    RIG_IMAGE_FILE_MAX_BYTES >> 20);
        return false;
    }
    file->contents.n_bytes = bytes->len;
    /* rig_bytes_clear() frees with free(), which is what GLib's allocator is. */
    file->contents.bytes = g_byte_array_free(g_steal_pointer(&bytes), FALSE);
    return true;
}

bool rig_image_file_read(const char *path, uint8_t erased, struct rig_image_file *file, GError **error)
{
    return read_within(path, erased, &everything, file, error);
}

bool rig_image_file_read_nrf5(const char *path, struct rig_image_file *file, GError **error)
{
    size_t n_bytes;

    if (!read_within(path, 0xff, &nrf5_flash, file, error))
        return false;
    n_bytes = (file->contents.n_bytes + 3) / 4 * 4;
    if (file->is_hex && n_bytes > file->contents.n_bytes) {
        file->contents.bytes = g_realloc(file->contents.bytes, n_bytes);
        memset(file->contents.bytes + file->contents.n_bytes, 0xff, n_bytes - file->contents.n_bytes);
        file->contents.n_bytes = n_bytes;
    }
    return true;
}

GBytes *rig_cli_file_read(const char *path, GError **error)
{
    GByteArray *bytes = read_whole(path, error);

    return bytes ? g_byte_array_free_to_bytes(bytes) : NULL;
}

static bool is_hex_name(const char *path)
{
    return g_str_has_suffix(path, ".hex") || g_str_has_suffix(path, ".ihex") ||
           g_str_has_suffix(path, ".ihx");
}

bool rig_image_file_write(const char *path, enum rig_image_format format, const struct rig_bytes *contents,
                          uint32_t base_address, GError **error)
{
    struct rig_bytes text;
    bool done;

    if (format == RIG_IMAGE_FORMAT_BINARY || (format == RIG_IMAGE_FORMAT_BY_NAME && !is_hex_name(path)))
        return rig_file_replace(path, RIG_FILE_PUBLIC, contents->bytes, contents->n_bytes, error);
    if (!rig_hex_write(contents->bytes, contents->n_bytes, base_address, &text)) {
        g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "cannot write %s: %zu bytes at 0x%08x pass 4 GiB",
                    path, contents->n_bytes, base_address);
        return false;
    }
    done = rig_file_replace(path, RIG_FILE_PUBLIC, text.bytes, text.n_bytes, error);
    rig_bytes_clear(&text);
    return done;
}

bool rig_image_format_parse(const char *text, enum rig_image_format *format, GError **error)
{
    *format = RIG_IMAGE_FORMAT_BY_NAME;
    if (!text)
        return true;
    if (g_str_equal(text, "hex"))
        *format = RIG_IMAGE_FORMAT_HEX;
    else if (g_str_equal(text, "bin"))
        *format = RIG_IMAGE_FORMAT_BINARY;
    else
        g_set_error(error, RIG_ERROR, RIG_ERROR_USAGE, "--format: '%s' is neither bin nor hex", text);
    return *format != RIG_IMAGE_FORMAT_BY_NAME;
}

static struct rig_key *load_test_key(const char *name, GError **error)
{
    g_auto(GStrv) parts = g_strsplit(name, ":", 2);
    const char *why = "the kinds are ecdsa-p256, ecdsa-p384, rsa-2048, rsa-3072, ed25519";
    struct rig_key *key = NULL;
    enum rig_key_kind kind;
    guint64 index = 0;

    if (parts[0] && parts[1] && !rig_number_parse("test key", parts[1], 1000, &index, error))
        return NULL;
    if (rig_key_kind_from_name(parts[0], &kind))
        key = rig_key_test(kind, (unsigned)index, &why);
    if (!key)
        g_set_error(error, RIG_ERROR, RIG_ERROR_USAGE, "there is no test key '%s': %s", name, why);
    return key;
}

struct rig_key *rig_image_key_load(const char *where, GError **error)
{
    g_autoptr(GByteArray) pem = NULL;
    const char *why = NULL;
    struct rig_key *key;

    if (g_str_has_prefix(where, "test:"))
        return load_test_key(where + strlen("test:"), error);
    pem = read_whole(where, error);
    if (!pem)
        return NULL;
    key = rig_key_from_pem(pem->data, pem->len, &why);
    if (!key)
        g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "%s: %s", where, why);
    return key;
}

static struct rig_encrypt_key *load_encrypt_test_key(const char *name, GError **error)
{
    g_auto(GStrv) parts = g_strsplit(name, ":", 2);
    const char *why = "the kinds are rsa-2048, aes-kw, aes-kw-256, ecies-p256, ecies-x25519";
    bool long_key = parts[0] && g_str_equal(parts[0], "aes-kw-256");
    struct rig_encrypt_key *key = NULL;
    enum rig_encrypt_kind kind;
    guint64 index = 0;

    if (parts[0] && parts[1] && !rig_number_parse("test key", parts[1], 1000, &index, error))
        return NULL;
    if (rig_encrypt_kind_from_name(long_key ? "aes-kw" : parts[0], &kind) && kind != RIG_ENCRYPT_NONE)
        key = rig_encrypt_key_test(kind, long_key ? 256 : 128, (unsigned)index, &why);
    if (!key)
        g_set_error(error, RIG_ERROR, RIG_ERROR_USAGE, "there is no test encryption key '%s': %s", name, why);
    return key;
}

struct rig_encrypt_key *rig_image_encrypt_key_load(const char *where, GError **error)
{
    g_autoptr(GByteArray) bytes = NULL;
    const char *why = NULL;
    struct rig_encrypt_key *key;

    if (g_str_has_prefix(where, "test:"))
        return load_encrypt_test_key(where + strlen("test:"), error);
    bytes = read_whole(where, error);
    if (!bytes)
        return NULL;
    key = rig_encrypt_key_from_file(bytes->data, bytes->len, &why);
    if (!key)
        g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "%s: %s", where, why);
    return key;
}

bool rig_number_parse(const char *what, const char *text, guint64 max, guint64 *value, GError **error)
{
    bool hex = g_str_has_prefix(text, "0x") || g_str_has_prefix(text, "0X");
    const char *digits = hex ? text + 2 : text;
    unsigned shift = 0;
    char *end = NULL;

    errno = 0;
    *value = g_ascii_strtoull(digits, &end, hex ? 16 : 10);
    if (g_str_equal(end, "K") || g_str_equal(end, "KiB"))
        shift = 10;
    else if (g_str_equal(end, "M") || g_str_equal(end, "MiB"))
        shift = 20;
    if (!g_ascii_isxdigit(*digits) || end == digits || (*end && shift == 0) || errno == ERANGE ||
        *value > max >> shift) {
        g_set_error(error, RIG_ERROR, RIG_ERROR_USAGE, "%s: '%s' is no number from 0 to %" G_GUINT64_FORMAT,
                    what, text, max);
        return false;
    }
    *value <<= shift;
    return true;
}

char *rig_hex_text(const uint8_t *bytes, size_t n_bytes)
{
    GString *text = g_string_sized_new(2 * n_bytes);

    for (size_t i = 0; i < n_bytes; i++)
        g_string_append_printf(text, "%02x", bytes[i]);
    return g_string_free(text, FALSE);
}

char *rig_test_key_name(const uint8_t hash[RIG_IMAGE_HASH_BYTES])
{
    for (unsigned i = 0; i < 4 * RIG_KEY_N_KINDS; i++) {
        enum rig_key_kind kind = (enum rig_key_kind)(i % RIG_KEY_N_KINDS);
        struct rig_key *key = rig_key_test(kind, i / RIG_KEY_N_KINDS, NULL);
        bool same = key && memcmp(rig_key_hash(key), hash, RIG_IMAGE_HASH_BYTES) == 0;

        rig_key_free(key);
        if (same)
            return g_strdup_printf("%s test key %u", rig_key_kind_name(kind), i / RIG_KEY_N_KINDS);
    }
    return NULL;
}

static void print_members(const struct rig_cli_family *family,
                          void (*print)(const char *format, ...) G_GNUC_PRINTF(1, 2))
{
    print("Usage: %s COMMAND [OPTION...]\n\n%s\n\n", family->name, family->head);
    for (gsize i = 0; i < family->n_members; i++)
        print("  %-8s %s\n", family->members[i].name, family->members[i].purpose);
    print("\n%s\n", family->tail);
}

int rig_cli_family_run(const struct rig_cli_family *family, int argc, char **argv)
{
    if (argc >= 2 &&
        (g_str_equal(argv[1], "--help") || g_str_equal(argv[1], "-h") || g_str_equal(argv[1], "help"))) {
        print_members(family, g_print);
        return RIG_IMAGE_EXIT_OK;
    }
    for (gsize i = 0; argc >= 2 && i < family->n_members; i++) {
        if (g_str_equal(argv[1], family->members[i].name)) {
            g_auto(GStrv) rest = g_strdupv(argv + 1);

            g_free(rest[0]);
            rest[0] = g_strdup(family->members[i].full_name);
            return family->members[i].run(rest);
        }
    }
    if (argc >= 2)
        g_printerr("%s: there is no command '%s'\n\n", family->name, argv[1]);
    print_members(family, g_printerr);
    return RIG_IMAGE_EXIT_BAD;
}
