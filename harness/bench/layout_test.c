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
    };

    (void)state;
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *told = complaints(rows[i][0], rows[i][1], rows[i][2]);

        if (rows[i][3] ? !strstr(told, rows[i][3]) : *told)
            fail_msg("row %u: %s", (guint)i, told);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(what_no_board_can_have_is_told_with_its_place)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
