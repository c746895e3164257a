/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Init packets: form on the wire, signature, the limits of a bootloader's decoder, hostile bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "image/init_packet.h"
#include "protocol/nordic/dfu.h"

static struct rig_key *test_key(unsigned index)
{
    struct rig_key *key = rig_key_test(RIG_KEY_ECDSA_P256, index, NULL);

    assert_non_null(key);
    return key;
}

/* What nrfutil makes of an application of 1508 bytes for an nRF52 without SoftDevice. */
static struct rig_init_packet blinky(void)
{
    struct rig_init_packet packet = {
        .has_op_code = true,
        .op_code = RIG_INIT_OP_INIT,
        .has_fw_version = true,
        .fw_version = 1,
        .has_hw_version = true,
        .hw_version = 52,
        .n_sd_req = 1,
        .has_type = true,
        .type = RIG_DFU_APPLICATION,
        .has_sd_size = true,
        .has_bl_size = true,
        .has_app_size = true,
        .app_size = 1508,
        .has_hash = true,
        .hash_type = RIG_INIT_HASH_SHA256,
        .n_hash_bytes = 32,
        .has_is_debug = true,
        .is_debug = true,
        .n_boot_validations = 1,
        .boot_validations = {{.type = RIG_INIT_BOOT_CRC}},
    };

    memset(packet.hash, 0xa5, sizeof packet.hash);
    return packet;
}

static size_t encode(struct rig_init_packet *packet, const struct rig_key *key, uint8_t *into)
{
    size_t n_bytes;

    assert_int_equal(rig_init_packet_encode(packet, key, into, &n_bytes), RIG_INIT_OK);
    return n_bytes;
}

static void a_signed_packet_has_the_bytes_of_nrfutil(void **state)
{
    static const uint8_t head[] = {0x12, 0x88, 0x01, 0x0a, 0x42, 0x08, 0x01, 0x12, 0x3e, 0x08, 0x01,
                                   0x10, 0x34, 0x1a, 0x01, 0x00, 0x20, 0x00, 0x28, 0x00, 0x30, 0x00,
                                   0x38, 0xe4, 0x0b, 0x42, 0x24, 0x08, 0x03, 0x12, 0x20};
    static const uint8_t tail[] = {0x48, 0x01, 0x52, 0x04, 0x08, 0x01, 0x12, 0x00, 0x10, 0x00, 0x1a, 0x40};
    struct rig_key *key = test_key(0);
    struct rig_init_packet packet = blinky();
    uint8_t bytes[RIG_INIT_PACKET_MAX_BYTES];

    (void)state;
    assert_int_equal(encode(&packet, key, bytes), 139);
    assert_memory_equal(bytes, head, sizeof head);
    assert_memory_equal(bytes + sizeof head + 32, tail, sizeof tail);
    assert_int_equal(packet.covered_offset, 9);
    assert_int_equal(packet.n_covered_bytes, 62);
    rig_key_free(key);
}

static void an_unsigned_packet_has_the_bytes_of_nrfutil(void **state)
{
    static const uint8_t head[] = {0x0a, 0x44, 0x08, 0x01, 0x12, 0x40, 0x08, 0x01, 0x10, 0x34};
    struct rig_init_packet packet = blinky(), decoded;
    uint8_t bytes[RIG_INIT_PACKET_MAX_BYTES];
    size_t n_bytes;

    (void)state;
    packet.sd_req[0] = 0xcafe; /* three bytes on the wire */
    n_bytes = encode(&packet, NULL, bytes);
    assert_int_equal(n_bytes, 70);
    assert_memory_equal(bytes, head, sizeof head);
    assert_int_equal(rig_init_packet_decode(bytes, n_bytes, &decoded), RIG_INIT_OK);
    assert_false(decoded.is_signed);
    assert_int_equal(decoded.sd_req[0], 0xcafe);
}

static void everything_comes_back_as_it_was_given(void **state)
{
    struct rig_key *key = test_key(0);
    struct rig_init_packet packet = blinky(), decoded;
    uint8_t bytes[RIG_INIT_PACKET_MAX_BYTES];
    size_t n_bytes;

    (void)state;
    packet.fw_version = UINT32_MAX;
    packet.type = RIG_DFU_SOFTDEVICE_BOOTLOADER;
    packet.sd_size = 0x25634;
    packet.bl_size = 0x6000;
    packet.n_sd_req = RIG_INIT_MAX_SD_REQ;
    for (size_t i = 0; i < packet.n_sd_req; i++)
        packet.sd_req[i] = (uint32_t)(0x100 + i);
    packet.n_boot_validations = RIG_INIT_MAX_BOOT_VALIDATIONS;
    for (size_t i = 0; i < packet.n_boot_validations; i++) {
        packet.boot_validations[i] = (struct rig_init_boot){.type = RIG_INIT_BOOT_ECDSA, .n_bytes = 64};
        memset(packet.boot_validations[i].bytes, (int)i + 1, 64);
    }
    n_bytes = encode(&packet, key, bytes);
    assert_int_equal(rig_init_packet_decode(bytes, n_bytes, &decoded), RIG_INIT_OK);
    assert_int_equal(decoded.fw_version, UINT32_MAX);
    assert_int_equal(decoded.type, RIG_DFU_SOFTDEVICE_BOOTLOADER);
    assert_int_equal(decoded.sd_size, 0x25634);
    assert_int_equal(decoded.bl_size, 0x6000);
    assert_int_equal(decoded.n_sd_req, RIG_INIT_MAX_SD_REQ);
    assert_memory_equal(decoded.sd_req, packet.sd_req, sizeof packet.sd_req);
    assert_int_equal(decoded.n_hash_bytes, 32);
    assert_memory_equal(decoded.hash, packet.hash, 32);
    assert_int_equal(decoded.n_boot_validations, 3);
    assert_int_equal(decoded.boot_validations[2].n_bytes, 64);
    assert_memory_equal(decoded.boot_validations[2].bytes, packet.boot_validations[2].bytes, 64);
    assert_true(decoded.is_signed && decoded.has_is_debug && decoded.is_debug);
    assert_int_equal(decoded.length_bytes, 2);
    assert_true(rig_init_packet_verify(&decoded, bytes, key));
    rig_key_free(key);
}

static void the_signature_is_the_keys_and_over_every_covered_byte(void **state)
{
    struct rig_key *key = test_key(0), *stranger = test_key(1);
    struct rig_init_packet packet = blinky(), decoded;
    uint8_t bytes[RIG_INIT_PACKET_MAX_BYTES], again[RIG_INIT_PACKET_MAX_BYTES];
    size_t n_bytes = encode(&packet, key, bytes);

    (void)state;
    assert_int_equal(encode(&packet, key, again), n_bytes);
    assert_memory_equal(bytes, again, n_bytes);
    assert_int_equal(rig_init_packet_decode(bytes, n_bytes, &decoded), RIG_INIT_OK);
    assert_true(rig_init_packet_verify(&decoded, bytes, key));
    assert_false(rig_init_packet_verify(&decoded, bytes, stranger));
    for (size_t i = 0; i < decoded.n_covered_bytes; i++) {
        bytes[decoded.covered_offset + i] ^= 1;
        assert_false(rig_init_packet_verify(&decoded, bytes, key));
        bytes[decoded.covered_offset + i] ^= 1;
    }
    decoded.signature[0] ^= 1;
    assert_false(rig_init_packet_verify(&decoded, bytes, key));
    decoded.signature[0] ^= 1;
    decoded.n_signature_bytes = 63;
    assert_false(rig_init_packet_verify(&decoded, bytes, key));
    rig_key_free(key);
    rig_key_free(stranger);
}

static void only_a_private_p256_key_signs(void **state)
{
    struct rig_key *other = rig_key_test(RIG_KEY_ED25519, 0, NULL);
    struct rig_init_packet packet = blinky();
    uint8_t bytes[RIG_INIT_PACKET_MAX_BYTES];
    size_t n_bytes;

    (void)state;
    assert_int_equal(rig_init_packet_encode(&packet, other, bytes, &n_bytes), RIG_INIT_KEY);
    assert_int_equal(n_bytes, 0);
    rig_key_free(other);
}

static void no_prefix_of_a_packet_decodes_and_zeros_behind_it_are_nothing(void **state)
{
    struct rig_key *key = test_key(0);
    struct rig_init_packet packet = blinky(), decoded;
    uint8_t bytes[RIG_INIT_PACKET_MAX_BYTES] = {0};
    size_t n_bytes = encode(&packet, key, bytes);

    (void)state;
    for (size_t i = 0; i < n_bytes; i++)
        assert_int_not_equal(rig_init_packet_decode(bytes, i, &decoded), RIG_INIT_OK);
    assert_int_equal(rig_init_packet_decode(bytes, n_bytes + 1, &decoded), RIG_INIT_OK);
    assert_int_equal(rig_init_packet_decode(bytes, sizeof bytes, &decoded), RIG_INIT_OK);
    assert_true(rig_init_packet_verify(&decoded, bytes, key));
    rig_key_free(key);
}

/* nanopb takes the end of the bytes for the end of the message while it reads a tag. */
static void bytes_behind_a_packet_are_nothing_as_long_as_they_may_begin_a_tag(void **state)
{
    struct rig_key *key = test_key(0);
    struct rig_init_packet packet = blinky(), decoded;
    uint8_t bytes[RIG_INIT_PACKET_MAX_BYTES] = {0};
    size_t n_bytes = encode(&packet, key, bytes);

    (void)state;
    memset(bytes + n_bytes, 0xff, 6);
    for (size_t i = 1; i <= 5; i++) {
        assert_int_equal(rig_init_packet_decode(bytes, n_bytes + i, &decoded), RIG_INIT_OK);
        assert_true(rig_init_packet_verify(&decoded, bytes, key));
    }
    assert_int_equal(rig_init_packet_decode(bytes, n_bytes + 6, &decoded), RIG_INIT_MALFORMED);
    bytes[n_bytes] = 0x08; /* a tag that is whole, and nothing behind it */
    assert_int_not_equal(rig_init_packet_decode(bytes, n_bytes + 1, &decoded), RIG_INIT_OK);
    rig_key_free(key);
}

/* An unsigned packet around the bytes of an init command. */
static enum rig_init_status decode_init(const uint8_t *init, size_t n_init, struct rig_init_packet *decoded)
{
    uint8_t bytes[160] = {0x0a, (uint8_t)(n_init + 4), 0x08, 0x01, 0x12, (uint8_t)n_init};

    assert_true(n_init < 124);
    memcpy(bytes + 6, init, n_init);
    return rig_init_packet_decode(bytes, 6 + n_init, decoded);
}

static void more_than_the_decoder_has_room_for_does_not_decode(void **state)
{
    static const uint8_t packed_16[] = {0x1a, 16, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
    static const uint8_t packed_17[] = {0x1a, 17, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17};
    static const uint8_t four_boots[] = {0x52, 4, 8, 1, 18, 0, 0x52, 4, 8, 1, 18, 0,
                                         0x52, 4, 8, 1, 18, 0, 0x52, 4, 8, 1, 18, 0};
    static const uint8_t largest[] = {0x08, 0xff, 0xff, 0xff, 0xff, 0x0f};
    static const uint8_t too_large[] = {0x08, 0x80, 0x80, 0x80, 0x80, 0x10};
    static const uint8_t type_255[] = {0x20, 0xff, 0x01}, type_256[] = {0x20, 0x80, 0x02};
    uint8_t unpacked[34], hash[40] = {0x42, 37, 8, 3, 18, 33};
    struct rig_init_packet decoded;

    (void)state;
    for (size_t i = 0; i < 17; i++) {
        unpacked[2 * i] = 0x18;
        unpacked[2 * i + 1] = (uint8_t)i;
    }
    assert_int_equal(decode_init(packed_16, sizeof packed_16, &decoded), RIG_INIT_OK);
    assert_int_equal(decoded.n_sd_req, 16);
    assert_int_equal(decode_init(packed_17, sizeof packed_17, &decoded), RIG_INIT_LIMIT);
    assert_int_equal(decode_init(unpacked, 32, &decoded), RIG_INIT_OK);
    assert_int_equal(decoded.sd_req[15], 15);
    assert_int_equal(decode_init(unpacked, 34, &decoded), RIG_INIT_LIMIT);
    assert_int_equal(decode_init(four_boots, 18, &decoded), RIG_INIT_OK);
    assert_int_equal(decode_init(four_boots, sizeof four_boots, &decoded), RIG_INIT_LIMIT);
    assert_int_equal(decode_init(hash, 39, &decoded), RIG_INIT_LIMIT);
    hash[1] = 36;
    hash[5] = 32;
    assert_int_equal(decode_init(hash, 38, &decoded), RIG_INIT_OK);
    assert_int_equal(decode_init(largest, sizeof largest, &decoded), RIG_INIT_OK);
    assert_int_equal(decoded.fw_version, UINT32_MAX);
    assert_int_equal(decode_init(too_large, sizeof too_large, &decoded), RIG_INIT_LIMIT);
    assert_int_equal(decode_init(type_255, sizeof type_255, &decoded), RIG_INIT_OK);
    assert_int_equal(decode_init(type_256, sizeof type_256, &decoded), RIG_INIT_LIMIT);
}

static void what_is_no_protocol_buffer_does_not_decode(void **state)
{
    static const uint8_t wrong_wire[] = {0x0a, 1, 1}, no_hash_type[] = {0x42, 2, 18, 0}, group[] = {0x7b};
    static const uint8_t endless[] = {0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01};
    static const uint8_t unknown[] = {0x78, 5, 0x7a, 1, 9, 0x7d, 1, 2, 3, 4, 0x79, 1, 2, 3, 4, 5, 6, 7, 8};
    struct rig_init_packet decoded;

    (void)state;
    assert_int_equal(decode_init(wrong_wire, sizeof wrong_wire, &decoded), RIG_INIT_MALFORMED);
    assert_int_equal(decode_init(no_hash_type, sizeof no_hash_type, &decoded), RIG_INIT_MALFORMED);
    assert_int_equal(decode_init(group, sizeof group, &decoded), RIG_INIT_MALFORMED);
    assert_int_equal(decode_init(endless, sizeof endless, &decoded), RIG_INIT_MALFORMED);
    assert_int_equal(decode_init(unknown, sizeof unknown, &decoded), RIG_INIT_OK);
}

static void one_init_command_signed_or_unsigned(void **state)
{
    static const uint8_t nothing[] = {0}, no_init[] = {0x0a, 2, 8, 1};
    static const uint8_t two_inits[] = {0x0a, 4, 0x12, 0, 0x12, 0};
    static const uint8_t two_commands[] = {0x0a, 2, 0x12, 0, 0x0a, 2, 0x12, 0};
    static const uint8_t both[] = {0x0a, 2, 8, 1, 0x12, 8, 0x0a, 2, 0x12, 0, 0x10, 0, 0x1a, 0};
    static const uint8_t one[] = {0x0a, 2, 0x12, 0};
    struct rig_init_packet decoded;

    (void)state;
    assert_int_equal(rig_init_packet_decode(nothing, 0, &decoded), RIG_INIT_FORM);
    assert_int_equal(rig_init_packet_decode(no_init, sizeof no_init, &decoded), RIG_INIT_FORM);
    assert_int_equal(rig_init_packet_decode(two_inits, sizeof two_inits, &decoded), RIG_INIT_FORM);
    assert_int_equal(rig_init_packet_decode(two_commands, sizeof two_commands, &decoded), RIG_INIT_FORM);
    assert_int_equal(rig_init_packet_decode(both, sizeof both, &decoded), RIG_INIT_FORM);
    assert_int_equal(rig_init_packet_decode(one, sizeof one, &decoded), RIG_INIT_OK);
}

/* As it is with the real code: the covered bytes go on to the end of the command, and are decoded again. */
static void what_follows_a_signed_init_command_is_part_of_it(void **state)
{
    static const uint8_t bytes[] = {0x12, 13, 0x0a, 7, 0x12, 2, 0x08, 5, 0x18, 9, 0x00, 0x10, 0x00, 0x1a, 0};
    uint8_t fitting[sizeof bytes];
    struct rig_init_packet decoded;

    (void)state;
    memcpy(fitting, bytes, sizeof bytes);
    assert_int_equal(rig_init_packet_decode(bytes, sizeof bytes, &decoded), RIG_INIT_MALFORMED);
    fitting[3] = 6; /* the command ends behind 18 09, which is a field that commands do not have */
    memmove(fitting + 10, bytes + 11, 4);
    fitting[1] = 12;
    assert_int_equal(rig_init_packet_decode(fitting, sizeof bytes - 1, &decoded), RIG_INIT_OK);
    assert_int_equal(decoded.n_covered_bytes, 4);
    assert_int_equal(decoded.fw_version, 5);
    assert_int_equal(decoded.n_sd_req, 1);
    assert_int_equal(decoded.sd_req[0], 9);
}

static void hash_is_the_last_byte_first(void **state)
{
    uint8_t hash[RIG_IMAGE_HASH_BYTES];

    (void)state;
    assert_true(rig_init_hash_of("abc", 3, hash));
    assert_int_equal(hash[31], 0xba); /* FIPS 180-2: ba7816bf ... f20015ad */
    assert_int_equal(hash[30], 0x78);
    assert_int_equal(hash[0], 0xad);
    assert_int_equal(hash[1], 0x15);
}

static void a_legacy_packet_comes_back_as_it_was(void **state)
{
    static const uint8_t bytes[] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                    0xff, 0x01, 0x00, 0xfe, 0xff, 0x4c, 0x24};
    struct rig_legacy_init init;
    uint8_t again[RIG_LEGACY_INIT_MAX_BYTES];
    size_t n_bytes;

    (void)state;
    assert_int_equal(rig_legacy_init_decode(bytes, sizeof bytes, &init), RIG_INIT_OK);
    assert_int_equal(init.device_type, RIG_LEGACY_ANY_DEVICE);
    assert_int_equal(init.application_version, RIG_LEGACY_ANY_VERSION);
    assert_int_equal(init.n_sd_req, 1);
    assert_int_equal(init.sd_req[0], RIG_INIT_SD_ANY);
    assert_int_equal(init.n_extended_bytes, 2);
    assert_int_equal(init.extended[0] | init.extended[1] << 8, 0x244c);
    assert_int_equal(rig_legacy_init_encode(&init, again, &n_bytes), RIG_INIT_OK);
    assert_int_equal(n_bytes, sizeof bytes);
    assert_memory_equal(again, bytes, n_bytes);
}

static void a_legacy_packet_that_lies_does_not_decode(void **state)
{
    uint8_t bytes[RIG_LEGACY_INIT_MAX_BYTES + 1] = {0};
    struct rig_legacy_init init = {.n_sd_req = RIG_LEGACY_INIT_MAX_SD_REQ + 1};
    size_t n_bytes;

    (void)state;
    assert_int_equal(rig_legacy_init_encode(&init, bytes, &n_bytes), RIG_INIT_TOO_LARGE);
    assert_int_equal(rig_legacy_init_decode(bytes, 9, &init), RIG_INIT_MALFORMED);
    assert_int_equal(rig_legacy_init_decode(bytes, 10, &init), RIG_INIT_OK);
    bytes[8] = 1;
    assert_int_equal(rig_legacy_init_decode(bytes, 11, &init), RIG_INIT_MALFORMED);
    assert_int_equal(rig_legacy_init_decode(bytes, 12, &init), RIG_INIT_OK);
    bytes[8] = 16;
    assert_int_equal(rig_legacy_init_decode(bytes, RIG_LEGACY_INIT_MAX_BYTES, &init), RIG_INIT_OK);
    assert_int_equal(init.n_extended_bytes, RIG_LEGACY_INIT_MAX_EXTENDED_BYTES);
    assert_int_equal(rig_legacy_init_decode(bytes, RIG_LEGACY_INIT_MAX_BYTES + 1, &init), RIG_INIT_LIMIT);
    bytes[8] = 17;
    assert_int_equal(rig_legacy_init_decode(bytes, RIG_LEGACY_INIT_MAX_BYTES, &init), RIG_INIT_LIMIT);
    bytes[8] = bytes[9] = 0xff;
    assert_int_equal(rig_legacy_init_decode(bytes, sizeof bytes, &init), RIG_INIT_MALFORMED);
}

static void the_crc_has_its_check_value_in_one_go_and_in_two(void **state)
{
    (void)state;
    assert_int_equal(rig_legacy_crc16(0xffff, "123456789", 9), 0x29b1);
    assert_int_equal(rig_legacy_crc16(rig_legacy_crc16(0xffff, "1234", 4), "56789", 5), 0x29b1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_signed_packet_has_the_bytes_of_nrfutil),
        cmocka_unit_test(an_unsigned_packet_has_the_bytes_of_nrfutil),
        cmocka_unit_test(everything_comes_back_as_it_was_given),
        cmocka_unit_test(the_signature_is_the_keys_and_over_every_covered_byte),
        cmocka_unit_test(only_a_private_p256_key_signs),
        cmocka_unit_test(no_prefix_of_a_packet_decodes_and_zeros_behind_it_are_nothing),
        cmocka_unit_test(bytes_behind_a_packet_are_nothing_as_long_as_they_may_begin_a_tag),
        cmocka_unit_test(more_than_the_decoder_has_room_for_does_not_decode),
        cmocka_unit_test(what_is_no_protocol_buffer_does_not_decode),
        cmocka_unit_test(one_init_command_signed_or_unsigned),
        cmocka_unit_test(what_follows_a_signed_init_command_is_part_of_it),
        cmocka_unit_test(hash_is_the_last_byte_first),
        cmocka_unit_test(a_legacy_packet_comes_back_as_it_was),
        cmocka_unit_test(a_legacy_packet_that_lies_does_not_decode),
        cmocka_unit_test(the_crc_has_its_check_value_in_one_go_and_in_two),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
