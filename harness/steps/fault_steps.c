/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Verb: with-faults, and the shapes of link faults. */
#include "steps/verbs.h"

#include "protocol/smp/corrupt.h"

/* Far beyond what any upload takes, so that sums with `times` cannot overflow. */
#define MAX_PACKET 1000000000

static const char *const chunk_words[] = {"middle", "last", NULL};

/* Where a fault strikes, and what its kind says beside that. */
struct where {
    const guint64 *chunk;
    const char *chunk_word;
    const guint64 *at_byte;
    const guint64 *request;
    const double *probability;
    const guint32 *write, *notification;
    const guint32 *times;
    guint64 delay_us;
    const guint32 *at; /* byte or length */
    struct rig_smp_corruption corruption;
    const guint64 *number;
};
#define FIELD_CHUNK                                                                                          \
    RIG_FIELD("chunk", COUNT, struct where, chunk, RIG_WORD(struct where, chunk_word),                       \
              .choices = chunk_words,                                                                        \
              .about = "Upload chunk, from 0; or `middle`, `last`. With Nordic DFU a packet of the image.")
#define FIELD_AT_BYTE                                                                                        \
    RIG_FIELD("at-byte", SIZE, struct where, at_byte,                                                        \
              .about = "The upload chunk that holds this byte of the image.")
#define FIELD_REQUEST                                                                                        \
    RIG_FIELD("request", COUNT, struct where, request,                                                       \
              .about = "Request of any kind, counted from 0 within `do`.")
#define FIELD_PROBABILITY                                                                                    \
    RIG_FIELD("probability", PROBABILITY, struct where, probability,                                         \
              .about = "Every upload chunk by chance; the run's seed makes it repeatable.")
#define FIELD_TIMES                                                                                          \
    RIG_FIELD("times", COUNT, struct where, times, .max = MAX_PACKET,                                        \
              .about = "How often at the most, packets so many in a row; 0 = without end. Without it once, " \
                       "and with `probability` without end.")
#define FIELD_WRITE                                                                                          \
    RIG_FIELD("write", COUNT, struct where, write, .max = MAX_PACKET,                                        \
              .about = "ATT write that reaches the board, counted from 0 within `do`.")
#define FIELD_NOTIFICATION                                                                                   \
    RIG_FIELD("notification", COUNT, struct where, notification, .max = MAX_PACKET,                          \
              .about = "Notification that the board sends, counted from 0 within `do`.")
#define FIELDS_OF_MESSAGE FIELD_CHUNK, FIELD_AT_BYTE, FIELD_REQUEST, FIELD_PROBABILITY
#define FIELDS_OF_PACKET FIELD_WRITE, FIELD_NOTIFICATION

/* Of messages, for what only this host can do: to an answer, say. */
static const char *const message_places[] = {"chunk", "at-byte", "request", "probability", NULL};
static const struct rig_field message_fields[] = {FIELDS_OF_MESSAGE, FIELD_TIMES};
static const struct rig_shape message_shape = {RIG_SHAPE("message", message_fields, struct where),
                                               .shorthand = "chunk", .exactly_one = message_places};

/* Of packets, for what only the board's radio can do. */
static const char *const packet_places[] = {"write", "notification", NULL};
static const struct rig_field packet_fields[] = {FIELDS_OF_PACKET, FIELD_TIMES};
static const struct rig_shape packet_shape = {RIG_SHAPE("packet", packet_fields, struct where),
                                              .exactly_one = packet_places};

/* Of the answer to a message, and how it is corrupted. */
static const struct rig_field corruption_fields[] = {
    FIELDS_OF_MESSAGE,
    FIELD_TIMES,
    RIG_FIELD(
        "as", CHOICE, struct where, corruption.kind, .required = true, .choices = rig_smp_corruption_names,
        .about =
            "What is wrong with it. `missing-key`, `wrong-type`, `key-twice`, `other-number`, `nul-behind`, "
            "`other-text`, `short-bytes`, `other-bytes` and `other-flag` are done to `key`; `unknown-key`, "
            "`rc-zero` and `version-0` are allowed, a client has to take them."),
    RIG_FIELD(
        "key", TEXT, struct where, corruption.key,
        .about =
            "Whose value is corrupted, wherever in the answer it comes first; without it the first one."),
    RIG_FIELD("number", COUNT, struct where, number,
              .about = "With `other-number`: what it becomes; else 0."),
};
static const char *const of_number[] = {"other-number", NULL};
static const char *const of_key[] = {"missing-key", "wrong-type", "key-twice",   "other-number",
                                     "nul-behind",  "other-text", "short-bytes", "other-bytes",
                                     "other-flag",  NULL};
static const struct rig_rule corruption_rules[] = {
    {.field = "key", .kind = RIG_RULE_NEEDS, .other = "as", .others = of_key},
    {.field = "number", .kind = RIG_RULE_NEEDS, .other = "as", .others = of_number},
    {.field = NULL}};
static const struct rig_shape corruption_shape = {
    RIG_SHAPE("corrupt-response", corruption_fields, struct where), .rules = corruption_rules,
    .exactly_one = message_places};

static const char *const places[] = {"chunk", "at-byte",      "request", "probability",
                                     "write", "notification", NULL};
#define FIELDS_WHERE FIELDS_OF_MESSAGE, FIELDS_OF_PACKET, FIELD_TIMES

static const struct rig_field plain_fields[] = {FIELDS_WHERE};
static const struct rig_shape plain_shape = {RIG_SHAPE("where", plain_fields, struct where),
                                             .shorthand = "chunk", .exactly_one = places};

static const struct rig_field delay_fields[] = {
    FIELDS_WHERE,
    RIG_FIELD("by", DURATION, struct where, delay_us, .required = true, .min = 1,
              .max = RIG_PACKET_MAX_DELAY_MS * G_GUINT64_CONSTANT(1000),
              .about = "How much later it leaves."),
};
static const struct rig_shape delay_shape = {RIG_SHAPE("delay", delay_fields, struct where),
                                             .exactly_one = places};

static const struct rig_field corrupt_fields[] = {
    FIELDS_WHERE,
    RIG_FIELD("byte", COUNT, struct where, at, .max = 4095,
              .about =
                  "Byte of the message or packet whose bit is flipped; without it the middle one. One that "
                  "has no such byte is not struck."),
};
static const struct rig_shape corrupt_shape = {RIG_SHAPE("corrupt", corrupt_fields, struct where),
                                               .exactly_one = places};

static const struct rig_field truncate_fields[] = {
    FIELDS_WHERE,
    RIG_FIELD("to", SIZE, struct where, at, .max = 4095,
              .about =
                  "How many bytes of the message or packet leave; without it half. One that is no longer "
                  "than that is not struck."),
};
static const struct rig_shape truncate_shape = {RIG_SHAPE("truncate", truncate_fields, struct where),
                                                .exactly_one = places};

/* Of messages as enum rig_fault_kind has them; behind those, what happens to packets only. */
#define LOSE_LINK RIG_FAULT_N_KINDS
#define N_KINDS (RIG_FAULT_N_KINDS + 1)
struct fault {
    const struct where *kinds[N_KINDS]; /* one of them; the others are NULL */
};
#define KIND(name, kind, shape, ...)                                                                         \
    RIG_STRUCT_FIELD(name, RECORD, struct fault, kinds[kind], struct where, shape, .about = __VA_ARGS__)
static const struct rig_field fault_fields[N_KINDS] = {
    [RIG_FAULT_DROP] =
        KIND("drop", RIG_FAULT_DROP, &plain_shape, "It is lost: a request, a write, a notification."),
    [RIG_FAULT_DROP_RESPONSE] =
        KIND("drop-response", RIG_FAULT_DROP_RESPONSE, &message_shape, "The answer to it never arrives."),
    [RIG_FAULT_DUPLICATE] = KIND("duplicate", RIG_FAULT_DUPLICATE, &plain_shape, "It is sent twice."),
    [RIG_FAULT_DUPLICATE_RESPONSE] =
        KIND("duplicate-response", RIG_FAULT_DUPLICATE_RESPONSE, &message_shape, "Its answer arrives twice."),
    [RIG_FAULT_DELAY] =
        KIND("delay", RIG_FAULT_DELAY, &delay_shape, "It leaves later; what follows overtakes it."),
    [RIG_FAULT_REORDER] =
        KIND("reorder", RIG_FAULT_REORDER, &plain_shape, "It leaves right after the next one."),
    [RIG_FAULT_CORRUPT] = KIND("corrupt", RIG_FAULT_CORRUPT, &corrupt_shape, "One bit of it is flipped."),
    [RIG_FAULT_TRUNCATE] =
        KIND("truncate", RIG_FAULT_TRUNCATE, &truncate_shape, "Only its beginning leaves."),
    [RIG_FAULT_STOP_NOTIFICATIONS] = KIND("stop-notifications", RIG_FAULT_STOP_NOTIFICATIONS, &message_shape,
                                          "From its answer on nothing arrives until the faults end."),
    [RIG_FAULT_DISCONNECT] =
        KIND("disconnect", RIG_FAULT_DISCONNECT, &plain_shape,
             "The host drops the link instead of sending a request; the board hangs up in the place of a "
             "write or notification."),
    [RIG_FAULT_CORRUPT_RESPONSE] =
        KIND("corrupt-response", RIG_FAULT_CORRUPT_RESPONSE, &corruption_shape,
             "Its answer arrives corrupted, as by a man in the middle: does a client notice?",
             .former = "spoil-response"),
    [LOSE_LINK] = KIND("lose-link", LOSE_LINK, &packet_shape,
                       "The radio goes silent in its place: the supervision timeout ends the link."),
};
static const struct rig_shape fault_shape = {RIG_SHAPE("fault", fault_fields, struct fault)};

struct fault_arguments {
    const struct fault *const *faults;
    bool must_happen;
};
static const struct rig_field with_fields[] = {
    RIG_STRUCT_FIELD("faults", VARIANT, struct fault_arguments, faults, struct fault, &fault_shape,
                     .list = true, .required = true, .about = "What goes wrong on the link."),
    RIG_FIELD("must-happen", FLAG, struct fault_arguments, must_happen, .default_text = "true",
              .about = "A fault that never struck is a rig error: it proved nothing."),
};
static const struct rig_shape with_shape = {RIG_SHAPE("with-faults", with_fields, struct fault_arguments),
                                            .shorthand = "faults"};

static guint kind_of(const struct fault *fault)
{
    guint kind = 0;

    while (!fault->kinds[kind])
        kind++;
    return kind;
}

static void choose(const struct where *where, struct rig_fault *fault)
{
    fault->n_times = where->times ? *where->times : where->probability ? 0 : 1;
    if (where->probability) {
        fault->choice = RIG_FAULT_BY_PROBABILITY;
        fault->probability = *where->probability;
    } else if (where->at_byte) {
        fault->choice = RIG_FAULT_AT_BYTE;
        fault->n = *where->at_byte;
    } else if (where->request) {
        fault->choice = RIG_FAULT_AT_MESSAGE;
        fault->n = *where->request;
    } else if (where->chunk_word) {
        fault->choice = g_str_equal(where->chunk_word, "last") ? RIG_FAULT_AT_LAST : RIG_FAULT_AT_MIDDLE;
    } else {
        fault->choice = RIG_FAULT_AT_CHUNK;
        fault->n = where->chunk ? *where->chunk : 0;
    }
}

/* corruption: room for how an answer is corrupted, which lives as long as the fault. */
static struct rig_fault message_fault(const struct fault *told, struct rig_smp_corruption *corruption)
{
    guint kind = kind_of(told);
    const struct where *where = told->kinds[kind];
    struct rig_fault fault = {.kind = (enum rig_fault_kind)kind,
                              .at = where->at ? *where->at : G_MAXUINT32,
                              .delay_us = where->delay_us};

    choose(where, &fault);
    if (kind == RIG_FAULT_CORRUPT_RESPONSE) {
        *corruption = where->corruption;
        corruption->number = where->number ? *where->number : 0;
        fault.corruption = corruption;
    }
    return fault;
}

/* A single write or notification; else messages. */
static bool strikes_packets(const struct fault *fault)
{
    const struct where *where = fault->kinds[kind_of(fault)];

    return where->write || where->notification;
}

static struct rig_packet_fault packet_fault(const struct fault *told)
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
    guint kind = kind_of(told);
    const struct where *where = told->kinds[kind];

    return (struct rig_packet_fault){
        .kind = kinds[kind],
        .direction = where->write ? RIG_PACKET_WRITES : RIG_PACKET_NOTIFICATIONS,
        .first = where->write ? *where->write : *where->notification,
        .n_times = where->times ? *where->times : 1,
        .at = where->at ? *where->at : RIG_PACKET_MIDDLE,
        .delay_ms = (guint32)((where->delay_us + 999) / 1000),
    };
}

/* The faults of one block: those of messages are armed in this host, those of packets on the board. */
struct block {
    struct rig_run *run;
    const struct fault *const *faults;
    struct rig_smp_corruption *corruptions; /* one for each */
    guint n_armed, n_packets;               /* n_armed: of both */
};

static bool arm_packet_fault(struct block *block, const struct fault *told)
{
    struct rig_board *board = block->run->board;
    struct rig_packet_fault fault = packet_fault(told);
    GError *error = NULL;

    if (block->n_packets == 0 && block->run->packet_faults) {
        rig_run_error_text(block->run, "'with-faults' inside another one cannot strike packets as that does: "
                                       "a board counts them once; put the faults into one list");
        return false;
    }
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
    for (; block->faults[block->n_armed]; block->n_armed++) {
        const struct fault *told = block->faults[block->n_armed];

        if (strikes_packets(told)) {
            if (!arm_packet_fault(block, told))
                return;
        } else {
            struct rig_fault fault = message_fault(told, &block->corruptions[block->n_armed]);

            rig_faults_push(block->run->faults, &fault);
        }
        rig_run_fault_event(block->run, "armed: %s", fault_fields[kind_of(told)].name);
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
        bool packets = strikes_packets(block->faults[i]);

        account(block, i, packets ? report.n_struck[--n_packets] : rig_faults_pop(block->run->faults, 1),
                must_happen);
    }
}

static void run_with_faults(struct rig_run *run, const struct rig_step *step)
{
    const struct fault_arguments *arguments = RIG_ARGUMENTS(step, struct fault_arguments);
    struct block block = {.run = run, .faults = arguments->faults};
    g_autofree char *prefix = g_strdup_printf("%s.do", run->step_id->str);
    g_autofree struct rig_smp_corruption *corruptions =
        g_new0(struct rig_smp_corruption, g_strv_length((char **)block.faults));

    block.corruptions = corruptions;
    run->update->protocol->faults_ended(run->update);
    arm(&block);
    if (!rig_run_troubled(run))
        rig_run_steps(run, step->block, prefix);
    end(&block, arguments->must_happen);
    run->update->protocol->faults_ended(run->update);
}

static const char *lacks(const struct rig_step *step, const char *const *capabilities)
{
    const struct fault *const *fault = RIG_ARGUMENTS(step, struct fault_arguments)->faults;

    for (; *fault; fault++) {
        const char *needed = strikes_packets(*fault)                         ? "packet-faults"
                             : kind_of(*fault) == RIG_FAULT_CORRUPT_RESPONSE ? "smp"
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
    .about = "Wraps steps in link faults: what is sent or answered is lost, doubled, late, corrupted at the "
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
