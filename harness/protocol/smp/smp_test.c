/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The codec against bytes that came off the wire or were encoded by hand. */
#include "protocol/smp/smp_server.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

struct message {
    uint8_t bytes[1024];
    size_t n_bytes;
};

static struct message hex(const char *text)
{
    struct message message = {.n_bytes = 0};

    while (*text) {
        char pair[3] = {text[0], text[1], '\0'};

        if (text[0] == ' ') {
            text++;
            continue;
        }
        message.bytes[message.n_bytes++] = (uint8_t)strtoul(pair, NULL, 16);
        text += 2;
    }
    return message;
}

static void assert_bytes(const uint8_t *bytes, size_t n_bytes, const char *expected)
{
    struct message wanted = hex(expected);

    assert_int_equal(n_bytes, wanted.n_bytes);
    assert_memory_equal(bytes, wanted.bytes, wanted.n_bytes);
}

static struct rig_smp_response decoded(const char *text)
{
    struct message message = hex(text);
    struct rig_smp_response response;

    assert_int_equal(rig_smp_decode_response(message.bytes, message.n_bytes, &response), RIG_SMP_OK);
    assert_int_equal(message.n_bytes, RIG_SMP_HEADER_BYTES + (size_t)response.header.length);
    return response;
}

static struct rig_smp_request asked(const struct message *message)
{
    struct rig_smp_request request;

    assert_int_equal(rig_smp_decode_request(message->bytes, message->n_bytes, &request), RIG_SMP_OK);
    return request;
}

static const struct rig_smp_request_id id42 = {.version = 1, .sequence = 0x42};

static void echo_is_the_published_bytes_in_both_answer_forms(void **state)
{
    uint8_t bytes[64];
    size_t n = rig_smp_encode_echo(id42, "hello", bytes, sizeof bytes);
    struct rig_smp_response definite = decoded("0b00000900004200a161726568656c6c6f");
    struct rig_smp_response indefinite = decoded("0b00000a00004200bf61726568656c6c6fff");
    struct message sent = hex("0a00000900004200a161646568656c6c6f");
    struct rig_smp_request request = asked(&sent);

    (void)state;
    assert_bytes(bytes, n, "0a00000900004200a161646568656c6c6f");
    assert_true(definite.has_echo && indefinite.has_echo);
    assert_string_equal(definite.echo, "hello");
    assert_string_equal(indefinite.echo, "hello");
    assert_int_equal(definite.header.sequence, 0x42);
    assert_int_equal(request.keys[RIG_SMP_KEY_ECHO].n_bytes, 5);
    assert_memory_equal(request.keys[RIG_SMP_KEY_ECHO].bytes, "hello", 5);
}

static void parameters_are_the_published_bytes(void **state)
{
    uint8_t bytes[16];
    size_t n = rig_smp_encode_parameters((struct rig_smp_request_id){1, 1}, bytes, sizeof bytes);
    struct rig_smp_response modern =
        decoded("0900001900000106bf686275665f73697a65190180696275665f636f756e7404ff");
    struct rig_smp_response old = decoded("0100000600000006bf62726308ff");

    (void)state;
    assert_bytes(bytes, n, "0800000100000106a0");
    n = rig_smp_encode_parameters((struct rig_smp_request_id){0, 0}, bytes, sizeof bytes);
    assert_bytes(bytes, n, "0000000100000006a0");
    assert_true(modern.has_parameters);
    assert_int_equal(modern.buf_size, 384);
    assert_int_equal(modern.buf_count, 4);
    assert_true(old.error.failed);
    assert_false(old.error.group_error);
    assert_int_equal(old.error.rc, RIG_SMP_RC_NOT_SUPPORTED);
}

#define FIRST_TAIL                                                                                           \
    "636c656e190424 636f6666 00 63736861 5820 "                                                              \
    "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f 6464617461 5820 "                      \
    "3db8f396 00000000 2000 0000 e8030000 00000000 01020300 04000000 00000000"

static void first_upload_packet_is_the_published_bytes(void **state)
{
    uint8_t sha[32], bytes[256];
    struct message header = hex("3db8f396000000002000 0000 e8030000 00000000 01020300 04000000 00000000");
    struct rig_smp_upload_chunk chunk = {
        .image = 1, .total_bytes = 1060, .sha = sha, .bytes = header.bytes, .n_bytes = 32};
    struct message published = hex("0a00006100010201 a5 65696d616765 00" FIRST_TAIL);
    struct rig_smp_request request = asked(&published);

    (void)state;
    for (unsigned i = 0; i < sizeof sha; i++)
        sha[i] = (uint8_t)i;
    size_t n = rig_smp_encode_upload((struct rig_smp_request_id){1, 2}, &chunk, bytes, sizeof bytes);
    assert_bytes(bytes, n, "0a00006100010201 a5 65696d616765 01" FIRST_TAIL);
    chunk.image = 0;
    n = rig_smp_encode_upload((struct rig_smp_request_id){1, 2}, &chunk, bytes, sizeof bytes);
    assert_bytes(bytes, n, "0a00005a00010201 a4" FIRST_TAIL);
    assert_int_equal(published.n_bytes, 105);
    assert_int_equal(request.keys[RIG_SMP_KEY_LEN].number, 1060);
    assert_int_equal(request.keys[RIG_SMP_KEY_SHA].n_bytes, 32);
    assert_int_equal(request.keys[RIG_SMP_KEY_CHUNK].n_bytes, 32);
    assert_true(request.keys[RIG_SMP_KEY_IMAGE].present && request.keys[RIG_SMP_KEY_OFF].present);
    assert_int_equal(decoded("0b00000700010201a1636f66661820").off, 32);
    struct rig_smp_response legacy = decoded("0300000b00010201a262726300636f66661820");
    assert_false(legacy.error.failed);
    assert_true(legacy.has_off);
}

static void next_upload_packet_and_mismatch_are_the_published_bytes(void **state)
{
    uint8_t chunk_bytes[16], bytes[64];
    struct rig_smp_upload_chunk chunk = {.offset = 32, .bytes = chunk_bytes, .n_bytes = sizeof chunk_bytes};

    (void)state;
    memset(chunk_bytes, 0xaa, sizeof chunk_bytes);
    size_t n = rig_smp_encode_upload((struct rig_smp_request_id){1, 3}, &chunk, bytes, sizeof bytes);
    assert_bytes(bytes, n, "0a00001d00010301a2636f66661820646461746150aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
    struct rig_smp_response mismatch = decoded("0b00000800011101bf636f66661840ff");
    assert_true(mismatch.has_off);
    assert_int_equal(mismatch.off, 64);
}

static void group_error_and_its_version_0_twin_decode(void **state)
{
    struct rig_smp_response modern = decoded("0b00001300010701bf63657272bf6567726f75700162726317ffff");
    struct rig_smp_response old =
        decoded("0300001900010801bf627263016372736e6e6d61676963206d69736d61746368ff");
    uint8_t bytes[64];
    char text[96];

    (void)state;
    assert_true(modern.error.failed && modern.error.group_error);
    assert_int_equal(modern.error.group, 1);
    assert_int_equal(modern.error.rc, RIG_SMP_IMAGE_RC_BAD_MAGIC);
    rig_smp_error_text(&modern.error, text, sizeof text);
    assert_string_equal(text, "image group: wrong image magic (23)");
    assert_true(old.error.failed && !old.error.group_error);
    rig_smp_error_text(&old.error, text, sizeof text);
    assert_string_equal(text, "rc 1: unknown error (magic mismatch)");

    struct rig_smp_header request = {
        .version = 1, .op = RIG_SMP_WRITE, .group = 1, .sequence = 7, .command = 1};
    size_t n = rig_smp_encode_group_error(&request, 1, 23, bytes, sizeof bytes);
    assert_bytes(bytes, n, "0b00001300010701bf63657272bf6567726f75700162726317ffff");
    request.version = 0;
    request.sequence = 8;
    n = rig_smp_encode_rc(&request, rig_smp_version0_rc(1, 23), "magic mismatch", bytes, sizeof bytes);
    assert_bytes(bytes, n, "0300001900010801bf627263016372736e6e6d61676963206d69736d61746368ff");
}

#define STATE                                                                                                \
    "0900008600010600bf66696d616765739fbf64736c6f74006776657273696f6e65302e302e30646861736858201baa222074cc" \
    "805faf4e09846d2377886b1e5e"                                                                             \
    "f7cfccd9eac1554d82d9aa9d5a68626f6f7461626c65f56770656e64696e67f469636f6e6669726d6564f566616374697665f5" \
    "697065726d616e656e74f4ff"                                                                               \
    "ff6b73706c697453746174757300ff"

static void image_state_is_the_published_bytes(void **state)
{
    uint8_t bytes[16];
    size_t n = rig_smp_encode_image_list((struct rig_smp_request_id){1, 6}, bytes, sizeof bytes);
    struct rig_smp_response response = decoded(STATE);

    (void)state;
    assert_bytes(bytes, n, "0800000100010600a0");
    assert_true(response.has_images);
    assert_int_equal(response.n_images, 1);
    assert_string_equal(response.images[0].version, "0.0.0");
    assert_int_equal(response.images[0].hash_bytes, 32);
    assert_int_equal(response.images[0].hash[0], 0x1b);
    assert_true(response.images[0].bootable && response.images[0].confirmed && response.images[0].active);
    assert_false(response.images[0].pending || response.images[0].permanent);
}

static void mark_confirm_reset_and_erase_are_the_published_bytes(void **state)
{
    uint8_t hash[32], bytes[64];

    (void)state;
    memset(hash, 0x22, sizeof hash);
    size_t n =
        rig_smp_encode_image_write((struct rig_smp_request_id){1, 6}, hash, 32, false, bytes, sizeof bytes);
    assert_bytes(bytes, n,
                 "0a00003100010600a26468617368 5820 "
                 "2222222222222222222222222222222222222222222222222222222222222222 67636f6e6669726df4");
    n = rig_smp_encode_image_write((struct rig_smp_request_id){1, 0x28}, NULL, 0, true, bytes, sizeof bytes);
    assert_bytes(bytes, n, "0a00000a00012800a167636f6e6669726df5");
    n = rig_smp_encode_reset((struct rig_smp_request_id){1, 7}, false, false, bytes, sizeof bytes);
    assert_bytes(bytes, n, "0a00000100000705a0");
    n = rig_smp_encode_reset((struct rig_smp_request_id){1, 7}, true, false, bytes, sizeof bytes);
    assert_bytes(bytes, n, "0a00000800000705a165666f72636501");
    n = rig_smp_encode_reset((struct rig_smp_request_id){1, 7}, true, true, bytes, sizeof bytes);
    assert_bytes(bytes, n, "0a00001300000705a265666f7263650169626f6f745f6d6f646501");
    n = rig_smp_encode_erase((struct rig_smp_request_id){1, 7}, 1, bytes, sizeof bytes);
    assert_bytes(bytes, n, "0a00000700010705a164736c6f7401");
    n = rig_smp_encode_erase((struct rig_smp_request_id){1, 7}, -1, bytes, sizeof bytes);
    assert_bytes(bytes, n, "0a00000100010705a0");
    assert_false(decoded("0b00000200000705bfff").error.failed);
    struct message forced = hex("0a00001300000705a265666f7263650169626f6f745f6d6f646501");
    struct rig_smp_request request = asked(&forced);
    assert_int_equal(request.keys[RIG_SMP_KEY_FORCE].number, 1);
    assert_int_equal(request.keys[RIG_SMP_KEY_BOOT_MODE].number, 1);
}

static void answers_of_other_groups_decode_and_unknown_keys_are_skipped(void **state)
{
    (void)state;
    decoded("0900005100010806bf66696d616765739fbf65696d6167650065736c6f74739fbf64736c6f74006473697a651a0001a0"
            "00ffbf64736c6f74016473697a65"
            "1a0001a0006f75706c6f61645f696d6167655f696400ffffffffff");
    decoded("0b00002300094200bf616f78180d0a5a65706879722076657273696f6e20342e342e300d0a6372657400ff");
    struct rig_smp_response fs = decoded("0b00001800084800bf63657272bf6567726f7570086272630bff636c656e03ff");
    assert_int_equal(fs.error.group, 8);
    assert_int_equal(fs.error.rc, 11);
    decoded("09000013000a3601bf6667726f7570739f0a0800030902183fffff");
    assert_int_equal(decoded("0b00000c00010801bf62726300636f666618c8ff").off, 200);
}

static enum rig_smp_status status_of(const char *text)
{
    struct message message = hex(text);
    struct rig_smp_response response;

    return rig_smp_decode_response(message.bytes, message.n_bytes, &response);
}

static void short_and_malformed_responses_are_told_apart(void **state)
{
    (void)state;
    assert_int_equal(status_of(""), RIG_SMP_SHORT);
    assert_int_equal(status_of("0b0000090000"), RIG_SMP_SHORT);
    assert_int_equal(status_of("0b00000a00004200bf61726568656c6c6f"), RIG_SMP_SHORT);
    assert_int_equal(status_of("0b00000000004200"), RIG_SMP_MALFORMED);
    assert_int_equal(status_of("0a00000900004200a161646568656c6c6f"), RIG_SMP_MALFORMED);
    assert_int_equal(status_of("0b00000100004200 80"), RIG_SMP_MALFORMED);
    assert_int_equal(status_of("0b00000500004200 a1 6172 4168"), RIG_SMP_MALFORMED);
    assert_int_equal(status_of("0b00000900004200 a2 627263 01 627263 02"), RIG_SMP_MALFORMED);
    assert_int_equal(status_of("0b00000900004200 bb ffffffffffffffff"), RIG_SMP_MALFORMED);
    assert_int_equal(status_of("0b00000c00004200 a1 6178 5b ffffffffffffffff"), RIG_SMP_MALFORMED);
    assert_int_equal(status_of("0b00000c00004200 a1 6178 9b 7fffffffffffffff"), RIG_SMP_MALFORMED);
    assert_int_equal(status_of("0b00000500004200 a1 627263 20"), RIG_SMP_MALFORMED);
    assert_int_equal(status_of("0b00000600004200 a1 627263 a0 00"), RIG_SMP_MALFORMED);
}

static void nesting_bomb_is_refused_and_modest_nesting_is_skipped(void **state)
{
    struct message bomb = hex("0b00002000004200 a1 6178");
    struct rig_smp_response response;

    (void)state;
    memset(bomb.bytes + bomb.n_bytes, 0x81, 500);
    bomb.n_bytes += 500;
    bomb.bytes[2] = (uint8_t)((bomb.n_bytes - 8) >> 8);
    bomb.bytes[3] = (uint8_t)(bomb.n_bytes - 8);
    assert_int_equal(rig_smp_decode_response(bomb.bytes, bomb.n_bytes, &response), RIG_SMP_MALFORMED);
    assert_int_equal(status_of("0b00000900004200 a1 6178 818181818100"), RIG_SMP_OK);
    assert_int_equal(status_of("0b00000c00004200 bf 6178 5f41614162ff f6 ff ff"), RIG_SMP_MALFORMED);
    assert_int_equal(status_of("0b00000a00004200 bf 6178 5f41614162ff ff"), RIG_SMP_OK);
}

static void more_images_than_there_can_be_are_refused(void **state)
{
    struct message message = hex("0900001600010600 a1 66696d61676573 9820");

    (void)state;
    struct rig_smp_response response;

    for (unsigned i = 0; i < RIG_SMP_MAX_IMAGES; i++)
        message.bytes[message.n_bytes++] = 0xa0;
    message.bytes[3] = (uint8_t)(message.n_bytes - 8);
    assert_int_equal(rig_smp_decode_response(message.bytes, message.n_bytes, &response), RIG_SMP_OK);
    assert_int_equal(response.n_images, RIG_SMP_MAX_IMAGES);
    message.bytes[17]++;
    message.bytes[message.n_bytes++] = 0xa0;
    message.bytes[3]++;
    assert_int_equal(rig_smp_decode_response(message.bytes, message.n_bytes, &response), RIG_SMP_MALFORMED);
}

static void upload_room_is_exact_at_every_size(void **state)
{
    static uint8_t payload[1200], bytes[1200];
    uint8_t sha[32] = {0};
    const uint32_t offsets[] = {0, 1, 24, 255, 256, 65535, 65536};

    (void)state;
    for (size_t o = 0; o < sizeof offsets / sizeof *offsets; o++) {
        for (size_t size = 0; size < sizeof bytes; size++) {
            struct rig_smp_upload_chunk chunk = {
                .offset = offsets[o], .total_bytes = 70000, .sha = sha, .bytes = payload};
            size_t room = rig_smp_upload_room(&chunk, size);

            chunk.n_bytes = room;
            if (room > 0)
                assert_true(rig_smp_encode_upload(id42, &chunk, bytes, size) > 0);
            chunk.n_bytes = room + 1;
            assert_int_equal(rig_smp_encode_upload(id42, &chunk, bytes, size), 0);
        }
    }
}

static void requests_that_do_not_fit_are_refused_at_every_room(void **state)
{
    uint8_t bytes[64];

    (void)state;
    for (size_t room = 0; room < 17; room++)
        assert_int_equal(rig_smp_encode_echo(id42, "hello", bytes, room), 0);
    assert_int_equal(rig_smp_encode_echo(id42, "hello", bytes, 17), 17);
    for (size_t room = 0; room < 9; room++)
        assert_int_equal(rig_smp_encode_parameters(id42, bytes, room), 0);
}

static void assert_described(const char *text, const char *expected)
{
    struct message message = hex(text);
    char line[200];

    rig_smp_describe(message.bytes, message.n_bytes, NULL, line, sizeof line);
    assert_string_equal(line, expected);
}

static void describe_says_what_is_meant_and_what_is_wrong(void **state)
{
    (void)state;
    assert_described("0a00001d00010301a2636f66661820646461746150aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
                     "write image upload off=32 data=16 B seq 3");
    assert_described("0b00000800011101bf636f66661840ff", "rsp image upload off=64 seq 17");
    assert_described("0b00001300010701bf63657272bf6567726f75700162726317ffff",
                     "rsp image upload image group: wrong image magic (23) seq 7");
    assert_described(STATE, "rsp image state [slot 0 0.0.0 1baa2220... bootable confirmed active] seq 6");
    assert_described("0a00090000004200a161646568656c6c6f",
                     "write os echo seq 66: length 2304 > 9 bytes present (sent little endian?)");
    assert_described("0a00001100004200a161646568656c6c6f",
                     "write os echo seq 66: length 17 > 9 bytes present (the header counted in?)");
    assert_described("0200000700010001 7b226f6666223a",
                     "write image upload seq 0: the body is JSON text, not CBOR");
    assert_described("0a0000", "3 bytes: shorter than an SMP header");
    assert_described("0a00000000000000", "write os echo seq 0: no body (an empty map is needed)");
    assert_described("0a00000100040900a0", "write group 4 command 0 seq 9");
    assert_described("0a00000900004200a161646568656c6c6f0000", "write os echo d=\"hello\" seq 66 (+2 bytes)");
}

static void describe_fits_any_room(void **state)
{
    struct message message = hex(STATE);

    (void)state;
    for (size_t room = 1; room < 120; room++) {
        char *line = malloc(room);

        assert_non_null(line);
        rig_smp_describe(message.bytes, message.n_bytes, NULL, line, room);
        assert_true(strlen(line) < room);
        free(line);
    }
}

static void every_code_of_the_tables_has_a_text(void **state)
{
    (void)state;
    for (unsigned rc = 0; rc <= 13; rc++)
        assert_non_null(rig_smp_rc_text(rc));
    for (unsigned rc = 0; rc <= 34; rc++)
        assert_non_null(rig_smp_group_rc_text(1, rc));
    assert_null(rig_smp_rc_text(14));
    assert_null(rig_smp_group_rc_text(1, 35));
    assert_null(rig_smp_group_rc_text(77, 1));
    assert_string_equal(rig_smp_group_rc_text(1, 28), "an image is already pending");
    assert_string_equal(rig_smp_group_rc_text(0, 7), "heap statistics failed");
    assert_string_equal(rig_smp_group_rc_text(8, 17), "close failed");
}

static void version_0_codes_follow_the_mapping_table(void **state)
{
    (void)state;
    assert_int_equal(rig_smp_version0_rc(1, 9), RIG_SMP_RC_BAD_STATE);
    assert_int_equal(rig_smp_version0_rc(1, 27), RIG_SMP_RC_BAD_STATE);
    assert_int_equal(rig_smp_version0_rc(1, 28), RIG_SMP_RC_BAD_STATE);
    assert_int_equal(rig_smp_version0_rc(1, 3), RIG_SMP_RC_NO_ENTRY);
    assert_int_equal(rig_smp_version0_rc(1, 15), RIG_SMP_RC_NO_MEMORY);
    assert_int_equal(rig_smp_version0_rc(1, 20), RIG_SMP_RC_INVALID);
    assert_int_equal(rig_smp_version0_rc(1, 24), RIG_SMP_RC_INVALID);
    assert_int_equal(rig_smp_version0_rc(1, 8), RIG_SMP_RC_UNKNOWN);
    assert_int_equal(rig_smp_version0_rc(0, 2), RIG_SMP_RC_INVALID);
}

static void requests_are_decoded_as_the_server_does(void **state)
{
    struct rig_smp_request request;
    struct message text_hash = hex("0a00000700010600a1 6468617368 6161");
    struct message twice = hex("0a00000b00010601a2 636f6666 00 636f6666 00");
    struct message foreign = hex("0a00000a00000500 a2 6468617368 00 6161 f6");
    struct message beyond = hex("0a00000100004200a161646568656c6c6f");

    (void)state;
    assert_int_equal(rig_smp_decode_request(text_hash.bytes, text_hash.n_bytes, &request), RIG_SMP_MALFORMED);
    assert_int_equal(rig_smp_decode_request(twice.bytes, twice.n_bytes, &request), RIG_SMP_MALFORMED);
    assert_int_equal(rig_smp_decode_request(foreign.bytes, foreign.n_bytes, &request), RIG_SMP_OK);
    assert_int_equal(rig_smp_decode_request(beyond.bytes, beyond.n_bytes, &request), RIG_SMP_OK);
    assert_int_equal(request.keys[RIG_SMP_KEY_ECHO].n_bytes, 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(echo_is_the_published_bytes_in_both_answer_forms),
        cmocka_unit_test(parameters_are_the_published_bytes),
        cmocka_unit_test(first_upload_packet_is_the_published_bytes),
        cmocka_unit_test(next_upload_packet_and_mismatch_are_the_published_bytes),
        cmocka_unit_test(group_error_and_its_version_0_twin_decode),
        cmocka_unit_test(image_state_is_the_published_bytes),
        cmocka_unit_test(mark_confirm_reset_and_erase_are_the_published_bytes),
        cmocka_unit_test(answers_of_other_groups_decode_and_unknown_keys_are_skipped),
        cmocka_unit_test(short_and_malformed_responses_are_told_apart),
        cmocka_unit_test(nesting_bomb_is_refused_and_modest_nesting_is_skipped),
        cmocka_unit_test(more_images_than_there_can_be_are_refused),
        cmocka_unit_test(upload_room_is_exact_at_every_size),
        cmocka_unit_test(requests_that_do_not_fit_are_refused_at_every_room),
        cmocka_unit_test(describe_says_what_is_meant_and_what_is_wrong),
        cmocka_unit_test(describe_fits_any_room),
        cmocka_unit_test(every_code_of_the_tables_has_a_text),
        cmocka_unit_test(version_0_codes_follow_the_mapping_table),
        cmocka_unit_test(requests_are_decoded_as_the_server_does),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
