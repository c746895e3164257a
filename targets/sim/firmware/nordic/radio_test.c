/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the radio does for a board with a SoftDevice, in process and over HCI, by a firmware of two states: an
 * application that bonds, and an updater that holds the one key that it was handed. Attributes over HCI
 * as S132 numbers them: 12 Service Changed with 13 its CCC, 14 the service, 16 the first value; of the
 * application 17 its CCC; of the updater 18 the second value with 19 its CCC. */
#include "sim/chip/host/central.h"
#include "sim/firmware/nordic/application.h"

#include "base/bytes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define BOND 0x01
#define SECURE 0x08
#define SERVICE "fe59"
#define FIRST "8ec90002-f315-4f60-9fb8-838830daea50"
#define SECOND "8ec90001-f315-4f60-9fb8-838830daea50"

/* What the test sets and the firmware counts; the firmware_config. */
struct stand {
    bool updater;
    bool without_change;
    bool other_table; /* of the application: another characteristic */
    struct sim_ble_advertiser advertiser;
    unsigned n_writes;
    unsigned n_secured;
    enum { IDLE, WRITES, ERASES } flash; /* what it does after the first write */
};

static struct stand *stand_of(const struct sim_chip *chip)
{
    return *(struct stand **)chip->own;
}

static void *make(const void *config, const struct sim_flash *flash, const char **why)
{
    const void **own = malloc(sizeof *own);

    (void)flash;
    (void)why;
    *own = config;
    return own;
}

static void boot(struct sim_chip *chip, struct sim_start *start)
{
    start->application = !stand_of(chip)->updater;
    sim_chip_set_timer(chip, 0, sim_chip_now_us(chip) + 1000);
}

static void work_flash(struct sim_chip *chip)
{
    static const uint8_t page[4096];

    if (stand_of(chip)->flash == ERASES)
        assert_int_equal(sim_flash_erase(chip->flash, 0, 0, sizeof page), SIM_OK);
    else
        assert_int_equal(sim_flash_write(chip->flash, 0, 0, page, sizeof page), SIM_OK);
}

static void timer(struct sim_chip *chip, unsigned number)
{
    if (number == 1) {
        work_flash(chip);
        return;
    }
    sim_chip_enter(chip, stand_of(chip)->updater ? SIM_BOARD_UPDATER : SIM_BOARD_RUNNING);
    sim_chip_advertise(chip, &stand_of(chip)->advertiser);
}

static void stopped(struct sim_chip *chip, bool without_power)
{
    (void)chip;
    (void)without_power;
}

static void view(const struct sim_chip *chip, struct sim_image_view *view)
{
    (void)chip;
    *view = (struct sim_image_view){0};
}

static uint32_t application_at(const struct sim_chip *chip)
{
    (void)chip;
    return 0;
}

static void services(const struct sim_chip *chip, struct sim_gatt_services *services)
{
    const struct stand *stand = stand_of(chip);

    *services = (struct sim_gatt_services){.softdevice = true,
                                           .no_service_changed = stand->without_change,
                                           .whole_words = stand->updater,
                                           .commands_per_interval = stand->updater ? 5 : 0,
                                           .n = stand->updater ? 2 : 1};
    services->characteristics[0] = (struct sim_gatt_characteristic){
        .service = SERVICE,
        .uuid = stand->other_table ? SECOND : FIRST,
        .properties = stand->updater ? SIM_GATT_WRITE_COMMAND : SIM_GATT_WRITE | SIM_GATT_INDICATE,
        .demand = SIM_BLE_ENCRYPTED,
        .max_bytes = 10};
    services->characteristics[1] =
        (struct sim_gatt_characteristic){.uuid = SECOND,
                                         .properties = SIM_GATT_WRITE | SIM_GATT_NOTIFY,
                                         .demand = SIM_BLE_ENCRYPTED,
                                         .open_ccc = true};
}

static uint8_t take_write(struct sim_chip *chip, unsigned characteristic, bool with_response,
                          const uint8_t *bytes, size_t n_bytes)
{
    (void)characteristic;
    (void)with_response;
    (void)bytes;
    (void)n_bytes;
    if (stand_of(chip)->n_writes++ == 0 && stand_of(chip)->flash)
        sim_chip_set_timer(chip, 1, sim_chip_now_us(chip));
    return 0;
}

static void secured(struct sim_chip *chip)
{
    const struct sim_bond *bond = sim_chip_bond(chip);

    stand_of(chip)->n_secured++;
    if (stand_of(chip)->updater || (bond && bond->change_pending))
        sim_chip_indicate_change(chip);
}

static const struct sim_firmware firmware = {
    .name = "radio",
    .state_bytes = 1,
    .make = make,
    .free = free,
    .boot = boot,
    .timer = timer,
    .stopped = stopped,
    .view = view,
    .application_at = application_at,
    .gatt = {.services = services, .write = take_write, .secured = secured},
};

static struct sim_board *new_board(struct stand *stand, enum sim_ble_pairing_kind kind)
{
    const struct bench_config usual = air_board();
    struct sim_board_config config = {
        .n_devices = 1, .firmware = &firmware, .firmware_config = stand, .ble = usual.ble};
    struct sim_board *board;

    config.devices[0] = usual.devices[0];
    config.ble.pairing.kind = kind;
    config.ble.connection_interval_us = 15000;
    board = sim_board_new(&config, NULL);
    assert_non_null(board);
    return board;
}

static void run(struct sim_board *board)
{
    while (sim_board_step(board, sim_board_now_us(board) + 10000))
        ;
}

static void restart(struct sim_board *board, struct stand *stand, bool updater)
{
    stand->updater = updater;
    sim_board_ble_disconnect(board);
    sim_board_power(board, false);
    sim_board_power(board, true);
    run(board);
}

static void connect(struct sim_board *board, const struct sim_ble_central *central)
{
    assert_int_equal(sim_board_ble_connect(board, central, 247), SIM_BLE_OK);
}

/* Bonds with this central, and hands its bond to the updater, which runs then. */
static void hand_over(struct sim_board *board, struct stand *stand, const struct sim_ble_central *central,
                      uint8_t ltk[SIM_BLE_LTK_BYTES])
{
    struct sim_ble_pairing_result result;
    uint8_t bytes[RIG_NORDIC_PEER_DATA_BYTES];
    struct rig_nordic_peer peer;

    sim_board_power(board, true);
    run(board);
    connect(board, central);
    assert_false(sim_nordic_take_peer(sim_board_chip(board), &peer));
    assert_int_equal(sim_board_ble_pair(board, &(struct sim_ble_central_pairing){0}, ltk, &result),
                     SIM_BLE_OK);
    assert_true(sim_nordic_take_peer(sim_board_chip(board), &peer));
    rig_nordic_peer_encode(&peer, bytes);
    memset(&peer, 0, sizeof peer);
    assert_int_equal(rig_nordic_peer_decode(bytes, &peer), RIG_NORDIC_EXTRA_VALID);
    memset(&stand->advertiser, 0, sizeof stand->advertiser);
    sim_nordic_advertiser_for(&peer, &stand->advertiser);
    restart(board, stand, true);
}

static const struct sim_ble_central one = {.address = {0xc0, 1, 2, 3, 4, 5}};
static const struct sim_ble_central other = {.address = {0xc0, 9, 9, 9, 9, 9}};

static void an_updater_knows_the_key_that_it_was_handed_and_pairs_with_nobody(void **state)
{
    struct stand stand = {0};
    struct sim_board *board = new_board(&stand, SIM_BLE_PAIRING_ANY);
    uint8_t ltk[SIM_BLE_LTK_BYTES], wrong[SIM_BLE_LTK_BYTES];
    struct sim_ble_pairing_result result;

    (void)state;
    hand_over(board, &stand, &one, ltk);
    sim_ble_forget_table(sim_board_ble(board));
    connect(board, &one);
    assert_int_equal(sim_board_ble_write(board, 1, true, ltk, 1), SIM_BLE_NEEDS_ENCRYPTION);
    assert_int_equal(sim_board_ble_subscribe(board, 1, SIM_GATT_NOTIFIED), SIM_BLE_OK); /* its CCC is open */
    assert_int_equal(sim_board_ble_pair(board, &(struct sim_ble_central_pairing){0}, wrong, &result),
                     SIM_BLE_PAIRING_REFUSED);
    assert_int_equal(result.reason, 0x05);
    assert_int_equal(sim_board_ble_encrypt(board, ltk), SIM_BLE_OK);
    assert_int_equal(sim_board_ble_write(board, 1, true, ltk, 1), SIM_BLE_OK);
    stand.n_writes = 0;
    assert_int_equal(sim_board_ble_write(board, 0, false, ltk, 11), SIM_BLE_OK); /* one byte too many */
    assert_int_equal(stand.n_writes, 0);
    assert_int_equal(sim_board_ble(board)->n_changes, 1);
    sim_board_ble_disconnect(board);
    /* Found by its EDIV, which all keys of LE Secure Connections share: another central's key is compared. */
    memset(wrong, 0x11, sizeof wrong);
    connect(board, &other);
    assert_int_equal(sim_board_ble_encrypt(board, wrong), SIM_BLE_MIC_FAILURE);
    sim_board_free(board);
}

static void a_key_of_legacy_pairing_is_found_by_its_ediv_alone(void **state)
{
    struct stand stand = {0};
    struct sim_board *board = new_board(&stand, SIM_BLE_PAIRING_LEGACY);
    uint8_t ltk[SIM_BLE_LTK_BYTES], wrong[SIM_BLE_LTK_BYTES];

    (void)state;
    hand_over(board, &stand, &one, ltk);
    memcpy(wrong, ltk, sizeof wrong);
    wrong[0] ^= 1; /* the EDIV of keys in this process */
    connect(board, &one);
    assert_int_equal(sim_board_ble_encrypt(board, wrong), SIM_BLE_KEY_MISSING);
    wrong[0] ^= 1, wrong[9] ^= 1;
    connect(board, &one);
    assert_int_equal(sim_board_ble_encrypt(board, wrong), SIM_BLE_MIC_FAILURE);
    connect(board, &other);
    assert_int_equal(sim_board_ble_encrypt(board, ltk), SIM_BLE_OK);
    sim_board_free(board);
}

static void with_an_identity_key_others_cannot_connect(void **state)
{
    const struct sim_ble_central phone = {.address = {0xc0, 1, 2, 3, 4, 5}, .irk = {7}};
    struct stand stand = {0};
    struct sim_board *board = new_board(&stand, SIM_BLE_PAIRING_ANY);
    uint8_t ltk[SIM_BLE_LTK_BYTES];

    (void)state;
    hand_over(board, &stand, &phone, ltk);
    assert_int_equal(sim_board_ble_connect(board, &other, 247), SIM_BLE_NOT_THERE);
    connect(board, &phone);
    assert_int_equal(sim_board_ble_encrypt(board, ltk), SIM_BLE_OK);
    sim_board_free(board);
}

/* It finds the updater's service and the application's characteristics: writes go to whatever stands there.
 */
static void who_is_not_told_of_a_change_goes_by_the_old_table(void **state)
{
    struct stand stand = {0};
    struct sim_board *board = new_board(&stand, SIM_BLE_PAIRING_ANY);
    uint8_t ltk[SIM_BLE_LTK_BYTES];
    unsigned number;

    (void)state;
    hand_over(board, &stand, &one, ltk);
    connect(board, &one);
    assert_int_equal(sim_board_ble_find(board, SERVICE, SECOND, &number), SIM_BLE_NO_CHARACTERISTIC);
    assert_int_equal(sim_board_ble_find(board, SERVICE, FIRST, &number), SIM_BLE_OK);
    /* The value's number is that of the packet characteristic, its CCC's that of the next declaration. */
    assert_int_equal(sim_board_ble_write(board, number, true, ltk, 1), SIM_BLE_ATT_ERROR);
    assert_int_equal(sim_board_ble_att_error(board), 0x03);
    assert_int_equal(sim_board_ble_subscribe(board, number, SIM_GATT_INDICATED), SIM_BLE_ATT_ERROR);
    assert_int_equal(sim_board_ble_att_error(board), 0x03);
    assert_int_equal(sim_board_ble_encrypt(board, ltk), SIM_BLE_OK); /* and with it Service Changed */
    assert_int_equal(sim_board_ble_find(board, SERVICE, SECOND, &number), SIM_BLE_OK);
    assert_int_equal(sim_board_ble_subscribe(board, number, SIM_GATT_NOTIFIED), SIM_BLE_OK);
    /* Back in the application, which does not tell it: the second CCC's number is none there. */
    memset(&stand.advertiser, 0, sizeof stand.advertiser);
    restart(board, &stand, false);
    connect(board, &one);
    assert_int_equal(sim_board_ble_encrypt(board, ltk), SIM_BLE_OK);
    assert_int_equal(sim_board_ble_find(board, SERVICE, SECOND, &number), SIM_BLE_OK);
    assert_int_equal(sim_board_ble_subscribe(board, number, SIM_GATT_NOTIFIED), SIM_BLE_ATT_ERROR);
    assert_int_equal(sim_board_ble_att_error(board), 0x01);
    sim_ble_forget_table(sim_board_ble(board));
    sim_board_ble_disconnect(board);
    connect(board, &one);
    assert_int_equal(sim_board_ble_find(board, SERVICE, SECOND, &number), SIM_BLE_NO_CHARACTERISTIC);
    sim_board_free(board);
}

static void the_application_tells_a_change_once_also_after_loss_of_power(void **state)
{
    struct stand stand = {0};
    struct sim_board *board = new_board(&stand, SIM_BLE_PAIRING_ANY);
    uint8_t ltk[SIM_BLE_LTK_BYTES];

    (void)state;
    hand_over(board, &stand, &one, ltk);
    memset(&stand.advertiser, 0, sizeof stand.advertiser);
    sim_chip_mark_change((struct sim_chip *)sim_board_chip(board));
    restart(board, &stand, false);
    for (unsigned expected = 1; expected < 2; expected--) {
        connect(board, &one);
        assert_int_equal(sim_board_ble(board)->n_changes, 0); /* not before the link is encrypted */
        assert_int_equal(sim_board_ble_encrypt(board, ltk), SIM_BLE_OK);
        assert_int_equal(sim_board_ble(board)->n_changes, expected);
        sim_board_ble_disconnect(board);
    }
    sim_board_free(board);
}

static void payloads_are_whole_words_and_commands_take_air_time(void **state)
{
    static const uint16_t rows[][2] = {{23, 23},   {24, 23},   {65, 63},  {67, 67},
                                       {246, 243}, {247, 247}, {517, 247}};
    struct stand stand = {.updater = true};
    struct sim_board *board = new_board(&stand, SIM_BLE_PAIRING_ANY);
    struct sim_ble *ble = sim_board_ble(board);
    uint64_t begin_us;

    (void)state;
    sim_board_power(board, true);
    run(board);
    for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(sim_board_ble_connect(board, &one, rows[i][0]), SIM_BLE_OK);
        assert_int_equal(sim_board_ble_mtu(board), rows[i][1]);
        sim_board_ble_disconnect(board);
    }
    connect(board, &one);
    begin_us = sim_board_now_us(board);
    for (unsigned i = 0; i < 5; i++)
        assert_int_equal(sim_board_ble_write(board, 0, false, (const uint8_t *)"1234", 4), SIM_BLE_OK);
    assert_int_equal(sim_board_now_us(board) - begin_us, ble->config.connection_interval_us);
    sim_board_free(board);
}

/* Three commands, 3 ms apart; after the first one the flash is at work for 42 or 85 ms. While it is written
 * the others come, while it erases they wait. */
static void commands_come_while_the_flash_is_written_and_not_while_it_erases(void **state)
{
    static const struct {
        int flash;
        uint64_t at_ms[3];
    } rows[] = {{IDLE, {3, 6, 9}}, {WRITES, {3, 44, 44}}, {ERASES, {3, 91, 94}}};

    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        struct stand stand = {.updater = true};
        struct sim_board *board = new_board(&stand, SIM_BLE_PAIRING_ANY);
        uint8_t ltk[SIM_BLE_LTK_BYTES];
        uint64_t begin_us;

        stand.flash = rows[i].flash;
        hand_over(board, &stand, &one, ltk);
        connect(board, &one);
        assert_int_equal(sim_board_ble_encrypt(board, ltk), SIM_BLE_OK);
        begin_us = sim_board_now_us(board);
        for (unsigned n = 0; n < 3; n++) {
            assert_int_equal(sim_board_ble_write(board, 0, false, (const uint8_t *)"1234", 4), SIM_BLE_OK);
            assert_int_equal(stand.n_writes, n + 1);
            assert_int_equal((sim_board_now_us(board) - begin_us) / 1000, rows[i].at_ms[n]);
        }
        sim_board_free(board);
    }
}

/* --- over HCI --- */

static struct air *open_air(struct stand *stand)
{
    struct air *air = malloc(sizeof *air);

    air_open_on(air, new_board(stand, SIM_BLE_PAIRING_ANY), &(struct sim_stack_config){0});
    air_connect(air);
    return air;
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

static void reboot(struct air *air, struct stand *stand, bool updater)
{
    air_disconnect(air, 0x13);
    restart(air->bench.board, stand, updater);
    air_run_us(air, 100000);
    air_connect(air);
}

static void over_hci_a_write_is_taken_in_the_ways_of_its_properties_only(void **state)
{
    struct stand stand = {0};
    struct air *air = open_air(&stand);
    struct central central = central_new(air, 3, BOND | SECURE);

    (void)state;
    air_exchange(air, AIR_ATT, "08 0a 00 0d 00 03 28",
                 "09 07 0b 00 20 0c 00 05 2a"); /* Service Changed alone */
    air_exchange(air, AIR_ATT, "12 10 00 01", "01 12 10 00 05");
    assert_true(central_pair(&central));
    assert_int_equal(stand.n_secured, 1);
    air_exchange(air, AIR_ATT, "52 10 00 01", ""); /* it is for requests */
    assert_int_equal(stand.n_writes, 0);
    air_exchange(air, AIR_ATT, "12 10 00 01", "13");
    assert_int_equal(stand.n_writes, 1);
    air_exchange(air, AIR_ATT, "12 10 00 01 02 03 04 05 06 07 08 09 0a 0b", "01 12 10 00 0d");
    assert_int_equal(stand.n_writes, 1);
    reboot(air, &stand, true);
    assert_true(central_encrypt(&central));
    air_exchange(air, AIR_ATT, "12 10 00 01", "01 12 10 00 03"); /* it is for commands */
    air_exchange(air, AIR_ATT, "52 10 00 01", "");
    assert_int_equal(stand.n_writes, 2);
    close_air(air);
}

static void over_hci_subscriptions_hold_for_the_table_that_they_were_made_in(void **state)
{
    struct stand stand = {0};
    struct air *air = open_air(&stand);
    struct central central = central_new(air, 3, BOND | SECURE);

    (void)state;
    assert_true(central_pair(&central));
    air_exchange(air, AIR_ATT, "12 11 00 02 00", "13");
    air_exchange(air, AIR_ATT, "12 0d 00 02 00", "13");
    reconnect(air);
    assert_true(central_encrypt(&central));
    air_exchange(air, AIR_ATT, "0a 11 00", "0b 02 00");
    assert_int_equal(sim_board_ble(air->bench.board)->subscribed[0], SIM_GATT_INDICATED);
    stand.other_table = true;
    reconnect(air);
    assert_true(central_encrypt(&central));
    air_exchange(air, AIR_ATT, "0a 11 00", "0b 00 00");
    air_exchange(air, AIR_ATT, "0a 0d 00", "0b 02 00"); /* to Service Changed in any */
    assert_int_equal(sim_board_ble(air->bench.board)->subscribed[0], SIM_GATT_UNSUBSCRIBED);
    close_air(air);
}

static void over_hci_the_firmware_tells_its_change_until_it_is_confirmed(void **state)
{
    struct stand stand = {0};
    struct air *air = open_air(&stand);
    struct central central = central_new(air, 3, BOND | SECURE);

    (void)state;
    assert_true(central_pair(&central));
    air_exchange(air, AIR_ATT, "12 0d 00 02 00", "13");
    sim_ble_mark_change(sim_board_ble(air->bench.board));
    for (unsigned i = 0; i < 2; i++) {
        reconnect(air);
        air_exchange(air, AIR_ATT, "0a 03 00", "0b 62 65 6e 63 68"); /* nothing before it is encrypted */
        assert_true(central_encrypt(&central));
        air_run(air);
        air_expect(air, AIR_ATT, "1d 0c 00 0e 00 ff ff");
    }
    air_exchange(air, AIR_ATT, "1e", "");
    reconnect(air);
    assert_true(central_encrypt(&central));
    air_exchange(air, AIR_ATT, "0a 03 00", "0b 62 65 6e 63 68");
    close_air(air);
}

static void over_hci_the_handed_key_is_found_by_its_ediv_whatever_the_rand(void **state)
{
    struct stand stand = {0};
    struct air *air = open_air(&stand);
    struct central central = central_new(air, 3, BOND); /* legacy: the key has an EDIV */
    struct rig_nordic_peer peer;

    (void)state;
    assert_true(central_pair(&central));
    air_exchange(air, AIR_ATT, "12 0d 00 02 00", "13");
    assert_true(sim_nordic_take_peer(sim_board_chip(air->bench.board), &peer));
    sim_nordic_advertiser_for(&peer, &stand.advertiser);
    reboot(air, &stand, true);
    air_exchange(air, AIR_SECURITY, "01 03 00 09 10 01 01", "05 05");
    assert_true(central_encrypt(&central));
    air_expect(air, AIR_ATT, "1d 0c 00 0e 00 ff ff"); /* it knows from the hand-over who wants to be told */
    reconnect(air);
    central.rand[0] ^= 1;
    assert_true(central_encrypt(&central));
    reconnect(air);
    central.ediv ^= 1;
    assert_false(central_encrypt(&central));
    assert_int_equal(air->encryption_status, 0x06);
    close_air(air);
}

static void over_hci_a_table_may_lack_service_changed_and_rounds_the_mtu(void **state)
{
    struct stand stand = {.updater = true, .without_change = true};
    struct air *air = open_air(&stand);

    (void)state;
    air_exchange(air, AIR_ATT, "08 01 00 ff ff 05 2a", "01 08 01 00 0a");
    air_exchange(air, AIR_ATT, "02 41 00", "03 3f 00");
    assert_int_equal(sim_board_ble_mtu(air->bench.board), 63);
    close_air(air);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_updater_knows_the_key_that_it_was_handed_and_pairs_with_nobody),
        cmocka_unit_test(a_key_of_legacy_pairing_is_found_by_its_ediv_alone),
        cmocka_unit_test(with_an_identity_key_others_cannot_connect),
        cmocka_unit_test(who_is_not_told_of_a_change_goes_by_the_old_table),
        cmocka_unit_test(the_application_tells_a_change_once_also_after_loss_of_power),
        cmocka_unit_test(payloads_are_whole_words_and_commands_take_air_time),
        cmocka_unit_test(commands_come_while_the_flash_is_written_and_not_while_it_erases),
        cmocka_unit_test(over_hci_a_write_is_taken_in_the_ways_of_its_properties_only),
        cmocka_unit_test(over_hci_subscriptions_hold_for_the_table_that_they_were_made_in),
        cmocka_unit_test(over_hci_the_firmware_tells_its_change_until_it_is_confirmed),
        cmocka_unit_test(over_hci_the_handed_key_is_found_by_its_ediv_whatever_the_rand),
        cmocka_unit_test(over_hci_a_table_may_lack_service_changed_and_rounds_the_mtu),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
