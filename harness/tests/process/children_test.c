/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a run starts: Ctrl-C in a terminal is not for it, nothing of it outlives a run that is killed, and
 * signals that were ignored at the start stay so. */
#define _GNU_SOURCE /* forkpty, memmem */
#include "process.h"

#include <glib/gstdio.h>
#include <pty.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATIENCE_US (60 * G_USEC_PER_SEC)
#define LOOK_AGAIN_US 10000

/* The folder for temporary files is the place's own: it marks all processes of its runs, and what is left in
 * it is what they left. */
static int set_up(void **state)
{
    struct place *place;
    g_autofree char *temporary = NULL;

    if (place_setup(state) != 0)
        return -1;
    place = *state;
    temporary = place_path(place, "tmp");
    place->environment = g_environ_setenv(place->environment, "TMPDIR", temporary, TRUE);
    place->environment = g_environ_setenv(place->environment, "BOOTRIG_LOCK_DIR", place->directory, TRUE);
    return g_mkdir(temporary, 0700);
}

#define CHILDREN_TEST(function) cmocka_unit_test_setup_teardown(function, set_up, place_teardown)

/* Whether a process of the place's runs has this piece in its command line, "" for any; zombies have none. */
static bool is_there(const struct place *place, const char *piece)
{
    g_autofree char *temporary = place_path(place, "tmp");
    g_autoptr(GDir) processes = g_dir_open("/proc", 0, NULL);
    const char *name;
    bool found = false;

    while (!found && (name = g_dir_read_name(processes))) {
        g_autofree char *environment = g_build_filename("/proc", name, "environ", NULL);
        g_autofree char *command = g_build_filename("/proc", name, "cmdline", NULL);
        g_autofree char *marks = NULL;
        g_autofree char *words = NULL;
        gsize n_marks, n_words;

        if (!g_ascii_isdigit(*name) || !g_file_get_contents(environment, &marks, &n_marks, NULL) ||
            !g_file_get_contents(command, &words, &n_words, NULL))
            continue;
        for (gsize i = 0; i + 1 < n_words; i++)
            words[i] = words[i] ? words[i] : ' ';
        found = n_words > 0 && memmem(marks, n_marks, temporary, strlen(temporary)) && strstr(words, piece);
    }
    return found;
}

static void wait_until(const struct place *place, const char *piece, bool there)
{
    gint64 until_us = g_get_monotonic_time() + PATIENCE_US;

    while (is_there(place, piece) != there && g_get_monotonic_time() < until_us)
        g_usleep(LOOK_AGAIN_US);
    if (is_there(place, piece) != there)
        fail_msg("'%s' is %s", piece, there ? "not there" : "still there");
}

static void wait_for_text(const struct place *place, const char *file, const char *piece)
{
    gint64 until_us = g_get_monotonic_time() + PATIENCE_US;

    for (;;) {
        g_autofree char *text = place_read(place, file);

        if (text && strstr(text, piece))
            return;
        if (g_get_monotonic_time() > until_us)
            fail_msg("'%s' does not come in %s: %s", piece, file, text ? text : "(none)");
        g_usleep(LOOK_AGAIN_US);
    }
}

static bool is_empty(const struct place *place)
{
    g_autofree char *temporary = place_path(place, "tmp");
    g_autoptr(GDir) entries = g_dir_open(temporary, 0, NULL);

    return !g_dir_read_name(entries);
}

/* Kills the run the hard way; nothing of it may be left. */
static void kill_run(const struct place *place, GPid pid)
{
    assert_false(is_empty(place)); /* else it would be no test */
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(place_wait(pid), -SIGKILL);
    wait_until(place, "", false);
    assert_true(is_empty(place));
}

static const char waiting[] = "scenario: waiting\n"
                              "images: {old: {version: 1.0.0, size: 10KiB}}\n"
                              "setup:\n"
                              "  - board: {slot0: old}\n"
                              "steps:\n"
                              "  - expect-slot: {slot: 0, image: old}\n"
                              "  - note: in the middle\n"
                              "  - wait: 600s\n"
                              "cleanup:\n"
                              "  - expect-slot: {slot: 0, image: old}\n"
                              "  - note: the board lives\n";

/* Types Ctrl-C when the case is in its middle. */
static int run_and_type_interrupt(const struct place *place, const char *line)
{
    char piece[4096];
    int master = -1, status = 0;
    pid_t child = forkpty(&master, NULL, NULL, NULL);

    if (child == 0) {
        char *words[] = {(char *)"sh", (char *)"-c", (char *)line, NULL};

        alarm(PLACE_DEADLINE_S);
        if (chdir(place->directory) == 0)
            execve("/bin/sh", words, place->environment);
        _exit(99);
    }
    if (child < 0) {
        print_message("no pseudo terminal can be had here (is /dev/pts mounted?)\n");
        skip();
    }
    wait_for_text(place, "reports/out/journal.jsonl", "in the middle");
    assert_int_equal(write(master, "\003", 1), 1);
    while (read(master, piece, sizeof piece) > 0)
        ;
    close(master);
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void ctrl_c_in_a_terminal_reaches_cleanup_with_the_board_alive(void **state)
{
    g_autofree char *line = g_strdup_printf("exec %s run --target sim-process-nrf52840 w.yaml", RIG_BINARY);
    g_autofree char *journal = NULL;

    place_write(*state, "w.yaml", waiting);
    assert_int_equal(run_and_type_interrupt(*state, line), 3);
    journal = place_read(*state, "reports/out/journal.jsonl");
    expect_text(journal, "the board lives");
    assert_null(strstr(journal, "safe state"));
    wait_until(*state, "", false);
    assert_true(is_empty(*state));
}

static void a_killed_run_leaves_no_simulated_board_no_openocd_and_no_folder(void **state)
{
    GPid pid;

    place_write(*state, "w.yaml", waiting);
    pid = place_start(*state, "bootrig run --target sim-process-nrf52840 w.yaml");
    wait_for_text(*state, "reports/out/journal.jsonl", "in the middle");
    assert_true(is_there(*state, "openocd") && is_there(*state, "--until-eof"));
    kill_run(*state, pid);
}

/* Its vectors point to a loop. */
static const char machine[] = "target: machine\nabout: a core in a loop\nkind: qemu\n"
                              "flash: [{device: internal, sectors: [{size: 4KiB, count: 44}], write: 4B}]\n"
                              "slots: [{offset: 48KiB, size: 64KiB}, {offset: 112KiB, size: 64KiB}]\n"
                              "options: {swap: overwrite, sign: none, max-align: 8, max-sectors: 32}\n"
                              "qemu: {machine: mps2-an385, load: [loop.hex]}\n";

static void a_killed_run_leaves_no_qemu(void **state)
{
    g_autofree char *qemu = g_find_program_in_path("qemu-system-arm");
    GPid pid;

    if (!qemu)
        skip();
    place_write(*state, "machine.yaml", machine);
    place_write(*state, "loop.hex", ":0C0000000010002009000000FEE7FEE7F1\n:00000001FF\n");
    place_write(*state, "on.yaml", "scenario: s\nsteps: [board: {}, power-on: {within: 600s}]\n");
    pid = place_start(*state, "bootrig run --target ./machine.yaml on.yaml");
    wait_until(*state, "qemu-system-arm -machine", true);
    kill_run(*state, pid);
}

/* `start:` is a shell that leaves a program in the background, and so does the supply's command. */
static const char bench[] = "bench: desk\n"
                            "boards:\n"
                            "  - board: one\n"
                            "    target: board-sim-nrf52840\n"
                            "    start: {program: [sh, -c, 'sleep 3001 & cat'], ready: ready, within: 600s}\n"
                            "    power:\n"
                            "      command:\n"
                            "        on: [sh, -c, 'sleep 3002; true']\n"
                            "        off: [sh, -c, 'sleep 3002; true']\n"
                            "        within: 600s\n"
                            "    probe: {config: [none.cfg]}\n"
                            "    console: /dev/null\n";

static void a_killed_run_leaves_nothing_of_what_programs_of_the_bench_have_started(void **state)
{
    GPid pid;

    place_write(*state, "bench.yaml", bench);
    place_write(*state, "w.yaml", waiting);
    pid = place_start(*state, "bootrig run --bench bench.yaml --board one w.yaml");
    wait_until(*state, "sleep 3001", true);
    kill_run(*state, pid);
}

static void a_killed_power_command_leaves_nothing_of_what_the_supply_has_started(void **state)
{
    GPid pid;

    place_write(*state, "bench.yaml", bench);
    pid = place_start(*state, "bootrig power off one --bench bench.yaml");
    wait_until(*state, "sleep 3002", true);
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(place_wait(pid), -SIGKILL);
    wait_until(*state, "", false);
}

static void nohup_keeps_a_run_from_sighup(void **state)
{
    g_autofree char *line = g_strdup_printf(
        "sh -c \"trap '' HUP; exec %s run sweep.yaml passing.yaml --no-html -q\"", RIG_BINARY);
    GPid pid;

    place_write(*state, "sweep.yaml", scenario_sweep);
    place_write(*state, "passing.yaml", scenario_passing);
    pid = place_start(*state, "%s", line);
    wait_for_text(*state, "reports/out/journal.jsonl", "\"ev\":\"case-start\"");
    assert_int_equal(kill(pid, SIGHUP), 0);
    assert_int_equal(place_wait(pid), 0);
}

/* As some programs start others: nobody waits for children then, unless it says that it wants to. */
#define WITH_SIGCHLD_IGNORED                                                                                 \
    "python3 -c \"import os, signal, sys; signal.signal(signal.SIGCHLD, signal.SIG_IGN); "                   \
    "os.execv(sys.argv[1], sys.argv[1:])\" " RIG_BINARY " "

static void a_supply_whose_command_fails_says_so_whatever_the_parent_ignores(void **state)
{
    place_write(*state, "bench.yaml",
                "bench: review\nboards:\n  - board: one\n    target: board-sim-nrf52840\n"
                "    power: {command: {on: [\"false\"], off: [\"false\"]}}\n");
    place_expect(*state, 2, "'false' ended with status 1",
                 WITH_SIGCHLD_IGNORED "power off one --bench bench.yaml");
}

static void an_exploration_of_a_foreign_bootloader_ends_whatever_the_parent_ignores(void **state)
{
    place_write(
        *state, "explore.yaml",
        "scenario: e\n"
        "images: {old: {version: 1.0.0, size: 8KiB}, new: {version: 1.1.0, size: 8KiB}}\n"
        "steps: [board: {slot0: old, power: false}, explore: {old: old, new: new, life: [upload, test]}]\n");
    place_expect(*state, 1, "upload,test: closed: 2 flash contents", /* its image is of no signature */
                 WITH_SIGCHLD_IGNORED "run explore.yaml --bootloader " RIG_BINARY_DIR
                                      "/guests/guest_well.so");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHILDREN_TEST(ctrl_c_in_a_terminal_reaches_cleanup_with_the_board_alive),
        CHILDREN_TEST(a_killed_run_leaves_no_simulated_board_no_openocd_and_no_folder),
        CHILDREN_TEST(a_killed_run_leaves_no_qemu),
        CHILDREN_TEST(a_killed_run_leaves_nothing_of_what_programs_of_the_bench_have_started),
        CHILDREN_TEST(a_killed_power_command_leaves_nothing_of_what_the_supply_has_started),
        CHILDREN_TEST(nohup_keeps_a_run_from_sighup),
        CHILDREN_TEST(a_supply_whose_command_fails_says_so_whatever_the_parent_ignores),
        CHILDREN_TEST(an_exploration_of_a_foreign_bootloader_ends_whatever_the_parent_ignores),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
