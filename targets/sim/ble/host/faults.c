/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Faults on the update characteristic's PDUs: lost, doubled, late, spoilt, short, in the wrong order, or the
 * link gone in their place. */
#include "sim/ble/host/internal.h"

#include <string.h>

#define REORDER_US 1000000u
#define REASON_REMOTE 0x13

static const char *const names[] = {"drop",     "duplicate", "delay",      "corrupt",
                                    "truncate", "reorder",   "disconnect", "lost"};

bool fault_kind_from_name(const char *name, enum fault_kind *kind)
{
    for (unsigned i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(names[i], name) == 0)
            return *kind = (enum fault_kind)i, true;
    return false;
}

bool faults_arm(struct sim_stack *stack, const struct fault *fault)
{
    struct faults *faults = &stack->faults;

    if (faults->n == FAULT_MAX)
        return false;
    faults->armed[faults->n++] = *fault;
    return true;
}

static void deliver(struct sim_stack *stack, enum fault_direction direction, const uint8_t *value,
                    size_t n_bytes)
{
    if (direction == FAULT_ON_WRITES)
        att_deliver_write(stack, value, n_bytes);
    else
        att_send_notification(stack, value, n_bytes);
}

/* More than can be held are lost: a fault too. */
static void hold(struct sim_stack *stack, enum fault_direction direction, const uint8_t *value,
                 size_t n_bytes, bool until_next, uint64_t for_us)
{
    struct faults *faults = &stack->faults;

    if (faults->n_held == FAULT_MAX_HELD || n_bytes > sizeof faults->held[0].value)
        return;

    struct held_pdu *held = &faults->held[faults->n_held++];

    held->direction = direction;
    held->until_next = until_next;
    held->due_us = stack->now_us + for_us;
    held->n_bytes = n_bytes;
    memcpy(held->value, value, n_bytes);
}

static void release(struct sim_stack *stack, unsigned index)
{
    struct faults *faults = &stack->faults;
    struct held_pdu held = faults->held[index];

    faults->n_held--;
    memmove(faults->held + index, faults->held + index + 1, (faults->n_held - index) * sizeof held);
    deliver(stack, held.direction, held.value, held.n_bytes);
}

static void release_overtaken(struct sim_stack *stack, enum fault_direction direction)
{
    for (unsigned i = 0; i < stack->faults.n_held;) {
        if (stack->faults.held[i].direction == direction && stack->faults.held[i].until_next)
            release(stack, i);
        else
            i++;
    }
}

/* Every armed fault counts; the first one that is due strikes. */
static const struct fault *strike(struct faults *faults, enum fault_direction direction)
{
    const struct fault *struck = NULL;

    for (unsigned i = 0; i < faults->n; i++) {
        struct fault *fault = &faults->armed[i];
        uint32_t number;

        if (fault->direction != direction)
            continue;
        number = fault->n_seen++;
        if (!struck && number >= fault->first && number - fault->first < fault->n_times)
            struck = fault;
    }
    faults->n_struck += struck != NULL;
    return struck;
}

static void deliver_corrupted(struct sim_stack *stack, const struct fault *fault, const uint8_t *value,
                              size_t n_bytes)
{
    size_t at = fault->has_value ? fault->value : n_bytes / 2;
    uint8_t spoilt[SIM_BLE_MAX_MTU];

    memcpy(spoilt, value, n_bytes);
    if (at < n_bytes)
        spoilt[at] ^= 1;
    deliver(stack, fault->direction, spoilt, n_bytes);
}

static void apply(struct sim_stack *stack, const struct fault *fault, const uint8_t *value, size_t n_bytes)
{
    size_t n_left = fault->has_value ? fault->value : n_bytes / 2;

    switch (fault->kind) {
    case FAULT_DROP:
        break;
    case FAULT_DUPLICATE:
        deliver(stack, fault->direction, value, n_bytes);
        deliver(stack, fault->direction, value, n_bytes);
        break;
    case FAULT_DELAY:
        hold(stack, fault->direction, value, n_bytes, false,
             (fault->has_value ? fault->value : 100u) * 1000ull);
        break;
    case FAULT_CORRUPT:
        deliver_corrupted(stack, fault, value, n_bytes);
        break;
    case FAULT_TRUNCATE:
        deliver(stack, fault->direction, value, n_left < n_bytes ? n_left : n_bytes);
        break;
    case FAULT_REORDER:
        hold(stack, fault->direction, value, n_bytes, true, REORDER_US);
        break;
    case FAULT_DISCONNECT:
        link_end(stack, (uint8_t)(fault->has_value ? fault->value : REASON_REMOTE));
        break;
    case FAULT_LOST:
        link_vanish(stack);
        break;
    }
}

void faults_pass(struct sim_stack *stack, enum fault_direction direction, const uint8_t *value,
                 size_t n_bytes)
{
    const struct fault *fault = strike(&stack->faults, direction);

    if (fault)
        apply(stack, fault, value, n_bytes);
    else
        deliver(stack, direction, value, n_bytes);
    if (!fault || fault->kind != FAULT_REORDER)
        release_overtaken(stack, direction);
}

void faults_drop_held(struct sim_stack *stack)
{
    stack->faults.n_held = 0;
}

void faults_tick(struct sim_stack *stack)
{
    for (unsigned i = 0; i < stack->faults.n_held;) {
        if (stack->faults.held[i].due_us <= stack->now_us)
            release(stack, i);
        else
            i++;
    }
}

uint64_t faults_due_us(const struct sim_stack *stack)
{
    uint64_t first = STACK_NEVER;

    for (unsigned i = 0; i < stack->faults.n_held; i++)
        if (stack->faults.held[i].due_us < first)
            first = stack->faults.held[i].due_us;
    return first;
}
