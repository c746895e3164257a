/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What an init packet and an image must be: signature, versions, sizes, hash, boot validation. The order of
 * the checks is the SDK's. */
#include "sim/firmware/nordic/secure/loader.h"

#include "base/bytes.h"
#include "protocol/nordic/dfu.h"

#include <stdlib.h>
#include <string.h>

#define EXTENDED(code) ((uint16_t)(RIG_DFU_EXTENDED << 8 | (code)))
#define IS_SOFTDEVICE 1u /* bits of a type that is neither application nor external application */
#define IS_BOOTLOADER 2u
#define MAJOR(version) ((version) / 1000000u)

/* The bytes of a range; NULL: power lost, or beyond the flash. */
static uint8_t *range(struct secure *secure, uint32_t at, uint32_t n_bytes)
{
    uint32_t flash_bytes = sim_flash_bytes(secure->flash, SIM_FLASH_INTERNAL);
    if (at > flash_bytes || n_bytes > flash_bytes - at) {
        secure->fault = "access beyond the flash";
        return NULL;
    }
    uint8_t *bytes = malloc((size_t)n_bytes + 1);
    if (bytes == NULL) {
        secure->fault = "no memory";
        return NULL;
    }
    if (secure_read(secure, at, bytes, n_bytes))
        return bytes;
    free(bytes);
    return NULL;
}

uint32_t secure_crc(struct secure *secure, uint32_t at, uint32_t n_bytes)
{
    uint8_t *bytes = range(secure, at, n_bytes);
    uint32_t crc = bytes != NULL ? rig_nordic_crc32(0, bytes, n_bytes) : 0;
    free(bytes);
    return crc;
}

/* SHA-256 of a range, last byte first. */
static bool hash_of(struct secure *secure, uint32_t at, uint32_t n_bytes, uint8_t hash[RIG_IMAGE_HASH_BYTES])
{
    uint8_t *bytes = range(secure, at, n_bytes);
    bool done = bytes != NULL && rig_init_hash_of(bytes, n_bytes, hash);
    free(bytes);
    return done;
}

static void turn_round(uint8_t hash[RIG_IMAGE_HASH_BYTES])
{
    for (size_t i = 0; i < RIG_IMAGE_HASH_BYTES / 2; i++) {
        uint8_t byte = hash[i];
        hash[i] = hash[RIG_IMAGE_HASH_BYTES - 1 - i];
        hash[RIG_IMAGE_HASH_BYTES - 1 - i] = byte;
    }
}

static bool signature_matches(struct secure *secure, uint32_t at, uint32_t n_bytes, const uint8_t *signature)
{
    uint8_t *bytes = range(secure, at, n_bytes);
    bool matches = bytes != NULL && secure->config->key != NULL &&
                   rig_init_signature_matches(secure->config->key, bytes, n_bytes, signature);
    free(bytes);
    return matches;
}

bool secure_boot_validates(struct secure *secure, const struct rig_nordic_validation *validation, uint32_t at,
                           uint32_t n_bytes)
{
    uint8_t hash[RIG_IMAGE_HASH_BYTES];
    switch (validation->type) {
    case RIG_NORDIC_VALIDATE_NOTHING:
        return true;
    case RIG_NORDIC_VALIDATE_CRC:
        return secure_crc(secure, at, n_bytes) == rig_get_le32(validation->bytes) || secure->config->debug;
    case RIG_NORDIC_VALIDATE_SHA256:
        if (!hash_of(secure, at, n_bytes, hash))
            return false;
        turn_round(hash);
        return memcmp(hash, validation->bytes, sizeof hash) == 0;
    case RIG_NORDIC_VALIDATE_ECDSA:
        return signature_matches(secure, at, n_bytes, validation->bytes);
    default:
        return false;
    }
}

/* --- before the image --- */

static bool signature_is_required(const struct sim_secure_config *config, uint32_t type)
{
    if (secure_has_defect(config, SIM_SECURE_ACCEPTS_UNSIGNED))
        return false;
    return type != RIG_DFU_APPLICATION || !config->accepts_unsigned;
}

static uint16_t check_signature(const struct sim_secure_config *config, const struct rig_init_packet *init,
                                const uint8_t *bytes)
{
    if (!init->is_signed)
        return EXTENDED(RIG_DFU_EXT_SIGNATURE_MISSING);
    if (init->signature_type != RIG_INIT_ECDSA_P256_SHA256)
        return EXTENDED(RIG_DFU_EXT_SIGNATURE_TYPE);
    if (init->n_signature_bytes != RIG_INIT_SIGNATURE_BYTES)
        return RIG_DFU_FAILED;
    if (secure_has_defect(config, SIM_SECURE_ACCEPTS_ANY_KEY))
        return RIG_DFU_SUCCESS;
    /* Until SDK 14 one byte of the length was skipped whatever its length: nothing long ever verified. */
    bool can_verify = config->sdk >= SIM_SECURE_SDK_15 || init->length_bytes == 1;
    return config->key != NULL && can_verify && rig_init_packet_verify(init, bytes, config->key)
               ? RIG_DFU_SUCCESS
               : RIG_DFU_INVALID_OBJECT;
}

/* Builds with a SoftDevice of their own: "any" counts for external applications only, which this is built
 * without. */
static bool softdevice_fits(const struct secure *secure, const struct rig_init_packet *init)
{
    bool prevents = !secure->config->allows_downgrade || init->type == RIG_DFU_SOFTDEVICE;
    struct rig_softdevice softdevice;
    if (!secure_softdevice(secure, RIG_SOFTDEVICE_AT, &softdevice)) {
        if (init->n_sd_req > 0 && init->sd_req[0] != RIG_INIT_SD_NONE)
            return false;
        return !prevents || init->has_fw_version;
    }
    if (init->n_sd_req == 0)
        return false;
    if (init->sd_req[0] == RIG_INIT_SD_NONE) {
        if (init->type == RIG_DFU_APPLICATION)
            return !prevents || init->n_sd_req == 1;
        return !prevents || init->type != RIG_DFU_SOFTDEVICE;
    }
    for (size_t i = 0; i < init->n_sd_req; i++)
        if (init->sd_req[i] == softdevice.firmware_id)
            return true;
    return false;
}

static uint16_t check_version(const struct secure *secure, const struct rig_init_packet *init)
{
    bool of_application = init->type == RIG_DFU_APPLICATION || init->type == RIG_DFU_SOFTDEVICE;
    bool demands = !secure->config->allows_downgrade;
    if (secure_has_defect(secure->config, SIM_SECURE_IGNORES_DOWNGRADE))
        return RIG_DFU_SUCCESS;
    if (!init->has_fw_version) {
        bool required = init->type != RIG_DFU_SOFTDEVICE && (init->type != RIG_DFU_APPLICATION || demands);
        return required ? EXTENDED(RIG_DFU_EXT_INIT_INVALID) : RIG_DFU_SUCCESS;
    }
    bool is_new = of_application ? !demands || init->fw_version >= secure->settings->app_version
                                 : init->fw_version > secure->settings->bootloader_version;
    return is_new ? RIG_DFU_SUCCESS : EXTENDED(RIG_DFU_EXT_FIRMWARE_VERSION);
}

static uint16_t check_contents(const struct secure *secure, const struct rig_init_packet *init)
{
    const struct sim_secure_config *config = secure->config;
    if (!init->has_type || init->type > RIG_DFU_SOFTDEVICE_BOOTLOADER)
        return EXTENDED(RIG_DFU_EXT_INIT_INVALID);
    if (init->hash_type != RIG_INIT_HASH_SHA256)
        return EXTENDED(RIG_DFU_EXT_HASH_TYPE);
    if (config->debug && init->has_is_debug && init->is_debug)
        return RIG_DFU_SUCCESS;
    if (!init->has_hw_version)
        return EXTENDED(RIG_DFU_EXT_INIT_INVALID);
    if (init->hw_version != config->hardware_version &&
        !secure_has_defect(config, SIM_SECURE_IGNORES_HARDWARE))
        return EXTENDED(RIG_DFU_EXT_HARDWARE_VERSION);
    if (!softdevice_fits(secure, init) && !secure_has_defect(config, SIM_SECURE_IGNORES_SOFTDEVICE))
        return EXTENDED(RIG_DFU_EXT_SOFTDEVICE);
    return check_version(secure, init);
}

/* SDK 12 knows no extended codes; release builds until 15.0 refuse what is marked as debug. */
static uint16_t as_older(const struct sim_secure_config *config, const struct rig_init_packet *init,
                         uint16_t result)
{
    if (init->has_is_debug && init->is_debug && !config->debug)
        return RIG_DFU_FAILED;
    return config->sdk == SIM_SECURE_SDK_12 && result >> 8 == RIG_DFU_EXTENDED ? RIG_DFU_FAILED : result;
}

uint16_t secure_prevalidate(struct secure *secure, const struct rig_init_packet *init, const uint8_t *bytes)
{
    bool is_required = signature_is_required(secure->config, init->type);
    uint16_t signature = is_required ? check_signature(secure->config, init, bytes) : RIG_DFU_SUCCESS;
    uint16_t contents = check_contents(secure, init);
    if (secure_is_older(secure->config)) /* they look at the signature last */
        return as_older(secure->config, init, contents != RIG_DFU_SUCCESS ? contents : signature);
    return signature != RIG_DFU_SUCCESS ? signature : contents;
}

uint16_t secure_update_bytes(const struct secure *secure, const struct rig_init_packet *init,
                             uint32_t *n_bytes)
{
    uint32_t sum = 0;
    bool is_application = init->type == RIG_DFU_APPLICATION || init->type == RIG_INIT_EXTERNAL_APPLICATION;
    if (is_application && init->has_app_size) {
        sum = init->app_size;
    } else {
        if ((init->type & IS_SOFTDEVICE) && init->has_sd_size)
            sum = init->sd_size;
        if ((init->type & IS_BOOTLOADER) && init->has_bl_size) {
            if (init->bl_size > secure->config->map.bootloader_bytes)
                return RIG_DFU_NO_RESOURCES;
            sum += init->bl_size;
        }
    }
    if (sum == 0)
        return EXTENDED(RIG_DFU_EXT_INIT_INVALID);
    *n_bytes = sum;
    return RIG_DFU_SUCCESS;
}

/* --- after it --- */

/* What is to be checked at each boot, and that it holds now. */
static bool extract_validation(struct secure *secure, const struct rig_init_packet *init, size_t index,
                               uint32_t at, uint32_t n_bytes, uint8_t when_missing,
                               struct rig_nordic_validation *validation)
{
    const struct rig_init_boot *given =
        init->n_boot_validations > index ? &init->boot_validations[index] : NULL;
    memset(validation, 0, sizeof *validation);
    validation->type = given != NULL ? (uint8_t)given->type : when_missing;
    switch (validation->type) {
    case RIG_NORDIC_VALIDATE_NOTHING:
        break;
    case RIG_NORDIC_VALIDATE_CRC:
        rig_put_le32(validation->bytes, secure_crc(secure, at, n_bytes));
        break;
    case RIG_NORDIC_VALIDATE_SHA256:
        if (!hash_of(secure, at, n_bytes, validation->bytes))
            return false;
        turn_round(validation->bytes);
        break;
    case RIG_NORDIC_VALIDATE_ECDSA:
        memcpy(validation->bytes, given->bytes, given->n_bytes);
        break;
    default:
        return false;
    }
    return secure_boot_validates(secure, validation, at, n_bytes);
}

static bool is_debug(const struct secure *secure, const struct rig_init_packet *init)
{
    return secure->config->debug && init->has_is_debug && init->is_debug;
}

static bool postvalidate_application(struct secure *secure, const struct rig_init_packet *init, uint32_t at,
                                     uint32_t n_bytes)
{
    struct rig_nordic_settings *settings = secure->settings;
    struct rig_nordic_validation validation;
    if (!extract_validation(secure, init, 0, at, n_bytes, RIG_NORDIC_VALIDATE_CRC, &validation) ||
        (secure->config->checks_app_signature && validation.type != RIG_NORDIC_VALIDATE_ECDSA))
        return false;
    settings->validations[RIG_NORDIC_APPLICATION] = validation;
    settings->banks[1].code = RIG_NORDIC_BANK_APPLICATION;
    settings->banks[0].code = RIG_NORDIC_BANK_INVALID;
    if (!is_debug(secure, init))
        settings->app_version = init->fw_version;
    return true;
}

static bool softdevice_is_ok(const struct secure *secure, uint32_t at, uint32_t sd_size, bool with_bootloader,
                             bool *is_major)
{
    struct rig_softdevice present, fresh;
    bool is_present = secure_softdevice(secure, RIG_SOFTDEVICE_AT, &present);
    uint32_t least = rig_round_up(sd_size + RIG_SOFTDEVICE_AT, secure->config->map.page_bytes);
    if (!secure_softdevice(secure, at, &fresh) || fresh.flash_bytes < least ||
        (is_present && present.id != fresh.id))
        return false;
    *is_major = !is_present || MAJOR(present.version) != MAJOR(fresh.version);
    return !*is_major || with_bootloader;
}

static bool postvalidate_softdevice_bootloader(struct secure *secure, const struct rig_init_packet *init,
                                               uint32_t at, uint32_t n_bytes)
{
    struct rig_nordic_settings *settings = secure->settings;
    struct rig_nordic_validation softdevice, bootloader;
    bool has_softdevice = (init->type & IS_SOFTDEVICE) != 0,
         has_bootloader = (init->type & IS_BOOTLOADER) != 0;
    uint32_t sd_size = has_softdevice ? init->sd_size : 0;
    bool is_major = false;
    if (has_softdevice &&
        (!softdevice_is_ok(secure, at, sd_size, has_bootloader, &is_major) ||
         !extract_validation(secure, init, 0, at, sd_size, RIG_NORDIC_VALIDATE_CRC, &softdevice)))
        return false;
    if (has_bootloader && !extract_validation(secure, init, has_softdevice ? 1 : 0, at + sd_size,
                                              n_bytes - sd_size, RIG_NORDIC_VALIDATE_NOTHING, &bootloader))
        return false;
    if (has_softdevice) {
        if (is_major)
            secure_invalidate(settings, 0);
        settings->validations[RIG_NORDIC_SOFTDEVICE] = softdevice;
        settings->sd_size = sd_size;
    }
    if (has_bootloader) {
        settings->validations[RIG_NORDIC_BOOTLOADER] = bootloader;
        if (!is_debug(secure, init))
            settings->bootloader_version = init->fw_version;
    }
    settings->banks[1].code = !has_softdevice  ? RIG_NORDIC_BANK_BOOTLOADER
                              : has_bootloader ? RIG_NORDIC_BANK_SOFTDEVICE_BOOTLOADER
                                               : RIG_NORDIC_BANK_SOFTDEVICE;
    return true;
}

bool secure_hash_fits(struct secure *secure, const struct rig_init_packet *init, uint32_t at,
                      uint32_t n_bytes)
{
    uint8_t hash[RIG_IMAGE_HASH_BYTES];
    /* Without a packet the SDK compares with what is at address 0 of the flash. */
    if (init == NULL || !hash_of(secure, at, n_bytes, hash))
        return false;
    return secure_has_defect(secure->config, SIM_SECURE_SKIPS_HASH) ||
           memcmp(hash, init->hash, sizeof hash) == 0;
}

uint16_t secure_postvalidate(struct secure *secure, const struct rig_init_packet *init, uint32_t at,
                             uint32_t n_bytes)
{
    struct rig_nordic_settings *settings = secure->settings;
    uint16_t result = RIG_DFU_SUCCESS;
    if (!secure_hash_fits(secure, init, at, n_bytes))
        result = EXTENDED(RIG_DFU_EXT_VERIFICATION);
    else if (init->type == RIG_DFU_APPLICATION
                 ? !postvalidate_application(secure, init, at, n_bytes)
                 : !postvalidate_softdevice_bootloader(secure, init, at, n_bytes))
        result = RIG_DFU_INVALID_OBJECT;
    if (secure_stopped(secure))
        return result;
    if (result == RIG_DFU_SUCCESS) {
        settings->banks[1].image_crc = secure_crc(secure, at, n_bytes);
        settings->banks[1].image_bytes = n_bytes;
    } else {
        secure_invalidate(settings, 1);
    }
    rig_nordic_settings_reset_progress(settings);
    settings->image_crc = at; /* update_start_address */
    return result;
}
