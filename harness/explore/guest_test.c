/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Foreign bootloaders explored: the example port through its whole life, and those that misbehave. */
#include "explore/explore.h"
#include "sim/boot/boot_fixture.h"
#include "sim/boot/guest/guest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static struct rig_exploration *explore_guest(const char *name, bool torn)
{
    struct board board;
    struct sim_guest_config config = {.max_cpu_ms = 20};
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
        .images = {{"old", board.old.bytes, board.old.n_bytes, true},
                   {"new", board.fresh.bytes, board.fresh.n_bytes, true}},
        .life = {.actions = {RIG_ACTION_UPLOAD, RIG_ACTION_TEST, RIG_ACTION_CONFIRM}, .n_actions = 3},
        .torn_write = torn,
        .torn_erase = torn,
        .invariants = RIG_ALL_INVARIANTS,
        .max_boots = 2,
        .max_contents = 2000,
    };
    seen = rig_explore(&plan);
    sim_guest_free(guest);
    board_clear(&board);
    return seen;
}

/* It keeps books in scratch that grow with every boot: there is no end of different contents, and the
 * exploration says so. */
static void the_example_port_holds_as_far_as_the_budget_goes(void **state)
{
    g_autoptr(rig_exploration) seen = explore_guest("ledger_boot", false);

    (void)state;
    assert_false(seen->closed);
    assert_string_equal(seen->why_open, "the budget of states is used up");
    for (guint i = 0; i < RIG_N_INVARIANTS; i++) {
        if (seen->violations[i].n_nodes)
            print_error("%s: %s, cuts=%s\n", rig_invariant_name((enum rig_invariant)i),
                        seen->violations[i].complaint, seen->violations[i].path);
        assert_int_equal(seen->violations[i].n_nodes, 0);
    }
    assert_true(seen->n_contents > 50);
}

static void expect_found(const char *name, const char *complaint)
{
    g_autoptr(rig_exploration) seen = explore_guest(name, false);
    const struct rig_violation *violation = &seen->violations[RIG_INVARIANT_NO_CRASH];

    assert_true(seen->closed);
    assert_true(violation->n_nodes > 0);
    assert_string_equal(violation->path, "run");
    if (!g_strrstr(violation->complaint, complaint))
        print_error("%s: '%s'\n", name, violation->complaint);
    assert_non_null(g_strrstr(violation->complaint, complaint));
}

static void crashes_aborts_overflows_and_loops_are_findings(void **state)
{
    (void)state;
    expect_found("guest_writes_to_null", "crash");
    expect_found("guest_aborts", "abort");
    expect_found("guest_overflows", "stack overflow");
    expect_found("guest_loops", "endless loop");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_example_port_holds_as_far_as_the_budget_goes),
        cmocka_unit_test(crashes_aborts_overflows_and_loops_are_findings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
