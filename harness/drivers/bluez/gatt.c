/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Characteristics: found by name, subscribed to, written, read. What can go over the file descriptors that
 * AcquireWrite and AcquireNotify hand out does, one message for each packet; the rest by calls. What arrives
 * is read at once into a queue: bluetoothd drops notifications when the socket is full. [SRC bluez
 * src/gatt-client.c] */
#define _GNU_SOURCE /* recvmmsg */
#include "drivers/bluez/internal.h"

#include "base/error.h"
#include "protocol/ble/codes.h"

#include <errno.h>
#include <glib-unix.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define RELEASE_US 2000000u
#define CACHE_US 3000000u /* what a bonded board has changed is found out that long after the connection */
#define SHOWN_US 1000000u /* from a service to all of its characteristics */
#define MIN_MTU 23
#define MAX_MTU                                                                                              \
    515 /* of 517: an attribute value has 512 bytes at most, and bluetoothd loses what is beyond */
#define MAX_AT_ONCE 8
#define MAX_PACKET_BYTES 1024 /* an attribute value has 512 at most */
#define MAX_ARRIVED 65536     /* packets; a board that sends more unread ones floods us */

/* --- what arrives --- */

static void packet_free(gpointer item)
{
    struct rig_link_packet *packet = item;

    g_bytes_unref(packet->value);
    g_free(packet);
}

static void push(struct rig_bluez_characteristic *used, gconstpointer bytes, gsize n_bytes)
{
    struct rig_link_packet packet = {.from = used->from,
                                     .indicated = used->subscribed == RIG_SUBSCRIBE_INDICATE};

    if (g_queue_get_length(&used->link->arrived) >= MAX_ARRIVED)
        return;
    packet.value = g_bytes_new(bytes, n_bytes);
    g_queue_push_tail(&used->link->arrived, g_memdup2(&packet, sizeof packet));
}

void rig_bluez_drop_arrived(struct rig_bluez_link *link)
{
    g_queue_clear_full(&link->arrived, packet_free);
}

/* An empty packet and the end of the socket both read as 0 bytes. */
static bool is_closed(int fd)
{
    struct pollfd look = {.fd = fd, .events = POLLIN};

    return poll(&look, 1, 0) < 0 || (look.revents & (POLLHUP | POLLERR | POLLNVAL));
}

/* false: nothing more is there now. */
static bool read_some(struct rig_bluez_characteristic *used)
{
    guint8 bytes[MAX_AT_ONCE][MAX_PACKET_BYTES];
    struct iovec rooms[MAX_AT_ONCE];
    struct mmsghdr messages[MAX_AT_ONCE];
    int n;

    for (guint i = 0; i < MAX_AT_ONCE; i++) {
        rooms[i] = (struct iovec){.iov_base = bytes[i], .iov_len = sizeof bytes[i]};
        messages[i] = (struct mmsghdr){.msg_hdr = {.msg_iov = &rooms[i], .msg_iovlen = 1}};
    }
    n = recvmmsg(used->read_fd, messages, MAX_AT_ONCE, MSG_DONTWAIT, NULL);
    if (n < 0) {
        used->hung = errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR;
        return errno == EINTR;
    }
    for (int i = 0; i < n && !used->hung; i++) {
        if (messages[i].msg_len > 0)
            push(used, bytes[i], messages[i].msg_len);
        else
            used->hung = is_closed(used->read_fd);
    }
    return n == MAX_AT_ONCE && !used->hung;
}

static void drain(struct rig_bluez_characteristic *used)
{
    while (used->read_fd >= 0 && !used->hung && read_some(used))
        continue;
}

static gboolean on_readable(gint fd, GIOCondition condition, gpointer user)
{
    struct rig_bluez_characteristic *used = user;

    (void)fd, (void)condition;
    drain(used);
    return used->hung ? G_SOURCE_REMOVE : G_SOURCE_CONTINUE;
}

static void read_from(struct rig_bluez_characteristic *used, int fd)
{
    used->hung = false;
    used->read_fd = fd;
    used->reader = g_unix_fd_source_new(fd, G_IO_IN | G_IO_HUP | G_IO_ERR);
    g_source_set_callback(used->reader, G_SOURCE_FUNC(on_readable), used, NULL);
    g_source_set_priority(used->reader, G_PRIORITY_HIGH);
    g_source_attach(used->reader, used->link->board->events);
}

static void close_reader(struct rig_bluez_characteristic *used)
{
    if (used->reader)
        g_source_destroy(used->reader);
    g_clear_pointer(&used->reader, g_source_unref);
    drain(used);
    if (used->read_fd >= 0)
        close(used->read_fd);
    used->read_fd = -1;
    used->hung = used->by_signal = false;
}

static void close_writer(struct rig_bluez_characteristic *used)
{
    if (used->write_fd >= 0)
        close(used->write_fd);
    used->write_fd = -1;
    used->by_call = false;
}

static void release(struct rig_bluez_characteristic *used)
{
    close_reader(used);
    close_writer(used);
    used->subscribed = RIG_SUBSCRIBE_NONE;
    g_clear_pointer(&used->path, g_free);
}

static struct rig_bluez_characteristic *nth(const struct rig_bluez_link *link, guint i)
{
    return link->characteristics->pdata[i];
}

void rig_bluez_release(struct rig_bluez_link *link)
{
    for (guint i = 0; i < link->characteristics->len; i++)
        release(nth(link, i));
}

void rig_bluez_drain(struct rig_bluez_link *link)
{
    for (guint i = 0; i < link->characteristics->len; i++)
        drain(nth(link, i));
}

bool rig_bluez_is_hung(const struct rig_bluez_link *link)
{
    for (guint i = 0; i < link->characteristics->len; i++)
        if (nth(link, i)->hung)
            return true;
    return false;
}

void rig_bluez_take_value(struct rig_bluez_link *link, const char *path, GVariant *value)
{
    for (guint i = 0; i < link->characteristics->len; i++) {
        struct rig_bluez_characteristic *used = nth(link, i);
        gconstpointer bytes;
        gsize n_bytes;

        if (!used->by_signal || g_strcmp0(used->path, path) != 0 || !value ||
            !g_variant_is_of_type(value, G_VARIANT_TYPE_BYTESTRING))
            continue;
        bytes = g_variant_get_fixed_array(value, &n_bytes, 1);
        if (n_bytes > 0)
            push(used, bytes, n_bytes);
    }
}

void rig_bluez_take_removal(struct rig_bluez_link *link, const char *path)
{
    for (guint i = 0; i < link->characteristics->len; i++) {
        struct rig_bluez_characteristic *used = nth(link, i);

        if (!used->path || (path && !g_str_equal(used->path, path)))
            continue;
        link->services_changed |= used->subscribed != RIG_SUBSCRIBE_NONE;
        release(used);
    }
}

/* --- finding --- */

static bool has_uuid(const struct rig_bluez_link *link, const char *path, const char *interface,
                     const char *wanted)
{
    const char *uuid = rig_bluez_text(link->bus, path, interface, "UUID");

    return uuid && g_ascii_strcasecmp(uuid, wanted) == 0;
}

static bool can(const struct rig_bluez_characteristic *used, const char *flag)
{
    return rig_bluez_lists(used->link->bus, used->path, RIG_BLUEZ_CHARACTERISTIC, "Flags", flag);
}

static bool find_below(struct rig_bluez_characteristic *used, const char *service)
{
    g_auto(GStrv) paths = rig_bluez_paths(used->link->bus, RIG_BLUEZ_CHARACTERISTIC, service);

    for (char **path = paths; *path && !used->path; path++)
        if (has_uuid(used->link, *path, RIG_BLUEZ_CHARACTERISTIC, used->characteristic->uuid))
            used->path = g_strdup(*path);
    if (!used->path)
        return false;
    used->can_command = can(used, "write-without-response");
    used->can_request = can(used, "write");
    used->can_read = can(used, "read");
    used->can_notify = can(used, "notify");
    used->can_indicate = can(used, "indicate");
    return true;
}

static enum rig_link_outcome look_for(struct rig_bluez_characteristic *used)
{
    g_auto(GStrv) services = rig_bluez_paths(used->link->bus, RIG_BLUEZ_SERVICE, used->link->device);
    enum rig_link_outcome missing = RIG_LINK_NO_SERVICE;

    for (char **service = services; *service; service++) {
        if (!has_uuid(used->link, *service, RIG_BLUEZ_SERVICE, used->characteristic->service))
            continue;
        if (find_below(used, *service))
            return RIG_LINK_OK;
        missing = RIG_LINK_NO_CHARACTERISTIC;
    }
    return missing;
}

static bool is_found_or_over(void *user)
{
    struct rig_bluez_characteristic *used = user;

    return !used->link->up || look_for(used) == RIG_LINK_OK;
}

static void tell_missing(struct rig_bluez_link *link, const char *what)
{
    g_auto(GStrv) services = rig_bluez_paths(link->bus, RIG_BLUEZ_SERVICE, link->device);

    if (!rig_bluez_say_violation(link, "no update service"))
        rig_bluez_say(link, false, "no %s among %u services (or a stale cache: forget the board)", what,
                      g_strv_length(services));
    rig_bluez_tell(link);
}

/* Until when what is not there may still come. Of a bonded board bluetoothd knows the services by heart,
 * until the board tells that they have changed. Of a service that is new it shows the characteristics a
 * little later. */
static guint64 may_come_until_us(struct rig_bluez_link *link, enum rig_link_outcome seen)
{
    guint64 now_us = rig_bluez_now_us(link);
    guint64 told_us = rig_bluez_is_bonded(link) ? link->up_us + CACHE_US : now_us;

    return MAX(told_us, seen == RIG_LINK_NO_CHARACTERISTIC ? now_us + SHOWN_US : now_us);
}

static bool find(struct rig_bluez_characteristic *used, enum rig_link_outcome *outcome, GError **error)
{
    struct rig_bluez_link *link = used->link;
    g_autofree char *what = NULL;
    bool ignored;

    *outcome = look_for(used);
    if (*outcome != RIG_LINK_OK) {
        if (!rig_board_wait_for(link->board, may_come_until_us(link, *outcome), is_found_or_over, used,
                                &ignored, error))
            return false;
        *outcome = link->up ? look_for(used) : RIG_LINK_LOST;
    }
    if (*outcome == RIG_LINK_OK || *outcome == RIG_LINK_LOST)
        return true;
    what = g_strdup_printf("%s characteristic", used->characteristic->name);
    tell_missing(link, what);
    return true;
}

static bool is_the_same(const struct rig_characteristic *a, const struct rig_characteristic *b)
{
    return a == b || (g_str_equal(a->service, b->service) && g_str_equal(a->uuid, b->uuid));
}

/* The link outlives who named it: a case that is over. */
static const struct rig_characteristic *copy_of(const struct rig_characteristic *named)
{
    struct rig_characteristic *copy = g_new0(struct rig_characteristic, 1);

    copy->name = g_strdup(named->name);
    copy->service = g_strdup(named->service);
    copy->uuid = g_strdup(named->uuid);
    return copy;
}

static void copy_free(const struct rig_characteristic *copy)
{
    g_free((char *)copy->name);
    g_free((char *)copy->service);
    g_free((char *)copy->uuid);
    g_free((struct rig_characteristic *)copy);
}

void rig_bluez_characteristic_free(gpointer item)
{
    struct rig_bluez_characteristic *used = item;

    release(used);
    copy_free(used->characteristic);
    g_free(used);
}

static struct rig_bluez_characteristic *know(struct rig_bluez_link *link,
                                             const struct rig_characteristic *named)
{
    struct rig_bluez_characteristic *used;

    for (guint i = 0; i < link->characteristics->len; i++)
        if (is_the_same(nth(link, i)->characteristic, named))
            return nth(link, i);
    used = g_new0(struct rig_bluez_characteristic, 1);
    used->link = link;
    used->characteristic = copy_of(named);
    used->from = named;
    used->read_fd = used->write_fd = -1;
    g_ptr_array_add(link->characteristics, used);
    return used;
}

bool rig_bluez_use(struct rig_bluez_link *link, const struct rig_characteristic *named,
                   struct rig_bluez_characteristic **used, enum rig_link_outcome *outcome, GError **error)
{
    *used = know(link, named);
    *outcome = RIG_LINK_OK;
    return (*used)->path || find(*used, outcome, error);
}

/* The smaller of all that was told. */
static void take_mtu(struct rig_bluez_link *link, guint16 mtu)
{
    guint limit = link->place->max_mtu ? MAX(link->place->max_mtu, MIN_MTU) : MAX_MTU;

    if (link->how.mtu)
        limit = MIN(limit, link->how.mtu);
    if (link->mtu_is_told)
        limit = MIN(limit, link->mtu);
    link->mtu = (guint16)MIN(CLAMP(mtu, MIN_MTU, MAX_MTU), limit);
    link->mtu_is_told = true;
}

enum rig_link_outcome rig_bluez_discovered(struct rig_bluez_link *link)
{
    g_auto(GStrv) services = rig_bluez_paths(link->bus, RIG_BLUEZ_SERVICE, link->device);
    g_auto(GStrv) all = rig_bluez_paths(link->bus, RIG_BLUEZ_CHARACTERISTIC, link->device);

    link->mtu_is_told = false;
    link->mtu = MIN_MTU;
    for (char **path = all; *path; path++) { /* "MTU" is there from BlueZ 5.62 on */
        GVariant *mtu = rig_bluez_property(link->bus, *path, RIG_BLUEZ_CHARACTERISTIC, "MTU");

        if (mtu && g_variant_is_of_type(mtu, G_VARIANT_TYPE_UINT16))
            take_mtu(link, g_variant_get_uint16(mtu));
    }
    if (*services)
        return RIG_LINK_OK;
    tell_missing(link, "characteristic");
    return RIG_LINK_NO_SERVICE;
}

/* --- calls --- */

static GVariant *no_options(void)
{
    return g_variant_new("(a{sv})", NULL);
}

/* "(hq)": a descriptor of the reply's list, and the ATT_MTU. -1: the reply lies about its list. */
static int take_descriptor(struct rig_bluez_link *link, struct rig_bluez_reply *reply)
{
    g_autofree int *fds = NULL;
    gint32 index;
    guint16 mtu;
    int n = 0, fd = -1;

    g_variant_get(reply->value, "(hq)", &index, &mtu);
    if (reply->fds)
        fds = g_unix_fd_list_steal_fds(reply->fds, &n);
    for (int i = 0; i < n; i++) {
        if (i == index)
            fd = fds[i];
        else
            close(fds[i]);
    }
    if (fd >= 0)
        take_mtu(link, mtu);
    else
        rig_bluez_say(link, false, "bluetoothd sent no file descriptor");
    return fd;
}

static bool call(struct rig_bluez_characteristic *used, const char *method, GVariant *parameters,
                 const char *type, struct rig_bluez_reply *reply, GError **error)
{
    if (!used->path) {
        *reply = (struct rig_bluez_reply){.error_name = g_strdup("org.bluez.Error.NotConnected"),
                                          .error_text = g_strdup("the characteristic is gone")};
        if (parameters)
            g_variant_unref(g_variant_ref_sink(parameters));
        return true;
    }
    return rig_bluez_call(used->link->bus, used->path, RIG_BLUEZ_CHARACTERISTIC, method, parameters, type,
                          rig_bluez_now_us(used->link) + RIG_BLUEZ_CALL_US, reply, error);
}

/* Some daemons and characteristics have no descriptors to offer: then the slow way serves. */
static bool wants_slow_way(const struct rig_bluez_reply *reply)
{
    return g_strcmp0(reply->error_name, "org.bluez.Error.NotSupported") == 0 ||
           g_strcmp0(reply->error_name, "org.freedesktop.DBus.Error.UnknownMethod") == 0;
}

/* One program at a time: bluetoothd says so in two ways. */
static bool is_held(const struct rig_bluez_reply *reply)
{
    return g_strcmp0(reply->error_name, "org.bluez.Error.InProgress") == 0 ||
           (g_strcmp0(reply->error_name, "org.bluez.Error.NotPermitted") == 0 && reply->error_text &&
            strstr(reply->error_text, "acquired"));
}

static bool judge_acquire(struct rig_bluez_characteristic *used, const char *doing,
                          const struct rig_bluez_reply *reply, enum rig_link_outcome *outcome, GError **error)
{
    if (!is_held(reply))
        return rig_bluez_judge_reply(used->link, doing, reply, outcome, NULL, error);
    used->link->host_fault = used->link->held = true;
    g_set_error(
        error, RIG_ERROR, RIG_ERROR_DEVICE,
        "another program on this host holds the %s characteristic: end it (bluetoothctl, btgatt-client, "
        "another bootrig)",
        used->characteristic->name);
    return false;
}

/* What a board cannot do in the way asked for. */
static bool refuse(struct rig_bluez_characteristic *used, const char *what, enum rig_link_outcome *outcome)
{
    *outcome = RIG_LINK_NO_PROPERTY;
    rig_bluez_say(used->link, false, "the %s characteristic %s", used->characteristic->name, what);
    return true;
}

/* --- subscriptions --- */

/* A request that is under way when the connection ends is an "unlikely error" for bluetoothd. Linux pairs
 * where a request is refused for want of encryption, and hangs up when the board refuses that too. */
static bool judge_drop(struct rig_bluez_link *link, enum rig_link_outcome *outcome, GError **error)
{
    const struct rig_bluez_events *events;
    bool dropped = false;

    if (*outcome != RIG_LINK_ATT_ERROR || link->att_error != RIG_ATT_ERROR_UNLIKELY_ERROR)
        return true;
    if (!rig_board_wait_for(link->board, rig_bluez_now_us(link) + RELEASE_US, rig_bluez_is_disconnected, link,
                            &dropped, error))
        return false;
    events = rig_bluez_monitor_events(link->monitor);
    if (dropped && (!events || events->disconnect_reason == RIG_HCI_ERROR_AUTHENTICATION_FAILURE)) {
        *outcome = RIG_LINK_NOT_ENCRYPTED;
        rig_bluez_say(link, false, "the board demands encryption and refuses to pair");
    } else if (dropped) {
        *outcome = RIG_LINK_LOST;
    }
    return true;
}

/* Of a request that hangs: whether it hangs for want of a key, or of a better one. */
static bool is_refused(struct rig_bluez_link *link)
{
    const struct rig_bluez_events *events = rig_bluez_monitor_events(link->monitor);

    if (rig_bluez_agent_refused(link->agent))
        rig_bluez_say(link, false, "the board demands encryption, and no step asked for pairing");
    else if (events && events->pairing_reason)
        rig_link_pairing_text(events->pairing_reason, events->pairing_by_board, link->text,
                              sizeof link->text);
    else
        return false;
    return true;
}

static bool judge_refusal(struct rig_bluez_characteristic *used, const char *doing,
                          const struct rig_bluez_reply *reply, enum rig_link_outcome *outcome, GError **error)
{
    if (!reply->timed_out || !is_refused(used->link))
        return judge_acquire(used, doing, reply, outcome, error) && judge_drop(used->link, outcome, error);
    *outcome = RIG_LINK_NOT_ENCRYPTED;
    used->link->refused = true;
    return true;
}

/* A request that the board may refuse for want of a key: Linux then wants to pair, which hangs where no step
 * asked for it. */
static bool call_that_may_hang(struct rig_bluez_characteristic *used, const char *method,
                               GVariant *parameters, const char *type, struct rig_bluez_reply *reply,
                               GError **error)
{
    struct rig_bluez_link *link = used->link;
    bool ok;

    (void)rig_bluez_agent_refused(link->agent);
    rig_bluez_monitor_restart(link->monitor);
    link->trying = true;
    ok = call(used, method, parameters, type, reply, error);
    link->trying = false;
    return ok;
}

static bool start_notify(struct rig_bluez_characteristic *used, enum rig_link_outcome *outcome,
                         GError **error)
{
    g_auto(rig_bluez_reply) reply = {0};
    bool ok;

    used->by_signal = true; /* what comes before the answer is ours already */
    used->subscribed = used->wanted;
    ok = call_that_may_hang(used, "StartNotify", NULL, "()", &reply, error);
    if (ok && reply.value)
        return true;
    used->by_signal = false;
    used->subscribed = RIG_SUBSCRIBE_NONE;
    return ok && judge_refusal(used, "subscribing", &reply, outcome, error);
}

static bool stop_notify(struct rig_bluez_characteristic *used, GError **error)
{
    g_auto(rig_bluez_reply) reply = {0};
    bool ok = call(used, "StopNotify", NULL, "()", &reply, error);

    used->by_signal = false;
    used->subscribed = RIG_SUBSCRIBE_NONE;
    return ok;
}

/* false: bluetoothd could not do it otherwise. It writes the CCC itself, and prefers notifications. [SRC
 * bluez src/shared/gatt-client.c notify_data_write_ccc()] */
static bool can_subscribe(struct rig_bluez_characteristic *used, enum rig_link_outcome *outcome,
                          GError **error)
{
    if (used->wanted == RIG_SUBSCRIBE_NOTIFY)
        return used->can_notify || refuse(used, "does not notify", outcome);
    if (!used->can_indicate)
        return refuse(used, "does not indicate", outcome);
    if (!used->can_notify)
        return true;
    g_set_error(
        error, RIG_ERROR, RIG_ERROR_UNSUPPORTED,
        "bluetoothd subscribes to the notifications of a characteristic that has both (%s): its indications "
        "cannot be asked for",
        used->characteristic->name);
    return false;
}

static bool acquire_notify(struct rig_bluez_characteristic *used, enum rig_link_outcome *outcome,
                           GError **error)
{
    g_auto(rig_bluez_reply) reply = {0};
    int fd;

    if (!call(used, "AcquireNotify", no_options(), "(hq)", &reply, error))
        return false;
    if (wants_slow_way(&reply))
        return start_notify(used, outcome, error);
    if (!reply.value)
        return judge_acquire(used, "subscribing", &reply, outcome, error);
    fd = take_descriptor(used->link, &reply);
    if (fd < 0) {
        *outcome = RIG_LINK_LOST;
        return true;
    }
    used->subscribed = used->wanted;
    read_from(used, fd);
    return true;
}

/* An AcquireNotify that the board refuses for want of encryption or authentication kills bluetoothd (5.66)
 * once the connection ends; a StartNotify does not, so it goes first. Not every bluetoothd acquires
 * indications. */
bool rig_bluez_subscribe(struct rig_bluez_characteristic *used, enum rig_link_outcome *outcome,
                         GError **error)
{
    *outcome = RIG_LINK_OK;
    if (used->subscribed == used->wanted)
        return true;
    if (!can_subscribe(used, outcome, error) ||
        (*outcome == RIG_LINK_OK && !start_notify(used, outcome, error)))
        return false;
    if (*outcome != RIG_LINK_OK || used->wanted == RIG_SUBSCRIBE_INDICATE)
        return true;
    return stop_notify(used, error) && acquire_notify(used, outcome, error);
}

static bool is_released(void *user)
{
    struct rig_bluez_characteristic *used = user;

    return !rig_bluez_flag(used->link->bus, used->path, RIG_BLUEZ_CHARACTERISTIC, "NotifyAcquired");
}

/* The daemon notices the closed descriptor when it looks next; until then it would refuse a new one. */
bool rig_bluez_unsubscribe(struct rig_bluez_characteristic *used, GError **error)
{
    bool ignored;

    used->wanted = RIG_SUBSCRIBE_NONE;
    if (used->subscribed == RIG_SUBSCRIBE_NONE)
        return true;
    if (used->by_signal)
        return stop_notify(used, error);
    close_reader(used);
    used->subscribed = RIG_SUBSCRIBE_NONE;
    return rig_board_wait_for(used->link->board, rig_bluez_now_us(used->link) + RELEASE_US, is_released, used,
                              &ignored, error);
}

/* --- reading and writing --- */

static bool write_value(struct rig_bluez_characteristic *used, const char *type, const guint8 *bytes,
                        gsize n_bytes, enum rig_link_outcome *outcome, GError **error)
{
    g_auto(rig_bluez_reply) reply = {0};
    GVariantBuilder options;

    *outcome = RIG_LINK_OK;
    g_variant_builder_init(&options, G_VARIANT_TYPE("a{sv}"));
    g_variant_builder_add(&options, "{sv}", "type", g_variant_new_string(type));
    if (!call_that_may_hang(used, "WriteValue",
                            g_variant_new("(@aya{sv})",
                                          g_variant_new_fixed_array(G_VARIANT_TYPE_BYTE, bytes, n_bytes, 1),
                                          &options),
                            "()", &reply, error))
        return false;
    return reply.value || judge_refusal(used, "writing", &reply, outcome, error);
}

bool rig_bluez_request(struct rig_bluez_characteristic *used, const guint8 *bytes, gsize n_bytes,
                       enum rig_link_outcome *outcome, GError **error)
{
    return used->can_request ? write_value(used, "request", bytes, n_bytes, outcome, error)
                             : refuse(used, "cannot be written with a response", outcome);
}

bool rig_bluez_read(struct rig_bluez_characteristic *used, GBytes **value, enum rig_link_outcome *outcome,
                    GError **error)
{
    g_auto(rig_bluez_reply) reply = {0};
    g_autoptr(GVariant) bytes = NULL;
    gconstpointer first;
    gsize n_bytes;

    *outcome = RIG_LINK_OK;
    if (!used->can_read)
        return refuse(used, "cannot be read", outcome);
    if (!call_that_may_hang(used, "ReadValue", no_options(), "(ay)", &reply, error))
        return false;
    if (!reply.value)
        return judge_refusal(used, "reading", &reply, outcome, error);
    bytes = g_variant_get_child_value(reply.value, 0);
    first = g_variant_get_fixed_array(bytes, &n_bytes, 1);
    *value = g_bytes_new(first, n_bytes);
    return true;
}

static bool acquire_write(struct rig_bluez_characteristic *used, enum rig_link_outcome *outcome,
                          GError **error)
{
    g_auto(rig_bluez_reply) reply = {0};

    *outcome = RIG_LINK_OK;
    if (used->write_fd >= 0 || used->by_call)
        return true;
    if (!used->can_command)
        return refuse(used, "cannot be written without a response", outcome);
    if (!call(used, "AcquireWrite", no_options(), "(hq)", &reply, error))
        return false;
    used->by_call = wants_slow_way(&reply);
    if (used->by_call)
        return true;
    if (!reply.value)
        return judge_acquire(used, "writing", &reply, outcome, error);
    used->write_fd = take_descriptor(used->link, &reply);
    if (used->write_fd < 0)
        *outcome = RIG_LINK_LOST;
    return true;
}

struct sending {
    struct rig_bluez_characteristic *used;
    const guint8 *bytes;
    gsize n_bytes;
    enum rig_link_outcome outcome; /* TIMEOUT: there is no room yet */
};

static bool sent_or_gone(void *user)
{
    struct sending *sending = user;
    int fd = sending->used->write_fd;
    gssize n = -1;

    sending->outcome = RIG_LINK_LOST;
    if (!sending->used->link->up || fd < 0)
        return true;
    do {
        n = send(fd, sending->bytes, sending->n_bytes, MSG_DONTWAIT | MSG_NOSIGNAL);
    } while (n < 0 && errno == EINTR);
    if (n >= 0)
        sending->outcome = RIG_LINK_OK;
    else if (errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS)
        sending->outcome = RIG_LINK_TIMEOUT;
    return sending->outcome != RIG_LINK_TIMEOUT;
}

static gboolean on_writable(gint fd, GIOCondition condition, gpointer user)
{
    (void)fd, (void)condition, (void)user;
    return G_SOURCE_CONTINUE;
}

static bool send_when_there_is_room(struct sending *sending, GError **error)
{
    struct rig_bluez_link *link = sending->used->link;
    GSource *writable = g_unix_fd_source_new(sending->used->write_fd, G_IO_OUT | G_IO_HUP | G_IO_ERR);
    bool ok, ignored;

    g_source_set_callback(writable, G_SOURCE_FUNC(on_writable), NULL, NULL);
    g_source_attach(writable, link->board->events);
    ok = rig_board_wait_for(link->board, rig_bluez_now_us(link) + RIG_BLUEZ_CALL_US, sent_or_gone, sending,
                            &ignored, error);
    g_source_destroy(writable);
    g_source_unref(writable);
    return ok;
}

bool rig_bluez_command(struct rig_bluez_characteristic *used, const guint8 *bytes, gsize n_bytes,
                       enum rig_link_outcome *outcome, GError **error)
{
    struct sending sending = {.used = used, .bytes = bytes, .n_bytes = n_bytes};

    if (!acquire_write(used, outcome, error))
        return false;
    if (*outcome == RIG_LINK_OK && n_bytes + RIG_ATT_VALUE_OVERHEAD_BYTES > used->link->mtu)
        *outcome = RIG_LINK_TOO_LONG;
    if (*outcome != RIG_LINK_OK)
        return true;
    if (used->by_call)
        return write_value(used, "command", bytes, n_bytes, outcome, error);
    if (!sent_or_gone(&sending) && !send_when_there_is_room(&sending, error))
        return false;
    *outcome = sending.outcome;
    return true;
}
