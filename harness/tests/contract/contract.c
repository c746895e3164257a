/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A fresh board for each test, for each driver. */
#include "tests/contract/contract.h"

#include "drivers/update/smp/smp_client.h"
#include "tests/link_support.h"

#include <string.h>

static struct rig_bytes build(struct rig_board *board, guint8 major, guint32 pad_to_bytes,
                              guint8 hash[RIG_IMAGE_HASH_BYTES])
{
    static const struct rig_payload_plan plan = {.behaviour = "waits", .self_test_us = 1000, .seed = 5};
    struct rig_key *key = board->layout.signing_needed ? rig_key_test(board->layout.signing, 0, NULL) : NULL;
    g_autoptr(GBytes) payload = board->application->make_payload(board, &plan, 4096, NULL);
    struct rig_image_recipe recipe = {.payload = g_bytes_get_data(payload, NULL),
                                      .payload_bytes = g_bytes_get_size(payload),
                                      .version = {.major = major},
                                      .key = key,
                                      .header_bytes = board->header_bytes,
                                      .erased = 0xff,
                                      .pad_to_bytes = pad_to_bytes};
    struct rig_bytes image = {0};
    struct rig_memory_image memory;
    struct rig_image_source source;
    struct rig_image_layout layout;

    assert_int_equal(rig_image_build(&recipe, &image), RIG_IMAGE_OK);
    rig_key_free(key);
    memory = (struct rig_memory_image){.bytes = image.bytes, .n_bytes = image.n_bytes};
    source = rig_image_source_from_memory(&memory);
    assert_int_equal(rig_image_read_layout(&source, G_MAXUINT32, &layout), RIG_IMAGE_OK);
    assert_int_equal(rig_image_stored_hash(&source, &layout, hash), RIG_IMAGE_OK);
    return image;
}

void bench_prepare(struct bench *bench, bool pending)
{
    struct rig_probe *probe = bench->board->probe;
    struct rig_board_image images[8] = {{0}};
    struct rig_board_setup setup = {.images = images, .confirmed = true, .seed = 11};

    /* A bootloader of two images starts neither without the other. */
    for (guint slot = 0; slot < probe->layout->n_slots && setup.n_images < 6; slot += 2)
        images[setup.n_images++] = (struct rig_board_image){
            .slot = slot, .bytes = bench->old_image.bytes, .n_bytes = bench->old_image.n_bytes};
    if (pending)
        images[setup.n_images++] = (struct rig_board_image){
            .slot = 1, .bytes = bench->new_image.bytes, .n_bytes = bench->new_image.n_bytes};
    assert_true(bench->board->ops->prepare(bench->board, &setup, NULL));
}

static bool is_up(void *user)
{
    return bench_view(user).state == RIG_STATE_RUNNING;
}

void bench_up(struct bench *bench)
{
    bool up = false;

    assert_true(bench->board->power->ops->set(bench->board->power, true, NULL));
    assert_true(rig_board_wait_for(bench->board, bench->board->ops->now_us(bench->board) + 60000000, is_up,
                                   bench, &up, NULL));
    assert_true(up);
}

void bench_connect(struct bench *bench)
{
    struct rig_link_connect how = {.until_us = bench->board->ops->now_us(bench->board) + 20000000};
    enum rig_link_outcome outcome;

    assert_true(connect_and_subscribe(bench->board->link, &how, &outcome, NULL));
    assert_int_equal(outcome, RIG_LINK_OK);
}

static bool never(void *user)
{
    (void)user;
    return false;
}

void bench_let_pass(struct bench *bench, guint64 for_us)
{
    bool satisfied;

    assert_true(rig_board_wait_for(bench->board, bench->board->ops->now_us(bench->board) + for_us, never,
                                   NULL, &satisfied, NULL));
}

void bench_need(const struct bench *bench, const char *capability)
{
    if (!rig_board_can(bench->board, capability))
        skip();
}

struct rig_board_view bench_view(struct bench *bench)
{
    struct rig_board_view view;

    assert_true(bench->board->probe->ops->view(bench->board->probe, &view, NULL));
    return view;
}

static int open_bench(void **state)
{
    struct bench *bench = g_new0(struct bench, 1);
    guint8 ignored[RIG_IMAGE_HASH_BYTES];
    struct rig_slot slot;

    bench->driver = *state;
    bench->board = bench->driver->make(&bench->owner);
    assert_true(rig_layout_slot(bench->board->probe->layout, 1, &slot));
    bench->old_image = build(bench->board, 1, 0, bench->old_hash);
    bench->new_image = build(bench->board, 2, slot.n_bytes - slot.image_offset, ignored);
    bench_prepare(bench, false);
    *state = bench;
    return 0;
}

static int close_bench(void **state)
{
    struct bench *bench = *state;

    assert_true(bench->board->ops->make_safe(bench->board, NULL));
    bench->driver->release(bench->board, bench->owner);
    rig_bytes_clear(&bench->old_image);
    rig_bytes_clear(&bench->new_image);
    g_free(bench);
    return 0;
}

static bool is_there(const struct contract_driver *driver)
{
    g_autofree char *path = driver->program ? g_find_program_in_path(driver->program) : NULL;

    if ((g_getenv("BOOTRIG_VM") != NULL) != driver->in_vm)
        return false;
    if (path || !driver->program)
        return true;
    print_message("left out: %s (%s is not installed; ci/setup --tests installs it)\n", driver->name,
                  driver->program);
    return false;
}

int contract_run(const struct CMUnitTest *tests, gsize n_tests)
{
    g_autofree struct CMUnitTest *all = g_new0(struct CMUnitTest, n_tests * contract_n_drivers);
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    gsize n = 0;

    for (gsize i = 0; i < contract_n_drivers; i++) {
        const struct contract_driver *driver = &contract_drivers[i];

        if (driver->only && !g_str_equal(driver->only, RIG_CONTRACT_ROLE))
            continue;
        for (gsize j = 0; j < n_tests && (j > 0 || is_there(driver)); j++) {
            g_ptr_array_add(names, g_strdup_printf("%s: %s", driver->name, tests[j].name));
            all[n++] = (struct CMUnitTest){.name = g_ptr_array_index(names, names->len - 1),
                                           .test_func = tests[j].test_func,
                                           .setup_func = open_bench,
                                           .teardown_func = close_bench,
                                           .initial_state = (void *)driver};
        }
    }
    return _cmocka_run_group_tests("contract", all, n, NULL, NULL);
}
