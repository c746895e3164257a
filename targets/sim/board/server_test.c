/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The SMP server of the board, row by row: behaviour around the header, the upload algorithm, state rules, client mistakes N1..N22. */
#include "sim/board/support.h"

#include <openssl/sha.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define NO_ANSWER UINT32_MAX

static const struct sim_app_personality waits = {.behaviour = SIM_APP_NEVER_CONFIRMS};

struct scene {
    struct bench bench;
    struct rig_bytes old_image, new_image;
    uint8_t old_hash[32], new_hash[32];
};

static struct scene *scene_with(const struct sim_board_config *config)
{
    struct scene *scene = calloc(1, sizeof *scene);

    assert_non_null(scene);
    scene->old_image = bench_image(1, &waits, 6000);
    scene->new_image = bench_image(2, &waits, 9001);
    image_hash(&scene->old_image, scene->old_hash);
    image_hash(&scene->new_image, scene->new_hash);
    bench_open(&scene->bench, config);
    bench_program(&scene->bench, &scene->old_image);
    if (config->boot.n_images > 1)
        sim_flash_poke(sim_board_flash(scene->bench.board), 0, config->boot.primary[1].offset, scene->old_image.bytes,
                       scene->old_image.n_bytes);
    assert_true(bench_boot(&scene->bench));
    bench_connect(&scene->bench, 517);
    return scene;
}

static struct scene *scene_new(void)
{
    struct sim_board_config config = bench_config(RIG_SWAP_MOVE);

    config.ble.mtu = 517;
    return scene_with(&config);
}

static void scene_free(struct scene *scene)
{
    bench_close(&scene->bench);
    rig_bytes_clear(&scene->old_image);
    rig_bytes_clear(&scene->new_image);
    free(scene);
}

static size_t from_hex(const char *text, uint8_t *bytes)
{
    size_t n_bytes = 0;

    for (; *text; text += *text == ' ' ? 1 : 2) {
        char pair[3] = {text[0], text[1], '\0'};

        if (*text != ' ')
            bytes[n_bytes++] = (uint8_t)strtoul(pair, NULL, 16);
    }
    return n_bytes;
}

/* Sends hex, expects hex; "" is silence. */
static void exchange(struct bench *bench, const char *request, const char *expected)
{
    uint8_t bytes[600], wanted[600];
    size_t n_bytes = from_hex(request, bytes);
    size_t n_wanted = from_hex(expected, wanted);
    bool answered = bench_ask_raw(bench, bytes, n_bytes, false);

    assert_int_equal(answered, n_wanted > 0);
    if (answered) {
        assert_int_equal(bench->n_answer, n_wanted);
        assert_memory_equal(bench->answer, wanted, n_wanted);
    }
}

static void one_exchange(const char *request, const char *expected)
{
    struct scene *scene = scene_new();

    exchange(&scene->bench, request, expected);
    /* Whatever was sent, the server lives on. */
    exchange(&scene->bench, "0a00000900004200a161646568656c6c6f", "0b00000a00004200bf61726568656c6c6fff");
    scene_free(scene);
}

#define ROW(name, request, expected)                                                                                                 \
    static void name(void **state)                                                                                                   \
    {                                                                                                                                \
        (void)state;                                                                                                                 \
        one_exchange(request, expected);                                                                                             \
    }

ROW(fewer_than_8_bytes_get_no_answer, "0a000009000042", "")
ROW(version_2_gets_rc_13_in_a_version_1_header, "1200000100004206a0",
    "0b00000600004206bf6272630dff")
ROW(version_3_gets_rc_13_in_a_version_1_header, "1a00000100004206a0",
    "0b00000600004206bf6272630dff")
ROW(op_1_gets_rc_8_and_response_op_3, "0900000100004200a0",
    "0b00000600004200bf62726308ff")
ROW(op_4_gets_rc_8_and_response_op_3, "0c00000100004200a0",
    "0b00000600004200bf62726308ff")
ROW(unknown_group_gets_rc_8, "0a00000100044200a0",
    "0b00000600044200bf62726308ff")
ROW(unknown_command_gets_rc_8, "0a00000100004263a0",
    "0b00000600004263bf62726308ff")
ROW(reset_as_read_gets_rc_8, "0800000100004205a0",
    "0900000600004205bf62726308ff")
ROW(header_length_larger_than_the_bytes_present_gets_rc_9, "0a00000a00004200a161646568656c6c6f", "0b00000600004200bf62726309ff")
ROW(header_length_a_little_too_small_is_still_decoded, "0a00000700004200a161646568656c6c6f",
    "0b00000a00004200bf61726568656c6c6fff")
ROW(length_0_without_a_body_gets_rc_3, "0a00000000004200",
    "0b00000600004200bf62726303ff")
ROW(length_little_endian_gets_rc_9, "0a00090000004200a161646568656c6c6f", "0b00000600004200bf62726309ff")
ROW(group_little_endian_gets_rc_8_with_the_wrong_group, "0800000101000600a0",
    "0900000601000600bf62726308ff")
ROW(reserved_bits_and_flags_are_ignored_and_answered_with_0, "eaff000900004200a161646568656c6c6f",
    "0b00000a00004200bf61726568656c6c6fff")
ROW(trailing_bytes_inside_the_length_are_ignored, "0a00000c00004200a161646568656c6c6f112233",
    "0b00000a00004200bf61726568656c6c6fff")
ROW(duplicate_keys_get_rc_3, "0a00000900004200a26164616161646162",
    "0b00000600004200bf62726303ff")
ROW(a_top_level_array_gets_rc_3, "0a0000010000420080",
    "0b00000600004200bf62726303ff")
ROW(echo_of_bytes_gets_rc_3, "0a00000500004200a161644161",
    "0b00000600004200bf62726303ff")
ROW(echo_without_d_gives_an_empty_r, "0a00000100004200a0",
    "0b00000500004200bf617260ff")
ROW(indefinite_maps_and_unknown_keys_are_accepted, "0a00000f00004200bf617882010261646568656c6c6fff",
    "0b00000a00004200bf61726568656c6c6fff")
ROW(sequence_255_is_echoed, "0a0000090000ff00a161646568656c6c6f",
    "0b00000a0000ff00bf61726568656c6c6fff")
ROW(parameters_are_told, "0800000100000106a0",
    "0900001900000106bf686275665f73697a65190400696275665f636f756e7404ff")
ROW(version_0_echo_is_served, "0200000900004200a161646568656c6c6f",
    "0300000a00004200bf61726568656c6c6fff")
ROW(bootloader_is_mcuboot, "0800000100000108a0",
    "0900001500000108bf6a626f6f746c6f61646572674d4355626f6f74ff")
ROW(bootloader_mode_is_told, "0800000c00000108a1657175657279646d6f6465",
    "0900000800000108bf646d6f646503ff")
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
ROW(N2_data_as_text_gets_rc_3, "0a00000c00010101a2636f666601646461746160",
    "0b00000600010101bf62726303ff")
ROW(N5_wrong_group_4_gets_rc_8, "0a00000100040101a0",
    "0b00000600040101bf62726308ff")
ROW(N10_no_len_gets_21, "0a00002d00010701a2636f666600646461746158203db8f39600000000200000000010000000000000010000000000000000000000",
    "0b00001300010701bf63657272bf6567726f75700162726315ffff")
ROW(N10_no_len_in_version_0_gets_rc_3, "0200002d00010701a2636f666600646461746158203db8f39600000000200000000010000000000000010000000000000000000000",
    "0300000600010701bf62726303ff")
ROW(N11_short_first_chunk_gets_22, "0a00001400010701a3636c656e19ffff636f6666006464617461413d",
    "0b00001300010701bf63657272bf6567726f75700162726316ffff")
ROW(N12_no_magic_gets_23, "0a00003400010701a3636c656e190424636f66660064646174615820000000000000000020000000001000000000000001000000000000"
    "0000000000",
    "0b00001300010701bf63657272bf6567726f75700162726317ffff")
ROW(N12_no_magic_in_version_0_gets_rc_1_and_its_reason, "0200003400010801a3636c656e190424636f66660064646174615820000000000000000020000000001000000000000001000000000000"
    "0000000000",
    "0300001900010801bf627263016372736e6e6d61676963206d69736d61746368ff")
ROW(N13_too_big_gets_30, "0a00003600010701a3636c656e1a00010001636f666600646461746158203db8f396000000002000000000100000000000000100000000"
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
ROW(hash_as_text_gets_rc_3, "0a00000800010600a164686173686161",
    "0b00000600010600bf62726303ff")
ROW(N14_unknown_hash_gets_8, "0a00002800010600a1646861736858202222222222222222222222222222222222222222222222222222222222222222",
    "0b00001300010600bf63657272bf6567726f75700162726308ffff")
ROW(N14_unknown_hash_in_version_0_gets_rc_1, "0200002800010600a1646861736858202222222222222222222222222222222222222222222222222222222222222222",
    "0300000600010600bf62726301ff")
ROW(erase_of_slot_0_gets_9, "0a00000700010705a164736c6f7400",
    "0b00001300010705bf63657272bf6567726f75700162726309ffff")
ROW(erase_of_no_such_slot_gets_10, "0a00000700010705a164736c6f7402",
    "0b00001300010705bf63657272bf6567726f7570016272630affff")
ROW(slot_sizes_are_told, "0800000100010806a0",
    "0900005100010806bf66696d616765739fbf65696d6167650065736c6f74739fbf64736c6f74006473697a651a00010000ffbf64736c6f74016473697a651a"
    "000100006f75706c6f61645f696d6167655f696400ffffffffff")

static void original_protocol_off_gets_rc_12(void **state)
{
    struct sim_board_config config = bench_config(RIG_SWAP_MOVE);

    (void)state;
    config.app.original_protocol = false;
    struct scene *scene = scene_with(&config);
    exchange(&scene->bench, "0200000900004200a161646568656c6c6f", "0300000600004200bf6272630cff");
    exchange(&scene->bench, "0a00000900004200a161646568656c6c6f", "0b00000a00004200bf61726568656c6c6fff");
    scene_free(scene);
}

static void parameters_command_off_gets_rc_8(void **state)
{
    struct sim_board_config config = bench_config(RIG_SWAP_MOVE);

    (void)state;
    config.app.parameters_command = false;
    struct scene *scene = scene_with(&config);
    exchange(&scene->bench, "0800000100000106a0", "0900000600000106bf62726308ff");
    scene_free(scene);
}

static void legacy_rc_rides_in_successes(void **state)
{
    struct sim_board_config config = bench_config(RIG_SWAP_MOVE);

    (void)state;
    config.app.legacy_rc = true;
    struct scene *scene = scene_with(&config);
    exchange(&scene->bench, "0a00000900004200a161646568656c6c6f", "0b00000e00004200bf6272630061726568656c6c6fff");
    exchange(&scene->bench, "0a00000100004263a0", "0b00000600004263bf62726308ff");
    scene_free(scene);
}

static void several_messages_in_one_packet_are_answered_separately(void **state)
{
    struct scene *scene = scene_new();

    (void)state;
    exchange(&scene->bench, "0a00000500000100a161646161 0a00000500000200a161646162", "0b00000600000100bf61726161ff");
    assert_true(bench_collect(&scene->bench, RIG_SECOND_US));
    assert_int_equal(scene->bench.answer[6], 2);
    assert_false(bench_collect(&scene->bench, RIG_SECOND_US));
    scene_free(scene);
}

static void a_failing_message_abandons_the_rest_of_the_packet(void **state)
{
    struct scene *scene = scene_new();

    (void)state;
    exchange(&scene->bench, "0a00000100000163a0 0a00000500000200a161646162", "0b00000600000163bf62726308ff");
    assert_false(bench_collect(&scene->bench, RIG_SECOND_US));
    scene_free(scene);
}

static void requests_beyond_the_buffers_vanish(void **state)
{
    struct scene *scene = scene_new();
    uint8_t message[32];
    unsigned n_answers = 0;

    (void)state;
    for (uint8_t i = 0; i < 10; i++) {
        size_t n = rig_smp_encode_echo((struct rig_smp_request_id){1, i}, "x", message, sizeof message);

        assert_int_equal(sim_board_ble_write(scene->bench.board, message, n), SIM_BLE_OK);
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
    struct sim_board_config config = bench_config(RIG_SWAP_MOVE);
    uint8_t message[200];
    char text[120];

    (void)state;
    config.app.smp_buf_size = 64;
    struct scene *scene = scene_with(&config);
    memset(text, 'x', sizeof text);
    text[100] = '\0';
    size_t n = rig_smp_encode_echo((struct rig_smp_request_id){1, 1}, text, message, sizeof message);
    assert_false(bench_ask_raw(&scene->bench, message, n, false));
    /* An answer that does not fit is rc 7. */
    struct rig_smp_response list = bench_list(&scene->bench);
    assert_int_equal(list.error.rc, RIG_SMP_RC_TOO_LARGE);
    scene_free(scene);
}

static uint32_t off_of(struct rig_smp_response response)
{
    assert_false(response.error.failed);
    assert_true(response.has_off);
    return (uint32_t)response.off;
}

static void upload_arrives_byte_for_byte_whatever_the_chunk_sizes(void **state)
{
    const size_t sizes[] = {32, 7, 1, 150, 33, 3, 128};
    struct scene *scene = scene_new();
    uint32_t offset = 0;

    (void)state;
    for (unsigned i = 0; offset < scene->new_image.n_bytes; i++)
        offset = off_of(bench_chunk(&scene->bench, &scene->new_image, offset, i == 0 ? 33 : sizes[i % 7], true));
    assert_true(bench_slot_holds(&scene->bench, &sim_board_config(scene->bench.board)->boot.secondary[0], &scene->new_image));
    /* The state is cleared at the end: the same first packet starts from scratch. */
    assert_int_equal(off_of(bench_chunk(&scene->bench, &scene->new_image, 0, 100, true)), 100);
    scene_free(scene);
}

static void upload_works_in_every_mode_and_with_progressive_erase(void **state)
{
    (void)state;
    for (unsigned mode = RIG_SWAP_MOVE; mode <= RIG_SWAP_OVERWRITE; mode++) {
        for (unsigned progressive = 0; progressive < 2; progressive++) {
            struct sim_board_config config = bench_config((enum rig_swap_mode)mode);

            config.app.progressive_erase = progressive;
            config.devices[0].rewrite_forbidden = true;
            struct scene *scene = scene_with(&config);
            assert_true(bench_upload(&scene->bench, &scene->new_image, NULL));
            assert_true(bench_upload(&scene->bench, &scene->new_image, NULL));
            struct rig_smp_response list = bench_list(&scene->bench);
            assert_int_equal(list.n_images, 2);
            assert_memory_equal(list.images[1].hash, scene->new_hash, 32);
            assert_false(bench_mark(&scene->bench, scene->new_hash, true).error.failed);
            bench_reset(&scene->bench);
            assert_int_equal(sim_board_view(scene->bench.board).version.major, 2);
            scene_free(scene);
        }
    }
}

static void upload_resumes_by_sha_without_writing(void **state)
{
    struct scene *scene = scene_new();

    (void)state;
    off_of(bench_chunk(&scene->bench, &scene->new_image, 0, 200, true));
    assert_int_equal(off_of(bench_chunk(&scene->bench, &scene->new_image, 200, 200, true)), 400);
    uint64_t n = sim_flash_n_operations(sim_board_flash(scene->bench.board));
    assert_int_equal(off_of(bench_chunk(&scene->bench, &scene->new_image, 0, 200, true)), 400);
    assert_int_equal(sim_flash_n_operations(sim_board_flash(scene->bench.board)), n);
    /* Without a sha, or with another one, it starts again. */
    assert_int_equal(off_of(bench_chunk(&scene->bench, &scene->new_image, 0, 100, false)), 100);
    assert_int_equal(off_of(bench_chunk(&scene->bench, &scene->old_image, 0, 60, true)), 60);
    scene_free(scene);
}

static void wrong_offset_is_a_success_with_the_expected_one(void **state)
{
    struct scene *scene = scene_new();

    (void)state;
    off_of(bench_chunk(&scene->bench, &scene->new_image, 0, 64, true));
    uint64_t n = sim_flash_n_operations(sim_board_flash(scene->bench.board));
    assert_int_equal(off_of(bench_chunk(&scene->bench, &scene->new_image, 200, 16, true)), 64);
    assert_int_equal(off_of(bench_chunk(&scene->bench, &scene->new_image, 32, 16, true)), 64);
    assert_int_equal(sim_flash_n_operations(sim_board_flash(scene->bench.board)), n);
    scene_free(scene);
}

/* A chunk of the new image under a total of the caller's choice. */
static struct rig_smp_response chunk_of(struct scene *scene, uint32_t total, uint32_t offset, size_t n_bytes, bool upgrade, unsigned n_sha)
{
    uint8_t message[700], sha[32] = {9};
    struct rig_smp_upload_chunk chunk = {.offset = offset, .total_bytes = total, .sha = n_sha ? sha : NULL, .upgrade = upgrade,
                                         .bytes = scene->new_image.bytes + offset, .n_bytes = n_bytes};
    struct rig_smp_response response;
    size_t n = rig_smp_encode_upload((struct rig_smp_request_id){1, 1}, &chunk, message, sizeof message);

    assert_true(bench_ask(&scene->bench, message, n, &response));
    return response;
}

static void overrun_gets_31_but_not_in_the_first_packet(void **state)
{
    struct scene *scene = scene_new();

    (void)state;
    assert_int_equal(off_of(chunk_of(scene, 64, 0, 65, false, 32)), 65);
    off_of(chunk_of(scene, 100, 0, 64, false, 0));
    struct rig_smp_response over = chunk_of(scene, 100, 64, 40, false, 0);
    assert_true(over.error.group_error);
    assert_int_equal(over.error.rc, RIG_SMP_IMAGE_RC_OVERRUN);
    scene_free(scene);
}

static void upgrade_to_an_older_version_gets_27(void **state)
{
    struct scene *scene = scene_new();
    struct rig_bytes newer = scene->new_image;

    (void)state;
    off_of(chunk_of(scene, (uint32_t)newer.n_bytes, 0, 64, true, 32));
    scene->new_image = scene->old_image;
    assert_int_equal(chunk_of(scene, 6000, 0, 64, true, 0).error.rc, RIG_SMP_IMAGE_RC_OLDER);
    scene->new_image = newer;
    scene_free(scene);
}

static void sha_longer_than_32_gets_24(void **state)
{
    struct scene *scene = scene_new();

    (void)state;
    exchange(&scene->bench,
             "0a00005b00010701a4636c656e190424636f6666006373686158210000000000000000000000000000000000000000000000000000000000000000006464617461"
             "58203db8f39600000000200000000010000000000000010000000000000000000000",
             "0b00001400010701bf63657272bf6567726f7570016272631818ffff");
    scene_free(scene);
}

static void flash_that_refuses_gets_12_and_clears_the_upload(void **state)
{
    struct sim_board_config config = bench_config(RIG_SWAP_MOVE);
    uint8_t dirt = 0;

    (void)state;
    config.devices[0].rewrite_forbidden = true;
    struct scene *scene = scene_with(&config);
    off_of(bench_chunk(&scene->bench, &scene->new_image, 0, 64, true));
    const struct sim_area *secondary = &config.boot.secondary[0];
    sim_flash_poke(sim_board_flash(scene->bench.board), 0, secondary->offset + 70, &dirt, 1);
    assert_int_equal(bench_chunk(&scene->bench, &scene->new_image, 64, 64, true).error.rc, RIG_SMP_IMAGE_RC_FLASH_WRITE);
    assert_int_equal(off_of(bench_chunk(&scene->bench, &scene->new_image, 64, 64, true)), 0);
    scene_free(scene);
}

static void assert_flags(const struct rig_smp_image_entry *entry, const char *flags)
{
    char seen[8];

    snprintf(seen, sizeof seen, "%s%s%s%s%s", entry->bootable ? "b" : "", entry->pending ? "p" : "", entry->confirmed ? "c" : "",
             entry->active ? "a" : "", entry->permanent ? "P" : "");
    assert_string_equal(seen, flags);
}

static void assert_state(struct scene *scene, const char *primary, const char *secondary)
{
    struct rig_smp_response list = bench_list(&scene->bench);

    assert_int_equal(list.n_images, 2);
    assert_flags(&list.images[0], primary);
    assert_flags(&list.images[1], secondary);
}

static void states_and_flags_follow_the_table(void **state)
{
    struct scene *scene = scene_new();

    (void)state;
    assert_true(bench_upload(&scene->bench, &scene->new_image, NULL));
    assert_state(scene, "bca", "b");
    assert_false(bench_mark(&scene->bench, scene->new_hash, false).error.failed);
    assert_state(scene, "bca", "bp");
    assert_false(bench_mark(&scene->bench, scene->new_hash, false).error.failed);
    assert_int_equal(bench_mark(&scene->bench, scene->new_hash, true).error.rc, 28);
    assert_int_equal(bench_mark(&scene->bench, NULL, true).error.rc, 28);
    assert_int_equal(bench_mark(&scene->bench, scene->old_hash, false).error.rc, 33);
    bench_reset(&scene->bench);
    assert_state(scene, "ba", "bc");
    scene_free(scene);
}

static void permanent_shows_as_permanent(void **state)
{
    struct scene *scene = scene_new();

    (void)state;
    assert_true(bench_upload(&scene->bench, &scene->new_image, NULL));
    assert_false(bench_mark(&scene->bench, scene->new_hash, true).error.failed);
    assert_state(scene, "bca", "bpP");
    assert_false(bench_mark(&scene->bench, scene->new_hash, true).error.failed);
    scene_free(scene);
}

static void start_trial(struct scene *scene)
{
    assert_true(bench_upload(&scene->bench, &scene->new_image, NULL));
    assert_false(bench_mark(&scene->bench, scene->new_hash, false).error.failed);
    bench_reset(&scene->bench);
    assert_int_equal(sim_board_view(scene->bench.board).version.major, 2);
}

static void N21_upload_and_erase_in_the_trial_run_get_9(void **state)
{
    struct scene *scene = scene_new();

    (void)state;
    start_trial(scene);
    assert_int_equal(bench_chunk(&scene->bench, &scene->new_image, 0, 64, true).error.rc, 9);
    assert_int_equal(bench_erase(&scene->bench, -1).error.rc, 9);
    assert_int_equal(bench_mark(&scene->bench, scene->old_hash, false).error.rc, 28);
    assert_false(bench_mark(&scene->bench, scene->old_hash, true).error.failed);
    assert_state(scene, "ba", "bc");
    scene_free(scene);
}

static void N20_unconfirmed_trial_goes_back_at_the_second_reset(void **state)
{
    struct scene *scene = scene_new();

    (void)state;
    start_trial(scene);
    assert_false(sim_board_view(scene->bench.board).confirmed);
    bench_reset(&scene->bench);
    assert_int_equal(sim_board_view(scene->bench.board).version.major, 1);
    scene_free(scene);
}

static void confirmed_trial_stays(void **state)
{
    struct scene *scene = scene_new();

    (void)state;
    start_trial(scene);
    assert_false(bench_mark(&scene->bench, NULL, true).error.failed);
    assert_true(sim_board_view(scene->bench.board).confirmed);
    bench_reset(&scene->bench);
    assert_int_equal(sim_board_view(scene->bench.board).version.major, 2);
    scene_free(scene);
}

static void erase_of_a_pending_slot_is_refused_unless_allowed(void **state)
{
    (void)state;
    for (unsigned allowed = 0; allowed < 2; allowed++) {
        struct sim_board_config config = bench_config(RIG_SWAP_MOVE);

        config.app.erase_pending_allowed = allowed;
        struct scene *scene = scene_with(&config);
        assert_true(bench_upload(&scene->bench, &scene->new_image, NULL));
        assert_false(bench_mark(&scene->bench, scene->new_hash, false).error.failed);
        struct rig_smp_response erased = bench_erase(&scene->bench, 1);
        assert_int_equal(erased.error.failed, !allowed);
        if (!allowed)
            assert_int_equal(erased.error.rc, 9);
        else
            assert_int_equal(bench_list(&scene->bench).n_images, 1);
        scene_free(scene);
    }
}

static void N3_header_length_too_large_with_reassembly_swallows_the_next(void **state)
{
    struct sim_board_config config = bench_config(RIG_SWAP_MOVE);

    (void)state;
    config.app.reassembly = true;
    struct scene *scene = scene_with(&config);
    exchange(&scene->bench, "0a00001100004200a161646568656c6c6f", "");
    exchange(&scene->bench, "0a00000900004200a161646568656c6c6f", "");
    exchange(&scene->bench, "0a00000900004200a161646568656c6c6f", "");
    assert_int_equal(sim_board_ble_subscribe(scene->bench.board, false), SIM_BLE_OK);
    assert_int_equal(sim_board_ble_subscribe(scene->bench.board, true), SIM_BLE_OK);
    exchange(&scene->bench, "0a00000900004200a161646568656c6c6f", "0b00000a00004200bf61726568656c6c6fff");
    scene_free(scene);
}

static void N6_packet_cut_at_the_mtu_gets_rc_9_and_its_tail_silence(void **state)
{
    struct scene *scene = scene_new();
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
    struct scene *scene = scene_new();
    uint8_t bytes[SIM_BLE_MAX_MTU] = {0};

    (void)state;
    assert_int_equal(sim_board_ble_write(scene->bench.board, bytes, 517 - 3), SIM_BLE_OK);
    assert_int_equal(sim_board_ble_write(scene->bench.board, bytes, 517 - 2), SIM_BLE_TOO_LONG);
    scene_free(scene);
}

static void N8_answers_never_awaited_lose_chunks(void **state)
{
    struct scene *scene = scene_new();
    uint8_t message[400];
    uint32_t offset = 0;

    (void)state;
    while (offset < scene->new_image.n_bytes) {
        size_t n_bytes = scene->new_image.n_bytes - offset < 200 ? scene->new_image.n_bytes - offset : 200;
        struct rig_smp_upload_chunk chunk = {.offset = offset, .total_bytes = (uint32_t)scene->new_image.n_bytes,
                                             .bytes = scene->new_image.bytes + offset, .n_bytes = n_bytes};
        size_t n = rig_smp_encode_upload((struct rig_smp_request_id){1, 0}, &chunk, message, sizeof message);

        sim_board_ble_write(scene->bench.board, message, n);
        bench_run(&scene->bench, 2000);
        offset += (uint32_t)n_bytes;
    }
    bench_run(&scene->bench, 5 * RIG_SECOND_US);
    assert_false(bench_slot_holds(&scene->bench, &sim_board_config(scene->bench.board)->boot.secondary[0], &scene->new_image));
    scene_free(scene);
}

static void N9_older_interrupted_upload_shows_in_the_offset(void **state)
{
    struct scene *scene = scene_new();

    (void)state;
    off_of(bench_chunk(&scene->bench, &scene->old_image, 0, 96, true));
    sim_board_ble_disconnect(scene->bench.board);
    bench_connect(&scene->bench, 247);
    assert_int_equal(off_of(bench_chunk(&scene->bench, &scene->new_image, 500, 100, true)), 96);
    scene_free(scene);
}

static void N15_reset_before_test_swaps_nothing(void **state)
{
    struct scene *scene = scene_new();

    (void)state;
    assert_true(bench_upload(&scene->bench, &scene->new_image, NULL));
    bench_reset(&scene->bench);
    assert_int_equal(sim_board_view(scene->bench.board).version.major, 1);
    assert_state(scene, "bca", "b");
    scene_free(scene);
}

static void N16_without_notifications_commands_execute_unanswered(void **state)
{
    struct scene *scene = scene_new();
    uint8_t message[32];

    (void)state;
    sim_board_ble_subscribe(scene->bench.board, false);
    exchange(&scene->bench, "0a00000900004200a161646568656c6c6f", "");
    size_t n = rig_smp_encode_reset((struct rig_smp_request_id){1, 0}, false, message, sizeof message);
    sim_board_ble_write(scene->bench.board, message, n);
    bench_run(&scene->bench, RIG_SECOND_US);
    assert_int_equal(sim_board_view(scene->bench.board).n_boots, 2);
    scene_free(scene);
}

static void N18_sequence_numbers_mean_nothing_to_the_server(void **state)
{
    struct scene *scene = scene_new();

    (void)state;
    for (unsigned i = 0; i < 3; i++)
        exchange(&scene->bench, "0a00000900004200a161646568656c6c6f", "0b00000a00004200bf61726568656c6c6fff");
    scene_free(scene);
}

static void N19_disconnect_after_the_last_chunk_leaves_a_whole_image_and_no_progress(void **state)
{
    struct scene *scene = scene_new();
    uint8_t message[400];
    uint32_t last = (uint32_t)scene->new_image.n_bytes - 100, offset = 0;

    (void)state;
    while (offset < last)
        offset = off_of(bench_chunk(&scene->bench, &scene->new_image, offset, last - offset < 150 ? last - offset : 150, true));
    struct rig_smp_upload_chunk chunk = {.offset = offset, .bytes = scene->new_image.bytes + offset, .n_bytes = 100};
    size_t n = rig_smp_encode_upload((struct rig_smp_request_id){1, 0}, &chunk, message, sizeof message);
    sim_board_ble_write(scene->bench.board, message, n);
    bench_run(&scene->bench, 20000);
    sim_board_ble_disconnect(scene->bench.board);
    bench_connect(&scene->bench, 247);
    assert_int_equal(bench_list(&scene->bench).n_images, 2);
    assert_int_equal(off_of(bench_chunk(&scene->bench, &scene->new_image, 0, 64, true)), 64);
    scene_free(scene);
}

static void requests_in_the_gap_before_a_reset_are_answered(void **state)
{
    struct scene *scene = scene_new();

    (void)state;
    exchange(&scene->bench, "0a00001300000705a265666f7263650169626f6f745f6d6f646501", "0b00000200000705bfff");
    exchange(&scene->bench, "0a00000900004200a161646568656c6c6f", "0b00000a00004200bf61726568656c6c6fff");
    bench_run(&scene->bench, RIG_SECOND_US);
    assert_int_equal(sim_board_view(scene->bench.board).n_resets, 1);
    scene_free(scene);
}

static void two_images_have_their_own_slots(void **state)
{
    struct sim_board_config config = bench_config(RIG_SWAP_OVERWRITE);
    uint8_t message[400];

    (void)state;
    config.boot.n_images = 2;
    config.boot.primary[1] = (struct sim_area){0, 34 * 4096, 8 * 4096};
    config.boot.secondary[1] = (struct sim_area){0, 42 * 4096, 8 * 4096};
    struct scene *scene = scene_with(&config);
    struct rig_smp_upload_chunk chunk = {.image = 1, .total_bytes = 9000, .bytes = scene->new_image.bytes, .n_bytes = 64};
    struct rig_smp_response response;
    size_t n = rig_smp_encode_upload((struct rig_smp_request_id){1, 0}, &chunk, message, sizeof message);
    assert_true(bench_ask(&scene->bench, message, n, &response));
    assert_int_equal(off_of(response), 64);
    uint8_t magic[4];
    sim_flash_peek(sim_board_flash(scene->bench.board), 0, 42 * 4096, magic, 4);
    assert_memory_equal(magic, scene->new_image.bytes, 4);
    assert_false(bench_erase(&scene->bench, 3).error.failed);
    assert_int_equal(bench_list(&scene->bench).images[1].image, 1);
    scene_free(scene);
}

int main(void)
{
#define T(name) cmocka_unit_test(name)
    const struct CMUnitTest tests[] = {
        T(fewer_than_8_bytes_get_no_answer), T(version_2_gets_rc_13_in_a_version_1_header),
        T(version_3_gets_rc_13_in_a_version_1_header), T(op_1_gets_rc_8_and_response_op_3), T(op_4_gets_rc_8_and_response_op_3),
        T(unknown_group_gets_rc_8), T(unknown_command_gets_rc_8), T(reset_as_read_gets_rc_8),
        T(header_length_larger_than_the_bytes_present_gets_rc_9), T(header_length_a_little_too_small_is_still_decoded),
        T(length_0_without_a_body_gets_rc_3), T(length_little_endian_gets_rc_9), T(group_little_endian_gets_rc_8_with_the_wrong_group),
        T(reserved_bits_and_flags_are_ignored_and_answered_with_0), T(trailing_bytes_inside_the_length_are_ignored),
        T(duplicate_keys_get_rc_3), T(a_top_level_array_gets_rc_3), T(echo_of_bytes_gets_rc_3), T(echo_without_d_gives_an_empty_r),
        T(indefinite_maps_and_unknown_keys_are_accepted), T(sequence_255_is_echoed), T(parameters_are_told), T(version_0_echo_is_served),
        T(bootloader_is_mcuboot), T(bootloader_mode_is_told), T(bootloader_query_unknown_gets_os_error_3),
        T(unknown_format_letter_gets_os_error_2), T(unknown_format_letter_in_version_0_gets_rc_3), T(default_format_is_the_kernel_name),
        T(N1_json_body_gets_rc_3), T(N2_data_as_text_gets_rc_3), T(N5_wrong_group_4_gets_rc_8), T(N10_no_len_gets_21),
        T(N10_no_len_in_version_0_gets_rc_3), T(N11_short_first_chunk_gets_22), T(N12_no_magic_gets_23),
        T(N12_no_magic_in_version_0_gets_rc_1_and_its_reason), T(N13_too_big_gets_30), T(upload_without_off_gets_20),
        T(N9_later_chunk_without_a_first_gets_off_0), T(state_write_of_nothing_gets_24), T(state_write_of_a_short_hash_gets_24),
        T(hash_as_text_gets_rc_3), T(N14_unknown_hash_gets_8), T(N14_unknown_hash_in_version_0_gets_rc_1), T(erase_of_slot_0_gets_9),
        T(erase_of_no_such_slot_gets_10), T(slot_sizes_are_told), T(original_protocol_off_gets_rc_12),
        T(parameters_command_off_gets_rc_8), T(legacy_rc_rides_in_successes), T(several_messages_in_one_packet_are_answered_separately),
        T(a_failing_message_abandons_the_rest_of_the_packet), T(requests_beyond_the_buffers_vanish),
        T(a_message_longer_than_a_buffer_gets_silence), T(upload_arrives_byte_for_byte_whatever_the_chunk_sizes),
        T(upload_works_in_every_mode_and_with_progressive_erase), T(upload_resumes_by_sha_without_writing),
        T(wrong_offset_is_a_success_with_the_expected_one), T(overrun_gets_31_but_not_in_the_first_packet),
        T(upgrade_to_an_older_version_gets_27), T(sha_longer_than_32_gets_24), T(flash_that_refuses_gets_12_and_clears_the_upload),
        T(states_and_flags_follow_the_table), T(permanent_shows_as_permanent), T(N21_upload_and_erase_in_the_trial_run_get_9),
        T(N20_unconfirmed_trial_goes_back_at_the_second_reset), T(confirmed_trial_stays),
        T(erase_of_a_pending_slot_is_refused_unless_allowed), T(N3_header_length_too_large_with_reassembly_swallows_the_next),
        T(N6_packet_cut_at_the_mtu_gets_rc_9_and_its_tail_silence), T(N7_packet_longer_than_the_mtu_is_refused_by_the_host),
        T(N8_answers_never_awaited_lose_chunks), T(N9_older_interrupted_upload_shows_in_the_offset),
        T(N15_reset_before_test_swaps_nothing), T(N16_without_notifications_commands_execute_unanswered),
        T(N18_sequence_numbers_mean_nothing_to_the_server),
        T(N19_disconnect_after_the_last_chunk_leaves_a_whole_image_and_no_progress), T(requests_in_the_gap_before_a_reset_are_answered),
        T(two_images_have_their_own_slots),
    };
#undef T

    return cmocka_run_group_tests(tests, NULL, NULL);
}
