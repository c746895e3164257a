/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Every seeded defect of the application shows, and the board without it behaves. */
#include "sim/firmware/mcuboot/support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* Runs a look at the good board and at the defective one. */
static void both(enum sim_app_defect defect, void (*look)(struct scene *scene, bool defective))
{
    for (unsigned defective = 0; defective < 2; defective++) {
        struct bench_config config = bench_config(RIG_SWAP_MOVE);

        config.app.defects = defective ? (uint32_t)defect : 0;
        struct scene *scene = scene_with(&config, &waits);
        look(scene, defective);
        scene_free(scene);
    }
}

static struct rig_smp_response chunk(struct scene *scene, uint32_t offset, size_t n_bytes)
{
    return bench_chunk(&scene->bench, &scene->new_image, offset, n_bytes, true);
}

static void look_at_wrong_offset(struct scene *scene, bool defective)
{
    const struct sim_area *secondary = &sim_mcuboot_config_of(scene->bench.board)->boot.secondary[0];
    uint32_t offset = (uint32_t)chunk(scene, 0, 100).off;

    /* A chunk is lost on the way; the client believes the offsets that it is told. */
    offset = (uint32_t)chunk(scene, offset + 100, 100).off;
    assert_int_equal(offset, defective ? 200 : 100);
    while (offset < scene->new_image.n_bytes)
        offset = (uint32_t)chunk(scene, offset, 150).off;
    assert_int_equal(bench_slot_holds(&scene->bench, secondary, &scene->new_image), !defective);
}

static void accepts_wrong_offset(void **state)
{
    (void)state;
    both(SIM_APP_DEFECT_ACCEPTS_WRONG_OFFSET, look_at_wrong_offset);
}

static void look_at_reboot(struct scene *scene, bool defective)
{
    uint32_t reached;

    assert_int_equal(bench_upload(&scene->bench, &scene->new_image, &reached), !defective);
    if (!defective)
        return;
    assert_true(reached > 3000 && reached < 6000);
    assert_int_equal(sim_board_view(scene->bench.board).n_resets, 1);
    /* Once per upload: the second try goes through, the next upload falls over again. */
    assert_true(bench_run_until_advertising(&scene->bench));
    bench_connect(&scene->bench, 247);
    assert_true(bench_upload(&scene->bench, &scene->new_image, NULL));
    assert_false(bench_upload(&scene->bench, &scene->new_image, NULL));
    assert_int_equal(sim_board_view(scene->bench.board).n_resets, 2);
}

static void reboots_in_upload(void **state)
{
    (void)state;
    both(SIM_APP_DEFECT_REBOOTS_IN_UPLOAD, look_at_reboot);
}

static void look_at_second_upload(struct scene *scene, bool defective)
{
    assert_true(bench_upload(&scene->bench, &scene->new_image, NULL));
    assert_int_equal(bench_upload(&scene->bench, &scene->new_image, NULL), !defective);
    assert_false(bench_list(&scene->bench).error.failed);
}

static void second_upload_dead(void **state)
{
    (void)state;
    both(SIM_APP_DEFECT_SECOND_UPLOAD_DEAD, look_at_second_upload);
}

static void start_trial(struct scene *scene)
{
    scene_mark(scene, false);
    bench_reset(&scene->bench);
    assert_int_equal(sim_board_view(scene->bench.board).image.version.major, 2);
}

static void look_at_confirm(struct scene *scene, bool defective)
{
    start_trial(scene);
    assert_false(bench_mark(&scene->bench, NULL, true).error.failed);
    assert_int_equal(sim_board_view(scene->bench.board).image.confirmed, !defective);
    bench_reset(&scene->bench);
    assert_int_equal(sim_board_view(scene->bench.board).image.version.major, defective ? 1 : 2);
}

static void confirm_does_nothing(void **state)
{
    (void)state;
    both(SIM_APP_DEFECT_CONFIRM_DOES_NOTHING, look_at_confirm);
}

static void look_at_pending_erase(struct scene *scene, bool defective)
{
    scene_mark(scene, false);
    assert_int_equal(bench_erase(&scene->bench, 1).error.failed, !defective);
    assert_int_equal(bench_list(&scene->bench).n_images, defective ? 1 : 2);
}

static void erases_pending(void **state)
{
    (void)state;
    both(SIM_APP_DEFECT_ERASES_PENDING, look_at_pending_erase);
}

static void look_at_json(struct scene *scene, bool defective)
{
    const uint8_t json[] = "\x0a\0\0\x09\0\x01\x07\x01{\"off\":0}";
    struct rig_smp_response response;

    assert_true(bench_ask(&scene->bench, json, sizeof json - 1, &response));
    assert_int_equal(response.error.failed, !defective);
}

static void accepts_json(void **state)
{
    (void)state;
    both(SIM_APP_DEFECT_ACCEPTS_JSON, look_at_json);
}

static void look_at_trial_upload(struct scene *scene, bool defective)
{
    start_trial(scene);
    assert_int_equal(bench_upload(&scene->bench, &scene->new_image, NULL), defective);
    bench_reset(&scene->bench);
    /* The fallback is gone. */
    assert_int_equal(sim_board_view(scene->bench.board).image.version.major, defective ? 2 : 1);
}

static void upload_in_trial(void **state)
{
    (void)state;
    both(SIM_APP_DEFECT_UPLOAD_IN_TRIAL, look_at_trial_upload);
}

static void look_at_resume(struct scene *scene, bool defective)
{
    chunk(scene, 0, 100);
    chunk(scene, 100, 100);
    assert_int_equal(chunk(scene, 0, 100).off, defective ? 100 : 200);
}

static void no_resume(void **state)
{
    (void)state;
    both(SIM_APP_DEFECT_NO_RESUME, look_at_resume);
}

static void look_at_hash(struct scene *scene, bool defective)
{
    uint8_t wrong[32] = {1, 2, 3};

    assert_true(bench_upload(&scene->bench, &scene->new_image, NULL));
    assert_int_equal(bench_mark(&scene->bench, wrong, false).error.failed, !defective);
    assert_int_equal(bench_list(&scene->bench).images[1].pending, defective);
}

static void wrong_hash_accepted(void **state)
{
    (void)state;
    both(SIM_APP_DEFECT_WRONG_HASH_ACCEPTED, look_at_hash);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accepts_wrong_offset), cmocka_unit_test(reboots_in_upload),
        cmocka_unit_test(second_upload_dead),   cmocka_unit_test(confirm_does_nothing),
        cmocka_unit_test(erases_pending),       cmocka_unit_test(accepts_json),
        cmocka_unit_test(upload_in_trial),      cmocka_unit_test(no_resume),
        cmocka_unit_test(wrong_hash_accepted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
