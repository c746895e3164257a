/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The scripted board: clock, link, and a small upload server. */
#include "drivers/update/smp/smp_fake.h"

#include "protocol/smp/smp_server.h"

#include <string.h>

struct fake_packet {
    GBytes *bytes;
    guint64 due_us;
    bool last; /* of its answer */
    bool hang_up;
};

static struct fake *of_board(struct rig_board *board)
{
    return (struct fake *)((char *)board - G_STRUCT_OFFSET(struct fake, board));
}

static struct fake *of_link(struct rig_link *link)
{
    return (struct fake *)((char *)link - G_STRUCT_OFFSET(struct fake, link));
}

static void packet_free(gpointer item)
{
    struct fake_packet *packet = item;

    g_clear_pointer(&packet->bytes, g_bytes_unref);
    g_free(packet);
}

static gint by_due(gconstpointer a, gconstpointer b, gpointer user)
{
    const struct fake_packet *left = a, *right = b;

    (void)user;
    return left->due_us <= right->due_us ? -1
                                         : 1; /* equal ones stay in the order in which they were posted */
}

static void post(struct fake *fake, const guint8 *bytes, gsize n_bytes, guint64 late_us, bool last)
{
    struct fake_packet *packet = g_new0(struct fake_packet, 1);

    packet->bytes = g_bytes_new(bytes, n_bytes);
    packet->due_us = fake->now_us + FAKE_AIR_US + late_us;
    packet->last = last;
    g_queue_insert_sorted(fake->inbox, packet, by_due, NULL);
}

void fake_post(struct fake *fake, const guint8 *bytes, gsize n_bytes)
{
    post(fake, bytes, n_bytes, 0, false);
}

static void answer_in_pieces(struct fake *fake, const guint8 *bytes, gsize n_bytes, gsize piece,
                             guint64 late_us)
{
    fake->n_waiting++;
    fake->most_waiting = MAX(fake->most_waiting, fake->n_waiting);
    for (gsize at = 0; at < n_bytes; at += piece)
        post(fake, bytes + at, MIN(piece, n_bytes - at), late_us, at + piece >= n_bytes);
}

/* Dropping, resuming and the offset as in section 5 of the protocol's upload. */
static void take(struct fake *fake, const struct rig_smp_request *request)
{
    const struct rig_smp_value *chunk = &request->keys[RIG_SMP_KEY_CHUNK];
    guint64 off = request->keys[RIG_SMP_KEY_OFF].number;

    /* What is complete is forgotten: the same file begins anew. */
    if (off == 0 && fake->offset == FAKE_IMAGE_BYTES)
        fake->offset = 0;
    if (off != fake->offset || off + chunk->n_bytes > FAKE_IMAGE_BYTES)
        return;
    memcpy(fake->image + off, chunk->bytes, chunk->n_bytes);
    fake->offset = off + chunk->n_bytes;
}

static gsize put_body(struct fake *fake, const struct rig_smp_request *request, guint64 off, guint8 *into,
                      gsize room)
{
    struct rig_cbor_writer writer = rig_smp_response_begin(into, room);

    if (request->header.group == RIG_SMP_GROUP_IMAGE) {
        rig_cbor_put_text(&writer, "off");
        rig_cbor_put_uint(&writer, off);
    } else if (request->header.command == RIG_SMP_OS_PARAMETERS) {
        rig_cbor_put_text(&writer, "buf_size");
        rig_cbor_put_uint(&writer, fake->buf_size);
        rig_cbor_put_text(&writer, "buf_count");
        rig_cbor_put_uint(&writer, fake->buf_count);
    } else {
        rig_cbor_put_text(&writer, "r");
        rig_cbor_put_text_bytes(&writer, request->keys[RIG_SMP_KEY_ECHO].bytes,
                                request->keys[RIG_SMP_KEY_ECHO].n_bytes);
    }
    return rig_smp_response_finish(&writer, &request->header);
}

static gsize put_answer(struct fake *fake, const struct rig_smp_request *request,
                        const struct fake_answer *answer, guint8 *into, gsize room)
{
    static const guint8 garbage[] = {0xff, 0x00, 0x1f};
    struct rig_smp_header header = request->header;

    switch (answer->kind) {
    case FAKE_OFF:
    case FAKE_FORGET:
        return put_body(fake, request, answer->kind == FAKE_OFF ? answer->n : 0, into, room);
    case FAKE_NO_OFF: {
        struct rig_cbor_writer writer = rig_smp_response_begin(into, room);

        return rig_smp_response_finish(&writer, &header);
    }
    case FAKE_RC:
        return rig_smp_encode_rc(&header, (unsigned)answer->n, NULL, into, room);
    case FAKE_GROUP_RC:
        return rig_smp_encode_group_error(&header, RIG_SMP_GROUP_IMAGE, (unsigned)answer->n, into, room);
    case FAKE_GARBAGE:
        header.op++;
        header.length = sizeof garbage;
        rig_smp_header_encode(&header, into);
        memcpy(into + RIG_SMP_HEADER_BYTES, garbage, sizeof garbage);
        return RIG_SMP_HEADER_BYTES + sizeof garbage;
    case FAKE_PROPER:
    case FAKE_SILENCE:
    case FAKE_MUTE:
    case FAKE_LATE:
    case FAKE_TWICE:
    case FAKE_IN_PIECES:
    case FAKE_BEGINNING:
    case FAKE_LINK_LOST:
    default:
        if (request->header.command == RIG_SMP_OS_PARAMETERS && request->header.group == RIG_SMP_GROUP_OS &&
            fake->buf_size == 0)
            return rig_smp_encode_rc(&header, RIG_SMP_RC_NOT_SUPPORTED, NULL, into, room);
        return put_body(fake, request, fake->offset, into, room);
    }
}

static bool takes(enum fake_answer_kind kind)
{
    return kind == FAKE_PROPER || kind == FAKE_MUTE || kind == FAKE_LATE || kind == FAKE_TWICE ||
           kind == FAKE_IN_PIECES || kind == FAKE_BEGINNING;
}

static void play(struct fake *fake, const struct rig_smp_request *request, const struct fake_answer *answer)
{
    guint8 bytes[512];
    gsize n_bytes;

    if (answer->kind == FAKE_LINK_LOST)
        fake->connected = false;
    if (answer->kind == FAKE_FORGET)
        fake->offset = 0;
    if (takes(answer->kind) && request->header.group == RIG_SMP_GROUP_IMAGE)
        take(fake, request);
    if (answer->kind == FAKE_SILENCE || answer->kind == FAKE_MUTE || answer->kind == FAKE_LINK_LOST)
        return;
    n_bytes = put_answer(fake, request, answer, bytes, sizeof bytes);
    if (answer->kind == FAKE_BEGINNING)
        n_bytes = MIN(n_bytes, answer->n);
    for (guint i = 0; i < (answer->kind == FAKE_TWICE ? 2u : 1u); i++)
        answer_in_pieces(fake, bytes, n_bytes, answer->kind == FAKE_IN_PIECES ? answer->n : sizeof bytes,
                         answer->kind == FAKE_LATE ? answer->n : 0);
}

static void receive_request(struct fake *fake, const guint8 *bytes, gsize n_bytes)
{
    static const struct fake_answer proper = {FAKE_PROPER, 0};
    guint index = fake->requests->len;
    struct rig_smp_request decoded;
    struct fake_request record = {.message = g_bytes_new(bytes, n_bytes), .at_us = fake->now_us};
    bool ok = rig_smp_decode_request(bytes, n_bytes, &decoded) == RIG_SMP_OK;

    if (ok) {
        record.upload = decoded.header.group == RIG_SMP_GROUP_IMAGE;
        record.off = decoded.keys[RIG_SMP_KEY_OFF].number;
        record.n_data = decoded.keys[RIG_SMP_KEY_CHUNK].n_bytes;
        record.has_len = decoded.keys[RIG_SMP_KEY_LEN].present;
        record.has_sha = decoded.keys[RIG_SMP_KEY_SHA].present;
    }
    g_array_append_val(fake->requests, record);
    if (ok)
        play(fake, &decoded, index < fake->n_script ? &fake->script[index] : &proper);
}

static bool fake_write(struct rig_link *link, const struct rig_characteristic *characteristic,
                       enum rig_write_kind kind, const guint8 *bytes, gsize n_bytes,
                       enum rig_link_outcome *outcome, GError **error)
{
    struct fake *fake = of_link(link);
    struct rig_smp_header header;

    (void)error;
    g_assert(characteristic == &rig_smp_characteristic && kind == RIG_WRITE_COMMAND);
    *outcome = fake->connected ? RIG_LINK_OK : RIG_LINK_LOST;
    if (!fake->connected)
        return true;
    fake->n_writes++;
    fake->longest_write = MAX(fake->longest_write, n_bytes);
    g_byte_array_append(fake->joining, bytes, (guint)n_bytes);
    if (fake->joining->len < RIG_SMP_HEADER_BYTES)
        return true;
    rig_smp_header_decode(fake->joining->data, &header);
    if (fake->joining->len >= RIG_SMP_HEADER_BYTES + (guint)header.length) {
        receive_request(fake, fake->joining->data, fake->joining->len);
        g_byte_array_set_size(fake->joining, 0);
    }
    return true;
}

static bool fake_receive(struct rig_link *link, guint64 until_us, struct rig_link_packet *packet,
                         enum rig_link_outcome *outcome, GError **error)
{
    struct fake *fake = of_link(link);
    struct fake_packet *first = g_queue_peek_head(fake->inbox);

    (void)error;
    *packet = (struct rig_link_packet){.from = &rig_smp_characteristic};
    if (first && first->due_us <= until_us) {
        fake->now_us = MAX(fake->now_us, first->due_us);
        packet->value = g_bytes_ref(first->bytes);
        fake->n_waiting -= first->last;
        packet_free(g_queue_pop_head(fake->inbox));
        *outcome = RIG_LINK_OK;
        return true;
    }
    *outcome = fake->connected ? RIG_LINK_TIMEOUT : RIG_LINK_LOST;
    if (fake->connected)
        fake->now_us = MAX(fake->now_us, until_us);
    return true;
}

static bool fake_connect(struct rig_link *link, const struct rig_link_connect *how,
                         enum rig_link_outcome *outcome, GError **error)
{
    struct fake *fake = of_link(link);

    (void)how;
    (void)error;
    fake->connected = ++fake->n_connects <= fake->n_connects_allowed;
    *outcome = fake->connected ? RIG_LINK_OK : RIG_LINK_NOT_FOUND;
    return true;
}

static bool fake_subscribe(struct rig_link *link, const struct rig_characteristic *characteristic,
                           enum rig_subscription subscription, enum rig_link_outcome *outcome, GError **error)
{
    (void)error;
    g_assert(characteristic == &rig_smp_characteristic && subscription == RIG_SUBSCRIBE_NOTIFY);
    *outcome = of_link(link)->connected ? RIG_LINK_OK : RIG_LINK_LOST;
    return true;
}

static bool fake_disconnect(struct rig_link *link, GError **error)
{
    (void)error;
    of_link(link)->connected = false;
    return true;
}

static void fake_state(struct rig_link *link, struct rig_link_state *state)
{
    *state = (struct rig_link_state){.connected = of_link(link)->connected, .mtu = of_link(link)->mtu};
    g_strlcpy(state->text, state->connected ? "connected" : "gone (HCI 0x08)", sizeof state->text);
}

static guint64 fake_now_us(struct rig_board *board)
{
    return of_board(board)->now_us;
}

static const struct rig_link_ops link_ops = {
    .name = "scripted",
    .connect = fake_connect,
    .subscribe = fake_subscribe,
    .disconnect = fake_disconnect,
    .write = fake_write,
    .receive = fake_receive,
    .state = fake_state,
};
static const struct rig_board_ops board_ops = {.now_us = fake_now_us};

struct fake *fake_new(const struct fake_answer *script, guint n_script)
{
    struct fake *fake = g_new0(struct fake, 1);

    fake->board = (struct rig_board){.ops = &board_ops, .link = &fake->link};
    fake->link.ops = &link_ops;
    fake->connected = true;
    fake->n_connects_allowed = 100;
    fake->mtu = 247;
    fake->buf_size = 384;
    fake->buf_count = 4;
    fake->script = script;
    fake->n_script = n_script;
    fake->requests = g_array_new(FALSE, FALSE, sizeof(struct fake_request));
    fake->joining = g_byte_array_new();
    fake->inbox = g_queue_new();
    return fake;
}

void fake_free(struct fake *fake)
{
    for (guint i = 0; i < fake->requests->len; i++)
        g_bytes_unref(g_array_index(fake->requests, struct fake_request, i).message);
    g_array_unref(fake->requests);
    g_byte_array_unref(fake->joining);
    g_queue_free_full(fake->inbox, packet_free);
    g_free(fake);
}

const struct fake_request *fake_request(const struct fake *fake, guint i)
{
    g_assert(i < fake->requests->len);
    return &g_array_index(fake->requests, struct fake_request, i);
}

void fake_fill_image(guint8 image[FAKE_IMAGE_BYTES])
{
    for (guint i = 0; i < FAKE_IMAGE_BYTES; i++)
        image[i] = (guint8)(i * 7 + i / 256);
}
