/* SPDX-License-Identifier: GPL-3.0-or-later */
/* MCUboot images: header, TLVs, layout, hash, signature check. GLib-free; reads through a callback, so that
 * the same code serves a file in memory, a flash device of the simulated board and a dump taken over a probe.
 * Building is in image/build.h. Format facts: [SRC mcu-tools/mcuboot boot/bootutil/include/bootutil/image.h,
 * src/tlv.c, scripts/imgtool/image.py]. */
#ifndef RIG_IMAGE_MCUBOOT_H
#define RIG_IMAGE_MCUBOOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RIG_IMAGE_MAGIC 0x96f3b83du
#define RIG_IMAGE_MAGIC_V1 0x96f3b83cu
#define RIG_IMAGE_HEADER_BYTES 32u
#define RIG_IMAGE_HASH_BYTES 32u     /* SHA-256 */
#define RIG_IMAGE_HASH_MAX_BYTES 64u /* SHA-512 */
#define RIG_IMAGE_TLV_INFO_MAGIC 0x6907u
#define RIG_IMAGE_TLV_PROTECTED_INFO_MAGIC 0x6908u

enum rig_image_flag {
    RIG_IMAGE_FLAG_ENCRYPTED_AES128 = 0x004,
    RIG_IMAGE_FLAG_ENCRYPTED_AES256 = 0x008,
    RIG_IMAGE_FLAG_NON_BOOTABLE = 0x010,
    RIG_IMAGE_FLAG_RAM_LOAD = 0x020,
    RIG_IMAGE_FLAG_ROM_FIXED = 0x100,
    RIG_IMAGE_FLAG_COMPRESSED_LZMA1 = 0x200,
    RIG_IMAGE_FLAG_COMPRESSED_LZMA2 = 0x400,
    RIG_IMAGE_FLAG_ARM_THUMB_FILTER = 0x800,
};

enum rig_image_tlv {
    RIG_IMAGE_TLV_KEYHASH = 0x01,
    RIG_IMAGE_TLV_PUBKEY = 0x02,
    RIG_IMAGE_TLV_SHA256 = 0x10,
    RIG_IMAGE_TLV_SHA384 = 0x11,
    RIG_IMAGE_TLV_SHA512 = 0x12,
    RIG_IMAGE_TLV_RSA2048_PSS = 0x20,
    RIG_IMAGE_TLV_ECDSA_SIG = 0x22,
    RIG_IMAGE_TLV_RSA3072_PSS = 0x23,
    RIG_IMAGE_TLV_ED25519 = 0x24,
    RIG_IMAGE_TLV_SIG_PURE = 0x25,
    RIG_IMAGE_TLV_ENC_RSA2048 = 0x30,
    RIG_IMAGE_TLV_ENC_KW = 0x31,
    RIG_IMAGE_TLV_ENC_EC256 = 0x32,
    RIG_IMAGE_TLV_ENC_X25519 = 0x33,
    RIG_IMAGE_TLV_ENC_X25519_SHA512 = 0x34,
    RIG_IMAGE_TLV_DEPENDENCY = 0x40,
    RIG_IMAGE_TLV_SEC_CNT = 0x50,
    RIG_IMAGE_TLV_BOOT_RECORD = 0x60,
    RIG_IMAGE_TLV_DECOMP_SIZE = 0x70,      /* of the payload once it is unpacked */
    RIG_IMAGE_TLV_DECOMP_SHA = 0x71,       /* hash of the image as it was before it was packed */
    RIG_IMAGE_TLV_DECOMP_SIGNATURE = 0x72, /* of the same */
    RIG_IMAGE_TLV_COMP_DEC_SIZE = 0x73,    /* of the packed payload without encryption's filler */
    RIG_IMAGE_TLV_UUID_VID = 0x74,
    RIG_IMAGE_TLV_UUID_CID = 0x75,
};

/* Names for people, static storage: "SHA256", "ECDSA_SIG", "custom" for the vendor ranges, "unknown". */
const char *rig_image_tlv_name(uint16_t type);
/* Name of one flag bit: "encrypted-aes128", "non-bootable"; NULL for a bit without a name. */
const char *rig_image_flag_name(uint32_t bit);

/* Compare order: major, minor, revision; the build number only where a caller says so. */
struct rig_image_version {
    uint8_t major;
    uint8_t minor;
    uint16_t revision;
    uint32_t build;
};

struct rig_image_header {
    uint32_t magic;
    uint32_t load_address;
    uint16_t header_bytes;        /* offset of the payload from the image's start */
    uint16_t protected_tlv_bytes; /* with its 4-byte info header; 0 when absent */
    uint32_t payload_bytes;
    uint32_t flags; /* enum rig_image_flag */
    struct rig_image_version version;
};

enum rig_image_status {
    RIG_IMAGE_OK = 0,
    RIG_IMAGE_READ_FAILED, /* the reader's callback said so, or the range is outside the source */
    RIG_IMAGE_NO_IMAGE,    /* the magic is erased (00 or FF) */
    RIG_IMAGE_BAD_MAGIC,
    RIG_IMAGE_BAD_HEADER, /* header size below 32, sums that overflow, contradicting flags */
    RIG_IMAGE_TOO_LARGE,  /* the end of the image is beyond the limit given */
    RIG_IMAGE_BAD_TLV,    /* info magic, totals or an entry overrun: rules of tlv.c */
    RIG_IMAGE_NO_HASH,
    RIG_IMAGE_BAD_HASH,
    RIG_IMAGE_NO_SIGNATURE, /* none of a known type, or no key hash matches: the signature was never tried */
    RIG_IMAGE_BAD_SIGNATURE,
    RIG_IMAGE_BAD_PAYLOAD,        /* compressed, and it does not unpack to what it says */
    RIG_IMAGE_UNSUPPORTED,        /* encrypted or compressed where the build has no support */
    RIG_IMAGE_CRYPTO_FAILED,      /* libcrypto refused: out of memory or a broken installation */
    RIG_IMAGE_NO_KEY_TLV,         /* encrypted, and no TLV carries its key in the way that is looked for */
    RIG_IMAGE_BAD_KEY_TLV,        /* that TLV has a wrong length */
    RIG_IMAGE_BAD_ENCRYPTION_KEY, /* the image's key was not wrapped for this key */
};

/* A short lower-case phrase for people, for example "the hash does not match". Static storage. */
const char *rig_image_status_text(enum rig_image_status status);

/* Where the bytes of an image come from. read() returns false when any byte of the range cannot be read. */
struct rig_image_source {
    bool (*read)(const void *user, uint32_t offset, void *into, size_t n_bytes);
    const void *user;
    uint32_t n_bytes; /* nothing at or beyond this offset is asked for */
};

/* A source over memory; the bytes must outlive the source. */
struct rig_memory_image {
    const uint8_t *bytes;
    size_t n_bytes;
};
struct rig_image_source rig_image_source_from_memory(const struct rig_memory_image *memory);

void rig_image_header_decode(const uint8_t bytes[RIG_IMAGE_HEADER_BYTES], struct rig_image_header *header);
void rig_image_header_encode(const struct rig_image_header *header, uint8_t bytes[RIG_IMAGE_HEADER_BYTES]);

/* Reads and checks the header: magic, sizes that do not overflow, flags. */
enum rig_image_status rig_image_read_header(const struct rig_image_source *source,
                                            struct rig_image_header *header);

struct rig_image_tlv_entry {
    uint16_t type;
    uint16_t n_bytes; /* of the payload */
    uint32_t offset;  /* of the payload, from the image's start */
    bool protected_area;
};

/* Offsets from the image's start. */
struct rig_image_layout {
    struct rig_image_header header;
    uint32_t hashed_bytes; /* 0..hashed_bytes is what hash and signature cover */
    uint32_t tlv_offset;   /* of the unprotected info header */
    uint32_t end;          /* one past the last TLV byte: the image's size */
};

/* Reads header and TLV info headers; max_bytes bounds the end of the image (UINT32_MAX: only the source
 * bounds it). */
enum rig_image_status rig_image_read_layout(const struct rig_image_source *source, uint32_t max_bytes,
                                            struct rig_image_layout *layout);

/* Walks the entries in file order, protected area first. Start with *cursor zeroed. RIG_IMAGE_OK with an
 * entry, RIG_IMAGE_NO_IMAGE after the last one, RIG_IMAGE_BAD_TLV on an overrun. */
struct rig_image_tlv_cursor {
    uint32_t next; /* 0: not started */
};
enum rig_image_status rig_image_next_tlv(const struct rig_image_source *source,
                                         const struct rig_image_layout *layout,
                                         struct rig_image_tlv_cursor *cursor,
                                         struct rig_image_tlv_entry *entry);

/* "SHA-384" of a hash TLV, NULL for any other type. */
const char *rig_image_hash_name(uint16_t type);
/* Length of a hash of that TLV's kind; 0 for any other type. */
size_t rig_image_hash_bytes(uint16_t type);

/* SHA-256 over header, payload and protected TLVs, computed from the source. */
enum rig_image_status rig_image_compute_hash(const struct rig_image_source *source,
                                             const struct rig_image_layout *layout,
                                             uint8_t hash[RIG_IMAGE_HASH_BYTES]);
/* The hash of that TLV's kind over the same; returns its length, 0 when it cannot be computed. */
size_t rig_image_compute_hash_of(uint16_t type, const struct rig_image_source *source,
                                 const struct rig_image_layout *layout,
                                 uint8_t hash[RIG_IMAGE_HASH_MAX_BYTES]);

/* The first hash TLV of a known kind and its right length, as SMP names the image; type (may be NULL): its
 * kind. Returns its length, 0: there is none. */
size_t rig_image_stored_hash_of_any(const struct rig_image_source *source,
                                    const struct rig_image_layout *layout, uint16_t *type,
                                    uint8_t hash[RIG_IMAGE_HASH_MAX_BYTES]);
/* What tells images apart inside the rig: its first 32 bytes. RIG_IMAGE_NO_HASH when there is none. */
enum rig_image_status rig_image_stored_hash(const struct rig_image_source *source,
                                            const struct rig_image_layout *layout,
                                            uint8_t hash[RIG_IMAGE_HASH_BYTES]);

/* u32 of the protected security counter TLV; false when there is none. */
bool rig_image_security_counter(const struct rig_image_source *source, const struct rig_image_layout *layout,
                                uint32_t *counter);

struct rig_image_dependency {
    uint8_t image; /* index of the image that is needed */
    struct rig_image_version minimum;
};
/* Up to max entries; returns how many there are (which may be more than max). */
size_t rig_image_dependencies(const struct rig_image_source *source, const struct rig_image_layout *layout,
                              struct rig_image_dependency *into, size_t max);

int rig_image_version_compare(const struct rig_image_version *a, const struct rig_image_version *b,
                              bool with_build);

/* Parses "1.2.3", "1.2", "1.2.3+4". false on anything else or out of range. */
bool rig_image_version_parse(const char *text, struct rig_image_version *version);
#define RIG_IMAGE_VERSION_TEXT_BYTES 32
/* "1.2.3", with "+build" when the build is not 0. */
void rig_image_version_format(const struct rig_image_version *version,
                              char text[RIG_IMAGE_VERSION_TEXT_BYTES]);

struct rig_key; /* image/key.h */

/* How hash, key and signature stand in an image, beside the key's kind. All zero: as imgtool does by itself.
 */
struct rig_signed_how {
    uint16_t hash_type; /* enum rig_image_tlv; 0: what belongs to the kind of key, SHA-256 without one */
    bool pure;          /* Ed25519 over the image itself; the hash is SHA-512 then */
    bool key_in_image;  /* the whole public key (PUBKEY) in place of its hash: MCUBOOT_HW_KEY */
};

/* What a bootloader was built to demand. keys are borrowed for the call. */
struct rig_image_policy {
    bool check_hash;     /* false only for a seeded defect: then the stored hash is believed, also for the
                            signature */
    bool need_signature; /* a signature type is compiled in */
    struct rig_signed_how how;
    const struct rig_key *const *keys; /* compiled-in key list; an unknown KEYHASH skips its signature */
    size_t n_keys;
    bool decrypted;           /* encrypted images are taken: the source gives their bytes decrypted */
    uint32_t max_image_bytes; /* UINT32_MAX: only the source bounds it */
};

/* Validation as bootutil does it: layout, limit, then TLVs in file order (KEYHASH or PUBKEY selects,
 * signature is tried, hash compared); the last signature that was tried decides. Hashes of other kinds than
 * how says (of none: the kind of the first key) are passed over; with `pure` the hash does not count. A key's
 * hash that is cut short selects by its beginning, as there. The allow list of unprotected TLV types is not
 * enforced. On OK, layout is filled. */
enum rig_image_status rig_image_verify(const struct rig_image_source *source,
                                       const struct rig_image_policy *policy,
                                       struct rig_image_layout *layout);

#endif
