/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Layouts that no board can have are told with their place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bench/layout.h"
#include "bench/target.h"

#include <string.h>

#define INTERNAL                                                                                             \
    "  - {device: internal, sectors: [{size: 4KiB, count: 64}, {size: 1KiB, count: 4}], write: 4B}\n"
#define SLOTS "slots:\n  - {offset: 0B, size: 64KiB}\n  - {offset: 64KiB, size: 64KiB}\n"

static char *complaints(const char *flash, const char *slots, const char *scratch)
{
    g_autofree char *text =
        g_strdup_printf("target: t\nabout: a\nkind: simulated\nflash:\n%s%s%s", flash, slots, scratch);
    g_autoptr(rig_source) source = rig_source_from_text("t.yaml", text);
    struct rig_diagnostics diagnostics;
    struct rig_document *document;
    struct rig_record *record;
    char *told;

    rig_diagnostics_init(&diagnostics);
    document = rig_document_parse(source, &diagnostics);
    record = rig_record_read(rig_document_root(document), &rig_target_shape, NULL, &diagnostics);
    assert_int_equal(diagnostics.items->len, 0);
    rig_layout_check(record, &diagnostics);
    told = rig_diagnostics_format(&diagnostics, false);
    rig_record_free(record);
    rig_document_free(document);
    rig_diagnostics_clear(&diagnostics);
    return told;
}

static void what_no_board_can_have_is_told_with_its_place(void **state)
{
    static const char *const rows[][4] = {
        {INTERNAL, SLOTS, "", NULL},
        {INTERNAL, SLOTS, "scratch: {offset: 256KiB, size: 4KiB}\n", NULL}, /* the very end */
        {INTERNAL, "slots:\n  - {offset: 0B, size: 64KiB}\n  - {offset: 60KiB, size: 64KiB}\n", "",
         "t.yaml:8:5: error: slot 1 lies in part where slot 0 does"},
        {INTERNAL, "slots:\n  - {offset: 4KiB, size: 64KiB}\n  - {offset: 4KiB, size: 64KiB}\n", "",
         "t.yaml:8:5: error: slot 1 lies in part where slot 0 does"},
        {INTERNAL, SLOTS, "scratch: {offset: 124KiB, size: 8KiB}\n",
         "t.yaml:9:10: error: the scratch area lies in part where slot 1 does"},
        {INTERNAL, SLOTS, "scratch: {offset: 257KiB, size: 4KiB}\n",
         "t.yaml:9:10: error: the scratch area ends at 0x41400, and its device at 0x41000"},
        {INTERNAL, "slots:\n  - {offset: 0B, size: 64KiB}\n  - {device: external, offset: 0B, size: 64KiB}\n",
         "", "t.yaml:8:5: error: slot 1 is on the device 'external', and 'flash' has none"},
        {INTERNAL INTERNAL, SLOTS, "", "t.yaml:6:5: error: there are two devices 'internal'"},
        {INTERNAL, "slots:\n  - {offset: 0B, size: 64KiB}\n", "",
         "t.yaml:7:3: error: a board has 2 or 4 slots"},
        {INTERNAL, "slots:\n  - {offset: 0B, size: 62KiB}\n  - {offset: 64KiB, size: 64KiB}\n", "",
         "t.yaml:7:5: error: slot 0 is not made of whole sectors"},
        {INTERNAL, SLOTS, "scratch: {offset: 257KiB, size: 1KiB}\n", NULL}, /* of the small sectors */
        {"  - {device: internal, sectors: [{size: 1MiB, count: 65536}], write: 4B}\n", SLOTS, "",
         "t.yaml:5:5: error: a device has at most 1 GiB"},
    };

    (void)state;
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *told = complaints(rows[i][0], rows[i][1], rows[i][2]);

        if (rows[i][3] ? !strstr(told, rows[i][3]) : *told)
            fail_msg("row %u: %s", (guint)i, told);
    }
}

static struct rig_layout layout_of(const char *text)
{
    g_autoptr(rig_source) source = rig_source_from_text("t.yaml", text);
    struct rig_diagnostics diagnostics;
    struct rig_document *document;
    struct rig_record *record;
    struct rig_layout layout;

    rig_diagnostics_init(&diagnostics);
    document = rig_document_parse(source, &diagnostics);
    record = rig_record_read(rig_document_root(document), &rig_target_shape, NULL, &diagnostics);
    rig_layout_check(record, &diagnostics);
    assert_int_equal(diagnostics.items->len, 0);
    rig_layout_read(RIG_STRUCT(record, struct rig_target_spec), &layout);
    rig_record_free(record);
    rig_document_free(document);
    rig_diagnostics_clear(&diagnostics);
    return layout;
}

static void a_slot_knows_its_sectors_and_where_its_image_starts(void **state)
{
    struct rig_layout layout =
        layout_of("target: t\nabout: a\nkind: simulated\nflash:\n" INTERNAL
                  "slots:\n  - {offset: 0B, size: 128KiB}\n  - {offset: 252KiB, size: 8KiB}\n"
                  "options: {swap: offset, sign: ed25519, max-sectors: 64, update-needs: encryption}\n");
    struct rig_slot slot;

    (void)state;
    assert_int_equal(layout.devices[0].n_bytes, 260 * 1024);
    assert_true(rig_layout_slot(&layout, 0, &slot));
    assert_int_equal(slot.sector_bytes, 4096);
    assert_false(slot.mixed_sectors);
    assert_int_equal(slot.erase_us, 32 * 85000);
    assert_int_equal(slot.image_offset, 0);
    assert_true(rig_layout_slot(&layout, 1, &slot));
    assert_true(slot.mixed_sectors);
    assert_int_equal(slot.erase_us, 5 * 85000);
    assert_int_equal(slot.image_offset, 4096);
    assert_int_equal(slot.geometry.max_sectors, 64);
    assert_int_equal(slot.geometry.mode, RIG_SWAP_OFFSET);
    assert_false(rig_layout_slot(&layout, 2, &slot)); /* no scratch area */
    assert_int_equal(layout.signing, RIG_KEY_ED25519);
    assert_true(layout.signing_needed && layout.encryption_needed);
}

/* --- boards of Nordic --- */

#define PAGES(size, count)                                                                                   \
    "  - {device: internal, sectors: [{size: " size ", count: " count "}], write: 4B, erase-time: 85ms}\n"
#define NRF52840 PAGES("4KiB", "256")
#define NORDIC(more) "protocol: nordic-secure\nnordic: {bootloader: 0xf8000, settings: 0xff000" more "}\n"

static void banks_follow_from_the_softdevice_and_from_what_is_recorded(void **state)
{
    struct rig_layout layout = layout_of("target: t\nabout: a\nkind: simulated\nflash:\n" NRF52840 NORDIC(
        ", backup: 0xfe000") "options: {softdevice: s140-7.2.0, app-data: 12KiB, banks: forced-dual}\n");
    guint32 begin, n_bytes;

    (void)state;
    assert_int_equal(layout.family, RIG_BOOTLOADER_NORDIC_SECURE);
    assert_int_equal(layout.nordic.bank_0, 0x27000);
    assert_int_equal(layout.nordic.softdevice_id, 0x100);
    assert_int_equal(layout.nordic.backup, 0xfe000);
    assert_int_equal(layout.nordic.banks, RIG_NORDIC_FORCED_DUAL);
    assert_int_equal(layout.nordic.hardware_version, 52);
    assert_true(layout.signing_needed);
    assert_int_equal(layout.slots[0].device_offset, 0x27000);
    assert_int_equal(layout.slots[0].n_bytes, 0xf8000 - 0x3000 - 0x27000);
    rig_layout_move_bank_1(&layout, 0x2001);
    assert_int_equal(layout.slots[1].device_offset, 0x2a000);
    assert_int_equal(layout.slots[1].n_bytes, 0xf5000 - 0x2a000);
    rig_layout_move_bank_1(&layout, 0xffffffffu); /* recorded beyond all bounds */
    assert_int_equal(layout.slots[1].n_bytes, 0);
    assert_true(rig_layout_region(&layout, "app-data", &begin, &n_bytes));
    assert_int_equal(begin, 0xf5000);
    assert_int_equal(n_bytes, 0x3000);
    assert_false(rig_layout_region(&layout, "scratch", &begin, &n_bytes));
}

static void older_settings_have_no_backup_and_legacy_banks_lie_in_halves(void **state)
{
    struct rig_layout secure = layout_of("target: t\nabout: a\nkind: simulated\nflash:\n" NRF52840 NORDIC(
        ", backup: 0xfe000") "options: {softdevice: none, sdk: \"15.0\"}\n");
    struct rig_layout legacy = layout_of("target: t\nabout: a\nkind: simulated\nflash:\n" PAGES(
        "1KiB", "256") "protocol: nordic-legacy\nnordic: {bootloader: 0x3c000, bootloader-size: 15KiB, "
                       "settings: 0x3fc00}\noptions: {softdevice: s110-8.0.0, sdk: 8}\n");

    (void)state;
    assert_int_equal(secure.nordic.backup, 0);
    assert_int_equal(secure.nordic.parameter_page, 0xfe000);
    assert_int_equal(secure.nordic.bank_0, 0x1000);
    assert_int_equal(legacy.nordic.page_bytes, 1024);
    assert_int_equal(legacy.slots[0].device_offset, 0x18000);
    assert_int_equal(legacy.slots[0].n_bytes, (0x3c000 - 0x18000) / 2);
    assert_int_equal(legacy.slots[1].device_offset, 0x18000 + (0x3c000 - 0x18000) / 2);
    rig_layout_move_bank_1(&legacy, 12345);
    assert_int_equal(legacy.slots[1].device_offset, 0x18000 + (0x3c000 - 0x18000) / 2);
}

static void a_board_of_nordic_that_cannot_be_is_told_with_its_place(void **state)
{
    static const char *const rows[][3] = {
        {NRF52840, NORDIC(", backup: 0xfe000"), ""},
        {NRF52840, NORDIC(", backup: 0xff000"),
         "the MBR parameter page lies in part where the settings page does"},
        {NRF52840, NORDIC(", backup: 0xfe010"), "the MBR parameter page is not made of whole pages"},
        {NRF52840, "protocol: nordic-secure\nnordic: {bootloader: 0xf8000, settings: 0x100000}\n",
         "the settings page ends at 0x101000, and the flash at 0x100000"},
        {PAGES("2KiB", "256"), NORDIC(""), "of equal pages of 4 KiB or 1 KiB"},
        {NRF52840, NORDIC("") "options: {softdevice: s140-7.2.0, app-data: 836KiB}\n",
         "no room is left for an application"},
        {NRF52840, NORDIC("") "options: {swap: move}\n",
         "the option 'swap' has no meaning for Nordic's secure bootloader"},
        {NRF52840, NORDIC("") "options: {sdk: 11}\n",
         "'sdk: 11' has no meaning for Nordic's secure bootloader"},
        {NRF52840, NORDIC("") "options: {sign: rsa-2048}\n", "'sign: rsa-2048' has no meaning"},
        {PAGES("1KiB", "256"),
         "protocol: nordic-legacy\nnordic: {bootloader: 0x3c000, bootloader-size: 15KiB, settings: 0x3fc00}\n"
         "options: {sdk: 12}\n",
         "'sdk: 12' has no meaning for Nordic's legacy bootloader"},
        {INTERNAL, SLOTS "options: {banks: dual}\n", "the option 'banks' has no meaning for MCUboot"},
        {NRF52840, NORDIC("") "options: {encrypt: ecies-p256}\n", "the option 'encrypt' has no meaning"},
        {INTERNAL, SLOTS "options: {aes: 256}\n", "'aes' and 'save-enctlv' have no effect"},
        {INTERNAL, SLOTS "options: {encrypt: none, save-enctlv: true}\n",
         "'aes' and 'save-enctlv' have no effect"},
        {INTERNAL, SLOTS "encryption-key: key.pem\n", "'encryption-key' has no effect without the option"},
        {INTERNAL, SLOTS "encryption-key: key.pem\noptions: {encrypt: aes-kw, aes: 256}\n", ""},
    };

    (void)state;
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *told = complaints(rows[i][0], rows[i][1], "");

        if (*rows[i][2] ? !strstr(told, rows[i][2]) : *told)
            fail_msg("row %u: %s", (guint)i, told);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_no_board_can_have_is_told_with_its_place),
        cmocka_unit_test(a_slot_knows_its_sectors_and_where_its_image_starts),
        cmocka_unit_test(banks_follow_from_the_softdevice_and_from_what_is_recorded),
        cmocka_unit_test(older_settings_have_no_backup_and_legacy_banks_lie_in_halves),
        cmocka_unit_test(a_board_of_nordic_that_cannot_be_is_told_with_its_place),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
