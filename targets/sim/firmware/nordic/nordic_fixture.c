/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Boards of the tests. */
#include "sim/firmware/nordic/nordic_fixture.h"

#include "image/nordic_image.h"

#include <stdlib.h>
#include <string.h>

#define FLASH_BYTES 0x80000u
#define SETTINGS_AT 0x7f000u
#define BACKUP_AT 0x7e000u

static const struct rig_softdevice s132 = {
    .flash_bytes = 0x26000, .firmware_id = 0x101, .id = 132, .version = 7002000};

static void must(bool holds)
{
    if (!holds)
        abort();
}

struct nordic_set_up nordic_usual(void)
{
    const struct sim_nordic_map map = {.page_bytes = 0x1000,
                                       .flash_bytes = FLASH_BYTES,
                                       .bootloader_at = 0x78000,
                                       .bootloader_bytes = 0x6000,
                                       .settings_at = SETTINGS_AT,
                                       .parameter_page_at = BACKUP_AT,
                                       .app_data_bytes = 0x3000};

    return (struct nordic_set_up){
        .secure = {.boot = sim_secure_example(&map), .app = {.buttonless = SIM_BUTTONLESS_WITHOUT_BONDS}},
        .ble = {.name = "nordic",
                .address = {0xc0, 1, 2, 3, 4, 0xff},
                .mtu = 247,
                .bonding = true,
                .connection_interval_us = 15000}};
}

static void poke(struct sim_board *board, uint32_t at, const void *bytes, size_t n_bytes)
{
    must(sim_flash_poke(sim_board_flash(board), SIM_FLASH_INTERNAL, at, bytes, n_bytes) == SIM_OK);
}

void nordic_program(struct sim_board *board, const struct sim_app_personality *personality, uint32_t version)
{
    uint8_t *application = malloc(NORDIC_APPLICATION_BYTES);
    uint8_t page[RIG_NORDIC_SETTINGS_BYTES];
    struct rig_nordic_settings settings;

    sim_app_make_payload(personality, version, application, NORDIC_APPLICATION_BYTES);
    rig_nordic_seal(application, NORDIC_APPLICATION_BYTES);
    poke(board, NORDIC_APPLICATION_AT, application, NORDIC_APPLICATION_BYTES);
    rig_nordic_settings_generate(&settings, version, 1, NORDIC_APPLICATION_BYTES,
                                 rig_nordic_crc32(0, application, NORDIC_APPLICATION_BYTES));
    if (sim_nordic_secure_config_of(board)->boot.sdk == SIM_SECURE_SDK_15) {
        rig_nordic_settings_encode(&settings, page);
        poke(board, SETTINGS_AT, page, sizeof page);
        poke(board, BACKUP_AT, page, sizeof page);
    } else {
        settings.version = 1;
        rig_nordic_settings_seal(&settings);
        rig_nordic_settings_encode_1(&settings, page);
        poke(board, SETTINGS_AT, page, RIG_NORDIC_SETTINGS_1_BYTES);
    }
    free(application);
}

static void program_softdevice(struct sim_board *board)
{
    const size_t n_bytes = s132.flash_bytes - RIG_SOFTDEVICE_AT;
    uint8_t *bytes = malloc(n_bytes);

    must(rig_softdevice_fill(&s132, bytes, n_bytes));
    poke(board, RIG_SOFTDEVICE_AT, bytes, n_bytes);
    free(bytes);
}

static void program_bootloader(struct sim_board *board)
{
    uint8_t bytes[0x4000];

    rig_nordic_make_bootloader(1, 1, bytes, sizeof bytes);
    poke(board, 0x78000, bytes, sizeof bytes);
}

struct sim_board *nordic_board(const struct nordic_set_up *set_up)
{
    struct sim_board_config config = {
        .devices = {{.regions = {{.n_sectors = FLASH_BYTES / 4096, .sector_bytes = 4096}},
                     .n_regions = 1,
                     .write_bytes = 4,
                     .erased = 0xff}},
        .n_devices = 1,
        .firmware = &sim_nordic_secure,
        .firmware_config = &set_up->secure,
        .ble = set_up->ble};
    struct sim_board *board;

    config.devices[0].erase_us = 85000;
    config.devices[0].write_us = 41;
    board = sim_board_new(&config, NULL);
    must(board != NULL);
    program_bootloader(board);
    if (!set_up->blank) {
        program_softdevice(board);
        nordic_program(board, &set_up->personality, 1000000);
    }
    return board;
}

void nordic_run(struct sim_board *board, uint64_t for_us)
{
    uint64_t until_us = sim_board_now_us(board) + for_us;

    while (sim_board_step(board, until_us))
        ;
}

void nordic_start(struct sim_board *board)
{
    uint64_t until_us = sim_board_now_us(board) + 20000000u;

    sim_board_power(board, true);
    while (!sim_board_ble_advertising(board) && sim_board_step(board, until_us))
        ;
}
