/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Packets joined to messages as both sides join them: by the length in the header. */
#include "steps/traffic.h"

#include "protocol/smp/smp.h"

struct message {
    bool upload;
    guint ordinal; /* among chunks, or among the other requests; from 1 */
    guint8 sequence;
    guint n_pieces;        /* writes */
    guint n_answer_pieces; /* notifications */
    char text[64];         /* of a request that is no chunk */
};

struct packet {
    enum rig_traffic_way way;
    guint32 index;
    gint message; /* -1: a notification that answers nothing */
    guint piece;  /* of the message, or of its answer; from 0 */
    guint n_unanswered;
};

/* One direction being joined. */
struct joining {
    guint8 header[RIG_SMP_HEADER_BYTES];
    gsize n_header;
    gsize n_missing; /* of a body whose header is known */
    bool open;
    gint message;
    guint n_pieces;
};

struct rig_traffic {
    GArray *packets;  /* struct packet */
    GArray *messages; /* struct message */
    struct joining sent, received;
    guint32 n_writes, n_notifications;
    guint n_chunks, n_requests;
    guint n_unanswered;
};

const char *const rig_traffic_phases[] = {
    "before-request",
    "inside-request",
    "before-answer-to-request",
    "inside-answer-to-request",
    "before-first-chunk",
    "inside-first-chunk",
    "before-answer-to-first-chunk",
    "inside-answer-to-first-chunk",
    "before-chunk",
    "inside-chunk",
    "before-answer-to-chunk",
    "inside-answer-to-chunk",
    "before-last-chunk",
    "inside-last-chunk",
    "before-answer-to-last-chunk",
    "inside-answer-to-last-chunk",
    "behind-last",
    NULL,
};
G_STATIC_ASSERT(G_N_ELEMENTS(rig_traffic_phases) == RIG_N_TRAFFIC_PHASES + 1);

struct rig_traffic *rig_traffic_new(void)
{
    struct rig_traffic *traffic = g_new0(struct rig_traffic, 1);

    traffic->packets = g_array_new(FALSE, FALSE, sizeof(struct packet));
    traffic->messages = g_array_new(FALSE, FALSE, sizeof(struct message));
    return traffic;
}

void rig_traffic_free(struct rig_traffic *traffic)
{
    if (!traffic)
        return;
    g_array_unref(traffic->packets);
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
static void join(struct joining *joining, const guint8 *bytes, gsize n_bytes)
{
    gsize n_head = MIN(RIG_SMP_HEADER_BYTES - joining->n_header, n_bytes);
    struct rig_smp_header header;

    memcpy(joining->header + joining->n_header, bytes, n_head);
    if (n_head > 0 && joining->n_header + n_head == RIG_SMP_HEADER_BYTES) {
        rig_smp_header_decode(joining->header, &header);
        joining->n_missing = header.length;
    }
    joining->n_header += n_head;
    joining->n_missing -= MIN(joining->n_missing, n_bytes - n_head);
    joining->open = joining->n_header < RIG_SMP_HEADER_BYTES || joining->n_missing > 0;
}

/* What the first packet of a message shows of it. */
static gint begin_message(struct rig_traffic *traffic, const guint8 *bytes, gsize n_bytes)
{
    struct message message = {0};
    struct rig_smp_header header;

    if (n_bytes >= RIG_SMP_HEADER_BYTES) {
        rig_smp_header_decode(bytes, &header);
        message.sequence = header.sequence;
        message.upload = header.group == RIG_SMP_GROUP_IMAGE && header.command == RIG_SMP_IMAGE_UPLOAD;
        rig_smp_describe_kind(&header, message.text, sizeof message.text);
    } else {
        g_strlcpy(message.text, "no SMP message", sizeof message.text);
    }
    message.ordinal = message.upload ? ++traffic->n_chunks : ++traffic->n_requests;
    traffic->n_unanswered++;
    g_array_append_val(traffic->messages, message);
    return (gint)traffic->messages->len - 1;
}

/* The last request with that sequence number that has no answer yet. */
static gint answered_message(struct rig_traffic *traffic, const guint8 *bytes, gsize n_bytes)
{
    struct rig_smp_header header;

    if (n_bytes < RIG_SMP_HEADER_BYTES)
        return -1;
    rig_smp_header_decode(bytes, &header);
    for (guint i = traffic->messages->len; i-- > 0;)
        if (message_at(traffic, (gint)i)->sequence == header.sequence &&
            message_at(traffic, (gint)i)->n_answer_pieces == 0)
            return (gint)i;
    return -1;
}

static void take_packet(struct rig_traffic *traffic, struct joining *joining, struct packet *packet,
                        const guint8 *bytes, gsize n_bytes)
{
    bool sent = packet->way == RIG_TRAFFIC_WRITE;

    packet->n_unanswered = traffic->n_unanswered;
    if (!joining->open) {
        *joining = (struct joining){.message = sent ? begin_message(traffic, bytes, n_bytes)
                                                    : answered_message(traffic, bytes, n_bytes)};
    }
    packet->message = joining->message;
    packet->piece = joining->n_pieces++;
    join(joining, bytes, n_bytes);
    if (packet->message < 0)
        return;
    if (sent)
        message_at(traffic, packet->message)->n_pieces++;
    else
        message_at(traffic, packet->message)->n_answer_pieces++;
    if (!sent && !joining->open && traffic->n_unanswered > 0)
        traffic->n_unanswered--;
}

bool rig_traffic_add(struct rig_traffic *traffic, bool sent, const guint8 *bytes, gsize n_bytes)
{
    struct packet packet = {.way = sent ? RIG_TRAFFIC_WRITE : RIG_TRAFFIC_NOTIFICATION,
                            .index = sent ? traffic->n_writes : traffic->n_notifications};

    if (traffic->packets->len >= RIG_TRAFFIC_MAX_PACKETS)
        return false;
    *(sent ? &traffic->n_writes : &traffic->n_notifications) += 1;
    take_packet(traffic, sent ? &traffic->sent : &traffic->received, &packet, bytes, n_bytes);
    g_array_append_val(traffic->packets, packet);
    return true;
}

guint rig_traffic_n_packets(const struct rig_traffic *traffic)
{
    return traffic->packets->len;
}

struct rig_packet_place rig_traffic_place(const struct rig_traffic *traffic, guint number)
{
    const struct packet *packet = number < traffic->packets->len ? packet_at(traffic, number) : NULL;

    return packet ? (struct rig_packet_place){packet->way, packet->index}
                  : (struct rig_packet_place){RIG_TRAFFIC_END, 0};
}

bool rig_traffic_number(const struct rig_traffic *traffic, const struct rig_packet_place *place,
                        guint *number)
{
    for (*number = 0; *number < traffic->packets->len; ++*number)
        if (packet_at(traffic, *number)->way == place->way &&
            packet_at(traffic, *number)->index == place->index)
            return true;
    return place->way == RIG_TRAFFIC_END && place->index == 0;
}

static enum rig_traffic_part part_of(const struct rig_traffic *traffic, const struct message *message)
{
    return !message->upload                       ? RIG_PART_REQUEST
           : message->ordinal == 1                ? RIG_PART_FIRST_CHUNK
           : message->ordinal < traffic->n_chunks ? RIG_PART_CHUNK
                                                  : RIG_PART_LAST_CHUNK;
}

guint rig_traffic_phase(const struct rig_traffic *traffic, guint number)
{
    const struct packet *packet;
    enum rig_traffic_part part;
    enum rig_traffic_stage stage;

    if (number >= traffic->packets->len)
        return RIG_PHASE_BEHIND_LAST;
    packet = packet_at(traffic, number);
    part = packet->message < 0 ? RIG_PART_REQUEST : part_of(traffic, message_at(traffic, packet->message));
    stage = packet->way == RIG_TRAFFIC_WRITE
                ? (packet->piece == 0 ? RIG_STAGE_BEFORE : RIG_STAGE_INSIDE)
                : (packet->piece == 0 ? RIG_STAGE_BEFORE_ANSWER : RIG_STAGE_INSIDE_ANSWER);
    return (guint)part * 4u + (guint)stage;
}

static void add_message(const struct packet *packet, const struct message *message, GString *text)
{
    bool sent = packet->way == RIG_TRAFFIC_WRITE;
    guint n_pieces = sent ? message->n_pieces : message->n_answer_pieces;

    g_string_append(text, sent ? " (" : " (answer to ");
    if (message->upload)
        g_string_append_printf(text, "chunk %u", message->ordinal);
    else
        g_string_append_printf(text, "request %u: %s", message->ordinal, message->text);
    if (n_pieces > 1)
        g_string_append_printf(text, ", piece %u of %u", packet->piece + 1, n_pieces);
    if (packet->n_unanswered > 1)
        g_string_append_printf(text, ", %u requests unanswered", packet->n_unanswered);
    g_string_append_c(text, ')');
}

char *rig_traffic_text(const struct rig_traffic *traffic, guint number)
{
    const struct packet *packet;
    GString *text;

    if (number >= traffic->packets->len)
        return g_strdup("after the last packet");
    packet = packet_at(traffic, number);
    text = g_string_new(packet->way == RIG_TRAFFIC_WRITE ? "before write" : "before notification");
    g_string_append_printf(text, " %u", packet->index);
    if (packet->message >= 0)
        add_message(packet, message_at(traffic, packet->message), text);
    return g_string_free(text, FALSE);
}
