/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What an application does, written at the start of its payload and read back; what was taught of images; how
 * a self-test ends. */
#include "sim/firmware/application/personality.h"

#include "base/bytes.h"

#include <stdlib.h>
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

void sim_app_read_personality(const uint8_t bytes[SIM_APP_PERSONALITY_BYTES],
                              struct sim_app_personality *personality)
{
    memset(personality, 0, sizeof *personality);
    if (memcmp(bytes, magic, sizeof magic) != 0 || bytes[BEHAVIOUR_AT] > SIM_APP_HANGS)
        return;
    personality->behaviour = (enum sim_app_behaviour)bytes[BEHAVIOUR_AT];
    personality->self_test_us = rig_get_le32(bytes + SELF_TEST_AT);
    personality->watchdog_us = rig_get_le32(bytes + WATCHDOG_AT);
}

/* --- what was taught of images --- */

bool sim_app_teach(struct sim_app_lessons *lessons, const uint8_t hash[RIG_IMAGE_HASH_BYTES],
                   const struct sim_app_personality *personality)
{
    struct sim_app_lesson *lesson = NULL;

    for (size_t i = 0; i < lessons->n && !lesson; i++)
        if (memcmp(lessons->lessons[i].hash, hash, RIG_IMAGE_HASH_BYTES) == 0)
            lesson = &lessons->lessons[i];
    if (!lesson) {
        lesson = realloc(lessons->lessons, (lessons->n + 1) * sizeof *lesson);
        if (!lesson)
            return false;
        lessons->lessons = lesson;
        lesson += lessons->n++;
    }
    memcpy(lesson->hash, hash, RIG_IMAGE_HASH_BYTES);
    lesson->personality = *personality;
    return true;
}

void sim_app_recall(const struct sim_app_lessons *lessons, const uint8_t hash[RIG_IMAGE_HASH_BYTES],
                    struct sim_app_personality *personality)
{
    for (size_t i = 0; i < lessons->n; i++)
        if (memcmp(lessons->lessons[i].hash, hash, RIG_IMAGE_HASH_BYTES) == 0)
            *personality = lessons->lessons[i].personality;
}

void sim_app_forget_lessons(struct sim_app_lessons *lessons)
{
    free(lessons->lessons);
    *lessons = (struct sim_app_lessons){0};
}

/* --- the self-test --- */

void sim_app_end_self_test(struct sim_chip *chip, const struct sim_app_personality *personality,
                           unsigned watchdog_timer, void (*confirm)(struct sim_chip *chip))
{
    switch (personality->behaviour) {
    case SIM_APP_NEVER_CONFIRMS:
        break;
    case SIM_APP_CONFIRMS:
        sim_chip_line(chip, "app: self-test passed");
        if (confirm)
            confirm(chip);
        break;
    case SIM_APP_CRASHES:
        sim_chip_line(chip, "app: fatal error, resetting");
        sim_chip_crash(chip);
        break;
    case SIM_APP_HANGS: {
        const uint32_t watchdog_us = personality->watchdog_us;

        sim_chip_hang(chip);
        if (watchdog_us > 0)
            sim_chip_set_timer(chip, watchdog_timer, sim_chip_now_us(chip) + watchdog_us);
        break;
    }
    }
}
