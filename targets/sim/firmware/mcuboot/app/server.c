/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The SMP server: headers, versions, lengths, several messages in one packet, forms of errors; and the OS
 * group: echo, reset, parameters, info, bootloader information. */
#include "sim/firmware/mcuboot/app/app.h"

#include <stdio.h>
#include <string.h>

enum os_rc { OS_RC_BAD_FORMAT = 2, OS_RC_NO_ANSWER = 3 };

static void echo(const struct rig_smp_request *request, struct sim_reply *reply)
{
    const struct rig_smp_value *text = &request->keys[RIG_SMP_KEY_ECHO];

    rig_cbor_put_text(reply->writer, "r");
    rig_cbor_put_text_bytes(reply->writer, text->bytes, text->present ? text->n_bytes : 0);
}

static void parameters(const struct sim_server *server, struct sim_reply *reply)
{
    if (!server->config->parameters_command) {
        reply->rc = RIG_SMP_RC_NOT_SUPPORTED;
        return;
    }
    rig_cbor_put_text(reply->writer, "buf_size");
    rig_cbor_put_uint(reply->writer, server->config->smp_buf_size);
    rig_cbor_put_text(reply->writer, "buf_count");
    rig_cbor_put_uint(reply->writer, server->config->smp_buf_count);
}

static const struct {
    char letter;
    const char *text;
} facts[] = {
    {'s', "Zephyr"},
    {'n', "zephyr"},
    {'r', "4.4.0"},
    {'v', "v4.4.0"},
    {'b', "Thu Jan  1 00:00:00 1970"},
    {'m', "arm"},
    {'p', "cortex-m4"},
    {'i', "nrf52840dk/nrf52840"},
    {'o', "Zephyr"},
};
#define N_FACTS (sizeof facts / sizeof *facts)

/* Facts come in the table's order, whatever the order of the letters. */
static bool wanted_facts(const uint8_t *letters, size_t n_letters, bool wanted[N_FACTS])
{
    for (size_t i = 0; i < n_letters; i++) {
        bool known = letters[i] == 'a';

        for (size_t fact = 0; fact < N_FACTS; fact++) {
            if (letters[i] == 'a' || letters[i] == facts[fact].letter)
                known = wanted[fact] = true;
        }
        if (!known)
            return false;
    }
    return true;
}

static void system_facts(const struct rig_smp_request *request, struct sim_reply *reply)
{
    const struct rig_smp_value *format = &request->keys[RIG_SMP_KEY_FORMAT];
    bool wanted[N_FACTS] = {false};
    char text[160] = "";
    size_t used = 0;

    wanted[0] = !format->present || format->n_bytes == 0;
    if (format->present && !wanted_facts(format->bytes, format->n_bytes, wanted)) {
        reply->group_rc = OS_RC_BAD_FORMAT;
        return;
    }
    for (size_t fact = 0; fact < N_FACTS; fact++) {
        if (wanted[fact])
            used +=
                (size_t)snprintf(text + used, sizeof text - used, "%s%s", used ? " " : "", facts[fact].text);
    }
    rig_cbor_put_text(reply->writer, "output");
    rig_cbor_put_text(reply->writer, text);
}

static int mode_number(enum rig_swap_mode mode)
{
    switch (mode) {
    case RIG_SWAP_SCRATCH:
        return 1;
    case RIG_SWAP_OVERWRITE:
        return 2;
    case RIG_SWAP_MOVE:
        return 3;
    case RIG_SWAP_OFFSET:
        return 9;
    case RIG_SWAP_DIRECT_XIP:
        return 4;
    case RIG_SWAP_DIRECT_XIP_REVERT:
        return 5;
    case RIG_SWAP_RAM_LOAD:
        return 6;
    case RIG_SWAP_RAM_LOAD_REVERT:
        return 10;
    case RIG_SWAP_SINGLE:
        return 0;
    }
    return -1;
}

static void bootloader(const struct sim_server *server, const struct rig_smp_request *request,
                       struct sim_reply *reply)
{
    const struct rig_smp_value *query = &request->keys[RIG_SMP_KEY_QUERY];

    if (!query->present) {
        rig_cbor_put_text(reply->writer, "bootloader");
        rig_cbor_put_text(reply->writer, "MCUboot");
        return;
    }
    if (query->n_bytes != 4 || memcmp(query->bytes, "mode", 4) != 0) {
        reply->group_rc = OS_RC_NO_ANSWER;
        return;
    }
    rig_cbor_put_text(reply->writer, "mode");
    rig_cbor_put_int(reply->writer, mode_number(server->boot->mode));
    bool direct_xip =
        server->boot->mode == RIG_SWAP_DIRECT_XIP || server->boot->mode == RIG_SWAP_DIRECT_XIP_REVERT;

    /* Both select MCUBOOT_BOOTLOADER_NO_DOWNGRADE. */
    if (server->boot->downgrade != SIM_DOWNGRADE_ALLOWED || direct_xip) {
        rig_cbor_put_text(reply->writer, "no-downgrade");
        rig_cbor_put_bool(reply->writer, true);
    }
}

static void reset(struct sim_server *server, const struct rig_smp_request *request, struct sim_reply *reply)
{
    const struct rig_smp_value *force = &request->keys[RIG_SMP_KEY_FORCE];
    const struct rig_smp_value *mode = &request->keys[RIG_SMP_KEY_BOOT_MODE];

    if (server->config->refuses_reset && !(force->present && force->number)) {
        reply->rc = RIG_SMP_RC_BUSY;
        return;
    }
    server->app->reset_wanted = true;
    server->retained->updater_wanted = mode->present && mode->number == 1;
}

static void sim_os_handle(struct sim_server *server, const struct rig_smp_request *request,
                          struct sim_reply *reply)
{
    switch (request->header.command) {
    case RIG_SMP_OS_ECHO:
        echo(request, reply);
        break;
    case RIG_SMP_OS_RESET:
        reset(server, request, reply);
        break;
    case RIG_SMP_OS_PARAMETERS:
        parameters(server, reply);
        break;
    case RIG_SMP_OS_INFO:
        system_facts(request, reply);
        break;
    case RIG_SMP_OS_BOOTLOADER:
        bootloader(server, request, reply);
        break;
    default:
        reply->rc = RIG_SMP_RC_NOT_SUPPORTED;
    }
}

/* One message's way through the server. */
enum verdict { GOES_ON, ENDS_PACKET };

/* own: of the product's group. */
static unsigned check_header(const struct sim_server *server, const struct rig_smp_header *header,
                             size_t n_body, bool *own)
{
    unsigned rc;

    *own = false;
    if (header->length > n_body)
        return RIG_SMP_RC_CORRUPT;
    if (header->op != RIG_SMP_READ && header->op != RIG_SMP_WRITE)
        return RIG_SMP_RC_NOT_SUPPORTED;
    if (header->version > 1)
        return RIG_SMP_RC_TOO_NEW;
    if (header->version == 0 && !server->config->original_protocol)
        return RIG_SMP_RC_TOO_OLD;
    *own = sim_maintenance_takes(server, header,
                                 rig_smp_command_known(header->group, header->command, header->op), &rc);
    return rc;
}

static void execute(struct sim_server *server, const uint8_t *message, size_t n_message,
                    struct sim_reply *reply)
{
    struct rig_smp_request request;

    if (rig_smp_decode_request(message, n_message, &request) != RIG_SMP_OK) {
        if (!(server->config->defects & SIM_APP_DEFECT_ACCEPTS_JSON))
            reply->rc = RIG_SMP_RC_INVALID;
        return;
    }
    if (request.header.group == RIG_SMP_GROUP_OS)
        sim_os_handle(server, &request, reply);
    else
        sim_image_handle(server, &request, reply);
}

/* The bytes of the answer; a success that does not fit becomes rc 7. */
static size_t write_answer(const struct rig_smp_header *header, struct sim_reply *reply, uint8_t *into,
                           size_t room)
{
    size_t n_bytes = 0;

    if (reply->group_rc && header->version > 0)
        return rig_smp_encode_group_error(header, header->group, reply->group_rc, into, room);
    if (reply->group_rc)
        return rig_smp_encode_rc(header, rig_smp_version0_rc(header->group, reply->group_rc), reply->reason,
                                 into, room);
    if (!reply->rc)
        n_bytes = rig_smp_response_finish(reply->writer, header);
    if (n_bytes > 0)
        return n_bytes;
    return rig_smp_encode_rc(header, reply->rc ? reply->rc : RIG_SMP_RC_TOO_LARGE, NULL, into, room);
}

static bool fails(const struct rig_smp_header *header, const struct sim_reply *reply)
{
    return reply->rc || (reply->group_rc && header->version == 0) || reply->writer->overflow;
}

static enum verdict one_message(struct sim_server *server, const uint8_t *message, size_t n_message,
                                struct rig_cbor_writer *answers)
{
    size_t room = answers->room - answers->n_bytes;
    uint8_t *into = answers->bytes + answers->n_bytes;
    struct rig_smp_header header;
    bool own;

    if (room > server->config->smp_buf_size)
        room = server->config->smp_buf_size;
    struct rig_cbor_writer writer = rig_smp_response_begin(into, room);
    struct sim_reply reply = {.writer = &writer};

    if (server->config->legacy_rc) {
        rig_cbor_put_text(&writer, "rc");
        rig_cbor_put_uint(&writer, 0);
    }
    rig_smp_header_decode(message, &header);
    reply.rc = check_header(server, &header, n_message - RIG_SMP_HEADER_BYTES, &own);
    if (!reply.rc && own)
        sim_maintenance_handle(server, &header, &reply);
    else if (!reply.rc)
        execute(server, message, n_message, &reply);
    if (!sim_flash_powered(server->flash) || reply.silent)
        return ENDS_PACKET;
    answers->n_bytes += write_answer(&header, &reply, into, room);
    return fails(&header, &reply) ? ENDS_PACKET : GOES_ON;
}

size_t sim_server_input(struct sim_server *server, const uint8_t *packet, size_t n_packet, uint8_t *answers,
                        size_t room)
{
    struct rig_cbor_writer written = {.bytes = answers, .room = room};
    enum verdict verdict = GOES_ON;

    while (verdict == GOES_ON && n_packet >= RIG_SMP_HEADER_BYTES) {
        struct rig_smp_header header;
        size_t n_message;

        rig_smp_header_decode(packet, &header);
        verdict = one_message(server, packet, n_packet, &written);
        /* What the header did not count is the next message, whatever the CBOR reader made of it. */
        n_message = RIG_SMP_HEADER_BYTES + (size_t)header.length;
        if (n_message > n_packet)
            break;
        packet += n_message;
        n_packet -= n_message;
    }
    return sim_flash_powered(server->flash) ? written.n_bytes : 0;
}
