/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Faults of single PDUs on the in-process link: on the board's time, over its resets, part of its moments. */
#include "sim/firmware/mcuboot/support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#define WITHIN_US (10ull * RIG_SECOND_US)

struct struck {
    unsigned n;
    uint64_t at_us;
    struct sim_pdu_strike last;
};

static void on_strike(void *user, uint64_t at_us, const struct sim_pdu_strike *strike)
{
    struct struck *struck = user;

    struck->n++;
    struck->at_us = at_us;
    struck->last = *strike;
}

static void open_at(struct bench *bench, uint16_t mtu)
{
    struct bench_config config = bench_config(RIG_SWAP_MOVE);
    struct rig_bytes image = bench_image(1, &waits, 3000);

    config.app.reassembly = true;
    bench_open(bench, &config);
    bench_program(bench, &image);
    rig_bytes_clear(&image);
    assert_true(bench_boot(bench));
    bench_connect(bench, mtu);
}

static void arm(struct bench *bench, enum sim_pdu_fault_kind kind, enum sim_pdu_direction direction,
                uint32_t first, uint32_t value)
{
    struct sim_pdu_fault fault = {.kind = kind,
                                  .direction = direction,
                                  .first = first,
                                  .n_times = 1,
                                  .has_value = value != 0,
                                  .value = value};

    assert_true(sim_board_arm_pdu_fault(bench->board, &fault));
}

static bool echo_comes_back(struct bench *bench, const char *text, uint64_t within_us)
{
    uint8_t message[600];
    struct rig_smp_response response;
    size_t n =
        rig_smp_encode_echo((struct rig_smp_request_id){1, bench->sequence++}, text, message, sizeof message);
    size_t most = sim_board_ble_mtu(bench->board) - 3u;

    for (size_t at = 0; at < n; at += most)
        if (bench_write(bench->board, message + at, n - at < most ? n - at : most) != SIM_BLE_OK)
            return false;
    return bench_collect(bench, within_us) &&
           rig_smp_decode_response(bench->answer, bench->n_answer, &response) == RIG_SMP_OK &&
           response.has_echo && strcmp(response.echo, text) == 0;
}

static void a_strike_is_told_with_its_instant_and_its_pdu(void **state)
{
    struct struck struck = {0};
    struct bench bench;

    (void)state;
    open_at(&bench, 247);
    sim_board_on_pdu_fault(bench.board, on_strike, &struck);
    arm(&bench, SIM_PDU_DROP, SIM_PDU_WRITES, 1, 0);
    arm(&bench, SIM_PDU_DROP, SIM_PDU_NOTIFICATIONS, 1, 0);
    assert_true(echo_comes_back(&bench, "one", WITHIN_US));
    assert_int_equal(struck.n, 0);
    assert_false(echo_comes_back(&bench, "two", WITHIN_US));
    assert_int_equal(struck.n, 1);
    assert_int_equal(struck.last.direction, SIM_PDU_WRITES);
    assert_int_equal(struck.last.number, 1);
    assert_false(echo_comes_back(&bench, "three", WITHIN_US));
    assert_int_equal(struck.n, 2);
    assert_int_equal(struck.last.fault, 1);
    assert_true(struck.at_us > WITHIN_US && struck.at_us < sim_board_now_us(bench.board));
    assert_true(echo_comes_back(&bench, "four", WITHIN_US));
    bench_close(&bench);
}

static void a_held_pdu_wakes_the_board_at_its_instant(void **state)
{
    struct bench bench;
    uint64_t begin_us;

    (void)state;
    open_at(&bench, 247);
    arm(&bench, SIM_PDU_DELAY, SIM_PDU_NOTIFICATIONS, 0, 3000);
    begin_us = sim_board_now_us(bench.board);
    assert_true(echo_comes_back(&bench, "late", WITHIN_US));
    assert_in_range(sim_board_now_us(bench.board) - begin_us, 3000000, 3100000);
    arm(&bench, SIM_PDU_DELAY, SIM_PDU_WRITES, 0, 2000);
    begin_us = sim_board_now_us(bench.board);
    assert_true(echo_comes_back(&bench, "late, too", WITHIN_US));
    assert_in_range(sim_board_now_us(bench.board) - begin_us, 2000000, 2100000);
    bench_close(&bench);
}

/* The board has more to send, and nothing of it goes to the next connection. */
static void the_board_hangs_up_in_the_middle_of_an_answer(void **state)
{
    struct bench bench;

    (void)state;
    open_at(&bench, 23);
    arm(&bench, SIM_PDU_DISCONNECT, SIM_PDU_NOTIFICATIONS, 1, 0x15);
    assert_false(echo_comes_back(&bench, "an answer of several notifications, in any case", WITHIN_US));
    assert_false(sim_board_ble_connected(bench.board));
    assert_int_equal(sim_board_ble_last_reason(bench.board), 0x15);
    bench_connect(&bench, 23);
    assert_true(echo_comes_back(&bench, "an answer of several notifications, in any case", WITHIN_US));
    bench_close(&bench);
}

static void the_board_hangs_up_in_the_middle_of_a_message(void **state)
{
    struct bench bench;

    (void)state;
    open_at(&bench, 23);
    arm(&bench, SIM_PDU_DISCONNECT, SIM_PDU_WRITES, 1, 0);
    assert_false(echo_comes_back(&bench, "a message of several writes, in any case", WITHIN_US));
    assert_int_equal(sim_board_ble_last_reason(bench.board), 0x13);
    bench_connect(&bench, 23);
    assert_true(echo_comes_back(&bench, "heard", WITHIN_US));
    bench_close(&bench);
}

static void a_silent_radio_is_noticed_after_the_supervision_timeout_and_the_board_lives_on(void **state)
{
    struct bench bench;
    uint64_t begin_us;

    (void)state;
    open_at(&bench, 247);
    arm(&bench, SIM_PDU_LOST, SIM_PDU_WRITES, 0, 0);
    begin_us = sim_board_now_us(bench.board);
    assert_false(echo_comes_back(&bench, "lost", 3 * RIG_SECOND_US));
    assert_true(sim_board_ble_connected(bench.board));
    assert_true(sim_board_ble_advertising(bench.board));
    assert_int_equal(bench_write(bench.board, (const uint8_t *)"x", 1), SIM_BLE_OK);
    while (sim_board_ble_connected(bench.board) && sim_board_step(bench.board, begin_us + WITHIN_US))
        ;
    assert_int_equal(sim_board_now_us(bench.board) - begin_us, 4000000);
    assert_int_equal(sim_board_ble_last_reason(bench.board), 0x08);
    bench_connect(&bench, 247);
    assert_true(echo_comes_back(&bench, "back", WITHIN_US));
    assert_int_equal(sim_board_view(bench.board).n_boots, 1);
    bench_close(&bench);
}

static void what_is_held_goes_nowhere_when_the_link_ends_or_power_goes(void **state)
{
    struct bench bench;

    (void)state;
    open_at(&bench, 247);
    arm(&bench, SIM_PDU_DELAY, SIM_PDU_WRITES, 0, 1000);
    assert_false(echo_comes_back(&bench, "held", 500000));
    sim_board_ble_disconnect(bench.board);
    bench_connect(&bench, 247);
    assert_false(bench_collect(&bench, WITHIN_US));
    arm(&bench, SIM_PDU_DELAY, SIM_PDU_WRITES, 0, 1000);
    assert_false(echo_comes_back(&bench, "held", 500000));
    sim_board_power(bench.board, false);
    assert_true(bench_boot(&bench));
    bench_connect(&bench, 247);
    assert_false(bench_collect(&bench, WITHIN_US));
    assert_true(echo_comes_back(&bench, "heard", WITHIN_US));
    bench_close(&bench);
}

static void faults_outlive_a_power_cycle_and_count_on(void **state)
{
    struct bench bench;

    (void)state;
    open_at(&bench, 247);
    arm(&bench, SIM_PDU_DROP, SIM_PDU_WRITES, 1, 0);
    assert_true(echo_comes_back(&bench, "one", WITHIN_US));
    sim_board_power(bench.board, false);
    assert_true(bench_boot(&bench));
    bench_connect(&bench, 247);
    assert_false(echo_comes_back(&bench, "two", WITHIN_US));
    sim_board_end_pdu_faults(bench.board);
    assert_true(echo_comes_back(&bench, "three", WITHIN_US));
    bench_close(&bench);
}

static void a_moment_holds_the_faults_and_what_they_hold(void **state)
{
    struct sim_snapshot *snapshot;
    struct bench bench;
    uint64_t ends_us[2];

    (void)state;
    open_at(&bench, 247);
    arm(&bench, SIM_PDU_DELAY, SIM_PDU_WRITES, 0, 700);
    arm(&bench, SIM_PDU_DROP, SIM_PDU_WRITES, 2, 0);
    assert_false(echo_comes_back(&bench, "held", 100000));
    snapshot = sim_board_save(bench.board);
    for (unsigned i = 0; i < 2; i++) {
        bench.sequence = 7;
        assert_true(bench_collect(&bench, WITHIN_US));
        assert_true(echo_comes_back(&bench, "passes", WITHIN_US));
        assert_false(echo_comes_back(&bench, "lost", WITHIN_US));
        ends_us[i] = sim_board_now_us(bench.board);
        assert_int_equal(sim_board_pdu_faults(bench.board)->armed[1].n_struck, 1);
        sim_board_restore(bench.board, snapshot);
        assert_int_equal(sim_board_pdu_faults(bench.board)->armed[1].n_struck, 0);
    }
    assert_int_equal(ends_us[0], ends_us[1]);
    sim_snapshot_free(snapshot);
    bench_close(&bench);
}

static void a_write_that_the_board_would_not_take_is_not_counted(void **state)
{
    struct bench_config config = bench_config(RIG_SWAP_MOVE);
    struct rig_bytes image = bench_image(1, &waits, 3000);
    struct bench bench;

    (void)state;
    config.ble.security = SIM_BLE_ENCRYPTED;
    bench_open(&bench, &config);
    bench_program(&bench, &image);
    rig_bytes_clear(&image);
    assert_true(bench_boot(&bench));
    assert_int_equal(sim_board_ble_connect(bench.board, &bench_central, 247), SIM_BLE_OK);
    arm(&bench, SIM_PDU_DROP, SIM_PDU_WRITES, 0, 0);
    assert_int_equal(bench_write(bench.board, (const uint8_t *)"x", 1), SIM_BLE_OK);
    assert_int_equal(sim_board_pdu_faults(bench.board)->n_passed[SIM_PDU_WRITES], 0);
    assert_int_equal(sim_board_pdu_faults(bench.board)->n_struck, 0);
    bench_close(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_strike_is_told_with_its_instant_and_its_pdu),
        cmocka_unit_test(a_held_pdu_wakes_the_board_at_its_instant),
        cmocka_unit_test(the_board_hangs_up_in_the_middle_of_an_answer),
        cmocka_unit_test(the_board_hangs_up_in_the_middle_of_a_message),
        cmocka_unit_test(a_silent_radio_is_noticed_after_the_supervision_timeout_and_the_board_lives_on),
        cmocka_unit_test(what_is_held_goes_nowhere_when_the_link_ends_or_power_goes),
        cmocka_unit_test(faults_outlive_a_power_cycle_and_count_on),
        cmocka_unit_test(a_moment_holds_the_faults_and_what_they_hold),
        cmocka_unit_test(a_write_that_the_board_would_not_take_is_not_counted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
