/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a firmware offers over the radio: services, their characteristics, what each can do and what it
 * demands of the link. Attribute numbers, descriptors, GAP and GATT services are made from it by who serves
 * it. GLib-free. [SPEC Core Vol 3 Part G 3] */
#ifndef SIM_BLE_GATT_H
#define SIM_BLE_GATT_H

#include "sim/chip/ble/peripheral.h"

enum sim_gatt_property { /* [SPEC Core Vol 3 Part G 3.3.1.1] */
                         SIM_GATT_READ = 0x02,
                         SIM_GATT_WRITE_COMMAND = 0x04,
                         SIM_GATT_WRITE = 0x08,
                         SIM_GATT_NOTIFY = 0x10,
                         SIM_GATT_INDICATE = 0x20,
};

struct sim_gatt_characteristic {
    const char *service;          /* UUID of the service that begins here; NULL: the one before goes on */
    const char *uuid;             /* "8d53dc1d-1db7-4cd3-868b-8a527460aa84", lower case, or "2a26"; static */
    uint8_t properties;           /* enum sim_gatt_property */
    enum sim_ble_security demand; /* of the link, for the value and for its CCC */
    bool open_ccc;                /* its CCC demands nothing */
    uint16_t max_bytes;           /* of a write; 0: as many as come in one packet */
};

#define SIM_GATT_MAX_CHARACTERISTICS 8u
/* In the order of their attributes. A characteristic is named by its place in here. */
struct sim_gatt_services {
    /* Served as a Nordic SoftDevice does, not as Zephyr does. A characteristic is written only in the ways of
     * its properties: a request is refused by 03, a command dropped. What a bonded central is subscribed to
     * holds for the table that it was kept for; of another one it is subscribed to Service Changed alone.
     * There is no Database Hash and nobody notices a change by itself: the firmware tells it
     * (sim_chip_indicate_change()). */
    bool softdevice;
    bool no_service_changed; /* there is no such characteristic, and no Database Hash either */
    uint8_t n_ahead; /* services (Device Information, 3 attributes each) before these: moves their numbers */
    /* Write commands that arrive in a connection interval: those of the in-process link come at this pace. 0:
     * as many as there are, at once. */
    uint8_t commands_per_interval;
    bool whole_words; /* an ATT_MTU is agreed to by which a packet holds a multiple of 4 bytes */
    unsigned n;
    struct sim_gatt_characteristic characteristics[SIM_GATT_MAX_CHARACTERISTICS];
};

/* How a central is subscribed to a characteristic: the bits of its CCC [SPEC Core Vol 3 Part G 3.3.3.3]. */
enum sim_gatt_subscription { SIM_GATT_UNSUBSCRIBED = 0, SIM_GATT_NOTIFIED = 1, SIM_GATT_INDICATED = 2 };

struct sim_chip;
/* What is called of a firmware. Errors are ATT's [SPEC Core Vol 3 Part F 3.4.1.1], 0: none. NULL: it has no
 * use for it. */
struct sim_gatt_server {
    /* What runs now offers; asked at each connection, and when the firmware says that it has changed
     * (sim_chip_services_changed()). */
    void (*services)(const struct sim_chip *chip, struct sim_gatt_services *services);
    /* The link holds what the characteristic demands. The error of a command is told to nobody. */
    uint8_t (*write)(struct sim_chip *chip, unsigned characteristic, bool with_response, const uint8_t *bytes,
                     size_t n_bytes);
    /* *n_bytes: at most SIM_GATT_MAX_VALUE_BYTES. */
    uint8_t (*read)(struct sim_chip *chip, unsigned characteristic, uint8_t *bytes, size_t *n_bytes);
    uint8_t (*subscribe)(struct sim_chip *chip, unsigned characteristic, enum sim_gatt_subscription how);
    void (*confirmed)(struct sim_chip *chip, unsigned characteristic);
    /* The link has become encrypted. */
    void (*secured)(struct sim_chip *chip);
    /* A central connected, or the link is gone. */
    void (*linked)(struct sim_chip *chip, bool up);
};
#define SIM_GATT_MAX_VALUE_BYTES 64u

/* What a central received. */
struct sim_ble_packet {
    uint8_t characteristic;
    bool indicated; /* else notified */
    uint16_t n_bytes;
    uint8_t bytes[SIM_BLE_MAX_MTU];
};

/* Both mean the same UUID; either may be the short form of a Bluetooth SIG UUID. */
bool sim_gatt_same_uuid(const char *one, const char *other);

#endif
