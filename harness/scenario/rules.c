/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Rules between the fields of one map: what would have no effect there is told. */
#include <string.h>

#include "scenario/reader.h"
#include "scenario/scalar.h"

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

static const struct rig_field *field_of(const struct rig_shape *shape, const char *name)
{
    for (gsize i = 0; i < shape->n_fields; i++)
        if (strcmp(shape->fields[i].name, name) == 0)
            return &shape->fields[i];
    return NULL;
}

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

static struct found find(const struct rig_record *record, const char *path)
{
    const char *dot = strchr(path, '.');
    g_autofree char *name = dot ? g_strndup(path, (gsize)(dot - path)) : g_strdup(path);
    const struct rig_value *value = rig_record_get(record, name);
    bool written = record->node && record->node->kind == RIG_NODE_MAP &&
                   rig_field_node(record->node, field_of(record->shape, name));

    if (!value || !dot)
        return (struct found){value, value && is_default(field_of(record->shape, name), value),
                              !value && written};
    if (!value->record)
        return (struct found){NULL, false, false};
    return find(value->record, dot + 1);
}

static bool is_kept(const struct rig_record *record, const struct rig_rule *rule,
                    const struct rig_value *value)
{
    const struct found other = find(record, rule->other);

    if (other.unknown)
        return true;
    switch (rule->kind) {
    case RIG_RULE_NEEDS:
        return (other.value && (rule->others ? has_value(other.value, rule->others) : !other.is_default)) ||
               (!rule->values && is_default(field_of(record->shape, rule->field), value));
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

void rig_reader_check_rules(struct rig_reader *reader, const struct rig_record *record)
{
    for (const struct rig_rule *rule = record->shape->rules; rule && rule->field; rule++) {
        const struct rig_value *value = rig_record_get(record, rule->field);

        if (value && value->node && has_value(value, rule->values) && !is_kept(record, rule, value))
            complain(reader, record, rule, value);
    }
}
