/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The server around the handlers: headers, versions, lengths, several messages in one packet, forms of
 * errors. */
#include "sim/firmware/mcuboot/app/app.h"

/* One message's way through the server. */
enum verdict { GOES_ON, ENDS_PACKET };

static unsigned check_header(const struct sim_server *server, const struct rig_smp_header *header,
                             size_t n_body)
{
    if (header->length > n_body)
        return RIG_SMP_RC_CORRUPT;
    if (header->version > 1)
        return RIG_SMP_RC_TOO_NEW;
    if (header->version == 0 && !server->config->original_protocol)
        return RIG_SMP_RC_TOO_OLD;
    if (!rig_smp_command_known(header->group, header->command, header->op))
        return RIG_SMP_RC_NOT_SUPPORTED;
    return 0;
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

    if (room > server->config->smp_buf_size)
        room = server->config->smp_buf_size;
    struct rig_cbor_writer writer = rig_smp_response_begin(into, room);
    struct sim_reply reply = {.writer = &writer};

    if (server->config->legacy_rc) {
        rig_cbor_put_text(&writer, "rc");
        rig_cbor_put_uint(&writer, 0);
    }
    rig_smp_header_decode(message, &header);
    reply.rc = check_header(server, &header, n_message - RIG_SMP_HEADER_BYTES);
    if (!reply.rc)
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
