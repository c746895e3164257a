/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which power drivers there are. */
#include "drivers/power/driver.h"

#include <string.h>

const struct rig_power_driver *const rig_power_drivers[] = {
    &rig_power_hid_relay, &rig_power_lcus, &rig_power_lcus_hid, &rig_power_ykush,
    &rig_power_hub,       &rig_power_ppk2, &rig_power_command,  &rig_power_qemu,
};
const gsize rig_n_power_drivers = G_N_ELEMENTS(rig_power_drivers);

void rig_power_host_init(struct rig_power_host *host)
{
    *host = (struct rig_power_host){.sysfs = "/sys", .dev = "/dev"};
}

void rig_power_host_clear(struct rig_power_host *host)
{
    g_clear_pointer(&host->usb, rig_usb_bus_free);
}

struct rig_usb_bus *rig_power_host_usb(struct rig_power_host *host, GError **error)
{
    if (!host->usb)
        host->usb = rig_usb_bus_new(error);
    return host->usb;
}

struct rig_usb_description *rig_power_find_usb(struct rig_power_host *host, const struct rig_usb_match *match,
                                               GError **error)
{
    struct rig_usb_bus *bus = rig_power_host_usb(host, error);

    return bus ? rig_usb_find(bus, match, error) : NULL;
}

bool rig_power_list_usb(struct rig_power_host *host, const struct rig_usb_match *match,
                        struct rig_power_found *(*describe)(struct rig_usb_bus *bus,
                                                            const struct rig_usb_description *device),
                        GPtrArray *found, GError **error)
{
    struct rig_usb_bus *bus = rig_power_host_usb(host, error);
    g_autoptr(GPtrArray) devices = bus ? rig_usb_find_all(bus, match, error) : NULL;

    for (guint i = 0; devices && i < devices->len; i++) {
        struct rig_power_found *one = describe(bus, devices->pdata[i]);

        if (one)
            g_ptr_array_add(found, one);
    }
    return devices != NULL;
}

void rig_power_found_free(struct rig_power_found *found)
{
    g_free(found->what);
    g_free(found->entry);
    g_free(found->state);
    g_free(found);
}

struct rig_power *rig_power_open(struct rig_power_host *host, const struct rig_field *driver,
                                 const struct rig_record *arguments, GError **error)
{
    for (gsize i = 0; i < rig_n_power_drivers; i++)
        if (strcmp(rig_power_drivers[i]->name, driver->name) == 0)
            return rig_power_drivers[i]->open(host, arguments, error);
    g_error("'%s' has a shape and no driver", driver->name);
}

GPtrArray *rig_power_list(struct rig_power_host *host, char **problems)
{
    GPtrArray *found = g_ptr_array_new_with_free_func((GDestroyNotify)rig_power_found_free);
    g_autoptr(GString) text = g_string_new(NULL);

    for (gsize i = 0; i < rig_n_power_drivers; i++) {
        g_autoptr(GError) error = NULL;

        if (rig_power_drivers[i]->list && !rig_power_drivers[i]->list(host, found, &error))
            g_string_append_printf(text, "%s: %s\n", rig_power_drivers[i]->name, error->message);
    }
    *problems = text->len ? g_strdup(text->str) : NULL;
    return found;
}
