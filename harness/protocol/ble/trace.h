/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reads a trace of HCI packets in their order and says each in one line for people: HCI commands and events,
 * L2CAP put together from its pieces, ATT, Security Manager, mcumgr SMP inside ATT; and explains the
 * signatures of failures that firmware updates know. Key material is never part of a line. No I/O; GLib-free;
 * any bytes may come in. Facts: [SPEC Core 5.4 vol 4 part E, vol 3 parts A, F, H], [SRC bluez
 * monitor/packet.c], signatures: [obs] captures of a lost bond and of lost links. */
#ifndef RIG_PROTOCOL_BLE_TRACE_H
#define RIG_PROTOCOL_BLE_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum rig_ble_kind {
    RIG_BLE_COMMAND,
    RIG_BLE_EVENT,
    RIG_BLE_ACL_OUT, /* from the host's side of this controller to the air */
    RIG_BLE_ACL_IN,
    RIG_BLE_SCO,
    RIG_BLE_ISO,
    RIG_BLE_NOTE,  /* text of the tool that captured, such as a step of a scenario */
    RIG_BLE_LOG,   /* what another program logged meanwhile, such as bluetoothd */
    RIG_BLE_STATE, /* text about a controller: "adapter opened" */
};

struct rig_ble_packet {
    enum rig_ble_kind kind;
    uint16_t controller;  /* index; packets of several do not mix */
    uint64_t time_us;     /* any origin, not falling */
    const uint8_t *bytes; /* without the H4 type */
    size_t n_bytes;
    size_t n_original; /* more than n_bytes: the capture cut it */
};

enum rig_ble_layer {
    RIG_BLE_HCI,
    RIG_BLE_L2CAP,
    RIG_BLE_SM,
    RIG_BLE_ATT,
    RIG_BLE_SMP, /* ATT that carries mcumgr SMP */
    RIG_BLE_DFU, /* ATT that carries Nordic DFU */
    RIG_BLE_MARK,
    RIG_BLE_DAEMON, /* RIG_BLE_LOG */
};
#define RIG_BLE_N_LAYERS 8
const char *
rig_ble_layer_name(enum rig_ble_layer layer); /* "hci", "l2cap", "sm", "att", "smp", "dfu", "mark", "log" */

#define RIG_BLE_TEXT_BYTES 400
#define RIG_BLE_EXPLANATION_BYTES 640
struct rig_ble_reading {
    enum rig_ble_layer layer;
    char direction; /* '<' host to air, '>' air to host, '=' neither */
    char text[RIG_BLE_TEXT_BYTES];
    char explanation[RIG_BLE_EXPLANATION_BYTES]; /* "" when there is nothing to explain */
};

/* What must be remembered between packets. Memory is bounded: 64 connections of at most 164 KiB. */
struct rig_ble_trace;
struct rig_ble_trace *rig_ble_trace_new(void); /* NULL: no memory */
void rig_ble_trace_free(struct rig_ble_trace *trace);

/* What a source that has no discovery says itself, such as the log of a phone: which characteristic (UUID,
 * least significant byte first) stands behind a value handle of the connection, and the agreed ATT_MTU. */
void rig_ble_trace_learn(struct rig_ble_trace *trace, uint16_t controller, uint16_t connection,
                         uint16_t value_handle, const uint8_t uuid[16]);
void rig_ble_trace_agree_mtu(struct rig_ble_trace *trace, uint16_t controller, uint16_t connection,
                             uint16_t mtu);

/* Takes the next packet. Returns true when it gave a line; false for pieces of a longer L2CAP PDU but the
 * last, and for events that are only bookkeeping (Number of Completed Packets). */
bool rig_ble_trace_take(struct rig_ble_trace *trace, const struct rig_ble_packet *packet,
                        struct rig_ble_reading *reading);

#endif
