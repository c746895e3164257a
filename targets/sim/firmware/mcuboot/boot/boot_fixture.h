/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Test fixture: a board with two slots per image and images to put into them. Only tests link it. */
#ifndef SIM_BOOT_BOOT_FIXTURE_H
#define SIM_BOOT_BOOT_FIXTURE_H

#include "image/build.h"
#include "sim/firmware/mcuboot/boot/boot.h"

/* Zero means: 4 KiB sectors, 16 of them per slot, write alignment 4, 128 records, one-sector scratch, images
 * of 3 and 4 sectors. */
struct board_plan {
    enum rig_swap_mode mode;
    uint32_t sector_bytes;
    uint32_t n_primary;              /* sectors */
    uint32_t n_secondary;            /* sectors; 0 = as primary */
    uint32_t secondary_sector_bytes; /* 0 = as primary; another size puts the slot on the external device */
    uint32_t scratch_bytes;
    uint32_t write_bytes;
    uint32_t max_align;
    uint32_t max_sectors;
    uint32_t old_bytes; /* whole image */
    uint32_t new_bytes;
    bool erased_zero;
    bool rewrite_allowed;
    bool no_erase;
    bool torn_is_error;
    bool external;
    bool two_images;
    bool ecdsa;
};

struct board {
    struct sim_flash *flash;
    struct sim_boot_config config;
    struct rig_key *key;
    struct rig_key *stranger;
    const struct rig_key *keys[1];
    uint32_t counter[SIM_BOOT_MAX_IMAGES];
    struct rig_bytes old;   /* version 1.0.0 */
    struct rig_bytes fresh; /* version 2.0.0 */
    struct sim_boot_result result;
    char log[8192];
};

void board_make(struct board *board, const struct board_plan *plan);
void board_clear(struct board *board);

/* An image of exactly n_bytes, signed with key (NULL: unsigned). recipe may be NULL; its payload is ignored.
 */
struct rig_bytes image_make(uint32_t n_bytes, uint8_t major, const struct rig_key *key,
                            const struct rig_image_recipe *recipe);
void board_put_primary(struct board *board, unsigned image, const struct rig_bytes *bytes);
/* Where the mode wants it: the second sector in offset mode. */
void board_put_secondary(struct board *board, unsigned image, const struct rig_bytes *bytes);
void board_fill(struct board *board, const struct sim_area *area, const void *bytes, size_t n_bytes,
                uint32_t offset);

/* old in primary, fresh in secondary and pending. */
void board_stage(struct board *board, bool permanent);
enum sim_boot_outcome board_boot(struct board *board);
/* Boots with power switched on first, and returns the flash operations it took. */
uint64_t board_boot_counted(struct board *board, enum sim_boot_outcome expected);
bool board_runs(const struct board *board,
                const struct rig_bytes *bytes); /* primary 0 starts with these bytes */
bool board_holds(const struct board *board, const struct sim_area *area, const struct rig_bytes *bytes);
uint8_t board_byte(const struct board *board, const struct sim_area *area, uint32_t offset);
struct rig_trailer board_trailer(const struct board *board, const struct sim_area *area);

#endif
