/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The one connection: how it begins, what it lives by, the ways it ends; and the board behind it, which may
 * die at any moment. */
#include "sim/chip/host/internal.h"

#include "protocol/ble/codes.h"

#include <string.h>

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

void link_connected(struct sim_stack *stack, uint8_t status, uint16_t connection, uint8_t role,
                    const struct sim_peer *peer, uint16_t interval, uint16_t latency, uint16_t timeout_10ms)
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

void link_disconnected(struct sim_stack *stack, uint16_t connection, uint8_t reason)
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

void link_encrypted(struct sim_stack *stack, uint16_t connection, uint8_t status, bool on)
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

void link_updated(struct sim_stack *stack, uint8_t status, uint16_t connection, uint16_t interval,
                  uint16_t latency, uint16_t timeout_10ms)
{
    if (status != 0 || !stack->link.up || stack->link.connection != connection)
        return;
    stack->link.interval = interval;
    stack->link.latency = latency;
    stack->link.timeout_10ms = timeout_10ms;
}

void link_completed(struct sim_stack *stack, uint16_t connection, unsigned n_packets)
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

void link_vanish(struct sim_stack *stack)
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

void link_end(struct sim_stack *stack, uint8_t reason)
{
    if (stack->link.up)
        hci_disconnect(stack, stack->link.connection, reason);
}

/* An emulated controller reports an advertisement once, at its beginning or at that of a scan, and hosts miss
 * it; to begin anew takes the place of a real one's repetitions. [SRC bluez emulator/btdev.c] */
static bool is_stale(const struct sim_stack *stack)
{
    return stack->config.virtual_controller && stack->hci.advertising &&
           stack->now_us >= stack->hci.repeat_us;
}

void link_tick(struct sim_stack *stack)
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

uint64_t link_due_us(const struct sim_stack *stack)
{
    uint64_t due_us = stack->corpse.there ? stack->corpse.due_us : STACK_NEVER;

    if (stack->config.virtual_controller && stack->hci.advertising && stack->hci.repeat_us < due_us)
        due_us = stack->hci.repeat_us;
    return due_us;
}
