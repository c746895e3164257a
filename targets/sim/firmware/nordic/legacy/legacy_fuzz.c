/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Hostile bytes against the legacy bootloader: writes to control point and packet characteristic at any time
 * and of any length, links that come and go, losses of power, settings of any sense. Nothing but bank 0, bank
 * 1, the settings page and, at boot, SoftDevice, bootloader and the MBR's page is ever written. */
#include "sim/firmware/nordic/legacy/bootloader.h"

#include "base/bytes.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes);

#define MAX_STEPS 400u
#define SOFTDEVICE_END 0x6000u
#define FLASH_BYTES 0x10000u

enum step { CONTROL, PACKET, START, WORK, LINK, BOOT, CUT, SETTINGS, N_STEPS };

struct board {
    struct sim_legacy_config config;
    struct sim_flash *flash;
    struct sim_legacy state;
    struct sim_legacy_retained retained;
    bool booting;
    uint64_t now_us;
};

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void watch(void *user, const struct sim_flash_operation *operation)
{
    const struct board *board = user;
    const struct sim_nordic_map *map = &board->config.map;
    uint32_t end = operation->offset + operation->n_bytes;

    if (board->booting)
        return;
    must((operation->offset >= SOFTDEVICE_END && end <= map->bootloader_at) ||
         (operation->offset >= map->settings_at && end <= map->settings_at + map->page_bytes));
}

static const struct sim_nordic_map map = {.page_bytes = 0x400,
                                          .flash_bytes = FLASH_BYTES,
                                          .bootloader_at = 0xe000,
                                          .bootloader_bytes = 0x1000,
                                          .settings_at = 0xfc00,
                                          .app_data_bytes = 0x400};

/* A SoftDevice and a bootloader; no application. */
static void open_board(struct board *board, uint8_t kind)
{
    const struct sim_flash_device_config device = {.regions = {{0x400, FLASH_BYTES / 0x400}},
                                                   .n_regions = 1,
                                                   .write_bytes = 4,
                                                   .erased = 0xff,
                                                   .write_us = 46,
                                                   .erase_us = 22300};
    const struct rig_softdevice softdevice = {.flash_bytes = SOFTDEVICE_END, .firmware_id = 0x64};
    uint8_t filler[0x4000];

    memset(board, 0, sizeof *board);
    board->config = sim_legacy_example(&map);
    board->config.single_bank = kind & 1;
    board->config.adafruit = kind & 2;
    board->config.version = kind & 4 ? 0 : RIG_LEGACY_SDK9;
    board->config.packet_bytes = kind & 8 ? SIM_LEGACY_MAX_PACKET_BYTES : RIG_LEGACY_PACKET_BYTES;
    board->flash = sim_flash_new(&device, 1);
    must(board->flash && !sim_legacy_check(&board->config, board->flash));
    must(rig_softdevice_fill(&softdevice, filler, sizeof filler));
    sim_flash_poke(board->flash, SIM_FLASH_INTERNAL, RIG_SOFTDEVICE_AT, filler, sizeof filler);
    rig_nordic_make_bootloader(1, 1, filler, 0x800);
    sim_flash_poke(board->flash, SIM_FLASH_INTERNAL, map.bootloader_at, filler, 0x800);
    sim_flash_observe(board->flash, watch, board);
}

static void boot(struct board *board)
{
    struct sim_legacy_start start;

    sim_flash_disarm_cut(board->flash);
    sim_flash_power(board->flash, true);
    board->retained.gpregret = SIM_LEGACY_GPREGRET_DFU;
    board->booting = true;
    sim_legacy_boot(&board->config, board->flash, &board->retained, &start);
    board->booting = false;
    must(start.outcome != SIM_LEGACY_POWER_LOST && start.outcome != SIM_LEGACY_APPLICATION);
    memset(&board->state, 0, sizeof board->state);
    if (start.outcome != SIM_LEGACY_UPDATER)
        return;
    sim_legacy_enter(&board->config, &board->state, board->now_us);
    sim_legacy_link(&board->state, true);
}

/* A start whose sizes fit more often than those of chance. */
static void start(struct board *board, const uint8_t *bytes, size_t n_bytes)
{
    uint8_t sizes[12] = {0}, op[2] = {RIG_LEGACY_START, n_bytes > 0 ? bytes[0] & 7 : 4};

    for (size_t i = 1; i < n_bytes && i < 4; i++)
        rig_put_le32(sizes + 4 * (i - 1), bytes[i] * 20u);
    sim_legacy_control(&board->config, board->flash, &board->state, op, sizeof op, board->now_us);
    sim_legacy_packet(&board->config, board->flash, &board->state, sizes, sizeof sizes, board->now_us);
}

static void work(struct board *board, size_t n)
{
    for (size_t i = 0; i < n && sim_legacy_due_us(&board->state) != UINT64_MAX; i++) {
        board->now_us = sim_legacy_due_us(&board->state);
        sim_legacy_due(&board->config, board->flash, &board->state, board->now_us);
    }
}

static void take(struct board *board, enum step step, const uint8_t *bytes, size_t n_bytes)
{
    struct sim_legacy *state = &board->state;

    switch (step) {
    case CONTROL:
        sim_legacy_control(&board->config, board->flash, state, bytes, n_bytes, board->now_us);
        break;
    case PACKET:
        sim_legacy_packet(&board->config, board->flash, state, bytes, n_bytes, board->now_us);
        break;
    case START:
        start(board, bytes, n_bytes);
        break;
    case WORK:
        work(board, n_bytes ? bytes[0] : 1);
        break;
    case LINK:
        sim_legacy_link(state, n_bytes & 1);
        break;
    case BOOT:
        boot(board);
        break;
    case CUT:
        sim_flash_arm_cut(board->flash, n_bytes ? bytes[0] : 0, (enum sim_cut_form)(n_bytes % 3));
        break;
    case SETTINGS:
        sim_flash_poke(board->flash, SIM_FLASH_INTERNAL, map.settings_at, bytes,
                       n_bytes < RIG_LEGACY_SETTINGS_BYTES ? n_bytes : RIG_LEGACY_SETTINGS_BYTES);
        break;
    case N_STEPS:
        break;
    }
    must(state->n_operations <= board->config.n_queued && state->n_init <= board->config.init_bytes);
    state->n_answers = 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
    struct board board;

    open_board(&board, n_bytes > 0 ? bytes[0] : 0);
    boot(&board);
    for (unsigned n = 0; n_bytes > 2 && n < MAX_STEPS; n++) {
        size_t n_step = bytes[1] & 0x1f;

        n_bytes -= 2;
        if (n_step > n_bytes)
            n_step = n_bytes;
        take(&board, (enum step)(bytes[0] % N_STEPS), bytes + 2, n_step);
        bytes += 2 + n_step;
        n_bytes -= n_step;
        if (board.state.reset || !sim_flash_powered(board.flash))
            boot(&board);
    }
    sim_flash_free(board.flash);
    return 0;
}
