/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a running application writes into the trailers, in the order of bootutil_public.c. */
#include "sim/firmware/mcuboot/boot/loader.h"

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

enum rig_swap_type sim_boot_swap_type(const struct sim_boot_config *config, const struct sim_flash *flash,
                                      unsigned image)
{
    /* Only reads happen through this copy. */
    struct boot boot = {.config = config, .flash = (struct sim_flash *)flash, .current = image};
    return image_is_known(config, image) ? decide_swap_type(&boot, false) : RIG_SWAP_TYPE_NONE;
}
