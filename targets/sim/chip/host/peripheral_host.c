/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The stack as its owner sees it: making it, time, bytes in. */
#include "sim/chip/host/internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

struct sim_bond *stack_bond(const struct sim_stack *stack)
{
    struct sim_ble *ble = stack->ble;

    for (unsigned i = 0; i < SIM_BLE_MAX_BONDS && sim_ble_knows_bonds(ble); i++)
        if (ble->bonds[i].used && memcmp(ble->bonds[i].address, ble->central, SIM_BLE_ADDRESS_BYTES) == 0 &&
            ble->bonds[i].address_type == stack->link.peer.type)
            return &ble->bonds[i];
    return NULL;
}

void stack_build_table(struct sim_stack *stack)
{
    struct sim_gatt_plan plan = {.service_changed = !stack->config.no_service_changed};

    if (stack->config.table_moves)
        plan.n_ahead = stack->ports.version(stack->ports.user).minor % 4u;
    sim_ble_services(stack->ble, &plan.services);
    sim_gatt_build(&stack->table, &plan);
}

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
