/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A scenario file: its keys, its images, and its cases with their typed steps. */
#include "scenario/scenario.h"

#include <string.h>

#include "scenario/expand.h"
#include "scenario/reader.h"
#include "scenario/scenario_shape.h"

#define ENOUGH_ERRORS 1000 /* of one file: after so many no further case is read */

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
    GHashTable *made_names;    /* by rig_names_check_case() */
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
    g_free(scenario->target);
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
    scenario->tags = g_strdupv((char **)(head->tags ? head->tags : no_tags));
    scenario->retries = head->retries;
    for (guint i = 0; head->needs && i < head->needs->items->len; i++)
        check_need(loading, g_ptr_array_index(head->needs->items, i));
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
    g_autofree char *name = rig_expansion_name(loading->expansion, i, loading->scenario->name);
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
    one->variables = rig_expansion_bind(loading->expansion, i);
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
        rig_names_check_case(one, loading->made_names, loading->diagnostics);
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
    rig_names_check_images(rig_node_get(loading->root, "images"), loading->reader.used_images,
                           loading->diagnostics);
    rig_names_check_made(loading->made_names, loading->diagnostics);
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

static void read_body(struct loading *loading)
{
    g_autoptr(rig_record) head =
        rig_record_read(loading->root, &rig_scenario_shape, NULL, loading->diagnostics);

    if (!head || loading->root->kind != RIG_NODE_MAP)
        return;
    read_head(loading, RIG_STRUCT(head, struct rig_scenario_head));
    read_image_names(loading);
    loading->expansion = rig_expansion_read(loading->root, loading->diagnostics);
    loading->reader.possible = loading->expansion->possible;
    if (loading->expansion->is_broken)
        read_without_cases(loading);
    else
        read_cases(loading);
    rig_expansion_free(loading->expansion);
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
