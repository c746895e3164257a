/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Builds the GATT table and its Database Hash. */
#include "sim/chip/host/gatt_table.h"

#include "base/bytes.h"
#include "sim/chip/host/sm_crypto.h"

#include <string.h>

struct sim_gatt_uuid sim_gatt_uuid16(uint16_t uuid)
{
    struct sim_gatt_uuid result = {.n_bytes = 2};

    rig_put_le16(result.bytes, uuid);
    return result;
}

static unsigned digit(char letter)
{
    return letter <= '9' ? (unsigned)(letter - '0') : (unsigned)(letter - 'a') + 10;
}

struct sim_gatt_uuid sim_gatt_uuid_from_text(const char *text)
{
    struct sim_gatt_uuid uuid = {.n_bytes = strlen(text) == 4 ? 2 : SIM_GATT_UUID_BYTES};

    for (unsigned at = uuid.n_bytes; at > 0; text += 2) {
        if (*text == '-')
            text++;
        uuid.bytes[--at] = (uint8_t)(digit(text[0]) << 4 | digit(text[1]));
    }
    return uuid;
}

/* [SPEC Vol 3 Part B 2.5.1] 00000000-0000-1000-8000-00805F9B34FB with the short UUID in bytes 12 and 13. */
static void widen(const uint8_t *bytes, size_t n_bytes, uint8_t wide[SIM_GATT_UUID_BYTES])
{
    static const uint8_t base[SIM_GATT_UUID_BYTES] = {0xfb, 0x34, 0x9b, 0x5f, 0x80, 0, 0, 0x80, 0, 0x10};

    memcpy(wide, n_bytes == 2 ? base : bytes, SIM_GATT_UUID_BYTES);
    if (n_bytes == 2)
        memcpy(wide + 12, bytes, 2);
}

bool sim_gatt_uuid_is(const struct sim_gatt_uuid *uuid, const uint8_t *bytes, size_t n_bytes)
{
    uint8_t one[SIM_GATT_UUID_BYTES], other[SIM_GATT_UUID_BYTES];

    if (n_bytes != 2 && n_bytes != SIM_GATT_UUID_BYTES)
        return false;
    widen(uuid->bytes, uuid->n_bytes, one);
    widen(bytes, n_bytes, other);
    return memcmp(one, other, sizeof one) == 0;
}

static struct sim_gatt_attribute *add(struct sim_gatt_table *table, uint16_t type)
{
    struct sim_gatt_attribute *attribute = &table->attributes[table->n_attributes];

    memset(attribute, 0, sizeof *attribute);
    attribute->number = attribute->end = (uint16_t)++table->n_attributes;
    attribute->type = sim_gatt_uuid16(type);
    attribute->permissions = SIM_GATT_MAY_READ;
    return attribute;
}

static struct sim_gatt_attribute *add_service(struct sim_gatt_table *table, struct sim_gatt_uuid uuid)
{
    struct sim_gatt_attribute *service = add(table, SIM_GATT_PRIMARY_SERVICE);

    service->value = uuid;
    return service;
}

static void end_service(struct sim_gatt_table *table, struct sim_gatt_attribute *service)
{
    service->end = (uint16_t)table->n_attributes;
}

/* Declaration and value; returns the number of the value. */
static uint16_t add_characteristic(struct sim_gatt_table *table, struct sim_gatt_uuid uuid,
                                   uint8_t properties, uint8_t permissions, enum sim_gatt_source source)
{
    struct sim_gatt_attribute *declaration = add(table, SIM_GATT_CHARACTERISTIC);
    struct sim_gatt_attribute *value = add(table, 0);

    declaration->value = uuid;
    declaration->properties = value->properties = properties;
    value->type = uuid;
    value->source = source;
    value->permissions = permissions;
    return value->number;
}

/* Returns the index of the descriptor's value. */
static uint16_t add_ccc(struct sim_gatt_table *table, uint8_t properties, uint8_t demands)
{
    struct sim_gatt_attribute *ccc = add(table, SIM_GATT_CCC);

    ccc->source = SIM_GATT_FROM_CCC;
    ccc->properties = properties;
    ccc->permissions = (uint8_t)(SIM_GATT_MAY_READ | SIM_GATT_MAY_WRITE | demands);
    ccc->ccc = (uint8_t)table->n_ccc++;
    ccc->characteristic = SIM_GATT_NO_CCC;
    return ccc->ccc;
}

static void add_gap(struct sim_gatt_table *table)
{
    struct sim_gatt_attribute *service = add_service(table, sim_gatt_uuid16(0x1800));

    add_characteristic(table, sim_gatt_uuid16(0x2a00), SIM_GATT_READ, SIM_GATT_MAY_READ, SIM_GATT_FROM_NAME);
    add_characteristic(table, sim_gatt_uuid16(0x2a01), SIM_GATT_READ, SIM_GATT_MAY_READ,
                       SIM_GATT_FROM_APPEARANCE);
    if (table->softdevice) {
        add_characteristic(table, sim_gatt_uuid16(0x2a04), SIM_GATT_READ, SIM_GATT_MAY_READ,
                           SIM_GATT_FROM_PREFERRED);
        add_characteristic(table, sim_gatt_uuid16(0x2aa6), SIM_GATT_READ, SIM_GATT_MAY_READ,
                           SIM_GATT_FROM_RESOLUTION);
    }
    end_service(table, service);
}

static void add_gatt(struct sim_gatt_table *table, const struct sim_gatt_plan *plan)
{
    struct sim_gatt_attribute *service = add_service(table, sim_gatt_uuid16(0x1801));

    if (plan->service_changed) {
        table->service_changed = add_characteristic(table, sim_gatt_uuid16(0x2a05), SIM_GATT_INDICATE, 0,
                                                    SIM_GATT_FROM_SERVICE_CHANGED);
        table->service_changed_ccc = add_ccc(table, SIM_GATT_INDICATE, 0);
    }
    if (plan->service_changed && !plan->services.softdevice) {
        add_characteristic(table, sim_gatt_uuid16(0x2b29), SIM_GATT_READ | SIM_GATT_WRITE,
                           SIM_GATT_MAY_READ | SIM_GATT_MAY_WRITE, SIM_GATT_FROM_CLIENT_FEATURES);
        add_characteristic(table, sim_gatt_uuid16(SIM_GATT_DATABASE_HASH), SIM_GATT_READ, SIM_GATT_MAY_READ,
                           SIM_GATT_FROM_HASH);
    }
    end_service(table, service);
}

/* Three attributes: what stands behind them moves. */
static void add_device_information(struct sim_gatt_table *table)
{
    struct sim_gatt_attribute *service = add_service(table, sim_gatt_uuid16(0x180a));

    add_characteristic(table, sim_gatt_uuid16(0x2a26), SIM_GATT_READ, SIM_GATT_MAY_READ,
                       SIM_GATT_FROM_REVISION);
    end_service(table, service);
}

static uint8_t demands(enum sim_ble_security demand)
{
    return demand == SIM_BLE_OPEN        ? 0
           : demand == SIM_BLE_ENCRYPTED ? SIM_GATT_NEEDS_ENCRYPTION
                                         : SIM_GATT_NEEDS_AUTHENTICATION;
}

/* Zephyr looks at permissions, not at properties: who may write may do so in either way. */
static uint8_t may_of(const struct sim_gatt_table *table, uint8_t properties)
{
    unsigned read = properties & SIM_GATT_READ ? SIM_GATT_MAY_READ : 0;
    unsigned request = properties & SIM_GATT_WRITE ? SIM_GATT_MAY_WRITE : 0;
    unsigned command = properties & SIM_GATT_WRITE_COMMAND ? SIM_GATT_MAY_COMMAND : 0;

    if (!table->softdevice && (request || command))
        request = SIM_GATT_MAY_WRITE, command = SIM_GATT_MAY_COMMAND;
    return (uint8_t)(read | request | command);
}

static void add_of_firmware(struct sim_gatt_table *table, unsigned characteristic,
                            const struct sim_gatt_characteristic *entry)
{
    uint8_t demand = demands(entry->demand),
            subscribable = entry->properties & (SIM_GATT_NOTIFY | SIM_GATT_INDICATE);
    uint8_t may = may_of(table, entry->properties);

    table->value[characteristic] =
        add_characteristic(table, sim_gatt_uuid_from_text(entry->uuid), entry->properties,
                           (uint8_t)(may | demand), SIM_GATT_FROM_FIRMWARE);
    table->attributes[table->n_attributes - 1].characteristic = (uint8_t)characteristic;
    table->attributes[table->n_attributes - 1].max_bytes = entry->max_bytes;
    table->ccc[characteristic] = SIM_GATT_NO_CCC;
    if (!subscribable)
        return;
    table->ccc[characteristic] = (uint8_t)add_ccc(table, subscribable, entry->open_ccc ? 0 : demand);
    table->attributes[table->n_attributes - 1].characteristic = (uint8_t)characteristic;
}

static void add_firmware(struct sim_gatt_table *table, const struct sim_gatt_services *services)
{
    struct sim_gatt_attribute *service = NULL;

    for (unsigned i = 0; i < services->n; i++) {
        const struct sim_gatt_characteristic *entry = &services->characteristics[i];

        if (entry->service && service)
            end_service(table, service);
        if (entry->service)
            service = add_service(table, sim_gatt_uuid_from_text(entry->service));
        add_of_firmware(table, i, entry);
    }
    if (service)
        end_service(table, service);
}

/* [SPEC Vol 3 Part G 7.3] Number, type and value of declarations; number and type of descriptors. */
static void compute_hash(struct sim_gatt_table *table)
{
    uint8_t message[SIM_GATT_MAX_ATTRIBUTES * 23], mac[SIM_GATT_HASH_BYTES];
    static const uint8_t zero[SIM_GATT_HASH_BYTES];
    size_t n_bytes = 0;

    for (unsigned i = 0; i < table->n_attributes; i++) {
        const struct sim_gatt_attribute *attribute = &table->attributes[i];

        if (attribute->source != SIM_GATT_FROM_TABLE && attribute->source != SIM_GATT_FROM_CCC)
            continue;
        rig_put_le16(message + n_bytes, attribute->number);
        memcpy(message + n_bytes + 2, attribute->type.bytes, 2);
        n_bytes += 4;
        if (attribute->source == SIM_GATT_FROM_TABLE)
            n_bytes += sim_gatt_declaration(attribute, message + n_bytes);
    }
    memset(table->hash, 0, sizeof table->hash);
    if (!sm_aes_cmac(zero, message, n_bytes, mac))
        return;
    for (unsigned i = 0; i < SIM_GATT_HASH_BYTES; i++)
        table->hash[i] = mac[SIM_GATT_HASH_BYTES - 1 - i];
}

void sim_gatt_build(struct sim_gatt_table *table, const struct sim_gatt_plan *plan)
{
    memset(table, 0, sizeof *table);
    table->softdevice = plan->services.softdevice;
    add_gap(table);
    add_gatt(table, plan);
    for (unsigned i = 0; i < plan->n_ahead && i < 4; i++)
        add_device_information(table);
    table->first = (uint16_t)(table->softdevice ? table->n_attributes + 1 : 1);
    add_firmware(table, &plan->services);
    compute_hash(table);
}

size_t sim_gatt_declaration(const struct sim_gatt_attribute *attribute, uint8_t value[19])
{
    if (!sim_gatt_uuid_is(&attribute->type, (const uint8_t[]){0x03, 0x28}, 2)) {
        memcpy(value, attribute->value.bytes, attribute->value.n_bytes);
        return attribute->value.n_bytes;
    }
    value[0] = attribute->properties;
    rig_put_le16(value + 1, (uint16_t)(attribute->number + 1));
    memcpy(value + 3, attribute->value.bytes, attribute->value.n_bytes);
    return 3u + attribute->value.n_bytes;
}
