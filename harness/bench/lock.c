/* SPDX-License-Identifier: GPL-3.0-or-later */
/* flock() on one file per resource; the file's text says who holds it. Files stay: removing one would let two
 * hold it. */
#define _GNU_SOURCE /* flock, renameat2 */
#include "bench/lock.h"

#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOOK_AGAIN_US 20000
#define MAX_HOLDER_BYTES 200
#define OPEN_TRIES 10
#define SHARED_NAME "bootrig"
#define SHARED_MODE 01777

struct rig_lock {
    char *directory;
    char *who;
    gint64 until_us; /* of what is added */
    const volatile int *interrupted;
    GPtrArray *held; /* char *: what was added */
    GArray *fds;     /* int */
};

static bool own_directory(const char *path, GError **error)
{
    struct stat status;

    if (g_mkdir(path, 0700) != 0 && errno != EEXIST) {
        g_set_error(error, RIG_ERROR, RIG_ERROR_IO, "cannot make the folder for locks %s: %s", path,
                    g_strerror(errno));
        return false;
    }
    /* In a folder that everybody may write, somebody may have been there first. */
    if (lstat(path, &status) == 0 && S_ISDIR(status.st_mode) && status.st_uid == geteuid())
        return true;
    g_set_error(error, RIG_ERROR, RIG_ERROR_IO,
                "the folder for locks %s belongs to somebody else; set BOOTRIG_LOCK_DIR", path);
    return false;
}

/* Renamed into place, so that nobody meets it with another mode. */
static void make_shared(const char *root, const char *path)
{
    g_autofree char *made = g_build_filename(root, "." SHARED_NAME "-XXXXXX", NULL);

    if (access(path, F_OK) == 0 || !g_mkdtemp(made))
        return;
    if (chmod(made, SHARED_MODE) != 0 || renameat2(AT_FDCWD, made, AT_FDCWD, path, RENAME_NOREPLACE) != 0)
        g_rmdir(made);
}

/* A real folder where all may write and none may remove what is another's. */
static bool is_shared(const char *path)
{
    struct stat status;

    return lstat(path, &status) == 0 && S_ISDIR(status.st_mode) && (status.st_mode & 07777) == SHARED_MODE &&
           access(path, W_OK | X_OK) == 0;
}

char *rig_lock_directory(bool *is_private, GError **error)
{
    return rig_lock_directory_below(RIG_LOCK_ROOT, is_private, error);
}

char *rig_lock_directory_below(const char *root, bool *is_private, GError **error)
{
    const char *named = g_getenv("BOOTRIG_LOCK_DIR");
    const char *runtime = g_getenv("XDG_RUNTIME_DIR");
    g_autofree char *shared = g_build_filename(root, SHARED_NAME, NULL);
    g_autofree char *path = NULL;

    if (is_private)
        *is_private = false;
    if (named && *named) {
        if (g_mkdir_with_parents(named, 0700) == 0)
            return g_strdup(named);
        g_set_error(error, RIG_ERROR, RIG_ERROR_IO, "cannot make the folder for locks %s: %s", named,
                    g_strerror(errno));
        return NULL;
    }
    make_shared(root, shared);
    if (is_shared(shared))
        return g_steal_pointer(&shared);
    if (is_private)
        *is_private = true;
    if (runtime && *runtime && access(runtime, W_OK | X_OK) == 0)
        path = g_build_filename(runtime, "bootrig", NULL);
    else
        path = g_strdup_printf("%s/bootrig-%u", g_get_tmp_dir(), (guint)geteuid());
    return own_directory(path, error) ? g_steal_pointer(&path) : NULL;
}

/* Names of resources are hostile to file systems; their hash is not. */
static char *lock_path(const char *directory, const char *resource)
{
    g_autofree char *hash = g_compute_checksum_for_string(G_CHECKSUM_SHA256, resource, -1);
    g_autofree char *file = g_strdup_printf("%.24s.lock", hash);

    return g_build_filename(directory, file, NULL);
}

/* What lies in a shared folder may have been put there by anybody: no link of either kind, no pipe. -1 with
 * errno. */
static int accept(int fd)
{
    struct stat status;

    if (fd < 0 || (fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && status.st_nlink == 1))
        return fd;
    close(fd);
    errno = EEXIST;
    return -1;
}

/* The kernel may refuse O_CREAT over another user's file in such a folder (fs.protected_regular), so that is
 * for a new one only. */
static int open_lock(const char *path)
{
    static const int flags = O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;
    int fd = -1;

    for (guint i = 0; fd < 0 && i < OPEN_TRIES; i++) {
        fd = open(path, O_RDWR | flags);
        if (fd < 0 && errno == EACCES)
            fd = open(path, O_RDONLY | flags);
        if (fd < 0 && errno == ENOENT)
            fd = open(path, O_RDWR | O_CREAT | O_EXCL | flags, 0666);
        else
            break;
        if (fd < 0 && errno != EEXIST) /* else somebody else made it meanwhile */
            break;
    }
    return accept(fd);
}

static char *read_holder(int fd)
{
    char text[MAX_HOLDER_BYTES + 1];
    ssize_t n = pread(fd, text, MAX_HOLDER_BYTES, 0);
    g_autofree char *valid = NULL;

    if (n <= 0)
        return g_strdup("a process that has not said who it is");
    valid = g_utf8_make_valid(text, n);
    for (char *at = valid; *at; at++)
        if (g_ascii_iscntrl(*at))
            *at = ' ';
    return g_strdup(g_strstrip(valid));
}

static void write_holder(int fd, const char *who)
{
    g_autoptr(GDateTime) now = g_date_time_new_now_utc();
    g_autofree char *since = g_date_time_format(now, "%Y-%m-%d %H:%M:%S UTC");
    g_autofree char *text = g_strdup_printf("pid %d since %s: %s\n", (int)getpid(), since, who);

    /* Only a courtesy to those who wait: the lock holds without it. */
    if (fchmod(fd, 0666) != 0 || ftruncate(fd, 0) != 0 || pwrite(fd, text, strlen(text), 0) < 0)
        return;
}

struct waiting {
    rig_lock_waiting tell;
    void *user;
    gint64 until_us;
    const volatile int *interrupted; /* may be NULL */
    bool told;
};

/* The open, locked file; -1 with an error. */
static int take(const char *directory, const char *resource, struct waiting *waiting, GError **error)
{
    g_autofree char *path = lock_path(directory, resource);
    g_autofree char *holder = NULL;
    int fd = open_lock(path);

    if (fd < 0) {
        g_set_error(error, RIG_ERROR, RIG_ERROR_IO, "cannot open the lock %s: %s", path,
                    errno == EEXIST || errno == ELOOP
                        ? "it is no file, or a link; look who put it there, and remove it"
                        : g_strerror(errno));
        return -1;
    }
    while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        g_free(holder);
        holder = read_holder(fd);
        if (g_get_monotonic_time() >= waiting->until_us || (waiting->interrupted && *waiting->interrupted)) {
            g_set_error(error, RIG_ERROR, RIG_ERROR_DEVICE, "%s is in use by %s", resource, holder);
            close(fd);
            return -1;
        }
        if (!waiting->told && waiting->tell)
            waiting->tell(waiting->user, resource, holder);
        waiting->told = true;
        g_usleep(LOOK_AGAIN_US);
    }
    return fd;
}

struct rig_lock *rig_lock_board(const char *directory, const struct rig_bench_board *board, const char *who,
                                guint64 wait_us, rig_lock_waiting tell, void *user, GError **error)
{
    struct waiting waiting = {.tell = tell,
                              .user = user,
                              .until_us =
                                  g_get_monotonic_time() + (gint64)MIN(wait_us, (guint64)G_MAXINT64 / 4)};
    g_autoptr(rig_lock) lock = g_new0(struct rig_lock, 1);

    lock->directory = g_strdup(directory);
    lock->who = g_strdup(who);
    lock->held = g_ptr_array_new_with_free_func(g_free);
    lock->fds = g_array_new(FALSE, FALSE, sizeof(int));
    /* Resources are sorted, so that two who want the same ones cannot wait for each other. */
    for (guint i = 0; i < board->resources->len; i++) {
        int fd = take(directory, board->resources->pdata[i], &waiting, error);

        if (fd < 0) {
            g_prefix_error(error, "board '%s': ", board->name);
            return NULL;
        }
        g_array_append_val(lock->fds, fd);
        write_holder(fd, who);
    }
    return g_steal_pointer(&lock);
}

void rig_lock_wait(struct rig_lock *lock, gint64 until_us, const volatile int *interrupted)
{
    lock->until_us = until_us;
    lock->interrupted = interrupted;
}

static void tell_waiting(void *user, const char *resource, const char *holder)
{
    (void)user;
    fprintf(stderr, "bootrig: waiting: %s is in use by %s\n", resource, holder);
}

bool rig_lock_add(struct rig_lock *lock, const char *resource, GError **error)
{
    struct waiting waiting = {
        .tell = tell_waiting, .until_us = lock->until_us, .interrupted = lock->interrupted};
    int fd;

    if (g_ptr_array_find_with_equal_func(lock->held, resource, g_str_equal, NULL))
        return true;
    fd = take(lock->directory, resource, &waiting, error);
    if (fd < 0)
        return false;
    g_ptr_array_add(lock->held, g_strdup(resource));
    g_array_append_val(lock->fds, fd);
    write_holder(fd, lock->who);
    return true;
}

void rig_lock_free(struct rig_lock *lock)
{
    if (!lock)
        return;
    for (guint i = 0; i < lock->fds->len; i++)
        close(g_array_index(lock->fds, int, i));
    g_array_unref(lock->fds);
    g_ptr_array_unref(lock->held);
    g_free(lock->directory);
    g_free(lock->who);
    g_free(lock);
}
