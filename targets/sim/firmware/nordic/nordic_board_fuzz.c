/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A whole board with the secure bootloader and a hostile central: whatever it writes, wherever, between
 * disconnections, resets and losses of power. The MBR's page but for its two words, the bootloader and what
 * is reserved for the application stay as they are, and the board is in a state that there is. */
#include "sim/chip/ble/ble.h"
#include "sim/firmware/nordic/nordic_secure.h"

#include "image/nordic_image.h"

#include <stdlib.h>
#include <string.h>

#define FLASH_BYTES 0x20000u
#define BOOTLOADER_AT 0x18000u
#define BOOTLOADER_BYTES 0x4000u
#define DATA_AT 0x17000u /* reserved: behind the mark of the bonds there is nothing */
#define APPLICATION_AT 0x1000u
#define APPLICATION_BYTES 0x2000u
#define SETTINGS_AT 0x1f000u
#define BACKUP_AT 0x1e000u

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes);

struct script {
    const uint8_t *bytes;
    size_t n_left;
};

static uint8_t next(struct script *script)
{
    if (script->n_left == 0)
        return 0;
    script->n_left--;
    return *script->bytes++;
}

static void must(bool holds)
{
    if (!holds)
        abort();
}

static struct sim_nordic_secure_config configured(uint8_t first, uint8_t second)
{
    static const enum sim_buttonless_kind kinds[] = {SIM_BUTTONLESS_WITHOUT_BONDS, SIM_BUTTONLESS_WITH_BONDS,
                                                     SIM_BUTTONLESS_EXPERIMENTAL, SIM_BUTTONLESS_NONE};
    static const enum sim_secure_sdk sdks[] = {SIM_SECURE_SDK_15, SIM_SECURE_SDK_14, SIM_SECURE_SDK_12,
                                               SIM_SECURE_SDK_15};
    const struct sim_nordic_map map = {.page_bytes = 0x1000,
                                       .flash_bytes = FLASH_BYTES,
                                       .bootloader_at = BOOTLOADER_AT,
                                       .bootloader_bytes = BOOTLOADER_BYTES,
                                       .settings_at = SETTINGS_AT,
                                       .parameter_page_at = BACKUP_AT,
                                       .app_data_bytes = 0x3000};
    struct sim_nordic_secure_config config = {.boot = sim_secure_example(&map),
                                              .app = {.buttonless = kinds[first & 3]}};

    config.boot.sdk = sdks[first >> 2 & 3];
    config.boot.requires_bonds = first >> 4 & 1;
    config.boot.saves_progress = first >> 5 & 1;
    config.boot.full_protocol = first >> 6 & 1;
    config.boot.enters_by_settings = first >> 7 & 1;
    config.boot.banks = (enum sim_secure_banks)(second % 3);
    config.boot.accepts_unsigned = true;
    config.boot.debug = second >> 2 & 1;
    config.app.no_service_changed = second >> 3 & 1;
    return config;
}

static void poke(struct sim_board *board, uint32_t at, const void *bytes, size_t n_bytes)
{
    must(sim_flash_poke(sim_board_flash(board), 0, at, bytes, n_bytes) == SIM_OK);
}

static void program(struct sim_board *board, bool old_layout)
{
    uint8_t application[APPLICATION_BYTES], bootloader[BOOTLOADER_BYTES], page[RIG_NORDIC_SETTINGS_BYTES];
    struct rig_nordic_settings settings;

    sim_app_make_payload(&(struct sim_app_personality){0}, 1, application, sizeof application);
    rig_nordic_seal(application, sizeof application);
    rig_nordic_make_bootloader(1, 1, bootloader, sizeof bootloader);
    rig_nordic_settings_generate(&settings, 1, 1, sizeof application,
                                 rig_nordic_crc32(0, application, sizeof application));
    if (old_layout) {
        settings.version = 1;
        rig_nordic_settings_seal(&settings);
        rig_nordic_settings_encode_1(&settings, page);
        poke(board, SETTINGS_AT, page, RIG_NORDIC_SETTINGS_1_BYTES);
    } else {
        rig_nordic_settings_encode(&settings, page);
        poke(board, SETTINGS_AT, page, sizeof page);
        poke(board, BACKUP_AT, page, sizeof page);
    }
    poke(board, APPLICATION_AT, application, sizeof application);
    poke(board, BOOTLOADER_AT, bootloader, sizeof bootloader);
}

static struct sim_board *new_board(struct script *script)
{
    const uint8_t first = next(script), second = next(script);
    const struct sim_nordic_secure_config secure = configured(first, second);
    struct sim_board_config config = {
        .devices = {{.name = "internal",
                     .regions = {{.n_sectors = FLASH_BYTES / 4096, .sector_bytes = 4096}},
                     .n_regions = 1,
                     .write_bytes = 4,
                     .erased = 0xff,
                     .erase_us = 85000,
                     .write_us = 41}},
        .n_devices = 1,
        .firmware = &sim_nordic_secure,
        .firmware_config = &secure,
        .ble = {.name = "fuzz", .address = {0xc0, 1, 2, 3, 4, 5}, .mtu = 247, .bonding = true}};
    struct sim_board *board;

    if (second >> 4 & 1)
        config.ble.pairing.kind = SIM_BLE_PAIRING_LEGACY;
    board = sim_board_new(&config, NULL);
    must(board != NULL);
    program(board, secure.boot.sdk != SIM_SECURE_SDK_15);
    return board;
}

static void run(struct sim_board *board, uint64_t for_us)
{
    uint64_t until_us = sim_board_now_us(board) + for_us;

    for (unsigned i = 0; i < 3000 && sim_board_step(board, until_us); i++)
        ;
}

static void write_something(struct sim_board *board, struct script *script, bool with_response)
{
    unsigned characteristic = next(script) % SIM_GATT_MAX_CHARACTERISTICS;
    size_t n_wanted = next(script), n_there = n_wanted < script->n_left ? n_wanted : script->n_left;

    (void)sim_board_ble_write(board, characteristic, with_response, script->bytes, n_there);
    script->bytes += n_there;
    script->n_left -= n_there;
}

static void secure_link(struct sim_board *board, bool pair, uint8_t ltk[SIM_BLE_LTK_BYTES])
{
    struct sim_ble_pairing_result result;

    if (pair)
        (void)sim_board_ble_pair(board, &(struct sim_ble_central_pairing){0}, ltk, &result);
    else
        (void)sim_board_ble_encrypt(board, ltk);
}

static void act(struct sim_board *board, struct script *script, uint8_t ltk[SIM_BLE_LTK_BYTES])
{
    const struct sim_ble_central central = {.address = {0xc0, 9, 9, 9, 9, 9}};
    const uint8_t what = next(script);
    uint8_t value[SIM_GATT_MAX_VALUE_BYTES];
    struct sim_ble_packet packet;
    size_t n_value;

    switch (what % 12) {
    case 0:
        (void)sim_board_ble_connect(board, &central, (uint16_t)(next(script) + 20u));
        break;
    case 1:
        sim_board_ble_disconnect(board);
        break;
    case 2:
    case 3:
        secure_link(board, what % 12 == 2, ltk);
        break;
    case 4:
        (void)sim_board_ble_subscribe(board, what / 12 % 4, (enum sim_gatt_subscription)(what / 48 % 3));
        break;
    case 5:
    case 6:
        write_something(board, script, what % 12 == 5);
        break;
    case 7:
        (void)sim_board_ble_read(board, what / 12 % 4, value, &n_value);
        while (sim_board_ble_receive(board, &packet))
            must(packet.n_bytes <= SIM_BLE_MAX_MTU);
        break;
    case 8:
        run(board, (uint64_t)next(script) * 1000);
        break;
    case 9:
        run(board, (uint64_t)next(script) * 1000000);
        break;
    case 10:
        sim_board_reset(board);
        break;
    default:
        sim_board_power(board, false);
        sim_board_power(board, true);
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
    struct script script = {bytes, n_bytes};
    struct sim_board *board = new_board(&script);
    uint8_t ltk[SIM_BLE_LTK_BYTES] = {0};
    static const uint32_t kept[][2] = {{0, 0xff8}, {BOOTLOADER_AT, BOOTLOADER_BYTES}, {DATA_AT, 0x1000}};
    uint64_t before[3][2] = {{0}}, now[2];

    for (unsigned i = 0; i < 3; i++)
        must(sim_flash_range_hash(sim_board_flash(board), 0, kept[i][0], kept[i][1], before[i]));
    sim_board_power(board, true);
    run(board, 1000000);
    for (unsigned i = 0; i < 400 && script.n_left > 0; i++)
        act(board, &script, ltk);
    for (unsigned i = 0; i < 3; i++) {
        must(sim_flash_range_hash(sim_board_flash(board), 0, kept[i][0], kept[i][1], now));
        must(memcmp(now, before[i], sizeof now) == 0);
    }
    must(strcmp(sim_board_state_name(sim_board_view(board).state), "unknown") != 0);
    sim_board_free(board);
    return 0;
}
