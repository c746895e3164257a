/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Names of numbers, from the tables of codes.h. */
#include "protocol/ble/code_names.h"

static const struct rig_ble_name att_opcodes[] = {RIG_ATT_OPCODES(RIG_BLE_NAME)};
static const struct rig_ble_name sm_reasons[] = {RIG_SM_REASONS(RIG_BLE_NAME)};

const char *rig_ble_find_name(const struct rig_ble_name *names, size_t n_names, uint16_t number)
{
    for (size_t i = 0; i < n_names; i++)
        if (names[i].number == number)
            return names[i].text;
    return NULL;
}

const char *rig_att_opcode_name(uint8_t opcode)
{
    return RIG_BLE_FIND(att_opcodes, opcode);
}

const char *rig_sm_reason_text(uint8_t reason)
{
    return RIG_BLE_FIND(sm_reasons, reason);
}
