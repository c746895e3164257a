/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One hub's ports: descriptors, status words, the power switch. Knows nothing of pairs. */
#ifndef RIG_DRIVERS_POWER_HUB_PORT_H
#define RIG_DRIVERS_POWER_HUB_PORT_H

#include "drivers/power/driver.h"

#define RIG_CONTAINER_ID_BYTES 16

struct rig_hub {
    struct rig_usb *usb;
    char *port;       /* of the hub itself */
    bool super_speed; /* its status words have another layout */
    guint8 n_ports;
    guint8 switching; /* wHubCharacteristics bits 1..0: 0 ganged, 1 per port, 2 and 3 none */
    bool has_container;
    guint8 container[RIG_CONTAINER_ID_BYTES];
};

bool rig_hub_is_hub(const struct rig_usb_description *device);
/* Opens it and reads its descriptors. RIG_ERROR_DEVICE. */
struct rig_hub *rig_hub_open(struct rig_usb_bus *bus, const struct rig_usb_description *device,
                             GError **error);
void rig_hub_free(struct rig_hub *hub);
typedef struct rig_hub rig_hub;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(rig_hub, rig_hub_free)

/* "1-1.4" and 2 -> "1-1.4.2"; "usb3" and 2 -> "3-2". The caller owns it. */
char *rig_hub_child_port(const char *hub_port, guint number);
bool rig_hub_port_powered(struct rig_hub *hub, guint8 number, bool *on, GError **error);
/* Through the kernel's `disable` file where there is one (kernel 6.0 and later), else by a request to the
 * hub. */
bool rig_hub_switch_port(struct rig_hub *hub, const char *sysfs, guint8 number, bool on, GError **error);

#endif
