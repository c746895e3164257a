/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The peripheral's state and what can happen to it. A copy of the struct is a snapshot of it.
 * Times are the board's; the board calls in when something is due. GLib-free. Facts: Bluetooth Core for HCI,
 * ATT and pairing codes. */
#ifndef SIM_BLE_BLE_H
#define SIM_BLE_BLE_H

#include "sim/chip/ble/gatt.h"
#include "sim/chip/ble/pdu_faults.h"
#include "sim/chip/ble/peripheral.h"

#define SIM_BLE_NEVER UINT64_MAX
#define SIM_BLE_MAX_ARRIVED 64
#define SIM_BLE_SUPERVISION_US 4000000u

enum sim_hci_reason {
    SIM_HCI_AUTHENTICATION_FAILURE = 0x05,
    SIM_HCI_TIMEOUT = 0x08,
    SIM_HCI_REMOTE = 0x13,
    SIM_HCI_LOCAL = 0x16,
    SIM_HCI_MIC_FAILURE = 0x3d,
};
/* [SPEC Core Vol 3 Part H 3.5.5] */
enum sim_pairing_reason {
    SIM_PAIRING_PASSKEY_FAILED = 0x01,
    SIM_PAIRING_AUTHENTICATION = 0x03,
    SIM_PAIRING_CONFIRM_FAILED = 0x04,
    SIM_PAIRING_NOT_SUPPORTED = 0x05,
    SIM_PAIRING_COMPARISON_FAILED = 0x0c,
};

struct sim_ble {
    struct sim_ble_config config;
    const struct sim_gatt_server *gatt; /* what is called, with chip; both live as long as the struct */
    struct sim_chip *chip;
    bool has_host; /* the central is not in this process: a host stack confirms indications and tells the MTU
                    */

    struct sim_ble_advertiser advertiser;
    bool advertising;
    bool connected;   /* in the central's view */
    bool alive;       /* the peripheral still holds its end */
    uint64_t lost_us; /* when the central notices that it does not */
    uint8_t central[SIM_BLE_ADDRESS_BYTES];
    uint8_t central_irk[16]; /* what a central in this process gives when it pairs */
    uint16_t mtu;
    bool encrypted;
    bool authenticated;                /* by a key that was made with a passkey or a comparison */
    struct sim_gatt_services services; /* what the central found on this connection */
    uint8_t subscribed[SIM_GATT_MAX_CHARACTERISTICS]; /* enum sim_gatt_subscription */
    uint8_t att_error;                                /* of the last SIM_BLE_ATT_ERROR */
    uint8_t last_reason;
    uint8_t hung_up; /* the firmware ended the connection with this reason, which a host stack has to tell the
                        central; 0: it did not */
    /* What a central in this process believes the table to be: what it found on this connection, or, bonded
     * to a board with a SoftDevice, on an earlier one. Service Changed makes it look again. */
    struct sim_gatt_services known, kept;
    bool keeps_table; /* kept holds, for the central that has this address */
    uint8_t keeper[SIM_BLE_ADDRESS_BYTES];
    bool stale;            /* known is not what the board serves */
    uint64_t air_us;       /* when the last command of a central in this process arrived, on the air's time */
    uint64_t air_left_us;  /* and on the board's */
    uint64_t air_erase_us; /* and by the time that erases have taken */
    bool wants_changes;    /* subscribed to Service Changed */
    bool change_pending;   /* an indication of Service Changed that a host stack has to send */
    bool ignores_changes;  /* a central in this process does not look again when it is told */
    uint32_t n_tables;     /* counts changes of the services while somebody is connected, for a host stack */
    uint64_t change_us;    /* when Service Changed goes out */
    uint32_t n_changes;    /* indicated to the central on this connection; in process alone */
    bool indicating;       /* an indication is not confirmed yet */
    uint8_t indicated;     /* of this characteristic */
    uint64_t confirm_us;   /* when a central in this process confirms it */

    struct sim_bond bonds[SIM_BLE_MAX_BONDS];
    uint32_t n_pairings;
    uint64_t random;

    /* From here on: room that is copied only as far as it is used. */
    struct sim_pdu_faults faults; /* of the in-process link; a host stack has its own */
    uint8_t first_arrived, n_arrived;
    struct sim_ble_packet arrived[SIM_BLE_MAX_ARRIVED];
};

void sim_ble_init(struct sim_ble *ble, const struct sim_ble_config *config,
                  const struct sim_gatt_server *gatt, struct sim_chip *chip, uint64_t seed);

/* Replaces the configuration; bonds and a connection stay. */
void sim_ble_configure(struct sim_ble *ble, const struct sim_ble_config *config);

/* The peripheral's own life. die(): power, reset, crash; the central notices after the supervision timeout.
 */
void sim_ble_start(struct sim_ble *ble, const struct sim_ble_advertiser *advertiser);
void sim_ble_die(struct sim_ble *ble, uint64_t now_us);
/* The central notices a dead link. */
void sim_ble_lose(struct sim_ble *ble);
/* The radio goes silent and the board lives on: it takes the link for lost at once and advertises again, the
 * central notices after the supervision timeout. */
void sim_ble_vanish(struct sim_ble *ble, uint64_t now_us);

/* The calls of a central in this process. */
enum sim_ble_outcome sim_ble_connect(struct sim_ble *ble, const uint8_t central[SIM_BLE_ADDRESS_BYTES],
                                     uint16_t mtu);
void sim_ble_disconnect(struct sim_ble *ble, enum sim_hci_reason reason);
enum sim_ble_outcome sim_ble_pair(struct sim_ble *ble, const struct sim_ble_central_pairing *central,
                                  uint8_t ltk[SIM_BLE_LTK_BYTES], struct sim_ble_pairing_result *result);
/* The central in this process forgets the table that it kept, as with its half of the bond. */
void sim_ble_forget_table(struct sim_ble *ble);
/* characteristic, here and below: as the central knows the table. Where that one is old, the call meets what
 * stands at the attribute's number now. */
enum sim_ble_outcome sim_ble_subscribe(struct sim_ble *ble, unsigned characteristic,
                                       enum sim_gatt_subscription how);
enum sim_ble_outcome sim_ble_write(struct sim_ble *ble, uint64_t now_us, unsigned characteristic,
                                   bool with_response, const uint8_t *bytes, size_t n_bytes);
enum sim_ble_outcome sim_ble_read(struct sim_ble *ble, unsigned characteristic,
                                  uint8_t bytes[SIM_GATT_MAX_VALUE_BYTES], size_t *n_bytes);
/* The oldest that has arrived; NULL: none. It stays until it is dropped. */
const struct sim_ble_packet *sim_ble_arrived(const struct sim_ble *ble);
void sim_ble_drop_arrived(struct sim_ble *ble);

struct sim_gatt_place {
    enum { SIM_GATT_NOWHERE, SIM_GATT_DECLARATION, SIM_GATT_VALUE, SIM_GATT_DESCRIPTOR } what;
    unsigned characteristic;
};

/* What comes from the central, when all that the link must have was looked at. ATT errors, 0: none. */
uint8_t sim_ble_take_write(struct sim_ble *ble, unsigned characteristic, bool with_response,
                           const uint8_t *bytes, size_t n_bytes);
/* The link has become encrypted, by a host stack: bond is restored, keys are set. */
void sim_ble_take_encryption(struct sim_ble *ble);
/* Service Changed was confirmed. */
void sim_ble_take_change_confirmation(struct sim_ble *ble);
uint8_t sim_ble_take_read(struct sim_ble *ble, unsigned characteristic,
                          uint8_t bytes[SIM_GATT_MAX_VALUE_BYTES], size_t *n_bytes);
uint8_t sim_ble_take_subscription(struct sim_ble *ble, unsigned characteristic,
                                  enum sim_gatt_subscription how);
void sim_ble_take_confirmation(struct sim_ble *ble);

/* Over the air to the central. */
void sim_ble_notify(struct sim_ble *ble, uint64_t now_us, unsigned characteristic, const uint8_t *bytes,
                    size_t n_bytes);
/* false: one is not confirmed yet. */
bool sim_ble_indicate(struct sim_ble *ble, uint64_t now_us, unsigned characteristic, const uint8_t *bytes,
                      size_t n_bytes);
void sim_ble_mark_change(struct sim_ble *ble);
void sim_ble_indicate_change(struct sim_ble *ble);
/* What the firmware serves has become another table. Whoever is connected goes on with it, and is told a
 * little later [SRC zephyr subsys/bluetooth/host/gatt.c bt_gatt_service_register(), SC_TIMEOUT]; who is
 * bonded and is not there learns of it by the hash of the table when it comes. tell: false of a firmware that
 * has forgotten to. */
void sim_ble_services_changed(struct sim_ble *ble, uint64_t now_us, bool tell);
/* A notification that is none: a broken peripheral's, past all faults. */
void sim_ble_notify_nonsense(struct sim_ble *ble, unsigned characteristic);
/* PDUs that a fault held back until now go on. */
void sim_ble_release(struct sim_ble *ble, uint64_t now_us);

/* Where it advertises now, most significant byte first: the last byte wraps without carry, as bootloaders at
 * address + 1 do it [SRC nRF5 SDK components/libraries/bootloader/dfu/nrf_dfu_ble.c]. */
void sim_ble_address(const struct sim_ble *ble, uint8_t address[SIM_BLE_ADDRESS_BYTES]);
const char *sim_ble_name(const struct sim_ble *ble);
/* The ATT_MTU that what runs now agrees to when the central asks for one. */
uint16_t sim_ble_agreed_mtu(const struct sim_ble *ble, uint16_t asked);
/* What runs now offers. */
void sim_ble_services(const struct sim_ble *ble, struct sim_gatt_services *services);
/* What runs now knows the stored bonds. */
bool sim_ble_knows_bonds(const struct sim_ble *ble);
/* What the settings demand of the link, by configuration and defects. */
enum sim_ble_security sim_ble_demands(const struct sim_ble *ble);
/* NULL: there is none, or what runs now does not know. A handed bond is not among them. */
const struct sim_bond *sim_ble_find_bond(const struct sim_ble *ble,
                                         const uint8_t central[SIM_BLE_ADDRESS_BYTES]);
/* The bond with the connected central, whose address is of this type, or the one that was handed over; NULL:
 * as above. */
struct sim_bond *sim_ble_bond(struct sim_ble *ble, uint8_t address_type);
void sim_ble_forget_bonds(struct sim_ble *ble);
/* A bond with the connected central, without a key yet: in the place of its former one, a free one, or that
 * of the oldest. */
struct sim_bond *sim_ble_new_bond(struct sim_ble *ble);
/* What a key of a central in this process is named by; 0: made by LE Secure Connections. */
uint16_t sim_ble_ediv_of(const struct sim_ble *ble, const uint8_t ltk[SIM_BLE_LTK_BYTES]);
/* What the board shows for the central's user to type. */
uint32_t sim_ble_passkey(struct sim_ble *ble);
/* By configuration and policy, for the connected central. */
bool sim_ble_refuses_pairing(const struct sim_ble *ble);
/* From the board's seed; no secret to anybody. */
void sim_ble_random(struct sim_ble *ble, uint8_t *bytes, size_t n_bytes);

#endif
