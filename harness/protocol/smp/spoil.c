/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Spoils answers by cutting their bytes and putting them together anew. */
#include "protocol/smp/spoil.h"

#include "protocol/smp/cbor.h"

#include <string.h>

const char *const rig_smp_spoil_names[RIG_SMP_N_SPOILS + 1] = {
    [RIG_SPOIL_OP] = "wrong-op",
    [RIG_SPOIL_GROUP] = "wrong-group",
    [RIG_SPOIL_COMMAND] = "wrong-command",
    [RIG_SPOIL_SEQUENCE] = "wrong-sequence",
    [RIG_SPOIL_VERSION] = "version-3",
    [RIG_SPOIL_FLAGS] = "flags-set",
    [RIG_SPOIL_LENGTH_SHORT] = "length-short",
    [RIG_SPOIL_LENGTH_LONG] = "length-long",
    [RIG_SPOIL_CUT] = "cut-short",
    [RIG_SPOIL_NO_BODY] = "no-body",
    [RIG_SPOIL_NO_CBOR] = "no-cbor",
    [RIG_SPOIL_EMPTY_MAP] = "empty-map",
    [RIG_SPOIL_ARRAY] = "array",
    [RIG_SPOIL_NUMBER_AS_KEY] = "number-as-key",
    [RIG_SPOIL_BEHIND] = "bytes-behind",
    [RIG_SPOIL_MISSING] = "missing-key",
    [RIG_SPOIL_TYPE] = "wrong-type",
    [RIG_SPOIL_TWICE] = "key-twice",
    [RIG_SPOIL_RC_BESIDE] = "rc-beside",
    [RIG_SPOIL_ERR_BESIDE] = "err-beside",
    [RIG_SPOIL_ERR_EMPTY] = "err-empty",
    [RIG_SPOIL_ERR_ZERO] = "err-zero",
    [RIG_SPOIL_RC_TEXT] = "rc-as-text",
    [RIG_SPOIL_NUMBER] = "other-number",
    [RIG_SPOIL_NUL] = "nul-behind",
    [RIG_SPOIL_TEXT] = "other-text",
    [RIG_SPOIL_SHORT_BYTES] = "short-bytes",
    [RIG_SPOIL_OTHER_BYTES] = "other-bytes",
    [RIG_SPOIL_FLAG] = "other-flag",
    [RIG_SPOIL_MATCH_FALSE] = "match-false",
    [RIG_SPOIL_MANY_ENTRIES] = "many-entries",
    [RIG_SPOIL_ENTRY_TWICE] = "entry-twice",
    [RIG_SPOIL_OLDER] = "older-answer",
    [RIG_SPOIL_UNKNOWN_KEY] = "unknown-key",
    [RIG_SPOIL_RC_ZERO] = "rc-zero",
    [RIG_SPOIL_VERSION_0] = "version-0",
};

static void put(struct rig_cbor_writer *writer, const uint8_t *bytes, size_t n_bytes)
{
    if (writer->overflow || n_bytes > writer->room - writer->n_bytes) {
        writer->overflow = true;
        return;
    }
    if (n_bytes > 0)
        memcpy(writer->bytes + writer->n_bytes, bytes, n_bytes);
    writer->n_bytes += n_bytes;
}

/* The answer with another body, the header counting it. */
static size_t finish(struct rig_cbor_writer *writer, const uint8_t *answer)
{
    struct rig_smp_header header;

    if (writer->overflow || writer->n_bytes > UINT16_MAX)
        return 0;
    rig_smp_header_decode(answer, &header);
    header.length = (uint16_t)(writer->n_bytes - RIG_SMP_HEADER_BYTES);
    rig_smp_header_encode(&header, writer->bytes);
    return writer->n_bytes;
}

static size_t spoil_header(const struct rig_smp_spoil *spoil, uint8_t *message, size_t n_bytes)
{
    struct rig_smp_header header;

    rig_smp_header_decode(message, &header);
    switch ((int)spoil->kind) {
    case RIG_SPOIL_OP:
        header.op = header.op == RIG_SMP_READ_RSP ? RIG_SMP_WRITE_RSP : RIG_SMP_READ_RSP;
        break;
    case RIG_SPOIL_GROUP:
        header.group ^= 1;
        break;
    case RIG_SPOIL_COMMAND:
        header.command ^= 2;
        break;
    case RIG_SPOIL_SEQUENCE:
        header.sequence = (uint8_t)(header.sequence + 100);
        break;
    case RIG_SPOIL_VERSION:
    case RIG_SPOIL_VERSION_0:
        header.version = spoil->kind == RIG_SPOIL_VERSION ? 3 : 0;
        break;
    case RIG_SPOIL_FLAGS:
        header.flags = 0x81;
        break;
    case RIG_SPOIL_LENGTH_SHORT:
        header.length--;
        break;
    case RIG_SPOIL_LENGTH_LONG:
        header.length++;
        break;
    case RIG_SPOIL_CUT:
        return 5;
    default:
        return 0;
    }
    rig_smp_header_encode(&header, message);
    return n_bytes;
}

static size_t other_body(const uint8_t *answer, const uint8_t *body, size_t n_body, uint8_t *into,
                         size_t room)
{
    struct rig_cbor_writer writer = {.bytes = into, .room = room};

    put(&writer, answer, RIG_SMP_HEADER_BYTES);
    put(&writer, body, n_body);
    return finish(&writer, answer);
}

/* The pairs of the body's map, without its head and end. */
static bool find_pairs(const uint8_t *answer, size_t n_answer, struct rig_cbor_reader *pairs)
{
    struct rig_cbor_reader reader = {.at = answer + RIG_SMP_HEADER_BYTES,
                                     .n_left = n_answer - RIG_SMP_HEADER_BYTES};
    struct rig_cbor_item map;

    if (!rig_cbor_next(&reader, &map) || map.kind != RIG_CBOR_MAP || (map.indefinite && reader.n_left == 0))
        return false;
    *pairs = reader;
    pairs->n_left -= map.indefinite;
    return true;
}

static size_t with_pair(const uint8_t *answer, size_t n_answer, const uint8_t *pair, size_t n_pair,
                        uint8_t *into, size_t room)
{
    struct rig_cbor_writer writer = {.bytes = into, .room = room};
    struct rig_cbor_reader pairs;

    if (!find_pairs(answer, n_answer, &pairs))
        return 0;
    put(&writer, answer, RIG_SMP_HEADER_BYTES);
    rig_cbor_put_open_map(&writer);
    put(&writer, pairs.at, pairs.n_left);
    put(&writer, pair, n_pair);
    rig_cbor_put_break(&writer);
    return finish(&writer, answer);
}

/* Where a key and its value lie in the answer. */
struct place {
    size_t key, value, end;
    struct rig_cbor_item item; /* the value's head */
};

/* Heads follow each other through all levels: a text of that name before a value is the key. */
static bool find_key(const uint8_t *answer, size_t n_answer, const char *name, struct place *place)
{
    struct rig_cbor_reader reader;
    struct rig_cbor_item key;

    if (!find_pairs(answer, n_answer, &reader))
        return false;
    for (;;) {
        place->key = (size_t)(reader.at - answer);
        if (!rig_cbor_next(&reader, &key))
            return false;
        place->value = (size_t)(reader.at - answer);
        if (key.kind != RIG_CBOR_TEXT || (name && !rig_cbor_text_is(&key, name)))
            continue;
        if (!rig_cbor_next(&reader, &place->item) || !rig_cbor_skip(&reader, &place->item))
            return false;
        place->end = (size_t)(reader.at - answer);
        return true;
    }
}

static void put_other_type(struct rig_cbor_writer *writer, const struct rig_cbor_item *item)
{
    if (item->kind == RIG_CBOR_TEXT)
        rig_cbor_put_bytes(writer, item->bytes, item->n_bytes);
    else if (item->kind == RIG_CBOR_BYTES)
        rig_cbor_put_text_bytes(writer, item->bytes, item->n_bytes);
    else if (item->kind == RIG_CBOR_ARRAY)
        rig_cbor_put_map(writer, 0);
    else
        rig_cbor_put_text(writer, "0");
}

static void put_other_bytes(struct rig_cbor_writer *writer, const struct rig_smp_spoil *spoil,
                            const struct rig_cbor_item *item)
{
    uint8_t bytes[256];
    size_t n_bytes = item->n_bytes < sizeof bytes - 2 ? item->n_bytes : sizeof bytes - 2;

    if (n_bytes == 0) {
        writer->overflow = true;
        return;
    }
    memcpy(bytes, item->bytes, n_bytes);
    if (spoil->kind == RIG_SPOIL_NUL) {
        bytes[n_bytes++] = '\0';
        bytes[n_bytes++] = 'x';
    } else if (spoil->kind == RIG_SPOIL_SHORT_BYTES) {
        n_bytes--;
    } else {
        bytes[0] ^= spoil->kind == RIG_SPOIL_TEXT ? 1 : 0x10;
    }
    if (item->kind == RIG_CBOR_TEXT)
        rig_cbor_put_text_bytes(writer, bytes, n_bytes);
    else
        rig_cbor_put_bytes(writer, bytes, n_bytes);
}

/* false: the value is not of a kind that could be spoilt so. */
static bool put_value(struct rig_cbor_writer *writer, const struct rig_smp_spoil *spoil,
                      const struct rig_cbor_item *item)
{
    bool text = spoil->kind == RIG_SPOIL_NUL || spoil->kind == RIG_SPOIL_TEXT;

    switch ((int)spoil->kind) {
    case RIG_SPOIL_TYPE:
        put_other_type(writer, item);
        return true;
    case RIG_SPOIL_NUMBER:
        rig_cbor_put_uint(writer, spoil->number);
        return item->kind == RIG_CBOR_UINT;
    case RIG_SPOIL_FLAG:
        rig_cbor_put_bool(writer, !item->number);
        return item->kind == RIG_CBOR_BOOL;
    default:
        put_other_bytes(writer, spoil, item);
        return item->kind == (text ? RIG_CBOR_TEXT : RIG_CBOR_BYTES);
    }
}

static size_t spoil_key(const struct rig_smp_spoil *spoil, const uint8_t *answer, size_t n_answer,
                        uint8_t *into, size_t room)
{
    struct rig_cbor_writer writer = {.bytes = into, .room = room};
    struct place place;

    if (!find_key(answer, n_answer, spoil->key, &place))
        return 0;
    if (spoil->kind == RIG_SPOIL_TWICE)
        return with_pair(answer, n_answer, answer + place.key, place.end - place.key, into, room);
    put(&writer, answer, place.value);
    if (spoil->kind == RIG_SPOIL_MISSING) {
        put(&writer, answer + place.value, n_answer - place.value);
        if (!writer.overflow)
            into[place.value - 1] ^= 0x20;
        return finish(&writer, answer);
    }
    if (!put_value(&writer, spoil, &place.item))
        return 0;
    put(&writer, answer + place.end, n_answer - place.end);
    return finish(&writer, answer);
}

static void put_empty_slots(struct rig_cbor_writer *writer)
{
    for (unsigned i = 0; i < 40; i++) {
        rig_cbor_put_open_map(writer);
        rig_cbor_put_text(writer, "image");
        rig_cbor_put_uint(writer, 10 + i / 2);
        rig_cbor_put_text(writer, "slot");
        rig_cbor_put_uint(writer, i % 2);
        rig_cbor_put_text(writer, "version");
        rig_cbor_put_text(writer, "0.0.0");
        rig_cbor_put_break(writer);
    }
}

/* A list with more entries than there were. */
static size_t spoil_list(const struct rig_smp_spoil *spoil, const uint8_t *answer, size_t n_answer,
                         uint8_t *into, size_t room)
{
    struct rig_cbor_writer writer = {.bytes = into, .room = room};
    struct rig_cbor_reader reader;
    struct rig_cbor_item item, entry;
    struct place place;
    size_t last;

    if (!find_key(answer, n_answer, "images", &place) || place.item.kind != RIG_CBOR_ARRAY)
        return 0;
    last = place.end - place.item.indefinite;
    reader = (struct rig_cbor_reader){.at = answer + place.value, .n_left = n_answer - place.value};
    if (!rig_cbor_next(&reader, &item))
        return 0;
    put(&writer, answer, place.value);
    rig_cbor_put_open_array(&writer);
    put(&writer, reader.at, (size_t)(answer + last - reader.at));
    if (spoil->kind == RIG_SPOIL_MANY_ENTRIES) {
        put_empty_slots(&writer);
    } else {
        const uint8_t *first = reader.at;

        if (!rig_cbor_next(&reader, &entry) || entry.kind != RIG_CBOR_MAP || !rig_cbor_skip(&reader, &entry))
            return 0;
        put(&writer, first, (size_t)(reader.at - first));
    }
    rig_cbor_put_break(&writer);
    put(&writer, answer + place.end, n_answer - place.end);
    return finish(&writer, answer);
}

static size_t spoil_body(const struct rig_smp_spoil *spoil, const uint8_t *answer, size_t n_answer,
                         uint8_t *into, size_t room)
{
    static const uint8_t no_cbor[] = {0xff, 0x00, 0x1f}, empty_map[] = {0xa0}, array[] = {0x80};
    static const uint8_t err_empty[] = {0xa1, 0x63, 'e', 'r', 'r', 0xa0};
    static const uint8_t err_zero[] = {0xa1, 0x63, 'e', 'r',  'r',  0xa2, 0x65, 'g', 'r',
                                       'o',  'u',  'p', 0x01, 0x62, 'r',  'c',  0x00};
    static const uint8_t rc_text[] = {0xa1, 0x62, 'r', 'c', 0x62, 'n', 'o'};
    static const uint8_t number_key[] = {0x01, 0x01}, rc_zero[] = {0x62, 'r', 'c', 0x00};
    static const uint8_t rc_one[] = {0x62, 'r', 'c', 0x01}, unknown[] = {0x63, 'x', 'y', 'z', 0x01};
    static const uint8_t match[] = {0x65, 'm', 'a', 't', 'c', 'h', 0xf4};
    static const struct {
        enum rig_smp_spoil_kind kind;
        const uint8_t *bytes;
        size_t n_bytes;
        bool pair;
    } rows[] = {
        {RIG_SPOIL_NO_BODY, no_cbor, 0, false},
        {RIG_SPOIL_NO_CBOR, no_cbor, sizeof no_cbor, false},
        {RIG_SPOIL_EMPTY_MAP, empty_map, sizeof empty_map, false},
        {RIG_SPOIL_ARRAY, array, sizeof array, false},
        {RIG_SPOIL_ERR_EMPTY, err_empty, sizeof err_empty, false},
        {RIG_SPOIL_ERR_ZERO, err_zero, sizeof err_zero, false},
        {RIG_SPOIL_RC_TEXT, rc_text, sizeof rc_text, false},
        {RIG_SPOIL_NUMBER_AS_KEY, number_key, sizeof number_key, true},
        {RIG_SPOIL_RC_BESIDE, rc_one, sizeof rc_one, true},
        {RIG_SPOIL_ERR_BESIDE, err_zero + 1, sizeof err_zero - 1, true},
        {RIG_SPOIL_MATCH_FALSE, match, sizeof match, true},
        {RIG_SPOIL_UNKNOWN_KEY, unknown, sizeof unknown, true},
        {RIG_SPOIL_RC_ZERO, rc_zero, sizeof rc_zero, true},
    };
    size_t n_bytes = 0;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (rows[i].kind == spoil->kind)
            n_bytes = rows[i].pair ? with_pair(answer, n_answer, rows[i].bytes, rows[i].n_bytes, into, room)
                                   : other_body(answer, rows[i].bytes, rows[i].n_bytes, into, room);
    }
    /* err of rc 1: the last number before the end of the map. */
    if (n_bytes > 0 && spoil->kind == RIG_SPOIL_ERR_BESIDE)
        into[n_bytes - 2] = 0x01;
    return n_bytes;
}

size_t rig_smp_spoil(const struct rig_smp_spoil *spoil, const uint8_t *answer, size_t n_answer, uint8_t *into,
                     size_t room)
{
    if (n_answer < RIG_SMP_HEADER_BYTES || room < n_answer + 1)
        return 0;
    if (spoil->kind <= RIG_SPOIL_CUT || spoil->kind == RIG_SPOIL_VERSION_0) {
        memcpy(into, answer, n_answer);
        return spoil_header(spoil, into, n_answer);
    }
    switch ((int)spoil->kind) {
    case RIG_SPOIL_BEHIND: {
        struct rig_cbor_writer writer = {.bytes = into, .room = room};

        put(&writer, answer, n_answer);
        rig_cbor_put_uint(&writer, 0);
        return finish(&writer, answer);
    }
    case RIG_SPOIL_MISSING:
    case RIG_SPOIL_TYPE:
    case RIG_SPOIL_TWICE:
    case RIG_SPOIL_NUMBER:
    case RIG_SPOIL_NUL:
    case RIG_SPOIL_TEXT:
    case RIG_SPOIL_SHORT_BYTES:
    case RIG_SPOIL_OTHER_BYTES:
    case RIG_SPOIL_FLAG:
        return spoil_key(spoil, answer, n_answer, into, room);
    case RIG_SPOIL_MANY_ENTRIES:
    case RIG_SPOIL_ENTRY_TWICE:
        return spoil_list(spoil, answer, n_answer, into, room);
    default:
        return spoil_body(spoil, answer, n_answer, into, room);
    }
}
