/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The ATT server: discovery, reading, writing; requests and their answers, MTU, notifications, indications,
 * what a client knows of the table. [SPEC Core Vol 3 Part F; Part G 2.5.2.1, 3.3.3.3, 7] */
#include "sim/chip/host/internal.h"
#include "base/bytes.h"

#include <stdio.h>
#include <string.h>

static enum rig_att_error att_pass(struct sim_stack *stack, const struct sim_pdu *pdu);
static void att_keep(struct sim_stack *stack);

#define MAX_VALUE_BYTES 64u

/* What a link lacks for this access. A peer that has a key but does not use it is told to encrypt, one
 * without to pair [SPEC Vol 3 Part C 10.3.1]. */
static enum rig_att_error att_may(const struct sim_stack *stack, const struct sim_gatt_attribute *attribute,
                                  enum sim_gatt_permission what)
{
    if (!(attribute->permissions & (unsigned)what))
        return what != SIM_GATT_MAY_READ ? RIG_ATT_ERROR_WRITE_NOT_PERMITTED
                                         : RIG_ATT_ERROR_READ_NOT_PERMITTED;
    if (attribute->permissions & SIM_GATT_NEEDS_AUTHENTICATION && stack->link.encrypted &&
        !stack->link.authenticated)
        return RIG_ATT_ERROR_INSUFFICIENT_AUTHENTICATION;
    if (attribute->permissions & (SIM_GATT_NEEDS_ENCRYPTION | SIM_GATT_NEEDS_AUTHENTICATION) &&
        !stack->link.encrypted)
        return sim_ble_bond(stack->ble, stack->link.peer.type) ? RIG_ATT_ERROR_INSUFFICIENT_ENCRYPTION
                                                               : RIG_ATT_ERROR_INSUFFICIENT_AUTHENTICATION;
    return RIG_ATT_OK;
}

static size_t put_revision(const struct sim_stack *stack, uint8_t *value)
{
    struct sim_stack_version version = stack->ports.version(stack->ports.user);
    char text[32];
    int n_bytes = snprintf(text, sizeof text, "%u.%u.%u", version.major, version.minor, version.revision);

    memcpy(value, text, (size_t)n_bytes);
    return (size_t)n_bytes;
}

static size_t value_of(const struct sim_stack *stack, const struct sim_gatt_attribute *attribute,
                       uint8_t value[MAX_VALUE_BYTES])
{
    /* 15 to 30 ms, no latency, 6 s: as the SDK's bootloader asks for. */
    static const uint8_t preferred[8] = {0x0c, 0x00, 0x18, 0x00, 0x00, 0x00, 0x58, 0x02};
    const char *name = sim_ble_name(stack->ble);
    size_t n_name = strnlen(name, sizeof stack->ble->config.name), n_value;

    switch (attribute->source) {
    case SIM_GATT_FROM_TABLE:
        return sim_gatt_declaration(attribute, value);
    case SIM_GATT_FROM_CCC:
        rig_put_le16(value, stack->att.ccc[attribute->ccc]);
        return 2;
    case SIM_GATT_FROM_NAME:
        memcpy(value, name, n_name);
        return n_name;
    case SIM_GATT_FROM_APPEARANCE:
        rig_put_le16(value, 0); /* unknown */
        return 2;
    case SIM_GATT_FROM_PREFERRED:
        memcpy(value, preferred, sizeof preferred);
        return sizeof preferred;
    case SIM_GATT_FROM_RESOLUTION:
        value[0] = 1;
        return 1;
    case SIM_GATT_FROM_CLIENT_FEATURES:
        value[0] = stack->att.client_features;
        return 1;
    case SIM_GATT_FROM_HASH:
        memcpy(value, stack->table.hash, SIM_GATT_HASH_BYTES);
        return SIM_GATT_HASH_BYTES;
    case SIM_GATT_FROM_REVISION:
        return put_revision(stack, value);
    case SIM_GATT_FROM_FIRMWARE:
        return sim_ble_take_read(stack->ble, attribute->characteristic, value, &n_value) ? 0 : n_value;
    case SIM_GATT_FROM_SERVICE_CHANGED:
        break;
    }
    return 0;
}

/* Reading the hash is how a client with an old table gets aware of the new one, with its next request. */
static void note_read(struct sim_stack *stack, const struct sim_gatt_attribute *attribute)
{
    if (attribute->source == SIM_GATT_FROM_HASH && stack->att.unaware)
        stack->att.out_of_sync_told = true;
}

/* First and last number of a range. */
static enum rig_att_error read_range(const uint8_t *parameters, uint16_t *first, uint16_t *last, uint16_t *at)
{
    *first = *at = rig_get_le16(parameters);
    *last = rig_get_le16(parameters + 2);
    return *first == 0 || *first > *last ? RIG_ATT_ERROR_INVALID_HANDLE : RIG_ATT_OK;
}

static bool room_for(const struct sim_stack *stack, const struct att_reply *reply, size_t n_bytes)
{
    return reply->n_bytes + n_bytes <= stack->att.mtu;
}

static void append(struct att_reply *reply, const void *bytes, size_t n_bytes)
{
    memcpy(reply->bytes + reply->n_bytes, bytes, n_bytes);
    reply->n_bytes += n_bytes;
}

static void append16(struct att_reply *reply, uint16_t value)
{
    rig_put_le16(reply->bytes + reply->n_bytes, value);
    reply->n_bytes += 2;
}

/* NULL: no such number. */
static const struct sim_gatt_attribute *sim_gatt_find(const struct sim_gatt_table *table, uint16_t number)
{
    return number >= 1 && number <= table->n_attributes ? &table->attributes[number - 1] : NULL;
}

static enum rig_att_error att_find_information(struct sim_stack *stack, const uint8_t *parameters,
                                               size_t n_bytes, struct att_reply *reply, uint16_t *at)
{
    uint16_t first, last;
    uint8_t n_uuid = 0;

    if (n_bytes != 4)
        return RIG_ATT_ERROR_INVALID_PDU;
    if (read_range(parameters, &first, &last, at) != RIG_ATT_OK)
        return RIG_ATT_ERROR_INVALID_HANDLE;
    for (unsigned number = first; number <= last && number <= stack->table.n_attributes; number++) {
        const struct sim_gatt_attribute *attribute = sim_gatt_find(&stack->table, (uint16_t)number);

        if (n_uuid == 0) {
            n_uuid = attribute->type.n_bytes;
            reply->bytes[reply->n_bytes++] = n_uuid == 2 ? 1 : 2;
        }
        if (attribute->type.n_bytes != n_uuid || !room_for(stack, reply, 2u + n_uuid))
            break;
        append16(reply, attribute->number);
        append(reply, attribute->type.bytes, n_uuid);
    }
    return n_uuid ? RIG_ATT_OK : RIG_ATT_ERROR_NOT_FOUND;
}

static enum rig_att_error att_find_by_type_value(struct sim_stack *stack, const uint8_t *parameters,
                                                 size_t n_bytes, struct att_reply *reply, uint16_t *at)
{
    uint8_t value[MAX_VALUE_BYTES];
    uint16_t first, last;

    if (n_bytes < 6)
        return RIG_ATT_ERROR_INVALID_PDU;
    if (read_range(parameters, &first, &last, at) != RIG_ATT_OK)
        return RIG_ATT_ERROR_INVALID_HANDLE;
    for (unsigned number = first; number <= last && number <= stack->table.n_attributes; number++) {
        const struct sim_gatt_attribute *attribute = sim_gatt_find(&stack->table, (uint16_t)number);

        if (attribute->type.n_bytes != 2 || memcmp(attribute->type.bytes, parameters + 4, 2) != 0 ||
            att_may(stack, attribute, SIM_GATT_MAY_READ) != RIG_ATT_OK)
            continue;
        if (value_of(stack, attribute, value) != n_bytes - 6 ||
            memcmp(value, parameters + 6, n_bytes - 6) != 0)
            continue;
        if (!room_for(stack, reply, 4))
            break;
        append16(reply, attribute->number);
        append16(reply, attribute->end);
    }
    return reply->n_bytes > 1 ? RIG_ATT_OK : RIG_ATT_ERROR_NOT_FOUND;
}

/* One entry of a list: number, end of the group when it is one, value. The first entry's length is that of
 * all. false: it does not fit in. */
static bool append_entry(struct sim_stack *stack, const struct sim_gatt_attribute *attribute, bool group,
                         struct att_reply *reply)
{
    uint8_t value[MAX_VALUE_BYTES];
    size_t n_value = value_of(stack, attribute, value);
    size_t n_numbers = group ? 4 : 2;
    size_t n_most = stack->att.mtu - 2u - n_numbers;

    if (n_value > n_most)
        n_value = n_most;
    if (reply->n_bytes == 1)
        reply->bytes[reply->n_bytes++] = (uint8_t)(n_numbers + n_value);
    if (reply->bytes[1] != n_numbers + n_value || !room_for(stack, reply, n_numbers + n_value))
        return false;
    append16(reply, attribute->number);
    if (group)
        append16(reply, attribute->end);
    append(reply, value, n_value);
    note_read(stack, attribute);
    return true;
}

static enum rig_att_error list(struct sim_stack *stack, const uint8_t *parameters, size_t n_uuid, bool group,
                               struct att_reply *reply, uint16_t *at)
{
    uint16_t first, last;

    if (read_range(parameters, &first, &last, at) != RIG_ATT_OK)
        return RIG_ATT_ERROR_INVALID_HANDLE;
    for (unsigned number = first; number <= last && number <= stack->table.n_attributes; number++) {
        const struct sim_gatt_attribute *attribute = sim_gatt_find(&stack->table, (uint16_t)number);
        enum rig_att_error error;

        if (!sim_gatt_uuid_is(&attribute->type, parameters + 4, n_uuid))
            continue;
        error = att_may(stack, attribute, SIM_GATT_MAY_READ);
        /* Only what stands first is told as an error; later ones end the list. */
        if (error != RIG_ATT_OK && reply->n_bytes == 1) {
            *at = attribute->number;
            return error;
        }
        if (error != RIG_ATT_OK || !append_entry(stack, attribute, group, reply))
            break;
    }
    return reply->n_bytes > 1 ? RIG_ATT_OK : RIG_ATT_ERROR_NOT_FOUND;
}

static enum rig_att_error att_read_by_type(struct sim_stack *stack, const uint8_t *parameters, size_t n_bytes,
                                           struct att_reply *reply, uint16_t *at)
{
    if (n_bytes != 6 && n_bytes != 20)
        return RIG_ATT_ERROR_INVALID_PDU;
    return list(stack, parameters, n_bytes - 4, false, reply, at);
}

static enum rig_att_error att_read_by_group_type(struct sim_stack *stack, const uint8_t *parameters,
                                                 size_t n_bytes, struct att_reply *reply, uint16_t *at)
{
    struct sim_gatt_uuid primary = sim_gatt_uuid16(SIM_GATT_PRIMARY_SERVICE);
    struct sim_gatt_uuid secondary = sim_gatt_uuid16(SIM_GATT_SECONDARY_SERVICE);
    uint16_t first, last;

    if (n_bytes != 6 && n_bytes != 20)
        return RIG_ATT_ERROR_INVALID_PDU;
    if (read_range(parameters, &first, &last, at) != RIG_ATT_OK)
        return RIG_ATT_ERROR_INVALID_HANDLE;
    if (!sim_gatt_uuid_is(&primary, parameters + 4, n_bytes - 4) &&
        !sim_gatt_uuid_is(&secondary, parameters + 4, n_bytes - 4))
        return RIG_ATT_ERROR_UNSUPPORTED_GROUP_TYPE;
    return list(stack, parameters, n_bytes - 4, true, reply, at);
}

static enum rig_att_error find_readable(struct sim_stack *stack, const uint8_t *parameters, uint16_t *at,
                                        const struct sim_gatt_attribute **attribute)
{
    *at = rig_get_le16(parameters);
    *attribute = sim_gatt_find(&stack->table, *at);
    return *attribute ? att_may(stack, *attribute, SIM_GATT_MAY_READ) : RIG_ATT_ERROR_INVALID_HANDLE;
}

static enum rig_att_error read_from(struct sim_stack *stack, const uint8_t *parameters, size_t offset,
                                    struct att_reply *reply, uint16_t *at)
{
    const struct sim_gatt_attribute *attribute;
    enum rig_att_error error = find_readable(stack, parameters, at, &attribute);
    uint8_t value[MAX_VALUE_BYTES];
    size_t n_value, n_most = stack->att.mtu - reply->n_bytes;

    if (error != RIG_ATT_OK)
        return error;
    if (attribute->source == SIM_GATT_FROM_FIRMWARE)
        error = (enum rig_att_error)sim_ble_take_read(stack->ble, attribute->characteristic, value, &n_value);
    else
        n_value = value_of(stack, attribute, value);
    if (error != RIG_ATT_OK)
        return error;
    if (offset > n_value)
        return RIG_ATT_ERROR_INVALID_OFFSET;
    n_value -= offset;
    append(reply, value + offset, n_value < n_most ? n_value : n_most);
    note_read(stack, attribute);
    return RIG_ATT_OK;
}

static enum rig_att_error att_read(struct sim_stack *stack, const uint8_t *parameters, size_t n_bytes,
                                   struct att_reply *reply, uint16_t *at)
{
    return n_bytes == 2 ? read_from(stack, parameters, 0, reply, at) : RIG_ATT_ERROR_INVALID_PDU;
}

static enum rig_att_error att_read_blob(struct sim_stack *stack, const uint8_t *parameters, size_t n_bytes,
                                        struct att_reply *reply, uint16_t *at)
{
    return n_bytes == 4 ? read_from(stack, parameters, rig_get_le16(parameters + 2), reply, at)
                        : RIG_ATT_ERROR_INVALID_PDU;
}

static enum rig_att_error att_read_multiple(struct sim_stack *stack, const uint8_t *parameters,
                                            size_t n_bytes, struct att_reply *reply, uint16_t *at)
{
    if (n_bytes < 4 || n_bytes % 2)
        return RIG_ATT_ERROR_INVALID_PDU;
    for (size_t i = 0; i < n_bytes; i += 2) {
        enum rig_att_error error = read_from(stack, parameters + i, 0, reply, at);

        if (error != RIG_ATT_OK)
            return error;
    }
    return RIG_ATT_OK;
}

#define NOTIFY_BIT 1u
#define INDICATE_BIT 2u
#define KNOWN_FEATURES 0x07u

static void note_change_subscription(struct sim_stack *stack)
{
    stack->ble->wants_changes =
        stack->table.service_changed && stack->att.ccc[stack->table.service_changed_ccc] & INDICATE_BIT;
}

static enum rig_att_error write_ccc(struct sim_stack *stack, const struct sim_gatt_attribute *attribute,
                                    const uint8_t *value, size_t n_bytes)
{
    uint16_t allowed = (attribute->properties & SIM_GATT_NOTIFY ? NOTIFY_BIT : 0) |
                       (attribute->properties & SIM_GATT_INDICATE ? INDICATE_BIT : 0);
    uint16_t wanted;
    uint8_t error = 0;

    if (n_bytes != 2)
        return RIG_ATT_ERROR_INVALID_LENGTH;
    wanted = rig_get_le16(value);
    if (wanted & ~allowed)
        return RIG_ATT_ERROR_VALUE_NOT_ALLOWED;
    if (attribute->characteristic != SIM_GATT_NO_CCC)
        error = sim_ble_take_subscription(stack->ble, attribute->characteristic,
                                          (enum sim_gatt_subscription)wanted);
    if (error)
        return (enum rig_att_error)error;
    stack->att.ccc[attribute->ccc] = wanted;
    note_change_subscription(stack);
    att_keep(stack);
    return RIG_ATT_OK;
}

/* [SPEC Part G 7.2] Bits are set, never taken back. */
static enum rig_att_error write_features(struct sim_stack *stack, const uint8_t *value, size_t n_bytes)
{
    if (n_bytes == 0)
        return RIG_ATT_ERROR_INVALID_LENGTH;
    if (stack->att.client_features & ~value[0])
        return RIG_ATT_ERROR_VALUE_NOT_ALLOWED;
    stack->att.client_features = value[0] & KNOWN_FEATURES;
    att_keep(stack);
    return RIG_ATT_OK;
}

static enum rig_att_error att_take_write(struct sim_stack *stack, bool with_response,
                                         const uint8_t *parameters, size_t n_bytes, uint16_t *at)
{
    const struct sim_gatt_attribute *attribute;
    enum rig_att_error error;

    if (n_bytes < 2)
        return RIG_ATT_ERROR_INVALID_PDU;
    *at = rig_get_le16(parameters);
    attribute = sim_gatt_find(&stack->table, *at);
    if (!attribute)
        return RIG_ATT_ERROR_INVALID_HANDLE;
    error = att_may(stack, attribute, with_response ? SIM_GATT_MAY_WRITE : SIM_GATT_MAY_COMMAND);
    if (error != RIG_ATT_OK)
        return error;
    parameters += 2;
    n_bytes -= 2;
    if (attribute->max_bytes > 0 && n_bytes > attribute->max_bytes)
        return RIG_ATT_ERROR_INVALID_LENGTH;
    switch (attribute->source) {
    case SIM_GATT_FROM_CCC:
        return write_ccc(stack, attribute, parameters, n_bytes);
    case SIM_GATT_FROM_CLIENT_FEATURES:
        return write_features(stack, parameters, n_bytes);
    case SIM_GATT_FROM_FIRMWARE:
        return att_pass(stack, &(struct sim_pdu){.direction = SIM_PDU_WRITES,
                                                 .characteristic = attribute->characteristic,
                                                 .acknowledged = with_response,
                                                 .value = parameters,
                                                 .n_bytes = n_bytes});
    case SIM_GATT_FROM_TABLE:
    case SIM_GATT_FROM_NAME:
    case SIM_GATT_FROM_APPEARANCE:
    case SIM_GATT_FROM_PREFERRED:
    case SIM_GATT_FROM_RESOLUTION:
    case SIM_GATT_FROM_SERVICE_CHANGED:
    case SIM_GATT_FROM_HASH:
    case SIM_GATT_FROM_REVISION:
        break;
    }
    return RIG_ATT_ERROR_WRITE_NOT_PERMITTED;
}

static enum rig_att_error att_write(struct sim_stack *stack, const uint8_t *parameters, size_t n_bytes,
                                    struct att_reply *reply, uint16_t *at)
{
    (void)reply;
    return att_take_write(stack, true, parameters, n_bytes, at);
}

#define TRANSACTION_TIMEOUT_US 30000000u
#define ROBUST_CACHING 0x01
#define KEPT_FREE_FRAMES 8u /* of the queue, for answers and pairing beside notifications */

void att_reset(struct sim_stack *stack)
{
    memset(&stack->att, 0, sizeof stack->att);
    stack->att.mtu = ATT_MIN_MTU;
}

static enum rig_att_error exchange_mtu(struct sim_stack *stack, const uint8_t *parameters, size_t n_bytes,
                                       struct att_reply *reply, uint16_t *at)
{
    uint16_t own, theirs;

    (void)at;
    if (n_bytes != 2)
        return RIG_ATT_ERROR_INVALID_PDU;
    if (stack->att.mtu_exchanged)
        return RIG_ATT_ERROR_NOT_SUPPORTED;
    theirs = rig_get_le16(parameters);
    if (theirs < ATT_MIN_MTU)
        return RIG_ATT_ERROR_INVALID_PDU;
    own = sim_ble_agreed_mtu(stack->ble, stack->ble->services.whole_words ? theirs : SIM_BLE_MAX_MTU);
    stack->att.mtu_exchanged = true;
    rig_put_le16(reply->bytes + 1, own);
    reply->n_bytes = 3;
    stack->att.mtu = theirs < own ? theirs : own;
    stack->ble->mtu = stack->att.mtu;
    stack_tell(stack, "mtu %u", stack->att.mtu);
    return RIG_ATT_OK;
}

struct request {
    uint8_t opcode;
    bool by_number; /* means something else to a client with an old table */
    att_request serve;
};

static const struct request *find_request(uint8_t opcode)
{
    static const struct request requests[] = {
        {RIG_ATT_EXCHANGE_MTU_REQUEST, false, exchange_mtu},
        {RIG_ATT_FIND_INFORMATION_REQUEST, false, att_find_information},
        {RIG_ATT_FIND_BY_TYPE_VALUE_REQUEST, false, att_find_by_type_value},
        {RIG_ATT_READ_BY_TYPE_REQUEST, false, att_read_by_type},
        {RIG_ATT_READ_REQUEST, true, att_read},
        {RIG_ATT_READ_BLOB_REQUEST, true, att_read_blob},
        {RIG_ATT_READ_MULTIPLE_REQUEST, true, att_read_multiple},
        {RIG_ATT_READ_BY_GROUP_TYPE_REQUEST, false, att_read_by_group_type},
        {RIG_ATT_WRITE_REQUEST, true, att_write},
    };

    for (unsigned i = 0; i < sizeof requests / sizeof *requests; i++)
        if (requests[i].opcode == opcode)
            return &requests[i];
    return NULL;
}

/* [SPEC Part G 2.5.2.1] A client that asked for it is told once that its table is old; its next request says
 * that it has understood. */
static bool out_of_sync(struct sim_stack *stack, const struct request *request)
{
    struct att *att = &stack->att;

    if (!att->unaware)
        return false;
    if (att->out_of_sync_told) {
        att->unaware = att->out_of_sync_told = false;
        att_keep(stack);
        return false;
    }
    if (!request->by_number || !(att->client_features & ROBUST_CACHING))
        return false;
    att->out_of_sync_told = true;
    return true;
}

static void send_error(struct sim_stack *stack, uint8_t opcode, uint16_t at, enum rig_att_error error)
{
    uint8_t pdu[5] = {RIG_ATT_ERROR_RESPONSE, opcode, 0, 0, (uint8_t)error};

    rig_put_le16(pdu + 2, at);
    hci_send_frame(stack, RIG_L2CAP_CID_ATT, pdu, sizeof pdu);
}

static void take_request(struct sim_stack *stack, const uint8_t *pdu, size_t n_bytes)
{
    const struct request *request = find_request(pdu[0]);
    struct att_reply reply = {.n_bytes = 1};
    enum rig_att_error error = RIG_ATT_ERROR_NOT_SUPPORTED;
    struct att_reply *forced = &stack->forced_answer;
    uint16_t at = 0;

    if (forced->n_bytes > 0) {
        hci_send_frame(stack, RIG_L2CAP_CID_ATT, forced->bytes, forced->n_bytes);
        forced->n_bytes = 0;
        return;
    }
    if (request)
        error = out_of_sync(stack, request) ? RIG_ATT_ERROR_OUT_OF_SYNC
                                            : request->serve(stack, pdu + 1, n_bytes - 1, &reply, &at);
    if (error != RIG_ATT_OK) {
        send_error(stack, pdu[0], at, error);
        return;
    }
    reply.bytes[0] = (uint8_t)(pdu[0] + 1);
    if (stack->ble->config.misbehaves & SIM_BLE_CUTS_ATT_ANSWERS && reply.n_bytes > 2)
        reply.n_bytes = 2;
    hci_send_frame(stack, RIG_L2CAP_CID_ATT, reply.bytes, reply.n_bytes);
    misbehave_after_att_answer(stack);
}

/* A command has no answer: what cannot be done is not done. */
static void take_command(struct sim_stack *stack, const uint8_t *pdu, size_t n_bytes)
{
    const struct sim_gatt_attribute *attribute;
    uint16_t at = 0;

    if (pdu[0] != RIG_ATT_WRITE_COMMAND ||
        (stack->att.unaware && stack->att.client_features & ROBUST_CACHING))
        return;
    attribute = n_bytes >= 3 ? sim_gatt_find(&stack->table, rig_get_le16(pdu + 1)) : NULL;
    if (attribute && attribute->source == SIM_GATT_FROM_FIRMWARE &&
        att_take_write(stack, false, pdu + 1, n_bytes - 1, &at) != RIG_ATT_OK)
        stack_tell(stack, "a write command was dropped");
}

static void confirmed(struct sim_stack *stack)
{
    if (!stack->att.indicating)
        return;
    stack->att.indicating = false;
    if (!stack->att.indicates_change) {
        sim_ble_take_confirmation(stack->ble);
        return;
    }
    stack->att.unaware = stack->att.out_of_sync_told = false;
    sim_ble_take_change_confirmation(stack->ble);
    att_keep(stack);
}

void att_receive(struct sim_stack *stack, const uint8_t *pdu, size_t n_bytes)
{
    if (n_bytes > stack->att.mtu)
        return;
    if (pdu[0] == RIG_ATT_CONFIRMATION)
        confirmed(stack);
    else if (pdu[0] & RIG_ATT_COMMAND_BIT)
        take_command(stack, pdu, n_bytes);
    else if (!(pdu[0] & 1)) /* requests are even, answers odd: nobody asked for one */
        take_request(stack, pdu, n_bytes);
}

/* --- notifications and indications --- */

static void awaits_confirmation(struct sim_stack *stack, bool of_change)
{
    stack->att.indicating = true;
    stack->att.indicates_change = of_change;
    stack->att.confirm_due_us = stack->now_us + TRANSACTION_TIMEOUT_US;
}

static void send_value(struct sim_stack *stack, const struct sim_pdu *sent)
{
    uint8_t pdu[SIM_BLE_MAX_MTU] = {sent->acknowledged ? RIG_ATT_INDICATION : RIG_ATT_NOTIFICATION};
    size_t n_bytes = sent->n_bytes > stack->att.mtu - 3u ? stack->att.mtu - 3u : sent->n_bytes;

    /* Of a service that is gone. */
    if (!stack->table.value[sent->characteristic])
        return;
    rig_put_le16(pdu + 1, stack->table.value[sent->characteristic]);
    memcpy(pdu + 3, sent->value, n_bytes);
    if (hci_send_frame(stack, RIG_L2CAP_CID_ATT, pdu, 3 + n_bytes) && sent->acknowledged)
        awaits_confirmation(stack, false);
}

static void deliver(void *user, const struct sim_pdu *pdu)
{
    struct sim_stack *stack = user;

    if (pdu->direction == SIM_PDU_WRITES)
        stack->write_error = (enum rig_att_error)sim_ble_take_write(
            stack->ble, pdu->characteristic, pdu->acknowledged, pdu->value, pdu->n_bytes);
    else
        send_value(stack, pdu);
}

static void hang_up(void *user, uint8_t reason)
{
    link_end(user, reason);
}

static void vanish(void *user)
{
    struct sim_stack *stack = user;

    stack->upper->vanish(stack);
}

static struct sim_pdu_way way_of(struct sim_stack *stack)
{
    return (struct sim_pdu_way){.deliver = deliver, .hang_up = hang_up, .vanish = vanish, .user = stack};
}

static enum rig_att_error att_pass(struct sim_stack *stack, const struct sim_pdu *pdu)
{
    struct sim_pdu_way way = way_of(stack);
    uint32_t n_struck = stack->faults.n_struck;
    char text[SIM_PDU_STRIKE_TEXT_BYTES];

    stack->write_error = RIG_ATT_OK;
    sim_pdu_faults_pass(&stack->faults, stack->now_us, pdu, &way);
    if (stack->faults.n_struck != n_struck) {
        sim_pdu_strike_text(&stack->faults.last, text, sizeof text);
        stack_tell(stack, SIM_PDU_STRIKE_PREFIX "%s", text);
    }
    return stack->write_error;
}

void att_release(struct sim_stack *stack)
{
    struct sim_pdu_way way = way_of(stack);

    sim_pdu_faults_release(&stack->faults, stack->now_us, &way);
}

/* One indication at a time [SPEC Part F 3.4.7.2]: what comes behind it waits. */
static void send_arrived(struct sim_stack *stack)
{
    const struct sim_ble_packet *next;

    while (hci_room_frames(stack) > KEPT_FREE_FRAMES && (next = sim_ble_arrived(stack->ble)) &&
           !(next->indicated && stack->att.indicating)) {
        const struct sim_ble_packet packet = *next;

        sim_ble_drop_arrived(stack->ble);
        if (!stack->link.silent)
            att_pass(stack, &(struct sim_pdu){.direction = SIM_PDU_NOTIFICATIONS,
                                              .characteristic = packet.characteristic,
                                              .acknowledged = packet.indicated,
                                              .value = packet.bytes,
                                              .n_bytes = packet.n_bytes});
    }
}

void att_indicate_change(struct sim_stack *stack)
{
    stack->att.change_pending = stack->table.service_changed != 0;
}

static bool same_attribute(const struct sim_gatt_attribute *one, const struct sim_gatt_attribute *other)
{
    return one->type.n_bytes == other->type.n_bytes &&
           memcmp(one->type.bytes, other->type.bytes, one->type.n_bytes) == 0 &&
           one->value.n_bytes == other->value.n_bytes &&
           memcmp(one->value.bytes, other->value.bytes, one->value.n_bytes) == 0 &&
           one->properties == other->properties;
}

/* Services came or went behind the others, whose numbers stay. A client that knows the hash of the table
 * knows an old one [SRC zephyr subsys/bluetooth/host/gatt.c db_changed()]. */
void att_take_table(struct sim_stack *stack, const struct sim_gatt_table *before)
{
    const struct sim_gatt_table *table = &stack->table;
    unsigned n_both = table->n_attributes < before->n_attributes ? table->n_attributes : before->n_attributes;
    unsigned n_all = table->n_attributes + before->n_attributes - n_both;
    struct att *att = &stack->att;
    unsigned n_same = 0;

    while (n_same < n_both && same_attribute(&table->attributes[n_same], &before->attributes[n_same]))
        n_same++;
    if (n_same == n_all)
        return;
    for (unsigned i = table->n_ccc; i < SIM_GATT_MAX_CCC; i++)
        att->ccc[i] = 0;
    if (!att->change_first || n_same + 1 < att->change_first)
        att->change_first = (uint16_t)(n_same + 1);
    if (n_all > att->change_last)
        att->change_last = (uint16_t)n_all;
    att->unaware = true;
    att->out_of_sync_told = false;
}

static void send_change(struct sim_stack *stack)
{
    uint8_t pdu[7] = {RIG_ATT_INDICATION};
    struct att *att = &stack->att;

    if (stack->ble->change_pending)
        att_indicate_change(stack);
    stack->ble->change_pending = false;
    if (!att->change_pending || att->indicating || !(att->ccc[stack->table.service_changed_ccc] & 2))
        return;
    rig_put_le16(pdu + 1, stack->table.service_changed);
    rig_put_le16(pdu + 3, att->change_first ? att->change_first : stack->table.first);
    rig_put_le16(pdu + 5, att->change_first ? att->change_last : 0xffff);
    if (!hci_send_frame(stack, RIG_L2CAP_CID_ATT, pdu, sizeof pdu))
        return;
    att->change_first = att->change_last = 0;
    att->change_pending = false;
    awaits_confirmation(stack, true);
}

void att_tick(struct sim_stack *stack)
{
    if (!stack->link.up)
        return;
    send_change(stack);
    send_arrived(stack);
    if (stack->att.indicating && stack->now_us >= stack->att.confirm_due_us) {
        /* [SPEC Part F 3.3.3] No more ATT on this bearer: nothing is left but to hang up. */
        stack->att.indicating = false;
        stack_tell(stack, "an indication was not confirmed");
        link_end(stack, RIG_HCI_ERROR_REMOTE_USER);
    }
}

/* --- what outlives the link --- */

static void att_keep(struct sim_stack *stack)
{
    struct sim_bond *bond = sim_ble_bond(stack->ble, stack->link.peer.type);

    if (!bond || !stack->link.encrypted)
        return;
    memcpy(bond->ccc, stack->att.ccc, sizeof bond->ccc);
    bond->client_features = stack->att.client_features;
    bond->wants_changes = stack->ble->wants_changes;
    if (!stack->att.unaware) {
        bond->knows_table = true;
        memcpy(bond->table_hash, stack->table.hash, sizeof bond->table_hash);
    }
}

static void resubscribe(struct sim_stack *stack)
{
    for (unsigned i = 0; i < SIM_GATT_MAX_CHARACTERISTICS; i++)
        if (stack->table.value[i] && stack->table.ccc[i] != SIM_GATT_NO_CCC)
            (void)sim_ble_take_subscription(stack->ble, i,
                                            (enum sim_gatt_subscription)stack->att.ccc[stack->table.ccc[i]]);
}

static void restore_for_this_table(struct sim_stack *stack, const struct sim_bond *bond)
{
    if (bond->knows_table && memcmp(bond->table_hash, stack->table.hash, sizeof bond->table_hash) == 0) {
        memcpy(stack->att.ccc, bond->ccc, sizeof stack->att.ccc);
        resubscribe(stack);
    } else if (bond->wants_changes && stack->table.service_changed) {
        stack->att.ccc[stack->table.service_changed_ccc] = INDICATE_BIT;
    }
}

void att_restore(struct sim_stack *stack)
{
    struct sim_bond *bond = sim_ble_bond(stack->ble, stack->link.peer.type);
    struct att *att = &stack->att;

    if (!bond || !stack->link.encrypted)
        return;
    if (stack->table.softdevice) {
        restore_for_this_table(stack, bond);
    } else if (bond->knows_table) {
        memcpy(att->ccc, bond->ccc, sizeof att->ccc);
        att->client_features = bond->client_features;
        att->unaware = memcmp(bond->table_hash, stack->table.hash, sizeof bond->table_hash) != 0;
        if (att->unaware)
            att_indicate_change(stack);
        resubscribe(stack);
    }
    note_change_subscription(stack);
    att_keep(stack);
}
