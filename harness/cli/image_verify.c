/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `bootrig image verify`: the bootloader's verdict on an image, with the reason. */
#include "cli/image_files.h"
#include "cli/image_subcommands.h"

static const char description[] =
    "Without --key only the structure and the hash are checked; the answer says so. With --key (repeatable) "
    "the image must\n"
    "carry a signature by one of these keys. KEY is a PEM file, private or public, or test:KIND[:INDEX].\n"
    "\n"
    "Exit codes: 0 the image verifies, 1 it does not, 2 bad usage or the files cannot be read.\n"
    "\n"
    "Examples:\n"
    "  bootrig image verify app.signed.bin --key key.pub.pem\n"
    "  bootrig image verify app.signed.bin --key test:ecdsa-p256 --max-size 122880\n"
    "  bootrig image verify app.signed.bin\n";

struct options {
    char **keys;
    char *max_bytes;
    gboolean quiet;
};

static void options_clear(struct options *options)
{
    g_clear_pointer(&options->keys, g_strfreev);
    g_clear_pointer(&options->max_bytes, g_free);
}

typedef struct options option_values;
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(option_values, options_clear)

static bool parse(char ***argv, struct options *options, GError **error)
{
    const GOptionEntry entries[] = {
        {"key", 'k', 0, G_OPTION_ARG_FILENAME_ARRAY, &options->keys,
         "A key that the bootloader knows; repeatable", "KEY"},
        {"max-size", 0, 0, G_OPTION_ARG_STRING, &options->max_bytes, "Largest image that the slot takes",
         "BYTES"},
        {"quiet", 'q', 0, G_OPTION_ARG_NONE, &options->quiet, "Say it by the exit code only", NULL},
        G_OPTION_ENTRY_NULL,
    };

    return rig_cli_image_parse(argv, "INPUT", "Checks an MCUboot image as a bootloader does.", description,
                               entries, error);
}

static GPtrArray *load_keys(char **wheres, GError **error)
{
    g_autoptr(GPtrArray) keys = g_ptr_array_new_with_free_func((GDestroyNotify)rig_key_free);

    for (; wheres && *wheres; wheres++) {
        struct rig_key *key = rig_image_key_load(*wheres, error);

        if (!key)
            return NULL;
        g_ptr_array_add(keys, key);
    }
    return g_steal_pointer(&keys);
}

/* "no signature by a known key" alone leaves a person guessing which of the two it is. */
static void explain_missing_signature(const struct rig_image_source *source)
{
    struct rig_image_tlv_cursor cursor = {0};
    struct rig_image_tlv_entry entry;
    struct rig_image_layout layout;
    bool signed_by_somebody = false;

    if (rig_image_read_layout(source, UINT32_MAX, &layout) != RIG_IMAGE_OK)
        return;
    while (rig_image_next_tlv(source, &layout, &cursor, &entry) == RIG_IMAGE_OK) {
        uint8_t hash[RIG_IMAGE_HASH_BYTES];

        if (entry.type == RIG_IMAGE_TLV_KEYHASH && entry.n_bytes == sizeof hash &&
            source->read(source->user, entry.offset, hash, sizeof hash)) {
            g_autofree char *text = rig_hex_text(hash, sizeof hash);
            g_autofree char *name = rig_test_key_name(hash);

            g_print("  the image names the key %s%s%s%s\n", text, name ? " (the rig's " : "",
                    name ? name : "", name ? ")" : "");
            signed_by_somebody = true;
        }
    }
    if (!signed_by_somebody)
        g_print("  the image names no key: it is unsigned\n");
}

static void say(const char *path, const struct rig_image_source *source,
                const struct rig_image_policy *policy, const struct rig_image_layout *layout,
                enum rig_image_status status)
{
    char version[RIG_IMAGE_VERSION_TEXT_BYTES];

    if (status) {
        g_print("%s: FAIL: %s\n", path, rig_image_status_text(status));
        if (status == RIG_IMAGE_NO_SIGNATURE)
            explain_missing_signature(source);
        return;
    }
    rig_image_version_format(&layout->header.version, version);
    g_print("%s: pass: version %s, %u bytes, the hash matches%s\n", path, version, layout->end,
            policy->need_signature ? ", the signature matches" : "; no signature was checked (no --key)");
}

static int verify_file(const char *path, const struct options *options, GError **error)
{
    g_autoptr(GPtrArray) keys = NULL;
    guint64 max_bytes = UINT32_MAX;
    struct rig_image_layout layout = {0};
    struct rig_image_file file;
    enum rig_image_status status;

    if (options->max_bytes &&
        !rig_number_parse("--max-size", options->max_bytes, UINT32_MAX, &max_bytes, error))
        return RIG_IMAGE_EXIT_BAD;
    keys = load_keys(options->keys, error);
    if (!keys || !rig_image_file_read(path, 0xff, &file, error))
        return RIG_IMAGE_EXIT_BAD;
    const struct rig_image_policy policy = {
        .check_hash = true,
        .need_signature = keys->len > 0,
        .keys = (const struct rig_key *const *)keys->pdata,
        .n_keys = keys->len,
        .max_image_bytes = (uint32_t)max_bytes,
    };
    const struct rig_memory_image memory = {file.contents.bytes, file.contents.n_bytes};
    const struct rig_image_source source = rig_image_source_from_memory(&memory);

    status = rig_image_verify(&source, &policy, &layout);
    if (!options->quiet)
        say(path, &source, &policy, &layout, status);
    rig_bytes_clear(&file.contents);
    return status ? RIG_IMAGE_EXIT_NOT_VERIFIED : RIG_IMAGE_EXIT_OK;
}

int rig_cli_image_verify(char **argv)
{
    g_auto(GStrv) rest = g_strdupv(argv);
    g_auto(option_values) options = {0};
    g_autoptr(GError) error = NULL;
    int code = RIG_IMAGE_EXIT_BAD;

    if (!parse(&rest, &options, &error))
        return rig_cli_image_complain(error);
    if (g_strv_length(rest) != 2)
        g_set_error(&error, RIG_ERROR, RIG_ERROR_USAGE, "name one INPUT (see bootrig image verify --help)");
    else
        code = verify_file(rest[1], &options, &error);
    return error ? rig_cli_image_complain(error) : code;
}
