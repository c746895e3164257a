/* SPDX-License-Identifier: GPL-3.0-or-later */
/* L2CAP over LE: frames out of ACL packets, the fixed channels, LE signalling. [SPEC Core Vol 3 Part A] */
#include "sim/chip/host/internal.h"

#include "base/bytes.h"

#include <string.h>

#define SIGNAL_MTU 23u
#define REJECT_NOT_UNDERSTOOD 0u
#define REJECT_MTU_EXCEEDED 1u

void l2cap_reset(struct sim_stack *stack)
{
    memset(&stack->l2cap, 0, sizeof stack->l2cap);
}

static void reject(struct sim_stack *stack, uint8_t identifier, uint16_t reason, bool with_mtu)
{
    uint8_t pdu[8] = {RIG_L2CAP_COMMAND_REJECT, identifier, with_mtu ? 4 : 2, 0};

    rig_put_le16(pdu + 4, reason);
    rig_put_le16(pdu + 6, SIGNAL_MTU);
    hci_send_frame(stack, RIG_L2CAP_CID_SIGNALS, pdu, with_mtu ? 8 : 6);
}

/* Codes of answers: nothing is to be said to one that nobody asked for. */
static bool is_answer(uint8_t code)
{
    static const uint8_t answers[] = {0x01, 0x03, 0x05, 0x07, 0x09, 0x0b, 0x0d,
                                      0x0f, 0x11, 0x13, 0x15, 0x18, 0x1a};

    return memchr(answers, code, sizeof answers) != NULL;
}

static void take_signal(struct sim_stack *stack, const uint8_t *pdu, size_t n_bytes)
{
    /* One command in a frame; anything else is a bad frame and goes nowhere. */
    if (n_bytes < 4 || rig_get_le16(pdu + 2) != n_bytes - 4)
        return;
    if (n_bytes > SIGNAL_MTU) {
        reject(stack, pdu[1], REJECT_MTU_EXCEEDED, true);
    } else if (pdu[0] == RIG_L2CAP_CONNECTION_PARAMETER_UPDATE_RESPONSE && stack->l2cap.parameters_asked &&
               n_bytes == 6 && pdu[1] == stack->l2cap.identifier) {
        stack->l2cap.parameters_asked = false;
        stack_tell(stack, "connection parameters %s", rig_get_le16(pdu + 4) == 0 ? "accepted" : "rejected");
    } else if (!is_answer(pdu[0])) {
        reject(stack, pdu[1], REJECT_NOT_UNDERSTOOD, false);
    }
}

void l2cap_ask_parameters(struct sim_stack *stack, uint16_t min, uint16_t max, uint16_t latency,
                          uint16_t timeout_10ms)
{
    uint8_t pdu[12] = {RIG_L2CAP_CONNECTION_PARAMETER_UPDATE_REQUEST, 0, 8, 0};

    if (++stack->l2cap.identifier == 0)
        stack->l2cap.identifier = 1;
    pdu[1] = stack->l2cap.identifier;
    rig_put_le16(pdu + 4, min);
    rig_put_le16(pdu + 6, max);
    rig_put_le16(pdu + 8, latency);
    rig_put_le16(pdu + 10, timeout_10ms);
    stack->l2cap.parameters_asked = true;
    hci_send_frame(stack, RIG_L2CAP_CID_SIGNALS, pdu, sizeof pdu);
}

static void take_frame(struct sim_stack *stack, const uint8_t *frame, size_t n_bytes)
{
    const uint8_t *pdu = frame + RIG_L2CAP_HEADER_BYTES;
    size_t n_pdu = n_bytes - RIG_L2CAP_HEADER_BYTES;

    switch (rig_get_le16(frame + 2)) {
    case RIG_L2CAP_CID_ATT:
        if (n_pdu > 0 && !stack->link.silent)
            stack->upper->att(stack, pdu, n_pdu);
        break;
    case RIG_L2CAP_CID_SIGNALS:
        take_signal(stack, pdu, n_pdu);
        break;
    case RIG_L2CAP_CID_SM:
        if (n_pdu > 0 && !stack->link.silent)
            stack->upper->security(stack, pdu, n_pdu);
        break;
    default: /* [SPEC Part A 2.1] channels that are not there: the frame is dropped */
        break;
    }
}

/* The header is whole: may the frame be? */
static void measure(struct l2cap *l2cap)
{
    size_t n_frame = RIG_L2CAP_HEADER_BYTES + rig_get_le16(l2cap->frame);

    l2cap->n_expected = n_frame;
    if (n_frame > sizeof l2cap->frame) {
        l2cap->n_skip = n_frame - l2cap->n_frame;
        l2cap->n_frame = l2cap->n_expected = 0;
    }
}

static size_t take_bytes(struct l2cap *l2cap, const uint8_t *bytes, size_t n_bytes)
{
    size_t n_wanted = l2cap->n_expected ? l2cap->n_expected : RIG_L2CAP_HEADER_BYTES;
    size_t n_taken = n_wanted - l2cap->n_frame < n_bytes ? n_wanted - l2cap->n_frame : n_bytes;

    memcpy(l2cap->frame + l2cap->n_frame, bytes, n_taken);
    l2cap->n_frame += n_taken;
    if (!l2cap->n_expected && l2cap->n_frame == RIG_L2CAP_HEADER_BYTES)
        measure(l2cap);
    return n_taken;
}

void l2cap_receive(struct sim_stack *stack, bool first, const uint8_t *bytes, size_t n_bytes)
{
    struct l2cap *l2cap = &stack->l2cap;
    size_t n_taken;

    if (first)
        l2cap->n_frame = l2cap->n_expected = l2cap->n_skip = 0;
    else if (l2cap->n_frame == 0 && l2cap->n_skip == 0)
        return; /* goes on with what never began */
    while (n_bytes > 0 && l2cap->n_skip == 0) {
        n_taken = take_bytes(l2cap, bytes, n_bytes);
        bytes += n_taken;
        n_bytes -= n_taken;
        if (!l2cap->n_expected || l2cap->n_frame < l2cap->n_expected)
            continue;
        n_taken = l2cap->n_expected;
        l2cap->n_frame = l2cap->n_expected = 0;
        take_frame(stack, l2cap->frame, n_taken);
        return; /* one frame in a packet: bytes behind it are nobody's */
    }
    l2cap->n_skip -= n_bytes < l2cap->n_skip ? n_bytes : l2cap->n_skip;
}
