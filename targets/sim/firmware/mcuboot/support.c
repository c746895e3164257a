/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A usual board and a small SMP client, for the tests of this folder. */
#include "sim/firmware/mcuboot/support.h"

#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>

#define SECTOR 4096u
#define SLOT (16u * SECTOR)

const struct sim_ble_central bench_central = {.address = {0xc0, 1, 2, 3, 4, 5}};

struct bench_config bench_config(enum rig_swap_mode mode)
{
    struct bench_config config = {
        .devices = {{.name = "internal",
                     .regions = {{SECTOR, 64}},
                     .n_regions = 1,
                     .write_bytes = 4,
                     .erased = 0xff,
                     .write_us = 41,
                     .erase_us = 85000}},
        .n_devices = 1,
        .boot = {.mode = mode,
                 .primary = {{0, 0, SLOT}},
                 .secondary = {{0, SLOT, SLOT}},
                 .scratch = {0, 2 * SLOT, 2 * SECTOR},
                 .n_images = 1,
                 .max_align = 8,
                 .max_sectors = 128,
                 .validate_primary = true},
        .app = {.boot_us = 200000,
                .parameters_command = true,
                .original_protocol = true,
                .smp_buf_size = 1024},
        .ble = {.name = "bench", .mtu = 247, .bonding = true},
        .seed = 1,
    };

    return config;
}

static void on_line(void *user, uint64_t at_us, const char *line)
{
    struct bench *bench = user;
    size_t n = strlen(line) < sizeof bench->last_line - 1 ? strlen(line) : sizeof bench->last_line - 1;

    (void)at_us;
    bench->n_lines++;
    memcpy(bench->last_line, line, n);
    bench->last_line[n] = '\0';
    bench->saw_hard_fault = bench->saw_hard_fault || strstr(line, "HARD FAULT");
}

static void on_boot(void *user, uint64_t at_us, const struct sim_start *start, uint64_t n_operations)
{
    struct bench *bench = user;

    (void)at_us;
    bench->last_boot = *(const struct sim_boot_result *)start->account;
    bench->last_boot_operations = n_operations;
}

struct sim_board *bench_board(const struct bench_config *config, const char **why)
{
    const struct sim_mcuboot_config mcuboot = {.boot = config->boot, .app = config->app};
    struct sim_board_config board = {.n_devices = config->n_devices,
                                     .firmware = &sim_mcuboot,
                                     .firmware_config = &mcuboot,
                                     .ble = config->ble,
                                     .seed = config->seed};

    memcpy(board.devices, config->devices, sizeof board.devices);
    return sim_board_new(&board, why);
}

void bench_open(struct bench *bench, const struct bench_config *config)
{
    memset(bench, 0, sizeof *bench);
    bench->board = bench_board(config, NULL);
    if (!bench->board)
        abort();
    sim_board_on_console(bench->board, on_line, bench);
    sim_board_on_boot(bench->board, on_boot, bench);
}

void bench_close(struct bench *bench)
{
    sim_board_free(bench->board);
    bench->board = NULL;
}

struct rig_bytes bench_image(uint8_t major, const struct sim_app_personality *personality,
                             size_t payload_bytes)
{
    struct rig_bytes image = {0};
    uint8_t *payload = calloc(1, payload_bytes);

    if (!payload)
        abort();
    if (personality)
        sim_app_make_payload(personality, major, payload, payload_bytes);
    struct rig_image_recipe recipe = {
        .payload = payload, .payload_bytes = payload_bytes, .version = {.major = major}};
    if (rig_image_build(&recipe, &image) != RIG_IMAGE_OK)
        abort();
    free(payload);
    return image;
}

void bench_program(struct bench *bench, const struct rig_bytes *image)
{
    const struct sim_area *primary = &sim_mcuboot_config_of(bench->board)->boot.primary[0];

    if (sim_flash_poke(sim_board_flash(bench->board), primary->device, primary->offset, image->bytes,
                       image->n_bytes) != SIM_OK)
        abort();
}

void bench_run(struct bench *bench, uint64_t for_us)
{
    uint64_t until_us = sim_board_now_us(bench->board) + for_us;

    while (sim_board_step(bench->board, until_us))
        ;
}

bool bench_run_until_advertising(struct bench *bench)
{
    uint64_t until_us = sim_board_now_us(bench->board) + 20 * RIG_SECOND_US;

    while (!sim_board_ble_advertising(bench->board) && sim_board_step(bench->board, until_us))
        ;
    return sim_board_ble_advertising(bench->board);
}

bool bench_boot(struct bench *bench)
{
    sim_board_power(bench->board, true);
    return bench_run_until_advertising(bench);
}

#define SMP 0u

enum sim_ble_outcome bench_write(struct sim_board *board, const uint8_t *bytes, size_t n_bytes)
{
    return sim_board_ble_write(board, SMP, false, bytes, n_bytes);
}

enum sim_ble_outcome bench_subscribe(struct sim_board *board, bool on)
{
    return sim_board_ble_subscribe(board, SMP, on ? SIM_GATT_NOTIFIED : SIM_GATT_UNSUBSCRIBED);
}

bool bench_notification(struct sim_board *board, uint8_t bytes[SIM_BLE_MAX_MTU], size_t *n_bytes)
{
    struct sim_ble_packet packet;

    if (!sim_board_ble_receive(board, &packet))
        return false;
    memcpy(bytes, packet.bytes, packet.n_bytes);
    *n_bytes = packet.n_bytes;
    return true;
}

void bench_connect(struct bench *bench, uint16_t mtu)
{
    if (sim_board_ble_connect(bench->board, &bench_central, mtu) != SIM_BLE_OK ||
        bench_subscribe(bench->board, true) != SIM_BLE_OK)
        abort();
}

static bool whole(const struct bench *bench)
{
    struct rig_smp_header header;

    if (bench->n_answer < RIG_SMP_HEADER_BYTES)
        return false;
    rig_smp_header_decode(bench->answer, &header);
    return bench->n_answer >= RIG_SMP_HEADER_BYTES + (size_t)header.length;
}

bool bench_collect(struct bench *bench, uint64_t within_us)
{
    uint64_t until_us = sim_board_now_us(bench->board) + within_us;
    size_t n_bytes;

    bench->n_answer = 0;
    for (;;) {
        while (bench->n_answer + SIM_BLE_MAX_MTU <= sizeof bench->answer &&
               bench_notification(bench->board, bench->answer + bench->n_answer, &n_bytes)) {
            bench->n_answer += n_bytes;
            if (whole(bench))
                return true;
        }
        if (!sim_board_step(bench->board, until_us))
            return false;
    }
}

bool bench_ask_raw(struct bench *bench, const uint8_t *bytes, size_t n_bytes, bool cut)
{
    size_t most = sim_board_ble_mtu(bench->board) - 3u;

    while (n_bytes > 0) {
        size_t n = cut && n_bytes > most ? most : n_bytes;

        if (bench_write(bench->board, bytes, n) != SIM_BLE_OK)
            return false;
        bytes += n;
        n_bytes -= n;
    }
    return bench_collect(bench, 60ull * RIG_SECOND_US);
}

bool bench_ask(struct bench *bench, const uint8_t *bytes, size_t n_bytes, struct rig_smp_response *response)
{
    memset(response, 0, sizeof *response);
    return bench_ask_raw(bench, bytes, n_bytes, true) &&
           rig_smp_decode_response(bench->answer, bench->n_answer, response) == RIG_SMP_OK;
}

static struct rig_smp_request_id next_id(struct bench *bench)
{
    return (struct rig_smp_request_id){.version = 1, .sequence = bench->sequence++};
}

static struct rig_smp_response answer_to(struct bench *bench, const uint8_t *message, size_t n_message)
{
    struct rig_smp_response response;

    if (!bench_ask(bench, message, n_message, &response)) {
        response.error.failed = true;
        response.error.rc = UINT32_MAX; /* no answer */
    }
    return response;
}

struct rig_smp_response bench_list(struct bench *bench)
{
    uint8_t message[64];

    return answer_to(bench, message, rig_smp_encode_image_list(next_id(bench), message, sizeof message));
}

struct rig_smp_response bench_mark(struct bench *bench, const uint8_t *hash, bool confirm)
{
    uint8_t message[96];

    return answer_to(bench, message,
                     rig_smp_encode_image_write(next_id(bench), hash, RIG_IMAGE_HASH_BYTES, confirm, message,
                                                sizeof message));
}

struct rig_smp_response bench_erase(struct bench *bench, int slot)
{
    uint8_t message[64];

    return answer_to(bench, message, rig_smp_encode_erase(next_id(bench), slot, message, sizeof message));
}

struct rig_smp_response bench_chunk(struct bench *bench, const struct rig_bytes *image, uint32_t offset,
                                    size_t n_bytes, bool with_sha)
{
    uint8_t message[600], sha[32] = {0};
    struct rig_smp_upload_chunk chunk = {
        .offset = offset, .total_bytes = (uint32_t)image->n_bytes, .bytes = image->bytes + offset};

    if (offset == 0)
        SHA256(image->bytes, image->n_bytes, sha);
    chunk.sha = with_sha ? sha : NULL;
    chunk.n_bytes = n_bytes < image->n_bytes - offset ? n_bytes : image->n_bytes - offset;
    return answer_to(bench, message, rig_smp_encode_upload(next_id(bench), &chunk, message, sizeof message));
}

bool bench_upload(struct bench *bench, const struct rig_bytes *image, uint32_t *reached)
{
    unsigned n_rounds = 0;
    uint32_t offset = 0;

    while (offset < image->n_bytes && n_rounds++ < 2000) {
        struct rig_smp_response response = bench_chunk(bench, image, offset, 150, true);

        if (response.error.failed || !response.has_off)
            break;
        offset = (uint32_t)response.off;
    }
    if (reached)
        *reached = offset;
    return offset == image->n_bytes;
}

void bench_reset(struct bench *bench)
{
    uint8_t message[32];
    size_t n = rig_smp_encode_reset(next_id(bench), false, false, message, sizeof message);
    uint32_t n_boots = sim_board_view(bench->board).n_boots;
    uint64_t until_us = sim_board_now_us(bench->board) + 60ull * RIG_SECOND_US;

    bench_write(bench->board, message, n);
    while (sim_board_view(bench->board).n_boots == n_boots && sim_board_step(bench->board, until_us))
        ;
    if (bench_run_until_advertising(bench))
        bench_connect(bench, 247);
}

void image_hash(const struct rig_bytes *image, uint8_t hash[RIG_IMAGE_HASH_BYTES])
{
    struct rig_memory_image memory = {image->bytes, image->n_bytes};
    struct rig_image_source source = rig_image_source_from_memory(&memory);
    struct rig_image_layout layout;

    if (rig_image_read_layout(&source, UINT32_MAX, &layout) != RIG_IMAGE_OK ||
        rig_image_stored_hash(&source, &layout, hash) != RIG_IMAGE_OK)
        abort();
}

bool bench_slot_holds(struct bench *bench, const struct sim_area *area, const struct rig_bytes *image)
{
    uint8_t *bytes = malloc(image->n_bytes);
    bool same = bytes &&
                sim_flash_peek(sim_board_flash(bench->board), area->device, area->offset, bytes,
                               image->n_bytes) == SIM_OK &&
                memcmp(bytes, image->bytes, image->n_bytes) == 0;

    free(bytes);
    return same;
}
