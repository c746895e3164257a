/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Records of pcap and pcapng files. */
#include "capture/pcap.h"

#include "base/error.h"

#include <math.h>
#include <string.h>

#define MAGIC_US 0xa1b2c3d4u
#define MAGIC_NS 0xa1b23c4du
#define SECTION 0x0a0d0d0au
#define SECTION_ORDER 0x1a2b3c4du
#define BLOCK_INTERFACE 1u
#define BLOCK_PACKET 2u
#define BLOCK_SIMPLE 3u
#define BLOCK_ENHANCED 6u
#define OPTION_END 0u
#define OPTION_RESOLUTION 9u
#define OPTION_OFFSET 14u
#define MAX_BLOCK_BYTES (1u << 18) /* of what is read whole; a longer packet is damage */
#define MAX_SKIPPED_BYTES (1u << 24)
#define MAX_INTERFACES 256u
#define LINK_MASK 0x03ffffffu /* the rest is about frame check sequences */

struct interface {
    guint32 link_type, snap_bytes;
    guint8 resolution; /* if_tsresol as stored */
    gint64 offset_s;
};

struct rig_pcap {
    GInputStream *stream;
    const char *name; /* borrowed, as the stream */
    bool swapped, nanoseconds, blocks;
    struct interface plain; /* of a pcap file */
    GArray *interfaces;     /* struct interface, of the section */
    GByteArray *body;
    guint64 n_records;
    gint64 last_us;
};

static guint32 get32(const struct rig_pcap *file, const guint8 *at)
{
    guint32 value;

    memcpy(&value, at, sizeof value);
    value = GUINT32_FROM_LE(value);
    return file->swapped ? GUINT32_SWAP_LE_BE(value) : value;
}

static guint16 get16(const struct rig_pcap *file, const guint8 *at)
{
    return file->swapped ? (guint16)(at[0] << 8 | at[1]) : (guint16)(at[1] << 8 | at[0]);
}

bool rig_pcap_looks_like(const guint8 bytes[4])
{
    guint32 little =
        (guint32)bytes[0] | (guint32)bytes[1] << 8 | (guint32)bytes[2] << 16 | (guint32)bytes[3] << 24;
    guint32 big = GUINT32_SWAP_LE_BE(little);

    return little == MAGIC_US || little == MAGIC_NS || big == MAGIC_US || big == MAGIC_NS ||
           little == SECTION;
}

static enum rig_btsnoop_found broken(const struct rig_pcap *file, const char *why, guint32 number,
                                     GError **error)
{
    g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT,
                "capture %s is damaged behind packet %" G_GUINT64_FORMAT ": %s (%u)", file->name,
                file->n_records, why, number);
    return RIG_BTSNOOP_BROKEN;
}

static enum rig_btsnoop_found read_bytes(struct rig_pcap *file, guint8 *into, gsize n_bytes, GError **error)
{
    gsize n_read = 0;

    if (!g_input_stream_read_all(file->stream, into, n_bytes, &n_read, NULL, error)) {
        g_prefix_error(error, "capture %s: ", file->name);
        return RIG_BTSNOOP_BROKEN;
    }
    return n_read == n_bytes ? RIG_BTSNOOP_RECORD : n_read == 0 ? RIG_BTSNOOP_END : RIG_BTSNOOP_CUT;
}

/* What must follow: an end is a cut. */
static enum rig_btsnoop_found read_body(struct rig_pcap *file, gsize n_bytes, GError **error)
{
    enum rig_btsnoop_found found;

    g_byte_array_set_size(file->body, (guint)n_bytes);
    found = n_bytes ? read_bytes(file, file->body->data, n_bytes, error) : RIG_BTSNOOP_RECORD;
    return found == RIG_BTSNOOP_END ? RIG_BTSNOOP_CUT : found;
}

/* ---- time ---- */

/* Times of a hostile file may be anything: they wrap, and nothing else happens. */
static gint64 to_us(const struct interface *interface, guint64 units)
{
    guint8 digits = interface->resolution & 0x7f;
    guint64 us = units;

    if (interface->resolution & 0x80) {
        double exact = ldexp((double)units, -(int)digits) * 1e6;

        us = exact < 9e18 ? (guint64)exact : 0;
    } else {
        for (; digits < 6; digits++)
            us *= 10;
        for (; digits > 6 && us; digits--)
            us /= 10;
    }
    return (gint64)(us + (guint64)interface->offset_s * 1000000u);
}

/* ---- pcap ---- */

static enum rig_btsnoop_found next_plain(struct rig_pcap *file, struct rig_pcap_record *record,
                                         GError **error)
{
    guint8 head[16];
    enum rig_btsnoop_found found = read_bytes(file, head, sizeof head, error);
    guint32 n_bytes;

    if (found != RIG_BTSNOOP_RECORD)
        return found;
    n_bytes = get32(file, head + 8);
    if (n_bytes > MAX_BLOCK_BYTES)
        return broken(file, "more bytes than a packet can have", n_bytes, error);
    found = read_body(file, n_bytes, error);
    if (found != RIG_BTSNOOP_RECORD)
        return found;
    file->last_us =
        (gint64)get32(file, head) * 1000000 + get32(file, head + 4) / (file->nanoseconds ? 1000 : 1);
    *record = (struct rig_pcap_record){
        .number = ++file->n_records,
        .unix_us = file->last_us,
        .link_type = file->plain.link_type,
        .n_original = MAX(get32(file, head + 12), n_bytes),
        .bytes = file->body->data,
        .n_bytes = n_bytes,
    };
    return RIG_BTSNOOP_RECORD;
}

/* ---- pcapng ---- */

static void take_options(struct rig_pcap *file, gsize at, struct interface *interface)
{
    const guint8 *bytes = file->body->data;

    while (at + 4 <= file->body->len) {
        guint16 code = get16(file, bytes + at), n_bytes = get16(file, bytes + at + 2);

        at += 4;
        if (code == OPTION_END || n_bytes > file->body->len - at)
            return;
        if (code == OPTION_RESOLUTION && n_bytes >= 1)
            interface->resolution = bytes[at];
        if (code == OPTION_OFFSET && n_bytes >= 8) {
            guint32 low = get32(file, bytes + at + (file->swapped ? 4 : 0));
            guint32 high = get32(file, bytes + at + (file->swapped ? 0 : 4));

            interface->offset_s = (gint64)((guint64)high << 32 | low);
        }
        at += (n_bytes + 3u) & ~3u;
    }
}

static enum rig_btsnoop_found take_interface(struct rig_pcap *file, GError **error)
{
    struct interface interface = {.resolution = 6};

    if (file->body->len < 8)
        return broken(file, "an interface description is too short", file->body->len, error);
    if (file->interfaces->len == MAX_INTERFACES)
        return broken(file, "more interfaces than are read", MAX_INTERFACES, error);
    interface.link_type = get16(file, file->body->data);
    interface.snap_bytes = get32(file, file->body->data + 4);
    take_options(file, 8, &interface);
    g_array_append_val(file->interfaces, interface);
    return RIG_BTSNOOP_RECORD;
}

static enum rig_btsnoop_found give(struct rig_pcap *file, const struct interface *interface, gsize at,
                                   guint32 n_bytes, guint32 n_original, struct rig_pcap_record *record,
                                   GError **error)
{
    if (n_bytes > file->body->len - at)
        return broken(file, "a packet is longer than its block", n_bytes, error);
    *record = (struct rig_pcap_record){
        .number = ++file->n_records,
        .unix_us = file->last_us,
        .link_type = interface->link_type,
        .n_original = MAX(n_original, n_bytes),
        .bytes = file->body->data + at,
        .n_bytes = n_bytes,
    };
    return RIG_BTSNOOP_RECORD;
}

static enum rig_btsnoop_found take_packet(struct rig_pcap *file, guint32 type, struct rig_pcap_record *record,
                                          GError **error)
{
    const guint8 *body = file->body->data;
    gsize n_head = type == BLOCK_SIMPLE ? 4 : 20;
    const struct interface *interface;
    guint32 index = 0, n_original;

    if (file->body->len < n_head)
        return broken(file, "a packet block is too short", file->body->len, error);
    if (type != BLOCK_SIMPLE)
        index = type == BLOCK_PACKET ? get16(file, body) : get32(file, body);
    if (index >= file->interfaces->len)
        return broken(file, "a packet of an interface that was not described", index, error);
    interface = &g_array_index(file->interfaces, struct interface, index);
    if (type == BLOCK_SIMPLE) {
        n_original = get32(file, body);
        return give(file, interface, n_head,
                    MIN(MIN(n_original, interface->snap_bytes ? interface->snap_bytes : G_MAXUINT32),
                        file->body->len - 4u),
                    n_original, record, error);
    }
    file->last_us = to_us(interface, (guint64)get32(file, body + 4) << 32 | get32(file, body + 8));
    return give(file, interface, n_head, get32(file, body + 12), get32(file, body + 16), record, error);
}

/* The byte order stands behind the length, and the length needs it. */
static enum rig_btsnoop_found begin_section(struct rig_pcap *file, guint8 head[8], GError **error)
{
    guint8 order[4];
    enum rig_btsnoop_found found = read_bytes(file, order, sizeof order, error);
    guint32 n_block;

    if (found != RIG_BTSNOOP_RECORD)
        return found == RIG_BTSNOOP_END ? RIG_BTSNOOP_CUT : found;
    file->swapped = false;
    file->swapped = get32(file, order) != SECTION_ORDER;
    if (get32(file, order) != SECTION_ORDER)
        return broken(file, "a section without byte order", get32(file, order), error);
    g_array_set_size(file->interfaces, 0);
    n_block = get32(file, head + 4);
    if (n_block < 28 || n_block % 4 || n_block > MAX_BLOCK_BYTES)
        return broken(file, "a section header of a length that cannot be", n_block, error);
    return read_body(file, n_block - 12, error);
}

static enum rig_btsnoop_found skip(struct rig_pcap *file, guint32 n_bytes, GError **error)
{
    enum rig_btsnoop_found found = RIG_BTSNOOP_RECORD;

    while (n_bytes && found == RIG_BTSNOOP_RECORD) {
        guint32 n = MIN(n_bytes, MAX_BLOCK_BYTES);

        found = read_body(file, n, error);
        n_bytes -= n;
    }
    return found;
}

/* One block; *given: it held a packet. */
static enum rig_btsnoop_found take_block(struct rig_pcap *file, struct rig_pcap_record *record, bool *given,
                                         GError **error)
{
    guint8 head[8];
    enum rig_btsnoop_found found = read_bytes(file, head, sizeof head, error);
    guint32 type, n_block;

    if (found != RIG_BTSNOOP_RECORD)
        return found;
    type = get32(file, head);
    if (type == SECTION)
        return begin_section(file, head, error);
    n_block = get32(file, head + 4);
    if (n_block < 12 || n_block % 4 || n_block > MAX_SKIPPED_BYTES)
        return broken(file, "a block of a length that cannot be", n_block, error);
    *given = type == BLOCK_PACKET || type == BLOCK_SIMPLE || type == BLOCK_ENHANCED;
    if (!*given && type != BLOCK_INTERFACE)
        return skip(file, n_block - 8, error);
    if (n_block > MAX_BLOCK_BYTES)
        return broken(file, "more bytes than a packet can have", n_block, error);
    found = read_body(file, n_block - 8, error);
    if (found != RIG_BTSNOOP_RECORD)
        return found;
    g_byte_array_set_size(file->body, n_block - 12); /* the length comes a second time */
    return *given ? take_packet(file, type, record, error) : take_interface(file, error);
}

static enum rig_btsnoop_found next(struct rig_pcap *file, struct rig_pcap_record *record, GError **error)
{
    enum rig_btsnoop_found found = RIG_BTSNOOP_RECORD;
    bool given = false;

    if (!file->blocks)
        return next_plain(file, record, error);
    while (found == RIG_BTSNOOP_RECORD && !given)
        found = take_block(file, record, &given, error);
    return found;
}

static bool read_file_header(struct rig_pcap *file, const guint8 magic[4], GError **error)
{
    guint8 rest[20];
    guint32 kind = get32(file, magic);

    file->swapped = kind != MAGIC_US && kind != MAGIC_NS;
    file->nanoseconds = get32(file, magic) == MAGIC_NS;
    if (read_bytes(file, rest, sizeof rest, error) != RIG_BTSNOOP_RECORD) {
        if (error && !*error)
            g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "capture %s ends inside its header", file->name);
        return false;
    }
    file->plain = (struct interface){.snap_bytes = get32(file, rest + 12),
                                     .link_type = get32(file, rest + 16) & LINK_MASK};
    return true;
}

static bool read_begin(struct rig_pcap *file, GError **error)
{
    guint8 head[8] = {0};
    gsize n_magic = 4;
    enum rig_btsnoop_found found;

    if (read_bytes(file, head, n_magic, error) != RIG_BTSNOOP_RECORD)
        return false;
    file->blocks = get32(file, head) == SECTION;
    if (!file->blocks)
        return read_file_header(file, head, error);
    found = read_bytes(file, head + 4, 4, error);
    if (found == RIG_BTSNOOP_RECORD)
        found = begin_section(file, head, error);
    if (found == RIG_BTSNOOP_RECORD)
        return true;
    if (found != RIG_BTSNOOP_BROKEN)
        g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "capture %s ends inside its header", file->name);
    return false;
}

enum rig_btsnoop_found rig_pcap_read(GInputStream *stream, const char *name, rig_pcap_each each, void *user,
                                     GError **error)
{
    g_autoptr(GArray) interfaces = g_array_new(FALSE, TRUE, sizeof(struct interface));
    g_autoptr(GByteArray) body = g_byte_array_new();
    struct rig_pcap file = {.stream = stream, .name = name, .interfaces = interfaces, .body = body};
    struct rig_pcap_record record;
    enum rig_btsnoop_found found;

    if (!read_begin(&file, error))
        return RIG_BTSNOOP_BROKEN;
    while ((found = next(&file, &record, error)) == RIG_BTSNOOP_RECORD)
        each(user, &record);
    return found;
}
