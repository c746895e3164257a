/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The legacy bootloader's settings page, byte for byte; filler programs and their seals. */
#include "image/legacy_settings.h"
#include "image/nordic_image.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const struct rig_legacy_settings received_softdevice = {
    .bank_0 = RIG_LEGACY_BANK_SOFTDEVICE,
    .bank_1 = RIG_LEGACY_BANK_INVALID,
    .bank_0_bytes = 0x1c400,
    .softdevice_bytes = 0x1b000,
    .bootloader_bytes = 0x1400,
    .softdevice_start = 0x1c000,
};

static void a_settings_page_has_its_fields_where_the_bootloader_has_them(void **state)
{
    static const uint8_t expected[RIG_LEGACY_SETTINGS_BYTES] = {
        0xa5, 0, 0, 0, 0xff, 0, 0, 0, 0, 0xc4, 1, 0, 0, 0xb0, 1, 0, 0, 0x14, 0, 0, 0, 0, 0, 0, 0, 0xc0, 1, 0,
    };
    uint8_t bytes[RIG_LEGACY_SETTINGS_BYTES];
    struct rig_legacy_settings back;

    (void)state;
    rig_legacy_settings_encode(&received_softdevice, false, bytes);
    assert_memory_equal(bytes, expected, sizeof expected);
    rig_legacy_settings_decode(bytes, false, &back);
    assert_memory_equal(&back, &received_softdevice, sizeof back);
}

static void adafruits_bank_codes_have_two_bytes(void **state)
{
    uint8_t bytes[RIG_LEGACY_SETTINGS_BYTES];
    struct rig_legacy_settings settings = received_softdevice, back;

    (void)state;
    settings.bank_0 = 0x0101;
    rig_legacy_settings_encode(&settings, true, bytes);
    rig_legacy_settings_decode(bytes, true, &back);
    assert_int_equal(back.bank_0, 0x0101);
    rig_legacy_settings_decode(bytes, false, &back);
    assert_int_equal(back.bank_0, 0x01);
}

static void a_blank_page_says_invalid_in_either_form(void **state)
{
    uint8_t bytes[RIG_LEGACY_SETTINGS_BYTES];
    struct rig_legacy_settings settings;

    (void)state;
    memset(bytes, 0xff, sizeof bytes);
    assert_true(rig_legacy_settings_blank(bytes));
    for (int adafruit = 0; adafruit < 2; adafruit++) {
        rig_legacy_settings_decode(bytes, adafruit, &settings);
        assert_int_equal(settings.bank_0, RIG_LEGACY_BANK_INVALID);
        assert_int_equal(settings.softdevice_bytes, 0xffffffff);
    }
    bytes[27] = 0;
    assert_false(rig_legacy_settings_blank(bytes));
}

static void a_seal_tells_the_length_of_what_it_is_on(void **state)
{
    uint8_t bytes[1001] = {0};
    struct rig_memory_image memory = {.bytes = bytes, .n_bytes = sizeof bytes};
    struct rig_image_source source = rig_image_source_from_memory(&memory);
    uint32_t n_bytes = 0;

    (void)state;
    assert_int_equal(rig_nordic_read_seal(&source, sizeof bytes, &n_bytes), RIG_NORDIC_UNSEALED);
    rig_nordic_seal(bytes, 999);
    assert_int_equal(rig_nordic_read_seal(&source, sizeof bytes, &n_bytes), RIG_NORDIC_INTACT);
    assert_int_equal(n_bytes, 999);
    assert_int_equal(rig_nordic_read_seal(&source, 998, NULL), RIG_NORDIC_DAMAGED);
}

static void a_byte_that_changed_anywhere_breaks_the_seal(void **state)
{
    static const size_t places[] = {0, 0x1f, 0x28, 0x2f, 0x30, 4095};
    uint8_t bytes[4096];
    struct rig_memory_image memory = {.bytes = bytes, .n_bytes = sizeof bytes};
    struct rig_image_source source = rig_image_source_from_memory(&memory);

    (void)state;
    rig_nordic_make_bootloader(3, 7, bytes, sizeof bytes);
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        bytes[places[i]] ^= 0x10;
        assert_int_equal(rig_nordic_read_seal(&source, sizeof bytes, NULL), RIG_NORDIC_DAMAGED);
        bytes[places[i]] ^= 0x10;
    }
    assert_int_equal(rig_nordic_read_seal(&source, sizeof bytes, NULL), RIG_NORDIC_INTACT);
    bytes[RIG_NORDIC_SEAL_AT] = 0;
    assert_int_equal(rig_nordic_read_seal(&source, sizeof bytes, NULL), RIG_NORDIC_UNSEALED);
}

static void what_is_too_short_stays_as_it_was(void **state)
{
    uint8_t bytes[RIG_NORDIC_SEALED_MIN_BYTES - 1] = {0}, before[sizeof bytes] = {0};

    (void)state;
    rig_nordic_seal(bytes, sizeof bytes);
    assert_memory_equal(bytes, before, sizeof bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_settings_page_has_its_fields_where_the_bootloader_has_them),
        cmocka_unit_test(adafruits_bank_codes_have_two_bytes),
        cmocka_unit_test(a_blank_page_says_invalid_in_either_form),
        cmocka_unit_test(a_seal_tells_the_length_of_what_it_is_on),
        cmocka_unit_test(a_byte_that_changed_anywhere_breaks_the_seal),
        cmocka_unit_test(what_is_too_short_stays_as_it_was),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
