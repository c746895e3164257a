/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Modes that move nothing: which slot is chosen, what is erased, what trailers let start, where RAM is. */
#include "sim/firmware/mcuboot/boot/boot_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#define RAM_START 0x20000000u
#define RAM_BYTES 0x10000u

static void make(struct board *board, enum rig_swap_mode mode, bool two_images)
{
    board_make(board, &(struct board_plan){.mode = mode, .two_images = two_images, .rewrite_allowed = true});
    board->config.ram_start = RAM_START;
    board->config.ram_bytes = RAM_BYTES;
}

static const struct sim_area *slot_area(const struct board *board, unsigned image, unsigned slot)
{
    return slot == 0 ? &board->config.primary[image] : &board->config.secondary[image];
}

static void put(struct board *board, unsigned image, unsigned slot, uint8_t major,
                const struct rig_image_recipe *recipe)
{
    struct rig_bytes bytes = image_make(9000, major, board->key, recipe);

    board_fill(board, slot_area(board, image, slot), bytes.bytes, bytes.n_bytes, 0);
    rig_bytes_clear(&bytes);
}

static struct rig_image_recipe for_ram(uint32_t address)
{
    return (struct rig_image_recipe){.flags = RIG_IMAGE_FLAG_RAM_LOAD, .load_address = address};
}

static bool is_erased(const struct board *board, unsigned slot)
{
    return board_byte(board, slot_area(board, 0, slot), 0) == 0xff;
}

static void the_newest_runs_and_slot_0_wins_ties(void **state)
{
    static const struct {
        uint8_t major[2];
        unsigned runs;
    } cases[] = {{{1, 2}, 1}, {{2, 1}, 0}, {{3, 3}, 0}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct board board;
        make(&board, RIG_SWAP_DIRECT_XIP, false);
        put(&board, 0, 0, cases[i].major[0], NULL);
        put(&board, 0, 1, cases[i].major[1], &(struct rig_image_recipe){.version = {.build = 9}});
        assert_int_equal(board_boot_counted(&board, SIM_BOOT_RUNS), 0);
        assert_int_equal(board.result.slot[0], cases[i].runs);
        board_clear(&board);
    }
}

static void an_image_for_another_place_is_passed_over_and_stays(void **state)
{
    struct board board;
    (void)state;
    make(&board, RIG_SWAP_DIRECT_XIP_REVERT, false);
    struct rig_image_recipe elsewhere = {.flags = RIG_IMAGE_FLAG_ROM_FIXED,
                                         .load_address = board.config.primary[0].offset};
    put(&board, 0, 0, 1, NULL);
    put(&board, 0, 1, 2, &elsewhere);
    assert_int_equal(sim_boot_set_next(&board.config, board.flash, 0, 0, true), SIM_OK);
    assert_int_equal(board_boot_counted(&board, SIM_BOOT_RUNS), 0);
    assert_int_equal(board.result.slot[0], 0);
    assert_false(is_erased(&board, 1));
    board_clear(&board);
}

static void an_invalid_image_is_erased_in_either_slot(void **state)
{
    (void)state;
    for (unsigned slot = 0; slot < 2; slot++) {
        struct board board;
        make(&board, RIG_SWAP_DIRECT_XIP, false);
        put(&board, 0, 1 - slot, 1, NULL);
        put(&board, 0, slot, 2, NULL);
        board_fill(&board, slot_area(&board, 0, slot), &(uint8_t){0xa5}, 1, 4000);
        assert_int_equal(board_boot_counted(&board, SIM_BOOT_RUNS), 16);
        assert_int_equal(board.result.slot[0], 1 - slot);
        assert_true(is_erased(&board, slot));
        board_clear(&board);
    }
}

static void with_revert_an_image_has_one_start_until_it_is_confirmed(void **state)
{
    struct board board;
    (void)state;
    make(&board, RIG_SWAP_DIRECT_XIP_REVERT, false);
    put(&board, 0, 0, 1, NULL);
    put(&board, 0, 1, 2, NULL);
    assert_int_equal(sim_boot_set_next(&board.config, board.flash, 0, 0, true), SIM_OK);
    assert_int_equal(sim_boot_set_next(&board.config, board.flash, 0, 1, false), SIM_OK);
    assert_int_equal(board_boot_counted(&board, SIM_BOOT_RUNS), 1);
    assert_int_equal(board.result.slot[0], 1);
    assert_int_equal(board_trailer(&board, &board.config.secondary[0]).copy_done, RIG_FLAG_SET);
    assert_int_equal(board_boot_counted(&board, SIM_BOOT_RUNS), 16);
    assert_int_equal(board.result.slot[0], 0);
    assert_int_equal(board.result.swap_type[0], RIG_SWAP_TYPE_REVERT);
    /* Once more, and confirmed. */
    put(&board, 0, 1, 2, NULL);
    assert_int_equal(sim_boot_set_next(&board.config, board.flash, 0, 1, false), SIM_OK);
    board_boot_counted(&board, SIM_BOOT_RUNS);
    assert_int_equal(sim_boot_set_next(&board.config, board.flash, 0, 1, true), SIM_OK);
    assert_int_equal(board_boot_counted(&board, SIM_BOOT_RUNS), 0);
    assert_int_equal(board.result.slot[0], 1);
    board_clear(&board);
}

static void with_revert_an_image_without_a_magic_is_erased(void **state)
{
    struct board board;
    (void)state;
    make(&board, RIG_SWAP_RAM_LOAD_REVERT, false);
    struct rig_image_recipe ram = for_ram(RAM_START);
    put(&board, 0, 0, 1, &ram);
    assert_int_equal(board_boot_counted(&board, SIM_BOOT_NO_IMAGE), 16);
    assert_int_equal(board.result.swap_type[0], RIG_SWAP_TYPE_NONE);
    board_clear(&board);
}

static void marks_are_written_where_they_are_unset(void **state)
{
    struct board board;
    (void)state;
    make(&board, RIG_SWAP_DIRECT_XIP_REVERT, false);
    uint64_t before = sim_flash_n_operations(board.flash);
    assert_int_equal(sim_boot_set_next(&board.config, board.flash, 0, 1, false), SIM_OK);
    assert_int_equal(sim_flash_n_operations(board.flash) - before, 1);
    assert_int_equal(sim_boot_set_next(&board.config, board.flash, 0, 1, true), SIM_OK);
    assert_int_equal(sim_flash_n_operations(board.flash) - before, 3);
    assert_int_equal(sim_boot_set_next(&board.config, board.flash, 0, 1, true), SIM_OK);
    assert_int_equal(sim_flash_n_operations(board.flash) - before, 3);
    const struct sim_area *primary = &board.config.primary[0];
    board_fill(&board, primary, "bad", 3, primary->n_bytes - 16);
    assert_int_equal(sim_boot_set_next(&board.config, board.flash, 0, 0, true), SIM_NOT_ERASED);
    assert_int_equal(sim_boot_set_next(&board.config, board.flash, 0, 2, true), SIM_OUT_OF_RANGE);
    board_clear(&board);
}

static void what_does_not_fit_the_ram_is_erased(void **state)
{
    static const struct {
        uint32_t address;
        bool runs;
    } cases[] = {{RAM_START, true},
                 {RAM_START + RAM_BYTES - 9000, true},
                 {RAM_START + RAM_BYTES - 8999, false},
                 {RAM_START - 1, false},
                 {UINT32_MAX - 100, false}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct board board;
        make(&board, RIG_SWAP_RAM_LOAD, false);
        struct rig_image_recipe ram = for_ram(cases[i].address);
        put(&board, 0, 0, 1, &ram);
        assert_int_equal(board_boot_counted(&board, cases[i].runs ? SIM_BOOT_RUNS : SIM_BOOT_NO_IMAGE),
                         cases[i].runs ? 0 : 16);
        assert_int_equal(is_erased(&board, 0), !cases[i].runs);
        assert_int_equal(board.result.ram_at[0], cases[i].runs ? cases[i].address : 0);
        board_clear(&board);
    }
}

/* The second is held against the first; where it lies below, its end counts as its own: a byte too much. */
static void two_images_may_not_overlap_in_ram(void **state)
{
    static const struct {
        uint32_t first, second;
        bool runs;
    } cases[] = {{0, 8999, false}, {0, 9000, true}, {9000, 0, false}, {9001, 0, true}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct board board;
        make(&board, RIG_SWAP_RAM_LOAD, true);
        struct rig_image_recipe first = for_ram(RAM_START + cases[i].first);
        struct rig_image_recipe second = for_ram(RAM_START + cases[i].second);
        put(&board, 0, 0, 1, &first);
        put(&board, 1, 0, 1, &second);
        board_boot_counted(&board, cases[i].runs ? SIM_BOOT_RUNS : SIM_BOOT_NO_IMAGE);
        board_clear(&board);
    }
}

/* The newer image wants a newer partner than there is: the older one runs, and both stay. */
static void an_unmet_dependency_takes_the_other_slot(void **state)
{
    struct board board;
    struct rig_image_dependency dependency = {.image = 1, .minimum = {.major = 2}};
    struct rig_image_recipe needs = {.dependencies = &dependency, .n_dependencies = 1};
    (void)state;
    make(&board, RIG_SWAP_DIRECT_XIP, true);
    put(&board, 0, 0, 1, NULL);
    put(&board, 0, 1, 2, &needs);
    put(&board, 1, 0, 1, NULL);
    assert_int_equal(board_boot_counted(&board, SIM_BOOT_RUNS), 0);
    assert_int_equal(board.result.slot[0], 0);
    assert_int_equal(board.result.refusal[0], SIM_BOOT_REFUSED_DEPENDENCY);
    put(&board, 1, 1, 2, NULL);
    assert_int_equal(board_boot_counted(&board, SIM_BOOT_RUNS), 0);
    assert_int_equal(board.result.slot[0], 1);
    assert_int_equal(board.result.slot[1], 1);
    board_clear(&board);
}

static void a_single_slot_is_never_erased(void **state)
{
    struct board board;
    (void)state;
    make(&board, RIG_SWAP_SINGLE, false);
    board.config.validate_primary = true;
    put(&board, 0, 0, 1, NULL);
    assert_int_equal(board_boot_counted(&board, SIM_BOOT_RUNS), 0);
    board_fill(&board, &board.config.primary[0], &(uint8_t){0xa5}, 1, 4000);
    assert_int_equal(board_boot_counted(&board, SIM_BOOT_NO_IMAGE), 0);
    board.config.validate_primary = false;
    assert_int_equal(board_boot_counted(&board, SIM_BOOT_RUNS), 0);
    board_clear(&board);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_newest_runs_and_slot_0_wins_ties),
        cmocka_unit_test(an_image_for_another_place_is_passed_over_and_stays),
        cmocka_unit_test(an_invalid_image_is_erased_in_either_slot),
        cmocka_unit_test(with_revert_an_image_has_one_start_until_it_is_confirmed),
        cmocka_unit_test(with_revert_an_image_without_a_magic_is_erased),
        cmocka_unit_test(marks_are_written_where_they_are_unset),
        cmocka_unit_test(what_does_not_fit_the_ram_is_erased),
        cmocka_unit_test(two_images_may_not_overlap_in_ram),
        cmocka_unit_test(an_unmet_dependency_takes_the_other_slot),
        cmocka_unit_test(a_single_slot_is_never_erased),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
