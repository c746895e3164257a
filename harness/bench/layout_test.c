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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_no_board_can_have_is_told_with_its_place),
        cmocka_unit_test(a_slot_knows_its_sectors_and_where_its_image_starts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
