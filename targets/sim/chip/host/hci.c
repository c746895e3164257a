/* SPDX-License-Identifier: GPL-3.0-or-later */
/* HCI over H4: packets out of a stream of bytes, commands one after the other, setting up the controller, its
 * ACL buffers. [SPEC Core Vol 4 Part A (H4), Part E] */
#include "sim/chip/host/internal.h"

#include "base/bytes.h"
#include "protocol/ble/codes.h"

#include <stdio.h>
#include <string.h>

#define ANSWER_TIMEOUT_US 2000000u

void hci_fail(struct sim_stack *stack, const char *what, unsigned number)
{
    snprintf(stack->hci.fault, sizeof stack->hci.fault, "%s (0x%04x)", what, number);
    stack->hci.state = HCI_FAILED;
    stack->hci.n_commands = 0;
    stack->hci.waiting = false;
    stack_tell(stack, "controller: %s", stack->hci.fault);
}

/* --- commands --- */

static void send_command(struct sim_stack *stack)
{
    struct hci *hci = &stack->hci;
    const struct hci_command *command = &hci->commands[hci->first_command];
    uint8_t packet[1 + 3 + HCI_MAX_PARAMETERS];

    if (hci->waiting || hci->n_commands == 0 || hci->n_credits == 0)
        return;
    packet[0] = RIG_H4_COMMAND;
    rig_put_le16(packet + 1, command->opcode);
    packet[3] = command->n_parameters;
    memcpy(packet + 4, command->parameters, command->n_parameters);
    hci->waiting = true;
    hci->n_credits--;
    hci->answer_due_us = stack->now_us + ANSWER_TIMEOUT_US;
    stack->ports.send(stack->ports.user, packet, 4u + command->n_parameters);
}

void hci_command(struct sim_stack *stack, uint16_t opcode, const uint8_t *parameters, size_t n_parameters)
{
    struct hci *hci = &stack->hci;
    struct hci_command *command;

    if (hci->state == HCI_CLOSED || hci->state == HCI_FAILED || hci->n_commands == HCI_MAX_COMMANDS ||
        n_parameters > HCI_MAX_PARAMETERS)
        return;
    command = &hci->commands[(hci->first_command + hci->n_commands++) % HCI_MAX_COMMANDS];
    command->opcode = opcode;
    command->n_parameters = (uint8_t)n_parameters;
    if (n_parameters > 0)
        memcpy(command->parameters, parameters, n_parameters);
    send_command(stack);
}

/* --- advertising and disconnecting --- */

#define ADVERTISING_REPEAT_US 500000u

void hci_advertise(struct sim_stack *stack, bool on)
{
    uint8_t enable = on;

    if (stack->hci.state != HCI_READY || stack->hci.advertising == on || stack->hci.advertising_asked)
        return;
    stack->hci.advertising_asked = true;
    if (on)
        hci_tell_advertiser(stack);
    hci_command(stack, RIG_HCI_LE_SET_ADVERTISING_ENABLE, &enable, 1);
}

void hci_disconnect(struct sim_stack *stack, uint16_t connection, uint8_t reason)
{
    uint8_t parameters[3];

    rig_put_le16(parameters, connection);
    parameters[2] = reason;
    hci_command(stack, RIG_HCI_DISCONNECT, parameters, sizeof parameters);
}

static void advertising_answered(struct sim_stack *stack, const struct hci_command *command, uint8_t status)
{
    bool on = command->parameters[0];

    stack->hci.advertising_asked = false;
    /* Disallowed: it is so already; or the connection that ended the advertising is about to be told. */
    stack->hci.repeat_us = stack->now_us + ADVERTISING_REPEAT_US;
    if (status == 0 || status == RIG_HCI_ERROR_COMMAND_DISALLOWED)
        stack->hci.advertising = on && !stack->link.up;
    else
        stack_tell(stack, "controller: advertising refused (0x%02x)", status);
}

/* --- events --- */

static void command_answered(struct sim_stack *stack, unsigned n_credits, uint16_t opcode,
                             const uint8_t *parameters, size_t n_parameters)
{
    struct hci *hci = &stack->hci;
    struct hci_command command = hci->commands[hci->first_command];

    hci->n_credits = n_credits > HCI_MAX_COMMANDS ? HCI_MAX_COMMANDS : n_credits;
    if (hci->waiting && opcode == command.opcode && hci->n_commands > 0) {
        hci->waiting = false;
        hci->first_command = (hci->first_command + 1) % HCI_MAX_COMMANDS;
        hci->n_commands--;
        if (hci->state == HCI_SETTING_UP)
            hci_set_up_answered(stack, opcode, parameters, n_parameters);
        else if (opcode == RIG_HCI_LE_SET_ADVERTISING_ENABLE)
            advertising_answered(stack, &command, n_parameters > 0 ? parameters[0] : 0xff);
        else if (opcode == RIG_HCI_DISCONNECT && n_parameters > 0 && parameters[0] != 0)
            stack_tell(stack, "controller: disconnect refused (0x%02x)", parameters[0]);
    }
    send_command(stack);
}

static void le_event(struct sim_stack *stack, const uint8_t *event, size_t n_bytes)
{
    struct sim_peer peer;
    uint8_t parameters[14];

    if (n_bytes >= 19 && event[0] == RIG_HCI_LE_EVENT_CONNECTION_COMPLETE) {
        peer.type = event[5] & 1;
        memcpy(peer.bytes, event + 6, sizeof peer.bytes);
        link_connected(stack, event[1], rig_get_le16(event + 2) & 0x0fff, event[4], &peer,
                       rig_get_le16(event + 12), rig_get_le16(event + 14), rig_get_le16(event + 16));
    } else if (n_bytes >= 10 && event[0] == RIG_HCI_LE_EVENT_CONNECTION_UPDATE_COMPLETE) {
        link_updated(stack, event[1], rig_get_le16(event + 2) & 0x0fff, rig_get_le16(event + 4),
                     rig_get_le16(event + 6), rig_get_le16(event + 8));
    } else if (n_bytes >= 13 && event[0] == RIG_HCI_LE_EVENT_KEY_REQUEST) {
        sm_key_request(stack, rig_get_le16(event + 1) & 0x0fff, event + 3, rig_get_le16(event + 11));
    } else if (n_bytes >= 11 && event[0] == RIG_HCI_LE_EVENT_PARAMETER_REQUEST) {
        memset(parameters, 0, sizeof parameters);
        memcpy(parameters, event + 1, 10);
        hci_command(stack, RIG_HCI_LE_PARAMETER_REQUEST_REPLY, parameters, sizeof parameters);
    }
}

static void completed_packets(struct sim_stack *stack, const uint8_t *event, size_t n_bytes)
{
    for (size_t at = 1; at + 4 <= n_bytes && (at - 1) / 4 < event[0]; at += 4)
        link_completed(stack, rig_get_le16(event + at) & 0x0fff, rig_get_le16(event + at + 2));
}

static void take_event(struct sim_stack *stack, uint8_t code, const uint8_t *event, size_t n_bytes)
{
    if (code == RIG_HCI_EVENT_COMMAND_COMPLETE && n_bytes >= 3)
        command_answered(stack, event[0], rig_get_le16(event + 1), event + 3, n_bytes - 3);
    else if (code == RIG_HCI_EVENT_COMMAND_STATUS && n_bytes >= 4)
        command_answered(stack, event[1], rig_get_le16(event + 2), event, 1);
    else if (stack->hci.state != HCI_READY)
        return;
    else if (code == RIG_HCI_EVENT_COMPLETED_PACKETS && n_bytes >= 1)
        completed_packets(stack, event, n_bytes);
    else if (code == RIG_HCI_EVENT_DISCONNECTION_COMPLETE && n_bytes >= 4 && event[0] == 0)
        link_disconnected(stack, rig_get_le16(event + 1) & 0x0fff, event[3]);
    else if (code == RIG_HCI_EVENT_ENCRYPTION_CHANGE && n_bytes >= 4)
        link_encrypted(stack, rig_get_le16(event + 1) & 0x0fff, event[0], event[3] != 0);
    else if (code == RIG_HCI_EVENT_KEY_REFRESH_COMPLETE && n_bytes >= 3)
        link_encrypted(stack, rig_get_le16(event + 1) & 0x0fff, event[0], true);
    else if (code == RIG_HCI_EVENT_LE_META && n_bytes >= 1)
        le_event(stack, event, n_bytes);
    else if (code == RIG_HCI_EVENT_HARDWARE_ERROR && n_bytes >= 1)
        hci_fail(stack, "the controller reports a hardware error", event[0]);
}

/* --- the stream --- */

static size_t header_bytes(uint8_t type)
{
    switch (type) {
    case RIG_H4_EVENT:
        return 3;
    case RIG_H4_SCO:
        return 4;
    case RIG_H4_ACL:
    case RIG_H4_ISO:
        return 5;
    default:
        return 0;
    }
}

static size_t payload_bytes(const uint8_t *packet)
{
    switch (packet[0]) {
    case RIG_H4_EVENT:
        return packet[2];
    case RIG_H4_SCO:
        return packet[3];
    case RIG_H4_ISO:
        return rig_get_le16(packet + 3) & 0x3fffu;
    default:
        return rig_get_le16(packet + 3);
    }
}

static void take_packet(struct sim_stack *stack, const uint8_t *packet, size_t n_bytes)
{
    uint16_t connection;

    if (packet[0] == RIG_H4_EVENT)
        take_event(stack, packet[1], packet + 3, n_bytes - 3);
    if (packet[0] != RIG_H4_ACL || !stack->link.up || stack->hci.state != HCI_READY)
        return;
    connection = rig_get_le16(packet + 1);
    /* Boundary flag 1 goes on with a frame, 0 and 2 begin one; broadcasts are not for LE. */
    if ((connection & 0x0fff) == stack->link.connection && (connection & 0xc000) == 0)
        l2cap_receive(stack, (connection >> 12 & 3) != 1, packet + 5, n_bytes - 5);
}

/* Takes as much as belongs to the packet at hand; returns how much that was, 0: the stream makes no sense. */
static size_t take_piece(struct sim_stack *stack, const uint8_t *bytes, size_t n_bytes)
{
    struct hci *hci = &stack->hci;
    size_t n_header, n_wanted, n_taken;

    if (hci->n_packet == 0)
        hci->packet[hci->n_packet] = bytes[0];
    n_header = header_bytes(hci->packet[0]);
    if (n_header == 0) {
        hci_fail(stack, "the controller sends what is no packet", hci->packet[0]);
        return 0;
    }
    n_wanted = hci->n_packet < n_header ? n_header : n_header + payload_bytes(hci->packet);
    n_taken = n_wanted - hci->n_packet < n_bytes ? n_wanted - hci->n_packet : n_bytes;
    memcpy(hci->packet + hci->n_packet, bytes, n_taken);
    hci->n_packet += n_taken;
    if (hci->n_packet < n_header)
        return n_taken;
    n_wanted = n_header + payload_bytes(hci->packet);
    if (n_wanted > sizeof hci->packet) {
        hci->n_skip = n_wanted - hci->n_packet;
        hci->n_packet = 0;
    } else if (hci->n_packet == n_wanted) {
        hci->n_packet = 0;
        take_packet(stack, hci->packet, n_wanted);
    }
    return n_taken;
}

void hci_receive(struct sim_stack *stack, const uint8_t *bytes, size_t n_bytes)
{
    struct hci *hci = &stack->hci;

    while (n_bytes > 0 && hci->state != HCI_FAILED && hci->state != HCI_CLOSED) {
        size_t n_taken = hci->n_skip < n_bytes ? hci->n_skip : n_bytes;

        if (n_taken > 0)
            hci->n_skip -= n_taken;
        else
            n_taken = take_piece(stack, bytes, n_bytes);
        if (n_taken == 0)
            return;
        bytes += n_taken;
        n_bytes -= n_taken;
    }
}

/* --- time --- */

void hci_tick(struct sim_stack *stack)
{
    if (stack->hci.waiting && stack->now_us >= stack->hci.answer_due_us)
        hci_fail(stack, "the controller does not answer a command",
                 stack->hci.commands[stack->hci.first_command].opcode);
}

uint64_t hci_due_us(const struct sim_stack *stack)
{
    return stack->hci.waiting ? stack->hci.answer_due_us : STACK_NEVER;
}
