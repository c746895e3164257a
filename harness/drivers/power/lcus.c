/* SPDX-License-Identifier: GPL-3.0-or-later */
/* LCUS and NOYITO relays: A0 frames over a serial port, or over the interrupt endpoints of a HID device
 * (5131:2007, hexadecimal), and the states where a board tells them. */
#include "drivers/power/driver.h"

#include "base/error.h"
#include "drivers/power/lcus.h"
#include "transport/serial.h"

#include <string.h>

void rig_lcus_frame(guint8 channel, guint8 operation, guint8 frame[RIG_LCUS_FRAME_BYTES])
{
    frame[0] = 0xa0;
    frame[1] = channel;
    frame[2] = operation;
    frame[3] = (guint8)(0xa0 + channel + operation);
}

/* A word counts when what follows it has come, so that half a line is not read as its beginning. */
static bool has_word(const char *at, const char *end, const char *word)
{
    gsize n = strlen(word);

    return (gsize)(end - at) > n && memcmp(at, word, n) == 0 && !g_ascii_isalnum(at[n]);
}

bool rig_lcus_state(const char *text, gsize n_bytes, guint8 channel, bool *on)
{
    const char *end = text + n_bytes;

    for (const char *at = text; end - at > 4; at++) {
        if (at[0] != 'C' || at[1] != 'H' || at[2] != '0' + channel || at[3] != ':')
            continue;
        for (at += 4; at < end && *at == ' ';)
            at++;
        *on = has_word(at, end, "ON");
        return *on || has_word(at, end, "OFF");
    }
    return false;
}

#define BAUD 9600
#define TIMEOUT_MS 1000
#define SHARE_MS 2000 /* so long an operation of another board on the same relay may take */
#define ANSWER_MS 1000
#define MAX_ANSWER_BYTES 256
#define ASK_STATES 0xff

struct lcus {
    struct rig_channel channel;
    char *tty;
    struct rig_serial *serial; /* NULL between operations: other boards hang on the other channels */
    guint8 number;
};

static bool lcus_begin(struct rig_channel *channel, GError **error)
{
    struct lcus *lcus = (struct lcus *)channel;

    lcus->serial = rig_serial_open_shared(lcus->tty, BAUD, SHARE_MS, error);
    return lcus->serial != NULL;
}

static void lcus_end(struct rig_channel *channel)
{
    struct lcus *lcus = (struct lcus *)channel;

    g_clear_pointer(&lcus->serial, rig_serial_free);
}

static bool lcus_write(struct rig_channel *channel, bool on, GError **error)
{
    struct lcus *lcus = (struct lcus *)channel;
    guint8 frame[RIG_LCUS_FRAME_BYTES];

    rig_lcus_frame(lcus->number, on, frame);
    return rig_serial_write(lcus->serial, frame, sizeof frame, TIMEOUT_MS, error);
}

static bool lcus_read(struct rig_channel *channel, bool *on, GError **error)
{
    struct lcus *lcus = (struct lcus *)channel;
    const guint8 ask = ASK_STATES;
    char answer[MAX_ANSWER_BYTES];
    gsize n_bytes = 0;
    gsize n = 1;

    if (!rig_serial_drain(lcus->serial, 0, TIMEOUT_MS, error) ||
        !rig_serial_write(lcus->serial, &ask, 1, TIMEOUT_MS, error))
        return false;
    while (n > 0 && n_bytes < sizeof answer) {
        if (!rig_serial_read(lcus->serial, answer + n_bytes, sizeof answer - n_bytes, ANSWER_MS, &n, error))
            return false;
        n_bytes += n;
        if (rig_lcus_state(answer, n_bytes, lcus->number, on))
            return true;
    }
    g_set_error(error, RIG_ERROR, RIG_ERROR_DEVICE, "serial port %s: %s", rig_serial_path(lcus->serial),
                n_bytes ? "its answer does not tell the state of this channel"
                        : "it does not answer; boards of one channel often cannot (status: false)");
    return false;
}

static bool lcus_is_gone(struct rig_channel *channel)
{
    return rig_serial_is_gone(((struct lcus *)channel)->serial);
}

static void lcus_free(struct rig_channel *channel)
{
    g_free(((struct lcus *)channel)->tty);
    g_free(channel);
}

static const struct rig_channel_ops ops = {.name = "lcus",
                                           .n_tries = 2,
                                           .settle_ms = 50,
                                           .write = lcus_write,
                                           .read = lcus_read,
                                           .begin = lcus_begin,
                                           .end = lcus_end,
                                           .is_gone = lcus_is_gone,
                                           .free = lcus_free};

static struct rig_power *lcus_open(struct rig_power_host *host, const struct rig_record *arguments,
                                   GError **error)
{
    const struct rig_lcus_spec *spec = RIG_STRUCT(arguments, struct rig_lcus_spec);
    const char *tty = spec->tty;
    g_autofree char *device = rig_serial_device(tty);
    struct rig_serial *serial = rig_serial_open_shared(tty, BAUD, SHARE_MS, error);
    struct lcus *lcus;

    (void)host;
    if (!serial)
        return NULL;
    rig_serial_free(serial);
    lcus = g_new0(struct lcus, 1);
    lcus->tty = g_strdup(tty);
    lcus->number = spec->channel;
    lcus->channel.mute = !spec->status;
    rig_channel_init(&lcus->channel, &ops, g_strdup_printf("LCUS relay at %s, channel %u", tty, lcus->number),
                     g_strdup_printf("serial-port %s channel %u", device, lcus->number));
    return &lcus->channel.power;
}

const struct rig_power_driver rig_power_lcus = {.name = "lcus", .open = lcus_open, .keeps_state = true};

/* [SRC labgrid usb_hid_relay.py; darrylb123/usbrelay 50-usbrelay.rules] */
#define VENDOR 0x5131
#define PRODUCT 0x2007
#define HID_ANSWER_MS 200
#define PACKET_BYTES 64
#define ASK_CHANNEL 0x0f
#define ASK_OPERATION 0x02

struct lcus_hid {
    struct rig_channel channel;
    guint8 number;
};

static bool is_lcus(const struct rig_usb_description *device)
{
    return device->vendor == VENDOR && device->product == PRODUCT;
}

static bool send_frame(struct lcus_hid *lcus, guint8 channel, guint8 operation, GError **error)
{
    guint8 frame[RIG_LCUS_FRAME_BYTES];
    gsize n;

    rig_lcus_frame(channel, operation, frame);
    return rig_usb_interrupt(lcus->channel.usb, lcus->channel.usb->interrupt_out, frame, sizeof frame, &n,
                             TIMEOUT_MS, error);
}

static bool lcus_hid_write(struct rig_channel *channel, bool on, GError **error)
{
    struct lcus_hid *lcus = (struct lcus_hid *)channel;
    guint8 packet[PACKET_BYTES];
    g_autoptr(GError) ignored = NULL;
    gsize n;

    if (!send_frame(lcus, lcus->number, on, error))
        return false;
    /* One packet may come and is worth nothing; a board that stays silent is fine. */
    if (!rig_usb_interrupt(lcus->channel.usb, lcus->channel.usb->interrupt_in, packet, sizeof packet, &n, 20,
                           &ignored) &&
        lcus->channel.usb->gone) {
        g_propagate_error(error, g_steal_pointer(&ignored));
        return false;
    }
    return true;
}

static bool lcus_hid_read(struct rig_channel *channel, bool *on, GError **error)
{
    struct lcus_hid *lcus = (struct lcus_hid *)channel;
    char answer[MAX_ANSWER_BYTES + PACKET_BYTES];
    gsize n_bytes = 0;
    gsize n = 1;

    if (!send_frame(lcus, ASK_CHANNEL, ASK_OPERATION, error))
        return false;
    while (n > 0 && n_bytes < MAX_ANSWER_BYTES) {
        if (!rig_usb_interrupt(lcus->channel.usb, lcus->channel.usb->interrupt_in, (guint8 *)answer + n_bytes,
                               PACKET_BYTES, &n, HID_ANSWER_MS, error))
            return false;
        n_bytes += n;
        if (rig_lcus_state(answer, n_bytes, lcus->number, on))
            return true;
    }
    g_set_error(error, RIG_ERROR, RIG_ERROR_DEVICE, "%s: its answer does not tell the state of this channel",
                lcus->channel.usb->name);
    return false;
}

static const struct rig_channel_ops hid_ops = {
    .name = "lcus-hid", .n_tries = 2, .settle_ms = 50, .write = lcus_hid_write, .read = lcus_hid_read};

static struct rig_power *lcus_hid_open(struct rig_power_host *host, const struct rig_record *arguments,
                                       GError **error)
{
    const struct rig_lcus_hid_spec *spec = RIG_STRUCT(arguments, struct rig_lcus_hid_spec);
    const struct rig_usb_match match = {.what = "an LCUS HID relay", .port = spec->port, .accepts = is_lcus};
    struct rig_usb_description *device = rig_power_find_usb(host, &match, error);
    g_autoptr(rig_usb) usb = device ? rig_usb_open(host->usb, device, 0, error) : NULL;
    struct lcus_hid *lcus = NULL;

    if (usb && (!usb->interrupt_in || !usb->interrupt_out)) {
        g_set_error(error, RIG_ERROR, RIG_ERROR_DEVICE, "%s has not the two endpoints of an LCUS HID relay",
                    usb->name);
    } else if (usb) {
        lcus = g_new0(struct lcus_hid, 1);
        lcus->channel.usb = g_steal_pointer(&usb);
        lcus->channel.mute = !spec->status;
        rig_usb_release(lcus->channel.usb); /* for the boards on its other channels */
        lcus->number = spec->channel;
        rig_channel_init(
            &lcus->channel, &hid_ops,
            g_strdup_printf("LCUS HID relay at USB port %s, channel %u", device->port, lcus->number),
            g_strdup_printf("USB port %s channel %u", device->port, lcus->number));
    }
    rig_usb_description_free(device);
    return lcus ? &lcus->channel.power : NULL;
}

static struct rig_power_found *describe(struct rig_usb_bus *bus, const struct rig_usb_description *device)
{
    struct rig_power_found *one = g_new0(struct rig_power_found, 1);

    (void)bus;
    one->what = g_strdup_printf("LCUS HID relay at USB port %s", device->port);
    one->entry = g_strdup_printf("{lcus-hid: {port: %s, channel: 1}}", device->port);
    return one;
}

static bool lcus_hid_list(struct rig_power_host *host, GPtrArray *found, GError **error)
{
    const struct rig_usb_match match = {.what = "an LCUS HID relay", .accepts = is_lcus};

    return rig_power_list_usb(host, &match, describe, found, error);
}

const struct rig_power_driver rig_power_lcus_hid = {
    .name = "lcus-hid", .open = lcus_hid_open, .list = lcus_hid_list, .keeps_state = true};
