/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the trailers ask for: the decision table, the status source of a swap in progress, and its records. */
#include "sim/firmware/mcuboot/boot/loader.h"

#include "base/bytes.h"

#include <string.h>

/* bootutil's codes, as they stand in its console lines. */
static unsigned flag_code(enum rig_trailer_flag flag)
{
    switch (flag) {
    case RIG_FLAG_SET:
        return 1;
    case RIG_FLAG_BAD:
        return 2;
    case RIG_FLAG_UNSET:
        break;
    }
    return 3;
}

static void say_trailer(struct boot *boot, const char *what, const struct rig_trailer *trailer)
{
    boot_say(boot, 'I', "%s: magic=%s, swap_type=0x%x, copy_done=0x%x, image_ok=0x%x", what,
             rig_trailer_magic_name(trailer->magic), (unsigned)trailer->swap_type,
             flag_code(trailer->copy_done), flag_code(trailer->image_ok));
}

static const char *type_word(enum rig_swap_type type)
{
    return type == RIG_SWAP_TYPE_PERM ? "perm" : rig_swap_type_name(type);
}

enum rig_swap_type decide_swap_type(struct boot *boot, bool loud)
{
    struct rig_trailer primary, secondary;
    if (!trailer_read(boot, boot_area(boot, BOOT_PRIMARY), &primary) ||
        !trailer_read(boot, boot_area(boot, BOOT_SECONDARY), &secondary)) {
        return RIG_SWAP_TYPE_NONE;
    }
    enum rig_swap_type type = rig_trailer_decide(boot->config->mode, &primary, &secondary);
    if (type == RIG_SWAP_TYPE_REVERT && boot_has_defect(boot, SIM_BOOT_DEFECT_NEVER_REVERTS)) {
        type = RIG_SWAP_TYPE_NONE;
    }
    if (loud) {
        boot_say(boot, 'I', "Image index: %u, Swap type: %s", boot->current, type_word(type));
    }
    return type;
}

void progress_reset(struct boot *boot)
{
    boot->progress =
        (struct boot_progress){.source = SOURCE_NONE,
                               .phase = boot->config->mode == RIG_SWAP_MOVE ? PHASE_MOVE : PHASE_SWAP,
                               .swap_type = RIG_SWAP_TYPE_NONE};
}

bool progress_is_reset(const struct boot *boot)
{
    const struct boot_progress *progress = &boot->progress;
    bool first_phase = boot->config->mode != RIG_SWAP_MOVE || progress->phase == PHASE_MOVE;
    return first_phase && progress->step == 0 && progress->state == 0;
}

static enum boot_source source_without_scratch(struct boot *boot, const struct rig_trailer *primary)
{
    struct rig_trailer secondary;
    if (!trailer_read(boot, boot_area(boot, BOOT_SECONDARY), &secondary)) {
        return SOURCE_NONE;
    }
    say_trailer(boot, "Secondary image", &secondary);
    bool in_progress = primary->magic == RIG_MAGIC_GOOD && primary->copy_done == RIG_FLAG_UNSET &&
                       secondary.magic != RIG_MAGIC_GOOD;
    return in_progress ? SOURCE_PRIMARY : SOURCE_NONE;
}

/* Positions of status records, from 0; UINT32_MAX: there is none. */
struct records {
    uint32_t last_used;
    uint32_t first_gap; /* first erased record after a used one */
    bool inconsistent;  /* a used record after that */
};

static void take_record(struct records *records, uint32_t position, bool used)
{
    if (!used) {
        if (records->last_used != UINT32_MAX && records->first_gap == UINT32_MAX) {
            records->first_gap = position;
        }
        return;
    }
    records->inconsistent |= records->first_gap != UINT32_MAX;
    records->last_used = position;
}

static bool read_records(struct boot *boot, const struct sim_area *area, struct records *records,
                         uint32_t *n_records)
{
    uint8_t chunk[1024];
    struct rig_trailer_layout layout;
    if (!trailer_layout(boot, area, &layout)) {
        return false;
    }
    uint32_t unit = record_bytes(boot);
    *n_records = layout.states * (area == &boot->config->scratch ? 1 : boot->config->max_sectors);
    *records = (struct records){UINT32_MAX, UINT32_MAX, false};
    uint8_t erased = area_erased(boot->flash, area);
    uint32_t n_left = *n_records * unit;
    for (uint32_t done = 0; n_left > 0;) {
        uint32_t n_now = n_left < sizeof chunk ? n_left : (uint32_t)sizeof chunk;
        if (!area_read(boot, area, layout.status + done, chunk, n_now)) {
            return false;
        }
        for (uint32_t at = 0; at < n_now; at += unit) {
            take_record(records, (done + at) / unit, chunk[at] != erased);
        }
        done += n_now;
        n_left -= n_now;
    }
    return true;
}

static bool has_records(struct boot *boot, const struct sim_area *area)
{
    struct records records;
    uint32_t n_records;
    return read_records(boot, area, &records, &n_records) && records.last_used != UINT32_MAX;
}

/* A magic alone does not make a trailer whole: an erase that was cut half-way may have taken the records in
 * front of it, which scratch still has. */
static bool records_are_in_scratch_only(struct boot *boot, const struct rig_trailer *scratch)
{
    return scratch->magic == RIG_MAGIC_GOOD && has_records(boot, &boot->config->scratch) &&
           !has_records(boot, boot_area(boot, BOOT_PRIMARY));
}

/* Rows in the order of section 3.2. */
static enum boot_source source_with_scratch(struct boot *boot, const struct rig_trailer *primary)
{
    struct rig_trailer scratch;
    if (!trailer_read(boot, &boot->config->scratch, &scratch)) {
        return SOURCE_NONE;
    }
    say_trailer(boot, "Scratch", &scratch);
    bool undone = primary->copy_done == RIG_FLAG_UNSET;
    /* A whole trailer in primary vouches for itself; the one in scratch may have outlived half of scratch's
     * data. */
    if (boot->config->swap_fixes && primary->magic == RIG_MAGIC_GOOD && undone &&
        !records_are_in_scratch_only(boot, &scratch)) {
        return SOURCE_PRIMARY;
    }
    if (primary->magic == RIG_MAGIC_GOOD && scratch.magic != RIG_MAGIC_GOOD &&
        primary->copy_done != RIG_FLAG_BAD) {
        return undone ? SOURCE_PRIMARY : SOURCE_NONE;
    }
    if (scratch.magic == RIG_MAGIC_GOOD) {
        return boot->config->n_images > 1 && scratch.image != boot->current ? SOURCE_NONE : SOURCE_SCRATCH;
    }
    return primary->magic == RIG_MAGIC_UNSET && undone ? SOURCE_PRIMARY : SOURCE_NONE;
}

static enum boot_source find_source(struct boot *boot)
{
    struct rig_trailer primary;
    if (!trailer_read(boot, boot_area(boot, BOOT_PRIMARY), &primary)) {
        return SOURCE_NONE;
    }
    say_trailer(boot, "Primary image", &primary);
    enum boot_source source = boot->config->mode == RIG_SWAP_SCRATCH ? source_with_scratch(boot, &primary)
                                                                     : source_without_scratch(boot, &primary);
    static const char *const names[] = {"none", "scratch", "primary slot"};
    boot_say(boot, 'I', "Boot source: %s", names[source]);
    return source;
}

/* n_done: records written so far, as bootutil counts them. */
static void set_progress(struct boot *boot, uint32_t n_done)
{
    struct boot_progress *progress = &boot->progress;
    uint32_t n_moves = boot->config->max_sectors;
    if (boot->config->mode == RIG_SWAP_MOVE && n_done < n_moves) {
        progress->phase = PHASE_MOVE;
        progress->step = n_done;
        progress->state = 0;
        return;
    }
    uint32_t states = boot->config->mode == RIG_SWAP_SCRATCH ? 3 : 2;
    uint32_t n_swaps = boot->config->mode == RIG_SWAP_MOVE ? n_done - n_moves : n_done;
    progress->phase = PHASE_SWAP;
    progress->step = n_swaps / states;
    progress->state = n_swaps % states;
}

static void decode_records(struct boot *boot, const struct sim_area *area)
{
    struct records records;
    uint32_t n_records;
    if (!read_records(boot, area, &records, &n_records)) {
        return;
    }
    bool scratch_mode = boot->config->mode == RIG_SWAP_SCRATCH;
    /* bootutil means to check the other modes as well, but its test cannot come true there. */
    if (scratch_mode && records.inconsistent) {
        boot_say(boot, 'E', "Detected inconsistent status!");
        if (!boot->config->validate_primary) {
            boot_assert_failed(boot, "inconsistent swap status records");
            return;
        }
    }
    if (records.last_used == UINT32_MAX) {
        return;
    }
    uint32_t n_done = records.last_used + 1;
    if (scratch_mode) {
        n_done = records.first_gap != UINT32_MAX ? records.first_gap : n_records;
    }
    set_progress(boot, n_done);
}

void progress_read(struct boot *boot)
{
    boot->progress.source = find_source(boot);
    if (boot->progress.source == SOURCE_NONE || boot->stopped) {
        return;
    }
    const struct sim_area *area =
        boot->progress.source == SOURCE_SCRATCH ? &boot->config->scratch : boot_area(boot, BOOT_PRIMARY);
    decode_records(boot, area);
    struct rig_trailer_layout layout;
    uint8_t swap_info;
    if (!trailer_layout(boot, area, &layout) || !area_read(boot, area, layout.swap_info, &swap_info, 1)) {
        return;
    }
    bool erased = swap_info == area_erased(boot->flash, area);
    boot->progress.swap_type = erased ? RIG_SWAP_TYPE_NONE : swap_info & 0x0fu;
}

bool progress_swap_size(struct boot *boot, uint32_t *swap_size)
{
    const struct sim_area *area = boot_area(boot, BOOT_PRIMARY);
    struct rig_trailer trailer;
    if (boot->config->mode == RIG_SWAP_SCRATCH) {
        if (!trailer_read(boot, &boot->config->scratch, &trailer)) {
            return false;
        }
        area = trailer.magic == RIG_MAGIC_GOOD ? &boot->config->scratch : area;
    }
    if (!trailer_read(boot, area, &trailer)) {
        return false;
    }
    *swap_size = trailer.swap_size;
    return true;
}
