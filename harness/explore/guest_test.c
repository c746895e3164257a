/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Foreign bootloaders explored: the example port through its whole life, and those that misbehave. */
#include "explore/replay.h"
#include "explore/mcuboot.h"
#include "explore/explore.h"
#include "sim/firmware/mcuboot/boot/boot_fixture.h"
#include "sim/firmware/mcuboot/guest/guest.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <unistd.h>
#include <cmocka.h>

struct form {
    bool torn;
    guint n_workers;
    guint32 max_contents; /* 0 = no bound */
    guint32 max_cpu_ms;   /* 0 = 20 */
};

static struct rig_exploration *explore_guest(const char *name, struct form form)
{
    struct board board;
    struct sim_guest_config config = {.max_cpu_ms = form.max_cpu_ms ? form.max_cpu_ms : 20};
    g_autofree char *path = g_strdup_printf(RIG_BINARY_DIR "/guests/%s.so", name);
    char why[256] = "";
    struct sim_guest *guest;
    struct rig_exploration *seen;

    board_make(&board, &(struct board_plan){.mode = RIG_SWAP_SCRATCH,
                                            .n_primary = 8,
                                            .scratch_bytes = 3 * 4096,
                                            .old_bytes = 5000,
                                            .new_bytes = 9000});
    board.config.need_signature = false;
    sim_guest_config_areas(&config, &board.config);
    guest = sim_guest_open(path, &config, why, sizeof why);
    assert_string_equal(why, "");
    board_put_primary(&board, 0, &board.old);
    g_autoptr(rig_subject) subject = rig_subject_guest(&board.config, board.flash, guest);
    struct rig_explore_plan plan = {
        .subject = subject,
        .images =
            {{.name = "old", .bytes = board.old.bytes, .n_bytes = board.old.n_bytes, .verified = true},
             {.name = "new", .bytes = board.fresh.bytes, .n_bytes = board.fresh.n_bytes, .verified = true}},
        .life = {.actions = {RIG_ACTION_UPLOAD, RIG_ACTION_TEST, RIG_ACTION_CONFIRM}, .n_actions = 3},
        .torn_write = form.torn,
        .torn_erase = form.torn,
        .invariants = RIG_ALL_INVARIANTS,
        .max_boots = 2,
        .max_contents = form.max_contents,
        .n_workers = form.n_workers,
    };
    seen = rig_explore(&plan);
    sim_guest_free(guest);
    board_clear(&board);
    return seen;
}

/* Its book in the scratch area takes a record for every step of a swap and numbers its sectors upwards. An
 * application that asks for a trial is cut behind its last write, again and again, and each time there is one
 * more swap: there is no end of different contents, and the exploration says so. */
static void the_example_port_holds_as_far_as_the_budget_goes(void **state)
{
    g_autoptr(rig_exploration) seen = explore_guest("ledger_boot", (struct form){.max_contents = 2000});

    (void)state;
    assert_null(seen->trouble);
    assert_false(seen->closed);
    assert_string_equal(seen->why_open, "the budget of states is used up");
    for (guint i = 0; i < seen->findings->len; i++) {
        const struct rig_finding *finding = g_ptr_array_index(seen->findings, i);

        print_error("%s: %s, cuts=%s\n", rig_invariant_name(finding->invariant), finding->complaint,
                    finding->path);
    }
    assert_int_equal(seen->findings->len, 0);
    assert_true(seen->n_contents > 50);
}

/* The one with the fewest cuts; NULL: the invariant holds. */
static const struct rig_finding *finding_of(const struct rig_exploration *seen, enum rig_invariant invariant)
{
    for (guint i = 0; i < seen->findings->len; i++) {
        const struct rig_finding *finding = g_ptr_array_index(seen->findings, i);

        if (finding->invariant == invariant)
            return finding;
    }
    return NULL;
}

static void expect_found(const char *name, const char *complaint)
{
    g_autoptr(rig_exploration) seen = explore_guest(name, (struct form){.max_contents = 2000});
    const struct rig_finding *finding = finding_of(seen, RIG_INVARIANT_NO_CRASH);

    if (seen->trouble)
        print_error("%s: %s\n", name, seen->trouble);
    assert_null(seen->trouble);
    assert_true(seen->closed);
    assert_non_null(finding);
    assert_string_equal(finding->path, "run");
    if (!g_strrstr(finding->complaint, complaint))
        print_error("%s: '%s'\n", name, finding->complaint);
    assert_non_null(g_strrstr(finding->complaint, complaint));
}

static void crashes_aborts_overflows_and_loops_are_findings(void **state)
{
    (void)state;
    expect_found("guest_writes_to_null", "crash");
    expect_found("guest_aborts", "abort");
    expect_found("guest_exits", "exit(3)");
    expect_found("guest_overflows", "stack overflow");
    expect_found("guest_loops", "endless loop");
}

/* None of these reaches this process; which memory a stray pointer hits first, is not foreseen. */
static void what_no_signal_handler_can_catch_is_a_finding(void **state)
{
    (void)state;
    expect_found("guest_kills_itself", "signal 9");
    expect_found("guest_kills_its_group", "signal 9");
    expect_found("guest_leaves", "status 0");
    expect_found("guest_smashes_the_heap", "");
    expect_found("guest_writes_anywhere", "");
}

static void a_bootloader_that_hears_no_signal_is_ended_by_the_watch_dog(void **state)
{
    (void)state;
    expect_found("guest_is_deaf", "deaf");
}

/* What it did before it was gone is known: the erase, and the cut before and after it. */
static void operations_before_such_an_end_are_explored(void **state)
{
    g_autoptr(rig_exploration) seen = explore_guest("guest_leaves", (struct form){.n_workers = 1});

    (void)state;
    assert_true(seen->closed);
    assert_int_equal(seen->n_edges, 1);
}

static void files_that_a_bootloader_closes_stay_open_here(void **state)
{
    g_autoptr(rig_exploration) seen =
        explore_guest("guest_closes_files", (struct form){.max_contents = 2000});

    (void)state;
    assert_null(seen->trouble);
    assert_true(seen->closed);
    assert_true(fcntl(STDOUT_FILENO, F_GETFD) >= 0);
}

/* Everything that a report tells, byte by byte. */
static char *story_of(const struct rig_exploration *seen)
{
    GString *story = g_string_new(NULL);

    g_string_append_printf(story,
                           "%d %s %u %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT
                           " %" G_GUINT64_FORMAT " %u\n",
                           seen->closed, seen->why_open ? seen->why_open : "", seen->n_contents,
                           seen->n_nodes, seen->n_edges, seen->n_torn_edges, seen->n_boots, seen->longest);
    for (guint i = 0; i < seen->findings->len; i++) {
        const struct rig_finding *finding = g_ptr_array_index(seen->findings, i);

        g_string_append_printf(story, "%u %" G_GUINT64_FORMAT " %u %s %s %s\n", finding->invariant,
                               finding->n_nodes, finding->n_cuts, finding->path, finding->cause,
                               finding->complaint);
    }
    return g_string_free(story, FALSE);
}

static void any_number_of_workers_finds_the_same(void **state)
{
    static const guint numbers[] = {1, 2, 3, 5};
    static const char *const names[] = {"ledger_boot", "guest_well", "guest_kills_itself"};

    (void)state;
    for (guint name = 0; name < G_N_ELEMENTS(names); name++)
        for (int torn = 0; torn < 2; torn++) {
            g_autofree char *first = NULL;

            for (guint i = 0; i < G_N_ELEMENTS(numbers); i++) {
                g_autoptr(rig_exploration) seen = explore_guest(
                    names[name], (struct form){.torn = torn, .n_workers = numbers[i], .max_contents = 3000});
                g_autofree char *story = story_of(seen);

                assert_true(seen->n_forks > 0);
                if (first)
                    assert_string_equal(story, first);
                else
                    first = g_steal_pointer(&story);
            }
        }
}

/* A path with a guest that ends its process is played again without harm. */
static void paths_are_replayed_in_a_process_of_their_own(void **state)
{
    struct board board;
    struct sim_guest_config config = {.max_cpu_ms = 20};
    char why[256] = "";

    (void)state;
    board_make(&board, &(struct board_plan){.mode = RIG_SWAP_SCRATCH, .n_primary = 8});
    board.config.need_signature = false;
    sim_guest_config_areas(&config, &board.config);
    struct sim_guest *guest =
        sim_guest_open(RIG_BINARY_DIR "/guests/guest_leaves.so", &config, why, sizeof why);
    assert_non_null(guest);
    board_put_primary(&board, 0, &board.old);
    g_autoptr(rig_subject) subject = rig_subject_guest(&board.config, board.flash, guest);
    struct rig_explore_plan plan = {
        .subject = subject,
        .images =
            {{.name = "old", .bytes = board.old.bytes, .n_bytes = board.old.n_bytes, .verified = true},
             {.name = "new", .bytes = board.fresh.bytes, .n_bytes = board.fresh.n_bytes, .verified = true}},
        .life = {.actions = {RIG_ACTION_UPLOAD}, .n_actions = 1},
        .invariants = RIG_ALL_INVARIANTS,
        .max_boots = 2,
    };
    g_autoptr(GArray) cycles = rig_cuts_parse("0,0h,run", NULL);
    g_auto(rig_replay) replay = {.fits = false};

    rig_replay_play(&replay, &plan, cycles);
    assert_true(replay.fits);
    assert_true(replay.broken & 1u << RIG_INVARIANT_NO_CRASH);
    assert_int_equal(replay.path->cycles->len, 3);
    sim_guest_free(guest);
    board_clear(&board);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_example_port_holds_as_far_as_the_budget_goes),
        cmocka_unit_test(crashes_aborts_overflows_and_loops_are_findings),
        cmocka_unit_test(what_no_signal_handler_can_catch_is_a_finding),
        cmocka_unit_test(a_bootloader_that_hears_no_signal_is_ended_by_the_watch_dog),
        cmocka_unit_test(operations_before_such_an_end_are_explored),
        cmocka_unit_test(files_that_a_bootloader_closes_stay_open_here),
        cmocka_unit_test(any_number_of_workers_finds_the_same),
        cmocka_unit_test(paths_are_replayed_in_a_process_of_their_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
