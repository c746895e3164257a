/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The built-in bootloader model, or a foreign bootloader, as the subject of an exploration, with what its
 * trailers say. */
#include "explore/mcuboot.h"

#include "base/bytes.h"
#include "explore/invariant.h"
#include "explore/running.h"
#include "explore/sandbox.h"
#include "image/key.h"
#include "sim/firmware/mcuboot/guest/guest.h"

#include <string.h>

#define MAX_FIELD_VALUE_BYTES 32u

/* The operations of struct rig_subject_ops on an area's trailer. `read` says what the trailer is; false: the
 * area has none. */
typedef bool (*trailer_read)(struct rig_subject *subject, const struct sim_area *area,
                             struct rig_trailer_geometry *geometry, struct rig_trailer *trailer);

static guint32 trailer_record_start(trailer_read read, struct rig_subject *subject,
                                    const struct sim_area *area)
{
    struct rig_trailer_geometry geometry;
    struct rig_trailer_layout layout;
    struct rig_trailer trailer;

    if (!read(subject, area, &geometry, &trailer) || !rig_trailer_layout(&geometry, &layout))
        return area->n_bytes;
    return layout.status;
}

/* NULL: nothing. */
static const char *status_in_short(const struct rig_trailer_geometry *geometry,
                                   const struct rig_trailer *trailer, struct rig_path *path)
{
    guint32 last = trailer->last_status;
    guint32 n_moves = geometry->mode == RIG_SWAP_MOVE ? geometry->max_sectors : 0;
    guint32 n_states = geometry->mode == RIG_SWAP_SCRATCH ? 3 : 2;

    if (trailer->n_status_used == 0)
        return NULL;
    if (last < n_moves)
        return rig_path_keepf(path, "moved %u", last);
    return rig_path_keepf(path, "%u.%u", (last - n_moves) / n_states, (last - n_moves) % n_states + 1);
}

static bool trailer_record_read(trailer_read read, struct rig_subject *subject, const struct sim_area *area,
                                struct rig_path *path, struct rig_path_trailer *record)
{
    struct rig_trailer_geometry geometry;
    struct rig_trailer trailer;
    char status[RIG_TRAILER_STATUS_TEXT_BYTES];

    if (!read(subject, area, &geometry, &trailer))
        return false;
    rig_trailer_status_text(&geometry, &trailer, status);
    *record =
        (struct rig_path_trailer){.magic = rig_path_keep(path, rig_trailer_magic_name(trailer.magic)),
                                  .image_ok = rig_path_keep(path, rig_trailer_flag_name(trailer.image_ok)),
                                  .copy_done = rig_path_keep(path, rig_trailer_flag_name(trailer.copy_done)),
                                  .type = rig_path_keep(path, rig_swap_type_name(trailer.swap_type)),
                                  .size = trailer.swap_size_erased ? 0 : trailer.swap_size,
                                  .status = rig_path_keep(path, status),
                                  .progress = status_in_short(&geometry, &trailer, path)};
    return true;
}

static void flag_text(struct rig_subject_field *field, const struct sim_flash_operation *operation)
{
    if (operation->bytes[0] == 1)
        g_snprintf(field->text, sizeof field->text, "%s = set", field->name);
    else
        g_snprintf(field->text, sizeof field->text, "%s = 0x%02x", field->name, operation->bytes[0]);
}

static void status_record(struct rig_subject_field *field, const struct rig_trailer_geometry *geometry,
                          const struct rig_trailer_layout *layout, guint32 at)
{
    guint32 record = (at - layout->status) / geometry->write_bytes;
    guint32 n_moves = geometry->mode == RIG_SWAP_MOVE ? geometry->max_sectors : 0;
    guint32 n_states = geometry->mode == RIG_SWAP_MOVE ? 2 : layout->states;

    field->name = "status";
    if (record < n_moves)
        g_snprintf(field->text, sizeof field->text, "swap status: sector %u of the move is done", record);
    else
        g_snprintf(field->text, sizeof field->text, "swap status: step %u, state %u is done",
                   (record - n_moves) / n_states, (record - n_moves) % n_states + 1);
}

static void value_field(struct rig_subject_field *field, const char *name,
                        const struct sim_flash_operation *operation)
{
    field->name = name;
    if (operation->n_bytes >= 4)
        g_snprintf(field->text, sizeof field->text, "%s = %u", name, rig_get_le32(operation->bytes));
}

static void magic_field(struct rig_subject_field *field, const struct rig_trailer_geometry *geometry,
                        const struct sim_flash_operation *operation)
{
    guint8 magic[RIG_TRAILER_MAGIC_BYTES];
    bool good = false;

    rig_trailer_magic(geometry->max_align, magic);
    if (operation->n_bytes >= sizeof magic)
        good = memcmp(operation->bytes + operation->n_bytes - sizeof magic, magic, sizeof magic) == 0;
    field->name = "magic";
    g_snprintf(field->text, sizeof field->text, "magic = %s", good ? "good" : "other bytes");
}

/* at: from the begin of the area. */
static void find_field(struct rig_subject_field *field, const struct rig_trailer_geometry *geometry,
                       const struct rig_trailer_layout *layout, guint32 at,
                       const struct sim_flash_operation *operation)
{
    guint32 type = operation->n_bytes ? operation->bytes[0] & 15u : 0;

    if (at >= layout->image_ok + geometry->max_align) {
        magic_field(field, geometry, operation);
    } else if (at == layout->image_ok || at == layout->copy_done) {
        field->name = at == layout->image_ok ? "image_ok" : "copy_done";
        flag_text(field, operation);
    } else if (at == layout->swap_info) {
        field->name = "type";
        g_snprintf(field->text, sizeof field->text, "swap type = %s",
                   rig_swap_type_name((enum rig_swap_type)type));
    } else if (at == layout->swap_size) {
        value_field(field, "size", operation);
    } else if (layout->tlv_sizes && at == layout->tlv_sizes) {
        value_field(field, "sizes", operation);
    } else if (layout->keys && at >= layout->keys && at < layout->swap_size) {
        field->name = "key";
    } else if (at >= layout->status && at < layout->swap_size &&
               operation->n_bytes == geometry->write_bytes) {
        status_record(field, geometry, layout, at);
    }
}

/* The short names of fields stand in pictures; these are the words of the reference. NULL: the same. */
static const char *word_of(const char *name)
{
    static const char *const words[][2] = {
        {"type", "swap-type"}, {"size", "swap-size"}, {"sizes", "tlv-sizes"}};

    for (guint i = 0; i < G_N_ELEMENTS(words); i++)
        if (name && g_str_equal(words[i][0], name))
            return words[i][1];
    return NULL;
}

static void trailer_record_field(trailer_read read, struct rig_subject *subject, const struct sim_area *area,
                                 const struct sim_flash_operation *operation, struct rig_subject_field *field)
{
    struct rig_trailer_geometry geometry;
    struct rig_trailer_layout layout;
    struct rig_trailer trailer;

    if (operation->n_bytes > MAX_FIELD_VALUE_BYTES || !read(subject, area, &geometry, &trailer) ||
        !rig_trailer_layout(&geometry, &layout))
        return;
    find_field(field, &geometry, &layout, operation->offset - area->offset, operation);
    field->word = word_of(field->name);
}

#define UPLOAD_CHUNK_BYTES 1024u

struct model {
    struct rig_subject subject;
    struct sim_boot_config config;
    struct sim_guest *guest; /* borrowed; NULL: the model itself boots */
    bool is_view;            /* the flash is somebody else's */
};

static struct model *self(struct rig_subject *subject)
{
    return (struct model *)subject;
}

static enum rig_end end_of(enum sim_boot_outcome outcome)
{
    switch (outcome) {
    case SIM_BOOT_RUNS:
        return RIG_END_RUNS;
    case SIM_BOOT_ASSERT:
        return RIG_END_ASSERT;
    case SIM_BOOT_FLASH_FAULT:
        return RIG_END_FLASH_FAULT;
    case SIM_BOOT_CRASH:
        return RIG_END_CRASH;
    case SIM_BOOT_NO_IMAGE:
    case SIM_BOOT_POWER_LOST:
        break;
    }
    return RIG_END_NO_IMAGE;
}

static const struct sim_area *slot_area(const struct model *model, guint index, guint slot)
{
    return slot == 0 ? &model->config.primary[index] : &model->config.secondary[index];
}

static void model_boot(struct rig_subject *subject, struct rig_end_report *report)
{
    struct model *model = self(subject);
    guint32 counter[SIM_BOOT_MAX_IMAGES] = {0};
    struct sim_boot_result result;

    sim_boot_run(&model->config, subject->flash, counter, NULL, NULL, &result);
    report->end = end_of(result.outcome);
    report->device = slot_area(model, 0, result.slot[0])->device;
    report->offset = slot_area(model, 0, result.slot[0])->offset;
    g_strlcpy(report->text, result.assertion, sizeof report->text);
    g_snprintf(report->decision, sizeof report->decision, "%s%s", rig_swap_type_name(result.swap_type[0]),
               result.resumed[0] ? ", resumed" : "");
}

static enum rig_end end_of_guest(enum sim_guest_outcome outcome)
{
    switch (outcome) {
    case SIM_GUEST_RUNS:
        return RIG_END_RUNS;
    case SIM_GUEST_ASSERT:
        return RIG_END_ASSERT;
    case SIM_GUEST_FLASH_FAULT:
        return RIG_END_FLASH_FAULT;
    case SIM_GUEST_LOOP:
        return RIG_END_LOOP;
    case SIM_GUEST_ABORT:
    case SIM_GUEST_EXIT:
    case SIM_GUEST_CRASH:
    case SIM_GUEST_STACK_OVERFLOW:
    case SIM_GUEST_BAD_DECISION:
        return RIG_END_CRASH;
    case SIM_GUEST_NOT_RUN:
        return RIG_END_NOT_RUN;
    case SIM_GUEST_NO_IMAGE:
    case SIM_GUEST_POWER_LOST:
        break;
    }
    return RIG_END_NO_IMAGE;
}

static void guest_boot(struct rig_subject *subject, struct rig_end_report *report)
{
    struct sim_guest_result result;

    sim_guest_boot(self(subject)->guest, subject->flash, NULL, NULL, &result);
    report->end = end_of_guest(result.outcome);
    report->device = result.device;
    report->offset = result.offset;
    if (sim_guest_is_finding(result.outcome))
        g_snprintf(report->text, sizeof report->text, "%s: %s", sim_guest_outcome_text(result.outcome),
                   result.text);
    else if (result.outcome == SIM_GUEST_NO_IMAGE || result.outcome == SIM_GUEST_NOT_RUN)
        g_strlcpy(report->text, result.text, sizeof report->text);
}

static guint32 first_sector_bytes(const struct sim_flash *flash, const struct sim_area *area)
{
    guint32 start = 0;
    guint32 n_bytes = 0;

    sim_flash_sector_at(flash, area->device, area->offset, &start, &n_bytes);
    return n_bytes;
}

/* Swap using offset wants an update behind the first sector. */
static guint32 upload_offset(const struct model *model, guint index)
{
    return model->config.mode == RIG_SWAP_OFFSET
               ? first_sector_bytes(model->subject.flash, &model->config.secondary[index])
               : 0;
}

static bool upload(struct model *model, guint index, const guint8 *bytes, gsize n_bytes)
{
    const struct sim_area *slot = &model->config.secondary[index];
    struct sim_flash *flash = model->subject.flash;
    guint8 erased = sim_flash_device(flash, slot->device)->erased;
    guint32 skipped = upload_offset(model, index);
    guint32 at = slot->offset + skipped;

    if (n_bytes > slot->n_bytes - skipped ||
        sim_flash_erase(flash, slot->device, slot->offset, slot->n_bytes) != SIM_OK)
        return false;
    for (gsize done = 0; done < n_bytes; done += UPLOAD_CHUNK_BYTES) {
        guint8 chunk[UPLOAD_CHUNK_BYTES];
        gsize n_now = MIN(UPLOAD_CHUNK_BYTES, n_bytes - done);
        guint32 unit = sim_flash_device(flash, slot->device)->write_bytes;

        memset(chunk, erased, sizeof chunk);
        memcpy(chunk, bytes + done, n_now);
        if (sim_flash_write(flash, slot->device, at + (guint32)done, chunk,
                            (n_now + unit - 1) / unit * unit) != SIM_OK)
            return false;
    }
    return true;
}

/* Where one of two equal slots is chosen, an image is marked and confirmed where it lies. With revert the
 * next boot erases an image that was not marked: who marks has uploaded just before. */
static bool mark_where_it_lies(struct model *model, guint index, enum rig_action action,
                               const struct rig_explore_image *image)
{
    const guint8 *bytes = index == 0 ? image->bytes : image->second_bytes;
    gsize n_bytes = index == 0 ? image->n_bytes : image->n_second_bytes;
    const struct sim_area *secondary = slot_area(model, index, 1);
    guint slot = rig_flash_holds(model->subject.flash, secondary->device, secondary->offset, bytes, n_bytes);

    if (slot == 0 && action != RIG_ACTION_CONFIRM) {
        if (!upload(model, index, bytes, n_bytes))
            return false;
        slot = 1;
    }
    return sim_boot_set_next(&model->config, model->subject.flash, index, slot, action != RIG_ACTION_TEST) ==
           SIM_OK;
}

static bool act_on(struct model *model, guint index, enum rig_action action,
                   const struct rig_explore_image *image)
{
    struct sim_flash *flash = model->subject.flash;

    if (rig_swap_mode_chooses_slot(model->config.mode) && action != RIG_ACTION_UPLOAD &&
        action != RIG_ACTION_UPDATE)
        return mark_where_it_lies(model, index, action, image);

    switch (action) {
    case RIG_ACTION_UPLOAD:
        return index == 0 ? upload(model, 0, image->bytes, image->n_bytes)
                          : upload(model, 1, image->second_bytes, image->n_second_bytes);
    case RIG_ACTION_TEST:
    case RIG_ACTION_PERMANENT:
        return sim_boot_set_pending(&model->config, flash, index, action == RIG_ACTION_PERMANENT) == SIM_OK;
    case RIG_ACTION_CONFIRM:
        break;
    case RIG_ACTION_UPDATE:
        return false; /* its host uploads and marks, one after the other */
    }
    return sim_boot_set_confirmed(&model->config, flash, index) == SIM_OK;
}

static bool model_act(struct rig_subject *subject, enum rig_action action,
                      const struct rig_explore_image *image)
{
    struct model *model = self(subject);

    return act_on(model, 0, action, image) && (!image->second_bytes || act_on(model, 1, action, image));
}

static bool read_trailer(struct model *model, const struct sim_area *area,
                         struct rig_trailer_geometry *geometry, struct rig_trailer *trailer)
{
    struct sim_area_reader reader = {.flash = model->subject.flash, .area = *area};
    struct rig_image_source source = sim_area_source(&reader);

    sim_boot_geometry(&model->config, model->subject.flash, area, geometry);
    return rig_trailer_decode(geometry, &source, trailer);
}

static bool is_confirmed(struct model *model, guint index, guint slot)
{
    struct rig_trailer_geometry geometry;
    struct rig_trailer trailer;

    return read_trailer(model, slot_area(model, index, slot), &geometry, &trailer) &&
           trailer.magic == RIG_MAGIC_GOOD && trailer.image_ok == RIG_FLAG_SET;
}

/* In a primary slot an encrypted image is plain, and in a secondary one it is not: as the other it is no
 * image there. */
static bool holds(const struct model *model, const struct rig_explore_image *image, bool second, bool runs,
                  guint device, guint32 offset)
{
    const struct sim_flash *flash = model->subject.flash;
    const guint8 *bytes = second ? image->second_bytes : image->bytes;
    const guint8 *clear = second ? image->second_clear : image->clear;
    gsize n_bytes = second ? image->n_second_bytes : image->n_bytes;

    if (runs && clear)
        return rig_flash_holds(flash, device, offset, clear, n_bytes);
    return rig_flash_holds(flash, device, offset, bytes, n_bytes) ||
           (runs && !second && image->encrypted &&
            rig_holds_decrypted(flash, device, offset, bytes, n_bytes));
}

/* The half of a pair, or the whole of it, that stands there. */
static guint8 half_at(const struct model *model, const struct rig_explore_image *images, bool second,
                      bool runs, guint device, guint32 offset)
{
    for (guint8 i = 0; i < RIG_N_EXPLORE_IMAGES; i++)
        if (holds(model, &images[i], second, runs, device, offset))
            return i;
    return RIG_IMAGE_UNKNOWN;
}

static bool are_pairs(const struct rig_explore_image *images)
{
    return images[RIG_IMAGE_NEW].second_bytes != NULL;
}

/* second: where the other half would be; runs: in primary slots. */
static guint8 image_at(const struct model *model, const struct rig_explore_image *images, bool runs,
                       guint device, guint32 offset, const struct sim_area *second)
{
    guint8 first = half_at(model, images, false, runs, device, offset);
    guint8 other =
        are_pairs(images) ? half_at(model, images, true, runs, second->device, second->offset) : first;

    if (first == other)
        return first;
    return first == RIG_IMAGE_UNKNOWN || other == RIG_IMAGE_UNKNOWN ? RIG_IMAGE_UNKNOWN : RIG_IMAGE_MIXED;
}

/* Of a pair, one that is marked as confirmed is too many already. */
static void model_look(struct rig_subject *subject, const struct rig_explore_image *images,
                       const struct rig_end_report *report, struct rig_seen *seen)
{
    struct model *model = self(subject);
    const struct sim_area *secondary = &model->config.secondary[0];
    guint slot = rig_swap_mode_chooses_slot(model->config.mode) && report->device == secondary->device &&
                 report->offset == secondary->offset;
    const struct sim_area *kept = slot_area(model, 0, 1 - slot);

    if (report->end != RIG_END_RUNS)
        return;
    seen->image = image_at(model, images, true, report->device, report->offset, &model->config.primary[1]);
    seen->confirmed = is_confirmed(model, 0, slot) || (are_pairs(images) && is_confirmed(model, 1, 0));
    seen->copy_kept = seen->image == RIG_IMAGE_NEW && subject->tells_copy &&
                      image_at(model, images, false, kept->device, kept->offset,
                               &model->config.secondary[1]) == RIG_IMAGE_OLD;
}

static bool model_trailer(struct rig_subject *subject, const struct sim_area *area,
                          struct rig_trailer_geometry *geometry, struct rig_trailer *trailer)
{
    return area->device != subject->whole_device && read_trailer(self(subject), area, geometry, trailer);
}

static guint32 record_start(struct rig_subject *subject, const struct sim_area *area)
{
    return trailer_record_start(model_trailer, subject, area);
}

static bool record_read(struct rig_subject *subject, const struct sim_area *area, struct rig_path *path,
                        struct rig_path_trailer *record)
{
    return trailer_record_read(model_trailer, subject, area, path, record);
}

static void record_field(struct rig_subject *subject, const struct sim_area *area,
                         const struct sim_flash_operation *operation, struct rig_subject_field *field)
{
    trailer_record_field(model_trailer, subject, area, operation, field);
}

static void add_area(GChecksum *sum, const struct sim_area *area)
{
    rig_sum_number(sum, area->device);
    rig_sum_number(sum, area->offset);
    rig_sum_number(sum, area->n_bytes);
}

static void model_identify(struct rig_subject *subject, GChecksum *sum)
{
    const struct sim_boot_config *config = &self(subject)->config;
    const guint64 numbers[] = {config->mode,
                               config->n_images,
                               config->max_align,
                               config->max_sectors,
                               config->validate_primary,
                               config->downgrade,
                               config->hw_rollback,
                               config->overwrite_fast,
                               config->swap_fixes,
                               config->need_signature,
                               config->defects,
                               config->n_keys,
                               config->key_bytes,
                               config->encryption,
                               config->aes_bits,
                               config->save_enctlv,
                               config->how.hash_type,
                               config->how.pure,
                               config->how.key_in_image};

    for (guint i = 0; i < G_N_ELEMENTS(numbers); i++)
        rig_sum_number(sum, numbers[i]);
    for (guint i = 0; i < SIM_BOOT_MAX_IMAGES; i++) {
        add_area(sum, &config->primary[i]);
        add_area(sum, &config->secondary[i]);
    }
    add_area(sum, &config->scratch);
    for (gsize i = 0; i < config->n_keys; i++)
        g_checksum_update(sum, rig_key_hash(config->keys[i]), RIG_IMAGE_HASH_BYTES);
    if (config->encryption_key)
        g_checksum_update(sum, rig_encrypt_key_id(config->encryption_key), RIG_IMAGE_HASH_BYTES);
}

static void guest_identify(struct rig_subject *subject, GChecksum *sum)
{
    guint8 hash[32] = {0};

    model_identify(subject, sum);
    sim_guest_hash(self(subject)->guest, hash);
    g_checksum_update(sum, hash, sizeof hash);
    rig_sum_number(sum, subject->max_boot_ms);
}

static void model_free(struct rig_subject *subject)
{
    if (!self(subject)->is_view)
        sim_flash_free(subject->flash);
    sim_boot_memo_free(self(subject)->config.memo);
    g_free(subject);
}

static const struct rig_subject_ops ops = {
    .boot = model_boot,
    .act = model_act,
    .look = model_look,
    .record_start = record_start,
    .record_read = record_read,
    .record_field = record_field,
    .identify = model_identify,
    .free = model_free,
};

/* The application, and what is read from its trailers, is the model's. */
static const struct rig_subject_ops guest_ops = {
    .boot = rig_sandbox_boot,
    .boot_here = guest_boot,
    .act = model_act,
    .look = model_look,
    .record_start = record_start,
    .record_read = record_read,
    .record_field = record_field,
    .identify = guest_identify,
    .free = model_free,
};

static void allow_area(struct rig_subject *subject, const char *name, const struct sim_area *area)
{
    if (area->n_bytes == 0 || subject->n_areas == RIG_SUBJECT_MAX_AREAS)
        return;
    subject->area_names[subject->n_areas] = name;
    subject->areas[subject->n_areas++] = *area;
}

#define COUNTERS_BYTES 1024u
#define COUNTER_BYTES 4u
static const struct sim_flash_device_config counter_store = {.name = "counters",
                                                             .regions = {{COUNTERS_BYTES, 1}},
                                                             .n_regions = 1,
                                                             .write_bytes = COUNTER_BYTES,
                                                             .erased = 0xff,
                                                             .rewrite_forbidden = true};

void rig_subject_set_counter(struct rig_subject *subject, guint image, guint32 counter)
{
    const struct sim_boot_config *config = &self(subject)->config;
    guint32 n_words = config->counters.n_bytes / config->n_images;
    guint32 fixed = GUINT32_TO_LE(counter);

    if (n_words > 0 && image < config->n_images && counter > 0)
        sim_flash_poke(subject->flash, config->counters.device, config->counters.offset + image * n_words,
                       (const guint8 *)&fixed, sizeof fixed);
}

/* Takes the flash, unless it is a view. NULL: no memory. */
static struct rig_subject *model_on(const struct sim_boot_config *config, struct sim_flash *flash,
                                    bool is_view)
{
    struct model *model = g_new0(struct model, 1);
    struct rig_subject *subject = &model->subject;

    subject->ops = &ops;
    subject->flash = flash;
    subject->whole_device = G_MAXUINT;
    model->is_view = is_view;
    model->config = *config;
    model->config.memo = sim_boot_memo_new();
    if (!subject->flash || !model->config.memo) {
        model_free(subject);
        return NULL;
    }
    subject->reverts = rig_swap_mode_reverts(config->mode);
    subject->invariants = RIG_INVARIANTS_OF_MCUBOOT;
    subject->tells_confirmed = true;
    subject->tells_copy = subject->reverts;
    for (guint i = 0; i < config->n_images; i++) {
        allow_area(subject, i ? "primary 1" : "primary", &config->primary[i]);
        allow_area(subject, i ? "secondary 1" : "secondary", &config->secondary[i]);
    }
    if (config->mode == RIG_SWAP_SCRATCH)
        allow_area(subject, "scratch", &config->scratch);
    for (guint i = 0; i < config->n_others; i++)
        allow_area(subject, "other", &config->others[i]);
    return subject;
}

struct rig_subject *rig_subject_model(const struct sim_boot_config *config, const struct sim_flash *flash)
{
    struct rig_subject *subject =
        model_on(config, rig_flash_copy(flash, config->hw_rollback ? &counter_store : NULL), false);

    if (!subject || !config->hw_rollback)
        return subject;
    subject->whole_device = sim_flash_n_devices(flash);
    self(subject)->config.counters = (struct sim_area){subject->whole_device, 0, COUNTERS_BYTES};
    allow_area(subject, "counters", &self(subject)->config.counters);
    return subject;
}

struct rig_subject *rig_subject_view(const struct sim_boot_config *config, const struct sim_flash *flash)
{
    return model_on(config, (struct sim_flash *)flash, true); /* read only */
}

struct rig_subject *rig_subject_guest(const struct sim_boot_config *config, const struct sim_flash *flash,
                                      struct sim_guest *guest)
{
    struct sim_boot_config own = *config;
    struct rig_subject *subject;

    /* Where a foreign bootloader keeps counters is its own affair. */
    own.hw_rollback = false;
    subject = rig_subject_model(&own, flash);
    if (!subject)
        return NULL;
    self(subject)->guest = guest;
    subject->ops = &guest_ops;
    subject->tells_copy = false;
    subject->max_boot_ms = 2 * sim_guest_max_boot_ms(guest);
    allow_area(subject, "scratch", &config->scratch);
    return subject;
}
