/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A made-up bluetoothd: see bluez_fake.h. */
#include "tests/bluez_fake.h"

#include "base/error.h"

#include <errno.h>
#include <gio/gunixfdlist.h>
#include <glib-unix.h>
#include <sys/socket.h>
#include <unistd.h>

#define ADAPTER "org.bluez.Adapter1"
#define DEVICE "org.bluez.Device1"
#define SERVICE "org.bluez.GattService1"
#define CHARACTERISTIC "org.bluez.GattCharacteristic1"
#define SMP_SERVICE "8d53dc1d-1db7-4cd3-868b-8a527460aa84"
#define SMP_CHARACTERISTIC "da2e7828-fbce-4e01-ae9e-261174997c48"
#define TWIN FAKE_ADAPTER "/dev_C0_FF_EE_52_84_77"

static const char introspection[] =
    "<node>"
    "<interface name='org.freedesktop.DBus.ObjectManager'><method name='GetManagedObjects'>"
    "<arg type='a{oa{sa{sv}}}' direction='out'/></method></interface>"
    "<interface name='org.bluez.AgentManager1'>"
    "<method name='RegisterAgent'><arg type='o' direction='in'/><arg type='s' direction='in'/></method>"
    "<method name='UnregisterAgent'><arg type='o' direction='in'/></method>"
    "<method name='RequestDefaultAgent'><arg type='o' direction='in'/></method></interface>"
    "<interface name='org.bluez.Adapter1'>"
    "<method name='SetDiscoveryFilter'><arg type='a{sv}' direction='in'/></method>"
    "<method name='StartDiscovery'/><method name='StopDiscovery'/>"
    "<method name='RemoveDevice'><arg type='o' direction='in'/></method>"
    "<property name='Powered' type='b' access='readwrite'/></interface>"
    "<interface name='org.bluez.Device1'><method name='Connect'/><method name='Disconnect'/><method "
    "name='Pair'/>"
    "<method name='CancelPairing'/>"
    "<property name='Connected' type='b' access='read'/><property name='Paired' type='b' access='read'/>"
    "<property name='ServicesResolved' type='b' access='read'/></interface>"
    "<interface name='org.bluez.GattCharacteristic1'>"
    "<method name='AcquireNotify'><arg type='a{sv}' direction='in'/><arg type='h' direction='out'/>"
    "<arg type='q' direction='out'/></method>"
    "<method name='AcquireWrite'><arg type='a{sv}' direction='in'/><arg type='h' direction='out'/>"
    "<arg type='q' direction='out'/></method>"
    "<method name='StartNotify'/><method name='StopNotify'/>"
    "<method name='ReadValue'><arg type='a{sv}' direction='in'/><arg type='ay' direction='out'/></method>"
    "<method name='WriteValue'><arg type='ay' direction='in'/><arg type='a{sv}' direction='in'/></method>"
    "</interface></node>";

/* --- the board that the link waits on --- */

static guint64 board_now_us(struct rig_board *board)
{
    (void)board;
    return (guint64)g_get_monotonic_time();
}

static bool board_wait(struct rig_board *board, guint64 until_us, bool *happened, GError **error)
{
    guint64 now_us = board_now_us(board);
    guint64 left_ms = until_us > now_us ? (until_us - now_us) / 1000 + 1 : 0;

    if (board->interrupted && *board->interrupted) {
        g_set_error_literal(error, RIG_ERROR, RIG_ERROR_INTERRUPTED, "interrupted");
        return false;
    }
    rig_board_idle(board, (guint)MIN(left_ms, 20));
    *happened = board_now_us(board) < until_us;
    return true;
}

static void board_host_shows(struct rig_board *board, guint32 passkey)
{
    struct bluez_fake *fake = (struct bluez_fake *)board;

    fake->shown = passkey;
    fake->n_shown++;
}

static const struct rig_board_ops board_ops = {.now_us = board_now_us, .wait = board_wait};
static const struct rig_board_bonds board_bonds = {.host_shows = board_host_shows};

/* --- signals --- */

static void emit(struct bluez_fake *fake, const char *path, const char *interface, const char *name,
                 GVariant *parameters)
{
    g_dbus_connection_emit_signal(fake->connection, NULL, path, interface, name, parameters, NULL);
}

static void changed(struct bluez_fake *fake, const char *path, const char *interface, const char *name,
                    GVariant *value)
{
    GVariantBuilder properties;
    const char *const none[] = {NULL};

    g_variant_builder_init(&properties, G_VARIANT_TYPE("a{sv}"));
    g_variant_builder_add(&properties, "{sv}", name, value);
    emit(fake, path, "org.freedesktop.DBus.Properties", "PropertiesChanged",
         g_variant_new("(sa{sv}^as)", interface, &properties, none));
}

static void changed_flag(struct bluez_fake *fake, const char *path, const char *interface, const char *name,
                         bool value)
{
    changed(fake, path, interface, name, g_variant_new_boolean(value));
}

void bluez_fake_signal(struct bluez_fake *fake, const char *path, const char *interface, const char *name,
                       const char *parameters)
{
    emit(fake, path, interface, name, g_variant_parse(NULL, parameters, NULL, NULL, NULL));
}

/* --- objects --- */

static void add(GVariantBuilder *properties, const char *name, GVariant *value)
{
    g_variant_builder_add(properties, "{sv}", name, value);
}

static GVariant *device_properties(struct bluez_fake *fake, const char *address)
{
    const char *const services[] = {SMP_SERVICE, NULL};
    GVariantBuilder properties;

    g_variant_builder_init(&properties, G_VARIANT_TYPE("a{sv}"));
    add(&properties, "Address", g_variant_new_string(address));
    add(&properties, "Name", g_variant_new_string(fake->name));
    add(&properties, "UUIDs", g_variant_new_strv(services, -1));
    add(&properties, "Paired", g_variant_new_boolean(fake->paired));
    add(&properties, "Bonded", g_variant_new_boolean(fake->paired));
    add(&properties, "Connected", g_variant_new_boolean(fake->connected));
    add(&properties, "ServicesResolved", g_variant_new_boolean(fake->resolved));
    if (fake->scanning && fake->advertises)
        add(&properties, "RSSI", g_variant_new_int16(-40));
    return g_variant_builder_end(&properties);
}

static GVariant *adapter_properties(struct bluez_fake *fake)
{
    GVariantBuilder properties;

    g_variant_builder_init(&properties, G_VARIANT_TYPE("a{sv}"));
    add(&properties, "Powered", g_variant_new_boolean(fake->powered));
    return g_variant_builder_end(&properties);
}

/* A board without SMP has something else in its place. */
static const char *uuid_of(const struct fake_gatt *gatt, bool of_service)
{
    if (gatt == gatt->fake->gatt && !gatt->fake->has_smp)
        return "0000180a-0000-1000-8000-00805f9b34fb";
    return of_service ? gatt->service_uuid : gatt->uuid;
}

static GVariant *service_properties(const struct fake_gatt *gatt)
{
    GVariantBuilder properties;

    g_variant_builder_init(&properties, G_VARIANT_TYPE("a{sv}"));
    add(&properties, "UUID", g_variant_new_string(uuid_of(gatt, true)));
    return g_variant_builder_end(&properties);
}

static GVariant *gatt_properties(const struct fake_gatt *gatt)
{
    GVariantBuilder properties;

    g_variant_builder_init(&properties, G_VARIANT_TYPE("a{sv}"));
    add(&properties, "UUID", g_variant_new_string(uuid_of(gatt, false)));
    add(&properties, "Flags", g_variant_new_strv(gatt->flags, -1));
    add(&properties, "MTU", g_variant_new_uint16(gatt->fake->mtu));
    return g_variant_builder_end(&properties);
}

static GVariant *one_interface(const char *interface, GVariant *properties)
{
    GVariantBuilder interfaces;

    g_variant_builder_init(&interfaces, G_VARIANT_TYPE("a{sa{sv}}"));
    g_variant_builder_add(&interfaces, "{s@a{sv}}", interface, properties);
    return g_variant_builder_end(&interfaces);
}

static void added(struct bluez_fake *fake, const char *path, const char *interface, GVariant *properties)
{
    emit(fake, "/", "org.freedesktop.DBus.ObjectManager", "InterfacesAdded",
         g_variant_new("(o@a{sa{sv}})", path, one_interface(interface, properties)));
}

static void removed(struct bluez_fake *fake, const char *path, const char *interface)
{
    const char *const interfaces[] = {interface, NULL};

    emit(fake, "/", "org.freedesktop.DBus.ObjectManager", "InterfacesRemoved",
         g_variant_new("(o^as)", path, interfaces));
}

/* With one that is there before it. */
static bool shares_service(const struct bluez_fake *fake, guint i)
{
    for (guint k = 0; k < fake->n_gatt; k++)
        if (k != i && (k < i || !fake->gatt[i].is_there) && fake->gatt[k].is_there &&
            g_str_equal(fake->gatt[k].service, fake->gatt[i].service))
            return true;
    return false;
}

static GVariant *managed_objects(struct bluez_fake *fake)
{
    GVariantBuilder objects;

    g_variant_builder_init(&objects, G_VARIANT_TYPE("a{oa{sa{sv}}}"));
    if (fake->has_adapter)
        g_variant_builder_add(&objects, "{o@a{sa{sv}}}", FAKE_ADAPTER,
                              one_interface(ADAPTER, adapter_properties(fake)));
    if (fake->known)
        g_variant_builder_add(&objects, "{o@a{sa{sv}}}", FAKE_DEVICE,
                              one_interface(DEVICE, device_properties(fake, fake->address)));
    for (guint i = 0; i < fake->n_gatt; i++) {
        const struct fake_gatt *gatt = &fake->gatt[i];

        if (gatt->is_there && !shares_service(fake, i))
            g_variant_builder_add(&objects, "{o@a{sa{sv}}}", gatt->service,
                                  one_interface(SERVICE, service_properties(gatt)));
        if (gatt->is_there)
            g_variant_builder_add(&objects, "{o@a{sa{sv}}}", gatt->path,
                                  one_interface(CHARACTERISTIC, gatt_properties(gatt)));
    }
    return g_variant_new("(a{oa{sa{sv}}})", &objects);
}

static void advertise(struct bluez_fake *fake)
{
    if (!fake->scanning || !fake->advertises)
        return;
    if (fake->twin)
        added(fake, TWIN, DEVICE, device_properties(fake, "C0:FF:EE:52:84:77"));
    if (fake->known)
        changed(fake, FAKE_DEVICE, DEVICE, "RSSI", g_variant_new_int16(-40));
    else
        added(fake, FAKE_DEVICE, DEVICE, device_properties(fake, fake->address));
    fake->known = true;
}

static void stop_scan(struct bluez_fake *fake)
{
    const char *const gone[] = {"RSSI", NULL};

    fake->scanning = false;
    if (fake->known)
        emit(fake, FAKE_DEVICE, "org.freedesktop.DBus.Properties", "PropertiesChanged",
             g_variant_new("(sa{sv}^as)", DEVICE, NULL, gone));
}

/* --- the connection --- */

static void close_gatt(struct fake_gatt *gatt)
{
    GSource **sources[] = {&gatt->writer, &gatt->watcher};
    int *fds[] = {&gatt->write_fd, &gatt->notify_fd};

    for (guint i = 0; i < G_N_ELEMENTS(fds); i++) {
        if (*sources[i])
            g_source_destroy(*sources[i]);
        g_clear_pointer(sources[i], g_source_unref);
        if (*fds[i] >= 0)
            close(*fds[i]);
        *fds[i] = -1;
    }
    gatt->by_signal = false;
}

static void close_fds(struct bluez_fake *fake)
{
    for (guint i = 0; i < fake->n_gatt; i++)
        close_gatt(&fake->gatt[i]);
}

void bluez_fake_change(struct bluez_fake *fake, guint i, bool is_there)
{
    struct fake_gatt *gatt = &fake->gatt[i];

    if (gatt->is_there == is_there)
        return;
    if (is_there) {
        if (!shares_service(fake, i))
            added(fake, gatt->service, SERVICE, service_properties(gatt));
        added(fake, gatt->path, CHARACTERISTIC, gatt_properties(gatt));
    }
    gatt->is_there = is_there;
    if (is_there)
        return;
    close_gatt(gatt);
    removed(fake, gatt->path, CHARACTERISTIC);
    if (!shares_service(fake, i))
        removed(fake, gatt->service, SERVICE);
}

static void set_connected(struct bluez_fake *fake, bool connected)
{
    fake->connected = connected;
    if (!connected || !fake->tells_late)
        changed_flag(fake, FAKE_DEVICE, DEVICE, "Connected", connected);
    if (connected && !fake->resolves)
        return;
    for (guint i = 0; i < fake->n_gatt; i++)
        bluez_fake_change(fake, i, connected);
    fake->resolved = connected;
    if (!connected || !fake->tells_late)
        changed_flag(fake, FAKE_DEVICE, DEVICE, "ServicesResolved", connected);
}

void bluez_fake_drop(struct bluez_fake *fake)
{
    close_fds(fake);
    set_connected(fake, false);
}

void bluez_fake_notify_from(struct bluez_fake *fake, guint i, const void *bytes, gsize n_bytes)
{
    struct fake_gatt *gatt = &fake->gatt[i];

    if (gatt->by_signal)
        changed(fake, gatt->path, CHARACTERISTIC, "Value",
                g_variant_new_fixed_array(G_VARIANT_TYPE_BYTE, bytes, n_bytes, 1));
    else if (gatt->notify_fd >= 0 && send(gatt->notify_fd, bytes, n_bytes, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
        fake->n_dropped++;
}

void bluez_fake_notify(struct bluez_fake *fake, const void *bytes, gsize n_bytes)
{
    bluez_fake_notify_from(fake, 0, bytes, n_bytes);
}

/* What is written comes back from the same characteristic. */
static void take_write(struct fake_gatt *gatt, const void *bytes, gsize n_bytes)
{
    struct bluez_fake *fake = gatt->fake;

    g_ptr_array_add(fake->written, g_bytes_new(bytes, n_bytes));
    if (!fake->silent)
        bluez_fake_notify_from(fake, (guint)(gatt - fake->gatt), bytes, n_bytes);
}

static gboolean on_written(gint fd, GIOCondition condition, gpointer user)
{
    struct fake_gatt *gatt = user;
    guint8 bytes[1024];
    gssize n = recv(fd, bytes, sizeof bytes, MSG_DONTWAIT);

    (void)condition;
    if (n > 0) {
        gatt->n_commands++;
        take_write(gatt, bytes, (gsize)n);
    }
    return n > 0 || (n < 0 && errno == EAGAIN);
}

/* The link closed its end: the characteristic is free again. */
static gboolean on_released(gint fd, GIOCondition condition, gpointer user)
{
    struct fake_gatt *gatt = user;

    (void)fd, (void)condition;
    close(gatt->notify_fd);
    gatt->notify_fd = -1;
    changed_flag(gatt->fake, gatt->path, CHARACTERISTIC, "NotifyAcquired", false);
    return G_SOURCE_REMOVE;
}

static GSource *watch(struct fake_gatt *gatt, int fd, GIOCondition condition, GUnixFDSourceFunc function)
{
    GSource *source = g_unix_fd_source_new(fd, condition);

    g_source_set_callback(source, G_SOURCE_FUNC(function), gatt, NULL);
    g_source_attach(source, gatt->fake->board.events);
    return source;
}

static void acquire(struct fake_gatt *gatt, GDBusMethodInvocation *call, bool notify)
{
    g_autoptr(GUnixFDList) fds = NULL;
    int pair[2];

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) != 0)
        g_error("no socket pair");
    fds = g_unix_fd_list_new_from_array(&pair[1], 1);
    if (notify) {
        if (gatt->watcher)
            g_source_unref(gatt->watcher);
        gatt->notify_fd = pair[0];
        gatt->watcher = watch(gatt, pair[0], G_IO_HUP, on_released);
        changed_flag(gatt->fake, gatt->path, CHARACTERISTIC, "NotifyAcquired", true);
    } else {
        gatt->write_fd = pair[0];
        gatt->writer = watch(gatt, pair[0], G_IO_IN | G_IO_HUP, on_written);
    }
    g_dbus_method_invocation_return_value_with_unix_fd_list(call, g_variant_new("(hq)", 0, gatt->fake->mtu),
                                                            fds);
}

/* --- pairing --- */

static void set_paired(struct bluez_fake *fake, bool paired)
{
    fake->paired = paired;
    changed_flag(fake, FAKE_DEVICE, DEVICE, "Paired", paired);
    changed_flag(fake, FAKE_DEVICE, DEVICE, "Bonded", paired);
}

static GVariant *question(struct bluez_fake *fake, const char *method, const char *device)
{
    if (g_str_equal(method, "RequestConfirmation"))
        return g_variant_new("(ou)", device, fake->number);
    if (g_str_equal(method, "DisplayPasskey"))
        return g_variant_new("(ouq)", device, fake->number, 0);
    if (g_str_equal(method, "DisplayPinCode"))
        return g_variant_new("(os)", device, "000000");
    return g_variant_new("(o)", device);
}

static void take_agent_answer(struct bluez_fake *fake, GVariant *value, GError *error)
{
    g_clear_pointer(&fake->agent_error, g_free);
    if (error)
        fake->agent_error = g_dbus_error_get_remote_error(error);
    else if (g_variant_is_of_type(value, G_VARIANT_TYPE("(u)")))
        g_variant_get(value, "(u)", &fake->agent_number);
}

static void on_answer(GObject *source, GAsyncResult *result, gpointer user)
{
    struct asked *asked = user;
    g_autoptr(GError) error = NULL;
    g_autoptr(GVariant) value = g_dbus_connection_call_finish(G_DBUS_CONNECTION(source), result, &error);

    take_agent_answer(asked->fake, value, error);
    asked->done = true;
    if (!asked->call)
        return;
    if (error) {
        g_dbus_method_invocation_return_dbus_error(asked->call, "org.bluez.Error.AuthenticationFailed",
                                                   "Authentication Failed");
    } else {
        set_paired(asked->fake, true);
        g_dbus_method_invocation_return_value(asked->call, NULL);
    }
    g_free(asked);
}

static void ask(struct bluez_fake *fake, const char *method, const char *device, struct asked *asked)
{
    g_main_context_push_thread_default(fake->board.events);
    g_dbus_connection_call(fake->connection, fake->agent_owner, "/bootrig/agent", "org.bluez.Agent1", method,
                           question(fake, method, device), NULL, G_DBUS_CALL_FLAGS_NONE, 5000, NULL,
                           on_answer, asked);
    g_main_context_pop_thread_default(fake->board.events);
}

void bluez_fake_ask(struct bluez_fake *fake, const char *method, const char *device)
{
    struct asked asked = {.fake = fake};

    ask(fake, method, device, &asked);
    while (!asked.done)
        g_main_context_iteration(fake->board.events, TRUE);
}

static void pair(struct bluez_fake *fake, GDBusMethodInvocation *call)
{
    struct asked *asked;

    if (fake->paired) {
        g_dbus_method_invocation_return_dbus_error(call, "org.bluez.Error.AlreadyExists", "Already Exists");
    } else if (fake->asks) {
        asked = g_new0(struct asked, 1);
        asked->fake = fake;
        asked->call = call;
        ask(fake, fake->asks, FAKE_DEVICE, asked);
    } else {
        set_paired(fake, true);
        g_dbus_method_invocation_return_value(call, NULL);
    }
}

/* --- methods --- */

/* Before the call is counted. */
static const struct bluez_fault *strike(struct bluez_fake *fake, const char *method)
{
    if (fake->fails_at && fake->calls->len + 1 == fake->fails_at)
        return fake->fails_with;
    for (guint i = 0; fake->faults && fake->faults[i].method; i++)
        if (g_str_equal(fake->faults[i].method, method) &&
            (!fake->faults[i].n_times || fake->n_struck[i] < fake->faults[i].n_times)) {
            fake->n_struck[i]++;
            return &fake->faults[i];
        }
    return NULL;
}

/* An answer that GDBus would not let a service give: as a bare message. */
static void reply_raw(GDBusMethodInvocation *call, const char *text)
{
    g_autoptr(GDBusMessage) message =
        g_dbus_message_new_method_reply(g_dbus_method_invocation_get_message(call));

    g_dbus_message_set_body(message, g_variant_parse(NULL, text, NULL, NULL, NULL));
    g_dbus_connection_send_message(g_dbus_method_invocation_get_connection(call), message,
                                   G_DBUS_SEND_MESSAGE_FLAGS_NONE, NULL, NULL);
    g_object_unref(call);
}

static void fail(struct bluez_fake *fake, const struct bluez_fault *fault, GDBusMethodInvocation *call)
{
    if (fault->drops) {
        set_connected(fake, true);
        set_connected(fake, false);
    }
    if (fault->reply)
        reply_raw(call, fault->reply);
    else if (fault->name)
        g_dbus_method_invocation_return_dbus_error(call, fault->name, fault->text);
    else
        g_object_unref(call);
}

static void forget(struct bluez_fake *fake)
{
    if (fake->connected)
        bluez_fake_drop(fake);
    fake->known = fake->paired = false;
    removed(fake, FAKE_DEVICE, DEVICE);
}

static void register_agent(struct bluez_fake *fake, const char *sender, GVariant *parameters)
{
    g_free(fake->agent_owner);
    g_free(fake->agent_capability);
    fake->agent_owner = g_strdup(sender);
    g_variant_get(parameters, "(&os)", NULL, &fake->agent_capability);
}

static void write_value(struct fake_gatt *gatt, GVariant *parameters)
{
    g_autoptr(GVariant) bytes = g_variant_get_child_value(parameters, 0);
    g_autoptr(GVariant) options = g_variant_get_child_value(parameters, 1);
    const char *type = "";
    gsize n_bytes;
    gconstpointer start = g_variant_get_fixed_array(bytes, &n_bytes, 1);

    g_variant_lookup(options, "type", "&s", &type);
    if (g_str_equal(type, "command"))
        gatt->n_commands++;
    else if (g_str_equal(type, "request"))
        gatt->n_requests++;
    else
        g_error("WriteValue without a type");
    take_write(gatt, start, n_bytes);
}

static void work_on_gatt(struct fake_gatt *gatt, const char *method, GVariant *parameters)
{
    if (g_str_equal(method, "StartNotify"))
        gatt->by_signal = true;
    else if (g_str_equal(method, "StopNotify"))
        gatt->by_signal = false;
    else if (g_str_equal(method, "WriteValue"))
        write_value(gatt, parameters);
}

/* What a method does before it answers with nothing. */
static void work(struct bluez_fake *fake, const char *method, const char *sender, GVariant *parameters)
{
    if (g_str_equal(method, "RegisterAgent"))
        register_agent(fake, sender, parameters);
    else if (g_str_equal(method, "StartDiscovery"))
        fake->scanning = true, advertise(fake);
    else if (g_str_equal(method, "StopDiscovery"))
        stop_scan(fake);
    else if (g_str_equal(method, "RemoveDevice"))
        forget(fake);
    else if (g_str_equal(method, "Connect"))
        set_connected(fake, true);
    else if (g_str_equal(method, "Disconnect"))
        bluez_fake_drop(fake);
}

static struct fake_gatt *find_gatt(struct bluez_fake *fake, const char *path)
{
    for (guint i = 0; i < fake->n_gatt; i++)
        if (g_str_equal(fake->gatt[i].path, path))
            return &fake->gatt[i];
    return NULL;
}

/* bluetoothd acquires what notifies only. [SRC bluez src/gatt-client.c] */
static void call_gatt(struct fake_gatt *gatt, const char *method, GVariant *parameters,
                      GDBusMethodInvocation *call)
{
    struct bluez_fake *fake = gatt->fake;
    bool of_notify = g_str_equal(method, "AcquireNotify");

    if (g_str_equal(method, "ReadValue")) {
        g_dbus_method_invocation_return_value(call, g_variant_new("(^ay)", gatt->value));
    } else if (g_str_has_prefix(method, "Acquire") &&
               (!fake->has_acquire || (of_notify && !g_strv_contains(gatt->flags, "notify")))) {
        g_dbus_method_invocation_return_dbus_error(call, "org.bluez.Error.NotSupported", "Not supported");
    } else if (g_str_has_prefix(method, "Acquire")) {
        acquire(gatt, call, of_notify);
    } else if (g_str_equal(method, "StartNotify") && fake->wants_pairing && !fake->paired) {
        ask(fake, "RequestAuthorization", FAKE_DEVICE, &fake->unasked);
        g_object_unref(call);
    } else {
        work_on_gatt(gatt, method, parameters);
        g_dbus_method_invocation_return_value(call, NULL);
    }
}

static void on_call(GDBusConnection *connection, const char *sender, const char *path, const char *interface,
                    const char *method, GVariant *parameters, GDBusMethodInvocation *call, gpointer user)
{
    struct bluez_fake *fake = user;
    const struct bluez_fault *fault = strike(fake, method);
    struct fake_gatt *gatt = find_gatt(fake, path);

    (void)connection, (void)interface;
    g_ptr_array_add(fake->calls, g_strdup(method));
    if (fault) {
        fail(fake, fault, call);
    } else if (g_str_equal(method, "GetManagedObjects")) {
        g_dbus_method_invocation_return_value(call, managed_objects(fake));
    } else if (gatt) {
        call_gatt(gatt, method, parameters, call);
    } else if (g_str_equal(method, "Pair")) {
        pair(fake, call);
    } else {
        work(fake, method, sender, parameters);
        g_dbus_method_invocation_return_value(call, NULL);
    }
}

static GVariant *on_get(GDBusConnection *connection, const char *sender, const char *path,
                        const char *interface, const char *name, GError **error, gpointer user)
{
    struct bluez_fake *fake = user;
    bool value = g_str_equal(name, "Connected")          ? fake->connected
                 : g_str_equal(name, "Paired")           ? fake->paired
                 : g_str_equal(name, "ServicesResolved") ? fake->resolved
                                                         : fake->powered;

    (void)connection, (void)sender, (void)path, (void)interface, (void)error;
    return g_variant_new_boolean(value);
}

static gboolean on_set(GDBusConnection *connection, const char *sender, const char *path,
                       const char *interface, const char *name, GVariant *value, GError **error,
                       gpointer user)
{
    struct bluez_fake *fake = user;
    const struct bluez_fault *fault = strike(fake, "Set");

    (void)connection, (void)sender, (void)path, (void)interface, (void)name;
    g_ptr_array_add(fake->calls, g_strdup("Set"));
    if (fault) {
        g_propagate_error(
            error, g_dbus_error_new_for_dbus_error(fault->name ? fault->name : "org.bluez.Error.Failed",
                                                   fault->text ? fault->text : "Failed"));
        return FALSE;
    }
    if (fake->blocked) {
        g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_FAILED, "Blocked through rfkill");
        return FALSE;
    }
    bluez_fake_set_power(fake, g_variant_get_boolean(value));
    return TRUE;
}

void bluez_fake_set_power(struct bluez_fake *fake, bool on)
{
    if (!on && fake->connected)
        bluez_fake_drop(fake);
    fake->powered = on;
    changed_flag(fake, FAKE_ADAPTER, ADAPTER, "Powered", on);
}

void bluez_fake_unplug(struct bluez_fake *fake)
{
    if (fake->connected)
        bluez_fake_drop(fake);
    fake->has_adapter = false;
    removed(fake, FAKE_ADAPTER, ADAPTER);
}

void bluez_fake_plug_in(struct bluez_fake *fake)
{
    fake->has_adapter = true;
    fake->powered = false;
    added(fake, FAKE_ADAPTER, ADAPTER, adapter_properties(fake));
}

/* --- on and off the bus --- */

static void name_call(struct bluez_fake *fake, const char *method, GVariant *parameters)
{
    g_autoptr(GVariant) ignored = g_dbus_connection_call_sync(
        fake->connection, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", method,
        parameters, NULL, G_DBUS_CALL_FLAGS_NONE, 5000, NULL, NULL);

    (void)ignored;
}

void bluez_fake_vanish(struct bluez_fake *fake)
{
    close_fds(fake);
    for (guint i = 0; i < fake->n_gatt; i++)
        fake->gatt[i].is_there = false;
    fake->connected = fake->resolved = fake->scanning = false;
    fake->owns_name = false;
    g_clear_pointer(&fake->agent_owner, g_free);
    name_call(fake, "ReleaseName", g_variant_new("(s)", "org.bluez"));
}

void bluez_fake_return(struct bluez_fake *fake)
{
    fake->owns_name = true;
    name_call(fake, "RequestName", g_variant_new("(su)", "org.bluez", 0));
}

static void register_object(struct bluez_fake *fake, const char *path, const char *interface)
{
    static const GDBusInterfaceVTable calls = {
        .method_call = on_call, .get_property = on_get, .set_property = on_set};
    guint id;

    g_main_context_push_thread_default(fake->board.events);
    id = g_dbus_connection_register_object(fake->connection, path,
                                           g_dbus_node_info_lookup_interface(fake->node, interface), &calls,
                                           fake, NULL, NULL);
    g_main_context_pop_thread_default(fake->board.events);
    g_array_append_val(fake->objects, id);
}

guint bluez_fake_add(struct bluez_fake *fake, const struct fake_gatt *gatt)
{
    struct fake_gatt *added_one = &fake->gatt[fake->n_gatt];

    g_assert(fake->n_gatt < FAKE_MAX_GATT);
    *added_one = *gatt;
    added_one->fake = fake;
    added_one->notify_fd = added_one->write_fd = -1;
    register_object(fake, gatt->path, CHARACTERISTIC);
    return fake->n_gatt++;
}

struct bluez_fake *bluez_fake_new(void)
{
    static const char *const flags[] = {"write-without-response", "notify", NULL};
    static const struct fake_gatt smp = {.service = FAKE_SERVICE,
                                         .service_uuid = SMP_SERVICE,
                                         .path = FAKE_CHARACTERISTIC,
                                         .uuid = SMP_CHARACTERISTIC,
                                         .flags = flags};
    struct bluez_fake *fake = g_new0(struct bluez_fake, 1);
    const char *address;

    *fake = (struct bluez_fake){
        .unasked = {.fake = fake},
        .board = {.ops = &board_ops, .bonds = &board_bonds, .events = g_main_context_new()},
        .place = {.kind = "bluez", .address = FAKE_ADDRESS},
        .has_adapter = true,
        .powered = true,
        .advertises = true,
        .address = FAKE_ADDRESS,
        .name = "bootrig-fake",
        .resolves = true,
        .has_smp = true,
        .has_acquire = true,
        .mtu = 247};
    fake->board.interrupted = &fake->interrupted;
    fake->calls = g_ptr_array_new_with_free_func(g_free);
    fake->written = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
    fake->objects = g_array_new(FALSE, FALSE, sizeof(guint));
    fake->node = g_dbus_node_info_new_for_xml(introspection, NULL);
    fake->daemon = g_test_dbus_new(G_TEST_DBUS_NONE);
    g_test_dbus_up(fake->daemon);
    address = g_test_dbus_get_bus_address(fake->daemon);
    g_setenv("DBUS_SYSTEM_BUS_ADDRESS", address, TRUE);
    fake->connection = g_dbus_connection_new_for_address_sync(
        address,
        G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT | G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION, NULL,
        NULL, NULL);
    register_object(fake, "/", "org.freedesktop.DBus.ObjectManager");
    register_object(fake, "/org/bluez", "org.bluez.AgentManager1");
    register_object(fake, FAKE_ADAPTER, ADAPTER);
    register_object(fake, FAKE_DEVICE, DEVICE);
    (void)bluez_fake_add(fake, &smp);
    bluez_fake_return(fake);
    return fake;
}

void bluez_fake_free(struct bluez_fake *fake)
{
    close_fds(fake);
    for (guint i = 0; i < fake->objects->len; i++)
        g_dbus_connection_unregister_object(fake->connection, g_array_index(fake->objects, guint, i));
    g_dbus_connection_close_sync(fake->connection, NULL, NULL);
    g_object_unref(fake->connection);
    while (g_main_context_iteration(fake->board.events, FALSE))
        continue;
    if (g_test_dbus_get_bus_address(fake->daemon))
        g_test_dbus_stop(fake->daemon);
    g_object_unref(fake->daemon);
    g_dbus_node_info_unref(fake->node);
    g_array_unref(fake->objects);
    g_ptr_array_unref(fake->calls);
    g_ptr_array_unref(fake->written);
    g_free(fake->agent_owner);
    g_free(fake->agent_capability);
    g_free(fake->agent_error);
    g_main_context_unref(fake->board.events);
    g_free(fake);
}

guint bluez_fake_count(const struct bluez_fake *fake, const char *method)
{
    guint n = 0;

    for (guint i = 0; i < fake->calls->len; i++)
        n += g_str_equal(g_ptr_array_index(fake->calls, i), method);
    return n;
}

static bool never(void *user)
{
    (void)user;
    return false;
}

void bluez_fake_let_pass(struct bluez_fake *fake, guint for_ms)
{
    bool ignored;

    (void)!rig_board_wait_for(&fake->board, board_now_us(&fake->board) + for_ms * 1000u, never, NULL,
                              &ignored, NULL);
}
