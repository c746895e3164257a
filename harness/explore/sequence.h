/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The contents that runs passed through, in chunks of which equal ones are kept once: runs from different
 * contents soon go the same way. */
#ifndef RIG_EXPLORE_SEQUENCE_H
#define RIG_EXPLORE_SEQUENCE_H

#include <glib.h>
#include <stdbool.h>

G_BEGIN_DECLS

#define RIG_CHUNK_CONTENTS 32u

struct rig_sequences;
/* with_torn: there is a content of a half-done operation beside each. */
struct rig_sequences *rig_sequences_new(bool with_torn);
void rig_sequences_free(struct rig_sequences *sequences);

/* Returns where the sequence's chunks are listed. Chunks are cut from the end of the sequence, so that the
 * first one may be shorter. torn: NULL without torn ones. */
guint32 rig_sequences_put(struct rig_sequences *sequences, const guint32 *after, const guint32 *torn,
                          guint32 n);

/* One chunk by itself, and a sequence of such chunks; for sequences that were made elsewhere. */
guint32 rig_sequences_put_chunk(struct rig_sequences *sequences, const guint32 *after, const guint32 *torn,
                                guint32 n);
guint32 rig_sequences_put_listed(struct rig_sequences *sequences, const guint32 *numbers, guint32 n_chunks);
guint32
rig_sequences_n_distinct(const struct rig_sequences *sequences); /* chunks; they are numbered below this */

/* Chunk k of a sequence of n contents. Valid until the next sequence is put. */
struct rig_chunk {
    guint32 number; /* the same for equal chunks, from 0 */
    guint32 at;     /* index of its first content in the sequence */
    guint32 n;
    guint32 n_torn; /* contents of half-done operations in it */
    const guint32 *after;
    const guint32 *torn; /* NULL: none */
};
guint32 rig_sequence_n_chunks(guint32 n);
guint32 rig_sequence_chunk_length(guint32 n, guint32 k);
struct rig_chunk rig_sequences_chunk_at(const struct rig_sequences *sequences,
                                        guint32 number); /* `at` is 0 */
struct rig_chunk rig_sequences_chunk(const struct rig_sequences *sequences, guint32 first, guint32 n,
                                     guint32 k);

guint32 rig_sequences_n_listed(
    const struct rig_sequences *sequences); /* chunks of all sequences, equal ones counted each time */
gsize rig_sequences_bytes(const struct rig_sequences *sequences);

G_END_DECLS

#endif
