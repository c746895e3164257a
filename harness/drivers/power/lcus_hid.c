/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The LCUS relays that are HID devices, 5131:2007 (hexadecimal): the same frames over interrupt endpoints. */
#include "drivers/power/driver.h"

#include "base/error.h"
#include "drivers/power/lcus_frame.h"

#include <string.h>

/* [SRC labgrid usb_hid_relay.py; darrylb123/usbrelay 50-usbrelay.rules] */
#define VENDOR 0x5131
#define PRODUCT 0x2007
#define TIMEOUT_MS 1000
#define ANSWER_MS 200
#define PACKET_BYTES 64
#define MAX_ANSWER_BYTES 256
#define ASK_CHANNEL 0x0f
#define ASK_OPERATION 0x02

struct lcus_hid {
    struct rig_channel channel;
    struct rig_usb *usb;
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
    return rig_usb_interrupt(lcus->usb, lcus->usb->interrupt_out, frame, sizeof frame, &n, TIMEOUT_MS, error);
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
    if (!rig_usb_interrupt(lcus->usb, lcus->usb->interrupt_in, packet, sizeof packet, &n, 20, &ignored) &&
        lcus->usb->gone) {
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
        if (!rig_usb_interrupt(lcus->usb, lcus->usb->interrupt_in, (guint8 *)answer + n_bytes, PACKET_BYTES,
                               &n, ANSWER_MS, error))
            return false;
        n_bytes += n;
        if (rig_lcus_state(answer, n_bytes, lcus->number, on))
            return true;
    }
    g_set_error(error, RIG_ERROR, RIG_ERROR_DEVICE, "%s: its answer does not tell the state of this channel",
                lcus->usb->name);
    return false;
}

static bool lcus_hid_begin(struct rig_channel *channel, GError **error)
{
    return rig_usb_claim(((struct lcus_hid *)channel)->usb, error);
}

static void lcus_hid_end(struct rig_channel *channel)
{
    rig_usb_release(((struct lcus_hid *)channel)->usb);
}

static bool lcus_hid_is_gone(struct rig_channel *channel)
{
    return ((struct lcus_hid *)channel)->usb->gone;
}

static void lcus_hid_free(struct rig_channel *channel)
{
    rig_usb_free(((struct lcus_hid *)channel)->usb);
    g_free(channel);
}

static const struct rig_channel_ops ops_mute = {.name = "lcus-hid",
                                                .n_tries = 2,
                                                .write = lcus_hid_write,
                                                .begin = lcus_hid_begin,
                                                .end = lcus_hid_end,
                                                .is_gone = lcus_hid_is_gone,
                                                .free = lcus_hid_free};
static const struct rig_channel_ops ops_telling = {.name = "lcus-hid",
                                                   .n_tries = 2,
                                                   .settle_ms = 50,
                                                   .write = lcus_hid_write,
                                                   .read = lcus_hid_read,
                                                   .begin = lcus_hid_begin,
                                                   .end = lcus_hid_end,
                                                   .is_gone = lcus_hid_is_gone,
                                                   .free = lcus_hid_free};

static struct rig_power *lcus_hid_open(struct rig_power_host *host, const struct rig_record *arguments,
                                       GError **error)
{
    const struct rig_usb_match match = {
        .what = "an LCUS HID relay", .port = rig_record_text(arguments, "port"), .accepts = is_lcus};
    struct rig_usb_bus *bus = rig_power_host_usb(host, error);
    struct rig_usb_description *device = bus ? rig_usb_find(bus, &match, error) : NULL;
    g_autoptr(rig_usb) usb = device ? rig_usb_open(bus, device, 0, error) : NULL;
    struct lcus_hid *lcus = NULL;

    if (usb && (!usb->interrupt_in || !usb->interrupt_out)) {
        g_set_error(error, RIG_ERROR, RIG_ERROR_DEVICE, "%s has not the two endpoints of an LCUS HID relay",
                    usb->name);
    } else if (usb) {
        lcus = g_new0(struct lcus_hid, 1);
        lcus->usb = g_steal_pointer(&usb);
        rig_usb_release(lcus->usb); /* for the boards on its other channels */
        lcus->number = rig_record_u8(arguments, "channel");
        rig_channel_init(
            &lcus->channel, rig_record_flag(arguments, "status") ? &ops_telling : &ops_mute,
            g_strdup_printf("LCUS HID relay at USB port %s, channel %u", device->port, lcus->number));
    }
    rig_usb_description_free(device);
    return lcus ? &lcus->channel.power : NULL;
}

static bool lcus_hid_list(struct rig_power_host *host, GPtrArray *found, GError **error)
{
    const struct rig_usb_match match = {.what = "an LCUS HID relay", .accepts = is_lcus};
    struct rig_usb_bus *bus = rig_power_host_usb(host, error);
    g_autoptr(GPtrArray) devices = bus ? rig_usb_find_all(bus, &match, error) : NULL;

    for (guint i = 0; devices && i < devices->len; i++) {
        const struct rig_usb_description *device = devices->pdata[i];
        struct rig_power_found *one = g_new0(struct rig_power_found, 1);

        one->what = g_strdup_printf("LCUS HID relay at USB port %s", device->port);
        one->entry = g_strdup_printf("{lcus-hid: {port: %s, channel: 1}}", device->port);
        g_ptr_array_add(found, one);
    }
    return devices != NULL;
}

const struct rig_power_driver rig_power_lcus_hid = {
    .name = "lcus-hid", .open = lcus_hid_open, .list = lcus_hid_list, .keeps_state = true};
