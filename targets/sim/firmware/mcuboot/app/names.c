/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Names of behaviours and defects. */
#include "sim/board.h"

#include <string.h>

static const char *const behaviours[] = {"waits", "confirms", "crashes", "hangs"};
#define N_BEHAVIOURS (sizeof behaviours / sizeof *behaviours)

const char *sim_app_behaviour_name(enum sim_app_behaviour behaviour)
{
    return (unsigned)behaviour < N_BEHAVIOURS ? behaviours[behaviour] : "unknown";
}

bool sim_app_behaviour_from_name(const char *name, enum sim_app_behaviour *behaviour)
{
    for (unsigned i = 0; i < N_BEHAVIOURS; i++) {
        if (strcmp(name, behaviours[i]) == 0) {
            *behaviour = (enum sim_app_behaviour)i;
            return true;
        }
    }
    return false;
}

const char *sim_app_defect_name(unsigned bit)
{
    static const char *const names[SIM_APP_N_DEFECTS] = {
        "accepts-wrong-offset", "reboots-in-upload", "second-upload-dead",
        "confirm-does-nothing", "erases-pending",    "accepts-json",
        "upload-in-trial",      "no-resume",         "wrong-hash-accepted",
    };

    return bit < SIM_APP_N_DEFECTS ? names[bit] : NULL;
}
