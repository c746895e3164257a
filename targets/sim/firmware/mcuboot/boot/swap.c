/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Swapping by move, by offset and by scratch: the copies, erases and records of each, in the order of
 * upstream, and where the headers of the images are meanwhile. Section 4 of the sheet. [SRC bootutil
 * swap_move.c, swap_offset.c, swap_scratch.c] */
#include "sim/firmware/mcuboot/boot/loader.h"

#include "base/bytes.h"

#include <string.h>

/* A revert has its status in primary, which is about to be erased: a permanent upgrade written into secondary
 * stands in for it, so that a cut in between leaves something to go on from. */
static void disguise_revert(struct boot *boot)
{
    const struct sim_area *secondary = boot_area(boot, BOOT_SECONDARY);
    struct rig_trailer trailer;
    bool starting = boot->progress.phase == PHASE_MOVE && boot->progress.step == 0;
    if (boot->progress.swap_type != RIG_SWAP_TYPE_REVERT || !starting ||
        !trailer_read(boot, secondary, &trailer) || !boot_must_announce(boot, trailer.magic)) {
        return;
    }
    trailer_erase(boot, secondary);
    trailer_write_image_ok(boot, secondary);
    trailer_write_swap_size(boot, secondary, boot->progress.swap_size);
    trailer_write_magic(boot, secondary);
}

static void start_trailers_of_move(struct boot *boot)
{
    const struct sim_area *primary = boot_area(boot, BOOT_PRIMARY);
    if (boot->progress.source != SOURCE_PRIMARY) {
        trailer_erase(boot, primary);
        trailer_start_swap(boot, primary);
    }
    trailer_erase(boot, boot_area(boot, BOOT_SECONDARY));
}

static void move_up(struct boot *boot, uint32_t sector, uint32_t sector_bytes)
{
    const struct sim_area *primary = boot_area(boot, BOOT_PRIMARY);
    if (boot->progress.step == 0) {
        start_trailers_of_move(boot);
    }
    area_erase(boot, primary, (sector + 1) * sector_bytes, sector_bytes);
    area_copy(boot, primary, sector * sector_bytes, primary, (sector + 1) * sector_bytes, sector_bytes,
              sector * sector_bytes);
    trailer_write_record(boot);
    boot->progress.step++;
}

static void swap_sector_by_move(struct boot *boot, uint32_t sector, uint32_t sector_bytes)
{
    const struct sim_area *primary = boot_area(boot, BOOT_PRIMARY);
    const struct sim_area *secondary = boot_area(boot, BOOT_SECONDARY);
    uint32_t at = sector * sector_bytes;
    if (boot->progress.state == 0) {
        area_erase(boot, primary, at, sector_bytes);
        area_copy(boot, secondary, at, primary, at, sector_bytes, at);
        trailer_write_record(boot);
        boot->progress.state = 1;
    }
    area_erase(boot, secondary, at, sector_bytes);
    area_copy(boot, primary, at + sector_bytes, secondary, at, sector_bytes, at);
    trailer_write_record(boot);
    boot->progress.step++;
    boot->progress.state = 0;
}

/* Sectors of uniform size that a swap of this many bytes covers, at least 1. An impossible size, which sends
 * bootutil off its sector table, stops the run. */
static uint32_t slots_n_swapped(struct boot *boot, uint32_t swap_size)
{
    const struct sim_area *primary = boot_area(boot, BOOT_PRIMARY);
    uint32_t sector_bytes = area_first_sector_bytes(boot, primary);
    if (swap_size > primary->n_bytes || sector_bytes == 0) {
        boot_assert_failed(boot, "swap size 0x%x runs off the sector table", (unsigned)swap_size);
        return 1;
    }
    uint32_t n_sectors = swap_size / sector_bytes + (swap_size % sector_bytes != 0);
    return n_sectors > 0 ? n_sectors : 1;
}

/* move, offset: is there room between the swapped sectors and the trailer of primary? n_used: sectors needed,
 * spare included. */
static bool slots_have_room(struct boot *boot, uint32_t n_used)
{
    const struct sim_area *primary = boot_area(boot, BOOT_PRIMARY);
    uint32_t sector_bytes = area_first_sector_bytes(boot, primary);
    uint32_t trailer_at, end;
    slots_first_trailer_sector(boot, primary, trailer_bytes(boot), &trailer_at, &end);
    if (n_used <= trailer_at / sector_bytes || boot_has_defect(boot, SIM_BOOT_DEFECT_ACCEPTS_OVERSIZED)) {
        return true;
    }
    boot_say(boot, 'W', "Not enough free space to run swap upgrade");
    boot_say(boot, 'W', "required %u bytes but only %u are available", (unsigned)(n_used * sector_bytes),
             (unsigned)trailer_at);
    return false;
}

void swap_move_run(struct boot *boot)
{
    struct boot_progress *progress = &boot->progress;
    uint32_t sector_bytes = area_first_sector_bytes(boot, boot_area(boot, BOOT_PRIMARY));
    uint32_t n_sectors = slots_n_swapped(boot, progress->swap_size);
    boot_say(boot, 'I', "Starting swap using move algorithm.");
    if (boot->stopped || (progress_is_reset(boot) && !slots_have_room(boot, n_sectors + 1))) {
        return;
    }
    disguise_revert(boot);
    if (progress->phase == PHASE_MOVE) {
        for (uint32_t left = n_sectors; left > 0 && !boot->stopped; left--) {
            /* The difference wraps when there are more records than sectors, and all is moved again:
             * bootutil's too. */
            if (left <= n_sectors - progress->step) {
                move_up(boot, left - 1, sector_bytes);
            }
        }
        progress->phase = PHASE_SWAP;
        progress->step = 0;
        progress->state = 0;
    }
    while (progress->step < n_sectors && !boot->stopped) {
        swap_sector_by_move(boot, progress->step, sector_bytes);
    }
}

/* Upstream looks at the step alone: a revert that was cut within its first step is announced anew, although
 * primary is half written. */
static bool has_begun(const struct boot *boot)
{
    return boot->progress.step != 0 || (boot->config->swap_fixes && boot->progress.state != 0);
}

/* Secondary gets a whole trailer with copy_done, which row 0 of the decision table reads as "revert". */
static void announce_revert(struct boot *boot)
{
    const struct sim_area *secondary = boot_area(boot, BOOT_SECONDARY);
    struct rig_trailer trailer;
    if (boot->progress.swap_type != RIG_SWAP_TYPE_REVERT || has_begun(boot) ||
        !trailer_read(boot, secondary, &trailer) || !boot_must_announce(boot, trailer.magic)) {
        return;
    }
    trailer_erase(boot, secondary);
    trailer_write_copy_done(boot, secondary);
    trailer_start_swap(boot, secondary);
}

static void start_trailers_of_offset(struct boot *boot)
{
    const struct sim_area *primary = boot_area(boot, BOOT_PRIMARY);
    if (has_begun(boot)) {
        return;
    }
    if (boot->progress.source != SOURCE_PRIMARY) {
        trailer_erase(boot, primary);
        trailer_start_swap(boot, primary);
    }
    trailer_erase(boot, boot_area(boot, BOOT_SECONDARY));
}

/* What one step copies where. */
struct step {
    uint32_t sector;   /* of primary */
    uint32_t park;     /* sector of secondary that primary's sector goes to */
    uint32_t fetch;    /* sector of secondary that comes to primary */
    bool skip_primary; /* the image in primary does not reach this far */
    bool skip_secondary;
};

static void swap_sector_by_offset(struct boot *boot, const struct step *step, uint32_t sector_bytes)
{
    const struct sim_area *primary = boot_area(boot, BOOT_PRIMARY);
    const struct sim_area *secondary = boot_area(boot, BOOT_SECONDARY);
    uint32_t at = step->sector * sector_bytes;
    if (boot->progress.state == 0) {
        if (!step->skip_primary) {
            area_erase(boot, secondary, step->park * sector_bytes, sector_bytes);
            area_copy(boot, primary, at, secondary, step->park * sector_bytes, sector_bytes, at);
        }
        trailer_write_record(boot);
        boot->progress.state = 1;
    }
    if (!step->skip_secondary) {
        area_erase(boot, primary, at, sector_bytes);
        area_copy(boot, secondary, step->fetch * sector_bytes, primary, at, sector_bytes, at);
    }
    trailer_write_record(boot);
    boot->progress.step++;
    boot->progress.state = 0;
}

/* Sums wrap as they do in bootutil's 32-bit arithmetic: a header may be anything here. */
static uint32_t n_used_sectors(const struct rig_image_header *header, uint32_t tlv_bytes,
                               uint32_t sector_bytes)
{
    uint32_t n_bytes =
        (uint32_t)header->header_bytes + tlv_bytes + header->protected_tlv_bytes + header->payload_bytes;
    return (n_bytes + sector_bytes - 1) / sector_bytes;
}

static bool read_used(struct boot *boot, uint32_t sector_bytes, uint32_t n_used[2])
{
    const struct sim_area *primary = boot_area(boot, BOOT_PRIMARY);
    struct rig_trailer_layout layout;
    uint8_t sizes[4];
    /* From flash, not from the headers: during a swap the TLV areas cannot be found any more. */
    if (!trailer_layout(boot, primary, &layout) ||
        !area_read(boot, primary, layout.tlv_sizes, sizes, sizeof sizes)) {
        return false;
    }
    const struct rig_image_header *headers = boot_image(boot)->header;
    n_used[BOOT_PRIMARY] = n_used_sectors(&headers[BOOT_PRIMARY], rig_get_le16(sizes), sector_bytes);
    n_used[BOOT_SECONDARY] = n_used_sectors(&headers[BOOT_SECONDARY], rig_get_le16(sizes + 2), sector_bytes);
    return true;
}

static struct step plan_step(uint32_t sector, bool reverts, const uint32_t n_used[2])
{
    return (struct step){.sector = sector,
                         .park = reverts ? sector + 1 : sector,
                         .fetch = reverts ? sector : sector + 1,
                         .skip_primary = sector > n_used[BOOT_PRIMARY],
                         .skip_secondary = sector > n_used[BOOT_SECONDARY]};
}

void swap_offset_run(struct boot *boot)
{
    struct boot_progress *progress = &boot->progress;
    uint32_t sector_bytes = area_first_sector_bytes(boot, boot_area(boot, BOOT_PRIMARY));
    uint32_t n_sectors = slots_n_swapped(boot, progress->swap_size);
    uint32_t n_used[2];
    boot_say(boot, 'I', "Starting swap using offset algorithm.");
    if (boot->stopped || (progress_is_reset(boot) && !slots_have_room(boot, n_sectors))) {
        return;
    }
    announce_revert(boot);
    start_trailers_of_offset(boot);
    if (!read_used(boot, sector_bytes, n_used)) {
        return;
    }
    bool reverts =
        progress->swap_type == RIG_SWAP_TYPE_REVERT || decide_swap_type(boot, false) == RIG_SWAP_TYPE_REVERT;
    while (progress->step < n_sectors && !boot->stopped) {
        uint32_t sector = reverts ? n_sectors - 1 - progress->step : progress->step;
        struct step step = plan_step(sector, reverts, n_used);
        swap_sector_by_offset(boot, &step, sector_bytes);
    }
    if (reverts) {
        area_scramble(boot, boot_area(boot, BOOT_SECONDARY), 0, sector_bytes);
        trailer_erase(boot, boot_area(boot, BOOT_SECONDARY));
    }
}

/* One region that changes places. */
struct region {
    uint32_t offset;
    uint32_t n_bytes;  /* whole sectors */
    uint32_t n_copied; /* less where the trailer begins inside it */
};

/* End of the last sector that a swap covers: a boundary of both slots. */
static uint32_t end_of_swap(struct boot *boot, uint32_t swap_size)
{
    const struct sim_area *areas[2] = {boot_area(boot, BOOT_PRIMARY), boot_area(boot, BOOT_SECONDARY)};
    uint32_t at[2] = {0, 0};
    do {
        for (int i = 0; i < 2; i++) {
            uint32_t start, n_bytes;
            if (at[i] >= swap_size && at[i] >= at[1 - i]) {
                continue;
            }
            if (!area_sector(boot, areas[i], at[i], &start, &n_bytes)) {
                boot_assert_failed(boot, "swap size 0x%x runs off the sector table", (unsigned)swap_size);
                return 0;
            }
            at[i] += n_bytes;
        }
    } while (at[0] < swap_size || at[0] != at[1]);
    return at[0];
}

/* Start of the region that ends at end: as many sectors of primary as scratch can hold. */
static uint32_t region_start(struct boot *boot, uint32_t end)
{
    uint32_t start = end;
    uint32_t sector_start, sector_bytes;
    while (start > 0 &&
           area_sector(boot, boot_area(boot, BOOT_PRIMARY), start - 1, &sector_start, &sector_bytes) &&
           end - sector_start <= boot->config->scratch.n_bytes) {
        start = sector_start;
    }
    return start;
}

static uint32_t swap_scratch_n_steps(struct boot *boot, uint32_t swap_size)
{
    uint32_t n_steps = 0;
    for (uint32_t end = end_of_swap(boot, swap_size); end > 0 && !boot->stopped;) {
        uint32_t start = region_start(boot, end);
        if (start == end) {
            boot_assert_failed(boot, "a sector does not fit into scratch");
            return 0;
        }
        end = start;
        n_steps++;
    }
    return n_steps;
}

static void shorten_copy(struct boot *boot, struct region *region)
{
    const struct sim_area *primary = boot_area(boot, BOOT_PRIMARY);
    uint32_t trailer_sector, end;
    uint32_t n_trailer = trailer_bytes(boot);
    struct rig_trailer_layout scratch;
    region->n_copied = region->n_bytes;
    slots_first_trailer_sector(boot, primary, n_trailer, &trailer_sector, &end);
    if (region->offset + region->n_bytes <= trailer_sector ||
        !trailer_layout(boot, &boot->config->scratch, &scratch)) {
        return;
    }
    if (region->offset > primary->n_bytes - n_trailer) {
        boot_assert_failed(boot, "the image reaches into the trailer");
        return;
    }
    region->n_copied = primary->n_bytes - region->offset - n_trailer;
    if (region->n_copied > scratch.status) {
        region->n_copied = scratch.status;
    }
}

static void erase_scratch(struct boot *boot)
{
    area_erase(boot, &boot->config->scratch, 0, boot->config->scratch.n_bytes);
}

static void bring_trailer_to_primary(struct boot *boot)
{
    const struct sim_area *primary = boot_area(boot, BOOT_PRIMARY);
    trailer_erase(boot, primary);
    trailer_start_swap(boot, primary);
    erase_scratch(boot);
}

/* A trailer in scratch first, wanted or not: the swap type must lie somewhere while primary's trailer is
 * erased. */
static void start_trailers_of_scratch(struct boot *boot)
{
    trailer_start_swap(boot, &boot->config->scratch);
    if (!boot->progress.use_scratch) {
        bring_trailer_to_primary(boot);
    }
}

/* A cut left the swap's trailer in scratch and maybe nowhere else: upstream erases scratch and begins anew,
 * so that a second cut leaves no trailer at all. */
static bool trailer_is_in_scratch(struct boot *boot)
{
    return boot->config->swap_fixes && boot->progress.step == 0 && !boot->progress.use_scratch &&
           boot->progress.source == SOURCE_SCRATCH;
}

static void secondary_to_scratch(struct boot *boot, const struct region *region)
{
    if (trailer_is_in_scratch(boot)) {
        bring_trailer_to_primary(boot);
    } else {
        erase_scratch(boot);
        if (boot->progress.step == 0) {
            start_trailers_of_scratch(boot);
        }
    }
    area_copy(boot, boot_area(boot, BOOT_SECONDARY), region->offset, &boot->config->scratch, 0,
              region->n_copied, region->offset);
    trailer_write_record(boot);
    boot->progress.state = 1;
}

/* The part of a region below the sectors of the trailer, which have been erased already. */
static uint32_t below_trailer(struct boot *boot, const struct sim_area *area, const struct region *region)
{
    uint32_t start, end;
    slots_first_trailer_sector(boot, area, trailer_bytes(boot), &start, &end);
    if (start < region->offset) {
        boot_assert_failed(boot, "the trailer begins below the region that is swapped");
        return 0;
    }
    return start - region->offset;
}

static void primary_to_secondary(struct boot *boot, const struct region *region)
{
    const struct sim_area *secondary = boot_area(boot, BOOT_SECONDARY);
    uint32_t n_erased = region->n_bytes;
    if (boot->progress.step == 0) {
        trailer_erase(boot, secondary);
        n_erased = boot->progress.use_scratch ? below_trailer(boot, secondary, region) : n_erased;
    }
    area_erase(boot, secondary, region->offset, n_erased);
    area_copy(boot, boot_area(boot, BOOT_PRIMARY), region->offset, secondary, region->offset,
              region->n_copied, region->offset);
    trailer_write_record(boot);
    boot->progress.state = 2;
}

/* The trailer that was kept in scratch so far becomes primary's, magic last. */
static void bring_trailer_home(struct boot *boot, const struct region *region)
{
    const struct sim_area *primary = boot_area(boot, BOOT_PRIMARY);
    const struct sim_area *scratch = &boot->config->scratch;
    struct rig_trailer_layout layout;
    struct rig_trailer trailer;
    if (!trailer_layout(boot, scratch, &layout)) {
        return;
    }
    area_copy(boot, scratch, layout.status, primary, region->offset + region->n_copied,
              2 * record_bytes(boot), region->offset + region->n_copied);
    if (!trailer_read(boot, scratch, &trailer)) {
        return;
    }
    if (trailer.image_ok == RIG_FLAG_SET) {
        trailer_write_image_ok(boot, primary);
    }
    if (trailer.swap_type != RIG_SWAP_TYPE_NONE) {
        trailer_write_swap_info(boot, primary, trailer.swap_type, boot->current);
    }
    trailer_write_swap_size(boot, primary, boot->progress.swap_size);
    trailer_write_keys(boot, primary);
    trailer_write_magic(boot, primary);
}

static void scratch_to_primary(struct boot *boot, const struct region *region)
{
    const struct sim_area *primary = boot_area(boot, BOOT_PRIMARY);
    bool through_scratch = boot->progress.use_scratch;
    uint32_t n_erased = region->n_bytes;
    if (through_scratch) {
        trailer_erase(boot, primary);
        n_erased = below_trailer(boot, primary, region);
    }
    area_erase(boot, primary, region->offset, n_erased);
    area_copy(boot, &boot->config->scratch, 0, primary, region->offset, region->n_copied, region->offset);
    if (through_scratch) {
        bring_trailer_home(boot, region);
    }
    boot->progress.use_scratch = false;
    trailer_write_record(boot);
    boot->progress.step++;
    boot->progress.state = 0;
    if (through_scratch) {
        /* Backwards: the stale trailer must go before the data that it vouches for. */
        area_scramble_backwards(boot, &boot->config->scratch, 0, boot->config->scratch.n_bytes);
    }
}

static void swap_region(struct boot *boot, struct region *region)
{
    shorten_copy(boot, region);
    boot->progress.use_scratch = boot->progress.step == 0 && region->n_copied != region->n_bytes;
    if (boot->progress.state == 0) {
        secondary_to_scratch(boot, region);
    }
    if (boot->progress.state == 1) {
        primary_to_secondary(boot, region);
    }
    if (boot->progress.state == 2) {
        scratch_to_primary(boot, region);
    }
}

void swap_scratch_run(struct boot *boot)
{
    boot_say(boot, 'I', "Starting swap using scratch algorithm.");
    uint32_t n_steps = swap_scratch_n_steps(boot, boot->progress.swap_size);
    uint32_t end = boot->stopped ? 0 : end_of_swap(boot, boot->progress.swap_size);
    for (uint32_t step = 0; step < n_steps && !boot->stopped; step++) {
        struct region region = {.offset = region_start(boot, end)};
        region.n_bytes = end - region.offset;
        if (step >= boot->progress.step) {
            swap_region(boot, &region);
        }
        end = region.offset;
    }
}

/* A place where a header is looked for. */
struct place {
    const struct sim_area *area;
    enum boot_slot slot; /* that the area is; also while it holds the other slot's image */
    uint32_t offset;
};

static struct place in_slot(struct boot *boot, enum boot_slot slot, uint32_t offset)
{
    return (struct place){boot_area(boot, slot), slot, offset};
}

static bool read_header_at(struct boot *boot, const struct place *place, struct rig_image_header *header)
{
    uint8_t bytes[RIG_IMAGE_HEADER_BYTES];
    bool read = area_read(boot, place->area, place->offset, bytes, sizeof bytes);
    rig_image_header_decode(bytes, header);
    return read;
}

static enum boot_slot other(enum boot_slot slot)
{
    return slot == BOOT_PRIMARY ? BOOT_SECONDARY : BOOT_PRIMARY;
}

static struct place place_in_move(struct boot *boot, enum boot_slot slot, uint32_t n_sectors)
{
    const struct boot_progress *progress = &boot->progress;
    uint32_t sector_bytes = area_first_sector_bytes(boot, boot_area(boot, BOOT_PRIMARY));
    if (progress->phase == PHASE_MOVE) {
        bool moved = slot == BOOT_PRIMARY && progress->step >= n_sectors;
        return in_slot(boot, slot, moved ? sector_bytes : 0);
    }
    if (progress->step >= 1 && progress->step < n_sectors) {
        return in_slot(boot, other(slot), 0);
    }
    if (progress->step == 0 && slot == BOOT_PRIMARY) {
        return in_slot(boot, slot, sector_bytes);
    }
    return in_slot(boot, progress->step == 0 && progress->state == 1 ? BOOT_PRIMARY : slot, 0);
}

/* The first region of the image, which has the header, is swapped in the last step. */
static struct place place_in_scratch(struct boot *boot, enum boot_slot slot, uint32_t n_steps)
{
    const struct boot_progress *progress = &boot->progress;
    if (progress->step >= n_steps) {
        return in_slot(boot, other(slot), 0);
    }
    if (progress->step + 1 == n_steps && slot == BOOT_SECONDARY && progress->state >= 1) {
        return (struct place){&boot->config->scratch, BOOT_PRIMARY, 0};
    }
    if (progress->step + 1 == n_steps && slot == BOOT_PRIMARY && progress->state >= 2) {
        return in_slot(boot, BOOT_SECONDARY, 0);
    }
    return in_slot(boot, slot, 0);
}

static struct place place_in_offset_revert(struct boot *boot, enum boot_slot slot, uint32_t last)
{
    const struct boot_progress *progress = &boot->progress;
    uint32_t sector_bytes = area_first_sector_bytes(boot, boot_area(boot, BOOT_PRIMARY));
    bool first_sector_left = progress->step > last || (progress->step == last && progress->state == 1);
    if (slot == BOOT_PRIMARY) {
        return first_sector_left ? in_slot(boot, BOOT_SECONDARY, sector_bytes)
                                 : in_slot(boot, BOOT_PRIMARY, 0);
    }
    return in_slot(boot, progress->step > last ? BOOT_PRIMARY : BOOT_SECONDARY, 0);
}

static struct place place_in_offset_upgrade(struct boot *boot, enum boot_slot slot, uint32_t last)
{
    const struct boot_progress *progress = &boot->progress;
    uint32_t sector_bytes = area_first_sector_bytes(boot, boot_area(boot, BOOT_PRIMARY));
    if (slot == BOOT_PRIMARY) {
        /* Upstream looks into primary again from the last step on, and finds the new image there. */
        bool left = progress->step > 0 || progress->state == 1;
        bool gone = left && (progress->step < last || boot->config->swap_fixes);
        return in_slot(boot, gone ? BOOT_SECONDARY : BOOT_PRIMARY, 0);
    }
    return progress->step > 0 ? in_slot(boot, BOOT_PRIMARY, 0) : in_slot(boot, BOOT_SECONDARY, sector_bytes);
}

static bool offset_reverts(struct boot *boot, bool with_progress)
{
    return (with_progress && boot->progress.swap_type == RIG_SWAP_TYPE_REVERT) ||
           decide_swap_type(boot, false) == RIG_SWAP_TYPE_REVERT;
}

static struct place place_during_swap(struct boot *boot, enum boot_slot slot)
{
    uint32_t swap_size;
    if (!progress_swap_size(boot, &swap_size)) {
        return in_slot(boot, slot, 0);
    }
    if (boot->config->mode == RIG_SWAP_SCRATCH) {
        return place_in_scratch(boot, slot, swap_scratch_n_steps(boot, swap_size));
    }
    uint32_t n_sectors = slots_n_swapped(boot, swap_size);
    if (boot->config->mode == RIG_SWAP_MOVE) {
        return place_in_move(boot, slot, n_sectors);
    }
    return offset_reverts(boot, true) ? place_in_offset_revert(boot, slot, n_sectors - 1)
                                      : place_in_offset_upgrade(boot, slot, n_sectors - 1);
}

/* Offset mode at rest: the update starts in the second sector, the old image of a revert in the first. */
static bool read_offset_secondary(struct boot *boot, bool with_progress, struct place *place,
                                  struct rig_image_header *header)
{
    uint32_t sector_bytes = area_first_sector_bytes(boot, boot_area(boot, BOOT_SECONDARY));
    *place = in_slot(boot, BOOT_SECONDARY, offset_reverts(boot, with_progress) ? 0 : sector_bytes);
    if (!read_header_at(boot, place, header)) {
        return false;
    }
    if (header->magic == RIG_IMAGE_MAGIC) {
        return true;
    }
    place->offset = offset_reverts(boot, false) ? sector_bytes : 0;
    return read_header_at(boot, place, header);
}

static bool read_header(struct boot *boot, enum boot_slot slot, bool with_progress)
{
    struct rig_image_header *header = &boot_image(boot)->header[slot];
    bool offset_mode = boot->config->mode == RIG_SWAP_OFFSET;
    bool swapping = with_progress && !progress_is_reset(boot);
    struct place place = in_slot(boot, slot, 0);
    if (offset_mode && !swapping && slot == BOOT_SECONDARY) {
        if (!read_offset_secondary(boot, with_progress, &place, header)) {
            return false;
        }
    } else {
        place = swapping ? place_during_swap(boot, slot) : place;
        if (!read_header_at(boot, &place, header)) {
            return false;
        }
    }
    bool found = header->magic == RIG_IMAGE_MAGIC;
    /* A primary without an image keeps the second look from coming this far. */
    bool first = boot->config->bootstrap && !boot_image(boot)->offset_known;
    if (offset_mode && (with_progress || first) && found && place.slot == BOOT_SECONDARY) {
        boot_image(boot)->offset_known = true;
        boot_image(boot)->secondary_offset = place.offset;
    }
    return found || !with_progress || boot->config->mode == RIG_SWAP_SCRATCH;
}

bool headers_read(struct boot *boot, bool require_all, bool with_progress)
{
    if (!read_header(boot, BOOT_PRIMARY, with_progress)) {
        return false;
    }
    return read_header(boot, BOOT_SECONDARY, with_progress) || (!require_all && !boot->stopped);
}

bool header_is_erased(struct boot *boot, enum boot_slot slot)
{
    uint32_t erased = area_erased(boot->flash, boot_area(boot, slot)) * 0x01010101u;
    return boot_image(boot)->header[slot].magic == erased;
}

static bool read_tlv_total(struct boot *boot, const struct sim_area *area, uint32_t offset, uint16_t magic,
                           uint16_t *total)
{
    uint8_t bytes[4];
    if (!area_read(boot, area, offset, bytes, sizeof bytes)) {
        return false;
    }
    *total = rig_get_le16(bytes + 2);
    return rig_get_le16(bytes) == magic;
}

bool image_size(struct boot *boot, enum boot_slot slot, uint32_t *n_bytes)
{
    struct boot_image *image = boot_image(boot);
    const struct rig_image_header *header = &image->header[slot];
    bool shifted = boot->config->mode == RIG_SWAP_OFFSET && slot == BOOT_SECONDARY;
    struct sim_area area = area_from(boot_area(boot, slot), shifted ? image->secondary_offset : 0);
    uint32_t end = header->header_bytes + header->payload_bytes;
    uint16_t total;
    if (header->protected_tlv_bytes != 0) {
        if (!read_tlv_total(boot, &area, end, RIG_IMAGE_TLV_PROTECTED_INFO_MAGIC, &total) ||
            total != header->protected_tlv_bytes) {
            return false;
        }
        end += total;
    }
    if (!read_tlv_total(boot, &area, end, RIG_IMAGE_TLV_INFO_MAGIC, &total)) {
        return false;
    }
    image->tlv_bytes[slot] = total;
    *n_bytes = end + total;
    return true;
}
