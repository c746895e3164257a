/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Trailer fields in flash: which bytes are written, in which order, and the sectors a trailer covers. */
#include "sim/firmware/mcuboot/boot/loader.h"

#include "base/bytes.h"

#include <string.h>

#define MAX_ALIGN_BYTES 32u

static bool is_scratch(const struct sim_boot_config *config, const struct sim_area *area)
{
    return config->scratch.n_bytes != 0 && area->device == config->scratch.device &&
           area->offset == config->scratch.offset;
}

void sim_boot_geometry(const struct sim_boot_config *config, const struct sim_flash *flash,
                       const struct sim_area *slot, struct rig_trailer_geometry *geometry)
{
    *geometry =
        (struct rig_trailer_geometry){.mode = config->mode,
                                      .slot_bytes = slot->n_bytes,
                                      .write_bytes = area_write_bytes(flash, slot),
                                      .max_align = config->max_align,
                                      .max_sectors = is_scratch(config, slot) ? 1 : config->max_sectors,
                                      .key_bytes = config->key_bytes,
                                      .erased = area_erased(flash, slot)};
}

bool trailer_layout(struct boot *boot, const struct sim_area *area, struct rig_trailer_layout *layout)
{
    struct rig_trailer_geometry geometry;
    sim_boot_geometry(boot->config, boot->flash, area, &geometry);
    if (!rig_trailer_layout(&geometry, layout)) {
        boot_flash_status(boot, SIM_OUT_OF_RANGE);
        return false;
    }
    return true;
}

bool trailer_read(struct boot *boot, const struct sim_area *area, struct rig_trailer *trailer)
{
    struct rig_trailer_geometry geometry;
    sim_boot_geometry(boot->config, boot->flash, area, &geometry);
    /* The fixed fields lie at the same distance from the end whatever the number of records, and only they
     * are wanted here. */
    geometry.max_sectors = 1;
    struct sim_area_reader reader = {.flash = boot->flash, .area = *area, .powered_only = true};
    struct rig_image_source source = sim_area_source(&reader);
    if (!boot->stopped && !rig_trailer_decode(&geometry, &source, trailer)) {
        boot_flash_status(boot, sim_flash_powered(boot->flash) ? SIM_OUT_OF_RANGE : SIM_POWER_LOST);
    }
    if (boot->stopped) {
        memset(trailer, 0, sizeof *trailer);
        trailer->swap_type = RIG_SWAP_TYPE_NONE;
    }
    return !boot->stopped;
}

/* One write of the field, filled up with the erased value to whole write units. */
static void write_field(struct boot *boot, const struct sim_area *area, uint32_t offset, const uint8_t *bytes,
                        uint32_t n_bytes)
{
    uint8_t padded[MAX_ALIGN_BYTES];
    uint32_t n_padded = rig_round_up(n_bytes, area_write_bytes(boot->flash, area));
    memset(padded, area_erased(boot->flash, area), sizeof padded);
    memcpy(padded, bytes, n_bytes);
    area_write(boot, area, offset, padded, n_padded);
}

void trailer_write_magic(struct boot *boot, const struct sim_area *area)
{
    struct rig_trailer_layout layout;
    uint8_t padded[MAX_ALIGN_BYTES];
    if (!trailer_layout(boot, area, &layout)) {
        return;
    }
    uint32_t n_padded = rig_round_up(RIG_TRAILER_MAGIC_BYTES, boot->config->max_align);
    memset(padded, area_erased(boot->flash, area), sizeof padded);
    rig_trailer_magic(boot->config->max_align, padded + n_padded - RIG_TRAILER_MAGIC_BYTES);
    area_write(boot, area, rig_round_down(layout.magic, boot->config->max_align), padded, n_padded);
}

void trailer_write_image_ok(struct boot *boot, const struct sim_area *area)
{
    struct rig_trailer_layout layout;
    if (trailer_layout(boot, area, &layout)) {
        write_field(boot, area, layout.image_ok, &(uint8_t){1}, 1);
    }
}

void trailer_write_copy_done(struct boot *boot, const struct sim_area *area)
{
    struct rig_trailer_layout layout;
    if (trailer_layout(boot, area, &layout)) {
        write_field(boot, area, layout.copy_done, &(uint8_t){1}, 1);
    }
}

void trailer_write_swap_info(struct boot *boot, const struct sim_area *area, unsigned type, unsigned image)
{
    struct rig_trailer_layout layout;
    if (trailer_layout(boot, area, &layout)) {
        write_field(boot, area, layout.swap_info, &(uint8_t){(uint8_t)(image << 4 | type)}, 1);
    }
}

void trailer_write_swap_size(struct boot *boot, const struct sim_area *area, uint32_t swap_size)
{
    struct rig_trailer_layout layout;
    uint8_t bytes[4];
    rig_put_le32(bytes, swap_size);
    if (trailer_layout(boot, area, &layout)) {
        write_field(boot, area, layout.swap_size, bytes, sizeof bytes);
    }
}

void trailer_write_tlv_sizes(struct boot *boot, const struct sim_area *area, uint16_t primary,
                             uint16_t secondary)
{
    struct rig_trailer_layout layout;
    uint8_t bytes[4];
    rig_put_le16(bytes, primary);
    rig_put_le16(bytes + 2, secondary);
    if (trailer_layout(boot, area, &layout)) {
        write_field(boot, area, layout.tlv_sizes, bytes, sizeof bytes);
    }
}

uint32_t record_bytes(const struct boot *boot)
{
    uint32_t n_bytes = area_write_bytes(boot->flash, boot_area(boot, BOOT_PRIMARY));
    if (boot->config->mode == RIG_SWAP_SCRATCH) {
        uint32_t n_scratch = area_write_bytes(boot->flash, &boot->config->scratch);
        n_bytes = n_scratch > n_bytes ? n_scratch : n_bytes;
    }
    return n_bytes;
}

static uint32_t bytes_of_trailer(struct boot *boot, const struct sim_area *area, uint32_t unit)
{
    struct rig_trailer_geometry geometry;
    struct rig_trailer_layout layout;
    sim_boot_geometry(boot->config, boot->flash, area, &geometry);
    geometry.write_bytes = unit > geometry.write_bytes ? unit : geometry.write_bytes;
    if (!rig_trailer_layout(&geometry, &layout)) {
        boot_flash_status(boot, SIM_OUT_OF_RANGE);
        return 0;
    }
    return layout.n_bytes;
}

uint32_t trailer_bytes(struct boot *boot)
{
    return bytes_of_trailer(boot, boot_area(boot, BOOT_PRIMARY), record_bytes(boot));
}

uint32_t scratch_trailer_bytes(struct boot *boot)
{
    return bytes_of_trailer(boot, &boot->config->scratch, record_bytes(boot));
}

void trailer_erase(struct boot *boot, const struct sim_area *area)
{
    uint32_t n_bytes = bytes_of_trailer(boot, area, record_bytes(boot));
    uint32_t start, sector_bytes;
    if (boot->stopped || !area_sector(boot->flash, area, area->n_bytes - n_bytes, &start, &sector_bytes)) {
        boot_flash_status(boot, SIM_OUT_OF_RANGE);
        return;
    }
    area_erase_backwards(boot, area, start, area->n_bytes - start);
}

/* The magic comes last: a trailer that has it is whole. */
void trailer_start_swap(struct boot *boot, const struct sim_area *area)
{
    struct rig_trailer secondary;
    if (!trailer_read(boot, boot_area(boot, BOOT_SECONDARY), &secondary)) {
        return;
    }
    if (boot->progress.swap_type != RIG_SWAP_TYPE_NONE) {
        trailer_write_swap_info(boot, area, boot->progress.swap_type, boot->current);
    }
    if (secondary.image_ok == RIG_FLAG_SET) {
        trailer_write_image_ok(boot, area);
    }
    trailer_write_swap_size(boot, area, boot->progress.swap_size);
    if (boot->config->mode == RIG_SWAP_OFFSET) {
        const uint16_t *tlv_bytes = boot_image(boot)->tlv_bytes;
        trailer_write_tlv_sizes(boot, area, tlv_bytes[BOOT_PRIMARY], tlv_bytes[BOOT_SECONDARY]);
    }
    trailer_write_magic(boot, area);
}

static uint32_t record_position(const struct boot *boot)
{
    const struct boot_progress *progress = &boot->progress;
    switch (boot->config->mode) {
    case RIG_SWAP_MOVE:
        return progress->phase == PHASE_MOVE
                   ? progress->step
                   : boot->config->max_sectors + 2 * progress->step + progress->state;
    case RIG_SWAP_OFFSET:
        return 2 * progress->step + progress->state;
    case RIG_SWAP_SCRATCH:
    case RIG_SWAP_OVERWRITE:
        break;
    }
    return 3 * progress->step + progress->state;
}

void trailer_write_record(struct boot *boot)
{
    const struct sim_area *area =
        boot->progress.use_scratch ? &boot->config->scratch : boot_area(boot, BOOT_PRIMARY);
    struct rig_trailer_layout layout;
    if (boot_has_defect(boot, SIM_BOOT_DEFECT_FORGETS_PROGRESS) || !trailer_layout(boot, area, &layout)) {
        return;
    }
    uint8_t value = (uint8_t)(boot->progress.state + 1);
    write_field(boot, area, layout.status + record_position(boot) * record_bytes(boot), &value, 1);
}

void trailer_set_image_ok(struct boot *boot)
{
    const struct sim_area *primary = boot_area(boot, BOOT_PRIMARY);
    struct rig_trailer trailer;
    if (trailer_read(boot, primary, &trailer) && trailer.image_ok == RIG_FLAG_UNSET) {
        trailer_write_image_ok(boot, primary);
    }
}

void trailer_set_copy_done(struct boot *boot)
{
    if (!boot_has_defect(boot, SIM_BOOT_DEFECT_NO_COPY_DONE)) {
        trailer_write_copy_done(boot, boot_area(boot, BOOT_PRIMARY));
    }
}
