/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The cross product of matrix and cases, and the names of its members. What the variables are used for is
 * checked in usage.c. */
#include "scenario/expand.h"

#include <string.h>

#include "scenario/reader.h"
#include "scenario/usage.h"

static void G_GNUC_PRINTF(4, 5) refuse(struct rig_expansion *expansion, const struct rig_node *at,
                                       const char *hint, const char *format, ...)
{
    g_autofree char *message = NULL;
    va_list arguments;

    va_start(arguments, format);
    message = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    rig_diagnostics_add(expansion->diagnostics, at->source, at->start, rig_node_width(at), hint, "%s",
                        message);
    expansion->is_broken = true;
}

static bool introduce(struct rig_expansion *expansion, const struct rig_node *key)
{
    const struct rig_node *first = g_hash_table_lookup(expansion->known, key->text);
    g_autofree char *hint = NULL;

    if (!rig_variable_name_is_valid(key->text)) {
        refuse(expansion, key, "letters, digits, '_' and '-', a letter first",
               "'%s' cannot be the name of a variable", key->text);
        return false;
    }
    if (first) {
        hint = g_strdup_printf("the first is on line %u", first->start.line);
        refuse(expansion, key, hint, "there are two variables '%s'", key->text);
        return false;
    }
    if (g_hash_table_size(expansion->known) == RIG_EXPANSION_MAX_VARIABLES) {
        refuse(expansion, key, NULL, "more than %u variables", RIG_EXPANSION_MAX_VARIABLES);
        return false;
    }
    g_hash_table_insert(expansion->known, (gpointer)key->text, (gpointer)key);
    return true;
}

static bool is_map(struct rig_expansion *expansion, const struct rig_node *node, const char *key)
{
    if (!node || node->kind == RIG_NODE_MAP)
        return node != NULL;
    if (!node->empty)
        refuse(expansion, node, NULL, "'%s' wants a map of variables", key);
    return false;
}

static void read_constants(struct rig_expansion *expansion, const struct rig_node *vars)
{
    for (guint i = 0; is_map(expansion, vars, "vars") && i < vars->items->len; i++) {
        const struct rig_pair *pair = g_ptr_array_index(vars->items, i);

        if (introduce(expansion, pair->key))
            g_ptr_array_add(expansion->constants, (gpointer)pair);
    }
}

/* `when` compares with what is collected here. A value with a variable in it could be anything. */
static void add_possible(struct rig_expansion *expansion, const char *name, const struct rig_node *value)
{
    GHashTable *texts = g_hash_table_lookup(expansion->possible, name);

    if (!texts) {
        texts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        g_hash_table_insert(expansion->possible, (gpointer)name, texts);
    }
    g_hash_table_add(texts, value->kind == RIG_NODE_SCALAR ? g_strdup(value->text) : rig_label(value));
}

static void forget_open_values(struct rig_expansion *expansion, const char *name,
                               const struct rig_node *value)
{
    if (value->varies)
        g_hash_table_remove(expansion->possible, name);
}

static void read_dimension(struct rig_expansion *expansion, const struct rig_pair *pair)
{
    const struct rig_node *values = pair->value;

    if (!introduce(expansion, pair->key))
        return;
    if (values->kind != RIG_NODE_LIST || values->items->len == 0) {
        refuse(expansion, values->kind == RIG_NODE_LIST ? values : pair->key, "write [first, second]",
               "matrix variable '%s' wants a list of values", pair->key->text);
        return;
    }
    for (guint i = 0; i < values->items->len; i++)
        add_possible(expansion, pair->key->text, g_ptr_array_index(values->items, i));
    forget_open_values(expansion, pair->key->text, values);
    g_ptr_array_add(expansion->dimensions, (gpointer)pair);
}

static void read_matrix(struct rig_expansion *expansion, const struct rig_node *matrix)
{
    for (guint i = 0; is_map(expansion, matrix, "matrix") && i < matrix->items->len; i++)
        read_dimension(expansion, g_ptr_array_index(matrix->items, i));
}

static bool is_row_name(const struct rig_pair *pair)
{
    return strcmp(pair->key->text, "name") == 0;
}

static void check_row_name(struct rig_expansion *expansion, const struct rig_pair *pair)
{
    if (pair->value->kind != RIG_NODE_SCALAR || pair->value->empty)
        refuse(expansion, pair->key, NULL, "'name' of a case wants a text");
}

/* Every row has the variables of the first one: a forgotten one would only show when the case runs. */
static void compare_rows(struct rig_expansion *expansion, const struct rig_node *first,
                         const struct rig_node *row)
{
    for (guint i = 0; i < row->items->len; i++) {
        const struct rig_pair *pair = g_ptr_array_index(row->items, i);

        if (!is_row_name(pair) && !rig_node_get(first, pair->key->text))
            refuse(expansion, pair->key, NULL, "the first case has no '%s'", pair->key->text);
    }
    for (guint i = 0; i < first->items->len; i++) {
        const struct rig_pair *pair = g_ptr_array_index(first->items, i);

        if (!is_row_name(pair) && !rig_node_get(row, pair->key->text))
            refuse(expansion, row, NULL, "this case has no '%s'", pair->key->text);
    }
}

static void read_row(struct rig_expansion *expansion, const struct rig_node *row, bool is_first)
{
    if (row->kind != RIG_NODE_MAP) {
        refuse(expansion, row, "write '- {variable: value}'", "a case wants a map of variables");
        return;
    }
    for (guint i = 0; i < row->items->len; i++) {
        const struct rig_pair *pair = g_ptr_array_index(row->items, i);

        if (is_row_name(pair))
            check_row_name(expansion, pair);
        else if (!is_first || introduce(expansion, pair->key))
            add_possible(expansion, pair->key->text, pair->value);
    }
    if (!is_first)
        compare_rows(expansion, g_ptr_array_index(expansion->rows, 0), row);
    g_ptr_array_add(expansion->rows, (gpointer)row);
}

static void read_rows(struct rig_expansion *expansion, const struct rig_node *cases)
{
    if (!cases || cases->empty)
        return;
    if (cases->kind != RIG_NODE_LIST || cases->items->len == 0 ||
        cases->items->len > RIG_SCENARIO_MAX_CASES) {
        refuse(expansion, cases, NULL, "'cases' wants a list of 1 to %u maps of variables",
               RIG_SCENARIO_MAX_CASES);
        return;
    }
    for (guint i = 0; i < cases->items->len; i++)
        read_row(expansion, g_ptr_array_index(cases->items, i), expansion->rows->len == 0);
    for (guint i = 0; i < expansion->rows->len; i++) {
        const struct rig_node *row = g_ptr_array_index(expansion->rows, i);

        for (guint j = 0; j < row->items->len; j++) {
            const struct rig_pair *pair = g_ptr_array_index(row->items, j);

            forget_open_values(expansion, pair->key->text, pair->value);
        }
    }
}

static void count_cases(struct rig_expansion *expansion, const struct rig_node *root)
{
    guint64 n_cases = MAX(expansion->rows->len, 1);

    for (guint i = 0; i < expansion->dimensions->len && n_cases <= RIG_SCENARIO_MAX_CASES; i++)
        n_cases *= ((const struct rig_pair *)g_ptr_array_index(expansion->dimensions, i))->value->items->len;
    if (n_cases > RIG_SCENARIO_MAX_CASES)
        refuse(expansion, rig_node_get(root, "matrix"), "split the file", "more than %u cases",
               RIG_SCENARIO_MAX_CASES);
    expansion->n_cases = (guint)n_cases;
}

static void free_set(gpointer set)
{
    g_hash_table_unref(set);
}

struct rig_expansion *rig_expansion_read(const struct rig_node *root, struct rig_diagnostics *diagnostics)
{
    struct rig_expansion *expansion = g_new0(struct rig_expansion, 1);

    expansion->diagnostics = diagnostics;
    expansion->known = g_hash_table_new(g_str_hash, g_str_equal);
    expansion->used = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    expansion->possible = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, free_set);
    expansion->constants = g_ptr_array_new();
    expansion->dimensions = g_ptr_array_new();
    expansion->rows = g_ptr_array_new();
    read_constants(expansion, rig_node_get(root, "vars"));
    read_matrix(expansion, rig_node_get(root, "matrix"));
    read_rows(expansion, rig_node_get(root, "cases"));
    count_cases(expansion, root);
    rig_usage_check(expansion, root);
    return expansion;
}

void rig_expansion_free(struct rig_expansion *expansion)
{
    if (!expansion)
        return;
    g_hash_table_unref(expansion->known);
    g_hash_table_unref(expansion->used);
    g_hash_table_unref(expansion->possible);
    g_ptr_array_unref(expansion->constants);
    g_ptr_array_unref(expansion->dimensions);
    g_ptr_array_unref(expansion->rows);
    g_free(expansion);
}

static void append_variable(GArray *variables, const char *name, const struct rig_node *value)
{
    struct rig_variable variable = {name, value};

    g_array_append_val(variables, variable);
}

/* Which value of each dimension case i has: the last dimension turns fastest, the rows faster still. */
static void append_dimensions(const struct rig_expansion *expansion, guint i, GArray *variables)
{
    guint rest = i / MAX(expansion->rows->len, 1);
    guint n = expansion->dimensions->len;
    g_autofree guint *chosen = g_new0(guint, n + 1);

    for (guint d = n; d-- > 0;) {
        const struct rig_pair *pair = g_ptr_array_index(expansion->dimensions, d);

        chosen[d] = rest % pair->value->items->len;
        rest /= pair->value->items->len;
    }
    for (guint d = 0; d < n; d++) {
        const struct rig_pair *pair = g_ptr_array_index(expansion->dimensions, d);

        append_variable(variables, pair->key->text, g_ptr_array_index(pair->value->items, chosen[d]));
    }
}

static const struct rig_node *row_of(const struct rig_expansion *expansion, guint i)
{
    return expansion->rows->len ? g_ptr_array_index(expansion->rows, i % expansion->rows->len) : NULL;
}

static void append_row(const struct rig_node *row, GArray *variables)
{
    for (guint i = 0; row && i < row->items->len; i++) {
        const struct rig_pair *pair = g_ptr_array_index(row->items, i);

        if (!is_row_name(pair))
            append_variable(variables, pair->key->text, pair->value);
    }
}

GArray *rig_expansion_bind(const struct rig_expansion *expansion, guint i)
{
    GArray *variables = g_array_new(FALSE, FALSE, sizeof(struct rig_variable));

    for (guint c = 0; c < expansion->constants->len; c++) {
        const struct rig_pair *pair = g_ptr_array_index(expansion->constants, c);

        append_variable(variables, pair->key->text, pair->value);
    }
    append_dimensions(expansion, i, variables);
    append_row(row_of(expansion, i), variables);
    return variables;
}

char *rig_expansion_name(const struct rig_expansion *expansion, guint i, const char *scenario)
{
    g_autoptr(GArray) variables = g_array_new(FALSE, FALSE, sizeof(struct rig_variable));
    const struct rig_node *row = row_of(expansion, i);
    const struct rig_node *row_name = row ? rig_node_get(row, "name") : NULL;
    GString *name = g_string_new(scenario);

    append_dimensions(expansion, i, variables);
    if (!row_name)
        append_row(row, variables);
    for (guint v = 0; v < variables->len; v++) {
        const struct rig_variable *variable = &g_array_index(variables, struct rig_variable, v);
        g_autofree char *label = rig_label(variable->value);

        g_string_append_printf(name, "%c%s=%s", v ? ',' : '[', variable->name, label);
    }
    if (row_name) {
        g_autofree char *label = rig_label(row_name);

        g_string_append_printf(name, "%c%s", variables->len ? ',' : '[', label);
    }
    if (variables->len || row_name)
        g_string_append_c(name, ']');
    return g_string_free(name, FALSE);
}
