/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Files written whole, folders removed whole. */
#define _XOPEN_SOURCE 700 /* nftw */
#include "base/file.h"

#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CREATE_TRIES 100
#define DRAFT_DIGITS 8
#define WALK_FDS 16

static bool refuse(const char *path, int reason, GError **error)
{
    g_set_error(error, RIG_ERROR, RIG_ERROR_IO, "cannot write %s: %s", path,
                reason ? g_strerror(reason) : "a write failed");
    return false;
}

/* Closes the stream, since network file systems tell of a full disk only then. */
static bool write_stream(FILE *out, const char *path, bool to_disk, rig_file_writer writer, const void *user,
                         GError **error)
{
    bool ok, lost;
    int reason;

    errno = 0;
    ok = writer(out, user, error);
    lost = ferror(out) || fflush(out) != 0 || (to_disk && fsync(fileno(out)) != 0);
    reason = errno;
    if (fclose(out) != 0 && !lost) {
        lost = true;
        reason = errno;
    }
    return ok && (!lost || refuse(path, reason, error));
}

static bool write_fd(int fd, const char *path, bool to_disk, rig_file_writer writer, const void *user,
                     GError **error)
{
    FILE *out = fd >= 0 ? fdopen(fd, "w") : NULL;

    if (out)
        return write_stream(out, path, to_disk, writer, user, error);
    refuse(path, errno, error);
    if (fd >= 0)
        close(fd);
    return false;
}

bool rig_file_write_to(int fd, const char *path, rig_file_writer writer, const void *user, GError **error)
{
    return write_fd(fd, path, false, writer, user, error);
}

bool rig_file_is_unfinished(const char *name, const char *of)
{
    gsize n = strlen(of);

    return g_str_has_prefix(name, of) && name[n] == '.' && strlen(name) == n + 1 + DRAFT_DIGITS &&
           strspn(name + n + 1, "0123456789abcdef") == DRAFT_DIGITS;
}

/* With O_EXCL, since the folder may be anybody's. -1 with errno. */
static int create_beside(const char *path, mode_t mode, char **draft)
{
    for (guint attempt = 0; attempt < CREATE_TRIES; attempt++) {
        int fd;

        *draft = g_strdup_printf("%s.%0*x", path, DRAFT_DIGITS, g_random_int());
        fd = open(*draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
        if (fd >= 0 || errno != EEXIST)
            return fd;
        g_clear_pointer(draft, g_free);
    }
    errno = EEXIST;
    return -1;
}

/* path is how the user called it, real where it is. */
static bool write_beside(const char *path, const char *real, enum rig_file_care care, rig_file_writer writer,
                         const void *user, GError **error)
{
    bool secret = care == RIG_FILE_SECRET;
    g_autofree char *draft = NULL;
    int fd = create_beside(real, secret ? 0600 : 0666, &draft);
    bool written = write_fd(fd, path, secret, writer, user, error);

    if (written && rename(draft, real) != 0)
        written = refuse(path, errno, error);
    if (!written && fd >= 0)
        unlink(draft);
    return written;
}

bool rig_file_write(const char *path, enum rig_file_care care, rig_file_writer writer, const void *user,
                    GError **error)
{
    struct stat status;
    g_autofree char *real = NULL;

    if (stat(path, &status) != 0)
        return write_beside(path, path, care, writer, user, error);
    if (S_ISDIR(status.st_mode)) {
        g_set_error(error, RIG_ERROR, RIG_ERROR_IO, "cannot write %s: it is a folder", path);
        return false;
    }
    if (!S_ISREG(status.st_mode))
        return rig_file_write_to(open(path, O_WRONLY | O_CLOEXEC), path, writer, user, error);
    real = realpath(path, NULL); /* from malloc, which is GLib's allocator */
    return write_beside(path, real ? real : path, care, writer, user, error);
}

static bool write_bytes(FILE *out, const void *user, GError **error)
{
    (void)error;
    fwrite(g_bytes_get_data((GBytes *)user, NULL), 1, g_bytes_get_size((GBytes *)user), out);
    return true;
}

bool rig_file_replace(const char *path, enum rig_file_care care, const void *bytes, gsize n_bytes,
                      GError **error)
{
    g_autoptr(GBytes) whole = g_bytes_new_static(bytes, n_bytes);

    return rig_file_write(path, care, write_bytes, whole, error);
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *place)
{
    (void)status, (void)type, (void)place;
    return remove(path);
}

bool rig_tree_remove(const char *path)
{
    return nftw(path, remove_one, WALK_FDS, FTW_DEPTH | FTW_PHYS) == 0 ||
           (access(path, F_OK) != 0 && errno == ENOENT);
}
