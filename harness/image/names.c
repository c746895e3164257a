/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Names of TLV types and header flags, also of those that this area does not make or check. */
#include "image/mcuboot.h"

static const struct {
    uint16_t type;
    const char *name;
} tlvs[] = {
    {RIG_IMAGE_TLV_KEYHASH, "KEYHASH"},
    {RIG_IMAGE_TLV_PUBKEY, "PUBKEY"},
    {RIG_IMAGE_TLV_SHA256, "SHA256"},
    {RIG_IMAGE_TLV_SHA384, "SHA384"},
    {RIG_IMAGE_TLV_SHA512, "SHA512"},
    {RIG_IMAGE_TLV_RSA2048_PSS, "RSA2048_PSS"},
    {0x21, "ECDSA224"},
    {RIG_IMAGE_TLV_ECDSA_SIG, "ECDSA_SIG"},
    {RIG_IMAGE_TLV_RSA3072_PSS, "RSA3072_PSS"},
    {RIG_IMAGE_TLV_ED25519, "ED25519"},
    {RIG_IMAGE_TLV_SIG_PURE, "SIG_PURE"},
    {RIG_IMAGE_TLV_ENC_RSA2048, "ENC_RSA2048"},
    {RIG_IMAGE_TLV_ENC_KW, "ENC_KW"},
    {RIG_IMAGE_TLV_ENC_EC256, "ENC_EC256"},
    {RIG_IMAGE_TLV_ENC_X25519, "ENC_X25519"},
    {RIG_IMAGE_TLV_ENC_X25519_SHA512, "ENC_X25519_SHA512"},
    {RIG_IMAGE_TLV_DEPENDENCY, "DEPENDENCY"},
    {RIG_IMAGE_TLV_SEC_CNT, "SEC_CNT"},
    {RIG_IMAGE_TLV_BOOT_RECORD, "BOOT_RECORD"},
    {0x70, "DECOMP_SIZE"},
    {0x71, "DECOMP_SHA"},
    {0x72, "DECOMP_SIGNATURE"},
    {0x73, "COMP_DEC_SIZE"},
    {0x74, "UUID_VID"},
    {0x75, "UUID_CID"},
};

static const struct {
    uint32_t bit;
    const char *name;
} flags[] = {
    {0x001, "pic"},
    {RIG_IMAGE_FLAG_ENCRYPTED_AES128, "encrypted-aes128"},
    {RIG_IMAGE_FLAG_ENCRYPTED_AES256, "encrypted-aes256"},
    {RIG_IMAGE_FLAG_NON_BOOTABLE, "non-bootable"},
    {RIG_IMAGE_FLAG_RAM_LOAD, "ram-load"},
    {RIG_IMAGE_FLAG_ROM_FIXED, "rom-fixed"},
    {RIG_IMAGE_FLAG_COMPRESSED_LZMA1, "compressed-lzma1"},
    {RIG_IMAGE_FLAG_COMPRESSED_LZMA2, "compressed-lzma2"},
    {RIG_IMAGE_FLAG_ARM_THUMB_FILTER, "arm-thumb-filter"},
};

const char *rig_image_tlv_name(uint16_t type)
{
    for (size_t i = 0; i < sizeof tlvs / sizeof tlvs[0]; i++) {
        if (tlvs[i].type == type)
            return tlvs[i].name;
    }
    return (type & 0xff) >= 0xa0 && type != 0xffff ? "custom" : "unknown";
}

const char *rig_image_flag_name(uint32_t bit)
{
    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++) {
        if (flags[i].bit == bit)
            return flags[i].name;
    }
    return NULL;
}
