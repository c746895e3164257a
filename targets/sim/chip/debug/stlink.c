/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Requests of the stlink-server protocol, and the probe's own commands inside them. */
#include "sim/chip/debug/stlink.h"

#include "base/bytes.h"

#include <string.h>

#define AP_AT 8 /* of a memory command: the access port, then the CSW without its lowest byte */
#define AP_DRW 0x0cu
#define SERVER_OK 1u
#define SERVER_NOT_AVAILABLE 0x1053u
#define STLINK_ID 1u
#define CONNECT_ID 1u
#define DP_PORT 0xffffu
#define USB_HEADER_BYTES 32u
#define USB_COMMAND_AT 8u
#define STATUS_BYTES 4u

enum request {
    REQUEST_REFRESH = 0x00,
    REQUEST_COUNT = 0x01,
    REQUEST_DESCRIBE = 0x02,
    REQUEST_OPEN = 0x03,
    REQUEST_CLOSE = 0x04,
    REQUEST_USB = 0x05,
    REQUEST_VERSION = 0x06,
};

enum probe_status {
    PROBE_OK = 0x80,
    PROBE_AP_FAULT = 0x11,
    PROBE_DP_ERROR = 0x16,
    PROBE_UNKNOWN = 0x42,
};

/* One command of the probe: what came with it, and where its answer goes. */
struct exchange {
    struct sim_stlink *link;
    const uint8_t *command; /* 16 bytes */
    const uint8_t *sent;    /* n bytes when writing */
    uint8_t *answer;        /* n bytes when reading, zeroed */
    size_t n;
    bool writes;
};

static enum probe_status status_of(enum sim_debug_answer answer)
{
    return answer == SIM_DEBUG_OK ? PROBE_OK : answer == SIM_DEBUG_FAULT ? PROBE_AP_FAULT : PROBE_DP_ERROR;
}

static void put8(struct exchange *exchange, size_t at, uint8_t value)
{
    if (at < exchange->n && !exchange->writes)
        exchange->answer[at] = value;
}

static void put32(struct exchange *exchange, size_t at, uint32_t value)
{
    uint8_t bytes[4];

    rig_put_le32(bytes, value);
    for (size_t i = 0; i < sizeof bytes; i++)
        put8(exchange, at + i, bytes[i]);
}

/* Firmware V2J37: the newest whose bulk commands are plain and carry the CSW. */
static void tell_version(struct exchange *exchange)
{
    static const uint8_t version[] = {
        (2 << 12 | 37 << 6 | 7) >> 8, (2 << 12 | 37 << 6 | 7) & 0xff, 0x83, 0x04, 0x48, 0x37};

    for (size_t i = 0; i < sizeof version; i++)
        put8(exchange, i, version[i]);
}

/* Two readings of the converter: the 1.2 V reference, and half of VTref. */
static void tell_voltage(struct exchange *exchange)
{
    put32(exchange, 0, 1500);
    put32(exchange, 4, sim_debug_vtref_mv(exchange->link->debug) * 1500 / 2400);
}

static void access_register(struct exchange *exchange, bool write)
{
    struct sim_debug *debug = exchange->link->debug;
    unsigned port = rig_get_le16(exchange->command + 2);
    unsigned address = rig_get_le16(exchange->command + 4);
    enum sim_debug_answer answer;
    uint32_t value = rig_get_le32(exchange->command + 6);

    if (write)
        answer = port == DP_PORT ? sim_debug_write_dp(debug, address, value)
                                 : sim_debug_write_ap(debug, port, address, value);
    else
        answer = port == DP_PORT ? sim_debug_read_dp(debug, address, &value)
                                 : sim_debug_read_ap(debug, port, address, &value);
    put8(exchange, 0, (uint8_t)status_of(answer));
    if (!write)
        put32(exchange, 4, value);
}

/* openocd's driver makes a memory access of each access to register 0x0c, of whatever access port: on a
 * control port that is a register like the others. [SRC openocd src/jtag/drivers/stlink_usb.c] */
static enum sim_debug_answer access_other_ap(struct exchange *exchange, unsigned width, size_t n_bytes)
{
    struct sim_debug *debug = exchange->link->debug;
    unsigned ap = exchange->command[AP_AT];
    enum sim_debug_answer answer = SIM_DEBUG_OK;
    uint8_t lanes[4] = {0};
    uint32_t value = 0;

    for (size_t done = 0; done + width <= n_bytes && answer == SIM_DEBUG_OK; done += width) {
        size_t lane = (exchange->command[2] + done) & (4 - width);

        if (exchange->writes) {
            memcpy(lanes + lane, exchange->sent + done, width);
            answer = sim_debug_write_ap(debug, ap, AP_DRW, rig_get_le32(lanes));
        } else {
            answer = sim_debug_read_ap(debug, ap, AP_DRW, &value);
            rig_put_le32(lanes, value);
            memcpy(exchange->answer + done, lanes + lane, width);
        }
    }
    return answer;
}

/* The probe's firmware sets TAR itself and clears a sticky error of the access before. */
static void access_memory(struct exchange *exchange, unsigned width, bool increment)
{
    struct sim_stlink *link = exchange->link;
    uint32_t address = rig_get_le32(exchange->command + 2);
    size_t n_bytes = rig_get_le16(exchange->command + 6);
    enum sim_debug_answer answer = SIM_DEBUG_OK;
    uint32_t stopped_at = address;
    size_t step;

    if (n_bytes > exchange->n)
        n_bytes = exchange->n;
    if (exchange->command[AP_AT] != 0) {
        link->last_status = (uint8_t)status_of(access_other_ap(exchange, width, n_bytes));
        return;
    }
    step = increment ? n_bytes : width;
    for (size_t done = 0; done + step <= n_bytes && n_bytes && answer == SIM_DEBUG_OK; done += step)
        answer =
            exchange->writes
                ? sim_debug_write(link->debug, address, width, exchange->sent + done, step, &stopped_at)
                : sim_debug_read(link->debug, address, width, exchange->answer + done, step, &stopped_at);
    link->last_status = (uint8_t)status_of(answer);
    link->fault_address = answer == SIM_DEBUG_OK ? 0 : stopped_at;
    if (answer == SIM_DEBUG_FAULT)
        sim_debug_write_dp(link->debug, 0, 1u << 2);
}

static void tell_last_status(struct exchange *exchange)
{
    put8(exchange, 0, exchange->link->last_status);
    put32(exchange, 4, exchange->link->fault_address);
}

static void debug_command(struct exchange *exchange)
{
    struct sim_stlink *link = exchange->link;
    uint32_t idcode = 0;

    switch (exchange->command[1]) {
    case 0x21: /* leave; no answer is read */
        link->entered = false;
        break;
    case 0x30: /* enter; answered ok also when nobody is there, as the probe does */
        link->entered = true;
        put8(exchange, 0, PROBE_OK);
        break;
    case 0x31:
        put8(exchange, 0, (uint8_t)status_of(sim_debug_read_dp(link->debug, 0, &idcode)));
        put32(exchange, 4, idcode);
        break;
    case 0x3c:
        sim_debug_pin_reset(link->debug, exchange->command[2] != 1);
        if (exchange->command[2] > 1)
            sim_debug_pin_reset(link->debug, false);
        put8(exchange, 0, PROBE_OK);
        break;
    case 0x3b:
    case 0x3e:
        tell_last_status(exchange);
        break;
    case 0x43:
    case 0x44:
    case 0x4b:
    case 0x4c:
        put8(exchange, 0, PROBE_OK);
        break;
    case 0x45:
        access_register(exchange, false);
        break;
    case 0x46:
        access_register(exchange, true);
        break;
    case 0x07:
    case 0x08:
        access_memory(exchange, 4, true);
        break;
    case 0x47:
    case 0x48:
        access_memory(exchange, 2, true);
        break;
    case 0x0c:
    case 0x0d:
        access_memory(exchange, 1, true);
        break;
    case 0x50:
    case 0x54:
        access_memory(exchange, 4, false);
        break;
    default:
        put8(exchange, 0, PROBE_UNKNOWN);
        break;
    }
}

static void probe_command(struct exchange *exchange)
{
    switch (exchange->command[0]) {
    case 0xf1:
        tell_version(exchange);
        break;
    case 0xf2:
        debug_command(exchange);
        break;
    case 0xf5:
        put8(exchange, 0, exchange->link->entered ? 2 : 1);
        break;
    case 0xf7:
        tell_voltage(exchange);
        break;
    default:
        put8(exchange, 0, PROBE_UNKNOWN);
        break;
    }
}

static size_t usb_reply(struct sim_stlink *link, const uint8_t *request, size_t n_payload, uint8_t *reply)
{
    bool writes = request[24] == 0;
    struct exchange exchange = {.link = link,
                                .command = request + USB_COMMAND_AT,
                                .sent = request + USB_HEADER_BYTES,
                                .answer = reply + STATUS_BYTES,
                                .n = n_payload,
                                .writes = writes};

    rig_put_le32(reply, SERVER_OK);
    if (!writes)
        memset(exchange.answer, 0, n_payload);
    probe_command(&exchange);
    return STATUS_BYTES + (writes ? 0 : n_payload);
}

static size_t describe(uint8_t *reply)
{
    memset(reply, 0, 45);
    rig_put_le32(reply, SERVER_OK);
    rig_put_le32(reply + 4, STLINK_ID);
    memcpy(reply + 8, SIM_STLINK_SERIAL, sizeof SIM_STLINK_SERIAL - 1);
    rig_put_le16(reply + 40, 0x0483);
    rig_put_le16(reply + 42, 0x3748);
    return 45;
}

static size_t server_version(uint8_t *reply)
{
    static const uint32_t version[] = {2, 2, 1, 1}; /* api 2: packets of more than 1 KiB */

    for (size_t i = 0; i < 4; i++)
        rig_put_le32(reply + 4 * i, version[i]);
    return 16;
}

static size_t server_reply(struct sim_stlink *link, const uint8_t *request, uint8_t *reply)
{
    rig_put_le32(reply, SERVER_OK);
    switch (request[0]) {
    case REQUEST_REFRESH:
        return 4;
    case REQUEST_COUNT:
        rig_put_le32(reply, 1);
        return 4;
    case REQUEST_DESCRIBE:
        return describe(reply);
    case REQUEST_OPEN:
        rig_put_le32(reply + 4, CONNECT_ID);
        return 8;
    case REQUEST_CLOSE:
        link->entered = false;
        return 4;
    case REQUEST_VERSION:
        return server_version(reply);
    default:
        rig_put_le32(reply, SERVER_NOT_AVAILABLE);
        return 4;
    }
}

static size_t header_bytes(uint8_t request)
{
    static const uint8_t n_bytes[] = {2, 1, 8, 8, 8, USB_HEADER_BYTES, 4};

    return request < sizeof n_bytes ? n_bytes[request] : 0;
}

enum sim_stlink_result sim_stlink_take(struct sim_stlink *link, const uint8_t *bytes, size_t n_bytes,
                                       size_t *n_used, uint8_t reply[SIM_STLINK_MAX_REPLY], size_t *n_reply)
{
    size_t n_header = n_bytes ? header_bytes(bytes[0]) : 1;
    uint32_t n_payload;

    *n_used = *n_reply = 0;
    if (n_header == 0)
        return SIM_STLINK_BROKEN;
    if (n_bytes < n_header)
        return SIM_STLINK_INCOMPLETE;
    if (bytes[0] != REQUEST_USB) {
        *n_used = n_header;
        *n_reply = server_reply(link, bytes, reply);
        return SIM_STLINK_ANSWERED;
    }
    n_payload = rig_get_le32(bytes + 28);
    if (n_payload > SIM_STLINK_MAX_PAYLOAD)
        return SIM_STLINK_BROKEN;
    n_header += bytes[24] == 0 ? n_payload : 0;
    if (n_bytes < n_header)
        return SIM_STLINK_INCOMPLETE;
    *n_used = n_header;
    *n_reply = usb_reply(link, bytes, n_payload, reply);
    return SIM_STLINK_ANSWERED;
}
