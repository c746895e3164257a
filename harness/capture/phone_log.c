/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Lines of a phone's log become packets. */
#include "capture/phone_log.h"

#include "base/error.h"
#include "protocol/ble/codes.h"

#include <string.h>

#define LINE_BYTES 8192u /* what is longer is cut: no value is */
#define MAX_VALUE_BYTES 512u
#define MAX_CHARACTERISTICS 32u
#define FIRST_HANDLE 0x1000u
#define CONNECTION 1u
#define DAY_US (G_GINT64_CONSTANT(86400) * 1000000)
#define UUID_CHARACTERS 36u

struct rig_phone_log {
    GInputStream *stream;
    const char *name; /* borrowed, as the stream */
    struct rig_ble_trace *trace;
    char line[LINE_BYTES];
    gsize n_line;
    guint8 chunk[4096];
    gsize chunk_at, n_chunk;
    bool ends_here; /* the line has no end: the file may have been cut in it */
    guint64 n_lines, n_values, n_unread;
    gint64 day_us, last_us;
    guint8 uuids[MAX_CHARACTERISTICS][16];
    guint n_uuids;
    guint8 packet[MAX_VALUE_BYTES + 16];
};

bool rig_phone_log_looks_like(const guint8 *bytes, gsize n_bytes)
{
    gsize n_looked = MIN(n_bytes, 512u);

    for (gsize i = 0; i < n_looked; i++) {
        if (bytes[i] < ' ' && bytes[i] != '\t' && bytes[i] != '\n' && bytes[i] != '\r')
            return false;
    }
    return n_looked > 0;
}

static enum rig_btsnoop_found fill(struct rig_phone_log *log, GError **error)
{
    gssize n = g_input_stream_read(log->stream, log->chunk, sizeof log->chunk, NULL, error);

    log->chunk_at = 0;
    log->n_chunk = n > 0 ? (gsize)n : 0;
    if (n < 0)
        g_prefix_error(error, "capture %s: ", log->name);
    return n < 0 ? RIG_BTSNOOP_BROKEN : n == 0 ? RIG_BTSNOOP_END : RIG_BTSNOOP_RECORD;
}

static enum rig_btsnoop_found read_line(struct rig_phone_log *log, GError **error)
{
    log->n_line = 0;
    log->ends_here = false;
    for (gsize n_seen = 0;; n_seen++) {
        char character;

        if (log->chunk_at == log->n_chunk) {
            enum rig_btsnoop_found found = fill(log, error);

            if (found == RIG_BTSNOOP_BROKEN || (found == RIG_BTSNOOP_END && n_seen == 0))
                return found;
            log->ends_here = found == RIG_BTSNOOP_END;
            if (log->ends_here)
                break;
        }
        character = (char)log->chunk[log->chunk_at++];
        if (character == '\n')
            break;
        if (log->n_line < LINE_BYTES - 1)
            log->line[log->n_line++] = character ? character : '?';
    }
    log->line[log->n_line] = '\0';
    log->n_lines++;
    return RIG_BTSNOOP_RECORD;
}

/* ---- what a line says ---- */

static bool is_number(const char *at, guint n_digits)
{
    for (guint i = 0; i < n_digits; i++) {
        if (!g_ascii_isdigit(at[i]))
            return false;
    }
    return true;
}

static gint64 number(const char *at, guint n_digits)
{
    gint64 value = 0;

    for (guint i = 0; i < n_digits; i++)
        value = value * 10 + (at[i] - '0');
    return value;
}

/* "09:49:52.879" near the line's begin. NULL: none. Returns what follows. */
static const char *find_time(struct rig_phone_log *log)
{
    for (gsize at = 0; at + 12 <= log->n_line && at < 40; at++) {
        const char *text = log->line + at;
        gint64 us;

        if (!is_number(text, 2) || text[2] != ':' || !is_number(text + 3, 2) || text[5] != ':' ||
            !is_number(text + 6, 2) || (text[8] != '.' && text[8] != ',') || !is_number(text + 9, 3))
            continue;
        us = ((number(text, 2) * 60 + number(text + 3, 2)) * 60 + number(text + 6, 2)) * 1000000 +
             number(text + 9, 3) * 1000;
        if (log->day_us + us + DAY_US / 2 < log->last_us) /* past midnight */
            log->day_us += DAY_US;
        log->last_us = MAX(log->last_us, log->day_us + us);
        return text + 12;
    }
    return NULL;
}

static bool parse_uuid(const char *text, guint8 uuid[16])
{
    guint n_bytes = 0;

    for (guint i = 0; i < UUID_CHARACTERS;) {
        if (i == 8 || i == 13 || i == 18 || i == 23) {
            if (text[i++] != '-')
                return false;
            continue;
        }
        if (!g_ascii_isxdigit(text[i]) || !g_ascii_isxdigit(text[i + 1]))
            return false;
        uuid[15 - n_bytes++] =
            (guint8)(g_ascii_xdigit_value(text[i]) << 4 | g_ascii_xdigit_value(text[i + 1]));
        i += 2;
    }
    return true;
}

/* The handle that stands for the first UUID of the text; 0: it names none, or too many were named before. */
static guint16 find_handle(struct rig_phone_log *log, const char *text)
{
    gsize n_text = strlen(text);
    guint8 uuid[16];
    guint i = 0;

    for (gsize at = 0;; at++) {
        if (at + UUID_CHARACTERS > n_text)
            return 0;
        if (parse_uuid(text + at, uuid))
            break;
    }
    while (i < log->n_uuids && memcmp(log->uuids[i], uuid, 16) != 0)
        i++;
    if (i == MAX_CHARACTERISTICS)
        return 0;
    if (i == log->n_uuids) {
        memcpy(log->uuids[log->n_uuids++], uuid, 16);
        rig_ble_trace_learn(log->trace, RIG_MONITOR_NO_INDEX, CONNECTION, (guint16)(FIRST_HANDLE + i), uuid);
    }
    return (guint16)(FIRST_HANDLE + i);
}

/* Pairs of digits, with or without '-' or blanks between. Returns how many bytes; *whole: the value does not
 * break off in the middle of one, nor goes on in a way that is no value. */
static gsize parse_value(const char *at, guint8 *into, bool *whole)
{
    gsize n_bytes = 0;

    while (n_bytes < MAX_VALUE_BYTES && g_ascii_isxdigit(at[0]) && g_ascii_isxdigit(at[1])) {
        into[n_bytes++] = (guint8)(g_ascii_xdigit_value(at[0]) << 4 | g_ascii_xdigit_value(at[1]));
        at += 2;
        if (*at == '-' || (*at == ' ' && g_ascii_isxdigit(at[1]) && g_ascii_isxdigit(at[2])))
            at++;
    }
    *whole = !g_ascii_isalnum(*at) && (n_bytes == 0 || at[-1] != '-');
    return n_bytes;
}

static const char *find_value(const char *text)
{
    const char *at = strstr(text, "(0x) ");

    if (at)
        return at + 5;
    at = strstr(text, "value: 0x");
    if (at)
        return at + 9;
    at = strstr(text, "value=0x");
    return at ? at + 8 : NULL;
}

/* ATT opcode of a line with a value; 0: none of those that carry one. */
static guint8 opcode_of(const char *text)
{
    g_autofree char *lower = g_ascii_strdown(text, -1);

    if (strstr(lower, "notification") && strstr(lower, "received"))
        return RIG_ATT_NOTIFICATION;
    if (strstr(lower, "indication") && strstr(lower, "received"))
        return RIG_ATT_INDICATION;
    if (strstr(lower, "read response") || (strstr(lower, "read") && strstr(lower, "received")))
        return RIG_ATT_READ_RESPONSE;
    return strstr(lower, "writ") || strstr(lower, "sent") || strstr(lower, "sending") ? RIG_ATT_WRITE_COMMAND
                                                                                      : 0;
}

/* ---- packets ---- */

static void put16(guint8 *at, gsize value)
{
    at[0] = (guint8)value;
    at[1] = (guint8)(value >> 8);
}

/* ACL header, L2CAP header, ATT PDU. */
static void put_att(struct rig_phone_log *log, guint8 opcode, guint16 handle, gsize n_value,
                    struct rig_ble_packet *packet)
{
    gsize n_head = opcode == RIG_ATT_READ_RESPONSE ? 1 : 3;
    guint8 *at = log->packet;

    put16(at, CONNECTION | 2u << 12);
    put16(at + 2, 4 + n_head + n_value);
    put16(at + 4, n_head + n_value);
    put16(at + 6, RIG_L2CAP_CID_ATT);
    at[8] = opcode;
    if (n_head == 3)
        put16(at + 9, handle);
    packet->kind = opcode == RIG_ATT_WRITE_COMMAND ? RIG_BLE_ACL_OUT : RIG_BLE_ACL_IN;
    packet->bytes = at;
    packet->n_bytes = packet->n_original = 8 + n_head + n_value;
}

/* A value that cannot be made out stays the text that it is. */
static bool take_value(struct rig_phone_log *log, const char *text, struct rig_ble_packet *packet)
{
    bool whole = false;
    gsize n_value;
    const char *value = find_value(text);
    guint8 opcode = value ? opcode_of(text) : 0;
    guint16 handle = opcode ? find_handle(log, text) : 0;

    if (!opcode || (!handle && opcode != RIG_ATT_READ_RESPONSE))
        return false;
    n_value = parse_value(value, log->packet + (opcode == RIG_ATT_READ_RESPONSE ? 9 : 11), &whole);
    log->n_values++;
    log->n_unread += !whole;
    if (whole)
        put_att(log, opcode, handle, n_value, packet);
    return whole;
}

/* "Connection state changed with status: 8 and new state: DISCONNECTED (0)": the status is HCI's reason. */
static bool take_disconnection(struct rig_phone_log *log, const char *text, struct rig_ble_packet *packet)
{
    static const guint8 event[] = {RIG_HCI_EVENT_DISCONNECTION_COMPLETE, 4, 0, CONNECTION, 0};
    const char *status = strstr(text, "with status: ");
    guint64 reason = 0;

    if (!status || !strstr(status, "DISCONNECTED"))
        return false;
    reason = g_ascii_strtoull(status + strlen("with status: "), NULL, 10);
    if (reason == 0 || reason > 0x45)
        return false;
    memcpy(log->packet, event, sizeof event);
    log->packet[sizeof event] = (guint8)reason;
    packet->kind = RIG_BLE_EVENT;
    packet->bytes = log->packet;
    packet->n_bytes = packet->n_original = sizeof event + 1;
    return true;
}

static void take_mtu(struct rig_phone_log *log, const char *text)
{
    static const char *const phrases[] = {"MTU changed to: ", "MTU set to: ", "MTU changed to "};

    for (gsize i = 0; i < G_N_ELEMENTS(phrases); i++) {
        const char *at = strstr(text, phrases[i]);
        guint64 mtu = at ? g_ascii_strtoull(at + strlen(phrases[i]), NULL, 10) : 0;

        if (mtu >= 23 && mtu <= 65535)
            rig_ble_trace_agree_mtu(log->trace, RIG_MONITOR_NO_INDEX, CONNECTION, (guint16)mtu);
    }
}

static void to_packet(struct rig_phone_log *log, const char *text, struct rig_ble_packet *packet)
{
    *packet = (struct rig_ble_packet){.controller = RIG_MONITOR_NO_INDEX, .time_us = (guint64)log->last_us};
    if (take_value(log, text, packet) || take_disconnection(log, text, packet))
        return;
    take_mtu(log, text);
    text += strspn(text, " \t]");
    packet->kind = RIG_BLE_STATE;
    packet->bytes = (const guint8 *)text;
    packet->n_bytes = packet->n_original = strcspn(text, "\r");
}

static enum rig_btsnoop_found next(struct rig_phone_log *log, guint64 *line_number,
                                   struct rig_ble_packet *packet, GError **error)
{
    enum rig_btsnoop_found found;
    guint64 n_unread;

    while ((found = read_line(log, error)) == RIG_BTSNOOP_RECORD) {
        const char *text = find_time(log);

        if (!text)
            continue;
        *line_number = log->n_lines;
        n_unread = log->n_unread;
        to_packet(log, text, packet);
        if (log->n_unread == n_unread || !log->ends_here)
            return RIG_BTSNOOP_RECORD;
        log->n_unread = n_unread;
        return RIG_BTSNOOP_CUT;
    }
    return found;
}

enum rig_btsnoop_found rig_phone_log_read(GInputStream *stream, const char *name, struct rig_ble_trace *trace,
                                          rig_phone_log_each each, void *user,
                                          struct rig_phone_log_counts *counts, GError **error)
{
    struct rig_phone_log log = {.stream = stream, .name = name, .trace = trace};
    struct rig_ble_packet packet;
    enum rig_btsnoop_found found;
    guint64 number;

    while ((found = next(&log, &number, &packet, error)) == RIG_BTSNOOP_RECORD)
        each(user, number, &packet);
    *counts = (struct rig_phone_log_counts){.n_values = log.n_values, .n_unread = log.n_unread};
    return found;
}
