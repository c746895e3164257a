/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Children: started with pipes, stopped with a deadline, their end on record; and what must not outlive this
 * process, even when it is killed the hard way: process groups and temporary folders. A small process of its
 * own, forked to the other end of a pipe, waits for the end of this one. */
#define _GNU_SOURCE /* close_range, pidfd_open */
#include "transport/process.h"

#include "base/error.h"
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define REMOVE_TRIES 200
#define REMOVE_AGAIN_NS 10000000

struct guard {
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

/* Should this process end before guard_free(): SIGKILL for the process group that has entered, then the
 * folder (NULL: none; an absolute path) is removed with all that is in it. RIG_ERROR_DEVICE: no process or
 * pipe can be made. */
static struct guard *guard_new(const char *folder, GError **error)
{
    struct guard *guard;
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
    guard = g_new0(struct guard, 1);
    *guard = (struct guard){.pid = pid, .pipe = ends[1]};
    return guard;
}

/* In a child that was forked after the guard, before exec: it gets a process group of its own, which is under
 * guard from now on. Safe between fork and exec; one child for each guard. */
static void guard_enter(const struct guard *guard)
{
    pid_t group = getpid();

    setpgid(0, 0);
    (void)!write(guard->pipe, &group, sizeof group);
}

/* SIGKILL and not a word through the pipe: another child that was forked meanwhile may hold the pipe too. */
/* Ends the guard; group and folder stay as they are. NULL is allowed. */
static void guard_free(struct guard *guard)
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
    struct guard *guard;
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
    folder->guard = guard_new(folder->path, error);
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
    guard_free(folder->guard);
    g_free(folder->path);
    g_free(folder);
}

#define SIGNAL_BASE 128
#define LOOK_EVERY_MS 20

/* A child and who ends its group should this process be killed. */
struct child {
    GPid pid;
    struct guard *guard;
};

struct rig_process {
    struct child child;
    struct rig_stream *stream;
    bool ended;  /* as a zombie, which keeps the group's number from being given away */
    bool reaped; /* the zombie, too */
    bool known;  /* how it ended */
    siginfo_t end;
};

void rig_process_settle_in(pid_t parent)
{
    sigset_t none;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signal(SIGCHLD, SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    /* The parent may have ended before the request for its signal. */
    if (getppid() != parent)
        raise(SIGKILL);
}

struct birth {
    pid_t parent;
    struct guard *guard;
};

static void settle_in(gpointer user)
{
    const struct birth *birth = user;

    guard_enter(birth->guard);
    rig_process_settle_in(birth->parent);
}

/* The ends given as *to_child and *from_child are pipes; out and err: open files, -1: as this process's. */
static bool start(const char *const *argv, int out, int err, int *to_child, int *from_child,
                  struct child *child, GError **error)
{
    struct birth birth = {.parent = getpid(), .guard = guard_new(NULL, error)};
    g_autoptr(GError) cause = NULL;

    child->guard = NULL;
    if (!birth.guard) {
        g_prefix_error(error, "'%s': ", argv[0]);
        return false;
    }
    if (!g_spawn_async_with_pipes_and_fds(NULL, argv, NULL, G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_SEARCH_PATH,
                                          settle_in, &birth, -1, out, err, NULL, NULL, 0, &child->pid,
                                          to_child, from_child, NULL, &cause)) {
        g_set_error(error, RIG_ERROR, RIG_ERROR_DEVICE, "cannot start '%s': %s", argv[0], cause->message);
        guard_free(birth.guard);
        return false;
    }
    child->guard = birth.guard;
    return true;
}

static int open_log(const char *path, GError **error)
{
    int fd = open(path ? path : "/dev/null", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);

    if (fd < 0)
        g_set_error(error, RIG_ERROR, RIG_ERROR_IO, "cannot open the log '%s': %s", path, g_strerror(errno));
    return fd;
}

struct rig_process *rig_process_start(const char *const *argv, const char *log_path, GError **error)
{
    struct rig_process *process;
    int log_fd = open_log(log_path, error);
    int to_child = -1, from_child = -1;
    struct child child;
    bool started;

    if (log_fd < 0)
        return NULL;
    started = start(argv, -1, log_fd, &to_child, &from_child, &child, error);
    close(log_fd);
    if (!started)
        return NULL;
    fcntl(to_child, F_SETFD, FD_CLOEXEC);
    fcntl(from_child, F_SETFD, FD_CLOEXEC);
    process = g_new0(struct rig_process, 1);
    process->child = child;
    process->stream = rig_stream_new(argv[0], from_child, to_child);
    return process;
}

struct rig_stream *rig_process_stream(struct rig_process *process)
{
    return process->stream;
}

GPid rig_process_id(const struct rig_process *process)
{
    return process->child.pid;
}

bool rig_process_is_alive(struct rig_process *process)
{
    siginfo_t end = {0};

    if (process->ended)
        return false;
    if (waitid(P_PID, (id_t)process->child.pid, &end, WEXITED | WNOHANG | WNOWAIT) != 0)
        process->ended = process->reaped = errno == ECHILD; /* somebody else waits for all children */
    else if (end.si_pid != 0)
        process->ended = process->known = true;
    process->end = end;
    return !process->ended;
}

static void wait_until_dead(struct rig_process *process, guint timeout_ms)
{
    gint64 deadline_us = g_get_monotonic_time() + (gint64)timeout_ms * 1000;

    while (rig_process_is_alive(process) && g_get_monotonic_time() < deadline_us)
        poll(NULL, 0, 1);
}

void rig_process_stop(struct rig_process *process, guint grace_ms)
{
    if (process->reaped)
        return;
    if (rig_process_is_alive(process)) {
        kill(-process->child.pid, SIGTERM);
        wait_until_dead(process, grace_ms);
    }
    if (process->reaped)
        return;
    kill(-process->child.pid, SIGKILL); /* with what it left running */
    while (rig_process_is_alive(process))
        poll(NULL, 0, 1);
    while (!process->reaped && waitpid(process->child.pid, NULL, 0) < 0 && errno == EINTR)
        ;
    process->reaped = true;
}

void rig_process_free(struct rig_process *process)
{
    if (!process)
        return;
    rig_process_stop(process, 200);
    guard_free(process->child.guard);
    rig_stream_free(process->stream);
    g_spawn_close_pid(process->child.pid);
    g_free(process);
}

char *rig_process_describe(struct rig_process *process)
{
    if (rig_process_is_alive(process))
        return g_strdup("runs");
    if (!process->known)
        return g_strdup("ended, and nobody knows how");
    if (process->end.si_code != CLD_EXITED)
        return g_strdup_printf("was ended by signal %d", process->end.si_status);
    return g_strdup_printf("ended with exit code %d", process->end.si_status);
}

/* What is there to read now; false: the output has ended. */
static bool collect(int fd, gsize max_output, GString *output)
{
    char bytes[1024];
    ssize_t n;

    while ((n = read(fd, bytes, sizeof bytes)) > 0)
        if (output->len < max_output)
            g_string_append_len(output, bytes, (gssize)MIN((gsize)n, max_output - output->len));
    return n < 0 && (errno == EAGAIN || errno == EINTR);
}

static bool has_ended(pid_t pid)
{
    siginfo_t end = {0};

    return waitid(P_PID, (id_t)pid, &end, WEXITED | WNOHANG | WNOWAIT) != 0 || end.si_pid != 0;
}

/* Until the program ends: one that it leaves in the background may hold its output open for ever. false: it
 * was not in time. */
static bool attend(const struct child *child, int fd, const struct rig_run_limits *limits, GString *output)
{
    gint64 until_us = g_get_monotonic_time() + limits->within_us;
    struct pollfd waited[] = {{.fd = fd, .events = POLLIN},
                              {.fd = pidfd_open(child->pid, 0), .events = POLLIN}};
    bool ended;

    while (!(ended = has_ended(child->pid)) && g_get_monotonic_time() < until_us) {
        poll(waited, G_N_ELEMENTS(waited), LOOK_EVERY_MS);
        if (waited[0].fd >= 0 && !collect(fd, limits->max_output, output))
            waited[0].fd = -1;
    }
    if (waited[0].fd >= 0)
        (void)collect(fd, limits->max_output, output);
    if (waited[1].fd >= 0)
        close(waited[1].fd);
    return ended;
}

static bool reap(const struct child *child, const char *name, int *exit_code, GError **error)
{
    int status = 0;
    pid_t got;

    while ((got = waitpid(child->pid, &status, 0)) < 0 && errno == EINTR)
        ;
    *exit_code = WIFSIGNALED(status) ? SIGNAL_BASE + WTERMSIG(status) : WEXITSTATUS(status);
    if (got != child->pid)
        g_set_error(error, RIG_ERROR, RIG_ERROR_DEVICE,
                    "'%s' ended, and nobody knows how: this process was started with SIGCHLD ignored", name);
    return got == child->pid;
}

static bool run(const char *const *argv, const int *ends, const struct rig_run_limits *limits,
                GString *output, int *exit_code, GError **error)
{
    struct child child;
    bool in_time, known;

    if (!start(argv, ends[1], limits->with_stderr ? ends[1] : -1, NULL, NULL, &child, error))
        return false;
    in_time = attend(&child, ends[0], limits, output);
    if (!in_time)
        kill(-child.pid, SIGKILL);
    known = reap(&child, argv[0], exit_code, in_time ? error : NULL);
    guard_free(child.guard);
    g_spawn_close_pid(child.pid);
    if (!in_time)
        g_set_error(error, RIG_ERROR, RIG_ERROR_DEVICE,
                    "'%s' did not end within %" G_GINT64_FORMAT " ms and was killed", argv[0],
                    limits->within_us / 1000);
    return in_time && known;
}

bool rig_process_run(const char *const *argv, const struct rig_run_limits *limits, GString *output,
                     int *exit_code, GError **error)
{
    int ends[2];
    bool ok;

    if (!g_unix_open_pipe(ends, FD_CLOEXEC, NULL)) {
        g_set_error(error, RIG_ERROR, RIG_ERROR_DEVICE, "'%s': no pipe can be made: %s", argv[0],
                    g_strerror(errno));
        return false;
    }
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    ok = run(argv, ends, limits, output, exit_code, error);
    close(ends[0]);
    close(ends[1]);
    return ok;
}
