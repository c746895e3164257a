/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Power cuts: aimed at a flash operation, an instant or a console line. */
#include "sim/chip/state.h"

#include <string.h>

void sim_board_arm_cut(struct sim_board *board, const struct sim_cut *cut)
{
    struct board_cut *armed = &board->ram.cut;

    sim_board_disarm_cut(board);
    memset(armed, 0, sizeof *armed);
    armed->armed = true;
    armed->cut = *cut;
    armed->cut.pattern[sizeof armed->cut.pattern - 1] = '\0';
    armed->due_us = BOARD_NEVER;
    if (cut->kind == SIM_CUT_AT_OPERATION)
        sim_flash_arm_cut(board->flash, cut->operation, cut->form);
    else if (cut->kind == SIM_CUT_AFTER_TIME)
        armed->due_us = board_clock(board) + cut->delay_us;
}

void sim_board_disarm_cut(struct sim_board *board)
{
    sim_flash_disarm_cut(board->flash);
    board->ram.cut.armed = false;
    board->ram.cut.due_us = BOARD_NEVER;
}

struct sim_cut_report sim_board_cut_report(const struct sim_board *board)
{
    return board->ram.cut.report;
}

/* The firmware finds the flash dead at its next operation; the board dies when the firmware's turn ends. */
static void kill_power(struct sim_board *board)
{
    sim_flash_power(board->flash, false);
    board->ram.cut.report.fell = true;
    board->ram.cut.report.at_us = board_clock(board);
    board->ram.cut.armed = false;
    board->ram.cut.due_us = BOARD_NEVER;
}

void board_cut_fell(struct sim_board *board)
{
    if (board->ram.cut.armed)
        kill_power(board);
}

void board_cut_sees_line(struct sim_board *board, const char *line)
{
    struct board_cut *armed = &board->ram.cut;

    if (!armed->armed || armed->cut.kind != SIM_CUT_AT_CONSOLE || armed->due_us != BOARD_NEVER ||
        !strstr(line, armed->cut.pattern))
        return;
    if (armed->cut.delay_us == 0)
        kill_power(board);
    else
        armed->due_us = board_clock(board) + armed->cut.delay_us;
}

static void record(struct board_cut *armed, const struct sim_flash_operation *operation)
{
    struct sim_cut_report *report = &armed->report;

    report->operation = armed->n_operations++;
    report->operation_kind = operation->kind;
    report->device = operation->device;
    report->offset = operation->offset;
    report->n_bytes = operation->n_bytes;
    report->torn = operation->torn;
}

void board_cut_observe(void *board_at, const struct sim_flash_operation *operation)
{
    struct sim_board *board = board_at;
    struct board_cut *armed = &board->ram.cut;

    if (armed->armed) {
        record(armed, operation);
        if (!sim_flash_powered(board->flash)) {
            armed->report.at_operation = true;
            kill_power(board);
        } else if (armed->due_us <= board_clock(board)) {
            kill_power(board);
        }
    }
    if (board->observer)
        board->observer(board->observer_user, operation);
}
