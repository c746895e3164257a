/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Verb: with-faults, and the shapes of link faults. */
#include "steps/verbs.h"

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
        .about = "SMP request of any kind, counted from 0 within `do`."                                      \
    }
#define FIELD_PROBABILITY                                                                                    \
    {                                                                                                        \
        .name = "probability", .type = RIG_TYPE_PROBABILITY,                                                 \
        .about = "Every upload chunk by chance; the run's seed makes it repeatable."                         \
    }
#define FIELD_TIMES                                                                                          \
    {                                                                                                        \
        .name = "times", .type = RIG_TYPE_COUNT,                                                             \
        .about =                                                                                             \
            "How often at the most; 0 = without end. Without it once, and with `probability` without end."   \
    }
static const char *const places[] = {"chunk", "at-byte", "request", "probability", NULL};
#define FIELDS_WHERE FIELD_CHUNK, FIELD_AT_BYTE, FIELD_REQUEST, FIELD_PROBABILITY, FIELD_TIMES

static const struct rig_field plain_fields[] = {FIELDS_WHERE};
static const struct rig_shape plain_shape = {.name = "where",
                                             .fields = plain_fields,
                                             .n_fields = G_N_ELEMENTS(plain_fields),
                                             .shorthand = "chunk",
                                             .exactly_one = places};

static const struct rig_field delay_fields[] = {
    FIELDS_WHERE,
    {.name = "by", .type = RIG_TYPE_DURATION, .required = true, .about = "How much later it leaves."},
};
static const struct rig_shape delay_shape = {
    .name = "delay", .fields = delay_fields, .n_fields = G_N_ELEMENTS(delay_fields), .exactly_one = places};

static const struct rig_field corrupt_fields[] = {
    FIELDS_WHERE,
    {.name = "byte",
     .type = RIG_TYPE_COUNT,
     .max = 4095,
     .about = "Byte of the message whose bit is flipped; without it the middle one."},
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
     .about = "How many bytes of the message leave; without it half."},
};
static const struct rig_shape truncate_shape = {.name = "truncate",
                                                .fields = truncate_fields,
                                                .n_fields = G_N_ELEMENTS(truncate_fields),
                                                .exactly_one = places};

#define KIND(kind_name, kind_shape, kind_about)                                                              \
    {                                                                                                        \
        .name = kind_name, .type = RIG_TYPE_RECORD, .shape = kind_shape, .about = kind_about                 \
    }
static const struct rig_field fault_fields[RIG_FAULT_N_KINDS] = {
    [RIG_FAULT_DROP] = KIND("drop", &plain_shape, "The request never leaves."),
    [RIG_FAULT_DROP_RESPONSE] = KIND("drop-response", &plain_shape, "The answer to it never arrives."),
    [RIG_FAULT_DUPLICATE] = KIND("duplicate", &plain_shape, "It is sent twice."),
    [RIG_FAULT_DUPLICATE_RESPONSE] = KIND("duplicate-response", &plain_shape, "Its answer arrives twice."),
    [RIG_FAULT_DELAY] = KIND("delay", &delay_shape, "It leaves later; what follows overtakes it."),
    [RIG_FAULT_REORDER] = KIND("reorder", &plain_shape, "It leaves right after the next one."),
    [RIG_FAULT_CORRUPT] = KIND("corrupt", &corrupt_shape, "One bit of it is flipped."),
    [RIG_FAULT_TRUNCATE] = KIND("truncate", &truncate_shape, "Only its beginning leaves."),
    [RIG_FAULT_STOP_NOTIFICATIONS] =
        KIND("stop-notifications", &plain_shape, "From its answer on nothing arrives until the faults end."),
    [RIG_FAULT_DISCONNECT] =
        KIND("disconnect", &plain_shape, "The host drops the link instead of sending it."),
};
static const struct rig_shape fault_shape = {
    .name = "fault", .fields = fault_fields, .n_fields = RIG_FAULT_N_KINDS};

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

    fault->n_times = times ? (guint)times->count : probability ? 0 : 1;
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

static void read_fault(const struct rig_record *variant, struct rig_fault *fault)
{
    const struct rig_value *value = NULL;
    const struct rig_field *field = rig_record_variant(variant, &value);
    const struct rig_record *where = value->record;
    const struct rig_value *at = NULL;

    *fault = (struct rig_fault){.kind = (enum rig_fault_kind)(field - fault_fields), .at = G_MAXUINT32};
    choose(where, fault);
    if (fault->kind == RIG_FAULT_DELAY)
        fault->delay_us = rig_record_count(where, "by");
    if (fault->kind == RIG_FAULT_CORRUPT)
        at = rig_record_get(where, "byte");
    if (fault->kind == RIG_FAULT_TRUNCATE)
        at = rig_record_get(where, "to");
    if (at)
        fault->at = (guint32)at->count;
}

static void run_with_faults(struct rig_run *run, const struct rig_step *step)
{
    const struct rig_value *faults = rig_record_get(step->arguments, "faults");
    g_autofree char *prefix = g_strdup_printf("%s.do", run->step_id->str);
    guint n_armed = 0;

    rig_smp_transport_faults_ended(&run->client.transport);
    for (; n_armed < rig_list_length(faults); n_armed++) {
        struct rig_fault fault;

        read_fault(rig_list_item(faults, n_armed)->record, &fault);
        rig_faults_push(run->faults, &fault);
        rig_run_fault_event(run, "armed: %s", rig_fault_kind_name(fault.kind));
    }
    rig_run_steps(run, step->block, prefix);
    for (guint i = n_armed; i-- > 0;) {
        guint n_happened = rig_faults_pop(run->faults, 1);

        rig_run_fault_event(run, "ended: fault %u struck %u time(s)", i, n_happened);
        if (n_happened == 0 && !rig_run_troubled(run) && rig_record_flag(step->arguments, "must-happen"))
            rig_run_error_text(run,
                               "fault %u of 'with-faults' never struck: the steps prove nothing; choose "
                               "another place or say 'must-happen: false'",
                               i);
    }
    rig_smp_transport_faults_ended(&run->client.transport);
}

static const char *const needs_smp[] = {"smp", NULL};
const struct rig_verb rig_verb_with_faults = {
    .name = "with-faults",
    .family = "faults",
    .about = "Wraps steps in link faults: what is sent or answered is lost, doubled, late, spoilt at the "
             "chosen place. They end with the block.",
    .shape = &with_shape,
    .block = "do",
    .within_us = 600u * G_GUINT64_CONSTANT(1000000),
    .needs = needs_smp,
    .example = "- with-faults: [{drop: {chunk: middle}}]\n  do: [{upload: {image: new}}]",
    .run = run_with_faults,
};
