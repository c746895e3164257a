/* SPDX-License-Identifier: GPL-3.0-or-later */
/* SDK 12 to 15.0: settings without a backup, and the copy of SDK 12 with its two mistakes. */
#include "sim/firmware/nordic/secure/secure_fixture.h"

#include "protocol/nordic/dfu.h"

#include <string.h>

#define SAVES_12 "E S7f000+1000 W S7f000+15c"
#define SAVES_14 "E S7f000+1000 W S7f000+1b8"

static void make_older(struct world *world, enum sim_secure_sdk sdk, uint32_t old_bytes)
{
    struct rig_nordic_settings settings = world_settings();
    uint8_t erased[RIG_NORDIC_SETTINGS_BYTES];
    uint8_t old[WORLD_OLD_BYTES];
    world->config.sdk = sdk;
    for (uint32_t i = 0; i < old_bytes; i++)
        old[i] = world_old_byte(i);
    settings.version = 1;
    settings.banks[0].image_bytes = old_bytes;
    settings.banks[0].image_crc = rig_nordic_crc32(0, old, old_bytes);
    rig_nordic_settings_seal(&settings);
    world_put_settings(world, WORLD_SETTINGS, &settings);
    memset(erased, 0xff, sizeof erased);
    world_poke(world, WORLD_BACKUP, erased, sizeof erased);
}

static void enter(struct world *world)
{
    world->retained.gpregret = SIM_NORDIC_GPREGRET_DFU;
    assert_int_equal(world_settle(world), SIM_SECURE_UPDATER);
}

static void boots(struct world *world, enum sim_secure_outcome outcome, const char *ops)
{
    assert_int_equal(world_boot(world), outcome);
    assert_string_equal(world_ops(world), ops);
}

static void sdk_12_copies_page_by_page_and_erases_its_source(void **state)
{
    struct world *world = *state;
    make_older(world, SIM_SECURE_SDK_12, WORLD_OLD_BYTES);
    struct rig_init_packet init = world_application(world, 0x1204);
    enter(world);
    assert_string_equal(world_ops(world), "");
    assert_int_equal(world_transfer(world, &init), RIG_DFU_SUCCESS);
    assert_string_equal(world_ops(world), SAVES_12 " E 0c000+1000 W 0c000+1000 " SAVES_12
                                                   " E 0d000+1000 W 0d000+204 " SAVES_12);
    boots(world, SIM_SECURE_APPLICATION,
          "E 06000+1000 W 06000+4000 E 0c000+1000 " SAVES_12
          " E 07000+1000 W 07000+810 E 0d000+1000 " SAVES_12 " " SAVES_12);
    assert_true(world_holds(world, WORLD_BANK_0, world->image, world->image_bytes));
    boots(world, SIM_SECURE_APPLICATION, "");
}

static void without_settings_it_writes_some_and_waits(void **state)
{
    struct world *world = *state;
    uint8_t erased[RIG_NORDIC_SETTINGS_BYTES];
    make_older(world, SIM_SECURE_SDK_12, WORLD_OLD_BYTES);
    memset(erased, 0xff, sizeof erased);
    world_poke(world, WORLD_SETTINGS, erased, sizeof erased);
    boots(world, SIM_SECURE_UPDATER, SAVES_12);
    boots(world, SIM_SECURE_UPDATER, "");
}

static void sdk_14_copies_what_there_is_and_keeps_its_source(void **state)
{
    struct world *world = *state;
    make_older(world, SIM_SECURE_SDK_14, WORLD_OLD_BYTES);
    struct rig_init_packet init = world_application(world, 0x1204);
    enter(world);
    assert_int_equal(world_transfer(world, &init), RIG_DFU_SUCCESS);
    (void)world_ops(world);
    boots(world, SIM_SECURE_APPLICATION,
          "E 06000+1000 W 06000+1000 " SAVES_14 " E 07000+1000 W 07000+204 " SAVES_14 " " SAVES_14);
    assert_true(world_holds(world, WORLD_BANK_1, world->image, world->image_bytes));
}

static void over_a_tiny_application_sdk_12_spoils_its_source_and_stays_stuck(void **state)
{
    struct world *world = *state;
    struct rig_init_packet init;
    make_older(world, SIM_SECURE_SDK_12, 0x800); /* bank 1 one page above bank 0 */
    for (int i = 0; i < 2; i++) {
        init = world_application(world, 0x3004);
        enter(world);
        assert_int_equal(world_transfer(world, &init), RIG_DFU_SUCCESS);
        assert_int_equal(world_settle(world), SIM_SECURE_UPDATER);
        assert_true(world->start.activation_failed);
    }
    world_clear(world); /* four pages between them are enough, and so is SDK 14 */
    world_make(world);
    make_older(world, SIM_SECURE_SDK_12, 0x3800);
    init = world_application(world, 0x3004);
    enter(world);
    assert_int_equal(world_transfer(world, &init), RIG_DFU_SUCCESS);
    assert_int_equal(world_settle(world), SIM_SECURE_APPLICATION);
    world_clear(world);
    world_make(world);
    make_older(world, SIM_SECURE_SDK_14, 0x800);
    init = world_application(world, 0x3004);
    enter(world);
    assert_int_equal(world_transfer(world, &init), RIG_DFU_SUCCESS);
    assert_int_equal(world_settle(world), SIM_SECURE_APPLICATION);
    assert_true(world_holds(world, WORLD_BANK_0, world->image, world->image_bytes));
}

/* How many cuts between operations of the activation lose the application. */
static unsigned count_losses(struct world *world, unsigned *n_cuts)
{
    struct rig_init_packet init = world_application(world, 0x3004);
    unsigned n_lost = 0;
    enter(world);
    assert_int_equal(world_transfer(world, &init), RIG_DFU_SUCCESS);
    struct sim_flash_content *fresh = sim_flash_keep(world->flash);
    for (*n_cuts = 0;; (*n_cuts)++) {
        sim_flash_restore(world->flash, fresh);
        sim_flash_power(world->flash, true);
        sim_flash_arm_cut(world->flash, *n_cuts, SIM_CUT_BEFORE);
        (void)world_settle(world);
        bool fell = !sim_flash_powered(world->flash);
        sim_flash_disarm_cut(world->flash);
        sim_flash_power(world->flash, true);
        if (!fell)
            break;
        n_lost += world_settle(world) != SIM_SECURE_APPLICATION ||
                  !world_holds(world, WORLD_BANK_0, world->image, world->image_bytes);
    }
    sim_flash_content_free(fresh);
    return n_lost;
}

static void a_cut_copy_of_sdk_12_is_lost_that_of_sdk_14_only_with_the_settings(void **state)
{
    struct world *world = *state;
    unsigned n_cuts, n_lost;
    make_older(world, SIM_SECURE_SDK_14, WORLD_OLD_BYTES);
    n_lost = count_losses(world, &n_cuts);
    assert_int_equal(n_cuts, 4 * 4 + 2);
    /* Between erase and write of the settings, after each page and at the end; and before the latter. */
    assert_int_equal(n_lost, 5 + 1);
    world_clear(world);
    world_make(world);
    make_older(world, SIM_SECURE_SDK_12, WORLD_OLD_BYTES);
    n_lost = count_losses(world, &n_cuts);
    assert_int_equal(n_cuts, 3 * 8 + 5 + 2);
    /* From the first erase of the source on. Before: 1 erase and 4 pages of the target, and the source's. */
    assert_int_equal(n_lost, n_cuts - 6);
}

static void sdk_12_has_no_extended_codes_and_keeps_what_it_refused(void **state)
{
    struct world *world = *state;
    struct rig_init_packet init = world_application(world, 0x1204);
    make_older(world, SIM_SECURE_SDK_12, WORLD_OLD_BYTES);
    enter(world);
    init.hw_version = 51;
    assert_int_equal(world_send_init(world, &init), RIG_DFU_FAILED);
    assert_int_equal(world->state->settings.command_offset, world->state->settings.command_size);
    struct rig_key *key = world->key; /* contents before the signature */
    world->key = rig_key_test(RIG_KEY_ECDSA_P256, 1, NULL);
    assert_int_equal(world_send_init(world, &init), RIG_DFU_FAILED);
    init.hw_version = 52;
    assert_int_equal(world_send_init(world, &init), RIG_DFU_INVALID_OBJECT);
    rig_key_free(world->key);
    world->key = key;
    init.is_debug = true;
    assert_int_equal(world_send_init(world, &init), RIG_DFU_FAILED);
    init.is_debug = false;
    assert_int_equal(world_send_init(world, &init), RIG_DFU_SUCCESS);
    static const uint8_t select[] = {RIG_DFU_SELECT, 9};
    struct sim_secure_wish wish;
    sim_secure_control(&world->config, world->state, world->flash, select, sizeof select, 0);
    assert_true(sim_secure_next(world->state, &wish));
    assert_int_equal(wish.bytes[2], RIG_DFU_UNSUPPORTED_TYPE);
}

static void sdk_14_keeps_its_place_over_a_lost_link_and_sdk_12_over_a_reset(void **state)
{
    struct world *world = *state;
    struct rig_init_packet init = world_application(world, 0x3004);
    static const uint8_t select[] = {RIG_DFU_SELECT, RIG_DFU_DATA_OBJECT};
    static const uint8_t create[] = {RIG_DFU_CREATE, RIG_DFU_DATA_OBJECT, 0, 0x10, 0, 0};
    static const uint8_t execute[] = {RIG_DFU_EXECUTE};
    for (int is_12 = 0; is_12 < 2; is_12++) {
        struct sim_secure_wish wish = {0};
        make_older(world, is_12 ? SIM_SECURE_SDK_12 : SIM_SECURE_SDK_14, WORLD_OLD_BYTES);
        enter(world);
        assert_int_equal(world_send_init(world, &init), RIG_DFU_SUCCESS);
        sim_secure_control(&world->config, world->state, world->flash, create, sizeof create, 0);
        for (uint32_t at = 0; at < 0x1000; at += 128) {
            sim_secure_packet(&world->config, world->state, world->flash, world->image + at, 128, 0);
            sim_secure_drain(&world->config, world->state, world->flash);
        }
        sim_secure_control(&world->config, world->state, world->flash, execute, sizeof execute, 0);
        sim_secure_drain(&world->config, world->state, world->flash);
        sim_secure_linked(&world->config, world->state, world->flash, false);
        if (is_12)
            enter(world);
        sim_secure_linked(&world->config, world->state, world->flash, true);
        sim_secure_control(&world->config, world->state, world->flash, select, sizeof select, 0);
        while (sim_secure_next(world->state, &wish))
            ;
        assert_int_equal(wish.bytes[8], 0x10); /* offset 0x1000 */
    }
}

/* 1 KiB pages, no parameter page: an object is four pages, and the MBR copies a bootloader at once. */
static void make_nrf51(struct world *world)
{
    static const struct sim_flash_device_config device = {
        .name = "internal", .regions = {{0x400, 256}}, .n_regions = 1, .write_bytes = 4, .erased = 0xff};
    struct sim_flash *flash = sim_flash_new(&device, 1);
    struct rig_nordic_settings settings;
    uint8_t low[WORLD_BANK_1], page[RIG_NORDIC_SETTINGS_BYTES];
    make_older(world, SIM_SECURE_SDK_12, WORLD_OLD_BYTES);
    assert_non_null(flash);
    assert_int_equal(sim_flash_peek(world->flash, SIM_FLASH_INTERNAL, 0, low, sizeof low), SIM_OK);
    assert_int_equal(sim_flash_peek(world->flash, SIM_FLASH_INTERNAL, WORLD_SETTINGS, page, sizeof page),
                     SIM_OK);
    rig_nordic_settings_decode_1(page, &settings);
    sim_flash_free(world->flash);
    world->flash = flash;
    world->config.hardware_version = 51;
    world->config.map = (struct sim_nordic_map){.page_bytes = 0x400,
                                                .flash_bytes = 0x40000,
                                                .bootloader_at = 0x3ac00,
                                                .bootloader_bytes = 0x5000,
                                                .settings_at = 0x3fc00,
                                                .app_data_bytes = 0xc00};
    sim_flash_power(flash, true);
    world_poke(world, 0, low, sizeof low);
    world_put_settings(world, 0x3fc00, &settings);
}

static void an_nrf51_takes_objects_of_four_pages(void **state)
{
    struct world *world = *state;
    make_nrf51(world);
    struct rig_init_packet init = world_application(world, 0x1204);
    init.hw_version = 51;
    enter(world);
    assert_int_equal(world_transfer(world, &init), RIG_DFU_SUCCESS);
    assert_true(world_holds(world, 0xb400, world->image, world->image_bytes));
    assert_int_equal(world_settle(world), SIM_SECURE_APPLICATION);
    assert_true(world_holds(world, WORLD_BANK_0, world->image, world->image_bytes));
    init = world_bootloader(world, 0x1400);
    init.hw_version = 51;
    enter(world);
    assert_int_equal(world_transfer(world, &init), RIG_DFU_SUCCESS);
    assert_int_equal(world_boot(world), SIM_SECURE_RESET);
    assert_true(world_holds(world, 0x3ac00, world->image, world->image_bytes));
    assert_int_equal(world_settle(world), SIM_SECURE_APPLICATION);
}

static int set_up(void **state)
{
    struct world *world = test_malloc(sizeof *world);
    world_make(world);
    *state = world;
    return 0;
}

static int tear_down(void **state)
{
    world_clear(*state);
    test_free(*state);
    return 0;
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(sdk_12_copies_page_by_page_and_erases_its_source),
        TEST(without_settings_it_writes_some_and_waits),
        TEST(sdk_14_copies_what_there_is_and_keeps_its_source),
        TEST(over_a_tiny_application_sdk_12_spoils_its_source_and_stays_stuck),
        TEST(a_cut_copy_of_sdk_12_is_lost_that_of_sdk_14_only_with_the_settings),
        TEST(sdk_12_has_no_extended_codes_and_keeps_what_it_refused),
        TEST(an_nrf51_takes_objects_of_four_pages),
        TEST(sdk_14_keeps_its_place_over_a_lost_link_and_sdk_12_over_a_reset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
