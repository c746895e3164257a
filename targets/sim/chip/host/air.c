/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Emulated controller, air and central of the tests. */
#include "sim/chip/host/air.h"

#include "base/bytes.h"
#include "protocol/ble/codes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define RUN_US 50000u
#define CENTRAL_ACL_BYTES 27u
#define SUPERVISION_10MS 42u

size_t air_from_hex(const char *hex, uint8_t *bytes, size_t room)
{
    size_t n_bytes = 0;

    while (*hex) {
        char pair[3] = {hex[0], hex[1], '\0'};

        if (*hex == ' ') {
            hex++;
            continue;
        }
        assert_true(n_bytes < room);
        bytes[n_bytes++] = (uint8_t)strtoul(pair, NULL, 16);
        hex += 2;
    }
    return n_bytes;
}

/* --- the controller's side --- */

static void to_stack(struct air *air, const uint8_t *packet, size_t n_bytes)
{
    assert_true(air->n_queue + n_bytes <= sizeof air->queue);
    memcpy(air->queue + air->n_queue, packet, n_bytes);
    air->n_queue += n_bytes;
}

static void event(struct air *air, uint8_t code, const uint8_t *parameters, size_t n_parameters)
{
    uint8_t packet[260] = {RIG_H4_EVENT, code, (uint8_t)n_parameters};

    memcpy(packet + 3, parameters, n_parameters);
    to_stack(air, packet, 3 + n_parameters);
}

static void complete(struct air *air, uint16_t opcode, const uint8_t *result, size_t n_result)
{
    uint8_t parameters[80] = {1};

    rig_put_le16(parameters + 1, opcode);
    memcpy(parameters + 3, result, n_result);
    event(air, RIG_HCI_EVENT_COMMAND_COMPLETE, parameters, 3 + n_result);
}

static void end_link(struct air *air, uint16_t connection, uint8_t reason)
{
    uint8_t parameters[4] = {0, 0, 0, reason};

    rig_put_le16(parameters + 1, connection);
    event(air, RIG_HCI_EVENT_DISCONNECTION_COMPLETE, parameters, sizeof parameters);
    if (connection == air->connection && air->connected) {
        air->connected = air->encrypted = air->has_key = false;
        air->last_reason = reason;
        air->n_held = 0;
    }
}

static void change_encryption(struct air *air, uint8_t status)
{
    uint8_t parameters[4] = {status, 0, 0, status == 0};

    rig_put_le16(parameters + 1, air->connection);
    air->encryption_status = status;
    air->encrypted = status == 0;
    air->has_key = false;
    /* A key that the peripheral does not have shows at the central only. */
    if (status != RIG_HCI_ERROR_KEY_MISSING)
        event(air, RIG_HCI_EVENT_ENCRYPTION_CHANGE, parameters, sizeof parameters);
}

static void take_disconnect(struct air *air, const uint8_t *parameters)
{
    uint8_t status[4] = {0, 1};

    rig_put_le16(status + 2, RIG_HCI_DISCONNECT);
    event(air, RIG_HCI_EVENT_COMMAND_STATUS, status, sizeof status);
    end_link(air, rig_get_le16(parameters), parameters[2]);
}

static void take_buffer_size(struct air *air)
{
    uint8_t result[4] = {0, 0, 0, air->n_buffers};

    rig_put_le16(result + 1, air->acl_bytes);
    complete(air, RIG_HCI_LE_READ_BUFFER_SIZE, result, sizeof result);
}

static void take_key_reply(struct air *air, uint16_t opcode, const uint8_t *parameters)
{
    uint8_t result[3] = {0, parameters[0], parameters[1]};

    complete(air, opcode, result, sizeof result);
    if (!air->has_key)
        return;
    if (opcode == RIG_HCI_LE_KEY_NEGATIVE_REPLY)
        change_encryption(air, RIG_HCI_ERROR_KEY_MISSING);
    else
        change_encryption(air,
                          memcmp(parameters + 2, air->key, sizeof air->key) == 0 ? 0 : SIM_HCI_MIC_FAILURE);
}

static void reset_controller(struct air *air)
{
    /* On the air nobody says a word: the central's supervision timeout does. */
    if (air->connected && !air->config.virtual_controller)
        air->last_reason = RIG_HCI_ERROR_CONNECTION_TIMEOUT;
    air->connected = air->encrypted = air->advertising = false;
    air->n_held = 0;
}

static uint8_t take_advertising_enable(struct air *air, bool on)
{
    if (air->advertising == on)
        return RIG_HCI_ERROR_COMMAND_DISALLOWED;
    air->advertising = on;
    return 0;
}

static void take_command(struct air *air, uint16_t opcode, const uint8_t *parameters, size_t n_parameters)
{
    static const uint8_t zeros[65];
    uint8_t status = opcode == air->refused ? 0x12 : 0;

    if (air->n_commands < AIR_MAX_COMMANDS)
        air->commands[air->n_commands++] = opcode;
    if (opcode == air->ignored)
        return;
    if (status) {
        complete(air, opcode, &status, 1);
        return;
    }
    switch (opcode) {
    case RIG_HCI_DISCONNECT:
        assert_int_equal(n_parameters, 3);
        take_disconnect(air, parameters);
        return;
    case RIG_HCI_LE_READ_BUFFER_SIZE:
        take_buffer_size(air);
        return;
    case RIG_HCI_LE_KEY_REPLY:
    case RIG_HCI_LE_KEY_NEGATIVE_REPLY:
        assert_int_equal(n_parameters, opcode == RIG_HCI_LE_KEY_REPLY ? 18 : 2);
        take_key_reply(air, opcode, parameters);
        return;
    case RIG_HCI_RESET:
        reset_controller(air);
        break;
    case RIG_HCI_LE_SET_RANDOM_ADDRESS:
        assert_int_equal(n_parameters, 6);
        memcpy(air->address, parameters, 6);
        break;
    case RIG_HCI_LE_SET_ADVERTISING_DATA:
        assert_int_equal(n_parameters, 32);
        memcpy(air->advertisement, parameters, 32);
        break;
    case RIG_HCI_LE_SET_SCAN_RESPONSE_DATA:
        assert_int_equal(n_parameters, 32);
        memcpy(air->scan_response, parameters, 32);
        break;
    case RIG_HCI_LE_SET_ADVERTISING_ENABLE:
        status = take_advertising_enable(air, parameters[0]);
        complete(air, opcode, &status, 1);
        return;
    case RIG_HCI_READ_LOCAL_COMMANDS:
        complete(air, opcode, zeros, 65);
        return;
    case RIG_HCI_READ_LOCAL_VERSION:
    case RIG_HCI_READ_LOCAL_FEATURES:
    case RIG_HCI_LE_READ_LOCAL_FEATURES:
        complete(air, opcode, zeros, 9);
        return;
    default:
        break;
    }
    complete(air, opcode, &status, 1);
}

static void report_completed(struct air *air, unsigned n_packets)
{
    uint8_t parameters[5] = {1};

    rig_put_le16(parameters + 1, air->connection);
    rig_put_le16(parameters + 3, (uint16_t)n_packets);
    event(air, RIG_HCI_EVENT_COMPLETED_PACKETS, parameters, sizeof parameters);
}

static void keep_frame(struct air *air)
{
    struct air_pdu *pdu = &air->pdus[air->n_pdus];

    assert_true(air->n_pdus < AIR_MAX_PDUS);
    air->n_pdus++;
    pdu->channel = rig_get_le16(air->frame + 2);
    pdu->n_bytes = (uint16_t)(air->n_frame - 4);
    memcpy(pdu->bytes, air->frame + 4, pdu->n_bytes);
    air->n_frame = 0;
}

static void take_acl(struct air *air, const uint8_t *packet, size_t n_bytes)
{
    uint16_t connection = rig_get_le16(packet);

    assert_int_equal(rig_get_le16(packet + 2), n_bytes - 4);
    assert_true(n_bytes - 4 <= air->acl_bytes);
    assert_true(air->n_held < air->n_buffers);
    if (air->holds_packets)
        air->n_held++;
    else
        report_completed(air, 1);
    if (air->n_held > air->n_most_held)
        air->n_most_held = air->n_held;
    if (!air->connected || (connection & 0xfff) != air->connection)
        return;
    if ((connection >> 12 & 3) != 1)
        air->n_frame = 0;
    assert_true(air->n_frame + n_bytes - 4 <= sizeof air->frame);
    memcpy(air->frame + air->n_frame, packet + 4, n_bytes - 4);
    air->n_frame += n_bytes - 4;
    if (air->n_frame >= 4 && air->n_frame == 4u + rig_get_le16(air->frame))
        keep_frame(air);
}

void air_from_stack(struct air *air, const uint8_t *packet, size_t n_bytes)
{
    if (packet[0] == RIG_H4_COMMAND) {
        assert_int_equal(packet[3], n_bytes - 4);
        take_command(air, rig_get_le16(packet + 1), packet + 4, packet[3]);
    } else {
        assert_int_equal(packet[0], RIG_H4_ACL);
        take_acl(air, packet + 1, n_bytes - 1);
    }
}

static void on_send(void *user, const uint8_t *packet, size_t n_bytes)
{
    air_from_stack(user, packet, n_bytes);
}

static struct sim_stack_version on_version(void *user)
{
    struct rig_image_version version = sim_board_view(((struct air *)user)->bench.board).image.version;

    return (struct sim_stack_version){version.major, version.minor, version.revision};
}

static void on_tell(void *user, const char *line)
{
    struct air *air = user;

    if (air->n_lines < 64)
        snprintf(air->lines[air->n_lines++], sizeof air->lines[0], "%s", line);
}

bool air_told(const struct air *air, const char *piece)
{
    for (unsigned i = 0; i < air->n_lines; i++)
        if (strstr(air->lines[i], piece))
            return true;
    return false;
}

/* --- time --- */

static bool deliver(struct air *air)
{
    uint8_t bytes[AIR_QUEUE_BYTES];
    size_t n_bytes = air->n_queue;

    if (n_bytes == 0)
        return false;
    memcpy(bytes, air->queue, n_bytes);
    air->n_queue = 0;
    sim_stack_receive(air->stack, air->now_us, bytes, n_bytes);
    return true;
}

static void settle(struct air *air)
{
    do
        sim_stack_tick(air->stack, air->now_us);
    while (deliver(air));
}

void air_run_us(struct air *air, uint64_t for_us)
{
    uint64_t until_us = air->now_us + for_us;

    if (!air->stack)
        return;
    settle(air);
    while (air->now_us < until_us) {
        uint64_t due_us = sim_stack_due_us(air->stack);

        due_us = due_us < until_us ? due_us : until_us;
        if (due_us < air->now_us)
            due_us = air->now_us;
        /* The board's clock may stand beyond: flash work takes time. */
        while (sim_board_step(air->bench.board, due_us))
            settle(air);
        air->now_us = due_us;
        settle(air);
    }
}

void air_run(struct air *air)
{
    air_run_us(air, RUN_US);
}

void air_inject(struct air *air, const char *hex)
{
    uint8_t bytes[1200];

    to_stack(air, bytes, air_from_hex(hex, bytes, sizeof bytes));
    air_run(air);
}

/* --- the board --- */

void air_init(struct air *air)
{
    static const uint8_t central[6] = {0x00, 0x00, 0x01, 0xaa, 0x01, 0x00};

    memset(air, 0, sizeof *air);
    air->acl_bytes = 192;
    air->n_buffers = 1;
    air->connection = 0x2a;
    air->encryption_status = 0xff;
    memcpy(air->central, central, sizeof central);
}

static void start(struct air *air, const struct sim_stack_config *config)
{
    struct sim_stack_ports ports = {.user = air, .send = on_send, .version = on_version, .tell = on_tell};
    const char *why = NULL;

    air->config = *config;
    air->stack = sim_stack_new(sim_board_ble(air->bench.board), config, &ports, &why);
    assert_non_null(air->stack);
    assert_true(bench_boot(&air->bench));
    air->now_us = sim_board_now_us(air->bench.board);
    sim_stack_open(air->stack, air->now_us);
    air_run(air);
}

void air_open(struct air *air, const struct bench_config *board, const struct sim_stack_config *config)
{
    struct rig_bytes image = bench_image(1, &waits, 3000);

    air_init(air);
    bench_open(&air->bench, board);
    bench_program(&air->bench, &image);
    rig_bytes_clear(&image);
    start(air, config);
}

void air_open_on(struct air *air, struct sim_board *board, const struct sim_stack_config *config)
{
    air_init(air);
    air->bench.board = board;
    start(air, config);
}

struct bench_config air_board(void)
{
    static const uint8_t address[6] = {0xc0, 0xff, 0xee, 0x00, 0x00, 0x42};
    struct bench_config board = bench_config(RIG_SWAP_MOVE);

    memcpy(board.ble.address, address, sizeof address);
    board.ble.connection_interval_us = 1;
    board.app.reassembly = true;
    return board;
}

void air_open_plain(struct air *air)
{
    struct bench_config board = air_board();
    struct sim_stack_config config = {0};

    air_open(air, &board, &config);
}

void air_close(struct air *air)
{
    sim_stack_free(air->stack);
    bench_close(&air->bench);
}

/* --- the central --- */

void air_connect(struct air *air)
{
    uint8_t parameters[19] = {RIG_HCI_LE_EVENT_CONNECTION_COMPLETE, 0, 0, 0, 1, air->central_type};

    assert_true(air->advertising);
    air->advertising = false;
    air->connected = true;
    air->connection++;
    air->n_pdus = 0;
    air->n_frame = 0;
    air->encryption_status = 0xff;
    rig_put_le16(parameters + 2, air->connection);
    memcpy(parameters + 6, air->central, 6);
    rig_put_le16(parameters + 12, 24);
    rig_put_le16(parameters + 16, SUPERVISION_10MS);
    event(air, RIG_HCI_EVENT_LE_META, parameters, sizeof parameters);
    air_run(air);
}

void air_disconnect(struct air *air, uint8_t reason)
{
    end_link(air, air->connection, reason);
    air_run(air);
}

void air_send(struct air *air, uint16_t channel, const uint8_t *pdu, size_t n_bytes)
{
    uint8_t frame[4 + 600];

    assert_true(n_bytes <= 600);
    rig_put_le16(frame, (uint16_t)n_bytes);
    rig_put_le16(frame + 2, channel);
    memcpy(frame + 4, pdu, n_bytes);
    n_bytes += 4;
    for (size_t at = 0; at < n_bytes; at += CENTRAL_ACL_BYTES) {
        size_t n_piece = n_bytes - at < CENTRAL_ACL_BYTES ? n_bytes - at : CENTRAL_ACL_BYTES;
        uint8_t packet[5 + CENTRAL_ACL_BYTES] = {RIG_H4_ACL};

        rig_put_le16(packet + 1, (uint16_t)(air->connection | (at ? 0x1000 : 0x2000)));
        rig_put_le16(packet + 3, (uint16_t)n_piece);
        memcpy(packet + 5, frame + at, n_piece);
        to_stack(air, packet, 5 + n_piece);
    }
    air_run(air);
}

void air_send_hex(struct air *air, uint16_t channel, const char *hex)
{
    uint8_t pdu[600];

    air_send(air, channel, pdu, air_from_hex(hex, pdu, sizeof pdu));
}

const struct air_pdu *air_take(struct air *air, uint16_t channel)
{
    for (unsigned i = 0; i < air->n_pdus; i++) {
        struct air_pdu taken = air->pdus[i];

        if (taken.channel != channel)
            continue;
        air->n_pdus--;
        memmove(air->pdus + i, air->pdus + i + 1, (air->n_pdus - i) * sizeof taken);
        air->pdus[AIR_MAX_PDUS - 1] = taken;
        return &air->pdus[AIR_MAX_PDUS - 1];
    }
    return NULL;
}

void air_expect(struct air *air, uint16_t channel, const char *hex)
{
    uint8_t expected[600];
    size_t n_expected = air_from_hex(hex, expected, sizeof expected);
    const struct air_pdu *pdu = air_take(air, channel);

    if (n_expected == 0) {
        assert_null(pdu);
        return;
    }
    assert_non_null(pdu);
    assert_int_equal(pdu->n_bytes, n_expected);
    assert_memory_equal(pdu->bytes, expected, n_expected);
}

void air_exchange(struct air *air, uint16_t channel, const char *request, const char *answer)
{
    air_send_hex(air, channel, request);
    air_expect(air, channel, answer);
}

void air_encrypt(struct air *air, const uint8_t key[16], uint16_t ediv, const uint8_t rand[8])
{
    uint8_t parameters[13] = {RIG_HCI_LE_EVENT_KEY_REQUEST};

    air->has_key = true;
    memcpy(air->key, key, sizeof air->key);
    rig_put_le16(parameters + 1, air->connection);
    memcpy(parameters + 3, rand, 8);
    rig_put_le16(parameters + 11, ediv);
    event(air, RIG_HCI_EVENT_LE_META, parameters, sizeof parameters);
    air_run(air);
}

void air_prepare_smp(struct air *air)
{
    air_exchange(air, AIR_ATT, "02 f7 00", "03 f7 00");
    air_exchange(air, AIR_ATT, "12 11 00 01 00", "13");
}

void air_command(struct air *air, const char *line, const char *answer)
{
    char text[SIM_STACK_ANSWER_BYTES];

    assert_true(sim_stack_command(air->stack, air->now_us, line, text, sizeof text));
    if (strncmp(text, answer, strlen(answer)) != 0)
        fail_msg("'%s' gave '%s', not '%s'", line, text, answer);
    air_run(air);
}
