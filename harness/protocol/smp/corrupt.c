/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Corrupts answers by cutting their bytes and putting them together anew. */
#include "protocol/smp/corrupt.h"

#include "protocol/smp/cbor.h"

#include <string.h>

const char *const rig_smp_corruption_names[RIG_SMP_N_CORRUPTIONS + 1] = {
    [RIG_CORRUPT_OP] = "wrong-op",
    [RIG_CORRUPT_GROUP] = "wrong-group",
    [RIG_CORRUPT_COMMAND] = "wrong-command",
    [RIG_CORRUPT_SEQUENCE] = "wrong-sequence",
    [RIG_CORRUPT_VERSION] = "version-3",
    [RIG_CORRUPT_FLAGS] = "flags-set",
    [RIG_CORRUPT_LENGTH_SHORT] = "length-short",
    [RIG_CORRUPT_LENGTH_LONG] = "length-long",
    [RIG_CORRUPT_CUT] = "cut-short",
    [RIG_CORRUPT_NO_BODY] = "no-body",
    [RIG_CORRUPT_NO_CBOR] = "no-cbor",
    [RIG_CORRUPT_EMPTY_MAP] = "empty-map",
    [RIG_CORRUPT_ARRAY] = "array",
    [RIG_CORRUPT_NUMBER_AS_KEY] = "number-as-key",
    [RIG_CORRUPT_BEHIND] = "bytes-behind",
    [RIG_CORRUPT_MISSING] = "missing-key",
    [RIG_CORRUPT_TYPE] = "wrong-type",
    [RIG_CORRUPT_TWICE] = "key-twice",
    [RIG_CORRUPT_RC_BESIDE] = "rc-beside",
    [RIG_CORRUPT_ERR_BESIDE] = "err-beside",
    [RIG_CORRUPT_ERR_EMPTY] = "err-empty",
    [RIG_CORRUPT_ERR_ZERO] = "err-zero",
    [RIG_CORRUPT_RC_TEXT] = "rc-as-text",
    [RIG_CORRUPT_NUMBER] = "other-number",
    [RIG_CORRUPT_NUL] = "nul-behind",
    [RIG_CORRUPT_TEXT] = "other-text",
    [RIG_CORRUPT_SHORT_BYTES] = "short-bytes",
    [RIG_CORRUPT_OTHER_BYTES] = "other-bytes",
    [RIG_CORRUPT_FLAG] = "other-flag",
    [RIG_CORRUPT_MATCH_FALSE] = "match-false",
    [RIG_CORRUPT_MANY_ENTRIES] = "many-entries",
    [RIG_CORRUPT_ENTRY_TWICE] = "entry-twice",
    [RIG_CORRUPT_OLDER] = "older-answer",
    [RIG_CORRUPT_UNKNOWN_KEY] = "unknown-key",
    [RIG_CORRUPT_RC_ZERO] = "rc-zero",
    [RIG_CORRUPT_VERSION_0] = "version-0",
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

static size_t corrupt_header(const struct rig_smp_corruption *corruption, uint8_t *message, size_t n_bytes)
{
    struct rig_smp_header header;

    rig_smp_header_decode(message, &header);
    switch ((int)corruption->kind) {
    case RIG_CORRUPT_OP:
        header.op = header.op == RIG_SMP_READ_RSP ? RIG_SMP_WRITE_RSP : RIG_SMP_READ_RSP;
        break;
    case RIG_CORRUPT_GROUP:
        header.group ^= 1;
        break;
    case RIG_CORRUPT_COMMAND:
        header.command ^= 2;
        break;
    case RIG_CORRUPT_SEQUENCE:
        header.sequence = (uint8_t)(header.sequence + 100);
        break;
    case RIG_CORRUPT_VERSION:
    case RIG_CORRUPT_VERSION_0:
        header.version = corruption->kind == RIG_CORRUPT_VERSION ? 3 : 0;
        break;
    case RIG_CORRUPT_FLAGS:
        header.flags = 0x81;
        break;
    case RIG_CORRUPT_LENGTH_SHORT:
        header.length--;
        break;
    case RIG_CORRUPT_LENGTH_LONG:
        header.length++;
        break;
    case RIG_CORRUPT_CUT:
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

static void put_other_bytes(struct rig_cbor_writer *writer, const struct rig_smp_corruption *corruption,
                            const struct rig_cbor_item *item)
{
    uint8_t bytes[256];
    size_t n_bytes = item->n_bytes < sizeof bytes - 2 ? item->n_bytes : sizeof bytes - 2;

    if (n_bytes == 0) {
        writer->overflow = true;
        return;
    }
    memcpy(bytes, item->bytes, n_bytes);
    if (corruption->kind == RIG_CORRUPT_NUL) {
        bytes[n_bytes++] = '\0';
        bytes[n_bytes++] = 'x';
    } else if (corruption->kind == RIG_CORRUPT_SHORT_BYTES) {
        n_bytes--;
    } else {
        bytes[0] ^= corruption->kind == RIG_CORRUPT_TEXT ? 1 : 0x10;
    }
    if (item->kind == RIG_CBOR_TEXT)
        rig_cbor_put_text_bytes(writer, bytes, n_bytes);
    else
        rig_cbor_put_bytes(writer, bytes, n_bytes);
}

/* false: the value is not of a kind that could be corrupted so. */
static bool put_value(struct rig_cbor_writer *writer, const struct rig_smp_corruption *corruption,
                      const struct rig_cbor_item *item)
{
    bool text = corruption->kind == RIG_CORRUPT_NUL || corruption->kind == RIG_CORRUPT_TEXT;

    switch ((int)corruption->kind) {
    case RIG_CORRUPT_TYPE:
        put_other_type(writer, item);
        return true;
    case RIG_CORRUPT_NUMBER:
        rig_cbor_put_uint(writer, corruption->number);
        return item->kind == RIG_CBOR_UINT;
    case RIG_CORRUPT_FLAG:
        rig_cbor_put_bool(writer, !item->number);
        return item->kind == RIG_CBOR_BOOL;
    default:
        put_other_bytes(writer, corruption, item);
        return item->kind == (text ? RIG_CBOR_TEXT : RIG_CBOR_BYTES);
    }
}

static size_t corrupt_key(const struct rig_smp_corruption *corruption, const uint8_t *answer, size_t n_answer,
                          uint8_t *into, size_t room)
{
    struct rig_cbor_writer writer = {.bytes = into, .room = room};
    struct place place;

    if (!find_key(answer, n_answer, corruption->key, &place))
        return 0;
    if (corruption->kind == RIG_CORRUPT_TWICE)
        return with_pair(answer, n_answer, answer + place.key, place.end - place.key, into, room);
    put(&writer, answer, place.value);
    if (corruption->kind == RIG_CORRUPT_MISSING) {
        put(&writer, answer + place.value, n_answer - place.value);
        if (!writer.overflow)
            into[place.value - 1] ^= 0x20;
        return finish(&writer, answer);
    }
    if (!put_value(&writer, corruption, &place.item))
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
static size_t corrupt_list(const struct rig_smp_corruption *corruption, const uint8_t *answer,
                           size_t n_answer, uint8_t *into, size_t room)
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
    if (corruption->kind == RIG_CORRUPT_MANY_ENTRIES) {
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

static size_t corrupt_body(const struct rig_smp_corruption *corruption, const uint8_t *answer,
                           size_t n_answer, uint8_t *into, size_t room)
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
        enum rig_smp_corruption_kind kind;
        const uint8_t *bytes;
        size_t n_bytes;
        bool pair;
    } rows[] = {
        {RIG_CORRUPT_NO_BODY, no_cbor, 0, false},
        {RIG_CORRUPT_NO_CBOR, no_cbor, sizeof no_cbor, false},
        {RIG_CORRUPT_EMPTY_MAP, empty_map, sizeof empty_map, false},
        {RIG_CORRUPT_ARRAY, array, sizeof array, false},
        {RIG_CORRUPT_ERR_EMPTY, err_empty, sizeof err_empty, false},
        {RIG_CORRUPT_ERR_ZERO, err_zero, sizeof err_zero, false},
        {RIG_CORRUPT_RC_TEXT, rc_text, sizeof rc_text, false},
        {RIG_CORRUPT_NUMBER_AS_KEY, number_key, sizeof number_key, true},
        {RIG_CORRUPT_RC_BESIDE, rc_one, sizeof rc_one, true},
        {RIG_CORRUPT_ERR_BESIDE, err_zero + 1, sizeof err_zero - 1, true},
        {RIG_CORRUPT_MATCH_FALSE, match, sizeof match, true},
        {RIG_CORRUPT_UNKNOWN_KEY, unknown, sizeof unknown, true},
        {RIG_CORRUPT_RC_ZERO, rc_zero, sizeof rc_zero, true},
    };
    size_t n_bytes = 0;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (rows[i].kind == corruption->kind)
            n_bytes = rows[i].pair ? with_pair(answer, n_answer, rows[i].bytes, rows[i].n_bytes, into, room)
                                   : other_body(answer, rows[i].bytes, rows[i].n_bytes, into, room);
    }
    /* err of rc 1: the last number before the end of the map. */
    if (n_bytes > 0 && corruption->kind == RIG_CORRUPT_ERR_BESIDE)
        into[n_bytes - 2] = 0x01;
    return n_bytes;
}

size_t rig_smp_corrupt(const struct rig_smp_corruption *corruption, const uint8_t *answer, size_t n_answer,
                       uint8_t *into, size_t room)
{
    if (n_answer < RIG_SMP_HEADER_BYTES || room < n_answer + 1)
        return 0;
    if (corruption->kind <= RIG_CORRUPT_CUT || corruption->kind == RIG_CORRUPT_VERSION_0) {
        memcpy(into, answer, n_answer);
        return corrupt_header(corruption, into, n_answer);
    }
    switch ((int)corruption->kind) {
    case RIG_CORRUPT_BEHIND: {
        struct rig_cbor_writer writer = {.bytes = into, .room = room};

        put(&writer, answer, n_answer);
        rig_cbor_put_uint(&writer, 0);
        return finish(&writer, answer);
    }
    case RIG_CORRUPT_MISSING:
    case RIG_CORRUPT_TYPE:
    case RIG_CORRUPT_TWICE:
    case RIG_CORRUPT_NUMBER:
    case RIG_CORRUPT_NUL:
    case RIG_CORRUPT_TEXT:
    case RIG_CORRUPT_SHORT_BYTES:
    case RIG_CORRUPT_OTHER_BYTES:
    case RIG_CORRUPT_FLAG:
        return corrupt_key(corruption, answer, n_answer, into, room);
    case RIG_CORRUPT_MANY_ENTRIES:
    case RIG_CORRUPT_ENTRY_TWICE:
        return corrupt_list(corruption, answer, n_answer, into, room);
    default:
        return corrupt_body(corruption, answer, n_answer, into, room);
    }
}
