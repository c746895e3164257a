/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a bench file may say under `power:`: one key per driver. harness/drivers/power/table.c has the driver
 * of each. */
#ifndef RIG_BENCH_POWER_SHAPE_H
#define RIG_BENCH_POWER_SHAPE_H

#include "scenario/schema.h"

/* A variant: exactly one of its fields is written, and each is a record. */
extern const struct rig_shape rig_power_shape;

/* One supply as a text that is the same for two entries that mean the same channel: "hid-relay ABCDE channel
 * 2". The caller owns it. */
char *rig_power_channel_key(const struct rig_field *driver, const struct rig_record *arguments);

#endif
