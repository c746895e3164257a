/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From a target's record and a scenario's options to the configuration of the simulated board. */
#include "drivers/sim/sim_driver.h"

#include "base/error.h"
#include "bench/option_fields.h"

#include <string.h>

bool rig_sim_defect_from_name(const char *name, struct rig_sim_defects *defects)
{
    for (guint bit = 0; bit < SIM_BOOT_N_DEFECTS; bit++)
        if (g_str_equal(sim_boot_defect_name(bit), name))
            return defects->boot |= 1u << bit, true;
    for (guint bit = 0; bit < SIM_APP_N_DEFECTS; bit++)
        if (g_str_equal(sim_app_defect_name(bit), name))
            return defects->app |= 1u << bit, true;
    for (guint bit = 0; bit < SIM_BLE_N_DEFECTS; bit++)
        if (g_str_equal(sim_ble_defect_name(bit), name))
            return defects->ble |= 1u << bit, true;
    return false;
}

static struct sim_area area_of(const struct rig_slot *slot)
{
    return (struct sim_area){
        .device = slot->device_index, .offset = slot->device_offset, .n_bytes = slot->n_bytes};
}

static void configure_device(struct sim_flash_device_config *device, const struct rig_flash_device *from)
{
    G_STATIC_ASSERT(SIM_FLASH_MAX_REGIONS == RIG_LAYOUT_MAX_RUNS);
    *device = (struct sim_flash_device_config){
        .n_regions = from->n_runs,
        .write_bytes = from->write_bytes,
        .erased = from->erased,
        .rewrite_forbidden = from->rewrite_refused,
        .write_us = from->write_us,
        .erase_us = from->erase_us,
    };
    g_strlcpy(device->name, from->name, sizeof device->name);
    for (guint i = 0; i < from->n_runs; i++)
        device->regions[i] = (struct sim_flash_region){.sector_bytes = from->runs[i].sector_bytes,
                                                       .n_sectors = from->runs[i].n_sectors};
}

/* Flash, slots, and what of the bootloader is part of the layout. */
static void configure_layout(struct sim_board_config *config, struct sim_boot_config *boot,
                             const struct rig_layout *layout)
{
    config->n_devices = layout->n_devices;
    for (guint i = 0; i < layout->n_devices; i++)
        configure_device(&config->devices[i], &layout->devices[i]);
    boot->n_images = layout->n_slots / 2;
    for (guint i = 0; i < layout->n_slots; i++)
        (i % 2 ? boot->secondary : boot->primary)[i / 2] = area_of(&layout->slots[i]);
    boot->scratch = area_of(&layout->scratch);
    boot->mode = layout->mode;
    boot->need_signature = layout->signing_needed;
    boot->max_align = layout->max_align;
    boot->max_sectors = layout->max_sectors;
    boot->hw_rollback = layout->has_security_counter;
    config->ble.mtu = layout->mtu;
    memcpy(config->ble.address, layout->address, SIM_BLE_ADDRESS_BYTES);
}

static void take_flag(const bool *option, bool *into)
{
    if (option)
        *into = *option;
}

static void apply_boot_options(struct sim_boot_config *boot, const struct rig_options_spec *options)
{
    if (options->downgrade)
        boot->downgrade = g_str_equal(options->downgrade, "by-version")   ? SIM_DOWNGRADE_BY_VERSION
                          : g_str_equal(options->downgrade, "by-counter") ? SIM_DOWNGRADE_BY_COUNTER
                                                                          : SIM_DOWNGRADE_ALLOWED;
    take_flag(options->validate_primary, &boot->validate_primary);
    take_flag(options->swap_fixes, &boot->swap_fixes);
    take_flag(options->overwrite_fast, &boot->overwrite_fast);
}

/* The place of the option's choice among all of them, which is the enumeration's order. */
static guint32 chosen(const char *option, const char *const *choices, guint32 otherwise)
{
    for (guint32 i = 0; option && choices[i]; i++)
        if (g_str_equal(option, choices[i]))
            return i;
    return otherwise;
}

static void apply_link_options(struct sim_ble_config *ble, const struct rig_options_spec *options)
{
    struct sim_ble_pairing *pairing = &ble->pairing;
    bool just_works = !pairing->refuses_just_works;

    take_flag(options->bonding, &ble->bonding);
    take_flag(options->just_works, &just_works);
    ble->security = (enum sim_ble_security)chosen(options->update_needs, rig_choices_security, ble->security);
    ble->repairing =
        (enum sim_ble_repairing)chosen(options->repairing, rig_choices_repairing, ble->repairing);
    pairing->kind = (enum sim_ble_pairing_kind)chosen(options->pairing, rig_choices_pairing, pairing->kind);
    pairing->io = (enum sim_ble_io)chosen(options->pairing_io, rig_choices_pairing_io, pairing->io);
    pairing->user = (enum sim_ble_user)chosen(options->pairing_user, rig_choices_pairing_user, pairing->user);
    pairing->refuses_just_works = !just_works;
    if (options->passkey) {
        pairing->fixed_passkey = true;
        pairing->passkey = *options->passkey;
    }
}

static guint32 misbehaviour_named(const char *name)
{
    for (guint bit = 0; bit < SIM_BLE_N_MISBEHAVIOURS; bit++)
        if (g_str_equal(sim_ble_misbehaviour_name(bit), name))
            return 1u << bit;
    return 0;
}

static void apply_app_options(struct sim_app_config *app, const struct rig_options_spec *options)
{
    if (options->boot_time_us)
        app->boot_us = *options->boot_time_us;
    if (options->buffer_size)
        app->smp_buf_size = *options->buffer_size;
    if (options->buffers)
        app->smp_buf_count = *options->buffers;
    take_flag(options->reassembly, &app->reassembly);
    take_flag(options->parameters, &app->parameters_command);
    take_flag(options->original_protocol, &app->original_protocol);
    take_flag(options->erase_pending, &app->erase_pending_allowed);
    take_flag(options->progressive_erase, &app->progressive_erase);
    app->updater = (enum sim_app_updater)chosen(options->updater, rig_choices_updater, app->updater);
    take_flag(options->refuses_reset, &app->refuses_reset);
}

static void apply_options(struct rig_sim *sim, const struct rig_options_spec *options,
                          struct rig_sim_defects *defects)
{
    apply_boot_options(&sim->mcuboot.boot, options);
    apply_app_options(&sim->mcuboot.app, options);
    apply_link_options(&sim->config.ble, options);
    for (guint i = 0; options->misbehaves && options->misbehaves[i]; i++)
        sim->config.ble.misbehaves |= misbehaviour_named(options->misbehaves[i]);
    for (guint i = 0; options->defects && options->defects[i]; i++)
        rig_sim_defect_from_name(options->defects[i], defects);
}

/* --- what a foreign bootloader was compiled with: it counts before the target's options, and a scenario
 * changes none of it --- */

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

static void adopt_build(struct rig_sim *sim)
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

static bool build_fits(const struct rig_sim *sim, GError **error)
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

static bool keeps_build(const struct rig_sim *sim, const struct rig_layout *had,
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

/* --- all together --- */

static bool load_key(struct rig_sim *sim, GError **error)
{
    bool fits = sim->key && rig_key_kind(sim->key) == sim->board.layout.signing;
    const char *why = NULL;
    struct rig_key *key = fits ? sim->key : rig_key_test(sim->board.layout.signing, 0, &why);

    if (!key) {
        g_set_error(error, RIG_ERROR, RIG_ERROR_IO, "cannot make the board's %s key: %s",
                    rig_key_kind_name(sim->board.layout.signing), why);
        return false;
    }
    if (!fits)
        rig_key_free(sim->key);
    sim->key = key;
    sim->keys[0] = sim->key;
    sim->mcuboot.boot.keys = sim->keys;
    sim->mcuboot.boot.n_keys = sim->mcuboot.boot.need_signature ? 1 : 0;
    return true;
}

static bool apply_case(struct rig_sim *sim, const struct rig_options_spec *options,
                       struct rig_sim_defects *defects, GError **error)
{
    const struct rig_layout was_layout = sim->board.layout;
    const struct sim_boot_config was = sim->mcuboot.boot;

    rig_layout_apply(&sim->board.layout, options);
    apply_options(sim, options, defects);
    return !sim->guest || keeps_build(sim, &was_layout, &was, error);
}

/* All of it but the key. */
static bool fill_config(struct rig_sim *sim, const struct rig_options_spec *options, GError **error)
{
    const struct rig_target_spec *target = sim->target->spec;
    struct rig_sim_defects defects = sim->extra_defects;

    memset(&sim->config, 0, sizeof sim->config);
    memset(&sim->mcuboot, 0, sizeof sim->mcuboot);
    rig_layout_read(target, &sim->board.layout);
    sim->config.ble.bonding = rig_board_option_is_on_by_default("bonding");
    sim->mcuboot.app.reassembly = rig_board_option_is_on_by_default("reassembly");
    sim->mcuboot.app.parameters_command = rig_board_option_is_on_by_default("parameters");
    sim->mcuboot.app.original_protocol = rig_board_option_is_on_by_default("original-protocol");
    sim->config.ble.pairing.user = SIM_BLE_USER_AGREES;
    g_strlcpy(sim->config.ble.name, target->advertised_name, sizeof sim->config.ble.name);
    if (target->options)
        apply_options(sim, target->options, &defects);
    if (sim->guest)
        adopt_build(sim);
    /* A case that chooses them is about them, and says itself what its images and links are like. */
    rig_board_demand(&sim->board, &sim->board.layout, options);
    if (options && !apply_case(sim, options, &defects, error))
        return false;
    if (sim->guest && defects.boot) {
        /* Of a case it is a reason to skip it, of the command line a mistake. */
        g_set_error(error, RIG_ERROR, sim->extra_defects.boot ? RIG_ERROR_INPUT : RIG_ERROR_UNSUPPORTED,
                    "a defect of the built-in bootloader cannot be seeded into the foreign one, '%s'",
                    sim_guest_name(sim->guest));
        return false;
    }
    sim->board.foreign_bootloader = sim->guest ? sim_guest_name(sim->guest) : NULL;
    sim->board.own_trailers = sim->guest && sim_guest_build(sim->guest)->swap == BOOTLOADER_SWAP_OTHER;
    sim->mcuboot.boot_guest = sim->guest;
    sim->mcuboot.boot.defects = defects.boot;
    sim->mcuboot.app.defects = defects.app;
    sim->config.ble.defects = defects.ble;
    configure_layout(&sim->config, &sim->mcuboot.boot, &sim->board.layout);
    return true;
}

bool rig_sim_configure(struct rig_sim *sim, const struct rig_record *options, GError **error)
{
    return fill_config(sim, RIG_OPTIONS(options), error) && load_key(sim, error);
}

/* The sizes of the largest images, or why there can be none; chosen: the swap mode is not the target's own,
 * whose faults are for a case to show. */
static bool find_room(struct rig_layout *layout, const char *target, bool chosen, GError **error)
{
    struct sim_board_config config = {0};
    struct sim_boot_config boot = {0};
    struct sim_flash *flash;
    char fault[160];
    bool fits;

    if (layout->mode == RIG_SWAP_SCRATCH && layout->scratch.n_bytes == 0) {
        g_set_error(error, RIG_ERROR, RIG_ERROR_UNSUPPORTED,
                    "'swap: scratch' takes a scratch area, and target '%s' has none ('scratch:')", target);
        return false;
    }
    for (guint i = 0; i < layout->n_devices; i++) {
        if (layout->devices[i].write_bytes <= layout->max_align)
            continue;
        g_set_error(error, RIG_ERROR, RIG_ERROR_UNSUPPORTED,
                    "'max-align: %u' is less than the write size of target '%s', %u", layout->max_align,
                    target, layout->devices[i].write_bytes);
        return false;
    }
    configure_layout(&config, &boot, layout);
    flash = sim_flash_new(config.devices, config.n_devices);
    if (!flash) {
        g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT,
                    "target '%s' has flash devices that cannot be, or there is no memory", target);
        return false;
    }
    fits = !chosen || !sim_boot_layout_fault(&boot, flash, fault, sizeof fault);
    for (guint i = 0; i < layout->n_slots; i++)
        layout->slots[i].room_bytes = sim_boot_max_image_bytes(&boot, flash, i / 2);
    sim_flash_free(flash);
    if (!fits)
        g_set_error(error, RIG_ERROR, RIG_ERROR_UNSUPPORTED,
                    "'swap: %s' does not fit the slots of target '%s': %s", rig_swap_mode_name(layout->mode),
                    target, fault);
    return fits;
}

bool rig_mcuboot_describe(const struct rig_target *target, const struct rig_record *options,
                          struct rig_layout *layout, GError **error)
{
    rig_layout_read(target->spec, layout);
    if (options)
        rig_layout_apply(layout, RIG_OPTIONS(options));
    return find_room(layout, target->name, options && RIG_OPTIONS(options)->swap, error);
}

bool rig_sim_describe(const struct rig_board *board, const struct rig_record *options,
                      struct rig_layout *layout, GError **error)
{
    const struct rig_sim *sim = (const struct rig_sim *)board;
    struct rig_sim made = {.target = sim->target, .guest = sim->guest, .extra_defects = sim->extra_defects};

    if (!fill_config(&made, RIG_OPTIONS(options), error) || (made.guest && !build_fits(&made, error)))
        return false;
    *layout = made.board.layout;
    return find_room(layout, sim->target->name, !sim->guest && options && RIG_OPTIONS(options)->swap, error);
}
