/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A running board with an update at hand, and exchanges of exact bytes; uses cmocka's assertions. */
#include "sim/firmware/mcuboot/support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

const struct sim_app_personality waits = {.behaviour = SIM_APP_NEVER_CONFIRMS};

struct scene *scene_with(const struct bench_config *config, const struct sim_app_personality *newcomer)
{
    struct scene *scene = calloc(1, sizeof *scene);

    assert_non_null(scene);
    scene->old_image = bench_image(1, &waits, 6000);
    scene->new_image = bench_image(2, newcomer, 9001);
    image_hash(&scene->old_image, scene->old_hash);
    image_hash(&scene->new_image, scene->new_hash);
    bench_open(&scene->bench, config);
    bench_program(&scene->bench, &scene->old_image);
    if (config->boot.n_images > 1)
        sim_flash_poke(sim_board_flash(scene->bench.board), 0, config->boot.primary[1].offset,
                       scene->old_image.bytes, scene->old_image.n_bytes);
    assert_true(bench_boot(&scene->bench));
    bench_connect(&scene->bench, SIM_BLE_MAX_MTU);
    return scene;
}

struct scene *scene_new(const struct sim_app_personality *newcomer)
{
    struct bench_config config = bench_config(RIG_SWAP_MOVE);

    return scene_with(&config, newcomer);
}

void scene_free(struct scene *scene)
{
    bench_close(&scene->bench);
    rig_bytes_clear(&scene->old_image);
    rig_bytes_clear(&scene->new_image);
    free(scene);
}

void scene_mark(struct scene *scene, bool permanent)
{
    assert_true(bench_upload(&scene->bench, &scene->new_image, NULL));
    assert_false(bench_mark(&scene->bench, scene->new_hash, permanent).error.failed);
}

uint32_t off_of(struct rig_smp_response response)
{
    assert_false(response.error.failed);
    assert_true(response.has_off);
    return (uint32_t)response.off;
}

size_t from_hex(const char *text, uint8_t *bytes)
{
    size_t n_bytes = 0;

    for (; *text; text += *text == ' ' ? 1 : 2) {
        char pair[3] = {text[0], text[1], '\0'};

        if (*text != ' ')
            bytes[n_bytes++] = (uint8_t)strtoul(pair, NULL, 16);
    }
    return n_bytes;
}

void exchange(struct bench *bench, const char *request, const char *expected)
{
    uint8_t bytes[600], wanted[600];
    size_t n_bytes = from_hex(request, bytes);
    size_t n_wanted = from_hex(expected, wanted);
    bool answered = bench_ask_raw(bench, bytes, n_bytes, false);

    assert_int_equal(answered, n_wanted > 0);
    if (answered) {
        assert_int_equal(bench->n_answer, n_wanted);
        assert_memory_equal(bench->answer, wanted, n_wanted);
    }
}
