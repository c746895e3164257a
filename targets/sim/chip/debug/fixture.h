/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A board that runs version 1 with its debug port, for the tests of this folder. */
#ifndef SIM_DEBUG_FIXTURE_H
#define SIM_DEBUG_FIXTURE_H

#include "sim/firmware/mcuboot/support.h"
#include "sim/chip/debug/debug.h"

struct debugged {
    struct bench bench;
    struct sim_debug *debug;
    struct rig_bytes image;
};
struct debugged *debugged_new(void);
void debugged_free(struct debugged *debugged);
/* Lets the board run, as a pacing host does: not while the core is stopped. */
void debugged_run(struct debugged *debugged, uint64_t for_us);

#endif
