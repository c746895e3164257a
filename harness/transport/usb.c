/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What every kind of USB bus shares: finding one device among many, and saying why it was not found. */
#include "transport/usb.h"

#include "base/error.h"

void rig_usb_description_free(struct rig_usb_description *description)
{
    if (!description)
        return;
    g_free(description->port);
    g_free(description->manufacturer);
    g_free(description->product_name);
    g_free(description->serial);
    g_free(description);
}

void rig_usb_bus_free(struct rig_usb_bus *bus)
{
    if (bus)
        bus->ops->free(bus);
}

void rig_usb_free(struct rig_usb *usb)
{
    if (usb)
        usb->ops->free(usb);
}

static bool fits(const struct rig_usb_match *match, const struct rig_usb_description *description)
{
    if (match->port && g_strcmp0(match->port, description->port) != 0)
        return false;
    if (match->serial && g_strcmp0(match->serial, description->serial) != 0)
        return false;
    return !match->accepts || match->accepts(description);
}

GPtrArray *rig_usb_find_all(struct rig_usb_bus *bus, const struct rig_usb_match *match, GError **error)
{
    GPtrArray *devices = bus->ops->list(bus, error);

    for (guint i = devices ? devices->len : 0; i > 0; i--)
        if (!fits(match, devices->pdata[i - 1]))
            g_ptr_array_remove_index(devices, i - 1);
    return devices;
}

static void append_devices(GString *text, const GPtrArray *devices)
{
    for (guint i = 0; i < devices->len; i++) {
        const struct rig_usb_description *device = devices->pdata[i];

        g_string_append_printf(text, "%sUSB port %s", i ? ", " : "", device->port);
        if (device->serial)
            g_string_append_printf(text, " (serial %s)", device->serial);
    }
}

static char *wanted(const struct rig_usb_match *match)
{
    GString *text = g_string_new(match->what);

    if (match->serial)
        g_string_append_printf(text, " with serial %s", match->serial);
    if (match->port)
        g_string_append_printf(text, " at USB port %s", match->port);
    return g_string_free(text, FALSE);
}

static void tell_none(struct rig_usb_bus *bus, const struct rig_usb_match *match, GError **error)
{
    const struct rig_usb_match anywhere = {.what = match->what, .accepts = match->accepts};
    g_autoptr(GPtrArray) others = rig_usb_find_all(bus, &anywhere, NULL);
    g_autofree char *looked_for = wanted(match);
    g_autoptr(GString) text = g_string_new(NULL);

    if (others && others->len > 0) {
        g_string_append(text, "; there is one at ");
        append_devices(text, others);
    }
    g_set_error(error, RIG_ERROR, RIG_ERROR_DEVICE, "%s is not attached%s", looked_for, text->str);
}

struct rig_usb_description *rig_usb_find(struct rig_usb_bus *bus, const struct rig_usb_match *match,
                                         GError **error)
{
    g_autoptr(GPtrArray) devices = rig_usb_find_all(bus, match, error);
    g_autoptr(GString) text = g_string_new(NULL);

    if (!devices)
        return NULL;
    if (devices->len == 1)
        return g_ptr_array_steal_index(devices, 0);
    if (devices->len == 0) {
        tell_none(bus, match, error);
        return NULL;
    }
    append_devices(text, devices);
    g_set_error(error, RIG_ERROR, RIG_ERROR_DEVICE, "%s fits %u devices; name one by its port: %s",
                match->what, devices->len, text->str);
    return NULL;
}

struct rig_usb *rig_usb_open(struct rig_usb_bus *bus, const struct rig_usb_description *description,
                             int interface, GError **error)
{
    return bus->ops->open(bus, description, interface, error);
}

void rig_usb_release(struct rig_usb *usb)
{
    if (usb->ops->release)
        usb->ops->release(usb);
}

bool rig_usb_control(struct rig_usb *usb, const struct rig_usb_setup *setup, guint8 *bytes, gsize n_bytes,
                     gsize *n_done, guint timeout_ms, GError **error)
{
    g_assert(n_bytes <= RIG_USB_MAX_TRANSFER_BYTES);
    return usb->ops->control(usb, setup, bytes, n_bytes, n_done, timeout_ms, error);
}

bool rig_usb_interrupt(struct rig_usb *usb, guint8 endpoint, guint8 *bytes, gsize n_bytes, gsize *n_done,
                       guint timeout_ms, GError **error)
{
    g_assert(n_bytes <= RIG_USB_MAX_TRANSFER_BYTES);
    return usb->ops->interrupt(usb, endpoint, bytes, n_bytes, n_done, timeout_ms, error);
}
