/* SPDX-License-Identifier: GPL-3.0-or-later */
/* bluetoothd's storage: see bond_store.h. */
#include "drivers/bluez/bond_store.h"

#include "base/error.h"
#include "base/file.h"
#include "drivers/bluez/monitor.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define OUR_GROUP "Bootrig"
#define FORMAT 1

void rig_bond_free(struct rig_bond *bond)
{
    if (!bond)
        return;
    g_free(bond->adapter);
    g_free(bond->device);
    g_free(bond->name);
    g_free(bond->address_type);
    g_free(bond);
}

/* NULL: no address; else in capitals, as folders are named. */
static char *canonical(const char *address)
{
    guint8 bytes[6];

    return address && rig_bluez_address_parse(address, bytes) ? g_ascii_strup(address, -1) : NULL;
}

static void set_io(GError **error, const char *what, const char *path)
{
    int code = errno;

    g_set_error(error, RIG_ERROR, RIG_ERROR_IO, "%s '%s': %s%s", what, path, g_strerror(code),
                code == EACCES ? " (bonds are root's: run as root)" : "");
}

/* --- reading --- */

static GKeyFile *read_key_file(const char *path, GError **error)
{
    g_autoptr(GKeyFile) file = g_key_file_new();
    g_autoptr(GError) cause = NULL;
    GStatBuf about;

    if (g_stat(path, &about) != 0) {
        set_io(error, "cannot read", path);
        return NULL;
    }
    if (about.st_size > RIG_BOND_MAX_FILE_BYTES) {
        g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "'%s' is no bond: it has more than %u bytes", path,
                    RIG_BOND_MAX_FILE_BYTES);
        return NULL;
    }
    if (g_key_file_load_from_file(file, path, G_KEY_FILE_KEEP_COMMENTS, &cause))
        return g_steal_pointer(&file);
    g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "'%s' is no bond: %s", path, cause->message);
    return NULL;
}

static char *info_path(const char *root, const char *adapter, const char *device)
{
    return g_build_filename(root, adapter, device, "info", NULL);
}

static bool is_hex_key(const char *text)
{
    return text && strlen(text) == 32 && strspn(text, "0123456789abcdefABCDEF") == 32;
}

/* The groups that hold a key to encrypt with: as central; as peripheral, by its new and its old name. */
static const char *key_group(GKeyFile *file)
{
    static const char *const groups[] = {"LongTermKey", "PeripheralLongTermKey", "SlaveLongTermKey"};

    for (gsize i = 0; i < G_N_ELEMENTS(groups); i++) {
        g_autofree char *key = g_key_file_get_string(file, groups[i], "Key", NULL);

        if (is_hex_key(key))
            return groups[i];
    }
    return NULL;
}

/* The kernel's kind of the key. [SRC bluez src/adapter.c store_longtermkey(); doc/mgmt-protocol.rst: 0, 2 =
 * unauthenticated, legacy and P-256; 1, 3 = authenticated; 4 = debug] */
static bool is_authenticated(int kind)
{
    return kind == 1 || kind == 3;
}

static struct rig_bond *describe(GKeyFile *file, const char *adapter, const char *device)
{
    struct rig_bond *bond = g_new0(struct rig_bond, 1);
    const char *group = key_group(file);

    bond->adapter = g_strdup(adapter);
    bond->device = g_strdup(device);
    bond->name = g_key_file_get_string(file, "General", "Name", NULL);
    bond->address_type = g_key_file_get_string(file, "General", "AddressType", NULL);
    if (group) {
        bond->key_bytes = (guint)CLAMP(g_key_file_get_integer(file, group, "EncSize", NULL), 1, 16);
        bond->authenticated = is_authenticated(g_key_file_get_integer(file, group, "Authenticated", NULL));
    }
    return bond;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Names in a folder that are addresses, sorted; NULL-terminated. */
static char **addresses_in(const char *folder, GError **error)
{
    g_autoptr(GError) cause = NULL;
    g_autoptr(GDir) entries = g_dir_open(folder, 0, &cause);
    g_autoptr(GStrvBuilder) names = g_strv_builder_new();
    const char *name;
    guint8 ignored[6];
    char **sorted;

    if (!entries) {
        g_set_error(error, RIG_ERROR, RIG_ERROR_IO, "cannot read the bonds: %s (bonds are root's)",
                    cause->message);
        return NULL;
    }
    while ((name = g_dir_read_name(entries)))
        if (rig_bluez_address_parse(name, ignored))
            g_strv_builder_add(names, name);
    sorted = g_strv_builder_end(names);
    qsort(sorted, g_strv_length(sorted), sizeof *sorted, compare_names);
    return sorted;
}

static void list_adapter(const char *root, const char *adapter, GPtrArray *bonds)
{
    g_autofree char *folder = g_build_filename(root, adapter, NULL);
    g_auto(GStrv) devices = addresses_in(folder, NULL);

    for (char **device = devices; device && *device; device++) {
        g_autofree char *path = info_path(root, adapter, *device);
        g_autoptr(GKeyFile) file = read_key_file(path, NULL);

        if (file && key_group(file))
            g_ptr_array_add(bonds, describe(file, adapter, *device));
    }
}

GPtrArray *rig_bond_store_list(const char *root, GError **error)
{
    g_auto(GStrv) adapters = addresses_in(root, error);
    GPtrArray *bonds;

    if (!adapters)
        return NULL;
    bonds = g_ptr_array_new_with_free_func((GDestroyNotify)rig_bond_free);
    for (char **adapter = adapters; *adapter; adapter++)
        list_adapter(root, *adapter, bonds);
    return bonds;
}

/* The adapter that is meant, or the only one with a folder of the device; owned by the caller. */
static char *find_adapter(const char *root, const char *adapter, const char *device, GError **error)
{
    g_auto(GStrv) adapters = addresses_in(root, error);
    g_autofree char *wanted = canonical(adapter);
    char *found = NULL;
    guint n = 0;

    for (char **each = adapters; each && *each; each++) {
        g_autofree char *folder = g_build_filename(root, *each, device, NULL);

        if ((wanted && !g_str_equal(*each, wanted)) || !g_file_test(folder, G_FILE_TEST_IS_DIR))
            continue;
        g_free(found);
        found = g_strdup(*each);
        n++;
    }
    if (!adapters || n == 1)
        return found;
    g_free(found);
    if (n == 0)
        g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT,
                    "there is nothing kept of device %s; see `bootrig bond list`", device);
    else
        g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT,
                    "%u adapters of this host know device %s: name one with --adapter", n, device);
    return NULL;
}

static char *check_address(const char *text, GError **error)
{
    char *address = canonical(text);

    if (!address)
        g_set_error(error, RIG_ERROR, RIG_ERROR_USAGE,
                    "'%s' is no Bluetooth address; it looks like C0:FF:EE:52:84:00", text ? text : "");
    return address;
}

/* --- writing --- */

static bool write_key_file(GKeyFile *file, const char *path, GError **error)
{
    gsize n_bytes;
    g_autofree char *text = g_key_file_to_data(file, &n_bytes, NULL);

    return rig_file_replace(path, RIG_FILE_SECRET, text, n_bytes, error);
}

bool rig_bond_store_export(const char *root, const char *adapter, const char *device, const char *path,
                           GError **error)
{
    g_autofree char *address = check_address(device, error);
    g_autofree char *owner = address ? find_adapter(root, adapter, address, error) : NULL;
    g_autofree char *source = owner ? info_path(root, owner, address) : NULL;
    g_autoptr(GKeyFile) file = source ? read_key_file(source, error) : NULL;

    if (!file)
        return false;
    if (!key_group(file)) {
        g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "this host knows device %s, but has no bond with it",
                    address);
        return false;
    }
    g_key_file_set_integer(file, OUR_GROUP, "Format", FORMAT);
    g_key_file_set_string(file, OUR_GROUP, "Adapter", owner);
    g_key_file_set_string(file, OUR_GROUP, "Device", address);
    return write_key_file(file, path, error);
}

/* Whose bond a file says that it is. NULL: it is no exported bond. */
static struct rig_bond *read_exported(GKeyFile *file, const char *path, GError **error)
{
    g_autofree char *adapter_text = g_key_file_get_string(file, OUR_GROUP, "Adapter", NULL);
    g_autofree char *device_text = g_key_file_get_string(file, OUR_GROUP, "Device", NULL);
    g_autofree char *adapter = canonical(adapter_text);
    g_autofree char *device = canonical(device_text);
    int format = g_key_file_get_integer(file, OUR_GROUP, "Format", NULL);

    if (format == FORMAT && adapter && device && key_group(file))
        return describe(file, adapter, device);
    if (format > FORMAT)
        g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT,
                    "'%s' is of format %d, this bootrig knows %d: use a newer one", path, format, FORMAT);
    else
        g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT,
                    "'%s' is no bond that `bootrig bond export` wrote: addresses or key are missing", path);
    return NULL;
}

struct rig_bond *rig_bond_from_text(const char *text, gsize n_bytes, const char *name, GError **error)
{
    g_autoptr(GKeyFile) file = g_key_file_new();
    g_autoptr(GError) cause = NULL;

    if (n_bytes > 0 && n_bytes <= RIG_BOND_MAX_FILE_BYTES &&
        g_key_file_load_from_data(file, text, n_bytes, G_KEY_FILE_KEEP_COMMENTS, &cause))
        return read_exported(file, name, error);
    g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "'%s' is no bond: %s", name,
                cause ? cause->message : "it is empty, or too large");
    return NULL;
}

static char *adapter_for_import(const char *root, const char *adapter, const struct rig_bond *bond,
                                GError **error)
{
    g_autofree char *name = adapter ? check_address(adapter, error) : g_strdup(bond->adapter);
    g_autofree char *folder = name ? g_build_filename(root, name, NULL) : NULL;

    if (!name || g_file_test(folder, G_FILE_TEST_IS_DIR))
        return g_steal_pointer(&name);
    g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT,
                "this host has no adapter %s, which the bond was made with; the board knows the host by that "
                "address: "
                "name another with --adapter only if it has taken the address over",
                name);
    return NULL;
}

bool rig_bond_store_import(const char *root, const char *adapter, const char *path, struct rig_bond **bond,
                           GError **error)
{
    g_autoptr(GKeyFile) file = read_key_file(path, error);
    struct rig_bond *read = file ? read_exported(file, path, error) : NULL;
    g_autofree char *owner = read ? adapter_for_import(root, adapter, read, error) : NULL;
    g_autofree char *folder = owner ? g_build_filename(root, owner, read->device, NULL) : NULL;
    g_autofree char *info = owner ? info_path(root, owner, read->device) : NULL;
    bool ok = false;

    if (owner && g_mkdir_with_parents(folder, 0700) != 0)
        set_io(error, "cannot make", folder);
    else if (owner) {
        g_key_file_remove_group(file, OUR_GROUP, NULL);
        ok = write_key_file(file, info, error);
    }
    if (!ok) {
        rig_bond_free(read);
        return false;
    }
    g_free(read->adapter);
    read->adapter = g_steal_pointer(&owner);
    *bond = read;
    return true;
}

bool rig_bond_store_forget(const char *root, const char *adapter, const char *device, GError **error)
{
    static const char *const files[] = {"info", "attributes", "ccc", "gatt"};
    g_autofree char *address = check_address(device, error);
    g_autofree char *owner = address ? find_adapter(root, adapter, address, error) : NULL;
    g_autofree char *folder = owner ? g_build_filename(root, owner, address, NULL) : NULL;
    g_autofree char *cache = owner ? g_build_filename(root, owner, "cache", address, NULL) : NULL;

    if (!owner)
        return false;
    for (gsize i = 0; i < G_N_ELEMENTS(files); i++) {
        g_autofree char *path = g_build_filename(folder, files[i], NULL);

        g_unlink(path);
    }
    g_unlink(cache);
    if (g_rmdir(folder) == 0)
        return true;
    set_io(error, "cannot remove", folder);
    return false;
}
