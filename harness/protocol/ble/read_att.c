/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ATT PDUs; learns the handles of the characteristics that matter from the discovery, when it is in the
 * trace. */
#include "protocol/ble/parts.h"

#include "base/bytes.h"
#include "protocol/ble/code_names.h"

#include <inttypes.h>
#include <string.h>

#define SHOWN_BYTES 16u

static const struct rig_ble_name uuids[] = {RIG_UUIDS(RIG_BLE_NAME)};
static const struct rig_ble_name errors[] = {RIG_ATT_ERRORS(RIG_BLE_NAME)};
static const struct {
    uint8_t uuid[16];
    const char *text;
} long_uuids[] = {
    {{0x84, 0xaa, 0x60, 0x74, 0x52, 0x8a, 0x8b, 0x86, 0xd3, 0x4c, 0xb7, 0x1d, 0x1d, 0xdc, 0x53, 0x8d},
     "SMP service"},
    {{0x48, 0x7c, 0x99, 0x74, 0x11, 0x26, 0x9e, 0xae, 0x01, 0x4e, 0xce, 0xfb, 0x28, 0x78, 0x2e, 0xda},
     "SMP characteristic"},
    {{0x50, 0xea, 0xda, 0x30, 0x88, 0x83, 0xb8, 0x9f, 0x60, 0x4f, 0x15, 0xf3, 0x01, 0x00, 0xc9, 0x8e},
     "Nordic DFU control point"},
    {{0x50, 0xea, 0xda, 0x30, 0x88, 0x83, 0xb8, 0x9f, 0x60, 0x4f, 0x15, 0xf3, 0x02, 0x00, 0xc9, 0x8e},
     "Nordic DFU packet"},
    {{0x50, 0xea, 0xda, 0x30, 0x88, 0x83, 0xb8, 0x9f, 0x60, 0x4f, 0x15, 0xf3, 0x03, 0x00, 0xc9, 0x8e},
     "Nordic buttonless DFU"},
    {{0x50, 0xea, 0xda, 0x30, 0x88, 0x83, 0xb8, 0x9f, 0x60, 0x4f, 0x15, 0xf3, 0x04, 0x00, 0xc9, 0x8e},
     "Nordic buttonless DFU with bonds"},
    {{0x23, 0xd1, 0xbc, 0xea, 0x5f, 0x78, 0x23, 0x15, 0xde, 0xef, 0x12, 0x12, 0x30, 0x15, 0x00, 0x00},
     "Nordic legacy DFU service"},
    {{0x23, 0xd1, 0xbc, 0xea, 0x5f, 0x78, 0x23, 0x15, 0xde, 0xef, 0x12, 0x12, 0x31, 0x15, 0x00, 0x00},
     "Nordic legacy DFU control point"},
    {{0x23, 0xd1, 0xbc, 0xea, 0x5f, 0x78, 0x23, 0x15, 0xde, 0xef, 0x12, 0x12, 0x32, 0x15, 0x00, 0x00},
     "Nordic legacy DFU packet"},
    {{0x23, 0xd1, 0xbc, 0xea, 0x5f, 0x78, 0x23, 0x15, 0xde, 0xef, 0x12, 0x12, 0x33, 0x15, 0x00, 0x00},
     "Nordic legacy DFU status report"},
    {{0x23, 0xd1, 0xbc, 0xea, 0x5f, 0x78, 0x23, 0x15, 0xde, 0xef, 0x12, 0x12, 0x34, 0x15, 0x00, 0x00},
     "Nordic legacy DFU version"},
    {{0x50, 0xea, 0xda, 0x30, 0x88, 0x83, 0xb8, 0x9f, 0x60, 0x4f, 0x15, 0xf3, 0x01, 0x00, 0x40, 0x8e},
     "Nordic buttonless DFU, experimental"},
};

/* 16 bytes as on the wire (least significant first): "SMP characteristic" and the few others of updates; NULL
 * for others. */
static const char *long_uuid_name(const uint8_t uuid[16])
{
    for (size_t i = 0; i < sizeof long_uuids / sizeof *long_uuids; i++)
        if (memcmp(long_uuids[i].uuid, uuid, 16) == 0)
            return long_uuids[i].text;
    return NULL;
}

static const char *error_text(uint8_t code)
{
    const char *text = RIG_BLE_FIND(errors, code);

    return !text && code >= 0x80 && code <= 0x9f ? "application error" : text;
}

static struct rig_line explanation(struct rig_ble_reading *reading)
{
    return rig_line_begin(reading->explanation, sizeof reading->explanation);
}

static void explain_too_long(const struct rig_ble_connection *connection, size_t n_bytes,
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

static void explain_att_error(const struct rig_ble_connection *connection, uint16_t handle, uint8_t code,
                              struct rig_ble_reading *reading)
{
    struct rig_line line = explanation(reading);
    bool to_bootloader = handle && handle == connection->dfu.buttonless && connection->dfu.buttonless_bonds;

    if (to_bootloader && !connection->encrypted &&
        (code == RIG_ATT_ERROR_INSUFFICIENT_AUTHENTICATION || code == RIG_ATT_ERROR_INSUFFICIENT_ENCRYPTION))
        rig_line_add(&line,
                     "the board goes to its bootloader only for a bonded host: this side has no bond, "
                     "lost its key, or did not use it (a tool that keeps no key between its runs bonds "
                     "once and fails from the second run on)");
    else if (code == RIG_ATT_ERROR_INSUFFICIENT_AUTHENTICATION ||
             code == RIG_ATT_ERROR_INSUFFICIENT_ENCRYPTION)
        rig_line_add(
            &line,
            connection->encrypted
                ? "the attribute wants a better key than this encrypted link has (authenticated pairing)"
                : "the attribute wants an encrypted link: this side has no bond, or did not use it");
    else if (code == RIG_ATT_ERROR_INSUFFICIENT_AUTHORIZATION)
        rig_line_add(&line, "the board's application does not allow it");
    else if (code == RIG_ATT_ERROR_INVALID_HANDLE)
        rig_line_add(
            &line, connection->dfu.came
                       ? "no such attribute: this side holds the table of the firmware before (GATT cache), "
                         "and no Service Changed came; discover again"
                       : "no such attribute: this side may hold the table of an older firmware (GATT cache)");
    else if (code == RIG_ATT_ERROR_OUT_OF_SYNC)
        rig_line_add(&line,
                     "the board says that this side holds an old table of its attributes; discover again");
    else if (code == RIG_ATT_ERROR_CCC_NOT_CONFIGURED)
        rig_line_add(&line, "notifications must be switched on before this");
}

static void add_uuid(struct rig_line *line, const uint8_t *uuid, size_t n_bytes)
{
    const char *name = n_bytes == 2    ? RIG_BLE_FIND(uuids, rig_get_le16(uuid))
                       : n_bytes == 16 ? long_uuid_name(uuid)
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
    const char *name = n_bytes == 16 ? long_uuid_name(uuid) : NULL;

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
    const char *name = rig_att_opcode_name(request), *text = error_text(code);

    if (pdu->over)
        return;
    rig_line_add(line, ": %s", name ? name : "unknown request");
    if (!name)
        rig_line_add(line, " 0x%02x", request);
    rig_line_add(line, " on 0x%04x: %s (0x%02x)", handle, text ? text : "error", code);
    explain_att_error(connection, handle, code, reading);
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
        explain_too_long(connection, pdu->n_left, reading);
        return;
    }
    explain_too_long(connection, pdu->n_left, reading);
    if (opcode != RIG_ATT_SIGNED_WRITE_COMMAND &&
        rig_ble_read_dfu(connection, half, handle, *pdu, line, reading)) {
        reading->layer = RIG_BLE_DFU;
        return;
    }
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
        if (connection->dfu.version && connection->halves[!half].request_handle == connection->dfu.version) {
            rig_ble_read_dfu(connection, half, connection->dfu.version, *pdu, line, reading);
            reading->layer = RIG_BLE_DFU;
        } else {
            add_value(line, pdu);
        }
        return;
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
