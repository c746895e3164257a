/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The contents that runs passed through, in pieces of which equal ones are kept once: runs from different
 * contents soon go the same way. */
#ifndef RIG_EXPLORE_ROWS_H
#define RIG_EXPLORE_ROWS_H

#include <glib.h>
#include <stdbool.h>

G_BEGIN_DECLS

#define RIG_ROW_PIECE 32u

struct rig_rows;
/* with_torn: there is a content of a half-done operation beside each. */
struct rig_rows *rig_rows_new(bool with_torn);
void rig_rows_free(struct rig_rows *rows);

/* Returns where the row's pieces are listed. Pieces are cut from the end of the row, so that the first one
 * may be shorter. torn: NULL without torn ones. */
guint32 rig_rows_put(struct rig_rows *rows, const guint32 *after, const guint32 *torn, guint32 n);

/* One piece by itself, and a row of such pieces; for rows that were made elsewhere. */
guint32 rig_rows_put_piece(struct rig_rows *rows, const guint32 *after, const guint32 *torn, guint32 n);
guint32 rig_rows_put_listed(struct rig_rows *rows, const guint32 *numbers, guint32 n_pieces);
guint32 rig_rows_n_distinct(const struct rig_rows *rows); /* pieces; they are numbered below this */

/* Piece k of a row of n contents. Valid until the next row is put. */
struct rig_row_piece {
    guint32 number; /* the same for equal pieces, from 0 */
    guint32 at;     /* index of its first content in the row */
    guint32 n;
    guint32 n_torn; /* contents of half-done operations in it */
    const guint32 *after;
    const guint32 *torn; /* NULL: none */
};
guint32 rig_rows_n_pieces(guint32 n);
guint32 rig_rows_piece_length(guint32 n, guint32 k);
struct rig_row_piece rig_rows_piece_at(const struct rig_rows *rows, guint32 number); /* `at` is 0 */
struct rig_row_piece rig_rows_piece(const struct rig_rows *rows, guint32 first, guint32 n, guint32 k);

guint32 rig_rows_n_listed(const struct rig_rows *rows); /* pieces of all rows, equal ones counted each time */
gsize rig_rows_bytes(const struct rig_rows *rows);

G_END_DECLS

#endif
