/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A piece of a flash device. GLib-free. */
#ifndef SIM_FLASH_AREA_H
#define SIM_FLASH_AREA_H

#include <stdint.h>

struct sim_area {
    unsigned device;
    uint32_t offset;
    uint32_t n_bytes; /* 0: there is no such area */
};

#endif
