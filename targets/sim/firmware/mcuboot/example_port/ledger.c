/* SPDX-License-Identifier: Apache-2.0 */
/* The boot flow and the swap. Each step may be done again from its start: what it reads is not touched before
 * its record is written. */
#include "ledger.h"

#include <string.h>

#define MAGIC_BYTES 16u
#define CHUNK_BYTES 1024u
#define STEPS_PER_SECTOR 3u
#define MAX_SECTORS (UINT16_MAX / STEPS_PER_SECTOR)

static uint8_t chunk[CHUNK_BYTES];

static uint32_t max_align(const struct ledger_part *part)
{
    return part->write_bytes > 8 ? part->write_bytes : 8;
}

static void make_magic(const struct ledger_part *part, uint8_t magic[MAGIC_BYTES])
{
    static const uint8_t for_8[MAGIC_BYTES] = {0x77, 0xc2, 0x95, 0xf3, 0x60, 0xd2, 0xef, 0x7f,
                                               0x35, 0x52, 0x50, 0x0f, 0x2c, 0xb6, 0x79, 0x80};
    static const uint8_t for_more[MAGIC_BYTES - 2] = {0x2d, 0xe1, 0x5d, 0x29, 0x41, 0x0b, 0x8d,
                                                      0x77, 0x67, 0x9c, 0x11, 0x0f, 0x1f, 0x8a};

    memcpy(magic, for_8, MAGIC_BYTES);
    if (max_align(part) > 8) {
        magic[0] = (uint8_t)max_align(part);
        magic[1] = 0;
        memcpy(magic + 2, for_more, sizeof for_more);
    }
}

static uint32_t image_ok_offset(const struct ledger_part *part)
{
    return (part->slot_bytes - MAGIC_BYTES - max_align(part)) / max_align(part) * max_align(part);
}

static bool has_magic(const struct ledger_part *part, enum ledger_area slot)
{
    uint8_t wanted[MAGIC_BYTES], found[MAGIC_BYTES];

    make_magic(part, wanted);
    port_read(slot, part->slot_bytes - MAGIC_BYTES, found, sizeof found);
    return memcmp(wanted, found, sizeof found) == 0;
}

static bool has_image_ok(const struct ledger_part *part, enum ledger_area slot)
{
    uint8_t flag;

    port_read(slot, image_ok_offset(part), &flag, 1);
    return flag == 1;
}

static void write_trailer(const struct ledger_part *part, bool confirmed)
{
    uint32_t unit = max_align(part);
    uint32_t n_bytes = MAGIC_BYTES > unit ? MAGIC_BYTES : unit;
    uint8_t bytes[32];

    if (confirmed) {
        memset(bytes, part->erased, sizeof bytes);
        bytes[0] = 1;
        port_write(LEDGER_SLOT_0, image_ok_offset(part), bytes, unit);
    }
    memset(bytes, part->erased, sizeof bytes);
    make_magic(part, bytes + n_bytes - MAGIC_BYTES);
    port_write(LEDGER_SLOT_0, part->slot_bytes - n_bytes, bytes, n_bytes);
}

static void erase_trailer(const struct ledger_part *part, enum ledger_area slot)
{
    port_erase(slot, part->slot_bytes - part->sector_bytes, part->sector_bytes);
}

static void move_sector(const struct ledger_part *part, enum ledger_area from, uint32_t from_sector,
                        enum ledger_area to, uint32_t to_sector)
{
    uint32_t n_bytes = part->sector_bytes < CHUNK_BYTES ? part->sector_bytes : CHUNK_BYTES;

    port_erase(to, to_sector * part->sector_bytes, part->sector_bytes);
    for (uint32_t at = 0; at < part->sector_bytes; at += n_bytes) {
        port_read(from, from_sector * part->sector_bytes + at, chunk, n_bytes);
        port_write(to, to_sector * part->sector_bytes + at, chunk, n_bytes);
    }
}

static void do_step(const struct ledger_part *part, uint32_t step)
{
    uint32_t sector = step / STEPS_PER_SECTOR;

    switch (step % STEPS_PER_SECTOR) {
    case 0:
        move_sector(part, LEDGER_SLOT_0, sector, LEDGER_WORK, 0);
        break;
    case 1:
        move_sector(part, LEDGER_SLOT_1, sector, LEDGER_SLOT_0, sector);
        break;
    default:
        move_sector(part, LEDGER_WORK, 0, LEDGER_SLOT_1, sector);
        break;
    }
}

/* From wherever the record says to the end. */
static void swap(const struct ledger_part *part, struct book_record *record)
{
    LEDGER_ASSERT(record->n_sectors > 0 && record->n_sectors < part->slot_bytes / part->sector_bytes);
    port_say("swap %s: %u of %u steps are done",
             record->kind == SWAP_BACK    ? "back"
             : record->kind == SWAP_TRIAL ? "for a trial"
                                          : "for good",
             record->n_steps, record->n_sectors * STEPS_PER_SECTOR);
    while (record->n_steps < record->n_sectors * STEPS_PER_SECTOR) {
        do_step(part, record->n_steps);
        record->n_steps++;
        book_add(part, record);
    }
    erase_trailer(part, LEDGER_SLOT_0);
    write_trailer(part, record->kind != SWAP_TRIAL);
    erase_trailer(part, LEDGER_SLOT_1);
    record->state = BOOK_DONE;
    book_add(part, record);
}

static void begin(const struct ledger_part *part, enum swap_kind kind, uint32_t n_sectors)
{
    struct book_record record = {
        .state = BOOK_SWAPPING, .kind = (uint8_t)kind, .n_sectors = (uint16_t)n_sectors};

    book_add(part, &record);
    swap(part, &record);
}

static uint32_t max_image_bytes(const struct ledger_part *part)
{
    uint32_t n_sectors = part->slot_bytes / part->sector_bytes - 1;

    return (n_sectors < MAX_SECTORS ? n_sectors : MAX_SECTORS) * part->sector_bytes;
}

static void take_update(const struct ledger_part *part)
{
    uint32_t n_new = image_check(LEDGER_SLOT_1, max_image_bytes(part));
    uint32_t n_old = image_check(LEDGER_SLOT_0, max_image_bytes(part));
    uint32_t n_larger = n_new > n_old ? n_new : n_old;

    if (n_new == 0) {
        port_say("the image in slot 1 is not whole: refused");
        erase_trailer(part, LEDGER_SLOT_1);
        return;
    }
    begin(part, has_image_ok(part, LEDGER_SLOT_1) ? SWAP_FOR_GOOD : SWAP_TRIAL,
          (n_larger + part->sector_bytes - 1) / part->sector_bytes);
}

bool ledger_boot(const struct ledger_part *part)
{
    struct book_record last;

    book_open(part, &last);
    if (last.state == BOOK_SWAPPING)
        swap(part, &last);
    else if (last.state == BOOK_DONE && last.kind == SWAP_TRIAL && !has_image_ok(part, LEDGER_SLOT_0))
        begin(part, SWAP_BACK, last.n_sectors);
    else if (has_magic(part, LEDGER_SLOT_1))
        take_update(part);
    return image_check(LEDGER_SLOT_0, max_image_bytes(part)) != 0;
}
