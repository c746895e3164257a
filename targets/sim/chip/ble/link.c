/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Advertising, the one connection, and how it ends. */
#include "sim/chip/ble/ble.h"

#include <stddef.h>
#include <string.h>

#define DEFAULT_INTERVAL_US 15000u
#define DEFAULT_SERVICE_US 1000u

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

void sim_ble_init(struct sim_ble *ble, const struct sim_ble_config *config, uint16_t buf_size,
                  uint8_t buf_count, bool reassembles, uint64_t seed)
{
    memset(ble, 0, sizeof *ble);
    sim_ble_configure(ble, config);
    ble->buf_size = buf_size;
    ble->buf_count = buf_count;
    ble->reassembles = reassembles;
    ble->random = seed;
    ble->lost_us = ble->request_us = ble->notify_us = SIM_BLE_NEVER;
}

static void copy_packet(struct sim_ble_packet *to, const struct sim_ble_packet *from)
{
    to->characteristic = from->characteristic;
    to->indicated = from->indicated;
    to->n_bytes = from->n_bytes;
    memcpy(to->bytes, from->bytes, from->n_bytes);
}

static void copy_buffer(struct sim_ble_buffer *to, const struct sim_ble_buffer *from)
{
    to->arrived_us = from->arrived_us;
    to->n_bytes = from->n_bytes;
    memcpy(to->bytes, from->bytes, from->n_bytes);
}

static void copy_faults(struct sim_pdu_faults *to, const struct sim_pdu_faults *from)
{
    memcpy(to, from, offsetof(struct sim_pdu_faults, held));
    memcpy(to->held, from->held, from->n_held * sizeof *from->held);
}

void sim_ble_copy(struct sim_ble *to, const struct sim_ble *from)
{
    memcpy(to, from, offsetof(struct sim_ble, faults));
    copy_faults(&to->faults, &from->faults);
    to->first_arrived = from->first_arrived;
    to->n_arrived = from->n_arrived;
    for (unsigned i = 0; i < from->n_arrived; i++) {
        unsigned at = (from->first_arrived + i) % SIM_BLE_MAX_ARRIVED;

        copy_packet(&to->arrived[at], &from->arrived[at]);
    }
    for (unsigned i = 0; i < SIM_BLE_MAX_BUFFERS; i++)
        if (from->in_use[i])
            copy_buffer(&to->buffers[i], &from->buffers[i]);
}

void sim_ble_start(struct sim_ble *ble, bool in_updater)
{
    ble->in_updater = in_updater;
    ble->advertising = true;
}

void sim_ble_address(const struct sim_ble *ble, uint8_t address[SIM_BLE_ADDRESS_BYTES])
{
    memcpy(address, ble->config.address, SIM_BLE_ADDRESS_BYTES);
    if (ble->in_updater && ble->config.updater == SIM_BLE_UPDATER_NEXT_ADDRESS)
        address[SIM_BLE_ADDRESS_BYTES - 1]++;
}

/* Everything of the connection that the peripheral holds in RAM. */
static void end_connection(struct sim_ble *ble)
{
    sim_ble_purge(ble);
    sim_pdu_faults_drop_held(&ble->faults);
    ble->alive = false;
    ble->encrypted = ble->authenticated = false;
    memset(ble->subscribed, 0, sizeof ble->subscribed);
}

static void drop_fragments(struct sim_ble *ble)
{
    if (!(ble->config.defects & SIM_BLE_DEFECT_KEEPS_FRAGMENTS))
        sim_ble_drop_assembly(ble);
}

void sim_ble_die(struct sim_ble *ble, uint64_t now_us)
{
    ble->advertising = false;
    if (ble->alive)
        ble->lost_us = now_us + SIM_BLE_SUPERVISION_US;
    end_connection(ble);
    ble->assembling = false;
    memset(ble->in_use, 0, sizeof ble->in_use);
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
    drop_fragments(ble);
}

enum sim_ble_outcome sim_ble_connect(struct sim_ble *ble, const uint8_t central[SIM_BLE_ADDRESS_BYTES],
                                     uint16_t mtu)
{
    if (ble->connected && !ble->alive)
        sim_ble_lose(ble);
    if (!ble->advertising || ble->connected)
        return SIM_BLE_NOT_THERE;

    uint16_t agreed = mtu < ble->config.mtu ? mtu : ble->config.mtu;

    if (agreed < SIM_BLE_MIN_MTU)
        agreed = SIM_BLE_MIN_MTU;
    ble->mtu = agreed > SIM_BLE_MAX_MTU ? SIM_BLE_MAX_MTU : agreed;
    memcpy(ble->central, central, sizeof ble->central);
    ble->connected = ble->alive = true;
    sim_ble_services(ble, &ble->services);
    ble->n_arrived = 0;
    if (ble->config.misbehaves & SIM_BLE_NOTIFIES_UNASKED)
        sim_ble_notify_nonsense(ble);
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
    drop_fragments(ble);
}
