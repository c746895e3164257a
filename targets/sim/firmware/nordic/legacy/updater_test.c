/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the legacy bootloader answers, write by write, and when it touches the flash. */
#include "sim/firmware/nordic/legacy/fixture.h"

#include "image/init_packet.h"

#include "base/bytes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define N(array) (sizeof(array) / sizeof *(array))

static const struct legacy_sizes application = {.mode = RIG_LEGACY_APPLICATION, .application = 20000};

static int set_up(void **state)
{
    struct legacy_board *board = malloc(sizeof *board);

    legacy_board_make(board, 4096, 0x1c000);
    legacy_board_wait(board);
    *state = board;
    return 0;
}

static int tear_down(void **state)
{
    legacy_board_free(*state);
    free(*state);
    return 0;
}

static const char *start(struct legacy_board *board, const char *op, uint32_t softdevice, uint32_t bootloader,
                         uint32_t app, char text[200])
{
    uint8_t bytes[12];

    rig_put_le32(bytes, softdevice);
    rig_put_le32(bytes + 4, bootloader);
    rig_put_le32(bytes + 8, app);
    legacy_control(board, op, text);
    return legacy_packet(board, bytes, sizeof bytes, text);
}

static const char *init(struct legacy_board *board, const char *hex, char text[200])
{
    uint8_t bytes[200];
    size_t n = 0;

    for (char *end; *hex; hex = end)
        bytes[n++] = (uint8_t)strtoul(hex, &end, 16);
    legacy_control(board, "02 00", text);
    for (size_t done = 0; done < n; done += 20)
        if (*legacy_packet(board, bytes + done, n - done < 20 ? n - done : 20, text))
            return text;
    return legacy_control(board, "02 01", text);
}
#define ANY_INIT "ff ff ff ff ff ff ff ff 01 00 fe ff 00 00"

/* The phase in which data comes, for an image of n_bytes. */
static void receive(struct legacy_board *board, uint32_t n_bytes)
{
    char text[200];

    assert_string_equal(start(board, "01 04", 0, 0, n_bytes, text), "10 01 01");
    assert_string_equal(init(board, ANY_INIT, text), "10 02 01");
    assert_string_equal(legacy_control(board, "03", text), "");
}

static void an_update_is_answered_step_by_step(void **state)
{
    struct legacy_board *board = *state;
    uint8_t *image = legacy_image(2, 20000);

    legacy_transfer(board, &application, image);
    assert_true(legacy_activate(board));
    assert_true(board->state.disconnect);
    legacy_board_boot(board);
    assert_int_equal(board->start.outcome, SIM_LEGACY_APPLICATION);
    assert_true(legacy_is_whole(board, 0x1c000, 20000));
    free(image);
}

static void receipts_tell_the_bytes_every_n_packets_but_for_the_last(void **state)
{
    static const uint8_t packet[20] = {1};
    struct legacy_board *board = *state;
    char text[200];

    receive(board, 120);
    assert_string_equal(legacy_control(board, "08 02 00", text), "");
    assert_string_equal(legacy_packet(board, packet, 20, text), "");
    assert_string_equal(legacy_packet(board, packet, 20, text), "11 28 00 00 00");
    assert_string_equal(legacy_packet(board, packet, 20, text), "");
    assert_string_equal(legacy_control(board, "07", text), "10 07 01 3c 00 00 00");
    assert_string_equal(legacy_packet(board, packet, 20, text), "11 50 00 00 00");
    assert_string_equal(legacy_packet(board, packet, 20, text), "");
    assert_string_equal(legacy_packet(board, packet, 20, text), "10 03 01");
}

static void what_start_refuses(void **state)
{
    static const struct {
        const char *op;
        uint32_t softdevice, bootloader, app;
        const char *answer;
    } rows[] = {
        {"01 05", 4, 0, 4, "10 01 03"},          /* application and SoftDevice together */
        {"01 06", 0, 4, 4, "10 01 03"},          /* application and bootloader together */
        {"01 04", 0, 0, 18, "10 01 03"},         /* no whole words */
        {"01 02", 0, 0x5004, 0, "10 01 04"},     /* a bootloader that reaches into the settings */
        {"01 04", 0, 0, 0x2f004, "10 01 04"},    /* larger than a bank */
        {"01 01", 0x5e004, 0, 0, "10 01 04"},    /* larger than both */
        {"01 04", 0, 0, 0xfffffffc, "10 01 04"}, /* larger than anything */
        {"01 04", 0, 0, 0x2f000, "10 01 01"},    /* just so large */
        {"01 04", 0, 0, 400, "10 01 02"},        /* a second one */
    };
    struct legacy_board *board = *state;
    char text[200];

    for (size_t i = 0; i < N(rows); i++)
        assert_string_equal(
            start(board, rows[i].op, rows[i].softdevice, rows[i].bootloader, rows[i].app, text),
            rows[i].answer);
}

static void a_start_packet_of_another_length_is_not_supported(void **state)
{
    static const uint8_t bytes[20] = {0};
    struct legacy_board *board = *state;
    char text[200];

    legacy_control(board, "01 04", text);
    for (size_t n = 0; n <= 20; n++)
        if (n != 12)
            assert_string_equal(legacy_packet(board, bytes, n, text), "10 01 03");
    assert_int_equal(board->n_flash_operations, 0);
}

static void ops_without_their_parameter_fail_and_unknown_ones_are_not_supported(void **state)
{
    struct legacy_board *board = *state;
    char text[200];

    assert_string_equal(legacy_control(board, "01", text), "10 01 06");
    assert_string_equal(legacy_control(board, "02", text), "10 02 06");
    assert_string_equal(legacy_control(board, "08 01", text), "10 08 03");
    assert_string_equal(legacy_control(board, "09", text), "10 09 03");
    assert_string_equal(legacy_control(board, "10 01 01", text), "10 10 03");
    assert_string_equal(legacy_control(board, "00", text), "10 00 03");
}

static void ops_out_of_order_are_an_invalid_state(void **state)
{
    static const uint8_t packet[20] = {0};
    struct legacy_board *board = *state;
    char text[200];

    assert_string_equal(legacy_control(board, "04", text), "10 04 02");
    assert_string_equal(legacy_control(board, "02 01", text), "10 02 02");
    assert_string_equal(legacy_packet(board, packet, 20, text), "10 02 02");
    legacy_control(board, "03", text);
    assert_string_equal(legacy_packet(board, packet, 20, text), "10 03 02");
    assert_string_equal(start(board, "01 04", 0, 0, 400, text), "10 01 01");
    legacy_control(board, "03", text);
    assert_string_equal(legacy_packet(board, packet, 20, text), "10 03 02");
    assert_string_equal(legacy_control(board, "04", text), "10 04 02");
}

static void what_an_init_packet_must_be(void **state)
{
    static const struct {
        const char *init, *answer;
    } rows[] = {
        {"ff ff", "10 02 06"},
        {"07 00 ff ff ff ff ff ff 00 00", "10 02 06"},             /* no SoftDevice, no CRC */
        {"07 00 03 00 ff ff ff ff 01 00 fe ff", "10 02 06"},       /* no CRC */
        {"06 00 03 00 ff ff ff ff 01 00 fe ff 00 00", "10 02 06"}, /* another device */
        {"07 00 04 00 ff ff ff ff 01 00 fe ff 00 00", "10 02 06"}, /* another revision */
        {"07 00 03 00 ff ff ff ff 01 00 65 00 00 00", "10 02 06"}, /* another SoftDevice */
        {"07 00 03 00 ff ff ff ff ff ff fe ff 00 00", "10 02 06"}, /* more than there are */
        {"07 00 03 00 ff ff ff ff 02 00 65 00 64 00 00 00", "10 02 01"},
    };
    struct legacy_board *board = *state;
    char text[200];

    board->config.device_type = 7;
    board->config.device_revision = 3;
    assert_string_equal(start(board, "01 04", 0, 0, 400, text), "10 01 01");
    for (size_t i = 0; i < N(rows); i++)
        assert_string_equal(init(board, rows[i].init, text), rows[i].answer);
}

static void an_init_packet_has_128_bytes_of_room(void **state)
{
    static const uint8_t bytes[20] = {0};
    struct legacy_board *board = *state;
    char text[200];

    start(board, "01 04", 0, 0, 400, text);
    legacy_control(board, "02 00", text);
    for (unsigned i = 0; i < 6; i++)
        assert_string_equal(legacy_packet(board, bytes, 20, text), "");
    assert_string_equal(legacy_packet(board, bytes, 5, text), "");
    assert_string_equal(legacy_packet(board, bytes, 1, text), "10 02 06");
}

static void data_that_is_no_whole_words_or_too_much_is_refused(void **state)
{
    static const uint8_t packet[20] = {0};
    struct legacy_board *board = *state;
    char text[200];

    receive(board, 40);
    assert_string_equal(legacy_packet(board, packet, 18, text), "10 03 03");
    assert_string_equal(legacy_packet(board, packet, 20, text), "");
    legacy_packet(board, packet, 16, text);
    assert_string_equal(legacy_packet(board, packet, 8, text), "10 03 04");
    assert_string_equal(legacy_packet(board, packet, 4, text), "10 03 06"); /* its count is past the end */
    assert_string_equal(legacy_control(board, "04", text), "10 04 02");
}

static void the_ninth_packet_that_waits_for_the_flash_fails(void **state)
{
    static const uint8_t packet[20] = {0};
    struct legacy_board *board = *state;
    char text[200];

    receive(board, 400);
    for (unsigned i = 0; i < 9; i++)
        sim_legacy_packet(&board->config, board->flash, &board->state, packet, 20, 0);
    assert_int_equal(board->state.n_answers, 1);
    assert_memory_equal(board->state.answers[0].bytes, "\x10\x03\x06", 3);
    board->state.n_answers = 0;
    assert_string_equal(legacy_packet(board, packet, 20, text), "10 03 06");
    assert_string_equal(legacy_packet(board, packet, 20, text), "");
    assert_string_equal(legacy_control(board, "07", text), "10 07 01 b4 00 00 00");
}

static void a_wrong_crc_ends_the_transfer_for_good(void **state)
{
    static const uint8_t packet[20] = {0};
    struct legacy_board *board = *state;
    char text[200];

    receive(board, 20);
    assert_string_equal(legacy_packet(board, packet, 20, text), "10 03 01");
    assert_string_equal(legacy_control(board, "04", text), "10 04 05");
    assert_string_equal(legacy_control(board, "04", text), "10 04 02");
    assert_string_equal(start(board, "01 04", 0, 0, 20, text), "10 01 02");
    assert_string_equal(legacy_control(board, "05", text), "");
    assert_true(board->state.reset);
    legacy_board_boot(board);
    assert_int_equal(board->start.outcome, SIM_LEGACY_APPLICATION);
}

static void send(struct legacy_board *board, const void *bytes, size_t n_bytes)
{
    sim_legacy_packet(&board->config, board->flash, &board->state, bytes, n_bytes, board->now_us);
}

static void order(struct legacy_board *board, const char *bytes, size_t n_bytes)
{
    sim_legacy_control(&board->config, board->flash, &board->state, (const uint8_t *)bytes, n_bytes,
                       board->now_us);
}

/* The SoftDevice writes no words; the queue does not take the operation out again. */
static void an_empty_packet_stops_the_flash_for_good(void **state)
{
    static const uint8_t packet[20] = {0};
    struct legacy_board *board = *state;
    char text[200];

    receive(board, 400);
    assert_string_equal(legacy_packet(board, packet, 20, text), "");
    assert_string_equal(legacy_packet(board, packet, 0, text), "10 03 06");
    for (unsigned i = 0; i < 12; i++)
        assert_string_equal(legacy_packet(board, packet, 20, text), "10 03 06");
    assert_string_equal(legacy_control(board, "07", text), "10 07 01 14 00 00 00");
    assert_false(board->state.reset);
    assert_string_equal(legacy_control(board, "06", text), "");
    assert_true(board->state.reset);
}

static void an_empty_packet_behind_others_is_an_assertion(void **state)
{
    static const uint8_t packet[20] = {0};
    struct legacy_board *board = *state;

    receive(board, 400);
    send(board, packet, 20);
    send(board, packet, 0);
    assert_int_equal(board->state.n_answers, 0);
    sim_legacy_drain(&board->config, board->flash, &board->state);
    assert_true(board->state.reset);
    assert_true(board->state.fault);
}

static void a_validation_that_comes_before_the_flash_is_done_keeps_the_buffers(void **state)
{
    static const uint8_t packet[20] = {1};
    struct legacy_board *board = *state;
    char text[200];

    receive(board, 40);
    send(board, packet, 20);
    send(board, packet, 20);
    order(board, "\x04", 1);
    sim_legacy_drain(&board->config, board->flash, &board->state);
    assert_int_equal(board->state.n_answers, 1); /* nor is the end of the image told */
    assert_memory_equal(board->state.answers[0].bytes, "\x10\x04\x05", 3);
    board->state.n_answers = 0;
    for (unsigned i = 2; i < 8; i++)
        assert_string_equal(legacy_packet(board, packet, 20, text), "10 03 02");
    assert_string_equal(legacy_packet(board, packet, 20, text), "10 03 06");
}

static void a_second_start_in_the_middle_makes_the_image_longer_and_its_end_comes_twice(void **state)
{
    static const uint8_t packet[20] = {1};
    struct legacy_board *board = *state;
    char text[200];

    receive(board, 40);
    assert_string_equal(legacy_packet(board, packet, 20, text), "");
    assert_string_equal(legacy_packet(board, packet, 20, text), "10 03 01");
    assert_string_equal(start(board, "01 04", 0, 0, 400, text), "10 01 02");
    assert_string_equal(legacy_control(board, "04", text), "10 04 02");
    legacy_control(board, "03", text);
    for (unsigned i = 0; i < 7; i++)
        assert_string_equal(legacy_packet(board, packet, 20, text), "");
    assert_string_equal(legacy_packet(board, packet, 20, text), "10 03 01"); /* its buffer again */
    assert_string_equal(legacy_packet(board, packet, 20, text), "");
}

static void what_the_settings_say_of_bank_0(struct legacy_board *board, uint16_t expected)
{
    struct rig_legacy_settings settings;

    assert_true(sim_legacy_read_settings(&board->config, board->flash, &settings));
    assert_int_equal(settings.bank_0, expected);
}

/* Refused, and yet what the end of the erase does is of its kind. */
static void a_second_start_while_it_erases_says_what_becomes_of_bank_0(void **state)
{
    struct legacy_board *board = *state;
    uint8_t softdevice[12] = {0, 4}, app[12] = {[9] = 4};
    char text[200];

    order(board, "\x01\x04", 2);
    send(board, app, sizeof app);
    order(board, "\x01\x01", 2);
    send(board, softdevice, sizeof softdevice);
    assert_string_equal(legacy_control(board, "07", text), "10 01 02, 10 07 01 00 00 00 00, 10 01 01");
    what_the_settings_say_of_bank_0(board, RIG_LEGACY_BANK_INVALID);
    assert_true(legacy_is_whole(board, 0x1c000, 20000));
}

static void a_second_start_can_leave_a_bank_valid_that_was_erased(void **state)
{
    struct legacy_board *board = *state;
    uint8_t softdevice[12] = {0, 4}, app[12] = {[9] = 4};
    char text[200];

    order(board, "\x01\x01", 2);
    send(board, softdevice, sizeof softdevice);
    order(board, "\x01\x04", 2);
    send(board, app, sizeof app);
    assert_string_equal(legacy_control(board, "07", text), "10 01 02, 10 07 01 00 00 00 00, 10 01 01");
    what_the_settings_say_of_bank_0(board, RIG_LEGACY_BANK_APPLICATION);
    assert_false(legacy_is_whole(board, 0x1c000, 20000));
}

/* Received as an application, in bank 1; activated as what the refused start told, from bank 0. */
static void a_second_start_after_the_validation_says_what_is_activated(void **state)
{
    struct legacy_board *board = *state;
    uint8_t *image = legacy_image(2, 20000);
    struct rig_legacy_settings settings;
    char text[200];

    legacy_transfer(board, &application, image);
    free(image);
    assert_string_equal(start(board, "01 01", 0x400, 0, 0, text), "10 01 02");
    assert_true(legacy_activate(board));
    assert_true(sim_legacy_read_settings(&board->config, board->flash, &settings));
    assert_int_equal(settings.bank_0, RIG_LEGACY_BANK_SOFTDEVICE);
    assert_int_equal(settings.softdevice_bytes, 0x400);
    assert_int_equal(settings.softdevice_start, 0x1c000);
}

/* Received in bank 0, which is erased; what stood in bank 1 comes up. */
static void a_softdevice_that_is_activated_as_an_application_starts_what_stood_in_bank_1(void **state)
{
    static const struct legacy_sizes softdevice = {.mode = RIG_LEGACY_SOFTDEVICE, .softdevice = 20000};
    struct legacy_board *board = *state;
    uint8_t *image = legacy_image(2, 20000), *before = legacy_image(9, 10000);
    char text[200];

    assert_int_equal(sim_flash_poke(board->flash, 0, 0x4b000, before, 10000), SIM_OK);
    legacy_transfer(board, &softdevice, image);
    free(before);
    free(image);
    assert_string_equal(start(board, "01 04", 0, 0, 10000, text), "10 01 02");
    assert_true(legacy_activate(board));
    legacy_board_boot(board);
    assert_int_equal(board->start.outcome, SIM_LEGACY_APPLICATION);
    assert_int_equal(legacy_whole_bytes(board, 0x1c000), 10000);
}

/* What is on its way to the flash is lost, and bank 0 with it. */
static void a_second_activation_is_an_assertion(void **state)
{
    struct legacy_board *board = *state;
    uint8_t *image = legacy_image(2, 20000);

    legacy_transfer(board, &application, image);
    free(image);
    order(board, "\x05", 1);
    assert_false(board->state.reset);
    for (unsigned page = 0; page < 5; page++) /* bank 0 is empty */
        sim_legacy_due(&board->config, board->flash, &board->state, sim_legacy_due_us(&board->state));
    order(board, "\x07", 1);
    assert_false(board->state.reset);
    order(board, "\x05", 1);
    assert_true(board->state.fault);
    legacy_board_boot(board);
    assert_int_equal(board->start.reason, SIM_LEGACY_NO_APPLICATION);
}

static void adafruits_asks_for_the_revision_of_softdevice_and_bootloader_alone(void **state)
{
    static const char revision_4[] = "07 00 04 00 ff ff ff ff 01 00 fe ff 00 00";
    struct legacy_board *board = *state;
    char text[200];

    board->config.adafruit = true;
    board->config.device_type = 7;
    board->config.device_revision = 3;
    start(board, "01 04", 0, 0, 400, text);
    assert_string_equal(init(board, revision_4, text), "10 02 01");
    legacy_board_wait(board);
    start(board, "01 02", 0, 400, 0, text);
    assert_string_equal(init(board, revision_4, text), "10 02 06");
}

static void dual_bank_erases_the_whole_of_bank_1_before_it_answers(void **state)
{
    struct legacy_board *board = *state;
    uint8_t bytes[12] = {0};
    char text[200];

    bytes[8] = 4;
    legacy_control(board, "01 04", text);
    sim_legacy_packet(&board->config, board->flash, &board->state, bytes, sizeof bytes, 0);
    assert_int_equal(board->state.n_answers, 0);
    for (unsigned page = 0; page < 0x2f; page++) {
        assert_int_equal(board->state.n_answers, 0);
        board->now_us = sim_legacy_due_us(&board->state);
        sim_legacy_due(&board->config, board->flash, &board->state, board->now_us);
    }
    assert_int_equal(board->state.n_answers, 1);
    assert_true(board->now_us >= 46 * (22000 + 15000)); /* with a link there are gaps */
    assert_true(legacy_is_whole(board, 0x1c000, 20000));
}

static void single_bank_answers_before_it_says_that_the_application_is_gone(void **state)
{
    struct legacy_board *board = *state;
    uint8_t bytes[12] = {0};

    board->config.single_bank = true;
    bytes[9] = 0x10;
    sim_legacy_control(&board->config, board->flash, &board->state, (const uint8_t *)"\x01\x04", 2, 0);
    sim_legacy_packet(&board->config, board->flash, &board->state, bytes, sizeof bytes, 0);
    while (board->state.n_answers == 0)
        sim_legacy_due(&board->config, board->flash, &board->state, sim_legacy_due_us(&board->state));
    assert_int_equal(sim_flash_n_operations(board->flash), 1);
    assert_int_equal(board->state.n_operations, 2);
    sim_legacy_drain(&board->config, board->flash, &board->state);
    assert_int_equal(sim_flash_n_operations(board->flash), 3);
}

static void an_answer_without_a_link_is_an_assertion(void **state)
{
    struct legacy_board *board = *state;
    uint8_t bytes[12] = {0};

    bytes[8] = 4;
    sim_legacy_control(&board->config, board->flash, &board->state, (const uint8_t *)"\x01\x04", 2, 0);
    sim_legacy_packet(&board->config, board->flash, &board->state, bytes, sizeof bytes, 0);
    sim_legacy_link(&board->state, false);
    sim_legacy_drain(&board->config, board->flash, &board->state);
    assert_true(board->state.reset);
    assert_true(board->state.fault);
    legacy_board_boot(board);
    assert_int_equal(board->start.outcome, SIM_LEGACY_APPLICATION);
}

static void more_answers_than_there_are_buffers_for_are_an_assertion(void **state)
{
    static const uint8_t packet[20] = {0};
    struct legacy_board *board = *state;
    char text[200];

    legacy_control(board, "03", text);
    for (unsigned i = 0; i < SIM_LEGACY_MAX_ANSWERS; i++)
        sim_legacy_packet(&board->config, board->flash, &board->state, packet, 3, 0);
    assert_false(board->state.reset);
    sim_legacy_packet(&board->config, board->flash, &board->state, packet, 3, 0);
    assert_true(board->state.reset);
    assert_true(board->state.fault);
}

static void a_transfer_outlives_its_link_and_a_new_start_does_not_get_in(void **state)
{
    static const uint8_t packet[20] = {0};
    struct legacy_board *board = *state;
    char text[200];

    receive(board, 40);
    assert_string_equal(legacy_packet(board, packet, 20, text), "");
    sim_legacy_link(&board->state, false);
    sim_legacy_link(&board->state, true);
    assert_string_equal(start(board, "01 04", 0, 0, 40, text), "10 01 02");
    assert_string_equal(legacy_control(board, "07", text), "10 07 01 14 00 00 00");
    assert_string_equal(legacy_control(board, "06", text), "");
    assert_true(board->state.reset);
    assert_false(board->state.fault);
}

static void patience_ends_after_120_s_without_data(void **state)
{
    struct legacy_board *board = *state;
    char text[200];

    assert_true(sim_legacy_due_us(&board->state) == 120000000);
    board->now_us = 60000000;
    legacy_control(board, "08 01 00", text);
    assert_true(sim_legacy_due_us(&board->state) == 120000000);
    start(board, "01 04", 0, 0, 40, text);
    assert_true(sim_legacy_due_us(&board->state) == 180000000);
    sim_legacy_due(&board->config, board->flash, &board->state, 180000000);
    assert_true(board->state.reset);
    assert_false(board->state.disconnect);
}

static void adafruits_comes_back_when_it_was_told_to_reset_not_when_it_gave_up(void **state)
{
    struct legacy_board *board = *state;
    char text[200];

    board->config.adafruit = true;
    legacy_control(board, "06", text);
    assert_true(board->state.reset);
    assert_int_equal(board->state.gpregret, SIM_LEGACY_GPREGRET_OTA);
    legacy_board_wait(board);
    sim_legacy_due(&board->config, board->flash, &board->state, board->state.inactive_us);
    assert_true(board->state.reset);
    assert_int_equal(board->state.gpregret, 0);
}

static void sdk_6_takes_a_start_of_4_bytes_and_a_crc_as_init_packet(void **state)
{
    static const uint8_t packet[20] = {0};
    struct legacy_board *board = *state;
    uint16_t crc;
    char text[200];

    board->config.version = 0;
    assert_string_equal(legacy_control(board, "01", text), "");
    assert_string_equal(legacy_packet(board, "\x14\0\0\0", 4, text), "10 01 01");
    assert_string_equal(legacy_control(board, "02", text), "");
    crc = rig_legacy_crc16(0xffff, packet, sizeof packet);
    assert_string_equal(legacy_packet(board, (uint8_t[]){(uint8_t)crc, (uint8_t)(crc >> 8)}, 2, text),
                        "10 02 01");
    legacy_control(board, "03", text);
    assert_string_equal(legacy_packet(board, packet, 20, text), "10 03 01");
    assert_string_equal(legacy_control(board, "04", text), "10 04 01");
}

static void sdk_6_needs_no_init_packet_and_then_checks_nothing(void **state)
{
    static const uint8_t packet[20] = {1};
    struct legacy_board *board = *state;
    char text[200];

    board->config.version = 0;
    legacy_control(board, "01", text);
    assert_string_equal(legacy_packet(board, packet, 12, text), "10 01 03");
    assert_string_equal(legacy_packet(board, "\x14\0\0\0", 4, text), "10 01 01");
    legacy_control(board, "03", text);
    assert_string_equal(legacy_packet(board, packet, 20, text), "10 03 01");
    assert_string_equal(legacy_control(board, "04", text), "10 04 01");
}

static void seeded_defects_do_what_they_say(void **state)
{
    static const uint8_t packet[20] = {0};
    struct legacy_board *board = *state;
    char text[200];

    board->config.defects = SIM_LEGACY_SKIPS_CRC | SIM_LEGACY_TAKES_ANY_INIT | SIM_LEGACY_KEEPS_OFFSET;
    board->config.device_type = 7;
    start(board, "01 04", 0, 0, 40, text);
    assert_string_equal(init(board, "06 00 03 00 ff ff ff ff 01 00 65 00 00 00", text), "10 02 01");
    legacy_control(board, "03", text);
    legacy_packet(board, packet, 20, text);
    assert_string_equal(start(board, "01 04", 0, 0, 40, text), "10 01 01");
    assert_string_equal(init(board, ANY_INIT, text), "10 02 01");
    legacy_control(board, "03", text);
    assert_string_equal(legacy_packet(board, packet, 20, text), "10 03 01"); /* the second, not the first */
    assert_string_equal(legacy_control(board, "04", text), "10 04 01");
}

static void a_silent_start_erases_and_never_answers(void **state)
{
    struct legacy_board *board = *state;
    char text[200];

    board->config.defects = SIM_LEGACY_SILENT_START;
    assert_string_equal(start(board, "01 04", 0, 0, 40, text), "");
    assert_int_equal(board->n_flash_operations, 0x2f);
    assert_string_equal(legacy_control(board, "02 01", text), "10 02 02");
}

static void a_silent_overrun_shows_only_in_the_crc(void **state)
{
    static const uint8_t packet[20] = {0};
    struct legacy_board *board = *state;

    board->config.defects = SIM_LEGACY_SILENT_OVERRUN;
    receive(board, 400);
    for (unsigned i = 0; i < 9; i++)
        sim_legacy_packet(&board->config, board->flash, &board->state, packet, 20, 0);
    assert_int_equal(board->state.n_answers, 0);
    assert_int_equal(board->state.reported, 160);
}

static void erases_app_data_and_erases_old_first_erase_what_they_should_not(void **state)
{
    struct legacy_board *board = *state;
    char text[200];
    uint8_t byte = 0;

    board->config.map.app_data_bytes = 0x2000;
    sim_flash_poke(board->flash, 0, 0x78000, &byte, 1);
    start(board, "01 04", 0, 0, 40, text);
    sim_flash_peek(board->flash, 0, 0x78000, &byte, 1);
    assert_int_equal(byte, 0);
    legacy_board_wait(board);
    board->config.defects = SIM_LEGACY_ERASES_APP_DATA;
    start(board, "01 04", 0, 0, 40, text);
    sim_flash_peek(board->flash, 0, 0x78000, &byte, 1);
    assert_int_equal(byte, 0xff);
    legacy_board_wait(board);
    board->config.defects = SIM_LEGACY_ERASES_OLD_FIRST;
    assert_string_equal(start(board, "01 04", 0, 0, 40, text), "10 01 01");
    legacy_board_boot(board);
    assert_int_equal(board->start.outcome, SIM_LEGACY_UPDATER);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_update_is_answered_step_by_step),
        TEST(receipts_tell_the_bytes_every_n_packets_but_for_the_last),
        TEST(what_start_refuses),
        TEST(a_start_packet_of_another_length_is_not_supported),
        TEST(ops_without_their_parameter_fail_and_unknown_ones_are_not_supported),
        TEST(ops_out_of_order_are_an_invalid_state),
        TEST(what_an_init_packet_must_be),
        TEST(an_init_packet_has_128_bytes_of_room),
        TEST(data_that_is_no_whole_words_or_too_much_is_refused),
        TEST(the_ninth_packet_that_waits_for_the_flash_fails),
        TEST(a_wrong_crc_ends_the_transfer_for_good),
        TEST(an_empty_packet_stops_the_flash_for_good),
        TEST(an_empty_packet_behind_others_is_an_assertion),
        TEST(a_validation_that_comes_before_the_flash_is_done_keeps_the_buffers),
        TEST(a_second_start_in_the_middle_makes_the_image_longer_and_its_end_comes_twice),
        TEST(a_second_start_while_it_erases_says_what_becomes_of_bank_0),
        TEST(a_second_start_can_leave_a_bank_valid_that_was_erased),
        TEST(a_second_start_after_the_validation_says_what_is_activated),
        TEST(a_softdevice_that_is_activated_as_an_application_starts_what_stood_in_bank_1),
        TEST(a_second_activation_is_an_assertion),
        TEST(adafruits_asks_for_the_revision_of_softdevice_and_bootloader_alone),
        TEST(dual_bank_erases_the_whole_of_bank_1_before_it_answers),
        TEST(single_bank_answers_before_it_says_that_the_application_is_gone),
        TEST(an_answer_without_a_link_is_an_assertion),
        TEST(more_answers_than_there_are_buffers_for_are_an_assertion),
        TEST(a_transfer_outlives_its_link_and_a_new_start_does_not_get_in),
        TEST(patience_ends_after_120_s_without_data),
        TEST(adafruits_comes_back_when_it_was_told_to_reset_not_when_it_gave_up),
        TEST(sdk_6_takes_a_start_of_4_bytes_and_a_crc_as_init_packet),
        TEST(sdk_6_needs_no_init_packet_and_then_checks_nothing),
        TEST(seeded_defects_do_what_they_say),
        TEST(a_silent_start_erases_and_never_answers),
        TEST(a_silent_overrun_shows_only_in_the_crc),
        TEST(erases_app_data_and_erases_old_first_erase_what_they_should_not),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
