/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Children: started with pipes, stopped with a deadline. */
#include "transport/process.h"

#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

struct rig_process {
    GPid pid;
    struct rig_stream *stream;
    bool reaped;
    int status; /* as waitpid tells it */
};

static int open_log(const char *path, GError **error)
{
    int fd = open(path ? path : "/dev/null", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);

    if (fd < 0)
        g_set_error(error, RIG_ERROR, RIG_ERROR_IO, "cannot open the log '%s': %s", path, g_strerror(errno));
    return fd;
}

struct rig_process *rig_process_start(const char *const *argv, const char *log_path, GError **error)
{
    g_autoptr(GError) cause = NULL;
    struct rig_process *process;
    int log_fd = open_log(log_path, error);
    int to_child = -1, from_child = -1;
    GPid pid;
    bool started;

    if (log_fd < 0)
        return NULL;
    started = g_spawn_async_with_pipes_and_fds(
        NULL, argv, NULL, G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_SEARCH_PATH, NULL, NULL, -1, -1, log_fd, NULL,
        NULL, 0, &pid, &to_child, &from_child, NULL, &cause);
    close(log_fd);
    if (!started) {
        g_set_error(error, RIG_ERROR, RIG_ERROR_DEVICE, "cannot start '%s': %s", argv[0], cause->message);
        return NULL;
    }
    fcntl(to_child, F_SETFD, FD_CLOEXEC);
    fcntl(from_child, F_SETFD, FD_CLOEXEC);
    process = g_new0(struct rig_process, 1);
    process->pid = pid;
    process->stream = rig_stream_new(argv[0], from_child, to_child);
    return process;
}

struct rig_stream *rig_process_stream(struct rig_process *process)
{
    return process->stream;
}

GPid rig_process_id(const struct rig_process *process)
{
    return process->pid;
}

bool rig_process_is_alive(struct rig_process *process)
{
    pid_t ended = process->reaped ? 0 : waitpid(process->pid, &process->status, WNOHANG);

    if (ended == process->pid || (ended < 0 && errno == ECHILD))
        process->reaped = true;
    return !process->reaped;
}

static void wait_until_dead(struct rig_process *process, guint timeout_ms)
{
    gint64 deadline_us = g_get_monotonic_time() + (gint64)timeout_ms * 1000;

    while (rig_process_is_alive(process) && g_get_monotonic_time() < deadline_us)
        poll(NULL, 0, 1);
}

void rig_process_stop(struct rig_process *process, guint grace_ms)
{
    if (!rig_process_is_alive(process))
        return;
    kill(process->pid, SIGTERM);
    wait_until_dead(process, grace_ms);
    if (!rig_process_is_alive(process))
        return;
    kill(process->pid, SIGKILL);
    while (!process->reaped && waitpid(process->pid, &process->status, 0) < 0 && errno == EINTR)
        ;
    process->reaped = true;
}

void rig_process_free(struct rig_process *process)
{
    if (!process)
        return;
    rig_process_stop(process, 200);
    rig_stream_free(process->stream);
    g_spawn_close_pid(process->pid);
    g_free(process);
}

char *rig_process_describe(struct rig_process *process)
{
    if (rig_process_is_alive(process))
        return g_strdup("runs");
    if (WIFSIGNALED(process->status))
        return g_strdup_printf("was ended by signal %d", WTERMSIG(process->status));
    return g_strdup_printf("ended with exit code %d", WEXITSTATUS(process->status));
}
