/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Init packets of Nordic's DFU: what a bootloader gets before the firmware. Secure (nRF5 SDK 12 to 17,
 * protocol buffers) and legacy (SDK 7 to 11, a fixed form with a CRC-16). GLib-free, no I/O, all state is
 * plain. What a packet says is told as it stands there; which of it a bootloader refuses is the bootloader's
 * to say. Facts: [SRC nRF5 SDK 17.0.2 components/libraries/bootloader/dfu: nrf_dfu_validation.c,
 * dfu-cc.proto, dfu-cc.options; SDK 11 components/libraries/bootloader_dfu; pc-nrfutil nordicsemi/dfu]. */
#ifndef RIG_IMAGE_INIT_PACKET_H
#define RIG_IMAGE_INIT_PACKET_H

#include "image/key.h"

/* What the bootloader's decoder has room for; a packet with more does not decode. */
#define RIG_INIT_MAX_SD_REQ 16u
#define RIG_INIT_MAX_HASH_BYTES 32u
#define RIG_INIT_MAX_BOOT_VALIDATIONS 3u
#define RIG_INIT_MAX_BOOT_VALIDATION_BYTES 64u
#define RIG_INIT_SIGNATURE_BYTES 64u
/* Room for any packet that is encoded here. A bootloader takes 512, with its old settings 256. */
#define RIG_INIT_PACKET_MAX_BYTES 1024u

enum rig_init_op { RIG_INIT_OP_RESET = 0, RIG_INIT_OP_INIT = 1 };
enum rig_init_hash {
    RIG_INIT_HASH_NONE = 0,
    RIG_INIT_HASH_CRC = 1,
    RIG_INIT_HASH_SHA128 = 2,
    RIG_INIT_HASH_SHA256 = 3,
    RIG_INIT_HASH_SHA512 = 4,
};
enum rig_init_signature { RIG_INIT_ECDSA_P256_SHA256 = 0, RIG_INIT_ED25519 = 1 };
enum rig_init_boot_validation {
    RIG_INIT_BOOT_NONE = 0,
    RIG_INIT_BOOT_CRC = 1, /* CRC-32 that the bootloader works out itself: no bytes */
    RIG_INIT_BOOT_SHA256 = 2,
    RIG_INIT_BOOT_ECDSA = 3,
};
#define RIG_INIT_SD_NONE 0x0000u /* first in sd_req: needs no SoftDevice, or overwrites it */
#define RIG_INIT_SD_ANY 0xfffeu
#define RIG_INIT_EXTERNAL_APPLICATION 4u /* a type that enum rig_dfu_firmware has not */

/* has_...: the field is there. Enumerations are kept as the numbers that they are on the wire. */
struct rig_init_boot {
    uint32_t type;
    uint8_t bytes[RIG_INIT_MAX_BOOT_VALIDATION_BYTES];
    size_t n_bytes;
};
struct rig_init_packet {
    bool is_signed; /* a signed command, whatever its signature is worth */
    uint32_t signature_type;
    uint8_t signature[RIG_INIT_SIGNATURE_BYTES]; /* r, s, each little endian */
    size_t n_signature_bytes;

    bool has_op_code;
    uint32_t op_code;
    bool has_fw_version;
    uint32_t fw_version;
    bool has_hw_version;
    uint32_t hw_version;
    uint32_t sd_req[RIG_INIT_MAX_SD_REQ];
    size_t n_sd_req;
    bool has_type;
    uint32_t type; /* enum rig_dfu_firmware, or RIG_INIT_EXTERNAL_APPLICATION */
    bool has_sd_size;
    uint32_t sd_size;
    bool has_bl_size;
    uint32_t bl_size;
    bool has_app_size;
    uint32_t app_size;
    bool has_hash;
    uint32_t hash_type;
    uint8_t hash[RIG_INIT_MAX_HASH_BYTES]; /* little endian, as rig_init_hash_of() gives it */
    size_t n_hash_bytes;
    bool has_is_debug;
    bool is_debug;
    struct rig_init_boot boot_validations[RIG_INIT_MAX_BOOT_VALIDATIONS];
    size_t n_boot_validations;

    /* Of a decoded one: which bytes of the packet the signature covers. From behind the length of the init
     * command to the end of the command that it is in, as SDK 15 to 17 do it. That length has length_bytes
     * bytes; older SDKs skip one only, so that with them the others are covered too and nothing longer than
     * 127 bytes ever verifies. */
    size_t covered_offset;
    size_t n_covered_bytes;
    size_t length_bytes;
};

enum rig_init_status {
    RIG_INIT_OK,
    RIG_INIT_MALFORMED, /* no such protocol buffer: cut short, a wire type that is wrong, a required field
                           that is missing */
    RIG_INIT_LIMIT,     /* more elements, more bytes or a larger number than the decoder has room for */
    RIG_INIT_FORM,      /* signed and unsigned command both, neither, no init command in it or two */
    RIG_INIT_TOO_LARGE, /* to encode: sizes of the struct beyond its arrays */
    RIG_INIT_KEY,       /* to sign: no private ECDSA P-256 key, or libcrypto refuses */
};
const char *rig_init_status_text(enum rig_init_status status);

/* Decodes as the bootloader does (nanopb): unknown fields are passed over, what stands twice counts as it
 * stands last. A byte 00 in a place of a field ends the packet, and so does a tag that the bytes end in.
 * *packet is valid after RIG_INIT_OK only. */
enum rig_init_status rig_init_packet_decode(const uint8_t *bytes, size_t n_bytes,
                                            struct rig_init_packet *packet);

/* Encodes in the order and form of nrfutil. With key: signed by it, and the signature, covered_offset and
 * n_covered_bytes of *packet are set. NULL: unsigned, or, with is_signed, with the signature as given. */
enum rig_init_status rig_init_packet_encode(struct rig_init_packet *packet, const struct rig_key *key,
                                            uint8_t into[RIG_INIT_PACKET_MAX_BYTES], size_t *n_bytes);

/* The signature over the covered bytes of the packet that *packet was decoded from. false: unsigned, of
 * another type or length, or not by this key. */
bool rig_init_packet_verify(const struct rig_init_packet *packet, const uint8_t *bytes,
                            const struct rig_key *key);

/* SHA-256 as init packets and settings pages hold it: last byte first. false: libcrypto fails. */
bool rig_init_hash_of(const void *bytes, size_t n_bytes, uint8_t hash[RIG_IMAGE_HASH_BYTES]);
/* A signature in Nordic's form, r and s last byte first, over bytes; of init packets and of boot validations.
 * Deterministic. false: the key is no (private) ECDSA P-256 key, or the signature is not its own. */
bool rig_init_sign(const struct rig_key *key, const void *bytes, size_t n_bytes,
                   uint8_t signature[RIG_INIT_SIGNATURE_BYTES]);
bool rig_init_signature_matches(const struct rig_key *key, const void *bytes, size_t n_bytes,
                                const uint8_t signature[RIG_INIT_SIGNATURE_BYTES]);

/* --- legacy --- */

#define RIG_LEGACY_INIT_MAX_SD_REQ 16u
/* What follows the SoftDevice ids: nothing at all is allowed, the bootloader of SDK 7 on wants a CRC-16. */
#define RIG_LEGACY_INIT_MAX_EXTENDED_BYTES 110u
#define RIG_LEGACY_INIT_MAX_BYTES 152u
#define RIG_LEGACY_ANY_DEVICE 0xffffu
#define RIG_LEGACY_ANY_VERSION 0xffffffffu

struct rig_legacy_init {
    uint16_t device_type;
    uint16_t device_revision;
    uint32_t application_version;
    uint16_t sd_req[RIG_LEGACY_INIT_MAX_SD_REQ];
    size_t n_sd_req;
    uint8_t extended[RIG_LEGACY_INIT_MAX_EXTENDED_BYTES]; /* package version 0.5: CRC-16, little endian */
    size_t n_extended_bytes;
};

/* RIG_INIT_MALFORMED: shorter than its fixed fields, or than its count of SoftDevice ids says.
 * RIG_INIT_LIMIT: more ids or more extended bytes than there is room for. */
enum rig_init_status rig_legacy_init_decode(const uint8_t *bytes, size_t n_bytes,
                                            struct rig_legacy_init *init);
/* RIG_INIT_TOO_LARGE: n_sd_req or n_extended_bytes beyond their arrays. */
enum rig_init_status rig_legacy_init_encode(const struct rig_legacy_init *init,
                                            uint8_t into[RIG_LEGACY_INIT_MAX_BYTES], size_t *n_bytes);
/* Polynomial 0x1021, start 0xffff, not reflected: "123456789" gives 0x29b1. crc is 0xffff, or what the bytes
 * before gave. */
uint16_t rig_legacy_crc16(uint16_t crc, const void *bytes, size_t n_bytes);

#endif
