/* SPDX-License-Identifier: GPL-3.0-or-later */
/* LE Secure Connections pairing, responder: Just Works, numeric comparison, passkey.
 * [SPEC Core Vol 3 Part H 2.3.5.6] */
#include "sim/chip/host/internal.h"

#include "base/bytes.h"

#include <string.h>

#define N_ROUNDS 20u

static bool has_passkey(const struct sm *sm)
{
    return sm->method == SIM_BLE_SHOWS_PASSKEY || sm->method == SIM_BLE_TYPES_PASSKEY;
}

/* [SPEC 2.3.5.6.3] One bit of the passkey in each round. */
static uint8_t round_byte(const struct sm *sm)
{
    return has_passkey(sm) ? (uint8_t)(0x80 | (sm->passkey >> sm->round & 1)) : 0;
}

static enum rig_sm_reason send_confirm(struct sim_stack *stack)
{
    struct sm *sm = &stack->sm;
    uint8_t confirm[16];

    sim_ble_random(stack->ble, sm->random, sizeof sm->random);
    if (!sm_f4(sm->public_key, sm->peer_public_key, sm->random, round_byte(sm), confirm))
        return RIG_SM_REASON_UNSPECIFIED;
    sm->phase = SM_AWAITS_RANDOM;
    sm_send(stack, RIG_SM_CONFIRM, confirm, sizeof confirm);
    return RIG_SM_OK;
}

/* Nearly any number below the order is a private key; that several in a row are none has other reasons. */
static bool draw_key(struct sim_stack *stack)
{
    struct sm *sm = &stack->sm;

    for (unsigned i = 0; i < 8; i++) {
        sim_ble_random(stack->ble, sm->secret, sizeof sm->secret);
        if (sm_public_key(sm->secret, sm->public_key))
            return true;
    }
    return false;
}

enum rig_sm_reason sm_secure_public_key(struct sim_stack *stack)
{
    struct sm *sm = &stack->sm;

    if (!draw_key(stack))
        return RIG_SM_REASON_UNSPECIFIED;
    /* An own key sent back would make a passkey worthless. */
    if (memcmp(sm->public_key, sm->peer_public_key, SM_COORDINATE_BYTES) == 0)
        return RIG_SM_REASON_INVALID_PARAMETERS;
    if (!sm_dh_key(sm->secret, sm->peer_public_key, sm->shared))
        return RIG_SM_REASON_CHECK_FAILED;
    sm_send(stack, RIG_SM_PUBLIC_KEY, sm->public_key, sizeof sm->public_key);
    sm->phase = SM_AWAITS_CONFIRM;
    return has_passkey(sm) ? RIG_SM_OK : send_confirm(stack);
}

enum rig_sm_reason sm_secure_confirm(struct sim_stack *stack)
{
    return send_confirm(stack);
}

/* Both keys are there; what is left is that both sides prove it. */
static enum rig_sm_reason derive_keys(struct sim_stack *stack)
{
    const struct sm_address own = sm_own_address(stack), peer = sm_peer_address(stack);
    struct sm *sm = &stack->sm;
    uint32_t number;

    if (!sm_f5(sm->shared, sm->peer_random, sm->random, &peer, &own, sm->mac_key, sm->key) ||
        !sm_g2(sm->peer_public_key, sm->public_key, sm->peer_random, sm->random, &number))
        return RIG_SM_REASON_UNSPECIFIED;
    sm->phase = SM_AWAITS_CHECK;
    if (sm->method == SIM_BLE_COMPARES) {
        stack_tell(stack, "compare %06u", number);
        sm->compared = stack->ble->config.pairing.user == SIM_BLE_USER_AGREES ||
                       stack->ble->config.pairing.user == SIM_BLE_USER_MISTYPES;
        if (stack->ble->config.pairing.user == SIM_BLE_USER_REFUSES)
            return RIG_SM_REASON_COMPARISON_FAILED;
    }
    return RIG_SM_OK;
}

static bool confirm_fits(const struct sm *sm)
{
    uint8_t expected[16];

    return sm_f4(sm->peer_public_key, sm->public_key, sm->peer_random, round_byte(sm), expected) &&
           memcmp(expected, sm->confirm, sizeof expected) == 0;
}

enum rig_sm_reason sm_secure_random(struct sim_stack *stack)
{
    struct sm *sm = &stack->sm;

    if (has_passkey(sm) && !confirm_fits(sm))
        return RIG_SM_REASON_CONFIRM_FAILED;
    sm_send(stack, RIG_SM_RANDOM, sm->random, sizeof sm->random);
    if (!has_passkey(sm) || ++sm->round == N_ROUNDS)
        return derive_keys(stack);
    sm->phase = SM_AWAITS_CONFIRM;
    return RIG_SM_OK;
}

enum rig_sm_reason sm_secure_check(struct sim_stack *stack)
{
    const struct sm_address own = sm_own_address(stack), peer = sm_peer_address(stack);
    struct sm *sm = &stack->sm;
    uint8_t shared_number[16] = {0}, expected[16], check[16];

    if (has_passkey(sm))
        rig_put_le32(shared_number, sm->passkey);
    if (!sm_f6(sm->mac_key, sm->peer_random, sm->random, shared_number, sm->request + 1, &peer, &own,
               expected) ||
        !sm_f6(sm->mac_key, sm->random, sm->peer_random, shared_number, sm->response + 1, &own, &peer, check))
        return RIG_SM_REASON_UNSPECIFIED;
    if (memcmp(expected, sm->check, sizeof expected) != 0)
        return RIG_SM_REASON_CHECK_FAILED;
    sm_trim_key(stack);
    sm->phase = SM_AWAITS_ENCRYPTION;
    sm_send(stack, RIG_SM_DHKEY_CHECK, check, sizeof check);
    return RIG_SM_OK;
}
