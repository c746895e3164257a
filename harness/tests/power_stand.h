/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Opens power drivers from a line of YAML, as a bench file would. */
#ifndef RIG_TESTS_POWER_STAND_H
#define RIG_TESTS_POWER_STAND_H

#include "drivers/power/driver.h"

/* entry: "{hid-relay: {identity: ABCDE}}". Test failure when the entry itself is wrong. NULL with an error
 * from the driver. */
struct rig_power *power_stand_open(struct rig_power_host *host, const char *entry, GError **error);

#endif
