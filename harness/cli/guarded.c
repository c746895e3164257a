/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Runs that play foreign code in this process. */
#include "cli/guarded.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define DONE 'd'

/* The child that signals are passed on to, and the last of them: a handler finds them nowhere else. */
static volatile pid_t child;
static volatile sig_atomic_t passed_on;

static void pass_on(int number)
{
    passed_on = number;
    if (child > 0)
        kill(child, number);
}

static int play_in_child(int (*play)(void *user), void *user, int said, pid_t parent)
{
    const char done = DONE;
    int exit_code;

    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signal(SIGTTOU, SIG_IGN); /* a group in the background may write to its terminal */
    if (getppid() != parent)
        _exit(1);
    exit_code = play(user);
    if (write(said, &done, 1) != 1)
        exit_code = exit_code ? exit_code : 2;
    close(said);
    return exit_code;
}

/* Signals that are ignored here are ignored by the child, too. */
static void pass_signals_on(void)
{
    static const int stopping[] = {SIGINT, SIGTERM, SIGHUP};
    struct sigaction action = {.sa_handler = pass_on, .sa_flags = SA_RESTART};
    struct sigaction before;

    sigemptyset(&action.sa_mask);
    for (gsize i = 0; i < G_N_ELEMENTS(stopping); i++)
        if (sigaction(stopping[i], NULL, &before) == 0 && before.sa_handler != SIG_IGN)
            sigaction(stopping[i], &action, NULL);
}

static int wait_for(pid_t pid, int hears, char **died)
{
    char done = 0;
    int status = 0;

    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    child = 0;
    if (WIFSIGNALED(status) && WTERMSIG(status) == passed_on) {
        signal(passed_on, SIG_DFL); /* whoever asked for it twice gets it */
        raise(passed_on);
    }
    fcntl(hears, F_SETFL, O_NONBLOCK); /* what the child started may live on, and hold the other end */
    if (read(hears, &done, 1) != 1 || done != DONE || !WIFEXITED(status))
        *died = WIFSIGNALED(status) ? g_strdup_printf("by signal %d", WTERMSIG(status))
                                    : g_strdup_printf("with exit code %d", WEXITSTATUS(status));
    return WIFEXITED(status) ? WEXITSTATUS(status) : 0;
}

int rig_play_guarded(int (*play)(void *user), void *user, char **died)
{
    pid_t parent = getpid();
    int ends[2];
    int exit_code;

    *died = NULL;
    fflush(NULL);
    if (pipe(ends) != 0)
        return play(user);
    fcntl(ends[0], F_SETFD, FD_CLOEXEC);
    fcntl(ends[1], F_SETFD, FD_CLOEXEC);
    child = fork();
    if (child < 0) {
        close(ends[0]);
        close(ends[1]);
        return play(user);
    }
    if (child == 0) {
        close(ends[0]);
        return play_in_child(play, user, ends[1], parent);
    }
    setpgid(child, child); /* here as well: whoever is first */
    close(ends[1]);
    pass_signals_on();
    exit_code = wait_for(child, ends[0], died);
    close(ends[0]);
    return exit_code;
}
