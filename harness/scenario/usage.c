/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Every '$' of a file: known, used, and not inside of itself. Done once per file, so that no case has to. */
#include "scenario/usage.h"

#include <string.h>

#include "scenario/reader.h"

struct walk {
    struct rig_expansion *expansion;
    GHashTable *holds; /* set of the variables that the walked value refers to; NULL = not wanted */
};

/* Where in the node a reference stands, as well as that can be known. */
static struct rig_mark place_of(const struct rig_node *node, const struct rig_reference *reference,
                                guint *width)
{
    struct rig_mark at = node->start;

    *width = rig_node_width(node);
    if (node->quoted || node->start.line != node->end.line)
        return at;
    at.column += (guint)g_utf8_pointer_to_offset(node->text, reference->start);
    *width = (guint)g_utf8_strlen(reference->start, reference->end - reference->start);
    return at;
}

static char *hint_for_name(const struct rig_expansion *expansion, const char *name)
{
    guint n = 0;
    g_autofree const char **names = (const char **)g_hash_table_get_keys_as_array(expansion->known, &n);
    const char *near;

    /* "$swap-mode" is one name; whoever has a variable `swap` meant another one. */
    for (const char *dash = strrchr(name, '-'); dash; dash = g_strrstr_len(name, dash - name, "-")) {
        g_autofree char *shorter = g_strndup(name, (gsize)(dash - name));

        if (g_hash_table_contains(expansion->known, shorter))
            return g_strdup_printf("did you mean \"${%s}%s\"?", shorter, dash);
    }
    near = rig_nearest(name, names, n);
    return near ? g_strdup_printf("did you mean '$%s'?", near) : g_strdup("write '$$' for a dollar");
}

static void check_reference(struct walk *walk, const struct rig_node *node,
                            const struct rig_reference *reference)
{
    struct rig_expansion *expansion = walk->expansion;
    g_autofree char *name = g_strndup(reference->name, reference->n_name);
    g_autofree char *hint = NULL;
    guint width = 1;
    struct rig_mark at = place_of(node, reference, &width);

    if (reference->kind == RIG_REFERENCE_DOLLAR)
        return;
    if (reference->kind == RIG_REFERENCE_BAD) {
        rig_diagnostics_add(expansion->diagnostics, node->source, at, 1,
                            "write '$$' for a dollar, or \"${name}\" in quotes",
                            "a '$' without the name of a variable");
    } else if (!g_hash_table_contains(expansion->known, name)) {
        hint = rig_diagnostics_is_full(expansion->diagnostics, node->source) ? NULL
                                                                             : hint_for_name(expansion, name);
        rig_diagnostics_add(expansion->diagnostics, node->source, at, width, hint,
                            "there is no variable '%s'", name);
    } else {
        if (walk->holds)
            g_hash_table_add(walk->holds, g_hash_table_lookup(expansion->known, name));
        g_hash_table_add(expansion->used, g_steal_pointer(&name));
    }
}

static void walk_node(struct walk *walk, const struct rig_node *node);

static void use_condition(struct walk *walk, const struct rig_pair *pair)
{
    if (strcmp(pair->key->text, rig_when_verb.name) != 0 || pair->value->kind != RIG_NODE_MAP)
        return;
    for (guint i = 0; i < pair->value->items->len; i++)
        g_hash_table_add(walk->expansion->used,
                         g_strdup(((struct rig_pair *)g_ptr_array_index(pair->value->items, i))->key->text));
}

static void walk_map(struct walk *walk, const struct rig_node *map)
{
    for (guint i = 0; i < map->items->len; i++) {
        const struct rig_pair *pair = g_ptr_array_index(map->items, i);

        use_condition(walk, pair);
        walk_node(walk, pair->value);
    }
}

static void walk_node(struct walk *walk, const struct rig_node *node)
{
    struct rig_reference reference;

    if (!node->varies)
        return;
    if (node->kind == RIG_NODE_MAP)
        walk_map(walk, node);
    for (guint i = 0; node->kind == RIG_NODE_LIST && i < node->items->len; i++)
        walk_node(walk, g_ptr_array_index(node->items, i));
    for (const char *text = node->text; node->kind == RIG_NODE_SCALAR && rig_reference_next(text, &reference);
         text = reference.end)
        check_reference(walk, node, &reference);
}

enum colour { WHITE, GREY, BLACK };

struct cycle_search {
    GHashTable *edges;   /* key node -> set of key nodes */
    GHashTable *colours; /* key node -> enum colour */
    struct rig_expansion *expansion;
};

/* As deep as there are variables, which is bounded. */
static void visit(struct cycle_search *search, const struct rig_node *key)
{
    GHashTable *held = g_hash_table_lookup(search->edges, key);
    GHashTableIter iterator;
    gpointer next;

    g_hash_table_insert(search->colours, (gpointer)key, GUINT_TO_POINTER(GREY));
    if (held)
        g_hash_table_iter_init(&iterator, held);
    while (held && g_hash_table_iter_next(&iterator, &next, NULL)) {
        guint colour = GPOINTER_TO_UINT(g_hash_table_lookup(search->colours, next));

        if (colour == GREY) {
            rig_diagnostics_add(search->expansion->diagnostics, key->source, key->start, rig_node_width(key),
                                NULL, "variable '%s' stands for itself, by way of '$%s'", key->text,
                                ((const struct rig_node *)next)->text);
            search->expansion->is_broken = true;
        } else if (colour == WHITE) {
            visit(search, next);
        }
    }
    g_hash_table_insert(search->colours, (gpointer)key, GUINT_TO_POINTER(BLACK));
}

static void find_cycles(struct rig_expansion *expansion, GHashTable *edges, GPtrArray *keys)
{
    struct cycle_search search = {edges, g_hash_table_new(NULL, NULL), expansion};

    for (guint i = 0; i < keys->len; i++)
        if (!g_hash_table_lookup(search.colours, g_ptr_array_index(keys, i)))
            visit(&search, g_ptr_array_index(keys, i));
    g_hash_table_unref(search.colours);
}

static void free_set(gpointer set)
{
    g_hash_table_unref(set);
}

static void add_edges(struct walk *walk, GHashTable *edges, GPtrArray *keys, const struct rig_pair *pair)
{
    const struct rig_node *key = g_hash_table_lookup(walk->expansion->known, pair->key->text);

    walk->holds = key ? g_hash_table_lookup(edges, key) : NULL;
    if (key && !walk->holds) {
        walk->holds = g_hash_table_new(NULL, NULL);
        g_hash_table_insert(edges, (gpointer)key, walk->holds);
        g_ptr_array_add(keys, (gpointer)key);
    }
    walk_node(walk, pair->value);
    walk->holds = NULL;
}

static void walk_variables(struct walk *walk)
{
    g_autoptr(GHashTable) edges = g_hash_table_new_full(NULL, NULL, NULL, free_set);
    g_autoptr(GPtrArray) keys = g_ptr_array_new();
    const struct rig_expansion *expansion = walk->expansion;

    for (guint i = 0; i < expansion->constants->len; i++)
        add_edges(walk, edges, keys, g_ptr_array_index(expansion->constants, i));
    for (guint i = 0; i < expansion->dimensions->len; i++)
        add_edges(walk, edges, keys, g_ptr_array_index(expansion->dimensions, i));
    for (guint i = 0; i < expansion->rows->len; i++) {
        const struct rig_node *row = g_ptr_array_index(expansion->rows, i);

        for (guint j = 0; j < row->items->len; j++)
            add_edges(walk, edges, keys, g_ptr_array_index(row->items, j));
    }
    find_cycles(walk->expansion, edges, keys);
}

/* A matrix whose variable nothing reads runs the same case again and again, and looks like coverage. */
static void check_unused(const struct rig_expansion *expansion, const struct rig_node *key, const char *kind)
{
    g_autofree char *hint = NULL;

    if (strcmp(key->text, "name") == 0 || g_hash_table_contains(expansion->used, key->text) ||
        g_hash_table_lookup(expansion->known, key->text) != key)
        return;
    hint = g_strdup_printf("use '$%s' in a step, or take it out", key->text);
    rig_diagnostics_add(expansion->diagnostics, key->source, key->start, rig_node_width(key), hint,
                        "%s variable '%s' is never used", kind, key->text);
}

void rig_usage_check(struct rig_expansion *expansion, const struct rig_node *root)
{
    static const char *const sections[] = {"images", "setup", "steps", "cleanup"};
    struct walk walk = {expansion, NULL};
    const struct rig_node *first_row = expansion->rows->len ? g_ptr_array_index(expansion->rows, 0) : NULL;

    for (gsize i = 0; i < G_N_ELEMENTS(sections); i++) {
        const struct rig_node *section = rig_node_get(root, sections[i]);

        if (section)
            walk_node(&walk, section);
    }
    walk_variables(&walk);
    for (guint i = 0; i < expansion->constants->len; i++)
        check_unused(expansion, ((struct rig_pair *)g_ptr_array_index(expansion->constants, i))->key,
                     "constant");
    for (guint i = 0; i < expansion->dimensions->len; i++)
        check_unused(expansion, ((struct rig_pair *)g_ptr_array_index(expansion->dimensions, i))->key,
                     "matrix");
    for (guint i = 0; first_row && i < first_row->items->len; i++)
        check_unused(expansion, ((struct rig_pair *)g_ptr_array_index(first_row->items, i))->key, "case");
}
