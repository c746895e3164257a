/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The SMP characteristic: write commands into buffers, reassembly, answers cut into notifications. */
#include "sim/chip/ble/ble.h"

#include <string.h>

#define ATT_OVERHEAD_BYTES 3u
#define SMP 0u

static void push(struct sim_ble_queue *queue, unsigned buffer)
{
    queue->index[queue->n++] = (uint8_t)buffer;
}

static unsigned pop(struct sim_ble_queue *queue)
{
    unsigned buffer = queue->index[0];

    queue->n--;
    memmove(queue->index, queue->index + 1, queue->n);
    return buffer;
}

bool sim_ble_locked(const struct sim_ble *ble)
{
    enum sim_ble_security demands = sim_ble_demands(ble);

    return (demands != SIM_BLE_OPEN && !ble->encrypted) ||
           (demands == SIM_BLE_AUTHENTICATED && !ble->authenticated);
}

void sim_ble_drop_assembly(struct sim_ble *ble)
{
    if (ble->assembling)
        ble->in_use[ble->assembly] = false;
    ble->assembling = false;
}

void sim_ble_purge(struct sim_ble *ble)
{
    while (ble->received.n > 0)
        ble->in_use[pop(&ble->received)] = false;
    while (ble->leaving.n > 0)
        ble->in_use[pop(&ble->leaving)] = false;
    ble->request_us = ble->notify_us = SIM_BLE_NEVER;
    ble->n_sent = 0;
}

static bool allocate(struct sim_ble *ble, unsigned *buffer)
{
    for (unsigned i = 0; i < ble->buf_count; i++) {
        if (!ble->in_use[i]) {
            ble->in_use[i] = true;
            ble->buffers[i].n_bytes = 0;
            *buffer = i;
            return true;
        }
    }
    return false;
}

static void append(struct sim_ble_buffer *buffer, const uint8_t *bytes, size_t n_bytes)
{
    memcpy(buffer->bytes + buffer->n_bytes, bytes, n_bytes);
    buffer->n_bytes = (uint16_t)(buffer->n_bytes + n_bytes);
}

static void receive(struct sim_ble *ble, uint64_t now_us, unsigned buffer)
{
    ble->buffers[buffer].arrived_us = now_us + ble->config.connection_interval_us;
    push(&ble->received, buffer);
    if (ble->received.n == 1 && ble->request_us == SIM_BLE_NEVER)
        ble->request_us = ble->buffers[buffer].arrived_us;
}

/* smp_reassembly_collect(): the first fragment says how long the message is; too much data is dropped and the
 * state stays as it was, so that a half message poisons whatever follows it. */
static bool start_assembly(struct sim_ble *ble, const uint8_t *bytes, size_t n_bytes)
{
    struct rig_smp_header header;
    unsigned buffer;

    if (n_bytes < RIG_SMP_HEADER_BYTES)
        return false;
    rig_smp_header_decode(bytes, &header);
    if (RIG_SMP_HEADER_BYTES + (unsigned)header.length > ble->buf_size || !allocate(ble, &buffer))
        return false;
    ble->assembling = true;
    ble->assembly = (uint8_t)buffer;
    ble->n_expected = (uint16_t)(RIG_SMP_HEADER_BYTES + header.length);
    return true;
}

static void collect(struct sim_ble *ble, uint64_t now_us, const uint8_t *bytes, size_t n_bytes)
{
    if (!ble->assembling && !start_assembly(ble, bytes, n_bytes))
        return;
    if (n_bytes > ble->n_expected)
        return;
    append(&ble->buffers[ble->assembly], bytes, n_bytes);
    ble->n_expected = (uint16_t)(ble->n_expected - n_bytes);
    if (ble->n_expected > 0)
        return;
    ble->assembling = false;
    receive(ble, now_us, ble->assembly);
}

static void take_write(struct sim_ble *ble, uint64_t now_us, const uint8_t *bytes, size_t n_bytes)
{
    unsigned buffer;

    if (n_bytes == 0)
        return;
    if (ble->reassembles) {
        collect(ble, now_us, bytes, n_bytes);
    } else if (n_bytes <= ble->buf_size && allocate(ble, &buffer)) {
        append(&ble->buffers[buffer], bytes, n_bytes);
        receive(ble, now_us, buffer);
    }
}

void sim_ble_arrive(struct sim_ble *ble, const uint8_t *bytes, size_t n_bytes)
{
    struct sim_ble_packet *place;

    /* A reader that is too slow loses what is new, as on a full socket. */
    if (ble->n_arrived == SIM_BLE_MAX_ARRIVED)
        return;
    place = &ble->arrived[(ble->first_arrived + ble->n_arrived++) % SIM_BLE_MAX_ARRIVED];
    memcpy(place->bytes, bytes, n_bytes);
    place->n_bytes = (uint16_t)n_bytes;
    place->characteristic = SMP;
    place->indicated = false;
}

/* The link as the faults know it. */
struct faulty_link {
    struct sim_ble *ble;
    uint64_t now_us;
};

static void deliver(void *user, const struct sim_pdu *pdu)
{
    const struct faulty_link *link = user;

    if (pdu->direction == SIM_PDU_WRITES)
        take_write(link->ble, link->now_us, pdu->value, pdu->n_bytes);
    else
        sim_ble_arrive(link->ble, pdu->value, pdu->n_bytes);
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

static void pass(struct sim_ble *ble, uint64_t now_us, const struct sim_pdu *pdu)
{
    struct faulty_link link = {ble, now_us};
    struct sim_pdu_way way = way_of(&link);

    sim_pdu_faults_pass(&ble->faults, now_us, pdu, &way);
}

void sim_ble_release(struct sim_ble *ble, uint64_t now_us)
{
    struct faulty_link link = {ble, now_us};
    struct sim_pdu_way way = way_of(&link);

    sim_pdu_faults_release(&ble->faults, now_us, &way);
}

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

void sim_ble_services(const struct sim_ble *ble, struct sim_gatt_services *services)
{
    services->n = 1;
    services->characteristics[SMP] =
        (struct sim_gatt_characteristic){.service = RIG_SMP_SERVICE_UUID,
                                         .uuid = RIG_SMP_CHARACTERISTIC_UUID,
                                         .properties = SIM_GATT_WRITE_COMMAND | SIM_GATT_NOTIFY,
                                         .demand = sim_ble_demands(ble)};
}

enum sim_ble_outcome sim_ble_find(const struct sim_ble *ble, const char *service, const char *uuid,
                                  unsigned *characteristic)
{
    enum sim_ble_outcome outcome = SIM_BLE_NO_SERVICE;
    bool inside = false;

    if (!ble->connected)
        return SIM_BLE_NOT_CONNECTED;
    for (unsigned i = 0; i < ble->services.n; i++) {
        const struct sim_gatt_characteristic *entry = &ble->services.characteristics[i];

        if (entry->service)
            inside = sim_gatt_same_uuid(entry->service, service);
        if (!inside)
            continue;
        outcome = SIM_BLE_NO_CHARACTERISTIC;
        if (sim_gatt_same_uuid(entry->uuid, uuid)) {
            *characteristic = i;
            return SIM_BLE_OK;
        }
    }
    return outcome;
}

static bool has_property(const struct sim_ble *ble, unsigned characteristic, enum sim_gatt_property property)
{
    return characteristic < ble->services.n &&
           ble->services.characteristics[characteristic].properties & (unsigned)property;
}

enum sim_ble_outcome sim_ble_write(struct sim_ble *ble, uint64_t now_us, unsigned characteristic,
                                   bool with_response, const uint8_t *bytes, size_t n_bytes)
{
    const struct sim_pdu pdu = {.direction = SIM_PDU_WRITES,
                                .characteristic = (uint8_t)characteristic,
                                .acknowledged = with_response,
                                .value = bytes,
                                .n_bytes = n_bytes};

    if (!ble->connected || (with_response && !ble->alive))
        return SIM_BLE_NOT_CONNECTED;
    if (!has_property(ble, characteristic, with_response ? SIM_GATT_WRITE : SIM_GATT_WRITE_COMMAND))
        return SIM_BLE_NO_PROPERTY;
    if (n_bytes > ble->mtu - ATT_OVERHEAD_BYTES)
        return SIM_BLE_TOO_LONG;
    /* A write command has no answer: whatever goes wrong from here on, the central does not learn of it. */
    if (sim_ble_locked(ble))
        return with_response ? SIM_BLE_NEEDS_ENCRYPTION : SIM_BLE_OK;
    if (ble->alive)
        pass(ble, now_us, &pdu);
    return SIM_BLE_OK;
}

enum sim_ble_outcome sim_ble_read(struct sim_ble *ble, unsigned characteristic,
                                  uint8_t bytes[SIM_BLE_MAX_MTU], size_t *n_bytes)
{
    (void)bytes;
    *n_bytes = 0;
    if (!ble->connected || !ble->alive)
        return SIM_BLE_NOT_CONNECTED;
    if (!has_property(ble, characteristic, SIM_GATT_READ))
        return SIM_BLE_NO_PROPERTY;
    return sim_ble_locked(ble) ? SIM_BLE_NEEDS_ENCRYPTION : SIM_BLE_OK;
}

enum sim_ble_outcome sim_ble_subscribe(struct sim_ble *ble, unsigned characteristic,
                                       enum sim_gatt_subscription how)
{
    if (!ble->connected || !ble->alive)
        return SIM_BLE_NOT_CONNECTED;
    if (how &&
        !has_property(ble, characteristic, how == SIM_GATT_NOTIFIED ? SIM_GATT_NOTIFY : SIM_GATT_INDICATE))
        return SIM_BLE_NO_PROPERTY;
    if (sim_ble_locked(ble))
        return SIM_BLE_NEEDS_ENCRYPTION;
    ble->subscribed[characteristic] = (uint8_t)how;
    if (!how)
        sim_ble_drop_assembly(ble);
    return SIM_BLE_OK;
}

bool sim_ble_subscribed(const struct sim_ble *ble)
{
    for (unsigned i = 0; i < SIM_GATT_MAX_CHARACTERISTICS; i++)
        if (ble->subscribed[i])
            return true;
    return false;
}

unsigned sim_ble_take_request(struct sim_ble *ble, uint8_t bytes[RIG_SMP_MAX_MESSAGE_BYTES], size_t *n_bytes)
{
    unsigned buffer = pop(&ble->received);

    *n_bytes = ble->buffers[buffer].n_bytes;
    memcpy(bytes, ble->buffers[buffer].bytes, *n_bytes);
    ble->request_us = SIM_BLE_NEVER;
    return buffer;
}

static void schedule_request(struct sim_ble *ble, uint64_t now_us)
{
    if (ble->received.n == 0)
        return;

    uint64_t arrived_us = ble->buffers[ble->received.index[0]].arrived_us;
    uint64_t ready_us = now_us + ble->config.service_us;

    ble->request_us = arrived_us > ready_us ? arrived_us : ready_us;
}

static void schedule_notification(struct sim_ble *ble, uint64_t now_us)
{
    uint64_t interval_us = ble->config.connection_interval_us;
    uint64_t earliest_us = ble->last_notify_us + interval_us;

    ble->notify_us = now_us + interval_us > earliest_us ? now_us + interval_us : earliest_us;
}

void sim_ble_answer(struct sim_ble *ble, uint64_t now_us, unsigned buffer, const uint8_t *bytes,
                    size_t n_bytes)
{
    schedule_request(ble, now_us);
    if (n_bytes == 0 || !(ble->subscribed[SMP] & SIM_GATT_NOTIFIED) || !ble->alive) {
        ble->in_use[buffer] = false;
        return;
    }
    ble->buffers[buffer].n_bytes = 0;
    append(&ble->buffers[buffer], bytes, n_bytes);
    if (ble->config.misbehaves & SIM_BLE_CBOR_BOMBS)
        ble->buffers[buffer].n_bytes =
            (uint16_t)sim_ble_make_bomb(ble->buffers[buffer].bytes, n_bytes, ble->mtu - ATT_OVERHEAD_BYTES);
    push(&ble->leaving, buffer);
    if (ble->notify_us == SIM_BLE_NEVER)
        schedule_notification(ble, now_us);
}

/* Where the message that holds byte `at` of a run of messages ends. */
static size_t message_end(const struct sim_ble_buffer *buffer, size_t at)
{
    size_t end = 0;

    while (end <= at && end + RIG_SMP_HEADER_BYTES <= buffer->n_bytes) {
        struct rig_smp_header header;

        rig_smp_header_decode(buffer->bytes + end, &header);
        end += RIG_SMP_HEADER_BYTES + (size_t)header.length;
    }
    return end > buffer->n_bytes || end <= at ? buffer->n_bytes : end;
}

void sim_ble_notify(struct sim_ble *ble, uint64_t now_us)
{
    unsigned index = ble->leaving.index[0];
    const struct sim_ble_buffer *buffer = &ble->buffers[index];
    size_t end = message_end(buffer, ble->n_sent);
    size_t n_bytes = end - ble->n_sent;
    uint8_t value[SIM_BLE_MAX_MTU];

    if (n_bytes > ble->mtu - ATT_OVERHEAD_BYTES)
        n_bytes = ble->mtu - ATT_OVERHEAD_BYTES;
    memcpy(value, buffer->bytes + ble->n_sent, n_bytes);
    if (ble->n_sent == 0 && ble->config.misbehaves & SIM_BLE_NOTIFIES_NONSENSE)
        sim_ble_notify_nonsense(ble);
    ble->last_notify_us = now_us;
    ble->n_sent =
        (uint16_t)(ble->config.defects & SIM_BLE_DEFECT_CUTS_NOTIFICATIONS ? end : ble->n_sent + n_bytes);
    if (ble->n_sent >= buffer->n_bytes) {
        ble->n_sent = 0;
        ble->in_use[pop(&ble->leaving)] = false;
    }
    ble->notify_us = SIM_BLE_NEVER;
    if (ble->leaving.n > 0)
        schedule_notification(ble, now_us);
    /* Last, since it may end the link and purge all of this. */
    pass(ble, now_us,
         &(struct sim_pdu){
             .direction = SIM_PDU_NOTIFICATIONS, .characteristic = SMP, .value = value, .n_bytes = n_bytes});
}

bool sim_ble_receive(struct sim_ble *ble, struct sim_ble_packet *packet)
{
    if (ble->n_arrived == 0)
        return false;

    const struct sim_ble_packet *first = &ble->arrived[ble->first_arrived];

    packet->characteristic = first->characteristic;
    packet->indicated = first->indicated;
    packet->n_bytes = first->n_bytes;
    memcpy(packet->bytes, first->bytes, first->n_bytes);
    ble->first_arrived = (uint8_t)((ble->first_arrived + 1) % SIM_BLE_MAX_ARRIVED);
    ble->n_arrived--;
    return true;
}
