/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Encrypted images: each way of wrapping there and back, key TLVs of imgtool's, the payload at any offset,
 * and key TLVs that lie. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "image/build.h"

#define PAYLOAD_BYTES 1000u

static const uint8_t seed[RIG_ENCRYPT_SEED_BYTES] = {1, 2, 3};

static struct rig_encrypt_key *test_key(enum rig_encrypt_kind kind, unsigned aes_bits, unsigned index)
{
    const char *why = NULL;
    struct rig_encrypt_key *key = rig_encrypt_key_test(kind, aes_bits, index, &why);

    if (!key)
        fail_msg("%s", why);
    return key;
}

static struct rig_bytes build(const struct rig_encrypt_key *key, unsigned aes_bits, bool sha512, bool clear)
{
    static uint8_t payload[PAYLOAD_BYTES];
    struct rig_bytes image;
    struct rig_image_recipe recipe = {
        .payload = payload,
        .payload_bytes = sizeof payload,
        .version = {1, 2, 3, 4},
        .has_security_counter = true,
        .security_counter = 7,
        .erased = 0xff,
        .encrypt_to = key,
        .aes_bits = aes_bits,
        .hmac_sha512 = sha512,
        .clear = clear,
        .encrypt_seed = seed,
    };

    rig_image_fill_payload(5, payload, sizeof payload);
    assert_int_equal(rig_image_build(&recipe, &image), RIG_IMAGE_OK);
    return image;
}

/* Whether the decrypted bytes have the hash that the image carries, once its key is unwrapped with this key.
 */
static enum rig_image_status judge(const struct rig_bytes *image, enum rig_encrypt_kind kind,
                                   const struct rig_encrypt_key *key, unsigned aes_bits)
{
    struct rig_memory_image memory = {image->bytes, image->n_bytes};
    struct rig_decrypted_image decrypted = {.inner = rig_image_source_from_memory(&memory)};
    struct rig_image_source source = rig_encrypt_decrypting_source(&decrypted);
    const struct rig_image_policy policy = {
        .check_hash = true, .decrypted = true, .max_image_bytes = UINT32_MAX};
    struct rig_image_layout layout;
    uint8_t image_key[RIG_IMAGE_KEY_MAX_BYTES];
    enum rig_image_status status = rig_image_read_layout(&decrypted.inner, UINT32_MAX, &layout);

    if (status == RIG_IMAGE_OK)
        status = rig_encrypt_image_key(&decrypted.inner, &layout, kind, key, aes_bits, image_key);
    if (status != RIG_IMAGE_OK)
        return status;
    decrypted.header = layout.header;
    decrypted.ctr = rig_ctr_new(image_key, aes_bits);
    assert_non_null(decrypted.ctr);
    status = rig_image_verify(&source, &policy, &layout);
    rig_ctr_free(decrypted.ctr);
    return status;
}

static const enum rig_encrypt_kind all_kinds[] = {RIG_ENCRYPT_RSA_2048, RIG_ENCRYPT_AES_KW,
                                                  RIG_ENCRYPT_ECIES_P256, RIG_ENCRYPT_ECIES_X25519,
                                                  RIG_ENCRYPT_ECIES_X25519_SHA512};
static const unsigned all_bits[] = {128, 256};

static void an_image_of_each_kind_is_read_with_its_key_and_with_no_other(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2 * sizeof all_kinds / sizeof all_kinds[0]; i++) {
        enum rig_encrypt_kind kind = all_kinds[i / 2];
        unsigned bits = all_bits[i % 2];
        struct rig_encrypt_key *own = test_key(kind, bits, 0), *stranger = test_key(kind, bits, 1);
        struct rig_bytes image = build(own, bits, kind == RIG_ENCRYPT_ECIES_X25519_SHA512, false);
        struct rig_bytes again = build(own, bits, kind == RIG_ENCRYPT_ECIES_X25519_SHA512, false);

        assert_int_equal(judge(&image, kind, own, bits), RIG_IMAGE_OK);
        assert_int_equal(judge(&image, kind, stranger, bits), RIG_IMAGE_BAD_ENCRYPTION_KEY);
        assert_int_equal(image.n_bytes, again.n_bytes);
        assert_memory_equal(image.bytes, again.bytes, image.n_bytes);
        /* The last byte of the image is the key TLV's. */
        image.bytes[image.n_bytes - 1] ^= 1;
        assert_int_equal(judge(&image, kind, own, bits), RIG_IMAGE_BAD_ENCRYPTION_KEY);
        image.bytes[image.n_bytes - 1] ^= 1;
        image.bytes[40] ^= 1;
        assert_int_equal(judge(&image, kind, own, bits), RIG_IMAGE_BAD_HASH);
        rig_bytes_clear(&image);
        rig_bytes_clear(&again);
        rig_encrypt_key_free(own);
        rig_encrypt_key_free(stranger);
    }
}

static void the_header_says_the_aes_size_and_the_payload_fills_whole_blocks(void **state)
{
    struct rig_encrypt_key *key = test_key(RIG_ENCRYPT_ECIES_P256, 128, 0);
    struct rig_bytes image = build(key, 256, false, false);
    struct rig_memory_image memory = {image.bytes, image.n_bytes};
    struct rig_image_source source = rig_image_source_from_memory(&memory);
    struct rig_image_layout layout;

    (void)state;
    assert_int_equal(rig_image_read_layout(&source, UINT32_MAX, &layout), RIG_IMAGE_OK);
    assert_int_equal(layout.header.flags, RIG_IMAGE_FLAG_ENCRYPTED_AES256);
    assert_int_equal(rig_encrypt_bits_of_flags(layout.header.flags), 256);
    assert_int_equal(layout.header.payload_bytes, 1008);
    assert_int_equal(layout.end, image.n_bytes);
    assert_int_equal(layout.end - layout.tlv_offset, 4 + 36 + 4 + 129);
    assert_int_equal(judge(&image, RIG_ENCRYPT_ECIES_P256, key, 128), RIG_IMAGE_BAD_KEY_TLV);
    assert_int_equal(judge(&image, RIG_ENCRYPT_RSA_2048, key, 256), RIG_IMAGE_NO_KEY_TLV);
    rig_bytes_clear(&image);
    rig_encrypt_key_free(key);
}

static void a_clear_image_has_flag_and_key_but_its_payload_is_plain(void **state)
{
    struct rig_encrypt_key *key = test_key(RIG_ENCRYPT_ECIES_X25519, 128, 0);
    struct rig_bytes image = build(key, 128, false, true), crypted = build(key, 128, false, false);
    uint8_t payload[PAYLOAD_BYTES];
    struct rig_memory_image memory = {image.bytes, image.n_bytes};
    struct rig_image_source source = rig_image_source_from_memory(&memory);
    const struct rig_image_policy policy = {
        .check_hash = true, .decrypted = true, .max_image_bytes = UINT32_MAX};
    struct rig_image_layout layout;

    (void)state;
    rig_image_fill_payload(5, payload, sizeof payload);
    assert_memory_equal(image.bytes + 32, payload, sizeof payload);
    assert_int_equal(rig_image_verify(&source, &policy, &layout), RIG_IMAGE_OK);
    assert_memory_equal(image.bytes + 32 + 1008, crypted.bytes + 32 + 1008, crypted.n_bytes - 32 - 1008);
    assert_memory_not_equal(image.bytes + 32, crypted.bytes + 32, 1008);
    rig_bytes_clear(&image);
    rig_bytes_clear(&crypted);
    rig_encrypt_key_free(key);
}

static void any_piece_of_a_payload_is_decrypted_by_itself(void **state)
{
    static const uint8_t image_key[32] = {9};
    uint8_t whole[100] = {0}, piece[100];
    struct rig_ctr *ctr = rig_ctr_new(image_key, 256);

    (void)state;
    assert_true(rig_ctr_apply(ctr, 0, whole, sizeof whole));
    for (unsigned from = 0; from < sizeof whole; from += 7) {
        for (unsigned n = 0; n <= sizeof whole - from; n += 5) {
            memset(piece, 0, sizeof piece);
            assert_true(rig_ctr_apply(ctr, from, piece, n));
            assert_memory_equal(piece, whole + from, n);
        }
    }
    rig_ctr_free(ctr);
}

static void without_a_seed_no_two_images_are_alike(void **state)
{
    struct rig_encrypt_key *key = test_key(RIG_ENCRYPT_ECIES_X25519, 128, 0);
    uint8_t first[RIG_ENCRYPT_TLV_MAX_BYTES] = {0}, second[RIG_ENCRYPT_TLV_MAX_BYTES] = {0};
    static const uint8_t image_key[16] = {1};
    uint8_t unwrapped[16];

    (void)state;
    assert_int_equal(rig_encrypt_wrap(key, RIG_ENCRYPT_ECIES_X25519, image_key, 128, NULL, first),
                     RIG_IMAGE_OK);
    assert_int_equal(rig_encrypt_wrap(key, RIG_ENCRYPT_ECIES_X25519, image_key, 128, NULL, second),
                     RIG_IMAGE_OK);
    assert_memory_not_equal(first, second, 80);
    assert_int_equal(rig_encrypt_unwrap(key, RIG_ENCRYPT_ECIES_X25519, second, 80, 128, unwrapped),
                     RIG_IMAGE_OK);
    assert_memory_equal(unwrapped, image_key, 16);
    assert_int_equal(rig_encrypt_unwrap(key, RIG_ENCRYPT_ECIES_X25519, second, 79, 128, unwrapped),
                     RIG_IMAGE_BAD_KEY_TLV);
    rig_encrypt_key_free(key);
}

static size_t from_hex(const char *hex, uint8_t *into)
{
    size_t n_bytes = strlen(hex) / 2;

    for (size_t i = 0; i < n_bytes; i++) {
        const char digits[3] = {hex[2 * i], hex[2 * i + 1]};
        into[i] = (uint8_t)strtoul(digits, NULL, 16);
    }
    return n_bytes;
}

/* Key TLVs that imgtool 2.4.0 made for the test keys, and the image keys in them, which its payloads were
 * decrypted with. */
static void key_tlvs_of_imgtool_are_unwrapped(void **state)
{
    static const struct {
        enum rig_encrypt_kind kind;
        unsigned bits;
        const char *image_key, *tlv;
    } made[] = {
        {RIG_ENCRYPT_RSA_2048, 128, "09722be2eeea4d0a660e72d8e00b8980",
         "389a3a21e13c9c4691b196e064e23be8052d03f5d98c8c307c371e6923c1567a526cbf356c569b03a144315afd8bbd3ad67"
         "7"
         "8d6bd3c675e1f7521d9de8a5a1613febceba25ac1f1d1ce5bbb4bdc941520a241773d68e46a45b8ccbf786252c3ee750de0"
         "0"
         "17dce69e0c48e58e2af81baad4e2ed3e3064ab4b23f397812a059222e6a30ea863c14ef0a9a0d83958d18bc4d48fd40907a"
         "a"
         "c9df15fb8c3e820dd505740f2918013d9f59645c3c247bf1a9df22b7d4f74bf351175c369b48e22f555c97359aa94eb06d3"
         "9"
         "fff4fe3e5d320a7bb723e2a55439e93a722b6706e086b5ad865f322b871f1fa8fd112cb414bb13a706861290d3069870ff4"
         "e"
         "3b01b50ee8ca"},
        {RIG_ENCRYPT_ECIES_P256, 128, "43afea56e6c89a7c905b11c721bfa70f",
         "045fea2ce8e8710512ec335f0488f130aed7d355fa0d27bb9150e9d97c58a39b79e8fdf14e08fb891c0722e92130d98c74c"
         "a"
         "bbd15f37dfdb5a61279f5594d40b74e037f2514780b73ee7a67266f428cf1d46246cc8eb5a98c44a52aa1b73990a1d825f4"
         "a"
         "72072793a87fb3001f0f49b8a2"},
        {RIG_ENCRYPT_ECIES_X25519, 128, "1c1cf248eb37d4d393a9b89ef6ca1e2d",
         "38781e5f99b5baa4bc0aab9c81263041f76588cb1a372ce511602eea66572c7ee3fb28ce94408df3d2db2148f1ce8b4f35f"
         "9"
         "fff47d09ff446f84027d4434fc18922a94b5274fc6671b85db91522c021e"},
        {RIG_ENCRYPT_ECIES_X25519_SHA512, 256,
         "aeffb896ff737639418048c369c7f2ebf984dc43440df34337a62817af6880f9",
         "6f6d171aa5e96f49a18c7a8b2f5a020d337fdefd3869f84b56837323b3740916377a4bd737d6d30c59eb28f58b172310b69"
         "8"
         "4eb04d1c0fe0ad6c398cd0b53e8e55518e47dd0f3323a28354cde0069ec032b487cb98a6c0630521bdf44769661e051804b"
         "2"
         "a1f41fa2a836dc3802e82b469c4616bcd8ecd909759303326643ec27"},
    };

    (void)state;
    for (unsigned i = 0; i < sizeof made / sizeof made[0]; i++) {
        struct rig_encrypt_key *key = test_key(made[i].kind, made[i].bits, 0);
        uint8_t tlv[RIG_ENCRYPT_TLV_MAX_BYTES], wanted[32], image_key[32];
        size_t n_bytes = from_hex(made[i].tlv, tlv), n_key = from_hex(made[i].image_key, wanted);

        assert_int_equal(rig_encrypt_unwrap(key, made[i].kind, tlv, n_bytes, made[i].bits, image_key),
                         RIG_IMAGE_OK);
        assert_int_equal(n_key, made[i].bits / 8);
        assert_memory_equal(image_key, wanted, n_key);
        rig_encrypt_key_free(key);
    }
}

static void what_does_not_fit_is_refused(void **state)
{
    struct rig_encrypt_key *kw = test_key(RIG_ENCRYPT_AES_KW, 128, 0);
    struct rig_encrypt_key *p256 = test_key(RIG_ENCRYPT_ECIES_P256, 128, 0);
    const char *why = NULL;
    struct rig_bytes image;
    struct rig_image_recipe recipe = {.encrypt_to = kw, .aes_bits = 256};

    (void)state;
    assert_int_equal(rig_image_build(&recipe, &image), RIG_IMAGE_BAD_ENCRYPTION_KEY);
    recipe = (struct rig_image_recipe){.encrypt_to = p256, .hmac_sha512 = true};
    assert_int_equal(rig_image_build(&recipe, &image), RIG_IMAGE_BAD_ENCRYPTION_KEY);
    recipe = (struct rig_image_recipe){.encrypt_to = p256, .aes_bits = 192};
    assert_int_equal(rig_image_build(&recipe, &image), RIG_IMAGE_BAD_ENCRYPTION_KEY);
    recipe = (struct rig_image_recipe){.encrypt_to = p256, .flags = RIG_IMAGE_FLAG_ENCRYPTED_AES256};
    assert_int_equal(rig_image_build(&recipe, &image), RIG_IMAGE_BAD_HEADER);
    assert_null(rig_encrypt_key_test(RIG_ENCRYPT_RSA_2048, 128, 2, &why));
    assert_non_null(why);
    rig_encrypt_key_free(kw);
    rig_encrypt_key_free(p256);
}

static void a_key_is_read_as_it_was_written(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2 * sizeof all_kinds / sizeof all_kinds[0]; i++) {
        enum rig_encrypt_kind kind = all_kinds[i / 2];
        unsigned bits = all_bits[i % 2];
        struct rig_encrypt_key *key = test_key(kind, bits, 0), *private_part, *public_part;
        char *text = rig_encrypt_key_to_text(key, true), *public_text = rig_encrypt_key_to_text(key, false);
        const char *why = NULL;
        struct rig_bytes image;

        private_part = rig_encrypt_key_from_file(text, strlen(text), &why);
        public_part = rig_encrypt_key_from_file(public_text, strlen(public_text), &why);
        assert_non_null(private_part);
        assert_non_null(public_part);
        assert_int_equal(rig_encrypt_key_is_private(public_part), kind == RIG_ENCRYPT_AES_KW);
        assert_int_equal(rig_encrypt_key_kind(private_part), rig_encrypt_key_kind(key));
        image = build(public_part, bits, kind == RIG_ENCRYPT_ECIES_X25519_SHA512, false);
        assert_int_equal(judge(&image, kind, private_part, bits), RIG_IMAGE_OK);
        if (kind != RIG_ENCRYPT_AES_KW)
            assert_int_equal(judge(&image, kind, public_part, bits), RIG_IMAGE_BAD_ENCRYPTION_KEY);
        rig_bytes_clear(&image);
        free(text);
        free(public_text);
        rig_encrypt_key_free(key);
        rig_encrypt_key_free(private_part);
        rig_encrypt_key_free(public_part);
    }
}

static void a_file_that_is_no_encryption_key_is_refused_with_a_reason(void **state)
{
    static const char *const files[] = {"",
                                        "AAAA",
                                        "0123456789012345678901234567890123456789012",
                                        "AAAAAAAAAAAAAAAAAAAAAAA=",
                                        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==",
                                        "!!!!!!!!!!!!!!!!!!!!!!==",
                                        "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"};
    struct rig_key *ed25519 = rig_key_test(RIG_KEY_ED25519, 0, NULL),
                   *rsa = rig_key_test(RIG_KEY_RSA3072, 0, NULL);
    char *texts[] = {rig_key_to_pem(ed25519, true), rig_key_to_pem(rsa, false)};
    const char *why;

    (void)state;
    for (unsigned i = 0; i < sizeof files / sizeof files[0]; i++) {
        why = NULL;
        assert_null(rig_encrypt_key_from_file(files[i], strlen(files[i]), &why));
        assert_non_null(why);
    }
    for (unsigned i = 0; i < 2; i++) {
        why = NULL;
        assert_null(rig_encrypt_key_from_file(texts[i], strlen(texts[i]), &why));
        assert_non_null(why);
        free(texts[i]);
    }
    rig_key_free(ed25519);
    rig_key_free(rsa);
}

static void names_lead_to_kinds_and_back(void **state)
{
    enum rig_encrypt_kind kind;

    (void)state;
    for (unsigned i = 0; i < RIG_ENCRYPT_N_KINDS; i++) {
        assert_true(rig_encrypt_kind_from_name(rig_encrypt_kind_name((enum rig_encrypt_kind)i), &kind));
        assert_int_equal(kind, i);
        assert_int_equal(rig_encrypt_kind_of_tlv(rig_encrypt_tlv((enum rig_encrypt_kind)i), &kind), i != 0);
        assert_int_equal(kind, i);
    }
    assert_false(rig_encrypt_kind_from_name("rot13", &kind));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_image_of_each_kind_is_read_with_its_key_and_with_no_other),
        cmocka_unit_test(the_header_says_the_aes_size_and_the_payload_fills_whole_blocks),
        cmocka_unit_test(a_clear_image_has_flag_and_key_but_its_payload_is_plain),
        cmocka_unit_test(any_piece_of_a_payload_is_decrypted_by_itself),
        cmocka_unit_test(without_a_seed_no_two_images_are_alike),
        cmocka_unit_test(key_tlvs_of_imgtool_are_unwrapped),
        cmocka_unit_test(what_does_not_fit_is_refused),
        cmocka_unit_test(a_key_is_read_as_it_was_written),
        cmocka_unit_test(a_file_that_is_no_encryption_key_is_refused_with_a_reason),
        cmocka_unit_test(names_lead_to_kinds_and_back),
    };

    return cmocka_run_group_tests_name("encrypt", tests, NULL, NULL);
}
