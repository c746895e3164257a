/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The tests' board. */
#include "sim/firmware/nordic/legacy/fixture.h"

#include "image/init_packet.h"

#include "base/bytes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define APPLICATION_BYTES 20000u

static void program(struct legacy_board *board, uint32_t at, uint8_t *bytes, uint32_t n_bytes)
{
    assert_int_equal(sim_flash_poke(board->flash, SIM_FLASH_INTERNAL, at, bytes, n_bytes), SIM_OK);
    free(bytes);
}

uint8_t *legacy_image(uint32_t seed, uint32_t n_bytes)
{
    uint8_t *bytes = malloc(n_bytes);

    assert_non_null(bytes);
    rig_nordic_make_bootloader(seed, seed, bytes, n_bytes);
    return bytes;
}

uint8_t *legacy_softdevice(uint32_t flash_bytes, uint16_t firmware_id, uint32_t n_bytes)
{
    struct rig_softdevice softdevice = {.flash_bytes = flash_bytes, .firmware_id = firmware_id};
    uint8_t *bytes = malloc(n_bytes);

    assert_non_null(bytes);
    assert_true(rig_softdevice_fill(&softdevice, bytes, n_bytes));
    return bytes;
}

static void program_settings(struct legacy_board *board)
{
    struct rig_legacy_settings settings = {.bank_0 = RIG_LEGACY_BANK_APPLICATION,
                                           .bank_1 = RIG_LEGACY_BANK_INVALID,
                                           .bank_0_bytes = APPLICATION_BYTES};
    uint8_t *bytes = malloc(RIG_LEGACY_SETTINGS_BYTES);

    rig_legacy_settings_encode(&settings, false, bytes);
    program(board, board->config.map.settings_at, bytes, RIG_LEGACY_SETTINGS_BYTES);
}

void legacy_board_make(struct legacy_board *board, uint32_t page_bytes, uint32_t softdevice_end)
{
    struct sim_nordic_map nrf52 = {.page_bytes = 4096,
                                   .flash_bytes = 0x80000,
                                   .bootloader_at = 0x7a000,
                                   .bootloader_bytes = 0x4000,
                                   .settings_at = 0x7f000,
                                   .parameter_page_at = 0x7e000};
    struct sim_nordic_map nrf51 = {.page_bytes = 1024,
                                   .flash_bytes = 0x40000,
                                   .bootloader_at = 0x3c000,
                                   .bootloader_bytes = 0x3c00,
                                   .settings_at = 0x3fc00};
    const struct sim_nordic_map *map = page_bytes == 1024 ? &nrf51 : &nrf52;
    struct sim_flash_device_config device = {.name = "internal",
                                             .regions = {{page_bytes, map->flash_bytes / page_bytes}},
                                             .n_regions = 1,
                                             .write_bytes = 4,
                                             .erased = 0xff,
                                             .write_us = 41,
                                             .erase_us = 22000};

    memset(board, 0, sizeof *board);
    board->config = sim_legacy_example(map);
    board->flash = sim_flash_new(&device, 1);
    assert_non_null(board->flash);
    assert_null(sim_legacy_check(&board->config, board->flash));
    program(board, RIG_SOFTDEVICE_AT, legacy_softdevice(softdevice_end, 0x64, softdevice_end - 0x1400),
            softdevice_end - 0x1400);
    program(board, map->bootloader_at, legacy_image(77, 0x3000), 0x3000);
    program(board, softdevice_end, legacy_image(1, APPLICATION_BYTES), APPLICATION_BYTES);
    program_settings(board);
}

void legacy_board_free(struct legacy_board *board)
{
    sim_flash_free(board->flash);
}

void legacy_board_boot(struct legacy_board *board)
{
    sim_legacy_boot(&board->config, board->flash, &board->retained, &board->start);
    memset(&board->state, 0, sizeof board->state);
}

void legacy_board_wait(struct legacy_board *board)
{
    board->retained.gpregret = SIM_LEGACY_GPREGRET_DFU;
    legacy_board_boot(board);
    assert_int_equal(board->start.outcome, SIM_LEGACY_UPDATER);
    sim_legacy_enter(&board->config, &board->state, board->now_us);
    sim_legacy_link(&board->state, true);
}

static const char *answers(struct legacy_board *board, char text[200])
{
    size_t n = 0;
    uint64_t before = sim_flash_n_operations(board->flash);

    sim_legacy_drain(&board->config, board->flash, &board->state);
    board->n_flash_operations = sim_flash_n_operations(board->flash) - before;
    text[0] = 0;
    for (unsigned i = 0; i < board->state.n_answers; i++)
        for (unsigned byte = 0; byte < board->state.answers[i].n_bytes; byte++)
            n += (size_t)snprintf(text + n, 200 - n, "%s%02x",
                                  byte ? " "
                                  : i  ? ", "
                                       : "",
                                  board->state.answers[i].bytes[byte]);
    board->state.n_answers = 0;
    return text;
}

const char *legacy_control(struct legacy_board *board, const char *hex, char text[200])
{
    uint8_t bytes[32];
    size_t n = 0;

    while (*hex) {
        bytes[n++] = (uint8_t)strtoul(hex, (char **)&hex, 16);
        while (*hex == ' ')
            hex++;
    }
    sim_legacy_control(&board->config, board->flash, &board->state, bytes, n, board->now_us);
    return answers(board, text);
}

const char *legacy_packet(struct legacy_board *board, const void *bytes, size_t n_bytes, char text[200])
{
    sim_legacy_packet(&board->config, board->flash, &board->state, bytes, n_bytes, board->now_us);
    return answers(board, text);
}

void legacy_transfer(struct legacy_board *board, const struct legacy_sizes *sizes, const uint8_t *image)
{
    uint32_t n_bytes = sizes->softdevice + sizes->bootloader + sizes->application;
    uint8_t start[12], init[14] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 0, 0xfe, 0xff};
    char text[200], op[16];

    snprintf(op, sizeof op, "01 %02x", sizes->mode);
    rig_put_le32(start, sizes->softdevice);
    rig_put_le32(start + 4, sizes->bootloader);
    rig_put_le32(start + 8, sizes->application);
    rig_put_le16(init + 12, rig_legacy_crc16(0xffff, image, n_bytes));
    assert_string_equal(legacy_control(board, op, text), "");
    assert_string_equal(legacy_packet(board, start, sizeof start, text), "10 01 01");
    assert_string_equal(legacy_control(board, "02 00", text), "");
    assert_string_equal(legacy_packet(board, init, sizeof init, text), "");
    assert_string_equal(legacy_control(board, "02 01", text), "10 02 01");
    assert_string_equal(legacy_control(board, "03", text), "");
    for (uint32_t done = 0; done < n_bytes; done += 20) {
        uint32_t n = n_bytes - done < 20 ? n_bytes - done : 20;

        assert_string_equal(legacy_packet(board, image + done, n, text),
                            done + n < n_bytes ? "" : "10 03 01");
    }
    assert_string_equal(legacy_control(board, "04", text), "10 04 01");
}

bool legacy_activate(struct legacy_board *board)
{
    char text[200];

    assert_string_equal(legacy_control(board, "05", text), "");
    assert_true(!sim_flash_powered(board->flash) || board->state.reset);
    assert_false(board->state.fault);
    return sim_flash_powered(board->flash);
}

bool legacy_is_whole(const struct legacy_board *board, uint32_t at, uint32_t n_bytes)
{
    return sim_nordic_seal_at(board->flash, at, n_bytes, NULL) == RIG_NORDIC_INTACT;
}

uint32_t legacy_whole_bytes(const struct legacy_board *board, uint32_t at)
{
    uint8_t length[4];

    uint32_t room = at < board->config.map.bootloader_at ? board->config.map.bootloader_at - at
                                                         : board->config.map.bootloader_bytes;

    if (!legacy_is_whole(board, at, room))
        return 0;
    assert_int_equal(sim_flash_peek(board->flash, SIM_FLASH_INTERNAL, at + RIG_NORDIC_SEAL_AT + 8, length, 4),
                     SIM_OK);
    return rig_get_le32(length);
}
