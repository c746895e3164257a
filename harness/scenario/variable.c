/* SPDX-License-Identifier: GPL-3.0-or-later */
/* '$name': a whole scalar stands for the variable's node, a part of a longer one for its text. '$$' is a
 * dollar. */
#include <string.h>

#include "scenario/reader.h"

static gsize name_length(const char *text)
{
    gsize n = 0;

    if (!g_ascii_isalpha(*text))
        return 0;
    while (g_ascii_isalnum(text[n]) || text[n] == '_' || text[n] == '-')
        n++;
    while (text[n - 1] == '-')
        n--;
    return n;
}

bool rig_variable_name_is_valid(const char *name)
{
    return *name && name_length(name) == strlen(name);
}

bool rig_reference_next(const char *text, struct rig_reference *reference)
{
    const char *dollar = strchr(text, '$');
    bool braced;

    if (!dollar)
        return false;
    braced = dollar[1] == '{';
    *reference = (struct rig_reference){
        .kind = RIG_REFERENCE_BAD, .start = dollar, .end = dollar + 1, .name = dollar + 1 + braced};
    reference->n_name = name_length(reference->name);
    if (dollar[1] == '$') {
        reference->kind = RIG_REFERENCE_DOLLAR;
        reference->end = dollar + 2;
    } else if (reference->n_name && (!braced || reference->name[reference->n_name] == '}')) {
        reference->kind = RIG_REFERENCE_NAME;
        reference->end = reference->name + reference->n_name + braced;
    }
    return true;
}

bool rig_reference_is_whole(const char *text, struct rig_reference *reference)
{
    return *text == '$' && rig_reference_next(text, reference) && reference->kind == RIG_REFERENCE_NAME &&
           !*reference->end;
}

void rig_reader_error(struct rig_reader *reader, const struct rig_node *node, const char *hint,
                      const char *format, ...)
{
    const struct rig_node *at = reader->use ? reader->use : node;
    g_autofree char *message = NULL;
    va_list arguments;

    va_start(arguments, format);
    message = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    if (reader->use)
        rig_diagnostics_add(reader->diagnostics, at->source, at->start, rig_node_width(at), hint,
                            "%s (in %s, written on line %u)", message, reader->use_name, node->start.line);
    else
        rig_diagnostics_add(reader->diagnostics, at->source, at->start, rig_node_width(at), hint, "%s",
                            message);
}

void rig_reader_note_former(struct rig_reader *reader, const struct rig_node *node, const char *former,
                            const char *now)
{
    rig_diagnostics_note(reader->diagnostics, node->source, node->start, rig_node_width(node),
                         "the next version no longer reads the old name", "'%s' is now called '%s'", former,
                         now);
}

static const struct rig_node *look_up(const struct rig_reader *reader, const struct rig_reference *reference)
{
    g_autofree char *name = g_strndup(reference->name, reference->n_name);

    return g_hash_table_lookup(reader->scope->variables, name);
}

static bool may_read(struct rig_reader *reader, const struct rig_node *node)
{
    if (reader->depth > RIG_READER_MAX_DEPTH) {
        rig_reader_error(reader, node, NULL, "nested too deeply, variables put in");
        return false;
    }
    if (!reader->n_reads)
        return true;
    if (*reader->n_reads == 0) {
        rig_diagnostics_add(
            reader->diagnostics, node->source, (struct rig_mark){1, 1}, 1, "split the file",
            "too large: more than %u values over all cases, variables put in (%u bytes of a text are one)",
            RIG_SCENARIO_MAX_READS, RIG_SCENARIO_BYTES_OF_A_READ);
        return false;
    }
    --*reader->n_reads;
    return true;
}

/* A long text that stands in many cases costs what it is long. */
static void charge(struct rig_reader *reader, gsize n_bytes)
{
    gsize n = n_bytes / RIG_SCENARIO_BYTES_OF_A_READ;

    if (reader->n_reads)
        *reader->n_reads -= (guint)MIN(n, *reader->n_reads);
}

static bool append_expanded(struct rig_reader *reader, const struct rig_node *node, const char *text,
                            GString *into);

static bool append_variable(struct rig_reader *reader, const struct rig_node *node,
                            const struct rig_reference *reference, GString *into)
{
    const struct rig_node *value = look_up(reader, reference);
    bool ok;

    if (!value || !may_read(reader, node))
        return false;
    if (value->kind != RIG_NODE_SCALAR) {
        rig_reader_error(reader, node, NULL, "'$%.*s' is a %s, which cannot be a part of a text",
                         (int)reference->n_name, reference->name,
                         value->kind == RIG_NODE_MAP ? "map" : "list");
        return false;
    }
    reader->depth++;
    ok = append_expanded(reader, node, value->text, into);
    reader->depth--;
    return ok;
}

static bool append_expanded(struct rig_reader *reader, const struct rig_node *node, const char *text,
                            GString *into)
{
    struct rig_reference reference;

    for (; rig_reference_next(text, &reference); text = reference.end) {
        g_string_append_len(into, text, reference.start - text);
        if (reference.kind == RIG_REFERENCE_DOLLAR)
            g_string_append_c(into, '$');
        else if (reference.kind == RIG_REFERENCE_BAD || !append_variable(reader, node, &reference, into))
            return false;
    }
    g_string_append(into, text);
    if (into->len > RIG_READER_MAX_TEXT_BYTES) {
        rig_reader_error(reader, node, NULL, "longer than %u bytes, variables put in",
                         RIG_READER_MAX_TEXT_BYTES);
        return false;
    }
    return true;
}

static const struct rig_node *put_in_text(struct rig_reader *reader, const struct rig_node *node)
{
    g_autoptr(GString) text = g_string_new(NULL);

    if (!append_expanded(reader, node, node->text, text))
        return NULL;
    charge(reader, text->len);
    return rig_document_add_scalar(reader->scope->document, node, text->str);
}

bool rig_reader_enter(struct rig_reader *reader, const struct rig_node **node, struct rig_reader_place *place)
{
    struct rig_reference reference;

    *place = (struct rig_reader_place){reader->use, reader->use_name};
    reader->depth++;
    if (!may_read(reader, *node))
        return false;
    if (!reader->scope || !reader->scope->variables)
        return true;
    for (guint n = 0; (*node)->kind == RIG_NODE_SCALAR && (*node)->varies && strchr((*node)->text, '$');
         n++) {
        if (reader->unbound || n > RIG_READER_MAX_DEPTH)
            return false;
        if (!rig_reference_is_whole((*node)->text, &reference)) {
            *node = put_in_text(reader, *node);
            return *node != NULL;
        }
        if (!reader->use) {
            reader->use = *node;
            reader->use_name = (*node)->text;
        }
        *node = look_up(reader, &reference);
        if (!*node)
            return false;
    }
    return true;
}

void rig_reader_leave(struct rig_reader *reader, const struct rig_reader_place *place)
{
    reader->depth--;
    reader->use = place->use;
    reader->use_name = place->use_name;
}
