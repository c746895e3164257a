/* SPDX-License-Identifier: GPL-3.0-or-later */
/* This host's side before any connection: bus, daemon, adapter with power, monitor channel; and finding the
 * board: by address, by name, or by the update service that it advertises. */
#include "drivers/bluez/internal.h"

#include "base/error.h"
#include "drivers/bluez/controllers.h"
#include "drivers/update/update.h"

#include <string.h>

#define ADAPTER_US 5000000u /* a daemon that has just started finds its adapters one after the other */
#define GOING_US 1000000u
#define RETURN_US 60000000u /* one that was pulled out is plugged in again, and set up */
#define SHORT_CALL_US 5000000u
#define ROUND_US 2000000u
#define OTHERS_US 500000u /* for another board of the same name to be heard */

static char *wanted_path(const struct rig_bluez_link *link)
{
    return link->place->adapter ? g_strconcat("/org/bluez/", link->place->adapter, NULL) : NULL;
}

static bool adapter_is_there(void *user)
{
    struct rig_bluez_link *link = user;
    g_autofree char *wanted = wanted_path(link);
    g_auto(GStrv) adapters = rig_bluez_paths(link->bus, RIG_BLUEZ_ADAPTER, NULL);

    g_clear_pointer(&link->adapter, g_free);
    if (wanted && rig_bluez_has(link->bus, wanted, RIG_BLUEZ_ADAPTER))
        link->adapter = g_strdup(wanted);
    else if (!wanted)
        link->adapter = g_strdup(adapters[0]);
    return link->adapter || rig_bluez_bus_trouble(link->bus);
}

static void set_no_adapter(struct rig_bluez_link *link, GError **error)
{
    g_auto(GStrv) adapters = rig_bluez_paths(link->bus, RIG_BLUEZ_ADAPTER, NULL);
    g_autoptr(GString) names = g_string_new(NULL);

    for (char **adapter = adapters; *adapter; adapter++)
        g_string_append_printf(names, "%s%s", names->len ? ", " : "", strrchr(*adapter, '/') + 1);
    if (names->len && link->place->adapter)
        g_set_error(error, RIG_ERROR, RIG_ERROR_DEVICE,
                    "there is no Bluetooth adapter '%s'; there are: %s; name one of them with `ble: "
                    "{adapter: ...}` in "
                    "the bench file, or with --adapter",
                    link->place->adapter, names->str);
    else
        g_set_error_literal(
            error, RIG_ERROR, RIG_ERROR_DEVICE,
            "there is no Bluetooth adapter: plug one in, and see `bluetoothctl list`, `rfkill list`");
}

static bool choose_adapter(struct rig_bluez_link *link, guint64 until_us, GError **error)
{
    guint64 patience_us = link->adapter ? RETURN_US : ADAPTER_US;
    bool there = false;

    if (!rig_board_wait_for(link->board, rig_bluez_within(link, patience_us, until_us), adapter_is_there,
                            link, &there, error))
        return false;
    if (!link->adapter)
        set_no_adapter(link, error);
    return link->adapter != NULL;
}

static bool has_power(void *user)
{
    struct rig_bluez_link *link = user;

    return rig_bluez_flag(link->bus, link->adapter, RIG_BLUEZ_ADAPTER, "Powered") ||
           !rig_bluez_has(link->bus, link->adapter, RIG_BLUEZ_ADAPTER);
}

static void set_no_power(const struct rig_bluez_link *link, const char *why, GError **error)
{
    const char *name = strrchr(link->adapter, '/') + 1;
    struct rig_bluez_controller controller = {0};
    guint64 index = 0;

    if (g_str_has_prefix(name, "hci") && g_ascii_string_to_unsigned(name + 3, 10, 0, 0xfffe, &index, NULL)) {
        controller.index = (guint16)index;
        rig_bluez_look_at_rfkill("/sys", &controller);
    }
    g_set_error(error, RIG_ERROR, RIG_ERROR_DEVICE,
                "the Bluetooth adapter %s has no power and does not take it: %s; %s", name,
                why ? why : "it stays off",
                controller.hard_blocked ? "a switch of this machine has it off (`rfkill list`: hard blocked)"
                : controller.blocked    ? "it is blocked: `rfkill unblock bluetooth`"
                                        : "`rfkill list` tells whether it is blocked");
}

/* bluetoothd answers so for an adapter that went away, a moment before it tells that it did. */
static bool is_gone(const struct rig_bluez_link *link, const struct rig_bluez_reply *reply)
{
    return !rig_bluez_has(link->bus, link->adapter, RIG_BLUEZ_ADAPTER) ||
           g_strcmp0(reply->error_name, "org.freedesktop.DBus.Error.UnknownObject") == 0 ||
           g_strcmp0(reply->error_name, "org.freedesktop.DBus.Error.UnknownMethod") == 0;
}

static bool power_adapter(struct rig_bluez_link *link, guint64 until_us, bool *gone, GError **error)
{
    guint64 soon_us = rig_bluez_within(link, RIG_BLUEZ_CALL_US, until_us);
    g_auto(rig_bluez_reply) reply = {0};
    bool on = false;

    *gone = false;
    if (rig_bluez_flag(link->bus, link->adapter, RIG_BLUEZ_ADAPTER, "Powered"))
        return true;
    if (!rig_bluez_call(link->bus, link->adapter, "org.freedesktop.DBus.Properties", "Set",
                        g_variant_new("(ssv)", RIG_BLUEZ_ADAPTER, "Powered", g_variant_new_boolean(TRUE)),
                        "()", soon_us, &reply, error))
        return false;
    if (reply.value && !rig_board_wait_for(link->board, soon_us, has_power, link, &on, error))
        return false;
    if (rig_bluez_flag(link->bus, link->adapter, RIG_BLUEZ_ADAPTER, "Powered"))
        return true;
    *gone = is_gone(link, &reply) && !rig_bluez_bus_trouble(link->bus);
    if (!*gone)
        set_no_power(link, reply.error_text, error);
    return *gone;
}

static bool adapter_is_gone(void *user)
{
    struct rig_bluez_link *link = user;

    return !rig_bluez_has(link->bus, link->adapter, RIG_BLUEZ_ADAPTER);
}

/* One that goes away meanwhile is waited for as one that was gone before. */
static bool ready_adapter(struct rig_bluez_link *link, guint64 until_us, GError **error)
{
    guint64 give_up_us = rig_bluez_within(link, RETURN_US, until_us);
    bool gone = false, ignored;

    for (;;) {
        if (!choose_adapter(link, until_us, error) || !power_adapter(link, until_us, &gone, error))
            return false;
        if (!gone)
            return true;
        if (!rig_board_wait_for(link->board, rig_bluez_within(link, GOING_US, until_us), adapter_is_gone,
                                link, &ignored, error))
            return false;
        if (rig_bluez_now_us(link) < give_up_us)
            continue;
        set_no_adapter(link, error);
        return false;
    }
}

/* Linux pairs again where the bond is too weak for what was asked; when that fails, bluetoothd lets the
 * request wait for ever. */
static void on_event(void *user)
{
    struct rig_bluez_link *link = user;

    if (link->trying && rig_bluez_monitor_events(link->monitor)->pairing_reason)
        rig_bluez_give_up(link->bus);
}

bool rig_bluez_host_ready(struct rig_bluez_link *link, guint64 until_us, GError **error)
{
    if (!rig_bluez_bus_open(link->bus, until_us, error) || !ready_adapter(link, until_us, error))
        return false;
    if (!link->monitor)
        link->monitor = rig_bluez_monitor_new(link->board->events, on_event, link);
    return true;
}

/* --- finding the board --- */

static bool is_address(const struct rig_bluez_link *link, const char *device, const char *wanted, bool next)
{
    const char *address = rig_bluez_text(link->bus, device, RIG_BLUEZ_DEVICE, "Address");
    g_autofree char *moved = next && wanted ? rig_bluez_address_next(wanted) : NULL;

    wanted = next ? moved : wanted;
    return address && wanted && g_ascii_strcasecmp(address, wanted) == 0;
}

/* One of the services that the board's update protocol uses. */
static bool advertises(const struct rig_bluez_link *link, const char *device)
{
    const struct rig_characteristic *const *used = rig_update_protocol_of(link->board)->characteristics;

    for (; *used; used++)
        if (rig_bluez_lists(link->bus, device, RIG_BLUEZ_DEVICE, "UUIDs", (*used)->service))
            return true;
    return false;
}

static bool is_configured(const struct rig_bluez_link *link, const char *device)
{
    const struct rig_link_place *place = link->place;

    if (place->address)
        return is_address(link, device, place->address, false) ||
               (place->or_next_address && is_address(link, device, place->address, true));
    if (place->name)
        return g_strcmp0(rig_bluez_text(link->bus, device, RIG_BLUEZ_DEVICE, "Name"), place->name) == 0;
    return advertises(link, device);
}

static const char *own_address(const struct rig_bluez_link *link)
{
    return link->place->address ? link->place->address : link->own_address;
}

static bool fits(const struct rig_bluez_link *link, const char *device, enum rig_link_where where)
{
    const char *own = own_address(link);

    switch (where) {
    case RIG_LINK_AT_ADDRESS:
        return own ? is_address(link, device, own, false) : is_configured(link, device);
    case RIG_LINK_AT_NEXT_ADDRESS:
        return is_address(link, device, own, true);
    case RIG_LINK_AT_EITHER_ADDRESS:
        return (own ? is_address(link, device, own, false) : is_configured(link, device)) ||
               is_address(link, device, own, true);
    case RIG_LINK_BY_NAME:
        return g_strcmp0(rig_bluez_text(link->bus, device, RIG_BLUEZ_DEVICE, "Name"), link->how.name) == 0;
    case RIG_LINK_AS_CONFIGURED:
    default:
        return is_configured(link, device);
    }
}

static bool device_is_connected(const struct rig_bluez_link *link, const char *device)
{
    return rig_bluez_flag(link->bus, device, RIG_BLUEZ_DEVICE, "Connected");
}

/* A signal strength is there from the first report of a scan to the scan's end. */
static bool is_near(const struct rig_bluez_link *link, const char *device)
{
    return rig_bluez_property(link->bus, device, RIG_BLUEZ_DEVICE, "RSSI") ||
           device_is_connected(link, device);
}

typedef bool (*device_test)(const struct rig_bluez_link *link, const char *device);

static char *first_device(const struct rig_bluez_link *link, enum rig_link_where where, device_test test,
                          guint *n)
{
    g_auto(GStrv) devices = rig_bluez_paths(link->bus, RIG_BLUEZ_DEVICE, link->adapter);
    char *found = NULL;

    *n = 0;
    for (char **device = devices; *device; device++) {
        if (!fits(link, *device, where) || (test && !test(link, *device)))
            continue;
        if (!found)
            found = g_strdup(*device);
        ++*n;
    }
    return found;
}

char *rig_bluez_known_device(const struct rig_bluez_link *link, enum rig_link_where where)
{
    guint n;

    return first_device(link, where, NULL, &n);
}

static bool seen(void *user)
{
    struct rig_bluez_link *link = user;
    guint n;

    g_free(link->device);
    link->device = first_device(link, link->how.where, is_near, &n);
    return link->device || rig_bluez_host_trouble(link);
}

/* The beginning of the only address or name that is looked for; NULL: there are several, or none is known. */
static char *pattern(const struct rig_bluez_link *link)
{
    const struct rig_link_place *place = link->place;

    switch (link->how.where) {
    case RIG_LINK_AT_ADDRESS:
        return g_strdup(own_address(link));
    case RIG_LINK_AT_NEXT_ADDRESS:
        return own_address(link) ? rig_bluez_address_next(own_address(link)) : NULL;
    case RIG_LINK_BY_NAME:
        return g_strdup(link->how.name);
    case RIG_LINK_AT_EITHER_ADDRESS:
        return NULL;
    case RIG_LINK_AS_CONFIGURED:
    default:
        return place->address ? (place->or_next_address ? NULL : g_strdup(place->address))
                              : g_strdup(place->name);
    }
}

/* The daemon reports only what the filter lets through; the service is not asked for where an address or name
 * is given, since not every board has room for its UUID in what it advertises. */
static GVariant *scan_filter(const struct rig_bluez_link *link)
{
    const struct rig_link_place *place = link->place;
    const struct rig_characteristic *const *used = rig_update_protocol_of(link->board)->characteristics;
    g_autoptr(GStrvBuilder) services = g_strv_builder_new();
    g_autofree char *wanted = NULL;
    g_auto(GStrv) uuids = NULL;
    GVariantBuilder filter;
    bool is_placed;

    for (; *used; used++)
        g_strv_builder_add(services, (*used)->service);
    uuids = g_strv_builder_end(services);
    is_placed = link->how.where == RIG_LINK_AS_CONFIGURED;
    wanted = pattern(link);
    g_variant_builder_init(&filter, G_VARIANT_TYPE("a{sv}"));
    g_variant_builder_add(&filter, "{sv}", "Transport", g_variant_new_string("le"));
    g_variant_builder_add(&filter, "{sv}", "DuplicateData", g_variant_new_boolean(TRUE));
    if (wanted)
        g_variant_builder_add(&filter, "{sv}", "Pattern", g_variant_new_string(wanted));
    else if (is_placed && !place->address)
        g_variant_builder_add(&filter, "{sv}", "UUIDs", g_variant_new_strv((const char *const *)uuids, -1));
    return g_variant_new("(a{sv})", &filter);
}

static bool scan_call(struct rig_bluez_link *link, const char *method, GVariant *parameters,
                      const char *forgiven, guint64 until_us, GError **error)
{
    g_auto(rig_bluez_reply) reply = {0};
    enum rig_link_outcome ignored;

    if (!rig_bluez_call(link->bus, link->adapter, RIG_BLUEZ_ADAPTER, method, parameters, "()",
                        rig_bluez_within(link, RIG_BLUEZ_CALL_US, until_us), &reply, error))
        return false;
    if (reply.value || g_strcmp0(reply.error_name, forgiven) == 0 ||
        (reply.timed_out && rig_bluez_now_us(link) >= until_us))
        return true;
    if (!rig_bluez_judge_reply(link, "scanning", &reply, &ignored, NULL, error))
        return false;
    g_set_error(error, RIG_ERROR, RIG_ERROR_DEVICE, "bluetoothd cannot scan (%s): %s", method,
                reply.error_text ? reply.error_text : "no reply before the deadline");
    return false;
}

/* A scan that goes on would disturb the connecting. */
static bool stop_scan(struct rig_bluez_link *link, GError **error)
{
    g_auto(rig_bluez_reply) reply = {0};

    return rig_bluez_call(link->bus, link->adapter, RIG_BLUEZ_ADAPTER, "StopDiscovery", NULL, "()",
                          rig_bluez_now_us(link) + SHORT_CALL_US, &reply, error);
}

/* By name or service there may be several. n: how many were heard. */
static bool hear_others(struct rig_bluez_link *link, guint64 until_us, guint *n, GError **error)
{
    bool ignored;

    *n = 1;
    if (!link->device || (own_address(link) && link->how.where != RIG_LINK_BY_NAME))
        return true;
    if (!rig_board_wait_for(link->board, rig_bluez_within(link, OTHERS_US, until_us), rig_bluez_never, NULL,
                            &ignored, error))
        return false;
    g_free(first_device(link, link->how.where, is_near, n));
    return true;
}

/* Controllers that leave out duplicates tell of a board that begins to advertise later only to a new scan. */
static bool listen(struct rig_bluez_link *link, guint64 until_us, GError **error)
{
    bool there = false;

    for (;;) {
        if (!scan_call(link, "StartDiscovery", NULL, "org.bluez.Error.InProgress", until_us, error) ||
            !rig_board_wait_for(link->board, rig_bluez_within(link, ROUND_US, until_us), seen, link, &there,
                                error))
            return false;
        if (there || rig_bluez_now_us(link) >= until_us)
            return true;
        if (!stop_scan(link, error))
            return false;
    }
}

static bool scan(struct rig_bluez_link *link, guint64 until_us, guint *n, GError **error)
{
    if (!scan_call(link, "SetDiscoveryFilter", scan_filter(link), NULL, until_us, error))
        return false;
    if (!listen(link, until_us, error) || !hear_others(link, until_us, n, error)) {
        rig_bluez_send(link->bus, link->adapter, RIG_BLUEZ_ADAPTER, "StopDiscovery", NULL);
        return false;
    }
    return rig_bluez_host_trouble(link) || stop_scan(link, error);
}

static bool check_alone(struct rig_bluez_link *link, guint n, GError **error)
{
    if (n < 2)
        return true;
    g_set_error(error, RIG_ERROR, RIG_ERROR_DEVICE,
                "%u boards advertise %s: give the address of the one that is meant", n,
                link->how.where == RIG_LINK_BY_NAME ? link->how.name
                : link->place->name                 ? link->place->name
                                                    : "the update service");
    return false;
}

static void tell_not_found(struct rig_bluez_link *link)
{
    const struct rig_link_place *place = link->place;
    const char *placed = place->address ? place->address : place->name ? place->name : "the update service";

    if (link->how.where == RIG_LINK_BY_NAME)
        rig_bluez_say(link, true, "no advertising seen of '%s'", link->how.name);
    else if (link->how.where)
        rig_bluez_say(link, true, "no advertising seen of %s %s",
                      own_address(link) ? own_address(link) : placed, rig_link_where_text(link->how.where));
    else
        rig_bluez_say(link, true, "no advertising seen of %s", placed);
}

bool rig_bluez_find(struct rig_bluez_link *link, guint64 until_us, enum rig_link_outcome *outcome,
                    GError **error)
{
    guint n = 0;
    g_autofree char *known = rig_bluez_known_device(link, link->how.where);

    *outcome = RIG_LINK_OK;
    if (known && !rig_bluez_refresh(link->bus, known, RIG_BLUEZ_DEVICE, until_us, error))
        return false;
    g_free(link->device);
    link->device = first_device(link, link->how.where, device_is_connected, &n);
    if (link->device)
        return true;
    if (!scan(link, until_us, &n, error))
        return false;
    if (rig_bluez_host_trouble(link)) {
        g_set_error(error, RIG_ERROR, RIG_ERROR_DEVICE, "%s while scanning", rig_bluez_host_trouble(link));
        return false;
    }
    if (!link->device) {
        *outcome = RIG_LINK_NOT_FOUND;
        tell_not_found(link);
        return true;
    }
    return check_alone(link, n, error);
}
