/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Intel HEX: what is written reads back, what is wrong is refused with its line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "image/hex.h"

#define LIMIT_BYTES 0x200000u

static bool read_text(const char *text, struct rig_hex *into, struct rig_hex_fault *fault)
{
    return rig_hex_read(text, strlen(text), LIMIT_BYTES, 0xff, into, fault);
}

static void the_example_of_the_format_reads(void **state)
{
    static const uint8_t wanted[] = {0x21, 0x46, 0x01, 0x36, 0x01, 0x21, 0x47, 0x01,
                                     0x36, 0x00, 0x7e, 0xfe, 0x09, 0xd2, 0x19, 0x01};
    struct rig_hex_fault fault;
    struct rig_hex hex;

    (void)state;
    assert_true(read_text(":10010000214601360121470136007EFE09D2190140\r\n:00000001FF\r\n", &hex, &fault));
    assert_int_equal(hex.base_address, 0x100);
    assert_int_equal(hex.contents.n_bytes, sizeof wanted);
    assert_memory_equal(hex.contents.bytes, wanted, sizeof wanted);
    rig_bytes_clear(&hex.contents);
}

static void gaps_are_filled_and_records_may_come_in_any_order(void **state)
{
    struct rig_hex_fault fault;
    struct rig_hex hex;

    (void)state;
    assert_true(read_text(":0100040011EA\n:0100000022DD\n\n:00000001ff", &hex, &fault));
    assert_int_equal(hex.contents.n_bytes, 5);
    assert_memory_equal(hex.contents.bytes, "\x22\xff\xff\xff\x11", 5);
    rig_bytes_clear(&hex.contents);
}

static void segment_linear_and_start_records_are_understood(void **state)
{
    struct rig_hex_fault fault;
    struct rig_hex hex;

    (void)state;
    assert_true(read_text(":020000021000EC\n:0100050011E9\n:00000001FF\n", &hex, &fault));
    assert_int_equal(hex.base_address, 0x10005);
    rig_bytes_clear(&hex.contents);
    assert_true(
        read_text(":020000040800F2\n:0400000508000131BD\n:0100050011E9\n:00000001FF\n", &hex, &fault));
    assert_int_equal(hex.base_address, 0x08000005);
    assert_true(hex.has_start);
    assert_int_equal(hex.start, 0x08000131);
    rig_bytes_clear(&hex.contents);
    assert_true(read_text(":0400000300003800C1\n:0100050011E9\n:00000001FF\n", &hex, &fault));
    assert_int_equal(hex.start, 0x3800);
    rig_bytes_clear(&hex.contents);
}

static void faults_are_told_with_their_line(void **state)
{
    static const struct {
        const char *text;
        size_t line;
        const char *why;
    } cases[] = {
        {":0100000022DE\n:00000001FF\n", 1, "checksum"},
        {":0100000022DD\n:0100000022DD\n:00000001FF\n", 2, "earlier record"},
        {":0100000022DD\n", 1, "cut short"},
        {"", 0, "cut short"},
        {":00000001FF\n", 0, "no bytes"},
        {"\n\n0100000022DD\n", 3, "colon"},
        {":0100000022D\n", 1, "odd"},
        {":01000022DD\n", 1, "length"},
        {":00000000\n", 1, "too short"},
        {":\n", 1, "too short"},
        {":01000000G2DD\n", 1, "hexadecimal"},
        {":0200000022DC\n", 1, "length"},
        {":00000006FA\n", 1, "unknown"},
        {":0100000100FE\n", 1, "end record must be empty"},
        {":0100000022DD\n:00000001FF\n:0100010022DC\n", 3, "after the end"},
        {":0100000401FA\n", 1, "two bytes"},
        {":0100000501F9\n", 1, "four bytes"},
        {":02000004FFFFFC\n:02FFFF001122CD\n:00000001FF\n", 2, "address space"},
        {":020000020000FC\n:02FFFF001122CD\n:00000001FF\n", 2, "segment"},
        {":0100000022DD\n:020000040800F2\n:0100000022DD\n:00000001FF\n", 0, "spread"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct rig_hex_fault fault = {0};
        struct rig_hex hex;

        if (read_text(cases[i].text, &hex, &fault))
            fail_msg("case %zu was taken", i);
        if (fault.line != cases[i].line || !strstr(fault.why, cases[i].why))
            fail_msg("case %zu: line %zu: %s", i, fault.line, fault.why);
        assert_null(hex.contents.bytes);
    }
}

static void a_line_longer_than_any_record_is_refused(void **state)
{
    char text[4000];
    struct rig_hex_fault fault = {0};
    struct rig_hex hex;

    (void)state;
    memset(text, '0', sizeof text);
    text[0] = ':';
    assert_false(rig_hex_read(text, 3999, LIMIT_BYTES, 0xff, &hex, &fault));
    assert_non_null(strstr(fault.why, "too long"));
}

static void what_is_written_reads_back_at_every_base(void **state)
{
    static const uint32_t bases[] = {0, 0x1fff7, 0x0800fffd, 0xfffe0000};
    static const size_t sizes[] = {1, 15, 16, 17, 65536, 131072};
    uint8_t bytes[131072];

    (void)state;
    rig_image_fill_payload(5, bytes, sizeof bytes);
    for (size_t i = 0; i < 4 * 6; i++) {
        uint32_t base = bases[i / 6];
        size_t n_bytes = sizes[i % 6];
        struct rig_hex_fault fault = {0};
        struct rig_bytes text;
        struct rig_hex hex;

        assert_true(rig_hex_write(bytes, n_bytes, base, &text));
        if (!rig_hex_read(text.bytes, text.n_bytes, LIMIT_BYTES, 0, &hex, &fault))
            fail_msg("line %zu: %s", fault.line, fault.why);
        assert_int_equal(hex.base_address, base);
        assert_int_equal(hex.contents.n_bytes, n_bytes);
        assert_memory_equal(hex.contents.bytes, bytes, n_bytes);
        assert_true(rig_hex_looks_like(text.bytes, text.n_bytes));
        rig_bytes_clear(&hex.contents);
        rig_bytes_clear(&text);
    }
}

static void a_file_past_four_gibibytes_is_not_written(void **state)
{
    static const uint8_t bytes[17];
    struct rig_bytes text;

    (void)state;
    assert_true(rig_hex_write(bytes, 16, 0xfffffff0, &text));
    rig_bytes_clear(&text);
    assert_false(rig_hex_write(bytes, 17, 0xfffffff0, &text));
    assert_false(rig_hex_looks_like("\x3d\xb8\xf3\x96", 4));
    assert_false(rig_hex_looks_like(":x", 2));
}

/* Around the borders of a window, record by record. */
static void what_is_outside_of_a_window_is_passed_over(void **state)
{
    static const char text[] = ":040FFE0001020304E5\n" /* 0x0ffe..0x1001 */
                               ":02200000AABB79\n"
                               ":020000041000EA\n"
                               ":041014000080070051\n" /* 0x10001014 */
                               ":00000001FF\n";
    struct rig_hex_fault fault = {0};
    struct rig_hex hex;

    (void)state;
    assert_false(rig_hex_read(text, sizeof text - 1, 0x10000, 0xff, &hex, &fault));
    if (!rig_hex_read_within(text, sizeof text - 1, 0x1000, 0x10000000, 0x10000, 0xff, &hex, &fault))
        fail_msg("%zu: %s", fault.line, fault.why);
    assert_int_equal(hex.base_address, 0x1000);
    assert_int_equal(hex.contents.n_bytes, 0x1002);
    assert_int_equal(hex.contents.bytes[0], 3);
    assert_int_equal(hex.contents.bytes[1], 4);
    assert_int_equal(hex.contents.bytes[2], 0xff);
    assert_int_equal(hex.contents.bytes[0x1001], 0xbb);
    rig_bytes_clear(&hex.contents);
    assert_true(rig_hex_read_within(text, sizeof text - 1, 0xfff, 0x1001, 0x10000, 0xff, &hex, &fault));
    assert_int_equal(hex.contents.n_bytes, 2);
    assert_int_equal(hex.contents.bytes[0], 2);
    rig_bytes_clear(&hex.contents);
    assert_false(rig_hex_read_within(text, sizeof text - 1, 0x3000, 0x4000, 0x10000, 0xff, &hex, &fault));
}

static void pieces_are_in_order_and_near_ones_are_one(void **state)
{
    /* 4 bytes at 0x100, 1 at 0x0, 2 at 0x106, 1 at 0x200. */
    static const char text[] =
        ":0401000001020304F1\n:0100000005FA\n:020106000708E8\n:0102000009F4\n:00000001FF\n";
    struct rig_hex_piece pieces[3];
    struct rig_hex_fault fault = {0};
    size_t n;

    (void)state;
    assert_true(rig_hex_pieces(text, strlen(text), 16, pieces, 3, &n, &fault));
    assert_int_equal(n, 3);
    assert_int_equal(pieces[0].address, 0);
    assert_int_equal(pieces[1].address, 0x100);
    assert_int_equal(pieces[1].end, 0x108);
    assert_int_equal(pieces[2].end, 0x201);
    assert_false(rig_hex_pieces(text, strlen(text), 16, pieces, 2, &n, &fault));
    assert_string_equal(fault.why, "the file has too many separate parts");
    assert_true(rig_hex_pieces(text, strlen(text), 0x1000, pieces, 1, &n, &fault));
    assert_int_equal(n, 1);
    assert_int_equal(pieces[0].end, 0x201);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_outside_of_a_window_is_passed_over),
        cmocka_unit_test(the_example_of_the_format_reads),
        cmocka_unit_test(gaps_are_filled_and_records_may_come_in_any_order),
        cmocka_unit_test(segment_linear_and_start_records_are_understood),
        cmocka_unit_test(faults_are_told_with_their_line),
        cmocka_unit_test(a_line_longer_than_any_record_is_refused),
        cmocka_unit_test(what_is_written_reads_back_at_every_base),
        cmocka_unit_test(a_file_past_four_gibibytes_is_not_written),
        cmocka_unit_test(pieces_are_in_order_and_near_ones_are_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
