/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Copies within the flash, and the MBR, which copies the bootloader. */
#include "sim/firmware/nordic/secure/loader.h"

#include "base/bytes.h"

#include <stdlib.h>
#include <string.h>

bool secure_ranges_are_equal(struct secure *secure, uint32_t a, uint32_t b, uint32_t n_bytes)
{
    uint8_t of_a[256], of_b[256];
    while (n_bytes > 0) {
        uint32_t n_now = n_bytes < sizeof of_a ? n_bytes : (uint32_t)sizeof of_a;
        if (!secure_read(secure, a, of_a, n_now) || !secure_read(secure, b, of_b, n_now) ||
            memcmp(of_a, of_b, n_now) != 0)
            return false;
        a += n_now;
        b += n_now;
        n_bytes -= n_now;
    }
    return true;
}

/* --- the MBR: what it writes into its parameter page is its own affair; this is the model's form --- */

#define COPY_MAGIC 0x4d425243u
#define COPY_RECORD_BYTES 16u

static void write_copy_record(struct secure *secure, uint32_t from, uint32_t n_words)
{
    uint8_t record[COPY_RECORD_BYTES];
    uint32_t page = secure->config->map.parameter_page_at;
    rig_put_le32(record, COPY_MAGIC);
    rig_put_le32(record + 4, from);
    rig_put_le32(record + 8, n_words);
    rig_put_le32(record + 12, rig_nordic_crc32(0, record, 12));
    secure_erase(secure, page, 1);
    secure_write(secure, page, record, sizeof record);
}

static bool read_copy_record(struct secure *secure, uint32_t *from, uint32_t *n_bytes)
{
    const struct sim_nordic_map *map = &secure->config->map;
    uint8_t record[COPY_RECORD_BYTES];
    if (map->parameter_page_at == 0 || !secure_read(secure, map->parameter_page_at, record, sizeof record) ||
        rig_get_le32(record) != COPY_MAGIC || rig_get_le32(record + 12) != rig_nordic_crc32(0, record, 12))
        return false;
    *from = rig_get_le32(record + 4);
    *n_bytes = 4 * rig_get_le32(record + 8);
    return *n_bytes <= map->bootloader_bytes && *from < map->bootloader_at;
}

/* Page by page through RAM, as long as the flash lets it. */
void secure_copy(struct secure *secure, uint32_t to, uint32_t from, uint32_t n_bytes)
{
    uint8_t *bytes = malloc(secure->config->map.page_bytes);
    if (bytes == NULL)
        secure->fault = "no memory";
    while (n_bytes > 0 && !secure_stopped(secure)) {
        uint32_t n_now = n_bytes < secure->config->map.page_bytes ? n_bytes : secure->config->map.page_bytes;
        if (secure_read(secure, from, bytes, rig_round_up(n_now, 4)))
            secure_write(secure, to, bytes, n_now);
        to += n_now;
        from += n_now;
        n_bytes -= n_now;
    }
    free(bytes);
}

uint32_t secure_pages_of(const struct secure *secure, uint32_t n_bytes)
{
    return n_bytes / secure->config->map.page_bytes + (n_bytes % secure->config->map.page_bytes != 0);
}

static void copy_bootloader(struct secure *secure, uint32_t from, uint32_t n_bytes)
{
    secure_erase(secure, secure->config->map.bootloader_at, secure_pages_of(secure, n_bytes));
    secure_copy(secure, secure->config->map.bootloader_at, from, n_bytes);
}

void secure_ask_mbr(struct secure *secure, uint32_t from, uint32_t n_bytes)
{
    if (secure->config->map.parameter_page_at != 0)
        write_copy_record(secure, from, n_bytes / 4);
    else /* nRF51: at once, and lost where it is cut */
        copy_bootloader(secure, from, n_bytes);
}

void secure_run_mbr(struct secure *secure)
{
    uint32_t from, n_bytes;
    if (!read_copy_record(secure, &from, &n_bytes))
        return;
    copy_bootloader(secure, from, n_bytes);
    secure_erase(secure, secure->config->map.parameter_page_at, 1);
}
