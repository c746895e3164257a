/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where the two image headers are at this moment of a swap, and how large an image is. */
#include "sim/firmware/mcuboot/boot/loader.h"

#include "base/bytes.h"

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
    uint32_t sector_bytes = area_first_sector_bytes(boot->flash, boot_area(boot, BOOT_PRIMARY));
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
    uint32_t sector_bytes = area_first_sector_bytes(boot->flash, boot_area(boot, BOOT_PRIMARY));
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
    uint32_t sector_bytes = area_first_sector_bytes(boot->flash, boot_area(boot, BOOT_PRIMARY));
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
    uint32_t sector_bytes = area_first_sector_bytes(boot->flash, boot_area(boot, BOOT_SECONDARY));
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
    if (offset_mode && with_progress && found && place.slot == BOOT_SECONDARY) {
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
