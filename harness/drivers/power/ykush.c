/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Yepkit YKUSH boards: one interrupt pair per command; the answer's first byte is checked, which upstream's
 * libusb build does not. */
#include "drivers/power/driver.h"

#include "base/error.h"

#include <string.h>

/* [SRC Yepkit/ykush src/ykush/ykush.cpp, src/ykush3, src/ykushxs, src/usbhid/usbhid.cpp] */
#define VENDOR 0x04d8
#define MAX_REPORT_BYTES 64
#define WRITE_MS 1000
#define READ_MS 5000
#define N_TRIES 3
#define DOWN 0x00
#define UP 0x10
#define STATUS 0x20
#define SUCCESS 0x01
#define OUTPUT_5V 4

struct model {
    guint16 product;
    const char *name;
    guint8 n_ports;
    guint8 report_bytes;
    bool has_5v;
};
static const struct model models[] = {
    {0xf2f7, "YKUSH", 3, 64, false},
    {0x0042, "YKUSH (legacy)", 3, 6, false},
    {0xf11b, "YKUSH3", 3, 64, true},
    {0xf0cd, "YKUSH XS", 1, 64, false},
};

struct ykush {
    struct rig_channel channel;
    const struct model *model;
    guint8 number; /* 1..3, or OUTPUT_5V */
};

static const struct model *find_model(const struct rig_usb_description *device)
{
    for (guint i = 0; i < G_N_ELEMENTS(models); i++)
        if (device->vendor == VENDOR && device->product == models[i].product)
            return &models[i];
    return NULL;
}

static bool is_ykush(const struct rig_usb_description *device)
{
    return find_model(device) != NULL;
}

static bool exchange(struct ykush *ykush, guint8 command, guint8 answer[MAX_REPORT_BYTES], GError **error)
{
    guint8 report[MAX_REPORT_BYTES] = {command};
    gsize n_report = ykush->model->report_bytes;
    gsize n = 0;

    if (!rig_usb_interrupt(ykush->channel.usb, ykush->channel.usb->interrupt_out, report, n_report, &n,
                           WRITE_MS, error))
        return false;
    memset(answer, 0, MAX_REPORT_BYTES);
    if (!rig_usb_interrupt(ykush->channel.usb, ykush->channel.usb->interrupt_in, answer, n_report, &n,
                           READ_MS, error))
        return false;
    if (n == n_report && answer[0] == SUCCESS)
        return true;
    g_set_error(error, RIG_ERROR, RIG_ERROR_DEVICE,
                "%s: it refused command %02x (answer %02x, %" G_GSIZE_FORMAT " bytes)",
                ykush->channel.usb->name, command, answer[0], n);
    return false;
}

static bool ykush_write(struct rig_channel *channel, bool on, GError **error)
{
    struct ykush *ykush = (struct ykush *)channel;
    guint8 answer[MAX_REPORT_BYTES];

    return exchange(ykush, (guint8)((on ? UP : DOWN) | ykush->number), answer, error);
}

static bool ykush_read(struct rig_channel *channel, bool *on, GError **error)
{
    struct ykush *ykush = (struct ykush *)channel;
    guint8 answer[MAX_REPORT_BYTES];

    if (!exchange(ykush, STATUS | ykush->number, answer, error))
        return false;
    /* An answer that speaks of another port is one that was left over from an earlier command. */
    if ((answer[1] & 0x0f) != ykush->number || answer[1] >> 4 > 1) {
        g_set_error(error, RIG_ERROR, RIG_ERROR_DEVICE, "%s: it was asked for port %u and answered %02x",
                    ykush->channel.usb->name, ykush->number, answer[1]);
        return false;
    }
    *on = answer[1] >> 4 == 1;
    return true;
}

static const struct rig_channel_ops ops = {
    .name = "ykush", .n_tries = N_TRIES, .write = ykush_write, .read = ykush_read};

static bool find_output(const struct rig_ykush_spec *spec, const struct model *model, guint8 *number,
                        GError **error)
{
    *number = spec->output ? OUTPUT_5V : *spec->channel;
    if (spec->output ? model->has_5v : *spec->channel <= model->n_ports)
        return true;
    if (spec->output)
        g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "a %s has no 5 V output", model->name);
    else
        g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "a %s has %u port%s, there is no port %u", model->name,
                    model->n_ports, model->n_ports == 1 ? "" : "s", *number);
    return false;
}

static struct ykush *make(struct rig_usb_bus *bus, const struct rig_usb_description *device,
                          const struct rig_ykush_spec *spec, GError **error)
{
    const struct model *model = find_model(device);
    g_autoptr(rig_usb) usb = NULL;
    struct ykush *ykush;
    guint8 number;

    if (!find_output(spec, model, &number, error) || !(usb = rig_usb_open(bus, device, 0, error)))
        return NULL;
    if (!usb->interrupt_in || !usb->interrupt_out) {
        g_set_error(error, RIG_ERROR, RIG_ERROR_DEVICE, "%s has not the two endpoints of a YKUSH", usb->name);
        return NULL;
    }
    ykush = g_new0(struct ykush, 1);
    ykush->channel.usb = g_steal_pointer(&usb);
    rig_usb_release(ykush->channel.usb); /* for the boards on its other channels */
    ykush->model = model;
    ykush->number = number;
    rig_channel_init(&ykush->channel, &ops,
                     g_strdup_printf("%s %s at USB port %s, %s %u", model->name,
                                     device->serial ? device->serial : "without serial", device->port,
                                     number == OUTPUT_5V ? "5 V output" : "port", number),
                     g_strdup_printf("USB port %s channel %u", device->port, number));
    return ykush;
}

static struct rig_power *ykush_open(struct rig_power_host *host, const struct rig_record *arguments,
                                    GError **error)
{
    const struct rig_ykush_spec *spec = RIG_STRUCT(arguments, struct rig_ykush_spec);
    const struct rig_usb_match match = {
        .what = "a YKUSH", .port = spec->port, .serial = spec->serial, .accepts = is_ykush};
    struct rig_usb_description *device = rig_power_find_usb(host, &match, error);
    struct ykush *ykush = device ? make(host->usb, device, spec, error) : NULL;

    rig_usb_description_free(device);
    return ykush ? &ykush->channel.power : NULL;
}

static struct rig_power_found *describe(struct rig_usb_bus *bus, const struct rig_usb_description *device)
{
    struct rig_power_found *one = g_new0(struct rig_power_found, 1);

    (void)bus;
    one->what = g_strdup_printf("%s %s at USB port %s", find_model(device)->name,
                                device->serial ? device->serial : "without serial", device->port);
    one->entry = device->serial ? g_strdup_printf("{ykush: {serial: %s, channel: 1}}", device->serial)
                                : g_strdup_printf("{ykush: {port: %s, channel: 1}}", device->port);
    return one;
}

static bool ykush_list(struct rig_power_host *host, GPtrArray *found, GError **error)
{
    const struct rig_usb_match match = {.what = "a YKUSH", .accepts = is_ykush};

    return rig_power_list_usb(host, &match, describe, found, error);
}

const struct rig_power_driver rig_power_ykush = {
    .name = "ykush", .open = ykush_open, .list = ykush_list, .keeps_state = true};
