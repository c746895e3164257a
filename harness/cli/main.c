/* SPDX-License-Identifier: GPL-3.0-or-later */
/* bootrig: finds the subcommand. */
#include "cli/cli.h"

#include "cli/signals.h"
#include "scenario/diagnostic.h"

#include <errno.h>
#include <fcntl.h>
#include <locale.h>
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

/* Descriptors 0, 1 and 2 that are closed become /dev/null opened the wrong way round:
 * they still fail, and no report that is opened later becomes standard output. A file size limit (SIGXFSZ)
 * makes a write fail with EFBIG instead of ending the process. Whoever calls exit() in the middle (GLib does
 * for --help) gets exit code 2 when standard output was lost. */
static void watch_standard_output(void)
{
    /* A handler, not SIG_IGN: programs that are started must not inherit it. */
    struct sigaction action = {.sa_handler = let_the_write_fail, .sa_flags = SA_RESTART};

    open_what_is_closed();
    sigemptyset(&action.sa_mask);
    sigaction(SIGXFSZ, &action, NULL);
    atexit(at_exit);
}

/* Flushes and closes standard output. When something of
 * it was lost, says so on stderr and returns 2 in place of 0 (all passed) and 4 (nothing to run); other codes
 * say something worse already. A reader that went away on purpose (`| head`) has lost nothing. */
static int close_standard_output(int exit_code)
{
    if (!is_lost())
        return exit_code;
    if (exit_code == RIG_EXIT_PASSED || exit_code == RIG_EXIT_NOTHING)
        exit_code = RIG_EXIT_ERROR;
    /* Not through at_exit: it would say it again. */
    _exit(exit_code);
}

const struct rig_command rig_commands[] = {
    {"run", "run scenarios and write the reports", rig_cli_run},
    {"check", "tell all errors of scenario files; touches no device", rig_cli_check},
    {"list", "names, tags and needs of the scenarios", rig_cli_list},
    {"replay", "repeat one case of an earlier run exactly", rig_cli_replay},
    {"report", "make reports from the journal of a run", rig_cli_report},
    {"image", "make, inspect, verify and damage MCUboot images", rig_cli_image},
    {"package", "make, inspect, verify and damage distribution packages of Nordic's DFU", rig_cli_package},
    {"target", "what MCUboot makes of a flash layout: modes, largest image, time, wear", rig_cli_target},
    {"capture", "show Bluetooth captures decoded and explained; record one", rig_cli_capture},
    {"sim", "the simulated board as a process with a debug port, for openocd", rig_cli_sim},
    {"power", "switch the supplies of a bench by hand", rig_cli_power},
    {"bench", "list the boards of a bench and check every path to them", rig_cli_bench_command},
    {"bond", "list, export, import and forget this host's bonds with boards", rig_cli_bond},
    {"doctor", "what this host needs for boards on a bench", rig_cli_doctor},
    {"steps", "the reference of the steps that scenarios are written in", rig_cli_steps},
    {"schema", "JSON Schema of scenario files, for editors", rig_cli_schema},
    {"completion", "shell completion: bootrig completion bash", rig_cli_completion},
};
const gsize rig_n_commands = G_N_ELEMENTS(rig_commands);

static void print_help(FILE *out)
{
    fprintf(out, "Usage: bootrig COMMAND [OPTION]... [ARGUMENT]...\n"
                 "Tests firmware-update bootloaders of Bluetooth LE devices: YAML scenarios in, verdicts and "
                 "evidence out.\n\nCommands:\n");
    for (gsize i = 0; i < rig_n_commands; i++)
        fprintf(out, "  %-12s%s\n", rig_commands[i].name, rig_commands[i].about);
    fprintf(out, "\n'bootrig COMMAND --help' tells the options of a command; 'bootrig run' with none runs "
                 "every shipped scenario on the built-in\n"
                 "simulated board.\n\nExit codes: 0 all passed, 1 some failed, 2 rig error or bad usage, 3 "
                 "interrupted, 4 nothing to run.\n");
}

static int no_such_command(const char *name)
{
    const char *names[G_N_ELEMENTS(rig_commands)];
    const char *near;

    for (gsize i = 0; i < rig_n_commands; i++)
        names[i] = rig_commands[i].name;
    near = rig_nearest(name, names, rig_n_commands);
    if (near)
        fprintf(stderr, "bootrig: there is no command '%s'; did you mean '%s'?\n", name, near);
    else
        fprintf(stderr, "bootrig: there is no command '%s'; 'bootrig --help' lists them\n", name);
    return RIG_EXIT_ERROR;
}

static int run_command(int argc, char **argv)
{
    if (argc < 2) {
        print_help(stderr);
        return RIG_EXIT_ERROR;
    }
    if (g_str_equal(argv[1], "--help") || g_str_equal(argv[1], "-h") || g_str_equal(argv[1], "help")) {
        print_help(stdout);
        return RIG_EXIT_PASSED;
    }
    if (g_str_equal(argv[1], "--version")) {
        printf("bootrig %s\n", RIG_VERSION);
        return RIG_EXIT_PASSED;
    }
    for (gsize i = 0; i < rig_n_commands; i++)
        if (g_str_equal(argv[1], rig_commands[i].name))
            return rig_commands[i].run(argc - 1, argv + 1);
    return no_such_command(argv[1]);
}

/* First thing of main(): the ends of children can be looked at, whatever the parent ignored. */
static void cli_signals_begin(void)
{
    signal(SIGCHLD, SIG_DFL);
}

int main(int argc, char **argv)
{
    cli_signals_begin();
    watch_standard_output();
    setlocale(LC_ALL, "");
    setlocale(LC_NUMERIC, "C");
    return close_standard_output(run_command(argc, argv));
}
