/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A small language for the tests; it resembles the real one without depending on it. */
#include "scenario/small_language.h"

static const char *const slots[] = {"primary", "secondary", NULL};
static const char *const modes[] = {"test", "permanent", "off", "no", NULL};
static const struct rig_former former_modes[] = {{"for-good", "permanent"}, {NULL, NULL}};
static const char *const no_image[] = {"none", "whatever", NULL};
static const char *const places[] = {"middle", "last", NULL};
static const char *const expects[] = {"ok", "refused", NULL};
static const char *const smp_needs[] = {"smp", NULL};
static const char *const bonding_needs[] = {"bonding", "smp", NULL};
static const char *const capabilities[] = {"smp", "bonding", "power-cut-at-operation", NULL};

static const struct rig_field upload_fields[] = {
    {.name = "image", .type = RIG_TYPE_IMAGE, .required = true, .about = "What to send."},
    {.name = "chunk",
     .type = RIG_TYPE_SIZE,
     .default_text = "128B",
     .min = 1,
     .max = 65536,
     .about = "Bytes of each chunk."},
    {.name = "expect",
     .type = RIG_TYPE_CHOICE,
     .choices = expects,
     .default_text = "ok",
     .about = "How it ends."},
};
static const struct rig_shape upload_shape = {
    .name = "upload", .fields = upload_fields, .n_fields = G_N_ELEMENTS(upload_fields), .shorthand = "image"};
static const struct rig_verb upload = {.name = "upload",
                                       .family = "update",
                                       .about = "Sends an image.",
                                       .shape = &upload_shape,
                                       .within_us = 60000000,
                                       .needs = smp_needs,
                                       .example = "- upload: {image: new}"};

static const struct rig_field mark_fields[] = {
    {.name = "image", .type = RIG_TYPE_IMAGE, .about = "Which image."},
    {.name = "as",
     .type = RIG_TYPE_CHOICE,
     .choices = modes,
     .default_text = "test",
     .about = "For one boot, or for good."},
};
static const struct rig_shape mark_shape = {
    .name = "mark", .fields = mark_fields, .n_fields = G_N_ELEMENTS(mark_fields)};
static const struct rig_verb mark = {.name = "mark",
                                     .family = "update",
                                     .about = "Marks an image.",
                                     .shape = &mark_shape,
                                     .within_us = 5000000,
                                     .needs = smp_needs,
                                     .example = "- mark: {image: new, as: test}"};

static const struct rig_verb reset = {.name = "reset",
                                      .former = "restart",
                                      .family = "power",
                                      .about = "Resets the board.",
                                      .within_us = 5000000,
                                      .example = "- reset:"};

static const struct rig_field expect_boot_fields[] = {
    {.name = "image",
     .type = RIG_TYPE_IMAGE,
     .list = true,
     .choices = no_image,
     .required = true,
     .about = "Any of these."},
    {.name = "within",
     .type = RIG_TYPE_DURATION,
     .default_text = "20s",
     .min = 1,
     .about = "How long to wait."},
};
static const struct rig_shape expect_boot_shape = {.name = "expect-boot",
                                                   .fields = expect_boot_fields,
                                                   .n_fields = G_N_ELEMENTS(expect_boot_fields),
                                                   .shorthand = "image"};
static const struct rig_verb expect_boot = {.name = "expect-boot",
                                            .family = "expect",
                                            .about = "Waits for a boot.",
                                            .shape = &expect_boot_shape,
                                            .within_us = 20000000,
                                            .example = "- expect-boot: {image: [old, new]}"};

static const struct rig_field where_fields[] = {
    {.name = "chunk", .type = RIG_TYPE_COUNT, .choices = places, .about = "Which chunk."},
    {.name = "probability", .type = RIG_TYPE_PROBABILITY, .about = "Of each chunk."},
    {.name = "by", .type = RIG_TYPE_DURATION, .about = "How late."},
};
static const struct rig_shape where_shape = {
    .name = "where", .fields = where_fields, .n_fields = G_N_ELEMENTS(where_fields)};
static const struct rig_field fault_fields[] = {
    {.name = "drop", .type = RIG_TYPE_RECORD, .shape = &where_shape, .about = "A chunk is lost."},
    {.name = "delay", .type = RIG_TYPE_RECORD, .shape = &where_shape, .about = "A chunk is late."},
};
static const struct rig_shape fault_shape = {
    .name = "fault", .fields = fault_fields, .n_fields = G_N_ELEMENTS(fault_fields)};
static const struct rig_field with_faults_fields[] = {
    {.name = "faults",
     .type = RIG_TYPE_VARIANT,
     .list = true,
     .shape = &fault_shape,
     .required = true,
     .about = "What goes wrong."},
};
static const struct rig_shape with_faults_shape = {.name = "with-faults",
                                                   .fields = with_faults_fields,
                                                   .n_fields = G_N_ELEMENTS(with_faults_fields),
                                                   .shorthand = "faults"};
static const struct rig_verb with_faults = {.name = "with-faults",
                                            .family = "link",
                                            .about = "Faults while the block runs.",
                                            .shape = &with_faults_shape,
                                            .block = "do",
                                            .within_us = 600000000,
                                            .example =
                                                "- with-faults: [{drop: {chunk: 0}}]\n  do: [{reset: }]"};

static const struct rig_field on_fields[] = {
    {.name = "slot", .type = RIG_TYPE_CHOICE, .choices = slots, .about = "Which slot."},
    {.name = "during", .type = RIG_TYPE_STEPS, .required = true, .about = "Steps that are cut."},
    {.name = "then", .type = RIG_TYPE_STEPS, .about = "Steps after each cut."},
};
static const struct rig_shape cut_shape = {
    .name = "each-power-cut", .fields = on_fields, .n_fields = G_N_ELEMENTS(on_fields)};
static const struct rig_verb each_power_cut = {.name = "each-power-cut",
                                               .family = "power",
                                               .about = "Cuts everywhere.",
                                               .shape = &cut_shape,
                                               .within_us = 600000000,
                                               .needs = bonding_needs,
                                               .example = "- each-power-cut: {during: {reset: }}"};

static const struct rig_field types_fields[] = {
    {.name = "flag", .type = RIG_TYPE_FLAG, .default_text = "false", .about = "A flag."},
    {.name = "count", .type = RIG_TYPE_COUNT, .about = "A count.", .max = 1000000},
    {.name = "any-count", .type = RIG_TYPE_COUNT, .about = "A count without bounds."},
    {.name = "integer", .type = RIG_TYPE_INTEGER, .about = "An integer."},
    {.name = "duration", .type = RIG_TYPE_DURATION, .about = "A duration."},
    {.name = "size", .type = RIG_TYPE_SIZE, .about = "A size.", .max = 16 * 1024 * 1024},
    {.name = "probability", .type = RIG_TYPE_PROBABILITY, .about = "A probability."},
    {.name = "text", .type = RIG_TYPE_TEXT, .about = "A text."},
    {.name = "name", .type = RIG_TYPE_NAME, .about = "A name."},
    {.name = "version", .former = "release", .type = RIG_TYPE_VERSION, .about = "A version."},
    {.name = "address", .type = RIG_TYPE_ADDRESS, .about = "An address."},
    {.name = "hex", .type = RIG_TYPE_HEX, .about = "Bytes."},
    {.name = "choice",
     .type = RIG_TYPE_CHOICE,
     .choices = modes,
     .former_choices = former_modes,
     .about = "A choice."},
    {.name = "place", .type = RIG_TYPE_COUNT, .choices = places, .about = "A count or a word."},
    {.name = "counts", .type = RIG_TYPE_COUNT, .list = true, .about = "Counts."},
    {.name = "fault", .type = RIG_TYPE_VARIANT, .shape = &fault_shape, .about = "A fault."},
    {.name = "where", .type = RIG_TYPE_RECORD, .shape = &where_shape, .about = "A record."},
};
static const struct rig_removed removed_types[] = {{"colour", "take it out: there is one only"},
                                                   {NULL, NULL}};
const struct rig_shape small_types_shape = {.name = "types",
                                            .fields = types_fields,
                                            .n_fields = G_N_ELEMENTS(types_fields),
                                            .shorthand = "text",
                                            .removed = removed_types};
static const struct rig_verb types = {.name = "types",
                                      .family = "tests",
                                      .about = "One field of each type.",
                                      .shape = &small_types_shape,
                                      .within_us = 1000000,
                                      .example = "- types: {flag: true}"};

static const struct rig_verb *const verbs[] = {&upload,      &mark,           &reset, &expect_boot,
                                               &with_faults, &each_power_cut, &types};

const struct rig_language small_language = {verbs, G_N_ELEMENTS(verbs), capabilities};

bool small_flag(const struct rig_record *record, const char *name)
{
    return rig_record_get(record, name)->flag;
}

guint64 small_count(const struct rig_record *record, const char *name)
{
    return rig_record_get(record, name)->count;
}

const char *small_text(const struct rig_record *record, const char *name)
{
    return rig_record_get(record, name)->text;
}
