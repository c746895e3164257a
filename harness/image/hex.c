/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Intel HEX reader (two passes: measure, then fill) and writer. */
#include "image/hex.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"

#define RECORD_MAX_BYTES (5u + 255u) /* length, address, type, contents, checksum */
#define ADDRESS_SPACE ((uint64_t)UINT32_MAX + 1)
#define WRITE_BYTES 16u
#define WRITE_LINE_BYTES (1u + 2u * (5u + WRITE_BYTES) + 1u)

enum record_type {
    RECORD_CONTENTS = 0,
    RECORD_END = 1,
    RECORD_SEGMENT = 2,
    RECORD_SEGMENT_START = 3,
    RECORD_LINEAR = 4,
    RECORD_LINEAR_START = 5,
};

/* One pass over the text. bytes and used are NULL in the first pass, which finds the span. */
struct reader {
    const char *text;
    size_t n_bytes, at, line;
    const char *why;
    uint32_t base; /* of records 02 and 04 */
    bool segmented, ended;
    uint8_t record[RECORD_MAX_BYTES];
    uint64_t from, to; /* what is outside is passed over */
    uint64_t low, high;
    uint8_t *bytes, *used; /* used: one bit for each byte */
    struct rig_hex *into;
    struct rig_hex_piece *pieces; /* NULL: they are not asked for */
    size_t n_pieces, max_pieces;
    uint32_t min_gap;
};

static bool refuse(struct reader *reader, const char *why)
{
    reader->why = why;
    return false;
}

static int digit(char character)
{
    if (character >= '0' && character <= '9')
        return character - '0';
    if (character >= 'A' && character <= 'F')
        return character - 'A' + 10;
    if (character >= 'a' && character <= 'f')
        return character - 'a' + 10;
    return -1;
}

static bool is_blank(char character)
{
    return character == ' ' || character == '\t' || character == '\r' || character == '\n';
}

bool rig_hex_looks_like(const void *text, size_t n_bytes)
{
    const char *at = text;

    while (n_bytes && is_blank(*at)) {
        at++;
        n_bytes--;
    }
    return n_bytes >= 3 && at[0] == ':' && digit(at[1]) >= 0 && digit(at[2]) >= 0;
}

/* The next line that is not empty, without blanks at its end. NULL at the end of the text. */
static const char *next_line(struct reader *reader, size_t *n_line)
{
    while (reader->at < reader->n_bytes) {
        const char *start = reader->text + reader->at;
        const char *feed = memchr(start, '\n', reader->n_bytes - reader->at);
        size_t n = feed ? (size_t)(feed - start) : reader->n_bytes - reader->at;

        reader->at += n + (feed ? 1 : 0);
        reader->line++;
        while (n && is_blank(start[n - 1]))
            n--;
        if (n) {
            *n_line = n;
            return start;
        }
    }
    return NULL;
}

static bool parse_line(struct reader *reader, const char *line, size_t n_line)
{
    size_t n = (n_line - 1) / 2;
    uint8_t sum = 0;

    if (line[0] != ':')
        return refuse(reader, "the line does not start with a colon");
    if (n_line % 2 == 0)
        return refuse(reader, "the line has an odd number of digits");
    if (n < 5 || n > RECORD_MAX_BYTES)
        return refuse(reader,
                      n < 5 ? "the line is too short for a record" : "the line is too long for a record");
    for (size_t i = 0; i < n; i++) {
        int high = digit(line[1 + 2 * i]), low = digit(line[2 + 2 * i]);

        if (high < 0 || low < 0)
            return refuse(reader, "the line has a character that is no hexadecimal digit");
        reader->record[i] = (uint8_t)(high << 4 | low);
        sum = (uint8_t)(sum + reader->record[i]);
    }
    if (reader->record[0] != n - 5)
        return refuse(reader, "the record's length does not match its line");
    return sum == 0 || refuse(reader, "the checksum is wrong");
}

static bool place(struct reader *reader, uint64_t address, const uint8_t *bytes, size_t n_bytes)
{
    uint64_t offset = address - reader->into->base_address;

    for (size_t i = 0; i < n_bytes; i++, offset++) {
        uint8_t mask = (uint8_t)(1u << (offset & 7));

        if (reader->used[offset / 8] & mask)
            return refuse(reader, "the record writes to an address that an earlier record has written to");
        reader->used[offset / 8] |= mask;
        reader->bytes[offset] = bytes[i];
    }
    return true;
}

/* The pieces stay in order, and no two of them touch. */
static bool add_piece(struct reader *reader, uint64_t from, uint64_t to)
{
    struct rig_hex_piece *pieces = reader->pieces;
    size_t at = reader->n_pieces, last;

    while (at > 0 && pieces[at - 1].end + reader->min_gap > from)
        at--;
    for (last = at; last < reader->n_pieces && pieces[last].address < to + reader->min_gap; last++) {
        from = pieces[last].address < from ? pieces[last].address : from;
        to = pieces[last].end > to ? pieces[last].end : to;
    }
    if (last == at && reader->n_pieces == reader->max_pieces)
        return refuse(reader, "the file has too many separate parts");
    memmove(pieces + at + 1, pieces + last, (reader->n_pieces - last) * sizeof *pieces);
    reader->n_pieces += 1 + at - last;
    pieces[at] = (struct rig_hex_piece){(uint32_t)from, to};
    return true;
}

static bool take_contents(struct reader *reader)
{
    uint32_t offset = rig_get_be16(reader->record + 1);
    size_t n_bytes = reader->record[0];
    uint64_t address = (uint64_t)reader->base + offset, end = address + n_bytes;
    uint64_t first = address > reader->from ? address : reader->from,
             last = end < reader->to ? end : reader->to;

    if (n_bytes == 0)
        return true;
    if (reader->segmented && offset + n_bytes > 0x10000)
        return refuse(reader, "the record runs past the end of its segment");
    if (end > ADDRESS_SPACE)
        return refuse(reader, "the record runs past the end of the address space");
    if (first >= last)
        return true;
    if (reader->pieces)
        return add_piece(reader, first, last);
    if (reader->bytes)
        return place(reader, first, reader->record + 4 + (first - address), (size_t)(last - first));
    if (first < reader->low)
        reader->low = first;
    if (last > reader->high)
        reader->high = last;
    return true;
}

static bool take_base(struct reader *reader, bool segmented)
{
    uint32_t value = rig_get_be16(reader->record + 4);

    if (reader->record[0] != 2)
        return refuse(reader, "an address record must hold two bytes");
    reader->segmented = segmented;
    reader->base = value << (segmented ? 4 : 16);
    return true;
}

static bool take_start(struct reader *reader)
{
    if (reader->record[0] != 4)
        return refuse(reader, "a start address record must hold four bytes");
    reader->into->has_start = true;
    reader->into->start = (uint32_t)rig_get_be16(reader->record + 4) << 16 | rig_get_be16(reader->record + 6);
    return true;
}

static bool take_record(struct reader *reader)
{
    switch (reader->record[3]) {
    case RECORD_CONTENTS:
        return take_contents(reader);
    case RECORD_END:
        reader->ended = true;
        return reader->record[0] == 0 || refuse(reader, "an end record must be empty");
    case RECORD_SEGMENT:
    case RECORD_LINEAR:
        return take_base(reader, reader->record[3] == RECORD_SEGMENT);
    case RECORD_SEGMENT_START:
    case RECORD_LINEAR_START:
        return take_start(reader);
    default:
        return refuse(reader, "the record type is unknown");
    }
}

static bool read_all(struct reader *reader)
{
    const char *line;
    size_t n_line;

    reader->at = reader->line = 0;
    reader->base = 0;
    reader->segmented = reader->ended = false;
    while ((line = next_line(reader, &n_line))) {
        if (reader->ended)
            return refuse(reader, "there is something after the end record");
        if (!parse_line(reader, line, n_line) || !take_record(reader))
            return false;
    }
    if (!reader->ended)
        return refuse(reader, "the end record is missing: the file was cut short");
    return true;
}

static bool allocate(struct reader *reader, uint32_t max_bytes, uint8_t erased)
{
    uint64_t span = reader->high > reader->low ? reader->high - reader->low : 0;

    reader->line = 0;
    if (span == 0)
        return refuse(reader, "the file holds no bytes");
    if (span > max_bytes)
        return refuse(reader, "the addresses are spread over more bytes than allowed");
    reader->bytes = malloc((size_t)span);
    reader->used = calloc((size_t)(span / 8 + 1), 1);
    if (!reader->bytes || !reader->used)
        return refuse(reader, "out of memory");
    memset(reader->bytes, erased, (size_t)span);
    reader->into->base_address = (uint32_t)reader->low;
    reader->into->contents = (struct rig_bytes){reader->bytes, (size_t)span};
    return true;
}

bool rig_hex_read(const void *text, size_t n_bytes, uint32_t max_bytes, uint8_t erased, struct rig_hex *into,
                  struct rig_hex_fault *fault)
{
    return rig_hex_read_within(text, n_bytes, 0, ADDRESS_SPACE, max_bytes, erased, into, fault);
}

bool rig_hex_read_within(const void *text, size_t n_bytes, uint32_t from, uint64_t to, uint32_t max_bytes,
                         uint8_t erased, struct rig_hex *into, struct rig_hex_fault *fault)
{
    struct reader reader = {
        .text = text, .n_bytes = n_bytes, .from = from, .to = to, .low = UINT64_MAX, .into = into};
    bool done;

    *into = (struct rig_hex){0};
    done = read_all(&reader) && allocate(&reader, max_bytes, erased) && read_all(&reader);
    free(reader.used);
    if (done)
        return true;
    free(reader.bytes);
    *into = (struct rig_hex){0};
    *fault = (struct rig_hex_fault){reader.line, reader.why};
    return false;
}

bool rig_hex_pieces(const void *text, size_t n_bytes, uint32_t min_gap, struct rig_hex_piece *into,
                    size_t max, size_t *n_pieces, struct rig_hex_fault *fault)
{
    struct rig_hex unused = {0};
    struct reader reader = {.text = text,
                            .n_bytes = n_bytes,
                            .to = ADDRESS_SPACE,
                            .into = &unused,
                            .pieces = into,
                            .max_pieces = max,
                            .min_gap = min_gap};
    bool done = read_all(&reader);

    *n_pieces = reader.n_pieces;
    *fault = (struct rig_hex_fault){reader.line, reader.why};
    return done;
}

static size_t put_record(uint8_t *into, enum record_type type, uint16_t offset, const uint8_t *bytes,
                         size_t n_bytes)
{
    static const char digits[] = "0123456789ABCDEF";
    uint8_t record[5 + WRITE_BYTES] = {(uint8_t)n_bytes, (uint8_t)(offset >> 8), (uint8_t)offset,
                                       (uint8_t)type};
    uint8_t sum = 0;
    size_t at = 0;

    if (n_bytes)
        memcpy(record + 4, bytes, n_bytes);
    for (size_t i = 0; i < 4 + n_bytes; i++)
        sum = (uint8_t)(sum + record[i]);
    record[4 + n_bytes] = (uint8_t)(0x100 - sum);
    into[at++] = ':';
    for (size_t i = 0; i < 5 + n_bytes; i++) {
        into[at++] = (uint8_t)digits[record[i] >> 4];
        into[at++] = (uint8_t)digits[record[i] & 15];
    }
    into[at++] = '\n';
    return at;
}

bool rig_hex_write(const uint8_t *bytes, size_t n_bytes, uint32_t base_address, struct rig_bytes *text)
{
    /* One line for each 16 bytes, one address line for each 64 KiB, each cut in two by a base that is not
     * aligned. */
    size_t n_lines = n_bytes / WRITE_BYTES + 2 * (n_bytes / 0x10000) + 8;
    uint32_t upper = 0;

    *text = (struct rig_bytes){0};
    if (n_bytes > (uint64_t)UINT32_MAX + 1 - base_address)
        return false;
    text->bytes = malloc(n_lines * WRITE_LINE_BYTES);
    if (!text->bytes)
        return false;
    for (size_t at = 0; at < n_bytes;) {
        uint32_t address = base_address + (uint32_t)at, room = 0x10000 - (address & 0xffff);
        size_t n = n_bytes - at < WRITE_BYTES ? n_bytes - at : WRITE_BYTES;
        uint8_t high[2] = {(uint8_t)(address >> 24), (uint8_t)(address >> 16)};

        n = n < room ? n : room;
        if (address >> 16 != upper)
            text->n_bytes += put_record(text->bytes + text->n_bytes, RECORD_LINEAR, 0, high, sizeof high);
        upper = address >> 16;
        text->n_bytes +=
            put_record(text->bytes + text->n_bytes, RECORD_CONTENTS, (uint16_t)address, bytes + at, n);
        at += n;
    }
    text->n_bytes += put_record(text->bytes + text->n_bytes, RECORD_END, 0, NULL, 0);
    return true;
}
