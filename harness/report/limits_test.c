/* SPDX-License-Identifier: GPL-3.0-or-later */
/* No verdict is lost at a limit: many cases, attempts and problems, long lines, logs past their bound, cases
 * that the journal does not list. */
#include <glib/gstdio.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "report/journal.h"
#include "report/junit.h"
#include "report/model.h"
#include "tests/scratch.h"

#define N_MANY 100001u

/* Events go straight to results, or through a journal. */
struct source {
    struct rig_results *results;
    struct rig_journal *journal;
    gint64 next_number;
};

static void send(struct source *source, gint64 case_index, guint attempt, struct rig_event *event)
{
    if (source->journal && case_index >= 0)
        rig_journal_begin_case(source->journal, (guint)case_index, attempt);
    if (source->journal) {
        rig_journal_emit(source->journal, 0, event);
        rig_journal_end_case(source->journal);
        return;
    }
    event->number = source->next_number++;
    event->case_index = case_index;
    event->attempt = attempt;
    rig_results_take(source->results, event);
    rig_event_free(event);
}

/* The cases in pieces, as the runner lists them; only n_listed of n_cases come. */
static void send_start(struct source *source, guint n_cases, guint n_listed)
{
    struct rig_event *event = rig_event_new(RIG_EVENT_RUN_START);

    rig_event_count(event, RIG_KEY_N_CASES, n_cases);
    for (guint i = 0; i < n_listed; i++) {
        struct rig_event *planned = rig_event_append(event, RIG_KEY_CASES);

        rig_event_textf(planned, RIG_KEY_FILE, "f%u.yaml", i / 10000);
        rig_event_textf(planned, RIG_KEY_NAME, "case-%u", i % 10000);
        if (i % 500 == 499) {
            send(source, -1, 0, event);
            event = rig_event_new(RIG_EVENT_CASES);
        }
    }
    send(source, -1, 0, event);
}

static void send_end(struct source *source)
{
    send(source, -1, 0, rig_event_new(RIG_EVENT_RUN_END));
}

static void send_case_end(struct source *source, guint index, guint attempt, const char *verdict)
{
    struct rig_event *event = rig_event_new(RIG_EVENT_CASE_END);

    rig_event_text(event, RIG_KEY_VERDICT, verdict);
    rig_event_text(event, RIG_KEY_MESSAGE, strcmp(verdict, "pass") == 0 ? NULL : "what happened");
    rig_event_flag(event, RIG_KEY_FINAL, true);
    send(source, index, attempt, event);
}

static void send_lines(struct source *source, guint index, guint n_lines)
{
    for (guint i = 0; i < n_lines; i++) {
        struct rig_event *event = rig_event_new(RIG_EVENT_CONSOLE);

        rig_event_text(event, RIG_KEY_LINE_TEXT, "a line of the console, about fifty characters long");
        send(source, index, 0, event);
    }
}

static void the_failure_after_a_hundred_thousand_cases_counts(void **state)
{
    g_autoptr(rig_results) results = rig_results_new();
    struct source source = {.results = results};
    struct rig_junit_options options = {.strict = true};
    g_autofree char *junit = NULL;
    struct rig_counts counts;
    gsize n_bytes = 0;

    (void)state;
    send_start(&source, N_MANY, N_MANY);
    for (guint i = 0; i < N_MANY; i++)
        send_case_end(&source, i, 0, i + 1 < N_MANY ? "pass" : "fail");
    send_end(&source);
    rig_results_finish(results);
    counts = rig_results_counts(results);
    assert_int_equal(counts.n_cases, N_MANY);
    assert_int_equal(counts.n_passed, N_MANY - 1);
    assert_int_equal(counts.n_failed, 1);
    assert_int_equal(rig_results_exit_code(results), 1);
    junit = rig_junit_text(results, &options, &n_bytes, NULL);
    assert_non_null(strstr(junit, "tests=\"100001\" failures=\"1\" errors=\"0\""));
    assert_non_null(g_strstr_len(junit + n_bytes - 2000, -1, "<failure message=\"what happened\""));
}

static void expect_one_problem(const struct rig_results *results, const char *said)
{
    const struct rig_problem *problem;

    assert_int_equal(results->problems->len, 1);
    problem = g_ptr_array_index(results->problems, 0);
    if (!strstr(problem->text, said))
        fail_msg("'%s' instead of '%s'", problem->text, said);
    assert_int_equal(rig_results_exit_code(results), 2);
}

static void cases_that_are_not_listed_are_an_error(void **state)
{
    g_autoptr(rig_results) few = rig_results_new();
    g_autoptr(rig_results) stray = rig_results_new();
    struct source source = {.results = few};

    (void)state;
    send_start(&source, 600, 500); /* killed between two pieces, and nothing else */
    for (guint i = 0; i < 500; i++)
        send_case_end(&source, i, 0, "pass");
    send_end(&source);
    rig_results_finish(few);
    expect_one_problem(few, "100 of 600 cases are not listed");
    source = (struct source){.results = stray};
    send_start(&source, 2, 2);
    for (guint i = 0; i < 3; i++)
        send_case_end(&source, i, 0, i < 2 ? "pass" : "fail");
    send_end(&source);
    rig_results_finish(stray);
    expect_one_problem(stray, "ends of cases belong to no case");
}

static void a_journal_with_more_cases_than_reports_hold_says_so(void **state)
{
    g_autoptr(rig_results) results = rig_results_new();
    struct source source = {.results = results};

    (void)state;
    send_start(&source, RIG_RESULTS_MAX_CASES + 7, RIG_RESULTS_MAX_CASES + 7);
    send_end(&source);
    rig_results_finish(results);
    assert_int_equal(results->cases->len, RIG_RESULTS_MAX_CASES);
    assert_non_null(strstr(((struct rig_problem *)g_ptr_array_index(results->problems, 0))->text,
                           "7 of 1000007 cases are more than reports can hold"));
}

/* A journal that was written twice into, or made by hand. */
static void the_first_end_of_an_attempt_counts(void **state)
{
    g_autoptr(rig_results) results = rig_results_new();
    struct source source = {.results = results};

    (void)state;
    send_start(&source, 1, 1);
    send_case_end(&source, 0, 0, "fail");
    send_case_end(&source, 0, 0, "pass");
    send_end(&source);
    rig_results_finish(results);
    assert_int_equal(rig_results_counts(results).n_failed, 1);
    expect_one_problem(results, "twice");
}

static void the_last_attempt_counts_however_many_there_are(void **state)
{
    static const char *const last[] = {"fail", "pass"};

    (void)state;
    for (guint k = 0; k < G_N_ELEMENTS(last); k++) {
        g_autoptr(rig_results) results = rig_results_new();
        struct source source = {.results = results};
        const struct rig_case_result *result;

        send_start(&source, 1, 1);
        for (guint i = 0; i < 3 * RIG_RESULTS_MAX_ATTEMPTS; i++)
            send_case_end(&source, 0, i, "error");
        send_case_end(&source, 0, 3 * RIG_RESULTS_MAX_ATTEMPTS, last[k]);
        send_end(&source);
        rig_results_finish(results);
        result = g_ptr_array_index(results->cases, 0);
        assert_string_equal(rig_verdict_word(result->verdict), last[k]);
        assert_int_equal(result->attempts->len, RIG_RESULTS_MAX_ATTEMPTS);
        assert_int_equal(result->flaky, k == 1);
    }
}

static void problems_past_their_bound_are_counted(void **state)
{
    g_autoptr(rig_results) results = rig_results_new();
    struct source source = {.results = results};

    (void)state;
    send_start(&source, 1, 1);
    for (guint i = 0; i < RIG_RESULTS_MAX_NOTES + 500; i++)
        send(&source, -1, 0, rig_event_new(RIG_EVENT_LOAD_ERROR));
    send_case_end(&source, 0, 0, "pass");
    send_end(&source);
    rig_results_finish(results);
    assert_int_equal(rig_results_counts(results).n_errors, RIG_RESULTS_MAX_NOTES + 500 + 1);
    assert_string_equal(
        ((struct rig_problem *)g_ptr_array_index(results->problems, RIG_RESULTS_MAX_NOTES))->text,
        "500 of 1500 problems of the run are not told here");
    assert_int_equal(rig_results_exit_code(results), 2);
}

static void send_logs(struct source *source)
{
    send_start(source, 100, 100);
    for (guint i = 0; i < 100; i++) {
        send_lines(source, i, 20);
        send_case_end(source, i, 0, i % 2 ? "fail" : "pass");
    }
    send_end(source);
}

static guint n_lines_kept(const struct rig_results *results, bool passed)
{
    guint n = 0;

    for (guint i = 0; i < results->cases->len; i++) {
        const struct rig_attempt *attempt = rig_case_last_attempt(g_ptr_array_index(results->cases, i));

        n += (attempt->verdict == RIG_VERDICT_PASS) == passed ? attempt->log->len : 0;
        assert_int_equal(attempt->log->len + attempt->n_left_out, 20);
    }
    return n;
}

/* What is kept costs about 140 bytes a line. */
static void logs_past_their_bound_go_and_verdicts_stay(void **state)
{
    g_autofree char *path = g_build_filename(*state, "journal.jsonl", NULL);
    struct source source = {.results = rig_results_new(), .journal = rig_journal_new(path, NULL)};
    g_autoptr(rig_results) again = rig_results_new();

    source.results->max_passed_bytes = again->max_passed_bytes = 20000;
    source.results->max_bad_bytes = again->max_bad_bytes = 60000;
    rig_journal_listen(source.journal, rig_results_take, source.results);
    send_logs(&source);
    rig_results_finish(source.results);
    rig_journal_free(source.journal);
    assert_true(rig_results_read(again, path, NULL, NULL, NULL));
    assert_in_range(n_lines_kept(source.results, true), 80, 200);
    assert_in_range(n_lines_kept(source.results, false), 300, 600);
    assert_int_equal(n_lines_kept(again, true), n_lines_kept(source.results, true));
    assert_int_equal(n_lines_kept(again, false), n_lines_kept(source.results, false));
    assert_int_equal(rig_results_counts(again).n_failed, 50);
    assert_int_equal(rig_results_exit_code(again), 1);
    rig_results_free(source.results);
    g_unlink(path);
}

/* 400 later problems of 60 KiB: 24 MiB. */
static void an_end_that_is_too_long_for_a_line_keeps_its_verdict(void **state)
{
    g_autofree char *path = g_build_filename(*state, "journal.jsonl", NULL);
    struct source source = {.journal = rig_journal_new(path, NULL)};
    struct rig_event *end = rig_event_new(RIG_EVENT_CASE_END);
    g_autofree char *problem = g_strnfill(60 * 1024, 'p');
    g_autoptr(GPtrArray) also = g_ptr_array_new();
    g_autoptr(rig_results) results = NULL;

    for (guint i = 0; i < 400; i++)
        g_ptr_array_add(also, problem);
    g_ptr_array_add(also, NULL);
    rig_event_text(end, RIG_KEY_VERDICT, "fail");
    rig_event_text(end, RIG_KEY_MESSAGE, "the first problem");
    rig_event_list(end, RIG_KEY_ALSO, (const char *const *)also->pdata);
    send_start(&source, 1, 1);
    send(&source, 0, 0, end);
    send_end(&source);
    rig_journal_free(source.journal);
    results = rig_results_from_journal(path, NULL);
    assert_int_equal(results->n_bad_lines, 0);
    assert_int_equal(rig_results_exit_code(results), 1);
    assert_string_equal(rig_case_last_attempt(g_ptr_array_index(results->cases, 0))->message,
                        "the first problem");
    g_unlink(path);
}

/* Whatever the reason is that its events are missing: a case that nobody decided to leave out did not pass.
 */
static void a_case_whose_events_are_missing_is_an_error(void **state)
{
    g_autoptr(rig_results) results = rig_results_new();
    struct source source = {.results = results, .next_number = (gint64)G_MAXINT + 10};

    (void)state;
    send_start(&source, 3, 3);
    send_case_end(&source, 0, 0, "fail");
    source.next_number += 5; /* the second case was here */
    send_case_end(&source, 2, 0, "pass");
    send_end(&source);
    rig_results_finish(results);
    assert_int_equal(results->n_missing_events, (gint64)G_MAXINT + 10 + 5);
    assert_int_equal(((struct rig_case_result *)g_ptr_array_index(results->cases, 1))->verdict,
                     RIG_VERDICT_ERROR);
    assert_int_equal(rig_results_exit_code(results), 2);
}

/* Which of two ends holds is not known: two journals in one file, or an attempt that ends twice. */
static void an_end_that_comes_again_is_an_error(void **state)
{
    static const char *const kinds[] = {"case-end", "run-start"};

    (void)state;
    for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++) {
        g_autoptr(rig_results) results = rig_results_new();
        struct source source = {.results = results};

        send_start(&source, 2, 2);
        send_case_end(&source, 0, 0, "pass");
        send_case_end(&source, 1, 0, "pass"); /* the first is settled now */
        if (i == 0)
            send_case_end(&source, 0, 0, "fail");
        else
            send_start(&source, 2, 2);
        send_end(&source);
        rig_results_finish(results);
        assert_int_equal(results->n_repeated, 1);
        expect_one_problem(results, "twice");
        assert_int_equal(rig_results_exit_code(results), 2);
    }
}

static void the_note_of_a_retry_stays_with_its_attempt(void **state)
{
    g_autoptr(rig_results) results = rig_results_new();
    struct source source = {.results = results};
    const struct rig_case_result *result;
    const struct rig_attempt *first;

    (void)state;
    send_start(&source, 1, 1);
    send_case_end(&source, 0, 0, "fail");
    send(&source, 0, 0, rig_event_new(RIG_EVENT_RETRY));
    send_case_end(&source, 0, 1, "pass");
    send_end(&source);
    rig_results_finish(results);
    result = g_ptr_array_index(results->cases, 0);
    first = g_ptr_array_index(result->attempts, 0);
    assert_int_equal(first->log->len, 1);
    assert_int_equal(first->n_left_out, 0);
    assert_true(result->flaky);
}

static void a_run_that_was_killed_after_its_last_case_is_not_whole(void **state)
{
    g_autoptr(rig_results) results = rig_results_new();
    struct source source = {.results = results};

    (void)state;
    send_start(&source, 2, 2);
    send_case_end(&source, 0, 0, "pass");
    send_case_end(&source, 1, 0, "pass");
    rig_results_finish(results);
    expect_one_problem(results, "the run was killed before its end");
}

static struct rig_event *exploration(enum rig_event_kind kind, const char *verdict)
{
    struct rig_event *event = rig_event_new(kind);
    struct rig_event *invariant = rig_event_append(event, RIG_KEY_INVARIANTS);

    rig_event_text(event, RIG_KEY_STEP, "steps.0");
    rig_event_text(invariant, RIG_KEY_NAME, "boots");
    rig_event_text(invariant, RIG_KEY_VERDICT, verdict);
    return event;
}

/* Else its JUnit file would hold a failure and the exit code were 0. */
static void a_case_did_not_pass_when_its_exploration_did_not(void **state)
{
    static const struct {
        const char *verdict; /* of the invariant; NULL: the end of the exploration is missing */
        int code;
    } rows[] = {{"pass", 0}, {"skip", 0}, {"fail", 1}, {"error", 2}, {NULL, 2}};

    (void)state;
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(rig_results) results = rig_results_new();
        struct source source = {.results = results};

        send_start(&source, 1, 1);
        send(&source, 0, 0, exploration(RIG_EVENT_EXPLORE_START, NULL));
        if (rows[i].verdict)
            send(&source, 0, 0, exploration(RIG_EVENT_EXPLORE_END, rows[i].verdict));
        send_case_end(&source, 0, 0, "pass");
        send_end(&source);
        rig_results_finish(results);
        assert_int_equal(rig_results_exit_code(results), rows[i].code);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_failure_after_a_hundred_thousand_cases_counts),
        cmocka_unit_test(cases_that_are_not_listed_are_an_error),
        cmocka_unit_test(a_journal_with_more_cases_than_reports_hold_says_so),
        cmocka_unit_test(the_first_end_of_an_attempt_counts),
        cmocka_unit_test(the_last_attempt_counts_however_many_there_are),
        cmocka_unit_test(problems_past_their_bound_are_counted),
        cmocka_unit_test(logs_past_their_bound_go_and_verdicts_stay),
        cmocka_unit_test(an_end_that_is_too_long_for_a_line_keeps_its_verdict),
        cmocka_unit_test(a_case_whose_events_are_missing_is_an_error),
        cmocka_unit_test(an_end_that_comes_again_is_an_error),
        cmocka_unit_test(the_note_of_a_retry_stays_with_its_attempt),
        cmocka_unit_test(a_run_that_was_killed_after_its_last_case_is_not_whole),
        cmocka_unit_test(a_case_did_not_pass_when_its_exploration_did_not),
    };

    return cmocka_run_group_tests_name("limits", tests, scratch_make, scratch_remove);
}
