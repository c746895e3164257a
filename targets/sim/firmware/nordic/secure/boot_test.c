/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Boot decisions of the secure bootloader: what was measured of the real code with both settings pages in
 * every state, GPREGRET, validation at boot, and peer data. */
#include "sim/firmware/nordic/secure/secure_fixture.h"

#include "base/bytes.h"

#include <string.h>

#define REPAIRS_MAIN "E S7f000+1000 W S7f000+380"
#define REPAIRS_BACKUP "E B7e000+1000 W B7e000+380"
#define CLEARS_PEER "E S7f000+1000 W S7f000+324 " REPAIRS_BACKUP
#define TIMEOUT_MS 120000u

/* One run of the bootloader, and what must come of it. */
static void boots(struct world *world, enum sim_secure_outcome outcome, uint8_t gpregret, const char *ops)
{
    assert_int_equal(world_boot(world), outcome);
    assert_int_equal(world->retained.gpregret, gpregret);
    if (outcome == SIM_SECURE_UPDATER)
        assert_int_equal(world->start.timeout_ms, TIMEOUT_MS);
    assert_string_equal(world_ops(world), ops);
}

static void blank(struct world *world, uint32_t page)
{
    uint8_t erased[RIG_NORDIC_SETTINGS_BYTES];
    memset(erased, 0xff, sizeof erased);
    world_poke(world, page, erased, sizeof erased);
}

static void damage(struct world *world, uint32_t at)
{
    uint8_t byte;
    assert_int_equal(sim_flash_peek(world->flash, SIM_FLASH_INTERNAL, at, &byte, 1), SIM_OK);
    byte ^= 0x55;
    world_poke(world, at, &byte, 1);
}

static struct rig_nordic_settings settings_of(struct world *world, uint32_t page)
{
    uint8_t bytes[RIG_NORDIC_SETTINGS_BYTES];
    struct rig_nordic_settings settings;
    assert_int_equal(sim_flash_peek(world->flash, SIM_FLASH_INTERNAL, page, bytes, sizeof bytes), SIM_OK);
    rig_nordic_settings_decode(bytes, &settings);
    return settings;
}

/* Of version 7, with no application. */
static struct rig_nordic_settings without_application(void)
{
    struct rig_nordic_settings settings = world_settings();
    settings.app_version = 7;
    settings.banks[0].code = RIG_NORDIC_BANK_INVALID;
    rig_nordic_settings_seal(&settings);
    return settings;
}

static void pages_that_are_blank_or_wrong_are_made_good_from_the_other(void **state)
{
    struct world *world = *state;
    boots(world, SIM_SECURE_APPLICATION, 0, "");
    blank(world, WORLD_SETTINGS); /* 3 */
    boots(world, SIM_SECURE_APPLICATION, 0, REPAIRS_MAIN);
    damage(world, WORLD_SETTINGS); /* 3b */
    boots(world, SIM_SECURE_APPLICATION, 0, REPAIRS_MAIN);
    blank(world, WORLD_BACKUP); /* 4 */
    boots(world, SIM_SECURE_APPLICATION, 0, REPAIRS_BACKUP);
}

static void without_settings_it_waits_for_an_update(void **state)
{
    struct world *world = *state;
    blank(world, WORLD_SETTINGS);
    blank(world, WORLD_BACKUP);
    boots(world, SIM_SECURE_UPDATER, 0, REPAIRS_MAIN " " REPAIRS_BACKUP); /* 2 */
    assert_int_equal(world->start.entry, SIM_SECURE_NO_APPLICATION);
    boots(world, SIM_SECURE_UPDATER, 0, ""); /* 2b */
}

static void the_backup_overrules_the_main_page(void **state)
{
    struct world *world = *state;
    struct rig_nordic_settings none = without_application();
    world_put_settings(world, WORLD_SETTINGS, &none); /* 5 */
    boots(world, SIM_SECURE_APPLICATION, 0, REPAIRS_MAIN);
    assert_int_equal(settings_of(world, WORLD_SETTINGS).app_version, 1);
    world_put_settings(world, WORLD_BACKUP, &none); /* 5b */
    boots(world, SIM_SECURE_UPDATER, 0, REPAIRS_MAIN);
    assert_int_equal(settings_of(world, WORLD_SETTINGS).app_version, 7);
    assert_int_equal(settings_of(world, WORLD_SETTINGS).banks[0].code, RIG_NORDIC_BANK_INVALID);
}

static void the_crc_of_the_boot_validations_counts_in_the_backup_alone(void **state)
{
    struct world *world = *state;
    struct rig_nordic_settings wrong = world_settings();
    wrong.validations[RIG_NORDIC_APPLICATION].bytes[0] ^= 1;
    world_put_settings(world, WORLD_SETTINGS, &wrong); /* 6 */
    boots(world, SIM_SECURE_APPLICATION, 0, REPAIRS_MAIN);
    world_put_settings(world, WORLD_BACKUP, &wrong); /* 6c */
    boots(world, SIM_SECURE_APPLICATION, 0, REPAIRS_BACKUP);
    world_put_settings(world, WORLD_SETTINGS, &wrong); /* 6b */
    blank(world, WORLD_BACKUP);
    boots(world, SIM_SECURE_UPDATER, 0, REPAIRS_MAIN " " REPAIRS_BACKUP);
}

static void a_damaged_application_is_not_started_but_where_the_check_is_left_out(void **state)
{
    struct world *world = *state;
    damage(world, WORLD_BANK_0 + 0x1234);
    boots(world, SIM_SECURE_UPDATER, 0, ""); /* 7 */
    world->retained.gpregret2 = SIM_NORDIC_GPREGRET2_SKIP_CRC;
    boots(world, SIM_SECURE_APPLICATION, 0, ""); /* 7b */
    assert_int_equal(world->retained.gpregret2, 0);
    world->retained.from_system_off = true;
    boots(world, SIM_SECURE_APPLICATION, 0, ""); /* 7c */
    assert_false(world->retained.from_system_off);
    boots(world, SIM_SECURE_UPDATER, 0, "");
    world->retained.gpregret2 = SIM_NORDIC_GPREGRET2_SKIP_CRC;
    world->config.always_checks_crc = true;
    boots(world, SIM_SECURE_UPDATER, 0, "");
}

static void a_debug_build_starts_what_is_damaged(void **state)
{
    struct world *world = *state;
    damage(world, WORLD_BANK_0 + 0x1234);
    world->config.debug = true;
    boots(world, SIM_SECURE_APPLICATION, 0, "");
}

static void a_hash_is_compared_at_every_boot(void **state)
{
    struct world *world = *state;
    struct rig_nordic_settings settings = world_settings();
    uint8_t old[WORLD_OLD_BYTES];
    for (uint32_t i = 0; i < sizeof old; i++)
        old[i] = world_old_byte(i);
    struct rig_nordic_validation *validation = &settings.validations[RIG_NORDIC_APPLICATION];
    validation->type = RIG_NORDIC_VALIDATE_SHA256;
    uint8_t hash[RIG_IMAGE_HASH_BYTES];
    assert_true(rig_init_hash_of(old, sizeof old, hash));
    for (size_t i = 0; i < sizeof hash; i++)
        validation->bytes[i] = hash[sizeof hash - 1 - i];
    rig_nordic_settings_seal(&settings);
    world_put_settings(world, WORLD_SETTINGS, &settings);
    world_put_settings(world, WORLD_BACKUP, &settings);
    boots(world, SIM_SECURE_APPLICATION, 0, "");
    damage(world, WORLD_BANK_0);
    world->retained.gpregret2 = SIM_NORDIC_GPREGRET2_SKIP_CRC;
    boots(world, SIM_SECURE_UPDATER, 0, "");
    damage(world, WORLD_BANK_0);
    validation->type = RIG_NORDIC_VALIDATE_ECDSA;
    assert_true(rig_init_sign(world->key, old, sizeof old, validation->bytes));
    rig_nordic_settings_seal(&settings);
    world_put_settings(world, WORLD_SETTINGS, &settings);
    world_put_settings(world, WORLD_BACKUP, &settings);
    world->config.checks_app_signature = true;
    boots(world, SIM_SECURE_APPLICATION, 0, "");
    damage(world, WORLD_BANK_0);
    boots(world, SIM_SECURE_UPDATER, 0, "");
}

static void a_damaged_softdevice_keeps_the_application_from_starting(void **state)
{
    struct world *world = *state;
    struct rig_nordic_settings settings = world_settings();
    settings.sd_size = WORLD_SOFTDEVICE_BYTES;
    settings.validations[RIG_NORDIC_SOFTDEVICE].type = RIG_NORDIC_VALIDATE_CRC;
    rig_put_le32(settings.validations[RIG_NORDIC_SOFTDEVICE].bytes,
                 rig_nordic_crc32(0, world->softdevice, sizeof world->softdevice));
    rig_nordic_settings_seal(&settings);
    world_put_settings(world, WORLD_SETTINGS, &settings);
    world_put_settings(world, WORLD_BACKUP, &settings);
    boots(world, SIM_SECURE_APPLICATION, 0, "");
    assert_false(world->start.softdevice_damaged);
    damage(world, 0x1800);
    boots(world, SIM_SECURE_UPDATER, 0, ""); /* 7d */
    assert_true(world->start.softdevice_damaged);
}

static void settings_without_validation_start_anything(void **state)
{
    struct world *world = *state;
    struct rig_nordic_settings settings = world_settings();
    settings.validations[RIG_NORDIC_APPLICATION].type = RIG_NORDIC_VALIDATE_NOTHING;
    rig_nordic_settings_seal(&settings);
    world_put_settings(world, WORLD_SETTINGS, &settings);
    world_put_settings(world, WORLD_BACKUP, &settings);
    damage(world, WORLD_BANK_0 + 0x1234);
    boots(world, SIM_SECURE_APPLICATION, 0, ""); /* 7e */
}

static void any_bit_of_gpregret_enters_and_the_whole_value_is_cleared(void **state)
{
    struct world *world = *state;
    static const struct {
        uint8_t value, after;
        bool enters;
    } cases[] = {{0xb1, 0, true},     {0x01, 0x01, true}, {0x80, 0x80, true}, {0x10, 0x10, true},
                 {0x20, 0x20, true},  {0xb3, 0x02, true}, {0xb0, 0xb0, true}, {0xb9, 0xb9, true},
                 {0x4e, 0x4e, false}, {0, 0, false}}; /* 8, 8b, 8d */
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        world->retained.gpregret = cases[i].value;
        boots(world, cases[i].enters ? SIM_SECURE_UPDATER : SIM_SECURE_APPLICATION, cases[i].after, "");
        assert_int_equal(world->start.entry,
                         cases[i].enters ? SIM_SECURE_BY_GPREGRET : SIM_SECURE_NOT_ENTERED);
    }
}

static void waiting_in_vain_ends_in_a_reset(void **state)
{
    struct world *world = *state;
    struct sim_secure_wish wish;
    for (int i = 0; i < 2; i++) {
        uint8_t after = i == 0 ? 0x80 : 0;
        world->retained.gpregret = i == 0 ? 0x80 : 0xb1; /* 8c, 8e */
        boots(world, SIM_SECURE_UPDATER, after, "");
        uint64_t due = sim_secure_due(&world->config, world->state, world->flash, 0);
        assert_int_equal(due, TIMEOUT_MS * 1000ull);
        assert_int_equal(sim_secure_due(&world->config, world->state, world->flash, due - 1), due);
        assert_false(sim_secure_next(world->state, &wish));
        assert_int_equal(sim_secure_due(&world->config, world->state, world->flash, due), SIM_SECURE_NEVER);
        assert_true(sim_secure_next(world->state, &wish));
        assert_int_equal(wish.kind, SIM_SECURE_DO_RESET);
        boots(world, i == 0 ? SIM_SECURE_UPDATER : SIM_SECURE_APPLICATION, after, "");
    }
}

static void settings_of_layout_1_are_converted(void **state)
{
    struct world *world = *state;
    struct rig_nordic_settings settings = world_settings();
    uint8_t bytes[0x1000];
    settings.version = 1;
    memset(settings.peer_data, 0, sizeof settings.peer_data);
    rig_nordic_settings_seal(&settings);
    memset(bytes, 0xff, sizeof bytes);
    rig_nordic_settings_encode_1(&settings, bytes);
    world_poke(world, WORLD_SETTINGS, bytes, sizeof bytes);
    world_poke(world, WORLD_BACKUP, bytes, sizeof bytes);
    boots(world, SIM_SECURE_APPLICATION, 0, REPAIRS_MAIN " " REPAIRS_BACKUP " " CLEARS_PEER); /* 9 */
    settings = settings_of(world, WORLD_BACKUP);
    assert_int_equal(settings.version, 2);
    assert_int_equal(settings.validations[RIG_NORDIC_APPLICATION].type, RIG_NORDIC_VALIDATE_CRC);
    boots(world, SIM_SECURE_APPLICATION, 0, "");
}

static const struct rig_nordic_peer phone = {.address = {1, 2, 3, 4, 5, 6}, .ediv = 0x1234, .ltk = {7}};

static void peer_data_is_kept_for_the_updater_and_cleared_for_the_application(void **state)
{
    struct world *world = *state;
    struct rig_nordic_peer peer;
    assert_int_equal(sim_secure_hand_over_peer(&world->config, world->flash, &phone), SIM_SECURE_HANDED_OVER);
    assert_string_equal(world_ops(world), "W 7f324+40");
    assert_int_equal(sim_secure_hand_over_peer(&world->config, world->flash, &phone),
                     SIM_SECURE_HAND_OVER_USED);
    world->retained.gpregret = 0xb1;
    boots(world, SIM_SECURE_UPDATER, 0, REPAIRS_BACKUP); /* 10 */
    assert_int_equal(sim_secure_peer(&world->config, world->flash, &peer), RIG_NORDIC_EXTRA_VALID);
    assert_memory_equal(&peer, &phone, sizeof peer);
    boots(world, SIM_SECURE_APPLICATION, 0, CLEARS_PEER); /* 10b */
    boots(world, SIM_SECURE_APPLICATION, 0, "");          /* 10c */
    assert_int_equal(sim_secure_peer(&world->config, world->flash, &peer), RIG_NORDIC_EXTRA_ERASED);
    assert_int_equal(sim_secure_hand_over_peer(&world->config, world->flash, &phone), SIM_SECURE_HANDED_OVER);
}

static void a_name_goes_the_same_way(void **state)
{
    struct world *world = *state;
    char name[RIG_NORDIC_MAX_NAME_BYTES + 1];
    assert_int_equal(sim_secure_hand_over_name(&world->config, world->flash, "Dfu01", 5),
                     SIM_SECURE_HANDED_OVER);
    assert_string_equal(world_ops(world), "W 7f364+1c");
    assert_int_equal(sim_secure_hand_over_name(&world->config, world->flash, "Dfu02", 5),
                     SIM_SECURE_HAND_OVER_USED);
    world->retained.gpregret = 0xb1;
    boots(world, SIM_SECURE_UPDATER, 0, REPAIRS_BACKUP);
    assert_int_equal(sim_secure_name(&world->config, world->flash, name), RIG_NORDIC_EXTRA_VALID);
    assert_string_equal(name, "Dfu01");
    boots(world, SIM_SECURE_APPLICATION, 0, CLEARS_PEER);
    assert_int_equal(sim_secure_name(&world->config, world->flash, name), RIG_NORDIC_EXTRA_ERASED);
    assert_string_equal(name, "");
}

static void a_build_that_requires_bonds_does_not_come_up_without_one(void **state)
{
    struct world *world = *state;
    world->config.requires_bonds = true;
    world->retained.gpregret = 0xb1;
    boots(world, SIM_SECURE_FAULT, 0, ""); /* 11: the application's chance at the next run */
    boots(world, SIM_SECURE_APPLICATION, 0, "");
    damage(world, WORLD_BANK_0); /* 12: for ever */
    for (int i = 0; i < 3; i++)
        boots(world, SIM_SECURE_FAULT, 0, "");
    assert_int_equal(sim_secure_hand_over_peer(&world->config, world->flash, &phone), SIM_SECURE_HANDED_OVER);
    (void)world_ops(world);
    boots(world, SIM_SECURE_UPDATER, 0, REPAIRS_BACKUP);
}

static void every_way_in_is_a_matter_of_the_build(void **state)
{
    struct world *world = *state;
    struct rig_nordic_settings settings = world_settings();
    world->retained.button = true;
    boots(world, SIM_SECURE_UPDATER, 0, "");
    assert_int_equal(world->start.entry, SIM_SECURE_BY_BUTTON);
    world->config.enters_by_button = false;
    world->retained.by_pin = true;
    boots(world, SIM_SECURE_APPLICATION, 0, "");
    world->config.enters_by_pin_reset = true;
    boots(world, SIM_SECURE_UPDATER, 0, "");
    assert_int_equal(world->start.entry, SIM_SECURE_BY_PIN_RESET);
    assert_false(world->retained.by_pin);
    settings.enter_buttonless = 1;
    rig_nordic_settings_seal(&settings);
    world_put_settings(world, WORLD_SETTINGS, &settings);
    world->config.enters_by_settings = true;
    /* The flag of the main page counts; it is cleared there alone. */
    boots(world, SIM_SECURE_UPDATER, 0, REPAIRS_BACKUP " " REPAIRS_MAIN);
    assert_int_equal(world->start.entry, SIM_SECURE_BY_SETTINGS);
    assert_int_equal(settings_of(world, WORLD_SETTINGS).enter_buttonless, 0);
    world->config.enters_by_gpregret = false;
    world->retained.gpregret = 0xb1;
    boots(world, SIM_SECURE_APPLICATION, 0xb1, REPAIRS_BACKUP);
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
        TEST(pages_that_are_blank_or_wrong_are_made_good_from_the_other),
        TEST(without_settings_it_waits_for_an_update),
        TEST(the_backup_overrules_the_main_page),
        TEST(the_crc_of_the_boot_validations_counts_in_the_backup_alone),
        TEST(a_damaged_application_is_not_started_but_where_the_check_is_left_out),
        TEST(a_debug_build_starts_what_is_damaged),
        TEST(a_hash_is_compared_at_every_boot),
        TEST(a_damaged_softdevice_keeps_the_application_from_starting),
        TEST(settings_without_validation_start_anything),
        TEST(any_bit_of_gpregret_enters_and_the_whole_value_is_cleared),
        TEST(waiting_in_vain_ends_in_a_reset),
        TEST(settings_of_layout_1_are_converted),
        TEST(peer_data_is_kept_for_the_updater_and_cleared_for_the_application),
        TEST(a_name_goes_the_same_way),
        TEST(a_build_that_requires_bonds_does_not_come_up_without_one),
        TEST(every_way_in_is_a_matter_of_the_build),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
