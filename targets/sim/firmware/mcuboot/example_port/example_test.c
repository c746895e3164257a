/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The example bootloader as a shared object through its whole life: update, trial, confirmation, revert, and
 * every cut in them. */
#include "sim/firmware/mcuboot/boot/boot_fixture.h"
#include "sim/firmware/mcuboot/guest/guest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#define PATH RIG_BINARY_DIR "/guests/ledger_boot.so"

struct bench {
    struct board board;
    struct sim_guest *guest;
    struct sim_guest_result result;
};

static void open_bench(struct bench *bench, const struct board_plan *plan)
{
    struct sim_guest_config config = {0};
    char why[300] = "";

    board_make(&bench->board, plan);
    sim_guest_config_areas(&config, &bench->board.config);
    bench->guest = sim_guest_open(PATH, &config, why, sizeof why);
    if (!bench->guest)
        fail_msg("%s: %s", PATH, why);
}

static void close_bench(struct bench *bench)
{
    sim_guest_free(bench->guest);
    board_clear(&bench->board);
}

static void boots(struct bench *bench, const struct rig_bytes *image)
{
    sim_flash_power(bench->board.flash, true);
    sim_guest_boot(bench->guest, bench->board.flash, NULL, NULL, &bench->result);
    if (bench->result.outcome != SIM_GUEST_RUNS)
        fail_msg("%s: %s", sim_guest_outcome_text(bench->result.outcome), bench->result.text);
    assert_int_equal(bench->result.device, bench->board.config.primary[0].device);
    assert_int_equal(bench->result.offset, bench->board.config.primary[0].offset);
    assert_true(board_runs(&bench->board, image));
}

#define PLAN .mode = RIG_SWAP_SCRATCH, .scratch_bytes = 3 * 4096

static const struct board_plan plans[] = {
    {PLAN},
    {PLAN, .write_bytes = 16, .max_align = 16, .old_bytes = 13000, .new_bytes = 3000},
    {PLAN, .write_bytes = 32, .max_align = 32},
    {PLAN, .write_bytes = 1, .erased_zero = true},
    {.mode = RIG_SWAP_SCRATCH,
     .sector_bytes = 512,
     .n_primary = 64,
     .scratch_bytes = 3 * 512,
     .old_bytes = 3000,
     .new_bytes = 4000},
};
#define N_PLANS (sizeof plans / sizeof *plans)

static void an_unconfirmed_update_runs_once_and_is_swapped_back(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_PLANS; i++) {
        struct bench bench;

        open_bench(&bench, &plans[i]);
        board_stage(&bench.board, false);
        boots(&bench, &bench.board.fresh);
        assert_true(board_holds(&bench.board, &bench.board.config.secondary[0], &bench.board.old));
        boots(&bench, &bench.board.old);
        assert_true(board_holds(&bench.board, &bench.board.config.secondary[0], &bench.board.fresh));
        boots(&bench, &bench.board.old);
        close_bench(&bench);
    }
}

static void a_confirmed_update_stays(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_PLANS; i++) {
        struct bench bench;

        open_bench(&bench, &plans[i]);
        board_stage(&bench.board, false);
        boots(&bench, &bench.board.fresh);
        assert_int_equal(sim_boot_set_confirmed(&bench.board.config, bench.board.flash, 0), SIM_OK);
        boots(&bench, &bench.board.fresh);
        boots(&bench, &bench.board.fresh);
        close_bench(&bench);
    }
}

static void a_permanent_update_stays_and_the_next_one_goes_in(void **state)
{
    struct bench bench;

    (void)state;
    open_bench(&bench, &plans[0]);
    board_stage(&bench.board, true);
    boots(&bench, &bench.board.fresh);
    boots(&bench, &bench.board.fresh);
    /* The old image is in slot 1 now: an update like any other. Twenty of them fill the ledger more than
     * once. */
    for (int i = 0; i < 20; i++) {
        assert_int_equal(sim_boot_set_pending(&bench.board.config, bench.board.flash, 0, true), SIM_OK);
        boots(&bench, i % 2 ? &bench.board.fresh : &bench.board.old);
    }
    close_bench(&bench);
}

static void an_update_that_is_not_whole_is_refused(void **state)
{
    struct bench bench;
    uint8_t wrong = 0xa5;

    (void)state;
    open_bench(&bench, &plans[0]);
    board_stage(&bench.board, false);
    board_fill(&bench.board, &bench.board.config.secondary[0], &wrong, 1, 5000);
    boots(&bench, &bench.board.old);
    boots(&bench, &bench.board.old);
    close_bench(&bench);
}

static void without_a_whole_image_nothing_runs(void **state)
{
    struct bench bench;

    (void)state;
    open_bench(&bench, &plans[0]);
    sim_guest_boot(bench.guest, bench.board.flash, NULL, NULL, &bench.result);
    assert_int_equal(bench.result.outcome, SIM_GUEST_NO_IMAGE);
    assert_string_equal(bench.result.text, "slot 0 holds no whole image");
    close_bench(&bench);
}

static void a_board_without_its_areas_is_told_in_words(void **state)
{
    struct bench bench;

    (void)state;
    open_bench(&bench, &(struct board_plan){.mode = RIG_SWAP_MOVE});
    sim_guest_boot(bench.guest, bench.board.flash, NULL, NULL, &bench.result);
    assert_int_equal(bench.result.outcome, SIM_GUEST_NO_IMAGE);
    assert_string_equal(bench.result.text, "ledger boot needs two slots and a scratch area");
    close_bench(&bench);
}

static uint64_t operations_of_boot(struct bench *bench, const struct sim_flash_content *start,
                                   const struct rig_bytes *image)
{
    uint64_t before;

    sim_flash_restore(bench->board.flash, start);
    before = sim_flash_n_operations(bench->board.flash);
    boots(bench, image);
    return sim_flash_n_operations(bench->board.flash) - before;
}

/* From `start` a boot brings in `image`; so it does after a cut anywhere in it, and `kept` is in slot 1. */
static void survives_every_single_cut(struct bench *bench, const struct sim_flash_content *start,
                                      const struct rig_bytes *image, const struct rig_bytes *kept)
{
    static const enum sim_cut_form forms[] = {SIM_CUT_BEFORE, SIM_CUT_HALF, SIM_CUT_AFTER};
    uint64_t n_operations = operations_of_boot(bench, start, image);

    assert_true(n_operations > 20);
    /* The last operation records that the swap is done: after it, an unconfirmed trial has had its run. */
    for (uint64_t cut = 0; cut + 1 < n_operations; cut++) {
        for (size_t form = 0; form < 3; form++) {
            sim_flash_restore(bench->board.flash, start);
            sim_flash_power(bench->board.flash, true);
            sim_flash_arm_cut(bench->board.flash, cut, forms[form]);
            sim_guest_boot(bench->guest, bench->board.flash, NULL, NULL, &bench->result);
            assert_int_equal(bench->result.outcome, SIM_GUEST_POWER_LOST);
            boots(bench, image);
            assert_true(board_holds(&bench->board, &bench->board.config.secondary[0], kept));
        }
    }
}

static void every_single_cut_of_update_and_revert_is_survived(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_PLANS; i++) {
        struct bench bench;
        struct sim_flash_content *start;

        open_bench(&bench, &plans[i]);
        board_stage(&bench.board, false);
        start = sim_flash_keep(bench.board.flash);
        survives_every_single_cut(&bench, start, &bench.board.fresh, &bench.board.old);
        operations_of_boot(&bench, start, &bench.board.fresh);
        sim_flash_content_free(start);
        start = sim_flash_keep(bench.board.flash);
        survives_every_single_cut(&bench, start, &bench.board.old, &bench.board.fresh);
        sim_flash_content_free(start);
        close_bench(&bench);
    }
}

/* Torn records use up the ledger: it must move to its other sector in the middle of a swap. */
static void four_hundred_cuts_in_a_row_are_survived(void **state)
{
    struct bench bench;
    uint32_t random = 12345;

    (void)state;
    open_bench(&bench, &plans[0]);
    board_stage(&bench.board, true);
    for (int i = 0; i < 400; i++) {
        random = random * 1103515245u + 12345u;
        sim_flash_power(bench.board.flash, true);
        sim_flash_arm_cut(bench.board.flash, (random >> 16) % 6, SIM_CUT_HALF);
        sim_guest_boot(bench.guest, bench.board.flash, NULL, NULL, &bench.result);
        sim_flash_disarm_cut(bench.board.flash);
        assert_false(sim_guest_is_finding(bench.result.outcome));
    }
    boots(&bench, &bench.board.fresh);
    assert_true(board_holds(&bench.board, &bench.board.config.secondary[0], &bench.board.old));
    close_bench(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_unconfirmed_update_runs_once_and_is_swapped_back),
        cmocka_unit_test(a_confirmed_update_stays),
        cmocka_unit_test(a_permanent_update_stays_and_the_next_one_goes_in),
        cmocka_unit_test(an_update_that_is_not_whole_is_refused),
        cmocka_unit_test(without_a_whole_image_nothing_runs),
        cmocka_unit_test(a_board_without_its_areas_is_told_in_words),
        cmocka_unit_test(every_single_cut_of_update_and_revert_is_survived),
        cmocka_unit_test(four_hundred_cuts_in_a_row_are_survived),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
