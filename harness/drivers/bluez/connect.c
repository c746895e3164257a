/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From nothing to a subscribed link, with second tries for the races that are known. */
#include "drivers/bluez/internal.h"

#include "base/error.h"

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
    why = rig_bluez_why_gone(link);
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
        *outcome = rig_bluez_why_gone(link);
        /* bluetoothd hangs up on a board that breaks ATT's rules. */
        (void)rig_bluez_say_violation(link, "the connection ended");
        attempt->again = *outcome == RIG_LINK_LOST;
    }
    return true;
}

static bool come_up(struct attempt *attempt, enum rig_link_outcome *outcome, GError **error)
{
    struct rig_bluez_link *link = attempt->link;

    (void)error;
    *outcome = RIG_LINK_OK;
    link->up = true;
    rig_bluez_say(link, true, "connected over BlueZ, ATT_MTU %u%s", link->mtu,
                  rig_bluez_is_encrypted(link) ? ", encrypted" : "");
    return true;
}

static bool subscribe(struct attempt *attempt, enum rig_link_outcome *outcome, GError **error)
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
        return rig_bluez_hang_up(link, error);
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
    return rig_bluez_disconnect(link, until_us, error) &&
           rig_board_wait_for(link->board, rig_bluez_within(link, DISCONNECT_US, until_us),
                              rig_bluez_is_disconnected, link, &ignored, error);
}

static bool play(struct attempt *attempt, enum rig_link_outcome *outcome, GError **error)
{
    static const stage stages[] = {host_ready, find,           dial,    resolve,
                                   discover,   pair_if_wanted, come_up, subscribe};

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

bool rig_bluez_connect(struct rig_bluez_link *link, const struct rig_link_connect *how,
                       enum rig_link_outcome *outcome, GError **error)
{
    struct ending last = {.outcome = RIG_LINK_LOST};
    guint n_drops = 0;

    link->how = *how;
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

bool rig_bluez_disconnect(struct rig_bluez_link *link, guint64 until_us, GError **error)
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

bool rig_bluez_hang_up(struct rig_bluez_link *link, GError **error)
{
    g_autofree char *words = g_strdup(link->text);

    link->up = link->refused = false;
    if (!rig_bluez_disconnect(link, G_MAXUINT64, error))
        return false;
    rig_bluez_say(link, false, "%s", words);
    return true;
}
