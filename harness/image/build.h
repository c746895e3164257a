/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Building MCUboot images and damaging them on purpose. GLib-free; results are malloc'd. */
#ifndef RIG_IMAGE_BUILD_H
#define RIG_IMAGE_BUILD_H

#include "image/compress.h"
#include "image/encrypt.h"
#include "image/key.h"
#include "image/mcuboot.h"

struct rig_image_custom_tlv {
    uint16_t type;
    const uint8_t *bytes;
    uint16_t n_bytes;
};

/* Everything zero/NULL = unsigned, 32-byte header, no protected TLVs. All pointers are borrowed for the call.
 */
struct rig_image_recipe {
    const uint8_t *payload;
    size_t payload_bytes;
    struct rig_image_version version;
    uint16_t header_bytes; /* 0 = 32 */
    uint32_t flags;        /* those of encryption and compression are added */
    /* Where that does not make the image smaller, it is left away, as imgtool does. */
    enum rig_compression compression;
    uint32_t load_address;
    const struct rig_key *key; /* NULL: no KEYHASH, no signature */
    struct rig_signed_how how; /* of the unprotected area; `pure` only with an Ed25519 key */
    bool pad_signature; /* zeros behind an ECDSA signature, up to 72 or 103 bytes: MCUboot before 1.5 */
    bool has_security_counter;
    uint32_t security_counter;
    const struct rig_image_dependency *dependencies;
    size_t n_dependencies;
    const char *boot_record;  /* NULL: none; else the type of the software, of at most 12 characters */
    const uint8_t *vendor_id; /* 16 bytes of a UUID, or NULL; the next one as well */
    const uint8_t *class_id;
    const struct rig_image_custom_tlv *custom; /* in the protected area, after the others */
    size_t n_custom;
    uint8_t erased; /* filler of the header and of padding: 0xff or 0x00 (0 with pad_to_bytes 0 is fine) */
    uint32_t pad_to_bytes;   /* 0 = no padding; else slot size: filler, then the magic at its end */
    bool confirm;            /* with padding: image_ok is set */
    uint8_t max_align;       /* with padding: trailer geometry; 0 = 8 */
    const uint8_t *reserved; /* header_bytes bytes whose part behind the 32 of the header is kept; NULL:
                                filled with erased */
    /* NULL: not encrypted. Else the flag of the AES size is added to the header, the payload is filled up
     * with zeros to a multiple of 16 bytes and encrypted after it was signed, and the key TLV is the last. */
    const struct rig_encrypt_key *encrypt_to; /* the public part is enough */
    unsigned aes_bits;                        /* with encrypt_to: 128 or 256; 0 = 128 */
    bool hmac_sha512;                         /* with encrypt_to, X25519 only: the key TLV with SHA-512 */
    bool clear; /* with encrypt_to: flag and key TLV, but the payload stays plain: for the primary slot */
    const uint8_t *encrypt_seed; /* RIG_ENCRYPT_SEED_BYTES bytes that image key and key TLV are drawn from;
                                    NULL: the system's randomness */
};

struct rig_bytes { /* owned, malloc'd */
    uint8_t *bytes;
    size_t n_bytes;
};
void rig_bytes_clear(struct rig_bytes *bytes);

/* into is overwritten, not freed. BAD_HEADER: header size below 32, contradicting flags, a sum beyond 32
 * bits, a max_align that is no power of two in 8..32. BAD_TLV: protected TLVs beyond 64 KiB. TOO_LARGE: with
 * padding, the image runs into the trailer's fixed fields (the limit of a certain bootloader is lower and not
 * known here). NO_SIGNATURE: the key has no private part, or
 * cannot sign as `how` says (RSA other than SHA-256, pure other than Ed25519).
 * RIG_IMAGE_BAD_PAYLOAD: the payload could not be compressed. BAD_TLV also: a boot record's type is too long.
 * BAD_ENCRYPTION_KEY: encrypt_to does not fit aes_bits or hmac_sha512. */
enum rig_image_status rig_image_build(const struct rig_image_recipe *recipe, struct rig_bytes *into);

/* Bytes that look like nothing in particular and are the same for the same seed, everywhere (SplitMix64,
 * little-endian). */
void rig_image_fill_payload(uint64_t seed, uint8_t *into, size_t n_bytes);

/* Ways to damage an image. What the signature covers is NOT signed again unless the name says so. */
enum rig_image_damage {
    RIG_DAMAGE_FLIP_HEADER,  /* one bit at `at` within the header (default: in the version field) */
    RIG_DAMAGE_FLIP_PAYLOAD, /* one bit at `at` within the payload (default: the middle) */
    RIG_DAMAGE_FLIP_TLV, /* one bit at `at` within the unprotected TLV payloads (default: in the signature,
                            else the hash) */
    RIG_DAMAGE_FLIP_PROTECTED,   /* one bit within the protected TLVs */
    RIG_DAMAGE_TRUNCATE,         /* keep the first `at` bytes (default: half) */
    RIG_DAMAGE_WRONG_HASH,       /* SHA-256 TLV replaced by another value, signature untouched */
    RIG_DAMAGE_NO_HASH,          /* the SHA-256 TLV is missing */
    RIG_DAMAGE_NO_SIGNATURE,     /* the signature TLV is missing, KEYHASH stays */
    RIG_DAMAGE_NO_TLVS,          /* cut right after the payload and protected area */
    RIG_DAMAGE_LIE_PAYLOAD_SIZE, /* header's image size larger than what is there */
    RIG_DAMAGE_LIE_HEADER_SIZE,  /* header size 0 */
    RIG_DAMAGE_LIE_TLV_TOTAL,    /* unprotected total runs past the end */
    RIG_DAMAGE_LIE_PROTECTED,    /* protected size in the header differs from the area's own */
    RIG_DAMAGE_BAD_MAGIC,
    RIG_DAMAGE_WRAP_SIZES, /* sizes whose sum overflows 32 bits */
    RIG_DAMAGE_NO_KEY,     /* KEYHASH or PUBKEY is missing, the signature stays */
    /* Of encrypted images. */
    RIG_DAMAGE_FLIP_ENCRYPTED_KEY, /* one bit of the TLV with the image's key at `at` (default: its last byte)
                                    */
    RIG_DAMAGE_SHORT_ENCRYPTED_KEY, /* that TLV lacks its last byte */
    RIG_DAMAGE_LIE_ENCRYPTED_KEY,   /* that TLV says more bytes than are behind it */
    RIG_DAMAGE_NO_ENCRYPTED_KEY,    /* it is missing */
    RIG_DAMAGE_NO_ENCRYPTED_FLAG,   /* the header does not say that the payload is encrypted */
};
#define RIG_DAMAGE_N_KINDS 21
const char *rig_image_damage_name(enum rig_image_damage damage); /* "flip-header", "flip-payload", ... */
bool rig_image_damage_from_name(const char *name, enum rig_image_damage *damage);

/* at: UINT32_MAX for the default place; FLIP_* count it from the start of their own region (header, payload,
 * all TLV payloads of the area one after the other) and flip that byte's lowest bit, TRUNCATE counts from the
 * image's start, the others ignore it. Bytes behind the image (padding, trailer) keep their place: what is
 * taken away is filled with the byte that follows the image. On success *image is replaced. NO_KEY_TLV: the
 * image is not encrypted, or has no key or key TLV that could be damaged. The status of
 * rig_image_read_layout when the input is no image, READ_FAILED when the place does not exist, NO_HASH or
 * NO_SIGNATURE when what is to be damaged is not there. */
enum rig_image_status rig_image_damage(struct rig_bytes *image, enum rig_image_damage damage, uint32_t at);

#endif
