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
#define SIM_BLE_MIN_MTU 23
#define SIM_BLE_MAX_MTU 517

enum sim_ble_repairing {                            /* a bonded peer that lost its keys asks to pair again */
                         SIM_BLE_REPAIRING_ALLOWED, /* the old bond is replaced */
                         SIM_BLE_REPAIRING_REFUSED, /* pairing failed, reason 0x05; the old bond stays */
};
enum sim_ble_security { SIM_BLE_OPEN, SIM_BLE_ENCRYPTED }; /* what the update service demands */

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

struct sim_ble_config {
    char name[32];
    uint8_t address[SIM_BLE_ADDRESS_BYTES]; /* most significant byte first, as written */
    uint16_t mtu;                           /* largest ATT_MTU the board agrees to */
    enum sim_ble_security security;
    bool bonding; /* false: pairing request is answered with "pairing not supported" (05) */
    enum sim_ble_repairing repairing;
    uint32_t connection_interval_us; /* pace of packets; 0 = 15000 */
    uint32_t service_us;             /* between two requests that are both there; 0 = 1000 */
    uint32_t defects;
};

/* Outcomes of what a central does. HCI and ATT codes are kept beside them for the report. */
enum sim_ble_outcome {
    SIM_BLE_OK,
    SIM_BLE_NOT_THERE, /* no advertising: off, booting, hung, other name or address */
    SIM_BLE_NOT_CONNECTED,
    SIM_BLE_KEY_MISSING,      /* encryption with a stored LTK refused: the peer has none (HCI 06) */
    SIM_BLE_MIC_FAILURE,      /* both have keys, they differ (HCI 3D) */
    SIM_BLE_PAIRING_REFUSED,  /* pairing failed; pairing_reason holds the SMP reason */
    SIM_BLE_NEEDS_ENCRYPTION, /* ATT 05 or 0F */
    SIM_BLE_TOO_LONG,         /* longer than ATT_MTU - 3 */
    SIM_BLE_NOT_SUBSCRIBED,
    SIM_BLE_NO_SUCH_ATTRIBUTE,
};

#endif
