/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The system bus, bluetoothd's objects and calls with deadlines: see bus.h. */
#include "drivers/bluez/bus.h"

#include "base/error.h"
#include "drivers/bluez/outcome.h"

#include <glib-unix.h>
#include <string.h>

#define NAME "org.bluez"
#define PROPERTIES "org.freedesktop.DBus.Properties"
#define OBJECTS_TYPE "a{oa{sa{sv}}}"

struct rig_bluez_bus {
    struct rig_board *board;
    rig_bluez_changed changed;
    void *user;
    /* GIO makes an object manager with calls that block, so that it is made in a thread; it tells what
     * happens in the context of that thread, and so does everything else of this bus, which keeps the order.
     */
    GMainContext *context;
    GSource *dispatcher;         /* of the context, among the board's events; NULL: closed */
    GDBusConnection *connection; /* NULL: closed */
    gulong closed_handler;
    GDBusObjectManager *manager; /* NULL: no daemon that we know of */
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
    bus->context = g_main_context_new_with_flags(G_MAIN_CONTEXT_FLAGS_OWNERLESS_POLLING);
    bus->trouble = "the D-Bus connection is not open";
    return bus;
}

void rig_bluez_bus_free(struct rig_bluez_bus *bus)
{
    if (!bus)
        return;
    rig_bluez_bus_close(bus);
    g_main_context_unref(bus->context);
    g_free(bus);
}

const char *rig_bluez_bus_trouble(const struct rig_bluez_bus *bus)
{
    return bus->trouble;
}

guint rig_bluez_bus_generation(const struct rig_bluez_bus *bus)
{
    return bus->manager ? bus->generation : 0;
}

GDBusConnection *rig_bluez_bus_connection(struct rig_bluez_bus *bus)
{
    return bus->connection;
}

GMainContext *rig_bluez_bus_context(struct rig_bluez_bus *bus)
{
    return bus->context;
}

static void tell(struct rig_bluez_bus *bus, const char *path, const char *interface, const char *name,
                 GVariant *value)
{
    if (bus->changed)
        bus->changed(bus->user, path, interface, name, value);
}

static void drop_manager(struct rig_bluez_bus *bus)
{
    if (bus->manager)
        g_signal_handlers_disconnect_by_data(bus->manager, bus);
    g_clear_object(&bus->manager);
}

/* A manager would wait for the next daemon, and ask it with a call that blocks: it goes with its daemon. */
static void lose(struct rig_bluez_bus *bus, const char *trouble)
{
    if (!bus->manager)
        return;
    drop_manager(bus);
    bus->trouble = trouble;
    tell(bus, NULL, NULL, NULL, NULL);
}

/* --- signals --- */

static void tell_properties(struct rig_bluez_bus *bus, GDBusProxy *proxy, GVariant *properties)
{
    const char *path = g_dbus_proxy_get_object_path(proxy);
    const char *interface = g_dbus_proxy_get_interface_name(proxy);
    GVariantIter iter;
    const char *name;
    GVariant *value;

    g_variant_iter_init(&iter, properties);
    while (g_variant_iter_next(&iter, "{&sv}", &name, &value)) {
        tell(bus, path, interface, name, value);
        g_variant_unref(value);
    }
}

static void on_properties(GDBusObjectManagerClient *manager, GDBusObjectProxy *object, GDBusProxy *proxy,
                          GVariant *properties, const char *const *gone, gpointer user)
{
    (void)manager, (void)object;
    tell_properties(user, proxy, properties);
    for (; *gone; gone++)
        tell(user, g_dbus_proxy_get_object_path(proxy), g_dbus_proxy_get_interface_name(proxy), *gone, NULL);
}

static void on_interface_removed(GDBusObjectManager *manager, GDBusObject *object, GDBusInterface *interface,
                                 gpointer user)
{
    (void)manager;
    tell(user, g_dbus_object_get_object_path(object),
         g_dbus_proxy_get_interface_name(G_DBUS_PROXY(interface)), NULL, NULL);
}

static void on_object_removed(GDBusObjectManager *manager, GDBusObject *object, gpointer user)
{
    (void)manager;
    tell(user, g_dbus_object_get_object_path(object), NULL, NULL, NULL);
}

static void on_owner(GObject *manager, GParamSpec *property, gpointer user)
{
    (void)manager, (void)property;
    lose(user, "bluetoothd left the bus");
}

static void on_closed(GDBusConnection *connection, gboolean vanished, GError *error, gpointer user)
{
    (void)connection, (void)vanished, (void)error;
    lose(user, "the system D-Bus went away");
}

/* In the place of an answer of a wrong type. */
static GDBusMessage *say_wrong_type(GDBusMessage *answer, const char *method, const char *wanted)
{
    GDBusMessage *refusal = g_dbus_message_new();
    g_autofree char *text = g_strdup_printf("%s answers a (%s) instead of a (%s)", method,
                                            g_dbus_message_get_signature(answer), wanted);

    g_dbus_message_set_message_type(refusal, G_DBUS_MESSAGE_TYPE_ERROR);
    g_dbus_message_set_reply_serial(refusal, g_dbus_message_get_reply_serial(answer));
    g_dbus_message_set_error_name(refusal, "org.freedesktop.DBus.Error.InvalidSignature");
    g_dbus_message_set_body(refusal, g_variant_new("(s)", text));
    g_object_unref(answer);
    return refusal;
}

#define ASKED "rig-asked" /* of the connection: the serial of the last question for the objects */

/* GIO takes it for granted that signals and objects have the types that they must have. Called in GIO's
 * thread. */
static GDBusMessage *check_types(GDBusConnection *connection, GDBusMessage *message, gboolean incoming,
                                 gpointer user)
{
    static const struct {
        const char *member, *signature;
    } signals[] = {
        {"InterfacesAdded", "oa{sa{sv}}"}, {"InterfacesRemoved", "oas"}, {"PropertiesChanged", "sa{sv}as"}};
    const char *member = g_dbus_message_get_member(message);
    const char *signature = g_dbus_message_get_signature(message);
    GDBusMessageType type = g_dbus_message_get_message_type(message);

    (void)user;
    if (!incoming && g_strcmp0(member, "GetManagedObjects") == 0)
        g_object_set_data(G_OBJECT(connection), ASKED, GUINT_TO_POINTER(g_dbus_message_get_serial(message)));
    if (incoming && type == G_DBUS_MESSAGE_TYPE_METHOD_RETURN &&
        g_dbus_message_get_reply_serial(message) ==
            GPOINTER_TO_UINT(g_object_get_data(G_OBJECT(connection), ASKED)) &&
        !g_str_equal(signature, OBJECTS_TYPE))
        return say_wrong_type(message, "GetManagedObjects", OBJECTS_TYPE);
    for (guint i = 0; incoming && type == G_DBUS_MESSAGE_TYPE_SIGNAL && i < G_N_ELEMENTS(signals); i++)
        if (g_strcmp0(member, signals[i].member) == 0 && !g_str_equal(signature, signals[i].signature)) {
            g_object_unref(message);
            return NULL;
        }
    return message;
}

/* --- calls --- */

struct pending {
    const struct rig_bluez_bus *bus;
    bool done;
    GVariant *value;
    GUnixFDList *fds;
    GError *error;
};

static void on_reply(GObject *source, GAsyncResult *result, gpointer user)
{
    struct pending *pending = user;

    pending->value = g_dbus_connection_call_with_unix_fd_list_finish(G_DBUS_CONNECTION(source), &pending->fds,
                                                                     result, &pending->error);
    pending->done = true;
}

static bool is_done(void *user)
{
    struct pending *pending = user;

    return pending->done || pending->bus->given_up;
}

void rig_bluez_reply_clear(struct rig_bluez_reply *reply)
{
    g_clear_pointer(&reply->value, g_variant_unref);
    g_clear_object(&reply->fds);
    g_clear_pointer(&reply->error_name, g_free);
    g_clear_pointer(&reply->error_text, g_free);
}

/* error is taken. */
static void take_error(const struct rig_bluez_bus *bus, struct rig_bluez_reply *reply, GError *error)
{
    reply->error_name = g_dbus_error_get_remote_error(error);
    g_dbus_error_strip_remote_error(error);
    if (!reply->error_name && (bus->connection == NULL || g_dbus_connection_is_closed(bus->connection)))
        reply->error_name = g_strdup("org.freedesktop.DBus.Error.Disconnected");
    reply->error_text = g_strdup(error->message);
    g_error_free(error);
}

/* Without a connection. */
static void refuse_call(const struct rig_bluez_bus *bus, GVariant *parameters, struct rig_bluez_reply *reply)
{
    if (parameters)
        g_variant_unref(g_variant_ref_sink(parameters));
    reply->error_name = g_strdup("org.freedesktop.DBus.Error.Disconnected");
    reply->error_text = g_strdup(bus->trouble ? bus->trouble : "closed");
}

bool rig_bluez_call(struct rig_bluez_bus *bus, const char *path, const char *interface, const char *method,
                    GVariant *parameters, const char *reply_type, guint64 until_us,
                    struct rig_bluez_reply *reply, GError **error)
{
    g_autoptr(GCancellable) stop = g_cancellable_new();
    struct pending pending = {.bus = bus};
    bool waited, ignored;

    *reply = (struct rig_bluez_reply){0};
    if (!bus->connection) {
        refuse_call(bus, parameters, reply);
        return true;
    }
    bus->given_up = false;
    g_main_context_push_thread_default(bus->context);
    g_dbus_connection_call_with_unix_fd_list(bus->connection, NAME, path, interface, method, parameters, NULL,
                                             G_DBUS_CALL_FLAGS_NONE, G_MAXINT, NULL, stop, on_reply,
                                             &pending);
    g_main_context_pop_thread_default(bus->context);
    waited = rig_board_wait_for(bus->board, until_us, is_done, &pending, &ignored, error);
    reply->timed_out = !pending.done;
    g_cancellable_cancel(stop);
    while (!pending.done) /* it ends at once, by the cancellation */
        g_main_context_iteration(bus->context, TRUE);
    if (reply->timed_out)
        g_clear_error(&pending.error);
    else if (pending.error)
        take_error(bus, reply, pending.error);
    else if (!g_variant_is_of_type(pending.value, G_VARIANT_TYPE(reply_type)))
        reply->error_text = g_strdup_printf("%s answers a %s instead of a %s", method,
                                            g_variant_get_type_string(pending.value), reply_type);
    else
        reply->value = g_steal_pointer(&pending.value), reply->fds = g_steal_pointer(&pending.fds);
    g_clear_pointer(&pending.value, g_variant_unref);
    g_clear_object(&pending.fds);
    return waited;
}

static GDBusProxy *find_proxy(const struct rig_bluez_bus *bus, const char *path, const char *interface)
{
    GDBusInterface *found =
        bus->manager && path ? g_dbus_object_manager_get_interface(bus->manager, path, interface) : NULL;

    if (found)
        g_object_unref(found); /* the manager has it until events are dispatched */
    return (GDBusProxy *)found;
}

static void take_properties(GDBusProxy *proxy, GVariant *properties)
{
    GVariantIter iter;
    const char *name;
    GVariant *value;

    g_variant_iter_init(&iter, properties);
    while (g_variant_iter_next(&iter, "{&sv}", &name, &value)) {
        g_dbus_proxy_set_cached_property(proxy, name, value);
        g_variant_unref(value);
    }
}

bool rig_bluez_refresh(struct rig_bluez_bus *bus, const char *path, const char *interface, guint64 until_us,
                       GError **error)
{
    g_auto(rig_bluez_reply) reply = {0};
    g_autoptr(GVariant) properties = NULL;
    GDBusProxy *proxy;

    if (!rig_bluez_call(bus, path, PROPERTIES, "GetAll", g_variant_new("(s)", interface), "(a{sv})", until_us,
                        &reply, error))
        return false;
    proxy = find_proxy(bus, path, interface);
    if (!reply.value || !proxy)
        return true;
    g_variant_get(reply.value, "(@a{sv})", &properties);
    take_properties(proxy, properties);
    tell_properties(bus, proxy, properties);
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

static void set_no_bus(GError **error, const char *why)
{
    g_set_error(error, RIG_ERROR, RIG_ERROR_DEVICE,
                "the system D-Bus cannot be reached: %s; is dbus-daemon running? (`systemctl status dbus`)",
                why);
}

/* What blocks, in a thread of its own. */
struct opening {
    struct rig_bluez_bus *bus; /* nobody else uses its context and connection meanwhile */
    char *address;
    GCancellable *stop;
    GDBusObjectManager *manager;
    GError *error;
    gint done; /* atomic */
};

static gpointer open_blocking(gpointer user)
{
    struct opening *opening = user;
    struct rig_bluez_bus *bus = opening->bus;

    g_main_context_push_thread_default(bus->context);
    if (!bus->connection) {
        bus->connection = g_dbus_connection_new_for_address_sync(
            opening->address,
            G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT | G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
            NULL, opening->stop, &opening->error);
        if (bus->connection)
            g_dbus_connection_add_filter(bus->connection, check_types, NULL, NULL);
    }
    if (bus->connection)
        opening->manager = g_dbus_object_manager_client_new_sync(
            bus->connection, G_DBUS_OBJECT_MANAGER_CLIENT_FLAGS_NONE, NAME, "/", NULL, NULL, NULL,
            opening->stop, &opening->error);
    g_main_context_pop_thread_default(bus->context);
    g_atomic_int_set(&opening->done, 1);
    g_main_context_wakeup(bus->board->events);
    return NULL;
}

static bool is_open(void *user)
{
    return g_atomic_int_get(&((struct opening *)user)->done);
}

static gboolean on_dispatch(gint fd, GIOCondition condition, gpointer user)
{
    (void)fd, (void)condition;
    while (g_main_context_iteration(user, FALSE))
        continue;
    return G_SOURCE_CONTINUE;
}

/* The only descriptor of the context is the one that wakes it up. */
static void start_dispatching(struct rig_bluez_bus *bus)
{
    GPollFD wake = {.fd = -1};
    gint priority, timeout_ms;

    if (bus->dispatcher || !g_main_context_acquire(bus->context))
        return;
    (void)g_main_context_prepare(bus->context, &priority);
    (void)g_main_context_query(bus->context, G_MAXINT, &timeout_ms, &wake, 1);
    g_main_context_release(bus->context);
    bus->dispatcher = g_unix_fd_source_new(wake.fd, G_IO_IN);
    g_source_set_callback(bus->dispatcher, G_SOURCE_FUNC(on_dispatch), bus->context, NULL);
    g_source_attach(bus->dispatcher, bus->board->events);
    g_main_context_wakeup(bus->context); /* for what has come meanwhile */
}

static void stop_dispatching(struct rig_bluez_bus *bus)
{
    if (bus->dispatcher)
        g_source_destroy(bus->dispatcher);
    g_clear_pointer(&bus->dispatcher, g_source_unref);
}

static void take_manager(struct rig_bluez_bus *bus, GDBusObjectManager *manager)
{
    g_autofree char *owner =
        g_dbus_object_manager_client_get_name_owner(G_DBUS_OBJECT_MANAGER_CLIENT(manager));

    if (!owner) {
        g_object_unref(manager);
        return;
    }
    bus->manager = manager;
    bus->had_daemon = true;
    bus->trouble = NULL;
    bus->generation++;
    g_signal_connect(manager, "notify::name-owner", G_CALLBACK(on_owner), bus);
    g_signal_connect(manager, "object-removed", G_CALLBACK(on_object_removed), bus);
    g_signal_connect(manager, "interface-removed", G_CALLBACK(on_interface_removed), bus);
    g_signal_connect(manager, "interface-proxy-properties-changed", G_CALLBACK(on_properties), bus);
}

/* *why: there is no connection, or no daemon; owned by the caller. */
static bool open_once(struct rig_bluez_bus *bus, const char *address, guint64 until_us, GError **why,
                      GError **error)
{
    struct opening opening = {.bus = bus, .address = (char *)address, .stop = g_cancellable_new()};
    bool was_connected = bus->connection, waited, done;
    GThread *thread;

    stop_dispatching(bus);
    thread = g_thread_new("D-Bus", open_blocking, &opening);
    waited = rig_board_wait_for(bus->board, until_us, is_open, &opening, &done, error);
    g_cancellable_cancel(opening.stop);
    g_thread_join(thread);
    g_object_unref(opening.stop);
    *why = opening.error;
    if (bus->connection && !was_connected)
        bus->closed_handler = g_signal_connect(bus->connection, "closed", G_CALLBACK(on_closed), bus);
    if (opening.manager)
        take_manager(bus, opening.manager);
    if (bus->connection)
        start_dispatching(bus);
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

static void set_no_daemon(GError **error, const GError *why)
{
    g_autoptr(GError) cause = why ? g_error_copy(why) : NULL;
    g_autofree char *name =
        cause ? g_dbus_error_get_remote_error(cause) : g_strdup("org.freedesktop.DBus.Error.ServiceUnknown");
    struct rig_bluez_verdict verdict;

    if (cause)
        g_dbus_error_strip_remote_error(cause);
    verdict = rig_bluez_judge_error(name, cause ? cause->message : NULL);
    g_set_error(error, RIG_ERROR, RIG_ERROR_DEVICE, "bluetoothd does not answer on D-Bus (%s): %s",
                !cause                                                     ? "nobody owns its name"
                : g_error_matches(cause, G_IO_ERROR, G_IO_ERROR_CANCELLED) ? "no reply before the deadline"
                                                                           : cause->message,
                verdict.blame == RIG_BLUEZ_HOST ? verdict.remedy
                                                : "see `systemctl status bluetooth`; start it and run again");
}

/* A bus and a daemon that were there may be on their way back; those that never were are not waited for. */
bool rig_bluez_bus_open(struct rig_bluez_bus *bus, guint64 until_us, GError **error)
{
    g_autofree char *address = NULL;
    g_autoptr(GError) own = NULL;

    if (bus->connection && g_dbus_connection_is_closed(bus->connection))
        rig_bluez_bus_close(bus);
    if (bus->manager)
        return true;
    address = g_dbus_address_get_for_bus_sync(G_BUS_TYPE_SYSTEM, NULL, &own);
    if (!address) {
        set_no_bus(error, own->message);
        return false;
    }
    for (;;) {
        g_autoptr(GError) why = NULL;

        if (!open_once(bus, address, until_us, &why, error))
            return false;
        if (bus->manager)
            return true;
        if (!bus->had_daemon || bus->board->ops->now_us(bus->board) >= until_us) {
            if (bus->connection)
                set_no_daemon(error, why);
            else
                set_no_bus(error, why ? why->message : "it does not answer");
            return false;
        }
        if (!pause_until(bus, until_us, error))
            return false;
        if (bus->connection && g_dbus_connection_is_closed(bus->connection))
            rig_bluez_bus_close(bus);
    }
}

void rig_bluez_bus_close(struct rig_bluez_bus *bus)
{
    if (!bus->connection)
        return;
    drop_manager(bus);
    g_signal_handler_disconnect(bus->connection, bus->closed_handler);
    if (!g_dbus_connection_is_closed(bus->connection))
        g_dbus_connection_close_sync(bus->connection, NULL, NULL);
    g_clear_object(&bus->connection);
    stop_dispatching(bus);
    while (g_main_context_iteration(bus->context, FALSE)) /* what was sent without waiting */
        continue;
    bus->trouble = "the D-Bus connection is not open";
}

/* --- looking at objects --- */

GVariant *rig_bluez_property(const struct rig_bluez_bus *bus, const char *path, const char *interface,
                             const char *name)
{
    GDBusProxy *proxy = find_proxy(bus, path, interface);
    GVariant *value = proxy ? g_dbus_proxy_get_cached_property(proxy, name) : NULL;

    if (value)
        g_variant_unref(value); /* the proxy has it until events are dispatched */
    return value;
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
    return find_proxy(bus, path, interface) != NULL;
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

char **rig_bluez_paths(const struct rig_bluez_bus *bus, const char *interface, const char *below)
{
    GList *objects = bus->manager ? g_dbus_object_manager_get_objects(bus->manager) : NULL;
    GPtrArray *paths = g_ptr_array_new();

    for (GList *at = objects; at; at = at->next) {
        const char *path = g_dbus_object_get_object_path(at->data);

        if ((!below || is_below(path, below)) && rig_bluez_has(bus, path, interface))
            g_ptr_array_add(paths, g_strdup(path));
    }
    g_list_free_full(objects, g_object_unref);
    g_ptr_array_sort(paths, compare);
    g_ptr_array_add(paths, NULL);
    return (char **)g_ptr_array_free(paths, FALSE);
}
