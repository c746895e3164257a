/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Rows of contents in interned pieces. */
#include "explore/rows.h"

#include <string.h>

struct piece {
    gsize at; /* into words: n contents, then as many torn ones */
    guint32 hash;
    guint16 n;
    guint16 n_torn;
};

struct rig_rows {
    bool with_torn;
    GArray *words;  /* guint32 */
    GArray *pieces; /* struct piece */
    GArray *listed; /* guint32: the pieces of all rows */
    guint32 *table; /* open addressing; number + 1, 0 = free */
    guint32 mask;
};

struct rig_rows *rig_rows_new(bool with_torn)
{
    struct rig_rows *rows = g_new0(struct rig_rows, 1);

    rows->with_torn = with_torn;
    rows->words = g_array_new(FALSE, FALSE, sizeof(guint32));
    rows->pieces = g_array_new(FALSE, FALSE, sizeof(struct piece));
    rows->listed = g_array_new(FALSE, FALSE, sizeof(guint32));
    rows->mask = 1023;
    rows->table = g_new0(guint32, rows->mask + 1);
    return rows;
}

void rig_rows_free(struct rig_rows *rows)
{
    if (!rows)
        return;
    g_array_unref(rows->words);
    g_array_unref(rows->pieces);
    g_array_unref(rows->listed);
    g_free(rows->table);
    g_free(rows);
}

static guint64 hash_words(guint64 hash, const guint32 *words, guint32 n)
{
    for (guint32 i = 0; i < n; i++) {
        hash = (hash ^ words[i]) * 0x9e3779b97f4a7c15u;
        hash ^= hash >> 31;
    }
    return hash;
}

static const struct piece *piece_at(const struct rig_rows *rows, guint32 number)
{
    return &g_array_index(rows->pieces, struct piece, number);
}

static const guint32 *words_at(const struct rig_rows *rows, gsize at)
{
    return (const guint32 *)(const void *)rows->words->data + at;
}

static void place(struct rig_rows *rows, guint32 number)
{
    guint32 at = piece_at(rows, number)->hash & rows->mask;

    while (rows->table[at])
        at = (at + 1) & rows->mask;
    rows->table[at] = number + 1;
}

static void grow(struct rig_rows *rows)
{
    g_free(rows->table);
    rows->mask = rows->mask * 2 + 1;
    rows->table = g_new0(guint32, rows->mask + 1);
    for (guint32 i = 0; i < rows->pieces->len; i++)
        place(rows, i);
}

static bool is_piece(const struct rig_rows *rows, const struct piece *piece, const guint32 *after,
                     const guint32 *torn)
{
    const guint32 *words = words_at(rows, piece->at);
    gsize n_bytes = piece->n * sizeof(guint32);

    return memcmp(words, after, n_bytes) == 0 &&
           (!rows->with_torn || memcmp(words + piece->n, torn, n_bytes) == 0);
}

guint32 rig_rows_put_piece(struct rig_rows *rows, const guint32 *after, const guint32 *torn, guint32 n)
{
    guint64 hash = hash_words(n, after, n);
    struct piece piece = {.at = rows->words->len, .n = (guint16)n};

    hash = rows->with_torn ? hash_words(hash, torn, n) : hash;
    piece.hash = (guint32)(hash ^ hash >> 32);
    for (guint32 at = piece.hash & rows->mask; rows->table[at]; at = (at + 1) & rows->mask) {
        const struct piece *known = piece_at(rows, rows->table[at] - 1);

        if (known->hash == piece.hash && known->n == n && is_piece(rows, known, after, torn))
            return rows->table[at] - 1;
    }
    for (guint32 i = 0; rows->with_torn && i < n; i++)
        piece.n_torn = (guint16)(piece.n_torn + (torn[i] != G_MAXUINT32));
    g_array_append_vals(rows->words, after, n);
    if (rows->with_torn)
        g_array_append_vals(rows->words, torn, n);
    g_array_append_val(rows->pieces, piece);
    if (rows->pieces->len * 2 > rows->mask)
        grow(rows);
    else
        place(rows, rows->pieces->len - 1);
    return rows->pieces->len - 1;
}

guint32 rig_rows_n_pieces(guint32 n)
{
    return n / RIG_ROW_PIECE + (n % RIG_ROW_PIECE != 0);
}

/* Where piece k begins: the first one has what is left over. */
static guint32 start_of(guint32 n, guint32 k)
{
    guint32 n_first = n % RIG_ROW_PIECE ? n % RIG_ROW_PIECE : RIG_ROW_PIECE;

    return k == 0 ? 0 : n_first + (k - 1) * RIG_ROW_PIECE;
}

guint32 rig_rows_piece_length(guint32 n, guint32 k)
{
    return start_of(n, k + 1) - start_of(n, k);
}

guint32 rig_rows_put(struct rig_rows *rows, const guint32 *after, const guint32 *torn, guint32 n)
{
    guint32 first = rows->listed->len;

    for (guint32 k = 0; k < rig_rows_n_pieces(n); k++) {
        guint32 at = start_of(n, k);
        guint32 number =
            rig_rows_put_piece(rows, after + at, torn ? torn + at : NULL, rig_rows_piece_length(n, k));

        g_array_append_val(rows->listed, number);
    }
    return first;
}

guint32 rig_rows_put_listed(struct rig_rows *rows, const guint32 *numbers, guint32 n_pieces)
{
    guint32 first = rows->listed->len;

    g_array_append_vals(rows->listed, numbers, n_pieces);
    return first;
}

guint32 rig_rows_n_distinct(const struct rig_rows *rows)
{
    return rows->pieces->len;
}

struct rig_row_piece rig_rows_piece_at(const struct rig_rows *rows, guint32 number)
{
    const struct piece *piece = piece_at(rows, number);

    return (struct rig_row_piece){.number = number,
                                  .n = piece->n,
                                  .n_torn = piece->n_torn,
                                  .after = words_at(rows, piece->at),
                                  .torn = rows->with_torn ? words_at(rows, piece->at + piece->n) : NULL};
}

struct rig_row_piece rig_rows_piece(const struct rig_rows *rows, guint32 first, guint32 n, guint32 k)
{
    struct rig_row_piece piece = rig_rows_piece_at(rows, g_array_index(rows->listed, guint32, first + k));

    piece.at = start_of(n, k);
    return piece;
}

guint32 rig_rows_n_listed(const struct rig_rows *rows)
{
    return rows->listed->len;
}

gsize rig_rows_bytes(const struct rig_rows *rows)
{
    return ((gsize)rows->words->len + rows->listed->len + rows->mask) * sizeof(guint32) +
           rows->pieces->len * sizeof(struct piece);
}
