/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The SMP server on record: thousands of requests by chance, legal and not, one line for each configuration
 * in fixtures/boot/server.txt. The server was compared with real ones request by request; a line that changes
 * is another server, to be compared again. RIG_WRITE_RECORD=1 writes the file anew. */
#include "sim/firmware/mcuboot/app/app.h"
#include "sim/firmware/mcuboot/support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define RECORD RIG_SOURCE_DIR "/fixtures/boot/server.txt"
#define LINE_BYTES 200u
#define N_REQUESTS 20000u
#define N_IMAGES 4u

struct record {
    struct bench_config config;
    struct sim_flash *flash;
    struct sim_app app;
    struct sim_app_retained retained;
    struct rig_bytes images[N_IMAGES];
    uint8_t hashes[N_IMAGES][RIG_IMAGE_HASH_BYTES];
    unsigned uploaded; /* the image that is on its way */
    uint64_t random;
    unsigned n_answers, n_silent, n_errors, n_resets;
    uint64_t said, flash_digest;
};

static void mix(uint64_t *digest, const uint8_t *bytes, size_t n_bytes)
{
    for (size_t i = 0; i < n_bytes; i++)
        *digest = (*digest ^ bytes[i]) * 0x100000001b3u;
}

static uint32_t chance(struct record *record, uint32_t n)
{
    record->random = record->random * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(record->random >> 33) % n;
}

static bool often(struct record *record)
{
    return chance(record, 8) != 0;
}

static void put_flag(struct record *record, struct rig_cbor_writer *body, const char *name)
{
    uint32_t kind = chance(record, 3);

    if (kind == 0)
        return;
    rig_cbor_put_text(body, name);
    rig_cbor_put_bool(body, kind == 1);
}

static void put_number(struct rig_cbor_writer *body, const char *name, uint64_t number)
{
    rig_cbor_put_text(body, name);
    rig_cbor_put_uint(body, number);
}

static uint32_t any_offset(struct record *record)
{
    const uint32_t offsets[] = {record->app.upload.offset,     record->app.upload.offset,
                                record->app.upload.offset,     record->app.upload.offset,
                                record->app.upload.offset,     0,
                                record->app.upload.offset + 1, chance(record, 9000)};

    return offsets[chance(record, 8)];
}

static void put_chunk(struct record *record, struct rig_cbor_writer *body, uint32_t offset)
{
    static const uint32_t sizes[] = {500, 500, 500, 333, 127, 64, 33, 32, 31, 1, 0};
    const struct rig_bytes *image = &record->images[record->uploaded];
    uint32_t from = offset < image->n_bytes ? offset : 0;
    uint32_t n_left = (uint32_t)image->n_bytes - from;
    uint32_t n_bytes = sizes[chance(record, sizeof sizes / sizeof *sizes)];

    if (n_bytes > n_left && chance(record, 4))
        n_bytes = n_left;
    rig_cbor_put_text(body, "data");
    rig_cbor_put_bytes(body, image->bytes + (n_bytes > n_left ? 0 : from), n_bytes);
}

static void put_upload(struct record *record, struct rig_cbor_writer *body)
{
    uint32_t offset = any_offset(record);
    const struct rig_bytes *image;

    if (offset == 0 && chance(record, 2))
        record->uploaded = chance(record, N_IMAGES);
    image = &record->images[record->uploaded];
    if (offset != 0 || often(record))
        put_number(body, "off", offset);
    if (offset == 0 && often(record))
        put_number(body, "len", chance(record, 12) ? image->n_bytes : chance(record, 2) ? 65536 : 70000);
    if (offset == 0 && chance(record, 3)) {
        uint8_t sha[33] = {(uint8_t)(record->uploaded + 1)};

        rig_cbor_put_text(body, "sha");
        rig_cbor_put_bytes(body, sha, often(record) ? 32 : chance(record, 2) ? 8 : 33);
    }
    if (offset == 0 && chance(record, 3) == 0)
        put_number(body, "image", chance(record, 3));
    if (offset == 0)
        put_flag(record, body, "upgrade");
    put_chunk(record, body, offset);
}

static void put_state(struct record *record, struct rig_cbor_writer *body)
{
    uint32_t kind = chance(record, 10);
    uint8_t wrong[RIG_IMAGE_HASH_BYTES] = {1};

    if (kind < 8) {
        rig_cbor_put_text(body, "hash");
        rig_cbor_put_bytes(body, kind == 7 ? wrong : record->hashes[kind % N_IMAGES],
                           kind == 6 ? 5 : RIG_IMAGE_HASH_BYTES);
    }
    put_flag(record, body, "confirm");
}

static void put_word(struct record *record, struct rig_cbor_writer *body, const char *name,
                     const char *const words[4])
{
    const char *word = words[chance(record, 4)];

    if (!word)
        return;
    rig_cbor_put_text(body, name);
    rig_cbor_put_text(body, word);
}

static void put_reset(struct record *record, struct rig_cbor_writer *body)
{
    if (chance(record, 2))
        put_number(body, "force", chance(record, 2));
    if (chance(record, 2))
        put_number(body, "boot_mode", chance(record, 3));
}

/* The bytes of one request. */
static size_t make_request(struct record *record, uint8_t *message, size_t room)
{
    static const char *const formats[] = {NULL, "a", "sn", "qz"},
                             *const queries[] = {NULL, "mode", "mod", "other"},
                             *const texts[] = {NULL, "", "hello", "x"};
    struct rig_cbor_writer body = {.bytes = message + RIG_SMP_HEADER_BYTES,
                                   .room = room - RIG_SMP_HEADER_BYTES};
    uint32_t kind = chance(record, 40);
    uint8_t op = 2, group = 1, command = 1;

    rig_cbor_put_open_map(&body);
    if (kind < 24) {
        put_upload(record, &body);
    } else if (kind < 28) {
        command = 0;
        put_state(record, &body);
    } else if (kind < 30) {
        command = 0;
        op = 0;
    } else if (kind < 32) {
        command = 5;
        if (chance(record, 4))
            put_number(&body, "slot", chance(record, 5));
    } else if (kind == 32) {
        group = 0;
        command = 5;
        put_reset(record, &body);
    } else if (kind == 33) {
        command = 6;
        op = 0;
    } else if (kind == 34) {
        group = op = 0;
        command = 7;
        put_word(record, &body, "format", formats);
    } else if (kind == 35) {
        group = op = 0;
        command = 8;
        put_word(record, &body, "query", queries);
    } else if (kind == 36) {
        group = op = 0;
        command = 6;
    } else if (kind == 37) {
        group = command = 0;
        put_word(record, &body, "d", texts);
    } else {
        op = (uint8_t)chance(record, 4);
        group = (uint8_t)chance(record, 3);
        command = (uint8_t)chance(record, 10);
    }
    rig_cbor_put_break(&body);
    if (body.overflow)
        return 0;
    message[0] = (uint8_t)((often(record) ? 1 : chance(record, 4)) << 3 | op);
    message[1] = 0;
    message[2] = (uint8_t)(body.n_bytes >> 8);
    message[3] = (uint8_t)(body.n_bytes + (chance(record, 60) == 0));
    message[4] = 0;
    message[5] = group;
    message[6] = (uint8_t)chance(record, 256);
    message[7] = command;
    if (chance(record, 60) == 0)
        message[RIG_SMP_HEADER_BYTES + chance(record, (uint32_t)body.n_bytes)] ^= 0x20;
    return RIG_SMP_HEADER_BYTES + body.n_bytes;
}

static void restart(struct record *record)
{
    struct sim_boot_result result;
    uint32_t counters[SIM_BOOT_MAX_IMAGES] = {0};

    sim_boot_run(&record->config.boot, record->flash, counters, NULL, NULL, &result);
    memset(&record->app, 0, sizeof record->app);
    record->n_resets++;
}

static void ask(struct record *record)
{
    struct sim_server server = {.config = &record->config.app,
                                .boot = &record->config.boot,
                                .flash = record->flash,
                                .app = &record->app,
                                .retained = &record->retained};
    uint8_t packet[RIG_SMP_MAX_MESSAGE_BYTES], answers[RIG_SMP_MAX_MESSAGE_BYTES];
    size_t n_packet = make_request(record, packet, 1500);
    size_t n_answers;
    struct rig_smp_response response;

    if (chance(record, 16) == 0)
        n_packet += make_request(record, packet + n_packet, 1500);
    n_answers = sim_server_input(&server, packet, n_packet, answers, sizeof answers);
    record->n_answers += n_answers > 0;
    record->n_silent += n_answers == 0;
    record->n_errors += n_answers > 0 &&
                        rig_smp_decode_response(answers, n_answers, &response) == RIG_SMP_OK &&
                        response.error.failed;
    mix(&record->said, answers, n_answers);
    mix(&record->said,
        (uint8_t[]){record->app.reset_wanted, record->app.crash_wanted, record->retained.updater_wanted}, 3);
    if (record->app.crash_wanted || (record->app.reset_wanted && chance(record, 2)))
        restart(record);
}

static void mix_flash(struct record *record)
{
    struct sim_flash_content *content = sim_flash_keep(record->flash);
    uint64_t hash = sim_flash_content_hash(content);
    uint8_t bytes[8];

    for (unsigned i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(hash >> 8 * i);
    mix(&record->flash_digest, bytes, sizeof bytes);
    sim_flash_content_free(content);
}

static void progressive(struct bench_config *config)
{
    config->app.progressive_erase = true;
    config->devices[0].rewrite_forbidden = true;
}

static void lenient(struct bench_config *config)
{
    config->app.erase_pending_allowed = true;
    config->app.legacy_rc = true;
    config->devices[0].write_bytes = 8;
}

static void strict(struct bench_config *config)
{
    config->app.parameters_command = false;
    config->app.original_protocol = false;
    config->app.refuses_reset = true;
    config->boot.downgrade = SIM_DOWNGRADE_BY_VERSION;
}

static void small(struct bench_config *config)
{
    config->app.smp_buf_size = 150;
}

static void two_images(struct bench_config *config)
{
    config->boot.n_images = 2;
    config->boot.primary[0].n_bytes = config->boot.secondary[0].n_bytes = 0x6000;
    config->boot.primary[1] = (struct sim_area){0, 0x6000, 0x6000};
    config->boot.secondary[0].offset = 0xc000;
    config->boot.secondary[1] = (struct sim_area){0, 0x12000, 0x6000};
}

static const struct {
    const char *name;
    enum rig_swap_mode mode;
    void (*change)(struct bench_config *config);
} rows[] = {
    {"move", RIG_SWAP_MOVE, NULL},
    {"scratch", RIG_SWAP_SCRATCH, NULL},
    {"offset", RIG_SWAP_OFFSET, NULL},
    {"overwrite", RIG_SWAP_OVERWRITE, NULL},
    {"move, progressive erase", RIG_SWAP_MOVE, progressive},
    {"offset, progressive erase", RIG_SWAP_OFFSET, progressive},
    {"scratch, lenient", RIG_SWAP_SCRATCH, lenient},
    {"move, strict", RIG_SWAP_MOVE, strict},
    {"move, small buffers", RIG_SWAP_MOVE, small},
    {"move, two images", RIG_SWAP_MOVE, two_images},
    {"offset, two images", RIG_SWAP_OFFSET, two_images},
};

/* An image that says it cannot be booted. */
static struct rig_bytes library(size_t n_bytes)
{
    uint8_t payload[4096] = {1};
    const struct rig_image_recipe recipe = {.payload = payload,
                                            .payload_bytes = n_bytes,
                                            .version = {.major = 4},
                                            .flags = RIG_IMAGE_FLAG_NON_BOOTABLE};
    struct rig_bytes image = {0};

    assert_int_equal(rig_image_build(&recipe, &image), RIG_IMAGE_OK);
    return image;
}

static void make_images(struct record *record)
{
    static const size_t sizes[N_IMAGES] = {3000, 4001, 5002, 2003};
    static const uint8_t versions[N_IMAGES] = {2, 3, 1, 4};

    for (unsigned i = 0; i < N_IMAGES; i++) {
        record->images[i] = i + 1 < N_IMAGES ? bench_image(versions[i], &waits, sizes[i]) : library(sizes[i]);
        image_hash(&record->images[i], record->hashes[i]);
    }
}

static void play(size_t row, char line[LINE_BYTES])
{
    struct record *record = calloc(1, sizeof *record);

    assert_non_null(record);
    record->config = bench_config(rows[row].mode);
    if (rows[row].change)
        rows[row].change(&record->config);
    record->flash = sim_flash_new(record->config.devices, 1);
    record->random = row + 1;
    record->said = record->flash_digest = 0xcbf29ce484222325u;
    make_images(record);
    for (unsigned i = 0; i < record->config.boot.n_images; i++)
        assert_int_equal(sim_flash_poke(record->flash, 0, record->config.boot.primary[i].offset,
                                        record->images[0].bytes, record->images[0].n_bytes),
                         SIM_OK);
    for (unsigned i = 0; i < N_REQUESTS; i++) {
        ask(record);
        if (i % 8 == 0)
            mix_flash(record);
    }
    snprintf(line, LINE_BYTES,
             "%s: %u answers, %u of them errors, %u silences, %u resets; said %08x, flash %08x\n",
             rows[row].name, record->n_answers, record->n_errors, record->n_silent, record->n_resets,
             (unsigned)record->said, (unsigned)record->flash_digest);
    for (unsigned i = 0; i < N_IMAGES; i++)
        rig_bytes_clear(&record->images[i]);
    sim_flash_free(record->flash);
    free(record);
}

static void every_server_does_what_is_on_record(void **state)
{
    const char *write = getenv("RIG_WRITE_RECORD");
    FILE *file = fopen(RECORD, write ? "w" : "r");
    unsigned n_wrong = 0;

    (void)state;
    assert_non_null(file);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char line[LINE_BYTES], kept[LINE_BYTES] = "";

        play(i, line);
        if (write) {
            fputs(line, file);
        } else if (!fgets(kept, sizeof kept, file) || strcmp(line, kept) != 0) {
            print_error("on record: %snow:       %s", kept, line);
            n_wrong++;
        }
    }
    fclose(file);
    if (n_wrong > 0)
        fail_msg("%u lines are not as on record; RIG_WRITE_RECORD=1 writes them anew, if that is meant",
                 n_wrong);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_server_does_what_is_on_record)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
