/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Names of the numbers that Bluetooth LE packets carry. Only those that matter to firmware updates; NULL for
 * the others. GLib-free. Facts: [SPEC Core 5.4 vol 1 part F (reasons), vol 4 part E (HCI), vol 3 part F
 * (ATT), vol 3 part H (Security Manager)]. */
#ifndef RIG_PROTOCOL_BLE_NAMES_H
#define RIG_PROTOCOL_BLE_NAMES_H

#include <stdint.h>

const char *rig_hci_reason_text(uint8_t code);       /* "supervision time-out"; also statuses of events */
const char *rig_hci_command_name(uint16_t opcode);   /* OGF << 10 | OCF */
const char *rig_hci_event_name(uint8_t code);        /* "Encryption Change" */
const char *rig_hci_le_event_name(uint8_t subevent); /* of event 0x3E */
const char *rig_att_opcode_name(uint8_t opcode);     /* "Write Command" */
const char *rig_att_error_text(uint8_t code);
const char *rig_sm_code_name(uint8_t code);     /* "Pairing Request" */
const char *rig_sm_reason_text(uint8_t reason); /* of Pairing Failed */
const char *rig_l2cap_signal_name(uint8_t code);
const char *rig_ble_uuid16_name(uint16_t uuid);
/* 16 bytes as on the wire (least significant first): "SMP characteristic" and the few others of updates. */
const char *rig_ble_uuid128_name(const uint8_t uuid[16]);

#endif
