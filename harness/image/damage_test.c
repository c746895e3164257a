/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Every kind of damage makes rig_image_verify say the reason it was made for, in a file and in a padded slot.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "image/build.h"
#include "image/judge.h"

#define PAYLOAD_BYTES 5000u
#define SLOT_BYTES 131072u

/* What a board that knows the key says. in_file: the bare image; in_slot: padded to a slot. */
static const struct {
    enum rig_image_status in_file, in_slot;
} expected[RIG_DAMAGE_N_KINDS] = {
    [RIG_DAMAGE_FLIP_HEADER] = {RIG_IMAGE_BAD_HASH, RIG_IMAGE_BAD_HASH},
    [RIG_DAMAGE_FLIP_PAYLOAD] = {RIG_IMAGE_BAD_HASH, RIG_IMAGE_BAD_HASH},
    [RIG_DAMAGE_FLIP_TLV] = {RIG_IMAGE_BAD_SIGNATURE, RIG_IMAGE_BAD_SIGNATURE},
    [RIG_DAMAGE_FLIP_PROTECTED] = {RIG_IMAGE_BAD_HASH, RIG_IMAGE_BAD_HASH},
    [RIG_DAMAGE_TRUNCATE] = {RIG_IMAGE_READ_FAILED, RIG_IMAGE_READ_FAILED},
    [RIG_DAMAGE_WRONG_HASH] = {RIG_IMAGE_BAD_HASH, RIG_IMAGE_BAD_HASH},
    [RIG_DAMAGE_NO_HASH] = {RIG_IMAGE_NO_HASH, RIG_IMAGE_NO_HASH},
    [RIG_DAMAGE_NO_SIGNATURE] = {RIG_IMAGE_NO_SIGNATURE, RIG_IMAGE_NO_SIGNATURE},
    [RIG_DAMAGE_NO_TLVS] = {RIG_IMAGE_READ_FAILED, RIG_IMAGE_BAD_TLV},
    [RIG_DAMAGE_LIE_PAYLOAD_SIZE] = {RIG_IMAGE_READ_FAILED, RIG_IMAGE_TOO_LARGE},
    [RIG_DAMAGE_LIE_HEADER_SIZE] = {RIG_IMAGE_BAD_HEADER, RIG_IMAGE_BAD_HEADER},
    [RIG_DAMAGE_LIE_TLV_TOTAL] = {RIG_IMAGE_BAD_TLV, RIG_IMAGE_BAD_TLV},
    [RIG_DAMAGE_LIE_PROTECTED] = {RIG_IMAGE_BAD_TLV, RIG_IMAGE_BAD_TLV},
    [RIG_DAMAGE_BAD_MAGIC] = {RIG_IMAGE_BAD_MAGIC, RIG_IMAGE_BAD_MAGIC},
    [RIG_DAMAGE_WRAP_SIZES] = {RIG_IMAGE_BAD_HEADER, RIG_IMAGE_BAD_HEADER},
    [RIG_DAMAGE_NO_KEY] = {RIG_IMAGE_NO_SIGNATURE, RIG_IMAGE_NO_SIGNATURE},
};

/* kind RIG_KEY_N_KINDS: unsigned. Damages up to NO_KEY are those of any image. */
static struct rig_bytes make(unsigned kind, bool with_counter, uint32_t pad_to_bytes, uint8_t erased)
{
    uint8_t payload[PAYLOAD_BYTES];
    struct rig_key *key = kind < RIG_KEY_N_KINDS ? rig_key_test((enum rig_key_kind)kind, 0, NULL) : NULL;
    const struct rig_image_recipe recipe = {
        .payload = payload,
        .payload_bytes = sizeof payload,
        .version = {1, 0, 0, 0},
        .key = key,
        .has_security_counter = with_counter,
        .security_counter = 3,
        .erased = erased,
        .pad_to_bytes = pad_to_bytes,
    };
    struct rig_bytes image;

    rig_image_fill_payload(kind, payload, sizeof payload);
    assert_int_equal(rig_image_build(&recipe, &image), RIG_IMAGE_OK);
    rig_key_free(key);
    return image;
}

static enum rig_image_status judge(const struct rig_bytes *image, unsigned kind)
{
    struct rig_key *key = kind < RIG_KEY_N_KINDS ? rig_key_test((enum rig_key_kind)kind, 0, NULL) : NULL;
    const struct rig_key *const keys[] = {key};
    const struct rig_image_policy policy = {
        .check_hash = true,
        .need_signature = key != NULL,
        .keys = keys,
        .n_keys = key ? 1 : 0,
        .max_image_bytes = SLOT_BYTES - 48,
    };
    const struct rig_memory_image memory = {image->bytes, image->n_bytes};
    const struct rig_image_source source = rig_image_source_from_memory(&memory);
    struct rig_image_layout layout;
    enum rig_image_status status = rig_image_verify(&source, &policy, &layout);

    rig_key_free(key);
    return status;
}

static void check_all(uint32_t pad_to_bytes, uint8_t erased)
{
    for (unsigned kind = 0; kind < RIG_KEY_N_KINDS; kind++) {
        for (unsigned damage = 0; damage <= RIG_DAMAGE_NO_KEY; damage++) {
            struct rig_bytes image = make(kind, true, pad_to_bytes, erased);
            enum rig_image_status wanted = pad_to_bytes ? expected[damage].in_slot : expected[damage].in_file;
            enum rig_image_status status;

            assert_int_equal(judge(&image, kind), RIG_IMAGE_OK);
            assert_int_equal(rig_image_damage(&image, (enum rig_image_damage)damage, UINT32_MAX),
                             RIG_IMAGE_OK);
            status = judge(&image, kind);
            if (status != wanted)
                fail_msg("%s, %s: %s", rig_key_kind_name((enum rig_key_kind)kind),
                         rig_image_damage_name((enum rig_image_damage)damage), rig_image_status_text(status));
            rig_bytes_clear(&image);
        }
    }
}

static void each_damage_of_a_file_is_refused_for_its_reason(void **state)
{
    (void)state;
    check_all(0, 0xff);
}

static void each_damage_in_a_slot_is_refused_for_its_reason(void **state)
{
    (void)state;
    check_all(SLOT_BYTES, 0xff);
}

static void each_damage_in_a_slot_that_erases_to_zero_is_refused_for_its_reason(void **state)
{
    (void)state;
    check_all(SLOT_BYTES, 0x00);
}

static void a_slot_keeps_its_size_and_its_trailer(void **state)
{
    (void)state;
    for (unsigned damage = 0; damage <= RIG_DAMAGE_NO_KEY; damage++) {
        struct rig_bytes image = make(RIG_KEY_ED25519, false, SLOT_BYTES, 0xff), whole;

        if (damage == RIG_DAMAGE_TRUNCATE || damage == RIG_DAMAGE_FLIP_PROTECTED) {
            rig_bytes_clear(&image);
            continue;
        }
        whole = make(RIG_KEY_ED25519, false, SLOT_BYTES, 0xff);
        assert_int_equal(rig_image_damage(&image, (enum rig_image_damage)damage, UINT32_MAX), RIG_IMAGE_OK);
        assert_int_equal(image.n_bytes, SLOT_BYTES);
        assert_memory_equal(image.bytes + 6000, whole.bytes + 6000, SLOT_BYTES - 6000);
        assert_memory_not_equal(image.bytes, whole.bytes, SLOT_BYTES);
        rig_bytes_clear(&image);
        rig_bytes_clear(&whole);
    }
}

static void flips_go_where_they_are_sent_and_nowhere_else(void **state)
{
    static const struct {
        enum rig_image_damage damage;
        uint32_t at, offset;
    } cases[] = {
        {RIG_DAMAGE_FLIP_HEADER, 0, 0},
        {RIG_DAMAGE_FLIP_HEADER, 31, 31},
        {RIG_DAMAGE_FLIP_HEADER, UINT32_MAX, 22},
        {RIG_DAMAGE_FLIP_PAYLOAD, 0, 32},
        {RIG_DAMAGE_FLIP_PAYLOAD, PAYLOAD_BYTES - 1, 31 + PAYLOAD_BYTES},
        {RIG_DAMAGE_FLIP_PROTECTED, 3, 32 + PAYLOAD_BYTES + 4 + 4 + 3},
        {RIG_DAMAGE_FLIP_TLV, 0, 32 + PAYLOAD_BYTES + 12 + 8},
        {RIG_DAMAGE_FLIP_TLV, 32, 32 + PAYLOAD_BYTES + 12 + 8 + 36}, /* the key hash */
        {RIG_DAMAGE_FLIP_TLV, 127, 32 + PAYLOAD_BYTES + 12 + 143},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct rig_bytes image = make(RIG_KEY_ED25519, true, 0, 0xff),
                         whole = make(RIG_KEY_ED25519, true, 0, 0xff);

        assert_int_equal(rig_image_damage(&image, cases[i].damage, cases[i].at), RIG_IMAGE_OK);
        image.bytes[cases[i].offset] ^= 1;
        assert_memory_equal(image.bytes, whole.bytes, whole.n_bytes);
        rig_bytes_clear(&image);
        rig_bytes_clear(&whole);
    }
}

static void places_that_do_not_exist_are_refused_and_change_nothing(void **state)
{
    static const struct {
        enum rig_image_damage damage;
        uint32_t at;
        enum rig_image_status status;
    } cases[] = {
        {RIG_DAMAGE_FLIP_HEADER, 32, RIG_IMAGE_READ_FAILED},
        {RIG_DAMAGE_FLIP_PAYLOAD, PAYLOAD_BYTES, RIG_IMAGE_READ_FAILED},
        {RIG_DAMAGE_FLIP_TLV, 32, RIG_IMAGE_READ_FAILED},
        {RIG_DAMAGE_FLIP_PROTECTED, UINT32_MAX, RIG_IMAGE_READ_FAILED},
        {RIG_DAMAGE_FLIP_PROTECTED, 0, RIG_IMAGE_READ_FAILED},
        {RIG_DAMAGE_TRUNCATE, 100000, RIG_IMAGE_READ_FAILED},
        {RIG_DAMAGE_NO_SIGNATURE, UINT32_MAX, RIG_IMAGE_NO_SIGNATURE},
        {RIG_DAMAGE_NO_KEY, UINT32_MAX, RIG_IMAGE_NO_KEY_TLV},
        {RIG_DAMAGE_FLIP_ENCRYPTED_KEY, UINT32_MAX, RIG_IMAGE_NO_KEY_TLV},
        {RIG_DAMAGE_NO_ENCRYPTED_FLAG, UINT32_MAX, RIG_IMAGE_NO_KEY_TLV},
        {(enum rig_image_damage)99, UINT32_MAX, RIG_IMAGE_READ_FAILED},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct rig_bytes image = make(RIG_KEY_N_KINDS, false, 0, 0xff);

        assert_int_equal(rig_image_damage(&image, cases[i].damage, cases[i].at), cases[i].status);
        assert_int_equal(judge(&image, RIG_KEY_N_KINDS), RIG_IMAGE_OK);
        rig_bytes_clear(&image);
    }
}

/* Of an encrypted image, held against its keys. */
static void each_damage_of_the_encrypted_key_fails_for_its_reason(void **state)
{
    static const enum rig_image_status wanted[] = {
        [RIG_DAMAGE_FLIP_ENCRYPTED_KEY] = RIG_IMAGE_BAD_ENCRYPTION_KEY,
        [RIG_DAMAGE_SHORT_ENCRYPTED_KEY] = RIG_IMAGE_BAD_KEY_TLV,
        [RIG_DAMAGE_LIE_ENCRYPTED_KEY] = RIG_IMAGE_BAD_TLV,
        [RIG_DAMAGE_NO_ENCRYPTED_KEY] = RIG_IMAGE_NO_KEY_TLV,
        [RIG_DAMAGE_NO_ENCRYPTED_FLAG] = RIG_IMAGE_BAD_HASH,
    };
    struct rig_encrypt_key *secret = rig_encrypt_key_test(RIG_ENCRYPT_ECIES_P256, 0, 0, NULL);

    (void)state;
    for (unsigned damage = RIG_DAMAGE_FLIP_ENCRYPTED_KEY; damage < RIG_DAMAGE_N_KINDS; damage++) {
        uint8_t payload[PAYLOAD_BYTES] = {0};
        const struct rig_image_recipe recipe = {.payload = payload,
                                                .payload_bytes = sizeof payload,
                                                .encrypt_to = secret,
                                                .pad_to_bytes = SLOT_BYTES};
        struct rig_image_judgement judgement;
        struct rig_memory_image memory;
        struct rig_image_source source;
        struct rig_bytes image;

        assert_int_equal(rig_image_build(&recipe, &image), RIG_IMAGE_OK);
        memory = (struct rig_memory_image){image.bytes, image.n_bytes};
        source = rig_image_source_from_memory(&memory);
        rig_image_judge(&source, NULL, 0, secret, UINT32_MAX, &judgement);
        assert_int_equal(judgement.verdict, RIG_IMAGE_PASSES);
        assert_int_equal(rig_image_damage(&image, (enum rig_image_damage)damage, UINT32_MAX), RIG_IMAGE_OK);
        rig_image_judge(&source, NULL, 0, secret, UINT32_MAX, &judgement);
        assert_int_equal(judgement.verdict, RIG_IMAGE_FAILS);
        assert_int_equal(judgement.status, wanted[damage]);
        rig_bytes_clear(&image);
    }
    rig_encrypt_key_free(secret);
}

static void an_unsigned_image_loses_its_hash(void **state)
{
    struct rig_bytes image = make(RIG_KEY_N_KINDS, false, 0, 0xff);

    (void)state;
    assert_int_equal(rig_image_damage(&image, RIG_DAMAGE_FLIP_TLV, UINT32_MAX), RIG_IMAGE_OK);
    assert_int_equal(judge(&image, RIG_KEY_N_KINDS), RIG_IMAGE_BAD_HASH);
    assert_int_equal(rig_image_damage(&image, RIG_DAMAGE_NO_HASH, UINT32_MAX), RIG_IMAGE_OK);
    assert_int_equal(judge(&image, RIG_KEY_N_KINDS), RIG_IMAGE_NO_HASH);
    assert_int_equal(rig_image_damage(&image, RIG_DAMAGE_WRONG_HASH, UINT32_MAX), RIG_IMAGE_NO_HASH);
    rig_bytes_clear(&image);
}

/* A second hash TLV behind the only one. */
static void all_hashes_go_not_only_the_first(void **state)
{
    enum { AREA = 4, ENTRY = 4 + RIG_IMAGE_HASH_BYTES };
    struct rig_bytes image = make(RIG_KEY_N_KINDS, false, 0, 0xff);
    uint8_t *twice = malloc(image.n_bytes + ENTRY);
    uint8_t *total = twice + image.n_bytes - ENTRY - AREA + 2;

    (void)state;
    assert_non_null(twice);
    memcpy(twice, image.bytes, image.n_bytes);
    memcpy(twice + image.n_bytes, image.bytes + image.n_bytes - ENTRY, ENTRY);
    rig_put_le16(total, (uint16_t)(rig_get_le16(total) + ENTRY));
    free(image.bytes);
    image = (struct rig_bytes){.bytes = twice, .n_bytes = image.n_bytes + ENTRY};
    assert_int_equal(judge(&image, RIG_KEY_N_KINDS), RIG_IMAGE_OK);
    assert_int_equal(rig_image_damage(&image, RIG_DAMAGE_NO_HASH, UINT32_MAX), RIG_IMAGE_OK);
    assert_int_equal(judge(&image, RIG_KEY_N_KINDS), RIG_IMAGE_NO_HASH);
    rig_bytes_clear(&image);
}

static void truncation_at_every_byte_is_refused(void **state)
{
    struct rig_bytes whole = make(RIG_KEY_ED25519, true, 0, 0xff);

    (void)state;
    for (uint32_t at = 0; at<whole.n_bytes; at += at> 60 && at < 4900 ? 97 : 1) {
        struct rig_bytes image = make(RIG_KEY_ED25519, true, 0, 0xff);
        enum rig_image_status status;

        assert_int_equal(rig_image_damage(&image, RIG_DAMAGE_TRUNCATE, at), RIG_IMAGE_OK);
        assert_int_equal(image.n_bytes, at);
        status = judge(&image, RIG_KEY_ED25519);
        assert_true(status == RIG_IMAGE_READ_FAILED || status == RIG_IMAGE_BAD_TLV);
        rig_bytes_clear(&image);
    }
    rig_bytes_clear(&whole);
}

static void what_is_no_image_is_not_damaged(void **state)
{
    uint8_t bytes[64] = {0};
    struct rig_bytes image = {bytes, sizeof bytes};

    (void)state;
    for (unsigned damage = 0; damage <= RIG_DAMAGE_NO_KEY; damage++)
        assert_int_equal(rig_image_damage(&image, (enum rig_image_damage)damage, UINT32_MAX),
                         RIG_IMAGE_NO_IMAGE);
}

static void names_of_damages_read_back(void **state)
{
    enum rig_image_damage found;

    (void)state;
    for (unsigned damage = 0; damage <= RIG_DAMAGE_NO_KEY; damage++) {
        assert_true(rig_image_damage_from_name(rig_image_damage_name((enum rig_image_damage)damage), &found));
        assert_int_equal(found, damage);
    }
    assert_false(rig_image_damage_from_name("melt", &found));
    assert_false(rig_image_damage_from_name(NULL, &found));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_damage_of_a_file_is_refused_for_its_reason),
        cmocka_unit_test(each_damage_in_a_slot_is_refused_for_its_reason),
        cmocka_unit_test(each_damage_in_a_slot_that_erases_to_zero_is_refused_for_its_reason),
        cmocka_unit_test(a_slot_keeps_its_size_and_its_trailer),
        cmocka_unit_test(flips_go_where_they_are_sent_and_nowhere_else),
        cmocka_unit_test(places_that_do_not_exist_are_refused_and_change_nothing),
        cmocka_unit_test(each_damage_of_the_encrypted_key_fails_for_its_reason),
        cmocka_unit_test(an_unsigned_image_loses_its_hash),
        cmocka_unit_test(all_hashes_go_not_only_the_first),
        cmocka_unit_test(truncation_at_every_byte_is_refused),
        cmocka_unit_test(what_is_no_image_is_not_damaged),
        cmocka_unit_test(names_of_damages_read_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
