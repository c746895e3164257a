/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Loads a target file by name or path. */
#include "bench/target.h"

#include "base/error.h"
#include "bench/layout.h"

#include <string.h>

bool rig_board_option_is_on_by_default(const char *name)
{
    static const char *const on[] = {"bonding", "reassembly", "parameters", "original-protocol", "erase-pending", NULL};

    return g_strv_contains(on, name);
}

static gint compare_names(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static char *target_names(const char *directory)
{
    g_autoptr(GDir) entries = g_dir_open(directory, 0, NULL);
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    const char *entry;

    while (entries && (entry = g_dir_read_name(entries)))
        if (g_str_has_suffix(entry, ".yaml"))
            g_ptr_array_add(names, g_strndup(entry, strlen(entry) - strlen(".yaml")));
    g_ptr_array_sort(names, compare_names);
    g_ptr_array_add(names, NULL);
    return g_strjoinv(", ", (char **)names->pdata);
}

static char *target_path(const char *name_or_path, const char *directory, GError **error)
{
    g_autofree char *file = NULL;
    g_autofree char *path = NULL;
    g_autofree char *names = NULL;

    if (strchr(name_or_path, '/') || g_str_has_suffix(name_or_path, ".yaml"))
        return g_strdup(name_or_path);
    file = g_strconcat(name_or_path, ".yaml", NULL);
    path = g_build_filename(directory, file, NULL);
    if (g_file_test(path, G_FILE_TEST_EXISTS))
        return g_steal_pointer(&path);
    names = target_names(directory);
    g_set_error(error, RIG_ERROR, RIG_ERROR_USAGE,
                "there is no target '%s'; there are: %s (or give a path with a '/')", name_or_path, names);
    return NULL;
}

struct rig_target *rig_target_from_source(struct rig_source *source, const char *given, GError **error)
{
    g_autoptr(rig_target) target = g_new0(struct rig_target, 1);
    struct rig_diagnostics diagnostics;

    target->source = source;
    rig_diagnostics_init(&diagnostics);
    target->document = rig_document_parse(source, &diagnostics);
    if (target->document)
        target->record =
            rig_record_read(rig_document_root(target->document), &rig_target_shape, NULL, &diagnostics);
    if (diagnostics.items->len == 0 && target->record)
        rig_layout_check(target->record, &diagnostics);
    if (diagnostics.items->len > 0 || !target->record) {
        g_autofree char *text = rig_diagnostics_format(&diagnostics, false);

        g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "target '%s' cannot be used\n%s", source->path, text);
        rig_diagnostics_clear(&diagnostics);
        return NULL;
    }
    rig_diagnostics_clear(&diagnostics);
    target->given = g_strdup(given);
    target->spec = RIG_STRUCT(target->record, struct rig_target_spec);
    target->name = g_strdup(target->spec->name);
    target->about = g_strdup(target->spec->about);
    return g_steal_pointer(&target);
}

struct rig_target *rig_target_load(const char *name_or_path, const char *target_directory, GError **error)
{
    g_autofree char *path = target_path(name_or_path, target_directory, error);
    struct rig_source *source;

    if (!path)
        return NULL;
    source = rig_source_read(path, error);
    if (!source) {
        g_prefix_error(error, "target '%s': ", path);
        return NULL;
    }
    return rig_target_from_source(source, name_or_path, error);
}

const char *rig_target_boot_line(const struct rig_target *target)
{
    if (g_strcmp0(target->spec->boot_line, "none") == 0)
        return NULL;
    if (target->spec->boot_line)
        return target->spec->boot_line;
    return target->spec->nordic ? "bootloader: inside main" : "*** Booting MCUboot";
}

bool rig_target_read_key(const struct rig_target *target, enum rig_key_kind kind, struct rig_key **key,
                         GError **error)
{
    const char *path = target->spec->key;
    g_autofree char *folder = g_path_get_dirname(target->source->path);
    g_autofree char *full = NULL;
    g_autofree char *pem = NULL;
    const char *why = NULL;
    gsize n_bytes;

    *key = NULL;
    if (!path)
        return true;
    full = g_path_is_absolute(path) ? g_strdup(path) : g_build_filename(folder, path, NULL);
    if (!g_file_get_contents(full, &pem, &n_bytes, error))
        return false;
    *key = rig_key_from_pem(pem, n_bytes, &why);
    if (*key && rig_key_kind(*key) == kind)
        return true;
    g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "target '%s': key '%s': %s", target->name, full,
                *key ? "it is not of the kind that 'sign' says" : why);
    g_clear_pointer(key, rig_key_free);
    return false;
}

static bool key_fits_options(const struct rig_target *target, const struct rig_encrypt_key *key)
{
    const struct rig_options_spec *options = target->spec->options;
    enum rig_encrypt_kind kind = RIG_ENCRYPT_NONE;

    return !options || !rig_encrypt_kind_from_name(options->encrypt, &kind) || kind == RIG_ENCRYPT_NONE ||
           rig_encrypt_key_fits(key, kind, g_strcmp0(options->aes, "256") == 0 ? 256 : 128);
}

bool rig_target_read_encryption_key(const struct rig_target *target, struct rig_encrypt_key **key,
                                    GError **error)
{
    const char *path = target->spec->encryption_key;
    g_autofree char *folder = g_path_get_dirname(target->source->path);
    g_autofree char *full = NULL;
    g_autofree char *bytes = NULL;
    const char *why = NULL;
    gsize n_bytes;

    *key = NULL;
    if (!path)
        return true;
    full = g_path_is_absolute(path) ? g_strdup(path) : g_build_filename(folder, path, NULL);
    if (!g_file_get_contents(full, &bytes, &n_bytes, error))
        return false;
    *key = rig_encrypt_key_from_file(bytes, n_bytes, &why);
    if (*key && key_fits_options(target, *key))
        return true;
    g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "target '%s': encryption key '%s': %s", target->name, full,
                *key ? "it is not of the kind that 'encrypt' and 'aes' say" : why);
    g_clear_pointer(key, rig_encrypt_key_free);
    return false;
}

void rig_target_free(struct rig_target *target)
{
    if (!target)
        return;
    rig_record_free(target->record);
    rig_document_free(target->document);
    rig_source_free(target->source);
    g_free(target->name);
    g_free(target->given);
    g_free(target->about);
    g_free(target);
}
