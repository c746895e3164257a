/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Uploads to the board's SMP server, the states of slots, and the client mistakes that have to do with them.
 */
#include "sim/firmware/mcuboot/support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static struct scene *scene_at_517(void)
{
    struct bench_config config = bench_config(RIG_SWAP_MOVE);

    config.ble.mtu = 517;
    return scene_with(&config, &waits);
}

static void upload_arrives_byte_for_byte_whatever_the_chunk_sizes(void **state)
{
    const size_t sizes[] = {32, 7, 1, 150, 33, 3, 128};
    struct scene *scene = scene_at_517();
    uint32_t offset = 0;

    (void)state;
    for (unsigned i = 0; offset < scene->new_image.n_bytes; i++)
        offset =
            off_of(bench_chunk(&scene->bench, &scene->new_image, offset, i == 0 ? 33 : sizes[i % 7], true));
    assert_true(bench_slot_holds(&scene->bench, &sim_mcuboot_config_of(scene->bench.board)->boot.secondary[0],
                                 &scene->new_image));
    /* The state is cleared at the end: the same first packet starts from scratch. */
    assert_int_equal(off_of(bench_chunk(&scene->bench, &scene->new_image, 0, 100, true)), 100);
    scene_free(scene);
}

static void upload_works_in_every_mode_and_with_progressive_erase(void **state)
{
    (void)state;
    for (unsigned mode = RIG_SWAP_MOVE; mode <= RIG_SWAP_OVERWRITE; mode++) {
        for (unsigned progressive = 0; progressive < 2; progressive++) {
            struct bench_config config = bench_config((enum rig_swap_mode)mode);

            config.app.progressive_erase = progressive;
            config.devices[0].rewrite_forbidden = true;
            struct scene *scene = scene_with(&config, &waits);
            assert_true(bench_upload(&scene->bench, &scene->new_image, NULL));
            assert_true(bench_upload(&scene->bench, &scene->new_image, NULL));
            struct rig_smp_response list = bench_list(&scene->bench);
            assert_int_equal(list.n_images, 2);
            assert_memory_equal(list.images[1].hash, scene->new_hash, 32);
            assert_false(bench_mark(&scene->bench, scene->new_hash, true).error.failed);
            bench_reset(&scene->bench);
            assert_int_equal(sim_board_view(scene->bench.board).image.version.major, 2);
            scene_free(scene);
        }
    }
}

static void progressive_erase_erases_each_sector_once(void **state)
{
    (void)state;
    for (unsigned mode = RIG_SWAP_MOVE; mode <= RIG_SWAP_OFFSET; mode++) {
        struct bench_config config = bench_config((enum rig_swap_mode)mode);
        struct rig_bytes image = bench_image(2, &waits, mode == RIG_SWAP_OFFSET ? 58000 : 62000);

        config.app.progressive_erase = true;
        config.ble.mtu = 517;
        struct scene *scene = scene_with(&config, &waits);
        const struct sim_area *secondary = &config.boot.secondary[0];
        assert_true(bench_upload(&scene->bench, &image, NULL));
        for (uint32_t at = 0; at < secondary->n_bytes; at += 4096)
            assert_int_equal(
                sim_flash_erase_count(sim_board_flash(scene->bench.board), 0, secondary->offset + at), 1);
        scene_free(scene);
        rig_bytes_clear(&image);
    }
}

static void upload_resumes_by_sha_without_writing(void **state)
{
    struct scene *scene = scene_at_517();

    (void)state;
    off_of(bench_chunk(&scene->bench, &scene->new_image, 0, 200, true));
    assert_int_equal(off_of(bench_chunk(&scene->bench, &scene->new_image, 200, 200, true)), 400);
    uint64_t n = sim_flash_n_operations(sim_board_flash(scene->bench.board));
    assert_int_equal(off_of(bench_chunk(&scene->bench, &scene->new_image, 0, 200, true)), 400);
    assert_int_equal(sim_flash_n_operations(sim_board_flash(scene->bench.board)), n);
    /* Without a sha, or with another one, it starts again. */
    assert_int_equal(off_of(bench_chunk(&scene->bench, &scene->new_image, 0, 100, false)), 100);
    assert_int_equal(off_of(bench_chunk(&scene->bench, &scene->old_image, 0, 60, true)), 60);
    scene_free(scene);
}

static void wrong_offset_is_a_success_with_the_expected_one(void **state)
{
    struct scene *scene = scene_at_517();

    (void)state;
    off_of(bench_chunk(&scene->bench, &scene->new_image, 0, 64, true));
    uint64_t n = sim_flash_n_operations(sim_board_flash(scene->bench.board));
    assert_int_equal(off_of(bench_chunk(&scene->bench, &scene->new_image, 200, 16, true)), 64);
    assert_int_equal(off_of(bench_chunk(&scene->bench, &scene->new_image, 32, 16, true)), 64);
    assert_int_equal(sim_flash_n_operations(sim_board_flash(scene->bench.board)), n);
    scene_free(scene);
}

/* A chunk of the new image under a total of the caller's choice. */
static struct rig_smp_response chunk_of(struct scene *scene, uint32_t total, uint32_t offset, size_t n_bytes,
                                        bool upgrade, unsigned n_sha)
{
    uint8_t message[700], sha[32] = {9};
    struct rig_smp_upload_chunk chunk = {.offset = offset,
                                         .total_bytes = total,
                                         .sha = n_sha ? sha : NULL,
                                         .upgrade = upgrade,
                                         .bytes = scene->new_image.bytes + offset,
                                         .n_bytes = n_bytes};
    struct rig_smp_response response;
    size_t n = rig_smp_encode_upload((struct rig_smp_request_id){1, 1}, &chunk, message, sizeof message);

    assert_true(bench_ask(&scene->bench, message, n, &response));
    return response;
}

static void overrun_gets_31_but_not_in_the_first_packet(void **state)
{
    struct scene *scene = scene_at_517();

    (void)state;
    assert_int_equal(off_of(chunk_of(scene, 64, 0, 65, false, 32)), 65);
    off_of(chunk_of(scene, 100, 0, 64, false, 0));
    struct rig_smp_response over = chunk_of(scene, 100, 64, 40, false, 0);
    assert_true(over.error.group_error);
    assert_int_equal(over.error.rc, RIG_SMP_IMAGE_RC_OVERRUN);
    scene_free(scene);
}

static void upgrade_to_an_older_version_gets_27(void **state)
{
    struct scene *scene = scene_at_517();
    struct rig_bytes newer = scene->new_image;

    (void)state;
    off_of(chunk_of(scene, (uint32_t)newer.n_bytes, 0, 64, true, 32));
    scene->new_image = scene->old_image;
    assert_int_equal(chunk_of(scene, 6000, 0, 64, true, 0).error.rc, RIG_SMP_IMAGE_RC_OLDER);
    scene->new_image = newer;
    scene_free(scene);
}

static void sha_longer_than_32_gets_24(void **state)
{
    struct scene *scene = scene_at_517();

    (void)state;
    exchange(&scene->bench,
             "0a00005b00010701a4636c656e190424636f66660063736861582100000000000000000000000000000000000000000"
             "00000000000000000000000006464617461"
             "58203db8f39600000000200000000010000000000000010000000000000000000000",
             "0b00001400010701bf63657272bf6567726f7570016272631818ffff");
    scene_free(scene);
}

static void flash_that_refuses_gets_12_and_clears_the_upload(void **state)
{
    struct bench_config config = bench_config(RIG_SWAP_MOVE);
    uint8_t dirt = 0;

    (void)state;
    config.devices[0].rewrite_forbidden = true;
    struct scene *scene = scene_with(&config, &waits);
    off_of(bench_chunk(&scene->bench, &scene->new_image, 0, 64, true));
    const struct sim_area *secondary = &config.boot.secondary[0];
    sim_flash_poke(sim_board_flash(scene->bench.board), 0, secondary->offset + 70, &dirt, 1);
    assert_int_equal(bench_chunk(&scene->bench, &scene->new_image, 64, 64, true).error.rc,
                     RIG_SMP_IMAGE_RC_FLASH_WRITE);
    assert_int_equal(off_of(bench_chunk(&scene->bench, &scene->new_image, 64, 64, true)), 0);
    scene_free(scene);
}

static void assert_flags(const struct rig_smp_image_entry *entry, const char *flags)
{
    char seen[8];

    snprintf(seen, sizeof seen, "%s%s%s%s%s", entry->bootable ? "b" : "", entry->pending ? "p" : "",
             entry->confirmed ? "c" : "", entry->active ? "a" : "", entry->permanent ? "P" : "");
    assert_string_equal(seen, flags);
}

static void assert_state(struct scene *scene, const char *primary, const char *secondary)
{
    struct rig_smp_response list = bench_list(&scene->bench);

    assert_int_equal(list.n_images, 2);
    assert_flags(&list.images[0], primary);
    assert_flags(&list.images[1], secondary);
}

static void states_and_flags_follow_the_table(void **state)
{
    struct scene *scene = scene_at_517();

    (void)state;
    assert_true(bench_upload(&scene->bench, &scene->new_image, NULL));
    assert_state(scene, "bca", "b");
    assert_false(bench_mark(&scene->bench, scene->new_hash, false).error.failed);
    assert_state(scene, "bca", "bp");
    assert_false(bench_mark(&scene->bench, scene->new_hash, false).error.failed);
    assert_int_equal(bench_mark(&scene->bench, scene->new_hash, true).error.rc, 28);
    assert_int_equal(bench_mark(&scene->bench, NULL, true).error.rc, 28);
    assert_int_equal(bench_mark(&scene->bench, scene->old_hash, false).error.rc, 33);
    bench_reset(&scene->bench);
    assert_state(scene, "ba", "bc");
    scene_free(scene);
}

static void permanent_shows_as_permanent(void **state)
{
    struct scene *scene = scene_at_517();

    (void)state;
    assert_true(bench_upload(&scene->bench, &scene->new_image, NULL));
    assert_false(bench_mark(&scene->bench, scene->new_hash, true).error.failed);
    assert_state(scene, "bca", "bpP");
    assert_false(bench_mark(&scene->bench, scene->new_hash, true).error.failed);
    scene_free(scene);
}

static void start_trial(struct scene *scene)
{
    assert_true(bench_upload(&scene->bench, &scene->new_image, NULL));
    assert_false(bench_mark(&scene->bench, scene->new_hash, false).error.failed);
    bench_reset(&scene->bench);
    assert_int_equal(sim_board_view(scene->bench.board).image.version.major, 2);
}

static void N21_upload_and_erase_in_the_trial_run_get_9(void **state)
{
    struct scene *scene = scene_at_517();

    (void)state;
    start_trial(scene);
    assert_int_equal(bench_chunk(&scene->bench, &scene->new_image, 0, 64, true).error.rc, 9);
    assert_int_equal(bench_erase(&scene->bench, -1).error.rc, 9);
    assert_int_equal(bench_mark(&scene->bench, scene->old_hash, false).error.rc, 28);
    assert_false(bench_mark(&scene->bench, scene->old_hash, true).error.failed);
    assert_state(scene, "ba", "bc");
    scene_free(scene);
}

static void N20_unconfirmed_trial_goes_back_at_the_second_reset(void **state)
{
    struct scene *scene = scene_at_517();

    (void)state;
    start_trial(scene);
    assert_false(sim_board_view(scene->bench.board).image.confirmed);
    bench_reset(&scene->bench);
    assert_int_equal(sim_board_view(scene->bench.board).image.version.major, 1);
    scene_free(scene);
}

static void confirmed_trial_stays(void **state)
{
    struct scene *scene = scene_at_517();

    (void)state;
    start_trial(scene);
    assert_false(bench_mark(&scene->bench, NULL, true).error.failed);
    assert_true(sim_board_view(scene->bench.board).image.confirmed);
    bench_reset(&scene->bench);
    assert_int_equal(sim_board_view(scene->bench.board).image.version.major, 2);
    scene_free(scene);
}

static void erase_of_a_pending_slot_is_refused_unless_allowed(void **state)
{
    (void)state;
    for (unsigned allowed = 0; allowed < 2; allowed++) {
        struct bench_config config = bench_config(RIG_SWAP_MOVE);

        config.app.erase_pending_allowed = allowed;
        struct scene *scene = scene_with(&config, &waits);
        assert_true(bench_upload(&scene->bench, &scene->new_image, NULL));
        assert_false(bench_mark(&scene->bench, scene->new_hash, false).error.failed);
        struct rig_smp_response erased = bench_erase(&scene->bench, 1);
        assert_int_equal(erased.error.failed, !allowed);
        if (!allowed)
            assert_int_equal(erased.error.rc, 9);
        else
            assert_int_equal(bench_list(&scene->bench).n_images, 1);
        scene_free(scene);
    }
}

static void N8_answers_never_awaited_lose_chunks(void **state)
{
    struct scene *scene = scene_at_517();
    uint8_t message[400];
    uint32_t offset = 0;

    (void)state;
    while (offset < scene->new_image.n_bytes) {
        size_t n_bytes = scene->new_image.n_bytes - offset < 200 ? scene->new_image.n_bytes - offset : 200;
        struct rig_smp_upload_chunk chunk = {.offset = offset,
                                             .total_bytes = (uint32_t)scene->new_image.n_bytes,
                                             .bytes = scene->new_image.bytes + offset,
                                             .n_bytes = n_bytes};
        size_t n = rig_smp_encode_upload((struct rig_smp_request_id){1, 0}, &chunk, message, sizeof message);

        bench_write(scene->bench.board, message, n);
        bench_run(&scene->bench, 2000);
        offset += (uint32_t)n_bytes;
    }
    bench_run(&scene->bench, 5 * RIG_SECOND_US);
    assert_false(bench_slot_holds(
        &scene->bench, &sim_mcuboot_config_of(scene->bench.board)->boot.secondary[0], &scene->new_image));
    scene_free(scene);
}

static void N9_older_interrupted_upload_shows_in_the_offset(void **state)
{
    struct scene *scene = scene_at_517();

    (void)state;
    off_of(bench_chunk(&scene->bench, &scene->old_image, 0, 96, true));
    sim_board_ble_disconnect(scene->bench.board);
    bench_connect(&scene->bench, 247);
    assert_int_equal(off_of(bench_chunk(&scene->bench, &scene->new_image, 500, 100, true)), 96);
    scene_free(scene);
}

static void N15_reset_before_test_swaps_nothing(void **state)
{
    struct scene *scene = scene_at_517();

    (void)state;
    assert_true(bench_upload(&scene->bench, &scene->new_image, NULL));
    bench_reset(&scene->bench);
    assert_int_equal(sim_board_view(scene->bench.board).image.version.major, 1);
    assert_state(scene, "bca", "b");
    scene_free(scene);
}

static void N19_disconnect_after_the_last_chunk_leaves_a_whole_image_and_no_progress(void **state)
{
    struct scene *scene = scene_at_517();
    uint8_t message[400];
    uint32_t last = (uint32_t)scene->new_image.n_bytes - 100, offset = 0;

    (void)state;
    while (offset < last)
        offset = off_of(bench_chunk(&scene->bench, &scene->new_image, offset,
                                    last - offset < 150 ? last - offset : 150, true));
    struct rig_smp_upload_chunk chunk = {
        .offset = offset, .bytes = scene->new_image.bytes + offset, .n_bytes = 100};
    size_t n = rig_smp_encode_upload((struct rig_smp_request_id){1, 0}, &chunk, message, sizeof message);
    bench_write(scene->bench.board, message, n);
    bench_run(&scene->bench, 20000);
    sim_board_ble_disconnect(scene->bench.board);
    bench_connect(&scene->bench, 247);
    assert_int_equal(bench_list(&scene->bench).n_images, 2);
    assert_int_equal(off_of(bench_chunk(&scene->bench, &scene->new_image, 0, 64, true)), 64);
    scene_free(scene);
}

static void two_images_have_their_own_slots(void **state)
{
    struct bench_config config = bench_config(RIG_SWAP_OVERWRITE);
    uint8_t message[400];

    (void)state;
    config.boot.n_images = 2;
    config.boot.primary[1] = (struct sim_area){0, 34 * 4096, 8 * 4096};
    config.boot.secondary[1] = (struct sim_area){0, 42 * 4096, 8 * 4096};
    struct scene *scene = scene_with(&config, &waits);
    struct rig_smp_upload_chunk chunk = {
        .image = 1, .total_bytes = 9000, .bytes = scene->new_image.bytes, .n_bytes = 64};
    struct rig_smp_response response;
    size_t n = rig_smp_encode_upload((struct rig_smp_request_id){1, 0}, &chunk, message, sizeof message);
    assert_true(bench_ask(&scene->bench, message, n, &response));
    assert_int_equal(off_of(response), 64);
    uint8_t magic[4];
    sim_flash_peek(sim_board_flash(scene->bench.board), 0, 42 * 4096, magic, 4);
    assert_memory_equal(magic, scene->new_image.bytes, 4);
    assert_false(bench_erase(&scene->bench, 3).error.failed);
    assert_int_equal(bench_list(&scene->bench).images[1].image, 1);
    scene_free(scene);
}

static void secondary_slot_on_an_external_device_takes_an_upload_and_a_swap(void **state)
{
    struct bench_config config = bench_config(RIG_SWAP_MOVE);

    (void)state;
    config.devices[1] = (struct sim_flash_device_config){.name = "external",
                                                         .regions = {{4096, 64}},
                                                         .n_regions = 1,
                                                         .write_bytes = 4,
                                                         .erased = 0xff,
                                                         .write_us = 3,
                                                         .erase_us = 45000};
    config.n_devices = 2;
    config.boot.secondary[0] = (struct sim_area){1, 0x8000, 16 * 4096};
    struct scene *scene = scene_with(&config, &waits);
    scene_mark(scene, true);
    assert_true(bench_slot_holds(&scene->bench, &config.boot.secondary[0], &scene->new_image));
    bench_reset(&scene->bench);
    assert_int_equal(sim_board_view(scene->bench.board).image.version.major, 2);
    scene_free(scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(upload_arrives_byte_for_byte_whatever_the_chunk_sizes),
        cmocka_unit_test(upload_works_in_every_mode_and_with_progressive_erase),
        cmocka_unit_test(progressive_erase_erases_each_sector_once),
        cmocka_unit_test(upload_resumes_by_sha_without_writing),
        cmocka_unit_test(wrong_offset_is_a_success_with_the_expected_one),
        cmocka_unit_test(overrun_gets_31_but_not_in_the_first_packet),
        cmocka_unit_test(upgrade_to_an_older_version_gets_27),
        cmocka_unit_test(sha_longer_than_32_gets_24),
        cmocka_unit_test(flash_that_refuses_gets_12_and_clears_the_upload),
        cmocka_unit_test(states_and_flags_follow_the_table),
        cmocka_unit_test(permanent_shows_as_permanent),
        cmocka_unit_test(N21_upload_and_erase_in_the_trial_run_get_9),
        cmocka_unit_test(N20_unconfirmed_trial_goes_back_at_the_second_reset),
        cmocka_unit_test(confirmed_trial_stays),
        cmocka_unit_test(erase_of_a_pending_slot_is_refused_unless_allowed),
        cmocka_unit_test(N8_answers_never_awaited_lose_chunks),
        cmocka_unit_test(N9_older_interrupted_upload_shows_in_the_offset),
        cmocka_unit_test(N15_reset_before_test_swaps_nothing),
        cmocka_unit_test(N19_disconnect_after_the_last_chunk_leaves_a_whole_image_and_no_progress),
        cmocka_unit_test(two_images_have_their_own_slots),
        cmocka_unit_test(secondary_slot_on_an_external_device_takes_an_upload_and_a_swap),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
