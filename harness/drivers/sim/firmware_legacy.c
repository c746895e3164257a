/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Nordic's legacy bootloader and an application that jumps into it, from layout and options to the model. */
#include "drivers/sim/firmware.h"

#include <string.h>

#define ADAFRUIT_PATIENCE_US 360000000u
#define ADAFRUIT_ERASE_GAP_US 95000u
#define ADAFRUIT_WRITE_GAP_US 3300u
#define ADAFRUIT_SLAVE_LATENCY 4u
#define SINGLE_BANK_INIT_BYTES 64u

static bool defect_from_name(const char *name, struct rig_sim_defects *defects)
{
    for (guint bit = 0; bit < SIM_LEGACY_N_DEFECTS; bit++)
        if (g_str_equal(sim_legacy_defect_name(bit), name))
            return defects->boot |= 1u << bit, true;
    for (guint bit = 0; bit < SIM_LEGACY_N_APP_DEFECTS; bit++)
        if (g_str_equal(sim_legacy_app_defect_name(bit), name))
            return defects->app |= 1u << bit, true;
    return false;
}

static void begin(struct rig_sim *sim)
{
    memset(&sim->legacy, 0, sizeof sim->legacy);
}

static void apply(struct rig_sim *sim, const struct rig_options_spec *options)
{
    if (options->boot_time_us)
        sim->legacy.app.boot_us = *options->boot_time_us;
    rig_sim_take_flag(options->swap_fixes, &sim->legacy.boot.invalidates_first);
}

static uint16_t version_of(guint sdk)
{
    return sdk < RIG_NORDIC_SDK(7, 0, 0)   ? 0 /* it has no such characteristic */
           : sdk < RIG_NORDIC_SDK(8, 0, 0) ? RIG_LEGACY_SDK7
           : sdk < RIG_NORDIC_SDK(9, 0, 0) ? RIG_LEGACY_SDK8
                                           : RIG_LEGACY_SDK9;
}

/* What Adafruit's has that the SDK's has not [SRC Adafruit_nRF52_Bootloader 48a149f]. */
static void make_adafruit(struct sim_legacy_config *boot)
{
    boot->adafruit = true;
    boot->packet_bytes = SIM_LEGACY_MAX_PACKET_BYTES;
    boot->init_bytes = SIM_LEGACY_MAX_INIT_BYTES;
    boot->inactivity_us = ADAFRUIT_PATIENCE_US;
    boot->erase_gap_us = ADAFRUIT_ERASE_GAP_US;
    boot->write_gap_us = ADAFRUIT_WRITE_GAP_US;
}

static bool finish(struct rig_sim *sim, const struct rig_sim_defects *defects, GError **error)
{
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
    struct sim_legacy_config *boot = &sim->legacy.boot;
    bool shares_bonds = nordic->sdk >= RIG_NORDIC_SDK(8, 0, 0), mended = boot->invalidates_first;

    (void)error;
    *boot = sim_legacy_example(&map);
    boot->version = version_of(nordic->sdk);
    boot->single_bank = nordic->banks == RIG_NORDIC_SINGLE_BANK;
    boot->init_bytes = boot->single_bank ? SINGLE_BANK_INIT_BYTES : boot->init_bytes;
    boot->device_type = (uint16_t)nordic->hardware_version;
    boot->invalidates_first = mended;
    boot->defects = defects->boot;
    if (nordic->adafruit)
        make_adafruit(boot);
    sim->legacy.slave_latency = nordic->adafruit ? ADAFRUIT_SLAVE_LATENCY : 0;
    sim->legacy.place = shares_bonds ? SIM_LEGACY_AT_NEXT_ADDRESS : SIM_LEGACY_AT_SAME_ADDRESS;
    sim->legacy.app.buttonless = nordic->buttonless != RIG_NORDIC_BUTTONLESS_NONE;
    sim->legacy.app.hands_over = shares_bonds && nordic->buttonless == RIG_NORDIC_BUTTONLESS_BONDED;
    sim->legacy.app.no_service_changed = !shares_bonds;
    sim->legacy.app.defects = defects->app;
    return true;
}

static const void *config(const struct rig_sim *sim)
{
    return &sim->legacy;
}

static void made(struct rig_sim *sim)
{
    sim_nordic_legacy_hold_button(sim->sim, sim->board.layout.nordic.button_held);
}

static void account(const struct rig_sim *sim, const struct sim_start *start, struct rig_sim_account *account)
{
    static const char *const outcomes[] = {[SIM_LEGACY_APPLICATION] = "runs",
                                           [SIM_LEGACY_UPDATER] = "updater",
                                           [SIM_LEGACY_FAULT] = "crash",
                                           [SIM_LEGACY_POWER_LOST] = "power-lost"};
    const struct sim_legacy_start *run = start->account;

    (void)sim;
    account->outcome = outcomes[run->outcome];
    if (run->copied_softdevice || run->copied_bootloader)
        g_string_append_printf(account->text, "copied: %s%s%s", run->copied_softdevice ? "softdevice" : "",
                               run->copied_softdevice && run->copied_bootloader ? ", " : "",
                               run->copied_bootloader ? "bootloader" : "");
    if (run->outcome == SIM_LEGACY_UPDATER || run->outcome == SIM_LEGACY_FAULT)
        g_string_append_printf(account->text, "%s%s%s", account->text->len ? "; " : "",
                               sim_legacy_reason_text(run->reason),
                               run->serial_only ? "; no radio, on its serial port" : "");
}

static const struct rig_board_application application = {.make_payload = rig_sim_make_payload,
                                                         .teach = rig_sim_teach};
static void explored(struct rig_board *board, struct rig_board_nordic *nordic)
{
    const struct rig_sim *sim = (const struct rig_sim *)board;

    *nordic = (struct rig_board_nordic){
        .flash = sim_board_flash(sim->sim),
        .legacy = &sim->legacy.boot,
        .bonded = sim->legacy.app.hands_over,
    };
}

static const struct rig_board_subject subject = {.nordic = explored, .watch = rig_sim_watch};
static const char *const capabilities[] = {"update", "dfu", "dfu-legacy", "buttonless", "explore", NULL};

const struct rig_sim_firmware rig_sim_legacy = {
    .firmware = &sim_nordic_legacy,
    .capabilities = capabilities,
    .defect = defect_from_name,
    .begin = begin,
    .apply = apply,
    .finish = finish,
    .find_room = rig_sim_find_nordic_room,
    .config = config,
    .made = made,
    .teach = sim_nordic_legacy_teach,
    .account = account,
    .program = rig_sim_program_nordic,
    .application = &application,
    .subject = &subject,
};
