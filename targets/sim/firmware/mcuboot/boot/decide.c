/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Trailers, read and written, and what follows from them: the swap type, a swap in progress. Sections 2, 3
 * and 5 of the sheet. */
#include "sim/firmware/mcuboot/boot/loader.h"
#include "base/bytes.h"

#include <string.h>

#define MAX_ALIGN_BYTES 32u

static bool is_scratch(const struct sim_boot_config *config, const struct sim_area *area)
{
    return config->scratch.n_bytes != 0 && area->device == config->scratch.device &&
           area->offset == config->scratch.offset;
}

static uint32_t area_write_bytes(const struct sim_flash *flash, const struct sim_area *area)
{
    const struct sim_flash_device_config *device = sim_flash_device(flash, area->device);
    return device != NULL ? device->write_bytes : 1;
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
    enum sim_status failure = SIM_OUT_OF_RANGE;
    struct sim_area_reader reader = {
        .flash = boot->flash, .area = *area, .powered_only = true, .failure = &failure};
    struct rig_image_source source = sim_area_source(&reader);
    if (!boot->stopped && !rig_trailer_decode_state(&geometry, &source, trailer)) {
        boot_flash_status(boot, failure);
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

static void trailer_write_tlv_sizes(struct boot *boot, const struct sim_area *area, uint16_t primary,
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

uint32_t trailer_scramble_start(struct boot *boot, const struct sim_area *area, uint32_t record)
{
    uint32_t n_bytes = bytes_of_trailer(boot, area, record);
    const struct sim_flash_device_config *device = sim_flash_device(boot->flash, area->device);
    uint32_t start, sector_bytes;
    if (boot->stopped || device == NULL) {
        return area->n_bytes;
    }
    if (device->no_erase) {
        uint32_t unit = record > device->write_bytes ? record : device->write_bytes;
        return area->n_bytes - rig_round_down(n_bytes, unit);
    }
    if (!area_sector(boot, area, area->n_bytes - n_bytes, &start, &sector_bytes)) {
        boot_flash_status(boot, SIM_OUT_OF_RANGE);
        return area->n_bytes;
    }
    return start;
}

void trailer_erase(struct boot *boot, const struct sim_area *area)
{
    uint32_t start = trailer_scramble_start(boot, area, record_bytes(boot));
    area_scramble_backwards(boot, area, start, area->n_bytes - start);
}

static uint32_t key_field_bytes(const struct boot *boot)
{
    return rig_round_up(boot->config->key_bytes, boot->config->max_align);
}

static uint8_t *key_field(struct boot *boot, enum boot_slot slot)
{
    return boot->config->save_enctlv ? boot->crypt.tlv[slot] : boot->crypt.key[slot];
}

/* The one of primary's image lies above the other's. */
static uint32_t key_offset(const struct boot *boot, const struct rig_trailer_layout *layout, int slot)
{
    return layout->swap_size - (uint32_t)(slot + 1) * key_field_bytes(boot);
}

void trailer_write_keys(struct boot *boot, const struct sim_area *area)
{
    struct rig_trailer_layout layout;
    if (boot->config->encryption == RIG_ENCRYPT_NONE || boot_has_defect(boot, SIM_BOOT_DEFECT_FORGETS_KEYS) ||
        !trailer_layout(boot, area, &layout)) {
        return;
    }
    for (int slot = BOOT_PRIMARY; slot <= BOOT_SECONDARY; slot++) {
        area_write(boot, area, key_offset(boot, &layout, slot), key_field(boot, (enum boot_slot)slot),
                   key_field_bytes(boot));
    }
}

bool trailer_read_key(struct boot *boot, const struct sim_area *area, enum boot_slot slot)
{
    struct rig_trailer_layout layout;
    uint8_t *field = key_field(boot, slot);
    uint32_t n_bytes = key_field_bytes(boot);
    if (!trailer_layout(boot, area, &layout) ||
        !area_read(boot, area, key_offset(boot, &layout, (int)slot), field, n_bytes)) {
        return false;
    }
    for (uint32_t i = 0; i < n_bytes; i++) {
        if (field[i] != 0xff) {
            return true;
        }
    }
    return false;
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
    trailer_write_keys(boot, area);
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
    case RIG_SWAP_DIRECT_XIP:
    case RIG_SWAP_DIRECT_XIP_REVERT:
    case RIG_SWAP_RAM_LOAD:
    case RIG_SWAP_RAM_LOAD_REVERT:
    case RIG_SWAP_SINGLE:
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

const struct sim_area *progress_area(struct boot *boot)
{
    struct rig_trailer trailer;
    if (boot->config->mode == RIG_SWAP_SCRATCH) {
        if (!trailer_read(boot, &boot->config->scratch, &trailer)) {
            return NULL;
        }
        if (trailer.magic == RIG_MAGIC_GOOD) {
            return &boot->config->scratch;
        }
    }
    return boot_area(boot, BOOT_PRIMARY);
}

bool progress_swap_size(struct boot *boot, uint32_t *swap_size)
{
    const struct sim_area *area = progress_area(boot);
    struct rig_trailer_layout layout;
    uint8_t bytes[4];
    if (area == NULL || !trailer_layout(boot, area, &layout) ||
        !area_read(boot, area, layout.swap_size, bytes, sizeof bytes)) {
        return false;
    }
    *swap_size = rig_get_le32(bytes);
    return true;
}
