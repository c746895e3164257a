/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sources and diagnostics: every error of a file, with place, the line itself and a caret, and a remedy where one is near. */
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
    char *text; /* valid UTF-8, NUL-terminated; NULL when it could not be read */
    gsize n_bytes;
};
/* Reads a file of at most RIG_YAML_MAX_BYTES. NULL with an error: missing, a directory, too large, not UTF-8, NUL bytes. */
struct rig_source *rig_source_read(const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;
struct rig_source *rig_source_from_text(const char *path, const char *text);
void rig_source_free(struct rig_source *source);

struct rig_diagnostic {
    char *path;
    struct rig_mark at;
    guint width;   /* characters under the caret; 0 or 1 = one caret */
    char *message; /* "'within' wants a duration with a unit" */
    char *hint;    /* "did you mean '20s'?"; NULL */
    char *line;    /* the source line; NULL when there is none */
};
struct rig_diagnostics {
    GPtrArray *items; /* struct rig_diagnostic *, in the order found */
};
void rig_diagnostics_init(struct rig_diagnostics *diagnostics);
void rig_diagnostics_clear(struct rig_diagnostics *diagnostics);
/* source may be NULL (then path names the file). hint may be NULL. */
void rig_diagnostics_add(struct rig_diagnostics *diagnostics, const struct rig_source *source, struct rig_mark at, guint width,
                         const char *hint, const char *format, ...) G_GNUC_PRINTF(6, 7);
void rig_diagnostics_add_path(struct rig_diagnostics *diagnostics, const char *path, const char *message);
/* "path:line:col: error: message\n   14 |  text\n      |  ^^ hint\n" for each, sorted by file and place, into one string. Colour only when asked. */
char *rig_diagnostics_format(const struct rig_diagnostics *diagnostics, bool colour);

/* The nearest of the candidates to what was written, or NULL when none is near: for "did you mean". */
const char *rig_nearest(const char *written, const char *const *candidates, gsize n_candidates);

G_END_DECLS

#endif
