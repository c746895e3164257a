/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Three nested hash tables: see objects.h. */
#include "drivers/bluez/objects.h"

#include <string.h>

struct rig_bluez_objects {
    GHashTable *paths;
};

struct rig_bluez_objects *rig_bluez_objects_new(void)
{
    struct rig_bluez_objects *objects = g_new0(struct rig_bluez_objects, 1);

    objects->paths =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_hash_table_unref);
    return objects;
}

void rig_bluez_objects_free(struct rig_bluez_objects *objects)
{
    if (!objects)
        return;
    g_hash_table_unref(objects->paths);
    g_free(objects);
}

void rig_bluez_objects_clear(struct rig_bluez_objects *objects)
{
    g_hash_table_remove_all(objects->paths);
}

static GHashTable *find(const struct rig_bluez_objects *objects, const char *path, const char *interface)
{
    GHashTable *interfaces = path ? g_hash_table_lookup(objects->paths, path) : NULL;

    return interfaces ? g_hash_table_lookup(interfaces, interface) : NULL;
}

static GHashTable *find_or_add(struct rig_bluez_objects *objects, const char *path, const char *interface)
{
    GHashTable *interfaces = g_hash_table_lookup(objects->paths, path);
    GHashTable *properties;

    if (!interfaces) {
        if (g_hash_table_size(objects->paths) >= RIG_BLUEZ_MAX_OBJECTS)
            return NULL;
        interfaces =
            g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_hash_table_unref);
        g_hash_table_insert(objects->paths, g_strdup(path), interfaces);
    }
    properties = g_hash_table_lookup(interfaces, interface);
    if (!properties) {
        properties = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_variant_unref);
        g_hash_table_insert(interfaces, g_strdup(interface), properties);
    }
    return properties;
}

void rig_bluez_objects_set(struct rig_bluez_objects *objects, const char *path, const char *interface,
                           GVariant *properties)
{
    GHashTable *table = find_or_add(objects, path, interface);
    GVariantIter iter;
    const char *name;
    GVariant *value;

    if (!table)
        return;
    g_variant_iter_init(&iter, properties);
    while (g_variant_iter_next(&iter, "{&sv}", &name, &value))
        g_hash_table_insert(table, g_strdup(name), value);
}

void rig_bluez_objects_unset(struct rig_bluez_objects *objects, const char *path, const char *interface,
                             const char *name)
{
    GHashTable *properties = find(objects, path, interface);

    if (properties)
        g_hash_table_remove(properties, name);
}

void rig_bluez_objects_remove(struct rig_bluez_objects *objects, const char *path, const char *interface)
{
    GHashTable *interfaces = g_hash_table_lookup(objects->paths, path);

    if (interfaces && g_hash_table_remove(interfaces, interface) && g_hash_table_size(interfaces) == 0)
        g_hash_table_remove(objects->paths, path);
}

GVariant *rig_bluez_objects_get(const struct rig_bluez_objects *objects, const char *path,
                                const char *interface, const char *name)
{
    GHashTable *properties = find(objects, path, interface);

    return properties ? g_hash_table_lookup(properties, name) : NULL;
}

bool rig_bluez_objects_has(const struct rig_bluez_objects *objects, const char *path, const char *interface)
{
    return find(objects, path, interface) != NULL;
}

static bool is_below(const char *path, const char *below)
{
    gsize n = strlen(below);

    return strncmp(path, below, n) == 0 && (path[n] == '\0' || path[n] == '/');
}

static gint compare(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

char **rig_bluez_objects_paths(const struct rig_bluez_objects *objects, const char *interface,
                               const char *below)
{
    GPtrArray *paths = g_ptr_array_new();
    GHashTableIter iter;
    gpointer path, interfaces;

    g_hash_table_iter_init(&iter, objects->paths);
    while (g_hash_table_iter_next(&iter, &path, &interfaces))
        if (g_hash_table_contains(interfaces, interface) && (!below || is_below(path, below)))
            g_ptr_array_add(paths, g_strdup(path));
    g_ptr_array_sort(paths, compare);
    g_ptr_array_add(paths, NULL);
    return (char **)g_ptr_array_free(paths, FALSE);
}
