/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The chip: power, time and what is due in it, resets, power cuts, snapshots; what it is to its firmware. */
#include "sim/board.h"

#include "sim/chip/ble/ble.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define NEVER SIM_CHIP_NEVER
/* See sim_chip_crash(). */
#define FAST_CRASH_US 100000u
#define MAX_FAST_CRASHES 8u

/* What can be due. At the same instant the earlier one in this list goes first. */
enum event {
    EVENT_CUT,
    EVENT_LINK_LOST,
    EVENT_BOOT,
    EVENT_TIMER, /* the firmware's first one, and then the others */
    EVENT_LATE_PDU = EVENT_TIMER + SIM_FIRMWARE_MAX_TIMERS,
    EVENT_CONFIRMATION,
    EVENT_CHANGE,
    N_EVENTS
};

struct armed_cut {
    bool armed;
    struct sim_cut cut;
    uint64_t due_us;       /* by time, or a console line's delay */
    uint64_t n_operations; /* since arming */
    struct sim_cut_report report;
};

/* Everything that a snapshot holds beside the flash contents and the firmware's state. */
struct ram {
    uint64_t now_us;
    enum sim_board_state state;
    bool powered;
    uint64_t due_us[N_EVENTS]; /* of those that neither cut nor radio keep themselves */
    uint32_t n_boots, n_resets;
    bool boot_by_reset, boot_by_pin;
    bool button_held;
    uint32_t n_fast_crashes;
    uint64_t app_started_us;
    uint64_t erase_us; /* that erases took, since the board was made */
    struct armed_cut cut;
    struct sim_ble ble; /* last: it is copied apart */
};

struct sim_board {
    struct sim_board_config config;
    const struct sim_firmware *firmware;
    struct sim_chip chip;
    struct ram ram;
    bool acting; /* the firmware is at work: flash time counts as it passes */
    uint64_t busy_base_us;
    sim_console_line console;
    void *console_user;
    sim_boot_seen boot_seen;
    void *boot_user;
    sim_flash_observer observer;
    void *observer_user;
    sim_pdu_struck struck;
    void *struck_user;
    sim_message_sent sent;
    void *sent_user;
};

static uint64_t clock_of(const struct sim_board *board)
{
    uint64_t busy_us = board->acting ? sim_flash_busy_us(board->chip.flash) - board->busy_base_us : 0;

    return board->ram.now_us + busy_us;
}

/* --- power cuts --- */

void sim_board_arm_cut(struct sim_board *board, const struct sim_cut *cut)
{
    struct armed_cut *armed = &board->ram.cut;

    sim_board_disarm_cut(board);
    memset(armed, 0, sizeof *armed);
    armed->armed = true;
    armed->cut = *cut;
    armed->cut.pattern[sizeof armed->cut.pattern - 1] = '\0';
    armed->due_us = NEVER;
    if (cut->kind == SIM_CUT_AT_OPERATION)
        sim_flash_arm_cut(board->chip.flash, cut->operation, cut->form);
    else if (cut->kind == SIM_CUT_AFTER_TIME)
        armed->due_us = clock_of(board) + cut->delay_us;
}

void sim_board_disarm_cut(struct sim_board *board)
{
    sim_flash_disarm_cut(board->chip.flash);
    board->ram.cut.armed = false;
    board->ram.cut.due_us = NEVER;
}

struct sim_cut_report sim_board_cut_report(const struct sim_board *board)
{
    return board->ram.cut.report;
}

/* The firmware finds the flash dead at its next operation; the board dies when the firmware's turn ends. */
static void kill_power(struct sim_board *board)
{
    sim_flash_power(board->chip.flash, false);
    board->ram.cut.report.fell = true;
    board->ram.cut.report.at_us = clock_of(board);
    board->ram.cut.armed = false;
    board->ram.cut.due_us = NEVER;
}

static void cut_fell(struct sim_board *board)
{
    if (board->ram.cut.armed)
        kill_power(board);
}

static void cut_sees_line(struct sim_board *board, const char *line)
{
    struct armed_cut *armed = &board->ram.cut;

    if (!armed->armed || armed->cut.kind != SIM_CUT_AT_CONSOLE || armed->due_us != NEVER ||
        !strstr(line, armed->cut.pattern))
        return;
    if (armed->cut.delay_us == 0)
        kill_power(board);
    else
        armed->due_us = clock_of(board) + armed->cut.delay_us;
}

static void record(struct armed_cut *armed, const struct sim_flash_operation *operation)
{
    struct sim_cut_report *report = &armed->report;

    report->operation = armed->n_operations++;
    report->operation_kind = operation->kind;
    report->device = operation->device;
    report->offset = operation->offset;
    report->n_bytes = operation->n_bytes;
    report->torn = operation->torn;
}

static void observe(void *board_at, const struct sim_flash_operation *operation)
{
    struct sim_board *board = board_at;
    struct armed_cut *armed = &board->ram.cut;

    if (operation->kind == SIM_FLASH_ERASE)
        board->ram.erase_us += board->config.devices[operation->device].erase_us;
    if (armed->armed) {
        record(armed, operation);
        if (!sim_flash_powered(board->chip.flash)) {
            armed->report.at_operation = true;
            kill_power(board);
        } else if (armed->due_us <= clock_of(board)) {
            kill_power(board);
        }
    }
    if (board->observer)
        board->observer(board->observer_user, operation);
}

/* --- stopping and starting --- */

static void clear_due(struct sim_board *board)
{
    for (unsigned i = 0; i < N_EVENTS; i++)
        board->ram.due_us[i] = NEVER;
}

static void stop(struct sim_board *board, bool without_power)
{
    clear_due(board);
    board->firmware->stopped(&board->chip, without_power);
    sim_ble_die(&board->ram.ble, clock_of(board));
}

static void die(struct sim_board *board)
{
    sim_flash_power(board->chip.flash, false);
    stop(board, true);
    board->ram.n_fast_crashes = 0;
    board->ram.powered = false;
    board->ram.state = SIM_BOARD_OFF;
}

static void power_on(struct sim_board *board)
{
    sim_flash_power(board->chip.flash, true);
    board->ram.powered = true;
    board->ram.state = SIM_BOARD_BOOTING;
    board->ram.boot_by_reset = board->ram.boot_by_pin = false;
    board->ram.due_us[EVENT_BOOT] = board->ram.now_us;
}

static void reboot(struct sim_board *board)
{
    stop(board, false);
    board->ram.state = SIM_BOARD_BOOTING;
    board->ram.boot_by_reset = true;
    board->ram.boot_by_pin = false;
    board->ram.due_us[EVENT_BOOT] = clock_of(board);
}

static void boot(struct sim_board *board)
{
    uint64_t n_before = sim_flash_n_operations(board->chip.flash);
    struct sim_start start = {0};

    board->ram.n_boots++;
    board->ram.n_resets += board->ram.boot_by_reset;
    board->firmware->boot(&board->chip, &start);
    if (board->boot_seen)
        board->boot_seen(board->boot_user, clock_of(board), &start,
                         sim_flash_n_operations(board->chip.flash) - n_before);
}

/* --- time --- */

static void tell_strike(struct sim_board *board, uint32_t n_before)
{
    const struct sim_pdu_faults *faults = &board->ram.ble.faults;

    if (board->struck && faults->n_struck != n_before)
        board->struck(board->struck_user, clock_of(board), &faults->last);
}

static void tell_change(struct sim_ble *ble)
{
    ble->change_us = NEVER;
    sim_ble_indicate_change(ble);
}

static void happen(struct sim_board *board, unsigned event)
{
    if (event == EVENT_CUT)
        cut_fell(board);
    else if (event == EVENT_LINK_LOST)
        sim_ble_lose(&board->ram.ble);
    else if (event == EVENT_BOOT)
        boot(board);
    else if (event == EVENT_LATE_PDU)
        sim_ble_release(&board->ram.ble, board->ram.now_us);
    else if (event == EVENT_CONFIRMATION)
        sim_ble_take_confirmation(&board->ram.ble);
    else if (event == EVENT_CHANGE)
        tell_change(&board->ram.ble);
    else
        board->firmware->timer(&board->chip, event - EVENT_TIMER);
}

/* A cut by operation can fall without an observed operation (the one before which it falls). A callback may
 * have switched the board off in the middle of the firmware's turn, which then left things behind. */
static void die_if_cut(struct sim_board *board)
{
    if (board->ram.powered && sim_flash_powered(board->chip.flash))
        return;
    if (board->ram.powered)
        cut_fell(board);
    die(board);
}

static void act(struct sim_board *board, unsigned event)
{
    uint32_t n_struck = board->ram.ble.faults.n_struck;

    board->busy_base_us = sim_flash_busy_us(board->chip.flash);
    board->acting = true;
    board->ram.due_us[event] = NEVER;
    happen(board, event);
    board->ram.now_us = clock_of(board);
    board->acting = false;
    tell_strike(board, n_struck);
    die_if_cut(board);
}

static uint64_t due_of(const struct sim_board *board, unsigned event)
{
    switch (event) {
    case EVENT_CUT:
        return board->ram.powered ? board->ram.cut.due_us : NEVER;
    case EVENT_LINK_LOST:
        return board->ram.ble.lost_us;
    case EVENT_LATE_PDU:
        return sim_pdu_faults_due_us(&board->ram.ble.faults);
    case EVENT_CONFIRMATION:
        return board->ram.ble.confirm_us;
    case EVENT_CHANGE:
        return board->ram.ble.change_us;
    default:
        return board->ram.due_us[event];
    }
}

static unsigned first_due(const struct sim_board *board, uint64_t *at_us)
{
    unsigned first = EVENT_CUT;

    *at_us = NEVER;
    for (unsigned event = 0; event < N_EVENTS; event++) {
        uint64_t due_us = due_of(board, event);

        if (due_us < *at_us) {
            *at_us = due_us;
            first = event;
        }
    }
    return first;
}

uint64_t sim_board_due_us(const struct sim_board *board)
{
    uint64_t at_us;

    first_due(board, &at_us);
    return at_us;
}

bool sim_board_step(struct sim_board *board, uint64_t until_us)
{
    uint64_t at_us;
    unsigned event = first_due(board, &at_us);

    if (at_us == NEVER || at_us > until_us) {
        if (until_us > board->ram.now_us)
            board->ram.now_us = until_us;
        return false;
    }
    if (at_us > board->ram.now_us)
        board->ram.now_us = at_us;
    act(board, event);
    return true;
}

/* --- what the firmware asks for --- */

uint64_t sim_chip_now_us(const struct sim_chip *chip)
{
    return clock_of(chip->board);
}

void sim_chip_line(struct sim_chip *chip, const char *line)
{
    struct sim_board *board = chip->board;

    if (!sim_flash_powered(chip->flash))
        return;
    if (board->console)
        board->console(board->console_user, clock_of(board), line);
    cut_sees_line(board, line);
}

void sim_chip_send(struct sim_chip *chip, enum sim_wire wire, const uint8_t *bytes, size_t n_bytes)
{
    struct sim_board *board = chip->board;

    if (sim_flash_powered(chip->flash) && board->sent)
        board->sent(board->sent_user, clock_of(board), wire, bytes, n_bytes);
}

void sim_chip_set_timer(struct sim_chip *chip, unsigned timer, uint64_t at_us)
{
    chip->board->ram.due_us[EVENT_TIMER + timer] = at_us;
}

bool sim_chip_timer_is_set(const struct sim_chip *chip, unsigned timer)
{
    return chip->board->ram.due_us[EVENT_TIMER + timer] != NEVER;
}

void sim_chip_enter(struct sim_chip *chip, enum sim_board_state state)
{
    chip->board->ram.state = state;
}

void sim_chip_application_starts(struct sim_chip *chip)
{
    chip->board->ram.app_started_us = clock_of(chip->board);
}

void sim_chip_reset(struct sim_chip *chip)
{
    chip->board->ram.n_fast_crashes = 0;
    reboot(chip->board);
}

void sim_chip_crash(struct sim_chip *chip)
{
    struct ram *ram = &chip->board->ram;
    bool fast = clock_of(chip->board) - ram->app_started_us <= FAST_CRASH_US;

    ram->n_fast_crashes = fast ? ram->n_fast_crashes + 1 : 0;
    if (ram->n_fast_crashes >= MAX_FAST_CRASHES)
        sim_chip_hang(chip);
    else
        reboot(chip->board);
}

void sim_chip_hang(struct sim_chip *chip)
{
    stop(chip->board, false);
    chip->board->ram.state = SIM_BOARD_HUNG;
}

bool sim_chip_reset_by_pin(const struct sim_chip *chip)
{
    return chip->board->ram.boot_by_pin;
}

void sim_board_hold_button(struct sim_board *board, bool held)
{
    bool changes = board->ram.button_held != held;

    board->ram.button_held = held;
    if (changes && board->ram.state == SIM_BOARD_RUNNING && board->firmware->button)
        board->firmware->button(&board->chip, held);
}

void sim_chip_advertise(struct sim_chip *chip, const struct sim_ble_advertiser *advertiser)
{
    sim_ble_start(&chip->board->ram.ble, advertiser);
}

void sim_chip_stop_advertising(struct sim_chip *chip)
{
    chip->board->ram.ble.advertising = false;
}

enum sim_ble_security sim_chip_demand(const struct sim_chip *chip)
{
    return sim_ble_demands(&chip->board->ram.ble);
}

enum sim_gatt_subscription sim_chip_subscription(const struct sim_chip *chip, unsigned characteristic)
{
    return (enum sim_gatt_subscription)chip->board->ram.ble.subscribed[characteristic];
}

uint16_t sim_chip_mtu(const struct sim_chip *chip)
{
    return chip->board->ram.ble.mtu;
}

void sim_chip_notify(struct sim_chip *chip, unsigned characteristic, const uint8_t *bytes, size_t n_bytes)
{
    sim_ble_notify(&chip->board->ram.ble, chip->board->ram.now_us, characteristic, bytes, n_bytes);
}

bool sim_chip_indicate(struct sim_chip *chip, unsigned characteristic, const uint8_t *bytes, size_t n_bytes)
{
    return sim_ble_indicate(&chip->board->ram.ble, chip->board->ram.now_us, characteristic, bytes, n_bytes);
}

void sim_chip_notify_nonsense(struct sim_chip *chip, unsigned characteristic)
{
    sim_ble_notify_nonsense(&chip->board->ram.ble, characteristic);
}

/* The firmware ends it. */
static void sim_ble_hang_up(struct sim_ble *ble, enum sim_hci_reason reason)
{
    if (ble->alive && ble->has_host)
        ble->hung_up = (uint8_t)reason;
    sim_ble_disconnect(ble, reason);
}

void sim_chip_disconnect(struct sim_chip *chip, uint8_t hci_reason)
{
    sim_ble_hang_up(&chip->board->ram.ble, (enum sim_hci_reason)hci_reason);
}

void sim_chip_forget_bonds(struct sim_chip *chip)
{
    sim_ble_forget_bonds(&chip->board->ram.ble);
}

const struct sim_bond *sim_chip_bond(const struct sim_chip *chip)
{
    const struct sim_ble *ble = &chip->board->ram.ble;

    return ble->alive ? sim_ble_find_bond(ble, ble->central) : NULL;
}

bool sim_chip_has_bond_to_store(const struct sim_chip *chip)
{
    const struct sim_bond *bonds = chip->board->ram.ble.bonds;

    for (unsigned i = 0; i < SIM_BLE_MAX_BONDS; i++)
        if (bonds[i].used && !bonds[i].stored)
            return true;
    return false;
}

void sim_chip_drop_bonds_not_stored(struct sim_chip *chip)
{
    struct sim_bond *bonds = chip->board->ram.ble.bonds;

    for (unsigned i = 0; i < SIM_BLE_MAX_BONDS; i++)
        bonds[i].used = bonds[i].used && bonds[i].stored;
}

void sim_chip_bonds_are_stored(struct sim_chip *chip)
{
    for (unsigned i = 0; i < SIM_BLE_MAX_BONDS; i++)
        chip->board->ram.ble.bonds[i].stored = chip->board->ram.ble.bonds[i].used;
}

void sim_chip_mark_change(struct sim_chip *chip)
{
    sim_ble_mark_change(&chip->board->ram.ble);
}

void sim_chip_indicate_change(struct sim_chip *chip)
{
    sim_ble_indicate_change(&chip->board->ram.ble);
}

void sim_chip_services_changed(struct sim_chip *chip, bool tell)
{
    sim_ble_services_changed(&chip->board->ram.ble, clock_of(chip->board), tell);
}

/* --- making a board, and what can be seen of it --- */

const char *sim_board_state_name(enum sim_board_state state)
{
    static const char *const names[] = {"off", "booting", "running", "hung", "no image", "updater"};

    return (unsigned)state < sizeof names / sizeof *names ? names[state] : "unknown";
}

static const char *open_board(struct sim_board *board)
{
    const struct sim_board_config *config = &board->config;
    const char *why = "no memory";

    board->chip.board = board;
    board->chip.flash = sim_flash_new(config->devices, config->n_devices);
    if (!board->chip.flash)
        return "flash devices that cannot be, or no memory";
    sim_ble_init(&board->ram.ble, &config->ble, &board->firmware->gatt, &board->chip, config->seed);
    board->chip.radio = &board->ram.ble.config;
    board->chip.state = calloc(1, board->firmware->state_bytes);
    if (!board->chip.state)
        return why;
    if (!board->firmware->make)
        return NULL;
    board->chip.own = board->firmware->make(config->firmware_config, board->chip.flash, &why);
    return board->chip.own ? NULL : why;
}

struct sim_board *sim_board_new(const struct sim_board_config *config, const char **why)
{
    struct sim_board *board = calloc(1, sizeof *board);
    const char *fault = "no memory";

    if (board) {
        board->config = *config;
        board->firmware = config->firmware;
        fault = open_board(board);
    }
    if (fault) {
        sim_board_free(board);
        if (why)
            *why = fault;
        return NULL;
    }
    sim_flash_observe(board->chip.flash, observe, board);
    board->ram.cut.due_us = NEVER;
    die(board);
    return board;
}

void sim_board_free(struct sim_board *board)
{
    if (!board)
        return;
    if (board->chip.own)
        board->firmware->free(board->chip.own);
    free(board->chip.state);
    sim_flash_free(board->chip.flash);
    free(board);
}

const struct sim_board_config *sim_board_config(const struct sim_board *board)
{
    return &board->config;
}

const struct sim_chip *sim_board_chip(const struct sim_board *board)
{
    return &board->chip;
}

uint64_t sim_board_now_us(const struct sim_board *board)
{
    return clock_of(board);
}

void sim_board_on_console(struct sim_board *board, sim_console_line line, void *user)
{
    board->console = line;
    board->console_user = user;
}

void sim_board_on_boot(struct sim_board *board, sim_boot_seen seen, void *user)
{
    board->boot_seen = seen;
    board->boot_user = user;
}

void sim_board_on_flash(struct sim_board *board, sim_flash_observer observer, void *user)
{
    board->observer = observer;
    board->observer_user = user;
}

void sim_board_on_pdu_fault(struct sim_board *board, sim_pdu_struck struck, void *user)
{
    board->struck = struck;
    board->struck_user = user;
}

void sim_board_on_message(struct sim_board *board, sim_message_sent sent, void *user)
{
    board->sent = sent;
    board->sent_user = user;
}

void sim_board_send(struct sim_board *board, enum sim_wire wire, const uint8_t *bytes, size_t n_bytes)
{
    if (board->ram.powered && board->firmware->message)
        board->firmware->message(&board->chip, wire, bytes, n_bytes);
}

void sim_board_power(struct sim_board *board, bool on)
{
    if (on && !board->ram.powered)
        power_on(board);
    else if (!on && board->ram.powered)
        die(board);
}

bool sim_board_powered(const struct sim_board *board)
{
    return board->ram.powered;
}

void sim_board_reset(struct sim_board *board)
{
    board->ram.n_fast_crashes = 0;
    if (!board->ram.powered)
        return;
    reboot(board);
    board->ram.boot_by_pin = true;
}

struct sim_board_view sim_board_view(const struct sim_board *board)
{
    struct sim_board_view view = {
        .state = board->ram.state, .n_boots = board->ram.n_boots, .n_resets = board->ram.n_resets};

    board->firmware->view(&board->chip, &view.image);
    return view;
}

struct sim_flash *sim_board_flash(struct sim_board *board)
{
    return board->chip.flash;
}

struct sim_board_code sim_board_code(const struct sim_board *board)
{
    return (struct sim_board_code){
        .application_at = board->firmware->application_at(&board->chip),
        .bootloader_at = board->firmware->bootloader_at ? board->firmware->bootloader_at(&board->chip) : 0};
}

uint8_t sim_board_retained(const struct sim_board *board, unsigned number)
{
    return board->firmware->retained ? board->firmware->retained(&board->chip, number) : 0;
}

void sim_board_retain(struct sim_board *board, unsigned number, uint8_t value)
{
    if (board->firmware->retain)
        board->firmware->retain(&board->chip, number, value);
}

/* --- snapshots --- */

struct sim_snapshot {
    struct sim_flash_content *content;
    struct ram ram;
    _Alignas(max_align_t) uint8_t state[]; /* the firmware's */
};

static void copy_packet(struct sim_ble_packet *to, const struct sim_ble_packet *from)
{
    to->characteristic = from->characteristic;
    to->indicated = from->indicated;
    to->n_bytes = from->n_bytes;
    memcpy(to->bytes, from->bytes, from->n_bytes);
}

static void copy_faults(struct sim_pdu_faults *to, const struct sim_pdu_faults *from)
{
    memcpy(to, from, offsetof(struct sim_pdu_faults, held));
    memcpy(to->held, from->held, from->n_held * sizeof *from->held);
}

/* What a peripheral holds, without the rooms that are empty now: most of the struct's bytes are. */
static void sim_ble_copy(struct sim_ble *to, const struct sim_ble *from)
{
    memcpy(to, from, offsetof(struct sim_ble, faults));
    copy_faults(&to->faults, &from->faults);
    to->first_arrived = from->first_arrived;
    to->n_arrived = from->n_arrived;
    for (unsigned i = 0; i < from->n_arrived; i++) {
        unsigned at = (from->first_arrived + i) % SIM_BLE_MAX_ARRIVED;

        copy_packet(&to->arrived[at], &from->arrived[at]);
    }
}

static void copy_ram(struct ram *to, const struct ram *from)
{
    memcpy(to, from, offsetof(struct ram, ble));
    sim_ble_copy(&to->ble, &from->ble);
}

static void copy_state(const struct sim_board *board, void *to, const void *from)
{
    if (board->firmware->copy_state)
        board->firmware->copy_state(to, from);
    else
        memcpy(to, from, board->firmware->state_bytes);
}

struct sim_snapshot *sim_board_save(const struct sim_board *board)
{
    struct sim_snapshot *snapshot = malloc(sizeof *snapshot + board->firmware->state_bytes);

    if (!snapshot)
        return NULL;
    snapshot->content = sim_flash_keep(board->chip.flash);
    if (!snapshot->content) {
        free(snapshot);
        return NULL;
    }
    copy_ram(&snapshot->ram, &board->ram);
    copy_state(board, snapshot->state, board->chip.state);
    return snapshot;
}

void sim_board_restore(struct sim_board *board, const struct sim_snapshot *snapshot)
{
    const struct armed_cut *cut = &snapshot->ram.cut;

    copy_ram(&board->ram, &snapshot->ram);
    copy_state(board, board->chip.state, snapshot->state);
    sim_flash_restore(board->chip.flash, snapshot->content);
    sim_flash_power(board->chip.flash, snapshot->ram.powered);
    sim_flash_disarm_cut(board->chip.flash);
    if (cut->armed && cut->cut.kind == SIM_CUT_AT_OPERATION)
        sim_flash_arm_cut(board->chip.flash, cut->cut.operation - cut->n_operations, cut->cut.form);
}

void sim_snapshot_free(struct sim_snapshot *snapshot)
{
    if (!snapshot)
        return;
    sim_flash_content_free(snapshot->content);
    free(snapshot);
}

/* --- the central's writes: they take their time --- */

/* Commands one after the other arrive at the pace of the air, whatever the board does meanwhile: while its
 * flash is written several may come. While a page is erased the core stands still, and the radio with it. */
static void await_air(struct sim_board *board)
{
    struct sim_ble *ble = &board->ram.ble;
    unsigned n_commands = ble->services.commands_per_interval;

    if (n_commands == 0 || ble->has_host || !ble->alive)
        return;
    if (ble->air_left_us != board->ram.now_us)
        ble->air_us = board->ram.now_us; /* the central had paused */
    else
        ble->air_us += board->ram.erase_us - ble->air_erase_us;
    ble->air_us += ble->config.connection_interval_us / n_commands;
    ble->air_erase_us = board->ram.erase_us;
    while (sim_board_step(board, ble->air_us)) {
        ble->air_us += board->ram.erase_us - ble->air_erase_us;
        ble->air_erase_us = board->ram.erase_us;
    }
    ble->air_left_us = board->ram.now_us;
}

enum sim_ble_outcome sim_board_ble_write(struct sim_board *board, unsigned characteristic, bool with_response,
                                         const uint8_t *bytes, size_t n_bytes)
{
    uint32_t n_struck;
    enum sim_ble_outcome outcome;

    if (!with_response)
        await_air(board);
    n_struck = board->ram.ble.faults.n_struck;
    outcome =
        sim_ble_write(&board->ram.ble, board->ram.now_us, characteristic, with_response, bytes, n_bytes);

    tell_strike(board, n_struck);
    return outcome;
}

struct sim_ble *sim_board_ble(struct sim_board *board)
{
    return &board->ram.ble;
}
