/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The table of firmwares: a line each. */
#include "sim/firmware/firmwares.h"

#include "sim/firmware/example/example.h"
#include "sim/firmware/mcuboot/mcuboot.h"
#include "sim/firmware/nordic/nordic_legacy.h"
#include "sim/firmware/nordic/nordic_secure.h"

#include <string.h>

static const struct sim_firmware *const firmwares[] = {
    &sim_mcuboot,
    &sim_nordic_secure,
    &sim_nordic_legacy,
    &sim_example,
};

#define N_FIRMWARES (sizeof firmwares / sizeof *firmwares)

size_t sim_n_firmwares(void)
{
    return N_FIRMWARES;
}

const struct sim_firmware *sim_firmware_named(const char *name)
{
    for (size_t i = 0; i < N_FIRMWARES; i++)
        if (strcmp(firmwares[i]->name, name) == 0)
            return firmwares[i];
    return NULL;
}
