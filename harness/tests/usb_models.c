/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Device models by the reference sheets of the boards, and the bus that they hang on. */
#include "tests/usb_models.h"

#include "base/bytes.h"
#include "base/error.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

int usb_model_transfer(struct usb_model *model, const struct rig_usb_setup *setup, guint8 endpoint,
                       guint8 *bytes, gsize n_bytes)
{
    guint number = model->n_transfers++;
    bool faulty = model->fault != USB_NO_FAULT && number >= model->fault_from &&
                  (model->fault == USB_GONE || number - model->fault_from < model->n_faults);
    int n;

    if (faulty && model->fault == USB_GONE)
        return -ENODEV;
    if (faulty && model->fault == USB_PROTOCOL_ERROR)
        return -EPROTO;
    if (faulty && model->fault == USB_NO_ANSWER)
        return -ETIMEDOUT;
    n = endpoint ? model->interrupt(model, endpoint, bytes, n_bytes)
                 : model->control(model, setup, bytes, n_bytes);
    if (faulty && model->fault == USB_HALF_ANSWER && n > 1)
        return n / 2;
    for (int i = 0; faulty && model->fault == USB_WRONG_ANSWER && i < n; i++)
        bytes[i] ^= 0xff;
    return n;
}

static void set_state(struct usb_model *model, guint channel, bool on)
{
    guint32 bit = 1u << (channel - 1);

    model->n_writes++;
    if (!(model->stuck & bit))
        model->states = on ? model->states | bit : model->states & ~bit;
}

static int hid_relay_control(struct usb_model *model, const struct rig_usb_setup *setup, guint8 *bytes,
                             gsize n_bytes)
{
    if (setup->request_type == 0x20 && setup->request == 0x09 && setup->value == 0x0300 && n_bytes >= 2) {
        if ((bytes[0] != 0xff && bytes[0] != 0xfd) || bytes[1] < 1 || bytes[1] > 8)
            return -EPIPE;
        set_state(model, bytes[1], bytes[0] == 0xff);
        return (int)n_bytes;
    }
    if (setup->request_type != 0xa0 || setup->request != 0x01 || setup->value != 0x0300 || n_bytes != 8)
        return -EPIPE;
    memset(bytes, 0, 8);
    memcpy(bytes, model->identity, 5);
    bytes[7] = (guint8)model->states;
    return 8;
}

void usb_model_make_hid_relay(struct usb_model *model, const char *port, const char *identity)
{
    model->about = (struct rig_usb_description){.vendor = 0x16c0,
                                                .product = 0x05df,
                                                .usb_version = 0x0110,
                                                .bus = 1,
                                                .port = (char *)port,
                                                .manufacturer = (char *)"www.dcttech.com",
                                                .product_name = (char *)"USBRelay2"};
    model->interrupt_in = 0x81;
    model->control = hid_relay_control;
    g_strlcpy(model->identity, identity, sizeof model->identity);
}

static void answer_text(struct usb_model *model, const char *text)
{
    model->n_answer = strlen(text);
    memcpy(model->answer, text, model->n_answer);
}

static int take_answer(struct usb_model *model, guint8 *bytes, gsize n_bytes)
{
    int n = (int)MIN(model->n_answer, n_bytes);

    if (n == 0)
        return -ETIMEDOUT;
    memcpy(bytes, model->answer, (gsize)n);
    model->n_answer = 0;
    return n;
}

static int lcus_hid_interrupt(struct usb_model *model, guint8 endpoint, guint8 *bytes, gsize n_bytes)
{
    char text[64];

    if (endpoint & 0x80)
        return take_answer(model, bytes, n_bytes);
    if (n_bytes != 4 || bytes[0] != 0xa0 || bytes[3] != (guint8)(bytes[0] + bytes[1] + bytes[2]))
        return -EPIPE;
    if (bytes[1] == 0x0f) {
        g_snprintf(text, sizeof text, "CH1:%s\r\nCH2:%s\r\n", model->states & 1 ? "ON" : "OFF",
                   model->states & 2 ? "ON" : "OFF");
        answer_text(model, text);
    } else {
        set_state(model, bytes[1], bytes[2] == 1);
    }
    return 4;
}

void usb_model_make_lcus_hid(struct usb_model *model, const char *port)
{
    model->about = (struct rig_usb_description){
        .vendor = 0x5131, .product = 0x2007, .usb_version = 0x0110, .bus = 1, .port = (char *)port};
    model->interrupt_in = 0x81;
    model->interrupt_out = 0x02;
    model->interrupt = lcus_hid_interrupt;
}

static int ykush_interrupt(struct usb_model *model, guint8 endpoint, guint8 *bytes, gsize n_bytes)
{
    guint8 port = bytes[0] & 0x0f;
    guint8 action = bytes[0] >> 4;

    if (endpoint & 0x80)
        return take_answer(model, bytes, n_bytes);
    memset(model->answer, 0, sizeof model->answer);
    model->n_answer = n_bytes;
    if (port >= 1 && port <= 4 && action <= 2) {
        if (action < 2)
            set_state(model, port, action == 1);
        model->answer[0] = 1;
        model->answer[1] = action < 2 ? bytes[0] : (guint8)((model->states >> (port - 1) & 1) << 4 | port);
    }
    return (int)n_bytes;
}

void usb_model_make_ykush(struct usb_model *model, const char *port, guint16 product, const char *serial)
{
    model->about = (struct rig_usb_description){.vendor = 0x04d8,
                                                .product = product,
                                                .usb_version = 0x0200,
                                                .bus = 1,
                                                .port = (char *)port,
                                                .serial = (char *)serial};
    model->interrupt_in = 0x81;
    model->interrupt_out = 0x01;
    model->interrupt = ykush_interrupt;
}

static bool disabled_by_kernel(const struct usb_model *model, guint port)
{
    FILE *file = model->sysfs_disable && port == 2 ? fopen(model->sysfs_disable, "re") : NULL;
    int first = file ? fgetc(file) : '0';

    if (file)
        fclose(file);
    return first == '1';
}

static int hub_descriptor(const struct usb_model *model, guint16 value, guint8 *bytes, gsize n_bytes)
{
    const guint8 descriptor[] = {
        9, (guint8)(value >> 8), USB_MODEL_HUB_PORTS, model->switching, 0, 50, 100, 0, 0, 0, 0, 0};
    guint8 bos[25] = {5, 0x0f, sizeof bos, 0, 1, 20, 0x10, 0x04, 0};
    bool super = model->about.usb_version >= 0x0300;

    if (value == (super ? 0x2a00 : 0x2900)) {
        memcpy(bytes, descriptor, MIN(n_bytes, sizeof descriptor));
        return (int)MIN(n_bytes, sizeof descriptor);
    }
    if (value != 0x0f00 || !model->has_container)
        return -EPIPE;
    memcpy(bos + 9, model->container, sizeof model->container);
    memcpy(bytes, bos, MIN(n_bytes, sizeof bos));
    return (int)MIN(n_bytes, sizeof bos);
}

static int hub_control(struct usb_model *model, const struct rig_usb_setup *setup, guint8 *bytes,
                       gsize n_bytes)
{
    bool super = model->about.usb_version >= 0x0300;
    guint16 word;

    if (setup->request == 0x06)
        return hub_descriptor(model, setup->value, bytes, n_bytes);
    if (setup->index < 1 || setup->index > USB_MODEL_HUB_PORTS)
        return -EPIPE;
    if (setup->request_type == 0x23 && setup->value == 8) {
        set_state(model, setup->index, setup->request == 0x03);
        return 0;
    }
    if (setup->request_type != 0xa3 || n_bytes != 4)
        return -EPIPE;
    /* A low-speed device hangs on every port: on a USB 2 hub its bit is the one that means power on a
     * SuperSpeed hub. */
    word = super ? 0x00a0 : 0x0200;
    if ((model->states >> (setup->index - 1) & 1) && !disabled_by_kernel(model, setup->index))
        word |= super ? 0x0200 : 0x0100;
    memset(bytes, 0, 4);
    rig_put_le16(bytes, word);
    return 4;
}

void usb_model_make_hub(struct usb_model *model, const char *port, guint8 bus, bool super_speed)
{
    model->about = (struct rig_usb_description){.vendor = 0x2109,
                                                .product = 0x0817,
                                                .usb_version = super_speed ? 0x0310 : 0x0210,
                                                .device_class = 9,
                                                .bus = bus,
                                                .port = (char *)port};
    model->control = hub_control;
    model->switching = 1;
    model->states = (1u << USB_MODEL_HUB_PORTS) - 1;
}

#define CLAIM_US 2000000

struct model_bus {
    struct rig_usb_bus bus;
    struct usb_model *models;
    guint n_models;
};
struct model_usb {
    struct rig_usb usb;
    struct usb_model *model;
    bool has_interface;
};

/* As the real one, it waits a while for another of ours; a foreign program keeps it for good. */
static bool model_claim(struct rig_usb *usb, GError **error)
{
    struct model_usb *mine = (struct model_usb *)usb;
    gint64 until_us = g_get_monotonic_time() + CLAIM_US;
    bool claimed = !mine->has_interface;

    while (!claimed && !mine->model->kept_busy && g_get_monotonic_time() < until_us) {
        claimed = g_atomic_pointer_get(&mine->model->holder) == usb ||
                  g_atomic_pointer_compare_and_exchange(&mine->model->holder, NULL, usb);
        if (!claimed)
            g_usleep(100);
    }
    if (!claimed)
        g_set_error(error, RIG_ERROR, RIG_ERROR_DEVICE, "%s: another program uses it", usb->name);
    return claimed;
}

static void model_release(struct rig_usb *usb)
{
    struct model_usb *mine = (struct model_usb *)usb;

    (void)!g_atomic_pointer_compare_and_exchange(&mine->model->holder, usb, NULL);
}

static int transfer(struct rig_usb *usb, const struct rig_usb_setup *setup, guint8 endpoint, guint8 *bytes,
                    gsize n_bytes)
{
    struct model_usb *mine = (struct model_usb *)usb;

    if (mine->has_interface && g_atomic_pointer_get(&mine->model->holder) != usb)
        return -EBUSY;
    return usb_model_transfer(mine->model, setup, endpoint, bytes, n_bytes);
}

static bool settle(struct rig_usb *usb, int n, gsize *n_done, GError **error)
{
    *n_done = (gsize)MAX(n, 0);
    usb->gone |= n == -ENODEV;
    if (n < 0)
        g_set_error(error, RIG_ERROR, RIG_ERROR_DEVICE, "%s: transfer: %s", usb->name,
                    n == -ENODEV ? "it was unplugged" : g_strerror(-n));
    return n >= 0;
}

static bool model_control(struct rig_usb *usb, const struct rig_usb_setup *setup, guint8 *bytes,
                          gsize n_bytes, gsize *n_done, guint timeout_ms, GError **error)
{
    (void)timeout_ms;
    return settle(usb, transfer(usb, setup, 0, bytes, n_bytes), n_done, error);
}

static bool model_interrupt(struct rig_usb *usb, guint8 endpoint, guint8 *bytes, gsize n_bytes, gsize *n_done,
                            guint timeout_ms, GError **error)
{
    (void)timeout_ms;
    return settle(usb, transfer(usb, NULL, endpoint, bytes, n_bytes), n_done, error);
}

static void model_free(struct rig_usb *usb)
{
    model_release(usb);
    g_free(usb->name);
    g_free(usb);
}

static const struct rig_usb_ops usb_ops = {.control = model_control,
                                           .interrupt = model_interrupt,
                                           .claim = model_claim,
                                           .release = model_release,
                                           .free = model_free};

static GPtrArray *model_list(struct rig_usb_bus *bus, GError **error)
{
    struct model_bus *model_bus = (struct model_bus *)bus;
    GPtrArray *list = g_ptr_array_new_with_free_func((GDestroyNotify)rig_usb_description_free);

    (void)error;
    for (guint i = 0; i < model_bus->n_models; i++) {
        struct rig_usb_description *copy = g_new(struct rig_usb_description, 1);

        *copy = model_bus->models[i].about;
        copy->port = g_strdup(copy->port);
        copy->manufacturer = g_strdup(copy->manufacturer);
        copy->product_name = g_strdup(copy->product_name);
        copy->serial = g_strdup(copy->serial);
        g_ptr_array_add(list, copy);
    }
    return list;
}

static struct rig_usb *model_open(struct rig_usb_bus *bus, const struct rig_usb_description *description,
                                  int interface, GError **error)
{
    struct model_bus *model_bus = (struct model_bus *)bus;

    for (guint i = 0; i < model_bus->n_models; i++) {
        struct usb_model *model = &model_bus->models[i];
        struct model_usb *usb;

        if (strcmp(model->about.port, description->port) != 0)
            continue;
        usb = g_new0(struct model_usb, 1);
        usb->usb.ops = &usb_ops;
        usb->usb.name = g_strdup_printf("%04x:%04x at USB port %s", description->vendor, description->product,
                                        description->port);
        usb->usb.interrupt_in = interface >= 0 ? model->interrupt_in : 0;
        usb->usb.interrupt_out = interface >= 0 ? model->interrupt_out : 0;
        usb->model = model;
        usb->has_interface = interface >= 0;
        if (model_claim(&usb->usb, error))
            return &usb->usb;
        model_free(&usb->usb);
        return NULL;
    }
    g_set_error(error, RIG_ERROR, RIG_ERROR_DEVICE, "USB port %s: it was unplugged", description->port);
    return NULL;
}

static void model_bus_free(struct rig_usb_bus *bus)
{
    g_free(bus);
}

static const struct rig_usb_bus_ops bus_ops = {
    .list = model_list, .open = model_open, .free = model_bus_free};

struct rig_usb_bus *usb_model_bus_new(struct usb_model *models, guint n_models)
{
    struct model_bus *bus = g_new0(struct model_bus, 1);

    bus->bus.ops = &bus_ops;
    bus->models = models;
    bus->n_models = n_models;
    return &bus->bus;
}
