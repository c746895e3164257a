/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Two images: both change together, dependencies, cuts between the swaps. */
#include "sim/firmware/mcuboot/boot/boot_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define FOR_EACH_SWAP_MODE(mode)                                                                             \
    for (enum rig_swap_mode mode = RIG_SWAP_MOVE; mode <= RIG_SWAP_OFFSET; mode++)

static void make(struct board *board, enum rig_swap_mode mode)
{
    board_make(board, &(struct board_plan){.mode = mode, .two_images = true});
}

static bool both_run(const struct board *board, const struct rig_bytes *bytes)
{
    return board_holds(board, &board->config.primary[0], bytes) &&
           board_holds(board, &board->config.primary[1], bytes);
}

static void both_images_are_upgraded_and_reverted(void **state)
{
    (void)state;
    FOR_EACH_SWAP_MODE(mode)
    {
        struct board board;
        make(&board, mode);
        board_stage(&board, false);
        board_boot_counted(&board, SIM_BOOT_RUNS);
        assert_true(both_run(&board, &board.fresh));
        assert_int_equal(board_trailer(&board, &board.config.primary[1]).image, 1);
        board_boot_counted(&board, SIM_BOOT_RUNS);
        assert_true(both_run(&board, &board.old));
        assert_int_equal(board.result.swap_type[1], RIG_SWAP_TYPE_REVERT);
        board_clear(&board);
    }
}

static void one_cut_anywhere_leaves_both_images_new(void **state)
{
    (void)state;
    FOR_EACH_SWAP_MODE(mode)
    {
        struct board board;
        make(&board, mode);
        board_stage(&board, true);
        struct sim_flash_content *start = sim_flash_keep(board.flash);
        uint64_t n_operations = board_boot_counted(&board, SIM_BOOT_RUNS);
        for (uint64_t at = 0; at < n_operations; at++) {
            sim_flash_restore(board.flash, start);
            sim_flash_arm_cut(board.flash, at, SIM_CUT_BEFORE);
            assert_int_equal(board_boot(&board), SIM_BOOT_POWER_LOST);
            board_boot_counted(&board, SIM_BOOT_RUNS);
            assert_true(both_run(&board, &board.fresh));
        }
        sim_flash_content_free(start);
        board_clear(&board);
    }
}

static void a_cut_in_the_second_trial_does_not_revert_the_first_image(void **state)
{
    (void)state;
    FOR_EACH_SWAP_MODE(mode)
    {
        struct board board;
        make(&board, mode);
        board_stage(&board, false);
        struct sim_flash_content *start = sim_flash_keep(board.flash);
        uint64_t n_operations = board_boot_counted(&board, SIM_BOOT_RUNS);
        for (uint64_t at = n_operations / 2 + 2; at + 1 < n_operations; at++) {
            sim_flash_restore(board.flash, start);
            sim_flash_arm_cut(board.flash, at, SIM_CUT_BEFORE);
            assert_int_equal(board_boot(&board), SIM_BOOT_POWER_LOST);
            board_boot_counted(&board, SIM_BOOT_RUNS);
            assert_true(both_run(&board, &board.fresh));
        }
        sim_flash_content_free(start);
        board_clear(&board);
    }
}

/* The fresh image of slot pair 0 needs version `minimum` of image 1. */
static void stage_dependency(struct board *board, uint8_t minimum, bool second_pending)
{
    struct rig_image_dependency dependency = {.image = 1, .minimum = {.major = minimum}};
    struct rig_bytes needy = image_make(
        13663, 2, board->key, &(struct rig_image_recipe){.dependencies = &dependency, .n_dependencies = 1});
    rig_bytes_clear(&board->fresh);
    board->fresh = needy;
    board_put_primary(board, 0, &board->old);
    board_put_primary(board, 1, &board->old);
    board_put_secondary(board, 0, &board->fresh);
    assert_int_equal(sim_boot_set_pending(&board->config, board->flash, 0, true), SIM_OK);
    if (second_pending) {
        struct rig_bytes second = image_make(9000, 2, board->key, NULL);
        board_put_secondary(board, 1, &second);
        assert_int_equal(sim_boot_set_pending(&board->config, board->flash, 1, true), SIM_OK);
        rig_bytes_clear(&second);
    }
}

static bool upgrades(enum rig_swap_mode mode, uint8_t minimum, bool second_pending, uint32_t defects)
{
    struct board board;
    make(&board, mode);
    board.config.defects = defects;
    stage_dependency(&board, minimum, second_pending);
    board_boot_counted(&board, SIM_BOOT_RUNS);
    bool upgraded = board_runs(&board, &board.fresh);
    assert_int_equal(board.result.refusal[0], upgraded ? SIM_BOOT_NOT_REFUSED : SIM_BOOT_REFUSED_DEPENDENCY);
    if (!upgraded && second_pending) {
        assert_int_equal(board.result.refusal[1], SIM_BOOT_REFUSED_DEPENDENCY);
        assert_true(both_run(&board, &board.old));
    }
    board_clear(&board);
    return upgraded;
}

static void a_dependency_is_met_by_what_will_run_after_the_update(void **state)
{
    (void)state;
    for (enum rig_swap_mode mode = RIG_SWAP_MOVE; mode <= RIG_SWAP_OVERWRITE; mode++) {
        assert_true(upgrades(mode, 1, false, 0));
        assert_false(upgrades(mode, 2, false, 0));
        assert_true(upgrades(mode, 2, true, 0));
        assert_false(upgrades(mode, 3, true, 0));
    }
}

static void ignores_dependency_upgrades_all_the_same(void **state)
{
    (void)state;
    for (enum rig_swap_mode mode = RIG_SWAP_MOVE; mode <= RIG_SWAP_OVERWRITE; mode++) {
        assert_true(upgrades(mode, 2, false, SIM_BOOT_DEFECT_IGNORES_DEPENDENCY));
    }
}

static void a_board_needs_all_of_its_images(void **state)
{
    (void)state;
    struct board board;
    make(&board, RIG_SWAP_MOVE);
    board_put_primary(&board, 0, &board.old);
    board_boot_counted(&board, SIM_BOOT_NO_IMAGE);
    assert_int_equal(board.result.primary[0], RIG_IMAGE_OK);
    assert_int_equal(board.result.primary[1], RIG_IMAGE_NO_IMAGE);
    board_clear(&board);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_images_are_upgraded_and_reverted),
        cmocka_unit_test(one_cut_anywhere_leaves_both_images_new),
        cmocka_unit_test(a_cut_in_the_second_trial_does_not_revert_the_first_image),
        cmocka_unit_test(a_dependency_is_met_by_what_will_run_after_the_update),
        cmocka_unit_test(ignores_dependency_upgrades_all_the_same),
        cmocka_unit_test(a_board_needs_all_of_its_images),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
