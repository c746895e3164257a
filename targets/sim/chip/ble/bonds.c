/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Encryption, and the bond table that survives power cycles. */
#include "sim/chip/ble/ble.h"

#include <string.h>

static uint64_t next_random(uint64_t *state)
{
    uint64_t value = *state += 0x9e3779b97f4a7c15u;

    value = (value ^ value >> 30) * 0xbf58476d1ce4e5b9u;
    value = (value ^ value >> 27) * 0x94d049bb133111ebu;
    return value ^ value >> 31;
}

void sim_ble_random(struct sim_ble *ble, uint8_t *bytes, size_t n_bytes)
{
    for (size_t at = 0; at < n_bytes; at += 8) {
        uint64_t random = next_random(&ble->random);

        for (size_t i = at; i < at + 8 && i < n_bytes; i++, random >>= 8)
            bytes[i] = (uint8_t)random;
    }
}

bool sim_ble_knows_bonds(const struct sim_ble *ble)
{
    return !ble->in_updater || ble->config.updater == SIM_BLE_UPDATER_BONDS_KEPT;
}

enum sim_ble_security sim_ble_demands(const struct sim_ble *ble)
{
    return ble->config.defects & SIM_BLE_DEFECT_SERVES_UNENCRYPTED || !sim_ble_knows_bonds(ble)
               ? SIM_BLE_OPEN
               : ble->config.security;
}

const struct sim_bond *sim_ble_find_bond(const struct sim_ble *ble,
                                         const uint8_t central[SIM_BLE_ADDRESS_BYTES])
{
    for (unsigned i = 0; i < SIM_BLE_MAX_BONDS && sim_ble_knows_bonds(ble); i++) {
        if (ble->bonds[i].used && memcmp(ble->bonds[i].address, central, SIM_BLE_ADDRESS_BYTES) == 0)
            return &ble->bonds[i];
    }
    return NULL;
}

void sim_ble_forget_bonds(struct sim_ble *ble)
{
    memset(ble->bonds, 0, sizeof ble->bonds);
}

void sim_ble_replace_bonds(struct sim_ble *ble)
{
    for (unsigned i = 0; i < SIM_BLE_MAX_BONDS; i++)
        if (ble->bonds[i].used)
            sim_ble_random(ble, ble->bonds[i].ltk, sizeof ble->bonds[i].ltk);
}

/* The peer's own place, a free one, or the one of the oldest bond. */
static struct sim_bond *place_for(struct sim_ble *ble)
{
    struct sim_bond *best = &ble->bonds[0];

    for (unsigned i = 0; i < SIM_BLE_MAX_BONDS; i++) {
        struct sim_bond *bond = &ble->bonds[i];

        if (bond->used && memcmp(bond->address, ble->central, sizeof bond->address) == 0)
            return bond;
        if (best->used && (!bond->used || bond->age < best->age))
            best = bond;
    }
    return best;
}

struct sim_bond *sim_ble_new_bond(struct sim_ble *ble)
{
    struct sim_bond *bond = place_for(ble);

    memset(bond, 0, sizeof *bond);
    bond->used = true;
    bond->age = ++ble->n_pairings;
    memcpy(bond->address, ble->central, sizeof bond->address);
    return bond;
}

enum sim_ble_outcome sim_ble_encrypt(struct sim_ble *ble, const uint8_t ltk[SIM_BLE_LTK_BYTES])
{
    const struct sim_bond *bond = sim_ble_find_bond(ble, ble->central);

    if (!ble->connected || !ble->alive)
        return SIM_BLE_NOT_CONNECTED;
    if (!bond) {
        sim_ble_disconnect(ble, SIM_HCI_AUTHENTICATION_FAILURE);
        return SIM_BLE_KEY_MISSING;
    }
    if (memcmp(bond->ltk, ltk, SIM_BLE_LTK_BYTES) != 0) {
        sim_ble_disconnect(ble, SIM_HCI_MIC_FAILURE);
        return SIM_BLE_MIC_FAILURE;
    }
    ble->encrypted = true;
    ble->authenticated = bond->authenticated;
    return SIM_BLE_OK;
}

bool sim_ble_refuses_pairing(const struct sim_ble *ble)
{
    if (!ble->config.bonding || !sim_ble_knows_bonds(ble))
        return true;
    return ble->config.repairing == SIM_BLE_REPAIRING_REFUSED && sim_ble_find_bond(ble, ble->central) &&
           !(ble->config.defects & SIM_BLE_DEFECT_PAIRS_ANEW_SILENTLY);
}
