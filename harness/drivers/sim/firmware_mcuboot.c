/* SPDX-License-Identifier: GPL-3.0-or-later */
/* MCUboot and the Zephyr application, from target and options to the model; a foreign bootloader in its
 * place.
 */
#include "drivers/sim/firmware.h"

#include "base/error.h"
#include "bench/option_fields.h"
#include "drivers/board/program.h"
#include "image/build.h"
#include "sim/firmware/mcuboot/guest/guest.h"

#include <string.h>

static struct rig_sim *self(struct rig_board *board)
{
    return (struct rig_sim *)board;
}

static bool defect_from_name(const char *name, struct rig_sim_defects *defects)
{
    for (guint bit = 0; bit < SIM_BOOT_N_DEFECTS; bit++)
        if (g_str_equal(sim_boot_defect_name(bit), name))
            return defects->boot |= 1u << bit, true;
    for (guint bit = 0; bit < SIM_APP_N_DEFECTS; bit++)
        if (g_str_equal(sim_app_defect_name(bit), name))
            return defects->app |= 1u << bit, true;
    return false;
}

static struct sim_area area_of(const struct rig_slot *slot)
{
    return (struct sim_area){
        .device = slot->device_index, .offset = slot->device_offset, .n_bytes = slot->n_bytes};
}

/* Slots, and what of the bootloader is part of the layout. */
static void configure_slots(struct sim_boot_config *boot, const struct rig_layout *layout)
{
    boot->n_images = rig_layout_n_images(layout);
    boot->ram_start = layout->ram_start;
    boot->ram_bytes = layout->ram_bytes;
    for (guint i = 0; i < layout->n_slots; i++)
        (i % 2 ? boot->secondary : boot->primary)[i / 2] = area_of(&layout->slots[i]);
    boot->scratch = area_of(&layout->scratch);
    boot->n_others = layout->n_others;
    for (guint i = 0; i < layout->n_others; i++)
        boot->others[i] = area_of(&layout->others[i]);
    boot->mode = layout->mode;
    boot->need_signature = layout->signing_needed;
    boot->encryption = layout->encryption;
    boot->aes_bits = layout->aes_bits;
    boot->save_enctlv = layout->save_enctlv;
    boot->key_bytes = layout->slots[0].geometry.key_bytes;
    boot->how = layout->signed_how;
    boot->max_align = layout->max_align;
    boot->max_sectors = layout->max_sectors;
    boot->logical_sector = layout->logical_sector;
    boot->hw_rollback = layout->has_security_counter;
}

static void begin(struct rig_sim *sim)
{
    memset(&sim->mcuboot, 0, sizeof sim->mcuboot);
    sim->mcuboot.recovery.commands = SIM_RECOVERY_HASH;
    sim->mcuboot.app.reassembly = rig_board_option_is_on_by_default("reassembly");
    sim->mcuboot.app.parameters_command = rig_board_option_is_on_by_default("parameters");
    sim->mcuboot.app.original_protocol = rig_board_option_is_on_by_default("original-protocol");
    sim->mcuboot.app.erase_pending_allowed = rig_board_option_is_on_by_default("erase-pending");
}

static void apply_boot_options(struct sim_boot_config *boot, const struct rig_options_spec *options)
{
    if (options->downgrade)
        boot->downgrade = g_str_equal(options->downgrade, "by-version")   ? SIM_DOWNGRADE_BY_VERSION
                          : g_str_equal(options->downgrade, "by-counter") ? SIM_DOWNGRADE_BY_COUNTER
                                                                          : SIM_DOWNGRADE_ALLOWED;
    rig_sim_take_flag(options->validate_primary, &boot->validate_primary);
    rig_sim_take_flag(options->minimal_scramble, &boot->minimal_scramble);
    rig_sim_take_flag(options->verify_logical_sectors, &boot->verify_logical_sectors);
    rig_sim_take_flag(options->swap_fixes, &boot->swap_fixes);
    rig_sim_take_flag(options->overwrite_fast, &boot->overwrite_fast);
    rig_sim_take_flag(options->bootstrap, &boot->bootstrap);
}

static void apply_maintenance(struct sim_app_config *app, const struct rig_options_spec *options)
{
    const char *const *entry = options->maintenance_entry;

    app->maintenance = (enum sim_maintenance_kind)rig_sim_chosen(
        options->maintenance, rig_choices_maintenance, (guint32)app->maintenance);
    if (entry)
        app->maintenance_entry = 0;
    for (; entry && *entry; entry++)
        app->maintenance_entry |= 1u << rig_sim_chosen(*entry, rig_choices_maintenance_entry, 0);
    if (options->maintenance_us)
        app->maintenance_us = *options->maintenance_us;
    rig_sim_take_flag(options->maintenance_single, &app->maintenance_single);
    if (!options->gatt_table)
        return;
    app->table_moves = !g_str_equal(options->gatt_table, "fixed");
    app->no_service_changed = g_str_equal(options->gatt_table, "moves-silently");
}

static void apply_app_options(struct sim_app_config *app, const struct rig_options_spec *options)
{
    if (options->boot_time_us)
        app->boot_us = *options->boot_time_us;
    if (options->buffer_size)
        app->smp_buf_size = *options->buffer_size;
    if (options->buffers)
        app->smp_buf_count = *options->buffers;
    rig_sim_take_flag(options->reassembly, &app->reassembly);
    rig_sim_take_flag(options->parameters, &app->parameters_command);
    rig_sim_take_flag(options->original_protocol, &app->original_protocol);
    rig_sim_take_flag(options->erase_pending, &app->erase_pending_allowed);
    rig_sim_take_flag(options->progressive_erase, &app->progressive_erase);
    app->updater = (enum sim_app_updater)rig_sim_chosen(options->updater, rig_choices_updater, app->updater);
    rig_sim_take_flag(options->refuses_reset, &app->refuses_reset);
    apply_maintenance(app, options);
}

/* Bits in the order of the choices. */
static guint32 bits_of(const char *const *names, const char *const *choices)
{
    guint32 bits = 0;

    for (; *names; names++)
        for (guint i = 0; choices[i]; i++)
            if (g_str_equal(*names, choices[i]))
                bits |= 1u << i;
    return bits;
}

static void apply_recovery_options(struct sim_recovery_config *recovery,
                                   const struct rig_options_spec *options)
{
    if (options->serial_recovery)
        recovery->entrances = bits_of(options->serial_recovery, rig_choices_recovery);
    if (options->recovery_commands)
        recovery->commands = bits_of(options->recovery_commands, rig_choices_recovery_commands);
    if (options->recovery_buffer)
        recovery->buffer_bytes = *options->recovery_buffer;
    rig_sim_take_flag(options->button_held, &recovery->button_held);
    rig_sim_take_flag(options->progressive_erase, &recovery->progressive_erase);
}

static void apply(struct rig_sim *sim, const struct rig_options_spec *options)
{
    apply_boot_options(&sim->mcuboot.boot, options);
    apply_recovery_options(&sim->mcuboot.recovery, options);
    apply_app_options(&sim->mcuboot.app, options);
}

/* --- what a foreign bootloader was compiled with: it counts before the target's options, and a scenario
 * changes none of it --- */

static const struct {
    guint32 bit;
    enum rig_key_kind kind;
} signatures[] = {
    {BOOTLOADER_SIGNATURE_ECDSA_P256, RIG_KEY_ECDSA_P256}, {BOOTLOADER_SIGNATURE_RSA2048, RIG_KEY_RSA2048},
    {BOOTLOADER_SIGNATURE_RSA3072, RIG_KEY_RSA3072},       {BOOTLOADER_SIGNATURE_ED25519, RIG_KEY_ED25519},
    {BOOTLOADER_SIGNATURE_ECDSA_P384, RIG_KEY_ECDSA_P384},
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
                                               [BOOTLOADER_SWAP_OVERWRITE] = RIG_SWAP_OVERWRITE,
                                               [BOOTLOADER_SWAP_DIRECT_XIP] = RIG_SWAP_DIRECT_XIP,
                                               [BOOTLOADER_SWAP_DIRECT_XIP_REVERT] =
                                                   RIG_SWAP_DIRECT_XIP_REVERT,
                                               [BOOTLOADER_SWAP_RAM_LOAD] = RIG_SWAP_RAM_LOAD,
                                               [BOOTLOADER_SWAP_RAM_LOAD_REVERT] = RIG_SWAP_RAM_LOAD_REVERT,
                                               [BOOTLOADER_SWAP_SINGLE] = RIG_SWAP_SINGLE};
    const struct bootloader_build *build = sim->guest ? sim_guest_build(sim->guest) : NULL;
    struct sim_boot_config *boot = &sim->mcuboot.boot;
    struct rig_layout *layout = &sim->board.layout;

    if (!build)
        return;
    if (build->swap && build->swap != BOOTLOADER_SWAP_OTHER && build->swap < G_N_ELEMENTS(modes))
        layout->mode = modes[build->swap];
    adopt_signatures(sim, build->signatures);
    layout->max_align = build->max_align ? build->max_align : layout->max_align;
    layout->max_sectors = build->max_sectors ? build->max_sectors : layout->max_sectors;
    if (build->downgrade)
        boot->downgrade = (enum sim_downgrade)(build->downgrade - BOOTLOADER_DOWNGRADE_ALLOWED);
    adopt_answer(build->security_counter, &layout->has_security_counter);
    if (build->encryption == BOOTLOADER_NO)
        layout->encryption = RIG_ENCRYPT_NONE;
    adopt_answer(build->validate_primary, &boot->validate_primary);
    adopt_answer(build->overwrite_fast, &boot->overwrite_fast);
    rig_layout_settle(layout);
}

static bool build_fits(const struct rig_sim *sim, GError **error)
{
    guint n_images = sim_guest_build(sim->guest)->n_images;

    if (!n_images || n_images == rig_layout_n_images(&sim->board.layout))
        return true;
    g_set_error(error, RIG_ERROR, RIG_ERROR_UNSUPPORTED,
                "bootloader '%s' was compiled for %u image(s), and target '%s' has %u",
                sim_guest_name(sim->guest), n_images, sim->target->name,
                rig_layout_n_images(&sim->board.layout));
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

static bool find_other_encryption(const struct rig_layout *had, const struct rig_layout *has,
                                  struct difference *found)
{
    if (had->encryption != has->encryption)
        return differ(found, "encrypt", g_strdup(rig_encrypt_kind_name(had->encryption)),
                      g_strdup(rig_encrypt_kind_name(has->encryption)));
    if (had->aes_bits != has->aes_bits)
        return differ(found, "aes", number_text(had->aes_bits), number_text(has->aes_bits));
    return had->save_enctlv != has->save_enctlv &&
           differ(found, "save-enctlv", flag_text(had->save_enctlv), flag_text(has->save_enctlv));
}

/* Options that a build does not tell of: the target's count. */
static bool find_untold_difference(const struct rig_sim *sim, const struct rig_layout *had,
                                   const struct sim_boot_config *was, struct difference *found)
{
    const struct rig_layout *has = &sim->board.layout;
    const struct sim_boot_config *is = &sim->mcuboot.boot;

    if (find_other_encryption(had, has, found))
        return true;
    if (had->signed_how.hash_type != has->signed_how.hash_type ||
        had->signed_how.pure != has->signed_how.pure)
        return differ(found, "sign", g_strdup(rig_signing_name(had->signing, &had->signed_how)),
                      g_strdup(rig_signing_name(has->signing, &has->signed_how)));
    if (had->signed_how.key_in_image != has->signed_how.key_in_image)
        return differ(found, "key-in-image", flag_text(had->signed_how.key_in_image),
                      flag_text(has->signed_how.key_in_image));
    if (had->logical_sector != has->logical_sector)
        return differ(found, "logical-sector", number_text(had->logical_sector),
                      number_text(has->logical_sector));
    return was->minimal_scramble != is->minimal_scramble &&
           differ(found, "minimal-scramble", flag_text(was->minimal_scramble),
                  flag_text(is->minimal_scramble));
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
    if (has->signing_needed && (had->signed_how.hash_type != has->signed_how.hash_type ||
                                had->signed_how.pure != has->signed_how.pure))
        return differ(found, "sign", g_strdup(rig_signing_name(had->signing, &had->signed_how)),
                      g_strdup(rig_signing_name(has->signing, &has->signed_how)));
    if (had->signed_how.key_in_image != has->signed_how.key_in_image)
        return differ(found, "key-in-image", flag_text(had->signed_how.key_in_image),
                      flag_text(has->signed_how.key_in_image));
    if (find_other_encryption(had, has, found))
        return true;
    if (was->downgrade != is->downgrade)
        return differ(found, "downgrade", g_strdup(downgrade_text(was->downgrade)),
                      g_strdup(downgrade_text(is->downgrade)));
    if (had->max_align != has->max_align)
        return differ(found, "max-align", number_text(had->max_align), number_text(has->max_align));
    if (had->max_sectors != has->max_sectors)
        return differ(found, "max-sectors", number_text(had->max_sectors), number_text(has->max_sectors));
    if (was->bootstrap != is->bootstrap)
        return differ(found, "bootstrap", flag_text(was->bootstrap), flag_text(is->bootstrap));
    if (was->validate_primary != is->validate_primary)
        return differ(found, "validate-primary", flag_text(was->validate_primary),
                      flag_text(is->validate_primary));
    if (was->overwrite_fast != is->overwrite_fast)
        return differ(found, "overwrite-fast", flag_text(was->overwrite_fast), flag_text(is->overwrite_fast));
    if (had->has_security_counter != has->has_security_counter)
        return differ(found, "security-counter", flag_text(had->has_security_counter),
                      flag_text(has->has_security_counter));
    if (was->swap_fixes != is->swap_fixes)
        return differ(found, "swap-fixes", flag_text(was->swap_fixes), flag_text(is->swap_fixes));
    return find_untold_difference(sim, had, was, found);
}

static bool keeps_build(const struct rig_sim *sim, const struct rig_sim *before, GError **error)
{
    struct difference found;

    if (!sim->guest || !find_difference(sim, &before->board.layout, &before->mcuboot.boot, &found))
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

static bool build_fits_target(const struct rig_sim *sim, GError **error)
{
    return !sim->guest || build_fits(sim, error);
}

static bool finish(struct rig_sim *sim, const struct rig_sim_defects *defects, GError **error)
{
    if (sim->guest && defects->boot) {
        /* Of a case it is a reason to skip it, of the command line a mistake. */
        g_set_error(error, RIG_ERROR, sim->extra_defects.boot ? RIG_ERROR_INPUT : RIG_ERROR_UNSUPPORTED,
                    "a defect of the built-in bootloader cannot be seeded into the foreign one, '%s'",
                    sim_guest_name(sim->guest));
        return false;
    }
    if (sim->mcuboot.app.maintenance == SIM_MAINTENANCE_SERVICE_ABSENT &&
        sim->mcuboot.app.maintenance_entry == SIM_MAINTENANCE_BY_SMP_GROUP) {
        g_set_error_literal(error, RIG_ERROR, RIG_ERROR_UNSUPPORTED,
                            "'maintenance-entry: smp-group' leads nowhere while there is no SMP service "
                            "('maintenance: service-absent')");
        return false;
    }
    if (sim->guest && sim->mcuboot.recovery.entrances) {
        g_set_error(error, RIG_ERROR, RIG_ERROR_UNSUPPORTED,
                    "'serial-recovery' is the built-in bootloader's, and '%s' is in its place",
                    sim_guest_name(sim->guest));
        return false;
    }
    sim->board.foreign_bootloader = sim->guest ? sim_guest_name(sim->guest) : NULL;
    sim->board.own_trailers = sim->guest && sim_guest_build(sim->guest)->swap == BOOTLOADER_SWAP_OTHER;
    sim->mcuboot.boot_guest = sim->guest;
    sim->mcuboot.boot.defects = defects->boot;
    sim->mcuboot.app.defects = defects->app;
    configure_slots(&sim->mcuboot.boot, &sim->board.layout);
    return true;
}

static void use_key(struct rig_sim *sim)
{
    sim->keys[0] = sim->key;
    sim->mcuboot.boot.keys = sim->keys;
    sim->mcuboot.boot.n_keys = sim->mcuboot.boot.need_signature ? 1 : 0;
    sim->mcuboot.boot.encryption_key = sim->board.encryption_key;
}

/* A swap mode that is the target's own has its faults for a case to show. */
/* What the bootloader has no code for where it moves nothing. */
static bool has_effect(const struct rig_layout *layout, const struct rig_options_spec *chosen, GError **error)
{
    bool moves = rig_swap_mode_moves_images(layout->mode);
    const char *idle = NULL;

    if (!moves && chosen->downgrade && !g_str_equal(chosen->downgrade, "allowed"))
        idle = "downgrade";
    if (rig_swap_mode_chooses_slot(layout->mode) && chosen->validate_primary && !*chosen->validate_primary)
        idle = "validate-primary: false";
    if (idle)
        g_set_error(error, RIG_ERROR, RIG_ERROR_UNSUPPORTED, "'%s' has no effect with 'swap: %s'", idle,
                    rig_swap_mode_name(layout->mode));
    return idle == NULL;
}

static bool find_room(struct rig_layout *layout, const char *target, const struct rig_options_spec *chosen,
                      GError **error)
{
    struct sim_board_config config = {0};
    struct sim_boot_config boot = {0};
    struct sim_flash *flash;
    char fault[160];
    bool fits;

    if (chosen && !has_effect(layout, chosen, error))
        return false;
    if (layout->n_slots == 1 && layout->mode != RIG_SWAP_SINGLE) {
        g_set_error(error, RIG_ERROR, RIG_ERROR_UNSUPPORTED,
                    "'swap: %s' takes two slots, and target '%s' has one", rig_swap_mode_name(layout->mode),
                    target);
        return false;
    }
    if (chosen && !rig_layout_encrypts_as_told(layout, chosen)) {
        g_set_error_literal(error, RIG_ERROR, RIG_ERROR_UNSUPPORTED, RIG_LAYOUT_NOT_ENCRYPTING);
        return false;
    }
    if (layout->encryption != RIG_ENCRYPT_NONE && !rig_swap_mode_moves_images(layout->mode)) {
        g_set_error(error, RIG_ERROR, RIG_ERROR_UNSUPPORTED,
                    "'encrypt: %s' takes a mode that moves images into slot 0, not 'swap: %s'",
                    rig_encrypt_kind_name(layout->encryption), rig_swap_mode_name(layout->mode));
        return false;
    }
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
    rig_sim_configure_devices(&config, layout);
    configure_slots(&boot, layout);
    flash = sim_flash_new(config.devices, config.n_devices);
    if (!flash) {
        g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT,
                    "target '%s' has flash devices that cannot be, or there is no memory", target);
        return false;
    }
    fits = !chosen || !chosen->swap || !sim_boot_layout_fault(&boot, flash, fault, sizeof fault);
    for (guint i = 0; i < layout->n_slots; i++)
        layout->slots[i].room_bytes = sim_boot_max_image_bytes(&boot, flash, i / 2);
    sim_flash_free(flash);
    if (!fits)
        g_set_error(error, RIG_ERROR, RIG_ERROR_UNSUPPORTED,
                    "'swap: %s' does not fit the slots of target '%s': %s", rig_swap_mode_name(layout->mode),
                    target, fault);
    return fits;
}

static const void *config(const struct rig_sim *sim)
{
    return &sim->mcuboot;
}

static guint32 counter_of(const struct rig_layout *layout, guint image)
{
    return image ? layout->second_security_counter : layout->security_counter;
}

static void made(struct rig_sim *sim)
{
    for (guint i = 0; sim->board.layout.has_security_counter && i < sim->mcuboot.boot.n_images; i++)
        sim_mcuboot_set_security_counter(sim->sim, i, counter_of(&sim->board.layout, i));
}

static const char *boot_outcome_text(enum sim_boot_outcome outcome)
{
    static const char *const texts[] = {"runs", "no-image", "power-lost", "assert", "flash-fault", "crash"};

    return (guint)outcome < G_N_ELEMENTS(texts) ? texts[outcome] : "unknown";
}

static void account(const struct rig_sim *sim, const struct sim_start *start, struct rig_sim_account *account)
{
    const struct sim_boot_result *result = start->account;
    GString *text = account->text;

    for (guint i = 0; i < sim->mcuboot.boot.n_images; i++) {
        if (result->secondary[i] != RIG_IMAGE_OK)
            g_string_append_printf(text, "%simage %u: the pending image was refused: %s",
                                   text->len ? "; " : "", i, rig_image_status_text(result->secondary[i]));
        if (result->primary[i] != RIG_IMAGE_OK && result->outcome != SIM_BOOT_POWER_LOST)
            g_string_append_printf(text, "%simage %u: slot 0: %s", text->len ? "; " : "", i,
                                   rig_image_status_text(result->primary[i]));
    }
    if (result->outcome == SIM_BOOT_ASSERT && !sim->guest)
        g_string_append_printf(text, "%sassertion: %s", text->len ? "; " : "", result->assertion);
    else if (result->assertion[0])
        g_string_append_printf(text, "%s%s", text->len ? "; " : "", result->assertion);
    account->outcome = boot_outcome_text(result->outcome);
    account->swap = rig_swap_type_name(result->swap_type[0]);
    account->resumed = result->resumed[0];
}

#define COMPANION_PAYLOAD_BYTES 4096
#define COMPANION_RAM_BYTES 8192 /* of the end, where no image that a case makes for slot 0 reaches */

/* A board whose other image is missing boots nothing, whatever the scenario is about. */
static bool program_companions(struct rig_sim *sim, GError **error)
{
    struct sim_app_personality personality = {.behaviour = SIM_APP_NEVER_CONFIRMS};
    guint8 payload[COMPANION_PAYLOAD_BYTES];
    guint32 end_of_ram = sim->mcuboot.boot.ram_start + sim->mcuboot.boot.ram_bytes;
    struct rig_image_recipe recipe = {
        .payload = payload,
        .payload_bytes = sizeof payload,
        .version = {.major = 1},
        .key = sim->mcuboot.boot.need_signature ? sim->key : NULL,
        .how = sim->mcuboot.boot.need_signature ? sim->mcuboot.boot.how : (struct rig_signed_how){0},
        .has_security_counter = sim->board.layout.has_security_counter,
        .erased = 0xff,
    };

    sim_app_make_payload(&personality, 0, payload, sizeof payload);
    for (guint i = 1; i < sim->mcuboot.boot.n_images; i++) {
        struct rig_board_image image = {.slot = 2 * i};
        struct rig_board_setup alone = {.images = &image, .n_images = 1, .confirmed = true};
        struct rig_bytes bytes = {0};
        enum rig_image_status status;
        bool ok;

        recipe.security_counter = counter_of(&sim->board.layout, i);
        if (rig_swap_mode_loads_ram(sim->mcuboot.boot.mode)) {
            recipe.flags = RIG_IMAGE_FLAG_RAM_LOAD;
            recipe.load_address = end_of_ram - i * COMPANION_RAM_BYTES;
        }
        status = rig_image_build(&recipe, &bytes);
        if (status != RIG_IMAGE_OK) {
            g_set_error(error, RIG_ERROR, RIG_ERROR_IO, "cannot build the image of slot %u: %s", image.slot,
                        rig_image_status_text(status));
            return false;
        }
        image.bytes = bytes.bytes;
        image.n_bytes = bytes.n_bytes;
        ok = rig_board_program(&sim->probe.probe, &alone, error);
        rig_bytes_clear(&bytes);
        if (!ok)
            return false;
    }
    return true;
}

static bool program(struct rig_sim *sim, const struct rig_board_setup *setup, GError **error)
{
    return (!setup->companions || program_companions(sim, error)) &&
           rig_board_program(&sim->probe.probe, setup, error);
}

static struct sim_guest *open_guest(const struct rig_sim *sim, const char *path, GError **error)
{
    struct sim_guest_config guest_config = {0};
    struct sim_guest *guest;
    char why[300];

    sim_guest_config_areas(&guest_config, &sim->mcuboot.boot);
    guest = sim_guest_open(path, &guest_config, why, sizeof why);
    if (!guest)
        g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "bootloader '%s': %s", path, why);
    return guest;
}

/* --- for explorations and pictures --- */

static guint32 security_counter(const struct rig_board *board, guint image)
{
    return sim_mcuboot_security_counter(((const struct rig_sim *)board)->sim, image);
}

static struct sim_guest *bootloader(struct rig_board *board, const struct sim_boot_config **boot,
                                    const struct sim_flash **flash)
{
    *boot = &self(board)->mcuboot.boot;
    *flash = sim_board_flash(self(board)->sim);
    return self(board)->mcuboot.boot_guest;
}

static const struct rig_board_application application = {.make_payload = rig_sim_make_payload,
                                                         .teach = rig_sim_teach};
static const struct rig_board_subject subject = {.bootloader = bootloader,
                                                 .model_prints = sim_boot_prints,
                                                 .security_counter = security_counter,
                                                 .watch = rig_sim_watch};
static const char *const capabilities[] = {"update", "smp", "explore", NULL};

const struct rig_sim_firmware rig_sim_mcuboot = {
    .firmware = &sim_mcuboot,
    .capabilities = capabilities,
    .defect = defect_from_name,
    .begin = begin,
    .apply = apply,
    .adopt = adopt_build,
    .keeps = keeps_build,
    .fits = build_fits_target,
    .finish = finish,
    .use_key = use_key,
    .open_guest = open_guest,
    .find_room = find_room,
    .config = config,
    .made = made,
    .teach = sim_mcuboot_teach,
    .account = account,
    .program = program,
    .application = &application,
    .subject = &subject,
};
