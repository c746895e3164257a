/* SPDX-License-Identifier: GPL-3.0-or-later */
/* HCI commands and events, the LE Meta event among them, and what they mean. */
#include "base/bytes.h"
#include "protocol/ble/code_names.h"
#include "protocol/ble/parts.h"

#include <inttypes.h>
#include <string.h>

#define AD_SHORT_NAME 0x08
#define AD_NAME 0x09

static const struct rig_ble_name commands[] = {RIG_HCI_COMMANDS(RIG_BLE_NAME)};
static const struct rig_ble_name events[] = {RIG_HCI_EVENTS(RIG_BLE_NAME)};
static const struct rig_ble_name le_events[] = {RIG_HCI_LE_EVENTS(RIG_BLE_NAME)};

/* --- what a packet means for an update, in one sentence with its remedy. As observed with BlueZ: [obs] lost
 * bond: LE Start Encryption, Encryption Change 0x06, Disconnect 0x05 --- */

static struct rig_line explanation(struct rig_ble_reading *reading)
{
    return rig_line_begin(reading->explanation, sizeof reading->explanation);
}

static void explain_connect(uint8_t status, struct rig_ble_reading *reading)
{
    struct rig_line line = explanation(reading);

    if (status == RIG_HCI_ERROR_NOT_ESTABLISHED)
        rig_line_add(
            &line,
            "the connection was lost before its first packet: a known race; connecting again is the remedy");
    else if (status == RIG_HCI_ERROR_UNKNOWN_CONNECTION || status == RIG_HCI_ERROR_CANCELLED_BY_HOST)
        rig_line_add(&line,
                     "the host gave up connecting: nobody answered in its time, or it was told to stop");
    else if (status == RIG_HCI_ERROR_ADVERTISING_TIMEOUT)
        rig_line_add(&line, "advertising ended without a connection");
}

static void explain_encryption(const struct rig_ble_connection *connection, uint8_t status,
                               struct rig_ble_reading *reading)
{
    struct rig_line line = explanation(reading);

    if (status == RIG_HCI_ERROR_KEY_MISSING && rig_ble_explain_dfu_key(&connection->dfu, &line))
        return;
    if (status == RIG_HCI_ERROR_KEY_MISSING)
        rig_line_add(&line, "bond lost on the board: this side asked for encryption with the stored key and "
                            "the other has none; "
                            "forget the board on this host and pair again");
    else if (status == RIG_HCI_ERROR_MIC_FAILURE ||
             (status == RIG_HCI_ERROR_AUTHENTICATION_FAILURE && connection->encrypting))
        rig_line_add(&line,
                     "both sides have a key but not the same one: forget the bond on both and pair again");
    else if (status == RIG_HCI_ERROR_UNSUPPORTED_REMOTE_FEATURE)
        rig_line_add(&line, "the other side does not support encryption");
    else if (status == RIG_HCI_ERROR_CONNECTION_TIMEOUT ||
             status == RIG_HCI_ERROR_LINK_LAYER_RESPONSE_TIMEOUT)
        rig_line_add(&line, "the other side fell silent while encryption was started");
}

static void add_unanswered(const struct rig_ble_connection *connection, struct rig_line *line)
{
    for (unsigned half = 0; half < 2; half++) {
        const struct rig_ble_half *mine = &connection->halves[half];
        uint64_t waited_us = connection->last_us - mine->request_us;
        const char *name = rig_att_opcode_name(mine->request);

        if (!mine->request || connection->last_us < mine->request_us)
            continue;
        rig_line_add(line, "%s%s", line->used ? "; " : "", name ? name : "a request");
        if (mine->request_handle)
            rig_line_add(line, " on 0x%04x", mine->request_handle);
        rig_line_add(line, " was not answered for %" PRIu64 ".%03u s", waited_us / 1000000,
                     (unsigned)(waited_us / 1000 % 1000));
        if (waited_us >= RIG_BLE_REQUEST_LIMIT_US)
            rig_line_add(line, ", which is over ATT's limit of 30 s");
    }
}

static void add_silence(const struct rig_ble_connection *connection, struct rig_line *line)
{
    if (rig_ble_explain_dfu_end(connection, true, line))
        return;
    if (connection->reset_asked)
        rig_line_add(line, "the board fell silent after it was told to reset, as it must");
    else
        rig_line_add(line, "the other side fell silent: reset, crash, power loss, or out of reach");
}

static void explain_disconnect(const struct rig_ble_connection *connection, uint8_t reason,
                               struct rig_ble_reading *reading)
{
    struct rig_line line = explanation(reading);

    if (reason == RIG_HCI_ERROR_AUTHENTICATION_FAILURE &&
        connection->encryption_status == RIG_HCI_ERROR_KEY_MISSING)
        rig_line_add(&line,
                     "the host hung up because the board lost its bond (encryption failed with 0x06 before)");
    else if (reason == RIG_HCI_ERROR_AUTHENTICATION_FAILURE)
        rig_line_add(&line, "the host hung up because encryption or pairing failed");
    else if (reason == RIG_HCI_ERROR_KEY_MISSING)
        rig_line_add(&line,
                     "bond lost: one side has no key for the other any more; forget it there and pair again");
    else if (reason == RIG_HCI_ERROR_CONNECTION_TIMEOUT ||
             reason == RIG_HCI_ERROR_LINK_LAYER_RESPONSE_TIMEOUT)
        add_silence(connection, &line);
    else if (reason == RIG_HCI_ERROR_MIC_FAILURE)
        rig_line_add(&line, "MIC failure: both sides have a key but not the same one; forget the bond on "
                            "both and pair again");
    else if (reason == RIG_HCI_ERROR_NOT_ESTABLISHED)
        rig_line_add(
            &line,
            "the connection was lost before its first packet: a known race; connecting again is the remedy");
    else if (reason == RIG_HCI_ERROR_REMOTE_USER && connection->reset_asked)
        rig_line_add(&line, "the board closed the connection after it was told to reset");
    else if ((reason == RIG_HCI_ERROR_REMOTE_USER || reason == RIG_HCI_ERROR_LOCAL_HOST) &&
             rig_ble_explain_dfu_end(connection, false, &line))
        return; /* the request without answer is told thereby */
    else if (reason == RIG_HCI_ERROR_REMOTE_USER && connection->pairing_failed)
        rig_line_add(&line, "the board closed the connection after pairing had failed");
    else if (reason == RIG_HCI_ERROR_UNACCEPTABLE_CONNECTION_PARAMETERS)
        rig_line_add(&line, "the board did not accept the connection parameters");
    else if (reason == RIG_HCI_ERROR_UNSUPPORTED_REMOTE_FEATURE)
        rig_line_add(&line, "the other side does not support what was asked for (encryption, PHY)");
    add_unanswered(connection, &line);
}

static void add_parameters(struct rig_line *line, uint16_t interval, uint16_t latency, uint16_t timeout)
{
    unsigned hundredths = interval * 125u;

    rig_line_add(line, ", interval %u.%02u ms, latency %u, supervision time-out %u ms", hundredths / 100,
                 hundredths % 100, latency, timeout * 10u);
}

static const struct rig_ble_name reasons[] = {RIG_HCI_ERRORS(RIG_BLE_NAME)};

/* "supervision time-out"; also statuses of events */
static const char *hci_reason_text(uint8_t code)
{
    return RIG_BLE_FIND(reasons, code);
}

static void add_failure(struct rig_line *line, uint8_t status)
{
    const char *text = hci_reason_text(status);

    rig_line_add(line, ": failed: %s (0x%02x)", text ? text : "status", status);
}

/* The six bytes of a device address, as they are on the wire (least significant first): "C0:FF:EE:..." */
static void line_add_address(struct rig_line *line, const uint8_t address[6])
{
    for (int i = 5; i >= 0; i--)
        rig_line_add(line, "%02X%s", address[i], i ? ":" : "");
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
    explain_connect(status, reading);
    if (status) {
        add_failure(line, status);
        return;
    }
    rig_ble_connected(trace, controller, handle, address);
    rig_line_add(line, ": handle %u, %s ", handle, role ? "from central" : "to peripheral");
    line_add_address(line, address);
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
    line_add_address(line, address);
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

static bool read_le_event(struct rig_ble_trace *trace, uint16_t controller, struct rig_ble_cursor *cursor,
                          struct rig_line *line, struct rig_ble_reading *reading)
{
    uint8_t subevent = rig_ble_take8(cursor);
    const char *name = RIG_BLE_FIND(le_events, subevent);

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

static void add_status(struct rig_line *line, uint8_t status)
{
    const char *text = hci_reason_text(status);

    rig_line_add(line, status ? "%s (0x%02x)" : "%s", text ? text : "status", status);
}

static void add_command(struct rig_line *line, uint16_t opcode)
{
    const char *name = RIG_BLE_FIND(commands, opcode);

    if (name)
        rig_line_add(line, "%s", name);
    else
        rig_line_add(line, "command 0x%04x (OGF 0x%02x, OCF 0x%03x)", opcode, opcode >> 10, opcode & 0x3ff);
}

static void add_peer(struct rig_line *line, uint8_t type, const uint8_t address[6])
{
    rig_line_add(line, " ");
    line_add_address(line, address);
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
    connection->end_reason = reason;
    connection->goes = rig_ble_dfu_goes(connection);
    explain_disconnect(connection, reason, reading);
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
    explain_encryption(connection, status, reading);
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
    const char *name = RIG_BLE_FIND(events, code);

    rig_ble_take8(&cursor); /* length */
    if (cursor.over) {
        rig_line_add(line, "event of %zu bytes: shorter than its header", packet->n_bytes);
        return true;
    }
    if (code == RIG_HCI_EVENT_COMPLETED_PACKETS)
        return false;
    if (code == RIG_HCI_EVENT_LE_META)
        return read_le_event(trace, packet->controller, &cursor, line, reading);
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
