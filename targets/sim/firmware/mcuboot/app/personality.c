/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Names; what an image's application does, written at the start of its payload, and read back from the
 * primary slot.
 */
#include "sim/firmware/mcuboot/app/app.h"

#include "base/bytes.h"

#include <string.h>

#define MAGIC_BYTES 16
#define BEHAVIOUR_AT 16
#define SELF_TEST_AT 20
#define WATCHDOG_AT 24
#define FIXED_BYTES 28

static const char *const behaviours[] = {"waits", "confirms", "crashes", "hangs"};
#define N_BEHAVIOURS (sizeof behaviours / sizeof *behaviours)

const char *sim_app_behaviour_name(enum sim_app_behaviour behaviour)
{
    return (unsigned)behaviour < N_BEHAVIOURS ? behaviours[behaviour] : "unknown";
}

bool sim_app_behaviour_from_name(const char *name, enum sim_app_behaviour *behaviour)
{
    for (unsigned i = 0; i < N_BEHAVIOURS; i++) {
        if (strcmp(name, behaviours[i]) == 0) {
            *behaviour = (enum sim_app_behaviour)i;
            return true;
        }
    }
    return false;
}

const char *sim_app_defect_name(unsigned bit)
{
    static const char *const names[SIM_APP_N_DEFECTS] = {
        "accepts-wrong-offset", "reboots-in-upload", "second-upload-dead",
        "confirm-does-nothing", "erases-pending",    "accepts-json",
        "upload-in-trial",      "no-resume",         "wrong-hash-accepted",
    };

    return bit < SIM_APP_N_DEFECTS ? names[bit] : NULL;
}

static const uint8_t magic[MAGIC_BYTES] = "rig-app-v1\r\n\x1a\x7f";

static uint64_t next_random(uint64_t *state)
{
    uint64_t value = *state += 0x9e3779b97f4a7c15u;

    value = (value ^ value >> 30) * 0xbf58476d1ce4e5b9u;
    value = (value ^ value >> 27) * 0x94d049bb133111ebu;
    return value ^ value >> 31;
}

static void fill(uint64_t seed, uint8_t *bytes, size_t n_bytes)
{
    for (size_t i = 0; i < n_bytes; i += 8) {
        uint64_t random = next_random(&seed);

        for (size_t byte = i; byte < i + 8 && byte < n_bytes; byte++, random >>= 8)
            bytes[byte] = (uint8_t)random;
    }
}

void sim_app_make_payload(const struct sim_app_personality *personality, uint64_t seed, uint8_t *payload,
                          size_t n_bytes)
{
    if (n_bytes < SIM_APP_PERSONALITY_BYTES)
        return;
    memset(payload, 0, FIXED_BYTES);
    memcpy(payload, magic, sizeof magic);
    payload[BEHAVIOUR_AT] = (uint8_t)personality->behaviour;
    rig_put_le32(payload + SELF_TEST_AT, personality->self_test_us);
    rig_put_le32(payload + WATCHDOG_AT, personality->watchdog_us);
    fill(seed, payload + FIXED_BYTES, n_bytes - FIXED_BYTES);
}

/* Bytes that say nothing are those of an application like any other: it runs and waits to be confirmed. */
static void decode(const uint8_t bytes[FIXED_BYTES], struct sim_app_personality *personality)
{
    if (memcmp(bytes, magic, sizeof magic) != 0 || bytes[BEHAVIOUR_AT] > SIM_APP_HANGS)
        return;
    personality->behaviour = (enum sim_app_behaviour)bytes[BEHAVIOUR_AT];
    personality->self_test_us = rig_get_le32(bytes + SELF_TEST_AT);
    personality->watchdog_us = rig_get_le32(bytes + WATCHDOG_AT);
}

static bool hash_fits(const struct rig_image_source *source, const struct rig_image_layout *layout,
                      const uint8_t stored[RIG_IMAGE_HASH_BYTES])
{
    uint8_t computed[RIG_IMAGE_HASH_BYTES];

    return rig_image_compute_hash(source, layout, computed) == RIG_IMAGE_OK &&
           memcmp(computed, stored, sizeof computed) == 0;
}

static bool is_intact(const struct sim_area_reader *reader, const struct rig_image_layout *layout,
                      const uint8_t stored[RIG_IMAGE_HASH_BYTES], struct sim_app_memo *memo)
{
    struct rig_image_source source = sim_area_source(reader);
    uint64_t key[2];

    if (!sim_flash_range_hash(reader->flash, reader->area.device, reader->area.offset, layout->end, key))
        return hash_fits(&source, layout, stored);
    for (unsigned i = 0; i < SIM_APP_MEMO_ENTRIES; i++) {
        if (memo->entries[i].n_bytes == layout->end && memcmp(memo->entries[i].key, key, sizeof key) == 0)
            return memo->entries[i].intact;
    }

    unsigned place = memo->next++ % SIM_APP_MEMO_ENTRIES;

    memcpy(memo->entries[place].key, key, sizeof key);
    memo->entries[place].n_bytes = layout->end;
    memo->entries[place].intact = hash_fits(&source, layout, stored);
    return memo->entries[place].intact;
}

void sim_app_look(const struct sim_boot_config *boot, const struct sim_flash *flash,
                  struct sim_app_memo *memo, struct sim_running *running)
{
    struct sim_area_reader reader = {.flash = flash, .area = boot->primary[0]};
    struct rig_image_source source = sim_area_source(&reader);
    struct rig_image_layout layout;
    uint8_t bytes[FIXED_BYTES];

    memset(running, 0, sizeof *running);
    if (rig_image_read_layout(&source, boot->primary[0].n_bytes, &layout) != RIG_IMAGE_OK)
        return;
    running->has_image = true;
    running->version = layout.header.version;
    bool hashed = rig_image_stored_hash(&source, &layout, running->hash) == RIG_IMAGE_OK;
    running->intact = memo && hashed && is_intact(&reader, &layout, running->hash, memo);
    if (layout.header.payload_bytes >= SIM_APP_PERSONALITY_BYTES &&
        source.read(source.user, layout.header.header_bytes, bytes, sizeof bytes))
        decode(bytes, &running->personality);
}
