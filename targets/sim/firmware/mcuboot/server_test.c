/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The SMP server of the board, row by row: behaviour around the header, the commands, what client mistakes
 * N1..N22 get. */
#include "sim/firmware/mcuboot/support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static struct scene *scene_at_517(void)
{
    struct bench_config config = bench_config(RIG_SWAP_MOVE);

    config.ble.mtu = 517;
    return scene_with(&config, &waits);
}

static void one_exchange(const char *request, const char *expected)
{
    struct scene *scene = scene_at_517();

    exchange(&scene->bench, request, expected);
    /* Whatever was sent, the server lives on. */
    exchange(&scene->bench, "0a00000900004200a161646568656c6c6f", "0b00000a00004200bf61726568656c6c6fff");
    scene_free(scene);
}

#define ROW(name, request, expected)                                                                         \
    static void name(void **state)                                                                           \
    {                                                                                                        \
        (void)state;                                                                                         \
        one_exchange(request, expected);                                                                     \
    }

ROW(fewer_than_8_bytes_get_no_answer, "0a000009000042", "")
ROW(version_2_gets_rc_13_in_a_version_1_header, "1200000100004206a0", "0b00000600004206bf6272630dff")
ROW(version_3_gets_rc_13_in_a_version_1_header, "1a00000100004206a0", "0b00000600004206bf6272630dff")
ROW(op_1_gets_rc_8_and_response_op_3, "0900000100004200a0", "0b00000600004200bf62726308ff")
ROW(op_4_gets_rc_8_and_response_op_3, "0c00000100004200a0", "0b00000600004200bf62726308ff")
ROW(unknown_group_gets_rc_8, "0a00000100044200a0", "0b00000600044200bf62726308ff")
ROW(unknown_command_gets_rc_8, "0a00000100004263a0", "0b00000600004263bf62726308ff")
ROW(reset_as_read_gets_rc_8, "0800000100004205a0", "0900000600004205bf62726308ff")
ROW(header_length_larger_than_the_bytes_present_gets_rc_9, "0a00000a00004200a161646568656c6c6f",
    "0b00000600004200bf62726309ff")
ROW(header_length_a_little_too_small_is_still_decoded, "0a00000700004200a161646568656c6c6f",
    "0b00000a00004200bf61726568656c6c6fff")
ROW(length_0_without_a_body_gets_rc_3, "0a00000000004200", "0b00000600004200bf62726303ff")
ROW(length_little_endian_gets_rc_9, "0a00090000004200a161646568656c6c6f", "0b00000600004200bf62726309ff")
ROW(group_little_endian_gets_rc_8_with_the_wrong_group, "0800000101000600a0", "0900000601000600bf62726308ff")
ROW(reserved_bits_and_flags_are_ignored_and_answered_with_0, "eaff000900004200a161646568656c6c6f",
    "0b00000a00004200bf61726568656c6c6fff")
ROW(trailing_bytes_inside_the_length_are_ignored, "0a00000c00004200a161646568656c6c6f112233",
    "0b00000a00004200bf61726568656c6c6fff")
ROW(duplicate_keys_get_rc_3, "0a00000900004200a26164616161646162", "0b00000600004200bf62726303ff")
ROW(a_top_level_array_gets_rc_3, "0a0000010000420080", "0b00000600004200bf62726303ff")
ROW(echo_of_bytes_gets_rc_3, "0a00000500004200a161644161", "0b00000600004200bf62726303ff")
ROW(echo_without_d_gives_an_empty_r, "0a00000100004200a0", "0b00000500004200bf617260ff")
ROW(indefinite_maps_and_unknown_keys_are_accepted, "0a00000f00004200bf617882010261646568656c6c6fff",
    "0b00000a00004200bf61726568656c6c6fff")
ROW(sequence_255_is_echoed, "0a0000090000ff00a161646568656c6c6f", "0b00000a0000ff00bf61726568656c6c6fff")
ROW(parameters_are_told, "0800000100000106a0",
    "0900001900000106bf686275665f73697a65190400696275665f636f756e7404ff")
ROW(version_0_echo_is_served, "0200000900004200a161646568656c6c6f", "0300000a00004200bf61726568656c6c6fff")
ROW(bootloader_is_mcuboot, "0800000100000108a0", "0900001500000108bf6a626f6f746c6f61646572674d4355626f6f74ff")
ROW(bootloader_mode_is_told, "0800000c00000108a1657175657279646d6f6465", "0900000800000108bf646d6f646503ff")
ROW(bootloader_query_unknown_gets_os_error_3, "0800000900000108a16571756572796178",
    "0900001300000108bf63657272bf6567726f75700062726303ffff")
ROW(unknown_format_letter_gets_os_error_2, "0800000a00000107a166666f726d6174617a",
    "0900001300000107bf63657272bf6567726f75700062726302ffff")
ROW(unknown_format_letter_in_version_0_gets_rc_3, "0000000a00000107a166666f726d6174617a",
    "0100000600000107bf62726303ff")
ROW(default_format_is_the_kernel_name, "0800000100000107a0",
    "0900001000000107bf666f7574707574665a6570687972ff")
ROW(N1_json_body_gets_rc_3, "02000010000100017b226f6666223a302c2264223a22227d",
    "0300000600010001bf62726303ff")
ROW(N2_data_as_text_gets_rc_3, "0a00000c00010101a2636f666601646461746160", "0b00000600010101bf62726303ff")
ROW(N5_wrong_group_4_gets_rc_8, "0a00000100040101a0", "0b00000600040101bf62726308ff")
ROW(N10_no_len_gets_21,
    "0a00002d00010701a2636f666600646461746158203db8f396000000002000000000100000000000000100000000000000000000"
    "00",
    "0b00001300010701bf63657272bf6567726f75700162726315ffff")
ROW(N10_no_len_in_version_0_gets_rc_3,
    "0200002d00010701a2636f666600646461746158203db8f396000000002000000000100000000000000100000000000000000000"
    "00",
    "0300001b00010701bf627263036372736e70686561646572206d616c666f726d6564ff")
ROW(N11_short_first_chunk_gets_22, "0a00001400010701a3636c656e19ffff636f6666006464617461413d",
    "0b00001300010701bf63657272bf6567726f75700162726316ffff")
ROW(N12_no_magic_gets_23,
    "0a00003400010701a3636c656e190424636f66660064646174615820000000000000000020000000001000000000000001000000"
    "000000"
    "0000000000",
    "0b00001300010701bf63657272bf6567726f75700162726317ffff")
ROW(N12_no_magic_in_version_0_gets_rc_1_and_its_reason,
    "0200003400010801a3636c656e190424636f66660064646174615820000000000000000020000000001000000000000001000000"
    "000000"
    "0000000000",
    "0300001900010801bf627263016372736e6e6d61676963206d69736d61746368ff")
ROW(N13_too_big_gets_30,
    "0a00003600010701a3636c656e1a00010001636f666600646461746158203db8f396000000002000000000100000000000000100"
    "000000"
    "00000000000000",
    "0b00001400010701bf63657272bf6567726f757001627263181effff")
ROW(upload_without_off_gets_20, "0a00000700010701a1646461746140",
    "0b00001300010701bf63657272bf6567726f75700162726314ffff")
ROW(N9_later_chunk_without_a_first_gets_off_0, "0a00000f00010101a2636f666619010064646174614100",
    "0b00000700010101bf636f666600ff")
ROW(state_write_of_nothing_gets_24, "0a00000100010600a0",
    "0b00001400010600bf63657272bf6567726f7570016272631818ffff")
ROW(state_write_of_a_short_hash_gets_24, "0a00000900010600a16468617368421122",
    "0b00001400010600bf63657272bf6567726f7570016272631818ffff")
ROW(hash_as_text_gets_rc_3, "0a00000800010600a164686173686161", "0b00000600010600bf62726303ff")
ROW(N14_unknown_hash_gets_8,
    "0a00002800010600a1646861736858202222222222222222222222222222222222222222222222222222222222222222",
    "0b00001300010600bf63657272bf6567726f75700162726308ffff")
ROW(N14_unknown_hash_in_version_0_gets_rc_1,
    "0200002800010600a1646861736858202222222222222222222222222222222222222222222222222222222222222222",
    "0300000600010600bf62726301ff")
ROW(erase_of_slot_0_gets_9, "0a00000700010705a164736c6f7400",
    "0b00001300010705bf63657272bf6567726f75700162726309ffff")
ROW(erase_of_no_such_slot_gets_10, "0a00000700010705a164736c6f7402",
    "0b00001300010705bf63657272bf6567726f7570016272630affff")
ROW(slot_sizes_are_told, "0800000100010806a0",
    "0900005100010806bf66696d616765739fbf65696d6167650065736c6f74739fbf64736c6f74006473697a651a00010000ffbf64"
    "736c6f74016473697a651a"
    "000100006f75706c6f61645f696d6167655f696400ffffffffff")

static void original_protocol_off_gets_rc_12(void **state)
{
    struct bench_config config = bench_config(RIG_SWAP_MOVE);

    (void)state;
    config.app.original_protocol = false;
    struct scene *scene = scene_with(&config, &waits);
    exchange(&scene->bench, "0200000900004200a161646568656c6c6f", "0300000600004200bf6272630cff");
    exchange(&scene->bench, "0a00000900004200a161646568656c6c6f", "0b00000a00004200bf61726568656c6c6fff");
    scene_free(scene);
}

static void parameters_command_off_gets_rc_8(void **state)
{
    struct bench_config config = bench_config(RIG_SWAP_MOVE);

    (void)state;
    config.app.parameters_command = false;
    struct scene *scene = scene_with(&config, &waits);
    exchange(&scene->bench, "0800000100000106a0", "0900000600000106bf62726308ff");
    scene_free(scene);
}

static void legacy_rc_rides_in_successes(void **state)
{
    struct bench_config config = bench_config(RIG_SWAP_MOVE);

    (void)state;
    config.app.legacy_rc = true;
    struct scene *scene = scene_with(&config, &waits);
    exchange(&scene->bench, "0a00000900004200a161646568656c6c6f",
             "0b00000e00004200bf6272630061726568656c6c6fff");
    exchange(&scene->bench, "0a00000100004263a0", "0b00000600004263bf62726308ff");
    scene_free(scene);
}

static void several_messages_in_one_packet_are_answered_separately(void **state)
{
    struct scene *scene = scene_at_517();

    (void)state;
    exchange(&scene->bench, "0a00000500000100a161646161 0a00000500000200a161646162",
             "0b00000600000100bf61726161ff");
    assert_true(bench_collect(&scene->bench, RIG_SECOND_US));
    assert_int_equal(scene->bench.answer[6], 2);
    assert_false(bench_collect(&scene->bench, RIG_SECOND_US));
    scene_free(scene);
}

static void a_failing_message_abandons_the_rest_of_the_packet(void **state)
{
    struct scene *scene = scene_at_517();

    (void)state;
    exchange(&scene->bench, "0a00000100000163a0 0a00000500000200a161646162", "0b00000600000163bf62726308ff");
    assert_false(bench_collect(&scene->bench, RIG_SECOND_US));
    scene_free(scene);
}

static void requests_beyond_the_buffers_vanish(void **state)
{
    struct scene *scene = scene_at_517();
    uint8_t message[32];
    unsigned n_answers = 0;

    (void)state;
    for (uint8_t i = 0; i < 10; i++) {
        size_t n = rig_smp_encode_echo((struct rig_smp_request_id){1, i}, "x", message, sizeof message);

        assert_int_equal(bench_write(scene->bench.board, message, n), SIM_BLE_OK);
    }
    while (bench_collect(&scene->bench, RIG_SECOND_US)) {
        assert_int_equal(scene->bench.answer[6], n_answers);
        n_answers++;
    }
    assert_int_equal(n_answers, 4);
    exchange(&scene->bench, "0a00000900004200a161646568656c6c6f", "0b00000a00004200bf61726568656c6c6fff");
    scene_free(scene);
}

static void a_message_longer_than_a_buffer_gets_silence(void **state)
{
    struct bench_config config = bench_config(RIG_SWAP_MOVE);
    uint8_t message[200];
    char text[120];

    (void)state;
    config.app.smp_buf_size = 64;
    struct scene *scene = scene_with(&config, &waits);
    memset(text, 'x', sizeof text);
    text[100] = '\0';
    size_t n = rig_smp_encode_echo((struct rig_smp_request_id){1, 1}, text, message, sizeof message);
    assert_false(bench_ask_raw(&scene->bench, message, n, false));
    /* An answer that does not fit is rc 7. */
    struct rig_smp_response list = bench_list(&scene->bench);
    assert_int_equal(list.error.rc, RIG_SMP_RC_TOO_LARGE);
    scene_free(scene);
}

static void N3_header_length_too_large_with_reassembly_swallows_the_next(void **state)
{
    struct bench_config config = bench_config(RIG_SWAP_MOVE);

    (void)state;
    config.app.reassembly = true;
    struct scene *scene = scene_with(&config, &waits);
    exchange(&scene->bench, "0a00001100004200a161646568656c6c6f", "");
    exchange(&scene->bench, "0a00000900004200a161646568656c6c6f", "");
    exchange(&scene->bench, "0a00000900004200a161646568656c6c6f", "");
    assert_int_equal(bench_subscribe(scene->bench.board, false), SIM_BLE_OK);
    assert_int_equal(bench_subscribe(scene->bench.board, true), SIM_BLE_OK);
    exchange(&scene->bench, "0a00000900004200a161646568656c6c6f", "0b00000a00004200bf61726568656c6c6fff");
    scene_free(scene);
}

static void N6_packet_cut_at_the_mtu_gets_rc_9_and_its_tail_silence(void **state)
{
    struct scene *scene = scene_at_517();
    struct bench *bench = &scene->bench;

    (void)state;
    sim_board_ble_disconnect(bench->board);
    bench_connect(bench, 23);
    exchange(bench, "0a00001300004200a161646f4141414141414141", "0b00000600004200bf62726309ff");
    exchange(bench, "41414141414141", "");
    scene_free(scene);
}

static void N7_packet_longer_than_the_mtu_is_refused_by_the_host(void **state)
{
    struct scene *scene = scene_at_517();
    uint8_t bytes[SIM_BLE_MAX_MTU] = {0};

    (void)state;
    assert_int_equal(bench_write(scene->bench.board, bytes, 517 - 3), SIM_BLE_OK);
    assert_int_equal(bench_write(scene->bench.board, bytes, 517 - 2), SIM_BLE_TOO_LONG);
    scene_free(scene);
}

static void N16_without_notifications_commands_execute_unanswered(void **state)
{
    struct scene *scene = scene_at_517();
    uint8_t message[32];

    (void)state;
    bench_subscribe(scene->bench.board, false);
    exchange(&scene->bench, "0a00000900004200a161646568656c6c6f", "");
    size_t n = rig_smp_encode_reset((struct rig_smp_request_id){1, 0}, false, false, message, sizeof message);
    bench_write(scene->bench.board, message, n);
    bench_run(&scene->bench, RIG_SECOND_US);
    assert_int_equal(sim_board_view(scene->bench.board).n_boots, 2);
    scene_free(scene);
}

static void N18_sequence_numbers_mean_nothing_to_the_server(void **state)
{
    struct scene *scene = scene_at_517();

    (void)state;
    for (unsigned i = 0; i < 3; i++)
        exchange(&scene->bench, "0a00000900004200a161646568656c6c6f", "0b00000a00004200bf61726568656c6c6fff");
    scene_free(scene);
}

static void requests_in_the_gap_before_a_reset_are_answered(void **state)
{
    struct scene *scene = scene_at_517();

    (void)state;
    exchange(&scene->bench, "0a00001300000705a265666f7263650169626f6f745f6d6f646501", "0b00000200000705bfff");
    exchange(&scene->bench, "0a00000900004200a161646568656c6c6f", "0b00000a00004200bf61726568656c6c6fff");
    bench_run(&scene->bench, RIG_SECOND_US);
    assert_int_equal(sim_board_view(scene->bench.board).n_resets, 1);
    scene_free(scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fewer_than_8_bytes_get_no_answer),
        cmocka_unit_test(version_2_gets_rc_13_in_a_version_1_header),
        cmocka_unit_test(version_3_gets_rc_13_in_a_version_1_header),
        cmocka_unit_test(op_1_gets_rc_8_and_response_op_3),
        cmocka_unit_test(op_4_gets_rc_8_and_response_op_3),
        cmocka_unit_test(unknown_group_gets_rc_8),
        cmocka_unit_test(unknown_command_gets_rc_8),
        cmocka_unit_test(reset_as_read_gets_rc_8),
        cmocka_unit_test(header_length_larger_than_the_bytes_present_gets_rc_9),
        cmocka_unit_test(header_length_a_little_too_small_is_still_decoded),
        cmocka_unit_test(length_0_without_a_body_gets_rc_3),
        cmocka_unit_test(length_little_endian_gets_rc_9),
        cmocka_unit_test(group_little_endian_gets_rc_8_with_the_wrong_group),
        cmocka_unit_test(reserved_bits_and_flags_are_ignored_and_answered_with_0),
        cmocka_unit_test(trailing_bytes_inside_the_length_are_ignored),
        cmocka_unit_test(duplicate_keys_get_rc_3),
        cmocka_unit_test(a_top_level_array_gets_rc_3),
        cmocka_unit_test(echo_of_bytes_gets_rc_3),
        cmocka_unit_test(echo_without_d_gives_an_empty_r),
        cmocka_unit_test(indefinite_maps_and_unknown_keys_are_accepted),
        cmocka_unit_test(sequence_255_is_echoed),
        cmocka_unit_test(parameters_are_told),
        cmocka_unit_test(version_0_echo_is_served),
        cmocka_unit_test(bootloader_is_mcuboot),
        cmocka_unit_test(bootloader_mode_is_told),
        cmocka_unit_test(bootloader_query_unknown_gets_os_error_3),
        cmocka_unit_test(unknown_format_letter_gets_os_error_2),
        cmocka_unit_test(unknown_format_letter_in_version_0_gets_rc_3),
        cmocka_unit_test(default_format_is_the_kernel_name),
        cmocka_unit_test(N1_json_body_gets_rc_3),
        cmocka_unit_test(N2_data_as_text_gets_rc_3),
        cmocka_unit_test(N5_wrong_group_4_gets_rc_8),
        cmocka_unit_test(N10_no_len_gets_21),
        cmocka_unit_test(N10_no_len_in_version_0_gets_rc_3),
        cmocka_unit_test(N11_short_first_chunk_gets_22),
        cmocka_unit_test(N12_no_magic_gets_23),
        cmocka_unit_test(N12_no_magic_in_version_0_gets_rc_1_and_its_reason),
        cmocka_unit_test(N13_too_big_gets_30),
        cmocka_unit_test(upload_without_off_gets_20),
        cmocka_unit_test(N9_later_chunk_without_a_first_gets_off_0),
        cmocka_unit_test(state_write_of_nothing_gets_24),
        cmocka_unit_test(state_write_of_a_short_hash_gets_24),
        cmocka_unit_test(hash_as_text_gets_rc_3),
        cmocka_unit_test(N14_unknown_hash_gets_8),
        cmocka_unit_test(N14_unknown_hash_in_version_0_gets_rc_1),
        cmocka_unit_test(erase_of_slot_0_gets_9),
        cmocka_unit_test(erase_of_no_such_slot_gets_10),
        cmocka_unit_test(slot_sizes_are_told),
        cmocka_unit_test(original_protocol_off_gets_rc_12),
        cmocka_unit_test(parameters_command_off_gets_rc_8),
        cmocka_unit_test(legacy_rc_rides_in_successes),
        cmocka_unit_test(several_messages_in_one_packet_are_answered_separately),
        cmocka_unit_test(a_failing_message_abandons_the_rest_of_the_packet),
        cmocka_unit_test(requests_beyond_the_buffers_vanish),
        cmocka_unit_test(a_message_longer_than_a_buffer_gets_silence),
        cmocka_unit_test(N3_header_length_too_large_with_reassembly_swallows_the_next),
        cmocka_unit_test(N6_packet_cut_at_the_mtu_gets_rc_9_and_its_tail_silence),
        cmocka_unit_test(N7_packet_longer_than_the_mtu_is_refused_by_the_host),
        cmocka_unit_test(N16_without_notifications_commands_execute_unanswered),
        cmocka_unit_test(N18_sequence_numbers_mean_nothing_to_the_server),
        cmocka_unit_test(requests_in_the_gap_before_a_reset_are_answered),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
