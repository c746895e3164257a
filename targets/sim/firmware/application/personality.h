/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What an application does, whatever bootloader started it: it waits, confirms itself, crashes or hangs. Part
 * of every firmware that has an application of its own images. GLib-free. */
#ifndef SIM_FIRMWARE_APPLICATION_PERSONALITY_H
#define SIM_FIRMWARE_APPLICATION_PERSONALITY_H

#include "sim/firmware/firmware.h"

/* What an image's application does is written in the image itself, right at the start of its payload, so that
 * it follows the image wherever the bootloader copies it. Any other image runs, too: it waits, or does what
 * was taught of it. */
enum sim_app_behaviour {
    SIM_APP_NEVER_CONFIRMS, /* runs, serves SMP, waits to be confirmed from outside (the default) */
    SIM_APP_CONFIRMS,       /* self-test passes after self_test_us, then confirms itself */
    SIM_APP_CRASHES,        /* resets itself after self_test_us, at every boot */
    SIM_APP_HANGS, /* stops after self_test_us: no radio, no console; the watchdog resets it after watchdog_us
                      if that is not 0 */
};
const char *
sim_app_behaviour_name(enum sim_app_behaviour behaviour); /* "waits", "confirms", "crashes", "hangs" */
bool sim_app_behaviour_from_name(const char *name, enum sim_app_behaviour *behaviour);

struct sim_app_personality {
    enum sim_app_behaviour behaviour;
    uint32_t self_test_us;
    uint32_t watchdog_us;
};
#define SIM_APP_PERSONALITY_BYTES 64
/* Fills n_bytes (>= SIM_APP_PERSONALITY_BYTES) of payload: the personality, then bytes from the seed. */
void sim_app_make_payload(const struct sim_app_personality *personality, uint64_t seed, uint8_t *payload,
                          size_t n_bytes);
/* Reads it back. Bytes that say nothing are those of an application like any other: it runs and waits. */
void sim_app_read_personality(const uint8_t bytes[SIM_APP_PERSONALITY_BYTES],
                              struct sim_app_personality *personality);

/* How the applications of some images behave, by the images' hashes, whatever their bytes say. Zeroed at
 * first; about images, not about a board: outlives snapshots. */
struct sim_app_lesson {
    uint8_t hash[RIG_IMAGE_HASH_BYTES];
    struct sim_app_personality personality;
};
struct sim_app_lessons {
    struct sim_app_lesson *lessons;
    size_t n;
};
/* Again: the last word counts. false: no memory. */
bool sim_app_teach(struct sim_app_lessons *lessons, const uint8_t hash[RIG_IMAGE_HASH_BYTES],
                   const struct sim_app_personality *personality);
/* Of an image that nothing was taught of the personality stays. */
void sim_app_recall(const struct sim_app_lessons *lessons, const uint8_t hash[RIG_IMAGE_HASH_BYTES],
                    struct sim_app_personality *personality);
void sim_app_forget_lessons(struct sim_app_lessons *lessons);

/* The self-test is over (self_test_us after the application's start; of one that waits there is none).
 * confirm: makes the running image stay; NULL: there is nothing to confirm. The watchdog's timer is a reset
 * when it is due. */
void sim_app_end_self_test(struct sim_chip *chip, const struct sim_app_personality *personality,
                           unsigned watchdog_timer, void (*confirm)(struct sim_chip *chip));

#endif
