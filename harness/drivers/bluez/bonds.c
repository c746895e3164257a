/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The host's half of the bond: pairing, asking, forgetting. */
#include "drivers/bluez/internal.h"

#include "base/error.h"

#define FORGET_US 10000000u
#define REFUSED_US 500000u /* what is done in spite of an error is told by then */
#define PAIRABLE_US 2000000u

bool rig_bluez_is_bonded(const struct rig_bluez_link *link)
{
    g_autofree char *device = link->device ? g_strdup(link->device) : rig_bluez_known_device(link);

    /* "Bonded" is there from BlueZ 5.65 on. */
    return device && (rig_bluez_flag(link->bus, device, RIG_BLUEZ_DEVICE, "Bonded") ||
                      (!rig_bluez_property(link->bus, device, RIG_BLUEZ_DEVICE, "Bonded") &&
                       rig_bluez_flag(link->bus, device, RIG_BLUEZ_DEVICE, "Paired")));
}

/* The controller knows; without the right to listen to it: bluetoothd encrypts where it holds a key, before
 * anything else. */
bool rig_bluez_is_encrypted(struct rig_bluez_link *link)
{
    const struct rig_bluez_sight *sight = rig_bluez_watch_look(link->watch);

    if (!link->up)
        return false;
    if (sight && sight->connected)
        return sight->encrypted;
    return rig_bluez_flag(link->bus, link->device, RIG_BLUEZ_DEVICE, "Paired");
}

static bool paired_or_gone(void *user)
{
    struct rig_bluez_link *link = user;

    return rig_bluez_flag(link->bus, link->device, RIG_BLUEZ_DEVICE, "Paired") ||
           !rig_bluez_flag(link->bus, link->device, RIG_BLUEZ_DEVICE, "Connected");
}

static bool await_paired(struct rig_bluez_link *link, guint64 until_us, GError **error)
{
    bool ignored;

    return rig_board_wait_for(link->board, until_us, paired_or_gone, link, &ignored, error);
}

static bool is_pairable(void *user)
{
    struct rig_bluez_link *link = user;

    return !rig_bluez_property(link->bus, link->adapter, RIG_BLUEZ_ADAPTER, "Pairable") ||
           rig_bluez_flag(link->bus, link->adapter, RIG_BLUEZ_ADAPTER, "Pairable");
}

/* Without it the host pairs and keeps no key. bluetoothd (5.66) switches it off with the last agent, and may
 * forget to switch it on again when the next one comes at once. */
static bool make_pairable(struct rig_bluez_link *link, guint64 until_us, GError **error)
{
    guint64 soon_us = rig_bluez_within(link, PAIRABLE_US, until_us);
    g_auto(rig_bluez_reply) reply = {0};
    bool ignored;

    if (is_pairable(link))
        return true;
    return rig_bluez_call(link->bus, link->adapter, "org.freedesktop.DBus.Properties", "Set",
                          g_variant_new("(ssv)", RIG_BLUEZ_ADAPTER, "Pairable", g_variant_new_boolean(TRUE)),
                          "()", soon_us, &reply, error) &&
           rig_board_wait_for(link->board, soon_us, is_pairable, link, &ignored, error);
}

/* bluetoothd says no more than that it failed. */
static void tell_why_refused(struct rig_bluez_link *link)
{
    const struct rig_bluez_sight *sight = rig_bluez_watch_look(link->watch);

    if (sight && sight->pairing_reason)
        rig_link_pairing_text(sight->pairing_reason, sight->pairing_by_board, link->text, sizeof link->text);
}

bool rig_bluez_pair(struct rig_bluez_link *link, guint64 until_us, enum rig_link_outcome *outcome,
                    GError **error)
{
    g_auto(rig_bluez_reply) reply = {0};
    bool again, ok;

    if (!rig_bluez_agent_register(link->agent, until_us, error) || !make_pairable(link, until_us, error))
        return false;
    rig_bluez_watch_forget(link->watch);
    rig_bluez_agent_allow(link->agent, link->device);
    ok = rig_bluez_call(link->bus, link->device, RIG_BLUEZ_DEVICE, "Pair", NULL, "()", until_us, &reply,
                        error);
    rig_bluez_agent_allow(link->agent, NULL);
    *outcome = RIG_LINK_OK;
    if (!ok)
        return false;
    if (reply.value)
        return await_paired(link, until_us, error);
    if (reply.timed_out)
        rig_bluez_send(link->bus, link->device, RIG_BLUEZ_DEVICE, "CancelPairing", NULL);
    if (!rig_bluez_judge_reply(link, "pairing", &reply, outcome, &again, error))
        return false;
    /* An access that needed it may have paired by itself just before. */
    if (*outcome == RIG_LINK_PAIRING_REFUSED &&
        rig_bluez_flag(link->bus, link->device, RIG_BLUEZ_DEVICE, "Paired"))
        *outcome = RIG_LINK_OK;
    if (*outcome != RIG_LINK_OK)
        tell_why_refused(link);
    return true;
}

struct forgetting {
    struct rig_bluez_link *link;
    const char *device;
};

static bool is_gone(void *user)
{
    struct forgetting *forgetting = user;

    return !rig_bluez_has(forgetting->link->bus, forgetting->device, RIG_BLUEZ_DEVICE);
}

bool rig_bluez_forget(struct rig_bluez_link *link, GError **error)
{
    guint64 until_us = rig_bluez_now_us(link) + FORGET_US;
    g_autofree char *device = NULL;
    g_auto(rig_bluez_reply) reply = {0};
    struct forgetting forgetting = {.link = link};
    enum rig_link_outcome ignored;
    bool satisfied, refused;

    if (!rig_bluez_host_ready(link, until_us, error))
        return false;
    device = rig_bluez_known_device(link);
    if (!device)
        return true;
    link->leaving = true;
    if (!rig_bluez_call(link->bus, link->adapter, RIG_BLUEZ_ADAPTER, "RemoveDevice",
                        g_variant_new("(o)", device), "()", until_us, &reply, error))
        return false;
    refused = reply.error_text && g_strcmp0(reply.error_name, "org.bluez.Error.DoesNotExist") != 0;
    if (!reply.value && !rig_bluez_judge_reply(link, "forgetting", &reply, &ignored, &satisfied, error))
        return false;
    forgetting.device = device;
    if (!rig_board_wait_for(link->board, refused ? rig_bluez_within(link, REFUSED_US, until_us) : until_us,
                            is_gone, &forgetting, &satisfied, error))
        return false;
    if (!satisfied && refused) {
        g_set_error(error, RIG_ERROR, RIG_ERROR_DEVICE, "bluetoothd does not forget %s: %s", device,
                    reply.error_text);
        return false;
    }
    g_clear_pointer(&link->device, g_free);
    return true;
}
