/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files of this area share and nobody else includes. */
#ifndef RIG_IMAGE_IMAGE_INTERNAL_H
#define RIG_IMAGE_IMAGE_INTERNAL_H

#include <stdlib.h>

#include <openssl/evp.h>

#include "image/key.h"
#include "image/mcuboot.h"

#define RIG_IMAGE_VERSION_BYTES 8u
#define RIG_IMAGE_TLV_HEADER_BYTES 4u /* of an area and of an entry alike */
#define RIG_IMAGE_DEPENDENCY_BYTES 12u

/* Eight bytes as in the header and in a dependency. */
void rig_image_version_encode(const struct rig_image_version *version,
                              uint8_t bytes[RIG_IMAGE_VERSION_BYTES]);

/* Reads within the source's bounds; false when a byte is outside or cannot be read. */
bool rig_image_read(const struct rig_image_source *source, uint32_t offset, void *into, size_t n_bytes);

/* By the length of a hash: SHA-256, SHA-384, SHA-512, else NULL. */
static inline const EVP_MD *rig_image_hash_algorithm(size_t n_bytes)
{
    return n_bytes == 32 ? EVP_sha256() : n_bytes == 48 ? EVP_sha384() : n_bytes == 64 ? EVP_sha512() : NULL;
}

/* Whether a signature over the hashed bytes themselves is by that key. */
static inline bool rig_image_pure_signature_matches(const struct rig_image_source *source,
                                                    const struct rig_image_layout *layout,
                                                    const struct rig_key *key, const uint8_t *signature,
                                                    size_t n_bytes)
{
    uint8_t *region = malloc(layout->hashed_bytes);
    bool good = region && rig_image_read(source, 0, region, layout->hashed_bytes) &&
                rig_key_verify_bytes(key, region, layout->hashed_bytes, signature, n_bytes);

    free(region);
    return good;
}

/* One of the four signature types that the rig makes and checks. */
bool rig_image_tlv_is_signature(uint16_t type);

#define RIG_KEY_DER_MAX_BYTES 400u /* RSA-3072 takes 398 */

struct rig_key {
    enum rig_key_kind kind;
    bool is_private;
    uint8_t hash[RIG_IMAGE_HASH_BYTES];
    uint8_t der[RIG_KEY_DER_MAX_BYTES]; /* of the public part */
    size_t n_der_bytes;
    EVP_PKEY *pkey;
};

/* A key pair or a public key; the caller frees it. */
EVP_PKEY *rig_pkey_from_pem(const void *pem, size_t n_bytes, bool *is_private, const char **why);
/* The public part is that of the private one; with RSA also the factors and their exponents. */
bool rig_pkey_belongs_together(EVP_PKEY *pkey);
char *rig_pkey_to_pem(EVP_PKEY *pkey, bool private_part); /* malloc'd; NULL on failure */
/* A key of P-256 (n_bytes 32) or P-384 (48); NULL also when the number is not in 1..order-1. */
EVP_PKEY *rig_pkey_from_scalar(const uint8_t *scalar, size_t n_bytes);

/* XORs MGF1-SHA-256(seed) over into. */
bool rig_mgf1_apply(const uint8_t *seed, size_t n_seed, uint8_t *into, size_t n_bytes);

/* aes_bits / 8 bytes, from the seed or from the system's randomness. */
bool rig_encrypt_draw_image_key(const uint8_t *seed, unsigned aes_bits, uint8_t *image_key);

/* A built-in RSA key: unsigned big-endian numbers, as PKCS#1 names them; e is 65537. */
struct rig_rsa_numbers {
    const uint8_t *n, *d, *p, *q, *dp, *dq, *qi;
    size_t n_bytes; /* of n and d; the others have half */
};
#define RIG_RSA_N_TEST_KEYS 2u
/* kind is one of the RSA kinds, index below RIG_RSA_N_TEST_KEYS. */
const struct rig_rsa_numbers *rig_rsa_test_numbers(enum rig_key_kind kind, unsigned index);

#endif
