/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `bootrig image verify`: the verdict on an image, with the reason. */
#include "cli/image_files.h"
#include "cli/image_subcommands.h"
#include "image/judge.h"

static const char description[] =
    "Without --key the structure and the hash are checked, and a signature only when the image carries its "
    "whole "
    "key; the\n"
    "answer says so. With --key (repeatable) the image must carry a signature by one of these keys. KEY is a "
    "PEM "
    "file,\n"
    "private or public, or test:KIND[:INDEX]. Hashes may be SHA-256, SHA-384 or SHA-512; keys ECDSA P-256 "
    "and "
    "P-384,\n"
    "RSA-2048, RSA-3072, Ed25519 (over the hash, or pure). Of an encrypted image only the signature over the "
    "stored hash,\n"
    "of a compressed one only the stored form can be checked: that is \"not judged\", neither good nor "
    "damaged.\n"
    "\n"
    "Exit codes: 0 the image verifies, 1 it does not, 2 bad usage or the files cannot be read, 4 not judged: "
    "nothing wrong\n"
    "was found, but not all of it could be checked; the answer says what.\n"
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

/* "no signature by a known key" alone leaves a person guessing whose it is. */
static void name_keys(const struct rig_image_source *source, const struct rig_image_layout *layout)
{
    struct rig_image_tlv_cursor cursor = {0};
    struct rig_image_tlv_entry entry;

    while (rig_image_next_tlv(source, layout, &cursor, &entry) == RIG_IMAGE_OK) {
        uint8_t bytes[512];
        bool whole = entry.type == RIG_IMAGE_TLV_PUBKEY;

        if ((entry.type == RIG_IMAGE_TLV_KEYHASH || whole) && entry.n_bytes <= sizeof bytes &&
            source->read(source->user, entry.offset, bytes, entry.n_bytes)) {
            g_autofree char *text = rig_hex_text(bytes, entry.n_bytes);
            g_autofree char *name =
                entry.n_bytes == RIG_IMAGE_HASH_BYTES && !whole ? rig_test_key_name(bytes) : NULL;

            g_print("  the image %s the key %s%s%s%s\n", whole ? "carries" : "names", text,
                    name ? " (the rig's " : "", name ? name : "", name ? ")" : "");
        }
    }
}

static void append_finding(GString *text, const char *finding)
{
    if (finding[0])
        g_string_append_printf(text, "%s%s", text->len ? ", " : "", finding);
}

static void say(const char *path, const struct rig_image_source *source,
                const struct rig_image_judgement *judgement, bool with_keys)
{
    char version[RIG_IMAGE_VERSION_TEXT_BYTES];
    g_autoptr(GString) found = g_string_new(NULL);

    append_finding(found, judgement->hash);
    append_finding(found, judgement->signature);
    switch (judgement->verdict) {
    case RIG_IMAGE_FAILS:
        g_print("%s: FAIL: %s\n", path, judgement->why);
        if (judgement->status == RIG_IMAGE_NO_SIGNATURE)
            name_keys(source, &judgement->layout);
        return;
    case RIG_IMAGE_NOT_JUDGED:
        g_print("%s: not judged: %s\n", path, judgement->why);
        g_print("  checked: %s\n", found->len ? found->str : "the structure");
        return;
    case RIG_IMAGE_PASSES:
        break;
    }
    if (!with_keys && !judgement->signature[0])
        g_string_append(found, "; no signature was checked (no --key)");
    rig_image_version_format(&judgement->layout.header.version, version);
    g_print("%s: pass: version %s, %u bytes, %s\n", path, version, judgement->layout.end, found->str);
}

static int verify_file(const char *path, const struct options *options, GError **error)
{
    g_autoptr(GPtrArray) keys = NULL;
    guint64 max_bytes = UINT32_MAX;
    struct rig_image_judgement judgement;
    struct rig_image_file file;

    if (options->max_bytes &&
        !rig_number_parse("--max-size", options->max_bytes, UINT32_MAX, &max_bytes, error))
        return RIG_IMAGE_EXIT_BAD;
    keys = load_keys(options->keys, error);
    if (!keys || !rig_image_file_read(path, 0xff, &file, error))
        return RIG_IMAGE_EXIT_BAD;
    const struct rig_memory_image memory = {file.contents.bytes, file.contents.n_bytes};
    const struct rig_image_source source = rig_image_source_from_memory(&memory);

    rig_image_judge(&source, (const struct rig_key *const *)keys->pdata, keys->len, (uint32_t)max_bytes,
                    &judgement);
    if (!options->quiet)
        say(path, &source, &judgement, keys->len > 0);
    rig_bytes_clear(&file.contents);
    return judgement.verdict == RIG_IMAGE_PASSES  ? RIG_IMAGE_EXIT_OK
           : judgement.verdict == RIG_IMAGE_FAILS ? RIG_IMAGE_EXIT_NOT_VERIFIED
                                                  : RIG_IMAGE_EXIT_NOT_JUDGED;
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
