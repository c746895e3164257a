/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The table of power drivers, and what they are opened with. */
#ifndef RIG_DRIVERS_POWER_DRIVER_H
#define RIG_DRIVERS_POWER_DRIVER_H

#include "bench/power_shape.h"
#include "drivers/power/channel.h"
#include "transport/usb.h"

G_BEGIN_DECLS

/* The machine that the supplies hang on. Outlives what is opened with it. */
struct rig_power_host {
    struct rig_usb_bus *usb; /* NULL until somebody needs it; owned */
    const char *sysfs;       /* "/sys" */
    const char *dev;         /* "/dev" */
};
void rig_power_host_init(struct rig_power_host *host);
void rig_power_host_clear(struct rig_power_host *host);
struct rig_usb_bus *rig_power_host_usb(struct rig_power_host *host, GError **error);

/* rig_usb_find() on the host's bus. */
struct rig_usb_description *rig_power_find_usb(struct rig_power_host *host, const struct rig_usb_match *match,
                                               GError **error);

/* A supply that is attached and could be named in a bench file. */
struct rig_power_found {
    char *what;  /* "USBRelay2 ABCDE at USB port 1-1.4" */
    char *entry; /* "{hid-relay: {identity: ABCDE, channel: 1}}" */
    char *state; /* "1 on, 2 off"; NULL = it does not tell */
};
void rig_power_found_free(struct rig_power_found *found);

/* For a driver's list(): what `describe` makes of each device that fits; NULL: it is passed over. */
bool rig_power_list_usb(struct rig_power_host *host, const struct rig_usb_match *match,
                        struct rig_power_found *(*describe)(struct rig_usb_bus *bus,
                                                            const struct rig_usb_description *device),
                        GPtrArray *found, GError **error);

struct rig_power_driver {
    const char *name; /* the key below `power:` */
    /* arguments: of the driver's shape in bench/power_shape.c; borrowed for the call. Opening switches
     * nothing. */
    struct rig_power *(*open)(struct rig_power_host *host, const struct rig_record *arguments,
                              GError **error);
    /* Adds struct rig_power_found *; NULL: such devices cannot be found by looking. */
    bool (*list)(struct rig_power_host *host, GPtrArray *found, GError **error);
    /* false: a supply that one process opens may change state when it closes; told to people who use `bootrig
     * power`. */
    bool keeps_state;
};
extern const struct rig_power_driver *const rig_power_drivers[];
extern const gsize rig_n_power_drivers;

/* The supply that a bench file's `power:` names: driver is its key. RIG_ERROR_DEVICE: not there, not the
 * right one. */
struct rig_power *rig_power_open(struct rig_power_host *host, const struct rig_field *driver,
                                 const struct rig_record *arguments,
                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* All that can be found by looking; what could not be looked at is told in *problems (a text, or NULL). */
GPtrArray *rig_power_list(struct rig_power_host *host, char **problems) G_GNUC_WARN_UNUSED_RESULT;

extern const struct rig_power_driver rig_power_hid_relay, rig_power_lcus, rig_power_lcus_hid, rig_power_ykush,
    rig_power_hub, rig_power_ppk2, rig_power_command, rig_power_qemu;

G_END_DECLS

#endif
