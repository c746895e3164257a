/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Verb: expect-images: the image list as the SMP server tells it. */
#include "steps/verbs.h"

#include <string.h>

static const char *const needs_smp[] = {"smp", NULL};

static const struct rig_field entry_fields[] = {
    {.name = "slot", .type = RIG_TYPE_COUNT, .required = true, .max = 15, .about = "Slot of the entry."},
    {.name = "number",
     .type = RIG_TYPE_COUNT,
     .default_text = "0",
     .max = 15,
     .about = "Image number of a board with several."},
    {.name = "absent",
     .type = RIG_TYPE_FLAG,
     .default_text = "false",
     .about = "There must be no such entry."},
    {.name = "image", .type = RIG_TYPE_IMAGE, .about = "Whose hash and version it must have."},
    {.name = "bootable", .type = RIG_TYPE_FLAG, .about = "Flag `bootable`."},
    {.name = "pending", .type = RIG_TYPE_FLAG, .about = "Flag `pending`."},
    {.name = "confirmed", .type = RIG_TYPE_FLAG, .about = "Flag `confirmed`."},
    {.name = "active", .type = RIG_TYPE_FLAG, .about = "Flag `active`."},
    {.name = "permanent", .type = RIG_TYPE_FLAG, .about = "Flag `permanent`."},
};
static const char *const is_true[] = {"true", NULL};
#define RULE_NOT_ABSENT(field_name)                                                                          \
    {                                                                                                        \
        .field = field_name, .kind = RIG_RULE_NOT_BESIDE, .other = "absent", .others = is_true               \
    }
static const struct rig_rule entry_rules[] = {
    RULE_NOT_ABSENT("image"),
    RULE_NOT_ABSENT("bootable"),
    RULE_NOT_ABSENT("pending"),
    RULE_NOT_ABSENT("confirmed"),
    RULE_NOT_ABSENT("active"),
    RULE_NOT_ABSENT("permanent"),
    {0},
};
static const struct rig_shape entry_shape = {
    .name = "entry", .fields = entry_fields, .n_fields = G_N_ELEMENTS(entry_fields), .rules = entry_rules};

static const struct rig_field images_fields[] = {
    {.name = "entries",
     .type = RIG_TYPE_RECORD,
     .shape = &entry_shape,
     .list = true,
     .about = "Entries that must be (or be absent)."},
    RIG_FIELD_EXPECT_ANSWER,
    RIG_FIELD_EXPECT_RC,
};
static const struct rig_rule images_rules[] = {RIG_RULE_NEEDS_OK("entries"), RIG_RULE_EXPECT_RC, {0}};
static const struct rig_shape images_shape = {.name = "expect-images",
                                              .fields = images_fields,
                                              .n_fields = G_N_ELEMENTS(images_fields),
                                              .shorthand = "entries",
                                              .rules = images_rules};

static const struct rig_smp_image_entry *find_entry(const struct rig_smp_response *response, guint64 number,
                                                    guint64 slot)
{
    for (gsize i = 0; i < response->n_images; i++)
        if (response->images[i].image == number && response->images[i].slot == slot)
            return &response->images[i];
    return NULL;
}

static void expect_entry_flag(struct rig_run *run, const struct rig_record *record, const char *name,
                              bool seen)
{
    const struct rig_value *wanted = rig_record_get(record, name);
    g_autofree char *what =
        g_strdup_printf("slot %" G_GUINT64_FORMAT " %s", rig_record_count(record, "slot"), name);

    if (wanted)
        rig_run_expect(run, wanted->flag == seen, what, wanted->flag ? "true" : "false",
                       seen ? "true" : "false");
}

static void expect_entry_image(struct rig_run *run, const struct rig_record *record,
                               const struct rig_smp_image_entry *entry)
{
    const char *name = rig_record_text(record, "image");
    const struct rig_built_image *image = name ? rig_run_image(run, name) : NULL;
    g_autofree char *what = g_strdup_printf("image in slot %u", entry->slot);
    g_autofree char *seen = NULL;
    bool ok;

    if (!image)
        return;
    ok = entry->hash_bytes == image->n_smp_hash &&
         memcmp(entry->hash, image->smp_hash, image->n_smp_hash) == 0;
    seen = ok ? g_strdup(name) : g_strdup_printf("version %s with another hash", entry->version);
    rig_run_expect(run, ok, what, name, seen);
}

static void expect_entry(struct rig_run *run, const struct rig_record *record,
                         const struct rig_smp_response *response)
{
    guint64 slot = rig_record_count(record, "slot");
    const struct rig_smp_image_entry *entry = find_entry(response, rig_record_count(record, "number"), slot);
    bool absent = rig_record_flag(record, "absent");
    g_autofree char *what = g_strdup_printf("entry of slot %" G_GUINT64_FORMAT, slot);

    if (!rig_run_expect(run, absent == (entry == NULL), what, absent ? "none" : "one",
                        entry ? "one" : "none") ||
        !entry)
        return;
    expect_entry_image(run, record, entry);
    expect_entry_flag(run, record, "bootable", entry->bootable);
    expect_entry_flag(run, record, "pending", entry->pending);
    expect_entry_flag(run, record, "confirmed", entry->confirmed);
    expect_entry_flag(run, record, "active", entry->active);
    expect_entry_flag(run, record, "permanent", entry->permanent);
}

static void run_expect_images(struct rig_run *run, const struct rig_step *step)
{
    const struct rig_value *entries = rig_record_get(step->arguments, "entries");
    struct rig_smp_response response = {0};
    struct rig_smp_result result;
    guint8 request[64];
    gsize n_bytes = rig_smp_encode_image_list(rig_smp_next_id(&run->client), request, sizeof request);

    if (!rig_ask(run, step, request, n_bytes, &response, &result))
        return;
    rig_judge_answer(run, step, "image list", &result);
    for (guint i = 0; result.kind == RIG_SMP_DONE && i < rig_list_length(entries); i++)
        expect_entry(run, rig_list_item(entries, i)->record, &response);
}

const struct rig_verb rig_verb_expect_images = {
    .name = "expect-images",
    .family = "expect",
    .about = "Asks the SMP server for its image list and compares the entries named.",
    .shape = &images_shape,
    .within_us = 5u * 1000 * 1000,
    .needs = needs_smp,
    .example = "expect-images: [{slot: 0, image: new, active: true}, {slot: 1, absent: true}]",
    .run = run_expect_images,
};
