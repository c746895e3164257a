/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files of the secure bootloader share: one run over flash and settings, validation of images. The
 * sources named are of nRF5 SDK 17.0.2, from components/libraries on. */
#ifndef SIM_FIRMWARE_NORDIC_SECURE_LOADER_H
#define SIM_FIRMWARE_NORDIC_SECURE_LOADER_H

#include "sim/firmware/nordic/secure/secure.h"

/* A run of the bootloader, or one call of the updater. When `lost` or `fault` is set, nothing more happens
 * and nothing may be decided. */
struct secure {
    const struct sim_secure_config *config;
    struct sim_flash *flash;
    struct rig_nordic_settings *settings; /* the RAM copy */
    bool lost;                            /* power */
    const char *fault;                    /* static: what the core would have stumbled over */
    bool settings_are_new;                /* older SDKs: there were none */
};

static inline bool secure_stopped(const struct secure *secure)
{
    return secure->lost || secure->fault != NULL;
}
static inline bool secure_has_defect(const struct sim_secure_config *config, enum sim_secure_defect defect)
{
    return (config->defects & (uint32_t)defect) != 0;
}
static inline bool secure_gives_up(const struct sim_secure_config *config)
{
    return config->inactivity_ms != 0 && !secure_has_defect(config, SIM_SECURE_STUCK_IN_UPDATER);
}
static inline bool secure_has_backup(const struct sim_secure_config *config)
{
    return config->sdk >= SIM_SECURE_SDK_15 && config->map.parameter_page_at != 0;
}
/* Whether the backup is written. */
static inline bool secure_backs_up(const struct sim_secure_config *config)
{
    return secure_has_backup(config) && !secure_has_defect(config, SIM_SECURE_NO_BACKUP);
}

/* storage.c: flash as the core sees it, by NVMC, and the settings in it [SRC fstorage/nrf_fstorage_nvmc.c,
 * bootloader/dfu/nrf_dfu_settings.c, nrf_dfu_settings_svci.c] */
/* false: power lost, or beyond the flash, which is a fault. */
bool secure_read(struct secure *secure, uint32_t at, void *into, size_t n_bytes);
void secure_erase(struct secure *secure, uint32_t at, uint32_t n_pages);
/* Page by page; n_bytes is rounded up to words, with the bytes that are there. */
void secure_write(struct secure *secure, uint32_t at, const uint8_t *bytes, uint32_t n_bytes);
/* Of the part of the page that this SDK keeps its settings in. */
uint32_t secure_settings_bytes(const struct sim_secure_config *config);
void secure_encode(const struct sim_secure_config *config, const struct rig_nordic_settings *settings,
                   uint8_t into[RIG_NORDIC_SETTINGS_BYTES]);
/* From flash into the RAM copy, by the boot table. */
void secure_load(struct secure *secure);
/* Whether the page at `at` holds just these bytes. */
bool secure_page_equals(struct secure *secure, uint32_t at, const uint8_t *bytes);
void secure_save(struct secure *secure); /* main page */
void secure_save_and_back_up(struct secure *secure);
void secure_back_up(struct secure *secure); /* the main page as it stands in flash */

/* banks.c: where things are [SRC bootloader/dfu/nrf_dfu_utils.c] */
uint32_t secure_bank_0(const struct secure *secure);
uint32_t secure_bank_1(const struct secure *secure);
bool secure_softdevice(const struct secure *secure, uint32_t at, struct rig_softdevice *softdevice);
void secure_invalidate(struct rig_nordic_settings *settings, unsigned bank);
/* Room for an image: drops the application where it must and may. false: there is none. */
bool secure_prepare_cache(const struct secure *secure, uint32_t n_bytes, bool single_bank,
                          bool keep_application);

/* validate.c [SRC bootloader/dfu/nrf_dfu_validation.c, nrf_dfu_ver_validation.c] */
/* Result of a request: enum rig_dfu_result; with an extended code 0x0b00 | code. */
uint32_t secure_crc(struct secure *secure, uint32_t at, uint32_t n_bytes);
bool secure_boot_validates(struct secure *secure, const struct rig_nordic_validation *validation, uint32_t at,
                           uint32_t n_bytes);
/* Of a packet that decoded from `bytes`: signature, then what it says. */
uint16_t secure_prevalidate(struct secure *secure, const struct rig_init_packet *init, const uint8_t *bytes);
uint16_t secure_update_bytes(const struct secure *secure, const struct rig_init_packet *init,
                             uint32_t *n_bytes);
/* Of a received image; settings are those of an activation afterwards, or of none. */
uint16_t secure_postvalidate(struct secure *secure, const struct rig_init_packet *init, uint32_t at,
                             uint32_t n_bytes);
/* Only its hash; init may be NULL, and nothing fits then. */
bool secure_hash_fits(struct secure *secure, const struct rig_init_packet *init, uint32_t at,
                      uint32_t n_bytes);

/* copy.c [SRC bootloader/nrf_bootloader_fw_activation.c, image_copy(); bootloader/dfu/nrf_dfu_mbr.c]. What
 * the MBR does by itself is the model's own: copy, and once more after a cut. */
uint32_t secure_pages_of(const struct secure *secure, uint32_t n_bytes);
/* Tells the MBR to copy a bootloader; it resets after that. */
void secure_ask_mbr(struct secure *secure, uint32_t from, uint32_t n_bytes);
/* Page by page through RAM, as long as the flash lets it. */
void secure_copy(struct secure *secure, uint32_t to, uint32_t from, uint32_t n_bytes);
bool secure_ranges_are_equal(struct secure *secure, uint32_t a, uint32_t b, uint32_t n_bytes);
/* What the MBR does before the bootloader starts: a copy of a bootloader that was begun. */
void secure_run_mbr(struct secure *secure);

/* older.c: the same steps as SDK 12 to 15.0 have them */
static inline bool secure_is_older(const struct sim_secure_config *config)
{
    return config->sdk < SIM_SECURE_SDK_15;
}
/* Where an image goes, which the settings then say. false: there is no room. */
bool secure_older_find_room(struct secure *secure, uint32_t n_bytes, uint32_t *at);
/* What the settings say when the image is complete, and good or not. */
void secure_older_finish(struct secure *secure, const struct rig_init_packet *init, uint32_t n_bytes,
                         bool is_good);
/* false: it failed, and the updater waits. */
bool secure_older_activate(struct secure *secure, struct sim_secure_start *start, bool *reset);

/* updater.c: what the updater does before it waits; state holds the settings. false: it does not come up, and
 * secure->fault says why. */
bool secure_enter(struct secure *secure, struct sim_secure_state *state);

#endif
