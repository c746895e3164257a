/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ATT PDUs; learns the handles of the characteristics that matter from the discovery, when it is in the
 * trace. */
#include "protocol/ble/parts.h"

#include "base/bytes.h"
#include "protocol/ble/names.h"

#include <inttypes.h>
#include <string.h>

#define SHOWN_BYTES 16u

static void add_uuid(struct rig_line *line, const uint8_t *uuid, size_t n_bytes)
{
    const char *name = n_bytes == 2    ? rig_ble_uuid16_name(rig_get_le16(uuid))
                       : n_bytes == 16 ? rig_ble_uuid128_name(uuid)
                                       : NULL;

    rig_line_add(line, " ");
    if (name) {
        rig_line_add(line, "%s", name);
        return;
    }
    for (size_t i = n_bytes; i > 0; i--)
        rig_line_add(line, "%02x%s", uuid[i - 1],
                     n_bytes == 16 && (i == 13 || i == 11 || i == 9 || i == 7) ? "-" : "");
}

static void add_handle(struct rig_line *line, uint16_t handle)
{
    rig_line_add(line, " 0x%04x", handle);
}

static void add_value(struct rig_line *line, const struct rig_ble_cursor *pdu)
{
    if (pdu->n_left == 0) {
        rig_line_add(line, ", no value");
        return;
    }
    rig_line_add(line, ", %zu bytes: ", pdu->n_left);
    rig_line_add_hex(line, pdu->at, pdu->n_left, SHOWN_BYTES);
}

static void add_range(struct rig_line *line, struct rig_ble_cursor *pdu)
{
    uint16_t first = rig_ble_take16(pdu);

    rig_line_add(line, " 0x%04x-0x%04x", first, rig_ble_take16(pdu));
}

static void learn(struct rig_ble_connection *connection, uint16_t value_handle, const uint8_t *uuid,
                  size_t n_bytes)
{
    const char *name = n_bytes == 16 ? rig_ble_uuid128_name(uuid) : NULL;

    rig_ble_learn_dfu(&connection->dfu, value_handle, name);
    if (name && strcmp(name, "SMP characteristic") == 0)
        connection->smp_value = value_handle;
    if (n_bytes == 2 && rig_get_le16(uuid) == RIG_UUID_SERVICE_CHANGED)
        connection->service_changed = value_handle;
}

/* Entries of one size. A characteristic's declaration is properties (1), value handle (2), UUID (2 or 16). */
static void read_type_response(struct rig_ble_connection *connection, struct rig_ble_cursor *pdu,
                               struct rig_line *line)
{
    size_t n_entry = rig_ble_take8(pdu);

    while (n_entry >= 2 && pdu->n_left >= n_entry) {
        const uint8_t *entry = pdu->at;

        add_handle(line, rig_get_le16(entry));
        if (n_entry == 7 || n_entry == 21) {
            add_uuid(line, entry + 5, n_entry - 5);
            rig_line_add(line, " (value 0x%04x)", rig_get_le16(entry + 3));
            learn(connection, rig_get_le16(entry + 3), entry + 5, n_entry - 5);
        } else {
            rig_line_add(line, "=");
            rig_line_add_hex(line, entry + 2, n_entry - 2, SHOWN_BYTES);
        }
        pdu->at += n_entry;
        pdu->n_left -= n_entry;
        rig_line_add(line, pdu->n_left >= n_entry ? "," : "");
    }
}

static void read_group_response(struct rig_ble_cursor *pdu, struct rig_line *line)
{
    size_t n_entry = rig_ble_take8(pdu);

    while (n_entry >= 4 && pdu->n_left >= n_entry) {
        rig_line_add(line, " 0x%04x-0x%04x", rig_get_le16(pdu->at), rig_get_le16(pdu->at + 2));
        add_uuid(line, pdu->at + 4, n_entry - 4 <= 16 ? n_entry - 4 : 16);
        pdu->at += n_entry;
        pdu->n_left -= n_entry;
        rig_line_add(line, pdu->n_left >= n_entry ? "," : "");
    }
}

static void read_information(struct rig_ble_cursor *pdu, struct rig_line *line)
{
    size_t n_uuid = rig_ble_take8(pdu) == 1 ? 2 : 16;

    while (pdu->n_left >= n_uuid + 2) {
        add_handle(line, rig_get_le16(pdu->at));
        add_uuid(line, pdu->at + 2, n_uuid);
        pdu->at += n_uuid + 2;
        pdu->n_left -= n_uuid + 2;
        rig_line_add(line, pdu->n_left >= n_uuid + 2 ? "," : "");
    }
}

static void read_error(struct rig_ble_connection *connection, struct rig_ble_cursor *pdu,
                       struct rig_line *line, struct rig_ble_reading *reading)
{
    uint8_t request = rig_ble_take8(pdu);
    uint16_t handle = rig_ble_take16(pdu);
    uint8_t code = rig_ble_take8(pdu);
    const char *name = rig_att_opcode_name(request), *text = rig_att_error_text(code);

    if (pdu->over)
        return;
    rig_line_add(line, ": %s", name ? name : "unknown request");
    if (!name)
        rig_line_add(line, " 0x%02x", request);
    rig_line_add(line, " on 0x%04x: %s (0x%02x)", handle, text ? text : "error", code);
    rig_ble_explain_att_error(connection, code, reading);
}

static void read_value(struct rig_ble_connection *connection, unsigned half, uint8_t opcode,
                       struct rig_ble_cursor *pdu, struct rig_line *line, struct rig_ble_reading *reading)
{
    uint16_t handle = rig_ble_take16(pdu);

    if (pdu->over)
        return;
    add_handle(line, handle);
    if (opcode == RIG_ATT_SIGNED_WRITE_COMMAND && pdu->n_left >= 12)
        pdu->n_left -= 12; /* the signature */
    if ((opcode == RIG_ATT_WRITE_COMMAND || opcode == RIG_ATT_WRITE_REQUEST ||
         opcode == RIG_ATT_NOTIFICATION) &&
        rig_ble_read_smp(connection, half, handle, pdu->at, pdu->n_left, line, reading)) {
        reading->layer = RIG_BLE_SMP;
        rig_ble_explain_too_long(connection, pdu->n_left, reading);
        return;
    }
    rig_ble_explain_too_long(connection, pdu->n_left, reading);
    if (opcode != RIG_ATT_SIGNED_WRITE_COMMAND &&
        rig_ble_read_dfu(connection, half, handle, *pdu, line, reading))
        return;
    if (opcode == RIG_ATT_INDICATION && handle == connection->service_changed && pdu->n_left == 4) {
        rig_line_add(line, " Service Changed");
        add_range(line, pdu);
        return;
    }
    add_value(line, pdu);
}

/* Requests wait for an answer of the other side; one at a time. */
static void follow(struct rig_ble_connection *connection, unsigned half, uint8_t opcode,
                   struct rig_ble_cursor pdu, uint64_t now_us)
{
    struct rig_ble_half *mine = &connection->halves[half], *other = &connection->halves[!half];
    bool indication = opcode == RIG_ATT_INDICATION;
    bool request = indication || (opcode >= RIG_ATT_EXCHANGE_MTU_REQUEST &&
                                  opcode <= RIG_ATT_READ_MULTIPLE_VARIABLE_REQUEST && !(opcode & 1) &&
                                  opcode != RIG_ATT_CONFIRMATION);

    if (request) {
        bool by_handle = opcode == RIG_ATT_READ_REQUEST || opcode == RIG_ATT_READ_BLOB_REQUEST ||
                         opcode == RIG_ATT_WRITE_REQUEST || opcode == RIG_ATT_PREPARE_WRITE_REQUEST ||
                         indication;

        mine->request = opcode;
        mine->request_handle = by_handle && pdu.n_left >= 2 ? rig_get_le16(pdu.at) : 0;
        mine->request_us = now_us;
    } else if (opcode == RIG_ATT_ERROR_RESPONSE ||
               (opcode == RIG_ATT_CONFIRMATION ? other->request == RIG_ATT_INDICATION
                                               : opcode == other->request + 1)) {
        other->request = 0;
    }
}

/* Both sides name what they take; the smaller one holds, and at least 23. */
static void read_mtu(struct rig_ble_connection *connection, uint8_t opcode, struct rig_ble_cursor *pdu,
                     struct rig_line *line)
{
    uint16_t mtu = rig_ble_take16(pdu);

    rig_line_add(line, ": %u", mtu);
    if (pdu->over)
        return;
    if (opcode == RIG_ATT_EXCHANGE_MTU_REQUEST) {
        connection->mtu_asked = mtu;
    } else if (connection->mtu_asked) {
        connection->mtu = mtu < connection->mtu_asked ? mtu : connection->mtu_asked;
        if (connection->mtu < 23)
            connection->mtu = 23;
    }
}

static void read_rest(struct rig_ble_connection *connection, unsigned half, uint8_t opcode,
                      struct rig_ble_cursor *pdu, struct rig_line *line, struct rig_ble_reading *reading)
{
    switch (opcode) {
    case RIG_ATT_ERROR_RESPONSE:
        read_error(connection, pdu, line, reading);
        return;
    case RIG_ATT_EXCHANGE_MTU_REQUEST:
    case RIG_ATT_EXCHANGE_MTU_RESPONSE:
        read_mtu(connection, opcode, pdu, line);
        return;
    case RIG_ATT_FIND_INFORMATION_REQUEST:
        add_range(line, pdu);
        return;
    case RIG_ATT_FIND_INFORMATION_RESPONSE:
        read_information(pdu, line);
        return;
    case RIG_ATT_FIND_BY_TYPE_VALUE_REQUEST:
    case RIG_ATT_READ_BY_TYPE_REQUEST:
    case RIG_ATT_READ_BY_GROUP_TYPE_REQUEST:
        add_range(line, pdu);
        add_uuid(line, pdu->at,
                 opcode == RIG_ATT_FIND_BY_TYPE_VALUE_REQUEST && pdu->n_left > 2 ? 2
                 : pdu->n_left <= 16                                             ? pdu->n_left
                                                                                 : 16);
        return;
    case RIG_ATT_READ_BY_TYPE_RESPONSE:
        read_type_response(connection, pdu, line);
        return;
    case RIG_ATT_READ_BY_GROUP_TYPE_RESPONSE:
        read_group_response(pdu, line);
        return;
    case RIG_ATT_READ_REQUEST:
        add_handle(line, rig_ble_take16(pdu));
        return;
    case RIG_ATT_READ_BLOB_REQUEST:
        add_handle(line, rig_ble_take16(pdu));
        rig_line_add(line, " from byte %u", rig_ble_take16(pdu));
        return;
    case RIG_ATT_WRITE_REQUEST:
    case RIG_ATT_NOTIFICATION:
    case RIG_ATT_INDICATION:
    case RIG_ATT_WRITE_COMMAND:
    case RIG_ATT_SIGNED_WRITE_COMMAND:
        read_value(connection, half, opcode, pdu, line, reading);
        return;
    case RIG_ATT_PREPARE_WRITE_REQUEST:
    case RIG_ATT_PREPARE_WRITE_RESPONSE:
        add_handle(line, rig_ble_take16(pdu));
        rig_line_add(line, " at byte %u", rig_ble_take16(pdu));
        add_value(line, pdu);
        return;
    case RIG_ATT_EXECUTE_WRITE_REQUEST:
        rig_line_add(line, ": %s", rig_ble_take8(pdu) ? "write" : "cancel");
        return;
    case RIG_ATT_READ_RESPONSE:
    case RIG_ATT_READ_BLOB_RESPONSE:
        add_value(line, pdu);
        return;
    default:
        if (pdu->n_left)
            add_value(line, pdu);
        return;
    }
}

void rig_ble_read_att(struct rig_ble_connection *connection, unsigned half, uint64_t now_us,
                      struct rig_ble_cursor pdu, struct rig_line *line, struct rig_ble_reading *reading)
{
    uint8_t opcode = rig_ble_take8(&pdu);
    const char *name = rig_att_opcode_name(opcode);

    if (pdu.over) {
        rig_line_add(line, "empty PDU");
        return;
    }
    if (name)
        rig_line_add(line, "%s", name);
    else
        rig_line_add(line, "unknown PDU 0x%02x", opcode);
    follow(connection, half, opcode, pdu, now_us);
    read_rest(connection, half, opcode, &pdu, line, reading);
    if (pdu.over)
        rig_line_add(line, " (malformed: too short)");
}

void rig_ble_trace_learn(struct rig_ble_trace *trace, uint16_t controller, uint16_t connection,
                         uint16_t value_handle, const uint8_t uuid[16])
{
    learn(rig_ble_connection(trace, controller, connection), value_handle, uuid, 16);
}

void rig_ble_trace_agree_mtu(struct rig_ble_trace *trace, uint16_t controller, uint16_t connection,
                             uint16_t mtu)
{
    rig_ble_connection(trace, controller, connection)->mtu = mtu < 23 ? 23 : mtu;
}
