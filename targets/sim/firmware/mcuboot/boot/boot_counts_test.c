/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Numbers of the reference sheet: operations per algorithm (section 4), trailer bytes (2.4), largest images
 * (6). */
#include "sim/firmware/mcuboot/boot/boot_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

/* Upgrade on trial, then the revert that follows when nobody confirms. */
static void count(const struct board_plan *plan, uint64_t upgrade, uint64_t revert)
{
    struct board board;
    board_make(&board, plan);
    board_stage(&board, false);
    assert_int_equal(board_boot_counted(&board, SIM_BOOT_RUNS), upgrade);
    assert_true(board_runs(&board, &board.fresh));
    assert_int_equal(board.result.swap_type[0], RIG_SWAP_TYPE_TEST);
    assert_int_equal(board_boot_counted(&board, SIM_BOOT_RUNS), revert);
    assert_true(board_runs(&board, &board.old));
    assert_int_equal(board.result.swap_type[0], RIG_SWAP_TYPE_REVERT);
    assert_int_equal(board_boot_counted(&board, SIM_BOOT_RUNS), 0);
    board_clear(&board);
}

#define SMALL .old_bytes = 2000, .new_bytes = 2400
#define LARGE .n_primary = 64, .old_bytes = 56 * 4096, .new_bytes = 58 * 4096

static void a_move_upgrade_takes_24_and_1050_operations_and_its_revert_29_and_1055(void **state)
{
    (void)state;
    count(&(struct board_plan){.mode = RIG_SWAP_MOVE, SMALL}, 24, 29);
    count(&(struct board_plan){.mode = RIG_SWAP_MOVE, LARGE}, 1050, 1055);
}

static void a_scratch_upgrade_takes_28_and_1054_operations_and_its_revert_29_and_1055(void **state)
{
    (void)state;
    count(&(struct board_plan){.mode = RIG_SWAP_SCRATCH, SMALL}, 28, 29);
    count(&(struct board_plan){.mode = RIG_SWAP_SCRATCH, LARGE}, 1054, 1055);
}

static void an_offset_upgrade_takes_19_and_698_operations_and_its_revert_28_and_707(void **state)
{
    (void)state;
    count(&(struct board_plan){.mode = RIG_SWAP_OFFSET, SMALL}, 19, 28);
    count(&(struct board_plan){.mode = RIG_SWAP_OFFSET, LARGE}, 698, 707);
}

static void an_overwrite_of_32_and_64_sectors_takes_162_and_322_operations(void **state)
{
    (void)state;
    static const uint32_t n_sectors[] = {32, 64};
    static const uint64_t n_operations[] = {162, 322};
    for (int i = 0; i < 2; i++) {
        struct board board;
        board_make(&board, &(struct board_plan){.mode = RIG_SWAP_OVERWRITE, .n_primary = n_sectors[i]});
        board_stage(&board, false);
        assert_int_equal(board_boot_counted(&board, SIM_BOOT_RUNS), n_operations[i]);
        assert_true(board_runs(&board, &board.fresh));
        assert_int_equal(board_boot_counted(&board, SIM_BOOT_RUNS), 0);
        assert_int_equal(board_trailer(&board, &board.config.primary[0]).magic, RIG_MAGIC_GOOD);
        assert_int_equal(board_trailer(&board, &board.config.primary[0]).copy_done, RIG_FLAG_UNSET);
        board_clear(&board);
    }
}

static void a_fast_overwrite_touches_the_sectors_of_the_image_only(void **state)
{
    (void)state;
    struct board board;
    board_make(&board, &(struct board_plan){.mode = RIG_SWAP_OVERWRITE, .n_primary = 32});
    board.config.overwrite_fast = true;
    board_stage(&board, false);
    /* 4 sectors and the trailer's are erased, 14 chunks are written, then the magic; two erases retire the
     * secondary. */
    assert_int_equal(board_boot_counted(&board, SIM_BOOT_RUNS), 5 + 14 + 1 + 2);
    assert_true(board_runs(&board, &board.fresh));
    assert_int_equal(sim_flash_erase_count(board.flash, 0, board.config.primary[0].offset + 4 * 4096), 0);
    assert_int_equal(board_trailer(&board, &board.config.primary[0]).magic, RIG_MAGIC_GOOD);
    board_clear(&board);
}

static void expect_byte(const struct board *board, uint32_t offset, uint8_t value)
{
    assert_int_equal(board_byte(board, &board->config.primary[0], offset), value);
}

static void expect_fixed_fields(const struct board *board)
{
    struct rig_trailer trailer = board_trailer(board, &board->config.primary[0]);
    assert_int_equal(trailer.magic, RIG_MAGIC_GOOD);
    assert_int_equal(trailer.swap_size, 0x355f);
    expect_byte(board, 131032, 2);
    expect_byte(board, 131033, 0xff);
    expect_byte(board, 131040, 1);
    expect_byte(board, 131048, 0xff);
    for (uint32_t at = 128 * 1024 - 3120; at < 128 * 1024; at++) {
        assert_int_equal(board_byte(board, &board->config.secondary[0], at), 0xff);
    }
}

static void finish_worked_example(struct board *board, enum rig_swap_mode mode)
{
    board_make(board, &(struct board_plan){.mode = mode, .n_primary = 32, .write_bytes = 8});
    board_stage(board, false);
    board_boot_counted(board, SIM_BOOT_RUNS);
    expect_fixed_fields(board);
}

static void a_finished_move_upgrade_leaves_the_trailer_of_the_worked_example(void **state)
{
    (void)state;
    struct board board;
    finish_worked_example(&board, RIG_SWAP_MOVE);
    for (uint32_t i = 0; i < 4; i++) {
        expect_byte(&board, 127952 + 8 * i, 1);
        expect_byte(&board, 128976 + 16 * i, 1);
        expect_byte(&board, 128984 + 16 * i, 2);
    }
    assert_int_equal(board_trailer(&board, &board.config.primary[0]).n_status_used, 12);
    expect_byte(&board, 131024, 0x5f);
    board_clear(&board);
}

static void a_finished_scratch_upgrade_leaves_the_trailer_of_the_worked_example(void **state)
{
    (void)state;
    struct board board;
    finish_worked_example(&board, RIG_SWAP_SCRATCH);
    for (uint32_t i = 0; i < 12; i++) {
        expect_byte(&board, 127952 + 8 * i, (uint8_t)(i % 3 + 1));
    }
    assert_int_equal(board_trailer(&board, &board.config.primary[0]).n_status_used, 12);
    assert_int_equal(board_trailer(&board, &board.config.scratch).magic, RIG_MAGIC_BAD);
    board_clear(&board);
}

static void a_finished_offset_upgrade_leaves_the_trailer_of_the_worked_example(void **state)
{
    (void)state;
    struct board board;
    finish_worked_example(&board, RIG_SWAP_OFFSET);
    for (uint32_t i = 0; i < 8; i++) {
        expect_byte(&board, 128968 + 8 * i, (uint8_t)(i % 2 + 1));
    }
    assert_int_equal(board_trailer(&board, &board.config.primary[0]).n_status_used, 8);
    expect_byte(&board, 131016, 0x5f);
    /* An Ed25519 image has 144 bytes of unprotected TLVs. */
    expect_byte(&board, 131024, 144);
    expect_byte(&board, 131025, 0);
    expect_byte(&board, 131026, 144);
    expect_byte(&board, 131027, 0);
    assert_true(board_holds(&board, &board.config.secondary[0], &board.old));
    board_clear(&board);
}

static void largest_image(enum rig_swap_mode mode, uint32_t limit)
{
    for (uint32_t excess = 0; excess < 2; excess++) {
        struct board board;
        /* One byte above the limit of overwrite mode lies under swap_info, which is written all the same. */
        board_make(&board, &(struct board_plan){.mode = mode,
                                                .n_primary = 32,
                                                .write_bytes = 8,
                                                .new_bytes = limit + excess,
                                                .rewrite_allowed = excess != 0});
        assert_int_equal(sim_boot_max_image_bytes(&board.config, board.flash, 0), limit);
        board_stage(&board, false);
        board_boot_counted(&board, SIM_BOOT_RUNS);
        assert_int_equal(board.result.secondary[0], excess != 0 ? RIG_IMAGE_TOO_LARGE : RIG_IMAGE_OK);
        assert_int_equal(board.result.refusal[0],
                         excess != 0 ? SIM_BOOT_REFUSED_INVALID : SIM_BOOT_NOT_REFUSED);
        assert_true(board_runs(&board, excess != 0 ? &board.old : &board.fresh));
        if (mode != RIG_SWAP_OVERWRITE && excess == 0) {
            board_boot_counted(&board, SIM_BOOT_RUNS);
            assert_true(board_runs(&board, &board.old));
        }
        board_clear(&board);
    }
}

static void the_largest_image_of_each_mode_is_taken_and_one_byte_more_is_not(void **state)
{
    (void)state;
    largest_image(RIG_SWAP_MOVE, 122880);
    largest_image(RIG_SWAP_OFFSET, 122880);
    largest_image(RIG_SWAP_SCRATCH, 127952);
    largest_image(RIG_SWAP_OVERWRITE, 131032);
}

static void scratch_is_erased_once_per_step_and_once_more(void **state)
{
    (void)state;
    struct board board;
    board_make(&board, &(struct board_plan){.mode = RIG_SWAP_SCRATCH});
    board_stage(&board, false);
    board_boot_counted(&board, SIM_BOOT_RUNS);
    assert_int_equal(sim_flash_erase_count(board.flash, 0, board.config.scratch.offset), 4 + 1);
    board_clear(&board);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_move_upgrade_takes_24_and_1050_operations_and_its_revert_29_and_1055),
        cmocka_unit_test(a_scratch_upgrade_takes_28_and_1054_operations_and_its_revert_29_and_1055),
        cmocka_unit_test(an_offset_upgrade_takes_19_and_698_operations_and_its_revert_28_and_707),
        cmocka_unit_test(an_overwrite_of_32_and_64_sectors_takes_162_and_322_operations),
        cmocka_unit_test(a_fast_overwrite_touches_the_sectors_of_the_image_only),
        cmocka_unit_test(a_finished_move_upgrade_leaves_the_trailer_of_the_worked_example),
        cmocka_unit_test(a_finished_scratch_upgrade_leaves_the_trailer_of_the_worked_example),
        cmocka_unit_test(a_finished_offset_upgrade_leaves_the_trailer_of_the_worked_example),
        cmocka_unit_test(the_largest_image_of_each_mode_is_taken_and_one_byte_more_is_not),
        cmocka_unit_test(scratch_is_erased_once_per_step_and_once_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
