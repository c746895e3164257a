/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The board's life: boots, swaps, trials, crashes, hangs, power cuts, moments. */
#include "sim/firmware/mcuboot/support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static unsigned running(struct scene *scene)
{
    return sim_board_view(scene->bench.board).image.version.major;
}

static void new_board_is_off_erased_and_at_time_0(void **state)
{
    struct bench_config config = bench_config(RIG_SWAP_MOVE);
    struct bench bench;

    (void)state;
    bench_open(&bench, &config);
    assert_false(sim_board_powered(bench.board));
    assert_int_equal(sim_board_now_us(bench.board), 0);
    assert_false(sim_board_step(bench.board, 500));
    assert_int_equal(sim_board_now_us(bench.board), 500);
    sim_board_power(bench.board, true);
    bench_run(&bench, RIG_SECOND_US);
    assert_int_equal(sim_board_view(bench.board).state, SIM_BOARD_NO_IMAGE);
    assert_false(sim_board_view(bench.board).image.has_image);
    bench_close(&bench);
}

static void refused(const struct bench_config *config, const char *reason)
{
    const char *why = "";
    struct sim_board *board = bench_board(config, &why);

    sim_board_free(board);
    if (board || !strstr(why, reason))
        fail_msg("wanted '%s', seen '%s'", reason, board ? "a board" : why);
}

static void configurations_that_cannot_be_are_refused_with_a_reason(void **state)
{
    const struct bench_config good = bench_config(RIG_SWAP_MOVE);
    struct bench_config bad;

    (void)state;
#define REFUSED(reason, ...) (bad = good, __VA_ARGS__, refused(&bad, reason))
    REFUSED("a primary slot", bad.boot.primary[0].offset = 100);
    REFUSED("a primary slot", bad.boot.primary[0].offset = 100, bad.boot.primary[0].n_bytes -= 100);
    REFUSED("a primary slot", bad.boot.primary[0].n_bytes -= 100);
    REFUSED("a primary slot", bad.boot.primary[0].n_bytes = 0);
    REFUSED("a primary slot", bad.boot.primary[0].device = 1);
    REFUSED("a secondary slot", bad.boot.secondary[0].n_bytes = 1u << 30);
    REFUSED("a secondary slot", bad.boot.secondary[0].n_bytes = 0);
    REFUSED("the scratch area", bad.boot.scratch.offset += 8);
    REFUSED("needs a scratch area", bad.boot.mode = RIG_SWAP_SCRATCH, bad.boot.scratch.n_bytes = 0);
    REFUSED("one or two images", bad.boot.n_images = 3);
    REFUSED("one or two images", bad.boot.n_images = 0);
    REFUSED("8 SMP buffers", bad.app.smp_buf_count = 9);
    REFUSED("32 to 4096 bytes", bad.app.smp_buf_size = 31);
    REFUSED("32 to 4096 bytes", bad.app.smp_buf_size = 4097);
    REFUSED("flash devices", bad.n_devices = 0);
#undef REFUSED
}

static void boot_says_what_it_does_on_the_console(void **state)
{
    struct scene *scene = scene_new(&waits);

    (void)state;
    assert_string_equal(scene->bench.last_line, "app: advertising");
    assert_true(scene->bench.n_lines >= 6);
    assert_int_equal(scene->bench.last_boot.outcome, SIM_BOOT_RUNS);
    assert_true(sim_board_view(scene->bench.board).image.confirmed);
    scene_free(scene);
}

static void test_then_confirm_then_reset_keeps_the_new_image_in_every_mode(void **state)
{
    (void)state;
    for (unsigned mode = RIG_SWAP_MOVE; mode <= RIG_SWAP_OFFSET; mode++) {
        struct bench_config config = bench_config((enum rig_swap_mode)mode);
        struct scene *scene = scene_with(&config, &waits);

        scene_mark(scene, false);
        bench_reset(&scene->bench);
        assert_int_equal(running(scene), 2);
        assert_false(sim_board_view(scene->bench.board).image.confirmed);
        assert_false(bench_mark(&scene->bench, NULL, true).error.failed);
        bench_reset(&scene->bench);
        assert_int_equal(running(scene), 2);
        assert_true(sim_board_view(scene->bench.board).image.confirmed);
        scene_free(scene);
    }
}

static void test_without_confirm_goes_back_in_every_mode(void **state)
{
    (void)state;
    for (unsigned mode = RIG_SWAP_MOVE; mode <= RIG_SWAP_OFFSET; mode++) {
        struct bench_config config = bench_config((enum rig_swap_mode)mode);
        struct scene *scene = scene_with(&config, &waits);

        scene_mark(scene, false);
        bench_reset(&scene->bench);
        assert_int_equal(running(scene), 2);
        struct rig_smp_response trial = bench_list(&scene->bench);
        assert_int_equal(trial.n_images, 2);
        assert_true(trial.images[1].confirmed);
        bench_reset(&scene->bench);
        assert_int_equal(running(scene), 1);
        assert_true(bench_slot_holds(&scene->bench, &config.boot.primary[0], &scene->old_image));
        scene_free(scene);
    }
}

static void image_that_confirms_itself_stays(void **state)
{
    struct sim_app_personality confirms = {.behaviour = SIM_APP_CONFIRMS, .self_test_us = RIG_SECOND_US};
    struct scene *scene = scene_new(&confirms);

    (void)state;
    scene_mark(scene, false);
    bench_reset(&scene->bench);
    assert_false(sim_board_view(scene->bench.board).image.confirmed);
    bench_run(&scene->bench, 2 * RIG_SECOND_US);
    assert_true(sim_board_view(scene->bench.board).image.confirmed);
    assert_string_equal(scene->bench.last_line, "app: image confirmed");
    bench_reset(&scene->bench);
    assert_int_equal(running(scene), 2);
    scene_free(scene);
}

static void crashing_image_is_reverted(void **state)
{
    struct sim_app_personality crashes = {.behaviour = SIM_APP_CRASHES, .self_test_us = 300000};
    struct scene *scene = scene_new(&crashes);

    (void)state;
    scene_mark(scene, false);
    bench_reset(&scene->bench);
    bench_run(&scene->bench, 20 * RIG_SECOND_US);
    assert_int_equal(running(scene), 1);
    assert_int_equal(sim_board_view(scene->bench.board).n_resets, 2);
    assert_int_equal(sim_board_view(scene->bench.board).state, SIM_BOARD_RUNNING);
    scene_free(scene);
}

static void hanging_image_is_reverted_by_its_watchdog_or_by_power(void **state)
{
    (void)state;
    for (unsigned watched = 0; watched < 2; watched++) {
        struct sim_app_personality hangs = {
            .behaviour = SIM_APP_HANGS, .self_test_us = 100000, .watchdog_us = watched ? RIG_SECOND_US : 0};
        struct scene *scene = scene_new(&hangs);

        scene_mark(scene, false);
        bench_reset(&scene->bench);
        bench_run(&scene->bench, 60ull * RIG_SECOND_US);
        assert_int_equal(sim_board_view(scene->bench.board).state,
                         watched ? SIM_BOARD_RUNNING : SIM_BOARD_HUNG);
        assert_int_equal(running(scene), watched ? 1 : 2);
        sim_board_power(scene->bench.board, false);
        assert_true(bench_boot(&scene->bench));
        assert_int_equal(running(scene), 1);
        scene_free(scene);
    }
}

/* An image from elsewhere, whose payload is no business of ours. */
static void any_valid_image_runs_and_waits_to_be_confirmed(void **state)
{
    struct bench_config config = bench_config(RIG_SWAP_MOVE);
    struct rig_bytes image = bench_image(3, NULL, 4000);
    struct bench bench;

    (void)state;
    bench_open(&bench, &config);
    bench_program(&bench, &image);
    assert_true(bench_boot(&bench));
    assert_false(bench.saw_hard_fault);
    assert_int_equal(sim_board_view(bench.board).state, SIM_BOARD_RUNNING);
    assert_int_equal(sim_board_view(bench.board).n_boots, 1);
    rig_bytes_clear(&image);
    bench_close(&bench);
}

static void an_image_behaves_as_the_board_was_taught_by_its_hash(void **state)
{
    static const struct sim_app_personality crashes = {.behaviour = SIM_APP_CRASHES, .self_test_us = 1000};
    struct bench_config config = bench_config(RIG_SWAP_MOVE);
    struct rig_bytes image = bench_image(3, NULL, 4000);
    struct bench bench;

    (void)state;
    for (unsigned crashing = 0; crashing < 2; crashing++) {
        bench_open(&bench, &config);
        bench_program(&bench, &image);
        assert_true(bench_boot(&bench));
        assert_true(sim_mcuboot_teach(bench.board, sim_board_view(bench.board).image.hash, &crashes));
        assert_true(crashing ||
                    sim_mcuboot_teach(bench.board, sim_board_view(bench.board).image.hash, &waits));
        sim_board_reset(bench.board);
        while (sim_board_now_us(bench.board) < 20 * RIG_SECOND_US)
            sim_board_step(bench.board, 20 * RIG_SECOND_US);
        assert_int_equal(sim_board_view(bench.board).n_boots > 2, crashing);
        bench_close(&bench);
    }
    rig_bytes_clear(&image);
}

static void corrupt_image_that_the_bootloader_lets_through_crashes(void **state)
{
    struct bench_config config = bench_config(RIG_SWAP_MOVE);
    struct rig_bytes image = bench_image(1, &waits, 4000);
    struct bench bench;

    (void)state;
    config.boot.validate_primary = false;
    image.bytes[2000] ^= 1;
    bench_open(&bench, &config);
    bench_program(&bench, &image);
    assert_false(bench_boot(&bench));
    assert_true(bench.saw_hard_fault);
    rig_bytes_clear(&image);
    bench_close(&bench);
}

static void crashes_are_counted_anew_after_a_power_cycle(void **state)
{
    struct sim_app_personality crashes = {.behaviour = SIM_APP_CRASHES, .self_test_us = 1000};
    struct bench_config config = bench_config(RIG_SWAP_MOVE);
    struct rig_bytes image = bench_image(1, &crashes, 4000);
    struct bench bench;

    (void)state;
    bench_open(&bench, &config);
    bench_program(&bench, &image);
    for (unsigned n_boots = 8; n_boots <= 24; n_boots += 8) {
        sim_board_power(bench.board, true);
        bench_run(&bench, 20ull * RIG_SECOND_US);
        assert_int_equal(sim_board_view(bench.board).state, SIM_BOARD_HUNG);
        assert_int_equal(sim_board_view(bench.board).n_boots, n_boots);
        sim_board_power(bench.board, false);
    }
    rig_bytes_clear(&image);
    bench_close(&bench);
}

static void always_crashing_image_still_lets_time_pass(void **state)
{
    struct sim_app_personality crashes = {.behaviour = SIM_APP_CRASHES, .self_test_us = RIG_SECOND_US};
    struct bench_config config = bench_config(RIG_SWAP_MOVE);
    struct rig_bytes image = bench_image(1, &crashes, 4000);
    struct bench bench;

    (void)state;
    bench_open(&bench, &config);
    bench_program(&bench, &image);
    assert_true(bench_boot(&bench));
    bench_run(&bench, 60ull * RIG_SECOND_US);
    assert_in_range(sim_board_view(bench.board).n_boots, 40, 60);
    rig_bytes_clear(&image);
    bench_close(&bench);
}

static void cut_in_the_middle_of_an_upload_kills_link_and_answer_and_the_upload_starts_anew(void **state)
{
    struct scene *scene = scene_new(&waits);
    struct sim_cut cut = {.kind = SIM_CUT_AT_OPERATION, .operation = 40, .form = SIM_CUT_HALF};
    uint32_t reached = 0;

    (void)state;
    sim_board_arm_cut(scene->bench.board, &cut);
    assert_false(bench_upload(&scene->bench, &scene->new_image, &reached));
    assert_true(reached > 0 && reached < scene->new_image.n_bytes);
    assert_false(sim_board_powered(scene->bench.board));
    struct sim_cut_report report = sim_board_cut_report(scene->bench.board);
    assert_true(report.fell && report.at_operation && report.torn);
    assert_int_equal(report.operation, 40);
    assert_int_equal(report.operation_kind, SIM_FLASH_WRITE);
    assert_true(report.offset >= sim_mcuboot_config_of(scene->bench.board)->boot.secondary[0].offset);
    bench_run(&scene->bench, 5 * RIG_SECOND_US);
    assert_false(sim_board_ble_connected(scene->bench.board));
    assert_int_equal(sim_board_ble_last_reason(scene->bench.board), 0x08);
    assert_true(bench_boot(&scene->bench));
    bench_connect(&scene->bench, 247);
    assert_int_equal(bench_chunk(&scene->bench, &scene->new_image, reached, 100, true).off, 0);
    scene_mark(scene, true);
    bench_reset(&scene->bench);
    assert_int_equal(running(scene), 2);
    scene_free(scene);
}

static void cut_while_marking_leaves_the_mark_undone_or_done(void **state)
{
    (void)state;
    for (unsigned operation = 0; operation < 3; operation++) {
        struct scene *scene = scene_new(&waits);
        struct sim_cut cut = {.kind = SIM_CUT_AT_OPERATION, .operation = operation, .form = SIM_CUT_BEFORE};

        assert_true(bench_upload(&scene->bench, &scene->new_image, NULL));
        sim_board_arm_cut(scene->bench.board, &cut);
        assert_int_equal(bench_mark(&scene->bench, scene->new_hash, true).error.rc, UINT32_MAX);
        assert_false(sim_board_powered(scene->bench.board));
        assert_true(sim_board_cut_report(scene->bench.board).fell);
        assert_true(bench_boot(&scene->bench));
        assert_int_equal(running(scene), operation == 0 ? 1 : 2);
        scene_free(scene);
    }
}

/* Every operation of the swap, each form of cut, on one saved moment. */
static void sweep(struct scene *scene, enum sim_cut_form form, bool permanent)
{
    struct sim_board *board = scene->bench.board;

    scene_mark(scene, permanent);
    sim_board_power(board, false);
    bench_run(&scene->bench, 10 * RIG_SECOND_US);
    struct sim_snapshot *before = sim_board_save(board);
    assert_non_null(before);
    assert_true(bench_boot(&scene->bench));
    uint64_t n_operations = scene->bench.last_boot_operations;
    assert_true(n_operations > 10);
    for (uint64_t i = 0; i < n_operations; i++) {
        struct sim_cut cut = {.kind = SIM_CUT_AT_OPERATION, .operation = i, .form = form};

        sim_board_restore(board, before);
        sim_board_arm_cut(board, &cut);
        assert_false(bench_boot(&scene->bench));
        assert_false(sim_board_powered(board));
        assert_true(sim_board_cut_report(board).fell);
        assert_true(bench_boot(&scene->bench));
        assert_in_range(running(scene), 1, 2);
        assert_int_equal(sim_board_view(board).state, SIM_BOARD_RUNNING);
    }
    sim_snapshot_free(before);
}

static void cut_at_any_operation_of_a_swap_leaves_a_board_that_boots(void **state)
{
    (void)state;
    for (unsigned mode = RIG_SWAP_MOVE; mode <= RIG_SWAP_OVERWRITE; mode++) {
        for (unsigned form = SIM_CUT_BEFORE; form <= SIM_CUT_AFTER; form += 2) {
            struct bench_config config = bench_config((enum rig_swap_mode)mode);
            struct scene *scene = scene_with(&config, &waits);

            sweep(scene, (enum sim_cut_form)form, mode == RIG_SWAP_OVERWRITE);
            scene_free(scene);
        }
    }
}

static void cut_by_time_falls_inside_the_swap(void **state)
{
    struct scene *scene = scene_new(&waits);
    struct sim_cut cut = {.kind = SIM_CUT_AFTER_TIME, .delay_us = 400000};

    (void)state;
    scene_mark(scene, false);
    sim_board_reset(scene->bench.board);
    uint64_t armed_us = sim_board_now_us(scene->bench.board);
    sim_board_arm_cut(scene->bench.board, &cut);
    bench_run(&scene->bench, 5 * RIG_SECOND_US);
    struct sim_cut_report report = sim_board_cut_report(scene->bench.board);
    assert_false(sim_board_powered(scene->bench.board));
    assert_true(report.fell);
    assert_false(report.at_operation);
    /* The operation during which the time came is the last one: an erase takes 85 ms. */
    assert_in_range(report.at_us, armed_us + 400000, armed_us + 490000);
    assert_int_equal(scene->bench.last_boot.outcome, SIM_BOOT_POWER_LOST);
    assert_true(bench_boot(&scene->bench));
    assert_true(scene->bench.last_boot.resumed[0]);
    assert_int_equal(running(scene), 2);
    scene_free(scene);
}

static void cut_by_time_falls_while_nothing_happens(void **state)
{
    struct scene *scene = scene_new(&waits);
    struct sim_cut cut = {.kind = SIM_CUT_AFTER_TIME, .delay_us = 123456};
    uint64_t armed_us = sim_board_now_us(scene->bench.board);

    (void)state;
    sim_board_arm_cut(scene->bench.board, &cut);
    bench_run(&scene->bench, RIG_SECOND_US);
    assert_false(sim_board_powered(scene->bench.board));
    assert_int_equal(sim_board_cut_report(scene->bench.board).at_us, armed_us + 123456);
    scene_free(scene);
}

static void cut_at_a_console_line_stops_the_bootloader_at_that_line(void **state)
{
    struct scene *scene = scene_new(&waits);
    struct sim_cut cut = {.kind = SIM_CUT_AT_CONSOLE, .pattern = "Swap type: test"};

    (void)state;
    scene_mark(scene, false);
    sim_board_reset(scene->bench.board);
    sim_board_arm_cut(scene->bench.board, &cut);
    bench_run(&scene->bench, 5 * RIG_SECOND_US);
    assert_false(sim_board_powered(scene->bench.board));
    assert_true(sim_board_cut_report(scene->bench.board).fell);
    assert_int_equal(scene->bench.last_boot_operations, 0);
    assert_true(bench_boot(&scene->bench));
    assert_int_equal(running(scene), 2);
    scene_free(scene);
}

static void cut_some_time_after_a_console_line(void **state)
{
    struct scene *scene = scene_new(&waits);
    struct sim_cut cut = {.kind = SIM_CUT_AT_CONSOLE, .pattern = "app: advertising", .delay_us = 5000};

    (void)state;
    sim_board_reset(scene->bench.board);
    sim_board_arm_cut(scene->bench.board, &cut);
    bench_run(&scene->bench, 204000);
    assert_true(sim_board_powered(scene->bench.board));
    bench_run(&scene->bench, 2000);
    assert_false(sim_board_powered(scene->bench.board));
    scene_free(scene);
}

static void the_first_line_that_fits_counts(void **state)
{
    struct scene *scene = scene_new(&waits);
    struct sim_cut cut = {.kind = SIM_CUT_AT_CONSOLE, .pattern = "I: ", .delay_us = 5 * RIG_SECOND_US};

    (void)state;
    scene_mark(scene, true); /* the bootloader says more behind the swap, which takes its time */
    sim_board_reset(scene->bench.board);
    sim_board_arm_cut(scene->bench.board, &cut);
    bench_run(&scene->bench, 5 * RIG_SECOND_US + 1000);
    assert_false(sim_board_powered(scene->bench.board));
    scene_free(scene);
}

static void disarmed_cut_never_falls(void **state)
{
    struct scene *scene = scene_new(&waits);
    struct sim_cut cut = {.kind = SIM_CUT_AT_OPERATION, .operation = 3};

    (void)state;
    sim_board_arm_cut(scene->bench.board, &cut);
    sim_board_disarm_cut(scene->bench.board);
    assert_true(bench_upload(&scene->bench, &scene->new_image, NULL));
    assert_false(sim_board_cut_report(scene->bench.board).fell);
    scene_free(scene);
}

/* What came out of a run: a hash over contents, time, counts and answers. */
static uint64_t finish_life(struct scene *scene)
{
    struct sim_board *board = scene->bench.board;

    assert_true(bench_upload(&scene->bench, &scene->new_image, NULL));
    assert_false(bench_mark(&scene->bench, scene->new_hash, false).error.failed);
    bench_reset(&scene->bench);
    bench_list(&scene->bench);
    struct sim_flash_content *content = sim_flash_keep(sim_board_flash(board));
    uint64_t sum = sim_flash_content_hash(content);
    sim_flash_content_free(content);
    for (size_t i = 0; i < scene->bench.n_answer; i++)
        sum = sum * 31 + scene->bench.answer[i];
    return sum * 31 + sim_board_now_us(board);
}

static void restored_moment_goes_on_exactly_as_before(void **state)
{
    struct scene *scene = scene_new(&waits);
    uint32_t offset = 0;

    (void)state;
    /* In the middle of an upload, with a request on its way. */
    for (unsigned i = 0; i < 10; i++)
        offset = (uint32_t)bench_chunk(&scene->bench, &scene->new_image, offset, 150, true).off;
    bench_write(scene->bench.board, (const uint8_t *)"\x0a\0\0\x01\0\0\1\0\xa0", 9);
    struct sim_snapshot *snapshot = sim_board_save(scene->bench.board);
    uint8_t sequence = scene->bench.sequence;
    assert_true(bench_collect(&scene->bench, RIG_SECOND_US));
    uint64_t first = finish_life(scene);
    sim_board_restore(scene->bench.board, snapshot);
    scene->bench.sequence = sequence;
    assert_true(bench_collect(&scene->bench, RIG_SECOND_US));
    uint64_t second = finish_life(scene);
    assert_true(first == second);
    sim_snapshot_free(snapshot);
    scene_free(scene);
}

static void armed_cut_is_part_of_a_moment(void **state)
{
    struct scene *scene = scene_new(&waits);
    struct sim_cut cut = {.kind = SIM_CUT_AT_OPERATION, .operation = 30, .form = SIM_CUT_AFTER};
    uint32_t first = 0, second = 0;

    (void)state;
    sim_board_arm_cut(scene->bench.board, &cut);
    bench_chunk(&scene->bench, &scene->new_image, 0, 150, true);
    struct sim_snapshot *snapshot = sim_board_save(scene->bench.board);
    assert_false(bench_upload(&scene->bench, &scene->new_image, &first));
    struct sim_cut_report before = sim_board_cut_report(scene->bench.board);
    sim_board_restore(scene->bench.board, snapshot);
    assert_true(sim_board_powered(scene->bench.board));
    assert_false(bench_upload(&scene->bench, &scene->new_image, &second));
    struct sim_cut_report after = sim_board_cut_report(scene->bench.board);
    assert_int_equal(first, second);
    assert_int_equal(before.operation, 30);
    assert_int_equal(after.operation, 30);
    assert_int_equal(before.offset, after.offset);
    assert_true(before.at_us == after.at_us);
    sim_snapshot_free(snapshot);
    scene_free(scene);
}

static void same_seed_and_calls_give_the_same_bytes_on_another_board(void **state)
{
    struct scene *one = scene_new(&waits), *two = scene_new(&waits);

    (void)state;
    assert_true(finish_life(one) == finish_life(two));
    scene_free(one);
    scene_free(two);
}

static void reset_pin_without_power_does_nothing(void **state)
{
    struct bench_config config = bench_config(RIG_SWAP_MOVE);
    struct bench bench;

    (void)state;
    bench_open(&bench, &config);
    sim_board_reset(bench.board);
    bench_run(&bench, RIG_SECOND_US);
    assert_int_equal(sim_board_view(bench.board).n_boots, 0);
    bench_close(&bench);
}

static void count_operation(void *n_seen, const struct sim_flash_operation *operation)
{
    (void)operation;
    ++*(unsigned *)n_seen;
}

static void flash_operations_can_be_watched(void **state)
{
    struct scene *scene = scene_new(&waits);
    unsigned n_seen = 0;

    (void)state;
    sim_board_on_flash(scene->bench.board, count_operation, &n_seen);
    bench_chunk(&scene->bench, &scene->new_image, 0, 64, true);
    assert_int_equal(n_seen, 1); /* what is erased is not erased again */
    bench_chunk(&scene->bench, &scene->new_image, 0, 64, false);
    assert_int_equal(n_seen, 1 + 4 + 1); /* the sectors of the image and of the trailer, not all 16 */
    scene_free(scene);
}

static void names_go_there_and_back(void **state)
{
    enum sim_app_behaviour behaviour;

    (void)state;
    for (unsigned i = SIM_APP_NEVER_CONFIRMS; i <= SIM_APP_HANGS; i++) {
        assert_true(
            sim_app_behaviour_from_name(sim_app_behaviour_name((enum sim_app_behaviour)i), &behaviour));
        assert_int_equal(behaviour, i);
    }
    assert_false(sim_app_behaviour_from_name("dances", &behaviour));
    assert_string_equal(sim_board_state_name(SIM_BOARD_NO_IMAGE), "no image");
    assert_string_equal(sim_board_state_name(SIM_BOARD_UPDATER), "updater");
    for (unsigned bit = 0; bit < SIM_APP_N_DEFECTS; bit++)
        assert_non_null(sim_app_defect_name(bit));
    assert_null(sim_app_defect_name(SIM_APP_N_DEFECTS));
}

int main(void)
{
#define T(name) cmocka_unit_test(name)
    const struct CMUnitTest tests[] = {
        T(new_board_is_off_erased_and_at_time_0),
        T(configurations_that_cannot_be_are_refused_with_a_reason),
        T(boot_says_what_it_does_on_the_console),
        T(test_then_confirm_then_reset_keeps_the_new_image_in_every_mode),
        T(test_without_confirm_goes_back_in_every_mode),
        T(image_that_confirms_itself_stays),
        T(crashing_image_is_reverted),
        T(hanging_image_is_reverted_by_its_watchdog_or_by_power),
        T(any_valid_image_runs_and_waits_to_be_confirmed),
        T(an_image_behaves_as_the_board_was_taught_by_its_hash),
        T(corrupt_image_that_the_bootloader_lets_through_crashes),
        T(crashes_are_counted_anew_after_a_power_cycle),
        T(always_crashing_image_still_lets_time_pass),
        T(cut_in_the_middle_of_an_upload_kills_link_and_answer_and_the_upload_starts_anew),
        T(cut_while_marking_leaves_the_mark_undone_or_done),
        T(cut_at_any_operation_of_a_swap_leaves_a_board_that_boots),
        T(cut_by_time_falls_inside_the_swap),
        T(cut_by_time_falls_while_nothing_happens),
        T(cut_at_a_console_line_stops_the_bootloader_at_that_line),
        T(cut_some_time_after_a_console_line),
        T(the_first_line_that_fits_counts),
        T(disarmed_cut_never_falls),
        T(restored_moment_goes_on_exactly_as_before),
        T(armed_cut_is_part_of_a_moment),
        T(same_seed_and_calls_give_the_same_bytes_on_another_board),
        T(reset_pin_without_power_does_nothing),
        T(flash_operations_can_be_watched),
        T(names_go_there_and_back),
    };
#undef T

    return cmocka_run_group_tests(tests, NULL, NULL);
}
