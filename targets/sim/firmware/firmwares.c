/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The table of firmwares: a line each. */
#include "sim/firmware/firmwares.h"

#include "sim/firmware/mcuboot/mcuboot.h"

#include <string.h>

static const struct sim_firmware *const firmwares[] = {
    &sim_mcuboot,
};

const struct sim_firmware *sim_firmware_named(const char *name)
{
    for (size_t i = 0; i < sizeof firmwares / sizeof *firmwares; i++)
        if (strcmp(firmwares[i]->name, name) == 0)
            return firmwares[i];
    return NULL;
}
