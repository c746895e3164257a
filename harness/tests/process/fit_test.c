/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Boards and images that are not the default ones: what fits them runs, what does not is skipped, and none of
 * it fails. */
#include "tests/process/process.h"

#include <stdio.h>
#include <string.h>

static void write_own_image(const struct place *place)
{
    GString *payload = g_string_new(NULL);

    while (payload->len < 20000)
        g_string_append_printf(payload, "no personality %u\n", (guint)payload->len);
    place_write(place, "payload.txt", payload->str);
    g_string_free(payload, TRUE);
    place_expect(place, 0, NULL,
                 "bootrig image make --version 2.0.0 --sign ecdsa-p256 payload.txt --output made.bin");
}

static void expect_own_image(const struct place *place, const char *image, const char *then)
{
    g_autofree char *text =
        g_strdup_printf("scenario: own\nimages:\n  old: 1.0.0\n  new: {file: made.bin%s}\n"
                        "setup:\n  - board: {slot0: old}\n  - connect:\nsteps:\n  - upload: new\n"
                        "  - mark: {image: new, as: test}\n  - smp-reset:\n  - expect-boot: %s\n",
                        image, then);

    place_write(place, "own.yaml", text);
    place_expect(place, 0, "1 passed", "bootrig run own.yaml");
}

static void an_image_made_elsewhere_runs_and_behaves_as_it_is_told(void **state)
{
    write_own_image(*state);
    expect_own_image(*state, "", "{image: new, confirmed: false}");
    expect_own_image(*state, ", behaviour: confirms", "{image: new, confirmed: true}");
    expect_own_image(*state, ", behaviour: crashes", "{image: old, within: 60s}");
    expect_own_image(*state, ", behaviour: hangs, watchdog: 2s", "{image: old, within: 60s}");
}

static void expect_target_fits(const struct place *place, const char *target, guint at_least)
{
    g_autoptr(outcome) ran = place_run(place, "bootrig run --quiet --no-html --target %s", target);
    const char *counts = strstr(ran->out, " passed, 0 failed, 0 errors");

    if (ran->code != 0 || !counts)
        fail_msg("%s ended with %d:\n%s%s", target, ran->code, ran->out, ran->err);
    while (counts > ran->out && g_ascii_isdigit(counts[-1]))
        counts--;
    if (g_ascii_strtoull(counts, NULL, 10) < at_least)
        fail_msg("on %s only %s, wanted at least %u", target, counts, at_least);
}

static void no_shipped_case_fails_on_the_board_with_two_images(void **state)
{
    expect_target_fits(*state, "sim-nrf5340-mcuboot", 1150);
}

/* "NAME LEAST" a line; with BOOTRIG_LONG in the environment only. */
static void no_shipped_case_fails_on_a_shipped_board(void **state)
{
    g_autofree char *text = NULL;
    g_auto(GStrv) lines = NULL;

    if (!g_getenv("BOOTRIG_LONG"))
        skip();
    assert_true(g_file_get_contents(RIG_SOURCE_DIR "/fixtures/matrix/shipped.list", &text, NULL, NULL));
    lines = g_strsplit(g_strchomp(text), "\n", -1);
    for (char **line = lines; *line; line++) {
        char name[64];
        guint least;

        assert_int_equal(sscanf(*line, "%63s %u", name, &least), 2);
        expect_target_fits(*state, name, least);
    }
}

/* "# 880 cases pass; ci/test --long": so many at least, as skipping everything is no way to have no failure;
 * and whether it is one of those that are played with BOOTRIG_LONG in the environment only. */
static void expect_no_failure(const struct place *place, const char *folder, const char *name)
{
    g_autofree char *target = g_build_filename(folder, name, NULL);
    g_autofree char *text = NULL;
    const char *line_end;
    guint least;

    assert_true(g_file_get_contents(target, &text, NULL, NULL));
    line_end = strchr(text, '\n');
    if (!line_end || sscanf(text, "# %u cases pass", &least) != 1)
        fail_msg("%s does not begin with '# N cases pass'", target);
    if (!g_strstr_len(text, line_end - text, "--long") || g_getenv("BOOTRIG_LONG"))
        expect_target_fits(place, target, least);
}

static void no_shipped_case_fails_on_a_healthy_board_that_is_another(void **state)
{
    const char *folder = RIG_SOURCE_DIR "/fixtures/matrix";
    g_autoptr(GDir) targets = g_dir_open(folder, 0, NULL);
    guint n_targets = 0;
    const char *name;

    assert_non_null(targets);
    while ((name = g_dir_read_name(targets))) {
        if (!g_str_has_suffix(name, ".yaml"))
            continue;
        expect_no_failure(*state, folder, name);
        n_targets++;
    }
    assert_true(n_targets >= 30);
}

#define GUESTS RIG_GUESTS "/guest_model_"

static guint passed(const struct place *place, const char *command)
{
    g_autoptr(outcome) ran = place_run(place, "%s", command);
    const char *counts = strstr(ran->out, " passed, 0 failed, 0 errors");

    if (ran->code != 0 || !counts)
        fail_msg("%s ended with %d:\n%s%s", command, ran->code, ran->out, ran->err);
    while (counts > ran->out && g_ascii_isdigit(counts[-1]))
        counts--;
    return (guint)g_ascii_strtoull(counts, NULL, 10);
}

/* The bootloader says what it was compiled with: what wants something else is skipped, the rest is played. */
static void a_bootloader_of_ones_own_plays_what_it_was_compiled_for(void **state)
{
    place_write(
        *state, "wants.yaml",
        "scenario: wants\nmatrix:\n  swap: [move, scratch]\nimages:\n  old: {version: 1.0.0, size: 4KiB}\n"
        "steps:\n  - board: {slot0: old, swap: $swap}\n  - expect-boot: old\n");
    place_expect(*state, 0, "the case wants 'swap: scratch', and bootloader 'the model' has 'swap: move'",
                 "bootrig run --bootloader " GUESTS "move.so wants.yaml");
    place_expect(*state, 0, "the case wants 'swap: move', and bootloader 'the model' has 'swap: scratch'",
                 "bootrig list --bootloader " GUESTS "scratch.so wants.yaml");
    assert_true(passed(*state, "bootrig run -q --no-html --bootloader " GUESTS "move.so " RIG_SOURCE_DIR
                               "/scenarios/power") >= 28);
    assert_true(passed(*state, "bootrig run -q --no-html --bootloader " GUESTS "scratch.so " RIG_SOURCE_DIR
                               "/scenarios/power") >= 20);
}

/* It runs in this process: without a guard around that, an exit code 0 of its own would be that of the run.
 */
static void a_bootloader_that_ends_the_program_is_an_error_of_the_run(void **state)
{
    static const char *const ends[][2] = {{"leaves", "with exit code 0"},
                                          {"kills_itself", "by signal 9"},
                                          {"kills_its_group", "by signal 9"},
                                          {"smashes_the_heap", "by signal"}};

    place_write(*state, "plain.yaml",
                "scenario: plain\nimages:\n  old: {version: 1.0.0, size: 4KiB}\n"
                "steps:\n  - board: {slot0: old}\n  - expect-boot: old\n");
    for (gsize i = 0; i < G_N_ELEMENTS(ends); i++) {
        place_expect(*state, 2, ends[i][1], "bootrig run --bootloader " RIG_GUESTS "/guest_%s.so plain.yaml",
                     ends[i][0]);
        place_expect(*state, 2, "0 passed", "bootrig report reports/out/journal.jsonl");
        place_expect(*state, 0, "ended this program", "cat reports/out/junit.xml");
    }
}

static void an_exploration_of_what_does_not_fit_is_skipped(void **state)
{
    place_write(*state, "large.yaml",
                "scenario: large\nimages:\n  old: {version: 1.0.0, size: 4KiB}\n"
                "  new: {version: 2.0.0, size: 126KiB}\nsteps:\n  - board: {slot0: old}\n"
                "  - explore: {old: old, new: new, life: [upload, permanent]}\n");
    place_expect(*state, 4, "there is room for", "bootrig run large.yaml");
}

static void what_only_the_model_prints_is_not_demanded_of_another_bootloader(void **state)
{
    place_write(*state, "prints.yaml",
                "scenario: prints\nimages:\n  old: {version: 1.0.0, size: 4KiB}\n"
                "steps:\n  - board: {slot0: old}\n  - expect-boot: old\n"
                "  - expect-console: {line: \"Booting MCUboot\", within: 1s}\n");
    place_expect(*state, 0, "not judged on bootloader 'the model': a line with 'Booting MCUboot'",
                 "bootrig run --verbose --bootloader " GUESTS "move.so prints.yaml");
    place_write(*state, "own.yaml",
                "scenario: own\nimages:\n  old: {version: 1.0.0, size: 4KiB}\n"
                "steps:\n  - board: {slot0: old}\n  - expect-boot: old\n"
                "  - expect-console: {line: acme says hello, within: 1s}\n");
    place_expect(*state, 1, "no such line", "bootrig run --bootloader " GUESTS "move.so own.yaml");
}

static void a_board_that_is_busy_when_the_deadline_ends_is_said_to_be(void **state)
{
    place_write(*state, "busy.yaml",
                "scenario: busy\nimages:\n  old: {version: 1.0.0, size: 100KiB}\n"
                "  new: {version: 2.0.0, size: 100KiB}\nsetup:\n  - board: {slot0: old, slot1: new}\n"
                "  - connect:\n  - mark: {image: new, as: test}\nsteps:\n"
                "  - reset:\n  - expect-boot: {image: new, within: 100ms}\n");
    place_expect(*state, 1, "still booting: the deadline of 100 ms ended while the board was busy",
                 "bootrig run busy.yaml");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PROCESS_TEST(an_image_made_elsewhere_runs_and_behaves_as_it_is_told),
        PROCESS_TEST(a_board_that_is_busy_when_the_deadline_ends_is_said_to_be),
        PROCESS_TEST(a_bootloader_of_ones_own_plays_what_it_was_compiled_for),
        PROCESS_TEST(a_bootloader_that_ends_the_program_is_an_error_of_the_run),
        PROCESS_TEST(an_exploration_of_what_does_not_fit_is_skipped),
        PROCESS_TEST(what_only_the_model_prints_is_not_demanded_of_another_bootloader),
        PROCESS_TEST(no_shipped_case_fails_on_a_healthy_board_that_is_another),
        PROCESS_TEST(no_shipped_case_fails_on_the_board_with_two_images),
        PROCESS_TEST(no_shipped_case_fails_on_a_shipped_board),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
