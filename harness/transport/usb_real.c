/* SPDX-License-Identifier: GPL-3.0-or-later */
/* USB through libusb; the texts of a device come from sysfs, which needs no permission and no transfer. */
#include "transport/usb.h"

#include "base/error.h"
#include "transport/holder.h"

#include <libusb.h>
#include <stdio.h>
#include <string.h>

#define CLAIM_TRIES 200
#define CLAIM_PAUSE_US 10000
#define MAX_PORT_DEPTH 7 /* [SPEC USB 3.2, 8.9: five hubs in a chain, plus root and device] */

struct real_bus {
    struct rig_usb_bus bus;
    libusb_context *context;
};

struct real_usb {
    struct rig_usb usb;
    libusb_device_handle *device;
    int interface; /* -1: none is wanted */
    bool claimed;
};

/* The one place where libusb's codes become ours. */
static bool fail(GError **error, const char *name, const char *doing, int code)
{
    const char *why = code == LIBUSB_ERROR_NO_DEVICE ? "it was unplugged"
                      : code == LIBUSB_ERROR_TIMEOUT ? "no answer in time"
                      : code == LIBUSB_ERROR_ACCESS  ? "no permission; 'bootrig doctor' tells the udev rule"
                      : code == LIBUSB_ERROR_BUSY    ? "another program uses it"
                                                     : libusb_strerror(code);

    g_set_error(error, RIG_ERROR, RIG_ERROR_DEVICE, "%s: %s: %s", name, doing, why);
    return false;
}

static bool claim_failed(struct real_usb *real, GError **error)
{
    libusb_device *device = libusb_get_device(real->device);
    g_autofree char *path = g_strdup_printf("/dev/bus/usb/%03u/%03u", libusb_get_bus_number(device),
                                            libusb_get_device_address(device));
    g_autofree char *holder = rig_holder_text(path);

    g_set_error(error, RIG_ERROR, RIG_ERROR_DEVICE, "%s: cannot claim it: %s", real->usb.name, holder);
    return false;
}

static bool transfer_failed(struct rig_usb *usb, const char *doing, int code, GError **error)
{
    usb->gone |= code == LIBUSB_ERROR_NO_DEVICE;
    return fail(error, usb->name, doing, code);
}

static bool real_control(struct rig_usb *usb, const struct rig_usb_setup *setup, guint8 *bytes, gsize n_bytes,
                         gsize *n_done, guint timeout_ms, GError **error)
{
    struct real_usb *real = (struct real_usb *)usb;
    int code = libusb_control_transfer(real->device, setup->request_type, setup->request, setup->value,
                                       setup->index, bytes, (uint16_t)n_bytes, timeout_ms);

    *n_done = code < 0 ? 0 : (gsize)code;
    return code >= 0 || transfer_failed(usb, "control transfer", code, error);
}

static bool real_interrupt(struct rig_usb *usb, guint8 endpoint, guint8 *bytes, gsize n_bytes, gsize *n_done,
                           guint timeout_ms, GError **error)
{
    struct real_usb *real = (struct real_usb *)usb;
    int n_moved = 0;
    int code = libusb_interrupt_transfer(real->device, endpoint, bytes, (int)n_bytes, &n_moved, timeout_ms);

    *n_done = (gsize)MAX(n_moved, 0);
    return code == 0 || transfer_failed(usb, "interrupt transfer", code, error);
}

/* 0, or libusb's code. */
static int claim(struct real_usb *real)
{
    int code = LIBUSB_ERROR_BUSY;

    /* Not every kernel knows how to give an interface back; then the claim itself tells. */
    libusb_set_auto_detach_kernel_driver(real->device, 1);
    for (guint i = 0; i < CLAIM_TRIES && code == LIBUSB_ERROR_BUSY; i++) {
        if (i > 0)
            g_usleep(CLAIM_PAUSE_US);
        code = libusb_claim_interface(real->device, real->interface);
    }
    real->claimed = code == 0;
    return code;
}

static bool real_claim(struct rig_usb *usb, GError **error)
{
    struct real_usb *real = (struct real_usb *)usb;
    int code = real->interface < 0 || real->claimed ? 0 : claim(real);

    if (code == LIBUSB_ERROR_BUSY)
        return claim_failed(real, error);
    return code == 0 || transfer_failed(usb, "cannot claim it", code, error);
}

static void real_release(struct rig_usb *usb)
{
    struct real_usb *real = (struct real_usb *)usb;

    if (real->claimed)
        libusb_release_interface(real->device, real->interface);
    real->claimed = false;
}

static void real_free(struct rig_usb *usb)
{
    struct real_usb *real = (struct real_usb *)usb;

    if (real->device) {
        real_release(usb);
        libusb_close(real->device);
    }
    g_free(usb->name);
    g_free(real);
}

static const struct rig_usb_ops usb_ops = {.control = real_control,
                                           .interrupt = real_interrupt,
                                           .claim = real_claim,
                                           .release = real_release,
                                           .free = real_free};

static char *port_name(libusb_device *device)
{
    uint8_t numbers[MAX_PORT_DEPTH];
    int n = libusb_get_port_numbers(device, numbers, sizeof numbers);
    GString *text;

    if (n <= 0)
        return g_strdup_printf("usb%u", libusb_get_bus_number(device));
    text = g_string_new(NULL);
    g_string_printf(text, "%u-%u", libusb_get_bus_number(device), numbers[0]);
    for (int i = 1; i < n; i++)
        g_string_append_printf(text, ".%u", numbers[i]);
    return g_string_free(text, FALSE);
}

/* NULL when the device has no such text. What a device says of itself is not trusted to be UTF-8 or short. */
static char *sysfs_text(const char *port, const char *attribute)
{
    g_autofree char *path = g_build_filename("/sys/bus/usb/devices", port, attribute, NULL);
    FILE *file = fopen(path, "re");
    char line[256] = "";
    bool there = file && fgets(line, sizeof line, file);

    if (file)
        fclose(file);
    g_strchomp(line);
    return there && *line ? g_utf8_make_valid(line, -1) : NULL;
}

static struct rig_usb_description *describe(libusb_device *device)
{
    struct libusb_device_descriptor descriptor;
    struct rig_usb_description *description;

    if (libusb_get_device_descriptor(device, &descriptor) != 0)
        return NULL;
    description = g_new0(struct rig_usb_description, 1);
    description->vendor = descriptor.idVendor;
    description->product = descriptor.idProduct;
    description->usb_version = descriptor.bcdUSB;
    description->device_class = descriptor.bDeviceClass;
    description->bus = libusb_get_bus_number(device);
    description->port = port_name(device);
    description->manufacturer = sysfs_text(description->port, "manufacturer");
    description->product_name = sysfs_text(description->port, "product");
    description->serial = sysfs_text(description->port, "serial");
    return description;
}

static GPtrArray *real_list(struct rig_usb_bus *bus, GError **error)
{
    libusb_device **devices = NULL;
    ssize_t n = libusb_get_device_list(((struct real_bus *)bus)->context, &devices);
    GPtrArray *list;

    if (n < 0) {
        fail(error, "USB", "cannot list the devices", (int)n);
        return NULL;
    }
    list = g_ptr_array_new_with_free_func((GDestroyNotify)rig_usb_description_free);
    for (ssize_t i = 0; i < n; i++) {
        struct rig_usb_description *description = describe(devices[i]);

        if (description)
            g_ptr_array_add(list, description);
    }
    libusb_free_device_list(devices, 1);
    return list;
}

static int open_at(struct real_bus *bus, const char *port, libusb_device_handle **device)
{
    libusb_device **devices = NULL;
    ssize_t n = libusb_get_device_list(bus->context, &devices);
    int code = n < 0 ? (int)n : LIBUSB_ERROR_NO_DEVICE;

    for (ssize_t i = 0; i < n; i++) {
        g_autofree char *here = port_name(devices[i]);

        if (strcmp(here, port) == 0) {
            code = libusb_open(devices[i], device);
            break;
        }
    }
    if (n >= 0)
        libusb_free_device_list(devices, 1);
    return code;
}

static void note_endpoints(struct rig_usb *usb, const struct libusb_interface_descriptor *interface)
{
    for (guint i = 0; i < interface->bNumEndpoints; i++) {
        const struct libusb_endpoint_descriptor *endpoint = &interface->endpoint[i];

        if ((endpoint->bmAttributes & LIBUSB_TRANSFER_TYPE_MASK) != LIBUSB_TRANSFER_TYPE_INTERRUPT)
            continue;
        if ((endpoint->bEndpointAddress & LIBUSB_ENDPOINT_IN) && !usb->interrupt_in)
            usb->interrupt_in = endpoint->bEndpointAddress;
        else if (!(endpoint->bEndpointAddress & LIBUSB_ENDPOINT_IN) && !usb->interrupt_out)
            usb->interrupt_out = endpoint->bEndpointAddress;
    }
}

static int find_endpoints(struct real_usb *real)
{
    struct libusb_config_descriptor *configuration = NULL;
    int code = libusb_get_active_config_descriptor(libusb_get_device(real->device), &configuration);

    if (code != 0)
        return code;
    for (guint i = 0; i < configuration->bNumInterfaces; i++)
        if (configuration->interface[i].num_altsetting > 0 &&
            configuration->interface[i].altsetting[0].bInterfaceNumber == real->interface)
            note_endpoints(&real->usb, &configuration->interface[i].altsetting[0]);
    libusb_free_config_descriptor(configuration);
    return 0;
}

static struct rig_usb *real_open(struct rig_usb_bus *bus, const struct rig_usb_description *description,
                                 int interface, GError **error)
{
    struct real_usb *real = g_new0(struct real_usb, 1);
    int code;

    real->usb.ops = &usb_ops;
    real->usb.name = g_strdup_printf("%04x:%04x at USB port %s", description->vendor, description->product,
                                     description->port);
    real->interface = -1;
    code = open_at((struct real_bus *)bus, description->port, &real->device);
    if (code == 0 && interface >= 0) {
        real->interface = interface;
        code = claim(real);
        if (code == 0)
            code = find_endpoints(real);
    }
    if (code == 0)
        return &real->usb;
    if (code == LIBUSB_ERROR_BUSY && real->device)
        (void)claim_failed(real, error);
    else
        fail(error, real->usb.name, "cannot open it", code);
    real_free(&real->usb);
    return NULL;
}

static void real_bus_free(struct rig_usb_bus *bus)
{
    libusb_exit(((struct real_bus *)bus)->context);
    g_free(bus);
}

static const struct rig_usb_bus_ops bus_ops = {.list = real_list, .open = real_open, .free = real_bus_free};

struct rig_usb_bus *rig_usb_bus_new(GError **error)
{
    struct real_bus *real = g_new0(struct real_bus, 1);
    int code = libusb_init(&real->context);

    real->bus.ops = &bus_ops;
    if (code == 0)
        return &real->bus;
    fail(error, "USB", "cannot start", code);
    g_free(real);
    return NULL;
}
