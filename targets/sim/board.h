/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The simulated board: a chip (flash, BLE peripheral, power, virtual time) with a firmware in it.
 * Single-threaded. Everything a driver may do to it is here. GLib-free. All state is deterministic: the same
 * configuration, seed and calls give the same bytes. */
#ifndef SIM_BOARD_H
#define SIM_BOARD_H

#include "sim/chip/ble/pdu_faults.h"
#include "sim/firmware/firmware.h"

struct sim_board_config {
    struct sim_flash_device_config devices[SIM_FLASH_MAX_DEVICES];
    unsigned n_devices;
    const struct sim_firmware *firmware; /* static */
    const void *firmware_config;         /* as the firmware's make() wants it; copied */
    struct sim_ble_config ble;
    uint64_t seed;
};

const char *sim_board_state_name(enum sim_board_state state);

struct sim_board;

/* Powered off, erased, no bonds, time 0. NULL: the configuration cannot be; *why says so (static storage). */
struct sim_board *sim_board_new(const struct sim_board_config *config, const char **why);
void sim_board_free(struct sim_board *board);
const struct sim_board_config *sim_board_config(const struct sim_board *board);

/* Time. step() processes the next thing that is due no later than until_us and returns true; with nothing
 * left to do until then it sets the time to until_us and returns false. Flash work takes time, so the clock
 * may stand beyond until_us after a step. */
uint64_t sim_board_now_us(const struct sim_board *board);
bool sim_board_step(struct sim_board *board, uint64_t until_us);

/* When the next thing is due; UINT64_MAX: nothing is. */
uint64_t sim_board_due_us(const struct sim_board *board);
/* For the firmware's own header: what it made, its state. */
const struct sim_chip *sim_board_chip(const struct sim_board *board);

/* Console: complete lines without line end, called as they come out. Callbacks may look at the board, arm a
 * cut and switch the power off; they must not step, reset or restore it. */
typedef void (*sim_console_line)(void *user, uint64_t at_us, const char *line);
void sim_board_on_console(struct sim_board *board, sim_console_line line, void *user);
/* Called after each bootloader run. */
typedef void (*sim_boot_seen)(void *user, uint64_t at_us, const struct sim_start *start,
                              uint64_t n_operations);
void sim_board_on_boot(struct sim_board *board, sim_boot_seen seen, void *user);
/* Every flash operation, after it happened. The board itself observes its flash (cuts by time need it): use
 * this, never sim_flash_observe() on the board's flash. */
void sim_board_on_flash(struct sim_board *board, sim_flash_observer observer, void *user);

/* Called after a fault struck a write or a notification of the in-process link. strike: for the call. */
typedef void (*sim_pdu_struck)(void *user, uint64_t at_us, const struct sim_pdu_strike *strike);
void sim_board_on_pdu_fault(struct sim_board *board, sim_pdu_struck struck, void *user);

/* Wires beside the radio. A message to a board without power, or to a firmware that listens on none, is lost.
 * What the board sends is told as it leaves; like those of the console, the callback must not step, reset or
 * restore. */
void sim_board_send(struct sim_board *board, enum sim_wire wire, const uint8_t *bytes, size_t n_bytes);
typedef void (*sim_message_sent)(void *user, uint64_t at_us, enum sim_wire wire, const uint8_t *bytes,
                                 size_t n_bytes);
void sim_board_on_message(struct sim_board *board, sim_message_sent sent, void *user);

/* Power and reset. */
void sim_board_power(struct sim_board *board, bool on);
bool sim_board_powered(const struct sim_board *board);
void sim_board_reset(struct sim_board *board); /* the reset pin; no effect without power */

/* The board's button; it stays as it is over resets and loss of power. */
void sim_board_hold_button(struct sim_board *board, bool held);

enum sim_cut_kind { SIM_CUT_AT_OPERATION, SIM_CUT_AFTER_TIME, SIM_CUT_AT_CONSOLE };
struct sim_cut {
    enum sim_cut_kind kind;
    uint64_t operation;     /* AT_OPERATION: operations from now, 0 = the next */
    enum sim_cut_form form; /* AT_OPERATION */
    uint64_t delay_us;      /* AFTER_TIME: from now; AT_CONSOLE: from the line */
    char pattern[96];       /* AT_CONSOLE: a piece of the line */
};
void sim_board_arm_cut(struct sim_board *board, const struct sim_cut *cut);
void sim_board_disarm_cut(struct sim_board *board);
/* What became of the armed cut. */
struct sim_cut_report {
    bool fell;
    uint64_t at_us;
    bool
        at_operation; /* an operation was cut inside or right after; else (before one, by time, at a line) the
                         fields below are the last operation since arming that happened, n_bytes 0 = none */
    uint64_t operation; /* counted from arming */
    enum sim_flash_kind operation_kind;
    unsigned device;
    uint32_t offset;
    uint32_t n_bytes;
    bool torn;
};
struct sim_cut_report sim_board_cut_report(const struct sim_board *board);

/* What runs: what a probe would find in RAM and registers. */
struct sim_board_view {
    enum sim_board_state state;
    uint32_t n_boots;  /* bootloader runs since the board was made */
    uint32_t n_resets; /* of which by reset, crash or watchdog rather than power-on */
    struct sim_image_view image;
};
struct sim_board_view sim_board_view(const struct sim_board *board);
struct sim_flash *sim_board_flash(struct sim_board *board);
/* Where the application runs from in the internal flash. */
struct sim_board_code {
    uint32_t application_at, bootloader_at;
};
struct sim_board_code sim_board_code(const struct sim_board *board);
/* The registers that a reset leaves, number 0 and 1; 0 and no effect where the firmware uses none. */
uint8_t sim_board_retained(const struct sim_board *board, unsigned number);
void sim_board_retain(struct sim_board *board, unsigned number, uint8_t value);

/* Bluetooth LE, the central's side. Calls are instantaneous in virtual time unless said; how a firmware paces
 * what it does with a write is its own. A link
 * whose board lost power, was reset or hangs stays connected in the central's view for 4 s of board time,
 * then ends with 0x08; meanwhile writes go nowhere and subscribe, encrypt and pair give NOT_CONNECTED;
 * connecting again drops it first. Disconnecting purges requests that were not served yet. */
struct sim_ble_central {
    uint8_t address[SIM_BLE_ADDRESS_BYTES];
    uint8_t irk[16]; /* its identity key, which phones give when they pair; zeros: it gives none */
};
enum sim_ble_outcome sim_board_ble_connect(struct sim_board *board, const struct sim_ble_central *central,
                                           uint16_t mtu);
void sim_board_ble_disconnect(struct sim_board *board);
bool sim_board_ble_connected(const struct sim_board *board);
uint16_t sim_board_ble_mtu(const struct sim_board *board);
bool sim_board_ble_encrypted(const struct sim_board *board);
/* Start encryption with a stored key. On KEY_MISSING and MIC_FAILURE the link is dropped. */
enum sim_ble_outcome sim_board_ble_encrypt(struct sim_board *board, const uint8_t ltk[SIM_BLE_LTK_BYTES]);
/* Pair and bond; the link is encrypted on OK and ltk is the new key. Refused, the link stays as it was. */
enum sim_ble_outcome sim_board_ble_pair(struct sim_board *board,
                                        const struct sim_ble_central_pairing *central,
                                        uint8_t ltk[SIM_BLE_LTK_BYTES],
                                        struct sim_ble_pairing_result *result);
/* Discovery. *characteristic names it in the calls below, as long as the connection lasts. UUIDs as in struct
 * sim_gatt_characteristic. OK, NOT_CONNECTED, NO_SERVICE, NO_CHARACTERISTIC. */
enum sim_ble_outcome sim_board_ble_find(const struct sim_board *board, const char *service, const char *uuid,
                                        unsigned *characteristic);
/* At most ATT_MTU - 3 bytes. Of a firmware that says how many fit into a connection interval (struct
 * sim_gatt_services) a command takes its share of one, in which the board goes on. A command is OK whatever
 * the board makes of it; a request gives NEEDS_ENCRYPTION, ATT_ERROR or OK, and OK too where a fault took it.
 */
enum sim_ble_outcome sim_board_ble_write(struct sim_board *board, unsigned characteristic, bool with_response,
                                         const uint8_t *bytes, size_t n_bytes);
enum sim_ble_outcome sim_board_ble_read(struct sim_board *board, unsigned characteristic,
                                        uint8_t bytes[SIM_GATT_MAX_VALUE_BYTES], size_t *n_bytes);
enum sim_ble_outcome sim_board_ble_subscribe(struct sim_board *board, unsigned characteristic,
                                             enum sim_gatt_subscription how);
/* The ATT error of the last call that gave SIM_BLE_ATT_ERROR. */
uint8_t sim_board_ble_att_error(const struct sim_board *board);
/* Oldest notification or indication that has arrived by now; false: none. 64 are kept, later ones are lost; a
 * new connection starts with none. Indications are confirmed by themselves. */
bool sim_board_ble_receive(struct sim_board *board, struct sim_ble_packet *packet);
/* Faults on single PDUs of the firmware's characteristics, on the board's time (ble/pdu_faults.h). They stay
 * over reconnections, resets and loss of power, and belong to a snapshot. false: there are SIM_PDU_MAX_FAULTS
 * already. What became of them is borrowed, until they end. */
bool sim_board_arm_pdu_fault(struct sim_board *board, const struct sim_pdu_fault *fault);
const struct sim_pdu_faults *sim_board_pdu_faults(const struct sim_board *board);
void sim_board_end_pdu_faults(struct sim_board *board);
/* Why the last connection ended: HCI reason (0x08 supervision timeout, 0x13 remote, 0x16 local, 0x05, 0x3d);
 * 0 = never. */
uint8_t sim_board_ble_last_reason(const struct sim_board *board);
bool sim_board_ble_advertising(const struct sim_board *board);
/* An updater at address + 1 runs: to a central it is another board. */
bool sim_board_ble_at_next_address(const struct sim_board *board);
bool sim_board_ble_has_bond(const struct sim_board *board, const uint8_t central[SIM_BLE_ADDRESS_BYTES]);
void sim_board_ble_forget_bonds(struct sim_board *board);
/* Another key takes the place of each: the next encryption ends in a MIC failure. */
void sim_board_ble_replace_bonds(struct sim_board *board);
/* The peripheral model itself, for a host stack that takes the in-process central's place (ble/host/host.h).
 * Lives as long as the board. */
struct sim_ble;
struct sim_ble *sim_board_ble(struct sim_board *board);
/* Other settings of the radio; while the board is off. */
void sim_board_set_ble(struct sim_board *board, const struct sim_ble_config *ble);

/* A whole board at one instant: flash, RAM, queues, bonds, time. restore() makes the board that it is of go
 * on from there exactly. */
struct sim_snapshot;
struct sim_snapshot *sim_board_save(const struct sim_board *board);
void sim_board_restore(struct sim_board *board, const struct sim_snapshot *snapshot);
void sim_snapshot_free(struct sim_snapshot *snapshot);

#endif
