/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What every debug probe owes (drivers/probe/probe.h). */
#include "tests/contract/contract.h"

#include <string.h>

static struct rig_probe *probe_of(struct bench *bench)
{
    return bench->board->probe;
}

static void what_runs_is_told_by_state_version_and_hash(void **state)
{
    struct bench *bench = *state;
    struct rig_board_view view;

    assert_int_equal(bench_view(bench).state, RIG_STATE_OFF);
    bench_up(bench);
    view = bench_view(bench);
    assert_true(view.has_image && view.confirmed);
    assert_int_equal(view.version.major, 1);
    assert_memory_equal(view.hash, bench->old_hash, sizeof view.hash);
}

static void a_trial_run_is_told_as_unconfirmed(void **state)
{
    struct bench *bench = *state;
    struct rig_slot slot;

    assert_true(rig_layout_slot(probe_of(bench)->layout, 0, &slot));
    bench_prepare(bench, true);
    bench_up(bench);
    assert_int_equal(bench_view(bench).version.major, 2);
    assert_true(bench_view(bench).confirmed == (slot.geometry.mode == RIG_SWAP_OVERWRITE));
}

static void a_reset_is_one_boot_that_counts_as_reset(void **state)
{
    struct bench *bench = *state;
    struct rig_board_view before;

    bench_up(bench);
    before = bench_view(bench);
    assert_true(probe_of(bench)->ops->reset(probe_of(bench), NULL));
    bench_up(bench);
    assert_int_equal(bench_view(bench).n_boots, before.n_boots + 1);
    assert_int_equal(bench_view(bench).n_resets, before.n_resets + 1);
}

static void a_reset_without_power_is_an_error_of_the_rig(void **state)
{
    struct bench *bench = *state;
    g_autoptr(GError) error = NULL;

    assert_false(probe_of(bench)->ops->reset(probe_of(bench), &error));
    assert_non_null(error);
}

static void slots_come_in_pairs_and_do_not_overlap(void **state)
{
    struct rig_probe *probe = probe_of(*state);
    guint n = probe->layout->n_slots;
    struct rig_slot a, b;

    assert_true(n >= 2 && n % 2 == 0);
    for (guint i = 0; i < n; i++) {
        assert_true(rig_layout_slot(probe->layout, i, &a));
        assert_true(a.n_bytes > a.image_offset);
        for (guint j = 0; j < i; j++) {
            assert_true(rig_layout_slot(probe->layout, j, &b));
            assert_true(strcmp(a.device, b.device) != 0 || a.device_offset >= b.device_offset + b.n_bytes ||
                        b.device_offset >= a.device_offset + a.n_bytes);
        }
    }
    assert_false(rig_layout_slot(probe->layout, n + 1, &a));
}

static void what_is_programmed_is_read_back_and_the_rest_is_left_alone(void **state)
{
    struct rig_probe *probe = probe_of(*state);
    struct rig_slot slot;
    guint8 wanted[300], seen[500], before[500];

    assert_true(rig_layout_slot(probe->layout, 1, &slot));
    assert_true(probe->ops->read(probe, slot.device, slot.device_offset, before, sizeof before, NULL));
    for (guint i = 0; i < sizeof wanted; i++)
        wanted[i] = (guint8)(i ^ 0xa5);
    assert_true(
        probe->ops->program(probe, slot.device, slot.device_offset + 100, wanted, sizeof wanted, NULL));
    assert_true(probe->ops->read(probe, slot.device, slot.device_offset, seen, sizeof seen, NULL));
    assert_memory_equal(seen, before, 100);
    assert_memory_equal(seen + 100, wanted, sizeof wanted);
    assert_memory_equal(seen + 400, before + 400, 100);
}

static void a_place_that_is_not_there_is_an_error_of_the_rig(void **state)
{
    struct rig_probe *probe = probe_of(*state);
    struct rig_slot slot;
    guint8 bytes[16] = {0};

    assert_true(rig_layout_slot(probe->layout, 0, &slot));
    for (guint i = 0; i < 4; i++) {
        g_autoptr(GError) error = NULL;
        const char *device = i % 2 ? slot.device : "attic";
        guint32 offset = i % 2 ? 0xfffffff8u : 0;

        assert_false(i < 2 ? probe->ops->read(probe, device, offset, bytes, sizeof bytes, &error)
                           : probe->ops->program(probe, device, offset, bytes, sizeof bytes, &error));
        assert_non_null(error);
    }
}

static void count_operation(void *user, const struct rig_flash_write *write)
{
    guint64 *n = user;

    assert_true(write->n_bytes > 0);
    assert_non_null(write->device);
    ++*n;
}

static void the_boards_own_flash_work_is_counted_and_the_probes_is_not(void **state)
{
    struct bench *bench = *state;
    const struct rig_board_flash_watch *watch = bench->board->flash_watch;
    guint64 n_all = 0, n_since = 0, n_operations;

    bench_need(bench, "flash-watch");
    bench_prepare(bench, true);
    assert_int_equal(watch->n_operations(bench->board), 0);
    bench_up(bench);
    n_operations = watch->n_operations(bench->board);
    assert_true(n_operations > 10); /* a whole swap */
    watch->operations(bench->board, 0, count_operation, &n_all);
    watch->operations(bench->board, n_operations - 3, count_operation, &n_since);
    assert_int_equal(n_all, n_operations);
    assert_int_equal(n_since, 3);
}

static void wait_for_state(struct bench *bench, enum rig_run_state state)
{
    for (guint i = 0; i < 100 && bench_view(bench).state != state; i++)
        bench_let_pass(bench, 50000);
    assert_int_equal(bench_view(bench).state, state);
}

static void a_halted_board_stands_still_until_it_is_resumed(void **state)
{
    struct bench *bench = *state;
    struct rig_probe *probe = probe_of(bench);
    guint n_boots;

    bench_need(bench, "debug");
    bench_up(bench);
    bench_let_pass(bench, 500000); /* the boot's lines have come */
    assert_true(probe->ops->halt(probe, NULL));
    assert_int_equal(bench_view(bench).state, RIG_STATE_HALTED);
    assert_true(probe->ops->halt(probe, NULL));
    n_boots = bench_view(bench).n_boots;
    bench_let_pass(bench, 2000000);
    assert_int_equal(bench_view(bench).state, RIG_STATE_HALTED);
    assert_true(probe->ops->resume(probe, NULL));
    assert_true(probe->ops->resume(probe, NULL));
    wait_for_state(bench, RIG_STATE_RUNNING);
    assert_int_equal(bench_view(bench).n_boots, n_boots);
}

static void a_reset_that_halts_comes_before_the_bootloaders_first_instruction(void **state)
{
    struct bench *bench = *state;
    struct rig_probe *probe = probe_of(bench);
    guint n_boots;

    bench_need(bench, "debug");
    bench_up(bench);
    bench_let_pass(bench, 500000);
    n_boots = bench_view(bench).n_boots;
    assert_true(probe->ops->reset_halt(probe, NULL));
    bench_let_pass(bench, 1000000);
    assert_int_equal(bench_view(bench).state, RIG_STATE_HALTED);
    assert_int_equal(bench_view(bench).n_boots, n_boots);
    assert_true(probe->ops->resume(probe, NULL));
    wait_for_state(bench, RIG_STATE_RUNNING);
    assert_int_equal(bench_view(bench).n_boots, n_boots + 1);
}

static void a_reset_sets_a_halted_board_going(void **state)
{
    struct bench *bench = *state;
    struct rig_probe *probe = probe_of(bench);

    bench_need(bench, "debug");
    bench_up(bench);
    assert_true(probe->ops->halt(probe, NULL));
    assert_true(probe->ops->reset(probe, NULL));
    wait_for_state(bench, RIG_STATE_RUNNING);
}

static void a_power_cycle_ends_a_halt(void **state)
{
    struct bench *bench = *state;
    struct rig_probe *probe = probe_of(bench);

    bench_need(bench, "debug");
    bench_up(bench);
    assert_true(probe->ops->halt(probe, NULL));
    assert_true(bench->board->power->ops->set(bench->board->power, false, NULL));
    assert_int_equal(bench_view(bench).state, RIG_STATE_OFF);
    bench_up(bench);
    assert_int_equal(bench_view(bench).state, RIG_STATE_RUNNING);
}

static void memory_is_read_in_any_length_while_the_board_runs(void **state)
{
    struct bench *bench = *state;
    struct rig_probe *probe = probe_of(bench);
    struct rig_slot slot;
    guint8 one, flash[3000], memory[sizeof flash];

    bench_need(bench, "debug");
    bench_up(bench);
    assert_true(rig_layout_slot(probe->layout, 0, &slot));
    assert_true(probe->ops->read(probe, slot.device, slot.device_offset, flash, sizeof flash, NULL));
    assert_true(probe->ops->read_memory(probe, slot.device_offset, memory, sizeof memory, NULL));
    assert_memory_equal(memory, flash, sizeof flash);
    assert_true(probe->ops->read_memory(probe, slot.device_offset + 1, &one, 1, NULL));
    assert_int_equal(one, flash[1]);
    assert_int_equal(bench_view(bench).state, RIG_STATE_RUNNING);
}

static void memory_that_is_not_there_is_an_error_and_the_next_read_works(void **state)
{
    struct bench *bench = *state;
    struct rig_probe *probe = probe_of(bench);
    g_autoptr(GError) error = NULL;
    guint8 bytes[4];

    bench_need(bench, "debug");
    bench_up(bench);
    assert_false(probe->ops->read_memory(probe, 0x50000000, bytes, sizeof bytes, &error));
    assert_non_null(error);
    assert_true(probe->ops->read_memory(probe, 0, bytes, sizeof bytes, NULL));
}

static void core_and_memory_of_a_board_without_power_are_an_error(void **state)
{
    struct bench *bench = *state;
    struct rig_probe *probe = probe_of(bench);
    guint8 bytes[4];

    bench_need(bench, "debug");
    for (guint i = 0; i < 4; i++) {
        g_autoptr(GError) error = NULL;

        assert_false(i == 0   ? probe->ops->halt(probe, &error)
                     : i == 1 ? probe->ops->resume(probe, &error)
                     : i == 2 ? probe->ops->reset_halt(probe, &error)
                              : probe->ops->read_memory(probe, 0x20000000, bytes, sizeof bytes, &error));
        assert_non_null(strstr(error->message, "without power"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_runs_is_told_by_state_version_and_hash),
        cmocka_unit_test(a_trial_run_is_told_as_unconfirmed),
        cmocka_unit_test(a_reset_is_one_boot_that_counts_as_reset),
        cmocka_unit_test(a_reset_without_power_is_an_error_of_the_rig),
        cmocka_unit_test(slots_come_in_pairs_and_do_not_overlap),
        cmocka_unit_test(what_is_programmed_is_read_back_and_the_rest_is_left_alone),
        cmocka_unit_test(a_place_that_is_not_there_is_an_error_of_the_rig),
        cmocka_unit_test(a_halted_board_stands_still_until_it_is_resumed),
        cmocka_unit_test(a_reset_that_halts_comes_before_the_bootloaders_first_instruction),
        cmocka_unit_test(a_reset_sets_a_halted_board_going),
        cmocka_unit_test(a_power_cycle_ends_a_halt),
        cmocka_unit_test(memory_is_read_in_any_length_while_the_board_runs),
        cmocka_unit_test(memory_that_is_not_there_is_an_error_and_the_next_read_works),
        cmocka_unit_test(core_and_memory_of_a_board_without_power_are_an_error),
        cmocka_unit_test(the_boards_own_flash_work_is_counted_and_the_probes_is_not),
    };

    return contract_run(tests, G_N_ELEMENTS(tests));
}
