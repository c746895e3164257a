/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The commands power, bench and doctor as people call them: the real binary, supplies that are shell
 * commands, a console that is a pty. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#define BOOTRIG RIG_BINARY_DIR "/harness/cli/bootrig"

struct desk {
    char *folder;
    char *state; /* file of the made-up supply */
    char *bench;
};

static int set_up(void **state)
{
    struct desk *desk = g_new0(struct desk, 1);

    desk->folder = g_dir_make_tmp("rig-desk-XXXXXX", NULL);
    desk->state = g_build_filename(desk->folder, "state", NULL);
    desk->bench = g_build_filename(desk->folder, "bench.yaml", NULL);
    g_setenv("BOOTRIG_LOCK_DIR", desk->folder, TRUE);
    g_unsetenv("BOOTRIG_BENCH");
    assert_true(g_file_set_contents(desk->state, "on\n", -1, NULL));
    *state = desk;
    return 0;
}

static int tear_down(void **state)
{
    struct desk *desk = *state;
    g_autoptr(GDir) entries = g_dir_open(desk->folder, 0, NULL);
    const char *entry;

    while (entries && (entry = g_dir_read_name(entries))) {
        g_autofree char *path = g_build_filename(desk->folder, entry, NULL);

        g_unlink(path);
    }
    g_rmdir(desk->folder);
    g_free(desk->folder);
    g_free(desk->state);
    g_free(desk->bench);
    g_free(desk);
    return 0;
}

/* extra: further lines of the board; on: what the switch-on command does besides. */
static void write_bench(const struct desk *desk, const char *on, const char *off, const char *extra)
{
    g_autofree char *text = g_strdup_printf(
        "bench: desk\nboards:\n  - board: one\n    tags: [quick]\n    power:\n      command:\n"
        "        on: [sh, -c, 'echo on > %s%s']\n        off: [sh, -c, 'echo off > %s%s']\n        status: "
        "[cat, %s]\n%s",
        desk->state, on, desk->state, off, desk->state, extra);

    assert_true(g_file_set_contents(desk->bench, text, -1, NULL));
}

/* Words separated by blanks; standard output and error together come back. */
static char *run(const struct desk *desk, int expected_code, const char *words)
{
    g_autofree char *line = g_strconcat(BOOTRIG " ", words, NULL);
    g_auto(GStrv) argv = g_strsplit(line, " ", -1);
    g_autofree char *err = NULL;
    g_autofree char *out = NULL;
    GError *error = NULL;
    int status = 0;

    if (!g_spawn_sync(desk->folder, argv, NULL, G_SPAWN_DEFAULT, NULL, NULL, &out, &err, &status, &error))
        fail_msg("%s", error->message);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != expected_code)
        fail_msg("'%s' ended with %d: %s%s", words, status, out, err);
    return g_strconcat(out, err, NULL);
}

static void assert_run(const struct desk *desk, int expected_code, const char *words, const char *piece)
{
    g_autofree char *text = run(desk, expected_code, words);

    if (!strstr(text, piece))
        fail_msg("'%s': wanted '%s', got '%s'", words, piece, text);
}

static void assert_state(const struct desk *desk, const char *expected)
{
    g_autofree char *text = NULL;

    assert_true(g_file_get_contents(desk->state, &text, NULL, NULL));
    assert_string_equal(text, expected);
}

static void power_switches_and_tells_what_it_did(void **state)
{
    struct desk *desk = *state;

    write_bench(desk, "", "", "");
    assert_run(desk, 0, "power status", "one: on (command 'sh')\n");
    assert_run(desk, 0, "power off one", "one: off (command 'sh')\n");
    assert_state(desk, "off\n");
    assert_run(desk, 0, "power status one", "one: off");
    assert_run(desk, 0, "power cycle --off-time 1", "one: off (command 'sh')\none: on (command 'sh')\n");
    assert_state(desk, "on\n");
}

static void power_refuses_what_it_cannot_do(void **state)
{
    struct desk *desk = *state;

    assert_run(desk, 2, "power on", "there is no bench.yaml here");
    write_bench(desk, "", "", "  - board: two\n");
    assert_run(desk, 2, "power", "power wants on, off, cycle, status or list");
    assert_run(desk, 2, "power blink one", "power wants on, off, cycle, status or list");
    assert_run(desk, 2, "power on", "name a board of the bench: one, two");
    assert_run(desk, 2, "power on three", "there is no board 'three' on the bench; there are: one, two");
    assert_run(desk, 2, "power on two", "board 'two' has no 'power:' in the bench file");
    assert_run(desk, 2, "power off one two", "one: off");
    write_bench(desk, "; exit 7", "", "");
    assert_run(desk, 2, "power on one", "bootrig: command 'sh': cannot switch on: 'sh' ended with status 7");
}

static void a_board_in_use_is_refused_by_the_command_with_its_holder(void **state)
{
    struct desk *desk = *state;
    g_autofree char *gate = g_build_filename(desk->folder, "gate", NULL);
    g_autofree char *on = g_strdup_printf("; read x < %s", gate);
    char *argv[] = {(char *)BOOTRIG, (char *)"power", (char *)"on", NULL};
    GPid pid;
    int status;
    int fd;

    assert_int_equal(mkfifo(gate, 0600), 0);
    write_bench(desk, on, "", "");
    assert_true(g_spawn_async(desk->folder, argv, NULL,
                              G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_STDOUT_TO_DEV_NULL, NULL, NULL, &pid,
                              NULL));
    /* Opens when the other one's switch reads: then it surely holds the board. */
    fd = open(gate, O_WRONLY);
    assert_true(fd >= 0);
    assert_run(desk, 2, "power status", "power-channel command on sh -c");
    assert_run(desk, 2, "bench check", " is in use by pid ");
    assert_int_equal(write(fd, "\n", 1), 1);
    close(fd);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    assert_run(desk, 0, "power status", "one: on");
}

static void bench_list_shows_what_hangs_where(void **state)
{
    struct desk *desk = *state;

    write_bench(desk, "", "", "    probe: {server: 'localhost:6666'}\n  - board: two\n    ble: {name: x}\n");
    assert_run(
        desk, 0, "bench list",
        "one                  target: -  tags: quick  power: command  probe: yes  link: -  console: -\n"
        "two                  target: -  tags: -  power: -  probe: -  link: ble  console: -\n");
}

static void bench_check_says_what_it_has_not_checked(void **state)
{
    struct desk *desk = *state;

    write_bench(desk, "", "", "    probe: {server: 'localhost:6666'}\n    link: {udp: '127.0.0.1:1'}\n");
    assert_run(desk, 0, "bench check", "that the board dies is not proven");
    assert_run(desk, 0, "bench check one", "probe    not checked");
    assert_run(desk, 0, "bench check one", "link     not checked");
    assert_state(desk, "on\n");
}

static int make_pty(char **path)
{
    int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);

    assert_true(master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0);
    *path = g_strdup(ptsname(master));
    return master;
}

/* The board's firmware: a process that prints to the console's other side while the state file says so, or
 * always. */
static pid_t start_board(const struct desk *desk, int master, bool fed_from_elsewhere)
{
    pid_t pid = fork();

    while (pid == 0) {
        g_autofree char *text = NULL;
        bool on = fed_from_elsewhere ||
                  (g_file_get_contents(desk->state, &text, NULL, NULL) && g_str_has_prefix(text, "on"));

        if (on && write(master, "boot\n", 5) < 0)
            _exit(1);
        g_usleep(10000);
    }
    return pid;
}

static void await_state(const struct desk *desk, const char *expected)
{
    gint64 until_us = g_get_monotonic_time() + 20 * G_USEC_PER_SEC;
    bool there = false;

    while (!there && g_get_monotonic_time() < until_us) {
        g_autofree char *text = NULL;

        there = g_file_get_contents(desk->state, &text, NULL, NULL) && g_str_equal(text, expected);
        g_usleep(1000);
    }
    assert_true(there);
}

static void an_interrupted_cycle_does_not_leave_the_board_dark(void **state)
{
    struct desk *desk = *state;
    char *argv[] = {(char *)BOOTRIG,      (char *)"power", (char *)"cycle",
                    (char *)"--off-time", (char *)"50000", NULL};
    int status = 0;
    GPid pid;

    write_bench(desk, "", "", "");
    assert_true(g_spawn_async(desk->folder, argv, NULL,
                              G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_STDOUT_TO_DEV_NULL, NULL, NULL, &pid,
                              NULL));
    await_state(desk, "off\n");
    assert_int_equal(kill(pid, SIGINT), 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGINT);
    assert_state(desk, "on\n");
}

static void check_console(struct desk *desk, bool fed_from_elsewhere, const char *expected_piece,
                          int expected_code)
{
    g_autofree char *path = NULL;
    int master = make_pty(&path);
    g_autofree char *extra = g_strdup_printf("    console: %s\n", path);
    int slave = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);
    pid_t board;

    write_bench(desk, "", "", extra);
    assert_true(g_file_set_contents(desk->state, "off\n", -1, NULL));
    board = start_board(desk, master, fed_from_elsewhere);
    assert_run(desk, expected_code, "bench check", expected_piece);
    kill(board, SIGKILL);
    waitpid(board, NULL, 0);
    close(slave);
    close(master);
}

static void a_board_on_the_air_cannot_be_checked_without_a_bus(void **state)
{
    struct desk *desk = *state;
    g_autofree char *old = g_strdup(g_getenv("DBUS_SYSTEM_BUS_ADDRESS"));

    g_setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nonexistent/bus", TRUE);
    write_bench(desk, "", "", "    ble: {name: x}\n");
    assert_run(desk, 2, "bench check", "link     error        the system D-Bus cannot be reached");
    assert_state(desk, "on\n"); /* as it was found */
    if (old)
        g_setenv("DBUS_SYSTEM_BUS_ADDRESS", old, TRUE);
    else
        g_unsetenv("DBUS_SYSTEM_BUS_ADDRESS");
}

static void a_console_that_falls_silent_proves_the_death_of_the_board(void **state)
{
    check_console(*state, false, "proof of death: the console fell silent", 0);
}

static void a_board_that_talks_without_power_is_found(void **state)
{
    check_console(*state, true, "the console still talks after power off: the board is fed from elsewhere",
                  2);
}

static void doctor_names_a_remedy_for_each_thing_that_is_missing(void **state)
{
    struct desk *desk = *state;
    g_autofree char *openocd = g_build_filename(desk->folder, "openocd", NULL);
    g_autofree char *path = g_strdup_printf("%s:/bin:/usr/bin", desk->folder);
    g_autofree char *old = g_strdup(g_getenv("PATH"));

    assert_true(
        g_file_set_contents(openocd, "#!/bin/sh\necho 'Open On-Chip Debugger 0.10.0' >&2\n", -1, NULL));
    assert_int_equal(g_chmod(openocd, 0700), 0);
    g_setenv("PATH", path, TRUE);
    assert_run(desk, 2, "doctor", "openocd      missing      version 0.10: too old, 0.12 or later is wanted");
    assert_true(g_file_set_contents(openocd, "#!/bin/sh\necho hello\n", -1, NULL));
    assert_int_equal(g_chmod(openocd, 0700), 0);
    assert_run(desk, 2, "doctor", "does not tell a version");
    g_setenv("PATH", desk->folder, TRUE);
    g_unlink(openocd);
    assert_run(desk, 2, "doctor", "openocd      missing      not found in PATH: sudo apt install openocd");
    g_setenv("PATH", old, TRUE);
    assert_run(desk, 0, "doctor --udev-rules", "ATTR{idVendor}==\"16c0\", ATTR{idProduct}==\"05df\"");
}

int main(void)
{
#define WITH_DESK(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        WITH_DESK(an_interrupted_cycle_does_not_leave_the_board_dark),
        WITH_DESK(power_switches_and_tells_what_it_did),
        WITH_DESK(power_refuses_what_it_cannot_do),
        WITH_DESK(a_board_in_use_is_refused_by_the_command_with_its_holder),
        WITH_DESK(bench_list_shows_what_hangs_where),
        WITH_DESK(bench_check_says_what_it_has_not_checked),
        WITH_DESK(a_board_on_the_air_cannot_be_checked_without_a_bus),
        WITH_DESK(a_console_that_falls_silent_proves_the_death_of_the_board),
        WITH_DESK(a_board_that_talks_without_power_is_found),
        WITH_DESK(doctor_names_a_remedy_for_each_thing_that_is_missing),
    };

    return cmocka_run_group_tests_name("power commands", tests, NULL, NULL);
}
