/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the board's tests share: a usual board, images, a small SMP client over the simulated link. */
#ifndef SIM_BOARD_SUPPORT_H
#define SIM_BOARD_SUPPORT_H

#include "image/build.h"
#include "protocol/smp/smp.h"
#include "sim/firmware/mcuboot/mcuboot.h"

#define RIG_SECOND_US 1000000u

struct bench {
    struct sim_board *board;
    uint8_t sequence;
    uint8_t answer[RIG_SMP_MAX_MESSAGE_BYTES]; /* the last answer, joined from notifications */
    size_t n_answer;
    unsigned n_lines;
    char last_line[128];
    bool saw_hard_fault;
    struct sim_boot_result last_boot;
    uint64_t last_boot_operations;
};

/* What chip and firmware are made from. */
struct bench_config {
    struct sim_flash_device_config devices[SIM_FLASH_MAX_DEVICES];
    unsigned n_devices;
    struct sim_boot_config boot;
    struct sim_app_config app;
    struct sim_ble_config ble;
    uint64_t seed;
};
/* One internal device of 64 sectors of 4 KiB, write unit 4; primary at 0, secondary after it, 16 sectors
 * each, scratch of 2. */
struct bench_config bench_config(enum rig_swap_mode mode);
void bench_open(struct bench *bench, const struct bench_config *config);
/* NULL: *why says so. */
struct sim_board *bench_board(const struct bench_config *config, const char **why);
void bench_close(struct bench *bench);

struct rig_bytes bench_image(uint8_t major, const struct sim_app_personality *personality,
                             size_t payload_bytes);
void bench_program(struct bench *bench, const struct rig_bytes *image); /* primary slot, power off */
/* Power on and wait for advertising; false when that does not come within 20 s of board time. */
bool bench_boot(struct bench *bench);
bool bench_run_until_advertising(struct bench *bench);
void bench_run(struct bench *bench, uint64_t for_us);

extern const struct sim_ble_central bench_central;
/* The SMP characteristic of a link: a write command, its CCC, what it notified. */
enum sim_ble_outcome bench_write(struct sim_board *board, const uint8_t *bytes, size_t n_bytes);
enum sim_ble_outcome bench_subscribe(struct sim_board *board, bool on);
bool bench_notification(struct sim_board *board, uint8_t bytes[SIM_BLE_MAX_MTU], size_t *n_bytes);
/* Connects and subscribes. */
void bench_connect(struct bench *bench, uint16_t mtu);
/* Writes one message (cut to the MTU when cut is set) and waits at most 60 s of board time for one answer. */
bool bench_ask_raw(struct bench *bench, const uint8_t *bytes, size_t n_bytes, bool cut);
bool bench_collect(struct bench *bench, uint64_t within_us);
bool bench_ask(struct bench *bench, const uint8_t *bytes, size_t n_bytes, struct rig_smp_response *response);
struct rig_smp_response bench_list(struct bench *bench);
struct rig_smp_response bench_mark(struct bench *bench, const uint8_t *hash, bool confirm);
struct rig_smp_response bench_erase(struct bench *bench, int slot);
struct rig_smp_response bench_chunk(struct bench *bench, const struct rig_bytes *image, uint32_t offset,
                                    size_t n_bytes, bool with_sha);
/* Uploads from `from` to the end; false when an answer stays away. *reached: the last offset that the server
 * told. */
bool bench_upload(struct bench *bench, const struct rig_bytes *image, uint32_t *reached);
void bench_reset(struct bench *bench); /* SMP reset, then wait for advertising, reconnect */
void image_hash(const struct rig_bytes *image, uint8_t hash[RIG_IMAGE_HASH_BYTES]);
/* A board that runs version 1 and is connected at the largest MTU, and an image of version 2 for it. */
struct scene {
    struct bench bench;
    struct rig_bytes old_image, new_image;
    uint8_t old_hash[RIG_IMAGE_HASH_BYTES], new_hash[RIG_IMAGE_HASH_BYTES];
};
extern const struct sim_app_personality waits;
struct scene *scene_with(const struct bench_config *config, const struct sim_app_personality *newcomer);
struct scene *scene_new(const struct sim_app_personality *newcomer); /* the usual board, swap-move */
void scene_free(struct scene *scene);
/* Uploads the new image and marks it. */
void scene_mark(struct scene *scene, bool permanent);
/* The offset of an answer; the test fails when it is no success with an offset. */
uint32_t off_of(struct rig_smp_response response);
/* Hex with blanks; returns the length. */
size_t from_hex(const char *text, uint8_t *bytes);
/* Sends hex as one write and expects hex; "" is silence. */
void exchange(struct bench *bench, const char *request, const char *expected);

/* The bytes of the area's start equal the image's. */
bool bench_slot_holds(struct bench *bench, const struct sim_area *area, const struct rig_bytes *image);

#endif
