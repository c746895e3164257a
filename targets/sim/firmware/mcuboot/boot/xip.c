/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Modes that move nothing: two equal slots, of which the newer image runs where it is (direct-XIP) or from
 * RAM (RAM load), and a single slot. [SRC bootutil loader.c: boot_get_slot_usage(),
 * boot_load_and_validate_images(), boot_select_or_erase(), boot_verify_dependencies(); ram_load.c;
 * boot/zephyr/single_loader.c] */
#include "sim/firmware/mcuboot/boot/loader.h"

#include <string.h>

static const char *slot_word(enum boot_slot slot)
{
    return slot == BOOT_PRIMARY ? "primary" : "secondary";
}

/* bootutil's boot_check_header_valid(). A size that wraps, or fills the slot, is none. */
static bool header_is_valid(struct boot *boot, enum boot_slot slot)
{
    const struct rig_image_header *header = &boot_image(boot)->header[slot];
    uint64_t n_bytes = (uint64_t)header->payload_bytes + header->header_bytes + header->protected_tlv_bytes;
    return header->magic == RIG_IMAGE_MAGIC && n_bytes < boot_area(boot, slot)->n_bytes &&
           !(header->flags & (RIG_IMAGE_FLAG_ENCRYPTED_AES128 | RIG_IMAGE_FLAG_ENCRYPTED_AES256)) &&
           !(header->flags & (RIG_IMAGE_FLAG_COMPRESSED_LZMA1 | RIG_IMAGE_FLAG_COMPRESSED_LZMA2));
}

static void find_images(struct boot *boot)
{
    struct boot_image *image = boot_image(boot);
    image->active = BOOT_NO_SLOT;
    if (!headers_read(boot, false, false)) {
        boot_say(boot, 'W', "Failed reading image headers.");
        return;
    }
    for (int slot = BOOT_PRIMARY; slot <= BOOT_SECONDARY; slot++) {
        const struct rig_image_version *version = &image->header[slot].version;
        image->available[slot] = header_is_valid(boot, (enum boot_slot)slot);
        if (image->available[slot]) {
            boot_say(boot, 'I', "%-9s slot: version=%u.%u.%u+%u",
                     slot == BOOT_PRIMARY ? "Primary" : "Secondary", version->major, version->minor,
                     version->revision, (unsigned)version->build);
        } else {
            boot_say(boot, 'I', "Image %u %s slot: image not found", boot->current,
                     slot_word((enum boot_slot)slot));
        }
    }
}

/* Slot 0 wins ties: the build number does not count. */
static enum boot_slot newest(struct boot *boot)
{
    const struct boot_image *image = boot_image(boot);
    if (!image->available[BOOT_PRIMARY] || !image->available[BOOT_SECONDARY]) {
        return image->available[BOOT_PRIMARY]     ? BOOT_PRIMARY
               : image->available[BOOT_SECONDARY] ? BOOT_SECONDARY
                                                  : BOOT_NO_SLOT;
    }
    bool second = rig_image_version_compare(&image->header[BOOT_SECONDARY].version,
                                            &image->header[BOOT_PRIMARY].version, false) > 0;
    return second ? BOOT_SECONDARY : BOOT_PRIMARY;
}

static bool is_built_for(struct boot *boot, enum boot_slot slot)
{
    const struct rig_image_header *header = &boot_image(boot)->header[slot];
    uint32_t offset = boot_area(boot, slot)->offset;
    if (rig_swap_mode_loads_ram(boot->config->mode) || !(header->flags & RIG_IMAGE_FLAG_ROM_FIXED) ||
        header->load_address == offset) {
        return true;
    }
    boot_say(boot, 'W', "Image in %s slot at 0x%x has been built for offset 0x%x, skipping", slot_word(slot),
             (unsigned)offset, (unsigned)header->load_address);
    return false;
}

/* false: the flash refused it, since the flag is neither set nor erased; the run goes on. */
static bool try_copy_done(struct boot *boot, const struct sim_area *area)
{
    trailer_write_copy_done(boot, area);
    if (!boot->stopped || boot->flash_status != SIM_NOT_ERASED) {
        return true;
    }
    boot->stopped = false;
    boot->flash_status = SIM_OK;
    boot->result->outcome = SIM_BOOT_NO_IMAGE;
    boot->result->assertion[0] = '\0';
    return false;
}

/* An image gets one start; whoever was not confirmed in it, or has no magic, is erased. */
static bool select_or_erase(struct boot *boot, enum boot_slot slot)
{
    const struct sim_area *area = boot_area(boot, slot);
    struct rig_trailer trailer;
    if (!rig_swap_mode_starts_by_trailer(boot->config->mode)) {
        return true;
    }
    if (!trailer_read(boot, area, &trailer)) {
        return false;
    }
    boot_image(boot)->confirmed = trailer.image_ok == RIG_FLAG_SET;
    bool failed = trailer.copy_done == RIG_FLAG_SET && trailer.image_ok != RIG_FLAG_SET &&
                  !boot_has_defect(boot, SIM_BOOT_DEFECT_NEVER_REVERTS);
    if (trailer.magic != RIG_MAGIC_GOOD || failed) {
        if (failed) {
            boot->result->swap_type[boot->current] = RIG_SWAP_TYPE_REVERT;
        }
        area_scramble(boot, area, 0, area->n_bytes);
        return false;
    }
    if (trailer.copy_done != RIG_FLAG_SET && !boot_has_defect(boot, SIM_BOOT_DEFECT_NO_COPY_DONE) &&
        !try_copy_done(boot, area)) {
        boot_say(boot, 'W', "Failed to set copy_done flag of the image in the %s slot.", slot_word(slot));
    }
    return !boot->stopped;
}

static bool overlap(const struct boot_image *a, const struct boot_image *b)
{
    uint32_t end_a = a->ram_at + a->ram_bytes;
    uint32_t end_b = b->ram_at + b->ram_bytes;
    /* One byte too much, as bootutil's: an image that begins where the other ends overlaps it. */
    return b->ram_at <= end_a && (b->ram_at >= a->ram_at || end_b > a->ram_at);
}

static bool overlaps_another(struct boot *boot)
{
    for (unsigned i = 0; i < boot->config->n_images; i++) {
        if (i != boot->current && boot->images[i].active != BOOT_NO_SLOT &&
            overlap(boot_image(boot), &boot->images[i])) {
            return true;
        }
    }
    return false;
}

static bool fits_ram(const struct boot *boot, uint32_t at, uint32_t n_bytes)
{
    uint64_t end = (uint64_t)at + n_bytes;
    return at >= boot->config->ram_start && end <= UINT32_MAX &&
           end <= (uint64_t)boot->config->ram_start + boot->config->ram_bytes;
}

/* What is copied is what the flash holds; nothing writes to it before it is validated. */
static bool copy_to_ram(struct boot *boot, enum boot_slot slot)
{
    struct boot_image *image = boot_image(boot);
    uint32_t n_bytes;
    if (!(image->header[slot].flags & RIG_IMAGE_FLAG_RAM_LOAD) || !image_size(boot, slot, &n_bytes)) {
        return false;
    }
    image->ram_at = image->header[slot].load_address;
    image->ram_bytes = n_bytes;
    if (!fits_ram(boot, image->ram_at, n_bytes)) {
        boot_say(boot, 'I', "Image %u RAM load address 0x%x is invalid.", boot->current,
                 (unsigned)image->ram_at);
        return false;
    }
    if (boot->config->n_images > 1 && overlaps_another(boot)) {
        boot_say(boot, 'I', "Image %u RAM loading to address 0x%x would overlap with another image.",
                 boot->current, (unsigned)image->ram_at);
        return false;
    }
    boot_say(boot, 'I', "Image %u RAM loading to 0x%x is succeeded.", boot->current, (unsigned)image->ram_at);
    return !boot->stopped;
}

static void remove_from_ram(struct boot *boot)
{
    struct boot_image *image = boot_image(boot);
    boot_say(boot, 'I', "Removing image %u from SRAM at address 0x%x", boot->current,
             (unsigned)image->ram_at);
    image->ram_at = image->ram_bytes = 0;
}

static bool load(struct boot *boot, enum boot_slot slot)
{
    if (!rig_swap_mode_loads_ram(boot->config->mode) || copy_to_ram(boot, slot)) {
        return !boot->stopped;
    }
    boot_image(boot)->ram_at = boot_image(boot)->ram_bytes = 0;
    boot_say(boot, 'I', "Removing image %u slot %u from flash", boot->current, (unsigned)slot);
    slot_reject(boot, slot);
    return false;
}

static bool may_run(struct boot *boot, enum boot_slot slot)
{
    if (!is_built_for(boot, slot) || !select_or_erase(boot, slot) || !load(boot, slot)) {
        return false;
    }
    if (validate_equal_slot(boot, slot)) {
        return true;
    }
    if (rig_swap_mode_loads_ram(boot->config->mode)) {
        remove_from_ram(boot);
    }
    return false;
}

static bool choose(struct boot *boot)
{
    struct boot_image *image = boot_image(boot);
    while (image->active == BOOT_NO_SLOT && !boot->stopped) {
        enum boot_slot slot = newest(boot);
        if (slot == BOOT_NO_SLOT) {
            boot_say(boot, 'I', "No slot to load for image %u", boot->current);
            return false;
        }
        /* Known to the check of overlaps while it is tried, as bootutil has it. */
        image->active = slot;
        if (!may_run(boot, slot)) {
            image->available[slot] = false;
            image->active = BOOT_NO_SLOT;
        }
    }
    return !boot->stopped;
}

/* The first image whose dependencies are not met loses its slot. */
static bool dependencies_hold(struct boot *boot)
{
    if (boot->config->n_images < 2 || boot_has_defect(boot, SIM_BOOT_DEFECT_IGNORES_DEPENDENCY)) {
        return true;
    }
    for (boot->current = 0; boot->current < boot->config->n_images; boot->current++) {
        struct boot_image *image = boot_image(boot);
        if (slot_dependencies_met(boot, image->active)) {
            continue;
        }
        boot->result->refusal[boot->current] = SIM_BOOT_REFUSED_DEPENDENCY;
        if (rig_swap_mode_loads_ram(boot->config->mode)) {
            remove_from_ram(boot);
        }
        image->available[image->active] = false;
        image->active = BOOT_NO_SLOT;
        return false;
    }
    return true;
}

static bool choose_all(struct boot *boot)
{
    do {
        for (boot->current = 0; boot->current < boot->config->n_images; boot->current++) {
            if (!choose(boot)) {
                return false;
            }
        }
    } while (!dependencies_hold(boot) && !boot->stopped);
    return !boot->stopped;
}

/* With revert an image raises the counter once it is confirmed; loaded to RAM it does so at once. */
static bool raise_counter(struct boot *boot)
{
    const struct boot_image *image = boot_image(boot);
    bool waits = boot->config->mode == RIG_SWAP_DIRECT_XIP_REVERT && !image->confirmed;
    if (!boot->config->hw_rollback || waits || counter_update(boot, image->active)) {
        return !boot->stopped;
    }
    boot_say(boot, 'E', "Security counter update failed after image %u validation", boot->current);
    return false;
}

static void choose_and_run(struct boot *boot)
{
    for (boot->current = 0; boot->current < boot->config->n_images && !boot->stopped; boot->current++) {
        find_images(boot);
    }
    bool found = choose_all(boot);
    for (boot->current = 0; found && boot->current < boot->config->n_images; boot->current++) {
        found = raise_counter(boot);
    }
    if (!found) {
        boot_say(boot, 'E', "Unable to find bootable image");
        return;
    }
    for (boot->current = 0; boot->current < boot->config->n_images; boot->current++) {
        boot->result->slot[boot->current] = (unsigned)boot_image(boot)->active;
        boot->result->ram_at[boot->current] = boot_image(boot)->ram_at;
        boot_say(boot, 'I', "Image %u loaded from the %s slot", boot->current,
                 slot_word(boot_image(boot)->active));
    }
    boot_chainload(boot, boot->images[0].active);
}

/* boot_image_load_header() */
static bool header_is_bootable(struct boot *boot)
{
    const struct rig_image_header *header = &boot_image(boot)->header[BOOT_PRIMARY];
    uint64_t n_bytes = (uint64_t)header->payload_bytes + header->header_bytes;
    bool wraps = n_bytes > UINT32_MAX; /* upstream tells the sum so far, then */
    n_bytes = wraps ? 0 : n_bytes;
    if (!wraps && n_bytes + header->protected_tlv_bytes <= UINT32_MAX) {
        n_bytes += header->protected_tlv_bytes;
    } else {
        wraps = true;
    }
    if (header->magic != RIG_IMAGE_MAGIC) {
        boot_say(boot, 'E', "Bad image magic 0x%x", (unsigned)header->magic);
        boot->result->primary[0] =
            header_is_erased(boot, BOOT_PRIMARY) ? RIG_IMAGE_NO_IMAGE : RIG_IMAGE_BAD_MAGIC;
        return false;
    }
    if (header->flags & RIG_IMAGE_FLAG_NON_BOOTABLE) {
        boot_say(boot, 'E', "Image not bootable");
        boot->result->primary[0] = RIG_IMAGE_NO_IMAGE;
        return false;
    }
    if (wraps || n_bytes >= boot_area(boot, BOOT_PRIMARY)->n_bytes) {
        boot_say(boot, 'E', "Image size bigger than designated area: %u > %u", (unsigned)n_bytes,
                 (unsigned)boot_area(boot, BOOT_PRIMARY)->n_bytes);
        boot->result->primary[0] = RIG_IMAGE_TOO_LARGE;
        return false;
    }
    return true;
}

static void run_single(struct boot *boot)
{
    bool found = headers_read(boot, false, false) && header_is_bootable(boot) &&
                 (!boot->config->validate_primary || validate_equal_slot(boot, BOOT_PRIMARY));
    if (!found) {
        boot_say(boot, 'E', "Unable to find bootable image");
        return;
    }
    boot_chainload(boot, BOOT_PRIMARY);
}

void xip_run(struct boot *boot)
{
    boot->config->mode == RIG_SWAP_SINGLE ? run_single(boot) : choose_and_run(boot);
}
