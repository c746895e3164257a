/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The tests' central as an initiator of pairing: its own code for both roles' half of the protocol, over the
 * cryptographic functions that the specification's samples have proven. */
#ifndef SIM_BLE_HOST_CENTRAL_H
#define SIM_BLE_HOST_CENTRAL_H

#include "sim/chip/host/air.h"
#include "sim/chip/host/sm_crypto.h"

enum central_method { CENTRAL_JUST_WORKS, CENTRAL_SHOWS_PASSKEY, CENTRAL_TYPES_PASSKEY, CENTRAL_COMPARES };

struct central {
    struct air *air;
    uint8_t request[7];
    uint8_t response[7];
    enum central_method expected; /* what must follow from both sides' capabilities */
    bool wrong_passkey;           /* types or shows another one */
    bool wrong_check;             /* DHKey check, or legacy random, with a flipped bit */
    uint8_t failed;               /* what the peripheral gave as reason; 0: none */
    uint32_t number;              /* of a comparison */
    /* The bond. */
    bool bonded;
    uint8_t ltk[16];
    uint16_t ediv;
    uint8_t rand[8];
};

/* io, authentication requirements: as in the request on the air; bonding, 16 bytes of key. */
struct central central_new(struct air *air, uint8_t io, uint8_t requirements);
/* From the request to the encrypted link; false: pairing failed, `failed` says why. */
bool central_pair(struct central *central);
/* Starts encryption with the bond; true when the link is encrypted after that. */
bool central_encrypt(struct central *central);

#endif
