/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Boards of the tests. */
#include "sim/firmware/nordic/nordic_legacy_fixture.h"

#include "base/bytes.h"
#include "image/nordic_image.h"

#include <stdlib.h>
#include <string.h>

#define FLASH_BYTES 0x40000u
#define PAGE_BYTES 0x400u
#define BOOTLOADER_AT 0x3c000u
#define SETTINGS_AT 0x3fc00u

static void must(bool holds)
{
    if (!holds)
        abort();
}

struct legacy_set_up legacy_usual(void)
{
    const struct sim_nordic_map map = {.page_bytes = PAGE_BYTES,
                                       .flash_bytes = FLASH_BYTES,
                                       .bootloader_at = BOOTLOADER_AT,
                                       .bootloader_bytes = SETTINGS_AT - BOOTLOADER_AT,
                                       .settings_at = SETTINGS_AT,
                                       .app_data_bytes = 0xc00};

    return (struct legacy_set_up){
        .legacy = {.boot = sim_legacy_example(&map), .app = {.buttonless = true, .hands_over = true}},
        .ble = {.name = "legacy",
                .address = {0xc0, 1, 2, 3, 4, 0xff},
                .mtu = 247,
                .bonding = true,
                .connection_interval_us = 15000}};
}

static void poke(struct sim_board *board, uint32_t at, const void *bytes, size_t n_bytes)
{
    must(sim_flash_poke(sim_board_flash(board), SIM_FLASH_INTERNAL, at, bytes, n_bytes) == SIM_OK);
}

static void program_softdevice(struct sim_board *board)
{
    static const struct rig_softdevice s130 = {.flash_bytes = LEGACY_APPLICATION_AT, .firmware_id = 0x87};
    const size_t n_bytes = LEGACY_APPLICATION_AT - RIG_SOFTDEVICE_AT;
    uint8_t *bytes = malloc(n_bytes);

    must(rig_softdevice_fill(&s130, bytes, n_bytes));
    poke(board, RIG_SOFTDEVICE_AT, bytes, n_bytes);
    free(bytes);
}

static void program_application(struct sim_board *board)
{
    const struct sim_app_personality waits = {0};
    const struct rig_legacy_settings settings = {.bank_0 = RIG_LEGACY_BANK_APPLICATION,
                                                 .bank_1 = RIG_LEGACY_BANK_INVALID,
                                                 .bank_0_bytes = LEGACY_APPLICATION_BYTES};
    uint8_t bytes[LEGACY_APPLICATION_BYTES], page[RIG_LEGACY_SETTINGS_BYTES];

    sim_app_make_payload(&waits, 1, bytes, sizeof bytes);
    rig_put_le32(bytes + RIG_NORDIC_VERSION_AT, 1002003);
    rig_nordic_seal(bytes, sizeof bytes);
    poke(board, LEGACY_APPLICATION_AT, bytes, sizeof bytes);
    rig_legacy_settings_encode(&settings, false, page);
    poke(board, SETTINGS_AT, page, sizeof page);
}

struct sim_board *legacy_board(const struct legacy_set_up *set_up)
{
    struct sim_board_config config = {
        .devices = {{.regions = {{.n_sectors = FLASH_BYTES / PAGE_BYTES, .sector_bytes = PAGE_BYTES}},
                     .n_regions = 1,
                     .write_bytes = 4,
                     .erased = 0xff,
                     .erase_us = 22300,
                     .write_us = 46}},
        .n_devices = 1,
        .firmware = &sim_nordic_legacy,
        .firmware_config = &set_up->legacy,
        .ble = set_up->ble};
    uint8_t bootloader[0x3000];
    struct sim_board *board = sim_board_new(&config, NULL);

    must(board != NULL);
    rig_nordic_make_bootloader(1, 1, bootloader, sizeof bootloader);
    poke(board, BOOTLOADER_AT, bootloader, sizeof bootloader);
    program_softdevice(board);
    if (!set_up->blank)
        program_application(board);
    return board;
}
