/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A hostile peripheral, as far as any central meets it: notifications that are no answers, answers that are
 * bombs. */
#include "sim/chip/ble/ble.h"

#include "base/bytes.h"

#include <string.h>

const char *sim_ble_misbehaviour_name(unsigned bit)
{
    static const char *const names[SIM_BLE_N_MISBEHAVIOURS] = {
        "notifies-unasked",  "notifies-nonsense",   "cbor-bombs",      "cuts-att-answers",
        "unknown-att",       "unasked-att-answers", "unasked-pairing", "cuts-pairing",
        "broken-signalling", "broken-advertising"};

    return bit < SIM_BLE_N_MISBEHAVIOURS ? names[bit] : NULL;
}

/* A whole SMP message, but an answer to nothing: of an operation, a group and a command that do not exist. */
void sim_ble_notify_nonsense(struct sim_ble *ble)
{
    static const uint8_t nonsense[] = {0xff, 0xff, 0x00, 0x04, 0xff, 0xff,
                                       0xff, 0xff, 0xde, 0xad, 0xbe, 0xef};

    sim_ble_arrive(ble, nonsense, sizeof nonsense);
}

/* [RFC 8949 3] A map of 2^63 pairs, whose first key is an array in an array in an array, as far as one packet
 * reaches; the header of the message fits the bytes. */
size_t sim_ble_make_bomb(uint8_t *bytes, size_t n_bytes, size_t room)
{
    static const uint8_t map[9] = {0xbb, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

    if (n_bytes < RIG_SMP_HEADER_BYTES || room < RIG_SMP_HEADER_BYTES + sizeof map)
        return n_bytes;
    memcpy(bytes + RIG_SMP_HEADER_BYTES, map, sizeof map);
    memset(bytes + RIG_SMP_HEADER_BYTES + sizeof map, 0x81, room - RIG_SMP_HEADER_BYTES - sizeof map);
    rig_put_be16(bytes + 2, (uint16_t)(room - RIG_SMP_HEADER_BYTES));
    return room;
}
