/* SPDX-License-Identifier: GPL-3.0-or-later */
/* vars, matrix and cases of a file: which variables there are, and what they stand for in each case. Internal
 * to the area. */
#ifndef RIG_SCENARIO_EXPAND_H
#define RIG_SCENARIO_EXPAND_H

#include "scenario/scenario.h"

#define RIG_EXPANSION_MAX_VARIABLES 500

struct rig_expansion {
    struct rig_diagnostics *diagnostics;
    GHashTable *known;     /* name -> struct rig_node *: the key that introduces it */
    GHashTable *used;      /* set of names */
    GHashTable *possible;  /* name -> set of texts or labels; only variables of matrix and cases */
    GPtrArray *constants;  /* const struct rig_pair * of `vars` */
    GPtrArray *dimensions; /* const struct rig_pair * of `matrix`, in file order; the values are lists */
    GPtrArray *rows;       /* const struct rig_node * of `cases`: maps with the same keys, `name` aside */
    guint n_cases;
    bool is_broken; /* an error was added: there are no cases to read */
};

/* Reads the three maps of the file's root and checks every '$' of the file. */
struct rig_expansion *rig_expansion_read(const struct rig_node *root, struct rig_diagnostics *diagnostics);
void rig_expansion_free(struct rig_expansion *expansion);
typedef struct rig_expansion rig_expansion;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(rig_expansion, rig_expansion_free)

/* The variables of case number i (below n_cases) as an array of struct rig_variable: constants, then matrix,
 * then row. */
GArray *rig_expansion_bind(const struct rig_expansion *expansion, guint i);
/* "name[variable=label,...]"; two cases may still have the same one. */
char *rig_expansion_name(const struct rig_expansion *expansion, guint i, const char *scenario);

#endif
