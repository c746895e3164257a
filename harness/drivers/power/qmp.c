/* SPDX-License-Identifier: GPL-3.0-or-later */
/* QMP over a unix socket. */
#include "drivers/power/qmp.h"

#include "base/error.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define ANSWER_MS 5000
#define MAX_DEPTH 64 /* of nesting: the JSON parser recurses */

struct rig_qmp {
    int fd;
    bool ended;
    char *path;
    GString *received; /* what came behind the last line */
    gint64 next_id;
};

/* Brackets inside of strings nest nothing. */
static bool is_deep(const char *text, gsize n_bytes)
{
    guint depth = 0;
    bool in_string = false;

    for (gsize i = 0; i < n_bytes; i++) {
        char c = text[i];

        if (in_string && c == '\\')
            i++;
        else if (c == '"')
            in_string = !in_string;
        else if (in_string)
            continue;
        else if ((c == '{' || c == '[') && ++depth > MAX_DEPTH)
            return true;
        else if ((c == '}' || c == ']') && depth > 0)
            depth--;
    }
    return false;
}

static void read_failure(JsonObject *object, struct rig_qmp_line *line)
{
    JsonNode *failure = json_object_get_member(object, "error");
    JsonObject *members = failure && JSON_NODE_HOLDS_OBJECT(failure) ? json_node_get_object(failure) : NULL;
    JsonNode *description = members ? json_object_get_member(members, "desc") : NULL;

    line->kind = RIG_QMP_FAILURE;
    if (description && json_node_get_value_type(description) == G_TYPE_STRING)
        line->text = g_strdup(json_node_get_string(description));
}

static void read_object(JsonObject *object, struct rig_qmp_line *line)
{
    JsonNode *id = json_object_get_member(object, "id");
    JsonNode *event = json_object_get_member(object, "event");

    if (id && json_node_get_value_type(id) == G_TYPE_INT64)
        line->id = json_node_get_int(id);
    if (json_object_has_member(object, "QMP")) {
        line->kind = RIG_QMP_GREETING;
    } else if (json_object_has_member(object, "return")) {
        line->kind = RIG_QMP_RETURN;
        line->value = json_object_dup_member(object, "return");
    } else if (json_object_has_member(object, "error")) {
        read_failure(object, line);
    } else if (event && json_node_get_value_type(event) == G_TYPE_STRING) {
        line->kind = RIG_QMP_EVENT;
        line->text = g_strdup(json_node_get_string(event));
    }
}

void rig_qmp_line_read(const char *text, gsize n_bytes, struct rig_qmp_line *line)
{
    g_autoptr(JsonParser) parser = NULL;
    JsonNode *root;

    *line = (struct rig_qmp_line){.kind = RIG_QMP_BAD, .id = -1};
    if (n_bytes > RIG_QMP_MAX_LINE_BYTES || is_deep(text, n_bytes) ||
        !g_utf8_validate(text, (gssize)n_bytes, NULL))
        return;
    parser = json_parser_new();
    if (!json_parser_load_from_data(parser, text, (gssize)n_bytes, NULL))
        return;
    root = json_parser_get_root(parser);
    if (root && JSON_NODE_HOLDS_OBJECT(root))
        read_object(json_node_get_object(root), line);
}

void rig_qmp_line_clear(struct rig_qmp_line *line)
{
    g_clear_pointer(&line->text, g_free);
    g_clear_pointer(&line->value, json_node_unref);
}

static bool fail(struct rig_qmp *qmp, const char *what, int code, GError **error)
{
    g_set_error(error, RIG_ERROR, RIG_ERROR_DEVICE, "QEMU at %s: %s%s%s", qmp->path, what, code ? ": " : "",
                code ? g_strerror(code) : "");
    return false;
}

static bool wait_ready(struct rig_qmp *qmp, short events, gint64 until_us, GError **error)
{
    for (;;) {
        struct pollfd socket_fd = {.fd = qmp->fd, .events = events};
        gint64 left_us = until_us - g_get_monotonic_time();
        int n = left_us > 0 ? poll(&socket_fd, 1, (int)(left_us / 1000) + 1) : 0;

        if (n > 0)
            return true;
        if (n == 0)
            return fail(qmp, "no answer in time", 0, error);
        if (errno != EINTR)
            return fail(qmp, "cannot wait", errno, error);
    }
}

static bool send_text(struct rig_qmp *qmp, const char *text, gint64 until_us, GError **error)
{
    gsize n_left = strlen(text);

    while (n_left > 0) {
        ssize_t n;

        if (!wait_ready(qmp, POLLOUT, until_us, error))
            return false;
        n = send(qmp->fd, text, n_left, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && errno != EAGAIN && errno != EINTR) {
            qmp->ended = true;
            return fail(qmp, "it has ended", errno, error);
        }
        text += MAX(n, 0);
        n_left -= (gsize)MAX(n, 0);
    }
    return true;
}

static bool receive_some(struct rig_qmp *qmp, gint64 until_us, GError **error)
{
    char bytes[4096];
    ssize_t n;

    if (qmp->received->len > RIG_QMP_MAX_LINE_BYTES)
        return fail(qmp, "its line is too long", 0, error);
    if (!wait_ready(qmp, POLLIN, until_us, error))
        return false;
    n = recv(qmp->fd, bytes, sizeof bytes, MSG_DONTWAIT);
    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
        qmp->ended = true;
        return fail(qmp, "it has ended", 0, error);
    }
    g_string_append_len(qmp->received, bytes, MAX(n, 0));
    return true;
}

static bool receive_line(struct rig_qmp *qmp, gint64 until_us, struct rig_qmp_line *line, GError **error)
{
    const char *end;
    gsize n;

    while (!(end = memchr(qmp->received->str, '\n', qmp->received->len)))
        if (!receive_some(qmp, until_us, error))
            return false;
    n = (gsize)(end - qmp->received->str);
    rig_qmp_line_read(qmp->received->str, n, line);
    g_string_erase(qmp->received, 0, (gssize)n + 1);
    if (line->kind != RIG_QMP_BAD)
        return true;
    return fail(qmp, "what answers there does not speak QMP", 0, error);
}

/* The answer with this id; events and answers to commands that were given up are skipped. */
static bool receive_answer(struct rig_qmp *qmp, gint64 id, gint64 until_us, struct rig_qmp_line *line,
                           GError **error)
{
    for (guint i = 0; i < RIG_QMP_MAX_SKIPPED; i++) {
        if (!receive_line(qmp, until_us, line, error))
            return false;
        if ((line->kind == RIG_QMP_RETURN || line->kind == RIG_QMP_FAILURE) && line->id == id)
            return true;
        rig_qmp_line_clear(line);
    }
    return fail(qmp, "it talks and does not answer", 0, error);
}

bool rig_qmp_execute(struct rig_qmp *qmp, const char *command, JsonNode **value, GError **error)
{
    return rig_qmp_execute_with(qmp, command, NULL, value, error);
}

bool rig_qmp_execute_with(struct rig_qmp *qmp, const char *command, const char *arguments, JsonNode **value,
                          GError **error)
{
    gint64 until_us = g_get_monotonic_time() + ANSWER_MS * 1000;
    gint64 id = qmp->next_id++;
    g_autofree char *text =
        g_strdup_printf("{\"execute\": \"%s\", \"id\": %" G_GINT64_FORMAT "%s%s}\n", command, id,
                        arguments ? ", \"arguments\": " : "", arguments ? arguments : "");
    struct rig_qmp_line line = {0};
    bool ok;

    if (!send_text(qmp, text, until_us, error) || !receive_answer(qmp, id, until_us, &line, error)) {
        g_prefix_error(error, "'%s': ", command);
        return false;
    }
    ok = line.kind == RIG_QMP_RETURN;
    if (!ok)
        g_set_error(error, RIG_ERROR, RIG_ERROR_DEVICE, "QEMU at %s: '%s' was refused: %s", qmp->path,
                    command, line.text ? line.text : "no reason");
    else if (value)
        *value = g_steal_pointer(&line.value);
    rig_qmp_line_clear(&line);
    return ok;
}

static bool connect_to(struct rig_qmp *qmp, GError **error)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    if (strlen(qmp->path) >= sizeof address.sun_path)
        return fail(qmp, "the path is too long for a socket", 0, error);
    g_strlcpy(address.sun_path, qmp->path, sizeof address.sun_path);
    qmp->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (qmp->fd < 0 || connect(qmp->fd, (struct sockaddr *)&address, sizeof address) != 0)
        return fail(qmp, "cannot connect", errno, error);
    return true;
}

struct rig_qmp *rig_qmp_open(const char *path, GError **error)
{
    g_autoptr(rig_qmp) qmp = g_new0(struct rig_qmp, 1);
    struct rig_qmp_line greeting = {0};
    bool greeted;

    qmp->fd = -1;
    qmp->path = g_strdup(path);
    qmp->received = g_string_new(NULL);
    if (!connect_to(qmp, error) ||
        !receive_line(qmp, g_get_monotonic_time() + ANSWER_MS * 1000, &greeting, error))
        return NULL;
    greeted = greeting.kind == RIG_QMP_GREETING;
    rig_qmp_line_clear(&greeting);
    if (!greeted) {
        fail(qmp, "it does not greet as QMP does", 0, error);
        return NULL;
    }
    return rig_qmp_execute(qmp, "qmp_capabilities", NULL, error) ? g_steal_pointer(&qmp) : NULL;
}

void rig_qmp_free(struct rig_qmp *qmp)
{
    if (!qmp)
        return;
    if (qmp->fd >= 0)
        close(qmp->fd);
    if (qmp->received)
        g_string_free(qmp->received, TRUE);
    g_free(qmp->path);
    g_free(qmp);
}

bool rig_qmp_has_ended(struct rig_qmp *qmp)
{
    struct pollfd socket_fd = {.fd = qmp->fd, .events = POLLIN};
    char byte;

    if (!qmp->ended && poll(&socket_fd, 1, 0) > 0)
        qmp->ended = recv(qmp->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
    return qmp->ended;
}
