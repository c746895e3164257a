/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Scenario files below a directory, in an order that does not depend on the file system. */
#include "scenario/scenario.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"

#define FIND_MAX_DEPTH 32

struct search {
    GPtrArray *found;
    GHashTable *seen; /* set of "device:inode": a directory is searched once, by whatever name */
    GError **error;
};

static bool is_scenario_name(const char *name)
{
    return *name != '.' && (g_str_has_suffix(name, ".yaml") || g_str_has_suffix(name, ".yml"));
}

static bool search_directory(struct search *search, const char *path, const struct stat *status, guint depth);

static bool look_at(struct search *search, const char *directory, const char *name, guint depth)
{
    g_autofree char *path = g_build_filename(directory, name, NULL);
    struct stat status;

    /* A dangling link is nobody's scenario. */
    if (stat(path, &status) != 0)
        return true;
    if (S_ISDIR(status.st_mode))
        return strcmp(name, "selftest") == 0 || search_directory(search, path, &status, depth + 1);
    if (S_ISREG(status.st_mode) && is_scenario_name(name))
        g_ptr_array_add(search->found, g_steal_pointer(&path));
    return true;
}

static bool search_directory(struct search *search, const char *path, const struct stat *status, guint depth)
{
    char *identity =
        g_strdup_printf("%llu:%llu", (unsigned long long)status->st_dev, (unsigned long long)status->st_ino);
    g_autoptr(GDir) directory = NULL;
    g_autoptr(GError) cause = NULL;
    const char *name;

    if (!g_hash_table_add(search->seen, identity) || depth > FIND_MAX_DEPTH)
        return true;
    directory = g_dir_open(path, 0, &cause);
    if (!directory) {
        g_set_error(search->error, RIG_ERROR, RIG_ERROR_IO, "%s", cause->message);
        return false;
    }
    while ((name = g_dir_read_name(directory)))
        if (*name != '.' && !look_at(search, path, name, depth))
            return false;
    return true;
}

static gint compare_paths(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

GPtrArray *rig_scenario_find(const char *path, GError **error)
{
    g_autoptr(GPtrArray) found = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    struct search search = {found, seen, error};
    struct stat status;

    if (stat(path, &status) != 0) {
        g_set_error(error, RIG_ERROR, RIG_ERROR_IO, "%s: %s", path, g_strerror(errno));
        return NULL;
    }
    if (!S_ISDIR(status.st_mode))
        g_ptr_array_add(found, g_strdup(path));
    else if (!search_directory(&search, path, &status, 0))
        return NULL;
    g_ptr_array_sort(found, compare_paths);
    return g_steal_pointer(&found);
}
