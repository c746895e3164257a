/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The options of `bootrig image make`, as text and as the recipe that they ask for. */
#ifndef RIG_CLI_IMAGE_RECIPE_H
#define RIG_CLI_IMAGE_RECIPE_H

#include "cli/image_files.h"

G_BEGIN_DECLS

#define RIG_MAKE_MAX_DEPENDENCIES 64u
#define RIG_MAKE_MAX_CUSTOM 64u

/* The options as text. */
struct make_options {
    char *version, *key, *sign, *header_bytes, *counter, *load_address, *slot_bytes, *erased, *align,
        *max_sectors, *size, *seed, *format, *output, *output_dir, *batch, *sha, *public_key_format, *encrypt,
        *keylen, *hmac_sha, *encrypt_seed, *max_align, *rom_fixed, *compression, *boot_record, *vendor_id,
        *class_id, *hex_address, *endian;
    char **dependencies, **custom;
    gboolean pad_header, header_reserved, pad, confirm, non_bootable, pure, pad_sig, clear, save_enctlv, test,
        overwrite_only;
};

/* The options as values; a recipe and what it borrows. */
struct make_job {
    struct rig_image_recipe recipe;
    struct rig_image_dependency dependencies[RIG_MAKE_MAX_DEPENDENCIES];
    struct rig_image_custom_tlv custom[RIG_MAKE_MAX_CUSTOM];
    GByteArray *custom_bytes[RIG_MAKE_MAX_CUSTOM];
    enum rig_image_format format;
    uint32_t max_sectors;
    uint32_t write_bytes; /* alignment of the trailer's writes */
    bool save_enctlv, overwrite_only;
    bool has_hex_address;
    uint32_t hex_address; /* where the image goes in an Intel HEX file */
    uint8_t vendor_id[16], class_id[16];
    uint8_t encrypt_seed[RIG_ENCRYPT_SEED_BYTES];
};

/* Live as long as the command, so that a batch reads each key once. */
struct make_keys {
    GHashTable *signing, *encryption; /* by where they were read from */
};

/* Parses the options out of *argv, as rig_cli_image_parse does. */
G_GNUC_WARN_UNUSED_RESULT gboolean rig_make_options_parse(char ***argv, struct make_options *options,
                                                          GError **error);
static inline void rig_make_options_clear(struct make_options *options)
{
    char **texts[] = {&options->version,      &options->key,         &options->sign,
                      &options->header_bytes, &options->counter,     &options->load_address,
                      &options->slot_bytes,   &options->erased,      &options->align,
                      &options->max_sectors,  &options->size,        &options->seed,
                      &options->format,       &options->output,      &options->output_dir,
                      &options->batch,        &options->sha,         &options->public_key_format,
                      &options->encrypt,      &options->keylen,      &options->hmac_sha,
                      &options->encrypt_seed, &options->max_align,   &options->rom_fixed,
                      &options->compression,  &options->boot_record, &options->vendor_id,
                      &options->class_id,     &options->hex_address, &options->endian};

    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++)
        g_clear_pointer(texts[i], g_free);
    g_clear_pointer(&options->dependencies, g_strfreev);
    g_clear_pointer(&options->custom, g_strfreev);
}
typedef struct make_options make_options;
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(make_options, rig_make_options_clear)

/* A zeroed job becomes what the options say; it borrows from options and keys. */
G_GNUC_WARN_UNUSED_RESULT bool rig_make_job_fill(struct make_job *job, const struct make_options *options,
                                                 struct make_keys *keys, GError **error);
static inline void rig_make_job_clear(struct make_job *job)
{
    for (size_t i = 0; i < job->recipe.n_custom; i++)
        g_byte_array_unref(job->custom_bytes[i]);
}
typedef struct make_job make_job;
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(make_job, rig_make_job_clear)

/* Sets an error of usage; returns false. */
G_GNUC_PRINTF(2, 3) bool rig_make_refuse(GError **error, const char *format, ...);
/* An option that is a number; text NULL: the fallback. */
static inline bool rig_make_number(const char *what, const char *text, guint64 fallback, guint64 max,
                                   guint64 *value, GError **error)
{
    *value = fallback;
    return !text || rig_number_parse(what, text, max, value, error);
}

G_END_DECLS

#endif
