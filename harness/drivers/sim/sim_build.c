/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a foreign bootloader was compiled with, against target and scenario: what it says counts before the
 * target's options, and neither can be changed by a scenario. */
#include "drivers/sim/sim_driver.h"

#include "base/error.h"

static const struct {
    guint32 bit;
    enum rig_key_kind kind;
} signatures[] = {
    {BOOTLOADER_SIGNATURE_ECDSA_P256, RIG_KEY_ECDSA_P256},
    {BOOTLOADER_SIGNATURE_RSA2048, RIG_KEY_RSA2048},
    {BOOTLOADER_SIGNATURE_RSA3072, RIG_KEY_RSA3072},
    {BOOTLOADER_SIGNATURE_ED25519, RIG_KEY_ED25519},
};

static bool takes(guint32 mask, enum rig_key_kind kind)
{
    for (guint i = 0; i < G_N_ELEMENTS(signatures); i++)
        if (signatures[i].kind == kind)
            return mask & signatures[i].bit;
    return false;
}

/* Of several kinds the target's, where it is among them. */
static void adopt_signatures(struct rig_sim *sim, guint32 mask)
{
    if (mask == 0)
        return;
    sim->board.layout.signing_needed = !(mask & BOOTLOADER_SIGNATURE_NONE);
    for (guint i = 0; i < G_N_ELEMENTS(signatures); i++)
        if (!takes(mask, sim->board.layout.signing) && mask & signatures[i].bit)
            sim->board.layout.signing = signatures[i].kind;
}

static void adopt_answer(guint32 answer, bool *flag)
{
    if (answer)
        *flag = answer == BOOTLOADER_YES;
}

void rig_sim_adopt_build(struct rig_sim *sim)
{
    static const enum rig_swap_mode modes[] = {[BOOTLOADER_SWAP_MOVE] = RIG_SWAP_MOVE,
                                               [BOOTLOADER_SWAP_SCRATCH] = RIG_SWAP_SCRATCH,
                                               [BOOTLOADER_SWAP_OFFSET] = RIG_SWAP_OFFSET,
                                               [BOOTLOADER_SWAP_OVERWRITE] = RIG_SWAP_OVERWRITE};
    const struct bootloader_build *build = sim_guest_build(sim->guest);
    struct sim_boot_config *boot = &sim->mcuboot.boot;
    struct rig_layout *layout = &sim->board.layout;

    if (build->swap && build->swap < G_N_ELEMENTS(modes))
        layout->mode = modes[build->swap];
    adopt_signatures(sim, build->signatures);
    layout->max_align = build->max_align ? build->max_align : layout->max_align;
    layout->max_sectors = build->max_sectors ? build->max_sectors : layout->max_sectors;
    if (build->downgrade)
        boot->downgrade = (enum sim_downgrade)(build->downgrade - BOOTLOADER_DOWNGRADE_ALLOWED);
    adopt_answer(build->security_counter, &layout->has_security_counter);
    adopt_answer(build->validate_primary, &boot->validate_primary);
    adopt_answer(build->overwrite_fast, &boot->overwrite_fast);
    rig_layout_settle(layout);
}

bool rig_sim_build_fits(const struct rig_sim *sim, GError **error)
{
    guint n_images = sim_guest_build(sim->guest)->n_images;

    if (!n_images || 2 * n_images == sim->board.layout.n_slots)
        return true;
    g_set_error(error, RIG_ERROR, RIG_ERROR_UNSUPPORTED,
                "bootloader '%s' was compiled for %u image(s), and target '%s' has %u",
                sim_guest_name(sim->guest), n_images, sim->target->name, sim->board.layout.n_slots / 2);
    return false;
}

static char *signature_text(bool needed, enum rig_key_kind kind)
{
    return g_strdup(needed ? rig_key_kind_name(kind) : "none");
}

static char *number_text(guint32 number)
{
    return g_strdup_printf("%u", number);
}

static char *flag_text(bool flag)
{
    return g_strdup(flag ? "true" : "false");
}

struct difference {
    const char *option;
    char *has;   /* owned */
    char *wants; /* owned */
};

static bool differ(struct difference *difference, const char *option, char *has, char *wants)
{
    *difference = (struct difference){option, has, wants};
    return true;
}

static const char *downgrade_text(enum sim_downgrade rule)
{
    static const char *const texts[] = {"allowed", "by-version", "by-counter"};

    return texts[rule];
}

static bool find_difference(const struct rig_sim *sim, const struct rig_layout *had,
                            const struct sim_boot_config *was, struct difference *found)
{
    const struct rig_layout *has = &sim->board.layout;
    const struct sim_boot_config *is = &sim->mcuboot.boot;
    guint32 mask = sim_guest_build(sim->guest)->signatures;
    bool other_kind = has->signing_needed && has->signing_needed == had->signing_needed &&
                      has->signing != had->signing && !takes(mask, has->signing);

    if (had->mode != has->mode)
        return differ(found, "swap", g_strdup(rig_swap_mode_name(had->mode)),
                      g_strdup(rig_swap_mode_name(has->mode)));
    if (had->signing_needed != has->signing_needed || other_kind)
        return differ(found, "sign", signature_text(had->signing_needed, had->signing),
                      signature_text(has->signing_needed, has->signing));
    if (was->downgrade != is->downgrade)
        return differ(found, "downgrade", g_strdup(downgrade_text(was->downgrade)),
                      g_strdup(downgrade_text(is->downgrade)));
    if (had->max_align != has->max_align)
        return differ(found, "max-align", number_text(had->max_align), number_text(has->max_align));
    if (had->max_sectors != has->max_sectors)
        return differ(found, "max-sectors", number_text(had->max_sectors), number_text(has->max_sectors));
    if (was->validate_primary != is->validate_primary)
        return differ(found, "validate-primary", flag_text(was->validate_primary),
                      flag_text(is->validate_primary));
    if (was->overwrite_fast != is->overwrite_fast)
        return differ(found, "overwrite-fast", flag_text(was->overwrite_fast), flag_text(is->overwrite_fast));
    if (had->has_security_counter != has->has_security_counter)
        return differ(found, "security-counter", flag_text(had->has_security_counter),
                      flag_text(has->has_security_counter));
    return was->swap_fixes != is->swap_fixes &&
           differ(found, "swap-fixes", flag_text(was->swap_fixes), flag_text(is->swap_fixes));
}

bool rig_sim_keeps_build(const struct rig_sim *sim, const struct rig_layout *had,
                         const struct sim_boot_config *was, GError **error)
{
    struct difference found;

    if (!find_difference(sim, had, was, &found))
        return true;
    g_set_error(
        error, RIG_ERROR, RIG_ERROR_UNSUPPORTED,
        "the case wants '%s: %s', and bootloader '%s' has '%s: %s' (as it was compiled, or as target '%s' "
        "says)",
        found.option, found.wants, sim_guest_name(sim->guest), found.option, found.has, sim->target->name);
    g_free(found.has);
    g_free(found.wants);
    return false;
}
