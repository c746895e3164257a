/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which fault strikes which PDU, and what becomes of it. */
#include "sim/chip/ble/pdu_faults.h"

#include "protocol/ble/codes.h"

#include <stdio.h>
#include <string.h>

#define DEFAULT_DELAY_MS 100u

static const char *const names[SIM_PDU_N_KINDS] = {"drop",     "duplicate", "delay",      "corrupt",
                                                   "truncate", "reorder",   "disconnect", "lost"};

const char *sim_pdu_fault_kind_name(enum sim_pdu_fault_kind kind)
{
    return (unsigned)kind < SIM_PDU_N_KINDS ? names[kind] : "unknown";
}

bool sim_pdu_fault_kind_from_name(const char *name, enum sim_pdu_fault_kind *kind)
{
    for (unsigned i = 0; i < SIM_PDU_N_KINDS; i++)
        if (strcmp(names[i], name) == 0)
            return *kind = (enum sim_pdu_fault_kind)i, true;
    return false;
}

void sim_pdu_strike_text(const struct sim_pdu_strike *strike, char *text, size_t room)
{
    static const char *const becomes[SIM_PDU_N_KINDS] = {"lost",
                                                         "doubled",
                                                         "delayed",
                                                         "corrupted",
                                                         "cut",
                                                         "held back",
                                                         "not passed on, the board hangs up",
                                                         "not passed on, the radio goes silent"};

    snprintf(text, room, "%s %u, %u bytes: %s",
             strike->direction == SIM_PDU_WRITES ? "write" : "notification", strike->number,
             (unsigned)strike->n_bytes, becomes[strike->kind]);
}

bool sim_pdu_faults_arm(struct sim_pdu_faults *faults, const struct sim_pdu_fault *fault)
{
    struct sim_pdu_fault *armed;

    if (faults->n == SIM_PDU_MAX_FAULTS)
        return false;
    if (faults->n == 0)
        sim_pdu_faults_end(faults);
    armed = &faults->armed[faults->n++];
    *armed = *fault;
    armed->n_seen = armed->n_struck = 0;
    return true;
}

void sim_pdu_faults_end(struct sim_pdu_faults *faults)
{
    faults->n = 0;
    faults->n_struck = 0;
    memset(faults->n_passed, 0, sizeof faults->n_passed);
}

/* More than can be held are lost: a fault too. */
static void hold(struct sim_pdu_faults *faults, const struct sim_pdu *pdu, bool until_next, uint64_t due_us)
{
    struct sim_pdu_held *held;

    if (faults->n_held == SIM_PDU_MAX_HELD)
        return;
    held = &faults->held[faults->n_held++];
    held->pdu = *pdu;
    held->until_next = until_next;
    held->due_us = due_us;
    memcpy(held->value, pdu->value, pdu->n_bytes);
}

static void release_one(struct sim_pdu_faults *faults, unsigned index, const struct sim_pdu_way *way)
{
    struct sim_pdu_held held = faults->held[index];

    faults->n_held--;
    memmove(faults->held + index, faults->held + index + 1, (faults->n_held - index) * sizeof held);
    held.pdu.value = held.value;
    way->deliver(way->user, &held.pdu);
}

static void release_overtaken(struct sim_pdu_faults *faults, enum sim_pdu_direction direction,
                              const struct sim_pdu_way *way)
{
    for (unsigned i = 0; i < faults->n_held;) {
        if (faults->held[i].pdu.direction == direction && faults->held[i].until_next)
            release_one(faults, i, way);
        else
            i++;
    }
}

/* What corrupts one byte, or delivers what is before it, needs a PDU that has the byte. */
static bool has_place(const struct sim_pdu_fault *fault, size_t n_bytes)
{
    return (fault->kind != SIM_PDU_CORRUPT && fault->kind != SIM_PDU_TRUNCATE) || !fault->has_value ||
           fault->value < n_bytes;
}

static struct sim_pdu_fault *strike(struct sim_pdu_faults *faults, const struct sim_pdu *pdu)
{
    struct sim_pdu_fault *struck = NULL;

    faults->n_passed[pdu->direction]++;
    for (unsigned i = 0; i < faults->n; i++) {
        struct sim_pdu_fault *fault = &faults->armed[i];
        uint32_t number;

        if (fault->direction != pdu->direction)
            continue;
        number = fault->n_seen++;
        if (struck || number < fault->first || number - fault->first >= fault->n_times ||
            !has_place(fault, pdu->n_bytes))
            continue;
        struck = fault;
        struck->n_struck++;
        faults->n_struck++;
        faults->last =
            (struct sim_pdu_strike){i, fault->kind, pdu->direction, number, (uint16_t)pdu->n_bytes};
    }
    return struck;
}

/* Of a PDU: what the fault names, or the middle. */
static size_t place(const struct sim_pdu_fault *fault, size_t n_bytes)
{
    return fault->has_value ? fault->value : n_bytes / 2;
}

static void deliver_corrupted(const struct sim_pdu_fault *fault, const struct sim_pdu *pdu,
                              const struct sim_pdu_way *way)
{
    uint8_t value[SIM_BLE_MAX_MTU];
    struct sim_pdu corrupted = *pdu;

    memcpy(value, pdu->value, pdu->n_bytes);
    if (pdu->n_bytes > 0)
        value[place(fault, pdu->n_bytes)] ^= 1;
    corrupted.value = value;
    way->deliver(way->user, &corrupted);
}

static void deliver_short(const struct sim_pdu_fault *fault, struct sim_pdu pdu,
                          const struct sim_pdu_way *way)
{
    pdu.n_bytes = place(fault, pdu.n_bytes);
    way->deliver(way->user, &pdu);
}

static void apply(struct sim_pdu_faults *faults, const struct sim_pdu_fault *fault, uint64_t now_us,
                  const struct sim_pdu *pdu, const struct sim_pdu_way *way)
{
    switch (fault->kind) {
    case SIM_PDU_DROP:
        break;
    case SIM_PDU_DUPLICATE:
        way->deliver(way->user, pdu);
        way->deliver(way->user, pdu);
        break;
    case SIM_PDU_DELAY:
        hold(faults, pdu, false,
             now_us + (fault->has_value ? fault->value : DEFAULT_DELAY_MS) * UINT64_C(1000));
        break;
    case SIM_PDU_CORRUPT:
        deliver_corrupted(fault, pdu, way);
        break;
    case SIM_PDU_TRUNCATE:
        deliver_short(fault, *pdu, way);
        break;
    case SIM_PDU_REORDER:
        hold(faults, pdu, true, now_us + SIM_PDU_REORDER_US);
        break;
    case SIM_PDU_DISCONNECT:
        way->hang_up(way->user, (uint8_t)(fault->has_value ? fault->value : RIG_HCI_ERROR_REMOTE_USER));
        break;
    case SIM_PDU_LOST:
        way->vanish(way->user);
        break;
    }
}

void sim_pdu_faults_pass(struct sim_pdu_faults *faults, uint64_t now_us, const struct sim_pdu *pdu,
                         const struct sim_pdu_way *way)
{
    const struct sim_pdu_fault *fault;

    if (pdu->n_bytes > SIM_BLE_MAX_MTU)
        return;
    fault = strike(faults, pdu);
    if (fault)
        apply(faults, fault, now_us, pdu, way);
    else
        way->deliver(way->user, pdu);
    if (!fault || fault->kind != SIM_PDU_REORDER)
        release_overtaken(faults, pdu->direction, way);
}

void sim_pdu_faults_drop_held(struct sim_pdu_faults *faults)
{
    faults->n_held = 0;
}

void sim_pdu_faults_release(struct sim_pdu_faults *faults, uint64_t now_us, const struct sim_pdu_way *way)
{
    for (unsigned i = 0; i < faults->n_held;) {
        if (faults->held[i].due_us <= now_us)
            release_one(faults, i, way);
        else
            i++;
    }
}

uint64_t sim_pdu_faults_due_us(const struct sim_pdu_faults *faults)
{
    uint64_t first_us = SIM_PDU_NEVER;

    for (unsigned i = 0; i < faults->n_held; i++)
        if (faults->held[i].due_us < first_us)
            first_us = faults->held[i].due_us;
    return first_us;
}
