/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Bench file and locks of the command line. */
#include "cli/bench_common.h"

#include "base/error.h"

#include <pthread.h>
#include <stdio.h>
#include <time.h>

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
    g_autofree char *directory = rig_lock_directory(error);

    return directory ? rig_lock_board(directory, board, who, (guint64)wait_s * 1000000, tell_waiting,
                                      (void *)board, error)
                     : NULL;
}

static void held_signals(sigset_t *held)
{
    sigemptyset(held);
    sigaddset(held, SIGINT);
    sigaddset(held, SIGTERM);
    sigaddset(held, SIGHUP);
}

void rig_cli_hold_signals(sigset_t *before)
{
    sigset_t held;

    held_signals(&held);
    pthread_sigmask(SIG_BLOCK, &held, before);
}

void rig_cli_release_signals(const sigset_t *before)
{
    pthread_sigmask(SIG_SETMASK, before, NULL);
}

bool rig_cli_signal_is_held(void)
{
    sigset_t pending;

    return sigpending(&pending) == 0 &&
           (sigismember(&pending, SIGINT) == 1 || sigismember(&pending, SIGTERM) == 1 ||
            sigismember(&pending, SIGHUP) == 1);
}

void rig_cli_wait_held_ms(guint ms)
{
    const struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};
    sigset_t held;
    int came;

    held_signals(&held);
    came = sigtimedwait(&held, NULL, &time);
    if (came > 0)
        raise(came); /* taken from the queue: put back for the release */
}
