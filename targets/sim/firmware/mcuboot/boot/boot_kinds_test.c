/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Kinds of flash, and of builds that treat it otherwise: memory without erase, minimal scramble, logical
 * sectors. The numbers of operations are those of upstream's C on the same contents. */
#include "sim/firmware/mcuboot/boot/boot_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

static const enum rig_swap_mode modes[] = {RIG_SWAP_MOVE, RIG_SWAP_SCRATCH, RIG_SWAP_OFFSET,
                                           RIG_SWAP_OVERWRITE};
#define N_MODES (sizeof modes / sizeof modes[0])

static void count_erases(void *user, const struct sim_flash_operation *operation)
{
    *(unsigned *)user += operation->kind == SIM_FLASH_ERASE;
}

/* As the RRAM of an nRF54L. */
static struct board_plan rram(enum rig_swap_mode mode)
{
    return (struct board_plan){.mode = mode,
                               .n_primary = 10,
                               .write_bytes = 16,
                               .max_align = 16,
                               .max_sectors = mode == RIG_SWAP_OVERWRITE ? 128 : 32,
                               .no_erase = true};
}

static void memory_without_erase_is_upgraded_without_one(void **state)
{
    static const unsigned n_upgrade[N_MODES] = {264, 267, 183, 552}, n_next[N_MODES] = {368, 268, 583, 0};
    (void)state;
    for (size_t i = 0; i < N_MODES; i++) {
        struct board board;
        struct board_plan plan = rram(modes[i]);
        unsigned n_erases = 0;
        board_make(&board, &plan);
        board_stage(&board, false);
        sim_flash_observe(board.flash, count_erases, &n_erases);
        assert_int_equal(board_boot_counted(&board, SIM_BOOT_RUNS), n_upgrade[i]);
        assert_true(board_runs(&board, &board.fresh));
        assert_int_equal(board_boot_counted(&board, SIM_BOOT_RUNS), n_next[i]);
        assert_true(board_runs(&board, modes[i] == RIG_SWAP_OVERWRITE ? &board.fresh : &board.old));
        assert_int_equal(n_erases, 0);
        board_clear(&board);
    }
}

/* bootutil stops at the lowest unit of a trailer without writing it: with swap-move that is a status record.
 */
static void the_first_status_record_outlives_the_trailer_without_an_erase(void **state)
{
    (void)state;
    struct board board;
    struct board_plan plan = rram(RIG_SWAP_MOVE);
    struct rig_trailer_geometry geometry;
    struct rig_trailer_layout layout;
    board_make(&board, &plan);
    board_stage(&board, false);
    board_boot_counted(&board, SIM_BOOT_RUNS);
    board_boot_counted(&board, SIM_BOOT_RUNS);
    sim_boot_geometry(&board.config, board.flash, &board.config.secondary[0], &geometry);
    assert_true(rig_trailer_layout(&geometry, &layout));
    assert_int_equal(board_byte(&board, &board.config.primary[0], layout.status), 1);
    board_clear(&board);
}

static bool is_erased(const struct board *board, const struct sim_area *area, uint32_t from, uint32_t to)
{
    for (uint32_t at = from; at < to; at++) {
        if (board_byte(board, area, at) != 0xff) {
            return false;
        }
    }
    return true;
}

static void reject(struct board *board, const struct board_plan *plan, bool minimal)
{
    board_make(board, plan);
    board->config.minimal_scramble = minimal;
    board->fresh.bytes[6000] ^= 1;
    board_stage(board, false);
    board_boot_counted(board, SIM_BOOT_RUNS);
    assert_true(board_runs(board, &board->old));
    /* Nothing is asked for any more. */
    assert_int_equal(board_boot_counted(board, SIM_BOOT_RUNS), 0);
    assert_int_equal(board->result.refusal[0], SIM_BOOT_NOT_REFUSED);
}

static void a_rejected_image_is_scrambled_as_far_as_the_build_says(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_MODES; i++) {
        struct board board;
        const struct sim_area *secondary = &board.config.secondary[0];
        uint32_t header = modes[i] == RIG_SWAP_OFFSET ? 4096 : 0;
        struct board_plan plan = {.mode = modes[i], .n_primary = 10, .max_sectors = 32};
        reject(&board, &plan, false);
        assert_true(is_erased(&board, secondary, 0, secondary->n_bytes));
        board_clear(&board);
        reject(&board, &plan, true);
        assert_true(is_erased(&board, secondary, header, header + 4096));
        assert_false(is_erased(&board, secondary, header + 4096, header + 8192));
        board_clear(&board);
        plan = rram(modes[i]);
        reject(&board, &plan, true);
        assert_true(is_erased(&board, secondary, header, header + 16));
        assert_int_equal(board_byte(&board, secondary, header + 20), 2); /* its version is still there */
        board_clear(&board);
    }
}

static void logical_sectors_are_swapped_as_if_they_were_the_parts(void **state)
{
    static const unsigned n_upgrade[N_MODES] = {74, 79, 53, 64}, n_next[N_MODES] = {80, 80, 65, 0};
    (void)state;
    for (size_t i = 0; i < N_MODES; i++) {
        struct board board;
        board_make(&board, &(struct board_plan){
                               .mode = modes[i], .n_primary = 12, .scratch_bytes = 8192, .max_sectors = 32});
        board.config.logical_sector = 8192;
        board.config.verify_logical_sectors = true;
        board_stage(&board, false);
        assert_int_equal(board_boot_counted(&board, SIM_BOOT_RUNS), n_upgrade[i]);
        assert_true(board_runs(&board, &board.fresh));
        assert_int_equal(board_boot_counted(&board, SIM_BOOT_RUNS), n_next[i]);
        board_clear(&board);
    }
}

static void boot_with(uint32_t logical, bool verify, uint32_t max_sectors, enum sim_boot_outcome outcome,
                      const char *says)
{
    struct board board;
    board_make(&board,
               &(struct board_plan){.mode = RIG_SWAP_MOVE, .n_primary = 10, .max_sectors = max_sectors});
    board.config.logical_sector = logical;
    board.config.verify_logical_sectors = verify;
    board_stage(&board, false);
    board_boot_counted(&board, outcome);
    assert_true(outcome != SIM_BOOT_RUNS || board_runs(&board, &board.old));
    if (strstr(board.log, says) == NULL && strstr(board.result.assertion, says) == NULL) {
        fail_msg("%s%s", board.log, board.result.assertion);
    }
    board_clear(&board);
}

static void logical_sectors_that_are_not_the_parts_end_as_upstreams(void **state)
{
    (void)state;
    boot_with(2048, false, 32, SIM_BOOT_FLASH_FAULT, "aligned");
    boot_with(2048, true, 32, SIM_BOOT_NO_IMAGE, "boot_verify_logical_sectors: misaligned offset (0x0)");
    boot_with(16384, false, 32, SIM_BOOT_ASSERT, "area_size % MCUBOOT_LOGICAL_SECTOR_SIZE == 0");
    boot_with(4096, false, 8, SIM_BOOT_RUNS, "Cannot upgrade: more sectors than allowed");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_without_erase_is_upgraded_without_one),
        cmocka_unit_test(the_first_status_record_outlives_the_trailer_without_an_erase),
        cmocka_unit_test(a_rejected_image_is_scrambled_as_far_as_the_build_says),
        cmocka_unit_test(logical_sectors_are_swapped_as_if_they_were_the_parts),
        cmocka_unit_test(logical_sectors_that_are_not_the_parts_end_as_upstreams),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
