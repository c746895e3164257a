/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Events: building them, looking into them, and as lines of JSON. */
#include "report/event.h"

#include <json-glib/json-glib.h>
#include <math.h>
#include <string.h>

#include "report/text.h"

/* How an event keeps its keys. */
enum rig_field_type {
    RIG_FIELD_TEXT,
    RIG_FIELD_COUNT,
    RIG_FIELD_REAL,
    RIG_FIELD_FLAG,
    RIG_FIELD_LIST,
    RIG_FIELD_MAP,
    RIG_FIELD_MAPS,
};

struct rig_event_field {
    enum rig_event_key key;
    const char *word; /* the key as it is written; of an unknown one in the event's strings, as all texts */
    enum rig_field_type type;
    union {
        const char *text;
        gint64 count;
        double real;
        bool flag;
        GPtrArray *many; /* LIST: const char *; MAPS: struct rig_event * */
        struct rig_event *map;
    };
};

const char *rig_verdict_word(enum rig_verdict verdict)
{
    static const char *const words[] = {"none", "pass", "fail", "error", "skip"};

    return verdict < G_N_ELEMENTS(words) ? words[verdict] : "none";
}

enum rig_verdict rig_verdict_from_word(const char *word)
{
    for (guint i = RIG_VERDICT_PASS; i <= RIG_VERDICT_SKIP; i++)
        if (g_strcmp0(word, rig_verdict_word(i)) == 0)
            return i;
    return RIG_VERDICT_NONE;
}

static const struct {
    const char *word;
    enum rig_field_type type;
} keys[RIG_N_KEYS] = {
#define X(constant, word, type) [RIG_KEY_##constant] = {word, RIG_FIELD_##type},
    RIG_EVENT_KEYS(X)
#undef X
};
#define KEYS(...) (const guint8[]){__VA_ARGS__}, sizeof((const guint8[]){__VA_ARGS__})
static const struct {
    const char *word;
    const guint8 *keys;
    gsize n_keys;
} kinds[RIG_N_EVENT_KINDS] = {
#define X(constant, word, ...) [RIG_EVENT_##constant] = {word, KEYS(__VA_ARGS__)},
    RIG_EVENT_KINDS(X)
#undef X
#define X(constant, ...) [RIG_OBJECT_##constant] = {"", KEYS(__VA_ARGS__)},
        RIG_EVENT_OBJECTS(X)
#undef X
};
G_STATIC_ASSERT(RIG_N_KEYS <= G_MAXUINT8);

bool rig_event_kind_has(enum rig_event_kind kind, enum rig_event_key key)
{
    for (gsize i = 0; i < kinds[kind].n_keys; i++)
        if (kinds[kind].keys[i] == key)
            return true;
    return false;
}

const char *rig_event_kind_word(enum rig_event_kind kind)
{
    return kinds[kind].word;
}

const char *rig_event_key_word(enum rig_event_key key)
{
    return keys[key].word;
}

static enum rig_event_kind kind_from_word(const char *word)
{
    for (guint i = RIG_EVENT_UNKNOWN + 1; i < RIG_N_EVENT_KINDS; i++)
        if (strcmp(kinds[i].word, word) == 0)
            return i;
    return RIG_EVENT_UNKNOWN;
}

/* The kind of the objects that a key holds. */
static enum rig_event_kind object_of(enum rig_event_key key)
{
    static const guint8 objects[RIG_N_KEYS] = {
#define X(constant, ...) [RIG_KEY_##constant] = RIG_OBJECT_##constant,
        RIG_EVENT_OBJECTS(X)
#undef X
    };

    return objects[key];
}

/* The keys are in the order of their words. */
static enum rig_event_key key_from_word(const char *word, enum rig_field_type type)
{
    guint from = RIG_KEY_UNKNOWN + 1, until = RIG_N_KEYS;

    while (from < until) {
        guint middle = (from + until) / 2;

        if (strcmp(word, keys[middle].word) > 0)
            from = middle + 1;
        else
            until = middle;
    }
    for (; from < RIG_N_KEYS && strcmp(keys[from].word, word) == 0; from++)
        if (keys[from].type == type)
            return from;
    return RIG_KEY_UNKNOWN;
}

static void clear_field(gpointer at)
{
    struct rig_event_field *field = at;

    if (field->type == RIG_FIELD_LIST || field->type == RIG_FIELD_MAPS)
        g_ptr_array_unref(field->many);
    else if (field->type == RIG_FIELD_MAP)
        rig_event_free(field->map);
}

static struct rig_event *event_with_strings(enum rig_event_kind kind, GStringChunk *strings, bool is_root)
{
    struct rig_event *event = g_new0(struct rig_event, 1);

    event->strings = strings;
    event->is_root = is_root;
    event->kind = kind;
    event->word = kind == RIG_EVENT_UNKNOWN ? "" : kinds[kind].word;
    event->number = -1;
    event->case_index = -1;
    event->fields = g_array_sized_new(FALSE, TRUE, sizeof(struct rig_event_field), 8);
    g_array_set_clear_func(event->fields, clear_field);
    return event;
}

struct rig_event *rig_event_new(enum rig_event_kind kind)
{
    return event_with_strings(kind, g_string_chunk_new(512), true);
}

/* Reading: what a journal says, by any key and type. A key that the table does not have keeps its word. */
static struct rig_event *rig_event_read(const char *word)
{
    struct rig_event *event = rig_event_new(kind_from_word(word));

    if (event->kind == RIG_EVENT_UNKNOWN)
        event->word = g_string_chunk_insert(event->strings, word);
    return event;
}

void rig_event_free(struct rig_event *event)
{
    if (!event)
        return;
    g_array_unref(event->fields);
    if (event->is_root)
        g_string_chunk_free(event->strings);
    g_free(event);
}

static struct rig_event_field *append_field(struct rig_event *event, enum rig_event_key key, const char *word,
                                            enum rig_field_type type)
{
    struct rig_event_field field = {.key = key, .word = word, .type = type};

    g_array_append_val(event->fields, field);
    return &g_array_index(event->fields, struct rig_event_field, event->fields->len - 1);
}

static struct rig_event_field *add_field(struct rig_event *event, enum rig_event_key key,
                                         enum rig_field_type type)
{
    if (!rig_event_kind_has(event->kind, key) && key != RIG_KEY_LEFT_OUT_WHY)
        g_error("an event '%s' (%d) has no key '%s'", event->word, (int)event->kind, keys[key].word);
    if (keys[key].type != type)
        g_error("the key '%s' of an event '%s' is of another type", keys[key].word, event->word);
    return append_field(event, key, keys[key].word, type);
}

static struct rig_event_field *rig_event_add_read(struct rig_event *event, const char *word,
                                                  enum rig_field_type type)
{
    enum rig_event_key key = key_from_word(word, type);

    return append_field(event, key,
                        key == RIG_KEY_UNKNOWN ? g_string_chunk_insert(event->strings, word) : keys[key].word,
                        type);
}

/* A whole number may stand where the key wants a real one. */
static void rig_event_add_number(struct rig_event *event, const char *word, gint64 value)
{
    if (key_from_word(word, RIG_FIELD_COUNT) == RIG_KEY_UNKNOWN &&
        key_from_word(word, RIG_FIELD_REAL) != RIG_KEY_UNKNOWN)
        rig_event_add_read(event, word, RIG_FIELD_REAL)->real = (double)value;
    else
        rig_event_add_read(event, word, RIG_FIELD_COUNT)->count = value;
}

/* Appends any bytes as valid UTF-8 without NUL: each byte that is no part of a sequence becomes the four
 * characters \xNN. */
static void text_utf8(GString *out, const void *bytes, gsize n_bytes)
{
    const char *at = bytes;
    const char *end = at + n_bytes;

    while (at < end) {
        const char *bad;

        if (g_utf8_validate_len(at, (gsize)(end - at), &bad)) {
            g_string_append_len(out, at, end - at);
            return;
        }
        g_string_append_len(out, at, bad - at);
        g_string_append_printf(out, "\\x%02X", (unsigned)(guchar)*bad);
        at = bad + 1;
    }
}

static const char *rig_event_keep_text(struct rig_event *event, const char *bytes, gsize n_bytes)
{
    g_autoptr(GString) clean = NULL;
    g_autoptr(GString) bounded = NULL;

    if (n_bytes <= RIG_EVENT_MAX_TEXT_BYTES && g_utf8_validate_len(bytes, n_bytes, NULL))
        return g_string_chunk_insert_len(event->strings, bytes, (gssize)n_bytes);
    clean = g_string_sized_new(n_bytes + 16);
    bounded = g_string_new(NULL);
    text_utf8(clean, bytes, n_bytes);
    rig_text_bounded(bounded, clean->str, clean->len, RIG_EVENT_MAX_TEXT_BYTES);
    return g_string_chunk_insert_len(event->strings, bounded->str, (gssize)bounded->len);
}

void rig_event_raw_text(struct rig_event *event, enum rig_event_key key, const void *bytes, gsize n_bytes)
{
    if (bytes || n_bytes == 0)
        add_field(event, key, RIG_FIELD_TEXT)->text = rig_event_keep_text(event, bytes ? bytes : "", n_bytes);
}

void rig_event_text(struct rig_event *event, enum rig_event_key key, const char *value)
{
    if (value)
        rig_event_raw_text(event, key, value, strlen(value));
}

void rig_event_textf(struct rig_event *event, enum rig_event_key key, const char *format, ...)
{
    g_autofree char *text = NULL;
    va_list arguments;

    va_start(arguments, format);
    text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    rig_event_text(event, key, text);
}

void rig_event_hex(struct rig_event *event, enum rig_event_key key, const void *bytes, gsize n_bytes)
{
    gsize n_kept = MIN(n_bytes, RIG_EVENT_MAX_TEXT_BYTES / 2);
    g_autofree char *hex = g_malloc(n_kept * 2 + 1);

    for (gsize i = 0; i < n_kept; i++) {
        hex[i * 2] = "0123456789abcdef"[((const guchar *)bytes)[i] >> 4];
        hex[i * 2 + 1] = "0123456789abcdef"[((const guchar *)bytes)[i] & 15];
    }
    hex[n_kept * 2] = '\0';
    rig_event_text(event, key, hex);
}

void rig_event_count(struct rig_event *event, enum rig_event_key key, gint64 value)
{
    add_field(event, key, RIG_FIELD_COUNT)->count = value;
}

void rig_event_real(struct rig_event *event, enum rig_event_key key, double value)
{
    if (isfinite(value))
        add_field(event, key, RIG_FIELD_REAL)->real = value;
}

void rig_event_flag(struct rig_event *event, enum rig_event_key key, bool value)
{
    add_field(event, key, RIG_FIELD_FLAG)->flag = value;
}

void rig_event_list(struct rig_event *event, enum rig_event_key key, const char *const *values)
{
    GPtrArray *list;

    if (!values)
        return;
    list = g_ptr_array_new();
    for (; *values; values++)
        g_ptr_array_add(list, (gpointer)rig_event_keep_text(event, *values, strlen(*values)));
    add_field(event, key, RIG_FIELD_LIST)->many = list;
}

static struct rig_event *rig_event_object(struct rig_event *event, enum rig_event_key key)
{
    return event_with_strings(object_of(key), event->strings, false);
}

struct rig_event *rig_event_map(struct rig_event *event, enum rig_event_key key)
{
    return add_field(event, key, RIG_FIELD_MAP)->map = rig_event_object(event, key);
}

static struct rig_event_field *find_field(const struct rig_event *event, enum rig_event_key key)
{
    for (guint i = 0; i < event->fields->len; i++) {
        struct rig_event_field *field = &g_array_index(event->fields, struct rig_event_field, i);

        if (field->key == key)
            return field;
    }
    return NULL;
}

static void free_map(gpointer map)
{
    rig_event_free(map);
}

struct rig_event *rig_event_append(struct rig_event *event, enum rig_event_key key)
{
    struct rig_event_field *field = find_field(event, key);
    struct rig_event *map = rig_event_object(event, key);

    if (!field) {
        field = add_field(event, key, RIG_FIELD_MAPS);
        field->many = g_ptr_array_new_with_free_func(free_map);
    }
    g_ptr_array_add(field->many, map);
    return map;
}

void rig_event_shorten(struct rig_event *event)
{
    for (guint i = event->fields->len; i > 0; i--) {
        enum rig_field_type type = g_array_index(event->fields, struct rig_event_field, i - 1).type;

        if (type == RIG_FIELD_LIST || type == RIG_FIELD_MAP || type == RIG_FIELD_MAPS)
            g_array_remove_index(event->fields, i - 1);
    }
    rig_event_text(event, RIG_KEY_LEFT_OUT_WHY, "lists that made this event too long for a line");
}

const char *rig_event_get_text(const struct rig_event *event, enum rig_event_key key)
{
    const struct rig_event_field *field = find_field(event, key);

    return field ? field->text : NULL;
}

gint64 rig_event_get_count(const struct rig_event *event, enum rig_event_key key, gint64 fallback)
{
    const struct rig_event_field *field = find_field(event, key);

    return field ? field->count : fallback;
}

double rig_event_get_real(const struct rig_event *event, enum rig_event_key key, double fallback)
{
    const struct rig_event_field *field = find_field(event, key);

    return field ? field->real : fallback;
}

bool rig_event_get_flag(const struct rig_event *event, enum rig_event_key key, bool fallback)
{
    const struct rig_event_field *field = find_field(event, key);

    return field ? field->flag : fallback;
}

const GPtrArray *rig_event_get_list(const struct rig_event *event, enum rig_event_key key)
{
    const struct rig_event_field *field = find_field(event, key);

    return field ? field->many : NULL;
}

const struct rig_event *rig_event_get_map(const struct rig_event *event, enum rig_event_key key)
{
    const struct rig_event_field *field = find_field(event, key);

    return field ? field->map : NULL;
}

const GPtrArray *rig_event_get_maps(const struct rig_event *event, enum rig_event_key key)
{
    const struct rig_event_field *field = find_field(event, key);

    return field ? field->many : NULL;
}

void rig_event_property(struct rig_event *event, const char *name, const char *value)
{
    g_assert(event->kind == RIG_OBJECT_PROPERTIES);
    if (value)
        rig_event_add_read(event, name, RIG_FIELD_TEXT)->text =
            rig_event_keep_text(event, value, strlen(value));
}

void rig_event_each_text(const struct rig_event *event,
                         void (*each)(void *user, const char *name, const char *value), void *user)
{
    for (guint i = 0; i < event->fields->len; i++) {
        const struct rig_event_field *field = &g_array_index(event->fields, struct rig_event_field, i);

        if (field->type == RIG_FIELD_TEXT)
            each(user, field->word, field->text);
    }
}

/* --- events as lines of JSON: written by hand, since a builder of nodes costs ten times the event; read with
 * json-glib --- */

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

static void append_json_field(GString *out, const struct rig_event_field *field)
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
        append_json_field(out, &g_array_index(fields, struct rig_event_field, i));
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
