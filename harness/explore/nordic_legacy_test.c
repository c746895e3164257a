/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Nordic's legacy bootloader, and Adafruit's, under every sequence of power cuts, torn operations included.
 */
#include "explore/nordic_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define BIT(name) (1u << RIG_INVARIANT_##name)
/* By design, whatever is updated: the link drops before anything is done, and settings have no backup. */
#define GAPS (BIT(SUCCESS_COMMITTED) | BIT(SETTINGS_VALID))
/* A torn write of the settings that announce a copy leaves sizes of FFFFFFFF. */
#define TORN (BIT(BOOTS) | BIT(NO_CRASH))

static void an_application_in_one_bank_can_always_be_sent_again(void **state)
{
    static const struct nordic_row rows[] = {
        {"one bank", {.legacy = true, .single_bank = true}, GAPS},
        {"one bank, none before", {.legacy = true, .single_bank = true, .no_application = true}, GAPS},
        {"one bank, CRC at boot", {.legacy = true, .single_bank = true, .checks_crc = true}, GAPS},
    };

    (void)state;
    assert_int_equal(nordic_rows_differ(rows, G_N_ELEMENTS(rows)), 0);
}

/* Nothing is checked at boot after an update: what a cut in the copy left is started. */
static void a_damaged_application_is_started_by_two_banks(void **state)
{
    static const struct nordic_row rows[] = {
        {"two banks", {.legacy = true}, GAPS | BIT(VERIFIED_ONLY) | BIT(APPLICATION_KEPT)},
        {"two banks, CRC at boot", {.legacy = true, .checks_crc = true}, GAPS | BIT(APPLICATION_KEPT)},
        {"two banks, mended", {.legacy = true, .invalidates_first = true}, GAPS | BIT(APPLICATION_KEPT)},
    };

    (void)state;
    assert_int_equal(nordic_rows_differ(rows, G_N_ELEMENTS(rows)), 0);
}

/* With blocks of whole pages in copy and recovery alike; but for the torn settings. */
static void copies_of_softdevice_and_bootloader_are_taken_up(void **state)
{
    static const struct nordic_row rows[] = {
        {"SoftDevice", {.legacy = true, .firmware = RIG_DFU_SOFTDEVICE}, GAPS | TORN},
        {"SoftDevice, one page larger",
         {.legacy = true, .firmware = RIG_DFU_SOFTDEVICE, .new_softdevice = 0x7000},
         GAPS | TORN},
        {"SoftDevice, two pages larger",
         {.legacy = true, .firmware = RIG_DFU_SOFTDEVICE, .new_softdevice = 0x8000},
         GAPS | TORN},
        {"bootloader", {.legacy = true, .firmware = RIG_DFU_BOOTLOADER}, GAPS | TORN | BIT(APPLICATION_KEPT)},
        {"SoftDevice and bootloader",
         {.legacy = true, .firmware = RIG_DFU_SOFTDEVICE_BOOTLOADER},
         GAPS | TORN},
    };

    (void)state;
    assert_int_equal(nordic_rows_differ(rows, G_N_ELEMENTS(rows)), 0);
}

static void a_defect_breaks_what_it_is_about(void **state)
{
    static const struct nordic_row rows[] = {
        {"start is not answered",
         {.legacy = true, .single_bank = true, .legacy_defects = SIM_LEGACY_SILENT_START},
         BIT(UPDATABLE)},
        {"Adafruit's: an aborted transfer leaves it without Bluetooth",
         {.legacy = true, .single_bank = true, .adafruit = true},
         GAPS | BIT(UPDATABLE)},
        {"two banks, nothing is reserved for bonds",
         {.legacy = true, .app_data = 1},
         GAPS | BIT(VERIFIED_ONLY) | BIT(APPLICATION_KEPT) | BIT(DATA_KEPT)},
        {"data is erased",
         {.legacy = true, .single_bank = true, .legacy_defects = SIM_LEGACY_ERASES_APP_DATA},
         GAPS | BIT(DATA_KEPT) | BIT(STAYS_IN_ITS_AREAS)},
    };

    (void)state;
    assert_int_equal(nordic_rows_differ(rows, G_N_ELEMENTS(rows)), 0);
}

/* Banks, a SoftDevice behind its first page that differs, a bootloader that the MBR overwrites. */
static void dead_bytes_decide_nothing(void **state)
{
    static const struct nordic_plan plans[] = {
        {.legacy = true, .old_bytes = 0x400, .new_bytes = 0x80},
        {.legacy = true, .single_bank = true, .old_bytes = 0x400, .new_bytes = 0x1040},
        {.legacy = true, .firmware = RIG_DFU_BOOTLOADER},
        {.legacy = true, .firmware = RIG_DFU_SOFTDEVICE, .softdevice = 0x5000},
        {.legacy = true, .firmware = RIG_DFU_SOFTDEVICE, .softdevice = 0x7000, .new_softdevice = 0x8000},
    };

    (void)state;
    for (guint i = 0; i < G_N_ELEMENTS(plans); i++)
        assert_true(nordic_dead_decides_nothing(&plans[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_application_in_one_bank_can_always_be_sent_again),
        cmocka_unit_test(a_damaged_application_is_started_by_two_banks),
        cmocka_unit_test(copies_of_softdevice_and_bootloader_are_taken_up),
        cmocka_unit_test(a_defect_breaks_what_it_is_about),
        cmocka_unit_test(dead_bytes_decide_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
