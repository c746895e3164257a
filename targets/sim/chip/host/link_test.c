/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Controller, link and faults: setting up, buffers, L2CAP frames, every way that a link ends, and an upload.
 */
#include "sim/chip/host/air.h"

#include "base/bytes.h"
#include "protocol/ble/codes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define ECHO "52 10 00 0a 00 00 09 00 00 42 00 a1 61 64 65 68 65 6c 6c 6f"
#define ECHOED "1b 10 00 0b 00 00 0a 00 00 42 00 bf 61 72 65 68 65 6c 6c 6f ff"
#define LIST "08 0e 00 11 00 03 28"
#define LISTED "09 15 0f 00 14 10 00 48 7c 99 74 11 26 9e ae 01 4e ce fb 28 78 2e da"
#define ECHOED_SHORT "1b 10 00 0b 00 00 0a 00 00 42 00 bf 61"

static int open_air(void **state)
{
    struct air *air = malloc(sizeof *air);

    air_open_plain(air);
    *state = air;
    return 0;
}

static int open_virtual(void **state)
{
    struct air *air = malloc(sizeof *air);
    struct bench_config board = air_board();
    struct sim_stack_config config = {.virtual_controller = true};

    air_open(air, &board, &config);
    *state = air;
    return 0;
}

static int close_air(void **state)
{
    air_close(*state);
    free(*state);
    return 0;
}

static void E_the_controller_is_set_up_in_order_and_advertises_name_and_service(void **state)
{
    static const uint16_t expected[] = {0x0c03, 0x1001, 0x1002, 0x1003, 0x2003, 0x2002, 0x0c01,
                                        0x2001, 0x2005, 0x2006, 0x2008, 0x2009, 0x200a};
    static const uint8_t advertisement[] = {0x15, 0x02, 0x01, 0x06, 0x11, 0x07, 0x84, 0xaa, 0x60, 0x74, 0x52,
                                            0x8a, 0x8b, 0x86, 0xd3, 0x4c, 0xb7, 0x1d, 0x1d, 0xdc, 0x53, 0x8d};
    static const uint8_t scan_response[] = {7, 6, 0x09, 'b', 'e', 'n', 'c', 'h'};
    static const uint8_t address[] = {0x42, 0x00, 0x00, 0xee, 0xff, 0xc0};
    struct air *air = *state;

    assert_int_equal(air->n_commands, sizeof expected / sizeof *expected);
    assert_memory_equal(air->commands, expected, sizeof expected);
    assert_memory_equal(air->advertisement, advertisement, sizeof advertisement);
    assert_memory_equal(air->scan_response, scan_response, sizeof scan_response);
    assert_memory_equal(air->address, address, sizeof address);
    assert_true(air->advertising);
}

static void a_controller_that_refuses_a_command_is_given_up_with_the_commands_number(void **state)
{
    struct air *air = *state;

    air->refused = RIG_HCI_LE_SET_RANDOM_ADDRESS;
    sim_stack_open(air->stack, air->now_us);
    air_run(air);
    assert_non_null(sim_stack_fault(air->stack));
    assert_non_null(strstr(sim_stack_fault(air->stack), "0x2005"));
    air->refused = 0;
    sim_stack_open(air->stack, air->now_us);
    air_run(air);
    assert_null(sim_stack_fault(air->stack));
    assert_true(air->advertising);
}

static void a_controller_that_does_not_answer_is_given_up_after_2_s(void **state)
{
    struct air *air = *state;

    air->ignored = RIG_HCI_LE_READ_BUFFER_SIZE;
    sim_stack_open(air->stack, air->now_us);
    air_run_us(air, 1900000);
    assert_null(sim_stack_fault(air->stack));
    air_run_us(air, 200000);
    assert_non_null(strstr(sim_stack_fault(air->stack), "0x2002"));
}

static void a_controller_without_le_buffers_is_asked_for_the_common_ones(void **state)
{
    struct air *air = *state;

    air->n_buffers = 0;
    air->n_commands = 0;
    sim_stack_open(air->stack, air->now_us);
    air_run(air);
    assert_int_equal(air->commands[6], RIG_HCI_READ_BUFFER_SIZE);
    /* This one has none at all. */
    assert_non_null(sim_stack_fault(air->stack));
}

static void an_address_that_is_not_static_random_is_refused(void **state)
{
    struct bench_config config = bench_config(RIG_SWAP_MOVE);
    struct sim_board *board = bench_board(&config, NULL);
    struct sim_stack_config plain = {0};
    struct sim_stack_ports ports = {.user = NULL};
    const char *why = NULL;

    (void)state;
    assert_null(sim_stack_new(sim_board_ble(board), &plain, &ports, &why));
    assert_non_null(strstr(why, "static random"));
    sim_board_free(board);
}

static void packets_wait_for_the_controllers_buffers(void **state)
{
    struct air *air = *state;

    air->acl_bytes = 27;
    air->n_buffers = 2;
    sim_stack_open(air->stack, air->now_us);
    air_run(air);
    air_connect(air);
    air_exchange(air, AIR_ATT, "02 f7 00", "03 f7 00");
    air->holds_packets = true;
    /* 4 + 23 bytes: a packet each */
    air_exchange(air, AIR_ATT, LIST, LISTED);
    air_exchange(air, AIR_ATT, LIST, LISTED);
    assert_int_equal(air->n_held, 2);
    air_exchange(air, AIR_ATT, LIST, "");
    air_exchange(air, AIR_ATT, LIST, "");
    assert_int_equal(air->n_most_held, 2);
    air->holds_packets = false;
    air->n_held = 0;
    air_inject(air, "04 13 05 01 2b 00 02 00");
    air_expect(air, AIR_ATT, LISTED);
    air_expect(air, AIR_ATT, LISTED);
    air_expect(air, AIR_ATT, "");
}

static void A_frames_come_in_any_pieces_and_broken_ones_are_dropped(void **state)
{
    struct air *air = *state;

    air_connect(air);
    air_inject(air, "02 2b 20 01 00 03  02 2b 10 02 00 00 04  02 2b 10 03 00 00 0a 03  02 2b 10 01 00 00");
    air_expect(air, AIR_ATT, "0b 62 65 6e 63 68");
    /* goes on with nothing; too short; begun anew before its end; length of nobody */
    air_inject(air, "02 2b 10 03 00 0a 03 00");
    air_inject(air, "02 2b 20 02 00 03 00");
    air_inject(air, "02 2b 20 06 00 03 00 04 00 0a 03");
    air_inject(air, "02 2b 20 07 00 03 00 04 00 0a 05 00");
    air_expect(air, AIR_ATT, "0b 00 00");
    air_inject(air, "02 2b 20 06 00 ff ff 04 00 0a 03  02 2b 10 03 00 0a 05 00");
    air_expect(air, AIR_ATT, "");
    air_exchange(air, AIR_ATT, "0a 05 00", "0b 00 00");
}

static void A_channels_that_are_not_there_are_silent(void **state)
{
    struct air *air = *state;

    air_connect(air);
    air_exchange(air, 0x0040, "01 02 03", "");
    air_exchange(air, 0x0001, "01 01 02 00 00 00", "");
    assert_int_equal(air->n_pdus, 0);
}

static void A_4_1_signals_that_are_not_understood_are_rejected(void **state)
{
    struct air *air = *state;

    air_connect(air);
    air_exchange(air, AIR_SIGNALLING, "14 07 0a 00 80 00 40 00 40 00 40 00 05 00", "01 07 02 00 00 00");
    air_exchange(air, AIR_SIGNALLING, "12 08 08 00 06 00 0c 00 00 00 2a 00", "01 08 02 00 00 00");
    air_exchange(air, AIR_SIGNALLING, "13 01 02 00 00 00", "");
    air_exchange(air, AIR_SIGNALLING, "08 01 05 00 00", "");
    air_exchange(air, AIR_SIGNALLING,
                 "08 09 14 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00",
                 "01 09 04 00 01 00 17 00");
}

static void A_4_20_connection_parameters_are_asked_for_on_command(void **state)
{
    struct air *air = *state;

    air_connect(air);
    air_command(air, "link parameters 6 12 0 300", "ok");
    air_expect(air, AIR_SIGNALLING, "12 01 08 00 06 00 0c 00 00 00 2c 01");
    air_exchange(air, AIR_SIGNALLING, "13 01 02 00 00 00", "");
    assert_true(air_told(air, "connection parameters accepted"));
    air_inject(air, "04 3e 0a 03 00 2b 00 06 00 00 00 2c 01");
    air_inject(air, "04 3e 0b 06 2b 00 08 00 10 00 00 00 90 01");
    assert_int_equal(air->commands[air->n_commands - 1], 0x2020);
}

static void packets_too_long_and_of_other_kinds_are_skipped(void **state)
{
    struct air *air = *state;
    uint8_t bytes[5 + 2000] = {0x02, 0x2b, 0x20, 0xd0, 0x07};

    air_connect(air);
    air_inject(air, "03 01 00 03 01 02 03  05 01 00 02 00 01 02");
    sim_stack_receive(air->stack, air->now_us, bytes, sizeof bytes);
    air_exchange(air, AIR_ATT, "0a 05 00", "0b 00 00");
}

static void a_stream_that_makes_no_sense_is_given_up(void **state)
{
    struct air *air = *state;

    air_connect(air);
    air_inject(air, "77");
    assert_non_null(sim_stack_fault(air->stack));
}

static void events_of_wrong_length_and_other_links_change_nothing(void **state)
{
    struct air *air = *state;

    air_connect(air);
    air_inject(
        air,
        "04 05 00  04 05 03 00 2b 00  04 05 04 00 2c 00 13  04 08 02 00 2b  04 13 01 09  04 13 03 01 2b 00");
    air_inject(
        air,
        "04 3e 00  04 3e 01 01  04 3e 04 05 2b 00 00  04 3e 05 03 00 2b 00 06  04 0e 00  04 0f 02 00 01");
    air_inject(air, "04 13 05 01 2b 00 ff ff  04 13 05 ff 2c 00 01 00");
    air_exchange(air, AIR_ATT, "0a 05 00", "0b 00 00");
}

static void a_second_central_is_sent_away(void **state)
{
    struct air *air = *state;

    air_connect(air);
    air_inject(air, "04 3e 13 01 00 55 00 01 00 01 02 03 04 05 06 18 00 00 00 2a 00 00");
    assert_int_equal(air->commands[air->n_commands - 1], RIG_HCI_DISCONNECT);
    air_exchange(air, AIR_ATT, "0a 05 00", "0b 00 00");
}

static void after_a_disconnect_the_board_advertises_again(void **state)
{
    struct air *air = *state;

    air_connect(air);
    assert_true(sim_board_ble_connected(air->bench.board));
    air_disconnect(air, 0x13);
    assert_false(sim_board_ble_connected(air->bench.board));
    assert_int_equal(sim_board_ble_last_reason(air->bench.board), 0x13);
    assert_true(air->advertising);
    air_connect(air);
    air_exchange(air, AIR_ATT, "0a 05 00", "0b 00 00");
}

static void the_board_disconnects_with_a_reason_of_ones_choice(void **state)
{
    struct air *air = *state;

    air_connect(air);
    air_command(air, "link disconnect 0x15", "ok");
    assert_int_equal(air->last_reason, 0x15);
    assert_true(air->advertising);
    air_command(air, "link disconnect 0x15", "error: there is no link");
    air_connect(air);
    air_command(air, "link disconnect often", "error");
}

static void power_lost_on_a_real_controller_is_a_reset_and_the_link_dies_without_a_word(void **state)
{
    struct air *air = *state;

    air_connect(air);
    air->n_commands = 0;
    sim_board_power(air->bench.board, false);
    air_run(air);
    assert_int_equal(air->commands[0], RIG_HCI_RESET);
    assert_false(air->advertising);
    air_run_us(air, 1000000);
    assert_false(air->advertising);
    sim_board_power(air->bench.board, true);
    air_run_us(air, 5000000);
    assert_true(air->advertising);
    air_connect(air);
    air_exchange(air, AIR_ATT, "0a 05 00", "0b 00 00");
}

static void power_lost_on_a_virtual_controller_ends_the_link_after_the_supervision_timeout(void **state)
{
    struct air *air = *state;

    air_connect(air);
    sim_board_power(air->bench.board, false);
    air_run_us(air, 400000);
    assert_true(air->connected);
    air_exchange(air, AIR_ATT, "0a 05 00", "");
    air_run_us(air, 100000);
    assert_false(air->connected);
    assert_int_equal(air->last_reason, 0x08);
    assert_false(air->advertising);
}

static void a_board_back_before_the_timeout_advertises_beside_its_dead_link(void **state)
{
    struct air *air = *state;
    uint16_t dead;

    air_connect(air);
    dead = air->connection;
    sim_board_reset(air->bench.board);
    air_run_us(air, 350000);
    assert_true(air->advertising);
    assert_true(air->connected);
    air->connected = false; /* the central has given up */
    air_connect(air);
    assert_true(air->connection != dead);
    air_run_us(air, 300000);
    assert_true(air->connected); /* what ended was the dead one */
    air_exchange(air, AIR_ATT, "0a 05 00", "0b 00 00");
}

static void a_lost_link_is_silent_for_the_central_and_over_for_the_board(void **state)
{
    struct air *air = *state;

    air_connect(air);
    air_command(air, "link lost", "ok");
    assert_int_equal(sim_board_ble_last_reason(air->bench.board), 0x08);
    assert_true(air->advertising);
    assert_true(air->connected);
    air_run_us(air, 500000);
    assert_false(air->connected);
    assert_int_equal(air->last_reason, 0x08);
}

static void a_controller_that_goes_takes_the_link_with_it(void **state)
{
    struct air *air = *state;

    air_connect(air);
    sim_stack_close(air->stack, air->now_us);
    assert_false(sim_board_ble_connected(air->bench.board));
    air->connected = false;
    sim_stack_open(air->stack, air->now_us);
    air_run(air);
    assert_true(air->advertising);
    air_connect(air);
    air_exchange(air, AIR_ATT, "0a 05 00", "0b 00 00");
}

/* --- faults --- */

static void prepare(struct air *air)
{
    air_connect(air);
    air_prepare_smp(air);
}

static void a_dropped_write_and_a_dropped_notification_are_gone(void **state)
{
    struct air *air = *state;

    prepare(air);
    air_command(air, "link fault drop writes 1", "ok");
    air_exchange(air, AIR_ATT, ECHO, ECHOED);
    air_exchange(air, AIR_ATT, ECHO, "");
    air_exchange(air, AIR_ATT, ECHO, ECHOED);
    air_command(air, "link fault drop notifications 0 2", "ok");
    air_exchange(air, AIR_ATT, ECHO, "");
    air_exchange(air, AIR_ATT, ECHO, "");
    air_exchange(air, AIR_ATT, ECHO, ECHOED);
}

static void a_doubled_write_is_served_twice(void **state)
{
    struct air *air = *state;

    prepare(air);
    air_command(air, "link fault duplicate writes 0", "ok");
    air_exchange(air, AIR_ATT, ECHO, ECHOED);
    air_expect(air, AIR_ATT, ECHOED);
    air_expect(air, AIR_ATT, "");
}

static void a_late_notification_comes_late(void **state)
{
    struct air *air = *state;

    prepare(air);
    air_command(air, "link fault delay notifications 0 1 500", "ok");
    air_exchange(air, AIR_ATT, ECHO, "");
    air_run_us(air, 400000);
    air_expect(air, AIR_ATT, "");
    air_run_us(air, 100000);
    air_expect(air, AIR_ATT, ECHOED);
}

static void a_corrupted_and_a_short_notification(void **state)
{
    struct air *air = *state;

    prepare(air);
    air_command(air, "link fault corrupt notifications 0 1 0", "ok");
    air_command(air, "link fault truncate notifications 1 1 10", "ok");
    air_exchange(air, AIR_ATT, ECHO, "1b 10 00 0a 00 00 0a 00 00 42 00 bf 61 72 65 68 65 6c 6c 6f ff");
    air_exchange(air, AIR_ATT, ECHO, ECHOED_SHORT);
}

static void a_reordered_write_goes_after_the_next_one_or_after_a_second(void **state)
{
    struct air *air = *state;

    prepare(air);
    air_command(air, "link fault reorder writes 0", "ok");
    air_exchange(air, AIR_ATT, ECHO, "");
    air_exchange(air, AIR_ATT, "52 10 00 0a 00 00 09 00 00 43 00 a1 61 64 65 68 65 6c 6c 6f",
                 "1b 10 00 0b 00 00 0a 00 00 43 00 bf 61 72 65 68 65 6c 6c 6f ff");
    air_expect(air, AIR_ATT, ECHOED);
    air_command(air, "link fault reorder writes 0", "ok");
    air_exchange(air, AIR_ATT, ECHO, "");
    air_run_us(air, 1000000);
    air_expect(air, AIR_ATT, ECHOED);
}

static void a_link_ends_or_dies_in_the_place_of_a_write(void **state)
{
    struct air *air = *state;

    prepare(air);
    air_command(air, "link fault disconnect writes 1", "ok");
    air_exchange(air, AIR_ATT, ECHO, ECHOED);
    air_exchange(air, AIR_ATT, ECHO, "");
    assert_int_equal(air->last_reason, 0x13);
    air_command(air, "link fault none", "ok");
    prepare(air);
    air_command(air, "link fault lost notifications 0", "ok");
    air_exchange(air, AIR_ATT, ECHO, "");
    air_run_us(air, 500000);
    assert_int_equal(air->last_reason, 0x08);
}

static void a_board_sends_on_command_what_nobody_asked_for(void **state)
{
    struct air *air = *state;

    air_connect(air);
    air_command(air, "link send att 1b100001", "ok");
    air_expect(air, AIR_ATT, "1b 10 00 01");
    air_command(air, "link send security 0c", "ok");
    air_expect(air, AIR_SECURITY, "0c");
    air_command(air, "link send signalling 0101", "ok");
    air_expect(air, AIR_SIGNALLING, "01 01");
    air_command(air, "link answer ff", "ok");
    air_exchange(air, AIR_ATT, "0a 05 00", "ff");
    air_exchange(air, AIR_ATT, "0a 05 00", "0b 00 00");
    air_command(air, "link send att 1", "error");
    air_command(air, "link send mail 11", "error");
    air_command(air, "link answer xx", "error");
}

static void a_board_advertises_on_command_what_makes_no_sense(void **state)
{
    static const uint8_t advertisement[32] = {5, 0xff, 0x01, 0x06, 0x00, 0x00};
    static const uint8_t scan_response[32] = {1, 0x1e};
    struct air *air = *state;

    air_command(air, "link advertising ff01060000 1e", "ok");
    assert_memory_equal(air->advertisement, advertisement, 32);
    assert_memory_equal(air->scan_response, scan_response, 32);
    sim_stack_open(air->stack, air->now_us);
    air_run(air);
    assert_memory_equal(air->advertisement, advertisement, 32);
    air_command(air, "link advertising 00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff",
                "error");
}

static void who_leaves_an_emulated_controller_ends_its_links_first(void **state)
{
    struct air *air = *state;

    air_connect(air);
    assert_true(sim_stack_leave(air->stack, air->now_us));
    air_run(air);
    assert_int_equal(air->last_reason, 0x08);
    assert_false(sim_stack_leave(air->stack, air->now_us));
}

static void faults_that_cannot_be_are_refused(void **state)
{
    struct air *air = *state;

    air_command(air, "link fault", "error");
    air_command(air, "link fault melt writes 0", "error");
    air_command(air, "link fault drop reads 0", "error");
    air_command(air, "link fault drop writes", "error");
    air_command(air, "link fault drop writes -1", "error");
    air_command(air, "link fault drop writes 0 1 2 3", "error");
    for (unsigned i = 0; i < 16; i++)
        air_command(air, "link fault drop writes 9", "ok");
    air_command(air, "link fault drop writes 9", "error: there are sixteen");
    air_command(air, "link fault none", "ok");
    air_command(air, "link fault drop writes 9", "ok");
    air_command(air, "link", "error");
    air_command(air, "link dance a b c d e f g h", "error");
    air_command(air, "bond", "error");
}

/* --- a whole update --- */

static void put(uint8_t *pdu, size_t *n_pdu, const uint8_t *bytes, size_t n_bytes)
{
    memcpy(pdu + *n_pdu, bytes, n_bytes);
    *n_pdu += n_bytes;
}

/* Sends a message as write commands of at most 20 bytes and returns the answer, joined. */
static struct rig_smp_response ask(struct air *air, const uint8_t *message, size_t n_message, uint8_t *answer)
{
    struct rig_smp_response response;
    struct rig_smp_header header;
    const struct air_pdu *heard;
    size_t n_answer = 0;

    for (size_t at = 0; at < n_message; at += 20) {
        uint8_t pdu[23] = {0x52, 0x10, 0x00};
        size_t n_pdu = 3;

        put(pdu, &n_pdu, message + at, n_message - at < 20 ? n_message - at : 20);
        air_send(air, AIR_ATT, pdu, n_pdu);
    }
    air_run_us(air, 2000000);
    while ((heard = air_take(air, AIR_ATT))) {
        assert_int_equal(heard->bytes[0], 0x1b);
        memcpy(answer + n_answer, heard->bytes + 3, heard->n_bytes - 3u);
        n_answer += heard->n_bytes - 3u;
    }
    assert_true(n_answer >= RIG_SMP_HEADER_BYTES);
    rig_smp_header_decode(answer, &header);
    assert_int_equal(n_answer, RIG_SMP_HEADER_BYTES + (size_t)header.length);
    assert_int_equal(rig_smp_decode_response(answer, n_answer, &response), RIG_SMP_OK);
    return response;
}

static void an_image_goes_over_att_at_mtu_23_into_the_boards_slot(void **state)
{
    struct air *air = *state;
    struct rig_bytes image = bench_image(2, NULL, 3000);
    const struct sim_area *secondary = &sim_mcuboot_config_of(air->bench.board)->boot.secondary[0];
    uint8_t message[512], answer[1024], *stored = malloc(image.n_bytes);
    uint32_t offset = 0;

    air_connect(air);
    air_exchange(air, AIR_ATT, "12 11 00 01 00", "13");
    while (offset < image.n_bytes) {
        size_t n_piece = image.n_bytes - offset < 200 ? image.n_bytes - offset : 200;
        struct rig_smp_upload_chunk upload = {.image = 0,
                                              .total_bytes = (uint32_t)image.n_bytes,
                                              .offset = offset,
                                              .bytes = image.bytes + offset,
                                              .n_bytes = n_piece};
        size_t n_message = rig_smp_encode_upload((struct rig_smp_request_id){1, (uint8_t)(offset / 200)},
                                                 &upload, message, sizeof message);
        struct rig_smp_response response = ask(air, message, n_message, answer);

        assert_true(response.has_off);
        assert_int_equal(response.off, offset + n_piece);
        offset += (uint32_t)n_piece;
    }
    assert_int_equal(sim_flash_peek(sim_board_flash(air->bench.board), secondary->device, secondary->offset,
                                    stored, image.n_bytes),
                     SIM_OK);
    assert_memory_equal(stored, image.bytes, image.n_bytes);
    free(stored);
    rig_bytes_clear(&image);
}

#define PLAIN(test) cmocka_unit_test_setup_teardown(test, open_air, close_air)
#define VIRTUAL(test) cmocka_unit_test_setup_teardown(test, open_virtual, close_air)

int main(void)
{
    const struct CMUnitTest tests[] = {
        PLAIN(E_the_controller_is_set_up_in_order_and_advertises_name_and_service),
        PLAIN(a_controller_that_refuses_a_command_is_given_up_with_the_commands_number),
        PLAIN(a_controller_that_does_not_answer_is_given_up_after_2_s),
        PLAIN(a_controller_without_le_buffers_is_asked_for_the_common_ones),
        cmocka_unit_test(an_address_that_is_not_static_random_is_refused),
        PLAIN(packets_wait_for_the_controllers_buffers),
        PLAIN(A_frames_come_in_any_pieces_and_broken_ones_are_dropped),
        PLAIN(A_channels_that_are_not_there_are_silent),
        PLAIN(A_4_1_signals_that_are_not_understood_are_rejected),
        PLAIN(A_4_20_connection_parameters_are_asked_for_on_command),
        PLAIN(packets_too_long_and_of_other_kinds_are_skipped),
        PLAIN(a_stream_that_makes_no_sense_is_given_up),
        PLAIN(events_of_wrong_length_and_other_links_change_nothing),
        PLAIN(a_second_central_is_sent_away),
        PLAIN(after_a_disconnect_the_board_advertises_again),
        PLAIN(the_board_disconnects_with_a_reason_of_ones_choice),
        PLAIN(power_lost_on_a_real_controller_is_a_reset_and_the_link_dies_without_a_word),
        VIRTUAL(power_lost_on_a_virtual_controller_ends_the_link_after_the_supervision_timeout),
        VIRTUAL(a_board_back_before_the_timeout_advertises_beside_its_dead_link),
        VIRTUAL(a_lost_link_is_silent_for_the_central_and_over_for_the_board),
        PLAIN(a_controller_that_goes_takes_the_link_with_it),
        PLAIN(a_dropped_write_and_a_dropped_notification_are_gone),
        PLAIN(a_doubled_write_is_served_twice),
        PLAIN(a_late_notification_comes_late),
        PLAIN(a_corrupted_and_a_short_notification),
        PLAIN(a_reordered_write_goes_after_the_next_one_or_after_a_second),
        VIRTUAL(a_link_ends_or_dies_in_the_place_of_a_write),
        PLAIN(a_board_sends_on_command_what_nobody_asked_for),
        PLAIN(a_board_advertises_on_command_what_makes_no_sense),
        VIRTUAL(who_leaves_an_emulated_controller_ends_its_links_first),
        PLAIN(faults_that_cannot_be_are_refused),
        PLAIN(an_image_goes_over_att_at_mtu_23_into_the_boards_slot),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
