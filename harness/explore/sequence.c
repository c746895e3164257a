/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Rows of contents in interned chunks. */
#include "explore/sequence.h"

#include <string.h>

struct chunk {
    gsize at; /* into words: n contents, then as many torn ones */
    guint32 hash;
    guint16 n;
    guint16 n_torn;
};

struct rig_sequences {
    bool with_torn;
    GArray *words;  /* guint32 */
    GArray *chunks; /* struct chunk */
    GArray *listed; /* guint32: the chunks of all sequences */
    guint32 *table; /* open addressing; number + 1, 0 = free */
    guint32 mask;
};

struct rig_sequences *rig_sequences_new(bool with_torn)
{
    struct rig_sequences *sequences = g_new0(struct rig_sequences, 1);

    sequences->with_torn = with_torn;
    sequences->words = g_array_new(FALSE, FALSE, sizeof(guint32));
    sequences->chunks = g_array_new(FALSE, FALSE, sizeof(struct chunk));
    sequences->listed = g_array_new(FALSE, FALSE, sizeof(guint32));
    sequences->mask = 1023;
    sequences->table = g_new0(guint32, sequences->mask + 1);
    return sequences;
}

void rig_sequences_free(struct rig_sequences *sequences)
{
    if (!sequences)
        return;
    g_array_unref(sequences->words);
    g_array_unref(sequences->chunks);
    g_array_unref(sequences->listed);
    g_free(sequences->table);
    g_free(sequences);
}

static guint64 hash_words(guint64 hash, const guint32 *words, guint32 n)
{
    for (guint32 i = 0; i < n; i++) {
        hash = (hash ^ words[i]) * 0x9e3779b97f4a7c15u;
        hash ^= hash >> 31;
    }
    return hash;
}

static const struct chunk *chunk_at(const struct rig_sequences *sequences, guint32 number)
{
    return &g_array_index(sequences->chunks, struct chunk, number);
}

static const guint32 *words_at(const struct rig_sequences *sequences, gsize at)
{
    return (const guint32 *)(const void *)sequences->words->data + at;
}

static void place(struct rig_sequences *sequences, guint32 number)
{
    guint32 at = chunk_at(sequences, number)->hash & sequences->mask;

    while (sequences->table[at])
        at = (at + 1) & sequences->mask;
    sequences->table[at] = number + 1;
}

static void grow(struct rig_sequences *sequences)
{
    g_free(sequences->table);
    sequences->mask = sequences->mask * 2 + 1;
    sequences->table = g_new0(guint32, sequences->mask + 1);
    for (guint32 i = 0; i < sequences->chunks->len; i++)
        place(sequences, i);
}

static bool is_chunk(const struct rig_sequences *sequences, const struct chunk *chunk, const guint32 *after,
                     const guint32 *torn)
{
    const guint32 *words = words_at(sequences, chunk->at);
    gsize n_bytes = chunk->n * sizeof(guint32);

    return memcmp(words, after, n_bytes) == 0 &&
           (!sequences->with_torn || memcmp(words + chunk->n, torn, n_bytes) == 0);
}

guint32 rig_sequences_put_chunk(struct rig_sequences *sequences, const guint32 *after, const guint32 *torn,
                                guint32 n)
{
    guint64 hash = hash_words(n, after, n);
    struct chunk chunk = {.at = sequences->words->len, .n = (guint16)n};

    hash = sequences->with_torn ? hash_words(hash, torn, n) : hash;
    chunk.hash = (guint32)(hash ^ hash >> 32);
    for (guint32 at = chunk.hash & sequences->mask; sequences->table[at]; at = (at + 1) & sequences->mask) {
        const struct chunk *known = chunk_at(sequences, sequences->table[at] - 1);

        if (known->hash == chunk.hash && known->n == n && is_chunk(sequences, known, after, torn))
            return sequences->table[at] - 1;
    }
    for (guint32 i = 0; sequences->with_torn && i < n; i++)
        chunk.n_torn = (guint16)(chunk.n_torn + (torn[i] != G_MAXUINT32));
    g_array_append_vals(sequences->words, after, n);
    if (sequences->with_torn)
        g_array_append_vals(sequences->words, torn, n);
    g_array_append_val(sequences->chunks, chunk);
    if (sequences->chunks->len * 2 > sequences->mask)
        grow(sequences);
    else
        place(sequences, sequences->chunks->len - 1);
    return sequences->chunks->len - 1;
}

guint32 rig_sequence_n_chunks(guint32 n)
{
    return n / RIG_CHUNK_CONTENTS + (n % RIG_CHUNK_CONTENTS != 0);
}

/* Where chunk k begins: the first one has what is left over. */
static guint32 start_of(guint32 n, guint32 k)
{
    guint32 n_first = n % RIG_CHUNK_CONTENTS ? n % RIG_CHUNK_CONTENTS : RIG_CHUNK_CONTENTS;

    return k == 0 ? 0 : n_first + (k - 1) * RIG_CHUNK_CONTENTS;
}

guint32 rig_sequence_chunk_length(guint32 n, guint32 k)
{
    return start_of(n, k + 1) - start_of(n, k);
}

guint32 rig_sequences_put(struct rig_sequences *sequences, const guint32 *after, const guint32 *torn,
                          guint32 n)
{
    guint32 first = sequences->listed->len;

    for (guint32 k = 0; k < rig_sequence_n_chunks(n); k++) {
        guint32 at = start_of(n, k);
        guint32 number = rig_sequences_put_chunk(sequences, after + at, torn ? torn + at : NULL,
                                                 rig_sequence_chunk_length(n, k));

        g_array_append_val(sequences->listed, number);
    }
    return first;
}

guint32 rig_sequences_put_listed(struct rig_sequences *sequences, const guint32 *numbers, guint32 n_chunks)
{
    guint32 first = sequences->listed->len;

    g_array_append_vals(sequences->listed, numbers, n_chunks);
    return first;
}

guint32 rig_sequences_n_distinct(const struct rig_sequences *sequences)
{
    return sequences->chunks->len;
}

struct rig_chunk rig_sequences_chunk_at(const struct rig_sequences *sequences, guint32 number)
{
    const struct chunk *chunk = chunk_at(sequences, number);

    return (struct rig_chunk){.number = number,
                              .n = chunk->n,
                              .n_torn = chunk->n_torn,
                              .after = words_at(sequences, chunk->at),
                              .torn =
                                  sequences->with_torn ? words_at(sequences, chunk->at + chunk->n) : NULL};
}

struct rig_chunk rig_sequences_chunk(const struct rig_sequences *sequences, guint32 first, guint32 n,
                                     guint32 k)
{
    struct rig_chunk chunk =
        rig_sequences_chunk_at(sequences, g_array_index(sequences->listed, guint32, first + k));

    chunk.at = start_of(n, k);
    return chunk;
}

guint32 rig_sequences_n_listed(const struct rig_sequences *sequences)
{
    return sequences->listed->len;
}

gsize rig_sequences_bytes(const struct rig_sequences *sequences)
{
    return ((gsize)sequences->words->len + sequences->listed->len + sequences->mask) * sizeof(guint32) +
           sequences->chunks->len * sizeof(struct chunk);
}
