/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The board's insides, for the files of this folder only. */
#ifndef SIM_BOARD_STATE_H
#define SIM_BOARD_STATE_H

#include "sim/firmware/mcuboot/app/app.h"
#include "sim/chip/ble/ble.h"
#include "sim/board.h"

#define BOARD_NEVER UINT64_MAX

/* What can be due. At the same instant the earlier one in this list goes first. */
enum board_event {
    BOARD_EVENT_CUT,
    BOARD_EVENT_LINK_LOST,
    BOARD_EVENT_BOOT,
    BOARD_EVENT_APP_START,
    BOARD_EVENT_SELF_TEST,
    BOARD_EVENT_WATCHDOG,
    BOARD_EVENT_RESET,
    BOARD_EVENT_REQUEST,
    BOARD_EVENT_NOTIFY,
    BOARD_EVENT_LATE_PDU,
};
#define BOARD_N_EVENTS 10

struct board_cut {
    bool armed;
    struct sim_cut cut;
    uint64_t due_us;       /* by time, or a console line's delay */
    uint64_t n_operations; /* since arming */
    struct sim_cut_report report;
};

/* Everything that a moment holds beside the flash contents: no pointers inside. */
struct board_ram {
    uint64_t now_us;
    enum sim_board_state state;
    bool powered;
    uint64_t due_us[BOARD_N_EVENTS]; /* of those that the radio does not keep itself */
    uint32_t n_boots, n_resets;
    bool boot_by_reset;
    uint32_t n_fast_crashes;
    uint64_t app_started_us;
    struct sim_running running;
    struct sim_app app;
    struct sim_app_retained retained;
    struct board_cut cut;
    uint32_t security_counter[SIM_BOOT_MAX_IMAGES];
    struct sim_ble ble; /* last: it is copied apart */
};

/* What sim_board_teach() said. */
struct sim_taught {
    uint8_t hash[RIG_IMAGE_HASH_BYTES];
    struct sim_app_personality personality;
};

struct sim_board {
    struct sim_board_config config;
    struct sim_flash *flash;
    struct board_ram ram;
    struct sim_boot_memo *boot_memo; /* the board's own, when the configuration brought none */
    struct sim_app_memo memo;        /* changes nothing but speed, so it is no part of a moment */
    struct sim_taught *taught;       /* outlives moments: it is about images, not about the board */
    size_t n_taught;
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
};

/* board.c: what was taught of this image counts before what its bytes say. */
void board_recall_personality(const struct sim_board *board, struct sim_running *running);

/* life.c */
void board_act(struct sim_board *board, enum board_event event);
void board_die(struct sim_board *board);
void board_reboot(struct sim_board *board);
void board_power_on(struct sim_board *board);
uint64_t board_clock(const struct sim_board *board);
void board_line(struct sim_board *board, const char *line);

/* radio.c: tells of a fault that struck since the faults had struck n_before PDUs. */
void board_tell_strike(struct sim_board *board, uint32_t n_before);

/* foreign.c: one boot of config.boot_guest, in the terms of the model. */
void board_boot_foreign(struct sim_board *board, void (*log)(void *user, char level, const char *line),
                        struct sim_boot_result *result);

/* cut.c */
void board_cut_sees_line(struct sim_board *board, const char *line);
void board_cut_observe(void *board, const struct sim_flash_operation *operation);
void board_cut_fell(struct sim_board *board);

#endif
