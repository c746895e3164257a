/* SPDX-License-Identifier: GPL-3.0-or-later */
/* SMP messages over a link, with faults. */
#include "drivers/update/smp_transport.h"

#include "protocol/smp/contract.h"

#include <string.h>

const struct rig_characteristic rig_smp_characteristic = {
    .name = "SMP", .service = RIG_SMP_SERVICE_UUID, .uuid = RIG_SMP_CHARACTERISTIC_UUID};

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
    for (guint i = 0; i < G_N_ELEMENTS(transport->asked); i++)
        g_clear_pointer(&transport->asked[i], g_bytes_unref);
    g_clear_pointer(&transport->raw, g_bytes_unref);
    g_clear_pointer(&transport->raw_before, g_bytes_unref);
    g_clear_pointer(&transport->previous, g_bytes_unref);
}

void rig_smp_transport_restart(struct rig_smp_transport *transport)
{
    transport->n_restarts++;
    rig_smp_transport_give_up(transport);
    transport->spoilt = false;
    g_ptr_array_set_size(transport->held, 0);
    g_ptr_array_set_size(transport->arrived, 0);
    g_hash_table_remove_all(transport->tags);
}

void rig_smp_transport_forget(struct rig_smp_transport *transport, guint8 sequence)
{
    if (transport->state[sequence] == RIG_SMP_WAITING)
        transport->state[sequence] = RIG_SMP_GIVEN_UP;
}

void rig_smp_transport_give_up(struct rig_smp_transport *transport)
{
    g_byte_array_set_size(transport->incoming, 0);
    transport->incoming_whole = false;
    for (guint i = 0; i < G_N_ELEMENTS(transport->state); i++)
        rig_smp_transport_forget(transport, (guint8)i);
    transport->unasked[0] = '\0';
}

bool rig_smp_transport_is_broken(const struct rig_smp_transport *transport, char *text, gsize room)
{
    struct rig_smp_header header;

    if (transport->unasked[0]) {
        g_strlcpy(text, transport->unasked, room);
    } else if (transport->incoming->len == 0) {
        return false;
    } else if (transport->incoming->len < RIG_SMP_HEADER_BYTES) {
        g_snprintf(text, room, "only %u bytes came, shorter than an SMP header", transport->incoming->len);
    } else {
        rig_smp_header_decode(transport->incoming->data, &header);
        g_snprintf(text, room, "only the first %u of %u bytes of an answer came", transport->incoming->len,
                   RIG_SMP_HEADER_BYTES + (guint)header.length);
    }
    return !transport->spoilt;
}

void rig_smp_begin_raw(struct rig_smp_transport *transport, GBytes *bytes)
{
    if (transport->raw) {
        g_clear_pointer(&transport->raw_before, g_bytes_unref);
        transport->raw_before = g_steal_pointer(&transport->raw);
    }
    if (bytes) {
        transport->raw = g_bytes_ref(bytes);
        if (g_bytes_get_size(bytes) >= RIG_SMP_HEADER_BYTES)
            transport->state[((const guint8 *)g_bytes_get_data(bytes, NULL))[6]] = RIG_SMP_NEVER_ASKED;
    }
    transport->unasked[0] = '\0';
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
    return link->ops->write(link, &rig_smp_characteristic, RIG_WRITE_COMMAND, bytes, n_bytes, outcome, error);
}

static bool write_cut(struct rig_smp_transport *transport, const guint8 *bytes, gsize n_bytes,
                      enum rig_link_outcome *outcome, GError **error)
{
    struct rig_link *link = transport->board->link;
    guint16 mtu = rig_link_mtu(link);
    gsize room = link->datagrams ? n_bytes : MAX(mtu, 23) - 3;

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

static void set_asked(struct rig_smp_transport *transport, guint8 sequence, const guint8 *bytes,
                      gsize n_bytes, enum rig_smp_asked state)
{
    g_clear_pointer(&transport->asked[sequence], g_bytes_unref);
    transport->asked[sequence] = g_bytes_new(bytes, n_bytes);
    transport->state[sequence] = state;
}

/* The board answers what left, not what was meant: under the sequence number that left. */
static void left_spoilt(struct rig_smp_transport *transport, guint8 sequence, const guint8 *bytes,
                        gsize n_bytes)
{
    transport->spoilt = true;
    if (n_bytes < RIG_SMP_HEADER_BYTES)
        return;
    set_asked(transport, bytes[6], bytes, n_bytes, bytes[6] == sequence ? RIG_SMP_WAITING : RIG_SMP_GIVEN_UP);
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
    if (what)
        left_spoilt(transport, bytes[6], spoilt, n_bytes);
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
    own.n_message_bytes = n_bytes;
    if (n_bytes >= RIG_SMP_HEADER_BYTES) {
        g_hash_table_insert(transport->tags, GUINT_TO_POINTER(bytes[6]), g_memdup2(&own, sizeof own));
        if (!transport->raw)
            set_asked(transport, bytes[6], bytes, n_bytes, RIG_SMP_WAITING);
    }
    transport->unasked[0] = '\0';
    if (withheld(transport, bytes, n_bytes, &own, outcome, error, &failed))
        return !failed;
    return send_spoilt(transport, bytes, n_bytes, &own, outcome, error) &&
           (!overtaken || release_held(transport, true, error));
}

/* A message is whole when its header's length is there. What came behind that in the last packet belongs to
 * it too, and is judged with it. */
static GBytes *take_message(struct rig_smp_transport *transport)
{
    struct rig_smp_header header;
    GByteArray *incoming = transport->incoming;
    GBytes *message;

    if (!transport->incoming_whole) {
        if (incoming->len < RIG_SMP_HEADER_BYTES)
            return NULL;
        rig_smp_header_decode(incoming->data, &header);
        if (incoming->len < RIG_SMP_HEADER_BYTES + (guint)header.length)
            return NULL;
    }
    message = g_bytes_new(incoming->data, incoming->len);
    g_byte_array_set_size(incoming, 0);
    transport->incoming_whole = false;
    return message;
}

/* What the man in the middle makes of an answer. */
static GBytes *spoil(struct rig_smp_transport *transport, const struct rig_fault *fault, GBytes *message,
                     const char **label)
{
    guint8 spoilt[RIG_SMP_MAX_MESSAGE_BYTES];
    gsize n_bytes;
    const guint8 *bytes = g_bytes_get_data(message, &n_bytes);
    gsize n_spoilt = 0;

    if (fault->spoil.kind == RIG_SPOIL_OLDER && transport->previous) {
        *label = "spoilt: the answer before it";
        return g_bytes_ref(transport->previous);
    }
    n_spoilt = rig_smp_spoil(&fault->spoil, bytes, n_bytes, spoilt, sizeof spoilt);
    if (n_spoilt == 0) {
        rig_faults_withdraw(transport->faults, fault);
        return g_bytes_ref(message);
    }
    *label = "spoilt";
    return g_bytes_new(spoilt, n_spoilt);
}

/* Applies the faults of responses; NULL when the message is lost. Takes the message. */
static GBytes *let_through(struct rig_smp_transport *transport, GBytes *message)
{
    gsize n_bytes;
    const guint8 *bytes = g_bytes_get_data(message, &n_bytes);
    const struct rig_request_tag *tag =
        n_bytes < RIG_SMP_HEADER_BYTES ? NULL
                                       : g_hash_table_lookup(transport->tags, GUINT_TO_POINTER(bytes[6]));
    g_autoptr(GBytes) came = message;
    const struct rig_fault *fault;
    const char *label = NULL;
    GBytes *heard;

    if (tag && strikes(transport, RIG_FAULT_STOP_NOTIFICATIONS, tag, &fault))
        transport->muted = true;
    if (transport->muted)
        label = "not heard: notifications stopped";
    else if (tag && strikes(transport, RIG_FAULT_DROP_RESPONSE, tag, &fault))
        label = "dropped";
    if (label) {
        trace(transport, false, bytes, n_bytes, label);
        return NULL;
    }
    heard = tag && strikes(transport, RIG_FAULT_SPOIL_RESPONSE, tag, &fault)
                ? spoil(transport, fault, came, &label)
                : g_bytes_ref(came);
    if (label)
        trace(transport, false, g_bytes_get_data(heard, NULL), g_bytes_get_size(heard), label);
    if (tag && strikes(transport, RIG_FAULT_DUPLICATE_RESPONSE, tag, &fault))
        g_ptr_array_add(transport->arrived, g_bytes_ref(heard));
    g_clear_pointer(&transport->previous, g_bytes_unref);
    transport->previous = g_bytes_ref(came);
    return heard;
}

/* A request that waits, of the same kind: whose answer a message is but for its sequence number. Without a
 * header any will do. */
static GBytes *waiting_request(const struct rig_smp_transport *transport, const guint8 *bytes, gsize n_bytes)
{
    for (guint i = 0; i < G_N_ELEMENTS(transport->state); i++) {
        const guint8 *asked;

        if (transport->state[i] != RIG_SMP_WAITING)
            continue;
        asked = g_bytes_get_data(transport->asked[i], NULL);
        if (n_bytes < RIG_SMP_HEADER_BYTES || ((bytes[0] & 7) == (asked[0] & 7) + 1 &&
                                               memcmp(bytes + 4, asked + 4, 2) == 0 && bytes[7] == asked[7]))
            return g_bytes_ref(transport->asked[i]);
    }
    return NULL;
}

static GBytes *request_in(GBytes *sent, const guint8 *bytes, gsize n_bytes)
{
    gsize n_sent, n_request;
    const guint8 *from = sent ? g_bytes_get_data(sent, &n_sent) : NULL;
    const guint8 *request = sent ? rig_smp_find_request(from, n_sent, bytes, n_bytes, &n_request) : NULL;

    return request ? g_bytes_new_from_bytes(sent, (gsize)(request - from), n_request) : NULL;
}

static const char unasked[] = "passed over: it answers no request";

/* Which request a message answers; NULL: none that waits, and why. */
static GBytes *find_request(struct rig_smp_transport *transport, const guint8 *bytes, gsize n_bytes,
                            const char **why)
{
    g_autoptr(GBytes) before = request_in(transport->raw_before, bytes, n_bytes);
    GBytes *request = request_in(transport->raw, bytes, n_bytes);
    guint8 sequence = n_bytes < RIG_SMP_HEADER_BYTES ? 0 : bytes[6];
    enum rig_smp_asked state =
        n_bytes < RIG_SMP_HEADER_BYTES ? RIG_SMP_NEVER_ASKED : transport->state[sequence];

    if (request)
        return request;
    *why = unasked;
    if (state == RIG_SMP_WAITING) {
        transport->state[sequence] = RIG_SMP_ANSWERED;
        return g_bytes_ref(transport->asked[sequence]);
    }
    if (state == RIG_SMP_ANSWERED)
        *why = "passed over: its request was answered before";
    else if (state == RIG_SMP_GIVEN_UP || before)
        *why = "passed over: late, nobody waits for it any more";
    else if (transport->raw)
        return g_bytes_ref(transport->raw);
    else if (!transport->spoilt)
        request = waiting_request(transport, bytes, n_bytes);
    return request;
}

/* NULL: it is passed over. Takes the message. */
static GBytes *take_answer(struct rig_smp_transport *transport, GBytes *message, GBytes **request)
{
    g_autoptr(GBytes) came = message;
    gsize n_bytes;
    const guint8 *bytes = g_bytes_get_data(came, &n_bytes);
    const char *why = NULL;

    *request = find_request(transport, bytes, n_bytes, &why);
    trace(transport, false, bytes, n_bytes, *request ? NULL : why);
    if (*request)
        return g_steal_pointer(&came);
    if (n_bytes < RIG_SMP_HEADER_BYTES)
        g_snprintf(transport->unasked, sizeof transport->unasked,
                   "what came was %" G_GSIZE_FORMAT " bytes, shorter than an SMP header", n_bytes);
    else if (why == unasked)
        g_snprintf(transport->unasked, sizeof transport->unasked,
                   "what came answers no request: op %u, group %u, command %u, sequence %u", bytes[0] & 7,
                   (guint)bytes[4] << 8 | bytes[5], bytes[7], bytes[6]);
    return NULL;
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
    struct rig_link_packet packet = {0};
    g_autoptr(GBytes) value = NULL;
    guint64 stop_us = next_due(transport, until_us);
    gsize n_bytes;
    const guint8 *bytes;

    if (transport->gate.may_wait && !transport->gate.may_wait(transport->gate.user))
        return drop_link(transport, outcome, error);
    if (!link->ops->receive(link, stop_us, &packet, outcome, error))
        return false;
    value = packet.value;
    if (*outcome == RIG_LINK_TIMEOUT && stop_us < until_us)
        *outcome = RIG_LINK_OK; /* only a held message fell due */
    if (!value || packet.from != &rig_smp_characteristic)
        return true;
    bytes = g_bytes_get_data(value, &n_bytes);
    if (!passes(transport, false, bytes, n_bytes))
        return drop_link(transport, outcome, error);
    g_byte_array_append(transport->incoming, bytes, (guint)n_bytes);
    transport->incoming_whole = link->whole_messages;
    return true;
}

/* The next message on its way; NULL: none is whole. */
static GBytes *next_message(struct rig_smp_transport *transport, bool *lost)
{
    GBytes *whole;

    *lost = false;
    if (transport->arrived->len > 0)
        return g_ptr_array_steal_index(transport->arrived, 0);
    whole = take_message(transport);
    if (!whole)
        return NULL;
    whole = let_through(transport, whole);
    *lost = !whole;
    return whole;
}

bool rig_smp_receive(struct rig_smp_transport *transport, guint64 until_us, GBytes **message,
                     GBytes **request, enum rig_link_outcome *outcome, GError **error)
{
    *message = *request = NULL;
    *outcome = RIG_LINK_OK;
    if (transport->arrived->len == 0 && !release_held(transport, true, error))
        return false;
    while (*outcome == RIG_LINK_OK) {
        bool lost;
        GBytes *came = next_message(transport, &lost);

        if (came && (*message = take_answer(transport, came, request)))
            return true;
        if (came || lost)
            continue;
        if (!receive_packet(transport, until_us, outcome, error) || !release_held(transport, false, error))
            return false;
    }
    return true;
}
