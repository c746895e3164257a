/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Packets joined to messages as both sides join them: by the length that their beginning tells. */
#include "steps/traffic.h"

#include <string.h>

struct message {
    struct rig_update_head head;
    guint ordinal;         /* among chunks, or among the other requests; from 1 */
    guint n_pieces;        /* writes */
    guint n_answer_pieces; /* notifications */
};

struct packet {
    enum rig_traffic_place kind;
    guint32 index;
    gint message; /* -1: a notification that answers nothing */
    guint piece;  /* of the message, or of its answer; from 0 */
    guint n_unanswered;
};

/* One direction being joined. */
struct joining {
    guint8 beginning[64]; /* until it tells the length */
    gsize n_bytes;        /* that came */
    gsize n_whole;        /* 0: not told yet */
    bool open;
    gint message;
    guint n_pieces;
};

struct place {
    guint packet; /* that follows */
    bool waiting; /* for it */
};

struct rig_traffic {
    const struct rig_update_protocol *protocol;
    GArray *packets;  /* struct packet */
    GArray *places;   /* struct place */
    GArray *messages; /* struct message */
    struct joining sent, received;
    guint32 n_writes, n_notifications;
    guint n_chunks, n_requests;
    guint n_unanswered;
};

const char *const rig_traffic_place_names[] = {"write", "notification", "waiting", "end", NULL};
const char *const rig_traffic_phases[] = {
    "before-request",
    "inside-request",
    "waiting-after-request",
    "before-answer-to-request",
    "inside-answer-to-request",
    "before-first-chunk",
    "inside-first-chunk",
    "waiting-after-first-chunk",
    "before-answer-to-first-chunk",
    "inside-answer-to-first-chunk",
    "before-chunk",
    "inside-chunk",
    "waiting-after-chunk",
    "before-answer-to-chunk",
    "inside-answer-to-chunk",
    "before-last-chunk",
    "inside-last-chunk",
    "waiting-after-last-chunk",
    "before-answer-to-last-chunk",
    "inside-answer-to-last-chunk",
    "behind-last",
    NULL,
};
G_STATIC_ASSERT(G_N_ELEMENTS(rig_traffic_place_names) == RIG_N_TRAFFIC_PLACES + 1);
G_STATIC_ASSERT(G_N_ELEMENTS(rig_traffic_phases) == RIG_N_TRAFFIC_PHASES + 1);

struct rig_traffic *rig_traffic_new(const struct rig_update_protocol *protocol)
{
    struct rig_traffic *traffic = g_new0(struct rig_traffic, 1);

    traffic->protocol = protocol;
    traffic->packets = g_array_new(FALSE, FALSE, sizeof(struct packet));
    traffic->places = g_array_new(FALSE, FALSE, sizeof(struct place));
    traffic->messages = g_array_new(FALSE, FALSE, sizeof(struct message));
    return traffic;
}

void rig_traffic_free(struct rig_traffic *traffic)
{
    if (!traffic)
        return;
    g_array_unref(traffic->packets);
    g_array_unref(traffic->places);
    g_array_unref(traffic->messages);
    g_free(traffic);
}

static struct message *message_at(const struct rig_traffic *traffic, gint index)
{
    return &g_array_index(traffic->messages, struct message, index);
}

static const struct packet *packet_at(const struct rig_traffic *traffic, guint number)
{
    return &g_array_index(traffic->packets, struct packet, number);
}

/* Takes the bytes of a packet; afterwards `open` tells whether more of the message has to come. */
static void join(const struct rig_traffic *traffic, struct joining *joining,
                 const struct rig_update_packet *packet)
{
    struct rig_update_packet begin = *packet;
    struct rig_update_head head;
    gsize room = sizeof joining->beginning - MIN(joining->n_bytes, sizeof joining->beginning);

    if (joining->n_whole == 0) {
        memcpy(joining->beginning + joining->n_bytes, packet->bytes, MIN(room, packet->n_bytes));
        begin.bytes = joining->beginning;
        begin.n_bytes = MIN(joining->n_bytes + packet->n_bytes, sizeof joining->beginning);
        joining->n_whole = traffic->protocol->look(&begin, &head) ? head.n_bytes : 0;
    }
    joining->n_bytes += packet->n_bytes;
    joining->open = joining->n_bytes < (joining->n_whole ? joining->n_whole : sizeof joining->beginning);
}

/* What the first packet of a message shows of it. */
static gint begin_message(struct rig_traffic *traffic, const struct rig_update_packet *packet)
{
    struct message message = {0};

    (void)!traffic->protocol->look(packet, &message.head);
    message.ordinal = message.head.chunk ? ++traffic->n_chunks : ++traffic->n_requests;
    traffic->n_unanswered += !message.head.silent;
    g_array_append_val(traffic->messages, message);
    return (gint)traffic->messages->len - 1;
}

/* The last request of that key that has no answer yet. */
static gint answered_message(struct rig_traffic *traffic, const struct rig_update_packet *packet)
{
    struct rig_update_head head;

    if (!traffic->protocol->look(packet, &head))
        return -1;
    for (guint i = traffic->messages->len; i-- > 0;)
        if (message_at(traffic, (gint)i)->head.key == head.key &&
            message_at(traffic, (gint)i)->n_answer_pieces == 0)
            return (gint)i;
    return -1;
}

static void take_packet(struct rig_traffic *traffic, struct joining *joining, struct packet *packet,
                        const struct rig_update_packet *came)
{
    bool sent = packet->kind == RIG_TRAFFIC_WRITE;

    packet->n_unanswered = traffic->n_unanswered;
    if (!joining->open) {
        *joining = (struct joining){.message = sent ? begin_message(traffic, came)
                                                    : answered_message(traffic, came)};
    }
    packet->message = joining->message;
    packet->piece = joining->n_pieces++;
    join(traffic, joining, came);
    if (packet->message < 0)
        return;
    if (sent)
        message_at(traffic, packet->message)->n_pieces++;
    else
        message_at(traffic, packet->message)->n_answer_pieces++;
    if (!sent && !joining->open && traffic->n_unanswered > 0)
        traffic->n_unanswered--;
}

static void add_place(struct rig_traffic *traffic, bool waiting)
{
    const struct place place = {.packet = traffic->packets->len, .waiting = waiting};

    g_array_append_val(traffic->places, place);
}

bool rig_traffic_add(struct rig_traffic *traffic, const struct rig_update_packet *came)
{
    bool sent = came->sent;
    struct packet packet = {.kind = sent ? RIG_TRAFFIC_WRITE : RIG_TRAFFIC_NOTIFICATION,
                            .index = sent ? traffic->n_writes : traffic->n_notifications};

    if (traffic->packets->len >= RIG_TRAFFIC_MAX_PACKETS)
        return false;
    *(sent ? &traffic->n_writes : &traffic->n_notifications) += 1;
    take_packet(traffic, sent ? &traffic->sent : &traffic->received, &packet, came);
    if (!sent && packet.piece == 0)
        add_place(traffic, true);
    add_place(traffic, false);
    g_array_append_val(traffic->packets, packet);
    return true;
}

guint rig_traffic_n_packets(const struct rig_traffic *traffic)
{
    return traffic->packets->len;
}

guint rig_traffic_n_places(const struct rig_traffic *traffic)
{
    return traffic->places->len + 1;
}

/* NULL: the one behind the last packet. */
static const struct place *place_at(const struct rig_traffic *traffic, guint number)
{
    return number < traffic->places->len ? &g_array_index(traffic->places, struct place, number) : NULL;
}

guint rig_traffic_packet(const struct rig_traffic *traffic, guint number)
{
    const struct place *place = place_at(traffic, number);

    return place ? place->packet : traffic->packets->len;
}

struct rig_packet_place rig_traffic_place(const struct rig_traffic *traffic, guint number)
{
    const struct place *place = place_at(traffic, number);
    const struct packet *packet = place ? packet_at(traffic, place->packet) : NULL;

    if (!place)
        return (struct rig_packet_place){RIG_TRAFFIC_END, 0};
    return (struct rig_packet_place){place->waiting ? RIG_TRAFFIC_WAITING : packet->kind, packet->index};
}

bool rig_traffic_number(const struct rig_traffic *traffic, const struct rig_packet_place *place,
                        guint *number)
{
    for (*number = 0; *number < rig_traffic_n_places(traffic); ++*number) {
        struct rig_packet_place here = rig_traffic_place(traffic, *number);

        if (here.kind == place->kind && here.index == place->index)
            return true;
    }
    return false;
}

static enum rig_traffic_part part_of(const struct rig_traffic *traffic, const struct message *message)
{
    return !message->head.chunk                   ? RIG_PART_REQUEST
           : message->ordinal == 1                ? RIG_PART_FIRST_CHUNK
           : message->ordinal < traffic->n_chunks ? RIG_PART_CHUNK
                                                  : RIG_PART_LAST_CHUNK;
}

static enum rig_traffic_stage stage_of(const struct place *place, const struct packet *packet)
{
    if (place->waiting)
        return RIG_STAGE_WAITING;
    if (packet->kind == RIG_TRAFFIC_WRITE)
        return packet->piece == 0 ? RIG_STAGE_BEFORE : RIG_STAGE_INSIDE;
    return packet->piece == 0 ? RIG_STAGE_BEFORE_ANSWER : RIG_STAGE_INSIDE_ANSWER;
}

guint rig_traffic_phase(const struct rig_traffic *traffic, guint number)
{
    const struct place *place = place_at(traffic, number);
    const struct packet *packet = place ? packet_at(traffic, place->packet) : NULL;
    enum rig_traffic_part part = RIG_PART_REQUEST;

    if (!place)
        return RIG_PHASE_BEHIND_LAST;
    if (packet->message >= 0)
        part = part_of(traffic, message_at(traffic, packet->message));
    return (guint)part * RIG_N_TRAFFIC_STAGES + (guint)stage_of(place, packet);
}

static void add_message(const struct packet *packet, const struct message *message, GString *text)
{
    bool sent = packet->kind == RIG_TRAFFIC_WRITE;
    guint n_pieces = sent ? message->n_pieces : message->n_answer_pieces;

    g_string_append(text, sent ? " (" : " (answer to ");
    if (message->head.chunk)
        g_string_append_printf(text, "chunk %u", message->ordinal);
    else
        g_string_append_printf(text, "request %u: %s", message->ordinal, message->head.text);
    if (n_pieces > 1)
        g_string_append_printf(text, ", piece %u of %u", packet->piece + 1, n_pieces);
    if (packet->n_unanswered > 1)
        g_string_append_printf(text, ", %u requests unanswered", packet->n_unanswered);
    g_string_append_c(text, ')');
}

char *rig_traffic_text(const struct rig_traffic *traffic, guint number)
{
    const struct place *place = place_at(traffic, number);
    const struct packet *packet = place ? packet_at(traffic, place->packet) : NULL;
    GString *text;

    if (!place)
        return g_strdup("after the last packet");
    text = g_string_new(place->waiting ? "waiting for" : "before");
    g_string_append_printf(text, " %s %u", rig_traffic_place_names[packet->kind], packet->index);
    if (packet->message >= 0)
        add_message(packet, message_at(traffic, packet->message), text);
    return g_string_free(text, FALSE);
}
