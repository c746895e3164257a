/* SPDX-License-Identifier: GPL-3.0-or-later */
/* HCI over H4: packets out of a stream of bytes, commands one after the other, setting up the controller, its
 * ACL buffers. [SPEC Core Vol 4 Part A (H4), Part E 4.1, 5.4.2, 7] */
#include "sim/chip/host/internal.h"
#include "base/bytes.h"
#include "protocol/ble/codes.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void hci_set_up_answered(struct sim_stack *stack, uint16_t opcode, const uint8_t *parameters,
                                size_t n_parameters);
static void hci_tell_advertiser(struct sim_stack *stack);

#define ANSWER_TIMEOUT_US 2000000u

void stack_tell(struct sim_stack *stack, const char *format, ...)
{
    char line[160];
    va_list arguments;

    if (!stack->ports.tell)
        return;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    stack->ports.tell(stack->ports.user, line);
}

static void hci_fail(struct sim_stack *stack, const char *what, unsigned number)
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
        stack->upper->connected(stack, event[1], rig_get_le16(event + 2) & 0x0fff, event[4], &peer,
                                rig_get_le16(event + 12), rig_get_le16(event + 14), rig_get_le16(event + 16));
    } else if (n_bytes >= 10 && event[0] == RIG_HCI_LE_EVENT_CONNECTION_UPDATE_COMPLETE) {
        stack->upper->updated(stack, event[1], rig_get_le16(event + 2) & 0x0fff, rig_get_le16(event + 4),
                              rig_get_le16(event + 6), rig_get_le16(event + 8));
    } else if (n_bytes >= 13 && event[0] == RIG_HCI_LE_EVENT_KEY_REQUEST) {
        stack->upper->key_request(stack, rig_get_le16(event + 1) & 0x0fff, event + 3,
                                  rig_get_le16(event + 11));
    } else if (n_bytes >= 11 && event[0] == RIG_HCI_LE_EVENT_PARAMETER_REQUEST) {
        memset(parameters, 0, sizeof parameters);
        memcpy(parameters, event + 1, 10);
        hci_command(stack, RIG_HCI_LE_PARAMETER_REQUEST_REPLY, parameters, sizeof parameters);
    }
}

static void completed_packets(struct sim_stack *stack, const uint8_t *event, size_t n_bytes)
{
    for (size_t at = 1; at + 4 <= n_bytes && (at - 1) / 4 < event[0]; at += 4)
        stack->upper->completed(stack, rig_get_le16(event + at) & 0x0fff, rig_get_le16(event + at + 2));
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
        stack->upper->disconnected(stack, rig_get_le16(event + 1) & 0x0fff, event[3]);
    else if (code == RIG_HCI_EVENT_ENCRYPTION_CHANGE && n_bytes >= 4)
        stack->upper->encrypted(stack, rig_get_le16(event + 1) & 0x0fff, event[0], event[3] != 0);
    else if (code == RIG_HCI_EVENT_KEY_REFRESH_COMPLETE && n_bytes >= 3)
        stack->upper->encrypted(stack, rig_get_le16(event + 1) & 0x0fff, event[0], true);
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
        stack->upper->packet(stack, (connection >> 12 & 3) != 1, packet + 5, n_bytes - 5);
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

#define MIN_ACL_BYTES 27u

static void put_address(const struct sim_stack *stack, uint8_t bytes[SIM_BLE_ADDRESS_BYTES])
{
    uint8_t own[SIM_BLE_ADDRESS_BYTES];

    sim_ble_address(stack->ble, own);
    for (unsigned i = 0; i < SIM_BLE_ADDRESS_BYTES; i++)
        bytes[i] = own[SIM_BLE_ADDRESS_BYTES - 1 - i];
}

static size_t put_masks(uint16_t opcode, uint8_t *into)
{
    /* Disconnection, encryption, hardware error, key refresh, LE; of LE: connection, its update, long term
     * key, parameter request. */
    static const uint8_t events[8] = {0x90, 0x80, 0x00, 0x02, 0x00, 0x80, 0x00, 0x20};
    static const uint8_t le_events[8] = {0x35};

    memcpy(into, opcode == RIG_HCI_SET_EVENT_MASK ? events : le_events, 8);
    return 8;
}

static size_t put_advertising_parameters(uint8_t *into)
{
    memset(into, 0, 15);
    rig_put_le16(into, 0x00a0);     /* 100 ms */
    rig_put_le16(into + 2, 0x00f0); /* 150 ms */
    into[5] = 1;                    /* own address: the random one */
    into[13] = 7;                   /* all channels */
    return 15;
}

/* Length, then the bytes, padded: the parameters of both commands. */
static size_t put_own(const uint8_t *bytes, size_t n_bytes, uint8_t into[32])
{
    memset(into, 0, 32);
    into[0] = (uint8_t)n_bytes;
    memcpy(into + 1, bytes, n_bytes);
    return 32;
}

/* Flags and the first service; the name goes into the scan response, as smp_svr does it. */
static size_t put_advertising_bytes(const struct sim_stack *stack, uint8_t into[32])
{
    static const uint8_t flags[3] = {0x02, 0x01, 0x06};
    struct sim_gatt_services services;
    struct sim_gatt_uuid uuid;
    const struct own_advertising *own = &stack->own_advertising;

    if (own->used)
        return put_own(own->advertisement, own->n_advertisement, into);
    memset(into, 0, 32);
    memcpy(into + 1, flags, sizeof flags);
    into[0] = sizeof flags;
    sim_ble_services(stack->ble, &services);
    if (services.n == 0)
        return 32;
    uuid = sim_gatt_uuid_from_text(services.characteristics[0].service);
    into[4] = (uint8_t)(1 + uuid.n_bytes);
    into[5] = uuid.n_bytes == 2 ? 0x03 : 0x07;
    memcpy(into + 6, uuid.bytes, uuid.n_bytes);
    into[0] = (uint8_t)(sizeof flags + 2u + uuid.n_bytes);
    return 32;
}

static size_t put_scan_response(const struct sim_stack *stack, uint8_t into[32])
{
    const char *name = sim_ble_name(stack->ble);
    size_t n_name = strnlen(name, sizeof stack->ble->config.name);
    size_t n_fits = n_name > 29 ? 29 : n_name;
    const struct own_advertising *own = &stack->own_advertising;

    if (own->used)
        return put_own(own->scan_response, own->n_scan_response, into);
    memset(into, 0, 32);
    into[0] = (uint8_t)(2 + n_fits);
    into[1] = (uint8_t)(1 + n_fits);
    into[2] = n_fits < n_name ? 0x08 : 0x09; /* shortened, complete */
    memcpy(into + 3, name, n_fits);
    return 32;
}

static const uint16_t set_up[] = {RIG_HCI_RESET,
                                  RIG_HCI_READ_LOCAL_VERSION,
                                  RIG_HCI_READ_LOCAL_COMMANDS,
                                  RIG_HCI_READ_LOCAL_FEATURES,
                                  RIG_HCI_LE_READ_LOCAL_FEATURES,
                                  RIG_HCI_LE_READ_BUFFER_SIZE,
                                  RIG_HCI_READ_BUFFER_SIZE,
                                  RIG_HCI_SET_EVENT_MASK,
                                  RIG_HCI_LE_SET_EVENT_MASK,
                                  RIG_HCI_LE_SET_RANDOM_ADDRESS,
                                  RIG_HCI_LE_SET_ADVERTISING_PARAMETERS,
                                  RIG_HCI_LE_SET_ADVERTISING_DATA,
                                  RIG_HCI_LE_SET_SCAN_RESPONSE_DATA};
#define N_SET_UP (sizeof set_up / sizeof *set_up)

/* What the step wants to say; the ones that only read say nothing. */
static size_t put_parameters(const struct sim_stack *stack, uint16_t opcode, uint8_t *into)
{
    switch (opcode) {
    case RIG_HCI_SET_EVENT_MASK:
    case RIG_HCI_LE_SET_EVENT_MASK:
        return put_masks(opcode, into);
    case RIG_HCI_LE_SET_RANDOM_ADDRESS:
        put_address(stack, into);
        return SIM_BLE_ADDRESS_BYTES;
    case RIG_HCI_LE_SET_ADVERTISING_PARAMETERS:
        return put_advertising_parameters(into);
    case RIG_HCI_LE_SET_ADVERTISING_DATA:
        return put_advertising_bytes(stack, into);
    case RIG_HCI_LE_SET_SCAN_RESPONSE_DATA:
        return put_scan_response(stack, into);
    default:
        return 0;
    }
}

static void next_set_up(struct sim_stack *stack)
{
    struct hci *hci = &stack->hci;
    uint8_t parameters[HCI_MAX_PARAMETERS];

    /* A controller with buffers for LE has told them already. */
    if (hci->n_set_up < N_SET_UP && set_up[hci->n_set_up] == RIG_HCI_READ_BUFFER_SIZE && hci->n_buffers > 0)
        hci->n_set_up++;
    if (hci->n_set_up == N_SET_UP) {
        hci->state = HCI_READY;
        return;
    }
    hci_command(stack, set_up[hci->n_set_up], parameters,
                put_parameters(stack, set_up[hci->n_set_up], parameters));
}

static struct hci_advertiser who_advertises(const struct sim_stack *stack)
{
    struct hci_advertiser who = {0};
    struct sim_gatt_services services;

    memcpy(who.name, sim_ble_name(stack->ble), sizeof who.name);
    sim_ble_services(stack->ble, &services);
    who.service = services.n > 0 ? services.characteristics[0].service : NULL;
    sim_ble_address(stack->ble, who.address);
    return who;
}

void hci_open(struct sim_stack *stack)
{
    struct hci *hci = &stack->hci;

    memset(hci, 0, sizeof *hci);
    hci->state = HCI_SETTING_UP;
    hci->n_credits = 1;
    hci->told = who_advertises(stack);
    next_set_up(stack);
}

static void take_buffers(struct sim_stack *stack, unsigned n_bytes, unsigned n_buffers)
{
    stack->hci.acl_bytes = (uint16_t)(n_bytes > 251 ? 251 : n_bytes);
    stack->hci.n_buffers = stack->hci.n_free = (uint16_t)n_buffers;
}

/* The answer to a step of the set-up. parameters begin with the status. */
static void hci_set_up_answered(struct sim_stack *stack, uint16_t opcode, const uint8_t *parameters,
                                size_t n_parameters)
{
    struct hci *hci = &stack->hci;

    if (n_parameters < 1 || parameters[0] != 0) {
        hci_fail(stack, "the controller refuses a command of the set-up", opcode);
        return;
    }
    if (opcode == RIG_HCI_LE_READ_BUFFER_SIZE && n_parameters >= 4)
        take_buffers(stack, rig_get_le16(parameters + 1), parameters[3]);
    if (opcode == RIG_HCI_READ_BUFFER_SIZE && n_parameters >= 8)
        take_buffers(stack, rig_get_le16(parameters + 1), rig_get_le16(parameters + 4));
    if ((opcode == RIG_HCI_READ_BUFFER_SIZE || opcode == RIG_HCI_LE_READ_BUFFER_SIZE) && hci->n_buffers > 0 &&
        hci->acl_bytes < MIN_ACL_BYTES) {
        hci_fail(stack, "the controller's buffers are too small", hci->acl_bytes);
        return;
    }
    if (opcode == RIG_HCI_READ_BUFFER_SIZE && hci->n_buffers == 0) {
        hci_fail(stack, "the controller has no buffers", opcode);
        return;
    }
    hci->n_set_up++;
    next_set_up(stack);
}

void hci_set_advertising_bytes(struct sim_stack *stack)
{
    uint8_t parameters[HCI_MAX_PARAMETERS];

    if (stack->hci.state != HCI_READY)
        return;
    hci_command(stack, RIG_HCI_LE_SET_ADVERTISING_DATA, parameters, put_advertising_bytes(stack, parameters));
    hci_command(stack, RIG_HCI_LE_SET_SCAN_RESPONSE_DATA, parameters, put_scan_response(stack, parameters));
}

static void hci_tell_advertiser(struct sim_stack *stack)
{
    struct hci_advertiser who = who_advertises(stack), *told = &stack->hci.told;
    uint8_t address[SIM_BLE_ADDRESS_BYTES];

    if (memcmp(who.address, told->address, sizeof who.address) != 0) {
        put_address(stack, address);
        hci_command(stack, RIG_HCI_LE_SET_RANDOM_ADDRESS, address, sizeof address);
    }
    if (memcmp(who.name, told->name, sizeof who.name) != 0 || who.service != told->service)
        hci_set_advertising_bytes(stack);
    *told = who;
}

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

void link_end(struct sim_stack *stack, uint8_t reason)
{
    if (stack->link.up)
        hci_disconnect(stack, stack->link.connection, reason);
}
