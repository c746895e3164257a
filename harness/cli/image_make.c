/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `bootrig image make`: recipes into files; one image, many inputs, or a batch. */
#include "cli/image_files.h"
#include "image/trailer.h"

#include <stdlib.h>
#include <string.h>

#define MAX_DEPENDENCIES 64u
#define MAX_CUSTOM 64u

/* The options as text. */
struct make_options {
    char *version, *key, *sign, *header_bytes, *counter, *load_address, *slot_bytes, *erased, *align,
        *max_sectors, *size, *seed, *format, *output, *output_dir, *batch, *sha, *public_key_format, *encrypt,
        *keylen, *hmac_sha, *encrypt_seed;
    char **dependencies, **custom;
    gboolean pad_header, header_reserved, pad, confirm, non_bootable, pure, pad_sig, clear, save_enctlv;
};

/* The options as values; a recipe and what it borrows. */
struct make_job {
    struct rig_image_recipe recipe;
    struct rig_image_dependency dependencies[MAX_DEPENDENCIES];
    struct rig_image_custom_tlv custom[MAX_CUSTOM];
    GByteArray *custom_bytes[MAX_CUSTOM];
    enum rig_image_format format;
    uint32_t max_sectors;
    bool save_enctlv;
    uint8_t encrypt_seed[RIG_ENCRYPT_SEED_BYTES];
};

/* Live as long as the command, so that a batch reads each key once. */
struct make_keys {
    GHashTable *signing, *encryption; /* by where they were read from */
};

static void make_options_clear(struct make_options *options)
{
    char **texts[] = {&options->version,      &options->key,     &options->sign,
                      &options->header_bytes, &options->counter, &options->load_address,
                      &options->slot_bytes,   &options->erased,  &options->align,
                      &options->max_sectors,  &options->size,    &options->seed,
                      &options->format,       &options->output,  &options->output_dir,
                      &options->batch,        &options->sha,     &options->public_key_format,
                      &options->encrypt,      &options->keylen,  &options->hmac_sha,
                      &options->encrypt_seed};

    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++)
        g_clear_pointer(texts[i], g_free);
    g_clear_pointer(&options->dependencies, g_strfreev);
    g_clear_pointer(&options->custom, g_strfreev);
}
typedef struct make_options make_options;
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(make_options, make_options_clear)

static const char description[] =
    "Without --pad-header and --header-reserved the whole INPUT is the payload and the header is put in "
    "front of it.\n"
    "That is what imgtool does with --pad-header, so --pad-header is accepted and changes nothing. A program "
    "linked with\n"
    "room for the header at its start (zephyr's CONFIG_ROM_START_OFFSET) needs --header-reserved: then the "
    "first\n"
    "--header-size bytes of INPUT become the header.\n"
    "\n"
    "Without --key and --sign the image is unsigned: it has a hash only. --sign uses one of the rig's test "
    "keys, whose\n"
    "private part is public. The same arguments give the same bytes, on every machine.\n"
    "\n"
    "Wrong images that need no damage: an older one is made with a lower --version or --security-counter, a "
    "too large\n"
    "one with --size above the slot, one of a stranger with --key test:ecdsa-p256:1.\n"
    "\n"
    "Examples:\n"
    "  bootrig image make app.bin -o app.signed.bin --version 1.2.3 --key key.pem\n"
    "  bootrig image make app.hex -o app.signed.hex --version 1.2.3 --header-size 0x200 --header-reserved "
    "--sign ed25519\n"
    "  bootrig image make --size 100KiB --payload-seed 7 --version 2.0.0 --sign ecdsa-p256 -o new.bin\n"
    "  bootrig image make app.bin -o slot.bin --version 1.0.0 --sign rsa-2048 --slot-size 128KiB --pad "
    "--confirm\n"
    "  bootrig image make build/*.bin --output-dir signed --version 1.2.3 --key key.pem\n"
    "  bootrig image make --batch list.txt --sign ecdsa-p256    (each line: INPUT -o OUTPUT --version ...)\n";

static gboolean make_options_parse(char ***argv, struct make_options *options, GError **error)
{
    const GOptionEntry entries[] = {
        {"output", 'o', 0, G_OPTION_ARG_FILENAME, &options->output,
         "Write the image to FILE (.hex: Intel HEX)", "FILE"},
        {"output-dir", 0, 0, G_OPTION_ARG_FILENAME, &options->output_dir,
         "Write NAME.signed.bin (or .hex) for each INPUT", "DIR"},
        {"batch", 0, 0, G_OPTION_ARG_FILENAME, &options->batch,
         "Make one image for each line of arguments in FILE", "FILE"},
        {"format", 0, 0, G_OPTION_ARG_STRING, &options->format, "Output format, whatever the file's name",
         "bin|hex"},
        {"version", 'v', 0, G_OPTION_ARG_STRING, &options->version, "Image version (default 0.0.0)",
         "A.B.C+D"},
        {"key", 'k', 0, G_OPTION_ARG_FILENAME, &options->key,
         "Sign with this private key (or test:KIND:INDEX)", "FILE.pem"},
        {"sign", 's', 0, G_OPTION_ARG_STRING, &options->sign,
         "Sign with a test key: none, ecdsa-p256, ecdsa-p384, rsa-2048, rsa-3072, ed25519, ed25519-sha512, "
         "ed25519-pure",
         "KIND"},
        {"sha", 0, 0, G_OPTION_ARG_STRING, &options->sha,
         "Hash: auto (default: 384 for P-384, 512 with --pure, else 256), 256, 384, 512", "BITS"},
        {"pure", 0, 0, G_OPTION_ARG_NONE, &options->pure,
         "Sign the image itself instead of its hash (Ed25519)", NULL},
        {"public-key-format", 0, 0, G_OPTION_ARG_STRING, &options->public_key_format,
         "The image carries the key's hash (default) or the whole key (MCUBOOT_HW_KEY)", "hash|full"},
        {"encrypt", 'E', 0, G_OPTION_ARG_FILENAME, &options->encrypt,
         "Encrypt the payload to this key: public or private PEM, Base64 (AES-KW), or test:KIND[:INDEX]",
         "KEY"},
        {"encrypt-keylen", 0, 0, G_OPTION_ARG_STRING, &options->keylen,
         "AES-128 (default) or AES-256 for the payload", "128|256"},
        {"hmac-sha", 0, 0, G_OPTION_ARG_STRING, &options->hmac_sha,
         "Hash of the key exchange: 256 (default), or 512 with X25519", "256|512"},
        {"clear", 'c', 0, G_OPTION_ARG_NONE, &options->clear,
         "With --encrypt: the payload stays plain, for the primary slot", NULL},
        {"save-enctlv", 0, 0, G_OPTION_ARG_NONE, &options->save_enctlv,
         "With --encrypt: the trailer has room for wrapped keys (MCUBOOT_SWAP_SAVE_ENCTLV)", NULL},
        {"encrypt-seed", 0, 0, G_OPTION_ARG_STRING, &options->encrypt_seed,
         "Draw the image's key from this number, for tests: the key is no secret then", "N"},
        {"pad-sig", 0, 0, G_OPTION_ARG_NONE, &options->pad_sig,
         "Zeros behind an ECDSA signature, for MCUboot before 1.5", NULL},
        {"header-size", 0, 0, G_OPTION_ARG_STRING, &options->header_bytes,
         "Size of the header with its filler (default 32)", "BYTES"},
        {"pad-header", 0, 0, G_OPTION_ARG_NONE, &options->pad_header,
         "Put the header in front of the input (the default)", NULL},
        {"header-reserved", 0, 0, G_OPTION_ARG_NONE, &options->header_reserved,
         "The input begins with room for the header", NULL},
        {"load-address", 0, 0, G_OPTION_ARG_STRING, &options->load_address,
         "RAM address to load to; sets the flag ram-load", "ADDRESS"},
        {"non-bootable", 0, 0, G_OPTION_ARG_NONE, &options->non_bootable, "Set the flag non-bootable", NULL},
        {"security-counter", 0, 0, G_OPTION_ARG_STRING, &options->counter,
         "Protected security counter (auto: from the version)", "N|auto"},
        {"dependency", 'd', 0, G_OPTION_ARG_STRING_ARRAY, &options->dependencies,
         "Needs image INDEX at least at VERSION; repeatable", "INDEX:VERSION"},
        {"custom-tlv", 0, 0, G_OPTION_ARG_STRING_ARRAY, &options->custom,
         "Protected TLV, for example 0xA0A0:c0ffee; repeatable", "TYPE:HEX"},
        {"slot-size", 'S', 0, G_OPTION_ARG_STRING, &options->slot_bytes,
         "Size of the slot, for --pad and for the size check", "BYTES"},
        {"pad", 0, 0, G_OPTION_ARG_NONE, &options->pad,
         "Fill up to the slot's size and end with the trailer's magic", NULL},
        {"confirm", 0, 0, G_OPTION_ARG_NONE, &options->confirm, "Like --pad, and mark the image confirmed",
         NULL},
        {"erased-value", 0, 0, G_OPTION_ARG_STRING, &options->erased,
         "What erased flash reads as: 0xff (default) or 0", "BYTE"},
        {"align", 0, 0, G_OPTION_ARG_STRING, &options->align,
         "Alignment of trailer fields: 8 (default), 16 or 32", "BYTES"},
        {"max-sectors", 0, 0, G_OPTION_ARG_STRING, &options->max_sectors,
         "Sectors the trailer keeps status for (default 128)", "N"},
        {"size", 0, 0, G_OPTION_ARG_STRING, &options->size, "No INPUT: a synthetic payload of this size",
         "BYTES"},
        {"payload-seed", 0, 0, G_OPTION_ARG_STRING, &options->seed,
         "Seed of the synthetic payload (default 1)", "N"},
        G_OPTION_ENTRY_NULL,
    };

    return rig_cli_image_parse(argv, "[INPUT...]", "Makes MCUboot images.", description, entries, error);
}

G_GNUC_PRINTF(2, 3) static bool make_refuse(GError **error, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    g_propagate_error(error, g_error_new_valist(RIG_ERROR, RIG_ERROR_USAGE, format, arguments));
    va_end(arguments);
    return false;
}

static bool make_number(const char *what, const char *text, guint64 fallback, guint64 max, guint64 *value,
                        GError **error)
{
    *value = fallback;
    return !text || rig_number_parse(what, text, max, value, error);
}

static bool take_dependencies(struct make_job *job, char **texts, GError **error)
{
    for (; texts && *texts; texts++) {
        struct rig_image_dependency *into = &job->dependencies[job->recipe.n_dependencies];
        g_auto(GStrv) parts = g_strsplit(*texts, ":", 2);
        guint64 image;

        if (job->recipe.n_dependencies == MAX_DEPENDENCIES)
            return make_refuse(error, "--dependency: at most %u", MAX_DEPENDENCIES);
        if (!parts[0] || !parts[1] || !rig_number_parse("--dependency", parts[0], UINT8_MAX, &image, NULL) ||
            !rig_image_version_parse(parts[1], &into->minimum))
            return make_refuse(error, "--dependency: '%s' is not INDEX:VERSION, for example 1:1.0.0", *texts);
        into->image = (uint8_t)image;
        job->recipe.n_dependencies++;
    }
    job->recipe.dependencies = job->dependencies;
    return true;
}

static bool append_hex(GByteArray *bytes, const char *text)
{
    for (; g_ascii_isxdigit(text[0]) && g_ascii_isxdigit(text[1]); text += 2) {
        guint8 byte = (guint8)(g_ascii_xdigit_value(text[0]) << 4 | g_ascii_xdigit_value(text[1]));

        g_byte_array_append(bytes, &byte, 1);
    }
    return *text == '\0' && bytes->len <= UINT16_MAX;
}

static bool take_custom(struct make_job *job, char **texts, GError **error)
{
    for (; texts && *texts; texts++) {
        size_t n = job->recipe.n_custom;
        g_auto(GStrv) parts = g_strsplit(*texts, ":", 2);
        guint64 type;

        if (n == MAX_CUSTOM)
            return make_refuse(error, "--custom-tlv: at most %u", MAX_CUSTOM);
        job->custom_bytes[n] = g_byte_array_new();
        job->recipe.n_custom++;
        if (!parts[0] || !parts[1] || !rig_number_parse("--custom-tlv", parts[0], 0xfffe, &type, NULL) ||
            !append_hex(job->custom_bytes[n], parts[1]))
            return make_refuse(error, "--custom-tlv: '%s' is not TYPE:HEX, for example 0xA0A0:c0ffee",
                               *texts);
        job->custom[n] = (struct rig_image_custom_tlv){(uint16_t)type, job->custom_bytes[n]->data,
                                                       (uint16_t)job->custom_bytes[n]->len};
    }
    job->recipe.custom = job->custom;
    return true;
}

static bool take_counter(struct rig_image_recipe *recipe, const char *text, GError **error)
{
    guint64 counter = (guint64)recipe->version.major << 24 | (guint64)recipe->version.minor << 16 |
                      recipe->version.revision;

    if (!text)
        return true;
    if (!g_str_equal(text, "auto") &&
        !rig_number_parse("--security-counter", text, UINT32_MAX, &counter, error))
        return false;
    recipe->has_security_counter = true;
    recipe->security_counter = (uint32_t)counter;
    return true;
}

static bool take_header(struct rig_image_recipe *recipe, const struct make_options *options, GError **error)
{
    guint64 header_bytes, load_address;

    if (options->pad_header && options->header_reserved)
        return make_refuse(error, "--pad-header and --header-reserved exclude each other");
    if (options->version && !rig_image_version_parse(options->version, &recipe->version))
        return make_refuse(error, "--version: '%s' is no version like 1.2.3 or 1.2.3+4", options->version);
    if (!make_number("--header-size", options->header_bytes, RIG_IMAGE_HEADER_BYTES, UINT16_MAX,
                     &header_bytes, error) ||
        !make_number("--load-address", options->load_address, 0, UINT32_MAX, &load_address, error))
        return false;
    if (header_bytes < RIG_IMAGE_HEADER_BYTES)
        return make_refuse(error, "--header-size: a header has at least %u bytes", RIG_IMAGE_HEADER_BYTES);
    recipe->header_bytes = (uint16_t)header_bytes;
    recipe->load_address = (uint32_t)load_address;
    recipe->flags = (options->load_address ? RIG_IMAGE_FLAG_RAM_LOAD : 0u) |
                    (options->non_bootable ? RIG_IMAGE_FLAG_NON_BOOTABLE : 0u);
    return true;
}

static bool take_slot(struct make_job *job, const struct make_options *options, GError **error)
{
    guint64 slot_bytes, erased, align, max_sectors;

    if (!make_number("--slot-size", options->slot_bytes, 0, RIG_IMAGE_FILE_MAX_BYTES, &slot_bytes, error) ||
        !make_number("--erased-value", options->erased, 0xff, 0xff, &erased, error) ||
        !make_number("--align", options->align, 8, 32, &align, error) ||
        !make_number("--max-sectors", options->max_sectors, 128, 65536, &max_sectors, error))
        return false;
    if (erased != 0 && erased != 0xff)
        return make_refuse(error, "--erased-value: erased flash reads as 0xff or 0");
    if (align != 8 && align != 16 && align != 32)
        return make_refuse(error, "--align: trailer fields are aligned to 8, 16 or 32 bytes");
    if ((options->pad || options->confirm) && slot_bytes == 0)
        return make_refuse(error, "--pad and --confirm need --slot-size");
    job->recipe.pad_to_bytes = options->pad || options->confirm ? (uint32_t)slot_bytes : 0;
    job->recipe.confirm = options->confirm;
    job->recipe.erased = (uint8_t)erased;
    job->recipe.max_align = (uint8_t)align;
    job->max_sectors = (uint32_t)max_sectors;
    return true;
}

/* What of it does not fit the key is told by take_key(). */
static bool take_how(struct rig_image_recipe *recipe, const struct make_options *options, GError **error)
{
    static const struct {
        const char *name;
        uint16_t type;
    } hashes[] = {{"auto", 0},
                  {"256", RIG_IMAGE_TLV_SHA256},
                  {"384", RIG_IMAGE_TLV_SHA384},
                  {"512", RIG_IMAGE_TLV_SHA512}};
    enum rig_key_kind kind;
    gsize i = 0;

    if (options->sign && !options->key)
        (void)rig_signing_from_name(options->sign, &kind, &recipe->how);
    recipe->how.pure |= options->pure;
    recipe->pad_signature = options->pad_sig;
    recipe->how.key_in_image = g_strcmp0(options->public_key_format, "full") == 0;
    if (options->public_key_format && !recipe->how.key_in_image &&
        !g_str_equal(options->public_key_format, "hash"))
        return make_refuse(error, "--public-key-format: '%s' is neither hash nor full",
                           options->public_key_format);
    if (!options->sha)
        return true;
    while (i < G_N_ELEMENTS(hashes) && !g_str_equal(options->sha, hashes[i].name))
        i++;
    if (i == G_N_ELEMENTS(hashes))
        return make_refuse(error, "--sha: '%s' is none of auto, 256, 384, 512", options->sha);
    if (hashes[i].type && recipe->how.pure)
        return make_refuse(error, "--sha and a pure signature exclude each other: its hash is SHA-512");
    if (hashes[i].type)
        recipe->how.hash_type = hashes[i].type;
    return true;
}

/* [SRC imgtool/image.py ALLOWED_KEY_SHA] What a bootloader with such a key can be built for. */
static bool key_takes(const struct rig_key *key, const char *where, const struct rig_image_recipe *recipe,
                      GError **error)
{
    enum rig_key_kind kind = rig_key_kind(key);
    uint16_t type = rig_key_hash_type(kind, &recipe->how);
    bool fits = kind == RIG_KEY_ED25519      ? type != RIG_IMAGE_TLV_SHA384
                : kind == RIG_KEY_ECDSA_P384 ? type == RIG_IMAGE_TLV_SHA384
                                             : type == RIG_IMAGE_TLV_SHA256;

    if (!rig_key_is_private(key))
        return make_refuse(error, "%s is a public key: it cannot sign", where);
    if (recipe->how.pure && kind != RIG_KEY_ED25519)
        return make_refuse(error, "%s is an %s key: only Ed25519 makes pure signatures", where,
                           rig_key_kind_name(kind));
    return fits || make_refuse(error, "%s is an %s key: no bootloader takes it with %s", where,
                               rig_key_kind_name(kind), rig_image_hash_name(type));
}

static bool take_encryption_options(struct make_job *job, const struct make_options *options, GError **error)
{
    struct rig_image_recipe *recipe = &job->recipe;
    guint64 bits, seed;

    if (!options->encrypt) {
        if (options->keylen || options->hmac_sha || options->clear || options->save_enctlv ||
            options->encrypt_seed)
            return make_refuse(error,
                               "--encrypt-keylen, --hmac-sha, --clear, --save-enctlv and --encrypt-seed "
                               "need --encrypt");
        return true;
    }
    if (!make_number("--encrypt-keylen", options->keylen, 128, 256, &bits, error) ||
        !make_number("--encrypt-seed", options->encrypt_seed, 0, G_MAXUINT64, &seed, error))
        return false;
    if (bits != 128 && bits != 256)
        return make_refuse(error, "--encrypt-keylen: AES has 128 or 256 bits");
    if (options->hmac_sha && !g_str_equal(options->hmac_sha, "auto") &&
        !g_str_equal(options->hmac_sha, "256") && !g_str_equal(options->hmac_sha, "512"))
        return make_refuse(error, "--hmac-sha: '%s' is none of auto, 256, 512", options->hmac_sha);
    recipe->aes_bits = (unsigned)bits;
    recipe->clear = options->clear;
    recipe->hmac_sha512 = g_strcmp0(options->hmac_sha, "512") == 0;
    job->save_enctlv = options->save_enctlv;
    if (options->encrypt_seed) {
        rig_image_fill_payload(seed, job->encrypt_seed, sizeof job->encrypt_seed);
        recipe->encrypt_seed = job->encrypt_seed;
    }
    return true;
}

static bool take_encryption(struct make_job *job, const struct make_options *options, struct make_keys *keys,
                            GError **error)
{
    struct rig_encrypt_key *key;
    enum rig_encrypt_kind kind;

    if (!take_encryption_options(job, options, error))
        return false;
    if (!options->encrypt)
        return true;
    key = g_hash_table_lookup(keys->encryption, options->encrypt);
    if (!key) {
        key = rig_image_encrypt_key_load(options->encrypt, error);
        if (!key)
            return false;
        g_hash_table_insert(keys->encryption, g_strdup(options->encrypt), key);
    }
    kind = rig_encrypt_key_kind(key);
    if (job->recipe.hmac_sha512 && kind != RIG_ENCRYPT_ECIES_X25519)
        return make_refuse(error, "--hmac-sha 512 is for X25519 keys, and %s is one of %s", options->encrypt,
                           rig_encrypt_kind_name(kind));
    if (!rig_encrypt_key_fits(key, kind, job->recipe.aes_bits))
        return make_refuse(error,
                           "%s does not wrap keys of AES-%u: an AES key must have the size of the image's",
                           options->encrypt, job->recipe.aes_bits);
    job->recipe.encrypt_to = key;
    return true;
}

/* "test:ed25519" of "ed25519-pure"; owned. */
static char *test_key_of(const char *sign)
{
    struct rig_signed_how how = {0};
    enum rig_key_kind kind;

    return g_strconcat("test:", rig_signing_from_name(sign, &kind, &how) ? rig_key_kind_name(kind) : sign,
                       NULL);
}

static bool take_key(struct rig_image_recipe *recipe, const struct make_options *options,
                     struct make_keys *keys, GError **error)
{
    g_autofree char *where = NULL;
    struct rig_key *key;

    if (options->key && options->sign)
        return make_refuse(error, "--key and --sign exclude each other");
    if (!options->key && (!options->sign || g_str_equal(options->sign, "none")))
        return !recipe->how.pure || make_refuse(error, "--pure needs --key or --sign");
    where = options->key ? g_strdup(options->key) : test_key_of(options->sign);
    key = g_hash_table_lookup(keys->signing, where);
    if (!key) {
        key = rig_image_key_load(where, error);
        if (!key)
            return false;
        g_hash_table_insert(keys->signing, g_strdup(where), key);
    }
    recipe->key = key;
    return key_takes(key, where, recipe, error);
}

static bool make_job_fill(struct make_job *job, const struct make_options *options, struct make_keys *keys,
                          GError **error)
{
    return take_header(&job->recipe, options, error) && take_counter(&job->recipe, options->counter, error) &&
           take_dependencies(job, options->dependencies, error) && take_custom(job, options->custom, error) &&
           take_slot(job, options, error) && take_how(&job->recipe, options, error) &&
           take_key(&job->recipe, options, keys, error) && take_encryption(job, options, keys, error) &&
           rig_image_format_parse(options->format, &job->format, error);
}

static void make_job_clear(struct make_job *job)
{
    for (size_t i = 0; i < job->recipe.n_custom; i++)
        g_byte_array_unref(job->custom_bytes[i]);
}
typedef struct make_job make_job;
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(make_job, make_job_clear)

#define BATCH_MAX_LINES 100000u

/* [SRC image.py _trailer_size] What a trailer keeps of each image's key. */
static uint32_t trailer_key_bytes(const struct make_job *job)
{
    const struct rig_image_recipe *recipe = &job->recipe;
    enum rig_encrypt_kind kind;

    if (!recipe->encrypt_to)
        return 0;
    kind = recipe->hmac_sha512 ? RIG_ENCRYPT_ECIES_X25519_SHA512 : rig_encrypt_key_kind(recipe->encrypt_to);
    return job->save_enctlv ? rig_encrypt_tlv_bytes(kind, recipe->aes_bits) : recipe->aes_bits / 8;
}

/* The library keeps only the trailer's fixed fields free; a board also needs the status records of its
 * sectors. */
static bool check_fit(const struct make_job *job, const struct make_options *options, size_t n_image_bytes,
                      const char *output, GError **error)
{
    struct rig_trailer_geometry geometry = {.mode = RIG_SWAP_MOVE,
                                            .write_bytes = job->recipe.max_align,
                                            .max_align = job->recipe.max_align,
                                            .max_sectors = job->max_sectors,
                                            .key_bytes = trailer_key_bytes(job),
                                            .erased = job->recipe.erased};
    struct rig_trailer_layout trailer;
    guint64 slot_bytes = 0;

    if (!options->slot_bytes ||
        !rig_number_parse("--slot-size", options->slot_bytes, UINT32_MAX, &slot_bytes, error))
        return !options->slot_bytes;
    geometry.slot_bytes = (uint32_t)slot_bytes;
    if (!rig_trailer_layout(&geometry, &trailer))
        return make_refuse(
            error, "--slot-size: %s cannot hold a trailer for %u sectors (see --max-sectors and --align)",
            options->slot_bytes, job->max_sectors);
    if (n_image_bytes > trailer.status)
        return make_refuse(error,
                           "%s: the image has %zu bytes, but a slot of %s leaves %u before its trailer "
                           "(--max-sectors %u; to "
                           "make a too large image on purpose, leave --slot-size away)",
                           output, n_image_bytes, options->slot_bytes, trailer.status, job->max_sectors);
    return true;
}

static bool build_and_write(struct make_job *job, const struct make_options *options, uint32_t base_address,
                            const char *output, GError **error)
{
    uint32_t pad_to_bytes = job->recipe.pad_to_bytes;
    struct rig_bytes image;
    enum rig_image_status status;
    bool done;

    /* The signature's length is only known once it is made, and so whether everything fits. */
    status = rig_image_build(&job->recipe, &image);
    if (status == RIG_IMAGE_BAD_TLV)
        return make_refuse(error, "%s: the protected TLVs have more than 65535 bytes", output);
    if (status == RIG_IMAGE_TOO_LARGE)
        return make_refuse(error, "%s: the image does not fit into %u bytes with its trailer", output,
                           pad_to_bytes);
    if (status)
        return make_refuse(error, "%s: %s", output, rig_image_status_text(status));
    if (pad_to_bytes) {
        const struct rig_memory_image memory = {image.bytes, image.n_bytes};
        const struct rig_image_source source = rig_image_source_from_memory(&memory);
        struct rig_image_layout layout;

        done = rig_image_read_layout(&source, UINT32_MAX, &layout) == RIG_IMAGE_OK &&
               check_fit(job, options, layout.end, output, error);
    } else {
        done = check_fit(job, options, image.n_bytes, output, error);
    }
    done = done && rig_image_file_write(output, job->format, &image, base_address, error);
    rig_bytes_clear(&image);
    return done;
}

static bool make_from_file(struct make_job *job, const struct make_options *options, const char *input,
                           const char *output, GError **error)
{
    uint16_t header_bytes = job->recipe.header_bytes;
    struct rig_image_file file;
    uint32_t base_address;
    bool done = false;

    if (!rig_image_file_read(input, job->recipe.erased, &file, error))
        return false;
    base_address = file.base_address;
    job->recipe.payload = file.contents.bytes;
    job->recipe.payload_bytes = file.contents.n_bytes;
    job->recipe.reserved = NULL;
    if (options->header_reserved && file.contents.n_bytes < header_bytes) {
        make_refuse(error, "%s: --header-reserved, but the file has only %zu of %u header bytes", input,
                    file.contents.n_bytes, header_bytes);
    } else if (!options->header_reserved && file.is_hex && base_address < header_bytes) {
        make_refuse(error, "%s: no room for a header of %u bytes below address 0x%x (see --header-reserved)",
                    input, header_bytes, base_address);
    } else {
        if (options->header_reserved) {
            job->recipe.reserved = file.contents.bytes;
            job->recipe.payload += header_bytes;
            job->recipe.payload_bytes -= header_bytes;
        } else if (file.is_hex) {
            base_address -= header_bytes;
        }
        done = build_and_write(job, options, base_address, output, error);
    }
    rig_bytes_clear(&file.contents);
    return done;
}

static bool make_synthetic(struct make_job *job, const struct make_options *options, GError **error)
{
    g_autofree uint8_t *payload = NULL;
    guint64 n_bytes, seed;

    if (!options->output)
        return make_refuse(error, "--size needs --output");
    if (options->header_reserved)
        return make_refuse(error, "--size and --header-reserved exclude each other");
    if (!make_number("--size", options->size, 0, RIG_IMAGE_FILE_MAX_BYTES, &n_bytes, error) ||
        !make_number("--payload-seed", options->seed, 1, G_MAXUINT64, &seed, error))
        return false;
    payload = g_malloc(n_bytes + 1);
    rig_image_fill_payload(seed, payload, n_bytes);
    job->recipe.payload = payload;
    job->recipe.payload_bytes = n_bytes;
    return build_and_write(job, options, 0, options->output, error);
}

static char *output_name(const struct make_options *options, const struct make_job *job, const char *input)
{
    g_autofree char *name = g_path_get_basename(input);
    g_autofree char *file = NULL;
    char *dot = strrchr(name, '.');

    if (dot && dot != name)
        *dot = '\0';
    file = g_strconcat(name, job->format == RIG_IMAGE_FORMAT_HEX ? ".signed.hex" : ".signed.bin", NULL);
    return g_build_filename(options->output_dir, file, NULL);
}

static bool make_into_folder(struct make_job *job, const struct make_options *options, char **inputs,
                             GError **error)
{
    g_autoptr(GHashTable) outputs = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

    if (g_mkdir_with_parents(options->output_dir, 0777) != 0)
        return make_refuse(error, "cannot make the folder %s", options->output_dir);
    for (; *inputs; inputs++) {
        char *output = output_name(options, job, *inputs);

        if (!g_hash_table_add(outputs, output))
            return make_refuse(error, "two inputs would be written to the same file: %s is the second",
                               *inputs);
        if (!make_from_file(job, options, *inputs, output, error))
            return false;
    }
    return true;
}

static bool make_all(const struct make_options *options, char **inputs, struct make_keys *keys,
                     GError **error)
{
    g_auto(make_job) job = {0};
    guint n_inputs = g_strv_length(inputs);

    if (options->seed && !options->size)
        return make_refuse(error, "--payload-seed needs --size");
    if (options->output && options->output_dir)
        return make_refuse(error, "--output and --output-dir exclude each other");
    if (!make_job_fill(&job, options, keys, error))
        return false;
    if (options->size)
        return n_inputs == 0 ? make_synthetic(&job, options, error)
                             : make_refuse(error, "--size makes the payload: there must be no INPUT");
    if (n_inputs == 0)
        return make_refuse(
            error, "name an INPUT, or --size for a synthetic payload (see bootrig image make --help)");
    if (options->output_dir)
        return make_into_folder(&job, options, inputs, error);
    if (!options->output || n_inputs != 1)
        return make_refuse(error, options->output ? "several INPUTs need --output-dir instead of --output"
                                                  : "say where to write: --output FILE or --output-dir DIR");
    return make_from_file(&job, options, inputs[0], options->output, error);
}

/* Options given once on the command line hold for every line; a line may override them. */
static bool make_line(char **common, const char *line, struct make_keys *keys, GError **error)
{
    g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
    g_auto(GStrv) words = NULL, argv = NULL;
    g_auto(make_options) options = {0};

    if (!g_shell_parse_argv(line, NULL, &words, error))
        return false;
    g_strv_builder_addv(builder, (const char **)common);
    g_strv_builder_addv(builder, (const char **)words);
    argv = g_strv_builder_end(builder);
    if (!make_options_parse(&argv, &options, error))
        return false;
    g_clear_pointer(&options.batch, g_free);
    return make_all(&options, argv + 1, keys, error);
}

static bool make_batch(const char *path, char **common, struct make_keys *keys, GError **error)
{
    struct rig_image_file file;
    g_auto(GStrv) lines = NULL;

    if (!rig_image_file_read(path, 0, &file, error))
        return false;
    if (file.is_hex || memchr(file.contents.bytes, 0, file.contents.n_bytes)) {
        rig_bytes_clear(&file.contents);
        return make_refuse(error, "%s is no list of arguments", path);
    }
    g_autofree char *text = g_strndup((const char *)file.contents.bytes, file.contents.n_bytes);
    rig_bytes_clear(&file.contents);
    lines = g_strsplit(text, "\n", BATCH_MAX_LINES);
    for (guint i = 0; lines[i]; i++) {
        g_strstrip(lines[i]);
        if (lines[i][0] == '\0' || lines[i][0] == '#')
            continue;
        if (!make_line(common, lines[i], keys, error)) {
            g_prefix_error(error, "%s:%u: ", path, i + 1);
            return false;
        }
    }
    return true;
}

int rig_cli_image_make(char **argv)
{
    g_autoptr(GHashTable) signing =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)rig_key_free);
    g_autoptr(GHashTable) encryption =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)rig_encrypt_key_free);
    struct make_keys keys = {signing, encryption};
    g_auto(GStrv) common = g_strdupv(argv), rest = g_strdupv(argv);
    g_auto(make_options) options = {0};
    g_autoptr(GError) error = NULL;
    bool done = make_options_parse(&rest, &options, &error);

    if (done && options.batch && rest[1])
        done = make_refuse(&error, "--batch takes its INPUTs from the file");
    else if (done && options.batch)
        done = make_batch(options.batch, common, &keys, &error);
    else if (done)
        done = make_all(&options, rest + 1, &keys, &error);
    return done ? RIG_IMAGE_EXIT_OK : rig_cli_image_complain(error);
}
