/* SPDX-License-Identifier: GPL-3.0-or-later */
/* LE legacy pairing, responder. [SPEC Core Vol 3 Part H 2.3.5.2 to 2.3.5.5, 2.4.3.1] */
#include "sim/chip/host/internal.h"

#include "base/bytes.h"

#include <string.h>

static void temporary_key(const struct sm *sm, uint8_t key[16])
{
    memset(key, 0, 16);
    if (sm->method != SIM_BLE_JUST_WORKS)
        rig_put_le32(key, sm->passkey);
}

static bool confirm_of(const struct sim_stack *stack, const uint8_t random[16], uint8_t confirm[16])
{
    const struct sm_address own = sm_own_address(stack), peer = sm_peer_address(stack);
    uint8_t key[16];

    temporary_key(&stack->sm, key);
    return sm_c1(key, random, stack->sm.request, stack->sm.response, &peer, &own, confirm);
}

enum rig_sm_reason sm_legacy_confirm(struct sim_stack *stack)
{
    struct sm *sm = &stack->sm;
    uint8_t confirm[16];

    sim_ble_random(stack->ble, sm->random, sizeof sm->random);
    if (!confirm_of(stack, sm->random, confirm))
        return RIG_SM_REASON_UNSPECIFIED;
    sm->phase = SM_AWAITS_RANDOM;
    sm_send(stack, RIG_SM_CONFIRM, confirm, sizeof confirm);
    return RIG_SM_OK;
}

enum rig_sm_reason sm_legacy_random(struct sim_stack *stack)
{
    struct sm *sm = &stack->sm;
    uint8_t expected[16], key[16];

    temporary_key(sm, key);
    if (!confirm_of(stack, sm->peer_random, expected) || !sm_s1(key, sm->random, sm->peer_random, sm->key))
        return RIG_SM_REASON_UNSPECIFIED;
    if (memcmp(expected, sm->confirm, sizeof expected) != 0)
        return RIG_SM_REASON_CONFIRM_FAILED;
    sm_trim_key(stack);
    sm->phase = SM_AWAITS_ENCRYPTION;
    sm_send(stack, RIG_SM_RANDOM, sm->random, sizeof sm->random);
    return RIG_SM_OK;
}

void sm_legacy_distribute(struct sim_stack *stack)
{
    struct sim_bond *bond = stack_bond(stack);
    uint8_t identification[10];

    sim_ble_random(stack->ble, bond->ltk, bond->key_bytes);
    sim_ble_random(stack->ble, identification, sizeof identification);
    bond->ediv = rig_get_le16(identification);
    memcpy(bond->rand, identification + 2, sizeof bond->rand);
    sm_send(stack, RIG_SM_ENCRYPTION_KEY, bond->ltk, sizeof bond->ltk);
    sm_send(stack, RIG_SM_CENTRAL_IDENTIFICATION, identification, sizeof identification);
}
