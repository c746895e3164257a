/* SPDX-License-Identifier: GPL-3.0-or-later */
/* As much CBOR as SMP wants. [SPEC RFC 8949] */
#include "firmware.h"

#define MAX_DEPTH 8u

static uint32_t read_value(struct reader *reader, uint8_t low)
{
    unsigned n_bytes = low < 24 ? 0 : low <= 27 ? 1u << (low - 24) : 0;
    uint32_t value = low < 24 || low > 27 ? low : 0;

    if ((low > 27 && low != 31) || (size_t)(reader->end - reader->at) < n_bytes) {
        reader->broken = true;
        return 0;
    }
    for (; n_bytes > 0; n_bytes--) {
        if (value >> 24)
            reader->broken = true; /* more than 32 bits: nothing here is so large */
        value = value << 8 | *reader->at++;
    }
    return value;
}

struct item cbor_next(struct reader *reader)
{
    struct item item = {.major = 7, .value = 31};
    uint8_t first;

    if (reader->broken || reader->at == reader->end) {
        reader->broken = true;
        return item;
    }
    first = *reader->at++;
    item.major = first >> 5;
    item.indefinite = (first & 31) == 31 && item.major != 7;
    item.value = read_value(reader, first & 31);
    if (item.major == 2 || item.major == 3) {
        item.bytes = reader->at;
        if (item.indefinite || item.value > (size_t)(reader->end - reader->at))
            reader->broken = true;
        else
            reader->at += item.value;
    }
    return item;
}

void cbor_skip(struct reader *reader, unsigned depth)
{
    struct item item = cbor_next(reader);
    uint32_t n_inside = item.major == 5 ? 2 * item.value : item.major == 4 ? item.value : item.major == 6;

    if (depth > MAX_DEPTH)
        reader->broken = true;
    if (item.indefinite) {
        while (!reader->broken && reader->at < reader->end && *reader->at != 0xff)
            cbor_skip(reader, depth + 1);
        cbor_next(reader);
        return;
    }
    for (uint32_t i = 0; i < n_inside && !reader->broken; i++)
        cbor_skip(reader, depth + 1);
}

static void put(struct writer *writer, uint8_t byte)
{
    if (writer->at < writer->end)
        *writer->at++ = byte;
}

void cbor_put(struct writer *writer, uint8_t major, uint32_t value)
{
    if (value < 24) {
        put(writer, (uint8_t)(major << 5 | value));
        return;
    }
    put(writer, (uint8_t)(major << 5 | 26));
    for (int shift = 24; shift >= 0; shift -= 8)
        put(writer, (uint8_t)(value >> shift));
}

void cbor_put_simple(struct writer *writer, uint8_t simple)
{
    put(writer, simple);
}

void cbor_put_text(struct writer *writer, const char *text)
{
    cbor_put_bytes(writer, 3, text, (uint32_t)text_length(text));
}

void cbor_put_bytes(struct writer *writer, uint8_t major, const void *bytes, uint32_t n_bytes)
{
    cbor_put(writer, major, n_bytes);
    for (uint32_t i = 0; i < n_bytes; i++)
        put(writer, ((const uint8_t *)bytes)[i]);
}
