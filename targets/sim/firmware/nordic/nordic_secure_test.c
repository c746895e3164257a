/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A whole nRF5 board with the secure bootloader: buttonless entry in its three kinds with every result, the
 * hand-over of the bond, and a transfer of one object over the in-process link. */
#include "sim/firmware/nordic/nordic_fixture.h"

#include "protocol/nordic/dfu.h"
#include "sim/chip/ble/ble.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define SECOND_US 1000000u

static const struct sim_ble_central central = {.address = {0xc0, 1, 2, 3, 4, 5}};
static const uint8_t enter[] = {0x01};

static struct sim_board *open_board(const struct nordic_set_up *set_up)
{
    struct sim_board *board = nordic_board(set_up);

    nordic_start(board);
    return board;
}

static void connect(struct sim_board *board)
{
    assert_int_equal(sim_board_ble_connect(board, &central, 247), SIM_BLE_OK);
}

static void bond(struct sim_board *board, uint8_t ltk[SIM_BLE_LTK_BYTES])
{
    struct sim_ble_pairing_result result;

    assert_int_equal(sim_board_ble_pair(board, &(struct sim_ble_central_pairing){0}, ltk, &result),
                     SIM_BLE_OK);
}

static void subscribe(struct sim_board *board, unsigned characteristic, enum sim_gatt_subscription how)
{
    assert_int_equal(sim_board_ble_subscribe(board, characteristic, how), SIM_BLE_OK);
}

/* What it says next, as text; "": nothing within a second. */
static const char *next(struct sim_board *board, char text[64])
{
    uint64_t until_us = sim_board_now_us(board) + SECOND_US;
    struct sim_ble_packet packet;
    bool there;

    text[0] = '\0';
    while (!(there = sim_board_ble_receive(board, &packet)) && sim_board_step(board, until_us))
        ;
    for (unsigned i = 0; there && i < packet.n_bytes && i < 20; i++)
        snprintf(text + 3 * i, 4, "%02x ", packet.bytes[i]);
    if (text[0])
        text[strlen(text) - 1] = '\0';
    return text;
}

static void ask(struct sim_board *board, unsigned characteristic, const uint8_t *bytes, size_t n_bytes,
                const char *answer)
{
    char text[64];

    assert_int_equal(sim_board_ble_write(board, characteristic, true, bytes, n_bytes), SIM_BLE_OK);
    assert_string_equal(next(board, text), answer);
}

static bool has(struct sim_board *board, const char *uuid)
{
    unsigned any;

    return sim_board_ble_find(board, RIG_DFU_SERVICE_UUID, uuid, &any) == SIM_BLE_OK;
}

/* --- entry --- */

static void without_bonds_it_goes_to_address_plus_one_when_the_answer_is_confirmed(void **state)
{
    const struct nordic_set_up set_up = nordic_usual();
    struct sim_board *board = open_board(&set_up);
    uint8_t address[SIM_BLE_ADDRESS_BYTES];

    (void)state;
    assert_int_equal(sim_board_view(board).state, SIM_BOARD_RUNNING);
    assert_int_equal(sim_board_view(board).image.version.major, 1);
    assert_false(sim_board_ble_at_next_address(board));
    connect(board);
    assert_true(has(board, RIG_DFU_BUTTONLESS_UUID));
    assert_int_equal(sim_board_ble_write(board, 0, true, enter, 1), SIM_BLE_ATT_ERROR);
    assert_int_equal(sim_board_ble_att_error(board), RIG_DFU_ATT_CCC_IMPROPER);
    subscribe(board, 0, SIM_GATT_INDICATED);
    ask(board, 0, enter, 1, "20 01 01");
    nordic_run(board, 16000);
    assert_false(sim_board_ble_connected(board));
    assert_false(sim_board_ble_advertising(board));
    nordic_run(board, SECOND_US);
    assert_int_equal(sim_board_ble_last_reason(board), 0x13);
    assert_int_equal(sim_board_view(board).state, SIM_BOARD_UPDATER);
    assert_true(sim_board_ble_at_next_address(board));
    sim_ble_address(sim_board_ble(board), address);
    assert_memory_equal(address, "\xc0\x01\x02\x03\x04\x00", 6); /* ff + 1, without carry */
    assert_string_equal(sim_ble_name(sim_board_ble(board)), "DfuTarg");
    connect(board);
    assert_true(has(board, RIG_DFU_CONTROL_UUID) && has(board, RIG_DFU_PACKET_UUID));
    assert_false(has(board, RIG_DFU_BUTTONLESS_UUID));
    sim_board_free(board);
}

static void a_name_is_kept_for_one_entry(void **state)
{
    static const uint8_t name[] = {0x02, 5, 'D', 'f', 'u', '0', '1'}, none[] = {0x02, 0},
                         long_name[] = {0x02, 21, 'x'}, bare[] = {0x02};
    const struct nordic_set_up set_up = nordic_usual();
    struct sim_board *board = open_board(&set_up);

    (void)state;
    connect(board);
    subscribe(board, 0, SIM_GATT_INDICATED);
    ask(board, 0, none, sizeof none, "20 02 05");
    nordic_run(board, SECOND_US);
    ask(board, 0, long_name, sizeof long_name, "20 02 05");
    nordic_run(board, SECOND_US);
    ask(board, 0, bare, sizeof bare, "20 02 05");
    nordic_run(board, SECOND_US);
    ask(board, 0, name, sizeof name, "20 02 01");
    nordic_run(board, SECOND_US);
    ask(board, 0, name, sizeof name, "20 02 04"); /* its place in the settings page is used */
    nordic_run(board, SECOND_US);
    ask(board, 0, enter, 1, "20 01 01");
    nordic_run(board, SECOND_US);
    assert_string_equal(sim_ble_name(sim_board_ble(board)), "Dfu01");
    nordic_run(board, 121u * SECOND_US); /* it gives up, and the application starts */
    assert_int_equal(sim_board_view(board).state, SIM_BOARD_RUNNING);
    assert_string_equal(sim_ble_name(sim_board_ble(board)), "nordic");
    connect(board);
    subscribe(board, 0, SIM_GATT_INDICATED);
    ask(board, 0, name, sizeof name, "20 02 01"); /* the place is free again */
    sim_board_free(board);
}

static void while_the_flash_is_at_work_entry_is_busy_and_a_name_fails(void **state)
{
    static const uint8_t name[] = {0x02, 1, 'a'};
    const struct nordic_set_up set_up = nordic_usual();
    struct sim_board *board = open_board(&set_up);
    char text[64];

    (void)state;
    connect(board);
    subscribe(board, 0, SIM_GATT_INDICATED);
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(sim_board_ble_write(board, 0, true, name, sizeof name), SIM_BLE_OK);
        assert_int_equal(sim_board_ble_write(board, 0, true, i ? name : enter, i ? sizeof name : 1),
                         SIM_BLE_OK);
        assert_string_equal(next(board, text), i ? "20 02 04" : "20 01 06");
        nordic_run(board, SECOND_US);
        sim_board_power(board, false); /* the name's own answer had no room beside the other indication */
        nordic_program(board, &set_up.personality, 1000000);
        nordic_start(board);
        connect(board);
        subscribe(board, 0, SIM_GATT_INDICATED);
    }
    sim_board_free(board);
}

static void other_requests_are_not_supported(void **state)
{
    static const enum sim_buttonless_kind kinds[] = {SIM_BUTTONLESS_WITHOUT_BONDS, SIM_BUTTONLESS_WITH_BONDS,
                                                     SIM_BUTTONLESS_EXPERIMENTAL};
    static const uint8_t seven[] = {0x07}, name[] = {0x02, 1, 'a'};

    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        struct nordic_set_up set_up = nordic_usual();
        struct sim_board *board;
        uint8_t ltk[SIM_BLE_LTK_BYTES];

        set_up.secure.app.buttonless = kinds[i];
        board = open_board(&set_up);
        connect(board);
        bond(board, ltk);
        subscribe(board, 0, i == 2 ? SIM_GATT_NOTIFIED : SIM_GATT_INDICATED);
        ask(board, 0, seven, 1, "20 07 02");
        nordic_run(board, SECOND_US);
        if (i > 0)
            ask(board, 0, name, sizeof name, "20 02 02");
        sim_board_free(board);
    }
}

static void it_enters_by_the_settings_page_once(void **state)
{
    static const enum sim_secure_sdk sdks[] = {SIM_SECURE_SDK_12, SIM_SECURE_SDK_14, SIM_SECURE_SDK_15};

    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        struct nordic_set_up set_up = nordic_usual();
        struct sim_board *board;

        set_up.secure.boot.sdk = sdks[i];
        set_up.secure.boot.enters_by_settings = true;
        set_up.secure.boot.enters_by_gpregret = false;
        set_up.secure.app.buttonless = SIM_BUTTONLESS_EXPERIMENTAL;
        board = open_board(&set_up);
        connect(board);
        subscribe(board, 0, SIM_GATT_NOTIFIED);
        ask(board, 0, enter, 1, "20 01 01");
        nordic_run(board, SECOND_US);
        assert_int_equal(sim_board_view(board).state, SIM_BOARD_UPDATER);
        sim_board_reset(board);
        nordic_run(board, SECOND_US);
        assert_int_equal(sim_board_view(board).state, SIM_BOARD_RUNNING);
        sim_board_free(board);
    }
}

/* --- bonds --- */

static struct nordic_set_up bonded(void)
{
    struct nordic_set_up set_up = nordic_usual();

    set_up.secure.boot.requires_bonds = true;
    set_up.secure.app.buttonless = SIM_BUTTONLESS_WITH_BONDS;
    return set_up;
}

static void enter_bonded(struct sim_board *board, const char *answer)
{
    subscribe(board, 0, SIM_GATT_INDICATED);
    ask(board, 0, enter, 1, answer);
    nordic_run(board, SECOND_US);
}

static void with_bonds_the_key_goes_along_and_comes_back(void **state)
{
    const struct nordic_set_up set_up = bonded();
    struct sim_board *board = open_board(&set_up);
    struct sim_ble_pairing_result result;
    uint8_t ltk[SIM_BLE_LTK_BYTES], other[SIM_BLE_LTK_BYTES];

    (void)state;
    connect(board);
    assert_int_equal(sim_board_ble_subscribe(board, 0, SIM_GATT_INDICATED), SIM_BLE_NEEDS_ENCRYPTION);
    assert_int_equal(sim_board_ble_write(board, 0, true, enter, 1), SIM_BLE_NEEDS_ENCRYPTION);
    bond(board, ltk);
    for (unsigned i = 0; i < 3; i++) { /* again and again */
        enter_bonded(board, "20 01 01");
        assert_int_equal(sim_board_view(board).state, SIM_BOARD_UPDATER);
        assert_false(sim_board_ble_at_next_address(board));
        connect(board);
        assert_int_equal(sim_board_ble_pair(board, &(struct sim_ble_central_pairing){0}, other, &result),
                         SIM_BLE_PAIRING_REFUSED);
        assert_int_equal(sim_board_ble_encrypt(board, ltk), SIM_BLE_OK);
        assert_int_equal(sim_board_ble(board)->n_changes, 1);
        subscribe(board, 1, SIM_GATT_NOTIFIED);
        ask(board, 1, (const uint8_t *)"\x06\x01", 2, "60 06 01 00 02 00 00 00 00 00 00 00 00 00 00");
        sim_board_ble_disconnect(board);
        nordic_run(board, 121u * SECOND_US);
        assert_int_equal(sim_board_view(board).state, SIM_BOARD_RUNNING);
        connect(board);
        assert_int_equal(sim_board_ble_encrypt(board, ltk), SIM_BLE_OK);
        assert_int_equal(sim_board_ble(board)->n_changes, 1);
    }
    sim_board_free(board);
}

/* Bonds lie below the bootloader: they are gone with their page, and when the power goes before they are
 * there. */
static void bonds_live_in_the_applications_own_pages(void **state)
{
    static const struct {
        bool erase;
        uint64_t after_us;
        enum sim_ble_outcome encrypted;
    } rows[] = {{false, SECOND_US, SIM_BLE_OK},
                {false, 1000, SIM_BLE_KEY_MISSING},
                {true, SECOND_US, SIM_BLE_KEY_MISSING}};

    (void)state;
    for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct nordic_set_up set_up = bonded();
        struct sim_board *board = open_board(&set_up);
        uint8_t ltk[SIM_BLE_LTK_BYTES], erased[16];

        connect(board);
        bond(board, ltk);
        nordic_run(board, rows[i].after_us);
        sim_board_power(board, false);
        memset(erased, 0xff, sizeof erased);
        if (rows[i].erase)
            assert_int_equal(sim_flash_poke(sim_board_flash(board), 0, 0x75000, erased, sizeof erased),
                             SIM_OK);
        nordic_start(board);
        connect(board);
        assert_int_equal(sim_board_ble_encrypt(board, ltk), rows[i].encrypted);
        sim_board_free(board);
    }
}

/* The second pairing is interrupted before it is stored: the first bond stays. */
static void a_bond_that_was_not_stored_goes_alone(void **state)
{
    static const struct sim_ble_central second = {.address = {0xc0, 9, 9, 9, 9, 9}};
    const struct nordic_set_up set_up = bonded();
    struct sim_board *board = open_board(&set_up);
    uint8_t first_ltk[SIM_BLE_LTK_BYTES], second_ltk[SIM_BLE_LTK_BYTES];

    (void)state;
    connect(board);
    bond(board, first_ltk);
    nordic_run(board, SECOND_US);
    sim_board_ble_disconnect(board);
    assert_int_equal(sim_board_ble_connect(board, &second, 247), SIM_BLE_OK);
    bond(board, second_ltk);
    sim_board_power(board, false);
    nordic_start(board);
    assert_int_equal(sim_board_ble_connect(board, &second, 247), SIM_BLE_OK);
    assert_int_equal(sim_board_ble_encrypt(board, second_ltk), SIM_BLE_KEY_MISSING);
    connect(board);
    assert_int_equal(sim_board_ble_encrypt(board, first_ltk), SIM_BLE_OK);
    assert_int_equal(sim_board_ble(board)->n_changes, 0); /* nothing changed */
    sim_board_free(board);
}

static void who_is_not_bonded_is_told_so(void **state)
{
    struct nordic_set_up set_up = bonded();
    struct sim_board *board;

    (void)state;
    set_up.ble.defects = SIM_BLE_DEFECT_SERVES_UNENCRYPTED;
    board = open_board(&set_up);
    connect(board);
    enter_bonded(board, "20 01 07");
    assert_int_equal(sim_board_view(board).state, SIM_BOARD_RUNNING);
    sim_board_free(board);
}

/* A central that bonds, asks, and is gone after this time; then it is back, and asks again. */
static struct sim_board *asks_twice(const struct nordic_set_up *set_up, uint64_t gone_after_us,
                                    uint8_t ltk[SIM_BLE_LTK_BYTES])
{
    struct sim_board *board = open_board(set_up);

    connect(board);
    bond(board, ltk);
    subscribe(board, 0, SIM_GATT_INDICATED);
    assert_int_equal(sim_board_ble_write(board, 0, true, enter, 1), SIM_BLE_OK);
    nordic_run(board, gone_after_us);
    sim_board_ble_disconnect(board);
    nordic_run(board, SECOND_US);
    assert_int_equal(sim_board_view(board).state, SIM_BOARD_RUNNING);
    connect(board);
    assert_int_equal(sim_board_ble_encrypt(board, ltk), SIM_BLE_OK);
    enter_bonded(board, "20 01 04");
    return board;
}

/* The place for the bond is erased by a start of the application through the bootloader, and by nothing else.
 */
static void a_bond_that_was_handed_over_blocks_the_next_one(void **state)
{
    const struct nordic_set_up set_up = bonded();
    uint8_t ltk[SIM_BLE_LTK_BYTES];
    struct sim_board *board = asks_twice(&set_up, 3000, ltk);

    (void)state;
    assert_int_equal(sim_board_view(board).state, SIM_BOARD_RUNNING);
    sim_board_reset(board);
    nordic_run(board, SECOND_US);
    connect(board);
    assert_int_equal(sim_board_ble_encrypt(board, ltk), SIM_BLE_OK);
    enter_bonded(board, "20 01 01");
    assert_int_equal(sim_board_view(board).state, SIM_BOARD_UPDATER);
    sim_board_free(board);
}

/* What waits for a confirmation waits over the end of the link: the refusal's own one does. */
static void a_refusal_after_an_unconfirmed_success_leads_into_the_bootloader(void **state)
{
    const struct nordic_set_up set_up = bonded();
    uint8_t ltk[SIM_BLE_LTK_BYTES];
    struct sim_board *board = asks_twice(&set_up, 10000, ltk);

    (void)state;
    assert_int_equal(sim_board_view(board).state, SIM_BOARD_UPDATER);
    sim_board_free(board);
}

static void a_bootloader_built_the_other_way_takes_no_bond_and_no_name(void **state)
{
    static const uint8_t name[] = {0x02, 1, 'a'};
    struct nordic_set_up set_up = bonded();
    struct sim_board *board;
    uint8_t ltk[SIM_BLE_LTK_BYTES];

    (void)state;
    set_up.secure.boot.requires_bonds = false;
    board = open_board(&set_up);
    connect(board);
    bond(board, ltk);
    enter_bonded(board, "20 01 04");
    sim_board_free(board);
    set_up = nordic_usual();
    set_up.secure.boot.requires_bonds = true;
    board = open_board(&set_up);
    connect(board);
    subscribe(board, 0, SIM_GATT_INDICATED);
    ask(board, 0, name, sizeof name, "20 02 04");
    sim_board_free(board);
}

static void defects_of_the_application(void **state)
{
    static const struct {
        uint32_t defect;
        const char *answer;
        enum sim_board_state end;
        enum sim_ble_outcome encrypted; /* in the bootloader */
    } rows[] = {
        {0, "20 01 01", SIM_BOARD_UPDATER, SIM_BLE_OK},
        {SIM_BUTTONLESS_STAYS, "20 01 01", SIM_BOARD_RUNNING, SIM_BLE_OK},
        {SIM_BUTTONLESS_SILENT, "", SIM_BOARD_UPDATER, SIM_BLE_OK},
        {SIM_BUTTONLESS_IGNORES, "", SIM_BOARD_RUNNING, SIM_BLE_OK},
        {SIM_BUTTONLESS_WRONG_PEER, "20 01 01", SIM_BOARD_UPDATER, SIM_BLE_MIC_FAILURE},
    };

    (void)state;
    for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct nordic_set_up set_up = bonded();
        struct sim_board *board;
        uint8_t ltk[SIM_BLE_LTK_BYTES];

        set_up.secure.app.defects = rows[i].defect;
        board = open_board(&set_up);
        connect(board);
        bond(board, ltk);
        enter_bonded(board, rows[i].answer);
        assert_int_equal(sim_board_view(board).state, rows[i].end);
        if (rows[i].end == SIM_BOARD_UPDATER) {
            connect(board);
            assert_int_equal(sim_board_ble_encrypt(board, ltk), rows[i].encrypted);
        }
        sim_board_free(board);
    }
}

/* --- the bootloader --- */

static void the_control_point_wants_its_ccc_and_answers_with_the_next_connection_event(void **state)
{
    struct nordic_set_up set_up = nordic_usual();
    struct sim_board *board;
    struct sim_ble_packet packet;

    (void)state;
    set_up.blank = true;
    board = open_board(&set_up);
    assert_int_equal(sim_board_view(board).state, SIM_BOARD_UPDATER);
    connect(board);
    assert_int_equal(sim_board_ble_write(board, 1, true, (const uint8_t *)"\x06\x01", 2), SIM_BLE_ATT_ERROR);
    assert_int_equal(sim_board_ble_att_error(board), 0xfd);
    subscribe(board, 1, SIM_GATT_NOTIFIED);
    assert_int_equal(sim_board_ble_write(board, 1, true, (const uint8_t *)"\x06\x01", 2), SIM_BLE_OK);
    nordic_run(board, 14999);
    assert_false(sim_board_ble_receive(board, &packet));
    nordic_run(board, 1);
    assert_true(sim_board_ble_receive(board, &packet));
    assert_int_equal(packet.n_bytes, 15);
    sim_board_free(board);
}

static void abort_drops_the_link_and_leads_back(void **state)
{
    const struct nordic_set_up set_up = nordic_usual();
    struct sim_board *board = nordic_board(&set_up);

    (void)state;
    sim_board_power(board, true);
    sim_nordic_secure_set_gpregret(board, SIM_NORDIC_GPREGRET_DFU, 0);
    nordic_run(board, SECOND_US);
    assert_int_equal(sim_board_view(board).state, SIM_BOARD_UPDATER);
    connect(board);
    subscribe(board, 1, SIM_GATT_NOTIFIED);
    assert_int_equal(sim_board_ble_write(board, 1, true, (const uint8_t *)"\x0c", 1), SIM_BLE_OK);
    nordic_run(board, 20000);
    assert_false(sim_board_ble_connected(board));
    assert_false(sim_board_ble_advertising(board)); /* nobody gets in before the reset */
    nordic_run(board, SECOND_US);
    assert_int_equal(sim_board_ble_last_reason(board), 0x13);
    assert_int_equal(sim_board_view(board).state, SIM_BOARD_RUNNING);
    sim_board_free(board);
}

static void gpregret_does_not_outlive_the_power(void **state)
{
    const struct nordic_set_up set_up = nordic_usual();
    struct sim_board *board = open_board(&set_up);

    (void)state;
    sim_nordic_secure_set_gpregret(board, SIM_NORDIC_GPREGRET_DFU, 0);
    sim_board_power(board, false);
    assert_int_equal(sim_nordic_secure_retained(board).gpregret, 0);
    nordic_start(board);
    assert_int_equal(sim_board_view(board).state, SIM_BOARD_RUNNING);
    sim_board_free(board);
}

static void an_application_may_have_no_buttonless_service_at_all(void **state)
{
    struct nordic_set_up set_up = nordic_usual();
    struct sim_board *board;
    unsigned any;

    (void)state;
    set_up.secure.app.buttonless = SIM_BUTTONLESS_NONE;
    board = nordic_board(&set_up);
    nordic_program(board, &set_up.personality, 1002003);
    nordic_start(board);
    connect(board);
    assert_int_equal(sim_board_ble_find(board, RIG_DFU_SERVICE_UUID, RIG_DFU_BUTTONLESS_UUID, &any),
                     SIM_BLE_NO_SERVICE);
    assert_int_equal(sim_board_view(board).image.version.major, 1);
    assert_int_equal(sim_board_view(board).image.version.minor, 2);
    assert_int_equal(sim_board_view(board).image.version.revision, 3);
    sim_board_free(board);
}

static void the_button_leads_into_the_bootloader_while_it_is_held(void **state)
{
    const struct nordic_set_up set_up = nordic_usual();
    struct sim_board *board = nordic_board(&set_up);

    (void)state;
    sim_nordic_secure_hold_button(board, true);
    nordic_start(board);
    assert_int_equal(sim_board_view(board).state, SIM_BOARD_UPDATER);
    sim_nordic_secure_hold_button(board, false);
    sim_board_reset(board);
    nordic_run(board, SECOND_US);
    assert_int_equal(sim_board_view(board).state, SIM_BOARD_RUNNING);
    sim_board_free(board);
}

static void a_reset_by_the_pin_leads_into_the_bootloader_where_it_was_built_so(void **state)
{
    struct nordic_set_up set_up = nordic_usual();

    (void)state;
    for (unsigned built = 0; built < 2; built++) {
        struct sim_board *board;

        set_up.secure.boot.enters_by_pin_reset = built;
        board = open_board(&set_up);
        assert_int_equal(sim_board_view(board).state, SIM_BOARD_RUNNING); /* power-on is none */
        sim_board_reset(board);
        nordic_run(board, SECOND_US);
        assert_int_equal(sim_board_view(board).state, built ? SIM_BOARD_UPDATER : SIM_BOARD_RUNNING);
        if (built) { /* nor is the reset at the end of the time-out */
            nordic_run(board, 121u * SECOND_US);
            assert_int_equal(sim_board_view(board).state, SIM_BOARD_RUNNING);
        }
        sim_board_free(board);
    }
}

/* The reset that follows an activation finds the reason of the one before still there. */
static void the_pin_counts_in_the_run_behind_an_activation(void **state)
{
    struct nordic_set_up set_up = nordic_usual();
    const uint32_t pages[] = {0x7f000, 0x7e000};
    uint8_t page[RIG_NORDIC_SETTINGS_BYTES];
    struct rig_nordic_settings settings;
    struct sim_board *board;

    (void)state;
    set_up.secure.boot.enters_by_pin_reset = true;
    board = open_board(&set_up);
    assert_int_equal(sim_flash_peek(sim_board_flash(board), 0, pages[0], page, sizeof page), SIM_OK);
    rig_nordic_settings_decode(page, &settings);
    settings.banks[1] = settings.banks[0];
    settings.image_crc = NORDIC_APPLICATION_AT; /* where the new image is: in its place */
    rig_nordic_settings_seal(&settings);
    rig_nordic_settings_encode(&settings, page);
    for (unsigned i = 0; i < 2; i++)
        assert_int_equal(sim_flash_poke(sim_board_flash(board), 0, pages[i], page, sizeof page), SIM_OK);
    sim_board_reset(board);
    nordic_run(board, SECOND_US);
    assert_int_equal(sim_board_view(board).state, SIM_BOARD_UPDATER);
    nordic_run(board, 121u * SECOND_US);
    assert_int_equal(sim_board_view(board).state, SIM_BOARD_RUNNING);
    sim_board_free(board);
}

static void bonds_required_and_none_handed_over_is_an_endless_row_of_resets(void **state)
{
    struct nordic_set_up set_up = bonded();
    struct sim_board *board;

    (void)state;
    set_up.blank = true;
    board = nordic_board(&set_up);
    sim_board_power(board, true);
    nordic_run(board, 10u * SECOND_US);
    assert_in_range(sim_board_view(board).n_resets, 50, 200);
    assert_false(sim_board_ble_advertising(board));
    sim_board_free(board);
}

static void an_application_whose_bytes_changed_crashes_where_nothing_checks_it(void **state)
{
    const struct nordic_set_up set_up = nordic_usual();
    struct sim_board *board = nordic_board(&set_up);
    uint8_t byte = 0;

    (void)state; /* nrfutil's settings validate nothing */
    assert_int_equal(sim_flash_poke(sim_board_flash(board), 0, NORDIC_APPLICATION_AT + 0x4000, &byte, 1),
                     SIM_OK);
    sim_board_power(board, true);
    nordic_run(board, 10u * SECOND_US);
    assert_int_equal(sim_board_view(board).state, SIM_BOARD_HUNG);
    assert_false(sim_board_ble_advertising(board));
    sim_board_free(board);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_bonds_it_goes_to_address_plus_one_when_the_answer_is_confirmed),
        cmocka_unit_test(a_name_is_kept_for_one_entry),
        cmocka_unit_test(while_the_flash_is_at_work_entry_is_busy_and_a_name_fails),
        cmocka_unit_test(other_requests_are_not_supported),
        cmocka_unit_test(it_enters_by_the_settings_page_once),
        cmocka_unit_test(with_bonds_the_key_goes_along_and_comes_back),
        cmocka_unit_test(bonds_live_in_the_applications_own_pages),
        cmocka_unit_test(a_bond_that_was_not_stored_goes_alone),
        cmocka_unit_test(who_is_not_bonded_is_told_so),
        cmocka_unit_test(a_bond_that_was_handed_over_blocks_the_next_one),
        cmocka_unit_test(a_refusal_after_an_unconfirmed_success_leads_into_the_bootloader),
        cmocka_unit_test(a_bootloader_built_the_other_way_takes_no_bond_and_no_name),
        cmocka_unit_test(defects_of_the_application),
        cmocka_unit_test(the_control_point_wants_its_ccc_and_answers_with_the_next_connection_event),
        cmocka_unit_test(abort_drops_the_link_and_leads_back),
        cmocka_unit_test(gpregret_does_not_outlive_the_power),
        cmocka_unit_test(an_application_may_have_no_buttonless_service_at_all),
        cmocka_unit_test(the_button_leads_into_the_bootloader_while_it_is_held),
        cmocka_unit_test(a_reset_by_the_pin_leads_into_the_bootloader_where_it_was_built_so),
        cmocka_unit_test(the_pin_counts_in_the_run_behind_an_activation),
        cmocka_unit_test(bonds_required_and_none_handed_over_is_an_endless_row_of_resets),
        cmocka_unit_test(an_application_whose_bytes_changed_crashes_where_nothing_checks_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
