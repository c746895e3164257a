/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One connection, line by line, events mixed in. */
#include "tests/qmp_server.h"

#include <glib/gstdio.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

struct qmp_server {
    int listener;
    int stop[2];
    char *folder;
    char *path;
    GThread *thread;
    GMutex lock;
    GString *heard;
    enum qmp_fault fault;
    bool running;
};

static void say(int fd, const char *text)
{
    if (send(fd, text, strlen(text), MSG_NOSIGNAL) < 0)
        return;
}

static void greet(struct qmp_server *server, int fd)
{
    g_autofree char *long_text = NULL;

    if (server->fault == QMP_GARBAGE)
        say(fd, "SSH-2.0-OpenSSH\r\n");
    else if (server->fault == QMP_ENDLESS_LINE) {
        long_text = g_strnfill(200000, 'a');
        say(fd, long_text);
    } else if (server->fault == QMP_NO_GREETING)
        say(fd, "{\"event\": \"RESUME\"}\n");
    else
        say(fd, "{\"QMP\": {\"version\": {\"qemu\": {\"major\": 7}}, \"capabilities\": [\"oob\"]}}\r\n");
}

/* false: the emulator ends. */
static bool execute(struct qmp_server *server, int fd, const char *command, const char *id)
{
    g_autofree char *done = g_strdup_printf("{\"return\": {}, \"id\": %s}\r\n", id);
    g_autofree char *status = g_strdup_printf(
        "{\"return\": {\"status\": \"x\", \"singlestep\": false, \"running\": %s}, \"id\": %s}\r\n",
        server->running ? "true" : "false", id);
    g_autofree char *refusal = g_strdup_printf(
        "{\"id\": %s, \"error\": {\"class\": \"GenericError\", \"desc\": \"not now\"}}\r\n", id);

    g_string_append_printf(server->heard, "%s%s", server->heard->len ? " " : "", command);
    if (server->fault == QMP_SILENT && strcmp(command, "qmp_capabilities") != 0)
        return true;
    if (server->fault == QMP_HALF && strcmp(command, "stop") == 0) {
        done[strlen(done) / 2] = '\0';
        say(fd, done);
        return false;
    }
    if (server->fault == QMP_REFUSES && strcmp(command, "qmp_capabilities") != 0) {
        say(fd, refusal);
        return true;
    }
    if (strcmp(command, "query-status") == 0) {
        say(fd, status);
        return true;
    }
    if (strcmp(command, "stop") == 0 && server->fault == QMP_DIES_ON_STOP)
        return false;
    if (strcmp(command, "stop") == 0)
        server->running = server->fault == QMP_KEEPS_RUNNING;
    if (strcmp(command, "cont") == 0)
        server->running = true;
    say(fd, "{\"timestamp\": {\"seconds\": 1, \"microseconds\": 2}, \"event\": \"NOTE\"}\r\n{\"return\": {}, "
            "\"id\": 999}\r\n");
    say(fd, done);
    return strcmp(command, "quit") != 0;
}

static bool take_line(struct qmp_server *server, int fd, const char *line)
{
    const char *command = strstr(line, "\"execute\": \"");
    const char *id = strstr(line, "\"id\": ");
    g_autofree char *name = NULL;
    g_autofree char *number = NULL;

    if (!command || !id)
        return false;
    command += strlen("\"execute\": \"");
    id += strlen("\"id\": ");
    name = g_strndup(command, strcspn(command, "\""));
    number = g_strndup(id, strspn(id, "0123456789"));
    return execute(server, fd, name, number);
}

/* false: asked to stop, or the other side is gone. */
static bool next_piece(struct qmp_server *server, int fd, GString *received)
{
    struct pollfd fds[] = {{.fd = fd, .events = POLLIN}, {.fd = server->stop[0], .events = POLLIN}};
    char bytes[512];
    ssize_t n;

    if (poll(fds, 2, -1) <= 0 || fds[1].revents)
        return false;
    n = recv(fd, bytes, sizeof bytes, 0);
    if (n > 0)
        g_string_append_len(received, bytes, n);
    return n > 0;
}

static void talk(struct qmp_server *server, int fd)
{
    g_autoptr(GString) received = g_string_new(NULL);
    bool alive = true;

    greet(server, fd);
    while (alive && next_piece(server, fd, received)) {
        char *end;

        g_mutex_lock(&server->lock);
        while (alive && (end = strchr(received->str, '\n'))) {
            *end = '\0';
            alive = take_line(server, fd, received->str);
            g_string_erase(received, 0, end + 1 - received->str);
        }
        g_mutex_unlock(&server->lock);
    }
}

static gpointer serve(gpointer user)
{
    struct qmp_server *server = user;
    struct pollfd fds[] = {{.fd = server->listener, .events = POLLIN},
                           {.fd = server->stop[0], .events = POLLIN}};

    while (poll(fds, 2, -1) > 0 && !fds[1].revents) {
        int fd = accept(server->listener, NULL, NULL);

        if (fd < 0)
            continue;
        talk(server, fd);
        close(fd);
    }
    return NULL;
}

struct qmp_server *qmp_server_new(enum qmp_fault fault)
{
    struct qmp_server *server = g_new0(struct qmp_server, 1);
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    server->folder = g_dir_make_tmp("rig-qmp-XXXXXX", NULL);
    server->path = g_build_filename(server->folder, "qmp", NULL);
    server->listener = socket(AF_UNIX, SOCK_STREAM, 0);
    g_strlcpy(address.sun_path, server->path, sizeof address.sun_path);
    g_assert(bind(server->listener, (struct sockaddr *)&address, sizeof address) == 0 &&
             listen(server->listener, 4) == 0);
    g_assert(pipe(server->stop) == 0);
    g_mutex_init(&server->lock);
    server->heard = g_string_new(NULL);
    server->fault = fault;
    server->running = true;
    server->thread = g_thread_new("qmp", serve, server);
    return server;
}

const char *qmp_server_path(const struct qmp_server *server)
{
    return server->path;
}

char *qmp_server_heard(struct qmp_server *server)
{
    char *text;

    g_mutex_lock(&server->lock);
    text = g_strdup(server->heard->str);
    g_mutex_unlock(&server->lock);
    return text;
}

void qmp_server_free(struct qmp_server *server)
{
    g_assert(write(server->stop[1], "", 1) == 1);
    g_thread_join(server->thread);
    close(server->listener);
    close(server->stop[0]);
    close(server->stop[1]);
    g_unlink(server->path);
    g_rmdir(server->folder);
    g_mutex_clear(&server->lock);
    g_string_free(server->heard, TRUE);
    g_free(server->path);
    g_free(server->folder);
    g_free(server);
}
