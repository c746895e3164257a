/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which method two sides pair by, and how a pairing ends whose central is in the same process. */
#include "sim/chip/ble/ble.h"

#include "base/bytes.h"

#include <string.h>

static bool compares(enum sim_ble_io io)
{
    return io == SIM_BLE_IO_YES_NO || io == SIM_BLE_IO_KEYBOARD_DISPLAY;
}

enum sim_ble_method sim_ble_method_for(enum sim_ble_io central, enum sim_ble_io board, bool secure)
{
    if (central == SIM_BLE_IO_NONE || board == SIM_BLE_IO_NONE)
        return SIM_BLE_JUST_WORKS;
    if (secure && compares(central) && compares(board))
        return SIM_BLE_COMPARES;
    if (board == SIM_BLE_IO_KEYBOARD)
        return SIM_BLE_TYPES_PASSKEY;
    if (central == SIM_BLE_IO_KEYBOARD)
        return SIM_BLE_SHOWS_PASSKEY;
    if (board == SIM_BLE_IO_KEYBOARD_DISPLAY)
        return SIM_BLE_TYPES_PASSKEY;
    return central == SIM_BLE_IO_KEYBOARD_DISPLAY ? SIM_BLE_SHOWS_PASSKEY : SIM_BLE_JUST_WORKS;
}

static enum sim_ble_outcome fail(struct sim_ble_pairing_result *result, enum sim_pairing_reason reason,
                                 bool central)
{
    *result = (struct sim_ble_pairing_result){.reason = (uint8_t)reason, .central_failed = central};
    return SIM_BLE_PAIRING_REFUSED;
}

uint32_t sim_ble_passkey(struct sim_ble *ble)
{
    uint8_t random[4];

    if (ble->config.pairing.fixed_passkey)
        return ble->config.pairing.passkey;
    sim_ble_random(ble, random, sizeof random);
    return rig_get_le32(random) % SIM_BLE_N_PASSKEYS;
}

/* The central's user reads the board's display. */
static enum sim_ble_outcome central_types(struct sim_ble *ble, const struct sim_ble_central_pairing *central,
                                          struct sim_ble_pairing_result *result)
{
    uint32_t passkey = sim_ble_passkey(ble);

    if (central->refuses || !central->has_passkey)
        return fail(result, SIM_PAIRING_PASSKEY_FAILED, true);
    return central->passkey == passkey ? SIM_BLE_OK : fail(result, SIM_PAIRING_CONFIRM_FAILED, false);
}

static enum sim_ble_outcome board_types(const struct sim_ble *ble, struct sim_ble_pairing_result *result)
{
    switch (ble->config.pairing.user) {
    case SIM_BLE_USER_NOBODY:
        return SIM_BLE_NO_ANSWER;
    case SIM_BLE_USER_REFUSES:
        return fail(result, SIM_PAIRING_PASSKEY_FAILED, false);
    case SIM_BLE_USER_MISTYPES:
        return fail(result, SIM_PAIRING_CONFIRM_FAILED, false);
    case SIM_BLE_USER_AGREES:
        break;
    }
    return SIM_BLE_OK;
}

/* The number is made of both sides' random ones: nobody knows it beforehand. */
static enum sim_ble_outcome both_compare(struct sim_ble *ble, const struct sim_ble_central_pairing *central,
                                         struct sim_ble_pairing_result *result)
{
    uint8_t random[4];

    sim_ble_random(ble, random, sizeof random);
    if (ble->config.pairing.user == SIM_BLE_USER_REFUSES)
        return fail(result, SIM_PAIRING_COMPARISON_FAILED, false);
    if (central->refuses ||
        (central->has_passkey && central->passkey != rig_get_le32(random) % SIM_BLE_N_PASSKEYS))
        return fail(result, SIM_PAIRING_COMPARISON_FAILED, true);
    return ble->config.pairing.user == SIM_BLE_USER_NOBODY ? SIM_BLE_NO_ANSWER : SIM_BLE_OK;
}

static enum sim_ble_outcome play(struct sim_ble *ble, enum sim_ble_method method,
                                 const struct sim_ble_central_pairing *central,
                                 struct sim_ble_pairing_result *result)
{
    switch (method) {
    case SIM_BLE_SHOWS_PASSKEY:
        return central_types(ble, central, result);
    case SIM_BLE_TYPES_PASSKEY:
        return board_types(ble, result);
    case SIM_BLE_COMPARES:
        return both_compare(ble, central, result);
    case SIM_BLE_JUST_WORKS:
        break;
    }
    return ble->config.pairing.refuses_just_works ? fail(result, SIM_PAIRING_AUTHENTICATION, false)
                                                  : SIM_BLE_OK;
}

enum sim_ble_outcome sim_ble_pair(struct sim_ble *ble, const struct sim_ble_central_pairing *central,
                                  uint8_t ltk[SIM_BLE_LTK_BYTES], struct sim_ble_pairing_result *result)
{
    bool secure = ble->config.pairing.kind != SIM_BLE_PAIRING_LEGACY;
    enum sim_ble_method method = sim_ble_method_for(central->io, ble->config.pairing.io, secure);
    enum sim_ble_outcome outcome;

    *result = (struct sim_ble_pairing_result){0};
    if (!ble->connected || !ble->alive)
        return SIM_BLE_NOT_CONNECTED;
    if (sim_ble_refuses_pairing(ble))
        return fail(result, SIM_PAIRING_NOT_SUPPORTED, false);
    outcome = play(ble, method, central, result);
    if (outcome != SIM_BLE_OK)
        return outcome;

    struct sim_bond *bond = sim_ble_new_bond(ble);

    sim_ble_random(ble, bond->ltk, sizeof bond->ltk);
    memcpy(ltk, bond->ltk, SIM_BLE_LTK_BYTES);
    bond->secure = secure;
    bond->ediv = sim_ble_ediv_of(ble, ltk);
    bond->key_bytes = SIM_BLE_LTK_BYTES;
    bond->wants_changes = ble->wants_changes;
    memcpy(bond->irk, ble->central_irk, sizeof bond->irk);
    bond->authenticated = ble->authenticated = method != SIM_BLE_JUST_WORKS;
    ble->encrypted = true;
    sim_ble_take_encryption(ble);
    return SIM_BLE_OK;
}
