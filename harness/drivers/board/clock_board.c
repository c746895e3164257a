/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The wall's clock as a board: see clock_board.h. */
#include "drivers/board/clock_board.h"

#include "base/error.h"

#define TICK_MS 100 /* so soon is an interruption noticed */

guint64 rig_clock_now_us(struct rig_board *board)
{
    return (guint64)(g_get_monotonic_time() - ((struct rig_clock_board *)board)->origin_us);
}

bool rig_clock_wait(struct rig_board *board, guint64 until_us, bool *happened, GError **error)
{
    guint64 now_us = rig_clock_now_us(board);
    guint64 left_ms = until_us > now_us ? (until_us - now_us) / 1000 + 1 : 0;

    *happened = false;
    if (board->interrupted && *board->interrupted) {
        g_set_error_literal(error, RIG_ERROR, RIG_ERROR_INTERRUPTED, "interrupted");
        return false;
    }
    rig_board_idle(board, (guint)MIN(left_ms, TICK_MS));
    *happened = rig_clock_now_us(board) < until_us;
    return true;
}

void rig_clock_board_init(struct rig_clock_board *clock)
{
    static const char *const nothing[] = {NULL};

    *clock = (struct rig_clock_board){.board = {.capabilities = nothing, .events = g_main_context_new()},
                                      .origin_us = g_get_monotonic_time()};
}

void rig_clock_board_clear(struct rig_clock_board *clock)
{
    g_clear_error(&clock->board.broken);
    g_clear_pointer(&clock->board.events, g_main_context_unref);
}

static bool clock_make_safe(struct rig_board *board, GError **error)
{
    (void)board, (void)error;
    return true;
}

static void clock_free(struct rig_board *board)
{
    rig_clock_board_clear((struct rig_clock_board *)board);
    g_free(board);
}

struct rig_board *rig_clock_board_new(void)
{
    static const struct rig_board_ops ops = {
        .now_us = rig_clock_now_us, .wait = rig_clock_wait, .make_safe = clock_make_safe, .free = clock_free};
    struct rig_clock_board *clock = g_new0(struct rig_clock_board, 1);

    rig_clock_board_init(clock);
    clock->board.ops = &ops;
    return &clock->board;
}
