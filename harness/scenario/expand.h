/* SPDX-License-Identifier: GPL-3.0-or-later */
/* vars, matrix and cases of a file: which variables there are. Internal to the area. */
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

#endif
