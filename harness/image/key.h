/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Signing keys over libcrypto: made, read and written as PEM, built-in test keys, sign and verify a digest.
 * GLib-free. */
#ifndef RIG_IMAGE_KEY_H
#define RIG_IMAGE_KEY_H

#include "image/mcuboot.h"

enum rig_key_kind {
    RIG_KEY_ECDSA_P256,
    RIG_KEY_RSA2048,
    RIG_KEY_RSA3072,
    RIG_KEY_ED25519,
    RIG_KEY_ECDSA_P384,
};
#define RIG_KEY_N_KINDS 5

/* "ecdsa-p256", "rsa-2048", "rsa-3072", "ed25519", "ecdsa-p384" */
const char *rig_key_kind_name(enum rig_key_kind kind);
bool rig_key_kind_from_name(const char *name, enum rig_key_kind *kind);

struct rig_key; /* opaque; holds an EVP_PKEY and the KEYHASH */

/* All return NULL on failure with a phrase in *why (static storage, may be NULL). Free with rig_key_free. */
struct rig_key *rig_key_generate(enum rig_key_kind kind, const char **why);
/* Private or public. A private key whose parts do not belong together is refused: what it signs, nobody could
 * verify. */
struct rig_key *rig_key_from_pem(const void *pem, size_t n_bytes, const char **why);
/* A public key as the PUBKEY TLV carries it: SubjectPublicKeyInfo, or PKCS#1 RSAPublicKey. Nothing may follow
 * it. */
struct rig_key *rig_key_from_public_der(const void *der, size_t n_bytes, const char **why);
/* The rig's well-known test keys: the same bytes on every machine. Index 0 is the board's own key, 1.. are
 * strangers' keys. Never for a product: the private part is public. */
struct rig_key *rig_key_test(enum rig_key_kind kind, unsigned index, const char **why);
void rig_key_free(struct rig_key *key);

enum rig_key_kind rig_key_kind(const struct rig_key *key);
bool rig_key_is_private(const struct rig_key *key);
/* KEYHASH: SHA-256 of SubjectPublicKeyInfo (EC, Ed25519) or PKCS#1 RSAPublicKey (RSA). 32 bytes, borrowed for
 * the key's life. */
const uint8_t *rig_key_hash(const struct rig_key *key);
/* The same with the hash of that TLV's kind, as images whose hash is of that kind carry it. Returns its
 * length, 0 when the type is none of the three. */
size_t rig_key_hash_of(const struct rig_key *key, uint16_t hash_type, uint8_t hash[RIG_IMAGE_HASH_MAX_BYTES]);
/* The type of the hash TLV of an image that is signed so with such a key: SHA-384 for P-384, SHA-512 for a
 * pure signature, else SHA-256, as imgtool chooses them; how->hash_type where that says it. */
uint16_t rig_key_hash_type(enum rig_key_kind kind, const struct rig_signed_how *how);
/* Ways to sign as targets and scenarios name them: the kinds of keys, and "ed25519-sha512", "ed25519-pure".
 * key_in_image is left as it is. */
bool rig_signing_from_name(const char *name, enum rig_key_kind *kind, struct rig_signed_how *how);
const char *rig_signing_name(enum rig_key_kind kind, const struct rig_signed_how *how);
/* The DER that KEYHASH is the hash of, and that a PUBKEY TLV carries. Borrowed for the key's life. */
const uint8_t *rig_key_public_der(const struct rig_key *key, size_t *n_bytes);
/* PEM into a malloc'd NUL-terminated string; NULL on failure. */
char *rig_key_to_pem(const struct rig_key *key, bool private_part);

#define RIG_SIGNATURE_MAX_BYTES 384
/* Signs a digest (SHA-256, SHA-384, SHA-512; RSA: SHA-256 alone) or, with Ed25519, any message.
 * Deterministic: the same key and digest give the same bytes (RFC 6979 for ECDSA; the PSS salt is derived
 * from the digest), so that a seed reproduces an image to the byte. Returns the length, 0 on failure. */
size_t rig_key_sign_bytes(const struct rig_key *key, const uint8_t *message, size_t n_message_bytes,
                          uint8_t signature[RIG_SIGNATURE_MAX_BYTES]);
/* Filler behind an ECDSA signature counts for nothing, as in bootutil. */
bool rig_key_verify_bytes(const struct rig_key *key, const uint8_t *message, size_t n_message_bytes,
                          const uint8_t *signature, size_t n_bytes);
/* The same of SHA-256 digests. */
static inline size_t rig_key_sign(const struct rig_key *key, const uint8_t digest[RIG_IMAGE_HASH_BYTES],
                                  uint8_t signature[RIG_SIGNATURE_MAX_BYTES])
{
    return rig_key_sign_bytes(key, digest, RIG_IMAGE_HASH_BYTES, signature);
}
static inline bool rig_key_verify(const struct rig_key *key, const uint8_t digest[RIG_IMAGE_HASH_BYTES],
                                  const uint8_t *signature, size_t n_bytes)
{
    return rig_key_verify_bytes(key, digest, RIG_IMAGE_HASH_BYTES, signature, n_bytes);
}
uint16_t rig_key_signature_tlv(enum rig_key_kind kind); /* RIG_IMAGE_TLV_ECDSA_SIG ... */

#endif
