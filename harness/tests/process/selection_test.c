/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What `bootrig run` chooses to run, how often, and what seed and time scale do to it. */
#include "process.h"

#include <string.h>

static void write_tree(const struct place *place)
{
    place_write(place, "lab/passing.yaml", scenario_passing);
    place_write(place, "lab/deep/failing.yaml", scenario_failing);
    place_write(place, "flaky.yaml", scenario_flaky);
}

/* Names of the cases that ran, in order, joined by spaces. */
static char *names_of_run(const struct place *place)
{
    g_autoptr(GPtrArray) ended = place_ended(place, "reports/out", false);
    GString *names = g_string_new(NULL);

    for (guint i = 0; i < ended->len; i++)
        g_string_append_printf(names, "%s%s", i ? " " : "",
                               ((const struct ended *)g_ptr_array_index(ended, i))->name);
    return g_string_free(names, FALSE);
}

static void expect_cases(const struct place *place, int code, const char *names, const char *options)
{
    g_autofree char *seen = NULL;

    place_expect(place, code, NULL, "bootrig run --no-html %s", options);
    seen = names_of_run(place);
    if (!g_str_equal(seen, names))
        fail_msg("bootrig run %s ran '%s', wanted '%s'", options, seen, names);
}

static void paths_choose_files_and_trees_each_once(void **state)
{
    write_tree(*state);
    expect_cases(*state, 0, "small[as=test] small[as=permanent]", "lab/passing.yaml");
    expect_cases(*state, 1, "wrong-hope small[as=test] small[as=permanent]", "lab");
    expect_cases(*state, 1, "wrong-hope small[as=test] small[as=permanent]", "lab/deep lab lab/passing.yaml");
}

static void names_and_patterns_choose_cases(void **state)
{
    write_tree(*state);
    expect_cases(*state, 0, "small[as=test] small[as=permanent]", "lab --name small");
    expect_cases(*state, 0, "small[as=permanent]", "lab --name '*permanent*'");
    expect_cases(*state, 1, "wrong-hope small[as=test]", "lab --name hope --name as=test");
    expect_cases(*state, 0, "small[as=test]", "lab --case 'small[as=test]'");
    expect_cases(*state, 2, "small[as=test]", "lab --case 'small[as=test]' --case nobody");
}

static void tags_choose_and_leave_out(void **state)
{
    write_tree(*state);
    expect_cases(*state, 1, "wrong-hope small[as=test] small[as=permanent]", "lab --tag quick");
    expect_cases(*state, 0, "small[as=test] small[as=permanent]", "lab --tag quick,mcuboot");
    expect_cases(*state, 1, "wrong-hope", "lab --tag hopeless --tag nothing");
    expect_cases(*state, 0, "small[as=test] small[as=permanent]", "lab --skip-tag hopeless");
}

static void repeat_runs_everything_again_with_another_seed(void **state)
{
    g_autofree char *journal = NULL;

    write_tree(*state);
    expect_cases(*state, 0, "small[as=test] small[as=test]#2 small[as=test]#3",
                 "lab --case 'small[as=test]' --repeat 3");
    expect_cases(*state, 1, "unlucky unlucky#2 unlucky#3 unlucky#4 unlucky#5 unlucky#6",
                 "flaky.yaml --repeat 6");
    journal = place_read(*state, "reports/out/journal.jsonl");
    assert_true(count_text(journal, "\"verdict\":\"pass\",\"wall\"") > 0);
    assert_true(count_text(journal, "\"verdict\":\"fail\",\"wall\"") > 0);
}

static void a_pass_after_retries_is_flaky_and_keeps_the_first_evidence(void **state)
{
    g_autofree char *junit = NULL;

    write_tree(*state);
    place_expect(*state, 0, "6 passed, 0 failed, 0 errors, 0 skipped",
                 "bootrig run flaky.yaml --repeat 6 --retries 20 --junit flaky.xml");
    junit = place_read(*state, "flaky.xml");
    expect_text(junit, "<flakyFailure message=\"upload: expected ok, seen silence");
    place_expect_junit(*state, "flaky.xml", false);
}

static void a_failure_after_all_retries_is_a_failure_with_every_attempt_on_record(void **state)
{
    g_autoptr(GPtrArray) all = NULL;

    write_tree(*state);
    place_expect(*state, 1, "0 passed, 1 failed", "bootrig run lab/deep --retries 2");
    all = place_ended(*state, "reports/out", true);
    assert_int_equal(all->len, 3);
    assert_int_equal(((const struct ended *)g_ptr_array_index(all, 2))->attempt, 2);
}

static void fail_fast_stops_at_the_first_case_that_does_not_pass(void **state)
{
    g_autofree char *junit = NULL;

    write_tree(*state);
    expect_cases(*state, 1, "wrong-hope", "lab --fail-fast");
    junit = place_read(*state, "reports/out/junit.xml");
    assert_int_equal(count_text(junit, "<skipped"), 2);
}

static char *run_and_read_journal(const struct place *place, const char *options)
{
    g_autofree char *text = NULL;

    g_autoptr(outcome) result =
        place_run(place, "bootrig run --no-html -q --repeat 4 flaky.yaml lab %s", options);

    assert_int_equal(result->code, 1);
    text = place_read(place, "reports/out/journal.jsonl");
    assert_non_null(text);
    return normalised(text);
}

static void the_same_seed_gives_the_same_bytes(void **state)
{
    g_autofree char *first = NULL;
    g_autofree char *second = NULL;

    write_tree(*state);
    first = run_and_read_journal(*state, "--seed 42");
    second = run_and_read_journal(*state, "--seed 42");
    assert_string_equal(first, second);
}

static void another_seed_loses_other_chunks(void **state)
{
    g_autofree char *first = NULL;
    g_autofree char *second = NULL;

    write_tree(*state);
    first = run_and_read_journal(*state, "--seed 42");
    second = run_and_read_journal(*state, "--seed 43");
    assert_int_not_equal(count_text(first, "\"fault\":"), 0);
    assert_string_not_equal(first, second);
    assert_true(count_text(first, "\"ev\":\"link\"") != count_text(second, "\"ev\":\"link\""));
}

static void the_seed_of_a_case_does_not_depend_on_its_company(void **state)
{
    g_autoptr(GPtrArray) alone = NULL;
    g_autoptr(GPtrArray) in_company = NULL;

    write_tree(*state);
    place_expect(*state, 1, NULL, "bootrig run -q flaky.yaml --repeat 3 -o alone");
    place_expect(*state, 1, NULL, "bootrig run -q lab flaky.yaml --repeat 3 -o company");
    alone = place_ended(*state, "alone", false);
    in_company = place_ended(*state, "company", false);
    assert_string_equal(ended_named(alone, "unlucky#3")->replay,
                        ended_named(in_company, "unlucky#3")->replay);
}

static void timeout_scale_stretches_every_deadline(void **state)
{
    g_autoptr(GPtrArray) plain = NULL;
    g_autoptr(GPtrArray) stretched = NULL;

    write_tree(*state);
    place_expect(*state, 1, NULL, "bootrig run -q lab/deep -o plain");
    place_expect(*state, 1, NULL, "bootrig run -q lab/deep -o stretched --timeout-scale 3.5");
    plain = place_ended(*state, "plain", false);
    stretched = place_ended(*state, "stretched", false);
    assert_int_equal(ended_named(stretched, "wrong-hope")->elapsed_us -
                         ended_named(plain, "wrong-hope")->elapsed_us,
                     5000000);
}

static void dry_run_shows_the_plan_and_touches_nothing(void **state)
{
    g_autofree char *reports = place_path(*state, "reports");

    write_tree(*state);
    place_expect(*state, 0, "3 cases of 2 files would run, 0 would be skipped", "bootrig run --dry-run lab");
    place_expect(*state, 0, "lab/deep/failing.yaml::wrong-hope", "bootrig run --dry-run lab");
    assert_false(g_file_test(reports, G_FILE_TEST_EXISTS));
}

static void without_a_path_the_shipped_scenarios_are_meant(void **state)
{
    place_expect(*state, 0, "power-loss-mid-swap", "bootrig run --dry-run");
    place_expect(*state, 0, "power-loss-mid-swap", "bootrig list");
}

static void files_that_do_not_load_are_reported_while_the_good_ones_run(void **state)
{
    g_autofree char *junit = NULL;

    write_tree(*state);
    place_write(*state, "lab/bad-verb.yaml", "scenario: a\nsteps:\n  - fly: high\n");
    place_write(*state, "lab/bad-unit.yaml", "scenario: b\nsteps:\n  - wait: 20\n");
    place_expect(*state, 2, "2 passed, 1 failed, 2 errors", "bootrig run lab");
    place_expect(*state, 2, "lab/bad-verb.yaml:3:5: error:", "bootrig run lab");
    place_expect(*state, 2, "lab/bad-unit.yaml:3:11: error:", "bootrig run lab");
    junit = place_read(*state, "reports/out/junit.xml");
    expect_text(junit, "bad-verb.yaml");
    expect_text(junit, "bad-unit.yaml");
    place_expect_junit(*state, "reports/out/junit.xml", false);
}

static void a_case_that_needs_what_the_board_lacks_is_skipped_with_its_reason(void **state)
{
    g_autofree char *junit = NULL;

    write_tree(*state);
    place_write(*state, "lab/needy.yaml", "scenario: needy\nneeds: [two-images]\nsteps:\n  - note: never\n");
    place_expect(*state, 0, "1 skipped", "bootrig run lab/needy.yaml lab/passing.yaml");
    junit = place_read(*state, "reports/out/junit.xml");
    expect_text(junit, "lacks 'two-images'");
}

static const char no_scratch[] =
    "target: no-scratch\nabout: a layout of Zephyr's\nkind: simulated\n"
    "flash: [{device: internal, sectors: [{size: 4KiB, count: 256}], write: 4B}]\n"
    "slots: [{offset: 48KiB, size: 128KiB}, {offset: 176KiB, size: 128KiB}]\n"
    "options: {swap: move, sign: none}\n";

/* check, list, the dry run and the run say the same, and none of them makes a board that cannot be. */
static void what_does_not_fit_the_targets_layout_is_told_beforehand_in_the_same_words(void **state)
{
    const char *reason = "'swap: scratch' takes a scratch area, and target 'no-scratch' has none";

    place_write(*state, "no-scratch.yaml", no_scratch);
    place_write(
        *state, "lab/boot.yaml",
        "scenario: boot\nmatrix:\n  swap: [move, scratch]\nimages:\n  old: {version: 1.0.0, size: 4KiB}\n"
        "steps:\n  - board: {slot0: old, swap: $swap}\n  - expect-boot: old\n");
    place_expect(*state, 0, reason, "bootrig run --target ./no-scratch.yaml lab");
    place_expect(*state, 0, "1 passed, 0 failed, 0 errors, 1 skipped",
                 "bootrig run --target ./no-scratch.yaml lab");
    place_expect(*state, 0, reason, "bootrig run --dry-run --target ./no-scratch.yaml lab");
    place_expect(*state, 0, "1 cases of 1 files would run, 1 would be skipped",
                 "bootrig run --dry-run --target ./no-scratch.yaml lab");
    place_expect(*state, 0, reason, "bootrig list --target ./no-scratch.yaml lab");
    place_expect(*state, 0, "\"skip_reason\"", "bootrig list --json --target ./no-scratch.yaml lab");
    place_expect(*state, 0, reason, "bootrig check --target ./no-scratch.yaml lab");
    place_expect(*state, 0, "1 cases would run, 1 would be skipped",
                 "bootrig check --target ./no-scratch.yaml lab");
}

static void trouble_in_setup_is_an_error_and_no_verdict_on_the_board(void **state)
{
    place_write(*state, "lab/setup.yaml",
                "scenario: setup\nimages:\n  old: {version: 1.0.0, size: 4KiB}\nsetup:\n"
                "  - board: {slot0: old, power: false}\n  - connect: {within: 2s}\n"
                "steps:\n  - expect-boot: old\n");
    place_expect(*state, 2, "0 failed, 1 errors", "bootrig run lab/setup.yaml");
    place_expect(*state, 2, "setup did not come to where the case starts: connection: expected ok",
                 "bootrig run lab/setup.yaml");
}

/* It is the place of a fault that needs it, not the verb, and a block within a block is looked at, too. */
static void a_fault_of_a_packet_is_skipped_where_the_link_cannot_strike_one(void **state)
{
    g_autofree char *junit = NULL;

    place_write(*state, "lab/packets.yaml",
                "scenario: packets\nsteps:\n  - with-faults: [{drop: {chunk: 0}}]\n    do:\n"
                "      - with-faults: [{drop: {write: 0}}]\n        do: [{note: never}]\n");
    place_expect(*state, 4, "1 skipped",
                 "bootrig run --target sim-process-nrf52840 --output udp lab/packets.yaml");
    junit = place_read(*state, "udp/junit.xml");
    expect_text(junit, "lacks 'packet-faults'");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PROCESS_TEST(paths_choose_files_and_trees_each_once),
        PROCESS_TEST(names_and_patterns_choose_cases),
        PROCESS_TEST(a_fault_of_a_packet_is_skipped_where_the_link_cannot_strike_one),
        PROCESS_TEST(what_does_not_fit_the_targets_layout_is_told_beforehand_in_the_same_words),
        PROCESS_TEST(trouble_in_setup_is_an_error_and_no_verdict_on_the_board),
        PROCESS_TEST(tags_choose_and_leave_out),
        PROCESS_TEST(repeat_runs_everything_again_with_another_seed),
        PROCESS_TEST(a_pass_after_retries_is_flaky_and_keeps_the_first_evidence),
        PROCESS_TEST(a_failure_after_all_retries_is_a_failure_with_every_attempt_on_record),
        PROCESS_TEST(fail_fast_stops_at_the_first_case_that_does_not_pass),
        PROCESS_TEST(the_same_seed_gives_the_same_bytes),
        PROCESS_TEST(another_seed_loses_other_chunks),
        PROCESS_TEST(the_seed_of_a_case_does_not_depend_on_its_company),
        PROCESS_TEST(timeout_scale_stretches_every_deadline),
        PROCESS_TEST(dry_run_shows_the_plan_and_touches_nothing),
        PROCESS_TEST(without_a_path_the_shipped_scenarios_are_meant),
        PROCESS_TEST(files_that_do_not_load_are_reported_while_the_good_ones_run),
        PROCESS_TEST(a_case_that_needs_what_the_board_lacks_is_skipped_with_its_reason),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
