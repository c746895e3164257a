/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `bootrig image make`: recipes into files; one image, many inputs, or a batch. */
#include <stdlib.h>
#include <string.h>

#include "cli/image_recipe.h"
#include "cli/image_subcommands.h"
#include "image/trailer.h"

#define BATCH_MAX_LINES 100000u

/* The library keeps only the trailer's fixed fields free; a board also needs the status records of its
 * sectors. */
static bool check_fit(const struct rig_make_job *job, const struct rig_make_options *options,
                      size_t n_image_bytes, const char *output, GError **error)
{
    struct rig_trailer_geometry geometry = {.mode = RIG_SWAP_MOVE,
                                            .write_bytes = job->recipe.max_align,
                                            .max_align = job->recipe.max_align,
                                            .max_sectors = job->max_sectors,
                                            .erased = job->recipe.erased};
    struct rig_trailer_layout trailer;
    guint64 slot_bytes = 0;

    if (!options->slot_bytes ||
        !rig_number_parse("--slot-size", options->slot_bytes, UINT32_MAX, &slot_bytes, error))
        return !options->slot_bytes;
    geometry.slot_bytes = (uint32_t)slot_bytes;
    if (!rig_trailer_layout(&geometry, &trailer))
        return rig_make_refuse(
            error, "--slot-size: %s cannot hold a trailer for %u sectors (see --max-sectors and --align)",
            options->slot_bytes, job->max_sectors);
    if (n_image_bytes > trailer.status)
        return rig_make_refuse(error,
                               "%s: the image has %zu bytes, but a slot of %s leaves %u before its trailer "
                               "(--max-sectors %u; to "
                               "make a too large image on purpose, leave --slot-size away)",
                               output, n_image_bytes, options->slot_bytes, trailer.status, job->max_sectors);
    return true;
}

static bool build_and_write(struct rig_make_job *job, const struct rig_make_options *options,
                            uint32_t base_address, const char *output, GError **error)
{
    uint32_t pad_to_bytes = job->recipe.pad_to_bytes;
    struct rig_bytes image;
    enum rig_image_status status;
    bool done;

    /* The signature's length is only known once it is made, and so whether everything fits. */
    status = rig_image_build(&job->recipe, &image);
    if (status == RIG_IMAGE_BAD_TLV)
        return rig_make_refuse(error, "%s: the protected TLVs have more than 65535 bytes", output);
    if (status == RIG_IMAGE_TOO_LARGE)
        return rig_make_refuse(error, "%s: the image does not fit into %u bytes with its trailer", output,
                               pad_to_bytes);
    if (status)
        return rig_make_refuse(error, "%s: %s", output, rig_image_status_text(status));
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

static bool make_from_file(struct rig_make_job *job, const struct rig_make_options *options,
                           const char *input, const char *output, GError **error)
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
        rig_make_refuse(error, "%s: --header-reserved, but the file has only %zu of %u header bytes", input,
                        file.contents.n_bytes, header_bytes);
    } else if (!options->header_reserved && file.is_hex && base_address < header_bytes) {
        rig_make_refuse(error,
                        "%s: no room for a header of %u bytes below address 0x%x (see --header-reserved)",
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

static bool make_synthetic(struct rig_make_job *job, const struct rig_make_options *options, GError **error)
{
    g_autofree uint8_t *payload = NULL;
    guint64 n_bytes, seed;

    if (!options->output)
        return rig_make_refuse(error, "--size needs --output");
    if (options->header_reserved)
        return rig_make_refuse(error, "--size and --header-reserved exclude each other");
    if (!rig_make_number("--size", options->size, 0, RIG_IMAGE_FILE_MAX_BYTES, &n_bytes, error) ||
        !rig_make_number("--payload-seed", options->seed, 1, G_MAXUINT64, &seed, error))
        return false;
    payload = g_malloc(n_bytes + 1);
    rig_image_fill_payload(seed, payload, n_bytes);
    job->recipe.payload = payload;
    job->recipe.payload_bytes = n_bytes;
    return build_and_write(job, options, 0, options->output, error);
}

static char *output_name(const struct rig_make_options *options, const struct rig_make_job *job,
                         const char *input)
{
    g_autofree char *name = g_path_get_basename(input);
    g_autofree char *file = NULL;
    char *dot = strrchr(name, '.');

    if (dot && dot != name)
        *dot = '\0';
    file = g_strconcat(name, job->format == RIG_IMAGE_FORMAT_HEX ? ".signed.hex" : ".signed.bin", NULL);
    return g_build_filename(options->output_dir, file, NULL);
}

static bool make_into_folder(struct rig_make_job *job, const struct rig_make_options *options, char **inputs,
                             GError **error)
{
    g_autoptr(GHashTable) outputs = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

    if (g_mkdir_with_parents(options->output_dir, 0777) != 0)
        return rig_make_refuse(error, "cannot make the folder %s", options->output_dir);
    for (; *inputs; inputs++) {
        char *output = output_name(options, job, *inputs);

        if (!g_hash_table_add(outputs, output))
            return rig_make_refuse(error, "two inputs would be written to the same file: %s is the second",
                                   *inputs);
        if (!make_from_file(job, options, *inputs, output, error))
            return false;
    }
    return true;
}

static bool make_all(const struct rig_make_options *options, char **inputs, GHashTable *keys, GError **error)
{
    g_auto(rig_make_job) job = {0};
    guint n_inputs = g_strv_length(inputs);

    if (options->seed && !options->size)
        return rig_make_refuse(error, "--payload-seed needs --size");
    if (options->output && options->output_dir)
        return rig_make_refuse(error, "--output and --output-dir exclude each other");
    if (!rig_make_job_fill(&job, options, keys, error))
        return false;
    if (options->size)
        return n_inputs == 0 ? make_synthetic(&job, options, error)
                             : rig_make_refuse(error, "--size makes the payload: there must be no INPUT");
    if (n_inputs == 0)
        return rig_make_refuse(
            error, "name an INPUT, or --size for a synthetic payload (see bootrig image make --help)");
    if (options->output_dir)
        return make_into_folder(&job, options, inputs, error);
    if (!options->output || n_inputs != 1)
        return rig_make_refuse(error, options->output
                                          ? "several INPUTs need --output-dir instead of --output"
                                          : "say where to write: --output FILE or --output-dir DIR");
    return make_from_file(&job, options, inputs[0], options->output, error);
}

/* Options given once on the command line hold for every line; a line may override them. */
static bool make_line(char **common, const char *line, GHashTable *keys, GError **error)
{
    g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
    g_auto(GStrv) words = NULL, argv = NULL;
    g_auto(rig_make_options) options = {0};

    if (!g_shell_parse_argv(line, NULL, &words, error))
        return false;
    g_strv_builder_addv(builder, (const char **)common);
    g_strv_builder_addv(builder, (const char **)words);
    argv = g_strv_builder_end(builder);
    if (!rig_make_options_parse(&argv, &options, error))
        return false;
    g_clear_pointer(&options.batch, g_free);
    return make_all(&options, argv + 1, keys, error);
}

static bool make_batch(const char *path, char **common, GHashTable *keys, GError **error)
{
    struct rig_image_file file;
    g_auto(GStrv) lines = NULL;

    if (!rig_image_file_read(path, 0, &file, error))
        return false;
    if (file.is_hex || memchr(file.contents.bytes, 0, file.contents.n_bytes)) {
        rig_bytes_clear(&file.contents);
        return rig_make_refuse(error, "%s is no list of arguments", path);
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
    g_autoptr(GHashTable) keys =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)rig_key_free);
    g_auto(GStrv) common = g_strdupv(argv), rest = g_strdupv(argv);
    g_auto(rig_make_options) options = {0};
    g_autoptr(GError) error = NULL;
    bool done = rig_make_options_parse(&rest, &options, &error);

    if (done && options.batch && rest[1])
        done = rig_make_refuse(&error, "--batch takes its INPUTs from the file");
    else if (done && options.batch)
        done = make_batch(options.batch, common, keys, &error);
    else if (done)
        done = make_all(&options, rest + 1, keys, &error);
    return done ? RIG_IMAGE_EXIT_OK : rig_cli_image_complain(error);
}
