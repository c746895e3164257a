/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `bootrig image damage`: one named damage to one image. */
#include "cli/image_files.h"
#include "cli/image_subcommands.h"

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
};

static const char description[] = "--at counts from the start of the damaged region; `truncate` keeps that "
                                  "many bytes of the file. What is signed is\n"
                                  "not signed again. A padded image keeps its size and its trailer. Older, "
                                  "too large and foreign images are not\n"
                                  "damaged ones: `bootrig image make` makes them (see its --help).\n"
                                  "\n"
                                  "Examples:\n"
                                  "  bootrig image damage app.bin --kind flip-payload -o broken.bin\n"
                                  "  bootrig image damage app.bin --kind truncate --at 100 -o short.bin\n"
                                  "  bootrig image damage --list\n";

struct options {
    char *kind, *at, *output, *format;
    gboolean list;
};

static void options_clear(struct options *options)
{
    g_clear_pointer(&options->kind, g_free);
    g_clear_pointer(&options->at, g_free);
    g_clear_pointer(&options->output, g_free);
    g_clear_pointer(&options->format, g_free);
}

typedef struct options option_values;
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(option_values, options_clear)

static bool parse(char ***argv, struct options *options, GError **error)
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

    return rig_cli_image_parse(argv, "INPUT", "Spoils an MCUboot image in one named way.", description,
                               entries, error);
}

static bool apply(struct rig_bytes *image, const char *path, const struct options *options, GError **error)
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

static bool damage_file(const char *path, const struct options *options, GError **error)
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
        g_print("%-18s %s\n", rig_image_damage_name((enum rig_image_damage)damage), meanings[damage]);
    return RIG_IMAGE_EXIT_OK;
}

int rig_cli_image_damage(char **argv)
{
    g_auto(GStrv) rest = g_strdupv(argv);
    g_auto(option_values) options = {0};
    g_autoptr(GError) error = NULL;

    if (!parse(&rest, &options, &error))
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
