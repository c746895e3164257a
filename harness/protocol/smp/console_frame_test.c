/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Frames against bytes of another implementation, and consoles that noise, echo and log lines got into. */
#include "protocol/smp/console_frame.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* Everything that a console told, as text: "L:line;" and "M:hex;". */
struct told {
    struct rig_smp_console console;
    char text[16384];
};

static void setup(struct told *told)
{
    rig_smp_console_init(&told->console);
    told->text[0] = '\0';
}

static void tell_message(struct told *told, char *at, char *end)
{
    size_t n_bytes;
    const uint8_t *message = rig_smp_console_message(&told->console, &n_bytes);

    at += snprintf(at, (size_t)(end - at), "M:");
    for (size_t i = 0; i < n_bytes; i++)
        at += snprintf(at, (size_t)(end - at), "%02x", message[i]);
    snprintf(at, (size_t)(end - at), ";");
}

static void feed(struct told *told, const void *bytes, size_t n_bytes)
{
    const uint8_t *at = bytes;

    while (n_bytes > 0) {
        size_t n_taken;
        enum rig_smp_console_event event = rig_smp_console_take(&told->console, at, n_bytes, &n_taken);
        char *end = told->text + strlen(told->text);

        if (event == RIG_SMP_CONSOLE_LINE)
            snprintf(end, (size_t)(told->text + sizeof told->text - end), "L:%.*s%s;",
                     (int)told->console.n_line, (const char *)told->console.line,
                     told->console.line_cut ? "..." : "");
        else if (event == RIG_SMP_CONSOLE_MESSAGE)
            tell_message(told, end, told->text + sizeof told->text);
        at += n_taken;
        n_bytes -= n_taken;
    }
}

#define assert_told(text_in, expected)                                                                       \
    do {                                                                                                     \
        struct told told;                                                                                    \
        setup(&told);                                                                                        \
        feed(&told, text_in, sizeof text_in - 1);                                                            \
        assert_string_equal(told.text, expected);                                                            \
    } while (0)

/* An image list request as the mcumgr tool logged it on its serial port [CAP apache/mynewt-mcumgr issue 167].
 */
#define LIST_MESSAGE                                                                                         \
    "000000010001"                                                                                           \
    "4200a0"
#define LIST_FRAME                                                                                           \
    "\x06\x09"                                                                                               \
    "AAsAAAABAAFCAKD1Mw==\n"
/* 123456789, CRC 31c3. */
#define DIGITS_MESSAGE "313233343536373839"
#define DIGITS_FRAME                                                                                         \
    "\x06\x09"                                                                                               \
    "AAsxMjM0NTY3ODkxww==\n"
/* The bytes 0 to 199, framed by Python's base64 and binascii.crc_hqx. */
#define LONG_1                                                                                               \
    "\x06\x09"                                                                                               \
    "AMoAAQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyAhIiMkJSYnKCkqKywtLi8wMTIzNDU2Nzg5Ojs8PT4/"               \
    "QEFCQ0RFRkdISUpLTE1OT1BRUlNUVVZXWFla\n"
#define LONG_2                                                                                               \
    "\x04\x14"                                                                                               \
    "W1xdXl9gYWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXp7fH1+f4CBgoOEhYaHiImKi4yNjo+"                                \
    "QkZKTlJWWl5iZmpucnZ6foKGio6SlpqeoqaqrrK2ur7CxsrO0tba3\n"
#define LONG_3                                                                                               \
    "\x04\x14"                                                                                               \
    "uLm6u7y9vr/AwcLDxMXGxxWh\n"

static void crc_is_xmodem(void **state)
{
    const uint8_t *digits = (const uint8_t *)"123456789";

    (void)state;
    assert_int_equal(rig_smp_frame_crc(0, digits, 9), 0x31c3);
    assert_int_equal(rig_smp_frame_crc(rig_smp_frame_crc(0, digits, 4), digits + 4, 5), 0x31c3);
    assert_int_equal(rig_smp_frame_crc(0, digits, 0), 0);
}

static void a_message_is_framed_as_other_tools_frame_it(void **state)
{
    static const uint8_t list[] = {0, 0, 0, 1, 0, 1, 0x42, 0, 0xa0};
    uint8_t bytes[200], frames[512];
    size_t n;

    (void)state;
    n = rig_smp_frame_encode(list, sizeof list, frames, sizeof frames);
    assert_int_equal(n, strlen(LIST_FRAME));
    assert_memory_equal(frames, LIST_FRAME, n);
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)i;
    n = rig_smp_frame_encode(bytes, sizeof bytes, frames, sizeof frames);
    assert_int_equal(n, strlen(LONG_1 LONG_2 LONG_3));
    assert_memory_equal(frames, LONG_1 LONG_2 LONG_3, n);
}

static void what_does_not_fit_is_not_framed(void **state)
{
    static uint8_t bytes[RIG_SMP_MAX_MESSAGE_BYTES + 1], frames[8192];

    (void)state;
    assert_int_equal(rig_smp_frame_encode(bytes, 0, frames, sizeof frames), 0);
    assert_int_equal(rig_smp_frame_encode(bytes, sizeof bytes, frames, sizeof frames), 0);
    for (size_t n = 1; n < 300; n++) {
        size_t room = rig_smp_frame_room(n);

        assert_int_equal(rig_smp_frame_encode(bytes, n, frames, room), room);
        assert_int_equal(rig_smp_frame_encode(bytes, n, frames, room - 1), 0);
    }
}

static void every_length_comes_back_as_it_went(void **state)
{
    static uint8_t bytes[RIG_SMP_MAX_MESSAGE_BYTES], frames[8192];

    (void)state;
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i * 31 + i / 7);
    for (size_t n = 1; n <= sizeof bytes; n = n < 400 ? n + 1 : n + 462) {
        struct rig_smp_console console;
        size_t n_frames = rig_smp_frame_encode(bytes, n, frames, sizeof frames);
        size_t n_taken, n_back;

        rig_smp_console_init(&console);
        assert_true(n_frames > 0);
        for (size_t at = 0; at < n_frames - 1; at += n_taken)
            assert_int_equal(rig_smp_console_take(&console, frames + at, n_frames - 1 - at, &n_taken),
                             RIG_SMP_CONSOLE_NOTHING);
        assert_int_equal(rig_smp_console_take(&console, frames + n_frames - 1, 1, &n_taken),
                         RIG_SMP_CONSOLE_MESSAGE);
        assert_memory_equal(rig_smp_console_message(&console, &n_back), bytes, n);
        assert_int_equal(n_back, n);
    }
}

static void messages_and_lines_are_told_apart_in_their_order(void **state)
{
    (void)state;
    assert_told("boot\r\n" LIST_FRAME "\n[00:01] up\r\n" DIGITS_FRAME,
                "L:boot;M:" LIST_MESSAGE ";L:;L:[00:01] up;M:" DIGITS_MESSAGE ";");
}

static void a_line_goes_on_behind_a_frame_in_its_middle(void **state)
{
    (void)state;
    assert_told("[00:01] he" LIST_FRAME "llo\n", "M:" LIST_MESSAGE ";L:[00:01] hello;");
}

static void log_lines_may_stand_between_the_frames_of_a_message(void **state)
{
    struct told told;

    (void)state;
    setup(&told);
    feed(&told, LONG_1 "log\n" LONG_2 "more\r\n" LONG_3, strlen(LONG_1 LONG_2 LONG_3) + 10);
    assert_memory_equal(told.text, "L:log;L:more;M:000102", 21);
    assert_int_equal(told.console.n_messages, 1);
    assert_int_equal(told.console.n_bad, 0);
}

static void any_split_of_the_bytes_tells_the_same(void **state)
{
    static const char bytes[] = "a\n" LONG_1 "x" LONG_2 "\x06\n" LONG_3 DIGITS_FRAME;
    struct told whole, split;

    (void)state;
    setup(&whole);
    feed(&whole, bytes, sizeof bytes - 1);
    for (size_t at = 0; at < sizeof bytes; at++) {
        setup(&split);
        feed(&split, bytes, at);
        feed(&split, bytes + at, sizeof bytes - 1 - at);
        assert_string_equal(split.text, whole.text);
    }
}

static void carriage_returns_before_newlines_do_not_matter(void **state)
{
    (void)state;
    assert_told("\x06\x09"
                "AAsxMjM0NTY3ODkxww==\r\n",
                "M:" DIGITS_MESSAGE ";");
}

static void a_wrong_crc_drops_the_message_and_only_it(void **state)
{
    (void)state;
    assert_told("\x06\x09"
                "AAsxMjM0NTY3ODkxwg==\n" DIGITS_FRAME,
                "M:" DIGITS_MESSAGE ";");
}

static void a_lost_frame_drops_the_message_and_only_it(void **state)
{
    (void)state;
    assert_told(LONG_1 LONG_3 DIGITS_FRAME, "M:" DIGITS_MESSAGE ";");
    assert_told(LONG_2 LONG_3 DIGITS_FRAME, "M:" DIGITS_MESSAGE ";");
    assert_told(LONG_1 DIGITS_FRAME LONG_2 LONG_3, "M:" DIGITS_MESSAGE ";");
}

static void a_frame_whose_newline_was_lost_ends_where_the_next_begins(void **state)
{
    (void)state;
    assert_told("\x06\x09"
                "AAsxMjM0NTY3" DIGITS_FRAME,
                "M:" DIGITS_MESSAGE ";");
}

static void what_only_began_like_a_frame_comes_as_text(void **state)
{
    (void)state;
    assert_told("\x06\x09"
                "hello there\n",
                "L:\x06\x09hello there;");
    assert_told("a\x06"
                "b\x04"
                "c\x06\x06\x09"
                "x=x\n",
                "L:a\x06"
                "b\x04"
                "c\x06\x06\x09x=x;");
    assert_told("\x06\x09"
                "AAsx[00:01] log line\n",
                "L:\x06\x09"
                "AAsx[00:01] log line;");
    assert_told("\x06\x09"
                "====\n",
                "L:\x06\x09====;");
}

static void lengths_that_cannot_be_are_dropped(void **state)
{
    (void)state;
    assert_told("\x06\x09"
                "AAA=\n",
                ""); /* 0 */
    assert_told("\x06\x09"
                "AAIAAA==\n",
                ""); /* a CRC alone */
    assert_told("\x06\x09"
                "AA==\n",
                ""); /* one byte */
    assert_told("\x06\x09"
                "//8AAA==\n" DIGITS_FRAME,
                "M:" DIGITS_MESSAGE ";");
    assert_told("\x06\x09"
                "AAMAAAAAAAAAAAAA\n",
                ""); /* more than it says */
}

static void zero_bytes_stay_in_their_line(void **state)
{
    struct rig_smp_console console;
    size_t n_taken;

    (void)state;
    rig_smp_console_init(&console);
    assert_int_equal(rig_smp_console_take(&console, (const uint8_t *)"a\0b\n", 4, &n_taken),
                     RIG_SMP_CONSOLE_LINE);
    assert_int_equal(console.n_line, 3);
    assert_memory_equal(console.line, "a\0b", 3);
}

static void a_line_of_a_megabyte_is_cut_and_what_follows_is_heard(void **state)
{
    static uint8_t noise[1 << 20];
    struct told told;

    (void)state;
    memset(noise, 'x', sizeof noise);
    setup(&told);
    feed(&told, noise, sizeof noise);
    assert_string_equal(told.text, "");
    feed(&told, DIGITS_FRAME "\nshort\n", strlen(DIGITS_FRAME) + 7);
    assert_memory_equal(told.text, "M:" DIGITS_MESSAGE ";L:xxxx", 2 + 18 + 1 + 6);
    assert_string_equal(told.text + 21 + 2 + RIG_SMP_CONSOLE_LINE_BYTES, "...;L:short;");
}

static void a_frame_without_an_end_becomes_text(void **state)
{
    static uint8_t noise[3000] = {0x06, 0x09};
    struct told told;

    (void)state;
    memset(noise + 2, 'A', sizeof noise - 2);
    setup(&told);
    feed(&told, noise, sizeof noise);
    feed(&told, "\n" DIGITS_FRAME, strlen(DIGITS_FRAME) + 1);
    assert_int_equal(strlen(told.text), 2 + sizeof noise + 1 + 2 + 18 + 1);
    assert_string_equal(told.text + 2 + sizeof noise + 1, "M:" DIGITS_MESSAGE ";");
}

static void a_message_that_never_ends_is_dropped_at_the_limit(void **state)
{
    struct told told;

    (void)state;
    setup(&told);
    feed(&told,
         "\x06\x09"
         "EAIA\n",
         7); /* the longest that there may be */
    for (unsigned i = 0; i < 100; i++)
        feed(&told, LONG_2, strlen(LONG_2));
    feed(&told, DIGITS_FRAME, strlen(DIGITS_FRAME));
    assert_string_equal(told.text, "M:" DIGITS_MESSAGE ";");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(crc_is_xmodem),
        cmocka_unit_test(a_message_is_framed_as_other_tools_frame_it),
        cmocka_unit_test(what_does_not_fit_is_not_framed),
        cmocka_unit_test(every_length_comes_back_as_it_went),
        cmocka_unit_test(messages_and_lines_are_told_apart_in_their_order),
        cmocka_unit_test(a_line_goes_on_behind_a_frame_in_its_middle),
        cmocka_unit_test(log_lines_may_stand_between_the_frames_of_a_message),
        cmocka_unit_test(any_split_of_the_bytes_tells_the_same),
        cmocka_unit_test(carriage_returns_before_newlines_do_not_matter),
        cmocka_unit_test(a_wrong_crc_drops_the_message_and_only_it),
        cmocka_unit_test(a_lost_frame_drops_the_message_and_only_it),
        cmocka_unit_test(a_frame_whose_newline_was_lost_ends_where_the_next_begins),
        cmocka_unit_test(what_only_began_like_a_frame_comes_as_text),
        cmocka_unit_test(lengths_that_cannot_be_are_dropped),
        cmocka_unit_test(zero_bytes_stay_in_their_line),
        cmocka_unit_test(a_line_of_a_megabyte_is_cut_and_what_follows_is_heard),
        cmocka_unit_test(a_frame_without_an_end_becomes_text),
        cmocka_unit_test(a_message_that_never_ends_is_dropped_at_the_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
