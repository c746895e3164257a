/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The JSON Schema (draft 2020-12) of a scenario file, for editors. YAML readers of editors guess types (10 is
 * a number, on may be true), so it takes the guessed types as well as texts; the last word has the loader. */
#include <string.h>

#include <json-glib/json-glib.h>

#include "scenario/reader.h"
#include "scenario/scenario_shape.h"

#define VARIABLE_PATTERN "\\$"
#define VARIABLE_NAME_PATTERN "^[A-Za-z]([A-Za-z0-9_-]*[A-Za-z0-9_])?$"
#define NAME_PATTERN "^[A-Za-z0-9][A-Za-z0-9._-]*$"

struct schema {
    JsonBuilder *builder;
    GPtrArray *shapes; /* met so far; each becomes a definition named by its place here */
};

static void put_text(struct schema *schema, const char *member, const char *text)
{
    json_builder_set_member_name(schema->builder, member);
    json_builder_add_string_value(schema->builder, text);
}

static void put_number(struct schema *schema, const char *member, gint64 number)
{
    json_builder_set_member_name(schema->builder, member);
    json_builder_add_int_value(schema->builder, number);
}

static void open_object(struct schema *schema, const char *member)
{
    if (member)
        json_builder_set_member_name(schema->builder, member);
    json_builder_begin_object(schema->builder);
}

static void open_array(struct schema *schema, const char *member)
{
    json_builder_set_member_name(schema->builder, member);
    json_builder_begin_array(schema->builder);
}

static void close_object(struct schema *schema)
{
    json_builder_end_object(schema->builder);
}

static void close_array(struct schema *schema)
{
    json_builder_end_array(schema->builder);
}

static void add_reference(struct schema *schema, const char *definition)
{
    g_autofree char *path = g_strdup_printf("#/$defs/%s", definition);

    open_object(schema, NULL);
    put_text(schema, "$ref", path);
    close_object(schema);
}

static void put_reference(struct schema *schema, const char *member, const char *definition)
{
    json_builder_set_member_name(schema->builder, member);
    add_reference(schema, definition);
}

static char *definition_of(struct schema *schema, const struct rig_shape *shape)
{
    guint place = schema->shapes->len;

    if (!g_ptr_array_find(schema->shapes, shape, &place))
        g_ptr_array_add(schema->shapes, (gpointer)shape);
    return g_strdup_printf("map-%u", place);
}

static void add_words(struct schema *schema, const char *const *words)
{
    open_object(schema, NULL);
    open_array(schema, "enum");
    for (; *words; words++)
        json_builder_add_string_value(schema->builder, *words);
    close_array(schema);
    close_object(schema);
}

static void add_type_name(struct schema *schema, const char *type)
{
    open_object(schema, NULL);
    put_text(schema, "type", type);
    close_object(schema);
}

static void add_pattern(struct schema *schema, const char *pattern)
{
    open_object(schema, NULL);
    put_text(schema, "type", "string");
    put_text(schema, "pattern", pattern);
    close_object(schema);
}

static void add_whole_number(struct schema *schema, const struct rig_field *field)
{
    open_object(schema, NULL);
    put_text(schema, "type", "integer");
    if (field->type == RIG_TYPE_COUNT)
        put_number(schema, "minimum", (gint64)MIN(field->min, (guint64)G_MAXINT64));
    if (field->type == RIG_TYPE_COUNT)
        put_number(schema, "maximum", (gint64)rig_field_max(field));
    close_object(schema);
    add_pattern(schema, field->type == RIG_TYPE_COUNT ? "^(0|[1-9][0-9]*|0x[0-9A-Fa-f]{1,16})$"
                                                      : "^-?(0|[1-9][0-9]*|0x[0-9A-Fa-f]{1,16})$");
}

static void add_zero(struct schema *schema)
{
    open_object(schema, NULL);
    json_builder_set_member_name(schema->builder, "const");
    json_builder_add_int_value(schema->builder, 0);
    close_object(schema);
}

static void add_any_scalar(struct schema *schema)
{
    open_object(schema, NULL);
    open_array(schema, "type");
    json_builder_add_string_value(schema->builder, "string");
    json_builder_add_string_value(schema->builder, "number");
    json_builder_add_string_value(schema->builder, "boolean");
    json_builder_add_string_value(schema->builder, "null");
    close_array(schema);
    close_object(schema);
}

/* The alternatives of one value of a scalar type. */
static void add_scalar(struct schema *schema, const struct rig_field *field)
{
    switch (field->type) {
    case RIG_TYPE_FLAG:
        add_type_name(schema, "boolean");
        break;
    case RIG_TYPE_COUNT:
    case RIG_TYPE_INTEGER:
        add_whole_number(schema, field);
        break;
    case RIG_TYPE_DURATION:
        add_pattern(schema, "^[0-9]+(\\.[0-9]+)?(us|ms|s|min)$");
        if (field->min == 0)
            add_zero(schema);
        break;
    case RIG_TYPE_SPAN:
        add_pattern(schema, "^(0|[0-9]+(\\.[0-9]+)?(us|ms|s|min))\\.\\.[0-9]+(\\.[0-9]+)?(us|ms|s|min)$");
        break;
    case RIG_TYPE_SIZE:
        add_pattern(schema, "^([0-9]+(\\.[0-9]+)?(B|KiB|MiB)|0x[0-9A-Fa-f]{1,16})$");
        if (field->min == 0)
            add_zero(schema);
        break;
    case RIG_TYPE_PROBABILITY:
        add_pattern(schema, "^[0-9]+(\\.[0-9]+)?%$");
        break;
    case RIG_TYPE_VERSION:
        add_pattern(schema, "^[0-9]+(\\.[0-9]+){1,2}(\\+[0-9]+)?$");
        add_type_name(schema, "number"); /* 1.10 as an editor reads it */
        break;
    case RIG_TYPE_ADDRESS:
        add_pattern(schema, "^[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){5}$");
        add_type_name(schema, "integer"); /* 12:34:56:11:22:33 in base sixty */
        break;
    case RIG_TYPE_UUID:
        add_pattern(schema, "^([0-9A-Fa-f]{4}|[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12})$");
        add_type_name(schema, "integer");
        break;
    case RIG_TYPE_HEX:
        add_pattern(schema, "^ *([0-9A-Fa-f]{2} *)*$");
        add_type_name(schema, "integer");
        break;
    case RIG_TYPE_NAME:
        add_pattern(schema, NAME_PATTERN);
        add_type_name(schema, "integer");
        break;
    case RIG_TYPE_CHOICE:
        break;
    case RIG_TYPE_IMAGE:
        add_pattern(schema, NAME_PATTERN);
        break;
    case RIG_TYPE_TEXT:
    case RIG_TYPE_LINE:
    case RIG_TYPE_RECORD:
    case RIG_TYPE_VARIANT:
    case RIG_TYPE_STEPS:
    case RIG_TYPE_CASES:
        add_any_scalar(schema);
        break;
    }
}

/* `off`, `no` and their like are booleans to many editors. */
static bool has_boolean_word(const char *const *words)
{
    static const char *const booleans[] = {"on", "off", "yes", "no", NULL};

    for (; words && *words; words++)
        if (g_strv_contains(booleans, *words))
            return true;
    return false;
}

static void add_variant_reference(struct schema *schema, const struct rig_shape *shape)
{
    g_autofree char *definition = definition_of(schema, shape);

    open_object(schema, NULL);
    open_array(schema, "allOf");
    add_reference(schema, definition);
    close_array(schema);
    put_number(schema, "minProperties", 1);
    put_number(schema, "maxProperties", 1);
    close_object(schema);
}

static const struct rig_field *shorthand_of(const struct rig_shape *shape)
{
    for (gsize i = 0; shape->shorthand && i < shape->n_fields; i++)
        if (strcmp(shape->fields[i].name, shape->shorthand) == 0)
            return &shape->fields[i];
    return NULL;
}

static bool has_required(const struct rig_shape *shape)
{
    if (shape && (shape->exactly_one || shape->at_least_one))
        return true;
    for (gsize i = 0; shape && i < shape->n_fields; i++)
        if (shape->fields[i].required)
            return true;
    return false;
}

static void add_field(struct schema *schema, const struct rig_field *field);

/* The alternatives of one value of any type. */
static void add_alternatives(struct schema *schema, const struct rig_field *field)
{
    const struct rig_field *shorthand = field->shape ? shorthand_of(field->shape) : NULL;

    if (field->choices)
        add_words(schema, field->choices);
    if (has_boolean_word(field->choices))
        add_type_name(schema, "boolean");
    if (field->type == RIG_TYPE_VARIANT) {
        add_variant_reference(schema, field->shape);
    } else if (field->type == RIG_TYPE_RECORD) {
        g_autofree char *definition = definition_of(schema, field->shape);

        add_reference(schema, definition);
        if (!has_required(field->shape))
            add_type_name(schema, "null");
    } else if (field->type == RIG_TYPE_STEPS) {
        add_reference(schema, "steps");
    } else {
        add_scalar(schema, field);
    }
    if (shorthand && shorthand != field)
        add_field(schema, shorthand);
}

static void add_field(struct schema *schema, const struct rig_field *field)
{
    open_object(schema, NULL);
    put_text(schema, "description", field->about ? field->about : "");
    open_array(schema, "anyOf");
    add_reference(schema, "variable");
    add_alternatives(schema, field);
    if (field->list) {
        open_object(schema, NULL);
        put_text(schema, "type", "array");
        put_number(schema, "minItems", field->may_be_empty ? 0 : 1);
        open_object(schema, "items");
        open_array(schema, "anyOf");
        add_reference(schema, "variable");
        add_alternatives(schema, field);
        close_array(schema);
        close_object(schema);
        close_object(schema);
    }
    close_array(schema);
    close_object(schema);
}

/* "exactly one of these" and "at least one of these" of a shape. */
static void put_groups(struct schema *schema, const struct rig_shape *shape)
{
    const char *const *names = shape && shape->exactly_one ? shape->exactly_one
                               : shape                     ? shape->at_least_one
                                                           : NULL;

    if (!names)
        return;
    open_array(schema, shape->exactly_one ? "oneOf" : "anyOf");
    for (; *names; names++) {
        open_object(schema, NULL);
        open_array(schema, "required");
        json_builder_add_string_value(schema->builder, *names);
        close_array(schema);
        close_object(schema);
    }
    close_array(schema);
}

/* Words of a file, as editors may read them. */
static void add_word(struct schema *schema, const char *word)
{
    json_builder_add_string_value(schema->builder, word);
    if (strcmp(word, "true") == 0 || strcmp(word, "false") == 0)
        json_builder_add_boolean_value(schema->builder, strcmp(word, "true") == 0);
    if (strcmp(word, "0") == 0)
        json_builder_add_int_value(schema->builder, 0);
}

static void add_words_of_rule(struct schema *schema, const char *const *words)
{
    open_object(schema, NULL);
    open_array(schema, "enum");
    for (; *words; words++)
        add_word(schema, *words);
    close_array(schema);
    close_object(schema);
}

/* Has one of these values: a variable might. Of a list, one of its items. */
static void put_any_of_values(struct schema *schema, const char *const *words)
{
    open_array(schema, "anyOf");
    add_words_of_rule(schema, words);
    open_object(schema, NULL);
    put_text(schema, "type", "array");
    json_builder_set_member_name(schema->builder, "contains");
    add_words_of_rule(schema, words);
    close_object(schema);
    close_array(schema);
}

static void put_required(struct schema *schema, const char *name)
{
    open_array(schema, "required");
    json_builder_add_string_value(schema->builder, name);
    close_array(schema);
}

static const struct rig_field *field_named(const struct rig_shape *shape, const char *name)
{
    for (gsize i = 0; i < shape->n_fields; i++)
        if (strcmp(shape->fields[i].name, name) == 0)
            return &shape->fields[i];
    return NULL;
}

/* "if": the rule's field is written, with one of the values that the rule is about. */
static void put_subject(struct schema *schema, const struct rig_shape *shape, const struct rig_rule *rule)
{
    const char *otherwise = field_named(shape, rule->field)->default_text;
    const char *const defaults[] = {otherwise, NULL};

    open_object(schema, "if");
    put_required(schema, rule->field);
    open_object(schema, "properties");
    open_object(schema, rule->field);
    if (rule->values) {
        put_any_of_values(schema, rule->values);
    } else if (otherwise && rule->kind == RIG_RULE_NEEDS) {
        json_builder_set_member_name(schema->builder, "not");
        add_words_of_rule(schema, defaults);
    }
    close_object(schema);
    close_object(schema);
    close_object(schema);
}

static bool is_by_default(const struct rig_shape *shape, const struct rig_rule *rule)
{
    const char *text = field_named(shape, rule->other)->default_text;

    return text && rule->others && g_strv_contains((const gchar *const *)rule->others, text);
}

/* "then" of RIG_RULE_NEEDS. */
static void put_needed(struct schema *schema, const struct rig_shape *shape, const struct rig_rule *rule)
{
    open_object(schema, "then");
    if (!is_by_default(shape, rule))
        put_required(schema, rule->other);
    if (rule->others) {
        open_object(schema, "properties");
        open_object(schema, rule->other);
        open_array(schema, "anyOf");
        add_reference(schema, "variable");
        open_object(schema, NULL);
        put_any_of_values(schema, rule->others);
        close_object(schema);
        open_object(schema, NULL);
        put_text(schema, "type", "array");
        put_reference(schema, "contains", "variable");
        close_object(schema);
        close_array(schema);
        close_object(schema);
        close_object(schema);
    }
    close_object(schema);
}

/* "then" of RIG_RULE_NOT_BESIDE. A default that is written out is no harm. */
static void put_excluded(struct schema *schema, const struct rig_rule *rule)
{
    open_object(schema, "then");
    open_object(schema, "not");
    put_required(schema, rule->other);
    if (rule->others) {
        open_object(schema, "properties");
        open_object(schema, rule->other);
        put_any_of_values(schema, rule->others);
        close_object(schema);
        close_object(schema);
    }
    close_object(schema);
    close_object(schema);
}

/* What looks into a map inside, compares numbers, or forgives a default is left to the loader. */
static bool is_for_editors(const struct rig_shape *shape, const struct rig_rule *rule)
{
    const struct rig_field *other = field_named(shape, rule->other);

    return other && rule->kind != RIG_RULE_AT_MOST && (rule->others || !other->default_text);
}

static void put_rules(struct schema *schema, const struct rig_shape *shape)
{
    if (!shape || !shape->rules)
        return;
    open_array(schema, "allOf");
    for (const struct rig_rule *rule = shape->rules; rule->field; rule++) {
        if (!is_for_editors(shape, rule))
            continue;
        open_object(schema, NULL);
        put_subject(schema, shape, rule);
        if (rule->kind == RIG_RULE_NEEDS)
            put_needed(schema, shape, rule);
        else
            put_excluded(schema, rule);
        close_object(schema);
    }
    close_array(schema);
}

/* "properties" and what goes with it, of a map with a shape; `within` beside when it is a step's. */
static void put_properties(struct schema *schema, const struct rig_shape *shape, bool is_step, bool may_lack)
{
    bool has_within = false;

    put_text(schema, "type", "object");
    open_object(schema, "properties");
    for (gsize i = 0; shape && i < shape->n_fields; i++) {
        json_builder_set_member_name(schema->builder, shape->fields[i].name);
        add_field(schema, &shape->fields[i]);
        has_within = has_within || strcmp(shape->fields[i].name, rig_within_field.name) == 0;
    }
    if (is_step && !has_within) {
        json_builder_set_member_name(schema->builder, rig_within_field.name);
        add_field(schema, &rig_within_field);
    }
    close_object(schema);
    json_builder_set_member_name(schema->builder, "additionalProperties");
    json_builder_add_boolean_value(schema->builder, FALSE);
    if (!may_lack)
        put_groups(schema, shape);
    put_rules(schema, shape);
    if (may_lack || !has_required(shape))
        return;
    open_array(schema, "required");
    for (gsize i = 0; i < shape->n_fields; i++)
        if (shape->fields[i].required)
            json_builder_add_string_value(schema->builder, shape->fields[i].name);
    close_array(schema);
}

static void add_condition(struct schema *schema)
{
    open_object(schema, NULL);
    put_text(schema, "type", "object");
    put_number(schema, "minProperties", 1);
    open_object(schema, "propertyNames");
    put_text(schema, "pattern", VARIABLE_NAME_PATTERN);
    close_object(schema);
    close_object(schema);
}

static void add_arguments(struct schema *schema, const struct rig_verb *verb)
{
    const struct rig_field *shorthand = verb->shape ? shorthand_of(verb->shape) : NULL;

    if (verb == &rig_when_verb) {
        add_condition(schema);
        return;
    }
    open_object(schema, NULL);
    put_text(schema, "description", verb->about);
    open_array(schema, "anyOf");
    add_reference(schema, "variable");
    if (!has_required(verb->shape))
        add_type_name(schema, "null");
    open_object(schema, NULL);
    put_properties(schema, verb->shape, !verb->at_once, false);
    close_object(schema);
    if (shorthand)
        add_field(schema, shorthand);
    close_array(schema);
    close_object(schema);
}

static void add_step(struct schema *schema, const struct rig_verb *verb)
{
    open_object(schema, NULL);
    put_text(schema, "type", "object");
    open_object(schema, "properties");
    json_builder_set_member_name(schema->builder, verb->name);
    add_arguments(schema, verb);
    if (verb->block)
        put_reference(schema, verb->block, "steps");
    close_object(schema);
    open_array(schema, "required");
    json_builder_add_string_value(schema->builder, verb->name);
    if (verb->block)
        json_builder_add_string_value(schema->builder, verb->block);
    close_array(schema);
    json_builder_set_member_name(schema->builder, "additionalProperties");
    json_builder_add_boolean_value(schema->builder, FALSE);
    close_object(schema);
}

static void put_step_definitions(struct schema *schema, const struct rig_language *language)
{
    g_autofree const char **names = rig_language_names(language);

    open_object(schema, "step");
    open_array(schema, "oneOf");
    add_reference(schema, "variable");
    for (const char **name = names; *name; name++)
        add_step(schema, rig_language_find(language, *name));
    close_array(schema);
    close_object(schema);
    open_object(schema, "steps");
    open_array(schema, "anyOf");
    open_object(schema, NULL);
    put_text(schema, "type", "array");
    put_number(schema, "minItems", 1);
    put_reference(schema, "items", "step");
    close_object(schema);
    add_reference(schema, "step");
    close_array(schema);
    close_object(schema);
}

/* Definitions of shapes may name further shapes, which then stand at the end of the list. */
static void put_shape_definitions(struct schema *schema)
{
    for (guint i = 0; i < schema->shapes->len; i++) {
        g_autofree char *name = g_strdup_printf("map-%u", i);

        open_object(schema, name);
        put_properties(schema, schema->shapes->pdata[i], false, false);
        close_object(schema);
    }
}

static void add_images(struct schema *schema)
{
    static const struct rig_field image = {.name = "image",
                                           .type = RIG_TYPE_RECORD,
                                           .shape = &rig_image_plan_shape,
                                           .about = "An image: its version, or a map of its fields."};

    open_object(schema, NULL);
    open_array(schema, "type");
    json_builder_add_string_value(schema->builder, "object");
    json_builder_add_string_value(schema->builder, "null");
    close_array(schema);
    open_object(schema, "propertyNames");
    put_text(schema, "pattern", NAME_PATTERN);
    close_object(schema);
    json_builder_set_member_name(schema->builder, "additionalProperties");
    add_field(schema, &image);
    close_object(schema);
}

static void add_variables(struct schema *schema, bool of_lists)
{
    open_object(schema, NULL);
    open_array(schema, "type");
    json_builder_add_string_value(schema->builder, "object");
    json_builder_add_string_value(schema->builder, "null");
    close_array(schema);
    open_object(schema, "propertyNames");
    put_text(schema, "pattern", VARIABLE_NAME_PATTERN);
    close_object(schema);
    if (of_lists) {
        open_object(schema, "additionalProperties");
        put_text(schema, "type", "array");
        put_number(schema, "minItems", 1);
        close_object(schema);
    }
    close_object(schema);
}

static void add_rows(struct schema *schema)
{
    open_object(schema, NULL);
    open_array(schema, "type");
    json_builder_add_string_value(schema->builder, "array");
    json_builder_add_string_value(schema->builder, "null");
    close_array(schema);
    put_number(schema, "minItems", 1);
    json_builder_set_member_name(schema->builder, "items");
    add_variables(schema, false);
    close_object(schema);
}

static void add_section(struct schema *schema, const struct rig_field *field,
                        const struct rig_language *language)
{
    if (strcmp(field->name, "images") == 0)
        add_images(schema);
    else if (strcmp(field->name, "vars") == 0 || strcmp(field->name, "matrix") == 0)
        add_variables(schema, strcmp(field->name, "matrix") == 0);
    else if (strcmp(field->name, "cases") == 0)
        add_rows(schema);
    else if (field->type == RIG_TYPE_CASES)
        add_reference(schema, "steps");
    else if (strcmp(field->name, "needs") == 0 && language->capabilities) {
        struct rig_field needs = *field;

        needs.type = RIG_TYPE_CHOICE;
        needs.choices = language->capabilities;
        add_field(schema, &needs);
    } else
        add_field(schema, field);
}

static void put_file(struct schema *schema, const struct rig_language *language)
{
    put_text(schema, "$schema", "https://json-schema.org/draft/2020-12/schema");
    put_text(schema, "title", "bootrig scenario");
    put_text(schema, "type", "object");
    open_object(schema, "properties");
    for (gsize i = 0; i < rig_scenario_shape.n_fields; i++) {
        json_builder_set_member_name(schema->builder, rig_scenario_shape.fields[i].name);
        add_section(schema, &rig_scenario_shape.fields[i], language);
    }
    close_object(schema);
    open_array(schema, "required");
    for (gsize i = 0; i < rig_scenario_shape.n_fields; i++)
        if (rig_scenario_shape.fields[i].required)
            json_builder_add_string_value(schema->builder, rig_scenario_shape.fields[i].name);
    close_array(schema);
    json_builder_set_member_name(schema->builder, "additionalProperties");
    json_builder_add_boolean_value(schema->builder, FALSE);
}

char *rig_schema_json(const struct rig_language *language)
{
    g_autoptr(JsonBuilder) builder = json_builder_new();
    g_autoptr(GPtrArray) shapes = g_ptr_array_new();
    struct schema schema = {builder, shapes};
    g_autoptr(JsonNode) root = NULL;

    json_builder_begin_object(builder);
    put_file(&schema, language);
    open_object(&schema, "$defs");
    json_builder_set_member_name(builder, "variable");
    add_pattern(&schema, VARIABLE_PATTERN);
    put_step_definitions(&schema, language);
    put_shape_definitions(&schema);
    close_object(&schema);
    json_builder_end_object(builder);
    root = json_builder_get_root(builder);
    return json_to_string(root, TRUE);
}
