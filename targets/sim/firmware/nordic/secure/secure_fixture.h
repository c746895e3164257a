/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A board for the tests of the secure bootloader: the one whose real twin was measured
 * (fixtures/nordic/secure-vectors.txt says how it looks), images for it, what happens to its flash as a line
 * of text. */
#ifndef SIM_FIRMWARE_NORDIC_SECURE_FIXTURE_H
#define SIM_FIRMWARE_NORDIC_SECURE_FIXTURE_H

#include "sim/firmware/nordic/secure/secure.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define WORLD_SOFTDEVICE_BYTES 0x5000u
#define WORLD_BANK_0 0x6000u
#define WORLD_OLD_BYTES 0x5100u
#define WORLD_BANK_1 0xc000u
#define WORLD_NEW_BYTES 0x1204u
#define WORLD_BOOTLOADER 0x78000u
#define WORLD_BACKUP 0x7e000u
#define WORLD_SETTINGS 0x7f000u
#define WORLD_MAX_IMAGE_BYTES 0x10000u
#define WORLD_OPS_BYTES 4096u

struct world {
    struct sim_flash *flash;
    struct rig_key *key;
    struct sim_secure_config config;
    struct sim_nordic_retained retained;
    struct sim_secure_state *state;
    struct sim_secure_start start;
    uint8_t *image; /* WORLD_MAX_IMAGE_BYTES, of which image_bytes count */
    uint32_t image_bytes;
    uint8_t softdevice[WORLD_SOFTDEVICE_BYTES];
    uint8_t bootloader[0x6000];
    /* Operations since world_ops() told them. */
    char ops[WORLD_OPS_BYTES], told[WORLD_OPS_BYTES];
    char kind; /* of the last one, which neighbours still join */
    uint32_t at, end;
};

void world_make(struct world *world);
void world_clear(struct world *world);
/* As a probe does it. */
void world_poke(struct world *world, uint32_t at, const void *bytes, size_t n_bytes);
bool world_holds(const struct world *world, uint32_t at, const void *bytes, size_t n_bytes);
/* Factory settings: the old application is valid by its CRC. */
struct rig_nordic_settings world_settings(void);
void world_put_settings(struct world *world, uint32_t page, const struct rig_nordic_settings *settings);
/* "E S7f000+1000 W S7f000+380 ..." since the last call; then forgets them. Valid until the next one. */
const char *world_ops(struct world *world);
/* One run of the bootloader. */
enum sim_secure_outcome world_boot(struct world *world);
/* Runs it, resets included, until application or updater. */
enum sim_secure_outcome world_settle(struct world *world);
/* The old application's bytes. */
uint8_t world_old_byte(uint32_t offset);
/* An init packet for world->image, of an application, as the test that was measured has it; not encoded. */
struct rig_init_packet world_init(const struct world *world);

/* What world->image is for the next transfers: fills it, sets image_bytes and gives the packet. */
struct rig_init_packet world_application(struct world *world, uint32_t n_bytes);
struct rig_init_packet world_softdevice(struct world *world, uint32_t flash_bytes, uint32_t file_bytes,
                                        uint32_t version);
struct rig_init_packet world_bootloader(struct world *world, uint32_t n_bytes);
struct rig_init_packet world_softdevice_bootloader(struct world *world, uint32_t flash_bytes,
                                                   uint32_t file_bytes, uint32_t version, uint32_t n_bytes);
/* Sends the packet and world->image to an updater that waits, up to its reset or to a cut. What the last
 * request was answered: its result; 0 when it never was. */
uint8_t world_transfer(struct world *world, struct rig_init_packet *init);
/* Only the packet. */
uint8_t world_send_init(struct world *world, struct rig_init_packet *init);

#endif
