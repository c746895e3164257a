/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The USB drivers through the real libusb: umockdev stands in for the kernel, the device models for the devices. */
#include <errno.h>
#include <linux/ioctl.h>
#include <linux/usbdevice_fs.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <umockdev.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "base/error.h"
#include "tests/power_stand.h"
#include "tests/usb_models.h"

struct kernel {
    UMockdevTestbed *testbed;
    UMockdevIoctlBase *handlers[USB_MODEL_MAX];
    struct usb_model models[USB_MODEL_MAX];
    struct device {
        struct usb_model *model;
        GQueue *done; /* UMockdevIoctlData *: submitted and answered */
    } devices[USB_MODEL_MAX];
    guint n_models;
    struct rig_power_host host;
};

/* One submitted transfer is answered at once; the reply waits for its reaping. */
static void submit(struct device *device, UMockdevIoctlClient *client, UMockdevIoctlData *argument)
{
    UMockdevIoctlData *urb_bytes = umockdev_ioctl_data_resolve(argument, 0, sizeof(struct usbdevfs_urb), NULL);
    struct usbdevfs_urb *urb = (struct usbdevfs_urb *)urb_bytes->data;
    g_autoptr(UMockdevIoctlData) buffer =
        umockdev_ioctl_data_resolve(urb_bytes, G_STRUCT_OFFSET(struct usbdevfs_urb, buffer), (gsize)urb->buffer_length, NULL);
    int n;

    if (urb->type == USBDEVFS_URB_TYPE_CONTROL) {
        const struct rig_usb_setup setup = {.request_type = buffer->data[0], .request = buffer->data[1], .value = rig_get_le16(buffer->data + 2),
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

static void reap(struct device *device, UMockdevIoctlClient *client, UMockdevIoctlData *argument)
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

static gboolean on_ioctl(UMockdevIoctlBase *handler, UMockdevIoctlClient *client, struct device *device)
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
    } else if (request == USBDEVFS_CLAIMINTERFACE || request == USBDEVFS_RELEASEINTERFACE || request == USBDEVFS_DISCONNECT_CLAIM) {
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
    guint8 device[18] = {18, 1, (guint8)about->usb_version, (guint8)(about->usb_version >> 8), about->device_class, 0, 0, 8,
                         (guint8)about->vendor, (guint8)(about->vendor >> 8), (guint8)about->product, (guint8)(about->product >> 8), 0, 1, 0, 0, 0, 1};
    guint8 configuration[18] = {9, 2, (guint8)(18 + 7 * n_endpoints), 0, 1, 1, 0, 0x80, 50, 9, 4, 0, 0, (guint8)n_endpoints, 3, 0, 0, 0};
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

/* The device appears in /sys and /dev, and its node answers. */
static void plug_in(struct kernel *kernel, guint i)
{
    struct usb_model *model = &kernel->models[i];
    g_autofree char *node = g_strdup_printf("/dev/bus/usb/%03u/%03u", model->about.bus, i + 2);
    g_autoptr(GString) text = g_string_new(NULL);
    GError *error = NULL;

    kernel->devices[i] = (struct device){.model = model, .done = g_queue_new()};
    kernel->handlers[i] = umockdev_ioctl_base_new();
    g_object_connect(kernel->handlers[i], "signal-after::handle-ioctl", on_ioctl, &kernel->devices[i], NULL);
    assert_true(umockdev_testbed_attach_ioctl(kernel->testbed, node, kernel->handlers[i], NULL));
    g_string_printf(text,
                    "P: /devices/pci0000:00/usb%u/%s\nN: bus/usb/%03u/%03u\nE: SUBSYSTEM=usb\nE: DRIVER=usb\nE: BUSNUM=%03u\nE: DEVNUM=%03u\n"
                    "E: DEVNAME=%s\nE: DEVTYPE=usb_device\nA: bConfigurationValue=1\\n\nA: busnum=%u\\n\nA: devnum=%u\\n\nA: speed=12\\n\n",
                    model->about.bus, model->about.port, model->about.bus, i + 2, model->about.bus, i + 2, node, model->about.bus, i + 2);
    append_text(text, "manufacturer", model->about.manufacturer);
    append_text(text, "product", model->about.product_name);
    append_text(text, "serial", model->about.serial);
    g_string_append(text, "H: descriptors=");
    append_descriptors(text, model);
    g_string_append_c(text, '\n');
    if (!umockdev_testbed_add_from_string(kernel->testbed, text->str, &error))
        fail_msg("%s", error->message);
}

static int boot_kernel(void **state)
{
    struct kernel *kernel = g_new0(struct kernel, 1);

    kernel->testbed = umockdev_testbed_new();
    if (!umockdev_in_mock_environment())
        print_error("this must run under umockdev-wrapper\n");
    rig_power_host_init(&kernel->host);
    *state = kernel;
    return umockdev_in_mock_environment() ? 0 : -1;
}

static int halt_kernel(void **state)
{
    struct kernel *kernel = *state;

    rig_power_host_clear(&kernel->host);
    g_clear_object(&kernel->testbed);
    for (guint i = 0; i < USB_MODEL_MAX; i++) {
        g_clear_object(&kernel->handlers[i]);
        if (kernel->devices[i].done)
            g_queue_free_full(kernel->devices[i].done, g_object_unref);
    }
    g_free(kernel);
    return 0;
}

static struct rig_power *open_good(struct kernel *kernel, const char *entry)
{
    GError *error = NULL;
    struct rig_power *power = power_stand_open(&kernel->host, entry, &error);

    if (!power)
        fail_msg("%s: %s", entry, error->message);
    return power;
}

static void assert_switches(struct rig_power *power, const struct usb_model *model, guint32 bit)
{
    GError *error = NULL;
    bool on;

    for (guint i = 0; i < 4; i++) {
        if (!power->ops->set(power, i % 2 == 0, &error))
            fail_msg("%s", error->message);
        assert_int_equal((model->states & bit) != 0, i % 2 == 0);
        assert_true(power->ops->is_on(power, &on, NULL));
        assert_int_equal(on, i % 2 == 0);
    }
}

static void a_hid_relay_switches_through_libusb(void **state)
{
    struct kernel *kernel = *state;
    g_autoptr(rig_power) power = NULL;

    usb_model_make_hid_relay(&kernel->models[0], "1-1", "ABCDE");
    usb_model_make_hid_relay(&kernel->models[1], "1-2", "FGHIJ");
    plug_in(kernel, 0);
    plug_in(kernel, 1);
    power = open_good(kernel, "{hid-relay: {identity: FGHIJ, channel: 2}}");
    assert_switches(power, &kernel->models[1], 2);
    assert_int_equal(kernel->models[0].n_writes, 0);
}

static void a_hid_relay_that_stalls_times_out_or_goes_away_is_an_error_through_libusb(void **state)
{
    static const struct {
        enum usb_fault_kind fault;
        const char *piece;
    } cases[] = {{USB_PROTOCOL_ERROR, "control transfer"}, {USB_HALF_ANSWER, "has 4 bytes, not 8"}, {USB_GONE, "it was unplugged"}};
    struct kernel *kernel = *state;
    g_autoptr(rig_power) power = NULL;

    usb_model_make_hid_relay(&kernel->models[0], "1-1", "ABCDE");
    plug_in(kernel, 0);
    power = open_good(kernel, "{hid-relay: {identity: ABCDE}}");
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;

        kernel->models[0].fault = cases[i].fault;
        kernel->models[0].fault_from = 0;
        kernel->models[0].n_faults = 1000;
        assert_false(power->ops->set(power, true, &error));
        assert_true(g_error_matches(error, RIG_ERROR, RIG_ERROR_DEVICE));
        if (!strstr(error->message, cases[i].piece) || !strstr(error->message, "USB port 1-1"))
            fail_msg("%s", error->message);
    }
}

static void a_ykush_switches_through_libusb(void **state)
{
    struct kernel *kernel = *state;
    g_autoptr(rig_power) power = NULL;

    usb_model_make_ykush(&kernel->models[0], "1-1", 0xf2f7, "YK1");
    usb_model_make_ykush(&kernel->models[1], "1-2", 0xf2f7, "YK2");
    plug_in(kernel, 0);
    plug_in(kernel, 1);
    power = open_good(kernel, "{ykush: {serial: YK2, channel: 3}}");
    assert_switches(power, &kernel->models[1], 4);
    assert_int_equal(kernel->models[0].n_writes, 0);
}

static void an_lcus_hid_relay_switches_through_libusb(void **state)
{
    struct kernel *kernel = *state;
    g_autoptr(rig_power) power = NULL;

    usb_model_make_lcus_hid(&kernel->models[0], "1-1");
    plug_in(kernel, 0);
    power = open_good(kernel, "{lcus-hid: {port: 1-1, channel: 2, status: true}}");
    assert_switches(power, &kernel->models[0], 2);
}

static void both_halves_of_a_hub_switch_through_libusb(void **state)
{
    struct kernel *kernel = *state;
    g_autoptr(rig_power) power = NULL;

    usb_model_make_hub(&kernel->models[0], "1-1", 1, false);
    usb_model_make_hub(&kernel->models[1], "2-1", 2, true);
    for (guint i = 0; i < 2; i++) {
        kernel->models[i].has_container = true;
        plug_in(kernel, i);
    }
    power = open_good(kernel, "{hub: {hub: 1-1, channel: 2}}");
    assert_switches(power, &kernel->models[0], 2);
    assert_int_equal(kernel->models[1].states, 0xd);
}

int main(void)
{
#define WITH_KERNEL(test) cmocka_unit_test_setup_teardown(test, boot_kernel, halt_kernel)
    const struct CMUnitTest tests[] = {
        WITH_KERNEL(a_hid_relay_switches_through_libusb),
        WITH_KERNEL(a_hid_relay_that_stalls_times_out_or_goes_away_is_an_error_through_libusb),
        WITH_KERNEL(a_ykush_switches_through_libusb),
        WITH_KERNEL(an_lcus_hid_relay_switches_through_libusb),
        WITH_KERNEL(both_halves_of_a_hub_switch_through_libusb),
    };

    return cmocka_run_group_tests_name("power over libusb", tests, NULL, NULL);
}
