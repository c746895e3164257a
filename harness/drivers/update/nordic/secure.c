/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The client of Nordic's secure bootloader (nRF5 SDK 12 to 17): init packet and image in objects, each
 * checked by its CRC and sent again when that is wrong; goes on where the board is. */
#include "drivers/update/nordic/nordic_client.h"

#include <string.h>
#include <zlib.h>

#define CAREFUL_PRN 8u /* of the 17 receive buffers of SDK 17 */

static const struct rig_characteristic control = {"DFU control point", RIG_DFU_SERVICE_UUID,
                                                  RIG_DFU_CONTROL_UUID};
static const struct rig_characteristic packet = {"DFU packet", RIG_DFU_SERVICE_UUID, RIG_DFU_PACKET_UUID};
static const struct rig_characteristic open_door = {"buttonless DFU", RIG_DFU_SERVICE_UUID,
                                                    RIG_DFU_BUTTONLESS_UUID};
static const struct rig_characteristic bonded_door = {"buttonless DFU with bonds", RIG_DFU_SERVICE_UUID,
                                                      RIG_DFU_BUTTONLESS_BONDED_UUID};
static const struct rig_characteristic experimental_door = {"experimental buttonless DFU",
                                                            RIG_DFU_BUTTONLESS_EXPERIMENTAL_UUID,
                                                            RIG_DFU_BUTTONLESS_EXPERIMENTAL_UUID};

#define ENTER                                                                                                \
    {                                                                                                        \
        .bytes = {RIG_BUTTONLESS_ENTER}, .n_bytes = 1                                                        \
    }
static const struct rig_nordic_door doors[] = {
    {&open_door, RIG_DFU_BUTTONLESS, RIG_SUBSCRIBE_INDICATE, ENTER, false},
    {&bonded_door, RIG_DFU_BUTTONLESS, RIG_SUBSCRIBE_INDICATE, ENTER, true},
    {&experimental_door, RIG_DFU_BUTTONLESS, RIG_SUBSCRIBE_NOTIFY, ENTER, false},
};
static const struct rig_nordic_kind kind = {.dialect = RIG_DFU_SECURE,
                                            .control = &control,
                                            .packet = &packet,
                                            .doors = doors,
                                            .n_doors = G_N_ELEMENTS(doors),
                                            .ping = RIG_DFU_PING};

/* What is sent in objects: the init packet, or the image of a part. */
struct stream {
    struct rig_nordic_transfer *it;
    enum rig_dfu_object type;
    const guint8 *bytes;
    guint32 n_bytes;
    guint32 object_bytes; /* the most in one object */
    guint16 prn;
    guint n_unreported;  /* packets since the board's counter began */
    guint32 crc_at, crc; /* of the bytes up to there */
};

static bool ask(struct rig_nordic_transfer *it, struct rig_dfu_request request,
                struct rig_dfu_response *response, GError **error)
{
    return rig_nordic_ask(it->client, &request, RIG_NORDIC_ANSWER_US, response, it->result, error);
}

/* at: within the stream. */
static guint32 crc_up_to(struct stream *stream, guint32 at)
{
    if (at < stream->crc_at)
        stream->crc_at = stream->crc = 0;
    stream->crc = (guint32)crc32(stream->crc, stream->bytes + stream->crc_at, (uInt)(at - stream->crc_at));
    stream->crc_at = at;
    return stream->crc;
}

static bool has_prefix(struct stream *stream, const struct rig_dfu_response *response)
{
    return response->offset <= stream->n_bytes && crc_up_to(stream, response->offset) == response->crc;
}

static bool set_prn(struct stream *stream, guint16 prn, GError **error)
{
    struct rig_dfu_response ignored;

    stream->prn = prn;
    stream->n_unreported = 0;
    return ask(stream->it, rig_dfu_set_prn(RIG_DFU_SET_PRN, prn), &ignored, error);
}

/* --- packets of one object --- */

static bool send_piece(struct stream *stream, guint32 at, gsize n_bytes, GError **error)
{
    struct rig_nordic_transfer *it = stream->it;

    stream->n_unreported++;
    if (stream->type == RIG_DFU_DATA_OBJECT)
        return rig_nordic_send_chunk(it, stream->bytes + at, at, n_bytes, error);
    return rig_nordic_packet(it->client, NULL, stream->bytes + at, n_bytes, it->result, error);
}

/* After each n-th packet the board reports. *whole: it has all up to there. A report that does not come is
 * asked for by who sends the object. */
static bool take_receipt(struct stream *stream, guint32 sent, bool *whole, GError **error)
{
    struct rig_nordic_transfer *it = stream->it;
    struct rig_dfu_response receipt;

    *whole = true;
    if (stream->prn == 0 || stream->n_unreported < stream->prn)
        return true;
    stream->n_unreported = 0;
    if (!rig_nordic_await(it->client, RIG_DFU_GET_CRC, RIG_DFU_GET_CRC, RIG_NORDIC_RECEIPT_US, &receipt,
                          it->result, error))
        return false;
    if (it->result->kind == RIG_UPDATE_NO_ANSWER) {
        *it->result = (struct rig_update_result){.kind = RIG_UPDATE_DONE, .text = "ok"};
        *whole = false;
        return true;
    }
    if (!rig_nordic_goes_on(it))
        return true;
    *whole = receipt.success && receipt.offset == sent && has_prefix(stream, &receipt);
    if (*whole && stream->type == RIG_DFU_DATA_OBJECT)
        rig_nordic_acknowledge(it, sent);
    return true;
}

static bool must_stop(const struct stream *stream, guint32 at)
{
    return stream->type == RIG_DFU_DATA_OBJECT && rig_nordic_must_stop(stream->it, at);
}

/* From `at` to `end`, or as far as the transfer is to go. *sent: how far it came. */
static bool send_pieces(struct stream *stream, guint32 at, guint32 end, guint32 *sent, GError **error)
{
    struct rig_nordic_transfer *it = stream->it;
    gsize room = rig_nordic_packet_room(it->client);
    bool whole = true;

    while (rig_nordic_goes_on(it) && whole && at < end && !must_stop(stream, at)) {
        gsize n_bytes = MIN(room, end - at);

        if (!send_piece(stream, at, n_bytes, error))
            return false;
        at += (guint32)n_bytes;
        if (rig_nordic_goes_on(it) && !take_receipt(stream, at, &whole, error))
            return false;
    }
    *sent = at;
    return true;
}

/* --- one object --- */

/* *right: the board has just what was sent. */
static bool check(struct stream *stream, guint32 sent, bool *right, struct rig_dfu_response *seen,
                  GError **error)
{
    struct rig_nordic_transfer *it = stream->it;

    *right = false;
    if (!ask(it, rig_dfu_request_of(RIG_DFU_GET_CRC), seen, error))
        return false;
    if (!rig_nordic_goes_on(it))
        return true;
    *right = seen->offset == sent && has_prefix(stream, seen);
    if (*right && stream->type == RIG_DFU_DATA_OBJECT)
        rig_nordic_acknowledge(it, sent);
    if (!*right)
        it->report->n_mismatches++;
    return true;
}

static void set_never_right(struct stream *stream, guint32 begin, guint32 sent,
                            const struct rig_dfu_response *seen)
{
    struct rig_update_result *result = stream->it->result;

    result->kind = RIG_UPDATE_NO_PROGRESS;
    g_snprintf(
        result->text, sizeof result->text,
        "the object at byte %u never arrives as it was sent: after %u bytes with CRC %08x the board has %u "
        "with CRC %08x; packets are lost or changed on the way, or come faster than it writes (`prn`)",
        begin, sent, crc_up_to(stream, sent), seen->offset, seen->crc);
}

/* What a lost link may leave of this part. */
static void nordic_keep(struct rig_nordic_transfer *it, guint64 offset)
{
    it->safe = it->base + offset;
}

/* One attempt at the object's bytes from `at` on; at == begin: it is created first. *sent: how far it came.
 * *right: the board has just that. */
static bool try_object(struct stream *stream, guint32 begin, guint32 at, guint32 end, guint32 *sent,
                       bool *right, struct rig_dfu_response *seen, GError **error)
{
    struct rig_nordic_transfer *it = stream->it;

    *right = false;
    if (at == begin && !ask(it, rig_dfu_create(stream->type, end - begin), seen, error))
        return false;
    if (at == begin)
        stream->n_unreported = 0;
    /* That an object was executed is answered before it is kept; that the next was created, behind it. */
    if (at == begin && rig_nordic_goes_on(it) && stream->type == RIG_DFU_DATA_OBJECT)
        nordic_keep(it, begin);
    return !rig_nordic_goes_on(it) || (send_pieces(stream, at, end, sent, error) &&
                                       (!rig_nordic_goes_on(it) || check(stream, *sent, right, seen, error)));
}

/* A board that writes more slowly than packets come drops the same ones each time. Whoever did not choose
 * otherwise lets it keep up from here on. */
static bool slow_down(struct stream *stream, GError **error)
{
    if (stream->it->transfer->prn || stream->prn || stream->type != RIG_DFU_DATA_OBJECT)
        return true;
    return set_prn(stream, CAREFUL_PRN, error);
}

/* The object from `begin` on, which the board has up to `at` already. Sent again while it arrives wrong.
 * *whole: it is all there, not yet executed; else the transfer is to stop within. */
static bool send_object(struct stream *stream, guint32 begin, guint32 at, bool *whole, GError **error)
{
    struct rig_nordic_transfer *it = stream->it;
    guint32 end = begin + MIN(stream->object_bytes, stream->n_bytes - begin);
    struct rig_dfu_response seen = {0};
    guint32 sent = at;
    bool right = false;

    for (guint n_wrong = 0; n_wrong < it->client->n_tries && rig_nordic_goes_on(it);) {
        if (!try_object(stream, begin, at, end, &sent, &right, &seen, error))
            return false;
        if (right && (sent == end || must_stop(stream, sent)))
            break;
        n_wrong += !right;
        at = right ? sent : begin;
        if (!right && rig_nordic_goes_on(it) && !slow_down(stream, error))
            return false;
    }
    *whole = right && sent == end;
    if (!right && rig_nordic_goes_on(it))
        set_never_right(stream, begin, sent, &seen);
    return true;
}

static bool execute(struct rig_nordic_transfer *it, GError **error)
{
    struct rig_dfu_response ignored;

    return ask(it, rig_dfu_request_of(RIG_DFU_EXECUTE), &ignored, error);
}

/* --- the init packet --- */

/* One that the board has already is only executed; when it does not like that one, it gets it anew. */
static bool send_init(struct rig_nordic_transfer *it, GError **error)
{
    GBytes *init = it->transfer->parts[it->part].init_packet;
    gsize n_bytes;
    struct stream stream = {
        .it = it, .type = RIG_DFU_COMMAND_OBJECT, .bytes = g_bytes_get_data(init, &n_bytes)};
    struct rig_dfu_response there;
    bool whole = true, is_there;

    stream.n_bytes = stream.object_bytes = (guint32)n_bytes;
    if (!ask(it, rig_dfu_select(RIG_DFU_COMMAND_OBJECT), &there, error))
        return false;
    if (rig_nordic_goes_on(it) && !set_prn(&stream, 0, error))
        return false;
    if (!rig_nordic_goes_on(it))
        return true;
    is_there = there.offset > 0 && has_prefix(&stream, &there);
    if (!(is_there && there.offset == n_bytes) &&
        !send_object(&stream, 0, is_there ? there.offset : 0, &whole, error))
        return false;
    if (rig_nordic_goes_on(it) && !execute(it, error))
        return false;
    if (!is_there || it->result->kind != RIG_UPDATE_REFUSED)
        return true;
    *it->result = (struct rig_update_result){.kind = RIG_UPDATE_DONE, .text = "ok"};
    return send_object(&stream, 0, 0, &whole, error) && (!rig_nordic_goes_on(it) || execute(it, error));
}

/* --- the image --- */

/* The last one activates the image: the board answers and resets, or does so at once. */
static bool execute_data(struct stream *stream, guint32 end, GError **error)
{
    struct rig_nordic_transfer *it = stream->it;

    it->all_sent |= end == stream->n_bytes;
    return execute(it, error);
}

static void stop(struct rig_nordic_transfer *it)
{
    it->result->kind = RIG_UPDATE_STOPPED;
    g_strlcpy(it->result->text, "stopped", sizeof it->result->text);
}

static bool send_objects(struct stream *stream, guint32 at, GError **error)
{
    struct rig_nordic_transfer *it = stream->it;

    while (rig_nordic_goes_on(it) && at < stream->n_bytes) {
        guint32 begin = at - at % stream->object_bytes;
        bool whole = false;

        if (rig_nordic_must_stop(it, at)) {
            stop(it);
            return true;
        }
        if (!send_object(stream, begin, at, &whole, error))
            return false;
        at = begin + MIN(stream->object_bytes, stream->n_bytes - begin);
        if (rig_nordic_goes_on(it) && !whole)
            stop(it);
        if (rig_nordic_goes_on(it) && !execute_data(stream, at, error))
            return false;
    }
    return true;
}

/* What the board has of the image, by what it answered to select. An object that is all there may not have
 * been executed: doing so twice has no effect. *at: where to go on. */
static bool take_up(struct stream *stream, const struct rig_dfu_response *there, guint32 *at, GError **error)
{
    struct rig_nordic_transfer *it = stream->it;
    guint32 object = stream->object_bytes;

    *at = there->offset;
    if (there->offset > 0 && !has_prefix(stream, there)) {
        it->report->n_mismatches++;
        *at = MIN(there->offset, stream->n_bytes);
        *at -= *at % object ? *at % object : MIN(*at, object);
    }
    rig_nordic_took_up(it, *at);
    rig_nordic_acknowledge(it, *at);
    if (it->report->n_reconnects)
        nordic_keep(it, *at - *at % object);
    if (*at == 0 || *at != there->offset || (*at % object && *at != stream->n_bytes))
        return true;
    if (!execute_data(stream, *at, error))
        return false;
    /* The next object was created, and nothing of it sent: it is created again. */
    if (it->result->kind == RIG_UPDATE_REFUSED && it->result->code == RIG_DFU_NOT_PERMITTED &&
        *at < stream->n_bytes)
        *it->result = (struct rig_update_result){.kind = RIG_UPDATE_DONE, .text = "ok"};
    return true;
}

static bool send_image(struct rig_nordic_transfer *it, GError **error)
{
    const struct rig_update_transfer *transfer = it->transfer;
    gsize n_bytes;
    struct stream stream = {.it = it,
                            .type = RIG_DFU_DATA_OBJECT,
                            .bytes = g_bytes_get_data(transfer->parts[it->part].bytes, &n_bytes)};
    struct rig_dfu_response there;
    guint32 at = 0;

    stream.n_bytes = (guint32)n_bytes;
    if (transfer->prn && !set_prn(&stream, *transfer->prn, error))
        return false;
    if (!rig_nordic_goes_on(it))
        return true;
    if (!ask(it, rig_dfu_select(RIG_DFU_DATA_OBJECT), &there, error))
        return false;
    if (!rig_nordic_goes_on(it))
        return true;
    stream.object_bytes = transfer->object_bytes ? (guint32)transfer->object_bytes : there.max_bytes;
    if (stream.object_bytes == 0) {
        it->result->kind = RIG_UPDATE_MALFORMED;
        g_strlcpy(it->result->text, "the board says that an object may have 0 bytes",
                  sizeof it->result->text);
        return true;
    }
    return take_up(&stream, &there, &at, error) &&
           (!rig_nordic_goes_on(it) || send_objects(&stream, at, error));
}

/* A bootloader that refuses the whole image resets as well: whoever connects next shall not find it still
 * there. That it does not reset is no more than its refusal. */
static bool see_it_reset(struct rig_nordic_transfer *it, GError **error)
{
    struct rig_update_result ignored = {0};

    return rig_nordic_await_hang_up(it->client, "refused the image", &ignored, error);
}

static bool send_part(struct rig_nordic_transfer *it, GError **error)
{
    if (!send_init(it, error) || (rig_nordic_goes_on(it) && !send_image(it, error)))
        return false;
    if (it->result->kind == RIG_UPDATE_LINK && it->all_sent)
        g_strlcat(it->result->text, ": the board may have taken the image by then", sizeof it->result->text);
    if (it->result->kind == RIG_UPDATE_REFUSED && it->all_sent)
        return see_it_reset(it, error);
    return !rig_nordic_goes_on(it) ||
           rig_nordic_await_hang_up(it->client, "says that it takes the image", it->result, error);
}

static bool transfer(struct rig_update *update, const struct rig_update_transfer *asked,
                     struct rig_update_report *report, struct rig_update_result *result, GError **error)
{
    struct rig_nordic_transfer it = {
        .client = rig_nordic_client_of(update), .transfer = asked, .report = report, .result = result};

    return rig_nordic_transfer_parts(&it, send_part, error);
}

/* --- the role --- */

static struct rig_update *make(void)
{
    return rig_nordic_make(&kind);
}

static bool look(const struct rig_update_packet *begin, struct rig_update_head *head)
{
    return rig_nordic_look(&kind, begin, head);
}

static const char *const capabilities[] = {"dfu", "dfu-secure", "buttonless", NULL};
static const char *const options[] = {"prn", "object", NULL};
static const struct rig_characteristic *const characteristics[] = {
    &control, &packet, &open_door, &bonded_door, &experimental_door, NULL};
const struct rig_update_protocol rig_update_nordic_secure = {
    .name = "nordic-secure",
    .capabilities = capabilities,
    .options = options,
    .keeps_progress_by = "save-progress",
    .characteristics = characteristics,
    .make = make,
    .free = rig_nordic_free,
    .subscribe = rig_nordic_subscribe,
    .greet = rig_nordic_greet,
    .enter = rig_nordic_enter,
    .transfer = transfer,
    .ping = rig_nordic_ping,
    .restart = rig_nordic_restart,
    .faults_ended = rig_nordic_faults_ended,
    .save = rig_nordic_save,
    .restore = rig_nordic_restore,
    .look = look,
    .explain = rig_nordic_explain,
    .describe = rig_nordic_describe,
};
