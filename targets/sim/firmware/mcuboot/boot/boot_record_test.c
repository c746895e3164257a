/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The model on record: what it decides, writes and says from thousands of flash contents, one line for each
 * board in fixtures/boot/record.txt. The model was compared with upstream byte by byte; a line that changes
 * is another model, to be compared again. RIG_WRITE_RECORD=1 writes the file anew. */
#include "sim/firmware/mcuboot/boot/boot_fixture.h"

#include "base/bytes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define RECORD RIG_SOURCE_DIR "/fixtures/boot/record.txt"
#define MAX_CONTENTS 600u /* of one board; more are left out */
#define LINE_BYTES 200u
#define N_RANDOM_STATES 3000

struct record {
    struct board board;
    uint64_t visited[MAX_CONTENTS]; /* hashes of contents */
    unsigned n_contents;
    unsigned n_boots;
    unsigned n_outcomes[SIM_BOOT_CRASH + 1];
    uint64_t decided, flash, said; /* digests */
    uint64_t random;
};

static void mix(uint64_t *digest, const void *bytes, size_t n_bytes)
{
    const uint8_t *at = bytes;
    for (size_t i = 0; i < n_bytes; i++) {
        *digest = (*digest ^ at[i]) * 0x100000001b3u;
    }
}

static void mix_number(uint64_t *digest, uint64_t number)
{
    uint8_t bytes[4];
    rig_put_le32(bytes, (uint32_t)(number ^ number >> 32));
    mix(digest, bytes, sizeof bytes);
}

static uint64_t content_of(const struct record *record, struct sim_flash_content **kept)
{
    struct sim_flash_content *content = sim_flash_keep(record->board.flash);
    assert_non_null(content);
    uint64_t hash = sim_flash_content_hash(content);
    for (unsigned i = 0; i < record->board.config.n_images; i++) {
        hash = hash * 31 + record->board.counter[i];
    }
    if (kept != NULL) {
        *kept = content;
    } else {
        sim_flash_content_free(content);
    }
    return hash;
}

/* One boot, all of it on record. Returns the number of flash operations. */
static uint64_t boot(struct record *record)
{
    struct board *board = &record->board;
    const struct sim_boot_result *result = &board->result;
    uint64_t before = sim_flash_n_operations(board->flash);
    board_boot(board);
    uint64_t n_operations = sim_flash_n_operations(board->flash) - before;
    record->n_boots++;
    record->n_outcomes[result->outcome]++;
    mix_number(&record->decided, result->outcome);
    for (unsigned i = 0; i < board->config.n_images; i++) {
        mix_number(&record->decided, result->swap_type[i]);
        mix_number(&record->decided, result->resumed[i]);
        mix_number(&record->decided, result->refusal[i]);
        mix_number(&record->decided, result->primary[i]);
        mix_number(&record->decided, result->secondary[i]);
        mix_number(&record->decided, board->counter[i]);
    }
    mix_number(&record->flash, n_operations);
    mix_number(&record->flash, content_of(record, NULL));
    mix(&record->said, board->log, strlen(board->log));
    mix(&record->said, result->assertion, strlen(result->assertion));
    return n_operations;
}

static bool is_new(struct record *record, uint64_t hash)
{
    for (unsigned i = 0; i < record->n_contents; i++) {
        if (record->visited[i] == hash) {
            return false;
        }
    }
    if (record->n_contents == MAX_CONTENTS) {
        return false;
    }
    record->visited[record->n_contents++] = hash;
    return true;
}

struct moment {
    struct sim_flash_content *flash;
    uint32_t counter[SIM_BOOT_MAX_IMAGES];
};

static void go_back(struct record *record, const struct moment *moment)
{
    sim_flash_restore(record->board.flash, moment->flash);
    memcpy(record->board.counter, moment->counter, sizeof moment->counter);
    sim_flash_disarm_cut(record->board.flash);
    sim_flash_power(record->board.flash, true);
}

static void visit(struct record *record, bool cuts);

static void visit_cuts(struct record *record, const struct moment *moment, uint64_t n_operations)
{
    for (uint64_t at = 0; at < n_operations; at++) {
        for (enum sim_cut_form form = SIM_CUT_BEFORE; form <= SIM_CUT_AFTER; form++) {
            if (form == SIM_CUT_AFTER && at + 1 < n_operations) {
                continue; /* before the next one */
            }
            go_back(record, moment);
            sim_flash_arm_cut(record->board.flash, at, form);
            boot(record);
            visit(record, true);
        }
    }
}

/* Boots from the present content: with power all the time, confirmed by the application, and cut everywhere;
 * then from whatever came of it. */
static void visit(struct record *record, bool cuts)
{
    struct board *board = &record->board;
    struct moment moment;
    memcpy(moment.counter, board->counter, sizeof moment.counter);
    if (!is_new(record, content_of(record, &moment.flash))) {
        sim_flash_content_free(moment.flash);
        return;
    }
    go_back(record, &moment);
    uint64_t n_operations = boot(record);
    bool runs = board->result.outcome == SIM_BOOT_RUNS;
    visit(record, cuts);
    if (cuts && runs) {
        go_back(record, &moment);
        boot(record);
        for (unsigned i = 0; i < board->config.n_images; i++) {
            sim_boot_set_confirmed(&board->config, board->flash, i);
        }
        visit(record, true);
    }
    if (cuts) {
        visit_cuts(record, &moment, n_operations);
    }
    sim_flash_content_free(moment.flash);
}

/* What is put into the slots before the first boot. */
enum stage { TEST, PERMANENT, NOTHING };

struct row {
    const char *name;
    unsigned modes;
    struct board_plan plan;
    enum stage stage;
    bool cuts;
    void (*change)(struct record *record);  /* before staging; NULL: nothing */
    void (*corrupt)(struct record *record); /* after staging */
};

static uint32_t chance(struct record *record, uint32_t n)
{
    record->random = record->random * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(record->random >> 33) % n;
}

static void poke(struct record *record, const struct sim_area *area, uint32_t offset, const void *bytes,
                 size_t n)
{
    sim_flash_poke(record->board.flash, area->device, area->offset + offset, bytes, n);
}

enum trailer_kind { ANY, SWAPPING, NO_MAGIC };

/* A trailer of any state, also of those that no boot leaves behind. */
static void put_random_trailer(struct record *record, const struct sim_area *area, enum trailer_kind what)
{
    static const uint8_t flags[] = {0xff, 0xff, 1, 1, 3};
    static const uint8_t infos[] = {0xff, 0xff, 2, 3, 4, 4, 0x12, 0x14, 0x0f, 5};
    struct board *board = &record->board;
    struct rig_trailer_geometry geometry;
    struct rig_trailer_layout layout;
    uint8_t magic[RIG_TRAILER_MAGIC_BYTES], word[4];
    sim_boot_geometry(&board->config, board->flash, area, &geometry);
    assert_true(rig_trailer_layout(&geometry, &layout));
    rig_trailer_magic(board->config.max_align, magic);
    uint32_t kind = chance(record, 8);
    if (what == SWAPPING || (what == ANY && kind < 5)) {
        poke(record, area, layout.magic, magic, what == ANY && kind == 0 ? 7 : sizeof magic);
    }
    poke(record, area, layout.image_ok, &flags[chance(record, sizeof flags)], 1);
    if (what != SWAPPING) {
        poke(record, area, layout.copy_done, &flags[chance(record, sizeof flags)], 1);
    }
    poke(record, area, layout.swap_info, &infos[chance(record, sizeof infos)], 1);
    kind = chance(record, 8);
    rig_put_le32(word, kind == 0   ? 0
                       : kind == 1 ? area->n_bytes + 5
                       : kind == 2 ? area->n_bytes - 10
                                   : (uint32_t)board->fresh.n_bytes);
    if (kind < 7) {
        poke(record, area, layout.swap_size, word, sizeof word);
    }
    uint32_t n_records = chance(record, 2) ? 0 : chance(record, 3) ? chance(record, 14) : chance(record, 60);
    uint32_t missing = chance(record, 4) == 0 ? chance(record, 8) : UINT32_MAX;
    if (board->config.mode == RIG_SWAP_MOVE && n_records > 0 && chance(record, 2)) {
        n_records += geometry.max_sectors - 4;
    }
    for (uint32_t i = 0; i < n_records && i < geometry.max_sectors * layout.states; i++) {
        if (i != missing) {
            poke(record, area, layout.status + i * geometry.write_bytes, &(uint8_t){(uint8_t)(i % 3 + 1)}, 1);
        }
    }
}

static void put_random_image(struct record *record, const struct sim_area *area)
{
    const struct rig_bytes *images[] = {&record->board.old, &record->board.fresh};
    const struct rig_bytes *image = images[chance(record, 2)];
    uint32_t kind = chance(record, 10);
    if (kind == 0) {
        return;
    }
    poke(record, area, kind < 4 ? 4096 : 0, image->bytes, image->n_bytes);
    if (kind == 9) {
        poke(record, area, 700, "damage", 6);
    }
}

static void random_states(struct record *record)
{
    struct board *board = &record->board;
    struct moment empty = {.flash = sim_flash_keep(board->flash)};
    bool two = board->config.n_images > 1;
    for (int state = 0; state < N_RANDOM_STATES / (two ? 2 : 1); state++) {
        go_back(record, &empty);
        board->config.swap_fixes = chance(record, 2);
        board->config.validate_primary = chance(record, 3);
        for (unsigned i = 0; i < board->config.n_images; i++) {
            put_random_image(record, &board->config.primary[i]);
            put_random_image(record, &board->config.secondary[i]);
            bool swapping = chance(record, 2);
            put_random_trailer(record, &board->config.primary[i], swapping ? SWAPPING : ANY);
            put_random_trailer(record, &board->config.secondary[i], swapping ? NO_MAGIC : ANY);
        }
        if (board->config.mode == RIG_SWAP_SCRATCH) {
            board_fill(board, &board->config.scratch, board->old.bytes, 2000, 0);
            put_random_trailer(record, &board->config.scratch, (enum trailer_kind)chance(record, 3));
        }
        boot(record);
        boot(record);
    }
    sim_flash_content_free(empty.flash);
}

static struct rig_bytes *fresh(struct record *record)
{
    return &record->board.fresh;
}

static void make_fresh(struct record *record, uint32_t n_bytes, uint8_t major, const struct rig_key *key,
                       const struct rig_image_recipe *recipe)
{
    rig_bytes_clear(fresh(record));
    *fresh(record) = image_make(n_bytes, major, key, recipe);
}

static void swap_fixes(struct record *record)
{
    record->board.config.swap_fixes = true;
}

static void unchecked(struct record *record)
{
    record->board.config.validate_primary = false;
}

static void fast(struct record *record)
{
    record->board.config.overwrite_fast = true;
}

/* Sectors of 4, 4, 8, 8, 8 KiB against 8, 4, 4, 8, 8: now the one, then the other slot has the smaller ones.
 */
static void alternating_sectors(struct record *record)
{
    struct board *board = &record->board;
    struct sim_flash_device_config devices[2] = {*sim_flash_device(board->flash, SIM_FLASH_INTERNAL),
                                                 *sim_flash_device(board->flash, SIM_FLASH_EXTERNAL)};
    devices[0].regions[0] = (struct sim_flash_region){4096, 4};
    devices[0].regions[1] = (struct sim_flash_region){8192, 4};
    devices[0].n_regions = 2;
    devices[1].regions[0] = (struct sim_flash_region){8192, 1};
    devices[1].regions[1] = (struct sim_flash_region){4096, 2};
    devices[1].regions[2] = (struct sim_flash_region){8192, 2};
    devices[1].n_regions = 3;
    sim_flash_free(board->flash);
    board->flash = sim_flash_new(devices, 2);
    assert_non_null(board->flash);
    board->config.primary[0] = (struct sim_area){SIM_FLASH_INTERNAL, 8192, 32768};
    board->config.secondary[0] = (struct sim_area){SIM_FLASH_EXTERNAL, 0, 32768};
    if (board->config.mode == RIG_SWAP_SCRATCH) {
        board->config.scratch = (struct sim_area){SIM_FLASH_INTERNAL, 40960, 8192};
    }
}

static void unsigned_update(struct record *record)
{
    make_fresh(record, 2400, 2, NULL, NULL);
}

static void strange_update(struct record *record)
{
    make_fresh(record, 2400, 2, record->board.stranger, NULL);
}

static void two_keys(struct record *record)
{
    static const struct rig_key *keys[2];
    keys[0] = record->board.stranger;
    keys[1] = record->board.key;
    record->board.config.keys = keys;
    record->board.config.n_keys = 2;
}

static void library_update(struct record *record)
{
    make_fresh(record, 2400, 2, record->board.key,
               &(struct rig_image_recipe){.flags = RIG_IMAGE_FLAG_NON_BOOTABLE});
}

static void library_runs(struct record *record)
{
    rig_bytes_clear(&record->board.old);
    record->board.old = image_make(2000, 1, record->board.key,
                                   &(struct rig_image_recipe){.flags = RIG_IMAGE_FLAG_NON_BOOTABLE});
}

static void older_by_version(struct record *record)
{
    make_fresh(record, 2400, 0, record->board.key, NULL);
    record->board.config.downgrade = SIM_DOWNGRADE_BY_VERSION;
}

static void same_by_version(struct record *record)
{
    make_fresh(record, 2400, 1, record->board.key, NULL);
    record->board.config.downgrade = SIM_DOWNGRADE_BY_VERSION;
}

static void newer_by_version(struct record *record)
{
    record->board.config.downgrade = SIM_DOWNGRADE_BY_VERSION;
}

/* Counter 5 runs; n < 0: the update has none. */
static void counters(struct record *record, int update, bool running)
{
    struct board *board = &record->board;
    rig_bytes_clear(&board->old);
    board->old =
        image_make(2000, 1, board->key,
                   &(struct rig_image_recipe){.has_security_counter = running, .security_counter = 5});
    make_fresh(record, 2400, 2, board->key,
               &(struct rig_image_recipe){.has_security_counter = update >= 0,
                                          .security_counter = update >= 0 ? (uint32_t)update : 0});
}

static void lower_by_counter(struct record *record)
{
    counters(record, 4, true);
    record->board.config.downgrade = SIM_DOWNGRADE_BY_COUNTER;
}

static void same_by_counter(struct record *record)
{
    counters(record, 5, true);
    record->board.config.downgrade = SIM_DOWNGRADE_BY_COUNTER;
}

static void none_by_counter(struct record *record)
{
    counters(record, -1, true);
    record->board.config.downgrade = SIM_DOWNGRADE_BY_COUNTER;
}

static void none_runs_by_counter(struct record *record)
{
    counters(record, -1, false);
    record->board.config.downgrade = SIM_DOWNGRADE_BY_COUNTER;
}

static void device_counter(struct record *record, int update)
{
    counters(record, update, true);
    record->board.config.hw_rollback = true;
    record->board.counter[0] = 5;
    record->board.counter[1] = 3;
}

static void device_counter_lower(struct record *record)
{
    device_counter(record, 4);
}

static void device_counter_same(struct record *record)
{
    device_counter(record, 5);
}

static void device_counter_higher(struct record *record)
{
    device_counter(record, 9);
}

static void device_counter_none(struct record *record)
{
    device_counter(record, -1);
}

static void device_counter_ignored(struct record *record)
{
    device_counter(record, -1);
    record->board.config.defects = SIM_BOOT_DEFECT_IGNORES_DOWNGRADE;
}

/* The bootloader's own two sectors take the counters: four words for each image. */
static void counters_in_flash(struct record *record)
{
    struct board *board = &record->board;
    device_counter(record, 9);
    board->config.counters = (struct sim_area){SIM_FLASH_INTERNAL, 0, 34};
    for (uint8_t i = 0; i < 2; i++) {
        board_fill(board, &board->config.counters, (uint8_t[]){(uint8_t)(3 + i), 0, 0, 0}, 4, 4u * i);
        board_fill(board, &board->config.counters, (uint8_t[]){(uint8_t)(2 + i), 0, 0, 0}, 4, 16 + 4u * i);
    }
}

static void needs_of(struct record *record, const struct rig_image_dependency *dependencies, size_t n)
{
    make_fresh(record, 2400, 2, record->board.key,
               &(struct rig_image_recipe){.dependencies = dependencies, .n_dependencies = n});
}

static void needs_present(struct record *record)
{
    needs_of(record, &(struct rig_image_dependency){.image = 1, .minimum = {.major = 1}}, 1);
}

static void needs_updated(struct record *record)
{
    needs_of(record, &(struct rig_image_dependency){.image = 1, .minimum = {.major = 2}}, 1);
}

static void needs_newer(struct record *record)
{
    needs_of(record, &(struct rig_image_dependency){.image = 1, .minimum = {.major = 2, .minor = 1}}, 1);
}

static void needs_no_such_image(struct record *record)
{
    needs_of(record, &(struct rig_image_dependency){.image = 2}, 1);
}

static void needs_two(struct record *record)
{
    const struct rig_image_dependency needs[] = {{.image = 1, .minimum = {.major = 1}},
                                                 {.image = 0, .minimum = {.major = 3}}};
    needs_of(record, needs, 2);
}

static void needs_too_many(struct record *record)
{
    struct rig_image_dependency needs[65] = {{0}};
    needs_of(record, needs, 65);
}

static void needs_many(struct record *record)
{
    struct rig_image_dependency needs[64] = {{0}};
    needs_of(record, needs, 64);
}

static void largest(struct record *record, uint32_t more)
{
    uint32_t n_bytes = sim_boot_max_image_bytes(&record->board.config, record->board.flash, 0) + more;
    make_fresh(record, n_bytes, 2, record->board.key, NULL);
}

static void largest_update(struct record *record)
{
    largest(record, 0);
}

static void too_large_update(struct record *record)
{
    largest(record, 1);
}

static void too_large_accepted(struct record *record)
{
    record->board.config.defects = SIM_BOOT_DEFECT_ACCEPTS_OVERSIZED;
    largest(record, 8);
}

/* No room for a swap because of the image that runs. */
static void too_large_runs(struct record *record)
{
    struct board *board = &record->board;
    uint32_t n_bytes = sim_boot_max_image_bytes(&board->config, board->flash, 0);
    rig_bytes_clear(&board->old);
    board->old = image_make(n_bytes + 8, 1, board->key, NULL);
    record->board.config.validate_primary = false;
}

static void far_too_large_runs(struct record *record)
{
    struct board *board = &record->board;
    rig_bytes_clear(&board->old);
    board->old = image_make(5 * 4096 + 8, 1, board->key, NULL);
    record->board.config.validate_primary = false;
}

static void in_first_sector(struct record *record)
{
    board_fill(&record->board, &record->board.config.secondary[0], record->board.fresh.bytes,
               record->board.fresh.n_bytes, 0);
}

static void erase_areas(struct record *record, const struct sim_area *area, uint32_t n_bytes)
{
    sim_flash_power(record->board.flash, true);
    assert_int_equal(sim_flash_erase(record->board.flash, area->device, area->offset, n_bytes), SIM_OK);
}

static void update_gone(struct record *record)
{
    erase_areas(record, &record->board.config.secondary[0], 2 * 4096);
}

static void primary_gone(struct record *record)
{
    erase_areas(record, &record->board.config.primary[0], 4096);
}

static void primary_bad(struct record *record)
{
    poke(record, &record->board.config.primary[0], 0, "\x01\x02\x03", 3);
}

static void primary_zero(struct record *record)
{
    poke(record, &record->board.config.primary[0], 0, "\0\0\0\0", 4);
}

/* What runs has a counter, and its header says that there are more protected bytes than there are. */
static void counter_runs(struct record *record)
{
    counters(record, 5, true);
    record->board.config.validate_primary = false;
}

static void protected_size_lies(struct record *record)
{
    poke(record, &record->board.config.primary[0], 10, "\x14", 1);
}

static void no_counter_runs(struct record *record)
{
    counters(record, -1, false);
    record->board.config.validate_primary = false;
    record->board.config.hw_rollback = true;
}

static void second_gone(struct record *record)
{
    erase_areas(record, &record->board.config.secondary[1], record->board.config.secondary[1].n_bytes);
}

/* After the trial began, what is to come back is damaged: the revert fails. */
static void backup_damaged(struct record *record)
{
    board_boot_counted(&record->board, SIM_BOOT_RUNS);
    poke(record, &record->board.config.secondary[0], 600, "damage", 6);
}

static void backup_gone(struct record *record)
{
    board_boot_counted(&record->board, SIM_BOOT_RUNS);
    update_gone(record);
}

static void swap_announced(struct record *record)
{
    struct board *board = &record->board;
    struct rig_trailer_geometry geometry;
    struct rig_trailer_layout layout;
    sim_boot_geometry(&board->config, board->flash, &board->config.primary[0], &geometry);
    assert_true(rig_trailer_layout(&geometry, &layout));
    uint8_t magic[RIG_TRAILER_MAGIC_BYTES];
    rig_trailer_magic(board->config.max_align, magic);
    poke(record, &board->config.primary[0], layout.magic, magic, sizeof magic);
    poke(record, &board->config.primary[0], layout.swap_info, "\x02", 1);
    poke(record, &board->config.secondary[0], 4096 + 600, "damage", 6);
    poke(record, &board->config.secondary[0], 600, "damage", 6);
}

#define MOVE (1u << RIG_SWAP_MOVE)
#define SCRATCH (1u << RIG_SWAP_SCRATCH)
#define OFFSET (1u << RIG_SWAP_OFFSET)
#define OVERWRITE (1u << RIG_SWAP_OVERWRITE)
#define SWAPS (MOVE | SCRATCH | OFFSET)
#define ALL (SWAPS | OVERWRITE)
#define IMAGES .old_bytes = 2000, .new_bytes = 2400, .max_sectors = 8
#define SMALL IMAGES, .n_primary = 6
#define GROWS .old_bytes = 2000, .new_bytes = 9000, .n_primary = 8, .max_sectors = 16
#define SHRINKS .old_bytes = 9000, .new_bytes = 2400, .n_primary = 8, .max_sectors = 16
#define TWO SMALL, .two_images = true

/* clang-format off */
static const struct row rows[] = {
    {"test", ALL, {SMALL}, TEST, true, NULL, NULL},
    {"permanent", ALL, {SMALL}, PERMANENT, true, NULL, NULL},
    {"test, fixes", SWAPS, {SMALL}, TEST, true, swap_fixes, NULL},
    {"unchecked", ALL, {SMALL}, TEST, false, unchecked, NULL},
    {"fast", OVERWRITE, {SMALL}, TEST, true, fast, NULL},
    {"fast, larger", OVERWRITE, {GROWS}, TEST, false, fast, NULL},
    {"fast, whole sectors", OVERWRITE, {.old_bytes = 2000, .new_bytes = 8192, .n_primary = 8, .max_sectors = 16}, TEST, true, fast, NULL},
    {"grows", ALL, {GROWS}, TEST, true, NULL, NULL},
    {"whole sectors", ALL, {.old_bytes = 4096, .new_bytes = 8192, .n_primary = 6, .max_sectors = 8}, TEST, false, NULL, NULL},
    {"shrinks", ALL, {SHRINKS}, TEST, true, NULL, NULL},
    {"shrinks, fixes", SWAPS, {SHRINKS}, TEST, true, swap_fixes, NULL},
    {"shrinks, permanent", SWAPS, {SHRINKS}, PERMANENT, false, NULL, NULL},
    {"wide writes", ALL, {SMALL, .write_bytes = 16, .max_align = 16}, TEST, true, NULL, NULL},
    {"widest writes", ALL, {SMALL, .write_bytes = 32, .max_align = 32}, TEST, false, NULL, NULL},
    {"erased to zero", ALL, {SMALL, .erased_zero = true}, TEST, false, NULL, NULL},
    {"external", ALL, {GROWS, .external = true}, TEST, false, NULL, NULL},
    {"scratch of two sectors", SCRATCH, {GROWS, .scratch_bytes = 8192}, TEST, true, NULL, NULL},
    {"scratch of two sectors, fixes", SCRATCH, {GROWS, .scratch_bytes = 8192}, TEST, true, swap_fixes, NULL},
    {"larger sectors outside", SCRATCH | OVERWRITE, {IMAGES, .n_primary = 8, .secondary_sector_bytes = 8192, .n_secondary = 4, .scratch_bytes = 8192}, TEST, true, NULL, NULL},
    {"smaller sectors outside", SCRATCH | OVERWRITE, {IMAGES, .n_primary = 4, .secondary_sector_bytes = 2048, .n_secondary = 8}, TEST, true, NULL, NULL},
    {"scratch too small for a sector outside", SCRATCH, {IMAGES, .n_primary = 8, .secondary_sector_bytes = 8192, .n_secondary = 4}, TEST, false, NULL, NULL},
    {"sectors of another size outside", MOVE | OFFSET, {SMALL, .secondary_sector_bytes = 2048, .n_secondary = 6}, TEST, false, NULL, NULL},
    {"sectors that do not meet", SCRATCH, {IMAGES, .n_primary = 6, .secondary_sector_bytes = 6144, .n_secondary = 4, .scratch_bytes = 12288}, TEST, false, NULL, NULL},
    {"one sector more in primary", ALL, {SMALL, .n_secondary = 5}, TEST, false, NULL, NULL},
    {"one sector more in secondary", ALL, {SMALL, .n_secondary = 7}, TEST, false, NULL, NULL},
    {"two sectors more in primary", ALL, {SMALL, .n_secondary = 4}, TEST, false, NULL, NULL},
    {"two sectors more in secondary", ALL, {SMALL, .n_secondary = 8}, TEST, false, NULL, NULL},
    {"alternating sectors", SCRATCH | OVERWRITE, {GROWS, .external = true}, TEST, true, alternating_sectors, NULL},
    {"as many sectors as allowed", ALL, {.old_bytes = 2000, .new_bytes = 2400, .n_primary = 6, .max_sectors = 6}, TEST, false, NULL, NULL},
    {"more sectors than allowed", ALL, {.old_bytes = 2000, .new_bytes = 2400, .n_primary = 6, .max_sectors = 5}, TEST, false, NULL, NULL},
    {"largest", ALL, {SMALL}, TEST, false, largest_update, NULL},
    {"largest, cut", SCRATCH, {SMALL}, PERMANENT, true, largest_update, NULL},
    {"largest, scratch of two sectors", SCRATCH, {SMALL, .scratch_bytes = 8192}, PERMANENT, true, largest_update, NULL},
    {"trailer over two sectors", SWAPS, {.old_bytes = 2000, .new_bytes = 2400, .n_primary = 6, .max_sectors = 339}, TEST, true, NULL, NULL},
    {"largest, many records", ALL, {.old_bytes = 2000, .new_bytes = 2400, .n_primary = 6, .max_sectors = 400}, TEST, false, largest_update, NULL},
    {"largest, one sector more in primary", MOVE, {SMALL, .n_secondary = 5}, TEST, false, largest_update, NULL},
    {"largest, smaller sectors outside", SCRATCH, {IMAGES, .n_primary = 4, .secondary_sector_bytes = 2048, .n_secondary = 8}, TEST, true, largest_update, NULL},
    {"largest, larger sectors outside", SCRATCH, {IMAGES, .n_primary = 8, .secondary_sector_bytes = 8192, .n_secondary = 4, .scratch_bytes = 8192}, TEST, false, largest_update, NULL},
    {"largest, one sector more in secondary", OFFSET, {SMALL, .n_secondary = 7}, TEST, false, largest_update, NULL},
    {"largest, trailer just over a sector", ALL, {.old_bytes = 2000, .new_bytes = 2400, .n_primary = 6, .max_sectors = 339}, TEST, false, largest_update, NULL},
    {"largest, trailer just over a sector, larger outside", SCRATCH, {.old_bytes = 2000, .new_bytes = 2400, .n_primary = 8, .secondary_sector_bytes = 8192, .n_secondary = 4, .scratch_bytes = 8192, .max_sectors = 339}, TEST, false, largest_update, NULL},
    {"largest, two images", SWAPS, {TWO}, TEST, false, largest_update, NULL},
    {"too large by a byte", SWAPS, {SMALL}, TEST, false, too_large_update, NULL},
    {"too large, accepted", SWAPS, {SMALL}, TEST, false, too_large_accepted, NULL},
    {"too large runs", SWAPS, {SMALL}, TEST, false, too_large_runs, NULL},
    {"far too large runs", SWAPS, {SMALL}, TEST, false, far_too_large_runs, NULL},
    {"unsigned", ALL, {SMALL}, TEST, true, unsigned_update, NULL},
    {"stranger", ALL, {SMALL}, TEST, false, strange_update, NULL},
    {"two keys", ALL, {SMALL}, TEST, false, two_keys, NULL},
    {"not bootable", ALL, {SMALL}, TEST, true, library_update, NULL},
    {"not bootable runs", ALL, {SMALL}, TEST, false, library_runs, NULL},
    {"in the first sector", OFFSET, {SMALL}, TEST, true, NULL, in_first_sector},
    {"older by version", ALL, {SMALL}, TEST, false, older_by_version, NULL},
    {"same by version", ALL, {SMALL}, PERMANENT, false, same_by_version, NULL},
    {"newer by version", ALL, {SMALL}, TEST, false, newer_by_version, NULL},
    {"by version over nothing", ALL, {SMALL}, TEST, false, older_by_version, primary_gone},
    {"lower by counter", ALL, {SMALL}, TEST, false, lower_by_counter, NULL},
    {"same by counter", ALL, {SMALL}, TEST, false, same_by_counter, NULL},
    {"none by counter", ALL, {SMALL}, TEST, false, none_by_counter, NULL},
    {"none runs by counter", ALL, {SMALL}, TEST, false, none_runs_by_counter, NULL},
    {"device counter lower", ALL, {SMALL}, TEST, false, device_counter_lower, NULL},
    {"device counter same", ALL, {SMALL}, TEST, false, device_counter_same, NULL},
    {"device counter higher", ALL, {SMALL}, TEST, true, device_counter_higher, NULL},
    {"device counter higher, permanent", ALL, {SMALL}, PERMANENT, true, device_counter_higher, NULL},
    {"device counter none", ALL, {SMALL}, TEST, false, device_counter_none, NULL},
    {"device counter ignored", ALL, {SMALL}, PERMANENT, false, device_counter_ignored, NULL},
    {"device counter, two images", SWAPS, {TWO}, PERMANENT, false, device_counter_higher, NULL},
    {"device counter in flash", ALL, {SMALL}, TEST, true, counters_in_flash, NULL},
    {"device counter in flash, two images", SWAPS, {TWO}, PERMANENT, false, counters_in_flash, NULL},
    {"two images", SWAPS, {TWO}, TEST, true, NULL, NULL},
    {"two images, fixes", SWAPS, {TWO}, PERMANENT, false, swap_fixes, NULL},
    {"two images overwritten", OVERWRITE, {TWO}, TEST, true, NULL, NULL},
    {"needs what is there", ALL, {TWO}, PERMANENT, false, needs_present, second_gone},
    {"needs what is coming", ALL, {TWO}, PERMANENT, false, needs_updated, NULL},
    {"needs what is not coming", ALL, {TWO}, PERMANENT, false, needs_updated, second_gone},
    {"needs a newer one", ALL, {TWO}, PERMANENT, false, needs_newer, NULL},
    {"needs no such image", ALL, {TWO}, PERMANENT, false, needs_no_such_image, NULL},
    {"needs two", ALL, {TWO}, PERMANENT, false, needs_two, NULL},
    {"needs many", ALL, {TWO}, PERMANENT, false, needs_many, NULL},
    {"needs too many", ALL, {TWO}, PERMANENT, false, needs_too_many, NULL},
    {"update gone", ALL, {SMALL}, TEST, true, NULL, update_gone},
    {"primary gone", ALL, {SMALL}, TEST, true, NULL, primary_gone},
    {"primary bad", ALL, {SMALL}, TEST, true, NULL, primary_bad},
    {"primary zero", ALL, {SMALL}, TEST, false, NULL, primary_zero},
    {"primary zero, nothing else", ALL, {SMALL}, TEST, false, unsigned_update, primary_zero},
    {"protected size lies", SWAPS, {SMALL}, TEST, false, counter_runs, protected_size_lies},
    {"no counter runs, unchecked", ALL, {SMALL}, TEST, false, no_counter_runs, NULL},
    {"primary bad, unchecked", ALL, {SMALL}, TEST, false, unchecked, primary_bad},
    {"primary gone, unchecked", ALL, {SMALL}, TEST, false, unchecked, primary_gone},
    {"backup damaged", SWAPS, {SMALL}, TEST, true, NULL, backup_damaged},
    {"backup gone", SWAPS, {SMALL}, TEST, true, NULL, backup_gone},
    {"swap announced, update damaged", SWAPS, {SMALL}, TEST, true, NULL, swap_announced},
    {"random states", SWAPS, {GROWS}, NOTHING, false, NULL, random_states},
    {"random states, two images", SWAPS, {TWO}, NOTHING, false, NULL, random_states},
    {"random states, smaller sectors outside", SCRATCH, {.old_bytes = 2000, .new_bytes = 9000, .max_sectors = 16, .n_primary = 6, .secondary_sector_bytes = 2048, .n_secondary = 12}, NOTHING, false, NULL, random_states},
};
/* clang-format on */

static void play(const struct row *row, enum rig_swap_mode mode, char line[LINE_BYTES])
{
    struct record *record = calloc(1, sizeof *record);
    struct board_plan plan = row->plan;
    assert_non_null(record);
    plan.mode = mode;
    record->decided = record->flash = record->said = 0xcbf29ce484222325u;
    record->random = 1;
    board_make(&record->board, &plan);
    if (row->change != NULL) {
        row->change(record);
    }
    if (row->stage != NOTHING) {
        board_stage(&record->board, row->stage == PERMANENT);
    }
    if (row->corrupt != NULL) {
        row->corrupt(record);
    }
    visit(record, row->cuts);
    snprintf(line, LINE_BYTES,
             "%s %s: %u contents, %u boots: %u run, %u nothing, %u cut, %u assert, %u fault; decided %08x, "
             "flash %08x, "
             "said %08x\n",
             rig_swap_mode_name(mode), row->name, record->n_contents, record->n_boots,
             record->n_outcomes[SIM_BOOT_RUNS], record->n_outcomes[SIM_BOOT_NO_IMAGE],
             record->n_outcomes[SIM_BOOT_POWER_LOST], record->n_outcomes[SIM_BOOT_ASSERT],
             record->n_outcomes[SIM_BOOT_FLASH_FAULT], (unsigned)record->decided, (unsigned)record->flash,
             (unsigned)record->said);
    board_clear(&record->board);
    free(record);
}

static void every_board_does_what_is_on_record(void **state)
{
    const char *write = getenv("RIG_WRITE_RECORD");
    FILE *file = fopen(RECORD, write != NULL ? "w" : "r");
    unsigned n_wrong = 0;
    (void)state;
    assert_non_null(file);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (enum rig_swap_mode mode = RIG_SWAP_MOVE; mode <= RIG_SWAP_OVERWRITE; mode++) {
            char line[LINE_BYTES], kept[LINE_BYTES] = "";
            if ((rows[i].modes & 1u << mode) == 0) {
                continue;
            }
            play(&rows[i], mode, line);
            if (write != NULL) {
                fputs(line, file);
            } else if (fgets(kept, sizeof kept, file) == NULL || strcmp(line, kept) != 0) {
                print_error("on record: %snow:       %s", kept, line);
                n_wrong++;
            }
        }
    }
    fclose(file);
    if (n_wrong > 0) {
        fail_msg("%u lines are not as on record; RIG_WRITE_RECORD=1 writes them anew, if that is meant",
                 n_wrong);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_board_does_what_is_on_record)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
