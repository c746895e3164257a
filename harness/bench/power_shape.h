/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a bench file may say under `power:`: one key per driver. harness/drivers/power/table.c has the driver
 * of each. */
#ifndef RIG_BENCH_POWER_SHAPE_H
#define RIG_BENCH_POWER_SHAPE_H

#include "scenario/schema.h"

/* The fields are told in power_shape.c. */
struct rig_hid_relay_spec {
    const char *identity;
    const char *port;
    guint8 channel;
};
struct rig_lcus_spec {
    const char *tty;
    bool status;
    guint8 channel;
};
struct rig_lcus_hid_spec {
    bool status;
    const char *port;
    guint8 channel;
};
struct rig_ykush_spec {
    const char *serial;
    const guint8 *channel;
    const char *output; /* "5v", instead of a channel */
    const char *port;
};
struct rig_hub_spec {
    const char *hub;
    guint8 channel;
    bool alone;
    bool ganged;
};
struct rig_ppk2_spec {
    const char *serial;
    const char *tty;
    guint32 millivolts;
    guint32 dead_below;
};
struct rig_power_command_spec {
    const char *const *on;
    const char *const *off;
    const char *const *status;
    guint64 within_us;
};
struct rig_qemu_supply_spec {
    const char *socket;
    const char *off;
};

/* A variant: exactly one of its fields is written, and each is a record. */
extern const struct rig_shape rig_power_shape;

/* One supply as a text that is the same for two entries that mean the same channel: "hid-relay ABCDE channel
 * 2". The caller owns it. */
char *rig_power_channel_key(const struct rig_field *driver, const struct rig_record *arguments);

#endif
