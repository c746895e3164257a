/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The link role over BlueZ: connecting, with second tries for the races that are known; what ends a
 * connection; the operations. See bluez_link.h. */
#include "drivers/bluez/internal.h"

#include "base/error.h"
#include "protocol/ble/codes.h"

#include <string.h>

#define MAX_ATTEMPTS 8
#define PAUSE_US 250000u
#define DROPS_THAT_TELL 2 /* encrypted connections in a row that end at once: no coincidence */
#define ASK_AGAIN_US 1500000u
#define REFUSAL_US 1000000u
#define DISCONNECT_US 8000000u
#define REFUSED_US 500000u /* what ends in spite of an error is told by then */

struct attempt {
    struct rig_bluez_link *link;
    const struct rig_link_connect *how;
    bool again; /* another try may help */
};

/* A bonded board that drops each connection as soon as it is to be encrypted has lost its key, though BlueZ
 * says no more than "abort by local". */
static enum rig_link_outcome guess_key_missing(struct rig_bluez_link *link, guint n_drops,
                                               enum rig_link_outcome otherwise)
{
    const struct rig_bluez_events *events = rig_bluez_monitor_events(link->monitor);
    bool told = events && (events->encryption_status || events->disconnect_reason || events->connect_status);
    g_autofree char *said = NULL;

    if (told || !rig_bluez_is_bonded(link) || n_drops < DROPS_THAT_TELL)
        return otherwise;
    said = g_strdup(link->text);
    rig_bluez_say(link, false, "key missing (concluded from %u drops): %s", n_drops, said);
    return RIG_LINK_KEY_MISSING;
}

/* --- the stages --- */

static bool call_device(struct rig_bluez_link *link, const char *method, guint64 until_us,
                        struct rig_bluez_reply *reply, GError **error)
{
    return rig_bluez_call(link->bus, link->device, RIG_BLUEZ_DEVICE, method, NULL, "()", until_us, reply,
                          error);
}

static void look_with_monitor(struct rig_bluez_link *link)
{
    const char *address = rig_bluez_text(link->bus, link->device, RIG_BLUEZ_DEVICE, "Address");
    guint64 index = 0;

    g_ascii_string_to_unsigned(link->adapter + strlen("/org/bluez/hci"), 10, 0, G_MAXUINT16 - 1, &index,
                               NULL);
    rig_bluez_monitor_follow(link->monitor, (guint)index, address);
    rig_bluez_monitor_restart(link->monitor);
}

/* Once the board is gone: the words of the controller, or bluetoothd's. */
static enum rig_link_outcome bluez_why_gone(struct rig_bluez_link *link)
{
    const struct rig_bluez_events *events = rig_bluez_monitor_events(link->monitor);
    char text[sizeof link->text];
    guint8 code = events ? rig_bluez_events_reason(events, text, sizeof text) : 0;
    const char *trouble = rig_bluez_host_trouble(link);

    if (trouble) {
        link->host_fault = true;
        rig_bluez_say(link, false, "%s", trouble);
        return RIG_LINK_LOST;
    }
    if (!code)
        return RIG_LINK_LOST;
    rig_bluez_say(link, false, "disconnected: %s", text);
    return rig_bluez_hci_outcome(code);
}

static bool dial(struct attempt *attempt, enum rig_link_outcome *outcome, GError **error)
{
    struct rig_bluez_link *link = attempt->link;
    g_auto(rig_bluez_reply) reply = {0};
    enum rig_link_outcome why;

    *outcome = RIG_LINK_OK;
    link->was_connected = rig_bluez_is_connected(link);
    if (link->was_connected)
        return true;
    look_with_monitor(link);
    if (!call_device(link, "Connect", attempt->how->until_us, &reply, error))
        return false;
    if (reply.value) /* a connection that it hears of by ATT before the kernel tells is not signalled (seen
                        with 5.66) */
        return rig_bluez_refresh(link->bus, link->device, RIG_BLUEZ_DEVICE, attempt->how->until_us, error);
    if (reply.timed_out) /* the daemon would go on trying */
        rig_bluez_send(link->bus, link->device, RIG_BLUEZ_DEVICE, "Disconnect", NULL);
    if (!rig_bluez_judge_reply(link, "connecting", &reply, outcome, &attempt->again, error))
        return false;
    why = bluez_why_gone(link);
    if (why != RIG_LINK_LOST && *outcome != RIG_LINK_OK) {
        *outcome = why;
        attempt->again = false;
    }
    return true;
}

static bool resolved_or_gone(void *user)
{
    struct rig_bluez_link *link = user;

    return rig_bluez_flag(link->bus, link->device, RIG_BLUEZ_DEVICE, "ServicesResolved") ||
           !rig_bluez_is_connected(link);
}

/* bluetoothd (5.66) does not signal each change of these either, so it is asked now and then. */
static bool await_services(struct rig_bluez_link *link, guint64 until_us, bool *satisfied, GError **error)
{
    for (;;) {
        if (!rig_board_wait_for(link->board, rig_bluez_within(link, ASK_AGAIN_US, until_us), resolved_or_gone,
                                link, satisfied, error))
            return false;
        if (*satisfied || rig_bluez_now_us(link) >= until_us)
            return true;
        if (!rig_bluez_refresh(link->bus, link->device, RIG_BLUEZ_DEVICE, until_us, error))
            return false;
    }
}

static bool resolve(struct attempt *attempt, enum rig_link_outcome *outcome, GError **error)
{
    struct rig_bluez_link *link = attempt->link;
    bool satisfied = false;

    if (!await_services(link, rig_bluez_within(link, RIG_BLUEZ_CALL_US, attempt->how->until_us), &satisfied,
                        error))
        return false;
    *outcome = RIG_LINK_OK;
    if (!satisfied) {
        *outcome = RIG_LINK_TIMEOUT;
        rig_bluez_say(link, false, "the services were not resolved before the deadline");
    } else if (!rig_bluez_is_connected(link)) {
        rig_bluez_say(link, false, "the connection ended before the services were resolved");
        *outcome = bluez_why_gone(link);
        /* bluetoothd hangs up on a board that breaks ATT's rules. */
        (void)rig_bluez_say_violation(link, "the connection ended");
        attempt->again = *outcome == RIG_LINK_LOST;
    }
    return true;
}

/* The controller knows; without the right to listen to it: bluetoothd encrypts where it holds a key, before
 * anything else. */
static bool bluez_is_encrypted(struct rig_bluez_link *link)
{
    const struct rig_bluez_events *events = rig_bluez_monitor_events(link->monitor);

    if (!link->up)
        return false;
    if (events && events->connected)
        return events->encrypted;
    return rig_bluez_flag(link->bus, link->device, RIG_BLUEZ_DEVICE, "Paired");
}

static bool come_up(struct attempt *attempt, enum rig_link_outcome *outcome, GError **error)
{
    struct rig_bluez_link *link = attempt->link;

    (void)error;
    *outcome = RIG_LINK_OK;
    link->up = true;
    link->up_us = rig_bluez_now_us(link);
    if (!link->own_address &&
        (link->how.where == RIG_LINK_AS_CONFIGURED || link->how.where == RIG_LINK_AT_ADDRESS))
        link->own_address = g_strdup(rig_bluez_text(link->bus, link->device, RIG_BLUEZ_DEVICE, "Address"));
    rig_bluez_say(link, true, "connected over BlueZ, ATT_MTU %u%s", link->mtu,
                  bluez_is_encrypted(link) ? ", encrypted" : "");
    return true;
}

static bool disconnect_device(struct rig_bluez_link *link, guint64 until_us, GError **error)
{
    guint64 soon_us = rig_bluez_within(link, DISCONNECT_US, until_us);
    g_auto(rig_bluez_reply) reply = {0};
    bool ended, refused;

    rig_bluez_release(link);
    if (!link->device || !rig_bluez_is_connected(link) || link->held)
        return true;
    link->leaving = true;
    if (!call_device(link, "Disconnect", soon_us, &reply, error))
        return false;
    refused = reply.error_text && g_strcmp0(reply.error_name, "org.bluez.Error.NotConnected") != 0;
    if (!rig_board_wait_for(link->board, refused ? rig_bluez_within(link, REFUSED_US, soon_us) : soon_us,
                            rig_bluez_is_disconnected, link, &ended, error))
        return false;
    if (ended || !refused)
        return true;
    g_set_error(error, RIG_ERROR, RIG_ERROR_DEVICE, "bluetoothd does not disconnect %s: %s", link->device,
                reply.error_text);
    return false;
}

/* After a request that was refused: only the end of the connection ends the request that hangs in bluetoothd.
 * The text stays. */
static bool hang_up(struct rig_bluez_link *link, GError **error)
{
    g_autofree char *words = g_strdup(link->text);

    link->up = link->refused = false;
    if (!disconnect_device(link, G_MAXUINT64, error))
        return false;
    rig_bluez_say(link, false, "%s", words);
    return true;
}

static bool resubscribe(struct attempt *attempt, enum rig_link_outcome *outcome, GError **error)
{
    struct rig_bluez_link *link = attempt->link;

    *outcome = RIG_LINK_OK;
    for (guint i = 0; i < link->characteristics->len && *outcome == RIG_LINK_OK; i++) {
        struct rig_bluez_characteristic *used = link->characteristics->pdata[i];

        if (used->wanted != RIG_SUBSCRIBE_NONE &&
            (!rig_bluez_use(link, used->characteristic, &used, outcome, error) ||
             (*outcome == RIG_LINK_OK && !rig_bluez_subscribe(used, outcome, error))))
            return false;
    }
    if (link->refused)
        return hang_up(link, error);
    if (*outcome == RIG_LINK_LOST) {
        link->up = false;
        rig_bluez_tell(link);
    }
    attempt->again = *outcome == RIG_LINK_LOST;
    return true;
}

/* Linux drops the connection over it, as a rule; one that stays can be talked to in the clear. */
static bool after_refusal(struct rig_bluez_link *link, GError **error)
{
    g_autofree char *words = g_strdup(link->text);
    bool gone = false, ok;

    ok = rig_board_wait_for(link->board, rig_bluez_now_us(link) + REFUSAL_US, rig_bluez_is_disconnected, link,
                            &gone, error);
    link->up = ok && !gone;
    rig_bluez_say(link, false, "%s", words);
    return ok;
}

static bool pair_if_wanted(struct attempt *attempt, enum rig_link_outcome *outcome, GError **error)
{
    struct rig_bluez_link *link = attempt->link;

    *outcome = RIG_LINK_OK;
    if (!attempt->how->pair || rig_bluez_is_bonded(link))
        return true;
    if (!rig_bluez_pair(link, attempt->how->until_us, outcome, error))
        return false;
    attempt->again = *outcome == RIG_LINK_LOST;
    return *outcome != RIG_LINK_PAIRING_REFUSED || after_refusal(link, error);
}

typedef bool (*stage)(struct attempt *attempt, enum rig_link_outcome *outcome, GError **error);

static bool find(struct attempt *attempt, enum rig_link_outcome *outcome, GError **error)
{
    return rig_bluez_find(attempt->link, attempt->how->until_us, outcome, error);
}

static bool discover(struct attempt *attempt, enum rig_link_outcome *outcome, GError **error)
{
    (void)error;
    *outcome = rig_bluez_discovered(attempt->link);
    return true;
}

static bool host_ready(struct attempt *attempt, enum rig_link_outcome *outcome, GError **error)
{
    *outcome = RIG_LINK_OK;
    return rig_bluez_host_ready(attempt->link, attempt->how->until_us, error) &&
           rig_bluez_agent_register(attempt->link->agent, attempt->how->until_us, error);
}

/* bluetoothd tells of the end of a connection a while after the error that comes of it. */
static bool let_end(struct rig_bluez_link *link, guint64 until_us, GError **error)
{
    bool ignored;

    if (link->up || !link->device || !rig_bluez_is_connected(link))
        return true;
    return disconnect_device(link, until_us, error) &&
           rig_board_wait_for(link->board, rig_bluez_within(link, DISCONNECT_US, until_us),
                              rig_bluez_is_disconnected, link, &ignored, error);
}

static bool play(struct attempt *attempt, enum rig_link_outcome *outcome, GError **error)
{
    static const stage stages[] = {host_ready, find,           dial,    resolve,
                                   discover,   pair_if_wanted, come_up, resubscribe};

    *outcome = RIG_LINK_OK;
    for (gsize i = 0; i < G_N_ELEMENTS(stages) && *outcome == RIG_LINK_OK; i++)
        if (!stages[i](attempt, outcome, error))
            return false;
    return true;
}

static bool pause_before(struct rig_bluez_link *link, guint n, guint64 until_us, GError **error)
{
    bool ignored;

    return rig_board_wait_for(link->board, rig_bluez_within(link, (guint64)PAUSE_US * n, until_us),
                              rig_bluez_never, NULL, &ignored, error);
}

/* How the attempts before ended is of more interest than that the time for another was too short. */
struct ending {
    enum rig_link_outcome outcome;
    char text[sizeof(((struct rig_bluez_link *)NULL)->text)];
};

static void keep_ending(struct rig_bluez_link *link, guint n, enum rig_link_outcome *outcome,
                        struct ending *last)
{
    if (n > 1 && *outcome == RIG_LINK_NOT_FOUND) {
        *outcome = last->outcome;
        g_strlcpy(link->text, last->text, sizeof link->text);
    }
    last->outcome = *outcome;
    g_strlcpy(last->text, link->text, sizeof last->text);
}

static void remember_how(struct rig_bluez_link *link, const struct rig_link_connect *how)
{
    char *name = g_strdup(how->name);

    link->how = *how;
    g_free(link->wanted_name);
    link->how.name = link->wanted_name = name;
}

/* From nothing to a connection with the subscriptions that are wanted. */
static bool establish(struct rig_bluez_link *link, const struct rig_link_connect *how,
                      enum rig_link_outcome *outcome, GError **error)
{
    struct ending last = {.outcome = RIG_LINK_LOST};
    guint n_drops = 0;

    remember_how(link, how);
    for (guint n = 1;; n++) {
        struct attempt attempt = {.link = link, .how = how};

        link->host_fault = link->leaving = link->was_connected = link->refused = link->held = false;
        link->used = link->services_changed = false;
        link->att_error = 0;
        rig_bluez_release(link);
        rig_bluez_drop_arrived(link);
        if (!play(&attempt, outcome, error) || !let_end(link, rig_bluez_now_us(link) + DISCONNECT_US, error))
            return false;
        if (*outcome != RIG_LINK_OK && link->was_connected && !rig_bluez_is_connected(link))
            n_drops++;
        if (*outcome == RIG_LINK_LOST)
            *outcome = guess_key_missing(link, n_drops, *outcome);
        keep_ending(link, n, outcome, &last);
        if (*outcome == RIG_LINK_OK || *outcome == RIG_LINK_KEY_MISSING || !attempt.again ||
            n >= MAX_ATTEMPTS || rig_bluez_now_us(link) + (guint64)PAUSE_US * n >= how->until_us)
            break;
        if (!pause_before(link, n, how->until_us, error))
            return false;
    }
    if (*outcome != RIG_LINK_OK && *outcome != RIG_LINK_NOT_FOUND)
        rig_bluez_tell(link);
    return true;
}

/* --- a connection that ends --- */

#define SETTLE_US 500000u /* adapter and daemon tell of their own end a moment after that of a connection */
#define HUNG_US 3000000u  /* the disconnection is told that long after the end of its sockets at most */

static struct rig_bluez_link *self(struct rig_link *link)
{
    return (struct rig_bluez_link *)link;
}

/* The connection is gone: releases what hangs on it. */
static void go_down(struct rig_bluez_link *link)
{
    if (!link->up)
        return;
    rig_bluez_release(link);
    link->up = false;
    if (link->leaving)
        rig_bluez_say(link, false, "disconnected by the host");
    else
        rig_bluez_say(link, false, "the connection ended");
    (void)bluez_why_gone(link);
    rig_bluez_tell(link);
}

static bool is_false(GVariant *value)
{
    return !value || (g_variant_is_of_type(value, G_VARIANT_TYPE_BOOLEAN) && !g_variant_get_boolean(value));
}

static void on_changed(void *user, const char *path, const char *interface, const char *name, GVariant *value)
{
    struct rig_bluez_link *link = user;
    bool of_device = (!path || g_strcmp0(path, link->device) == 0) &&
                     (!interface || g_str_equal(interface, RIG_BLUEZ_DEVICE));

    if (name && g_str_equal(interface, RIG_BLUEZ_CHARACTERISTIC) && g_str_equal(name, "Value"))
        rig_bluez_take_value(link, path, value);
    else if (of_device && g_strcmp0(name, "Connected") == 0 && !is_false(value))
        link->was_connected = true;
    else if (of_device && (!name || g_str_equal(name, "Connected")))
        go_down(link);
    if (!name && (!interface || g_str_equal(interface, RIG_BLUEZ_CHARACTERISTIC)))
        rig_bluez_take_removal(link, path);
}

/* --- whose fault a loss was --- */

static bool host_tells(void *user)
{
    return rig_bluez_host_trouble(user) != NULL;
}

/* Whether it was the host: unless the controller has told of something that only a board does. Other reasons
 * can be of both: an adapter that loses its power may say "remote device powers off". */
static bool find_culprit(struct rig_bluez_link *link, GError **error)
{
    const struct rig_bluez_events *events = rig_bluez_monitor_events(link->monitor);
    bool told = events && (events->disconnect_reason == RIG_HCI_ERROR_CONNECTION_TIMEOUT ||
                           events->disconnect_reason == RIG_HCI_ERROR_MIC_FAILURE);
    bool ignored;

    if (!link->device || link->leaving || link->host_fault || told)
        return true;
    if (events && events->end_was_asked_for) {
        link->host_fault = true;
        rig_bluez_say(link, false, "another program on this host ended the connection");
        return true;
    }
    if (!rig_board_wait_for(link->board, rig_bluez_now_us(link) + SETTLE_US, host_tells, link, &ignored,
                            error))
        return false;
    (void)bluez_why_gone(link);
    return true;
}

static bool is_down(void *user)
{
    return !((struct rig_bluez_link *)user)->up;
}

/* A write meets the closed socket before bluetoothd tells of the end. */
static bool settle_loss(struct rig_bluez_link *link, GError **error)
{
    bool ignored;

    if (!rig_board_wait_for(link->board, rig_bluez_now_us(link) + HUNG_US, is_down, link, &ignored, error))
        return false;
    go_down(link);
    return find_culprit(link, error);
}

/* --- the role --- */

/* A connection that ends before anything came of it is made anew, with its subscriptions: a race of BlueZ's.
 */
static bool subscribe(struct rig_bluez_link *link, struct rig_bluez_characteristic *used,
                      enum rig_link_outcome *outcome, GError **error)
{
    struct rig_link_connect how = link->how;

    if (!rig_bluez_subscribe(used, outcome, error) || (link->refused && !hang_up(link, error)))
        return false;
    if (*outcome != RIG_LINK_LOST)
        return true;
    if (!link->used && rig_bluez_now_us(link) < how.until_us) {
        link->up = false;
        return establish(link, &how, outcome, error);
    }
    return settle_loss(link, error);
}

static bool link_subscribe(struct rig_link *base, const struct rig_characteristic *characteristic,
                           enum rig_subscription subscription, enum rig_link_outcome *outcome, GError **error)
{
    struct rig_bluez_link *link = self(base);
    struct rig_bluez_characteristic *used;

    *outcome = RIG_LINK_NOT_CONNECTED;
    if (!link->up)
        return true;
    if (!rig_bluez_use(link, characteristic, &used, outcome, error))
        return false;
    if (*outcome != RIG_LINK_OK)
        return true;
    if (used->subscribed != subscription && !rig_bluez_unsubscribe(used, error))
        return false;
    used->wanted = subscription;
    used->from = characteristic;
    if (subscription == RIG_SUBSCRIBE_NONE)
        return true;
    if (!subscribe(link, used, outcome, error))
        return false;
    if (*outcome != RIG_LINK_OK) {
        used->wanted = RIG_SUBSCRIBE_NONE;
        rig_bluez_tell(link);
    }
    link->used = true;
    return true;
}

static bool link_connect(struct rig_link *base, const struct rig_link_connect *how,
                         enum rig_link_outcome *outcome, GError **error)
{
    struct rig_bluez_link *link = self(base);

    rig_bluez_drain(link);
    if (link->up && !rig_bluez_is_hung(link) && !link->services_changed && !rig_bluez_host_trouble(link)) {
        *outcome = RIG_LINK_OK;
        return !how->pair || bluez_is_encrypted(link) || rig_bluez_pair(link, how->until_us, outcome, error);
    }
    go_down(link);
    for (guint i = 0; i < link->characteristics->len; i++)
        ((struct rig_bluez_characteristic *)link->characteristics->pdata[i])->wanted = RIG_SUBSCRIBE_NONE;
    if (link->place->refresh && !rig_bluez_forget(link, error))
        return false;
    return establish(link, how, outcome, error);
}

static bool link_disconnect(struct rig_link *base, GError **error)
{
    struct rig_bluez_link *link = self(base);

    if (!rig_bluez_bus_connection(link->bus))
        return true;
    if (!disconnect_device(link, G_MAXUINT64, error))
        return false;
    go_down(link);
    return true;
}

/* BlueZ pairs only with a device that it knows no key of: the old bond goes first, and the connection with
 * it. */
static bool pair_anew(struct rig_bluez_link *link, guint64 until_us, enum rig_link_outcome *outcome,
                      GError **error)
{
    struct rig_link_connect how = {.mtu = link->how.mtu, .pair = true, .until_us = until_us};

    if (!rig_bluez_forget(link, error))
        return false;
    go_down(link);
    return establish(link, &how, outcome, error);
}

static bool link_pair(struct rig_link *base, guint64 until_us, enum rig_link_outcome *outcome, GError **error)
{
    struct rig_bluez_link *link = self(base);

    *outcome = RIG_LINK_NOT_CONNECTED;
    if (!link->up)
        return true;
    if (rig_bluez_is_bonded(link))
        return pair_anew(link, until_us, outcome, error);
    if (!rig_bluez_pair(link, until_us, outcome, error))
        return false;
    if (*outcome == RIG_LINK_OK)
        rig_bluez_say(link, true, "paired and bonded");
    else
        rig_bluez_tell(link);
    return true;
}

static bool link_write(struct rig_link *base, const struct rig_characteristic *characteristic,
                       enum rig_write_kind kind, const guint8 *bytes, gsize n_bytes,
                       enum rig_link_outcome *outcome, GError **error)
{
    struct rig_bluez_link *link = self(base);
    struct rig_bluez_characteristic *used;

    *outcome = RIG_LINK_NOT_CONNECTED;
    if (!link->up)
        return true;
    link->used = true;
    if (!rig_bluez_use(link, characteristic, &used, outcome, error))
        return false;
    if (*outcome == RIG_LINK_OK && n_bytes + RIG_ATT_VALUE_OVERHEAD_BYTES > link->mtu && link->mtu_is_told)
        *outcome = RIG_LINK_TOO_LONG;
    if (*outcome == RIG_LINK_OK && !(kind == RIG_WRITE_COMMAND ? rig_bluez_command : rig_bluez_request)(
                                       used, bytes, n_bytes, outcome, error))
        return false;
    if (link->refused)
        return hang_up(link, error);
    return *outcome != RIG_LINK_LOST || settle_loss(link, error);
}

static bool link_read(struct rig_link *base, const struct rig_characteristic *characteristic, GBytes **value,
                      enum rig_link_outcome *outcome, GError **error)
{
    struct rig_bluez_link *link = self(base);
    struct rig_bluez_characteristic *used;

    *value = NULL;
    *outcome = RIG_LINK_NOT_CONNECTED;
    if (!link->up)
        return true;
    link->used = true;
    if (!rig_bluez_use(link, characteristic, &used, outcome, error))
        return false;
    if (*outcome == RIG_LINK_OK && !rig_bluez_read(used, value, outcome, error))
        return false;
    if (link->refused)
        return hang_up(link, error);
    return *outcome != RIG_LINK_LOST || settle_loss(link, error);
}

static char **link_services(struct rig_link *base)
{
    struct rig_bluez_link *link = self(base);
    g_auto(GStrv) paths = NULL;
    g_autoptr(GStrvBuilder) uuids = NULL;

    if (!link->up)
        return NULL;
    paths = rig_bluez_paths(link->bus, RIG_BLUEZ_SERVICE, link->device);
    uuids = g_strv_builder_new();
    for (char **path = paths; *path; path++) {
        const char *uuid = rig_bluez_text(link->bus, *path, RIG_BLUEZ_SERVICE, "UUID");
        g_autofree char *lower = uuid ? g_ascii_strdown(uuid, -1) : NULL;

        if (lower)
            g_strv_builder_add(uuids, lower);
    }
    return g_strv_builder_end(uuids);
}

struct receiving {
    struct rig_bluez_link *link;
    struct rig_link_packet *packet;
    guint64 hung_us; /* when a socket was seen closed, or a characteristic gone; 0: neither */
};

/* A socket ends before bluetoothd tells why. */
static bool is_over(struct receiving *receiving)
{
    struct rig_bluez_link *link = receiving->link;
    guint64 now_us = rig_bluez_now_us(link);

    if (!link->up)
        return true;
    if (!rig_bluez_is_hung(link) && !link->services_changed)
        return false;
    if (!receiving->hung_us)
        receiving->hung_us = now_us;
    if (now_us < receiving->hung_us + HUNG_US)
        return false;
    go_down(link);
    rig_bluez_say(link, true, "what was subscribed to is gone: the board's services changed");
    return true;
}

/* The events read what arrives. */
static bool received_or_lost(void *user)
{
    struct receiving *receiving = user;

    receiving->packet = g_queue_pop_head(&receiving->link->arrived);
    return receiving->packet || is_over(receiving);
}

static bool link_receive(struct rig_link *base, guint64 until_us, struct rig_link_packet *packet,
                         enum rig_link_outcome *outcome, GError **error)
{
    struct receiving receiving = {.link = self(base)};
    bool was_up = receiving.link->up;
    bool satisfied = false;

    *packet = (struct rig_link_packet){0};
    if (!rig_board_wait_for(receiving.link->board, until_us, received_or_lost, &receiving, &satisfied, error))
        return false;
    if (receiving.packet)
        *packet = *receiving.packet;
    *outcome = receiving.packet ? RIG_LINK_OK : satisfied ? RIG_LINK_LOST : RIG_LINK_TIMEOUT;
    g_free(receiving.packet);
    return *outcome != RIG_LINK_LOST || !was_up || find_culprit(receiving.link, error);
}

static bool link_forget_bond(struct rig_link *base, GError **error)
{
    if (!rig_bluez_forget(self(base), error))
        return false;
    go_down(self(base));
    return true;
}

static bool link_answer(struct rig_link *base, const struct rig_link_answers *answers, GError **error)
{
    (void)error;
    rig_bluez_agent_script(self(base)->agent, answers);
    return true;
}

static void link_state(struct rig_link *base, struct rig_link_state *state)
{
    struct rig_bluez_link *link = self(base);

    *state = (struct rig_link_state){.connected = link->up,
                                     .encrypted = bluez_is_encrypted(link),
                                     .bonded = rig_bluez_is_bonded(link),
                                     .att_error = link->att_error,
                                     .mtu = link->up ? link->mtu : 0,
                                     .host_fault = link->host_fault};
    for (guint i = 0; i < link->characteristics->len; i++)
        state->subscribed |=
            ((const struct rig_bluez_characteristic *)link->characteristics->pdata[i])->subscribed !=
            RIG_SUBSCRIBE_NONE;
    g_strlcpy(state->text, link->text, sizeof state->text);
}

static guint16 link_mtu(const struct rig_link *base)
{
    const struct rig_bluez_link *link = (const struct rig_bluez_link *)base;

    return link->up ? link->mtu : 0;
}

/* The board may be about to go: bluetoothd must not go on believing in its connection. */
static void link_close(struct rig_link *base)
{
    struct rig_bluez_link *link = self(base);
    volatile int *interrupted = link->board->interrupted;

    if (rig_bluez_bus_connection(link->bus)) {
        link->board->interrupted = NULL;
        (void)!disconnect_device(link, G_MAXUINT64, NULL);
        link->board->interrupted = interrupted;
    }
    go_down(link);
    rig_bluez_agent_withdraw(link->agent);
    rig_bluez_bus_close(link->bus);
    g_clear_pointer(&link->monitor, rig_bluez_monitor_free);
    rig_bluez_release(link);
    rig_bluez_drop_arrived(link);
    g_clear_pointer(&link->adapter, g_free);
    g_clear_pointer(&link->device, g_free);
    link->host_fault = false;
}

static void link_free(struct rig_link *base)
{
    struct rig_bluez_link *link = self(base);

    link_close(base);
    rig_bluez_agent_free(link->agent);
    rig_bluez_bus_free(link->bus);
    g_ptr_array_unref(link->characteristics);
    g_free(link->wanted_name);
    g_free(link->own_address);
    g_free(link);
}

static int link_adapter(const struct rig_link *link)
{
    const struct rig_bluez_link *bluez = (const struct rig_bluez_link *)link;
    const char *name = bluez->adapter ? strrchr(bluez->adapter, '/') : NULL;
    guint64 number;

    name = name ? name + 1 : bluez->place->adapter;
    if (name && g_str_has_prefix(name, "hci") &&
        g_ascii_string_to_unsigned(name + 3, 10, 0, 0xfffe, &number, NULL))
        return (int)number;
    return -1;
}

static const struct rig_link_ops ops = {
    .name = "bluez",
    .connect = link_connect,
    .pair = link_pair,
    .subscribe = link_subscribe,
    .disconnect = link_disconnect,
    .write = link_write,
    .read = link_read,
    .services = link_services,
    .receive = link_receive,
    .forget_bond = link_forget_bond,
    .answer = link_answer,
    .state = link_state,
    .mtu = link_mtu,
    .close = link_close,
    .free = link_free,
    .adapter = link_adapter,
};

struct rig_link *rig_bluez_link_new(const struct rig_link_place *place, struct rig_board *board)
{
    struct rig_bluez_link *link = g_new0(struct rig_bluez_link, 1);

    link->link.ops = &ops;
    link->place = place;
    link->board = board;
    link->bus = rig_bluez_bus_new(board, on_changed, link);
    link->agent = rig_bluez_agent_new(link);
    link->characteristics = g_ptr_array_new_with_free_func(rig_bluez_characteristic_free);
    g_queue_init(&link->arrived);
    return &link->link;
}
