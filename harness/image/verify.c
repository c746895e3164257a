/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Hash and signature check of an image, in the order in which bootutil's image_validate.c walks the TLVs. */
#include <string.h>

#include "image/image_internal.h"

/* Every update of a digest costs a call through the provider, every read one through the flash model. */
#define CHUNK_BYTES 16384u

static enum rig_image_status hash_range(const struct rig_image_source *source, uint32_t n_bytes,
                                        EVP_MD_CTX *digest)
{
    uint8_t chunk[CHUNK_BYTES];

    for (uint32_t at = 0; at < n_bytes;) {
        uint32_t n = n_bytes - at < CHUNK_BYTES ? n_bytes - at : CHUNK_BYTES;

        if (!rig_image_read(source, at, chunk, n))
            return RIG_IMAGE_READ_FAILED;
        if (EVP_DigestUpdate(digest, chunk, n) != 1)
            return RIG_IMAGE_CRYPTO_FAILED;
        at += n;
    }
    return RIG_IMAGE_OK;
}

enum rig_image_status rig_image_hash_hashed(const EVP_MD *algorithm, const struct rig_image_source *source,
                                            const struct rig_image_layout *layout, uint8_t *hash)
{
    EVP_MD_CTX *digest = EVP_MD_CTX_new();
    enum rig_image_status status = RIG_IMAGE_CRYPTO_FAILED;

    if (digest && EVP_DigestInit_ex(digest, algorithm, NULL) == 1)
        status = hash_range(source, layout->hashed_bytes, digest);
    if (status == RIG_IMAGE_OK && EVP_DigestFinal_ex(digest, hash, NULL) != 1)
        status = RIG_IMAGE_CRYPTO_FAILED;
    EVP_MD_CTX_free(digest);
    return status;
}

enum rig_image_status rig_image_compute_hash(const struct rig_image_source *source,
                                             const struct rig_image_layout *layout,
                                             uint8_t hash[RIG_IMAGE_HASH_BYTES])
{
    return rig_image_hash_hashed(EVP_sha256(), source, layout, hash);
}

bool rig_image_tlv_is_signature(uint16_t type)
{
    return type == RIG_IMAGE_TLV_RSA2048_PSS || type == RIG_IMAGE_TLV_RSA3072_PSS ||
           type == RIG_IMAGE_TLV_ECDSA_SIG || type == RIG_IMAGE_TLV_ED25519;
}

/* What the walk has learnt so far. */
struct walk {
    const struct rig_image_source *source;
    const struct rig_image_policy *policy;
    uint8_t hash[RIG_IMAGE_HASH_BYTES];
    const struct rig_key *key; /* selected by the last KEYHASH; a signature uses it up */
    bool hash_seen;
    enum rig_image_status signature;
};

static enum rig_image_status take_hash(struct walk *walk, const struct rig_image_tlv_entry *entry)
{
    uint8_t stored[RIG_IMAGE_HASH_BYTES];

    if (!walk->policy->check_hash)
        return RIG_IMAGE_OK;
    if (entry->n_bytes != sizeof stored)
        return RIG_IMAGE_BAD_HASH;
    if (!rig_image_read(walk->source, entry->offset, stored, sizeof stored))
        return RIG_IMAGE_READ_FAILED;
    if (memcmp(stored, walk->hash, sizeof stored) != 0)
        return RIG_IMAGE_BAD_HASH;
    walk->hash_seen = true;
    return RIG_IMAGE_OK;
}

static enum rig_image_status select_key(struct walk *walk, const struct rig_image_tlv_entry *entry)
{
    uint8_t wanted[RIG_IMAGE_HASH_BYTES];

    walk->key = NULL;
    if (entry->n_bytes != sizeof wanted)
        return RIG_IMAGE_OK;
    if (!rig_image_read(walk->source, entry->offset, wanted, sizeof wanted))
        return RIG_IMAGE_READ_FAILED;
    for (size_t i = 0; i < walk->policy->n_keys && !walk->key; i++) {
        if (memcmp(rig_key_hash(walk->policy->keys[i]), wanted, sizeof wanted) == 0)
            walk->key = walk->policy->keys[i];
    }
    return RIG_IMAGE_OK;
}

/* As upstream: the last signature that was tried decides. */
static enum rig_image_status try_signature(struct walk *walk, const struct rig_image_tlv_entry *entry)
{
    uint8_t signature[RIG_SIGNATURE_MAX_BYTES];
    const struct rig_key *key = walk->key;

    if (!key || rig_key_signature_tlv(rig_key_kind(key)) != entry->type)
        return RIG_IMAGE_OK;
    walk->key = NULL;
    walk->signature = RIG_IMAGE_BAD_SIGNATURE;
    if (entry->n_bytes > sizeof signature)
        return RIG_IMAGE_BAD_SIGNATURE;
    if (!rig_image_read(walk->source, entry->offset, signature, entry->n_bytes))
        return RIG_IMAGE_READ_FAILED;
    if (rig_key_verify(key, walk->hash, signature, entry->n_bytes))
        walk->signature = RIG_IMAGE_OK;
    return RIG_IMAGE_OK;
}

static enum rig_image_status take_entry(struct walk *walk, const struct rig_image_tlv_entry *entry)
{
    if (entry->type == RIG_IMAGE_TLV_SHA256)
        return take_hash(walk, entry);
    if (!walk->policy->need_signature)
        return RIG_IMAGE_OK;
    if (entry->type == RIG_IMAGE_TLV_KEYHASH)
        return select_key(walk, entry);
    if (rig_image_tlv_is_signature(entry->type))
        return try_signature(walk, entry);
    return RIG_IMAGE_OK;
}

static enum rig_image_status walk_entries(struct walk *walk, const struct rig_image_layout *layout)
{
    struct rig_image_tlv_cursor cursor = {0};
    struct rig_image_tlv_entry entry;
    enum rig_image_status status;

    while ((status = rig_image_next_tlv(walk->source, layout, &cursor, &entry)) == RIG_IMAGE_OK) {
        status = take_entry(walk, &entry);
        if (status)
            return status;
    }
    if (status != RIG_IMAGE_NO_IMAGE)
        return status;
    if (walk->policy->check_hash && !walk->hash_seen)
        return RIG_IMAGE_NO_HASH;
    return walk->policy->need_signature ? walk->signature : RIG_IMAGE_OK;
}

/* A bootloader that skips the hash believes the stored one, which is what a signature is then held against.
 */
static enum rig_image_status fill_hash(struct walk *walk, const struct rig_image_layout *layout)
{
    if (walk->policy->check_hash)
        return rig_image_compute_hash(walk->source, layout, walk->hash);
    (void)rig_image_stored_hash(walk->source, layout, walk->hash);
    return RIG_IMAGE_OK;
}

enum rig_image_status rig_image_verify(const struct rig_image_source *source,
                                       const struct rig_image_policy *policy, struct rig_image_layout *layout)
{
    const uint32_t encrypted = RIG_IMAGE_FLAG_ENCRYPTED_AES128 | RIG_IMAGE_FLAG_ENCRYPTED_AES256;
    const uint32_t compressed = RIG_IMAGE_FLAG_COMPRESSED_LZMA1 | RIG_IMAGE_FLAG_COMPRESSED_LZMA2;
    const uint32_t unsupported = compressed | (policy->decrypted ? 0 : encrypted);
    struct walk walk = {.source = source, .policy = policy, .signature = RIG_IMAGE_NO_SIGNATURE};
    enum rig_image_status status;

    memset(layout, 0, sizeof *layout);
    status = rig_image_read_header(source, &layout->header);
    if (status == RIG_IMAGE_OK && (layout->header.flags & unsupported))
        return RIG_IMAGE_UNSUPPORTED;
    status = rig_image_read_layout(source, policy->max_image_bytes, layout);
    if (status == RIG_IMAGE_OK)
        status = fill_hash(&walk, layout);
    return status ? status : walk_entries(&walk, layout);
}
