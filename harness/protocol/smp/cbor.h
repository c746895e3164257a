/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A pull reader and a bounded writer over libcbor's streaming decoder and encoders: nothing is allocated,
 * whatever lengths a peer claims. */
#ifndef RIG_PROTOCOL_SMP_CBOR_H
#define RIG_PROTOCOL_SMP_CBOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum rig_cbor_kind {
    RIG_CBOR_UINT,
    RIG_CBOR_NEGATIVE, /* number holds -1 - value, as on the wire */
    RIG_CBOR_BYTES,
    RIG_CBOR_TEXT,
    RIG_CBOR_PIECES, /* start of an indefinite-length byte or text string */
    RIG_CBOR_ARRAY,
    RIG_CBOR_MAP,
    RIG_CBOR_TAG,
    RIG_CBOR_BOOL,
    RIG_CBOR_OTHER, /* null, undefined, floats */
    RIG_CBOR_BREAK,
};
struct rig_cbor_item {
    enum rig_cbor_kind kind;
    bool indefinite;      /* of arrays, maps, pieces */
    bool wide;            /* number or length takes 8 bytes, whatever its value */
    uint64_t number;      /* integer; bool 0/1; items of an array, pairs of a map */
    const uint8_t *bytes; /* of BYTES and TEXT: borrowed from the input */
    size_t n_bytes;
};
struct rig_cbor_reader {
    const uint8_t *at;
    size_t n_left;
};
/* Deepest nesting that skip() follows; anything deeper is refused. */
#define RIG_CBOR_MAX_DEPTH 8

/* The next item head (strings come whole). false: cut short or not CBOR. */
bool rig_cbor_next(struct rig_cbor_reader *reader, struct rig_cbor_item *item);
/* Passes over what belongs to an item that next() has just delivered. false: cut short, not CBOR, or too
 * deep. */
bool rig_cbor_skip(struct rig_cbor_reader *reader, const struct rig_cbor_item *item);

/* Iteration over an open array or map. */
struct rig_cbor_run {
    bool indefinite;
    uint64_t n_left;
};
struct rig_cbor_run rig_cbor_open(const struct rig_cbor_item *item);
enum rig_cbor_step { RIG_CBOR_MORE, RIG_CBOR_END, RIG_CBOR_BAD };
/* Is there another element (of an array) or pair (of a map)? Consumes the break of the indefinite form. */
enum rig_cbor_step rig_cbor_step(struct rig_cbor_reader *reader, struct rig_cbor_run *run);

bool rig_cbor_text_is(const struct rig_cbor_item *item, const char *text);
/* Cuts to room, NUL-terminates; what is not printable ASCII becomes '?' when printable is asked for. */
void rig_cbor_text_copy(const struct rig_cbor_item *item, bool printable, char *text, size_t room);

/* Writer into the caller's bytes. After an overflow everything is ignored and `overflow` stays set. */
struct rig_cbor_writer {
    uint8_t *bytes;
    size_t room;
    size_t n_bytes;
    bool overflow;
};
void rig_cbor_put_map(struct rig_cbor_writer *writer, size_t n_pairs);
void rig_cbor_put_open_map(struct rig_cbor_writer *writer);
void rig_cbor_put_open_array(struct rig_cbor_writer *writer);
void rig_cbor_put_break(struct rig_cbor_writer *writer);
void rig_cbor_put_uint(struct rig_cbor_writer *writer, uint64_t value);
void rig_cbor_put_int(struct rig_cbor_writer *writer, int64_t value);
void rig_cbor_put_bool(struct rig_cbor_writer *writer, bool value);
void rig_cbor_put_text(struct rig_cbor_writer *writer, const char *text);
void rig_cbor_put_text_bytes(struct rig_cbor_writer *writer, const uint8_t *text, size_t n_bytes);
void rig_cbor_put_bytes(struct rig_cbor_writer *writer, const uint8_t *bytes, size_t n_bytes);

#endif
