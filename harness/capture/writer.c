/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Records to disk. */
#include "capture/writer.h"

#include "base/error.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <stdio.h>

#define DEFAULT_FILE_BYTES (16u << 20)
#define DEFAULT_FILES 4u
#define MAX_FILES 1000u
#define BUFFER_BYTES (64u << 10)

struct rig_capture_writer {
    char *path;
    FILE *file; /* NULL after an error */
    guint64 max_bytes;
    guint64 n_bytes; /* of the current file */
    guint n_files;
    gint n_rotations;      /* read by other threads */
    guint32 n_lost_before; /* by whom the packets come from */
    guint64 n_lost_here;
    GError *error;
};

static void fail(struct rig_capture_writer *writer, int cause)
{
    if (!writer->error)
        g_set_error(&writer->error, RIG_ERROR, RIG_ERROR_IO, "capture %s cannot be written: %s", writer->path,
                    g_strerror(cause));
    if (writer->file)
        fclose(writer->file);
    writer->file = NULL;
}

static bool begin_file(struct rig_capture_writer *writer)
{
    guint8 header[RIG_BTSNOOP_HEADER_BYTES];

    rig_btsnoop_put_header(RIG_BTSNOOP_MONITOR, header);
    writer->file = fopen(writer->path, "wbe");
    if (!writer->file) {
        fail(writer, errno);
        return false;
    }
    setvbuf(writer->file, NULL, _IOFBF, BUFFER_BYTES);
    writer->n_bytes = sizeof header;
    if (fwrite(header, sizeof header, 1, writer->file) == 1 && fflush(writer->file) == 0)
        return true;
    fail(writer, errno);
    return false;
}

static char *numbered(const struct rig_capture_writer *writer, guint number)
{
    return number ? g_strdup_printf("%s.%u", writer->path, number) : g_strdup(writer->path);
}

static void rotate(struct rig_capture_writer *writer)
{
    if (fclose(writer->file) != 0) {
        writer->file = NULL;
        fail(writer, errno);
        return;
    }
    writer->file = NULL;
    for (guint i = writer->n_files - 1; i > 0; i--) {
        g_autofree char *from = numbered(writer, i - 1);
        g_autofree char *to = numbered(writer, i);

        if (g_rename(from, to) != 0 && errno != ENOENT) {
            fail(writer, errno);
            return;
        }
    }
    if (begin_file(writer))
        g_atomic_int_inc(&writer->n_rotations);
}

struct rig_capture_writer *rig_capture_writer_new(const char *path, guint64 max_bytes, guint n_files,
                                                  GError **error)
{
    struct rig_capture_writer *writer = g_new0(struct rig_capture_writer, 1);

    writer->path = g_strdup(path);
    writer->max_bytes = max_bytes ? max_bytes : DEFAULT_FILE_BYTES;
    writer->n_files = CLAMP(n_files ? n_files : DEFAULT_FILES, 1, MAX_FILES);
    for (guint i = 1; i < writer->n_files; i++) {
        g_autofree char *older = numbered(writer, i);

        (void)g_unlink(older);
    }
    if (begin_file(writer))
        return writer;
    (void)!rig_capture_writer_close(writer, error);
    return NULL;
}

void rig_capture_writer_put(struct rig_capture_writer *writer, const struct rig_btsnoop_record *record)
{
    guint8 head[RIG_BTSNOOP_RECORD_BYTES];
    struct rig_btsnoop_record whole = *record;
    guint64 n_needed = sizeof head + record->n_bytes;

    if (writer->file && writer->n_bytes + n_needed > writer->max_bytes &&
        writer->n_bytes > RIG_BTSNOOP_HEADER_BYTES)
        rotate(writer);
    if (!writer->file) {
        writer->n_lost_here++;
        return;
    }
    whole.n_drops = (guint32)MIN(writer->n_lost_before + writer->n_lost_here, G_MAXUINT32);
    rig_btsnoop_put_record(&whole, head);
    writer->n_bytes += n_needed;
    if (fwrite(head, sizeof head, 1, writer->file) != 1 ||
        (record->n_bytes && fwrite(record->bytes, record->n_bytes, 1, writer->file) != 1)) {
        writer->n_lost_here++;
        fail(writer, errno);
    }
}

void rig_capture_writer_set_lost(struct rig_capture_writer *writer, guint32 n_lost)
{
    writer->n_lost_before = n_lost;
}

void rig_capture_writer_flush(struct rig_capture_writer *writer)
{
    if (writer->file && fflush(writer->file) != 0)
        fail(writer, errno);
}

guint64 rig_capture_writer_lost(const struct rig_capture_writer *writer)
{
    return writer->n_lost_before + writer->n_lost_here;
}

guint rig_capture_writer_rotations(const struct rig_capture_writer *writer)
{
    return (guint)g_atomic_int_get(&writer->n_rotations);
}

const char *rig_capture_writer_path(const struct rig_capture_writer *writer)
{
    return writer->path;
}

bool rig_capture_writer_close(struct rig_capture_writer *writer, GError **error)
{
    bool ok;

    if (writer->file && fclose(writer->file) != 0) {
        writer->file = NULL;
        fail(writer, errno);
    }
    ok = !writer->error;
    if (!ok)
        g_propagate_error(error, g_steal_pointer(&writer->error));
    g_free(writer->path);
    g_free(writer);
    return ok;
}
