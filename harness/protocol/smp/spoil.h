/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Answers spoilt on purpose: what a man in the middle makes of them, so that clients can be tested. No I/O;
 * GLib-free. */
#ifndef RIG_PROTOCOL_SMP_SPOIL_H
#define RIG_PROTOCOL_SMP_SPOIL_H

#include "protocol/smp/smp.h"

enum rig_smp_spoil_kind {
    RIG_SPOIL_OP, /* another answer's op */
    RIG_SPOIL_GROUP,
    RIG_SPOIL_COMMAND,
    RIG_SPOIL_SEQUENCE, /* one that nobody used: 100 further on */
    RIG_SPOIL_VERSION,  /* 3 */
    RIG_SPOIL_FLAGS,
    RIG_SPOIL_LENGTH_SHORT, /* the header says one byte less */
    RIG_SPOIL_LENGTH_LONG,
    RIG_SPOIL_CUT, /* only 5 bytes come */
    RIG_SPOIL_NO_BODY,
    RIG_SPOIL_NO_CBOR,
    RIG_SPOIL_EMPTY_MAP,
    RIG_SPOIL_ARRAY,
    RIG_SPOIL_NUMBER_AS_KEY, /* a pair more, whose key is a number */
    RIG_SPOIL_BEHIND,        /* a byte more, behind the map, counted by the header */
    RIG_SPOIL_MISSING,       /* `key` has another name */
    RIG_SPOIL_TYPE,          /* the value of `key` is of another type */
    RIG_SPOIL_TWICE,         /* `key` comes twice */
    RIG_SPOIL_RC_BESIDE,     /* a pair more: rc 1 */
    RIG_SPOIL_ERR_BESIDE,    /* a pair more: err of group 1, rc 1 */
    RIG_SPOIL_ERR_EMPTY,     /* {"err": {}} */
    RIG_SPOIL_ERR_ZERO,      /* {"err": {"group": 1, "rc": 0}} */
    RIG_SPOIL_RC_TEXT,       /* {"rc": "no"} */
    RIG_SPOIL_NUMBER,        /* the number of `key` becomes `number` */
    RIG_SPOIL_NUL,           /* a NUL and an x behind the text of `key` */
    RIG_SPOIL_TEXT,          /* the first character of the text of `key` is the next one */
    RIG_SPOIL_SHORT_BYTES,   /* the bytes of `key` lack the last one */
    RIG_SPOIL_OTHER_BYTES,   /* one bit of the bytes of `key` is another */
    RIG_SPOIL_FLAG,          /* true is false */
    RIG_SPOIL_MATCH_FALSE,   /* a pair more: "match": false */
    RIG_SPOIL_MANY_ENTRIES,  /* "images" holds 40 empty slots more */
    RIG_SPOIL_ENTRY_TWICE,   /* "images" holds its first entry twice */
    RIG_SPOIL_OLDER,         /* the answer before it comes instead; done by who keeps that */
    RIG_SPOIL_UNKNOWN_KEY,   /* allowed: a pair more */
    RIG_SPOIL_RC_ZERO,       /* allowed: a pair more: rc 0 */
    RIG_SPOIL_VERSION_0,     /* allowed: header version 0 */
};
#define RIG_SMP_N_SPOILS 36
/* As in scenarios: "wrong-op", ... by kind; NULL-terminated. */
extern const char *const rig_smp_spoil_names[RIG_SMP_N_SPOILS + 1];

struct rig_smp_spoil {
    enum rig_smp_spoil_kind kind;
    const char *key; /* wherever in the body it comes first; NULL: the first one */
    uint64_t number;
};
/* Writes the spoilt answer and returns its length; 0: this answer has nothing that could be spoilt so, or
 * room is too small. */
size_t rig_smp_spoil(const struct rig_smp_spoil *spoil, const uint8_t *answer, size_t n_answer, uint8_t *into,
                     size_t room);

#endif
