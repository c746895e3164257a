/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Steps on a simulated board of which less is in reach than usual: its flash operations are not told, or
 * there is no probe. */
#include "steps/verbs.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "drivers/sim/sim_driver.h"

#define EXPECT(what) "  - expect-flash: {since: start, " what "}\n"
#define PROGRAMMED "  - program: {slot: 1, image: new, as: permanent}\n"
/* Slot 0 is at 48 KiB, slot 1 at 176 KiB, both have 128 KiB; the image has 2,048 bytes and what is around
 * them. */
static const struct row {
    const char *steps;
    enum rig_verdict verdict;
    const char *says; /* its message, or a note on the way; NULL: nothing */
} compared[] = {
    {EXPECT("untouched: [slot0, slot1], only: [scratch], at-most: 0"), RIG_VERDICT_PASS, NULL},
    {PROGRAMMED EXPECT("written: [slot1], untouched: [slot0, scratch], only: [slot1]"), RIG_VERDICT_PASS,
     NULL},
    {PROGRAMMED EXPECT("untouched: [slot1]"), RIG_VERDICT_FAIL, "differ, the first at internal 0x2c000"},
    {PROGRAMMED EXPECT("only: [slot0]"), RIG_VERDICT_FAIL, "writes elsewhere"},
    {PROGRAMMED EXPECT("at-most: 0"), RIG_VERDICT_FAIL, "bytes that differ: expected at most 0"},
    {PROGRAMMED EXPECT("untouched: [{slot: 1, from: 64KiB, size: 4KiB}]"), RIG_VERDICT_PASS, NULL},
    {PROGRAMMED EXPECT("untouched: [{slot: 1, size: 1B}]"), RIG_VERDICT_FAIL, "writes to slot1 0x0, 1 bytes"},
    /* A run of bytes that differ begins inside and ends behind it. */
    {PROGRAMMED EXPECT("only: [{slot: 1, size: 1KiB}]"), RIG_VERDICT_FAIL, "writes elsewhere"},
    {PROGRAMMED EXPECT("only: [{slot: 1, size: 4KiB}, {slot: 1, from: 124KiB, size: 4KiB}]"),
     RIG_VERDICT_PASS, NULL},
    {EXPECT("written: [slot0]"), RIG_VERDICT_PASS, "not judged: writes to slot0"},
    {EXPECT("untouched: [{device: internal, from: 512KiB, size: 4KiB}]"), RIG_VERDICT_SKIP,
     "lies outside of what is compared"},
    {"  - reset:\n" EXPECT("untouched: [internal]"), RIG_VERDICT_PASS, NULL},
};

#define UPLOADED "  - connect:\n  - upload: new\n"
#define MARKED UPLOADED "  - mark: {image: new, as: test}\n"
/* What the server tells and does. */
static const struct row asked[] = {
    {"  - expect-boot: {image: old, confirmed: true, boots: 1}\n", RIG_VERDICT_PASS,
     "not judged: at most 1 bootloader runs"},
    {"  - expect-boot: {image: new, within: 2s}\n", RIG_VERDICT_FAIL,
     "running image: expected new, seen old"},
    {"  - expect-slot: {slot: 0, image: old, swap-type: none}\n", RIG_VERDICT_PASS, NULL},
    {"  - expect-slot: {slot: 0, image: new}\n", RIG_VERDICT_FAIL, "image in slot 0 by the server's list"},
    {"  - expect-slot: {slot: 1, image: erased}\n", RIG_VERDICT_PASS, NULL},
    {UPLOADED "  - expect-slot: {slot: 1, image: erased}\n", RIG_VERDICT_FAIL, "expected none"},
    {UPLOADED "  - expect-slot: {slot: 1, swap-type: test}\n", RIG_VERDICT_FAIL,
     "swap type of the next boot"},
    {UPLOADED EXPECT("written: [slot1], untouched: [slot0], only: [slot1]"), RIG_VERDICT_PASS, NULL},
    {UPLOADED EXPECT("untouched: [slot1]"), RIG_VERDICT_FAIL, "another entry in the server's list"},
    {UPLOADED EXPECT("at-most: 0"), RIG_VERDICT_FAIL, "slots that are listed otherwise"},
    {MARKED
     "  - expect-slot: {slot: 1, image: new, swap-type: test}\n  - reset:\n"
     "  - expect-boot: {image: new, confirmed: false}\n  - expect-slot: {slot: 0, swap-type: revert}\n",
     RIG_VERDICT_PASS, NULL},
};

static struct rig_scenario *scenario_of(const char *steps)
{
    g_autofree char *text = g_strdup_printf("scenario: less\n"
                                            "images:\n"
                                            "  old: {version: 1.0.0, size: 2KiB}\n"
                                            "  new: {version: 2.0.0, size: 2KiB}\n"
                                            "setup:\n"
                                            "  - board: {slot0: old}\n"
                                            "steps:\n"
                                            "  - watch-flash: start\n%s"
                                            "cleanup:\n"
                                            "  - program: {slot: 1, image: new}\n"
                                            "  - expect-flash: {since: start, only: [internal]}\n",
                                            steps);
    struct rig_diagnostics diagnostics;
    struct rig_scenario *scenario;
    g_autofree char *why = NULL;

    rig_diagnostics_init(&diagnostics);
    scenario =
        rig_scenario_from_source(rig_source_from_text("less.yaml", text), rig_language(), &diagnostics);
    why = rig_diagnostics_format(&diagnostics, false);
    rig_diagnostics_clear(&diagnostics);
    if (!scenario)
        fail_msg("%s", why);
    return scenario;
}

/* The last note of the case. */
static void on_event(void *user, const struct rig_event *event)
{
    char **note = user;

    if (event->kind != RIG_EVENT_NOTE)
        return;
    g_free(*note);
    *note = g_strdup(rig_event_get_text(event, RIG_KEY_TEXT));
}

/* NULL: as the row wants it. */
static char *play(struct rig_board *board, const struct rig_case *the_case, const struct row *row,
                  bool probed)
{
    struct rig_probe *probe = board->probe;
    g_autoptr(rig_journal) journal = rig_journal_new(NULL, NULL);
    struct rig_image_store *images = rig_image_store_new();
    g_autofree char *note = NULL;
    char *wrong = NULL;
    struct rig_run run;

    rig_journal_listen(journal, on_event, &note);
    rig_run_init(&run, the_case, board, journal, images, 1, 1.0);
    rig_run_steps(&run, the_case->setup, "setup");
    assert_false(rig_run_troubled(&run));
    board->probe = probed ? probe : NULL;
    rig_run_steps(&run, the_case->steps, "steps");
    board->probe = probe;
    if (run.trouble.verdict != row->verdict ||
        (row->says && !(run.trouble.message && strstr(run.trouble.message, row->says)) &&
         !(note && strstr(note, row->says))))
        wrong = g_strdup_printf("%s: %s, %s", row->steps, rig_verdict_word(run.trouble.verdict),
                                run.trouble.message ? run.trouble.message
                                : note              ? note
                                                    : "");
    rig_run_clear(&run);
    rig_image_store_free(images);
    return wrong;
}

static void play_all(const struct row *rows, gsize n_rows, bool probed)
{
    g_autoptr(rig_target) target = rig_target_load("sim-nrf52840-mcuboot", RIG_SOURCE_DIR "/targets", NULL);
    struct rig_board *board = rig_sim_board_new(target, NULL);
    guint n_wrong = 0;

    assert_non_null(board);
    board->flash_watch = NULL;
    for (gsize i = 0; i < n_rows; i++) {
        g_autoptr(rig_scenario) scenario = scenario_of(rows[i].steps);
        g_autofree char *wrong = play(board, g_ptr_array_index(scenario->cases, 0), &rows[i], probed);

        if (wrong)
            print_error("%s\n", wrong);
        n_wrong += wrong != NULL;
    }
    board->ops->free(board);
    assert_int_equal(n_wrong, 0);
}

static void flash_is_compared_where_its_operations_are_not_told(void **state)
{
    (void)state;
    play_all(compared, G_N_ELEMENTS(compared), true);
}

static void the_server_is_asked_where_there_is_no_probe(void **state)
{
    (void)state;
    play_all(asked, G_N_ELEMENTS(asked), false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(flash_is_compared_where_its_operations_are_not_told),
                                       cmocka_unit_test(the_server_is_asked_where_there_is_no_probe)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
