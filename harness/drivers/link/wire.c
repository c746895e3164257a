/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The link role for everything that carries whole SMP packets and knows no connection. */
#include "drivers/link/wire.h"

#include "base/error.h"
#include "protocol/smp/contract.h"

#include <string.h>

#define ASK_AGAIN_US 500000u /* board time */
#define ECHO_SEQUENCE 0xff

static struct rig_wire *self(struct rig_link *link)
{
    return (struct rig_wire *)link;
}

static void tell(struct rig_wire *wire)
{
    struct rig_board *board = wire->board;

    if (board->listener.link)
        board->listener.link(board->listener.user, board->ops->now_us(board), wire->text);
}

static void wire_board_gone(struct rig_link *base, const char *why)
{
    struct rig_wire *wire = self(base);

    if (!wire->up)
        return;
    wire->up = false;
    wire->subscribed = NULL;
    g_strlcpy(wire->text, why, sizeof wire->text);
    tell(wire);
}

/* An SMP echo, header version 1 [SPEC Zephyr SMP protocol, OS group]: whoever answers it is there, be it by
 * an error. */
static const guint8 echo[] = {0x0a, 0, 0, 6, 0, 0, ECHO_SEQUENCE, 0, 0xa1, 0x61, 0x64, 0x62, 0x68, 0x69};

static bool ask(struct rig_wire *wire, GError **error)
{
    enum rig_link_outcome ignored;

    wire->n_owed++;
    return wire->ops->send(wire, echo, sizeof echo, &ignored, error);
}

/* A slow board answers the same question twice: one echo was sent again meanwhile. */
static bool is_owed(struct rig_wire *wire, GBytes *packet)
{
    static const guint8 group_and_more[] = {0, 0, ECHO_SEQUENCE, 0};
    gsize n_bytes;
    const guint8 *bytes = g_bytes_get_data(packet, &n_bytes);

    if (wire->n_owed == 0 || n_bytes < RIG_SMP_HEADER_BYTES || (bytes[0] & 7) != RIG_SMP_WRITE_RSP ||
        memcmp(bytes + 4, group_and_more, sizeof group_and_more) != 0)
        return false;
    wire->n_owed--;
    return true;
}

static bool answers_echo(GBytes *packet, char *why, gsize room)
{
    struct rig_smp_decoded decoded;
    gsize n_bytes;
    const guint8 *bytes = g_bytes_get_data(packet, &n_bytes);
    char text[RIG_SMP_WHY_BYTES];

    decoded.status = rig_smp_decode_response(bytes, n_bytes, &decoded.response);
    if (rig_smp_answer_keeps(echo, sizeof echo, bytes, n_bytes, &decoded, text, sizeof text))
        return true;
    g_snprintf(why, room, "no answer but one that breaks the protocol: %s", text);
    return false;
}

struct asking {
    struct rig_wire *wire;
    bool answered;
    GError *error;
};

static bool answered(void *user)
{
    struct asking *asking = user;
    struct rig_wire *wire = asking->wire;
    GBytes *packet = NULL;

    while (!asking->error && wire->ops->take(wire, &packet, &asking->error) && packet) {
        (void)is_owed(wire, packet);
        asking->answered = answers_echo(packet, wire->text, sizeof wire->text) || asking->answered;
        g_clear_pointer(&packet, g_bytes_unref);
    }
    return asking->answered || asking->error;
}

/* Again and again: who starts only now has not heard the first question. */
static bool ask_until_answered(struct asking *asking, guint64 until_us, GError **error)
{
    struct rig_board *board = asking->wire->board;
    bool done = false;

    do {
        guint64 again_us = board->ops->now_us(board) + ASK_AGAIN_US;

        if (!ask(asking->wire, &asking->error))
            return true;
        if (!rig_board_wait_for(board, MIN(again_us, until_us), answered, asking, &done, error))
            return false;
    } while (!done && board->ops->now_us(board) < until_us);
    return true;
}

static bool drain(struct rig_wire *wire, GError **error)
{
    GBytes *packet = NULL;

    do {
        g_clear_pointer(&packet, g_bytes_unref);
        if (!wire->ops->take(wire, &packet, error))
            return false;
    } while (packet);
    return true;
}

static bool refuse_security(struct rig_wire *wire, GError **error)
{
    g_set_error(error, RIG_ERROR, RIG_ERROR_UNSUPPORTED, "SMP over %s knows no pairing and no bonds",
                wire->ops->called);
    return false;
}

static void set_mtu(struct rig_wire *wire, guint16 wanted)
{
    wire->mtu = (guint16)(wire->ops->max_packet_bytes + 3);
    if (wanted && wanted < wire->mtu)
        wire->mtu = wanted;
}

bool rig_wire_takes(const struct rig_record *options, const char *target, GError **error)
{
    static const char *const of_the_radio[] = {"reassembly", "update-needs", "pairing",   "pairing-io",
                                               "passkey",    "pairing-user", "repairing", "gatt-table"};

    for (guint i = 0; options && i < G_N_ELEMENTS(of_the_radio); i++) {
        if (!rig_record_get(options, of_the_radio[i]))
            continue;
        g_set_error(error, RIG_ERROR, RIG_ERROR_UNSUPPORTED,
                    "the scenario wants '%s', which has no effect on target '%s': it is reached over a wire",
                    of_the_radio[i], target);
        return false;
    }
    return true;
}

static bool wire_connect(struct rig_link *base, const struct rig_link_connect *how,
                         enum rig_link_outcome *outcome, GError **error)
{
    struct rig_wire *wire = self(base);
    struct asking asking = {.wire = wire};

    if (how->pair)
        return refuse_security(wire, error);
    *outcome = RIG_LINK_OK;
    if (wire->up)
        return true;
    wire->text[0] = '\0';
    /* What is left from before is no answer. */
    if ((wire->place->begin && !wire->place->begin(wire->place->user, error)) ||
        !wire->ops->open(wire, error) || !drain(wire, error))
        return false;
    if (!ask_until_answered(&asking, how->until_us, error)) {
        g_clear_error(&asking.error);
        return false;
    }
    if (asking.error) {
        g_propagate_error(error, asking.error);
        return false;
    }
    *outcome = asking.answered ? RIG_LINK_OK : RIG_LINK_NOT_FOUND;
    wire->up = asking.answered;
    set_mtu(wire, how->mtu);
    if (wire->up || !wire->text[0])
        g_snprintf(wire->text, sizeof wire->text, "%s over %s", wire->up ? "connected" : "no answer",
                   wire->ops->called);
    tell(wire);
    return true;
}

static bool wire_pair(struct rig_link *base, guint64 until_us, enum rig_link_outcome *outcome, GError **error)
{
    (void)until_us;
    *outcome = RIG_LINK_NO_SERVICE;
    return refuse_security(self(base), error);
}

/* What a use of a characteristic comes to here; possible: whether SMP's can be used so. */
static enum rig_link_outcome use(const struct rig_wire *wire, const struct rig_characteristic *characteristic,
                                 bool possible)
{
    if (!wire->up)
        return RIG_LINK_NOT_CONNECTED;
    if (!g_str_equal(characteristic->service, RIG_SMP_SERVICE_UUID))
        return RIG_LINK_NO_SERVICE;
    if (!g_str_equal(characteristic->uuid, RIG_SMP_CHARACTERISTIC_UUID))
        return RIG_LINK_NO_CHARACTERISTIC;
    return possible ? RIG_LINK_OK : RIG_LINK_NO_PROPERTY;
}

static bool wire_subscribe(struct rig_link *base, const struct rig_characteristic *characteristic,
                           enum rig_subscription subscription, enum rig_link_outcome *outcome, GError **error)
{
    struct rig_wire *wire = self(base);

    (void)error;
    *outcome = use(wire, characteristic, subscription != RIG_SUBSCRIBE_INDICATE);
    if (*outcome == RIG_LINK_OK)
        wire->subscribed = subscription == RIG_SUBSCRIBE_NOTIFY ? characteristic : NULL;
    return true;
}

static bool wire_disconnect(struct rig_link *base, GError **error)
{
    (void)error;
    wire_board_gone(base, "disconnected by the host");
    return true;
}

static bool wire_write(struct rig_link *base, const struct rig_characteristic *characteristic,
                       enum rig_write_kind kind, const guint8 *bytes, gsize n_bytes,
                       enum rig_link_outcome *outcome, GError **error)
{
    struct rig_wire *wire = self(base);

    *outcome = use(wire, characteristic, kind == RIG_WRITE_COMMAND);
    if (*outcome == RIG_LINK_OK && n_bytes + 3 > wire->mtu)
        *outcome = RIG_LINK_TOO_LONG;
    return *outcome != RIG_LINK_OK || wire->ops->send(wire, bytes, n_bytes, outcome, error);
}

static bool wire_read(struct rig_link *base, const struct rig_characteristic *characteristic, GBytes **value,
                      enum rig_link_outcome *outcome, GError **error)
{
    (void)error;
    *value = NULL;
    *outcome = use(self(base), characteristic, false);
    return true;
}

struct receiving {
    struct rig_wire *wire;
    GBytes *packet;
    GError *error;
};

static bool received_or_lost(void *user)
{
    struct receiving *receiving = user;
    struct rig_wire *wire = receiving->wire;

    while (wire->ops->take(wire, &receiving->packet, &receiving->error)) {
        if (!receiving->packet || (!is_owed(wire, receiving->packet) && wire->subscribed))
            return receiving->packet || !wire->up;
        g_clear_pointer(&receiving->packet, g_bytes_unref);
    }
    return true;
}

static bool wire_receive(struct rig_link *base, guint64 until_us, struct rig_link_packet *packet,
                         enum rig_link_outcome *outcome, GError **error)
{
    struct receiving receiving = {.wire = self(base)};
    bool satisfied = false;

    if (!rig_board_wait_for(receiving.wire->board, until_us, received_or_lost, &receiving, &satisfied,
                            error)) {
        g_clear_error(&receiving.error);
        return false;
    }
    if (receiving.error) {
        g_propagate_error(error, receiving.error);
        return false;
    }
    *packet = (struct rig_link_packet){.value = receiving.packet, .from = receiving.wire->subscribed};
    *outcome = receiving.packet ? RIG_LINK_OK : satisfied ? RIG_LINK_LOST : RIG_LINK_TIMEOUT;
    return true;
}

static bool wire_forget_bond(struct rig_link *base, GError **error)
{
    (void)base;
    (void)error;
    return true;
}

static void wire_state(struct rig_link *base, struct rig_link_state *state)
{
    struct rig_wire *wire = self(base);

    *state = (struct rig_link_state){.connected = wire->up,
                                     .subscribed = wire->subscribed != NULL,
                                     .framing_bytes = wire->ops->framing_bytes};
    if (wire->up)
        state->mtu = wire->mtu;
    g_strlcpy(state->text, wire->text, sizeof state->text);
}

static bool wire_open(struct rig_link *base, GError **error)
{
    return self(base)->ops->open(self(base), error);
}

static void wire_close(struct rig_link *base)
{
    struct rig_wire *wire = self(base);

    wire->up = false;
    wire->subscribed = NULL;
    wire->n_owed = 0;
    wire->ops->close(wire);
}

static void wire_free(struct rig_link *base)
{
    struct rig_wire *wire = self(base);

    wire_close(base);
    if (wire->ops->free)
        wire->ops->free(wire);
    g_free(wire);
}

static const struct rig_link_ops link_ops = {
    .name = "wire",
    .open = wire_open,
    .connect = wire_connect,
    .pair = wire_pair,
    .subscribe = wire_subscribe,
    .disconnect = wire_disconnect,
    .write = wire_write,
    .read = wire_read,
    .receive = wire_receive,
    .forget_bond = wire_forget_bond,
    .state = wire_state,
    .board_gone = wire_board_gone,
    .close = wire_close,
    .free = wire_free,
};

void rig_wire_init(struct rig_wire *wire, const struct rig_wire_ops *ops, const struct rig_link_place *place,
                   struct rig_board *board)
{
    *wire = (struct rig_wire){.link = {.ops = &link_ops, .whole_messages = true, .datagrams = ops->datagrams},
                              .ops = ops,
                              .place = place,
                              .board = board};
}
