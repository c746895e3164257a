/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Test fixture: boards of every geometry that the tests want, and images of an exact size. */
#include "sim/firmware/mcuboot/boot/boot_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static uint32_t or_default(uint32_t value, uint32_t fallback)
{
    return value != 0 ? value : fallback;
}

struct rig_bytes image_make(uint32_t n_bytes, uint8_t major, const struct rig_key *key,
                            const struct rig_image_recipe *recipe)
{
    struct rig_image_recipe whole = {0};
    struct rig_bytes image = {0};
    uint8_t *payload = malloc(n_bytes);
    assert_non_null(payload);
    for (uint32_t i = 0; i < n_bytes; i++) {
        payload[i] = (uint8_t)(i * 7 + (i >> 8) * 13 + major * 101);
    }
    if (recipe != NULL) {
        whole = *recipe;
    }
    whole.payload = payload;
    whole.version.major = major;
    whole.key = key;
    whole.erased = 0xff;
    /* The lengths of ECDSA signatures vary: approach the size until it fits. */
    whole.payload_bytes = n_bytes - 400;
    for (int i = 0; i < 64 && image.n_bytes != n_bytes; i++) {
        rig_bytes_clear(&image);
        assert_int_equal(rig_image_build(&whole, &image), RIG_IMAGE_OK);
        whole.payload_bytes += n_bytes - image.n_bytes;
    }
    assert_int_equal(image.n_bytes, n_bytes);
    free(payload);
    return image;
}

static struct sim_flash_device_config device_of(const struct board_plan *plan, uint32_t sector_bytes,
                                                uint32_t n_sectors)
{
    return (struct sim_flash_device_config){
        .name = "device",
        .regions = {{.sector_bytes = sector_bytes, .n_sectors = n_sectors}},
        .n_regions = 1,
        .write_bytes = or_default(plan->write_bytes, 4),
        .erased = plan->erased_zero ? 0x00 : 0xff,
        .rewrite_forbidden = !plan->rewrite_allowed,
        .no_erase = plan->no_erase,
        .torn_is_error = plan->torn_is_error,
        .write_us = 40,
        .erase_us = 80000};
}

/* Internal: 2 sectors of bootloader, primaries, secondaries, scratch. */
static void lay_out(struct board *board, const struct board_plan *plan, unsigned n_images)
{
    uint32_t sector = or_default(plan->sector_bytes, 4096);
    uint32_t sector_2 = or_default(plan->secondary_sector_bytes, sector);
    uint32_t primary = or_default(plan->n_primary, 16) * sector;
    uint32_t secondary = plan->n_secondary != 0 ? plan->n_secondary * sector_2 : primary;
    uint32_t scratch = or_default(plan->scratch_bytes, sector);
    bool external = plan->external || sector_2 != sector;
    uint32_t at = 2 * sector;
    uint32_t at_external = 0;
    for (unsigned i = 0; i < n_images; i++) {
        board->config.primary[i] = (struct sim_area){SIM_FLASH_INTERNAL, at, primary};
        at += primary;
        uint32_t *next = external ? &at_external : &at;
        board->config.secondary[i] =
            (struct sim_area){external ? SIM_FLASH_EXTERNAL : SIM_FLASH_INTERNAL, *next, secondary};
        *next += secondary;
    }
    if (plan->mode == RIG_SWAP_SCRATCH) {
        board->config.scratch = (struct sim_area){SIM_FLASH_INTERNAL, at, scratch};
        at += scratch;
    }
    struct sim_flash_device_config devices[2] = {
        device_of(plan, sector, (at + sector - 1) / sector),
        device_of(plan, sector_2, or_default(at_external / sector_2, 1))};
    board->flash = sim_flash_new(devices, external ? 2 : 1);
    assert_non_null(board->flash);
}

void board_make(struct board *board, const struct board_plan *plan)
{
    enum rig_key_kind kind = plan->ecdsa ? RIG_KEY_ECDSA_P256 : RIG_KEY_ED25519;
    memset(board, 0, sizeof *board);
    board->key = rig_key_test(kind, 0, NULL);
    board->stranger = rig_key_test(kind, 1, NULL);
    assert_non_null(board->key);
    assert_non_null(board->stranger);
    board->keys[0] = board->key;
    board->config = (struct sim_boot_config){.mode = plan->mode,
                                             .n_images = plan->two_images ? 2 : 1,
                                             .max_align = or_default(plan->max_align, 8),
                                             .max_sectors = or_default(plan->max_sectors, 128),
                                             .validate_primary = true,
                                             .need_signature = true,
                                             .keys = board->keys,
                                             .n_keys = 1,
                                             .memo = sim_boot_memo_new()};
    assert_non_null(board->config.memo);
    lay_out(board, plan, board->config.n_images);
    board->old = image_make(or_default(plan->old_bytes, 9663), 1, board->key, NULL);
    board->fresh = image_make(or_default(plan->new_bytes, 13663), 2, board->key, NULL);
}

void board_clear(struct board *board)
{
    sim_flash_free(board->flash);
    sim_boot_memo_free(board->config.memo);
    rig_key_free(board->key);
    rig_key_free(board->stranger);
    rig_bytes_clear(&board->old);
    rig_bytes_clear(&board->fresh);
}

void board_fill(struct board *board, const struct sim_area *area, const void *bytes, size_t n_bytes,
                uint32_t offset)
{
    assert_true(offset + n_bytes <= area->n_bytes);
    assert_int_equal(sim_flash_poke(board->flash, area->device, area->offset + offset, bytes, n_bytes),
                     SIM_OK);
}

void board_put_primary(struct board *board, unsigned image, const struct rig_bytes *bytes)
{
    board_fill(board, &board->config.primary[image], bytes->bytes, bytes->n_bytes, 0);
}

void board_put_secondary(struct board *board, unsigned image, const struct rig_bytes *bytes)
{
    const struct sim_area *area = &board->config.secondary[image];
    uint32_t start, sector_bytes;
    assert_true(sim_flash_sector_at(board->flash, area->device, area->offset, &start, &sector_bytes));
    sector_bytes = or_default(board->config.logical_sector, sector_bytes);
    board_fill(board, area, bytes->bytes, bytes->n_bytes,
               board->config.mode == RIG_SWAP_OFFSET ? sector_bytes : 0);
}

void board_stage(struct board *board, bool permanent)
{
    for (unsigned i = 0; i < board->config.n_images; i++) {
        board_put_primary(board, i, &board->old);
        board_put_secondary(board, i, &board->fresh);
        assert_int_equal(sim_boot_set_pending(&board->config, board->flash, i, permanent), SIM_OK);
    }
}

static void keep_line(void *user, char level, const char *line)
{
    struct board *board = user;
    size_t n = strlen(board->log);
    snprintf(board->log + n, sizeof board->log - n, "%c: %s\n", level, line);
}

enum sim_boot_outcome board_boot(struct board *board)
{
    board->log[0] = '\0';
    sim_boot_run(&board->config, board->flash, board->counter, keep_line, board, &board->result);
    return board->result.outcome;
}

uint64_t board_boot_counted(struct board *board, enum sim_boot_outcome expected)
{
    uint64_t before = sim_flash_n_operations(board->flash);
    sim_flash_power(board->flash, true);
    enum sim_boot_outcome outcome = board_boot(board);
    if (outcome != expected) {
        print_error("%s%s\n", board->log, board->result.assertion);
    }
    assert_int_equal(outcome, expected);
    return sim_flash_n_operations(board->flash) - before;
}

bool board_holds(const struct board *board, const struct sim_area *area, const struct rig_bytes *bytes)
{
    uint8_t chunk[4096];
    for (size_t done = 0; done < bytes->n_bytes;) {
        size_t n_now = bytes->n_bytes - done < sizeof chunk ? bytes->n_bytes - done : sizeof chunk;
        assert_int_equal(
            sim_flash_peek(board->flash, area->device, area->offset + (uint32_t)done, chunk, n_now), SIM_OK);
        if (memcmp(chunk, bytes->bytes + done, n_now) != 0) {
            return false;
        }
        done += n_now;
    }
    return true;
}

bool board_runs(const struct board *board, const struct rig_bytes *bytes)
{
    return board_holds(board, &board->config.primary[0], bytes);
}

uint8_t board_byte(const struct board *board, const struct sim_area *area, uint32_t offset)
{
    uint8_t byte;
    assert_int_equal(sim_flash_peek(board->flash, area->device, area->offset + offset, &byte, 1), SIM_OK);
    return byte;
}

struct rig_trailer board_trailer(const struct board *board, const struct sim_area *area)
{
    struct rig_trailer_geometry geometry;
    struct rig_trailer trailer;
    struct sim_area_reader reader = {.flash = board->flash, .area = *area};
    struct rig_image_source source = sim_area_source(&reader);
    sim_boot_geometry(&board->config, board->flash, area, &geometry);
    assert_true(rig_trailer_decode(&geometry, &source, &trailer));
    return trailer;
}
