/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Records of a btsnoop file. */
#include "capture/btsnoop.h"

#include "base/error.h"

#include <string.h>

#define MAGIC "btsnoop" /* with its NUL */
#define VERSION 1u
#define YEAR_2000_FILE_US G_GUINT64_CONSTANT(0x00E03AB44A676000) /* the year 2000 in the file's time */
#define YEAR_2000_UNIX_US (G_GUINT64_CONSTANT(946684800) * 1000000)
#define PRIORITY_INFO 6

struct rig_btsnoop {
    GInputStream *stream;
    const char *name; /* borrowed, as the stream */
    enum rig_btsnoop_type type;
    guint64 n_records;
    guint8 *bytes; /* RIG_BTSNOOP_MAX_BYTES */
};

static guint32 get32(const guint8 *at)
{
    guint32 value;

    memcpy(&value, at, sizeof value);
    return GUINT32_FROM_BE(value);
}

static void put32(guint8 *at, guint32 value)
{
    value = GUINT32_TO_BE(value);
    memcpy(at, &value, sizeof value);
}

void rig_btsnoop_put_header(enum rig_btsnoop_type type, guint8 into[RIG_BTSNOOP_HEADER_BYTES])
{
    memcpy(into, MAGIC, 8);
    put32(into + 8, VERSION);
    put32(into + 12, type);
}

void rig_btsnoop_put_record(const struct rig_btsnoop_record *record, guint8 into[RIG_BTSNOOP_RECORD_BYTES])
{
    guint64 file_us = (guint64)record->unix_us - YEAR_2000_UNIX_US + YEAR_2000_FILE_US;

    put32(into, record->n_original);
    put32(into + 4, (guint32)record->n_bytes);
    put32(into + 8, record->flags);
    put32(into + 12, record->n_drops);
    put32(into + 16, (guint32)(file_us >> 32));
    put32(into + 20, (guint32)(file_us & G_MAXUINT32));
}

gsize rig_btsnoop_put_note(const char *text, guint8 *into, gsize room)
{
    gsize n_head = 2 + sizeof RIG_BTSNOOP_IDENT, n_text = strlen(text);

    if (room <= n_head)
        return 0;
    n_text = MIN(n_text, room - n_head - 1);
    into[0] = PRIORITY_INFO;
    into[1] = sizeof RIG_BTSNOOP_IDENT;
    memcpy(into + 2, RIG_BTSNOOP_IDENT, sizeof RIG_BTSNOOP_IDENT);
    memcpy(into + n_head, text, n_text);
    into[n_head + n_text] = '\0';
    return n_head + n_text + 1;
}

static bool check_header(struct rig_btsnoop *file, GError **error)
{
    guint8 header[RIG_BTSNOOP_HEADER_BYTES];
    gsize n_read = 0;
    guint32 type;

    if (!g_input_stream_read_all(file->stream, header, sizeof header, &n_read, NULL, error)) {
        g_prefix_error(error, "capture %s: ", file->name);
        return false;
    }
    if (n_read < sizeof header || memcmp(header, MAGIC, 8) != 0) {
        g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT,
                    "%s is no btsnoop file; captures come from bootrig, btmon -w, or a phone's Bluetooth HCI "
                    "snoop log",
                    file->name);
        return false;
    }
    type = get32(header + 12);
    if (get32(header + 8) != VERSION ||
        (type != RIG_BTSNOOP_HCI && type != RIG_BTSNOOP_UART && type != RIG_BTSNOOP_MONITOR)) {
        g_set_error(
            error, RIG_ERROR, RIG_ERROR_INPUT,
            "%s is a btsnoop file of version %u, type %u; readable are version 1, types 1001, 1002 and 2001",
            file->name, get32(header + 8), type);
        return false;
    }
    file->type = (enum rig_btsnoop_type)type;
    return true;
}

static enum rig_btsnoop_found broken(const struct rig_btsnoop *file, const char *why, guint32 number,
                                     GError **error)
{
    g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT,
                "capture %s is damaged at record %" G_GUINT64_FORMAT ": %s (%u)", file->name,
                file->n_records + 1, why, number);
    return RIG_BTSNOOP_BROKEN;
}

static enum rig_btsnoop_found read_bytes(struct rig_btsnoop *file, guint8 *into, gsize n_bytes,
                                         GError **error)
{
    gsize n_read = 0;

    if (!g_input_stream_read_all(file->stream, into, n_bytes, &n_read, NULL, error)) {
        g_prefix_error(error, "capture %s: ", file->name);
        return RIG_BTSNOOP_BROKEN;
    }
    return n_read == n_bytes ? RIG_BTSNOOP_RECORD : n_read == 0 ? RIG_BTSNOOP_END : RIG_BTSNOOP_CUT;
}

static enum rig_btsnoop_found next(struct rig_btsnoop *file, struct rig_btsnoop_record *record,
                                   GError **error)
{
    guint8 head[RIG_BTSNOOP_RECORD_BYTES];
    enum rig_btsnoop_found found = read_bytes(file, head, sizeof head, error);
    guint32 n_original, n_bytes;

    if (found != RIG_BTSNOOP_RECORD)
        return found;
    n_original = get32(head);
    n_bytes = get32(head + 4);
    if (n_bytes > RIG_BTSNOOP_MAX_BYTES)
        return broken(file, "more bytes than a packet can have", n_bytes, error);
    if (n_original < n_bytes)
        return broken(file, "more bytes kept than there were", n_bytes, error);
    found = n_bytes ? read_bytes(file, file->bytes, n_bytes, error) : RIG_BTSNOOP_RECORD;
    if (found == RIG_BTSNOOP_END)
        found = RIG_BTSNOOP_CUT;
    if (found != RIG_BTSNOOP_RECORD)
        return found;
    *record = (struct rig_btsnoop_record){
        .number = ++file->n_records,
        .n_original = n_original,
        .flags = get32(head + 8),
        .n_drops = get32(head + 12),
        .unix_us = (gint64)(((guint64)get32(head + 16) << 32 | get32(head + 20)) - YEAR_2000_FILE_US +
                            YEAR_2000_UNIX_US),
        .bytes = file->bytes,
        .n_bytes = n_bytes,
    };
    return RIG_BTSNOOP_RECORD;
}

enum rig_btsnoop_found rig_btsnoop_read(GInputStream *stream, const char *name, rig_btsnoop_each each,
                                        void *user, GError **error)
{
    g_autofree guint8 *bytes = g_malloc(RIG_BTSNOOP_MAX_BYTES);
    struct rig_btsnoop file = {.stream = stream, .name = name, .bytes = bytes};
    struct rig_btsnoop_record record;
    enum rig_btsnoop_found found;

    if (!check_header(&file, error))
        return RIG_BTSNOOP_BROKEN;
    while ((found = next(&file, &record, error)) == RIG_BTSNOOP_RECORD)
        each(user, file.type, &record);
    return found;
}
