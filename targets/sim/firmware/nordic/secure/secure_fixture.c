/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/firmware/nordic/secure/secure_fixture.h"

#include "base/bytes.h"
#include "image/nordic_image.h"
#include "protocol/nordic/dfu.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INITIAL_STACK 0x20000400u /* the MBR's first word */

static const struct sim_flash_device_config nrf52832 = {
    .name = "internal",
    .regions = {{0x1000, 128}},
    .n_regions = 1,
    .write_bytes = 4,
    .erased = 0xff,
    .write_us = 41,
    .erase_us = 85000,
};

static const struct sim_nordic_map map = {
    .page_bytes = 0x1000,
    .flash_bytes = 0x80000,
    .bootloader_at = WORLD_BOOTLOADER,
    .bootloader_bytes = 0x6000,
    .settings_at = WORLD_SETTINGS,
    .parameter_page_at = WORLD_BACKUP,
    .app_data_bytes = 0x3000,
};

uint8_t world_old_byte(uint32_t offset)
{
    return (uint8_t)(offset * 7 + (offset >> 8) + 1);
}

/* The measured image: bytes of a linear congruential generator. */
static void make_new(uint8_t *bytes, size_t n_bytes)
{
    uint32_t seed = 4;
    for (size_t i = 0; i < n_bytes; i++) {
        seed = seed * 1664525u + 1013904223u;
        bytes[i] = (uint8_t)(seed >> 8);
    }
}

static void flush(struct world *world)
{
    size_t used = strlen(world->ops);
    if (world->kind != '\0')
        snprintf(world->ops + used, sizeof world->ops - used, "%s%c %s%05x+%x", used > 0 ? " " : "",
                 world->kind,
                 world->at == WORLD_SETTINGS ? "S"
                 : world->at == WORLD_BACKUP ? "B"
                                             : "",
                 world->at, world->end - world->at);
    world->kind = '\0';
}

static void observe(void *user, const struct sim_flash_operation *operation)
{
    struct world *world = user;
    char kind = operation->kind == SIM_FLASH_ERASE ? 'E' : 'W';
    if (world->kind == kind && world->end == operation->offset) {
        world->end += operation->n_bytes;
        return;
    }
    flush(world);
    world->kind = kind;
    world->at = operation->offset;
    world->end = operation->offset + operation->n_bytes;
}

const char *world_ops(struct world *world)
{
    memset(world->told, 0, sizeof world->told);
    flush(world);
    memcpy(world->told, world->ops, sizeof world->told);
    memset(world->ops, 0, sizeof world->ops);
    return world->told;
}

void world_poke(struct world *world, uint32_t at, const void *bytes, size_t n_bytes)
{
    assert_int_equal(sim_flash_poke(world->flash, SIM_FLASH_INTERNAL, at, bytes, n_bytes), SIM_OK);
}

bool world_holds(const struct world *world, uint32_t at, const void *bytes, size_t n_bytes)
{
    uint8_t *there = malloc(n_bytes);
    assert_non_null(there);
    assert_int_equal(sim_flash_peek(world->flash, SIM_FLASH_INTERNAL, at, there, n_bytes), SIM_OK);
    bool holds = memcmp(there, bytes, n_bytes) == 0;
    free(there);
    return holds;
}

struct rig_nordic_settings world_settings(void)
{
    uint8_t *old = malloc(WORLD_OLD_BYTES);
    struct rig_nordic_settings settings;
    assert_non_null(old);
    for (uint32_t i = 0; i < WORLD_OLD_BYTES; i++)
        old[i] = world_old_byte(i);
    uint32_t crc = rig_nordic_crc32(0, old, WORLD_OLD_BYTES);
    rig_nordic_settings_generate(&settings, 1, 1, WORLD_OLD_BYTES, crc);
    settings.validations[RIG_NORDIC_APPLICATION].type = RIG_NORDIC_VALIDATE_CRC;
    rig_put_le32(settings.validations[RIG_NORDIC_APPLICATION].bytes, crc);
    rig_nordic_settings_seal(&settings);
    free(old);
    return settings;
}

void world_put_settings(struct world *world, uint32_t page, const struct rig_nordic_settings *settings)
{
    uint8_t bytes[RIG_NORDIC_SETTINGS_BYTES];
    memset(bytes, 0xff, sizeof bytes);
    if (settings->version == 1)
        rig_nordic_settings_encode_1(settings, bytes);
    else
        rig_nordic_settings_encode(settings, bytes);
    world_poke(world, page, bytes, sizeof bytes);
}

static void program(struct world *world)
{
    static const struct rig_softdevice softdevice = {0x6000, 0x0101, 132, 7002000};
    uint8_t stack[4];
    rig_put_le32(stack, INITIAL_STACK);
    world_poke(world, 0, stack, sizeof stack);
    assert_true(rig_softdevice_fill(&softdevice, world->softdevice, sizeof world->softdevice));
    world_poke(world, RIG_SOFTDEVICE_AT, world->softdevice, sizeof world->softdevice);
    rig_nordic_make_bootloader(1, 1, world->bootloader, 0x5000);
    world_poke(world, WORLD_BOOTLOADER, world->bootloader, 0x5000);
    for (uint32_t i = 0; i < WORLD_OLD_BYTES; i++) {
        uint8_t byte = world_old_byte(i);
        world_poke(world, WORLD_BANK_0 + i, &byte, 1);
    }
    struct rig_nordic_settings settings = world_settings();
    world_put_settings(world, WORLD_SETTINGS, &settings);
    world_put_settings(world, WORLD_BACKUP, &settings);
}

void world_make(struct world *world)
{
    memset(world, 0, sizeof *world);
    world->flash = sim_flash_new(&nrf52832, 1);
    world->key = rig_key_test(RIG_KEY_ECDSA_P256, 0, NULL);
    world->state = malloc(sizeof *world->state);
    world->image = malloc(WORLD_MAX_IMAGE_BYTES);
    assert_true(world->flash != NULL && world->key != NULL && world->state != NULL && world->image != NULL);
    make_new(world->image, WORLD_MAX_IMAGE_BYTES);
    world->image_bytes = WORLD_NEW_BYTES;
    world->config = sim_secure_example(&map);
    world->config.key = world->key;
    sim_flash_power(world->flash, true);
    program(world);
    sim_flash_observe(world->flash, observe, world);
}

void world_clear(struct world *world)
{
    sim_flash_free(world->flash);
    rig_key_free(world->key);
    free(world->state);
    free(world->image);
}

enum sim_secure_outcome world_boot(struct world *world)
{
    sim_secure_boot(&world->config, world->flash, &world->retained, 0, world->state, &world->start);
    return world->start.outcome;
}

enum sim_secure_outcome world_settle(struct world *world)
{
    for (int i = 0; i < 8; i++)
        if (world_boot(world) != SIM_SECURE_RESET)
            break;
    return world->start.outcome;
}

struct rig_init_packet world_init(const struct world *world)
{
    struct rig_init_packet init = {
        .has_op_code = true,
        .op_code = RIG_INIT_OP_INIT,
        .has_fw_version = true,
        .fw_version = 2,
        .has_hw_version = true,
        .hw_version = 52,
        .sd_req = {0x101},
        .n_sd_req = 1,
        .has_type = true,
        .type = RIG_DFU_APPLICATION,
        .has_sd_size = true,
        .has_bl_size = true,
        .has_app_size = true,
        .app_size = world->image_bytes,
        .has_hash = true,
        .hash_type = RIG_INIT_HASH_SHA256,
        .n_hash_bytes = RIG_IMAGE_HASH_BYTES,
        .has_is_debug = true,
    };
    assert_true(rig_init_hash_of(world->image, world->image_bytes, init.hash));
    return init;
}

struct rig_init_packet world_application(struct world *world, uint32_t n_bytes)
{
    make_new(world->image, n_bytes);
    world->image_bytes = n_bytes;
    return world_init(world);
}

struct rig_init_packet world_softdevice(struct world *world, uint32_t flash_bytes, uint32_t file_bytes,
                                        uint32_t version)
{
    struct rig_softdevice figures = {flash_bytes, 0x0102, 132, version};
    assert_true(file_bytes <= WORLD_MAX_IMAGE_BYTES);
    assert_true(rig_softdevice_fill(&figures, world->image, file_bytes));
    world->image_bytes = file_bytes;
    struct rig_init_packet init = world_init(world);
    init.type = RIG_DFU_SOFTDEVICE;
    init.app_size = 0;
    init.sd_size = file_bytes;
    return init;
}

struct rig_init_packet world_bootloader(struct world *world, uint32_t n_bytes)
{
    rig_nordic_make_bootloader(2, 2, world->image, n_bytes);
    world->image_bytes = n_bytes;
    struct rig_init_packet init = world_init(world);
    init.type = RIG_DFU_BOOTLOADER;
    init.app_size = 0;
    init.bl_size = n_bytes;
    return init;
}

struct rig_init_packet world_softdevice_bootloader(struct world *world, uint32_t flash_bytes,
                                                   uint32_t file_bytes, uint32_t version, uint32_t n_bytes)
{
    (void)world_softdevice(world, flash_bytes, file_bytes, version);
    assert_true(file_bytes + n_bytes <= WORLD_MAX_IMAGE_BYTES);
    rig_nordic_make_bootloader(2, 2, world->image + file_bytes, n_bytes);
    world->image_bytes = file_bytes + n_bytes;
    struct rig_init_packet init = world_init(world);
    init.type = RIG_DFU_SOFTDEVICE_BOOTLOADER;
    init.app_size = 0;
    init.sd_size = file_bytes;
    init.bl_size = n_bytes;
    return init;
}

/* The result of the last answer to this op. */
static uint8_t result_of(struct world *world, uint8_t op)
{
    struct sim_secure_wish wish;
    uint8_t result = 0;
    while (sim_secure_next(world->state, &wish))
        if (wish.kind == SIM_SECURE_SEND && wish.bytes[1] == op)
            result = wish.bytes[2];
    return result;
}

static uint8_t request(struct world *world, const uint8_t *bytes, size_t n_bytes)
{
    sim_secure_control(&world->config, world->state, world->flash, bytes, n_bytes, 0);
    sim_secure_drain(&world->config, world->state, world->flash);
    return result_of(world, bytes[0]);
}

static uint8_t send_object(struct world *world, uint8_t type, const uint8_t *bytes, uint32_t n_bytes)
{
    uint8_t create[6] = {RIG_DFU_CREATE, type};
    static const uint8_t execute = RIG_DFU_EXECUTE;
    rig_put_le32(create + 2, n_bytes);
    if (request(world, create, sizeof create) != RIG_DFU_SUCCESS)
        return 0;
    for (uint32_t at = 0; at < n_bytes; at += SIM_SECURE_MAX_PACKET_BYTES) {
        uint32_t n_now =
            n_bytes - at < SIM_SECURE_MAX_PACKET_BYTES ? n_bytes - at : SIM_SECURE_MAX_PACKET_BYTES;
        sim_secure_packet(&world->config, world->state, world->flash, bytes + at, n_now, 0);
        sim_secure_drain(&world->config, world->state, world->flash);
    }
    return request(world, &execute, 1);
}

uint8_t world_send_init(struct world *world, struct rig_init_packet *init)
{
    uint8_t bytes[RIG_INIT_PACKET_MAX_BYTES];
    size_t n_bytes;
    assert_int_equal(rig_init_packet_encode(init, world->key, bytes, &n_bytes), RIG_INIT_OK);
    sim_secure_linked(&world->config, world->state, world->flash, true);
    return send_object(world, RIG_DFU_COMMAND_OBJECT, bytes, (uint32_t)n_bytes);
}

uint8_t world_transfer(struct world *world, struct rig_init_packet *init)
{
    uint8_t result = world_send_init(world, init);
    for (uint32_t at = 0; at < world->image_bytes && result == RIG_DFU_SUCCESS; at += 0x1000) {
        uint32_t n_now = world->image_bytes - at < 0x1000 ? world->image_bytes - at : 0x1000;
        result = send_object(world, RIG_DFU_DATA_OBJECT, world->image + at, n_now);
    }
    return result;
}
