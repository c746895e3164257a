/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A Bluetooth LE host stack for the simulated board, so that its peripheral model (ble.h) is reached through
 * a controller: HCI over H4, L2CAP fixed channels, ATT/GATT server, Security Manager. One connection at a
 * time. Bytes in, bytes out through a callback, time handed in: no I/O, no clock, no threads. GLib-free.
 *
 * What it has not: LE privacy (own address is the board's static random one, peers' resolvable addresses are
 * not resolved, no IRK is given or asked for), extended advertising, LE credit based channels, EATT, data
 * signing, out of band pairing, prepared (long) writes, GATT client role.
 *
 * Sources of facts: [SPEC Core] Bluetooth Core Specification 5.4, Vol 3 (Host) and Vol 4 Part E (HCI). */
#ifndef SIM_BLE_HOST_HOST_H
#define SIM_BLE_HOST_HOST_H

#include "sim/chip/ble/ble.h"

struct sim_stack_config {
    bool no_service_changed; /* neither Service Changed nor Database Hash: centrals keep stale tables */
    bool table_moves; /* services before the firmware's come and go with the image: (minor version) % 4 of
                         them */
    /* The controller is emulated (btvirt): a reset takes the link from both ends without a word, so a link
     * that dies is let lie for the supervision timeout and then ended with reason 08, which real controllers
     * refuse. */
    bool virtual_controller;
};

struct sim_stack_ports {
    void *user;
    /* One whole H4 packet for the controller, at most 1 + 4 + 251 bytes. */
    void (*send)(void *user, const uint8_t *packet, size_t n_bytes);
    /* The running image's version, for Device Information and `table_moves`. */
    struct sim_stack_version {
        uint8_t major, minor;
        uint16_t revision;
    } (*version)(void *user);
    /* One line about the link without line end ("connected to ...", "passkey 123456"). NULL: nobody listens.
     */
    void (*tell)(void *user, const char *line);
};

struct sim_stack;

/* ble is borrowed and must outlive the stack; its configuration (name, address, MTU, security, bonding,
 * pairing, repairing, defects), its bonds and its characteristics are used from here on by this stack
 * alone. NULL: *why says so (static storage): no memory, or an address that is not static random (two top
 * bits set). */
struct sim_stack *sim_stack_new(struct sim_ble *ble, const struct sim_stack_config *config,
                                const struct sim_stack_ports *ports, const char **why);
void sim_stack_free(struct sim_stack *stack);

/* now_us: any clock that does not go back, in real microseconds (time-outs of the protocols go by it). */

/* The controller can be reached: resets it and sets it up. Again after close(). */
void sim_stack_open(struct sim_stack *stack, uint64_t now_us);
/* The controller is gone (socket closed, adapter pulled): the link with it. */
void sim_stack_close(struct sim_stack *stack, uint64_t now_us);
/* The board's process is about to end. An emulated controller takes links away without telling the other end:
 * they are ended by a timeout (08) first. true: wait for it, receive() and ask again; false: close now. */
bool sim_stack_leave(struct sim_stack *stack, uint64_t now_us);
/* Bytes from the controller, cut anyhow. */
void sim_stack_receive(struct sim_stack *stack, uint64_t now_us, const uint8_t *bytes, size_t n_bytes);
/* Follows the board (advertising, death by power or reset, notifications) and the time-outs. To be called
 * after the board was stepped and after receive(). */
void sim_stack_tick(struct sim_stack *stack, uint64_t now_us);
/* When tick() has something to do even if nothing happens; UINT64_MAX: never. */
uint64_t sim_stack_due_us(const struct sim_stack *stack);
/* Why the controller cannot be used; NULL: it can, or is being set up. Borrowed. */
const char *sim_stack_fault(const struct sim_stack *stack);
bool sim_stack_ready(const struct sim_stack *stack);

/* clang-format off */
/* One line of text, without line end:
 *   link disconnect REASON         HCI reason in hex or decimal (0x13, 0x15, 0x3b ...)
 *   link lost                      the radio goes silent: the central's supervision timeout ends the link (08)
 *   link silent on|off             ATT and pairing are not answered any more, the link itself stays
 *   link parameters MIN MAX LATENCY TIMEOUT    asks the central; 1.25 ms, 1.25 ms, events, 10 ms
 *   link security                  asks the central to encrypt (security request)
 *   link service-changed           indicates that the whole table changed
 *   link send att|signalling|security HEX      a PDU that nobody asked for, as it is
 *   link answer HEX                takes the place of the next ATT answer on this link
 *   link advertising HEX [HEX]     what is advertised, and what a scan is answered with, at most 31 bytes each
 *   link passkey DIGITS            what is typed on the board's keyboard
 *   link confirm yes|no            what is pressed when both sides show the same number
 *   link host-shows DIGITS         the central shows this passkey: what the board's user then does (config.pairing.user)
 *   link fault KIND writes|notifications N [COUNT] [VALUE]
 *                                  strikes PDUs of the firmware's characteristics: the COUNT (1) ones from the N-th on, counted
 *                                  from 0 and from now; at most 16 faults, which stay over reconnections
 *                                  (ble/pdu_faults.h). KIND:
 *                                  drop; duplicate; delay (VALUE: ms, 100); corrupt (one bit of byte VALUE, the middle
 *                                  one); truncate (to VALUE bytes, to half); reorder (goes after the next one, or after
 *                                  1 s); disconnect (VALUE: reason, 0x13); lost. Each strike is told in a line
 *   link fault none                ends all faults: "ok writes=17 notifications=15 struck=1,0", the PDUs that came since
 *                                  the first fault was armed, and how often each fault struck, in the order of arming
 *   bond list                      "ok N ADDRESS/public|random[,secure][,authenticated] ..."
 *   bond forget                    all of them
 *   bond damage                    one bit of every stored key flips
 * The answer begins with "ok" or "error", without line end, at most room - 1 bytes. false: no command of the stack. */
/* clang-format on */
bool sim_stack_command(struct sim_stack *stack, uint64_t now_us, const char *line, char *answer, size_t room);
#define SIM_STACK_ANSWER_BYTES 512

/* " link=up central=AA:BB:... mtu=247 encrypted=yes ..." for a status line. */
void sim_stack_status(const struct sim_stack *stack, char *text, size_t room);

#endif
