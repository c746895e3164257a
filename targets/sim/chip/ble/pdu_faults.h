/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Faults on the PDUs of the firmware's characteristics, one by one: writes that reach the board and
 * notifications that it sends are lost, doubled, late, corrupted, short, in the wrong order, or the link is
 * gone in their place. The in-process peripheral (ble.h) and the host stack (host/host.h) pass their PDUs
 * through here, each on its own clock. Plain bytes without pointers, so that a copy of the struct is a
 * snapshot of it. GLib-free. */
#ifndef SIM_BLE_PDU_FAULTS_H
#define SIM_BLE_PDU_FAULTS_H

#include "sim/chip/ble/peripheral.h"

#define SIM_PDU_MAX_FAULTS 16u
#define SIM_PDU_MAX_HELD 16u
#define SIM_PDU_REORDER_US 1000000u
#define SIM_PDU_NEVER UINT64_MAX

enum sim_pdu_fault_kind {
    SIM_PDU_DROP,
    SIM_PDU_DUPLICATE,
    SIM_PDU_DELAY,      /* by `value` ms, 100; what follows overtakes it */
    SIM_PDU_CORRUPT,    /* one bit of byte `value`; without it of the middle one */
    SIM_PDU_TRUNCATE,   /* to `value` bytes; without it to half */
    SIM_PDU_REORDER,    /* goes after the next one, or after SIM_PDU_REORDER_US */
    SIM_PDU_DISCONNECT, /* the board hangs up in its place: HCI reason `value`, 0x13 */
    SIM_PDU_LOST,       /* the radio goes silent in its place */
};
#define SIM_PDU_N_KINDS 8
/* "drop", "duplicate", "delay", "corrupt", "truncate", "reorder", "disconnect", "lost" */
const char *sim_pdu_fault_kind_name(enum sim_pdu_fault_kind kind);
bool sim_pdu_fault_kind_from_name(const char *name, enum sim_pdu_fault_kind *kind);

enum sim_pdu_direction { SIM_PDU_WRITES, SIM_PDU_NOTIFICATIONS };
#define SIM_PDU_N_DIRECTIONS 2

struct sim_pdu_fault {
    enum sim_pdu_fault_kind kind;
    enum sim_pdu_direction direction;
    uint32_t first,
        n_times;    /* strikes n_times PDUs from the first-th on, counted from 0 since it was armed */
    bool has_value; /* a PDU without this byte, or as short as that already, is not struck */
    uint32_t value;
    uint32_t n_seen, n_struck; /* the engine's own */
};

/* One PDU between central and characteristic. */
struct sim_pdu {
    enum sim_pdu_direction direction;
    uint8_t characteristic; /* its place in struct sim_gatt_services */
    bool acknowledged;      /* a write request, an indication */
    size_t n_bytes;         /* at most SIM_BLE_MAX_MTU */
    const uint8_t *value;   /* borrowed */
};

struct sim_pdu_held {
    struct sim_pdu pdu; /* its value is below */
    bool until_next;
    uint64_t due_us;
    uint8_t value[SIM_BLE_MAX_MTU];
};

/* Where a fault struck last. */
struct sim_pdu_strike {
    unsigned fault; /* its place in the order of arming, from 0 */
    enum sim_pdu_fault_kind kind;
    enum sim_pdu_direction direction;
    uint32_t number; /* of the PDU, as its fault counts */
    uint16_t n_bytes;
};

struct sim_pdu_faults {
    unsigned n;
    struct sim_pdu_fault armed[SIM_PDU_MAX_FAULTS];
    uint32_t n_struck;                       /* since the first was armed, as the next two */
    uint32_t n_passed[SIM_PDU_N_DIRECTIONS]; /* PDUs that came, whatever became of them */
    struct sim_pdu_strike last;
    unsigned n_held;
    struct sim_pdu_held held[SIM_PDU_MAX_HELD];
};

/* Where PDUs go from here. Each call may end the link and with it what is held. */
struct sim_pdu_way {
    void (*deliver)(void *user, const struct sim_pdu *pdu);
    void (*hang_up)(void *user, uint8_t reason);
    void (*vanish)(void *user);
    void *user;
};

/* They stay over reconnections. false: there are SIM_PDU_MAX_FAULTS already. */
bool sim_pdu_faults_arm(struct sim_pdu_faults *faults, const struct sim_pdu_fault *fault);
/* Ends all of them; PDUs that are held still go when their time has come. */
void sim_pdu_faults_end(struct sim_pdu_faults *faults);
/* The way of every PDU. Every armed fault counts it, the first one that is
 * due strikes. */
void sim_pdu_faults_pass(struct sim_pdu_faults *faults, uint64_t now_us, const struct sim_pdu *pdu,
                         const struct sim_pdu_way *way);
/* The link is over: what is held goes nowhere. */
void sim_pdu_faults_drop_held(struct sim_pdu_faults *faults);
/* Delivers what was held until now. */
void sim_pdu_faults_release(struct sim_pdu_faults *faults, uint64_t now_us, const struct sim_pdu_way *way);
/* When there is something to release; SIM_PDU_NEVER: nothing is held. */
uint64_t sim_pdu_faults_due_us(const struct sim_pdu_faults *faults);

/* "write 3, 20 bytes: lost" */
void sim_pdu_strike_text(const struct sim_pdu_strike *strike, char *text, size_t room);
#define SIM_PDU_STRIKE_TEXT_BYTES 96
#define SIM_PDU_STRIKE_PREFIX "packet fault: " /* of the line that tells it */

#endif
