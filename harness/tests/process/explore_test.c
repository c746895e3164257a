/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What an exploration leaves behind: the picture of a path, its account, its place in the JUnit report. The
 * picture that the README shows is made here: BOOTRIG_UPDATE=1 writes it anew. */
#include "process.h"

#include <glib/gstdio.h>

#define SCENARIO RIG_SOURCE_DIR "/fixtures/explore/any-cuts.yaml"
#define SHOWN RIG_SOURCE_DIR "/fixtures/explore/any-cuts.svg"
#define PICTURE "evidence/explore-any-cuts-revert-not-lost.svg"

static void put_scenario(const struct place *place)
{
    g_autofree char *text = NULL;

    assert_true(g_file_get_contents(SCENARIO, &text, NULL, NULL));
    place_write(place, "fixtures/explore/any-cuts.yaml", text);
}

static void explore(const struct place *place)
{
    put_scenario(place);
    place_expect(place, 1, "reports/out/" PICTURE, "bootrig run fixtures/explore/any-cuts.yaml");
}

static void a_broken_invariant_leaves_the_picture_of_its_path(void **state)
{
    g_autofree char *picture = NULL;
    g_autofree char *shown = NULL;

    explore(*state);
    picture = place_read(*state, "reports/out/" PICTURE);
    assert_non_null(picture);
    if (g_getenv("BOOTRIG_UPDATE"))
        assert_true(g_file_set_contents(SHOWN, picture, -1, NULL));
    assert_true(g_file_get_contents(SHOWN, &shown, NULL, NULL));
    assert_string_equal(picture, shown);
}

static void the_same_picture_comes_from_the_journal_and_from_a_replay(void **state)
{
    g_autofree char *first = NULL;
    g_autofree char *again = NULL;
    g_autofree char *replayed = NULL;

    explore(*state);
    first = place_read(*state, "reports/out/" PICTURE);
    place_expect(*state, 0, NULL, "bootrig report reports/out --pictures again");
    again = place_read(*state, "again/explore-any-cuts-revert-not-lost.svg");
    assert_string_equal(first, again);
    place_expect(*state, 1, "replayed/" PICTURE, "bootrig replay reports/out --output replayed");
    replayed = place_read(*state, "replayed/" PICTURE);
    assert_string_equal(first, replayed);
}

static void a_replay_tells_the_path_and_with_verbose_each_operation(void **state)
{
    g_autoptr(outcome) brief = NULL;
    g_autoptr(outcome) full = NULL;

    explore(*state);
    brief = place_run(*state, "bootrig replay reports/out");
    full = place_run(*state, "bootrig replay reports/out --verbose");
    assert_int_equal(brief->code, 1);
    assert_int_equal(full->code, 1);
    expect_text(brief->out, "power-on 3, the bootloader decides: revert\n");
    expect_text(brief->out, "write 16 B secondary trailer: magic = good\n");
    expect_text(brief->out, "POWER CUT  before operation 5: write 4 B primary trailer: swap type = revert\n");
    expect_text(brief->out, "trailers   scratch: magic good, swap type revert\n");
    expect_text(brief->out, "revert-not-lost is broken: new runs again, although it was not confirmed\n");
    expect_text(brief->out, "32-46  write secondary sectors 0 to 3, ");
    assert_int_equal(count_text(brief->out, " 46  write "), 0);
    expect_text(full->out, "           46  write 184 B secondary sector 3 at 0x800\n");
    expect_text(full->out, "           40  write 1024 B primary sector 2 at 0x0\n");
}

static void the_junit_report_has_a_case_for_each_invariant(void **state)
{
    g_autofree char *junit = NULL;
    g_autofree char *again = NULL;

    explore(*state);
    place_expect_junit(*state, "reports/out/junit.xml", false);
    junit = place_read(*state, "reports/out/junit.xml");
    expect_text(junit, "<testsuite name=\"fixtures.explore.any-cuts::any-cuts::explore[life=upload,test,"
                       "confirm]\" tests=\"12\" failures=\"1\" errors=\"0\" skipped=\"1\"");
    expect_text(junit, "name=\"any-cuts :: explore[life=upload,test,confirm]::revert-not-lost\"");
    expect_text(junit, "name=\"explore.closed\" value=\"yes\"");
    expect_text(junit, "[[ATTACHMENT|reports/out/" PICTURE "]]\n");
    place_expect(*state, 0, NULL, "bootrig report reports/out --junit again.xml");
    again = place_read(*state, "again.xml");
    assert_string_equal(junit, again);
    place_expect(*state, 0, NULL, "bootrig report reports/out --junit strict.xml --junit-strict");
    place_expect_junit(*state, "strict.xml", true);
}

static void pictures_of_the_run_before_are_removed(void **state)
{
    g_autofree char *own = NULL;
    g_autofree char *old = NULL;

    explore(*state);
    place_write(*state, "reports/out/evidence/kept.svg", "mine");
    place_write(*state, "passing.yaml", scenario_passing);
    place_expect(*state, 0, NULL, "bootrig run -q passing.yaml");
    old = place_read(*state, "reports/out/" PICTURE);
    own = place_read(*state, "reports/out/evidence/kept.svg");
    assert_null(old);
    assert_string_equal(own, "mine");
}

static void a_picture_that_cannot_be_written_is_said(void **state)
{
    put_scenario(*state);
    place_write(*state, "reports/out/evidence", "a file where the folder would be");
    place_expect(*state, 1, "the pictures of paths were not written",
                 "bootrig run fixtures/explore/any-cuts.yaml");
}

/* What was not visited is not proved: neither red nor green when the scenario allows it, red otherwise. */
static void an_exploration_that_stays_open_proves_nothing(void **state)
{
    static const char *const may[] = {"true", "false"};
    static const char *const elements[] = {"<skipped message=", "<error message="};

    for (guint i = 0; i < G_N_ELEMENTS(may); i++) {
        g_autofree char *scenario =
            g_strdup_printf("scenario: open\n"
                            "about: A budget that is too small.\n"
                            "images:\n"
                            "  old: {version: 1.0.0, size: 3KiB}\n"
                            "  new: {version: 1.1.0, size: 6KiB}\n"
                            "setup:\n"
                            "  - board: {slot0: old, power: false}\n"
                            "steps:\n"
                            "  - explore: {old: old, new: new, life: [upload, test], max-states: 40, "
                            "may-stay-open: %s, invariants: boots}\n",
                            may[i]);
        g_autofree char *wanted =
            g_strdup_printf("%s\"not finished: the budget of states is used up", elements[i]);
        g_autofree char *junit = NULL;

        place_write(*state, "open.yaml", scenario);
        place_expect(*state, i ? 2 : 0,
                     "upload,test: NOT closed, the budget of states is used up: ", "bootrig run open.yaml");
        junit = place_read(*state, "reports/out/junit.xml");
        expect_text(junit, wanted);
    }
}

/* Of a kind that the built-in model does not take: that it never runs is not its fault, nor the board's. */
static void what_cannot_be_judged_of_an_image_is_said_and_not_held_against_it(void **state)
{
    static const struct {
        const char *image, *invariants, *says;
        int code;
    } cases[] = {
        {"encrypted", "all",
         "\"not_judged\":\"the built-in model does not take 'new': the payload is encrypted", 0},
        {"hwkey", "all", "\"not_judged\":\"the built-in model does not take 'new': ", 0},
        {"encrypted", "[update-happens, backup-intact]",
         "no invariant is left to judge; update-happens: the built-in", 2},
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *scenario =
            g_strdup_printf("scenario: other-kind\n"
                            "about: An image that the model does not take.\n"
                            "images:\n"
                            "  old: {version: 1.0.0, size: 3KiB}\n"
                            "  new: {file: " RIG_SOURCE_DIR "/fixtures/images/imgtool-%s.bin}\n"
                            "setup:\n"
                            "  - board: {slot0: old, power: false}\n"
                            "steps:\n"
                            "  - explore: {old: old, new: new, life: [upload, test], invariants: %s}\n",
                            cases[i].image, cases[i].invariants);
        g_autofree char *journal = NULL;

        place_write(*state, "other-kind.yaml", scenario);
        place_expect(*state, cases[i].code, NULL, "bootrig run other-kind.yaml");
        journal = place_read(*state, "reports/out/journal.jsonl");
        expect_text(journal, cases[i].says);
        assert_int_equal(count_text(journal, "\"name\":\"verified-only\",\"verdict\":\"fail\""), 0);
    }
}

/* One case fails, in the other a budget ends the exploration: the failure is what counts. */
static void an_exploration_that_is_not_finished_does_not_outweigh_a_failure(void **state)
{
    static const char open[] = "scenario: open\n"
                               "about: A budget that is too small.\n"
                               "images:\n"
                               "  old: {version: 1.0.0, size: 3KiB}\n"
                               "  new: {version: 1.1.0, size: 6KiB}\n"
                               "setup:\n"
                               "  - board: {slot0: old, power: false}\n"
                               "steps:\n"
                               "  - explore: {old: old, new: new, life: [upload, test], max-states: 40}\n";

    put_scenario(*state);
    place_write(*state, "open.yaml", open);
    place_expect(*state, 2, "the exploration is not finished: the budget of states is used up",
                 "bootrig run open.yaml");
    place_expect(*state, 1, "1 failed, 1 errors", "bootrig run open.yaml fixtures/explore/any-cuts.yaml");
    place_expect(*state, 0, NULL, "bootrig report reports/out --json again.json");
}

/* Not those of the board, which was left as it was. */
static void a_failing_exploration_tells_the_trailers_at_the_end_of_its_path(void **state)
{
    g_autofree char *page = NULL;

    put_scenario(*state);
    place_expect(*state, 1,
                 "trailer   scratch after cuts=app,app,run,5,1,run: magic unset, swap type none, copy_done",
                 "bootrig run fixtures/explore/any-cuts.yaml");
    page = place_read(*state, "reports/out/report.html");
    expect_text(page, "primary after cuts=app,app,run,5,1,run: magic unset");
}

static const char forgetful[] = "scenario: forgetful\n"
                                "about: A bootloader that keeps no record of its swap.\n"
                                "images:\n"
                                "  old: {version: 1.0.0, size: 8KiB}\n"
                                "  new: {version: 2.0.0, size: 8KiB}\n"
                                "setup:\n"
                                "  - board: {slot0: old, defects: forgets-progress}\n"
                                "  - connect:\n"
                                "steps:\n"
                                "  - each-power-cut:\n"
                                "      during:\n"
                                "        - upload: new\n"
                                "        - mark: new\n"
                                "        - reset:\n"
                                "      then:\n"
                                "        - expect-boot: {image: [old, new], boots: 4}\n";

/* The application's operations and the bootloader's, each in their power-on, with the numbers of the sweep.
 */
static void a_failing_cut_of_a_sweep_is_told_and_drawn_too(void **state)
{
    g_autoptr(outcome) replayed = NULL;
    g_autofree char *picture = NULL;
    g_autofree char *junit = NULL;

    place_write(*state, "forgetful.yaml", forgetful);
    place_expect(*state, 1, "reports/out/evidence/explore-forgetful-each-power-cut.svg",
                 "bootrig run forgetful.yaml");
    picture = place_read(*state, "reports/out/evidence/explore-forgetful-each-power-cut.svg");
    assert_non_null(picture);
    expect_text(picture, "each-power-cut is broken: ");
    expect_text(picture, "<title>power cut before operation ");
    junit = place_read(*state, "reports/out/junit.xml");
    expect_text(junit, "[[ATTACHMENT|reports/out/evidence/explore-forgetful-each-power-cut.svg]]\n");
    place_expect_junit(*state, "reports/out/junit.xml", false);
    replayed = place_run(*state, "bootrig replay reports/out");
    assert_int_equal(replayed->code, 1);
    expect_text(replayed->out, "secondary trailer: magic = good\n");
    expect_text(replayed->out, "  power-on 1, the bootloader decides: test\n");
    expect_text(replayed->out, "    POWER CUT  before operation ");
    expect_text(replayed->out, "  power-on 2, the bootloader decides: test\n    stops      assertion: ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PROCESS_TEST(a_broken_invariant_leaves_the_picture_of_its_path),
        PROCESS_TEST(the_same_picture_comes_from_the_journal_and_from_a_replay),
        PROCESS_TEST(a_replay_tells_the_path_and_with_verbose_each_operation),
        PROCESS_TEST(the_junit_report_has_a_case_for_each_invariant),
        PROCESS_TEST(pictures_of_the_run_before_are_removed),
        PROCESS_TEST(a_picture_that_cannot_be_written_is_said),
        PROCESS_TEST(a_failing_cut_of_a_sweep_is_told_and_drawn_too),
        PROCESS_TEST(an_exploration_that_stays_open_proves_nothing),
        PROCESS_TEST(what_cannot_be_judged_of_an_image_is_said_and_not_held_against_it),
        PROCESS_TEST(an_exploration_that_is_not_finished_does_not_outweigh_a_failure),
        PROCESS_TEST(a_failing_exploration_tells_the_trailers_at_the_end_of_its_path),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
