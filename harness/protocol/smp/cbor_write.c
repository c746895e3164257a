/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The bounded writer over libcbor's encoders. */
#include "protocol/smp/cbor.h"

#include <cbor.h>
#include <string.h>

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

size_t rig_cbor_head_bytes(uint64_t number)
{
    if (number < 24)
        return 1;
    if (number <= UINT8_MAX)
        return 2;
    if (number <= UINT16_MAX)
        return 3;
    return number <= UINT32_MAX ? 5 : 9;
}
