/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The step reference out of the tables: Markdown for the docs, plain text for the terminal. */
#include <string.h>

#include "scenario/reader.h"
#include "scenario/scalar.h"
#include "scenario/scenario_shape.h"

/* What a field takes, in words: "list of count, or middle, last". */
static char *describe_type(const struct rig_field *field)
{
    GString *text = g_string_new(field->list ? "list of " : "");
    g_autofree char *choices = field->choices ? g_strjoinv(", ", (char **)field->choices) : NULL;

    if (field->type == RIG_TYPE_CHOICE)
        g_string_append_printf(text, "one of: %s", choices);
    else
        g_string_append_printf(text, "%s%s%s", rig_type_name(field->type), choices ? ", or " : "",
                               choices ? choices : "");
    if (field->type == RIG_TYPE_RECORD || field->type == RIG_TYPE_VARIANT)
        g_string_append_printf(text, " (%s)", field->shape->name);
    if (field->max) {
        g_autofree char *least = rig_scalar_format(field->type, field->min);
        g_autofree char *most = rig_scalar_format(field->type, field->max);

        g_string_append_printf(text, ", %s to %s", least, most);
    }
    return g_string_free(text, FALSE);
}

static const char *describe_default(const struct rig_field *field)
{
    return field->required ? "(required)" : field->default_text ? field->default_text : "";
}

/* '|' would end the cell of a table. */
static void append_cell(GString *page, const char *text)
{
    g_string_append(page, "| ");
    for (; *text; text++)
        g_string_append_printf(page, *text == '|' ? "\\%c" : "%c", *text == '\n' ? ' ' : *text);
    g_string_append_c(page, ' ');
}

static void append_row(GString *page, const struct rig_field *field, const char *fallback)
{
    g_autofree char *name = g_strdup_printf("`%s`", field->name);
    g_autofree char *type = describe_type(field);

    append_cell(page, name);
    append_cell(page, type);
    append_cell(page, fallback);
    append_cell(page, field->about ? field->about : "");
    g_string_append(page, "|\n");
}

static void append_rule(GString *page, const struct rig_shape *shape)
{
    const char *const *names = shape->exactly_one ? shape->exactly_one : shape->at_least_one;
    g_autofree char *list = names ? g_strjoinv("`, `", (char **)names) : NULL;

    if (list)
        g_string_append_printf(page, "\n%s one of `%s` must be written.\n",
                               shape->exactly_one ? "Exactly" : "At least", list);
}

/* "`until` has no effect without `expect: stopped`". */
static char *rule_text(const struct rig_rule *rule, const char *quote)
{
    g_autofree char *values = rule->values ? g_strjoinv(" or ", (char **)rule->values) : NULL;
    g_autofree char *others = rule->others ? g_strjoinv(" or ", (char **)rule->others) : NULL;
    const char *relation = rule->kind == RIG_RULE_NEEDS        ? "has no effect without"
                           : rule->kind == RIG_RULE_NOT_BESIDE ? "has no effect beside"
                                                               : "is not more than";

    return g_strdup_printf("%s%s%s%s%s %s %s%s%s%s%s", quote, rule->field, values ? ": " : "",
                           values ? values : "", quote, relation, quote, rule->other, others ? ": " : "",
                           others ? others : "", quote);
}

static void append_dependencies(GString *page, const struct rig_shape *shape, const char *before,
                                const char *quote, const char *after)
{
    for (const struct rig_rule *rule = shape ? shape->rules : NULL; rule && rule->field; rule++) {
        g_autofree char *text = rule_text(rule, quote);

        g_string_append_printf(page, "%s%s%s", before, text, after);
    }
}

static void append_table(GString *page, const struct rig_shape *shape)
{
    g_string_append(page, "| field | type | default | about |\n|---|---|---|---|\n");
    for (gsize i = 0; i < shape->n_fields; i++)
        append_row(page, &shape->fields[i], describe_default(&shape->fields[i]));
    append_rule(page, shape);
    append_dependencies(page, shape, "\n- ", "`", ".");
    g_string_append(page, shape->rules ? "\n" : "");
}

static bool has_field(const struct rig_shape *shape, const char *name)
{
    for (gsize i = 0; shape && i < shape->n_fields; i++)
        if (strcmp(shape->fields[i].name, name) == 0)
            return true;
    return false;
}

/* Shapes inside of a shape, each once, in the order in which they are met. */
static void collect_shapes(const struct rig_shape *shape, GPtrArray *shapes)
{
    for (gsize i = 0; shape && i < shape->n_fields; i++) {
        const struct rig_shape *inner = shape->fields[i].shape;

        if (!inner || g_ptr_array_find(shapes, inner, NULL))
            continue;
        g_ptr_array_add(shapes, (gpointer)inner);
        collect_shapes(inner, shapes);
    }
}

static void append_verb(GString *page, const struct rig_verb *verb)
{
    g_autofree char *deadline = rig_scalar_format(RIG_TYPE_DURATION, verb->within_us);

    g_string_append_printf(page, "### %s\n\n%s\n\n", verb->name, verb->about);
    if (verb != &rig_when_verb) {
        g_string_append(page, "| field | type | default | about |\n|---|---|---|---|\n");
        for (gsize i = 0; verb->shape && i < verb->shape->n_fields; i++)
            append_row(page, &verb->shape->fields[i], describe_default(&verb->shape->fields[i]));
        if (!verb->at_once && !has_field(verb->shape, rig_within_field.name))
            append_row(page, &rig_within_field, deadline);
        append_dependencies(page, verb->shape, "\n- ", "`", ".");
        g_string_append(page, verb->shape && verb->shape->rules ? "\n\n" : "\n");
    }
    if (verb->shape && verb->shape->shorthand && verb != &rig_when_verb)
        g_string_append_printf(page, "`%s: value` is short for `%s: {%s: value}`.\n\n", verb->name,
                               verb->name, verb->shape->shorthand);
    if (verb->block)
        g_string_append_printf(page, "Holds steps in `%s:`.\n\n", verb->block);
    if (verb->needs && *verb->needs) {
        g_autofree char *needs = g_strjoinv(", ", (char **)verb->needs);

        g_string_append_printf(page, "Needs: %s.\n\n", needs);
    }
    if (verb->example)
        g_string_append_printf(page, "```yaml\n%s\n```\n\n", verb->example);
}

/* The verbs as the reference has them: `when` first, then the table's. */
static GPtrArray *all_verbs(const struct rig_language *language)
{
    GPtrArray *verbs = g_ptr_array_new();
    g_autofree const char **names = rig_language_names(language);

    for (const char **name = names; *name; name++)
        g_ptr_array_add(verbs, (gpointer)rig_language_find(language, *name));
    return verbs;
}

static GPtrArray *all_families(const GPtrArray *verbs)
{
    GPtrArray *families = g_ptr_array_new();

    for (guint i = 0; i < verbs->len; i++) {
        const char *family = ((const struct rig_verb *)verbs->pdata[i])->family;

        if (!g_ptr_array_find_with_equal_func(families, family, g_str_equal, NULL))
            g_ptr_array_add(families, (gpointer)family);
    }
    return families;
}

static void append_inner_shapes(GString *page, const GPtrArray *verbs)
{
    g_autoptr(GPtrArray) shapes = g_ptr_array_new();

    for (guint i = 0; i < verbs->len; i++)
        collect_shapes(((const struct rig_verb *)verbs->pdata[i])->shape, shapes);
    collect_shapes(&rig_image_plan_shape, shapes);
    if (shapes->len)
        g_string_append(page, "## Maps inside of steps and images\n\n");
    for (guint i = 0; i < shapes->len; i++) {
        const struct rig_shape *shape = shapes->pdata[i];

        g_string_append_printf(page, "### %s\n\n", shape->name);
        append_table(page, shape);
        g_string_append_c(page, '\n');
    }
}

char *rig_reference_markdown(const struct rig_language *language)
{
    GString *page = g_string_new(
        "# Step reference\n\nMade from the step table; steps that wait for something take `within: "
        "<duration>`. "
        "`$name` stands for a variable, as a whole value or inside a text, also in quotes; `$$` is a dollar. "
        "Inside of `{}` and `[]`, `${name}` has to stand in quotes.\n\n"
        "What would have no effect is an error. Where a field names no bound, counts go up to 4294967295, "
        "sizes "
        "to 1024MiB, durations to 10080min (a week). Counts and sizes may be hex: `0x4000`.\n\n## Keys of a "
        "file\n\n");
    g_autoptr(GPtrArray) verbs = all_verbs(language);
    g_autoptr(GPtrArray) families = all_families(verbs);

    append_table(page, &rig_scenario_shape);
    g_string_append(page, "\n## Images\n\n");
    append_table(page, &rig_image_plan_shape);
    g_string_append_c(page, '\n');
    for (guint f = 0; f < families->len; f++) {
        const char *family = families->pdata[f];

        g_string_append_printf(page, "## Steps: %s\n\n", family);
        for (guint i = 0; i < verbs->len; i++)
            if (strcmp(((const struct rig_verb *)verbs->pdata[i])->family, family) == 0)
                append_verb(page, verbs->pdata[i]);
    }
    append_inner_shapes(page, verbs);
    return g_string_free(page, FALSE);
}

static void append_text_field(GString *page, const struct rig_field *field, const char *fallback)
{
    g_autofree char *type = describe_type(field);

    g_string_append_printf(page, "  %-16s %s", field->name, type);
    if (*fallback)
        g_string_append_printf(page, *fallback == '(' ? " %s" : " [%s]", fallback);
    g_string_append_printf(page, "\n  %-16s   %s\n", "", field->about ? field->about : "");
}

static char *describe_verb(const struct rig_verb *verb)
{
    GString *page = g_string_new(NULL);
    g_autofree char *deadline = rig_scalar_format(RIG_TYPE_DURATION, verb->within_us);
    g_autoptr(GPtrArray) shapes = g_ptr_array_new();

    g_string_append_printf(page, "%s (%s)\n  %s\n\n", verb->name, verb->family, verb->about);
    for (gsize i = 0; verb->shape && i < verb->shape->n_fields; i++)
        append_text_field(page, &verb->shape->fields[i], describe_default(&verb->shape->fields[i]));
    if (verb != &rig_when_verb && !verb->at_once && !has_field(verb->shape, rig_within_field.name))
        append_text_field(page, &rig_within_field, deadline);
    append_dependencies(page, verb->shape, "  ", "'", "\n");
    collect_shapes(verb->shape, shapes);
    for (guint i = 0; i < shapes->len; i++) {
        const struct rig_shape *shape = shapes->pdata[i];

        g_string_append_printf(page, "\n%s:\n", shape->name);
        for (gsize f = 0; f < shape->n_fields; f++)
            append_text_field(page, &shape->fields[f], describe_default(&shape->fields[f]));
        append_dependencies(page, shape, "  ", "'", "\n");
    }
    if (verb->block)
        g_string_append_printf(page, "\nholds steps in '%s:'\n", verb->block);
    if (verb->needs && *verb->needs) {
        g_autofree char *needs = g_strjoinv(", ", (char **)verb->needs);

        g_string_append_printf(page, "\nneeds: %s\n", needs);
    }
    if (verb->example)
        g_string_append_printf(page, "\n%s\n", verb->example);
    return g_string_free(page, FALSE);
}

static char *list_verbs(const struct rig_language *language)
{
    GString *page = g_string_new(NULL);
    g_autoptr(GPtrArray) verbs = all_verbs(language);
    g_autoptr(GPtrArray) families = all_families(verbs);

    for (guint f = 0; f < families->len; f++) {
        g_string_append_printf(page, "%s%s:\n", f ? "\n" : "", (const char *)families->pdata[f]);
        for (guint i = 0; i < verbs->len; i++) {
            const struct rig_verb *verb = verbs->pdata[i];

            if (strcmp(verb->family, families->pdata[f]) == 0)
                g_string_append_printf(page, "  %-20s %s\n", verb->name, verb->about);
        }
    }
    return g_string_free(page, FALSE);
}

char *rig_reference_text(const struct rig_language *language, const char *verb)
{
    const struct rig_verb *found = verb ? rig_language_find(language, verb) : NULL;

    if (!verb)
        return list_verbs(language);
    return found ? describe_verb(found) : NULL;
}
