/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Nordic's secure bootloader and an application with a buttonless service, from layout and options to the
 * model. */
#include "drivers/sim/firmware.h"

#include <string.h>

static bool defect_from_name(const char *name, struct rig_sim_defects *defects)
{
    for (guint bit = 0; bit < SIM_SECURE_N_DEFECTS; bit++)
        if (g_str_equal(sim_secure_defect_name(bit), name))
            return defects->boot |= 1u << bit, true;
    for (guint bit = 0; bit < SIM_BUTTONLESS_N_DEFECTS; bit++)
        if (g_str_equal(sim_buttonless_defect_name(bit), name))
            return defects->app |= 1u << bit, true;
    return false;
}

static void begin(struct rig_sim *sim)
{
    memset(&sim->secure, 0, sizeof sim->secure);
}

static void apply(struct rig_sim *sim, const struct rig_options_spec *options)
{
    if (options->boot_time_us)
        sim->secure.app.boot_us = *options->boot_time_us;
    if (options->gatt_table)
        sim->secure.app.no_service_changed = sim->secure.updater_no_service_changed =
            g_str_equal(options->gatt_table, "moves-silently");
}

static enum sim_secure_sdk sdk_of(guint sdk)
{
    return sdk < RIG_NORDIC_SDK(14, 0, 0)   ? SIM_SECURE_SDK_12
           : sdk < RIG_NORDIC_SDK(15, 1, 0) ? SIM_SECURE_SDK_14
                                            : SIM_SECURE_SDK_15;
}

static bool finish(struct rig_sim *sim, const struct rig_sim_defects *defects, GError **error)
{
    static const enum sim_secure_banks banks[] = {[RIG_NORDIC_DUAL_BANK] = SIM_SECURE_DUAL,
                                                  [RIG_NORDIC_SINGLE_BANK] = SIM_SECURE_SINGLE,
                                                  [RIG_NORDIC_FORCED_DUAL] = SIM_SECURE_DUAL_DEMANDED};
    static const enum sim_buttonless_kind kinds[] = {
        [RIG_NORDIC_BUTTONLESS_NONE] = SIM_BUTTONLESS_NONE,
        [RIG_NORDIC_BUTTONLESS_OPEN] = SIM_BUTTONLESS_WITHOUT_BONDS,
        [RIG_NORDIC_BUTTONLESS_BONDED] = SIM_BUTTONLESS_WITH_BONDS,
        [RIG_NORDIC_BUTTONLESS_EXPERIMENTAL] = SIM_BUTTONLESS_EXPERIMENTAL};
    const struct rig_layout *layout = &sim->board.layout;
    const struct rig_nordic_layout *nordic = &layout->nordic;
    const struct sim_nordic_map map = {
        .page_bytes = nordic->page_bytes,
        .flash_bytes = layout->devices[0].n_bytes,
        .bootloader_at = nordic->bootloader,
        .bootloader_bytes = nordic->bootloader_bytes,
        .settings_at = nordic->settings,
        .parameter_page_at = nordic->parameter_page,
        .app_data_bytes = nordic->app_data_bytes,
    };
    struct sim_secure_config *boot = &sim->secure.boot;

    (void)error;
    *boot = sim_secure_example(&map);
    boot->sdk = sdk_of(nordic->sdk);
    boot->banks = banks[nordic->banks];
    boot->hardware_version = nordic->hardware_version;
    boot->accepts_unsigned = !layout->signing_needed;
    boot->allows_downgrade = !nordic->refuses_downgrade;
    boot->debug = nordic->debug;
    boot->saves_progress = nordic->saves_progress;
    boot->requires_bonds = nordic->requires_bonds;
    boot->enters_by_pin_reset = nordic->enters_by_pin_reset;
    boot->enters_by_settings = nordic->buttonless == RIG_NORDIC_BUTTONLESS_EXPERIMENTAL;
    boot->defects = defects->boot;
    sim->secure.app.buttonless = kinds[nordic->buttonless];
    sim->secure.app.defects = defects->app;
    return true;
}

static void use_key(struct rig_sim *sim)
{
    sim->secure.boot.key = sim->key;
}

static const void *config(const struct rig_sim *sim)
{
    return &sim->secure;
}

static void made(struct rig_sim *sim)
{
    sim_nordic_secure_hold_button(sim->sim, sim->board.layout.nordic.button_held);
}

static void account(const struct rig_sim *sim, const struct sim_start *start, struct rig_sim_account *account)
{
    static const char *const outcomes[] = {
        [SIM_SECURE_APPLICATION] = "runs", [SIM_SECURE_UPDATER] = "updater",
        [SIM_SECURE_RESET] = "reset",      [SIM_SECURE_FAULT] = "crash",
        [SIM_SECURE_DEAD] = "no-image",    [SIM_SECURE_POWER_LOST] = "power-lost"};
    const struct sim_secure_start *run = start->account;

    (void)sim;
    account->outcome = outcomes[run->outcome];
    account->swap = NULL;
    if (run->activated)
        g_string_append_printf(account->text, "activated: %s%s", rig_nordic_bank_code_name(run->activated),
                               run->activation_failed ? ", which failed" : "");
    if (run->outcome == SIM_SECURE_UPDATER)
        g_string_append_printf(account->text, "%s%s", account->text->len ? "; " : "",
                               sim_secure_entry_text(run->entry));
    if (run->why)
        g_string_append_printf(account->text, "%s%s", account->text->len ? ": " : "", run->why);
}

static const struct rig_board_application application = {.make_payload = rig_sim_make_payload,
                                                         .teach = rig_sim_teach};
static void explored(struct rig_board *board, struct rig_board_nordic *nordic)
{
    const struct rig_sim *sim = (const struct rig_sim *)board;

    *nordic = (struct rig_board_nordic){
        .flash = sim_board_flash(sim->sim),
        .secure = &sim->secure.boot,
        .bonded = board->layout.nordic.buttonless == RIG_NORDIC_BUTTONLESS_BONDED,
    };
}

static const struct rig_board_subject subject = {.nordic = explored, .watch = rig_sim_watch};
static const char *const capabilities[] = {"update", "dfu", "dfu-secure", "buttonless", "explore", NULL};

const struct rig_sim_firmware rig_sim_secure = {
    .firmware = &sim_nordic_secure,
    .capabilities = capabilities,
    .defect = defect_from_name,
    .begin = begin,
    .apply = apply,
    .finish = finish,
    .use_key = use_key,
    .find_room = rig_sim_find_nordic_room,
    .config = config,
    .made = made,
    .teach = sim_nordic_secure_teach,
    .account = account,
    .program = rig_sim_program_nordic,
    .application = &application,
    .subject = &subject,
};
