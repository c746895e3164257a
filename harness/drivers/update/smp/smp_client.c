/* SPDX-License-Identifier: GPL-3.0-or-later */
/* SMP client: messages over the link with faults applied, single requests. The role and the upload are in
 * smp_update.c. */
#include "drivers/update/smp/smp_client.h"

#include <string.h>

#define ANSWER_US (2500u * 1000u)
#define SLOW_ANSWER_US (40u * 1000u * 1000u)

const struct rig_characteristic rig_smp_characteristic = {
    .name = "SMP", .service = RIG_SMP_SERVICE_UUID, .uuid = RIG_SMP_CHARACTERISTIC_UUID};

/* --- messages --- */

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

struct rig_smp_client *rig_smp_client_new(void)
{
    struct rig_smp_client *client = g_new0(struct rig_smp_client, 1);

    client->version = 1;
    client->incoming = g_byte_array_new();
    client->held = g_ptr_array_new_with_free_func(held_free);
    client->arrived = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
    client->tags = g_hash_table_new_full(NULL, NULL, NULL, g_free);
    return client;
}

void rig_smp_forget(struct rig_smp_client *client, guint8 sequence)
{
    if (client->state[sequence] == RIG_SMP_WAITING)
        client->state[sequence] = RIG_SMP_GIVEN_UP;
}

void rig_smp_give_up(struct rig_smp_client *client)
{
    g_byte_array_set_size(client->incoming, 0);
    client->incoming_whole = false;
    for (guint i = 0; i < G_N_ELEMENTS(client->state); i++)
        rig_smp_forget(client, (guint8)i);
    client->unasked[0] = '\0';
}

bool rig_smp_is_broken(const struct rig_smp_client *client, char *text, gsize room)
{
    struct rig_smp_header header;

    if (client->unasked[0]) {
        g_strlcpy(text, client->unasked, room);
    } else if (client->incoming->len == 0) {
        return false;
    } else if (client->incoming->len < RIG_SMP_HEADER_BYTES) {
        g_snprintf(text, room, "only %u bytes came, shorter than an SMP header", client->incoming->len);
    } else {
        rig_smp_header_decode(client->incoming->data, &header);
        g_snprintf(text, room, "only the first %u of %u bytes of an answer came", client->incoming->len,
                   RIG_SMP_HEADER_BYTES + (guint)header.length);
    }
    return !client->update.corrupted;
}

void rig_smp_begin_raw(struct rig_smp_client *client, GBytes *bytes)
{
    if (client->raw) {
        g_clear_pointer(&client->raw_before, g_bytes_unref);
        client->raw_before = g_steal_pointer(&client->raw);
    }
    if (bytes) {
        client->raw = g_bytes_ref(bytes);
        if (g_bytes_get_size(bytes) >= RIG_SMP_HEADER_BYTES)
            client->state[((const guint8 *)g_bytes_get_data(bytes, NULL))[6]] = RIG_SMP_NEVER_ASKED;
    }
    client->unasked[0] = '\0';
}

static void trace(struct rig_smp_client *client, bool sent, const guint8 *bytes, gsize n_bytes,
                  const char *fault)
{
    const struct rig_update_message message = {
        .sent = sent, .bytes = bytes, .n_bytes = n_bytes, .fault = fault};

    rig_update_tell(&client->update, &message);
}

/* SMP is written without a response. Where a board offers its characteristic for requests only, it gets them.
 */
static bool write_packet(struct rig_smp_client *client, const guint8 *bytes, gsize n_bytes,
                         enum rig_link_outcome *outcome, GError **error)
{
    if (!client->by_request && !rig_update_write(&client->update, &rig_smp_characteristic, RIG_WRITE_COMMAND,
                                                 bytes, n_bytes, outcome, error))
        return false;
    if (!client->by_request && *outcome != RIG_LINK_NO_PROPERTY)
        return true;
    client->by_request = true;
    return rig_update_write(&client->update, &rig_smp_characteristic, RIG_WRITE_REQUEST, bytes, n_bytes,
                            outcome, error);
}

static bool write_cut(struct rig_smp_client *client, const guint8 *bytes, gsize n_bytes,
                      enum rig_link_outcome *outcome, GError **error)
{
    struct rig_link *link = client->update.setting.board->link;
    guint16 mtu = rig_link_mtu(link);
    gsize room = link->datagrams ? n_bytes : MAX(mtu, 23) - 3;

    if (!mtu) {
        *outcome = RIG_LINK_LOST;
        return true;
    }
    *outcome = RIG_LINK_OK;
    for (gsize at = 0; at < n_bytes && *outcome == RIG_LINK_OK; at += room)
        if (!write_packet(client, bytes + at, MIN(room, n_bytes - at), outcome, error))
            return false;
    return true;
}

bool rig_smp_send_packet(struct rig_smp_client *client, const guint8 *bytes, gsize n_bytes,
                         enum rig_link_outcome *outcome, GError **error)
{
    trace(client, true, bytes, n_bytes, NULL);
    return write_packet(client, bytes, n_bytes, outcome, error);
}

static bool strikes(struct rig_smp_client *client, enum rig_fault_kind kind,
                    const struct rig_request_tag *tag, const struct rig_fault **fault)
{
    *fault =
        client->update.setting.faults ? rig_faults_strike(client->update.setting.faults, kind, tag) : NULL;
    return *fault != NULL;
}

/* Messages whose time has come; `overtaken` also releases those that waited for one message to pass. */
static bool release_held(struct rig_smp_client *client, bool overtaken, GError **error)
{
    guint64 now_us = rig_update_now_us(&client->update);

    for (guint i = 0; i < client->held->len;) {
        struct held_message *held = g_ptr_array_index(client->held, i);
        g_autoptr(GBytes) message = NULL;
        enum rig_link_outcome ignored;
        gsize n_bytes;
        const guint8 *bytes;

        if (held->due_us > now_us && !(overtaken && held->due_us == G_MAXUINT64)) {
            i++;
            continue;
        }
        message = g_bytes_ref(held->message);
        g_ptr_array_remove_index(client->held, i);
        bytes = g_bytes_get_data(message, &n_bytes);
        trace(client, true, bytes, n_bytes, "sent late");
        if (!write_cut(client, bytes, n_bytes, &ignored, error))
            return false;
    }
    return true;
}

static void hold(struct rig_smp_client *client, const guint8 *bytes, gsize n_bytes, guint64 due_us)
{
    struct held_message *held = g_new0(struct held_message, 1);

    held->message = g_bytes_new(bytes, n_bytes);
    held->due_us = due_us;
    g_ptr_array_add(client->held, held);
}

/* Faults that keep the message from leaving now. */
static bool withheld(struct rig_smp_client *client, const guint8 *bytes, gsize n_bytes,
                     const struct rig_request_tag *tag, enum rig_link_outcome *outcome, GError **error,
                     bool *failed)
{
    struct rig_link *link = client->update.setting.board->link;
    const struct rig_fault *fault;

    *outcome = RIG_LINK_OK;
    if (strikes(client, RIG_FAULT_DISCONNECT, tag, &fault)) {
        trace(client, true, bytes, n_bytes, "not sent: link dropped");
        *outcome = RIG_LINK_LOST;
        *failed = !link->ops->disconnect(link, error);
        return true;
    }
    if (strikes(client, RIG_FAULT_DROP, tag, &fault)) {
        trace(client, true, bytes, n_bytes, "dropped");
        return true;
    }
    if (strikes(client, RIG_FAULT_DELAY, tag, &fault)) {
        trace(client, true, bytes, n_bytes, "delayed");
        hold(client, bytes, n_bytes, rig_update_now_us(&client->update) + fault->delay_us);
        return true;
    }
    if (strikes(client, RIG_FAULT_REORDER, tag, &fault)) {
        trace(client, true, bytes, n_bytes, "held back");
        hold(client, bytes, n_bytes, G_MAXUINT64);
        return true;
    }
    return false;
}

static void set_asked(struct rig_smp_client *client, guint8 sequence, const guint8 *bytes, gsize n_bytes,
                      enum rig_smp_asked state)
{
    g_clear_pointer(&client->asked[sequence], g_bytes_unref);
    client->asked[sequence] = g_bytes_new(bytes, n_bytes);
    client->state[sequence] = state;
}

/* The board answers what left, not what was meant: under the sequence number that left. */
static void left_corrupted(struct rig_smp_client *client, guint8 sequence, const guint8 *bytes, gsize n_bytes)
{
    client->update.corrupted = true;
    if (n_bytes < RIG_SMP_HEADER_BYTES)
        return;
    set_asked(client, bytes[6], bytes, n_bytes, bytes[6] == sequence ? RIG_SMP_WAITING : RIG_SMP_GIVEN_UP);
}

static bool send_corrupted(struct rig_smp_client *client, const guint8 *bytes, gsize n_bytes,
                           const struct rig_request_tag *tag, enum rig_link_outcome *outcome, GError **error)
{
    g_autofree guint8 *corrupted = g_memdup2(bytes, n_bytes);
    const struct rig_fault *fault;
    const char *what = NULL;

    if (strikes(client, RIG_FAULT_CORRUPT, tag, &fault)) {
        corrupted[fault->at < n_bytes ? fault->at : n_bytes / 2] ^= 0x10;
        what = "one bit flipped";
    }
    if (strikes(client, RIG_FAULT_TRUNCATE, tag, &fault)) {
        n_bytes = fault->at < n_bytes ? fault->at : n_bytes / 2;
        what = "truncated";
    }
    if (what)
        left_corrupted(client, bytes[6], corrupted, n_bytes);
    trace(client, true, corrupted, n_bytes, what);
    if (!write_cut(client, corrupted, n_bytes, outcome, error))
        return false;
    if (*outcome == RIG_LINK_OK && strikes(client, RIG_FAULT_DUPLICATE, tag, &fault)) {
        trace(client, true, corrupted, n_bytes, "duplicated");
        return write_cut(client, corrupted, n_bytes, outcome, error);
    }
    return true;
}

bool rig_smp_send(struct rig_smp_client *client, const guint8 *bytes, gsize n_bytes,
                  const struct rig_request_tag *tag, enum rig_link_outcome *outcome, GError **error)
{
    struct rig_request_tag own = tag ? *tag : (struct rig_request_tag){0};
    bool failed = false;
    bool overtaken = client->held->len > 0;

    own.message = client->n_messages++;
    own.n_message_bytes = n_bytes;
    if (n_bytes >= RIG_SMP_HEADER_BYTES) {
        g_hash_table_insert(client->tags, GUINT_TO_POINTER(bytes[6]), g_memdup2(&own, sizeof own));
        if (!client->raw)
            set_asked(client, bytes[6], bytes, n_bytes, RIG_SMP_WAITING);
    }
    client->unasked[0] = '\0';
    if (withheld(client, bytes, n_bytes, &own, outcome, error, &failed))
        return !failed;
    return send_corrupted(client, bytes, n_bytes, &own, outcome, error) &&
           (!overtaken || release_held(client, true, error));
}

/* A message is whole when its header's length is there. What came behind that in the last packet belongs to
 * it too, and is judged with it. */
static GBytes *take_message(struct rig_smp_client *client)
{
    struct rig_smp_header header;
    GByteArray *incoming = client->incoming;
    GBytes *message;

    if (!client->incoming_whole) {
        if (incoming->len < RIG_SMP_HEADER_BYTES)
            return NULL;
        rig_smp_header_decode(incoming->data, &header);
        if (incoming->len < RIG_SMP_HEADER_BYTES + (guint)header.length)
            return NULL;
    }
    message = g_bytes_new(incoming->data, incoming->len);
    g_byte_array_set_size(incoming, 0);
    client->incoming_whole = false;
    return message;
}

/* What the man in the middle makes of an answer. */
static GBytes *corrupt(struct rig_smp_client *client, const struct rig_fault *fault, GBytes *message,
                       const char **label)
{
    const struct rig_smp_corruption *how = fault->corruption;
    guint8 corrupted[RIG_SMP_MAX_MESSAGE_BYTES];
    gsize n_bytes;
    const guint8 *bytes = g_bytes_get_data(message, &n_bytes);
    gsize n_corrupted = 0;

    if (how->kind == RIG_CORRUPT_OLDER && client->previous) {
        *label = "corrupted: the answer before it";
        return g_bytes_ref(client->previous);
    }
    n_corrupted = rig_smp_corrupt(how, bytes, n_bytes, corrupted, sizeof corrupted);
    if (n_corrupted == 0) {
        rig_faults_withdraw(client->update.setting.faults, fault);
        return g_bytes_ref(message);
    }
    *label = "corrupted";
    return g_bytes_new(corrupted, n_corrupted);
}

/* Applies the faults of responses; NULL when the message is lost. Takes the message. */
static GBytes *let_through(struct rig_smp_client *client, GBytes *message)
{
    gsize n_bytes;
    const guint8 *bytes = g_bytes_get_data(message, &n_bytes);
    const struct rig_request_tag *tag =
        n_bytes < RIG_SMP_HEADER_BYTES ? NULL : g_hash_table_lookup(client->tags, GUINT_TO_POINTER(bytes[6]));
    g_autoptr(GBytes) came = message;
    const struct rig_fault *fault;
    const char *label = NULL;
    GBytes *heard;

    if (tag && strikes(client, RIG_FAULT_STOP_NOTIFICATIONS, tag, &fault))
        client->muted = true;
    if (client->muted)
        label = "not heard: notifications stopped";
    else if (tag && strikes(client, RIG_FAULT_DROP_RESPONSE, tag, &fault))
        label = "dropped";
    if (label) {
        trace(client, false, bytes, n_bytes, label);
        return NULL;
    }
    heard = tag && strikes(client, RIG_FAULT_CORRUPT_RESPONSE, tag, &fault)
                ? corrupt(client, fault, came, &label)
                : g_bytes_ref(came);
    if (label)
        trace(client, false, g_bytes_get_data(heard, NULL), g_bytes_get_size(heard), label);
    if (tag && strikes(client, RIG_FAULT_DUPLICATE_RESPONSE, tag, &fault))
        g_ptr_array_add(client->arrived, g_bytes_ref(heard));
    g_clear_pointer(&client->previous, g_bytes_unref);
    client->previous = g_bytes_ref(came);
    return heard;
}

/* A request that waits, of the same kind: whose answer a message is but for its sequence number. Without a
 * header any will do. */
static GBytes *waiting_request(const struct rig_smp_client *client, const guint8 *bytes, gsize n_bytes)
{
    for (guint i = 0; i < G_N_ELEMENTS(client->state); i++) {
        const guint8 *asked;

        if (client->state[i] != RIG_SMP_WAITING)
            continue;
        asked = g_bytes_get_data(client->asked[i], NULL);
        if (n_bytes < RIG_SMP_HEADER_BYTES || ((bytes[0] & 7) == (asked[0] & 7) + 1 &&
                                               memcmp(bytes + 4, asked + 4, 2) == 0 && bytes[7] == asked[7]))
            return g_bytes_ref(client->asked[i]);
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
static GBytes *find_request(struct rig_smp_client *client, const guint8 *bytes, gsize n_bytes,
                            const char **why)
{
    g_autoptr(GBytes) before = request_in(client->raw_before, bytes, n_bytes);
    GBytes *request = request_in(client->raw, bytes, n_bytes);
    guint8 sequence = n_bytes < RIG_SMP_HEADER_BYTES ? 0 : bytes[6];
    enum rig_smp_asked state = n_bytes < RIG_SMP_HEADER_BYTES ? RIG_SMP_NEVER_ASKED : client->state[sequence];

    if (request)
        return request;
    *why = unasked;
    if (state == RIG_SMP_WAITING) {
        client->state[sequence] = RIG_SMP_ANSWERED;
        return g_bytes_ref(client->asked[sequence]);
    }
    if (state == RIG_SMP_ANSWERED)
        *why = "passed over: its request was answered before";
    else if (state == RIG_SMP_GIVEN_UP || before)
        *why = "passed over: late, nobody waits for it any more";
    else if (client->raw)
        return g_bytes_ref(client->raw);
    else if (!client->update.corrupted)
        request = waiting_request(client, bytes, n_bytes);
    return request;
}

void rig_smp_answer_clear(struct rig_smp_answer *answer)
{
    g_clear_pointer(&answer->message, g_bytes_unref);
    g_clear_pointer(&answer->request, g_bytes_unref);
}

static void judge(struct rig_smp_answer *answer)
{
    gsize n_request, n_bytes;
    const guint8 *request = g_bytes_get_data(answer->request, &n_request);
    const guint8 *bytes = g_bytes_get_data(answer->message, &n_bytes);

    if (n_request < RIG_SMP_HEADER_BYTES)
        g_strlcpy(answer->why, "an answer to less than an SMP header", sizeof answer->why);
    else
        answer->keeps = rig_smp_answer_keeps(request, n_request, bytes, n_bytes, &answer->decoded,
                                             answer->why, sizeof answer->why);
}

static void remember_unasked(struct rig_smp_client *client, const guint8 *bytes, gsize n_bytes,
                             const char *why)
{
    if (n_bytes < RIG_SMP_HEADER_BYTES)
        g_snprintf(client->unasked, sizeof client->unasked,
                   "what came was %" G_GSIZE_FORMAT " bytes, shorter than an SMP header", n_bytes);
    else if (why == unasked)
        g_snprintf(client->unasked, sizeof client->unasked,
                   "what came answers no request: op %u, group %u, command %u, sequence %u", bytes[0] & 7,
                   (guint)bytes[4] << 8 | bytes[5], bytes[7], bytes[6]);
}

/* false: it is passed over. Takes the message; what it says is decoded here, once for all who look at it. */
static bool take_answer(struct rig_smp_client *client, GBytes *message, struct rig_smp_answer *answer)
{
    struct rig_update_message told = {.sent = false};
    const char *why = NULL;

    told.bytes = g_bytes_get_data(message, &told.n_bytes);
    answer->request = find_request(client, told.bytes, told.n_bytes, &why);
    if (!answer->request) {
        trace(client, false, told.bytes, told.n_bytes, why);
        remember_unasked(client, told.bytes, told.n_bytes, why);
        g_bytes_unref(message);
        return false;
    }
    answer->message = message;
    answer->decoded.status = rig_smp_decode_response(told.bytes, told.n_bytes, &answer->decoded.response);
    told.decoded = &answer->decoded;
    rig_update_tell(&client->update, &told);
    judge(answer);
    return true;
}

static guint64 next_due(const struct rig_smp_client *client, guint64 until_us)
{
    for (guint i = 0; i < client->held->len; i++)
        until_us = MIN(until_us, ((struct held_message *)g_ptr_array_index(client->held, i))->due_us);
    return until_us;
}

static bool receive_packet(struct rig_smp_client *client, guint64 until_us, enum rig_link_outcome *outcome,
                           GError **error)
{
    struct rig_link_packet packet;
    g_autoptr(GBytes) value = NULL;
    guint64 stop_us = next_due(client, until_us);

    if (!rig_update_receive(&client->update, stop_us, &packet, outcome, error))
        return false;
    value = packet.value;
    if (*outcome == RIG_LINK_TIMEOUT && stop_us < until_us)
        *outcome = RIG_LINK_OK; /* only a held message fell due */
    if (!value || packet.from != &rig_smp_characteristic)
        return true;
    g_byte_array_append(client->incoming, g_bytes_get_data(value, NULL), (guint)g_bytes_get_size(value));
    client->incoming_whole = client->update.setting.board->link->whole_messages;
    return true;
}

/* The next message on its way; NULL: none is whole. */
static GBytes *next_message(struct rig_smp_client *client, bool *lost)
{
    GBytes *whole;

    *lost = false;
    if (client->arrived->len > 0)
        return g_ptr_array_steal_index(client->arrived, 0);
    whole = take_message(client);
    if (!whole)
        return NULL;
    whole = let_through(client, whole);
    *lost = !whole;
    return whole;
}

bool rig_smp_receive(struct rig_smp_client *client, guint64 until_us, struct rig_smp_answer *answer,
                     enum rig_link_outcome *outcome, GError **error)
{
    answer->message = answer->request = NULL;
    answer->keeps = false;
    *outcome = RIG_LINK_OK;
    if (client->arrived->len == 0 && !release_held(client, true, error))
        return false;
    while (*outcome == RIG_LINK_OK) {
        bool lost;
        GBytes *came = next_message(client, &lost);

        if (came && take_answer(client, came, answer))
            return true;
        if (came || lost)
            continue;
        if (!receive_packet(client, until_us, outcome, error) || !release_held(client, false, error))
            return false;
    }
    return true;
}

/* --- single requests --- */

struct rig_smp_request_id rig_smp_next_id(struct rig_smp_client *client)
{
    return (struct rig_smp_request_id){.version = client->version, .sequence = client->sequence++};
}

guint64 rig_smp_answer_us(const struct rig_smp_client *client, bool slow)
{
    return (guint64)((double)(slow ? SLOW_ANSWER_US : ANSWER_US) * client->update.setting.timeout_scale);
}

void rig_smp_set_link_result(struct rig_smp_client *client, enum rig_link_outcome outcome,
                             struct rig_update_result *result)
{
    rig_update_set_link_result(&client->update, outcome, result);
    if (outcome != RIG_LINK_TIMEOUT)
        return;
    if (rig_smp_is_broken(client, result->text, sizeof result->text))
        result->kind = RIG_UPDATE_MALFORMED;
    rig_smp_give_up(client);
}

void rig_smp_set_result(const struct rig_smp_answer *answer, struct rig_update_result *result)
{
    const struct rig_smp_error *error = &answer->decoded.response.error;

    if (!answer->keeps) {
        result->kind = RIG_UPDATE_MALFORMED;
        g_strlcpy(result->text, answer->why, sizeof result->text);
        return;
    }
    result->code = error->rc;
    if (!error->failed)
        return;
    result->kind = RIG_UPDATE_REFUSED;
    rig_smp_error_text(error, result->text, sizeof result->text);
}

bool rig_smp_exchange(struct rig_smp_client *client, const guint8 *request, gsize n_bytes, guint64 until_us,
                      struct rig_smp_response *response, struct rig_update_result *result, GError **error)
{
    struct rig_smp_answer answer = {0};
    enum rig_link_outcome outcome;

    *result = (struct rig_update_result){.text = "ok"};
    rig_smp_begin_raw(client, NULL);
    if (!rig_smp_send(client, request, n_bytes, NULL, &outcome, error) ||
        (outcome == RIG_LINK_OK && !rig_smp_receive(client, until_us, &answer, &outcome, error)))
        return false;
    if (outcome != RIG_LINK_OK)
        rig_smp_set_link_result(client, outcome, result);
    else
        rig_smp_set_result(&answer, result);
    if (response && answer.message)
        *response = answer.decoded.response;
    rig_smp_give_up(client);
    rig_smp_answer_clear(&answer);
    return true;
}

bool rig_smp_learn_parameters(struct rig_smp_client *client, guint64 until_us,
                              struct rig_update_result *result, GError **error)
{
    struct rig_smp_response response;
    guint8 request[64];
    gsize n_bytes = rig_smp_encode_parameters(rig_smp_next_id(client), request, sizeof request);

    client->buf_size = client->buf_count = 0;
    if (!rig_smp_exchange(client, request, n_bytes, until_us, &response, result, error))
        return false;
    if (result->kind == RIG_UPDATE_DONE && response.has_parameters) {
        client->buf_size = response.buf_size;
        client->buf_count = response.buf_count;
    }
    return true;
}
