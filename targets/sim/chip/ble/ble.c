/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The peripheral: advertising, the one connection and how it ends, bonds that survive power cycles, and what
 * goes between central and characteristics. */
#include "sim/chip/ble/ble.h"

#include "base/bytes.h"

#include <stddef.h>
#include <string.h>

#define FIRST_ATTRIBUTE 14u /* behind GAP, and GATT with Service Changed */

/* [SPEC Core Vol 3 Part B 2.5.1] A short UUID stands for digits 5 to 8 of the base UUID. */
bool sim_gatt_same_uuid(const char *one, const char *other)
{
    static const char base[] = "0000xxxx-0000-1000-8000-00805f9b34fb";
    char wide[2][sizeof base];
    const char *const uuids[2] = {one, other};

    for (unsigned i = 0; i < 2; i++) {
        memcpy(wide[i], base, sizeof base);
        if (strlen(uuids[i]) == 4)
            memcpy(wide[i] + 4, uuids[i], 4);
        else if (strlen(uuids[i]) == sizeof base - 1)
            memcpy(wide[i], uuids[i], sizeof base);
        else
            return false;
    }
    return strcmp(wide[0], wide[1]) == 0;
}

static bool has_ccc(const struct sim_gatt_characteristic *entry)
{
    return entry->properties & (SIM_GATT_NOTIFY | SIM_GATT_INDICATE);
}

/* Attribute numbers: of a characteristic's value; what stands at a number. */
static unsigned sim_gatt_number(const struct sim_gatt_services *services, unsigned characteristic)
{
    unsigned of_change = services->softdevice ? 3u : 7u; /* Zephyr's has features and hash behind it */
    unsigned number =
        FIRST_ATTRIBUTE - (services->no_service_changed ? of_change : 0u) + 3u * services->n_ahead;

    for (unsigned i = 0; i < characteristic; i++)
        number += (services->characteristics[i].service ? 1u : 0u) + 2u +
                  (has_ccc(&services->characteristics[i]) ? 1u : 0u);
    return number + (services->characteristics[characteristic].service ? 1u : 0u) + 1u;
}

static struct sim_gatt_place sim_gatt_place_of(const struct sim_gatt_services *services, unsigned number)
{
    for (unsigned i = 0; i < services->n; i++) {
        unsigned value = sim_gatt_number(services, i);

        if (number == value)
            return (struct sim_gatt_place){SIM_GATT_VALUE, i};
        if (number == value + 1 && has_ccc(&services->characteristics[i]))
            return (struct sim_gatt_place){SIM_GATT_DESCRIPTOR, i};
        if (number + 2 >= value && number < value)
            return (struct sim_gatt_place){SIM_GATT_DECLARATION, i};
    }
    return (struct sim_gatt_place){SIM_GATT_NOWHERE, 0};
}

#define DEFAULT_INTERVAL_US 15000u
#define DEFAULT_SERVICE_US 1000u
#define ATT_OVERHEAD_BYTES 3u

const char *sim_ble_defect_name(unsigned bit)
{
    static const char *const names[SIM_BLE_N_DEFECTS] = {"pairs-anew-silently", "bond-lost-on-update",
                                                         "serves-unencrypted", "cuts-notifications",
                                                         "keeps-fragments"};

    return bit < SIM_BLE_N_DEFECTS ? names[bit] : NULL;
}

void sim_ble_configure(struct sim_ble *ble, const struct sim_ble_config *config)
{
    ble->config = *config;
    if (ble->config.connection_interval_us == 0)
        ble->config.connection_interval_us = DEFAULT_INTERVAL_US;
    if (ble->config.service_us == 0)
        ble->config.service_us = DEFAULT_SERVICE_US;
}

void sim_ble_init(struct sim_ble *ble, const struct sim_ble_config *config,
                  const struct sim_gatt_server *gatt, struct sim_chip *chip, uint64_t seed)
{
    memset(ble, 0, sizeof *ble);
    sim_ble_configure(ble, config);
    ble->gatt = gatt;
    ble->chip = chip;
    ble->random = seed;
    ble->lost_us = ble->confirm_us = ble->change_us = SIM_BLE_NEVER;
}

/* --- random numbers and bonds --- */

static uint64_t next_random(uint64_t *state)
{
    uint64_t value = *state += 0x9e3779b97f4a7c15u;

    value = (value ^ value >> 30) * 0xbf58476d1ce4e5b9u;
    value = (value ^ value >> 27) * 0x94d049bb133111ebu;
    return value ^ value >> 31;
}

void sim_ble_random(struct sim_ble *ble, uint8_t *bytes, size_t n_bytes)
{
    for (size_t at = 0; at < n_bytes; at += 8) {
        uint64_t random = next_random(&ble->random);

        for (size_t i = at; i < at + 8 && i < n_bytes; i++, random >>= 8)
            bytes[i] = (uint8_t)random;
    }
}

bool sim_ble_knows_bonds(const struct sim_ble *ble)
{
    return !ble->advertiser.without_bonds;
}

enum sim_ble_security sim_ble_demands(const struct sim_ble *ble)
{
    return ble->config.defects & SIM_BLE_DEFECT_SERVES_UNENCRYPTED || !sim_ble_knows_bonds(ble)
               ? SIM_BLE_OPEN
               : ble->config.security;
}

const struct sim_bond *sim_ble_find_bond(const struct sim_ble *ble,
                                         const uint8_t central[SIM_BLE_ADDRESS_BYTES])
{
    for (unsigned i = 0; i < SIM_BLE_MAX_BONDS && sim_ble_knows_bonds(ble); i++) {
        if (ble->bonds[i].used && memcmp(ble->bonds[i].address, central, SIM_BLE_ADDRESS_BYTES) == 0)
            return &ble->bonds[i];
    }
    return NULL;
}

struct sim_bond *sim_ble_bond(struct sim_ble *ble, uint8_t address_type)
{
    if (ble->advertiser.has_handed_bond)
        return &ble->advertiser.handed;
    for (unsigned i = 0; i < SIM_BLE_MAX_BONDS && sim_ble_knows_bonds(ble); i++)
        if (ble->bonds[i].used && memcmp(ble->bonds[i].address, ble->central, SIM_BLE_ADDRESS_BYTES) == 0 &&
            ble->bonds[i].address_type == address_type)
            return &ble->bonds[i];
    return NULL;
}

void sim_ble_forget_bonds(struct sim_ble *ble)
{
    memset(ble->bonds, 0, sizeof ble->bonds);
}

/* The peer's own place, a free one, or the one of the oldest bond. */
static struct sim_bond *place_for(struct sim_ble *ble)
{
    struct sim_bond *best = &ble->bonds[0];

    for (unsigned i = 0; i < SIM_BLE_MAX_BONDS; i++) {
        struct sim_bond *bond = &ble->bonds[i];

        if (bond->used && memcmp(bond->address, ble->central, sizeof bond->address) == 0)
            return bond;
        if (best->used && (!bond->used || bond->age < best->age))
            best = bond;
    }
    return best;
}

struct sim_bond *sim_ble_new_bond(struct sim_ble *ble)
{
    struct sim_bond *bond = place_for(ble);

    memset(bond, 0, sizeof *bond);
    bond->used = true;
    bond->age = ++ble->n_pairings;
    memcpy(bond->address, ble->central, sizeof bond->address);
    return bond;
}

bool sim_ble_refuses_pairing(const struct sim_ble *ble)
{
    if (!ble->config.bonding || !sim_ble_knows_bonds(ble))
        return true;
    return ble->config.repairing == SIM_BLE_REPAIRING_REFUSED && sim_ble_find_bond(ble, ble->central) &&
           !(ble->config.defects & SIM_BLE_DEFECT_PAIRS_ANEW_SILENTLY);
}

/* --- the connection --- */

void sim_ble_start(struct sim_ble *ble, const struct sim_ble_advertiser *advertiser)
{
    ble->advertiser = *advertiser;
    ble->advertising = true;
}

void sim_ble_address(const struct sim_ble *ble, uint8_t address[SIM_BLE_ADDRESS_BYTES])
{
    memcpy(address, ble->config.address, SIM_BLE_ADDRESS_BYTES);
    if (ble->advertiser.next_address)
        address[SIM_BLE_ADDRESS_BYTES - 1]++;
}

const char *sim_ble_name(const struct sim_ble *ble)
{
    return ble->advertiser.name[0] ? ble->advertiser.name : ble->config.name;
}

void sim_ble_services(const struct sim_ble *ble, struct sim_gatt_services *services)
{
    *services = (struct sim_gatt_services){0};
    ble->gatt->services(ble->chip, services);
}

/* Everything of the connection that the peripheral holds in RAM. */
static void end_connection(struct sim_ble *ble)
{
    sim_pdu_faults_drop_held(&ble->faults);
    ble->alive = false;
    ble->encrypted = ble->authenticated = false;
    memset(ble->subscribed, 0, sizeof ble->subscribed);
    ble->indicating = ble->wants_changes = ble->change_pending = false;
    ble->confirm_us = ble->change_us = SIM_BLE_NEVER;
}

static void tell_link(struct sim_ble *ble, bool up)
{
    if (ble->gatt->linked)
        ble->gatt->linked(ble->chip, up);
}

void sim_ble_die(struct sim_ble *ble, uint64_t now_us)
{
    ble->advertising = false;
    if (ble->alive)
        ble->lost_us = now_us + SIM_BLE_SUPERVISION_US;
    end_connection(ble);
}

void sim_ble_lose(struct sim_ble *ble)
{
    ble->connected = false;
    ble->lost_us = SIM_BLE_NEVER;
    ble->last_reason = SIM_HCI_TIMEOUT;
}

void sim_ble_vanish(struct sim_ble *ble, uint64_t now_us)
{
    if (!ble->alive)
        return;
    ble->lost_us = now_us + SIM_BLE_SUPERVISION_US;
    end_connection(ble);
    tell_link(ble, false);
}

uint16_t sim_ble_agreed_mtu(const struct sim_ble *ble, uint16_t asked)
{
    uint16_t most = ble->config.mtu < SIM_BLE_MIN_MTU   ? SIM_BLE_MIN_MTU
                    : ble->config.mtu > SIM_BLE_MAX_MTU ? SIM_BLE_MAX_MTU
                                                        : ble->config.mtu;

    if (asked >= most)
        return most;
    if (asked < SIM_BLE_MIN_MTU)
        return SIM_BLE_MIN_MTU;
    return (uint16_t)(ble->services.whole_words ? asked - (asked - ATT_OVERHEAD_BYTES) % 4u : asked);
}

/* Advertising with an accept list. */
static bool is_for_another(const struct sim_ble *ble, const uint8_t central[SIM_BLE_ADDRESS_BYTES])
{
    static const uint8_t no_irk[sizeof ble->advertiser.handed.irk];

    return ble->advertiser.has_handed_bond &&
           memcmp(ble->advertiser.handed.irk, no_irk, sizeof no_irk) != 0 &&
           memcmp(ble->advertiser.handed.address, central, SIM_BLE_ADDRESS_BYTES) != 0;
}

static bool sim_gatt_same_table(const struct sim_gatt_services *one, const struct sim_gatt_services *other)
{
    bool same = one->n == other->n && one->no_service_changed == other->no_service_changed &&
                one->n_ahead == other->n_ahead;

    for (unsigned i = 0; same && i < one->n; i++) {
        const struct sim_gatt_characteristic *a = &one->characteristics[i], *b = &other->characteristics[i];

        same = !a->service == !b->service && (!a->service || sim_gatt_same_uuid(a->service, b->service)) &&
               sim_gatt_same_uuid(a->uuid, b->uuid) && a->properties == b->properties;
    }
    return same;
}

/* A bonded central believes a SoftDevice without a look; elsewhere it looks at the services on each
 * connection, as Linux does, or at their hash, unless it ignores changes. */
static bool keeps_an_old_table(const struct sim_ble *ble)
{
    return ble->keeps_table && memcmp(ble->keeper, ble->central, sizeof ble->keeper) == 0 &&
           !ble->advertiser.next_address && (ble->services.softdevice || ble->ignores_changes);
}

enum sim_ble_outcome sim_ble_connect(struct sim_ble *ble, const uint8_t central[SIM_BLE_ADDRESS_BYTES],
                                     uint16_t mtu)
{
    if (ble->connected && !ble->alive)
        sim_ble_lose(ble);
    if (!ble->advertising || ble->connected || is_for_another(ble, central))
        return SIM_BLE_NOT_THERE;

    memcpy(ble->central, central, sizeof ble->central);
    ble->connected = ble->alive = true;
    sim_ble_services(ble, &ble->services);
    ble->known = keeps_an_old_table(ble) ? ble->kept : ble->services;
    ble->stale = !sim_gatt_same_table(&ble->known, &ble->services);
    ble->mtu = sim_ble_agreed_mtu(ble, mtu);
    ble->n_arrived = 0;
    ble->n_changes = 0;
    /* A central in this process always wants to be told. */
    ble->wants_changes = !ble->has_host && !ble->services.no_service_changed && !ble->ignores_changes;
    tell_link(ble, true);
    return SIM_BLE_OK;
}

void sim_ble_disconnect(struct sim_ble *ble, enum sim_hci_reason reason)
{
    if (!ble->connected)
        return;
    ble->connected = false;
    ble->lost_us = SIM_BLE_NEVER;
    ble->last_reason = (uint8_t)reason;
    if (!ble->alive)
        return;
    end_connection(ble);
    tell_link(ble, false);
}

/* A bonded central keeps what it found. */
static void keep_table(struct sim_ble *ble)
{
    if (ble->has_host || ble->advertiser.next_address)
        return;
    ble->kept = ble->known;
    memcpy(ble->keeper, ble->central, sizeof ble->keeper);
    ble->keeps_table = true;
}

void sim_ble_forget_table(struct sim_ble *ble)
{
    ble->keeps_table = false;
}

void sim_ble_take_encryption(struct sim_ble *ble)
{
    if (ble->encrypted)
        keep_table(ble);
    if (ble->encrypted && ble->gatt->secured)
        ble->gatt->secured(ble->chip);
}

/* Legacy pairing in this process: what names a key follows from it, for a central keeps the key alone. */
uint16_t sim_ble_ediv_of(const struct sim_ble *ble, const uint8_t ltk[SIM_BLE_LTK_BYTES])
{
    return ble->config.pairing.kind == SIM_BLE_PAIRING_LEGACY ? rig_get_le16(ltk) : 0;
}

/* --- from the central --- */

static bool is_locked(const struct sim_ble *ble, unsigned characteristic)
{
    enum sim_ble_security demand = ble->services.characteristics[characteristic].demand;

    return (demand != SIM_BLE_OPEN && !ble->encrypted) ||
           (demand == SIM_BLE_AUTHENTICATED && !ble->authenticated);
}

uint8_t sim_ble_take_write(struct sim_ble *ble, unsigned characteristic, bool with_response,
                           const uint8_t *bytes, size_t n_bytes)
{
    return ble->gatt->write ? ble->gatt->write(ble->chip, characteristic, with_response, bytes, n_bytes) : 0;
}

uint8_t sim_ble_take_read(struct sim_ble *ble, unsigned characteristic,
                          uint8_t bytes[SIM_GATT_MAX_VALUE_BYTES], size_t *n_bytes)
{
    *n_bytes = 0;
    return ble->gatt->read ? ble->gatt->read(ble->chip, characteristic, bytes, n_bytes) : 0;
}

uint8_t sim_ble_take_subscription(struct sim_ble *ble, unsigned characteristic,
                                  enum sim_gatt_subscription how)
{
    uint8_t error = ble->gatt->subscribe ? ble->gatt->subscribe(ble->chip, characteristic, how) : 0;

    if (!error)
        ble->subscribed[characteristic] = (uint8_t)how;
    return error;
}

void sim_ble_take_confirmation(struct sim_ble *ble)
{
    bool awaited = ble->indicating;

    ble->indicating = false;
    ble->confirm_us = SIM_BLE_NEVER;
    if (awaited && ble->gatt->confirmed)
        ble->gatt->confirmed(ble->chip, ble->indicated);
}

/* What the central takes it for by its number; false: for nothing that it knows. */
static bool as_known(const struct sim_ble *ble, unsigned characteristic, unsigned *known)
{
    struct sim_gatt_place place;

    *known = characteristic;
    if (ble->has_host || !ble->stale)
        return true;
    place = sim_gatt_place_of(&ble->known, sim_gatt_number(&ble->services, characteristic));
    *known = place.characteristic;
    return place.what == SIM_GATT_VALUE;
}

static void arrive(struct sim_ble *ble, const struct sim_pdu *pdu)
{
    struct sim_ble_packet *place;
    unsigned known;

    /* A reader that is too slow loses what is new, as on a full socket. */
    if (ble->n_arrived == SIM_BLE_MAX_ARRIVED || !as_known(ble, pdu->characteristic, &known))
        return;
    place = &ble->arrived[(ble->first_arrived + ble->n_arrived++) % SIM_BLE_MAX_ARRIVED];
    place->characteristic = (uint8_t)known;
    place->indicated = pdu->acknowledged;
    place->n_bytes = (uint16_t)pdu->n_bytes;
    memcpy(place->bytes, pdu->value, pdu->n_bytes);
}

/* The link as the faults know it. */
struct faulty_link {
    struct sim_ble *ble;
    uint64_t now_us;
    uint8_t error; /* of a write that was delivered */
};

static void deliver(void *user, const struct sim_pdu *pdu)
{
    struct faulty_link *link = user;
    struct sim_ble *ble = link->ble;

    if (pdu->direction == SIM_PDU_WRITES) {
        link->error =
            sim_ble_take_write(ble, pdu->characteristic, pdu->acknowledged, pdu->value, pdu->n_bytes);
        return;
    }
    arrive(ble, pdu);
    if (pdu->acknowledged && ble->indicating && !ble->has_host)
        ble->confirm_us = link->now_us + ble->config.connection_interval_us;
}

static void hang_up(void *user, uint8_t reason)
{
    const struct faulty_link *link = user;

    sim_ble_disconnect(link->ble, (enum sim_hci_reason)reason);
}

static void vanish(void *user)
{
    const struct faulty_link *link = user;

    sim_ble_vanish(link->ble, link->now_us);
}

static struct sim_pdu_way way_of(struct faulty_link *link)
{
    return (struct sim_pdu_way){.deliver = deliver, .hang_up = hang_up, .vanish = vanish, .user = link};
}

static uint8_t pass(struct sim_ble *ble, uint64_t now_us, const struct sim_pdu *pdu)
{
    struct faulty_link link = {ble, now_us, 0};
    struct sim_pdu_way way = way_of(&link);

    sim_pdu_faults_pass(&ble->faults, now_us, pdu, &way);
    return link.error;
}

void sim_ble_release(struct sim_ble *ble, uint64_t now_us)
{
    struct faulty_link link = {ble, now_us, 0};
    struct sim_pdu_way way = way_of(&link);

    sim_pdu_faults_release(&ble->faults, now_us, &way);
}

static bool has_property(const struct sim_ble *ble, unsigned characteristic, enum sim_gatt_property property)
{
    return characteristic < ble->known.n &&
           ble->known.characteristics[characteristic].properties & (unsigned)property;
}

#define ATT_INVALID_HANDLE 0x01
#define ATT_READ_NOT_PERMITTED 0x02
#define ATT_WRITE_NOT_PERMITTED 0x03
#define ATT_INVALID_LENGTH 0x0d

static bool is_longer(const struct sim_ble *ble, unsigned characteristic, size_t n_bytes)
{
    uint16_t most = ble->services.characteristics[characteristic].max_bytes;

    return most > 0 && n_bytes > most;
}

/* What stands on the board where the central believes this characteristic's value, or its CCC, to be. */
static struct sim_gatt_place place_on_board(const struct sim_ble *ble, unsigned characteristic, bool ccc)
{
    unsigned number;

    if (!ble->stale)
        return (struct sim_gatt_place){ccc ? SIM_GATT_DESCRIPTOR : SIM_GATT_VALUE, characteristic};
    number = sim_gatt_number(&ble->known, characteristic) + (ccc ? 1u : 0u);
    return sim_gatt_place_of(&ble->services, number);
}

static enum sim_ble_outcome outcome_of(struct sim_ble *ble, uint8_t error)
{
    if (!error)
        return SIM_BLE_OK;
    ble->att_error = error;
    return SIM_BLE_ATT_ERROR;
}

/* A write to whatever stands there; the link is up. */
static enum sim_ble_outcome write_there(struct sim_ble *ble, uint64_t now_us, struct sim_gatt_place place,
                                        bool with_response, const uint8_t *bytes, size_t n_bytes)
{
    const struct sim_pdu pdu = {.direction = SIM_PDU_WRITES,
                                .characteristic = (uint8_t)place.characteristic,
                                .acknowledged = with_response,
                                .value = bytes,
                                .n_bytes = n_bytes};
    unsigned property = with_response ? SIM_GATT_WRITE : SIM_GATT_WRITE_COMMAND;
    uint8_t error = 0;

    if (place.what != SIM_GATT_VALUE)
        error = place.what == SIM_GATT_NOWHERE ? ATT_INVALID_HANDLE : ATT_WRITE_NOT_PERMITTED;
    else if (!(ble->services.characteristics[place.characteristic].properties & property))
        error = ATT_WRITE_NOT_PERMITTED;
    else if (is_locked(ble, place.characteristic))
        return with_response ? SIM_BLE_NEEDS_ENCRYPTION : SIM_BLE_OK;
    else if (is_longer(ble, place.characteristic, n_bytes))
        error = ATT_INVALID_LENGTH;
    else if (ble->alive)
        error = pass(ble, now_us, &pdu);
    /* One that falls silent over a request does not respond to it either. */
    if (with_response && ble->connected && !ble->alive)
        return SIM_BLE_NOT_CONNECTED;
    /* A write command has no answer: whatever went wrong, the central does not learn of it. */
    return with_response ? outcome_of(ble, error) : SIM_BLE_OK;
}

enum sim_ble_outcome sim_ble_write(struct sim_ble *ble, uint64_t now_us, unsigned characteristic,
                                   bool with_response, const uint8_t *bytes, size_t n_bytes)
{
    if (!ble->connected || (with_response && !ble->alive))
        return SIM_BLE_NOT_CONNECTED;
    if (!has_property(ble, characteristic, with_response ? SIM_GATT_WRITE : SIM_GATT_WRITE_COMMAND))
        return SIM_BLE_NO_PROPERTY;
    if (n_bytes > ble->mtu - ATT_OVERHEAD_BYTES)
        return SIM_BLE_TOO_LONG;
    return write_there(ble, now_us, place_on_board(ble, characteristic, false), with_response, bytes,
                       n_bytes);
}

enum sim_ble_outcome sim_ble_read(struct sim_ble *ble, unsigned characteristic,
                                  uint8_t bytes[SIM_GATT_MAX_VALUE_BYTES], size_t *n_bytes)
{
    struct sim_gatt_place place;

    *n_bytes = 0;
    if (!ble->connected || !ble->alive)
        return SIM_BLE_NOT_CONNECTED;
    if (!has_property(ble, characteristic, SIM_GATT_READ))
        return SIM_BLE_NO_PROPERTY;
    place = place_on_board(ble, characteristic, false);
    if (place.what == SIM_GATT_NOWHERE)
        return outcome_of(ble, ATT_INVALID_HANDLE);
    if (place.what != SIM_GATT_VALUE ||
        !(ble->services.characteristics[place.characteristic].properties & SIM_GATT_READ))
        return outcome_of(ble, ATT_READ_NOT_PERMITTED);
    if (is_locked(ble, place.characteristic))
        return SIM_BLE_NEEDS_ENCRYPTION;
    return outcome_of(ble, sim_ble_take_read(ble, place.characteristic, bytes, n_bytes));
}

enum sim_ble_outcome sim_ble_subscribe(struct sim_ble *ble, unsigned characteristic,
                                       enum sim_gatt_subscription how)
{
    const uint8_t value[2] = {(uint8_t)how};
    struct sim_gatt_place place;

    if (!ble->connected || !ble->alive)
        return SIM_BLE_NOT_CONNECTED;
    if (how &&
        !has_property(ble, characteristic, how == SIM_GATT_NOTIFIED ? SIM_GATT_NOTIFY : SIM_GATT_INDICATE))
        return SIM_BLE_NO_PROPERTY;
    place = place_on_board(ble, characteristic, true);
    if (place.what != SIM_GATT_DESCRIPTOR) /* another attribute, which is written */
        return write_there(ble, 0, place, true, value, sizeof value);
    if (is_locked(ble, place.characteristic) && !ble->services.characteristics[place.characteristic].open_ccc)
        return SIM_BLE_NEEDS_ENCRYPTION;
    return outcome_of(ble, sim_ble_take_subscription(ble, place.characteristic, how));
}

/* --- to the central --- */

void sim_ble_notify(struct sim_ble *ble, uint64_t now_us, unsigned characteristic, const uint8_t *bytes,
                    size_t n_bytes)
{
    pass(ble, now_us,
         &(struct sim_pdu){.direction = SIM_PDU_NOTIFICATIONS,
                           .characteristic = (uint8_t)characteristic,
                           .value = bytes,
                           .n_bytes = n_bytes});
}

bool sim_ble_indicate(struct sim_ble *ble, uint64_t now_us, unsigned characteristic, const uint8_t *bytes,
                      size_t n_bytes)
{
    if (ble->indicating)
        return false;
    ble->indicating = true;
    ble->indicated = (uint8_t)characteristic;
    pass(ble, now_us,
         &(struct sim_pdu){.direction = SIM_PDU_NOTIFICATIONS,
                           .characteristic = (uint8_t)characteristic,
                           .acknowledged = true,
                           .value = bytes,
                           .n_bytes = n_bytes});
    return true;
}

void sim_ble_mark_change(struct sim_ble *ble)
{
    for (unsigned i = 0; i < SIM_BLE_MAX_BONDS; i++)
        ble->bonds[i].change_pending = ble->bonds[i].used;
}

void sim_ble_take_change_confirmation(struct sim_ble *ble)
{
    for (unsigned i = 0; i < SIM_BLE_MAX_BONDS && ble->encrypted && sim_ble_knows_bonds(ble); i++)
        if (ble->bonds[i].used && memcmp(ble->bonds[i].address, ble->central, SIM_BLE_ADDRESS_BYTES) == 0)
            ble->bonds[i].change_pending = false;
}

void sim_ble_indicate_change(struct sim_ble *ble)
{
    if (!ble->alive || !ble->wants_changes)
        return;
    ble->change_pending = ble->has_host;
    if (ble->has_host)
        return;
    ble->n_changes++;
    ble->known = ble->services;
    ble->stale = false;
    if (ble->encrypted)
        keep_table(ble);
    sim_ble_take_change_confirmation(ble);
}

#define CHANGE_US 10000u /* in which further changes join the first one */

void sim_ble_services_changed(struct sim_ble *ble, uint64_t now_us, bool tell)
{
    if (!ble->alive)
        return;
    sim_ble_services(ble, &ble->services);
    for (unsigned i = ble->services.n; i < SIM_GATT_MAX_CHARACTERISTICS; i++)
        ble->subscribed[i] = SIM_GATT_UNSUBSCRIBED;
    ble->stale = !sim_gatt_same_table(&ble->known, &ble->services);
    ble->n_tables++;
    ble->change_us = tell ? now_us + CHANGE_US : SIM_BLE_NEVER;
}

/* A whole SMP message, but an answer to nothing: of an operation, a group and a command that do not exist. */
void sim_ble_notify_nonsense(struct sim_ble *ble, unsigned characteristic)
{
    static const uint8_t nonsense[] = {0xff, 0xff, 0x00, 0x04, 0xff, 0xff,
                                       0xff, 0xff, 0xde, 0xad, 0xbe, 0xef};

    arrive(ble, &(struct sim_pdu){.characteristic = (uint8_t)characteristic,
                                  .value = nonsense,
                                  .n_bytes = sizeof nonsense});
}

const struct sim_ble_packet *sim_ble_arrived(const struct sim_ble *ble)
{
    return ble->n_arrived > 0 ? &ble->arrived[ble->first_arrived] : NULL;
}

void sim_ble_drop_arrived(struct sim_ble *ble)
{
    ble->first_arrived = (uint8_t)((ble->first_arrived + 1) % SIM_BLE_MAX_ARRIVED);
    ble->n_arrived--;
}
