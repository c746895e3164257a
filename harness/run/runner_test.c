/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The runner on a simulated board: what it says of time, and how it lists its cases. */
#include <glib/gstdio.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/error.h"
#include "run/replay_line.h"
#include "run/runner.h"
#include "steps/verbs.h"
#include "tests/scratch.h"

/* In place of GLib's: this host's clock is set back by an hour whenever somebody looks at it. */
gint64 g_get_real_time(void)
{
    static gint64 now_us = G_GINT64_CONSTANT(1700000000000000);

    return now_us -= G_GINT64_CONSTANT(3600) * G_USEC_PER_SEC;
}

struct heard {
    guint n_ends;
    guint n_lists; /* events with cases */
    guint n_listed;
    gint64 n_cases;
    gint64 longest_ms;
    gint64 shortest_ms;
    gsize longest_line;
};

static void hear(void *user, const struct rig_event *event)
{
    struct heard *heard = user;
    const GPtrArray *cases = rig_event_get_maps(event, RIG_KEY_CASES);
    gint64 ms = rig_event_get_count(event, RIG_KEY_DURATION_MS, -1);
    g_autoptr(GString) line = g_string_new(NULL);

    rig_event_write_json(event, line);
    heard->longest_line = MAX(heard->longest_line, line->len);
    heard->n_lists += cases != NULL;
    heard->n_listed += cases ? cases->len : 0;
    if (event->kind == RIG_EVENT_RUN_START)
        heard->n_cases = rig_event_get_count(event, RIG_KEY_N_CASES, -1);
    if (event->kind != RIG_EVENT_CASE_END)
        return;
    heard->n_ends++;
    heard->longest_ms = MAX(heard->longest_ms, ms);
    heard->shortest_ms = MIN(heard->shortest_ms, ms);
}

static struct heard play(const char *folder, const char *text, guint n_repeats, bool fail_fast)
{
    g_autofree char *path = g_build_filename(folder, "a.yaml", NULL);
    const char *const paths[] = {path, NULL};
    struct heard heard = {0};
    g_autoptr(rig_selection) selection = NULL;
    g_autoptr(rig_journal) journal = rig_journal_new(NULL, NULL);
    g_autoptr(rig_evidence) evidence = rig_evidence_new(folder);
    g_autoptr(rig_boards) boards = rig_boards_new(NULL, RIG_SOURCE_DIR "/targets", NULL, NULL);
    struct rig_run_plan plan = {.boards = boards,
                                .journal = journal,
                                .evidence = evidence,
                                .timeout_scale = 1.0,
                                .n_repeats = n_repeats,
                                .fail_fast = fail_fast};

    assert_true(g_file_set_contents(path, text, -1, NULL));
    selection = rig_selection_load(paths, rig_language(), NULL, false);
    assert_int_equal(selection->errors->len, 0);
    plan.selection = selection;
    rig_journal_listen(journal, hear, &heard);
    rig_run_all(&plan);
    g_unlink(path);
    return heard;
}

static void a_wall_clock_that_jumps_changes_no_duration(void **state)
{
    struct heard heard = play(*state, "scenario: a\nsteps: [note: here]\n", 3, false);

    assert_int_equal(heard.n_ends, 3);
    assert_in_range(heard.shortest_ms + 1, 1, 60000);
    assert_in_range(heard.longest_ms + 1, 1, 60000);
}

/* 3000 cases with a long sentence each are 1.3 MB. */
static void a_long_list_of_cases_is_written_in_pieces(void **state)
{
    g_autofree char *about = g_strnfill(300, 'a');
    g_autofree char *text = g_strdup_printf("scenario: a\nabout: %s\nsteps: [note: here]\n", about);
    struct heard heard = play(*state, text, 3000, false);

    assert_int_equal(heard.n_cases, 3000);
    assert_int_equal(heard.n_listed, 3000);
    assert_int_equal(heard.n_ends, 3000);
    assert_in_range(heard.n_lists, 4, 10);
    assert_in_range(heard.longest_line, 100000, 400000);
}

static void fail_fast_ends_the_run_at_a_board_that_cannot_be_made(void **state)
{
    static const char text[] = "scenario: a\ntarget: no-such-board\nsteps: [note: here]\n";

    assert_int_equal(play(*state, text, 3, false).n_ends, 3);
    assert_int_equal(play(*state, text, 3, true).n_ends, 1);
}

static void be_unable(struct rig_run *run, const struct rig_step *step)
{
    (void)step;
    rig_run_unable(run, g_error_new_literal(RIG_ERROR, RIG_ERROR_UNSUPPORTED, "the board lacks it"));
}

static void do_nothing(struct rig_run *run, const struct rig_step *step)
{
    (void)run;
    (void)step;
}

static void find_fault(struct rig_run *run, const struct rig_step *step)
{
    (void)step;
    rig_run_fail(run, "yes", "no", "the board is not as it was");
}

static bool not_safe(struct rig_board *board, GError **error)
{
    (void)board;
    g_set_error_literal(error, RIG_ERROR, RIG_ERROR_IO, "the switch is stuck");
    return false;
}

static void take_end(void *user, const struct rig_event *event)
{
    const GPtrArray *also = rig_event_get_list(event, RIG_KEY_ALSO);
    GString *said = user;

    if (event->kind != RIG_EVENT_CASE_END)
        return;
    g_string_printf(
        said, "%s: %s%s", rig_event_get_text(event, RIG_KEY_VERDICT),
        rig_event_get_text(event, RIG_KEY_MESSAGE) ? rig_event_get_text(event, RIG_KEY_MESSAGE) : "",
        rig_event_get_text(event, RIG_KEY_SKIP_REASON) ? rig_event_get_text(event, RIG_KEY_SKIP_REASON) : "");
    for (guint i = 0; also && i < also->len; i++)
        g_string_append_printf(said, "; also %s", (const char *)g_ptr_array_index(also, i));
}

/* How a case ends whose step and cleanup do this, on a board that can be made safe or not. */
static char *end_of(const char *folder, void (*step)(struct rig_run *, const struct rig_step *),
                    void (*cleanup)(struct rig_run *, const struct rig_step *), bool safe)
{
    g_autofree char *path = g_build_filename(folder, "a.yaml", NULL);
    const char *const paths[] = {path, NULL};
    g_autoptr(rig_journal) journal = rig_journal_new(NULL, NULL);
    g_autoptr(rig_evidence) evidence = rig_evidence_new(folder);
    g_autoptr(rig_boards) boards = rig_boards_new(NULL, RIG_SOURCE_DIR "/targets", NULL, NULL);
    g_autoptr(rig_selection) selection = NULL;
    const struct rig_target *target;
    struct rig_board *board = rig_boards_get(boards, NULL, &target, NULL);
    const struct rig_board_ops *ops = board->ops;
    struct rig_board_ops stuck = *ops;
    struct rig_verb verbs[2];
    const struct rig_case *the_case;
    GString *said = g_string_new(NULL);
    struct rig_run_plan plan = {
        .boards = boards, .journal = journal, .evidence = evidence, .timeout_scale = 1.0, .n_repeats = 1};

    assert_true(
        g_file_set_contents(path, "scenario: a\nsteps: [note: here]\ncleanup: [note: there]\n", -1, NULL));
    selection = rig_selection_load(paths, rig_language(), NULL, false);
    the_case = g_ptr_array_index(selection->cases, 0);
    for (guint i = 0; i < 2; i++) {
        struct rig_step *at = g_ptr_array_index(i ? the_case->cleanup : the_case->steps, 0);

        verbs[i] = *at->verb;
        verbs[i].run = i ? cleanup : step;
        at->verb = &verbs[i];
    }
    stuck.make_safe = safe ? ops->make_safe : not_safe;
    board->ops = &stuck;
    plan.selection = selection;
    rig_journal_listen(journal, take_end, said);
    rig_run_all(&plan);
    board->ops = ops;
    g_unlink(path);
    return g_string_free(said, FALSE);
}

/* A skip says that nothing went wrong; whatever does afterwards is no detail of it. */
static void what_goes_wrong_after_the_steps_counts(void **state)
{
    static const struct {
        void (*step)(struct rig_run *, const struct rig_step *);
        void (*cleanup)(struct rig_run *, const struct rig_step *);
        bool safe;
        const char *end;
    } rows[] = {
        {do_nothing, do_nothing, true, "pass: "},
        {do_nothing, find_fault, true, "fail: the board is not as it was"},
        {do_nothing, do_nothing, false,
         "error: the board could not be left in its safe state: the switch is stuck"},
        {be_unable, do_nothing, true, "skip: the board lacks it"},
        {be_unable, be_unable, true, "skip: the board lacks it"},
        {be_unable, find_fault, true, "fail: the board is not as it was"},
        {be_unable, do_nothing, false,
         "error: the board could not be left in its safe state: the switch is stuck"},
        {find_fault, find_fault, false,
         "fail: the board is not as it was; also in cleanup: the board is not as it was; also the board "
         "could "
         "not be left in its safe state: the switch is stuck"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *end = end_of(*state, rows[i].step, rows[i].cleanup, rows[i].safe);

        assert_string_equal(end, rows[i].end);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_wall_clock_that_jumps_changes_no_duration),
        cmocka_unit_test(a_long_list_of_cases_is_written_in_pieces),
        cmocka_unit_test(fail_fast_ends_the_run_at_a_board_that_cannot_be_made),
        cmocka_unit_test(what_goes_wrong_after_the_steps_counts),
    };

    return cmocka_run_group_tests_name("runner", tests, scratch_make, scratch_remove);
}
