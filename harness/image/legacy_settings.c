/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Settings page of the legacy bootloader: bytes and back. */
#include "image/legacy_settings.h"

#include "base/bytes.h"

#include <string.h>

enum offset { BANK_0 = 0, BANK_0_CRC = 2, BANK_1 = 4, BANK_0_BYTES = 8, SOFTDEVICE = 12, BOOTLOADER = 16 };
enum { APPLICATION = 20, SOFTDEVICE_START = 24 };

const char *rig_legacy_bank_name(uint16_t code)
{
    switch (code) {
    case RIG_LEGACY_BANK_APPLICATION:
        return "application";
    case RIG_LEGACY_BANK_SOFTDEVICE:
        return "softdevice";
    case RIG_LEGACY_BANK_BOOTLOADER:
        return "bootloader";
    case RIG_LEGACY_BANK_ERASED:
        return "erased";
    case RIG_LEGACY_BANK_INVALID:
        return "invalid";
    default:
        return "unknown";
    }
}

/* A code of 0xffff is what a blank page says in Adafruit's form: invalid like 0xff. */
static uint16_t bank_code(const uint8_t *at, bool adafruit)
{
    uint16_t code = adafruit ? rig_get_le16(at) : *at;

    return code == 0xffff ? RIG_LEGACY_BANK_INVALID : code;
}

void rig_legacy_settings_decode(const uint8_t bytes[RIG_LEGACY_SETTINGS_BYTES], bool adafruit,
                                struct rig_legacy_settings *settings)
{
    settings->bank_0 = bank_code(bytes + BANK_0, adafruit);
    settings->bank_0_crc = rig_get_le16(bytes + BANK_0_CRC);
    settings->bank_1 = bank_code(bytes + BANK_1, adafruit);
    settings->bank_0_bytes = rig_get_le32(bytes + BANK_0_BYTES);
    settings->softdevice_bytes = rig_get_le32(bytes + SOFTDEVICE);
    settings->bootloader_bytes = rig_get_le32(bytes + BOOTLOADER);
    settings->application_bytes = rig_get_le32(bytes + APPLICATION);
    settings->softdevice_start = rig_get_le32(bytes + SOFTDEVICE_START);
}

void rig_legacy_settings_encode(const struct rig_legacy_settings *settings, bool adafruit,
                                uint8_t bytes[RIG_LEGACY_SETTINGS_BYTES])
{
    memset(bytes, 0, RIG_LEGACY_SETTINGS_BYTES);
    rig_put_le16(bytes + BANK_0, adafruit ? settings->bank_0 : (uint8_t)settings->bank_0);
    rig_put_le16(bytes + BANK_0_CRC, settings->bank_0_crc);
    rig_put_le16(bytes + BANK_1, adafruit ? settings->bank_1 : (uint8_t)settings->bank_1);
    rig_put_le32(bytes + BANK_0_BYTES, settings->bank_0_bytes);
    rig_put_le32(bytes + SOFTDEVICE, settings->softdevice_bytes);
    rig_put_le32(bytes + BOOTLOADER, settings->bootloader_bytes);
    rig_put_le32(bytes + APPLICATION, settings->application_bytes);
    rig_put_le32(bytes + SOFTDEVICE_START, settings->softdevice_start);
}

bool rig_legacy_settings_blank(const uint8_t bytes[RIG_LEGACY_SETTINGS_BYTES])
{
    for (unsigned i = 0; i < RIG_LEGACY_SETTINGS_BYTES; i++)
        if (bytes[i] != 0xff)
            return false;
    return true;
}
