/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Security Manager and L2CAP signalling PDUs. Keys are never shown. */
#include "protocol/ble/parts.h"

#include "protocol/ble/code_names.h"

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

void rig_ble_read_sm(struct rig_ble_connection *connection, unsigned half, struct rig_ble_cursor pdu,
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

void rig_ble_read_signal(struct rig_ble_cursor pdu, struct rig_line *line)
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
