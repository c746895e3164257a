/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The update characteristic: finding it, taking hold of it, writing to it. */
#include "drivers/bluez/internal.h"

#include "base/error.h"
#include "protocol/ble/codes.h"

#include <glib-unix.h>
#include <string.h>
#include <unistd.h>

#define RELEASE_US 2000000u
#define MIN_MTU 23
#define MAX_MTU                                                                                              \
    515 /* of 517: an attribute value has 512 bytes at most, and bluetoothd loses what is beyond */

static char *characteristic_below(const struct rig_bluez_link *link, const char *service, const char *wanted)
{
    g_auto(GStrv) paths = rig_bluez_paths(link->bus, RIG_BLUEZ_CHARACTERISTIC, service);

    for (char **path = paths; *path; path++) {
        const char *uuid = rig_bluez_text(link->bus, *path, RIG_BLUEZ_CHARACTERISTIC, "UUID");

        if (uuid && g_ascii_strcasecmp(uuid, wanted) == 0)
            return g_strdup(*path);
    }
    return NULL;
}

static void tell_missing(struct rig_bluez_link *link, const char *what, guint n_services)
{
    const struct rig_bluez_sight *sight = rig_bluez_watch_look(link->watch);
    char offence[64];

    if (sight && rig_bluez_sight_offence(sight, offence, sizeof offence))
        rig_bluez_say(link, true, "no update service: the board sent %s", offence);
    else
        rig_bluez_say(link, true, "no %s among %u services (or a stale cache: forget the board)", what,
                      n_services);
}

enum rig_link_outcome rig_bluez_discover(struct rig_bluez_link *link)
{
    g_auto(GStrv) services = rig_bluez_paths(link->bus, RIG_BLUEZ_SERVICE, link->device);

    if (*services)
        return RIG_LINK_OK;
    tell_missing(link, "characteristic", 0);
    return RIG_LINK_NO_SERVICE;
}

enum rig_link_outcome rig_bluez_find_characteristic(struct rig_bluez_link *link,
                                                    const struct rig_characteristic *characteristic)
{
    g_auto(GStrv) services = rig_bluez_paths(link->bus, RIG_BLUEZ_SERVICE, link->device);
    g_autofree char *what = g_strdup_printf("%s characteristic", characteristic->name);
    bool has_service = false;

    link->used = NULL;
    g_clear_pointer(&link->characteristic, g_free);
    for (char **service = services; *service && !link->characteristic; service++) {
        const char *uuid = rig_bluez_text(link->bus, *service, RIG_BLUEZ_SERVICE, "UUID");

        if (!uuid || g_ascii_strcasecmp(uuid, characteristic->service) != 0)
            continue;
        has_service = true;
        link->characteristic = characteristic_below(link, *service, characteristic->uuid);
    }
    if (link->characteristic) {
        link->used = characteristic;
        return RIG_LINK_OK;
    }
    tell_missing(link, what, g_strv_length(services));
    return has_service ? RIG_LINK_NO_CHARACTERISTIC : RIG_LINK_NO_SERVICE;
}

bool rig_bluez_can(const struct rig_bluez_link *link, const char *flag)
{
    return rig_bluez_lists(link->bus, link->characteristic, RIG_BLUEZ_CHARACTERISTIC, "Flags", flag);
}

static GVariant *no_options(void)
{
    return g_variant_new("(a{sv})", NULL);
}

/* The smaller of both directions, of the place's and of what was known before. */
static void take_mtu(struct rig_bluez_link *link, guint16 mtu)
{
    mtu = CLAMP(mtu, MIN_MTU, MAX_MTU);
    if (!link->mtu || mtu < link->mtu)
        link->mtu = mtu;
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

static bool call(struct rig_bluez_link *link, const char *method, GVariant *parameters, const char *type,
                 struct rig_bluez_reply *reply, GError **error)
{
    return rig_bluez_call(link->bus, link->characteristic, RIG_BLUEZ_CHARACTERISTIC, method, parameters, type,
                          rig_bluez_now_us(link) + RIG_BLUEZ_CALL_US, reply, error);
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

static bool judge_acquire(struct rig_bluez_link *link, const struct rig_bluez_reply *reply,
                          enum rig_link_outcome *outcome, GError **error)
{
    bool again;

    if (!is_held(reply))
        return rig_bluez_judge_reply(link, "subscribing", reply, outcome, &again, error);
    link->host_fault = link->held = true;
    g_set_error_literal(error, RIG_ERROR, RIG_ERROR_DEVICE,
                        "another program on this host holds the update characteristic: end it (bluetoothctl, "
                        "btgatt-client, another bootrig)");
    return false;
}

static bool start_notify(struct rig_bluez_link *link, enum rig_link_outcome *outcome, GError **error)
{
    g_auto(rig_bluez_reply) reply = {0};

    if (!call(link, "StartNotify", NULL, "()", &reply, error))
        return false;
    if (!reply.value)
        return judge_acquire(link, &reply, outcome, error);
    link->by_signal = link->subscribed = true;
    return true;
}

static bool is_dropped(void *user)
{
    struct rig_bluez_link *link = user;

    return !rig_bluez_flag(link->bus, link->device, RIG_BLUEZ_DEVICE, "Connected");
}

/* Linux pairs where a request is refused for want of encryption, and hangs up when the board refuses that
 * too; what bluetoothd then says of the request is "unlikely error". */
static bool judge_drop(struct rig_bluez_link *link, enum rig_link_outcome *outcome, GError **error)
{
    const struct rig_bluez_sight *sight;
    bool dropped = false;

    if (*outcome != RIG_LINK_NO_SERVICE || !strstr(link->text, "0x0e"))
        return true;
    if (!rig_board_wait_for(link->board, rig_bluez_now_us(link) + RELEASE_US, is_dropped, link, &dropped,
                            error))
        return false;
    sight = rig_bluez_watch_look(link->watch);
    if (dropped && (!sight || sight->disconnect_reason == RIG_HCI_ERROR_AUTHENTICATION_FAILURE)) {
        *outcome = RIG_LINK_NOT_ENCRYPTED;
        rig_bluez_say(link, false, "the board demands encryption and refuses to pair");
    }
    return true;
}

/* Of a request that hangs: whether it hangs for want of a key, or of a better one. */
static bool is_refused(struct rig_bluez_link *link)
{
    const struct rig_bluez_sight *sight = rig_bluez_watch_look(link->watch);

    if (rig_bluez_agent_refused(link->agent))
        rig_bluez_say(link, false, "the board demands encryption, and no step asked for pairing");
    else if (sight && sight->pairing_reason)
        rig_link_pairing_text(sight->pairing_reason, sight->pairing_by_board, link->text, sizeof link->text);
    else
        return false;
    return true;
}

/* An AcquireNotify that the board refuses for want of encryption or authentication kills bluetoothd (5.66)
 * once the connection ends; a StartNotify does not. */
static bool knock(struct rig_bluez_link *link, enum rig_link_outcome *outcome, GError **error)
{
    g_auto(rig_bluez_reply) started = {0};
    g_auto(rig_bluez_reply) stopped = {0};
    bool ok;

    (void)rig_bluez_agent_refused(link->agent);
    rig_bluez_watch_forget(link->watch);
    link->knocking = true;
    ok = call(link, "StartNotify", NULL, "()", &started, error);
    link->knocking = false;
    if (!ok)
        return false;
    if (started.timed_out && is_refused(link)) {
        *outcome = RIG_LINK_NOT_ENCRYPTED;
        link->refused = true;
        return true;
    }
    if (!started.value)
        return judge_acquire(link, &started, outcome, error) && judge_drop(link, outcome, error);
    return call(link, "StopNotify", NULL, "()", &stopped, error);
}

bool rig_bluez_acquire_notify(struct rig_bluez_link *link, enum rig_link_outcome *outcome, GError **error)
{
    g_auto(rig_bluez_reply) reply = {0};
    int fd;

    *outcome = RIG_LINK_OK;
    if (link->subscribed)
        return true;
    if (!knock(link, outcome, error))
        return false;
    if (*outcome != RIG_LINK_OK)
        return true;
    if (!call(link, "AcquireNotify", no_options(), "(hq)", &reply, error))
        return false;
    if (wants_slow_way(&reply))
        return start_notify(link, outcome, error);
    if (!reply.value)
        return judge_acquire(link, &reply, outcome, error);
    fd = take_descriptor(link, &reply);
    if (fd < 0) {
        *outcome = RIG_LINK_LOST;
        return true;
    }
    rig_bluez_io_read_from(&link->io, fd);
    link->subscribed = true;
    return true;
}

bool rig_bluez_acquire_write(struct rig_bluez_link *link, enum rig_link_outcome *outcome, GError **error)
{
    g_auto(rig_bluez_reply) reply = {0};
    int fd;

    *outcome = RIG_LINK_OK;
    if (link->io.write_fd >= 0 || link->by_call)
        return true;
    link->with_response = !rig_bluez_can(link, "write-without-response") && rig_bluez_can(link, "write");
    if (!link->with_response && !call(link, "AcquireWrite", no_options(), "(hq)", &reply, error))
        return false;
    if (link->with_response || wants_slow_way(&reply)) {
        GVariant *mtu = rig_bluez_property(link->bus, link->characteristic, RIG_BLUEZ_CHARACTERISTIC, "MTU");

        link->by_call = true;
        take_mtu(link, mtu && g_variant_is_of_type(mtu, G_VARIANT_TYPE_UINT16) ? g_variant_get_uint16(mtu)
                                                                               : MIN_MTU);
        return true;
    }
    if (!reply.value)
        return judge_acquire(link, &reply, outcome, error);
    fd = take_descriptor(link, &reply);
    if (fd < 0)
        *outcome = RIG_LINK_LOST;
    else
        rig_bluez_io_write_to(&link->io, fd);
    return true;
}

static bool is_released(void *user)
{
    struct rig_bluez_link *link = user;

    return !rig_bluez_flag(link->bus, link->characteristic, RIG_BLUEZ_CHARACTERISTIC, "NotifyAcquired");
}

/* The daemon notices the closed descriptor when it looks next; until then it would refuse a new one. */
bool rig_bluez_release_notify(struct rig_bluez_link *link, GError **error)
{
    g_auto(rig_bluez_reply) reply = {0};
    bool ignored;

    if (!link->subscribed)
        return true;
    link->subscribed = false;
    rig_bluez_io_close_reader(&link->io);
    if (link->by_signal) {
        link->by_signal = false;
        return call(link, "StopNotify", NULL, "()", &reply, error);
    }
    return rig_board_wait_for(link->board, rig_bluez_now_us(link) + RELEASE_US, is_released, link, &ignored,
                              error);
}

static bool write_by_call(struct rig_bluez_link *link, bool with_response, const guint8 *bytes, gsize n_bytes,
                          enum rig_link_outcome *outcome, GError **error)
{
    g_auto(rig_bluez_reply) reply = {0};
    GVariantBuilder options;
    bool again;

    g_variant_builder_init(&options, G_VARIANT_TYPE("a{sv}"));
    g_variant_builder_add(&options, "{sv}", "type",
                          g_variant_new_string(with_response ? "request" : "command"));
    if (!call(link, "WriteValue",
              g_variant_new("(@aya{sv})", g_variant_new_fixed_array(G_VARIANT_TYPE_BYTE, bytes, n_bytes, 1),
                            &options),
              "()", &reply, error))
        return false;
    return reply.value || rig_bluez_judge_reply(link, "writing", &reply, outcome, &again, error);
}

struct sending {
    struct rig_bluez_link *link;
    const guint8 *bytes;
    gsize n_bytes;
    enum rig_bluez_sent sent;
};

static bool sent_or_gone(void *user)
{
    struct sending *sending = user;

    if (!sending->link->up)
        sending->sent = RIG_BLUEZ_GONE;
    else
        sending->sent = rig_bluez_io_send(&sending->link->io, sending->bytes, sending->n_bytes);
    return sending->sent != RIG_BLUEZ_FULL;
}

static gboolean on_writable(gint fd, GIOCondition condition, gpointer user)
{
    (void)fd, (void)condition, (void)user;
    return G_SOURCE_CONTINUE;
}

static bool send_when_there_is_room(struct sending *sending, GError **error)
{
    struct rig_bluez_link *link = sending->link;
    GSource *writable = g_unix_fd_source_new(link->io.write_fd, G_IO_OUT | G_IO_HUP | G_IO_ERR);
    bool ok, ignored;

    g_source_set_callback(writable, G_SOURCE_FUNC(on_writable), NULL, NULL);
    g_source_attach(writable, link->board->events);
    ok = rig_board_wait_for(link->board, rig_bluez_now_us(link) + RIG_BLUEZ_CALL_US, sent_or_gone, sending,
                            &ignored, error);
    g_source_destroy(writable);
    g_source_unref(writable);
    return ok;
}

bool rig_bluez_read(struct rig_bluez_link *link, GBytes **value, enum rig_link_outcome *outcome,
                    GError **error)
{
    g_auto(rig_bluez_reply) reply = {0};
    g_autoptr(GVariant) bytes = NULL;
    gconstpointer first;
    gsize n_bytes;
    bool again;

    *outcome = RIG_LINK_OK;
    if (!call(link, "ReadValue", no_options(), "(ay)", &reply, error))
        return false;
    if (!reply.value)
        return rig_bluez_judge_reply(link, "reading", &reply, outcome, &again, error);
    bytes = g_variant_get_child_value(reply.value, 0);
    first = g_variant_get_fixed_array(bytes, &n_bytes, 1);
    *value = g_bytes_new(first, n_bytes);
    return true;
}

bool rig_bluez_write(struct rig_bluez_link *link, enum rig_write_kind kind, const guint8 *bytes,
                     gsize n_bytes, enum rig_link_outcome *outcome, GError **error)
{
    struct sending sending = {.link = link, .bytes = bytes, .n_bytes = n_bytes};

    *outcome = RIG_LINK_OK;
    if (link->by_call || kind == RIG_WRITE_REQUEST)
        return write_by_call(link, link->with_response || kind == RIG_WRITE_REQUEST, bytes, n_bytes, outcome,
                             error);
    if (!sent_or_gone(&sending) && !send_when_there_is_room(&sending, error))
        return false;
    if (sending.sent == RIG_BLUEZ_FULL)
        *outcome = RIG_LINK_TIMEOUT;
    else if (sending.sent == RIG_BLUEZ_GONE)
        *outcome = RIG_LINK_LOST;
    return true;
}
