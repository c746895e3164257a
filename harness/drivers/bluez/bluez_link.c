/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The operations of the link role over BlueZ: see bluez_link.h. */
#include "drivers/bluez/internal.h"

#include "base/error.h"
#include "protocol/ble/codes.h"

#include <stdarg.h>

#define SETTLE_US 500000u /* adapter and daemon tell of their own end a moment after that of a connection */
#define HUNG_US 3000000u  /* the disconnection is told that long after the end of its sockets at most */

static struct rig_bluez_link *self(struct rig_link *link)
{
    return (struct rig_bluez_link *)link;
}

guint64 rig_bluez_now_us(const struct rig_bluez_link *link)
{
    return link->board->ops->now_us(link->board);
}

guint64 rig_bluez_within(const struct rig_bluez_link *link, guint64 for_us, guint64 until_us)
{
    return MIN(rig_bluez_now_us(link) + for_us, until_us);
}

void rig_bluez_tell(struct rig_bluez_link *link)
{
    const struct rig_board_listener *listener = &link->board->listener;

    if (listener->link)
        listener->link(listener->user, rig_bluez_now_us(link), link->text);
}

void rig_bluez_say(struct rig_bluez_link *link, bool tell, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    g_vsnprintf(link->text, sizeof link->text, format, arguments);
    va_end(arguments);
    if (tell)
        rig_bluez_tell(link);
}

bool rig_bluez_judge_reply(struct rig_bluez_link *link, const char *doing,
                           const struct rig_bluez_reply *reply, enum rig_link_outcome *outcome, bool *again,
                           GError **error)
{
    struct rig_bluez_verdict verdict;

    *again = false;
    if (reply->timed_out) {
        *outcome = RIG_LINK_TIMEOUT;
        rig_bluez_say(link, false, "%s: no answer before the deadline", doing);
        return true;
    }
    verdict = rig_bluez_judge_error(reply->error_name, reply->error_text);
    *outcome = verdict.outcome;
    *again = verdict.blame == RIG_BLUEZ_RACE;
    rig_bluez_say(link, false, "%s: %s", doing, reply->error_text);
    if (verdict.blame != RIG_BLUEZ_HOST)
        return true;
    link->host_fault = true;
    g_set_error(error, RIG_ERROR, RIG_ERROR_DEVICE, "%s over BlueZ: %s: %s", doing, reply->error_text,
                verdict.remedy);
    return false;
}

void rig_bluez_down(struct rig_bluez_link *link)
{
    if (!link->up)
        return;
    rig_bluez_io_close_reader(&link->io);
    rig_bluez_io_close_writer(&link->io);
    link->up = link->subscribed = link->by_signal = link->by_call = false;
    if (link->leaving)
        rig_bluez_say(link, false, "disconnected by the host");
    else
        rig_bluez_say(link, false, "the connection ended");
    (void)rig_bluez_why_gone(link);
    rig_bluez_tell(link);
}

/* --- what bluetoothd tells --- */

static void take_value(struct rig_bluez_link *link, GVariant *value)
{
    gconstpointer bytes;
    gsize n_bytes;

    if (!link->by_signal || !value || !g_variant_is_of_type(value, G_VARIANT_TYPE_BYTESTRING))
        return;
    bytes = g_variant_get_fixed_array(value, &n_bytes, 1);
    if (n_bytes > 0)
        rig_bluez_io_push(&link->io, g_bytes_new(bytes, n_bytes));
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

    if (name && g_str_equal(interface, RIG_BLUEZ_CHARACTERISTIC) && g_str_equal(name, "Value") &&
        g_strcmp0(path, link->characteristic) == 0)
        take_value(link, value);
    else if (of_device && g_strcmp0(name, "Connected") == 0 && !is_false(value))
        link->was_connected = true;
    else if (of_device && (!name || g_str_equal(name, "Connected")))
        rig_bluez_down(link);
}

static void on_heard(void *user, const char *text)
{
    rig_bluez_say(user, true, "%s", text);
}

static void on_shown(void *user, guint32 passkey)
{
    struct rig_board *board = ((struct rig_bluez_link *)user)->board;

    if (board->bonds && board->bonds->host_shows)
        board->bonds->host_shows(board, passkey);
}

/* --- the role --- */

/* A connection that ends before anything came of it is made anew, as when connecting: a race of BlueZ's. */
static bool subscribe_anew(struct rig_bluez_link *link, enum rig_link_outcome *outcome, GError **error)
{
    struct rig_link_connect how = link->how;

    return rig_bluez_now_us(link) >= how.until_us || rig_bluez_connect(link, &how, outcome, error);
}

static bool subscribe_to(struct rig_bluez_link *link, enum rig_link_outcome *outcome, GError **error)
{
    bool first = !link->told;

    if (!rig_bluez_subscribe(link, outcome, error))
        return false;
    if (*outcome == RIG_LINK_LOST && first)
        return subscribe_anew(link, outcome, error);
    link->told = true;
    if (first && *outcome == RIG_LINK_OK)
        rig_bluez_say(link, true, "connected over BlueZ, ATT_MTU %u%s", link->mtu,
                      rig_bluez_is_encrypted(link) ? ", encrypted" : "");
    else if (first)
        rig_bluez_tell(link);
    return true;
}

static bool link_subscribe(struct rig_link *base, const struct rig_characteristic *characteristic,
                           enum rig_subscription subscription, enum rig_link_outcome *outcome, GError **error)
{
    struct rig_bluez_link *link = self(base);
    bool ok;

    *outcome = link->up ? RIG_LINK_OK : RIG_LINK_NOT_CONNECTED;
    if (*outcome != RIG_LINK_OK)
        return true;
    if (subscription == RIG_SUBSCRIBE_NONE)
        return !link->characteristic || rig_bluez_release_notify(link, error);
    link->wanted = characteristic;
    ok = subscribe_to(link, outcome, error);
    link->wanted = NULL;
    return ok;
}

/* On a connection that stands. */
static bool strengthen(struct rig_bluez_link *link, const struct rig_link_connect *how,
                       enum rig_link_outcome *outcome, GError **error)
{
    *outcome = RIG_LINK_OK;
    return !how->pair || rig_bluez_is_encrypted(link) || rig_bluez_pair(link, how->until_us, outcome, error);
}

static bool link_connect(struct rig_link *base, const struct rig_link_connect *how,
                         enum rig_link_outcome *outcome, GError **error)
{
    struct rig_bluez_link *link = self(base);

    rig_bluez_io_drain(&link->io);
    if (link->up && !link->io.hung && !rig_bluez_host_trouble(link))
        return strengthen(link, how, outcome, error);
    rig_bluez_down(link);
    if (link->place->refresh && !rig_bluez_forget(link, error))
        return false;
    return rig_bluez_connect(link, how, outcome, error);
}

static bool link_disconnect(struct rig_link *base, GError **error)
{
    struct rig_bluez_link *link = self(base);

    if (!rig_bluez_bus_connection(link->bus))
        return true;
    if (!rig_bluez_disconnect(link, G_MAXUINT64, error))
        return false;
    rig_bluez_down(link);
    return true;
}

/* BlueZ pairs only with a device that it knows no key of: the old bond goes first, and the connection with
 * it. */
static bool pair_anew(struct rig_bluez_link *link, guint64 until_us, enum rig_link_outcome *outcome,
                      GError **error)
{
    struct rig_link_connect how = {.pair = true, .until_us = until_us};
    bool ok;

    if (!rig_bluez_forget(link, error))
        return false;
    rig_bluez_down(link);
    link->wanted = link->used;
    ok = rig_bluez_connect(link, &how, outcome, error);
    link->wanted = NULL;
    return ok;
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
    return *outcome != RIG_LINK_OK || !link->used ||
           link_subscribe(base, link->used, RIG_SUBSCRIBE_NOTIFY, outcome, error);
}

struct receiving {
    struct rig_bluez_link *link;
    GBytes *packet;
    guint64 hung_us; /* 0: the socket is open */
};

/* The socket ends before bluetoothd tells why. */
static bool is_over(struct receiving *receiving)
{
    struct rig_bluez_link *link = receiving->link;
    guint64 now_us = rig_bluez_now_us(link);

    if (!link->up)
        return true;
    if (!link->io.hung)
        return false;
    if (!receiving->hung_us)
        receiving->hung_us = now_us;
    if (now_us < receiving->hung_us + HUNG_US)
        return false;
    rig_bluez_down(link);
    rig_bluez_say(link, true, "bluetoothd closed the update characteristic: the board's services changed");
    return true;
}

/* The events read what arrives. */
static bool received_or_lost(void *user)
{
    struct receiving *receiving = user;

    receiving->packet = rig_bluez_io_pop(&receiving->link->io);
    return receiving->packet || is_over(receiving);
}

static bool host_tells(void *user)
{
    return rig_bluez_host_trouble(user) != NULL;
}

/* Whether it was the host: unless the controller has told of something that only a board does. Other reasons
 * can be of both: an adapter that loses its power may say "remote device powers off". */
static bool find_culprit(struct rig_bluez_link *link, GError **error)
{
    const struct rig_bluez_sight *sight = rig_bluez_watch_look(link->watch);
    bool told = sight && (sight->disconnect_reason == RIG_HCI_ERROR_CONNECTION_TIMEOUT ||
                          sight->disconnect_reason == RIG_HCI_ERROR_MIC_FAILURE);
    bool ignored;

    if (!link->device || link->leaving || link->host_fault || told)
        return true;
    if (sight && sight->end_was_asked_for) {
        link->host_fault = true;
        rig_bluez_say(link, false, "another program on this host ended the connection");
        return true;
    }
    if (!rig_board_wait_for(link->board, rig_bluez_now_us(link) + SETTLE_US, host_tells, link, &ignored,
                            error))
        return false;
    (void)rig_bluez_why_gone(link);
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
    rig_bluez_down(link);
    return find_culprit(link, error);
}

/* Whether it is there to be used. */
static enum rig_link_outcome use(struct rig_bluez_link *link, const struct rig_characteristic *characteristic)
{
    if (!link->up)
        return RIG_LINK_NOT_CONNECTED;
    return link->used && rig_characteristic_equal(link->used, characteristic)
               ? RIG_LINK_OK
               : rig_bluez_find_characteristic(link, characteristic);
}

static bool link_write(struct rig_link *base, const struct rig_characteristic *characteristic,
                       enum rig_write_kind kind, const guint8 *bytes, gsize n_bytes,
                       enum rig_link_outcome *outcome, GError **error)
{
    struct rig_bluez_link *link = self(base);

    *outcome = use(link, characteristic);
    if (*outcome == RIG_LINK_OK && kind == RIG_WRITE_REQUEST && !rig_bluez_can(link, "write"))
        *outcome = RIG_LINK_NO_PROPERTY;
    if (*outcome == RIG_LINK_OK && !rig_bluez_acquire_write(link, outcome, error))
        return false;
    if (*outcome == RIG_LINK_OK && n_bytes + 3 > link->mtu)
        *outcome = RIG_LINK_TOO_LONG;
    if (*outcome != RIG_LINK_OK)
        return true;
    return rig_bluez_write(link, kind, bytes, n_bytes, outcome, error) &&
           (*outcome != RIG_LINK_LOST || settle_loss(link, error));
}

static bool link_read(struct rig_link *base, const struct rig_characteristic *characteristic, GBytes **value,
                      enum rig_link_outcome *outcome, GError **error)
{
    struct rig_bluez_link *link = self(base);

    *value = NULL;
    *outcome = use(link, characteristic);
    if (*outcome == RIG_LINK_OK && !rig_bluez_can(link, "read"))
        *outcome = RIG_LINK_NO_PROPERTY;
    return *outcome != RIG_LINK_OK || rig_bluez_read(link, value, outcome, error);
}

static bool link_receive(struct rig_link *base, guint64 until_us, struct rig_link_packet *packet,
                         enum rig_link_outcome *outcome, GError **error)
{
    struct receiving receiving = {.link = self(base)};
    bool was_up = receiving.link->up;
    bool satisfied = false;

    if (!rig_board_wait_for(receiving.link->board, until_us, received_or_lost, &receiving, &satisfied, error))
        return false;
    *packet = (struct rig_link_packet){.value = receiving.packet, .from = receiving.link->used};
    *outcome = receiving.packet ? RIG_LINK_OK : satisfied ? RIG_LINK_LOST : RIG_LINK_TIMEOUT;
    return *outcome != RIG_LINK_LOST || !was_up || find_culprit(receiving.link, error);
}

static bool link_forget_bond(struct rig_link *base, GError **error)
{
    if (!rig_bluez_forget(self(base), error))
        return false;
    rig_bluez_down(self(base));
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
                                     .encrypted = rig_bluez_is_encrypted(link),
                                     .bonded = rig_bluez_is_bonded(link),
                                     .subscribed = link->subscribed,
                                     .mtu = link->up ? link->mtu : 0,
                                     .host_fault = link->host_fault};
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
        (void)!rig_bluez_disconnect(link, G_MAXUINT64, NULL);
        link->board->interrupted = interrupted;
    }
    rig_bluez_down(link);
    rig_bluez_agent_withdraw(link->agent);
    rig_bluez_bus_close(link->bus);
    g_clear_pointer(&link->watch, rig_bluez_watch_free);
    rig_bluez_io_clear(&link->io);
    g_clear_pointer(&link->adapter, g_free);
    g_clear_pointer(&link->device, g_free);
    g_clear_pointer(&link->characteristic, g_free);
    link->used = NULL;
    link->host_fault = false;
}

static void link_free(struct rig_link *base)
{
    struct rig_bluez_link *link = self(base);

    link_close(base);
    rig_bluez_agent_free(link->agent);
    rig_bluez_bus_free(link->bus);
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
    const struct rig_bluez_agent_listener listener = {.heard = on_heard, .shown = on_shown, .user = link};

    link->link.ops = &ops;
    link->place = place;
    link->board = board;
    link->bus = rig_bluez_bus_new(board, on_changed, link);
    link->agent = rig_bluez_agent_new(link->bus, &listener);
    rig_bluez_io_init(&link->io, board->events);
    return &link->link;
}
