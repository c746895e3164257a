/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The settings page of Nordic's secure bootloader (nRF5 SDK 12 to 17) and its backup: which bytes mean what,
 * which of the two pages counts, peer data and advertising name. Shared by the simulated bootloader, set-ups
 * and what a probe reads. GLib-free, no I/O. Facts: [SRC nRF5 SDK 17.0.2 components/libraries/bootloader/dfu:
 * nrf_dfu_types.h, nrf_dfu_settings.c, nrf_dfu_settings_svci.c; pc-nrfutil nordicsemi/dfu/bl_dfu_sett.py]. */
#ifndef RIG_IMAGE_NORDIC_SETTINGS_H
#define RIG_IMAGE_NORDIC_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a bootloader keeps in the page, from its start; the rest of the page stays erased. */
#define RIG_NORDIC_SETTINGS_BYTES 0x380u
#define RIG_NORDIC_SETTINGS_1_BYTES 0x1b8u /* of layout version 1: SDK 12 to 15.0 */
#define RIG_NORDIC_INIT_COMMAND_BYTES 512u
#define RIG_NORDIC_INIT_COMMAND_1_BYTES 256u /* of layout version 1 */
#define RIG_NORDIC_PEER_DATA_AT 0x324u
#define RIG_NORDIC_PEER_DATA_1_AT 0x15cu
#define RIG_NORDIC_PEER_DATA_BYTES 64u
#define RIG_NORDIC_NAME_AT 0x364u
#define RIG_NORDIC_NAME_1_AT 0x19cu
#define RIG_NORDIC_NAME_BYTES 28u /* with CRC and length */
#define RIG_NORDIC_MAX_NAME_BYTES 20u
/* What nrfutil's generator writes: nothing of peer data and name. */
#define RIG_NORDIC_GENERATED_BYTES 0x323u

enum rig_nordic_bank_code {
    RIG_NORDIC_BANK_INVALID = 0x00,
    RIG_NORDIC_BANK_APPLICATION = 0x01,
    RIG_NORDIC_BANK_SOFTDEVICE = 0xa5,
    RIG_NORDIC_BANK_BOOTLOADER = 0xaa,
    RIG_NORDIC_BANK_SOFTDEVICE_BOOTLOADER = 0xac,
    RIG_NORDIC_BANK_EXTERNAL_APPLICATION = 0xb1,
};
/* "invalid", "application", "softdevice", "bootloader", "softdevice-bootloader", "external-application",
 * "unknown" */
const char *rig_nordic_bank_code_name(uint32_t code);

struct rig_nordic_bank {
    uint32_t image_bytes;
    uint32_t image_crc; /* CRC-32; 0: not known */
    uint32_t code;      /* enum rig_nordic_bank_code */
};

enum rig_nordic_validation_type {
    RIG_NORDIC_VALIDATE_NOTHING = 0,
    RIG_NORDIC_VALIDATE_CRC = 1,    /* CRC-32, little endian */
    RIG_NORDIC_VALIDATE_SHA256 = 2, /* in the usual order */
    RIG_NORDIC_VALIDATE_ECDSA = 3,  /* r, s, each last byte first */
};
const char *rig_nordic_validation_name(uint8_t type); /* "none", "crc", "sha256", "ecdsa", "unknown" */

struct rig_nordic_validation {
    uint8_t type;
    uint8_t bytes[64];
};
enum rig_nordic_part { RIG_NORDIC_SOFTDEVICE, RIG_NORDIC_APPLICATION, RIG_NORDIC_BOOTLOADER };
#define RIG_NORDIC_N_PARTS 3

/* All that the page holds: what is encoded from it are the bytes that it was decoded from. */
struct rig_nordic_settings {
    uint32_t crc;     /* of 0x004..0x05b; rig_nordic_settings_seal() sets it */
    uint32_t version; /* of the layout: 1 or 2 */
    uint32_t app_version;
    uint32_t bootloader_version;
    uint32_t bank_layout; /* unused by SDK 17 */
    uint32_t bank_current;
    struct rig_nordic_bank banks[2];
    uint32_t write_offset; /* in an activation: bytes that are copied */
    uint32_t sd_size;      /* file size of the last SoftDevice that came by DFU; 0: none did */
    /* Of a transfer. command_size other than 0: an init packet is there. */
    uint32_t command_size;
    uint32_t command_offset;
    uint32_t command_crc;
    uint32_t data_object_size;
    uint32_t image_crc; /* in an activation: update_start_address, where the new image is */
    uint32_t image_crc_last;
    uint32_t image_offset;
    uint32_t image_offset_last;
    uint32_t enter_buttonless; /* of builds that enter by it: 1 */
    uint8_t init_command[RIG_NORDIC_INIT_COMMAND_BYTES];
    /* Layout 2 only. */
    uint32_t validation_crc; /* of the three validations; counts on the backup page only */
    struct rig_nordic_validation validations[RIG_NORDIC_N_PARTS]; /* by enum rig_nordic_part */
    uint8_t padding;
    uint8_t peer_data[RIG_NORDIC_PEER_DATA_BYTES];
    uint8_t name[RIG_NORDIC_NAME_BYTES];
};

/* Layout 2, as a bootloader of SDK 15.1 on takes whatever is there. page and into have
 * RIG_NORDIC_SETTINGS_BYTES. */
void rig_nordic_settings_decode(const uint8_t *page, struct rig_nordic_settings *settings);
void rig_nordic_settings_encode(const struct rig_nordic_settings *settings, uint8_t *into);
/* Layout 1: of RIG_NORDIC_SETTINGS_1_BYTES. Decoded, what layout 2 has more is zero; of init_command the
 * first 256 bytes count. */
void rig_nordic_settings_decode_1(const uint8_t *page, struct rig_nordic_settings *settings);
void rig_nordic_settings_encode_1(const struct rig_nordic_settings *settings, uint8_t *into);

/* As nrfutil generates them: layout 2, an application of these bytes in bank 0 that nothing validates at boot
 * (set validations[] for that), peer data and name erased. Sealed. */
void rig_nordic_settings_generate(struct rig_nordic_settings *settings, uint32_t app_version,
                                  uint32_t bootloader_version, uint32_t image_bytes, uint32_t image_crc);
/* Sets both CRCs from what is there. */
void rig_nordic_settings_seal(struct rig_nordic_settings *settings);
/* What SDK 15.1 on makes of settings of layout 1 that were decoded as layout 2: moves peer data and name, and
 * lets the application be validated by its CRC. Not sealed. */
void rig_nordic_settings_convert(struct rig_nordic_settings *settings);
/* Forgets init packet and progress. */
void rig_nordic_settings_reset_progress(struct rig_nordic_settings *settings);

/* What a page is worth. */
enum rig_nordic_page {
    RIG_NORDIC_PAGE_VALID,
    RIG_NORDIC_PAGE_ERASED,         /* all of it */
    RIG_NORDIC_PAGE_BAD_CRC,        /* or a CRC that reads erased */
    RIG_NORDIC_PAGE_BAD_VALIDATION, /* as main page valid, as backup not: boot validations and their CRC
                                       differ */
};
const char *rig_nordic_page_text(enum rig_nordic_page page); /* "valid", "erased", "CRC wrong", ... */
enum rig_nordic_page rig_nordic_page_check(const uint8_t page[RIG_NORDIC_SETTINGS_BYTES]);

/* The settings that a bootloader of SDK 15.1 on works with: from the main page where only that is valid, from
 * the backup where only that is; where both are, the backup counts for all but CRC, buttonless flag, peer
 * data and name. Neither: zeros of layout 2. Not converted. backup may be NULL: there is none. */
void rig_nordic_settings_choose(const uint8_t main_page[RIG_NORDIC_SETTINGS_BYTES],
                                const uint8_t backup[RIG_NORDIC_SETTINGS_BYTES],
                                struct rig_nordic_settings *settings);

/* --- the bond that the application hands over --- */

struct rig_nordic_peer {
    uint8_t irk[16];
    uint8_t address_type; /* 0 public, 1 random; the lowest bit of the byte of flags says resolved */
    uint8_t address[6];   /* least significant byte first */
    uint8_t ltk[16];
    uint8_t key_flags; /* LE Secure Connections, authenticated, length of the key: SoftDevice's bits */
    uint16_t ediv;
    uint8_t random[8];
    uint8_t system_attributes[8]; /* as the SoftDevice keeps them: CCC of Service Changed */
};
enum rig_nordic_extra {
    RIG_NORDIC_EXTRA_ERASED, /* the CRC reads erased: it can be written */
    RIG_NORDIC_EXTRA_VALID,
    RIG_NORDIC_EXTRA_USED, /* neither: a second writing is refused until the application was started */
};
enum rig_nordic_extra rig_nordic_peer_decode(const uint8_t bytes[RIG_NORDIC_PEER_DATA_BYTES],
                                             struct rig_nordic_peer *peer); /* peer may be NULL */
void rig_nordic_peer_encode(const struct rig_nordic_peer *peer, uint8_t bytes[RIG_NORDIC_PEER_DATA_BYTES]);
/* The name by which the bootloader shall advertise. name: NUL-terminated when VALID; a length beyond its room
 * is cut. */
enum rig_nordic_extra rig_nordic_name_decode(const uint8_t bytes[RIG_NORDIC_NAME_BYTES],
                                             char name[RIG_NORDIC_MAX_NAME_BYTES + 1]);
/* false: longer than there is room for. */
bool rig_nordic_name_encode(const char *name, size_t n_bytes, uint8_t bytes[RIG_NORDIC_NAME_BYTES]);

/* CRC-32 (zlib's) over more bytes; crc is 0, or what the bytes before gave. */
uint32_t rig_nordic_crc32(uint32_t crc, const void *bytes, size_t n_bytes);

#endif
