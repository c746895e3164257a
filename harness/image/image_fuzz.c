/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Fuzz target: any bytes as an image (layout, walk, verify, every damage). */
#include <stdlib.h>
#include <string.h>

#include "image/build.h"
#include "image/judge.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes);

static void walk(const struct rig_image_source *source)
{
    struct rig_image_tlv_cursor cursor = {0};
    struct rig_image_dependency dependencies[2];
    struct rig_image_tlv_entry entry;
    struct rig_image_layout layout;
    uint8_t hash[RIG_IMAGE_HASH_BYTES];
    uint32_t counter;

    if (rig_image_read_layout(source, UINT32_MAX, &layout) != RIG_IMAGE_OK)
        return;
    while (rig_image_next_tlv(source, &layout, &cursor, &entry) == RIG_IMAGE_OK) {
        if (entry.offset + entry.n_bytes > layout.end || layout.end > source->n_bytes)
            abort();
    }
    (void)rig_image_stored_hash(source, &layout, hash);
    (void)rig_image_security_counter(source, &layout, &counter);
    (void)rig_image_dependencies(source, &layout, dependencies, 2);
}

static void verify(const struct rig_image_source *source)
{
    struct rig_key *key = rig_key_test(RIG_KEY_ED25519, 0, NULL);
    const struct rig_key *const keys[] = {key};
    const struct rig_image_policy policy = {.check_hash = true,
                                            .need_signature = true,
                                            .keys = keys,
                                            .n_keys = key ? 1 : 0,
                                            .max_image_bytes = UINT32_MAX};
    struct rig_encrypt_key *secret = rig_encrypt_key_test(RIG_ENCRYPT_AES_KW, 128, 0, NULL);
    struct rig_image_judgement judgement;
    struct rig_image_layout layout;

    (void)rig_image_verify(source, &policy, &layout);
    rig_image_judge(source, keys, key ? 1 : 0, NULL, UINT32_MAX, &judgement);
    rig_image_judge(source, keys, key ? 1 : 0, secret, UINT32_MAX, &judgement);
    rig_key_free(key);
    rig_encrypt_key_free(secret);
}

static void damage_all(const uint8_t *bytes, size_t n_bytes)
{
    for (unsigned damage = 0; damage < RIG_DAMAGE_N_KINDS; damage++) {
        struct rig_bytes copy = {malloc(n_bytes + 1), n_bytes};

        if (!copy.bytes)
            return;
        if (n_bytes)
            memcpy(copy.bytes, bytes, n_bytes);
        (void)rig_image_damage(&copy, (enum rig_image_damage)damage, UINT32_MAX);
        (void)rig_image_damage(&copy, (enum rig_image_damage)damage, n_bytes ? bytes[n_bytes - 1] : 0);
        if (copy.n_bytes > n_bytes)
            abort();
        rig_bytes_clear(&copy);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
    const struct rig_memory_image memory = {bytes, n_bytes};
    const struct rig_image_source source = rig_image_source_from_memory(&memory);

    walk(&source);
    verify(&source);
    damage_all(bytes, n_bytes);
    return 0;
}
