/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What happens on the board when its time has come: boot, start, self-test, crash, reset, requests. */
#include "sim/chip/state.h"

#include <stdio.h>
#include <string.h>

/* A crash this soon after the start, this often in a row, and the board counts as hung: virtual time would
 * not get ahead. */
#define FAST_CRASH_US 100000u
#define MAX_FAST_CRASHES 8u

uint64_t board_clock(const struct sim_board *board)
{
    uint64_t busy_us = board->acting ? sim_flash_busy_us(board->flash) - board->busy_base_us : 0;

    return board->ram.now_us + busy_us;
}

void board_line(struct sim_board *board, const char *line)
{
    if (!sim_flash_powered(board->flash))
        return;
    if (board->console)
        board->console(board->console_user, board_clock(board), line);
    board_cut_sees_line(board, line);
}

static void clear_due(struct sim_board *board)
{
    for (unsigned i = 0; i < BOARD_N_EVENTS; i++)
        board->ram.due_us[i] = BOARD_NEVER;
}

/* What any kind of reset takes from the application. */
static void stop_application(struct sim_board *board)
{
    clear_due(board);
    memset(&board->ram.app, 0, sizeof board->ram.app);
    memset(&board->ram.running, 0, sizeof board->ram.running);
    sim_ble_die(&board->ram.ble, board_clock(board));
}

void board_die(struct sim_board *board)
{
    sim_flash_power(board->flash, false);
    stop_application(board);
    memset(&board->ram.retained, 0, sizeof board->ram.retained);
    board->ram.n_fast_crashes = 0;
    board->ram.powered = false;
    board->ram.state = SIM_BOARD_OFF;
}

void board_power_on(struct sim_board *board)
{
    sim_flash_power(board->flash, true);
    board->ram.powered = true;
    board->ram.state = SIM_BOARD_BOOTING;
    board->ram.boot_by_reset = false;
    board->ram.due_us[BOARD_EVENT_BOOT] = board->ram.now_us;
}

void board_reboot(struct sim_board *board)
{
    stop_application(board);
    board->ram.state = SIM_BOARD_BOOTING;
    board->ram.boot_by_reset = true;
    board->ram.due_us[BOARD_EVENT_BOOT] = board_clock(board);
}

static void hang(struct sim_board *board)
{
    stop_application(board);
    board->ram.state = SIM_BOARD_HUNG;
}

static void crash(struct sim_board *board)
{
    bool fast = board_clock(board) - board->ram.app_started_us <= FAST_CRASH_US;

    board->ram.n_fast_crashes = fast ? board->ram.n_fast_crashes + 1 : 0;
    if (board->ram.n_fast_crashes >= MAX_FAST_CRASHES)
        hang(board);
    else
        board_reboot(board);
}

static void log_line(void *board, char level, const char *line)
{
    char text[200];

    snprintf(text, sizeof text, "%c: %s", level, line);
    board_line(board, text);
}

static bool swapped(const struct sim_board *board, const struct sim_boot_result *result)
{
    for (unsigned image = 0; image < board->config.boot.n_images; image++) {
        enum rig_swap_type type = result->swap_type[image];

        if (result->resumed[image] || type == RIG_SWAP_TYPE_TEST || type == RIG_SWAP_TYPE_PERM ||
            type == RIG_SWAP_TYPE_REVERT)
            return true;
    }
    return false;
}

static void after_boot(struct sim_board *board, const struct sim_boot_result *result)
{
    switch (result->outcome) {
    case SIM_BOOT_RUNS:
        if ((board->ram.ble.config.defects & SIM_BLE_DEFECT_BOND_LOST_ON_UPDATE) && swapped(board, result))
            sim_ble_forget_bonds(&board->ram.ble);
        board->ram.due_us[BOARD_EVENT_APP_START] = board_clock(board) + board->config.app.boot_us;
        break;
    case SIM_BOOT_NO_IMAGE:
        board->ram.state = SIM_BOARD_NO_IMAGE;
        break;
    case SIM_BOOT_ASSERT:
    case SIM_BOOT_FLASH_FAULT:
    case SIM_BOOT_CRASH:
        board->ram.state = SIM_BOARD_HUNG;
        break;
    case SIM_BOOT_POWER_LOST:
        break;
    }
}

static void boot(struct sim_board *board)
{
    uint64_t n_before = sim_flash_n_operations(board->flash);
    struct sim_boot_result result;

    board->ram.n_boots++;
    board->ram.n_resets += board->ram.boot_by_reset;
    memset(&result, 0, sizeof result);
    if (board->config.boot_guest) {
        board_boot_foreign(board, log_line, &result);
    } else {
        board_line(board, "*** Booting MCUboot v2.3.0 ***");
        sim_boot_run(&board->config.boot, board->flash, board->ram.security_counter, log_line, board,
                     &result);
    }
    if (board->boot_seen)
        board->boot_seen(board->boot_user, board_clock(board), &result,
                         sim_flash_n_operations(board->flash) - n_before);
    after_boot(board, &result);
}

/* It needs no application, so nothing that is wrong with that one keeps it from running. */
static void start_updater(struct sim_board *board)
{
    board->ram.retained.updater_wanted = false;
    board->ram.state = SIM_BOARD_RUNNING;
    sim_ble_start(&board->ram.ble, true);
    board_line(board, "updater: advertising");
}

static void start_application(struct sim_board *board)
{
    char version[RIG_IMAGE_VERSION_TEXT_BYTES], line[64];
    struct sim_running *running = &board->ram.running;

    sim_app_look(&board->config.boot, board->flash, &board->memo, running);
    board_recall_personality(board, running);
    board->ram.app_started_us = board_clock(board);
    if (board->ram.retained.updater_wanted && board->config.ble.updater != SIM_BLE_UPDATER_NONE) {
        start_updater(board);
        return;
    }
    if (!running->has_image || !running->intact) {
        board_line(board, "E: ***** HARD FAULT *****");
        crash(board);
        return;
    }
    board->ram.state = SIM_BOARD_RUNNING;
    board_line(board, "*** Booting Zephyr OS build v4.4.0 ***");
    rig_image_version_format(&running->version, version);
    snprintf(line, sizeof line, "app: version %s", version);
    board_line(board, line);
    sim_ble_start(&board->ram.ble, false);
    board_line(board, "app: advertising");
    if (running->personality.behaviour != SIM_APP_NEVER_CONFIRMS)
        board->ram.due_us[BOARD_EVENT_SELF_TEST] = board_clock(board) + running->personality.self_test_us;
}

static void confirm_itself(struct sim_board *board)
{
    board_line(board, "app: self-test passed");
    for (unsigned image = 0; image < board->config.boot.n_images; image++) {
        if (sim_boot_set_confirmed(&board->config.boot, board->flash, image) != SIM_OK) {
            board_line(board, "app: confirm failed");
            return;
        }
    }
    board_line(board, "app: image confirmed");
}

static void self_test(struct sim_board *board)
{
    uint32_t watchdog_us = board->ram.running.personality.watchdog_us;

    switch (board->ram.running.personality.behaviour) {
    case SIM_APP_NEVER_CONFIRMS:
        break;
    case SIM_APP_CONFIRMS:
        confirm_itself(board);
        break;
    case SIM_APP_CRASHES:
        board_line(board, "app: fatal error, resetting");
        crash(board);
        break;
    case SIM_APP_HANGS:
        hang(board);
        if (watchdog_us > 0)
            board->ram.due_us[BOARD_EVENT_WATCHDOG] = board_clock(board) + watchdog_us;
        break;
    }
}

static void after_request(struct sim_board *board)
{
    if (board->ram.app.crash_wanted) {
        board_line(board, "app: fatal error, resetting");
        board->ram.n_fast_crashes = 0;
        board_reboot(board);
        return;
    }
    if (board->ram.app.reset_wanted && board->ram.due_us[BOARD_EVENT_RESET] == BOARD_NEVER)
        board->ram.due_us[BOARD_EVENT_RESET] = board_clock(board) + board->config.app.reset_delay_us;
}

static void serve(struct sim_board *board)
{
    struct sim_server server = {.config = &board->config.app,
                                .boot = &board->config.boot,
                                .flash = board->flash,
                                .app = &board->ram.app,
                                .retained = &board->ram.retained};
    uint8_t packet[RIG_SMP_MAX_MESSAGE_BYTES], answers[RIG_SMP_MAX_MESSAGE_BYTES];
    size_t n_packet;
    unsigned buffer = sim_ble_take_request(&board->ram.ble, packet, &n_packet);
    size_t n_answers = sim_server_input(&server, packet, n_packet, answers, sizeof answers);

    sim_ble_answer(&board->ram.ble, board_clock(board), buffer, answers, n_answers);
    after_request(board);
}

static void happen(struct sim_board *board, enum board_event event)
{
    switch (event) {
    case BOARD_EVENT_CUT:
        board_cut_fell(board);
        break;
    case BOARD_EVENT_LINK_LOST:
        sim_ble_lose(&board->ram.ble);
        break;
    case BOARD_EVENT_BOOT:
        boot(board);
        break;
    case BOARD_EVENT_APP_START:
        start_application(board);
        break;
    case BOARD_EVENT_SELF_TEST:
        self_test(board);
        break;
    case BOARD_EVENT_WATCHDOG:
    case BOARD_EVENT_RESET:
        board->ram.n_fast_crashes = 0;
        board_reboot(board);
        break;
    case BOARD_EVENT_REQUEST:
        serve(board);
        break;
    case BOARD_EVENT_NOTIFY:
        sim_ble_notify(&board->ram.ble, board->ram.now_us);
        break;
    case BOARD_EVENT_LATE_PDU:
        sim_ble_release(&board->ram.ble, board->ram.now_us);
        break;
    }
}

/* A cut by operation can fall without an observed operation (the one before which it falls). A callback may
 * have switched the board off in the middle of the firmware's turn, which then left things behind. */
static void die_if_cut(struct sim_board *board)
{
    if (board->ram.powered && sim_flash_powered(board->flash))
        return;
    if (board->ram.powered)
        board_cut_fell(board);
    board_die(board);
}

void board_act(struct sim_board *board, enum board_event event)
{
    uint32_t n_struck = board->ram.ble.faults.n_struck;

    board->busy_base_us = sim_flash_busy_us(board->flash);
    board->acting = true;
    board->ram.due_us[event] = BOARD_NEVER;
    happen(board, event);
    board->ram.now_us = board_clock(board);
    board->acting = false;
    board_tell_strike(board, n_struck);
    die_if_cut(board);
}
