/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The example firmware, in process and over HCI. Attributes over HCI: 14 the service, 16 the command, 18 the
 * status with 19 its CCC. */
#include "sim/firmware/example/example.h"

#include "sim/chip/host/air.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define WORD_OFFSET (63u * 4096)

static const uint8_t right[] = {0x01, 0xde, 0xc0, 0x0d, 0x60}, reset[] = {0x02};

static void on_line(void *user, uint64_t at_us, const char *line)
{
    (void)at_us;
    strncat(user, line, 40);
    strncat(user, "; ", 3);
}

static struct sim_board *new_board(enum sim_ble_security security)
{
    const struct bench_config usual = air_board();
    struct sim_board_config config = {.n_devices = 1, .firmware = &sim_example, .ble = usual.ble};
    struct sim_board *board;

    config.devices[0] = usual.devices[0];
    config.ble.security = security;
    board = sim_board_new(&config, NULL);
    assert_non_null(board);
    return board;
}

static void run(struct sim_board *board, uint64_t for_us)
{
    uint64_t until_us = sim_board_now_us(board) + for_us;

    while (sim_board_step(board, until_us))
        ;
}

static void connect(struct sim_board *board)
{
    run(board, RIG_SECOND_US);
    assert_int_equal(sim_board_ble_connect(board, &bench_central, 100), SIM_BLE_OK);
}

static enum sim_ble_outcome write(struct sim_board *board, const uint8_t *bytes, size_t n_bytes)
{
    unsigned command = 99;

    assert_int_equal(sim_board_ble_find(board, SIM_EXAMPLE_SERVICE, SIM_EXAMPLE_COMMAND, &command),
                     SIM_BLE_OK);
    return sim_board_ble_write(board, command, true, bytes, n_bytes);
}

/* A board whose application runs, connected. */
static struct sim_board *running(enum sim_ble_security security)
{
    struct sim_board *board = new_board(security);

    assert_int_equal(sim_flash_poke(sim_board_flash(board), 0, WORD_OFFSET, right + 1, 4), SIM_OK);
    sim_board_power(board, true);
    connect(board);
    return board;
}

static void without_its_word_it_waits_with_another_table_name_and_address(void **state)
{
    struct sim_board *board = new_board(SIM_BLE_ENCRYPTED);
    char lines[200] = "";
    unsigned any;

    (void)state;
    sim_board_on_console(board, on_line, lines);
    sim_board_power(board, true);
    connect(board);
    assert_string_equal(lines, "example: boot; example: no word, waiting; ");
    assert_int_equal(sim_board_view(board).state, SIM_BOARD_NO_IMAGE);
    assert_false(sim_board_view(board).image.has_image);
    assert_true(sim_board_ble_at_next_address(board));
    assert_int_equal(sim_board_ble_find(board, SIM_EXAMPLE_SERVICE, SIM_EXAMPLE_STATUS, &any),
                     SIM_BLE_NO_CHARACTERISTIC);
    assert_int_equal(sim_board_ble_find(board, "fe59", SIM_EXAMPLE_STATUS, &any), SIM_BLE_NO_SERVICE);
    assert_int_equal(write(board, right, sizeof right),
                     SIM_BLE_OK); /* it knows no bonds, and demands nothing */
    run(board, RIG_SECOND_US);
    assert_int_equal(write(board, reset, sizeof reset), SIM_BLE_OK);
    run(board, RIG_SECOND_US);
    assert_int_equal(sim_board_view(board).state, SIM_BOARD_RUNNING);
    assert_true(sim_board_view(board).image.has_image);
    assert_false(sim_board_ble_at_next_address(board));
    sim_board_free(board);
}

static void commands_are_written_with_response_and_refused_by_an_att_error(void **state)
{
    struct sim_board *board = running(SIM_BLE_OPEN);

    (void)state;
    assert_int_equal(sim_board_ble_write(board, 0, false, right, sizeof right), SIM_BLE_NO_PROPERTY);
    assert_int_equal(sim_board_ble_subscribe(board, 0, SIM_GATT_NOTIFIED), SIM_BLE_NO_PROPERTY);
    assert_int_equal(write(board, right, 3), SIM_BLE_ATT_ERROR);
    assert_int_equal(sim_board_ble_att_error(board), SIM_EXAMPLE_REFUSED);
    assert_int_equal(write(board, right, 98), SIM_BLE_TOO_LONG);
    sim_board_free(board);
}

static void a_written_word_is_told_by_notification_or_indication(void **state)
{
    static const enum sim_gatt_subscription hows[] = {SIM_GATT_NOTIFIED, SIM_GATT_INDICATED};

    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        struct sim_board *board = running(SIM_BLE_OPEN);
        struct sim_ble_packet packet;
        uint8_t value[SIM_GATT_MAX_VALUE_BYTES];
        char lines[200] = "";
        size_t n_bytes;
        unsigned status;

        sim_board_on_console(board, on_line, lines);
        assert_int_equal(sim_board_ble_find(board, SIM_EXAMPLE_SERVICE, SIM_EXAMPLE_STATUS, &status),
                         SIM_BLE_OK);
        assert_int_equal(sim_board_ble_subscribe(board, status, hows[i]), SIM_BLE_OK);
        assert_int_equal(write(board, right, sizeof right), SIM_BLE_OK);
        assert_false(sim_board_ble_receive(board, &packet));
        run(board, RIG_SECOND_US);
        assert_true(sim_board_ble_receive(board, &packet));
        assert_int_equal(packet.characteristic, status);
        assert_int_equal(packet.indicated, hows[i] == SIM_GATT_INDICATED);
        assert_int_equal(packet.n_bytes, 2);
        assert_memory_equal(packet.bytes, "\x01\x00", 2);
        assert_false(sim_board_ble_receive(board, &packet));
        assert_string_equal(lines, hows[i] == SIM_GATT_INDICATED ? "example: confirmed; " : "");
        assert_int_equal(sim_board_ble_read(board, status, value, &n_bytes), SIM_BLE_OK);
        assert_int_equal(n_bytes, 1);
        assert_int_equal(value[0], 1);
        sim_board_free(board);
    }
}

static void each_characteristic_demands_of_the_link_what_it_says(void **state)
{
    struct sim_board *board = running(SIM_BLE_ENCRYPTED);
    struct sim_ble_pairing_result result;
    uint8_t ltk[SIM_BLE_LTK_BYTES];

    (void)state;
    assert_int_equal(write(board, right, sizeof right), SIM_BLE_NEEDS_ENCRYPTION);
    assert_int_equal(sim_board_ble_subscribe(board, 1, SIM_GATT_NOTIFIED), SIM_BLE_OK); /* it is open */
    assert_int_equal(
        sim_board_ble_pair(board, &(struct sim_ble_central_pairing){.io = SIM_BLE_IO_NONE}, ltk, &result),
        SIM_BLE_OK);
    assert_int_equal(write(board, right, sizeof right), SIM_BLE_OK);
    sim_board_free(board);
}

static void a_word_that_a_power_cut_tore_is_none(void **state)
{
    const struct sim_cut cut = {.kind = SIM_CUT_AT_OPERATION, .operation = 1, .form = SIM_CUT_HALF};
    struct sim_board *board = running(SIM_BLE_OPEN);

    (void)state;
    sim_board_arm_cut(board, &cut);
    assert_int_equal(write(board, right, sizeof right), SIM_BLE_OK);
    run(board, RIG_SECOND_US);
    assert_true(sim_board_cut_report(board).torn);
    assert_false(sim_board_powered(board));
    sim_board_power(board, true);
    run(board, RIG_SECOND_US);
    assert_int_equal(sim_board_view(board).state, SIM_BOARD_NO_IMAGE);
    sim_board_free(board);
}

static void over_hci_it_is_the_same_table(void **state)
{
    struct sim_board *board = new_board(SIM_BLE_OPEN);
    struct air *air = calloc(1, sizeof *air);
    char lines[200] = "";

    (void)state;
    assert_int_equal(sim_flash_poke(sim_board_flash(board), 0, WORD_OFFSET, right + 1, 4), SIM_OK);
    air_open_on(air, board, &(struct sim_stack_config){0});
    sim_board_on_console(board, on_line, lines);
    air_connect(air);
    air_exchange(
        air, AIR_ATT, "08 0e 00 ff ff 03 28",
        "09 15 0f 00 08 10 00 6d 5c 4b 3a 2f 1d 5c 9a 6e 4c 1a 0f 02 f0 40 6e"); /* 23 bytes of MTU */
    air_exchange(air, AIR_ATT, "04 13 00 13 00", "05 01 13 00 02 29");
    air_exchange(air, AIR_ATT, "12 10 00 07", "01 12 10 00 80");
    air_exchange(air, AIR_ATT, "12 13 00 02 00", "13");
    air_exchange(air, AIR_ATT, "12 10 00 01 de c0 0d 60", "13");
    air_run_us(air, RIG_SECOND_US);
    air_expect(air, AIR_ATT, "1d 12 00 01 00");
    assert_string_equal(lines, "");
    air_exchange(air, AIR_ATT, "1e", "");
    assert_string_equal(lines, "example: confirmed; ");
    air_exchange(air, AIR_ATT, "0a 12 00", "0b 01");
    air_close(air);
    free(air);
}

static void over_hci_the_controller_is_told_who_advertises_now(void **state)
{
    struct sim_board *board = new_board(SIM_BLE_OPEN);
    struct air *air = calloc(1, sizeof *air);

    (void)state;
    air_open_on(air, board, &(struct sim_stack_config){.virtual_controller = true});
    assert_int_equal(air->address[0], 0x43); /* address + 1 */
    assert_memory_equal(air->scan_response + 3, SIM_EXAMPLE_WAITS, strlen(SIM_EXAMPLE_WAITS));
    assert_int_equal(air->advertisement[5], 0x07);
    air_connect(air);
    air_exchange(air, AIR_ATT, "0a 12 00", "01 0a 12 00 01"); /* no status */
    air_exchange(air, AIR_ATT, "12 10 00 01 de c0 0d 60", "13");
    air_run_us(air, RIG_SECOND_US);
    air_exchange(air, AIR_ATT, "12 10 00 02", "13");
    air_run_us(air, RIG_SECOND_US);
    assert_int_equal(air->address[0], 0x42);
    assert_memory_equal(air->scan_response + 3, "bench", 5);
    air_close(air);
    free(air);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_its_word_it_waits_with_another_table_name_and_address),
        cmocka_unit_test(commands_are_written_with_response_and_refused_by_an_att_error),
        cmocka_unit_test(a_written_word_is_told_by_notification_or_indication),
        cmocka_unit_test(each_characteristic_demands_of_the_link_what_it_says),
        cmocka_unit_test(a_word_that_a_power_cut_tore_is_none),
        cmocka_unit_test(over_hci_it_is_the_same_table),
        cmocka_unit_test(over_hci_the_controller_is_told_who_advertises_now),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
