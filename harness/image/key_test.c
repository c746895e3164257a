/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Keys: PEM in and out, test keys, deterministic signatures, hostile PEM. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/pem.h>

#include <cmocka.h>
#include <openssl/evp.h>

#include "image/key.h"

static const char rfc6979_key[] = "-----BEGIN PRIVATE KEY-----\n"
                                  "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgya+p2EW6dRZrXCFX\n"
                                  "Z7HWk05Qw9s26JsSe4piKxIPZyGhRANCAARg/tS6JVqdMclh63TGNW1owEm4kjth\n"
                                  "+mzmaWIuYPKftnkD/hAIuLyZpBrp6VYovGTy8bIMLX6fUXejwpTURiKZ\n"
                                  "-----END PRIVATE KEY-----\n";

static const char upstream_root_key[] = "-----BEGIN PUBLIC KEY-----\n"
                                        "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEKstAPOj+7VukSZWhqR2u6Nu+GTfN\n"
                                        "FPsvJFc35ZU5iNmUudZa69fN1TCK1v5IskpqgQ7l8H2LaDTMOmr8U476wQ==\n"
                                        "-----END PUBLIC KEY-----\n";

static struct rig_key *test_key(unsigned kind, unsigned index)
{
    const char *why = NULL;
    struct rig_key *key = rig_key_test((enum rig_key_kind)kind, index, &why);

    if (!key)
        fail_msg("%s", why);
    return key;
}

static size_t read_file(const char *path, char *into, size_t max)
{
    FILE *file = fopen(path, "rb");
    size_t n_bytes = file ? fread(into, 1, max, file) : 0;

    if (file)
        fclose(file);
    return n_bytes;
}

static const char rfc6979_p384_key[] = "-----BEGIN EC PRIVATE KEY-----\n"
                                       "MIGkAgEBBDBrnT2tLhuMHAWxmHW2ZZ9N4jw7Znvyl7qapHdAeHE32JbVck5McKgl\n"
                                       "+HLJ6mDS7fWgBwYFK4EEACKhZANiAATsOk5BW04ZpFaGGAKfQn+l2pqLxK6S4C4G\n"
                                       "quUoazAMZN748OqQVYZgZKJUUVSAvBOAFdm3LX1XJE6o75rAxiGJZwilk2f537n1\n"
                                       "TKhLPxydsSiLIxw64NT+c0T9JTMmRyA=\n"
                                       "-----END EC PRIVATE KEY-----\n";

/* "sample", signed with the curve's key of A.2.5 or A.2.6; the last row takes two hashes for one nonce. */
static const struct {
    const char *key;
    const char *hash;
    const char *wanted; /* DER in hexadecimal */
} rfc6979_rows[] = {
    {rfc6979_key, "SHA256",
     "3046022100efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716022100f7cb1c942d"
     "657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8"},
    {rfc6979_key, "SHA512",
     "30450221008496a60b5e9b47c825488827e0495b0e3fa109ec4568fd3f8d1097678eb97f0002202362ab1adbe2"
     "b8adf9cb9edab740ea6049c028114f2460f96554f61fae3302fe"},
    {rfc6979_p384_key, "SHA384",
     "306602310094edbb92a5ecb8aad4736e56c691916b3f88140666ce9fa73d64c4ea95ad133c81a648152e44acf9"
     "6e36dd1e80fabe4602310099ef4aeb15f178cea1fe40db2603138f130e740a19624526203b6351d0a3a94fa329"
     "c145786e679e7b82c71a38628ac8"},
    {rfc6979_p384_key, "SHA256",
     "3065023021b13d1e013c7fa1392d03c5f99af8b30c570c6f98d4ea8e354b63a21d3daa33bde1e888e63355d92f"
     "a2b3c36d8fb2cd023100f3aa443fb107745bf4bd77cb3891674632068a10ca67e3d45db2266fa7d1feebefdc63"
     "eccd1ac42ec0cb8668a4fa0ab0"},
};

static void rfc_6979_a_2_5_and_a_2_6_sample(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rfc6979_rows / sizeof *rfc6979_rows; i++) {
        struct rig_key *key = rig_key_from_pem(rfc6979_rows[i].key, strlen(rfc6979_rows[i].key), NULL);
        uint8_t digest[64], signature[RIG_SIGNATURE_MAX_BYTES];
        char text[2 * RIG_SIGNATURE_MAX_BYTES + 1] = "";
        unsigned n_digest;
        size_t n_bytes;

        assert_non_null(key);
        EVP_Digest("sample", 6, digest, &n_digest, EVP_get_digestbyname(rfc6979_rows[i].hash), NULL);
        n_bytes = rig_key_sign_bytes(key, digest, n_digest, signature);
        for (size_t at = 0; at < n_bytes; at++)
            snprintf(text + 2 * at, 3, "%02x", signature[at]);
        assert_string_equal(text, rfc6979_rows[i].wanted);
        assert_true(rig_key_verify_bytes(key, digest, n_digest, signature, n_bytes));
        rig_key_free(key);
    }
}

static void vector_1_6_key_hash_of_the_upstream_test_key(void **state)
{
    static const uint8_t wanted[] = {0xe3, 0x04, 0x66, 0xf6, 0xb8, 0x47, 0x0c, 0x1f, 0x29, 0x07, 0x0b,
                                     0x17, 0xf1, 0xe2, 0xd3, 0xe9, 0x4d, 0x44, 0x5e, 0x3f, 0x60, 0x80,
                                     0x87, 0xfd, 0xc7, 0x11, 0xe4, 0x38, 0x2b, 0xb5, 0x38, 0xb6};
    struct rig_key *key = rig_key_from_pem(upstream_root_key, strlen(upstream_root_key), NULL);

    (void)state;
    assert_non_null(key);
    assert_int_equal(rig_key_kind(key), RIG_KEY_ECDSA_P256);
    assert_false(rig_key_is_private(key));
    assert_memory_equal(rig_key_hash(key), wanted, sizeof wanted);
    rig_key_free(key);
}

static void test_keys_are_those_of_the_fixtures(void **state)
{
    (void)state;
    for (unsigned kind = 0; kind < RIG_KEY_N_KINDS; kind++) {
        for (unsigned index = 0; index < 2; index++) {
            struct rig_key *key = test_key(kind, index);
            char path[512], pem[8192] = "";
            char *text = rig_key_to_pem(key, true);

            snprintf(path, sizeof path, RIG_SOURCE_DIR "/fixtures/keys/%s-%u.pem",
                     rig_key_kind_name((enum rig_key_kind)kind), index);
            assert_true(read_file(path, pem, sizeof pem - 1) > 0);
            assert_string_equal(text, pem);
            free(text);
            rig_key_free(key);
        }
    }
}

static void a_key_survives_its_pem_and_the_public_half_only_checks(void **state)
{
    uint8_t digest[RIG_IMAGE_HASH_BYTES] = {1, 2, 3}, signature[RIG_SIGNATURE_MAX_BYTES];

    (void)state;
    for (unsigned kind = 0; kind < RIG_KEY_N_KINDS; kind++) {
        struct rig_key *key = test_key(kind, 0);
        char *public_text = rig_key_to_pem(key, false), *private_text = rig_key_to_pem(key, true);
        struct rig_key *public_key = rig_key_from_pem(public_text, strlen(public_text), NULL);
        struct rig_key *private_key = rig_key_from_pem(private_text, strlen(private_text), NULL);
        size_t n_bytes = rig_key_sign(private_key, digest, signature);

        assert_true(n_bytes > 0);
        assert_int_equal(rig_key_kind(public_key), kind);
        assert_memory_equal(rig_key_hash(public_key), rig_key_hash(key), RIG_IMAGE_HASH_BYTES);
        assert_memory_equal(rig_key_hash(private_key), rig_key_hash(key), RIG_IMAGE_HASH_BYTES);
        assert_true(rig_key_verify(public_key, digest, signature, n_bytes));
        assert_int_equal(rig_key_sign(public_key, digest, signature), 0);
        assert_null(rig_key_to_pem(public_key, true));
        free(public_text);
        free(private_text);
        rig_key_free(public_key);
        rig_key_free(private_key);
        rig_key_free(key);
    }
}

static void a_signature_holds_for_one_key_one_digest_and_its_whole_length(void **state)
{
    (void)state;
    for (unsigned kind = 0; kind < RIG_KEY_N_KINDS; kind++) {
        uint8_t digest[RIG_IMAGE_HASH_BYTES] = {9}, signature[RIG_SIGNATURE_MAX_BYTES];
        struct rig_key *key = test_key(kind, 0), *other = test_key(kind, 1);
        size_t n_bytes = rig_key_sign(key, digest, signature);

        assert_true(rig_key_verify(key, digest, signature, n_bytes));
        assert_false(rig_key_verify(other, digest, signature, n_bytes));
        assert_false(rig_key_verify(key, digest, signature, n_bytes - 1));
        assert_false(rig_key_verify(key, digest, signature, 0));
        signature[n_bytes / 2] ^= 1;
        assert_false(rig_key_verify(key, digest, signature, n_bytes));
        signature[n_bytes / 2] ^= 1;
        digest[31] ^= 1;
        assert_false(rig_key_verify(key, digest, signature, n_bytes));
        rig_key_free(key);
        rig_key_free(other);
    }
}

/* About one in 256 values of r or s is short or carries a leading zero: enough digests to meet them. */
static void a_thousand_ecdsa_signatures_verify_whatever_their_length(void **state)
{
    struct rig_key *key = test_key(RIG_KEY_ECDSA_P256, 0);
    uint8_t digest[RIG_IMAGE_HASH_BYTES], signature[RIG_SIGNATURE_MAX_BYTES];
    unsigned lengths[73] = {0};

    (void)state;
    memset(digest, 0xff, sizeof digest);
    for (unsigned i = 0; i < 1000; i++) {
        size_t n_bytes = rig_key_sign(key, digest, signature);

        assert_in_range(n_bytes, 60, 72);
        assert_true(rig_key_verify(key, digest, signature, n_bytes));
        lengths[n_bytes]++;
        EVP_Digest(signature, n_bytes, digest, NULL, EVP_sha256(), NULL);
    }
    assert_true(lengths[70] && lengths[71] && lengths[72]);
    rig_key_free(key);
}

static void every_kind_can_be_generated(void **state)
{
    (void)state;
    for (unsigned kind = 0; kind < RIG_KEY_N_KINDS; kind++) {
        uint8_t digest[RIG_IMAGE_HASH_BYTES] = {7}, signature[RIG_SIGNATURE_MAX_BYTES];
        struct rig_key *key = rig_key_generate((enum rig_key_kind)kind, NULL);
        size_t n_bytes;

        assert_non_null(key);
        assert_true(rig_key_is_private(key));
        n_bytes = rig_key_sign(key, digest, signature);
        assert_true(rig_key_verify(key, digest, signature, n_bytes));
        rig_key_free(key);
    }
}

static const struct {
    const char *pem, *why;
} refused_pems[] = {
    {"-----BEGIN PRIVATE KEY-----\n"
     "MIHuAgEAMBAGByqGSM49AgEGBSuBBAAjBIHWMIHTAgEBBEIAC6xac6F2jZttQdbl\n"
     "jJrzZeQ3oe/AKggafn0I+sSVbfnUcjfXNw9VetampzS6ovjx61xH7gBukudzYqhU\n"
     "wroqVWqhgYkDgYYABACFsT04eCycJrA9JdQBc3GxnMrk7MzyJvc8OoAH1XGb7c2l\n"
     "7IdnrTToyXbF+erMca31i7iCHXOhkSRjCe2tWYQiRwAZs1qt+9D6Fiuy4xkes89I\n"
     "gr8IbClecijg+9r/4OJuFUmiGuAkZJ7dD24i9EXDLoi62nOoQklgKqTlS0Rpmpmp\n"
     "tQ==\n"
     "-----END PRIVATE KEY-----\n",
     "P-256"},
    {"-----BEGIN PRIVATE KEY-----\n"
     "MIICdQIBADANBgkqhkiG9w0BAQEFAASCAl8wggJbAgEAAoGBALNeNzGeTGTX8BhM\n"
     "PHyGFjtRY4reNPMo7llF5VxX18vpySif3JaNCgvNaZeOiEu+bMV49kPYy3HEFal8\n"
     "VUjnsOH5JYyEMlwLMEqIIxEQxvCSKp4qfOzYriVk4GYsjuGnVd0+NFpQyw1XF18j\n"
     "EQkGm0FDB7KoO1FqdbWjwx4+LmyVAgMBAAECgYBLXEdWSosQR4Wxv74eF3wZug1X\n"
     "mBqpG0ZhLbO7A5FANF52+guFGYbiBJDbw1/SaxRqN3NIeDqp9tefGQUAF5BB/NhI\n"
     "QH9gUUrP4LES3UuXFSE2kbZuPrEilthyiu8XFJ5AhzDNRfZli3Lw4dSKm3HS+0aC\n"
     "p+7FW8sS6jyrRU9/dQJBAOCD05VWZMs7TS0QeVLfYtEdWkLMcMuFXezaclIbTMOt\n"
     "r66HUNdyL8QB+aqFYiH5g9zL0CpNx2J49eDZpP0OMtcCQQDMhZjn8g7NiNCCqSp8\n"
     "fntd4m+ChqNUyCZwxWOHSBki3axMHnWQ7ZRqdZeOrahAKMdPLnNp14Liuqq4ApvU\n"
     "wlpzAkAyUxpAJSderqIz8bdgLhZWTUAILQ8zb2eIScbKRLhGPE5ezpH+WOgABXlT\n"
     "EabXerhl64Fzmg+RMQ/cIKzs1BvtAkB2rwRXfSlH7qAJYr+r9P4EMlXBaf44QdnE\n"
     "0Vb7d0RW7kqA9aAF1UiuKsUjX/TmHoPimDMTdaOXjPlqxODHK22vAkAkOQcwGx8g\n"
     "PJpRtPecM/sc70ZQV0fTaB84FxOFGLf+WmBbnu88Pj7NTu5hDJEuE6q/7GTJ1DQ4\n"
     "8eDafOZUWhDw\n"
     "-----END PRIVATE KEY-----\n",
     "2048 or 3072"},
    {"-----BEGIN PRIVATE KEY-----\n"
     "MIIEvAIBADANBgkqhkiG9w0BAQEFAASCBKYwggSiAgEAAoIBAQCwEssypoLGV/2v\n"
     "+ZZz5mGwQ6/GQICQn27ErnBrFHjSgA/zaJGRZmuNA40/MGiGJ8eKuQ9Yt8rNxmQs\n"
     "PIeyfyqJY3pNohRu2mg9yCtHBGhxVzd4WW3W1mVeGztYfp+l/D4SZCDa1MCNKilk\n"
     "GFBzRe+qRuPdGM3ySy6SAgDIiW1nLFo20ZLoDkkXsiGak7KNAsq5qh9gWLAyxzjj\n"
     "ghoqsv8kpsypKE2z7DsXYN5ZBAiSNuhGHIzj/9qcNmZ+auvTSPnf1C8q+ginNr8a\n"
     "aZ15rHpAimsX6IEC5hCOeIJc1RshgziiFnwe89WngIwcXozeiUmsdXs9u4humJ0B\n"
     "e2C13HvTAgEDAoIBAHVh3MxvAdmP/nVRDvfu68rXyoQrAGBqSdh0SvINpeGqtUzw\n"
     "YQuZnQitCNTK8Flv2lx7X5B6hzPZmB19r8xUxwZCUYkWuEnm8CkwHNoC8EuPelA7\n"
     "no85mOlnfOWpv8P9frbtazyN1bNxcO1liveD9RwvQpNl3qGHdGFWqzBbnkTHIC9o\n"
     "b8J62qX5HdnmR+2Y+CantNlJdZKcAd6lT40OlzpaDqM9XVl/PSX5g5F/2mUzCFlP\n"
     "ca9Xdb6t+BnCL6ysanNcp92O5KnpCMFgeFHGI41D8KyHGafRssLr7eoC3EV0aAf9\n"
     "9VhdLW5fCbY++Q1rPnd/DQ51lgYtkSGjqC+fi9sCgYEA5biHFjQSYF/969BPdbLo\n"
     "yNlzZlPIktldCrzB5q892IiVAa0Vprrk4fi2SHE7Uytf28EsRo6plioNIwtg9mCN\n"
     "kpCHvR6D2kX+RzDmlXpN59P0zrVACeVAi7mCF1fIVXBmeMuSa0ULBbKFFjqGFK87\n"
     "ajzyyHT4n+OJoMHXoikuVQ8CgYEAxDct1RBDoL6+iQNq0PW0jaY7Kcah7P2AK1jI\n"
     "PCffQ8SKtQc2mvLIfWW0UI2I7c8Kf/75G85TE9QkT0xmre+4x6JBdkAf12Ja6sdy\n"
     "U4S1XRivs1/d0KHq+LCUhiYIe0juI8qHINVdC89s51B6ApstAbxEHzMSh4HKoo0u\n"
     "QkU+1P0CgYEAmSWvZCK26uqpR+A0+SHwheZM7uKFtzuTXH3WmcopOwW4q8i5GdHt\n"
     "6/skMEt84hzqkoDILwnGZBwIwgeV+ZWztwsFKL8CkYP+2iCZuPwz7+KjNHjVW+4r\n"
     "B9EBZOUwOPWZpd0MR4NcrncDZCcEDconnCih2vilv+0GayvlFsYe418CgYEAgs9z\n"
     "42AtFdR/BgJHNfkjCRl8xoRr81Oqx5CFfW/qLS2xzgTPEfcwU5ki4F5bSTSxqqn7\n"
     "Z97iDTgYNN2ZyUp7L8GA+YAVOkGR8dpMN63OPhB1Ij/pNcFHUHW4WW6wUjCewocE\n"
     "wI4+B9+d74r8AbzIq9LYFMy3BQExwbN0LC4p41MCgYB4P3cGEX6WI67pMupvDaXn\n"
     "/uc5Nv9eCcMNuJxFTcZ+g6It6Demo5DCUAZfRt0lM/vXGJCl+yHwc06iBsn6FtiQ\n"
     "7g7O67zoCLIbeCHDLMC67wzcJz4c5AfPlTTitmv0VXqNw+nhDSCROa1SdPdKdE2d\n"
     "IC9T0ejAUavI5ErYkGBLtA==\n"
     "-----END PRIVATE KEY-----\n",
     "65537"},
    {"-----BEGIN PRIVATE KEY-----\n"
     "MC4CAQAwBQYDK2VuBCIEIEin2ndX5EVCSwN0f2K1pnemzric0X1ignCCwbozoUJX\n"
     "-----END PRIVATE KEY-----\n",
     "of a kind"},
    {"-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
     "MIGbMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAhickDcCqFcKAICCAAw\n"
     "DAYIKoZIhvcNAgkFADAdBglghkgBZQMEAQIEECqCnijarmIhbpZ1PYpiMQ4EQECC\n"
     "zbeCCuirrRNaSDFd39+QaTZZ+R2IdJg/o+skdIfQda6lBiY9ajrdg5LK6zJeENAl\n"
     "mnKRSxoLHdDPYu//H/I=\n"
     "-----END ENCRYPTED PRIVATE KEY-----\n",
     "password"},
    {"", "the file is empty"},
    {"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "this is not a PEM key"},
    {"hello", "this is not a PEM key"},
};

static void keys_of_other_kinds_and_no_keys_are_refused_with_a_reason(void **state)
{
    char large[70000] = "";

    (void)state;
    for (size_t i = 0; i < sizeof refused_pems / sizeof refused_pems[0]; i++) {
        const char *why = NULL;

        assert_null(rig_key_from_pem(refused_pems[i].pem, strlen(refused_pems[i].pem), &why));
        assert_non_null(why);
        if (!strstr(why, refused_pems[i].why))
            fail_msg("case %zu: %s", i, why);
    }
    assert_null(rig_key_from_pem(large, sizeof large, NULL));
}

static struct rig_key *key_of_der(const unsigned char *der, long n_bytes)
{
    BIO *bio = BIO_new(BIO_s_mem());
    struct rig_key *key;
    char *pem;
    long n_pem;

    assert_true(PEM_write_bio(bio, "PRIVATE KEY", "", der, n_bytes) > 0);
    n_pem = BIO_get_mem_data(bio, &pem);
    key = rig_key_from_pem(pem, (size_t)n_pem, NULL);
    BIO_free(bio);
    return key;
}

/* Every part of a private key stands for itself in the file: one bit less in any of them, and nothing fits.
 * What comes before `first` names the algorithm. */
static void every_flip_is_refused(const char *name, long first, long step)
{
    char path[512], *label, *header;
    unsigned char *der;
    long n_bytes;
    BIO *bio;

    snprintf(path, sizeof path, RIG_SOURCE_DIR "/fixtures/keys/%s", name);
    bio = BIO_new_file(path, "rb");
    assert_int_equal(PEM_read_bio(bio, &label, &header, &der, &n_bytes), 1);
    BIO_free(bio);
    for (long at = first; at < n_bytes; at += step) {
        der[at] ^= 1;
        if (key_of_der(der, n_bytes))
            fail_msg("%s: a flipped bit in byte %ld of %ld is taken", name, at, n_bytes);
        der[at] ^= 1;
    }
    OPENSSL_free(label);
    OPENSSL_free(header);
    OPENSSL_free(der);
}

static void private_keys_whose_parts_do_not_belong_together_are_refused(void **state)
{
    static char pem[8192];
    const char *why = NULL;
    FILE *file = fopen(RIG_SOURCE_DIR "/fixtures/keys/inconsistent-rsa-3072.pem", "rb");
    size_t n_bytes;

    (void)state;
    assert_non_null(file);
    n_bytes = fread(pem, 1, sizeof pem, file);
    fclose(file);
    assert_null(rig_key_from_pem(pem, n_bytes, &why));
    assert_non_null(strstr(why, "do not belong together"));
    every_flip_is_refused("rsa-2048-0.pem", 40, 97);
    every_flip_is_refused("ecdsa-p256-0.pem", 40, 11);
}

static void a_public_key_in_der_is_taken_in_one_form_only(void **state)
{
    (void)state;
    for (unsigned kind = 0; kind < RIG_KEY_N_KINDS; kind++) {
        struct rig_key *key = rig_key_test((enum rig_key_kind)kind, 0, NULL), *again;
        uint8_t der[512] = {0};
        size_t n_bytes;
        const uint8_t *whole = rig_key_public_der(key, &n_bytes);

        memcpy(der, whole, n_bytes);
        again = rig_key_from_public_der(der, n_bytes, NULL);
        assert_non_null(again);
        assert_memory_equal(rig_key_hash(again), rig_key_hash(key), RIG_IMAGE_HASH_BYTES);
        assert_null(rig_key_from_public_der(der, n_bytes + 1, NULL));
        assert_null(rig_key_from_public_der(der, n_bytes - 1, NULL));
        rig_key_free(again);
        rig_key_free(key);
    }
    assert_null(rig_key_from_public_der("", 0, NULL));
}

static void names_of_kinds_read_back(void **state)
{
    struct rig_signed_how how = {.key_in_image = true};
    enum rig_key_kind found;

    (void)state;
    for (unsigned kind = 0; kind < RIG_KEY_N_KINDS; kind++) {
        assert_true(rig_key_kind_from_name(rig_key_kind_name((enum rig_key_kind)kind), &found));
        assert_int_equal(found, kind);
    }
    assert_false(rig_key_kind_from_name("dsa", &found));
    for (unsigned i = 0; i < 3; i++) {
        const char *const name = (const char *const[]){"ed25519-sha512", "ed25519-pure", "ecdsa-p384"}[i];

        assert_true(rig_signing_from_name(name, &found, &how));
        assert_string_equal(rig_signing_name(found, &how), name);
        assert_int_equal(found, i < 2 ? RIG_KEY_ED25519 : RIG_KEY_ECDSA_P384);
        assert_int_equal(rig_key_hash_type(found, &how), i < 2 ? RIG_IMAGE_TLV_SHA512 : RIG_IMAGE_TLV_SHA384);
        assert_true(how.key_in_image && how.pure == (i == 1));
    }
    assert_false(rig_signing_from_name("ecdsa-p256-pure", &found, &how));
    assert_null(rig_key_test(RIG_KEY_RSA2048, 2, NULL));
    assert_non_null(rig_key_kind_name((enum rig_key_kind)99));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rfc_6979_a_2_5_and_a_2_6_sample),
        cmocka_unit_test(vector_1_6_key_hash_of_the_upstream_test_key),
        cmocka_unit_test(test_keys_are_those_of_the_fixtures),
        cmocka_unit_test(a_key_survives_its_pem_and_the_public_half_only_checks),
        cmocka_unit_test(a_signature_holds_for_one_key_one_digest_and_its_whole_length),
        cmocka_unit_test(a_thousand_ecdsa_signatures_verify_whatever_their_length),
        cmocka_unit_test(every_kind_can_be_generated),
        cmocka_unit_test(keys_of_other_kinds_and_no_keys_are_refused_with_a_reason),
        cmocka_unit_test(private_keys_whose_parts_do_not_belong_together_are_refused),
        cmocka_unit_test(a_public_key_in_der_is_taken_in_one_form_only),
        cmocka_unit_test(names_of_kinds_read_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
