/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A forked process at the other end of a pipe: it reads the end of the file when this process is gone. */
#define _GNU_SOURCE /* close_range */
#include "transport/guard.h"

#include "base/error.h"
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define REMOVE_TRIES 200
#define REMOVE_AGAIN_NS 10000000

struct rig_guard {
    pid_t pid;
    int pipe;
};

/* Those who write there may still be on their way to their end. */
static void remove_with_patience(const char *path)
{
    const struct timespec pause = {.tv_nsec = REMOVE_AGAIN_NS};

    for (int i = 0; i < REMOVE_TRIES && !rig_tree_remove(path); i++)
        nanosleep(&pause, NULL);
}

/* Nothing of what the process has open may stay open through the guard: locks, pipes, ports. */
static void let_go(int keep)
{
    int nowhere;

    if (keep > 3)
        close_range(3, (unsigned)keep - 1, 0);
    close_range((unsigned)MAX(keep + 1, 3), ~0u, 0);
    nowhere = open("/dev/null", O_RDWR);
    for (int fd = 0; nowhere >= 0 && fd < 3; fd++)
        dup2(nowhere, fd);
    if (nowhere > 2)
        close(nowhere);
    (void)!chdir("/");
}

/* 0: nobody entered. */
static pid_t await_end(int pipe)
{
    pid_t group = 0, entered;
    ssize_t n;

    while ((n = read(pipe, &entered, sizeof entered)) > 0 || (n < 0 && errno == EINTR))
        if (n == (ssize_t)sizeof entered)
            group = entered;
    return group;
}

static G_GNUC_NORETURN void stand_guard(int pipe, const char *folder)
{
    static const int deaf_to[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE};
    pid_t group;

    setsid();
    for (gsize i = 0; i < G_N_ELEMENTS(deaf_to); i++)
        signal(deaf_to[i], SIG_IGN);
    prctl(PR_SET_NAME, "bootrig-guard");
    let_go(pipe);
    group = await_end(pipe);
    if (group > 0)
        kill(-group, SIGKILL);
    if (folder)
        remove_with_patience(folder);
    _exit(0);
}

struct rig_guard *rig_guard_new(const char *folder, GError **error)
{
    struct rig_guard *guard;
    int ends[2];
    pid_t pid;

    if (!g_unix_open_pipe(ends, FD_CLOEXEC, NULL)) {
        g_set_error(error, RIG_ERROR, RIG_ERROR_DEVICE, "no pipe can be made: %s", g_strerror(errno));
        return NULL;
    }
    pid = fork();
    if (pid == 0)
        stand_guard(ends[0], folder);
    close(ends[0]);
    if (pid < 0) {
        g_set_error(error, RIG_ERROR, RIG_ERROR_DEVICE, "no process can be started: %s", g_strerror(errno));
        close(ends[1]);
        return NULL;
    }
    guard = g_new0(struct rig_guard, 1);
    *guard = (struct rig_guard){.pid = pid, .pipe = ends[1]};
    return guard;
}

void rig_guard_enter(const struct rig_guard *guard)
{
    pid_t group = getpid();

    setpgid(0, 0);
    (void)!write(guard->pipe, &group, sizeof group);
}

/* SIGKILL and not a word through the pipe: another child that was forked meanwhile may hold the pipe too. */
void rig_guard_free(struct rig_guard *guard)
{
    if (!guard)
        return;
    kill(guard->pid, SIGKILL);
    while (waitpid(guard->pid, NULL, 0) < 0 && errno == EINTR)
        ;
    close(guard->pipe);
    g_free(guard);
}

struct rig_folder {
    char *path;
    struct rig_guard *guard;
};

struct rig_folder *rig_folder_new(GError **error)
{
    g_autoptr(GError) cause = NULL;
    g_autofree char *made = g_dir_make_tmp("bootrig-XXXXXX", &cause);
    struct rig_folder *folder;

    if (!made) {
        g_set_error(error, RIG_ERROR, RIG_ERROR_IO, "no temporary folder can be made: %s", cause->message);
        return NULL;
    }
    folder = g_new0(struct rig_folder, 1);
    folder->path = g_canonicalize_filename(made, NULL);
    folder->guard = rig_guard_new(folder->path, error);
    if (folder->guard)
        return folder;
    rig_folder_free(folder);
    return NULL;
}

const char *rig_folder_path(const struct rig_folder *folder)
{
    return folder->path;
}

void rig_folder_free(struct rig_folder *folder)
{
    if (!folder)
        return;
    (void)rig_tree_remove(folder->path);
    rig_guard_free(folder->guard);
    g_free(folder->path);
    g_free(folder);
}
