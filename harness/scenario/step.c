/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Steps: a map with one verb, its typed arguments, its block. `when` is decided here and leaves no trace in a
 * case. */
#include <string.h>

#include "scenario/reader.h"

#define STEP_TEXT_CHARACTERS 120

static const struct rig_field when_fields[] = {
    {.name = "variables",
     .type = RIG_TYPE_CASES,
     .required = true,
     .about = "variable: value, or a list of values; all variables must fit. A map's value is named by its "
              "label, as in the case's name."},
};
static const struct rig_shape when_shape = {
    .name = "when", .fields = when_fields, .n_fields = G_N_ELEMENTS(when_fields), .shorthand = "variables"};

const struct rig_verb rig_when_verb = {
    .name = "when",
    .family = "cases",
    .about = "Runs its steps only in the cases whose variables have the named values; the other cases do not "
             "hold them at all.",
    .shape = &when_shape,
    .block = "do",
    .within_us = 0,
    .example = "- when: {host-keys: lost}\n  do: [{forget-bond: {on: host}}]",
};

const struct rig_field rig_within_field = {
    .name = "within", .type = RIG_TYPE_DURATION, .about = "The step's deadline.", .min = 1};

static const struct rig_shape no_arguments = {.name = "step"};

void rig_step_free(gpointer item)
{
    struct rig_step *step = item;

    rig_record_free(step->arguments);
    if (step->block)
        g_ptr_array_unref(step->block);
    g_free(step->text);
    g_free(step);
}

const struct rig_verb *rig_language_find(const struct rig_language *language, const char *name)
{
    if (strcmp(name, rig_when_verb.name) == 0)
        return &rig_when_verb;
    for (gsize i = 0; i < language->n_verbs; i++)
        if (strcmp(language->verbs[i]->name, name) == 0)
            return language->verbs[i];
    for (gsize i = 0; i < language->n_verbs; i++)
        if (g_strcmp0(language->verbs[i]->former, name) == 0)
            return language->verbs[i];
    return NULL;
}

const char **rig_language_names(const struct rig_language *language)
{
    const char **names = g_new0(const char *, language->n_verbs + 2);
    gsize n = 0;

    names[n++] = rig_when_verb.name;
    for (gsize i = 0; i < language->n_verbs; i++)
        if (strcmp(language->verbs[i]->name, rig_when_verb.name) != 0)
            names[n++] = language->verbs[i]->name;
    return names;
}

static void render(struct rig_reader *reader, const struct rig_node *node, GString *into, guint max);

static void render_items(struct rig_reader *reader, const struct rig_node *node, GString *into, guint max)
{
    g_string_append_c(into, node->kind == RIG_NODE_LIST ? '[' : '{');
    for (guint i = 0; i < node->items->len && into->len <= max; i++) {
        const struct rig_pair *pair = g_ptr_array_index(node->items, i);

        g_string_append(into, i > 0 ? ", " : "");
        if (node->kind == RIG_NODE_MAP)
            g_string_append_printf(into, "%s: ", pair->key->text);
        render(reader, node->kind == RIG_NODE_MAP ? pair->value : g_ptr_array_index(node->items, i), into,
               max);
    }
    g_string_append_c(into, node->kind == RIG_NODE_LIST ? ']' : '}');
}

static void render(struct rig_reader *reader, const struct rig_node *node, GString *into, guint max)
{
    const struct rig_node *as_written = node;
    struct rig_reader_place place;

    if (into->len > max)
        return;
    if (!rig_reader_enter(reader, &node, &place))
        node = as_written;
    if (node->kind == RIG_NODE_SCALAR)
        g_string_append(into, node->text);
    else
        render_items(reader, node, into, max);
    rig_reader_leave(reader, &place);
}

char *rig_reader_render(struct rig_reader *reader, const char *key, const struct rig_node *node,
                        guint max_characters)
{
    g_autoptr(GString) text = g_string_new(key);
    g_autofree char *cut = NULL;

    g_string_append_c(text, ':');
    if (!(node->kind == RIG_NODE_SCALAR && node->empty))
        g_string_append_c(text, ' ');
    /* A character has up to four bytes. */
    if (!(node->kind == RIG_NODE_SCALAR && node->empty))
        render(reader, node, text, max_characters * 4);
    for (char *at = text->str; *at; at++)
        if (*at == '\n' || *at == '\r' || *at == '\t')
            *at = ' ';
    if (g_utf8_strlen(text->str, -1) <= max_characters)
        return g_strdup(text->str);
    cut = g_utf8_substring(text->str, 0, max_characters - 3);
    return g_strconcat(cut, "...", NULL);
}

/* The pairs of one step, sorted out. */
struct step_parts {
    const struct rig_verb *verb;
    const struct rig_pair *pair;  /* the verb's */
    const struct rig_node *block; /* NULL = not written */
};

static void refuse_key(struct rig_reader *reader, const struct step_parts *parts, const struct rig_pair *pair)
{
    const struct rig_verb *verb = parts->verb;
    g_autofree char *hint = NULL;
    bool is_argument = strcmp(pair->key->text, rig_within_field.name) == 0;

    for (gsize i = 0; verb->shape && i < verb->shape->n_fields; i++)
        is_argument = is_argument || strcmp(verb->shape->fields[i].name, pair->key->text) == 0;
    if (rig_language_find(reader->scope->language, pair->key->text)) {
        rig_reader_error(reader, pair->key, "begin it with '- ' as a step of its own",
                         "two verbs in one step: '%s' and '%s'", verb->name, pair->key->text);
        return;
    }
    if (is_argument)
        hint = g_strdup_printf("indent it below '%s:', or write '%s: {%s: ...}'", verb->name, verb->name,
                               pair->key->text);
    else if (verb->block && rig_nearest(pair->key->text, &verb->block, 1))
        hint = g_strdup_printf("did you mean '%s'?", verb->block);
    rig_reader_error(reader, pair->key, hint, "'%s' does not belong beside '%s'", pair->key->text,
                     verb->name);
}

static void refuse_verb(struct rig_reader *reader, const struct rig_node *step)
{
    const struct rig_pair *first = g_ptr_array_index(step->items, 0);
    g_autofree const char **names = rig_language_names(reader->scope->language);
    const char *near = rig_diagnostics_is_full(reader->diagnostics, step->source)
                           ? NULL
                           : rig_nearest(first->key->text, names, g_strv_length((char **)names));
    g_autofree char *hint = near ? g_strdup_printf("did you mean '%s'?", near) : NULL;

    rig_reader_error(reader, first->key, hint, "there is no step '%s'", first->key->text);
}

static bool sort_out(struct rig_reader *reader, const struct rig_node *step, struct step_parts *parts)
{
    *parts = (struct step_parts){NULL, NULL, NULL};
    for (guint i = 0; i < step->items->len && !parts->verb; i++) {
        parts->pair = g_ptr_array_index(step->items, i);
        parts->verb = rig_language_find(reader->scope->language, parts->pair->key->text);
    }
    if (!parts->verb) {
        refuse_verb(reader, step);
        return false;
    }
    if (strcmp(parts->pair->key->text, parts->verb->name) != 0)
        rig_reader_note_former(reader, parts->pair->key, parts->pair->key->text, parts->verb->name);
    for (guint i = 0; i < step->items->len; i++) {
        const struct rig_pair *pair = g_ptr_array_index(step->items, i);

        if (parts->verb->block && strcmp(pair->key->text, parts->verb->block) == 0)
            parts->block = pair->value;
        else if (pair != parts->pair)
            refuse_key(reader, parts, pair);
    }
    if (parts->verb->block && !parts->block) {
        /* Under the verb is where everybody tries it first. */
        g_autofree char *hint = g_strdup_printf("'%s:' stands below '%s', indented as it is",
                                                parts->verb->block, parts->verb->name);

        rig_reader_error(reader, parts->pair->key, hint, "'%s' needs its steps in '%s'", parts->verb->name,
                         parts->verb->block);
    }
    return true;
}

static void add_needs(struct rig_reader *reader, const struct rig_verb *verb)
{
    for (const char *const *need = verb->needs; need && *need && reader->needs; need++)
        g_hash_table_add(reader->needs, (gpointer)*need);
}

static struct rig_step *read_verb(struct rig_reader *reader, const struct rig_node *node,
                                  const struct step_parts *parts)
{
    const struct rig_verb *verb = parts->verb;
    struct rig_step *step = g_new0(struct rig_step, 1);
    struct rig_value *within = NULL;
    GHashTable *needs = reader->needs;

    *step =
        (struct rig_step){.verb = verb, .node = node, .source = node->source, .at = parts->pair->key->start};
    g_ptr_array_add(reader->all_steps, step);
    step->arguments = rig_reader_record(reader, parts->pair->value, verb->shape ? verb->shape : &no_arguments,
                                        verb->name, verb->at_once ? NULL : &rig_within_field, &within);
    for (gsize i = 0; step->arguments && verb->shape && i < verb->shape->n_fields && !within; i++)
        if (strcmp(verb->shape->fields[i].name, rig_within_field.name) == 0 && step->arguments->values[i])
            within = g_memdup2(step->arguments->values[i], sizeof *within);
    step->within_written = within && within->node;
    step->within_us = within ? within->count : verb->within_us;
    g_free(within); /* a duration has no parts */
    step->text = rig_reader_render(reader, verb->name, parts->pair->value, STEP_TEXT_CHARACTERS);
    if (parts->block) {
        step->block = g_ptr_array_new();
        reader->needs = verb->leaves_out ? NULL : needs;
        rig_reader_block(reader, verb->block, parts->block, step->block);
        reader->needs = needs;
    }
    if (!reader->unbound)
        add_needs(reader, verb);
    return step;
}

static bool is_value(const struct rig_node *value, const char *text)
{
    g_autofree char *label = NULL;

    if (value->kind == RIG_NODE_SCALAR)
        return strcmp(value->text, text) == 0;
    label = rig_label(value);
    return strcmp(label, text) == 0;
}

static void check_possible(struct rig_reader *reader, const char *variable, const struct rig_node *wanted)
{
    GHashTable *values = reader->possible ? g_hash_table_lookup(reader->possible, variable) : NULL;
    g_autofree const char **texts = NULL;
    g_autofree char *hint = NULL;
    guint n_texts = 0;
    const char *near;

    if (!values || g_hash_table_contains(values, wanted->text))
        return;
    texts = (const char **)g_hash_table_get_keys_as_array(values, &n_texts);
    near = rig_nearest(wanted->text, texts, n_texts);
    hint = near ? g_strdup_printf("did you mean '%s'?", near) : NULL;
    rig_reader_error(reader, wanted, hint, "'%s' is never '%s'", variable, wanted->text);
}

static bool wanted_holds(struct rig_reader *reader, const struct rig_pair *pair,
                         const struct rig_node *wanted)
{
    const struct rig_node *value = g_hash_table_lookup(reader->scope->variables, pair->key->text);
    struct rig_reader_place place;
    bool holds;

    if (wanted->kind != RIG_NODE_SCALAR || wanted->empty) {
        rig_reader_error(reader, wanted, NULL, "'when' wants a value, or a list of values, for '%s'",
                         pair->key->text);
        return false;
    }
    check_possible(reader, pair->key->text, wanted);
    if (!value)
        return false;
    holds = rig_reader_enter(reader, &value, &place) && is_value(value, wanted->text);
    rig_reader_leave(reader, &place);
    return holds;
}

static void refuse_variable(struct rig_reader *reader, const struct rig_node *key)
{
    guint n = 0;
    g_autofree const char **names =
        (const char **)g_hash_table_get_keys_as_array(reader->scope->variables, &n);
    const char *near = rig_nearest(key->text, names, n);
    g_autofree char *hint = near ? g_strdup_printf("did you mean '%s'?", near) : NULL;

    rig_reader_error(reader, key, hint, "there is no variable '%s'", key->text);
}

static bool pair_holds(struct rig_reader *reader, const struct rig_pair *pair)
{
    bool holds = false;

    if (!g_hash_table_contains(reader->scope->variables, pair->key->text)) {
        refuse_variable(reader, pair->key);
        return false;
    }
    if (pair->value->kind != RIG_NODE_LIST)
        return wanted_holds(reader, pair, pair->value);
    for (guint i = 0; i < pair->value->items->len; i++)
        holds = wanted_holds(reader, pair, g_ptr_array_index(pair->value->items, i)) || holds;
    return holds;
}

static bool condition_holds(struct rig_reader *reader, const struct rig_node *condition)
{
    bool holds = true;

    if (condition->kind != RIG_NODE_MAP || condition->items->len == 0) {
        rig_reader_error(reader, condition, "write 'when: {variable: value}'",
                         "'when' wants a map of variables and values");
        return false;
    }
    for (guint i = 0; i < condition->items->len; i++)
        holds = pair_holds(reader, g_ptr_array_index(condition->items, i)) && holds;
    return holds;
}

static void read_when(struct rig_reader *reader, const struct step_parts *parts, GPtrArray *into)
{
    bool holds = condition_holds(reader, parts->pair->value);
    bool was_unbound = reader->unbound;
    g_autoptr(GPtrArray) dropped = NULL;

    if (!parts->block)
        return;
    if (holds && !reader->unbound) {
        rig_reader_block(reader, rig_when_verb.block, parts->block, into);
        return;
    }
    /* Mistakes in a block must show whatever case it is for; once is enough. */
    if (!reader->checked_whens || !g_hash_table_add(reader->checked_whens, (gpointer)parts->block))
        return;
    dropped = g_ptr_array_new();
    reader->unbound = true;
    rig_reader_block(reader, rig_when_verb.block, parts->block, dropped);
    reader->unbound = was_unbound;
}

static void read_map_step(struct rig_reader *reader, const struct rig_node *node, GPtrArray *into)
{
    bool is_shared = !node->varies && !reader->unbound && !reader->use && reader->shared_steps;
    struct rig_step *step = is_shared ? g_hash_table_lookup(reader->shared_steps, node) : NULL;
    struct step_parts parts;

    if (!step) {
        if (!sort_out(reader, node, &parts))
            return;
        if (parts.verb == &rig_when_verb) {
            read_when(reader, &parts, into);
            return;
        }
        step = read_verb(reader, node, &parts);
        if (is_shared)
            g_hash_table_insert(reader->shared_steps, (gpointer)node, step);
    }
    g_ptr_array_add(into, step);
}

static void read_step(struct rig_reader *reader, const struct rig_node *node, GPtrArray *into)
{
    struct rig_reader_place place;
    g_autofree char *hint = NULL;

    if (!rig_reader_enter(reader, &node, &place)) {
        rig_reader_leave(reader, &place);
        return;
    }
    if (node->kind == RIG_NODE_MAP && node->items->len > 0) {
        read_map_step(reader, node, into);
    } else if (node->kind == RIG_NODE_SCALAR && rig_language_find(reader->scope->language, node->text)) {
        hint = g_strdup_printf("did you mean '%s:'?", node->text);
        rig_reader_error(reader, node, hint, "a step is a verb with a colon, not a word");
    } else {
        rig_reader_error(reader, node, "write '- verb: {arguments}'", "this is not a step");
    }
    rig_reader_leave(reader, &place);
}

static void read_steps(struct rig_reader *reader, const struct rig_node *node, GPtrArray *into)
{
    struct rig_reader_place place;

    if (rig_reader_enter(reader, &node, &place)) {
        if (node->kind == RIG_NODE_LIST)
            for (guint i = 0; i < node->items->len; i++)
                read_step(reader, g_ptr_array_index(node->items, i), into);
        else if (!node->empty)
            read_step(reader, node, into);
    }
    rig_reader_leave(reader, &place);
}

static bool is_nothing(const struct rig_node *node)
{
    return node->empty || (node->kind == RIG_NODE_LIST && node->items->len == 0);
}

void rig_reader_block(struct rig_reader *reader, const char *name, const struct rig_node *node,
                      GPtrArray *into)
{
    guint n_errors = reader->diagnostics->n_added;
    guint n_before = into->len;
    struct rig_reader_place place;
    const struct rig_node *entered = node;

    read_steps(reader, node, into);
    if (into->len > n_before || reader->diagnostics->n_added > n_errors)
        return;
    if (rig_reader_enter(reader, &entered, &place)) {
        if (is_nothing(entered))
            rig_reader_error(reader, node, NULL, "'%s' is empty", name);
        else if (!reader->unbound)
            rig_reader_error(reader, node, "not one 'when' in it holds in this case", "'%s' is empty", name);
    }
    rig_reader_leave(reader, &place);
}
