/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Framings that several file formats share: HCI behind its H4 type, and what the Linux monitor gives. */
#include "capture/framing.h"

#include "capture/btsnoop.h"
#include "protocol/ble/codes.h"

#include <string.h>

/* H4: the type of the packet is its first byte. */
bool rig_packet_from_h4(struct rig_ble_packet *packet, bool received)
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

bool rig_packet_from_monitor(struct rig_ble_packet *packet, guint32 flags)
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
