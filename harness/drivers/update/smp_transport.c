/* SPDX-License-Identifier: GPL-3.0-or-later */
/* SMP messages over a link, with faults. */
#include "drivers/update/smp_transport.h"

#include "protocol/smp/smp.h"

#include <string.h>

struct held_message {
    GBytes *message;
    guint64 due_us; /* G_MAXUINT64: leaves after the next message, or when the client waits */
};

static void held_free(gpointer item)
{
    struct held_message *held = item;

    g_bytes_unref(held->message);
    g_free(held);
}

void rig_smp_transport_init(struct rig_smp_transport *transport, struct rig_board *board,
                            struct rig_faults *faults, rig_smp_trace trace, void *user)
{
    *transport = (struct rig_smp_transport){
        .board = board,
        .faults = faults,
        .trace = trace,
        .user = user,
        .incoming = g_byte_array_new(),
        .held = g_ptr_array_new_with_free_func(held_free),
        .arrived = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref),
        .tags = g_hash_table_new_full(NULL, NULL, NULL, g_free),
    };
}

void rig_smp_transport_clear(struct rig_smp_transport *transport)
{
    g_clear_pointer(&transport->incoming, g_byte_array_unref);
    g_clear_pointer(&transport->held, g_ptr_array_unref);
    g_clear_pointer(&transport->arrived, g_ptr_array_unref);
    g_clear_pointer(&transport->tags, g_hash_table_unref);
}

void rig_smp_transport_restart(struct rig_smp_transport *transport)
{
    transport->n_restarts++;
    g_byte_array_set_size(transport->incoming, 0);
    g_ptr_array_set_size(transport->held, 0);
    g_ptr_array_set_size(transport->arrived, 0);
    g_hash_table_remove_all(transport->tags);
}

void rig_smp_transport_give_up(struct rig_smp_transport *transport)
{
    g_byte_array_set_size(transport->incoming, 0);
}

void rig_smp_transport_faults_ended(struct rig_smp_transport *transport)
{
    transport->muted = false;
    transport->n_messages = 0;
}

static void trace(struct rig_smp_transport *transport, bool sent, const guint8 *bytes, gsize n_bytes,
                  const char *fault)
{
    if (transport->trace)
        transport->trace(transport->user, sent, bytes, n_bytes, fault);
}

static bool passes(struct rig_smp_transport *transport, bool sent, const guint8 *bytes, gsize n_bytes)
{
    return !transport->gate.passes || transport->gate.passes(transport->gate.user, sent, bytes, n_bytes);
}

/* The host ends the connection in the place of a packet. */
static bool drop_link(struct rig_smp_transport *transport, enum rig_link_outcome *outcome, GError **error)
{
    struct rig_link *link = transport->board->link;

    *outcome = RIG_LINK_LOST;
    return link->ops->disconnect(link, error);
}

static bool write_packet(struct rig_smp_transport *transport, const guint8 *bytes, gsize n_bytes,
                         enum rig_link_outcome *outcome, GError **error)
{
    struct rig_link *link = transport->board->link;

    if (!passes(transport, true, bytes, n_bytes))
        return drop_link(transport, outcome, error);
    return link->ops->write(link, bytes, n_bytes, outcome, error);
}

static bool write_cut(struct rig_smp_transport *transport, const guint8 *bytes, gsize n_bytes,
                      enum rig_link_outcome *outcome, GError **error)
{
    struct rig_link *link = transport->board->link;
    guint16 mtu = rig_link_mtu(link);
    gsize room = MAX(mtu, 23) - 3;

    if (!mtu) {
        *outcome = RIG_LINK_LOST;
        return true;
    }
    *outcome = RIG_LINK_OK;
    for (gsize at = 0; at < n_bytes && *outcome == RIG_LINK_OK; at += room)
        if (!write_packet(transport, bytes + at, MIN(room, n_bytes - at), outcome, error))
            return false;
    return true;
}

bool rig_smp_send_packet(struct rig_smp_transport *transport, const guint8 *bytes, gsize n_bytes,
                         enum rig_link_outcome *outcome, GError **error)
{
    trace(transport, true, bytes, n_bytes, NULL);
    return write_packet(transport, bytes, n_bytes, outcome, error);
}

static bool strikes(struct rig_smp_transport *transport, enum rig_fault_kind kind,
                    const struct rig_request_tag *tag, const struct rig_fault **fault)
{
    *fault = transport->faults ? rig_faults_strike(transport->faults, kind, tag) : NULL;
    return *fault != NULL;
}

/* Messages whose time has come; `overtaken` also releases those that waited for one message to pass. */
static bool release_held(struct rig_smp_transport *transport, bool overtaken, GError **error)
{
    guint64 now_us = transport->board->ops->now_us(transport->board);

    for (guint i = 0; i < transport->held->len;) {
        struct held_message *held = g_ptr_array_index(transport->held, i);
        g_autoptr(GBytes) message = NULL;
        enum rig_link_outcome ignored;
        gsize n_bytes;
        const guint8 *bytes;

        if (held->due_us > now_us && !(overtaken && held->due_us == G_MAXUINT64)) {
            i++;
            continue;
        }
        message = g_bytes_ref(held->message);
        g_ptr_array_remove_index(transport->held, i);
        bytes = g_bytes_get_data(message, &n_bytes);
        trace(transport, true, bytes, n_bytes, "sent late");
        if (!write_cut(transport, bytes, n_bytes, &ignored, error))
            return false;
    }
    return true;
}

static void hold(struct rig_smp_transport *transport, const guint8 *bytes, gsize n_bytes, guint64 due_us)
{
    struct held_message *held = g_new0(struct held_message, 1);

    held->message = g_bytes_new(bytes, n_bytes);
    held->due_us = due_us;
    g_ptr_array_add(transport->held, held);
}

/* Faults that keep the message from leaving now. */
static bool withheld(struct rig_smp_transport *transport, const guint8 *bytes, gsize n_bytes,
                     const struct rig_request_tag *tag, enum rig_link_outcome *outcome, GError **error,
                     bool *failed)
{
    struct rig_link *link = transport->board->link;
    const struct rig_fault *fault;

    *outcome = RIG_LINK_OK;
    if (strikes(transport, RIG_FAULT_DISCONNECT, tag, &fault)) {
        trace(transport, true, bytes, n_bytes, "not sent: link dropped");
        *outcome = RIG_LINK_LOST;
        *failed = !link->ops->disconnect(link, error);
        return true;
    }
    if (strikes(transport, RIG_FAULT_DROP, tag, &fault)) {
        trace(transport, true, bytes, n_bytes, "dropped");
        return true;
    }
    if (strikes(transport, RIG_FAULT_DELAY, tag, &fault)) {
        trace(transport, true, bytes, n_bytes, "delayed");
        hold(transport, bytes, n_bytes, transport->board->ops->now_us(transport->board) + fault->delay_us);
        return true;
    }
    if (strikes(transport, RIG_FAULT_REORDER, tag, &fault)) {
        trace(transport, true, bytes, n_bytes, "held back");
        hold(transport, bytes, n_bytes, G_MAXUINT64);
        return true;
    }
    return false;
}

static bool send_spoilt(struct rig_smp_transport *transport, const guint8 *bytes, gsize n_bytes,
                        const struct rig_request_tag *tag, enum rig_link_outcome *outcome, GError **error)
{
    g_autofree guint8 *spoilt = g_memdup2(bytes, n_bytes);
    const struct rig_fault *fault;
    const char *what = NULL;

    if (strikes(transport, RIG_FAULT_CORRUPT, tag, &fault)) {
        spoilt[fault->at < n_bytes ? fault->at : n_bytes / 2] ^= 0x10;
        what = "one bit flipped";
    }
    if (strikes(transport, RIG_FAULT_TRUNCATE, tag, &fault)) {
        n_bytes = fault->at < n_bytes ? fault->at : n_bytes / 2;
        what = "truncated";
    }
    trace(transport, true, spoilt, n_bytes, what);
    if (!write_cut(transport, spoilt, n_bytes, outcome, error))
        return false;
    if (*outcome == RIG_LINK_OK && strikes(transport, RIG_FAULT_DUPLICATE, tag, &fault)) {
        trace(transport, true, spoilt, n_bytes, "duplicated");
        return write_cut(transport, spoilt, n_bytes, outcome, error);
    }
    return true;
}

bool rig_smp_send(struct rig_smp_transport *transport, const guint8 *bytes, gsize n_bytes,
                  const struct rig_request_tag *tag, enum rig_link_outcome *outcome, GError **error)
{
    struct rig_request_tag own = tag ? *tag : (struct rig_request_tag){0};
    bool failed = false;
    bool overtaken = transport->held->len > 0;

    own.message = transport->n_messages++;
    if (n_bytes >= RIG_SMP_HEADER_BYTES)
        g_hash_table_insert(transport->tags, GUINT_TO_POINTER(bytes[6]), g_memdup2(&own, sizeof own));
    if (withheld(transport, bytes, n_bytes, &own, outcome, error, &failed))
        return !failed;
    return send_spoilt(transport, bytes, n_bytes, &own, outcome, error) &&
           (!overtaken || release_held(transport, true, error));
}

/* A message is whole when its header's length is there. */
static GBytes *take_message(struct rig_smp_transport *transport)
{
    struct rig_smp_header header;
    gsize n_bytes;
    GBytes *message;

    if (transport->incoming->len < RIG_SMP_HEADER_BYTES)
        return NULL;
    rig_smp_header_decode(transport->incoming->data, &header);
    n_bytes = RIG_SMP_HEADER_BYTES + (gsize)header.length;
    if (transport->incoming->len < n_bytes)
        return NULL;
    message = g_bytes_new(transport->incoming->data, n_bytes);
    g_byte_array_remove_range(transport->incoming, 0, (guint)n_bytes);
    return message;
}

/* Applies the faults of responses; NULL when the message is lost. */
static GBytes *let_through(struct rig_smp_transport *transport, GBytes *message)
{
    gsize n_bytes;
    const guint8 *bytes = g_bytes_get_data(message, &n_bytes);
    const struct rig_request_tag *tag = g_hash_table_lookup(transport->tags, GUINT_TO_POINTER(bytes[6]));
    const struct rig_fault *fault;
    const char *lost = NULL;

    if (tag && strikes(transport, RIG_FAULT_STOP_NOTIFICATIONS, tag, &fault))
        transport->muted = true;
    if (transport->muted)
        lost = "not heard: notifications stopped";
    else if (tag && strikes(transport, RIG_FAULT_DROP_RESPONSE, tag, &fault))
        lost = "dropped";
    trace(transport, false, bytes, n_bytes, lost);
    if (lost) {
        g_bytes_unref(message);
        return NULL;
    }
    if (tag && strikes(transport, RIG_FAULT_DUPLICATE_RESPONSE, tag, &fault))
        g_ptr_array_add(transport->arrived, g_bytes_ref(message));
    return message;
}

static guint64 next_due(const struct rig_smp_transport *transport, guint64 until_us)
{
    for (guint i = 0; i < transport->held->len; i++)
        until_us = MIN(until_us, ((struct held_message *)g_ptr_array_index(transport->held, i))->due_us);
    return until_us;
}

static bool receive_packet(struct rig_smp_transport *transport, guint64 until_us,
                           enum rig_link_outcome *outcome, GError **error)
{
    struct rig_link *link = transport->board->link;
    g_autoptr(GBytes) packet = NULL;
    guint64 stop_us = next_due(transport, until_us);
    gsize n_bytes;
    const guint8 *bytes;

    if (transport->gate.may_wait && !transport->gate.may_wait(transport->gate.user))
        return drop_link(transport, outcome, error);
    if (!link->ops->receive(link, stop_us, &packet, outcome, error))
        return false;
    if (*outcome == RIG_LINK_TIMEOUT && stop_us < until_us)
        *outcome = RIG_LINK_OK; /* only a held message fell due */
    if (!packet)
        return true;
    bytes = g_bytes_get_data(packet, &n_bytes);
    if (!passes(transport, false, bytes, n_bytes))
        return drop_link(transport, outcome, error);
    g_byte_array_append(transport->incoming, bytes, (guint)n_bytes);
    return true;
}

bool rig_smp_receive(struct rig_smp_transport *transport, guint64 until_us, GBytes **message,
                     enum rig_link_outcome *outcome, GError **error)
{
    *message = NULL;
    *outcome = RIG_LINK_OK;
    if (transport->arrived->len > 0) {
        *message = g_ptr_array_steal_index(transport->arrived, 0);
        return true;
    }
    if (!release_held(transport, true, error))
        return false;
    while (*outcome == RIG_LINK_OK) {
        GBytes *whole = take_message(transport);

        if (whole && (*message = let_through(transport, whole)))
            return true;
        if (whole)
            continue;
        if (!receive_packet(transport, until_us, outcome, error) || !release_held(transport, false, error))
            return false;
    }
    return true;
}
