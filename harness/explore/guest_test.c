/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Bootloaders from shared objects: the example port holds, its variants with a mistake are found out, and
 * nothing takes the process down. */
#include "explore/explore.h"
#include "sim/boot/boot_fixture.h"
#include "sim/boot/guest/guest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

#define EXAMPLES RIG_BINARY_DIR "/targets/sim/boot/example/"

static struct rig_exploration *explore_example(const char *name, bool torn)
{
    struct board board;
    g_autofree char *path = g_strdup_printf(EXAMPLES "%s.so", name);
    char why[256] = "";
    struct sim_guest *guest = sim_guest_open(path, why, sizeof why);
    struct rig_exploration *seen;

    assert_string_equal(why, "");
    assert_non_null(guest);
    sim_guest_limit(guest, 20000);
    board_make(&board, &(struct board_plan){
                           .mode = RIG_SWAP_OVERWRITE, .n_primary = 4, .old_bytes = 3000, .new_bytes = 6000});
    board_put_primary(&board, 0, &board.old);
    g_autoptr(rig_subject) subject = rig_subject_guest(&board.config, board.flash, guest);
    struct rig_explore_plan plan = {
        .subject = subject,
        .images = {{"old", board.old.bytes, board.old.n_bytes, true},
                   {"new", board.fresh.bytes, board.fresh.n_bytes, true}},
        .life = {.actions = {RIG_ACTION_UPLOAD, RIG_ACTION_PERMANENT}, .n_actions = 2},
        .torn_write = torn,
        .torn_erase = torn,
        .invariants = RIG_ALL_INVARIANTS,
        .max_boots = 2,
    };
    seen = rig_explore(&plan);
    assert_true(seen->closed);
    board_clear(&board);
    sim_guest_close(guest);
    return seen;
}

static void the_example_port_holds_every_invariant_torn_operations_included(void **state)
{
    g_autoptr(rig_exploration) seen = explore_example("example_bootloader", true);

    (void)state;
    for (guint i = 0; i < RIG_N_INVARIANTS; i++) {
        if (seen->violations[i].n_nodes)
            print_error("%s: %s, cuts=%s\n", rig_invariant_name((enum rig_invariant)i),
                        seen->violations[i].complaint, seen->violations[i].path);
        assert_int_equal(seen->violations[i].n_nodes, 0);
    }
    assert_true(seen->n_contents > 30);
}

static void expect_found(const char *name, enum rig_invariant invariant, const char *complaint)
{
    g_autoptr(rig_exploration) seen = explore_example(name, false);
    const struct rig_violation *violation = &seen->violations[invariant];

    assert_true(violation->n_nodes > 0);
    assert_int_equal(violation->n_cuts, 1);
    if (!g_strrstr(violation->complaint, complaint))
        print_error("%s: '%s'\n", name, violation->complaint);
    assert_non_null(g_strrstr(violation->complaint, complaint));
}

static void a_request_that_is_retired_too_early_bricks_the_board(void **state)
{
    (void)state;
    expect_found("example_retires_first", RIG_INVARIANT_BOOTS, "no bootable image");
}

static void a_crash_is_a_finding(void **state)
{
    (void)state;
    expect_found("example_crashes", RIG_INVARIANT_NO_CRASH, "crash");
}

static void an_abort_is_a_finding(void **state)
{
    (void)state;
    expect_found("example_aborts", RIG_INVARIANT_NO_CRASH, "crash: Aborted");
}

static void an_endless_loop_is_a_finding(void **state)
{
    (void)state;
    expect_found("example_loops", RIG_INVARIANT_NO_CRASH, "endless loop");
}

static void a_stack_overflow_is_a_finding(void **state)
{
    (void)state;
    expect_found("example_overflows", RIG_INVARIANT_NO_CRASH, "crash");
}

static void variables_are_put_back_before_every_boot(void **state)
{
    g_autoptr(rig_exploration) seen = explore_example("example_remembers", false);

    (void)state;
    assert_int_equal(seen->violations[RIG_INVARIANT_BOOTS].n_nodes, 0);
    assert_true(seen->n_boots > 10);
}

static void a_file_that_is_no_bootloader_is_refused_with_the_reason(void **state)
{
    char why[256];

    (void)state;
    assert_null(sim_guest_open("/nowhere/at-all.so", why, sizeof why));
    assert_non_null(g_strrstr(why, "at-all.so"));
    assert_null(sim_guest_open(RIG_SOURCE_DIR "/README.md", why, sizeof why));
    assert_null(sim_guest_open("libm.so.6", why, sizeof why));
    assert_non_null(g_strrstr(why, "rig_bootloader_about"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_example_port_holds_every_invariant_torn_operations_included),
        cmocka_unit_test(a_request_that_is_retired_too_early_bricks_the_board),
        cmocka_unit_test(a_crash_is_a_finding),
        cmocka_unit_test(an_abort_is_a_finding),
        cmocka_unit_test(an_endless_loop_is_a_finding),
        cmocka_unit_test(a_stack_overflow_is_a_finding),
        cmocka_unit_test(variables_are_put_back_before_every_boot),
        cmocka_unit_test(a_file_that_is_no_bootloader_is_refused_with_the_reason),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
