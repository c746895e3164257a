/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The Security Manager against an initiator of the tests' own, and against one that does not keep to the
 * rules. Names begin with the part of the Core Specification, Vol 3 Part H, where there is one. */
#include "sim/chip/host/central.h"

#include "image/build.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define BOND 0x01
#define MITM 0x04
#define SECURE 0x08
#define ECHO "52 10 00 0a 00 00 09 00 00 42 00 a1 61 64 65 68 65 6c 6c 6f"
#define ECHOED "1b 10 00 0b 00 00 0a 00 00 42 00 bf 61 72 65 68 65 6c 6c 6f ff"

static struct air *open_with(enum sim_ble_io io, enum sim_ble_pairing_kind pairing, bool authenticated,
                             enum sim_ble_repairing repairing)
{
    struct air *air = malloc(sizeof *air);
    struct bench_config board = air_board();
    struct sim_stack_config config = {0};

    board.ble.security = authenticated ? SIM_BLE_AUTHENTICATED : SIM_BLE_ENCRYPTED;
    board.ble.pairing =
        (struct sim_ble_pairing){.io = io, .kind = pairing, .refuses_just_works = authenticated};
    board.ble.repairing = repairing;
    air_open(air, &board, &config);
    air_connect(air);
    return air;
}

static struct air *open_plain(void)
{
    return open_with(SIM_BLE_IO_NONE, SIM_BLE_PAIRING_ANY, false, SIM_BLE_REPAIRING_ALLOWED);
}

static void close_air(struct air *air)
{
    air_close(air);
    free(air);
}

static void reconnect(struct air *air)
{
    air_disconnect(air, 0x13);
    air_connect(air);
}

/* Pairs with these capabilities, expects this method, and afterwards the bond encrypts a new link. */
static void pairs(enum sim_ble_io own, uint8_t peer, uint8_t requirements, enum central_method method)
{
    struct air *air = open_with(own, SIM_BLE_PAIRING_ANY, false, SIM_BLE_REPAIRING_ALLOWED);
    struct central central = central_new(air, peer, requirements);

    central.expected = method;
    assert_true(central_pair(&central));
    assert_true(central.bonded);
    assert_true(sim_board_ble_encrypted(air->bench.board));
    air_exchange(air, AIR_ATT, "12 11 00 01 00", "13");
    reconnect(air);
    assert_false(sim_board_ble_encrypted(air->bench.board));
    assert_true(central_encrypt(&central));
    air_command(air, "bond list",
                requirements & SECURE && method != CENTRAL_JUST_WORKS
                    ? "ok 1 00:01:AA:01:00:00/public,secure,authenticated"
                    : "ok 1 00:01:AA:01:00:00/public");
    close_air(air);
}

static void H_2_3_5_1_just_works(void **state)
{
    (void)state;
    pairs(SIM_BLE_IO_NONE, 3, BOND, CENTRAL_JUST_WORKS);
    pairs(SIM_BLE_IO_NONE, 3, BOND | SECURE, CENTRAL_JUST_WORKS);
    pairs(SIM_BLE_IO_NONE, 4, BOND | MITM | SECURE, CENTRAL_JUST_WORKS);
    pairs(SIM_BLE_IO_DISPLAY, 0, BOND | MITM, CENTRAL_JUST_WORKS);
    pairs(SIM_BLE_IO_YES_NO, 1, BOND | MITM, CENTRAL_JUST_WORKS);
    pairs(SIM_BLE_IO_KEYBOARD, 3, BOND | MITM | SECURE, CENTRAL_JUST_WORKS);
}

static void H_2_3_5_1_a_passkey_shown_by_the_board(void **state)
{
    (void)state;
    pairs(SIM_BLE_IO_DISPLAY, 2, BOND | MITM, CENTRAL_TYPES_PASSKEY);
    pairs(SIM_BLE_IO_DISPLAY, 4, BOND | SECURE, CENTRAL_TYPES_PASSKEY);
    pairs(SIM_BLE_IO_YES_NO, 4, BOND | MITM, CENTRAL_TYPES_PASSKEY);
    pairs(SIM_BLE_IO_KEYBOARD_DISPLAY, 2, BOND | MITM | SECURE, CENTRAL_TYPES_PASSKEY);
}

static void H_2_3_5_1_a_passkey_typed_on_the_board(void **state)
{
    (void)state;
    pairs(SIM_BLE_IO_KEYBOARD, 0, BOND | MITM, CENTRAL_SHOWS_PASSKEY);
    pairs(SIM_BLE_IO_KEYBOARD, 1, BOND | MITM | SECURE, CENTRAL_SHOWS_PASSKEY);
    pairs(SIM_BLE_IO_KEYBOARD, 2, BOND | MITM | SECURE, CENTRAL_SHOWS_PASSKEY);
    pairs(SIM_BLE_IO_KEYBOARD_DISPLAY, 0, BOND | MITM, CENTRAL_SHOWS_PASSKEY);
    pairs(SIM_BLE_IO_KEYBOARD_DISPLAY, 4, BOND | MITM, CENTRAL_SHOWS_PASSKEY);
}

static void H_2_3_5_1_numeric_comparison(void **state)
{
    (void)state;
    pairs(SIM_BLE_IO_YES_NO, 1, BOND | MITM | SECURE, CENTRAL_COMPARES);
    pairs(SIM_BLE_IO_KEYBOARD_DISPLAY, 4, BOND | MITM | SECURE, CENTRAL_COMPARES);
    pairs(SIM_BLE_IO_YES_NO, 4, BOND | MITM | SECURE, CENTRAL_COMPARES);
}

static void fails(enum sim_ble_io own, uint8_t peer, uint8_t requirements, enum central_method method,
                  bool passkey, uint8_t reason)
{
    struct air *air = open_with(own, SIM_BLE_PAIRING_ANY, false, SIM_BLE_REPAIRING_ALLOWED);
    struct central central = central_new(air, peer, requirements);

    central.expected = method;
    central.wrong_passkey = passkey;
    central.wrong_check = !passkey;
    assert_false(central_pair(&central));
    assert_int_equal(central.failed, reason);
    assert_false(sim_board_ble_encrypted(air->bench.board));
    air_command(air, "bond list", "ok 0");
    /* Nothing is left of the attempt. */
    central = central_new(air, peer, requirements);
    central.expected = method;
    assert_true(central_pair(&central));
    close_air(air);
}

static void H_3_5_5_wrong_confirm_values_checks_and_numbers_fail(void **state)
{
    (void)state;
    fails(SIM_BLE_IO_NONE, 3, BOND, CENTRAL_JUST_WORKS, false, 0x04);
    fails(SIM_BLE_IO_NONE, 3, BOND | SECURE, CENTRAL_JUST_WORKS, false, 0x0b);
    fails(SIM_BLE_IO_DISPLAY, 2, BOND | MITM, CENTRAL_TYPES_PASSKEY, true, 0x04);
    fails(SIM_BLE_IO_DISPLAY, 2, BOND | MITM | SECURE, CENTRAL_TYPES_PASSKEY, true, 0x04);
    fails(SIM_BLE_IO_YES_NO, 1, BOND | MITM | SECURE, CENTRAL_COMPARES, true, 0x0c);
}

static void H_2_3_4_a_shorter_key_is_agreed_on_and_padded(void **state)
{
    for (unsigned secure = 0; secure < 2; secure++) {
        struct air *air = open_plain();
        struct central central = central_new(air, 3, (uint8_t)(BOND | (secure ? SECURE : 0)));

        (void)state;
        central.request[4] = 7;
        assert_true(central_pair(&central));
        for (unsigned i = 7; i < 16; i++)
            assert_int_equal(central.ltk[i], 0);
        reconnect(air);
        assert_true(central_encrypt(&central));
        close_air(air);
    }
}

static void H_3_5_requests_that_cannot_be_are_answered_with_the_reason(void **state)
{
    struct air *air = open_plain();

    (void)state;
    air_exchange(air, AIR_SECURITY, "01 03 00 01 06 01 01", "05 06");
    air_exchange(air, AIR_SECURITY, "01 03 00 01 11 01 01", "05 0a");
    air_exchange(air, AIR_SECURITY, "01 05 00 01 10 01 01", "05 0a");
    air_exchange(air, AIR_SECURITY, "01 03 02 01 10 01 01", "05 0a");
    air_exchange(air, AIR_SECURITY, "01 03 00 01 10 01", "05 0a");
    air_exchange(air, AIR_SECURITY, "0f 00", "05 07");
    close_air(air);
}

static void H_3_3_pdus_out_of_order_end_the_pairing(void **state)
{
    static const char *const early[] = {"04 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00",
                                        "0d 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00",
                                        "02 03 00 01 10 01 01", "01 03 00 01 10 01 01"};
    struct air *air = open_plain();

    (void)state;
    for (unsigned i = 0; i < 3; i++)
        air_exchange(air, AIR_SECURITY, early[i], ""); /* nothing was begun */
    for (unsigned i = 0; i < 4; i++) {
        air_exchange(air, AIR_SECURITY, "01 03 00 01 10 01 01", "02 03 00 09 10 00 01");
        air_exchange(air, AIR_SECURITY, early[i], "05 08");
    }
    air_exchange(air, AIR_SECURITY, "01 03 00 01 10 01 01", "02 03 00 09 10 00 01");
    air_exchange(air, AIR_SECURITY, "03 00 00", "05 0a");
    close_air(air);
}

static void H_3_5_5_a_failure_from_the_central_starts_all_over(void **state)
{
    struct air *air = open_plain();
    struct central central = central_new(air, 3, BOND | SECURE);

    (void)state;
    air_exchange(air, AIR_SECURITY, "01 03 00 09 10 01 01", "02 03 00 09 10 00 00");
    air_exchange(air, AIR_SECURITY, "05 08", "");
    assert_true(central_pair(&central));
    close_air(air);
}

static void H_3_4_after_30_s_pairing_is_over_until_the_link_ends(void **state)
{
    struct air *air = open_plain();
    struct central central = central_new(air, 3, BOND | SECURE);

    (void)state;
    air_exchange(air, AIR_SECURITY, "01 03 00 01 10 01 01", "02 03 00 09 10 00 01");
    air_run_us(air, 29000000);
    assert_false(air_told(air, "pairing timed out"));
    air_run_us(air, 1500000);
    assert_true(air_told(air, "pairing timed out"));
    air_exchange(air, AIR_SECURITY, "01 03 00 01 10 01 01", "");
    reconnect(air);
    assert_true(central_pair(&central));
    close_air(air);
}

static void H_2_3_5_6_1_a_bad_public_key_and_an_own_one_sent_back_are_refused(void **state)
{
    struct air *air = open_plain();
    uint8_t pdu[65] = {0x0c};
    const struct air_pdu *heard;

    (void)state;
    air_exchange(air, AIR_SECURITY, "01 03 00 09 10 01 01", "02 03 00 09 10 00 00");
    memset(pdu + 1, 0x55, 64);
    air_send(air, AIR_SECURITY, pdu, sizeof pdu);
    heard = air_take(air, AIR_SECURITY);
    assert_non_null(heard);
    assert_int_equal(heard->bytes[0], 0x05);
    assert_int_equal(heard->bytes[1], 0x0b);
    assert_null(air_take(air, AIR_SECURITY));
    close_air(air);
}

static void the_update_service_opens_with_encryption_only(void **state)
{
    struct air *air = open_plain();
    struct central central = central_new(air, 3, BOND | SECURE);

    (void)state;
    air_exchange(air, AIR_ATT, "02 f7 00", "03 f7 00");
    air_exchange(air, AIR_ATT, "12 11 00 01 00", "01 12 11 00 05"); /* no key at all: pair */
    air_exchange(air, AIR_ATT, ECHO, "");
    assert_true(central_pair(&central));
    air_exchange(air, AIR_ATT, "12 11 00 01 00", "13");
    air_exchange(air, AIR_ATT, ECHO, ECHOED);
    reconnect(air);
    air_exchange(air, AIR_ATT, "0a 11 00", "01 0a 11 00 0f"); /* there is a key: encrypt */
    close_air(air);
}

static void a_service_that_wants_authentication_does_not_open_to_just_works(void **state)
{
    struct air *air = open_with(SIM_BLE_IO_DISPLAY, SIM_BLE_PAIRING_ANY, true, SIM_BLE_REPAIRING_ALLOWED);
    struct central central = central_new(air, 3, BOND | SECURE);

    (void)state;
    assert_false(central_pair(&central));
    assert_int_equal(central.failed, 0x03);
    air_exchange(air, AIR_ATT, "12 11 00 01 00", "01 12 11 00 05");
    central = central_new(air, 2, BOND | SECURE);
    central.expected = CENTRAL_TYPES_PASSKEY;
    assert_true(central_pair(&central));
    air_exchange(air, AIR_ATT, "12 11 00 01 00", "13");
    close_air(air);
}

static void a_board_of_secure_connections_only_refuses_legacy_and_the_other_way_round(void **state)
{
    struct air *air = open_with(SIM_BLE_IO_NONE, SIM_BLE_PAIRING_SECURE, false, SIM_BLE_REPAIRING_ALLOWED);
    struct central central = central_new(air, 3, BOND);

    (void)state;
    assert_false(central_pair(&central));
    assert_int_equal(central.failed, 0x03);
    close_air(air);
    air = open_with(SIM_BLE_IO_NONE, SIM_BLE_PAIRING_LEGACY, false, SIM_BLE_REPAIRING_ALLOWED);
    central = central_new(air, 3, BOND | SECURE);
    assert_true(central_pair(&central));
    assert_int_equal(central.response[3] & SECURE, 0);
    close_air(air);
}

static void without_bonding_on_the_centrals_side_no_key_is_kept(void **state)
{
    struct air *air = open_plain();
    struct central central = central_new(air, 3, SECURE);

    (void)state;
    assert_true(central_pair(&central));
    air_command(air, "bond list", "ok 0");
    reconnect(air);
    assert_false(central_encrypt(&central));
    assert_int_equal(air->encryption_status, 0x06);
    close_air(air);
}

static void a_board_that_does_not_bond_refuses_to_pair(void **state)
{
    struct air air;
    struct bench_config board = air_board();
    struct sim_stack_config config = {0};

    (void)state;
    board.ble.bonding = false;
    air_open(&air, &board, &config);
    air_connect(&air);
    air_exchange(&air, AIR_SECURITY, "01 03 00 09 10 01 01", "05 05");
    air_close(&air);
}

static void a_board_that_lost_its_keys_says_key_missing(void **state)
{
    struct air *air = open_plain();
    struct central central = central_new(air, 3, BOND | SECURE);

    (void)state;
    assert_true(central_pair(&central));
    reconnect(air);
    air_command(air, "bond forget", "ok");
    assert_false(central_encrypt(&central));
    assert_int_equal(air->encryption_status, 0x06);
    close_air(air);
}

static void a_board_with_another_key_fails_by_mic(void **state)
{
    struct air *air = open_plain();
    struct central central = central_new(air, 3, BOND);

    (void)state;
    assert_true(central_pair(&central));
    reconnect(air);
    air_command(air, "bond damage", "ok");
    assert_false(central_encrypt(&central));
    assert_int_equal(air->encryption_status, 0x3d);
    close_air(air);
}

static void a_legacy_key_needs_its_own_name(void **state)
{
    struct air *air = open_plain();
    struct central central = central_new(air, 3, BOND);

    (void)state;
    assert_true(central_pair(&central));
    reconnect(air);
    central.ediv ^= 1;
    assert_false(central_encrypt(&central));
    assert_int_equal(air->encryption_status, 0x06);
    reconnect(air);
    central.ediv ^= 1;
    assert_true(central_encrypt(&central));
    close_air(air);
}

static void bonds_outlive_a_power_cycle_of_the_board(void **state)
{
    struct air *air = open_plain();
    struct central central = central_new(air, 3, BOND | SECURE);

    (void)state;
    assert_true(central_pair(&central));
    sim_board_power(air->bench.board, false);
    air_run(air);
    sim_board_power(air->bench.board, true);
    air_run_us(air, 5000000);
    air_connect(air);
    assert_true(central_encrypt(&central));
    close_air(air);
}

static void re_pairing_is_refused_or_accepted_by_policy(void **state)
{
    struct air *air = open_with(SIM_BLE_IO_NONE, SIM_BLE_PAIRING_ANY, false, SIM_BLE_REPAIRING_REFUSED);
    struct central first = central_new(air, 3, BOND | SECURE), again = central_new(air, 3, BOND | SECURE);

    (void)state;
    assert_true(central_pair(&first));
    reconnect(air);
    assert_false(central_pair(&again));
    assert_int_equal(again.failed, 0x05);
    assert_true(central_encrypt(&first));
    close_air(air);

    air = open_plain();
    first.air = again.air = air;
    assert_true(central_pair(&first));
    reconnect(air);
    assert_true(central_pair(&again));
    reconnect(air);
    assert_false(central_encrypt(&first));
    reconnect(air);
    assert_true(central_encrypt(&again));
    close_air(air);
}

static void the_board_asks_for_security_on_command(void **state)
{
    struct air *air = open_plain();

    (void)state;
    air_command(air, "link security", "ok");
    air_expect(air, AIR_SECURITY, "0b 09");
    close_air(air);
}

static void a_subscription_of_a_bonded_central_comes_back_with_encryption(void **state)
{
    struct air *air = open_plain();
    struct central central = central_new(air, 3, BOND | SECURE);

    (void)state;
    assert_true(central_pair(&central));
    air_exchange(air, AIR_ATT, "12 11 00 01 00", "13");
    reconnect(air);
    assert_true(central_encrypt(&central));
    air_exchange(air, AIR_ATT, "0a 11 00", "0b 01 00");
    air_exchange(air, AIR_ATT, "02 f7 00", "03 f7 00");
    air_exchange(air, AIR_ATT, ECHO, ECHOED);
    close_air(air);
}

/* --- a table that an update changed --- */

/* Another image in the primary slot: with `table_moves` its minor version says how many services stand before
 * the update service. */
static void update(struct air *air, uint8_t minor)
{
    uint8_t payload[3000];
    struct rig_image_recipe recipe = {
        .payload = payload, .payload_bytes = sizeof payload, .version = {.major = 1, .minor = minor}};
    struct rig_bytes image = {0};

    sim_app_make_payload(&waits, minor, payload, sizeof payload);
    assert_int_equal(rig_image_build(&recipe, &image), RIG_IMAGE_OK);
    sim_board_power(air->bench.board, false);
    air_run(air);
    bench_program(&air->bench, &image);
    rig_bytes_clear(&image);
    sim_board_power(air->bench.board, true);
    air_run_us(air, 5000000);
    air_connect(air);
}

static struct air *open_moving(bool bonded, struct central *central)
{
    struct air *air = malloc(sizeof *air);
    struct bench_config board = air_board();
    struct sim_stack_config config = {.table_moves = true};

    air_open(air, &board, &config);
    air_connect(air);
    *central = central_new(air, 3, BOND | SECURE);
    if (bonded)
        assert_true(central_pair(central));
    return air;
}

static void G_7_1_a_bonded_central_is_told_of_a_change_when_it_comes_back(void **state)
{
    struct central central;
    struct air *air = open_moving(true, &central);

    (void)state;
    air_exchange(air, AIR_ATT, "12 09 00 02 00", "13");
    update(air, 1);
    air_expect(air, AIR_ATT, "");
    assert_true(central_encrypt(&central));
    air_expect(air, AIR_ATT, "1d 08 00 01 00 ff ff");
    air_exchange(air, AIR_ATT, "1e", "");
    air_exchange(air, AIR_ATT, "10 0e 00 ff ff 00 28", "11 06 0e 00 10 00 0a 18");
    air_exchange(air, AIR_ATT, "0a 10 00", "0b 31 2e 31 2e 30");
    air_disconnect(air, 0x13);
    air_connect(air);
    assert_true(central_encrypt(&central));
    air_expect(air, AIR_ATT, ""); /* it knows */
    close_air(air);
}

static void G_7_1_a_change_back_is_a_change_too(void **state)
{
    struct central central;
    struct air *air = open_moving(true, &central);

    (void)state;
    air_exchange(air, AIR_ATT, "12 09 00 02 00", "13");
    update(air, 2);
    assert_true(central_encrypt(&central));
    air_expect(air, AIR_ATT, "1d 08 00 01 00 ff ff");
    air_exchange(air, AIR_ATT, "1e", "");
    update(air, 4);
    assert_true(central_encrypt(&central));
    air_expect(air, AIR_ATT, "1d 08 00 01 00 ff ff");
    close_air(air);
}

static void G_7_3_the_hash_follows_the_table(void **state)
{
    struct central central;
    struct air *air = open_moving(false, &central);
    struct air_pdu old;

    (void)state;
    air_send_hex(air, AIR_ATT, "0a 0d 00");
    old = *air_take(air, AIR_ATT);
    update(air, 3);
    air_send_hex(air, AIR_ATT, "0a 0d 00");
    assert_memory_not_equal(old.bytes, air_take(air, AIR_ATT)->bytes, 17);
    update(air, 0);
    air_send_hex(air, AIR_ATT, "0a 0d 00");
    assert_memory_equal(old.bytes, air_take(air, AIR_ATT)->bytes, 17);
    close_air(air);
}

static void
G_2_5_2_1_a_robust_client_with_an_old_table_is_told_once_and_understands_by_its_next_request(void **state)
{
    struct central central;
    struct air *air = open_moving(true, &central);

    (void)state;
    air_exchange(air, AIR_ATT, "12 0b 00 01", "13");
    update(air, 1);
    assert_true(central_encrypt(&central));
    air_exchange(air, AIR_ATT, "52 14 00 00", "");
    air_exchange(air, AIR_ATT, "0a 03 00", "01 0a 00 00 12");
    air_exchange(air, AIR_ATT, "0a 03 00", "0b 62 65 6e 63 68");
    air_disconnect(air, 0x13);
    air_connect(air);
    assert_true(central_encrypt(&central));
    air_exchange(air, AIR_ATT, "0a 03 00", "0b 62 65 6e 63 68");
    close_air(air);
}

static void G_2_5_2_1_reading_the_hash_makes_a_client_aware(void **state)
{
    struct central central;
    struct air *air = open_moving(true, &central);

    (void)state;
    air_exchange(air, AIR_ATT, "12 0b 00 01", "13");
    update(air, 1);
    assert_true(central_encrypt(&central));
    air_send_hex(air, AIR_ATT, "08 01 00 ff ff 2a 2b");
    assert_int_equal(air_take(air, AIR_ATT)->bytes[0], 0x09);
    air_exchange(air, AIR_ATT, "0a 03 00", "0b 62 65 6e 63 68");
    close_air(air);
}

static void without_service_changed_nobody_is_told(void **state)
{
    struct air air;
    struct bench_config board = air_board();
    struct sim_stack_config config = {.no_service_changed = true};

    (void)state;
    air_open(&air, &board, &config);
    air_connect(&air);
    air_exchange(&air, AIR_ATT, "10 06 00 ff ff 00 28", "11 06 06 00 06 00 01 18");
    air_exchange(&air, AIR_ATT, "08 01 00 ff ff 2a 2b", "01 08 01 00 0a");
    air_command(&air, "link service-changed", "ok");
    air_expect(&air, AIR_ATT, "");
    air_close(&air);
}

/* The board's user acts without being told over the control socket. */
static void the_boards_user_answers_by_himself(void **state)
{
    static const struct {
        enum sim_ble_user user;
        const char *asked; /* what the central hears after its confirm value */
    } rows[] = {{SIM_BLE_USER_REFUSES, "05 01"}, {SIM_BLE_USER_AGREES, ""}, {SIM_BLE_USER_MISTYPES, ""}};

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct air air;
        struct bench_config board = air_board();
        struct sim_stack_config config = {0};

        board.ble.pairing = (struct sim_ble_pairing){.io = SIM_BLE_IO_KEYBOARD, .user = rows[i].user};
        air_open(&air, &board, &config);
        air_connect(&air);
        air_command(&air, "link host-shows 123456", "error: nobody asked");
        air_exchange(&air, AIR_SECURITY, "01 00 00 05 10 01 01", "02 02 00 0d 10 00 01");
        air_exchange(&air, AIR_SECURITY, "03 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00", "");
        air_command(&air, "link host-shows 12345", "error: 'link passkey DIGITS'");
        air_command(&air, "link host-shows 123456", "ok");
        if (*rows[i].asked)
            air_expect(&air, AIR_SECURITY, rows[i].asked);
        else
            assert_int_equal(air_take(&air, AIR_SECURITY)->bytes[0], 0x03);
        air_close(&air);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(H_2_3_5_1_just_works),
        cmocka_unit_test(H_2_3_5_1_a_passkey_shown_by_the_board),
        cmocka_unit_test(H_2_3_5_1_a_passkey_typed_on_the_board),
        cmocka_unit_test(H_2_3_5_1_numeric_comparison),
        cmocka_unit_test(H_3_5_5_wrong_confirm_values_checks_and_numbers_fail),
        cmocka_unit_test(H_2_3_4_a_shorter_key_is_agreed_on_and_padded),
        cmocka_unit_test(H_3_5_requests_that_cannot_be_are_answered_with_the_reason),
        cmocka_unit_test(H_3_3_pdus_out_of_order_end_the_pairing),
        cmocka_unit_test(H_3_5_5_a_failure_from_the_central_starts_all_over),
        cmocka_unit_test(H_3_4_after_30_s_pairing_is_over_until_the_link_ends),
        cmocka_unit_test(H_2_3_5_6_1_a_bad_public_key_and_an_own_one_sent_back_are_refused),
        cmocka_unit_test(the_update_service_opens_with_encryption_only),
        cmocka_unit_test(a_service_that_wants_authentication_does_not_open_to_just_works),
        cmocka_unit_test(a_board_of_secure_connections_only_refuses_legacy_and_the_other_way_round),
        cmocka_unit_test(without_bonding_on_the_centrals_side_no_key_is_kept),
        cmocka_unit_test(a_board_that_does_not_bond_refuses_to_pair),
        cmocka_unit_test(a_board_that_lost_its_keys_says_key_missing),
        cmocka_unit_test(a_board_with_another_key_fails_by_mic),
        cmocka_unit_test(a_legacy_key_needs_its_own_name),
        cmocka_unit_test(bonds_outlive_a_power_cycle_of_the_board),
        cmocka_unit_test(re_pairing_is_refused_or_accepted_by_policy),
        cmocka_unit_test(the_board_asks_for_security_on_command),
        cmocka_unit_test(G_7_1_a_bonded_central_is_told_of_a_change_when_it_comes_back),
        cmocka_unit_test(G_7_1_a_change_back_is_a_change_too),
        cmocka_unit_test(G_7_3_the_hash_follows_the_table),
        cmocka_unit_test(
            G_2_5_2_1_a_robust_client_with_an_old_table_is_told_once_and_understands_by_its_next_request),
        cmocka_unit_test(G_2_5_2_1_reading_the_hash_makes_a_client_aware),
        cmocka_unit_test(without_service_changed_nobody_is_told),
        cmocka_unit_test(a_subscription_of_a_bonded_central_comes_back_with_encryption),
        cmocka_unit_test(the_boards_user_answers_by_himself),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
