/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `bootrig bond`: the bonds that this host's bluetoothd keeps with boards. */
#include "base/error.h"
#include "cli/cli.h"
#include "drivers/bluez/bond_store.h"

#include <gio/gio.h>
#include <stdio.h>
#include <string.h>

struct bond_options {
    char *store;
    char *adapter;
};

static const char *root_of(const struct bond_options *options)
{
    return options->store ? options->store : RIG_BOND_STORE_ROOT;
}

/* With a folder of one's own nobody else is at work. */
static GDBusConnection *running_daemon(const struct bond_options *options)
{
    g_autoptr(GDBusConnection) bus = options->store ? NULL : g_bus_get_sync(G_BUS_TYPE_SYSTEM, NULL, NULL);
    g_autoptr(GVariant) owned = NULL;
    gboolean has_owner = FALSE;

    if (!bus)
        return NULL;
    owned = g_dbus_connection_call_sync(
        bus, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "NameHasOwner",
        g_variant_new("(s)", "org.bluez"), G_VARIANT_TYPE("(b)"), G_DBUS_CALL_FLAGS_NONE, 5000, NULL, NULL);
    if (owned)
        g_variant_get(owned, "(b)", &has_owner);
    return has_owner ? g_steal_pointer(&bus) : NULL;
}

static bool run_list(const struct bond_options *options, char **arguments, GError **error)
{
    g_autoptr(GPtrArray) bonds = rig_bond_store_list(root_of(options), error);

    (void)arguments;
    for (guint i = 0; bonds && i < bonds->len; i++) {
        const struct rig_bond *bond = g_ptr_array_index(bonds, i);

        printf("%s  %-7s  adapter %s  key %u bit%s  %s\n", bond->device,
               bond->address_type ? bond->address_type : "-", bond->adapter, bond->key_bytes * 8,
               bond->authenticated ? ", authenticated" : "", bond->name ? bond->name : "-");
    }
    return bonds != NULL;
}

static bool run_export(const struct bond_options *options, char **arguments, GError **error)
{
    if (!rig_bond_store_export(root_of(options), options->adapter, arguments[0], arguments[1], error))
        return false;
    printf("%s: the bond with %s\n", arguments[1], arguments[0]);
    return true;
}

static bool run_import(const struct bond_options *options, char **arguments, GError **error)
{
    g_autoptr(GDBusConnection) daemon = running_daemon(options);
    struct rig_bond *bond = NULL;

    if (!rig_bond_store_import(root_of(options), options->adapter, arguments[0], &bond, error))
        return false;
    printf("%s: bonded with adapter %s\n", bond->device, bond->adapter);
    if (daemon)
        fprintf(
            stderr,
            "bootrig: bluetoothd runs and reads bonds at its start only: `systemctl restart bluetooth`\n");
    rig_bond_free(bond);
    return true;
}

/* The objects of the daemon whose address is this one. */
static char *object_of(GVariant *objects, const char *device, char **adapter)
{
    g_autoptr(GVariantIter) paths = NULL;
    const char *path;
    GVariant *interfaces;
    char *found = NULL;

    g_variant_get(objects, "(a{oa{sa{sv}}})", &paths);
    while (!found && g_variant_iter_next(paths, "{&o@a{sa{sv}}}", &path, &interfaces)) {
        g_autoptr(GVariant) properties =
            g_variant_lookup_value(interfaces, "org.bluez.Device1", G_VARIANT_TYPE_VARDICT);
        const char *address = NULL;

        if (properties && g_variant_lookup(properties, "Address", "&s", &address) &&
            g_ascii_strcasecmp(address, device) == 0) {
            found = g_strdup(path);
            *adapter = g_path_get_dirname(path);
        }
        g_variant_unref(interfaces);
    }
    return found;
}

static GVariant *call(GDBusConnection *daemon, const char *path, const char *interface, const char *method,
                      GVariant *parameters, const char *type, GError **error)
{
    g_autoptr(GError) cause = NULL;
    GVariant *value =
        g_dbus_connection_call_sync(daemon, "org.bluez", path, interface, method, parameters,
                                    G_VARIANT_TYPE(type), G_DBUS_CALL_FLAGS_NONE, 30000, NULL, &cause);

    if (!value)
        g_set_error(error, RIG_ERROR, RIG_ERROR_DEVICE, "bluetoothd refuses %s: %s", method, cause->message);
    return value;
}

/* A running daemon would write the bond again: it must forget by itself. */
static bool forget_running(GDBusConnection *daemon, const char *device, GError **error)
{
    g_autoptr(GVariant) objects = call(daemon, "/", "org.freedesktop.DBus.ObjectManager", "GetManagedObjects",
                                       NULL, "(a{oa{sa{sv}}})", error);
    g_autofree char *adapter = NULL;
    g_autofree char *path = objects ? object_of(objects, device, &adapter) : NULL;
    g_autoptr(GVariant) done = NULL;

    if (!objects)
        return false;
    if (!path) {
        g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT,
                    "bluetoothd knows no device %s; see `bootrig bond list`", device);
        return false;
    }
    done =
        call(daemon, adapter, "org.bluez.Adapter1", "RemoveDevice", g_variant_new("(o)", path), "()", error);
    return done != NULL;
}

static bool run_forget(const struct bond_options *options, char **arguments, GError **error)
{
    g_autoptr(GDBusConnection) daemon = running_daemon(options);
    bool ok = daemon ? forget_running(daemon, arguments[0], error)
                     : rig_bond_store_forget(root_of(options), options->adapter, arguments[0], error);

    if (ok)
        printf("%s: forgotten\n", arguments[0]);
    return ok;
}

static const struct action {
    const char *name;
    int n_arguments;
    bool (*run)(const struct bond_options *options, char **arguments, GError **error);
} actions[] = {
    {"list", 0, run_list},
    {"export", 2, run_export},
    {"import", 1, run_import},
    {"forget", 1, run_forget},
};

static int run_action(const struct bond_options *options, int argc, char **argv)
{
    GError *error = NULL;

    for (gsize i = 0; argc > 1 && i < G_N_ELEMENTS(actions); i++)
        if (strcmp(actions[i].name, argv[1]) == 0 && argc - 2 == actions[i].n_arguments)
            return actions[i].run(options, argv + 2, &error) ? RIG_EXIT_PASSED : rig_cli_fail(error);
    fprintf(stderr,
            "bootrig: bond list, bond export ADDRESS FILE, bond import FILE, bond forget ADDRESS; see "
            "bootrig bond --help\n");
    return RIG_EXIT_ERROR;
}

int rig_cli_bond(int argc, char **argv)
{
    struct bond_options options = {0};
    const GOptionEntry entries[] = {
        {"store", 0, 0, G_OPTION_ARG_FILENAME, &options.store,
         "folder of the bonds instead of bluetoothd's (default " RIG_BOND_STORE_ROOT ")", "DIR"},
        {"adapter", 0, 0, G_OPTION_ARG_STRING, &options.adapter,
         "address of this host's adapter (default: the one of the bond)", "ADDRESS"},
        {0},
    };
    int exit_code;

    if (rig_cli_parse(
            &argc, &argv, entries, "list | export ADDRESS FILE | import FILE | forget ADDRESS",
            "Lists, exports, imports and forgets this host's bonds with boards.",
            "An exported bond is a key file that holds the key: it is made readable by its owner only. "
            "bluetoothd reads bonds at its\nstart: restart it after an import. A bond belongs to the "
            "address of the adapter it was made with.",
            &exit_code))
        exit_code = run_action(&options, argc, argv);
    g_free(options.store);
    g_free(options.adapter);
    return exit_code;
}
