/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the parts of `bootrig doctor` share. */
#ifndef RIG_CLI_DOCTOR_H
#define RIG_CLI_DOCTOR_H

#include "bench/bench.h"

G_BEGIN_DECLS

/* What a program that is asked for its version may take and say. */
#define RIG_DOCTOR_WITHIN_US (5 * G_USEC_PER_SEC)
#define RIG_DOCTOR_MAX_OUTPUT 4096u

struct rig_doctor {
    bool missing; /* something that is needed is not there */
};

/* One line. verdict: "ok"; "missing": needed and not there, the exit code says so; "note": good to know; "not
 * checked". text names the remedy. */
void rig_doctor_say(struct rig_doctor *doctor, const char *what, const char *verdict, const char *text);

/* Daemon, bus, adapters, captures, settings and versions. bench NULL: nobody said that Bluetooth is wanted,
 * so nothing of it is missing; else its boards with `ble:` are meant, and their adapters. */
void rig_doctor_check_bluetooth(struct rig_doctor *doctor, const struct rig_bench *bench);

/* Whether the board is reached over Bluetooth LE. */
bool rig_doctor_is_over_ble(const struct rig_bench_board *board);

G_END_DECLS

#endif
