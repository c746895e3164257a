/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The scripted board: clock, link, application, and two small bootloaders. */
#include "drivers/update/nordic/nordic_fake.h"

#include "base/bytes.h"

#include <string.h>
#include <zlib.h>

struct fake_packet {
    GBytes *bytes;
    const struct rig_characteristic *from;
    guint64 due_us;
};

static void packet_free(gpointer item)
{
    struct fake_packet *packet = item;

    g_bytes_unref(packet->bytes);
    g_free(packet);
}

static struct fake *of_board(struct rig_board *board)
{
    return (struct fake *)((char *)board - G_STRUCT_OFFSET(struct fake, board));
}

static struct fake *of_link(struct rig_link *link)
{
    return (struct fake *)((char *)link - G_STRUCT_OFFSET(struct fake, link));
}

static void post(struct fake *fake, const struct rig_characteristic *from, const guint8 *bytes, gsize n_bytes,
                 guint64 late_us)
{
    struct fake_packet *packet = g_new0(struct fake_packet, 1);

    packet->bytes = g_bytes_new(bytes, n_bytes);
    packet->from = from;
    packet->due_us = fake->now_us + FAKE_AIR_US + late_us;
    g_queue_push_tail(fake->inbox, packet);
}

static void hang_up(struct fake *fake)
{
    fake->connected = fake->subscribed = false;
    if (!fake->keeps_progress) {
        g_byte_array_set_size(fake->image, 0);
        fake->n_executed = 0;
        fake->object_end = 0;
    } else if (fake->image->len > fake->n_executed) {
        g_byte_array_set_size(fake->image, (guint)fake->n_executed);
        fake->object_end = (guint32)fake->n_executed;
    }
}

/* The board resets: what it said before still arrives. */
static void reset_into(struct fake *fake, bool bootloader)
{
    if (fake->never_resets)
        return;
    hang_up(fake);
    fake->bootloader = bootloader && !fake->stays_in_application;
    fake->fresh_us = fake->now_us + fake->stale_us;
}

/* --- the secure bootloader --- */

struct reply {
    guint8 bytes[20];
    gsize n_bytes;
};

static struct reply reply_of(guint8 marker, guint8 op, guint8 result)
{
    return (struct reply){.bytes = {marker, op, result}, .n_bytes = 3};
}

static void add_u32(struct reply *reply, guint32 number)
{
    rig_put_le32(reply->bytes + reply->n_bytes, number);
    reply->n_bytes += 4;
}

static GByteArray *object_of(struct fake *fake)
{
    return fake->object == RIG_DFU_COMMAND_OBJECT ? fake->init : fake->image;
}

static void add_progress(struct fake *fake, struct reply *reply)
{
    GByteArray *object = object_of(fake);

    add_u32(reply, object->len);
    add_u32(reply, (guint32)crc32(0, object->data, object->len));
}

static guint8 create(struct fake *fake, const guint8 *bytes)
{
    guint32 n_bytes = rig_get_le32(bytes + 2);

    fake->n_creates++;
    fake->object = bytes[1];
    fake->n_unreported = 0;
    if (n_bytes == 0)
        return RIG_DFU_INVALID_PARAMETER;
    if (fake->object == RIG_DFU_COMMAND_OBJECT) {
        if (n_bytes > 512)
            return RIG_DFU_NO_RESOURCES;
        g_byte_array_set_size(fake->init, 0);
        g_byte_array_set_size(fake->image, 0);
        fake->n_executed = 0;
        fake->init_valid = false;
        fake->object_end = n_bytes;
        return RIG_DFU_SUCCESS;
    }
    if (!fake->init_valid)
        return RIG_DFU_NOT_PERMITTED;
    if (n_bytes > FAKE_MAX_OBJECT)
        return RIG_DFU_NO_RESOURCES;
    g_byte_array_set_size(fake->image, (guint)fake->n_executed);
    fake->object_end = (guint32)fake->n_executed + n_bytes;
    return RIG_DFU_SUCCESS;
}

static void activate(struct fake *fake)
{
    fake->activated = true;
    memcpy(fake->taken, fake->image->data, MIN(fake->image->len, FAKE_IMAGE_BYTES));
}

static guint8 execute(struct fake *fake)
{
    GByteArray *object = object_of(fake);

    if (fake->object == RIG_DFU_COMMAND_OBJECT && fake->init_valid)
        return RIG_DFU_SUCCESS;
    if (object->len != fake->object_end)
        return RIG_DFU_NOT_PERMITTED;
    if (fake->object == RIG_DFU_COMMAND_OBJECT) {
        g_autoptr(GBytes) right = fake_init();

        fake->init_valid = object->len == FAKE_INIT_BYTES &&
                           memcmp(object->data, g_bytes_get_data(right, NULL), object->len) == 0;
        return fake->init_valid ? RIG_DFU_SUCCESS : RIG_DFU_INVALID_OBJECT;
    }
    fake->n_executed = object->len;
    if (fake->n_executed == FAKE_IMAGE_BYTES)
        activate(fake);
    return RIG_DFU_SUCCESS;
}

static struct reply take_secure(struct fake *fake, const guint8 *bytes, gsize n_bytes)
{
    struct reply reply = reply_of(RIG_DFU_RESPONSE, bytes[0], RIG_DFU_SUCCESS);

    if (bytes[0] == RIG_DFU_CREATE && n_bytes == 6) {
        reply.bytes[2] = create(fake, bytes);
    } else if (bytes[0] == RIG_DFU_SELECT && n_bytes == 2) {
        fake->object = bytes[1];
        add_u32(&reply, bytes[1] == RIG_DFU_COMMAND_OBJECT ? 512 : FAKE_MAX_OBJECT);
        add_progress(fake, &reply);
    } else if (bytes[0] == RIG_DFU_GET_CRC) {
        add_progress(fake, &reply);
    } else if (bytes[0] == RIG_DFU_SET_PRN && n_bytes == 3) {
        fake->prn = rig_get_le16(bytes + 1);
        fake->n_unreported = 0;
    } else if (bytes[0] == RIG_DFU_EXECUTE) {
        reply.bytes[2] = execute(fake);
    } else {
        reply.bytes[2] = RIG_DFU_NOT_SUPPORTED;
    }
    return reply;
}

static void report(struct fake *fake, const struct rig_characteristic *control)
{
    struct reply reply = reply_of(RIG_DFU_RESPONSE, RIG_DFU_GET_CRC, RIG_DFU_SUCCESS);

    if (fake->prn == 0 || ++fake->n_unreported < fake->prn)
        return;
    fake->n_unreported = 0;
    fake->n_receipts++;
    if (fake->legacy) {
        reply = (struct reply){.bytes = {RIG_LEGACY_RECEIPT}, .n_bytes = 1};
        add_u32(&reply, fake->image->len);
    } else {
        add_progress(fake, &reply);
    }
    post(fake, control, reply.bytes, reply.n_bytes, 0);
}

/* --- the legacy bootloader --- */

static struct reply take_legacy(struct fake *fake, const guint8 *bytes, gsize n_bytes)
{
    struct reply reply = reply_of(RIG_LEGACY_RESPONSE, bytes[0], RIG_LEGACY_SUCCESS);

    switch (bytes[0]) {
    case RIG_LEGACY_START:
        if (fake->state != 0)
            reply.bytes[2] = RIG_LEGACY_INVALID_STATE;
        else
            fake->state = RIG_LEGACY_START;
        reply.n_bytes = reply.bytes[2] == RIG_LEGACY_SUCCESS ? 0 : 3; /* the sizes first */
        break;
    case RIG_LEGACY_INIT:
        fake->state = RIG_LEGACY_INIT;
        reply.n_bytes = n_bytes > 1 && bytes[1] ? 3 : 0;
        break;
    case RIG_LEGACY_RECEIVE:
        fake->state = RIG_LEGACY_RECEIVE;
        reply.n_bytes = 0;
        break;
    case RIG_LEGACY_SET_PRN:
        fake->prn = rig_get_le16(bytes + 1);
        fake->n_unreported = 0;
        reply.n_bytes = 0;
        break;
    case RIG_LEGACY_VALIDATE:
        break;
    case RIG_LEGACY_REPORT_SIZE:
        add_u32(&reply, fake->image->len);
        break;
    case RIG_LEGACY_ACTIVATE:
        activate(fake);
        fake->state = 0;
        reply.n_bytes = 0;
        break;
    case RIG_LEGACY_RESET:
        fake->state = 0;
        reply.n_bytes = 0;
        break;
    default:
        reply.bytes[2] = RIG_LEGACY_NOT_SUPPORTED;
    }
    return reply;
}

static void take_legacy_packet(struct fake *fake, const struct rig_characteristic *control,
                               const guint8 *bytes, gsize n_bytes)
{
    struct reply reply = {.bytes = {RIG_LEGACY_RESPONSE, RIG_LEGACY_START, RIG_LEGACY_SUCCESS}, .n_bytes = 3};

    if (fake->state == RIG_LEGACY_START) {
        memset(fake->sizes, 0, sizeof fake->sizes);
        for (gsize i = 0; i < n_bytes / 4 && i < 3; i++)
            fake->sizes[i] = rig_get_le32(bytes + 4 * i);
        fake->announced = fake->sizes[0] + fake->sizes[1] + fake->sizes[2];
        if (n_bytes != (fake->version ? 12 : 4))
            reply.bytes[2] = RIG_LEGACY_NOT_SUPPORTED;
        if (reply.bytes[2] != RIG_LEGACY_SUCCESS)
            fake->state = 0;
        post(fake, control, reply.bytes, reply.n_bytes, 0);
    } else if (fake->state == RIG_LEGACY_INIT) {
        g_byte_array_append(fake->init, bytes, (guint)n_bytes);
        reply.bytes[1] = RIG_LEGACY_INIT;
        if (!fake->version)
            post(fake, control, reply.bytes, reply.n_bytes, 0);
    } else if (fake->state == RIG_LEGACY_RECEIVE) {
        g_byte_array_append(fake->image, bytes, (guint)n_bytes);
        if (fake->image->len == fake->announced) {
            reply.bytes[1] = RIG_LEGACY_RECEIVE;
            post(fake, control, reply.bytes, reply.n_bytes, 0);
        } else {
            report(fake, control);
        }
    }
}

/* --- requests --- */

static const struct fake_answer *scripted(const struct fake *fake, guint8 op)
{
    for (guint i = 0; i < fake->n_script; i++)
        if (fake->script[i].op == op && fake->script[i].nth == fake->n_requests[op])
            return &fake->script[i];
    return NULL;
}

static void set_result(struct reply *reply, guint64 result)
{
    reply->n_bytes = result > 0xff ? 4 : 3;
    reply->bytes[2] = (guint8)(result > 0xff ? RIG_DFU_EXTENDED : result);
    reply->bytes[3] = (guint8)result;
}

static void flood(struct fake *fake, const struct rig_characteristic *from, guint64 n)
{
    static const guint8 other[] = {RIG_DFU_RESPONSE, RIG_DFU_PING, RIG_DFU_SUCCESS, 0};

    for (guint64 i = 0; i < n; i++)
        post(fake, from, other, sizeof other, 0);
}

static void answer(struct fake *fake, const struct rig_characteristic *from, struct reply reply,
                   const struct fake_answer *script)
{
    guint64 late_us = script && script->kind == FAKE_LATE ? script->n : 0;

    if (script && script->kind == FAKE_BYTES) {
        memcpy(reply.bytes, script->bytes, script->n);
        reply.n_bytes = script->n;
    } else if (script && script->kind == FAKE_NUMBERS && reply.n_bytes >= 11) {
        rig_put_le32(reply.bytes + reply.n_bytes - 8, (guint32)script->n);
        rig_put_le32(reply.bytes + reply.n_bytes - 4, 0x12345678);
    } else if (script && script->kind == FAKE_FLOOD) {
        flood(fake, from, script->n);
        return;
    } else if (script && script->kind == FAKE_SILENCE) {
        return;
    }
    if (reply.n_bytes)
        post(fake, from, reply.bytes, reply.n_bytes, late_us);
    if (reply.n_bytes && script && script->kind == FAKE_TWICE)
        post(fake, from, reply.bytes, reply.n_bytes, late_us);
}

static struct reply take_application(struct fake *fake, const guint8 *bytes, gsize n_bytes)
{
    if (fake->runs == FAKE_LEGACY_APPLICATION)
        return (struct reply){0};
    if (bytes[0] == RIG_BUTTONLESS_SET_NAME && n_bytes > 2)
        memcpy(fake->name, bytes + 2, MIN(n_bytes - 2, sizeof fake->name - 1));
    return reply_of(RIG_BUTTONLESS_RESPONSE, bytes[0],
                    bytes[0] <= RIG_BUTTONLESS_SET_NAME ? RIG_BUTTONLESS_SUCCESS
                                                        : RIG_BUTTONLESS_NOT_SUPPORTED);
}

/* What follows the answer. */
static void go_on(struct fake *fake, guint8 op)
{
    if (!fake->bootloader && op == 1)
        reset_into(fake, true);
    else if (fake->bootloader && !fake->legacy && op == RIG_DFU_EXECUTE &&
             fake->n_executed == FAKE_IMAGE_BYTES)
        reset_into(fake, false);
    else if (fake->bootloader && fake->legacy && op == RIG_LEGACY_ACTIVATE)
        reset_into(fake, false);
    else if (fake->bootloader && fake->legacy && op == RIG_LEGACY_RESET)
        reset_into(fake, true);
}

/* false: it is not acknowledged. */
static bool take_request(struct fake *fake, const struct rig_characteristic *from, const guint8 *bytes,
                         gsize n_bytes)
{
    const struct fake_answer *script = scripted(fake, bytes[0]);
    guint8 marker = fake->legacy        ? RIG_LEGACY_RESPONSE
                    : !fake->bootloader ? RIG_BUTTONLESS_RESPONSE
                                        : RIG_DFU_RESPONSE;
    struct reply reply;

    fake->n_requests[bytes[0]]++;
    if (script && script->kind == FAKE_LINK_LOST) {
        hang_up(fake);
        return false;
    }
    if (script && script->kind == FAKE_IGNORED)
        return true;
    if (script && script->kind == FAKE_RESULT) {
        reply = reply_of(marker, bytes[0], 0);
        set_result(&reply, script->n);
        post(fake, from, reply.bytes, reply.n_bytes, 0);
        return true;
    }
    reply = !fake->bootloader ? take_application(fake, bytes, n_bytes)
            : fake->legacy    ? take_legacy(fake, bytes, n_bytes)
                              : take_secure(fake, bytes, n_bytes);
    answer(fake, from, reply, script);
    go_on(fake, bytes[0]);
    return !script || script->kind != FAKE_ACT_LOST;
}

static void take_packet(struct fake *fake, const guint8 *bytes, gsize n_bytes)
{
    const struct rig_characteristic *control = fake->legacy ? rig_update_nordic_legacy.characteristics[0]
                                                            : rig_update_nordic_secure.characteristics[0];
    bool of_image = fake->legacy ? fake->state == RIG_LEGACY_RECEIVE : fake->object == RIG_DFU_DATA_OBJECT;

    fake->n_packets++;
    if (of_image && fake->loses_nth_packet && --fake->loses_nth_packet == 0)
        return;
    if (fake->legacy) {
        take_legacy_packet(fake, control, bytes, n_bytes);
        return;
    }
    if (object_of(fake)->len + n_bytes <= fake->object_end)
        g_byte_array_append(object_of(fake), bytes, (guint)n_bytes);
    report(fake, control);
}

/* --- the link --- */

static bool has(const struct fake *fake, const struct rig_characteristic *characteristic)
{
    const char *uuid = characteristic->uuid;
    bool bootloader = fake->bootloader && fake->now_us >= fake->fresh_us;

    if (bootloader && fake->legacy)
        return g_str_equal(uuid, RIG_LEGACY_CONTROL_UUID) || g_str_equal(uuid, RIG_LEGACY_PACKET_UUID) ||
               (fake->version && g_str_equal(uuid, RIG_LEGACY_VERSION_UUID));
    if (bootloader)
        return g_str_equal(uuid, RIG_DFU_CONTROL_UUID) || g_str_equal(uuid, RIG_DFU_PACKET_UUID);
    switch (fake->runs) {
    case FAKE_OPEN:
        return g_str_equal(uuid, RIG_DFU_BUTTONLESS_UUID);
    case FAKE_BONDED:
        return g_str_equal(uuid, RIG_DFU_BUTTONLESS_BONDED_UUID);
    case FAKE_EXPERIMENTAL:
        return g_str_equal(uuid, RIG_DFU_BUTTONLESS_EXPERIMENTAL_UUID);
    case FAKE_LEGACY_APPLICATION:
        return g_str_equal(uuid, RIG_LEGACY_CONTROL_UUID) || g_str_equal(uuid, RIG_LEGACY_VERSION_UUID);
    case FAKE_IN_BOOTLOADER:
    case FAKE_NO_DFU:
    default:
        return false;
    }
}

static bool is_there(const struct fake *fake, enum rig_link_where where)
{
    bool next = fake->bootloader && fake->runs != FAKE_BONDED && !fake->same_address;

    return where == RIG_LINK_AT_ADDRESS ? !next : where == RIG_LINK_AT_NEXT_ADDRESS ? next : true;
}

static bool fake_connect(struct rig_link *link, const struct rig_link_connect *how,
                         enum rig_link_outcome *outcome, GError **error)
{
    struct fake *fake = of_link(link);

    (void)error;
    fake->where = how->where;
    *outcome = fake->connected || is_there(fake, how->where) ? RIG_LINK_OK : RIG_LINK_NOT_FOUND;
    if (fake->n_links_lost_allowed && fake->n_connects >= fake->n_links_lost_allowed)
        *outcome = RIG_LINK_NOT_FOUND;
    fake->now_us += FAKE_AIR_US;
    if (*outcome != RIG_LINK_OK) {
        fake->now_us = MAX(fake->now_us, how->until_us);
        return true;
    }
    fake->n_connects += !fake->connected;
    fake->connected = true;
    return true;
}

static bool fake_disconnect(struct rig_link *link, GError **error)
{
    (void)error;
    hang_up(of_link(link));
    g_queue_clear_full(of_link(link)->inbox, packet_free);
    return true;
}

static bool fake_subscribe(struct rig_link *link, const struct rig_characteristic *characteristic,
                           enum rig_subscription subscription, enum rig_link_outcome *outcome, GError **error)
{
    struct fake *fake = of_link(link);

    (void)error;
    *outcome = !fake->connected             ? RIG_LINK_LOST
               : !has(fake, characteristic) ? RIG_LINK_NO_CHARACTERISTIC
               : fake->runs == FAKE_BONDED && !fake->bootloader && !fake->encrypted ? RIG_LINK_NOT_ENCRYPTED
                                                                                    : RIG_LINK_OK;
    if (*outcome == RIG_LINK_OK && fake->n_att_errors) {
        fake->n_att_errors--;
        *outcome = RIG_LINK_ATT_ERROR;
    }
    if (*outcome == RIG_LINK_OK)
        fake->subscribed = subscription != RIG_SUBSCRIBE_NONE;
    return true;
}

static bool fake_write(struct rig_link *link, const struct rig_characteristic *characteristic,
                       enum rig_write_kind kind, const guint8 *bytes, gsize n_bytes,
                       enum rig_link_outcome *outcome, GError **error)
{
    struct fake *fake = of_link(link);
    bool packet = g_str_equal(characteristic->uuid, RIG_DFU_PACKET_UUID) ||
                  g_str_equal(characteristic->uuid, RIG_LEGACY_PACKET_UUID);

    (void)error;
    fake->now_us += FAKE_AIR_US;
    *outcome = !fake->connected                        ? RIG_LINK_LOST
               : !has(fake, characteristic)            ? RIG_LINK_NO_CHARACTERISTIC
               : packet != (kind == RIG_WRITE_COMMAND) ? RIG_LINK_NO_PROPERTY
               : n_bytes + 3 > fake->mtu               ? RIG_LINK_TOO_LONG
                                                       : RIG_LINK_OK;
    if (*outcome != RIG_LINK_OK || n_bytes == 0)
        return true;
    if (packet)
        take_packet(fake, bytes, n_bytes);
    else if (!take_request(fake, characteristic, bytes, n_bytes))
        *outcome = RIG_LINK_LOST;
    return true;
}

static bool fake_read(struct rig_link *link, const struct rig_characteristic *characteristic, GBytes **value,
                      enum rig_link_outcome *outcome, GError **error)
{
    struct fake *fake = of_link(link);
    guint8 version[2];

    (void)error;
    rig_put_le16(version, fake->bootloader ? fake->version : RIG_LEGACY_BUTTONLESS_APPLICATION);
    *outcome = has(fake, characteristic) ? RIG_LINK_OK : RIG_LINK_NO_CHARACTERISTIC;
    *value = *outcome == RIG_LINK_OK ? g_bytes_new(version, sizeof version) : NULL;
    return true;
}

static bool fake_receive(struct rig_link *link, guint64 until_us, struct rig_link_packet *packet,
                         enum rig_link_outcome *outcome, GError **error)
{
    struct fake *fake = of_link(link);
    struct fake_packet *first = g_queue_peek_head(fake->inbox);

    (void)error;
    *packet = (struct rig_link_packet){0};
    if (first && first->due_us <= until_us) {
        fake->now_us = MAX(fake->now_us, first->due_us);
        *packet = (struct rig_link_packet){.value = g_bytes_ref(first->bytes), .from = first->from};
        packet_free(g_queue_pop_head(fake->inbox));
        *outcome = RIG_LINK_OK;
        return true;
    }
    *outcome = fake->connected ? RIG_LINK_TIMEOUT : RIG_LINK_LOST;
    if (fake->connected)
        fake->now_us = MAX(fake->now_us, until_us);
    return true;
}

static void fake_state(struct rig_link *link, struct rig_link_state *state)
{
    const struct fake *fake = of_link(link);

    *state = (struct rig_link_state){.connected = fake->connected,
                                     .subscribed = fake->subscribed,
                                     .encrypted = fake->encrypted,
                                     .bonded = fake->bonded,
                                     .att_error = 1,
                                     .mtu = (guint16)(fake->connected ? fake->mtu : 0)};
    g_strlcpy(state->text, fake->connected ? "connected" : "the connection ended", sizeof state->text);
}

static guint64 now_us(struct rig_board *board)
{
    return of_board(board)->now_us;
}

static const struct rig_board_ops board_ops = {.now_us = now_us};
static const struct rig_link_ops link_ops = {.name = "scripted",
                                             .connect = fake_connect,
                                             .disconnect = fake_disconnect,
                                             .subscribe = fake_subscribe,
                                             .write = fake_write,
                                             .read = fake_read,
                                             .receive = fake_receive,
                                             .state = fake_state};

struct fake *fake_new(bool legacy, enum fake_application runs)
{
    struct fake *fake = g_new0(struct fake, 1);

    fake->board.ops = &board_ops;
    fake->board.link = &fake->link;
    fake->board.protocol = legacy ? &rig_update_nordic_legacy : &rig_update_nordic_secure;
    fake->link.ops = &link_ops;
    fake->legacy = legacy;
    fake->version = RIG_LEGACY_SDK9;
    fake->runs = runs;
    fake->bootloader = runs == FAKE_IN_BOOTLOADER;
    fake->mtu = 247;
    fake->init = g_byte_array_new();
    fake->image = g_byte_array_new();
    fake->inbox = g_queue_new();
    return fake;
}

void fake_free(struct fake *fake)
{
    g_byte_array_unref(fake->init);
    g_byte_array_unref(fake->image);
    g_queue_free_full(fake->inbox, packet_free);
    g_free(fake);
}

static GBytes *pattern(gsize n_bytes, guint factor)
{
    guint8 *bytes = g_malloc(n_bytes);

    for (gsize i = 0; i < n_bytes; i++)
        bytes[i] = (guint8)(i * factor + i / 256);
    return g_bytes_new_take(bytes, n_bytes);
}

GBytes *fake_image(void)
{
    return pattern(FAKE_IMAGE_BYTES, 7);
}

GBytes *fake_init(void)
{
    return pattern(FAKE_INIT_BYTES, 11);
}
