/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Setting up the controller: reset, what it can, its buffers, masks, address, advertising.
 * [SPEC Core Vol 4 Part E 4.1, 7.3, 7.4, 7.8] */
#include "sim/chip/host/internal.h"

#include "base/bytes.h"
#include "protocol/ble/codes.h"

#include <string.h>

#define MIN_ACL_BYTES 27u

static void put_address(const struct sim_stack *stack, uint8_t bytes[SIM_BLE_ADDRESS_BYTES])
{
    uint8_t own[SIM_BLE_ADDRESS_BYTES];

    sim_ble_address(stack->ble, own);
    for (unsigned i = 0; i < SIM_BLE_ADDRESS_BYTES; i++)
        bytes[i] = own[SIM_BLE_ADDRESS_BYTES - 1 - i];
}

static size_t put_masks(uint16_t opcode, uint8_t *into)
{
    /* Disconnection, encryption, hardware error, key refresh, LE; of LE: connection, its update, long term
     * key, parameter request. */
    static const uint8_t events[8] = {0x90, 0x80, 0x00, 0x02, 0x00, 0x80, 0x00, 0x20};
    static const uint8_t le_events[8] = {0x35};

    memcpy(into, opcode == RIG_HCI_SET_EVENT_MASK ? events : le_events, 8);
    return 8;
}

static size_t put_advertising_parameters(uint8_t *into)
{
    memset(into, 0, 15);
    rig_put_le16(into, 0x00a0);     /* 100 ms */
    rig_put_le16(into + 2, 0x00f0); /* 150 ms */
    into[5] = 1;                    /* own address: the random one */
    into[13] = 7;                   /* all channels */
    return 15;
}

/* Length, then the bytes, padded: the parameters of both commands. */
static size_t put_own(const uint8_t *bytes, size_t n_bytes, uint8_t into[32])
{
    memset(into, 0, 32);
    into[0] = (uint8_t)n_bytes;
    memcpy(into + 1, bytes, n_bytes);
    return 32;
}

/* Flags and the first service; the name goes into the scan response, as smp_svr does it. */
static size_t put_advertising_bytes(const struct sim_stack *stack, uint8_t into[32])
{
    static const uint8_t flags[3] = {0x02, 0x01, 0x06};
    struct sim_gatt_services services;
    struct sim_gatt_uuid uuid;
    const struct own_advertising *own = &stack->own_advertising;

    if (own->used)
        return put_own(own->advertisement, own->n_advertisement, into);
    memset(into, 0, 32);
    memcpy(into + 1, flags, sizeof flags);
    into[0] = sizeof flags;
    sim_ble_services(stack->ble, &services);
    if (services.n == 0)
        return 32;
    uuid = sim_gatt_uuid_from_text(services.characteristics[0].service);
    into[4] = (uint8_t)(1 + uuid.n_bytes);
    into[5] = uuid.n_bytes == 2 ? 0x03 : 0x07;
    memcpy(into + 6, uuid.bytes, uuid.n_bytes);
    into[0] = (uint8_t)(sizeof flags + 2u + uuid.n_bytes);
    return 32;
}

static size_t put_scan_response(const struct sim_stack *stack, uint8_t into[32])
{
    const char *name = sim_ble_name(stack->ble);
    size_t n_name = strnlen(name, sizeof stack->ble->config.name);
    size_t n_fits = n_name > 29 ? 29 : n_name;
    const struct own_advertising *own = &stack->own_advertising;

    if (own->used)
        return put_own(own->scan_response, own->n_scan_response, into);
    memset(into, 0, 32);
    into[0] = (uint8_t)(2 + n_fits);
    into[1] = (uint8_t)(1 + n_fits);
    into[2] = n_fits < n_name ? 0x08 : 0x09; /* shortened, complete */
    memcpy(into + 3, name, n_fits);
    return 32;
}

static const uint16_t set_up[] = {RIG_HCI_RESET,
                                  RIG_HCI_READ_LOCAL_VERSION,
                                  RIG_HCI_READ_LOCAL_COMMANDS,
                                  RIG_HCI_READ_LOCAL_FEATURES,
                                  RIG_HCI_LE_READ_LOCAL_FEATURES,
                                  RIG_HCI_LE_READ_BUFFER_SIZE,
                                  RIG_HCI_READ_BUFFER_SIZE,
                                  RIG_HCI_SET_EVENT_MASK,
                                  RIG_HCI_LE_SET_EVENT_MASK,
                                  RIG_HCI_LE_SET_RANDOM_ADDRESS,
                                  RIG_HCI_LE_SET_ADVERTISING_PARAMETERS,
                                  RIG_HCI_LE_SET_ADVERTISING_DATA,
                                  RIG_HCI_LE_SET_SCAN_RESPONSE_DATA};
#define N_SET_UP (sizeof set_up / sizeof *set_up)

/* What the step wants to say; the ones that only read say nothing. */
static size_t put_parameters(const struct sim_stack *stack, uint16_t opcode, uint8_t *into)
{
    switch (opcode) {
    case RIG_HCI_SET_EVENT_MASK:
    case RIG_HCI_LE_SET_EVENT_MASK:
        return put_masks(opcode, into);
    case RIG_HCI_LE_SET_RANDOM_ADDRESS:
        put_address(stack, into);
        return SIM_BLE_ADDRESS_BYTES;
    case RIG_HCI_LE_SET_ADVERTISING_PARAMETERS:
        return put_advertising_parameters(into);
    case RIG_HCI_LE_SET_ADVERTISING_DATA:
        return put_advertising_bytes(stack, into);
    case RIG_HCI_LE_SET_SCAN_RESPONSE_DATA:
        return put_scan_response(stack, into);
    default:
        return 0;
    }
}

static void next_set_up(struct sim_stack *stack)
{
    struct hci *hci = &stack->hci;
    uint8_t parameters[HCI_MAX_PARAMETERS];

    /* A controller with buffers for LE has told them already. */
    if (hci->n_set_up < N_SET_UP && set_up[hci->n_set_up] == RIG_HCI_READ_BUFFER_SIZE && hci->n_buffers > 0)
        hci->n_set_up++;
    if (hci->n_set_up == N_SET_UP) {
        hci->state = HCI_READY;
        return;
    }
    hci_command(stack, set_up[hci->n_set_up], parameters,
                put_parameters(stack, set_up[hci->n_set_up], parameters));
}

static struct hci_advertiser who_advertises(const struct sim_stack *stack)
{
    struct hci_advertiser who = {.name = sim_ble_name(stack->ble)};
    struct sim_gatt_services services;

    sim_ble_services(stack->ble, &services);
    who.service = services.n > 0 ? services.characteristics[0].service : NULL;
    sim_ble_address(stack->ble, who.address);
    return who;
}

void hci_open(struct sim_stack *stack)
{
    struct hci *hci = &stack->hci;

    memset(hci, 0, sizeof *hci);
    hci->state = HCI_SETTING_UP;
    hci->n_credits = 1;
    hci->told = who_advertises(stack);
    next_set_up(stack);
}

static void take_buffers(struct sim_stack *stack, unsigned n_bytes, unsigned n_buffers)
{
    stack->hci.acl_bytes = (uint16_t)(n_bytes > 251 ? 251 : n_bytes);
    stack->hci.n_buffers = stack->hci.n_free = (uint16_t)n_buffers;
}

/* The answer to a step of the set-up. parameters begin with the status. */
void hci_set_up_answered(struct sim_stack *stack, uint16_t opcode, const uint8_t *parameters,
                         size_t n_parameters)
{
    struct hci *hci = &stack->hci;

    if (n_parameters < 1 || parameters[0] != 0) {
        hci_fail(stack, "the controller refuses a command of the set-up", opcode);
        return;
    }
    if (opcode == RIG_HCI_LE_READ_BUFFER_SIZE && n_parameters >= 4)
        take_buffers(stack, rig_get_le16(parameters + 1), parameters[3]);
    if (opcode == RIG_HCI_READ_BUFFER_SIZE && n_parameters >= 8)
        take_buffers(stack, rig_get_le16(parameters + 1), rig_get_le16(parameters + 4));
    if ((opcode == RIG_HCI_READ_BUFFER_SIZE || opcode == RIG_HCI_LE_READ_BUFFER_SIZE) && hci->n_buffers > 0 &&
        hci->acl_bytes < MIN_ACL_BYTES) {
        hci_fail(stack, "the controller's buffers are too small", hci->acl_bytes);
        return;
    }
    if (opcode == RIG_HCI_READ_BUFFER_SIZE && hci->n_buffers == 0) {
        hci_fail(stack, "the controller has no buffers", opcode);
        return;
    }
    hci->n_set_up++;
    next_set_up(stack);
}

void hci_set_advertising_bytes(struct sim_stack *stack)
{
    uint8_t parameters[HCI_MAX_PARAMETERS];

    if (stack->hci.state != HCI_READY)
        return;
    hci_command(stack, RIG_HCI_LE_SET_ADVERTISING_DATA, parameters, put_advertising_bytes(stack, parameters));
    hci_command(stack, RIG_HCI_LE_SET_SCAN_RESPONSE_DATA, parameters, put_scan_response(stack, parameters));
}

void hci_tell_advertiser(struct sim_stack *stack)
{
    struct hci_advertiser who = who_advertises(stack), *told = &stack->hci.told;
    uint8_t address[SIM_BLE_ADDRESS_BYTES];

    if (memcmp(who.address, told->address, sizeof who.address) != 0) {
        put_address(stack, address);
        hci_command(stack, RIG_HCI_LE_SET_RANDOM_ADDRESS, address, sizeof address);
    }
    if (who.name != told->name || who.service != told->service)
        hci_set_advertising_bytes(stack);
    *told = who;
}
