/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One run of the bootloader model, and what an application asks of it. */
#include "sim/firmware/mcuboot/boot/loader.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Erases the sectors of the image; the number of bytes to copy, which bootutil rounds up past a whole write
 * unit as well. */
static uint32_t erase_for_image(struct boot *boot, uint32_t n_image)
{
    const struct sim_area *primary = boot_area(boot, BOOT_PRIMARY);
    uint32_t unit = record_bytes(boot);
    uint32_t start, sector_bytes;
    uint32_t offset = 0;
    while (area_sector(boot, primary, offset, &start, &sector_bytes) && !boot->stopped) {
        area_erase(boot, primary, offset, sector_bytes);
        if (offset + sector_bytes >= n_image) {
            return n_image + unit - n_image % unit;
        }
        offset += sector_bytes;
    }
    return offset;
}

/* A bootstrap by these copies as overwrite-fast does. */
static bool spares_a_sector(const struct boot *boot)
{
    return boot->config->mode == RIG_SWAP_MOVE || boot->config->mode == RIG_SWAP_OFFSET;
}

static uint32_t prepare_primary(struct boot *boot)
{
    const struct sim_area *primary = boot_area(boot, BOOT_PRIMARY);
    uint32_t n_image, trailer_sector, end;
    boot_say(boot, 'I', "Erasing the primary slot");
    if (!boot->config->overwrite_fast && !spares_a_sector(boot)) {
        area_erase(boot, primary, 0, primary->n_bytes);
        return primary->n_bytes;
    }
    if (!image_size(boot, BOOT_SECONDARY, &n_image)) {
        boot_assert_failed(boot, "the size of the secondary image cannot be read");
        return 0;
    }
    uint32_t n_bytes = erase_for_image(boot, n_image);
    slots_first_trailer_sector(boot, primary, trailer_bytes(boot), &trailer_sector, &end);
    area_erase(boot, primary, trailer_sector, primary->n_bytes - trailer_sector);
    return n_bytes;
}

static void retire_secondary(struct boot *boot)
{
    const struct sim_area *secondary = boot_area(boot, BOOT_SECONDARY);
    uint32_t start, sector_bytes;
    if (!spares_a_sector(boot)) {
        area_scramble(boot, secondary, 0, area_first_sector_bytes(boot, secondary));
    }
    if (!boot->stopped && area_sector(boot, secondary, secondary->n_bytes - 1, &start, &sector_bytes)) {
        area_scramble(boot, secondary, start, sector_bytes);
    }
}

static void overwrite_run(struct boot *boot)
{
    const struct sim_area *primary = boot_area(boot, BOOT_PRIMARY);
    boot_say(boot, 'I', "Image %u upgrade secondary slot -> primary slot", boot->current);
    uint32_t n_bytes = prepare_primary(boot);
    if (!crypt_start_swap(boot, BOOT_SECONDARY)) {
        return;
    }
    boot_say(boot, 'I', "Image %u copying the secondary slot to the primary slot: 0x%x bytes", boot->current,
             (unsigned)n_bytes);
    uint32_t skipped = boot->config->mode == RIG_SWAP_OFFSET
                           ? area_first_sector_bytes(boot, boot_area(boot, BOOT_SECONDARY))
                           : 0;
    area_copy(boot, boot_area(boot, BOOT_SECONDARY), skipped, primary, 0, n_bytes, 0);
    if (boot->config->overwrite_fast || spares_a_sector(boot)) {
        trailer_write_magic(boot, primary);
    }
    if (!boot->stopped && boot->config->hw_rollback && !counter_update(boot, BOOT_PRIMARY)) {
        boot_assert_failed(boot, "security counter update failed");
    }
    retire_secondary(boot);
}

static void say_headers_failed(struct boot *boot)
{
    boot_say(boot, 'W', "Failed reading image headers; Image=%u", boot->current);
}

/* Largest of the two images: how much has to change places. */
static bool measure_swap(struct boot *boot)
{
    uint32_t largest = 0;
    for (int slot = BOOT_PRIMARY; slot <= BOOT_SECONDARY; slot++) {
        uint32_t n_bytes;
        if (boot_image(boot)->header[slot].magic != RIG_IMAGE_MAGIC) {
            continue;
        }
        if (!image_size(boot, (enum boot_slot)slot, &n_bytes)) {
            boot_assert_failed(boot, "the size of the %s image cannot be read",
                               slot == BOOT_PRIMARY ? "primary" : "secondary");
            return false;
        }
        largest = n_bytes > largest ? n_bytes : largest;
    }
    boot->progress.swap_size = largest;
    return true;
}

static void swap_image(struct boot *boot)
{
    if (progress_is_reset(boot)) {
        if (!measure_swap(boot) || !crypt_start_swap(boot, BOOT_PRIMARY)) {
            return;
        }
    } else {
        if (!progress_swap_size(boot, &boot->progress.swap_size)) {
            return;
        }
        crypt_resume_swap(boot);
    }
    switch (boot->config->mode) {
    case RIG_SWAP_MOVE:
        swap_move_run(boot);
        return;
    case RIG_SWAP_SCRATCH:
        swap_scratch_run(boot);
        return;
    case RIG_SWAP_OFFSET:
        swap_offset_run(boot);
        return;
    case RIG_SWAP_OVERWRITE:
    case RIG_SWAP_DIRECT_XIP:
    case RIG_SWAP_DIRECT_XIP_REVERT:
    case RIG_SWAP_RAM_LOAD:
    case RIG_SWAP_RAM_LOAD_REVERT:
    case RIG_SWAP_SINGLE:
        return;
    }
}

/* of primary, when unset */
static void trailer_set_image_ok(struct boot *boot)
{
    const struct sim_area *primary = boot_area(boot, BOOT_PRIMARY);
    struct rig_trailer trailer;
    if (trailer_read(boot, primary, &trailer) && trailer.image_ok == RIG_FLAG_UNSET) {
        trailer_write_image_ok(boot, primary);
    }
}

static void confirm_swap(struct boot *boot, enum rig_swap_type type)
{
    if (type == RIG_SWAP_TYPE_REVERT || type == RIG_SWAP_TYPE_PERM ||
        boot_has_defect(boot, SIM_BOOT_DEFECT_CONFIRMS_ITSELF)) {
        trailer_set_image_ok(boot);
    }
}

static void trailer_set_copy_done(struct boot *boot)
{
    if (!boot_has_defect(boot, SIM_BOOT_DEFECT_NO_COPY_DONE)) {
        trailer_write_copy_done(boot, boot_area(boot, BOOT_PRIMARY));
    }
}

static void resume(struct boot *boot)
{
    boot->result->resumed[boot->current] = true;
    /* Told also when power is lost in the middle of it. */
    boot->result->swap_type[boot->current] = (enum rig_swap_type)boot->progress.swap_type;
    swap_image(boot);
    enum rig_swap_type type = (enum rig_swap_type)boot->progress.swap_type;
    boot->result->swap_type[boot->current] = type;
    confirm_swap(boot, type);
    if (boot_is_upgrade(type)) {
        trailer_set_copy_done(boot);
    }
    headers_read(boot, false, false);
}

static void erase_primary_first(struct boot *boot)
{
    const struct sim_area *primary = boot_area(boot, BOOT_PRIMARY);
    area_erase(boot, primary, 0, primary->n_bytes);
    memset(&boot_image(boot)->header[BOOT_PRIMARY], 0, sizeof(struct rig_image_header));
}

static enum rig_swap_type validated_type(struct boot *boot)
{
    enum rig_swap_type type = decide_swap_type(boot, true);
    if (!boot_is_upgrade(type) || boot->stopped) {
        return RIG_SWAP_TYPE_NONE;
    }
    if (type != RIG_SWAP_TYPE_REVERT && boot_has_defect(boot, SIM_BOOT_DEFECT_ERASES_PRIMARY_FIRST)) {
        erase_primary_first(boot);
    }
    return validate_slot(boot, BOOT_SECONDARY, type) ? type : RIG_SWAP_TYPE_NONE;
}

/* Trailers without records: a swap that was announced in full but not begun has its type in swap_info
 * already. */
static enum rig_swap_type fresh_type(struct boot *boot)
{
    if (boot->progress.swap_type == RIG_SWAP_TYPE_NONE) {
        return validated_type(boot);
    }
    bool valid = validate_slot(boot, BOOT_SECONDARY, RIG_SWAP_TYPE_NONE);
    return valid ? (enum rig_swap_type)boot->progress.swap_type : RIG_SWAP_TYPE_FAIL;
}

/* After a cut between two swaps the images that were done look like reverts; one that is still to be swapped
 * tells otherwise. */
static void review_types(struct boot *boot, bool resumed)
{
    enum rig_swap_type type = boot_image(boot)->type;
    if (!resumed && (type == RIG_SWAP_TYPE_NONE || type == RIG_SWAP_TYPE_REVERT)) {
        return;
    }
    for (unsigned i = 0; i < boot->current; i++) {
        if (boot->images[i].type == RIG_SWAP_TYPE_REVERT) {
            boot->images[i].type = RIG_SWAP_TYPE_NONE;
        }
    }
}

static void progress_reset(struct boot *boot)
{
    boot->progress =
        (struct boot_progress){.source = SOURCE_NONE,
                               .phase = boot->config->mode == RIG_SWAP_MOVE ? PHASE_MOVE : PHASE_SWAP,
                               .swap_type = RIG_SWAP_TYPE_NONE};
    boot_crypt_reset(&boot->crypt);
}

/* The keys of one image are not those of another. */
static void begin_image(struct boot *boot)
{
    if (boot->config->n_images > 1) {
        crypt_forget(boot);
    }
}

/* No image in primary that is worth a swap. */
static bool nothing_to_keep(struct boot *boot)
{
    return !validate_slot(boot, BOOT_PRIMARY, RIG_SWAP_TYPE_NONE) && !boot->stopped;
}

/* MCUBOOT_BOOTSTRAP: what lies in secondary is brought to an empty or invalid primary without being asked
 * for; as a revert, so that image_ok is written. */
static void bootstrap(struct boot *boot)
{
    bool header = boot_image(boot)->header[BOOT_SECONDARY].magic == RIG_IMAGE_MAGIC;
    if (!boot->config->bootstrap || boot->stopped || boot_image(boot)->type != RIG_SWAP_TYPE_NONE ||
        !nothing_to_keep(boot)) {
        return;
    }
    if (validate_slot(boot, BOOT_SECONDARY, RIG_SWAP_TYPE_NONE) && header) {
        boot_image(boot)->type = RIG_SWAP_TYPE_REVERT;
    }
}

static void prepare_image(struct boot *boot)
{
    boot_image(boot)->type = RIG_SWAP_TYPE_NONE;
    begin_image(boot);
    if (!slots_read_sectors(boot)) {
        return;
    }
    if (!headers_read(boot, false, false)) {
        say_headers_failed(boot);
        return;
    }
    progress_reset(boot);
    if (!slots_are_compatible(boot)) {
        return;
    }
    if (boot->config->mode != RIG_SWAP_OVERWRITE) {
        progress_read(boot);
        if (!headers_read(boot, !progress_is_reset(boot), true) &&
            !(boot->config->bootstrap && header_is_erased(boot, BOOT_PRIMARY))) {
            say_headers_failed(boot);
            return;
        }
    }
    if (!progress_is_reset(boot)) {
        review_types(boot, true);
        resume(boot);
        return;
    }
    boot_image(boot)->type = fresh_type(boot);
    review_types(boot, false);
    bootstrap(boot);
}

static void update_by_swap(struct boot *boot)
{
    enum rig_swap_type type = boot_image(boot)->type;
    boot->config->bootstrap &&nothing_to_keep(boot) ? overwrite_run(boot) : swap_image(boot);
    confirm_swap(boot, type);
    if (!boot->stopped && type == RIG_SWAP_TYPE_PERM && boot->config->hw_rollback &&
        !counter_update(boot, BOOT_PRIMARY)) {
        boot_assert_failed(boot, "security counter update failed");
    }
    trailer_set_copy_done(boot);
}

static void update_image(struct boot *boot)
{
    begin_image(boot);
    if (boot->config->n_images > 1) {
        progress_reset(boot);
    }
    struct boot_image *image = boot_image(boot);
    if ((image->type == RIG_SWAP_TYPE_TEST || image->type == RIG_SWAP_TYPE_PERM) &&
        !downgrade_allowed(boot)) {
        image->type = RIG_SWAP_TYPE_NONE;
    }
    boot->progress.swap_type = image->type;
    if (!boot->result->resumed[boot->current]) {
        boot->result->swap_type[boot->current] = image->type;
    }
    if (image->type == RIG_SWAP_TYPE_NONE) {
        return;
    }
    if (boot_is_upgrade(image->type)) {
        boot->config->mode == RIG_SWAP_OVERWRITE ? overwrite_run(boot) : update_by_swap(boot);
    } else if (image->type == RIG_SWAP_TYPE_FAIL) {
        /* As after a revert, so that the running image is not swapped out again. */
        trailer_set_image_ok(boot);
    } else {
        boot_assert_failed(boot, "panic! swap type 0x%x", (unsigned)image->type);
    }
}

static bool check_primary_magic(struct boot *boot)
{
    uint32_t magic = boot_image(boot)->header[BOOT_PRIMARY].magic;
    if (magic == RIG_IMAGE_MAGIC) {
        return true;
    }
    boot->result->primary[boot->current] =
        header_is_erased(boot, BOOT_PRIMARY) ? RIG_IMAGE_NO_IMAGE : RIG_IMAGE_BAD_MAGIC;
    boot_say(boot, 'E', "Bad image magic 0x%x; Image=%u", (unsigned)magic, boot->current);
    return false;
}

/* A test image raises the stored counter only once it was confirmed. */
static bool raise_counter(struct boot *boot)
{
    struct rig_trailer trailer;
    if (!boot->config->hw_rollback) {
        return true;
    }
    if (!trailer_read(boot, boot_area(boot, BOOT_PRIMARY), &trailer)) {
        return false;
    }
    bool confirmed = trailer.magic != RIG_MAGIC_GOOD || trailer.image_ok == RIG_FLAG_SET;
    return !confirmed || counter_update(boot, BOOT_PRIMARY);
}

static bool image_may_run(struct boot *boot)
{
    if (boot_image(boot)->type != RIG_SWAP_TYPE_NONE && !headers_read(boot, false, false)) {
        return false;
    }
    bool valid = boot->config->validate_primary ? validate_slot(boot, BOOT_PRIMARY, RIG_SWAP_TYPE_NONE)
                                                : check_primary_magic(boot);
    return valid && !boot->stopped && raise_counter(boot);
}

static void cancel_all(struct boot *boot)
{
    for (unsigned i = 0; i < boot->config->n_images; i++) {
        if (boot_is_upgrade(boot->images[i].type)) {
            boot->result->refusal[i] = SIM_BOOT_REFUSED_DEPENDENCY;
        }
        boot->images[i].type = RIG_SWAP_TYPE_NONE;
    }
    boot_say(boot, 'W', "sim: Dependencies are not met: no image is upgraded");
}

static void check_dependencies(struct boot *boot)
{
    if (boot_has_defect(boot, SIM_BOOT_DEFECT_IGNORES_DEPENDENCY)) {
        return;
    }
    for (boot->current = 0; boot->current < boot->config->n_images; boot->current++) {
        enum rig_swap_type type = boot_image(boot)->type;
        bool moves = type != RIG_SWAP_TYPE_NONE && type != RIG_SWAP_TYPE_FAIL;
        if (!slot_dependencies_met(boot, moves ? BOOT_SECONDARY : BOOT_PRIMARY)) {
            cancel_all(boot);
            return;
        }
    }
}

static void decide_images(struct boot *boot)
{
    bool upgrades = false;
    for (boot->current = 0; boot->current < boot->config->n_images && !boot->stopped; boot->current++) {
        prepare_image(boot);
        upgrades = upgrades || boot_is_upgrade(boot_image(boot)->type);
    }
    if (boot->config->n_images > 1 && upgrades && !boot->stopped) {
        check_dependencies(boot);
    }
}

static void go(struct boot *boot)
{
    decide_images(boot);
    for (boot->current = 0; boot->current < boot->config->n_images && !boot->stopped; boot->current++) {
        update_image(boot);
    }
    for (boot->current = 0; boot->current < boot->config->n_images && !boot->stopped; boot->current++) {
        if (!image_may_run(boot)) {
            boot_say(boot, 'E', "Unable to find bootable image");
            return;
        }
    }
    boot_chainload(boot, BOOT_PRIMARY);
}

void sim_boot_run(const struct sim_boot_config *config, struct sim_flash *flash, uint32_t *security_counter,
                  void (*log)(void *user, char level, const char *line), void *user,
                  struct sim_boot_result *result)
{
    struct boot boot = {.config = config,
                        .flash = flash,
                        .counter = security_counter,
                        .log = log,
                        .user = user,
                        .result = result};
    memset(result, 0, sizeof *result);
    result->outcome = SIM_BOOT_NO_IMAGE;
    for (unsigned i = 0; i < SIM_BOOT_MAX_IMAGES; i++) {
        result->swap_type[i] = boot.images[i].type = RIG_SWAP_TYPE_NONE;
    }
    if (config->n_images == 0 || config->n_images > SIM_BOOT_MAX_IMAGES) {
        boot_flash_status(&boot, SIM_OUT_OF_RANGE);
        return;
    }
    if (!sim_flash_powered(flash)) {
        boot_flash_status(&boot, SIM_POWER_LOST);
        return;
    }
    bool direct_xip = rig_swap_mode_chooses_slot(config->mode) && !rig_swap_mode_loads_ram(config->mode);
    if (direct_xip) {
        boot_say(&boot, 'I', "Starting Direct-XIP bootloader");
    } else {
        boot_say(&boot, 'I', "Starting bootloader");
    }
    rig_swap_mode_moves_images(config->mode) ? go(&boot) : xip_run(&boot);
    crypt_forget(&boot);
}

static bool image_is_known(const struct sim_boot_config *config, unsigned image)
{
    return image < config->n_images && image < SIM_BOOT_MAX_IMAGES;
}

enum sim_status sim_boot_set_pending(const struct sim_boot_config *config, struct sim_flash *flash,
                                     unsigned image, bool permanent)
{
    struct boot boot = {.config = config, .flash = flash, .current = image};
    struct rig_trailer trailer;
    if (!image_is_known(config, image)) {
        return SIM_OUT_OF_RANGE;
    }
    const struct sim_area *secondary = &config->secondary[image];
    if (!trailer_read(&boot, secondary, &trailer)) {
        return boot.flash_status;
    }
    if (trailer.magic == RIG_MAGIC_BAD) {
        return SIM_NOT_ERASED;
    }
    if (trailer.magic == RIG_MAGIC_GOOD) {
        return SIM_OK;
    }
    trailer_write_magic(&boot, secondary);
    if (permanent) {
        trailer_write_image_ok(&boot, secondary);
    }
    trailer_write_swap_info(&boot, secondary, permanent ? RIG_SWAP_TYPE_PERM : RIG_SWAP_TYPE_TEST, image);
    return boot.flash_status;
}

enum sim_status sim_boot_set_confirmed(const struct sim_boot_config *config, struct sim_flash *flash,
                                       unsigned image)
{
    struct boot boot = {.config = config, .flash = flash, .current = image};
    struct rig_trailer trailer;
    if (!image_is_known(config, image)) {
        return SIM_OUT_OF_RANGE;
    }
    if (!trailer_read(&boot, &config->primary[image], &trailer)) {
        return boot.flash_status;
    }
    if (trailer.magic == RIG_MAGIC_BAD) {
        return SIM_NOT_ERASED;
    }
    if (trailer.magic == RIG_MAGIC_GOOD && trailer.image_ok == RIG_FLAG_UNSET) {
        trailer_write_image_ok(&boot, &config->primary[image]);
    }
    return boot.flash_status;
}

enum sim_status sim_boot_set_next(const struct sim_boot_config *config, struct sim_flash *flash,
                                  unsigned image, unsigned slot, bool confirm)
{
    struct boot boot = {.config = config, .flash = flash, .current = image};
    struct rig_trailer trailer;
    if (!image_is_known(config, image) || slot > BOOT_SECONDARY) {
        return SIM_OUT_OF_RANGE;
    }
    const struct sim_area *area = boot_area(&boot, (enum boot_slot)slot);
    if (!trailer_read(&boot, area, &trailer)) {
        return boot.flash_status;
    }
    if (trailer.magic == RIG_MAGIC_BAD) {
        return SIM_NOT_ERASED;
    }
    if (trailer.magic == RIG_MAGIC_UNSET) {
        trailer_write_magic(&boot, area);
    }
    if (confirm && trailer.copy_done == RIG_FLAG_UNSET) {
        trailer_write_copy_done(&boot, area);
    }
    if (confirm && trailer.image_ok == RIG_FLAG_UNSET) {
        trailer_write_image_ok(&boot, area);
    }
    return boot.flash_status;
}

enum rig_swap_type sim_boot_swap_type(const struct sim_boot_config *config, const struct sim_flash *flash,
                                      unsigned image)
{
    /* Only reads happen through this copy. */
    struct boot boot = {.config = config, .flash = (struct sim_flash *)flash, .current = image};
    return image_is_known(config, image) ? decide_swap_type(&boot, false) : RIG_SWAP_TYPE_NONE;
}
