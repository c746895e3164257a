/* SPDX-License-Identifier: GPL-3.0-or-later */
/* HCI commands and events. */
#include "protocol/ble/parts.h"

#include "base/bytes.h"
#include "protocol/ble/names.h"

#include <string.h>

static void add_status(struct rig_line *line, uint8_t status)
{
    const char *text = rig_hci_reason_text(status);

    rig_line_add(line, status ? "%s (0x%02x)" : "%s", text ? text : "status", status);
}

static void add_command(struct rig_line *line, uint16_t opcode)
{
    const char *name = rig_hci_command_name(opcode);

    if (name)
        rig_line_add(line, "%s", name);
    else
        rig_line_add(line, "command 0x%04x (OGF 0x%02x, OCF 0x%03x)", opcode, opcode >> 10, opcode & 0x3ff);
}

static void add_peer(struct rig_line *line, uint8_t type, const uint8_t address[6])
{
    rig_line_add(line, " ");
    rig_line_add_address(line, address);
    rig_line_add(line, " (%s)", type & 1 ? "random" : "public");
}

static void read_create_connection(uint16_t opcode, struct rig_ble_cursor *cursor, struct rig_line *line)
{
    uint8_t filter, type;
    const uint8_t *address;

    if (opcode == RIG_HCI_LE_CREATE_CONNECTION) /* scan interval and window come first */
        rig_ble_take(cursor, 4);
    filter = rig_ble_take8(cursor);
    if (opcode == RIG_HCI_LE_EXTENDED_CREATE_CONNECTION)
        rig_ble_take8(cursor); /* own address type */
    type = rig_ble_take8(cursor);
    address = rig_ble_take(cursor, 6);
    if (cursor->over)
        return;
    if (filter)
        rig_line_add(line, " to whom the accept list names");
    else
        add_peer(line, type, address);
}

void rig_ble_read_command(struct rig_ble_trace *trace, const struct rig_ble_packet *packet,
                          struct rig_line *line, struct rig_ble_reading *reading)
{
    struct rig_ble_cursor cursor = {packet->bytes, packet->n_bytes, false};
    uint16_t opcode = rig_ble_take16(&cursor), handle;

    (void)reading;
    rig_ble_take8(&cursor); /* length */
    if (cursor.over) {
        rig_line_add(line, "command of %zu bytes: shorter than its header", packet->n_bytes);
        return;
    }
    add_command(line, opcode);
    if (opcode == RIG_HCI_LE_CREATE_CONNECTION || opcode == RIG_HCI_LE_EXTENDED_CREATE_CONNECTION) {
        read_create_connection(opcode, &cursor, line);
        return;
    }
    if (opcode != RIG_HCI_DISCONNECT && opcode != RIG_HCI_LE_CONNECTION_UPDATE &&
        !(opcode >= RIG_HCI_LE_START_ENCRYPTION && opcode <= RIG_HCI_LE_KEY_NEGATIVE_REPLY))
        return;
    handle = rig_ble_take16(&cursor) & RIG_ACL_HANDLE_BITS;
    if (cursor.over)
        return;
    rig_line_add(line, " handle %u", handle);
    if (opcode == RIG_HCI_DISCONNECT) {
        rig_line_add(line, ": ");
        add_status(line, rig_ble_take8(&cursor));
    } else if (opcode == RIG_HCI_LE_START_ENCRYPTION) {
        struct rig_ble_connection *connection = rig_ble_connection(trace, packet->controller, handle);

        connection->encrypting = true;
        connection->encryption_status = 0;
    }
}

static void read_disconnection(struct rig_ble_trace *trace, uint16_t controller,
                               struct rig_ble_cursor *cursor, struct rig_line *line,
                               struct rig_ble_reading *reading)
{
    uint8_t status = rig_ble_take8(cursor);
    uint16_t handle = rig_ble_take16(cursor) & RIG_ACL_HANDLE_BITS;
    uint8_t reason = rig_ble_take8(cursor);
    struct rig_ble_connection *connection;

    if (cursor->over)
        return;
    if (status) {
        rig_line_add(line, " handle %u: not done, ", handle);
        add_status(line, status);
        return;
    }
    rig_line_add(line, " handle %u: ", handle);
    add_status(line, reason);
    connection = rig_ble_connection(trace, controller, handle);
    rig_ble_explain_disconnect(connection, reason, reading);
    connection->open = false;
}

static void read_encryption(struct rig_ble_trace *trace, uint16_t controller, struct rig_ble_cursor *cursor,
                            struct rig_line *line, struct rig_ble_reading *reading)
{
    uint8_t status = rig_ble_take8(cursor);
    uint16_t handle = rig_ble_take16(cursor) & RIG_ACL_HANDLE_BITS;
    uint8_t on = rig_ble_take8(cursor);
    struct rig_ble_connection *connection;

    if (cursor->over)
        return;
    connection = rig_ble_connection(trace, controller, handle);
    rig_line_add(line, " handle %u: ", handle);
    if (status)
        add_status(line, status);
    else
        rig_line_add(line, "%s", on ? "encrypted" : "not encrypted");
    rig_ble_explain_encryption(connection, status, reading);
    connection->encryption_status = status;
    connection->encrypting = false;
    connection->encrypted = !status && on;
}

static void read_completion(uint8_t code, struct rig_ble_cursor *cursor, struct rig_line *line)
{
    uint8_t status = 0;
    uint16_t opcode;

    if (code == RIG_HCI_EVENT_COMMAND_STATUS)
        status = rig_ble_take8(cursor);
    rig_ble_take8(cursor); /* how many commands may follow */
    opcode = rig_ble_take16(cursor);
    if (code == RIG_HCI_EVENT_COMMAND_COMPLETE && cursor->n_left)
        status = rig_ble_take8(cursor);
    if (cursor->over)
        return;
    rig_line_add(line, ": ");
    add_command(line, opcode);
    rig_line_add(line, ", ");
    add_status(line, status);
}

bool rig_ble_read_event(struct rig_ble_trace *trace, const struct rig_ble_packet *packet,
                        struct rig_line *line, struct rig_ble_reading *reading)
{
    struct rig_ble_cursor cursor = {packet->bytes, packet->n_bytes, false};
    uint8_t code = rig_ble_take8(&cursor);
    const char *name = rig_hci_event_name(code);

    rig_ble_take8(&cursor); /* length */
    if (cursor.over) {
        rig_line_add(line, "event of %zu bytes: shorter than its header", packet->n_bytes);
        return true;
    }
    if (code == RIG_HCI_EVENT_COMPLETED_PACKETS)
        return false;
    if (code == RIG_HCI_EVENT_LE_META)
        return rig_ble_read_le_event(trace, packet->controller, &cursor, line, reading);
    if (name)
        rig_line_add(line, "%s", name);
    else
        rig_line_add(line, "event 0x%02x", code);
    if (code == RIG_HCI_EVENT_DISCONNECTION_COMPLETE)
        read_disconnection(trace, packet->controller, &cursor, line, reading);
    else if (code == RIG_HCI_EVENT_ENCRYPTION_CHANGE || code == RIG_HCI_EVENT_ENCRYPTION_CHANGE_2)
        read_encryption(trace, packet->controller, &cursor, line, reading);
    else if (code == RIG_HCI_EVENT_KEY_REFRESH_COMPLETE) {
        uint8_t status = rig_ble_take8(&cursor);

        rig_line_add(line, " handle %u: ", rig_ble_take16(&cursor) & RIG_ACL_HANDLE_BITS);
        add_status(line, status);
    } else if (code == RIG_HCI_EVENT_COMMAND_COMPLETE || code == RIG_HCI_EVENT_COMMAND_STATUS)
        read_completion(code, &cursor, line);
    if (cursor.over)
        rig_line_add(line, " (malformed: too short)");
    return true;
}
