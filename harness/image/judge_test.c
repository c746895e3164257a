/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Images of every kind that imgtool makes: whole ones, each of their parts damaged, and what cannot be
 * judged. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "image/build.h"
#include "image/judge.h"

#define FIXTURES RIG_SOURCE_DIR "/fixtures/"

static struct rig_bytes slurp(const char *folder, const char *name)
{
    struct rig_bytes bytes = {malloc(65536), 0};
    char path[512];
    FILE *file;

    snprintf(path, sizeof path, FIXTURES "%s/%s", folder, name);
    file = fopen(path, "rb");
    assert_non_null(file);
    bytes.n_bytes = fread(bytes.bytes, 1, 65536, file);
    fclose(file);
    assert_in_range(bytes.n_bytes, 1, 65535);
    return bytes;
}

static struct rig_key *load_key(const char *name)
{
    struct rig_bytes pem = slurp("keys", name);
    const char *why = NULL;
    struct rig_key *key = rig_key_from_pem(pem.bytes, pem.n_bytes, &why);

    if (!key)
        fail_msg("%s: %s", name, why);
    rig_bytes_clear(&pem);
    return key;
}

static void judge(const struct rig_bytes *image, const struct rig_key *key,
                  struct rig_image_judgement *judgement)
{
    const struct rig_memory_image memory = {image->bytes, image->n_bytes};
    const struct rig_image_source source = rig_image_source_from_memory(&memory);

    rig_image_judge(&source, &key, key ? 1 : 0, NULL, UINT32_MAX, judgement);
}

static const struct kind {
    const char *image, *key, *stranger;
    enum rig_image_verdict verdict, keyless;
    const char *hash, *signature;
} kinds[] = {
    {"imgtool-ecdsa-p256.bin", "ecdsa-p256-0.pem", "ecdsa-p256-1.pem", RIG_IMAGE_PASSES, RIG_IMAGE_PASSES,
     "the hash matches", "(ecdsa-p256)"},
    {"imgtool-rsa-2048.bin", "rsa-2048-0.pem", "rsa-2048-1.pem", RIG_IMAGE_PASSES, RIG_IMAGE_PASSES,
     "the hash matches", "(rsa-2048)"},
    {"imgtool-hwkey.bin", "ecdsa-p256-0.pem", "ecdsa-p256-1.pem", RIG_IMAGE_PASSES, RIG_IMAGE_PASSES,
     "the hash matches", "(ecdsa-p256)"},
    {"imgtool-sha512.bin", "ed25519-0.pem", "ed25519-1.pem", RIG_IMAGE_PASSES, RIG_IMAGE_PASSES, "(SHA-512)",
     "(ed25519)"},
    {"imgtool-pure.bin", "ed25519-0.pem", "ed25519-1.pem", RIG_IMAGE_PASSES, RIG_IMAGE_PASSES, "(SHA-512)",
     "(ed25519, pure"},
    {"imgtool-p384.bin", "checked-p384.pem", "ecdsa-p256-0.pem", RIG_IMAGE_PASSES, RIG_IMAGE_PASSES,
     "(SHA-384)", "(ecdsa-p384)"},
    {"imgtool-encrypted.bin", "ecdsa-p256-0.pem", "ecdsa-p256-1.pem", RIG_IMAGE_NOT_JUDGED,
     RIG_IMAGE_NOT_JUDGED, "", "over the stored hash"},
};
#define N_KINDS (sizeof kinds / sizeof kinds[0])

static void expect(const struct kind *kind, const char *what, const struct rig_image_judgement *judgement,
                   enum rig_image_verdict verdict)
{
    if (judgement->verdict != verdict)
        fail_msg("%s, %s: verdict %d, not %d: %s; %s; %s", kind->image, what, (int)judgement->verdict,
                 (int)verdict, judgement->why, judgement->hash, judgement->signature);
    if (verdict != RIG_IMAGE_PASSES)
        assert_string_not_equal(judgement->why, "");
}

static void whole_images_are_judged_by_their_kind(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_KINDS; i++) {
        struct rig_bytes image = slurp("images", kinds[i].image);
        struct rig_key *key = load_key(kinds[i].key), *stranger = load_key(kinds[i].stranger);
        struct rig_image_judgement judgement;

        judge(&image, key, &judgement);
        expect(&kinds[i], "its key", &judgement, kinds[i].verdict);
        assert_non_null(strstr(judgement.hash, kinds[i].hash));
        assert_non_null(strstr(judgement.signature, kinds[i].signature));
        judge(&image, NULL, &judgement);
        expect(&kinds[i], "no key", &judgement, kinds[i].keyless);
        judge(&image, stranger, &judgement);
        expect(&kinds[i], "a stranger's key", &judgement, RIG_IMAGE_FAILS);
        assert_int_equal(judgement.status, RIG_IMAGE_NO_SIGNATURE);
        assert_null(strstr(judgement.why, "unsigned"));
        rig_key_free(key);
        rig_key_free(stranger);
        rig_bytes_clear(&image);
    }
}

/* Returns the offset of the payload of the first TLV of the type, 0 when there is none. */
static uint32_t find(const struct rig_bytes *image, uint16_t type, uint16_t *n_bytes)
{
    const struct rig_memory_image memory = {image->bytes, image->n_bytes};
    const struct rig_image_source source = rig_image_source_from_memory(&memory);
    struct rig_image_tlv_cursor cursor = {0};
    struct rig_image_tlv_entry entry;
    struct rig_image_layout layout;

    assert_int_equal(rig_image_read_layout(&source, UINT32_MAX, &layout), RIG_IMAGE_OK);
    while (rig_image_next_tlv(&source, &layout, &cursor, &entry) == RIG_IMAGE_OK) {
        if (entry.type != type)
            continue;
        *n_bytes = entry.n_bytes;
        return entry.offset;
    }
    return 0;
}

static void expect_flip(const struct kind *kind, struct rig_bytes *image, const struct rig_key *key,
                        uint32_t at, const char *what, enum rig_image_verdict verdict)
{
    struct rig_image_judgement judgement;

    image->bytes[at] ^= 1;
    judge(image, key, &judgement);
    expect(kind, what, &judgement, verdict);
    image->bytes[at] ^= 1;
}

static void damage_is_told_in_every_kind(void **state)
{
    static const uint16_t types[] = {
        RIG_IMAGE_TLV_SHA256,  RIG_IMAGE_TLV_SHA384,   RIG_IMAGE_TLV_SHA512, RIG_IMAGE_TLV_ECDSA_SIG,
        RIG_IMAGE_TLV_ED25519, RIG_IMAGE_TLV_SIG_PURE, RIG_IMAGE_TLV_PUBKEY, RIG_IMAGE_TLV_RSA2048_PSS};

    (void)state;
    for (size_t i = 0; i < N_KINDS; i++) {
        struct rig_bytes image = slurp("images", kinds[i].image);
        struct rig_key *key = load_key(kinds[i].key);
        bool encrypted = kinds[i].verdict == RIG_IMAGE_NOT_JUDGED;
        uint16_t n_bytes;

        /* Only who can decrypt it can tell that the payload changed. */
        expect_flip(&kinds[i], &image, key, 600, "payload",
                    encrypted ? RIG_IMAGE_NOT_JUDGED : RIG_IMAGE_FAILS);
        if (!encrypted)
            expect_flip(&kinds[i], &image, key, 21, "version", RIG_IMAGE_FAILS);
        for (size_t j = 0; j < sizeof types / sizeof types[0]; j++) {
            uint32_t at = find(&image, types[j], &n_bytes);

            if (at == 0)
                continue;
            expect_flip(&kinds[i], &image, key, at + n_bytes - 1u, "TLV", RIG_IMAGE_FAILS);
            expect_flip(&kinds[i], &image, key, at - 2, "length of a TLV", RIG_IMAGE_FAILS);
        }
        rig_key_free(key);
        rig_bytes_clear(&image);
    }
}

static void a_carried_key_tells_a_damaged_signature_without_any_other(void **state)
{
    struct rig_bytes image = slurp("images", "imgtool-hwkey.bin");
    struct rig_image_judgement judgement;
    uint16_t n_bytes;

    (void)state;
    judge(&image, NULL, &judgement);
    assert_non_null(strstr(judgement.signature, "by the public key that the image carries"));
    image.bytes[find(&image, RIG_IMAGE_TLV_ECDSA_SIG, &n_bytes) + 40] ^= 1;
    judge(&image, NULL, &judgement);
    assert_int_equal(judgement.verdict, RIG_IMAGE_FAILS);
    assert_int_equal(judgement.status, RIG_IMAGE_BAD_SIGNATURE);
    rig_bytes_clear(&image);
}

/* The type of a TLV is replaced; what is unprotected no hash covers. */
static void retyped(uint16_t from, uint16_t to, enum rig_image_verdict verdict, const char *why)
{
    struct rig_bytes image = slurp("images", "imgtool-ed25519.bin");
    struct rig_key *key = load_key("ed25519-0.pem");
    struct rig_image_judgement judgement;
    uint16_t n_bytes;
    uint32_t at = find(&image, from, &n_bytes);

    assert_int_not_equal(at, 0);
    rig_put_le16(image.bytes + at - 4, to);
    judge(&image, key, &judgement);
    if (judgement.verdict != verdict || !strstr(judgement.why, why))
        fail_msg("0x%02x as 0x%02x: verdict %d: %s", from, to, (int)judgement.verdict, judgement.why);
    rig_key_free(key);
    rig_bytes_clear(&image);
}

static void what_is_not_known_is_not_judged(void **state)
{
    (void)state;
    retyped(RIG_IMAGE_TLV_SHA256, 0x13, RIG_IMAGE_NOT_JUDGED,
            "hash of a kind that is not known here (TLV 0x13)");
    retyped(RIG_IMAGE_TLV_ED25519, 0x21, RIG_IMAGE_NOT_JUDGED, "signature of a kind that is not known");
    retyped(RIG_IMAGE_TLV_KEYHASH, 0xa0, RIG_IMAGE_NOT_JUDGED, "MCUBOOT_BYPASS_KEY_MATCH");
    retyped(RIG_IMAGE_TLV_KEYHASH, RIG_IMAGE_TLV_SHA512, RIG_IMAGE_FAILS, "has 32 bytes instead of 64");
    retyped(RIG_IMAGE_TLV_SHA256, 0xa0, RIG_IMAGE_FAILS, "there is no hash");
    retyped(RIG_IMAGE_TLV_ED25519, 0xa0, RIG_IMAGE_FAILS, "the signature is missing");
    retyped(RIG_IMAGE_TLV_ED25519, RIG_IMAGE_TLV_ECDSA_SIG, RIG_IMAGE_FAILS, "of another kind than the key");
}

static void compressed(uint32_t flags, uint32_t flip, enum rig_image_verdict verdict, const char *why)
{
    static const uint8_t payload[500] = {1};
    struct rig_key *key = rig_key_test(RIG_KEY_ED25519, 0, NULL);
    const struct rig_image_recipe recipe = {
        .payload = payload, .payload_bytes = sizeof payload, .flags = flags, .key = key};
    struct rig_image_judgement judgement;
    struct rig_bytes image;

    assert_int_equal(rig_image_build(&recipe, &image), RIG_IMAGE_OK);
    image.bytes[flip] ^= (uint8_t)(flip != 0);
    judge(&image, key, &judgement);
    assert_int_equal(judgement.verdict, verdict);
    assert_non_null(strstr(judgement.why, why));
    rig_bytes_clear(&image);
    rig_key_free(key);
}

static void the_stored_form_of_compressed_images_is_checked(void **state)
{
    const uint32_t lzma2 = RIG_IMAGE_FLAG_COMPRESSED_LZMA2 | RIG_IMAGE_FLAG_ARM_THUMB_FILTER;

    (void)state;
    compressed(lzma2, 0, RIG_IMAGE_FAILS, "it does not say to how many bytes the payload unpacks");
    compressed(RIG_IMAGE_FLAG_COMPRESSED_LZMA1, 0, RIG_IMAGE_NOT_JUDGED, "LZMA1");
    compressed(lzma2, 100, RIG_IMAGE_FAILS, "the hash does not match");
    compressed(RIG_IMAGE_FLAG_ENCRYPTED_AES128, 0, RIG_IMAGE_FAILS, "there is no encrypted key");
    compressed(RIG_IMAGE_FLAG_ROM_FIXED, 0, RIG_IMAGE_PASSES, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_images_are_judged_by_their_kind),
        cmocka_unit_test(damage_is_told_in_every_kind),
        cmocka_unit_test(a_carried_key_tells_a_damaged_signature_without_any_other),
        cmocka_unit_test(what_is_not_known_is_not_judged),
        cmocka_unit_test(the_stored_form_of_compressed_images_is_checked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
