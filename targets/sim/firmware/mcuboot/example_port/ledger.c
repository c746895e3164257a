/* SPDX-License-Identifier: Apache-2.0 */
/* The whole bootloader: its ledger, its look at images, the boot flow and the swap. */
#include "ledger.h"

#include <string.h>

#define MAGIC_BYTES 16u
#define CHUNK_BYTES 1024u
#define STEPS_PER_SECTOR 3u
#define MAX_SECTORS (UINT16_MAX / STEPS_PER_SECTOR)

/* --- the ledger: two sectors, of which the one with the higher generation counts; when it is full the last
 * record moves to the other one --- */

#define MAX_UNIT_BYTES 32u

/* Each record is the whole state; the last valid one counts. */
enum book_state { BOOK_EMPTY, BOOK_SWAPPING = 'S', BOOK_DONE = 'D' };
enum swap_kind { SWAP_TRIAL = 1, SWAP_FOR_GOOD = 2, SWAP_BACK = 3 };
struct book_record {
    uint8_t state; /* enum book_state */
    uint8_t kind;  /* enum swap_kind */
    uint16_t n_sectors;
    uint16_t n_steps; /* done */
    uint16_t zero;
    uint32_t generation; /* of the ledger's sector */
    uint32_t check;      /* CRC-32 of the above */
};

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

static void book_open(const struct ledger_part *part, struct book_record *last)
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

static void book_add(const struct ledger_part *part, const struct book_record *record)
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

/* --- is there a whole image? MCUboot's format: header of 32 bytes, payload, protected TLVs, TLVs; the hash
 * covers all but the last --- */

#define IMAGE_MAGIC 0x96f3b83du
#define TLV_MAGIC 0x6907u
#define TLV_SHA256 0x10u
#define TLV_INFO_BYTES 4u

static uint32_t u16_of(const uint8_t *bytes)
{
    return bytes[0] | (uint32_t)bytes[1] << 8;
}

static uint32_t u32_of(const uint8_t *bytes)
{
    return u16_of(bytes) | u16_of(bytes + 2) << 16;
}

/* Header, payload and protected TLVs; 0: no header that could be. */
static uint32_t hashed_bytes(enum ledger_area slot, uint32_t most)
{
    uint8_t header[32];

    port_read(slot, 0, header, sizeof header);
    if (u32_of(header) != IMAGE_MAGIC || u16_of(header + 8) < sizeof header || u32_of(header + 12) > most)
        return 0;
    return u16_of(header + 8) + u32_of(header + 12) + u16_of(header + 10);
}

static bool has_hash(enum ledger_area slot, uint32_t at, uint32_t end, const uint8_t digest[32])
{
    uint8_t entry[4], stored[32];

    while (at + sizeof entry <= end) {
        port_read(slot, at, entry, sizeof entry);
        at += (uint32_t)sizeof entry;
        if (u16_of(entry) == TLV_SHA256 && u16_of(entry + 2) == sizeof stored && at + sizeof stored <= end) {
            port_read(slot, at, stored, sizeof stored);
            return memcmp(stored, digest, sizeof stored) == 0;
        }
        at += u16_of(entry + 2);
    }
    return false;
}

/* The size of the image at the start of a slot if it is whole, up to `most`; 0 if not. */
static uint32_t image_check(enum ledger_area slot, uint32_t most)
{
    uint32_t hashed = hashed_bytes(slot, most);
    uint8_t tlv_header[TLV_INFO_BYTES], digest[32];

    if (hashed == 0 || hashed + sizeof tlv_header > most)
        return 0;
    port_read(slot, hashed, tlv_header, sizeof tlv_header);
    uint32_t end = hashed + u16_of(tlv_header + 2);
    if (u16_of(tlv_header) != TLV_MAGIC || end > most)
        return 0;
    port_sha256(slot, 0, hashed, digest);
    return has_hash(slot, hashed + TLV_INFO_BYTES, end, digest) ? end : 0;
}

/* --- the boot flow and the swap: each step may be done again from its start; what it reads is not touched
 * before its record is written --- */

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
