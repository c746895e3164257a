/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The host stack on a bare peripheral model, for the fuzz targets: a controller that says yes to every
 * command, and a central whose PDUs are the fuzzer's. */
#ifndef SIM_BLE_HOST_FUZZ_AIR_H
#define SIM_BLE_HOST_FUZZ_AIR_H

#include "sim/chip/host/host.h"
#include "sim/firmware/firmware.h"

struct fuzz_air {
    struct sim_chip chip;
    struct sim_ble ble;
    uint8_t written[SIM_BLE_MAX_MTU]; /* to a characteristic */
    size_t n_written;
    struct sim_stack *stack;
    uint64_t now_us;
    uint8_t queue[4096]; /* packets on their way to the stack */
    size_t n_queue;
    uint8_t heard[1024]; /* the last ACL packet from the stack, with its H4 type */
    size_t n_heard;
    uint8_t last_key[16]; /* of the last long term key reply */
    bool softdevice;      /* the table that it serves from the next connection on */
};

struct fuzz_air *fuzz_air_new(const struct sim_stack_config *config, enum sim_ble_security security,
                              const struct sim_ble_pairing *pairing);
void fuzz_air_free(struct fuzz_air *air);
/* Delivers what the controller has to say, then lets the stack follow. */
void fuzz_air_run(struct fuzz_air *air, uint64_t for_us);
void fuzz_air_connect(struct fuzz_air *air);
void fuzz_air_disconnect(struct fuzz_air *air);
void fuzz_air_encrypt(struct fuzz_air *air);
void fuzz_air_pdu(struct fuzz_air *air, uint16_t channel, const uint8_t *pdu, size_t n_bytes);
/* Plays a script: a byte n of 1 to 200 and n bytes of a PDU on this channel; or a byte above 200 that lets
 * time pass, connects anew, encrypts, asks for something. */
void fuzz_air_script(struct fuzz_air *air, uint16_t channel, const uint8_t *bytes, size_t n_bytes);
/* Aborts unless a new link works: read of the appearance. */
void fuzz_air_must_work(struct fuzz_air *air);

#endif
