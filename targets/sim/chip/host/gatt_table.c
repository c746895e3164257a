/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Builds the GATT table and its Database Hash. */
#include "sim/chip/host/gatt_table.h"

#include "base/bytes.h"
#include "sim/chip/host/sm_crypto.h"

#include <string.h>

const uint8_t sim_gatt_smp_service[SIM_GATT_UUID_BYTES] = {0x84, 0xaa, 0x60, 0x74, 0x52, 0x8a, 0x8b, 0x86,
                                                           0xd3, 0x4c, 0xb7, 0x1d, 0x1d, 0xdc, 0x53, 0x8d};
const uint8_t sim_gatt_smp_characteristic[SIM_GATT_UUID_BYTES] = {
    0x48, 0x7c, 0x99, 0x74, 0x11, 0x26, 0x9e, 0xae, 0x01, 0x4e, 0xce, 0xfb, 0x28, 0x78, 0x2e, 0xda};

struct sim_gatt_uuid sim_gatt_uuid16(uint16_t uuid)
{
    struct sim_gatt_uuid result = {.n_bytes = 2};

    rig_put_le16(result.bytes, uuid);
    return result;
}

static struct sim_gatt_uuid uuid128(const uint8_t bytes[SIM_GATT_UUID_BYTES])
{
    struct sim_gatt_uuid result = {.n_bytes = SIM_GATT_UUID_BYTES};

    memcpy(result.bytes, bytes, SIM_GATT_UUID_BYTES);
    return result;
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
    return ccc->ccc;
}

static void add_gap(struct sim_gatt_table *table)
{
    struct sim_gatt_attribute *service = add_service(table, sim_gatt_uuid16(0x1800));

    add_characteristic(table, sim_gatt_uuid16(0x2a00), SIM_GATT_READ, SIM_GATT_MAY_READ, SIM_GATT_FROM_NAME);
    add_characteristic(table, sim_gatt_uuid16(0x2a01), SIM_GATT_READ, SIM_GATT_MAY_READ,
                       SIM_GATT_FROM_APPEARANCE);
    end_service(table, service);
}

static void add_gatt(struct sim_gatt_table *table, const struct sim_gatt_plan *plan)
{
    struct sim_gatt_attribute *service = add_service(table, sim_gatt_uuid16(0x1801));

    if (plan->service_changed) {
        table->service_changed = add_characteristic(table, sim_gatt_uuid16(0x2a05), SIM_GATT_INDICATE, 0,
                                                    SIM_GATT_FROM_SERVICE_CHANGED);
        table->service_changed_ccc = add_ccc(table, SIM_GATT_INDICATE, 0);
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

static void add_smp(struct sim_gatt_table *table, const struct sim_gatt_plan *plan)
{
    struct sim_gatt_attribute *service = add_service(table, uuid128(sim_gatt_smp_service));

    table->smp_value = add_characteristic(
        table, uuid128(sim_gatt_smp_characteristic), SIM_GATT_WRITE_COMMAND | SIM_GATT_NOTIFY,
        (uint8_t)(SIM_GATT_MAY_WRITE | plan->smp_permissions), SIM_GATT_FROM_SMP);
    table->smp_ccc = add_ccc(table, SIM_GATT_NOTIFY, plan->smp_permissions);
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
    add_gap(table);
    add_gatt(table, plan);
    for (unsigned i = 0; i < plan->n_ahead && i < 4; i++)
        add_device_information(table);
    add_smp(table, plan);
    compute_hash(table);
}

const struct sim_gatt_attribute *sim_gatt_find(const struct sim_gatt_table *table, uint16_t number)
{
    return number >= 1 && number <= table->n_attributes ? &table->attributes[number - 1] : NULL;
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
