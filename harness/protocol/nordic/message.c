/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Requests and responses of Nordic's DFU protocols. */
#include "protocol/nordic/message.h"

#include "base/bytes.h"

#include <stdio.h>
#include <string.h>

/* --- requests --- */

struct rig_dfu_request rig_dfu_request_of(uint8_t op)
{
    return (struct rig_dfu_request){.bytes = {op}, .n_bytes = 1};
}

struct rig_dfu_request rig_dfu_request_with(uint8_t op, uint8_t parameter)
{
    return (struct rig_dfu_request){.bytes = {op, parameter}, .n_bytes = 2};
}

struct rig_dfu_request rig_dfu_create(enum rig_dfu_object object, uint32_t n_bytes)
{
    struct rig_dfu_request request = {.bytes = {RIG_DFU_CREATE, (uint8_t)object}, .n_bytes = 6};

    rig_put_le32(request.bytes + 2, n_bytes);
    return request;
}

struct rig_dfu_request rig_dfu_select(enum rig_dfu_object object)
{
    return rig_dfu_request_with(RIG_DFU_SELECT, (uint8_t)object);
}

struct rig_dfu_request rig_dfu_set_prn(uint8_t op, uint16_t n_packets)
{
    struct rig_dfu_request request = {.bytes = {op}, .n_bytes = 3};

    rig_put_le16(request.bytes + 1, n_packets);
    return request;
}

struct rig_dfu_request rig_buttonless_set_name(const char *name, size_t n_bytes)
{
    struct rig_dfu_request request = {.bytes = {RIG_BUTTONLESS_SET_NAME}};

    n_bytes = n_bytes < sizeof request.bytes - 2 ? n_bytes : sizeof request.bytes - 2;
    request.bytes[1] = (uint8_t)n_bytes;
    memcpy(request.bytes + 2, name, n_bytes);
    request.n_bytes = n_bytes + 2;
    return request;
}

/* --- responses --- */

/* What follows the result of a success. */
static size_t payload_bytes(enum rig_dfu_dialect dialect, uint8_t op)
{
    if (dialect == RIG_DFU_LEGACY)
        return op == RIG_LEGACY_REPORT_SIZE ? 4 : 0;
    if (dialect == RIG_DFU_BUTTONLESS)
        return 0;
    switch (op) {
    case RIG_DFU_SELECT:
        return 12;
    case RIG_DFU_GET_CRC:
        return 8;
    case RIG_DFU_GET_MTU:
        return 2;
    case RIG_DFU_VERSION:
    case RIG_DFU_PING:
        return 1;
    case RIG_DFU_HARDWARE:
        return 20;
    case RIG_DFU_FIRMWARE:
        return 13;
    default:
        return 0;
    }
}

static enum rig_dfu_decoded expect_bytes(size_t n_bytes, size_t n_wanted)
{
    return n_bytes < n_wanted ? RIG_DFU_SHORT : n_bytes > n_wanted ? RIG_DFU_LONG : RIG_DFU_DECODED;
}

static enum rig_dfu_decoded decode_receipt(const uint8_t *bytes, size_t n_bytes,
                                           struct rig_dfu_response *response)
{
    *response = (struct rig_dfu_response){.op = RIG_LEGACY_RECEIPT, .success = true};
    if (n_bytes >= 5)
        response->offset = rig_get_le32(bytes + 1);
    return expect_bytes(n_bytes, 5);
}

/* All bytes of the payload are there. */
static void decode_payload(enum rig_dfu_dialect dialect, const uint8_t *payload,
                           struct rig_dfu_response *response)
{
    if (dialect == RIG_DFU_LEGACY && response->op == RIG_LEGACY_REPORT_SIZE) {
        response->offset = rig_get_le32(payload);
    } else if (dialect == RIG_DFU_SECURE && response->op == RIG_DFU_SELECT) {
        response->max_bytes = rig_get_le32(payload);
        response->offset = rig_get_le32(payload + 4);
        response->crc = rig_get_le32(payload + 8);
    } else if (dialect == RIG_DFU_SECURE && response->op == RIG_DFU_GET_CRC) {
        response->offset = rig_get_le32(payload);
        response->crc = rig_get_le32(payload + 4);
    }
}

enum rig_dfu_decoded rig_dfu_decode(enum rig_dfu_dialect dialect, const uint8_t *bytes, size_t n_bytes,
                                    struct rig_dfu_response *response)
{
    static const uint8_t markers[] = {[RIG_DFU_SECURE] = RIG_DFU_RESPONSE,
                                      [RIG_DFU_BUTTONLESS] = RIG_BUTTONLESS_RESPONSE,
                                      [RIG_DFU_LEGACY] = RIG_LEGACY_RESPONSE};
    size_t n_payload = 0;
    enum rig_dfu_decoded decoded;

    *response = (struct rig_dfu_response){0};
    if (n_bytes > 0 && dialect == RIG_DFU_LEGACY && bytes[0] == RIG_LEGACY_RECEIPT)
        return decode_receipt(bytes, n_bytes, response);
    if (n_bytes == 0 || bytes[0] != markers[dialect])
        return RIG_DFU_NO_ANSWER;
    if (n_bytes < 3)
        return RIG_DFU_SHORT;
    response->op = bytes[1];
    response->result = bytes[2];
    response->success = bytes[2] == RIG_DFU_SUCCESS; /* 1 in all of them */
    if (response->success)
        n_payload = payload_bytes(dialect, response->op);
    else if (dialect == RIG_DFU_SECURE && response->result == RIG_DFU_EXTENDED)
        n_payload = 1;
    decoded = expect_bytes(n_bytes, 3 + n_payload);
    if (decoded != RIG_DFU_DECODED)
        return decoded;
    if (response->success)
        decode_payload(dialect, bytes + 3, response);
    else
        response->extended = n_payload ? bytes[3] : 0;
    return RIG_DFU_DECODED;
}

bool rig_dfu_is_answered(enum rig_dfu_dialect dialect, const uint8_t *bytes, size_t n_bytes)
{
    if (n_bytes == 0)
        return false;
    if (dialect == RIG_DFU_SECURE)
        return bytes[0] != RIG_DFU_ABORT;
    if (dialect == RIG_DFU_BUTTONLESS)
        return true;
    switch (bytes[0]) {
    case RIG_LEGACY_INIT:
        return n_bytes < 2 || bytes[1] != 0;
    case RIG_LEGACY_ACTIVATE:
    case RIG_LEGACY_RESET:
    case RIG_LEGACY_SET_PRN:
        return false;
    default:
        return true;
    }
}

/* --- for people --- */

static const char *buttonless_op(uint8_t op)
{
    return op == RIG_BUTTONLESS_ENTER      ? "enter bootloader"
           : op == RIG_BUTTONLESS_SET_NAME ? "set advertising name"
                                           : "unknown";
}

const char *rig_dfu_op_of(enum rig_dfu_dialect dialect, uint8_t op)
{
    return dialect == RIG_DFU_SECURE   ? rig_dfu_op_name(op)
           : dialect == RIG_DFU_LEGACY ? rig_legacy_op_name(op)
                                       : buttonless_op(op);
}

void rig_dfu_describe_result(enum rig_dfu_dialect dialect, const struct rig_dfu_response *response,
                             char *text, size_t room)
{
    if (dialect == RIG_DFU_SECURE && response->result == RIG_DFU_EXTENDED)
        snprintf(text, room, "%s (0x0b 0x%02x)", rig_dfu_extended_text(response->extended),
                 response->extended);
    else
        snprintf(text, room, "%s (0x%02x)",
                 dialect == RIG_DFU_SECURE   ? rig_dfu_result_text(response->result)
                 : dialect == RIG_DFU_LEGACY ? rig_legacy_status_text(response->result)
                                             : rig_buttonless_result_text(response->result),
                 response->result);
}

static const char *object_name(uint8_t type)
{
    return type == RIG_DFU_COMMAND_OBJECT ? "command" : type == RIG_DFU_DATA_OBJECT ? "data" : "unknown";
}

/* What a request has behind its op, as far as it is known what it means. */
static void describe_parameters(enum rig_dfu_dialect dialect, const uint8_t *bytes, size_t n_bytes,
                                char *text, size_t room)
{
    uint8_t op = bytes[0];

    text[0] = '\0';
    if (dialect == RIG_DFU_SECURE && op == RIG_DFU_CREATE && n_bytes == 6)
        snprintf(text, room, ", %s, %u bytes", object_name(bytes[1]), rig_get_le32(bytes + 2));
    else if (dialect == RIG_DFU_SECURE && op == RIG_DFU_SELECT && n_bytes == 2)
        snprintf(text, room, ", %s", object_name(bytes[1]));
    else if (op == (dialect == RIG_DFU_SECURE ? RIG_DFU_SET_PRN : RIG_LEGACY_SET_PRN) &&
             dialect != RIG_DFU_BUTTONLESS && n_bytes == 3)
        snprintf(text, room, " to %u", rig_get_le16(bytes + 1));
    else if (dialect == RIG_DFU_LEGACY && op == RIG_LEGACY_START && n_bytes == 2)
        snprintf(text, room, ", mode %u", bytes[1]);
    else if (dialect == RIG_DFU_LEGACY && op == RIG_LEGACY_INIT && n_bytes == 2)
        snprintf(text, room, "%s", bytes[1] ? ", complete" : ", begin");
    else if (dialect == RIG_DFU_BUTTONLESS && op == RIG_BUTTONLESS_SET_NAME && n_bytes > 2)
        snprintf(text, room, " to '%.*s'", (int)(n_bytes - 2), (const char *)bytes + 2);
    else if (n_bytes > 1)
        snprintf(text, room, ", %zu bytes more", n_bytes - 1);
}

static void describe_success(enum rig_dfu_dialect dialect, const struct rig_dfu_response *response,
                             char *text, size_t room)
{
    if (dialect == RIG_DFU_SECURE && response->op == RIG_DFU_SELECT)
        snprintf(text, room, "at most %u bytes, has %u, CRC %08x", response->max_bytes, response->offset,
                 response->crc);
    else if (dialect == RIG_DFU_SECURE && response->op == RIG_DFU_GET_CRC)
        snprintf(text, room, "has %u bytes, CRC %08x", response->offset, response->crc);
    else if (dialect == RIG_DFU_LEGACY && response->op == RIG_LEGACY_REPORT_SIZE)
        snprintf(text, room, "has %u bytes", response->offset);
    else
        snprintf(text, room, "success");
}

static void describe_answer(enum rig_dfu_dialect dialect, const uint8_t *bytes, size_t n_bytes, char *text,
                            size_t room)
{
    struct rig_dfu_response response;
    enum rig_dfu_decoded decoded = rig_dfu_decode(dialect, bytes, n_bytes, &response);
    char result[96];

    if (decoded == RIG_DFU_NO_ANSWER) {
        snprintf(text, room, "no DFU response: %zu bytes", n_bytes);
    } else if (decoded != RIG_DFU_DECODED) {
        snprintf(text, room, "response to %s that is too %s: %zu bytes",
                 n_bytes < 3 ? "a request" : rig_dfu_op_of(dialect, response.op),
                 decoded == RIG_DFU_SHORT ? "short" : "long", n_bytes);
    } else if (dialect == RIG_DFU_LEGACY && response.op == RIG_LEGACY_RECEIPT) {
        snprintf(text, room, "receipt: has %u bytes", response.offset);
    } else {
        if (response.success)
            describe_success(dialect, &response, result, sizeof result);
        else
            rig_dfu_describe_result(dialect, &response, result, sizeof result);
        snprintf(text, room, "response to %s: %s", rig_dfu_op_of(dialect, response.op), result);
    }
}

void rig_dfu_describe(enum rig_dfu_dialect dialect, bool sent, const uint8_t *bytes, size_t n_bytes,
                      char *text, size_t room)
{
    char parameters[64];

    if (!sent) {
        describe_answer(dialect, bytes, n_bytes, text, room);
    } else if (n_bytes == 0) {
        snprintf(text, room, "empty request");
    } else {
        describe_parameters(dialect, bytes, n_bytes, parameters, sizeof parameters);
        snprintf(text, room, "%s%s", rig_dfu_op_of(dialect, bytes[0]), parameters);
    }
}
