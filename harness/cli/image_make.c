/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `bootrig image make`: recipes into files; one image, many inputs, or a batch. */
#include "cli/image_recipe.h"
#include "image/trailer.h"

#include <stdlib.h>
#include <string.h>

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
    struct rig_trailer_geometry geometry = {.mode = job->overwrite_only ? RIG_SWAP_OVERWRITE : RIG_SWAP_MOVE,
                                            .write_bytes = job->write_bytes,
                                            .max_align = job->recipe.max_align,
                                            .max_sectors = job->max_sectors,
                                            .key_bytes = trailer_key_bytes(job),
                                            .erased = job->recipe.erased};
    struct rig_trailer_layout trailer;
    guint64 slot_bytes = 0;
    uint32_t room;

    if (!options->slot_bytes ||
        !rig_number_parse("--slot-size", options->slot_bytes, UINT32_MAX, &slot_bytes, error))
        return !options->slot_bytes;
    geometry.slot_bytes = (uint32_t)slot_bytes;
    if (!rig_trailer_layout(&geometry, &trailer))
        return rig_make_refuse(
            error, "--slot-size: %s cannot hold a trailer for %u sectors (see --max-sectors and --align)",
            options->slot_bytes, job->max_sectors);
    /* Overwriting keeps no status of its sectors. */
    room = job->overwrite_only ? trailer.swap_info : trailer.status;
    if (n_image_bytes > room)
        return rig_make_refuse(error,
                               "%s: the image has %zu bytes, but a slot of %s leaves %u before its trailer "
                               "(--max-sectors %u; to "
                               "make a too large image on purpose, leave --slot-size away)",
                               output, n_image_bytes, options->slot_bytes, room, job->max_sectors);
    return true;
}

/* [SRC main.py] Compression that gains nothing is left away, which the header tells. */
static void tell_of_compression(const struct make_job *job, const struct rig_bytes *image, const char *output)
{
    struct rig_image_header header;

    rig_image_header_decode(image->bytes, &header);
    if (job->recipe.compression && !(header.flags & RIG_IMAGE_FLAG_COMPRESSED_LZMA2))
        g_printerr("bootrig image: %s: compressed it would not be smaller, so it is not\n", output);
}

/* Whatever stands there would be lost: a program's room holds zeros, or nothing. */
static bool is_room(const uint8_t *bytes, size_t n_bytes, uint8_t erased)
{
    for (size_t i = 0; i < n_bytes; i++) {
        if (bytes[i] != 0 && bytes[i] != erased)
            return false;
    }
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
    if (done)
        tell_of_compression(job, &image, output);
    done = done && rig_image_file_write(output, job->format, &image,
                                        job->has_hex_address ? job->hex_address : base_address, error);
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
        rig_make_refuse(error, "%s: --header-reserved, but the file has only %zu of %u header bytes", input,
                        file.contents.n_bytes, header_bytes);
    } else if (options->header_reserved && !is_room(file.contents.bytes, header_bytes, job->recipe.erased)) {
        rig_make_refuse(error,
                        "%s: --header-reserved, but its first %u bytes are no empty room: the header would "
                        "overwrite the program (without --header-reserved it is put in front)",
                        input, header_bytes);
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

static bool make_synthetic(struct make_job *job, const struct make_options *options, GError **error)
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

static bool make_all(const struct make_options *options, char **inputs, struct make_keys *keys,
                     GError **error)
{
    g_auto(make_job) job = {0};
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
    if (!rig_make_options_parse(&argv, &options, error))
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
    g_autoptr(GHashTable) signing =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)rig_key_free);
    g_autoptr(GHashTable) encryption =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)rig_encrypt_key_free);
    struct make_keys keys = {signing, encryption};
    g_auto(GStrv) common = g_strdupv(argv), rest = g_strdupv(argv);
    g_auto(make_options) options = {0};
    g_autoptr(GError) error = NULL;
    bool done = rig_make_options_parse(&rest, &options, &error);

    if (done && options.batch && rest[1])
        done = rig_make_refuse(&error, "--batch takes its INPUTs from the file");
    else if (done && options.batch)
        done = make_batch(options.batch, common, &keys, &error);
    else if (done)
        done = make_all(&options, rest + 1, &keys, &error);
    return done ? RIG_IMAGE_EXIT_OK : rig_cli_image_complain(error);
}
