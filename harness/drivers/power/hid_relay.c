/* SPDX-License-Identifier: GPL-3.0-or-later */
/* dcttech "USBRelayN" boards, 16c0:05df, by raw control transfers. */
#include "drivers/power/driver.h"

#include "base/error.h"

#include <string.h>

/* [SRC darrylb123/usbrelay libusbrelay.c; labgrid usb_hid_relay.py; pavel-a/usb-relay-hid usb_relay_lib.c] */
#define VENDOR 0x16c0
#define PRODUCT 0x05df
#define MANUFACTURER "www.dcttech.com"
#define NAME_PREFIX "USBRelay"
#define COMMAND_ON 0xff
#define COMMAND_OFF 0xfd
#define REPORT_BYTES 8
#define IDENTITY_BYTES 5
#define STATE_AT 7
#define MAX_CHANNELS 8
#define TIMEOUT_MS 1000
#define N_TRIES 3 /* the feature read fails now and then with a protocol error [usbrelay #88] */

static const struct rig_usb_setup set_report = {.request_type = 0x20, .request = 0x09, .value = 0x0300};
static const struct rig_usb_setup get_report = {.request_type = 0xa0, .request = 0x01, .value = 0x0300};

struct relay {
    struct rig_channel channel;
    guint8 number; /* from 1 */
};

struct relay_report {
    char identity[IDENTITY_BYTES + 1]; /* empty: corrupt */
    guint8 states;                     /* bit 0 = channel 1 */
};

/* The VID:PID is one that many V-USB devices share. */
static bool is_relay(const struct rig_usb_description *device)
{
    return device->vendor == VENDOR && device->product == PRODUCT &&
           (g_strcmp0(device->manufacturer, MANUFACTURER) == 0 ||
            (device->product_name && g_str_has_prefix(device->product_name, NAME_PREFIX)));
}

/* 0: the board does not say. */
static guint n_channels(const struct rig_usb_description *device)
{
    guint64 n = 0;

    if (!device->product_name || !g_str_has_prefix(device->product_name, NAME_PREFIX))
        return 0;
    if (!g_ascii_string_to_unsigned(device->product_name + strlen(NAME_PREFIX), 10, 1, MAX_CHANNELS, &n,
                                    NULL))
        return 0;
    return (guint)n;
}

static bool read_report_once(struct rig_usb *usb, struct relay_report *report, GError **error)
{
    guint8 bytes[REPORT_BYTES] = {0};
    gsize n = 0;
    bool good = true;

    if (!rig_usb_control(usb, &get_report, bytes, sizeof bytes, &n, TIMEOUT_MS, error))
        return false;
    if (n != sizeof bytes) {
        g_set_error(error, RIG_ERROR, RIG_ERROR_DEVICE,
                    "%s: its report has %" G_GSIZE_FORMAT " bytes, not %u", usb->name, n, REPORT_BYTES);
        return false;
    }
    for (guint i = 0; i < IDENTITY_BYTES; i++)
        good &= bytes[i] >= 0x21 && bytes[i] <= 0x7e;
    good &= bytes[IDENTITY_BYTES] == 0;
    memset(report->identity, 0, sizeof report->identity);
    if (good)
        memcpy(report->identity, bytes, IDENTITY_BYTES);
    report->states = bytes[STATE_AT];
    return true;
}

static bool read_report(struct rig_usb *usb, struct relay_report *report, GError **error)
{
    g_autoptr(GError) failure = NULL;

    for (guint i = 0; i < N_TRIES && !usb->gone; i++) {
        g_clear_error(&failure);
        if (read_report_once(usb, report, &failure))
            return true;
    }
    g_propagate_error(error, g_steal_pointer(&failure));
    return false;
}

static bool relay_write(struct rig_channel *channel, bool on, GError **error)
{
    struct relay *relay = (struct relay *)channel;
    guint8 bytes[REPORT_BYTES] = {on ? COMMAND_ON : COMMAND_OFF, relay->number};
    gsize n;

    return rig_usb_control(relay->channel.usb, &set_report, bytes, sizeof bytes, &n, TIMEOUT_MS, error);
}

static bool relay_read(struct rig_channel *channel, bool *on, GError **error)
{
    struct relay *relay = (struct relay *)channel;
    struct relay_report report;

    if (!read_report(relay->channel.usb, &report, error))
        return false;
    *on = report.states >> (relay->number - 1) & 1;
    return true;
}

static const struct rig_channel_ops ops = {
    .name = "hid-relay", .n_tries = N_TRIES, .write = relay_write, .read = relay_read};

/* The boards at hand that fit, opened one after the other until one has the identity. One that another
 * program uses, or that does not answer, is not the end of the search. */
static struct rig_usb *open_by_identity(struct rig_usb_bus *bus, const char *identity,
                                        const struct rig_usb_description **device, const GPtrArray *devices,
                                        GError **error)
{
    g_autoptr(GString) others = g_string_new(NULL);
    g_autoptr(rig_usb) found = NULL;

    for (guint i = 0; i < devices->len; i++) {
        g_autoptr(GError) failure = NULL;
        g_autoptr(rig_usb) usb = rig_usb_open(bus, devices->pdata[i], 0, &failure);
        const char *port = ((const struct rig_usb_description *)devices->pdata[i])->port;
        struct relay_report report;

        if (!usb || !read_report(usb, &report, &failure)) {
            g_string_append_printf(others, "%sone at USB port %s that cannot be asked (%s)",
                                   others->len ? ", " : "", port, failure->message);
            continue;
        }
        g_string_append_printf(others, "%s%s at USB port %s", others->len ? ", " : "",
                               *report.identity ? report.identity : "a corrupt identity", port);
        if (strcmp(report.identity, identity) != 0)
            continue;
        if (found) {
            g_set_error(error, RIG_ERROR, RIG_ERROR_DEVICE,
                        "two relay boards have the identity %s; name one by its port: %s", identity,
                        others->str);
            return NULL;
        }
        *device = devices->pdata[i];
        found = g_steal_pointer(&usb);
    }
    if (!found)
        g_set_error(error, RIG_ERROR, RIG_ERROR_DEVICE, "no relay board has the identity %s; there is: %s",
                    identity, others->len ? others->str : "none");
    return g_steal_pointer(&found);
}

static struct rig_usb *open_at_port(struct rig_usb_bus *bus, const char *identity,
                                    const struct rig_usb_description *device, GError **error)
{
    g_autoptr(rig_usb) usb = rig_usb_open(bus, device, 0, error);
    struct relay_report report;

    if (!usb || !read_report(usb, &report, error))
        return NULL;
    if (identity && strcmp(report.identity, identity) != 0) {
        g_set_error(error, RIG_ERROR, RIG_ERROR_DEVICE,
                    "the relay board at USB port %s has the identity %s, not %s", device->port,
                    *report.identity ? report.identity : "(corrupt)", identity);
        return NULL;
    }
    return g_steal_pointer(&usb);
}

static struct rig_power *relay_open(struct rig_power_host *host, const struct rig_record *arguments,
                                    GError **error)
{
    const struct rig_hid_relay_spec *spec = RIG_STRUCT(arguments, struct rig_hid_relay_spec);
    struct rig_usb_match match = {.what = "a USBRelay board", .port = spec->port, .accepts = is_relay};
    const char *identity = spec->identity;
    guint number = spec->channel;
    const struct rig_usb_description *device = NULL;
    struct rig_usb_bus *bus = rig_power_host_usb(host, error);
    g_autoptr(rig_usb) usb = NULL;
    g_autoptr(GPtrArray) devices = NULL;
    struct rig_usb_description *at_port = NULL;
    struct relay *relay;

    if (!bus || !(devices = rig_usb_find_all(bus, &match, error)))
        return NULL;
    if (match.port) {
        if (!(at_port = rig_usb_find(bus, &match, error)))
            return NULL;
        g_ptr_array_add(devices, at_port);
        device = at_port;
        usb = open_at_port(bus, identity, device, error);
    } else {
        usb = open_by_identity(bus, identity, &device, devices, error);
    }
    if (!usb)
        return NULL;
    if (n_channels(device) && number > n_channels(device)) {
        g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT,
                    "the relay board at USB port %s has %u channels, there is no channel %u", device->port,
                    n_channels(device), number);
        return NULL;
    }
    relay = g_new0(struct relay, 1);
    rig_channel_init(&relay->channel, &ops,
                     g_strdup_printf("relay board %s at USB port %s, channel %u",
                                     identity ? identity : "(by port)", device->port, number),
                     g_strdup_printf("USB port %s channel %u", device->port, number));
    relay->channel.usb = g_steal_pointer(&usb);
    rig_usb_release(relay->channel.usb); /* for the boards on its other channels */
    relay->number = (guint8)number;
    return &relay->channel.power;
}

static char *states_text(guint8 states, guint n)
{
    GString *text = g_string_new(NULL);

    for (guint i = 0; i < n; i++)
        g_string_append_printf(text, "%s%u %s", i ? ", " : "", i + 1, states >> i & 1 ? "on" : "off");
    return g_string_free(text, FALSE);
}

static struct rig_power_found *describe(struct rig_usb_bus *bus, const struct rig_usb_description *device)
{
    struct rig_power_found *one = g_new0(struct rig_power_found, 1);
    struct relay_report report = {.identity = ""};
    g_autoptr(GError) failure = NULL;
    g_autoptr(rig_usb) usb = rig_usb_open(bus, device, 0, &failure);

    if (usb && read_report(usb, &report, &failure))
        one->state = states_text(report.states, MAX(n_channels(device), 1));
    else
        one->state = g_strdup(failure->message);
    one->what =
        g_strdup_printf("%s %s at USB port %s", device->product_name ? device->product_name : "USBRelay",
                        *report.identity ? report.identity : "(identity corrupt or not read)", device->port);
    one->entry = *report.identity
                     ? g_strdup_printf("{hid-relay: {identity: %s, channel: 1}}", report.identity)
                     : g_strdup_printf("{hid-relay: {port: %s, channel: 1}}", device->port);
    return one;
}

static bool relay_list(struct rig_power_host *host, GPtrArray *found, GError **error)
{
    const struct rig_usb_match match = {.what = "a USBRelay board", .accepts = is_relay};

    return rig_power_list_usb(host, &match, describe, found, error);
}

const struct rig_power_driver rig_power_hid_relay = {
    .name = "hid-relay", .open = relay_open, .list = relay_list, .keeps_state = true};
