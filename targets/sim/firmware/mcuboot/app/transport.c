/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The SMP characteristic: write commands into buffers, reassembly, answers cut into notifications. */
#include "sim/firmware/mcuboot/app/app.h"

#include "base/bytes.h"

#include <stddef.h>
#include <string.h>

#define ATT_OVERHEAD_BYTES 3u

static void push(struct sim_transport_queue *queue, unsigned buffer)
{
    queue->index[queue->n++] = (uint8_t)buffer;
}

static unsigned pop(struct sim_transport_queue *queue)
{
    unsigned buffer = queue->index[0];

    queue->n--;
    memmove(queue->index, queue->index + 1, queue->n);
    return buffer;
}

void sim_transport_copy(struct sim_transport *to, const struct sim_transport *from)
{
    memcpy(to, from, offsetof(struct sim_transport, buffers));
    for (unsigned i = 0; i < SIM_TRANSPORT_MAX_BUFFERS; i++)
        if (from->in_use[i])
            memcpy(&to->buffers[i], &from->buffers[i],
                   offsetof(struct sim_transport_buffer, bytes) + from->buffers[i].n_bytes);
}

void sim_transport_drop_assembly(struct sim_transport *transport)
{
    if (transport->assembling)
        transport->in_use[transport->assembly] = false;
    transport->assembling = false;
}

void sim_transport_unlink(struct sim_transport *transport, struct sim_chip *chip)
{
    while (transport->received.n > 0)
        transport->in_use[pop(&transport->received)] = false;
    while (transport->leaving.n > 0)
        transport->in_use[pop(&transport->leaving)] = false;
    sim_chip_set_timer(chip, SIM_TIMER_REQUEST, SIM_CHIP_NEVER);
    sim_chip_set_timer(chip, SIM_TIMER_NOTIFY, SIM_CHIP_NEVER);
    transport->n_sent = 0;
    if (!(chip->radio->defects & SIM_BLE_DEFECT_KEEPS_FRAGMENTS))
        sim_transport_drop_assembly(transport);
}

static bool allocate(struct sim_transport *transport, const struct sim_app_config *config, unsigned *buffer)
{
    for (unsigned i = 0; i < config->smp_buf_count; i++) {
        if (!transport->in_use[i]) {
            transport->in_use[i] = true;
            transport->buffers[i].n_bytes = 0;
            *buffer = i;
            return true;
        }
    }
    return false;
}

static void append(struct sim_transport_buffer *buffer, const uint8_t *bytes, size_t n_bytes)
{
    memcpy(buffer->bytes + buffer->n_bytes, bytes, n_bytes);
    buffer->n_bytes = (uint16_t)(buffer->n_bytes + n_bytes);
}

static void receive(struct sim_transport *transport, struct sim_chip *chip, unsigned buffer)
{
    transport->buffers[buffer].arrived_us = sim_chip_now_us(chip) + chip->radio->connection_interval_us;
    push(&transport->received, buffer);
    if (transport->received.n == 1 && !sim_chip_timer_is_set(chip, SIM_TIMER_REQUEST))
        sim_chip_set_timer(chip, SIM_TIMER_REQUEST, transport->buffers[buffer].arrived_us);
}

/* smp_reassembly_collect(): the first fragment says how long the message is; too much data is dropped and the
 * state stays as it was, so that a half message poisons whatever follows it. */
static bool start_assembly(struct sim_transport *transport, const struct sim_app_config *config,
                           const uint8_t *bytes, size_t n_bytes)
{
    struct rig_smp_header header;
    unsigned buffer;

    if (n_bytes < RIG_SMP_HEADER_BYTES)
        return false;
    rig_smp_header_decode(bytes, &header);
    if (RIG_SMP_HEADER_BYTES + (unsigned)header.length > config->smp_buf_size ||
        !allocate(transport, config, &buffer))
        return false;
    transport->assembling = true;
    transport->assembly = (uint8_t)buffer;
    transport->n_expected = (uint16_t)(RIG_SMP_HEADER_BYTES + header.length);
    return true;
}

static void collect(struct sim_transport *transport, struct sim_chip *chip,
                    const struct sim_app_config *config, const uint8_t *bytes, size_t n_bytes)
{
    if (!transport->assembling && !start_assembly(transport, config, bytes, n_bytes))
        return;
    if (n_bytes > transport->n_expected)
        return;
    append(&transport->buffers[transport->assembly], bytes, n_bytes);
    transport->n_expected = (uint16_t)(transport->n_expected - n_bytes);
    if (transport->n_expected > 0)
        return;
    transport->assembling = false;
    receive(transport, chip, transport->assembly);
}

void sim_transport_write(struct sim_transport *transport, struct sim_chip *chip,
                         const struct sim_app_config *config, const uint8_t *bytes, size_t n_bytes)
{
    unsigned buffer;

    if (n_bytes == 0)
        return;
    if (config->reassembly) {
        collect(transport, chip, config, bytes, n_bytes);
    } else if (n_bytes <= config->smp_buf_size && allocate(transport, config, &buffer)) {
        append(&transport->buffers[buffer], bytes, n_bytes);
        receive(transport, chip, buffer);
    }
}

unsigned sim_transport_take_request(struct sim_transport *transport, uint8_t bytes[RIG_SMP_MAX_MESSAGE_BYTES],
                                    size_t *n_bytes)
{
    unsigned buffer = pop(&transport->received);

    *n_bytes = transport->buffers[buffer].n_bytes;
    memcpy(bytes, transport->buffers[buffer].bytes, *n_bytes);
    return buffer;
}

static void schedule_request(const struct sim_transport *transport, struct sim_chip *chip)
{
    if (transport->received.n == 0)
        return;

    uint64_t arrived_us = transport->buffers[transport->received.index[0]].arrived_us;
    uint64_t ready_us = sim_chip_now_us(chip) + chip->radio->service_us;

    sim_chip_set_timer(chip, SIM_TIMER_REQUEST, arrived_us > ready_us ? arrived_us : ready_us);
}

static void schedule_notification(const struct sim_transport *transport, struct sim_chip *chip)
{
    uint64_t interval_us = chip->radio->connection_interval_us;
    uint64_t now_us = sim_chip_now_us(chip);
    uint64_t from_us = now_us > transport->last_notify_us ? now_us : transport->last_notify_us;

    sim_chip_set_timer(chip, SIM_TIMER_NOTIFY, from_us + interval_us);
}

/* [RFC 8949 3] A map of 2^63 pairs, whose first key is an array in an array in an array, as far as one packet
 * reaches; the header of the message fits the bytes. */
static size_t make_bomb(uint8_t *bytes, size_t n_bytes, size_t room)
{
    static const uint8_t map[9] = {0xbb, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

    if (n_bytes < RIG_SMP_HEADER_BYTES || room < RIG_SMP_HEADER_BYTES + sizeof map)
        return n_bytes;
    memcpy(bytes + RIG_SMP_HEADER_BYTES, map, sizeof map);
    memset(bytes + RIG_SMP_HEADER_BYTES + sizeof map, 0x81, room - RIG_SMP_HEADER_BYTES - sizeof map);
    rig_put_be16(bytes + 2, (uint16_t)(room - RIG_SMP_HEADER_BYTES));
    return room;
}

void sim_transport_answer(struct sim_transport *transport, struct sim_chip *chip, unsigned buffer,
                          const uint8_t *bytes, size_t n_bytes)
{
    schedule_request(transport, chip);
    if (n_bytes == 0 || !(sim_chip_subscription(chip, SIM_SMP_CHARACTERISTIC) & SIM_GATT_NOTIFIED)) {
        transport->in_use[buffer] = false;
        return;
    }
    transport->buffers[buffer].n_bytes = 0;
    append(&transport->buffers[buffer], bytes, n_bytes);
    if (chip->radio->misbehaves & SIM_BLE_CBOR_BOMBS)
        transport->buffers[buffer].n_bytes = (uint16_t)make_bomb(transport->buffers[buffer].bytes, n_bytes,
                                                                 sim_chip_mtu(chip) - ATT_OVERHEAD_BYTES);
    push(&transport->leaving, buffer);
    if (!sim_chip_timer_is_set(chip, SIM_TIMER_NOTIFY))
        schedule_notification(transport, chip);
}

/* Where the message that holds byte `at` of a run of messages ends. */
static size_t message_end(const struct sim_transport_buffer *buffer, size_t at)
{
    size_t end = 0;

    while (end <= at && end + RIG_SMP_HEADER_BYTES <= buffer->n_bytes) {
        struct rig_smp_header header;

        rig_smp_header_decode(buffer->bytes + end, &header);
        end += RIG_SMP_HEADER_BYTES + (size_t)header.length;
    }
    return end > buffer->n_bytes || end <= at ? buffer->n_bytes : end;
}

void sim_transport_notify(struct sim_transport *transport, struct sim_chip *chip)
{
    unsigned index = transport->leaving.index[0];
    const struct sim_transport_buffer *buffer = &transport->buffers[index];
    size_t end = message_end(buffer, transport->n_sent);
    size_t n_bytes = end - transport->n_sent;
    uint8_t value[SIM_BLE_MAX_MTU];

    if (n_bytes > sim_chip_mtu(chip) - ATT_OVERHEAD_BYTES)
        n_bytes = sim_chip_mtu(chip) - ATT_OVERHEAD_BYTES;
    memcpy(value, buffer->bytes + transport->n_sent, n_bytes);
    if (transport->n_sent == 0 && chip->radio->misbehaves & SIM_BLE_NOTIFIES_NONSENSE)
        sim_chip_notify_nonsense(chip, SIM_SMP_CHARACTERISTIC);
    transport->last_notify_us = sim_chip_now_us(chip);
    transport->n_sent =
        (uint16_t)(chip->radio->defects & SIM_BLE_DEFECT_CUTS_NOTIFICATIONS ? end
                                                                            : transport->n_sent + n_bytes);
    if (transport->n_sent >= buffer->n_bytes) {
        transport->n_sent = 0;
        transport->in_use[pop(&transport->leaving)] = false;
    }
    if (transport->leaving.n > 0)
        schedule_notification(transport, chip);
    /* Last, since it may end the link and purge all of this. */
    sim_chip_notify(chip, SIM_SMP_CHARACTERISTIC, value, n_bytes);
}
