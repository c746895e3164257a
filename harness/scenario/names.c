/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Names that steps give and take: of images, and of flash watches and their like. */
#include <string.h>

#include "scenario/reader.h"

/* The steps of one case, in the order in which they run. */
struct walk {
    struct rig_diagnostics *diagnostics;
    GHashTable *made;  /* "flash watch 'before-swap'" -> const struct rig_value * that gave the name */
    GHashTable *taken; /* set of the same texts */
};

static void complain(struct rig_diagnostics *diagnostics, const struct rig_node *node, const char *hint,
                     const char *message)
{
    rig_diagnostics_add(diagnostics, node->source, node->start, rig_node_width(node), hint, "%s", message);
}

static void take_name(struct walk *walk, const struct rig_field *field, const struct rig_value *value)
{
    const char *kind = field->makes ? field->makes : field->takes;
    char *name = g_strdup_printf("%s '%s'", kind, value->text);
    g_autofree char *message = NULL;

    if (field->makes) {
        g_hash_table_replace(walk->made, name, (gpointer)value);
        return;
    }
    if (!g_hash_table_contains(walk->made, name)) {
        message = g_strdup_printf("no step before this one makes the %s", name);
        complain(walk->diagnostics, value->node, NULL, message);
    }
    g_hash_table_add(walk->taken, name);
}

static void walk_steps(struct walk *walk, const GPtrArray *steps);

static void walk_step(struct walk *walk, const struct rig_step *step)
{
    const struct rig_shape *shape = step->arguments ? step->arguments->shape : NULL;

    for (gsize i = 0; shape && i < shape->n_fields; i++) {
        const struct rig_value *value = step->arguments->values[i];

        if (value && value->steps)
            walk_steps(walk, value->steps);
        if (value && value->text && (shape->fields[i].makes || shape->fields[i].takes))
            take_name(walk, &shape->fields[i], value);
    }
    if (step->block)
        walk_steps(walk, step->block);
}

static void walk_steps(struct walk *walk, const GPtrArray *steps)
{
    for (guint i = 0; i < steps->len; i++)
        walk_step(walk, g_ptr_array_index(steps, i));
}

/* A name that only some cases use is no mistake. */
static void account(const struct walk *walk, GHashTable *made)
{
    GHashTableIter iterator;
    gpointer name, value;

    g_hash_table_iter_init(&iterator, walk->made);
    while (g_hash_table_iter_next(&iterator, &name, &value)) {
        const struct rig_node *node = ((const struct rig_value *)value)->node;
        bool used = g_hash_table_contains(walk->taken, name) || g_hash_table_lookup(made, node);

        g_hash_table_insert(made, (gpointer)node, GINT_TO_POINTER(used));
    }
}

void rig_names_check_case(const struct rig_case *one, GHashTable *made, struct rig_diagnostics *diagnostics)
{
    struct walk walk = {.diagnostics = diagnostics,
                        .made = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL),
                        .taken = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL)};

    walk_steps(&walk, one->setup);
    walk_steps(&walk, one->steps);
    walk_steps(&walk, one->cleanup);
    account(&walk, made);
    g_hash_table_unref(walk.made);
    g_hash_table_unref(walk.taken);
}

void rig_names_check_made(GHashTable *made, struct rig_diagnostics *diagnostics)
{
    GHashTableIter iterator;
    gpointer node, used;

    g_hash_table_iter_init(&iterator, made);
    while (g_hash_table_iter_next(&iterator, &node, &used)) {
        g_autofree char *message =
            g_strdup_printf("nothing refers to '%s'", ((const struct rig_node *)node)->text);

        if (!used)
            complain(diagnostics, node, "refer to it in a later step, or take it out", message);
    }
}

void rig_names_check_images(const struct rig_node *images, GHashTable *used,
                            struct rig_diagnostics *diagnostics)
{
    for (guint i = 0; images && images->kind == RIG_NODE_MAP && i < images->items->len; i++) {
        const struct rig_node *key = ((struct rig_pair *)g_ptr_array_index(images->items, i))->key;
        g_autofree char *message = g_strdup_printf("no step uses the image '%s'", key->text);

        if (!g_hash_table_contains(used, key->text))
            complain(diagnostics, key, "use it in a step, or take it out", message);
    }
}
