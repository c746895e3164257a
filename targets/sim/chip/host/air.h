/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the host stack's tests share: an emulated controller, the air, and a central at the other end that
 * sends and expects PDUs as hexadecimal text. The board behind the stack is a whole one. */
#ifndef SIM_BLE_HOST_AIR_H
#define SIM_BLE_HOST_AIR_H

#include "sim/chip/host/host.h"
#include "sim/firmware/mcuboot/support.h"

#define AIR_ATT 4
#define AIR_SIGNALLING 5
#define AIR_SECURITY 6
#define AIR_MAX_PDUS 64
#define AIR_MAX_COMMANDS 256
#define AIR_QUEUE_BYTES 65536

struct air_pdu {
    uint16_t channel;
    uint16_t n_bytes;
    uint8_t bytes[600];
};

struct air {
    struct bench bench; /* the board */
    struct sim_stack *stack;
    struct sim_stack_config config;
    uint64_t now_us;

    /* The controller. */
    uint16_t acl_bytes;
    uint8_t n_buffers;
    uint16_t commands[AIR_MAX_COMMANDS]; /* opcodes, in order */
    unsigned n_commands;
    uint16_t refused;   /* this command is answered with status 0x12 */
    uint16_t ignored;   /* this command is not answered */
    bool holds_packets; /* ACL packets are not reported as completed */
    unsigned n_held;
    unsigned n_most_held;
    bool advertising;
    uint8_t address[6];
    uint8_t advertisement[32], scan_response[32];
    uint8_t queue[AIR_QUEUE_BYTES]; /* packets on their way to the stack */
    size_t n_queue;

    /* The link and the central. */
    bool connected;
    uint16_t connection;
    uint8_t central_type;
    uint8_t central[6]; /* as on HCI */
    uint8_t last_reason;
    bool encrypted;
    bool has_key; /* the central started encryption with it and waits for the controller of the peripheral */
    uint8_t key[16];
    uint8_t encryption_status; /* of the last attempt; 0xff: none yet */
    uint8_t frame[600];
    size_t n_frame;
    struct air_pdu pdus[AIR_MAX_PDUS]; /* from the peripheral */
    unsigned n_pdus;
    char lines[64][160]; /* what the stack told */
    unsigned n_lines;
};

/* Controller and central only: the stack is elsewhere (air->stack stays NULL). What it sends goes to
 * air_from_stack(), what it is to get is in air->queue; nothing runs by itself. */
void air_init(struct air *air);
void air_from_stack(struct air *air, const uint8_t *packet, size_t n_bytes); /* one whole H4 packet */

/* A board that runs an application and advertises, over a controller that was set up. */
void air_open(struct air *air, const struct bench_config *board, const struct sim_stack_config *config);
/* The same on a board with any firmware, which is the air's from then on. */
void air_open_on(struct air *air, struct sim_board *board, const struct sim_stack_config *config);
struct bench_config air_board(void);
void air_open_plain(struct air *air); /* open update service, default options */
void air_close(struct air *air);
/* Lets everything happen that is due within this time. */
void air_run_us(struct air *air, uint64_t for_us);
void air_run(struct air *air); /* 50 ms */
/* Raw bytes from the controller to the stack, then run. */
void air_inject(struct air *air, const char *hex);

void air_connect(struct air *air); /* fails the test when the board does not advertise */
void air_disconnect(struct air *air, uint8_t reason);
/* One PDU to the peripheral, cut into ACL packets of at most 27 bytes, then run. */
void air_send(struct air *air, uint16_t channel, const uint8_t *pdu, size_t n_bytes);
void air_send_hex(struct air *air, uint16_t channel, const char *hex);
/* The next PDU of a channel that has come; NULL: none. Valid until the next one is taken. */
const struct air_pdu *air_take(struct air *air, uint16_t channel);
/* Sends request and expects exactly this answer next; "" = silence. */
void air_exchange(struct air *air, uint16_t channel, const char *request, const char *answer);
void air_expect(struct air *air, uint16_t channel, const char *hex);
/* The central starts encryption; what becomes of it is in encrypted and encryption_status. */
void air_encrypt(struct air *air, const uint8_t key[16], uint16_t ediv, const uint8_t rand[8]);
bool air_told(const struct air *air, const char *piece);
/* Exchange MTU 247, subscribe to the update characteristic. */
void air_prepare_smp(struct air *air);
/* One command line; the answer must begin with this. */
void air_command(struct air *air, const char *line, const char *answer);

size_t air_from_hex(const char *hex, uint8_t *bytes, size_t room);

#endif
