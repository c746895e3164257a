/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The mended form of every swap mode holds every invariant, torn operations included, over geometries,
 * alignments and image sizes. */
#include "explore/explore.h"
#include "sim/boot/boot_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void explore_life(const struct board *board, const struct rig_explore_image images[2],
                         enum rig_action how)
{
    g_autoptr(rig_subject) subject = rig_subject_model(&board->config, board->flash);
    struct rig_explore_plan plan = {
        .subject = subject,
        .images = {images[0], images[1]},
        .life = {.actions = {RIG_ACTION_UPLOAD, how, RIG_ACTION_CONFIRM}, .n_actions = 3},
        .torn_write = true,
        .torn_erase = true,
        .invariants = RIG_ALL_INVARIANTS,
        .max_boots = 1,
    };

    assert_non_null(subject);
    g_autoptr(rig_exploration) seen = rig_explore(&plan);
    assert_true(seen->closed);
    for (guint i = 0; i < RIG_N_INVARIANTS; i++) {
        if (seen->violations[i].n_nodes)
            print_error("%s, write %u, %s: %s: %s, cuts=%s\n", rig_swap_mode_name(board->config.mode),
                        sim_flash_device(board->flash, 0)->write_bytes, rig_action_name(how),
                        rig_invariant_name((enum rig_invariant)i), seen->violations[i].complaint,
                        seen->violations[i].path);
        assert_int_equal(seen->violations[i].n_nodes, 0);
    }
}

static void hold_in(struct board_plan plan, enum rig_swap_mode mode)
{
    struct board board;

    plan.mode = mode;
    board_make(&board, &plan);
    board.config.swap_fixes = true;
    board_put_primary(&board, 0, &board.old);
    const struct rig_explore_image images[2] = {{"old", board.old.bytes, board.old.n_bytes, true},
                                                {"new", board.fresh.bytes, board.fresh.n_bytes, true}};
    explore_life(&board, images, RIG_ACTION_TEST);
    explore_life(&board, images, RIG_ACTION_PERMANENT);
    board_clear(&board);
}

static void hold(struct board_plan plan)
{
    for (int mode = RIG_SWAP_MOVE; mode <= RIG_SWAP_OVERWRITE; mode++)
        hold_in(plan, (enum rig_swap_mode)mode);
}

static void write_alignments_of_1_to_32(void **state)
{
    (void)state;
    for (uint32_t unit = 1; unit <= 32; unit *= 2)
        hold((struct board_plan){.write_bytes = unit,
                                 .max_align = unit < 8 ? 8 : unit,
                                 .max_sectors = 32,
                                 .old_bytes = 5000,
                                 .new_bytes = 9000});
}

static void sectors_of_512_bytes_to_128_kib(void **state)
{
    (void)state;
    hold((struct board_plan){
        .sector_bytes = 512, .n_primary = 32, .max_sectors = 32, .old_bytes = 1500, .new_bytes = 2300});
    hold((struct board_plan){
        .sector_bytes = 1024, .n_primary = 24, .max_sectors = 32, .old_bytes = 1500, .new_bytes = 3300});
    hold((struct board_plan){.sector_bytes = 2048, .n_primary = 16, .old_bytes = 5000, .new_bytes = 3300});
    hold((struct board_plan){.sector_bytes = 131072, .n_primary = 4, .old_bytes = 5000, .new_bytes = 9000});
}

static void trailers_over_several_sectors(void **state)
{
    (void)state;
    hold((struct board_plan){.sector_bytes = 1024, .n_primary = 24, .old_bytes = 2500, .new_bytes = 1300});
}

static void an_erased_value_of_zero(void **state)
{
    (void)state;
    hold((struct board_plan){.erased_zero = true, .old_bytes = 5000, .new_bytes = 9000});
}

static void a_secondary_on_another_device(void **state)
{
    (void)state;
    hold((struct board_plan){.external = true, .old_bytes = 5000, .new_bytes = 9000});
}

static void uneven_slots(void **state)
{
    (void)state;
    hold_in(
        (struct board_plan){
            .n_primary = 9, .n_secondary = 8, .max_sectors = 32, .old_bytes = 5000, .new_bytes = 9000},
        RIG_SWAP_MOVE);
    hold_in(
        (struct board_plan){
            .n_primary = 8, .n_secondary = 9, .max_sectors = 32, .old_bytes = 5000, .new_bytes = 9000},
        RIG_SWAP_OFFSET);
    hold_in((struct board_plan){.n_primary = 8,
                                .secondary_sector_bytes = 2048,
                                .n_secondary = 16,
                                .max_sectors = 32,
                                .old_bytes = 5000,
                                .new_bytes = 9000},
            RIG_SWAP_SCRATCH);
}

static void images_of_one_sector_and_the_largest(void **state)
{
    static const uint32_t largest[] = {6 * 4096, 8 * 4096 - 432, 6 * 4096, 8 * 4096 - 40};

    (void)state;
    hold((struct board_plan){.n_primary = 8, .max_sectors = 32, .old_bytes = 2000, .new_bytes = 2400});
    for (int mode = RIG_SWAP_MOVE; mode <= RIG_SWAP_OVERWRITE; mode++)
        hold_in(
            (struct board_plan){
                .n_primary = 8, .max_sectors = 32, .old_bytes = 2000, .new_bytes = largest[mode]},
            (enum rig_swap_mode)mode);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(write_alignments_of_1_to_32),
        cmocka_unit_test(sectors_of_512_bytes_to_128_kib),
        cmocka_unit_test(trailers_over_several_sectors),
        cmocka_unit_test(an_erased_value_of_zero),
        cmocka_unit_test(a_secondary_on_another_device),
        cmocka_unit_test(uneven_slots),
        cmocka_unit_test(images_of_one_sector_and_the_largest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
