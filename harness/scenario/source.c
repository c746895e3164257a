/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Source texts: read within bounds, checked to be text, indexed by line. */
#include "scenario/diagnostic.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "scenario/node.h"

static gsize line_break_at(const char *text)
{
    const guchar *at = (const guchar *)text;

    if (at[0] == '\r')
        return at[1] == '\n' ? 2 : 1;
    if (at[0] == '\n')
        return 1;
    if (at[0] == 0xc2 && at[1] == 0x85)
        return 2;
    if (at[0] == 0xe2 && at[1] == 0x80 && (at[2] == 0xa8 || at[2] == 0xa9))
        return 3;
    return 0;
}

static GArray *index_lines(const char *text)
{
    GArray *starts = g_array_new(FALSE, FALSE, sizeof(guint32));
    guint32 start = 0;

    g_array_append_val(starts, start);
    for (const char *at = text; *at;) {
        gsize n_break = line_break_at(at);

        at += n_break ? n_break : 1;
        start = (guint32)(at - text);
        if (n_break)
            g_array_append_val(starts, start);
    }
    return starts;
}

struct rig_source *rig_source_from_text(const char *path, const char *text)
{
    struct rig_source *source = g_new0(struct rig_source, 1);

    source->path = g_strdup(path);
    source->text = g_strdup(g_str_has_prefix(text, "\xef\xbb\xbf") ? text + 3 : text);
    source->n_bytes = strlen(source->text);
    source->line_starts = index_lines(source->text);
    return source;
}

static void set_not_text_error(GError **error, const char *bytes, gsize n_bytes, gsize offset)
{
    g_autofree char *before = g_strndup(bytes, offset);
    g_autoptr(rig_source) source = rig_source_from_text("", before);
    struct rig_mark at = rig_source_mark(source, source->n_bytes);
    const guchar *wrong = (const guchar *)bytes + offset;

    if (*wrong == 0)
        g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "is not text: a NUL byte at line %u, column %u",
                    at.line, at.column);
    else if (n_bytes >= 2 && offset == 0 &&
             ((wrong[0] == 0xff && wrong[1] == 0xfe) || (wrong[0] == 0xfe && wrong[1] == 0xff)))
        g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "is UTF-16; save it as UTF-8");
    else
        g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "is not UTF-8: byte 0x%02x at line %u, column %u",
                    *wrong, at.line, at.column);
}

struct rig_source *rig_source_from_bytes(const char *path, const void *bytes, gsize n_bytes, GError **error)
{
    g_autofree char *text = NULL;
    const char *end = NULL;

    if (n_bytes > RIG_YAML_MAX_BYTES) {
        g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "is larger than %u KiB", RIG_YAML_MAX_BYTES / 1024);
        return NULL;
    }
    text = g_strndup(n_bytes ? bytes : "", n_bytes);
    if (n_bytes && !g_utf8_validate(bytes, (gssize)n_bytes, &end)) {
        set_not_text_error(error, bytes, n_bytes, (gsize)(end - (const char *)bytes));
        return NULL;
    }
    return rig_source_from_text(path, text);
}

static bool check_plain_file(int file, GError **error)
{
    struct stat status;

    if (fstat(file, &status) != 0)
        g_set_error(error, RIG_ERROR, RIG_ERROR_IO, "%s", g_strerror(errno));
    else if (S_ISDIR(status.st_mode))
        g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "is a directory");
    else if (!S_ISREG(status.st_mode))
        g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "is not a plain file");
    else if (status.st_size > RIG_YAML_MAX_BYTES)
        g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "is larger than %u KiB", RIG_YAML_MAX_BYTES / 1024);
    else
        return true;
    return false;
}

/* Bounded by itself and not by the size asked for before: the file may grow meanwhile. */
static GByteArray *read_bounded(int file, GError **error)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    guint8 part[8192];
    ssize_t n_read;

    do {
        n_read = read(file, part, sizeof part);
        if (n_read > 0)
            g_byte_array_append(bytes, part, (guint)n_read);
    } while ((n_read > 0 && bytes->len <= RIG_YAML_MAX_BYTES) || (n_read < 0 && errno == EINTR));
    if (n_read < 0) {
        g_set_error(error, RIG_ERROR, RIG_ERROR_IO, "%s", g_strerror(errno));
        return NULL;
    }
    return g_steal_pointer(&bytes);
}

struct rig_source *rig_source_read(const char *path, GError **error)
{
    /* Not blocking: opening a FIFO that nobody writes to would wait for ever. */
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    g_autoptr(GByteArray) bytes = NULL;

    if (file < 0) {
        g_set_error(error, RIG_ERROR, RIG_ERROR_IO, "%s", g_strerror(errno));
        return NULL;
    }
    if (check_plain_file(file, error))
        bytes = read_bounded(file, error);
    close(file);
    return bytes ? rig_source_from_bytes(path, bytes->data, bytes->len, error) : NULL;
}

void rig_source_free(struct rig_source *source)
{
    if (!source)
        return;
    g_free(source->path);
    g_free(source->text);
    g_array_unref(source->line_starts);
    g_free(source);
}

static guint line_of(const GArray *starts, gsize offset)
{
    guint low = 0;
    guint high = starts->len;

    while (high - low > 1) {
        guint middle = low + (high - low) / 2;

        if (g_array_index(starts, guint32, middle) <= offset)
            low = middle;
        else
            high = middle;
    }
    return low;
}

struct rig_mark rig_source_mark(const struct rig_source *source, gsize offset)
{
    guint line = line_of(source->line_starts, MIN(offset, source->n_bytes));
    gsize start = g_array_index(source->line_starts, guint32, line);
    const char *from = source->text + start;

    return (struct rig_mark){line + 1,
                             (guint)g_utf8_strlen(from, (gssize)(MIN(offset, source->n_bytes) - start)) + 1};
}
