/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Records of a file become packets of a trace, and lines. */
#include "capture/reading.h"

#include "base/error.h"
#include "capture/btsnoop.h"
#include "capture/framing.h"
#include "capture/pcap.h"
#include "capture/phone_log.h"

#include <string.h>

#define BUFFER_BYTES 65536u

struct reading {
    struct rig_ble_trace *trace;
    guint layers;
    rig_capture_line_cb each;
    void *user;
    struct rig_capture_totals *totals;
};

static bool from_hci(struct rig_ble_packet *packet, guint32 flags)
{
    static const enum rig_ble_kind kinds[] = {RIG_BLE_ACL_OUT, RIG_BLE_ACL_IN, RIG_BLE_COMMAND,
                                              RIG_BLE_EVENT};

    packet->kind = kinds[flags & 3];
    return true;
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
        return rig_packet_from_h4(packet, record->flags & 1);
    return type == RIG_BTSNOOP_HCI ? from_hci(packet, record->flags)
                                   : rig_packet_from_monitor(packet, record->flags);
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

static bool read_btsnoop(GInputStream *stream, const char *name, struct reading *reading, GError **error)
{
    g_autoptr(rig_btsnoop) file = rig_btsnoop_open_stream(stream, name, error);
    struct rig_btsnoop_record record;
    enum rig_btsnoop_found found;
    struct rig_ble_packet packet;

    if (!file)
        return false;
    while ((found = rig_btsnoop_next(file, &record, error)) == RIG_BTSNOOP_RECORD) {
        count(reading, record.unix_us);
        reading->totals->n_drops = MAX(reading->totals->n_drops, record.n_drops);
        if (to_packet(rig_btsnoop_type(file), &record, &packet))
            take(reading, record.number, &packet);
        else if (rig_btsnoop_type(file) != RIG_BTSNOOP_MONITOR)
            reading->totals->n_unread++;
    }
    return ended(reading, found);
}

static void leave_out(struct rig_capture_totals *totals, guint32 link_type)
{
    char text[sizeof totals->left_out];

    if (totals->n_left_out++ == 0)
        g_strlcpy(totals->left_out, rig_pcap_link_name(link_type, text, sizeof text),
                  sizeof totals->left_out);
}

static bool read_pcap(GInputStream *stream, const char *name, struct reading *reading, GError **error)
{
    g_autoptr(rig_pcap) file = rig_pcap_open_stream(stream, name, error);
    struct rig_capture_totals *totals = reading->totals;
    struct rig_pcap_record record;
    struct rig_ble_packet packet;
    enum rig_btsnoop_found found;
    bool last_in = false;

    if (!file)
        return false;
    while ((found = rig_pcap_next(file, &record, error)) == RIG_BTSNOOP_RECORD) {
        count(reading, record.unix_us);
        if (!rig_pcap_reads(record.link_type))
            leave_out(totals, record.link_type);
        else if (rig_pcap_to_packet(&record, &last_in, &packet))
            take(reading, record.number, &packet);
        else if (!rig_pcap_is_monitor(record.link_type))
            totals->n_unread++;
    }
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
static bool read_phone_log(GInputStream *stream, const char *name, struct reading *reading, GError **error)
{
    g_autoptr(rig_phone_log) log = rig_phone_log_open_stream(stream, name, reading->trace);
    struct rig_ble_packet packet;
    enum rig_btsnoop_found found;
    guint64 number;

    while ((found = rig_phone_log_next(log, &number, &packet, error)) == RIG_BTSNOOP_RECORD) {
        count(reading, (gint64)packet.time_us);
        take(reading, number, &packet);
    }
    reading->totals->n_unread = rig_phone_log_n_unread(log);
    if (found == RIG_BTSNOOP_END && rig_phone_log_n_values(log) == 0) {
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
