/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which links there are. */
#include "drivers/links/links.h"

#include "base/error.h"
#include "drivers/bluez/bluez_link.h"
#include "drivers/serial/serial_link.h"
#include "drivers/udp/udp_link.h"

static const char *const nothing[] = {NULL};
static const char *const console_too[] = {"console", NULL};
static const char *const bluetooth[] = {"ble", "bonding", "bluetooth-stack", NULL};
static const struct rig_link_kind bluez = {
    .name = "bluez", .make = rig_bluez_link_new, .capabilities = bluetooth};
static const struct rig_link_kind udp = {.name = "udp", .make = rig_udp_link_new, .capabilities = nothing};
static const struct rig_link_kind serial = {
    .name = "serial", .make = rig_serial_link_new, .capabilities = console_too};

const struct rig_link_kind *const rig_link_kinds[] = {&bluez, &udp, &serial};
const gsize rig_n_link_kinds = G_N_ELEMENTS(rig_link_kinds);

const struct rig_link_kind *rig_link_kind_find(const char *name, GError **error)
{
    g_autoptr(GString) names = g_string_new(NULL);

    for (gsize i = 0; i < rig_n_link_kinds; i++) {
        if (g_str_equal(rig_link_kinds[i]->name, name))
            return rig_link_kinds[i];
        g_string_append_printf(names, "%s%s", i ? ", " : "", rig_link_kinds[i]->name);
    }
    g_set_error(error, RIG_ERROR, RIG_ERROR_USAGE, "there is no link '%s'; there are: %s", name, names->str);
    return NULL;
}
