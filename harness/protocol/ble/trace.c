/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Packet in, line out: chooses the layer, puts L2CAP together; tells its signalling and the Security Manager,
 * whose keys are never shown. */
#include "protocol/ble/parts.h"

#include "base/bytes.h"
#include "protocol/ble/code_names.h"

#include <string.h>

static const struct rig_ble_name codes[] = {RIG_SM_CODES(RIG_BLE_NAME)};
static const struct rig_ble_name signals[] = {RIG_L2CAP_SIGNALS(RIG_BLE_NAME)};

static void explain_pairing_failed(const struct rig_ble_connection *connection, unsigned half, uint8_t reason,
                                   struct rig_ble_reading *reading)
{
    struct rig_line line = rig_line_begin(reading->explanation, sizeof reading->explanation);
    const char *who = half ? "the board" : "this host";

    if (reason == RIG_SM_REASON_NOT_SUPPORTED && half && rig_ble_explain_dfu_pairing(&connection->dfu, &line))
        return;
    if (reason == RIG_SM_REASON_NOT_SUPPORTED)
        rig_line_add(
            &line,
            "%s refuses to pair: pairing is not open, or it keeps an old bond that must be erased there",
            who);
    else if (reason == RIG_SM_REASON_AUTHENTICATION_REQUIREMENTS)
        rig_line_add(&line, "%s asks for more security than the other offers (passkey, Secure Connections)",
                     who);
    else if (reason == RIG_SM_REASON_CONFIRM_FAILED || reason == RIG_SM_REASON_CHECK_FAILED ||
             reason == RIG_SM_REASON_COMPARISON_FAILED)
        rig_line_add(&line, "the check values differ: a wrong passkey, or someone in between");
    else if (reason == RIG_SM_REASON_REPEATED_ATTEMPTS)
        rig_line_add(&line, "%s waits after failed attempts; try again later", who);
}

static void read_pairing(struct rig_ble_cursor *pdu, struct rig_line *line)
{
    static const char *const abilities[] = {"display", "display and yes/no", "keyboard",
                                            "no input, no output", "keyboard and display"};
    uint8_t ability = rig_ble_take8(pdu), out_of_band = rig_ble_take8(pdu), wants = rig_ble_take8(pdu);
    uint8_t n_key = rig_ble_take8(pdu), given = rig_ble_take8(pdu), taken = rig_ble_take8(pdu);

    if (pdu->over)
        return;
    rig_line_add(line, ": %s%s%s%s%s, key of %u bytes, keys given 0x%02x, taken 0x%02x",
                 ability < sizeof abilities / sizeof *abilities ? abilities[ability] : "unknown abilities",
                 wants & 3 ? ", bonding" : ", no bonding", wants & 4 ? ", MITM" : "",
                 wants & 8 ? ", Secure Connections" : ", legacy", out_of_band ? ", out-of-band" : "", n_key,
                 given, taken);
}

static void ble_read_sm(struct rig_ble_connection *connection, unsigned half, struct rig_ble_cursor pdu,
                        struct rig_line *line, struct rig_ble_reading *reading)
{
    uint8_t code = rig_ble_take8(&pdu), reason;
    const char *name = RIG_BLE_FIND(codes, code);

    if (pdu.over) {
        rig_line_add(line, "empty PDU");
        return;
    }
    if (name)
        rig_line_add(line, "%s", name);
    else
        rig_line_add(line, "unknown PDU 0x%02x", code);
    if (code == RIG_SM_REQUEST || code == RIG_SM_RESPONSE) {
        read_pairing(&pdu, line);
    } else if (code == RIG_SM_FAILED) {
        reason = rig_ble_take8(&pdu);
        name = rig_sm_reason_text(reason);
        rig_line_add(line, ": %s (0x%02x)", name ? name : "reason", reason);
        connection->pairing_failed = reason;
        explain_pairing_failed(connection, half, reason, reading);
    } else if (code == RIG_SM_SECURITY_REQUEST) {
        uint8_t wants = rig_ble_take8(&pdu);

        rig_line_add(line, ":%s%s%s", wants & 3 ? " bonding" : " no bonding", wants & 4 ? ", MITM" : "",
                     wants & 8 ? ", Secure Connections" : "");
    }
    if (pdu.over)
        rig_line_add(line, " (malformed: too short)");
}

static void read_update_request(struct rig_ble_cursor *pdu, struct rig_line *line)
{
    unsigned least = rig_ble_take16(pdu) * 125u, most = rig_ble_take16(pdu) * 125u;
    unsigned latency = rig_ble_take16(pdu), timeout = rig_ble_take16(pdu) * 10u;

    rig_line_add(line, ": interval %u.%02u to %u.%02u ms, latency %u, supervision time-out %u ms",
                 least / 100, least % 100, most / 100, most % 100, latency, timeout);
}

static void ble_read_signal(struct rig_ble_cursor pdu, struct rig_line *line)
{
    uint8_t code = rig_ble_take8(&pdu);
    const char *name = RIG_BLE_FIND(signals, code);

    if (pdu.over) {
        rig_line_add(line, "signalling: empty PDU");
        return;
    }
    if (name)
        rig_line_add(line, "%s", name);
    else
        rig_line_add(line, "signalling 0x%02x", code);
    rig_ble_take(&pdu, 3); /* identifier, length */
    if (code == RIG_L2CAP_CONNECTION_PARAMETER_UPDATE_REQUEST)
        read_update_request(&pdu, line);
    else if (code == RIG_L2CAP_CONNECTION_PARAMETER_UPDATE_RESPONSE)
        rig_line_add(line, ": %s", rig_ble_take16(&pdu) ? "rejected" : "accepted");
    if (pdu.over)
        rig_line_add(line, " (malformed: too short)");
}

const char *rig_ble_layer_name(enum rig_ble_layer layer)
{
    static const char *const names[RIG_BLE_N_LAYERS] = {"hci", "l2cap", "sm",   "att",
                                                        "smp", "dfu",   "mark", "log"};

    return names[layer];
}

static void read_pdu(struct rig_ble_connection *connection, unsigned half, uint64_t now_us,
                     struct rig_ble_cursor pdu, struct rig_line *line, struct rig_ble_reading *reading)
{
    uint16_t n_bytes = rig_ble_take16(&pdu);
    uint16_t cid = rig_ble_take16(&pdu);

    if (cid == RIG_L2CAP_CID_ATT) {
        reading->layer = RIG_BLE_ATT;
        rig_ble_read_att(connection, half, now_us, pdu, line, reading);
    } else if (cid == RIG_L2CAP_CID_SM || cid == RIG_L2CAP_CID_BREDR_SM) {
        reading->layer = RIG_BLE_SM;
        ble_read_sm(connection, half, pdu, line, reading);
    } else if (cid == RIG_L2CAP_CID_BREDR_SIGNALS || cid == RIG_L2CAP_CID_SIGNALS) {
        reading->layer = RIG_BLE_L2CAP;
        ble_read_signal(pdu, line);
    } else {
        reading->layer = RIG_BLE_L2CAP;
        rig_line_add(line,
                     "%s 0x%04x, %u bytes: ", cid < RIG_L2CAP_CID_FIRST_DYNAMIC ? "fixed channel" : "channel",
                     cid, n_bytes);
        rig_line_add_hex(line, pdu.at, pdu.n_left, 12);
    }
}

/* A piece that the capture cut short cannot be put together with others: the PDU is told as far as it goes.
 */
static bool read_acl(struct rig_ble_trace *trace, const struct rig_ble_packet *packet, struct rig_line *line,
                     struct rig_ble_reading *reading)
{
    unsigned half = packet->kind == RIG_BLE_ACL_IN;
    struct rig_ble_cursor cursor = {packet->bytes, packet->n_bytes, false};
    uint16_t word = rig_ble_take16(&cursor), n_claimed = rig_ble_take16(&cursor);
    struct rig_ble_connection *connection;
    struct rig_ble_pieces *pdu;

    reading->layer = RIG_BLE_L2CAP;
    if (cursor.over) {
        rig_line_add(line, "ACL packet of %zu bytes: shorter than its header", packet->n_bytes);
        return true;
    }
    connection = rig_ble_connection(trace, packet->controller, word & RIG_ACL_HANDLE_BITS);
    pdu = &connection->halves[half].pdu;
    if ((word >> RIG_ACL_BOUNDARY_SHIFT & RIG_ACL_BOUNDARY_BITS) == RIG_ACL_CONTINUATION) {
        if (!pdu->bytes) {
            rig_line_add(line, "piece of a PDU whose begin is not in the capture, %zu bytes", cursor.n_left);
            return true;
        }
    } else {
        if (cursor.n_left < RIG_L2CAP_HEADER_BYTES) {
            rig_line_add(line, "ACL packet of %zu bytes: shorter than an L2CAP header", cursor.n_left);
            return true;
        }
        if (!rig_ble_pieces_begin(pdu, (size_t)rig_get_le16(cursor.at) + RIG_L2CAP_HEADER_BYTES)) {
            rig_line_add(line, "PDU of %u bytes: no memory", rig_get_le16(cursor.at));
            return true;
        }
    }
    pdu->cut = packet->n_original > packet->n_bytes || n_claimed > cursor.n_left;
    if (!rig_ble_pieces_add(pdu, cursor.at, cursor.n_left) && !pdu->cut)
        return false;
    read_pdu(connection, half, packet->time_us, (struct rig_ble_cursor){pdu->bytes, pdu->n_bytes, false},
             line, reading);
    if (pdu->cut)
        rig_line_add(line, " (the capture cut this: %zu of %zu bytes)", pdu->n_bytes, pdu->n_wanted);
    rig_ble_pieces_drop(pdu);
    return true;
}

bool rig_ble_trace_take(struct rig_ble_trace *trace, const struct rig_ble_packet *packet,
                        struct rig_ble_reading *reading)
{
    struct rig_line line = rig_line_begin(reading->text, sizeof reading->text);

    reading->explanation[0] = '\0';
    reading->layer = RIG_BLE_HCI;
    reading->direction = packet->kind == RIG_BLE_COMMAND || packet->kind == RIG_BLE_ACL_OUT ? '<'
                         : packet->kind == RIG_BLE_EVENT || packet->kind == RIG_BLE_ACL_IN  ? '>'
                                                                                            : '=';
    trace->now_us = packet->time_us;
    switch (packet->kind) {
    case RIG_BLE_COMMAND:
        rig_ble_read_command(trace, packet, &line, reading);
        return true;
    case RIG_BLE_EVENT:
        return rig_ble_read_event(trace, packet, &line, reading);
    case RIG_BLE_ACL_OUT:
    case RIG_BLE_ACL_IN:
        return read_acl(trace, packet, &line, reading);
    case RIG_BLE_NOTE:
    case RIG_BLE_LOG:
        reading->layer = packet->kind == RIG_BLE_NOTE ? RIG_BLE_MARK : RIG_BLE_DAEMON;
        rig_line_add_text(&line, packet->bytes, packet->n_bytes, 200);
        return true;
    case RIG_BLE_STATE:
        rig_line_add_text(&line, packet->bytes, packet->n_bytes, 200);
        return true;
    case RIG_BLE_SCO:
    case RIG_BLE_ISO:
        rig_line_add(&line, "%s data, %zu bytes", packet->kind == RIG_BLE_SCO ? "SCO" : "ISO",
                     packet->n_bytes);
        return true;
    }
    return false;
}
