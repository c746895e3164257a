/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where reports go. */
#define _DEFAULT_SOURCE /* flock */
#include "report/output.h"

#include <errno.h>
#include <fcntl.h>
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

static bool is_unfinished(const char *name)
{
    for (guint i = 0; i < G_N_ELEMENTS(report_names); i++)
        if (rig_file_is_unfinished(name, report_names[i]))
            return true;
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

bool rig_output_write(const char *path, rig_file_writer writer, const void *user, GError **error)
{
    if (g_strcmp0(path, "-") != 0)
        return rig_file_write(path, RIG_FILE_PUBLIC, writer, user, error);
    fflush(stdout);
    return rig_file_write_to(dup(STDOUT_FILENO), "standard output", writer, user, error);
}

char *rig_output_text(rig_file_writer writer, const void *user, gsize *n_bytes, GError **error)
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
