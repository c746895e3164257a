/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Journal, JUnit and terminal of one passing and one failing scenario, byte for byte, wall times left out.
 * BOOTRIG_UPDATE=1 writes them anew. */
#include "process.h"

#include <string.h>

#define GOLDEN RIG_SOURCE_DIR "/fixtures/golden/run"

static void expect_golden(const char *name, const char *text)
{
    g_autofree char *path = g_build_filename(GOLDEN, name, NULL);
    g_autofree char *golden = NULL;
    g_autofree char *seen = normalised(text);

    if (g_getenv("BOOTRIG_UPDATE")) {
        assert_int_equal(g_mkdir_with_parents(GOLDEN, 0755), 0);
        assert_true(g_file_set_contents(path, seen, -1, NULL));
        return;
    }
    if (!g_file_get_contents(path, &golden, NULL, NULL))
        fail_msg("%s is missing; BOOTRIG_UPDATE=1 writes it", path);
    assert_string_equal(seen, golden);
}

static void expect_golden_run(const struct place *place, const char *name, int code, const char *scenario)
{
    static const char *const files[] = {"journal.jsonl", "junit.xml"};
    g_autofree char *file = g_strdup_printf("%s.yaml", name);
    g_autofree char *terminal = g_strdup_printf("%s.txt", name);
    g_autoptr(outcome) result = NULL;

    place_write(place, file, scenario);
    result = place_run(place, "bootrig run --verbose --no-html %s", file);
    assert_int_equal(result->code, code);
    for (gsize i = 0; i < G_N_ELEMENTS(files); i++) {
        g_autofree char *report = g_build_filename("reports/out", files[i], NULL);
        g_autofree char *golden = g_strdup_printf("%s.%s", name, files[i]);
        g_autofree char *text = place_read(place, report);

        assert_non_null(text);
        expect_golden(golden, text);
    }
    expect_golden(terminal, result->out);
}

static void a_passing_run_leaves_these_bytes(void **state)
{
    expect_golden_run(*state, "passing", 0, scenario_passing);
}

static void a_failing_run_leaves_these_bytes(void **state)
{
    expect_golden_run(*state, "failing", 1, scenario_failing);
}

static void a_report_from_the_journal_equals_that_of_the_run(void **state)
{
    static const char *const options[] = {"--junit", "--html", "--json"};
    static const char *const names[] = {"junit.xml", "report.html", "summary.json"};

    place_write(*state, "passing.yaml", scenario_passing);
    place_write(*state, "failing.yaml", scenario_failing);
    place_expect(*state, 1, NULL, "bootrig run -q passing.yaml failing.yaml");
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *name = g_build_filename("reports/out", names[i], NULL);
        g_autofree char *live = place_read(*state, name);
        g_autofree char *again = NULL;

        place_expect(*state, 0, NULL, "bootrig report reports/out %s again", options[i]);
        again = place_read(*state, "again");
        assert_string_equal(live, again);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PROCESS_TEST(a_passing_run_leaves_these_bytes),
        PROCESS_TEST(a_failing_run_leaves_these_bytes),
        PROCESS_TEST(a_report_from_the_journal_equals_that_of_the_run),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
