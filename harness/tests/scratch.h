/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A folder for a group of tests, as its set-up and tear-down: *state is its path. */
#ifndef RIG_TESTS_SCRATCH_H
#define RIG_TESTS_SCRATCH_H

#include <glib.h>
#include <glib/gstdio.h>

static inline int scratch_make(void **state)
{
    *state = g_dir_make_tmp("rig-test-XXXXXX", NULL);
    return *state ? 0 : -1;
}

/* The tests have removed what they made: what is left is a failure. */
static inline int scratch_remove(void **state)
{
    int code = g_rmdir(*state);

    g_free(*state);
    return code;
}

#endif
