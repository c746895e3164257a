/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mcumgr SMP in the values of attributes: a message may come in several of them. */
#include "protocol/ble/parts.h"
#include "protocol/smp/smp.h"
#include "protocol/smp/smp_server.h"

#include <string.h>

static struct rig_line more(struct rig_ble_reading *reading)
{
    size_t n_before = strlen(reading->explanation);
    struct rig_line line =
        rig_line_begin(reading->explanation + n_before, sizeof reading->explanation - n_before);

    if (n_before)
        rig_line_add(&line, "; ");
    return line;
}

static void explain_repeat(struct rig_ble_connection *connection, uint64_t off,
                           struct rig_ble_reading *reading)
{
    struct rig_line line;

    connection->n_chunk_repeats = off == connection->chunk_off ? connection->n_chunk_repeats + 1 : 1;
    connection->chunk_off = off;
    if (connection->n_chunk_repeats < 3)
        return;
    line = more(reading);
    rig_line_add(&line,
                 "the same chunk went out %u times without an answer: the board does not get it (longer than "
                 "ATT_MTU - 3 "
                 "or than its buffer), or is stuck; send smaller chunks, see that notifications are on",
                 connection->n_chunk_repeats);
}

static void take_request(struct rig_ble_connection *connection, const struct rig_smp_header *header,
                         const uint8_t *bytes, size_t n_bytes, struct rig_ble_reading *reading)
{
    struct rig_smp_request request;

    connection->asked[header->sequence] = (struct rig_ble_asked){.waits = true,
                                                                 .version = header->version,
                                                                 .op = header->op,
                                                                 .command = header->command,
                                                                 .group = header->group};
    if (header->length + (size_t)RIG_SMP_HEADER_BYTES != n_bytes) {
        struct rig_line line = more(reading);

        rig_line_add(
            &line,
            "the header says %u bytes of body, %zu came: the length counts what follows the header, big "
            "endian, and one write carries one message",
            header->length, n_bytes - RIG_SMP_HEADER_BYTES);
    }
    if (header->group != RIG_SMP_GROUP_IMAGE || header->command != RIG_SMP_IMAGE_UPLOAD ||
        header->op != RIG_SMP_WRITE)
        return;
    if (rig_smp_decode_request(bytes, n_bytes, &request) == RIG_SMP_OK &&
        request.keys[RIG_SMP_KEY_OFF].present)
        explain_repeat(connection, request.keys[RIG_SMP_KEY_OFF].number, reading);
}

static void explain_version(const struct rig_ble_asked *asked, const struct rig_smp_header *header,
                            struct rig_ble_reading *reading)
{
    struct rig_line line;

    if (!asked->waits || header->version >= asked->version)
        return;
    line = more(reading);
    rig_line_add(&line,
                 "header version %u to a request of version %u: an old server; a client "
                 "must take its answers, with plain rc codes, as they are",
                 header->version, asked->version);
}

static void explain_rc(const struct rig_ble_connection *connection, const struct rig_smp_header *header,
                       const struct rig_smp_error *error, struct rig_ble_reading *reading)
{
    bool upload = header->group == RIG_SMP_GROUP_IMAGE && header->command == RIG_SMP_IMAGE_UPLOAD;
    struct rig_line line;

    if (!error->failed || error->group_error)
        return;
    line = more(reading);
    if (error->rc == RIG_SMP_RC_NOT_SUPPORTED && header->group == RIG_SMP_GROUP_OS &&
        header->command == RIG_SMP_OS_PARAMETERS)
        rig_line_add(&line,
                     "the firmware is older than the parameters command, which is no fault: send messages of "
                     "at most ATT_MTU - 3 bytes, one at a time");
    else if (error->rc == RIG_SMP_RC_NOT_SUPPORTED)
        rig_line_add(&line, "this firmware was built without the command");
    else if (error->rc == RIG_SMP_RC_NO_MEMORY && upload)
        rig_line_add(
            &line,
            "an old server says rc 2 also when no slot is free: %s; reset so that it is swapped in, confirm "
            "it or let it be reverted, or erase the slot (image erase), then upload again",
            connection->pending_seen ? "the other slot holds an image that is pending"
                                     : "look whether the other slot's image is pending or not yet confirmed");
    else if (error->rc == RIG_SMP_RC_NO_MEMORY)
        rig_line_add(&line, "the board had no buffer for it: send less at a time, and wait for each answer");
}

static void take_images(struct rig_ble_connection *connection, const struct rig_smp_response *response)
{
    if (!response->has_images)
        return;
    connection->pending_seen = false;
    for (size_t i = 0; i < response->n_images; i++)
        connection->pending_seen |= response->images[i].pending;
}

static void take_answer(struct rig_ble_connection *connection, const struct rig_smp_header *header,
                        const uint8_t *bytes, size_t n_bytes, struct rig_ble_reading *reading)
{
    struct rig_ble_asked *asked = &connection->asked[header->sequence];
    struct rig_smp_response response;

    if (header->group == RIG_SMP_GROUP_IMAGE && header->command == RIG_SMP_IMAGE_UPLOAD)
        connection->n_chunk_repeats = 0;
    if (header->length == 0) {
        struct rig_line line = more(reading);

        rig_line_add(
            &line, "the header alone, without a body: nothing was said about the result (an empty map would "
                   "be one byte); the server broke off, or ran out of memory: ask again");
    } else if (rig_smp_decode_response(bytes, n_bytes, &response) == RIG_SMP_OK) {
        take_images(connection, &response);
        explain_rc(connection, header, &response.error, reading);
    }
    explain_version(asked, header, reading);
    asked->waits = false;
}

static void explain_smp(struct rig_ble_connection *connection, const uint8_t *bytes, size_t n_bytes,
                        struct rig_ble_reading *reading)
{
    struct rig_smp_header header;

    if (n_bytes < RIG_SMP_HEADER_BYTES)
        return;
    rig_smp_header_decode(bytes, &header);
    if (header.op == RIG_SMP_READ_RSP || header.op == RIG_SMP_WRITE_RSP)
        take_answer(connection, &header, bytes, n_bytes, reading);
    else
        take_request(connection, &header, bytes, n_bytes, reading);
}

#define MAX_PLAUSIBLE_GROUP 10u
#define FIRST_USER_GROUP 64u

/* Without the discovery in the trace the attribute is not known: a value is taken for SMP when its header is
 * one that a server would answer and a CBOR map follows. */
static bool looks_like_smp(const uint8_t *bytes, size_t n_bytes)
{
    struct rig_smp_header header;
    size_t n_here;

    if (n_bytes <= RIG_SMP_HEADER_BYTES)
        return false;
    rig_smp_header_decode(bytes, &header);
    n_here = n_bytes - RIG_SMP_HEADER_BYTES;
    return header.version <= 1 && header.op <= RIG_SMP_WRITE_RSP && header.flags == 0 &&
           header.length >= n_here && header.length <= RIG_BLE_MAX_SMP_BYTES &&
           (header.group <= MAX_PLAUSIBLE_GROUP || header.group == FIRST_USER_GROUP) &&
           bytes[RIG_SMP_HEADER_BYTES] >= 0xa0 && bytes[RIG_SMP_HEADER_BYTES] <= 0xbf;
}

static void tell(struct rig_ble_connection *connection, const uint8_t *bytes, size_t n_bytes,
                 struct rig_line *line, struct rig_ble_reading *reading)
{
    char text[256];
    struct rig_smp_header header;

    rig_smp_describe(bytes, n_bytes, NULL, text, sizeof text);
    rig_line_add(line, "SMP %s", text);
    if (n_bytes < RIG_SMP_HEADER_BYTES)
        return;
    rig_smp_header_decode(bytes, &header);
    if (header.op == RIG_SMP_WRITE && header.group == RIG_SMP_GROUP_OS && header.command == RIG_SMP_OS_RESET)
        connection->reset_asked = true;
    explain_smp(connection, bytes, n_bytes, reading);
}

static bool read_continuation(struct rig_ble_connection *connection, struct rig_ble_pieces *message,
                              const uint8_t *bytes, size_t n_bytes, struct rig_line *line,
                              struct rig_ble_reading *reading)
{
    size_t n_before = message->n_bytes;

    if (!rig_ble_pieces_add(message, bytes, n_bytes)) {
        rig_line_add(line, ", %zu bytes: SMP, bytes %zu to %zu of %zu", n_bytes, n_before, message->n_bytes,
                     message->n_wanted);
        return true;
    }
    rig_line_add(line, ", the last %zu of %zu bytes: ", n_bytes, message->n_wanted);
    tell(connection, message->bytes, message->n_bytes, line, reading);
    rig_ble_pieces_drop(message);
    return true;
}

static void explain_broken_off(size_t n_got, size_t n_promised, struct rig_ble_reading *reading)
{
    size_t n_before = strlen(reading->explanation);
    struct rig_line line =
        rig_line_begin(reading->explanation + n_before, sizeof reading->explanation - n_before);

    rig_line_add(&line, "%sthe message before broke off at %zu of %zu bytes: a piece was lost, ask again",
                 n_before ? "; " : "", n_got, n_promised);
}

bool rig_ble_read_smp(struct rig_ble_connection *connection, unsigned half, uint16_t handle,
                      const uint8_t *bytes, size_t n_bytes, struct rig_line *line,
                      struct rig_ble_reading *reading)
{
    struct rig_ble_half *mine = &connection->halves[half];
    bool known = handle != 0 && handle == connection->smp_value;
    size_t n_wanted, n_got = 0, n_promised = 0;
    struct rig_smp_header header;
    bool broken_off = false;

    if (mine->smp.bytes && mine->smp_handle == handle) {
        /* A new message where a piece was due: the rest of the old one was lost. */
        if (!looks_like_smp(bytes, n_bytes) || n_bytes == mine->smp.n_wanted - mine->smp.n_bytes)
            return read_continuation(connection, &mine->smp, bytes, n_bytes, line, reading);
        broken_off = true;
        n_got = mine->smp.n_bytes;
        n_promised = mine->smp.n_wanted;
        rig_line_add(line, " (the message before stays at %zu of %zu bytes)", n_got, n_promised);
    }
    rig_ble_pieces_drop(&mine->smp);
    if (!looks_like_smp(bytes, n_bytes) && !known)
        return false;
    if (n_bytes >= RIG_SMP_HEADER_BYTES) {
        rig_smp_header_decode(bytes, &header);
        n_wanted = RIG_SMP_HEADER_BYTES + (size_t)header.length;
        if (n_bytes < n_wanted && n_wanted <= RIG_BLE_MAX_SMP_BYTES &&
            rig_ble_pieces_begin(&mine->smp, n_wanted)) {
            mine->smp_handle = handle;
            rig_ble_pieces_add(&mine->smp, bytes, n_bytes);
            rig_line_add(line, ", %zu bytes: SMP, the first %zu of %zu bytes, seq %u", n_bytes, n_bytes,
                         n_wanted, header.sequence);
            return true;
        }
    }
    rig_line_add(line, ", %zu bytes: ", n_bytes);
    tell(connection, bytes, n_bytes, line, reading);
    if (broken_off)
        explain_broken_off(n_got, n_promised, reading);
    return true;
}
