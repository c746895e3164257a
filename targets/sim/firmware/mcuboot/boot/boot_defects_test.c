/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Every seeded defect beside the good bootloader: the same situation must end differently. */
#include "sim/firmware/mcuboot/boot/boot_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#define FOR_EACH_SWAP_MODE(mode)                                                                             \
    for (enum rig_swap_mode mode = RIG_SWAP_MOVE; mode <= RIG_SWAP_OFFSET; mode++)
#define FOR_EACH_MODE(mode) for (enum rig_swap_mode mode = RIG_SWAP_MOVE; mode <= RIG_SWAP_OVERWRITE; mode++)

static void make(struct board *board, enum rig_swap_mode mode, uint32_t defects)
{
    board_make(board, &(struct board_plan){.mode = mode});
    board->config.defects = defects;
}

/* Is the image in secondary taken, old being in primary? */
static bool takes(enum rig_swap_mode mode, uint32_t defects, struct rig_bytes (*damage)(struct board *board))
{
    struct board board;
    make(&board, mode, defects);
    struct rig_bytes image = damage(&board);
    board_put_primary(&board, 0, &board.old);
    board_put_secondary(&board, 0, &image);
    assert_int_equal(sim_boot_set_pending(&board.config, board.flash, 0, true), SIM_OK);
    board_boot_counted(&board, SIM_BOOT_RUNS);
    bool taken = board_runs(&board, &image);
    assert_true(taken || board_runs(&board, &board.old));
    rig_bytes_clear(&image);
    board_clear(&board);
    return taken;
}

static struct rig_bytes make_unsigned(struct board *board)
{
    (void)board;
    return image_make(13000, 2, NULL, NULL);
}

static struct rig_bytes make_strangers(struct board *board)
{
    return image_make(13000, 2, board->stranger, NULL);
}

static struct rig_bytes make_flipped(struct board *board)
{
    struct rig_bytes image = image_make(13000, 2, board->key, NULL);
    image.bytes[6000] ^= 4;
    return image;
}

static struct rig_bytes make_older(struct board *board)
{
    board->config.downgrade = SIM_DOWNGRADE_BY_VERSION;
    return image_make(13000, 0, board->key, NULL);
}

static void each_validation_defect_takes_its_own_wrong_image_only(void **state)
{
    (void)state;
    static struct rig_bytes (*const damages[])(struct board *) = {make_unsigned, make_strangers, make_flipped,
                                                                  make_older};
    static const uint32_t defects[] = {SIM_BOOT_DEFECT_ACCEPTS_UNSIGNED, SIM_BOOT_DEFECT_ACCEPTS_ANY_KEY,
                                       SIM_BOOT_DEFECT_SKIPS_HASH, SIM_BOOT_DEFECT_IGNORES_DOWNGRADE};
    FOR_EACH_MODE(mode)
    {
        for (int damage = 0; damage < 4; damage++) {
            assert_false(takes(mode, 0, damages[damage]));
            for (int defect = 0; defect < 4; defect++) {
                assert_int_equal(takes(mode, defects[defect], damages[damage]), defect == damage);
            }
        }
    }
}

static void never_reverts_keeps_the_unconfirmed_image(void **state)
{
    (void)state;
    FOR_EACH_SWAP_MODE(mode)
    {
        for (uint32_t defects = 0; defects <= SIM_BOOT_DEFECT_NEVER_REVERTS;
             defects += SIM_BOOT_DEFECT_NEVER_REVERTS) {
            struct board board;
            make(&board, mode, defects);
            board_stage(&board, false);
            board_boot_counted(&board, SIM_BOOT_RUNS);
            board_boot_counted(&board, SIM_BOOT_RUNS);
            assert_true(board_runs(&board, defects != 0 ? &board.fresh : &board.old));
            board_clear(&board);
        }
    }
}

/* Cuts an upgrade at every operation; counts how often the new image did not come up. */
static unsigned n_failed_upgrades(enum rig_swap_mode mode, uint32_t defects)
{
    struct board board;
    unsigned n_failed = 0;
    make(&board, mode, defects);
    board_stage(&board, true);
    struct sim_flash_content *start = sim_flash_keep(board.flash);
    for (uint64_t at = 0; at < 40; at++) {
        sim_flash_restore(board.flash, start);
        sim_flash_power(board.flash, true);
        sim_flash_arm_cut(board.flash, at, SIM_CUT_BEFORE);
        assert_int_equal(board_boot(&board), SIM_BOOT_POWER_LOST);
        sim_flash_power(board.flash, true);
        n_failed += board_boot(&board) != SIM_BOOT_RUNS || !board_runs(&board, &board.fresh);
    }
    sim_flash_content_free(start);
    board_clear(&board);
    return n_failed;
}

static void forgets_progress_loses_the_image_when_a_swap_is_cut(void **state)
{
    (void)state;
    FOR_EACH_SWAP_MODE(mode)
    {
        assert_int_equal(n_failed_upgrades(mode, 0), 0);
        assert_true(n_failed_upgrades(mode, SIM_BOOT_DEFECT_FORGETS_PROGRESS) > 5);
    }
}

static void no_copy_done_leaves_the_flag_erased_and_so_never_reverts(void **state)
{
    (void)state;
    FOR_EACH_SWAP_MODE(mode)
    {
        struct board board;
        make(&board, mode, SIM_BOOT_DEFECT_NO_COPY_DONE);
        board_stage(&board, false);
        board_boot_counted(&board, SIM_BOOT_RUNS);
        assert_true(board_runs(&board, &board.fresh));
        assert_int_equal(board_trailer(&board, &board.config.primary[0]).copy_done, RIG_FLAG_UNSET);
        board_boot_counted(&board, SIM_BOOT_RUNS);
        assert_true(board_runs(&board, &board.fresh));
        board_clear(&board);
    }
}

static void confirms_itself_sets_image_ok_in_a_trial(void **state)
{
    (void)state;
    FOR_EACH_SWAP_MODE(mode)
    {
        struct board board;
        make(&board, mode, SIM_BOOT_DEFECT_CONFIRMS_ITSELF);
        board_stage(&board, false);
        board_boot_counted(&board, SIM_BOOT_RUNS);
        assert_int_equal(board_trailer(&board, &board.config.primary[0]).image_ok, RIG_FLAG_SET);
        board_boot_counted(&board, SIM_BOOT_RUNS);
        assert_true(board_runs(&board, &board.fresh));
        board_clear(&board);
    }
}

static void keeps_rejected_validates_the_same_image_again_at_each_boot(void **state)
{
    (void)state;
    FOR_EACH_MODE(mode)
    {
        struct board board;
        make(&board, mode, SIM_BOOT_DEFECT_KEEPS_REJECTED);
        board.fresh.bytes[6000] ^= 4;
        board_stage(&board, false);
        for (int i = 0; i < 3; i++) {
            assert_int_equal(board_boot_counted(&board, SIM_BOOT_RUNS), 0);
            assert_int_equal(board.result.refusal[0], SIM_BOOT_REFUSED_INVALID);
            assert_true(board_runs(&board, &board.old));
        }
        board_clear(&board);
    }
}

static void erases_primary_first_has_nothing_to_run_after_a_rejection(void **state)
{
    (void)state;
    FOR_EACH_MODE(mode)
    {
        struct board board;
        make(&board, mode, SIM_BOOT_DEFECT_ERASES_PRIMARY_FIRST);
        board.fresh.bytes[6000] ^= 4;
        board_stage(&board, false);
        board_boot_counted(&board, SIM_BOOT_NO_IMAGE);
        board_clear(&board);
        make(&board, mode, SIM_BOOT_DEFECT_ERASES_PRIMARY_FIRST);
        board_stage(&board, true);
        board_boot_counted(&board, SIM_BOOT_RUNS);
        assert_true(board_runs(&board, &board.fresh));
        board_clear(&board);
    }
}

static void accepts_oversized_starts_to_swap_an_image_that_cannot_fit(void **state)
{
    (void)state;
    static const uint32_t limits[] = {15 * 4096 - 4096, 16 * 4096 - 1584, 15 * 4096 - 4096};
    FOR_EACH_SWAP_MODE(mode)
    {
        struct board board;
        board_make(&board, &(struct board_plan){.mode = mode, .new_bytes = limits[mode] + 300});
        assert_int_equal(sim_boot_max_image_bytes(&board.config, board.flash, 0), limits[mode]);
        board.config.defects = SIM_BOOT_DEFECT_ACCEPTS_OVERSIZED;
        board_stage(&board, true);
        assert_true(board_boot(&board) != SIM_BOOT_RUNS || !board_runs(&board, &board.old));
        assert_int_equal(board.result.refusal[0], SIM_BOOT_NOT_REFUSED);
        board_clear(&board);
    }
}

static void defects_have_names(void **state)
{
    (void)state;
    for (unsigned bit = 0; bit < SIM_BOOT_N_DEFECTS; bit++) {
        assert_non_null(sim_boot_defect_name(bit));
        for (unsigned other = 0; other < bit; other++) {
            assert_string_not_equal(sim_boot_defect_name(bit), sim_boot_defect_name(other));
        }
    }
    assert_null(sim_boot_defect_name(SIM_BOOT_N_DEFECTS));
    assert_string_equal(sim_boot_defect_name(3), "never-reverts");
    assert_string_equal(sim_boot_defect_name(11), "accepts-oversized");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_validation_defect_takes_its_own_wrong_image_only),
        cmocka_unit_test(never_reverts_keeps_the_unconfirmed_image),
        cmocka_unit_test(forgets_progress_loses_the_image_when_a_swap_is_cut),
        cmocka_unit_test(no_copy_done_leaves_the_flag_erased_and_so_never_reverts),
        cmocka_unit_test(confirms_itself_sets_image_ok_in_a_trial),
        cmocka_unit_test(keeps_rejected_validates_the_same_image_again_at_each_boot),
        cmocka_unit_test(erases_primary_first_has_nothing_to_run_after_a_rejection),
        cmocka_unit_test(accepts_oversized_starts_to_swap_an_image_that_cannot_fit),
        cmocka_unit_test(defects_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
