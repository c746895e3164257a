/* SPDX-License-Identifier: GPL-3.0-or-later */
/* For each field of the scenario language a pair of scenarios that differ in it, and do not do the same. */
#ifndef RIG_TESTS_PROCESS_EFFECTS_H
#define RIG_TESTS_PROCESS_EFFECTS_H

#include <glib.h>

/* Both are lines: "= NAME: DEFINITION" of an image (old, new and big have one, where they are used), "@
 * TARGET", and all others steps. NULL: `reason` says why no pair can be played on the simulated board. */
struct effect {
    const char *field; /* "upload.window": of the shape of that name */
    const char *without;
    const char *with;
    const char *reason;
};
extern const struct effect effects[];
extern const gsize n_effects;

#endif
