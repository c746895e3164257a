/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Several images: what a cut between two swaps leaves behind, and dependencies between the images. */
#include "sim/firmware/mcuboot/boot/loader.h"

#define MAX_DEPENDENCIES 64u

/* After a cut between two swaps the images that were done look like reverts; one that is still to be swapped
 * tells otherwise. */
void review_types(struct boot *boot, bool resumed)
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

static bool is_met(struct boot *boot, const struct rig_image_dependency *dependency)
{
    if (dependency->image >= boot->config->n_images) {
        return false;
    }
    const struct boot_image *image = &boot->images[dependency->image];
    enum boot_slot slot = boot_is_upgrade(image->type) ? BOOT_SECONDARY : BOOT_PRIMARY;
    return rig_image_version_compare(&image->header[slot].version, &dependency->minimum, false) >= 0;
}

static bool slot_dependencies_met(struct boot *boot, enum boot_slot slot)
{
    bool shifted = boot->config->mode == RIG_SWAP_OFFSET && slot == BOOT_SECONDARY;
    struct sim_area_reader reader = {
        .flash = boot->flash,
        .area = area_from(boot_area(boot, slot), shifted ? boot_image(boot)->secondary_offset : 0),
        .powered_only = true};
    struct rig_image_source source = sim_area_source(&reader);
    struct rig_image_layout layout;
    struct rig_image_dependency dependencies[MAX_DEPENDENCIES];
    uint32_t n_bytes;
    /* By the header in RAM, as bootutil walks: it is not what stands in the slot when a swap could not be
     * resumed. */
    if (!image_size(boot, slot, &n_bytes)) {
        return false;
    }
    if (boot_image(boot)->header[slot].protected_tlv_bytes == 0) {
        return true;
    }
    if (rig_image_read_layout(&source, UINT32_MAX, &layout) != RIG_IMAGE_OK) {
        return false;
    }
    size_t n = rig_image_dependencies(&source, &layout, dependencies, MAX_DEPENDENCIES);
    for (size_t i = 0; i < n && i < MAX_DEPENDENCIES; i++) {
        if (!is_met(boot, &dependencies[i])) {
            return false;
        }
    }
    return n <= MAX_DEPENDENCIES;
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

void check_dependencies(struct boot *boot)
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
