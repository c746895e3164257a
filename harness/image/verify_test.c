/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The walk over the unprotected TLVs: every order, length and pairing of hash, key hash and signature that
 * decides. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "image/build.h"
#include "image/image_internal.h"

#define PAYLOAD_BYTES 64u
#define MAX_TLVS 8u

/* What an entry holds. The first digit of a key is its kind: E Ed25519, C ECDSA. */
enum held {
    END,
    HASH,
    SHORT_HASH,
    WRONG_HASH,
    KEY_E,        /* the hash of the known Ed25519 key */
    KEY_C,        /* of the known ECDSA key */
    KEY_STRANGER, /* of an Ed25519 key that nobody knows */
    SHORT_KEY,    /* KEY_E, one byte too short */
    SHORT_KEY_ON, /* SHORT_KEY, and the byte behind it is the one that is missing */
    SIGNED_E,     /* a good signature */
    SIGNED_C,
    CORRUPTED_E, /* one bit of it flipped */
    E_AS_C,      /* a good Ed25519 signature in an entry of type ECDSA_SIG */
    LONG_E,      /* longer than any signature */
    CUSTOM,      /* an entry that nobody knows */
    OVERRUNS,    /* says more bytes than there are */
};

struct row {
    const char *name;
    enum held tlvs[MAX_TLVS];
    enum rig_image_status strict;  /* hash and signature are demanded */
    enum rig_image_status lenient; /* the hash alone */
};

static const struct row rows[] = {
    {"signed", {HASH, KEY_E, SIGNED_E}, RIG_IMAGE_OK, RIG_IMAGE_OK},
    {"signed by the second key", {HASH, KEY_C, SIGNED_C}, RIG_IMAGE_OK, RIG_IMAGE_OK},
    {"signed, something else between", {HASH, KEY_E, CUSTOM, SIGNED_E}, RIG_IMAGE_OK, RIG_IMAGE_OK},
    {"hash last", {KEY_E, SIGNED_E, HASH}, RIG_IMAGE_OK, RIG_IMAGE_OK},
    {"no hash", {KEY_E, SIGNED_E}, RIG_IMAGE_NO_HASH, RIG_IMAGE_NO_HASH},
    {"short hash", {SHORT_HASH, KEY_E, SIGNED_E}, RIG_IMAGE_BAD_HASH, RIG_IMAGE_BAD_HASH},
    {"wrong hash", {WRONG_HASH, KEY_E, SIGNED_E}, RIG_IMAGE_BAD_HASH, RIG_IMAGE_BAD_HASH},
    {"a good and a wrong hash", {HASH, WRONG_HASH, KEY_E, SIGNED_E}, RIG_IMAGE_BAD_HASH, RIG_IMAGE_BAD_HASH},
    {"no signature", {HASH, KEY_E}, RIG_IMAGE_NO_SIGNATURE, RIG_IMAGE_OK},
    {"no key hash", {HASH, SIGNED_E}, RIG_IMAGE_NO_SIGNATURE, RIG_IMAGE_OK},
    {"key hash behind", {HASH, SIGNED_E, KEY_E}, RIG_IMAGE_NO_SIGNATURE, RIG_IMAGE_OK},
    {"a key hash that is cut short is compared as far as it goes",
     {HASH, SHORT_KEY, SIGNED_E},
     RIG_IMAGE_OK,
     RIG_IMAGE_OK},
    {"short key hash after a good one", {HASH, KEY_E, SHORT_KEY, SIGNED_E}, RIG_IMAGE_OK, RIG_IMAGE_OK},
    {"short key hash that goes on", {HASH, SHORT_KEY_ON, SIGNED_E}, RIG_IMAGE_OK, RIG_IMAGE_OK},
    {"stranger", {HASH, KEY_STRANGER, SIGNED_E}, RIG_IMAGE_NO_SIGNATURE, RIG_IMAGE_OK},
    {"stranger after a good one",
     {HASH, KEY_E, KEY_STRANGER, SIGNED_E},
     RIG_IMAGE_NO_SIGNATURE,
     RIG_IMAGE_OK},
    {"corrupted signature", {HASH, KEY_E, CORRUPTED_E}, RIG_IMAGE_BAD_SIGNATURE, RIG_IMAGE_OK},
    {"signature of another kind of key", {HASH, KEY_C, SIGNED_E}, RIG_IMAGE_NO_SIGNATURE, RIG_IMAGE_OK},
    {"signature of another type", {HASH, KEY_E, E_AS_C}, RIG_IMAGE_NO_SIGNATURE, RIG_IMAGE_OK},
    {"a key is used up by its signature",
     {HASH, KEY_E, CORRUPTED_E, SIGNED_E},
     RIG_IMAGE_BAD_SIGNATURE,
     RIG_IMAGE_OK},
    {"the last signature decides", {HASH, KEY_E, CORRUPTED_E, KEY_E, SIGNED_E}, RIG_IMAGE_OK, RIG_IMAGE_OK},
    {"the last signature decides against it",
     {HASH, KEY_E, SIGNED_E, KEY_E, CORRUPTED_E},
     RIG_IMAGE_BAD_SIGNATURE,
     RIG_IMAGE_OK},
    {"the last one that was tried decides",
     {HASH, KEY_E, SIGNED_E, KEY_STRANGER, CORRUPTED_E},
     RIG_IMAGE_OK,
     RIG_IMAGE_OK},
    {"endless signature", {HASH, KEY_E, LONG_E}, RIG_IMAGE_BAD_SIGNATURE, RIG_IMAGE_OK},
    {"overrun", {HASH, KEY_E, SIGNED_E, OVERRUNS}, RIG_IMAGE_BAD_TLV, RIG_IMAGE_BAD_TLV},
    {"nothing", {END}, RIG_IMAGE_NO_HASH, RIG_IMAGE_NO_HASH},
};

struct bench {
    struct rig_key *ed25519, *ecdsa, *stranger;
    uint8_t bytes[4096];
    size_t n_bytes;
    uint8_t hash[RIG_IMAGE_HASH_BYTES];
};

static void put(struct bench *bench, uint16_t type, const void *bytes, size_t n_bytes)
{
    rig_put_le16(bench->bytes + bench->n_bytes, type);
    rig_put_le16(bench->bytes + bench->n_bytes + 2, (uint16_t)n_bytes);
    memcpy(bench->bytes + bench->n_bytes + 4, bytes, n_bytes);
    bench->n_bytes += 4 + n_bytes;
}

static void put_signature(struct bench *bench, enum held held)
{
    const struct rig_key *key = held == SIGNED_C ? bench->ecdsa : bench->ed25519;
    uint8_t signature[RIG_SIGNATURE_MAX_BYTES];
    size_t n_bytes = rig_key_sign(key, bench->hash, signature);

    assert_true(n_bytes > 0);
    if (held == CORRUPTED_E)
        signature[3] ^= 1;
    put(bench, held == SIGNED_C || held == E_AS_C ? RIG_IMAGE_TLV_ECDSA_SIG : RIG_IMAGE_TLV_ED25519,
        signature, n_bytes);
}

static void put_held(struct bench *bench, enum held held)
{
    static const uint8_t zeros[RIG_SIGNATURE_MAX_BYTES + 1] = {0};

    switch (held) {
    case HASH:
    case SHORT_HASH:
        put(bench, RIG_IMAGE_TLV_SHA256, bench->hash, held == HASH ? 32 : 31);
        return;
    case WRONG_HASH:
        put(bench, RIG_IMAGE_TLV_SHA256, zeros, 32);
        return;
    case KEY_E:
    case SHORT_KEY:
        put(bench, RIG_IMAGE_TLV_KEYHASH, rig_key_hash(bench->ed25519), held == KEY_E ? 32 : 31);
        return;
    case SHORT_KEY_ON:
        put(bench, RIG_IMAGE_TLV_KEYHASH, rig_key_hash(bench->ed25519), 31);
        put(bench, (uint16_t)(0xa000 | rig_key_hash(bench->ed25519)[31]), zeros, 4);
        return;
    case KEY_C:
        put(bench, RIG_IMAGE_TLV_KEYHASH, rig_key_hash(bench->ecdsa), 32);
        return;
    case KEY_STRANGER:
        put(bench, RIG_IMAGE_TLV_KEYHASH, rig_key_hash(bench->stranger), 32);
        return;
    case LONG_E:
        put(bench, RIG_IMAGE_TLV_ED25519, zeros, sizeof zeros);
        return;
    case CUSTOM:
        put(bench, 0xa0a0, zeros, 5);
        return;
    case OVERRUNS:
        put(bench, 0xa0a0, zeros, 5);
        bench->bytes[bench->n_bytes - 7] = 6;
        return;
    case SIGNED_E:
    case SIGNED_C:
    case CORRUPTED_E:
    case E_AS_C:
        put_signature(bench, held);
        return;
    case END:
        return;
    }
}

static void make(struct bench *bench, const enum held tlvs[MAX_TLVS])
{
    const struct rig_image_header header = {.magic = RIG_IMAGE_MAGIC,
                                            .header_bytes = RIG_IMAGE_HEADER_BYTES,
                                            .payload_bytes = PAYLOAD_BYTES,
                                            .version = {1, 0, 0, 0}};
    size_t info = RIG_IMAGE_HEADER_BYTES + PAYLOAD_BYTES;

    memset(bench->bytes, 0x5a, sizeof bench->bytes);
    rig_image_header_encode(&header, bench->bytes);
    assert_int_equal(EVP_Digest(bench->bytes, info, bench->hash, NULL, EVP_sha256(), NULL), 1);
    bench->n_bytes = info + 4;
    for (size_t i = 0; i < MAX_TLVS && tlvs[i] != END; i++)
        put_held(bench, tlvs[i]);
    rig_put_le16(bench->bytes + info, RIG_IMAGE_TLV_INFO_MAGIC);
    rig_put_le16(bench->bytes + info + 2, (uint16_t)(bench->n_bytes - info));
}

static enum rig_image_status judged(const struct bench *bench, bool check_hash, bool need_signature)
{
    const struct rig_key *keys[] = {bench->ed25519, bench->ecdsa};
    const struct rig_image_policy policy = {.check_hash = check_hash,
                                            .need_signature = need_signature,
                                            .keys = keys,
                                            .n_keys = 2,
                                            .max_image_bytes = UINT32_MAX};
    const struct rig_memory_image memory = {bench->bytes, bench->n_bytes};
    const struct rig_image_source source = rig_image_source_from_memory(&memory);
    struct rig_image_layout layout;

    return rig_image_verify(&source, &policy, &layout);
}

static void the_walk_comes_to_the_verdict_of_bootutil(void **state)
{
    struct bench bench = {.ed25519 = rig_key_test(RIG_KEY_ED25519, 0, NULL),
                          .ecdsa = rig_key_test(RIG_KEY_ECDSA_P256, 0, NULL),
                          .stranger = rig_key_test(RIG_KEY_ED25519, 1, NULL)};
    unsigned n_wrong = 0;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        make(&bench, rows[i].tlvs);
        enum rig_image_status strict = judged(&bench, true, true);
        enum rig_image_status lenient = judged(&bench, true, false);
        enum rig_image_status careless = judged(&bench, false, false);
        bool overruns = rows[i].strict == RIG_IMAGE_BAD_TLV;

        if (strict != rows[i].strict || lenient != rows[i].lenient ||
            careless != (overruns ? RIG_IMAGE_BAD_TLV : RIG_IMAGE_OK)) {
            print_error("%s: %s; without a signature: %s; without a hash: %s\n", rows[i].name,
                        rig_image_status_text(strict), rig_image_status_text(lenient),
                        rig_image_status_text(careless));
            n_wrong++;
        }
    }
    rig_key_free(bench.ed25519);
    rig_key_free(bench.ecdsa);
    rig_key_free(bench.stranger);
    assert_int_equal(n_wrong, 0);
}

/* An image of protected and unprotected entries with 0x50 (security counter), 0x40 (dependency) and others.
 */
struct parts {
    uint16_t said; /* protected bytes by the header */
    uint8_t protected_area[40];
    size_t n_protected;
    uint8_t entries[40];
    size_t n_entries;
};

static struct rig_image_source assemble(struct bench *bench, struct rig_memory_image *memory,
                                        const struct parts *parts)
{
    const struct rig_image_header header = {.magic = RIG_IMAGE_MAGIC,
                                            .header_bytes = RIG_IMAGE_HEADER_BYTES,
                                            .payload_bytes = PAYLOAD_BYTES,
                                            .protected_tlv_bytes = parts->said};
    size_t at = RIG_IMAGE_HEADER_BYTES + PAYLOAD_BYTES;

    memset(bench->bytes, 0, sizeof bench->bytes);
    rig_image_header_encode(&header, bench->bytes);
    if (parts->n_protected) {
        rig_put_le16(bench->bytes + at, RIG_IMAGE_TLV_PROTECTED_INFO_MAGIC);
        rig_put_le16(bench->bytes + at + 2, (uint16_t)(parts->n_protected + 4));
        memcpy(bench->bytes + at + 4, parts->protected_area, parts->n_protected);
        at += parts->n_protected + 4;
    }
    rig_put_le16(bench->bytes + at, RIG_IMAGE_TLV_INFO_MAGIC);
    rig_put_le16(bench->bytes + at + 2, (uint16_t)(parts->n_entries + 4));
    memcpy(bench->bytes + at + 4, parts->entries, parts->n_entries);
    *memory = (struct rig_memory_image){bench->bytes, at + 4 + parts->n_entries + 64};
    return rig_image_source_from_memory(memory);
}

#define COUNTER 0x50, 0, 4, 0, 7, 0, 0, 0
#define LONG_COUNTER 0x50, 0, 5, 0, 9, 0, 0, 0, 0
#define NEEDS 0x40, 0, 12, 0, 1, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0
#define SHORT_NEEDS 0x40, 0, 11, 0, 1, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0
/* clang-format off */
#define BYTES(...) {__VA_ARGS__}, sizeof((uint8_t[]){__VA_ARGS__})
/* clang-format on */

static void counters_and_dependencies_count_in_the_protected_area_and_in_full_length(void **state)
{
    /* clang-format off */
    static const struct {
        struct parts parts;
        enum rig_image_status layout;
        bool has_counter;
        size_t n_dependencies;
        bool walk_fails;
    } cases[] = {
        {{12, BYTES(COUNTER), BYTES(0xa0, 0xa0, 0, 0)}, RIG_IMAGE_OK, true, 0, false},
        {{21, BYTES(LONG_COUNTER, COUNTER), BYTES(0xa0, 0xa0, 0, 0)}, RIG_IMAGE_OK, true, 0, false},
        {{13, BYTES(LONG_COUNTER), BYTES(0xa0, 0xa0, 0, 0)}, RIG_IMAGE_OK, false, 0, false},
        {{8, BYTES(0xa0, 0xa0, 0, 0), BYTES(COUNTER, NEEDS)}, RIG_IMAGE_OK, false, 0, false},
        {{20, BYTES(NEEDS), BYTES(NEEDS)}, RIG_IMAGE_OK, false, 1, false},
        {{35, BYTES(SHORT_NEEDS, NEEDS), BYTES(0xa0, 0xa0, 0, 0)}, RIG_IMAGE_OK, false, 1, false},
        {{0, {0}, 0, BYTES(0xa0, 0xa0, 0, 0)}, RIG_IMAGE_OK, false, 0, false},
        {{8, {0}, 0, BYTES(0xa0, 0xa0, 0, 0, 0x07, 0x69, 4, 0)}, RIG_IMAGE_BAD_TLV, false, 0, false},
        {{13, BYTES(COUNTER), BYTES(0xa0, 0xa0, 0, 0)}, RIG_IMAGE_BAD_TLV, false, 0, false},
        {{0, BYTES(COUNTER), BYTES(0xa0, 0xa0, 0, 0)}, RIG_IMAGE_BAD_TLV, false, 0, false},
        {{8, BYTES(0xa0, 0xa0, 8, 0), BYTES(0xa0, 0xa0, 0, 0)}, RIG_IMAGE_OK, false, 0, true}, /* into the next area */
    };
    /* clang-format on */
    struct bench bench;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct rig_memory_image memory;
        struct rig_image_source source = assemble(&bench, &memory, &cases[i].parts);
        struct rig_image_dependency dependency = {0};
        struct rig_image_tlv_cursor cursor = {0};
        struct rig_image_tlv_entry entry;
        struct rig_image_layout layout;
        enum rig_image_status status = rig_image_read_layout(&source, UINT32_MAX, &layout);
        uint32_t counter = 7;

        assert_int_equal(status, cases[i].layout);
        if (status != RIG_IMAGE_OK)
            continue;
        assert_int_equal(rig_image_security_counter(&source, &layout, &counter), cases[i].has_counter);
        assert_int_equal(counter, 7);
        assert_int_equal(rig_image_dependencies(&source, &layout, &dependency, 1), cases[i].n_dependencies);
        assert_int_equal(dependency.minimum.major, cases[i].n_dependencies ? 2 : 0);
        while ((status = rig_image_next_tlv(&source, &layout, &cursor, &entry)) == RIG_IMAGE_OK)
            continue;
        assert_int_equal(status, cases[i].walk_fails ? RIG_IMAGE_BAD_TLV : RIG_IMAGE_NO_IMAGE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_walk_comes_to_the_verdict_of_bootutil),
        cmocka_unit_test(counters_and_dependencies_count_in_the_protected_area_and_in_full_length),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
