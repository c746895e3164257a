/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A whole nRF5 board with the legacy bootloader: the jump with and without the bond, what a bonded central
 * finds in the bootloader, a transfer over the in-process link, what becomes of the bond. */
#include "sim/firmware/nordic/nordic_legacy_fixture.h"

#include "base/bytes.h"
#include "image/init_packet.h"
#include "image/nordic_image.h"
#include "sim/chip/ble/ble.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define SECOND_US 1000000u
#define IMAGE_BYTES 4000u

/* In the bootloader; in the application one more. */
enum { PACKET, CONTROL, VERSION };

static const struct sim_ble_central central = {.address = {0xc0, 1, 2, 3, 4, 5}};
static const struct sim_ble_central phone = {.address = {0xc0, 1, 2, 3, 4, 5}, .irk = {1}};
static const struct sim_ble_central stranger = {.address = {0xc0, 9, 9, 9, 9, 9}};

static void run(struct sim_board *board, uint64_t for_us)
{
    uint64_t until_us = sim_board_now_us(board) + for_us;

    while (sim_board_step(board, until_us))
        ;
}

static struct sim_board *open_board(const struct legacy_set_up *set_up)
{
    struct sim_board *board = legacy_board(set_up);

    sim_board_power(board, true);
    run(board, SECOND_US);
    assert_true(sim_board_ble_advertising(board));
    return board;
}

static void connect(struct sim_board *board)
{
    assert_int_equal(sim_board_ble_connect(board, &central, 23), SIM_BLE_OK);
}

static void bond(struct sim_board *board, uint8_t ltk[SIM_BLE_LTK_BYTES])
{
    struct sim_ble_pairing_result result;

    assert_int_equal(sim_board_ble_pair(board, &(struct sim_ble_central_pairing){0}, ltk, &result),
                     SIM_BLE_OK);
}

static unsigned number(const struct sim_board *board, unsigned characteristic)
{
    return characteristic + (sim_board_view(board).state == SIM_BOARD_RUNNING);
}

static void subscribe(struct sim_board *board)
{
    assert_int_equal(sim_board_ble_subscribe(board, number(board, CONTROL), SIM_GATT_NOTIFIED), SIM_BLE_OK);
}

static const char *next(struct sim_board *board, char text[64])
{
    uint64_t until_us = sim_board_now_us(board) + 20 * SECOND_US;
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

static void control(struct sim_board *board, const void *bytes, size_t n_bytes)
{
    assert_int_equal(sim_board_ble_write(board, number(board, CONTROL), true, bytes, n_bytes), SIM_BLE_OK);
}

static void packet(struct sim_board *board, const void *bytes, size_t n_bytes)
{
    assert_int_equal(sim_board_ble_write(board, number(board, PACKET), false, bytes, n_bytes), SIM_BLE_OK);
}

static void says(struct sim_board *board, const char *expected)
{
    char text[64];

    assert_string_equal(next(board, text), expected);
}

static uint16_t version(struct sim_board *board)
{
    uint8_t bytes[SIM_GATT_MAX_VALUE_BYTES];
    size_t n_bytes;

    assert_int_equal(sim_board_ble_read(board, number(board, VERSION), bytes, &n_bytes), SIM_BLE_OK);
    assert_int_equal(n_bytes, 2);
    return rig_get_le16(bytes);
}

/* From the application into the bootloader, connected or not. */
static void jump(struct sim_board *board)
{
    subscribe(board);
    control(board, "\x01\x04", 2);
    run(board, SECOND_US);
    assert_int_equal(sim_board_ble_last_reason(board), 0x13);
    assert_int_equal(sim_board_view(board).state, SIM_BOARD_UPDATER);
    assert_string_equal(sim_ble_name(sim_board_ble(board)), "DfuTarg");
}

/* --- the application's service --- */

static void the_application_knows_start_alone(void **state)
{
    const struct legacy_set_up set_up = legacy_usual();
    struct sim_board *board = open_board(&set_up);

    (void)state;
    assert_int_equal(sim_board_view(board).image.version.major, 1);
    assert_int_equal(sim_board_view(board).image.version.revision, 3);
    connect(board);
    assert_int_equal(version(board), RIG_LEGACY_BUTTONLESS_APPLICATION);
    assert_int_equal(sim_board_ble_write(board, number(board, CONTROL), true, (const uint8_t *)"\x01\x04", 2),
                     SIM_BLE_ATT_ERROR);
    assert_int_equal(sim_board_ble_att_error(board), RIG_DFU_ATT_CCC_IMPROPER);
    subscribe(board);
    control(board, "\x01", 1);
    says(board, "10 01 06");
    control(board, "\x02\x00", 2);
    says(board, "10 01 03");
    control(board, "\x08\x0a", 2);
    says(board, "10 08 03");
    control(board, "\x06", 1);
    says(board, "10 01 03");
    control(board, "\x77", 1);
    says(board, "10 77 03");
    packet(board, "\x01", 1);
    says(board, "10 01 03");
    assert_int_equal(sim_board_view(board).state, SIM_BOARD_RUNNING);
    sim_board_free(board);
}

static void without_a_hand_over_the_bootloader_is_at_address_plus_one(void **state)
{
    struct legacy_set_up set_up = legacy_usual();
    struct sim_board *board;
    uint8_t address[SIM_BLE_ADDRESS_BYTES];

    (void)state;
    set_up.legacy.app.hands_over = false;
    board = open_board(&set_up);
    connect(board);
    jump(board);
    assert_true(sim_board_ble_at_next_address(board));
    sim_ble_address(sim_board_ble(board), address);
    assert_memory_equal(address, "\xc0\x01\x02\x03\x04\x00", 6);
    connect(board);
    assert_int_equal(version(board), RIG_LEGACY_SDK9);
    sim_board_free(board);
}

static void without_a_bond_the_address_is_handed_over_and_kept(void **state)
{
    const struct legacy_set_up set_up = legacy_usual();
    struct sim_board *board = open_board(&set_up);

    (void)state;
    connect(board);
    jump(board);
    assert_false(sim_board_ble_at_next_address(board));
    connect(board);
    run(board, 70u * SECOND_US);
    assert_int_equal(sim_board_view(board).state, SIM_BOARD_UPDATER);
    sim_board_free(board);
    board = open_board(&set_up);
    connect(board);
    jump(board);
    run(board, 62u * SECOND_US); /* it advertises to that peer alone, and not for long */
    assert_int_equal(sim_board_view(board).state, SIM_BOARD_UPDATER);
    run(board, 2 * SECOND_US);
    assert_int_equal(sim_board_view(board).state, SIM_BOARD_RUNNING);
    sim_board_free(board);
}

static void a_bond_is_handed_over_once_and_serves_in_the_bootloader(void **state)
{
    const struct legacy_set_up set_up = legacy_usual();
    struct sim_board *board = open_board(&set_up);
    struct sim_ble_pairing_result result;
    uint8_t ltk[SIM_BLE_LTK_BYTES], other[SIM_BLE_LTK_BYTES];

    (void)state;
    assert_int_equal(sim_board_ble_connect(board, &phone, 23), SIM_BLE_OK);
    bond(board, ltk);
    jump(board);
    assert_false(sim_board_ble_at_next_address(board));
    assert_int_equal(sim_board_ble_connect(board, &stranger, 23), SIM_BLE_NOT_THERE);
    assert_int_equal(sim_board_ble_connect(board, &phone, 23), SIM_BLE_OK);
    assert_int_equal(sim_board_ble_pair(board, &(struct sim_ble_central_pairing){0}, other, &result),
                     SIM_BLE_PAIRING_REFUSED);
    assert_int_equal(result.reason, SIM_PAIRING_NOT_SUPPORTED);
    assert_int_equal(sim_board_ble_encrypt(board, ltk), SIM_BLE_OK);
    assert_int_equal(sim_board_ble(board)->n_changes, 1);
    subscribe(board);
    control(board, "\x06", 1);
    run(board, SECOND_US); /* back in the application; what was handed over is used up */
    assert_int_equal(sim_board_view(board).state, SIM_BOARD_RUNNING);
    sim_board_retain(board, 0, SIM_LEGACY_GPREGRET_DFU);
    sim_board_reset(board);
    run(board, SECOND_US);
    assert_true(sim_board_ble_at_next_address(board));
    sim_board_free(board);
}

static void a_loss_of_power_takes_what_was_handed_over(void **state)
{
    const struct legacy_set_up set_up = legacy_usual();
    struct sim_board *board = open_board(&set_up);
    uint8_t ltk[SIM_BLE_LTK_BYTES];

    (void)state;
    connect(board);
    bond(board, ltk);
    run(board, SECOND_US); /* it is in the flash */
    subscribe(board);
    control(board, "\x01\x04", 2);
    sim_board_power(board, false);
    sim_board_power(board, true);
    run(board, SECOND_US);
    assert_int_equal(sim_board_view(board).state, SIM_BOARD_RUNNING);
    assert_true(sim_board_ble_has_bond(board, central.address));
    sim_board_free(board);
}

/* The bonded central takes the bootloader for the application, and its key is not there. */
static void sdk_7_at_the_same_address_misses_the_key(void **state)
{
    struct legacy_set_up set_up = legacy_usual();
    struct sim_board *board;
    uint8_t ltk[SIM_BLE_LTK_BYTES];

    (void)state;
    set_up.legacy.app.hands_over = false;
    set_up.legacy.boot.version = RIG_LEGACY_SDK7;
    set_up.legacy.place = SIM_LEGACY_AT_SAME_ADDRESS;
    board = open_board(&set_up);
    connect(board);
    bond(board, ltk);
    jump(board);
    assert_false(sim_board_ble_at_next_address(board));
    connect(board);
    assert_int_equal(sim_board_ble_encrypt(board, ltk), SIM_BLE_KEY_MISSING);
    sim_board_free(board);
}

static void seeded_defects_of_the_jump(void **state)
{
    struct legacy_set_up set_up = legacy_usual();
    struct sim_board *board;
    uint8_t ltk[SIM_BLE_LTK_BYTES];

    (void)state;
    set_up.legacy.app.defects = SIM_LEGACY_JUMP_STAYS;
    board = open_board(&set_up);
    connect(board);
    subscribe(board);
    control(board, "\x01\x04", 2);
    run(board, SECOND_US);
    assert_int_equal(sim_board_view(board).state, SIM_BOARD_RUNNING);
    sim_board_free(board);
    set_up.legacy.app.defects = SIM_LEGACY_JUMP_WITHOUT_BOND;
    board = open_board(&set_up);
    connect(board);
    bond(board, ltk);
    jump(board);
    assert_true(sim_board_ble_at_next_address(board));
    sim_board_free(board);
}

/* --- a transfer --- */

static uint8_t *make_image(void)
{
    const struct sim_app_personality waits = {0};
    uint8_t *image = malloc(IMAGE_BYTES);

    sim_app_make_payload(&waits, 2, image, IMAGE_BYTES);
    rig_nordic_seal(image, IMAGE_BYTES);
    return image;
}

/* As far as the data; n_erased_us: how long the start waited for its answer. */
static void prepare(struct sim_board *board, const uint8_t *image, uint64_t *n_erased_us)
{
    uint8_t sizes[12] = {0}, init[14] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 0, 0xfe, 0xff};

    rig_put_le32(sizes + 8, IMAGE_BYTES);
    rig_put_le16(init + 12, rig_legacy_crc16(0xffff, image, IMAGE_BYTES));
    subscribe(board);
    control(board, "\x01\x04", 2);
    packet(board, sizes, sizeof sizes);
    *n_erased_us = sim_board_now_us(board);
    says(board, "10 01 01");
    *n_erased_us = sim_board_now_us(board) - *n_erased_us;
    control(board, "\x02\x00", 2);
    packet(board, init, sizeof init);
    control(board, "\x02\x01", 2);
    says(board, "10 02 01");
    control(board, "\x03", 1);
}

static void send(struct sim_board *board, const uint8_t *image)
{
    for (unsigned done = 0; done < IMAGE_BYTES; done += 20) {
        packet(board, image + done, 20);
        run(board, 5000);
    }
    says(board, "10 03 01");
    control(board, "\x04", 1);
    says(board, "10 04 01");
}

static void an_update_keeps_the_bond_where_pages_are_reserved_for_it(void **state)
{
    for (unsigned reserved = 0; reserved < 2; reserved++) {
        struct legacy_set_up set_up = legacy_usual();
        struct sim_board *board;
        uint8_t ltk[SIM_BLE_LTK_BYTES], *image = make_image();
        uint64_t n_erased_us;

        (void)state;
        set_up.legacy.boot.map.app_data_bytes = reserved ? 0xc00 : 0;
        board = open_board(&set_up);
        connect(board);
        bond(board, ltk);
        jump(board);
        connect(board);
        assert_int_equal(sim_board_ble_encrypt(board, ltk), SIM_BLE_OK);
        prepare(board, image, &n_erased_us);
        /* All 64 pages of bank 1, or 66, each between two radio events. */
        assert_true(n_erased_us >= (reserved ? 64u : 66u) * (22300 + 15000));
        send(board, image);
        control(board, "\x05", 1);
        run(board, 2 * SECOND_US);
        assert_false(sim_board_ble_connected(board)); /* at once, not by its supervision timeout */
        assert_int_equal(sim_board_ble_last_reason(board), 0x13);
        assert_int_equal(sim_board_view(board).state, SIM_BOARD_RUNNING);
        assert_int_equal(sim_board_ble_has_bond(board, central.address), reserved);
        connect(board);
        assert_int_equal(sim_board_ble_encrypt(board, ltk), reserved ? SIM_BLE_OK : SIM_BLE_KEY_MISSING);
        assert_int_equal(sim_board_ble(board)->n_changes, reserved);
        sim_board_free(board);
        free(image);
    }
}

static void packets_faster_than_the_flash_end_in_an_error(void **state)
{
    struct legacy_set_up set_up = legacy_usual();
    struct sim_board *board;
    uint8_t *image = make_image();
    uint64_t n_erased_us;

    (void)state;
    set_up.blank = true;
    board = open_board(&set_up);
    connect(board);
    prepare(board, image, &n_erased_us);
    for (unsigned i = 0; i < 60; i++)
        packet(board, image + 20 * i, 20);
    says(board, "10 03 06");
    sim_board_free(board);
    free(image);
}

static void a_lost_link_in_the_erase_resets_the_board(void **state)
{
    struct legacy_set_up set_up = legacy_usual();
    uint8_t sizes[12] = {[9] = 4};
    struct sim_board *board;
    uint32_t n_resets;

    (void)state;
    set_up.blank = true;
    board = open_board(&set_up);
    connect(board);
    subscribe(board);
    control(board, "\x01\x04", 2);
    packet(board, sizes, sizeof sizes);
    run(board, SECOND_US);
    n_resets = sim_board_view(board).n_resets;
    sim_board_ble_disconnect(board);
    run(board, 10 * SECOND_US);
    assert_int_equal(sim_board_view(board).n_resets, n_resets + 1);
    assert_int_equal(sim_board_view(board).state, SIM_BOARD_UPDATER);
    sim_board_free(board);
}

static void an_answer_that_nobody_is_subscribed_to_resets_the_board(void **state)
{
    struct legacy_set_up set_up = legacy_usual();
    struct sim_board *board;

    (void)state;
    set_up.blank = true;
    board = open_board(&set_up);
    connect(board);
    subscribe(board);
    control(board, "\x01\x04", 2);
    assert_int_equal(sim_board_ble_subscribe(board, number(board, CONTROL), SIM_GATT_UNSUBSCRIBED),
                     SIM_BLE_OK);
    packet(board, "\x01", 1);
    run(board, SECOND_US);
    assert_int_equal(sim_board_view(board).n_resets, 1);
    sim_board_free(board);
}

/* The reset comes before the disconnection is on the air: the central waits for its supervision timeout. */
static void a_reset_drops_the_link_without_a_word(void **state)
{
    struct legacy_set_up set_up = legacy_usual();
    struct sim_board *board;

    (void)state;
    set_up.blank = true;
    board = open_board(&set_up);
    connect(board);
    subscribe(board);
    control(board, "\x06", 1);
    run(board, SECOND_US);
    assert_true(sim_board_ble_connected(board));
    run(board, 5 * SECOND_US);
    assert_false(sim_board_ble_connected(board));
    assert_int_equal(sim_board_ble_last_reason(board), 0x08);
    sim_board_free(board);
}

static void adafruits_without_application_has_no_radio_until_asked(void **state)
{
    struct legacy_set_up set_up = legacy_usual();
    struct sim_board *board;

    (void)state;
    set_up.blank = true;
    set_up.legacy.boot.adafruit = true;
    board = legacy_board(&set_up);
    sim_board_power(board, true);
    run(board, SECOND_US);
    assert_int_equal(sim_board_view(board).state, SIM_BOARD_UPDATER);
    assert_false(sim_board_ble_advertising(board));
    sim_board_retain(board, 0, SIM_LEGACY_GPREGRET_OTA);
    sim_board_reset(board);
    run(board, SECOND_US);
    assert_true(sim_board_ble_advertising(board));
    sim_board_free(board);
}

static void after_120_s_the_application_is_back(void **state)
{
    const struct legacy_set_up set_up = legacy_usual();
    struct sim_board *board = open_board(&set_up);

    (void)state;
    sim_nordic_legacy_hold_button(board, true);
    sim_board_reset(board);
    run(board, SECOND_US);
    assert_int_equal(sim_board_view(board).state, SIM_BOARD_UPDATER);
    run(board, 118u * SECOND_US);
    assert_int_equal(sim_board_view(board).state, SIM_BOARD_UPDATER);
    run(board, 3 * SECOND_US);
    assert_int_equal(sim_board_view(board).state, SIM_BOARD_RUNNING); /* whether the button is held or not */
    sim_board_reset(board);
    run(board, SECOND_US);
    assert_int_equal(sim_board_view(board).state, SIM_BOARD_UPDATER);
    sim_board_free(board);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_application_knows_start_alone),
        cmocka_unit_test(without_a_hand_over_the_bootloader_is_at_address_plus_one),
        cmocka_unit_test(without_a_bond_the_address_is_handed_over_and_kept),
        cmocka_unit_test(a_bond_is_handed_over_once_and_serves_in_the_bootloader),
        cmocka_unit_test(a_loss_of_power_takes_what_was_handed_over),
        cmocka_unit_test(sdk_7_at_the_same_address_misses_the_key),
        cmocka_unit_test(seeded_defects_of_the_jump),
        cmocka_unit_test(an_update_keeps_the_bond_where_pages_are_reserved_for_it),
        cmocka_unit_test(packets_faster_than_the_flash_end_in_an_error),
        cmocka_unit_test(a_lost_link_in_the_erase_resets_the_board),
        cmocka_unit_test(an_answer_that_nobody_is_subscribed_to_resets_the_board),
        cmocka_unit_test(a_reset_drops_the_link_without_a_word),
        cmocka_unit_test(adafruits_without_application_has_no_radio_until_asked),
        cmocka_unit_test(after_120_s_the_application_is_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
