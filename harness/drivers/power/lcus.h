/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The four-byte frames of LCUS relays and their answers in text; no I/O. */
#ifndef RIG_DRIVERS_POWER_LCUS_H
#define RIG_DRIVERS_POWER_LCUS_H

#include <glib.h>
#include <stdbool.h>

#define RIG_LCUS_FRAME_BYTES 4

/* A0, channel, 01 or 00, sum. [SPEC vendor "LC USB switch protocol"; SRC jumpstarter noyito-relay driver] */
void rig_lcus_frame(guint8 channel, guint8 operation, guint8 frame[RIG_LCUS_FRAME_BYTES]);
/* Finds "CHn: ON" or "CHn:OFF" in what came so far. false: not (wholly) there. */
bool rig_lcus_state(const char *text, gsize n_bytes, guint8 channel, bool *on);

#endif
