/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which power drivers there are. */
#define _XOPEN_SOURCE 700 /* realpath */
#include "drivers/power/driver.h"

#include <stdlib.h>
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

/* Names of open devices tell where they hang; a serial port has several names, so it is followed to its end.
 */
char *rig_power_resolved_key(const struct rig_power *power, const struct rig_record *arguments)
{
    const char *name = rig_channel_name(power);
    /* Where it is plugged in, not what it is called: one board has several names and one place. */
    const char *place = strstr(name, "at USB port ");

    for (gsize i = 0; i < arguments->shape->n_fields; i++) {
        const struct rig_value *tty = arguments->values[i];
        g_autofree char *real = NULL;

        if (!tty || strcmp(arguments->shape->fields[i].name, "tty") != 0)
            continue;
        real = realpath(tty->text, NULL);
        return g_strdup_printf(
            "power device %s channel %" G_GUINT64_FORMAT, real ? real : tty->text,
            strcmp(arguments->shape->name, "lcus") == 0 ? rig_record_count(arguments, "channel") : 0);
    }
    return g_strdup_printf("power device %s", place ? place : name);
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
