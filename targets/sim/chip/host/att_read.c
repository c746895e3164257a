/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Discovery and reading. [SPEC Core Vol 3 Part F 3.4.3, 3.4.4] */
#include "sim/chip/host/internal.h"

#include "base/bytes.h"

#include <stdio.h>
#include <string.h>

#define MAX_VALUE_BYTES 64u

/* What a link lacks for this access. A peer that has a key but does not use it is told to encrypt, one
 * without to pair [SPEC Vol 3 Part C 10.3.1]. */
enum rig_att_error att_may(const struct sim_stack *stack, const struct sim_gatt_attribute *attribute,
                           bool write)
{
    if (!(attribute->permissions & (write ? SIM_GATT_MAY_WRITE : SIM_GATT_MAY_READ)))
        return write ? RIG_ATT_ERROR_WRITE_NOT_PERMITTED : RIG_ATT_ERROR_READ_NOT_PERMITTED;
    if (attribute->permissions & SIM_GATT_NEEDS_AUTHENTICATION && stack->link.encrypted &&
        !stack->link.authenticated)
        return RIG_ATT_ERROR_INSUFFICIENT_AUTHENTICATION;
    if (attribute->permissions & (SIM_GATT_NEEDS_ENCRYPTION | SIM_GATT_NEEDS_AUTHENTICATION) &&
        !stack->link.encrypted)
        return stack_bond(stack) ? RIG_ATT_ERROR_INSUFFICIENT_ENCRYPTION
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

enum rig_att_error att_find_information(struct sim_stack *stack, const uint8_t *parameters, size_t n_bytes,
                                        struct att_reply *reply, uint16_t *at)
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

enum rig_att_error att_find_by_type_value(struct sim_stack *stack, const uint8_t *parameters, size_t n_bytes,
                                          struct att_reply *reply, uint16_t *at)
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
            att_may(stack, attribute, false) != RIG_ATT_OK)
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
        error = att_may(stack, attribute, false);
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

enum rig_att_error att_read_by_type(struct sim_stack *stack, const uint8_t *parameters, size_t n_bytes,
                                    struct att_reply *reply, uint16_t *at)
{
    if (n_bytes != 6 && n_bytes != 20)
        return RIG_ATT_ERROR_INVALID_PDU;
    return list(stack, parameters, n_bytes - 4, false, reply, at);
}

enum rig_att_error att_read_by_group_type(struct sim_stack *stack, const uint8_t *parameters, size_t n_bytes,
                                          struct att_reply *reply, uint16_t *at)
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
    return *attribute ? att_may(stack, *attribute, false) : RIG_ATT_ERROR_INVALID_HANDLE;
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

enum rig_att_error att_read(struct sim_stack *stack, const uint8_t *parameters, size_t n_bytes,
                            struct att_reply *reply, uint16_t *at)
{
    return n_bytes == 2 ? read_from(stack, parameters, 0, reply, at) : RIG_ATT_ERROR_INVALID_PDU;
}

enum rig_att_error att_read_blob(struct sim_stack *stack, const uint8_t *parameters, size_t n_bytes,
                                 struct att_reply *reply, uint16_t *at)
{
    return n_bytes == 4 ? read_from(stack, parameters, rig_get_le16(parameters + 2), reply, at)
                        : RIG_ATT_ERROR_INVALID_PDU;
}

enum rig_att_error att_read_multiple(struct sim_stack *stack, const uint8_t *parameters, size_t n_bytes,
                                     struct att_reply *reply, uint16_t *at)
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
