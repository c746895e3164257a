/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Records of a file become packets of a trace, and lines. */
#include "capture/reading.h"

#include "base/error.h"
#include "capture/btsnoop.h"
#include "capture/pcap.h"
#include "capture/phone_log.h"
#include "protocol/ble/codes.h"

#include <string.h>

/* H4: the type of the packet is its first byte. */
static bool from_h4(struct rig_ble_packet *packet, bool received)
{
    guint8 type = packet->n_bytes ? packet->bytes[0] : 0;

    if (packet->n_bytes == 0)
        return false;
    packet->bytes++;
    packet->n_bytes--;
    packet->n_original--;
    switch (type) {
    case RIG_H4_COMMAND:
        packet->kind = RIG_BLE_COMMAND;
        return true;
    case RIG_H4_ACL:
        packet->kind = received ? RIG_BLE_ACL_IN : RIG_BLE_ACL_OUT;
        return true;
    case RIG_H4_SCO:
        packet->kind = RIG_BLE_SCO;
        return true;
    case RIG_H4_EVENT:
        packet->kind = RIG_BLE_EVENT;
        return true;
    case RIG_H4_ISO:
        packet->kind = RIG_BLE_ISO;
        return true;
    default:
        return false;
    }
}

static void say(struct rig_ble_packet *packet, const char *text)
{
    packet->kind = RIG_BLE_STATE;
    packet->bytes = (const guint8 *)text;
    packet->n_bytes = packet->n_original = strlen(text);
}

/* priority (1), length of the ident with its NUL (1), ident, text. */
static bool from_note(struct rig_ble_packet *packet)
{
    gsize n_head = packet->n_bytes >= 2 ? 2 + (gsize)packet->bytes[1] : G_MAXSIZE;

    if (n_head > packet->n_bytes)
        return false;
    packet->kind = n_head == 2 + sizeof RIG_BTSNOOP_IDENT &&
                           memcmp(packet->bytes + 2, RIG_BTSNOOP_IDENT, sizeof RIG_BTSNOOP_IDENT) == 0
                       ? RIG_BLE_NOTE
                       : RIG_BLE_LOG;
    packet->bytes += n_head;
    packet->n_bytes = strnlen((const char *)packet->bytes, packet->n_bytes - n_head);
    return true;
}

/* flags: adapter << 16 | enum rig_monitor_opcode. false: nothing about the air. */
static bool from_monitor(struct rig_ble_packet *packet, guint32 flags)
{
    packet->controller = (guint16)(flags >> 16);
    switch (flags & 0xffff) {
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
        packet->n_bytes = strnlen((const char *)packet->bytes, packet->n_bytes);
        return true;
    case RIG_MONITOR_USER_LOGGING:
        return from_note(packet);
    default: /* control sockets, vendor diagnostics: nothing about the air */
        return false;
    }
}

enum {
    LINK_H4 = 187,
    LINK_H4_WITH_DIRECTION = 201,
    LINK_LINUX_MONITOR = 254,
};

static const struct {
    guint32 type;
    const char *name;
} names[] = {
    {0, "loopback (0)"},
    {1, "Ethernet (1)"},
    {105, "Wi-Fi (105)"},
    {113, "Linux cooked capture (113)"},
    {127, "Wi-Fi with radio header (127)"},
    {189, "USB of Linux (189)"},
    {195, "IEEE 802.15.4 (195)"},
    {220, "USB of Linux (220)"},
    {249, "USB of Windows (249)"},
    {251, "Bluetooth LE air packets of a sniffer (251)"},
    {255, "Bluetooth BR/EDR air packets of a sniffer (255)"},
    {256, "Bluetooth LE air packets of a sniffer (256)"},
    {272, "Bluetooth LE air packets of the nRF sniffer (272)"},
    {276, "Linux cooked capture (276)"},
};

/* A record's link type as a person knows it: "Ethernet (1)", "link type 999". Static storage for the known,
 * else written into text. */
static const char *link_name(guint32 link_type, char *text, gsize room)
{
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        if (names[i].type == link_type)
            return names[i].name;
    }
    g_snprintf(text, room, "link type %u", link_type);
    return text;
}

static guint32 take32(struct rig_ble_packet *packet)
{
    guint32 value;

    memcpy(&value, packet->bytes, sizeof value);
    packet->bytes += sizeof value;
    packet->n_bytes -= sizeof value;
    packet->n_original -= MIN(packet->n_original, sizeof value);
    return GUINT32_FROM_BE(value);
}

/* Without a direction: the host begins an L2CAP PDU with boundary flag 0 (an LE controller takes no other),
 * the controller with 2 [SPEC Core 5.4 vol 4 part E 5.4.2]; pieces that follow go the same way as the one
 * before. */
static bool guess_in(const struct rig_ble_packet *packet, bool last_in)
{
    guint8 boundary = packet->n_bytes > 2 ? packet->bytes[2] >> 4 & 3 : 0;

    return boundary == 1 ? last_in : boundary == 2;
}

/* HCI with or without direction, Linux monitor. */
static bool reads_link_type(guint32 link_type)
{
    return link_type == LINK_H4 || link_type == LINK_H4_WITH_DIRECTION || link_type == LINK_LINUX_MONITOR;
}

/* Its records are not only packets: what says nothing about the air is passed over. */
static bool is_monitor(guint32 link_type)
{
    return link_type == LINK_LINUX_MONITOR;
}

/* The record as a packet of a trace. false: not of a link type that is read, or shorter than its own header.
 * last_in: the direction of the last ACL packet, kept by the caller; HCI without direction tells it only for
 * first pieces. */
static bool pcap_to_packet(const struct rig_pcap_record *record, bool *last_in, struct rig_ble_packet *packet)
{
    guint32 word;

    *packet = (struct rig_ble_packet){
        .controller = RIG_MONITOR_NO_INDEX,
        .time_us = (guint64)record->unix_us,
        .bytes = record->bytes,
        .n_bytes = record->n_bytes,
        .n_original = record->n_original,
    };
    if (record->link_type == LINK_H4) {
        *last_in = guess_in(packet, *last_in);
        return from_h4(packet, *last_in);
    }
    if ((record->link_type != LINK_H4_WITH_DIRECTION && record->link_type != LINK_LINUX_MONITOR) ||
        packet->n_bytes < 4)
        return false;
    word = take32(packet);
    return record->link_type == LINK_LINUX_MONITOR ? from_monitor(packet, word) : from_h4(packet, word & 1);
}

#define BUFFER_BYTES 65536u

struct reading {
    struct rig_ble_trace *trace;
    guint layers;
    rig_capture_line_cb each;
    void *user;
    struct rig_capture_totals *totals;
    bool last_in; /* of a pcap file: where the last piece went */
};

static bool from_hci(struct rig_ble_packet *packet, guint32 flags)
{
    static const enum rig_ble_kind kinds[] = {RIG_BLE_ACL_OUT, RIG_BLE_ACL_IN, RIG_BLE_COMMAND,
                                              RIG_BLE_EVENT};

    packet->kind = kinds[flags & 3];
    return true;
}

static bool btsnoop_to_packet(enum rig_btsnoop_type type, const struct rig_btsnoop_record *record,
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
        return from_h4(packet, record->flags & 1);
    return type == RIG_BTSNOOP_HCI ? from_hci(packet, record->flags) : from_monitor(packet, record->flags);
}

static void count(struct reading *reading, gint64 unix_us)
{
    reading->totals->n_records++;
    if (reading->totals->n_records == 1)
        reading->totals->first_us = unix_us;
    reading->totals->last_us = unix_us;
}

static void take(struct reading *reading, guint64 number, const struct rig_ble_packet *packet)
{
    struct rig_ble_reading read;
    struct rig_capture_line line;

    if (!rig_ble_trace_take(reading->trace, packet, &read))
        return;
    if (read.layer != RIG_BLE_MARK && !(reading->layers & 1u << read.layer))
        return;
    line = (struct rig_capture_line){
        .number = number,
        .unix_us = (gint64)packet->time_us,
        .controller = packet->controller,
        .layer = read.layer,
        .direction = read.direction,
        .text = read.text,
        .explanation = read.explanation[0] ? read.explanation : NULL,
    };
    reading->totals->n_lines++;
    reading->totals->n_explained += line.explanation != NULL;
    reading->each(reading->user, &line);
}

static bool ended(struct reading *reading, enum rig_btsnoop_found found)
{
    reading->totals->cut = found == RIG_BTSNOOP_CUT;
    return found != RIG_BTSNOOP_BROKEN;
}

static void take_btsnoop(void *user, enum rig_btsnoop_type type, const struct rig_btsnoop_record *record)
{
    struct reading *reading = user;
    struct rig_ble_packet packet;

    count(reading, record->unix_us);
    reading->totals->n_drops = MAX(reading->totals->n_drops, record->n_drops);
    if (btsnoop_to_packet(type, record, &packet))
        take(reading, record->number, &packet);
    else if (type != RIG_BTSNOOP_MONITOR)
        reading->totals->n_unread++;
}

static bool read_btsnoop(GInputStream *stream, const char *name, struct reading *reading, GError **error)
{
    return ended(reading, rig_btsnoop_read(stream, name, take_btsnoop, reading, error));
}

static void leave_out(struct rig_capture_totals *totals, guint32 link_type)
{
    char text[sizeof totals->left_out];

    if (totals->n_left_out++ == 0)
        g_strlcpy(totals->left_out, link_name(link_type, text, sizeof text), sizeof totals->left_out);
}

static void take_pcap(void *user, const struct rig_pcap_record *record)
{
    struct reading *reading = user;
    struct rig_ble_packet packet;

    count(reading, record->unix_us);
    if (!reads_link_type(record->link_type))
        leave_out(reading->totals, record->link_type);
    else if (pcap_to_packet(record, &reading->last_in, &packet))
        take(reading, record->number, &packet);
    else if (!is_monitor(record->link_type))
        reading->totals->n_unread++;
}

static bool read_pcap(GInputStream *stream, const char *name, struct reading *reading, GError **error)
{
    const struct rig_capture_totals *totals = reading->totals;
    enum rig_btsnoop_found found = rig_pcap_read(stream, name, take_pcap, reading, error);

    if (found != RIG_BTSNOOP_BROKEN && totals->n_left_out && totals->n_left_out == totals->n_records) {
        g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT,
                    "capture %s holds %s, which is not read here: capture on the host side (HCI: btmon -w, "
                    "Wireshark's "
                    "bluetooth0, an Android HCI snoop log)",
                    name, totals->left_out);
        return false;
    }
    return ended(reading, found);
}

/* Every line that has a time counts as a record. */
static void take_phone_log(void *user, guint64 number, const struct rig_ble_packet *packet)
{
    struct reading *reading = user;

    count(reading, (gint64)packet->time_us);
    take(reading, number, packet);
}

static bool read_phone_log(GInputStream *stream, const char *name, struct reading *reading, GError **error)
{
    struct rig_phone_log_counts counts;
    enum rig_btsnoop_found found =
        rig_phone_log_read(stream, name, reading->trace, take_phone_log, reading, &counts, error);

    reading->totals->n_unread = counts.n_unread;
    if (found == RIG_BTSNOOP_END && counts.n_values == 0) {
        g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT,
                    "%s is no capture: it is neither btsnoop (of bootrig, btmon -w, a phone's Bluetooth HCI "
                    "snoop log), "
                    "nor pcap or pcapng, nor a text log of nRF Connect with values \"(0x) 01-02\"",
                    name);
        return false;
    }
    return ended(reading, found);
}

/* By how the file begins. */
static bool read_by_kind(GBufferedInputStream *stream, const char *name, struct reading *reading,
                         GError **error)
{
    const guint8 *begin;
    gsize n_begin;

    if (g_buffered_input_stream_fill(stream, -1, NULL, error) < 0) {
        g_prefix_error(error, "capture %s: ", name);
        return false;
    }
    begin = g_buffered_input_stream_peek_buffer(stream, &n_begin);
    if (n_begin >= 4 && rig_pcap_looks_like(begin))
        return read_pcap(G_INPUT_STREAM(stream), name, reading, error);
    if (rig_phone_log_looks_like(begin, n_begin))
        return read_phone_log(G_INPUT_STREAM(stream), name, reading, error);
    return read_btsnoop(G_INPUT_STREAM(stream), name, reading, error);
}

bool rig_capture_read_stream(GInputStream *stream, const char *name, guint layers, rig_capture_line_cb each,
                             void *user, struct rig_capture_totals *totals, GError **error)
{
    g_autoptr(GInputStream) buffered = g_buffered_input_stream_new_sized(stream, BUFFER_BYTES);
    struct reading reading = {
        .trace = rig_ble_trace_new(), .layers = layers, .each = each, .user = user, .totals = totals};
    bool ok;

    *totals = (struct rig_capture_totals){0};
    if (!reading.trace) {
        g_set_error_literal(error, RIG_ERROR, RIG_ERROR_IO, "no memory to decode a capture");
        return false;
    }
    ok = read_by_kind(G_BUFFERED_INPUT_STREAM(buffered), name, &reading, error);
    rig_ble_trace_free(reading.trace);
    return ok;
}

bool rig_capture_read(const char *path, guint layers, rig_capture_line_cb each, void *user,
                      struct rig_capture_totals *totals, GError **error)
{
    g_autoptr(GFile) place = g_file_new_for_path(path);
    g_autoptr(GFileInputStream) stream = g_file_read(place, NULL, NULL);

    *totals = (struct rig_capture_totals){0};
    if (!stream) {
        g_set_error(error, RIG_ERROR, RIG_ERROR_IO, "capture %s cannot be read; is it there?", path);
        return false;
    }
    return rig_capture_read_stream(G_INPUT_STREAM(stream), path, layers, each, user, totals, error);
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
