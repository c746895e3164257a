/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a hostile peripheral sends, of which the layers above know nothing. */
#include "sim/chip/host/internal.h"

#include <string.h>

struct nonsense {
    enum sim_ble_misbehaviour kind;
    uint16_t channel;
    uint8_t n_bytes;
    uint8_t bytes[20];
};
/* clang-format off */
static const struct nonsense after_att_answers[] = {
    {SIM_BLE_UNKNOWN_ATT, RIG_L2CAP_CID_ATT, 1, {0x3f}},
    {SIM_BLE_UNKNOWN_ATT, RIG_L2CAP_CID_ATT, 4, {0x2e, 0xff, 0xff, 0xff}},
    {SIM_BLE_UNKNOWN_ATT, RIG_L2CAP_CID_ATT, 3, {0x7f, 0x00, 0x01}},   /* a command */
    {SIM_BLE_UNKNOWN_ATT, RIG_L2CAP_CID_ATT, 2, {0x1b, 0x11}},         /* half a notification */
    {SIM_BLE_UNKNOWN_ATT, RIG_L2CAP_CID_ATT, 3, {0x1d, 0xff, 0xff}},   /* indicates what is not there */
    {SIM_BLE_UNASKED_ATT_ANSWERS, RIG_L2CAP_CID_ATT, 1, {0x13}},
    {SIM_BLE_UNASKED_ATT_ANSWERS, RIG_L2CAP_CID_ATT, 5, {0x0b, 1, 2, 3, 4}},
};
static const struct nonsense at_connection[] = {
    {SIM_BLE_UNASKED_PAIRING, RIG_L2CAP_CID_SM, 17, {0x0d, 1, 2, 3}},  /* DHKey check */
    {SIM_BLE_UNASKED_PAIRING, RIG_L2CAP_CID_SM, 17, {0x04, 1, 2, 3}},  /* random */
    {SIM_BLE_UNASKED_PAIRING, RIG_L2CAP_CID_SM, 17, {0x06, 1, 2, 3}},  /* a key */
    {SIM_BLE_UNASKED_PAIRING, RIG_L2CAP_CID_SM, 7, {0x02, 3, 0, 1, 16, 0, 0}}, /* answers no request */
    {SIM_BLE_UNASKED_PAIRING, RIG_L2CAP_CID_SM, 2, {0xfe, 0}},
    {SIM_BLE_BROKEN_SIGNALLING, RIG_L2CAP_CID_SIGNALS, 2, {0x12, 0x01}},
    {SIM_BLE_BROKEN_SIGNALLING, RIG_L2CAP_CID_SIGNALS, 4, {0x12, 0x01, 0xff, 0xff}},
    {SIM_BLE_BROKEN_SIGNALLING, RIG_L2CAP_CID_SIGNALS, 12, {0x12, 0x02, 8, 0, 0xff, 0xff, 0, 0, 0xff, 0xff, 0, 0}},
    {SIM_BLE_BROKEN_SIGNALLING, RIG_L2CAP_CID_SIGNALS, 5, {0xee, 0x03, 1, 0, 0}},
    {SIM_BLE_BROKEN_SIGNALLING, RIG_L2CAP_CID_SIGNALS, 6, {0x13, 0x44, 2, 0, 0, 0}},
};
static const struct nonsense before_pairing_response[] = {
    {SIM_BLE_UNASKED_PAIRING, RIG_L2CAP_CID_SM, 17, {0x0d, 4, 5, 6}},
    {SIM_BLE_UNASKED_PAIRING, RIG_L2CAP_CID_SM, 17, {0x03, 4, 5, 6}},  /* confirm */
    {SIM_BLE_CUTS_PAIRING, RIG_L2CAP_CID_SM, 3, {0x02, 3, 0}},
};
/* Flags, a name of length 0, a service that is too short, a field that reaches beyond the end. */
static const uint8_t broken_advertisement[] = {2, 1, 6, 1, 9, 0, 3, 7, 0x84, 0xaa, 0xff, 9, 'x'};
/* clang-format on */

static void send(struct sim_stack *stack, const struct nonsense *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (stack->ble->config.misbehaves & list[i].kind)
            hci_send_frame(stack, list[i].channel, list[i].bytes, list[i].n_bytes);
}

void misbehave_at_connection(struct sim_stack *stack)
{
    send(stack, at_connection, sizeof at_connection / sizeof *at_connection);
}

void misbehave_after_att_answer(struct sim_stack *stack)
{
    send(stack, after_att_answers, sizeof after_att_answers / sizeof *after_att_answers);
}

bool misbehave_before_pairing_response(struct sim_stack *stack)
{
    send(stack, before_pairing_response, sizeof before_pairing_response / sizeof *before_pairing_response);
    return stack->ble->config.misbehaves & SIM_BLE_CUTS_PAIRING;
}

void misbehave_advertising(struct sim_stack *stack)
{
    struct own_advertising *own = &stack->own_advertising;

    if (!(stack->ble->config.misbehaves & SIM_BLE_BROKEN_ADVERTISING))
        return;
    own->used = true;
    own->n_advertisement = own->n_scan_response = sizeof broken_advertisement;
    memcpy(own->advertisement, broken_advertisement, sizeof broken_advertisement);
    memcpy(own->scan_response, broken_advertisement, sizeof broken_advertisement);
}
