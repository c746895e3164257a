/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Fields bound to the members of a plain struct: filling it, and whether a table fits its struct. */
#include <string.h>

#include "scenario/reader.h"

/* What of a value a member of a kind holds. */
enum source {
    AS_READ,  /* what is there */
    NARROWED, /* its number, in fewer bytes or as the place among choices */
    POINTED,  /* the struct of its record */
    LISTED,   /* the texts or structs of its items */
    COUNTED,  /* the numbers of its items */
};
struct member_row {
    guint32 types; /* bit of each enum rig_type that may fill it */
    gsize n_bytes;
    gsize from;    /* offset in struct rig_value */
    bool is_value; /* the member holds a copy, not a pointer to it; an absent value cannot be told */
    bool is_list;
    enum source source;
    guint64 max; /* of numbers */
};
#define BIT(type) (1u << RIG_TYPE_##type)
#define NUMBERS (BIT(COUNT) | BIT(SIZE) | BIT(DURATION))
#define TEXTS (BIT(TEXT) | BIT(LINE) | BIT(NAME) | BIT(VERSION) | BIT(ADDRESS) | BIT(UUID) | BIT(CHOICE) | BIT(IMAGE))
#define MAPS (BIT(RECORD) | BIT(VARIANT))
#define FROM(member) sizeof((struct rig_value *)0)->member, offsetof(struct rig_value, member)
static const struct member_row rows[] = {
    [RIG_MEMBER_FLAG] = {BIT(FLAG), FROM(flag), true, false, AS_READ, 0},
    [RIG_MEMBER_U8] = {NUMBERS, FROM(bound.u8), true, false, NARROWED, G_MAXUINT8},
    [RIG_MEMBER_U16] = {NUMBERS, FROM(bound.u16), true, false, NARROWED, G_MAXUINT16},
    [RIG_MEMBER_U32] = {NUMBERS | BIT(CHOICE), FROM(bound.u32), true, false, NARROWED, G_MAXUINT32},
    [RIG_MEMBER_U64] = {NUMBERS, FROM(count), true, false, AS_READ, G_MAXUINT64},
    [RIG_MEMBER_I64] = {BIT(INTEGER), FROM(integer), true, false, AS_READ, G_MAXINT64},
    [RIG_MEMBER_DOUBLE] = {BIT(PROBABILITY), FROM(probability), true, false, AS_READ, 0},
    [RIG_MEMBER_VERSION] = {BIT(VERSION), FROM(version), true, false, AS_READ, 0},
    [RIG_MEMBER_ADDRESS] = {BIT(ADDRESS), FROM(address), true, false, AS_READ, 0},
    [RIG_MEMBER_FLAG_POINTER] = {BIT(FLAG), FROM(flag), false, false, AS_READ, 0},
    [RIG_MEMBER_U8_POINTER] = {NUMBERS, FROM(bound.u8), false, false, NARROWED, G_MAXUINT8},
    [RIG_MEMBER_U16_POINTER] = {NUMBERS, FROM(bound.u16), false, false, NARROWED, G_MAXUINT16},
    [RIG_MEMBER_U32_POINTER] = {NUMBERS | BIT(CHOICE), FROM(bound.u32), false, false, NARROWED, G_MAXUINT32},
    [RIG_MEMBER_U64_POINTER] = {NUMBERS, FROM(count), false, false, AS_READ, G_MAXUINT64},
    [RIG_MEMBER_I64_POINTER] = {BIT(INTEGER), FROM(integer), false, false, AS_READ, G_MAXINT64},
    [RIG_MEMBER_DOUBLE_POINTER] = {BIT(PROBABILITY), FROM(probability), false, false, AS_READ, 0},
    [RIG_MEMBER_VERSION_POINTER] = {BIT(VERSION), FROM(version), false, false, AS_READ, 0},
    [RIG_MEMBER_SPAN] = {BIT(SPAN), FROM(span), false, false, AS_READ, G_MAXUINT64},
    [RIG_MEMBER_TEXT] = {TEXTS, FROM(text), true, false, AS_READ, 0},
    [RIG_MEMBER_TEXTS] = {TEXTS, FROM(bound.pointer), true, true, LISTED, 0},
    [RIG_MEMBER_NUMBERS] = {NUMBERS, FROM(bound.pointer), true, true, COUNTED, G_MAXUINT64},
    [RIG_MEMBER_BYTES] = {BIT(HEX), FROM(bytes), true, false, AS_READ, 0},
    [RIG_MEMBER_STEPS] = {BIT(STEPS), FROM(steps), true, false, AS_READ, 0},
    [RIG_MEMBER_STRUCT] = {MAPS, FROM(bound.pointer), true, false, POINTED, 0},
    [RIG_MEMBER_STRUCTS] = {MAPS, FROM(bound.pointer), true, true, LISTED, 0},
    [RIG_MEMBER_RECORD] = {MAPS, FROM(record), true, false, AS_READ, 0},
};

/* A member that is NULL when the value is absent. */
static bool tells_absence(enum rig_member member)
{
    return !rows[member].is_value || (member >= RIG_MEMBER_TEXT && member <= RIG_MEMBER_RECORD);
}

/* --- filling --- */

static guint64 place_among(const char *const *choices, const char *keyword)
{
    guint64 i = 0;

    while (choices[i] && strcmp(choices[i], keyword) != 0)
        i++;
    return i;
}

static void narrow(const struct rig_field *field, gsize n_bytes, struct rig_value *value)
{
    guint64 number =
        field->type == RIG_TYPE_CHOICE ? place_among(field->choices, value->keyword) : value->count;

    if (n_bytes == sizeof value->bound.u8)
        value->bound.u8 = (guint8)number;
    else if (n_bytes == sizeof value->bound.u16)
        value->bound.u16 = (guint16)number;
    else
        value->bound.u32 = (guint32)number;
}

/* The texts, or the structs, of a list's items. */
static gpointer pointers_of(const struct rig_value *list)
{
    gconstpointer *pointers = g_new0(gconstpointer, list->items->len + 1);
    guint n = 0;

    for (guint i = 0; i < list->items->len; i++) {
        const struct rig_value *item = g_ptr_array_index(list->items, i);

        if (item->record || item->text)
            pointers[n++] = item->record ? item->record->members : (gconstpointer)item->text;
    }
    return pointers;
}

static gpointer counts_of(const struct rig_value *list)
{
    struct rig_numbers *counts = g_malloc(sizeof *counts + list->items->len * sizeof counts->items[0]);

    counts->n = list->items->len;
    for (guint i = 0; i < list->items->len; i++)
        counts->items[i] = ((const struct rig_value *)g_ptr_array_index(list->items, i))->count;
    return counts;
}

static void prepare(const struct rig_field *field, const struct member_row *row, struct rig_value *value)
{
    switch (row->source) {
    case AS_READ:
        break;
    case NARROWED:
        narrow(field, row->n_bytes, value);
        break;
    case POINTED:
        value->bound.pointer = value->record ? value->record->members : NULL;
        break;
    case LISTED:
        value->bound.pointer = pointers_of(value);
        break;
    case COUNTED:
        value->bound.pointer = counts_of(value);
        break;
    }
}

static void fill_member(const struct rig_field *field, struct rig_value *value, char *members)
{
    const struct member_row *row = &rows[field->value.member];
    gconstpointer from = (const char *)value + row->from;
    bool is_word = value->keyword && field->word.member;

    if (is_word)
        memcpy(members + field->word.offset, &value->keyword, sizeof value->keyword);
    if (field->value.member == RIG_MEMBER_VALUE) {
        memcpy(members + field->value.offset, &value, sizeof value);
    } else if (!is_word) {
        prepare(field, row, value);
        memcpy(members + field->value.offset, row->is_value ? from : &from,
               row->is_value ? row->n_bytes : sizeof from);
    }
}

void rig_record_fill(struct rig_record *record)
{
    const struct rig_shape *shape = record->shape;

    if (!shape->struct_name)
        return;
    record->members = g_malloc0(shape->n_struct_bytes);
    if (shape->node.member)
        memcpy((char *)record->members + shape->node.offset, &record->node, sizeof record->node);
    for (gsize i = 0; i < shape->n_fields; i++)
        if (record->values[i] && shape->fields[i].value.member != RIG_MEMBER_NONE)
            fill_member(&shape->fields[i], record->values[i], record->members);
}

const void *rig_record_struct(const struct rig_record *record, const char *struct_name)
{
    if (!record)
        return NULL;
    if (g_strcmp0(record->shape->struct_name, struct_name) != 0 &&
        g_strcmp0(record->shape->begins_with, struct_name) != 0)
        g_error("the fields of '%s' are those of '%s', not of '%s'", record->shape->name,
                record->shape->struct_name, struct_name);
    return record->members;
}

/* --- checking --- */

static const struct rig_field *field_named(const struct rig_shape *shape, const char *path)
{
    const char *dot = strchr(path, '.');
    gsize n = dot ? (gsize)(dot - path) : strlen(path);

    for (gsize i = 0; i < shape->n_fields; i++) {
        const struct rig_field *field = &shape->fields[i];

        if (strncmp(field->name, path, n) != 0 || field->name[n])
            continue;
        return !dot ? field : field->shape ? field_named(field->shape, dot + 1) : NULL;
    }
    return NULL;
}

/* NULL: the member fits. */
static const char *member_fault(const struct rig_shape *shape, const struct rig_field *field)
{
    const struct rig_binding *value = &field->value;
    const struct member_row *row = &rows[value->member];
    bool is_list = field->list && field->type != RIG_TYPE_STEPS;
    bool is_always_there =
        (field->required || field->default_text || (field->type == RIG_TYPE_FLAG && field->min)) &&
        !field->word.member;

    if (!shape->struct_name)
        return value->member ? "is bound, and the shape has no struct" : NULL;
    if (value->member == RIG_MEMBER_NONE)
        return field->type == RIG_TYPE_CASES ? NULL : "is bound to no member";
    if (value->offset >= shape->n_struct_bytes)
        return "is bound to another struct";
    if (value->member == RIG_MEMBER_VALUE)
        return NULL;
    if (!(row->types & 1u << field->type))
        return "has a type that its member cannot hold";
    if (row->is_list != is_list)
        return is_list ? "is a list, and its member is none" : "is no list, and its member is one";
    if (rig_field_max(field) > row->max)
        return "may be larger than its member";
    if (!tells_absence(value->member) && !is_always_there)
        return "may be absent: its member must be a pointer";
    if (value->struct_name && g_strcmp0(value->struct_name, field->shape->struct_name) != 0)
        return "is bound to the struct of another shape";
    if (field->choices && field->type != RIG_TYPE_CHOICE && !field->word.member &&
        value->member != RIG_MEMBER_TEXT && value->member != RIG_MEMBER_TEXTS)
        return "takes keywords, and no member holds them";
    return NULL;
}

static char *name_problem(const struct rig_shape *shape, const char *what, const char *name)
{
    return !name || field_named(shape, name)
               ? NULL
               : g_strdup_printf("%s of '%s' names '%s', which is not one of its fields", what, shape->name,
                                 name);
}

static char *names_problem(const struct rig_shape *shape)
{
    char *problem = name_problem(shape, "the shorthand", shape->shorthand);

    for (const char *const *name = shape->exactly_one; !problem && name && *name; name++)
        problem = name_problem(shape, "a group", *name);
    for (const char *const *name = shape->at_least_one; !problem && name && *name; name++)
        problem = name_problem(shape, "a group", *name);
    for (const struct rig_rule *rule = shape->rules; !problem && rule && rule->field; rule++)
        if (!(problem = name_problem(shape, "a rule", rule->field)))
            problem = name_problem(shape, "a rule", rule->other);
    return problem;
}

static char *former_problem(const struct rig_shape *shape, const struct rig_field *field)
{
    if (field->former && field_named(shape, field->former))
        return g_strdup_printf("'%s' of '%s' was called '%s', which is another field", field->name,
                               shape->name, field->former);
    for (const struct rig_former *former = field->former_choices; former && former->name; former++)
        if (!g_strv_contains((const gchar *const *)field->choices, former->now) ||
            g_strv_contains((const gchar *const *)field->choices, former->name))
            return g_strdup_printf("'%s' of '%s': '%s' cannot have become '%s'", field->name, shape->name,
                                   former->name, former->now);
    return NULL;
}

char *rig_shape_problem(const struct rig_shape *shape)
{
    char *problem = names_problem(shape);

    for (gsize i = 0; !problem && i < shape->n_fields; i++) {
        const struct rig_field *field = &shape->fields[i];
        const char *fault = member_fault(shape, field);

        if (fault)
            problem = g_strdup_printf("'%s' of '%s' %s", field->name, shape->name, fault);
        else if ((problem = former_problem(shape, field)))
            break;
        else if (field->shape)
            problem = rig_shape_problem(field->shape);
    }
    return problem;
}

/* The first field of any verb that makes or takes the name of something; NULL: there is none. */
static const struct rig_field *field_that_makes(const struct rig_language *language, const char *what)
{
    for (gsize i = 0; i < language->n_verbs; i++) {
        const struct rig_shape *shape = language->verbs[i]->shape;

        for (gsize k = 0; shape && k < shape->n_fields; k++)
            if (g_strcmp0(shape->fields[k].makes, what) == 0)
                return &shape->fields[k];
    }
    return NULL;
}

static char *taken_problem(const struct rig_language *language, const struct rig_shape *shape)
{
    for (gsize i = 0; i < shape->n_fields; i++) {
        const char *takes = shape->fields[i].takes;

        if (takes && !field_that_makes(language, takes))
            return g_strdup_printf("'%s' of '%s' takes the name of a %s, which no step makes",
                                   shape->fields[i].name, shape->name, takes);
    }
    return NULL;
}

char *rig_language_problem(const struct rig_language *language)
{
    char *problem = rig_shape_problem(&rig_image_plan_shape);

    for (gsize i = 0; !problem && i < language->n_verbs; i++) {
        const struct rig_shape *shape = language->verbs[i]->shape;

        if (shape && !(problem = rig_shape_problem(shape)))
            problem = taken_problem(language, shape);
    }
    return problem;
}
