/* SPDX-License-Identifier: GPL-3.0-or-later */
/* "Did you mean": the edit distance between what was written and what there is, blind to case, and to '_' for
 * '-'. */
#include "scenario/diagnostic.h"

#define NEAREST_MAX_CHARACTERS 40 /* of a name; longer ones are not compared */

static guint fold(const char *text, gunichar folded[NEAREST_MAX_CHARACTERS])
{
    guint n = 0;

    for (; *text && n < NEAREST_MAX_CHARACTERS; text = g_utf8_next_char(text)) {
        gunichar character = g_unichar_tolower(g_utf8_get_char(text));

        folded[n++] = character == '_' || character == ' ' ? '-' : character;
    }
    return *text ? 0 : n;
}

/* Optimal string alignment: two letters that changed places count once. */
static guint distance(const gunichar *a, guint n_a, const gunichar *b, guint n_b)
{
    guint rows[3][NEAREST_MAX_CHARACTERS + 1];

    for (guint j = 0; j <= n_b; j++)
        rows[0][j] = j;
    for (guint i = 1; i <= n_a; i++) {
        guint *row = rows[i % 3];
        const guint *above = rows[(i + 2) % 3];
        const guint *two_above = rows[(i + 1) % 3];

        row[0] = i;
        for (guint j = 1; j <= n_b; j++) {
            row[j] = MIN(MIN(above[j], row[j - 1]) + 1, above[j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = MIN(row[j], two_above[j - 2] + 1);
        }
    }
    return rows[n_a % 3][n_b];
}

const char *rig_nearest(const char *written, const char *const *candidates, gsize n_candidates)
{
    gunichar a[NEAREST_MAX_CHARACTERS];
    gunichar b[NEAREST_MAX_CHARACTERS];
    guint n_a = g_utf8_validate(written, -1, NULL) ? fold(written, a) : 0;
    guint best = n_a <= 2 ? 1 : MIN(1 + n_a / 3, 4);
    const char *nearest = NULL;

    if (n_a == 0)
        return NULL;
    best++;
    for (gsize i = 0; i < n_candidates; i++) {
        guint n_b = fold(candidates[i], b);
        guint differs = n_b ? distance(a, n_a, b, n_b) : G_MAXUINT;

        if (differs < best && differs < n_b) {
            best = differs;
            nearest = candidates[i];
        }
    }
    return nearest;
}
