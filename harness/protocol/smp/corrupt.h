/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Answers corrupted on purpose: what a man in the middle makes of them, so that clients can be tested. No
 * I/O; GLib-free. */
#ifndef RIG_PROTOCOL_SMP_CORRUPT_H
#define RIG_PROTOCOL_SMP_CORRUPT_H

#include "protocol/smp/smp.h"

enum rig_smp_corruption_kind {
    RIG_CORRUPT_OP, /* another answer's op */
    RIG_CORRUPT_GROUP,
    RIG_CORRUPT_COMMAND,
    RIG_CORRUPT_SEQUENCE, /* one that nobody used: 100 further on */
    RIG_CORRUPT_VERSION,  /* 3 */
    RIG_CORRUPT_FLAGS,
    RIG_CORRUPT_LENGTH_SHORT, /* the header says one byte less */
    RIG_CORRUPT_LENGTH_LONG,
    RIG_CORRUPT_CUT, /* only 5 bytes come */
    RIG_CORRUPT_NO_BODY,
    RIG_CORRUPT_NO_CBOR,
    RIG_CORRUPT_EMPTY_MAP,
    RIG_CORRUPT_ARRAY,
    RIG_CORRUPT_NUMBER_AS_KEY, /* a pair more, whose key is a number */
    RIG_CORRUPT_BEHIND,        /* a byte more, behind the map, counted by the header */
    RIG_CORRUPT_MISSING,       /* `key` has another name */
    RIG_CORRUPT_TYPE,          /* the value of `key` is of another type */
    RIG_CORRUPT_TWICE,         /* `key` comes twice */
    RIG_CORRUPT_RC_BESIDE,     /* a pair more: rc 1 */
    RIG_CORRUPT_ERR_BESIDE,    /* a pair more: err of group 1, rc 1 */
    RIG_CORRUPT_ERR_EMPTY,     /* {"err": {}} */
    RIG_CORRUPT_ERR_ZERO,      /* {"err": {"group": 1, "rc": 0}} */
    RIG_CORRUPT_RC_TEXT,       /* {"rc": "no"} */
    RIG_CORRUPT_NUMBER,        /* the number of `key` becomes `number` */
    RIG_CORRUPT_NUL,           /* a NUL and an x behind the text of `key` */
    RIG_CORRUPT_TEXT,          /* the first character of the text of `key` is the next one */
    RIG_CORRUPT_SHORT_BYTES,   /* the bytes of `key` lack the last one */
    RIG_CORRUPT_OTHER_BYTES,   /* one bit of the bytes of `key` is another */
    RIG_CORRUPT_FLAG,          /* true is false */
    RIG_CORRUPT_MATCH_FALSE,   /* a pair more: "match": false */
    RIG_CORRUPT_MANY_ENTRIES,  /* "images" holds 40 empty slots more */
    RIG_CORRUPT_ENTRY_TWICE,   /* "images" holds its first entry twice */
    RIG_CORRUPT_OLDER,         /* the answer before it comes instead; done by who keeps that */
    RIG_CORRUPT_UNKNOWN_KEY,   /* allowed: a pair more */
    RIG_CORRUPT_RC_ZERO,       /* allowed: a pair more: rc 0 */
    RIG_CORRUPT_VERSION_0,     /* allowed: header version 0 */
};
#define RIG_SMP_N_CORRUPTIONS 36
/* As in scenarios: "wrong-op", ... by kind; NULL-terminated. */
extern const char *const rig_smp_corruption_names[RIG_SMP_N_CORRUPTIONS + 1];

struct rig_smp_corruption {
    enum rig_smp_corruption_kind kind;
    const char *key; /* wherever in the body it comes first; NULL: the first one */
    uint64_t number;
};
/* Writes the corrupted answer and returns its length; 0: this answer has nothing that could be corrupted so,
 * or room is too small. */
size_t rig_smp_corrupt(const struct rig_smp_corruption *corruption, const uint8_t *answer, size_t n_answer,
                       uint8_t *into, size_t room);

#endif
