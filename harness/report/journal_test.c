/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The journal's writer and its reading back: round trips, hostile text, bounds, full disks, folders of runs.
 */
#include <errno.h>
#include <glib/gstdio.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "report/journal.h"
#include "report/model.h"
#include "report/output.h"
#include "tests/scratch.h"

struct heard {
    GString *lines;
    guint n_events;
};

static void hear(void *user, const struct rig_event *event)
{
    struct heard *heard = user;

    rig_event_write_json(event, heard->lines);
    g_string_append_c(heard->lines, '\n');
    heard->n_events++;
}

static struct rig_event *console_event(guint number)
{
    struct rig_event *event = rig_event_new(RIG_EVENT_CONSOLE);

    rig_event_textf(event, RIG_KEY_LINE_TEXT, "line %u", number);
    return event;
}

static void emit_run_start(struct rig_journal *journal, guint n_cases)
{
    struct rig_event *event = rig_event_new(RIG_EVENT_RUN_START);

    rig_event_count(event, RIG_KEY_FORMAT, 1);
    rig_event_real(event, RIG_KEY_TIMEOUT_SCALE, 2.5);
    rig_event_property(rig_event_map(event, RIG_KEY_PROPERTIES), "board", "sim");
    for (guint i = 0; i < n_cases; i++) {
        struct rig_event *planned = rig_event_append(event, RIG_KEY_CASES);
        const char *const tags[] = {"a", "b", NULL};

        rig_event_text(planned, RIG_KEY_FILE, "a.yaml");
        rig_event_textf(planned, RIG_KEY_NAME, "case-%u", i);
        rig_event_count(planned, RIG_KEY_LINE, 3);
        rig_event_list(planned, RIG_KEY_TAGS, tags);
    }
    rig_journal_emit(journal, 0, event);
}

static void emit_case(struct rig_journal *journal, guint index, guint attempt, const char *verdict,
                      bool final, guint n_lines)
{
    struct rig_event *end;

    rig_journal_begin_case(journal, index, attempt);
    rig_journal_emit(journal, 0, rig_event_new(RIG_EVENT_CASE_START));
    for (guint i = 0; i < n_lines; i++)
        rig_journal_emit(journal, i, console_event(i));
    end = rig_event_new(RIG_EVENT_CASE_END);
    rig_event_text(end, RIG_KEY_VERDICT, verdict);
    rig_event_flag(end, RIG_KEY_FINAL, final);
    rig_journal_emit(journal, n_lines, end);
    rig_journal_end_case(journal);
}

static void emit_run_end(struct rig_journal *journal)
{
    struct rig_event *event = rig_event_new(RIG_EVENT_RUN_END);

    rig_event_count(event, RIG_KEY_DURATION_MS, 1234);
    rig_event_flag(event, RIG_KEY_INTERRUPTED, false);
    rig_journal_emit(journal, 0, event);
}

static struct rig_results *write_and_read(const char *folder, guint n_lines, const char *verdict,
                                          struct rig_results *live)
{
    g_autofree char *path = g_build_filename(folder, "journal.jsonl", NULL);
    struct rig_journal *journal = rig_journal_new(path, NULL);
    struct rig_results *results;

    assert_non_null(journal);
    if (live)
        rig_journal_listen(journal, rig_results_take, live);
    emit_run_start(journal, 1);
    emit_case(journal, 0, 0, verdict, true, n_lines);
    emit_run_end(journal);
    assert_null(rig_journal_error(journal));
    rig_journal_free(journal);
    results = rig_results_from_journal(path, NULL);
    assert_non_null(results);
    g_unlink(path);
    return results;
}

static void what_is_written_is_what_listeners_hear_and_what_is_read(void **state)
{
    g_autofree char *path = g_build_filename(*state, "journal.jsonl", NULL);
    struct heard heard = {.lines = g_string_new(NULL)};
    struct rig_journal *journal = rig_journal_new(path, NULL);
    g_autoptr(GString) again = g_string_new(NULL);
    g_autofree char *text = NULL;
    g_auto(GStrv) lines = NULL;

    rig_journal_listen(journal, hear, &heard);
    emit_run_start(journal, 2);
    emit_case(journal, 0, 0, "fail", false, 450);
    emit_case(journal, 0, 1, "pass", true, 3);
    emit_run_end(journal);
    rig_journal_free(journal);
    assert_true(g_file_get_contents(path, &text, NULL, NULL));
    assert_string_equal(text, heard.lines->str);
    lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; **line; line++) {
        g_autoptr(rig_event) event = rig_event_parse_json(*line, strlen(*line));

        assert_non_null(event);
        rig_event_write_json(event, again);
        g_string_append_c(again, '\n');
    }
    assert_string_equal(again->str, text);
    g_string_free(heard.lines, TRUE);
    g_unlink(path);
}

static void live_and_reread_results_are_equal(void **state)
{
    g_autoptr(rig_results) live = rig_results_new();
    g_autoptr(rig_results) read = write_and_read(*state, 5, "fail", live);
    struct rig_counts a;
    struct rig_counts b;

    rig_results_finish(live);
    a = rig_results_counts(live);
    b = rig_results_counts(read);
    assert_memory_equal(&a, &b, sizeof a);
    assert_int_equal(rig_results_exit_code(live), 1);
    assert_int_equal(rig_results_exit_code(read), 1);
    assert_true(read->timeout_scale == 2.5);
    assert_int_equal(read->duration_ms, 1234);
    assert_int_equal(read->n_missing_events, 0);
    assert_false(read->last_line_cut);
}

static void a_failed_case_keeps_its_first_and_last_console_lines(void **state)
{
    g_autoptr(rig_results) results = write_and_read(*state, 1000, "fail", NULL);
    const struct rig_attempt *attempt = rig_case_last_attempt(g_ptr_array_index(results->cases, 0));
    const struct rig_entry *last = g_ptr_array_index(attempt->log, attempt->log->len - 1);

    assert_int_equal(attempt->log->len, RIG_JOURNAL_HEAD_LINES + RIG_JOURNAL_TAIL_LINES + 1);
    assert_int_equal(attempt->n_of[RIG_ENTRY_CONSOLE], 1000);
    assert_int_equal(attempt->n_left_out, 600);
    assert_string_equal(last->text, "line 999");
    assert_int_equal(last->at_us, 999);
}

static void a_passed_case_keeps_only_its_first_console_lines(void **state)
{
    g_autoptr(rig_results) results = write_and_read(*state, 1000, "pass", NULL);
    const struct rig_attempt *attempt = rig_case_last_attempt(g_ptr_array_index(results->cases, 0));

    assert_int_equal(attempt->log->len, RIG_JOURNAL_HEAD_LINES + 1);
    assert_int_equal(attempt->n_left_out, 800);
}

static void any_bytes_come_back_as_valid_text(void **state)
{
    char bytes[256];
    g_autoptr(rig_event) event = rig_event_new(RIG_EVENT_CONSOLE);
    g_autoptr(rig_event) again = NULL;
    g_autoptr(GString) line = g_string_new(NULL);
    const char *text;

    (void)state;
    for (guint i = 0; i < sizeof bytes; i++)
        bytes[i] = (char)i;
    rig_event_raw_text(event, RIG_KEY_LINE_TEXT, bytes, sizeof bytes);
    rig_event_write_json(event, line);
    assert_null(strchr(line->str, '\n'));
    again = rig_event_parse_json(line->str, line->len);
    assert_non_null(again);
    text = rig_event_get_text(again, RIG_KEY_LINE_TEXT);
    assert_string_equal(text, rig_event_get_text(event, RIG_KEY_LINE_TEXT));
    assert_true(g_str_has_prefix(text, "\\x00\x01\x02"));
    assert_true(g_str_has_suffix(text, "\\xFE\\xFF"));
}

static void a_megabyte_line_keeps_its_head_and_tail(void **state)
{
    g_autoptr(GString) text = g_string_new("head");
    g_autoptr(rig_event) event = rig_event_new(RIG_EVENT_CONSOLE);

    (void)state;
    while (text->len < 3 * 1024 * 1024)
        g_string_append(text, "ä€𝄞");
    g_string_append(text, "tail");
    rig_event_text(event, RIG_KEY_LINE_TEXT, text->str);
    text->len = 0;
    g_string_append(text, rig_event_get_text(event, RIG_KEY_LINE_TEXT));
    assert_in_range(text->len, RIG_EVENT_MAX_TEXT_BYTES - 8, RIG_EVENT_MAX_TEXT_BYTES + 64);
    assert_true(g_utf8_validate(text->str, -1, NULL));
    assert_true(g_str_has_prefix(text->str, "headä"));
    assert_true(g_str_has_suffix(text->str, "𝄞tail"));
    assert_non_null(strstr(text->str, "bytes left out"));
}

static void lines_that_are_no_events_are_refused(void **state)
{
    const char *const lines[] = {"",
                                 "{",
                                 "[]",
                                 "{}",
                                 "{\"ev\":1}",
                                 "{\"ev\":null}",
                                 "ev",
                                 "{\"ev\":\"a\"",
                                 "{\"ev\":\"a\",\"x\":[[[[[[[[[[]]]]]]]]]]}",
                                 "{\"ev\":\"\xff\"}",
                                 "null",
                                 "{\"ev\":[\"a\"]}"};

    (void)state;
    for (guint i = 0; i < G_N_ELEMENTS(lines); i++)
        assert_null(rig_event_parse_json(lines[i], strlen(lines[i])));
}

static void a_full_disk_is_remembered_and_the_verdict_still_arrives(void **state)
{
    g_autoptr(rig_results) live = rig_results_new();
    struct rig_journal *journal = rig_journal_new("/dev/full", NULL);

    (void)state;
    rig_journal_listen(journal, rig_results_take, live);
    emit_run_start(journal, 1);
    emit_case(journal, 0, 0, "fail", true, 0);
    emit_run_end(journal);
    rig_results_finish(live);
    assert_non_null(rig_journal_error(journal));
    assert_non_null(
        strstr(rig_journal_error(journal)->message, "cannot write the journal /dev/full: No space left"));
    assert_int_equal(rig_results_exit_code(live), 1);
    rig_journal_free(journal);
}

/* A disk that fills up inside a line and has room again later: the file size limit stands in for it. */
static void a_disk_that_was_full_for_a_while_costs_only_those_events(void **state)
{
    g_autofree char *path = g_build_filename(*state, "journal.jsonl", NULL);
    struct rig_journal *journal = rig_journal_new(path, NULL);
    struct rlimit limit;
    struct rlimit small;
    g_autoptr(rig_results) results = NULL;

    emit_run_start(journal, 1);
    rig_journal_begin_case(journal, 0, 0);
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &limit);
    small = limit;
    {
        GStatBuf status;

        g_stat(path, &status);
        small.rlim_cur = (rlim_t)status.st_size + 20;
    }
    setrlimit(RLIMIT_FSIZE, &small);
    for (guint i = 0; i < 10; i++)
        rig_journal_emit(journal, i, console_event(i));
    setrlimit(RLIMIT_FSIZE, &limit);
    emit_case(journal, 0, 0, "pass", true, 2);
    emit_run_end(journal);
    assert_non_null(rig_journal_error(journal));
    rig_journal_free(journal);
    results = rig_results_from_journal(path, NULL);
    assert_int_equal(results->n_bad_lines, 1);
    assert_int_equal(results->n_missing_events, 10);
    assert_int_equal(((struct rig_case_result *)g_ptr_array_index(results->cases, 0))->verdict,
                     RIG_VERDICT_PASS);
    assert_int_equal(rig_results_exit_code(results),
                     2); /* as the run itself: a pass without evidence is none */
    g_unlink(path);
}

static void what_was_emitted_survives_sigkill(void **state)
{
    g_autofree char *path = g_build_filename(*state, "journal.jsonl", NULL);
    g_autoptr(rig_results) results = NULL;
    const struct rig_case_result *result;
    int status = 0;
    pid_t child = fork();

    assert_true(child >= 0);
    if (child == 0) {
        struct rig_journal *journal = rig_journal_new(path, NULL);

        emit_run_start(journal, 3);
        emit_case(journal, 0, 0, "pass", true, 1);
        rig_journal_begin_case(journal, 1, 0);
        rig_journal_emit(journal, 7, rig_event_new(RIG_EVENT_CASE_START));
        kill(getpid(), SIGKILL);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    results = rig_results_from_journal(path, NULL);
    assert_true(results->killed);
    result = g_ptr_array_index(results->cases, 1);
    assert_int_equal(result->verdict, RIG_VERDICT_ERROR);
    assert_string_equal(rig_case_last_attempt(result)->message, "the run was killed here");
    result = g_ptr_array_index(results->cases, 2);
    assert_int_equal(result->verdict, RIG_VERDICT_ERROR);
    assert_true(result->not_run);
    assert_int_equal(rig_results_exit_code(results), 2);
    g_unlink(path);
}

static void a_folder_that_is_in_use_is_refused_and_left_alone(void **state)
{
    g_autofree char *folder = g_build_filename(*state, "out", NULL);
    g_autofree char *lock = g_build_filename(folder, ".lock", NULL);
    g_autofree char *report = g_build_filename(folder, RIG_OUTPUT_JUNIT, NULL);
    g_autofree char *kept = g_build_filename(folder, "flash.bin", NULL);
    g_autoptr(GError) error = NULL;
    struct rig_output *one;

    assert_int_equal(g_mkdir(folder, 0700), 0);
    assert_true(g_file_set_contents(report, "old", -1, NULL));
    assert_true(g_file_set_contents(kept, "kept", -1, NULL));
    one = rig_output_claim(folder, NULL);
    assert_string_equal(one->directory, folder);
    assert_false(g_file_test(report, G_FILE_TEST_EXISTS));
    assert_true(g_file_test(kept, G_FILE_TEST_EXISTS));
    assert_true(g_file_set_contents(report, "of the first", -1, NULL));
    assert_null(rig_output_claim(folder, &error));
    assert_non_null(strstr(error->message, "another run (process "));
    assert_true(g_file_test(report, G_FILE_TEST_EXISTS));
    rig_output_release(one);
    one = rig_output_claim(folder, NULL);
    assert_string_equal(one->directory, folder);
    rig_output_release(one);
    g_unlink(kept);
    g_unlink(lock);
    g_rmdir(folder);
}

static void a_folder_that_cannot_be_made_is_an_error(void **state)
{
    g_autoptr(GError) error = NULL;

    (void)state;
    assert_null(rig_output_claim("/dev/null/out", &error));
    assert_non_null(strstr(error->message, "cannot write reports into /dev/null/out: "));
}

static void journals_that_cannot_be_read_say_why(void **state)
{
    const char *const paths[] = {"/no/such", "/", "/dev/zero"};
    const char *const reasons[] = {"No such file", "no regular file", "no regular file"};

    (void)state;
    for (guint i = 0; i < G_N_ELEMENTS(paths); i++) {
        g_autoptr(GError) error = NULL;

        assert_null(rig_results_from_journal(paths[i], &error));
        assert_non_null(strstr(error->message, reasons[i]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_what_listeners_hear_and_what_is_read),
        cmocka_unit_test(live_and_reread_results_are_equal),
        cmocka_unit_test(a_failed_case_keeps_its_first_and_last_console_lines),
        cmocka_unit_test(a_passed_case_keeps_only_its_first_console_lines),
        cmocka_unit_test(any_bytes_come_back_as_valid_text),
        cmocka_unit_test(a_megabyte_line_keeps_its_head_and_tail),
        cmocka_unit_test(lines_that_are_no_events_are_refused),
        cmocka_unit_test(a_full_disk_is_remembered_and_the_verdict_still_arrives),
        cmocka_unit_test(a_disk_that_was_full_for_a_while_costs_only_those_events),
        cmocka_unit_test(what_was_emitted_survives_sigkill),
        cmocka_unit_test(a_folder_that_is_in_use_is_refused_and_left_alone),
        cmocka_unit_test(a_folder_that_cannot_be_made_is_an_error),
        cmocka_unit_test(journals_that_cannot_be_read_say_why),
    };

    return cmocka_run_group_tests_name("journal", tests, scratch_make, scratch_remove);
}
