/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A scenario file: its keys, its images, and its cases with their typed steps. */
#include "scenario/scenario.h"

#include <string.h>

#include "scenario/expand.h"
#include "scenario/reader.h"
#include "scenario/scenario_shape.h"
#include "scenario/usage.h"

#define ENOUGH_ERRORS 1000 /* of one file: after so many no further case is read */

/* --- names that steps refer to, and images, are made before and used by someone --- */

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

/* Adds an error for what a step refers to and no step before it in this case has made (a flash
 * watch). made: node of each name that some case makes -> whether one has used it, by GINT_TO_POINTER(). */
static void check_case_names(const struct rig_case *one, GHashTable *made,
                             struct rig_diagnostics *diagnostics)
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

/* Adds an error for each name that no case uses. */
static void check_made_names(GHashTable *made, struct rig_diagnostics *diagnostics)
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

/* Adds an error for each image (key of the map; NULL: there are none) that is not in the set of used ones. */
static void check_image_names(const struct rig_node *images, GHashTable *used,
                              struct rig_diagnostics *diagnostics)
{
    for (guint i = 0; images && images->kind == RIG_NODE_MAP && i < images->items->len; i++) {
        const struct rig_node *key = ((struct rig_pair *)g_ptr_array_index(images->items, i))->key;
        g_autofree char *message = g_strdup_printf("no step uses the image '%s'", key->text);

        if (!g_hash_table_contains(used, key->text))
            complain(diagnostics, key, "use it in a step, or take it out", message);
    }
}

/* --- expansion: which variables there are, and what they stand for in each case --- */

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

/* Reads the three maps of the file's root and checks every '$' of the file. */
static struct rig_expansion *expansion_read(const struct rig_node *root, struct rig_diagnostics *diagnostics)
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

static void expansion_free(struct rig_expansion *expansion)
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

/* The variables of case number i (below n_cases) as an array of struct rig_variable: constants, then matrix,
 * then row. */
static GArray *expansion_bind(const struct rig_expansion *expansion, guint i)
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

/* "name[variable=label,...]"; two cases may still have the same one. */
static char *expansion_name(const struct rig_expansion *expansion, guint i, const char *scenario)
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

/* --- the file --- */

/* Everything that is alive while one file is read. */
struct loading {
    struct rig_scenario *scenario;
    const struct rig_node *root;
    const struct rig_language *language;
    struct rig_diagnostics *diagnostics;
    struct rig_expansion *expansion;
    GHashTable *image_names;
    GHashTable *shared_images; /* node -> struct rig_image_plan * */
    GHashTable *case_names;    /* name -> how often */
    GHashTable *made_names;    /* by check_case_names() */
    struct rig_reader reader;
    guint n_reads;
    guint n_before; /* errors there were before this file */
};

static void image_plan_free(gpointer item)
{
    struct rig_image_plan *plan = item;

    rig_record_free(plan->record);
    g_free(plan);
}

static void case_free(gpointer item)
{
    struct rig_case *one = item;

    g_free(one->name);
    g_array_unref(one->variables);
    g_ptr_array_unref(one->images);
    g_ptr_array_unref(one->setup);
    g_ptr_array_unref(one->steps);
    g_ptr_array_unref(one->cleanup);
    rig_record_free(one->options);
    g_free(one);
}

void rig_scenario_free(struct rig_scenario *scenario)
{
    if (!scenario)
        return;
    g_ptr_array_unref(scenario->cases);
    g_ptr_array_unref(scenario->all_steps);
    g_ptr_array_unref(scenario->all_images);
    g_free(scenario->name);
    g_free(scenario->about);
    g_strfreev(scenario->tags);
    g_strfreev(scenario->needs);
    g_strfreev(scenario->written_needs);
    g_free(scenario->target);
    g_free(scenario->protocol);
    rig_document_free(scenario->document);
    rig_source_free(scenario->source);
    g_free(scenario);
}

static struct rig_scenario *new_scenario(struct rig_source *source)
{
    struct rig_scenario *scenario = g_new0(struct rig_scenario, 1);

    scenario->source = source;
    scenario->cases = g_ptr_array_new_with_free_func(case_free);
    scenario->all_steps = g_ptr_array_new_with_free_func(rig_step_free);
    scenario->all_images = g_ptr_array_new_with_free_func(image_plan_free);
    return scenario;
}

static gint compare_texts(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static char **sorted_set(GHashTable *set)
{
    GPtrArray *texts = g_ptr_array_new();
    GHashTableIter iterator;
    gpointer text;

    g_hash_table_iter_init(&iterator, set);
    while (g_hash_table_iter_next(&iterator, &text, NULL))
        g_ptr_array_add(texts, g_strdup(text));
    g_ptr_array_sort(texts, compare_texts);
    g_ptr_array_add(texts, NULL);
    return (char **)g_ptr_array_free(texts, FALSE);
}

static void check_need(struct loading *loading, const struct rig_value *need)
{
    const char *const *capabilities = loading->language->capabilities;
    g_autofree char *hint = NULL;
    const char *near;

    g_hash_table_add(loading->reader.needs, (gpointer)need->text);
    if (!capabilities || g_strv_contains(capabilities, need->text))
        return;
    near = rig_nearest(need->text, capabilities, g_strv_length((char **)capabilities));
    hint = near ? g_strdup_printf("did you mean '%s'?", near) : NULL;
    rig_diagnostics_add(loading->diagnostics, need->node->source, need->node->start,
                        rig_node_width(need->node), hint, "there is no capability '%s'", need->text);
}

static void read_head(struct loading *loading, const struct rig_scenario_head *head)
{
    static const char *const no_tags[] = {NULL};
    struct rig_scenario *scenario = loading->scenario;

    scenario->name = g_strdup(head->name ? head->name->text : "unnamed");
    scenario->at = head->name ? head->name->node->start : (struct rig_mark){1, 1};
    scenario->about = g_strdup(head->about);
    scenario->target = g_strdup(head->target);
    scenario->protocol = g_strdup(head->protocol);
    scenario->tags = g_strdupv((char **)(head->tags ? head->tags : no_tags));
    scenario->retries = head->retries;
    for (guint i = 0; head->needs && i < head->needs->items->len; i++)
        check_need(loading, g_ptr_array_index(head->needs->items, i));
    scenario->written_needs = sorted_set(loading->reader.needs);
}

static void check_image_name(struct loading *loading, const struct rig_node *key)
{
    static const char *const reserved[] = {"none", "any", NULL};
    bool is_name = g_ascii_isalnum(*key->text);

    for (const char *at = key->text; *at; at++)
        is_name = is_name && (g_ascii_isalnum(*at) || strchr("._-", *at));
    if (!is_name)
        rig_reader_error(&loading->reader, key, NULL,
                         "an image's name has letters, digits, '.', '_' and '-'");
    else if (g_strv_contains(reserved, key->text))
        rig_reader_error(&loading->reader, key, NULL, "'%s' cannot name an image: steps use the word",
                         key->text);
}

static void read_image_names(struct loading *loading)
{
    const struct rig_node *images = rig_node_get(loading->root, "images");

    if (!images || images->empty)
        return;
    if (images->kind != RIG_NODE_MAP) {
        rig_reader_error(&loading->reader, images, "write 'name: {version: 1.0.0}'",
                         "'images' wants a map of names");
        return;
    }
    for (guint i = 0; i < images->items->len; i++) {
        const struct rig_node *key = ((struct rig_pair *)g_ptr_array_index(images->items, i))->key;

        check_image_name(loading, key);
        g_hash_table_add(loading->image_names, (gpointer)key->text);
    }
}

static struct rig_image_plan *read_image(struct loading *loading, const struct rig_pair *pair)
{
    struct rig_image_plan *plan = g_hash_table_lookup(loading->shared_images, pair->value);

    /* An alias lets two images share a node: the name tells them apart. */
    if (plan && strcmp(plan->name, pair->key->text) == 0)
        return plan;
    plan = g_new0(struct rig_image_plan, 1);
    *plan = (struct rig_image_plan){.name = pair->key->text, .node = pair->value};
    plan->record =
        rig_reader_record(&loading->reader, pair->value, &rig_image_plan_shape, pair->key->text, NULL, NULL);
    plan->spec = RIG_STRUCT(plan->record, struct rig_image_spec);
    g_ptr_array_add(loading->scenario->all_images, plan);
    if (!pair->value->varies)
        g_hash_table_insert(loading->shared_images, (gpointer)pair->value, plan);
    return plan;
}

static void read_images(struct loading *loading, GPtrArray *into)
{
    const struct rig_node *images = rig_node_get(loading->root, "images");

    for (guint i = 0; images && images->kind == RIG_NODE_MAP && i < images->items->len; i++)
        g_ptr_array_add(into, read_image(loading, g_ptr_array_index(images->items, i)));
}

static GPtrArray *read_section(struct loading *loading, const char *key)
{
    const struct rig_node *section = rig_node_get(loading->root, key);
    GPtrArray *steps = g_ptr_array_new();

    if (section)
        rig_reader_block(&loading->reader, key, section, steps);
    return steps;
}

static char *unique_name(struct loading *loading, guint i)
{
    g_autofree char *name = expansion_name(loading->expansion, i, loading->scenario->name);
    guint n = GPOINTER_TO_UINT(g_hash_table_lookup(loading->case_names, name)) + 1;

    g_hash_table_replace(loading->case_names, g_strdup(name), GUINT_TO_POINTER(n));
    if (n == 1)
        return g_steal_pointer(&name);
    if (g_str_has_suffix(name, "]"))
        return g_strdup_printf("%.*s~%u]", (int)strlen(name) - 1, name, n);
    return g_strdup_printf("%s~%u", name, n);
}

static void read_case(struct loading *loading, guint i)
{
    struct rig_case *one = g_new0(struct rig_case, 1);
    g_autoptr(GHashTable) variables = g_hash_table_new(g_str_hash, g_str_equal);
    struct rig_scope scope = {variables, loading->image_names, loading->language,
                              loading->scenario->document};

    guint n_before = loading->diagnostics->n_added;

    one->scenario = loading->scenario;
    one->name = unique_name(loading, i);
    one->variables = expansion_bind(loading->expansion, i);
    one->images = g_ptr_array_new();
    for (guint v = 0; v < one->variables->len; v++) {
        const struct rig_variable *variable = &g_array_index(one->variables, struct rig_variable, v);

        g_hash_table_insert(variables, (gpointer)variable->name, (gpointer)variable->value);
    }
    loading->reader.scope = &scope;
    read_images(loading, one->images);
    one->setup = read_section(loading, "setup");
    one->steps = read_section(loading, "steps");
    one->cleanup = read_section(loading, "cleanup");
    loading->reader.scope = NULL;
    if (loading->diagnostics->n_added == n_before)
        check_case_names(one, loading->made_names, loading->diagnostics);
    g_ptr_array_add(loading->scenario->cases, one);
}

static void read_cases(struct loading *loading)
{
    guint n_before = loading->diagnostics->n_added;

    for (guint i = 0; i < loading->expansion->n_cases && loading->n_reads > 0; i++)
        if (loading->diagnostics->n_added - n_before < ENOUGH_ERRORS)
            read_case(loading, i);
    /* After an error elsewhere it is not known what is used. */
    if (loading->diagnostics->n_added > loading->n_before)
        return;
    check_image_names(rig_node_get(loading->root, "images"), loading->reader.used_images,
                      loading->diagnostics);
    check_made_names(loading->made_names, loading->diagnostics);
}

/* With its variables in disorder a file has no cases; its steps are read all the same, for their own
 * mistakes. */
static void read_without_cases(struct loading *loading)
{
    g_autoptr(GPtrArray) images = g_ptr_array_new();
    struct rig_scope scope = {loading->expansion->known, loading->image_names, loading->language,
                              loading->scenario->document};
    static const char *const sections[] = {"setup", "steps", "cleanup"};

    loading->reader.scope = &scope;
    loading->reader.unbound = true;
    read_images(loading, images);
    for (gsize i = 0; i < G_N_ELEMENTS(sections); i++)
        g_ptr_array_unref(read_section(loading, sections[i]));
    loading->reader.scope = NULL;
}

static void read_body(struct loading *loading)
{
    g_autoptr(rig_record) head =
        rig_record_read(loading->root, &rig_scenario_shape, NULL, loading->diagnostics);

    if (!head || loading->root->kind != RIG_NODE_MAP)
        return;
    read_head(loading, RIG_STRUCT(head, struct rig_scenario_head));
    read_image_names(loading);
    loading->expansion = expansion_read(loading->root, loading->diagnostics);
    loading->reader.possible = loading->expansion->possible;
    if (loading->expansion->is_broken)
        read_without_cases(loading);
    else
        read_cases(loading);
    expansion_free(loading->expansion);
}

static void load(struct loading *loading)
{
    loading->n_reads = RIG_SCENARIO_MAX_READS;
    loading->image_names = g_hash_table_new(g_str_hash, g_str_equal);
    loading->shared_images = g_hash_table_new(NULL, NULL);
    loading->made_names = g_hash_table_new(NULL, NULL);
    loading->case_names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    loading->reader = (struct rig_reader){
        .read_block = rig_reader_block,
        .diagnostics = loading->diagnostics,
        .n_reads = &loading->n_reads,
        .all_steps = loading->scenario->all_steps,
        .shared_steps = g_hash_table_new(NULL, NULL),
        .checked_whens = g_hash_table_new(NULL, NULL),
        .needs = g_hash_table_new(g_str_hash, g_str_equal),
        .used_images = g_hash_table_new(g_str_hash, g_str_equal),
    };
    read_body(loading);
    loading->scenario->needs = sorted_set(loading->reader.needs);
    g_hash_table_unref(loading->reader.used_images);
    g_hash_table_unref(loading->reader.needs);
    g_hash_table_unref(loading->reader.checked_whens);
    g_hash_table_unref(loading->reader.shared_steps);
    g_hash_table_unref(loading->case_names);
    g_hash_table_unref(loading->made_names);
    g_hash_table_unref(loading->shared_images);
    g_hash_table_unref(loading->image_names);
}

struct rig_scenario *rig_scenario_from_source(struct rig_source *source, const struct rig_language *language,
                                              struct rig_diagnostics *diagnostics)
{
    g_autoptr(rig_scenario) scenario = new_scenario(source);
    guint n_before = diagnostics->n_added;
    struct loading loading = {
        .scenario = scenario, .language = language, .diagnostics = diagnostics, .n_before = n_before};

    scenario->document = rig_document_parse(source, diagnostics);
    if (!scenario->document)
        return NULL;
    loading.root = rig_document_root(scenario->document);
    load(&loading);
    return diagnostics->n_added == n_before ? g_steal_pointer(&scenario) : NULL;
}

struct rig_scenario *rig_scenario_load(const char *path, const struct rig_language *language,
                                       struct rig_diagnostics *diagnostics)
{
    g_autoptr(GError) error = NULL;
    struct rig_source *source = rig_source_read(path, &error);

    if (source)
        return rig_scenario_from_source(source, language, diagnostics);
    rig_diagnostics_add_path(diagnostics, path, error->message);
    return NULL;
}
