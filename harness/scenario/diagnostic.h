/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sources and diagnostics: every error of a file, with place, the line itself and a caret, and a remedy where
 * one is near. A note has the same form; a file that has only notes is good. */
#ifndef RIG_SCENARIO_DIAGNOSTIC_H
#define RIG_SCENARIO_DIAGNOSTIC_H

#include <glib.h>
#include <stdbool.h>
#include <stdio.h>

G_BEGIN_DECLS

struct rig_mark {
    guint line;   /* from 1; 0 = no place */
    guint column; /* from 1, in characters */
};

struct rig_source {
    char *path; /* as shown to people */
    char *text; /* valid UTF-8, NUL-terminated, without a byte order mark */
    gsize n_bytes;
    GArray *line_starts; /* guint32: byte offset of each line, counted as YAML counts lines */
};
/* Reads a file of at most RIG_YAML_MAX_BYTES (node.h). NULL with an error: missing, not a plain file, too
 * large, not UTF-8, NUL bytes. The message does not repeat the path. */
struct rig_source *rig_source_read(const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The same checks for bytes in memory; bytes are copied. */
struct rig_source *rig_source_from_bytes(const char *path, const void *bytes, gsize n_bytes,
                                         GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* text must be valid UTF-8 and within RIG_YAML_MAX_BYTES. */
struct rig_source *rig_source_from_text(const char *path, const char *text);
void rig_source_free(struct rig_source *source);
typedef struct rig_source rig_source;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(rig_source, rig_source_free)
/* The place of a byte of the text. */
struct rig_mark rig_source_mark(const struct rig_source *source, gsize offset);

struct rig_diagnostic {
    char *path;
    struct rig_mark at;
    guint width;   /* characters under the caret; 0 or 1 = one caret */
    char *message; /* "'within' wants a duration with a unit" */
    char *hint;    /* "did you mean '20s'?"; NULL */
    char *line;    /* the source line, or the part of a long one around the place; NULL when there is none */
    guint line_from; /* characters of the line that were left out before `line` */
};

#define RIG_DIAGNOSTICS_SHOWN 50  /* of one file, by rig_diagnostics_format() */
#define RIG_NOTES_KEPT 50         /* the first ones */
#define RIG_DIAGNOSTICS_KEPT 1000 /* of one file, in items; more are only counted */

struct rig_diagnostics {
    GPtrArray
        *items; /* struct rig_diagnostic *, in the order found; the same one at the same place is kept once */
    GPtrArray *notes; /* struct rig_diagnostic *, kept in the same way; n_added does not count them */
    guint n_added;    /* calls of rig_diagnostics_add(), kept or not: compare before and after to see whether
                         there was any error */
    GHashTable *seen; /* what is in items already */
    GHashTable *n_of_file; /* path -> how many, kept or not */
};
void rig_diagnostics_init(struct rig_diagnostics *diagnostics);
void rig_diagnostics_clear(struct rig_diagnostics *diagnostics);
/* source may be NULL (then path names the file). hint may be NULL. */
void rig_diagnostics_add(struct rig_diagnostics *diagnostics, const struct rig_source *source,
                         struct rig_mark at, guint width, const char *hint, const char *format, ...)
    G_GNUC_PRINTF(6, 7);
/* What the reader should know of a file that is good, such as a name that has changed. */
void rig_diagnostics_note(struct rig_diagnostics *diagnostics, const struct rig_source *source,
                          struct rig_mark at, guint width, const char *hint, const char *format, ...)
    G_GNUC_PRINTF(6, 7);
void rig_diagnostics_add_path(struct rig_diagnostics *diagnostics, const char *path, const char *message);
/* No more of this file will be kept: hints for it are not worth their search. */
bool rig_diagnostics_is_full(const struct rig_diagnostics *diagnostics, const struct rig_source *source);
/* "path:line:col: error: message\n  14 | text\n     | ^^ hint\n" for each, sorted by file and place, into one
 * string; the notes ("note:") behind the errors. Colour only when asked. */
char *rig_diagnostics_format(const struct rig_diagnostics *diagnostics, bool colour);

/* The nearest of the candidates to what was written, or NULL when none is near: for "did you mean". */
const char *rig_nearest(const char *written, const char *const *candidates, gsize n_candidates);

G_END_DECLS

#endif
