/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reports never say what is not so: yesterday's are gone whatever ends the run, and what was not run is told.
 */
#include "process.h"

#include <signal.h>
#include <string.h>

static const char *const report_files[] = {"reports/out/junit.xml", "reports/out/summary.json",
                                           "reports/out/report.html", "own.xml"};

static void write_scenarios(const struct place *place)
{
    place_write(place, "passing.yaml", scenario_passing);
    place_write(place, "failing.yaml", scenario_failing);
    place_write(place, "broken.yaml", "scenario: broken\nsteps: [fly: ]\n");
    place_write(place, "many.yaml",
                "scenario: many\nmatrix: {n: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]}\nsteps: [note: $n]\n");
    place_write(place, "odd.jsonl",
                "{\"n\":0,\"ev\":\"run-start\",\"cases\":[{\"file\":\"a.yaml\",\"name\":\"a\"}]}\n"
                "{\"n\":1,\"ev\":\"case-end\",\"case\":0,\"attempt\":0,\"verdict\":\"fail\",\"final\":true,"
                "\"replay\":\"rm -r 'x\"}\n{\"n\":2,\"ev\":\"run-end\"}\n");
    place_write(
        place, "future.jsonl",
        "{\"n\":0,\"ev\":\"run-start\",\"format\":2,\"cases\":[{\"file\":\"a.yaml\",\"name\":\"a\"}]}\n"
        "{\"n\":1,\"ev\":\"case-end\",\"case\":0,\"attempt\":0,\"verdict\":\"pass\"}\n"
        "{\"n\":2,\"ev\":\"run-end\"}\n");
    place_write(place, "twice.jsonl",
                "{\"n\":0,\"ev\":\"run-start\",\"cases\":[{\"file\":\"a.yaml\",\"name\":\"a\"}]}\n"
                "{\"n\":1,\"ev\":\"case-end\",\"case\":0,\"attempt\":0,\"verdict\":\"pass\"}\n"
                "{\"n\":2,\"ev\":\"case-end\",\"case\":0,\"attempt\":0,\"verdict\":\"fail\"}\n"
                "{\"n\":3,\"ev\":\"run-end\"}\n");
    place_write(place, "empty.jsonl", "");
    place_write(place, "states/none.txt", "");
}

static void leave_reports_of_yesterday(const struct place *place)
{
    for (gsize i = 0; i < G_N_ELEMENTS(report_files); i++)
        place_write(place, report_files[i], "of yesterday, all passed");
}

static void expect_error_reports(const struct place *place, const char *line, int code)
{
    g_autofree char *said = g_strdup_printf("\"exit_code\" : %d", code);
    g_autofree char *summary = place_read(place, "reports/out/summary.json");
    g_autofree char *junit = place_read(place, "reports/out/junit.xml");

    for (gsize i = 0; i < G_N_ELEMENTS(report_files); i++) {
        g_autofree char *text = place_read(place, report_files[i]);

        if (!text || strstr(text, "of yesterday"))
            fail_msg("%s: %s %s", line, report_files[i], text ? "is of yesterday" : "is missing");
    }
    expect_text(summary, said);
    expect_text(junit, "<error ");
    expect_text(junit, "errors=\"1\"");
    place_expect_junit(place, "reports/out/junit.xml", false);
    place_expect_junit(place, "own.xml", false);
}

static void a_run_that_dies_early_leaves_error_reports(void **state)
{
    static const struct {
        int code;
        const char *line;
        const char *said; /* in the reports, too */
    } rows[] = {
        {2, "run passing.yaml --target nowhere", "nowhere"},
        {2, "run passing.yaml --repeat 0", "--repeat wants"},
        {2, "run passing.yaml --repeat many", "many"},
        {2, "run many.yaml --repeat 100000", "are 1100000 in one run"},
        {2, "run passing.yaml --dance", "Unknown option --dance"},
        {2, "run passing.yaml --output=reports/out --dance", "Unknown option --dance"},
        {2, "run passing.yaml -o reports/out --dance", "Unknown option --dance"},
        {2, "run passing.yaml -o elsewhere -oreports/out --dance", "Unknown option"},
        {2, "run passing.yaml -qoreports/out --dance", "Unknown option"},
        {2, "run passing.yaml -xqo reports/out --dance", "Unknown option --dance"},
        {2, "run passing.yaml --seed twelve", "twelve"},
        {2, "run passing.yaml --defect laziness", "laziness"},
        {2, "run passing.yaml --bench nobench.yaml", "nobench.yaml"},
        {2, "run passing.yaml --bootloader nothing.so", "nothing.so"},
        {2, "run passing.yaml --resume states", "no exploration to go on with"},
        {2, "run nosuch.yaml", "nosuch.yaml"},
        {2, "run broken.yaml", "fly"},
        {2, "replay nosuch.jsonl -o reports/out", "nosuch.jsonl"},
        {2, "replay odd.jsonl -o reports/out", "replay command is broken"},
        {2, "replay future.jsonl -o reports/out", "it is not of format 1"},
        {2, "replay twice.jsonl -o reports/out", "the run is not whole"},
        {2, "replay empty.jsonl -o reports/out", "the journal has no case"},
        {2, "replay -o reports/out", "replay wants one scenario file"},
        {4, "run passing.yaml --name nothing-like-it", "no case was selected"},
    };

    write_scenarios(*state);
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        bool replays = g_str_has_prefix(rows[i].line, "replay");
        g_autofree char *junit = NULL;

        leave_reports_of_yesterday(*state);
        if (replays)
            place_write(*state, "own.xml",
                        "<testsuites name='x' tests='0' failures='0' errors='0' skipped='0' time='0.000'/>");
        place_expect(*state, rows[i].code, NULL, "bootrig %s%s", rows[i].line,
                     replays ? "" : " --junit own.xml");
        expect_error_reports(*state, rows[i].line, rows[i].code);
        junit = place_read(*state, "reports/out/junit.xml");
        expect_text(junit, rows[i].said);
    }
}

/* A forgotten value of --junit is the scenario. */
static void no_report_takes_the_place_of_what_the_run_needs(void **state)
{
    static const char *const files[] = {"passing.yaml", "./mine", "reports/out/journal.jsonl",
                                        "reports/out/../out/summary.json"};

    write_scenarios(*state);
    place_write(*state, "mine", scenario_passing);
    for (gsize i = 0; i < G_N_ELEMENTS(files); i++) {
        g_autofree char *summary = NULL;

        place_expect(*state, 2, "is not overwritten", "bootrig run mine --junit %s", files[i]);
        summary = place_read(*state, "reports/out/summary.json");
        expect_text(summary, "\"exit_code\" : 2");
    }
    place_expect(*state, 0, "2 passed", "bootrig run passing.yaml");
    place_expect(*state, 2, "cannot take the place of its journal",
                 "bootrig report reports/out --junit reports/out/journal.jsonl");
    place_expect(*state, 0, "2 passed", "bootrig report reports/out");
}

static void an_old_report_that_cannot_be_removed_is_an_error(void **state)
{
    write_scenarios(*state);
    place_write(*state, "reports/out/junit.xml/file", "the report is a folder");
    place_expect(*state, 2, "cannot remove reports/out/junit.xml", "bootrig run passing.yaml");
}

/* The list of cases takes several lines of the journal. */
static void the_failure_at_the_end_of_a_large_run_counts_live_and_after_a_kill(void **state)
{
    g_autoptr(GString) many = g_string_new("scenario: many\nmatrix:\n  n: [0");
    g_autofree char *journal = NULL;
    g_autofree char *summary = NULL;
    g_autoptr(GPtrArray) ended = NULL;
    char *end;

    for (guint i = 1; i < 8000; i++)
        g_string_append_printf(many, ", %u", i);
    g_string_append(many, "]\nsteps: [note: $n]\n");
    write_scenarios(*state);
    place_write(*state, "a-many.yaml", many->str);
    place_expect(*state, 1, "8000 passed, 1 failed", "bootrig run -q a-many.yaml failing.yaml");
    ended = place_ended(*state, "reports/out", false);
    assert_int_equal(ended->len, 8001);
    assert_string_equal(ended_named(ended, "wrong-hope")->verdict, "fail");
    journal = place_read(*state, "reports/out/journal.jsonl");
    assert_in_range(count_text(journal, "\"ev\":\"cases\""), 2, 100);
    end = strchr(g_strrstr(journal, "\"ev\":\"case-start\""), '\n');
    end[1] = '\0'; /* killed in the last case */
    place_write(*state, "reports/out/journal.jsonl", journal);
    place_expect(*state, 2, "8000 passed, 0 failed, 1 errors",
                 "bootrig report reports/out -q --terminal --json left.json");
    summary = place_read(*state, "left.json");
    expect_text(summary, "the run was killed here");
    expect_text(summary, "\"cases\" : 8001");
}

static void a_dry_run_leaves_the_reports_alone(void **state)
{
    g_autofree char *junit = NULL;

    write_scenarios(*state);
    leave_reports_of_yesterday(*state);
    place_expect(*state, 0, NULL, "bootrig run --dry-run passing.yaml --junit own.xml");
    place_expect(*state, 2, "Unknown option", "bootrig run --dry-run --dance --junit own.xml");
    junit = place_read(*state, "own.xml");
    expect_text(junit, "of yesterday");
}

static void a_run_that_is_killed_leaves_no_report_of_yesterday(void **state)
{
    g_autofree char *journal = place_path(*state, "reports/out/journal.jsonl");
    GPid pid;

    place_write(*state, "sweep.yaml", scenario_sweep);
    leave_reports_of_yesterday(*state);
    pid = place_start(*state, "bootrig run sweep.yaml --repeat 400 -q --junit own.xml");
    while (!g_file_test(journal, G_FILE_TEST_EXISTS))
        g_usleep(1000);
    kill(pid, SIGKILL);
    assert_int_equal(place_wait(pid), -SIGKILL);
    for (gsize i = 0; i < G_N_ELEMENTS(report_files); i++) {
        g_autofree char *text = place_read(*state, report_files[i]);

        if (text)
            fail_msg("%s is there", report_files[i]);
    }
}

/* What a run leaves that is killed after its first case: everything up to that case's end. */
static void leave_killed_run(const struct place *place)
{
    g_autofree char *journal = NULL;
    char *end;

    place_expect(place, 1, NULL, "bootrig run -q passing.yaml failing.yaml");
    journal = place_read(place, "reports/out/journal.jsonl");
    end = strchr(strstr(journal, "\"ev\":\"case-end\""), '\n');
    end[1] = '\0';
    place_write(place, "reports/out/journal.jsonl", journal);
}

static void a_killed_run_says_what_was_not_run(void **state)
{
    g_autofree char *junit = NULL;
    g_autofree char *summary = NULL;

    write_scenarios(*state);
    leave_killed_run(*state);
    place_expect(*state, 2, "2 of 3 cases were not run",
                 "bootrig report reports/out --terminal --junit left.xml --json left.json");
    junit = place_read(*state, "left.xml");
    summary = place_read(*state, "left.json");
    expect_text(junit, "failures=\"0\" errors=\"2\" skipped=\"0\"");
    expect_text(junit, "not run: the run was killed before it");
    expect_text(summary, "\"exit_code\" : 2");
    expect_text(summary, "\"not_run\" : 2");
    place_expect(*state, 2, "2 of 3 cases were not run", "bootrig replay reports/out");
    place_expect(*state, 2, "bootrig run failing.yaml --case 'wrong-hope' --seed 1",
                 "bootrig replay reports/out --case wrong-hope");
    place_write(*state, "killed.jsonl",
                "{\"n\":0,\"ev\":\"run-start\",\"seed\":\"7\",\"argv\":[\"bootrig\",\"run\",\"-tmine\",\"--"
                "defect=a\",\"-q\","
                "\"--bootloader\",\"my own.so\",\"--output\",\"x\"],\"cases\":[{\"file\":\"a "
                "b.yaml\",\"name\":\"a\"}]}\n"
                "{\"n\":1,\"ev\":\"case-start\",\"case\":0,\"attempt\":0}\n");
    place_expect(*state, 2,
                 "bootrig run 'a b.yaml' --case 'a' --seed 7 -tmine --defect=a --bootloader 'my own.so'\n",
                 "bootrig replay killed.jsonl");
}

static void a_run_that_stops_at_a_failure_shows_the_rest_as_not_run(void **state)
{
    g_autofree char *junit = NULL;

    write_scenarios(*state);
    place_expect(*state, 1, "2 of 3 cases were not run", "bootrig run -x failing.yaml passing.yaml");
    junit = place_read(*state, "reports/out/junit.xml");
    expect_text(junit, "tests=\"3\" failures=\"1\" errors=\"0\" skipped=\"2\"");
    expect_text(junit, "not run: the run stopped before it");
}

static void a_random_seed_is_printed_and_gives_the_same_run_again(void **state)
{
    g_autoptr(outcome) first = NULL;
    g_autofree char *line = NULL;
    g_autofree char *replay = NULL;
    g_autofree char *junit = NULL;
    guint64 seed = 0;

    write_scenarios(*state);
    first = place_run(*state, "bootrig run -q failing.yaml --seed random");
    assert_int_equal(first->code, 1);
    assert_true(g_str_has_prefix(first->out, "seed "));
    seed = g_ascii_strtoull(first->out + 5, NULL, 10);
    line = g_strdup_printf("name=\"seed\" value=\"%" G_GUINT64_FORMAT "\"", seed);
    junit = place_read(*state, "reports/out/junit.xml");
    expect_text(junit, line);
    expect_text(first->out, "--case-seed ");
    replay = g_strdup(strstr(first->out, "--case-seed "));
    *strchr(replay, '\n') = '\0';
    place_expect(*state, 1, replay, "bootrig run -q failing.yaml --seed %" G_GUINT64_FORMAT, seed);
}

static void what_cleanup_finds_counts_for_a_case_that_passed(void **state)
{
    place_write(*state, "late.yaml",
                "scenario: late\n"
                "images: {old: {version: 1.0.0, size: 8KiB}, new: {version: 2.0.0, size: 8KiB}}\n"
                "setup: [board: {slot0: old}]\n"
                "steps: [reset: ]\n"
                "cleanup: [expect-boot: {image: new, within: 2s}]\n");
    place_expect(*state, 1, "1 failed", "bootrig run late.yaml");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PROCESS_TEST(a_run_that_dies_early_leaves_error_reports),
        PROCESS_TEST(no_report_takes_the_place_of_what_the_run_needs),
        PROCESS_TEST(an_old_report_that_cannot_be_removed_is_an_error),
        PROCESS_TEST(the_failure_at_the_end_of_a_large_run_counts_live_and_after_a_kill),
        PROCESS_TEST(a_dry_run_leaves_the_reports_alone),
        PROCESS_TEST(a_run_that_is_killed_leaves_no_report_of_yesterday),
        PROCESS_TEST(a_killed_run_says_what_was_not_run),
        PROCESS_TEST(a_run_that_stops_at_a_failure_shows_the_rest_as_not_run),
        PROCESS_TEST(a_random_seed_is_printed_and_gives_the_same_run_again),
        PROCESS_TEST(what_cleanup_finds_counts_for_a_case_that_passed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
