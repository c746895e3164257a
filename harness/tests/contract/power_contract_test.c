/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What every power driver owes (drivers/power/power.h). */
#include "tests/contract/contract.h"

#include <string.h>

static bool is_on(struct bench *bench)
{
    bool on;

    assert_true(bench->board->power->ops->is_on(bench->board->power, &on, NULL));
    return on;
}

static void set(struct bench *bench, bool on)
{
    assert_true(bench->board->power->ops->set(bench->board->power, on, NULL));
}

static void arm(struct bench *bench, struct rig_cut_plan plan)
{
    assert_true(bench->board->power->ops->arm_cut(bench->board->power, &plan, NULL));
}

static struct rig_cut_record disarm(struct bench *bench)
{
    struct rig_cut_record record;

    assert_true(bench->board->power->ops->disarm_cut(bench->board->power, &record, NULL));
    return record;
}

static void the_switch_does_what_it_is_told_and_says_so(void **state)
{
    struct bench *bench = *state;

    assert_false(is_on(bench));
    for (guint i = 0; i < 2; i++) {
        set(bench, true);
        assert_true(is_on(bench));
    }
    for (guint i = 0; i < 2; i++) {
        set(bench, false);
        assert_false(is_on(bench));
    }
}

static void a_power_cycle_is_one_boot_and_no_reset(void **state)
{
    struct bench *bench = *state;
    struct rig_board_view before, after;

    bench_up(bench);
    before = bench_view(bench);
    set(bench, false);
    assert_int_equal(bench_view(bench).state, RIG_STATE_OFF);
    bench_up(bench);
    after = bench_view(bench);
    assert_int_equal(after.n_boots, before.n_boots + 1);
    assert_int_equal(after.n_resets, before.n_resets);
}

static void a_cut_falls_at_its_operation_and_leaves_a_proof(void **state)
{
    static const enum rig_cut_form forms[] = {RIG_CUT_BEFORE, RIG_CUT_HALF, RIG_CUT_AFTER};
    struct bench *bench = *state;

    bench_need(bench, "power-cut-at-operation");
    for (guint i = 0; i < G_N_ELEMENTS(forms); i++) {
        struct rig_cut_record record;

        bench_prepare(bench, true);
        arm(bench, (struct rig_cut_plan){.aim = RIG_CUT_AT_OPERATION, .operation = 5, .form = forms[i]});
        set(bench, true);
        bench_let_pass(bench, 60000000);
        assert_false(is_on(bench));
        record = disarm(bench);
        assert_true(record.fell);
        assert_int_not_equal(record.proof[0], 0);
        assert_int_equal(record.at_operation, forms[i] != RIG_CUT_BEFORE);
        assert_int_equal(record.torn, forms[i] == RIG_CUT_HALF);
        if (record.at_operation)
            assert_int_equal(record.operation, 5);
        bench_up(bench);
        assert_int_equal(bench_view(bench).version.major, 2);
    }
}

static void a_cut_after_a_time_falls_at_that_time(void **state)
{
    struct bench *bench = *state;
    struct rig_cut_record record;
    guint64 before_us;

    bench_need(bench, "power-cut-after-time");
    bench_prepare(bench, true); /* in the middle of a swap */
    before_us = bench->board->ops->now_us(bench->board);
    arm(bench, (struct rig_cut_plan){.aim = RIG_CUT_AFTER_TIME, .delay_us = 250000});
    set(bench, true);
    bench_let_pass(bench, 10000000);
    assert_false(is_on(bench));
    record = disarm(bench);
    assert_true(record.fell);
    assert_true(record.at_us >= before_us + 250000);
    /* One erase longer at the most; on a board that runs on the wall's clock a busy host may add to it. */
    assert_true(bench->board->events || record.at_us < before_us + 500000);
    assert_int_not_equal(record.proof[0], 0);
    bench_up(bench);
    assert_int_equal(bench_view(bench).version.major, 2);
}

static void a_cut_at_a_console_line_falls_there(void **state)
{
    struct bench *bench = *state;

    bench_need(bench, "power-cut-at-console");
    arm(bench, (struct rig_cut_plan){.aim = RIG_CUT_AT_CONSOLE, .line = "Jumping to the first image slot"});
    set(bench, true);
    bench_let_pass(bench, 10000000);
    assert_false(is_on(bench));
    assert_true(disarm(bench).fell);
    bench_up(bench);
}

static void a_cut_that_never_falls_is_told_and_gone(void **state)
{
    struct bench *bench = *state;

    bench_need(bench, "power-cut-at-operation");
    bench_up(bench);
    arm(bench, (struct rig_cut_plan){.aim = RIG_CUT_AT_OPERATION, .operation = 1000000});
    bench_let_pass(bench, 1000000);
    assert_false(disarm(bench).fell);
    assert_true(is_on(bench));
    arm(bench, (struct rig_cut_plan){.aim = RIG_CUT_AFTER_TIME, .delay_us = 500000});
    assert_false(disarm(bench).fell);
    bench_let_pass(bench, 1000000);
    assert_true(is_on(bench));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_switch_does_what_it_is_told_and_says_so),
        cmocka_unit_test(a_power_cycle_is_one_boot_and_no_reset),
        cmocka_unit_test(a_cut_falls_at_its_operation_and_leaves_a_proof),
        cmocka_unit_test(a_cut_after_a_time_falls_at_that_time),
        cmocka_unit_test(a_cut_at_a_console_line_falls_there),
        cmocka_unit_test(a_cut_that_never_falls_is_told_and_gone),
    };

    return contract_run(tests, G_N_ELEMENTS(tests));
}
