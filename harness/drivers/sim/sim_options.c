/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From a target's record and a scenario's options to the configuration of the simulated board: what all
 * firmwares share. */
#include "drivers/sim/firmware.h"

#include "base/error.h"
#include "bench/option_fields.h"

#include <string.h>

static bool radio_defect(const char *name, struct rig_sim_defects *defects)
{
    for (guint bit = 0; bit < SIM_BLE_N_DEFECTS; bit++)
        if (g_str_equal(sim_ble_defect_name(bit), name))
            return defects->ble |= 1u << bit, true;
    return false;
}

bool rig_sim_defect_exists(const char *defect, GError **error)
{
    struct rig_sim_defects defects = {0};

    for (guint i = 0; rig_sim_firmwares[i]; i++)
        if (rig_sim_firmwares[i]->defect && rig_sim_firmwares[i]->defect(defect, &defects))
            return true;
    if (radio_defect(defect, &defects))
        return true;
    g_set_error(error, RIG_ERROR, RIG_ERROR_USAGE,
                "there is no seeded defect '%s'; 'bootrig steps board' lists them", defect);
    return false;
}

static bool add_defect(const struct rig_sim *sim, const char *name, struct rig_sim_defects *defects,
                       GError **error)
{
    if ((sim->firmware->defect && sim->firmware->defect(name, defects)) || radio_defect(name, defects))
        return true;
    g_set_error(error, RIG_ERROR, RIG_ERROR_UNSUPPORTED,
                "the firmware of target '%s' (%s) has no place for the seeded defect '%s'", sim->target->name,
                sim->firmware->firmware->name, name);
    return false;
}

bool rig_sim_board_add_defect(struct rig_board *board, const char *defect, GError **error)
{
    struct rig_sim *sim = (struct rig_sim *)board;
    g_autoptr(GError) cause = NULL;

    if (!rig_sim_defect_exists(defect, error))
        return false;
    if (add_defect(sim, defect, &sim->extra_defects, &cause))
        return true;
    g_free(sim->unplayable);
    board->unplayable = sim->unplayable = g_strdup(cause->message);
    return true;
}

char *rig_sim_defect_misfit(const struct rig_target *target, const char *defect)
{
    const struct rig_sim sim = {.target = target, .firmware = rig_sim_firmware_of(target, NULL)};
    struct rig_sim_defects defects = {0};
    g_autoptr(GError) cause = NULL;

    return !sim.firmware || add_defect(&sim, defect, &defects, &cause) ? NULL : g_strdup(cause->message);
}

static void configure_device(struct sim_flash_device_config *device, const struct rig_flash_device *from)
{
    G_STATIC_ASSERT(SIM_FLASH_MAX_REGIONS == RIG_LAYOUT_MAX_RUNS);
    *device = (struct sim_flash_device_config){
        .n_regions = from->n_runs,
        .write_bytes = from->write_bytes,
        .erased = from->erased,
        .rewrite_forbidden = from->rewrite_refused,
        .no_erase = from->no_erase,
        .torn_is_error = from->torn_is_error,
        .write_us = from->write_us,
        .erase_us = from->erase_us,
    };
    g_strlcpy(device->name, from->name, sizeof device->name);
    for (guint i = 0; i < from->n_runs; i++)
        device->regions[i] = (struct sim_flash_region){.sector_bytes = from->runs[i].sector_bytes,
                                                       .n_sectors = from->runs[i].n_sectors};
}

void rig_sim_configure_devices(struct sim_board_config *config, const struct rig_layout *layout)
{
    config->n_devices = layout->n_devices;
    for (guint i = 0; i < layout->n_devices; i++)
        configure_device(&config->devices[i], &layout->devices[i]);
}

guint32 rig_sim_chosen(const char *option, const char *const *choices, guint32 otherwise)
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

    rig_sim_take_flag(options->bonding, &ble->bonding);
    rig_sim_take_flag(options->just_works, &just_works);
    ble->security =
        (enum sim_ble_security)rig_sim_chosen(options->update_needs, rig_choices_security, ble->security);
    ble->repairing =
        (enum sim_ble_repairing)rig_sim_chosen(options->repairing, rig_choices_repairing, ble->repairing);
    pairing->kind =
        (enum sim_ble_pairing_kind)rig_sim_chosen(options->pairing, rig_choices_pairing, pairing->kind);
    pairing->io = (enum sim_ble_io)rig_sim_chosen(options->pairing_io, rig_choices_pairing_io, pairing->io);
    pairing->user =
        (enum sim_ble_user)rig_sim_chosen(options->pairing_user, rig_choices_pairing_user, pairing->user);
    pairing->refuses_just_works = !just_works;
    if (options->passkey) {
        pairing->fixed_passkey = true;
        pairing->passkey = *options->passkey;
    }
}

/* "notifies-unasked", ...; NULL: there is none. */
static const char *sim_ble_misbehaviour_name(unsigned bit)
{
    static const char *const names[SIM_BLE_N_MISBEHAVIOURS] = {
        "notifies-unasked",  "notifies-nonsense",   "cbor-bombs",      "cuts-att-answers",
        "unknown-att",       "unasked-att-answers", "unasked-pairing", "cuts-pairing",
        "broken-signalling", "broken-advertising"};

    return bit < SIM_BLE_N_MISBEHAVIOURS ? names[bit] : NULL;
}

static guint32 misbehaviour_named(const char *name)
{
    for (guint bit = 0; bit < SIM_BLE_N_MISBEHAVIOURS; bit++)
        if (g_str_equal(sim_ble_misbehaviour_name(bit), name))
            return 1u << bit;
    return 0;
}

static bool apply_options(struct rig_sim *sim, const struct rig_options_spec *options,
                          struct rig_sim_defects *defects, GError **error)
{
    if (sim->firmware->apply)
        sim->firmware->apply(sim, options);
    apply_link_options(&sim->config.ble, options);
    for (guint i = 0; options->misbehaves && options->misbehaves[i]; i++)
        sim->config.ble.misbehaves |= misbehaviour_named(options->misbehaves[i]);
    for (guint i = 0; options->defects && options->defects[i]; i++)
        if (!add_defect(sim, options->defects[i], defects, error))
            return false;
    return true;
}

/* The rig's key of the kind that counts now. */
static bool load_test_key(struct rig_sim *sim, enum rig_key_kind kind, GError **error)
{
    const char *why = NULL;

    if (sim->test_key && rig_key_kind(sim->test_key) == kind)
        return true;
    rig_key_free(sim->test_key);
    sim->test_key = rig_key_test(kind, 0, &why);
    if (!sim->test_key)
        g_set_error(error, RIG_ERROR, RIG_ERROR_IO, "cannot make the board's %s key: %s",
                    rig_key_kind_name(kind), why);
    return sim->test_key != NULL;
}

/* The target's own one where it is of the kind that counts, else the rig's. */
static bool load_encryption_key(struct rig_sim *sim, GError **error)
{
    const struct rig_layout *layout = &sim->board.layout;
    struct rig_encrypt_key *key = NULL;
    const char *why = NULL;

    if (layout->encryption == RIG_ENCRYPT_NONE) {
        sim->board.encryption_key = NULL;
        return true;
    }
    if (sim->encryption_key &&
        rig_encrypt_key_fits(sim->encryption_key, layout->encryption, layout->aes_bits)) {
        sim->board.encryption_key = sim->encryption_key;
        return true;
    }
    if (!rig_target_read_encryption_key(sim->target, &key, error))
        return false;
    if (key && !rig_encrypt_key_is_private(key)) {
        g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT,
                    "target '%s': 'encryption-key' is a public key, and the simulated board has to decrypt",
                    sim->target->name);
        rig_encrypt_key_free(key);
        return false;
    }
    if (!key || !rig_encrypt_key_fits(key, layout->encryption, layout->aes_bits)) {
        rig_encrypt_key_free(key);
        key = rig_encrypt_key_test(layout->encryption, layout->aes_bits, 0, &why);
    }
    if (!key) {
        g_set_error(error, RIG_ERROR, RIG_ERROR_IO, "cannot make the board's encryption key: %s", why);
        return false;
    }
    rig_encrypt_key_free(sim->encryption_key);
    sim->board.encryption_key = sim->encryption_key = key;
    return true;
}

/* The target's own key is of the kind that the target says; a case with another kind gets the rig's. */
static bool load_key(struct rig_sim *sim, GError **error)
{
    enum rig_key_kind kind = sim->board.layout.signing;
    bool own;

    if (!load_encryption_key(sim, error))
        return false;
    if (!sim->own_key && !rig_target_read_key(sim->target, kind, &sim->own_key, error))
        return false;
    own = sim->own_key && rig_key_kind(sim->own_key) == kind;
    if (!own && !load_test_key(sim, kind, error))
        return false;
    sim->key = own ? sim->own_key : sim->test_key;
    sim->board.key = own ? sim->own_key : NULL;
    if (sim->firmware->use_key)
        sim->firmware->use_key(sim);
    return true;
}

static bool fits_link(const struct rig_sim *sim, const struct rig_record *options, GError **error)
{
    return g_str_equal(sim->target->spec->link, "ble") || rig_wire_takes(options, sim->target->name, error);
}

static bool apply_case(struct rig_sim *sim, const struct rig_record *options, struct rig_sim_defects *defects,
                       GError **error)
{
    const struct rig_sim before = *sim;

    if (!fits_link(sim, options, error) || !rig_layout_takes(&sim->board.layout, options, error))
        return false;
    rig_layout_apply(&sim->board.layout, RIG_OPTIONS(options));
    return apply_options(sim, RIG_OPTIONS(options), defects, error) &&
           (!sim->firmware->keeps || sim->firmware->keeps(sim, &before, error));
}

/* All of it but the key. */
static bool fill_config(struct rig_sim *sim, const struct rig_record *options, GError **error)
{
    const struct rig_target_spec *target = sim->target->spec;
    struct rig_sim_defects defects = sim->extra_defects;

    memset(&sim->config, 0, sizeof sim->config);
    rig_layout_read(target, &sim->board.layout);
    sim->config.ble.bonding = rig_board_option_is_on_by_default("bonding");
    sim->config.ble.pairing.user = SIM_BLE_USER_AGREES;
    g_strlcpy(sim->config.ble.name, target->advertised_name, sizeof sim->config.ble.name);
    if (sim->firmware->begin)
        sim->firmware->begin(sim);
    if (target->options && !apply_options(sim, target->options, &defects, error))
        return false;
    if (sim->firmware->adopt)
        sim->firmware->adopt(sim);
    /* A case that chooses them is about them, and says itself what its images and links are like. */
    rig_board_demand(&sim->board, &sim->board.layout, RIG_OPTIONS(options));
    if (options && !apply_case(sim, options, &defects, error))
        return false;
    sim->config.ble.defects = defects.ble;
    sim->config.ble.mtu = sim->board.layout.mtu;
    memcpy(sim->config.ble.address, sim->board.layout.address, SIM_BLE_ADDRESS_BYTES);
    rig_sim_configure_devices(&sim->config, &sim->board.layout);
    return !sim->firmware->finish || sim->firmware->finish(sim, &defects, error);
}

bool rig_sim_configure(struct rig_sim *sim, const struct rig_record *options, GError **error)
{
    return fill_config(sim, options, error) && load_key(sim, error);
}

static const struct rig_sim_firmware *family_firmware(enum rig_bootloader_family family)
{
    return family == RIG_BOOTLOADER_MCUBOOT ? &rig_sim_mcuboot : &rig_sim_secure;
}

bool rig_sim_describe_target(const struct rig_target *target, const struct rig_record *options,
                             struct rig_layout *layout, GError **error)
{
    rig_layout_read(target->spec, layout);
    if (options && !rig_layout_takes(layout, options, error))
        return false;
    if (options)
        rig_layout_apply(layout, RIG_OPTIONS(options));
    return family_firmware(layout->family)->find_room(layout, target->name, RIG_OPTIONS(options), error);
}

bool rig_sim_describe(const struct rig_board *board, const struct rig_record *options,
                      struct rig_layout *layout, GError **error)
{
    const struct rig_sim *sim = (const struct rig_sim *)board;
    struct rig_sim made = {.target = sim->target,
                           .firmware = sim->firmware,
                           .guest = sim->guest,
                           .extra_defects = sim->extra_defects};

    if (!fill_config(&made, options, error) || (sim->firmware->fits && !sim->firmware->fits(&made, error)))
        return false;
    *layout = made.board.layout;
    return !sim->firmware->find_room ||
           sim->firmware->find_room(layout, sim->target->name, sim->guest ? NULL : RIG_OPTIONS(options),
                                    error);
}
