/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Security Manager: pairing as responder, by LE Secure Connections and by the legacy way, keys and bonds.
 * [SPEC Core Vol 3 Part H] */
#include "sim/chip/host/internal.h"
#include "base/bytes.h"
#include "protocol/ble/codes.h"

#include <string.h>

static enum rig_sm_reason sm_legacy_confirm(struct sim_stack *stack);
static enum rig_sm_reason sm_legacy_random(struct sim_stack *stack);
static void sm_legacy_distribute(struct sim_stack *stack);
static enum rig_sm_reason sm_secure_public_key(struct sim_stack *stack);
static enum rig_sm_reason sm_secure_confirm(struct sim_stack *stack);
static enum rig_sm_reason sm_secure_random(struct sim_stack *stack);
static enum rig_sm_reason sm_secure_check(struct sim_stack *stack);

#define TIMEOUT_US 30000000u
#define AUTH_BONDING 0x01
#define AUTH_BONDING_MASK 0x03
#define AUTH_MITM 0x04
#define AUTH_SECURE 0x08
#define DISTRIBUTE_KEY 0x01
#define MIN_KEY_BYTES 7
#define MAX_KEY_BYTES 16

void sm_reset(struct sim_stack *stack)
{
    memset(&stack->sm, 0, sizeof stack->sm);
}

static void sm_send(struct sim_stack *stack, enum rig_sm_code code, const uint8_t *bytes, size_t n_bytes)
{
    uint8_t pdu[1 + SM_PUBLIC_BYTES];

    pdu[0] = (uint8_t)code;
    memcpy(pdu + 1, bytes, n_bytes);
    hci_send_frame(stack, RIG_L2CAP_CID_SM, pdu, 1 + n_bytes);
}

static void sm_fail(struct sim_stack *stack, enum rig_sm_reason reason)
{
    uint8_t byte = (uint8_t)reason;

    sm_reset(stack);
    sm_send(stack, RIG_SM_FAILED, &byte, 1);
    stack_tell(stack, "pairing failed: 0x%02x", byte);
}

static struct sm_address sm_own_address(const struct sim_stack *stack)
{
    struct sm_address address = {.type = 1};
    uint8_t own[SIM_BLE_ADDRESS_BYTES];

    sim_ble_address(stack->ble, own);
    for (unsigned i = 0; i < sizeof address.bytes; i++)
        address.bytes[i] = own[sizeof own - 1 - i];
    return address;
}

static struct sm_address sm_peer_address(const struct sim_stack *stack)
{
    struct sm_address address = {.type = stack->link.peer.type};

    memcpy(address.bytes, stack->link.peer.bytes, sizeof address.bytes);
    return address;
}

static void sm_trim_key(struct sim_stack *stack)
{
    memset(stack->sm.key + stack->sm.key_bytes, 0, sizeof stack->sm.key - stack->sm.key_bytes);
}

/* --- what both can --- */

/* [SPEC Part H 3.5.1 table 3.4] By the number on the air. */
static const enum sim_ble_io ios[] = {SIM_BLE_IO_DISPLAY, SIM_BLE_IO_YES_NO, SIM_BLE_IO_KEYBOARD,
                                      SIM_BLE_IO_NONE, SIM_BLE_IO_KEYBOARD_DISPLAY};
#define N_IOS (sizeof ios / sizeof *ios)

static uint8_t own_io(const struct sim_stack *stack)
{
    uint8_t number = 0;

    while (number < N_IOS - 1 && ios[number] != stack->ble->config.pairing.io)
        number++;
    return number;
}

static enum rig_sm_reason check_request(const struct sim_stack *stack, const uint8_t request[7])
{
    if (sim_ble_refuses_pairing(stack->ble))
        return RIG_SM_REASON_NOT_SUPPORTED;
    if (request[1] >= N_IOS || request[2] > 1 || request[4] > MAX_KEY_BYTES)
        return RIG_SM_REASON_INVALID_PARAMETERS;
    if (request[4] < MIN_KEY_BYTES)
        return RIG_SM_REASON_KEY_SIZE;
    if (stack->ble->config.pairing.kind == SIM_BLE_PAIRING_SECURE && !(request[3] & AUTH_SECURE))
        return RIG_SM_REASON_AUTHENTICATION_REQUIREMENTS;
    return RIG_SM_OK;
}

static uint8_t own_requirements(const struct sim_stack *stack)
{
    const struct sim_ble_pairing *pairing = &stack->ble->config.pairing;

    return (uint8_t)(AUTH_BONDING |
                     (pairing->io != SIM_BLE_IO_NONE || pairing->refuses_just_works ? AUTH_MITM : 0) |
                     (pairing->kind != SIM_BLE_PAIRING_LEGACY ? AUTH_SECURE : 0));
}

static void show_passkey(struct sim_stack *stack)
{
    stack->sm.passkey = sim_ble_passkey(stack->ble);
    stack->sm.has_passkey = true;
    stack_tell(stack, "passkey %06u", stack->sm.passkey);
}

static enum rig_sm_reason take_request(struct sim_stack *stack, const uint8_t request[7])
{
    enum rig_sm_reason reason = check_request(stack, request);
    uint8_t own = own_requirements(stack);
    struct sm *sm = &stack->sm;

    if (reason != RIG_SM_OK)
        return reason;
    sm_reset(stack);
    memcpy(sm->request, request, sizeof sm->request);
    sm->secure = request[3] & own & AUTH_SECURE;
    sm->bonding = (request[3] & AUTH_BONDING_MASK) == AUTH_BONDING;
    sm->key_bytes = request[4];
    sm->method = (request[3] | own) & AUTH_MITM
                     ? sim_ble_method_for(ios[request[1]], stack->ble->config.pairing.io, sm->secure)
                     : SIM_BLE_JUST_WORKS;
    if (stack->ble->config.pairing.refuses_just_works && sm->method == SIM_BLE_JUST_WORKS)
        return RIG_SM_REASON_AUTHENTICATION_REQUIREMENTS;

    const uint8_t response[7] = {RIG_SM_RESPONSE,
                                 own_io(stack),
                                 0,
                                 own,
                                 MAX_KEY_BYTES,
                                 0,
                                 sm->secure || !sm->bonding ? 0 : request[6] & DISTRIBUTE_KEY};

    memcpy(sm->response, response, sizeof response);
    sm->phase = sm->secure ? SM_AWAITS_PUBLIC_KEY : SM_AWAITS_CONFIRM;
    if (misbehave_before_pairing_response(stack))
        return RIG_SM_OK;
    sm_send(stack, RIG_SM_RESPONSE, response + 1, sizeof response - 1);
    if (sm->method == SIM_BLE_SHOWS_PASSKEY)
        show_passkey(stack);
    if (sm->method == SIM_BLE_TYPES_PASSKEY)
        stack_tell(stack, "passkey wanted");
    return RIG_SM_OK;
}

/* --- the order of things --- */

static size_t expected_bytes(uint8_t code)
{
    switch (code) {
    case RIG_SM_REQUEST:
    case RIG_SM_RESPONSE:
        return 7;
    case RIG_SM_CONFIRM:
    case RIG_SM_RANDOM:
    case RIG_SM_DHKEY_CHECK:
        return 17;
    case RIG_SM_FAILED:
        return 2;
    case RIG_SM_PUBLIC_KEY:
        return 1 + SM_PUBLIC_BYTES;
    default:
        return 0;
    }
}

static enum rig_sm_reason take_confirm(struct sim_stack *stack, const uint8_t *value)
{
    memcpy(stack->sm.confirm, value, sizeof stack->sm.confirm);
    if (stack->sm.method == SIM_BLE_TYPES_PASSKEY && !stack->sm.has_passkey) {
        stack->sm.holds_confirm = true;
        return RIG_SM_OK;
    }
    return stack->sm.secure ? sm_secure_confirm(stack) : sm_legacy_confirm(stack);
}

static enum rig_sm_reason take_random(struct sim_stack *stack, const uint8_t *value)
{
    memcpy(stack->sm.peer_random, value, sizeof stack->sm.peer_random);
    return stack->sm.secure ? sm_secure_random(stack) : sm_legacy_random(stack);
}

static enum rig_sm_reason take_check(struct sim_stack *stack, const uint8_t *value)
{
    memcpy(stack->sm.check, value, sizeof stack->sm.check);
    if (stack->sm.method == SIM_BLE_COMPARES && !stack->sm.compared) {
        stack->sm.holds_check = true;
        return RIG_SM_OK;
    }
    return sm_secure_check(stack);
}

static enum rig_sm_reason take_pdu(struct sim_stack *stack, const uint8_t *pdu)
{
    struct sm *sm = &stack->sm;

    switch (pdu[0]) {
    case RIG_SM_REQUEST:
        return sm->phase == SM_IDLE ? take_request(stack, pdu) : RIG_SM_REASON_UNSPECIFIED;
    case RIG_SM_PUBLIC_KEY:
        if (sm->phase != SM_AWAITS_PUBLIC_KEY)
            break;
        memcpy(sm->peer_public_key, pdu + 1, sizeof sm->peer_public_key);
        return sm_secure_public_key(stack);
    case RIG_SM_CONFIRM:
        if (sm->phase == SM_AWAITS_CONFIRM && !sm->holds_confirm)
            return take_confirm(stack, pdu + 1);
        break;
    case RIG_SM_RANDOM:
        if (sm->phase == SM_AWAITS_RANDOM)
            return take_random(stack, pdu + 1);
        break;
    case RIG_SM_DHKEY_CHECK:
        if (sm->phase == SM_AWAITS_CHECK && !sm->holds_check)
            return take_check(stack, pdu + 1);
        break;
    default:
        break;
    }
    return sm->phase == SM_IDLE ? SM_QUIET : RIG_SM_REASON_UNSPECIFIED;
}

void sm_receive(struct sim_stack *stack, const uint8_t *pdu, size_t n_bytes)
{
    size_t n_expected = expected_bytes(pdu[0]);
    enum rig_sm_reason reason;

    /* Keypresses and keys that were not asked for change nothing. */
    if (stack->sm.phase == SM_DEAD || pdu[0] == RIG_SM_KEYPRESS_NOTIFICATION ||
        (pdu[0] >= RIG_SM_ENCRYPTION_KEY && pdu[0] < RIG_SM_SECURITY_REQUEST))
        return;
    if (pdu[0] == RIG_SM_FAILED) {
        if (stack->sm.phase != SM_IDLE)
            stack_tell(stack, "pairing failed: the central says 0x%02x", n_bytes > 1 ? pdu[1] : 0);
        sm_reset(stack);
        return;
    }
    if (n_expected == 0)
        reason = RIG_SM_REASON_UNKNOWN_COMMAND;
    else
        reason = n_bytes == n_expected ? take_pdu(stack, pdu) : RIG_SM_REASON_INVALID_PARAMETERS;
    if (reason != RIG_SM_OK && reason != SM_QUIET)
        sm_fail(stack, reason);
    else if (stack->sm.phase != SM_IDLE)
        stack->sm.due_us = stack->now_us + TIMEOUT_US;
}

void sm_tick(struct sim_stack *stack)
{
    struct sm *sm = &stack->sm;

    if (!stack->link.up || sm->phase == SM_IDLE || sm->phase == SM_DEAD || stack->now_us < sm->due_us)
        return;
    stack_tell(stack, "pairing timed out");
    sm->phase = SM_DEAD;
}

/* --- the user --- */

static void go_on(struct sim_stack *stack, enum rig_sm_reason reason)
{
    if (reason != RIG_SM_OK)
        sm_fail(stack, reason);
}

bool sm_type_passkey(struct sim_stack *stack, uint32_t passkey)
{
    struct sm *sm = &stack->sm;

    if (sm->phase == SM_IDLE || sm->phase == SM_DEAD || sm->method != SIM_BLE_TYPES_PASSKEY ||
        sm->has_passkey)
        return false;
    sm->passkey = passkey;
    sm->has_passkey = true;
    if (sm->holds_confirm) {
        sm->holds_confirm = false;
        go_on(stack, sm->secure ? sm_secure_confirm(stack) : sm_legacy_confirm(stack));
    }
    return true;
}

bool sm_answer_comparison(struct sim_stack *stack, bool yes)
{
    struct sm *sm = &stack->sm;

    if (sm->phase != SM_AWAITS_CHECK || sm->method != SIM_BLE_COMPARES || sm->compared)
        return false;
    sm->compared = yes;
    if (!yes)
        sm_fail(stack, RIG_SM_REASON_COMPARISON_FAILED);
    else if (sm->holds_check)
        go_on(stack, sm_secure_check(stack));
    return true;
}

bool sm_central_shows(struct sim_stack *stack, uint32_t passkey)
{
    struct sm *sm = &stack->sm;

    if (sm->phase == SM_IDLE || sm->phase == SM_DEAD || sm->method != SIM_BLE_TYPES_PASSKEY ||
        sm->has_passkey)
        return false;
    switch (stack->ble->config.pairing.user) {
    case SIM_BLE_USER_NOBODY:
        break;
    case SIM_BLE_USER_AGREES:
        return sm_type_passkey(stack, passkey);
    case SIM_BLE_USER_MISTYPES:
        return sm_type_passkey(stack, (passkey + 1) % SIM_BLE_N_PASSKEYS);
    case SIM_BLE_USER_REFUSES:
        sm_fail(stack, RIG_SM_REASON_PASSKEY_FAILED);
        break;
    }
    return true;
}

void sm_ask_security(struct sim_stack *stack)
{
    uint8_t requirements = own_requirements(stack);

    sm_send(stack, RIG_SM_SECURITY_REQUEST, &requirements, 1);
}

/* --- keys --- */

static bool is_zero(const uint8_t rand[8], uint16_t ediv)
{
    static const uint8_t zeros[8];

    return ediv == 0 && memcmp(rand, zeros, sizeof zeros) == 0;
}

/* A key of legacy pairing is named by ediv and rand, one of Secure Connections by the peer alone. */
static const struct sim_bond *bond_for(const struct sim_stack *stack, const uint8_t rand[8], uint16_t ediv)
{
    const struct sim_bond *bond = sim_ble_bond(stack->ble, stack->link.peer.type);

    if (!bond)
        return NULL;
    if (stack->ble->advertiser.has_handed_bond)
        return bond->ediv == ediv ? bond : NULL;
    if (bond->secure)
        return is_zero(rand, ediv) ? bond : NULL;
    return bond->ediv == ediv && memcmp(bond->rand, rand, sizeof bond->rand) == 0 ? bond : NULL;
}

void sm_key_request(struct sim_stack *stack, uint16_t connection, const uint8_t rand[8], uint16_t ediv)
{
    uint8_t parameters[18];
    const struct sim_bond *bond = NULL;
    const uint8_t *key = NULL;

    if (!stack->link.up || stack->link.connection != connection)
        return;
    if (stack->sm.phase == SM_AWAITS_ENCRYPTION && is_zero(rand, ediv))
        key = stack->sm.key;
    else if ((bond = bond_for(stack, rand, ediv)))
        key = bond->ltk;
    rig_put_le16(parameters, connection);
    if (!key) {
        stack_tell(stack, "no key for this central");
        hci_command(stack, RIG_HCI_LE_KEY_NEGATIVE_REPLY, parameters, 2);
        return;
    }
    stack->link.authenticated = bond && bond->authenticated;
    memcpy(parameters + 2, key, 16);
    hci_command(stack, RIG_HCI_LE_KEY_REPLY, parameters, sizeof parameters);
}

static void keep_bond(struct sim_stack *stack)
{
    struct sim_bond *bond = sim_ble_new_bond(stack->ble);

    bond->address_type = stack->link.peer.type;
    bond->secure = stack->sm.secure;
    bond->authenticated = stack->link.authenticated;
    bond->key_bytes = stack->sm.key_bytes;
    if (stack->sm.secure)
        memcpy(bond->ltk, stack->sm.key, sizeof bond->ltk);
    else
        sm_legacy_distribute(stack);
    stack_tell(stack, "bonded");
}

void sm_encrypted(struct sim_stack *stack)
{
    struct sm *sm = &stack->sm;

    stack_tell(stack, "encrypted");
    if (sm->phase != SM_AWAITS_ENCRYPTION)
        return;
    stack->link.authenticated = sm->method != SIM_BLE_JUST_WORKS;
    if (sm->bonding && (sm->secure || sm->response[6] & DISTRIBUTE_KEY))
        keep_bond(stack);
    sm_reset(stack);
}

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

static enum rig_sm_reason sm_legacy_confirm(struct sim_stack *stack)
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

static enum rig_sm_reason sm_legacy_random(struct sim_stack *stack)
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

static void sm_legacy_distribute(struct sim_stack *stack)
{
    struct sim_bond *bond = sim_ble_bond(stack->ble, stack->link.peer.type);
    uint8_t identification[10];

    sim_ble_random(stack->ble, bond->ltk, bond->key_bytes);
    sim_ble_random(stack->ble, identification, sizeof identification);
    bond->ediv = rig_get_le16(identification);
    memcpy(bond->rand, identification + 2, sizeof bond->rand);
    sm_send(stack, RIG_SM_ENCRYPTION_KEY, bond->ltk, sizeof bond->ltk);
    sm_send(stack, RIG_SM_CENTRAL_IDENTIFICATION, identification, sizeof identification);
}

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

static enum rig_sm_reason sm_secure_public_key(struct sim_stack *stack)
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

static enum rig_sm_reason sm_secure_confirm(struct sim_stack *stack)
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

static enum rig_sm_reason sm_secure_random(struct sim_stack *stack)
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

static enum rig_sm_reason sm_secure_check(struct sim_stack *stack)
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
