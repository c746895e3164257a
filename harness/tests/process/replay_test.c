/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The one command that a failing case prints plays it exactly again. */
#include "process.h"

#include <string.h>

static const char broken_bootloader[] = "scenario: forgetful\n"
                                        "about: A bootloader that keeps no record of its swap.\n"
                                        "images:\n"
                                        "  old: {version: 1.0.0, size: 8KiB}\n"
                                        "  new: {version: 2.0.0, size: 8KiB}\n"
                                        "setup:\n"
                                        "  - board: {slot0: old, defects: forgets-progress}\n"
                                        "  - connect:\n"
                                        "  - upload: new\n"
                                        "  - mark: new\n"
                                        "steps:\n"
                                        "  - each-power-cut:\n"
                                        "      during:\n"
                                        "        - reset:\n"
                                        "      torn: [none, half-write, half-erase]\n"
                                        "      then:\n"
                                        "        - expect-boot: {image: [old, new], boots: 4}\n";

static const char forgetful_board[] =
    "scenario: begins-anew\n"
    "about: A board that forgets an upload with its link.\n"
    "images:\n"
    "  old: {version: 1.0.0, size: 4KiB}\n"
    "  new: {version: 2.0.0, size: 4KiB}\n"
    "setup:\n"
    "  - board: {slot0: old, defects: no-resume}\n"
    "  - connect:\n"
    "steps:\n"
    "  - each-link-loss:\n"
    "      by: [host, board, silence]\n"
    "      during: [upload: {image: new, retry: resume, resumes-at: acknowledged}]\n"
    "      then: [expect-slot: {slot: 1, image: new}]\n";

/* Runs the command as it was printed; it fails again for the same reason. */
static void expect_same_failure(const struct place *place, const struct ended *failed)
{
    g_autoptr(GPtrArray) again = NULL;
    const struct ended *replayed;

    place_expect(place, 1, NULL, "%s -o replayed", failed->replay);
    again = place_ended(place, "replayed", false);
    assert_int_equal(again->len, 1);
    replayed = g_ptr_array_index(again, 0);
    assert_string_equal(replayed->verdict, "fail");
    if (!g_str_has_prefix(failed->message, "after "))
        assert_string_equal(replayed->message, failed->message);
    else if (!strstr(failed->message, replayed->message))
        fail_msg("failed: %s\nreplayed: %s", failed->message, replayed->message);
}

static void a_failure_fails_again_by_the_command_it_printed(void **state)
{
    g_autoptr(GPtrArray) ended = NULL;
    g_autoptr(outcome) result = NULL;
    const struct ended *failed;

    place_write(*state, "failing.yaml", scenario_failing);
    result = place_run(*state, "bootrig run failing.yaml");
    ended = place_ended(*state, "reports/out", false);
    failed = ended_named(ended, "wrong-hope");
    assert_true(g_str_has_prefix(failed->replay, "bootrig replay failing.yaml "));
    expect_text(result->out, failed->replay);
    expect_same_failure(*state, failed);
}

static void bad_luck_strikes_again_at_the_same_chunk(void **state)
{
    g_autoptr(GPtrArray) ended = NULL;
    guint n_failed = 0;

    place_write(*state, "flaky.yaml", scenario_flaky);
    place_expect(*state, 1, NULL, "bootrig run -q --repeat 8 flaky.yaml");
    ended = place_ended(*state, "reports/out", false);
    for (guint i = 0; i < ended->len; i++) {
        const struct ended *one = g_ptr_array_index(ended, i);

        if (!g_str_equal(one->verdict, "fail"))
            continue;
        n_failed++;
        expect_same_failure(*state, one);
        assert_int_equal(one->attempt, 0);
    }
    assert_true(n_failed > 0 && n_failed < ended->len);
}

static void replaying_a_random_failure_takes_the_same_virtual_time(void **state)
{
    g_autoptr(GPtrArray) ended = NULL;
    g_autoptr(GPtrArray) again = NULL;
    const struct ended *failed = NULL;

    place_write(*state, "flaky.yaml", scenario_flaky);
    place_expect(*state, 1, NULL, "bootrig run -q --repeat 8 --fail-fast flaky.yaml");
    ended = place_ended(*state, "reports/out", false);
    failed = g_ptr_array_index(ended, ended->len - 1);
    place_expect(*state, 1, NULL, "%s -o replayed", failed->replay);
    again = place_ended(*state, "replayed", false);
    assert_int_equal(((const struct ended *)g_ptr_array_index(again, 0))->elapsed_us, failed->elapsed_us);
}

static void the_cut_that_failed_is_played_alone(void **state)
{
    g_autoptr(GPtrArray) ended = NULL;
    g_autofree char *journal = NULL;
    const struct ended *failed;

    place_write(*state, "forgetful.yaml", broken_bootloader);
    place_expect(*state, 1, "power cut", "bootrig run forgetful.yaml");
    ended = place_ended(*state, "reports/out", false);
    failed = ended_named(ended, "forgetful");
    expect_text(failed->replay, " --cut ");
    expect_same_failure(*state, failed);
    journal = place_read(*state, "replayed/journal.jsonl");
    assert_int_equal(count_text(journal, "\"ev\":\"cut\""), 1);
}

static void the_loss_that_failed_is_played_alone(void **state)
{
    g_autoptr(GPtrArray) ended = NULL;
    g_autofree char *journal = NULL;
    g_autofree char *summary = NULL;
    const struct ended *failed;

    place_write(*state, "begins-anew.yaml", forgetful_board);
    place_expect(*state, 1, "link was lost", "bootrig run begins-anew.yaml");
    ended = place_ended(*state, "reports/out", false);
    failed = ended_named(ended, "begins-anew");
    expect_text(failed->message,
                "after the link was lost before write 2 (chunk 3) by the host: upload goes on at: ");
    expect_text(failed->replay, " --cut write:2:host ");
    summary = place_read(*state, "reports/out/summary.json");
    expect_text(summary, "\"n_bad_losses\" : 10");
    place_expect_junit(*state, "reports/out/junit.xml", false);
    expect_same_failure(*state, failed);
    journal = place_read(*state, "replayed/journal.jsonl");
    assert_int_equal(count_text(journal, "\"ev\":\"loss\""), 1);
    /* Others of the same sweep can be asked for as well. */
    place_expect(*state, 1, "seen byte 0", "bootrig replay begins-anew.yaml --cut waiting:9:host");
    place_expect(*state, 0, "1 passed", "bootrig replay begins-anew.yaml --cut end:silence");
}

static void a_place_that_is_none_is_refused(void **state)
{
    static const char *const nonsense[] = {
        "write:2",        "write:2:nobody", "write::host", "write:-1:host", "waiting:host",
        "end:2:host",     "write:2:host:",  "17:never",    "end:",          "::",
        "4294967295:host"};

    place_write(*state, "begins-anew.yaml", forgetful_board);
    for (gsize i = 0; i < G_N_ELEMENTS(nonsense); i++)
        place_expect(*state, 2, "is no place of a sweep", "bootrig replay begins-anew.yaml --cut '%s'",
                     nonsense[i]);
    place_expect(*state, 2, "there is no place 'write:999:host'",
                 "bootrig replay begins-anew.yaml --cut write:999:host");
    place_expect(*state, 2, "there is no place 'waiting:2:board'",
                 "bootrig replay begins-anew.yaml --cut waiting:2:board");
    place_expect(*state, 2, "write --cut write:17:host", "bootrig replay begins-anew.yaml --cut 2:half");
    place_write(*state, "forgetful.yaml", broken_bootloader);
    place_expect(*state, 2, "write --cut 17:half", "bootrig replay forgetful.yaml --cut write:2:host");
}

static void a_place_or_a_path_that_nothing_in_the_case_plays_is_an_error(void **state)
{
    place_write(
        *state, "plain.yaml",
        "scenario: plain\nimages: {old: 1.0.0}\nsteps:\n  - board: {slot0: old}\n  - expect-boot: old\n");
    place_expect(*state, 2, "'--cut' has no effect on it", "bootrig replay plain.yaml --cut 3:half");
    place_expect(*state, 2, "'--cuts' has no effect on it", "bootrig replay plain.yaml --cuts app,run");
}

static void a_seeded_defect_is_part_of_the_command(void **state)
{
    g_autoptr(GPtrArray) ended = NULL;

    place_write(*state, "sweep.yaml", scenario_sweep);
    place_expect(*state, 1, NULL, "bootrig run -q --defect forgets-progress --timeout-scale 2 sweep.yaml");
    ended = place_ended(*state, "reports/out", false);
    expect_text(ended_named(ended, "long-sweep")->replay, " --defect forgets-progress --timeout-scale 2");
    expect_same_failure(*state, ended_named(ended, "long-sweep"));
}

static void odd_file_names_survive_the_shell(void **state)
{
    g_autoptr(GPtrArray) ended = NULL;

    place_write(*state, "it's $odd; \"really\"/fail ing.yaml", scenario_failing);
    place_expect(*state, 1, NULL, "bootrig run -q .");
    ended = place_ended(*state, "reports/out", false);
    expect_same_failure(*state, ended_named(ended, "wrong-hope"));
}

static void a_changed_scenario_is_not_taken_for_the_failing_one(void **state)
{
    g_autoptr(GPtrArray) ended = NULL;
    g_auto(GStrv) parts = g_strsplit(scenario_failing, "size: 8KiB", -1);
    g_autofree char *changed = g_strjoinv("size: 9KiB", parts);

    place_write(*state, "failing.yaml", scenario_failing);
    place_expect(*state, 1, NULL, "bootrig run -q failing.yaml");
    ended = place_ended(*state, "reports/out", false);
    place_write(*state, "failing.yaml", changed);
    place_expect(*state, 2, "is not the one of the failing run", "%s",
                 ended_named(ended, "wrong-hope")->replay);
}

static void a_journal_or_its_folder_is_enough(void **state)
{
    place_write(*state, "passing.yaml", scenario_passing);
    place_write(*state, "failing.yaml", scenario_failing);
    place_expect(*state, 1, NULL, "bootrig run -q passing.yaml failing.yaml -o kept");
    place_expect(*state, 1, "running image: expected new, seen old", "bootrig replay kept");
    place_expect(*state, 1, "running image: expected new, seen old", "bootrig replay kept/journal.jsonl");
    place_expect(*state, 0, "1 passed", "bootrig replay kept --case small[as=test]");
    place_expect(*state, 4, "no case of that name", "bootrig replay kept --case nobody");
    place_expect(*state, 0, NULL, "bootrig run -q passing.yaml -o fine");
    place_expect(*state, 4, "every case of this journal passed", "bootrig replay fine");
}

static void a_replay_does_not_overwrite_the_reports_of_the_run(void **state)
{
    g_autofree char *before = NULL;
    g_autofree char *after = NULL;

    place_write(*state, "failing.yaml", scenario_failing);
    place_expect(*state, 1, NULL, "bootrig run -q failing.yaml");
    before = place_read(*state, "reports/out/journal.jsonl");
    place_expect(*state, 1, NULL, "bootrig replay reports/out");
    after = place_read(*state, "reports/out/journal.jsonl");
    assert_string_equal(before, after);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PROCESS_TEST(a_failure_fails_again_by_the_command_it_printed),
        PROCESS_TEST(bad_luck_strikes_again_at_the_same_chunk),
        PROCESS_TEST(replaying_a_random_failure_takes_the_same_virtual_time),
        PROCESS_TEST(the_cut_that_failed_is_played_alone),
        PROCESS_TEST(the_loss_that_failed_is_played_alone),
        PROCESS_TEST(a_place_that_is_none_is_refused),
        PROCESS_TEST(a_place_or_a_path_that_nothing_in_the_case_plays_is_an_error),
        PROCESS_TEST(a_seeded_defect_is_part_of_the_command),
        PROCESS_TEST(odd_file_names_survive_the_shell),
        PROCESS_TEST(a_changed_scenario_is_not_taken_for_the_failing_one),
        PROCESS_TEST(a_journal_or_its_folder_is_enough),
        PROCESS_TEST(a_replay_does_not_overwrite_the_reports_of_the_run),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
