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

static void configure_device(struct sim_flash_device_config *device, const struct rig_record *record)
{
    const struct rig_value *sectors = rig_record_get(record, "sectors");

    g_strlcpy(device->name, rig_record_text(record, "device"), sizeof device->name);
    /* More than there is room for are counted all the same: the flash refuses them. */
    for (guint i = 0; i < sectors->items->len; i++) {
        const struct rig_value *region = g_ptr_array_index(sectors->items, i);

        if (i >= SIM_FLASH_MAX_REGIONS) {
            device->n_regions++;
            continue;
        }

        device->regions[device->n_regions].sector_bytes = rig_record_u32(region->record, "size");
        device->regions[device->n_regions++].n_sectors = rig_record_u32(region->record, "count");
    }
    device->write_bytes = rig_record_u32(record, "write");
    device->erased = rig_record_u8(record, "erased");
    device->rewrite_forbidden = g_str_equal(rig_record_text(record, "rewrite"), "refused");
    device->write_us = rig_record_u32(record, "write-time");
    device->erase_us = rig_record_u32(record, "erase-time");
}

static struct sim_area area_from(const struct rig_record *record)
{
    return (struct sim_area){
        .device = g_str_equal(rig_record_text(record, "device"), "external") ? SIM_FLASH_EXTERNAL
                                                                             : SIM_FLASH_INTERNAL,
        .offset = rig_record_u32(record, "offset"),
        .n_bytes = rig_record_u32(record, "size"),
    };
}

static bool configure_layout(struct sim_board_config *config, const struct rig_record *target, GError **error)
{
    const struct rig_value *flash = rig_record_get(target, "flash");
    const struct rig_value *slots = rig_record_get(target, "slots");
    const struct rig_value *scratch = rig_record_get(target, "scratch");

    if (flash->items->len > SIM_FLASH_EXTERNAL + 1 || slots->items->len % 2 ||
        slots->items->len > 2 * SIM_BOOT_MAX_IMAGES) {
        g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT,
                    "a simulated board has at most %d flash devices, and 2 or 4 slots",
                    (int)SIM_FLASH_EXTERNAL + 1);
        return false;
    }
    for (guint i = 0; i < flash->items->len; i++)
        configure_device(&config->devices[config->n_devices++],
                         ((struct rig_value *)g_ptr_array_index(flash->items, i))->record);
    for (guint i = 0; i < slots->items->len; i++) {
        struct sim_area *areas = i % 2 ? config->boot.secondary : config->boot.primary;

        areas[i / 2] = area_from(((struct rig_value *)g_ptr_array_index(slots->items, i))->record);
    }
    config->boot.n_images = slots->items->len / 2;
    if (scratch)
        config->boot.scratch = area_from(scratch->record);
    return true;
}

static bool flag_of(const struct rig_record *options, const char *name, bool otherwise)
{
    const struct rig_value *value = rig_record_get(options, name);

    return value ? value->flag : otherwise;
}

static guint32 count_of(const struct rig_record *options, const char *name, guint32 otherwise)
{
    const struct rig_value *value = rig_record_get(options, name);

    return value ? rig_value_u32(value) : otherwise;
}

static void apply_boot_options(struct rig_sim *sim, const struct rig_record *options)
{
    struct sim_boot_config *boot = &sim->config.boot;
    const char *swap = rig_record_text(options, "swap");
    const char *sign = rig_record_text(options, "sign");
    const char *downgrade = rig_record_text(options, "downgrade");

    if (swap)
        rig_swap_mode_from_name(swap, &boot->mode);
    if (sign)
        boot->need_signature = rig_key_kind_from_name(sign, &sim->key_kind);
    if (downgrade)
        boot->downgrade = g_str_equal(downgrade, "by-version")   ? SIM_DOWNGRADE_BY_VERSION
                          : g_str_equal(downgrade, "by-counter") ? SIM_DOWNGRADE_BY_COUNTER
                                                                 : SIM_DOWNGRADE_ALLOWED;
    boot->validate_primary = flag_of(options, "validate-primary", boot->validate_primary);
    boot->swap_fixes = flag_of(options, "swap-fixes", boot->swap_fixes);
    boot->overwrite_fast = flag_of(options, "overwrite-fast", boot->overwrite_fast);
    boot->max_align = count_of(options, "max-align", boot->max_align);
    boot->max_sectors = count_of(options, "max-sectors", boot->max_sectors);
    if (rig_record_get(options, "security-counter")) {
        boot->hw_rollback = sim->has_security_counter = true;
        sim->security_counter = count_of(options, "security-counter", 0);
    }
}

/* The place of the option's choice among all of them, which is the enumeration's order. */
static guint32 chosen(const struct rig_record *options, const char *name, const char *const *choices,
                      guint32 otherwise)
{
    const char *text = rig_record_text(options, name);

    for (guint32 i = 0; text && choices[i]; i++)
        if (g_str_equal(text, choices[i]))
            return i;
    return otherwise;
}

static void apply_link_options(struct sim_ble_config *ble, const struct rig_record *options)
{
    struct sim_ble_pairing *pairing = &ble->pairing;

    ble->mtu = (guint16)count_of(options, "mtu", ble->mtu);
    ble->bonding = flag_of(options, "bonding", ble->bonding);
    ble->security =
        (enum sim_ble_security)chosen(options, "update-needs", rig_choices_security, ble->security);
    ble->repairing =
        (enum sim_ble_repairing)chosen(options, "repairing", rig_choices_repairing, ble->repairing);
    ble->updater = (enum sim_ble_updater)chosen(options, "updater", rig_choices_updater, ble->updater);
    pairing->kind = (enum sim_ble_pairing_kind)chosen(options, "pairing", rig_choices_pairing, pairing->kind);
    pairing->io = (enum sim_ble_io)chosen(options, "pairing-io", rig_choices_pairing_io, pairing->io);
    pairing->user =
        (enum sim_ble_user)chosen(options, "pairing-user", rig_choices_pairing_user, pairing->user);
    pairing->refuses_just_works = !flag_of(options, "just-works", !pairing->refuses_just_works);
    if (rig_record_get(options, "passkey")) {
        pairing->fixed_passkey = true;
        pairing->passkey = count_of(options, "passkey", 0);
    }
}

static guint32 misbehaviour_named(const char *name)
{
    for (guint bit = 0; bit < SIM_BLE_N_MISBEHAVIOURS; bit++)
        if (g_str_equal(sim_ble_misbehaviour_name(bit), name))
            return 1u << bit;
    return 0;
}

static void apply_app_options(struct sim_app_config *app, const struct rig_record *options)
{
    app->boot_us = count_of(options, "boot-time", app->boot_us);
    app->smp_buf_size = (guint16)count_of(options, "buffer-size", app->smp_buf_size);
    app->smp_buf_count = (guint16)count_of(options, "buffers", app->smp_buf_count);
    app->reassembly = flag_of(options, "reassembly", app->reassembly);
    app->parameters_command = flag_of(options, "parameters", app->parameters_command);
    app->original_protocol = flag_of(options, "original-protocol", app->original_protocol);
    app->erase_pending_allowed = flag_of(options, "erase-pending", app->erase_pending_allowed);
    app->progressive_erase = flag_of(options, "progressive-erase", app->progressive_erase);
    app->refuses_reset = flag_of(options, "refuses-reset", app->refuses_reset);
}

static void apply_options(struct rig_sim *sim, const struct rig_record *options,
                          struct rig_sim_defects *defects)
{
    const struct rig_value *names = rig_record_get(options, "defects");
    const struct rig_value *misbehaves = rig_record_get(options, "misbehaves");

    apply_boot_options(sim, options);
    apply_app_options(&sim->config.app, options);
    apply_link_options(&sim->config.ble, options);
    for (guint i = 0; misbehaves && i < misbehaves->items->len; i++)
        sim->config.ble.misbehaves |=
            misbehaviour_named(((struct rig_value *)g_ptr_array_index(misbehaves->items, i))->keyword);
    for (guint i = 0; names && i < names->items->len; i++)
        rig_sim_defect_from_name(((struct rig_value *)g_ptr_array_index(names->items, i))->keyword, defects);
}

static bool load_key(struct rig_sim *sim, GError **error)
{
    bool fits = sim->key && rig_key_kind(sim->key) == sim->key_kind;
    const char *why = NULL;
    struct rig_key *key = fits ? sim->key : rig_key_test(sim->key_kind, 0, &why);

    if (!key) {
        g_set_error(error, RIG_ERROR, RIG_ERROR_IO, "cannot make the board's %s key: %s",
                    rig_key_kind_name(sim->key_kind), why);
        return false;
    }
    if (!fits)
        rig_key_free(sim->key);
    sim->key = key;
    sim->keys[0] = sim->key;
    sim->config.boot.keys = sim->keys;
    sim->config.boot.n_keys = sim->config.boot.need_signature ? 1 : 0;
    return true;
}

/* Before the options of the scenario are applied. One that chooses them is about them, and says itself what
 * its images and links are like. */
static void note_demands(struct rig_sim *sim, const struct rig_record *options)
{
    struct rig_board_demands *demands = &sim->board.demands;

    demands->counter = sim->has_security_counter && !(options && rig_record_get(options, "security-counter"));
    demands->least_counter = demands->counter ? sim->security_counter : 0;
    demands->encryption =
        sim->config.ble.security != SIM_BLE_OPEN && !(options && rig_record_get(options, "update-needs"));
}

static bool apply_case(struct rig_sim *sim, const struct rig_record *options, struct rig_sim_defects *defects,
                       GError **error)
{
    const struct sim_boot_config was = sim->config.boot;
    enum rig_key_kind was_kind = sim->key_kind;

    apply_options(sim, options, defects);
    return !sim->guest || rig_sim_keeps_build(sim, &was, was_kind, error);
}

/* All of it but the key. */
static bool fill_config(struct rig_sim *sim, const struct rig_record *options, GError **error)
{
    const struct rig_record *target = sim->target->record;
    const struct rig_value *own_options = rig_record_get(target, "options");
    struct rig_sim_defects defects = sim->extra_defects;

    memset(&sim->config, 0, sizeof sim->config);
    sim->has_security_counter = false;
    if (!configure_layout(&sim->config, target, error))
        return false;
    sim->config.boot.max_align = 8;
    for (guint i = 0; i < sim->config.n_devices; i++)
        sim->config.boot.max_align = MAX(sim->config.boot.max_align, sim->config.devices[i].write_bytes);
    sim->config.boot.max_sectors = 128;
    sim->config.ble.mtu = SIM_BLE_MAX_MTU;
    sim->config.ble.bonding = rig_board_option_is_on_by_default("bonding");
    sim->config.app.reassembly = rig_board_option_is_on_by_default("reassembly");
    sim->config.app.parameters_command = rig_board_option_is_on_by_default("parameters");
    sim->config.app.original_protocol = rig_board_option_is_on_by_default("original-protocol");
    sim->config.ble.pairing.user = SIM_BLE_USER_AGREES;
    g_strlcpy(sim->config.ble.name, rig_record_text(target, "name"), sizeof sim->config.ble.name);
    memcpy(sim->config.ble.address, rig_record_get(target, "address")->address, SIM_BLE_ADDRESS_BYTES);
    if (own_options)
        apply_options(sim, own_options->record, &defects);
    if (sim->guest)
        rig_sim_adopt_build(sim);
    note_demands(sim, options);
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
    sim->config.boot_guest = sim->guest;
    sim->config.boot.defects = defects.boot;
    sim->config.app.defects = defects.app;
    sim->config.ble.defects = defects.ble;
    sim->board.signing = sim->key_kind;
    sim->board.signing_needed = sim->config.boot.need_signature;
    return true;
}

bool rig_sim_configure(struct rig_sim *sim, const struct rig_record *options, GError **error)
{
    return fill_config(sim, options, error) && load_key(sim, error);
}

/* 0: they are not all of one size. */
static guint32 sector_size(const struct sim_flash *flash, const struct sim_area *area)
{
    guint32 first = 0;
    guint32 start, n_bytes;

    for (guint32 at = 0; at < area->n_bytes; at += n_bytes) {
        if (!sim_flash_sector_at(flash, area->device, area->offset + at, &start, &n_bytes) || n_bytes == 0 ||
            (first && n_bytes != first))
            return 0;
        first = n_bytes;
    }
    return first;
}

static guint32 n_sectors(const struct sim_flash *flash, const struct sim_area *area)
{
    guint32 n = 0;
    guint32 start, n_bytes;

    for (guint32 at = 0; at < area->n_bytes; at += n_bytes, n++)
        if (!sim_flash_sector_at(flash, area->device, area->offset + at, &start, &n_bytes) || n_bytes == 0)
            break;
    return n;
}

static struct rig_slot_traits slot_traits(const struct sim_boot_config *boot, const struct sim_flash *flash,
                                          guint slot)
{
    const struct sim_area *area = slot % 2 ? &boot->secondary[slot / 2] : &boot->primary[slot / 2];

    return (struct rig_slot_traits){
        .n_bytes = area->n_bytes,
        .erase_us = (guint64)n_sectors(flash, area) * sim_flash_device(flash, area->device)->erase_us,
        .sector_bytes = sector_size(flash, area),
        .write_bytes = sim_flash_device(flash, area->device)->write_bytes,
        .room_bytes = sim_boot_max_image_bytes(boot, flash, slot / 2),
    };
}

bool rig_sim_describe(const struct rig_board *board, const struct rig_record *options,
                      struct rig_board_traits *traits, GError **error)
{
    const struct rig_sim *sim = (const struct rig_sim *)board;
    const struct sim_flash *flash = sim_board_flash(sim->sim);
    struct rig_sim made = {.target = sim->target, .guest = sim->guest, .extra_defects = sim->extra_defects};
    const struct sim_boot_config *boot = &made.config.boot;
    char fault[160];

    if (!fill_config(&made, options, error) || (made.guest && !rig_sim_build_fits(&made, error)))
        return false;
    if (boot->mode == RIG_SWAP_SCRATCH && boot->scratch.n_bytes == 0) {
        g_set_error(error, RIG_ERROR, RIG_ERROR_UNSUPPORTED,
                    "'swap: scratch' takes a scratch area, and target '%s' has none ('scratch:')",
                    sim->target->name);
        return false;
    }
    for (guint i = 0; i < made.config.n_devices; i++) {
        if (made.config.devices[i].write_bytes <= boot->max_align)
            continue;
        g_set_error(error, RIG_ERROR, RIG_ERROR_UNSUPPORTED,
                    "'max-align: %u' is less than the write size of target '%s', %u", boot->max_align,
                    sim->target->name, made.config.devices[i].write_bytes);
        return false;
    }
    /* What the target itself is like is no reason to skip: the case shows what comes of it. */
    if (!sim->guest && options && rig_record_get(options, "swap") &&
        sim_boot_layout_fault(boot, flash, fault, sizeof fault)) {
        g_set_error(error, RIG_ERROR, RIG_ERROR_UNSUPPORTED,
                    "'swap: %s' does not fit the slots of target '%s': %s", rig_swap_mode_name(boot->mode),
                    sim->target->name, fault);
        return false;
    }
    *traits = (struct rig_board_traits){.mode = boot->mode,
                                        .signing_needed = boot->need_signature,
                                        .signing = made.key_kind,
                                        .n_slots = 2 * boot->n_images,
                                        .scratch_bytes = boot->scratch.n_bytes};
    for (guint i = 0; i < traits->n_slots; i++)
        traits->slots[i] = slot_traits(boot, flash, i);
    return true;
}
