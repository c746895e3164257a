/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The host stack's insides, for the files of this folder only. Lower layers are reached through the functions
 * below; each layer's state is touched by its own file. */
#ifndef SIM_BLE_HOST_INTERNAL_H
#define SIM_BLE_HOST_INTERNAL_H

#include "protocol/ble/codes.h"
#include "sim/chip/host/gatt_table.h"
#include "sim/chip/host/host.h"
#include "sim/chip/host/sm_crypto.h"

#define STACK_NEVER UINT64_MAX

#define L2CAP_MAX_PDU_BYTES SIM_BLE_MAX_MTU
#define L2CAP_MAX_FRAME_BYTES (RIG_L2CAP_HEADER_BYTES + L2CAP_MAX_PDU_BYTES)

#define HCI_MAX_FRAMES 16u
#define HCI_MAX_COMMANDS 16u
#define HCI_MAX_PARAMETERS 32u
#define HCI_MAX_ACL_BYTES 1024u /* of one packet from the controller; longer ones are skipped */
#define HCI_MAX_PACKET_BYTES (1u + 4u + HCI_MAX_ACL_BYTES)

/* --- hci.c, the lowest layer --- */

enum hci_state { HCI_CLOSED, HCI_SETTING_UP, HCI_READY, HCI_FAILED };

struct hci_command {
    uint16_t opcode;
    uint8_t n_parameters;
    uint8_t parameters[HCI_MAX_PARAMETERS];
};

struct hci_frame {
    uint16_t connection;
    uint16_t n_bytes, n_sent;
    uint8_t bytes[L2CAP_MAX_FRAME_BYTES];
};

/* What of an advertiser the controller must know. The service is static. */
struct hci_advertiser {
    char name[SIM_BLE_NAME_BYTES];
    const char *service;
    uint8_t address[SIM_BLE_ADDRESS_BYTES];
};

struct hci {
    enum hci_state state;
    char fault[96];

    uint8_t packet[HCI_MAX_PACKET_BYTES];
    size_t n_packet;
    size_t n_skip; /* bytes of a packet too long to keep */

    struct hci_command commands[HCI_MAX_COMMANDS];
    unsigned first_command, n_commands;
    unsigned n_credits;
    bool waiting; /* for the answer to the first command */
    uint64_t answer_due_us;
    unsigned n_set_up; /* steps of the set-up that are done */

    uint16_t acl_bytes; /* of one packet to the controller */
    uint16_t n_buffers, n_free;
    struct hci_frame frames[HCI_MAX_FRAMES];
    unsigned first_frame, n_frames;

    struct hci_advertiser told;
    bool advertising;
    bool advertising_asked; /* a command about it is on its way */
    uint64_t repeat_us;     /* when it begins anew on a virtual controller */
};

void hci_open(struct sim_stack *stack);
void hci_receive(struct sim_stack *stack, const uint8_t *bytes, size_t n_bytes);
void hci_tick(struct sim_stack *stack);
/* Queues a command; a queue that is full means a controller that does not answer, which has its own time-out.
 */
void hci_command(struct sim_stack *stack, uint16_t opcode, const uint8_t *parameters, size_t n_parameters);
/* One L2CAP frame; false: no room in the queue, the frame is dropped. */
bool hci_send_frame(struct sim_stack *stack, uint16_t channel, const uint8_t *pdu, size_t n_bytes);
unsigned hci_room_frames(const struct sim_stack *stack);
void hci_advertise(struct sim_stack *stack, bool on);
/* Tells the controller again what is advertised. */
void hci_set_advertising_bytes(struct sim_stack *stack);
void hci_disconnect(struct sim_stack *stack, uint16_t connection, uint8_t reason);
/* The controller has sent packets, or dropped them with their connection; what waits to be sent to a link
 * that is over. */
void hci_buffers_freed(struct sim_stack *stack, unsigned n_packets);
/* Ends the connection, if there is one. */
void link_end(struct sim_stack *stack, uint8_t reason);
/* One line for the owner. */
void stack_tell(struct sim_stack *stack, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* --- stack.c, the uppermost one: the connection and how it ends --- */

struct link {
    bool up;
    uint16_t connection;
    struct sim_peer {
        uint8_t type;                         /* 0 public, 1 random */
        uint8_t bytes[SIM_BLE_ADDRESS_BYTES]; /* as on HCI */
    } peer;
    uint16_t interval, latency, timeout_10ms;
    unsigned n_in_flight; /* ACL packets in the controller */
    bool encrypted;
    bool authenticated; /* by a key that was made with a passkey or a comparison */
    bool silent;        /* on command */
    bool ending;        /* the board ended it, and the controller was told so */
    uint8_t last_reason;
};

/* A link that died on this side; the emulated controller has to be told when the central notices. */
struct corpse {
    bool there;
    uint16_t connection;
    unsigned n_in_flight;
    uint64_t due_us;
};

/* What a layer tells those above it. */
struct stack_upper {
    void (*connected)(struct sim_stack *stack, uint8_t status, uint16_t connection, uint8_t role,
                      const struct sim_peer *peer, uint16_t interval, uint16_t latency,
                      uint16_t timeout_10ms);
    void (*disconnected)(struct sim_stack *stack, uint16_t connection, uint8_t reason);
    void (*encrypted)(struct sim_stack *stack, uint16_t connection, uint8_t status, bool on);
    void (*updated)(struct sim_stack *stack, uint8_t status, uint16_t connection, uint16_t interval,
                    uint16_t latency, uint16_t timeout_10ms);
    void (*completed)(struct sim_stack *stack, uint16_t connection, unsigned n_packets); /* that were sent */
    void (*vanish)(struct sim_stack *stack); /* the link, without a word to anybody, as when power goes */
    void (*packet)(struct sim_stack *stack, bool first, const uint8_t *bytes, size_t n_bytes); /* of ACL */
    void (*att)(struct sim_stack *stack, const uint8_t *pdu, size_t n_bytes);
    void (*security)(struct sim_stack *stack, const uint8_t *pdu, size_t n_bytes);
    /* The controller asks for the key that the central named. */
    void (*key_request)(struct sim_stack *stack, uint16_t connection, const uint8_t rand[8], uint16_t ediv);
};

/* --- L2CAP, in stack.c --- */

struct l2cap {
    uint8_t frame[L2CAP_MAX_FRAME_BYTES];
    size_t n_frame;
    size_t n_expected; /* of the frame, with its header; 0: none begun */
    size_t n_skip;     /* bytes of a frame that is not taken */
    uint8_t identifier;
    bool parameters_asked;
};

/* --- att.c --- */

#define ATT_MIN_MTU SIM_BLE_MIN_MTU

struct att {
    uint16_t mtu;
    bool mtu_exchanged;
    uint16_t ccc[SIM_GATT_MAX_CCC];
    uint8_t client_features;
    /* [SPEC Core Vol 3 Part G 2.5.2.1] */
    bool unaware;                      /* of a table that changed */
    bool out_of_sync_told;             /* or the hash was read: the next request makes the client aware */
    bool indicating, indicates_change; /* else what the firmware indicates */
    uint64_t confirm_due_us;
    bool change_pending;                /* an indication waits for its turn */
    uint16_t change_first, change_last; /* the attributes that it is about; 0: all that may have moved */
};

struct att_reply {
    uint8_t bytes[SIM_BLE_MAX_MTU];
    size_t n_bytes;
};

void att_reset(struct sim_stack *stack);
void att_receive(struct sim_stack *stack, const uint8_t *pdu, size_t n_bytes);
void att_tick(struct sim_stack *stack);
/* The link is encrypted with a bonded peer: what was kept for it holds again. */
void att_restore(struct sim_stack *stack);
void att_indicate_change(struct sim_stack *stack);
/* The table has been built anew on the connection that stands; `before` is the one that was. */
void att_take_table(struct sim_stack *stack, const struct sim_gatt_table *before);
/* What the faults held back until now. */
void att_release(struct sim_stack *stack);

/* Parameters are the bytes behind the opcode; *at is the attribute that an
 * error is about. The reply gets everything but its opcode, which is the request's + 1. */
typedef enum rig_att_error (*att_request)(struct sim_stack *stack, const uint8_t *parameters, size_t n_bytes,
                                          struct att_reply *reply, uint16_t *at);

/* --- sm.c --- */

#define SM_QUIET ((enum rig_sm_reason)0xff) /* nothing is to be said */

enum sm_phase {
    SM_IDLE,
    SM_AWAITS_PUBLIC_KEY,
    SM_AWAITS_CONFIRM, /* legacy, and each round of a passkey */
    SM_AWAITS_RANDOM,
    SM_AWAITS_CHECK,
    SM_AWAITS_ENCRYPTION,
    SM_DEAD, /* timed out: until the link ends [SPEC Part H 3.4] */
};

struct sm {
    enum sm_phase phase;
    enum sim_ble_method method;
    bool secure;
    bool bonding;
    uint8_t key_bytes;
    uint8_t request[7], response[7];
    uint32_t passkey;
    bool has_passkey;
    bool holds_confirm; /* it came before the passkey was typed */
    unsigned round;     /* of a passkey */
    uint8_t confirm[16], peer_random[16], random[16];
    uint8_t secret[32], public_key[SM_PUBLIC_BYTES], peer_public_key[SM_PUBLIC_BYTES], shared[32];
    uint8_t mac_key[16];
    bool holds_check; /* it came before the comparison was answered */
    bool compared;
    uint8_t check[16];
    uint8_t key[16]; /* what the link is to be encrypted with */
    uint64_t due_us;
};

void sm_reset(struct sim_stack *stack);
void sm_receive(struct sim_stack *stack, const uint8_t *pdu, size_t n_bytes);
void sm_tick(struct sim_stack *stack);
/* The controller asks for the key that the central named. */
void sm_key_request(struct sim_stack *stack, uint16_t connection, const uint8_t rand[8], uint16_t ediv);
/* The link has become encrypted. */
void sm_encrypted(struct sim_stack *stack);
void sm_ask_security(struct sim_stack *stack);
/* What the user does. false: nobody asked for it. */
bool sm_type_passkey(struct sim_stack *stack, uint32_t passkey);
bool sm_answer_comparison(struct sim_stack *stack, bool yes);
/* The central shows this passkey; the board's user types it or does something else. */
bool sm_central_shows(struct sim_stack *stack, uint32_t passkey);

/* --- misbehave.c: nothing is sent where the board does not misbehave so --- */

void misbehave_at_connection(struct sim_stack *stack);
void misbehave_after_att_answer(struct sim_stack *stack);
/* true: it went out in place of the response. */
bool misbehave_before_pairing_response(struct sim_stack *stack);
void misbehave_advertising(struct sim_stack *stack);

/* What is advertised instead of name and service, on command. */
struct own_advertising {
    bool used;
    size_t n_advertisement, n_scan_response;
    uint8_t advertisement[31], scan_response[31];
};

struct sim_stack {
    struct sim_ble *ble;
    const struct stack_upper *upper;
    struct sim_stack_config config;
    struct sim_stack_ports ports;
    uint64_t now_us;
    struct hci hci;
    struct link link;
    struct corpse corpse;
    struct l2cap l2cap;
    struct sim_gatt_table table;
    uint32_t n_tables; /* of the peripheral, when it was built */
    struct att att;
    struct sm sm;
    struct sim_pdu_faults faults;
    enum rig_att_error write_error; /* of the write that was passed on last */
    struct own_advertising own_advertising;
    struct att_reply forced_answer; /* takes the place of the next answer on this link; 0 bytes: none */
};

#endif
