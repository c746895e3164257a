/* SPDX-License-Identifier: GPL-3.0-or-later */
/* usbfs requests of libusb, answered by device models. */
#include "tests/usb_kernel.h"

#include "base/bytes.h"

#include <errno.h>
#include <linux/ioctl.h>
#include <linux/usbdevice_fs.h>

/* One submitted transfer is answered at once; the reply waits for its reaping. */
static void submit(struct usb_kernel_device *device, UMockdevIoctlClient *client, UMockdevIoctlData *argument)
{
    UMockdevIoctlData *urb_bytes =
        umockdev_ioctl_data_resolve(argument, 0, sizeof(struct usbdevfs_urb), NULL);
    struct usbdevfs_urb *urb = (struct usbdevfs_urb *)urb_bytes->data;
    g_autoptr(UMockdevIoctlData) buffer = umockdev_ioctl_data_resolve(
        urb_bytes, G_STRUCT_OFFSET(struct usbdevfs_urb, buffer), (gsize)urb->buffer_length, NULL);
    int n;

    if (urb->type == USBDEVFS_URB_TYPE_CONTROL) {
        const struct rig_usb_setup setup = {.request_type = buffer->data[0],
                                            .request = buffer->data[1],
                                            .value = rig_get_le16(buffer->data + 2),
                                            .index = rig_get_le16(buffer->data + 4)};

        n = usb_model_transfer(device->model, &setup, 0, buffer->data + 8, rig_get_le16(buffer->data + 6));
    } else {
        n = usb_model_transfer(device->model, NULL, urb->endpoint, buffer->data, (gsize)urb->buffer_length);
    }
    if (n == -ENODEV) {
        umockdev_ioctl_client_complete(client, -1, ENODEV);
        g_object_unref(urb_bytes);
        return;
    }
    urb->status = n < 0 ? n : 0;
    urb->actual_length = MAX(n, 0);
    umockdev_ioctl_client_complete(client, 0, 0);
    g_queue_push_tail(device->done, urb_bytes);
}

static void reap(struct usb_kernel_device *device, UMockdevIoctlClient *client, UMockdevIoctlData *argument)
{
    g_autoptr(UMockdevIoctlData) urb = g_queue_pop_head(device->done);
    g_autoptr(UMockdevIoctlData) place = NULL;

    if (!urb) {
        umockdev_ioctl_client_complete(client, -1, EAGAIN);
        return;
    }
    place = umockdev_ioctl_data_resolve(argument, 0, sizeof(gpointer), NULL);
    umockdev_ioctl_data_set_ptr(place, 0, urb);
    umockdev_ioctl_client_complete(client, 0, 0);
}

static gboolean on_ioctl(UMockdevIoctlBase *handler, UMockdevIoctlClient *client,
                         struct usb_kernel_device *device)
{
    UMockdevIoctlData *argument = umockdev_ioctl_client_get_arg(client);
    gulong request = umockdev_ioctl_client_get_request(client);
    g_autoptr(UMockdevIoctlData) word = NULL;

    (void)handler;
    if (request == USBDEVFS_SUBMITURB) {
        submit(device, client, argument);
    } else if (request == USBDEVFS_REAPURB || request == USBDEVFS_REAPURBNDELAY) {
        reap(device, client, argument);
    } else if (request == USBDEVFS_GET_CAPABILITIES) {
        word = umockdev_ioctl_data_resolve(argument, 0, sizeof(guint32), NULL);
        *(guint32 *)word->data = USBDEVFS_CAP_REAP_AFTER_DISCONNECT;
        umockdev_ioctl_client_complete(client, 0, 0);
    } else if (request == USBDEVFS_CLAIMINTERFACE || request == USBDEVFS_RELEASEINTERFACE ||
               request == USBDEVFS_DISCONNECT_CLAIM) {
        umockdev_ioctl_client_complete(client, 0, 0);
    } else {
        /* GETDRIVER: no kernel driver is bound; anything else: not known to this kernel. */
        umockdev_ioctl_client_complete(client, -1, ENODATA);
    }
    return TRUE;
}

static void append_hex(GString *text, const guint8 *bytes, gsize n_bytes)
{
    for (gsize i = 0; i < n_bytes; i++)
        g_string_append_printf(text, "%02x", bytes[i]);
}

/* Device descriptor, one configuration, one interface with the endpoints that the model has. */
static void append_descriptors(GString *text, const struct usb_model *model)
{
    const struct rig_usb_description *about = &model->about;
    guint n_endpoints = (model->interrupt_in != 0) + (model->interrupt_out != 0);
    guint8 device[18] = {18,
                         1,
                         (guint8)about->usb_version,
                         (guint8)(about->usb_version >> 8),
                         about->device_class,
                         0,
                         0,
                         8,
                         (guint8)about->vendor,
                         (guint8)(about->vendor >> 8),
                         (guint8)about->product,
                         (guint8)(about->product >> 8),
                         0,
                         1,
                         0,
                         0,
                         0,
                         1};
    guint8 configuration[18] = {
        9, 2, (guint8)(18 + 7 * n_endpoints), 0, 1, 1, 0, 0x80, 50, 9, 4, 0, 0, (guint8)n_endpoints, 3, 0,
        0, 0};
    const guint8 addresses[] = {model->interrupt_in, model->interrupt_out};

    append_hex(text, device, sizeof device);
    append_hex(text, configuration, sizeof configuration);
    for (guint i = 0; i < G_N_ELEMENTS(addresses); i++) {
        const guint8 endpoint[7] = {7, 5, addresses[i], 3, 64, 0, 10};

        if (addresses[i])
            append_hex(text, endpoint, sizeof endpoint);
    }
}

static void append_text(GString *text, const char *name, const char *value)
{
    if (value)
        g_string_append_printf(text, "A: %s=%s\\n\n", name, value);
}

void usb_kernel_plug_in(struct usb_kernel *kernel, guint i)
{
    struct usb_model *model = &kernel->models[i];
    g_autofree char *node = g_strdup_printf("/dev/bus/usb/%03u/%03u", model->about.bus, i + 2);
    g_autoptr(GString) text = g_string_new(NULL);
    GError *error = NULL;

    kernel->devices[i] = (struct usb_kernel_device){.model = model, .done = g_queue_new()};
    kernel->handlers[i] = umockdev_ioctl_base_new();
    g_object_connect(kernel->handlers[i], "signal-after::handle-ioctl", on_ioctl, &kernel->devices[i], NULL);
    if (!umockdev_testbed_attach_ioctl(kernel->testbed, node, kernel->handlers[i], &error))
        g_error("%s", error->message);
    g_string_printf(text,
                    "P: /devices/pci0000:00/usb%u/%s\nN: bus/usb/%03u/%03u\nE: SUBSYSTEM=usb\nE: "
                    "DRIVER=usb\nE: BUSNUM=%03u\nE: DEVNUM=%03u\n"
                    "E: DEVNAME=%s\nE: DEVTYPE=usb_device\nA: bConfigurationValue=1\\n\nA: busnum=%u\\n\nA: "
                    "devnum=%u\\n\nA: speed=12\\n\n",
                    model->about.bus, model->about.port, model->about.bus, i + 2, model->about.bus, i + 2,
                    node, model->about.bus, i + 2);
    append_text(text, "manufacturer", model->about.manufacturer);
    append_text(text, "product", model->about.product_name);
    append_text(text, "serial", model->about.serial);
    g_string_append(text, "H: descriptors=");
    append_descriptors(text, model);
    g_string_append_c(text, '\n');
    if (!umockdev_testbed_add_from_string(kernel->testbed, text->str, &error))
        g_error("%s", error->message);
}

struct usb_kernel *usb_kernel_new(void)
{
    struct usb_kernel *kernel = g_new0(struct usb_kernel, 1);

    kernel->testbed = umockdev_testbed_new();
    rig_power_host_init(&kernel->host);
    if (umockdev_in_mock_environment())
        return kernel;
    usb_kernel_free(kernel);
    return NULL;
}

void usb_kernel_free(struct usb_kernel *kernel)
{
    rig_power_host_clear(&kernel->host);
    g_clear_object(&kernel->testbed);
    for (guint i = 0; i < USB_MODEL_MAX; i++) {
        g_clear_object(&kernel->handlers[i]);
        if (kernel->devices[i].done)
            g_queue_free_full(kernel->devices[i].done, g_object_unref);
    }
    g_free(kernel);
}
