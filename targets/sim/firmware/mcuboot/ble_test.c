/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The radio: connection, MTU, reassembly, notifications, bonds, and how links end. */
#include "sim/firmware/mcuboot/support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static const struct sim_ble_central_pairing just_works;
static const struct sim_ble_central other = {.address = {0xc0, 9, 9, 9, 9, 9}};

static void open_with(struct bench *bench, const struct bench_config *config)
{
    struct rig_bytes image = bench_image(1, &waits, 3000);

    bench_open(bench, config);
    bench_program(bench, &image);
    rig_bytes_clear(&image);
    assert_true(bench_boot(bench));
}

static struct bench_config with_ble(enum sim_ble_security security, enum sim_ble_repairing repairing)
{
    struct bench_config config = bench_config(RIG_SWAP_MOVE);

    config.ble.security = security;
    config.ble.repairing = repairing;
    return config;
}

static size_t echo(struct bench *bench, const char *text, uint8_t *message)
{
    return rig_smp_encode_echo((struct rig_smp_request_id){1, bench->sequence++}, text, message, 600);
}

static bool echo_works(struct bench *bench, const char *text)
{
    uint8_t message[600];
    struct rig_smp_response response;
    size_t n = echo(bench, text, message);

    return bench_ask(bench, message, n, &response) && response.has_echo && strcmp(response.echo, text) == 0;
}

static const char *long_text(void)
{
    return "abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxy"
           "z0123456789";
}

static void nothing_answers_before_power_and_after_a_hang(void **state)
{
    struct sim_app_personality hangs = {.behaviour = SIM_APP_HANGS, .self_test_us = RIG_SECOND_US};
    struct bench_config config = bench_config(RIG_SWAP_MOVE);
    struct rig_bytes image = bench_image(1, &hangs, 3000);
    struct bench bench;

    (void)state;
    bench_open(&bench, &config);
    bench_program(&bench, &image);
    assert_int_equal(sim_board_ble_connect(bench.board, &bench_central, 247), SIM_BLE_NOT_THERE);
    assert_int_equal(bench_write(bench.board, (const uint8_t *)"x", 1), SIM_BLE_NOT_CONNECTED);
    assert_int_equal(bench_subscribe(bench.board, true), SIM_BLE_NOT_CONNECTED);
    assert_true(bench_boot(&bench));
    bench_connect(&bench, 247);
    bench_run(&bench, 2 * RIG_SECOND_US);
    assert_int_equal(sim_board_view(bench.board).state, SIM_BOARD_HUNG);
    assert_true(sim_board_ble_connected(bench.board));
    bench_run(&bench, 4 * RIG_SECOND_US);
    assert_false(sim_board_ble_connected(bench.board));
    assert_int_equal(sim_board_ble_last_reason(bench.board), 0x08);
    assert_int_equal(sim_board_ble_connect(bench.board, &bench_central, 247), SIM_BLE_NOT_THERE);
    rig_bytes_clear(&image);
    bench_close(&bench);
}

static void mtu_is_the_smaller_of_the_two_and_at_least_23(void **state)
{
    const uint16_t wishes[][2] = {{517, 247}, {100, 100}, {23, 23}, {5, 23}};
    struct bench_config config = bench_config(RIG_SWAP_MOVE);
    struct bench bench;

    (void)state;
    open_with(&bench, &config);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(sim_board_ble_connect(bench.board, &bench_central, wishes[i][0]), SIM_BLE_OK);
        assert_int_equal(sim_board_ble_mtu(bench.board), wishes[i][1]);
        assert_int_equal(sim_board_ble_connect(bench.board, &other, 247), SIM_BLE_NOT_THERE);
        assert_false(sim_board_ble_advertising(bench.board));
        sim_board_ble_disconnect(bench.board);
        assert_int_equal(sim_board_ble_last_reason(bench.board), 0x16);
        assert_true(sim_board_ble_advertising(bench.board));
    }
    bench_close(&bench);
}

static void answers_are_cut_to_the_mtu_and_paced_by_the_interval(void **state)
{
    struct bench_config config = bench_config(RIG_SWAP_MOVE);
    uint8_t message[600], part[SIM_BLE_MAX_MTU];
    size_t n_part, n_joined = 0;
    uint64_t last_us = 0;
    struct bench bench;

    (void)state;
    config.app.reassembly = true;
    open_with(&bench, &config);
    bench_connect(&bench, 23);
    size_t n = echo(&bench, long_text(), message);
    for (size_t at = 0; at < n; at += 20)
        assert_int_equal(bench_write(bench.board, message + at, n - at < 20 ? n - at : 20), SIM_BLE_OK);
    uint64_t until_us = sim_board_now_us(bench.board) + RIG_SECOND_US;
    while (sim_board_step(bench.board, until_us)) {
        while (bench_notification(bench.board, part, &n_part)) {
            uint64_t now_us = sim_board_now_us(bench.board);

            assert_true(n_part <= 20);
            assert_true(last_us == 0 || now_us - last_us == 15000);
            last_us = now_us;
            n_joined += n_part;
        }
    }
    assert_int_equal(n_joined, n + 1);
    bench_close(&bench);
}

static void mtu_23_with_reassembly_carries_a_whole_upload(void **state)
{
    struct bench_config config = bench_config(RIG_SWAP_MOVE);
    struct rig_bytes image = bench_image(2, &waits, 4000);
    struct bench bench;

    (void)state;
    config.app.reassembly = true;
    open_with(&bench, &config);
    bench_connect(&bench, 23);
    assert_true(bench_upload(&bench, &image, NULL));
    assert_true(bench_slot_holds(&bench, &config.boot.secondary[0], &image));
    rig_bytes_clear(&image);
    bench_close(&bench);
}

/* Half a message of 20 bytes, then a disconnect or not. */
static void half_message(struct bench *bench)
{
    uint8_t message[600];

    echo(bench, long_text(), message);
    assert_int_equal(bench_write(bench->board, message, 50), SIM_BLE_OK);
}

static void N17_half_message_poisons_the_next_until_the_ccc_goes_off(void **state)
{
    struct bench_config config = bench_config(RIG_SWAP_MOVE);
    struct bench bench;

    (void)state;
    config.app.reassembly = true;
    open_with(&bench, &config);
    bench_connect(&bench, 247);
    half_message(&bench);
    assert_false(echo_works(&bench, "hello"));
    assert_int_equal(bench_subscribe(bench.board, false), SIM_BLE_OK);
    assert_int_equal(bench_subscribe(bench.board, true), SIM_BLE_OK);
    assert_true(echo_works(&bench, "hello"));
    bench_close(&bench);
}

static void half_message_goes_with_the_link(void **state)
{
    (void)state;
    for (unsigned keeps = 0; keeps < 2; keeps++) {
        struct bench_config config = bench_config(RIG_SWAP_MOVE);
        struct bench bench;

        config.app.reassembly = true;
        config.ble.defects = keeps ? SIM_BLE_DEFECT_KEEPS_FRAGMENTS : 0;
        open_with(&bench, &config);
        bench_connect(&bench, 247);
        half_message(&bench);
        sim_board_ble_disconnect(bench.board);
        bench_connect(&bench, 247);
        assert_int_equal(echo_works(&bench, "hello"), !keeps);
        bench_close(&bench);
    }
}

static void first_fragment_shorter_than_a_header_and_too_long_a_message_are_dropped(void **state)
{
    struct bench_config config = bench_config(RIG_SWAP_MOVE);
    const uint8_t huge[] = {0x0a, 0, 0xff, 0xff, 0, 0, 1, 0, 0xa0};
    struct bench bench;

    (void)state;
    config.app.reassembly = true;
    open_with(&bench, &config);
    bench_connect(&bench, 247);
    assert_int_equal(bench_write(bench.board, huge, 7), SIM_BLE_OK);
    assert_true(echo_works(&bench, "a"));
    assert_int_equal(bench_write(bench.board, huge, sizeof huge), SIM_BLE_OK);
    assert_true(echo_works(&bench, "b"));
    bench_close(&bench);
}

static void missing_fragment_is_completed_by_the_next_message(void **state)
{
    struct bench_config config = bench_config(RIG_SWAP_MOVE);
    uint8_t message[600];
    char text[128];
    struct bench bench;

    (void)state;
    config.app.reassembly = true;
    open_with(&bench, &config);
    bench_connect(&bench, 63);
    memset(text, 'x', sizeof text);
    text[107] = '\0';
    assert_int_equal(echo(&bench, text, message), 120);
    assert_int_equal(bench_write(bench.board, message, 60), SIM_BLE_OK);
    /* The second fragment is lost; a message of 60 bytes takes its place. */
    text[47] = '\0';
    assert_int_equal(echo(&bench, text, message), 60);
    assert_int_equal(bench_write(bench.board, message, 60), SIM_BLE_OK);
    assert_true(bench_collect(&bench, RIG_SECOND_US));
    assert_int_equal(bench.answer[6], 0);
    assert_int_equal(bench.n_answer, 121);
    assert_false(bench_collect(&bench, RIG_SECOND_US));
    bench_close(&bench);
}

static void bond_is_made_used_and_kept_over_power_cycles(void **state)
{
    struct bench_config config = with_ble(SIM_BLE_ENCRYPTED, SIM_BLE_REPAIRING_REFUSED);
    struct sim_ble_pairing_result pairing;
    uint8_t ltk[16], wrong[16] = {1};
    struct bench bench;

    (void)state;
    open_with(&bench, &config);
    assert_int_equal(sim_board_ble_connect(bench.board, &bench_central, 247), SIM_BLE_OK);
    assert_int_equal(bench_subscribe(bench.board, true), SIM_BLE_NEEDS_ENCRYPTION);
    assert_int_equal(sim_board_ble_pair(bench.board, &just_works, ltk, &pairing), SIM_BLE_OK);
    assert_true(sim_board_ble_encrypted(bench.board));
    assert_int_equal(bench_subscribe(bench.board, true), SIM_BLE_OK);
    assert_true(echo_works(&bench, "hello"));
    sim_board_power(bench.board, false);
    bench_run(&bench, 5 * RIG_SECOND_US);
    assert_true(bench_boot(&bench));
    assert_true(sim_board_ble_has_bond(bench.board, bench_central.address));
    assert_int_equal(sim_board_ble_connect(bench.board, &bench_central, 247), SIM_BLE_OK);
    assert_int_equal(sim_board_ble_encrypt(bench.board, ltk), SIM_BLE_OK);
    sim_board_ble_disconnect(bench.board);
    assert_int_equal(sim_board_ble_connect(bench.board, &bench_central, 247), SIM_BLE_OK);
    assert_int_equal(sim_board_ble_encrypt(bench.board, wrong), SIM_BLE_MIC_FAILURE);
    assert_int_equal(sim_board_ble_last_reason(bench.board), 0x3d);
    assert_false(sim_board_ble_connected(bench.board));
    bench_close(&bench);
}

static void key_missing_at_the_board_drops_the_link_with_05(void **state)
{
    struct bench_config config = with_ble(SIM_BLE_ENCRYPTED, SIM_BLE_REPAIRING_ALLOWED);
    struct sim_ble_pairing_result pairing;
    uint8_t ltk[16];
    struct bench bench;

    (void)state;
    open_with(&bench, &config);
    sim_board_ble_connect(bench.board, &bench_central, 247);
    assert_int_equal(sim_board_ble_pair(bench.board, &just_works, ltk, &pairing), SIM_BLE_OK);
    sim_board_ble_disconnect(bench.board);
    sim_board_ble_forget_bonds(bench.board);
    sim_board_ble_connect(bench.board, &bench_central, 247);
    assert_int_equal(sim_board_ble_encrypt(bench.board, ltk), SIM_BLE_KEY_MISSING);
    assert_int_equal(sim_board_ble_last_reason(bench.board), 0x05);
    bench_close(&bench);
}

static void repairing_follows_the_policy(void **state)
{
    (void)state;
    for (unsigned refused = 0; refused < 2; refused++) {
        struct bench_config config =
            with_ble(SIM_BLE_ENCRYPTED, refused ? SIM_BLE_REPAIRING_REFUSED : SIM_BLE_REPAIRING_ALLOWED);
        struct sim_ble_pairing_result pairing;
        uint8_t first[16], second[16];
        struct bench bench;

        open_with(&bench, &config);
        sim_board_ble_connect(bench.board, &bench_central, 247);
        assert_int_equal(sim_board_ble_pair(bench.board, &just_works, first, &pairing), SIM_BLE_OK);
        sim_board_ble_disconnect(bench.board);
        sim_board_ble_connect(bench.board, &bench_central, 247);
        enum sim_ble_outcome outcome = sim_board_ble_pair(bench.board, &just_works, second, &pairing);
        assert_int_equal(outcome, refused ? SIM_BLE_PAIRING_REFUSED : SIM_BLE_OK);
        assert_int_equal(pairing.reason, refused ? 0x05 : 0);
        assert_true(sim_board_ble_connected(bench.board));
        /* The key that counts afterwards: the old one after a refusal, the new one otherwise. */
        assert_int_equal(sim_board_ble_encrypt(bench.board, refused ? first : second), SIM_BLE_OK);
        if (!refused)
            assert_memory_not_equal(first, second, 16);
        bench_close(&bench);
    }
}

static void board_without_bonding_refuses_to_pair(void **state)
{
    struct bench_config config = bench_config(RIG_SWAP_MOVE);
    struct sim_ble_pairing_result pairing;
    uint8_t ltk[16];
    struct bench bench;

    (void)state;
    config.ble.bonding = false;
    open_with(&bench, &config);
    sim_board_ble_connect(bench.board, &bench_central, 247);
    assert_int_equal(sim_board_ble_pair(bench.board, &just_works, ltk, &pairing), SIM_BLE_PAIRING_REFUSED);
    assert_int_equal(pairing.reason, 0x05);
    bench_close(&bench);
}

static void fifth_bond_replaces_the_oldest(void **state)
{
    struct bench_config config = bench_config(RIG_SWAP_MOVE);
    struct sim_ble_pairing_result pairing;
    uint8_t ltk[16];
    struct bench bench;

    (void)state;
    open_with(&bench, &config);
    for (uint8_t i = 0; i < 5; i++) {
        struct sim_ble_central central = {.address = {0xc0, 0, 0, 0, 0, i}};

        sim_board_ble_connect(bench.board, &central, 247);
        assert_int_equal(sim_board_ble_pair(bench.board, &just_works, ltk, &pairing), SIM_BLE_OK);
        sim_board_ble_disconnect(bench.board);
    }
    assert_false(sim_board_ble_has_bond(bench.board, (const uint8_t[6]){0xc0, 0, 0, 0, 0, 0}));
    for (uint8_t i = 1; i < 5; i++)
        assert_true(sim_board_ble_has_bond(bench.board, (const uint8_t[6]){0xc0, 0, 0, 0, 0, i}));
    bench_close(&bench);
}

static void N22_unencrypted_write_is_dropped_and_the_ccc_refused(void **state)
{
    struct bench_config config = with_ble(SIM_BLE_ENCRYPTED, SIM_BLE_REPAIRING_ALLOWED);
    struct sim_ble_pairing_result pairing;
    uint8_t message[64], ltk[16];
    struct bench bench;

    (void)state;
    open_with(&bench, &config);
    sim_board_ble_connect(bench.board, &bench_central, 247);
    size_t n = rig_smp_encode_reset((struct rig_smp_request_id){1, 0}, false, false, message, sizeof message);
    assert_int_equal(bench_write(bench.board, message, n), SIM_BLE_OK);
    bench_run(&bench, 2 * RIG_SECOND_US);
    assert_int_equal(sim_board_view(bench.board).n_boots, 1);
    assert_int_equal(bench_subscribe(bench.board, true), SIM_BLE_NEEDS_ENCRYPTION);
    assert_int_equal(sim_board_ble_pair(bench.board, &just_works, ltk, &pairing), SIM_BLE_OK);
    bench_write(bench.board, message, n);
    bench_run(&bench, 2 * RIG_SECOND_US);
    assert_int_equal(sim_board_view(bench.board).n_boots, 2);
    bench_close(&bench);
}

static void reset_ends_the_link_by_supervision_timeout(void **state)
{
    struct bench_config config = bench_config(RIG_SWAP_MOVE);
    struct bench bench;

    (void)state;
    open_with(&bench, &config);
    bench_connect(&bench, 247);
    sim_board_reset(bench.board);
    assert_true(sim_board_ble_connected(bench.board));
    assert_int_equal(bench_write(bench.board, (const uint8_t *)"12345678", 8), SIM_BLE_OK);
    bench_run(&bench, 3900000);
    assert_true(sim_board_ble_connected(bench.board));
    assert_true(sim_board_ble_advertising(bench.board));
    bench_run(&bench, 200000);
    assert_false(sim_board_ble_connected(bench.board));
    assert_int_equal(sim_board_ble_last_reason(bench.board), 0x08);
    bench_connect(&bench, 247);
    assert_true(echo_works(&bench, "hello"));
    bench_close(&bench);
}

static void central_that_comes_back_early_drops_the_dead_link(void **state)
{
    struct bench_config config = bench_config(RIG_SWAP_MOVE);
    struct bench bench;

    (void)state;
    open_with(&bench, &config);
    bench_connect(&bench, 247);
    sim_board_reset(bench.board);
    assert_true(bench_run_until_advertising(&bench));
    bench_connect(&bench, 247);
    assert_int_equal(sim_board_ble_last_reason(bench.board), 0x08);
    bench_run(&bench, 10 * RIG_SECOND_US);
    assert_true(sim_board_ble_connected(bench.board));
    assert_true(echo_works(&bench, "hello"));
    bench_close(&bench);
}

static void disconnect_purges_what_waits(void **state)
{
    struct bench_config config = bench_config(RIG_SWAP_MOVE);
    uint8_t message[600];
    struct bench bench;

    (void)state;
    open_with(&bench, &config);
    for (unsigned i = 0; i < 6; i++) {
        bench_connect(&bench, 247);
        size_t n = echo(&bench, "gone", message);
        bench_write(bench.board, message, n);
        sim_board_ble_disconnect(bench.board);
    }
    bench_connect(&bench, 247);
    assert_false(bench_collect(&bench, RIG_SECOND_US));
    assert_true(echo_works(&bench, "hello"));
    bench_close(&bench);
}

static void cuts_notifications_defect_loses_the_tail(void **state)
{
    (void)state;
    for (unsigned defective = 0; defective < 2; defective++) {
        struct bench_config config = bench_config(RIG_SWAP_MOVE);
        struct bench bench;

        config.app.reassembly = true;
        config.ble.defects = defective ? SIM_BLE_DEFECT_CUTS_NOTIFICATIONS : 0;
        open_with(&bench, &config);
        bench_connect(&bench, 63);
        assert_int_equal(echo_works(&bench, long_text()), !defective);
        bench_close(&bench);
    }
}

static void serves_unencrypted_defect_opens_the_service(void **state)
{
    (void)state;
    for (unsigned defective = 0; defective < 2; defective++) {
        struct bench_config config = with_ble(SIM_BLE_ENCRYPTED, SIM_BLE_REPAIRING_ALLOWED);
        struct bench bench;

        config.ble.defects = defective ? SIM_BLE_DEFECT_SERVES_UNENCRYPTED : 0;
        open_with(&bench, &config);
        sim_board_ble_connect(bench.board, &bench_central, 247);
        assert_int_equal(bench_subscribe(bench.board, true),
                         defective ? SIM_BLE_OK : SIM_BLE_NEEDS_ENCRYPTION);
        assert_int_equal(echo_works(&bench, "hello"), defective);
        bench_close(&bench);
    }
}

static void pairs_anew_silently_defect_ignores_the_policy(void **state)
{
    struct bench_config config = with_ble(SIM_BLE_ENCRYPTED, SIM_BLE_REPAIRING_REFUSED);
    struct sim_ble_pairing_result pairing;
    uint8_t ltk[16];
    struct bench bench;

    (void)state;
    config.ble.defects = SIM_BLE_DEFECT_PAIRS_ANEW_SILENTLY;
    open_with(&bench, &config);
    sim_board_ble_connect(bench.board, &bench_central, 247);
    assert_int_equal(sim_board_ble_pair(bench.board, &just_works, ltk, &pairing), SIM_BLE_OK);
    sim_board_ble_disconnect(bench.board);
    sim_board_ble_connect(bench.board, &bench_central, 247);
    assert_int_equal(sim_board_ble_pair(bench.board, &just_works, ltk, &pairing), SIM_BLE_OK);
    bench_close(&bench);
}

static void bond_lost_on_update_defect_forgets_after_a_swap_only(void **state)
{
    (void)state;
    for (unsigned defective = 0; defective < 2; defective++) {
        struct bench_config config = bench_config(RIG_SWAP_MOVE);
        struct rig_bytes image = bench_image(2, &waits, 4000);
        struct sim_ble_pairing_result pairing;
        uint8_t ltk[16], hash[32];
        struct bench bench;

        config.ble.defects = defective ? SIM_BLE_DEFECT_BOND_LOST_ON_UPDATE : 0;
        open_with(&bench, &config);
        bench_connect(&bench, 247);
        assert_int_equal(sim_board_ble_pair(bench.board, &just_works, ltk, &pairing), SIM_BLE_OK);
        bench_reset(&bench);
        assert_true(sim_board_ble_has_bond(bench.board, bench_central.address));
        image_hash(&image, hash);
        assert_true(bench_upload(&bench, &image, NULL));
        assert_false(bench_mark(&bench, hash, true).error.failed);
        bench_reset(&bench);
        assert_int_equal(sim_board_view(bench.board).image.version.major, 2);
        assert_int_equal(sim_board_ble_has_bond(bench.board, bench_central.address), !defective);
        rig_bytes_clear(&image);
        bench_close(&bench);
    }
}

static void bond_lost_on_update_defect_forgets_after_a_revert(void **state)
{
    struct bench_config config = bench_config(RIG_SWAP_MOVE);
    struct rig_bytes image = bench_image(2, &waits, 4000);
    struct sim_ble_pairing_result pairing;
    uint8_t ltk[16], hash[32];
    struct bench bench;

    (void)state;
    config.ble.defects = SIM_BLE_DEFECT_BOND_LOST_ON_UPDATE;
    open_with(&bench, &config);
    bench_connect(&bench, 247);
    image_hash(&image, hash);
    assert_true(bench_upload(&bench, &image, NULL));
    assert_false(bench_mark(&bench, hash, false).error.failed);
    bench_reset(&bench);
    assert_int_equal(sim_board_view(bench.board).image.version.major, 2);
    assert_int_equal(sim_board_ble_pair(bench.board, &just_works, ltk, &pairing), SIM_BLE_OK);
    bench_reset(&bench);
    assert_int_equal(sim_board_view(bench.board).image.version.major, 1);
    assert_false(sim_board_ble_has_bond(bench.board, bench_central.address));
    rig_bytes_clear(&image);
    bench_close(&bench);
}

static void every_defect_has_its_name(void **state)
{
    (void)state;
    for (unsigned bit = 0; bit < SIM_BLE_N_DEFECTS; bit++)
        assert_non_null(sim_ble_defect_name(bit));
    assert_null(sim_ble_defect_name(SIM_BLE_N_DEFECTS));
    assert_string_equal(sim_ble_defect_name(4), "keeps-fragments");
}

/* What the board has, what the host has, who does what; what comes of it. */
static void pairing_goes_by_what_both_sides_have_and_do(void **state)
{
    /* clang-format off */
    static const struct {
        struct sim_ble_pairing board;
        struct sim_ble_central_pairing central;
        enum sim_ble_outcome outcome;
        uint8_t reason;
        bool authenticated;
    } rows[] = {
        {{.io = SIM_BLE_IO_NONE}, {.io = SIM_BLE_IO_YES_NO, .refuses = true}, SIM_BLE_OK, 0, false},
        {{.refuses_just_works = true}, {.io = SIM_BLE_IO_NONE}, SIM_BLE_PAIRING_REFUSED, 0x03, false},
        {{SIM_BLE_IO_DISPLAY, .fixed_passkey = true, .passkey = 7}, {SIM_BLE_IO_KEYBOARD, false, true, 7}, SIM_BLE_OK, 0, true},
        {{SIM_BLE_IO_DISPLAY, .fixed_passkey = true, .passkey = 7}, {SIM_BLE_IO_KEYBOARD, false, true, 8}, SIM_BLE_PAIRING_REFUSED, 0x04, false},
        {{SIM_BLE_IO_DISPLAY, .fixed_passkey = true, .passkey = 7}, {SIM_BLE_IO_KEYBOARD, false, false, 0}, SIM_BLE_PAIRING_REFUSED, 0x01, false},
        {{SIM_BLE_IO_KEYBOARD, .user = SIM_BLE_USER_AGREES}, {.io = SIM_BLE_IO_DISPLAY}, SIM_BLE_OK, 0, true},
        {{SIM_BLE_IO_KEYBOARD, .user = SIM_BLE_USER_MISTYPES}, {.io = SIM_BLE_IO_DISPLAY}, SIM_BLE_PAIRING_REFUSED, 0x04, false},
        {{SIM_BLE_IO_KEYBOARD, .user = SIM_BLE_USER_REFUSES}, {.io = SIM_BLE_IO_DISPLAY}, SIM_BLE_PAIRING_REFUSED, 0x01, false},
        {{SIM_BLE_IO_KEYBOARD, .user = SIM_BLE_USER_NOBODY}, {.io = SIM_BLE_IO_DISPLAY}, SIM_BLE_NO_ANSWER, 0, false},
        {{SIM_BLE_IO_YES_NO, .user = SIM_BLE_USER_AGREES}, {.io = SIM_BLE_IO_YES_NO}, SIM_BLE_OK, 0, true},
        {{SIM_BLE_IO_YES_NO, SIM_BLE_PAIRING_LEGACY, .user = SIM_BLE_USER_AGREES}, {.io = SIM_BLE_IO_YES_NO}, SIM_BLE_OK, 0, false},
        {{SIM_BLE_IO_YES_NO, .user = SIM_BLE_USER_REFUSES}, {.io = SIM_BLE_IO_YES_NO}, SIM_BLE_PAIRING_REFUSED, 0x0c, false},
        {{SIM_BLE_IO_YES_NO, .user = SIM_BLE_USER_AGREES}, {.io = SIM_BLE_IO_YES_NO, .refuses = true}, SIM_BLE_PAIRING_REFUSED, 0x0c, false},
    };
    /* clang-format on */

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct bench_config config = with_ble(SIM_BLE_AUTHENTICATED, SIM_BLE_REPAIRING_ALLOWED);
        struct sim_ble_pairing_result result;
        struct bench bench;
        uint8_t ltk[16];

        config.ble.pairing = rows[i].board;
        open_with(&bench, &config);
        assert_int_equal(sim_board_ble_connect(bench.board, &other, 247), SIM_BLE_OK);
        assert_int_equal(sim_board_ble_pair(bench.board, &rows[i].central, ltk, &result), rows[i].outcome);
        assert_int_equal(result.reason, rows[i].reason);
        assert_int_equal(sim_board_ble_encrypted(bench.board), rows[i].outcome == SIM_BLE_OK);
        assert_int_equal(bench_subscribe(bench.board, true),
                         rows[i].authenticated ? SIM_BLE_OK : SIM_BLE_NEEDS_ENCRYPTION);
        bench_close(&bench);
    }
}

int main(void)
{
#define T(name) cmocka_unit_test(name)
    const struct CMUnitTest tests[] = {
        T(nothing_answers_before_power_and_after_a_hang),
        T(mtu_is_the_smaller_of_the_two_and_at_least_23),
        T(answers_are_cut_to_the_mtu_and_paced_by_the_interval),
        T(mtu_23_with_reassembly_carries_a_whole_upload),
        T(N17_half_message_poisons_the_next_until_the_ccc_goes_off),
        T(half_message_goes_with_the_link),
        T(first_fragment_shorter_than_a_header_and_too_long_a_message_are_dropped),
        T(missing_fragment_is_completed_by_the_next_message),
        T(bond_is_made_used_and_kept_over_power_cycles),
        T(key_missing_at_the_board_drops_the_link_with_05),
        T(repairing_follows_the_policy),
        T(board_without_bonding_refuses_to_pair),
        T(fifth_bond_replaces_the_oldest),
        T(N22_unencrypted_write_is_dropped_and_the_ccc_refused),
        T(reset_ends_the_link_by_supervision_timeout),
        T(central_that_comes_back_early_drops_the_dead_link),
        T(disconnect_purges_what_waits),
        T(pairing_goes_by_what_both_sides_have_and_do),
        T(cuts_notifications_defect_loses_the_tail),
        T(serves_unencrypted_defect_opens_the_service),
        T(pairs_anew_silently_defect_ignores_the_policy),
        T(bond_lost_on_update_defect_forgets_after_a_swap_only),
        T(bond_lost_on_update_defect_forgets_after_a_revert),
        T(every_defect_has_its_name),
    };
#undef T

    return cmocka_run_group_tests(tests, NULL, NULL);
}
