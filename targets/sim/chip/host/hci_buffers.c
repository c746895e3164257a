/* SPDX-License-Identifier: GPL-3.0-or-later */
/* L2CAP frames on their way into the controller's ACL buffers, as many packets at a time as it has room for.
 * [SPEC Core Vol 4 Part E 4.1.1, 5.4.2] */
#include "sim/chip/host/internal.h"

#include "base/bytes.h"
#include "protocol/ble/codes.h"

#include <string.h>

#define ACL_FIRST 0x0000u
#define ACL_NEXT 0x1000u

static void send_fragment(struct sim_stack *stack)
{
    struct hci *hci = &stack->hci;
    struct hci_frame *frame = &hci->frames[hci->first_frame];
    size_t n_bytes = (size_t)(frame->n_bytes - frame->n_sent);
    uint8_t packet[1 + 4 + 251];

    if (n_bytes > hci->acl_bytes)
        n_bytes = hci->acl_bytes;
    packet[0] = RIG_H4_ACL;
    rig_put_le16(packet + 1, (uint16_t)(frame->connection | (frame->n_sent ? ACL_NEXT : ACL_FIRST)));
    rig_put_le16(packet + 3, (uint16_t)n_bytes);
    memcpy(packet + 5, frame->bytes + frame->n_sent, n_bytes);
    frame->n_sent = (uint16_t)(frame->n_sent + n_bytes);
    if (frame->n_sent == frame->n_bytes) {
        hci->first_frame = (hci->first_frame + 1) % HCI_MAX_FRAMES;
        hci->n_frames--;
    }
    hci->n_free--;
    stack->link.n_in_flight++;
    stack->ports.send(stack->ports.user, packet, 5 + n_bytes);
}

static void send_fragments(struct sim_stack *stack)
{
    while (stack->hci.state == HCI_READY && stack->hci.n_frames > 0 && stack->hci.n_free > 0)
        send_fragment(stack);
}

unsigned hci_room_frames(const struct sim_stack *stack)
{
    return HCI_MAX_FRAMES - stack->hci.n_frames;
}

bool hci_send_frame(struct sim_stack *stack, uint16_t channel, const uint8_t *pdu, size_t n_bytes)
{
    struct hci *hci = &stack->hci;
    struct hci_frame *frame;

    if (!stack->link.up || hci->state != HCI_READY || hci->n_frames == HCI_MAX_FRAMES ||
        n_bytes > L2CAP_MAX_PDU_BYTES)
        return false;
    frame = &hci->frames[(hci->first_frame + hci->n_frames++) % HCI_MAX_FRAMES];
    frame->connection = stack->link.connection;
    frame->n_bytes = (uint16_t)(RIG_L2CAP_HEADER_BYTES + n_bytes);
    frame->n_sent = 0;
    rig_put_le16(frame->bytes, (uint16_t)n_bytes);
    rig_put_le16(frame->bytes + 2, channel);
    memcpy(frame->bytes + RIG_L2CAP_HEADER_BYTES, pdu, n_bytes);
    send_fragments(stack);
    return true;
}

void hci_buffers_freed(struct sim_stack *stack, unsigned n_packets)
{
    struct hci *hci = &stack->hci;

    hci->n_free = (uint16_t)(n_packets > (unsigned)(hci->n_buffers - hci->n_free) ? hci->n_buffers
                                                                                  : hci->n_free + n_packets);
    send_fragments(stack);
}

void hci_drop_frames(struct sim_stack *stack)
{
    stack->hci.n_frames = 0;
}
