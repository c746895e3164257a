/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Link faults: declared by a scenario, applied to the messages of an update protocol between its client and
 * the link, seeded, each on record. */
#ifndef RIG_DRIVERS_UPDATE_FAULTS_H
#define RIG_DRIVERS_UPDATE_FAULTS_H

#include <glib.h>
#include <stdbool.h>

G_BEGIN_DECLS

enum rig_fault_kind {
    RIG_FAULT_DROP,          /* the request never leaves */
    RIG_FAULT_DROP_RESPONSE, /* the answer to it never arrives */
    RIG_FAULT_DUPLICATE,     /* it is sent twice */
    RIG_FAULT_DUPLICATE_RESPONSE,
    RIG_FAULT_DELAY,   /* it leaves delay_us later, what follows overtakes it */
    RIG_FAULT_REORDER, /* it leaves right after the next one; with nothing to follow, when the client waits */
    RIG_FAULT_CORRUPT, /* one bit of byte `at` is flipped */
    RIG_FAULT_TRUNCATE,           /* only the first `at` bytes leave */
    RIG_FAULT_STOP_NOTIFICATIONS, /* from the answer to it on, nothing arrives any more */
    RIG_FAULT_DISCONNECT,         /* the host drops the link instead of sending it */
    RIG_FAULT_CORRUPT_RESPONSE,   /* the answer to it comes as a man in the middle would have it */
};
#define RIG_FAULT_N_KINDS 11
const char *rig_fault_kind_name(enum rig_fault_kind kind); /* as in scenarios: "drop", "drop-response", ... */

enum rig_fault_choice {
    RIG_FAULT_AT_CHUNK,  /* the n-th distinct upload chunk, from 0 */
    RIG_FAULT_AT_MIDDLE, /* the chunk that holds the middle byte */
    RIG_FAULT_AT_LAST,
    RIG_FAULT_AT_BYTE,        /* the chunk that holds byte n of the image */
    RIG_FAULT_AT_MESSAGE,     /* the n-th request of any kind since the fault was armed */
    RIG_FAULT_BY_PROBABILITY, /* every upload chunk, by chance */
};

struct rig_fault {
    enum rig_fault_kind kind;
    enum rig_fault_choice choice;
    guint64 n;
    double probability;
    guint64 delay_us;
    /* CORRUPT, TRUNCATE: byte of the message; G_MAXUINT32 = the middle. A message without it is not struck.
     */
    guint32 at;
    const void *corruption; /* CORRUPT_RESPONSE: how, in the protocol's own terms (SMP: struct
                               rig_smp_corruption); borrowed */
    guint n_times;          /* how often it may happen; 0 = without end */
    guint n_happened;
};

/* What the client knows about a request it sends. */
struct rig_request_tag {
    bool upload;
    guint chunk; /* index among the distinct chunks */
    guint64 offset;
    guint64 n_bytes;
    guint64 total;
    guint message; /* number of the request since the faults were armed */
    gsize n_message_bytes;
};

struct rig_faults; /* a stack of armed faults with a seeded generator */
struct rig_faults *rig_faults_new(guint64 seed);
void rig_faults_free(struct rig_faults *faults);
void rig_faults_push(struct rig_faults *faults, const struct rig_fault *fault);
/* Ends the n faults that were pushed last. Returns how often they happened in all. */
guint rig_faults_pop(struct rig_faults *faults, guint n);
/* The next fault of this kind that strikes a request, counted as happened; NULL = none. */
const struct rig_fault *rig_faults_strike(struct rig_faults *faults, enum rig_fault_kind kind,
                                          const struct rig_request_tag *tag);
/* It struck what it has no effect on: not counted after all. */
void rig_faults_withdraw(struct rig_faults *faults, const struct rig_fault *fault);

G_END_DECLS

#endif
