/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Events as lines of JSON. Written by hand, since a builder of nodes costs ten times the event; read with
 * json-glib. */
#include <json-glib/json-glib.h>
#include <math.h>
#include <string.h>

#include "report/event_fields.h"

#define MAX_NESTING 8 /* json-glib recurses: a line of brackets must not reach it */

void rig_json_append_text(GString *out, const char *text)
{
    g_string_append_c(out, '"');
    while (*text) {
        gsize n = 0;

        while ((guchar)text[n] >= 0x20 && text[n] != '"' && text[n] != '\\')
            n++;
        g_string_append_len(out, text, (gssize)n);
        text += n;
        if (!*text)
            break;
        if (*text == '\n')
            g_string_append(out, "\\n");
        else if (*text == '"' || *text == '\\')
            g_string_append_printf(out, "\\%c", *text);
        else
            g_string_append_printf(out, "\\u%04x", (unsigned)(guchar)*text);
        text++;
    }
    g_string_append_c(out, '"');
}

static void append_key(GString *out, const char *key)
{
    if (out->str[out->len - 1] != '{')
        g_string_append_c(out, ',');
    rig_json_append_text(out, key);
    g_string_append_c(out, ':');
}

static void append_number(GString *out, const char *key, gint64 value)
{
    char digits[24];
    char *at = digits + sizeof digits;
    guint64 rest = value < 0 ? 0 - (guint64)value : (guint64)value;

    append_key(out, key);
    *--at = '\0';
    do {
        *--at = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest);
    if (value < 0)
        *--at = '-';
    g_string_append(out, at);
}

static void append_fields(GString *out, const GArray *fields);

static void append_many(GString *out, const struct rig_event_field *field)
{
    g_string_append_c(out, '[');
    for (guint i = 0; i < field->many->len; i++) {
        if (i)
            g_string_append_c(out, ',');
        if (field->type == RIG_FIELD_LIST) {
            rig_json_append_text(out, g_ptr_array_index(field->many, i));
            continue;
        }
        g_string_append_c(out, '{');
        append_fields(out, ((const struct rig_event *)g_ptr_array_index(field->many, i))->fields);
        g_string_append_c(out, '}');
    }
    g_string_append_c(out, ']');
}

static void append_field(GString *out, const struct rig_event_field *field)
{
    char real[G_ASCII_DTOSTR_BUF_SIZE];

    if (field->type == RIG_FIELD_COUNT) {
        append_number(out, field->word, field->count);
        return;
    }
    append_key(out, field->word);
    if (field->type == RIG_FIELD_TEXT) {
        rig_json_append_text(out, field->text);
    } else if (field->type == RIG_FIELD_REAL) {
        g_string_append(out, g_ascii_dtostr(real, sizeof real, field->real));
    } else if (field->type == RIG_FIELD_FLAG) {
        g_string_append(out, field->flag ? "true" : "false");
    } else if (field->type == RIG_FIELD_MAP) {
        g_string_append_c(out, '{');
        append_fields(out, field->map->fields);
        g_string_append_c(out, '}');
    } else {
        append_many(out, field);
    }
}

static void append_fields(GString *out, const GArray *fields)
{
    for (guint i = 0; i < fields->len; i++)
        append_field(out, &g_array_index(fields, struct rig_event_field, i));
}

void rig_event_write_json(const struct rig_event *event, GString *out)
{
    g_string_append_c(out, '{');
    append_number(out, "n", event->number);
    append_key(out, "ev");
    rig_json_append_text(out, event->word);
    append_number(out, "at_us", event->at_us);
    if (event->case_index >= 0) {
        append_number(out, "case", event->case_index);
        append_number(out, "attempt", event->attempt);
    }
    append_fields(out, event->fields);
    g_string_append_c(out, '}');
}

static bool nested_too_deeply(const char *line, gsize n_bytes)
{
    bool in_text = false;
    int depth = 0;

    for (gsize i = 0; i < n_bytes; i++) {
        if (in_text && line[i] == '\\')
            i++;
        else if (line[i] == '"')
            in_text = !in_text;
        else if (!in_text && (line[i] == '{' || line[i] == '['))
            depth++;
        else if (!in_text && (line[i] == '}' || line[i] == ']'))
            depth--;
        if (depth > MAX_NESTING)
            return true;
    }
    return false;
}

static void take_object(struct rig_event *event, JsonObject *object);

static const char *keep(struct rig_event *event, JsonNode *node)
{
    const char *text = json_node_get_string(node);

    return rig_event_keep_text(event, text, strlen(text));
}

static void free_object(gpointer object)
{
    rig_event_free(object);
}

static void take_array(struct rig_event *event, const char *word, JsonArray *array)
{
    enum rig_event_key key = RIG_KEY_UNKNOWN;
    GPtrArray *texts = NULL, *objects = NULL;
    guint n = json_array_get_length(array);

    for (guint i = 0; i < n; i++) {
        JsonNode *node = json_array_get_element(array, i);

        if (JSON_NODE_HOLDS_OBJECT(node)) {
            struct rig_event_field *field = objects ? NULL : rig_event_add_read(event, word, RIG_FIELD_MAPS);

            if (field) {
                key = field->key;
                objects = field->many = g_ptr_array_new_with_free_func(free_object);
            }
            g_ptr_array_add(objects, rig_event_object(event, key));
            take_object(g_ptr_array_index(objects, objects->len - 1), json_node_get_object(node));
        } else if (json_node_get_value_type(node) == G_TYPE_STRING) {
            texts = texts ? texts : g_ptr_array_new();
            g_ptr_array_add(texts, (gpointer)keep(event, node));
        }
    }
    if (texts || n == 0)
        rig_event_add_read(event, word, RIG_FIELD_LIST)->many = texts ? texts : g_ptr_array_new();
}

static void take_value(struct rig_event *event, const char *word, JsonNode *node)
{
    GType type = json_node_get_value_type(node);

    if (type == G_TYPE_STRING)
        rig_event_add_read(event, word, RIG_FIELD_TEXT)->text = keep(event, node);
    else if (type == G_TYPE_INT64)
        rig_event_add_number(event, word, json_node_get_int(node));
    else if (type == G_TYPE_DOUBLE && isfinite(json_node_get_double(node)))
        rig_event_add_read(event, word, RIG_FIELD_REAL)->real = json_node_get_double(node);
    else if (type == G_TYPE_BOOLEAN)
        rig_event_add_read(event, word, RIG_FIELD_FLAG)->flag = json_node_get_boolean(node);
}

/* The keys that every event has live in its struct; only the outermost object has them. */
static bool take_common(struct rig_event *event, const char *key, JsonNode *node)
{
    gint64 value;

    if (strcmp(key, "ev") == 0)
        return true;
    if (json_node_get_value_type(node) != G_TYPE_INT64)
        return false;
    value = json_node_get_int(node);
    if (strcmp(key, "n") == 0)
        event->number = value;
    else if (strcmp(key, "at_us") == 0)
        event->at_us = value;
    else if (strcmp(key, "case") == 0)
        event->case_index = MAX(value, -1);
    else if (strcmp(key, "attempt") == 0)
        event->attempt = (guint)CLAMP(value, 0, G_MAXINT);
    else
        return false;
    return true;
}

static void take_map(struct rig_event *event, const char *word, JsonObject *object)
{
    struct rig_event_field *field = rig_event_add_read(event, word, RIG_FIELD_MAP);
    struct rig_event *map = field->map = rig_event_object(event, field->key);

    take_object(map, object);
}

static void take_object(struct rig_event *event, JsonObject *object)
{
    JsonObjectIter iter;
    const char *key;
    JsonNode *node;

    json_object_iter_init_ordered(&iter, object);
    while (json_object_iter_next_ordered(&iter, &key, &node)) {
        if (event->is_root && JSON_NODE_HOLDS_VALUE(node) && take_common(event, key, node))
            continue;
        if (JSON_NODE_HOLDS_OBJECT(node))
            take_map(event, key, json_node_get_object(node));
        else if (JSON_NODE_HOLDS_ARRAY(node))
            take_array(event, key, json_node_get_array(node));
        else if (JSON_NODE_HOLDS_VALUE(node))
            take_value(event, key, node);
    }
}

struct rig_event *rig_event_parse_json(const char *line, gsize n_bytes)
{
    g_autoptr(JsonParser) parser = NULL;
    struct rig_event *event;
    JsonNode *root;
    JsonNode *kind;

    if (n_bytes == 0 || n_bytes > RIG_EVENT_MAX_LINE_BYTES || line[0] != '{' ||
        nested_too_deeply(line, n_bytes) || !g_utf8_validate_len(line, n_bytes, NULL))
        return NULL;
    parser = json_parser_new();
    if (!json_parser_load_from_data(parser, line, (gssize)n_bytes, NULL))
        return NULL;
    root = json_parser_get_root(parser);
    if (!root || !JSON_NODE_HOLDS_OBJECT(root))
        return NULL;
    kind = json_object_get_member(json_node_get_object(root), "ev");
    if (!kind || !JSON_NODE_HOLDS_VALUE(kind) || json_node_get_value_type(kind) != G_TYPE_STRING)
        return NULL;
    event = rig_event_read(json_node_get_string(kind));
    take_object(event, json_node_get_object(root));
    return event;
}
