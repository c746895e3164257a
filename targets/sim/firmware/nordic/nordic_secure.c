/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The secure bootloader and its application on their chip: what of them goes over the radio, when the flash
 * is at work, and how one leads into the other. */
#include "sim/firmware/nordic/nordic_secure.h"

#include "protocol/ble/codes.h"
#include "protocol/nordic/dfu.h"
#include "sim/firmware/nordic/application.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_BOOT_US 100000u
#define DEFAULT_UPDATER_NAME "DfuTarg"
/* From a reset that the bootloader wants to the next run: no time at all would let an endless row of them
 * stop the clock. */
#define RESET_US 1000u
/* The error handler logs and resets. */
#define FAULT_US 100000u
/* Between a write to the buttonless characteristic and the flash's turn: the SoftDevice fits it in. */
#define HAND_OVER_US 5000u
#define STORE_US 2000u
/* The disconnection leaves before the reset. */
#define ENTER_US 20000u
#define COMMANDS_PER_INTERVAL 6u

enum timer {
    TIMER_START, /* of application or updater */
    TIMER_SELF_TEST,
    TIMER_WATCHDOG,
    TIMER_RESET,
    TIMER_FLASH, /* the bootloader's queue and time-outs; the application's hand-over */
    TIMER_BONDS, /* the application writes new ones into its flash */
    TIMER_AIR,   /* what the bootloader has to say leaves with the next connection event */
};

enum { PACKET, CONTROL }; /* of the bootloader, in the order of its table */

/* Outlives snapshots: what was taught is about images; the memo changes nothing but speed. */
struct own {
    struct sim_nordic_secure_config config;
    struct sim_nordic_seal_memo seals;
    struct sim_app_lessons lessons;
    struct sim_nordic_hashes memo;
    struct sim_secure_start start; /* of the last run */
};

struct state {
    struct sim_nordic_retained retained;
    bool in_updater;
    struct sim_nordic_running running;
    struct sim_buttonless buttonless;
    enum sim_buttonless_wish at_flash; /* what the application waits to have done by it */
    struct sim_secure_state updater;   /* last: copied while it runs only */
};

static struct own *own_of(const struct sim_chip *chip)
{
    return chip->own;
}

static struct state *state_of(const struct sim_chip *chip)
{
    return chip->state;
}

static const struct sim_secure_config *boot_config(const struct sim_chip *chip)
{
    return &own_of(chip)->config.boot;
}

/* --- making it --- */

static const char *check(const struct sim_nordic_map *map, const struct sim_flash *flash)
{
    uint32_t n_bytes = sim_flash_bytes(flash, SIM_FLASH_INTERNAL);

    if (map->page_bytes == 0 || map->flash_bytes != n_bytes)
        return "the flash map is not that of the internal flash";
    if (map->settings_at > n_bytes - map->page_bytes || map->parameter_page_at > n_bytes - map->page_bytes)
        return "the settings page is beyond the flash";
    if (map->bootloader_at >= n_bytes || map->bootloader_bytes > n_bytes - map->bootloader_at ||
        map->app_data_bytes > map->bootloader_at ||
        SIM_NORDIC_BOND_PAGES * map->page_bytes > map->bootloader_at)
        return "the bootloader is beyond the flash";
    return NULL;
}

static void *make(const void *config, const struct sim_flash *flash, const char **why)
{
    struct own *own = calloc(1, sizeof *own);
    const char *fault;

    if (!own)
        return NULL;
    own->config = *(const struct sim_nordic_secure_config *)config;
    own->config.boot.seals = &own->seals;
    if (own->config.app.boot_us == 0)
        own->config.app.boot_us = DEFAULT_BOOT_US;
    if (!own->config.updater_name[0])
        memcpy(own->config.updater_name, DEFAULT_UPDATER_NAME, sizeof DEFAULT_UPDATER_NAME);
    own->config.updater_name[sizeof own->config.updater_name - 1] = '\0';
    fault = check(&own->config.boot.map, flash);
    if (!fault)
        return own;
    *why = fault;
    free(own);
    return NULL;
}

static void unmake(void *made)
{
    struct own *own = made;

    sim_app_forget_lessons(&own->lessons);
    free(own);
}

static void copy_state(void *to, const void *from)
{
    const struct state *state = from;

    memcpy(to, from, state->in_updater ? sizeof *state : offsetof(struct state, updater));
}

/* --- what is in bank 0 --- */

/* Bank 0 and version stand at the same place in both layouts of the settings. */
static struct sim_nordic_bank_0 bank_0(const struct sim_chip *chip)
{
    const struct sim_secure_config *config = boot_config(chip);
    uint8_t pages[2][RIG_NORDIC_SETTINGS_BYTES];
    bool has_backup = config->sdk == SIM_SECURE_SDK_15 && config->map.parameter_page_at != 0;
    struct sim_nordic_bank_0 bank = {.at = sim_nordic_bank_0(&config->map, chip->flash)};
    struct rig_nordic_settings settings;

    if (sim_flash_peek(chip->flash, SIM_FLASH_INTERNAL, config->map.settings_at, pages[0], sizeof pages[0]) !=
            SIM_OK ||
        sim_flash_peek(chip->flash, SIM_FLASH_INTERNAL, config->map.parameter_page_at, pages[1],
                       sizeof pages[1]) != SIM_OK)
        return bank;
    rig_nordic_settings_choose(pages[0], has_backup ? pages[1] : NULL, &settings);
    bank.valid = settings.banks[0].code == RIG_NORDIC_BANK_APPLICATION;
    bank.n_bytes = settings.banks[0].image_bytes;
    bank.firmware_version = settings.app_version;
    return bank;
}

static void look(const struct sim_chip *chip, struct sim_nordic_running *running)
{
    struct own *own = own_of(chip);
    const struct sim_nordic_bank_0 bank = bank_0(chip);

    sim_nordic_look(&bank, chip->flash, &own->memo, running);
    if (running->has_image)
        sim_app_recall(&own->lessons, running->hash, &running->personality);
}

/* --- boot --- */

static void tell_updater(struct sim_chip *chip, const struct sim_secure_start *start)
{
    char line[160];
    int n_bytes = snprintf(line, sizeof line, "bootloader: waits for an update, %s",
                           sim_secure_entry_text(start->entry));

    if (start->why && n_bytes > 0 && (size_t)n_bytes < sizeof line)
        snprintf(line + n_bytes, sizeof line - (size_t)n_bytes, ": %s", start->why);
    sim_chip_line(chip, line);
}

static void tell_trouble(struct sim_chip *chip, const char *what, const char *why)
{
    char line[160];

    snprintf(line, sizeof line, "bootloader: %s%s%s", what, why ? ": " : "", why ? why : "");
    sim_chip_line(chip, line);
}

static void after_boot(struct sim_chip *chip, const struct sim_secure_start *start)
{
    uint64_t now_us = sim_chip_now_us(chip);

    if (start->activated && !start->activation_failed &&
        chip->radio->defects & SIM_BLE_DEFECT_BOND_LOST_ON_UPDATE)
        sim_chip_forget_bonds(chip);
    switch (start->outcome) {
    case SIM_SECURE_APPLICATION:
        sim_chip_line(chip, "bootloader: starts the application");
        sim_chip_set_timer(chip, TIMER_START, now_us + own_of(chip)->config.app.boot_us);
        break;
    case SIM_SECURE_UPDATER:
        state_of(chip)->in_updater = true;
        tell_updater(chip, start);
        sim_chip_set_timer(chip, TIMER_START, now_us);
        break;
    case SIM_SECURE_RESET:
        sim_chip_set_timer(chip, TIMER_RESET, now_us + RESET_US);
        break;
    case SIM_SECURE_FAULT:
        tell_trouble(chip, "error handler, resets", start->why);
        sim_chip_set_timer(chip, TIMER_RESET, now_us + FAULT_US);
        break;
    case SIM_SECURE_DEAD:
        sim_chip_enter(chip, SIM_BOARD_HUNG);
        break;
    case SIM_SECURE_POWER_LOST:
        break;
    }
}

static void boot(struct sim_chip *chip, struct sim_start *start)
{
    struct sim_secure_start *account = &own_of(chip)->start;
    struct state *state = state_of(chip);

    memset(account, 0, sizeof *account);
    state->retained.by_pin |= sim_chip_reset_by_pin(chip);
    sim_chip_line(chip, "bootloader: inside main");
    sim_secure_boot(boot_config(chip), chip->flash, &state->retained, sim_chip_now_us(chip), &state->updater,
                    account);
    *start =
        (struct sim_start){.application = account->outcome == SIM_SECURE_APPLICATION, .account = account};
    after_boot(chip, account);
}

static void stopped(struct sim_chip *chip, bool without_power)
{
    struct state *state = state_of(chip);
    const struct sim_nordic_retained retained = state->retained;

    memset(state, 0, offsetof(struct state, updater));
    state->retained.button = retained.button;
    if (without_power)
        return;
    state->retained.gpregret = retained.gpregret;
    state->retained.gpregret2 = retained.gpregret2;
    state->retained.by_pin = retained.by_pin;
}

/* --- the updater --- */

/* one that was not taken yet */
static bool sim_secure_has_wish(const struct sim_secure_state *state)
{
    return state->n_wishes > 0;
}

/* What has to be said leaves with the next connection event. */
static void speak_soon(struct sim_chip *chip)
{
    if (sim_secure_has_wish(&state_of(chip)->updater) && !sim_chip_timer_is_set(chip, TIMER_AIR))
        sim_chip_set_timer(chip, TIMER_AIR, sim_chip_now_us(chip) + chip->radio->connection_interval_us);
}

/* What the flash has to do has its own time. */
static void go_on(struct sim_chip *chip)
{
    struct sim_secure_state *updater = &state_of(chip)->updater;
    uint64_t at_us = sim_secure_due(boot_config(chip), updater, chip->flash, sim_chip_now_us(chip));

    sim_chip_set_timer(chip, TIMER_FLASH, at_us);
    speak_soon(chip);
}

/* The flash is at work in the chip's own time only, not in that of a write. */
static void go_on_soon(struct sim_chip *chip)
{
    sim_chip_set_timer(chip, TIMER_FLASH, sim_chip_now_us(chip));
    speak_soon(chip);
}

static void start_updater(struct sim_chip *chip)
{
    const struct own *own = own_of(chip);
    struct sim_ble_advertiser advertiser = {.without_bonds = true,
                                            .next_address = !own->config.boot.requires_bonds};
    char name[RIG_NORDIC_MAX_NAME_BYTES + 1];
    struct rig_nordic_peer peer;

    memcpy(advertiser.name, own->config.updater_name, sizeof advertiser.name);
    if (own->config.boot.requires_bonds) {
        if (sim_secure_peer(&own->config.boot, chip->flash, &peer) == RIG_NORDIC_EXTRA_VALID)
            sim_nordic_advertiser_for(&peer, &advertiser);
    } else if (sim_secure_name(&own->config.boot, chip->flash, name) == RIG_NORDIC_EXTRA_VALID && name[0]) {
        memset(advertiser.name, 0, sizeof advertiser.name);
        memcpy(advertiser.name, name, strlen(name));
    }
    sim_chip_enter(chip, SIM_BOARD_UPDATER);
    sim_chip_advertise(chip, &advertiser);
    sim_chip_line(chip, "bootloader: advertising");
    go_on(chip);
}

static void fulfil(struct sim_chip *chip)
{
    struct state *state = state_of(chip);
    struct sim_secure_wish wish;

    while (state->in_updater && sim_secure_next(&state->updater, &wish)) {
        switch (wish.kind) {
        case SIM_SECURE_SEND:
            if (sim_chip_subscription(chip, CONTROL) & SIM_GATT_NOTIFIED)
                sim_chip_notify(chip, CONTROL, wish.bytes, wish.n_bytes);
            break;
        case SIM_SECURE_DISCONNECT:
            sim_chip_stop_advertising(chip);
            sim_chip_disconnect(chip, RIG_HCI_ERROR_REMOTE_USER);
            break;
        case SIM_SECURE_DO_RESET:
            sim_chip_line(chip, "bootloader: resets");
            sim_chip_reset(chip);
            break;
        }
    }
}

static void updater_services(const struct sim_chip *chip, struct sim_gatt_services *services)
{
    const struct sim_secure_config *config = boot_config(chip);
    enum sim_ble_security demand = config->requires_bonds ? SIM_BLE_ENCRYPTED : SIM_BLE_OPEN;

    services->softdevice = true;
    services->no_service_changed = !config->requires_bonds || own_of(chip)->config.updater_no_service_changed;
    services->whole_words = true;
    services->commands_per_interval = COMMANDS_PER_INTERVAL;
    services->n = 2;
    services->characteristics[PACKET] =
        (struct sim_gatt_characteristic){.service = "fe59",
                                         .uuid = RIG_DFU_PACKET_UUID,
                                         .properties = SIM_GATT_WRITE_COMMAND,
                                         .demand = demand,
                                         .max_bytes = SIM_SECURE_MAX_PACKET_BYTES};
    services->characteristics[CONTROL] =
        (struct sim_gatt_characteristic){.uuid = RIG_DFU_CONTROL_UUID,
                                         .properties = SIM_GATT_WRITE | SIM_GATT_NOTIFY,
                                         .demand = demand,
                                         .open_ccc = true,
                                         .max_bytes = SIM_SECURE_MAX_CONTROL_BYTES};
}

static uint8_t write_to_updater(struct sim_chip *chip, unsigned characteristic, const uint8_t *bytes,
                                size_t n_bytes)
{
    struct state *state = state_of(chip);
    uint64_t now_us = sim_chip_now_us(chip);

    if (characteristic == PACKET) {
        sim_secure_packet(boot_config(chip), &state->updater, chip->flash, bytes, n_bytes, now_us);
    } else {
        if (!(sim_chip_subscription(chip, CONTROL) & SIM_GATT_NOTIFIED))
            return RIG_DFU_ATT_CCC_IMPROPER;
        sim_secure_control(boot_config(chip), &state->updater, chip->flash, bytes, n_bytes, now_us);
    }
    go_on_soon(chip);
    return 0;
}

/* --- the application --- */

static void start_application(struct sim_chip *chip)
{
    const struct sim_nordic_map *map = &boot_config(chip)->map;
    struct state *state = state_of(chip);

    look(chip, &state->running);
    sim_nordic_load_bonds(chip, map->bootloader_at, map->page_bytes);
    (void)sim_nordic_start(chip, &state->running, TIMER_SELF_TEST);
}

static void store_bonds(struct sim_chip *chip)
{
    const struct sim_nordic_map *map = &boot_config(chip)->map;
    const struct sim_nordic_bank_0 bank = bank_0(chip);

    sim_nordic_store_bonds(chip, &bank, map->bootloader_at, map->page_bytes);
}

static void enter_bootloader(struct sim_chip *chip, bool by_register)
{
    struct state *state = state_of(chip);

    sim_chip_line(chip, "app: enters the bootloader");
    if (by_register)
        state->retained.gpregret = SIM_NORDIC_GPREGRET_DFU;
    if (own_of(chip)->config.app.buttonless == SIM_BUTTONLESS_WITH_BONDS &&
        !(own_of(chip)->config.app.defects & SIM_BUTTONLESS_CHANGE_NOT_TOLD))
        sim_chip_mark_change(chip);
    sim_chip_set_timer(chip, TIMER_RESET, sim_chip_now_us(chip) + ENTER_US);
    sim_chip_stop_advertising(chip);
    sim_chip_disconnect(chip, RIG_HCI_ERROR_REMOTE_USER);
}

static void grant(struct sim_chip *chip, enum sim_buttonless_wish wish)
{
    switch (wish) {
    case SIM_BUTTONLESS_NOTHING:
        break;
    case SIM_BUTTONLESS_HAND_OVER_PEER:
    case SIM_BUTTONLESS_HAND_OVER_NAME:
    case SIM_BUTTONLESS_MARK_SETTINGS:
        state_of(chip)->at_flash = wish;
        sim_chip_set_timer(chip, TIMER_FLASH, sim_chip_now_us(chip) + HAND_OVER_US);
        break;
    case SIM_BUTTONLESS_ENTER:
    case SIM_BUTTONLESS_ENTER_BY_SETTINGS:
        enter_bootloader(chip, wish == SIM_BUTTONLESS_ENTER);
        break;
    }
}

/* The application shares the bootloader's settings, and writes the whole page anew. */
static bool mark_settings(struct sim_chip *chip)
{
    const struct sim_nordic_map *map = &boot_config(chip)->map;
    bool old = boot_config(chip)->sdk != SIM_SECURE_SDK_15;
    size_t n_bytes = old ? RIG_NORDIC_SETTINGS_1_BYTES : RIG_NORDIC_SETTINGS_BYTES;
    uint8_t page[RIG_NORDIC_SETTINGS_BYTES];
    struct rig_nordic_settings settings;

    if (sim_flash_read(chip->flash, SIM_FLASH_INTERNAL, map->settings_at, page, sizeof page) != SIM_OK)
        return false;
    if (old)
        rig_nordic_settings_decode_1(page, &settings);
    else
        rig_nordic_settings_decode(page, &settings);
    settings.enter_buttonless = 1;
    rig_nordic_settings_seal(&settings);
    if (old)
        rig_nordic_settings_encode_1(&settings, page);
    else
        rig_nordic_settings_encode(&settings, page);
    return sim_flash_erase(chip->flash, SIM_FLASH_INTERNAL, map->settings_at, map->page_bytes) == SIM_OK &&
           sim_flash_write(chip->flash, SIM_FLASH_INTERNAL, map->settings_at, page, n_bytes) == SIM_OK;
}

/* A bootloader has the one call or the other, as it was built. */
static bool work_flash(struct sim_chip *chip, enum sim_buttonless_wish wish)
{
    const struct sim_secure_config *config = boot_config(chip);
    const struct sim_buttonless *buttonless = &state_of(chip)->buttonless;

    if (wish == SIM_BUTTONLESS_MARK_SETTINGS)
        return mark_settings(chip);
    if (wish == SIM_BUTTONLESS_HAND_OVER_PEER)
        return config->requires_bonds &&
               sim_secure_hand_over_peer(config, chip->flash, &buttonless->peer) == SIM_SECURE_HANDED_OVER;
    return !config->requires_bonds &&
           sim_secure_hand_over_name(config, chip->flash, (const char *)buttonless->name,
                                     buttonless->n_name) == SIM_SECURE_HANDED_OVER;
}

static void flash_in_application(struct sim_chip *chip)
{
    struct state *state = state_of(chip);
    bool success = work_flash(chip, state->at_flash);

    if (sim_flash_powered(chip->flash))
        grant(chip,
              sim_buttonless_flash_done(&state->buttonless, own_of(chip)->config.app.defects, chip, success));
}

/* --- what happens --- */

static void on_timer(struct sim_chip *chip, unsigned timer)
{
    const struct sim_app_personality personality = state_of(chip)->running.personality;
    bool in_updater = state_of(chip)->in_updater;

    switch ((enum timer)timer) {
    case TIMER_START:
        if (in_updater)
            start_updater(chip);
        else
            start_application(chip);
        break;
    case TIMER_SELF_TEST:
        sim_app_end_self_test(chip, &personality, TIMER_WATCHDOG, NULL);
        break;
    case TIMER_WATCHDOG:
    case TIMER_RESET:
        sim_chip_reset(chip);
        break;
    case TIMER_FLASH:
        if (in_updater)
            go_on(chip);
        else
            flash_in_application(chip);
        break;
    case TIMER_BONDS:
        store_bonds(chip);
        break;
    case TIMER_AIR:
        fulfil(chip);
        break;
    }
}

static void services(const struct sim_chip *chip, struct sim_gatt_services *services)
{
    const struct sim_nordic_app_config *app = &own_of(chip)->config.app;

    if (state_of(chip)->in_updater) {
        updater_services(chip, services);
        return;
    }
    sim_buttonless_services(app->buttonless, sim_chip_demand(chip),
                            chip->radio->defects & SIM_BLE_DEFECT_SERVES_UNENCRYPTED, services);
    services->no_service_changed = app->no_service_changed;
}

static uint8_t take_write(struct sim_chip *chip, unsigned characteristic, bool with_response,
                          const uint8_t *bytes, size_t n_bytes)
{
    const struct sim_nordic_app_config *app = &own_of(chip)->config.app;
    enum sim_buttonless_wish wish;
    uint8_t error;

    (void)with_response;
    if (state_of(chip)->in_updater)
        return write_to_updater(chip, characteristic, bytes, n_bytes);
    if (sim_buttonless_write(&state_of(chip)->buttonless, app->buttonless, app->defects, chip, bytes, n_bytes,
                             &wish, &error))
        grant(chip, wish);
    return error;
}

static enum sim_buttonless_wish sim_buttonless_confirmed(struct sim_buttonless *state, uint32_t defects)
{
    return state->waits_for_reset && !(defects & SIM_BUTTONLESS_STAYS) ? SIM_BUTTONLESS_ENTER
                                                                       : SIM_BUTTONLESS_NOTHING;
}

static void confirmed(struct sim_chip *chip, unsigned characteristic)
{
    struct state *state = state_of(chip);

    (void)characteristic;
    if (!state->in_updater)
        grant(chip, sim_buttonless_confirmed(&state->buttonless, own_of(chip)->config.app.defects));
}

/* The bootloader tells a bonded central each time; the application once for each change. */
static void secured(struct sim_chip *chip)
{
    const struct sim_bond *bond = sim_chip_bond(chip);

    if (state_of(chip)->in_updater ? boot_config(chip)->requires_bonds : bond && bond->change_pending)
        sim_chip_indicate_change(chip);
    if (!state_of(chip)->in_updater && sim_chip_has_bond_to_store(chip))
        sim_chip_set_timer(chip, TIMER_BONDS, sim_chip_now_us(chip) + STORE_US);
}

static void linked(struct sim_chip *chip, bool up)
{
    struct state *state = state_of(chip);

    if (!state->in_updater)
        return;
    sim_secure_linked(boot_config(chip), &state->updater, chip->flash, up);
    go_on_soon(chip);
}

/* --- what is seen from outside --- */

static void view(const struct sim_chip *chip, struct sim_image_view *view)
{
    struct sim_nordic_running running;

    look(chip, &running);
    sim_nordic_fill_view(&running, view);
}

static uint32_t bootloader_at(const struct sim_chip *chip)
{
    return boot_config(chip)->map.bootloader_at;
}

static uint32_t application_at(const struct sim_chip *chip)
{
    return sim_nordic_bank_0(&boot_config(chip)->map, chip->flash);
}

const struct sim_nordic_secure_config *sim_nordic_secure_config_of(const struct sim_board *board)
{
    return &own_of(sim_board_chip(board))->config;
}

bool sim_nordic_secure_teach(struct sim_board *board, const uint8_t hash[RIG_IMAGE_HASH_BYTES],
                             const struct sim_app_personality *personality)
{
    return sim_board_config(board)->firmware == &sim_nordic_secure &&
           sim_app_teach(&own_of(sim_board_chip(board))->lessons, hash, personality);
}

void sim_nordic_secure_hold_button(struct sim_board *board, bool held)
{
    state_of(sim_board_chip(board))->retained.button = held;
}

struct sim_nordic_retained sim_nordic_secure_retained(const struct sim_board *board)
{
    return state_of(sim_board_chip(board))->retained;
}

void sim_nordic_secure_set_gpregret(struct sim_board *board, uint8_t gpregret, uint8_t gpregret2)
{
    struct state *state = state_of(sim_board_chip(board));

    state->retained.gpregret = gpregret;
    state->retained.gpregret2 = gpregret2;
}

static uint8_t retained(const struct sim_chip *chip, unsigned number)
{
    const struct sim_nordic_retained *registers = &state_of(chip)->retained;

    return number == 0 ? registers->gpregret : registers->gpregret2;
}

static void retain(struct sim_chip *chip, unsigned number, uint8_t value)
{
    struct sim_nordic_retained *registers = &state_of(chip)->retained;

    *(number == 0 ? &registers->gpregret : &registers->gpregret2) = value;
}

const struct sim_firmware sim_nordic_secure = {
    .name = "nordic-secure",
    .state_bytes = sizeof(struct state),
    .make = make,
    .free = unmake,
    .copy_state = copy_state,
    .boot = boot,
    .timer = on_timer,
    .stopped = stopped,
    .view = view,
    .application_at = application_at,
    .bootloader_at = bootloader_at,
    .retained = retained,
    .retain = retain,
    .gatt = {.services = services,
             .write = take_write,
             .confirmed = confirmed,
             .secured = secured,
             .linked = linked},
};
