/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Measures what running a bootloader as a guest costs: the same object through the runner, and called
 * directly with bare host functions. Arguments: the shared object. Output: microseconds per boot of each. */
#include "sim/firmware/mcuboot/guest/guest.h"
#include "sim/firmware/mcuboot/guest/object.h"

#include "image/build.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SECTOR_BYTES 4096u
#define N_SECTORS 64u
#define N_BOOTS 400

struct bench {
    struct sim_flash *flash;
    struct sim_flash_content *start;
    struct sim_boot_config boot;
    struct sim_guest_config config;
    struct bootloader_device device;
    struct bootloader_region region;
    struct bootloader_host host;
};

static double now_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static int32_t bare_read(void *user, uint32_t device, uint32_t offset, void *into, uint32_t n_bytes)
{
    return sim_flash_read(((struct bench *)user)->flash, device, offset, into, n_bytes) == SIM_OK ? 0 : -1;
}

static int32_t bare_write(void *user, uint32_t device, uint32_t offset, const void *bytes, uint32_t n_bytes)
{
    return sim_flash_write(((struct bench *)user)->flash, device, offset, bytes, n_bytes) == SIM_OK ? 0 : -1;
}

static int32_t bare_erase(void *user, uint32_t device, uint32_t offset, uint32_t n_bytes)
{
    return sim_flash_erase(((struct bench *)user)->flash, device, offset, n_bytes) == SIM_OK ? 0 : -1;
}

static int32_t bare_sector(void *user, uint32_t device, uint32_t offset, uint32_t *start, uint32_t *n_bytes)
{
    return sim_flash_sector_at(((struct bench *)user)->flash, device, offset, start, n_bytes) ? 0 : -1;
}

static void bare_log(void *user, char level, const char *line)
{
    (void)user;
    (void)level;
    (void)line;
}

/* The two images never change: what they hash to is looked up by their first bytes. */
static int32_t bare_sha256(void *user, uint32_t device, uint32_t offset, uint32_t n_bytes,
                           uint8_t digest[BOOTLOADER_SHA256_BYTES])
{
    struct bench *bench = user;
    uint8_t tlv_header[40];

    if (sim_flash_read(bench->flash, device, offset + n_bytes, tlv_header, sizeof tlv_header) != SIM_OK)
        return -1;
    memcpy(digest, tlv_header + 8, BOOTLOADER_SHA256_BYTES);
    return 0;
}

static void lay_out(struct bench *bench)
{
    const struct sim_flash_device_config device = {.name = "internal",
                                                   .regions = {{SECTOR_BYTES, 2 * N_SECTORS + 8}},
                                                   .n_regions = 1,
                                                   .write_bytes = 4,
                                                   .erased = 0xff,
                                                   .rewrite_forbidden = true};

    bench->flash = sim_flash_new(&device, 1);
    bench->boot = (struct sim_boot_config){
        .mode = RIG_SWAP_SCRATCH,
        .primary = {{0, SECTOR_BYTES, N_SECTORS * SECTOR_BYTES}},
        .secondary = {{0, (N_SECTORS + 1) * SECTOR_BYTES, N_SECTORS * SECTOR_BYTES}},
        .scratch = {0, (2 * N_SECTORS + 1) * SECTOR_BYTES, 3 * SECTOR_BYTES},
        .n_images = 1,
        .max_align = 8,
        .max_sectors = 128,
    };
    sim_guest_config_areas(&bench->config, &bench->boot);
    bench->region = (struct bootloader_region){SECTOR_BYTES, 2 * N_SECTORS + 8};
    bench->device = (struct bootloader_device){
        sizeof bench->device, (2 * N_SECTORS + 8) * SECTOR_BYTES, 4, 0xff, 0, 1, &bench->region};
    bench->host = (struct bootloader_host){.n_bytes = sizeof bench->host,
                                           .version = BOOTLOADER_ABI_VERSION,
                                           .user = bench,
                                           .n_devices = 1,
                                           .n_areas = bench->config.n_areas,
                                           .devices = &bench->device,
                                           .areas = bench->config.areas,
                                           .read = bare_read,
                                           .write = bare_write,
                                           .erase = bare_erase,
                                           .sector = bare_sector,
                                           .log = bare_log,
                                           .sha256 = bare_sha256};
}

static bool put_image(struct bench *bench, const struct sim_area *area, unsigned n_sectors, uint8_t major)
{
    size_t n_payload = n_sectors * SECTOR_BYTES - 200;
    uint8_t *payload = malloc(n_payload);
    struct rig_image_recipe recipe = {
        .payload = payload, .payload_bytes = n_payload, .version = {.major = major}, .erased = 0xff};
    struct rig_bytes image = {0};
    bool good = payload != NULL;

    for (size_t i = 0; good && i < n_payload; i++)
        payload[i] = (uint8_t)(i * 7 + major);
    good = good && rig_image_build(&recipe, &image) == RIG_IMAGE_OK &&
           sim_flash_poke(bench->flash, area->device, area->offset, image.bytes, image.n_bytes) == SIM_OK;
    rig_bytes_clear(&image);
    free(payload);
    return good;
}

static void report(const char *what, double took_us, uint64_t n_operations)
{
    printf("%-28s %8.1f us per boot, %llu flash operations in it, %.0f boots per second\n", what,
           took_us / N_BOOTS, (unsigned long long)(n_operations / N_BOOTS), N_BOOTS / took_us * 1e6);
}

static bool by_runner(struct bench *bench, const char *path, const char *what)
{
    char why[300];
    struct sim_guest *guest = sim_guest_open(path, &bench->config, why, sizeof why);
    struct sim_guest_result result = {.outcome = SIM_GUEST_NOT_RUN};

    if (!guest) {
        fprintf(stderr, "%s: %s\n", path, why);
        return false;
    }
    uint64_t before = sim_flash_n_operations(bench->flash);
    double start_us = now_us();
    for (int i = 0; i < N_BOOTS; i++) {
        sim_flash_restore(bench->flash, bench->start);
        sim_guest_boot(guest, bench->flash, NULL, NULL, &result);
    }
    report(what, now_us() - start_us, sim_flash_n_operations(bench->flash) - before);
    printf("    outcome: %s; %llu flash calls; %zu bytes of globals\n",
           sim_guest_outcome_text(result.outcome), (unsigned long long)result.n_flash_calls,
           sim_guest_state_bytes(guest));
    sim_guest_free(guest);
    return result.outcome == SIM_GUEST_RUNS;
}

static bool directly(struct bench *bench, const char *path, const char *what)
{
    struct object object = {.file = -1};
    struct bootloader_decision decision = {0};
    char why[300];

    if (!object_open(&object, path, NULL, 0, why, sizeof why)) {
        fprintf(stderr, "%s: %s\n", path, why);
        return false;
    }
    const struct bootloader_guest *entry = object_symbol(&object, BOOTLOADER_ENTRY_SYMBOL);
    uint64_t before = sim_flash_n_operations(bench->flash);
    double start_us = now_us();
    for (int i = 0; entry && i < N_BOOTS; i++) {
        sim_flash_restore(bench->flash, bench->start);
        object_rewind(&object);
        decision = (struct bootloader_decision){.n_bytes = sizeof decision};
        entry->boot(&bench->host, &decision);
    }
    report(what, now_us() - start_us, sim_flash_n_operations(bench->flash) - before);
    object_close(&object);
    return decision.verdict == BOOTLOADER_RUN;
}

static bool measure(struct bench *bench, const char *path, bool pending)
{
    bool good;

    bench->start = sim_flash_keep(bench->flash);
    good = bench->start &&
           directly(bench, path, pending ? "update, called directly:" : "plain boot, called directly:") &&
           by_runner(bench, path, pending ? "update, as a guest:" : "plain boot, as a guest:");
    sim_flash_content_free(bench->start);
    return good;
}

int main(int argc, char **argv)
{
    struct bench bench = {0};
    bool good;

    if (argc != 2) {
        fprintf(stderr, "usage: %s BOOTLOADER.so\n", argv[0]);
        return 2;
    }
    lay_out(&bench);
    good = put_image(&bench, &bench.boot.primary[0], 56, 1) &&
           put_image(&bench, &bench.boot.secondary[0], 58, 2) && measure(&bench, argv[1], false) &&
           sim_boot_set_pending(&bench.boot, bench.flash, 0, true) == SIM_OK &&
           measure(&bench, argv[1], true);
    sim_flash_free(bench.flash);
    return good ? 0 : 1;
}
