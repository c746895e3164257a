/* SPDX-License-Identifier: GPL-3.0-or-later */
/* JSON Lines, and the client that speaks them. */
#include "drivers/sim/control.h"

#include "base/error.h"
#include "transport/stream.h"

#include <string.h>

#define ANSWER_MS 10000u
#define MAX_EVENTS 10000u /* that nobody fetches */

/* The parser recurses: one level for each bracket. */
static bool is_deep(const char *line, gsize n_bytes)
{
    guint n = 0;

    for (gsize i = 0; i < n_bytes; i++)
        n += line[i] == '[' || line[i] == '{';
    return n > RIG_CONTROL_MAX_LINE_BYTES / 16;
}

JsonObject *rig_control_read(const char *line, gsize n_bytes, GError **error)
{
    g_autoptr(JsonParser) parser = json_parser_new();
    JsonNode *root = NULL;

    if (n_bytes <= RIG_CONTROL_MAX_LINE_BYTES && g_utf8_validate(line, (gssize)n_bytes, NULL) &&
        !is_deep(line, n_bytes) && json_parser_load_from_data(parser, line, (gssize)n_bytes, NULL))
        root = json_parser_get_root(parser);
    if (root && JSON_NODE_HOLDS_OBJECT(root))
        return json_object_ref(json_node_get_object(root));
    g_set_error_literal(error, RIG_ERROR, RIG_ERROR_INPUT,
                        "a line of the control socket is a JSON object, such as "
                        "{\"command\": \"power\", \"on\": true} (the commands: man bootrig)");
    return NULL;
}

char *rig_control_write(JsonObject *object)
{
    g_autoptr(JsonNode) node = json_node_new(JSON_NODE_OBJECT);
    g_autofree char *text = NULL;

    json_node_set_object(node, object);
    text = json_to_string(node, FALSE);
    return g_strconcat(text, "\n", NULL);
}

JsonObject *rig_control_request(const char *command)
{
    JsonObject *request = json_object_new();

    json_object_set_string_member(request, "command", command);
    return request;
}

static JsonNode *value_of(JsonObject *object, const char *name, GType type)
{
    JsonNode *node = json_object_get_member(object, name);

    return node && JSON_NODE_HOLDS_VALUE(node) && json_node_get_value_type(node) == type ? node : NULL;
}

const char *rig_control_text(JsonObject *object, const char *name)
{
    JsonNode *node = value_of(object, name, G_TYPE_STRING);

    return node ? json_node_get_string(node) : NULL;
}

bool rig_control_flag(JsonObject *object, const char *name, bool otherwise)
{
    JsonNode *node = value_of(object, name, G_TYPE_BOOLEAN);

    return node ? json_node_get_boolean(node) : otherwise;
}

bool rig_control_count(JsonObject *object, const char *name, guint64 max, guint64 *count)
{
    JsonNode *node = value_of(object, name, G_TYPE_INT64);

    if (!node || json_node_get_int(node) < 0 || (guint64)json_node_get_int(node) > max)
        return false;
    *count = (guint64)json_node_get_int(node);
    return true;
}

/* --- the client --- */

struct rig_control {
    struct rig_stream *stream;
    GQueue events; /* JsonObject * */
};

struct rig_control *rig_control_connect(const char *path, GError **error)
{
    struct rig_stream *stream = rig_stream_connect_unix(path, error);
    struct rig_control *control;

    if (!stream)
        return NULL;
    control = g_new0(struct rig_control, 1);
    control->stream = stream;
    g_queue_init(&control->events);
    return control;
}

void rig_control_free(struct rig_control *control)
{
    if (!control)
        return;
    rig_stream_free(control->stream);
    g_queue_clear_full(&control->events, (GDestroyNotify)json_object_unref);
    g_free(control);
}

/* NULL without an error: nothing came within timeout_ms. Events wait in the queue. */
static JsonObject *next_response(struct rig_control *control, guint timeout_ms, GError **error)
{
    for (;;) {
        g_autoptr(GByteArray) frame = NULL;
        enum rig_stream_outcome outcome = rig_stream_read_frame(control->stream, '\n', timeout_ms, &frame);
        JsonObject *object;

        if (outcome == RIG_STREAM_TIMEOUT)
            return NULL;
        if (outcome != RIG_STREAM_FRAME) {
            g_set_error_literal(error, RIG_ERROR, RIG_ERROR_DEVICE, rig_stream_outcome_text(outcome));
            return NULL;
        }
        object = rig_control_read((const char *)frame->data, frame->len, error);
        if (!object || !rig_control_text(object, "event"))
            return object;
        if (g_queue_get_length(&control->events) < MAX_EVENTS)
            g_queue_push_tail(&control->events, object);
        else
            json_object_unref(object);
    }
}

bool rig_control_ask_line(struct rig_control *control, const char *line, JsonObject **response,
                          GError **error)
{
    g_autofree char *text = g_str_has_suffix(line, "\n") ? g_strdup(line) : g_strconcat(line, "\n", NULL);
    g_autoptr(JsonObject) answer = NULL;
    g_autoptr(GError) cause = NULL;

    if (!rig_stream_write(control->stream, text, strlen(text), ANSWER_MS, error)) {
        g_prefix_error(error, "the simulated board: ");
        return false;
    }
    answer = next_response(control, ANSWER_MS, &cause);
    if (answer && rig_control_flag(answer, "ok", false)) {
        if (response)
            *response = g_steal_pointer(&answer);
        return true;
    }
    g_set_error(error, RIG_ERROR, RIG_ERROR_DEVICE, "the simulated board: '%s': %s", g_strchomp(text),
                answer && rig_control_text(answer, "error") ? rig_control_text(answer, "error")
                : cause                                     ? cause->message
                                                            : rig_stream_outcome_text(RIG_STREAM_TIMEOUT));
    return false;
}

bool rig_control_ask(struct rig_control *control, JsonObject *request, JsonObject **response, GError **error)
{
    g_autofree char *line = rig_control_write(request);

    json_object_unref(request);
    return rig_control_ask_line(control, line, response, error);
}

JsonObject *rig_control_event(struct rig_control *control)
{
    g_autoptr(JsonObject) stray = NULL;

    if (g_queue_is_empty(&control->events))
        stray = next_response(control, 0, NULL);
    return g_queue_pop_head(&control->events);
}

int rig_control_fd(const struct rig_control *control)
{
    return rig_stream_fd(control->stream);
}
