/* SPDX-License-Identifier: Apache-2.0 */
/* The ledger: two sectors, of which the one with the higher generation counts. When it is full the last
 * record moves to the other one. */
#include "ledger.h"

#include <string.h>

#define MAX_UNIT_BYTES 32u

/* Statics are what bootloaders have: the bench sets them back at every boot. */
static uint32_t current_sector; /* 1 or 2 */
static uint32_t next_offset;    /* within it */
static uint32_t generation;

static uint32_t crc32_of(const void *bytes, size_t n_bytes)
{
    const uint8_t *at = bytes;
    uint32_t crc = 0xffffffffu;

    while (n_bytes-- > 0) {
        crc ^= *at++;
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
    }
    return ~crc;
}

static uint32_t unit_bytes(const struct ledger_part *part)
{
    return part->write_bytes > sizeof(struct book_record) ? part->write_bytes
                                                          : (uint32_t)sizeof(struct book_record);
}

static bool is_erased(const struct ledger_part *part, const uint8_t *bytes, uint32_t n_bytes)
{
    for (uint32_t i = 0; i < n_bytes; i++)
        if (bytes[i] != part->erased)
            return false;
    return true;
}

/* The last valid record, and the end of what is written. A torn record is neither valid nor free: it is
 * passed over. */
static bool scan(const struct ledger_part *part, uint32_t sector, struct book_record *last, uint32_t *end)
{
    uint32_t unit = unit_bytes(part);
    uint8_t bytes[MAX_UNIT_BYTES];
    bool found = false;

    *end = 0;
    for (uint32_t at = 0; at + unit <= part->sector_bytes; at += unit) {
        struct book_record record;

        port_read(LEDGER_WORK, sector * part->sector_bytes + at, bytes, unit);
        if (is_erased(part, bytes, unit))
            continue;
        *end = at + unit;
        memcpy(&record, bytes, sizeof record);
        if (record.check != crc32_of(&record, offsetof(struct book_record, check)))
            continue;
        *last = record;
        found = true;
    }
    return found;
}

void book_open(const struct ledger_part *part, struct book_record *last)
{
    struct book_record record;
    uint32_t end;

    memset(last, 0, sizeof *last);
    for (uint32_t sector = 1; sector <= 2; sector++) {
        if (!scan(part, sector, &record, &end) || record.generation <= generation)
            continue;
        generation = record.generation;
        current_sector = sector;
        next_offset = end;
        *last = record;
    }
}

static void append(const struct ledger_part *part, const struct book_record *record)
{
    uint8_t bytes[MAX_UNIT_BYTES];
    struct book_record whole = *record;

    whole.zero = 0;
    whole.generation = generation;
    whole.check = crc32_of(&whole, offsetof(struct book_record, check));
    memset(bytes, part->erased, sizeof bytes);
    memcpy(bytes, &whole, sizeof whole);
    port_write(LEDGER_WORK, current_sector * part->sector_bytes + next_offset, bytes, unit_bytes(part));
    next_offset += unit_bytes(part);
}

void book_add(const struct ledger_part *part, const struct book_record *record)
{
    if (current_sector == 0 || next_offset + unit_bytes(part) > part->sector_bytes) {
        /* Until the record below is written whole, the full sector counts. */
        current_sector = current_sector == 1 ? 2 : 1;
        next_offset = 0;
        generation++;
        port_erase(LEDGER_WORK, current_sector * part->sector_bytes, part->sector_bytes);
    }
    append(part, record);
}
