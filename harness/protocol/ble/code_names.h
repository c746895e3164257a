/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Names of the numbers that Bluetooth LE packets carry, from the tables of codes.h; NULL for numbers that are
 * not there. GLib-free. */
#ifndef RIG_PROTOCOL_BLE_CODE_NAMES_H
#define RIG_PROTOCOL_BLE_CODE_NAMES_H

#include "protocol/ble/codes.h"

#include <stddef.h>
#include <stdint.h>

struct rig_ble_name {
    uint16_t number;
    const char *text;
};
/* static const struct rig_ble_name events[] = {RIG_HCI_EVENTS(RIG_BLE_NAME)}; */
#define RIG_BLE_NAME(constant, number, text) {number, text},
#define RIG_BLE_FIND(names, number) rig_ble_find_name(names, sizeof(names) / sizeof *(names), number)
const char *rig_ble_find_name(const struct rig_ble_name *names, size_t n_names, uint16_t number);

const char *rig_att_opcode_name(uint8_t opcode); /* "Write Command" */
const char *rig_sm_reason_text(uint8_t reason);  /* of Pairing Failed */

#endif
