/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Link types of pcap files: what a record is. [SPEC tcpdump.org/linktypes.html] */
#include "capture/framing.h"
#include "capture/pcap.h"

#include <string.h>

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

const char *rig_pcap_link_name(guint32 link_type, char *text, gsize room)
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

bool rig_pcap_reads(guint32 link_type)
{
    return link_type == LINK_H4 || link_type == LINK_H4_WITH_DIRECTION || link_type == LINK_LINUX_MONITOR;
}

bool rig_pcap_is_monitor(guint32 link_type)
{
    return link_type == LINK_LINUX_MONITOR;
}

bool rig_pcap_to_packet(const struct rig_pcap_record *record, bool *last_in, struct rig_ble_packet *packet)
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
        return rig_packet_from_h4(packet, *last_in);
    }
    if ((record->link_type != LINK_H4_WITH_DIRECTION && record->link_type != LINK_LINUX_MONITOR) ||
        packet->n_bytes < 4)
        return false;
    word = take32(packet);
    return record->link_type == LINK_LINUX_MONITOR ? rig_packet_from_monitor(packet, word)
                                                   : rig_packet_from_h4(packet, word & 1);
}
