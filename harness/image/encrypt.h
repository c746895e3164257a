/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Encryption of MCUboot images: the keys that image keys are wrapped with, the key TLV, and AES-CTR over the
 * payload. Only the payload is encrypted; hash and signature are over what it is decrypted to. GLib-free.
 * Facts: [SRC mcu-tools/mcuboot boot/bootutil/src/encrypted.c, include/bootutil/enc_key_public.h,
 * scripts/imgtool/image.py] */
#ifndef RIG_IMAGE_ENCRYPT_H
#define RIG_IMAGE_ENCRYPT_H

#include "image/mcuboot.h"

/* How the key of an image is wrapped in its TLV. */
enum rig_encrypt_kind {
    RIG_ENCRYPT_NONE,
    RIG_ENCRYPT_RSA_2048,            /* RSAES-OAEP with SHA-256 and MGF1-SHA-256, no label */
    RIG_ENCRYPT_AES_KW,              /* RFC 3394; the key has as many bits as the image's */
    RIG_ENCRYPT_ECIES_P256,          /* ECDH, HKDF-SHA-256, HMAC-SHA-256 */
    RIG_ENCRYPT_ECIES_X25519,        /* the same on another curve */
    RIG_ENCRYPT_ECIES_X25519_SHA512, /* HKDF and HMAC with SHA-512; the key is one of ECIES_X25519 */
};
#define RIG_ENCRYPT_N_KINDS 6

/* "none", "rsa-2048", "aes-kw", "ecies-p256", "ecies-x25519", "ecies-x25519-sha512" */
const char *rig_encrypt_kind_name(enum rig_encrypt_kind kind);
bool rig_encrypt_kind_from_name(const char *name, enum rig_encrypt_kind *kind);
/* enum rig_image_tlv; 0 for RIG_ENCRYPT_NONE */
uint16_t rig_encrypt_tlv(enum rig_encrypt_kind kind);
bool rig_encrypt_kind_of_tlv(uint16_t type, enum rig_encrypt_kind *kind);
/* Bytes of the key TLV; aes_bits is 128 or 256. */
#define RIG_ENCRYPT_TLV_MAX_BYTES 256u
uint32_t rig_encrypt_tlv_bytes(enum rig_encrypt_kind kind, unsigned aes_bits);

#define RIG_IMAGE_KEY_MAX_BYTES 32u
/* 128 or 256 by the header's flags; 0: the image is not encrypted. */
unsigned rig_encrypt_bits_of_flags(uint32_t flags);

struct rig_encrypt_key; /* opaque: of an RSA, P-256 or X25519 key pair one or both parts, or an AES key */

/* All return NULL on failure with a phrase in *why (static storage, may be NULL). Free with
 * rig_encrypt_key_free. aes_bits counts for RIG_ENCRYPT_AES_KW only. */
struct rig_encrypt_key *rig_encrypt_key_generate(enum rig_encrypt_kind kind, unsigned aes_bits,
                                                 const char **why);
/* The bytes of a file: PEM with a private or public key of RSA-2048, P-256 or X25519, or 16 or 32 bytes in
 * Base64. */
struct rig_encrypt_key *rig_encrypt_key_from_file(const void *bytes, size_t n_bytes, const char **why);
/* The rig's well-known test keys: the same bytes on every machine. Index 0 is the board's own key, 1 (and for
 * all but RSA more) are strangers' keys. Never for a product. */
struct rig_encrypt_key *rig_encrypt_key_test(enum rig_encrypt_kind kind, unsigned aes_bits, unsigned index,
                                             const char **why);
void rig_encrypt_key_free(struct rig_encrypt_key *key);

/* RIG_ENCRYPT_ECIES_X25519 for both kinds of X25519. */
enum rig_encrypt_kind rig_encrypt_key_kind(const struct rig_encrypt_key *key);
/* Whether it can unwrap. */
bool rig_encrypt_key_is_private(const struct rig_encrypt_key *key);
/* Whether keys of images of that AES size are wrapped with it in that way: the kind of key, and for
 * RIG_ENCRYPT_AES_KW its size. */
bool rig_encrypt_key_fits(const struct rig_encrypt_key *key, enum rig_encrypt_kind kind, unsigned aes_bits);
/* SHA-256 over the public part, or over the AES key: what tells keys apart. Borrowed for the key's life. */
const uint8_t *rig_encrypt_key_id(const struct rig_encrypt_key *key);
/* What rig_encrypt_key_from_file reads; malloc'd, NUL-terminated. NULL on failure. private_part is without
 * meaning for an AES key. */
char *rig_encrypt_key_to_text(const struct rig_encrypt_key *key, bool private_part);

/* The payload of a key TLV. seed: 32 bytes that everything random is drawn from, so that they reproduce it to
 * the byte; NULL: the system's randomness. BAD_ENCRYPTION_KEY: the key does not fit. */
#define RIG_ENCRYPT_SEED_BYTES 32u
enum rig_image_status rig_encrypt_wrap(const struct rig_encrypt_key *key, enum rig_encrypt_kind kind,
                                       const uint8_t *image_key, unsigned aes_bits, const uint8_t *seed,
                                       uint8_t tlv[RIG_ENCRYPT_TLV_MAX_BYTES]);
/* image_key has aes_bits / 8 bytes. BAD_KEY_TLV: it has a wrong length. BAD_ENCRYPTION_KEY: the key does not
 * fit, has no private part, or is not the one that this was wrapped with. */
enum rig_image_status rig_encrypt_unwrap(const struct rig_encrypt_key *key, enum rig_encrypt_kind kind,
                                         const uint8_t *tlv, size_t n_bytes, unsigned aes_bits,
                                         uint8_t *image_key);

/* AES-CTR as MCUboot counts: 12 bytes 0, then offset / 16 big-endian. Encrypting and decrypting are the same.
 */
struct rig_ctr;
struct rig_ctr *rig_ctr_new(const uint8_t *image_key, unsigned aes_bits); /* NULL: no memory */
void rig_ctr_free(struct rig_ctr *ctr);
/* Bytes in place; payload_offset is any, counted from the payload's first byte. */
bool rig_ctr_apply(struct rig_ctr *ctr, uint32_t payload_offset, uint8_t *bytes, size_t n_bytes);

/* The image's key out of its first key TLV of that kind. NO_KEY_TLV: there is none. */
enum rig_image_status rig_encrypt_image_key(const struct rig_image_source *source,
                                            const struct rig_image_layout *layout, enum rig_encrypt_kind kind,
                                            const struct rig_encrypt_key *key, unsigned aes_bits,
                                            uint8_t *image_key);

/* A source whose payload is decrypted as it is read. Everything is borrowed; storage must outlive the source.
 */
struct rig_decrypted_image {
    struct rig_image_source inner;
    struct rig_image_header header;
    struct rig_ctr *ctr;
};
struct rig_image_source rig_encrypt_decrypting_source(const struct rig_decrypted_image *storage);

#endif
