/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The wall's clock as a board: see clock_board.h. */
#include "drivers/board/clock_board.h"

#include "base/error.h"

#define TICK_MS 100 /* so soon is an interruption noticed */

struct clock_board {
    struct rig_board board;
    gint64 origin_us;
};

static guint64 clock_now_us(struct rig_board *board)
{
    return (guint64)(g_get_monotonic_time() - ((struct clock_board *)board)->origin_us);
}

static bool clock_wait(struct rig_board *board, guint64 until_us, bool *happened, GError **error)
{
    guint64 now_us = clock_now_us(board);
    guint64 left_ms = until_us > now_us ? (until_us - now_us) / 1000 + 1 : 0;

    *happened = false;
    if (board->interrupted && *board->interrupted) {
        g_set_error_literal(error, RIG_ERROR, RIG_ERROR_INTERRUPTED, "interrupted");
        return false;
    }
    rig_board_doze(board, (guint)MIN(left_ms, TICK_MS));
    *happened = clock_now_us(board) < until_us;
    return true;
}

static bool clock_make_safe(struct rig_board *board, GError **error)
{
    (void)board, (void)error;
    return true;
}

static void clock_free(struct rig_board *board)
{
    g_clear_error(&board->broken);
    g_main_context_unref(board->events);
    g_free(board);
}

struct rig_board *rig_clock_board_new(void)
{
    static const struct rig_board_ops ops = {
        .now_us = clock_now_us, .wait = clock_wait, .make_safe = clock_make_safe, .free = clock_free};
    static const char *const nothing[] = {NULL};
    struct clock_board *board = g_new0(struct clock_board, 1);

    board->board.ops = &ops;
    board->board.capabilities = nothing;
    board->board.events = g_main_context_new();
    board->origin_us = g_get_monotonic_time();
    return &board->board;
}
