/* SPDX-License-Identifier: GPL-3.0-or-later */
/* CBOR over libcbor: a pull reader, one call of the streaming decoder per item, and a bounded writer. */
#include "protocol/smp/cbor.h"

#include <cbor.h>
#include <string.h>

/* --- reading --- */

/* Of an item's first byte [RFC 8949 3]. */
#define ADDITIONAL_BITS 0x1fu
#define EIGHT_BYTES_FOLLOW 27u
#define SIMPLE_VALUES 0xe0u

static void set_item(void *item_at, enum rig_cbor_kind kind, uint64_t number)
{
    struct rig_cbor_item *item = item_at;

    item->kind = kind;
    item->number = number;
}

static void on_uint8(void *item, uint8_t value)
{
    set_item(item, RIG_CBOR_UINT, value);
}

static void on_uint16(void *item, uint16_t value)
{
    set_item(item, RIG_CBOR_UINT, value);
}

static void on_uint32(void *item, uint32_t value)
{
    set_item(item, RIG_CBOR_UINT, value);
}

static void on_uint64(void *item, uint64_t value)
{
    set_item(item, RIG_CBOR_UINT, value);
}

static void on_negative8(void *item, uint8_t value)
{
    set_item(item, RIG_CBOR_NEGATIVE, value);
}

static void on_negative16(void *item, uint16_t value)
{
    set_item(item, RIG_CBOR_NEGATIVE, value);
}

static void on_negative32(void *item, uint32_t value)
{
    set_item(item, RIG_CBOR_NEGATIVE, value);
}

static void on_negative64(void *item, uint64_t value)
{
    set_item(item, RIG_CBOR_NEGATIVE, value);
}

static void set_string(void *item_at, enum rig_cbor_kind kind, const unsigned char *bytes, size_t n_bytes)
{
    struct rig_cbor_item *item = item_at;

    item->kind = kind;
    item->bytes = bytes;
    item->n_bytes = n_bytes;
}

static void on_bytes(void *item, const unsigned char *bytes, size_t n_bytes)
{
    set_string(item, RIG_CBOR_BYTES, bytes, n_bytes);
}

static void on_text(void *item, const unsigned char *bytes, size_t n_bytes)
{
    set_string(item, RIG_CBOR_TEXT, bytes, n_bytes);
}

static void set_indefinite(void *item_at, enum rig_cbor_kind kind)
{
    struct rig_cbor_item *item = item_at;

    item->kind = kind;
    item->indefinite = true;
}

static void on_pieces(void *item)
{
    set_indefinite(item, RIG_CBOR_PIECES);
}

static void on_open_array(void *item)
{
    set_indefinite(item, RIG_CBOR_ARRAY);
}

static void on_open_map(void *item)
{
    set_indefinite(item, RIG_CBOR_MAP);
}

static void on_array(void *item, size_t n_items)
{
    set_item(item, RIG_CBOR_ARRAY, n_items);
}

static void on_map(void *item, size_t n_pairs)
{
    set_item(item, RIG_CBOR_MAP, n_pairs);
}

static void on_tag(void *item, uint64_t value)
{
    set_item(item, RIG_CBOR_TAG, value);
}

static void on_float(void *item, float value)
{
    (void)value;
    set_item(item, RIG_CBOR_OTHER, 0);
}

static void on_double(void *item, double value)
{
    (void)value;
    set_item(item, RIG_CBOR_OTHER, 0);
}

static void on_other(void *item)
{
    set_item(item, RIG_CBOR_OTHER, 0);
}

static void on_bool(void *item, bool value)
{
    set_item(item, RIG_CBOR_BOOL, value);
}

static void on_break(void *item)
{
    set_item(item, RIG_CBOR_BREAK, 0);
}

static const struct cbor_callbacks callbacks = {
    .uint8 = on_uint8,
    .uint16 = on_uint16,
    .uint32 = on_uint32,
    .uint64 = on_uint64,
    .negint8 = on_negative8,
    .negint16 = on_negative16,
    .negint32 = on_negative32,
    .negint64 = on_negative64,
    .byte_string_start = on_pieces,
    .byte_string = on_bytes,
    .string = on_text,
    .string_start = on_pieces,
    .indef_array_start = on_open_array,
    .array_start = on_array,
    .indef_map_start = on_open_map,
    .map_start = on_map,
    .tag = on_tag,
    .float2 = on_float,
    .float4 = on_float,
    .float8 = on_double,
    .undefined = on_other,
    .null = on_other,
    .boolean = on_bool,
    .indef_break = on_break,
};

bool rig_cbor_next(struct rig_cbor_reader *reader, struct rig_cbor_item *item)
{
    *item = (struct rig_cbor_item){.kind = RIG_CBOR_OTHER};
    if (reader->n_left == 0)
        return false;

    struct cbor_decoder_result result = cbor_stream_decode(reader->at, reader->n_left, &callbacks, item);

    item->wide = *reader->at < SIMPLE_VALUES && (*reader->at & ADDITIONAL_BITS) == EIGHT_BYTES_FOLLOW;
    if (result.status != CBOR_DECODER_FINISHED || result.read == 0 || result.read > reader->n_left)
        return false;
    reader->at += result.read;
    reader->n_left -= result.read;
    return true;
}

struct rig_cbor_run rig_cbor_open(const struct rig_cbor_item *item)
{
    return (struct rig_cbor_run){.indefinite = item->indefinite, .n_left = item->number};
}

enum rig_cbor_step rig_cbor_step(struct rig_cbor_reader *reader, struct rig_cbor_run *run)
{
    if (!run->indefinite)
        return run->n_left-- > 0 ? RIG_CBOR_MORE : RIG_CBOR_END;
    if (reader->n_left == 0)
        return RIG_CBOR_BAD;
    if (reader->at[0] != 0xff)
        return RIG_CBOR_MORE;
    reader->at++;
    reader->n_left--;
    return RIG_CBOR_END;
}

/* Opens what item contains; false when it cannot fit what is left of the input. */
static bool push(struct rig_cbor_run *run, const struct rig_cbor_reader *reader,
                 const struct rig_cbor_item *item)
{
    *run = rig_cbor_open(item);
    if (item->kind == RIG_CBOR_TAG)
        run->n_left = 1;
    if (!run->indefinite && run->n_left > reader->n_left)
        return false;
    if (item->kind == RIG_CBOR_MAP)
        run->n_left *= 2;
    return true;
}

static bool contains(enum rig_cbor_kind kind)
{
    return kind == RIG_CBOR_ARRAY || kind == RIG_CBOR_MAP || kind == RIG_CBOR_TAG || kind == RIG_CBOR_PIECES;
}

bool rig_cbor_skip(struct rig_cbor_reader *reader, const struct rig_cbor_item *item)
{
    struct rig_cbor_run runs[RIG_CBOR_MAX_DEPTH];
    unsigned depth = 0;
    struct rig_cbor_item inner = *item;

    if (inner.kind == RIG_CBOR_BREAK)
        return false;
    if (contains(inner.kind) && !push(&runs[depth++], reader, &inner))
        return false;
    while (depth > 0) {
        enum rig_cbor_step step = rig_cbor_step(reader, &runs[depth - 1]);

        if (step == RIG_CBOR_BAD)
            return false;
        if (step == RIG_CBOR_END) {
            depth--;
            continue;
        }
        if (!rig_cbor_next(reader, &inner) || inner.kind == RIG_CBOR_BREAK)
            return false;
        if (contains(inner.kind) && (depth == RIG_CBOR_MAX_DEPTH || !push(&runs[depth++], reader, &inner)))
            return false;
    }
    return true;
}

bool rig_cbor_text_is(const struct rig_cbor_item *item, const char *text)
{
    return item->kind == RIG_CBOR_TEXT && item->n_bytes == strlen(text) &&
           memcmp(item->bytes, text, item->n_bytes) == 0;
}

void rig_cbor_text_copy(const struct rig_cbor_item *item, bool printable, char *text, size_t room)
{
    size_t n_bytes = item->n_bytes < room - 1 ? item->n_bytes : room - 1;

    for (size_t i = 0; i < n_bytes; i++) {
        uint8_t byte = item->bytes[i];

        text[i] = (char)(printable && (byte < 0x20 || byte > 0x7e) ? '?' : byte);
    }
    text[n_bytes] = '\0';
}

/* --- writing --- */

static uint8_t *place(const struct rig_cbor_writer *writer)
{
    return writer->bytes + writer->n_bytes;
}

static size_t room(const struct rig_cbor_writer *writer)
{
    return writer->overflow ? 0 : writer->room - writer->n_bytes;
}

static void written(struct rig_cbor_writer *writer, size_t n_bytes)
{
    if (n_bytes == 0)
        writer->overflow = true;
    else
        writer->n_bytes += n_bytes;
}

void rig_cbor_put_map(struct rig_cbor_writer *writer, size_t n_pairs)
{
    written(writer, cbor_encode_map_start(n_pairs, place(writer), room(writer)));
}

void rig_cbor_put_open_map(struct rig_cbor_writer *writer)
{
    written(writer, cbor_encode_indef_map_start(place(writer), room(writer)));
}

void rig_cbor_put_open_array(struct rig_cbor_writer *writer)
{
    written(writer, cbor_encode_indef_array_start(place(writer), room(writer)));
}

void rig_cbor_put_break(struct rig_cbor_writer *writer)
{
    written(writer, cbor_encode_break(place(writer), room(writer)));
}

void rig_cbor_put_uint(struct rig_cbor_writer *writer, uint64_t value)
{
    written(writer, cbor_encode_uint(value, place(writer), room(writer)));
}

void rig_cbor_put_int(struct rig_cbor_writer *writer, int64_t value)
{
    if (value >= 0)
        rig_cbor_put_uint(writer, (uint64_t)value);
    else
        written(writer, cbor_encode_negint((uint64_t)(-1 - value), place(writer), room(writer)));
}

void rig_cbor_put_bool(struct rig_cbor_writer *writer, bool value)
{
    written(writer, cbor_encode_bool(value, place(writer), room(writer)));
}

static void put_raw(struct rig_cbor_writer *writer, const uint8_t *bytes, size_t n_bytes)
{
    if (room(writer) < n_bytes) {
        writer->overflow = true;
        return;
    }
    if (n_bytes > 0)
        memcpy(place(writer), bytes, n_bytes);
    writer->n_bytes += n_bytes;
}

void rig_cbor_put_text_bytes(struct rig_cbor_writer *writer, const uint8_t *text, size_t n_bytes)
{
    written(writer, cbor_encode_string_start(n_bytes, place(writer), room(writer)));
    put_raw(writer, text, n_bytes);
}

void rig_cbor_put_text(struct rig_cbor_writer *writer, const char *text)
{
    rig_cbor_put_text_bytes(writer, (const uint8_t *)text, strlen(text));
}

void rig_cbor_put_bytes(struct rig_cbor_writer *writer, const uint8_t *bytes, size_t n_bytes)
{
    written(writer, cbor_encode_bytestring_start(n_bytes, place(writer), room(writer)));
    put_raw(writer, bytes, n_bytes);
}
