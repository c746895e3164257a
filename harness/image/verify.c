/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Hash and signature check of an image, in the order in which bootutil's image_validate.c walks the TLVs. */
#include <stdlib.h>
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

static enum rig_image_status hash_hashed(uint16_t type, const struct rig_image_source *source,
                                         const struct rig_image_layout *layout, uint8_t *hash)
{
    EVP_MD_CTX *digest = EVP_MD_CTX_new();
    enum rig_image_status status = RIG_IMAGE_CRYPTO_FAILED;

    if (digest && EVP_DigestInit_ex(digest, rig_image_hash_algorithm(rig_image_hash_bytes(type)), NULL) == 1)
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
    return hash_hashed(RIG_IMAGE_TLV_SHA256, source, layout, hash);
}

size_t rig_image_compute_hash_of(uint16_t type, const struct rig_image_source *source,
                                 const struct rig_image_layout *layout,
                                 uint8_t hash[RIG_IMAGE_HASH_MAX_BYTES])
{
    size_t n_bytes = rig_image_hash_bytes(type);

    return n_bytes && hash_hashed(type, source, layout, hash) == RIG_IMAGE_OK ? n_bytes : 0;
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
    const struct rig_image_layout *layout;
    uint16_t hash_type; /* that the bootloader was built for */
    size_t n_hash;
    uint8_t hash[RIG_IMAGE_HASH_MAX_BYTES];
    const struct rig_key *key; /* selected by the last KEYHASH or PUBKEY; a signature uses it up */
    bool hash_seen;
    enum rig_image_status signature;
};

static enum rig_image_status take_hash(struct walk *walk, const struct rig_image_tlv_entry *entry)
{
    uint8_t stored[RIG_IMAGE_HASH_MAX_BYTES];

    if (!walk->policy->check_hash || walk->policy->how.pure)
        return RIG_IMAGE_OK;
    if (entry->n_bytes != walk->n_hash)
        return RIG_IMAGE_BAD_HASH;
    if (!rig_image_read(walk->source, entry->offset, stored, walk->n_hash))
        return RIG_IMAGE_READ_FAILED;
    if (memcmp(stored, walk->hash, walk->n_hash) != 0)
        return RIG_IMAGE_BAD_HASH;
    walk->hash_seen = true;
    return RIG_IMAGE_OK;
}

/* A hash that is cut short is compared as far as it goes. */
static enum rig_image_status select_by_hash(struct walk *walk, const struct rig_image_tlv_entry *entry)
{
    uint8_t wanted[RIG_IMAGE_HASH_MAX_BYTES], hash[RIG_IMAGE_HASH_MAX_BYTES];

    walk->key = NULL;
    if (entry->n_bytes > walk->n_hash)
        return RIG_IMAGE_BAD_TLV;
    if (!rig_image_read(walk->source, entry->offset, wanted, entry->n_bytes))
        return RIG_IMAGE_READ_FAILED;
    for (size_t i = 0; i < walk->policy->n_keys && !walk->key; i++) {
        if (rig_key_hash_of(walk->policy->keys[i], walk->hash_type, hash) == walk->n_hash &&
            memcmp(hash, wanted, entry->n_bytes) == 0)
            walk->key = walk->policy->keys[i];
    }
    return RIG_IMAGE_OK;
}

/* The device holds the hash of the key, which is as good as the key: equal hashes are equal keys. */
static enum rig_image_status select_carried(struct walk *walk, const struct rig_image_tlv_entry *entry)
{
    uint8_t carried[RIG_KEY_DER_MAX_BYTES];

    walk->key = NULL;
    if (entry->n_bytes > sizeof carried)
        return RIG_IMAGE_BAD_TLV;
    if (!rig_image_read(walk->source, entry->offset, carried, entry->n_bytes))
        return RIG_IMAGE_READ_FAILED;
    for (size_t i = 0; i < walk->policy->n_keys && !walk->key; i++) {
        const struct rig_key *key = walk->policy->keys[i];

        if (key->n_der_bytes == entry->n_bytes && memcmp(key->der, carried, entry->n_bytes) == 0)
            walk->key = key;
    }
    return RIG_IMAGE_OK;
}

/* A bootloader that skips the hash has nothing else to hold a pure signature against. */
static bool is_signed_by(const struct walk *walk, const struct rig_key *key, const uint8_t *signature,
                         size_t n_bytes)
{
    if (!walk->policy->how.pure)
        return rig_key_verify_bytes(key, walk->hash, walk->n_hash, signature, n_bytes);
    return !walk->policy->check_hash ||
           rig_image_pure_signature_matches(walk->source, walk->layout, key, signature, n_bytes);
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
    if (is_signed_by(walk, key, signature, entry->n_bytes))
        walk->signature = RIG_IMAGE_OK;
    return RIG_IMAGE_OK;
}

static enum rig_image_status take_entry(struct walk *walk, const struct rig_image_tlv_entry *entry)
{
    bool carried = walk->policy->how.key_in_image;

    if (entry->type == walk->hash_type)
        return take_hash(walk, entry);
    if (!walk->policy->need_signature)
        return RIG_IMAGE_OK;
    if (entry->type == RIG_IMAGE_TLV_KEYHASH && !carried)
        return select_by_hash(walk, entry);
    if (entry->type == RIG_IMAGE_TLV_PUBKEY && carried)
        return select_carried(walk, entry);
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
    if (walk->policy->check_hash && !walk->hash_seen && !walk->policy->how.pure)
        return RIG_IMAGE_NO_HASH;
    return walk->policy->need_signature ? walk->signature : RIG_IMAGE_OK;
}

/* The first mark decides, and a build for pure signatures takes no others. */
static bool is_marked_pure(const struct walk *walk)
{
    struct rig_image_tlv_cursor cursor = {0};
    struct rig_image_tlv_entry entry;
    uint8_t mark = 0;

    while (rig_image_next_tlv(walk->source, walk->layout, &cursor, &entry) == RIG_IMAGE_OK) {
        if (entry.type == RIG_IMAGE_TLV_SIG_PURE)
            return entry.n_bytes == 1 && rig_image_read(walk->source, entry.offset, &mark, 1) && mark == 1;
    }
    return false;
}

/* A bootloader that skips the hash believes the stored one, which is what a signature is then held against.
 */
static enum rig_image_status fill_hash(struct walk *walk)
{
    uint16_t type = 0;

    if (walk->policy->how.pure)
        return is_marked_pure(walk) ? RIG_IMAGE_OK : RIG_IMAGE_NO_SIGNATURE;
    if (walk->policy->check_hash)
        return hash_hashed(walk->hash_type, walk->source, walk->layout, walk->hash);
    (void)rig_image_stored_hash_of_any(walk->source, walk->layout, &type, walk->hash);
    return RIG_IMAGE_OK;
}

static uint16_t hash_type_of(const struct rig_image_policy *policy)
{
    return rig_key_hash_type(policy->n_keys ? rig_key_kind(policy->keys[0]) : RIG_KEY_ECDSA_P256,
                             &policy->how);
}

enum rig_image_status rig_image_verify(const struct rig_image_source *source,
                                       const struct rig_image_policy *policy, struct rig_image_layout *layout)
{
    const uint32_t encrypted = RIG_IMAGE_FLAG_ENCRYPTED_AES128 | RIG_IMAGE_FLAG_ENCRYPTED_AES256;
    const uint32_t compressed = RIG_IMAGE_FLAG_COMPRESSED_LZMA1 | RIG_IMAGE_FLAG_COMPRESSED_LZMA2;
    const uint32_t unsupported = compressed | (policy->decrypted ? 0 : encrypted);
    struct walk walk = {.source = source,
                        .policy = policy,
                        .layout = layout,
                        .hash_type = hash_type_of(policy),
                        .signature = RIG_IMAGE_NO_SIGNATURE};
    enum rig_image_status status;

    walk.n_hash = rig_image_hash_bytes(walk.hash_type);
    memset(layout, 0, sizeof *layout);
    status = rig_image_read_header(source, &layout->header);
    if (status == RIG_IMAGE_OK && (layout->header.flags & unsupported))
        return RIG_IMAGE_UNSUPPORTED;
    status = rig_image_read_layout(source, policy->max_image_bytes, layout);
    if (status == RIG_IMAGE_OK)
        status = fill_hash(&walk);
    return status ? status : walk_entries(&walk, layout);
}
