/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where output cannot go: folders in use, unwritable, full disks; and what a terminal and a pipe get to see.
 */
#define _DEFAULT_SOURCE /* forkpty */
#include "process.h"

#include <glib/gstdio.h>
#include <pty.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void write_scenarios(const struct place *place)
{
    place_write(place, "passing.yaml", scenario_passing);
    place_write(place, "failing.yaml", scenario_failing);
    place_write(place, "sweep.yaml", scenario_sweep);
}

static void reports_lie_where_they_should(void **state)
{
    static const char *const names[] = {"journal.jsonl", "junit.xml", "report.html", "summary.json"};

    write_scenarios(*state);
    place_expect(*state, 1, "elsewhere/deep/junit.xml",
                 "bootrig run passing.yaml failing.yaml -o elsewhere/deep --junit own.xml");
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *name = g_build_filename("elsewhere/deep", names[i], NULL);
        g_autofree char *text = place_read(*state, name);

        assert_non_null(text);
        expect_text(text, "wrong-hope");
    }
    place_expect_junit(*state, "own.xml", false);
    place_expect(*state, 1, NULL,
                 "bootrig run passing.yaml failing.yaml --junit-strict --junit strict.xml --no-html");
    place_expect_junit(*state, "strict.xml", true);
}

static void a_failing_case_shows_all_that_is_needed(void **state)
{
    g_autoptr(outcome) result = NULL;

    write_scenarios(*state);
    result = place_run(*state, "bootrig run failing.yaml");
    expect_text(result->out, "expected  new");
    expect_text(result->out, "seen      old 1.0.0");
    expect_text(result->out, "failing.yaml:10:5");
    expect_text(result->out, "expect-boot: {image: new, within: 2s}");
    expect_text(result->out, "Booting MCUboot");
    expect_text(result->out, "slot 0: magic unset");
    expect_text(result->out, "bootrig replay failing.yaml --case wrong-hope");
}

static void a_second_run_into_the_same_folder_is_refused_before_it_clears_anything(void **state)
{
    g_autofree char *lock = place_path(*state, "shared/journal.jsonl");
    g_autofree char *own = NULL;
    GPid first;

    write_scenarios(*state);
    first = place_start(*state, "bootrig run sweep.yaml --repeat 400 -o shared --no-html -q");
    while (!g_file_test(lock, G_FILE_TEST_EXISTS))
        g_usleep(1000);
    place_write(*state, "shared/evidence/000-of-the-first/slot.bin", "bytes");
    place_write(*state, "own.xml", "of yesterday");
    place_expect(*state, 2, "another run (process ", "bootrig run passing.yaml -o shared --junit own.xml");
    own = place_read(*state, "shared/evidence/000-of-the-first/slot.bin");
    assert_non_null(own);
    assert_true(g_file_test(lock, G_FILE_TEST_EXISTS));
    kill(first, SIGINT);
    assert_int_equal(place_wait(first), 3);
    place_expect_junit(*state, "shared/junit.xml", false);
    place_expect_junit(*state, "own.xml", false);
    place_expect(*state, 0, "2 passed", "bootrig run passing.yaml -o shared");
}

static void an_output_folder_that_is_a_file_is_an_error(void **state)
{
    write_scenarios(*state);
    place_write(*state, "taken", "a file");
    place_expect(*state, 2, "cannot write reports into taken", "bootrig run passing.yaml -o taken");
    place_expect(*state, 2, "cannot write reports into taken/below",
                 "bootrig run passing.yaml -o taken/below");
}

static void an_unwritable_folder_is_an_error(void **state)
{
    g_autofree char *path = place_path(*state, "locked");

    write_scenarios(*state);
    place_expect(*state, 2, "cannot write reports into /proc/nowhere",
                 "bootrig run passing.yaml -o /proc/nowhere");
    if (geteuid() == 0)
        return; /* root writes everywhere */
    assert_int_equal(g_mkdir(path, 0500), 0);
    place_expect(*state, 2, "cannot write reports into locked", "bootrig run passing.yaml -o locked");
}

static void a_full_disk_for_the_junit_file_is_told_and_no_pass(void **state)
{
    write_scenarios(*state);
    place_expect(*state, 2, "verdict: 2 passed, 0 failed", "bootrig run passing.yaml --junit /dev/full");
    place_expect(*state, 2, "No space left on device", "bootrig run passing.yaml --junit /dev/full");
    place_expect(*state, 1, "verdict: 0 passed, 1 failed", "bootrig run failing.yaml --junit /dev/full");
}

/* Neither the file nor the one that is written beside it. */
static void expect_no_half_report(const struct place *place)
{
    g_autofree char *folder = place_path(place, "reports/out");
    g_autoptr(GDir) names = g_dir_open(folder, 0, NULL);
    const char *name;

    assert_non_null(names);
    while ((name = g_dir_read_name(names)))
        if (strstr(name, ".xml") || strstr(name, ".html") || strstr(name, ".json."))
            fail_msg("%s is there", name);
}

/* Every write beyond the limit fails, as on a disk that fills up during the run. */
static void a_disk_that_fills_up_during_the_run_leaves_the_verdict(void **state)
{
    static const guint64 limits[] = {1, 100, 1500, 3000};
    struct place *place = *state;

    write_scenarios(place);
    for (gsize i = 0; i < G_N_ELEMENTS(limits); i++) {
        g_autoptr(outcome) failed = NULL;
        g_autoptr(outcome) passed = NULL;

        place->file_limit = limits[i];
        failed = place_run(place, "bootrig run failing.yaml");
        passed = place_run(place, "bootrig run passing.yaml");
        place->file_limit = 0;
        assert_int_equal(failed->code, 1);
        expect_text(failed->err, "verdict: 0 passed, 1 failed");
        expect_text(failed->err, "was not written");
        assert_int_equal(passed->code, 2);
        expect_text(passed->err, "verdict: 2 passed, 0 failed");
        expect_no_half_report(place);
    }
}

/* The journal does not fit, the reports do. */
static void reports_of_a_run_without_its_journal_are_not_green(void **state)
{
    struct place *place = *state;
    g_autofree char *junit = NULL;

    write_scenarios(place);
    place->file_limit = 30000;
    place_expect(place, 2, "the journal is not complete", "bootrig run passing.yaml --no-html");
    place->file_limit = 0;
    junit = place_read(place, "reports/out/junit.xml");
    expect_text(junit, "<error message=\"the journal is not complete: ");
    place_expect_junit(place, "reports/out/junit.xml", false);
}

static void a_full_standard_output_ends_nothing(void **state)
{
    write_scenarios(*state);
    place_expect(*state, 1, NULL, "sh -c '%s run failing.yaml >/dev/full'", RIG_BINARY);
    place_expect_junit(*state, "reports/out/junit.xml", false);
}

/* Each writes something to standard output here; %s: the source tree. In the order of the command table. */
static const struct {
    const char *command;
    const char *line;
} outputs[] = {
    {"run", "run passing.yaml"},
    {"run", "run passing.yaml -q"},
    {"run", "run --dry-run passing.yaml"},
    {"check", "check passing.yaml"},
    {"list", "list passing.yaml"},
    {"list", "list --json passing.yaml"},
    {"replay", "replay passing.yaml --case small[as=test]"},
    {"report", "report reports/kept"},
    {"report", "report reports/kept --junit -"},
    {"report", "report reports/kept --html -"},
    {"report", "report reports/kept --json -"},
    {"image", "image info made.bin"},
    {"image", "image verify made.bin"},
    {"image", "image damage --list"},
    {"image", "image key show %s/fixtures/keys/ecdsa-p256-0.pem"},
    {"image", "image key public test:ecdsa-p256"},
    {"package", "package make --help"},
    {"package", "package damage --list"},
    {"capture", "capture show %s/fixtures/captures/phone.btsnoop"},
    {"sim", "sim"},
    {"target", "target --help"},
    {"power", "power --help"},
    {"bench", "bench --bench %s/fixtures/benches/sim.yaml list"},
    {"bond", "bond --help"},
    {"doctor", "doctor"},
    {"steps", "steps"},
    {"steps", "steps --markdown"},
    {"schema", "schema"},
    {"completion", "completion bash"},
    {"--help", "--help"},
    {"--version", "--version"},
};

static void expect_told_as_lost(const struct place *place, const char *line)
{
    g_autofree char *there = g_strdup_printf("%s %s", RIG_BINARY, line);
    g_autoptr(outcome) result = place_run(place, "sh -c '%s >/dev/full'", there);

    if (result->code != 2 || !strstr(result->err, "standard output"))
        fail_msg("%s >/dev/full: exit code %d, '%s'", line, result->code, result->err);
}

static bool has_outputs(const char *command)
{
    for (gsize i = 0; i < G_N_ELEMENTS(outputs); i++)
        if (g_str_equal(outputs[i].command, command))
            return true;
    return false;
}

static void standard_output_that_is_lost_is_an_error_of_every_command(void **state)
{
    g_autoptr(outcome) help = place_run(*state, "bootrig --help");
    g_auto(GStrv) lines = g_strsplit(strstr(help->out, "Commands:\n"), "\n", -1);

    write_scenarios(*state);
    place_expect(*state, 0, NULL, "bootrig run passing.yaml -q -o reports/kept");
    place_expect(*state, 0, NULL, "bootrig image make -o made.bin --size 4KiB --version 1.0.0");
    for (gsize i = 0; i < G_N_ELEMENTS(outputs); i++) {
        g_auto(GStrv) around = g_strsplit(outputs[i].line, "%s", 2);
        g_autofree char *line = g_strjoinv(RIG_SOURCE_DIR, around);

        expect_told_as_lost(*state, line);
    }
    for (char **line = lines + 1; g_str_has_prefix(*line, "  "); line++) {
        g_auto(GStrv) words = g_strsplit(g_strstrip(*line), " ", 2);
        g_autofree char *for_help = g_strdup_printf("%s --help", words[0]);

        expect_told_as_lost(*state, for_help);
        if (!has_outputs(words[0]))
            fail_msg("no line for the command '%s'", words[0]);
    }
}

static void a_closed_standard_output_is_lost_and_no_report_goes_into_it(void **state)
{
    g_autofree char *journal = NULL;

    write_scenarios(*state);
    place_expect(*state, 2, "standard output", "sh -c '%s run passing.yaml >&-'", RIG_BINARY);
    place_expect_junit(*state, "reports/out/junit.xml", false);
    journal = place_read(*state, "reports/out/journal.jsonl");
    assert_null(strstr(journal, "passed, "));
}

/* The reader is gone before the first byte. */
static void a_reader_that_wants_no_more_is_no_loss(void **state)
{
    write_scenarios(*state);
    /* By SIGPIPE, or quietly where that is ignored. */
    place_expect(*state, 0, "fine",
                 "bash -c '(sleep 0.1; exec %s steps) | true; case $PIPESTATUS in 0|141) echo fine;; esac'",
                 RIG_BINARY);
    place_expect(*state, 0, "ended with 0",
                 "bash -c '(sleep 0.1; exec %s run passing.yaml) | true; echo ended with ${PIPESTATUS[0]}'",
                 RIG_BINARY);
}

static void a_file_size_limit_ends_no_command_by_its_signal(void **state)
{
    write_scenarios(*state);
    place_expect(*state, 2, "verdict: 2 passed", "bash -c 'ulimit -f 1; exec %s run passing.yaml'",
                 RIG_BINARY);
    place_expect(*state, 2, "File too large",
                 "bash -c 'ulimit -f 1; exec %s image make -o big.bin --size 64KiB --version 1.0.0'",
                 RIG_BINARY);
}

static void a_reader_that_goes_away_ends_nothing(void **state)
{
    write_scenarios(*state);
    place_expect(*state, 0, "ended with 1",
                 "bash -c '%s run -v failing.yaml | true; echo ended with ${PIPESTATUS[0]}'", RIG_BINARY);
    place_expect_junit(*state, "reports/out/junit.xml", false);
}

static void a_pipe_gets_no_escape_sequence(void **state)
{
    g_autoptr(outcome) result = NULL;

    write_scenarios(*state);
    result = place_run(*state, "bootrig run -v passing.yaml failing.yaml");
    assert_null(strchr(result->out, '\033'));
    assert_null(strchr(result->err, '\033'));
    assert_null(strchr(result->out, '\r'));
}

/* Runs on a pseudo terminal; everything that was shown. */
static char *run_on_terminal(const struct place *place, const char *arguments, int *code)
{
    g_autofree char *line = g_strdup_printf("%s %s", RIG_BINARY, arguments);
    GString *shown = g_string_new(NULL);
    struct winsize size = {.ws_row = 24, .ws_col = 100};
    char piece[4096];
    int master = -1, status = 0;
    pid_t child = forkpty(&master, NULL, NULL, &size);
    ssize_t n;

    if (child == 0) {
        char *words[] = {(char *)"sh", (char *)"-c", line, NULL};

        alarm(PLACE_DEADLINE_S);
        if (chdir(place->directory) == 0)
            execve("/bin/sh", words, place->environment);
        _exit(99);
    }
    if (child < 0) {
        print_message("no pseudo terminal can be had here (is /dev/pts mounted?)\n");
        g_string_free(shown, TRUE);
        g_clear_pointer(&line, g_free); /* skip() does not come back */
        skip();
    }
    while ((n = read(master, piece, sizeof piece)) > 0)
        g_string_append_len(shown, piece, n);
    close(master);
    assert_int_equal(waitpid(child, &status, 0), child);
    *code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    return g_string_free(shown, FALSE);
}

static void a_terminal_shows_a_live_line_and_is_left_clean(void **state)
{
    struct place *place = *state;
    g_autofree char *shown = NULL;
    char *last_erase;
    int code;

    write_scenarios(place);
    place->environment = g_environ_setenv(place->environment, "TERM", "xterm", TRUE);
    shown = run_on_terminal(place, "run passing.yaml failing.yaml sweep.yaml", &code);
    assert_int_equal(code, 1);
    expect_text(shown, "\r\033[K"); /* the live line comes and goes */
    expect_text(shown, "\033[3");   /* colours */
    last_erase = g_strrstr(shown, "\033[K");
    expect_text(last_erase, "3 passed, 1 failed");
    assert_true(g_str_has_suffix(shown, "\n"));
    assert_null(strstr(shown, "\033[?25l")); /* the cursor was never hidden */
}

static void no_color_is_honoured_on_a_terminal(void **state)
{
    struct place *place = *state;
    g_autofree char *shown = NULL;
    int code;

    write_scenarios(place);
    place->environment = g_environ_setenv(place->environment, "TERM", "xterm", TRUE);
    place->environment = g_environ_setenv(place->environment, "NO_COLOR", "1", TRUE);
    shown = run_on_terminal(place, "run failing.yaml", &code);
    assert_int_equal(code, 1);
    assert_null(strstr(shown, "\033[3"));
    assert_null(strstr(shown, "\033[0m"));
}

static void a_dumb_terminal_gets_plain_lines(void **state)
{
    struct place *place = *state;
    g_autofree char *shown = NULL;
    int code;

    write_scenarios(place);
    place->environment = g_environ_setenv(place->environment, "TERM", "dumb", TRUE);
    shown = run_on_terminal(place, "run passing.yaml", &code);
    assert_int_equal(code, 0);
    assert_null(strchr(shown, '\033'));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PROCESS_TEST(reports_lie_where_they_should),
        PROCESS_TEST(a_failing_case_shows_all_that_is_needed),
        PROCESS_TEST(a_second_run_into_the_same_folder_is_refused_before_it_clears_anything),
        PROCESS_TEST(an_output_folder_that_is_a_file_is_an_error),
        PROCESS_TEST(an_unwritable_folder_is_an_error),
        PROCESS_TEST(a_full_disk_for_the_junit_file_is_told_and_no_pass),
        PROCESS_TEST(a_disk_that_fills_up_during_the_run_leaves_the_verdict),
        PROCESS_TEST(reports_of_a_run_without_its_journal_are_not_green),
        PROCESS_TEST(a_full_standard_output_ends_nothing),
        PROCESS_TEST(standard_output_that_is_lost_is_an_error_of_every_command),
        PROCESS_TEST(a_closed_standard_output_is_lost_and_no_report_goes_into_it),
        PROCESS_TEST(a_reader_that_wants_no_more_is_no_loss),
        PROCESS_TEST(a_file_size_limit_ends_no_command_by_its_signal),
        PROCESS_TEST(a_reader_that_goes_away_ends_nothing),
        PROCESS_TEST(a_pipe_gets_no_escape_sequence),
        PROCESS_TEST(a_terminal_shows_a_live_line_and_is_left_clean),
        PROCESS_TEST(no_color_is_honoured_on_a_terminal),
        PROCESS_TEST(a_dumb_terminal_gets_plain_lines),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
