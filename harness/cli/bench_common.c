/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Bench file and locks of the command line. */
#include "cli/bench_common.h"

#include "base/error.h"

#include <stdio.h>

struct rig_bench *rig_cli_bench(const char *named, GError **error)
{
    const char *path = named ? named : g_getenv("BOOTRIG_BENCH");

    if (!path && !g_file_test(RIG_BENCH_DEFAULT, G_FILE_TEST_EXISTS)) {
        g_set_error(error, RIG_ERROR, RIG_ERROR_USAGE,
                    "there is no %s here; name the bench file with --bench or BOOTRIG_BENCH",
                    RIG_BENCH_DEFAULT);
        return NULL;
    }
    return rig_bench_load(path ? path : RIG_BENCH_DEFAULT, error);
}

static void tell_waiting(void *user, const char *resource, const char *holder)
{
    const struct rig_bench_board *board = user;

    fprintf(stderr, "bootrig: board '%s' waits: %s is in use by %s\n", board->name, resource, holder);
}

struct rig_lock *rig_cli_lock(const struct rig_bench_board *board, const char *who, guint wait_s,
                              GError **error)
{
    g_autofree char *directory = rig_lock_directory(NULL, error);

    return directory ? rig_lock_board(directory, board, who, (guint64)wait_s * 1000000, tell_waiting,
                                      (void *)board, error)
                     : NULL;
}
