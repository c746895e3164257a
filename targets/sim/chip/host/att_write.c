/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Writing: descriptors, client features, and the update characteristic that hands it to the board.
 * [SPEC Core Vol 3 Part F 3.4.5; Part G 3.3.3.3, 7.2] */
#include "sim/chip/host/internal.h"

#include "base/bytes.h"

#include <string.h>

#define NOTIFY_BIT 1u
#define INDICATE_BIT 2u
#define KNOWN_FEATURES 0x07u

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

enum rig_att_error att_take_write(struct sim_stack *stack, bool with_response, const uint8_t *parameters,
                                  size_t n_bytes, uint16_t *at)
{
    const struct sim_gatt_attribute *attribute;
    enum rig_att_error error;

    if (n_bytes < 2)
        return RIG_ATT_ERROR_INVALID_PDU;
    *at = rig_get_le16(parameters);
    attribute = sim_gatt_find(&stack->table, *at);
    if (!attribute)
        return RIG_ATT_ERROR_INVALID_HANDLE;
    error = att_may(stack, attribute, true);
    if (error != RIG_ATT_OK)
        return error;
    parameters += 2;
    n_bytes -= 2;
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
    case SIM_GATT_FROM_SERVICE_CHANGED:
    case SIM_GATT_FROM_HASH:
    case SIM_GATT_FROM_REVISION:
        break;
    }
    return RIG_ATT_ERROR_WRITE_NOT_PERMITTED;
}

enum rig_att_error att_write(struct sim_stack *stack, const uint8_t *parameters, size_t n_bytes,
                             struct att_reply *reply, uint16_t *at)
{
    (void)reply;
    return att_take_write(stack, true, parameters, n_bytes, at);
}
