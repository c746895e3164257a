/* SPDX-License-Identifier: GPL-3.0-or-later */
/* SMP as an update protocol: the role, and the upload, in which the server's `off` in each answer is the only
 * truth about progress. */
#include "drivers/update/smp/smp_client.h"

#include <string.h>

#define MAX_FAILURES 5
#define MAX_STALLS 40 /* answers in a row without progress */
#define MAX_RECONNECTS 20
#define MAX_WINDOW 16
#define DEFAULT_BUFFER_BYTES                                                                                 \
    384 /* of a server that does not tell [SRC zephyr CONFIG_MCUMGR_TRANSPORT_NETBUF_SIZE] */
#define SMALL_PACKET_BYTES 128 /* below it a first chunk (image header and sha) does not fit one write */

struct rig_smp_client *rig_smp_client_of(struct rig_update *update)
{
    return update->protocol == &rig_update_smp ? (struct rig_smp_client *)update : NULL;
}

/* --- the upload --- */

struct flying {
    guint8 sequence;
    guint64 offset;
    guint64 n_bytes;
};

struct progress {
    struct rig_smp_client *client;
    const struct rig_update_transfer *upload;
    struct rig_update_report *report;
    struct rig_update_result *result;
    gsize room; /* of a message on this connection */
    struct flying flying[MAX_WINDOW];
    guint n_flying;
    guint64 acked;   /* the server's offset as last told */
    guint64 next;    /* first byte not yet sent since then */
    guint64 kept;    /* what the board must still have after the last reconnect */
    guint64 most;    /* first byte that the board cannot have: it was never sent, nor told to be there */
    char broken[96]; /* what came instead of an answer before trying again; "" = nothing did */
    GArray *starts;  /* guint64: offsets of the distinct chunks, in the order first sent */
    guint n_failures;
    guint n_stalls;
    bool begun;    /* the first chunk was answered on this connection */
    bool all_sent; /* the last chunk left on this connection */
    bool finished;
};

static void end(struct progress *progress, enum rig_update_result_kind kind, const char *text)
{
    progress->finished = true;
    progress->result->kind = kind;
    if (text)
        g_strlcpy(progress->result->text, text, sizeof progress->result->text);
}

static void link_ended(struct progress *progress, enum rig_link_outcome outcome)
{
    progress->finished = true;
    rig_smp_set_link_result(progress->client, outcome, progress->result);
}

/* One write per message where that carries a useful chunk; a board that says how much it joins gets messages
 * of several writes when the ATT_MTU is too small for that. */
static gsize message_room(struct progress *progress)
{
    struct rig_smp_client *client = progress->client;
    struct rig_link *link = client->update.setting.board->link;
    struct rig_link_state state;
    gsize room, buffer = client->buf_size;

    link->ops->state(link, &state);
    room = MAX(state.mtu, 23) - 3;
    if (state.framing_bytes)
        buffer = MAX(buffer ? buffer : DEFAULT_BUFFER_BYTES, 64) - state.framing_bytes;
    if (buffer && room > buffer)
        room = buffer;
    if (link->datagrams)
        return MIN(room, RIG_SMP_MAX_MESSAGE_BYTES);
    if ((room < SMALL_PACKET_BYTES || progress->upload->chunk_bytes + 64 > room) && buffer > room)
        room = buffer;
    return MIN(room, RIG_SMP_MAX_MESSAGE_BYTES);
}

static guint chunk_index(struct progress *progress, guint64 offset)
{
    for (guint i = progress->starts->len; i-- > 0;) {
        if (g_array_index(progress->starts, guint64, i) == offset) {
            progress->report->n_resent++;
            return i;
        }
    }
    g_array_append_val(progress->starts, offset);
    return progress->report->n_chunks++;
}

static bool is_connected(const struct progress *progress)
{
    struct rig_link *link = progress->client->update.setting.board->link;
    struct rig_link_state state;

    link->ops->state(link, &state);
    return state.connected;
}

static bool send_chunk(struct progress *progress, GError **error)
{
    const struct rig_update_transfer *upload = progress->upload;
    struct rig_smp_upload_chunk chunk = {
        .image = upload->image,
        .offset = (guint32)progress->next,
        .total_bytes = (guint32)upload->n_bytes,
        .sha = upload->sha,
        .upgrade = upload->upgrade,
        .bytes = upload->bytes + progress->next,
    };
    struct rig_smp_request_id id = rig_smp_next_id(progress->client);
    struct rig_request_tag tag = {.upload = true, .offset = progress->next, .total = upload->n_bytes};
    guint8 message[RIG_SMP_MAX_MESSAGE_BYTES];
    enum rig_link_outcome outcome;
    gsize room = rig_smp_upload_room(&chunk, progress->room);
    gsize wanted =
        progress->next == 0 && upload->first_chunk_bytes ? upload->first_chunk_bytes : upload->chunk_bytes;
    gsize n_bytes;

    chunk.n_bytes = MIN(upload->n_bytes - progress->next, wanted ? MIN(wanted, room) : room);
    n_bytes = chunk.n_bytes ? rig_smp_encode_upload(id, &chunk, message, sizeof message) : 0;
    if (n_bytes == 0) {
        if (is_connected(progress))
            end(progress, RIG_UPDATE_NO_PROGRESS, "not one byte of the image fits a packet of this ATT_MTU");
        else
            link_ended(progress, RIG_LINK_LOST);
        return true;
    }
    tag.n_bytes = chunk.n_bytes;
    tag.chunk = chunk_index(progress, progress->next);
    progress->flying[progress->n_flying++] = (struct flying){id.sequence, progress->next, chunk.n_bytes};
    progress->next += chunk.n_bytes;
    progress->most = MAX(progress->most, progress->next);
    if (!rig_smp_send(progress->client, message, n_bytes, &tag, &outcome, error))
        return false;
    progress->all_sent |= outcome == RIG_LINK_OK && progress->next >= upload->n_bytes;
    if (outcome != RIG_LINK_OK)
        link_ended(progress, outcome);
    return true;
}

/* Until the first answer nobody knows where the server wants to begin; a server that does not tell its
 * buffers may have one only. */
static guint window_of(const struct progress *progress)
{
    guint window = CLAMP(progress->upload->window, 1, MAX_WINDOW);

    if (progress->acked == 0 || progress->client->buf_count < 2)
        return 1;
    return MIN(window, progress->client->buf_count - 1);
}

static bool fill_window(struct progress *progress, GError **error)
{
    while (!progress->finished && progress->n_flying < window_of(progress) &&
           progress->next < progress->upload->n_bytes)
        if (!send_chunk(progress, error))
            return false;
    return true;
}

static void land(struct progress *progress, guint n)
{
    for (guint i = 0; i < n; i++)
        rig_smp_forget(progress->client, progress->flying[i].sequence);
    progress->n_flying -= n;
    memmove(progress->flying, progress->flying + n, progress->n_flying * sizeof *progress->flying);
}

static void go_back_to(struct progress *progress, guint64 offset)
{
    land(progress, progress->n_flying);
    progress->acked = progress->next = offset;
}

/* The first answer on a connection tells where the upload begins, or goes on. The first chunk comes again
 * then: a board that had kept just that, and one that took it anew, answer the same. */
static void took_up(struct progress *progress, const struct flying *answered, guint64 offset)
{
    struct rig_update_report *report = progress->report;

    progress->begun = true;
    report->begin = offset == answered->offset + answered->n_bytes ? answered->offset : offset;
    if (offset >= progress->kept || report->acknowledged > 0)
        return;
    report->acknowledged = progress->kept;
    report->went_on_at = report->begin;
}

/* What was acknowledged has to outlast the connection, unless the last chunk may have completed the image. A
 * connection that ended before its first answer changes nothing about that. */
static void remember_kept(struct progress *progress)
{
    if (progress->begun)
        progress->kept = progress->acked;
    if (progress->all_sent)
        progress->kept = 0;
    progress->all_sent = false;
}

/* The server's offset can stay, go on as far as was sent, or begin anew (it started again, another client
 * came); what it has kept from an earlier connection it tells in its first answer. */
static bool offset_is_possible(struct progress *progress, guint64 offset)
{
    g_autofree char *text = NULL;

    if (offset > progress->upload->n_bytes)
        text = g_strdup("the board wants an offset beyond the image");
    else if (progress->begun && offset > progress->most)
        text = g_strdup_printf("the board wants byte %" G_GUINT64_FORMAT ", but only %" G_GUINT64_FORMAT
                               " bytes were sent",
                               offset, progress->most);
    else if (offset > 0 && offset < progress->acked)
        text = g_strdup_printf("the board goes back to byte %" G_GUINT64_FORMAT
                               ", but had acknowledged %" G_GUINT64_FORMAT,
                               offset, progress->acked);
    if (text)
        end(progress, RIG_UPDATE_MALFORMED, text);
    return !text;
}

static void take_offset(struct progress *progress, const struct flying *answered, guint64 offset)
{
    const struct rig_update_transfer *upload = progress->upload;

    if (!offset_is_possible(progress, offset))
        return;
    progress->most = MAX(progress->most, offset);
    if (!progress->begun)
        took_up(progress, answered, offset);
    progress->n_stalls = offset > progress->acked ? 0 : progress->n_stalls + 1;
    progress->n_failures = offset > progress->acked ? 0 : progress->n_failures;
    if (offset == answered->offset + answered->n_bytes) {
        progress->acked = offset;
    } else {
        progress->report->n_mismatches++;
        go_back_to(progress, offset);
    }
    progress->report->offset = offset;
    if (progress->n_stalls > MAX_STALLS)
        end(progress, RIG_UPDATE_NO_PROGRESS, "the board answers, but its offset does not move");
    else if (offset == upload->n_bytes)
        end(progress, RIG_UPDATE_DONE, "ok");
    else if (upload->stop_at_byte && offset >= upload->stop_at_byte)
        end(progress, RIG_UPDATE_STOPPED, "stopped");
}

/* `match` comes with the last answer: whether what the board wrote is the image that it was told of. */
static bool matches(struct progress *progress, const struct rig_smp_response *response)
{
    if (!response->has_match || response->match)
        return true;
    if (response->off == progress->upload->n_bytes)
        end(progress, RIG_UPDATE_REFUSED,
            "the board says that what it wrote is not the image: 'match' is false");
    else
        end(progress, RIG_UPDATE_MALFORMED, "'match' is false before the last chunk");
    return false;
}

static void take_answer(struct progress *progress, const struct rig_smp_answer *answer)
{
    guint8 sequence = ((const guint8 *)g_bytes_get_data(answer->request, NULL))[6];
    const struct rig_smp_response *response = &answer->decoded.response;
    struct flying answered;
    guint at = 0;

    while (at < progress->n_flying && progress->flying[at].sequence != sequence)
        at++;
    if (at == progress->n_flying)
        return; /* of another request than ours */
    answered = progress->flying[at];
    land(progress, at + 1); /* answers come in order: the ones before are lost */
    if (progress->broken[0]) {
        end(progress, RIG_UPDATE_MALFORMED, progress->broken);
        return;
    }
    rig_smp_set_result(answer, progress->result);
    if (progress->result->kind != RIG_UPDATE_DONE)
        progress->finished = true;
    else if (matches(progress, response))
        take_offset(progress, &answered, response->off);
}

/* Half an answer may be the last of a link that is about to end: only an answer after it proves otherwise. */
static void try_again(struct progress *progress)
{
    char text[sizeof progress->broken];

    if (rig_smp_is_broken(progress->client, text, sizeof text))
        g_strlcpy(progress->broken, text, sizeof progress->broken);
    rig_smp_give_up(progress->client);
    go_back_to(progress, progress->acked);
}

static void take_silence(struct progress *progress, guint64 now_us)
{
    guint allowed = progress->upload->max_failures ? progress->upload->max_failures : MAX_FAILURES;

    if (now_us >= progress->upload->until_us || ++progress->n_failures >= allowed)
        link_ended(progress, RIG_LINK_TIMEOUT);
    else
        try_again(progress);
}

static bool await_answer(struct progress *progress, GError **error)
{
    struct rig_smp_client *client = progress->client;
    struct rig_board *board = client->update.setting.board;
    guint64 allowed_us = rig_smp_answer_us(client, progress->acked == 0);
    guint64 until_us = MIN(board->ops->now_us(board) + allowed_us, progress->upload->until_us);
    struct rig_smp_answer answer;
    enum rig_link_outcome outcome;

    if (!rig_smp_receive(client, until_us, &answer, &outcome, error))
        return false;
    if (outcome == RIG_LINK_TIMEOUT) {
        take_silence(progress, board->ops->now_us(board));
    } else if (outcome != RIG_LINK_OK) {
        link_ended(progress, outcome);
    } else {
        take_answer(progress, &answer);
        rig_smp_answer_clear(&answer);
    }
    return true;
}

static bool reconnect(struct progress *progress, bool *connected, GError **error)
{
    struct rig_smp_client *client = progress->client;
    struct rig_link_connect how = {.pair = progress->upload->pair, .until_us = progress->upload->until_us};
    enum rig_link_outcome outcome;

    if (!rig_update_connect(&client->update, &how, &outcome, error))
        return false;
    *connected = outcome == RIG_LINK_OK;
    progress->report->n_reconnects++;
    if (*connected) {
        remember_kept(progress);
        progress->broken[0] = '\0';
        progress->finished = progress->begun = false;
        progress->result->kind = RIG_UPDATE_DONE;
        go_back_to(progress,
                   0); /* the first chunk again: the sha tells the server that it is the same file */
    }
    return true;
}

static bool transfer(struct progress *progress, GError **error)
{
    progress->room = message_room(progress);
    while (!progress->finished)
        if (!fill_window(progress, error) || (!progress->finished && !await_answer(progress, error)))
            return false;
    return true;
}

static bool smp_transfer(struct rig_update *update, const struct rig_update_transfer *upload,
                         struct rig_update_report *report, struct rig_update_result *result, GError **error)
{
    struct rig_smp_client *client = rig_smp_client_of(update);
    struct progress progress = {.client = client, .upload = upload, .report = report, .result = result};
    g_autoptr(GArray) starts = g_array_new(FALSE, FALSE, sizeof(guint64));
    bool again = true;

    progress.starts = starts;
    memset(report, 0, sizeof *report);
    memset(result, 0, sizeof *result);
    rig_smp_begin_raw(client, NULL);
    while (again) {
        if (!transfer(&progress, error))
            return false;
        again = result->kind == RIG_UPDATE_LINK && upload->resume && report->n_reconnects < MAX_RECONNECTS;
        if (again && !reconnect(&progress, &again, error))
            return false;
    }
    return true;
}

/* --- the role --- */

static bool smp_subscribe(struct rig_update *update, bool on, enum rig_link_outcome *outcome, GError **error)
{
    struct rig_link *link = update->setting.board->link;

    return link->ops->subscribe(link, &rig_smp_characteristic, on ? RIG_SUBSCRIBE_NOTIFY : RIG_SUBSCRIBE_NONE,
                                outcome, error);
}

/* How much the server joins and queues; one without the command is no failure, nor is one that is silent. */
static bool smp_greet(struct rig_update *update, guint64 until_us, struct rig_update_result *result,
                      GError **error)
{
    struct rig_smp_client *client = rig_smp_client_of(update);
    guint64 answer_us = rig_update_now_us(update) + rig_smp_answer_us(client, false);

    if (!rig_smp_learn_parameters(client, MIN(until_us, answer_us), result, error))
        return false;
    *result = (struct rig_update_result){.text = "ok"};
    return true;
}

static bool smp_activate(struct rig_update *update, const struct rig_update_activation *activation,
                         struct rig_update_result *result, GError **error)
{
    struct rig_smp_client *client = rig_smp_client_of(update);
    guint8 request[128];
    gsize n_bytes = rig_smp_encode_image_write(rig_smp_next_id(client), activation->hash, activation->n_hash,
                                               activation->permanent, request, sizeof request);

    return rig_smp_exchange(client, request, n_bytes, activation->until_us, NULL, result, error);
}

static bool smp_ping(struct rig_update *update, struct rig_update_result *result, GError **error)
{
    struct rig_smp_client *client = rig_smp_client_of(update);
    guint8 request[64];
    gsize n_bytes = rig_smp_encode_echo(rig_smp_next_id(client), "last", request, sizeof request);

    return rig_smp_exchange(client, request, n_bytes,
                            rig_update_now_us(update) + rig_smp_answer_us(client, false), NULL, result,
                            error);
}

struct saved {
    guint8 sequence;
    guint32 buf_size, buf_count;
};

static GBytes *smp_save(const struct rig_update *update)
{
    const struct rig_smp_client *client = (const struct rig_smp_client *)update;
    const struct saved saved = {client->sequence, client->buf_size, client->buf_count};

    return g_bytes_new(&saved, sizeof saved);
}

static void smp_restore(struct rig_update *update, GBytes *bytes)
{
    struct rig_smp_client *client = rig_smp_client_of(update);
    const struct saved *saved = g_bytes_get_data(bytes, NULL);

    client->sequence = saved->sequence;
    client->buf_size = saved->buf_size;
    client->buf_count = saved->buf_count;
}

static bool smp_look(const struct rig_update_packet *begin, struct rig_update_head *head)
{
    struct rig_smp_header header;

    *head = (struct rig_update_head){.text = "no SMP message"};
    if (begin->n_bytes < RIG_SMP_HEADER_BYTES)
        return false;
    rig_smp_header_decode(begin->bytes, &header);
    head->key = header.sequence;
    head->n_bytes = RIG_SMP_HEADER_BYTES + (gsize)header.length;
    head->chunk = header.group == RIG_SMP_GROUP_IMAGE && header.command == RIG_SMP_IMAGE_UPLOAD;
    rig_smp_describe_kind(&header, head->text, sizeof head->text);
    return true;
}

static void smp_describe(const struct rig_update_message *message, char *text, gsize room)
{
    rig_smp_describe(message->bytes, message->n_bytes, message->decoded, text, room);
}

static struct rig_update *smp_make(void)
{
    return &rig_smp_client_new()->update;
}

static void smp_client_free(struct rig_smp_client *client)
{
    g_byte_array_unref(client->incoming);
    g_ptr_array_unref(client->held);
    g_ptr_array_unref(client->arrived);
    g_hash_table_unref(client->tags);
    for (guint i = 0; i < G_N_ELEMENTS(client->asked); i++)
        g_clear_pointer(&client->asked[i], g_bytes_unref);
    g_clear_pointer(&client->raw, g_bytes_unref);
    g_clear_pointer(&client->raw_before, g_bytes_unref);
    g_clear_pointer(&client->previous, g_bytes_unref);
    g_free(client);
}

static void smp_free(struct rig_update *update)
{
    smp_client_free(rig_smp_client_of(update));
}

/* As rig_update_protocol has them. */
static void rig_smp_restart(struct rig_smp_client *client)
{
    rig_smp_give_up(client);
    g_ptr_array_set_size(client->held, 0);
    g_ptr_array_set_size(client->arrived, 0);
    g_hash_table_remove_all(client->tags);
}

static void smp_restart(struct rig_update *update)
{
    rig_smp_restart(rig_smp_client_of(update));
}

static void rig_smp_faults_ended(struct rig_smp_client *client)
{
    client->muted = false;
    client->n_messages = 0;
}

static void smp_faults_ended(struct rig_update *update)
{
    rig_smp_faults_ended(rig_smp_client_of(update));
}

static const char *const capabilities[] = {"smp", NULL};
static const char *const options[] = {"number",  "chunk",    "first-chunk", "window",
                                      "upgrade", "failures", NULL};
static const struct rig_characteristic *const characteristics[] = {&rig_smp_characteristic, NULL};
const struct rig_update_protocol rig_update_smp = {
    .name = "smp",
    .capabilities = capabilities,
    .options = options,
    .characteristics = characteristics,
    .make = smp_make,
    .free = smp_free,
    .subscribe = smp_subscribe,
    .greet = smp_greet,
    .transfer = smp_transfer,
    .activate = smp_activate,
    .ping = smp_ping,
    .restart = smp_restart,
    .faults_ended = smp_faults_ended,
    .save = smp_save,
    .restore = smp_restore,
    .look = smp_look,
    .describe = smp_describe,
};
