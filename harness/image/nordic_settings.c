/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Nordic's settings page: fields to bytes and back, which page counts, peer data and name. */
#include "image/nordic_settings.h"

#include "base/bytes.h"

#include <string.h>
#include <zlib.h>

/* The words before the init command, in the order in which they stand. */
#define N_WORDS 23u
#define INIT_COMMAND_AT (4 * N_WORDS)
#define VALIDATION_CRC_AT 0x25cu
#define VALIDATIONS_AT 0x260u
#define VALIDATION_BYTES 65u
#define PADDING_AT 0x323u
#define ERASED 0xffffffffu

#define EACH_WORD(settings)                                                                                  \
    {                                                                                                        \
        &(settings)->crc, &(settings)->version, &(settings)->app_version, &(settings)->bootloader_version,   \
            &(settings)->bank_layout, &(settings)->bank_current, &(settings)->banks[0].image_bytes,          \
            &(settings)->banks[0].image_crc, &(settings)->banks[0].code, &(settings)->banks[1].image_bytes,  \
            &(settings)->banks[1].image_crc, &(settings)->banks[1].code, &(settings)->write_offset,          \
            &(settings)->sd_size, &(settings)->command_size, &(settings)->command_offset,                    \
            &(settings)->command_crc, &(settings)->data_object_size, &(settings)->image_crc,                 \
            &(settings)->image_crc_last, &(settings)->image_offset, &(settings)->image_offset_last,          \
            &(settings)->enter_buttonless                                                                    \
    }

uint32_t rig_nordic_crc32(uint32_t crc, const void *bytes, size_t n_bytes)
{
    return n_bytes == 0 ? crc : (uint32_t)crc32_z(crc, bytes, n_bytes);
}

const char *rig_nordic_bank_code_name(uint32_t code)
{
    switch (code) {
    case RIG_NORDIC_BANK_INVALID:
        return "invalid";
    case RIG_NORDIC_BANK_APPLICATION:
        return "application";
    case RIG_NORDIC_BANK_SOFTDEVICE:
        return "softdevice";
    case RIG_NORDIC_BANK_BOOTLOADER:
        return "bootloader";
    case RIG_NORDIC_BANK_SOFTDEVICE_BOOTLOADER:
        return "softdevice-bootloader";
    case RIG_NORDIC_BANK_EXTERNAL_APPLICATION:
        return "external-application";
    default:
        return "unknown";
    }
}

const char *rig_nordic_validation_name(uint8_t type)
{
    static const char *const names[] = {"none", "crc", "sha256", "ecdsa"};
    return type < sizeof names / sizeof names[0] ? names[type] : "unknown";
}

const char *rig_nordic_page_text(enum rig_nordic_page page)
{
    switch (page) {
    case RIG_NORDIC_PAGE_VALID:
        return "valid";
    case RIG_NORDIC_PAGE_ERASED:
        return "erased";
    case RIG_NORDIC_PAGE_BAD_CRC:
        return "CRC wrong";
    case RIG_NORDIC_PAGE_BAD_VALIDATION:
        return "CRC of the boot validations wrong";
    }
    return "unknown";
}

static void decode_words(const uint8_t *page, struct rig_nordic_settings *settings)
{
    uint32_t *const words[N_WORDS] = EACH_WORD(settings);
    for (size_t i = 0; i < N_WORDS; i++)
        *words[i] = rig_get_le32(page + 4 * i);
}

static void encode_words(const struct rig_nordic_settings *settings, uint8_t *into)
{
    const uint32_t *const words[N_WORDS] = EACH_WORD(settings);
    for (size_t i = 0; i < N_WORDS; i++)
        rig_put_le32(into + 4 * i, *words[i]);
}

static void encode_validations(const struct rig_nordic_settings *settings, uint8_t *into)
{
    for (size_t i = 0; i < RIG_NORDIC_N_PARTS; i++) {
        into[VALIDATION_BYTES * i] = settings->validations[i].type;
        memcpy(into + VALIDATION_BYTES * i + 1, settings->validations[i].bytes, VALIDATION_BYTES - 1);
    }
}

void rig_nordic_settings_decode(const uint8_t *page, struct rig_nordic_settings *settings)
{
    decode_words(page, settings);
    memcpy(settings->init_command, page + INIT_COMMAND_AT, sizeof settings->init_command);
    settings->validation_crc = rig_get_le32(page + VALIDATION_CRC_AT);
    for (size_t i = 0; i < RIG_NORDIC_N_PARTS; i++) {
        const uint8_t *at = page + VALIDATIONS_AT + VALIDATION_BYTES * i;
        settings->validations[i].type = at[0];
        memcpy(settings->validations[i].bytes, at + 1, VALIDATION_BYTES - 1);
    }
    settings->padding = page[PADDING_AT];
    memcpy(settings->peer_data, page + RIG_NORDIC_PEER_DATA_AT, sizeof settings->peer_data);
    memcpy(settings->name, page + RIG_NORDIC_NAME_AT, sizeof settings->name);
}

void rig_nordic_settings_encode(const struct rig_nordic_settings *settings, uint8_t *into)
{
    encode_words(settings, into);
    memcpy(into + INIT_COMMAND_AT, settings->init_command, sizeof settings->init_command);
    rig_put_le32(into + VALIDATION_CRC_AT, settings->validation_crc);
    encode_validations(settings, into + VALIDATIONS_AT);
    into[PADDING_AT] = settings->padding;
    memcpy(into + RIG_NORDIC_PEER_DATA_AT, settings->peer_data, sizeof settings->peer_data);
    memcpy(into + RIG_NORDIC_NAME_AT, settings->name, sizeof settings->name);
}

void rig_nordic_settings_decode_1(const uint8_t *page, struct rig_nordic_settings *settings)
{
    memset(settings, 0, sizeof *settings);
    decode_words(page, settings);
    memcpy(settings->init_command, page + INIT_COMMAND_AT, RIG_NORDIC_INIT_COMMAND_1_BYTES);
    memcpy(settings->peer_data, page + RIG_NORDIC_PEER_DATA_1_AT, sizeof settings->peer_data);
    memcpy(settings->name, page + RIG_NORDIC_NAME_1_AT, sizeof settings->name);
}

void rig_nordic_settings_encode_1(const struct rig_nordic_settings *settings, uint8_t *into)
{
    encode_words(settings, into);
    memcpy(into + INIT_COMMAND_AT, settings->init_command, RIG_NORDIC_INIT_COMMAND_1_BYTES);
    memcpy(into + RIG_NORDIC_PEER_DATA_1_AT, settings->peer_data, sizeof settings->peer_data);
    memcpy(into + RIG_NORDIC_NAME_1_AT, settings->name, sizeof settings->name);
}

static uint32_t settings_crc(const uint8_t *page)
{
    return rig_nordic_crc32(0, page + 4, INIT_COMMAND_AT - 4);
}

void rig_nordic_settings_seal(struct rig_nordic_settings *settings)
{
    uint8_t words[INIT_COMMAND_AT];
    encode_words(settings, words);
    settings->crc = settings_crc(words);
    uint8_t validations[RIG_NORDIC_N_PARTS * VALIDATION_BYTES];
    encode_validations(settings, validations);
    settings->validation_crc = rig_nordic_crc32(0, validations, sizeof validations);
}

void rig_nordic_settings_generate(struct rig_nordic_settings *settings, uint32_t app_version,
                                  uint32_t bootloader_version, uint32_t image_bytes, uint32_t image_crc)
{
    memset(settings, 0, sizeof *settings);
    settings->version = 2;
    settings->app_version = app_version;
    settings->bootloader_version = bootloader_version;
    settings->banks[0] = (struct rig_nordic_bank){image_bytes, image_crc, RIG_NORDIC_BANK_APPLICATION};
    settings->padding = 0xff;
    memset(settings->peer_data, 0xff, sizeof settings->peer_data);
    memset(settings->name, 0xff, sizeof settings->name);
    rig_nordic_settings_seal(settings);
}

void rig_nordic_settings_convert(struct rig_nordic_settings *settings)
{
    memcpy(settings->peer_data, settings->init_command + RIG_NORDIC_PEER_DATA_1_AT - INIT_COMMAND_AT,
           sizeof settings->peer_data);
    memcpy(settings->name, settings->init_command + RIG_NORDIC_NAME_1_AT - INIT_COMMAND_AT,
           sizeof settings->name);
    settings->validations[RIG_NORDIC_SOFTDEVICE].type = RIG_NORDIC_VALIDATE_NOTHING;
    settings->validations[RIG_NORDIC_APPLICATION].type = RIG_NORDIC_VALIDATE_CRC;
    settings->validations[RIG_NORDIC_BOOTLOADER].type = RIG_NORDIC_VALIDATE_NOTHING;
    rig_put_le32(settings->validations[RIG_NORDIC_APPLICATION].bytes, settings->banks[0].image_crc);
    settings->version = 2;
}

void rig_nordic_settings_reset_progress(struct rig_nordic_settings *settings)
{
    memset(settings->init_command, 0xff, sizeof settings->init_command);
    settings->command_size = 0;
    settings->command_offset = 0;
    settings->command_crc = 0;
    settings->data_object_size = 0;
    settings->image_crc = 0;
    settings->image_crc_last = 0;
    settings->image_offset = 0;
    settings->image_offset_last = 0;
    settings->write_offset = 0;
}

static bool is_erased(const uint8_t *bytes, size_t n_bytes)
{
    for (size_t i = 0; i < n_bytes; i++)
        if (bytes[i] != 0xff)
            return false;
    return true;
}

static bool crc_fits(const uint8_t *page)
{
    uint32_t crc = rig_get_le32(page);
    return crc != ERASED && crc == settings_crc(page);
}

static bool validations_fit(const uint8_t *page)
{
    uint32_t crc = rig_nordic_crc32(0, page + VALIDATIONS_AT, RIG_NORDIC_N_PARTS * VALIDATION_BYTES);
    return rig_get_le32(page + 4) == 1 || rig_get_le32(page + VALIDATION_CRC_AT) == crc;
}

enum rig_nordic_page rig_nordic_page_check(const uint8_t page[RIG_NORDIC_SETTINGS_BYTES])
{
    if (crc_fits(page))
        return validations_fit(page) ? RIG_NORDIC_PAGE_VALID : RIG_NORDIC_PAGE_BAD_VALIDATION;
    return is_erased(page, RIG_NORDIC_SETTINGS_BYTES) ? RIG_NORDIC_PAGE_ERASED : RIG_NORDIC_PAGE_BAD_CRC;
}

void rig_nordic_settings_choose(const uint8_t main_page[RIG_NORDIC_SETTINGS_BYTES],
                                const uint8_t backup[RIG_NORDIC_SETTINGS_BYTES],
                                struct rig_nordic_settings *settings)
{
    bool main_fits = crc_fits(main_page);
    bool backup_fits = backup != NULL && crc_fits(backup) && validations_fit(backup);
    if (!main_fits && !backup_fits) {
        memset(settings, 0, sizeof *settings);
        settings->version = 2;
        return;
    }
    rig_nordic_settings_decode(backup_fits ? backup : main_page, settings);
    if (main_fits && backup_fits) { /* what only the main page has */
        struct rig_nordic_settings own;
        rig_nordic_settings_decode(main_page, &own);
        settings->crc = own.crc;
        settings->enter_buttonless = own.enter_buttonless;
        memcpy(settings->peer_data, own.peer_data, sizeof settings->peer_data);
        memcpy(settings->name, own.name, sizeof settings->name);
    }
}

static enum rig_nordic_extra extra_check(const uint8_t *bytes, size_t n_bytes)
{
    uint32_t crc = rig_get_le32(bytes);
    if (crc == rig_nordic_crc32(0, bytes + 4, n_bytes - 4))
        return RIG_NORDIC_EXTRA_VALID;
    return crc == ERASED ? RIG_NORDIC_EXTRA_ERASED : RIG_NORDIC_EXTRA_USED;
}

enum rig_nordic_extra rig_nordic_peer_decode(const uint8_t bytes[RIG_NORDIC_PEER_DATA_BYTES],
                                             struct rig_nordic_peer *peer)
{
    if (peer != NULL) {
        memcpy(peer->irk, bytes + 0x04, sizeof peer->irk);
        peer->address_type = bytes[0x14];
        memcpy(peer->address, bytes + 0x15, sizeof peer->address);
        memcpy(peer->ltk, bytes + 0x1c, sizeof peer->ltk);
        peer->key_flags = bytes[0x2c];
        peer->ediv = rig_get_le16(bytes + 0x2e);
        memcpy(peer->random, bytes + 0x30, sizeof peer->random);
        memcpy(peer->system_attributes, bytes + 0x38, sizeof peer->system_attributes);
    }
    return extra_check(bytes, RIG_NORDIC_PEER_DATA_BYTES);
}

void rig_nordic_peer_encode(const struct rig_nordic_peer *peer, uint8_t bytes[RIG_NORDIC_PEER_DATA_BYTES])
{
    memset(bytes, 0, RIG_NORDIC_PEER_DATA_BYTES);
    memcpy(bytes + 0x04, peer->irk, sizeof peer->irk);
    bytes[0x14] = peer->address_type;
    memcpy(bytes + 0x15, peer->address, sizeof peer->address);
    memcpy(bytes + 0x1c, peer->ltk, sizeof peer->ltk);
    bytes[0x2c] = peer->key_flags;
    rig_put_le16(bytes + 0x2e, peer->ediv);
    memcpy(bytes + 0x30, peer->random, sizeof peer->random);
    memcpy(bytes + 0x38, peer->system_attributes, sizeof peer->system_attributes);
    rig_put_le32(bytes, rig_nordic_crc32(0, bytes + 4, RIG_NORDIC_PEER_DATA_BYTES - 4));
}

enum rig_nordic_extra rig_nordic_name_decode(const uint8_t bytes[RIG_NORDIC_NAME_BYTES],
                                             char name[RIG_NORDIC_MAX_NAME_BYTES + 1])
{
    uint32_t n_bytes = rig_get_le32(bytes + 24);
    if (n_bytes > RIG_NORDIC_MAX_NAME_BYTES)
        n_bytes = RIG_NORDIC_MAX_NAME_BYTES;
    enum rig_nordic_extra extra = extra_check(bytes, RIG_NORDIC_NAME_BYTES);
    if (extra != RIG_NORDIC_EXTRA_VALID)
        n_bytes = 0;
    memcpy(name, bytes + 4, n_bytes);
    name[n_bytes] = '\0';
    return extra;
}

bool rig_nordic_name_encode(const char *name, size_t n_bytes, uint8_t bytes[RIG_NORDIC_NAME_BYTES])
{
    if (n_bytes > RIG_NORDIC_MAX_NAME_BYTES)
        return false;
    memset(bytes, 0, RIG_NORDIC_NAME_BYTES);
    memcpy(bytes + 4, name, n_bytes);
    rig_put_le32(bytes + 24, (uint32_t)n_bytes);
    rig_put_le32(bytes, rig_nordic_crc32(0, bytes + 4, RIG_NORDIC_NAME_BYTES - 4));
    return true;
}
