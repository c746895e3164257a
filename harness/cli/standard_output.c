/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whether standard output arrived. */
#include "cli/standard_output.h"

#include "cli/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool reader_went_away(void)
{
    struct pollfd output = {.fd = STDOUT_FILENO};

    return poll(&output, 1, 0) == 1 && (output.revents & POLLERR);
}

/* Closes the descriptor, since network file systems tell of a full disk only then. The stream stays: this is
 * called again at exit. */
static bool is_lost(void)
{
    bool failed = ferror(stdout) != 0;
    bool gone;

    errno = 0;
    failed |= fflush(stdout) != 0;
    gone = failed && reader_went_away();
    failed |= close(STDOUT_FILENO) != 0 && errno != EBADF;
    if (gone)
        clearerr(stdout);
    if (!failed || gone)
        return false;
    fprintf(stderr, "bootrig: cannot write to standard output: %s; what it shows is not complete\n",
            errno ? strerror(errno) : "a write failed");
    return true;
}

static void at_exit(void)
{
    if (is_lost())
        _exit(RIG_EXIT_ERROR);
}

static void let_the_write_fail(int signal_number)
{
    (void)signal_number;
}

/* The lowest free descriptor is the one that is missing. */
static void open_what_is_closed(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) < 0)
            _exit(RIG_EXIT_ERROR);
}

void rig_cli_watch_standard_output(void)
{
    /* A handler, not SIG_IGN: programs that are started must not inherit it. */
    struct sigaction action = {.sa_handler = let_the_write_fail, .sa_flags = SA_RESTART};

    open_what_is_closed();
    sigemptyset(&action.sa_mask);
    sigaction(SIGXFSZ, &action, NULL);
    atexit(at_exit);
}

int rig_cli_close_standard_output(int exit_code)
{
    if (!is_lost())
        return exit_code;
    if (exit_code == RIG_EXIT_PASSED || exit_code == RIG_EXIT_NOTHING)
        exit_code = RIG_EXIT_ERROR;
    /* Not through at_exit: it would say it again. */
    _exit(exit_code);
}
