/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Requests and responses of Nordic's DFU byte for byte, as real bootloaders and tools have them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "protocol/nordic/message.h"

static size_t unhex(const char *hex, uint8_t *bytes)
{
    size_t n = 0;
    unsigned byte;

    for (; sscanf(hex, "%2x", &byte) == 1; hex += hex[2] == ' ' ? 3 : 2) {
        bytes[n++] = (uint8_t)byte;
        if (!hex[2])
            break;
    }
    return n;
}

static void expect_request(struct rig_dfu_request request, const char *hex)
{
    uint8_t bytes[32];
    size_t n_bytes = unhex(hex, bytes);

    assert_int_equal(request.n_bytes, n_bytes);
    assert_memory_equal(request.bytes, bytes, n_bytes);
}

static void requests_are_those_of_the_tools(void **state)
{
    (void)state;
    expect_request(rig_dfu_select(RIG_DFU_COMMAND_OBJECT), "06 01");
    expect_request(rig_dfu_create(RIG_DFU_COMMAND_OBJECT, 139), "01 01 8b 00 00 00");
    expect_request(rig_dfu_create(RIG_DFU_DATA_OBJECT, 0x12345678), "01 02 78 56 34 12");
    expect_request(rig_dfu_set_prn(RIG_DFU_SET_PRN, 0), "02 00 00");
    expect_request(rig_dfu_set_prn(RIG_LEGACY_SET_PRN, 10), "08 0a 00");
    expect_request(rig_dfu_set_prn(RIG_DFU_SET_PRN, 0x1234), "02 34 12");
    expect_request(rig_dfu_request_of(RIG_DFU_GET_CRC), "03");
    expect_request(rig_dfu_request_with(RIG_LEGACY_START, RIG_LEGACY_APPLICATION), "01 04");
    expect_request(rig_buttonless_set_name("Dfu01", 5), "02 05 44 66 75 30 31");
    expect_request(rig_buttonless_set_name("12345678901234567890", 20),
                   "02 14 31 32 33 34 35 36 37 38 39 30 31 32 33 34 35 36 37 38 39 30");
    assert_int_equal(rig_buttonless_set_name("123456789012345678901", 21).n_bytes, 22);
}

static const struct {
    enum rig_dfu_dialect dialect;
    const char *hex;
    enum rig_dfu_decoded decoded;
    struct rig_dfu_response response;
    const char *text;
} answers[] = {
    {RIG_DFU_SECURE,
     "60 06 01 00 02 00 00 00 00 00 00 00 00 00 00",
     RIG_DFU_DECODED,
     {.op = 6, .success = true, .result = 1, .max_bytes = 512},
     "response to select object: at most 512 bytes, has 0, CRC 00000000"},
    {RIG_DFU_SECURE,
     "60 03 01 8b 00 00 00 46 8c 46 4f",
     RIG_DFU_DECODED,
     {.op = 3, .success = true, .result = 1, .offset = 139, .crc = 0x4f468c46},
     "response to get CRC: has 139 bytes, CRC 4f468c46"},
    {RIG_DFU_SECURE,
     "60 04 01",
     RIG_DFU_DECODED,
     {.op = 4, .success = true, .result = 1},
     "response to execute object: success"},
    {RIG_DFU_SECURE,
     "60 04 05",
     RIG_DFU_DECODED,
     {.op = 4, .result = 5},
     "response to execute object: invalid object (0x05)"},
    {RIG_DFU_SECURE,
     "60 04 0b 05",
     RIG_DFU_DECODED,
     {.op = 4, .result = 0x0b, .extended = 5},
     "response to execute object: firmware version too low (0x0b 0x05)"},
    {RIG_DFU_SECURE,
     "60 03 03",
     RIG_DFU_DECODED,
     {.op = 3, .result = 3},
     "response to get CRC: invalid parameter (0x03)"},
    {RIG_DFU_SECURE,
     "60 04 0b",
     RIG_DFU_SHORT,
     {.op = 4, .result = 0x0b},
     "response to execute object that is too short: 3 bytes"},
    {RIG_DFU_SECURE,
     "60 03 01 8b 00 00 00 46 8c 46",
     RIG_DFU_SHORT,
     {.op = 3, .success = true, .result = 1},
     "response to get CRC that is too short: 10 bytes"},
    {RIG_DFU_SECURE,
     "60 04 01 00",
     RIG_DFU_LONG,
     {.op = 4, .success = true, .result = 1},
     "response to execute object that is too long: 4 bytes"},
    {RIG_DFU_SECURE, "60 06", RIG_DFU_SHORT, {.op = 0}, "response to a request that is too short: 2 bytes"},
    {RIG_DFU_SECURE, "20 01 01", RIG_DFU_NO_ANSWER, {.op = 0}, "no DFU response: 3 bytes"},
    {RIG_DFU_BUTTONLESS,
     "20 01 01",
     RIG_DFU_DECODED,
     {.op = 1, .success = true, .result = 1},
     "response to enter bootloader: success"},
    {RIG_DFU_BUTTONLESS,
     "20 01 04",
     RIG_DFU_DECODED,
     {.op = 1, .result = 4},
     "response to enter bootloader: operation failed (0x04)"},
    {RIG_DFU_BUTTONLESS,
     "20 02 05",
     RIG_DFU_DECODED,
     {.op = 2, .result = 5},
     "response to set advertising name: advertising name invalid (0x05)"},
    {RIG_DFU_LEGACY,
     "10 01 01",
     RIG_DFU_DECODED,
     {.op = 1, .success = true, .result = 1},
     "response to start: success"},
    {RIG_DFU_LEGACY,
     "10 03 06",
     RIG_DFU_DECODED,
     {.op = 3, .result = 6},
     "response to receive firmware: operation failed (0x06)"},
    {RIG_DFU_LEGACY,
     "11 c8 00 00 00",
     RIG_DFU_DECODED,
     {.op = 0x11, .success = true, .offset = 200},
     "receipt: has 200 bytes"},
    {RIG_DFU_LEGACY,
     "11 c8 00 00",
     RIG_DFU_SHORT,
     {.op = 0x11, .success = true},
     "response to packet receipt that is too short: 4 bytes"},
    {RIG_DFU_LEGACY,
     "10 07 01 2c 01 00 00",
     RIG_DFU_DECODED,
     {.op = 7, .success = true, .result = 1, .offset = 300},
     "response to report received size: has 300 bytes"},
};

static void answers_are_taken_apart_or_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        struct rig_dfu_response response;
        uint8_t bytes[32];
        size_t n_bytes = unhex(answers[i].hex, bytes);
        char text[128];

        assert_int_equal(rig_dfu_decode(answers[i].dialect, bytes, n_bytes, &response), answers[i].decoded);
        assert_int_equal(response.op, answers[i].response.op);
        assert_int_equal(response.success, answers[i].response.success);
        assert_int_equal(response.result, answers[i].response.result);
        assert_int_equal(response.extended, answers[i].response.extended);
        assert_int_equal(response.max_bytes, answers[i].response.max_bytes);
        assert_int_equal(response.offset, answers[i].response.offset);
        assert_int_equal(response.crc, answers[i].response.crc);
        rig_dfu_describe(answers[i].dialect, false, bytes, n_bytes, text, sizeof text);
        assert_string_equal(text, answers[i].text);
    }
}

static void nothing_at_all_is_no_answer(void **state)
{
    struct rig_dfu_response response;
    char text[64];

    (void)state;
    assert_int_equal(rig_dfu_decode(RIG_DFU_SECURE, NULL, 0, &response), RIG_DFU_NO_ANSWER);
    rig_dfu_describe(RIG_DFU_LEGACY, true, NULL, 0, text, sizeof text);
    assert_string_equal(text, "empty request");
}

static const struct {
    enum rig_dfu_dialect dialect;
    const char *hex;
    bool answered;
    const char *text;
} requests[] = {
    {RIG_DFU_SECURE, "01 02 00 10 00 00", true, "create object, data, 4096 bytes"},
    {RIG_DFU_SECURE, "01 03 00 10 00 00", true, "create object, unknown, 4096 bytes"},
    {RIG_DFU_SECURE, "01 02", true, "create object, 1 bytes more"},
    {RIG_DFU_SECURE, "06 01", true, "select object, command"},
    {RIG_DFU_SECURE, "02 0c 00", true, "set PRN to 12"},
    {RIG_DFU_SECURE, "04", true, "execute object"},
    {RIG_DFU_SECURE, "0c", false, "abort"},
    {RIG_DFU_BUTTONLESS, "01", true, "enter bootloader"},
    {RIG_DFU_BUTTONLESS, "02 03 61 62 63", true, "set advertising name to 'abc'"},
    {RIG_DFU_LEGACY, "01 04", true, "start, mode 4"},
    {RIG_DFU_LEGACY, "02 00", false, "init packet, begin"},
    {RIG_DFU_LEGACY, "02 01", true, "init packet, complete"},
    {RIG_DFU_LEGACY, "02", true, "init packet"},
    {RIG_DFU_LEGACY, "08 0a 00", false, "set PRN to 10"},
    {RIG_DFU_LEGACY, "05", false, "activate and reset"},
    {RIG_DFU_LEGACY, "06", false, "reset"},
    {RIG_DFU_LEGACY, "03", true, "receive firmware"},
};

static void requests_are_told_and_known_to_be_answered(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof requests / sizeof *requests; i++) {
        uint8_t bytes[32];
        size_t n_bytes = unhex(requests[i].hex, bytes);
        char text[128];

        assert_int_equal(rig_dfu_is_answered(requests[i].dialect, bytes, n_bytes), requests[i].answered);
        rig_dfu_describe(requests[i].dialect, true, bytes, n_bytes, text, sizeof text);
        assert_string_equal(text, requests[i].text);
    }
    assert_false(rig_dfu_is_answered(RIG_DFU_SECURE, NULL, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_are_those_of_the_tools),
        cmocka_unit_test(answers_are_taken_apart_or_refused),
        cmocka_unit_test(nothing_at_all_is_no_answer),
        cmocka_unit_test(requests_are_told_and_known_to_be_answered),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
