/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Requests and packets of Nordic's DFU over the link, with faults applied; where the board is. */
#include "drivers/update/nordic/nordic_client.h"

#include <string.h>

#define PING_US (5u * 1000u * 1000u)
#define DEFAULT_TRIES 5u
#define MAX_STRAYS 1000u /* answers to nothing, while one is waited for */

struct held_packet {
    const struct rig_characteristic *characteristic;
    enum rig_write_kind kind;
    GBytes *bytes;
    guint64 due_us; /* G_MAXUINT64: leaves after the next one, or when the client waits */
};

static void held_free(gpointer item)
{
    struct held_packet *held = item;

    g_bytes_unref(held->bytes);
    g_free(held);
}

struct rig_nordic_client *rig_nordic_client_of(struct rig_update *update)
{
    const struct rig_update_protocol *protocol = update->protocol;

    return protocol == &rig_update_nordic_secure || protocol == &rig_update_nordic_legacy
               ? (struct rig_nordic_client *)update
               : NULL;
}

struct rig_update *rig_nordic_make(const struct rig_nordic_kind *kind)
{
    struct rig_nordic_client *client = g_new0(struct rig_nordic_client, 1);

    client->kind = kind;
    client->n_tries = DEFAULT_TRIES;
    client->unanswered = g_array_new(FALSE, FALSE, sizeof(struct rig_request_tag));
    client->held = g_ptr_array_new_with_free_func(held_free);
    client->arrived = g_queue_new();
    return &client->update;
}

void rig_nordic_free(struct rig_update *update)
{
    struct rig_nordic_client *client = (struct rig_nordic_client *)update;

    g_array_unref(client->unanswered);
    g_ptr_array_unref(client->held);
    g_queue_free_full(client->arrived, (GDestroyNotify)g_bytes_unref);
    g_free(client);
}

void rig_nordic_restart(struct rig_update *update)
{
    struct rig_nordic_client *client = rig_nordic_client_of(update);

    client->at = RIG_NORDIC_AT_NOWHERE;
    client->door = NULL;
    client->version = 0;
    client->stray[0] = '\0';
    g_array_set_size(client->unanswered, 0);
    g_ptr_array_set_size(client->held, 0);
    g_queue_clear_full(client->arrived, (GDestroyNotify)g_bytes_unref);
}

void rig_nordic_faults_ended(struct rig_update *update)
{
    struct rig_nordic_client *client = rig_nordic_client_of(update);

    client->muted = false;
    client->n_messages = 0;
}

struct saved {
    enum rig_nordic_at at;
    const struct rig_nordic_door *door;
    guint16 version;
};

GBytes *rig_nordic_save(const struct rig_update *update)
{
    const struct rig_nordic_client *client = (const struct rig_nordic_client *)update;
    const struct saved saved = {client->at, client->door, client->version};

    return g_bytes_new(&saved, sizeof saved);
}

void rig_nordic_restore(struct rig_update *update, GBytes *bytes)
{
    struct rig_nordic_client *client = rig_nordic_client_of(update);
    const struct saved *saved = g_bytes_get_data(bytes, NULL);

    client->at = saved->at;
    client->door = saved->door;
    client->version = saved->version;
}

/* --- faults --- */

static enum rig_dfu_dialect dialect_of(const struct rig_nordic_kind *kind,
                                       const struct rig_characteristic *characteristic)
{
    for (guint i = 0; i < kind->n_doors; i++)
        if (kind->doors[i].characteristic == characteristic)
            return kind->doors[i].dialect;
    return kind->dialect;
}

static void trace(const struct rig_nordic_client *client, bool sent,
                  const struct rig_characteristic *characteristic, const guint8 *bytes, gsize n_bytes,
                  const char *fault)
{
    const struct rig_update_message message = {
        .sent = sent, .bytes = bytes, .n_bytes = n_bytes, .fault = fault, .decoded = characteristic};

    rig_update_tell(&client->update, &message);
}

static bool strikes(const struct rig_nordic_client *client, enum rig_fault_kind kind,
                    const struct rig_request_tag *tag, const struct rig_fault **fault)
{
    *fault =
        client->update.setting.faults ? rig_faults_strike(client->update.setting.faults, kind, tag) : NULL;
    return *fault != NULL;
}

/* What leaves: a request or a packet. */
struct parcel {
    const struct rig_characteristic *characteristic;
    enum rig_write_kind kind;
    const guint8 *bytes;
    gsize n_bytes;
};

static bool write_parcel(struct rig_nordic_client *client, const struct parcel *parcel,
                         enum rig_link_outcome *outcome, GError **error)
{
    return rig_update_write(&client->update, parcel->characteristic, parcel->kind, parcel->bytes,
                            parcel->n_bytes, outcome, error);
}

/* Those whose time has come; `waits`: also those that wait for the client to do so, or for one to overtake
 * them. */
static bool release_held(struct rig_nordic_client *client, bool waits, GError **error)
{
    guint64 now_us = rig_update_now_us(&client->update);

    for (guint i = 0; i < client->held->len;) {
        struct held_packet *held = g_ptr_array_index(client->held, i);
        g_autoptr(GBytes) bytes = NULL;
        enum rig_link_outcome ignored;
        struct parcel parcel = {.characteristic = held->characteristic, .kind = held->kind};

        if (held->due_us > now_us && !(waits && held->due_us == G_MAXUINT64)) {
            i++;
            continue;
        }
        bytes = g_bytes_ref(held->bytes);
        g_ptr_array_remove_index(client->held, i);
        parcel.bytes = g_bytes_get_data(bytes, &parcel.n_bytes);
        trace(client, true, parcel.characteristic, parcel.bytes, parcel.n_bytes, "sent late");
        if (!write_parcel(client, &parcel, &ignored, error))
            return false;
    }
    return true;
}

static void hold(struct rig_nordic_client *client, const struct parcel *parcel, guint64 due_us)
{
    struct held_packet *held = g_new0(struct held_packet, 1);

    held->characteristic = parcel->characteristic;
    held->kind = parcel->kind;
    held->bytes = g_bytes_new(parcel->bytes, parcel->n_bytes);
    held->due_us = due_us;
    g_ptr_array_add(client->held, held);
}

/* Faults that keep it from leaving now: what was done to it; NULL: nothing. */
static const char *withheld(struct rig_nordic_client *client, const struct parcel *parcel,
                            const struct rig_request_tag *tag)
{
    const struct rig_fault *fault;

    if (strikes(client, RIG_FAULT_DROP, tag, &fault))
        return "dropped";
    if (strikes(client, RIG_FAULT_DELAY, tag, &fault)) {
        hold(client, parcel, rig_update_now_us(&client->update) + fault->delay_us);
        return "delayed";
    }
    if (strikes(client, RIG_FAULT_REORDER, tag, &fault)) {
        hold(client, parcel, G_MAXUINT64);
        return "held back";
    }
    return NULL;
}

static bool leave(struct rig_nordic_client *client, const struct parcel *parcel,
                  const struct rig_request_tag *tag, enum rig_link_outcome *outcome, GError **error)
{
    g_autofree guint8 *bytes = g_memdup2(parcel->bytes, parcel->n_bytes);
    struct parcel leaving = *parcel;
    const struct rig_fault *fault;
    const char *what = NULL;

    leaving.bytes = bytes;
    if (parcel->n_bytes > 0 && strikes(client, RIG_FAULT_CORRUPT, tag, &fault)) {
        bytes[fault->at < parcel->n_bytes ? fault->at : parcel->n_bytes / 2] ^= 0x10;
        what = "one bit flipped";
    }
    if (strikes(client, RIG_FAULT_TRUNCATE, tag, &fault)) {
        leaving.n_bytes = fault->at < parcel->n_bytes ? fault->at : parcel->n_bytes / 2;
        what = "truncated";
    }
    client->update.corrupted |= what != NULL;
    trace(client, true, parcel->characteristic, bytes, leaving.n_bytes, what);
    if (!write_parcel(client, &leaving, outcome, error))
        return false;
    if (*outcome != RIG_LINK_OK || !strikes(client, RIG_FAULT_DUPLICATE, tag, &fault))
        return true;
    client->update.corrupted = true;
    trace(client, true, parcel->characteristic, bytes, leaving.n_bytes, "duplicated");
    return write_parcel(client, &leaving, outcome, error);
}

static bool send(struct rig_nordic_client *client, const struct parcel *parcel,
                 const struct rig_request_tag *told, enum rig_link_outcome *outcome, GError **error)
{
    struct rig_link *link = client->update.setting.board->link;
    struct rig_request_tag tag = told ? *told : (struct rig_request_tag){0};
    bool overtaken = client->held->len > 0;
    const struct rig_fault *fault;
    const char *what;

    tag.message = client->n_messages++;
    tag.n_message_bytes = parcel->n_bytes;
    g_array_append_val(client->unanswered, tag);
    *outcome = RIG_LINK_OK;
    if (strikes(client, RIG_FAULT_DISCONNECT, &tag, &fault)) {
        trace(client, true, parcel->characteristic, parcel->bytes, parcel->n_bytes, "not sent: link dropped");
        *outcome = RIG_LINK_LOST;
        client->update.ended_here = true;
        return link->ops->disconnect(link, error);
    }
    what = withheld(client, parcel, &tag);
    if (what) {
        client->update.corrupted = true;
        trace(client, true, parcel->characteristic, parcel->bytes, parcel->n_bytes, what);
        return true;
    }
    return leave(client, parcel, &tag, outcome, error) && (!overtaken || release_held(client, true, error));
}

/* A fault of the answer to anything that it may answer. */
static bool strikes_answer(const struct rig_nordic_client *client, enum rig_fault_kind kind)
{
    const struct rig_fault *fault;

    for (guint i = 0; i < client->unanswered->len; i++)
        if (strikes(client, kind, &g_array_index(client->unanswered, struct rig_request_tag, i), &fault))
            return true;
    return false;
}

/* Applies the faults of answers; NULL: nobody hears it. Takes the packet's value. */
static GBytes *let_through(struct rig_nordic_client *client, const struct rig_link_packet *packet)
{
    g_autoptr(GBytes) came = packet->value;
    gsize n_bytes;
    const guint8 *bytes = g_bytes_get_data(came, &n_bytes);
    const char *label = NULL;
    bool twice;

    if (strikes_answer(client, RIG_FAULT_STOP_NOTIFICATIONS))
        client->muted = true;
    if (client->muted)
        label = "not heard: notifications stopped";
    else if (strikes_answer(client, RIG_FAULT_DROP_RESPONSE))
        label = "dropped";
    trace(client, false, packet->from, bytes, n_bytes, label);
    twice = !label && strikes_answer(client, RIG_FAULT_DUPLICATE_RESPONSE);
    g_array_set_size(client->unanswered, 0);
    if (label) {
        client->update.corrupted = true;
        return NULL;
    }
    if (twice) {
        client->update.corrupted = true;
        g_queue_push_tail(client->arrived, g_bytes_ref(came));
    }
    return g_steal_pointer(&came);
}

/* When the client has to send what a fault delays, or until_us. */
static guint64 next_us(const struct rig_nordic_client *client, guint64 until_us)
{
    for (guint i = 0; i < client->held->len; i++)
        until_us = MIN(until_us, ((struct held_packet *)g_ptr_array_index(client->held, i))->due_us);
    return until_us;
}

/* The next answer that is heard, owned by the caller; NULL: see outcome. */
static bool hear(struct rig_nordic_client *client, guint64 until_us, GBytes **heard,
                 enum rig_link_outcome *outcome, GError **error)
{
    *heard = g_queue_pop_head(client->arrived);
    *outcome = RIG_LINK_OK;
    while (!*heard) {
        struct rig_link_packet packet;

        if (!release_held(client, true, error) ||
            !rig_update_receive(&client->update, next_us(client, until_us), &packet, outcome, error))
            return false;
        if (packet.value)
            *heard = let_through(client, &packet);
        else if (*outcome != RIG_LINK_TIMEOUT || rig_update_now_us(&client->update) >= until_us)
            return true;
    }
    return true;
}

/* --- requests --- */

static guint64 answer_until_us(const struct rig_nordic_client *client, guint64 allowed_us)
{
    guint64 scaled_us = (guint64)((double)allowed_us * client->update.setting.timeout_scale);

    return MIN(rig_update_now_us(&client->update) + scaled_us, client->until_us);
}

static struct parcel parcel_of(const struct rig_nordic_client *client, const struct rig_dfu_request *request)
{
    return (struct parcel){.characteristic =
                               client->door ? client->door->characteristic : client->kind->control,
                           .kind = RIG_WRITE_REQUEST,
                           .bytes = request->bytes,
                           .n_bytes = request->n_bytes};
}

static enum rig_dfu_dialect dialect_now(const struct rig_nordic_client *client)
{
    return client->door ? client->door->dialect : client->kind->dialect;
}

bool rig_nordic_say(struct rig_nordic_client *client, const struct rig_dfu_request *request,
                    struct rig_update_result *result, GError **error)
{
    struct parcel parcel = parcel_of(client, request);
    enum rig_link_outcome outcome;

    *result = (struct rig_update_result){.kind = RIG_UPDATE_DONE, .text = "ok"};
    client->stray[0] = '\0';
    if (!send(client, &parcel, NULL, &outcome, error))
        return false;
    if (outcome != RIG_LINK_OK)
        rig_nordic_set_link_result(client, outcome, rig_dfu_op_of(dialect_now(client), request->bytes[0]),
                                   result);
    return true;
}

/* Whether it is what is waited for; what breaks the protocol, or answers something else, is kept for the time
 * when nothing better comes. */
static bool is_answer(struct rig_nordic_client *client, guint8 op, guint8 or_op, GBytes *heard,
                      struct rig_dfu_response *response)
{
    gsize n_bytes;
    const guint8 *bytes = g_bytes_get_data(heard, &n_bytes);
    char text[128];

    if (rig_dfu_decode(dialect_now(client), bytes, n_bytes, response) == RIG_DFU_DECODED &&
        (response->op == op || response->op == or_op))
        return true;
    rig_dfu_describe(dialect_now(client), false, bytes, n_bytes, text, sizeof text);
    g_snprintf(client->stray, sizeof client->stray, "%s", text);
    return false;
}

/* Silence, or what came instead. */
static void set_unanswered(struct rig_nordic_client *client, const char *op, struct rig_update_result *result)
{
    if (client->stray[0] && !client->update.corrupted) {
        result->kind = RIG_UPDATE_MALFORMED;
        g_snprintf(result->text, sizeof result->text, "%s: instead of its answer came a %s", op,
                   client->stray);
    } else {
        rig_nordic_set_link_result(client, RIG_LINK_TIMEOUT, op, result);
    }
}

bool rig_nordic_await(struct rig_nordic_client *client, guint8 op, guint8 or_op, guint64 allowed_us,
                      struct rig_dfu_response *response, struct rig_update_result *result, GError **error)
{
    guint64 until_us = answer_until_us(client, allowed_us);
    const char *name = rig_dfu_op_of(dialect_now(client), op);

    *result = (struct rig_update_result){.kind = RIG_UPDATE_DONE, .text = "ok"};
    for (guint n_strays = 0;; n_strays++) {
        g_autoptr(GBytes) heard = NULL;
        enum rig_link_outcome outcome;

        if (!hear(client, until_us, &heard, &outcome, error))
            return false;
        if (heard && is_answer(client, op, or_op, heard, response))
            return true;
        if (heard && n_strays < MAX_STRAYS)
            continue;
        if (heard || outcome == RIG_LINK_TIMEOUT)
            set_unanswered(client, name, result);
        else
            rig_nordic_set_link_result(client, outcome, name, result);
        return true;
    }
}

bool rig_nordic_ask(struct rig_nordic_client *client, const struct rig_dfu_request *request,
                    guint64 allowed_us, struct rig_dfu_response *response, struct rig_update_result *result,
                    GError **error)
{
    guint n_tries = dialect_now(client) == RIG_DFU_LEGACY ? 1 : client->n_tries; /* each moves its state on */

    for (guint n = 1;; n++) {
        if (!rig_nordic_say(client, request, result, error))
            return false;
        if (result->kind == RIG_UPDATE_DONE && !rig_nordic_await(client, request->bytes[0], request->bytes[0],
                                                                 allowed_us, response, result, error))
            return false;
        if (result->kind != RIG_UPDATE_NO_ANSWER || n >= n_tries ||
            rig_update_now_us(&client->update) >= client->until_us)
            break;
    }
    if (result->kind == RIG_UPDATE_DONE && !response->success)
        rig_nordic_set_refused(client, response, request, result);
    return true;
}

gsize rig_nordic_packet_room(const struct rig_nordic_client *client)
{
    guint16 mtu = rig_link_mtu(client->update.setting.board->link);

    if (client->kind->dialect == RIG_DFU_LEGACY)
        return RIG_LEGACY_PACKET_BYTES;
    return (gsize)(MAX(mtu, 23) - 3) & ~(gsize)3;
}

bool rig_nordic_packet(struct rig_nordic_client *client, const struct rig_request_tag *tag,
                       const guint8 *bytes, gsize n_bytes, struct rig_update_result *result, GError **error)
{
    const struct parcel parcel = {client->kind->packet, RIG_WRITE_COMMAND, bytes, n_bytes};
    enum rig_link_outcome outcome;

    if (!send(client, &parcel, tag, &outcome, error))
        return false;
    if (outcome != RIG_LINK_OK)
        rig_nordic_set_link_result(client, outcome, "packet", result);
    return true;
}

bool rig_nordic_await_hang_up(struct rig_nordic_client *client, const char *doing,
                              struct rig_update_result *result, GError **error)
{
    guint64 until_us = answer_until_us(client, RIG_NORDIC_HANG_UP_US);

    for (guint n_strays = 0;; n_strays++) {
        g_autoptr(GBytes) heard = NULL;
        enum rig_link_outcome outcome;

        if (!hear(client, until_us, &heard, &outcome, error))
            return false;
        if (heard && n_strays < MAX_STRAYS)
            continue;
        if (heard || outcome == RIG_LINK_TIMEOUT) {
            *result = (struct rig_update_result){.kind = RIG_UPDATE_NO_ANSWER};
            g_snprintf(result->text, sizeof result->text,
                       "the board %s and does not hang up: it does not reset by itself", doing);
        }
        return true;
    }
}

bool rig_nordic_ping(struct rig_update *update, struct rig_update_result *result, GError **error)
{
    struct rig_nordic_client *client = rig_nordic_client_of(update);
    /* An application takes no op of this number. */
    struct rig_dfu_request request = rig_dfu_request_of(client->door ? 0xff : client->kind->ping);
    bool answered = rig_dfu_is_answered(dialect_now(client), request.bytes, request.n_bytes) &&
                    !(client->door && dialect_now(client) == RIG_DFU_LEGACY);
    struct rig_dfu_response response;

    client->until_us = rig_update_now_us(update) + PING_US;
    client->n_tries = 1;
    if (!answered)
        return rig_nordic_say(client, &request, result, error);
    if (!rig_nordic_ask(client, &request, PING_US, &response, result, error))
        return false;
    if (result->kind == RIG_UPDATE_REFUSED)
        *result = (struct rig_update_result){.text = "ok"};
    return true;
}

bool rig_nordic_send_raw(struct rig_nordic_client *client, struct rig_nordic_raw *raw, GError **error)
{
    gsize n_bytes;
    const struct rig_dfu_request none = {0};
    struct parcel parcel = parcel_of(client, &none);

    parcel.bytes = g_bytes_get_data(raw->bytes, &n_bytes);
    parcel.n_bytes = n_bytes;
    if (raw->packet) {
        parcel.characteristic = client->kind->packet;
        parcel.kind = RIG_WRITE_COMMAND;
    }
    raw->dialect = dialect_now(client);
    raw->outcome = RIG_LINK_OK;
    client->stray[0] = '\0';
    for (guint i = 0; i < raw->n_copies && raw->outcome == RIG_LINK_OK; i++)
        if (!send(client, &parcel, NULL, &raw->outcome, error))
            return false;
    return raw->outcome != RIG_LINK_OK || hear(client, raw->until_us, &raw->answer, &raw->outcome, error);
}

/* --- where the board is --- */

static bool subscribe_door(struct rig_nordic_client *client, bool on, enum rig_link_outcome *outcome,
                           GError **error)
{
    struct rig_link *link = client->update.setting.board->link;
    enum rig_link_outcome first = *outcome;

    for (guint i = 0; i < client->kind->n_doors; i++) {
        const struct rig_nordic_door *door = &client->kind->doors[i];

        if (door->characteristic == client->kind->control)
            continue;
        if (!link->ops->subscribe(link, door->characteristic, on ? door->subscription : RIG_SUBSCRIBE_NONE,
                                  outcome, error))
            return false;
        if (*outcome == RIG_LINK_NO_SERVICE || *outcome == RIG_LINK_NO_CHARACTERISTIC)
            continue;
        client->door = door;
        client->at = RIG_NORDIC_AT_APPLICATION;
        return true;
    }
    *outcome = first;
    return true;
}

static bool look_for_both(struct rig_update *update, bool on, enum rig_link_outcome *outcome, GError **error)
{
    struct rig_nordic_client *client = rig_nordic_client_of(update);
    struct rig_link *link = update->setting.board->link;

    if (!link->ops->subscribe(link, client->kind->control, on ? RIG_SUBSCRIBE_NOTIFY : RIG_SUBSCRIBE_NONE,
                              outcome, error))
        return false;
    if (*outcome == RIG_LINK_NO_SERVICE || *outcome == RIG_LINK_NO_CHARACTERISTIC)
        return subscribe_door(client, on, outcome, error);
    if (*outcome != RIG_LINK_OK)
        return true;
    client->at = RIG_NORDIC_AT_BOOTLOADER;
    client->door = NULL;
    if (client->kind->look_around && !client->kind->look_around(update, &client->door, error))
        return false;
    if (client->door)
        client->at = RIG_NORDIC_AT_APPLICATION;
    return true;
}

bool rig_nordic_pause(struct rig_nordic_client *client, guint64 until_us, enum rig_link_outcome *outcome,
                      GError **error)
{
    *outcome = RIG_LINK_OK;
    while (*outcome == RIG_LINK_OK) {
        struct rig_link_packet ignored;

        if (!rig_update_receive(&client->update, until_us, &ignored, outcome, error))
            return false;
        g_clear_pointer(&ignored.value, g_bytes_unref);
    }
    return true;
}

/* A host that knows the board goes by the table that it had; that it changed is told a moment later. */
bool rig_nordic_subscribe(struct rig_update *update, bool on, enum rig_link_outcome *outcome, GError **error)
{
    struct rig_nordic_client *client = rig_nordic_client_of(update);
    enum rig_link_outcome paused;

    if (!look_for_both(update, on, outcome, error))
        return false;
    if (!on || *outcome != RIG_LINK_ATT_ERROR)
        return true;
    if (!rig_nordic_pause(client, rig_update_now_us(update) + RIG_NORDIC_CHANGED_US, &paused, error))
        return false;
    return paused != RIG_LINK_TIMEOUT || look_for_both(update, on, outcome, error);
}

/* Who is bonded may take the application's attribute for the control point that stood there before: what does
 * not answer as that is looked at again. */
bool rig_nordic_greet(struct rig_update *update, guint64 until_us, struct rig_update_result *result,
                      GError **error)
{
    struct rig_nordic_client *client = rig_nordic_client_of(update);
    struct rig_link *link = update->setting.board->link;
    enum rig_link_outcome outcome;
    struct rig_link_state state;

    link->ops->state(link, &state);
    *result = (struct rig_update_result){.kind = RIG_UPDATE_DONE, .text = "ok"};
    if (client->at != RIG_NORDIC_AT_BOOTLOADER || !state.bonded)
        return true;
    if (!rig_nordic_ping(update, result, error))
        return false;
    if (result->kind == RIG_UPDATE_DONE || rig_update_now_us(update) >= until_us)
        return true;
    if (!rig_nordic_pause(client, MIN(rig_update_now_us(update) + RIG_NORDIC_CHANGED_US, until_us), &outcome,
                          error) ||
        !rig_nordic_subscribe(update, true, &outcome, error))
        return false;
    if (outcome == RIG_LINK_OK)
        *result = (struct rig_update_result){.kind = RIG_UPDATE_DONE, .text = "ok"};
    else
        rig_nordic_set_link_result(client, outcome, "looking for DFU's services", result);
    return true;
}

/* --- as others look at messages --- */

/* Which control point, beside the op. */
#define KEY_OF(dialect, op) ((guint32)(dialect) << 8 | (op))

bool rig_nordic_look(const struct rig_nordic_kind *kind, const struct rig_update_packet *begin,
                     struct rig_update_head *head)
{
    enum rig_dfu_dialect dialect = dialect_of(kind, begin->characteristic);
    struct rig_dfu_response response;

    *head = (struct rig_update_head){.n_bytes = begin->n_bytes, .text = "an empty message"};
    if (begin->n_bytes == 0)
        return false;
    if (begin->characteristic == kind->packet) {
        head->chunk = head->silent = true;
        head->key = G_MAXUINT32;
    } else if (begin->sent) {
        head->silent = !rig_dfu_is_answered(dialect, begin->bytes, begin->n_bytes);
        head->key = KEY_OF(dialect, begin->bytes[0]);
        g_strlcpy(head->text, rig_dfu_op_of(dialect, begin->bytes[0]), sizeof head->text);
    } else {
        (void)rig_dfu_decode(dialect, begin->bytes, begin->n_bytes, &response);
        head->key = KEY_OF(dialect, response.op);
        g_strlcpy(head->text, "response", sizeof head->text);
    }
    return true;
}

void rig_nordic_describe(const struct rig_update_message *message, char *text, gsize room)
{
    const struct rig_characteristic *characteristic = message->decoded;

    if (characteristic && (g_str_equal(characteristic->uuid, RIG_DFU_PACKET_UUID) ||
                           g_str_equal(characteristic->uuid, RIG_LEGACY_PACKET_UUID)))
        g_snprintf(text, room, "packet, %" G_GSIZE_FORMAT " bytes", message->n_bytes);
    else
        rig_dfu_describe(!characteristic                                                 ? RIG_DFU_SECURE
                         : g_str_equal(characteristic->service, RIG_LEGACY_SERVICE_UUID) ? RIG_DFU_LEGACY
                         : g_str_equal(characteristic->uuid, RIG_DFU_CONTROL_UUID)       ? RIG_DFU_SECURE
                                                                                         : RIG_DFU_BUTTONLESS,
                         message->sent, message->bytes, message->n_bytes, text, room);
}
