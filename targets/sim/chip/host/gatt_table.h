/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The peripheral's GATT table: the firmware's services behind GAP and GATT, with attribute numbers,
 * descriptors, properties and what they demand of a link. Values are the server's. GLib-free. [SPEC Core Vol
 * 3 Part G; Part F 3.2.5 permissions] */
#ifndef SIM_BLE_HOST_GATT_TABLE_H
#define SIM_BLE_HOST_GATT_TABLE_H

#include "sim/chip/ble/ble.h"

#define SIM_GATT_UUID_BYTES 16
#define SIM_GATT_MAX_ATTRIBUTES 48
#define SIM_GATT_MAX_CCC SIM_BLE_MAX_CCC
#define SIM_GATT_HASH_BYTES 16
#define SIM_GATT_NO_CCC 0xff /* also of a CCC that is not a firmware's */

#define SIM_GATT_PRIMARY_SERVICE 0x2800
#define SIM_GATT_SECONDARY_SERVICE 0x2801
#define SIM_GATT_INCLUDE 0x2802
#define SIM_GATT_CHARACTERISTIC 0x2803
#define SIM_GATT_CCC 0x2902
#define SIM_GATT_DATABASE_HASH 0x2b2a

/* Little endian as on the air; n_bytes is 2 or 16. */
struct sim_gatt_uuid {
    uint8_t n_bytes;
    uint8_t bytes[SIM_GATT_UUID_BYTES];
};

enum sim_gatt_permission {
    SIM_GATT_MAY_READ = 1 << 0,
    SIM_GATT_MAY_WRITE = 1 << 1,   /* by a request */
    SIM_GATT_MAY_COMMAND = 1 << 4, /* by a command */
    SIM_GATT_NEEDS_ENCRYPTION = 1 << 2,
    SIM_GATT_NEEDS_AUTHENTICATION = 1 << 3,
};

/* Where a value comes from. */
enum sim_gatt_source {
    SIM_GATT_FROM_TABLE, /* service and characteristic declarations */
    SIM_GATT_FROM_CCC,
    SIM_GATT_FROM_NAME,
    SIM_GATT_FROM_APPEARANCE,
    SIM_GATT_FROM_PREFERRED,  /* connection parameters */
    SIM_GATT_FROM_RESOLUTION, /* Central Address Resolution: it can */
    SIM_GATT_FROM_SERVICE_CHANGED,
    SIM_GATT_FROM_CLIENT_FEATURES,
    SIM_GATT_FROM_HASH,
    SIM_GATT_FROM_REVISION, /* the running image's version, as text */
    SIM_GATT_FROM_FIRMWARE,
};

struct sim_gatt_attribute {
    uint16_t number; /* the attribute handle, from 1 without gaps */
    uint16_t end;    /* of a service: its last attribute; else its own number */
    struct sim_gatt_uuid type;
    struct sim_gatt_uuid value; /* of a service or characteristic declaration: the UUID it declares */
    enum sim_gatt_source source;
    uint8_t properties; /* of a characteristic declaration and of its value */
    uint8_t permissions;
    uint8_t ccc;            /* index, of a CCC descriptor */
    uint8_t characteristic; /* the firmware's, of its value and its CCC */
    uint16_t max_bytes;     /* of a write; 0: any */
};

struct sim_gatt_table {
    unsigned n_attributes;
    struct sim_gatt_attribute attributes[SIM_GATT_MAX_ATTRIBUTES];
    unsigned n_ccc;
    /* By the firmware's characteristics: number of the value, index of the CCC (SIM_GATT_NO_CCC: none). */
    uint16_t value[SIM_GATT_MAX_CHARACTERISTICS];
    uint8_t ccc[SIM_GATT_MAX_CHARACTERISTICS];
    uint16_t service_changed; /* number of the value; 0: there is none */
    uint16_t service_changed_ccc;
    bool softdevice; /* see struct sim_gatt_services */
    uint16_t first;  /* attribute of the firmware; what a change is told from: 1 where others may move too */
    uint8_t hash[SIM_GATT_HASH_BYTES]; /* Database Hash, as on the air */
};

/* How a table is made. */
struct sim_gatt_plan {
    struct sim_gatt_services services;
    bool service_changed; /* Service Changed, Client Supported Features and Database Hash are there */
    unsigned n_ahead; /* services (Device Information, 3 attributes each) before the firmware's: moves their
                         numbers; at most 4 */
};

struct sim_gatt_uuid sim_gatt_uuid16(uint16_t uuid);
bool sim_gatt_uuid_is(const struct sim_gatt_uuid *uuid, const uint8_t *bytes, size_t n_bytes);

/* SoftDevice or not: as the services say. GAP (name, appearance; of a SoftDevice preferred parameters and
 * address resolution, too, so that its numbers are those of S132 and S140), GATT, [Device Information ...],
 * the firmware's; then the hash over it. */
void sim_gatt_build(struct sim_gatt_table *table, const struct sim_gatt_plan *plan);
/* The value of a declaration (source SIM_GATT_FROM_TABLE); returns its length, at most 19. */
size_t sim_gatt_declaration(const struct sim_gatt_attribute *attribute, uint8_t value[19]);

/* From the text of struct sim_gatt_characteristic. */
struct sim_gatt_uuid sim_gatt_uuid_from_text(const char *text);

#endif
