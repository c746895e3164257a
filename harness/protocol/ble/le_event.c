/* SPDX-License-Identifier: GPL-3.0-or-later */
/* LE meta events. */
#include "protocol/ble/parts.h"

#include "base/bytes.h"
#include "protocol/ble/names.h"

#include <string.h>

#define AD_SHORT_NAME 0x08
#define AD_NAME 0x09

static void add_parameters(struct rig_line *line, uint16_t interval, uint16_t latency, uint16_t timeout)
{
    unsigned hundredths = interval * 125u;

    rig_line_add(line, ", interval %u.%02u ms, latency %u, supervision time-out %u ms", hundredths / 100,
                 hundredths % 100, latency, timeout * 10u);
}

static void add_failure(struct rig_line *line, uint8_t status)
{
    const char *text = rig_hci_reason_text(status);

    rig_line_add(line, ": failed: %s (0x%02x)", text ? text : "status", status);
}

static void read_connection(struct rig_ble_trace *trace, uint16_t controller, uint8_t subevent,
                            struct rig_ble_cursor *cursor, struct rig_line *line,
                            struct rig_ble_reading *reading)
{
    uint8_t status = rig_ble_take8(cursor);
    uint16_t handle = rig_ble_take16(cursor) & RIG_ACL_HANDLE_BITS;
    uint8_t role = rig_ble_take8(cursor), type = rig_ble_take8(cursor);
    const uint8_t *address = rig_ble_take(cursor, 6);
    uint16_t interval, latency, timeout;

    if (subevent == RIG_HCI_LE_EVENT_ENHANCED_CONNECTION_COMPLETE)
        rig_ble_take(cursor, 12); /* resolvable private addresses of both */
    interval = rig_ble_take16(cursor);
    latency = rig_ble_take16(cursor);
    timeout = rig_ble_take16(cursor);
    if (cursor->over)
        return;
    rig_ble_explain_connect(status, reading);
    if (status) {
        add_failure(line, status);
        return;
    }
    rig_ble_connected(trace, controller, handle, address);
    rig_line_add(line, ": handle %u, %s ", handle, role ? "from central" : "to peripheral");
    rig_line_add_address(line, address);
    rig_line_add(line, " (%s)", type & 1 ? "random" : "public");
    add_parameters(line, interval, latency, timeout);
}

static void add_advertised_name(struct rig_line *line, const uint8_t *fields, size_t n_bytes)
{
    struct rig_ble_cursor cursor = {fields, n_bytes, false};

    while (cursor.n_left >= 2) {
        size_t n_field = rig_ble_take8(&cursor);
        uint8_t type;

        if (n_field == 0 || n_field > cursor.n_left)
            return;
        type = cursor.at[0];
        if (type == AD_NAME || type == AD_SHORT_NAME) {
            rig_line_add(line, " \"");
            rig_line_add_text(line, cursor.at + 1, n_field - 1, 40);
            rig_line_add(line, "\"");
        }
        cursor.at += n_field;
        cursor.n_left -= n_field;
    }
}

/* The first report of the event; more than one is rare. */
static void read_advertising(uint8_t subevent, struct rig_ble_cursor *cursor, struct rig_line *line)
{
    static const char *const kinds[] = {"connectable", "directed", "scannable", "not connectable",
                                        "scan response"};
    bool extended = subevent == RIG_HCI_LE_EVENT_EXTENDED_ADVERTISING_REPORT;
    unsigned n_reports = rig_ble_take8(cursor);
    unsigned kind = extended ? rig_ble_take16(cursor) : rig_ble_take8(cursor);
    uint8_t type = rig_ble_take8(cursor);
    const uint8_t *address = rig_ble_take(cursor, 6);
    size_t n_fields;

    if (extended)
        rig_ble_take(cursor, 14); /* PHYs, set, power, signal strength, interval, directed address */
    n_fields = rig_ble_take8(cursor);
    if (cursor->over)
        return;
    rig_line_add(line, ": ");
    rig_line_add_address(line, address);
    rig_line_add(line, " (%s)", type & 1 ? "random" : "public");
    if (!extended && kind < sizeof kinds / sizeof *kinds)
        rig_line_add(line, " %s", kinds[kind]);
    else if (extended)
        rig_line_add(line, " %s%s",
                     kind & 8   ? "scan response"
                     : kind & 1 ? "connectable"
                                : "not connectable",
                     kind & 16 ? " legacy" : "");
    add_advertised_name(line, cursor->at, n_fields < cursor->n_left ? n_fields : cursor->n_left);
    if (n_fields > cursor->n_left)
        rig_line_add(line, " (malformed: too short)");
    if (n_reports != 1)
        rig_line_add(line, " (the first of %u reports)", n_reports);
}

static void read_update(uint8_t subevent, struct rig_ble_cursor *cursor, struct rig_line *line)
{
    uint8_t status = subevent == RIG_HCI_LE_EVENT_DATA_LENGTH_CHANGE ? 0 : rig_ble_take8(cursor);
    uint16_t handle = rig_ble_take16(cursor) & RIG_ACL_HANDLE_BITS;
    uint16_t first, second, third;

    rig_line_add(line, " handle %u", handle);
    if (status) {
        add_failure(line, status);
    } else if (subevent == RIG_HCI_LE_EVENT_CONNECTION_UPDATE_COMPLETE) {
        first = rig_ble_take16(cursor);
        second = rig_ble_take16(cursor);
        third = rig_ble_take16(cursor);
        add_parameters(line, first, second, third);
    } else if (subevent == RIG_HCI_LE_EVENT_DATA_LENGTH_CHANGE) {
        first = rig_ble_take16(cursor);
        rig_ble_take16(cursor);
        rig_line_add(line, ", to the air %u bytes, back %u bytes", first, rig_ble_take16(cursor));
    } else if (subevent == RIG_HCI_LE_EVENT_PHY_UPDATE_COMPLETE) {
        first = rig_ble_take8(cursor);
        rig_line_add(line, ", PHY to the air %u, back %u", first, rig_ble_take8(cursor));
    }
}

bool rig_ble_read_le_event(struct rig_ble_trace *trace, uint16_t controller, struct rig_ble_cursor *cursor,
                           struct rig_line *line, struct rig_ble_reading *reading)
{
    uint8_t subevent = rig_ble_take8(cursor);
    const char *name = rig_hci_le_event_name(subevent);

    if (name)
        rig_line_add(line, "%s", name);
    else
        rig_line_add(line, "LE event 0x%02x", subevent);
    if (subevent == RIG_HCI_LE_EVENT_CONNECTION_COMPLETE ||
        subevent == RIG_HCI_LE_EVENT_ENHANCED_CONNECTION_COMPLETE)
        read_connection(trace, controller, subevent, cursor, line, reading);
    else if (subevent == RIG_HCI_LE_EVENT_ADVERTISING_REPORT ||
             subevent == RIG_HCI_LE_EVENT_EXTENDED_ADVERTISING_REPORT)
        read_advertising(subevent, cursor, line);
    else if (subevent == RIG_HCI_LE_EVENT_CONNECTION_UPDATE_COMPLETE ||
             subevent == RIG_HCI_LE_EVENT_READ_REMOTE_FEATURES_COMPLETE ||
             subevent == RIG_HCI_LE_EVENT_DATA_LENGTH_CHANGE ||
             subevent == RIG_HCI_LE_EVENT_PHY_UPDATE_COMPLETE)
        read_update(subevent, cursor, line);
    else if (subevent == RIG_HCI_LE_EVENT_KEY_REQUEST)
        rig_line_add(line, " handle %u", rig_ble_take16(cursor) & RIG_ACL_HANDLE_BITS);
    if (cursor->over)
        rig_line_add(line, " (malformed: too short)");
    return true;
}
