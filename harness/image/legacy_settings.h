/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The settings page of Nordic's legacy bootloader (SDK 7 to 11) and of Adafruit's: what it says of the banks.
 * It has no checksum and no copy: a torn page says what is there. Shared by the simulated bootloader and by
 * whoever reads a page over a probe. GLib-free. Facts: [SRC SDK 11
 * components/libraries/bootloader_dfu/bootloader_types.h; Adafruit_nRF52_Bootloader 48a149f]. */
#ifndef RIG_IMAGE_LEGACY_SETTINGS_H
#define RIG_IMAGE_LEGACY_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

enum rig_legacy_bank {
    RIG_LEGACY_BANK_APPLICATION = 0x01, /* valid */
    RIG_LEGACY_BANK_SOFTDEVICE = 0xa5,  /* of bank 0: SoftDevice, with or without bootloader, to be copied */
    RIG_LEGACY_BANK_BOOTLOADER = 0xaa,  /* of bank 1: bootloader, to be copied */
    RIG_LEGACY_BANK_ERASED = 0xfe,
    RIG_LEGACY_BANK_INVALID = 0xff, /* also what a blank page says */
};
/* "application", "softdevice", "bootloader", "erased", "invalid"; of another code "unknown". Static. */
const char *rig_legacy_bank_name(uint16_t code);

/* At the start of the settings page; the rest of the page stays erased. */
#define RIG_LEGACY_SETTINGS_BYTES 28u

struct rig_legacy_settings {
    uint16_t bank_0;     /* enum rig_legacy_bank; more than a byte in Adafruit's form only */
    uint16_t bank_0_crc; /* CRC-16 of the application; 0: not checked at boot, as after every update */
    uint16_t bank_1;
    uint32_t bank_0_bytes;
    uint32_t softdevice_bytes; /* of a SoftDevice that is to be copied */
    uint32_t bootloader_bytes; /* of a bootloader that is to be copied */
    uint32_t application_bytes;
    uint32_t softdevice_start; /* where it was received */
};

/* adafruit: bank codes of two bytes instead of one. */
void rig_legacy_settings_decode(const uint8_t bytes[RIG_LEGACY_SETTINGS_BYTES], bool adafruit,
                                struct rig_legacy_settings *settings);
void rig_legacy_settings_encode(const struct rig_legacy_settings *settings, bool adafruit,
                                uint8_t bytes[RIG_LEGACY_SETTINGS_BYTES]);
/* All of it reads erased: the page was never written, or a save was cut between its erase and its write. */
bool rig_legacy_settings_blank(const uint8_t bytes[RIG_LEGACY_SETTINGS_BYTES]);

#endif
