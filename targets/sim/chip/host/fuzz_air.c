/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Controller and central of the fuzz targets. */
#include "sim/chip/host/fuzz_air.h"

#include "base/bytes.h"
#include "protocol/ble/codes.h"

#include <stdlib.h>
#include <string.h>

#define CONNECTION 0x0040

static void queue(struct fuzz_air *air, const uint8_t *packet, size_t n_bytes)
{
    if (air->n_queue + n_bytes > sizeof air->queue)
        return;
    memcpy(air->queue + air->n_queue, packet, n_bytes);
    air->n_queue += n_bytes;
}

static void on_send(void *user, const uint8_t *packet, size_t n_bytes)
{
    static const uint8_t completed[8] = {
        RIG_H4_EVENT, RIG_HCI_EVENT_COMPLETED_PACKETS, 5, 1, CONNECTION, 0, 1, 0};
    struct fuzz_air *air = user;
    uint8_t answer[7 + 66] = {RIG_H4_EVENT, RIG_HCI_EVENT_COMMAND_COMPLETE, 4 + 7, 1};

    if (packet[0] == RIG_H4_ACL) {
        memcpy(air->heard, packet, n_bytes);
        air->n_heard = n_bytes;
        queue(air, completed, sizeof completed);
        return;
    }
    memcpy(answer + 4, packet + 1, 2);
    if (rig_get_le16(packet + 1) == RIG_HCI_LE_READ_BUFFER_SIZE) {
        answer[7] = 251;
        answer[9] = 4;
    }
    if (rig_get_le16(packet + 1) == RIG_HCI_LE_KEY_REPLY)
        memcpy(air->last_key, packet + 6, sizeof air->last_key);
    queue(air, answer, 3u + answer[2]);
}

static struct sim_stack_version on_version(void *user)
{
    (void)user;
    return (struct sim_stack_version){1, 2, 3};
}

void fuzz_air_run(struct fuzz_air *air, uint64_t for_us)
{
    uint8_t bytes[sizeof air->queue];

    air->now_us += for_us;
    for (unsigned i = 0; i < 64; i++) {
        size_t n_bytes = air->n_queue;

        memcpy(bytes, air->queue, n_bytes);
        air->n_queue = 0;
        sim_stack_receive(air->stack, air->now_us, bytes, n_bytes);
        sim_stack_tick(air->stack, air->now_us);
        if (n_bytes == 0)
            return;
    }
}

/* A firmware of two characteristics: one that is written and notifies, one that is read and indicates. */
enum { WRITTEN, INDICATED };

static void services(const struct sim_chip *chip, struct sim_gatt_services *services)
{
    const struct fuzz_air *air = chip->own;

    services->softdevice = services->whole_words = air->softdevice;
    services->n = 2;
    services->characteristics[WRITTEN] =
        (struct sim_gatt_characteristic){.service = "8d53dc1d-1db7-4cd3-868b-8a527460aa84",
                                         .uuid = "da2e7828-fbce-4e01-ae9e-261174997c48",
                                         .properties = SIM_GATT_WRITE_COMMAND | SIM_GATT_NOTIFY,
                                         .demand = sim_ble_demands(&air->ble)};
    services->characteristics[INDICATED] =
        (struct sim_gatt_characteristic){.service = "fe59",
                                         .uuid = "8ec90003-f315-4f60-9fb8-838830daea50",
                                         .properties = SIM_GATT_READ | SIM_GATT_WRITE | SIM_GATT_INDICATE};
}

static uint8_t take_write(struct sim_chip *chip, unsigned characteristic, bool with_response,
                          const uint8_t *bytes, size_t n_bytes)
{
    struct fuzz_air *air = chip->own;

    air->n_written = n_bytes < sizeof air->written ? n_bytes : sizeof air->written;
    memcpy(air->written, bytes, air->n_written);
    return characteristic == INDICATED && with_response && n_bytes > 0 ? bytes[0] : 0;
}

static uint8_t take_read(struct sim_chip *chip, unsigned characteristic, uint8_t *bytes, size_t *n_bytes)
{
    (void)chip;
    (void)characteristic;
    *n_bytes = SIM_GATT_MAX_VALUE_BYTES;
    memset(bytes, 0x5a, SIM_GATT_MAX_VALUE_BYTES);
    return 0;
}

static const struct sim_gatt_server server = {.services = services, .write = take_write, .read = take_read};

struct fuzz_air *fuzz_air_new(const struct sim_stack_config *config, enum sim_ble_security security,
                              const struct sim_ble_pairing *pairing)
{
    struct fuzz_air *air = calloc(1, sizeof *air);
    struct sim_ble_config ble = {.name = "fuzz",
                                 .address = {0xc0, 1, 2, 3, 4, 5},
                                 .mtu = 247,
                                 .security = security,
                                 .bonding = true,
                                 .pairing = *pairing,
                                 .connection_interval_us = 1};
    struct sim_stack_ports ports = {.user = air, .send = on_send, .version = on_version};
    const char *why = NULL;

    if (!air)
        abort();
    air->chip.own = air;
    sim_ble_init(&air->ble, &ble, &server, &air->chip, 1);
    sim_ble_start(&air->ble, &(struct sim_ble_advertiser){0});
    air->stack = sim_stack_new(&air->ble, config, &ports, &why);
    if (!air->stack)
        abort();
    sim_stack_open(air->stack, 0);
    fuzz_air_run(air, 0);
    if (!sim_stack_ready(air->stack))
        abort();
    return air;
}

void fuzz_air_free(struct fuzz_air *air)
{
    sim_stack_free(air->stack);
    free(air);
}

void fuzz_air_connect(struct fuzz_air *air)
{
    static const uint8_t packet[22] = {RIG_H4_EVENT,
                                       RIG_HCI_EVENT_LE_META,
                                       19,
                                       1,
                                       0,
                                       CONNECTION,
                                       0,
                                       1,
                                       0,
                                       6,
                                       5,
                                       4,
                                       3,
                                       2,
                                       1,
                                       24,
                                       0,
                                       0,
                                       0,
                                       42,
                                       0,
                                       0};

    queue(air, packet, sizeof packet);
    fuzz_air_run(air, 1000);
}

void fuzz_air_disconnect(struct fuzz_air *air)
{
    static const uint8_t packet[7] = {RIG_H4_EVENT, RIG_HCI_EVENT_DISCONNECTION_COMPLETE, 4, 0, CONNECTION, 0,
                                      0x13};

    queue(air, packet, sizeof packet);
    fuzz_air_run(air, 1000);
}

void fuzz_air_encrypt(struct fuzz_air *air)
{
    static const uint8_t request[16] = {RIG_H4_EVENT, RIG_HCI_EVENT_LE_META, 13, RIG_HCI_LE_EVENT_KEY_REQUEST,
                                        CONNECTION};
    static const uint8_t change[7] = {RIG_H4_EVENT, RIG_HCI_EVENT_ENCRYPTION_CHANGE, 4, 0, CONNECTION, 0, 1};

    memset(air->last_key, 0, sizeof air->last_key);
    queue(air, request, sizeof request);
    fuzz_air_run(air, 1000);
    queue(air, change, sizeof change);
    fuzz_air_run(air, 1000);
}

void fuzz_air_pdu(struct fuzz_air *air, uint16_t channel, const uint8_t *pdu, size_t n_bytes)
{
    uint8_t packet[9 + 255] = {RIG_H4_ACL};

    rig_put_le16(packet + 1, CONNECTION | 0x2000);
    rig_put_le16(packet + 3, (uint16_t)(4 + n_bytes));
    rig_put_le16(packet + 5, (uint16_t)n_bytes);
    rig_put_le16(packet + 7, channel);
    memcpy(packet + 9, pdu, n_bytes);
    queue(air, packet, 9 + n_bytes);
    fuzz_air_run(air, 1000);
}

/* The board's side: what was written last is notified. */
static void answer_request(struct fuzz_air *air)
{
    if (air->n_written > 0 && air->ble.subscribed[WRITTEN])
        sim_ble_notify(&air->ble, air->now_us, WRITTEN, air->written, air->n_written);
    if (air->ble.subscribed[INDICATED])
        sim_ble_indicate(&air->ble, air->now_us, INDICATED, air->written, air->n_written);
    air->n_written = 0;
}

static void act(struct fuzz_air *air, uint8_t action)
{
    static const char *const lines[] = {"link service-changed",
                                        "link security",
                                        "link passkey 123456",
                                        "link confirm yes",
                                        "link silent on",
                                        "link silent off",
                                        "link fault reorder writes 0",
                                        "link fault corrupt notifications 0 3",
                                        "link fault none",
                                        "bond forget",
                                        "bond damage",
                                        "bond list",
                                        "link parameters 6 6 0 10",
                                        "link fault duplicate writes 0 2",
                                        "link lost",
                                        "link answer 0b",
                                        "link advertising ff00 01"};
    char answer[SIM_STACK_ANSWER_BYTES];

    switch (action) {
    case 201:
        fuzz_air_run(air, 31000000);
        break;
    case 202:
        fuzz_air_disconnect(air);
        fuzz_air_connect(air);
        break;
    case 203:
        fuzz_air_encrypt(air);
        break;
    case 204:
        answer_request(air);
        fuzz_air_run(air, 1000);
        break;
    default:
        sim_stack_command(air->stack, air->now_us, lines[action % (sizeof lines / sizeof *lines)], answer,
                          sizeof answer);
        fuzz_air_run(air, 1000);
        break;
    }
}

void fuzz_air_script(struct fuzz_air *air, uint16_t channel, const uint8_t *bytes, size_t n_bytes)
{
    while (n_bytes > 0) {
        size_t n_pdu = *bytes++;

        n_bytes--;
        if (n_pdu > 200) {
            act(air, (uint8_t)n_pdu);
            continue;
        }
        if (n_pdu > n_bytes)
            n_pdu = n_bytes;
        if (n_pdu > 0)
            fuzz_air_pdu(air, channel, bytes, n_pdu);
        bytes += n_pdu;
        n_bytes -= n_pdu;
    }
}

void fuzz_air_must_work(struct fuzz_air *air)
{
    static const uint8_t read[] = {0x0a, 0x05, 0x00};
    static const uint8_t answer[] = {RIG_H4_ACL, CONNECTION, 0, 7, 0, 3, 0, 4, 0, 0x0b, 0, 0};

    fuzz_air_disconnect(air);
    sim_stack_close(air->stack, air->now_us);
    air->n_queue = 0;
    sim_ble_die(&air->ble, air->now_us);
    sim_ble_start(&air->ble, &(struct sim_ble_advertiser){0});
    sim_stack_open(air->stack, air->now_us);
    fuzz_air_run(air, 1000);
    fuzz_air_connect(air);
    air->n_heard = 0;
    fuzz_air_pdu(air, 4, read, sizeof read);
    if (air->n_heard != sizeof answer || memcmp(air->heard, answer, sizeof answer) != 0)
        abort();
}
