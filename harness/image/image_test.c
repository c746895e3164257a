/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Building, reading and verifying images, against the published vectors and against hostile input. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "image/build.h"
#include "image/trailer.h"

#define PAYLOAD_BYTES 1000u

static const struct rig_image_dependency dependency = {.image = 1, .minimum = {1, 0, 0, 0}};

/* Fills the payload with a pattern. */
static struct rig_image_recipe recipe_of(uint8_t payload[PAYLOAD_BYTES])
{
    for (unsigned i = 0; i < PAYLOAD_BYTES; i++)
        payload[i] = (uint8_t)i;
    return (struct rig_image_recipe){
        .payload = payload,
        .payload_bytes = PAYLOAD_BYTES,
        .version = {1, 2, 3, 4},
        .erased = 0xff,
    };
}

static struct rig_bytes build(const struct rig_image_recipe *recipe)
{
    struct rig_bytes image;

    assert_int_equal(rig_image_build(recipe, &image), RIG_IMAGE_OK);
    return image;
}

static struct rig_image_policy policy_of(const struct rig_key *const *keys, size_t n_keys)
{
    return (struct rig_image_policy){
        .check_hash = true,
        .need_signature = n_keys > 0,
        .keys = keys,
        .n_keys = n_keys,
        .max_image_bytes = UINT32_MAX,
    };
}

static enum rig_image_status verify(const struct rig_bytes *image, const struct rig_image_policy *policy)
{
    const struct rig_memory_image memory = {image->bytes, image->n_bytes};
    const struct rig_image_source source = rig_image_source_from_memory(&memory);
    struct rig_image_layout layout;

    return rig_image_verify(&source, policy, &layout);
}

static enum rig_image_status verify_unsigned(const struct rig_bytes *image)
{
    const struct rig_image_policy policy = policy_of(NULL, 0);

    return verify(image, &policy);
}

static enum rig_image_status layout_of(const uint8_t *bytes, size_t n_bytes, uint32_t max_bytes,
                                       struct rig_image_layout *layout)
{
    const struct rig_memory_image memory = {bytes, n_bytes};
    const struct rig_image_source source = rig_image_source_from_memory(&memory);

    return rig_image_read_layout(&source, max_bytes, layout);
}

static void vector_1_6_header_and_hash_without_protected_tlvs(void **state)
{
    static const uint8_t header[] = {0x3d, 0xb8, 0xf3, 0x96, 0, 0, 0, 0, 0x20, 0, 0, 0, 0xe8, 0x03, 0, 0,
                                     0,    0,    0,    0,    1, 2, 3, 0, 4,    0, 0, 0, 0,    0,    0, 0};
    static const uint8_t hash[] = {0x05, 0x9f, 0xad, 0xcd, 0x65, 0x8d, 0x31, 0xe3, 0x47, 0x7e, 0x82,
                                   0x0e, 0xb3, 0x78, 0xdc, 0xa6, 0x01, 0xe9, 0x6b, 0x7e, 0x44, 0x8e,
                                   0xc0, 0xdb, 0x89, 0xeb, 0x75, 0x95, 0xd4, 0x2b, 0x90, 0xff};
    uint8_t payload[PAYLOAD_BYTES], stored[RIG_IMAGE_HASH_BYTES];
    struct rig_image_recipe recipe = recipe_of(payload);
    struct rig_image_layout layout;
    struct rig_bytes image;

    (void)state;
    image = build(&recipe);
    assert_int_equal(image.n_bytes, 1072);
    assert_memory_equal(image.bytes, header, sizeof header);
    assert_memory_equal(image.bytes + 32, payload, sizeof payload);
    assert_memory_equal(image.bytes + 1032, "\x07\x69\x28\x00\x10\x00\x20\x00", 8);
    assert_memory_equal(image.bytes + 1040, hash, sizeof hash);
    assert_int_equal(layout_of(image.bytes, image.n_bytes, UINT32_MAX, &layout), RIG_IMAGE_OK);
    assert_int_equal(layout.end, 1072);
    assert_int_equal(layout.tlv_offset, 1032);
    const struct rig_memory_image memory = {image.bytes, image.n_bytes};
    const struct rig_image_source source = rig_image_source_from_memory(&memory);
    assert_int_equal(rig_image_stored_hash(&source, &layout, stored), RIG_IMAGE_OK);
    assert_memory_equal(stored, hash, sizeof hash);
    assert_int_equal(verify_unsigned(&image), RIG_IMAGE_OK);
    rig_bytes_clear(&image);
}

static void vector_1_6_protected_tlvs(void **state)
{
    static const uint8_t area[] = {0x08, 0x69, 0x1c, 0, 0x50, 0, 4, 0, 7, 0, 0, 0, 0x40, 0,
                                   0x0c, 0,    1,    0, 0,    0, 1, 0, 0, 0, 0, 0, 0,    0};
    static const uint8_t hash[] = {0x0e, 0x19, 0x8a, 0x38, 0xe1, 0x42, 0x11, 0x13, 0xaa, 0xff, 0x1d,
                                   0xb7, 0x1a, 0xdd, 0x9e, 0x5a, 0x0a, 0x3d, 0xa2, 0xb3, 0xb6, 0xed,
                                   0x5d, 0xa1, 0x7e, 0xe2, 0xa6, 0x9c, 0xdc, 0xc7, 0x28, 0x5d};
    uint8_t payload[PAYLOAD_BYTES], computed[RIG_IMAGE_HASH_BYTES];
    struct rig_image_recipe recipe = recipe_of(payload);
    struct rig_image_dependency found[2];
    struct rig_image_layout layout;
    struct rig_bytes image;
    uint32_t counter = 0;

    (void)state;
    recipe.has_security_counter = true;
    recipe.security_counter = 7;
    recipe.dependencies = &dependency;
    recipe.n_dependencies = 1;
    image = build(&recipe);
    assert_int_equal(rig_get_le16(image.bytes + 10), 28);
    assert_memory_equal(image.bytes + 1032, area, sizeof area);
    assert_int_equal(layout_of(image.bytes, image.n_bytes, UINT32_MAX, &layout), RIG_IMAGE_OK);
    assert_int_equal(layout.tlv_offset, 1060);
    assert_int_equal(layout.hashed_bytes, 1060);
    const struct rig_memory_image memory = {image.bytes, image.n_bytes};
    const struct rig_image_source source = rig_image_source_from_memory(&memory);
    assert_int_equal(rig_image_compute_hash(&source, &layout, computed), RIG_IMAGE_OK);
    assert_memory_equal(computed, hash, sizeof hash);
    assert_true(rig_image_security_counter(&source, &layout, &counter));
    assert_int_equal(counter, 7);
    assert_int_equal(rig_image_dependencies(&source, &layout, found, 2), 1);
    assert_int_equal(found[0].image, 1);
    assert_int_equal(found[0].minimum.major, 1);
    assert_int_equal(rig_image_dependencies(&source, &layout, NULL, 0), 1);
    assert_int_equal(verify_unsigned(&image), RIG_IMAGE_OK);
    rig_bytes_clear(&image);
}

static void vector_1_6_unprotected_totals_of_each_kind(void **state)
{
    static const uint16_t least[] = {150, 336, 464, 144, 212}, most[] = {152, 336, 464, 144, 216};
    uint8_t payload[PAYLOAD_BYTES];
    struct rig_image_recipe recipe = recipe_of(payload);

    (void)state;
    for (unsigned kind = 0; kind < RIG_KEY_N_KINDS; kind++) {
        struct rig_key *key = rig_key_test((enum rig_key_kind)kind, 0, NULL);
        struct rig_bytes image;

        assert_non_null(key);
        recipe.key = key;
        image = build(&recipe);
        assert_in_range(rig_get_le16(image.bytes + 1034), least[kind], most[kind]);
        assert_int_equal(image.n_bytes, 1032 + rig_get_le16(image.bytes + 1034));
        rig_bytes_clear(&image);
        rig_key_free(key);
    }
}

static void every_kind_of_signature_verifies_and_is_the_same_every_time(void **state)
{
    uint8_t payload[PAYLOAD_BYTES];
    struct rig_image_recipe recipe = recipe_of(payload);

    (void)state;
    for (unsigned kind = 0; kind < RIG_KEY_N_KINDS; kind++) {
        struct rig_key *own = rig_key_test((enum rig_key_kind)kind, 0, NULL);
        struct rig_key *stranger = rig_key_test((enum rig_key_kind)kind, 1, NULL);
        const struct rig_key *const known[] = {stranger, own};
        const struct rig_image_policy good = policy_of(known, 2), wrong = policy_of(known, 1);
        struct rig_bytes image, again;

        recipe.key = own;
        image = build(&recipe);
        again = build(&recipe);
        assert_int_equal(image.n_bytes, again.n_bytes);
        assert_memory_equal(image.bytes, again.bytes, image.n_bytes);
        assert_int_equal(verify(&image, &good), RIG_IMAGE_OK);
        assert_int_equal(verify(&image, &wrong), RIG_IMAGE_NO_SIGNATURE);
        /* A build that takes unsigned images knows SHA-256 only. */
        assert_int_equal(verify_unsigned(&image),
                         kind == RIG_KEY_ECDSA_P384 ? RIG_IMAGE_NO_HASH : RIG_IMAGE_OK);
        rig_bytes_clear(&image);
        rig_bytes_clear(&again);
        rig_key_free(own);
        rig_key_free(stranger);
    }
}

static size_t read_reference(enum rig_key_kind kind, uint8_t *into, size_t max)
{
    char path[512];
    FILE *file;
    size_t n_bytes;

    snprintf(path, sizeof path, RIG_SOURCE_DIR "/fixtures/images/imgtool-%s.bin", rig_key_kind_name(kind));
    file = fopen(path, "rb");
    assert_non_null(file);
    n_bytes = fread(into, 1, max, file);
    fclose(file);
    return n_bytes;
}

/* Ed25519 has no choice in its signature: there the whole file must be the same. */
static void images_of_imgtool_verify_and_ours_are_the_same_up_to_the_signature(void **state)
{
    static const struct rig_image_custom_tlv custom[] = {{0xa0a0, (const uint8_t *)"\xc0\xff\xee", 3}};
    uint8_t payload[PAYLOAD_BYTES];
    struct rig_image_recipe recipe = recipe_of(payload);

    (void)state;
    recipe.has_security_counter = true;
    recipe.security_counter = 7;
    recipe.dependencies = &dependency;
    recipe.n_dependencies = 1;
    recipe.custom = custom;
    recipe.n_custom = 1;
    for (unsigned kind = 0; kind < RIG_KEY_ECDSA_P384; kind++) {
        struct rig_key *key = rig_key_test((enum rig_key_kind)kind, 0, NULL);
        const struct rig_key *const keys[] = {key};
        const struct rig_image_policy policy = policy_of(keys, 1);
        uint8_t theirs[4096];
        const struct rig_bytes reference = {theirs,
                                            read_reference((enum rig_key_kind)kind, theirs, sizeof theirs)};
        struct rig_bytes ours;

        recipe.key = key;
        ours = build(&recipe);
        assert_int_equal(verify(&reference, &policy), RIG_IMAGE_OK);
        assert_memory_equal(ours.bytes, theirs, 1032 + 35);        /* all that is signed */
        assert_memory_equal(ours.bytes + 1071, theirs + 1071, 72); /* hash and key hash */
        if (kind == RIG_KEY_ED25519) {
            assert_int_equal(ours.n_bytes, reference.n_bytes);
            assert_memory_equal(ours.bytes, theirs, ours.n_bytes);
        }
        rig_bytes_clear(&ours);
        rig_key_free(key);
    }
}

static void an_unsigned_image_is_refused_where_a_signature_is_needed(void **state)
{
    uint8_t payload[PAYLOAD_BYTES];
    struct rig_image_recipe recipe = recipe_of(payload);
    struct rig_key *key = rig_key_test(RIG_KEY_ED25519, 0, NULL);
    const struct rig_key *const keys[] = {key};
    const struct rig_image_policy policy = policy_of(keys, 1);
    struct rig_bytes image;

    (void)state;
    image = build(&recipe);
    assert_int_equal(verify(&image, &policy), RIG_IMAGE_NO_SIGNATURE);
    rig_bytes_clear(&image);
    rig_key_free(key);
}

static void a_policy_that_skips_the_hash_believes_the_stored_one(void **state)
{
    uint8_t payload[PAYLOAD_BYTES];
    struct rig_image_recipe recipe = recipe_of(payload);
    struct rig_key *key = rig_key_test(RIG_KEY_ECDSA_P256, 0, NULL);
    const struct rig_key *const keys[] = {key};
    struct rig_image_policy policy = policy_of(keys, 1);
    struct rig_bytes image;

    (void)state;
    recipe.key = key;
    image = build(&recipe);
    image.bytes[500] ^= 1;
    assert_int_equal(verify(&image, &policy), RIG_IMAGE_BAD_HASH);
    policy.check_hash = false;
    assert_int_equal(verify(&image, &policy), RIG_IMAGE_OK);
    rig_bytes_clear(&image);
    rig_key_free(key);
}

static void an_unknown_key_only_skips_its_own_signature(void **state)
{
    uint8_t payload[PAYLOAD_BYTES], both[4096];
    struct rig_image_recipe recipe = recipe_of(payload);
    struct rig_key *own = rig_key_test(RIG_KEY_ED25519, 0, NULL),
                   *stranger = rig_key_test(RIG_KEY_ED25519, 1, NULL);
    const struct rig_key *const keys[] = {own};
    const struct rig_image_policy policy = policy_of(keys, 1);
    struct rig_bytes first, second, joined;

    (void)state;
    recipe.key = stranger;
    first = build(&recipe);
    recipe.key = own;
    second = build(&recipe);
    memcpy(both, first.bytes, first.n_bytes);
    memcpy(both + first.n_bytes, second.bytes + 1072, 104); /* KEYHASH and signature, 36 + 68 bytes */
    rig_put_le16(both + 1034, 144 + 104);
    joined = (struct rig_bytes){both, first.n_bytes + 104};
    assert_int_equal(verify(&joined, &policy), RIG_IMAGE_OK);
    both[joined.n_bytes - 1] ^= 1;
    assert_int_equal(verify(&joined, &policy), RIG_IMAGE_BAD_SIGNATURE);
    rig_bytes_clear(&first);
    rig_bytes_clear(&second);
    rig_key_free(own);
    rig_key_free(stranger);
}

static void a_signature_without_its_key_hash_is_not_tried(void **state)
{
    uint8_t payload[PAYLOAD_BYTES];
    struct rig_image_recipe recipe = recipe_of(payload);
    struct rig_key *key = rig_key_test(RIG_KEY_ED25519, 0, NULL);
    const struct rig_key *const keys[] = {key};
    const struct rig_image_policy policy = policy_of(keys, 1);
    struct rig_bytes image;

    (void)state;
    recipe.key = key;
    image = build(&recipe);
    rig_put_le16(image.bytes + 1072, 0x00a0);
    assert_int_equal(verify(&image, &policy), RIG_IMAGE_NO_SIGNATURE);
    rig_bytes_clear(&image);
    rig_key_free(key);
}

static void encrypted_and_compressed_images_are_unsupported(void **state)
{
    static const uint32_t flags[] = {RIG_IMAGE_FLAG_ENCRYPTED_AES128, RIG_IMAGE_FLAG_ENCRYPTED_AES256,
                                     RIG_IMAGE_FLAG_COMPRESSED_LZMA1, RIG_IMAGE_FLAG_COMPRESSED_LZMA2};
    uint8_t payload[PAYLOAD_BYTES];
    struct rig_image_recipe recipe = recipe_of(payload);

    (void)state;
    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++) {
        struct rig_bytes image;

        recipe.flags = flags[i];
        image = build(&recipe);
        assert_int_equal(verify_unsigned(&image), RIG_IMAGE_UNSUPPORTED);
        rig_bytes_clear(&image);
    }
}

static void the_size_limit_counts_the_last_tlv_byte(void **state)
{
    uint8_t payload[PAYLOAD_BYTES];
    struct rig_image_recipe recipe = recipe_of(payload);
    struct rig_image_layout layout;
    struct rig_bytes image;

    (void)state;
    image = build(&recipe);
    assert_int_equal(layout_of(image.bytes, image.n_bytes, 1072, &layout), RIG_IMAGE_OK);
    assert_int_equal(layout_of(image.bytes, image.n_bytes, 1071, &layout), RIG_IMAGE_TOO_LARGE);
    assert_int_equal(layout_of(image.bytes, image.n_bytes, 1035, &layout), RIG_IMAGE_TOO_LARGE);
    assert_int_equal(layout_of(image.bytes, image.n_bytes, 0, &layout), RIG_IMAGE_TOO_LARGE);
    rig_bytes_clear(&image);
}

static void erased_flash_is_no_image_and_other_bytes_are_a_bad_magic(void **state)
{
    uint8_t bytes[64];
    struct rig_image_layout layout;

    (void)state;
    memset(bytes, 0xff, sizeof bytes);
    assert_int_equal(layout_of(bytes, sizeof bytes, UINT32_MAX, &layout), RIG_IMAGE_NO_IMAGE);
    memset(bytes, 0, sizeof bytes);
    assert_int_equal(layout_of(bytes, sizeof bytes, UINT32_MAX, &layout), RIG_IMAGE_NO_IMAGE);
    rig_put_le32(bytes, RIG_IMAGE_MAGIC_V1);
    assert_int_equal(layout_of(bytes, sizeof bytes, UINT32_MAX, &layout), RIG_IMAGE_BAD_MAGIC);
    assert_int_equal(layout_of(bytes, 31, UINT32_MAX, &layout), RIG_IMAGE_READ_FAILED);
}

/* Changes up to two 16-bit fields of a good image with protected TLVs and says what the walk and verify make
 * of it. */
static enum rig_image_status after_change(size_t offset, uint16_t value, size_t second_offset,
                                          uint16_t second_value)
{
    uint8_t payload[PAYLOAD_BYTES];
    struct rig_image_recipe recipe = recipe_of(payload);
    struct rig_bytes image;
    enum rig_image_status status;

    recipe.has_security_counter = true;
    recipe.dependencies = &dependency;
    recipe.n_dependencies = 1;
    image = build(&recipe);
    rig_put_le16(image.bytes + offset, value);
    if (second_offset)
        rig_put_le16(image.bytes + second_offset, second_value);
    status = verify_unsigned(&image);
    rig_bytes_clear(&image);
    return status;
}

static void hostile_headers_and_tlvs_are_refused(void **state)
{
    static const struct {
        size_t offset;
        uint16_t value;
        size_t second_offset;
        uint16_t second_value;
        enum rig_image_status status;
    } cases[] = {
        {8, 31, 0, 0, RIG_IMAGE_BAD_HEADER},
        {8, 0, 0, 0, RIG_IMAGE_BAD_HEADER},
        {14, 0xffff, 12, 0xfff0, RIG_IMAGE_BAD_HEADER}, /* the sum wraps */
        {14, 0xffff, 12, 0xffd0, RIG_IMAGE_BAD_HEADER}, /* the sum wraps only with the protected area */
        {14, 0xffff, 0, 0, RIG_IMAGE_READ_FAILED},      /* 4 GiB of payload that are not there */
        {16, 0x00c, 0, 0, RIG_IMAGE_BAD_HEADER},        /* both AES flags */
        {16, 0x600, 0, 0, RIG_IMAGE_BAD_HEADER},        /* both LZMA flags */
        {10, 0, 0, 0, RIG_IMAGE_BAD_TLV},               /* header denies the protected area */
        {10, 24, 0, 0, RIG_IMAGE_BAD_TLV},
        {1034, 24, 0, 0, RIG_IMAGE_BAD_TLV},   /* the area denies the header */
        {1034, 24, 10, 24, RIG_IMAGE_BAD_TLV}, /* both lie: no info header follows */
        {1034, 3, 10, 3, RIG_IMAGE_BAD_TLV},
        {1032, 0x6907, 0, 0, RIG_IMAGE_BAD_TLV},
        {1032, 0xffff, 0, 0, RIG_IMAGE_BAD_TLV},
        {1060, 0x6908, 0, 0, RIG_IMAGE_BAD_TLV},
        {1062, 3, 0, 0, RIG_IMAGE_BAD_TLV},
        {1062, 0, 0, 0, RIG_IMAGE_BAD_TLV},
        {1062, 41, 0, 0, RIG_IMAGE_BAD_TLV}, /* one byte more than the file */
        {1062, 39, 0, 0, RIG_IMAGE_BAD_TLV}, /* the entry overruns */
        {1062, 7, 0, 0, RIG_IMAGE_BAD_TLV},  /* not even an entry's header fits */
        {1062, 4, 0, 0, RIG_IMAGE_NO_HASH},  /* empty area */
        {1038, 0xffff, 0, 0, RIG_IMAGE_BAD_TLV},
        {1038, 21, 0, 0, RIG_IMAGE_BAD_TLV},  /* an entry that reaches into the unprotected area */
        {1066, 31, 0, 0, RIG_IMAGE_BAD_HASH}, /* the hash has a wrong length */
        {1066, 0xffff, 0, 0, RIG_IMAGE_BAD_TLV},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        enum rig_image_status status =
            after_change(cases[i].offset, cases[i].value, cases[i].second_offset, cases[i].second_value);

        if (status != cases[i].status)
            fail_msg("case %zu: %s", i, rig_image_status_text(status));
    }
}

static void the_walk_shows_every_entry_once_in_file_order(void **state)
{
    static const uint16_t types[] = {0x50, 0x40, 0xa0a0, 0xa1a0, 0x10, 0x01, 0x24};
    static const struct rig_image_custom_tlv custom[] = {{0xa0a0, (const uint8_t *)"abc", 3},
                                                         {0xa1a0, NULL, 0}};
    uint8_t payload[PAYLOAD_BYTES];
    struct rig_image_recipe recipe = recipe_of(payload);
    struct rig_key *key = rig_key_test(RIG_KEY_ED25519, 0, NULL);
    struct rig_image_tlv_cursor cursor = {0};
    struct rig_image_tlv_entry entry;
    struct rig_image_layout layout;
    struct rig_bytes image;

    (void)state;
    recipe.has_security_counter = true;
    recipe.dependencies = &dependency;
    recipe.n_dependencies = 1;
    recipe.custom = custom;
    recipe.n_custom = 2;
    recipe.key = key;
    image = build(&recipe);
    const struct rig_memory_image memory = {image.bytes, image.n_bytes};
    const struct rig_image_source source = rig_image_source_from_memory(&memory);
    assert_int_equal(rig_image_read_layout(&source, UINT32_MAX, &layout), RIG_IMAGE_OK);
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        assert_int_equal(rig_image_next_tlv(&source, &layout, &cursor, &entry), RIG_IMAGE_OK);
        assert_int_equal(entry.type, types[i]);
        assert_int_equal(entry.protected_area, i < 4);
    }
    assert_int_equal(entry.offset + entry.n_bytes, layout.end);
    assert_int_equal(rig_image_next_tlv(&source, &layout, &cursor, &entry), RIG_IMAGE_NO_IMAGE);
    assert_int_equal(rig_image_next_tlv(&source, &layout, &cursor, &entry), RIG_IMAGE_NO_IMAGE);
    rig_bytes_clear(&image);
    rig_key_free(key);
}

static void padding_places_the_magic_and_confirm_sets_image_ok(void **state)
{
    uint8_t payload[PAYLOAD_BYTES], magic[RIG_TRAILER_MAGIC_BYTES];
    struct rig_image_recipe recipe = recipe_of(payload);
    struct rig_bytes image;

    (void)state;
    recipe.pad_to_bytes = 131072;
    recipe.confirm = true;
    image = build(&recipe);
    rig_trailer_magic(8, magic);
    assert_int_equal(image.n_bytes, 131072);
    assert_memory_equal(image.bytes + 131056, magic, sizeof magic);
    assert_int_equal(image.bytes[131048], 1);
    for (size_t i = 1072; i < 131056; i++) {
        if (i != 131048)
            assert_int_equal(image.bytes[i], 0xff);
    }
    assert_int_equal(verify_unsigned(&image), RIG_IMAGE_OK);
    rig_bytes_clear(&image);
}

static void an_image_that_reaches_into_the_trailer_is_too_large(void **state)
{
    uint8_t payload[PAYLOAD_BYTES];
    struct rig_image_recipe recipe = recipe_of(payload);
    struct rig_bytes image;

    (void)state;
    recipe.pad_to_bytes = 1072 + 48; /* magic, image_ok, copy_done, swap_info, swap_size: 16 + 4 * 8 */
    assert_int_equal(rig_image_build(&recipe, &image), RIG_IMAGE_OK);
    rig_bytes_clear(&image);
    recipe.pad_to_bytes -= 8;
    assert_int_equal(rig_image_build(&recipe, &image), RIG_IMAGE_TOO_LARGE);
    assert_null(image.bytes);
    recipe.pad_to_bytes = 8;
    assert_int_not_equal(rig_image_build(&recipe, &image), RIG_IMAGE_OK);
}

static void recipes_that_cannot_be_are_refused(void **state)
{
    static const uint8_t filler[40000];
    const struct rig_image_custom_tlv custom[] = {{0xa0a0, filler, 40000}, {0xa1a0, filler, 40000}};
    uint8_t payload[PAYLOAD_BYTES];
    struct rig_image_recipe recipe = recipe_of(payload);
    struct rig_bytes image;

    (void)state;
    recipe.header_bytes = 16;
    assert_int_equal(rig_image_build(&recipe, &image), RIG_IMAGE_BAD_HEADER);
    recipe.header_bytes = 0x200;
    recipe.custom = custom;
    recipe.n_custom = 2;
    assert_int_equal(rig_image_build(&recipe, &image), RIG_IMAGE_BAD_TLV);
    recipe.n_custom = 0;
    recipe.payload_bytes = UINT32_MAX;
    assert_int_equal(rig_image_build(&recipe, &image), RIG_IMAGE_BAD_HEADER);
}

static void versions_are_parsed_strictly_and_compared_as_upstream_does(void **state)
{
    static const char *const bad[] = {"",          "1",       "1.",      ".1",
                                      "1.2.",      "1.2.3+",  "256.0.0", "0.256",
                                      "0.0.65536", "1.2.3.4", " 1.2.3",  "1.2.3+4294967296",
                                      "-1.2",      "1.2x",    "1,2",     "+1.2"};
    struct rig_image_version a, b;
    char text[RIG_IMAGE_VERSION_TEXT_BYTES];

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        if (rig_image_version_parse(bad[i], &a))
            fail_msg("'%s' was taken", bad[i]);
    }
    assert_true(rig_image_version_parse("255.255.65535+4294967295", &a));
    rig_image_version_format(&a, text);
    assert_string_equal(text, "255.255.65535+4294967295");
    assert_true(rig_image_version_parse("1.2", &b));
    rig_image_version_format(&b, text);
    assert_string_equal(text, "1.2.0");
    assert_true(rig_image_version_parse("1.2.0+9", &a));
    assert_int_equal(rig_image_version_compare(&a, &b, false), 0);
    assert_int_equal(rig_image_version_compare(&a, &b, true), 1);
    assert_true(rig_image_version_parse("1.10.0", &b));
    assert_int_equal(rig_image_version_compare(&a, &b, true), -1);
}

/* A flash with one broken byte, in the payload. */
static bool fail_at_500(const void *user, uint32_t offset, void *into, size_t n_bytes)
{
    const struct rig_bytes *image = user;

    if (offset <= 500 && 500 - offset < n_bytes)
        return false;
    memcpy(into, image->bytes + offset, n_bytes);
    return true;
}

static void a_source_that_fails_in_the_payload_says_so(void **state)
{
    uint8_t payload[PAYLOAD_BYTES];
    struct rig_image_recipe recipe = recipe_of(payload);
    const struct rig_image_policy policy = policy_of(NULL, 0);
    struct rig_image_source source = {.read = fail_at_500};
    struct rig_image_layout layout;
    struct rig_bytes image;

    (void)state;
    image = build(&recipe);
    source.user = &image;
    source.n_bytes = (uint32_t)image.n_bytes;
    assert_int_equal(rig_image_read_layout(&source, UINT32_MAX, &layout), RIG_IMAGE_OK);
    assert_int_equal(rig_image_verify(&source, &policy, &layout), RIG_IMAGE_READ_FAILED);
    rig_bytes_clear(&image);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vector_1_6_header_and_hash_without_protected_tlvs),
        cmocka_unit_test(vector_1_6_protected_tlvs),
        cmocka_unit_test(vector_1_6_unprotected_totals_of_each_kind),
        cmocka_unit_test(every_kind_of_signature_verifies_and_is_the_same_every_time),
        cmocka_unit_test(images_of_imgtool_verify_and_ours_are_the_same_up_to_the_signature),
        cmocka_unit_test(an_unsigned_image_is_refused_where_a_signature_is_needed),
        cmocka_unit_test(a_policy_that_skips_the_hash_believes_the_stored_one),
        cmocka_unit_test(an_unknown_key_only_skips_its_own_signature),
        cmocka_unit_test(a_signature_without_its_key_hash_is_not_tried),
        cmocka_unit_test(encrypted_and_compressed_images_are_unsupported),
        cmocka_unit_test(the_size_limit_counts_the_last_tlv_byte),
        cmocka_unit_test(erased_flash_is_no_image_and_other_bytes_are_a_bad_magic),
        cmocka_unit_test(hostile_headers_and_tlvs_are_refused),
        cmocka_unit_test(the_walk_shows_every_entry_once_in_file_order),
        cmocka_unit_test(padding_places_the_magic_and_confirm_sets_image_ok),
        cmocka_unit_test(an_image_that_reaches_into_the_trailer_is_too_large),
        cmocka_unit_test(recipes_that_cannot_be_are_refused),
        cmocka_unit_test(versions_are_parsed_strictly_and_compared_as_upstream_does),
        cmocka_unit_test(a_source_that_fails_in_the_payload_says_so),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
