/* SPDX-License-Identifier: GPL-3.0-or-later */
/* This host's side before any radio: bus, daemon, adapter, agent, monitor channel. */
#include "drivers/bluez/internal.h"

#include "base/error.h"
#include "drivers/bluez/controllers.h"

#include <string.h>

#define ADAPTER_US 5000000u /* a daemon that has just started finds its adapters one after the other */
#define GOING_US 1000000u
#define RETURN_US 60000000u /* one that was pulled out is plugged in again, and set up */

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

static bool has_gone(void *user)
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
        if (!rig_board_wait_for(link->board, rig_bluez_within(link, GOING_US, until_us), has_gone, link,
                                &ignored, error))
            return false;
        if (rig_bluez_now_us(link) < give_up_us)
            continue;
        set_no_adapter(link, error);
        return false;
    }
}

const char *rig_bluez_host_trouble(const struct rig_bluez_link *link)
{
    const char *trouble = rig_bluez_bus_trouble(link->bus);

    if (trouble)
        return trouble;
    if (link->adapter && !rig_bluez_has(link->bus, link->adapter, RIG_BLUEZ_ADAPTER))
        return "the Bluetooth adapter is gone";
    if (link->adapter && !rig_bluez_flag(link->bus, link->adapter, RIG_BLUEZ_ADAPTER, "Powered"))
        return "the Bluetooth adapter lost its power";
    return NULL;
}

/* Linux pairs again where the bond is too weak for what was asked; when that fails, bluetoothd lets the
 * request wait for ever. */
static void on_watch(void *user)
{
    struct rig_bluez_link *link = user;

    if (link->knocking && rig_bluez_watch_look(link->watch)->pairing_reason)
        rig_bluez_give_up(link->bus);
}

bool rig_bluez_host_ready(struct rig_bluez_link *link, guint64 until_us, GError **error)
{
    if (!rig_bluez_bus_open(link->bus, until_us, error) || !ready_adapter(link, until_us, error))
        return false;
    if (!link->watch)
        link->watch = rig_bluez_watch_new(link->board->events, on_watch, link);
    return rig_bluez_agent_register(link->agent, until_us, error);
}
