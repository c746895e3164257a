/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Benchmark: every mode explored to closure. Measures, asserts nothing. */
#include "explore/explore.h"
#include "sim/boot/boot_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void explore_mode(enum rig_swap_mode mode, bool large, bool permanent, bool torn, guint32 fixed)
{
    struct board board;
    struct board_plan plan = {.mode = mode, .n_primary = large ? 64 : 8, .rewrite_allowed = torn};
    if (large) {
        plan.old_bytes = 56 * 4096 - 3072;
        plan.new_bytes = 58 * 4096 - 1024;
    }
    board_make(&board, &plan);
    board_put_primary(&board, 0, &board.old);
    board_put_secondary(&board, 0, &board.fresh);
    board.config.swap_fixes = fixed;
    bool staged = getenv("STAGED") != NULL;
    if (staged)
        sim_boot_set_pending(&board.config, board.flash, 0, permanent);
    g_autoptr(rig_subject) subject = rig_subject_model(&board.config, board.flash);
    struct rig_explore_plan what = {
        .subject = subject,
        .images = {{"old", board.old.bytes, board.old.n_bytes, true},
                   {"new", board.fresh.bytes, board.fresh.n_bytes, true}},
        .life = {.actions = {permanent ? RIG_ACTION_PERMANENT : RIG_ACTION_TEST, RIG_ACTION_CONFIRM},
                 .n_actions = permanent ? 1 : 2},
        .n_done = staged,
        .torn_write = torn,
        .torn_erase = torn,
        .invariants = RIG_ALL_INVARIANTS,
        .max_boots = 4};
    g_autoptr(rig_exploration) seen = rig_explore(&what);
    printf("%-9s %s %s %s contents %6u nodes %7lu edges %8lu boots %6lu longest %3u %8.1f ms %6.2f M edges/s "
           "%5.1f MiB %s\n",
           rig_swap_mode_name(mode), large ? "64+64" : "8+8", permanent ? "perm" : "test",
           torn ? "torn " : "clean", seen->n_contents, seen->n_nodes, seen->n_edges, seen->n_boots,
           seen->longest, (double)seen->elapsed_us / 1e3, (double)seen->n_edges / (double)seen->elapsed_us,
           (double)seen->n_bytes / 1048576, seen->closed ? "closed" : seen->why_open);
    for (guint i = 0; i < RIG_N_INVARIANTS; i++)
        if (seen->violations[i].n_nodes)
            printf("    %s: %lu, %u cuts, %s: %s\n", rig_invariant_name(i), seen->violations[i].n_nodes,
                   seen->violations[i].n_cuts, seen->violations[i].path, seen->violations[i].complaint);
    board_clear(&board);
}

int main(int argc, char **argv)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    guint32 fixed = argc > 1 ? (guint32)atoi(argv[1]) : 0;
    for (int torn = 0; torn < 2; torn++)
        for (int large = 1; large >= 0; large--)
            for (int permanent = 0; permanent < 2; permanent++)
                for (int mode = 0; mode < 4; mode++)
                    explore_mode(mode, large, permanent, torn, fixed);
    return 0;
}
