/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The system bus, bluetoothd's objects and calls with deadlines: see bus.h. */
#include "drivers/bluez/bus.h"

#include "base/error.h"
#include "drivers/bluez/objects.h"
#include "drivers/bluez/outcome.h"

#include <string.h>

#define NAME "org.bluez"
#define MANAGER "org.freedesktop.DBus.ObjectManager"
#define PROPERTIES "org.freedesktop.DBus.Properties"
#define N_SUBSCRIPTIONS 4
#define N_LAST_ROUNDS 32

struct rig_bluez_bus {
    struct rig_board *board;
    rig_bluez_changed changed;
    void *user;
    GDBusConnection *connection; /* NULL: closed */
    guint subscriptions[N_SUBSCRIPTIONS];
    gulong closed_handler;
    struct rig_bluez_objects *objects;
    bool loaded; /* the objects are those of the daemon that runs */
    bool had_daemon;
    guint generation;
    bool given_up; /* the call that waits */
    const char *trouble;
};

struct rig_bluez_bus *rig_bluez_bus_new(struct rig_board *board, rig_bluez_changed changed, void *user)
{
    struct rig_bluez_bus *bus = g_new0(struct rig_bluez_bus, 1);

    bus->board = board;
    bus->changed = changed;
    bus->user = user;
    bus->objects = rig_bluez_objects_new();
    bus->trouble = "the D-Bus connection is not open";
    return bus;
}

void rig_bluez_bus_free(struct rig_bluez_bus *bus)
{
    if (!bus)
        return;
    rig_bluez_bus_close(bus);
    rig_bluez_objects_free(bus->objects);
    g_free(bus);
}

const char *rig_bluez_bus_trouble(const struct rig_bluez_bus *bus)
{
    return bus->trouble;
}

guint rig_bluez_bus_generation(const struct rig_bluez_bus *bus)
{
    return bus->loaded ? bus->generation : 0;
}

GDBusConnection *rig_bluez_bus_connection(struct rig_bluez_bus *bus)
{
    return bus->connection;
}

static void tell(struct rig_bluez_bus *bus, const char *path, const char *interface, const char *name,
                 GVariant *value)
{
    if (bus->changed)
        bus->changed(bus->user, path, interface, name, value);
}

static void lose(struct rig_bluez_bus *bus, const char *trouble)
{
    g_auto(GStrv) devices = NULL;

    if (!bus->loaded)
        return;
    bus->loaded = false;
    bus->trouble = trouble;
    devices = rig_bluez_objects_paths(bus->objects, RIG_BLUEZ_DEVICE, NULL);
    rig_bluez_objects_clear(bus->objects);
    for (char **device = devices; *device; device++)
        tell(bus, *device, RIG_BLUEZ_DEVICE, NULL, NULL);
}

/* --- signals --- */

static void take_interface(struct rig_bluez_bus *bus, const char *path, const char *interface,
                           GVariant *properties)
{
    rig_bluez_objects_set(bus->objects, path, interface, properties);
    tell(bus, path, interface, NULL, properties);
}

static void take_object(struct rig_bluez_bus *bus, const char *path, GVariant *interfaces)
{
    GVariantIter iter;
    const char *interface;
    GVariant *properties;

    g_variant_iter_init(&iter, interfaces);
    while (g_variant_iter_next(&iter, "{&s@a{sv}}", &interface, &properties)) {
        take_interface(bus, path, interface, properties);
        g_variant_unref(properties);
    }
}

static void on_added(GDBusConnection *connection, const char *sender, const char *path, const char *interface,
                     const char *signal, GVariant *parameters, gpointer user)
{
    struct rig_bluez_bus *bus = user;
    g_autoptr(GVariant) interfaces = NULL;
    const char *object;

    (void)connection, (void)sender, (void)path, (void)interface, (void)signal;
    if (!bus->loaded || !g_variant_is_of_type(parameters, G_VARIANT_TYPE("(oa{sa{sv}})")))
        return;
    g_variant_get(parameters, "(&o@a{sa{sv}})", &object, &interfaces);
    take_object(bus, object, interfaces);
}

static void on_removed(GDBusConnection *connection, const char *sender, const char *path,
                       const char *interface, const char *signal, GVariant *parameters, gpointer user)
{
    struct rig_bluez_bus *bus = user;
    g_autoptr(GVariantIter) names = NULL;
    const char *object;
    const char *name;

    (void)connection, (void)sender, (void)path, (void)interface, (void)signal;
    if (!bus->loaded || !g_variant_is_of_type(parameters, G_VARIANT_TYPE("(oas)")))
        return;
    g_variant_get(parameters, "(&oas)", &object, &names);
    while (g_variant_iter_next(names, "&s", &name)) {
        rig_bluez_objects_remove(bus->objects, object, name);
        tell(bus, object, name, NULL, NULL);
    }
}

static void take_properties(struct rig_bluez_bus *bus, const char *path, const char *interface,
                            GVariant *properties)
{
    GVariantIter iter;
    const char *name;
    GVariant *value;

    rig_bluez_objects_set(bus->objects, path, interface, properties);
    g_variant_iter_init(&iter, properties);
    while (g_variant_iter_next(&iter, "{&sv}", &name, &value)) {
        tell(bus, path, interface, name, value);
        g_variant_unref(value);
    }
}

static void on_properties(GDBusConnection *connection, const char *sender, const char *path,
                          const char *interface, const char *signal, GVariant *parameters, gpointer user)
{
    struct rig_bluez_bus *bus = user;
    g_autoptr(GVariant) properties = NULL;
    g_autoptr(GVariantIter) gone = NULL;
    const char *of;
    const char *name;

    (void)connection, (void)sender, (void)interface, (void)signal;
    if (!bus->loaded || !g_variant_is_of_type(parameters, G_VARIANT_TYPE("(sa{sv}as)")))
        return;
    g_variant_get(parameters, "(&s@a{sv}as)", &of, &properties, &gone);
    if (!rig_bluez_objects_has(bus->objects, path, of))
        return;
    take_properties(bus, path, of, properties);
    while (g_variant_iter_next(gone, "&s", &name)) {
        rig_bluez_objects_unset(bus->objects, path, of, name);
        tell(bus, path, of, name, NULL);
    }
}

static void on_owner(GDBusConnection *connection, const char *sender, const char *path, const char *interface,
                     const char *signal, GVariant *parameters, gpointer user)
{
    const char *before;
    const char *after;

    (void)connection, (void)sender, (void)path, (void)interface, (void)signal;
    if (!g_variant_is_of_type(parameters, G_VARIANT_TYPE("(sss)")))
        return;
    g_variant_get(parameters, "(&s&s&s)", NULL, &before, &after);
    lose(user, *after ? "bluetoothd was restarted" : "bluetoothd left the bus");
}

static void on_closed(GDBusConnection *connection, gboolean vanished, GError *error, gpointer user)
{
    (void)connection, (void)vanished, (void)error;
    lose(user, "the system D-Bus went away");
}

static void subscribe(struct rig_bluez_bus *bus)
{
    const struct {
        const char *sender, *interface, *signal, *argument;
        GDBusSignalCallback callback;
    } wanted[N_SUBSCRIPTIONS] = {
        {NAME, MANAGER, "InterfacesAdded", NULL, on_added},
        {NAME, MANAGER, "InterfacesRemoved", NULL, on_removed},
        {NAME, PROPERTIES, "PropertiesChanged", NULL, on_properties},
        {"org.freedesktop.DBus", "org.freedesktop.DBus", "NameOwnerChanged", NAME, on_owner},
    };

    for (guint i = 0; i < N_SUBSCRIPTIONS; i++)
        bus->subscriptions[i] = g_dbus_connection_signal_subscribe(
            bus->connection, wanted[i].sender, wanted[i].interface, wanted[i].signal, NULL,
            wanted[i].argument, G_DBUS_SIGNAL_FLAGS_NONE, wanted[i].callback, bus, NULL);
    bus->closed_handler = g_signal_connect(bus->connection, "closed", G_CALLBACK(on_closed), bus);
}

/* --- calls --- */

struct pending {
    guint n_owners;                  /* the caller and the callback */
    const struct rig_bluez_bus *bus; /* of the caller, while it waits; NULL: nobody can give it up */
    bool done;
    GObject *connection;
    GVariant *value;
    GUnixFDList *fds;
    GError *error;
};

static void pending_unref(struct pending *pending)
{
    if (--pending->n_owners > 0)
        return;
    g_clear_object(&pending->connection);
    g_clear_pointer(&pending->value, g_variant_unref);
    g_clear_object(&pending->fds);
    g_clear_error(&pending->error);
    g_free(pending);
}

static void on_reply(GObject *source, GAsyncResult *result, gpointer user)
{
    struct pending *pending = user;

    pending->value = g_dbus_connection_call_with_unix_fd_list_finish(G_DBUS_CONNECTION(source), &pending->fds,
                                                                     result, &pending->error);
    pending->done = true;
    pending_unref(pending);
}

static bool is_done(void *user)
{
    struct pending *pending = user;

    return pending->done || (pending->bus && pending->bus->given_up);
}

void rig_bluez_reply_clear(struct rig_bluez_reply *reply)
{
    g_clear_pointer(&reply->value, g_variant_unref);
    g_clear_object(&reply->fds);
    g_clear_pointer(&reply->error_name, g_free);
    g_clear_pointer(&reply->error_text, g_free);
}

static void take_error(const struct rig_bluez_bus *bus, struct rig_bluez_reply *reply, GError *error)
{
    reply->error_name = g_dbus_error_get_remote_error(error);
    g_dbus_error_strip_remote_error(error);
    if (!reply->error_name && (bus->connection == NULL || g_dbus_connection_is_closed(bus->connection)))
        reply->error_name = g_strdup("org.freedesktop.DBus.Error.Disconnected");
    reply->error_text = g_strdup(error->message);
}

static struct pending *start(struct rig_bluez_bus *bus, const char *path, const char *interface,
                             const char *method, GVariant *parameters, GCancellable *stop)
{
    struct pending *pending = g_new0(struct pending, 1);

    pending->n_owners = 2;
    g_main_context_push_thread_default(bus->board->events);
    g_dbus_connection_call_with_unix_fd_list(bus->connection, NAME, path, interface, method, parameters, NULL,
                                             G_DBUS_CALL_FLAGS_NONE, G_MAXINT, NULL, stop, on_reply, pending);
    g_main_context_pop_thread_default(bus->board->events);
    return pending;
}

bool rig_bluez_call(struct rig_bluez_bus *bus, const char *path, const char *interface, const char *method,
                    GVariant *parameters, const char *reply_type, guint64 until_us,
                    struct rig_bluez_reply *reply, GError **error)
{
    g_autoptr(GCancellable) stop = g_cancellable_new();
    struct pending *pending;
    bool waited, done = false;

    *reply = (struct rig_bluez_reply){0};
    if (!bus->connection) {
        if (parameters)
            g_variant_unref(g_variant_ref_sink(parameters));
        reply->error_name = g_strdup("org.freedesktop.DBus.Error.Disconnected");
        reply->error_text = g_strdup(bus->trouble ? bus->trouble : "closed");
        return true;
    }
    bus->given_up = false;
    pending = start(bus, path, interface, method, parameters, stop);
    pending->bus = bus;
    waited = rig_board_wait_for(bus->board, until_us, is_done, pending, &done, error);
    pending->bus = NULL;
    done = pending->done;
    if (!done)
        g_cancellable_cancel(stop);
    reply->timed_out = !done;
    if (done && pending->error)
        take_error(bus, reply, pending->error);
    else if (done && !g_variant_is_of_type(pending->value, G_VARIANT_TYPE(reply_type)))
        reply->error_text = g_strdup_printf("%s answers a %s instead of a %s", method,
                                            g_variant_get_type_string(pending->value), reply_type);
    else if (done) {
        reply->value = g_steal_pointer(&pending->value);
        reply->fds = g_steal_pointer(&pending->fds);
    }
    pending_unref(pending);
    return waited;
}

bool rig_bluez_refresh(struct rig_bluez_bus *bus, const char *path, const char *interface, guint64 until_us,
                       GError **error)
{
    g_auto(rig_bluez_reply) reply = {0};
    g_autoptr(GVariant) properties = NULL;

    if (!rig_bluez_call(bus, path, PROPERTIES, "GetAll", g_variant_new("(s)", interface), "(a{sv})", until_us,
                        &reply, error))
        return false;
    if (!reply.value || !rig_bluez_objects_has(bus->objects, path, interface))
        return true;
    g_variant_get(reply.value, "(@a{sv})", &properties);
    take_properties(bus, path, interface, properties);
    return true;
}

void rig_bluez_give_up(struct rig_bluez_bus *bus)
{
    bus->given_up = true;
}

void rig_bluez_send(struct rig_bluez_bus *bus, const char *path, const char *interface, const char *method,
                    GVariant *parameters)
{
    if (bus->connection)
        g_dbus_connection_call(bus->connection, NAME, path, interface, method, parameters, NULL,
                               G_DBUS_CALL_FLAGS_NONE, -1, NULL, NULL, NULL);
    else if (parameters)
        g_variant_unref(g_variant_ref_sink(parameters));
}

/* --- opening --- */

static void on_connected(GObject *source, GAsyncResult *result, gpointer user)
{
    struct pending *pending = user;

    (void)source;
    pending->connection = G_OBJECT(g_dbus_connection_new_for_address_finish(result, &pending->error));
    pending->done = true;
    pending_unref(pending);
}

static void set_no_bus(GError **error, const char *why)
{
    g_set_error(error, RIG_ERROR, RIG_ERROR_DEVICE,
                "the system D-Bus cannot be reached: %s; is dbus-daemon running? (`systemctl status dbus`)",
                why);
}

/* *why: there is no connection, if there is none; owned by the caller. */
static bool dial_once(struct rig_bluez_bus *bus, const char *address, guint64 until_us, char **why,
                      GError **error)
{
    g_autoptr(GCancellable) stop = g_cancellable_new();
    struct pending *pending = g_new0(struct pending, 1);
    bool waited, done = false;

    pending->n_owners = 2;
    g_main_context_push_thread_default(bus->board->events);
    g_dbus_connection_new_for_address(address,
                                      G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT |
                                          G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
                                      NULL, stop, on_connected, pending);
    g_main_context_pop_thread_default(bus->board->events);
    waited = rig_board_wait_for(bus->board, until_us, is_done, pending, &done, error);
    if (!done)
        g_cancellable_cancel(stop);
    bus->connection = (GDBusConnection *)g_steal_pointer(&pending->connection);
    *why = g_strdup(pending->error ? pending->error->message : "it does not answer");
    pending_unref(pending);
    return waited;
}

#define ASK_AGAIN_US 200000u /* board time; bus and daemon need a moment to come back */

static bool never(void *user)
{
    (void)user;
    return false;
}

static bool pause_until(struct rig_bluez_bus *bus, guint64 until_us, GError **error)
{
    guint64 soon_us = bus->board->ops->now_us(bus->board) + ASK_AGAIN_US;
    bool ignored;

    return rig_board_wait_for(bus->board, MIN(until_us, soon_us), never, NULL, &ignored, error);
}

/* A bus that was there may be on its way back; one that never was is not waited for. */
static bool dial(struct rig_bluez_bus *bus, guint64 until_us, GError **error)
{
    g_autoptr(GError) own = NULL;
    g_autofree char *address = g_dbus_address_get_for_bus_sync(G_BUS_TYPE_SYSTEM, NULL, &own);

    if (!address) {
        set_no_bus(error, own->message);
        return false;
    }
    for (;;) {
        g_autofree char *why = NULL;

        if (!dial_once(bus, address, until_us, &why, error))
            return false;
        if (bus->connection)
            return true;
        if (!bus->had_daemon || bus->board->ops->now_us(bus->board) >= until_us) {
            set_no_bus(error, why);
            return false;
        }
        if (!pause_until(bus, until_us, error))
            return false;
    }
}

static bool ask_objects(struct rig_bluez_bus *bus, guint64 until_us, struct rig_bluez_reply *reply,
                        GError **error)
{
    g_autoptr(GVariant) objects = NULL;
    GVariantIter iter;
    const char *path;
    GVariant *interfaces;

    if (!rig_bluez_call(bus, "/", MANAGER, "GetManagedObjects", NULL, "(a{oa{sa{sv}}})", until_us, reply,
                        error))
        return false;
    if (!reply->value)
        return true;
    bus->loaded = bus->had_daemon = true;
    bus->trouble = NULL;
    bus->generation++;
    rig_bluez_objects_clear(bus->objects);
    g_variant_get(reply->value, "(@a{oa{sa{sv}}})", &objects);
    g_variant_iter_init(&iter, objects);
    while (g_variant_iter_next(&iter, "{&o@a{sa{sv}}}", &path, &interfaces)) {
        take_object(bus, path, interfaces);
        g_variant_unref(interfaces);
    }
    return true;
}

static void set_no_daemon(GError **error, const struct rig_bluez_reply *reply)
{
    struct rig_bluez_verdict verdict = rig_bluez_judge_error(reply->error_name, reply->error_text);

    g_set_error(error, RIG_ERROR, RIG_ERROR_DEVICE, "bluetoothd does not answer on D-Bus (%s): %s",
                reply->error_text ? reply->error_text : "no reply before the deadline",
                verdict.blame == RIG_BLUEZ_HOST ? verdict.remedy
                                                : "see `systemctl status bluetooth`; start it and run again");
}

/* A daemon that was there may be on its way back; one that never was is not waited for. */
static bool load(struct rig_bluez_bus *bus, guint64 until_us, GError **error)
{
    for (;;) {
        g_auto(rig_bluez_reply) reply = {0};

        if (!ask_objects(bus, until_us, &reply, error))
            return false;
        if (bus->loaded)
            return true;
        if (!bus->had_daemon || bus->board->ops->now_us(bus->board) >= until_us ||
            g_dbus_connection_is_closed(bus->connection)) {
            set_no_daemon(error, &reply);
            return false;
        }
        if (!pause_until(bus, until_us, error))
            return false;
    }
}

bool rig_bluez_bus_open(struct rig_bluez_bus *bus, guint64 until_us, GError **error)
{
    if (bus->connection && g_dbus_connection_is_closed(bus->connection))
        rig_bluez_bus_close(bus);
    if (!bus->connection) {
        if (!dial(bus, until_us, error))
            return false;
        g_main_context_push_thread_default(bus->board->events);
        subscribe(bus);
        g_main_context_pop_thread_default(bus->board->events);
    }
    return bus->loaded || load(bus, until_us, error);
}

void rig_bluez_bus_close(struct rig_bluez_bus *bus)
{
    if (!bus->connection)
        return;
    for (guint i = 0; i < N_SUBSCRIPTIONS; i++)
        g_dbus_connection_signal_unsubscribe(bus->connection, bus->subscriptions[i]);
    g_signal_handler_disconnect(bus->connection, bus->closed_handler);
    if (!g_dbus_connection_is_closed(bus->connection))
        g_dbus_connection_close_sync(bus->connection, NULL, NULL);
    g_clear_object(&bus->connection);
    /* Calls that were given up end now, while there is somebody to end them. Not for as long as something is
     * ready: what others do not read always is. */
    for (guint i = 0; i < N_LAST_ROUNDS && g_main_context_iteration(bus->board->events, FALSE); i++)
        continue;
    rig_bluez_objects_clear(bus->objects);
    bus->loaded = false;
    bus->trouble = "the D-Bus connection is not open";
}

/* --- looking at objects --- */

GVariant *rig_bluez_property(const struct rig_bluez_bus *bus, const char *path, const char *interface,
                             const char *name)
{
    return rig_bluez_objects_get(bus->objects, path, interface, name);
}

bool rig_bluez_flag(const struct rig_bluez_bus *bus, const char *path, const char *interface,
                    const char *name)
{
    GVariant *value = rig_bluez_property(bus, path, interface, name);

    return value && g_variant_is_of_type(value, G_VARIANT_TYPE_BOOLEAN) && g_variant_get_boolean(value);
}

const char *rig_bluez_text(const struct rig_bluez_bus *bus, const char *path, const char *interface,
                           const char *name)
{
    GVariant *value = rig_bluez_property(bus, path, interface, name);

    if (!value || !(g_variant_is_of_type(value, G_VARIANT_TYPE_STRING) ||
                    g_variant_is_of_type(value, G_VARIANT_TYPE_OBJECT_PATH)))
        return NULL;
    return g_variant_get_string(value, NULL);
}

bool rig_bluez_lists(const struct rig_bluez_bus *bus, const char *path, const char *interface,
                     const char *name, const char *text)
{
    GVariant *value = rig_bluez_property(bus, path, interface, name);
    GVariantIter iter;
    const char *item;

    if (!value || !g_variant_is_of_type(value, G_VARIANT_TYPE_STRING_ARRAY))
        return false;
    g_variant_iter_init(&iter, value);
    while (g_variant_iter_next(&iter, "&s", &item))
        if (g_ascii_strcasecmp(item, text) == 0)
            return true;
    return false;
}

bool rig_bluez_has(const struct rig_bluez_bus *bus, const char *path, const char *interface)
{
    return path && rig_bluez_objects_has(bus->objects, path, interface);
}

char **rig_bluez_paths(const struct rig_bluez_bus *bus, const char *interface, const char *below)
{
    return rig_bluez_objects_paths(bus->objects, interface, below);
}
