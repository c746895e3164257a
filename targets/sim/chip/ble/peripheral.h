/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The simulated board's Bluetooth LE peripheral above the link layer: advertising, one connection, ATT_MTU, a
 * GATT table, bonds and the re-pairing policy. The in-process link driver is its central; a real HCI stack
 * may take that place. GLib-free. */
#ifndef SIM_BLE_PERIPHERAL_H
#define SIM_BLE_PERIPHERAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SIM_BLE_ADDRESS_BYTES 6
#define SIM_BLE_LTK_BYTES 16
#define SIM_BLE_MAX_BONDS 4
#define SIM_BLE_MAX_CCC 4
#define SIM_BLE_NAME_BYTES 32u
#define SIM_BLE_MIN_MTU 23
#define SIM_BLE_MAX_MTU 517

enum sim_ble_repairing {                            /* a bonded peer that lost its keys asks to pair again */
                         SIM_BLE_REPAIRING_ALLOWED, /* the old bond is replaced */
                         SIM_BLE_REPAIRING_REFUSED, /* pairing failed, reason 0x05; the old bond stays */
};
enum sim_ble_security { /* what the update service demands of the link */
                        SIM_BLE_OPEN,
                        SIM_BLE_ENCRYPTED,
                        SIM_BLE_AUTHENTICATED, /* by a key that was made with a passkey or a comparison */
};

/* What one side of a pairing can show and take [SPEC Core Vol 3 Part H 2.3.2]. */
enum sim_ble_io {
    SIM_BLE_IO_NONE,
    SIM_BLE_IO_DISPLAY,
    SIM_BLE_IO_KEYBOARD,
    SIM_BLE_IO_YES_NO, /* display and two buttons */
    SIM_BLE_IO_KEYBOARD_DISPLAY,
};
enum sim_ble_pairing_kind { SIM_BLE_PAIRING_ANY, SIM_BLE_PAIRING_LEGACY, SIM_BLE_PAIRING_SECURE };
/* Who sits before the board. */
enum sim_ble_user {
    SIM_BLE_USER_NOBODY,   /* only what is told from outside is typed or pressed */
    SIM_BLE_USER_AGREES,   /* types what the host shows, says yes to equal numbers */
    SIM_BLE_USER_REFUSES,  /* types nothing and ends it, says no */
    SIM_BLE_USER_MISTYPES, /* types another passkey than the one shown */
};
struct sim_ble_pairing {
    enum sim_ble_io io;
    /* LEGACY: without LE Secure Connections; SECURE: refuses the other with 03. */
    enum sim_ble_pairing_kind kind;
    bool refuses_just_works; /* with 03 */
    bool fixed_passkey;      /* what the board shows is always `passkey`, else a random one each time */
    uint32_t passkey;
    enum sim_ble_user user;
};
#define SIM_BLE_N_PASSKEYS 1000000u

/* How both sides come to a key. The board's view. */
enum sim_ble_method {
    SIM_BLE_JUST_WORKS,
    SIM_BLE_SHOWS_PASSKEY, /* and the central's user types it */
    SIM_BLE_TYPES_PASSKEY,
    SIM_BLE_COMPARES,
};
/* [SPEC Core Vol 3 Part H 2.3.5.1 table 2.8] secure: both do LE Secure Connections. At least one side asked
 * for protection against a man in the middle; else it is Just Works anyway. */
enum sim_ble_method sim_ble_method_for(enum sim_ble_io central, enum sim_ble_io board, bool secure);

/* The central's side of a pairing in process: what it has, and what its user does. */
struct sim_ble_central_pairing {
    enum sim_ble_io io;
    bool refuses;
    bool has_passkey; /* types it; where numbers are compared: the one that must be shown */
    uint32_t passkey;
};
/* What became of a pairing. */
struct sim_ble_pairing_result {
    uint8_t reason;      /* of SIM_BLE_PAIRING_REFUSED, as in Pairing Failed [SPEC Part H 3.5.5] */
    bool central_failed; /* the central said so, not the board */
};

enum sim_ble_defect {
    SIM_BLE_DEFECT_PAIRS_ANEW_SILENTLY = 1 << 0, /* re-pairing is accepted though the policy refuses it */
    SIM_BLE_DEFECT_BOND_LOST_ON_UPDATE = 1 << 1, /* the bond table is gone after a swap */
    SIM_BLE_DEFECT_SERVES_UNENCRYPTED =
        1 << 2, /* the update service does not demand the encryption it should */
    SIM_BLE_DEFECT_CUTS_NOTIFICATIONS = 1 << 3, /* a response longer than one notification loses its tail */
    SIM_BLE_DEFECT_KEEPS_FRAGMENTS = 1 << 4,    /* reassembly state survives a disconnect */
};
#define SIM_BLE_N_DEFECTS 5
const char *sim_ble_defect_name(unsigned bit);

/* What a hostile or broken peripheral does on the air, again and again. The first three are in the peripheral
 * model and reach every central; the others need a host stack (ble/host). */
enum sim_ble_misbehaviour {
    SIM_BLE_NOTIFIES_UNASKED = 1 << 0,    /* before anybody subscribed */
    SIM_BLE_NOTIFIES_NONSENSE = 1 << 1,   /* ahead of each answer one that is no SMP message */
    SIM_BLE_CBOR_BOMBS = 1 << 2,          /* answers' bodies nest and count beyond all measure */
    SIM_BLE_CUTS_ATT_ANSWERS = 1 << 3,    /* ATT answers of wrong length: cut to opcode and one byte */
    SIM_BLE_UNKNOWN_ATT = 1 << 4,         /* opcodes that ATT does not have */
    SIM_BLE_UNASKED_ATT_ANSWERS = 1 << 5, /* answers to requests that nobody made */
    SIM_BLE_UNASKED_PAIRING = 1 << 6,     /* Security Manager PDUs out of order, and unknown ones */
    SIM_BLE_CUTS_PAIRING = 1 << 7,        /* Pairing Response of wrong length */
    SIM_BLE_BROKEN_SIGNALLING = 1 << 8,   /* L2CAP signals of wrong length, unknown ones, answers unasked */
    SIM_BLE_BROKEN_ADVERTISING = 1 << 9,  /* fields that reach beyond the end, of length 0, of wrong length */
};
#define SIM_BLE_N_MISBEHAVIOURS 10

struct sim_ble_config {
    char name[SIM_BLE_NAME_BYTES];
    uint8_t address[SIM_BLE_ADDRESS_BYTES]; /* most significant byte first, as written */
    uint16_t mtu;                           /* largest ATT_MTU the board agrees to */
    enum sim_ble_security security;
    bool bonding; /* false: pairing request is answered with "pairing not supported" (05) */
    struct sim_ble_pairing pairing;
    enum sim_ble_repairing repairing;
    uint32_t connection_interval_us; /* pace of packets; 0 = 15000 */
    uint32_t service_us;             /* between two requests that are both there; 0 = 1000 */
    uint32_t defects;
    uint32_t misbehaves; /* enum sim_ble_misbehaviour */
};

struct sim_bond {
    bool used;
    uint8_t address[SIM_BLE_ADDRESS_BYTES];
    uint8_t ltk[SIM_BLE_LTK_BYTES];
    uint32_t age; /* number of the pairing that made it */
    /* What only a peer over a real host stack has. Keys as on HCI, least significant byte first. */
    uint8_t address_type; /* 0 public, 1 random */
    bool secure;          /* made by LE Secure Connections; else ediv and rand name the key */
    bool authenticated;   /* made with a passkey or a comparison */
    uint8_t key_bytes;
    uint16_t ediv;
    uint8_t rand[8];
    uint8_t irk[16];     /* of the peer: by it the board knows it under any address; zeros: it gave none */
    bool wants_changes;  /* it is subscribed to Service Changed */
    bool stored;         /* the firmware has written it to its flash, where it keeps bonds there */
    bool change_pending; /* the firmware has a change of its table to tell (sim_chip_mark_change()) */
    bool knows_table;    /* the three fields below hold */
    uint8_t client_features;
    uint16_t ccc[SIM_BLE_MAX_CCC];
    uint8_t table_hash[16]; /* of the GATT table that the peer knows */
};

/* Who advertises. */
struct sim_ble_advertiser {
    char name[SIM_BLE_NAME_BYTES]; /* "": the configuration's */
    bool next_address;             /* at address + 1: to a central it is another board */
    bool without_bonds; /* it does not know the stored bonds, pairs with nobody and demands nothing */
    /* Beside without_bonds: one key that it was handed. Whoever names its EDIV gets it, whatever the address
     * and RAND [SRC nRF5 SDK 17 nrf_dfu_ble.c]. With an IRK in it advertising is for that peer alone: others
     * cannot connect. */
    bool has_handed_bond;
    struct sim_bond handed;
};

/* Outcomes of what a central does. HCI and ATT codes are kept beside them for the report. */
enum sim_ble_outcome {
    SIM_BLE_OK,
    SIM_BLE_NOT_THERE, /* no advertising: off, booting, hung, other name or address */
    SIM_BLE_NOT_CONNECTED,
    SIM_BLE_KEY_MISSING,      /* encryption with a stored LTK refused: the peer has none (HCI 06) */
    SIM_BLE_MIC_FAILURE,      /* both have keys, they differ (HCI 3D) */
    SIM_BLE_PAIRING_REFUSED,  /* pairing failed; the result has the reason */
    SIM_BLE_NO_ANSWER,        /* nobody at the board types or presses what is asked for */
    SIM_BLE_NEEDS_ENCRYPTION, /* ATT 05 or 0F */
    SIM_BLE_TOO_LONG,         /* longer than ATT_MTU - 3 */
    SIM_BLE_NO_SERVICE,
    SIM_BLE_NO_CHARACTERISTIC, /* its service is there */
    SIM_BLE_NO_PROPERTY,       /* it cannot be written, read or subscribed to in this way */
    SIM_BLE_ATT_ERROR,         /* another ATT error: see sim_board_ble_att_error() */
};

#endif
