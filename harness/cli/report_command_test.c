/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The report command against golden files, and what it says to wrong command lines. */
#include <fcntl.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "cli/cli.h"

#define MAX_WORDS 8

/* Runs the command with standard output and error in files; standard output comes back. */
static char *run(const char *folder, int expected_code, char **arguments)
{
    char *words[MAX_WORDS + 2] = {(char *)"report"};
    g_autofree char *path = g_build_filename(folder, "stdout", NULL);
    int saved[2] = {dup(1), dup(2)};
    int to = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    int argc = 1;
    int code;
    char *text = NULL;

    for (; arguments[argc - 1]; argc++)
        words[argc] = arguments[argc - 1];
    fflush(stdout);
    dup2(to, 1);
    dup2(to, 2);
    code = rig_cli_report(argc, words);
    fflush(stdout);
    dup2(saved[0], 1);
    dup2(saved[1], 2);
    close(saved[0]);
    close(saved[1]);
    close(to);
    assert_true(g_file_get_contents(path, &text, NULL, NULL));
    assert_int_equal(code, expected_code);
    g_unlink(path);
    return text;
}

static void assert_golden(const char *text, const char *name)
{
    g_autofree char *path = g_build_filename("fixtures/journals", name, NULL);
    g_autofree char *golden = NULL;

    if (g_getenv("RIG_WRITE_GOLDEN"))
        assert_true(g_file_set_contents(path, text, -1, NULL));
    assert_true(g_file_get_contents(path, &golden, NULL, NULL));
    assert_string_equal(text, golden);
}

static int make_folder(void **state)
{
    g_unsetenv("CLICOLOR_FORCE");
    g_unsetenv("FORCE_COLOR");
    *state = g_dir_make_tmp("rig-report-XXXXXX", NULL);
    return *state && g_chdir(RIG_SOURCE_DIR) == 0 ? 0 : -1;
}

static int remove_folder(void **state)
{
    g_rmdir(*state);
    g_free(*state);
    return 0;
}

/* A journal that is not whole: the reports are made all the same. */
static void check_all_forms(const char *folder, const char *stem, int code)
{
    g_autofree char *journal = g_strdup_printf("fixtures/journals/%s.jsonl", stem);
    char *forms[][5] = {
        {journal, NULL},
        {journal, (char *)"--junit", (char *)"-", NULL},
        {journal, (char *)"--junit", (char *)"-", (char *)"--junit-strict", NULL},
        {journal, (char *)"--json", (char *)"-", NULL},
        {journal, (char *)"--html", (char *)"-", NULL},
        {journal, (char *)"--verbose", NULL},
    };
    const char *const suffixes[] = {"txt", "junit.xml", "junit-strict.xml", "json", "html", "verbose.txt"};

    for (guint i = 0; i < G_N_ELEMENTS(forms); i++) {
        g_autofree char *text = run(folder, code, forms[i]);
        g_autofree char *name = g_strdup_printf("%s.%s", stem, suffixes[i]);
        char *not_whole = strstr(text, "bootrig: the journal is not whole: ");

        assert_int_equal(not_whole != NULL, code != 0);
        if (not_whole)
            *not_whole = '\0';
        assert_golden(text, name);
    }
}

static void a_mixed_run_comes_out_as_its_golden_files(void **state)
{
    check_all_forms(*state, "mixed", 0);
}

static void a_killed_run_comes_out_as_its_golden_files(void **state)
{
    check_all_forms(*state, "killed", 2);
}

static void an_interrupted_run_comes_out_as_its_golden_files(void **state)
{
    check_all_forms(*state, "interrupted", 0);
}

static void a_passed_run_comes_out_as_its_golden_files(void **state)
{
    check_all_forms(*state, "passed", 0);
}

static void the_last_packets_of_a_failure_come_out_as_the_golden_files(void **state)
{
    check_all_forms(*state, "packets", 0);
}

static void explorations_come_out_as_their_golden_files(void **state)
{
    check_all_forms(*state, "explored", 0);
}

static void an_exploration_that_was_killed_comes_out_as_its_golden_files(void **state)
{
    check_all_forms(*state, "exploring", 2);
}

/* The picture of a path, byte for byte, and nothing else in the folder. */
static void pictures_come_out_as_their_golden_files(void **state)
{
    g_autofree char *folder = g_build_filename(*state, "new", "pictures", NULL);
    g_autofree char *above = g_path_get_dirname(folder);
    g_autofree char *picture =
        g_build_filename(folder, "explore-explored-lost-revert-revert-not-lost.svg", NULL);
    char *arguments[] = {(char *)"fixtures/journals/explored.jsonl", (char *)"--pictures", folder, NULL};
    char *nothing[] = {(char *)"fixtures/journals/passed.jsonl", (char *)"--pictures",
                       (char *)"/dev/null/none", NULL};
    char *nowhere[] = {(char *)"fixtures/journals/explored.jsonl", (char *)"--pictures",
                       (char *)"/dev/null/none", NULL};
    g_autofree char *said = run(*state, 0, arguments);
    g_autofree char *without = run(*state, 0, nothing);
    g_autofree char *complaint = run(*state, 2, nowhere);
    g_autofree char *text = NULL;

    assert_string_equal(said, "");
    assert_string_equal(without, "");
    assert_non_null(strstr(complaint, "cannot make the folder /dev/null/none"));
    assert_true(g_file_get_contents(picture, &text, NULL, NULL));
    assert_golden(text, "explored.svg");
    assert_int_equal(g_unlink(picture), 0);
    assert_int_equal(g_rmdir(folder), 0);
    assert_int_equal(g_rmdir(above), 0);
}

static void several_reports_are_written_in_one_go(void **state)
{
    g_autofree char *junit = g_build_filename(*state, "j.xml", NULL);
    g_autofree char *html = g_build_filename(*state, "h.html", NULL);
    char *arguments[] = {
        (char *)"fixtures/journals/passed.jsonl", (char *)"--junit", junit, (char *)"--html", html, NULL};
    g_autofree char *text = run(*state, 0, arguments);

    assert_string_equal(text, "");
    assert_int_equal(g_unlink(junit), 0);
    assert_int_equal(g_unlink(html), 0);
}

static void wrong_command_lines_and_full_disks_are_errors(void **state)
{
    char *none[] = {NULL};
    char *missing[] = {(char *)"fixtures/journals/no-such-file", NULL};
    char *folder[] = {(char *)"fixtures", NULL};
    char *both[] = {(char *)"fixtures/journals/passed.jsonl",
                    (char *)"--json",
                    (char *)"-",
                    (char *)"--html",
                    (char *)"-",
                    NULL};
    char *full[] = {(char *)"fixtures/journals/passed.jsonl", (char *)"--json", (char *)"/dev/full", NULL};
    char **lines[] = {none, missing, folder, both, full};
    const char *const complaints[] = {"report wants one journal",
                                      "cannot read the journal fixtures/journals/no-such-file: No such",
                                      "cannot read the journal fixtures/journal.jsonl: No such",
                                      "only one report can go", "cannot write /dev/full: No space left"};

    for (guint i = 0; i < G_N_ELEMENTS(lines); i++) {
        g_autofree char *text = run(*state, 2, lines[i]);

        assert_non_null(strstr(text, complaints[i]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_mixed_run_comes_out_as_its_golden_files),
        cmocka_unit_test(a_killed_run_comes_out_as_its_golden_files),
        cmocka_unit_test(an_interrupted_run_comes_out_as_its_golden_files),
        cmocka_unit_test(a_passed_run_comes_out_as_its_golden_files),
        cmocka_unit_test(the_last_packets_of_a_failure_come_out_as_the_golden_files),
        cmocka_unit_test(explorations_come_out_as_their_golden_files),
        cmocka_unit_test(an_exploration_that_was_killed_comes_out_as_its_golden_files),
        cmocka_unit_test(pictures_come_out_as_their_golden_files),
        cmocka_unit_test(several_reports_are_written_in_one_go),
        cmocka_unit_test(wrong_command_lines_and_full_disks_are_errors),
    };

    return cmocka_run_group_tests_name("report command", tests, make_folder, remove_folder);
}
