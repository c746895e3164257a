/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Maps as records of typed fields, and the rules between them: every error is told, what is right is kept. */
#include <string.h>

#include "scenario/reader.h"
#include "scenario/scalar.h"

static struct rig_value *read_value(struct rig_reader *reader, const struct rig_field *field,
                                    const struct rig_node *node);
static struct rig_value *read_single(struct rig_reader *reader, const struct rig_field *field,
                                     const struct rig_node *node);
static struct rig_record *new_record(const struct rig_shape *shape, const struct rig_node *node);
static void fill_defaults(struct rig_record *record);

void rig_value_free(struct rig_value *value)
{
    if (!value)
        return;
    if (value->items)
        g_ptr_array_unref(value->items);
    if (value->bytes)
        g_bytes_unref(value->bytes);
    rig_record_free(value->record);
    if (value->steps)
        g_ptr_array_unref(value->steps);
    if (value->is_list)
        g_free(value->bound.pointer);
    g_free(value);
}

static void free_item(gpointer item)
{
    rig_value_free(item);
}

void rig_record_free(struct rig_record *record)
{
    if (!record)
        return;
    for (gsize i = 0; i < record->shape->n_fields; i++)
        rig_value_free(record->values[i]);
    g_free(record->values);
    g_free(record->members);
    g_free(record);
}

static struct rig_value *new_value(const struct rig_field *field, const struct rig_node *node)
{
    struct rig_value *value = g_new0(struct rig_value, 1);

    value->type = field->type;
    value->node = node;
    return value;
}

static const char *find_choice(const struct rig_field *field, const char *text)
{
    for (const char *const *choice = field->choices; choice && *choice; choice++)
        if (strcmp(*choice, text) == 0)
            return *choice;
    return NULL;
}

/* The word that an old one has become. */
static const char *find_former_choice(struct rig_reader *reader, const struct rig_field *field,
                                      const struct rig_node *node)
{
    for (const struct rig_former *former = field->former_choices; former && former->name; former++)
        if (strcmp(former->name, node->text) == 0) {
            rig_reader_note_former(reader, node, former->name, former->now);
            return find_choice(field, former->now);
        }
    return NULL;
}

static void add_scalar_problem(struct rig_reader *reader, const struct rig_field *field,
                               const struct rig_node *node, struct rig_scalar_problem *problem)
{
    bool has_keywords = field->choices && field->type != RIG_TYPE_CHOICE;
    g_autofree char *keywords = has_keywords ? g_strjoinv(", ", (char **)field->choices) : NULL;
    const char *near =
        has_keywords ? rig_nearest(node->text, field->choices, g_strv_length((char **)field->choices)) : NULL;

    if (!problem->hint && near)
        problem->hint = g_strdup_printf("did you mean '%s'?", near);
    if (problem->is_sentence)
        rig_reader_error(reader, node, problem->hint, "%s", problem->message);
    else
        rig_reader_error(reader, node, problem->hint, "'%s' %s%s%s", field->name, problem->message,
                         has_keywords ? ", or one of: " : "", has_keywords ? keywords : "");
    rig_scalar_problem_clear(problem);
}

static gint compare_names(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void check_image(struct rig_reader *reader, const struct rig_field *field, const struct rig_node *node,
                        const char *name)
{
    GHashTable *images = reader->scope ? reader->scope->images : NULL;
    g_autoptr(GPtrArray) names = NULL;
    g_autofree char *hint = NULL;
    GHashTableIter iterator;
    gpointer known;
    const char *near;

    if (reader->used_images)
        g_hash_table_add(reader->used_images, (gpointer)name);
    if (!images || g_hash_table_contains(images, name))
        return;
    names = g_ptr_array_new();
    g_hash_table_iter_init(&iterator, images);
    while (g_hash_table_iter_next(&iterator, &known, NULL))
        g_ptr_array_add(names, known);
    for (const char *const *choice = field->choices; choice && *choice; choice++)
        g_ptr_array_add(names, (gpointer)*choice);
    g_ptr_array_sort(names, compare_names);
    near = rig_nearest(name, (const char *const *)names->pdata, names->len);
    hint = near ? g_strdup_printf("did you mean '%s'?", near) : NULL;
    rig_reader_error(reader, node, hint, "there is no image '%s'", name);
}

static struct rig_value *read_scalar(struct rig_reader *reader, const struct rig_field *field,
                                     const struct rig_node *node)
{
    struct rig_scalar_problem problem;
    struct rig_value *value;

    if (node->kind != RIG_NODE_SCALAR) {
        rig_reader_error(reader, node, NULL, "'%s' wants %s, not a %s", field->name,
                         rig_type_wants(field->type), node->kind == RIG_NODE_MAP ? "map" : "list");
        return NULL;
    }
    if (node->empty) {
        rig_reader_error(reader, node, NULL, "'%s' has no value: it wants %s", field->name,
                         rig_type_wants(field->type));
        return NULL;
    }
    value = new_value(field, node);
    if (!rig_scalar_read(field, node->text, value, &problem)) {
        add_scalar_problem(reader, field, node, &problem);
        rig_value_free(value);
        return NULL;
    }
    if (field->type == RIG_TYPE_IMAGE)
        check_image(reader, field, node, value->text);
    return value;
}

static const struct rig_field *find_field(const struct rig_shape *shape, const char *name)
{
    for (gsize i = 0; i < shape->n_fields; i++)
        if (strcmp(shape->fields[i].name, name) == 0)
            return &shape->fields[i];
    return NULL;
}

static const struct rig_field *find_former(const struct rig_shape *shape, const char *name)
{
    for (gsize i = 0; i < shape->n_fields; i++)
        if (g_strcmp0(shape->fields[i].former, name) == 0)
            return &shape->fields[i];
    return NULL;
}

/* What is written for a field of a map, under its name or its former one. NULL = nothing. */
static const struct rig_node *find_node(const struct rig_node *map, const struct rig_field *field)
{
    const struct rig_node *node = rig_node_get(map, field->name);

    return node || !field->former ? node : rig_node_get(map, field->former);
}

/* A key that the shape has, or had. */
static const struct rig_field *find_written(struct rig_reader *reader, const struct rig_record *record,
                                            const struct rig_node *key)
{
    const struct rig_field *field = find_field(record->shape, key->text);

    if (field || !(field = find_former(record->shape, key->text)))
        return field;
    rig_reader_note_former(reader, key, field->former, field->name);
    if (record->node && record->node->kind == RIG_NODE_MAP && rig_node_get(record->node, field->name))
        rig_reader_error(reader, key, "take one of them out",
                         "'%s' stands beside '%s', which it was called before", field->name, field->former);
    return field;
}

/* What has no field of its own: what became of it, the nearest field, or the few that there are. */
static char *hint_for_key(const struct rig_shape *shape, const struct rig_field *extra, const char *key)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    g_autofree char *all = NULL;
    const char *near;

    for (const struct rig_removed *removed = shape->removed; removed && removed->name; removed++)
        if (strcmp(removed->name, key) == 0)
            return g_strdup(removed->hint);
    for (gsize i = 0; i < shape->n_fields; i++)
        g_ptr_array_add(names, (gpointer)shape->fields[i].name);
    if (extra)
        g_ptr_array_add(names, (gpointer)extra->name);
    near = rig_nearest(key, (const char *const *)names->pdata, names->len);
    if (near)
        return g_strdup_printf("did you mean '%s'?", near);
    if (names->len == 0 || names->len > 12)
        return NULL;
    g_ptr_array_add(names, NULL);
    all = g_strjoinv(", ", (char **)names->pdata);
    return g_strdup_printf("it has: %s", all);
}

static void read_pair(struct rig_reader *reader, struct rig_record *record, const struct rig_pair *pair,
                      const char *label, const struct rig_field *extra, struct rig_value **extra_value)
{
    const struct rig_field *field = find_written(reader, record, pair->key);
    g_autofree char *hint = NULL;

    if (field) {
        struct rig_value **value = &record->values[field - record->shape->fields];

        rig_value_free(*value);
        *value = read_value(reader, field, pair->value);
    } else if (extra && strcmp(extra->name, pair->key->text) == 0) {
        *extra_value = read_value(reader, extra, pair->value);
    } else {
        hint = rig_diagnostics_is_full(reader->diagnostics, pair->key->source)
                   ? NULL
                   : hint_for_key(record->shape, extra, pair->key->text);
        rig_reader_error(reader, pair->key, hint, "'%s' has no '%s'", label, pair->key->text);
    }
}

static bool is_written(const struct rig_record *record, const struct rig_node *node,
                       const struct rig_field *field)
{
    return record->values[field - record->shape->fields] ||
           (node->kind == RIG_NODE_MAP && find_node(node, field)) ||
           (node->kind != RIG_NODE_MAP && !node->empty);
}

static void check_required(struct rig_reader *reader, const struct rig_record *record,
                           const struct rig_node *node, const char *label)
{
    for (gsize i = 0; i < record->shape->n_fields; i++) {
        const struct rig_field *field = &record->shape->fields[i];

        if (field->required && !is_written(record, node, field))
            rig_reader_error(reader, node, NULL, "'%s' needs '%s'", label, field->name);
    }
}

static guint count_written(const struct rig_record *record, const struct rig_node *node,
                           const char *const *names)
{
    guint n_written = 0;

    for (; *names; names++) {
        const struct rig_field *field = find_field(record->shape, *names);

        g_assert(field);
        n_written += record->values[field - record->shape->fields] ||
                     (node->kind == RIG_NODE_MAP && find_node(node, field));
    }
    return n_written;
}

static void check_groups(struct rig_reader *reader, const struct rig_record *record,
                         const struct rig_node *node, const char *label)
{
    const struct rig_shape *shape = record->shape;
    const char *const *names = shape->exactly_one ? shape->exactly_one : shape->at_least_one;
    g_autofree char *list = NULL;
    guint n_written;

    if (!names)
        return;
    n_written = count_written(record, node, names);
    if (n_written == 1 || (n_written > 1 && !shape->exactly_one))
        return;
    list = g_strjoinv(", ", (char **)names);
    rig_reader_error(reader, node, NULL, "'%s' needs %s one of: %s", label,
                     shape->exactly_one ? "exactly" : "at least", list);
}

/* --- rules between the fields of one map: what would have no effect there is told --- */

static bool contains(const char *const *values, const char *text)
{
    return text && g_strv_contains((const gchar *const *)values, text);
}

/* One of the values; of a list, one of its items. values NULL: any. */
static bool has_value(const struct rig_value *value, const char *const *values)
{
    if (!values)
        return true;
    for (guint i = 0; value->is_list && i < value->items->len; i++)
        if (has_value(g_ptr_array_index(value->items, i), values))
            return true;
    return !value->is_list && contains(values, value->keyword ? value->keyword : value->text);
}

/* Where a rule's other field is. `unknown`: it is written, but what it says is not known here. */
struct found {
    const struct rig_value *value;
    bool is_default;
    bool unknown;
};

static bool is_same(const struct rig_field *field, const struct rig_value *value, const char *text)
{
    struct rig_scalar_problem problem;
    struct rig_value meant = {0};

    if (value->keyword || g_str_equal(value->text, text))
        return g_strcmp0(value->text, text) == 0;
    if (field->type != RIG_TYPE_COUNT && field->type != RIG_TYPE_SIZE && field->type != RIG_TYPE_DURATION)
        return false;
    if (!rig_scalar_read(field, text, &meant, &problem)) {
        rig_scalar_problem_clear(&problem);
        return false;
    }
    return meant.count == value->count;
}

/* What would be so in any case. */
static bool is_default(const struct rig_field *field, const struct rig_value *value)
{
    return !value->node || (field->default_text && !value->is_list && value->text &&
                            is_same(field, value, field->default_text));
}

static struct found find_other(const struct rig_record *record, const char *path)
{
    const char *dot = strchr(path, '.');
    g_autofree char *name = dot ? g_strndup(path, (gsize)(dot - path)) : g_strdup(path);
    const struct rig_value *value = rig_record_get(record, name);
    bool written = record->node && record->node->kind == RIG_NODE_MAP &&
                   find_node(record->node, find_field(record->shape, name));

    if (!value || !dot)
        return (struct found){value, value && is_default(find_field(record->shape, name), value),
                              !value && written};
    if (!value->record)
        return (struct found){NULL, false, false};
    return find_other(value->record, dot + 1);
}

static bool is_kept(const struct rig_record *record, const struct rig_rule *rule,
                    const struct rig_value *value)
{
    const struct found other = find_other(record, rule->other);

    if (other.unknown)
        return true;
    switch (rule->kind) {
    case RIG_RULE_NEEDS:
        return (other.value && (rule->others ? has_value(other.value, rule->others) : !other.is_default)) ||
               (!rule->values && is_default(find_field(record->shape, rule->field), value));
    case RIG_RULE_NOT_BESIDE:
        return !other.value || (rule->others ? !has_value(other.value, rule->others) : other.is_default);
    case RIG_RULE_AT_MOST:
        return !other.value || value->count <= other.value->count;
    }
    return true;
}

/* "retry: resume", "expect: refused or any", "retry". */
static char *describe(const char *name, const char *const *values)
{
    g_autofree char *list = values ? g_strjoinv(" or ", (char **)values) : NULL;

    return list ? g_strdup_printf("%s: %s", name, list) : g_strdup(name);
}

/* The key, if there is one: a value can stand far away, in a variable. */
static const struct rig_node *place_of(const struct rig_record *record, const char *name,
                                       const struct rig_value *value)
{
    for (guint i = 0; record->node && record->node->kind == RIG_NODE_MAP && i < record->node->items->len;
         i++) {
        const struct rig_pair *pair = g_ptr_array_index(record->node->items, i);

        if (strcmp(pair->key->text, name) == 0)
            return pair->key;
    }
    return value->node;
}

static void complain(struct rig_reader *reader, const struct rig_record *record, const struct rig_rule *rule,
                     const struct rig_value *value)
{
    g_autofree char *subject = describe(rule->field, rule->values);
    g_autofree char *other = describe(rule->other, rule->others);

    const char *relation = rule->kind == RIG_RULE_NEEDS        ? "has no effect without"
                           : rule->kind == RIG_RULE_NOT_BESIDE ? "has no effect beside"
                                                               : "is more than";

    rig_reader_error(reader, place_of(record, rule->field, value), rule->why, "'%s' %s '%s'", subject,
                     relation, other);
}

static void check_rules(struct rig_reader *reader, const struct rig_record *record)
{
    for (const struct rig_rule *rule = record->shape->rules; rule && rule->field; rule++) {
        const struct rig_value *value = rig_record_get(record, rule->field);

        if (value && value->node && has_value(value, rule->values) && !is_kept(record, rule, value))
            complain(reader, record, rule, value);
    }
}

/* --- values --- */

static struct rig_value *default_record(const struct rig_field *field)
{
    struct rig_value *value = new_value(field, NULL);

    value->record = new_record(field->shape, NULL);
    fill_defaults(value->record);
    rig_record_fill(value->record);
    return value;
}

static struct rig_value *default_single(const struct rig_field *field)
{
    struct rig_scalar_problem problem;
    const char *keyword = find_choice(field, field->default_text);
    struct rig_value *value;

    if (!keyword && field->type == RIG_TYPE_RECORD)
        return default_record(field);
    value = new_value(field, NULL);
    value->keyword = keyword;
    value->text = field->default_text;
    if (!keyword && !rig_scalar_read(field, field->default_text, value, &problem))
        g_error("the default of '%s' is not of its type: %s", field->name, problem.message);
    return value;
}

static struct rig_value *default_value(const struct rig_field *field)
{
    struct rig_value *list;

    if (!field->list)
        return default_single(field);
    list = new_value(field, NULL);
    list->is_list = true;
    list->items = g_ptr_array_new_with_free_func(free_item);
    if (*field->default_text && strcmp(field->default_text, "[]") != 0)
        g_ptr_array_add(list->items, default_single(field));
    return list;
}

static void fill_defaults(struct rig_record *record)
{
    for (gsize i = 0; i < record->shape->n_fields; i++)
        if (!record->values[i] && record->shape->fields[i].default_text)
            record->values[i] = default_value(&record->shape->fields[i]);
}

static struct rig_record *new_record(const struct rig_shape *shape, const struct rig_node *node)
{
    struct rig_record *record = g_new0(struct rig_record, 1);

    record->shape = shape;
    record->node = node;
    record->values = g_new0(struct rig_value *, shape->n_fields);
    return record;
}

static void read_shorthand(struct rig_reader *reader, struct rig_record *record, const struct rig_node *node,
                           const char *label)
{
    const struct rig_shape *shape = record->shape;
    const struct rig_field *field = shape->shorthand ? find_field(shape, shape->shorthand) : NULL;

    if (node->kind == RIG_NODE_SCALAR && node->empty)
        return;
    if (field)
        record->values[field - shape->fields] = read_value(reader, field, node);
    else
        rig_reader_error(reader, node, NULL,
                         shape->n_fields ? "'%s' wants a map of its fields" : "'%s' takes no value", label);
}

struct rig_record *rig_reader_record(struct rig_reader *reader, const struct rig_node *node,
                                     const struct rig_shape *shape, const char *label,
                                     const struct rig_field *extra, struct rig_value **extra_value)
{
    struct rig_reader_place place;
    struct rig_record *record = NULL;

    if (rig_reader_enter(reader, &node, &place)) {
        record = new_record(shape, node);
        if (node->kind != RIG_NODE_MAP)
            read_shorthand(reader, record, node, label);
        for (guint i = 0; node->kind == RIG_NODE_MAP && i < node->items->len; i++)
            read_pair(reader, record, g_ptr_array_index(node->items, i), label, extra, extra_value);
        check_required(reader, record, node, label);
        check_groups(reader, record, node, label);
        fill_defaults(record);
        check_rules(reader, record);
        rig_record_fill(record);
    }
    rig_reader_leave(reader, &place);
    return record;
}

static struct rig_value *read_variant(struct rig_reader *reader, const struct rig_field *field,
                                      const struct rig_node *node)
{
    const struct rig_shape *shape = field->shape;
    struct rig_value *value;

    if (node->kind == RIG_NODE_SCALAR && !node->empty && find_field(shape, node->text)) {
        g_autofree char *hint = g_strdup_printf("did you mean '{%s: }'?", node->text);

        rig_reader_error(reader, node, hint, "'%s' wants a map with one key", field->name);
        return NULL;
    }
    if (node->kind == RIG_NODE_MAP ? node->items->len != 1 : !shape->shorthand || node->empty) {
        g_autofree char *hint = hint_for_key(shape, NULL, node->kind == RIG_NODE_SCALAR ? node->text : "");

        rig_reader_error(reader, node, hint, "'%s' wants a map with exactly one key", field->name);
        return NULL;
    }
    value = new_value(field, node);
    value->record = new_record(shape, node);
    if (node->kind == RIG_NODE_MAP)
        read_pair(reader, value->record, g_ptr_array_index(node->items, 0), field->name, NULL, NULL);
    else
        read_shorthand(reader, value->record, node, field->name);
    rig_record_fill(value->record);
    return value;
}

static void refuse_idle_steps(struct rig_reader *reader, const struct rig_field *field,
                              const struct rig_node *node, const GPtrArray *steps)
{
    for (guint i = 0; i < steps->len; i++)
        if (!((const struct rig_step *)g_ptr_array_index(steps, i))->verb->looks_at_nothing)
            return;
    if (steps->len > 0)
        rig_reader_error(reader, node, "expect-boot says what runs, expect-slot what a slot holds",
                         "no step of '%s' looks at the board: it would hold whatever happens", field->name);
}

static struct rig_value *read_parts(struct rig_reader *reader, const struct rig_field *field,
                                    const struct rig_node *node)
{
    struct rig_value *value;

    if (field->type == RIG_TYPE_VARIANT)
        return read_variant(reader, field, node);
    value = new_value(field, node);
    if (field->type == RIG_TYPE_RECORD) {
        value->record = rig_reader_record(reader, node, field->shape, field->name, NULL, NULL);
    } else if (field->type == RIG_TYPE_STEPS) {
        value->steps = g_ptr_array_new();
        if (reader->read_block)
            reader->read_block(reader, field->name, node, value->steps);
        else
            rig_reader_error(reader, node, NULL, "steps cannot stand here");
        if (field->judges)
            refuse_idle_steps(reader, field, node, value->steps);
    }
    return value;
}

static struct rig_value *read_entered(struct rig_reader *reader, const struct rig_field *field,
                                      const struct rig_node *node)
{
    const char *keyword = node->kind == RIG_NODE_SCALAR ? find_choice(field, node->text) : NULL;
    struct rig_value *value;

    if (!keyword && node->kind == RIG_NODE_SCALAR)
        keyword = find_former_choice(reader, field, node);
    if (keyword) {
        if (field->type == RIG_TYPE_IMAGE && reader->scope && reader->scope->images &&
            g_hash_table_contains(reader->scope->images, keyword))
            rig_reader_error(reader, node, "give the image another name",
                             "'%s' is a word of '%s' and also the name of an image", keyword, field->name);
        value = new_value(field, node);
        value->keyword = keyword;
        value->text = keyword;
        return value;
    }
    switch (field->type) {
    case RIG_TYPE_RECORD:
    case RIG_TYPE_VARIANT:
    case RIG_TYPE_STEPS:
    case RIG_TYPE_CASES:
        return read_parts(reader, field, node);
    case RIG_TYPE_FLAG:
    case RIG_TYPE_COUNT:
    case RIG_TYPE_INTEGER:
    case RIG_TYPE_DURATION:
    case RIG_TYPE_SPAN:
    case RIG_TYPE_SIZE:
    case RIG_TYPE_PROBABILITY:
    case RIG_TYPE_TEXT:
    case RIG_TYPE_LINE:
    case RIG_TYPE_NAME:
    case RIG_TYPE_VERSION:
    case RIG_TYPE_ADDRESS:
    case RIG_TYPE_UUID:
    case RIG_TYPE_HEX:
    case RIG_TYPE_CHOICE:
    case RIG_TYPE_IMAGE:
        break;
    }
    return read_scalar(reader, field, node);
}

static struct rig_value *read_single(struct rig_reader *reader, const struct rig_field *field,
                                     const struct rig_node *node)
{
    struct rig_reader_place place;
    struct rig_value *value =
        rig_reader_enter(reader, &node, &place) ? read_entered(reader, field, node) : NULL;

    rig_reader_leave(reader, &place);
    return value;
}

/* A value that stands twice, or beside one that takes in all others, says nothing. A list of texts or numbers
 * may be a sequence. */
static void refuse_idle_items(struct rig_reader *reader, const struct rig_field *field,
                              const struct rig_value *list)
{
    for (guint i = 0; field->type == RIG_TYPE_CHOICE && !field->in_order && i < list->items->len; i++) {
        const struct rig_value *item = g_ptr_array_index(list->items, i);

        if (list->items->len > 1 && g_str_equal(item->keyword, "any"))
            rig_reader_error(reader, item->node, NULL, "'any' takes in whatever stands beside it in '%s'",
                             field->name);
        for (guint k = 0; k < i; k++)
            if (g_str_equal(((struct rig_value *)g_ptr_array_index(list->items, k))->keyword, item->keyword))
                rig_reader_error(reader, item->node, NULL, "'%s' stands twice in '%s'", item->keyword,
                                 field->name);
    }
}

static struct rig_value *read_list(struct rig_reader *reader, const struct rig_field *field,
                                   const struct rig_node *node)
{
    struct rig_value *list = new_value(field, node);
    guint n = node->kind == RIG_NODE_LIST ? node->items->len : 1;

    if (n == 0 && !field->may_be_empty)
        rig_reader_error(reader, node, "name what it is about, or leave it out", "'%s' is empty",
                         field->name);
    list->is_list = true;
    list->items = g_ptr_array_new_with_free_func(free_item);
    for (guint i = 0; i < n; i++) {
        struct rig_value *item = read_single(
            reader, field, node->kind == RIG_NODE_LIST ? g_ptr_array_index(node->items, i) : node);

        if (item)
            g_ptr_array_add(list->items, item);
    }
    refuse_idle_items(reader, field, list);
    return list;
}

static struct rig_value *read_value(struct rig_reader *reader, const struct rig_field *field,
                                    const struct rig_node *node)
{
    struct rig_reader_place place;
    struct rig_value *value = NULL;

    if (!field->list || field->type == RIG_TYPE_STEPS)
        return read_single(reader, field, node);
    if (rig_reader_enter(reader, &node, &place))
        value = read_list(reader, field, node);
    rig_reader_leave(reader, &place);
    return value;
}

struct rig_record *rig_record_read(const struct rig_node *node, const struct rig_shape *shape,
                                   const struct rig_scope *scope, struct rig_diagnostics *diagnostics)
{
    guint n_reads = RIG_SCENARIO_MAX_READS;
    struct rig_reader reader = {.scope = scope, .diagnostics = diagnostics, .n_reads = &n_reads};
    g_autofree char *problem = rig_shape_problem(shape);

    if (problem)
        g_error("%s", problem);
    return rig_reader_record(&reader, node, shape, shape->name, NULL, NULL);
}

const struct rig_value *rig_record_get(const struct rig_record *record, const char *name)
{
    const struct rig_field *field = find_field(record->shape, name);

    if (!field)
        g_error("'%s' has no field '%s'", record->shape->name, name);
    return record->values[field - record->shape->fields];
}

const struct rig_field *rig_record_variant(const struct rig_record *record, const struct rig_value **value)
{
    for (gsize i = 0; i < record->shape->n_fields; i++) {
        if (!record->values[i])
            continue;
        *value = record->values[i];
        return &record->shape->fields[i];
    }
    *value = NULL;
    return NULL;
}
