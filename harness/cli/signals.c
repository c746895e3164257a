/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which signals end this program, and how they are waited for. */
#include "cli/signals.h"

#include <pthread.h>
#include <time.h>

static const int stopping[] = {SIGINT, SIGTERM, SIGHUP};

static bool is_ignored(int number)
{
    struct sigaction action;

    return sigaction(number, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
}

void rig_cli_catch_signals(void (*handler)(int), int flags)
{
    struct sigaction action = {.sa_handler = handler, .sa_flags = flags};

    sigemptyset(&action.sa_mask);
    for (gsize i = 0; i < G_N_ELEMENTS(stopping); i++)
        if (!is_ignored(stopping[i]))
            sigaction(stopping[i], &action, NULL);
    signal(SIGPIPE, SIG_IGN);
}

void rig_cli_signal_sources(GSourceFunc function, gpointer user, guint ids[2])
{
    static const int caught[2] = {SIGINT, SIGTERM};

    for (gsize i = 0; i < G_N_ELEMENTS(caught); i++)
        ids[i] = is_ignored(caught[i]) ? 0 : g_unix_signal_add(caught[i], function, user);
}

/* One that is ignored would be pending for ever, and look as if it had come. */
static void held_signals(sigset_t *held)
{
    sigemptyset(held);
    for (gsize i = 0; i < G_N_ELEMENTS(stopping); i++)
        if (!is_ignored(stopping[i]))
            sigaddset(held, stopping[i]);
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
    bool held = false;

    if (sigpending(&pending) != 0)
        return false;
    for (gsize i = 0; i < G_N_ELEMENTS(stopping); i++)
        held = held || (sigismember(&pending, stopping[i]) == 1 && !is_ignored(stopping[i]));
    return held;
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
