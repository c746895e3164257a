/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The pictures of a run: which files they go into, and writing them. */
#include "report/picture.h"

#include "base/error.h"
#include "report/output.h"

#include <string.h>

#define MAX_NAME_CHARS 120

static void free_picture(gpointer at)
{
    struct rig_picture *picture = at;

    g_free(picture->name);
    g_free(picture);
}

/* Names come from scenarios: only what is harmless in a file name stays. */
static void append_harmless(GString *name, const char *text)
{
    guint n = 0;

    for (; *text && n < MAX_NAME_CHARS; text++, n++) {
        bool harmless = g_ascii_isalnum(*text) || strchr("=_.+", *text);

        if (harmless)
            g_string_append_c(name, *text);
        else if (name->str[name->len - 1] != '-')
            g_string_append_c(name, '-');
    }
    if (name->str[name->len - 1] == '-')
        g_string_truncate(name, name->len - 1);
}

static char *file_name(GHashTable *n_named, const struct rig_case_result *result, const struct rig_path *path)
{
    const struct rig_path_broken *broken = &g_array_index(path->broken, struct rig_path_broken, 0);
    g_autoptr(GString) name = g_string_new("explore-");
    guint n;

    append_harmless(name, result->name);
    g_string_append_c(name, '-');
    append_harmless(name, broken->invariant);
    n = GPOINTER_TO_UINT(g_hash_table_lookup(n_named, name->str)) + 1;
    g_hash_table_replace(n_named, g_strdup(name->str), GUINT_TO_POINTER(n));
    if (n > 1)
        g_string_append_printf(name, "-%u", n);
    g_string_append(name, ".svg");
    return g_strdup(name->str);
}

static void add_pictures(GPtrArray *pictures, GHashTable *n_named, const struct rig_case_result *result,
                         const struct rig_attempt *attempt)
{
    for (guint i = 0; i < attempt->paths->len && pictures->len < RIG_PICTURES_MAX; i++) {
        const struct rig_path *path = g_ptr_array_index(attempt->paths, i);
        struct rig_picture *picture;

        if (path->broken->len == 0)
            continue;
        picture = g_new0(struct rig_picture, 1);
        *picture = (struct rig_picture){
            .result = result, .attempt = attempt, .path = path, .name = file_name(n_named, result, path)};
        g_ptr_array_add(pictures, picture);
    }
}

GPtrArray *rig_pictures_of(const struct rig_results *results)
{
    GPtrArray *pictures = g_ptr_array_new_with_free_func(free_picture);
    g_autoptr(GHashTable) n_named = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

    for (guint i = 0; i < results->cases->len; i++) {
        const struct rig_case_result *result = g_ptr_array_index(results->cases, i);

        for (guint k = 0; k < result->attempts->len; k++)
            add_pictures(pictures, n_named, result, g_ptr_array_index(result->attempts, k));
    }
    return pictures;
}

/* Makes a folder, its parents too, when it is missing. */
static bool output_make_folder(const char *path, GError **error)
{
    if (g_mkdir_with_parents(path, 0777) == 0)
        return true;
    g_set_error(error, RIG_ERROR, RIG_ERROR_IO, "cannot make the folder %s: %s", path, g_strerror(errno));
    return false;
}

bool rig_pictures_write(const struct rig_results *results, const char *folder, GPtrArray *written,
                        GError **error)
{
    g_autoptr(GPtrArray) pictures = rig_pictures_of(results);

    if (pictures->len > 0 && !output_make_folder(folder, error))
        return false;
    for (guint i = 0; i < pictures->len; i++) {
        const struct rig_picture *picture = g_ptr_array_index(pictures, i);
        g_autofree char *file = g_build_filename(folder, picture->name, NULL);
        gsize n_bytes = 0;
        g_autofree char *text = rig_picture_file(picture->path, picture->result->id, &n_bytes);

        if (!rig_file_replace(file, RIG_FILE_PUBLIC, text, n_bytes, error))
            return false;
        if (written)
            g_ptr_array_add(written, g_steal_pointer(&file));
    }
    return true;
}

const char *rig_picture_name(const GPtrArray *pictures, const struct rig_path *path)
{
    for (guint i = 0; i < pictures->len; i++) {
        const struct rig_picture *picture = g_ptr_array_index(pictures, i);

        if (picture->path == path)
            return picture->name;
    }
    return NULL;
}
