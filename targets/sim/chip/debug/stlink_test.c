/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The stlink-server protocol byte by byte. */
#include "sim/chip/debug/stlink.h"

#include "base/bytes.h"
#include "sim/chip/debug/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

struct session {
    struct debugged *debugged;
    struct sim_stlink link;
    uint8_t reply[SIM_STLINK_MAX_REPLY];
    size_t n_reply;
};

static int open_session(void **state)
{
    struct session *session = test_calloc(1, sizeof *session);

    session->debugged = debugged_new();
    session->link.debug = session->debugged->debug;
    *state = session;
    return 0;
}

static int close_session(void **state)
{
    debugged_free(((struct session *)*state)->debugged);
    test_free(*state);
    return 0;
}

static void ask(struct session *session, const void *bytes, size_t n_bytes)
{
    size_t n_used;

    assert_int_equal(
        sim_stlink_take(&session->link, bytes, n_bytes, &n_used, session->reply, &session->n_reply),
        SIM_STLINK_ANSWERED);
    assert_int_equal(n_used, n_bytes);
}

/* One command of the probe; n is what the host wants to read, or, with `sent`, what it sends. */
static const uint8_t *command(struct session *session, const uint8_t *bytes, size_t n_bytes,
                              const uint8_t *sent, size_t n)
{
    uint8_t request[32 + 256] = {5, 0, 0, 0, 1};

    memcpy(request + 8, bytes, n_bytes);
    request[24] = sent ? 0 : 1;
    rig_put_le32(request + 28, (uint32_t)n);
    if (sent)
        memcpy(request + 32, sent, n);
    ask(session, request, 32 + (sent ? n : 0));
    assert_int_equal(rig_get_le32(session->reply), 1);
    assert_int_equal(session->n_reply, 4 + (sent ? 0 : n));
    return session->reply + 4;
}

#define COMMAND(session, n, ...)                                                                             \
    command(session, (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}), NULL, n)

static void test_the_server_names_its_api_and_one_probe(void **state)
{
    struct session *session = *state;

    ask(session, "\6\0\0\0", 4);
    assert_int_equal(session->n_reply, 16);
    assert_int_equal(rig_get_le32(session->reply), 2);
    ask(session, "\0\0", 2);
    assert_int_equal(rig_get_le32(session->reply), 1);
    ask(session, "\1", 1);
    assert_int_equal(rig_get_le32(session->reply), 1);
    ask(session, "\2\0\0\0\0\0\0\0", 8);
    assert_int_equal(session->n_reply, 45);
    assert_string_equal((const char *)session->reply + 8, SIM_STLINK_SERIAL);
    assert_int_equal(rig_get_le16(session->reply + 42), 0x3748);
    ask(session, "\3\0\0\0\1\0\0\0", 8);
    assert_int_equal(session->n_reply, 8);
    ask(session, "\4\0\0\0\1\0\0\0", 8);
    assert_int_equal(session->n_reply, 4);
}

static void test_firmware_version_is_v2j37s7(void **state)
{
    const uint8_t expected[] = {0x29, 0x47, 0x83, 0x04, 0x48, 0x37};

    assert_memory_equal(COMMAND(*state, 6, 0xf1), expected, 6);
}

static void test_the_probe_measures_the_boards_supply(void **state)
{
    struct session *session = *state;

    assert_int_equal(rig_get_le32(COMMAND(session, 8, 0xf7) + 4), 1875);
    sim_board_power(session->debugged->bench.board, false);
    assert_int_equal(rig_get_le32(COMMAND(session, 8, 0xf7) + 4), 0);
}

static void test_idcode_over_the_probe(void **state)
{
    const uint8_t *answer = COMMAND(*state, 12, 0xf2, 0x31);

    assert_int_equal(answer[0], 0x80);
    assert_int_equal(rig_get_le32(answer + 4), SIM_DEBUG_DPIDR);
}

static void test_memory_writes_and_reads_back_in_every_width(void **state)
{
    static const uint8_t commands[][2] = {{0x0d, 0x0c}, {0x48, 0x47}, {0x08, 0x07}};
    const uint8_t bytes[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    struct session *session = *state;

    for (size_t i = 0; i < 3; i++) {
        const uint8_t write[] = {0xf2, commands[i][0], 0, (uint8_t)i, 0, 0x20, 8, 0};

        command(session, write, sizeof write, bytes, sizeof bytes);
        assert_memory_equal(COMMAND(session, 8, 0xf2, commands[i][1], 0, (uint8_t)i, 0, 0x20, 8, 0), bytes,
                            8);
        assert_int_equal(COMMAND(session, 12, 0xf2, 0x3e)[0], 0x80);
    }
}

static void test_without_increment_one_word_is_written_again_and_again(void **state)
{
    const uint8_t bytes[8] = {1, 0, 0, 0, 2, 0, 0, 0};
    const uint8_t write[] = {0xf2, 0x50, 0, 0, 0, 0x20, 8, 0};
    struct session *session = *state;

    command(session, write, sizeof write, bytes, sizeof bytes);
    assert_int_equal(rig_get_le32(COMMAND(session, 4, 0xf2, 0x07, 0, 0, 0, 0x20, 4, 0)), 2);
    assert_int_equal(rig_get_le32(COMMAND(session, 4, 0xf2, 0x07, 4, 0, 0, 0x20, 4, 0)), 0);
}

static void test_a_fault_is_told_by_the_last_status_with_its_address(void **state)
{
    struct session *session = *state;
    const uint8_t *status;

    COMMAND(session, 4, 0xf2, 0x07, 0, 0, 0, 0x50, 4, 0);
    status = COMMAND(session, 12, 0xf2, 0x3e);
    assert_int_equal(status[0], 0x11);
    assert_int_equal(rig_get_le32(status + 4), 0x50000000);
    COMMAND(session, 4, 0xf2, 0x07, 0, 0, 0, 0x20, 4, 0);
    assert_int_equal(COMMAND(session, 12, 0xf2, 0x3e)[0], 0x80);
}

static void test_a_dead_board_is_a_dp_error_but_enter_succeeds(void **state)
{
    struct session *session = *state;

    sim_board_power(session->debugged->bench.board, false);
    assert_int_equal(COMMAND(session, 2, 0xf2, 0x30, 0xa3)[0], 0x80);
    assert_int_equal(COMMAND(session, 8, 0xf2, 0x45, 0xff, 0xff, 4, 0)[0], 0x16);
    COMMAND(session, 4, 0xf2, 0x07, 0, 0, 0, 0x20, 4, 0);
    assert_int_equal(COMMAND(session, 12, 0xf2, 0x3e)[0], 0x16);
}

static void test_a_request_in_pieces_does_nothing_until_it_is_whole(void **state)
{
    uint8_t request[40] = {5, 0, 0, 0, 1, 0, 0, 0, 0xf2, 0x08, 0, 0, 0, 0x20, 8, 0};
    struct session *session = *state;
    size_t n_used;

    rig_put_le32(request + 28, 8);
    for (size_t n = 0; n < sizeof request; n++) {
        assert_int_equal(
            sim_stlink_take(&session->link, request, n, &n_used, session->reply, &session->n_reply),
            SIM_STLINK_INCOMPLETE);
        assert_int_equal(n_used, 0);
    }
    ask(session, request, sizeof request);
}

static void test_garbage_and_oversized_requests_end_the_session(void **state)
{
    uint8_t request[32] = {5};
    struct session *session = *state;
    size_t n_used;

    assert_int_equal(sim_stlink_take(&session->link, (const uint8_t *)"GET ", 4, &n_used, session->reply,
                                     &session->n_reply),
                     SIM_STLINK_BROKEN);
    rig_put_le32(request + 28, SIM_STLINK_MAX_PAYLOAD + 1);
    assert_int_equal(sim_stlink_take(&session->link, request, 32, &n_used, session->reply, &session->n_reply),
                     SIM_STLINK_BROKEN);
}

static void test_a_read_longer_than_the_room_asked_for_is_cut(void **state)
{
    struct session *session = *state;

    COMMAND(session, 4, 0xf2, 0x07, 0, 0, 0, 0, 0xfc, 0xff);
    assert_int_equal(session->n_reply, 8);
}

#define session_test(f) cmocka_unit_test_setup_teardown(f, open_session, close_session)

int main(void)
{
    const struct CMUnitTest tests[] = {
        session_test(test_the_server_names_its_api_and_one_probe),
        session_test(test_firmware_version_is_v2j37s7),
        session_test(test_the_probe_measures_the_boards_supply),
        session_test(test_idcode_over_the_probe),
        session_test(test_memory_writes_and_reads_back_in_every_width),
        session_test(test_without_increment_one_word_is_written_again_and_again),
        session_test(test_a_fault_is_told_by_the_last_status_with_its_address),
        session_test(test_a_dead_board_is_a_dp_error_but_enter_succeeds),
        session_test(test_a_request_in_pieces_does_nothing_until_it_is_whole),
        session_test(test_garbage_and_oversized_requests_end_the_session),
        session_test(test_a_read_longer_than_the_room_asked_for_is_cut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
