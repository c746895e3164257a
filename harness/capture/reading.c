/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Records of a file become packets of a trace, and lines. */
#include "capture/reading.h"

#include "base/error.h"

#include <string.h>

struct reading {
    struct rig_ble_trace *trace;
    enum rig_btsnoop_type type;
    guint layers;
    rig_capture_line_cb each;
    void *user;
    struct rig_capture_totals *totals;
};

/* H4: the type of the packet is its first byte. */
static bool from_uart(const struct rig_btsnoop_record *record, struct rig_ble_packet *packet)
{
    bool received = record->flags & 1;

    if (record->n_bytes == 0)
        return false;
    packet->bytes++;
    packet->n_bytes--;
    packet->n_original--;
    switch (record->bytes[0]) {
    case 1:
        packet->kind = RIG_BLE_COMMAND;
        return true;
    case 2:
        packet->kind = received ? RIG_BLE_ACL_IN : RIG_BLE_ACL_OUT;
        return true;
    case 3:
        packet->kind = RIG_BLE_SCO;
        return true;
    case 4:
        packet->kind = RIG_BLE_EVENT;
        return true;
    case 5:
        packet->kind = RIG_BLE_ISO;
        return true;
    default:
        return false;
    }
}

static bool from_hci(const struct rig_btsnoop_record *record, struct rig_ble_packet *packet)
{
    static const enum rig_ble_kind kinds[] = {RIG_BLE_ACL_OUT, RIG_BLE_ACL_IN, RIG_BLE_COMMAND,
                                              RIG_BLE_EVENT};

    packet->kind = kinds[record->flags & 3];
    return true;
}

static void say(struct rig_ble_packet *packet, const char *text)
{
    packet->kind = RIG_BLE_STATE;
    packet->bytes = (const guint8 *)text;
    packet->n_bytes = packet->n_original = strlen(text);
}

/* priority (1), length of the ident with its NUL (1), ident, text. */
static bool from_note(const struct rig_btsnoop_record *record, struct rig_ble_packet *packet)
{
    gsize n_head = record->n_bytes >= 2 ? 2 + (gsize)record->bytes[1] : G_MAXSIZE;

    if (n_head > record->n_bytes)
        return false;
    packet->kind = n_head == 2 + sizeof RIG_BTSNOOP_IDENT &&
                           memcmp(record->bytes + 2, RIG_BTSNOOP_IDENT, sizeof RIG_BTSNOOP_IDENT) == 0
                       ? RIG_BLE_NOTE
                       : RIG_BLE_LOG;
    packet->bytes = record->bytes + n_head;
    packet->n_bytes = strnlen((const char *)packet->bytes, record->n_bytes - n_head);
    return true;
}

static bool from_monitor(const struct rig_btsnoop_record *record, struct rig_ble_packet *packet)
{
    packet->controller = (guint16)(record->flags >> 16);
    switch (record->flags & 0xffff) {
    case RIG_MONITOR_NEW_INDEX:
        say(packet, "adapter appears");
        return true;
    case RIG_MONITOR_DELETE_INDEX:
        say(packet, "adapter is gone");
        return true;
    case RIG_MONITOR_OPEN_INDEX:
        say(packet, "adapter is opened");
        return true;
    case RIG_MONITOR_CLOSE_INDEX:
        say(packet, "adapter is closed");
        return true;
    case RIG_MONITOR_COMMAND:
        packet->kind = RIG_BLE_COMMAND;
        return true;
    case RIG_MONITOR_EVENT:
        packet->kind = RIG_BLE_EVENT;
        return true;
    case RIG_MONITOR_ACL_OUT:
        packet->kind = RIG_BLE_ACL_OUT;
        return true;
    case RIG_MONITOR_ACL_IN:
        packet->kind = RIG_BLE_ACL_IN;
        return true;
    case RIG_MONITOR_SCO_OUT:
    case RIG_MONITOR_SCO_IN:
        packet->kind = RIG_BLE_SCO;
        return true;
    case RIG_MONITOR_ISO_OUT:
    case RIG_MONITOR_ISO_IN:
        packet->kind = RIG_BLE_ISO;
        return true;
    case RIG_MONITOR_SYSTEM_NOTE:
        packet->kind = RIG_BLE_STATE;
        packet->n_bytes = strnlen((const char *)record->bytes, record->n_bytes);
        return true;
    case RIG_MONITOR_USER_LOGGING:
        return from_note(record, packet);
    default: /* control sockets, vendor diagnostics: nothing about the air */
        return false;
    }
}

static bool to_packet(enum rig_btsnoop_type type, const struct rig_btsnoop_record *record,
                      struct rig_ble_packet *packet)
{
    *packet = (struct rig_ble_packet){
        .controller = RIG_MONITOR_NO_INDEX,
        .time_us = (guint64)record->unix_us,
        .bytes = record->bytes,
        .n_bytes = record->n_bytes,
        .n_original = record->n_original,
    };
    if (type == RIG_BTSNOOP_UART)
        return from_uart(record, packet);
    return type == RIG_BTSNOOP_HCI ? from_hci(record, packet) : from_monitor(record, packet);
}

static void take(struct reading *reading, const struct rig_btsnoop_record *record)
{
    struct rig_ble_packet packet;
    struct rig_ble_reading read;
    struct rig_capture_line line;

    reading->totals->n_records++;
    reading->totals->n_drops = MAX(reading->totals->n_drops, record->n_drops);
    if (reading->totals->n_records == 1)
        reading->totals->first_us = record->unix_us;
    reading->totals->last_us = record->unix_us;
    if (!to_packet(reading->type, record, &packet) || !rig_ble_trace_take(reading->trace, &packet, &read))
        return;
    if (read.layer != RIG_BLE_MARK && !(reading->layers & 1u << read.layer))
        return;
    line = (struct rig_capture_line){
        .number = record->number,
        .unix_us = record->unix_us,
        .controller = packet.controller,
        .layer = read.layer,
        .direction = read.direction,
        .text = read.text,
        .explanation = read.explanation[0] ? read.explanation : NULL,
    };
    reading->totals->n_lines++;
    reading->totals->n_explained += line.explanation != NULL;
    reading->each(reading->user, &line);
}

static bool read_all(struct rig_btsnoop *file, struct reading *reading, GError **error)
{
    struct rig_btsnoop_record record;
    enum rig_btsnoop_found found;

    while ((found = rig_btsnoop_next(file, &record, error)) == RIG_BTSNOOP_RECORD)
        take(reading, &record);
    reading->totals->cut = found == RIG_BTSNOOP_CUT;
    return found != RIG_BTSNOOP_BROKEN;
}

static bool read_file(struct rig_btsnoop *file, guint layers, rig_capture_line_cb each, void *user,
                      struct rig_capture_totals *totals, GError **error)
{
    struct reading reading = {
        .trace = rig_ble_trace_new(),
        .type = rig_btsnoop_type(file),
        .layers = layers,
        .each = each,
        .user = user,
        .totals = totals,
    };
    bool ok;

    if (!reading.trace) {
        g_set_error_literal(error, RIG_ERROR, RIG_ERROR_IO, "no memory to decode a capture");
        return false;
    }
    ok = read_all(file, &reading, error);
    rig_ble_trace_free(reading.trace);
    return ok;
}

bool rig_capture_read_stream(GInputStream *stream, const char *name, guint layers, rig_capture_line_cb each,
                             void *user, struct rig_capture_totals *totals, GError **error)
{
    g_autoptr(rig_btsnoop) file = rig_btsnoop_open_stream(stream, name, error);

    *totals = (struct rig_capture_totals){0};
    return file && read_file(file, layers, each, user, totals, error);
}

bool rig_capture_read(const char *path, guint layers, rig_capture_line_cb each, void *user,
                      struct rig_capture_totals *totals, GError **error)
{
    g_autoptr(rig_btsnoop) file = rig_btsnoop_open(path, error);

    *totals = (struct rig_capture_totals){0};
    return file && read_file(file, layers, each, user, totals, error);
}

void rig_capture_append(GString *out, const struct rig_capture_line *line, gint64 begin_us)
{
    /* Times of a hostile file may be anything. */
    gint64 since_us = (gint64)((guint64)line->unix_us - (guint64)begin_us);
    guint64 far_us = since_us < 0 ? (guint64)0 - (guint64)since_us : (guint64)since_us;
    char adapter[12] = "";

    if (line->controller != RIG_MONITOR_NO_INDEX)
        g_snprintf(adapter, sizeof adapter, "hci%u", line->controller);
    g_string_append_printf(out, "%6" G_GUINT64_FORMAT " %s%5" G_GUINT64_FORMAT ".%06u %-5s%c %-5s  %s\n",
                           line->number, since_us < 0 ? "-" : " ", far_us / 1000000,
                           (guint)(far_us % 1000000), adapter, line->direction,
                           rig_ble_layer_name(line->layer), line->text);
    if (line->explanation)
        g_string_append_printf(out, "%*s^ %s\n", 36, "", line->explanation);
}
