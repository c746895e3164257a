/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Options of `bootrig image make` into the recipe of an image. */
#include "cli/image_recipe.h"

#include <string.h>

#include "cli/image_subcommands.h"

void rig_make_options_clear(struct rig_make_options *options)
{
    char **texts[] = {&options->version, &options->key,          &options->sign,       &options->header_bytes,
                      &options->counter, &options->load_address, &options->slot_bytes, &options->erased,
                      &options->align,   &options->max_sectors,  &options->size,       &options->seed,
                      &options->format,  &options->output,       &options->output_dir, &options->batch};

    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++)
        g_clear_pointer(texts[i], g_free);
    g_clear_pointer(&options->dependencies, g_strfreev);
    g_clear_pointer(&options->custom, g_strfreev);
}

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

gboolean rig_make_options_parse(char ***argv, struct rig_make_options *options, GError **error)
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
         "Sign with a test key: none, ecdsa-p256, rsa-2048, rsa-3072, ed25519", "KIND"},
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

bool rig_make_refuse(GError **error, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    g_propagate_error(error, g_error_new_valist(RIG_ERROR, RIG_ERROR_USAGE, format, arguments));
    va_end(arguments);
    return false;
}

bool rig_make_number(const char *what, const char *text, guint64 fallback, guint64 max, guint64 *value,
                     GError **error)
{
    *value = fallback;
    return !text || rig_number_parse(what, text, max, value, error);
}

static bool take_dependencies(struct rig_make_job *job, char **texts, GError **error)
{
    for (; texts && *texts; texts++) {
        struct rig_image_dependency *into = &job->dependencies[job->recipe.n_dependencies];
        g_auto(GStrv) parts = g_strsplit(*texts, ":", 2);
        guint64 image;

        if (job->recipe.n_dependencies == RIG_MAKE_MAX_DEPENDENCIES)
            return rig_make_refuse(error, "--dependency: at most %u", RIG_MAKE_MAX_DEPENDENCIES);
        if (!parts[0] || !parts[1] || !rig_number_parse("--dependency", parts[0], UINT8_MAX, &image, NULL) ||
            !rig_image_version_parse(parts[1], &into->minimum))
            return rig_make_refuse(error, "--dependency: '%s' is not INDEX:VERSION, for example 1:1.0.0",
                                   *texts);
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

static bool take_custom(struct rig_make_job *job, char **texts, GError **error)
{
    for (; texts && *texts; texts++) {
        size_t n = job->recipe.n_custom;
        g_auto(GStrv) parts = g_strsplit(*texts, ":", 2);
        guint64 type;

        if (n == RIG_MAKE_MAX_CUSTOM)
            return rig_make_refuse(error, "--custom-tlv: at most %u", RIG_MAKE_MAX_CUSTOM);
        job->custom_bytes[n] = g_byte_array_new();
        job->recipe.n_custom++;
        if (!parts[0] || !parts[1] || !rig_number_parse("--custom-tlv", parts[0], 0xfffe, &type, NULL) ||
            !append_hex(job->custom_bytes[n], parts[1]))
            return rig_make_refuse(error, "--custom-tlv: '%s' is not TYPE:HEX, for example 0xA0A0:c0ffee",
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

static bool take_header(struct rig_image_recipe *recipe, const struct rig_make_options *options,
                        GError **error)
{
    guint64 header_bytes, load_address;

    if (options->pad_header && options->header_reserved)
        return rig_make_refuse(error, "--pad-header and --header-reserved exclude each other");
    if (options->version && !rig_image_version_parse(options->version, &recipe->version))
        return rig_make_refuse(error, "--version: '%s' is no version like 1.2.3 or 1.2.3+4",
                               options->version);
    if (!rig_make_number("--header-size", options->header_bytes, RIG_IMAGE_HEADER_BYTES, UINT16_MAX,
                         &header_bytes, error) ||
        !rig_make_number("--load-address", options->load_address, 0, UINT32_MAX, &load_address, error))
        return false;
    if (header_bytes < RIG_IMAGE_HEADER_BYTES)
        return rig_make_refuse(error, "--header-size: a header has at least %u bytes",
                               RIG_IMAGE_HEADER_BYTES);
    recipe->header_bytes = (uint16_t)header_bytes;
    recipe->load_address = (uint32_t)load_address;
    recipe->flags = (options->load_address ? RIG_IMAGE_FLAG_RAM_LOAD : 0u) |
                    (options->non_bootable ? RIG_IMAGE_FLAG_NON_BOOTABLE : 0u);
    return true;
}

static bool take_slot(struct rig_make_job *job, const struct rig_make_options *options, GError **error)
{
    guint64 slot_bytes, erased, align, max_sectors;

    if (!rig_make_number("--slot-size", options->slot_bytes, 0, RIG_IMAGE_FILE_MAX_BYTES, &slot_bytes,
                         error) ||
        !rig_make_number("--erased-value", options->erased, 0xff, 0xff, &erased, error) ||
        !rig_make_number("--align", options->align, 8, 32, &align, error) ||
        !rig_make_number("--max-sectors", options->max_sectors, 128, 65536, &max_sectors, error))
        return false;
    if (erased != 0 && erased != 0xff)
        return rig_make_refuse(error, "--erased-value: erased flash reads as 0xff or 0");
    if (align != 8 && align != 16 && align != 32)
        return rig_make_refuse(error, "--align: trailer fields are aligned to 8, 16 or 32 bytes");
    if ((options->pad || options->confirm) && slot_bytes == 0)
        return rig_make_refuse(error, "--pad and --confirm need --slot-size");
    job->recipe.pad_to_bytes = options->pad || options->confirm ? (uint32_t)slot_bytes : 0;
    job->recipe.confirm = options->confirm;
    job->recipe.erased = (uint8_t)erased;
    job->recipe.max_align = (uint8_t)align;
    job->max_sectors = (uint32_t)max_sectors;
    return true;
}

/* The keys table lives as long as the command, so that a batch reads each key once. */
static bool take_key(struct rig_image_recipe *recipe, const struct rig_make_options *options,
                     GHashTable *keys, GError **error)
{
    g_autofree char *where = NULL;
    struct rig_key *key;

    if (options->key && options->sign)
        return rig_make_refuse(error, "--key and --sign exclude each other");
    if (!options->key && (!options->sign || g_str_equal(options->sign, "none")))
        return true;
    where = options->key ? g_strdup(options->key) : g_strconcat("test:", options->sign, NULL);
    key = g_hash_table_lookup(keys, where);
    if (!key) {
        key = rig_image_key_load(where, error);
        if (!key)
            return false;
        g_hash_table_insert(keys, g_steal_pointer(&where), key);
    }
    if (!rig_key_is_private(key))
        return rig_make_refuse(error, "%s is a public key: it cannot sign", options->key);
    if (rig_key_kind(key) == RIG_KEY_ECDSA_P384)
        return rig_make_refuse(error, "%s is an ecdsa-p384 key: images are checked with it, not made",
                               options->key);
    recipe->key = key;
    return true;
}

bool rig_make_job_fill(struct rig_make_job *job, const struct rig_make_options *options, GHashTable *keys,
                       GError **error)
{
    return take_header(&job->recipe, options, error) && take_counter(&job->recipe, options->counter, error) &&
           take_dependencies(job, options->dependencies, error) && take_custom(job, options->custom, error) &&
           take_slot(job, options, error) && take_key(&job->recipe, options, keys, error) &&
           rig_image_format_parse(options->format, &job->format, error);
}

void rig_make_job_clear(struct rig_make_job *job)
{
    for (size_t i = 0; i < job->recipe.n_custom; i++)
        g_byte_array_unref(job->custom_bytes[i]);
}
