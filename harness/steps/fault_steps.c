/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Verb: with-faults, and the shapes of link faults. */
#include "steps/verbs.h"

#include "protocol/smp/spoil.h"

/* Far beyond what any upload takes, so that sums with `times` cannot overflow. */
#define MAX_PACKET 1000000000

static const char *const chunk_words[] = {"middle", "last", NULL};

#define FIELD_CHUNK                                                                                          \
    {                                                                                                        \
        .name = "chunk", .type = RIG_TYPE_COUNT, .choices = chunk_words,                                     \
        .about = "Upload chunk, from 0; or `middle`, `last`."                                                \
    }
#define FIELD_AT_BYTE                                                                                        \
    {                                                                                                        \
        .name = "at-byte", .type = RIG_TYPE_SIZE,                                                            \
        .about = "The upload chunk that holds this byte of the image."                                       \
    }
#define FIELD_REQUEST                                                                                        \
    {                                                                                                        \
        .name = "request", .type = RIG_TYPE_COUNT,                                                           \
        .about = "Request of any kind, counted from 0 within `do`."                                          \
    }
#define FIELD_PROBABILITY                                                                                    \
    {                                                                                                        \
        .name = "probability", .type = RIG_TYPE_PROBABILITY,                                                 \
        .about = "Every upload chunk by chance; the run's seed makes it repeatable."                         \
    }
#define FIELD_TIMES                                                                                          \
    {                                                                                                        \
        .name = "times", .type = RIG_TYPE_COUNT, .max = MAX_PACKET,                                          \
        .about = "How often at the most, packets so many in a row; 0 = without end. Without it once, and "   \
                 "with `probability` without end."                                                           \
    }
#define FIELD_WRITE                                                                                          \
    {                                                                                                        \
        .name = "write", .type = RIG_TYPE_COUNT, .max = MAX_PACKET,                                          \
        .about = "ATT write that reaches the board, counted from 0 within `do`."                             \
    }
#define FIELD_NOTIFICATION                                                                                   \
    {                                                                                                        \
        .name = "notification", .type = RIG_TYPE_COUNT, .max = MAX_PACKET,                                   \
        .about = "Notification that the board sends, counted from 0 within `do`."                            \
    }
#define FIELDS_OF_MESSAGE FIELD_CHUNK, FIELD_AT_BYTE, FIELD_REQUEST, FIELD_PROBABILITY
#define FIELDS_OF_PACKET FIELD_WRITE, FIELD_NOTIFICATION

/* Of messages, for what only this host can do: to an answer, say. */
static const char *const message_places[] = {"chunk", "at-byte", "request", "probability", NULL};
static const struct rig_field message_fields[] = {FIELDS_OF_MESSAGE, FIELD_TIMES};
static const struct rig_shape message_shape = {.name = "message",
                                               .fields = message_fields,
                                               .n_fields = G_N_ELEMENTS(message_fields),
                                               .shorthand = "chunk",
                                               .exactly_one = message_places};

/* Of packets, for what only the board's radio can do. */
static const char *const packet_places[] = {"write", "notification", NULL};
static const struct rig_field packet_fields[] = {FIELDS_OF_PACKET, FIELD_TIMES};
static const struct rig_shape packet_shape = {.name = "packet",
                                              .fields = packet_fields,
                                              .n_fields = G_N_ELEMENTS(packet_fields),
                                              .exactly_one = packet_places};

/* Of the answer to a message, and how it is spoilt. */
static const struct rig_field spoil_fields[] = {
    FIELDS_OF_MESSAGE,
    FIELD_TIMES,
    {.name = "as",
     .type = RIG_TYPE_CHOICE,
     .required = true,
     .choices = rig_smp_spoil_names,
     .about =
         "What is wrong with it. `missing-key`, `wrong-type`, `key-twice`, `other-number`, `nul-behind`, "
         "`other-text`, `short-bytes`, `other-bytes` and `other-flag` are done to `key`; `unknown-key`, "
         "`rc-zero` and `version-0` are allowed, a client has to take them."},
    {.name = "key",
     .type = RIG_TYPE_TEXT,
     .about = "Whose value is spoilt, wherever in the answer it comes first; without it the first one."},
    {.name = "number", .type = RIG_TYPE_COUNT, .about = "With `other-number`: what it becomes; else 0."},
};
static const char *const of_number[] = {"other-number", NULL};
static const char *const of_key[] = {"missing-key", "wrong-type", "key-twice",   "other-number",
                                     "nul-behind",  "other-text", "short-bytes", "other-bytes",
                                     "other-flag",  NULL};
static const struct rig_rule spoil_rules[] = {
    {.field = "key", .kind = RIG_RULE_NEEDS, .other = "as", .others = of_key},
    {.field = "number", .kind = RIG_RULE_NEEDS, .other = "as", .others = of_number},
    {.field = NULL}};
static const struct rig_shape spoil_shape = {.name = "spoil",
                                             .fields = spoil_fields,
                                             .n_fields = G_N_ELEMENTS(spoil_fields),
                                             .rules = spoil_rules,
                                             .exactly_one = message_places};

static const char *const places[] = {"chunk", "at-byte",      "request", "probability",
                                     "write", "notification", NULL};
#define FIELDS_WHERE FIELDS_OF_MESSAGE, FIELDS_OF_PACKET, FIELD_TIMES

static const struct rig_field plain_fields[] = {FIELDS_WHERE};
static const struct rig_shape plain_shape = {.name = "where",
                                             .fields = plain_fields,
                                             .n_fields = G_N_ELEMENTS(plain_fields),
                                             .shorthand = "chunk",
                                             .exactly_one = places};

static const struct rig_field delay_fields[] = {
    FIELDS_WHERE,
    {.name = "by",
     .type = RIG_TYPE_DURATION,
     .required = true,
     .min = 1,
     .max = RIG_PACKET_MAX_DELAY_MS * G_GUINT64_CONSTANT(1000),
     .about = "How much later it leaves."},
};
static const struct rig_shape delay_shape = {
    .name = "delay", .fields = delay_fields, .n_fields = G_N_ELEMENTS(delay_fields), .exactly_one = places};

static const struct rig_field corrupt_fields[] = {
    FIELDS_WHERE,
    {.name = "byte",
     .type = RIG_TYPE_COUNT,
     .max = 4095,
     .about =
         "Byte of the message or packet whose bit is flipped; without it the middle one. One that has no "
         "such byte is not struck."},
};
static const struct rig_shape corrupt_shape = {.name = "corrupt",
                                               .fields = corrupt_fields,
                                               .n_fields = G_N_ELEMENTS(corrupt_fields),
                                               .exactly_one = places};

static const struct rig_field truncate_fields[] = {
    FIELDS_WHERE,
    {.name = "to",
     .type = RIG_TYPE_SIZE,
     .max = 4095,
     .about =
         "How many bytes of the message or packet leave; without it half. One that is no longer than that "
         "is not struck."},
};
static const struct rig_shape truncate_shape = {.name = "truncate",
                                                .fields = truncate_fields,
                                                .n_fields = G_N_ELEMENTS(truncate_fields),
                                                .exactly_one = places};

#define KIND(kind_name, kind_shape, kind_about)                                                              \
    {                                                                                                        \
        .name = kind_name, .type = RIG_TYPE_RECORD, .shape = kind_shape, .about = kind_about                 \
    }
/* Of messages as enum rig_fault_kind has them; behind those, what happens to packets only. */
#define LOSE_LINK RIG_FAULT_N_KINDS
#define N_KINDS (RIG_FAULT_N_KINDS + 1)
static const struct rig_field fault_fields[N_KINDS] = {
    [RIG_FAULT_DROP] = KIND("drop", &plain_shape, "It is lost: a request, a write, a notification."),
    [RIG_FAULT_DROP_RESPONSE] = KIND("drop-response", &message_shape, "The answer to it never arrives."),
    [RIG_FAULT_DUPLICATE] = KIND("duplicate", &plain_shape, "It is sent twice."),
    [RIG_FAULT_DUPLICATE_RESPONSE] = KIND("duplicate-response", &message_shape, "Its answer arrives twice."),
    [RIG_FAULT_DELAY] = KIND("delay", &delay_shape, "It leaves later; what follows overtakes it."),
    [RIG_FAULT_REORDER] = KIND("reorder", &plain_shape, "It leaves right after the next one."),
    [RIG_FAULT_CORRUPT] = KIND("corrupt", &corrupt_shape, "One bit of it is flipped."),
    [RIG_FAULT_TRUNCATE] = KIND("truncate", &truncate_shape, "Only its beginning leaves."),
    [RIG_FAULT_STOP_NOTIFICATIONS] = KIND("stop-notifications", &message_shape,
                                          "From its answer on nothing arrives until the faults end."),
    [RIG_FAULT_DISCONNECT] =
        KIND("disconnect", &plain_shape,
             "The host drops the link instead of sending a request; the board hangs up in the place of a "
             "write or notification."),
    [RIG_FAULT_SPOIL_RESPONSE] = KIND("spoil-response", &spoil_shape,
                                      "Its answer arrives spoilt, as by a man in the middle: does a client "
                                      "notice?"),
    [LOSE_LINK] = KIND("lose-link", &packet_shape,
                       "The radio goes silent in its place: the supervision timeout ends the link."),
};
static const struct rig_shape fault_shape = {.name = "fault", .fields = fault_fields, .n_fields = N_KINDS};

static const struct rig_field with_fields[] = {
    {.name = "faults",
     .type = RIG_TYPE_VARIANT,
     .shape = &fault_shape,
     .list = true,
     .required = true,
     .about = "What goes wrong on the link."},
    {.name = "must-happen",
     .type = RIG_TYPE_FLAG,
     .default_text = "true",
     .about = "A fault that never struck is a rig error: it proved nothing."},
};
static const struct rig_shape with_shape = {.name = "with-faults",
                                            .fields = with_fields,
                                            .n_fields = G_N_ELEMENTS(with_fields),
                                            .shorthand = "faults"};

static void choose(const struct rig_record *where, struct rig_fault *fault)
{
    const struct rig_value *chunk = rig_record_get(where, "chunk");
    const struct rig_value *at_byte = rig_record_get(where, "at-byte");
    const struct rig_value *request = rig_record_get(where, "request");
    const struct rig_value *probability = rig_record_get(where, "probability");
    const struct rig_value *times = rig_record_get(where, "times");

    fault->n_times = times ? rig_value_u32(times) : probability ? 0 : 1;
    if (probability) {
        fault->choice = RIG_FAULT_BY_PROBABILITY;
        fault->probability = probability->probability;
    } else if (at_byte) {
        fault->choice = RIG_FAULT_AT_BYTE;
        fault->n = at_byte->count;
    } else if (request) {
        fault->choice = RIG_FAULT_AT_MESSAGE;
        fault->n = request->count;
    } else if (chunk && chunk->keyword) {
        fault->choice = g_str_equal(chunk->keyword, "last") ? RIG_FAULT_AT_LAST : RIG_FAULT_AT_MIDDLE;
    } else {
        fault->choice = RIG_FAULT_AT_CHUNK;
        fault->n = chunk ? chunk->count : 0;
    }
}

/* Byte or length, for the kinds that have one. */
static guint32 read_at(guint kind, const struct rig_record *where)
{
    const struct rig_value *at = kind == RIG_FAULT_CORRUPT    ? rig_record_get(where, "byte")
                                 : kind == RIG_FAULT_TRUNCATE ? rig_record_get(where, "to")
                                                              : NULL;

    return at ? rig_value_u32(at) : G_MAXUINT32;
}

static struct rig_smp_spoil read_spoil(const struct rig_record *where)
{
    const char *name = rig_record_get(where, "as")->keyword;
    const struct rig_value *number = rig_record_get(where, "number");
    guint kind = 0;

    while (!g_str_equal(rig_smp_spoil_names[kind], name))
        kind++;
    return (struct rig_smp_spoil){.kind = (enum rig_smp_spoil_kind)kind,
                                  .key = rig_record_text(where, "key"),
                                  .number = number ? number->count : 0};
}

static guint read_kind(const struct rig_record *variant, const struct rig_record **where)
{
    const struct rig_value *value = NULL;
    const struct rig_field *field = rig_record_variant(variant, &value);

    *where = value->record;
    return (guint)(field - fault_fields);
}

/* spoil: room for how an answer is spoilt, which lives as long as the fault. */
static void read_fault(const struct rig_record *variant, struct rig_fault *fault, struct rig_smp_spoil *spoil)
{
    const struct rig_record *where;
    guint kind = read_kind(variant, &where);

    *fault = (struct rig_fault){.kind = (enum rig_fault_kind)kind, .at = read_at(kind, where)};
    choose(where, fault);
    if (kind == RIG_FAULT_DELAY)
        fault->delay_us = rig_record_count(where, "by");
    if (kind == RIG_FAULT_SPOIL_RESPONSE) {
        *spoil = read_spoil(where);
        fault->spoil = spoil;
    }
}

/* The write or notification that a fault strikes; NULL: it strikes messages. */
static const struct rig_value *packet_of(const struct rig_record *variant,
                                         enum rig_packet_direction *direction)
{
    const struct rig_record *where;
    guint kind = read_kind(variant, &where);
    const struct rig_value *write, *notification;

    if (fault_fields[kind].shape == &message_shape || fault_fields[kind].shape == &spoil_shape)
        return NULL;
    write = rig_record_get(where, "write");
    notification = rig_record_get(where, "notification");
    *direction = write ? RIG_PACKET_WRITES : RIG_PACKET_NOTIFICATIONS;
    return write ? write : notification;
}

static bool strikes_packets(const struct rig_record *variant)
{
    enum rig_packet_direction direction;

    return packet_of(variant, &direction) != NULL;
}

static void read_packet_fault(const struct rig_record *variant, struct rig_packet_fault *fault)
{
    static const enum rig_packet_fault_kind kinds[N_KINDS] = {
        [RIG_FAULT_DROP] = RIG_PACKET_DROP,
        [RIG_FAULT_DUPLICATE] = RIG_PACKET_DUPLICATE,
        [RIG_FAULT_DELAY] = RIG_PACKET_DELAY,
        [RIG_FAULT_REORDER] = RIG_PACKET_REORDER,
        [RIG_FAULT_CORRUPT] = RIG_PACKET_CORRUPT,
        [RIG_FAULT_TRUNCATE] = RIG_PACKET_TRUNCATE,
        [RIG_FAULT_DISCONNECT] = RIG_PACKET_DISCONNECT,
        [LOSE_LINK] = RIG_PACKET_LOST,
    };
    const struct rig_record *where;
    guint kind = read_kind(variant, &where);
    const struct rig_value *times = rig_record_get(where, "times");

    *fault = (struct rig_packet_fault){
        .kind = kinds[kind], .n_times = times ? rig_value_u32(times) : 1, .at = read_at(kind, where)};
    fault->first = (guint32)packet_of(variant, &fault->direction)->count;
    if (kind == RIG_FAULT_DELAY)
        fault->delay_ms = (rig_record_u32(where, "by") + 999) / 1000;
}

/* The faults of one block: those of messages are armed in this host, those of packets on the board. */
struct block {
    struct rig_run *run;
    const struct rig_value *faults;
    struct rig_smp_spoil *spoils; /* one for each */
    guint n_armed, n_packets;     /* n_armed: of both */
};

static bool arm_packet_fault(struct block *block, const struct rig_record *variant)
{
    struct rig_board *board = block->run->board;
    struct rig_packet_fault fault;
    GError *error = NULL;

    if (block->n_packets == 0 && block->run->packet_faults) {
        rig_run_error_text(block->run, "'with-faults' inside another one cannot strike packets as that does: "
                                       "a board counts them once; put the faults into one list");
        return false;
    }
    read_packet_fault(variant, &fault);
    if (!board->packet_faults->arm(board, &fault, &error)) {
        rig_run_unable(block->run, error);
        return false;
    }
    block->run->packet_faults = true;
    block->run->update->corrupted = true;
    block->n_packets++;
    return true;
}

static void arm(struct block *block)
{
    for (; block->n_armed < rig_list_length(block->faults); block->n_armed++) {
        const struct rig_record *variant = rig_list_item(block->faults, block->n_armed)->record;
        const struct rig_record *where;
        struct rig_fault fault;

        if (strikes_packets(variant)) {
            if (!arm_packet_fault(block, variant))
                return;
        } else {
            read_fault(variant, &fault, &block->spoils[block->n_armed]);
            rig_faults_push(block->run->faults, &fault);
        }
        rig_run_fault_event(block->run, "armed: %s", fault_fields[read_kind(variant, &where)].name);
    }
}

static void end_packet_faults(const struct block *block, struct rig_packet_report *report)
{
    struct rig_board *board = block->run->board;
    GError *error = NULL;

    *report = (struct rig_packet_report){0};
    if (block->n_packets == 0)
        return;
    block->run->packet_faults = false;
    if (!board->packet_faults->end(board, report, &error))
        rig_run_unable(block->run, error);
    else
        rig_run_fault_event(block->run, "packets since they were armed: %u writes, %u notifications",
                            report->n_writes, report->n_notifications);
}

static void account(const struct block *block, guint index, guint n_happened, bool must_happen)
{
    rig_run_fault_event(block->run, "ended: fault %u struck %u time(s)", index, n_happened);
    if (n_happened == 0 && !rig_run_troubled(block->run) && must_happen)
        rig_run_error_text(block->run,
                           "fault %u of 'with-faults' never struck: the steps prove nothing; choose "
                           "another place or say 'must-happen: false'",
                           index);
}

static void end(const struct block *block, bool must_happen)
{
    guint n_packets = block->n_packets;
    struct rig_packet_report report;

    end_packet_faults(block, &report);
    for (guint i = block->n_armed; i-- > 0;) {
        bool packets = strikes_packets(rig_list_item(block->faults, i)->record);

        account(block, i, packets ? report.n_struck[--n_packets] : rig_faults_pop(block->run->faults, 1),
                must_happen);
    }
}

static void run_with_faults(struct rig_run *run, const struct rig_step *step)
{
    struct block block = {.run = run, .faults = rig_record_get(step->arguments, "faults")};
    g_autofree char *prefix = g_strdup_printf("%s.do", run->step_id->str);
    g_autofree struct rig_smp_spoil *spoils = g_new0(struct rig_smp_spoil, rig_list_length(block.faults));

    block.spoils = spoils;
    run->update->protocol->faults_ended(run->update);
    arm(&block);
    if (!rig_run_troubled(run))
        rig_run_steps(run, step->block, prefix);
    end(&block, rig_record_flag(step->arguments, "must-happen"));
    run->update->protocol->faults_ended(run->update);
}

static const char *lacks(const struct rig_step *step, const char *const *capabilities)
{
    const struct rig_value *faults = rig_record_get(step->arguments, "faults");

    for (guint i = 0; i < rig_list_length(faults); i++) {
        const struct rig_record *where;
        const char *needed = strikes_packets(rig_list_item(faults, i)->record) ? "packet-faults"
                             : read_kind(rig_list_item(faults, i)->record, &where) == RIG_FAULT_SPOIL_RESPONSE
                                 ? "smp"
                                 : NULL;

        if (needed && !g_strv_contains(capabilities, needed))
            return needed;
    }
    return NULL;
}

static const char *const needs_update[] = {"update", NULL};
const struct rig_verb rig_verb_with_faults = {
    .name = "with-faults",
    .family = "faults",
    .about = "Wraps steps in link faults: what is sent or answered is lost, doubled, late, spoilt at the "
             "chosen place, which is a message of the update protocol (`chunk`, `at-byte`, `request`, "
             "`probability`), or a "
             "single ATT packet below it (`write`, `notification`; needs packet-faults). They end with the "
             "block.",
    .shape = &with_shape,
    .block = "do",
    .within_us = 600u * G_GUINT64_CONSTANT(1000000),
    .at_once = true,
    .needs = needs_update,
    .lacks = lacks,
    .example = "- with-faults: [{drop: {chunk: middle}}]\n  do: [{upload: {image: new}}]",
    .run = run_with_faults,
};
