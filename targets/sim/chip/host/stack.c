/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The stack as its owner sees it, and the one connection: how it begins, what it lives by, the ways it ends;
 * the board behind it, which may die at any moment. */
#include "sim/chip/host/internal.h"
#include "protocol/ble/codes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void stack_build_table(struct sim_stack *stack);
static void link_vanish(struct sim_stack *stack);

#define ROLE_PERIPHERAL 1
#define REASON_LOW_RESOURCES 0x14

static bool board_holds_link(const struct sim_stack *stack)
{
    return stack->ble->connected && stack->ble->alive;
}

static void forget_link(struct sim_stack *stack)
{
    stack->link.up = stack->link.encrypted = stack->link.authenticated = stack->link.silent = false;
    stack->forced_answer.n_bytes = 0;
    hci_drop_frames(stack);
    l2cap_reset(stack);
    att_reset(stack);
    sm_reset(stack);
    sim_pdu_faults_drop_held(&stack->faults);
}

static void link_connected(struct sim_stack *stack, uint8_t status, uint16_t connection, uint8_t role,
                           const struct sim_peer *peer, uint16_t interval, uint16_t latency,
                           uint16_t timeout_10ms)
{
    struct link *link = &stack->link;
    uint8_t central[SIM_BLE_ADDRESS_BYTES];

    if (status != 0 || role != ROLE_PERIPHERAL)
        return;
    if (link->up) {
        hci_disconnect(stack, connection, REASON_LOW_RESOURCES);
        return;
    }
    memset(link, 0, sizeof *link);
    link->up = true;
    link->connection = connection;
    link->peer = *peer;
    link->interval = interval;
    link->latency = latency;
    link->timeout_10ms = timeout_10ms;
    stack->hci.advertising = false;
    for (unsigned i = 0; i < sizeof central; i++)
        central[i] = peer->bytes[sizeof central - 1 - i];
    stack_tell(stack, "connected: %02X:%02X:%02X:%02X:%02X:%02X", central[0], central[1], central[2],
               central[3], central[4], central[5]);
    stack_build_table(stack);
    l2cap_reset(stack);
    att_reset(stack);
    sm_reset(stack);
    /* It connected to the advertisement of a board that has died meanwhile: nobody is there. */
    if (sim_ble_connect(stack->ble, central, ATT_MIN_MTU) != SIM_BLE_OK)
        link_vanish(stack);
    else
        misbehave_at_connection(stack);
}

static void link_disconnected(struct sim_stack *stack, uint16_t connection, uint8_t reason)
{
    struct corpse *corpse = &stack->corpse;
    unsigned n_in_flight = stack->link.n_in_flight;

    if (corpse->there && corpse->connection == connection) {
        corpse->there = false;
        hci_buffers_freed(stack, corpse->n_in_flight);
    } else if (stack->link.up && stack->link.connection == connection) {
        stack_tell(stack, "disconnected: 0x%02x", reason);
        forget_link(stack);
        stack->link.last_reason = reason;
        sim_ble_disconnect(stack->ble, (enum sim_hci_reason)reason);
        hci_buffers_freed(stack, n_in_flight);
    }
}

static void link_encrypted(struct sim_stack *stack, uint16_t connection, uint8_t status, bool on)
{
    struct link *link = &stack->link;

    if (!link->up || link->connection != connection || status != 0)
        return;
    link->encrypted = on;
    stack->ble->encrypted = on && board_holds_link(stack);
    if (on) {
        sm_encrypted(stack);
        stack->ble->authenticated = stack->ble->encrypted && link->authenticated;
        att_restore(stack);
    }
}

static void link_updated(struct sim_stack *stack, uint8_t status, uint16_t connection, uint16_t interval,
                         uint16_t latency, uint16_t timeout_10ms)
{
    if (status != 0 || !stack->link.up || stack->link.connection != connection)
        return;
    stack->link.interval = interval;
    stack->link.latency = latency;
    stack->link.timeout_10ms = timeout_10ms;
}

static void link_completed(struct sim_stack *stack, uint16_t connection, unsigned n_packets)
{
    unsigned *n_in_flight = NULL;

    if (stack->link.up && stack->link.connection == connection)
        n_in_flight = &stack->link.n_in_flight;
    else if (stack->corpse.there && stack->corpse.connection == connection)
        n_in_flight = &stack->corpse.n_in_flight;
    if (!n_in_flight)
        return;
    if (n_packets > *n_in_flight)
        n_packets = *n_in_flight;
    *n_in_flight -= n_packets;
    hci_buffers_freed(stack, n_packets);
}

static void link_vanish(struct sim_stack *stack)
{
    struct corpse *corpse = &stack->corpse;

    if (!stack->link.up)
        return;
    stack_tell(stack, "the link is dead");
    forget_link(stack);
    stack->link.last_reason = RIG_HCI_ERROR_CONNECTION_TIMEOUT;
    sim_ble_disconnect(stack->ble, SIM_HCI_TIMEOUT);
    if (!stack->config.virtual_controller) {
        hci_open(stack);
        return;
    }
    /* A second death within the first one's timeout: the controller has no more than these two links. */
    if (corpse->there)
        hci_disconnect(stack, corpse->connection, RIG_HCI_ERROR_CONNECTION_TIMEOUT);
    *corpse = (struct corpse){.there = true,
                              .connection = stack->link.connection,
                              .n_in_flight = stack->link.n_in_flight,
                              .due_us = stack->now_us + (uint64_t)stack->link.timeout_10ms * 10000u};
}

/* An emulated controller reports an advertisement once, at its beginning or at that of a scan, and hosts miss
 * it; to begin anew takes the place of a real one's repetitions. [SRC bluez emulator/btdev.c] */
static bool is_stale(const struct sim_stack *stack)
{
    return stack->config.virtual_controller && stack->hci.advertising &&
           stack->now_us >= stack->hci.repeat_us;
}

static void link_tick(struct sim_stack *stack)
{
    struct corpse *corpse = &stack->corpse;

    if (stack->link.up && !board_holds_link(stack))
        link_vanish(stack);
    if (corpse->there && stack->now_us >= corpse->due_us) {
        corpse->due_us = STACK_NEVER;
        hci_disconnect(stack, corpse->connection, RIG_HCI_ERROR_CONNECTION_TIMEOUT);
    }
    hci_advertise(stack,
                  stack->ble->advertising && !stack->ble->alive && !stack->link.up && !is_stale(stack));
}

static uint64_t link_due_us(const struct sim_stack *stack)
{
    uint64_t due_us = stack->corpse.there ? stack->corpse.due_us : STACK_NEVER;

    if (stack->config.virtual_controller && stack->hci.advertising && stack->hci.repeat_us < due_us)
        due_us = stack->hci.repeat_us;
    return due_us;
}

static void stack_build_table(struct sim_stack *stack)
{
    struct sim_gatt_plan plan = {.service_changed = !stack->config.no_service_changed};

    if (stack->config.table_moves)
        plan.n_ahead = stack->ports.version(stack->ports.user).minor % 4u;
    sim_ble_services(stack->ble, &plan.services);
    sim_gatt_build(&stack->table, &plan);
}

static const struct stack_upper upper = {
    .connected = link_connected,
    .disconnected = link_disconnected,
    .encrypted = link_encrypted,
    .updated = link_updated,
    .completed = link_completed,
    .vanish = link_vanish,
    .packet = l2cap_receive,
    .att = att_receive,
    .security = sm_receive,
    .key_request = sm_key_request,
};

struct sim_stack *sim_stack_new(struct sim_ble *ble, const struct sim_stack_config *config,
                                const struct sim_stack_ports *ports, const char **why)
{
    struct sim_stack *stack;

    if ((ble->config.address[0] & 0xc0) != 0xc0) {
        *why = "the board's address is not static random: its first two bits are not set";
        return NULL;
    }
    stack = calloc(1, sizeof *stack);
    if (!stack) {
        *why = "no memory";
        return NULL;
    }
    stack->ble = ble;
    stack->upper = &upper;
    ble->has_host = true;
    stack->config = *config;
    stack->ports = *ports;
    stack_build_table(stack);
    misbehave_advertising(stack);
    return stack;
}

void sim_stack_free(struct sim_stack *stack)
{
    free(stack);
}

void sim_stack_open(struct sim_stack *stack, uint64_t now_us)
{
    stack->now_us = now_us;
    stack->corpse.there = false;
    hci_open(stack);
}

void sim_stack_close(struct sim_stack *stack, uint64_t now_us)
{
    stack->now_us = now_us;
    stack->hci.state = HCI_CLOSED;
    stack->corpse.there = false;
    if (stack->link.up)
        link_disconnected(stack, stack->link.connection, SIM_HCI_TIMEOUT);
}

bool sim_stack_leave(struct sim_stack *stack, uint64_t now_us)
{
    stack->now_us = now_us;
    if (stack->hci.state != HCI_READY || !stack->config.virtual_controller)
        return false;
    link_vanish(stack);
    if (stack->corpse.there && stack->corpse.due_us != STACK_NEVER) {
        stack->corpse.due_us = STACK_NEVER;
        hci_disconnect(stack, stack->corpse.connection, SIM_HCI_TIMEOUT);
    }
    return stack->corpse.there;
}

void sim_stack_receive(struct sim_stack *stack, uint64_t now_us, const uint8_t *bytes, size_t n_bytes)
{
    stack->now_us = now_us;
    hci_receive(stack, bytes, n_bytes);
}

void sim_stack_tick(struct sim_stack *stack, uint64_t now_us)
{
    stack->now_us = now_us;
    hci_tick(stack);
    if (stack->hci.state != HCI_READY)
        return;
    link_tick(stack);
    att_release(stack);
    att_tick(stack);
    sm_tick(stack);
}

uint64_t sim_stack_due_us(const struct sim_stack *stack)
{
    const uint64_t dues[] = {hci_due_us(stack), link_due_us(stack), att_due_us(stack), sm_due_us(stack),
                             sim_pdu_faults_due_us(&stack->faults)};
    uint64_t first = STACK_NEVER;

    for (unsigned i = 0; i < sizeof dues / sizeof *dues; i++)
        if (dues[i] < first)
            first = dues[i];
    return first;
}

const char *sim_stack_fault(const struct sim_stack *stack)
{
    return stack->hci.state == HCI_FAILED ? stack->hci.fault : NULL;
}

bool sim_stack_ready(const struct sim_stack *stack)
{
    return stack->hci.state == HCI_READY;
}
