/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `bootrig image make`: the options, and what of them becomes a recipe. */
#include "cli/image_recipe.h"

#include <stdlib.h>
#include <string.h>

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

gboolean rig_make_options_parse(char ***argv, struct make_options *options, GError **error)
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
        {"header-size", 'H', 0, G_OPTION_ARG_STRING, &options->header_bytes,
         "Size of the header with its filler (default 32)", "BYTES"},
        {"pad-header", 0, 0, G_OPTION_ARG_NONE, &options->pad_header,
         "Put the header in front of the input (the default)", NULL},
        {"header-reserved", 0, 0, G_OPTION_ARG_NONE, &options->header_reserved,
         "The input begins with room for the header", NULL},
        {"load-address", 0, 0, G_OPTION_ARG_STRING, &options->load_address,
         "RAM address to load to; sets the flag ram-load", "ADDRESS"},
        {"load-addr", 'L', 0, G_OPTION_ARG_STRING, &options->load_address, "The same, by imgtool's name",
         "ADDRESS"},
        {"rom-fixed", 'F', 0, G_OPTION_ARG_STRING, &options->rom_fixed,
         "Flash address that the program was linked for (direct-XIP)", "ADDRESS"},
        {"compression", 0, 0, G_OPTION_ARG_STRING, &options->compression,
         "Compress the payload: disabled (default), lzma2, lzma2armthumb", "KIND"},
        {"boot-record", 0, 0, G_OPTION_ARG_STRING, &options->boot_record,
         "A boot record for this type of software, of at most 12 characters", "TYPE"},
        {"vid", 0, 0, G_OPTION_ARG_STRING, &options->vendor_id,
         "Vendor: a UUID, or a domain name that gives one", "UUID|NAME"},
        {"cid", 0, 0, G_OPTION_ARG_STRING, &options->class_id,
         "Class of the image: a UUID, or (beside --vid) a name that gives one", "UUID|NAME"},
        {"endian", 0, 0, G_OPTION_ARG_STRING, &options->endian,
         "little; images for big-endian chips are not made", "little"},
        {"hex-addr", 'x', 0, G_OPTION_ARG_STRING, &options->hex_address,
         "Where the image goes in an Intel HEX file", "ADDRESS"},
        {"non-bootable", 0, 0, G_OPTION_ARG_NONE, &options->non_bootable, "Set the flag non-bootable", NULL},
        {"security-counter", 0, 0, G_OPTION_ARG_STRING, &options->counter,
         "Protected security counter (auto: from the version)", "N|auto"},
        {"dependency", 'd', 0, G_OPTION_ARG_STRING_ARRAY, &options->dependencies,
         "Needs image INDEX at least at VERSION; repeatable; or imgtool's \"(1, 1.2.3), (2, 1.0.0)\"",
         "INDEX:VERSION"},
        {"dependencies", 0, 0, G_OPTION_ARG_STRING_ARRAY, &options->dependencies,
         "The same, by imgtool's name", "LIST"},
        {"custom-tlv", 0, 0, G_OPTION_ARG_STRING_ARRAY, &options->custom,
         "Protected TLV: 0xA0A0:c0ffee, 0xA0A0:text:hello, 0xA0A0:file:PATH; repeatable", "TYPE:HEX"},
        {"slot-size", 'S', 0, G_OPTION_ARG_STRING, &options->slot_bytes,
         "Size of the slot, for --pad and for the size check", "BYTES"},
        {"pad", 0, 0, G_OPTION_ARG_NONE, &options->pad,
         "Fill up to the slot's size and end with the trailer's magic", NULL},
        {"confirm", 0, 0, G_OPTION_ARG_NONE, &options->confirm, "Like --pad, and mark the image confirmed",
         NULL},
        {"test", 0, 0, G_OPTION_ARG_NONE, &options->test, "Like --pad: the image is tried once and reverts",
         NULL},
        {"overwrite-only", 0, 0, G_OPTION_ARG_NONE, &options->overwrite_only,
         "The trailer is that of overwrite-only upgrades", NULL},
        {"erased-value", 0, 0, G_OPTION_ARG_STRING, &options->erased,
         "What erased flash reads as: 0xff (default) or 0", "BYTE"},
        {"align", 0, 0, G_OPTION_ARG_STRING, &options->align,
         "Write alignment of the flash: 1, 2, 4, 8 (default), 16 or 32", "BYTES"},
        {"max-align", 0, 0, G_OPTION_ARG_STRING, &options->max_align,
         "Alignment of trailer fields: 8, 16 or 32 (default: that of --align, at least 8)", "BYTES"},
        {"max-sectors", 'M', 0, G_OPTION_ARG_STRING, &options->max_sectors,
         "Sectors the trailer keeps status for (default 128)", "N"},
        {"size", 0, 0, G_OPTION_ARG_STRING, &options->size, "No INPUT: a synthetic payload of this size",
         "BYTES"},
        {"payload-seed", 0, 0, G_OPTION_ARG_STRING, &options->seed,
         "Seed of the synthetic payload (default 1)", "N"},
        G_OPTION_ENTRY_NULL,
    };

    return rig_cli_image_parse(argv, "[INPUT...]", "Makes MCUboot images.", description, entries, error);
}

bool rig_make_refuse(GError **error, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    g_propagate_error(error, g_error_new_valist(RIG_ERROR, RIG_ERROR_USAGE, format, arguments));
    va_end(arguments);
    return false;
}

static bool take_dependency(struct make_job *job, const char *index, const char *version)
{
    struct rig_image_dependency *into = &job->dependencies[job->recipe.n_dependencies];
    guint64 image;

    if (!index || !version || !rig_number_parse("--dependency", index, UINT8_MAX, &image, NULL) ||
        !rig_image_version_parse(version, &into->minimum))
        return false;
    into->image = (uint8_t)image;
    job->recipe.n_dependencies++;
    return true;
}

/* "(1, 1.2.3+4), (2, 1.0.0)" */
static bool take_dependency_list(struct make_job *job, const char *text)
{
    g_auto(GStrv) pieces = g_strsplit(text + 1, "(", RIG_MAKE_MAX_DEPENDENCIES + 1);

    for (guint i = 0; pieces[i]; i++) {
        char *end = strchr(pieces[i], ')'), *comma = strchr(pieces[i], ',');

        if (!end || !comma || comma > end || job->recipe.n_dependencies == RIG_MAKE_MAX_DEPENDENCIES ||
            end[1 + strspn(end + 1, ", ")] != '\0')
            return false;
        *end = *comma = '\0';
        if (!take_dependency(job, g_strstrip(pieces[i]), g_strstrip(comma + 1)))
            return false;
    }
    return true;
}

static bool take_dependencies(struct make_job *job, char **texts, GError **error)
{
    for (; texts && *texts; texts++) {
        g_auto(GStrv) parts = g_strsplit(*texts, ":", 2);

        if (job->recipe.n_dependencies == RIG_MAKE_MAX_DEPENDENCIES)
            return rig_make_refuse(error, "--dependency: at most %u", RIG_MAKE_MAX_DEPENDENCIES);
        if (!(**texts == '(' ? take_dependency_list(job, *texts)
                             : parts[0] && take_dependency(job, parts[0], parts[1])))
            return rig_make_refuse(error, "--dependency: '%s' is not INDEX:VERSION, for example 1:1.0.0",
                                   *texts);
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

/* HEX, text:TEXT or file:PATH. */
static bool take_custom_value(GByteArray *bytes, const char *value, GError **error)
{
    g_autoptr(GBytes) file = NULL;
    gsize n_bytes;

    if (g_str_has_prefix(value, "text:")) {
        g_byte_array_append(bytes, (const guint8 *)value + 5, (guint)strlen(value + 5));
    } else if (g_str_has_prefix(value, "file:")) {
        file = rig_cli_file_read(value + 5, error);
        if (!file)
            return false;
        g_byte_array_append(bytes, g_bytes_get_data(file, &n_bytes), (guint)g_bytes_get_size(file));
    } else if (!append_hex(bytes, value)) {
        return rig_make_refuse(error, "'%s' is not hexadecimal, text:TEXT or file:PATH", value);
    }
    return bytes->len <= UINT16_MAX || rig_make_refuse(error, "it has more than 65535 bytes");
}

static bool take_custom(struct make_job *job, char **texts, GError **error)
{
    for (; texts && *texts; texts++) {
        size_t n = job->recipe.n_custom;
        g_auto(GStrv) parts = g_strsplit(*texts, ":", 2);
        guint64 type;

        if (n == RIG_MAKE_MAX_CUSTOM)
            return rig_make_refuse(error, "--custom-tlv: at most %u", RIG_MAKE_MAX_CUSTOM);
        job->custom_bytes[n] = g_byte_array_new();
        job->recipe.n_custom++;
        if (!parts[0] || !parts[1] || !rig_number_parse("--custom-tlv", parts[0], 0xfffe, &type, NULL))
            return rig_make_refuse(error, "--custom-tlv: '%s' is not TYPE:HEX, for example 0xA0A0:c0ffee",
                                   *texts);
        if (!take_custom_value(job->custom_bytes[n], parts[1], error)) {
            g_prefix_error(error, "--custom-tlv: ");
            return false;
        }
        job->custom[n] = (struct rig_image_custom_tlv){(uint16_t)type, job->custom_bytes[n]->data,
                                                       (uint16_t)job->custom_bytes[n]->len};
    }
    job->recipe.custom = job->custom;
    return true;
}

/* [SPEC RFC 9562 section 5.5] The UUID of a name in a namespace. */
static void uuid_of_name(const uint8_t space[16], const char *name, uint8_t uuid[16])
{
    g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA1);
    guint8 digest[20];
    gsize n_bytes = sizeof digest;

    g_checksum_update(sum, space, 16);
    g_checksum_update(sum, (const guchar *)name, -1);
    g_checksum_get_digest(sum, digest, &n_bytes);
    memcpy(uuid, digest, 16);
    uuid[6] = (uint8_t)((uuid[6] & 0x0f) | 0x50);
    uuid[8] = (uint8_t)((uuid[8] & 0x3f) | 0x80);
}

static bool is_uuid(const char *text, uint8_t uuid[16])
{
    g_autoptr(GString) digits = g_string_new(text);
    g_autoptr(GByteArray) bytes = g_byte_array_new();

    if (digits->len == 36 && g_string_replace(digits, "-", "", 0) != 4)
        return false;
    if (digits->len != 32 || !append_hex(bytes, digits->str))
        return false;
    memcpy(uuid, bytes->data, 16);
    return true;
}

static bool take_uuids(struct make_job *job, const struct make_options *options, GError **error)
{
    static const uint8_t of_domains[16] = {0x6b, 0xa7, 0xb8, 0x10, 0x9d, 0xad, 0x11, 0xd1,
                                           0x80, 0xb4, 0x00, 0xc0, 0x4f, 0xd4, 0x30, 0xc8};

    if (options->vendor_id) {
        if (!is_uuid(options->vendor_id, job->vendor_id))
            uuid_of_name(of_domains, options->vendor_id, job->vendor_id);
        job->recipe.vendor_id = job->vendor_id;
    }
    if (!options->class_id)
        return true;
    if (!is_uuid(options->class_id, job->class_id)) {
        if (!options->vendor_id)
            return rig_make_refuse(error, "--cid: '%s' is no UUID, and a name needs --vid beside it",
                                   options->class_id);
        uuid_of_name(job->vendor_id, options->class_id, job->class_id);
    }
    job->recipe.class_id = job->class_id;
    return true;
}

static bool take_form(struct make_job *job, const struct make_options *options, GError **error)
{
    static const char *const compressions[] = {"disabled", "lzma2", "lzma2armthumb"};
    unsigned i = 0;

    while (options->compression && i < G_N_ELEMENTS(compressions) &&
           !g_str_equal(options->compression, compressions[i]))
        i++;
    if (i == G_N_ELEMENTS(compressions))
        return rig_make_refuse(error, "--compression: '%s' is none of disabled, lzma2, lzma2armthumb",
                               options->compression);
    job->recipe.compression = (enum rig_compression)i;
    if (options->endian && !g_str_equal(options->endian, "little"))
        return rig_make_refuse(error,
                               "--endian: only little: MCUboot reads images in its chip's own order, and the "
                               "boards here are little-endian");
    if (options->boot_record && strlen(options->boot_record) > 12)
        return rig_make_refuse(error, "--boot-record: '%s' has more than 12 characters",
                               options->boot_record);
    job->recipe.boot_record = options->boot_record;
    return take_uuids(job, options, error);
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
    guint64 header_bytes, load_address, rom_fixed;

    if (options->pad_header && options->header_reserved)
        return rig_make_refuse(error, "--pad-header and --header-reserved exclude each other");
    if (options->version && !rig_image_version_parse(options->version, &recipe->version))
        return rig_make_refuse(error, "--version: '%s' is no version like 1.2.3 or 1.2.3+4",
                               options->version);
    if (!rig_make_number("--header-size", options->header_bytes, RIG_IMAGE_HEADER_BYTES, UINT16_MAX,
                         &header_bytes, error) ||
        !rig_make_number("--load-address", options->load_address, 0, UINT32_MAX, &load_address, error) ||
        !rig_make_number("--rom-fixed", options->rom_fixed, 0, UINT32_MAX, &rom_fixed, error))
        return false;
    if (options->load_address && options->rom_fixed)
        return rig_make_refuse(error, "--load-address and --rom-fixed exclude each other");
    if (header_bytes < RIG_IMAGE_HEADER_BYTES)
        return rig_make_refuse(error, "--header-size: a header has at least %u bytes",
                               RIG_IMAGE_HEADER_BYTES);
    recipe->header_bytes = (uint16_t)header_bytes;
    recipe->load_address = (uint32_t)(options->rom_fixed ? rom_fixed : load_address);
    recipe->flags = (options->load_address ? RIG_IMAGE_FLAG_RAM_LOAD : 0u) |
                    (options->rom_fixed ? RIG_IMAGE_FLAG_ROM_FIXED : 0u) |
                    (options->non_bootable ? RIG_IMAGE_FLAG_NON_BOOTABLE : 0u);
    return true;
}

static bool is_alignment(guint64 bytes, guint64 least)
{
    return bytes >= least && bytes <= 32 && (bytes & (bytes - 1)) == 0;
}

static bool take_alignment(struct make_job *job, const struct make_options *options, GError **error)
{
    guint64 align, max_align;

    if (!rig_make_number("--align", options->align, 8, 32, &align, error) ||
        !rig_make_number("--max-align", options->max_align, MAX(align, 8), 32, &max_align, error))
        return false;
    if (!is_alignment(align, 1))
        return rig_make_refuse(error, "--align: flash is written in units of 1, 2, 4, 8, 16 or 32 bytes");
    if (!is_alignment(max_align, MAX(align, 8)))
        return rig_make_refuse(
            error, "--max-align: trailer fields are aligned to 8, 16 or 32 bytes, not below --align");
    job->write_bytes = (uint32_t)align;
    job->recipe.max_align = (uint8_t)max_align;
    return true;
}

static bool take_slot(struct make_job *job, const struct make_options *options, GError **error)
{
    guint64 slot_bytes, erased, max_sectors, hex_address;
    bool pads = options->pad || options->confirm || options->test;

    if (!rig_make_number("--slot-size", options->slot_bytes, 0, RIG_IMAGE_FILE_MAX_BYTES, &slot_bytes,
                         error) ||
        !rig_make_number("--erased-value", options->erased, 0xff, 0xff, &erased, error) ||
        !rig_make_number("--max-sectors", options->max_sectors, 128, 65536, &max_sectors, error) ||
        !rig_make_number("--hex-addr", options->hex_address, 0, UINT32_MAX, &hex_address, error))
        return false;
    if (erased != 0 && erased != 0xff)
        return rig_make_refuse(error, "--erased-value: erased flash reads as 0xff or 0");
    if (pads && slot_bytes == 0)
        return rig_make_refuse(error, "--pad, --test and --confirm need --slot-size");
    if (options->test && options->confirm)
        return rig_make_refuse(error, "--test and --confirm exclude each other");
    if (options->overwrite_only && options->confirm)
        return rig_make_refuse(error,
                               "--confirm has no effect beside --overwrite-only: nothing is confirmed there");
    job->recipe.pad_to_bytes = pads ? (uint32_t)slot_bytes : 0;
    job->recipe.confirm = options->confirm;
    job->recipe.erased = (uint8_t)erased;
    job->max_sectors = (uint32_t)max_sectors;
    job->overwrite_only = options->overwrite_only;
    job->has_hex_address = options->hex_address != NULL;
    job->hex_address = (uint32_t)hex_address;
    return take_alignment(job, options, error);
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
        return rig_make_refuse(error, "--public-key-format: '%s' is neither hash nor full",
                               options->public_key_format);
    if (!options->sha)
        return true;
    while (i < G_N_ELEMENTS(hashes) && !g_str_equal(options->sha, hashes[i].name))
        i++;
    if (i == G_N_ELEMENTS(hashes))
        return rig_make_refuse(error, "--sha: '%s' is none of auto, 256, 384, 512", options->sha);
    if (hashes[i].type && recipe->how.pure)
        return rig_make_refuse(error, "--sha and a pure signature exclude each other: its hash is SHA-512");
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
        return rig_make_refuse(error, "%s is a public key: it cannot sign", where);
    if (recipe->how.pure && kind != RIG_KEY_ED25519)
        return rig_make_refuse(error, "%s is an %s key: only Ed25519 makes pure signatures", where,
                               rig_key_kind_name(kind));
    return fits || rig_make_refuse(error, "%s is an %s key: no bootloader takes it with %s", where,
                                   rig_key_kind_name(kind), rig_image_hash_name(type));
}

static bool take_encryption_options(struct make_job *job, const struct make_options *options, GError **error)
{
    struct rig_image_recipe *recipe = &job->recipe;
    guint64 bits, seed;

    if (!options->encrypt) {
        if (options->keylen || options->hmac_sha || options->clear || options->save_enctlv ||
            options->encrypt_seed)
            return rig_make_refuse(error,
                                   "--encrypt-keylen, --hmac-sha, --clear, --save-enctlv and --encrypt-seed "
                                   "need --encrypt");
        return true;
    }
    if (!rig_make_number("--encrypt-keylen", options->keylen, 128, 256, &bits, error) ||
        !rig_make_number("--encrypt-seed", options->encrypt_seed, 0, G_MAXUINT64, &seed, error))
        return false;
    if (bits != 128 && bits != 256)
        return rig_make_refuse(error, "--encrypt-keylen: AES has 128 or 256 bits");
    if (options->hmac_sha && !g_str_equal(options->hmac_sha, "auto") &&
        !g_str_equal(options->hmac_sha, "256") && !g_str_equal(options->hmac_sha, "512"))
        return rig_make_refuse(error, "--hmac-sha: '%s' is none of auto, 256, 512", options->hmac_sha);
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
        return rig_make_refuse(error, "--hmac-sha 512 is for X25519 keys, and %s is one of %s",
                               options->encrypt, rig_encrypt_kind_name(kind));
    if (!rig_encrypt_key_fits(key, kind, job->recipe.aes_bits))
        return rig_make_refuse(
            error, "%s does not wrap keys of AES-%u: an AES key must have the size of the image's",
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
        return rig_make_refuse(error, "--key and --sign exclude each other");
    if (!options->key && (!options->sign || g_str_equal(options->sign, "none")))
        return !recipe->how.pure || rig_make_refuse(error, "--pure needs --key or --sign");
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

bool rig_make_job_fill(struct make_job *job, const struct make_options *options, struct make_keys *keys,
                       GError **error)
{
    return take_header(&job->recipe, options, error) && take_counter(&job->recipe, options->counter, error) &&
           take_dependencies(job, options->dependencies, error) && take_custom(job, options->custom, error) &&
           take_form(job, options, error) && take_slot(job, options, error) &&
           take_how(&job->recipe, options, error) && take_key(&job->recipe, options, keys, error) &&
           take_encryption(job, options, keys, error) &&
           rig_image_format_parse(options->format, &job->format, error);
}
