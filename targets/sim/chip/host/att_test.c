/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The ATT server by PDU scripts. Names begin with the part of the Core Specification, Vol 3 Part F or G, that
 * they hold the server to. The table: 1 GAP (3 name, 5 appearance), 6 GATT (8 service changed, 9 its CCC, 11
 * client features, 13 hash), 14 SMP (16 value, 17 CCC). */
#include "sim/chip/host/air.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static int open_air(void **state)
{
    struct air *air = malloc(sizeof *air);

    air_open_plain(air);
    air_connect(air);
    *state = air;
    return 0;
}

static int close_air(void **state)
{
    air_close(*state);
    free(*state);
    return 0;
}

static void att(void **state, const char *request, const char *answer)
{
    air_exchange(*state, AIR_ATT, request, answer);
}

static void F_3_4_1_an_unknown_request_is_not_supported(void **state)
{
    att(state, "22 01 00", "01 22 00 00 06");
    att(state, "16 10 00 00 00 55", "01 16 00 00 06"); /* prepare write */
    att(state, "18 01", "01 18 00 00 06");
}

static void F_3_3_unknown_commands_and_answers_nobody_asked_for_are_ignored(void **state)
{
    att(state, "f0 01 02", "");
    att(state, "d2 10 00 55", "");
    att(state, "0b 01 02", "");
    att(state, "1e", "");
    att(state, "01 0a 03 00 01", "");
    att(state, "0a 03 00", "0b 62 65 6e 63 68");
}

static void F_3_4_2_mtu_is_the_smaller_of_both(void **state)
{
    att(state, "02 05 02", "03 f7 00");
    assert_int_equal(sim_board_ble_mtu(((struct air *)*state)->bench.board), 247);
    att(state, "02 05 02", "01 02 00 00 06"); /* once only */
}

static void F_3_4_2_a_client_mtu_below_23_is_an_invalid_pdu(void **state)
{
    att(state, "02 16 00", "01 02 00 00 04");
    att(state, "02 17", "01 02 00 00 04");
    att(state, "02 17 00", "03 f7 00");
    assert_int_equal(sim_board_ble_mtu(((struct air *)*state)->bench.board), 23);
}

static void F_3_4_3_1_find_information_lists_short_uuids_as_format_1(void **state)
{
    att(state, "04 01 00 ff ff", "05 01 01 00 00 28 02 00 03 28 03 00 00 2a 04 00 03 28 05 00 01 2a");
    att(state, "04 11 00 ff ff", "05 01 11 00 02 29");
}

static void F_3_4_3_1_find_information_lists_long_uuids_as_format_2(void **state)
{
    att(state, "04 10 00 11 00", "05 02 10 00 48 7c 99 74 11 26 9e ae 01 4e ce fb 28 78 2e da");
}

static void F_3_4_3_1_find_information_of_bad_ranges_is_an_error(void **state)
{
    att(state, "04 00 00 ff ff", "01 04 00 00 01");
    att(state, "04 05 00 04 00", "01 04 05 00 01");
    att(state, "04 12 00 ff ff", "01 04 12 00 0a");
    att(state, "04 12 00 ff", "01 04 00 00 04");
}

static void F_3_4_3_3_find_by_type_value_finds_the_update_service(void **state)
{
    att(state, "06 01 00 ff ff 00 28 84 aa 60 74 52 8a 8b 86 d3 4c b7 1d 1d dc 53 8d", "07 0e 00 11 00");
    att(state, "06 01 00 ff ff 00 28 01 18", "07 06 00 0d 00");
    att(state, "06 01 00 ff ff 00 28 0f 18", "01 06 01 00 0a");
}

static void F_3_4_4_9_read_by_group_type_lists_services_of_one_length(void **state)
{
    att(state, "10 01 00 ff ff 00 28", "11 06 01 00 05 00 00 18 06 00 0d 00 01 18");
    att(state, "10 0e 00 ff ff 00 28", "11 14 0e 00 11 00 84 aa 60 74 52 8a 8b 86 d3 4c b7 1d 1d dc 53 8d");
    att(state, "10 12 00 ff ff 00 28", "01 10 12 00 0a");
    att(state, "10 01 00 ff ff 01 28", "01 10 01 00 0a");
    att(state, "10 01 00 ff ff 03 28", "01 10 01 00 10");
    att(state, "10 01 00 ff ff fb 34 9b 5f 80 00 00 80 00 10 00 00 00 28 00 00",
        "11 06 01 00 05 00 00 18 06 00 0d 00 01 18");
}

static void F_3_4_4_1_read_by_type_lists_characteristics(void **state)
{
    att(state, "08 01 00 05 00 03 28", "09 07 02 00 02 03 00 00 2a 04 00 02 05 00 01 2a");
    att(state, "08 06 00 0d 00 03 28",
        "09 07 07 00 20 08 00 05 2a 0a 00 0a 0b 00 29 2b 0c 00 02 0d 00 2a 2b");
    att(state, "08 0e 00 11 00 03 28",
        "09 15 0f 00 14 10 00 48 7c 99 74 11 26 9e ae 01 4e ce fb 28 78 2e da");
    att(state, "08 01 00 0d 00 02 28", "01 08 01 00 0a");
    att(state, "08 01 00 0d 00 00 2a", "09 07 03 00 62 65 6e 63 68");
}

static void F_3_4_4_1_read_by_type_of_what_may_not_be_read_tells_which(void **state)
{
    att(state, "08 01 00 ff ff 05 2a", "01 08 08 00 02");
}

static void F_3_4_4_3_read_and_its_errors(void **state)
{
    att(state, "0a 03 00", "0b 62 65 6e 63 68");
    att(state, "0a 05 00", "0b 00 00");
    att(state, "0a 00 00", "01 0a 00 00 01");
    att(state, "0a 12 00", "01 0a 12 00 01");
    att(state, "0a 10 00", "01 0a 10 00 02");
    att(state, "0a 10", "01 0a 00 00 04");
    att(state, "0a 11 00", "0b 00 00");
}

static void F_3_4_4_5_a_long_value_is_read_in_blobs(void **state)
{
    struct air *air = *state;
    struct sim_ble_config ble = sim_board_config(air->bench.board)->ble;

    strcpy(ble.name, "a name of thirty-one characters");
    sim_board_set_ble(air->bench.board, &ble);
    att(state, "0a 03 00", "0b 61 20 6e 61 6d 65 20 6f 66 20 74 68 69 72 74 79 2d 6f 6e 65 20 63");
    att(state, "0c 03 00 16 00", "0d 68 61 72 61 63 74 65 72 73");
    att(state, "0c 03 00 1f 00", "0d");
    att(state, "0c 03 00 20 00", "01 0c 03 00 07");
    att(state, "0c 03 00 20", "01 0c 00 00 04");
}

static void F_3_4_4_7_several_values_are_read_as_one(void **state)
{
    att(state, "0e 05 00 03 00", "0f 00 00 62 65 6e 63 68");
    att(state, "0e 05 00 12 00", "01 0e 12 00 01");
    att(state, "0e 05 00", "01 0e 00 00 04");
}

static void F_3_4_5_1_writes_and_their_errors(void **state)
{
    att(state, "12 03 00 41", "01 12 03 00 03");
    att(state, "12 12 00 41", "01 12 12 00 01");
    att(state, "12 11", "01 12 00 00 04");
    att(state, "12 11 00 01", "01 12 11 00 0d");
    att(state, "12 11 00 02 00", "01 12 11 00 13"); /* it has no indications */
    att(state, "12 11 00 01 00", "13");
    att(state, "0a 11 00", "0b 01 00");
}

static void G_7_1_a_change_is_indicated_to_who_asked_for_it_and_once_at_a_time(void **state)
{
    air_command(*state, "link service-changed", "ok");
    air_expect(*state, AIR_ATT, "");
    att(state, "12 09 00 02 00", "13");
    air_expect(*state, AIR_ATT, "1d 08 00 01 00 ff ff");
    air_command(*state, "link service-changed", "ok");
    air_expect(*state, AIR_ATT, "");
    air_exchange(*state, AIR_ATT, "1e", "1d 08 00 01 00 ff ff");
}

static void F_3_3_3_an_indication_that_is_not_confirmed_ends_the_link_after_30_s(void **state)
{
    struct air *air = *state;

    att(state, "12 09 00 02 00", "13");
    air_command(air, "link service-changed", "ok");
    air_run_us(air, 29000000);
    assert_true(air->connected);
    air_run_us(air, 1500000);
    assert_false(air->connected);
}

static void G_7_2_client_features_are_set_and_never_taken_back(void **state)
{
    att(state, "0a 0b 00", "0b 00");
    att(state, "12 0b 00 05", "13");
    att(state, "12 0b 00 01", "01 12 0b 00 13");
    att(state, "12 0b 00 ff", "13");
    att(state, "0a 0b 00", "0b 07");
    att(state, "12 0b 00", "01 12 0b 00 0d");
}

/* AES-CMAC, key 0, over numbers, types and values of declarations as Vol 3 Part G 7.3.1 puts them together;
 * computed with another implementation (openssl mac). */
static void G_7_3_the_database_hash_is_the_one_of_this_table(void **state)
{
    att(state, "0a 0d 00", "0b 7a 35 a3 4e b2 db 44 f3 8a 77 79 d9 74 a6 ed 6c");
}

static void F_3_2_8_a_pdu_longer_than_the_mtu_is_ignored(void **state)
{
    att(state, "52 10 00 00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f 10 11 12 13 14", "");
    att(state, "0a 05 00", "0b 00 00");
}

static void an_echo_goes_through_write_command_and_notification(void **state)
{
    air_prepare_smp(*state);
    /* reference: SMP version 2, echo "hello", sequence 0x42 */
    att(state, "52 10 00 0a 00 00 09 00 00 42 00 a1 61 64 65 68 65 6c 6c 6f",
        "1b 10 00 0b 00 00 0a 00 00 42 00 bf 61 72 65 68 65 6c 6c 6f ff");
}

static void a_write_request_to_the_update_characteristic_is_served_as_zephyr_does(void **state)
{
    air_prepare_smp(*state);
    att(state, "12 10 00 0a 00 00 09 00 00 42 00 a1 61 64 65 68 65 6c 6c 6f", "13");
    air_expect(*state, AIR_ATT, "1b 10 00 0b 00 00 0a 00 00 42 00 bf 61 72 65 68 65 6c 6c 6f ff");
}

static void an_answer_longer_than_the_mtu_comes_in_pieces(void **state)
{
    att(state, "12 11 00 01 00", "13");
    att(state, "52 10 00 0a 00 00 18 00 00 42 00 a1 61 64 74 61 62 63", "");
    att(state, "52 10 00 64 65 66 67 68 69 6a 6b 6c 6d 6e 6f 70 71 72 73 74",
        "1b 10 00 0b 00 00 19 00 00 42 00 bf 61 72 74 61 62 63 64 65 66 67 68");
    air_expect(*state, AIR_ATT, "1b 10 00 69 6a 6b 6c 6d 6e 6f 70 71 72 73 74 ff");
}

static void without_a_subscription_nothing_comes_back(void **state)
{
    att(state, "02 f7 00", "03 f7 00");
    att(state, "52 10 00 0a 00 00 09 00 00 42 00 a1 61 64 65 68 65 6c 6c 6f", "");
}

static void a_silent_link_answers_nothing_until_it_speaks_again(void **state)
{
    air_command(*state, "link silent on", "ok");
    att(state, "0a 05 00", "");
    air_command(*state, "link silent off", "ok");
    att(state, "0a 05 00", "0b 00 00");
}

#define ON_AIR(test) cmocka_unit_test_setup_teardown(test, open_air, close_air)

/* --- a service that comes and goes while a client is connected: 14 the product's (16 its state, 17 CCC), 18
 * SMP (20 value, 21 CCC) --- */

static int open_maintained_air(void **state)
{
    struct air *air = malloc(sizeof *air);
    struct bench_config board = air_board();
    struct sim_stack_config stack = {0};

    board.app.maintenance = SIM_MAINTENANCE_SERVICE_ABSENT;
    board.app.maintenance_entry = SIM_MAINTENANCE_BY_ATT_WRITE;
    air_open(air, &board, &stack);
    air_connect(air);
    *state = air;
    return 0;
}

#define SMP_SERVICE "84 aa 60 74 52 8a 8b 86 d3 4c b7 1d 1d dc 53 8d"

static void G_7_1_a_service_that_comes_or_goes_is_told_by_its_range(void **state)
{
    att(state, "12 09 00 02 00", "13");
    att(state, "10 12 00 ff ff 00 28", "01 10 12 00 0a");
    att(state, "12 10 00 01", "13");
    air_expect(*state, AIR_ATT, "1d 08 00 12 00 15 00");
    att(state, "1e", "");
    att(state, "10 12 00 ff ff 00 28", "11 14 12 00 15 00 " SMP_SERVICE);
    att(state, "12 15 00 01 00", "13");
    att(state, "12 10 00 00", "13");
    air_expect(*state, AIR_ATT, "1d 08 00 12 00 15 00");
    att(state, "1e", "");
    att(state, "12 15 00 01 00", "01 12 15 00 01");
    att(state, "52 14 00 55", "");
}

static void G_7_1_two_changes_before_the_confirmation_are_told_twice(void **state)
{
    att(state, "12 09 00 02 00", "13");
    att(state, "12 10 00 01", "13");
    air_expect(*state, AIR_ATT, "1d 08 00 12 00 15 00");
    att(state, "12 10 00 00", "13");
    att(state, "1e", "1d 08 00 12 00 15 00");
    att(state, "1e", "");
    att(state, "0a 10 00", "0b 00");
}

static void G_2_5_2_1_who_caches_robustly_is_told_once_that_its_table_is_old(void **state)
{
    att(state, "12 0b 00 01", "13");
    att(state, "12 10 00 01", "13");
    att(state, "0a 10 00", "01 0a 00 00 12");
    att(state, "0a 10 00", "0b 01");
    att(state, "12 10 00 00", "13");
    att(state, "0a 10 00", "01 0a 00 00 12"); /* again: it is another change */
}

static void G_7_1_who_did_not_subscribe_is_told_nothing(void **state)
{
    att(state, "12 10 00 01", "13");
    air_run_us(*state, 100000);
    assert_null(air_take(*state, AIR_ATT));
    att(state, "12 10 00 01", "13"); /* no change */
    att(state, "10 12 00 ff ff 00 28", "11 14 12 00 15 00 " SMP_SERVICE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(G_7_1_a_service_that_comes_or_goes_is_told_by_its_range,
                                        open_maintained_air, close_air),
        cmocka_unit_test_setup_teardown(G_7_1_two_changes_before_the_confirmation_are_told_twice,
                                        open_maintained_air, close_air),
        cmocka_unit_test_setup_teardown(G_2_5_2_1_who_caches_robustly_is_told_once_that_its_table_is_old,
                                        open_maintained_air, close_air),
        cmocka_unit_test_setup_teardown(G_7_1_who_did_not_subscribe_is_told_nothing, open_maintained_air,
                                        close_air),
        ON_AIR(F_3_4_1_an_unknown_request_is_not_supported),
        ON_AIR(F_3_3_unknown_commands_and_answers_nobody_asked_for_are_ignored),
        ON_AIR(F_3_4_2_mtu_is_the_smaller_of_both),
        ON_AIR(F_3_4_2_a_client_mtu_below_23_is_an_invalid_pdu),
        ON_AIR(F_3_4_3_1_find_information_lists_short_uuids_as_format_1),
        ON_AIR(F_3_4_3_1_find_information_lists_long_uuids_as_format_2),
        ON_AIR(F_3_4_3_1_find_information_of_bad_ranges_is_an_error),
        ON_AIR(F_3_4_3_3_find_by_type_value_finds_the_update_service),
        ON_AIR(F_3_4_4_9_read_by_group_type_lists_services_of_one_length),
        ON_AIR(F_3_4_4_1_read_by_type_lists_characteristics),
        ON_AIR(F_3_4_4_1_read_by_type_of_what_may_not_be_read_tells_which),
        ON_AIR(F_3_4_4_3_read_and_its_errors),
        ON_AIR(F_3_4_4_5_a_long_value_is_read_in_blobs),
        ON_AIR(F_3_4_4_7_several_values_are_read_as_one),
        ON_AIR(F_3_4_5_1_writes_and_their_errors),
        ON_AIR(G_7_1_a_change_is_indicated_to_who_asked_for_it_and_once_at_a_time),
        ON_AIR(F_3_3_3_an_indication_that_is_not_confirmed_ends_the_link_after_30_s),
        ON_AIR(G_7_2_client_features_are_set_and_never_taken_back),
        ON_AIR(G_7_3_the_database_hash_is_the_one_of_this_table),
        ON_AIR(F_3_2_8_a_pdu_longer_than_the_mtu_is_ignored),
        ON_AIR(an_echo_goes_through_write_command_and_notification),
        ON_AIR(a_write_request_to_the_update_characteristic_is_served_as_zephyr_does),
        ON_AIR(an_answer_longer_than_the_mtu_comes_in_pieces),
        ON_AIR(without_a_subscription_nothing_comes_back),
        ON_AIR(a_silent_link_answers_nothing_until_it_speaks_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
