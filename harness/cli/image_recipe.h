/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The options of `bootrig image make`, as text and as values. */
#ifndef RIG_CLI_IMAGE_RECIPE_H
#define RIG_CLI_IMAGE_RECIPE_H

#include "cli/image_files.h"

G_BEGIN_DECLS

#define RIG_MAKE_MAX_DEPENDENCIES 64u
#define RIG_MAKE_MAX_CUSTOM 64u

/* The options as text. */
struct rig_make_options {
    char *version, *key, *sign, *header_bytes, *counter, *load_address, *slot_bytes, *erased, *align,
        *max_sectors, *size, *seed, *format, *output, *output_dir, *batch;
    char **dependencies, **custom;
    gboolean pad_header, header_reserved, pad, confirm, non_bootable;
};

/* The options as values; a recipe and what it borrows. */
struct rig_make_job {
    struct rig_image_recipe recipe;
    struct rig_image_dependency dependencies[RIG_MAKE_MAX_DEPENDENCIES];
    struct rig_image_custom_tlv custom[RIG_MAKE_MAX_CUSTOM];
    GByteArray *custom_bytes[RIG_MAKE_MAX_CUSTOM];
    enum rig_image_format format;
    uint32_t max_sectors;
};

void rig_make_options_clear(struct rig_make_options *options);
typedef struct rig_make_options rig_make_options;
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(rig_make_options, rig_make_options_clear)

void rig_make_job_clear(struct rig_make_job *job);
typedef struct rig_make_job rig_make_job;
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(rig_make_job, rig_make_job_clear)

/* Takes the options out of *argv (see rig_cli_image_parse). */
G_GNUC_WARN_UNUSED_RESULT gboolean rig_make_options_parse(char ***argv, struct rig_make_options *options,
                                                          GError **error);

/* Values of all options that hold for every image. job must be zeroed; keys maps where a key comes from
 * (owned string) to the key (owned) and must outlive the job, which borrows from it, so that a batch reads
 * each key once. */
G_GNUC_WARN_UNUSED_RESULT bool rig_make_job_fill(struct rig_make_job *job,
                                                 const struct rig_make_options *options, GHashTable *keys,
                                                 GError **error);

/* An optional number: fallback when text is NULL. */
G_GNUC_WARN_UNUSED_RESULT bool rig_make_number(const char *what, const char *text, guint64 fallback,
                                               guint64 max, guint64 *value, GError **error);

/* Sets a usage error. Returns false. */
bool rig_make_refuse(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);

G_END_DECLS

#endif
