/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Building MCUboot images and damaging them on purpose. GLib-free; results are malloc'd. */
#ifndef RIG_IMAGE_BUILD_H
#define RIG_IMAGE_BUILD_H

#include "image/key.h"
#include "image/mcuboot.h"

struct rig_image_custom_tlv {
    uint16_t type;
    const uint8_t *bytes;
    uint16_t n_bytes;
};

/* Everything zero/NULL = unsigned, 32-byte header, no protected TLVs. All pointers are borrowed for the call. */
struct rig_image_recipe {
    const uint8_t *payload;
    size_t payload_bytes;
    struct rig_image_version version;
    uint16_t header_bytes; /* 0 = 32 */
    uint32_t flags;
    uint32_t load_address;
    const struct rig_key *key; /* NULL: no KEYHASH, no signature */
    bool has_security_counter;
    uint32_t security_counter;
    const struct rig_image_dependency *dependencies;
    size_t n_dependencies;
    const struct rig_image_custom_tlv *custom; /* in the protected area, after the others */
    size_t n_custom;
    uint8_t erased;       /* filler of the header and of padding: 0xff or 0x00 (0 with pad_to_bytes 0 is fine) */
    uint32_t pad_to_bytes; /* 0 = no padding; else slot size: filler, then the magic at its end */
    bool confirm;          /* with padding: image_ok is set */
    uint8_t max_align;     /* with padding: trailer geometry; 0 = 8 */
};

struct rig_bytes { /* owned, malloc'd */
    uint8_t *bytes;
    size_t n_bytes;
};
void rig_bytes_clear(struct rig_bytes *bytes);

enum rig_image_status rig_image_build(const struct rig_image_recipe *recipe, struct rig_bytes *into);

/* Ways to spoil an image. What the signature covers is NOT signed again unless the name says so. */
enum rig_image_damage {
    RIG_DAMAGE_FLIP_HEADER,      /* one bit at `at` within the header (default: in the version field) */
    RIG_DAMAGE_FLIP_PAYLOAD,     /* one bit at `at` within the payload (default: the middle) */
    RIG_DAMAGE_FLIP_TLV,         /* one bit at `at` within the unprotected TLV payloads (default: in the signature, else the hash) */
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
    RIG_DAMAGE_WRAP_SIZES,       /* sizes whose sum overflows 32 bits */
};
#define RIG_DAMAGE_N_KINDS 15
const char *rig_image_damage_name(enum rig_image_damage damage); /* "flip-header", "flip-payload", ... */
bool rig_image_damage_from_name(const char *name, enum rig_image_damage *damage);

/* at: UINT32_MAX for the default place. On success *image is replaced. BAD_HEADER/BAD_TLV when the input is no image. */
enum rig_image_status rig_image_damage(struct rig_bytes *image, enum rig_image_damage damage, uint32_t at);

#endif
