/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Signatures of failures: what a packet means for an update, in one sentence with its remedy. Signatures as
 * observed with BlueZ: [obs] lost bond: LE Start Encryption, Encryption Change 0x06, Disconnect 0x05. */
#include "protocol/ble/parts.h"

#include "protocol/ble/names.h"

#include <inttypes.h>
#include <string.h>

static struct rig_line explanation(struct rig_ble_reading *reading)
{
    return rig_line_begin(reading->explanation, sizeof reading->explanation);
}

void rig_ble_explain_too_long(const struct rig_ble_connection *connection, size_t n_bytes,
                              struct rig_ble_reading *reading)
{
    size_t n_before = strlen(reading->explanation);
    struct rig_line line =
        rig_line_begin(reading->explanation + n_before, sizeof reading->explanation - n_before);

    if (connection->mtu && n_bytes + 3 > connection->mtu)
        rig_line_add(
            &line,
            "%s%zu bytes do not fit ATT_MTU %u, which leaves %u: the value is dropped or cut short on its "
            "way; send at most %u bytes in one piece",
            n_before ? "; " : "", n_bytes, connection->mtu, connection->mtu - 3u, connection->mtu - 3u);
}

void rig_ble_explain_connect(uint8_t status, struct rig_ble_reading *reading)
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

void rig_ble_explain_encryption(const struct rig_ble_connection *connection, uint8_t status,
                                struct rig_ble_reading *reading)
{
    struct rig_line line = explanation(reading);

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
    if (rig_ble_explain_dfu_end(&connection->dfu, true, line))
        return;
    if (connection->reset_asked)
        rig_line_add(line, "the board fell silent after it was told to reset, as it must");
    else
        rig_line_add(line, "the other side fell silent: reset, crash, power loss, or out of reach");
}

void rig_ble_explain_disconnect(const struct rig_ble_connection *connection, uint8_t reason,
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
    else if (reason == RIG_HCI_ERROR_REMOTE_USER && rig_ble_explain_dfu_end(&connection->dfu, false, &line))
        return; /* the request without answer is told thereby */
    else if (reason == RIG_HCI_ERROR_REMOTE_USER && connection->pairing_failed)
        rig_line_add(&line, "the board closed the connection after pairing had failed");
    else if (reason == RIG_HCI_ERROR_UNACCEPTABLE_CONNECTION_PARAMETERS)
        rig_line_add(&line, "the board did not accept the connection parameters");
    else if (reason == RIG_HCI_ERROR_UNSUPPORTED_REMOTE_FEATURE)
        rig_line_add(&line, "the other side does not support what was asked for (encryption, PHY)");
    add_unanswered(connection, &line);
}

void rig_ble_explain_att_error(const struct rig_ble_connection *connection, uint8_t code,
                               struct rig_ble_reading *reading)
{
    struct rig_line line = explanation(reading);

    if (code == RIG_ATT_ERROR_INSUFFICIENT_AUTHENTICATION || code == RIG_ATT_ERROR_INSUFFICIENT_ENCRYPTION)
        rig_line_add(
            &line,
            connection->encrypted
                ? "the attribute wants a better key than this encrypted link has (authenticated pairing)"
                : "the attribute wants an encrypted link: this side has no bond, or did not use it");
    else if (code == RIG_ATT_ERROR_INSUFFICIENT_AUTHORIZATION)
        rig_line_add(&line, "the board's application does not allow it");
    else if (code == RIG_ATT_ERROR_INVALID_HANDLE)
        rig_line_add(&line,
                     "no such attribute: this side may hold the table of an older firmware (GATT cache)");
    else if (code == RIG_ATT_ERROR_OUT_OF_SYNC)
        rig_line_add(&line,
                     "the board says that this side holds an old table of its attributes; discover again");
    else if (code == RIG_ATT_ERROR_CCC_NOT_CONFIGURED)
        rig_line_add(&line, "notifications must be switched on before this");
}

void rig_ble_explain_pairing_failed(const struct rig_ble_connection *connection, unsigned half,
                                    uint8_t reason, struct rig_ble_reading *reading)
{
    struct rig_line line = explanation(reading);
    const char *who = half ? "the board" : "this host";

    (void)connection;
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
