/* SPDX-License-Identifier: Apache-2.0 */
/* A small bootloader of its own, ported to bootrig: the secondary slot is copied over the primary one; there
 * is no way back. A request is a record at the start of the secondary's last sector, with the CRC of the
 * image that it was made for. */
#include "bootloader_abi.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define IMAGE_MAGIC 0x96f3b83du
#define REQUEST_BYTES 32u /* covers every write alignment */
#define CHUNK_BYTES 1024u

static const char request_text[REQUEST_BYTES] = "install the image in this slot";

/* A port keeps its variables: bootrig puts them back before every boot. */
static unsigned n_boots;

static uint32_t word_at(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

static bool read_at(const struct rig_services *flash, uint32_t area, uint32_t offset, void *into,
                    uint32_t n_bytes)
{
    return flash->read(flash->harness, area, offset, into, n_bytes) == 0;
}

static uint32_t crc_of(uint32_t crc, const uint8_t *bytes, uint32_t n_bytes)
{
    for (uint32_t i = 0; i < n_bytes; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++) {
            crc = crc >> 1 ^ (0xedb88320u & -(crc & 1u));
        }
    }
    return crc;
}

/* Header, payload and tags of an MCUboot image; 0: there is none. */
static uint32_t image_bytes(const struct rig_services *flash, uint32_t area)
{
    uint8_t header[32];
    uint8_t tags[4];
    if (!read_at(flash, area, 0, header, sizeof header) || word_at(header) != IMAGE_MAGIC) {
        return 0;
    }
    uint64_t end = (uint64_t)(header[8] | header[9] << 8) + word_at(header + 12) +
                   (uint64_t)(header[10] | header[11] << 8);
    if (end > flash->areas[area].n_bytes || !read_at(flash, area, (uint32_t)end, tags, sizeof tags) ||
        tags[0] != 0x07 || tags[1] != 0x69) {
        return 0;
    }
    end += (uint64_t)(tags[2] | tags[3] << 8);
    return end <= flash->areas[area].n_bytes ? (uint32_t)end : 0;
}

/* A real bootloader checks a signature here. The verdict is asked for by content, so that it is computed once
 * per image. */
static uint32_t fingerprint(const struct rig_services *flash, uint32_t area, uint32_t n_bytes)
{
    uint8_t chunk[CHUNK_BYTES];
    uint32_t crc;
    if (flash->recall(flash->harness, area, 0, n_bytes, 1, &crc) == 0) {
        return crc;
    }
    crc = 0xffffffffu;
    for (uint32_t done = 0; done < n_bytes; done += CHUNK_BYTES) {
        uint32_t n_now = n_bytes - done < CHUNK_BYTES ? n_bytes - done : CHUNK_BYTES;
        if (!read_at(flash, area, done, chunk, n_now)) {
            return 0;
        }
        crc = crc_of(crc, chunk, n_now);
    }
    flash->remember(flash->harness, area, 0, n_bytes, 1, crc);
    return crc;
}

static bool request_place(const struct rig_services *flash, uint32_t *start, uint32_t *n_bytes)
{
    return flash->sector(flash->harness, RIG_AREA_SECONDARY, flash->areas[RIG_AREA_SECONDARY].n_bytes - 1,
                         start, n_bytes) == 0;
}

/* The request carries the fingerprint of the image that it was made for: an image that changed since is not
 * installed. */
static void make_request(uint8_t request[REQUEST_BYTES], uint32_t crc)
{
    memcpy(request, request_text, REQUEST_BYTES);
    for (unsigned i = 0; i < 4; i++) {
        request[REQUEST_BYTES - 1 - i] = (uint8_t)(crc >> (8 * i));
    }
}

static bool is_requested(const struct rig_services *flash)
{
    uint8_t seen[REQUEST_BYTES], wanted[REQUEST_BYTES];
    uint32_t start, n_sector;
    uint32_t n_image = image_bytes(flash, RIG_AREA_SECONDARY);
    if (n_image == 0 || !request_place(flash, &start, &n_sector) || n_image > start ||
        !read_at(flash, RIG_AREA_SECONDARY, start, seen, sizeof seen)) {
        return false;
    }
    make_request(wanted, fingerprint(flash, RIG_AREA_SECONDARY, n_image));
    return memcmp(seen, wanted, sizeof seen) == 0;
}

/* All is erased before anything is copied: a copy that is cut and begun anew leaves few different contents
 * behind, and so less to go wrong. */
static void copy_image(const struct rig_services *flash)
{
    uint8_t chunk[CHUNK_BYTES];
    uint32_t n_bytes = flash->areas[RIG_AREA_PRIMARY].n_bytes;
    flash->erase(flash->harness, RIG_AREA_PRIMARY, 0, n_bytes);
    for (uint32_t done = 0; done < n_bytes; done += CHUNK_BYTES) {
        uint32_t n_now = n_bytes - done < CHUNK_BYTES ? n_bytes - done : CHUNK_BYTES;
        if (!read_at(flash, RIG_AREA_SECONDARY, done, chunk, n_now)) {
            return;
        }
        flash->write(flash->harness, RIG_AREA_PRIMARY, done, chunk, n_now);
    }
}

static void retire_request(const struct rig_services *flash)
{
    uint32_t start, n_sector;
    if (request_place(flash, &start, &n_sector)) {
        flash->erase(flash->harness, RIG_AREA_SECONDARY, start, n_sector);
    }
}

#if defined(EXAMPLE_OVERFLOWS)
static int dig(volatile int depth)
{
    volatile char room[4096];
    room[0] = (char)depth;
    return dig(depth + 1) + room[0];
}
#endif

/* The mistakes: each strikes where a power cut left primary without an image. */
static void make_mistake(void)
{
#if defined(EXAMPLE_CRASHES)
    *(volatile int *)0 = 1;
#elif defined(EXAMPLE_LOOPS)
    for (volatile unsigned i = 0;; i++) {
    }
#elif defined(EXAMPLE_ABORTS)
    abort();
#elif defined(EXAMPLE_OVERFLOWS)
    n_boots = (unsigned)dig(0);
#endif
}

void rig_bootloader_about(struct rig_about *about)
{
    *about = (struct rig_about){.abi_version = RIG_BOOTLOADER_ABI_VERSION, .flags = 0};
}

void rig_bootloader_boot(const struct rig_services *services, struct rig_decision *decision)
{
    n_boots++;
#if defined(EXAMPLE_REMEMBERS)
    /* Wrong unless variables are put back: a second boot in the same life finds nothing to do. */
    if (n_boots > 1) {
        return;
    }
#endif
    if (image_bytes(services, RIG_AREA_PRIMARY) == 0) {
        make_mistake();
    }
    if (is_requested(services)) {
#if defined(EXAMPLE_RETIRES_FIRST)
        retire_request(services);
        copy_image(services);
#else
        copy_image(services);
        retire_request(services);
#endif
    }
    if (image_bytes(services, RIG_AREA_PRIMARY) != 0) {
        *decision = (struct rig_decision){.what = RIG_DECISION_RUN, .area = RIG_AREA_PRIMARY, .offset = 0};
    }
}

int rig_bootloader_mark(const struct rig_services *services, int permanent)
{
    uint8_t seen[REQUEST_BYTES], request[REQUEST_BYTES];
    uint32_t start, n_sector;
    uint32_t n_image = image_bytes(services, RIG_AREA_SECONDARY);
    (void)permanent;
    if (n_image == 0 || !request_place(services, &start, &n_sector) || n_image > start ||
        !read_at(services, RIG_AREA_SECONDARY, start, seen, sizeof seen)) {
        return -1;
    }
    /* Half a request of an earlier try is in the way. */
    for (unsigned i = 0; i < REQUEST_BYTES; i++) {
        if (seen[i] != services->areas[RIG_AREA_SECONDARY].erased) {
            services->erase(services->harness, RIG_AREA_SECONDARY, start, n_sector);
            break;
        }
    }
    make_request(request, fingerprint(services, RIG_AREA_SECONDARY, n_image));
    return services->write(services->harness, RIG_AREA_SECONDARY, start, request, REQUEST_BYTES);
}

int rig_bootloader_confirm(const struct rig_services *services)
{
    (void)services;
    return 0;
}
