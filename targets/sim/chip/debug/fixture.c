/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A board with its debug port. */
#include "sim/chip/debug/fixture.h"

#include <stdlib.h>

static void on_boot(void *user, uint64_t at_us, const struct sim_start *start, uint64_t n_operations)
{
    (void)at_us;
    (void)n_operations;
    sim_debug_saw_boot(user, start->application);
}

struct debugged *debugged_new(void)
{
    static const struct sim_app_personality serves = {.behaviour = SIM_APP_NEVER_CONFIRMS};
    struct debugged *debugged = calloc(1, sizeof *debugged);
    struct bench_config config = bench_config(RIG_SWAP_MOVE);

    if (!debugged)
        abort();
    bench_open(&debugged->bench, &config);
    debugged->image = bench_image(1, &serves, 20000);
    bench_program(&debugged->bench, &debugged->image);
    debugged->debug = sim_debug_new(debugged->bench.board);
    if (!debugged->debug)
        abort();
    sim_board_on_boot(debugged->bench.board, on_boot, debugged->debug);
    sim_board_power(debugged->bench.board, true);
    sim_debug_notice(debugged->debug);
    return debugged;
}

void debugged_free(struct debugged *debugged)
{
    sim_debug_free(debugged->debug);
    rig_bytes_clear(&debugged->image);
    bench_close(&debugged->bench);
    free(debugged);
}

void debugged_run(struct debugged *debugged, uint64_t for_us)
{
    uint64_t until_us = sim_board_now_us(debugged->bench.board) + for_us;

    while (!sim_debug_stopped(debugged->debug) && sim_board_step(debugged->bench.board, until_us))
        sim_debug_notice(debugged->debug);
}
