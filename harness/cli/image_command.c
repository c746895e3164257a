/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `bootrig image`: finds the subcommand; verify, damage and key themselves. make and info have files of their
 * own. */
#include "cli/cli.h"

#include "base/error.h"
#include "cli/image_files.h"
#include "image/judge.h"

#include <stdlib.h>
#include <string.h>

static const char verify_description[] =
    "Without --key the structure and the hash are checked, and a signature only when the image carries its "
    "whole "
    "key; the\n"
    "answer says so. With --key (repeatable) the image must carry a signature by one of these keys. KEY is a "
    "PEM "
    "file,\n"
    "private or public, or test:KIND[:INDEX]. Hashes may be SHA-256, SHA-384 or SHA-512; keys ECDSA P-256 "
    "and "
    "P-384,\n"
    "RSA-2048, RSA-3072, Ed25519 (over the hash, or pure). An encrypted image needs --encryption-key: a "
    "private "
    "key\n"
    "(PEM: RSA-2048, P-256, X25519), 16 or 32 bytes in Base64 (AES-KW), or test:KIND[:INDEX]; without it "
    "only "
    "the\n"
    "signature over the stored hash can be checked: that is \"not judged\", neither good nor damaged.\n"
    "\n"
    "Exit codes: 0 the image verifies, 1 it does not, 2 bad usage or the files cannot be read, 4 not judged: "
    "nothing wrong\n"
    "was found, but not all of it could be checked; the answer says what.\n"
    "\n"
    "Examples:\n"
    "  bootrig image verify app.signed.bin --key key.pub.pem\n"
    "  bootrig image verify app.signed.bin --key test:ecdsa-p256 --max-size 122880\n"
    "  bootrig image verify app.signed.bin\n";

struct verify_options {
    char **keys;
    char *max_bytes, *secret;
    gboolean quiet;
};

static void verify_options_clear(struct verify_options *options)
{
    g_clear_pointer(&options->keys, g_strfreev);
    g_clear_pointer(&options->max_bytes, g_free);
    g_clear_pointer(&options->secret, g_free);
}

typedef struct verify_options verify_options;
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(verify_options, verify_options_clear)

static bool parse_verify(char ***argv, struct verify_options *options, GError **error)
{
    const GOptionEntry entries[] = {
        {"key", 'k', 0, G_OPTION_ARG_FILENAME_ARRAY, &options->keys,
         "A key that the bootloader knows; repeatable", "KEY"},
        {"encryption-key", 'E', 0, G_OPTION_ARG_FILENAME, &options->secret,
         "The device's private key, which decrypts the image", "KEY"},
        {"max-size", 0, 0, G_OPTION_ARG_STRING, &options->max_bytes, "Largest image that the slot takes",
         "BYTES"},
        {"quiet", 'q', 0, G_OPTION_ARG_NONE, &options->quiet, "Say it by the exit code only", NULL},
        G_OPTION_ENTRY_NULL,
    };

    return rig_cli_image_parse(argv, "INPUT", "Checks an MCUboot image as a bootloader does.",
                               verify_description, entries, error);
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

static struct rig_encrypt_key *load_secret(const char *where, GError **error)
{
    struct rig_encrypt_key *secret = rig_image_encrypt_key_load(where, error);

    if (!secret || rig_encrypt_key_is_private(secret))
        return secret;
    g_set_error(error, RIG_ERROR, RIG_ERROR_USAGE,
                "--encryption-key: %s is a public key: it decrypts nothing", where);
    rig_encrypt_key_free(secret);
    return NULL;
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

static int verify_file(const char *path, const struct verify_options *options, GError **error)
{
    g_autoptr(GPtrArray) keys = NULL;
    guint64 max_bytes = UINT32_MAX;
    struct rig_encrypt_key *secret = NULL;
    struct rig_image_judgement judgement;
    struct rig_image_file file;

    if (options->max_bytes &&
        !rig_number_parse("--max-size", options->max_bytes, UINT32_MAX, &max_bytes, error))
        return RIG_IMAGE_EXIT_BAD;
    keys = load_keys(options->keys, error);
    if (!keys || (options->secret && !(secret = load_secret(options->secret, error))))
        return RIG_IMAGE_EXIT_BAD;
    if (!rig_image_file_read(path, 0xff, &file, error)) {
        rig_encrypt_key_free(secret);
        return RIG_IMAGE_EXIT_BAD;
    }
    const struct rig_memory_image memory = {file.contents.bytes, file.contents.n_bytes};
    const struct rig_image_source source = rig_image_source_from_memory(&memory);

    rig_image_judge(&source, (const struct rig_key *const *)keys->pdata, keys->len, secret,
                    (uint32_t)max_bytes, &judgement);
    rig_encrypt_key_free(secret);
    if (!options->quiet)
        say(path, &source, &judgement, keys->len > 0);
    rig_bytes_clear(&file.contents);
    return judgement.verdict == RIG_IMAGE_PASSES  ? RIG_IMAGE_EXIT_OK
           : judgement.verdict == RIG_IMAGE_FAILS ? RIG_IMAGE_EXIT_NOT_VERIFIED
                                                  : RIG_IMAGE_EXIT_NOT_JUDGED;
}

static int run_verify(char **argv)
{
    g_auto(GStrv) rest = g_strdupv(argv);
    g_auto(verify_options) options = {0};
    g_autoptr(GError) error = NULL;
    int code = RIG_IMAGE_EXIT_BAD;

    if (!parse_verify(&rest, &options, &error))
        return rig_cli_image_complain(error);
    if (g_strv_length(rest) != 2)
        g_set_error(&error, RIG_ERROR, RIG_ERROR_USAGE, "name one INPUT (see bootrig image verify --help)");
    else
        code = verify_file(rest[1], &options, &error);
    return error ? rig_cli_image_complain(error) : code;
}

static const char *const meanings[RIG_DAMAGE_N_KINDS] = {
    [RIG_DAMAGE_FLIP_HEADER] = "one bit of the header (default: in the version)",
    [RIG_DAMAGE_FLIP_PAYLOAD] = "one bit of the payload (default: its middle)",
    [RIG_DAMAGE_FLIP_TLV] = "one bit of the unprotected TLVs (default: in the signature, else the hash)",
    [RIG_DAMAGE_FLIP_PROTECTED] = "one bit of the protected TLVs",
    [RIG_DAMAGE_TRUNCATE] = "only the first bytes are kept (default: half of the image)",
    [RIG_DAMAGE_WRONG_HASH] = "the stored hash is another one, the signature stays",
    [RIG_DAMAGE_NO_HASH] = "the hash TLV is missing",
    [RIG_DAMAGE_NO_SIGNATURE] = "the signature TLV is missing, the key hash stays",
    [RIG_DAMAGE_NO_TLVS] = "the image ends before its unprotected TLVs",
    [RIG_DAMAGE_LIE_PAYLOAD_SIZE] = "the header says more payload than there is",
    [RIG_DAMAGE_LIE_HEADER_SIZE] = "the header says that it has 0 bytes",
    [RIG_DAMAGE_LIE_TLV_TOTAL] = "the TLV area says that it runs past the end",
    [RIG_DAMAGE_LIE_PROTECTED] = "the header's size of the protected area is not the area's own",
    [RIG_DAMAGE_BAD_MAGIC] = "the header's magic is another number",
    [RIG_DAMAGE_WRAP_SIZES] = "sizes whose sum overflows 32 bits",
    [RIG_DAMAGE_NO_KEY] = "the TLV with the public key or its hash is missing, the signature stays",
    [RIG_DAMAGE_FLIP_ENCRYPTED_KEY] = "one bit of the TLV with the encrypted key (default: its last byte)",
    [RIG_DAMAGE_SHORT_ENCRYPTED_KEY] = "the TLV with the encrypted key lacks its last byte",
    [RIG_DAMAGE_LIE_ENCRYPTED_KEY] = "the TLV with the encrypted key says that it is longer",
    [RIG_DAMAGE_NO_ENCRYPTED_KEY] = "the TLV with the encrypted key is missing",
    [RIG_DAMAGE_NO_ENCRYPTED_FLAG] = "the header does not say that the payload is encrypted",
};

static const char damage_description[] =
    "--at counts from the start of the damaged region; `truncate` keeps that "
    "many bytes of the file. What is signed is\n"
    "not signed again. A padded image keeps its size and its trailer. Older, "
    "too large and foreign images are not\n"
    "damaged ones: `bootrig image make` makes them (see its --help).\n"
    "\n"
    "Examples:\n"
    "  bootrig image damage app.bin --kind flip-payload -o broken.bin\n"
    "  bootrig image damage app.bin --kind truncate --at 100 -o short.bin\n"
    "  bootrig image damage --list\n";

struct damage_options {
    char *kind, *at, *output, *format;
    gboolean list;
};

static void damage_options_clear(struct damage_options *options)
{
    g_clear_pointer(&options->kind, g_free);
    g_clear_pointer(&options->at, g_free);
    g_clear_pointer(&options->output, g_free);
    g_clear_pointer(&options->format, g_free);
}

typedef struct damage_options damage_options;
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(damage_options, damage_options_clear)

static bool parse_damage(char ***argv, struct damage_options *options, GError **error)
{
    const GOptionEntry entries[] = {
        {"kind", 'k', 0, G_OPTION_ARG_STRING, &options->kind, "Which damage (see --list)", "NAME"},
        {"at", 0, 0, G_OPTION_ARG_STRING, &options->at, "Where, instead of the default place", "N"},
        {"output", 'o', 0, G_OPTION_ARG_FILENAME, &options->output, "Write the damaged image to FILE",
         "FILE"},
        {"format", 0, 0, G_OPTION_ARG_STRING, &options->format, "Output format, whatever the file's name",
         "bin|hex"},
        {"list", 0, 0, G_OPTION_ARG_NONE, &options->list, "List the kinds of damage", NULL},
        G_OPTION_ENTRY_NULL,
    };

    return rig_cli_image_parse(argv, "INPUT", "Damages an MCUboot image in one named way.",
                               damage_description, entries, error);
}

static bool apply(struct rig_bytes *image, const char *path, const struct damage_options *options,
                  GError **error)
{
    enum rig_image_damage damage;
    enum rig_image_status status;
    guint64 at = UINT32_MAX;

    if (!rig_image_damage_from_name(options->kind, &damage)) {
        g_set_error(error, RIG_ERROR, RIG_ERROR_USAGE,
                    "--kind: there is no damage '%s' (see bootrig image damage --list)", options->kind);
        return false;
    }
    if (options->at && !rig_number_parse("--at", options->at, UINT32_MAX - 1, &at, error))
        return false;
    status = rig_image_damage(image, damage, (uint32_t)at);
    if (status == RIG_IMAGE_READ_FAILED)
        g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT,
                    "%s: the image is cut short, or has no such place for %s", path, options->kind);
    else if (status)
        g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "%s: cannot apply %s: %s", path, options->kind,
                    rig_image_status_text(status));
    return status == RIG_IMAGE_OK;
}

static bool damage_file(const char *path, const struct damage_options *options, GError **error)
{
    enum rig_image_format format;
    struct rig_image_file file;
    bool done;

    if (!rig_image_format_parse(options->format, &format, error) ||
        !rig_image_file_read(path, 0xff, &file, error))
        return false;
    done = apply(&file.contents, path, options, error) &&
           rig_image_file_write(options->output, format, &file.contents, file.base_address, error);
    rig_bytes_clear(&file.contents);
    return done;
}

static int list_kinds(void)
{
    for (unsigned damage = 0; damage < RIG_DAMAGE_N_KINDS; damage++)
        g_print("%-20s %s\n", rig_image_damage_name((enum rig_image_damage)damage), meanings[damage]);
    return RIG_IMAGE_EXIT_OK;
}

static int run_damage(char **argv)
{
    g_auto(GStrv) rest = g_strdupv(argv);
    g_auto(damage_options) options = {0};
    g_autoptr(GError) error = NULL;

    if (!parse_damage(&rest, &options, &error))
        return rig_cli_image_complain(error);
    if (options.list)
        return list_kinds();
    if (!options.kind || !options.output || g_strv_length(rest) != 2)
        g_set_error(&error, RIG_ERROR, RIG_ERROR_USAGE,
                    "name one INPUT, --kind and --output (see bootrig image damage --help)");
    else if (damage_file(rest[1], &options, &error))
        return RIG_IMAGE_EXIT_OK;
    return rig_cli_image_complain(error);
}

static const char key_description[] =
    "Commands:\n"
    "  make KIND -o FILE      a new private key; KIND is ecdsa-p256, ecdsa-p384, rsa-2048, rsa-3072 or "
    "ed25519\n"
    "  show KEY               kind, private or public, and the key hash that images carry\n"
    "  public KEY [-o FILE]   the public half as PEM, to FILE or to the terminal\n"
    "  code KEY [-o FILE]     the public half as C, for Nordic's secure bootloader (dfu_public_key.c)\n"
    "\n"
    "KEY is a PEM file, or test:KIND or test:KIND:INDEX for one of the rig's test keys. Index 0 is the "
    "board's own key, the\n"
    "others are strangers'. The private part of a test key is public: never sign a product with one.\n"
    "\n"
    "Examples:\n"
    "  bootrig image key make ed25519 -o key.pem\n"
    "  bootrig image key public key.pem -o key.pub.pem\n"
    "  bootrig image key show test:ecdsa-p256\n"
    "  bootrig image key code key.pem -o dfu_public_key.c\n";

static bool write_key(const struct rig_key *key, bool private_part, const char *output, GError **error)
{
    char *pem = rig_key_to_pem(key, private_part);
    bool done = pem != NULL;

    if (!pem)
        g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "the key cannot be written as PEM");
    else if (output)
        done = rig_file_replace(output, private_part ? RIG_FILE_SECRET : RIG_FILE_PUBLIC, pem, strlen(pem),
                                error);
    else
        g_print("%s", pem);
    free(pem);
    return done;
}

static bool make_key(const char *kind_name, const char *output, GError **error)
{
    const char *why = "the kinds are ecdsa-p256, ecdsa-p384, rsa-2048, rsa-3072, ed25519";
    enum rig_key_kind kind;
    struct rig_key *key = NULL;
    bool done;

    if (!output) {
        g_set_error(error, RIG_ERROR, RIG_ERROR_USAGE, "key make needs --output");
        return false;
    }
    if (rig_key_kind_from_name(kind_name, &kind))
        key = rig_key_generate(kind, &why);
    if (!key) {
        g_set_error(error, RIG_ERROR, RIG_ERROR_USAGE, "cannot make a key of kind '%s': %s", kind_name, why);
        return false;
    }
    done = write_key(key, true, output, error);
    rig_key_free(key);
    return done;
}

static void show_key(const struct rig_key *key)
{
    g_autofree char *hash = rig_hex_text(rig_key_hash(key), RIG_IMAGE_HASH_BYTES);
    g_autofree char *test_key = rig_test_key_name(rig_key_hash(key));

    g_print("kind      %s\n", rig_key_kind_name(rig_key_kind(key)));
    g_print("part      %s\n", rig_key_is_private(key) ? "private" : "public");
    g_print("key hash  %s\n", hash);
    if (test_key)
        g_print("          this is the rig's %s: everybody has its private part\n", test_key);
}

#define COORDINATE_BYTES 32u

/* x and y stand at the end of the public key's DER, the most significant byte first; the bootloader wants
 * each the other way round. */
static bool write_code(const struct rig_key *key, const char *output, GError **error)
{
    g_autoptr(GString) text = g_string_new("#include \"compiler_abstraction.h\"\n#include <stdint.h>\n\n"
                                           "__ALIGN(4) const uint8_t pk[64] = {");
    size_t n_bytes;
    const uint8_t *der = rig_key_public_der(key, &n_bytes);
    const uint8_t *point = der + n_bytes - 2 * COORDINATE_BYTES;

    if (rig_key_kind(key) != RIG_KEY_ECDSA_P256) {
        g_set_error(error, RIG_ERROR, RIG_ERROR_USAGE,
                    "Nordic's secure bootloader takes ecdsa-p256 keys, and this one is %s",
                    rig_key_kind_name(rig_key_kind(key)));
        return false;
    }
    for (unsigned i = 0; i < 2 * COORDINATE_BYTES; i++)
        g_string_append_printf(
            text, "%s0x%02x,", i % 16 ? " " : "\n    ",
            point[i / COORDINATE_BYTES * COORDINATE_BYTES + COORDINATE_BYTES - 1 - i % COORDINATE_BYTES]);
    g_string_append(text, "\n};\n");
    if (output)
        return rig_file_replace(output, RIG_FILE_PUBLIC, text->str, text->len, error);
    g_print("%s", text->str);
    return true;
}

static bool use_key(const char *command, const char *where, const char *output, GError **error)
{
    struct rig_key *key = rig_image_key_load(where, error);
    bool done = key != NULL;

    if (key && g_str_equal(command, "show"))
        show_key(key);
    else if (key && g_str_equal(command, "code"))
        done = write_code(key, output, error);
    else if (key)
        done = write_key(key, false, output, error);
    rig_key_free(key);
    return done;
}

static int run_key(char **argv)
{
    g_auto(GStrv) rest = g_strdupv(argv);
    g_autofree char *output = NULL;
    g_autoptr(GError) error = NULL;
    const GOptionEntry entries[] = {
        {"output", 'o', 0, G_OPTION_ARG_FILENAME, &output, "Write the key to FILE", "FILE"},
        G_OPTION_ENTRY_NULL,
    };
    bool done = false;

    if (!rig_cli_image_parse(&rest, "make|show|public|code KIND|KEY", "Signing keys for images and packages.",
                             key_description, entries, &error))
        return rig_cli_image_complain(error);
    if (g_strv_length(rest) == 3 && g_str_equal(rest[1], "make"))
        done = make_key(rest[2], output, &error);
    else if (g_strv_length(rest) == 3 &&
             (g_str_equal(rest[1], "show") || g_str_equal(rest[1], "public") || g_str_equal(rest[1], "code")))
        done = use_key(rest[1], rest[2], output, &error);
    else
        g_set_error(&error, RIG_ERROR, RIG_ERROR_USAGE,
                    "say make KIND, show KEY, public KEY or code KEY (see bootrig image key --help)");
    return done ? RIG_IMAGE_EXIT_OK : rig_cli_image_complain(error);
}

static const struct rig_cli_member members[] = {
    {"make", "bootrig image make", "make and sign images from binaries, Intel HEX or synthetic bytes",
     rig_cli_image_make},
    {"info", "bootrig image info", "show what an image holds", rig_cli_image_info},
    {"verify", "bootrig image verify", "check hash and signature as a bootloader does", run_verify},
    {"damage", "bootrig image damage", "damage an image in one named way", run_damage},
    {"key", "bootrig image key", "make and show signing keys", run_key},
};

static const struct rig_cli_family family = {
    .name = "bootrig image",
    .head = "MCUboot images: make, inspect, verify and damage them.",
    .tail =
        "`bootrig image COMMAND --help` says more, with examples.\n"
        "Exit codes: 0 done, 1 the image did not verify, 2 bad usage or bad input, 4 (verify) not judged.",
    .members = members,
    .n_members = G_N_ELEMENTS(members),
};

int rig_cli_image(int argc, char **argv)
{
    return rig_cli_family_run(&family, argc, argv);
}
