/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Nordic's settings page and SoftDevice info: offsets, checks, which page counts, peer data and name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "image/nordic_image.h"
#include "image/nordic_settings.h"
#include "image/softdevice.h"

static void fill(uint8_t *bytes, size_t n_bytes, uint32_t seed)
{
    for (size_t i = 0; i < n_bytes; i++) {
        seed = seed * 1664525u + 1013904223u;
        bytes[i] = (uint8_t)(seed >> 24);
    }
}

static struct rig_nordic_settings factory(uint32_t app_version)
{
    struct rig_nordic_settings settings;
    rig_nordic_settings_generate(&settings, app_version, 3, 0x5100, 0x11223344);
    return settings;
}

static void any_page_comes_back_as_it_was(void **state)
{
    (void)state;
    uint8_t page[RIG_NORDIC_SETTINGS_BYTES], back[RIG_NORDIC_SETTINGS_BYTES];
    struct rig_nordic_settings settings;
    fill(page, sizeof page, 1);
    rig_nordic_settings_decode(page, &settings);
    memset(back, 0, sizeof back);
    rig_nordic_settings_encode(&settings, back);
    assert_memory_equal(back, page, sizeof page);
    rig_nordic_settings_decode_1(page, &settings);
    memset(back, 0, sizeof back);
    rig_nordic_settings_encode_1(&settings, back);
    assert_memory_equal(back, page, RIG_NORDIC_SETTINGS_1_BYTES);
    assert_int_equal(settings.validations[1].type, 0);
}

static void fields_stand_where_the_bootloader_has_them(void **state)
{
    (void)state;
    uint8_t page[RIG_NORDIC_SETTINGS_BYTES];
    struct rig_nordic_settings settings = factory(7);
    settings.banks[1] = (struct rig_nordic_bank){0x101, 0x202, RIG_NORDIC_BANK_SOFTDEVICE};
    settings.write_offset = 0x303;
    settings.sd_size = 0x404;
    settings.command_size = 0x505;
    settings.image_crc = 0x606;
    settings.image_offset_last = 0x707;
    settings.enter_buttonless = 1;
    settings.validations[RIG_NORDIC_APPLICATION].type = RIG_NORDIC_VALIDATE_SHA256;
    settings.validations[RIG_NORDIC_BOOTLOADER].type = RIG_NORDIC_VALIDATE_ECDSA;
    rig_nordic_settings_encode(&settings, page);
    static const struct {
        size_t at;
        uint32_t value;
    } words[] = {{0x04, 2},     {0x08, 7},     {0x0c, 3},     {0x18, 0x5100}, {0x1c, 0x11223344},
                 {0x20, 1},     {0x24, 0x101}, {0x28, 0x202}, {0x2c, 0xa5},   {0x30, 0x303},
                 {0x34, 0x404}, {0x38, 0x505}, {0x48, 0x606}, {0x54, 0x707},  {0x58, 1}};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        assert_int_equal(rig_get_le32(page + words[i].at), words[i].value);
    assert_int_equal(page[0x2a1], 2);
    assert_int_equal(page[0x2e2], 3);
    assert_int_equal(page[0x323], 0xff); /* nothing of what nrfutil leaves alone */
    assert_int_equal(page[0x324], 0xff);
    assert_int_equal(page[0x37f], 0xff);
}

static void a_page_is_worth_what_its_checksums_say(void **state)
{
    (void)state;
    uint8_t page[RIG_NORDIC_SETTINGS_BYTES];
    struct rig_nordic_settings settings = factory(1);
    memset(page, 0xff, sizeof page);
    assert_int_equal(rig_nordic_page_check(page), RIG_NORDIC_PAGE_ERASED);
    rig_nordic_settings_encode(&settings, page);
    assert_int_equal(rig_nordic_page_check(page), RIG_NORDIC_PAGE_VALID);
    page[0x100] ^= 1; /* the init packet is in no checksum, and no peer data is */
    page[0x330] ^= 1;
    assert_int_equal(rig_nordic_page_check(page), RIG_NORDIC_PAGE_VALID);
    page[0x2a1] ^= 1;
    assert_int_equal(rig_nordic_page_check(page), RIG_NORDIC_PAGE_BAD_VALIDATION);
    page[0x5b] ^= 1;
    assert_int_equal(rig_nordic_page_check(page), RIG_NORDIC_PAGE_BAD_CRC);
    settings.version = 1; /* has no validations that could be wrong */
    rig_nordic_settings_seal(&settings);
    settings.validation_crc ^= 1;
    rig_nordic_settings_encode(&settings, page);
    assert_int_equal(rig_nordic_page_check(page), RIG_NORDIC_PAGE_VALID);
    memset(page, 0, 0x5c); /* a CRC that reads erased counts for nothing, whatever it is of */
    memset(page, 0xff, 4);
    assert_int_equal(rig_nordic_page_check(page), RIG_NORDIC_PAGE_BAD_CRC);
}

static void the_backup_counts_for_all_but_what_is_the_main_pages_own(void **state)
{
    (void)state;
    uint8_t main_page[RIG_NORDIC_SETTINGS_BYTES], backup[RIG_NORDIC_SETTINGS_BYTES];
    struct rig_nordic_settings own = factory(7), copy = factory(1), chosen;
    own.enter_buttonless = 1;
    memset(own.peer_data, 5, sizeof own.peer_data);
    memset(own.name, 6, sizeof own.name);
    rig_nordic_settings_seal(&own);
    rig_nordic_settings_encode(&own, main_page);
    rig_nordic_settings_encode(&copy, backup);
    rig_nordic_settings_choose(main_page, backup, &chosen);
    assert_int_equal(chosen.app_version, 1);
    assert_int_equal(chosen.crc, own.crc);
    assert_int_equal(chosen.enter_buttonless, 1);
    assert_int_equal(chosen.peer_data[9], 5);
    assert_int_equal(chosen.name[9], 6);
    rig_nordic_settings_choose(main_page, NULL, &chosen);
    assert_int_equal(chosen.app_version, 7);
    main_page[8]++;
    rig_nordic_settings_choose(main_page, backup, &chosen);
    assert_int_equal(chosen.app_version, 1);
    assert_int_equal(chosen.peer_data[9], 0xff);
    backup[0x261]++;
    rig_nordic_settings_choose(main_page, backup, &chosen);
    assert_int_equal(chosen.version, 2);
    assert_int_equal(chosen.banks[0].code, RIG_NORDIC_BANK_INVALID);
}

static void layout_1_becomes_layout_2(void **state)
{
    (void)state;
    uint8_t page[RIG_NORDIC_SETTINGS_BYTES];
    struct rig_nordic_settings settings = factory(1);
    settings.version = 1;
    memset(settings.peer_data, 8, sizeof settings.peer_data);
    memset(settings.name, 9, sizeof settings.name);
    memset(page, 0xff, sizeof page);
    rig_nordic_settings_encode_1(&settings, page);
    rig_nordic_settings_decode(page, &settings);
    rig_nordic_settings_convert(&settings);
    assert_int_equal(settings.version, 2);
    assert_int_equal(settings.peer_data[63], 8);
    assert_int_equal(settings.name[27], 9);
    assert_int_equal(settings.validations[RIG_NORDIC_APPLICATION].type, RIG_NORDIC_VALIDATE_CRC);
    assert_int_equal(rig_get_le32(settings.validations[RIG_NORDIC_APPLICATION].bytes), 0x11223344);
}

static void a_transfer_is_forgotten_whole(void **state)
{
    (void)state;
    uint8_t page[RIG_NORDIC_SETTINGS_BYTES];
    struct rig_nordic_settings settings;
    fill(page, sizeof page, 2);
    rig_nordic_settings_decode(page, &settings);
    rig_nordic_settings_reset_progress(&settings);
    rig_nordic_settings_encode(&settings, page);
    for (size_t i = 0x30; i < 0x58; i++)
        if (i < 0x34 || i >= 0x38)
            assert_int_equal(page[i], 0);
    for (size_t i = 0x5c; i < 0x25c; i++)
        assert_int_equal(page[i], 0xff);
    assert_int_not_equal(settings.sd_size, 0);
}

static void peer_data_has_a_state_of_its_own(void **state)
{
    (void)state;
    uint8_t bytes[RIG_NORDIC_PEER_DATA_BYTES];
    struct rig_nordic_peer peer, back;
    memset(bytes, 0xff, sizeof bytes);
    assert_int_equal(rig_nordic_peer_decode(bytes, NULL), RIG_NORDIC_EXTRA_ERASED);
    fill((uint8_t *)&peer, sizeof peer, 3);
    peer.ediv = 0x1234;
    rig_nordic_peer_encode(&peer, bytes);
    assert_int_equal(rig_nordic_peer_decode(bytes, &back), RIG_NORDIC_EXTRA_VALID);
    assert_memory_equal(back.irk, peer.irk, 16);
    assert_memory_equal(back.ltk, peer.ltk, 16);
    assert_memory_equal(back.random, peer.random, 8);
    assert_int_equal(back.ediv, 0x1234);
    assert_int_equal(bytes[0x2e], 0x34);
    assert_memory_equal(bytes + 0x15, peer.address, 6);
    bytes[0x2e]++;
    assert_int_equal(rig_nordic_peer_decode(bytes, &back), RIG_NORDIC_EXTRA_USED);
}

static void a_name_is_at_most_twenty_bytes(void **state)
{
    (void)state;
    uint8_t bytes[RIG_NORDIC_NAME_BYTES];
    char name[RIG_NORDIC_MAX_NAME_BYTES + 1];
    assert_false(rig_nordic_name_encode("a name of twenty-one b", 21, bytes));
    assert_true(rig_nordic_name_encode("a name of twenty byt", 20, bytes));
    assert_int_equal(rig_nordic_name_decode(bytes, name), RIG_NORDIC_EXTRA_VALID);
    assert_string_equal(name, "a name of twenty byt");
    rig_put_le32(bytes + 24, 0xffffffff); /* a length that lies, under a good CRC */
    rig_put_le32(bytes, rig_nordic_crc32(0, bytes + 4, sizeof bytes - 4));
    assert_int_equal(rig_nordic_name_decode(bytes, name), RIG_NORDIC_EXTRA_VALID);
    assert_int_equal(strlen(name), 20);
    bytes[4]++;
    assert_int_equal(rig_nordic_name_decode(bytes, name), RIG_NORDIC_EXTRA_USED);
    assert_string_equal(name, "");
}

static void a_softdevice_tells_what_it_is(void **state)
{
    (void)state;
    uint8_t bytes[0x2400];
    struct rig_softdevice softdevice;
    const struct rig_known_softdevice *known = rig_softdevice_by_name("s140-7.2.0");
    assert_non_null(known);
    assert_ptr_equal(rig_softdevice_by_firmware_id(0x100), known);
    assert_null(rig_softdevice_by_name("s140"));
    assert_null(rig_softdevice_by_firmware_id(0));
    assert_false(rig_softdevice_fill(&known->figures, bytes, 0x2017));
    assert_true(rig_softdevice_fill(&known->figures, bytes, sizeof bytes));
    assert_true(rig_softdevice_decode(bytes + RIG_SOFTDEVICE_INFO_AT, &softdevice));
    assert_int_equal(softdevice.flash_bytes, 0x27000);
    assert_int_equal(softdevice.firmware_id, 0x100);
    assert_int_equal(softdevice.id, 140);
    assert_int_equal(softdevice.version, 7002000);
    bytes[RIG_SOFTDEVICE_INFO_AT] = 0x14; /* its own length: id, and no version */
    assert_true(rig_softdevice_decode(bytes + RIG_SOFTDEVICE_INFO_AT, &softdevice));
    assert_int_equal(softdevice.id, 140);
    assert_int_equal(softdevice.version, 0);
    bytes[RIG_SOFTDEVICE_INFO_AT] = 0x10;
    assert_true(rig_softdevice_decode(bytes + RIG_SOFTDEVICE_INFO_AT, &softdevice));
    assert_int_equal(softdevice.id, 0);
    assert_int_equal(softdevice.firmware_id, 0x100);
    bytes[0x2004]++;
    assert_false(rig_softdevice_decode(bytes + RIG_SOFTDEVICE_INFO_AT, &softdevice));
    softdevice.flash_bytes = 0x3000;
    assert_false(rig_softdevice_fill(&softdevice, bytes, 0x2018));
    softdevice.flash_bytes = 0;
    assert_false(rig_softdevice_fill(&softdevice, bytes, 0x2018));
}

static void every_code_has_a_name(void **state)
{
    (void)state;
    assert_string_equal(rig_nordic_bank_code_name(0xac), "softdevice-bootloader");
    assert_string_equal(rig_nordic_bank_code_name(0x55), "unknown");
    assert_string_equal(rig_nordic_validation_name(3), "ecdsa");
    assert_string_equal(rig_nordic_validation_name(4), "unknown");
    assert_string_equal(rig_nordic_page_text(RIG_NORDIC_PAGE_BAD_CRC), "CRC wrong");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_page_comes_back_as_it_was),
        cmocka_unit_test(fields_stand_where_the_bootloader_has_them),
        cmocka_unit_test(a_page_is_worth_what_its_checksums_say),
        cmocka_unit_test(the_backup_counts_for_all_but_what_is_the_main_pages_own),
        cmocka_unit_test(layout_1_becomes_layout_2),
        cmocka_unit_test(a_transfer_is_forgotten_whole),
        cmocka_unit_test(peer_data_has_a_state_of_its_own),
        cmocka_unit_test(a_name_is_at_most_twenty_bytes),
        cmocka_unit_test(a_softdevice_tells_what_it_is),
        cmocka_unit_test(every_code_has_a_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
