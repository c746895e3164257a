/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Names of link outcomes. */
#include "drivers/link/link.h"

const char *rig_link_outcome_name(enum rig_link_outcome outcome)
{
    static const char *const names[RIG_LINK_N_OUTCOMES] = {
        "ok",          "timeout",       "not-found",       "link-lost",     "not-connected",
        "key-missing", "key-different", "pairing-refused", "not-encrypted", "no-service",
        "too-long",
    };

    return (guint)outcome < RIG_LINK_N_OUTCOMES ? names[outcome] : "unknown";
}
