/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Signals at any moment: an interrupted run cleans up and reports, a killed one leaves a journal that still
 * makes every report. */
#include "process.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>

#define LONG_RUN "bootrig run sweep.yaml passing.yaml failing.yaml --repeat 60 --no-html -q"

static void write_scenarios(const struct place *place)
{
    place_write(place, "passing.yaml", scenario_passing);
    place_write(place, "failing.yaml", scenario_failing);
    place_write(place, "sweep.yaml", scenario_sweep);
}

/* A journal of an earlier run must not be taken for that of this one. */
static GPid start_run(const struct place *place, const char *line)
{
    g_autofree char *path = place_path(place, "reports/out/journal.jsonl");

    g_remove(path);
    return place_start(place, "%s", line);
}

/* Waits until the journal has so many bytes, and a moment more. */
static void wait_for_journal(const struct place *place, guint64 n_bytes, gulong then_us)
{
    g_autofree char *path = place_path(place, "reports/out/journal.jsonl");
    GStatBuf status = {0};

    for (int i = 0; i < 30000 && (g_stat(path, &status) != 0 || (guint64)status.st_size < n_bytes); i++)
        g_usleep(500);
    assert_true((guint64)status.st_size >= n_bytes);
    g_usleep(then_us);
}

static void expect_interrupted_reports(const struct place *place)
{
    g_autofree char *junit = place_read(place, "reports/out/junit.xml");
    g_autofree char *summary = place_read(place, "reports/out/summary.json");
    g_autofree char *journal = place_read(place, "reports/out/journal.jsonl");

    place_expect_junit(place, "reports/out/junit.xml", false);
    expect_text(junit, "<skipped");
    expect_text(summary, "\"interrupted\" : true");
    expect_text(journal, "\"ev\":\"run-end\"");
    /* All cases are in the report, whether they ran or not: 4 cases, 60 times each. */
    assert_int_equal(count_text(junit, "<testcase "), 240);
}

static void sigint_at_several_moments_cleans_up_reports_and_exits_3(void **state)
{
    static const guint64 moments[] = {1, 20000, 60000, 90000, 150000, 300000};

    write_scenarios(*state);
    for (gsize i = 0; i < G_N_ELEMENTS(moments); i++) {
        GPid pid = start_run(*state, LONG_RUN);

        wait_for_journal(*state, moments[i], 700 * i);
        assert_int_equal(kill(pid, SIGINT), 0);
        assert_int_equal(place_wait(pid), 3);
        expect_interrupted_reports(*state);
    }
}

static void sigterm_and_sighup_end_a_run_as_sigint_does(void **state)
{
    static const int signals[] = {SIGTERM, SIGHUP};

    write_scenarios(*state);
    for (gsize i = 0; i < G_N_ELEMENTS(signals); i++) {
        GPid pid = start_run(*state, LONG_RUN);

        wait_for_journal(*state, 60000, 0);
        assert_int_equal(kill(pid, signals[i]), 0);
        assert_int_equal(place_wait(pid), 3);
        expect_interrupted_reports(*state);
    }
}

/* Endless but for the interrupt: the step waits a virtual hour again and again. */
static void cleanup_runs_after_an_interrupt_and_does_not_hide_it(void **state)
{
    g_autofree char *journal = NULL;
    g_autofree char *interrupted = NULL;
    char *clean_up;
    GPid pid;

    write_scenarios(*state);
    pid = place_start(*state, "bootrig run sweep.yaml --repeat 2000 --no-html -q");
    wait_for_journal(*state, 400000, 300);
    assert_int_equal(kill(pid, SIGINT), 0);
    assert_int_equal(place_wait(pid), 3);
    journal = place_read(*state, "reports/out/journal.jsonl");
    clean_up = g_strrstr(journal, "\"text\":\"cleanup ran\"");
    assert_non_null(clean_up);
    interrupted = g_strdup(g_strrstr(journal, "\"ev\":\"case-end\""));
    assert_non_null(interrupted);
    /* The last case that began also ended, after its cleanup. */
    assert_int_equal(count_text(journal, "\"ev\":\"case-start\""),
                     count_text(journal, "\"ev\":\"case-end\""));
    assert_int_equal(count_text(journal, "\"ev\":\"case-start\""),
                     count_text(journal, "\"text\":\"cleanup ran\""));
    assert_true(clean_up < g_strrstr(journal, "\"ev\":\"case-end\""));
}

static void a_sweep_over_losses_of_the_link_ends_at_an_interrupt_with_its_losses_on_record(void **state)
{
    g_autofree char *journal = NULL;
    GPid pid;

    place_write(*state, "losses.yaml", scenario_losses);
    pid = place_start(*state, "bootrig run losses.yaml --repeat 40 --no-html -q");
    wait_for_journal(*state, 100000, 300);
    assert_int_equal(kill(pid, SIGINT), 0);
    assert_int_equal(place_wait(pid), 3);
    journal = place_read(*state, "reports/out/journal.jsonl");
    assert_true(count_text(journal, "\"ev\":\"loss\"") > 10);
    assert_int_equal(count_text(journal, "\"verdict\":\"fail\""), 0);
    assert_int_equal(count_text(journal, "\"ev\":\"case-start\""),
                     count_text(journal, "\"text\":\"cleanup ran\""));
}

static void expect_reports_of_what_is_left(const struct place *place)
{
    g_autoptr(outcome) report =
        place_run(place, "bootrig report reports/out --junit left.xml --html left.html --json left.json");
    g_autoptr(outcome) strict =
        place_run(place, "bootrig report reports/out --junit strict.xml --junit-strict");
    g_autofree char *junit = place_read(place, "left.xml");
    g_autofree char *json = place_read(place, "left.json");
    g_autofree char *journal = NULL;

    assert_int_equal(report->code, 2);
    assert_int_equal(strict->code, 2);
    place_expect_junit(place, "left.xml", false);
    place_expect_junit(place, "strict.xml", true);
    journal = place_read(place, "reports/out/journal.jsonl");
    if (strchr(journal, '\n')) /* one more says that the run was killed, when no case can say it */
        assert_in_range(count_text(junit, "<testcase "), 240, 241);
    else /* killed within its very first line: nothing is known of the cases */
        assert_int_equal(count_text(junit, "<testcase "), 1);
    expect_text(json, "\"killed\" : true");
}

static void sigkill_at_random_moments_leaves_a_journal_that_makes_valid_reports(void **state)
{
    g_autoptr(GRand) chance = g_rand_new_with_seed(2);

    write_scenarios(*state);
    for (int i = 0; i < 25; i++) {
        guint64 n_bytes = (guint64)g_rand_int_range(chance, 1, 400000);
        GPid pid = start_run(*state, LONG_RUN);

        wait_for_journal(*state, n_bytes, (gulong)g_rand_int_range(chance, 0, 1500));
        assert_int_equal(kill(pid, SIGKILL), 0);
        assert_int_equal(place_wait(pid), -SIGKILL);
        expect_reports_of_what_is_left(*state);
    }
}

static void a_journal_cut_at_any_byte_of_its_last_lines_makes_a_valid_report(void **state)
{
    g_autofree char *journal = NULL;
    gsize n_bytes;

    write_scenarios(*state);
    place_expect(*state, 1, NULL, "bootrig run -q --no-html passing.yaml failing.yaml");
    journal = place_read(*state, "reports/out/journal.jsonl");
    n_bytes = strlen(journal);
    for (gsize left = n_bytes - 1; left > n_bytes - 600; left -= 37) {
        g_autofree char *cut = g_strndup(journal, left);
        g_autoptr(outcome) report = NULL;

        place_write(*state, "cut.jsonl", cut);
        report = place_run(*state, "bootrig report cut.jsonl --junit cut.xml");
        assert_int_equal(report->code, 2);
        place_expect_junit(*state, "cut.xml", false);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PROCESS_TEST(sigint_at_several_moments_cleans_up_reports_and_exits_3),
        PROCESS_TEST(sigterm_and_sighup_end_a_run_as_sigint_does),
        PROCESS_TEST(cleanup_runs_after_an_interrupt_and_does_not_hide_it),
        PROCESS_TEST(a_sweep_over_losses_of_the_link_ends_at_an_interrupt_with_its_losses_on_record),
        PROCESS_TEST(sigkill_at_random_moments_leaves_a_journal_that_makes_valid_reports),
        PROCESS_TEST(a_journal_cut_at_any_byte_of_its_last_lines_makes_a_valid_report),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
