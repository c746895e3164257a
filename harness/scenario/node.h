/* SPDX-License-Identifier: GPL-3.0-or-later */
/* YAML text as a tree of nodes, each with its place: raw scalars, never a guessed type. Bounded in size,
 * depth, and alias expansion. */
#ifndef RIG_SCENARIO_NODE_H
#define RIG_SCENARIO_NODE_H

#include "scenario/diagnostic.h"

G_BEGIN_DECLS

#define RIG_YAML_MAX_BYTES (1u << 20) /* of one file */
#define RIG_YAML_MAX_DEPTH 32
#define RIG_YAML_MAX_NODES 100000 /* after alias expansion */

enum rig_node_kind { RIG_NODE_SCALAR, RIG_NODE_LIST, RIG_NODE_MAP };

struct rig_node {
    enum rig_node_kind kind;
    const struct rig_source *source; /* the file's text, for carets; outlives the tree */
    struct rig_mark start;
    struct rig_mark end;
    bool quoted;      /* scalar: in quotes or a block */
    bool empty;       /* scalar: nothing was written after "key:" */
    bool varies;      /* it or a node below holds a '$', or the key `when`: cases may read it differently */
    const char *text; /* scalar: raw UTF-8 */
    GPtrArray *items; /* list: struct rig_node *; map: struct rig_pair * ; NULL for a scalar */
};
struct rig_pair {
    struct rig_node *key; /* always a scalar */
    struct rig_node *value;
};

/* One YAML document. Every problem goes into diagnostics (with place); NULL when no tree could be made. The
 * tree lives until rig_document_free(). Duplicate keys, several documents, tabs, recursion, merge keys, tags
 * and non-scalar keys are errors. */
struct rig_document;
struct rig_document *rig_document_parse(const struct rig_source *source,
                                        struct rig_diagnostics *diagnostics) G_GNUC_WARN_UNUSED_RESULT;
const struct rig_node *rig_document_root(const struct rig_document *document);
void rig_document_free(struct rig_document *document);
typedef struct rig_document rig_document;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(rig_document, rig_document_free)

/* Characters under a caret that points at the node: its text when it stands on one line, else 1. */
guint rig_node_width(const struct rig_node *node);
/* A scalar with another text at the place of `like`; it lives as long as the document. */
const struct rig_node *rig_document_add_scalar(struct rig_document *document, const struct rig_node *like,
                                               const char *text);

/* The value of a key of a map node; NULL when absent. */
const struct rig_node *rig_node_get(const struct rig_node *map, const char *key);

G_END_DECLS

#endif
