/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The secure bootloader's configuration and words, and the application's half of the hand-over. */
#include "sim/firmware/nordic/secure/loader.h"

#include <string.h>

#define INACTIVITY_MS 120000u
#define CONTINUATION_MS 10000u

struct sim_secure_config sim_secure_example(const struct sim_nordic_map *map)
{
    return (struct sim_secure_config){.map = *map,
                                      .sdk = SIM_SECURE_SDK_15,
                                      .banks = SIM_SECURE_DUAL,
                                      .hardware_version = 52,
                                      .enters_by_button = true,
                                      .enters_by_gpregret = true,
                                      .inactivity_ms = INACTIVITY_MS,
                                      .continuation_ms = CONTINUATION_MS};
}

const char *sim_secure_defect_name(unsigned bit)
{
    static const char *const names[SIM_SECURE_N_DEFECTS] = {
        "accepts-unsigned",  "accepts-any-key", "skips-hash",       "ignores-hardware", "ignores-softdevice",
        "ignores-downgrade", "forgets-copy",    "no-backup",        "erases-old-first", "marks-valid-first",
        "erases-app-data",   "keeps-peer-data", "stuck-in-updater", "answers-early",
    };
    return bit < SIM_SECURE_N_DEFECTS ? names[bit] : NULL;
}

const char *sim_secure_entry_text(enum sim_secure_entry entry)
{
    switch (entry) {
    case SIM_SECURE_NOT_ENTERED:
        return "not entered";
    case SIM_SECURE_NO_APPLICATION:
        return "no valid application";
    case SIM_SECURE_BY_BUTTON:
        return "button";
    case SIM_SECURE_BY_PIN_RESET:
        return "pin reset";
    case SIM_SECURE_BY_GPREGRET:
        return "GPREGRET";
    case SIM_SECURE_BY_SETTINGS:
        return "settings page";
    case SIM_SECURE_AFTER_ACTIVATION:
        return "a SoftDevice was made active";
    }
    return "unknown";
}

/* --- peer data and name, between application and bootloader --- */

static uint32_t peer_at(const struct sim_secure_config *config)
{
    return config->map.settings_at +
           (config->sdk >= SIM_SECURE_SDK_15 ? RIG_NORDIC_PEER_DATA_AT : RIG_NORDIC_PEER_DATA_1_AT);
}

static uint32_t name_at(const struct sim_secure_config *config)
{
    return config->map.settings_at +
           (config->sdk >= SIM_SECURE_SDK_15 ? RIG_NORDIC_NAME_AT : RIG_NORDIC_NAME_1_AT);
}

enum rig_nordic_extra sim_secure_peer(const struct sim_secure_config *config, const struct sim_flash *flash,
                                      struct rig_nordic_peer *peer)
{
    uint8_t bytes[RIG_NORDIC_PEER_DATA_BYTES];
    if (sim_flash_peek(flash, SIM_FLASH_INTERNAL, peer_at(config), bytes, sizeof bytes) != SIM_OK)
        return RIG_NORDIC_EXTRA_USED;
    return rig_nordic_peer_decode(bytes, peer);
}

enum rig_nordic_extra sim_secure_name(const struct sim_secure_config *config, const struct sim_flash *flash,
                                      char name[RIG_NORDIC_MAX_NAME_BYTES + 1])
{
    uint8_t bytes[RIG_NORDIC_NAME_BYTES];
    name[0] = '\0';
    if (sim_flash_peek(flash, SIM_FLASH_INTERNAL, name_at(config), bytes, sizeof bytes) != SIM_OK)
        return RIG_NORDIC_EXTRA_USED;
    return rig_nordic_name_decode(bytes, name);
}

static enum sim_secure_hand_over hand_over(struct sim_flash *flash, uint32_t at, const uint8_t *bytes,
                                           size_t n_bytes)
{
    uint8_t crc[4];
    static const uint8_t erased[sizeof crc] = {0xff, 0xff, 0xff, 0xff};
    if (sim_flash_read(flash, SIM_FLASH_INTERNAL, at, crc, sizeof crc) != SIM_OK)
        return SIM_SECURE_HAND_OVER_FAILED;
    if (memcmp(crc, erased, sizeof crc) != 0)
        return SIM_SECURE_HAND_OVER_USED;
    return sim_flash_write(flash, SIM_FLASH_INTERNAL, at, bytes, n_bytes) == SIM_OK
               ? SIM_SECURE_HANDED_OVER
               : SIM_SECURE_HAND_OVER_FAILED;
}

enum sim_secure_hand_over sim_secure_hand_over_peer(const struct sim_secure_config *config,
                                                    struct sim_flash *flash,
                                                    const struct rig_nordic_peer *peer)
{
    uint8_t bytes[RIG_NORDIC_PEER_DATA_BYTES];
    rig_nordic_peer_encode(peer, bytes);
    return hand_over(flash, peer_at(config), bytes, sizeof bytes);
}

enum sim_secure_hand_over sim_secure_hand_over_name(const struct sim_secure_config *config,
                                                    struct sim_flash *flash, const char *name, size_t n_bytes)
{
    uint8_t bytes[RIG_NORDIC_NAME_BYTES];
    if (!rig_nordic_name_encode(name, n_bytes, bytes))
        return SIM_SECURE_HAND_OVER_FAILED;
    return hand_over(flash, name_at(config), bytes, sizeof bytes);
}

bool sim_secure_next(struct sim_secure_state *state, struct sim_secure_wish *next)
{
    if (state->n_wishes == 0)
        return false;
    *next = state->wishes[state->first_wish];
    state->first_wish = (uint8_t)((state->first_wish + 1) % SIM_SECURE_N_WISHES);
    state->n_wishes--;
    return true;
}

bool sim_secure_busy(const struct sim_secure_state *state)
{
    return !state->stopped && (state->queue_runs || state->reset_at_us != SIM_SECURE_NEVER);
}
