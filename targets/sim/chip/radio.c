/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The central's calls, handed to the peripheral model. */
#include "sim/chip/state.h"

#include <string.h>

enum sim_ble_outcome sim_board_ble_connect(struct sim_board *board, const struct sim_ble_central *central,
                                           uint16_t mtu)
{
    return sim_ble_connect(&board->ram.ble, central->address, mtu);
}

void sim_board_ble_disconnect(struct sim_board *board)
{
    sim_ble_disconnect(&board->ram.ble, SIM_HCI_LOCAL);
}

bool sim_board_ble_connected(const struct sim_board *board)
{
    return board->ram.ble.connected;
}

uint16_t sim_board_ble_mtu(const struct sim_board *board)
{
    return board->ram.ble.mtu;
}

bool sim_board_ble_encrypted(const struct sim_board *board)
{
    return board->ram.ble.connected && board->ram.ble.encrypted;
}

enum sim_ble_outcome sim_board_ble_encrypt(struct sim_board *board, const uint8_t ltk[SIM_BLE_LTK_BYTES])
{
    return sim_ble_encrypt(&board->ram.ble, ltk);
}

enum sim_ble_outcome sim_board_ble_pair(struct sim_board *board,
                                        const struct sim_ble_central_pairing *central,
                                        uint8_t ltk[SIM_BLE_LTK_BYTES], struct sim_ble_pairing_result *result)
{
    return sim_ble_pair(&board->ram.ble, central, ltk, result);
}

enum sim_ble_outcome sim_board_ble_find(const struct sim_board *board, const char *service, const char *uuid,
                                        unsigned *characteristic)
{
    return sim_ble_find(&board->ram.ble, service, uuid, characteristic);
}

enum sim_ble_outcome sim_board_ble_write(struct sim_board *board, unsigned characteristic, bool with_response,
                                         const uint8_t *bytes, size_t n_bytes)
{
    uint32_t n_struck = board->ram.ble.faults.n_struck;
    enum sim_ble_outcome outcome =
        sim_ble_write(&board->ram.ble, board->ram.now_us, characteristic, with_response, bytes, n_bytes);

    board_tell_strike(board, n_struck);
    return outcome;
}

enum sim_ble_outcome sim_board_ble_read(struct sim_board *board, unsigned characteristic,
                                        uint8_t bytes[SIM_BLE_MAX_MTU], size_t *n_bytes)
{
    return sim_ble_read(&board->ram.ble, characteristic, bytes, n_bytes);
}

uint8_t sim_board_ble_att_error(const struct sim_board *board)
{
    return board->ram.ble.att_error;
}

void board_tell_strike(struct sim_board *board, uint32_t n_before)
{
    const struct sim_pdu_faults *faults = &board->ram.ble.faults;

    if (board->struck && faults->n_struck != n_before)
        board->struck(board->struck_user, board_clock(board), &faults->last);
}

bool sim_board_arm_pdu_fault(struct sim_board *board, const struct sim_pdu_fault *fault)
{
    return sim_pdu_faults_arm(&board->ram.ble.faults, fault);
}

const struct sim_pdu_faults *sim_board_pdu_faults(const struct sim_board *board)
{
    return &board->ram.ble.faults;
}

void sim_board_end_pdu_faults(struct sim_board *board)
{
    sim_pdu_faults_end(&board->ram.ble.faults);
}

enum sim_ble_outcome sim_board_ble_subscribe(struct sim_board *board, unsigned characteristic,
                                             enum sim_gatt_subscription how)
{
    return sim_ble_subscribe(&board->ram.ble, characteristic, how);
}

bool sim_board_ble_receive(struct sim_board *board, struct sim_ble_packet *packet)
{
    return sim_ble_receive(&board->ram.ble, packet);
}

uint8_t sim_board_ble_last_reason(const struct sim_board *board)
{
    return board->ram.ble.last_reason;
}

bool sim_board_ble_advertising(const struct sim_board *board)
{
    return board->ram.ble.advertising && !board->ram.ble.alive;
}

bool sim_board_ble_at_next_address(const struct sim_board *board)
{
    uint8_t address[SIM_BLE_ADDRESS_BYTES];

    sim_ble_address(&board->ram.ble, address);
    return memcmp(address, board->ram.ble.config.address, sizeof address) != 0;
}

bool sim_board_ble_has_bond(const struct sim_board *board, const uint8_t central[SIM_BLE_ADDRESS_BYTES])
{
    return sim_ble_find_bond(&board->ram.ble, central) != NULL;
}

void sim_board_ble_forget_bonds(struct sim_board *board)
{
    sim_ble_forget_bonds(&board->ram.ble);
}

void sim_board_ble_replace_bonds(struct sim_board *board)
{
    sim_ble_replace_bonds(&board->ram.ble);
}

struct sim_ble *sim_board_ble(struct sim_board *board)
{
    return &board->ram.ble;
}

void sim_board_set_ble(struct sim_board *board, const struct sim_ble_config *ble)
{
    sim_ble_configure(&board->ram.ble, ble);
}
