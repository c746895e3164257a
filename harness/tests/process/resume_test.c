/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Explorations that a budget or an interrupt ended go on with --resume, and come to the result of one that
 * was never stopped. */
#include "process.h"

#include <signal.h>
#include <string.h>

/* Size of old, size of new, swap, further fields of the step. */
#define SCENARIO                                                                                             \
    "scenario: any-cuts\n"                                                                                   \
    "about: Any sequence of cuts.\n"                                                                         \
    "images:\n"                                                                                              \
    "  old: {version: 1.0.0, size: %s}\n"                                                                    \
    "  new: {version: 2.0.0, size: %s}\n"                                                                    \
    "setup:\n"                                                                                               \
    "  - board: {slot0: old, swap: %s, swap-fixes: true}\n"                                                  \
    "steps:\n"                                                                                               \
    "  - explore: {old: old, new: new, life: [upload, test, confirm], torn: [half-write, half-erase]%s}\n"

static void put(const struct place *place, const char *name, const char *swap, const char *more)
{
    g_autofree char *text = g_strdup_printf(SCENARIO, "9001B", "14001B", swap, more);

    place_write(place, name, text);
}

/* "closed: ... chain 4 cuts": what an exploration found, without the time it took; owned by the caller. */
static char *result_of(const struct place *place, const char *folder)
{
    g_autofree char *path = g_strdup_printf("%s/junit.xml", folder);
    g_autofree char *junit = place_read(place, path);
    g_autoptr(GString) found = g_string_new(NULL);
    g_auto(GStrv) lines = g_strsplit(junit, "\n", -1);

    for (char **line = lines; *line; line++)
        if (strstr(*line, "\"explore.") && !strstr(*line, "time") && !strstr(*line, "elapsed") &&
            !strstr(*line, "bytes") && !strstr(*line, "explore.result"))
            g_string_append(found, *line);
    assert_true(found->len > 0);
    return g_string_free(g_steal_pointer(&found), FALSE);
}

static void a_budget_that_ends_an_exploration_again_and_again_changes_nothing(void **state)
{
    g_autofree char *whole = NULL;
    g_autofree char *joined = NULL;
    int code = 2;
    int n_runs = 1;

    put(*state, "whole.yaml", "scratch", "");
    put(*state, "short.yaml", "scratch", ", max-states: 60");
    place_expect(*state, 0, "closed", "bootrig run whole.yaml --output whole");
    place_expect(*state, 2, "the budget of states is used up", "bootrig run short.yaml");
    for (; code == 2 && n_runs < 40; n_runs++) {
        g_autoptr(outcome) result = place_run(*state, "bootrig run short.yaml --resume reports/out");

        code = result->code;
    }
    assert_int_equal(code, 0);
    assert_true(n_runs > 2);
    whole = result_of(*state, "whole");
    joined = result_of(*state, "reports/out");
    assert_string_equal(joined, whole);
}

static void an_interrupted_exploration_goes_on_where_it_was(void **state)
{
    g_autofree char *whole = NULL;
    g_autofree char *joined = NULL;
    g_autofree char *states = place_path(*state, "reports/out/states");
    g_autofree char *text = g_strdup_printf(SCENARIO, "100001B", "118001B", "overwrite", "");
    bool interrupted = false;

    place_write(*state, "any.yaml", text);
    place_expect(*state, 0, "closed", "bootrig run any.yaml --output whole");
    /* On a fast host the first tries come too late, on a slow one the last too early. */
    for (gulong wait_us = 1600000; wait_us > 10000 && !interrupted; wait_us = wait_us * 3 / 4) {
        GPid pid = place_start(*state, "bootrig run any.yaml");
        int code;

        g_usleep(wait_us);
        assert_int_equal(kill(pid, SIGINT), 0);
        code = place_wait(pid);
        assert_true(code == 0 || code == 3);
        interrupted = code == 3 && g_file_test(states, G_FILE_TEST_IS_DIR);
    }
    assert_true(interrupted);
    place_expect(*state, 0, "closed", "bootrig run any.yaml --resume reports/out");
    whole = result_of(*state, "whole");
    joined = result_of(*state, "reports/out");
    assert_string_equal(joined, whole);
}

static void what_another_exploration_left_is_refused(void **state)
{
    g_autofree char *folder = place_path(*state, "reports/out/states");
    g_autofree char *journal = NULL;
    g_autofree char *line = NULL;
    g_autoptr(GDir) directory = NULL;

    put(*state, "short.yaml", "scratch", ", max-states: 60");
    put(*state, "other.yaml", "move", "");
    place_expect(*state, 2, "not finished", "bootrig run short.yaml");
    journal = place_read(*state, "reports/out/journal.jsonl");
    expect_text(journal, "is kept in reports/out/states/");
    directory = g_dir_open(folder, 0, NULL);
    assert_non_null(directory);
    line = g_strdup_printf("bootrig run other.yaml --output other --resume reports/out/states/%s",
                           g_dir_read_name(directory));
    place_expect(*state, 2, "another exploration", "%s", line);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PROCESS_TEST(a_budget_that_ends_an_exploration_again_and_again_changes_nothing),
        PROCESS_TEST(an_interrupted_exploration_goes_on_where_it_was),
        PROCESS_TEST(what_another_exploration_left_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
