/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which cases of which files: loading, and choosing by path, name and tag. */
#ifndef RIG_RUN_SELECTION_H
#define RIG_RUN_SELECTION_H

#include "scenario/scenario.h"

G_BEGIN_DECLS

struct rig_filter {
    const char *const *names;     /* patterns with * and ?, or pieces of a name; any may match; NULL = all */
    const char *const *cases;     /* exact case names; any; NULL = all */
    const char *const *tags;      /* any; a comma inside means all of them; NULL = all */
    const char *const *skip_tags; /* any leaves the case out */
};

struct rig_load_error {
    char *file;
    char *text; /* formatted diagnostics */
};

struct rig_selection {
    GPtrArray *scenarios; /* struct rig_scenario *: all that loaded */
    GPtrArray *cases;     /* const struct rig_case *: the chosen ones, in file order */
    GPtrArray *errors;    /* struct rig_load_error * */
    GPtrArray *notes;     /* char *: formatted notes of a file that loaded */
    guint n_files;
    GHashTable *names; /* of scenarios -> const struct rig_scenario *: no two may share one */
};

/* Reads all files of all paths. What cannot be read is in errors, and so is a scenario whose name another one
 * has already: reports could not tell them apart. The rest counts. colour: of the
 * diagnostics. */
struct rig_selection *rig_selection_load(const char *const *paths, const struct rig_language *language,
                                         const struct rig_filter *filter, bool colour);
void rig_selection_free(struct rig_selection *selection);
/* Writes all notes. */
void rig_selection_print_notes(const struct rig_selection *selection, FILE *out);
typedef struct rig_selection rig_selection;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(rig_selection, rig_selection_free)

G_END_DECLS

#endif
