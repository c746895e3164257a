/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Every seeded defect of the application shows, and the board without it behaves. */
#include "sim/board/support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static const struct sim_app_personality waits = {.behaviour = SIM_APP_NEVER_CONFIRMS};

struct scene {
    struct bench bench;
    struct rig_bytes old_image, new_image;
    uint8_t old_hash[32], new_hash[32];
    bool defective;
};

static void open_scene(struct scene *scene, enum sim_app_defect defect, bool defective)
{
    struct sim_board_config config = bench_config(RIG_SWAP_MOVE);

    memset(scene, 0, sizeof *scene);
    config.app.defects = defective ? (uint32_t)defect : 0;
    scene->defective = defective;
    scene->old_image = bench_image(1, &waits, 6000);
    scene->new_image = bench_image(2, &waits, 9001);
    image_hash(&scene->old_image, scene->old_hash);
    image_hash(&scene->new_image, scene->new_hash);
    bench_open(&scene->bench, &config);
    bench_program(&scene->bench, &scene->old_image);
    assert_true(bench_boot(&scene->bench));
    bench_connect(&scene->bench, 247);
}

/* Runs a look at the good board and at the defective one. */
static void both(enum sim_app_defect defect, void (*look)(struct scene *scene))
{
    for (unsigned defective = 0; defective < 2; defective++) {
        struct scene *scene = calloc(1, sizeof *scene);

        assert_non_null(scene);
        open_scene(scene, defect, defective);
        look(scene);
        bench_close(&scene->bench);
        rig_bytes_clear(&scene->old_image);
        rig_bytes_clear(&scene->new_image);
        free(scene);
    }
}

static struct rig_smp_response chunk(struct scene *scene, uint32_t offset, size_t n_bytes)
{
    return bench_chunk(&scene->bench, &scene->new_image, offset, n_bytes, true);
}

static void look_at_wrong_offset(struct scene *scene)
{
    const struct sim_area *secondary = &sim_board_config(scene->bench.board)->boot.secondary[0];
    uint32_t offset = (uint32_t)chunk(scene, 0, 100).off;

    /* A chunk is lost on the way; the client believes the offsets that it is told. */
    offset = (uint32_t)chunk(scene, offset + 100, 100).off;
    assert_int_equal(offset, scene->defective ? 200 : 100);
    while (offset < scene->new_image.n_bytes)
        offset = (uint32_t)chunk(scene, offset, 150).off;
    assert_int_equal(bench_slot_holds(&scene->bench, secondary, &scene->new_image), !scene->defective);
}

static void accepts_wrong_offset(void **state)
{
    (void)state;
    both(SIM_APP_DEFECT_ACCEPTS_WRONG_OFFSET, look_at_wrong_offset);
}

static void look_at_reboot(struct scene *scene)
{
    uint32_t reached;

    assert_int_equal(bench_upload(&scene->bench, &scene->new_image, &reached), !scene->defective);
    if (!scene->defective)
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

static void look_at_second_upload(struct scene *scene)
{
    assert_true(bench_upload(&scene->bench, &scene->new_image, NULL));
    assert_int_equal(bench_upload(&scene->bench, &scene->new_image, NULL), !scene->defective);
    assert_false(bench_list(&scene->bench).error.failed);
}

static void second_upload_dead(void **state)
{
    (void)state;
    both(SIM_APP_DEFECT_SECOND_UPLOAD_DEAD, look_at_second_upload);
}

static void start_trial(struct scene *scene)
{
    assert_true(bench_upload(&scene->bench, &scene->new_image, NULL));
    assert_false(bench_mark(&scene->bench, scene->new_hash, false).error.failed);
    bench_reset(&scene->bench);
    assert_int_equal(sim_board_view(scene->bench.board).version.major, 2);
}

static void look_at_confirm(struct scene *scene)
{
    start_trial(scene);
    assert_false(bench_mark(&scene->bench, NULL, true).error.failed);
    assert_int_equal(sim_board_view(scene->bench.board).confirmed, !scene->defective);
    bench_reset(&scene->bench);
    assert_int_equal(sim_board_view(scene->bench.board).version.major, scene->defective ? 1 : 2);
}

static void confirm_does_nothing(void **state)
{
    (void)state;
    both(SIM_APP_DEFECT_CONFIRM_DOES_NOTHING, look_at_confirm);
}

static void look_at_pending_erase(struct scene *scene)
{
    assert_true(bench_upload(&scene->bench, &scene->new_image, NULL));
    assert_false(bench_mark(&scene->bench, scene->new_hash, false).error.failed);
    assert_int_equal(bench_erase(&scene->bench, 1).error.failed, !scene->defective);
    assert_int_equal(bench_list(&scene->bench).n_images, scene->defective ? 1 : 2);
}

static void erases_pending(void **state)
{
    (void)state;
    both(SIM_APP_DEFECT_ERASES_PENDING, look_at_pending_erase);
}

static void look_at_json(struct scene *scene)
{
    const uint8_t json[] = "\x0a\0\0\x09\0\x01\x07\x01{\"off\":0}";
    struct rig_smp_response response;

    assert_true(bench_ask(&scene->bench, json, sizeof json - 1, &response));
    assert_int_equal(response.error.failed, !scene->defective);
}

static void accepts_json(void **state)
{
    (void)state;
    both(SIM_APP_DEFECT_ACCEPTS_JSON, look_at_json);
}

static void look_at_trial_upload(struct scene *scene)
{
    start_trial(scene);
    assert_int_equal(bench_upload(&scene->bench, &scene->new_image, NULL), scene->defective);
    bench_reset(&scene->bench);
    /* The fallback is gone. */
    assert_int_equal(sim_board_view(scene->bench.board).version.major, scene->defective ? 2 : 1);
}

static void upload_in_trial(void **state)
{
    (void)state;
    both(SIM_APP_DEFECT_UPLOAD_IN_TRIAL, look_at_trial_upload);
}

static void look_at_resume(struct scene *scene)
{
    chunk(scene, 0, 100);
    chunk(scene, 100, 100);
    assert_int_equal(chunk(scene, 0, 100).off, scene->defective ? 100 : 200);
}

static void no_resume(void **state)
{
    (void)state;
    both(SIM_APP_DEFECT_NO_RESUME, look_at_resume);
}

static void look_at_hash(struct scene *scene)
{
    uint8_t wrong[32] = {1, 2, 3};

    assert_true(bench_upload(&scene->bench, &scene->new_image, NULL));
    assert_int_equal(bench_mark(&scene->bench, wrong, false).error.failed, !scene->defective);
    assert_int_equal(bench_list(&scene->bench).images[1].pending, scene->defective);
}

static void wrong_hash_accepted(void **state)
{
    (void)state;
    both(SIM_APP_DEFECT_WRONG_HASH_ACCEPTED, look_at_hash);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accepts_wrong_offset), cmocka_unit_test(reboots_in_upload),    cmocka_unit_test(second_upload_dead),
        cmocka_unit_test(confirm_does_nothing), cmocka_unit_test(erases_pending),       cmocka_unit_test(accepts_json),
        cmocka_unit_test(upload_in_trial),      cmocka_unit_test(no_resume),            cmocka_unit_test(wrong_hash_accepted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
