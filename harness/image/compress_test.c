/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Compressed images, unpacked and held against what they say of themselves; hostile ones among them. */
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

#define PAYLOAD_BYTES 20000u

struct scene {
    uint8_t payload[PAYLOAD_BYTES];
    struct rig_key *key;
    struct rig_encrypt_key *secret;
};

static void set_up(struct scene *scene)
{
    for (size_t i = 0; i < PAYLOAD_BYTES; i++)
        scene->payload[i] = (uint8_t)(i / 7 % 5 ? i / 64 : 0xf0);
    scene->key = rig_key_test(RIG_KEY_ED25519, 0, NULL);
    scene->secret = rig_encrypt_key_test(RIG_ENCRYPT_AES_KW, 128, 0, NULL);
}

static void clear(struct scene *scene)
{
    rig_key_free(scene->key);
    rig_encrypt_key_free(scene->secret);
}

static void judge(const struct scene *scene, const struct rig_bytes *image,
                  struct rig_image_judgement *judgement)
{
    const struct rig_key *const keys[] = {scene->key};
    const struct rig_memory_image memory = {image->bytes, image->n_bytes};
    const struct rig_image_source source = rig_image_source_from_memory(&memory);

    rig_image_judge(&source, keys, 1, scene->secret, UINT32_MAX, judgement);
}

static void every_form_unpacks_to_what_it_was(void **state)
{
    struct scene scene;

    (void)state;
    set_up(&scene);
    for (unsigned i = 0; i < 8; i++) {
        struct rig_image_judgement judgement;
        struct rig_bytes image;
        const struct rig_image_recipe recipe = {
            .payload = scene.payload,
            .payload_bytes = PAYLOAD_BYTES,
            .version = {1, 2, 3, 4},
            .compression = i & 1 ? RIG_COMPRESSION_LZMA2_ARM_THUMB : RIG_COMPRESSION_LZMA2,
            .key = scene.key,
            .how = {.pure = i & 2},
            .has_security_counter = i & 1,
            .encrypt_to = i & 4 ? scene.secret : NULL,
        };

        assert_int_equal(rig_image_build(&recipe, &image), RIG_IMAGE_OK);
        assert_true(image.n_bytes < PAYLOAD_BYTES / 2);
        judge(&scene, &image, &judgement);
        assert_int_equal(judgement.verdict, RIG_IMAGE_PASSES);
        assert_true(judgement.layout.header.flags & RIG_IMAGE_FLAG_COMPRESSED_LZMA2);
        rig_bytes_clear(&image);
    }
    clear(&scene);
}

static void what_does_not_become_smaller_stays_as_it_is(void **state)
{
    struct rig_bytes image, plain;
    struct rig_image_recipe recipe = {.payload_bytes = 4000};
    uint8_t payload[4000];

    (void)state;
    rig_image_fill_payload(1, payload, sizeof payload);
    recipe.payload = payload;
    assert_int_equal(rig_image_build(&recipe, &plain), RIG_IMAGE_OK);
    recipe.compression = RIG_COMPRESSION_LZMA2;
    assert_int_equal(rig_image_build(&recipe, &image), RIG_IMAGE_OK);
    assert_int_equal(image.n_bytes, plain.n_bytes);
    assert_memory_equal(image.bytes, plain.bytes, plain.n_bytes);
    rig_bytes_clear(&image);
    rig_bytes_clear(&plain);
}

/* An image that is put together by hand, with a good signature over whatever it says. */
struct forged {
    const char *why;         /* a piece of the judgement; NULL: it passes */
    uint32_t unpacked_bytes; /* DECOMP_SIZE */
    uint8_t dictionary;      /* the first byte; 0: as packed */
    size_t cut;              /* of the stream's end */
    size_t more;             /* zeros behind it */
    unsigned without;        /* 1: no DECOMP_SIZE, 2: no DECOMP_SHA, 3: a wrong one */
    uint32_t flags;
    bool damaged;
};

static const struct forged forgeries[] = {
    {.unpacked_bytes = PAYLOAD_BYTES},
    {.unpacked_bytes = PAYLOAD_BYTES, .dictionary = 40},
    {.unpacked_bytes = PAYLOAD_BYTES - 1, .why = "unpacks to more than it says"},
    {.unpacked_bytes = PAYLOAD_BYTES + 1, .why = "unpacks to less than it says"},
    {.unpacked_bytes = 0, .why = "unpacks to more than it says"},
    {.unpacked_bytes = UINT32_MAX, .why = "to more than any image has"},
    {.unpacked_bytes = PAYLOAD_BYTES, .dictionary = 41, .why = "does not begin with its properties"},
    {.unpacked_bytes = PAYLOAD_BYTES, .cut = 1, .why = "cannot be unpacked"},
    {.unpacked_bytes = PAYLOAD_BYTES, .cut = SIZE_MAX, .why = "does not begin with its properties"},
    {.unpacked_bytes = PAYLOAD_BYTES, .more = 1, .why = "something behind"},
    {.unpacked_bytes = PAYLOAD_BYTES, .damaged = true, .why = "cannot be unpacked"},
    {.unpacked_bytes = PAYLOAD_BYTES, .without = 1, .why = "does not say to how many bytes"},
    {.unpacked_bytes = PAYLOAD_BYTES, .without = 2, .why = "no hash of the unpacked image"},
    {.unpacked_bytes = PAYLOAD_BYTES, .without = 3, .why = "hash of the unpacked image does not match"},
    {.unpacked_bytes = PAYLOAD_BYTES, .flags = RIG_IMAGE_FLAG_ARM_THUMB_FILTER, .why = "does not match"},
};

static void hash_of_unpacked(const struct scene *scene, uint8_t hash[RIG_IMAGE_HASH_BYTES])
{
    const struct rig_image_recipe recipe = {.payload = scene->payload, .payload_bytes = PAYLOAD_BYTES};
    struct rig_image_layout layout;
    struct rig_bytes image;

    assert_int_equal(rig_image_build(&recipe, &image), RIG_IMAGE_OK);
    const struct rig_memory_image memory = {image.bytes, image.n_bytes};
    const struct rig_image_source source = rig_image_source_from_memory(&memory);

    assert_int_equal(rig_image_read_layout(&source, UINT32_MAX, &layout), RIG_IMAGE_OK);
    assert_int_equal(rig_image_stored_hash(&source, &layout, hash), RIG_IMAGE_OK);
    rig_bytes_clear(&image);
}

static struct rig_bytes forge(const struct scene *scene, const struct forged *forged)
{
    size_t n_packed;
    uint8_t size[4], hash[RIG_IMAGE_HASH_BYTES];
    uint8_t *packed = rig_compress(RIG_COMPRESSION_LZMA2, scene->payload, PAYLOAD_BYTES, &n_packed);
    uint8_t *payload = calloc(n_packed + forged->more, 1);
    struct rig_image_custom_tlv tlvs[2];
    struct rig_bytes image;

    assert_non_null(packed);
    assert_non_null(payload);
    memcpy(payload, packed, n_packed);
    free(packed);
    if (forged->dictionary)
        payload[0] = forged->dictionary;
    if (forged->damaged)
        memset(payload + n_packed / 2, 0xa5, n_packed / 4);
    hash_of_unpacked(scene, hash);
    hash[0] ^= forged->without == 3;
    rig_put_le32(size, forged->unpacked_bytes);
    tlvs[0] =
        (struct rig_image_custom_tlv){forged->without == 1 ? 0xa0a0 : RIG_IMAGE_TLV_DECOMP_SIZE, size, 4};
    tlvs[1] = (struct rig_image_custom_tlv){RIG_IMAGE_TLV_DECOMP_SHA, hash, sizeof hash};
    const struct rig_image_recipe recipe = {
        .payload = payload,
        .payload_bytes = forged->cut == SIZE_MAX ? 1 : n_packed + forged->more - forged->cut,
        .flags = RIG_IMAGE_FLAG_COMPRESSED_LZMA2 | forged->flags,
        .key = scene->key,
        .custom = tlvs,
        .n_custom = forged->without == 2 ? 1 : 2,
    };

    assert_int_equal(rig_image_build(&recipe, &image), RIG_IMAGE_OK);
    free(payload);
    return image;
}

static void what_lies_is_told_for_its_reason(void **state)
{
    struct scene scene;

    (void)state;
    set_up(&scene);
    for (size_t i = 0; i < sizeof forgeries / sizeof *forgeries; i++) {
        struct rig_bytes image = forge(&scene, &forgeries[i]);
        struct rig_image_judgement judgement;

        judge(&scene, &image, &judgement);
        if (!forgeries[i].why != (judgement.verdict == RIG_IMAGE_PASSES) ||
            (forgeries[i].why && !strstr(judgement.why, forgeries[i].why)))
            fail_msg("row %zu: verdict %d, '%s' instead of '%s'", i, judgement.verdict, judgement.why,
                     forgeries[i].why ? forgeries[i].why : "");
        rig_bytes_clear(&image);
    }
    clear(&scene);
}

/* 32 MiB of zeros in a few KiB: told to be 1 KiB, unpacking ends there; told as it is, it is unpacked. */
static void a_bomb_goes_off_as_far_as_it_says(void **state)
{
    enum { BOMB_BYTES = 32 << 20 };
    struct scene scene;
    uint8_t *zeros = calloc(BOMB_BYTES, 1), size[4], hash[RIG_IMAGE_HASH_BYTES] = {0};
    size_t n_packed;
    uint8_t *packed = rig_compress(RIG_COMPRESSION_LZMA2, zeros, BOMB_BYTES, &n_packed);
    const struct rig_image_custom_tlv tlvs[] = {{RIG_IMAGE_TLV_DECOMP_SIZE, size, sizeof size},
                                                {RIG_IMAGE_TLV_DECOMP_SHA, hash, sizeof hash}};
    static const struct {
        uint32_t said;
        const char *why;
    } rows[] = {{1024, "unpacks to more than it says"}, {BOMB_BYTES, "hash of the unpacked image"}};

    (void)state;
    set_up(&scene);
    assert_non_null(packed);
    for (unsigned i = 0; i < 2; i++) {
        const struct rig_image_recipe recipe = {.payload = packed,
                                                .payload_bytes = n_packed,
                                                .flags = RIG_IMAGE_FLAG_COMPRESSED_LZMA2,
                                                .key = scene.key,
                                                .custom = tlvs,
                                                .n_custom = 2};
        struct rig_image_judgement judgement;
        struct rig_bytes image;

        rig_put_le32(size, rows[i].said);
        assert_int_equal(rig_image_build(&recipe, &image), RIG_IMAGE_OK);
        judge(&scene, &image, &judgement);
        assert_int_equal(judgement.verdict, RIG_IMAGE_FAILS);
        assert_non_null(strstr(judgement.why, rows[i].why));
        rig_bytes_clear(&image);
    }
    free(packed);
    free(zeros);
    clear(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_form_unpacks_to_what_it_was),
        cmocka_unit_test(what_does_not_become_smaller_stays_as_it_is),
        cmocka_unit_test(what_lies_is_told_for_its_reason),
        cmocka_unit_test(a_bomb_goes_off_as_far_as_it_says),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
