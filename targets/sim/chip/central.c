/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The calls of a central in this process, apart from those that take time. */
#include "sim/board.h"

#include "sim/chip/ble/ble.h"

#include <stddef.h>
#include <string.h>

static const struct sim_ble *look(const struct sim_board *board)
{
    return sim_board_ble((struct sim_board *)board);
}

enum sim_ble_outcome sim_board_ble_connect(struct sim_board *board, const struct sim_ble_central *central,
                                           uint16_t mtu)
{
    memcpy(sim_board_ble(board)->central_irk, central->irk, sizeof central->irk);
    return sim_ble_connect(sim_board_ble(board), central->address, mtu);
}

void sim_board_ble_disconnect(struct sim_board *board)
{
    sim_ble_disconnect(sim_board_ble(board), SIM_HCI_LOCAL);
}

bool sim_board_ble_connected(const struct sim_board *board)
{
    return look(board)->connected;
}

uint16_t sim_board_ble_mtu(const struct sim_board *board)
{
    return look(board)->mtu;
}

bool sim_board_ble_encrypted(const struct sim_board *board)
{
    return look(board)->connected && look(board)->encrypted;
}

/* A central in this process names its key by the EDIV that pairing made of it. */
static const struct sim_bond *bond_for_key(const struct sim_ble *ble, const uint8_t ltk[SIM_BLE_LTK_BYTES])
{
    if (!ble->advertiser.has_handed_bond)
        return sim_ble_find_bond(ble, ble->central);
    return ble->advertiser.handed.ediv == sim_ble_ediv_of(ble, ltk) ? &ble->advertiser.handed : NULL;
}

static enum sim_ble_outcome sim_ble_encrypt(struct sim_ble *ble, const uint8_t ltk[SIM_BLE_LTK_BYTES])
{
    const struct sim_bond *bond = bond_for_key(ble, ltk);

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
    sim_ble_take_encryption(ble);
    return SIM_BLE_OK;
}

enum sim_ble_outcome sim_board_ble_encrypt(struct sim_board *board, const uint8_t ltk[SIM_BLE_LTK_BYTES])
{
    return sim_ble_encrypt(sim_board_ble(board), ltk);
}

enum sim_ble_outcome sim_board_ble_pair(struct sim_board *board,
                                        const struct sim_ble_central_pairing *central,
                                        uint8_t ltk[SIM_BLE_LTK_BYTES], struct sim_ble_pairing_result *result)
{
    return sim_ble_pair(sim_board_ble(board), central, ltk, result);
}

static enum sim_ble_outcome sim_ble_find(const struct sim_ble *ble, const char *service, const char *uuid,
                                         unsigned *characteristic)
{
    enum sim_ble_outcome outcome = SIM_BLE_NO_SERVICE;
    bool inside = false;

    if (!ble->connected)
        return SIM_BLE_NOT_CONNECTED;
    for (unsigned i = 0; i < ble->known.n; i++) {
        const struct sim_gatt_characteristic *entry = &ble->known.characteristics[i];

        if (entry->service)
            inside = sim_gatt_same_uuid(entry->service, service);
        if (!inside)
            continue;
        outcome = SIM_BLE_NO_CHARACTERISTIC;
        if (sim_gatt_same_uuid(entry->uuid, uuid)) {
            *characteristic = i;
            return SIM_BLE_OK;
        }
    }
    return outcome;
}

enum sim_ble_outcome sim_board_ble_find(const struct sim_board *board, const char *service, const char *uuid,
                                        unsigned *characteristic)
{
    return sim_ble_find(look(board), service, uuid, characteristic);
}

enum sim_ble_outcome sim_board_ble_read(struct sim_board *board, unsigned characteristic,
                                        uint8_t bytes[SIM_GATT_MAX_VALUE_BYTES], size_t *n_bytes)
{
    return sim_ble_read(sim_board_ble(board), characteristic, bytes, n_bytes);
}

uint8_t sim_board_ble_att_error(const struct sim_board *board)
{
    return look(board)->att_error;
}

bool sim_board_arm_pdu_fault(struct sim_board *board, const struct sim_pdu_fault *fault)
{
    return sim_pdu_faults_arm(&sim_board_ble(board)->faults, fault);
}

const struct sim_pdu_faults *sim_board_pdu_faults(const struct sim_board *board)
{
    return &look(board)->faults;
}

void sim_board_end_pdu_faults(struct sim_board *board)
{
    sim_pdu_faults_end(&sim_board_ble(board)->faults);
}

enum sim_ble_outcome sim_board_ble_subscribe(struct sim_board *board, unsigned characteristic,
                                             enum sim_gatt_subscription how)
{
    return sim_ble_subscribe(sim_board_ble(board), characteristic, how);
}

bool sim_board_ble_receive(struct sim_board *board, struct sim_ble_packet *packet)
{
    const struct sim_ble_packet *first = sim_ble_arrived(sim_board_ble(board));

    if (!first)
        return false;
    memcpy(packet, first, offsetof(struct sim_ble_packet, bytes) + first->n_bytes);
    sim_ble_drop_arrived(sim_board_ble(board));
    return true;
}

uint8_t sim_board_ble_last_reason(const struct sim_board *board)
{
    return look(board)->last_reason;
}

bool sim_board_ble_advertising(const struct sim_board *board)
{
    return look(board)->advertising && !look(board)->alive;
}

bool sim_board_ble_at_next_address(const struct sim_board *board)
{
    uint8_t address[SIM_BLE_ADDRESS_BYTES];

    sim_ble_address(look(board), address);
    return memcmp(address, look(board)->config.address, sizeof address) != 0;
}

bool sim_board_ble_has_bond(const struct sim_board *board, const uint8_t central[SIM_BLE_ADDRESS_BYTES])
{
    return sim_ble_find_bond(look(board), central) != NULL;
}

void sim_board_ble_forget_bonds(struct sim_board *board)
{
    sim_ble_forget_bonds(sim_board_ble(board));
}

/* Another key takes the place of each, as when a settings area was restored from an older copy. */
static void sim_ble_replace_bonds(struct sim_ble *ble)
{
    for (unsigned i = 0; i < SIM_BLE_MAX_BONDS; i++)
        if (ble->bonds[i].used)
            sim_ble_random(ble, ble->bonds[i].ltk, sizeof ble->bonds[i].ltk);
}

void sim_board_ble_replace_bonds(struct sim_board *board)
{
    sim_ble_replace_bonds(sim_board_ble(board));
}

void sim_board_set_ble(struct sim_board *board, const struct sim_ble_config *ble)
{
    sim_ble_configure(sim_board_ble(board), ble);
}
