/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The firmwares that there are. */
#ifndef SIM_FIRMWARE_FIRMWARES_H
#define SIM_FIRMWARE_FIRMWARES_H

#include "sim/firmware/firmware.h"

/* NULL: there is none of this name. */
const struct sim_firmware *sim_firmware_named(const char *name);
size_t sim_n_firmwares(void);

#endif
