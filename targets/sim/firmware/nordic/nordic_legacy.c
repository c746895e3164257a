/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The legacy bootloader and its application on their chip: what of them goes over the radio, and how one
 * leads into the other. */
#include "sim/firmware/nordic/nordic_legacy.h"

#include "base/bytes.h"
#include "protocol/ble/codes.h"
#include "sim/firmware/nordic/application.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_BOOT_US 100000u
#define DEFAULT_UPDATER_NAME "DfuTarg"
/* What the SDK's examples wait between the disconnection and the jump. */
#define JUMP_US 500000u
/* Between a new bond and the flash's turn. */
#define STORE_US 5000u
/* Directed advertising, 50 times 1.28 s; then the bootloader gives up. */
#define DIRECTED_US 64000000u
#define COMMANDS_PER_INTERVAL 6u
#define DEVICE_INFORMATION_UUID "180a"
#define MANUFACTURER_UUID "2a29"
#define MANUFACTURER_NAME "bootrig"

enum timer {
    TIMER_START, /* of application or updater */
    TIMER_SELF_TEST,
    TIMER_WATCHDOG,
    TIMER_RESET,
    TIMER_FLASH, /* the bootloader's queue and its patience */
    TIMER_BONDS, /* the application's flash gets to a new bond */
    TIMER_DIRECTED,
    TIMER_AIR, /* what has to be said leaves with the next connection event */
};

/* Of the DFU service, which application and bootloader have alike; the application has another one before it,
 * so that its table is not the bootloader's. */
enum { PACKET, CONTROL, VERSION };
#define MANUFACTURER 0u
#define N_BEFORE_DFU 1u

/* Outlives snapshots: what was taught is about images; hashes and seals change nothing but speed. */
struct own {
    struct sim_nordic_legacy_config config;
    struct sim_app_lessons lessons;
    struct sim_nordic_hashes memo;
    struct sim_nordic_seal_memo seals;
    struct sim_legacy_start start; /* of the last run */
};

struct state {
    struct sim_legacy_retained retained;
    bool handed_over; /* through RAM: an address at least */
    bool handed_bond;
    struct rig_nordic_peer peer;
    bool in_updater;
    bool directed; /* it advertises to the peer that it was handed */
    struct sim_nordic_running running;
    struct sim_legacy_answer answer; /* of the application: that it does not know what was written */
    struct sim_legacy updater;       /* last: copied while it runs only */
};

static struct own *own_of(const struct sim_chip *chip)
{
    return chip->own;
}

static struct state *state_of(const struct sim_chip *chip)
{
    return chip->state;
}

static const struct sim_legacy_config *boot_config(const struct sim_chip *chip)
{
    return &own_of(chip)->config.boot;
}

static const struct sim_legacy_app_config *app_config(const struct sim_chip *chip)
{
    return &own_of(chip)->config.app;
}

/* Its number in the table of what runs. */
static unsigned number_of(const struct sim_chip *chip, unsigned characteristic)
{
    return characteristic + (state_of(chip)->in_updater ? 0 : N_BEFORE_DFU);
}

const char *sim_legacy_app_defect_name(unsigned bit)
{
    static const char *const names[SIM_LEGACY_N_APP_DEFECTS] = {"jump-stays", "jump-without-bond",
                                                                "jump-not-told"};

    return bit < SIM_LEGACY_N_APP_DEFECTS ? names[bit] : NULL;
}

/* --- making it --- */

static void *make(const void *config, const struct sim_flash *flash, const char **why)
{
    struct own *own = calloc(1, sizeof *own);
    const char *fault;

    if (!own)
        return NULL;
    own->config = *(const struct sim_nordic_legacy_config *)config;
    own->config.boot.memo = &own->seals;
    if (own->config.app.boot_us == 0)
        own->config.app.boot_us = DEFAULT_BOOT_US;
    if (!own->config.updater_name[0])
        memcpy(own->config.updater_name, DEFAULT_UPDATER_NAME, sizeof DEFAULT_UPDATER_NAME);
    own->config.updater_name[sizeof own->config.updater_name - 1] = '\0';
    fault = sim_legacy_check(&own->config.boot, flash);
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

/* Recorded nowhere but in the application itself. */
static uint32_t version_of(const struct sim_flash *flash, uint32_t at)
{
    uint8_t bytes[4];
    uint32_t version = 0;

    if (sim_flash_peek(flash, SIM_FLASH_INTERNAL, at + RIG_NORDIC_VERSION_AT, bytes, sizeof bytes) == SIM_OK)
        version = rig_get_le32(bytes);
    return version <= RIG_NORDIC_MAX_VERSION ? version : 0;
}

/* The settings keep the size of what they called valid, which is not that of what was copied over it since:
 * the image's own seal knows. */
static struct sim_nordic_bank_0 bank_0(const struct sim_chip *chip)
{
    const struct sim_legacy_config *config = boot_config(chip);
    struct sim_nordic_bank_0 bank = {.at = sim_legacy_bank_0(config, chip->flash)};
    uint8_t page[RIG_LEGACY_SETTINGS_BYTES];
    struct rig_legacy_settings settings;
    uint32_t sealed;

    if (bank.at == 0 ||
        sim_flash_peek(chip->flash, SIM_FLASH_INTERNAL, config->map.settings_at, page, sizeof page) != SIM_OK)
        return bank;
    rig_legacy_settings_decode(page, config->adafruit, &settings);
    bank.valid = settings.bank_0 == RIG_LEGACY_BANK_APPLICATION;
    bank.n_bytes = settings.bank_0_bytes;
    if (sim_nordic_sealed_bytes(chip->flash, bank.at, config->map.bootloader_at - bank.at, &sealed)) {
        bank.n_bytes = sealed;
        bank.firmware_version = version_of(chip->flash, bank.at);
    }
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

static void tell(struct sim_chip *chip, const char *what, enum sim_legacy_reason reason)
{
    char line[160];

    snprintf(line, sizeof line, "bootloader: %s: %s", what, sim_legacy_reason_text(reason));
    sim_chip_line(chip, line);
}

static void after_boot(struct sim_chip *chip, const struct sim_legacy_start *start)
{
    uint64_t now_us = sim_chip_now_us(chip);

    switch (start->outcome) {
    case SIM_LEGACY_APPLICATION:
        sim_chip_line(chip, "bootloader: starts the application");
        sim_chip_set_timer(chip, TIMER_START, now_us + app_config(chip)->boot_us);
        break;
    case SIM_LEGACY_UPDATER:
        state_of(chip)->in_updater = true;
        tell(chip, "waits for an update", start->reason);
        sim_chip_set_timer(chip, TIMER_START, now_us);
        break;
    case SIM_LEGACY_FAULT:
        tell(chip, "stopped", start->reason);
        sim_chip_enter(chip, SIM_BOARD_HUNG);
        break;
    case SIM_LEGACY_POWER_LOST:
        break;
    }
}

static void boot(struct sim_chip *chip, struct sim_start *start)
{
    struct sim_legacy_start *account = &own_of(chip)->start;

    sim_chip_line(chip, "bootloader: inside main");
    sim_legacy_boot(boot_config(chip), chip->flash, &state_of(chip)->retained, account);
    *start =
        (struct sim_start){.application = account->outcome == SIM_LEGACY_APPLICATION, .account = account};
    after_boot(chip, account);
}

/* The jump into the bootloader leaves the RAM that is handed over; so does a reset. */
static void stopped(struct sim_chip *chip, bool without_power)
{
    struct state *state = state_of(chip);
    const struct state before = *state;

    memset(state, 0, sizeof *state);
    state->retained.button = before.retained.button;
    if (without_power)
        return;
    state->retained.gpregret = before.retained.gpregret;
    state->retained.from_updater = before.retained.from_updater;
    state->handed_over = before.handed_over;
    state->handed_bond = before.handed_bond;
    state->peer = before.peer;
}

/* --- the updater --- */

static void schedule_air(struct sim_chip *chip)
{
    uint64_t n_events = state_of(chip)->in_updater ? 1u + own_of(chip)->config.slave_latency : 1;

    if (!sim_chip_timer_is_set(chip, TIMER_AIR))
        sim_chip_set_timer(chip, TIMER_AIR,
                           sim_chip_now_us(chip) + n_events * chip->radio->connection_interval_us);
}

/* An assertion, or what it came to an end by: with the reset goes what was to be said, the disconnection
 * too. */
static void end_updater(struct sim_chip *chip)
{
    struct state *state = state_of(chip);

    state->retained.gpregret = state->updater.gpregret;
    state->retained.from_updater = !state->updater.fault;
    if (state->updater.closing && chip->radio->defects & SIM_BLE_DEFECT_BOND_LOST_ON_UPDATE)
        sim_chip_forget_bonds(chip);
    sim_chip_line(chip, state->updater.fault ? "bootloader: assertion, resets" : "bootloader: resets");
    if (state->updater.fault)
        sim_chip_crash(chip);
    else
        sim_chip_reset(chip);
}

static void go_on(struct sim_chip *chip)
{
    const struct state *state = state_of(chip);

    if (state->updater.reset) {
        end_updater(chip);
        return;
    }
    sim_chip_set_timer(chip, TIMER_FLASH, sim_legacy_due_us(&state->updater));
    if (state->updater.n_answers > 0 || state->updater.disconnect)
        schedule_air(chip);
}

static void work_on(struct sim_chip *chip)
{
    sim_legacy_due(boot_config(chip), chip->flash, &state_of(chip)->updater, sim_chip_now_us(chip));
    if (sim_flash_powered(chip->flash))
        go_on(chip);
}

/* One that cannot be sent, for nobody is subscribed any more, is an assertion like one without a link. */
static void fulfil(struct sim_chip *chip)
{
    struct sim_legacy *updater = &state_of(chip)->updater;
    const struct sim_legacy sent = *updater;

    updater->n_answers = 0;
    updater->disconnect = false;
    for (unsigned i = 0; i < sent.n_answers && updater->running; i++) {
        if (!(sim_chip_subscription(chip, number_of(chip, CONTROL)) & SIM_GATT_NOTIFIED)) {
            updater->reset = updater->fault = true;
            end_updater(chip);
            return;
        }
        sim_chip_notify(chip, number_of(chip, CONTROL), sent.answers[i].bytes, sent.answers[i].n_bytes);
    }
    if (!sent.disconnect || !updater->running)
        return;
    sim_chip_stop_advertising(chip);
    sim_chip_disconnect(chip, RIG_HCI_ERROR_REMOTE_USER);
}

/* A peer that gave an identity key is let in by an accept list, without an end. */
static bool knows_peer_by_irk(const struct state *state)
{
    static const uint8_t none[sizeof state->peer.irk];

    return state->handed_bond && memcmp(state->peer.irk, none, sizeof none) != 0;
}

static void wait_for_peer(struct sim_chip *chip)
{
    if (state_of(chip)->directed)
        sim_chip_set_timer(chip, TIMER_DIRECTED, sim_chip_now_us(chip) + DIRECTED_US);
}

static void start_updater(struct sim_chip *chip)
{
    const struct own *own = own_of(chip);
    struct state *state = state_of(chip);
    struct sim_ble_advertiser advertiser = {.without_bonds = true};

    sim_legacy_enter(&own->config.boot, &state->updater, sim_chip_now_us(chip));
    sim_chip_enter(chip, SIM_BOARD_UPDATER);
    sim_chip_set_timer(chip, TIMER_FLASH, sim_legacy_due_us(&state->updater));
    if (own->start.serial_only) {
        sim_chip_line(chip, "bootloader: no radio, waits on its serial port");
        return;
    }
    memcpy(advertiser.name, own->config.updater_name, sizeof advertiser.name);
    advertiser.next_address = !state->handed_over && own->config.place == SIM_LEGACY_AT_NEXT_ADDRESS;
    state->handed_bond = state->handed_bond && state->handed_over;
    if (state->handed_bond)
        sim_nordic_advertiser_for(&state->peer, &advertiser);
    state->directed = state->handed_over && !knows_peer_by_irk(state) && !own->config.boot.adafruit;
    wait_for_peer(chip);
    state->handed_over = false; /* it is taken once */
    sim_chip_advertise(chip, &advertiser);
    sim_chip_line(chip, "bootloader: advertising");
}

static uint8_t write_to_updater(struct sim_chip *chip, unsigned characteristic, const uint8_t *bytes,
                                size_t n_bytes)
{
    struct sim_legacy *updater = &state_of(chip)->updater;
    uint64_t now_us = sim_chip_now_us(chip);

    if (characteristic == PACKET)
        sim_legacy_packet(boot_config(chip), chip->flash, updater, bytes, n_bytes, now_us);
    else if (sim_chip_subscription(chip, number_of(chip, CONTROL)) & SIM_GATT_NOTIFIED)
        sim_legacy_control(boot_config(chip), chip->flash, updater, bytes, n_bytes, now_us);
    else
        return RIG_DFU_ATT_CCC_IMPROPER;
    /* A reset comes in the chip's own time, not in that of the write. */
    if (updater->reset)
        sim_chip_set_timer(chip, TIMER_FLASH, now_us);
    else
        go_on(chip);
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

/* Without a bond the address of who is connected goes over alone: the bootloader stays at its own address. */
static void jump(struct sim_chip *chip)
{
    struct state *state = state_of(chip);
    const struct sim_legacy_app_config *app = app_config(chip);

    sim_chip_line(chip, "app: jumps into the bootloader");
    state->retained.gpregret = SIM_LEGACY_GPREGRET_DFU;
    if (app->hands_over && !(app->defects & SIM_LEGACY_JUMP_WITHOUT_BOND)) {
        state->handed_over = true;
        state->handed_bond = sim_nordic_take_peer(chip, &state->peer);
    }
    if (sim_chip_bond(chip) && !(app->defects & SIM_LEGACY_JUMP_NOT_TOLD))
        sim_chip_mark_change(chip);
    sim_chip_set_timer(chip, TIMER_RESET, sim_chip_now_us(chip) + JUMP_US);
    sim_chip_stop_advertising(chip);
    sim_chip_disconnect(chip, RIG_HCI_ERROR_REMOTE_USER);
}

static void answer_later(struct sim_chip *chip, uint8_t op, enum rig_legacy_status status)
{
    struct state *state = state_of(chip);

    state->answer.n_bytes = 3;
    state->answer.bytes[0] = RIG_LEGACY_RESPONSE;
    state->answer.bytes[1] = op;
    state->answer.bytes[2] = (uint8_t)status;
    schedule_air(chip);
}

/* The service is the bootloader's own: what it takes apart comes to an application that knows start alone,
 * and answers all else as a start that is not supported. */
static void take_op(struct sim_chip *chip, const uint8_t *bytes, size_t n_bytes)
{
    bool has_parameter = n_bytes >= (bytes[0] == RIG_LEGACY_SET_PRN ? 3u : 2u);

    switch (bytes[0]) {
    case RIG_LEGACY_START:
        if (!has_parameter)
            answer_later(chip, bytes[0], RIG_LEGACY_FAILED);
        else if (!(app_config(chip)->defects & SIM_LEGACY_JUMP_STAYS))
            jump(chip);
        break;
    case RIG_LEGACY_INIT:
        answer_later(chip, has_parameter ? RIG_LEGACY_START : bytes[0],
                     has_parameter ? RIG_LEGACY_NOT_SUPPORTED : RIG_LEGACY_FAILED);
        break;
    case RIG_LEGACY_SET_PRN:
        answer_later(chip, has_parameter ? RIG_LEGACY_START : bytes[0], RIG_LEGACY_NOT_SUPPORTED);
        break;
    case RIG_LEGACY_RECEIVE:
    case RIG_LEGACY_VALIDATE:
    case RIG_LEGACY_ACTIVATE:
    case RIG_LEGACY_RESET:
    case RIG_LEGACY_REPORT_SIZE:
        answer_later(chip, RIG_LEGACY_START, RIG_LEGACY_NOT_SUPPORTED);
        break;
    default:
        answer_later(chip, bytes[0], RIG_LEGACY_NOT_SUPPORTED);
        break;
    }
}

static uint8_t write_to_application(struct sim_chip *chip, unsigned characteristic, const uint8_t *bytes,
                                    size_t n_bytes)
{
    if (sim_chip_timer_is_set(chip, TIMER_RESET) || n_bytes == 0)
        return 0;
    if (characteristic == PACKET)
        answer_later(chip, RIG_LEGACY_START, RIG_LEGACY_NOT_SUPPORTED);
    else if (sim_chip_subscription(chip, number_of(chip, CONTROL)) & SIM_GATT_NOTIFIED)
        take_op(chip, bytes, n_bytes);
    else
        return RIG_DFU_ATT_CCC_IMPROPER;
    return 0;
}

static void send_answer(struct sim_chip *chip)
{
    const struct sim_legacy_answer *answer = &state_of(chip)->answer;

    if (sim_chip_subscription(chip, number_of(chip, CONTROL)) & SIM_GATT_NOTIFIED)
        sim_chip_notify(chip, number_of(chip, CONTROL), answer->bytes, answer->n_bytes);
    else
        sim_chip_crash(chip);
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
        work_on(chip);
        break;
    case TIMER_BONDS:
        store_bonds(chip);
        break;
    case TIMER_DIRECTED:
        sim_chip_line(chip, "bootloader: nobody came, resets");
        state_of(chip)->retained.from_updater = true;
        sim_chip_reset(chip);
        break;
    case TIMER_AIR:
        if (in_updater)
            fulfil(chip);
        else
            send_answer(chip);
        break;
    }
}

static void dfu_service(const struct sim_chip *chip, struct sim_gatt_characteristic *characteristics)
{
    bool in_updater = state_of(chip)->in_updater;

    characteristics[PACKET] = (struct sim_gatt_characteristic){.service = RIG_LEGACY_SERVICE_UUID,
                                                               .uuid = RIG_LEGACY_PACKET_UUID,
                                                               .properties = SIM_GATT_WRITE_COMMAND,
                                                               .max_bytes = boot_config(chip)->packet_bytes};
    characteristics[CONTROL] =
        (struct sim_gatt_characteristic){.uuid = RIG_LEGACY_CONTROL_UUID,
                                         .properties = SIM_GATT_WRITE | SIM_GATT_NOTIFY,
                                         .demand = in_updater ? SIM_BLE_OPEN : sim_chip_demand(chip),
                                         .max_bytes = SIM_BLE_MIN_MTU};
    characteristics[VERSION] =
        (struct sim_gatt_characteristic){.uuid = RIG_LEGACY_VERSION_UUID, .properties = SIM_GATT_READ};
}

static void services(const struct sim_chip *chip, struct sim_gatt_services *services)
{
    bool in_updater = state_of(chip)->in_updater;

    services->softdevice = true;
    services->no_service_changed = app_config(chip)->no_service_changed;
    services->commands_per_interval = COMMANDS_PER_INTERVAL;
    if (!in_updater)
        services->characteristics[services->n++] = (struct sim_gatt_characteristic){
            .service = DEVICE_INFORMATION_UUID, .uuid = MANUFACTURER_UUID, .properties = SIM_GATT_READ};
    if (!in_updater && !app_config(chip)->buttonless)
        return;
    dfu_service(chip, services->characteristics + services->n);
    services->n += in_updater && boot_config(chip)->version == 0 ? 2 : 3;
}

static uint8_t take_write(struct sim_chip *chip, unsigned characteristic, bool with_response,
                          const uint8_t *bytes, size_t n_bytes)
{
    (void)with_response;
    return state_of(chip)->in_updater
               ? write_to_updater(chip, characteristic, bytes, n_bytes)
               : write_to_application(chip, characteristic - N_BEFORE_DFU, bytes, n_bytes);
}

static uint8_t take_read(struct sim_chip *chip, unsigned characteristic, uint8_t *bytes, size_t *n_bytes)
{
    (void)characteristic;
    rig_put_le16(bytes,
                 state_of(chip)->in_updater ? boot_config(chip)->version : RIG_LEGACY_BUTTONLESS_APPLICATION);
    *n_bytes = 2;
    return 0;
}

/* The bootloader tells a bonded central each time; the application once for each change. */
static void secured(struct sim_chip *chip)
{
    const struct sim_bond *bond = sim_chip_bond(chip);

    if (state_of(chip)->in_updater ? state_of(chip)->handed_bond : bond && bond->change_pending)
        sim_chip_indicate_change(chip);
    if (!state_of(chip)->in_updater && sim_chip_has_bond_to_store(chip))
        sim_chip_set_timer(chip, TIMER_BONDS, sim_chip_now_us(chip) + STORE_US);
}

static void linked(struct sim_chip *chip, bool up)
{
    struct state *state = state_of(chip);

    if (!up)
        sim_chip_set_timer(chip, TIMER_AIR, SIM_CHIP_NEVER);
    if (!state->in_updater)
        return;
    sim_legacy_link(&state->updater, up);
    if (up)
        sim_chip_set_timer(chip, TIMER_DIRECTED, SIM_CHIP_NEVER);
    else
        wait_for_peer(chip);
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
    return sim_legacy_bank_0(boot_config(chip), chip->flash);
}

const struct sim_nordic_legacy_config *sim_nordic_legacy_config_of(const struct sim_board *board)
{
    return &own_of(sim_board_chip(board))->config;
}

bool sim_nordic_legacy_teach(struct sim_board *board, const uint8_t hash[RIG_IMAGE_HASH_BYTES],
                             const struct sim_app_personality *personality)
{
    return sim_board_config(board)->firmware == &sim_nordic_legacy &&
           sim_app_teach(&own_of(sim_board_chip(board))->lessons, hash, personality);
}

void sim_nordic_legacy_hold_button(struct sim_board *board, bool held)
{
    state_of(sim_board_chip(board))->retained.button = held;
}

/* An nRF51 has no GPREGRET2, and this bootloader looks at none. */
static uint8_t retained(const struct sim_chip *chip, unsigned number)
{
    return number == 0 ? state_of(chip)->retained.gpregret : 0;
}

static void retain(struct sim_chip *chip, unsigned number, uint8_t value)
{
    if (number == 0)
        state_of(chip)->retained.gpregret = value;
}

const struct sim_firmware sim_nordic_legacy = {
    .name = "nordic-legacy",
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
    .gatt =
        {.services = services, .write = take_write, .read = take_read, .secured = secured, .linked = linked},
};
