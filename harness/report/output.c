/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where reports go. */
#define _DEFAULT_SOURCE /* flock */
#include "report/output.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "report/evidence.h"

/* Who has the folder, for people: the number in the lock file; 0 when it does not say. */
static gint64 holder_of(int fd)
{
    char text[32] = "";
    ssize_t n = pread(fd, text, sizeof text - 1, 0);

    return n > 0 ? g_ascii_strtoll(text, NULL, 10) : 0;
}

static void complain_of_use(const char *directory, gint64 holder, GError **error)
{
    g_autofree char *process =
        holder > 0 ? g_strdup_printf(" (process %" G_GINT64_FORMAT ")", holder) : g_strdup("");

    g_set_error(
        error, RIG_ERROR, RIG_ERROR_IO,
        "cannot write reports into %s: another run%s is using it; wait for it, or give this run a folder "
        "of its own with --output",
        directory, process);
}

/* -1 with an error. A file system without locks (some network ones) counts as free. */
static int lock_folder(const char *directory, GError **error)
{
    g_autofree char *path = g_build_filename(directory, ".lock", NULL);
    int fd = g_mkdir_with_parents(directory, 0777) == 0
                 ? open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666)
                 : -1;

    if (fd < 0) {
        g_set_error(error, RIG_ERROR, RIG_ERROR_IO, "cannot write reports into %s: %s", directory,
                    g_strerror(errno));
        return -1;
    }
    if (flock(fd, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK)
        return fd;
    complain_of_use(directory, holder_of(fd), error);
    close(fd);
    return -1;
}

/* A full disk may keep the number out: it is for people only. */
static void name_holder(int fd)
{
    g_autofree char *text = g_strdup_printf("%ld\n", (long)getpid());

    if (ftruncate(fd, 0) == 0 && write(fd, text, strlen(text)) < 0)
        return;
}

static const char *const report_names[] = {RIG_OUTPUT_JOURNAL, RIG_OUTPUT_JUNIT, RIG_OUTPUT_HTML,
                                           RIG_OUTPUT_JSON};

/* "junit.xml.1a2b3c4d": what a run that was killed while it wrote leaves. */
static bool is_unfinished(const char *name)
{
    for (guint i = 0; i < G_N_ELEMENTS(report_names); i++) {
        gsize n = strlen(report_names[i]);

        if (g_str_has_prefix(name, report_names[i]) && name[n] == '.' && strlen(name) == n + 9 &&
            strspn(name + n + 1, "0123456789abcdef") == 8)
            return true;
    }
    return false;
}

/* What cannot be removed would be taken for the report of this run. */
static bool remove_old(const char *path, GError **error)
{
    if (unlink(path) == 0 || errno == ENOENT)
        return true;
    g_set_error(error, RIG_ERROR, RIG_ERROR_IO, "cannot remove %s, which is there from before: %s", path,
                g_strerror(errno));
    return false;
}

static bool remove_old_reports(const char *directory, GError **error)
{
    g_autoptr(GDir) folder = g_dir_open(directory, 0, NULL);
    const char *name;

    while (folder && (name = g_dir_read_name(folder))) {
        g_autofree char *path = g_build_filename(directory, name, NULL);
        bool ours = is_unfinished(name);

        for (guint i = 0; i < G_N_ELEMENTS(report_names); i++)
            ours |= g_str_equal(name, report_names[i]);
        if (ours && !remove_old(path, error))
            return false;
    }
    rig_evidence_clear(directory);
    return true;
}

struct rig_output *rig_output_claim(const char *directory, GError **error)
{
    int fd = lock_folder(directory, error);
    struct rig_output *output;

    if (fd < 0)
        return NULL;
    name_holder(fd);
    if (!remove_old_reports(directory, error)) {
        close(fd);
        return NULL;
    }
    output = g_new0(struct rig_output, 1);
    output->directory = g_strdup(directory);
    output->lock_fd = fd;
    return output;
}

bool rig_output_is_same(const char *path, const char *other)
{
    g_autofree char *first = g_canonicalize_filename(path, NULL);
    g_autofree char *second = g_canonicalize_filename(other, NULL);
    struct stat one, two;

    if (stat(path, &one) == 0 && stat(other, &two) == 0)
        return one.st_dev == two.st_dev && one.st_ino == two.st_ino;
    return g_str_equal(first, second);
}

bool rig_output_remove_old(const char *path, GError **error)
{
    struct stat status;

    return lstat(path, &status) != 0 || !S_ISREG(status.st_mode) || remove_old(path, error);
}

void rig_output_release(struct rig_output *output)
{
    if (!output)
        return;
    close(output->lock_fd);
    g_free(output->directory);
    g_free(output);
}

char *rig_output_file(const struct rig_output *output, const char *name)
{
    return g_build_filename(output->directory, name, NULL);
}

bool rig_output_make_folder(const char *path, GError **error)
{
    if (g_mkdir_with_parents(path, 0777) == 0)
        return true;
    g_set_error(error, RIG_ERROR, RIG_ERROR_IO, "cannot make the folder %s: %s", path, g_strerror(errno));
    return false;
}

/* Where it goes meanwhile, and what is written. */
struct delivery {
    const char *path; /* for people */
    rig_output_writer writer;
    const void *user;
};

/* Closes the stream, since network file systems tell of a full disk only then. */
static bool deliver(const struct delivery *delivery, FILE *out, GError **error)
{
    bool ok = delivery->writer(out, delivery->user, error);
    bool lost = ferror(out) != 0;

    errno = 0;
    lost |= fclose(out) != 0;
    if (!ok || !lost)
        return ok;
    g_set_error(error, RIG_ERROR, RIG_ERROR_IO, "cannot write %s: %s", delivery->path,
                errno ? g_strerror(errno) : "a write failed");
    return false;
}

/* fd (taken): -1 with errno. */
static bool deliver_to(const struct delivery *delivery, int fd, GError **error)
{
    FILE *out = fd >= 0 ? fdopen(fd, "w") : NULL;

    if (out)
        return deliver(delivery, out, error);
    g_set_error(error, RIG_ERROR, RIG_ERROR_IO, "cannot write %s: %s", delivery->path, g_strerror(errno));
    if (fd >= 0)
        close(fd);
    return false;
}

/* The umask's permissions, as any new file gets; with O_EXCL, since the folder may be anybody's. -1 with
 * errno. */
static int create_beside(const char *path, char **draft)
{
    for (guint attempt = 0; attempt < 100; attempt++) {
        int fd;

        *draft = g_strdup_printf("%s.%08x", path, g_random_int());
        fd = open(*draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (fd >= 0 || errno != EEXIST)
            return fd;
        g_clear_pointer(draft, g_free);
    }
    errno = EEXIST;
    return -1;
}

/* Renamed into place without fsync: a reader never sees half a report, and after a crash of the machine the
 * journal makes it again. */
static bool write_and_rename(const struct delivery *delivery, GError **error)
{
    g_autofree char *draft = NULL;
    bool written = deliver_to(delivery, create_beside(delivery->path, &draft), error);

    if (written && g_rename(draft, delivery->path) != 0) {
        g_set_error(error, RIG_ERROR, RIG_ERROR_IO, "cannot rename into %s: %s", delivery->path,
                    g_strerror(errno));
        written = false;
    }
    if (!written && draft)
        unlink(draft);
    return written;
}

bool rig_output_write(const char *path, rig_output_writer writer, const void *user, GError **error)
{
    struct delivery delivery = {.path = path, .writer = writer, .user = user};
    struct stat status;

    if (g_strcmp0(path, "-") == 0) {
        delivery.path = "standard output";
        fflush(stdout);
        return deliver_to(&delivery, dup(STDOUT_FILENO), error);
    }
    if (stat(path, &status) == 0 && !S_ISREG(status.st_mode))
        return deliver_to(&delivery, open(path, O_WRONLY | O_CLOEXEC), error);
    return write_and_rename(&delivery, error);
}

struct whole {
    const char *text;
    gsize n_bytes;
};

static bool write_whole(FILE *out, const void *user, GError **error)
{
    const struct whole *whole = user;

    (void)error;
    fwrite(whole->text, 1, whole->n_bytes, out);
    return true;
}

bool rig_output_publish(const char *path, const char *text, gsize n_bytes, GError **error)
{
    struct whole whole = {.text = text, .n_bytes = n_bytes};

    return rig_output_write(path, write_whole, &whole, error);
}

char *rig_output_text(rig_output_writer writer, const void *user, gsize *n_bytes, GError **error)
{
    char *text = NULL;
    char *copy;
    size_t n = 0;
    FILE *out = open_memstream(&text, &n);
    bool ok = writer(out, user, error);

    fclose(out);
    copy = ok ? g_strndup(text, n) : NULL; /* the stream's memory is libc's */
    *n_bytes = n;
    free(text);
    return copy;
}
